"""pandapower JSON -> power kinds, complete enough to state the same AC problem again."""

from __future__ import annotations

import json
from collections.abc import Iterator
from datetime import datetime
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa

from holdfast.io.net_places import point_wkb
from holdfast.io.net_tables import Reading, Rules, facts, records
from holdfast.io.pandapower_json import Frame, looks_like, read_net, texts
from holdfast.model.delivery import Batch, Delivery, ReadRequest
from holdfast.model.errors import Invalid
from holdfast.model.finding import Findings
from holdfast.model.spec import Kind

from .. import domain as d
from . import columns as c

CLASS = "pandapowerNet"

INJECTIONS: tuple[tuple[str, Kind, Rules], ...] = (
    ("load", d.LOAD, c.LOAD), ("asymmetric_load", d.LOAD, c.ASYMMETRIC_LOAD), ("motor", d.LOAD, c.MOTOR), ("gen", d.GENERATOR, c.GENERATOR), ("sgen", d.GENERATOR, c.GENERATOR),
    ("asymmetric_sgen", d.GENERATOR, c.ASYMMETRIC_GENERATOR), ("ext_grid", d.EXTERNAL_GRID, c.EXTERNAL_GRID), ("storage", d.BATTERY, c.BATTERY),
    ("shunt", d.SHUNT, c.SHUNT), ("ward", d.WARD, c.WARD), ("xward", d.WARD, c.WARD),
)
BRANCHES: tuple[tuple[str, Kind, Rules, str, str], ...] = (
    ("line", d.LINE, c.LINE, "from_bus", "to_bus"), ("trafo", d.TRANSFORMER, c.TRANSFORMER, "hv_bus", "lv_bus"),
    ("impedance", d.IMPEDANCE, c.IMPEDANCE, "from_bus", "to_bus"), ("dcline", d.DC_LINE, c.DC_LINE, "from_bus", "to_bus"),
)
KINDS = {"bus": "power.bus"} | {table: kind.name for table, kind, *_ in (*BRANCHES, *INJECTIONS)} | {
    "trafo3w": "power.transformer3", "switch": "power.switch", "measurement": "power.meter", "substation": "power.substation"}
PREFIXED = ("asymmetric_load", "motor", "gen", "asymmetric_sgen", "xward")
SWITCHED = {"b": "bus", "l": "line", "t": "trafo", "t3": "trafo3w"}
METERED_END = {("line", False): "from_bus", ("line", True): "to_bus", ("trafo", False): "hv_bus", ("trafo", True): "lv_bus"}


def read(path: Path, request: ReadRequest) -> Delivery:
    """Read a pandapower net.

    raises    NotFound, Invalid if the file is not a whole pandapower net with buses
    """
    net = read_net(path, CLASS)
    if not len(net.table("bus")):
        raise Invalid("The net has no buses", file=str(path), field="bus", fix="Save the net with its bus table")
    reading = Reading(net, "bus", Findings())
    reading.prepare(KINDS, PREFIXED)
    crs = reading.place("line", ("from_bus", "to_bus"), net.table("line").numbers("length_km") * c.KILO, request.crs, "power.bus")
    wanted = (b for b in _batches(reading) if b.table.num_rows and (request.only is None or b.kind in request.only))
    return Delivery("pandapower", wanted, crs, findings=reading.findings, facts=facts(net, reading.places) | {"frequency": net.values.get("f_hz")})


def _batches(reading: Reading) -> Iterator[Batch]:
    yield _buses(reading)
    makers = [("substation", _substations)]
    makers += [(table, partial(_branches, table=table, kind=kind, rules=rules, ends=(first, second))) for table, kind, rules, first, second in BRANCHES]
    makers += [("trafo3w", _transformers3), ("switch", _switches)]
    makers += [(table, partial(_injections, table=table, kind=kind, rules=rules)) for table, kind, rules in INJECTIONS]
    for table, make in [*makers, ("measurement", _meters)]:
        if len(reading.net.table(table)):
            yield make(reading)
    yield _profiles(reading)
    yield Batch("power.record", records(reading.net, "power.record", {*KINDS, "bus_geodata", "line_geodata", "profiles"}, ("std_types",)))


def _buses(reading: Reading) -> Batch:
    frame, stations = reading.frame, reading.net.table("substation")
    station = {name: reading.ids["substation"][label] for label, name in zip(stations.index, texts(stations, "name"), strict=True)}
    columns = reading.columns(frame, d.BUS, c.BUS, *(("substation",) if station else ()))
    columns["geometry"] = reading.points(np.arange(len(frame)))
    if station:
        columns["substation_id"] = pa.array([station.get(name or "") for name in texts(frame, "substation")], pa.string())
    return reading.batch(d.BUS, "bus", frame, columns)


def _substations(reading: Reading) -> Batch:
    """Substations lie amid the buses that name them."""
    frame, places = reading.net.table("substation"), reading.places
    assert places is not None
    member, voltage = np.array(texts(reading.frame, "substation"), dtype=object), reading.frame.numbers("vn_kv") * c.KILO
    housed = texts(reading.net.table("trafo"), "substation")
    x, y, level = (np.full(len(frame), np.nan) for _ in range(3))
    for i, name in enumerate(texts(frame, "name")):
        inside = member == name
        if inside.any():
            level[i] = voltage[inside].max()
        if (inside & np.isfinite(places.x)).any():
            x[i], y[i] = np.nanmean(places.x[inside]), np.nanmean(places.y[inside])
    columns = reading.columns(frame, d.SUBSTATION, {})
    columns |= {"geometry": point_wkb(x, y), "nominal_voltage": pa.array(level, from_pandas=True),
                "transformers": pa.array([housed.count(name) for name in texts(frame, "name")], pa.int64())}
    return reading.batch(d.SUBSTATION, "substation", frame, columns)


def _branches(reading: Reading, table: str, kind: Kind, rules: Rules, ends: tuple[str, str]) -> Batch:
    frame, (start, end) = reading.attached(table, kind.name, *ends)
    columns = reading.columns(frame, kind, rules, *ends)
    columns |= {"from_id": reading.node_ids(start), "to_id": reading.node_ids(end)}
    columns["geometry"] = reading.points(start) if kind.geometry == "Point" else reading.lines(table, frame, start, end)
    if table in ("line", "trafo"):
        columns |= _closed_ends(reading, table, frame, ends)
    if table == "line":
        columns["nominal_voltage"] = pa.array(reading.frame.numbers("vn_kv")[start] * c.KILO, from_pandas=True)
        columns["category"] = pa.array(["GD01"] * len(frame), pa.string())
        columns["laying"] = pa.array([{"cs": "ZM", "ol": "JK"}.get(built or "") for built in texts(frame, "type")], pa.string())
    return reading.batch(kind, table, frame, columns)


def _closed_ends(reading: Reading, table: str, frame: Frame, ends: tuple[str, str]) -> dict[str, pa.Array]:
    """Whether the switches between each end and its bus are closed; an end without a switch is."""
    code = {"line": "l", "trafo": "t"}[table]
    switches = reading.net.table("switch")
    cells = zip(switches.labels("element").tolist(), switches.labels("bus").tolist(), switches.cells("et"), switches.cells("closed"), strict=True)
    shut = {(element, bus) for element, bus, et, closed in cells if et == code and not closed}
    return {
        name: pa.array([(label, bus) not in shut for label, bus in zip(frame.index, frame.labels(column).tolist(), strict=True)], pa.bool_())
        for name, column in zip(("from_closed", "to_closed"), ends, strict=True)
    }


def _transformers3(reading: Reading) -> Batch:
    sides = ("hv", "mv", "lv")
    frame, rows = reading.attached("trafo3w", "power.transformer3", *(f"{side}_bus" for side in sides))
    columns = reading.columns(frame, d.TRANSFORMER3, c.TRANSFORMER3, *(f"{side}_bus" for side in sides))
    columns |= {f"{side}_bus_id": reading.node_ids(row) for side, row in zip(sides, rows, strict=True)}
    columns["geometry"] = reading.points(rows[0])
    return reading.batch(d.TRANSFORMER3, "trafo3w", frame, columns)


def _switches(reading: Reading) -> Batch:
    frame, (bus,) = reading.attached("switch", "power.switch", "bus")
    frame, targets, keep = _referring(reading, "switch", "power.switch", frame, "et", SWITCHED)
    columns = reading.columns(frame, d.SWITCH, c.SWITCH, "bus", "element")
    columns |= {"from_id": reading.node_ids(bus[keep]), "to_id": pa.array(targets, pa.string()), "geometry": reading.points(bus[keep])}
    return reading.batch(d.SWITCH, "switch", frame, columns)


def _referring(reading: Reading, table: str, kind: str, frame: Frame, type_column: str, tables: dict[str, str]) -> tuple[Frame, list[str], np.ndarray]:
    """Rows whose (type, `element`) is in the file, with the asset ids meant and the mask of rows kept; the others become findings."""
    pairs = zip(frame.cells(type_column), frame.labels("element").tolist(), strict=True)
    targets = [reading.ids.get(tables.get(meant, ""), {}).get(element) for meant, element in pairs]
    keep = np.array([target is not None for target in targets], dtype=bool)
    reading.dangling(table, kind, frame, np.flatnonzero(~keep), "element", frame.cells("element"), "element")
    return frame.take(keep), [target for target in targets if target is not None], keep


def _injections(reading: Reading, table: str, kind: Kind, rules: Rules) -> Batch:
    frame, (bus,) = reading.attached(table, kind.name, "bus")
    columns = reading.columns(frame, kind, rules, "bus", "const_z_percent", "const_i_percent")
    for part, old in (("impedance", "const_z_percent"), ("current", "const_i_percent")):
        if old in frame.data and table == "load":  # before version 3 one share served active and reactive power
            columns |= {f"{part}_share_{letter}": pa.array(frame.numbers(old) * c.PERCENT, from_pandas=True) for letter in "pq"}
    columns |= {"bus_id": reading.node_ids(bus), "geometry": _own_points(reading, table, frame, bus)}
    if kind.field("model") is not None:
        columns["model"] = pa.array([table] * len(frame), pa.string())
    if table in ("asymmetric_load", "asymmetric_sgen"):
        columns |= {total: pa.array(sum(frame.numbers(f"{total}_{phase}_{unit}", 0.0) for phase in "abc") * c.MEGA) for total, unit in (("p", "mw"), ("q", "mvar"))}
    elif table == "motor":
        p = frame.numbers("pn_mech_mw") * frame.numbers("loading_percent", 100.0) / frame.numbers("efficiency_percent", 100.0) * c.MEGA
        q = p * np.tan(np.arccos(np.clip(frame.numbers("cos_phi", 1.0), 0.0, 1.0)))
        columns |= {"p": pa.array(p, from_pandas=True), "q": pa.array(q, from_pandas=True)}
    return reading.batch(kind, table, frame, columns)


def _own_points(reading: Reading, table: str, frame: Frame, bus: np.ndarray) -> pa.Array:
    """A `<table>s_geodata` table places the rows it knows; the others lie at their bus."""
    x, y = reading.xy(bus)
    own = reading.net.table(f"{table}s_geodata")
    assert reading.places is not None
    if len(own) and not reading.places.geojson:
        at = {label: (a, b) for label, a, b in zip(own.index, own.numbers("x").tolist(), own.numbers("y").tolist(), strict=True)}
        placed = [at.get(label, (a, b)) for label, a, b in zip(frame.index, x.tolist(), y.tolist(), strict=True)]
        x, y = (np.array([p[i] for p in placed], dtype=np.float64) for i in (0, 1))
    return point_wkb(x, y)


def _meters(reading: Reading) -> Batch:
    frame = reading.net.table("measurement")
    tables = {name: name for name in ("bus", "line", "trafo", "trafo3w", "load", "gen", "sgen", "ext_grid", "shunt", "storage")}
    frame, hosts, _ = _referring(reading, "measurement", "power.meter", frame, "element_type", tables)
    columns = reading.columns(frame, d.METER, c.METER)
    columns |= {"host_id": pa.array(hosts, pa.string()), "geometry": reading.points(_metered_bus(reading, frame))}
    return reading.batch(d.METER, "measurement", frame, columns)


def _metered_bus(reading: Reading, frame: Frame) -> np.ndarray:
    """(n,) bus row where each measurement is taken, -1 where unknown."""
    buses: dict[tuple[str, str], dict[Any, int]] = {}
    rows = []
    for kind, label, side in zip(frame.cells("element_type"), frame.labels("element").tolist(), frame.cells("side"), strict=True):
        if kind != "bus":
            key = (kind, METERED_END.get((kind, side in ("to", "lv")), "bus"))
            if key not in buses:
                table = reading.net.table(kind)
                buses[key] = dict(zip(table.index, table.labels(key[1]).tolist(), strict=True))
            label = buses[key].get(label, -1)
        rows.append(reading.row.get(label, -1))
    return np.array(rows, dtype=np.int64)


def _profiles(reading: Reading) -> Batch:
    """Series of the `profiles` value, one record each."""
    profiles = reading.net.values.get("profiles")
    rows: list[dict[str, Any]] = []
    for element, value in (profiles.items() if isinstance(profiles, dict) else ()):
        content = value.get("content") if isinstance(value, dict) else None
        if not isinstance(content, dict) or not content.get("data") or "columns" not in content:
            continue
        series = dict(zip(content["columns"], zip(*content["data"], strict=True), strict=True))
        clock = series.pop("time", ())
        rows += [{"id": f"power.profile:{element}/{name}", "name": name, "element": element, "start": str(clock[0]) if clock else None, "interval": _interval(clock),
                  "steps": len(values), "values": json.dumps(values)} for name, values in series.items()]
    return Batch("power.profile", pa.Table.from_pylist(rows))


def _interval(clock: tuple[Any, ...]) -> float | None:
    for pattern in ("%d.%m.%Y %H:%M", "%Y-%m-%d %H:%M:%S", "%Y-%m-%dT%H:%M:%S"):
        try:
            return (datetime.strptime(str(clock[1]), pattern) - datetime.strptime(str(clock[0]), pattern)).total_seconds()
        except (ValueError, IndexError):
            continue
    return None


def sniff(path: Path, head: bytes) -> float:
    """How surely the file is a pandapower net."""
    return 0.95 if looks_like(head, CLASS) else 0.0
