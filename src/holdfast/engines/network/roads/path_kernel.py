"""Compiled shortest paths: Dijkstra's algorithm on an indexed 4-ary heap, from scratch and from the part of a tree that still holds.

Heap entries hold key and node side by side; `place` says where a node is (-1: never seen, -2: settled).
"""

from __future__ import annotations

import numpy as np
from numba import njit

_OPTIONS = {"cache": True, "nogil": True, "error_model": "numpy"}


@njit(**_OPTIONS, inline="always")
def _up(key, item, place, at, value, node):
    """Put an entry at `at` and move it towards the root."""
    while at > 0:
        above = (at - 1) >> 2
        if key[above] <= value:
            break
        key[at], item[at] = key[above], item[above]
        place[item[at]] = at
        at = above
    key[at], item[at] = value, node
    place[node] = at


@njit(**_OPTIONS, inline="always")
def _down(key, item, place, size):
    """After the root was taken out and `size` shrunk: put the last entry where it belongs."""
    value, node = key[size], item[size]
    at = 0
    while True:
        child = 4 * at + 1
        if child >= size:
            break
        last = min(child + 4, size)
        best, least = child, key[child]
        for other in range(child + 1, last):
            if key[other] < least:
                best, least = other, key[other]
        if least >= value:
            break
        key[at], item[at] = least, item[best]
        place[item[at]] = at
        at = best
    key[at], item[at] = value, node
    place[node] = at


@njit(**_OPTIONS)
def search(start, head, cost, through, sources, first, time, parent, order, key, item, place):
    """Shortest times from a set of nodes to all.

    cost      (arc,) not negative; inf where closed
    sources   (s,) nodes          first  (s,) their own times
    time      (node,) out: inf where not reached       parent  (node,) out: arc into the node, -1 at sources and where not reached
    order     (node,) out: nodes as they were settled, parents before children
    key, item, place  (node,) work space
    returns   number of nodes reached
    """
    time[:] = np.inf
    parent[:] = -1
    place[:] = -1
    size = 0
    for i in range(len(sources)):
        node = sources[i]
        if first[i] < time[node]:
            time[node] = first[i]
            at = place[node]
            if at < 0:
                at = size
                size += 1
            _up(key, item, place, at, first[i], node)
    settled = 0
    while size > 0:
        node, now = item[0], key[0]
        place[node] = -2
        order[settled] = node
        settled += 1
        size -= 1
        if size > 0:
            _down(key, item, place, size)
        if not through[node] and parent[node] >= 0:
            continue
        for arc in range(start[node], start[node + 1]):
            other = head[arc]
            then = now + cost[arc]
            if then < time[other]:
                time[other] = then
                parent[other] = arc
                at = place[other]
                if at < 0:
                    at = size
                    size += 1
                _up(key, item, place, at, then, other)
    return settled


@njit(**_OPTIONS)
def search_many(start, head, cost, through, sources, time, parent):
    """`search` from each node of `sources` by itself: time and parent are (source, node)."""
    nodes = len(start) - 1
    key, item, place, order = np.empty(nodes), np.empty(nodes, np.int32), np.empty(nodes, np.int32), np.empty(nodes, np.int32)
    origin, zero = np.empty(1, np.int32), np.zeros(1)
    for i in range(len(sources)):
        origin[0] = sources[i]
        search(start, head, cost, through, origin, zero, time[i], parent[i], order, key, item, place)


@njit(**_OPTIONS)
def repair(start, head, back, back_start, tail, cost, through, order, base_time, base_parent, worse, time, moved, key, item, place):
    """Shortest times after some arcs became dearer or closed, from the times before: only nodes behind such arcs are searched again.

    cost       (arc,) now, nowhere less than before
    order      (reached,) nodes as they were settled before
    base_time, base_parent  (node,) the tree before
    worse      (arc,) bool: dearer than before
    time       (node,) out
    moved      (node,) work space; place must hold -1 at nodes that were not reached before
    returns    how many nodes had to be searched
    """
    count = 0
    time[:] = base_time
    for node in order:
        arc = base_parent[node]
        if arc >= 0 and (worse[arc] or place[tail[arc]] == -3):
            place[node] = -3  # its way from the source is not what it was
            moved[count] = node
            count += 1
        else:
            place[node] = -2
    size = 0
    for i in range(count):
        node = moved[i]
        best = np.inf
        for k in range(back_start[node], back_start[node + 1]):
            arc = back[k]
            other = tail[arc]
            if place[other] == -2 and (through[other] or base_parent[other] < 0):
                best = min(best, base_time[other] + cost[arc])
        time[node] = best
        moved[i] = node
    for i in range(count):
        node = moved[i]
        if time[node] < np.inf:
            _up(key, item, place, size, time[node], node)
            size += 1
    while size > 0:
        node, now = item[0], key[0]
        place[node] = -2
        size -= 1
        if size > 0:
            _down(key, item, place, size)
        if not through[node]:
            continue
        for arc in range(start[node], start[node + 1]):
            other = head[arc]
            then = now + cost[arc]
            if then < time[other]:
                time[other] = then
                at = place[other]
                if at < 0:
                    at = size
                    size += 1
                _up(key, item, place, at, then, other)
    return count


@njit(**_OPTIONS)
def repair_cases(start, head, back, back_start, tail, state, cost, slow, through, order, reached, base_time, base_parent, out):
    """`repair` for many cases and trees.

    state      (case, arc) uint8: 0 as before, 1 slow, 2 closed
    cost, slow (arc,) as before, and while slow
    order, base_time, base_parent  (tree, node); reached  (tree,) nodes in `order`
    out        (case, tree, node) float32 or float64
    """
    nodes, arcs = len(start) - 1, len(head)
    key, item, moved = np.empty(nodes), np.empty(nodes, np.int32), np.empty(nodes, np.int32)
    place, time = np.full(nodes, -1, np.int32), np.empty(nodes)
    now, worse = np.empty(arcs), np.empty(arcs, np.bool_)
    for case in range(len(state)):
        row = state[case]
        for arc in range(arcs):
            code = row[arc]
            worse[arc] = code != 0
            now[arc] = cost[arc] if code == 0 else (slow[arc] if code == 1 else np.inf)
        for tree in range(len(base_time)):
            place[:] = -1
            repair(start, head, back, back_start, tail, now, through, order[tree, : reached[tree]], base_time[tree], base_parent[tree], worse, time, moved,
                   key, item, place)  # fmt: skip
            out[case, tree] = time
