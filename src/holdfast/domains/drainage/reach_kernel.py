"""Compiled sweeps over the sewers, from the outfalls up and from the far ends down."""

from __future__ import annotations

import numpy as np
from numba import njit


@njit(cache=True, nogil=True, error_model="numpy")
def drained(order, start, split, neighbour, edge, capacity, flow, outfall, edge_open, node_usable):  # type: ignore[no-untyped-def]
    """(case, node) share of each node's design flow that gets to an outfall: what the narrowest place on its way carries.

    order     nodes, each after all to which its edges lead
    start, split, neighbour, edge  rows of the graph; edges that leave node n stand at start[n] .. split[n]
    capacity  (edge,) m3/s, inf without a limit
    flow      (node,) m3/s, 0 where nothing is known
    outfall   (node,) bool
    edge_open, node_usable  (case, edge), (case, node) bool
    """
    cases, nodes = node_usable.shape
    level = np.zeros((cases, nodes), np.float32)
    for c in range(cases):
        row = level[c]
        for n in order:
            if not node_usable[c, n]:
                continue
            if outfall[n]:
                row[n] = 1.0
                continue
            carried, best = 0.0, 0.0
            for i in range(start[n], split[n]):
                e = edge[i]
                if edge_open[c, e]:
                    there = row[neighbour[i]]
                    if there > 0.0:
                        best = max(best, there)
                        carried += min(capacity[e] / flow[n], there) if flow[n] > 0.0 else there
            row[n] = min(best, carried)  # ways on add up, but not beyond the best of them: they may meet again
    return level


@njit(cache=True, nogil=True, error_model="numpy")
def gathered(order, start, split, neighbour, edge, capacity, speed_time, area, steady, inlet_time):  # type: ignore[no-untyped-def]
    """Runoff area [m2], steady flow [m3/s] and longest travel time [s] that reach each node, from the far ends down (`order` reversed).

    What arrives at a node leaves over its edges in proportion to their capacity; edges without a limit share alike.
    """
    area, steady = area.copy(), steady.copy()
    time = np.full(len(area), inlet_time)
    for k in range(len(order) - 1, -1, -1):
        n = order[k]
        total, free = 0.0, 0
        for i in range(start[n], split[n]):
            if np.isinf(capacity[edge[i]]):
                free += 1
            else:
                total += capacity[edge[i]]
        for i in range(start[n], split[n]):
            e = edge[i]
            if free:
                share = 1.0 / free if np.isinf(capacity[e]) else 0.0
            else:
                share = capacity[e] / total if total > 0.0 else 1.0 / (split[n] - start[n])
            m = neighbour[i]
            area[m] += share * area[n]
            steady[m] += share * steady[n]
            time[m] = max(time[m], time[n] + speed_time[e])
    return area, steady, time


@njit(cache=True, nogil=True, error_model="numpy")
def downstream_first(start, split, neighbour):  # type: ignore[no-untyped-def]
    """Nodes of a graph without cycles, each after all to which its edges lead; nodes on a cycle are left out."""
    nodes = len(split)
    waiting = split - start[:nodes]
    order = np.empty(nodes, np.int64)
    count = 0
    for n in range(nodes):
        if waiting[n] == 0:
            order[count] = n
            count += 1
    at = 0
    while at < count:
        n = order[at]
        at += 1
        for i in range(split[n], start[n + 1]):
            m = neighbour[i]
            waiting[m] -= 1
            if waiting[m] == 0:
                order[count] = m
                count += 1
    return order[:count]
