"""Rank criticality: which pumps and sewers flood the city most when they are out in a design storm."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated, Any

from holdfast.model.city import City
from holdfast.model.delivery import Answer, Plot
from holdfast.model.spec import Code, Param

if TYPE_CHECKING:
    import numpy as np

KINDS = ("drainage.pump", "drainage.conduit", "drainage.gate")
BLOCK = 512  # cases of the fast answer at once
_RANKED = (
    Code("drainage.pump", "pumps", "水泵"), Code("drainage.conduit", "sewers", "排水管渠"), Code("drainage.gate", "gates", "闸门"),
    Code("drainage.orifice", "orifices", "孔口"), Code("drainage.weir", "weirs", "堰"), Code("drainage.outlet", "outlets", "出流口"),
)  # fmt: skip


def rank_criticality(
    city: City,
    kinds: Annotated[list[str] | None, Param("kinds to rank", "设施类别", choices=_RANKED)] = None,
    limit: Annotated[int, Param("how many are simulated", "模拟数量")] = 20,
    return_period: Annotated[float | None, Param("return period in years", "重现期(年)")] = None,
    hours: Annotated[float | None, Param("hours simulated", "模拟时长(小时)")] = None,
    tide: Annotated[float | None, Param("water level at the outfalls", "排放口水位", "elevation")] = None,
    workers: Annotated[int, Param("worker processes, 0 for one on each core", "并行进程数")] = 0,
) -> Answer:
    """Take pumps and sewers out one by one in a design storm and rank them by the flooding that this adds.

    All of them are tried first on the graph of the sewers, by the design inflow that finds no way out any more; those that lose most are
    then simulated by SWMM, each in a case of its own, spread over worker processes.

    kinds    of drainage.pump, drainage.conduit, drainage.gate, drainage.orifice, drainage.weir, drainage.outlet; default the first three
    hours    simulated; default the storm and 4 hours
    returns  table `ranking`: rank, id, kind, added_m3, added_nodes, added_hours (longest flooding), lost_inflow [m3/s] (the screening), status
    raises   NotFound without a drainage network; Invalid for a wrong parameter or where SWMM does not run the undisturbed network
    source   EPA SWMM 5.2; screening as in `holdfast.domains.drainage.lifeline`
    """
    import numpy as np

    from holdfast.engines.network.swmm.changes import Changes
    from holdfast.engines.network.swmm.pool import Pool
    from holdfast.engines.network.swmm.simulate import simulate
    from holdfast.model.errors import Invalid
    from holdfast.model.lifeline import CaseStatus

    from .case_model import city_model, design_storm

    if limit < 1:
        raise Invalid("nothing would be simulated", fix="Give a limit of 1 or more", field="limit")
    storm = design_storm(city, return_period)
    length = hours if hours is not None else float(storm.hours[-1]) + 4.0
    with city_model(city) as model:
        known = set(model.link.values())
        ids, lost = screen(city, tuple(kinds or KINDS), known)
        top = np.argsort(-lost, kind="stable")[:limit]
        stage = {} if tide is None else model.stages(tide)
        cases = [Changes(rain=storm, stage=stage, hours=length)]
        cases += [Changes(rain=storm, stage=stage, hours=length, out=(model.name[ids[i]],)) for i in top]
        timeout = float(city.settings["drainage.swmm_timeout"])
        runs = simulate(model.deck, cases, pool=Pool(workers=workers or _cores(len(cases)), timeout=timeout))
    if runs.status[0] != CaseStatus.SOLVED:
        raise Invalid(f"SWMM does not run this network: {runs.message[0]}", fix="Correct what it names", field="drainage")
    table, rows = _ranking(runs, [ids[i] for i in top], lost[top])
    errors = np.abs(runs.continuity[:, :2])
    summary: dict[str, Any] = {
        "engine": runs.engine, "screened": len(ids), "simulated": len(top), "failed": int((runs.status != CaseStatus.SOLVED).sum()),
        "flooded_m3": round(float(runs.flooded_volume[0].sum()), 1), "worst": rows[0]["id"] if rows else None, "worst_added_m3": rows[0]["added_m3"] if rows else None,
        "largest_continuity_error_percent": round(float(np.nanmax(errors)), 3), "engine_seconds": round(float(np.nansum(runs.seconds)), 2),
    }  # fmt: skip
    plots = (Plot("Flooding added", "增加的积水量", "ranking", "id", ("added_m3",), kind="barh", y_label="m3"),)
    return Answer(summary, {"ranking": table}, plots=plots)


def screen(city: City, kinds: tuple[str, ...], known: set[str]) -> tuple[list[str], np.ndarray]:
    """Links of some kinds and the design inflow [m3/s] that each one's loss leaves without a way out, by the fast answer.

    known   ids of links that the model has
    raises  Invalid for a kind that is no link
    """
    import numpy as np

    from holdfast.model.errors import Invalid
    from holdfast.model.lifeline import Command, ComponentState

    from .case_model import LINKS
    from .lifeline import build

    wrong = [kind for kind in kinds if kind not in LINKS]
    if wrong:
        raise Invalid(f"{wrong[0]} cannot be ranked", fix=f"Kinds are: {', '.join(LINKS)}", field="kinds")
    line = build(city)
    assert line is not None
    components = line.component_id.to_pylist()
    at = np.array([i for i, name in enumerate(components) if name in known and name.partition(":")[0] in kinds], np.int64)
    lost = np.zeros(len(at))
    for first in range(0, len(at), BLOCK):
        part = at[first : first + BLOCK]
        available = np.ones((len(part), len(components)), bool)
        command = np.zeros((len(part), len(components)), np.int8)
        available[np.arange(len(part)), part] = False
        command[np.arange(len(part)), part] = Command.CLOSED  # a gate that only stops moving would change nothing
        lost[first : first + BLOCK] = ((1.0 - line.serve(ComponentState(available, command=command)).level) * line.outlet_demand).sum(axis=1)
    return [components[i] for i in at], lost


def _cores(cases: int) -> int:
    import os

    return max(1, min(cases, os.cpu_count() or 1))


def _ranking(runs: Any, ids: list[str], lost: np.ndarray) -> tuple[Any, list[dict[str, Any]]]:
    import numpy as np
    import pyarrow as pa

    from holdfast.model.lifeline import CaseStatus

    volume, hours = runs.flooded_volume.sum(axis=1), runs.flooded_hours.max(axis=1, initial=0.0)
    nodes = (runs.flooded_volume >= 0.1).sum(axis=1)
    added = volume[1:] - volume[0]
    order = np.argsort(-np.nan_to_num(added, nan=-np.inf), kind="stable")
    rows = []
    for rank, i in enumerate(order.tolist(), 1):
        solved = runs.status[i + 1] == CaseStatus.SOLVED
        rows.append({
            "rank": rank, "id": ids[i], "kind": ids[i].partition(":")[0], "added_m3": round(float(added[i]), 2) if solved else None,
            "added_nodes": int(nodes[i + 1] - nodes[0]) if solved else None, "added_hours": round(float(hours[i + 1] - hours[0]), 4) if solved else None,
            "lost_inflow": round(float(lost[i]), 5), "status": CaseStatus(int(runs.status[i + 1])).name.lower(),
        })  # fmt: skip
    schema = pa.schema([("rank", pa.int64()), ("id", pa.string()), ("kind", pa.string()), ("added_m3", pa.float64()), ("added_nodes", pa.int64()),
                        ("added_hours", pa.float64()), ("lost_inflow", pa.float64()), ("status", pa.string())])  # fmt: skip
    return pa.Table.from_pylist(rows, schema=schema), rows
