"""Columns of a city's tables as arrays for network engines: what exists, numbers with defaults, positions of ids."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

_NOT_BUILT = pa.array(["planned", "designed", "retired"])
_GONE = pa.array(["1", "2"])  # survey status of CJJ 61: abandoned, empty


class Columns:
    """Rows of one kind that exist: neither planned nor retired, abandoned or empty."""

    def __init__(self, table: pa.Table) -> None:
        keep: Any = None
        for column, gone in (("lifecycle", _NOT_BUILT), ("status", _GONE)):
            if column in table.column_names:
                here = pc.invert(pc.is_in(table[column].cast(pa.string()), value_set=gone))
                keep = here if keep is None else pc.and_(keep, here)
        self.table = table if keep is None else table.filter(keep)
        self.id = self.table["id"].combine_chunks().cast(pa.string())

    def __len__(self) -> int:
        return self.table.num_rows

    def numbers(self, name: str, default: float = np.nan) -> np.ndarray:
        """(row,) float64, `default` where null or absent."""
        if name not in self.table.column_names:
            return np.full(len(self), default)
        return np.array(pc.fill_null(self.table[name].cast(pa.float64()), default).to_numpy(), np.float64)

    def flags(self, name: str, default: bool = True) -> np.ndarray:
        """(row,) bool, `default` where null or absent."""
        if name not in self.table.column_names:
            return np.full(len(self), default)
        return np.array(pc.fill_null(self.table[name].cast(pa.bool_()), default).to_numpy(zero_copy_only=False), bool)

    def texts(self, name: str) -> pa.Array:
        """(row,) string, null where absent."""
        if name not in self.table.column_names:
            return pa.nulls(len(self), pa.string())
        return self.table[name].combine_chunks().cast(pa.string())

    def works(self) -> np.ndarray:
        """(row,) bool: not marked out of service, by its own field or by its life cycle."""
        lifecycle = self.texts("lifecycle").to_numpy(zero_copy_only=False)
        return self.flags("in_service") & (lifecycle != "out_of_service")


def columns(city: Any, kind: str) -> Columns:
    """What exists of a kind; no rows where the kind is not installed."""
    if kind not in city.catalog.kinds:
        return Columns(pa.table({"id": pa.array([], pa.string())}))
    return Columns(city.table(kind))


def places(ids: pa.Array, index: pa.Array) -> np.ndarray:
    """(n,) int32 position of each id in `index`, -1 where it is not there or null."""
    found = pc.fill_null(pc.index_in(ids, value_set=index, skip_nulls=True), -1)
    return np.array(found.to_numpy(zero_copy_only=False), np.int32)


def elevations(junction: Columns) -> np.ndarray:
    """(row,) level [m] of nodes: their own, else the ground's, else the middle of those that have one, 0 where none has."""
    own = junction.numbers("elevation")
    known = own[np.isfinite(own)]
    ground = np.nan_to_num(junction.numbers("ground_elevation"), nan=float(np.median(known)) if len(known) else 0.0)
    return np.where(np.isfinite(own), own, ground)


def ends_of(table: dict[str, Columns], edges: Sequence[str], junction: pa.Array, valve: str, pipe: str) -> tuple[dict[str, np.ndarray], dict[str, np.ndarray], np.ndarray]:
    """Node positions of both ends of every link by kind, -1 where the named node does not exist.

    A valve may stand between a junction and a pipe, naming the pipe as its far end: the pipe then begins at an inner node behind it, numbered after the junctions.

    edges     kinds of links, `valve` and `pipe` among them
    returns   kind -> from, kind -> to, and the junction that each inner node lies at
    """
    start = {kind: places(table[kind].texts("from_id"), junction) for kind in edges}
    stop = {kind: places(table[kind].texts("to_id"), junction) for kind in edges}
    split: list[int] = []
    behind = places(table[valve].texts("to_id"), table[pipe].id)
    for row in np.flatnonzero((behind >= 0) & (start[valve] >= 0)):
        node = start[valve][row]
        for ends in (start[pipe], stop[pipe]):
            if ends[behind[row]] == node:
                ends[behind[row]] = stop[valve][row] = len(junction) + len(split)
                split.append(int(node))
                break
    return start, stop, np.array(split, np.int64)
