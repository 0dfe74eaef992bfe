"""A city's heat network as arrays for the solver, with the ids of everything in it and what had to be assumed."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from holdfast.engines.network.columns import Columns, columns, elevations, ends_of, places
from holdfast.engines.network.gas.fluid import ambient_pressure
from holdfast.engines.network.heat.model import HeatModel, LinkType, Mode, model
from holdfast.engines.network.heat.solve import HeatCases, HeatSolver
from holdfast.engines.network.heat.water import heat_capacity
from holdfast.model.finding import Findings

EDGES = ("heat.pipe", "heat.valve", "heat.consumer", "heat.pump")
KINDS = (*EDGES, "heat.plant", "heat.sink")
LEAST_DIAMETER = 0.005  # [m]
SPARE = 1.2  # a consumer's valve, wide open, passes this much more than its design flow [proposal]


@dataclass(slots=True)
class HeatNetwork:
    """The model and where everything of the city is in it.

    junction_id  (junction,) ids of the first nodes; nodes beyond are inner ends of pipes that begin at a valve
    link_id      (link,) ids of edges, kind by kind in the order of EDGES; `link_kind` (link,) index into EDGES
    table        rows of every kind in KINDS that exist
    feeder       (feeder, 4): node whose pressure (and temperature) is held, and what it depends on: position of the pump, of the plant,
                 1 where the node is the return side; -1 for none
    feeder_pressure, feeder_temperature  (feeder,) absolute [Pa], [K]; NaN where not held
    wanted       (consumer,) design heat [W]
    findings     what was wrong in the record and what was taken instead
    """

    model: HeatModel
    junction_id: pa.Array
    link_id: pa.Array
    link_kind: np.ndarray
    table: dict[str, Columns]
    feeder: np.ndarray
    feeder_pressure: np.ndarray
    feeder_temperature: np.ndarray
    sink_node: np.ndarray
    sink_flow: np.ndarray
    wanted: np.ndarray
    findings: Findings

    def link_rows(self, kind: str) -> np.ndarray:
        """Links of a kind, in the order of its table."""
        return np.flatnonzero(self.link_kind == EDGES.index(kind))

    def held(self, pump: np.ndarray, plant: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        """(case, node) pressures and temperatures held when (case, pump) and (case, plant) work."""
        cases = len(pump)
        works = np.concatenate([pump, np.ones((cases, 1), bool)], axis=1)[:, self.feeder[:, 1]]
        hot = works & np.concatenate([plant, np.ones((cases, 1), bool)], axis=1)[:, self.feeder[:, 2]]
        pressure, temperature = (np.full((cases, self.model.nodes), np.nan) for _ in range(2))
        for row, node in enumerate(self.feeder[:, 0]):
            pressure[:, node] = np.where(works[:, row] & np.isfinite(self.feeder_pressure[row]), self.feeder_pressure[row], pressure[:, node])
            temperature[:, node] = np.where(hot[:, row] & np.isfinite(self.feeder_temperature[row]), self.feeder_temperature[row], temperature[:, node])
        return pressure, temperature


def load(city: Any) -> HeatNetwork | None:
    """The heat network of a city; None where it has no heat junction."""
    junction = columns(city, "heat.junction")
    if len(junction) == 0:
        return None
    findings = Findings()
    table = {kind: columns(city, kind) for kind in KINDS}
    elevation = elevations(junction)
    start, stop, split = _ends(table, junction.id, findings)
    elevation = np.concatenate([elevation, elevation[split]])
    ambient = ambient_pressure(elevation)
    feeder, pressure, temperature = _feeders(city, table, junction.id, ambient, findings)
    sink = table["heat.sink"]
    sink_node = places(sink.texts("junction_id"), junction.id)
    sink_flow = np.where(sink.works(), np.nan_to_num(sink.numbers("mass_flow")) * sink.numbers("scaling", 1.0), 0.0)
    links = _links(city, table, start, stop, findings)
    at = sink_node >= 0
    made = model(len(elevation), (start, stop), elevation=elevation, demand=np.bincount(sink_node[at], weights=sink_flow[at], minlength=len(elevation)),
                 stagnant=float(city.settings["heat.ground_temperature"]), room=float(city.settings["heat.room_temperature"]), **links)
    kind = np.repeat(np.arange(len(EDGES), dtype=np.int8), [len(table[name]) for name in EDGES])
    rows = np.flatnonzero(kind == EDGES.index("heat.consumer"))
    network = HeatNetwork(made, junction.id, pa.concat_arrays([table[name].id for name in EDGES]), kind, table, feeder, pressure, temperature, sink_node, sink_flow,
                          np.nan_to_num(made.heat[rows]), findings)
    held, supplied = network.held(table["heat.pump"].works()[None, :], table["heat.plant"].works()[None, :])
    made.held[:], made.supplied[:] = held[0], supplied[0]
    _size_exchangers(network, rows)
    return network


def _report(findings: Findings, rule: str, severity: str, kind: str, ids: pa.Array, mask: np.ndarray, message: str, fix: str, column: str | None = None) -> None:
    if mask.any():
        findings.add_rows(f"heat.{rule}", severity, message, kind=kind, ids=ids.filter(pa.array(mask)).to_pylist(), column=column, fix=fix)


def _ends(table: dict[str, Columns], junction: pa.Array, findings: Findings) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """From and to node of every link; a pipe that a valve stands before begins at an inner node. returns also the junction each inner node lies at"""
    start, stop, split = ends_of(table, EDGES, junction, "heat.valve", "heat.pipe")
    for kind in EDGES:
        lost = (start[kind] < 0) | (stop[kind] < 0)
        _report(findings, "dangling", "error", kind, table[kind].id, lost, "an end names a junction that does not exist; it carries nothing", "Correct from_id and to_id")
        start[kind][lost] = stop[kind][lost] = 0
    return np.concatenate([start[kind] for kind in EDGES]), np.concatenate([stop[kind] for kind in EDGES]), split


def _feeders(city: Any, table: dict[str, Columns], junction: pa.Array, ambient: np.ndarray, findings: Findings) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Nodes whose pressure or temperature pumps and plants hold: the outlet of every circulation pump with its lift below at the inlet, and plants without a pump."""
    pump, plant = table["heat.pump"], table["heat.plant"]
    back, out = places(pump.texts("from_id"), junction), places(pump.texts("to_id"), junction)
    pressure, lift = pump.numbers("supply_pressure"), pump.numbers("lift")
    circulating = np.isfinite(pressure) | np.isfinite(pump.numbers("supply_temperature")) | (places(pump.texts("plant_id"), plant.id) >= 0)
    circulating &= (back >= 0) & (out >= 0)
    unknown = circulating & ~np.isfinite(lift)
    _report(findings, "assumed_lift", "warning", "heat.pump", pump.id, unknown, "has no lift; the default was taken", "Give the pressure the pump adds", "lift")
    lift = np.where(np.isfinite(lift), lift, float(city.settings["heat.default_lift"]))
    pressure = np.where(np.isfinite(pressure), pressure, 0.3e6 + lift)
    owner = _plant_of(pump, plant, junction, out)
    own_temperature = plant.numbers("supply_temperature")
    temperature = pump.numbers("supply_temperature")
    stated = np.where(owner >= 0, np.append(own_temperature, np.nan)[owner], np.nan)
    temperature = np.where(np.isfinite(temperature), temperature, np.where(np.isfinite(stated), stated, float(city.settings["heat.supply_temperature"])))
    rows, held, hot = [], [], []
    for p in np.flatnonzero(circulating):
        rows += [(out[p], p, owner[p], 0), (back[p], p, -1, 1)]
        held += [pressure[p] + ambient[out[p]], pressure[p] - lift[p] + ambient[back[p]]]
        hot += [temperature[p], np.nan]
    node = places(plant.texts("junction_id"), junction)
    for h in np.flatnonzero((node >= 0) & ~np.isin(np.arange(len(plant)), owner[circulating])):
        stated_pressure = plant.numbers("pressure")[h]
        rows.append((node[h], -1, h, 0))
        held.append(stated_pressure + ambient[node[h]] if np.isfinite(stated_pressure) else np.nan)
        hot.append(own_temperature[h])
    if not any(np.isfinite(held)):
        _report(findings, "no_pump", "error", "heat.pump", pump.id, np.ones(len(pump), bool), "no pump or plant holds a pressure; nothing flows", "Give a circulation pump")
    return np.array(rows, np.int64).reshape(-1, 4), np.array(held, float), np.array(hot, float)


def _plant_of(pump: Columns, plant: Columns, junction: pa.Array, out: np.ndarray) -> np.ndarray:
    """(pump,) plant that each pump belongs to: the one it names, else the one whose supply junction is its outlet; -1 for none."""
    owner = places(pump.texts("plant_id"), plant.id)
    node = places(plant.texts("junction_id"), junction)
    for h in np.flatnonzero(node >= 0):
        owner[(owner < 0) & (out == node[h])] = h
    return owner


def _links(city: Any, table: dict[str, Columns], start: np.ndarray, stop: np.ndarray, findings: Findings) -> dict[str, np.ndarray]:
    """Everything that the model wants to know of links."""
    counts = [len(table[kind]) for kind in EDGES]
    pipe, valve, consumer, pump = (table[kind] for kind in EDGES)
    first = np.cumsum([0, *counts])
    length = pipe.numbers("length")
    length = np.where(np.isfinite(length) & (length >= 0), length, np.nan_to_num(pipe.numbers("shape_length")))
    diameter = np.concatenate([table[kind].numbers("diameter") for kind in EDGES])
    bad = ~(diameter >= LEAST_DIAMETER)
    _report(findings, "no_diameter", "warning", "heat.pipe", pipe.id, bad[: counts[0]], f"diameter is missing or below {LEAST_DIAMETER} m; a default was taken",
            "Give the inner diameter", "diameter")
    roughness = pipe.numbers("roughness")
    total = int(first[-1])
    kind = np.zeros(total, np.int8)
    kind[first[2] : first[3]] = LinkType.CONSUMER
    lift = np.zeros(total)
    circulating = np.isfinite(pump.numbers("supply_pressure")) | np.isfinite(pump.numbers("supply_temperature")) | pc.is_valid(pump.texts("plant_id")).to_numpy(False)
    lift[first[3] :] = np.where(circulating, 0.0, np.nan_to_num(pump.numbers("lift")))
    opened = np.concatenate([pipe.works(), valve.works() & valve.flags("opened"), consumer.works(), pump.works() & ~circulating])
    ground = float(city.settings["heat.ground_temperature"])

    def pipes(values: np.ndarray, rest: float) -> np.ndarray:
        return np.concatenate([values, np.full(total - counts[0], rest)])

    inner = np.where(bad, float(city.settings["heat.default_diameter"]), diameter)
    outer = pipe.numbers("outer_diameter")
    return {
        "link_type": kind, "length": pipes(np.maximum(length, 0.0), 0.0), "diameter": inner,
        "outer": pipes(np.where(np.isfinite(outer), outer, inner[: counts[0]]), 0.1),
        "roughness": pipes(np.where(roughness > 0, roughness, float(city.settings["heat.default_roughness"])), 1e-4),
        "minor": np.nan_to_num(np.concatenate([table[k].numbers("loss_coefficient") for k in EDGES])) * (kind == LinkType.RESISTIVE), "lift": lift,
        "transfer": pipes(np.nan_to_num(pipe.numbers("heat_transfer")), 0.0), "surroundings": pipes(pipe.numbers("ambient_temperature", ground), ground),
        "extracted": pipes(np.nan_to_num(pipe.numbers("external_heat")), 0.0), "closed": ~opened | (start == stop),
        "needed": np.full(total, float(city.settings["heat.needed_pressure"])), **_consumers(city, consumer, first, findings),
    }


def _consumers(city: Any, consumer: Columns, first: np.ndarray, findings: Findings) -> dict[str, np.ndarray]:
    """Which two things each consumer fixes: of heat, flow, temperature drop and return temperature the first pair that is known."""
    heat, flow, drop, back = (consumer.numbers(name) for name in ("heat_demand", "mass_flow", "temperature_drop", "return_temperature"))
    design = float(city.settings["heat.supply_temperature"]) - float(city.settings["heat.return_temperature"])
    known = np.isfinite(np.stack([heat, flow, drop, back]))
    alone = known[0] & ~known[1] & ~known[2] & ~known[3] | known[1] & ~known[0] & ~known[2] & ~known[3]
    drop = np.where(alone, design, drop)
    empty = ~known[0] & ~known[1]
    _report(findings, "no_demand", "warning", "heat.consumer", consumer.id, empty, "has neither heat nor flow; it takes nothing", "Give heat_demand", "heat_demand")
    heat = np.where(empty, 0.0, heat)
    pairs = [(known[0] & known[1], Mode.FLOW_HEAT), (known[0] & np.isfinite(drop), Mode.HEAT_DROP), (known[0] & known[3], Mode.HEAT_RETURN),
             (known[1] & np.isfinite(drop), Mode.FLOW_DROP), (known[1] & known[3], Mode.FLOW_RETURN)]
    mode = np.select([mask for mask, _ in pairs], [kind for _, kind in pairs], Mode.FLOW_HEAT)
    flow = np.where(empty, 0.0, flow)
    total, at = int(first[-1]), slice(int(first[2]), int(first[3]))
    result = {}
    for name, values, rest in (("heat", heat, np.nan), ("flow", flow, np.nan), ("drop", drop, np.nan), ("back", back, np.nan), ("mode", mode, 0)):
        result[name] = np.full(total, rest)
        result[name][at] = values
    return result


def _size_exchangers(network: HeatNetwork, rows: np.ndarray) -> None:
    """Size exchangers and valves by the undisturbed state: an exchanger takes the share of the heat above room temperature that it takes there."""
    made = network.model
    result = HeatSolver(made).solve(HeatCases(1), warm=False)
    if result.status[0] != 0 or len(rows) == 0:
        return
    entry, flow, heat = result.temperature[0, made.link_from[rows]], np.abs(result.flow[0, rows]), result.heat[0, rows]
    room = heat_capacity(entry) * flow * np.maximum(entry - made.room, 0.0)
    served = (heat > 0) & (room > 0)
    made.effect[rows[served]] = heat[served] / room[served]
    made.most[rows[served]] = SPARE * flow[served]
    network.wanted[served] = heat[served]
    made.heat[rows[served]] = heat[served]


__all__ = ["EDGES", "KINDS", "HeatNetwork", "load"]
