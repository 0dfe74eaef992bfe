"""Bulk loading of SQLite R*Tree indexes by writing packed nodes straight into the shadow tables.

Row-wise inserts into an R*Tree cost several microseconds each; sort-tile-recursive packing (Leutenegger, Lopez, Edgington
1997) builds a fuller tree from arrays in a fraction of the time. Node layout: SQLite source, ext/rtree/rtree.c, file header.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator

import numpy as np

_CELLS = 51  # RTREE_MAXCELLS
_CELL = np.dtype([("id", ">i8"), ("minx", ">f4"), ("maxx", ">f4"), ("miny", ">f4"), ("maxy", ">f4")])
_PART = 200_000  # rows turned into Python objects at a time
_NODE_BYTES = 4 + _CELLS * _CELL.itemsize


def outward(bounds: np.ndarray) -> np.ndarray:
    """Bounds (n, 4) as float32, rounded so that each box still contains the exact one."""
    if bounds.dtype == np.float32:
        return bounds
    rounded = bounds.astype(np.float32)
    low = rounded[:, :2]
    low[low > bounds[:, :2]] = np.nextafter(low[low > bounds[:, :2]], np.float32(-np.inf))
    high = rounded[:, 2:]
    high[high < bounds[:, 2:]] = np.nextafter(high[high < bounds[:, 2:]], np.float32(np.inf))
    return rounded


def rebuild(connection: sqlite3.Connection, table: str, ids: np.ndarray, bounds: np.ndarray) -> None:
    """Replace the content of an R*Tree.

    table   name of the virtual table, two dimensions
    ids     (n,) int64 row ids
    bounds  (n, 4) min x, min y, max x, max y, no NaN; float32 ones are taken as already rounded outward
    """
    for suffix in ("node", "rowid", "parent"):
        connection.execute(f'DELETE FROM "{table}_{suffix}"')
    levels = _pack(ids, outward(bounds))
    first = [2]  # node 1 is the root; the others are numbered level by level from the leaves
    for cells, _ in levels[:-1]:
        first.append(first[-1] + len(cells))
    first[len(levels) - 1] = 1
    for level, (cells, counts) in enumerate(levels):
        numbers = np.arange(first[level], first[level] + len(cells))
        if level > 0:
            _offset_children(cells, counts, first[level - 1])
        _write_nodes(connection, table, cells, counts, numbers, depth=len(levels) - 1 if level == len(levels) - 1 else 0)
        valid = np.arange(_CELLS)[None, :] < counts[:, None]
        children, owners = cells["id"][valid].astype(np.int64), np.repeat(numbers, counts)
        order = np.argsort(children, kind="stable")  # appending to the end of a B-tree is far quicker than filling it at random
        target = "rowid" if level == 0 else "parent"
        connection.executemany(f'INSERT INTO "{table}_{target}" VALUES (?, ?)', _pairs(children, owners, order))


def _pairs(children: np.ndarray, owners: np.ndarray, order: np.ndarray) -> Iterator[tuple[int, int]]:
    """Rows as Python integers, a part at a time: tens of millions at once would fill the memory."""
    for start in range(0, len(order), _PART):
        part = order[start : start + _PART]
        yield from zip(children[part].tolist(), owners[part].tolist(), strict=True)


def _pack(ids: np.ndarray, bounds: np.ndarray) -> list[tuple[np.ndarray, np.ndarray]]:
    """Levels from leaves to root: cells (nodes, 51) and how many of each node are used. Children are 0-based per level."""
    levels = []
    while True:
        order, sizes = _tiles(bounds)
        nodes = len(sizes)
        cells = np.zeros((nodes, _CELLS), _CELL)
        owner = np.repeat(np.arange(nodes), sizes)
        slot = np.arange(len(order)) - np.repeat(np.cumsum(sizes) - sizes, sizes)
        for name, values in (("id", ids), ("minx", bounds[:, 0]), ("miny", bounds[:, 1]), ("maxx", bounds[:, 2]), ("maxy", bounds[:, 3])):
            cells[name][owner, slot] = values[order]
        levels.append((cells, sizes))
        if nodes == 1:
            return levels
        starts = np.cumsum(sizes) - sizes
        sorted_bounds = bounds[order]
        low = np.minimum.reduceat(sorted_bounds[:, :2], starts)
        high = np.maximum.reduceat(sorted_bounds[:, 2:], starts)
        ids, bounds = np.arange(nodes, dtype=np.int64), np.hstack((low, high))


def _tiles(bounds: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Order of the boxes and number per node: vertical slices by x centre, each cut by y centre."""
    count = len(bounds)
    if count <= _CELLS:
        return np.arange(count), np.array([count])
    nodes = -(-count // _CELLS)
    per_slice = -(-nodes // int(np.ceil(np.sqrt(nodes)))) * _CELLS
    by_x = np.argsort(bounds[:, 0] + bounds[:, 2], kind="stable")
    slice_of = np.empty(count, np.int64)
    slice_of[by_x] = np.arange(count) // per_slice
    order = np.lexsort((bounds[:, 1] + bounds[:, 3], slice_of))
    sizes = []
    for start in range(0, count, per_slice):
        full, rest = divmod(min(per_slice, count - start), _CELLS)
        sizes += [_CELLS] * full + ([rest] if rest else [])
    return order, np.array(sizes)


def _offset_children(cells: np.ndarray, counts: np.ndarray, first: int) -> None:
    valid = np.arange(_CELLS)[None, :] < counts[:, None]
    cells["id"][valid] += first


def _write_nodes(connection: sqlite3.Connection, table: str, cells: np.ndarray, counts: np.ndarray, numbers: np.ndarray, depth: int) -> None:
    for start in range(0, len(cells), _PART // _CELLS):
        part = slice(start, start + _PART // _CELLS)
        raw = np.zeros((len(cells[part]), _NODE_BYTES), np.uint8)
        raw[:, :4] = np.column_stack((np.full(len(raw), depth), counts[part])).astype(">u2").view(np.uint8)
        raw[:, 4:] = cells[part].view(np.uint8).reshape(len(raw), -1)
        rows = zip(numbers[part].tolist(), (row.tobytes() for row in raw), strict=True)
        connection.executemany(f'INSERT INTO "{table}_node" VALUES (?, ?)', rows)
