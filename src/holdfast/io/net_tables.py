"""Tables of a saved net as batches of a domain: ids, references between tables, and units.

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

from .net_places import Places, line_wkb, node_places, point_wkb
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
