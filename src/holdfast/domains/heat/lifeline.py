"""District heat as a lifeline: how much of the wanted heat reaches consumers when pipes leak, valves close, pumps or plants fail."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
import pyarrow as pa

from holdfast.engines.network.heat.solve import ENGINE, HeatCases, HeatResult, HeatSolver
from holdfast.engines.network.topology import Graph, reached
from holdfast.model.gauge import Gauge
from holdfast.model.lifeline import Command, ComponentState, Served

from .network import EDGES, KINDS, HeatNetwork, load

_BLOCK = 64  # cases whose (case, link) arrays are made at once


@dataclass(slots=True)
class HeatLifeline:
    """Pipes, valves, consumers, pumps, plants and sinks; see `holdfast.model.lifeline.Lifeline`.

    A pipe that is out of service carries nothing; water escapes at both its ends through half of its opening each. A plant that is out
    takes its pumps with it. A consumer gets what its exchanger can take from the flow and temperature that arrive: flow falls with the
    pressure difference, heat with both. Commands act on valves and pumps. The state is steady: pipes and buildings have cooled as far
    as they will; `heat.simulate_cold_day` follows the time.
    Levels: of a consumer heat taken over heat wanted; of a plant whether it works.
    Not monotone: where one consumer is cut off the others may get more.

    detail  "temperature" (case, junction) [K], "lost" (case,) escaping water [kg/s], "heat" (case,) heat delivered [W]
    """

    component_id: pa.Array
    outlet_id: pa.Array
    outlet_demand: np.ndarray
    network: HeatNetwork
    solver: HeatSolver
    coefficient: float
    parts: dict[str, slice]
    name: str = "heat"
    service: str = "heat"
    engine: str = ENGINE
    monotone: bool = False

    @property
    def gauges(self) -> tuple[Gauge, ...]:
        """The temperature at each junction."""
        return (Gauge("temperature", "temperature", 0.5, self.network.junction_id),)

    def serve(self, state: ComponentState) -> Served:
        """Levels of all cases."""
        cases = state.cases
        level, status = np.empty((cases, len(self.outlet_id)), np.float32), np.empty(cases, np.int8)
        temperature = np.empty((cases, len(self.network.junction_id)), np.float32)
        lost, heat = np.empty(cases), np.empty(cases)
        for start in range(0, cases, _BLOCK):
            rows = np.arange(start, min(start + _BLOCK, cases))
            part = state.rows(rows)
            result = self.solver.solve(self.cases(part))
            level[rows] = self._levels(part, result)
            level[rows[result.status != 0]] = np.nan
            status[rows], temperature[rows] = result.status, result.temperature[:, : temperature.shape[1]]
            lost[rows], heat[rows] = result.lost.sum(axis=1), result.heat.sum(axis=1)
        return Served(level, status, self.engine, {"temperature": temperature, "lost": lost, "heat": heat})

    def ceiling(self, state: ComponentState) -> np.ndarray:
        """(case, outlet) float32: 1 where open links lead to a working pump or plant, whatever flows; no level of `serve` is higher."""
        inputs, model = self.cases(state), self.network.model
        source = np.isfinite(inputs.held) | np.isfinite(inputs.supplied) | (inputs.demand < 0.0)
        fed = reached(Graph.of(model.nodes, model.link_from, model.link_to), inputs.open & ~model.closed, source)[:, model.link_from[self.network.link_rows("heat.consumer")]]
        return np.concatenate([fed & state.available[:, self.parts["heat.consumer"]], self._alive(state)], axis=1).astype(np.float32)

    def cases(self, state: ComponentState) -> HeatCases:
        """What the solver needs for these component states."""
        network, count = self.network, state.cases
        works = np.asarray(state.available, bool)
        open_ = np.empty((count, network.model.links), bool)
        for kind in EDGES:
            open_[:, network.link_rows(kind)] = works[:, self.parts[kind]]
        if state.command is not None:
            rows = network.link_rows("heat.valve")
            open_[:, rows] &= state.command[:, self.parts["heat.valve"]] != Command.CLOSED
        pump, plant = self._feeding(state)
        held, supplied = network.held(pump, plant)
        taken = (works[:, self.parts["heat.sink"]] * network.sink_flow)[:, network.sink_node >= 0]
        demand = self._gathered(taken, network.sink_node[network.sink_node >= 0])
        return HeatCases(count, open_, held, supplied, demand, self._leaks(state))

    def _feeding(self, state: ComponentState) -> tuple[np.ndarray, np.ndarray]:
        """(case, pump) and (case, plant) that work; a plant takes the pumps that belong to it with it."""
        table, feeder = self.network.table, self.network.feeder
        pump = state.available[:, self.parts["heat.pump"]] & table["heat.pump"].works()
        plant = state.available[:, self.parts["heat.plant"]] & table["heat.plant"].works()
        if state.command is not None:
            pump &= state.command[:, self.parts["heat.pump"]] != Command.CLOSED
        for _, p, h, _ in feeder[(feeder[:, 1] >= 0) & (feeder[:, 2] >= 0)]:
            pump[:, p] &= plant[:, h]
        return pump, plant

    def _leaks(self, state: ComponentState) -> np.ndarray | None:
        if state.opening is None:
            return None
        pipe, model = self.network.link_rows("heat.pipe"), self.network.model
        area = np.nan_to_num(state.opening[:, self.parts["heat.pipe"]]) * self.coefficient / 2
        if not area.any():
            return None
        return self._gathered(area, model.link_from[pipe]) + self._gathered(area, model.link_to[pipe])

    def _gathered(self, values: np.ndarray, node: np.ndarray) -> np.ndarray:
        total = np.zeros((self.network.model.nodes, len(values)))
        np.add.at(total, node, values.T)
        return np.ascontiguousarray(total.T)

    def _levels(self, state: ComponentState, result: HeatResult) -> np.ndarray:
        rows, wanted = self.network.link_rows("heat.consumer"), self.network.wanted
        share = np.where(wanted > 0, result.heat[:, rows] / np.maximum(wanted, 1e-9), result.served[:, self.network.model.link_from[rows]])
        share = np.where(state.available[:, self.parts["heat.consumer"]], share, 0.0)
        return np.concatenate([np.clip(share, 0.0, 1.0), self._alive(state)], axis=1).astype(np.float32)

    def _alive(self, state: ComponentState) -> np.ndarray:
        """(case, plant) bool: works, and so does one of its pumps where it has any."""
        pump, plant = self._feeding(state)
        feeder = self.network.feeder
        alive = plant.copy()
        for h in np.unique(feeder[(feeder[:, 1] >= 0) & (feeder[:, 2] >= 0), 2]):
            alive[:, h] &= pump[:, feeder[feeder[:, 2] == h, 1]].any(axis=1)
        return alive


def build(city: Any) -> HeatLifeline | None:
    """The heat lifeline of a city; None where it has no heat network."""
    network = load(city)
    if network is None:
        return None
    edge = np.cumsum([0, *(len(network.table[kind]) for kind in KINDS)])
    parts = {kind: slice(int(a), int(b)) for kind, a, b in zip(KINDS, edge[:-1], edge[1:], strict=True)}
    consumer, plant = network.table["heat.consumer"], network.table["heat.plant"]
    amount = np.concatenate([network.wanted, np.maximum(np.nan_to_num(plant.numbers("capacity")), 0.0)])
    return HeatLifeline(pa.concat_arrays([network.table[kind].id for kind in KINDS]), pa.concat_arrays([consumer.id, plant.id]), amount, network, HeatSolver(network.model),
                        float(city.settings["heat.leak_coefficient"]), parts)


__all__ = ["HeatLifeline", "build"]
