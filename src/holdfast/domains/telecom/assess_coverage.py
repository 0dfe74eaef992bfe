"""Assess coverage: who is without telecom when sites, exchanges, cables or the power fail."""

from __future__ import annotations

from typing import Annotated

from holdfast.model.city import City
from holdfast.model.delivery import Answer, Plot
from holdfast.model.errors import Invalid, NotFound
from holdfast.model.spec import Param

FACILITIES = ("telecom.site", "telecom.exchange", "telecom.cabinet", "telecom.data_centre", "telecom.fibre", "telecom.manhole")


def assess_coverage(
    city: City,
    down: Annotated[list[str] | None, Param("sites, exchanges, cabinets, cables or others that are out", "中断的通信设施", assets=FACILITIES)] = None,
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

    from .coverage import customers_of, mobile_service, without_battery
    from .lifeline import build

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
    dark = [index[name] for name in without_battery(city, power_out_hours)]
    available[1, dark] = False
    served = line.serve(ComponentState(available))
    level, joined = served.level, served.detail["joined"]
    names = line.outlet_id
    customers = customers_of(city, names)
    points = pa.table({
        "id": names, "kind": pa.array([n.partition(":")[0] for n in names.to_pylist()]), "joined_before": joined[0], "joined": joined[1], "level": level[1],
        "customers": pa.array(customers, from_pandas=True),
    })  # fmt: skip
    own = np.where(np.isin(line.outlet, line.site), np.nan, joined[1])
    before, now = mobile_service(city, line, available)
    lost = np.isfinite(customers) & np.isfinite(own)
    fixed = {"customers": float(customers[lost].sum()), "without": float((customers * (1 - joined[1]))[lost & (joined[0] > 0)].sum())}
    gone, base = (level[0] > 0) & (level[1] == 0), level[0] == 0
    findings = _findings(names.to_pylist(), gone, base)
    summary = {
        "engine": served.engine,
        "outlets": len(names), "lost": int(gone.sum()), "reduced": int(((level[1] < level[0]) & (level[1] > 0)).sum()), "down": len(down or []), "without_battery": len(dark),
        "power_out_hours": power_out_hours, "mobile": now, "mobile_before": before, "fixed_customers": fixed["customers"],
        "fixed_customers_without": round(fixed["without"], 3), "findings": findings.counts(),
    }  # fmt: skip
    people = pa.Table.from_pylist([{"when": "before", **before}, {"when": "now", **now}])
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
