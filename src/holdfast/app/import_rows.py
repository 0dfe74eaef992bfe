"""From a reader's batch to rows that can be stored: ids, column types, coordinates, undeclared columns, and what was wrong."""

from __future__ import annotations

import json
from dataclasses import dataclass, field
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from holdfast.engines.survey.codes import normalise_codes
from holdfast.model import geometry, tables
from holdfast.model.crs import Transform
from holdfast.model.finding import Findings
from holdfast.model.geometry_validity import PROBLEMS, problems, settle_type
from holdfast.model.spec import Kind

from .id_set import IdSet

_UNUSABLE = ("unreadable", "nan")  # the row is left out
_MISPLACED = "type"  # the row is kept without the geometry, which stays in extra
_REASONS = {"missing": "import.no_geometry", "empty": "import.empty_geometry"}


@dataclass(slots=True)
class RowContext:
    """What stays the same for all batches of one file.

    stored    ids of open facts in the city, by kind
    seen      ids met so far in this import, by kind
    area      bounds in file coordinates outside which nothing can be; None when unknown
    """

    file: str
    stem: str
    findings: Findings
    transform: Transform | Any | None
    height: float = 1.0
    area: tuple[float, float, float, float] | None = None
    stored: dict[str, IdSet] = field(default_factory=dict)
    seen: dict[str, IdSet] = field(default_factory=dict)
    counter: dict[str, int] = field(default_factory=dict)


def prepare(kind: Kind, table: pa.Table, rows: Any, context: RowContext) -> tuple[pa.Table, np.ndarray]:
    """Rows of a batch that can be stored, in the columns of `asset_schema(kind)`, and their row numbers in the file.

    Rows with coordinates that are no numbers or with an id that is taken are left out with a finding; a value or geometry
    that does not fit its column becomes null with a finding and stays in `extra` as delivered.
    """
    count = table.num_rows
    start = context.counter.get(kind.name, 0)
    context.counter[kind.name] = start + count
    numbers = np.arange(start + 1, start + count + 1) if rows is None else np.asarray(rows, np.int64)
    ids = _ids(kind, table, numbers, context)
    columns, spilled = _cast_columns(kind, table, ids, numbers, context)
    columns["id"] = ids
    keep = _first_of_each(kind, ids, numbers, context)
    if "geometry" in table.column_names and kind.geometry is not None:
        columns["geometry"], placed = _place(kind, table["geometry"], ids, numbers, context, spilled)
        keep &= placed
    columns["extra"] = _extra(kind, table, spilled)
    schema = tables.asset_schema(kind)
    result = normalise_codes(kind, pa.table([columns.get(f.name, pa.nulls(count, f.type)) for f in schema], names=schema.names))
    if not keep.all():
        result, numbers = result.filter(pa.array(keep)), numbers[keep]
    return result, numbers


def _ids(kind: Kind, table: pa.Table, numbers: np.ndarray, context: RowContext) -> pa.Array:
    """Ids as `<kind>:<source id>`; rows that bring none are named after the file and row."""
    prefix = f"{kind.name}:"
    made = pa.array([f"{prefix}{context.stem}-{n}" for n in numbers.tolist()], pa.string()) if "id" not in table.column_names else None
    if made is not None:
        return made
    given = table["id"].combine_chunks().cast(pa.string())
    bare = pc.fill_null(pc.invert(pc.starts_with(given, prefix)), False)
    if pc.any(bare).as_py():
        given = pc.if_else(bare, pc.binary_join_element_wise(prefix, pc.utf8_trim_whitespace(given), ""), given)
    blank = pc.or_kleene(pc.is_null(given), pc.fill_null(pc.equal(given, prefix), True))
    if pc.any(blank).as_py():
        rows = np.asarray(blank.to_numpy(zero_copy_only=False), bool)
        names = [f"{prefix}{context.stem}-{n}" for n in numbers[rows].tolist()]
        context.findings.add_rows(
            "import.no_id", "warning", "the row has no id; it was named after the file and row", kind=kind.name, ids=names, column="id",
            fix="Give every row its own lasting id", file=context.file, rows=numbers[rows],
        )
        values = given.to_numpy(zero_copy_only=False)
        values[rows] = names
        given = pa.array(values, pa.string())
    return given


def _first_of_each(kind: Kind, ids: pa.Array, numbers: np.ndarray, context: RowContext) -> np.ndarray:
    """Keep the first row of each id that neither this import nor the city has."""
    stored = context.stored.get(kind.name)
    taken = np.zeros(len(ids), bool) if stored is None else stored.has(ids)
    _report(context, "import.exists", "error", "an open fact with this id is in the city already", "Import with --update to compare and replace",
            kind, ids, numbers, taken)
    again = context.seen.setdefault(kind.name, IdSet()).add(ids) & ~taken
    _report(context, "import.duplicate_id", "error", "the id was given to an earlier row; this row was left out", "Give every row its own id",
            kind, ids, numbers, again)
    return ~taken & ~again


def _report(context: RowContext, rule: str, severity: str, message: str, fix: str, kind: Kind, ids: pa.Array, numbers: np.ndarray, mask: np.ndarray) -> None:
    if mask.any():
        context.findings.add_rows(rule, severity, message, kind=kind.name, ids=ids.filter(pa.array(mask)), column="id", fix=fix, file=context.file,
                                  rows=numbers[mask])


def _cast_columns(kind: Kind, table: pa.Table, ids: pa.Array, numbers: np.ndarray, context: RowContext) -> tuple[dict[str, Any], dict[str, pa.Array]]:
    """Declared columns in their types; and, by column, the delivered text of values that did not fit."""
    columns: dict[str, Any] = {}
    spilled: dict[str, pa.Array] = {}
    for column in tables.asset_schema(kind):
        if column.name in ("id", "geometry", "extra") or column.name not in table.column_names:
            continue
        given = table[column.name]
        if given.type == column.type:
            columns[column.name] = given
            continue
        try:
            columns[column.name] = given.cast(column.type)
        except (pa.ArrowInvalid, pa.ArrowNotImplementedError, pa.ArrowTypeError):
            values, lost = _coerce(given, column.type)
            columns[column.name] = values
            if lost.any():
                text = given.cast(pa.string()).combine_chunks()
                mask = pa.array(lost)
                spilled[column.name] = pc.if_else(mask, text, pa.scalar(None, pa.string()))
                context.findings.add_rows(
                    "import.bad_value", "warning", f"the value is no {_plain_name(column.type)}; it was kept in extra", kind=kind.name,
                    ids=ids.filter(mask), column=column.name, fix="Correct the value in the file", file=context.file,
                    values=text.filter(mask).to_pylist(), rows=numbers[lost],
                )
    return columns, spilled


def _coerce(given: pa.ChunkedArray, kind: pa.DataType) -> tuple[pa.Array, np.ndarray]:
    """Values that can be read as the type, null for the others, and which those are."""
    import pandas as pd

    column = pc.utf8_trim_whitespace(given.cast(pa.string())).combine_chunks()
    text = column.to_pandas()
    present = text.notna() & (text != "")
    if pa.types.is_date(kind):
        result = _dates(column)
    elif pa.types.is_boolean(kind):
        known = text.str.lower().map({"1": True, "true": True, "t": True, "yes": True, "y": True, "是": True, "0": False, "false": False, "f": False,
                                      "no": False, "n": False, "否": False})
        result = pa.array(known.where(known.notna(), None), kind)
    elif pa.types.is_string(kind):
        return given.cast(pa.string()), np.zeros(len(text), bool)
    else:
        parsed = pd.to_numeric(text, errors="coerce")
        if pa.types.is_integer(kind):
            parsed = parsed.where(parsed == parsed.round())
            result = pc.cast(pa.array(parsed.to_numpy(np.float64), pa.float64(), from_pandas=True), kind)
        else:
            result = pa.array(parsed.to_numpy(np.float64), kind, from_pandas=True)
    return result, np.asarray(present) & np.asarray(result.is_null())


def _dates(text: pa.Array) -> pa.Array:
    """Dates written as year, year and month, or day, with -, /, . or 年月日 between; null for anything else."""
    plain = pc.replace_substring_regex(text, r"^(\d{4})[-/.年]?(\d{0,2})[-/.月]?(\d{0,2})日?([T ].*)?$", r"\1-0\2-0\3")
    plain = pc.replace_substring_regex(plain, r"-0(\d\d)", r"-\1")
    plain = pc.replace_substring_regex(plain, r"-0(-|$)", r"-01\1")
    plain = pc.replace_substring_regex(plain, r"-0$", "-01")
    return pc.cast(pc.strptime(plain, format="%Y-%m-%d", unit="s", error_is_null=True), pa.date32())


def _plain_name(kind: pa.DataType) -> str:
    if pa.types.is_date(kind):
        return "date"
    return "yes or no" if pa.types.is_boolean(kind) else "number"


def _extra(kind: Kind, table: pa.Table, spilled: dict[str, pa.Array]) -> Any:
    """Undeclared columns and values that did not fit, as one JSON object per row; null where there is nothing."""
    declared = set(tables.asset_schema(kind).names)
    names = [n for n in table.column_names if n not in declared]
    parts = {n: table[n].to_pylist() for n in names if table[n].null_count < table.num_rows}
    parts |= {n: column.to_pylist() for n, column in spilled.items()}
    if "extra" in table.column_names and table["extra"].null_count < table.num_rows:
        parts[""] = table["extra"].to_pylist()
    if not parts:
        return pa.nulls(table.num_rows, pa.string())
    result = []
    for values in zip(*parts.values(), strict=True):
        row = {n: v for n, v in zip(parts, values, strict=True) if v is not None}
        inner = row.pop("", None)
        if inner:
            row = {**json.loads(inner), **row}
        result.append(json.dumps(row, ensure_ascii=False, default=str) if row else None)
    return pa.array(result, pa.string())


def _place(
    kind: Kind, wkb: pa.ChunkedArray, ids: pa.Array, numbers: np.ndarray, context: RowContext, spilled: dict[str, pa.Array]
) -> tuple[pa.Array, np.ndarray]:
    """Geometry in city coordinates, and which rows keep their place in the import."""
    column = settle_type(wkb, kind.geometry)
    found = problems(column, kind.geometry, context.area)
    keep = np.ones(len(ids), bool)
    lost = np.zeros(len(ids), bool)
    for name, mask in found.items():
        if not mask.any():
            continue
        note = ""
        if name in _UNUSABLE:
            keep &= ~mask
            note = "; the row was left out"
        if name == _MISPLACED:
            texts = [None if shape is None else shape.wkt for shape in geometry.decode(column.filter(pa.array(mask)))]
            spilled["geometry"] = pc.replace_with_mask(pa.nulls(len(ids), pa.string()), pa.array(mask), pa.array(texts, pa.string()))
            note = "; it was kept in extra as text"
        lost |= mask if note else False
        context.findings.add_rows(
            _REASONS.get(name, f"import.geometry_{name}"), "error" if note else "warning", PROBLEMS[name] + note, kind=kind.name,
            ids=ids.filter(pa.array(mask)), column="geometry", fix=_FIXES.get(name, "Correct the geometry in the file"), file=context.file, rows=numbers[mask],
        )
    if lost.any():
        column = pc.if_else(pa.array(lost), pa.scalar(None, column.type), column)
    if context.transform is None or (getattr(context.transform, "identity", False) and context.height == 1.0):
        return column.cast(pa.binary()), keep
    return geometry.transform(column, context.transform, context.height).cast(pa.binary()), keep


_FIXES = {
    "outside": "Check the CRS and the order of the axes",
    "self_crossing": "Redraw the outline so that it does not cross itself",
    "zero_length": "Give start and end different coordinates",
    "nan": "Give finite coordinates",
}
