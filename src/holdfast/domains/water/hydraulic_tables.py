"""Water tables of a city as a hydraulic model needs them: what exists, in the order of the file it came from, as arrays."""

from __future__ import annotations

from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from holdfast.model.finding import Findings

_NOT_BUILT = pa.array(["planned", "designed", "retired"])
_GONE = pa.array(["1", "2"])  # survey status: abandoned, empty
_LAST = 2**62


class WaterTables:
    """Tables of one city, read once each.

    findings  what was wrong and what was assumed
    """

    def __init__(self, city: Any, findings: Findings) -> None:
        self.city, self.findings = city, findings
        self._tables: dict[str, pa.Table] = {}

    def table(self, kind: str) -> pa.Table:
        """Facts of a kind that exist: not planned, retired, abandoned or empty; by position in the model file, then by id."""
        if kind not in self._tables:
            self._tables[kind] = _ordered(_existing(self.city.table(kind)))
        return self._tables[kind]

    def keep(self, kind: str, mask: np.ndarray) -> None:
        """Leave out the rows of a kind where `mask` is False."""
        self._tables[kind] = self.table(kind).filter(pa.array(mask))

    def ids(self, kind: str) -> pa.Array:
        return combined(self.table(kind)["id"])

    def numbers(self, kind: str, field: str, default: float = np.nan) -> np.ndarray:
        """A field of a kind as float64 with `default` where it is missing."""
        return numbers(self.table(kind), field, default)

    def texts(self, kind: str, field: str) -> list[str | None]:
        table = self.table(kind)
        return table[field].to_pylist() if field in table.column_names else [None] * table.num_rows

    def report(self, rule: str, severity: str, kind: str, ids: pa.Array, mask: np.ndarray, message: str, fix: str, column: str | None = None) -> None:
        """Report the rows of a kind where `mask` is True."""
        if mask.any():
            self.findings.add_rows(f"hydraulics.{rule}", severity, message, kind=kind, ids=ids.filter(pa.array(mask)).to_pylist(), column=column, fix=fix)

    def filled(self, kind: str, field: str, default: float | np.ndarray, *, above: float = 0.0, silent: bool = False) -> np.ndarray:
        """A field that must exceed `above`; elsewhere `default`, which is reported."""
        values = self.numbers(kind, field)
        bad = ~(values > above)
        if not silent:
            self.report("assumed", "warning", kind, self.ids(kind), bad, f"{field} is missing or not above {above:g}; a default was taken", "Give the true value", field)
        return np.where(bad, default, values)


def numbers(table: pa.Table, field: str, default: float = np.nan) -> np.ndarray:
    """A column as float64 with `default` for nulls and absent columns."""
    if field not in table.column_names:
        return np.full(table.num_rows, default)
    values = pc.fill_null(table[field].cast(pa.float64()), default)
    return np.asarray(values.to_numpy(), np.float64).copy()


def combined(column: pa.ChunkedArray) -> pa.Array:
    """One array of a column, strings as strings even when there are no rows."""
    return column.combine_chunks().cast(pa.string())


def places(ids: pa.Array | list[str | None], index: pa.Array) -> np.ndarray:
    """(n,) position of each id in `index`, -1 where it is not there."""
    found = pc.fill_null(pc.index_in(ids if isinstance(ids, pa.Array) else pa.array(ids, pa.string()), value_set=index), -1)
    return np.asarray(found.to_numpy(zero_copy_only=False), np.int64)


def names(ids: pa.Array) -> list[str]:
    """What follows the colon of each id: the name in the file it came from."""
    return [i.partition(":")[2] for i in ids.to_pylist()]


def _existing(table: pa.Table) -> pa.Table:
    keep: Any = None
    for column, gone in (("lifecycle", _NOT_BUILT), ("status", _GONE)):
        if column in table.column_names:
            here = pc.invert(pc.is_in(table[column].cast(pa.string()), value_set=gone))
            keep = here if keep is None else pc.and_(keep, here)
    return table if keep is None else table.filter(keep)


def _ordered(table: pa.Table) -> pa.Table:
    if table.num_rows < 2:
        return table
    position = pc.fill_null(table["position"], _LAST) if "position" in table.column_names else pa.array(np.zeros(table.num_rows, np.int64))
    order = pc.sort_indices(pa.table({"position": position, "id": table["id"]}), sort_keys=[("position", "ascending"), ("id", "ascending")])
    return table.take(order)
