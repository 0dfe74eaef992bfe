"""Load shedding by importance, in rounds, until nothing is overloaded and no voltage is too low.

Loads are switched off whole. In a round every overload, worst first, takes off the loads that it feeds, least important first,
and without overloads the lowest voltage those that pull it down; then the flow is solved again. Nothing is switched on again, so it ends; it may take off a little too much.
source    LinDistFlow, Baran and Wu 1989, for the effect of a load on a voltage [recalled]; order of importance: GB 50052-2009 3.0.1 [recalled]
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from holdfast.model.lifeline import CaseStatus

from .model import BASE, Cases, Flow, PowerModel
from .shed_kernel import relieve_branch, relieve_node, spanning
from .solve import Solver

ROUNDS = 60
COLLAPSE_SHARE = 0.1  # of the load goes in a round in which the flow has no solution
MARGIN = 1.02  # aimed at a little more than is missing, so that rounds do not creep


@dataclass(frozen=True, slots=True)
class Limits:
    """loading (branch,) highest current over the permitted one; low (node,) lowest voltage [pu]."""

    loading: np.ndarray
    low: np.ndarray


@dataclass(frozen=True, slots=True)
class Loads:
    """What can be shed: node (load,), power (load,) complex [VA], level (load,) 0 most important, of (injection,) load of each injection, -1 none."""

    node: np.ndarray
    power: np.ndarray
    level: np.ndarray
    of: np.ndarray


@dataclass(frozen=True, slots=True)
class Shedding:
    """kept (case, load) bool still supplied as far as shedding goes; rounds (case,); status (case,) DIVERGED where the limits could not be met."""

    kept: np.ndarray
    rounds: np.ndarray
    status: np.ndarray
    flow: Flow


def limits(model: PowerModel, low: float, loading: float = 1.0, today: Flow | None = None, own_low: bool = False) -> Limits:
    """Limits of a network.

    low       lowest voltage [pu]; with own_low the nodes' own limits count where they are given
    today     one case of a flow that is tolerated as it is: what it loads more, or holds lower, stays permitted
    """
    least = np.where(np.isfinite(model.node_low), model.node_low, low) if own_low else np.full(model.nodes, low)
    most = np.full(model.branches, loading)
    if today is not None and today.status[0] == CaseStatus.SOLVED:
        most = np.fmax(most, today.loading(model)[0] * 1.001)
        least = np.fmin(least, today.magnitude[0] - 0.001)
    return Limits(most, least)


def violations(model: PowerModel, flow: Flow, limit: Limits) -> tuple[np.ndarray, np.ndarray]:
    """(case, branch) loading over its limit, 1 is the limit, and (case, node) voltage missing [pu]; 0 where all is well or nothing known."""
    over = np.nan_to_num(flow.loading(model) / limit.loading)
    return np.where(over > 1.0 + 1e-6, over, 0.0), np.nan_to_num(np.maximum(limit.low - flow.magnitude - 1e-9, 0.0))


def shed(solver: Solver, cases: Cases, loads: Loads, limit: Limits, rounds: int = ROUNDS) -> Shedding:
    """Shed until the limits hold in every case, at most `rounds` times."""
    model, factor = solver.model, cases.factor.copy()
    kept = np.ones((cases.count, len(loads.node)), bool)
    status, turns = np.zeros(cases.count, np.int8), np.zeros(cases.count, np.int64)
    flow = solver.solve(cases)
    answers = {name: getattr(flow, name).copy() for name in Flow.__slots__}
    open_ = np.arange(cases.count)
    for turn in range(rounds + 1):
        now = Flow(**{name: array[open_] for name, array in answers.items()})
        over, missing = violations(model, now, limit)
        bad = (now.status != CaseStatus.SOLVED) | over.any(axis=1) | (missing > 0).any(axis=1)
        open_, over, missing = open_[bad], over[bad], missing[bad]
        if len(open_) == 0 or turn == rounds:
            break
        moved = np.array([_one(model, cases, c, answers, over[i], missing[i], loads, kept[c]) for i, c in enumerate(open_)], bool)
        status[open_[~moved]] = CaseStatus.DIVERGED
        open_ = open_[moved]
        if len(open_) == 0:
            break
        turns[open_] += 1
        mask = np.where(loads.of >= 0, kept[open_][:, np.maximum(loads.of, 0)], True)
        again = solver.solve(cases.rows(open_).with_factor(factor[open_] * mask))
        for name, array in answers.items():
            array[open_] = getattr(again, name)
    status[open_] = CaseStatus.DIVERGED
    return Shedding(kept, turns, status, Flow(**answers))


def _one(model: PowerModel, cases: Cases, c: int, answers: dict[str, np.ndarray], over: np.ndarray, missing: np.ndarray, loads: Loads, kept: np.ndarray) -> bool:
    """Take loads off for the worst violations of one case; False when there is nothing left that helps."""
    live = answers["live"][c]
    rank = np.lexsort((-np.abs(loads.power), -loads.level))
    power = np.where(live[loads.node], np.maximum(loads.power.real, 0.0), 0.0)
    if answers["status"][c] != CaseStatus.SOLVED:
        on = np.flatnonzero(kept[rank] & (power[rank] > 0))
        reached = np.cumsum(power[rank[on]])
        off = on[: int(np.searchsorted(reached, COLLAPSE_SHARE * reached[-1])) + 1] if len(on) else on
        kept[rank[off]] = False
        return len(off) > 0
    taken, before, reactive = 0, kept.copy(), np.where(power > 0, loads.power.imag, 0.0)
    s_from, s_to = answers["s_from"][c], answers["s_to"][c]
    ends = (*model.incidence, model.branch_from, model.branch_to, model.ideal, cases.on_from[c], cases.on_to[c])
    worst = np.argsort(-over, kind="stable")
    for b in worst[: int((over > 0).sum())]:
        taken += relieve_branch(b, over[b], MARGIN, *ends, s_from, s_to, loads.node, power, reactive, loads.level, rank, before, kept)
    if taken == 0 and missing.max(initial=0.0) > 0:
        order, parent, via = (np.empty(model.nodes, np.int32) for _ in range(3))
        count = spanning(*model.incidence, model.branch_from, model.branch_to, cases.node[c], cases.on_from[c], cases.on_to[c], model.source_node, cases.source[c],
                         order, parent, via)
        worst_node = int(missing.argmax())
        taken = relieve_node(worst_node, MARGIN * missing[worst_node], count, order, parent, via, model.z_pu, loads.node, power / BASE, reactive / BASE, loads.level, rank, kept)
    return taken > 0
