"""The JSON container of pandapower and pandapipes: nested `_module/_class/_object` values around split tables.

Only the container is read here; what a table means is the business of the domain that owns it. The two packages are
not needed. A cell that does not fit its field becomes null and a finding, a broken container stops the call.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa

from holdfast.model.errors import Invalid, NotFound
from holdfast.model.finding import Findings
from holdfast.model.spec import Field, Kind
from holdfast.model.tables import RESERVED

FORMATS: tuple[Any, ...] = ()

MAX_BYTES = 1 << 30
"""Largest file taken: the container must be held whole, and text of this size needs about ten times the memory."""

Rules = Mapping[str, str | tuple[str, float] | tuple[str, float, float]]
"""Source column -> field, or (field, factor), or (field, factor, offset): SI = value * factor + offset."""


@dataclass(slots=True)
class Frame:
    """One table as columns.

    index  row labels, unique
    data   column name -> cells, None where empty
    rows   1-based row numbers in the file
    """

    index: list[Any]
    data: dict[str, list[Any]]
    rows: np.ndarray

    def __len__(self) -> int:
        return len(self.index)

    def cells(self, name: str) -> list[Any]:
        """The cells of a column; all None where there is no such column."""
        return self.data.get(name) or [None] * len(self.index)

    def numbers(self, name: str, default: float = np.nan) -> np.ndarray:
        """The column as float64, `default` where empty or not a number."""
        values = np.array([_number(cell) for cell in self.cells(name)], dtype=np.float64)
        return np.where(np.isnan(values), default, values)

    def labels(self, name: str) -> np.ndarray:
        """The column as row labels of another table: int64, -1 where empty."""
        values = self.numbers(name)
        return np.where(np.isnan(values), -1, np.nan_to_num(values)).astype(np.int64)

    def take(self, keep: np.ndarray) -> Frame:
        """The rows where `keep` (n,) is true."""
        if keep.all():
            return self
        chosen = np.flatnonzero(keep).tolist()
        return Frame([self.index[i] for i in chosen], {k: [v[i] for i in chosen] for k, v in self.data.items()}, self.rows[keep])


@dataclass(slots=True)
class NetFile:
    """A net as read: tables by name, other values decoded to plain lists and dictionaries."""

    path: Path
    cls: str
    tables: dict[str, Frame] = field(default_factory=dict)
    values: dict[str, Any] = field(default_factory=dict)

    def table(self, name: str) -> Frame:
        """The table, empty where the file has none."""
        return self.tables.get(name) or Frame([], {}, np.zeros(0, np.int64))


def looks_like(head: bytes, cls: str) -> bool:
    """Whether the first bytes of a file announce a net of that class."""
    return b"_module" in head and b"_class" in head and cls.encode() in head


def read_net(path: Path, cls: str) -> NetFile:
    """Read a net of class `cls`, "pandapowerNet" or "pandapipesNet".

    raises    NotFound if there is no file; Invalid if it is cut off, no such container, or of another class
    """
    document = _load(path)
    if not isinstance(document, dict) or "_class" not in document or "_object" not in document:
        raise Invalid("This JSON is not a saved net: it has no _class and _object", file=str(path), fix=f"Save the net with to_json of the package that made {cls}")
    found = str(document["_class"])
    if found != cls:
        raise Invalid(f"This is a {found}, not a {cls}", file=str(path), fix="Choose the format that fits, see holdfast import --help")
    content = document["_object"]
    if isinstance(content, str):
        content = _nested(content, path, "_object")
    if not isinstance(content, dict):
        raise Invalid("The net holds no tables", file=str(path), fix="Save the net again with to_json")
    net = NetFile(path, found)
    for name, value in content.items():
        if isinstance(value, dict) and value.get("_class") == "DataFrame":
            net.tables[name] = _frame(value, name, path)
        else:
            net.values[name] = plain(value)
    return net


def _load(path: Path) -> Any:
    if not path.is_file():
        raise NotFound("There is no such file", file=str(path))
    if path.stat().st_size > MAX_BYTES:
        raise Invalid("The file is larger than 1 GiB", file=str(path), fix="Save the net in parts, without result tables and profiles")
    try:
        return json.loads(path.read_bytes().decode("utf-8-sig"))
    except UnicodeDecodeError as error:
        raise Invalid("The file is not UTF-8 text", file=str(path), row=error.start, fix="Save it as UTF-8 JSON") from error
    except json.JSONDecodeError as error:
        raise Invalid(f"The JSON is broken or cut off: {error.msg}", file=str(path), row=error.lineno, fix="Ask for the file again, it is incomplete") from error
    except RecursionError as error:
        raise Invalid("The JSON is nested too deeply", file=str(path), fix="Save the net again with to_json") from error


def _nested(text: str, path: Path, where: str) -> Any:
    try:
        return json.loads(text)
    except (json.JSONDecodeError, RecursionError) as error:
        raise Invalid(f"The nested JSON of {where} is broken", file=str(path), field=where, fix="Save the net again with to_json") from error


def _frame(value: dict[str, Any], name: str, path: Path) -> Frame:
    content = value.get("_object")
    if isinstance(content, str):
        content = _nested(content, path, name)
    if not isinstance(content, dict):
        raise Invalid(f"Table {name} has no content", file=str(path), field=name, fix="Save the net again with to_json")
    if not {"columns", "index", "data"} <= set(content):
        raise Invalid(f"Table {name} is not stored in split form", file=str(path), field=name, fix="Save the net again with a current version, orient='split'")
    columns, index, data = ([] if content[part] is None else content[part] for part in ("columns", "index", "data"))
    if not all(isinstance(part, list) for part in (columns, index, data)):
        raise Invalid(f"Table {name} is not stored in split form", file=str(path), field=name, fix="Save the net again with a current version, orient='split'")
    if len(index) != len(data) or any(not isinstance(row, list) or len(row) != len(columns) for row in data):
        raise Invalid(f"Table {name} has rows of different length", file=str(path), field=name, fix="Save the net again, this table is damaged")
    cells = [list(column) for column in zip(*data, strict=True)] if data else [[] for _ in columns]
    index = [json.dumps(label) if isinstance(label, (list, dict)) else label for label in index]
    return Frame(index, {str(c): v for c, v in zip(columns, cells, strict=True)}, np.arange(1, len(index) + 1))


def plain(value: Any) -> Any:
    """A value with all container layers removed, ready for `json.dumps`; the class of an object is kept beside it."""
    if isinstance(value, list):
        return [plain(item) for item in value]
    if not isinstance(value, dict):
        return value
    if "_class" in value and "_object" in value:
        content = value["_object"]
        if isinstance(content, str) and content[:1] in '{["':
            try:
                content = json.loads(content)
            except json.JSONDecodeError:
                return {"class": value["_class"], "content": content}
        inner = plain(content)
        return inner if value.get("_module") == "numpy" else {"class": value["_class"], "content": inner}
    return {key: plain(item) for key, item in value.items()}


def _number(cell: Any) -> float:
    if cell is None or (isinstance(cell, str) and not cell.strip()):
        return np.nan
    try:
        return float(cell)
    except (TypeError, ValueError, OverflowError):
        return np.nan


def unique_rows(frame: Frame, kind: str, findings: Findings, file: str) -> Frame:
    """The frame without repeated row labels; the first one stays."""
    seen: set[Any] = set()
    keep = np.ones(len(frame), bool)
    for i, label in enumerate(frame.index):
        keep[i] = label not in seen
        seen.add(label)
    if not keep.all():
        again = np.flatnonzero(~keep)
        findings.add_rows("import.duplicate_id", "error", "This row label is used before, the row is left out", kind=kind,
                          ids=[str(frame.index[i]) for i in again], fix="Give every row its own index", file=file, rows=frame.rows[again])
    return frame.take(keep)


def asset_ids(frame: Frame, kind: str, prefix: str = "", *, named: bool | None = None) -> np.ndarray:
    """Ids `<kind>:<source id>`: names where all are there and different, otherwise prefix and row label.

    named     force one of the two; None decides
    """
    names = [_text(cell) for cell in frame.cells("name")]
    if named is None:
        named = names_usable(names)
    chosen = names if named else [f"{prefix}{label}" for label in frame.index]
    return np.array([f"{kind}:{item}" for item in chosen], dtype=object)


def names_usable(names: list[str | None]) -> bool:
    """Whether names can serve as ids: none missing, none repeated."""
    return bool(names) and None not in names and len(set(names)) == len(names)


def _text(cell: Any) -> str | None:
    if cell is None or (isinstance(cell, float) and np.isnan(cell)):
        return None
    if isinstance(cell, float) and cell.is_integer():
        cell = int(cell)
    text = cell if isinstance(cell, str) else json.dumps(cell, ensure_ascii=False) if isinstance(cell, (dict, list)) else str(cell)
    return text.strip() or None


def texts(frame: Frame, name: str) -> list[str | None]:
    """A column as text, None where empty."""
    return [_text(cell) for cell in frame.cells(name)]


def arrow_columns(frame: Frame, kind: Kind, rules: Rules, findings: Findings, file: str, *, skip: frozenset[str] = frozenset()) -> dict[str, pa.Array]:
    """The frame's columns as fields of a kind in SI; columns without a rule pass through under their own name.

    skip      source columns handled elsewhere, such as references and geometry
    """
    out: dict[str, pa.Array] = {}
    declared = {f.name for f in kind.fields}
    for column in frame.data:
        if column in skip:
            continue
        if column == "name":
            out["name"] = pa.array(texts(frame, "name"), pa.string())
            continue
        rule = rules.get(column)
        if rule is None:
            spare = f"{column}_delivered" if column in RESERVED or column in declared else column
            if any(cell is not None for cell in frame.data[column]):
                out[spare] = _loose(frame.data[column])
            continue
        name, factor, offset = (rule, 1.0, 0.0) if isinstance(rule, str) else (*rule, 0.0)[:3]
        target = kind.field(name)
        if target is None:
            raise KeyError(f"{kind.name} has no field {name}")
        out[name] = _typed(frame, column, target, factor, offset, kind.name, findings, file)
    return out


def _typed(frame: Frame, column: str, target: Field, factor: float, offset: float, kind: str, findings: Findings, file: str) -> pa.Array:
    cells = frame.data[column]
    if target.type in ("number", "integer"):
        values = frame.numbers(column)
        bad = [i for i, cell in enumerate(cells) if np.isnan(values[i]) and _text(cell) is not None]
        if bad:
            findings.add_rows("import.not_a_number", "error", f"{column} is not a number, the value is left out", kind=kind, ids=[str(frame.index[i]) for i in bad],
                              column=target.name, values=[cells[i] for i in bad], fix="Correct the cell", file=file, rows=frame.rows[bad])
        if target.type == "integer":
            return pa.array(np.nan_to_num(np.round(values)).astype(np.int64), pa.int64(), mask=~np.isfinite(values))
        return pa.array(values * factor + offset, pa.float64(), from_pandas=True)
    if target.type == "boolean":
        return pa.array([_flag(cell) for cell in cells], pa.bool_())
    if target.dictionary is not None:
        known = {spelling.casefold(): code.value for code in target.dictionary.codes for spelling in (code.value, *code.aliases)}
        return pa.array([None if (t := _text(cell)) is None else known.get(t.casefold(), t) for cell in cells], pa.string())
    return pa.array([_text(cell) for cell in cells], pa.string())


def _flag(cell: Any) -> bool | None:
    if isinstance(cell, str):
        return {"true": True, "1": True, "false": False, "0": False}.get(cell.strip().casefold())
    number = _number(cell)
    return None if np.isnan(number) else bool(number)


def _loose(cells: list[Any]) -> pa.Array:
    if not any(isinstance(cell, (list, dict)) for cell in cells):
        try:
            return pa.array(cells)
        except (pa.ArrowInvalid, pa.ArrowTypeError, pa.ArrowNotImplementedError, OverflowError):
            pass  # mixed cells become text
    return pa.array([_text(cell) for cell in cells], pa.string())


@dataclass(slots=True)
class Places:
    """Where the nodes of a net lie.

    x, y     (n,)  coordinates as in the file, NaN where unknown
    crs      what the file says they are, or None
    geojson  whether they come from the `geo` column rather than from a geodata table
    swapped  whether `geo` holds latitude first
    scale    median straight distance over stated length of the edges; about 1 in metres, 3.28 in feet; NaN if unknown
    """

    x: np.ndarray
    y: np.ndarray
    crs: str | None = None
    geojson: bool = False
    swapped: bool = False
    scale: float = float("nan")


def node_places(net: NetFile, table: str, ends: tuple[np.ndarray, np.ndarray, np.ndarray], crs: str | None, kind: str, findings: Findings) -> Places:
    """Coordinates of a node table from its `geo` column or its geodata table.

    A `geo` column means longitude and latitude, yet nets are found with latitude first, and with drawings that
    are no places at all. The stated lengths of the edges tell these apart: distances on the ground cannot exceed them much.

    ends     start row, end row (e,) and length (e,) [m] of the edges between the nodes
    crs      what the person said, or None; a projected one prefers the geodata table
    returns  Places; without coordinates where they are a drawing and nobody said what they are
    """
    frame, file = net.table(table), str(net.path)
    table_x, table_y = _geodata(net, f"{table}_geodata", frame)
    has_table = bool(np.isfinite(table_x).any())
    pairs = [_pair(cell) for cell in frame.cells("geo")]
    geo_x, geo_y = (np.array([p[i] for p in pairs], dtype=np.float64).reshape(len(frame)) for i in (0, 1))
    degrees = crs is None or crs.upper() in ("EPSG:4326", "EPSG:4490", "EPSG:4979")
    if not np.isfinite(geo_x).any() or (has_table and not degrees):
        return Places(table_x, table_y, scale=_middle(_ratios(table_x, table_y, ends, spherical=False)))
    straight, turned = (_ratios(a, b, ends, spherical=True) for a, b in ((geo_x, geo_y), (geo_y, geo_x)))
    swapped = _spread(turned) < 0.1 and _spread(straight) > 2 * _spread(turned)  # turned they fit within 10 %, as they stand they do not
    scale = _middle(turned if swapped else straight)
    if abs(np.log(scale)) > np.log(10.0):
        if crs is not None:
            return Places(geo_x, geo_y, None, True, False, _middle(_ratios(geo_x, geo_y, ends, spherical=False)))
        findings.add("import.schematic_coordinates", "warning", "The coordinates are a drawing, they contradict the lengths; left out", kind=kind, column="geometry",
                     value=f"{scale:.3g} times the length", fix="To keep the drawing import with --crs local:m", file=file)
        nothing = np.full(len(frame), np.nan)
        return Places(nothing, nothing, None, True)
    if swapped:
        findings.add("import.axes_swapped", "warning", "The geo column holds latitude before longitude; the axes are swapped back", kind=kind, column="geometry",
                     value=f"{geo_x[np.isfinite(geo_x)][0]}, {geo_y[np.isfinite(geo_y)][0]}", fix="Write GeoJSON coordinates as longitude, latitude", file=file)
    return Places(geo_y if swapped else geo_x, geo_x if swapped else geo_y, "EPSG:4326", True, swapped, scale)


def _geodata(net: NetFile, name: str, frame: Frame) -> tuple[np.ndarray, np.ndarray]:
    x, y = np.full(len(frame), np.nan), np.full(len(frame), np.nan)
    source = net.table(name)
    row = {label: i for i, label in enumerate(source.index)}
    found = np.array([row.get(label, -1) for label in frame.index], dtype=np.int64)
    for out, column in ((x, "x"), (y, "y")):
        values = source.numbers(column)
        out[found >= 0] = values[found[found >= 0]]
    return x, y


def _pair(cell: Any) -> tuple[float, float]:
    line = _coordinates(cell)
    return line[0] if len(line) == 1 else (np.nan, np.nan)


def _coordinates(cell: Any) -> list[tuple[float, float]]:
    if isinstance(cell, str):
        try:
            cell = json.loads(cell)
        except json.JSONDecodeError:
            return []
    if isinstance(cell, dict):
        cell = cell.get("coordinates")
    if not isinstance(cell, list) or not cell:
        return []
    points = [cell] if not isinstance(cell[0], list) else cell
    line = [(_number(p[0]), _number(p[1])) for p in points if isinstance(p, list) and len(p) >= 2]
    return [p for p in line if np.isfinite(p[0]) and np.isfinite(p[1])]


def _ratios(x: np.ndarray, y: np.ndarray, ends: tuple[np.ndarray, np.ndarray, np.ndarray], *, spherical: bool) -> np.ndarray:
    """Straight distance over stated length of the edges where both are known and positive."""
    start, end, length = ends
    dx, dy = x[end] - x[start], y[end] - y[start]
    if spherical:
        middle = np.radians(np.clip((y[start] + y[end]) / 2, -90.0, 90.0))
        dx, dy = dx * np.cos(middle) * 111_320.0, dy * 110_574.0  # metres per degree, good to 1 %
    with np.errstate(invalid="ignore", divide="ignore"):
        ratio = np.hypot(dx, dy) / length
    return ratio[np.isfinite(ratio) & (ratio > 0)]


def _middle(ratios: np.ndarray) -> float:
    return float(np.median(ratios)) if len(ratios) else float("nan")


def _spread(ratios: np.ndarray) -> float:
    """Median distance of the ratios from 1, in natural logarithms; 0 without edges to judge by."""
    return float(np.median(np.abs(np.log(ratios)))) if len(ratios) else 0.0


def point_wkb(x: np.ndarray, y: np.ndarray) -> pa.Array:
    """Points as WKB, null where a coordinate is missing."""
    import shapely

    good = np.isfinite(x) & np.isfinite(y)
    wkb = np.full(len(x), None, dtype=object)
    wkb[good] = shapely.to_wkb(shapely.points(x[good], y[good]))
    return pa.array(wkb, pa.binary())


def line_wkb(net: NetFile, table: str, frame: Frame, places: Places, start: np.ndarray, end: np.ndarray) -> pa.Array:
    """Lines as WKB: the delivered course, else straight from node to node; null where a node has no place or both are one.

    start, end  (n,)  rows of the node table
    """
    import shapely

    courses = net.table(f"{table}_geodata")
    row = {label: i for i, label in enumerate(courses.index)}
    delivered, geo = courses.cells("coords"), frame.cells("geo")
    lines: list[Any] = []
    for i, label in enumerate(frame.index):
        course = _coordinates(geo[i]) if places.geojson else _coordinates(delivered[row[label]]) if label in row else []
        if places.geojson and places.swapped:
            course = [(b, a) for a, b in course]
        if len(course) < 2 or np.isnan(places.x).all():
            course = [(places.x[j], places.y[j]) for j in (start[i], end[i])]
        usable = np.isfinite(course).all() and len(set(course)) > 1
        lines.append(shapely.linestrings(course) if usable else None)
    return pa.array(shapely.to_wkb(np.array(lines, dtype=object)) if lines else [], pa.binary())
