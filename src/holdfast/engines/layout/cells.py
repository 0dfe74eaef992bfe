"""Splitting the plan into four-sided cells whose sides are streets, all cells of one depth at a time."""

from __future__ import annotations

from dataclasses import dataclass, field

import numpy as np

from .random import scatter

PITCH = 42.0  # shortest distance between two crossings on one line [m]
SHIFT = 20  # a key is line << SHIFT | position


@dataclass(slots=True)
class Lines:
    """Straight lines of the plan before bending, each with numbered positions where other lines may join.

    start, end   (L, 2) [m];  count (L,) number of intervals;  level (L,) street class;  group (L,) lines sharing a name
    keys, nodes  sorted (line, position) keys and the crossing at each
    """

    start: np.ndarray
    end: np.ndarray
    count: np.ndarray
    level: np.ndarray
    group: np.ndarray
    keys: np.ndarray
    nodes: np.ndarray
    xy: list[np.ndarray] = field(default_factory=list)

    @property
    def total(self) -> int:
        return sum(len(part) for part in self.xy)

    def point(self, line: np.ndarray, position: np.ndarray) -> np.ndarray:
        """Coordinates of positions on lines, before bending; interior positions are a little uneven."""
        inner = (position > 0) & (position < self.count[line])
        part = (position + inner * 0.5 * (scatter(line, position) - 0.5)) / self.count[line]
        return self.start[line] + part[:, None] * (self.end[line] - self.start[line])

    def known(self, key: np.ndarray) -> np.ndarray:
        """Whether a crossing exists at each key."""
        at = np.minimum(np.searchsorted(self.keys, key), len(self.keys) - 1)
        return self.keys[at] == key

    def cross(self, line: np.ndarray, position: np.ndarray) -> np.ndarray:
        """Crossing ids at (line, position), made where there are none yet."""
        key = (line.astype(np.int64) << SHIFT) | position
        fresh = np.unique(key[~self.known(key)])
        if len(fresh):
            ids = self.total + np.arange(len(fresh))
            self.xy.append(self.point(fresh >> SHIFT, fresh & ((1 << SHIFT) - 1)))
            self._insert(fresh, ids)
        return self.nodes[np.searchsorted(self.keys, key)]

    def add(self, start_node: np.ndarray, end_node: np.ndarray, level: np.ndarray, group: np.ndarray) -> np.ndarray:
        """New lines between existing crossings; returns their indices."""
        xy = np.concatenate(self.xy)
        a, b = xy[start_node], xy[end_node]
        count = np.maximum(2, np.rint(np.hypot(*(b - a).T) / PITCH)).astype(np.int64)
        first = len(self.start)
        index = first + np.arange(len(a))
        self.start, self.end = np.concatenate([self.start, a]), np.concatenate([self.end, b])
        self.count = np.concatenate([self.count, count])
        self.level, self.group = np.concatenate([self.level, level]), np.concatenate([self.group, group])
        self._insert(np.concatenate([index << SHIFT, (index << SHIFT) | count]), np.concatenate([start_node, end_node]))
        return index

    def _insert(self, keys: np.ndarray, nodes: np.ndarray) -> None:
        keys, nodes = np.concatenate([self.keys, keys]), np.concatenate([self.nodes, nodes])
        order = np.argsort(keys, kind="stable")
        self.keys, self.nodes = keys[order], nodes[order]


@dataclass(slots=True)
class Cells:
    """Four-sided cells, counter-clockwise. Side i runs from corner i to corner i+1 on `line` from position `a` to `b`.

    zone, ward   index of the enclosing zone and of the enclosing top-level cell; zone is -1 above zone size
    """

    corner: np.ndarray
    line: np.ndarray
    a: np.ndarray
    b: np.ndarray
    zone: np.ndarray
    ward: np.ndarray

    def __len__(self) -> int:
        return len(self.corner)

    def take(self, index: np.ndarray) -> Cells:
        return Cells(self.corner[index], self.line[index], self.a[index], self.b[index], self.zone[index], self.ward[index])

    def turned(self, where: np.ndarray) -> Cells:
        """Start the numbering of sides one later where asked."""
        roll = (np.arange(4)[None, :] + where[:, None].astype(int)) % 4
        row = np.arange(len(self))[:, None]
        return Cells(self.corner[row, roll], self.line[row, roll], self.a[row, roll], self.b[row, roll], self.zone, self.ward)


def join(parts: list[Cells]) -> Cells:
    """All cells of several groups, in order."""
    return Cells(*(np.concatenate([getattr(p, name) for p in parts]) for name in ("corner", "line", "a", "b", "zone", "ward")))


def lattice(u: np.ndarray, v: np.ndarray, banks: tuple[int, int]) -> tuple[Lines, Cells]:
    """Top-level lines at coordinates u (eastings) and v (northings) [m] and the cells between them.

    banks   indices of the two v lines along the river; the row between them holds water, not cells
    """
    nu, nv = len(u), len(v)
    grid = np.arange(nu * nv).reshape(nv, nu)
    xy = np.column_stack([np.tile(u, nv), np.repeat(v, nu)])
    none, flat = np.empty(0, np.int64), np.empty((0, 2))
    lines = Lines(flat, flat, none, none, none, none, none, [xy])
    across = lines.add(grid[:, :-1].ravel(), grid[:, 1:].ravel(), np.repeat(np.where(np.isin(np.arange(nv), banks), 1, 0), nu - 1), np.repeat(np.arange(nv),
    nu - 1))
    along = lines.add(grid[:-1].ravel(), grid[1:].ravel(), np.zeros(nu * (nv - 1), np.int64), np.tile(nv + np.arange(nu), nv - 1))
    across, along = across.reshape(nv, nu - 1), along.reshape(nv - 1, nu)
    row, col = (g.ravel() for g in np.meshgrid(np.delete(np.arange(nv - 1), banks[0]), np.arange(nu - 1), indexing="ij"))
    corner = np.column_stack([grid[row, col], grid[row, col + 1], grid[row + 1, col + 1], grid[row + 1, col]])
    line = np.column_stack([across[row, col], along[row, col + 1], across[row + 1, col], along[row, col]])
    zero, full = np.zeros(len(row), np.int64), lines.count[line]
    a = np.column_stack([zero, zero, full[:, 2], full[:, 3]])
    b = np.column_stack([full[:, 0], full[:, 1], zero, zero])
    count = np.arange(len(row))
    return lines, Cells(corner, line, a, b, np.full(len(row), -1), count)


def split(lines: Lines, cells: Cells, fraction: np.ndarray, skew: np.ndarray, level: np.ndarray) -> tuple[Cells, Cells, np.ndarray]:
    """Cut every cell by a new line from side 0 to side 2.

    fraction, skew   where the cut starts on side 0 (0..1) and by how much it ends elsewhere on side 2
    returns          the two halves, and which cells could be cut (the halves hold only those)
    """
    ends = []
    for side, part in ((0, fraction), (2, 1.0 - fraction + skew)):
        a, b = cells.a[:, side], cells.b[:, side]
        low, high = np.minimum(a, b) + 1, np.maximum(a, b) - 1
        position = np.clip(np.rint(a + part * (b - a)).astype(np.int64), low, np.maximum(low, high))
        base = cells.line[:, side].astype(np.int64) << SHIFT
        for step in (1, -1):  # meet the street opposite if one ends close by
            other = position + step
            near = ~lines.known(base | position) & lines.known(base | other) & (other >= low) & (other <= high)
            position = np.where(near, other, position)
        ends.append((position, high >= low))
    able = ends[0][1] & ends[1][1]
    cells = cells.take(able)
    p, q = ends[0][0][able], ends[1][0][able]
    node_p, node_q = lines.cross(cells.line[:, 0], p), lines.cross(cells.line[:, 2], q)
    start = int(lines.group.max()) + 1
    new = lines.add(node_p, node_q, level[able], start + np.arange(len(p)))
    zero, full = np.zeros(len(p), np.int64), lines.count[new]

    def half(corner: tuple, line: tuple, a: tuple, b: tuple) -> Cells:
        return Cells(*(np.column_stack(x) for x in (corner, line, a, b)), cells.zone, cells.ward)

    c, l, a, b = cells.corner.T, cells.line.T, cells.a.T, cells.b.T  # noqa: E741
    first = half((c[0], node_p, node_q, c[3]), (l[0], new, l[2], l[3]), (a[0], zero, q, a[3]), (p, full, b[2], b[3]))
    second = half((node_p, c[1], c[2], node_q), (l[0], l[1], l[2], new), (p, a[1], a[2], full), (b[0], b[1], q, zero))
    return first, second, able
