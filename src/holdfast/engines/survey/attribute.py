"""Checks that need only the row itself; the import runs them on every batch, so all of them are column operations."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from holdfast.model import geometry
from holdfast.model.finding import Findings
from holdfast.model.quantity import QUANTITIES
from holdfast.model.spec import LIFECYCLE, SECRECY, Field, Kind

from . import codes
from .settings import values as setting_values
from .sink import Sink

_DEPTHS = ("depth", "from_depth", "to_depth", "well_bottom_depth")


def check_batch(
    kind: Kind,
    table: pa.Table,
    findings: Findings,
    file: str | None = None,
    rows: np.ndarray | None = None,
    settings: Mapping[str, Any] | None = None,
    checks: frozenset[str] | None = None,
) -> None:
    """Add findings about the rows of one table, each judged by itself.

    table      columns of `asset_schema(kind)`; absent ones are taken as empty
    rows       (n,) row numbers in the file, for the findings
    settings   values of `SETTINGS`; defaults where absent
    checks     names of checks to run, or None for all
    """
    count = table.num_rows
    if count == 0:
        return
    ids = table["id"] if "id" in table.column_names else pa.nulls(count, pa.string())

    def place(index: np.ndarray) -> np.ndarray:
        if "geometry" not in table.column_names or table["geometry"].null_count == count:
            return np.full((len(index), 2), np.nan)
        return geometry.centre(table["geometry"].take(pa.array(index)))

    sink = Sink(findings, kind.name, ids, place, file, rows, checks)
    chosen = setting_values(settings)
    sink.flag("survey.missing_id", _blank(ids))
    for field in kind.fields:
        if field.name in table.column_names:
            _check_field(sink, field, table[field.name], chosen)
        elif field.required:
            _missing(sink, field, None, count)
    _exclusive(sink, table)
    codes.check_feature_codes(sink, kind, table)
    _levels(sink, table, chosen["survey.level_tolerance"])
    _dates(sink, kind, table, int(chosen["survey.min_year"]))
    _states(sink, table)
    if kind.trait == "edge":
        _ends(sink, table)
        _length_units(sink, table)


def _check_field(sink: Sink, field: Field, column: pa.ChunkedArray, settings: Mapping[str, Any]) -> None:
    if field.required:
        _missing(sink, field, column, len(column))
    if column.null_count == len(column):
        return
    if field.type == "code" and field.dictionary is not None:
        codes.check_codes(sink, field, column)
    elif pa.types.is_floating(column.type) or pa.types.is_integer(column.type):
        _numbers(sink, field, column, settings)


def _blank(column: pa.Array | pa.ChunkedArray) -> np.ndarray:
    """Null, or text of nothing but spaces."""
    empty = column.is_null()
    if pa.types.is_string(column.type) or pa.types.is_large_string(column.type):
        short = pc.fill_null(pc.less(pc.binary_length(column), 4), False)
        if pc.any(short).as_py():
            empty = pc.or_(empty, pc.fill_null(pc.equal(pc.utf8_trim_whitespace(column), ""), False))
    return np.asarray(empty.to_numpy(zero_copy_only=False) if isinstance(empty, pa.Array) else empty.to_numpy(), bool)


def _missing(sink: Sink, field: Field, column: pa.ChunkedArray | None, count: int) -> None:
    if column is not None and column.null_count == 0 and not pa.types.is_string(column.type):
        return
    if column is None or column.null_count == count:
        sink.note("survey.missing_column", f"none of {count} rows has {field.title}", column=field.name, value=count)
        return
    sink.flag("survey.missing_value", _blank(column), column=field.name, message=f"{field.title} is missing")


def _numbers(sink: Sink, field: Field, column: pa.ChunkedArray, settings: Mapping[str, Any]) -> None:
    quantity = QUANTITIES.get(field.quantity or "")
    low, high = field.span or (quantity.span if quantity else (-np.inf, np.inf))
    deepest = settings["survey.max_depth"] if field.name in _DEPTHS else np.inf
    size = field.quantity == "diameter"
    extremes = pc.min_max(column)
    least, most = extremes["min"].as_py(), extremes["max"].as_py()
    strange = least is None or most is None or not (np.isfinite(least) and np.isfinite(most))
    if not strange and pa.types.is_floating(column.type):
        strange = bool(pc.any(pc.is_nan(column)).as_py())
    if not strange and low <= least and most <= min(high, deepest) and not (size and least <= 0):
        return
    values = column.to_numpy().astype(np.float64, copy=False)  # null becomes NaN
    present = np.asarray(column.is_valid().to_numpy(), bool) if column.null_count else np.ones(len(column), bool)
    finite = np.isfinite(values)
    sink.flag("survey.not_finite", present & ~finite, column=field.name, message=f"{field.title} is not a number")
    nothing = finite & (values <= 0) if size else np.zeros(len(values), bool)
    if size and not field.required:  # the second size of a round section is often written as zero
        absent = nothing & (values == 0)
        if absent.any():
            sink.note("survey.zero_for_missing", f"{absent.sum()} of {len(values)} rows give {field.title} as zero", column=field.name, value=int(absent.sum()))
        finite, nothing = finite & ~absent, nothing & ~absent
    sink.flag("survey.nonpositive_size", nothing, column=field.name, values=values, message=f"{field.title} must be greater than zero")
    deep = finite & (values > deepest)
    sink.flag("survey.too_deep", deep, column=field.name, values=values, message=f"{field.title} is more than {deepest:g} m")
    odd = finite & ~nothing & ~deep & ((values < low) | (values > high))
    unit = f" {quantity.unit}" if quantity and quantity.unit != "1" else ""
    sink.flag("survey.implausible", odd, column=field.name, values=values, message=f"{field.title} is outside {low:g} to {high:g}{unit}")


def _exclusive(sink: Sink, table: pa.Table) -> None:
    names = set(table.column_names)
    if {"feature", "attachment"} <= names and not _all_null(table, "feature", "attachment"):
        both = ~_blank(table["feature"]) & ~_blank(table["attachment"])
        sink.flag("survey.feature_and_attachment", both, column="attachment", values=table["attachment"])
    if {"map_number", "field_number"} <= names and not _all_null(table, "map_number", "field_number"):
        differ = pc.fill_null(pc.not_equal(table["map_number"], table["field_number"]), False).to_numpy()
        sink.flag("survey.number_mismatch", np.asarray(differ, bool), column="field_number", values=table["field_number"])


def _all_null(table: pa.Table, *names: str) -> bool:
    """Whether any of the columns has nothing, so that they cannot be compared."""
    return any(table[name].null_count == table.num_rows for name in names)


def _levels(sink: Sink, table: pa.Table, tolerance: float) -> None:
    names = ("ground_elevation", "depth", "elevation")
    if not set(names) <= set(table.column_names) or _all_null(table, *names):
        return
    ground, depth, level = (table[name].to_numpy() for name in names)
    gap = ground - depth - level
    standing = (depth == 0) & (level > ground)  # equipment above the ground has no depth
    sink.flag("survey.level_sum", (np.abs(gap) > tolerance) & ~standing, column="ground_elevation", values=gap)


def _dates(sink: Sink, kind: Kind, table: pa.Table, first_year: int) -> None:
    tomorrow = datetime.now(UTC).date() + timedelta(days=1)
    early = datetime(first_year, 1, 1, tzinfo=UTC).date()
    dates = [f.name for f in kind.fields if f.type == "date"] + ["survey_date"]
    for name in dates:
        if name not in table.column_names or table[name].null_count == table.num_rows:
            continue
        column = table[name]
        extremes = pc.min_max(column)
        if extremes["max"].as_py() > tomorrow:
            late = pc.fill_null(pc.greater(column, pa.scalar(tomorrow, column.type)), False)
            sink.flag("survey.future_date", np.asarray(late.to_numpy(), bool), column=name, values=column)
        if extremes["min"].as_py() < early:
            old = pc.fill_null(pc.less(column, pa.scalar(early, column.type)), False)
            sink.flag("survey.early_date", np.asarray(old.to_numpy(), bool), column=name, values=column)
    if {"build_date", "survey_date"} <= set(table.column_names) and not _all_null(table, "build_date", "survey_date"):
        before = pc.fill_null(pc.less(table["survey_date"], table["build_date"]), False)
        sink.flag("survey.surveyed_before_built", np.asarray(before.to_numpy(), bool), column="survey_date", values=table["survey_date"])


def _states(sink: Sink, table: pa.Table) -> None:
    for name, allowed in (("lifecycle", LIFECYCLE), ("secrecy", SECRECY)):
        if name in table.column_names and table[name].null_count < table.num_rows:
            unknown = pc.fill_null(pc.invert(pc.is_in(table[name], value_set=pa.array([*allowed, None], pa.string()))), False)
            sink.flag("survey.unknown_state", np.asarray(unknown.to_numpy(), bool), column=name, values=table[name], fix=f"Use one of: {', '.join(allowed)}")


def _ends(sink: Sink, table: pa.Table) -> None:
    if not {"from_id", "to_id"} <= set(table.column_names):
        return
    start, end = table["from_id"], table["to_id"]
    if start.null_count == end.null_count == table.num_rows:
        sink.note("survey.unnamed_end", f"none of {table.num_rows} lines names its points", column="from_id", value=table.num_rows)
        return
    same = pc.fill_null(pc.equal(start, end), False)
    sink.flag("survey.start_is_end", np.asarray(same.to_numpy(), bool), column="to_id", values=end)
    if start.null_count or end.null_count:
        sink.flag("survey.unnamed_end", np.asarray(pc.or_(start.is_null(), end.is_null()).to_numpy(), bool), column="from_id")


def _length_units(sink: Sink, table: pa.Table) -> None:
    """A hydraulic length that is a constant factor of the drawn one, and that factor a foot, was delivered in the wrong unit."""
    if not {"length", "geometry"} <= set(table.column_names) or _all_null(table, "length", "geometry") or not sink.wants("survey.length_units"):
        return
    drawn = geometry.length(table["geometry"])
    stated = table["length"].to_numpy()
    with np.errstate(divide="ignore", invalid="ignore"):
        ratio = (stated / drawn)[(drawn > 1.0) & (stated > 0)]
    if len(ratio) < 20:
        return
    middle = float(np.median(ratio))
    steady = float(np.mean(np.abs(ratio / middle - 1.0) < 0.02))
    for factor, said in ((1 / 0.3048, "lengths are in feet while coordinates are in metres"), (0.3048, "coordinates are in feet while lengths are in metres")):
        if abs(middle / factor - 1.0) < 0.02 and steady > 0.5:
            sink.note("survey.length_units", f"{steady:.0%} of the lengths are {middle:.3f} times the drawn ones: {said}", column="length", value=f"{middle:.4f}")
