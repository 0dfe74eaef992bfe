"""Numba kernels of load shedding: which loads to take off for the violations of one solved case."""

from __future__ import annotations

import numpy as np
from numba import njit

SLACK = 0.01  # share of the need for which no load of the next importance goes: the next round sees whether it was needed


@njit(cache=True, nogil=True, error_model="numpy")
def spanning(pointer, branch, start, end, node_on, on_from, on_to, source_node, source_on, order, parent, via):
    """Breadth-first tree from the sources; returns how many nodes. `parent`, `via` (node,) are -1 at the sources and outside."""
    parent[:] = -1
    via[:] = -1
    seen = np.zeros(len(node_on), np.bool_)
    tail = 0
    for s in range(len(source_node)):
        i = source_node[s]
        if source_on[s] and node_on[i] and not seen[i]:
            seen[i] = True
            order[tail] = i
            tail += 1
    head = 0
    while head < tail:
        i = order[head]
        head += 1
        for k in range(pointer[i], pointer[i + 1]):
            b = branch[k]
            if on_from[b] and on_to[b]:
                j = end[b] if start[b] == i else start[b]
                if node_on[j] and not seen[j]:
                    seen[j] = True
                    parent[j] = i
                    via[j] = b
                    order[tail] = j
                    tail += 1
    return tail


@njit(cache=True, nogil=True, error_model="numpy")
def _take(need, effect, level, rank, kept):
    """Take loads off until their effects reach `need`: lowest importance first; within a level what helps most without being too much, then the smallest that is left.

    effect  (load,) what taking each off gives, 0 where it does not help;  level (load,) 0 most important;  rank (load,) level by level, least important first
    """
    left, first, taken = need, 0, 0
    while first < len(rank) and left > SLACK * need:
        last = first
        while last < len(rank) and level[rank[last]] == level[rank[first]]:
            last += 1
        while left > SLACK * need:
            most = -1
            for k in range(first, last):
                g = rank[k]
                if kept[g] and 0.0 < effect[g] <= left and (most < 0 or effect[g] > effect[most]):
                    most = g
            if most < 0:
                break
            kept[most] = False
            left -= effect[most]
            taken += 1
        while left > SLACK * need:
            least = -1
            for k in range(first, last):
                g = rank[k]
                if kept[g] and effect[g] > 0.0 and (least < 0 or effect[g] < effect[least]):
                    least = g
            if least < 0:
                break
            kept[least] = False
            left -= effect[least]
            taken += 1
        first = last
    return taken


@njit(cache=True, nogil=True, error_model="numpy")
def relieve_branch(b, over, margin, pointer, branch, start, end, ideal, on_from, on_to, s_from, s_to, load_node, power, reactive, level, rank, before, kept):
    """Loads that an overloaded branch feeds, until its loading is down from `over` to 1. Returns how many were taken off.

    A branch that charging alone overloads cannot be relieved and takes nothing off. Fed is what the solved flow reaches from its
    receiving end; what was taken off in this round already (`before` but not `kept`) counts. s_from, s_to (branch,) complex power
    into each end
    """
    below = np.zeros(len(pointer) - 1, np.bool_)
    queue = np.empty(len(pointer) - 1, np.int32)
    queue[0] = end[b] if s_from[b].real >= s_to[b].real else start[b]
    below[queue[0]] = True
    head, tail = 0, 1
    while head < tail:
        i = queue[head]
        head += 1
        for k in range(pointer[i], pointer[i + 1]):
            e = branch[k]
            if e == b or not (on_from[e] and on_to[e]):
                continue
            j = end[e] if start[e] == i else start[e]
            out = s_from[e].real if start[e] == i else s_to[e].real
            if not below[j] and (ideal[e] or out > 0.0):
                below[j] = True
                queue[tail] = j
                tail += 1
    effect = np.zeros(len(load_node))
    total, gone, swing = 0.0, 0.0, 0.0
    for g in range(len(load_node)):
        if below[load_node[g]]:
            effect[g] = power[g]
            if before[g]:
                total += power[g]
                swing += reactive[g]
                if not kept[g]:
                    gone += power[g]
    size = max(abs(s_from[b]), abs(s_to[b]))
    charging = abs(max(s_from[b].imag if s_from[b].real >= s_to[b].real else s_to[b].imag, -size) - swing)
    if charging >= size / over:
        return 0
    need = min(1.0, margin * (1.0 - 1.0 / over)) * min(total, size) - gone
    if need <= 0.0:
        return 0
    return _take(need, effect, level, rank, kept)


@njit(cache=True, nogil=True, error_model="numpy")
def relieve_node(node, missing, count, order, parent, via, z, load_node, p, q, level, rank, kept):
    """Loads that pull a node's voltage down by `missing` [pu], weighed by the impedance their way from the source shares with the node's.

    p, q  (load,) [pu].  Returns how many were taken off.
    """
    shared = np.zeros(len(parent), np.complex128)
    path = np.zeros(len(parent), np.bool_)
    i = node
    while i >= 0:
        path[i] = True
        i = parent[i]
    for k in range(count):
        i = order[k]
        a = parent[i]
        if a >= 0:
            shared[i] = shared[a] + z[via[i]] if path[i] else shared[a]
    effect = np.zeros(len(load_node))
    for g in range(len(load_node)):
        way = shared[load_node[g]]
        effect[g] = max(way.real * p[g] + way.imag * q[g], 0.0)
    return _take(missing, effect, level, rank, kept)
