"""Lines along streets: trees that follow them from a few roots, paths between two points on them, and their courses.

A place on a street is (street, distance from its from-end). A line keeps a fixed offset from the axis and reaches the
nodes at crossings, which every utility sets at its own fixed spot beside the middle.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
import shapely

if TYPE_CHECKING:
    from .plan import CityPlan

JUNCTION, ROOT, TEE = 0, 1, 2
TRIM = 7.0
"""How far before a crossing a line leaves its offset [m]; less on short streets."""


@dataclass(frozen=True, slots=True)
class StreetTree:
    """A forest on the streets; every node but a root has one edge towards its root.

    kind      (n,) JUNCTION, ROOT or TEE
    index     (n,) crossing, position in `roots`, or position in `tees`
    street    (n,) street of the edge to the parent; the street of the place for roots
    at        (n,) distance of the node on that street [m]
    parent    (n,) node, -1 at roots; parents come before their children
    start     (n,) distance of the parent on the same street [m]
    length    (n,) edge length along the street [m], 0 at roots
    root      (n,) position in `roots` that serves the node
    distance  (n,) way to the root [m]
    """

    kind: np.ndarray
    index: np.ndarray
    street: np.ndarray
    at: np.ndarray
    parent: np.ndarray
    start: np.ndarray
    length: np.ndarray
    root: np.ndarray
    distance: np.ndarray

    def __len__(self) -> int:
        return len(self.kind)

    def of(self, kind: int) -> np.ndarray:
        """Nodes of a kind, ordered by their `index`."""
        nodes = np.flatnonzero(self.kind == kind)
        return nodes[np.argsort(self.index[nodes], kind="stable")]

    def downstream(self, load: np.ndarray) -> np.ndarray:
        """(n,) sum of `load` (n,) over each node and everything behind it."""
        total = np.array(load, dtype=np.float64)
        for node in range(len(total) - 1, -1, -1):
            if self.parent[node] >= 0:
                total[self.parent[node]] += total[node]
        return total


@dataclass(slots=True)
class _Segments:
    """Streets cut at the roots: nodes u, v (crossings, then roots) with their distances on the street."""

    street: np.ndarray
    u: np.ndarray
    v: np.ndarray
    du: np.ndarray
    dv: np.ndarray
    first: np.ndarray  # (S + 1,) segments of each street, in order


def _segments(plan: CityPlan, street: np.ndarray, at: np.ndarray) -> _Segments:
    count, streets = len(plan.junction_x), np.arange(len(plan.street_from))
    owner = np.concatenate([streets, street, streets])
    place = np.concatenate([np.zeros(len(streets)), at, plan.street_length])
    node = np.concatenate([plan.street_from, count + np.arange(len(street)), plan.street_to])
    order = np.lexsort((place, owner))
    owner, place, node = owner[order], place[order], node[order]
    same = owner[1:] == owner[:-1]
    cut = owner[:-1][same]
    return _Segments(cut, node[:-1][same], node[1:][same], place[:-1][same], place[1:][same], np.searchsorted(cut, np.arange(len(streets) + 1)))


def street_tree(
    plan: CityPlan, roots: tuple[np.ndarray, np.ndarray], *, tees: tuple[np.ndarray, np.ndarray] | None = None, crossings: np.ndarray | None = None,
    weight: np.ndarray | None = None,
) -> StreetTree:
    """Shortest ways along streets from the nearest root to every wanted place; tees on a street hang one behind the other.

    roots      street and distance of each root
    tees       street and distance of places that become nodes of their own
    crossings  crossings wanted besides
    weight     (S,) factor on street lengths when choosing ways; default 1
    """
    root_street, root_at = (np.asarray(part) for part in roots)
    tee_street, tee_at = (np.zeros(0, np.int64), np.zeros(0)) if tees is None else (np.asarray(part) for part in tees)
    seg = _segments(plan, root_street, root_at)
    base = len(plan.junction_x)
    cost = (seg.dv - seg.du) * (1.0 if weight is None else weight[seg.street])
    distance, parent, source = _dijkstra(base + len(root_street), seg, cost, base)
    of = _segment_of(seg, tee_street, tee_at)
    share = cost[of] / np.maximum(seg.dv[of] - seg.du[of], 1e-9)
    by_u, by_v = distance[seg.u[of]] + (tee_at - seg.du[of]) * share, distance[seg.v[of]] + (seg.dv[of] - tee_at) * share
    from_u = np.where(_uses(parent, seg, of), distance[seg.u[of]] <= distance[seg.v[of]], by_u <= by_v)
    wanted = np.zeros(base + len(root_street), bool)
    wanted[np.where(from_u, seg.u[of], seg.v[of])] = True
    wanted[base:] = True
    if crossings is not None:
        wanted[crossings] = True
    _mark_ancestors(wanted, parent, distance)
    return _hang(plan, seg, base, (root_street, root_at), (tee_street, tee_at), of, from_u, wanted, parent, source)


def _dijkstra(count: int, seg: _Segments, cost: np.ndarray, base: int) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    from scipy.sparse import coo_matrix
    from scipy.sparse.csgraph import dijkstra

    key = np.minimum(seg.u, seg.v) * count + np.maximum(seg.u, seg.v)
    order = np.lexsort((cost, key))
    keep = order[np.unique(key[order], return_index=True)[1]]  # of parallel segments the shortest
    graph = coo_matrix((np.maximum(cost[keep], 1e-6), (seg.u[keep], seg.v[keep])), shape=(count, count)).tocsr()
    distance, parent, source = dijkstra(graph, directed=False, indices=np.arange(base, count), return_predecessors=True, min_only=True)
    return distance, np.where(parent < 0, -1, parent).astype(np.int64), np.asarray(source, np.int64)


def _segment_of(seg: _Segments, street: np.ndarray, at: np.ndarray) -> np.ndarray:
    """Segment that holds each place."""
    if not len(street):
        return np.zeros(0, np.int64)
    span = float(seg.dv.max()) + 1.0
    found = np.searchsorted(seg.street * span + seg.du, street * span + at, side="right") - 1
    return np.clip(found, seg.first[street], seg.first[street + 1] - 1)


def _uses(parent: np.ndarray, seg: _Segments, of: np.ndarray) -> np.ndarray:
    """Whether the ways run along the segment."""
    return (parent[seg.v[of]] == seg.u[of]) | (parent[seg.u[of]] == seg.v[of])


def _mark_ancestors(wanted: np.ndarray, parent: np.ndarray, distance: np.ndarray) -> None:
    for node in np.argsort(-np.where(np.isfinite(distance), distance, -1.0), kind="stable"):
        if wanted[node] and parent[node] >= 0:
            wanted[parent[node]] = True


def _hang(plan: CityPlan, seg: _Segments, base: int, roots: tuple[np.ndarray, np.ndarray], tees: tuple[np.ndarray, np.ndarray], of: np.ndarray, from_u: np.ndarray,
          wanted: np.ndarray, parent: np.ndarray, source: np.ndarray) -> StreetTree:
    """Put tees and wanted crossings in order behind the node of the segment they are reached from."""
    used = np.flatnonzero(wanted & (parent >= 0))
    key = np.minimum(seg.u, seg.v) * (wanted.size + 1) + np.maximum(seg.u, seg.v)
    order = np.lexsort((seg.dv - seg.du, key))
    want = np.minimum(used, parent[used]) * (wanted.size + 1) + np.maximum(used, parent[used])
    step = order[np.searchsorted(key[order], want)]
    forward = seg.u[step] == parent[used]
    root_nodes, tee_count = np.arange(base, wanted.size), len(of)
    kind = np.concatenate([np.full(len(root_nodes), ROOT), np.full(len(used), JUNCTION), np.full(tee_count, TEE)])
    index = np.concatenate([root_nodes - base, used, np.arange(tee_count)])
    street = np.concatenate([roots[0], seg.street[step], tees[0]]).astype(np.int64)
    at = np.concatenate([roots[1], np.where(forward, seg.dv[step], seg.du[step]), tees[1]])
    behind = np.concatenate([np.full(len(root_nodes), -1), parent[used], np.where(from_u, seg.u[of], seg.v[of])])
    start = np.concatenate([roots[1], np.where(forward, seg.du[step], seg.dv[step]), np.where(from_u, seg.du[of], seg.dv[of])])
    segment = np.concatenate([np.full(len(root_nodes), -1), step, of])
    place = np.full(wanted.size, -1)
    place[root_nodes] = np.arange(len(root_nodes))
    place[used] = len(root_nodes) + np.arange(len(used))
    up = np.where(behind >= 0, place[behind], -1)
    along = np.lexsort((kind == JUNCTION, np.abs(at - start), behind, segment))  # tees before the crossing they lead to
    a, b = along[:-1], along[1:]
    chained = (segment[a] == segment[b]) & (behind[a] == behind[b]) & (segment[b] >= 0)
    up[b[chained]], start[b[chained]] = a[chained], at[a[chained]]
    length = np.where(up >= 0, np.abs(at - start), 0.0)
    root = np.concatenate([root_nodes - base, source[used] - base, source[behind[-tee_count:]] - base if tee_count else np.zeros(0, np.int64)])
    return _in_order(kind, index, street, at, up, start, length, root)


def _in_order(kind: np.ndarray, index: np.ndarray, street: np.ndarray, at: np.ndarray, up: np.ndarray, start: np.ndarray, length: np.ndarray, root: np.ndarray) -> StreetTree:
    """Renumber so that parents come first."""
    depth, way, node = np.zeros(len(up), np.int64), length.copy(), up.copy()
    while (node >= 0).any():
        on = node >= 0
        depth[on] += 1
        way[on] += length[node[on]]
        node[on] = up[node[on]]
    order = np.lexsort((np.arange(len(up)), depth))
    rank = np.empty(len(up), np.int64)
    rank[order] = np.arange(len(up))
    parent = np.where(up[order] >= 0, rank[up[order]], -1)
    return StreetTree(kind[order], index[order], street[order], at[order], parent, start[order], length[order], root[order], way[order])


@dataclass(frozen=True, slots=True)
class Corridor:
    """Where a utility lies in the street.

    offset   (S,) from the axis, left positive [m]
    spot     where its node stands beside the middle of a crossing, east and north [m]
    cover    from ground to the top of the line [m]
    """

    offset: np.ndarray
    spot: tuple[float, float]
    cover: float

    def point(self, plan: CityPlan, street: np.ndarray, at: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        """x, y of places on the line."""
        return plan.along(street, at, self.offset[street])

    def nodes(self, plan: CityPlan, tree: StreetTree) -> np.ndarray:
        """(n, 3) coordinates of the nodes of a tree, z at the top of the line."""
        x, y = self.point(plan, tree.street, tree.at)
        crossing = tree.kind == JUNCTION
        x[crossing] = plan.junction_x[tree.index[crossing]] + self.spot[0]
        y[crossing] = plan.junction_y[tree.index[crossing]] + self.spot[1]
        return self.level(plan, x, y)

    def level(self, plan: CityPlan, x: np.ndarray, y: np.ndarray) -> np.ndarray:
        """(n, 3) coordinates of points on the line, z at its top."""
        return np.round(np.column_stack([x, y, plan.ground(x, y) - self.cover]), 3)

    def courses(self, plan: CityPlan, tree: StreetTree, xyz: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        """Lines from each parent to its child, as (nodes that have a parent, lines)."""
        child = np.flatnonzero(tree.parent >= 0)
        up = tree.parent[child]
        street, start, end = tree.street[child], tree.start[child], tree.at[child]
        trim = np.minimum(TRIM, np.abs(end - start) * 0.35) * np.sign(end - start)
        leave, enter = tree.kind[up] == JUNCTION, tree.kind[child] == JUNCTION
        first = self.level(plan, *self.point(plan, street, start + np.where(leave, trim, 0.0)))
        last = self.level(plan, *self.point(plan, street, end - np.where(enter, trim, 0.0)))
        return child, joined([xyz[up], first, last, xyz[child]], [np.ones(len(child), bool), leave, enter, np.ones(len(child), bool)])


def joined(vertices: list[np.ndarray], present: list[np.ndarray]) -> np.ndarray:
    """Lines whose k-th vertex is vertices[k] (n, 3) where present[k] (n,)."""
    stack, keep = np.stack(vertices, axis=1), np.stack(present, axis=1)
    owner = np.repeat(np.arange(len(stack)), keep.sum(axis=1))
    return shapely.linestrings(stack[keep], indices=owner) if len(stack) else np.zeros(0, object)


@dataclass(frozen=True, slots=True)
class Paths:
    """Ways between pairs of places: for path p the rows first[p]..first[p+1] of street, start, end (distances on the street)."""

    first: np.ndarray
    street: np.ndarray
    start: np.ndarray
    end: np.ndarray

    def length(self) -> np.ndarray:
        """(p,) length along the streets [m]."""
        return np.add.reduceat(np.append(np.abs(self.end - self.start), 0.0), self.first[:-1]) if len(self.first) > 1 else np.zeros(0)

    def courses(self, plan: CityPlan, corridor: Corridor, tail: np.ndarray, head: np.ndarray, offset: np.ndarray | None = None) -> np.ndarray:
        """Lines from point `tail` (p, 3) along the streets to `head` (p, 3).

        offset  (step,) from the axis in each step, instead of the corridor's
        """
        offset = corridor.offset[self.street] if offset is None else offset
        count = len(self.first) - 1
        path = np.repeat(np.arange(count), np.diff(self.first))
        trim = np.minimum(TRIM, np.abs(self.end - self.start) * 0.35) * np.sign(self.end - self.start)
        outer, inner = np.ones(len(path), bool), np.ones(len(path), bool)
        outer[self.first[:-1]], inner[self.first[1:] - 1] = False, False  # ends of the path stay where they are, corners are cut
        a = np.column_stack(plan.along(self.street, self.start + np.where(outer, trim, 0.0), offset))
        b = np.column_stack(plan.along(self.street, self.end - np.where(inner, trim, 0.0), offset))
        self._meet(a, b, np.flatnonzero(inner), 3.0 * np.abs(offset).max(initial=1.0))
        a, b = corridor.level(plan, *a.T), corridor.level(plan, *b.T)
        owner = np.concatenate([np.arange(count), path, path, np.arange(count)])
        rank = np.concatenate([np.full(count, -1), 2 * np.arange(len(path)), 2 * np.arange(len(path)) + 1, np.full(count, 2 * len(path) + 1)])
        xyz = np.concatenate([tail, a, b, head])
        order = np.lexsort((rank, owner))
        xyz, owner = xyz[order], owner[order]
        fresh = np.ones(len(xyz), bool)
        fresh[1:] = (np.abs(np.diff(xyz[:, :2], axis=0)).max(axis=1) > 0.01) | (np.diff(owner) != 0)
        return shapely.linestrings(xyz[fresh], indices=owner[fresh]) if count else np.zeros(0, object)


    def _meet(self, a: np.ndarray, b: np.ndarray, turn: np.ndarray, reach: float) -> None:
        """Where two steps meet at a corner let both end at the crossing of their lines, unless these are near parallel; changes a and b.

        a, b   (step, 2) first and last point of each step
        turn   steps that are followed by another of the same path
        reach  farthest crossing taken [m]
        """
        p, q = a[turn], a[turn + 1]
        d, e = b[turn] - p, b[turn + 1] - q
        cross = d[:, 0] * e[:, 1] - d[:, 1] * e[:, 0]
        steep = np.abs(cross) > 0.25 * np.hypot(*d.T) * np.hypot(*e.T)
        t = ((q - p)[:, 0] * e[:, 1] - (q - p)[:, 1] * e[:, 0]) / np.where(steep, cross, 1.0)
        meeting = p + t[:, None] * d
        good = steep & (t > 0.05) & (np.hypot(*(meeting - b[turn]).T) < reach)
        b[turn[good]] = a[turn[good] + 1] = meeting[good]


def street_paths(plan: CityPlan, tail: tuple[np.ndarray, np.ndarray], head: tuple[np.ndarray, np.ndarray], group: np.ndarray) -> Paths:
    """Shortest ways along streets between places.

    tail, head  street and distance of the two ends of each path
    group       (p,) paths of one group lie near each other; a group is searched within its surroundings only
    """
    pieces: list[tuple[int, list[tuple[int, float, float]]]] = []
    for number in np.unique(group):
        pieces += _paths_of(plan, np.flatnonzero(group == number), tail, head)
    pieces.sort(key=lambda piece: piece[0])
    first = np.concatenate([[0], np.cumsum([len(steps) for _, steps in pieces])]).astype(np.int64)
    flat = np.array([step for _, steps in pieces for step in steps], dtype=np.float64).reshape(-1, 3)
    return Paths(first, flat[:, 0].astype(np.int64), flat[:, 1], flat[:, 2])


def _paths_of(
    plan: CityPlan, rows: np.ndarray, tail: tuple[np.ndarray, np.ndarray], head: tuple[np.ndarray, np.ndarray], margin: float = 400.0
) -> list[tuple[int, list[tuple[int, float, float]]]]:
    """Steps of some paths, searched within `margin` metres around their ends, or farther where the streets there do not hang together."""
    from scipy.sparse import coo_matrix
    from scipy.sparse.csgraph import dijkstra

    streets = np.unique(np.concatenate([tail[0][rows], head[0][rows]]))
    ends = np.unique(np.concatenate([plan.street_from[streets], plan.street_to[streets]]))
    x, y = plan.junction_x[ends], plan.junction_y[ends]
    near = np.flatnonzero((plan.junction_x >= x.min() - margin) & (plan.junction_x <= x.max() + margin)
                          & (plan.junction_y >= y.min() - margin) & (plan.junction_y <= y.max() + margin))
    local = np.full(len(plan.junction_x), -1)
    local[near] = np.arange(len(near))
    u, v = local[plan.street_from], local[plan.street_to]
    inside = np.flatnonzero((u >= 0) & (v >= 0))
    street_between = {}
    for street in inside[np.argsort(-plan.street_length[inside], kind="stable")].tolist():  # the shortest of parallel streets wins
        street_between[u[street], v[street]] = street_between[v[street], u[street]] = street
    single = np.array(sorted(set(street_between.values())), dtype=np.int64)
    graph = coo_matrix((plan.street_length[single], (u[single], v[single])), shape=(len(near), len(near))).tocsr()
    distance, parent = dijkstra(graph, directed=False, indices=local[ends], return_predecessors=True)
    if np.isinf(distance[:, local[ends]]).any() and len(near) < len(plan.junction_x):
        return _paths_of(plan, rows, tail, head, 4.0 * margin)
    row_of = {int(node): i for i, node in enumerate(local[ends])}
    found = []
    for row in rows.tolist():
        found.append((row, _one_path(plan, (int(tail[0][row]), float(tail[1][row])), (int(head[0][row]), float(head[1][row])), local, distance, parent, row_of, street_between)))
    return found


def _one_path(plan: CityPlan, tail: tuple[int, float], head: tuple[int, float], local: np.ndarray, distance: np.ndarray, parent: np.ndarray, row_of: dict[int, int],
              street_between: dict[tuple[int, int], int]) -> list[tuple[int, float, float]]:
    """Steps (street, start, end) of the shortest way between two places."""
    best, chosen = np.inf, (0.0, 0.0, 0, 0)
    if tail[0] == head[0]:
        best = abs(tail[1] - head[1])
    for da, a in ((0.0, plan.street_from[tail[0]]), (plan.street_length[tail[0]], plan.street_to[tail[0]])):
        for db, b in ((0.0, plan.street_from[head[0]]), (plan.street_length[head[0]], plan.street_to[head[0]])):
            way = abs(tail[1] - da) + distance[row_of[int(local[a])], local[b]] + abs(head[1] - db)
            if way < best - 1e-9:
                best, chosen = way, (float(da), float(db), int(local[a]), int(local[b]))
    if tail[0] == head[0] and best == abs(tail[1] - head[1]):
        return [(tail[0], tail[1], head[1])]
    da, db, a, b = chosen
    middle = []
    node = b
    while node != a:
        before = int(parent[row_of[a], node])
        street = street_between[before, node]
        length = float(plan.street_length[street])
        middle.append((street, 0.0, length) if local[plan.street_from[street]] == before else (street, length, 0.0))
        node = before
    return [(tail[0], tail[1], da), *reversed(middle), (head[0], db, head[1])]
