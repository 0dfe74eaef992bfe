"""Reach an incident: which stations get there, when, and which way, on the streets that are open."""

from __future__ import annotations

import json
from typing import Annotated

from holdfast.model.city import City
from holdfast.model.delivery import Answer, Plot
from holdfast.model.errors import Invalid, NotFound
from holdfast.model.finding import Findings
from holdfast.model.spec import Param


def reach_incident(
    city: City,
    at: Annotated[str, Param("asset where it happens", "事发设施", assets=("*",))] = "",
    x: Annotated[float | None, Param("x of the place", "事发点 x")] = None,
    y: Annotated[float | None, Param("y of the place", "事发点 y")] = None,
    closed: Annotated[
        list[str] | None, Param("streets, bridges, crossings or signals that are out", "中断的道路设施", assets=("roads.street", "roads.bridge", "roads.junction", "roads.signal"))
    ] = None,
    kinds: Annotated[list[str] | None, Param("kinds of stations; fire stations when left out", "出动站点类别", kinds=True)] = None,
    most: Annotated[int, Param("stations to list", "列出站点数")] = 5,
) -> Answer:
    """Fastest ways from every station to the incident.

    at, x, y  an asset, or a point in city coordinates [m]
    closed    what is out of service; signals that are out slow their crossing
    returns   table `routes`, fastest first: station, response time (turnout and driving, the last street to the place included), driving time, length, whether it keeps
              to the setting roads.reach_time, the streets, and the way as WKB `geometry`; stations without a way have no time
    raises    NotFound for unknown assets or if there are no stations or streets; Invalid without a place
    source    5 minutes: Jianbiao 152-2017 [recalled]; against one-way streets: Road Traffic Safety Law, article 53 [recalled]
    """
    import numpy as np
    import pyarrow as pa
    import shapely

    from .lifeline import build
    from .reach import along_the_street, availability, from_each, place_of, route_line, stations

    if most < 1:
        raise Invalid("at least one station is listed", fix="Give 1 or more", field="most")
    line = build(city)
    if line is None:
        raise NotFound("the city has no streets", fix="Import roads")
    place = place_of(city, at, x, y)
    found = stations(city, kinds or list(city.settings["roads.facility_kinds"]))
    open_ = availability(line, closed or [])
    trees, own = from_each(line, open_, found.xy)
    near, last, street = line.nearest(place[None, :])
    total = trees.time[:, near[0]] + line.last_street(along_the_street(last), line.closed(open_)[0][:, street])[0, 0]
    best = np.argmin(total, axis=1)
    time = total[np.arange(len(total)), best]
    limit = float(city.settings["roads.reach_time"])
    shapes = shapely.from_wkb(city.table("roads.street", columns=["id", "geometry"])["geometry"].to_numpy(zero_copy_only=False))
    rows = []
    for i in np.argsort(time, kind="stable")[:most].tolist():
        row = {"station": found.id[i].as_py(), "kind": found.kind[i].as_py(), "name": found.name[i].as_py(), "reached": bool(np.isfinite(time[i]))}
        if row["reached"]:
            way, length, streets = route_line(line.roads, shapes, trees, i, int(near[0, best[i]]), np.stack([found.xy[i], place]), (int(own[i]), int(street[0])))
            row |= {"response_time": float(time[i]) + line.turnout, "travel_time": float(time[i]), "length": length, "in_time": bool(time[i] + line.turnout <= limit),
                    "streets": json.dumps(line.roads.street_id.take(pa.array(streets, pa.int64())).to_pylist()), "geometry": shapely.to_wkb(way)}  # fmt: skip
        rows.append(row)
    first = float(time.min()) + line.turnout
    findings = _findings(at, place, first, limit)
    summary = {
        "engine": line.engine, "stations": len(found.id), "stations_with_a_way": int(np.isfinite(time).sum()), "first": rows[0]["station"] if np.isfinite(first) else None,
        "first_response_s": round(first, 1) if np.isfinite(first) else None, "limit_s": limit, "turnout_s": line.turnout, "x": float(place[0]), "y": float(place[1]),
        "findings": findings.counts(),
    }  # fmt: skip
    plots = (Plot("Time until each station arrives", "各站到场时间", "routes", "station", ("response_time", "travel_time"), "barh", x_label="s"),)
    return Answer(summary, {"routes": pa.Table.from_pylist(rows, schema=_schema())}, findings, plots=plots)


def _findings(at, place, first, limit):  # type: ignore[no-untyped-def]
    findings = Findings()
    where = {"id": at or None, "x": float(place[0]), "y": float(place[1])}
    if first == float("inf"):
        findings.add("roads.not_reached", "error", "no station has an open way to the incident", fix="Open a street, or send help by air or from elsewhere", **where)
    elif first > limit:
        findings.add("roads.late", "warning", f"the first station arrives after {first:.0f} s, later than {limit:.0f} s",
                     fix="Send the nearest miniature station, or plan another station", **where)  # fmt: skip
    return findings


def _schema():  # type: ignore[no-untyped-def]
    import pyarrow as pa

    return pa.schema([
        ("station", pa.string()), ("kind", pa.string()), ("name", pa.string()), ("reached", pa.bool_()), ("response_time", pa.float64()), ("travel_time", pa.float64()),
        ("length", pa.float64()), ("in_time", pa.bool_()), ("streets", pa.string()), ("geometry", pa.binary()),
    ])  # fmt: skip
