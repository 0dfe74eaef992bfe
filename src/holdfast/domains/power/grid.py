"""City -> AC power model: which asset is which part of it, and what its loss means for the model."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from holdfast.engines.network.power.model import BranchKind, Cases, PowerModel
from holdfast.model.finding import Findings
from holdfast.model.lifeline import Command

from .grid_branches import Branches, couplers, impedances, lines, on_ends, transformers, transformers3
from .grid_injections import injections, sources
from .grid_tables import KINDS, Tables, read_tables


@dataclass(frozen=True)
class Grid:
    """A city's power network as a model, and the way from assets to its parts.

    component_id    (component,) ids of all assets of `grid_tables.KINDS`, kind by kind; first  kind -> number of its first component
    node_component, branch_component, inject_component, source_component, held_component   which component each part belongs to
    station_of      (component,) component of the substation that holds it, -1 none
    switch_component, switch_end, switch_closed   (switch,) end: branch for its first end, branch + branches for the second; couplers are listed at both
    fixed_from, fixed_to  (branch,) ends as they are apart from switches
    findings        what could not be used
    """

    model: PowerModel
    component_id: pa.Array
    first: dict[str, int]
    node_component: np.ndarray
    branch_component: np.ndarray
    inject_component: np.ndarray
    source_component: np.ndarray
    held_component: np.ndarray
    station_of: np.ndarray
    switch_component: np.ndarray
    switch_end: np.ndarray
    switch_closed: np.ndarray
    fixed_from: np.ndarray
    fixed_to: np.ndarray
    findings: Findings

    @property
    def components(self) -> int:
        return len(self.component_id)

    def span(self, kind: str) -> slice:
        """Components of a kind, e.g. "line"."""
        following = [*self.first.values(), self.components]
        return slice(self.first[kind], following[KINDS.index(kind) + 1])

    def kind_of(self, component: np.ndarray) -> np.ndarray:
        """(n,) kinds, with "power."."""
        return np.array([f"power.{kind}" for kind in KINDS], object)[np.searchsorted(list(self.first.values()), component, side="right") - 1]

    def find(self, ids: Any) -> np.ndarray:
        """Components of ids, -1 where there is none."""
        return np.asarray(pc.fill_null(pc.index_in(pa.array(ids, pa.string()), value_set=self.component_id), -1).to_numpy(zero_copy_only=False), np.int64)

    @cached_property
    def _ends(self) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
        order = np.argsort(self.switch_end, kind="stable")
        ends, starts = np.unique(self.switch_end[order], return_index=True)
        return order, ends, starts

    def closed(self, available: np.ndarray, command: np.ndarray | None = None, moved: dict[int, bool] | None = None) -> np.ndarray:
        """(case, switch) closed: as in the city, unless broken, told otherwise, or moved (component -> closed)."""
        at = self.switch_component
        base = self.switch_closed.copy()
        for component, shut in (moved or {}).items():
            base[at == component] = shut
        shut = np.broadcast_to(base, (available.shape[0], len(at)))
        if command is not None:
            told = command[:, at]
            shut = np.where(told == Command.CLOSED, False, np.where(told == Command.OPEN, True, shut))  # CLOSED: no current, OPEN: current flows
        return shut & available[:, at]

    def cases(self, available: np.ndarray, command: np.ndarray | None = None, moved: dict[int, bool] | None = None) -> Cases:
        """What the state of the components means for the model.

        available  (case, component) bool
        command    (case, component) int8 `Command` on switches, or None
        moved      switch component -> closed, in all cases
        """
        m, up = self.model, available
        held = np.flatnonzero(self.station_of >= 0)
        if len(held):
            up = available.copy()
            up[:, held] &= available[:, self.station_of[held]]
        node, branch = up[:, self.node_component] & m.node_on, up[:, self.branch_component]
        ends = np.concatenate([branch & self.fixed_from, branch & self.fixed_to], axis=1)
        if len(self.switch_end):
            order, end, starts = self._ends
            ends[:, end] &= np.logical_and.reduceat(self.closed(up, command, moved)[:, order], starts, axis=1)
        on = m.source_on.copy()
        on[m.forming_source] = False
        return Cases(node, np.ascontiguousarray(ends[:, : m.branches]), np.ascontiguousarray(ends[:, m.branches :]), up[:, self.inject_component].astype(np.float64),
                     up[:, self.source_component] & on, up[:, self.held_component])

    def base(self, count: int = 1) -> np.ndarray:
        """(case, component) all available."""
        return np.ones((count, self.components), bool)

    def __getstate__(self) -> dict[str, Any]:
        return {name: value for name, value in self.__dict__.items() if name != "_ends"} | {"findings": Findings()}


def build_grid(city: Any) -> Grid | None:
    """The power network of a city, or None when it has no buses."""
    if not city.counts().get("power.bus"):
        return None
    tables = read_tables(city)
    rated = _rated(tables)
    nodes = len(rated)
    alive = tables.working("bus") & np.isfinite(rated)
    rated = np.where(np.isfinite(rated), rated, 1.0)
    three, inner = transformers3(tables, rated, nodes)
    rated_all = np.concatenate([rated, inner])
    bridging, place = couplers(tables)
    parts = {"line": lines(tables, rated), "transformer": transformers(tables, rated), "transformer3": three, "impedance": impedances(tables, rated), "switch": bridging}
    first = dict(zip(parts, np.concatenate([[0], np.cumsum([len(p.kind) for p in parts.values()])[:-1]]).astype(int).tolist(), strict=True))
    whole = _joined(list(parts.values()))
    usable = (whole.start >= 0) & (whole.end >= 0)
    count = len(whole.kind)
    ends, _ = on_ends(tables, {name: (first[name], parts[name]) for name in ("line", "transformer", "transformer3")}, count)
    switch, end, shut = _switches(tables, ends, place, first["switch"], count)
    fixed_from, fixed_to = _fixed(whole, usable, end, shut, count)
    inject, source = injections(tables), sources(tables)
    model = _model(tables, rated_all, alive, whole, usable, inject, source)
    component = np.concatenate([tables.components("bus"), tables.components("transformer3")])
    return Grid(model, tables.component_ids(), tables.first, component, whole.component, inject.component, source.component, source.held_component,
                _stations(tables), switch, end, shut, fixed_from, fixed_to, tables.findings)


def _rated(tables: Tables) -> np.ndarray:
    """Nominal voltages of buses; where a bus has none, that of its neighbours along lines, else NaN and a finding."""
    rated = tables.number("bus", "nominal_voltage")
    rated = np.where(rated > 0, rated, np.nan)
    start, end = tables.attached("line", "from_id", "to_id")
    kept = (start >= 0) & (end >= 0)
    start, end = start[kept], end[kept]
    while np.isnan(rated).any():
        found = rated.copy()
        for a, b in ((start, end), (end, start)):
            rows = np.isnan(found[a]) & np.isfinite(rated[b])
            found[a[rows]] = rated[b[rows]]
        if np.isnan(found).sum() == np.isnan(rated).sum():
            break
        rated = found
    tables.refuse("bus", np.isnan(rated), "power.no_voltage", "it has no nominal voltage and no neighbour that has one, so it is out of service", "nominal_voltage",
                  "Give its nominal voltage")
    return rated


def _joined(parts: list[Branches]) -> Branches:
    section = type(parts[0].section)(*(np.concatenate([getattr(p.section, name) for p in parts]) for name in ("z", "y", "ratio", "limit_from", "limit_to")))
    columns = {name: np.concatenate([getattr(p, name) for p in parts]) for name in ("kind", "start", "end", "on_from", "on_to", "component")}
    return Branches(section=section, **columns)


def _switches(tables: Tables, ends: np.ndarray, place: np.ndarray, first: int, count: int) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """All switches by the ends they sit on; a coupler sits on both ends of its own branch."""
    component, closed = tables.components("switch"), tables.flag("switch", "closed") & tables.working("switch")
    on, tie = np.flatnonzero(ends >= 0), np.flatnonzero(place >= 0)
    rows = np.concatenate([on, tie, tie])
    return component[rows], np.concatenate([ends[on], first + place[tie], first + place[tie] + count]), closed[rows]


def _fixed(whole: Branches, usable: np.ndarray, end: np.ndarray, shut: np.ndarray, count: int) -> tuple[np.ndarray, np.ndarray]:
    """Ends as they would be with all their switches closed: an end marked open although its switches are closed stays open."""
    opened = np.zeros(2 * count, bool)
    opened[end[~shut]] = True
    return usable & (whole.on_from | opened[:count]), usable & (whole.on_to | opened[count:])


def _model(tables: Tables, rated: np.ndarray, alive: np.ndarray, whole: Branches, usable: np.ndarray, inject: Any, source: Any) -> PowerModel:
    more = len(rated) - len(alive)
    low, high = (np.concatenate([tables.number("bus", name), np.full(more, np.nan)]) for name in ("min_voltage", "max_voltage"))
    z = np.where(whole.kind == BranchKind.COUPLER, 0.0, whole.section.z)
    own = source.forming_component
    return PowerModel(
        rated, np.concatenate([alive, np.ones(more, bool)]), low, high, whole.kind.astype(np.int8),
        np.maximum(whole.start, 0).astype(np.int32), np.maximum(whole.end, 0).astype(np.int32), z.astype(complex), whole.section.y.astype(complex),
        whole.section.ratio.astype(complex), whole.section.limit_from, whole.section.limit_to, whole.on_from & usable, whole.on_to & usable,
        inject.node, inject.s, inject.law, source.node, source.v, source.on, source.held_node, source.held_v, source.held_p, source.held_on,
        source.forming_source.astype(np.int64), source.forming_power, _index(own, inject.component), _index(own, source.held_component), tables.frequency,
    )


def _index(wanted: np.ndarray, among: np.ndarray) -> np.ndarray:
    """Place of each wanted number in `among`, -1 where it is not there."""
    if len(among) == 0:
        return np.full(len(wanted), -1)
    order = np.argsort(among, kind="stable")
    place = np.minimum(np.searchsorted(among[order], wanted), len(among) - 1)
    return np.where(among[order[place]] == wanted, order[place], -1)


def _stations(tables: Tables) -> np.ndarray:
    """(component,) component of the substation that each one stands in."""
    found = np.full(len(tables.component_ids()), -1)
    for kind in ("bus", "transformer", "switch"):
        row = tables.at(kind, "substation_id", "substation")
        found[tables.components(kind)] = np.where(row >= 0, tables.first["substation"] + row, -1)
    for kind in ("external_grid", "generator", "battery", "load", "shunt"):
        row = tables.at(kind, "bus_id")
        found[tables.components(kind)] = np.where(row >= 0, found[np.maximum(row, 0)], -1)
    return found
