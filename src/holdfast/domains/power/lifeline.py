"""The power network as a lifeline: who has electricity when components are out."""

from __future__ import annotations

from typing import Any

import numpy as np

from holdfast.engines.network.power.backfeed import close_ties
from holdfast.engines.network.power.model import ENGINES, Cases
from holdfast.engines.network.power.parts import live_nodes
from holdfast.engines.network.power.shed import Limits, Loads, limits, shed, violations
from holdfast.engines.network.power.solve import Solver
from holdfast.model.errors import Invalid
from holdfast.model.lifeline import CaseStatus, ComponentState, Served

from .grid import Grid, build_grid
from .outlets import Outlets, loads_of, outlets_of, with_flows
from .ties import Ties

CUT_OFF = 0.80
"""Voltage below which consumers' contactors and drives drop out [pu of nominal] [proposal]."""

RULES = ("connected", "voltage", "shed")
MOST_SINGLE = 2_000  # single losses looked at beforehand, those that carry most first


class PowerLifeline:
    """One power network; see `holdfast.model.lifeline.Lifeline`.

    rule      connected: an outlet has service while it is connected to an external grid and no component is out whose loss alone
              pulls its voltage under the cut-off; less available never gives more
              voltage: the flow of every case is solved and judged by itself; relief by lost loads counts, so it is not monotone
              shed: as voltage, and loads are shed by importance until no branch carries more, and no voltage is lower, than permitted
              or than today. Cases whose flow has no solution are DIVERGED
    ties      open switches that are closed to feed dead parts from another side, at once; nobody does so while somebody else commands the
              controls. By the rule "connected" whether the other side can carry it is not asked, nothing that is dead today comes to
              life, and less available still never gives more, because every ready tie counts as closed. None: switches stay as they are
    """

    name, service = "power", "electricity"

    def __init__(self, grid: Grid, loads: Loads, outlets: Outlets, rule: str = "connected", cut_off: float = CUT_OFF, ties: Ties | None = None) -> None:
        self.grid, self.loads, self.rule = grid, loads, rule
        self.ties = ties if ties is not None and len(ties) else None
        self.today = live_nodes(grid.model, grid.cases(grid.base()))[0]
        self.solver = Solver(grid.model)
        self.limit = limits(grid.model, cut_off, today=self.solver.base)
        known = self.solver.base.status[0] == CaseStatus.SOLVED
        self.outlets = with_flows(outlets, self.solver.base.s_to[0], grid) if known else outlets
        self.component_id, self.outlet_id, self.outlet_demand = grid.component_id, outlets.ids(grid), self.outlets.demand
        self.monotone = rule == "connected"
        self.engine = "holdfast connectivity" if rule == "connected" else f"holdfast sweep, {ENGINES[2]}"
        self.frail, self.hurt = single_losses(grid, self.solver, self.outlets, self.limit) if rule == "connected" and known else _nothing(self.outlets)

    def serve(self, state: ComponentState) -> Served:
        """Solve all cases. `state.hour` changes nothing: the demand is the normal one. detail: "live" (case, node) bool; "voltage" (case, node) float32 [pu] where solved."""
        cases, live = self._switched(state)
        if self.rule == "connected":
            level = self.outlets.level(state.available, live)
            if len(self.frail):
                level[(~_effective(self.grid, state.available)[:, self.frail]).astype(np.float32) @ self.hurt > 0] = 0.0
            return Served(level, np.zeros(len(level), np.int8), self.engine, {"live": live})
        if self.rule == "shed":
            done = shed(self.solver, cases, self.loads, self.limit)
            flow, status, kept = done.flow, done.status, done.kept
        else:
            flow, kept = self.solver.solve(cases, live), None
            status = flow.status
        level = self.outlets.level(state.available, live & (violations(self.grid.model, flow, self.limit)[1] == 0))
        if kept is not None:
            level[:, : self.outlets.loads] *= kept
        level[status != CaseStatus.SOLVED] = np.nan
        used = sorted({ENGINES[code] for code in flow.engine.tolist()} - {"none"})
        return Served(level, status, ", ".join(used) or self.engine, {"live": live, "voltage": flow.magnitude.astype(np.float32)})

    def ceiling(self, state: ComponentState) -> np.ndarray:
        """(case, outlet) float32: by the rule "connected" the level itself, else 1 where connected, whatever the voltages; no level of `serve` is higher."""
        if self.rule == "connected":
            return self.serve(state).level
        return self.outlets.level(state.available, self._switched(state, all_ties=True)[1])

    def _switched(self, state: ComponentState, *, all_ties: bool = False) -> tuple[Cases, np.ndarray]:
        """The cases with ties closed where they help, and (case, node) bool what is connected then."""
        available = np.asarray(state.available, bool)
        cases = self.grid.cases(available, state.command)
        if self.ties is None:
            return cases, live_nodes(self.grid.model, cases)
        ready = self.ties.ready(available)
        if state.command is not None:
            ready &= ~np.asarray(state.command).any(axis=1)[:, None]
        if self.rule == "connected" or all_ties:
            cases = self.ties.all_closed(self.grid, cases, ready)
            live = live_nodes(self.grid.model, cases)
            return cases, live & self.today if self.rule == "connected" else live
        cases, _ = close_ties(self.grid.model, cases, self.ties.end, ready & ~available.all(axis=1)[:, None], self.ties.spare)
        return cases, live_nodes(self.grid.model, cases)


def _nothing(outlets: Outlets) -> tuple[np.ndarray, np.ndarray]:
    return np.zeros(0, np.int64), np.zeros((0, len(outlets.component)), np.float32)


def _effective(grid: Grid, available: np.ndarray) -> np.ndarray:
    """(case, component) available and not in a substation that is down."""
    housed = np.flatnonzero(grid.station_of >= 0)
    up = available.copy()
    up[:, housed] &= available[:, grid.station_of[housed]]
    return up


def single_losses(grid: Grid, solver: Solver, outlets: Outlets, limit: Limits) -> tuple[np.ndarray, np.ndarray]:
    """Components whose loss alone cuts nothing off but pulls voltages under the limit, and (component, outlet) float32 1 where.

    In a tree without generation a loss only relieves what remains, so nothing has to be solved. A loss after which the flow has no
    solution hurts every outlet that is still connected.
    """
    suspects = _suspects(grid, solver)
    if len(suspects) == 0:
        return _nothing(outlets)
    available = grid.base(len(suspects))
    available[np.arange(len(suspects)), suspects] = False
    cases = grid.cases(available)
    flow = solver.solve(cases)
    bad = (violations(grid.model, flow, limit)[1] > 0) | ((flow.status != CaseStatus.SOLVED)[:, None] & flow.live)
    fine = outlets.level(np.ones_like(available), flow.live & ~bad)
    hurt = (outlets.level(np.ones_like(available), flow.live) > 0) & (fine == 0)
    rows = np.flatnonzero(hurt.any(axis=1))
    return suspects[rows], hurt[rows].astype(np.float32)


def _suspects(grid: Grid, solver: Solver) -> np.ndarray:
    """Branches, switches and generators whose loss leaves everything else connected: only these can lower a voltage elsewhere."""
    model, base = grid.model, solver.base
    generating = np.unique(np.concatenate([grid.inject_component[model.inject_s.real < 0], grid.held_component]))
    if ENGINES[base.engine[0]] == "holdfast sweep" and len(generating) == 0:
        return np.zeros(0, np.int64)
    carried = np.zeros(grid.components)
    np.maximum.at(carried, grid.branch_component, np.nan_to_num(np.abs(base.s_from[0])))
    closed = np.zeros(grid.components, bool)
    closed[grid.branch_component[model.branch_on_from & model.branch_on_to]] = True
    carried[generating] = np.inf
    candidates = np.flatnonzero(closed)
    loops = candidates[_in_loops(grid, candidates)]
    found = np.concatenate([generating, loops])
    return np.sort(found[np.argsort(-carried[found], kind="stable")][:MOST_SINGLE])


def _in_loops(grid: Grid, components: np.ndarray, block: int = 512) -> np.ndarray:
    """(component,) bool whose loss leaves every live node live."""
    whole = live_nodes(grid.model, grid.cases(grid.base()))[0]
    found = []
    for i in range(0, len(components), block):
        part = components[i : i + block]
        available = grid.base(len(part))
        available[np.arange(len(part)), part] = False
        found.append((live_nodes(grid.model, grid.cases(available)) >= whole).all(axis=1))
    return np.concatenate(found) if found else np.zeros(0, bool)


def build(city: Any, rule: str = "connected", cut_off: float = CUT_OFF, *, with_ties: bool = False) -> PowerLifeline | None:
    """The lifeline of a city's power network, or None when it has no buses.

    rule      one of `RULES`;  cut_off  voltage under which consumers drop out [pu]
    with_ties  open switches are closed to feed dead parts from another side
    raises    Invalid for another rule or a voltage that makes no sense
    """
    if rule not in RULES:
        raise Invalid(f"{rule!r} is no rule of service", fix=f"Use one of: {', '.join(RULES)}", field="power.service_rule")
    if not 0.0 <= cut_off < 1.0:
        raise Invalid(f"{cut_off} pu is no voltage to drop out at", fix="Give a number from 0 to less than 1", field="power.cut_off_voltage")
    grid = build_grid(city)
    if grid is None:
        return None
    loads, placed = loads_of(grid, city)
    return PowerLifeline(grid, loads, outlets_of(grid, loads, placed), rule, cut_off, Ties.of(grid) if with_ties else None)


__all__ = ["CUT_OFF", "RULES", "PowerLifeline", "build"]
