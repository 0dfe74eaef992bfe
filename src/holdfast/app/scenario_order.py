"""The best order of repairs of a scenario, searched on a few of its cases that stand for the rest."""

from __future__ import annotations

import math
from dataclasses import replace
from typing import Any

import numpy as np
import pyarrow as pa

from holdfast.model.errors import Invalid

_EFFORT, _FEWEST = 60_000, 60  # tasks times orders that are judged at most, and orders that are judged at least
_SHARES = (0.25, 0.5, 0.75)  # the cases at these quantiles of the person-hours lost stand for all


def representative(impact: Any) -> np.ndarray:
    """Numbers of the cases at the quartiles of the person-hours lost, each once; only cases with something lost."""
    lost = np.nan_to_num(np.nansum(impact.person_hours, axis=1))
    rows = np.flatnonzero(impact.good & (lost > 0.0))
    if not len(rows):
        return np.empty(0, np.int64)
    rows = rows[np.argsort(lost[rows], kind="stable")]
    return np.unique(impact.case[rows[np.round(np.array(_SHARES) * (len(rows) - 1)).astype(int)]])


def _matters(world: Any) -> np.ndarray:
    """(asset,) bool: mending it can bring a service back to somebody. The rest, such as dwellings, is reconstruction and has no place in the order."""
    out = world.critical.copy()
    for component in world.component:
        out[component[component >= 0]] = True
    out[world.link_from[world.link_from >= 0]] = True
    return out


def order_of(task: Any, impact: Any, evaluations: int) -> tuple[dict[str, pa.Table], dict[str, Any]]:
    """Tables `order` and `restoration`, and the summary of the search; empty where nothing is lost or nothing can be mended.

    evaluations   orders that may be judged; fewer where very much is broken
    """
    from holdfast.engines.scenario.case_block import prepared
    from holdfast.engines.scenario.restoration import best_order

    cases = representative(impact)
    if evaluations < 1 or not len(cases):
        return {}, {}
    ready = prepared(task)
    damage = ready.damage(cases)
    try:
        worth = replace(damage, repair_hours=damage.repair_hours * _matters(task.world))
        tasks = max(int((worth.repair_hours > 0.0).any(axis=0).sum()), 1)
        budget = min(evaluations, max(_FEWEST, _EFFORT // tasks))
        found = best_order(task.world, worth, crews=ready.crews, cascade=ready.cascade, evaluations=budget, seed=task.seed)
    except Invalid as error:
        return {}, {"left_out": str(error)}
    order = found.table(task.world)
    kinds = pa.array([i.partition(":")[0] for i in order["id"].to_pylist()], pa.string())
    compared = {"best found": found.objective, **{name.replace("_", " "): value for name, value in found.compared.items()}, "lower bound": found.bound}
    restoration = pa.table({"order": list(compared), "objective": list(compared.values())})
    summary = {
        "cases": [int(c) for c in cases], "weighted_person_hours": found.objective, "lower_bound": found.bound, "bound_proven": found.proven, "gap": found.gap,
        "likely_bound": found.estimate,
        "method": found.method, "orders_judged": found.evaluations, "tasks": len(found.order), "seconds": round(found.seconds, 2),
        **{f"better_than_{name}": 1.0 - found.objective / value for name, value in found.compared.items() if name in ("importance", "random") and 0 < value < math.inf},
    }  # fmt: skip
    return {"order": order.append_column("kind", kinds), "restoration": restoration}, summary
