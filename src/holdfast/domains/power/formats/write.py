"""Power kinds -> pandapower JSON, with the row labels, names and undeclared columns they came with."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa

from holdfast.io.net_tables import Rules
from holdfast.io.opening import replacing
from holdfast.model import geometry
from holdfast.model.crs import to_lonlat
from holdfast.model.errors import Invalid
from holdfast.model.network import xyz
from holdfast.model.spec import Kind

from .. import domain as d
from . import columns as c

VERSION = "3.0.0"  # of the data structure written
REFERENCES = {"from_id": {"line": "from_bus", "trafo": "hv_bus", "impedance": "from_bus", "dcline": "from_bus", "switch": "bus"},
              "to_id": {"line": "to_bus", "trafo": "lv_bus", "impedance": "to_bus", "dcline": "to_bus"}}
# table, kind, rules, column that tells apart the tables of one kind
TABLES: tuple[tuple[str, Kind, Rules, str], ...] = (
    ("bus", d.BUS, c.BUS, ""), ("line", d.LINE, c.LINE, ""), ("trafo", d.TRANSFORMER, c.TRANSFORMER, ""), ("trafo3w", d.TRANSFORMER3, c.TRANSFORMER3, ""),
    ("impedance", d.IMPEDANCE, c.IMPEDANCE, ""), ("dcline", d.DC_LINE, c.DC_LINE, ""), ("load", d.LOAD, c.LOAD, "model"), ("asymmetric_load", d.LOAD, c.ASYMMETRIC_LOAD, "model"),
    ("motor", d.LOAD, c.MOTOR, "model"), ("gen", d.GENERATOR, c.GENERATOR, "model"), ("sgen", d.GENERATOR, c.GENERATOR, "model"),
    ("asymmetric_sgen", d.GENERATOR, c.ASYMMETRIC_GENERATOR, "model"), ("ext_grid", d.EXTERNAL_GRID, c.EXTERNAL_GRID, ""), ("storage", d.BATTERY, c.BATTERY, ""),
    ("shunt", d.SHUNT, c.SHUNT, ""), ("ward", d.WARD, c.WARD, "source_table"), ("xward", d.WARD, c.WARD, "source_table"), ("switch", d.SWITCH, c.SWITCH, ""),
    ("substation", d.SUBSTATION, {}, ""), ("measurement", d.METER, c.METER, ""),
)
DEFAULT_TABLE = {"power.load": "load", "power.generator": "sgen", "power.ward": "ward"}
DEFAULTS: dict[str, dict[str, Any]] = {
    "bus": {"type": "b", "in_service": True}, "line": {"g_us_per_km": 0.0, "df": 1.0, "parallel": 1, "in_service": True},
    "trafo": {"shift_degree": 0.0, "parallel": 1, "df": 1.0, "in_service": True},
    "load": {"scaling": 1.0, "in_service": True, **{f"const_{part}_{letter}_percent": 0.0 for part in "zi" for letter in "pq"}},
    "asymmetric_load": {"scaling": 1.0, "in_service": True},
    "motor": {"scaling": 1.0, "in_service": True}, "gen": {"scaling": 1.0, "slack": False, "in_service": True, "slack_weight": 0.0}, "sgen": {"scaling": 1.0, "in_service": True},
    "ext_grid": {"vm_pu": 1.0, "va_degree": 0.0, "slack_weight": 1.0, "in_service": True}, "storage": {"scaling": 1.0, "in_service": True},
    "shunt": {"step": 1, "max_step": 1, "in_service": True}, "switch": {"closed": True, "z_ohm": 0.0},
}
ALWAYS = {  # columns that readers of the format expect even where they are empty
    "bus": ("zone",), "line": ("std_type", "type"), "load": ("sn_mva", "type"), "sgen": ("sn_mva", "type"), "gen": ("sn_mva", "type"),
    "trafo": ("std_type", *(name for name in c.TRANSFORMER if name.startswith("tap_"))), "trafo3w": tuple(name for name in c.TRANSFORMER3 if name.startswith("tap_")),
}
CODES = {"bus": "b", "line": "l", "transformer": "t", "transformer3": "t3"}
ELEMENTS = {"power.bus": "bus", "power.line": "line", "power.transformer": "trafo", "power.transformer3": "trafo3w", "power.load": "load", "power.generator": "sgen",
            "power.external_grid": "ext_grid", "power.shunt": "shunt", "power.battery": "storage"}
INTEGERS = frozenset({"parallel", "step", "max_step"})


@dataclass(slots=True)
class _Net:
    """The net being written: row label of every asset, and its tables as (columns, index)."""

    crs: str
    labels: dict[str, int] = field(default_factory=dict)
    content: dict[str, Any] = field(default_factory=dict)
    rows: int = 0

    def put(self, table: str, index: list[Any], data: dict[str, list[Any]], dtypes: dict[str, str]) -> None:
        """Add a table in split form."""
        cells = [list(row) for row in zip(*data.values(), strict=True)] if index else []
        split = json.dumps({"columns": list(data), "index": index, "data": cells}, ensure_ascii=False)
        container = {"_module": "pandas.core.frame", "_class": "DataFrame", "_object": split, "orient": "split", "dtype": dtypes}
        self.content[table] = container | {"is_multiindex": False, "is_multicolumn": False}
        self.rows += len(index)


def write(city: Any, path: Path, kinds: Sequence[str] | None, as_of: Any) -> dict[str, Any]:
    """Write the city's power network; results of the source model are left out, they would be stale.

    kinds     power kinds, or None for all; buses always go along
    raises    Invalid for a kind that pandapower has no place for, or if there are no buses
    """
    known = {kind.name for _, kind, *_ in TABLES} | {"power.record", "power.profile"}
    foreign = [kind for kind in kinds or () if kind not in known]
    if foreign:
        raise Invalid(f"pandapower has no place for {foreign[0]}", fix=f"Choose among {', '.join(sorted(known))}")
    wanted = known if kinds is None else {*kinds, "power.bus"}
    held = {kind: city.table(kind) if as_of is None else city.table(kind, as_of=as_of) for kind in sorted(wanted)}
    if held["power.bus"].num_rows == 0:
        raise Invalid("there is nothing to write: the city has no buses", fix="Check with `holdfast summary`")
    net = _Net(city.crs)
    parts = [(table, kind, rules, _rows_of(held[kind.name], table, kind, tell)) for table, kind, rules, tell in TABLES if kind.name in held]
    for *_, rows in parts:
        net.labels |= dict(zip(rows["id"].to_pylist(), _labels(rows), strict=True))
    for table, kind, rules, rows in parts:
        if rows.num_rows:
            _put_table(net, table, kind, rules, rows)
    stations = held.get("power.substation")
    if stations is not None and stations.num_rows:
        _name_stations(net, held["power.bus"], stations)
    _put_records(net, held.get("power.record"))
    _put_profiles(net, held.get("power.profile"))
    document = {"_module": "pandapower.auxiliary", "_class": "pandapowerNet", "_object": net.content}
    with replacing(path) as temporary:
        Path(temporary).write_text(json.dumps(document, ensure_ascii=False), encoding="utf-8")
    return {"buses": held["power.bus"].num_rows, "rows": net.rows}


def _rows_of(table: pa.Table, name: str, kind: Kind, tell: str) -> pa.Table:
    """The rows of a kind that go into one table."""
    if name == "measurement":
        return table.filter(pa.array([value in ("p", "q", "v", "i", "va", "ia") for value in table["measured"].to_pylist()], pa.bool_()))
    if not tell:
        return table
    return table.filter(pa.array([(value or DEFAULT_TABLE[kind.name]) == name for value in table[tell].to_pylist()], pa.bool_()))


def _labels(rows: pa.Table) -> list[int]:
    """Row labels as delivered where all are there and different, else counted."""
    given = rows["source_index"].to_pylist() if "source_index" in rows.column_names else []
    return given if len(set(given)) == len(given) == rows.num_rows and None not in given else list(range(rows.num_rows))


def _put_table(net: _Net, table: str, kind: Kind, rules: Rules, rows: pa.Table) -> None:
    data: dict[str, list[Any]] = {"name": rows["name"].to_pylist()}
    data |= _references(net, table, rows)
    for column, rule in rules.items():
        name, factor, offset = (rule, 1.0, 0.0) if isinstance(rule, str) else (*rule, 0.0)[:3]
        default = DEFAULTS.get(table, {}).get(column)
        values = rows[name].to_pylist()
        if column in data or (all(v is None for v in values) and default is None and column not in ALWAYS.get(table, ())):
            continue
        target = kind.field(name)
        if target is not None and target.type == "number":
            values = [None if v is None else (v - offset) / factor for v in values]
        data[column] = [default if v is None else v for v in values]
    if table == "switch":
        data["et"] = [CODES.get(code or "", "b") for code in rows["element_type"].to_pylist()]
    if table in ("asymmetric_load", "asymmetric_sgen", "motor"):
        data = {name: values for name, values in data.items() if name not in ("p_mw", "q_mvar")}
    _put_extra(data, rows)
    _put_places(net, table, kind, rows, data)
    kept = {name: values for name, values in data.items() if name in ("name", *ALWAYS.get(table, ())) or any(v is not None for v in values)}
    net.put(table, [net.labels[i] for i in rows["id"].to_pylist()], kept, {name: _dtype(name, values) for name, values in kept.items()})


def _references(net: _Net, table: str, rows: pa.Table) -> dict[str, list[Any]]:
    found: dict[str, list[Any]] = {}
    for column, names in REFERENCES.items():
        if table in names:
            found[names[table]] = [net.labels.get(i) for i in rows[column].to_pylist()]
    if table == "switch":
        found["element"] = [net.labels.get(i) for i in rows["to_id"].to_pylist()]
    if table == "measurement":
        hosts = rows["host_id"].to_pylist()
        found |= {"element_type": [ELEMENTS.get((host or "").partition(":")[0]) for host in hosts], "element": [net.labels.get(host) for host in hosts],
                  "side": rows["side"].to_pylist()}
    if table == "trafo3w":
        found |= {f"{side}_bus": [net.labels.get(i) for i in rows[f"{side}_bus_id"].to_pylist()] for side in ("hv", "mv", "lv")}
    elif "bus_id" in rows.column_names:
        found["bus"] = [net.labels.get(i) for i in rows["bus_id"].to_pylist()]
    return found


def _put_extra(data: dict[str, list[Any]], rows: pa.Table) -> None:
    """Columns that came without a declared field go back as they came."""
    extras = [json.loads(text) if text else {} for text in rows["extra"].to_pylist()]
    for name in dict.fromkeys(key for extra in extras for key in extra):
        plain = name.removesuffix("_delivered")
        if plain not in data:
            data[plain] = [extra.get(name) for extra in extras]


def _put_places(net: _Net, table: str, kind: Kind, rows: pa.Table, data: dict[str, list[Any]]) -> None:
    """Places as GeoJSON in degrees, or as a geodata table where the city has no place on Earth."""
    if table not in ("bus", "line") or rows["geometry"].null_count == rows.num_rows:
        return
    shapes = rows["geometry"].combine_chunks() if isinstance(rows["geometry"], pa.ChunkedArray) else rows["geometry"]
    if table == "bus":
        x, y = xyz(shapes)[:, :2].T
        if net.crs != "local":
            x, y = to_lonlat(net.crs, x, y)
            data["geo"] = [json.dumps({"type": "Point", "coordinates": [round(float(a), 9), round(float(b), 9)]}) if np.isfinite(a) else None for a, b in zip(x, y, strict=True)]
        else:
            index = [net.labels[i] for i in rows["id"].to_pylist()]
            net.put("bus_geodata", index, {"x": _finite(x), "y": _finite(y), "coords": [None] * len(index)}, {"x": "float64", "y": "float64", "coords": "object"})
        return
    courses = [_course(net.crs, shape) for shape in geometry.decode(shapes)]
    if net.crs != "local":
        data["geo"] = [None if course is None else json.dumps({"type": "LineString", "coordinates": course}) for course in courses]
    else:
        index = [net.labels[i] for i, course in zip(rows["id"].to_pylist(), courses, strict=True) if course is not None]
        net.put("line_geodata", index, {"coords": [course for course in courses if course is not None]}, {"coords": "object"})


def _finite(values: np.ndarray) -> list[float | None]:
    return [float(v) if np.isfinite(v) else None for v in values]


def _course(crs: str, shape: Any) -> list[list[float]] | None:
    import shapely

    if shape is None or shapely.is_empty(shape):
        return None
    x, y = shapely.get_coordinates(shape).T
    if crs != "local":
        x, y = to_lonlat(crs, x, y)
    return [[round(float(a), 9), round(float(b), 9)] for a, b in zip(x, y, strict=True)]


def _dtype(name: str, values: list[Any]) -> str:
    given = [v for v in values if v is not None]
    if all(isinstance(v, bool) for v in given):
        return "bool" if len(given) == len(values) else "object"
    if all(isinstance(v, (int, float)) and not isinstance(v, bool) for v in given):
        whole = name in INTEGERS or name in ("element", "bus") or name.endswith("_bus")
        return "int64" if whole and len(given) == len(values) else "float64"
    return "object"


def _name_stations(net: _Net, buses: pa.Table, stations: pa.Table) -> None:
    """Buses name their substation, as they came."""
    names = dict(zip(stations["id"].to_pylist(), stations["name"].to_pylist(), strict=True))
    split = json.loads(net.content["bus"]["_object"])
    split["columns"].append("substation")
    for row, station in zip(split["data"], buses["substation_id"].to_pylist(), strict=True):
        row.append(names.get(station))
    net.content["bus"] |= {"_object": json.dumps(split, ensure_ascii=False), "dtype": net.content["bus"]["dtype"] | {"substation": "object"}}


def _put_records(net: _Net, records: pa.Table | None) -> None:
    """Values of the net, standard types, and tables that no kind takes."""
    tables: dict[str, list[tuple[int, dict[str, Any]]]] = {}
    net.content |= {"version": VERSION, "format_version": VERSION, "name": "", "f_hz": 50.0, "sn_mva": 1.0}
    for row in records.to_pylist() if records is not None else ():
        name, content = row["source_table"] or "", json.loads(row["content"])
        if name == "net":
            net.content |= {key: value for key, value in content.items() if key not in ("converged", "OPF_converged")}
        elif name == "std_types":
            net.content[name] = content
        elif not name.startswith("res_") and not name.endswith("_geodata"):
            tables.setdefault(name, []).append((row["source_index"], content))
    for name, rows in tables.items():
        columns = list(dict.fromkeys(key for _, content in rows for key in content))
        labels = [label for label, _ in rows]
        data = {column: [content.get(column) for _, content in rows] for column in columns}
        net.put(name, labels if None not in labels else list(range(len(rows))), data, {column: _dtype(column, values) for column, values in data.items()})


def _put_profiles(net: _Net, profiles: pa.Table | None) -> None:
    rows = profiles.to_pylist() if profiles is not None else []
    if not rows:
        return
    grouped: dict[str, list[dict[str, Any]]] = {}
    for row in rows:
        grouped.setdefault(row["element"], []).append(row)
    net.content["profiles"] = {}
    for element, series in grouped.items():
        columns = {"time": _clock(series[0]), **{row["name"]: json.loads(row["values"]) for row in series}}
        split = {"columns": list(columns), "index": list(range(len(columns["time"]))), "data": [list(row) for row in zip(*columns.values(), strict=True)]}
        net.content["profiles"][element] = {"_module": "pandas.core.frame", "_class": "DataFrame", "_object": json.dumps(split), "orient": "split"}


def _clock(row: dict[str, Any]) -> list[Any]:
    steps = row["steps"] or 0
    for pattern in ("%d.%m.%Y %H:%M", "%Y-%m-%d %H:%M:%S", "%Y-%m-%dT%H:%M:%S"):
        try:
            begin = datetime.strptime(row["start"] or "", pattern)
            return [(begin + i * timedelta(seconds=row["interval"] or 0.0)).strftime(pattern) for i in range(steps)]
        except ValueError:
            continue
    return list(range(steps))
