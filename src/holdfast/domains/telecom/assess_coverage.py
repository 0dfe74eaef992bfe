"""Assess coverage: who is without telecom when sites, exchanges, cables or the power fail."""

from __future__ import annotations

from typing import Annotated

from holdfast.model.city import City
from holdfast.model.delivery import Answer, Plot
from holdfast.model.errors import Invalid, NotFound
from holdfast.model.spec import Param

_BUILDING = "buildings.building"


def assess_coverage(
    city: City,
    down: Annotated[list[str] | None, Param("sites, exchanges, cabinets, cables or others that are out", "中断的通信设施")] = None,
    power_out_hours: Annotated[float, Param("hours since the power failed everywhere; 0 with power", "全域停电小时数")] = 0.0,
) -> Answer:
    """Mobile coverage of people at the buildings, and fixed lines behind cabinets, before and now.

    down             ids of telecom assets that are out of service
    power_out_hours  everything whose battery lasts shorter is out
    returns          tables `points` (each outlet: own connection, level with neighbours' help, customers), `people` (mobile: people with full,
                     reduced and no service, before and now; fixed: customers without). Full: a working base station that covers the place;
                     a place whose station nearest by is lost and that another covers has reduced service
    raises           NotFound if the city has no telecom or no such asset; Invalid for negative hours
    source           batteries YD/T 1051 and practice [recalled-low]; share of reduced service: setting telecom.neighbour_share [proposal]
    """
    import numpy as np
    import pyarrow as pa

    from holdfast.model.lifeline import ComponentState

    from .lifeline import build, radii

    if not power_out_hours >= 0:
        raise Invalid("the hours without power are below zero", fix="Give 0 or more", field="power_out_hours")
    line = build(city)
    if line is None:
        raise NotFound("the city has no telecom", fix="Import exchanges, sites, cabinets or fibres")
    ids = line.component_id.to_pylist()
    index = {name: i for i, name in enumerate(ids)}
    available = np.ones((2, len(ids)), bool)
    for name in down or []:
        if name not in index:
            raise NotFound("the city has no such telecom asset", fix="Check the id", id=name, field="down")
        available[1, index[name]] = False
    dark = [index[name] for name in _dark(city, power_out_hours)]
    available[1, dark] = False
    served = line.serve(ComponentState(available))
    level, joined = served.level, served.detail["joined"]
    names = line.outlet_id
    customers = _customers(city, names)
    points = pa.table({
        "id": names, "kind": pa.array([n.partition(":")[0] for n in names.to_pylist()]), "joined_before": joined[0], "joined": joined[1], "level": level[1],
        "customers": pa.array(customers, from_pandas=True),
    })  # fmt: skip
    own = np.where(np.isin(line.outlet, line.site), np.nan, joined[1])
    mobile = _mobile(city, line, radii(city), available)
    lost = np.isfinite(customers) & np.isfinite(own)
    fixed = {"customers": float(customers[lost].sum()), "without": float((customers * (1 - joined[1]))[lost & (joined[0] > 0)].sum())}
    gone, base = (level[0] > 0) & (level[1] == 0), level[0] == 0
    findings = _findings(names.to_pylist(), gone, base)
    summary = {
        "outlets": len(names), "lost": int(gone.sum()), "reduced": int(((level[1] < level[0]) & (level[1] > 0)).sum()), "down": len(down or []), "without_battery": len(dark),
        "power_out_hours": power_out_hours, "mobile": mobile["now"], "mobile_before": mobile["before"], "fixed_customers": fixed["customers"],
        "fixed_customers_without": round(fixed["without"], 3), "findings": findings.counts(),
    }  # fmt: skip
    people = pa.Table.from_pylist([{"when": when, **values} for when, values in mobile.items()])
    plots = (Plot("People by mobile service", "移动通信覆盖人口", "people", "when", ("full", "reduced", "none"), "bar", y_label="persons"),)
    return Answer(summary, {"points": points, "people": people}, findings, plots=plots)


def _findings(names, gone, base):  # type: ignore[no-untyped-def]
    """Outlets that are lost, and those that no exchange serves even when all works."""
    from holdfast.model.finding import Findings

    findings = Findings()
    for mask, rule, severity, said, fix in (
        (gone, "telecom.lost", "warning", "nothing serves it or stands in for it", "Restore the cable, power or site"),
        (base, "telecom.no_exchange", "info", "no cable joins it to an exchange even when all works", "Give the missing cables or node_id"),
    ):
        chosen = [name for name, hit in zip(names, mask.tolist(), strict=True) if hit]
        for kind in sorted({name.partition(":")[0] for name in chosen}):
            findings.add_rows(rule, severity, said, kind=kind, ids=[n for n in chosen if n.startswith(f"{kind}:")], fix=fix)
    return findings


def _dark(city, hours):  # type: ignore[no-untyped-def]
    """Ids of telecom assets that need electricity and whose battery lasts shorter than that."""
    import numpy as np
    import pyarrow as pa

    if hours <= 0:
        return []
    found = []
    counts = city.counts()
    for kind in city.catalog.networks["telecom"].node_kinds:
        need = next((n for n in city.kind(kind).needs if n.service == "electricity"), None)
        if need is None or not counts.get(kind):
            continue
        column = need.backup_field
        table = city.table(kind, columns=["id", *([column] if column else [])])
        own = np.asarray(table[column].cast(pa.float64()).to_numpy(), np.float64) if column else np.full(table.num_rows, np.nan)
        lasts = np.where(np.isfinite(own), own, need.backup_hours)
        found += table["id"].filter(pa.array(lasts < hours)).to_pylist()
    return found


def _customers(city, names):  # type: ignore[no-untyped-def]
    """(outlet,) customers of cabinets; NaN for others, so that none is counted at exchange and cabinet both."""
    import numpy as np
    import pyarrow as pa

    known: dict[str, float] = {}
    if city.counts().get("telecom.cabinet"):
        table = city.table("telecom.cabinet", columns=["id", "customers"])
        known = dict(zip(table["id"].to_pylist(), np.asarray(table["customers"].cast(pa.float64()).to_numpy(), np.float64).tolist(), strict=True))
    return np.array([known.get(name, np.nan) for name in names.to_pylist()], np.float64)


def _mobile(city, line, radius, available):  # type: ignore[no-untyped-def]
    """People with full, reduced and no mobile service, before and now."""
    import numpy as np

    xy, people = _people(city)
    site_xy = city.network("telecom").node_xyz[line.site, :2]
    working = line.joined(available & ~line.idle)[:, line.site] >= 1.0
    nothing = {"people": float(people.sum()), "full": 0.0, "reduced": 0.0, "none": float(people.sum())}
    placed = np.flatnonzero(np.isfinite(site_xy).all(axis=1) & (radius > 0))
    if not len(placed) or not len(xy):
        return {"before": nothing, "now": dict(nothing)}
    from scipy.spatial import cKDTree

    tree = cKDTree(xy)
    best = np.full(len(xy), np.inf)
    home = np.full(len(xy), -1)
    reached = np.zeros((2, len(xy)), bool)
    for site in placed.tolist():
        near = np.array(tree.query_ball_point(site_xy[site], radius[site]), np.int64)
        gap = np.hypot(*(xy[near] - site_xy[site]).T)
        if working[0, site]:
            closer = gap < best[near]
            best[near[closer]], home[near[closer]] = gap[closer], site
        for case in range(2):
            if working[case, site]:
                reached[case, near] = True
    found = {}
    for case, when in enumerate(("before", "now")):
        full = reached[case] & (home >= 0) & working[case, np.maximum(home, 0)]
        sums = [float(people[mask].sum()) for mask in (full, reached[case] & ~full, ~reached[case])]
        found[when] = {"people": float(people.sum()), "full": sums[0], "reduced": sums[1], "none": sums[2]}
    return found


def _people(city):  # type: ignore[no-untyped-def]
    """Places and people: populated buildings, else zones."""
    import numpy as np
    import pyarrow as pa

    from holdfast.model import geometry

    counts = city.counts()
    for kind in (_BUILDING, "base.zone"):
        if kind in city.catalog.kinds and counts.get(kind):
            table = city.table(kind, columns=["id", "geometry", "population"])
            people = np.nan_to_num(np.asarray(table["population"].cast(pa.float64()).to_numpy(), np.float64))
            xy = geometry.centre(table["geometry"])
            keep = np.isfinite(xy).all(axis=1) & (people > 0)
            if keep.any():
                return xy[keep], people[keep]
    return np.empty((0, 2)), np.empty(0)
