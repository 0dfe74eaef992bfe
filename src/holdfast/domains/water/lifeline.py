"""The water supply as a lifeline: states of pipes, pumps, tanks and stations go in, the share of the demand that arrives comes out.

Demands depend on pressure. A pipe that has an opening leaks in its middle: a broken one, which is not available, through all of it, so that little
passes. One that is not available and does not leak is shut off, with all that lies between the recorded isolation valves around it. Stations take
their pumps with them. Tanks are stocks: see `tanks`.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Any

import numpy as np
import pyarrow as pa
from scipy.sparse import csr_array

from holdfast.engines.network.hydraulic.answers import Breaks, Cases, Solution
from holdfast.engines.network.hydraulic.model import HydraulicModel, LinkType, NodeType, Status
from holdfast.engines.network.isolation import Sections, segments
from holdfast.engines.network.topology import Graph, reached
from holdfast.model.errors import Invalid
from holdfast.model.gauge import Gauge
from holdfast.model.lifeline import CaseStatus, Command, ComponentState, Served

from .hydraulic_tables import WaterTables, places
from .hydraulics import hydraulic_model
from .isolate_break import valve_places
from .settings import chosen
from .snapshots import Remembered, Snapshots
from .solving import GRAVITY, Engine, at_mean, delivered_share, engine_for, mean_demand, pressure_driven
from .tanks import Tanks, refilling

SITES = ("water.pump_station", "water.treatment_plant", "water.secondary_supply")
_SHUT = (Command.CLOSED, Command.CLOSED_AT_START, Command.CLOSED_AT_END)


def build(city: Any) -> WaterLifeline | None:
    """The water lifeline of a city, or None where there is no water network."""
    from holdfast.model.finding import Findings

    try:
        model = hydraulic_model(city)
    except Invalid:
        return None
    tables = WaterTables(city, Findings())
    sections = sections_of(tables, model, int(chosen(city, "section_limit")))
    hydrants = Hydrants(tables.ids("water.hydrant"), places(tables.texts("water.hydrant", "node_id"), model.node_id), float(chosen(city, "fire_residual")))
    return WaterLifeline(pressure_driven(model, city), sites(tables, model), float(chosen(city, "orifice_coefficient")), sections, hydrants.known())


def sections_of(tables: WaterTables, model: HydraulicModel, most: int) -> Sections:
    """What the recorded isolation valves close off with each link; each link alone where none are recorded. most: see `Sections.of`"""
    edge, node, whole = valve_places(tables, model)
    if not (~whole).any():
        return Sections(np.full(model.links, -1, np.int32))
    closed = (model.initial_status == Status.CLOSED) & (model.link_type == LinkType.PIPE)
    return Sections.of(segments(Graph.of(model.nodes, model.link_from, model.link_to), edge, node, open=~closed | np.isin(np.arange(model.links), edge[node < 0])), most)


WEIGHT = 9806.65  # N/m3 of water
_HIGH, _MARGIN = 1e5, 0.01  # m: more than any head, less than any that matters


@dataclass(frozen=True, slots=True)
class Hydrants:
    """id, node  (hydrant,) and the node position that feeds each, -1 unknown;  residual  pressure from which one can be used [Pa]."""

    id: pa.Array
    node: np.ndarray
    residual: float

    def known(self) -> Hydrants:
        """Those that are on the network."""
        on = np.flatnonzero(self.node >= 0)
        return Hydrants(self.id.take(pa.array(on)), self.node[on], self.residual)


class Sites:
    """Stations, works and secondary supplies: what they hold.

    id       (site,) ids              links   per site, links that stand still with it
    outlet   positions in `id` that are secondary supplies     node  (outlet,) list of nodes whose water they give
    """

    def __init__(self, ids: pa.Array, links: list[np.ndarray], outlet: np.ndarray, node: list[np.ndarray]) -> None:
        self.id, self.links, self.outlet, self.node = ids, links, outlet, node


def sites(tables: WaterTables, model: HydraulicModel) -> Sites:
    """Which links stand still with each site, by the station that pumps name, else by the node the site is at."""
    owner = tables.texts("water.pump", "station")
    pumps = places(tables.ids("water.pump"), model.link_id)
    held: dict[str, list[int]] = {}
    for link, name in zip(pumps.tolist(), owner, strict=True):
        if name and link >= 0:
            held.setdefault(name, []).append(link)
    ids = [name for kind in SITES for name in tables.ids(kind).to_pylist()]
    nodes = places([node for kind in SITES for node in tables.texts(kind, "node_id")], model.node_id)
    links, given, outlet = [], [], []
    for at, (name, node) in enumerate(zip(ids, nodes.tolist(), strict=True)):
        mine = np.array(held.get(name, []), np.int64)
        supply = name.startswith("water.secondary_supply:")
        if supply:
            outlet.append(at)
            given.append(np.unique(model.link_to[mine]) if len(mine) else np.array([node] if node >= 0 else [], np.int64))
        links.append(mine if len(mine) or supply else _at_node(model, node))
    return Sites(pa.array(ids, pa.string()), links, np.array(outlet, np.int64), given)


def _ends(model: HydraulicModel, node: int) -> np.ndarray:
    """Links at a node."""
    return np.flatnonzero((model.link_from == node) | (model.link_to == node))


def _at_node(model: HydraulicModel, node: int) -> np.ndarray:
    """Links that stand still with a site known by its node only: pumps that lift to it, else every link of it."""
    if node < 0:
        return np.empty(0, np.int64)
    pumps = np.flatnonzero((model.link_type == LinkType.PUMP) & (model.link_to == node))
    if len(pumps) and model.node_type[node] == NodeType.JUNCTION:
        return pumps
    return _ends(model, node)


class WaterLifeline:
    """See `holdfast.model.lifeline.Stocked`: stocks are what tanks hold above their lowest level [m3]. `detail` of an answer: "leak" (case,) [m3/s],
    "supplied" (case,) share of the whole demand, "pressure" (case, junction) float32 [Pa]; of cases with empty tanks their means over the turns.

    At hydrants it gives fire flow: 1 where the pressure of their node is enough to use them, else 0; what they draw themselves is `assess_fireflow`'s to say.
    Monotone by declaration: shutting a pipe can raise the pressure of others a little, which a cascade must not take for recovery.
    """

    name, service, monotone = "water", "water", True
    further = ("fire_flow",)

    def __init__(self, model: HydraulicModel, held: Sites, orifice: float, sections: Sections, hydrants: Hydrants) -> None:
        self.model, self.sites, self.orifice, self.sections, self.hydrants = model, held, orifice, sections, hydrants
        fixed = np.flatnonzero(model.node_type != NodeType.JUNCTION)
        junctions = np.flatnonzero(model.node_type == NodeType.JUNCTION)
        self._fixed, self._at_fixed = fixed, np.flatnonzero(np.isin(model.link_from, fixed) | np.isin(model.link_to, fixed))
        self.component_id = pa.concat_arrays([model.link_id, model.node_id.take(pa.array(fixed)), held.id])
        self.outlet_id = pa.concat_arrays([model.node_id.take(pa.array(junctions)), held.id.take(pa.array(held.outlet)), hydrants.id])
        demand = self._demand = np.maximum(mean_demand(model), 0.0)
        supplies = np.array([demand[nodes].sum() for nodes in held.node], np.float64)
        self.outlet_demand = np.concatenate([demand[junctions], supplies, np.zeros(len(hydrants.id))])
        self._junctions = junctions
        self._closes = _incidence([*(_ends(model, node) for node in fixed.tolist()), *held.links], model.links)
        self._supplied = _incidence(held.node, model.nodes, mean=True).T
        self.gauges = (Gauge("pressure", "pressure", 1000.0, model.node_id.take(pa.array(junctions))),)
        self.tanks = Tanks.of(model)
        self._tank_columns = model.links + np.searchsorted(fixed, self.tanks.node)
        self.stock_id, self.stock, self.stock_full = model.node_id.take(pa.array(self.tanks.node)), self.tanks.stock, self.tanks.full
        self._snapshots = Remembered(self._solve)
        self._engines: dict[bool, Engine] = {}
        self._base: Solution | None = None
        self._start: Solution | None = None
        self.engine = self._engine(False).engine

    def __getstate__(self) -> dict[str, Any]:
        return {"model": self.model, "held": self.sites, "orifice": self.orifice, "sections": self.sections, "hydrants": self.hydrants}

    def __setstate__(self, state: dict[str, Any]) -> None:
        self.__init__(**state)  # type: ignore[misc]

    def serve(self, state: ComponentState) -> Served:
        """Solve all cases at mean demand, or each at its hour of the day. Empty tanks hand out what flows in, see `Tanks.turns`."""
        spare = self._spare(state.hour, state.cases)
        if state.spent is None:
            found = self._snapshots.ask(state)
            draw = self.tanks.draw(found.away, spare)
        else:
            found, draw = self._with_spent(state, spare)
        return Served(found.level, found.status, " + ".join(dict.fromkeys(found.engine.tolist())), found.detail, draw.astype(np.float32))

    def _with_spent(self, state: ComponentState, spare: np.ndarray) -> tuple[Snapshots, np.ndarray]:
        """The answer and what empties the tanks (case, tank) [m3/h] where some may be spent."""
        likely = (self.tanks.floating & (spare <= 0.0)) | ~state.spent
        first = likely.all(axis=1)  # solved without their tanks at once
        found = self._snapshots.ask(self._without(state, state.spent & first[:, None]))
        draw = self.tanks.draw(found.away, spare)
        stays = state.spent & first[:, None] & self.tanks.stays_empty(found.beyond, spare)
        draw[stays] = 1.0
        more = (state.spent & ~stays).any(axis=1)  # some may fill, or hand on what flows in
        again = np.flatnonzero(first & more)
        if len(again):
            found.put(again, opened := self._snapshots.ask(state.rows(again)))
            draw[again] = self.tanks.draw(opened.away, spare[again])
        turns = np.flatnonzero(more & (state.spent & (draw > 0.0)).any(axis=1))
        if len(turns):
            self._by_turns(state.rows(turns), found, turns, draw, spare[turns])
        return found, draw

    def _by_turns(self, state: ComponentState, found: Snapshots, rows: np.ndarray, draw: np.ndarray, spare: np.ndarray) -> None:
        """Correct `rows` of an answer with all tanks open, and of their draw, for the empty ones. state, spare: of these rows"""
        empty = state.spent & (draw[rows] > 0.0)
        barren = empty & self.tanks.barren(found.away[rows], spare)
        open_ = self._snapshots.ask(self._without(state, barren))
        off = self._snapshots.ask(self._without(state, empty))
        share, left = self.tanks.turns(open_.away, off.away, spare, empty & ~barren)
        share = np.column_stack([share, np.ones(len(rows))])[:, self.tanks.part_of]  # (case, node)
        weight = {"level": self._at_outlets(share, share[:, self.hydrants.node]), "pressure": share[:, self._junctions]}
        used = self._demand > 0
        over = share[:, used] @ self._demand[used] / self._demand[used].sum() if used.any() else np.ones(len(rows))

        def mean(name: str, some: np.ndarray, none: np.ndarray) -> np.ndarray:
            part = weight.get(name, over)
            return np.where(part >= 1.0, some, part * some + (1.0 - part) * none)  # no pressure at all in turns that never come is no matter

        found.level[rows] = mean("level", open_.level, off.level)
        found.status[rows] = np.maximum(open_.status, off.status)
        for name, values in found.detail.items():
            values[rows] = mean(name, open_.detail[name], off.detail[name])
        draw[rows] = np.where(barren, draw[rows], left)

    def _without(self, state: ComponentState, tanks: np.ndarray) -> ComponentState:
        """A state with some of its tanks (case, tank) out of service too."""
        available = state.available.copy()
        available[:, self._tank_columns] &= ~tanks
        return replace(state, available=available)

    def _spare(self, hour: np.ndarray | None, cases: int) -> np.ndarray:
        """(case, tank) [m3/s] that tanks give in the undisturbed network and so get back at other hours of the day."""
        out = np.zeros((cases, len(self.tanks)))
        if not len(self.tanks):
            return out
        for rows, at in _by_hour(hour, cases):
            calm = self._undisturbed() if at is None else self._engine(True).snapshot(Cases(1), at)
            out[rows] = np.maximum(self.tanks.total(self.tanks.leaving(self.model, calm, None)), 0.0)
        return out

    def _solve(self, state: ComponentState) -> Snapshots:
        """Snapshots with the tanks as full as at the start, spent or not."""
        cases = self.cases_of(state)
        level = np.zeros((state.cases, len(self.outlet_id)), np.float32)
        status = np.zeros(state.cases, np.int8)
        pressure = np.full((state.cases, len(self._junctions)), np.nan, np.float32)
        detail = {"leak": np.zeros(state.cases), "supplied": np.zeros(state.cases), "pressure": pressure}
        away, beyond = np.zeros((state.cases, len(self.tanks.link))), np.full((state.cases, len(self.tanks.link)), np.nan)
        engine = np.full(state.cases, self.engine, "U80")
        fed = self._fed(cases)  # without a source nothing arrives; that is an answer, which takes no solver
        for every, hour in _by_hour(state.hour, state.cases):
            rows = every[fed[every]]
            if not len(rows):
                continue
            some = cases.rows(rows)
            found = self._engine(hour is not None).snapshot(some, 0.0 if hour is None else hour, warm=True)
            status[rows] = found.status
            level[rows] = self._levels(found.head, found.solved)
            pressure[rows] = (found.head[:, self._junctions] - self.model.elevation[self._junctions]) * WEIGHT
            detail["leak"][rows] = found.leak.sum(axis=1)
            wanted = np.maximum(found.wanted, 0).sum(axis=1)
            got = np.maximum(found.delivered, 0).sum(axis=1)
            detail["supplied"][rows] = np.where(wanted > 0, got / np.where(wanted > 0, wanted, 1.0), 1.0)
            away[rows], beyond[rows] = self.tanks.leaving(self.model, found, some.breaks), found.head[:, self.tanks.other]
            engine[rows] = found.engine
        for place, at in enumerate(self.sites.outlet.tolist()):
            down = ~state.available[:, len(self.model.link_id) + len(self._fixed) + at]
            level[down & (status == CaseStatus.SOLVED), len(self._junctions) + place] = 0.0
        return Snapshots(level, status, engine, detail, away, beyond)

    def _fed(self, cases: Cases) -> np.ndarray:
        """(case,) bool: not every link at a reservoir or tank is closed, or water comes in at a junction."""
        if not len(self._fixed):
            return np.zeros(cases.count, bool)
        if cases.status is None or (self.model.demand_base < 0.0).any():
            return np.ones(cases.count, bool)
        return (cases.status[:, self._at_fixed] != Status.CLOSED).any(axis=1)

    def ceiling(self, state: ComponentState) -> np.ndarray:
        """(case, outlet) float32, no level of `serve` is higher: by the highest head of the reservoirs and tanks to which open links lead, as if no head
        were lost on the way, and as if no tank ran dry. Behind a pump that is not shut it is 1. By the hour, when heads may follow a pattern, only whether a way is left counts."""
        model, status = self.model, self.cases_of(state).status
        open_ = np.ones((state.cases, model.links), bool) if status is None else status != Status.CLOSED
        graph, fixed = Graph.of(model.nodes, model.link_from, model.link_to), model.node_type != NodeType.JUNCTION
        inflow, base = mean_demand(model) < 0.0, self._undisturbed()
        fed = reached(graph, open_, fixed | inflow)
        head = np.where(fed, _HIGH, -_HIGH)
        if state.hour is None and base.solved[0] and fixed.any():
            pump = model.link_type == LinkType.PUMP
            still = open_ & ~pump
            lifted = np.zeros_like(fed)
            lifted[:, inflow] = True
            for link in np.flatnonzero(pump):
                lifted[:, [model.link_from[link], model.link_to[link]]] |= open_[:, [link]]
            lifted = reached(graph, still, lifted)
            head[fed & ~lifted] = -_HIGH
            for height in np.unique(base.head[0][fixed]):
                head[reached(graph, still, fixed & (base.head[0] == height)) & ~lifted] = height + _MARGIN
        own = len(model.link_id) + len(self._fixed) + self.sites.outlet
        level = self._levels(head, np.ones(state.cases, bool))
        level[:, len(self._junctions) : len(self._junctions) + len(own)] *= state.available[:, own]  # hydrants come after
        return level

    def cases_of(self, state: ComponentState) -> Cases:
        """Component states as changes of the model."""
        links = self.model.links
        hole = np.zeros((1, 1), bool) if state.opening is None else (state.opening[:, :links] > 0) & (self.model.link_type <= LinkType.PIPE)
        alone = ~state.available[:, :links] & ~hole
        pipe = alone & (self.model.link_type <= LinkType.PIPE)
        if state.command is not None:  # closed by its own valves, nothing else with it
            pipe &= ~np.isin(state.command[:, :links], _SHUT)
        shut = self.sections.closed(pipe) | alone
        down = ~state.available[:, links:]
        if down.any():
            shut |= (down.astype(np.float32) @ self._closes) > 0.0
        status = np.full((state.cases, links), -1, np.int8)
        if state.command is not None:
            self._command(state.command[:, :links], status)
        status[shut] = Status.CLOSED
        breaks = emitter = None
        if state.opening is not None:
            case, link = np.nonzero(hole & ~shut)
            if len(case):
                size = self.orifice * np.sqrt(2 * GRAVITY) * state.opening[case, link].astype(np.float64)
                told = np.zeros(len(case), np.int8) if state.command is None else state.command[case, link]
                shut_at_end = told == Command.CLOSED_AT_END
                fed = shut_at_end | (told == Command.CLOSED_AT_START)
                if fed.any():  # from one end: the leak stands there, without the loss on the way
                    emitter = np.zeros((state.cases, self.model.nodes))
                    end = np.where(shut_at_end, self.model.link_from[link], self.model.link_to[link])
                    np.add.at(emitter, (case[fed], end[fed]), size[fed])
                breaks = Breaks(case[~fed], link[~fed], np.full(int((~fed).sum()), 0.5), size[~fed])
        return Cases(state.cases, status=status if (status >= 0).any() else None, emitter=emitter, breaks=breaks)

    def _command(self, command: np.ndarray, status: np.ndarray) -> None:
        status[np.isin(command, _SHUT)] = Status.CLOSED
        status[command == Command.OPEN] = Status.OPEN
        frozen = command == Command.FROZEN
        if frozen.any():
            valve = self.model.link_type > LinkType.PUMP
            held = np.where(valve & (self.model.initial_status == Status.ACTIVE), Status.ACTIVE, np.where(self._at_start().open[0], Status.OPEN, Status.CLOSED))
            status[frozen] = np.broadcast_to(held, status.shape)[frozen]

    def _undisturbed(self) -> Solution:
        """The network as it is, tanks being refilled."""
        if self._base is None:
            self._base = self._engine(False).snapshot(Cases(1))
        return self._base

    def _at_start(self) -> Solution:
        """The network as its controls leave it with the tanks as they are: what is frozen stays like that, and refills nothing."""
        if self._start is None:
            self._start = engine_for(at_mean(self.model)).snapshot(Cases(1))
        return self._start

    def _levels(self, head: np.ndarray, solved: np.ndarray) -> np.ndarray:
        """Share of the demand by pressure. Where nothing is drawn the usual pressure may be low: there the share is of what is usual."""
        share = delivered_share(self.model, head)
        base = self._undisturbed()
        usual = np.where((self._demand > 0) | ~base.solved[0], 1.0, delivered_share(self.model, base.head[0]))
        share = np.minimum(share / np.where(usual > 0, usual, 1.0), 1.0)
        at = self.hydrants.node
        usable = np.nan_to_num((head[:, at] - self.model.elevation[at]) * WEIGHT) >= self.hydrants.residual
        return np.where(solved[:, None], self._at_outlets(share, usable), np.nan).astype(np.float32)

    def _at_outlets(self, values: np.ndarray, hydrants: np.ndarray) -> np.ndarray:
        """(case, outlet) of values (case, node), and of values (case, hydrant); secondary supplies have the mean of their nodes."""
        return np.column_stack([values[:, self._junctions], values @ self._supplied, hydrants])

    def _engine(self, hourly: bool) -> Engine:
        """The engine for mean demand, or for demands by the hour."""
        if hourly not in self._engines:
            self._engines[hourly] = engine_for(refilling(self.model) if hourly else at_mean(refilling(self.model)))
        return self._engines[hourly]


def _incidence(rows: list[np.ndarray], columns: int, mean: bool = False) -> csr_array:
    """(row, column) float32: 1 at each position in `rows`, or with `mean` what makes a mean of them."""
    size = np.array([len(row) for row in rows], np.int64)
    value = np.repeat(1.0 / np.maximum(size, 1) if mean else np.ones(len(size)), size)
    at = np.concatenate([np.empty(0, np.int64), *rows])
    return csr_array((value.astype(np.float32), at, np.concatenate([[0], np.cumsum(size)])), shape=(len(rows), columns))


def _by_hour(hour: np.ndarray | None, cases: int) -> list[tuple[np.ndarray, float | None]]:
    """Cases with the same hour together."""
    if hour is None:
        return [(np.arange(cases), None)]
    hours, which = np.unique(hour, return_inverse=True)
    return [(np.flatnonzero(which == at), float(value)) for at, value in enumerate(hours)]
