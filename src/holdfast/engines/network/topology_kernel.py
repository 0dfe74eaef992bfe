"""Compiled loops over a graph in compressed rows; `topology` and `paths` give them their arrays.

Entries of node n stand at start[n] .. start[n + 1]: first the edges that leave it, from split[n] on those that arrive.
Empty arrays mean "not given".
"""

from __future__ import annotations

import numpy as np
from numba import njit

DOWN, BOTH, UP = 1, 0, -1


@njit(cache=True, nogil=True, error_model="numpy")
def rows(nodes, tail, head):  # type: ignore[no-untyped-def]
    """Compressed rows of the edges whose two ends exist: start (node + 1,), split (node,), neighbour and edge (entry,)."""
    leaving = np.zeros(nodes, np.int64)
    arriving = np.zeros(nodes, np.int64)
    for e in range(len(tail)):
        if tail[e] >= 0 and head[e] >= 0:
            leaving[tail[e]] += 1
            if tail[e] != head[e]:
                arriving[head[e]] += 1
    start = np.zeros(nodes + 1, np.int64)
    split = np.zeros(nodes, np.int64)
    for n in range(nodes):
        split[n] = start[n] + leaving[n]
        start[n + 1] = split[n] + arriving[n]
    neighbour = np.empty(start[nodes], np.int32)
    edge = np.empty(start[nodes], np.int32)
    out, back = start[:nodes].copy(), split.copy()
    for e in range(len(tail)):
        t, h = tail[e], head[e]
        if t >= 0 and h >= 0:
            neighbour[out[t]] = h
            edge[out[t]] = e
            out[t] += 1
            if t != h:
                neighbour[back[h]] = t
                edge[back[h]] = e
                back[h] += 1
    return start, split, neighbour, edge


@njit(cache=True, nogil=True, error_model="numpy")
def search(start, split, neighbour, edge, edges, seeds, way, opened, flow, barrier):  # type: ignore[no-untyped-def]
    """Breadth-first from `seeds`: (node mask, edge mask, hops (node,) or -1). way is DOWN, BOTH or UP; barrier nodes are reached, not passed."""
    nodes = len(start) - 1
    hops = np.full(nodes, -1, np.int32)
    used = np.zeros(edges, np.bool_)
    queue = np.empty(nodes, np.int32)
    tail = 0
    for s in seeds:
        if 0 <= s < nodes and hops[s] < 0:
            hops[s] = 0
            queue[tail] = s
            tail += 1
    at = 0
    while at < tail:
        n = queue[at]
        at += 1
        if len(barrier) and barrier[n]:
            continue
        for i in range(start[n], start[n + 1]):
            e = edge[i]
            if len(opened) and not opened[e]:
                continue
            if way != BOTH:
                sense = 1.0 if i < split[n] else -1.0
                if len(flow):
                    sense *= flow[e]
                if neighbour[i] == n:
                    sense = abs(sense) * way  # a self loop stands once and runs both ways
                if not sense * way > 0.0:
                    continue
            used[e] = True
            m = neighbour[i]
            if hops[m] < 0:
                hops[m] = hops[n] + 1
                queue[tail] = m
                tail += 1
    return hops >= 0, used, hops


@njit(cache=True, nogil=True, error_model="numpy")
def labels(start, neighbour, edge, opened):  # type: ignore[no-untyped-def]
    """(node,) component of each node without direction, in the order of the first node, and how many there are."""
    nodes = len(start) - 1
    label = np.full(nodes, -1, np.int32)
    queue = np.empty(nodes, np.int32)
    count = 0
    for first in range(nodes):
        if label[first] >= 0:
            continue
        label[first] = count
        queue[0] = first
        at, tail = 0, 1
        while at < tail:
            n = queue[at]
            at += 1
            for i in range(start[n], start[n + 1]):
                if len(opened) and not opened[edge[i]]:
                    continue
                m = neighbour[i]
                if label[m] < 0:
                    label[m] = count
                    queue[tail] = m
                    tail += 1
        count += 1
    return label, count


@njit(cache=True, nogil=True, error_model="numpy")
def pack(flags):  # type: ignore[no-untyped-def]
    """(case, n) bool -> (words, n) uint64, case 64 w + b as bit b of word w."""
    cases, n = flags.shape
    words = np.zeros(((cases + 63) // 64, n), np.uint64)
    for c in range(cases):
        row = words[c // 64]
        bit = np.uint64(c % 64)
        for i in range(n):
            row[i] |= np.uint64(flags[c, i]) << bit
    return words


@njit(cache=True, nogil=True, error_model="numpy")
def unpack(words, cases):  # type: ignore[no-untyped-def]
    """(words, n) uint64 -> (case, n) bool."""
    n = words.shape[1]
    flags = np.empty((cases, n), np.bool_)
    for c in range(cases):
        row = words[c // 64]
        bit = np.uint64(c % 64)
        for i in range(n):
            flags[c, i] = (row[i] >> bit) & np.uint64(1)
    return flags


@njit(cache=True, nogil=True, error_model="numpy")
def spread(start, split, neighbour, edge, way, opened, usable, known):  # type: ignore[no-untyped-def]
    """Let the bits of `known` (word, node) flow along edges whose bits are set in `opened` (word, edge) to nodes `usable` (word, node)."""
    words, nodes = known.shape
    queue = np.empty(nodes, np.int32)
    waiting = np.zeros(nodes, np.bool_)
    for w in range(words):
        bits, gate = known[w], opened[w]
        count = 0
        for n in range(nodes):
            if len(usable):
                bits[n] &= usable[w, n]
            if bits[n]:
                queue[count] = n
                waiting[n] = True
                count += 1
        at = 0
        while count:  # a ring: each node waits at most once, and comes back when it gains bits after it was passed
            n = queue[at]
            at = at + 1 if at + 1 < nodes else 0
            count -= 1
            waiting[n] = False
            low = split[n] if way == UP else start[n]
            high = split[n] if way == DOWN else start[n + 1]
            for i in range(low, high):
                m = neighbour[i]
                gain = bits[n] & gate[edge[i]] & ~bits[m]
                if len(usable):
                    gain &= usable[w, m]
                if gain:
                    bits[m] |= gain
                    if not waiting[m]:
                        waiting[m] = True
                        place = at + count
                        queue[place if place < nodes else place - nodes] = m
                        count += 1


@njit(cache=True, nogil=True, error_model="numpy")
def nearest(start, split, neighbour, edge, seeds, length, way, limit):  # type: ignore[no-untyped-def]
    """Dijkstra: distance, edge by which a node is reached (-1), and position of its seed (-1). Lengths are not negative.

    The four-way heap keeps keys beside nodes and is never searched: a node whose distance falls is put in again, and what is out of date is
    skipped when it comes up. That costs less than following where each node stands.
    """
    nodes = len(start) - 1
    distance = np.full(nodes, np.inf)
    via = np.full(nodes, -1, np.int32)
    origin = np.full(nodes, -1, np.int32)
    key, item = np.empty(1024), np.empty(1024, np.int32)
    size = 0
    for k in range(len(seeds)):
        s = seeds[k]
        if 0 <= s < nodes and origin[s] < 0:
            distance[s] = 0.0
            origin[s] = k
            if size == len(key):
                key, item = _double(key), _double(item)
            key[size] = 0.0
            item[size] = s
            size += 1
    while size:
        here, n = key[0], item[0]
        size -= 1
        _sink(key, item, size)
        if here > distance[n]:
            continue
        low = split[n] if way == UP else start[n]
        high = split[n] if way == DOWN else start[n + 1]
        if size + high - low >= len(key):
            key, item = _double(key), _double(item)
            while size + high - low >= len(key):
                key, item = _double(key), _double(item)
        for i in range(low, high):
            m = neighbour[i]
            there = here + length[edge[i]]
            if there < distance[m] and there <= limit:
                distance[m] = there
                via[m] = edge[i]
                origin[m] = origin[n]
                _rise(key, item, size, there, m)
                size += 1
    return distance, via, origin


@njit(cache=True, nogil=True, error_model="numpy")
def _double(values):  # type: ignore[no-untyped-def]
    more = np.empty(2 * len(values), values.dtype)
    more[: len(values)] = values
    return more


@njit(cache=True, nogil=True, error_model="numpy")
def _sink(key, item, size):  # type: ignore[no-untyped-def]
    """Take the first out of a heap that then has `size` entries: the gap goes down to a leaf, where the last entry rises to its place."""
    k, n = key[size], item[size]
    at, child = 0, 1
    while child + 3 < size:
        one = child if key[child] <= key[child + 1] else child + 1
        other = child + 2 if key[child + 2] <= key[child + 3] else child + 3
        best = one if key[one] <= key[other] else other
        key[at] = key[best]
        item[at] = item[best]
        at = best
        child = 4 * at + 1
    if child < size:
        best = child
        for c in range(child + 1, size):
            if key[c] < key[best]:
                best = c
        key[at] = key[best]
        item[at] = item[best]
        at = best
    _rise(key, item, at, k, n)


@njit(cache=True, nogil=True, error_model="numpy")
def _rise(key, item, at, k, n):  # type: ignore[no-untyped-def]
    """Put an entry into the gap at `at`, or above it."""
    while at:
        up = (at - 1) >> 2
        if key[up] <= k:
            break
        key[at] = key[up]
        item[at] = item[up]
        at = up
    key[at] = k
    item[at] = n


@njit(cache=True, nogil=True, error_model="numpy")
def walk(via, tail, head, node, seeds_reached):  # type: ignore[no-untyped-def]
    """Edges from a node back to its seed, in that order."""
    found = np.empty(len(via), np.int32)
    count = 0
    while via[node] >= 0 and seeds_reached[node]:
        e = via[node]
        found[count] = e
        count += 1
        node = tail[e] if head[e] == node else head[e]
    return found[:count]
