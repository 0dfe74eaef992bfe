"""pandapower JSON -> power kinds, complete enough to state the same AC problem again."""

from __future__ import annotations

import json
import math
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa

from holdfast.io.pandapower_json import (
    Frame,
    NetFile,
    Places,
    Rules,
    arrow_columns,
    asset_ids,
    line_wkb,
    looks_like,
    names_usable,
    node_places,
    point_wkb,
    read_net,
    texts,
    unique_rows,
)
from holdfast.model.delivery import Batch, Delivery, Format, ReadRequest
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
SWITCHED = {"b": "bus", "l": "line", "t": "trafo", "t3": "trafo3w"}
MEASURED = {"bus": "bus", "line": "line", "trafo": "trafo", "trafo3w": "trafo3w", "load": "load", "gen": "gen", "sgen": "sgen", "ext_grid": "ext_grid"}
_PREFIXED = {"asymmetric_load", "motor", "gen", "asymmetric_sgen", "xward"}


@dataclass(slots=True)
class _Reading:
    """What is shared while the tables of one net are turned into batches."""

    net: NetFile
    findings: Findings
    file: str
    places: Places = field(default_factory=lambda: Places(np.zeros(0), np.zeros(0)))
    ids: dict[str, dict[Any, str]] = field(default_factory=dict)
    bus_row: dict[Any, int] = field(default_factory=dict)


def read(path: Path, request: ReadRequest) -> Delivery:
    """Read a pandapower net.

    raises    NotFound, Invalid if the file is not a whole pandapower net with buses
    """
    net = read_net(path, CLASS)
    delivery = Delivery("pandapower", (), findings=Findings())
    if not len(net.table("bus")):
        raise Invalid("The net has no buses", file=str(path), field="bus", fix="Save the net with its bus table")
    reading = _Reading(net, delivery.findings, str(path))
    kinds = {table: kind.name for table, kind, *_ in (*INJECTIONS, *BRANCHES)} | {"bus": "power.bus", "switch": "power.switch", "trafo3w": "power.transformer3",
                                                                              "measurement": "power.meter", "substation": "power.substation"}
    for table, kind in kinds.items():
        if table in net.tables:
            net.tables[table] = unique_rows(net.tables[table], kind, delivery.findings, reading.file)
    reading.bus_row = {label: i for i, label in enumerate(net.table("bus").index)}
    _name_everything(reading, kinds)
    lines = net.table("line")
    known = np.isin(lines.labels("from_bus"), list(reading.bus_row)) & np.isin(lines.labels("to_bus"), list(reading.bus_row))
    start, end = (np.array([reading.bus_row[b] for b in lines.labels(column)[known]], dtype=np.int64) for column in ("from_bus", "to_bus"))
    reading.places = node_places(net, "bus", (start, end, lines.numbers("length_km")[known] * c.KILO), request.crs, "power.bus", delivery.findings)
    delivery.crs = reading.places.crs
    delivery.facts = _facts(reading)
    delivery.batches = (b for b in _batches(reading) if b.table.num_rows and (request.only is None or b.kind in request.only))
    return delivery


def _facts(reading: _Reading) -> dict[str, Any]:
    net = reading.net
    facts: dict[str, Any] = {"version": net.values.get("version"), "frequency_hz": net.values.get("f_hz"), "title": net.values.get("name") or None}
    facts |= {f"rows of {table}": len(frame) for table, frame in net.tables.items() if len(frame) and not table.startswith("res_")}
    if not math.isnan(reading.places.scale):
        facts["distance over length"] = round(reading.places.scale, 4)
    return facts


def _name_everything(reading: _Reading, kinds: dict[str, str]) -> None:
    """Give every row its asset id: names where they are complete and unique within the kind, else row labels."""
    by_kind: dict[str, list[str]] = {}
    for table, kind in kinds.items():
        if len(reading.net.table(table)):
            by_kind.setdefault(kind, []).append(table)
    for kind, tables in by_kind.items():
        named = names_usable([name for table in tables for name in texts(reading.net.table(table), "name")])
        for table in tables:
            frame = reading.net.table(table)
            prefix = f"{table}-" if table in _PREFIXED else ""
            reading.ids[table] = dict(zip(frame.index, asset_ids(frame, kind, prefix, named=named), strict=True))


def _batches(reading: _Reading) -> Iterator[Batch]:
    yield _buses(reading)
    yield _substations(reading)
    for table, kind, rules, first, second in BRANCHES:
        if len(reading.net.table(table)):
            yield _branches(reading, table, kind, rules, first, second)
    yield _transformers3(reading)
    yield _switches(reading)
    for table, kind, rules in INJECTIONS:
        if len(reading.net.table(table)):
            yield _injections(reading, table, kind, rules)
    yield _meters(reading)
    yield _profiles(reading)
    yield _records(reading)


def _batch(reading: _Reading, kind: Kind, table: str, frame: Frame, columns: dict[str, pa.Array]) -> Batch:
    ids = reading.ids[table]
    first = {"id": pa.array([ids[label] for label in frame.index], pa.string()), "source_index": pa.array(_labels(frame), pa.int64())}
    if kind.field("source_table") is not None:
        first["source_table"] = pa.array([table] * len(frame), pa.string())
    if "geometry" in columns and columns["geometry"].null_count == len(frame):
        del columns["geometry"]  # a net without places
    return Batch(kind.name, pa.table(first | columns), frame.rows)


def _labels(frame: Frame) -> list[int | None]:
    return [int(label) if isinstance(label, (int, float)) else None for label in frame.index]


def _buses(reading: _Reading) -> Batch:
    frame = reading.net.table("bus")
    stations = reading.ids.get("substation", {})
    station = {name: stations[label] for label, name in zip(reading.net.table("substation").index, texts(reading.net.table("substation"), "name"), strict=True)}
    skip = frozenset({"geo"} | ({"substation"} if station else set()))
    columns = arrow_columns(frame, d.BUS, c.BUS, reading.findings, reading.file, skip=skip)
    columns["geometry"] = point_wkb(reading.places.x, reading.places.y)
    if station:
        columns["substation_id"] = pa.array([station.get(name or "") for name in texts(frame, "substation")], pa.string())
    return _batch(reading, d.BUS, "bus", frame, columns)


def _substations(reading: _Reading) -> Batch:
    frame, buses = reading.net.table("substation"), reading.net.table("bus")
    if not len(frame):
        return Batch("power.substation", pa.table({"id": pa.array([], pa.string())}))
    member, voltage = np.array(texts(buses, "substation"), dtype=object), buses.numbers("vn_kv") * c.KILO
    housed = texts(reading.net.table("trafo"), "substation")
    x, y, level, count = (np.full(len(frame), np.nan) for _ in range(4))
    for i, name in enumerate(texts(frame, "name")):
        inside = (member == name) & np.isfinite(reading.places.x)
        if inside.any():
            x[i], y[i] = reading.places.x[inside].mean(), reading.places.y[inside].mean()
        if (member == name).any():
            level[i] = voltage[member == name].max()
        count[i] = sum(station == name for station in housed)
    columns = arrow_columns(frame, d.SUBSTATION, {}, reading.findings, reading.file, skip=frozenset({"geo"}))
    columns |= {"geometry": point_wkb(x, y), "nominal_voltage": pa.array(level, from_pandas=True), "transformers": pa.array(count.astype(np.int64))}
    return _batch(reading, d.SUBSTATION, "substation", frame, columns)


def _attached(reading: _Reading, table: str, kind: str, *columns: str) -> tuple[Frame, list[np.ndarray]]:
    """The rows of a table whose references to buses all hold, with the bus rows; the others become findings."""
    frame = reading.net.table(table)
    missing = [column for column in columns if column not in frame.data]
    if missing:
        reading.findings.add("import.missing_column", "error", f"Table {table} has no column {', '.join(missing)}; its {len(frame)} rows are left out", kind=kind,
                             column=missing[0], fix="Save the net again with all columns", file=reading.file)
        return frame.take(np.zeros(len(frame), bool)), [np.zeros(0, np.int64) for _ in columns]
    rows = [np.array([reading.bus_row.get(label, -1) for label in frame.labels(column).tolist()], dtype=np.int64) for column in columns]
    good = np.logical_and.reduce([row >= 0 for row in rows])
    for column, row in zip(columns, rows, strict=True):
        bad = np.flatnonzero(row < 0)
        reading.findings.add_rows("import.dangling_reference", "error", f"{column} names a bus that is not in the file; the row is left out", kind=kind,
                                  ids=[reading.ids[table][frame.index[i]] for i in bad], column=column, values=[frame.data[column][i] for i in bad],
                                  fix="Add the bus or correct the reference", file=reading.file, rows=frame.rows[bad])
    return frame.take(good), [row[good] for row in rows]


def _bus_ids(reading: _Reading, rows: np.ndarray) -> pa.Array:
    ids = reading.ids["bus"]
    labels = reading.net.table("bus").index
    return pa.array([ids[labels[row]] for row in rows.tolist()], pa.string())


def _branches(reading: _Reading, table: str, kind: Kind, rules: Rules, first: str, second: str) -> Batch:
    frame, (start, end) = _attached(reading, table, kind.name, first, second)
    columns = arrow_columns(frame, kind, rules, reading.findings, reading.file, skip=frozenset({"geo", first, second}))
    columns |= {"from_id": _bus_ids(reading, start), "to_id": _bus_ids(reading, end)}
    if kind.geometry == "Point":
        columns["geometry"] = point_wkb(reading.places.x[start], reading.places.y[start])
    else:
        columns["geometry"] = line_wkb(reading.net, table, frame, reading.places, start, end)
    if table in ("line", "trafo"):
        columns |= _closed_ends(reading, table, frame, first, second)
    if table == "line":
        columns["nominal_voltage"] = pa.array(reading.net.table("bus").numbers("vn_kv")[start] * c.KILO, from_pandas=True)
        columns["category"] = pa.array(["GD01"] * len(frame), pa.string())
        laying = {"cs": "ZM", "ol": "JK"}
        columns["laying"] = pa.array([laying.get(kind_ or "") for kind_ in texts(frame, "type")], pa.string())
    return _batch(reading, kind, table, frame, columns)


def _closed_ends(reading: _Reading, table: str, frame: Frame, first: str, second: str) -> dict[str, pa.Array]:
    """Whether the switches between each end and its bus are closed; an end without a switch is."""
    code = {"line": "l", "trafo": "t"}[table]
    switches = reading.net.table("switch")
    shut = {(element, bus) for element, bus, et, closed in
            zip(switches.labels("element").tolist(), switches.labels("bus").tolist(), switches.cells("et"), switches.cells("closed"), strict=True)
            if et == code and not closed}
    return {
        name: pa.array([(label, bus) not in shut for label, bus in zip(frame.index, frame.labels(column).tolist(), strict=True)], pa.bool_())
        for name, column in (("from_closed", first), ("to_closed", second))
    }


def _transformers3(reading: _Reading) -> Batch:
    if not len(reading.net.table("trafo3w")):
        return Batch("power.transformer3", pa.table({"id": pa.array([], pa.string())}))
    frame, rows = _attached(reading, "trafo3w", "power.transformer3", "hv_bus", "mv_bus", "lv_bus")
    columns = arrow_columns(frame, d.TRANSFORMER3, c.TRANSFORMER3, reading.findings, reading.file, skip=frozenset({"geo", "hv_bus", "mv_bus", "lv_bus"}))
    columns |= {f"{side}_bus_id": _bus_ids(reading, row) for side, row in zip(("hv", "mv", "lv"), rows, strict=True)}
    columns["geometry"] = point_wkb(reading.places.x[rows[0]], reading.places.y[rows[0]])
    return _batch(reading, d.TRANSFORMER3, "trafo3w", frame, columns)


def _switches(reading: _Reading) -> Batch:
    if not len(reading.net.table("switch")):
        return Batch("power.switch", pa.table({"id": pa.array([], pa.string())}))
    frame, (bus,) = _attached(reading, "switch", "power.switch", "bus")
    other = [reading.ids.get(SWITCHED.get(et, ""), {}).get(element) for et, element in zip(frame.cells("et"), frame.labels("element").tolist(), strict=True)]
    lost = [i for i, target in enumerate(other) if target is None]
    reading.findings.add_rows("import.dangling_reference", "error", "The switch names an element that is not in the file; the row is left out", kind="power.switch",
                              ids=[reading.ids["switch"][frame.index[i]] for i in lost], column="to_id", values=[frame.cells("element")[i] for i in lost],
                              fix="Add the element or correct the reference", file=reading.file, rows=frame.rows[lost])
    keep = np.array([target is not None for target in other], dtype=bool)
    frame, bus, other = frame.take(keep), bus[keep], [target for target in other if target is not None]
    columns = arrow_columns(frame, d.SWITCH, c.SWITCH, reading.findings, reading.file, skip=frozenset({"bus", "element"}))
    columns |= {"from_id": _bus_ids(reading, bus), "to_id": pa.array(other, pa.string()), "geometry": point_wkb(reading.places.x[bus], reading.places.y[bus])}
    return _batch(reading, d.SWITCH, "switch", frame, columns)


def _injections(reading: _Reading, table: str, kind: Kind, rules: Rules) -> Batch:
    frame, (bus,) = _attached(reading, table, kind.name, "bus")
    if "const_z_percent" in frame.data:  # before version 3 one share served active and reactive power
        rules = {**rules, "const_z_percent": ("impedance_share_p", c.PERCENT), "const_i_percent": ("current_share_p", c.PERCENT)}
    columns = arrow_columns(frame, kind, rules, reading.findings, reading.file, skip=frozenset({"bus", "geo"}))
    for part in ("impedance", "current"):
        if "const_z_percent" in frame.data and f"{part}_share_p" in columns:
            columns[f"{part}_share_q"] = columns[f"{part}_share_p"]
    columns["bus_id"] = _bus_ids(reading, bus)
    x, y = reading.places.x[bus], reading.places.y[bus]
    if not reading.places.geojson:
        own = {label: i for i, label in enumerate(reading.net.table(f"{table}s_geodata").index)}
        for axis, values in (("x", x), ("y", y)):
            place = reading.net.table(f"{table}s_geodata").numbers(axis)
            values[:] = [place[own[label]] if label in own else value for label, value in zip(frame.index, values, strict=True)]
    columns["geometry"] = point_wkb(x, y)
    if kind.field("model") is not None:
        columns["model"] = pa.array([table] * len(frame), pa.string())
    if table in ("asymmetric_load", "asymmetric_sgen"):
        columns |= {total: pa.array(sum(frame.numbers(f"{total}_{phase}_{unit}", 0.0) for phase in "abc") * c.MEGA) for total, unit in (("p", "mw"), ("q", "mvar"))}
    elif table == "motor":
        p = frame.numbers("pn_mech_mw") * frame.numbers("loading_percent", 100.0) / frame.numbers("efficiency_percent", 100.0) * c.MEGA
        columns |= {"p": pa.array(p, from_pandas=True), "q": pa.array(p * np.tan(np.arccos(np.clip(frame.numbers("cos_phi", 1.0), 0.0, 1.0))), from_pandas=True)}
    return _batch(reading, kind, table, frame, columns)


def _meters(reading: _Reading) -> Batch:
    frame = reading.net.table("measurement")
    if not len(frame):
        return Batch("power.meter", pa.table({"id": pa.array([], pa.string())}))
    hosts = [reading.ids.get(MEASURED.get(kind, ""), {}).get(element)
             for kind, element in zip(frame.cells("element_type"), frame.labels("element").tolist(), strict=True)]
    lost = [i for i, host in enumerate(hosts) if host is None]
    reading.findings.add_rows("import.dangling_reference", "error", "The measurement names an element that is not in the file; the row is left out", kind="power.meter",
                              ids=[reading.ids["measurement"][frame.index[i]] for i in lost], column="host_id", values=[frame.cells("element")[i] for i in lost],
                              fix="Add the element or correct the reference", file=reading.file, rows=frame.rows[lost])
    keep = np.array([host is not None for host in hosts], dtype=bool)
    frame = frame.take(keep)
    columns = arrow_columns(frame, d.METER, c.METER, reading.findings, reading.file)
    columns["host_id"] = pa.array([host for host in hosts if host is not None], pa.string())
    x, y = (axis[_metered_bus(reading, frame)] for axis in (np.append(reading.places.x, np.nan), np.append(reading.places.y, np.nan)))
    columns["geometry"] = point_wkb(x, y)
    return _batch(reading, d.METER, "measurement", frame, columns)


def _metered_bus(reading: _Reading, frame: Frame) -> np.ndarray:
    """(n,) bus row where each measurement is taken, -1 where unknown."""
    column = {("bus", False): None, ("line", False): "from_bus", ("line", True): "to_bus", ("trafo", False): "hv_bus", ("trafo", True): "lv_bus"}
    lookup: dict[str, dict[Any, int]] = {}
    rows = []
    for kind, label, side in zip(frame.cells("element_type"), frame.labels("element").tolist(), frame.cells("side"), strict=True):
        name = column.get((kind, side in ("to", "lv")), "bus")
        if name is not None:
            if (key := f"{kind}.{name}") not in lookup:
                table = reading.net.table(kind)
                lookup[key] = dict(zip(table.index, table.labels(name).tolist(), strict=True))
            label = lookup[key].get(label, -1)
        rows.append(reading.bus_row.get(label, -1))
    return np.array(rows, dtype=np.int64)


def _profiles(reading: _Reading) -> Batch:
    profiles = reading.net.values.get("profiles")
    rows: list[dict[str, Any]] = []
    for element, value in (profiles.items() if isinstance(profiles, dict) else ()):
        content = value.get("content") if isinstance(value, dict) else None
        if not isinstance(content, dict) or not {"columns", "data"} <= set(content):
            continue
        names = content["columns"]
        series = dict(zip(names, zip(*content["data"], strict=True), strict=True)) if content["data"] else {}
        clock = series.pop("time", ())
        rows += [{"id": f"power.profile:{element}/{name}", "name": name, "element": element, "start": str(clock[0]) if clock else None, "interval": _interval(clock),
                  "steps": len(values), "values": json.dumps(values)} for name, values in series.items()]
    return Batch("power.profile", pa.Table.from_pylist(rows) if rows else pa.table({"id": pa.array([], pa.string())}))


def _interval(clock: tuple[Any, ...]) -> float | None:
    from datetime import datetime

    for pattern in ("%d.%m.%Y %H:%M", "%Y-%m-%d %H:%M:%S", "%Y-%m-%dT%H:%M:%S"):
        try:
            return (datetime.strptime(str(clock[1]), pattern) - datetime.strptime(str(clock[0]), pattern)).total_seconds()
        except (ValueError, IndexError):
            continue
    return None


def _records(reading: _Reading) -> Batch:
    """Everything else: one record per row of small tables, one per result table, one for the values of the net."""
    net = reading.net
    done = {table for table, *_ in (*INJECTIONS, *BRANCHES)} | {"bus", "switch", "trafo3w", "measurement", "substation", "bus_geodata", "line_geodata"}
    rows: list[tuple[str, str, int | None, Any]] = [("net", "net", None, {k: v for k, v in net.values.items() if k not in ("profiles", "std_types")})]
    if net.values.get("std_types"):
        rows.append(("std_types", "std_types", None, net.values["std_types"]))
    for table, frame in net.tables.items():
        if table in done or not len(frame):
            continue
        if table.startswith("res_") or table.endswith("_geodata"):
            rows.append((table, table, None, {"index": frame.index, "columns": frame.data}))
        else:
            for i, label in enumerate(frame.index):
                rows.append((f"{table}/{label}", table, label if isinstance(label, int) else None, {name: cells[i] for name, cells in frame.data.items()}))
    return Batch("power.record", pa.table({
        "id": pa.array([f"power.record:{r[0]}" for r in rows], pa.string()), "name": pa.array([r[0] for r in rows], pa.string()),
        "source_table": pa.array([r[1] for r in rows], pa.string()), "source_index": pa.array([r[2] for r in rows], pa.int64()),
        "content": pa.array([json.dumps(r[3], ensure_ascii=False) for r in rows], pa.string()),
    }))


def _sniff(path: Path, head: bytes) -> float:
    return 0.95 if looks_like(head, CLASS) else 0.0


FORMATS = (Format("pandapower", "pandapower net", "pandapower 电网", (".json",), _sniff, read),)
