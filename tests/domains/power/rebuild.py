"""States the AC problem of a city's power tables again, for power-grid-model and for a plain Newton solver.

Only the stored tables are used, so an agreement with a reference answer proves that the import lost nothing.
"""

from __future__ import annotations

import json
import math
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np
import pyarrow as pa

Table = Callable[[str], pa.Table]


def column(table: pa.Table, name: str, default: float = np.nan) -> np.ndarray:
    """A column as float64 with a default for nulls."""
    values = table[name].cast(pa.float64()).to_numpy(zero_copy_only=False).astype(float)
    return np.where(np.isnan(values), default, values)


def flags(table: pa.Table, name: str) -> np.ndarray:
    """A boolean column; null counts as true."""
    return np.array([value is not False for value in table[name].to_pylist()], dtype=bool)


def rows_of(table: pa.Table, name: str, index: dict[str, int]) -> np.ndarray:
    return np.array([index[value] for value in table[name].to_pylist()], dtype=np.int64)


@dataclass
class Problem:
    """Electrical data in SI on fused buses: buses joined by closed bus-to-bus switches count as one."""

    ids: list[str]
    node: np.ndarray  # (bus,) fused node
    voltage: np.ndarray  # (bus,) nominal [V]
    alive: np.ndarray  # (bus,) in service
    frequency: float
    tables: dict[str, pa.Table]

    def index(self) -> dict[str, int]:
        return {asset: i for i, asset in enumerate(self.ids)}


def problem(read: Table) -> Problem:
    """Buses, fused over closed switches between them, and the frequency of the net."""
    kinds = ("bus", "line", "transformer", "switch", "load", "generator", "external_grid", "shunt", "battery", "ward", "record")
    tables = {kind: read(f"power.{kind}") for kind in kinds}
    bus = tables["bus"]
    ids = bus["id"].to_pylist()
    index = {asset: i for i, asset in enumerate(ids)}
    node = np.arange(len(ids))
    for row in tables["switch"].select(["element_type", "closed", "from_id", "to_id"]).to_pylist():
        if row["element_type"] == "bus" and row["closed"]:
            a, b = node[index[row["from_id"]]], node[index[row["to_id"]]]
            node[node == max(a, b)] = min(a, b)
    net = [json.loads(row["content"]) for row in tables["record"].to_pylist() if row["source_table"] == "net"]
    return Problem(ids, node, column(bus, "nominal_voltage"), flags(bus, "in_service"), float(net[0]["f_hz"]) if net else 50.0, tables)


def ratio(transformer: pa.Table) -> tuple[np.ndarray, np.ndarray]:
    """Rated voltages with the tap changer at work; without a tap changer type the position has no effect."""
    steps = (column(transformer, "tap_position", 0.0) - column(transformer, "tap_neutral", 0.0)) * column(transformer, "tap_step", 0.0)
    steps = np.where([kind is None for kind in transformer["tap_changer"].to_pylist()], 0.0, steps)
    high, low = column(transformer, "hv_voltage"), column(transformer, "lv_voltage")
    on_high = np.array([side != "lv" for side in transformer["tap_side"].to_pylist()])
    return np.where(on_high, high * (1 + steps), high), np.where(on_high, low, low * (1 + steps))


def solve_pgm(read: Table) -> dict[str, np.ndarray]:
    """Voltages by bus and losses from power-grid-model.

    Its transformer is a pi circuit with the magnetising branch at the ends; the references were made with a T circuit.
    """
    from power_grid_model import ComponentType, DatasetType, LoadGenType, PowerGridModel, initialize_array

    p = problem(read)
    index = p.index()
    count = len(p.ids)
    used = np.unique(p.node)
    node = initialize_array(DatasetType.input, ComponentType.node, len(used))
    node["id"], node["u_rated"] = used, p.voltage[used]
    data: dict[Any, np.ndarray] = {ComponentType.node: node}
    first = count

    def block(kind: Any, table: pa.Table) -> np.ndarray:
        nonlocal first
        array = initialize_array(DatasetType.input, kind, table.num_rows)
        array["id"] = np.arange(first, first + table.num_rows)
        first += table.num_rows
        data[kind] = array
        return array

    line = p.tables["line"]
    a = block(ComponentType.line, line)
    length, parallel = column(line, "length"), column(line, "parallel", 1.0)
    start, end = rows_of(line, "from_id", index), rows_of(line, "to_id", index)
    on = flags(line, "in_service") & p.alive[start] & p.alive[end]
    a["from_node"], a["to_node"] = p.node[start], p.node[end]
    a["from_status"], a["to_status"] = on & flags(line, "from_closed"), on & flags(line, "to_closed")
    a["r1"], a["x1"] = column(line, "resistance") * length / parallel, column(line, "reactance") * length / parallel
    capacitance = column(line, "capacitance", 0.0) * length * parallel
    a["c1"], a["tan1"], a["i_n"] = capacitance, 0.0, column(line, "rated_current") * column(line, "derating", 1.0) * parallel

    transformer = p.tables["transformer"]
    a = block(ComponentType.transformer, transformer)
    start, end = rows_of(transformer, "from_id", index), rows_of(transformer, "to_id", index)
    on = flags(transformer, "in_service") & p.alive[start] & p.alive[end]
    parallel = column(transformer, "parallel", 1.0)
    high, low = ratio(transformer)
    a["from_node"], a["to_node"] = p.node[start], p.node[end]
    a["from_status"], a["to_status"] = on & flags(transformer, "from_closed"), on & flags(transformer, "to_closed")
    a["u1"], a["u2"], a["sn"] = high, low, column(transformer, "rated_power") * parallel
    a["uk"], a["pk"] = column(transformer, "short_circuit_voltage"), column(transformer, "short_circuit_resistance") * column(transformer, "rated_power") * parallel
    a["i0"], a["p0"] = column(transformer, "no_load_current", 0.0), column(transformer, "iron_loss", 0.0) * parallel
    clock = np.round(column(transformer, "phase_shift", 0.0) / math.radians(30)).astype(int) % 12
    a["clock"], a["winding_from"], a["winding_to"] = clock, np.where(clock % 2 == 1, 2, 1), 1
    a["tap_side"], a["tap_pos"], a["tap_min"], a["tap_max"], a["tap_nom"], a["tap_size"] = 0, 0, 0, 0, 0, 0.0

    grid = p.tables["external_grid"]
    a = block(ComponentType.source, grid)
    at = rows_of(grid, "bus_id", index)
    a["node"], a["status"] = p.node[at], flags(grid, "in_service")
    a["u_ref"], a["u_ref_angle"], a["sk"] = column(grid, "voltage_setpoint"), column(grid, "voltage_angle", 0.0), 1e20

    for kind, name, sign in ((ComponentType.sym_load, "load", 1), (ComponentType.sym_gen, "generator", 1)):
        table = p.tables[name]
        a = block(kind, table)
        at = rows_of(table, "bus_id", index)
        a["node"], a["status"], a["type"] = p.node[at], flags(table, "in_service") & p.alive[at], LoadGenType.const_power
        scaling = column(table, "scaling", 1.0)
        a["p_specified"], a["q_specified"] = sign * column(table, "p", 0.0) * scaling, sign * column(table, "q", 0.0) * scaling

    model = PowerGridModel({kind: array for kind, array in data.items() if len(array)}, system_frequency=p.frequency)
    out = model.calculate_power_flow(symmetric=True, error_tolerance=1e-10, max_iterations=50)
    position = {int(n): i for i, n in enumerate(used)}
    rows = np.array([position[int(n)] for n in p.node])
    results = {"voltage": np.where(out["node"]["energized"][rows] == 1, out["node"]["u_pu"][rows], np.nan)}
    for kind in ("line", "transformer"):
        table = out.get(kind)
        results[f"{kind}_loss"] = np.zeros(0) if table is None else table["p_from"] + table["p_to"]
        results[f"{kind}_loading"] = np.zeros(0) if table is None else table["loading"]
    return results


def solve_newton(read: Table) -> dict[str, Any]:
    """Voltages and losses by Newton-Raphson with voltage-controlled generators, for small nets (dense Jacobian)."""
    p = problem(read)
    index = p.index()
    used = np.unique(p.node)
    at = {int(n): i for i, n in enumerate(used)}
    seat = np.array([at[int(n)] for n in p.node])
    base, volts = 1e8, p.voltage[used]
    y = _admittance(p, index, seat, volts, base)
    power, held, angle = np.zeros(len(used), complex), np.full(len(used), np.nan), np.full(len(used), np.nan)
    for name, sign in (("load", -1), ("generator", 1)):
        table = p.tables[name]
        on = flags(table, "in_service") * column(table, "scaling", 1.0)
        np.add.at(power, seat[rows_of(table, "bus_id", index)], sign * on * (column(table, "p", 0.0) + 1j * column(table, "q", 0.0)) / base)
        if name == "generator":
            controlled = np.array([m == "gen" for m in table["model"].to_pylist()], dtype=bool) & flags(table, "in_service")
            held[seat[rows_of(table, "bus_id", index)[controlled]]] = column(table, "voltage_setpoint")[controlled]
    grid = p.tables["external_grid"]
    slack = seat[rows_of(grid, "bus_id", index)]
    held[slack], angle[slack] = column(grid, "voltage_setpoint"), column(grid, "voltage_angle", 0.0)
    v = _newton(y, power, held, angle)
    flow = v * np.conj(y @ v)
    return {"voltage": np.abs(v)[seat], "loss": flow.real.sum() * base, "slack": flow[slack] * base}


def _admittance(p: Problem, index: dict[str, int], seat: np.ndarray, volts: np.ndarray, base: float) -> np.ndarray:
    y = np.zeros((len(volts), len(volts)), complex)

    def branch(start: np.ndarray, end: np.ndarray, series: np.ndarray, shunt: np.ndarray, turns: np.ndarray, on: np.ndarray) -> None:
        for i, j, a, b, n in zip(start[on], end[on], series[on], shunt[on], turns[on], strict=True):
            y[i, i] += (a + b / 2) / (n * np.conj(n))
            y[j, j] += a + b / 2
            y[i, j] -= a / np.conj(n)
            y[j, i] -= a / n

    line = p.tables["line"]
    start, end = seat[rows_of(line, "from_id", index)], seat[rows_of(line, "to_id", index)]
    length, parallel, z_base = column(line, "length"), column(line, "parallel", 1.0), volts[start] ** 2 / base
    z = (column(line, "resistance") + 1j * column(line, "reactance")) * length / parallel / z_base
    b = 1j * 2 * math.pi * p.frequency * column(line, "capacitance", 0.0) * length * parallel * z_base
    branch(start, end, 1 / z, b, np.ones(len(z), complex), flags(line, "in_service") & flags(line, "from_closed") & flags(line, "to_closed"))

    transformer = p.tables["transformer"]
    if transformer.num_rows:
        start, end = seat[rows_of(transformer, "from_id", index)], seat[rows_of(transformer, "to_id", index)]
        high, low = ratio(transformer)
        size = column(transformer, "rated_power") * column(transformer, "parallel", 1.0)
        short, real = column(transformer, "short_circuit_voltage"), column(transformer, "short_circuit_resistance")
        z = (real + 1j * np.sqrt(short**2 - real**2)) * low**2 / size / (volts[end] ** 2 / base)
        turns = high / low * volts[end] / volts[start] * np.exp(1j * column(transformer, "phase_shift", 0.0))
        iron, idle = column(transformer, "iron_loss", 0.0), column(transformer, "no_load_current", 0.0)
        magnetising = np.sqrt(np.maximum((idle * column(transformer, "rated_power")) ** 2 - iron**2, 0.0)) * np.sign(idle)
        shunt = (iron - 1j * magnetising) * column(transformer, "parallel", 1.0) / base * (volts[end] / low) ** 2
        branch(start, end, 1 / z, shunt, turns, flags(transformer, "in_service"))

    shunt = p.tables["shunt"]
    if shunt.num_rows:
        place = seat[rows_of(shunt, "bus_id", index)]
        size = (column(shunt, "p", 0.0) - 1j * column(shunt, "q", 0.0)) * column(shunt, "step", 1.0) * flags(shunt, "in_service") / base
        np.add.at(y, (place, place), size * (volts[place] / column(shunt, "nominal_voltage")) ** 2)
    return y


def _newton(y: np.ndarray, power: np.ndarray, held: np.ndarray, angle: np.ndarray) -> np.ndarray:
    slack = ~np.isnan(angle)
    v = np.where(np.isnan(held), 1.0, held) * np.exp(1j * np.where(slack, angle, angle[slack][0]))
    turning, swelling = np.flatnonzero(~slack), np.flatnonzero(np.isnan(held))
    for _ in range(30):
        current = y @ v
        miss = v * np.conj(current) - power
        residual = np.concatenate([miss.real[turning], miss.imag[swelling]])
        if np.abs(residual).max() < 1e-10:
            return v
        by_angle = 1j * np.diag(v) @ np.conj(np.diag(current) - y @ np.diag(v))
        by_size = np.diag(v) @ np.conj(y @ np.diag(v / np.abs(v))) + np.diag(np.conj(current) * v / np.abs(v))
        jacobian = np.block([[by_angle.real[np.ix_(turning, turning)], by_size.real[np.ix_(turning, swelling)]],
                             [by_angle.imag[np.ix_(swelling, turning)], by_size.imag[np.ix_(swelling, swelling)]]])
        step = np.linalg.solve(jacobian, -residual)
        phase, size = np.angle(v), np.abs(v)
        phase[turning] += step[: len(turning)]
        size[swelling] += step[len(turning) :]
        v = size * np.exp(1j * phase)
    raise AssertionError("Newton-Raphson did not settle")
