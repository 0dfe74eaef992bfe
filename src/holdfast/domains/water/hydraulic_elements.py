"""Nodes and links of a water model from the city's tables, with defaults where a city never was a model."""

from __future__ import annotations

from typing import Any

import numpy as np
import pyarrow as pa

from holdfast.engines.network.hydraulic.model import LinkType, NodeType, Status
from holdfast.model.network import xyz

from .formats.context import LINK_KINDS, NODE_KINDS
from .formats.links import VALVE_TYPES
from .hydraulic_records import Records
from .hydraulic_tables import WaterTables, places
from .settings import chosen

_SETTINGS = {"PRV": "setting_head", "PSV": "setting_head", "PBV": "setting_head", "FCV": "setting_flow", "TCV": "setting_loss", "PCV": "opening"}


def nodes(tables: WaterTables, made: Records) -> dict[str, Any]:
    """Node arrays of `HydraulicModel`: junctions, reservoirs, tanks."""
    sizes = [tables.table(kind).num_rows for kind in NODE_KINDS]
    count, first_tank = sum(sizes), sizes[0] + sizes[1]
    places_xyz = np.concatenate([xyz(tables.table(kind)["geometry"]) for kind in NODE_KINDS])
    elevation = np.concatenate([_levels(tables, kind, "head" if kind == "water.reservoir" else "elevation") for kind in NODE_KINDS])
    emitter = np.zeros(count)
    emitter[: sizes[0]] = tables.numbers("water.junction", "emitter_coefficient", 0.0)
    head_pattern = np.full(count, -1, np.int64)
    head_pattern[sizes[0] : first_tank] = made.pattern(tables, "water.reservoir", "head_pattern")
    out: dict[str, Any] = {
        "node_id": pa.concat_arrays([tables.ids(kind) for kind in NODE_KINDS]),
        "node_type": np.repeat(np.array([NodeType.JUNCTION, NodeType.RESERVOIR, NodeType.TANK], np.int8), sizes),
        "node_xy": places_xyz[:, :2], "elevation": elevation, "head_pattern": head_pattern, "emitter": emitter,
    }  # fmt: skip
    for name, values in _tanks(tables, made).items():
        empty = -1 if values.dtype.kind == "i" else False if values.dtype.kind == "b" else np.nan
        out[name] = np.concatenate([np.full(first_tank, empty, values.dtype), values])
    return out


def _levels(tables: WaterTables, kind: str, field: str) -> np.ndarray:
    """Elevation or head; where it is missing ground less depth, else the height of the geometry, else zero, all reported."""
    values = tables.numbers(kind, field)
    missing = np.isnan(values)
    if missing.any():
        ground = tables.numbers(kind, "ground_elevation") - tables.numbers(kind, "depth", 0.0)
        z = xyz(tables.table(kind)["geometry"])[:, 2]
        other = np.where(np.isnan(ground), z, ground)
        tables.report("assumed", "warning", kind, tables.ids(kind), missing, f"{field} is missing; the ground or drawn level was taken, or zero", "Give it", field)
        values = np.where(missing, np.nan_to_num(other), values)
    return values


def _tanks(tables: WaterTables, made: Records) -> dict[str, np.ndarray]:
    kind = "water.tank"
    ids, depth = tables.ids(kind), float(chosen(tables.city, "default_tank_depth"))
    low = tables.numbers(kind, "minimum_level", 0.0)
    high = tables.numbers(kind, "maximum_level")
    unknown = np.isnan(high)
    tables.report("assumed", "warning", kind, ids, unknown, "maximum_level is missing; a default depth was taken", "Give it", "maximum_level")
    high = np.where(unknown, low + depth, high)
    start = tables.numbers(kind, "initial_level")
    start = np.where(np.isnan(start), (low + high) / 2, start)
    wrong = (high < low) | (start < low) | (start > high)
    tables.report("tank_levels", "error", kind, ids, wrong, "its levels do not rise from minimum over initial to maximum; the range was widened to hold all three",
                  "Correct the levels", "initial_level")  # fmt: skip
    ends = np.stack([low, start, high])
    low, high = np.where(wrong, ends.min(axis=0), low), np.where(wrong, ends.max(axis=0), high)
    curve = made.curve(tables, kind, "volume_curve")
    for at in np.flatnonzero(curve >= 0):
        points = made.curves[curve[at]]
        if low[at] < points[0, 0] - 1e-6 or high[at] > points[-1, 0] + 1e-6:
            tables.report("tank_levels", "error", kind, ids, np.arange(len(ids)) == at, "its levels lie outside its volume curve; the diameter is used instead",
                          "Correct curve or levels", "volume_curve")  # fmt: skip
            curve[at] = -1
    by_curve = curve >= 0
    diameter = np.where(by_curve, 1.0, tables.numbers(kind, "diameter"))
    bad = ~(diameter > 0)
    tables.report("assumed", "warning", kind, ids, bad, "diameter is missing or not above zero; a default was taken", "Give it", "diameter")
    area = np.pi / 4 * np.where(bad, float(chosen(tables.city, "default_tank_diameter")), diameter) ** 2
    stated = tables.numbers(kind, "minimum_volume", 0.0)
    volume = np.where(stated > 0, stated, area * low)
    for at in np.flatnonzero(by_curve):
        points = made.curves[curve[at]]
        area[at] = np.ptp(points[:, 1]) / np.ptp(points[:, 0])
        volume[at] = np.interp(low[at], points[:, 0], points[:, 1])
    overflow = np.array([bool(v) for v in tables.texts(kind, "overflow")], bool)
    return {"tank_initial": start, "tank_minimum": low, "tank_maximum": high, "tank_area": area, "tank_minimum_volume": volume, "tank_curve": curve,
            "tank_overflow": overflow}  # fmt: skip


def links(tables: WaterTables, made: Records, node_id: pa.Array, headloss: str) -> dict[str, Any]:
    """Link arrays of `HydraulicModel`: pipes, pumps, valves; links without two ends are left out and reported."""
    for kind in LINK_KINDS:
        _joined_only(tables, kind, node_id)
    parts = [_pipes(tables, headloss), _pumps(tables, made), _valves(tables, made)]
    out: dict[str, Any] = {name: np.concatenate([part[name] for part in parts]) for name in parts[0]}
    out["link_id"] = pa.concat_arrays([tables.ids(kind) for kind in LINK_KINDS])
    for name, field in (("link_from", "from_id"), ("link_to", "to_id")):
        out[name] = np.concatenate([places(tables.texts(kind, field), node_id) for kind in LINK_KINDS])
    _idle(tables, out)
    return out


def _joined_only(tables: WaterTables, kind: str, node_id: pa.Array) -> None:
    ends = [places(tables.texts(kind, field), node_id) for field in ("from_id", "to_id")]
    lost, loop = (ends[0] < 0) | (ends[1] < 0), (ends[0] == ends[1]) & (ends[0] >= 0)
    ids = tables.ids(kind)
    tables.report("missing_node", "error", kind, ids, lost, "an end names no node of the network; the link was left out", "Join it to a node", "from_id")
    tables.report("loop", "error", kind, ids, loop, "both ends are the same node; the link was left out", "Correct its ends", "to_id")
    if (lost | loop).any():
        tables.keep(kind, ~(lost | loop))


def _blank(count: int) -> dict[str, np.ndarray]:
    zero, none, nan = np.zeros(count), np.full(count, -1, np.int64), np.full(count, np.nan)
    return {"link_type": np.zeros(count, np.int8), "length": nan.copy(), "diameter": nan.copy(), "roughness": nan.copy(), "minor_loss": zero,
            "initial_status": np.full(count, Status.OPEN, np.int8), "initial_setting": nan.copy(), "pump_curve": none.copy(), "pump_power": nan.copy(),
            "pump_pattern": none.copy(), "valve_curve": none.copy()}  # fmt: skip


def _pipes(tables: WaterTables, headloss: str) -> dict[str, np.ndarray]:
    kind = "water.pipe"
    table = tables.table(kind)
    out = _blank(table.num_rows)
    check = np.array([bool(v) for v in tables.texts(kind, "check_valve")], bool)
    shut = np.array([v == "CLOSED" for v in tables.texts(kind, "initial_status")], bool) | _shut_by_valves(tables)
    stated, drawn = tables.numbers(kind, "length"), tables.numbers(kind, "shape_length")
    length = np.where(np.isnan(stated), drawn, stated)
    bad = ~(length > 0)
    tables.report("zero_length", "error", kind, tables.ids(kind), bad, "the pipe has no length; a short one was taken", "Give its length or geometry", "length")
    out["link_type"] = np.where(check, LinkType.CVPIPE, LinkType.PIPE).astype(np.int8)
    out["length"] = np.where(bad, float(chosen(tables.city, "least_length")), length)
    out["diameter"] = tables.filled(kind, "diameter", float(chosen(tables.city, "default_diameter")))
    out["roughness"] = tables.filled(kind, *_coefficient(tables, headloss))
    out["minor_loss"] = np.maximum(tables.numbers(kind, "minor_loss", 0.0), 0.0)
    out["initial_status"] = np.where(shut & ~check, Status.CLOSED, Status.OPEN).astype(np.int8)
    return out


def _coefficient(tables: WaterTables, headloss: str) -> tuple[str, Any]:
    """Field of the roughness coefficient and its default for every pipe."""
    if headloss == "D-W":
        return "roughness", float(chosen(tables.city, "default_roughness"))
    if headloss == "C-M":
        return "manning_n", float(chosen(tables.city, "default_manning"))
    by_material, default = chosen(tables.city, "hazen_williams_by_material"), float(chosen(tables.city, "default_hazen_williams"))
    return "hazen_williams_c", np.array([by_material.get(m or "", default) for m in tables.texts("water.pipe", "material")], np.float64)


def _shut_by_valves(tables: WaterTables) -> np.ndarray:
    """(pipe,) whether an isolation valve that is normally closed sits on it."""
    kind = "water.isolation_valve"
    closed = {pipe for pipe, state in zip(tables.texts(kind, "pipe_id"), tables.texts(kind, "normal_status"), strict=True) if pipe and state == "CLOSED"}
    return np.array([asset in closed for asset in tables.ids("water.pipe").to_pylist()], bool)


def _pumps(tables: WaterTables, made: Records) -> dict[str, np.ndarray]:
    kind = "water.pump"
    table, ids = tables.table(kind), tables.ids(kind)
    out = _blank(table.num_rows)
    wanted = np.array([bool(v) for v in tables.texts(kind, "head_curve")], bool)
    out["pump_curve"] = made.curve(tables, kind, "head_curve")
    power = tables.numbers(kind, "power")
    lame = wanted & (out["pump_curve"] < 0)
    unknown = ~wanted & ~(power > 0)
    tables.report("pump_without_curve", "error", kind, ids, lame, "its head curve cannot be used; the pump stands still", "Correct the curve", "head_curve")
    tables.report("assumed", "warning", kind, ids, unknown, "it has neither head curve nor power; a default power was taken", "Give one of them", "power")
    out["pump_power"] = np.where(wanted, np.nan, np.where(unknown, float(chosen(tables.city, "default_pump_power")), power))
    speed = tables.numbers(kind, "speed", 1.0)
    tables.report("assumed", "error", kind, ids, speed < 0, "its speed is negative; the pump stands still", "Correct the speed", "speed")
    shut = np.array([v == "CLOSED" for v in tables.texts(kind, "initial_status")], bool) | lame | (speed <= 0)
    out["link_type"][:] = LinkType.PUMP
    out["initial_setting"] = np.maximum(speed, 0.0)
    out["initial_status"] = np.where(shut, Status.CLOSED, Status.OPEN).astype(np.int8)
    out["pump_pattern"] = made.pattern(tables, kind, "speed_pattern")
    return out


def _valves(tables: WaterTables, made: Records) -> dict[str, np.ndarray]:
    kind = "water.valve"
    table, ids = tables.table(kind), tables.ids(kind)
    out = _blank(table.num_rows)
    types = np.array([v if v in VALVE_TYPES else "" for v in tables.texts(kind, "type")], object)
    tables.report("assumed", "error", kind, ids, types == "", "it has no known valve type; it is taken as open", "Give its type", "type")
    out["link_type"] = np.array([LinkType[v or "TCV"] for v in types], np.int8)
    setting = np.full(table.num_rows, np.nan)
    for name, field in _SETTINGS.items():
        setting = np.where(types == name, tables.numbers(kind, field, 0.0), setting)
    out["initial_setting"] = np.where(types == "", 0.0, setting)
    out["valve_curve"] = made.curve(tables, kind, "curve")
    blind = (types == "GPV") & (out["valve_curve"] < 0)
    tables.report("valve_without_curve", "error", kind, ids, blind, "it has no usable head-loss curve; it is taken as open", "Give its curve", "curve")
    out["link_type"] = np.where(blind, LinkType.TCV, out["link_type"]).astype(np.int8)
    out["initial_setting"] = np.where(blind, 0.0, out["initial_setting"])
    states = {"OPEN": Status.OPEN, "CLOSED": Status.CLOSED}
    out["initial_status"] = np.array([states.get(v or "", Status.ACTIVE) for v in tables.texts(kind, "initial_status")], np.int8)
    out["diameter"] = tables.filled(kind, "diameter", float(chosen(tables.city, "default_diameter")))
    out["minor_loss"] = np.maximum(tables.numbers(kind, "minor_loss", 0.0), 0.0)
    return out


def _idle(tables: WaterTables, out: dict[str, Any]) -> None:
    """Links out of service are shut, whatever the model file said."""
    states = [state for kind in LINK_KINDS for state in tables.texts(kind, "lifecycle")]
    idle = np.array([state == "out_of_service" for state in states], bool)
    if idle.any():
        out["initial_status"] = np.where(idle, Status.CLOSED, out["initial_status"]).astype(np.int8)
        tables.findings.add_rows("hydraulics.out_of_service", "info", "it is out of service and taken as shut", kind="water.pipe",
                                 ids=out["link_id"].filter(pa.array(idle)).to_pylist(), column="lifecycle", fix="")  # fmt: skip
