"""Assess the reach of stations: which streets and people are reached in time, and which are cut off."""

from __future__ import annotations

from typing import Annotated

from holdfast.model.city import City
from holdfast.model.delivery import Answer, Plot
from holdfast.model.errors import Invalid, NotFound
from holdfast.model.finding import Findings
from holdfast.model.spec import Param


def assess_reach(
    city: City,
    within: Annotated[float | None, Param("response time to keep; the setting when left out", "到场时限", "duration")] = None,
    closed: Annotated[
        list[str] | None, Param("streets, bridges, crossings or signals that are out", "中断的道路设施", assets=("roads.street", "roads.bridge", "roads.junction", "roads.signal"))
    ] = None,
    kinds: Annotated[list[str] | None, Param("kinds of stations; fire stations when left out", "出动站点类别", kinds=True)] = None,
) -> Answer:
    """Response time of the nearest station to every street, and who lives where no station comes in time.

    within    turnout and driving [s]
    returns   tables `stations` (streets, length and people for which each is the first), `zones` (people, response time, in time, cut off)
              and `streets` (response time of each)
    raises    NotFound if there are no streets or stations
    source    5 minutes: Jianbiao 152-2017 [recalled]
    """
    import numpy as np
    import pyarrow as pa

    from .demand import zones_of
    from .lifeline import build
    from .reach import availability, from_each, stations

    limit = float(city.settings["roads.reach_time"]) if within is None else within
    if not limit > 0:
        raise Invalid("the time to keep is not above zero", fix="Give seconds, 300 for five minutes", field="within")
    line = build(city)
    if line is None:
        raise NotFound("the city has no streets", fix="Import roads")
    found = stations(city, kinds or list(city.settings["roads.facility_kinds"]))
    open_ = availability(line, closed or [])
    times = from_each(line, open_, found.xy)[0].time.astype(np.float32)[None]
    street, down, _ = line.closed(open_)
    times[:, :, down[0]] = np.inf
    streets = np.stack([line.of_streets(times[:, i], street)[0][0] for i in range(len(found.id))])
    best = streets.argmin(axis=0)
    response = streets.min(axis=0) + line.turnout
    roads, in_time = line.roads, response <= limit
    zones = zones_of(city, roads)
    placed = zones.node >= 0
    nodes = times[0].min(axis=0)
    at_zone = np.where(placed, nodes[np.maximum(zones.node, 0)], np.inf) + line.turnout
    first = np.where(placed, times[0].argmin(axis=0)[np.maximum(zones.node, 0)], -1)
    share = lambda mask: round(float(zones.people[mask].sum() / zones.people.sum()), 6) if zones.people.sum() else None  # noqa: E731
    cut = placed & ~np.isfinite(at_zone)
    findings = _findings(zones, at_zone, placed, limit)
    served = np.isfinite(response)
    by_station = pa.table({
        "station": found.id, "kind": found.kind, "streets": np.bincount(best[served], minlength=len(found.id)),
        "length_in_time": np.bincount(best[in_time], weights=roads.length[in_time], minlength=len(found.id)),
        "people": np.bincount(first[placed & ~cut], weights=zones.people[placed & ~cut], minlength=len(found.id)),
    })  # fmt: skip
    summary = {
        "engine": line.engine, "stations": len(found.id), "limit_s": limit, "turnout_s": line.turnout, "people": float(zones.people.sum()), "people_from": zones.source,
        "people_in_time_share": share(placed & (at_zone <= limit)), "people_cut_off": float(zones.people[cut].sum()),
        "street_length_in_time_share": round(float(roads.length[in_time].sum() / max(roads.length.sum(), 1e-9)), 6), "findings": findings.counts(),
    }  # fmt: skip
    none = lambda values: pa.array(np.where(np.isfinite(values), values, np.nan).astype(np.float64), from_pandas=True)  # noqa: E731
    tables = {
        "stations": by_station,
        "zones": pa.table({"id": zones.id, "people": zones.people, "response_time": none(at_zone), "in_time": at_zone <= limit, "cut_off": cut}),
        "streets": pa.table({"id": roads.street_id, "response_time": none(response), "in_time": in_time}),
    }
    plots = (Plot("People by response time", "响应时间", "zones", "response_time", ("people",), "bar", x_label="s", y_label="persons"),)
    return Answer(summary, tables, findings, plots=plots)


def _findings(zones, at_zone, placed, limit):  # type: ignore[no-untyped-def]
    """Zones that are cut off, and zones that are reached late."""
    import numpy as np
    import pyarrow as pa

    findings = Findings()
    cut = placed & ~np.isfinite(at_zone)
    findings.add_rows("roads.cut_off", "error", "no station has an open way to the zone", ids=zones.id.filter(pa.array(cut)).to_pylist(), kind=zones.source,
                      fix="Open a street to it")  # fmt: skip
    late = placed & np.isfinite(at_zone) & (at_zone > limit)
    findings.add_rows("roads.late", "warning", f"the first station arrives later than {limit:.0f} s", ids=zones.id.filter(pa.array(late)).to_pylist(),
                      values=np.round(at_zone[late], 1).tolist(), kind=zones.source, fix="Plan another station")  # fmt: skip
    return findings
