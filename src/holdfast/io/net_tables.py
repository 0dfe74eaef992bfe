"""Tables of a saved net as batches of a domain: ids, references between tables, units, and places.

A cell that does not fit its field becomes null and a finding; a row that refers to nothing is left out and a finding.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any

import numpy as np
import pyarrow as pa

from holdfast.model.delivery import Batch
from holdfast.model.finding import Findings
from holdfast.model.spec import Field, Kind
from holdfast.model.tables import RESERVED

from .pandapower_json import Frame, NetFile, number, text_of, texts

Rules = Mapping[str, str | tuple[str, float] | tuple[str, float, float]]
"""Source column -> field, or (field, factor), or (field, factor, offset): SI = value * factor + offset."""


@dataclass(slots=True)
class Reading:
    """What is shared while the tables of one net are turned into batches.

    nodes   name of the node table, "bus" or "junction"
    ids     table -> row label -> asset id
    row     row label of a node -> its row
    """

    net: NetFile
    nodes: str
    findings: Findings
    ids: dict[str, dict[Any, str]] = field(default_factory=dict)
    row: dict[Any, int] = field(default_factory=dict)
    places: Places | None = None

    @property
    def file(self) -> str:
        return str(self.net.path)

    @property
    def frame(self) -> Frame:
        """The node table."""
        return self.net.table(self.nodes)

    def prepare(self, kinds: Mapping[str, str], prefixed: Iterable[str] = ()) -> None:
        """Drop repeated row labels and give every row its asset id.

        kinds     table -> kind; ids are names where these are complete and unique within the kind, else row labels
        prefixed  tables that put their name before the row label, because another table of the kind has the same labels
        """
        by_kind: dict[str, list[str]] = {}
        for table, kind in kinds.items():
            if len(self.net.table(table)):
                self.net.tables[table] = unique_rows(self.net.tables[table], kind, self.findings, self.file)
                by_kind.setdefault(kind, []).append(table)
        self.row = {label: i for i, label in enumerate(self.frame.index)}
        prefixes = {table: f"{table}-" for table in prefixed}
        for kind, tables in by_kind.items():
            named = names_usable([name for table in tables for name in texts(self.net.table(table), "name")])
            for table in tables:
                frame = self.net.table(table)
                self.ids[table] = dict(zip(frame.index, asset_ids(frame, kind, prefixes.get(table, ""), named=named), strict=True))

    def place(self, table: str, ends: tuple[str, str], length: np.ndarray, crs: str | None, kind: str) -> str | None:
        """Settle where the nodes lie, judging by the edges of `table`; returns the CRS the file states.

        length  (rows of `table`,) [m]
        """
        edges = self.net.table(table)
        rows = [self.rows_at(edges.labels(column)) for column in ends]
        known = (rows[0] >= 0) & (rows[1] >= 0)
        self.places = node_places(self.net, self.nodes, (rows[0][known], rows[1][known], length[known]), crs, kind, self.findings)
        return self.places.crs

    def rows_at(self, labels: np.ndarray) -> np.ndarray:
        """(n,) node row of each label, -1 where there is no such node."""
        return np.array([self.row.get(label, -1) for label in labels.tolist()], dtype=np.int64)

    def xy(self, rows: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        """Coordinates of nodes by row; NaN at row -1."""
        assert self.places is not None
        return np.append(self.places.x, np.nan)[rows], np.append(self.places.y, np.nan)[rows]

    def points(self, rows: np.ndarray) -> pa.Array:
        """WKB points of nodes by row."""
        return point_wkb(*self.xy(rows))

    def lines(self, table: str, frame: Frame, start: np.ndarray, end: np.ndarray) -> pa.Array:
        """WKB courses of edges between nodes by row."""
        assert self.places is not None
        return line_wkb(self.net, table, frame, self.places, start, end)

    def node_ids(self, rows: np.ndarray) -> pa.Array:
        """Asset ids of nodes by row."""
        ids, labels = self.ids[self.nodes], self.frame.index
        return pa.array([ids[labels[row]] for row in rows.tolist()], pa.string())

    def attached(self, table: str, kind: str, *columns: str) -> tuple[Frame, list[np.ndarray]]:
        """The rows of a table whose references to nodes all hold, with the node rows; the others become findings."""
        frame = self.net.table(table)
        missing = [column for column in columns if column not in frame.data]
        if missing and len(frame):
            self.findings.add("import.missing_column", "error", f"Table {table} has no column {', '.join(missing)}; its {len(frame)} rows are left out", kind=kind,
                              column=missing[0], fix="Save the net again with all columns", file=self.file)
        if missing:
            return frame.take(np.zeros(len(frame), bool)), [np.zeros(0, np.int64) for _ in columns]
        rows = [self.rows_at(frame.labels(column)) for column in columns]
        keep = np.ones(len(frame), bool)
        for column, row in zip(columns, rows, strict=True):
            keep &= row >= 0
            self.dangling(table, kind, frame, np.flatnonzero(row < 0), column, frame.data[column], self.nodes)
        return frame.take(keep), [row[keep] for row in rows]

    def valves(self, table: str, kind: str, pipes: str) -> tuple[Frame, np.ndarray, pa.Array]:
        """Valves as (rows kept, start node rows, end ids); newer nets set them between a junction and a junction or pipe."""
        frame = self.net.table(table)
        if "element" not in frame.data:
            frame, (start, end) = self.attached(table, kind, "from_junction", "to_junction")
            return frame, start, self.node_ids(end)
        frame, (start,) = self.attached(table, kind, "junction")
        tables = {"ju": self.nodes, "pi": pipes}
        pairs = zip(frame.cells("et"), frame.labels("element").tolist(), strict=True)
        targets = [self.ids.get(tables.get(meant, self.nodes), {}).get(element) for meant, element in pairs]
        keep = np.array([target is not None for target in targets], dtype=bool)
        self.dangling(table, kind, frame, np.flatnonzero(~keep), "element", frame.cells("element"), "element")
        return frame.take(keep), start[keep], pa.array([target for target in targets if target is not None], pa.string())

    def dangling(self, table: str, kind: str, frame: Frame, at: Any, column: str, values: list[Any], what: str) -> None:
        """Report rows that name something which is not in the file."""
        self.findings.add_rows("import.dangling_reference", "error", f"{column} names a {what} that is not in the file; the row is left out", kind=kind,
                               ids=[self.ids[table][frame.index[i]] for i in at], column=column, values=[values[i] for i in at],
                               fix=f"Add the {what} or correct the reference", file=self.file, rows=frame.rows[at])

    def columns(self, frame: Frame, kind: Kind, rules: Rules, *skip: str) -> dict[str, pa.Array]:
        """The frame's columns as fields of a kind; see `arrow_columns`. `geo` is geometry and always skipped."""
        return arrow_columns(frame, kind, rules, self.findings, self.file, skip=frozenset({"geo", *skip}))

    def batch(self, kind: Kind, table: str, frame: Frame, columns: dict[str, pa.Array]) -> Batch:
        """A batch with ids and the row labels of the source; geometry is dropped where the net has no places."""
        ids = self.ids.get(table, {})
        labels = [int(label) if isinstance(label, (int, float)) and abs(label) < 2**63 else None for label in frame.index]
        first = {"id": pa.array([ids[label] for label in frame.index], pa.string()), "source_index": pa.array(labels, pa.int64())}
        if kind.field("source_table") is not None:
            first["source_table"] = pa.array([table] * len(frame), pa.string())
        if "geometry" in columns and columns["geometry"].null_count == len(frame):
            del columns["geometry"]
        return Batch(kind.name, pa.table(first | columns), frame.rows)


def records(net: NetFile, kind: str, done: Iterable[str], whole: Iterable[str] = ()) -> pa.Table:
    """What no kind takes, as rows of a record kind: the values of the net, one row per table row, or per table of `whole` and results.

    done      tables and values that became assets
    whole     tables and values kept in one record each
    returns   columns id, name, source_table, source_index, content (JSON)
    """
    done, whole = set(done), set(whole)
    values = {key: value for key, value in net.values.items() if key not in whole | done}
    rows: list[tuple[str, str, int | None, Any]] = [("net", "net", None, values)]
    rows += [(name, name, None, net.values[name]) for name in sorted(whole) if net.values.get(name)]
    for table, frame in net.tables.items():
        if table in done or not len(frame):
            continue
        if table.startswith("res_") or table.endswith("_geodata") or table in whole:
            rows.append((table, table, None, {"index": frame.index, "columns": frame.data}))
        else:
            rows += [(f"{table}/{label}", table, label if isinstance(label, int) else None, {name: cells[i] for name, cells in frame.data.items()})
                     for i, label in enumerate(frame.index)]
    return pa.table({
        "id": pa.array([f"{kind}:{r[0]}" for r in rows], pa.string()), "name": pa.array([r[0] for r in rows], pa.string()),
        "source_table": pa.array([r[1] for r in rows], pa.string()), "source_index": pa.array([r[2] for r in rows], pa.int64()),
        "content": pa.array([json.dumps(r[3], ensure_ascii=False) for r in rows], pa.string()),
    })


def fluid(net: NetFile) -> tuple[str, bool | None]:
    """Name of the fluid of a pipe net and whether it is a gas, None where the file does not say."""
    value = net.values.get("fluid")
    content = value.get("content") if isinstance(value, dict) else None
    if not isinstance(content, dict):
        return "", None
    state = content.get("is_gas")
    if state is None and content.get("fluid_type") in ("gas", "liquid"):
        state = content["fluid_type"] == "gas"
    return str(content.get("name") or ""), None if state is None else bool(state)


def facts(net: NetFile, places: Places | None) -> dict[str, Any]:
    """Things about a net worth showing: its version, its tables, and how distances compare with stated lengths."""
    found: dict[str, Any] = {"version": net.values.get("version"), "title": net.values.get("name") or None}
    found |= {f"rows of {table}": len(frame) for table, frame in net.tables.items() if len(frame) and not table.startswith("res_")}
    if places is not None and not np.isnan(places.scale):
        found["distance over length"] = round(places.scale, 4)
    return found


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
    names = [text_of(cell) for cell in frame.cells("name")]
    if named is None:
        named = names_usable(names)
    chosen = names if named else [f"{prefix}{label}" for label in frame.index]
    return np.array([f"{kind}:{item}" for item in chosen], dtype=object)


def names_usable(names: list[str | None]) -> bool:
    """Whether names can serve as ids: none missing, none repeated."""
    return bool(names) and None not in names and len(set(names)) == len(names)


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
        bad = [i for i, cell in enumerate(cells) if np.isnan(values[i]) and text_of(cell) is not None]
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
        return pa.array([None if (t := text_of(cell)) is None else known.get(t.casefold(), t) for cell in cells], pa.string())
    return pa.array([text_of(cell) for cell in cells], pa.string())


def _flag(cell: Any) -> bool | None:
    if isinstance(cell, str):
        return {"true": True, "1": True, "false": False, "0": False}.get(cell.strip().casefold())
    value = number(cell)
    return None if np.isnan(value) else bool(value)


def _loose(cells: list[Any]) -> pa.Array:
    if not any(isinstance(cell, (list, dict)) for cell in cells):
        try:
            return pa.array(cells)
        except (pa.ArrowInvalid, pa.ArrowTypeError, pa.ArrowNotImplementedError, OverflowError):
            pass  # mixed cells become text
    return pa.array([text_of(cell) for cell in cells], pa.string())


@dataclass(slots=True)
class Places:
    """Where the nodes of a net lie.

    x, y     (n,)  coordinates as in the file, NaN where unknown
    crs      what the file says they are, or None
    geojson  whether they come from the `geo` column rather than from a geodata table
    swapped  whether `geo` holds latitude first
    fit      (3, 2) affine map from the geodata table to x, y where both are known, else None
    scale    median straight distance over stated length of the edges; about 1 in metres, 3.28 in feet; NaN if unknown
    """

    x: np.ndarray
    y: np.ndarray
    crs: str | None = None
    geojson: bool = False
    swapped: bool = False
    fit: np.ndarray | None = None
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
        _fill(table_x, table_y, geo_x, geo_y, 1.0, kind, findings, file)
        return Places(table_x, table_y, scale=_middle(_ratios(table_x, table_y, ends, spherical=False)))
    straight, turned = (_ratios(a, b, ends, spherical=True) for a, b in ((geo_x, geo_y), (geo_y, geo_x)))
    swapped = _spread(turned) < 0.1 and _spread(straight) > 2 * _spread(turned)  # turned they fit within 10 %, as they stand they do not
    scale = _middle(turned if swapped else straight)
    if abs(np.log(scale)) > np.log(10.0):
        if crs is not None:
            return Places(geo_x, geo_y, None, True, scale=_middle(_ratios(geo_x, geo_y, ends, spherical=False)))
        findings.add("import.schematic_coordinates", "warning", "The coordinates are a drawing, they contradict the lengths; left out", kind=kind, column="geometry",
                     value=f"{scale:.3g} times the length", fix="To keep the drawing import with --crs local:m", file=file)
        nothing = np.full(len(frame), np.nan)
        return Places(nothing, nothing, None, True)
    if swapped:
        findings.add("import.axes_swapped", "warning", "The geo column holds latitude before longitude; the axes are swapped back", kind=kind, column="geometry",
                     value=f"{geo_x[np.isfinite(geo_x)][0]}, {geo_y[np.isfinite(geo_y)][0]}", fix="Write GeoJSON coordinates as longitude, latitude", file=file)
    x, y = (geo_y, geo_x) if swapped else (geo_x, geo_y)
    fit = _fill(x, y, table_x, table_y, 1e-5, kind, findings, file)
    return Places(x, y, "EPSG:4326", True, swapped, fit, scale)


def _fill(x: np.ndarray, y: np.ndarray, other_x: np.ndarray, other_y: np.ndarray, tolerance: float, kind: str, findings: Findings, file: str) -> np.ndarray | None:
    """Place nodes that have only the other coordinates by a fit to those that have both; changes x and y, returns the fit."""
    fit = _fit(other_x, other_y, x, y, tolerance)
    missing = ~np.isfinite(x) & np.isfinite(other_x)
    if fit is not None and missing.any():
        x[missing], y[missing] = (np.stack([other_x, other_y, np.ones(len(x))], 1)[missing] @ fit).T
        findings.add("import.placed_by_fit", "info", f"{missing.sum()} nodes were placed by their other coordinates, fitted to the rest", kind=kind, column="geometry", file=file)
    return fit


def _fit(from_x: np.ndarray, from_y: np.ndarray, to_x: np.ndarray, to_y: np.ndarray, tolerance: float) -> np.ndarray | None:
    """Affine map between plane coordinates and degrees of the same nodes, or None if it is off anywhere by more than the tolerance."""
    both = np.isfinite(from_x) & np.isfinite(to_x)
    if both.sum() < 6:
        return None
    centre = np.array([from_x[both].mean(), from_y[both].mean()])
    source = np.stack([from_x[both] - centre[0], from_y[both] - centre[1], np.ones(both.sum())], 1)
    target = np.stack([to_x[both], to_y[both]], 1)
    found, _, rank, _ = np.linalg.lstsq(source, target, rcond=None)
    if rank < 3 or np.abs(source @ found - target).max() > tolerance:
        return None
    found[2] -= centre @ found[:2]
    return found


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
    line = [(number(p[0]), number(p[1])) for p in points if isinstance(p, list) and len(p) >= 2]
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
        course = _coordinates(geo[i]) if places.geojson else []
        if places.swapped:
            course = [(b, a) for a, b in course]
        if not course and label in row and (not places.geojson or places.fit is not None):
            course = _coordinates(delivered[row[label]])
            if places.fit is not None:
                course = [(float(a), float(b)) for a, b in np.array([(*c, 1.0) for c in course]).reshape(-1, 3) @ places.fit]
        if len(course) < 2 or np.isnan(places.x).all():
            course = [(places.x[j], places.y[j]) for j in (start[i], end[i])]
        usable = np.isfinite(course).all() and len(set(course)) > 1
        lines.append(shapely.linestrings(course) if usable else None)
    return pa.array(shapely.to_wkb(np.array(lines, dtype=object)) if lines else [], pa.binary())
