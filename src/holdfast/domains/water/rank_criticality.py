"""Rank criticality: what is lost when each pipe, pump or valve is out of service, one at a time."""

from __future__ import annotations

from typing import Annotated, Any

from holdfast.model.city import City
from holdfast.model.delivery import Answer, Plot
from holdfast.model.errors import Invalid
from holdfast.model.spec import Code, Param

_BLOCK = 512
_WHAT = (Code("pipes", "pipes", "管段"), Code("pumps", "pumps", "水泵"), Code("valves", "valves", "阀门"), Code("all", "all of them", "全部"))


def rank_criticality(
    city: City,
    *,
    what: Annotated[str, Param("what to take out: pipes, pumps, valves or all", "停用对象:pipes、pumps、valves 或 all", choices=_WHAT)] = "pipes",
    hour: Annotated[float | None, Param("hour of the day; the mean demand when left out", "时刻;缺省按平均用水")] = None,
    enough: Annotated[float, Param("share of the demand below which people count as without water", "视为断水的供水比例", "ratio")] = 0.5,
) -> Answer:
    """Close every element once, with demands that depend on pressure, and rank by people without water, then by supply lost.

    returns   table `elements` (worst first): demand lost, share of all demand, people without water, nodes below `enough`, nodes cut off; summary; status
              "diverged" when some case was not solved
    raises    Invalid without a network, elements, or for a share outside 0 to 1
    source    EPANET 2.2 Users Manual, pressure-driven analysis; pressures of the settings water.required_pressure, water.minimum_pressure
    """
    import numpy as np

    from holdfast.engines.network.hydraulic.answers import Cases
    from holdfast.engines.network.hydraulic.model import LinkType, Status

    from .solving import at_mean, delivered_share, engine_for, pressure_driven
    from .study import Study, link_table

    if not 0 < enough <= 1:
        raise Invalid(f"{enough:g} is no share", fix="Give more than 0 and at most 1", field="enough")
    study = Study(city)
    groups = {"pipes": study.model.link_type <= LinkType.PIPE, "pumps": study.model.link_type == LinkType.PUMP, "valves": study.model.link_type > LinkType.PUMP,
              "all": np.ones(study.model.links, bool)}  # fmt: skip
    if what not in groups:
        raise Invalid(f"{what!r} cannot be taken out", fix=f"Use {', '.join(groups)}", field="what")
    at = np.flatnonzero(groups[what])
    if not len(at):
        raise Invalid(f"the network has no {what}", fix="Use what=all", field="what")
    driven = pressure_driven(study.model, city)
    model = at_mean(driven) if hour is None else driven
    engine, when = engine_for(model), 0.0 if hour is None else float(hour)
    base = engine.snapshot(None, when)
    wanted = np.where(study.junction, np.maximum(base.wanted[0], 0), 0.0)
    got, share0 = np.maximum(base.delivered[0], 0), delivered_share(model, base.head[0])
    people = study.people()
    lost, dry, low, cut, status = (np.full(len(at), np.nan) for _ in range(5))
    names = {base.engine}
    for start in range(0, len(at), _BLOCK):
        part = at[start : start + _BLOCK]
        forced = np.full((len(part), model.links), -1, np.int8)
        forced[np.arange(len(part)), part] = Status.CLOSED
        found = engine.snapshot(Cases(len(part), status=forced), when, warm=True)
        share, rows = delivered_share(model, found.head), slice(start, start + len(part))
        worse = (share < enough) & (share0 >= enough) & study.junction
        ok = np.where(found.solved, 1.0, np.nan)
        lost[rows] = ok * np.maximum(got.sum() - np.maximum(found.delivered, 0)[:, study.junction].sum(axis=1), 0.0)
        dry[rows], low[rows] = ok * (worse * people).sum(axis=1), ok * (worse & (wanted > 0)).sum(axis=1)
        cut[rows] = ok * (np.isnan(found.head) & ~np.isnan(base.head[0]))[:, study.junction].sum(axis=1)
        status[rows] = found.status
        names.add(found.engine)
    order = np.lexsort((at, -np.nan_to_num(lost, nan=-1.0), -np.nan_to_num(dry, nan=-1.0)))
    total = float(got.sum())
    table = link_table(study, at[order], people_without_water=dry[order], demand_lost_m3s=lost[order], share_lost=lost[order] / total if total > 0 else np.zeros(len(at)),
                       points_of_use_without=low[order], nodes_cut_off=cut[order], status=status[order].astype(np.int64))  # fmt: skip
    table = table.add_column(0, "rank", [list(range(1, len(at) + 1))])
    unsolved = int((status != 0).sum())
    summary: dict[str, Any] = {
        "engine": " / ".join(sorted(names)), "elements": len(at), "unsolved": unsolved, "demand_m3s": round(total, 9), "people": round(float(people.sum())),
        "elements_without_effect": int(((np.nan_to_num(lost) <= 1e-4 * total) & (np.nan_to_num(dry) == 0)).sum()),
        "worst": table["id"][0].as_py(), "worst_share_lost": round(float(np.nanmax(lost)) / total, 6) if total > 0 and np.isfinite(lost).any() else 0.0,
        "worst_people_without_water": round(float(np.nanmax(dry))) if np.isfinite(dry).any() else 0, "findings": study.findings.counts(),
    }  # fmt: skip
    plots = (Plot("Supply lost by element", "各元件失效的供水损失", "elements", "x", ("y",), kind="map", colour="share_lost"),
             Plot("Most critical elements", "关键元件", "elements", "id", ("share_lost",), kind="barh"))  # fmt: skip
    return Answer(summary, {"elements": table}, study.findings, status="diverged" if unsolved else "done", plots=plots)
