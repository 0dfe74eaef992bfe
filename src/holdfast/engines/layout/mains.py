"""What pipe networks need of the plan: where estates connect, which crossing belongs to which works, and courses of whole streets."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from .route import TRIM

if TYPE_CHECKING:
    from .plan import CityPlan

LOW_STOREYS = 7
"""Storeys that the pressure of the mains reaches; taller buildings have pumps of their own, which supply the whole building."""


@dataclass(frozen=True, slots=True)
class Estates:
    """Blocks with buildings, each joined to the mains at one gate.

    block     (e,) block index
    building  (e,) building at whose front the gate is
    street    (e,) street of the gate, `at` its distance from the from-end [m], `side` +1 left or -1 right
    crossing  (e,) crossing nearest to the gate along the street
    low       (e,) residents of buildings up to LOW_STOREYS; `low_others` staff and visitors of those where nobody lives
    high      (e,) residents of taller buildings; `high_others` likewise
    storeys   (e,) storeys of the tallest building
    of        (N,) estate of each building; `tall` (N,) whether it is taller than LOW_STOREYS
    """

    block: np.ndarray
    building: np.ndarray
    street: np.ndarray
    at: np.ndarray
    side: np.ndarray
    crossing: np.ndarray
    low: np.ndarray
    low_others: np.ndarray
    high: np.ndarray
    high_others: np.ndarray
    storeys: np.ndarray
    of: np.ndarray
    tall: np.ndarray

    def __len__(self) -> int:
        return len(self.block)


def estates(plan: CityPlan) -> Estates:
    """One estate for each block that has buildings; the gate is in front of the building nearest to a crossing."""
    street, at = plan.building_street, plan.building_offset
    length = plan.street_length[street]
    near = np.minimum(at, length - at)
    order = np.lexsort((near, plan.building_block))
    block, first = np.unique(plan.building_block[order], return_index=True)
    gate = order[first]
    place = np.searchsorted(block, plan.building_block)
    storeys = np.maximum(plan.building_storeys, 1)
    tall = storeys > LOW_STOREYS
    lives = plan.building_use == "residential"
    count = len(block)

    def total(weight: np.ndarray) -> np.ndarray:
        return np.bincount(place, weights=weight, minlength=count)

    people = plan.building_people.astype(np.float64)
    tallest = np.zeros(count, np.int64)
    np.maximum.at(tallest, place, storeys)
    at_end = at[gate] > length[gate] / 2
    return Estates(
        block, gate, street[gate], at[gate], plan.building_side[gate], np.where(at_end, plan.street_to[street[gate]], plan.street_from[street[gate]]),
        total(people * (lives & ~tall)), total(people * (~lives & ~tall)), total(people * (lives & tall)), total(people * (~lives & tall)), tallest, place, tall,
    )  # fmt: skip


@dataclass(frozen=True, slots=True)
class Forest:
    """Shortest ways on the streets from every crossing to the nearest root.

    parent    (J,) next crossing on the way, -1 at roots and at crossings that no way reaches
    street    (J,) street to the parent, -1 where there is none
    root      (J,) position in the list of roots, -1 where no way leads
    distance  (J,) weighted way [m]
    level     (J,) steps to the root
    """

    parent: np.ndarray
    street: np.ndarray
    root: np.ndarray
    distance: np.ndarray
    level: np.ndarray

    def inwards(self) -> list[np.ndarray]:
        """Crossings with a parent, farthest level first; all of one level can be taken at once."""
        deepest = int(self.level.max(initial=0))
        return [np.flatnonzero(self.level == level) for level in range(deepest, 0, -1)]

    def gathered(self, load: np.ndarray) -> np.ndarray:
        """(J,) sum of `load` over each crossing and everything behind it."""
        total = np.array(load, np.float64)
        for nodes in self.inwards():
            np.add.at(total, self.parent[nodes], total[nodes])
        return total

    def spread(self, step: np.ndarray) -> np.ndarray:
        """(J,) sum of `step` (J,), a value of each way to the parent, from the root to each crossing."""
        total = np.zeros(len(step))
        for nodes in reversed(self.inwards()):
            total[nodes] = total[self.parent[nodes]] + step[nodes]
        return total


def forest(plan: CityPlan, roots: np.ndarray, weight: np.ndarray | None = None) -> Forest:
    """Ways along streets to the nearest of some crossings.

    roots   crossings
    weight  factor on street lengths: (S,), or (2, S) where row 0 holds when the street's from-end is the end nearer the root and row 1 when
            its to-end is; infinite closes a street
    """
    from scipy.sparse import coo_matrix
    from scipy.sparse.csgraph import dijkstra

    count, a, b = len(plan.junction_x), plan.street_from, plan.street_to
    factor = np.ones((2, len(a))) if weight is None else np.broadcast_to(weight, (2, len(a)))
    tail, head = np.concatenate([a, b]), np.concatenate([b, a])  # searched from the roots outwards
    cost = np.concatenate([plan.street_length * factor[0], plan.street_length * factor[1]])
    street = np.concatenate([np.arange(len(a)), np.arange(len(a))])
    open_ = np.isfinite(cost)
    tail, head, cost, street = tail[open_], head[open_], np.maximum(cost[open_], 1e-6), street[open_]
    order = np.lexsort((cost, tail * count + head))
    key = (tail * count + head)[order]
    best = order[np.unique(key, return_index=True)[1]]
    graph = coo_matrix((cost[best], (tail[best], head[best])), shape=(count, count)).tocsr()
    distance, before, source = dijkstra(graph, directed=True, indices=np.asarray(roots), return_predecessors=True, min_only=True)
    parent = np.where(before < 0, -1, before).astype(np.int64)
    found = np.searchsorted(np.unique(key), parent * count + np.arange(count))
    way = np.where(parent >= 0, street[best[np.minimum(found, len(best) - 1)]], -1)
    position = np.full(count, -1)
    position[np.asarray(roots)] = np.arange(len(roots))
    root = np.where(source < 0, -1, position[np.maximum(source, 0)])
    root[np.asarray(roots)] = np.arange(len(roots))
    return Forest(parent, way, root, distance, _levels(parent))


def _levels(parent: np.ndarray) -> np.ndarray:
    level, node = np.zeros(len(parent), np.int64), parent.copy()
    while (node >= 0).any():
        on = node >= 0
        level[on] += 1
        node[on] = parent[node[on]]
    return level


def nearest_crossing(plan: CityPlan, x: np.ndarray, y: np.ndarray) -> np.ndarray:
    """Crossing nearest to each point, as the crow flies."""
    from scipy.spatial import cKDTree

    return cKDTree(np.column_stack([plan.junction_x, plan.junction_y])).query(np.column_stack([x, y]))[1]


def spot(plan: CityPlan, crossing: np.ndarray, beside: tuple[float, float]) -> tuple[np.ndarray, np.ndarray]:
    """x, y of a utility's node at crossings."""
    return plan.junction_x[crossing] + beside[0], plan.junction_y[crossing] + beside[1]


def street_courses(plan: CityPlan, street: np.ndarray, backwards: np.ndarray, offset: np.ndarray, beside: tuple[float, float]) -> np.ndarray:
    """(n, 4, 2) lines along whole streets: node at one crossing, along the offset, node at the other.

    backwards  (n,) True where the line runs from the street's to-end to its from-end
    offset     (S,) of the utility from the street's axis, left positive [m]
    beside     east and north of its nodes from the middle of crossings [m]
    """
    length = plan.street_length[street]
    trim = np.minimum(TRIM, 0.35 * length)
    ends = [np.column_stack(spot(plan, part[street], beside)) for part in (plan.street_from, plan.street_to)]
    inner = [np.column_stack(plan.along(street, at, offset[street])) for at in (trim, length - trim)]
    course = np.stack([ends[0], inner[0], inner[1], ends[1]], axis=1)
    return np.where(np.asarray(backwards)[:, None, None], course[:, ::-1], course)


def along_course(course: np.ndarray, share: np.ndarray, row: np.ndarray) -> np.ndarray:
    """(m, 2) points on lines: on line `row` (m,) at `share` (m,) of its length, 0 at the start."""
    step = np.hypot(*np.moveaxis(np.diff(course, axis=1), 2, 0))
    reach = np.concatenate([np.zeros((len(course), 1)), np.cumsum(step, axis=1)], axis=1)[row]
    want = share * reach[:, -1]
    piece = np.clip((want[:, None] >= reach[:, 1:]).sum(axis=1), 0, step.shape[1] - 1)
    at = np.arange(len(row))
    part = (want - reach[at, piece]) / np.maximum(step[row][at, piece], 1e-9)
    a, b = course[row, piece], course[row, piece + 1]
    return a + (b - a) * part[:, None]


def course_length(course: np.ndarray) -> np.ndarray:
    """(n,) plan length of lines (n, k, 2)."""
    return np.hypot(*np.moveaxis(np.diff(course, axis=1), 2, 0)).sum(axis=1)
