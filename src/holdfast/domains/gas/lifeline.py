"""Gas as a lifeline: which consumers still get gas, and how much, when pipes leak, valves close, regulators or stations fail."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
import pyarrow as pa

from holdfast.engines.network.gas.solve import ENGINE, GasCases, GasResult, GasSolver
from holdfast.engines.network.isolation import Sections, segments
from holdfast.engines.network.topology import Graph, reached
from holdfast.model.gauge import Gauge
from holdfast.model.lifeline import Command, ComponentState, Served

from .network import EDGES, NODES, GasNetwork, load
from .settings import DAY

_BLOCK = 64  # cases whose (case, link) arrays are made at once


@dataclass(slots=True)
class GasLifeline:
    """Pipes, valves, regulators, compressors, resistors, sources, sinks and stations; see `holdfast.model.lifeline.Lifeline`.

    A pipe that is out of service carries nothing; whether it is or not, gas escapes at both its ends through half of its opening each. One that is
    out and does not leak is shut off, with all that lies between the valves and regulators around it.
    A compressor that is out lets gas pass by its bypass. A station that is out takes its sources, regulators and compressors with it.
    Consumers get demand * sqrt((p^2 - pa^2) / (pw^2 - pa^2)) when the pressure p falls below what they want, pw. Commands act on
    valves, regulators and compressors. A demand at an hour is the design demand times the share of that hour in the day.
    Levels: of a sink what it gets over what it wants; of a regulator or station the same share at the pressure behind it.
    Not monotone: closing a leaking branch gives the others more pressure.

    detail  "pressure" (case, junction) gauge [Pa], "lost" (case,) escaping gas [kg/s], "supplied" (case,) [kg/s]
    """

    component_id: pa.Array
    outlet_id: pa.Array
    outlet_demand: np.ndarray
    network: GasNetwork
    solver: GasSolver
    profile: np.ndarray
    coefficient: float
    parts: dict[str, slice]
    outlet_node: np.ndarray
    outlet_wanted: np.ndarray
    outlet_own: np.ndarray
    sections: Sections
    name: str = "gas"
    service: str = "gas"
    engine: str = ENGINE
    monotone: bool = False

    @property
    def gauges(self) -> tuple[Gauge, ...]:
        """The pressure at each junction."""
        return (Gauge("pressure", "pressure", 20.0, self.network.junction_id),)

    def serve(self, state: ComponentState) -> Served:
        """Levels of all cases."""
        network, cases = self.network, state.cases
        level = np.empty((cases, len(self.outlet_id)), np.float32)
        status, lost, supplied = np.empty(cases, np.int8), np.empty(cases), np.empty(cases)
        pressure = np.empty((cases, len(network.junction_id)), np.float32)
        for start in range(0, cases, _BLOCK):
            rows = np.arange(start, min(start + _BLOCK, cases))
            part = state.rows(rows)
            inputs = self.cases(part)
            result = self.solver.solve(inputs)
            level[rows] = self._levels(part.available, inputs, result)
            bad = result.status != 0
            level[rows[bad]] = np.nan
            status[rows], lost[rows], supplied[rows] = result.status, result.lost.sum(axis=1), result.supply.sum(axis=1)
            pressure[rows] = (result.pressure - network.model.ambient)[:, : len(network.junction_id)]
        return Served(level, status, self.engine, {"pressure": pressure, "lost": lost, "supplied": supplied})

    def ceiling(self, state: ComponentState) -> np.ndarray:
        """(case, outlet) float32: 1 where open links lead to a working source, whatever the pressure; no level of `serve` is higher."""
        inputs, model = self.cases(state), self.network.model
        fed = reached(Graph.of(model.nodes, model.link_from, model.link_to), inputs.open & ~model.closed, np.isfinite(inputs.held) | (inputs.feed > 0.0))
        return (fed[:, np.maximum(self.outlet_node, 0)] & (self.outlet_node >= 0) & self._standing_outlets(state.available)).astype(np.float32)

    def cases(self, state: ComponentState) -> GasCases:
        """What the solver needs for these component states."""
        network, model, count = self.network, self.network.model, state.cases
        works = np.array(state.available, bool)
        station = works[:, self.parts["gas.station"]]
        open_ = np.empty((count, model.links), bool)
        for kind in EDGES:
            open_[:, network.link_rows(kind)] = works[:, self.parts[kind]]
        open_ &= ~self.sections.closed(self._shut_off(state)) & self._standing(station, network.link_station)
        driven = open_.copy()
        compressor = network.link_rows("gas.compressor")
        open_[:, compressor] = True  # its bypass stays open
        self._commands(open_, driven, state)
        fed = works[:, self.parts["gas.source"]] & self._standing(station, network.source_station)
        held = self._held(fed)
        feed = self._gathered(fed * network.source_feed, network.source_node)
        wanted = works[:, self.parts["gas.sink"]] * network.sink_demand
        if state.hour is not None:
            wanted = wanted * self.profile[np.floor(np.nan_to_num(state.hour)).astype(int) % 24][:, None]
        return GasCases(count, open_, held, self._gathered(wanted, network.sink_node), feed, self._leaks(state), driven)

    def _shut_off(self, state: ComponentState) -> np.ndarray:
        """(case, link) bool: pipes that are out of service and do not leak."""
        off, pipe = np.zeros((state.cases, self.network.model.links), bool), self.parts["gas.pipe"]
        out = ~state.available[:, pipe]
        off[:, self.network.link_rows("gas.pipe")] = out if state.opening is None else out & ~(state.opening[:, pipe] > 0)
        return off

    def _standing(self, station: np.ndarray, owner: np.ndarray) -> np.ndarray:
        """(case, thing) True unless the station that a thing stands in is out of service."""
        return np.concatenate([station, np.ones((len(station), 1), bool)], axis=1)[:, owner]

    def _commands(self, open_: np.ndarray, driven: np.ndarray, state: ComponentState) -> None:
        """A closed valve or regulator passes nothing, one that is forced open lets pass freely; a compressor that is closed stands still."""
        if state.command is None:
            return
        for kind, target in (("gas.valve", open_), ("gas.regulator", open_), ("gas.compressor", driven)):
            target[:, self.network.link_rows(kind)] &= state.command[:, self.parts[kind]] != Command.CLOSED
        rows = self.network.link_rows("gas.regulator")
        driven[:, rows] &= state.command[:, self.parts["gas.regulator"]] != Command.OPEN

    def _held(self, fed: np.ndarray) -> np.ndarray:
        network = self.network
        held = np.full((len(fed), network.model.nodes), -np.inf)
        for source in np.flatnonzero((network.source_node >= 0) & np.isfinite(network.source_held)):
            node = network.source_node[source]
            held[:, node] = np.maximum(held[:, node], np.where(fed[:, source], network.source_held[source], -np.inf))
        return np.where(np.isfinite(held), held, np.nan)

    def _gathered(self, values: np.ndarray, node: np.ndarray) -> np.ndarray:
        """(case, node) sums of (case, thing) values."""
        total = np.zeros((self.network.model.nodes, len(values)))
        known = node >= 0
        np.add.at(total, node[known], values.T[known])
        return np.ascontiguousarray(total.T)

    def _leaks(self, state: ComponentState) -> np.ndarray | None:
        if state.opening is None:
            return None
        pipe, model = self.network.link_rows("gas.pipe"), self.network.model
        area = np.nan_to_num(state.opening[:, self.parts["gas.pipe"]]) * self.coefficient / 2
        if not area.any():
            return None
        return self._gathered(area, model.link_from[pipe]) + self._gathered(area, model.link_to[pipe])

    def _levels(self, available: np.ndarray, inputs: GasCases, result: GasResult) -> np.ndarray:
        """Share of the wanted gas at each outlet: by the pressure there, and nothing where the outlet itself is out."""
        model, node = self.network.model, np.maximum(self.outlet_node, 0)
        ambient = model.ambient[node]
        span = np.maximum(self.outlet_wanted**2 - ambient**2, 1.0)
        share = np.sqrt(np.clip((result.pressure[:, node] ** 2 - ambient**2) / span, 0.0, 1.0))
        served = result.served[:, node] & (self.outlet_node >= 0)
        return np.where(served & self._standing_outlets(available), share, 0.0).astype(np.float32)

    def _standing_outlets(self, available: np.ndarray) -> np.ndarray:
        """(case, outlet) True unless the outlet itself is out."""
        return available[:, np.maximum(self.outlet_own, 0)] | (self.outlet_own < 0)


def build(city: Any) -> GasLifeline | None:
    """The gas lifeline of a city; None where it has no gas network."""
    network = load(city)
    if network is None:
        return None
    table, model = network.table, network.model
    kinds = (*EDGES, *NODES)
    edge = np.cumsum([0, *(len(table[kind]) for kind in kinds)])
    parts = {kind: slice(int(a), int(b)) for kind, a, b in zip(kinds, edge[:-1], edge[1:], strict=True)}
    sinks, regulators, stations = (table[kind] for kind in ("gas.sink", "gas.regulator", "gas.station"))
    behind = model.link_to[network.link_rows("gas.regulator")]
    station_node = _station_nodes(network)
    nodes = np.concatenate([network.sink_node, behind, station_node])
    share = float(city.settings["gas.wanted_share"])
    target = model.target[network.link_rows("gas.regulator")]
    aimed = np.where(np.isfinite(target), target, model.wanted[behind])
    at = np.maximum(station_node, 0)
    fed = np.where(np.isfinite(model.held[at]), model.held[at], model.wanted[at])
    ambient = model.ambient
    wanted = np.concatenate([model.wanted[np.maximum(network.sink_node, 0)], ambient[behind] + share * (aimed - ambient[behind]), ambient[at] + share * (fed - ambient[at])])
    own = np.concatenate([np.arange(edge[-1])[parts["gas.sink"]], np.full(len(regulators), -1), np.arange(edge[-1])[parts["gas.station"]]]).astype(np.int64)
    amount = np.concatenate([network.sink_demand, np.nan_to_num(regulators.numbers("capacity")), np.nan_to_num(stations.numbers("capacity"))])
    profile = np.asarray(city.settings["gas.day_profile"] or DAY, float)
    return GasLifeline(pa.concat_arrays([table[kind].id for kind in kinds]), pa.concat_arrays([sinks.id, regulators.id, stations.id]), amount, network, GasSolver(model),
                       np.resize(profile, 24), float(city.settings["gas.leak_coefficient"]), parts, nodes, wanted, own, _sections(network, int(city.settings["gas.section_limit"])))


def _sections(network: GasNetwork, most: int) -> Sections:
    """What valves and regulators close off with each link."""
    shuts, model = np.concatenate([network.link_rows("gas.valve"), network.link_rows("gas.regulator")]), network.model
    return Sections.of(segments(Graph.of(model.nodes, model.link_from, model.link_to), shuts, open=~model.closed), most)


def _station_nodes(network: GasNetwork) -> np.ndarray:
    """(station,) node where each station gives gas: of its source, else behind its regulator or compressor; -1 for none."""
    node = np.full(len(network.table["gas.station"]), -1, np.int64)
    inside = network.link_station >= 0
    node[network.link_station[inside]] = network.model.link_to[inside]
    placed = (network.source_station >= 0) & (network.source_node >= 0)
    node[network.source_station[placed]] = network.source_node[placed]
    return node


__all__ = ["GasLifeline", "build"]
