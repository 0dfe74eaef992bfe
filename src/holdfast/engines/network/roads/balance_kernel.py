"""Compiled user equilibrium on paths: every pair of zones holds the paths it uses and shifts trips from dear to cheap ones by Newton steps.

Paths live in one pool: arcs of path p are pool[begin[p] : begin[p] + size[p]] from destination to origin; the paths of pair w are a chain
first[w], after[...], ... ended by -1. Arc flows, times and slopes are kept up to date after each shift, so later pairs see them.
source  gradient projection: Jayakrishnan, Tsai, Prashker, Rajadhyaksha, Transportation Research Record 1443, 1994 [recalled]
"""

from __future__ import annotations

import math

import numpy as np
from numba import njit

from .law import time_and_slope
from .path_kernel import search

_OPTIONS = {"cache": True, "nogil": True, "error_model": "numpy"}
DONE = -1


@njit(**_OPTIONS)
def _cost(path, begin, size, pool, time):
    total = 0.0
    for i in range(begin[path], begin[path] + size[path]):
        total += time[pool[i]]
    return total


@njit(**_OPTIONS)
def _load(arc, change, laws, flow, time, slope):
    """Change the flow of an arc and what follows from it."""
    code, t0, c, a, b, extra = laws
    flow[arc] = max(flow[arc] + change, 0.0)
    time[arc], slope[arc] = time_and_slope(code[arc], t0[arc], c[arc], a[arc], b[arc], extra[arc], flow[arc])


@njit(**_OPTIONS)
def _shift(path, best, begin, size, pool, carried, laws, flow, time, slope, on_best, on_path, marks):
    """Move trips from `path` to `best` by one Newton step; returns how much dearer the path was."""
    marks[1] += 1
    gap, bend = 0.0, 0.0
    for i in range(begin[path], begin[path] + size[path]):
        arc = pool[i]
        on_path[arc] = marks[1]
        if on_best[arc] != marks[0]:
            gap += time[arc]
            bend += slope[arc]
    for i in range(begin[best], begin[best] + size[best]):
        arc = pool[i]
        if on_path[arc] != marks[1]:
            gap -= time[arc]
            bend += slope[arc]
    if gap <= 0.0:
        return 0.0
    amount = carried[path] if bend * carried[path] <= gap else gap / bend
    carried[path] = carried[path] - amount if amount < carried[path] else 0.0
    carried[best] += amount
    for i in range(begin[path], begin[path] + size[path]):
        if on_best[pool[i]] != marks[0]:
            _load(pool[i], -amount, laws, flow, time, slope)
    for i in range(begin[best], begin[best] + size[best]):
        if on_path[pool[i]] != marks[1]:
            _load(pool[i], amount, laws, flow, time, slope)
    return gap


@njit(**_OPTIONS)
def equalise(pair, best, first, after, begin, size, pool, carried, laws, flow, time, slope, on_best, on_path, marks):
    """Shift trips of one pair to its cheapest path; paths that carry nothing are dropped. Returns trips times how much dearer they were."""
    marks[0] += 1
    for i in range(begin[best], begin[best] + size[best]):
        on_best[pool[i]] = marks[0]
    excess, before, path = 0.0, -1, first[pair]
    while path >= 0:
        follow = after[path]
        if path != best:
            trips = carried[path]
            excess += trips * _shift(path, best, begin, size, pool, carried, laws, flow, time, slope, on_best, on_path, marks)
            if carried[path] <= 0.0:
                if before < 0:
                    first[pair] = follow
                else:
                    after[before] = follow
                path = follow
                continue
        before, path = path, follow
    return excess


@njit(**_OPTIONS)
def _cheapest(pair, first, after, begin, size, pool, time):
    best, least, path = -1, math.inf, first[pair]
    while path >= 0:
        cost = _cost(path, begin, size, pool, time)
        if cost < least:
            best, least = path, cost
        path = after[path]
    return best, least


@njit(**_OPTIONS)
def settle(first, after, begin, size, pool, carried, laws, flow, time, slope, on_best, on_path, marks):
    """One round over all pairs that use several paths. Returns the total excess."""
    total = 0.0
    for pair in range(len(first)):
        if first[pair] >= 0 and after[first[pair]] >= 0:
            best, _ = _cheapest(pair, first, after, begin, size, pool, time)
            total += equalise(pair, best, first, after, begin, size, pool, carried, laws, flow, time, slope, on_best, on_path, marks)
    return total


@njit(**_OPTIONS)
def prolong(step, chain, before, carried, out):
    """Go on in the direction in which the paths of each pair moved since `before`, `step` times as far and not below zero; carried (path,) now, out (path,)."""
    first, after = chain
    for pair in range(len(first)):
        moved, total, limit, path = 0.0, 0.0, step, first[pair]
        while path >= 0:
            change = carried[path] - before[path]
            moved += change
            total += carried[path]
            if change < 0.0:
                limit = min(limit, -carried[path] / change)
            path = after[path]
        if abs(moved) > 1e-13 * total:
            limit = 0.0  # a path of the pair was dropped meanwhile: the rest of the direction leads nowhere
        path = first[pair]
        while path >= 0:
            out[path] = carried[path] + limit * (carried[path] - before[path])
            path = after[path]


@njit(**_OPTIONS)
def _trace(node, parent, tail, time, scratch):
    """Arcs of the way to `node` from its end, into scratch; their number and time now."""
    count, cost = 0, 0.0
    while parent[node] >= 0:
        arc = parent[node]
        scratch[count] = arc
        count += 1
        cost += time[arc]
        node = tail[arc]
    return count, cost


@njit(**_OPTIONS)
def sweep(resume, graph, origins, pair_start, target, demand, assigned, chain, store, used, laws, flow, time, slope, work, marks, excess):
    """Search from every origin, give pairs their new cheapest path, even out. Returns DONE, or the origin at which the store was full.

    graph    (tail, head, start, through)         chain  (first, after)
    store    (begin, size, carried, pool)         used   (2,) paths and pool entries taken
    work     (distance, parent, order, key, item, place, on_best, on_path, scratch)
    excess   (1,) out: trips times how much dearer than the cheapest way, added up
    """
    tail, head, start, through = graph
    first, after = chain
    begin, size, carried, pool = store
    distance, parent, order, key, item, place, on_best, on_path, scratch = work
    source, zero = np.empty(1, np.int32), np.zeros(1)
    for at in range(resume, len(origins)):
        source[0] = origins[at]
        search(start, head, time, through, source, zero, distance, parent, order, key, item, place)
        for pair in range(pair_start[at], pair_start[at + 1]):
            if distance[target[pair]] == np.inf:
                continue
            best, least = _cheapest(pair, first, after, begin, size, pool, time)
            count, cost = _trace(target[pair], parent, tail, time, scratch)
            if best < 0 or cost < least * (1.0 - 1e-14):
                if used[0] >= len(carried) or used[1] + count > len(pool):
                    return at
                best = used[0]
                begin[best], size[best], carried[best], after[best] = used[1], count, 0.0, first[pair]
                for i in range(count):
                    pool[used[1] + i] = scratch[i]
                first[pair] = best
                used[0] += 1
                used[1] += count
            more = demand[pair] - assigned[pair]
            if more > 0.0:
                carried[best] += more
                assigned[pair] = demand[pair]
                for i in range(begin[best], begin[best] + size[best]):
                    _load(pool[i], more, laws, flow, time, slope)
            if after[first[pair]] >= 0:
                excess[0] += equalise(pair, best, first, after, begin, size, pool, carried, laws, flow, time, slope, on_best, on_path, marks)
    return DONE


@njit(**_OPTIONS)
def total_flow(chain, store, flow):
    """Arc flows from the paths, without the rounding that shifts leave behind."""
    first, after = chain
    begin, size, carried, pool = store
    flow[:] = 0.0
    for pair in range(len(first)):
        path = first[pair]
        while path >= 0:
            for i in range(begin[path], begin[path] + size[path]):
                flow[pool[i]] += carried[path]
            path = after[path]


@njit(**_OPTIONS)
def shortest_total(graph, origins, pair_start, target, demand, time, work, distances):
    """Trips times shortest time over all pairs that are joined; distances (pair,) out, inf where they are not."""
    _, head, start, through = graph
    distance, parent, order, key, item, place, _, _, _ = work
    source, zero = np.empty(1, np.int32), np.zeros(1)
    total = 0.0
    for at in range(len(origins)):
        source[0] = origins[at]
        search(start, head, time, through, source, zero, distance, parent, order, key, item, place)
        for pair in range(pair_start[at], pair_start[at + 1]):
            distances[pair] = distance[target[pair]]
            if distances[pair] < np.inf:
                total += demand[pair] * distances[pair]
    return total


@njit(**_OPTIONS)
def restrict(usable, demand, assigned, chain, store):
    """Drop paths over arcs that are not usable and scale the others to the demand; assigned (pair,) out."""
    first, after = chain
    begin, size, carried, pool = store
    for pair in range(len(first)):
        path, before, total = first[pair], -1, 0.0
        while path >= 0:
            good = demand[pair] > 0.0
            for i in range(begin[path], begin[path] + size[path]):
                good = good and usable[pool[i]]
            if good:
                total += carried[path]
                before = path
            elif before < 0:
                first[pair] = after[path]
            else:
                after[before] = after[path]
            path = after[path]
        if total > demand[pair]:
            path = first[pair]
            while path >= 0:
                carried[path] *= demand[pair] / total
                path = after[path]
            total = demand[pair]
        assigned[pair] = total


@njit(**_OPTIONS)
def compact(chain, store, new_chain, new_store):
    """Copy the paths in use into another store, pair by pair; returns paths and pool entries taken."""
    first, after = chain
    begin, size, carried, pool = store
    new_first, new_after = new_chain
    new_begin, new_size, new_carried, new_pool = new_store
    count, entries = 0, 0
    for pair in range(len(first)):
        path, before = first[pair], -1
        new_first[pair] = -1
        while path >= 0:
            new_begin[count], new_size[count], new_carried[count], new_after[count] = entries, size[path], carried[path], -1
            for i in range(size[path]):
                new_pool[entries + i] = pool[begin[path] + i]
            entries += size[path]
            if before < 0:
                new_first[pair] = count
            else:
                new_after[before] = count
            before = count
            count += 1
            path = after[path]
    return count, entries
