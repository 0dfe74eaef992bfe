"""Numba kernels: parts of a switched network, and the backward/forward sweep of radial networks."""

from __future__ import annotations

import numpy as np
from numba import njit

SOLVED, DIVERGED, MESHED = 0, 1, 9


@njit(cache=True, nogil=True, error_model="numpy")
def label_parts(pointer, branch, start, end, node_on, on_from, on_to, label):
    """Number the connected parts of every case.

    pointer, branch  branches at each node;  start, end  (branch,) nodes
    node_on          (case, node); on_from, on_to  (case, branch)
    label            (case, node) int32, filled: part number, from 0 in each case; -1 for nodes that are off
    """
    cases, nodes = node_on.shape
    queue = np.empty(nodes, np.int32)
    for c in range(cases):
        label[c, :] = -1
        count = 0
        for first in range(nodes):
            if label[c, first] >= 0 or not node_on[c, first]:
                continue
            label[c, first] = count
            queue[0] = first
            head, tail = 0, 1
            while head < tail:
                i = queue[head]
                head += 1
                for k in range(pointer[i], pointer[i + 1]):
                    b = branch[k]
                    if on_from[c, b] and on_to[c, b]:
                        j = end[b] if start[b] == i else start[b]
                        if node_on[c, j] and label[c, j] < 0:
                            label[c, j] = count
                            queue[tail] = j
                            tail += 1
            count += 1


@njit(cache=True, nogil=True, error_model="numpy")
def flood(pointer, branch, start, end, node_on, on_from, on_to, source_node, source_on, live):
    """Nodes of every case that are connected to a source that is on: `live` (case, node) bool, filled."""
    cases, nodes = node_on.shape
    queue = np.empty(nodes, np.int32)
    for c in range(cases):
        live[c, :] = False
        tail = 0
        for s in range(len(source_node)):
            i = source_node[s]
            if source_on[c, s] and node_on[c, i] and not live[c, i]:
                live[c, i] = True
                queue[tail] = i
                tail += 1
        head = 0
        while head < tail:
            i = queue[head]
            head += 1
            for k in range(pointer[i], pointer[i + 1]):
                b = branch[k]
                if on_from[c, b] and on_to[c, b]:
                    j = end[b] if start[b] == i else start[b]
                    if node_on[c, j] and not live[c, j]:
                        live[c, j] = True
                        queue[tail] = j
                        tail += 1


@njit(cache=True, nogil=True, error_model="numpy")
def _trunk(pointer, branch, start, end, ideal, node_on, on_from, on_to, source_node, source_v, source_on, order, parent, via, group, v):
    """Order the live nodes outwards from the sources; returns how many, or -1 where there is a loop or two sources meet.

    Nodes joined by couplers get one group and stand side by side, so that a loop of couplers alone is none.
    """
    group[:] = -1
    tail = 0
    for s in range(len(source_node)):
        i = source_node[s]
        if not (source_on[s] and node_on[i]):
            continue
        if group[i] >= 0:
            if abs(v[i] - source_v[s]) > 1e-12:
                return -1
            continue
        group[i] = i
        order[tail] = i
        parent[i] = -1
        via[i] = -1
        v[i] = source_v[s]
        tail += 1
        head = tail - 1
        while head < tail:
            a = order[head]
            head += 1
            for k in range(pointer[a], pointer[a + 1]):
                b = branch[k]
                if ideal[b] and on_from[b] and on_to[b]:
                    j = end[b] if start[b] == a else start[b]
                    if node_on[j] and group[j] < 0:
                        group[j] = i
                        order[tail] = j
                        parent[j] = a
                        via[j] = b
                        v[j] = v[i]
                        tail += 1
    head = 0
    while head < tail:
        a = order[head]
        head += 1
        for k in range(pointer[a], pointer[a + 1]):
            b = branch[k]
            if ideal[b] or b == via[a] or not (on_from[b] and on_to[b]):
                continue
            j = end[b] if start[b] == a else start[b]
            if not node_on[j]:
                continue
            if group[j] >= 0:
                if via[j] == b and parent[j] == a:
                    continue
                return -1
            group[j] = j
            parent[j] = a
            via[j] = b
            order[tail] = j
            tail += 1
            inner = tail - 1
            while inner < tail:
                d = order[inner]
                inner += 1
                for m in range(pointer[d], pointer[d + 1]):
                    e = branch[m]
                    if ideal[e] and on_from[e] and on_to[e]:
                        f = end[e] if start[e] == d else start[e]
                        if node_on[f]:
                            if group[f] < 0:
                                group[f] = j
                                parent[f] = d
                                via[f] = e
                                order[tail] = f
                                tail += 1
                            elif group[f] != j:
                                return -1
    return tail


@njit(cache=True, nogil=True, error_model="numpy")
def _open_ends(count, order, pointer, branch, start, end, z, half, ratio, ideal, node_on, on_from, on_to, shunt):
    """Charging of branches that hang on a live node by one end, as a shunt of that node."""
    for k in range(count):
        i = order[k]
        shunt[i] = 0.0
        for p in range(pointer[i], pointer[i + 1]):
            b = branch[p]
            if ideal[b]:
                continue
            f, t = start[b], end[b]
            head = on_from[b] and node_on[f]
            foot = on_to[b] and node_on[t]
            if head == foot:
                continue
            if (head and f == i) or (foot and t == i):
                y = 1.0 / z[b]
                seen = half[b] + y * half[b] / (y + half[b]) if half[b] != 0.0 else 0.0j
                shunt[i] += seen / abs(ratio[b]) ** 2 if head else seen


@njit(cache=True, nogil=True, error_model="numpy")
def _settle(count, order, parent, via, start, z, half, ratio, ideal, shunt, injections, injection, power, law, factor, v, current, tolerance, limit):
    """Backward and forward sweeps until the voltages stand still; True when they do. `current` (node,) into each node from its parent, at that end."""
    for k in range(count):
        i = order[k]
        if parent[i] >= 0:
            up, b = v[parent[i]], via[i]
            v[i] = up if ideal[b] else (up / ratio[b] if start[b] == parent[i] else up * ratio[b])
    for _ in range(limit):
        for k in range(count):
            i = order[k]
            size = abs(v[i])
            total = shunt[i] * v[i]
            for p in range(injections[i], injections[i + 1]):
                n = injection[p]
                if factor[n] != 0.0:
                    s = power[n] * factor[n]
                    if law[n] == 1:
                        s *= size
                    elif law[n] == 2:
                        s *= size * size
                    total += (s / v[i]).conjugate()
            current[i] = total
        for k in range(count - 1, -1, -1):
            i = order[k]
            a = parent[i]
            if a < 0:
                continue
            b = via[i]
            if ideal[b]:
                current[a] += current[i]
            elif start[b] == a:
                inner = current[i] + half[b] * v[i]
                current[a] += (inner + half[b] * v[a] / ratio[b]) / ratio[b].conjugate()
            else:
                inner = current[i] * ratio[b].conjugate() + half[b] * v[i] / ratio[b]
                current[a] += inner + half[b] * v[a]
        worst = 0.0
        for k in range(count):
            i = order[k]
            a = parent[i]
            if a < 0:
                continue
            b = via[i]
            if ideal[b]:
                new = v[a]
            elif start[b] == a:
                new = v[a] / ratio[b] - z[b] * (current[i] + half[b] * v[i])
            else:
                new = ratio[b] * (v[a] - z[b] * (current[i] * ratio[b].conjugate() + half[b] * v[i] / ratio[b]))
            gap = abs(new - v[i])
            if gap > worst or np.isnan(gap):  # what is no number stays so whatever other nodes do
                worst = gap
            v[i] = new
        if worst < tolerance:
            return True
        if not worst < 1e3:
            return False
    return False


@njit(cache=True, nogil=True, error_model="numpy")
def sweep(pointer, branch, start, end, ideal, z, half, ratio, injections, injection, power, law, node_on, on_from, on_to, factor, source_node, source_v,
          source_on, tolerance, limit, status, voltage, s_from, s_to):
    """Radial cases one after the other. All in per unit.

    status    (case,) int8, filled: SOLVED, DIVERGED or MESHED where the live part is not a tree
    voltage   (case, node) complex, filled, NaN where dead;  s_from, s_to (case, branch) complex power into each end
    """
    cases, nodes = node_on.shape
    order, parent, via, group = np.empty(nodes, np.int32), np.empty(nodes, np.int32), np.empty(nodes, np.int32), np.empty(nodes, np.int32)
    v, current, shunt = np.empty(nodes, np.complex128), np.empty(nodes, np.complex128), np.empty(nodes, np.complex128)
    for c in range(cases):
        voltage[c, :] = np.nan
        s_from[c, :] = 0.0
        s_to[c, :] = 0.0
        count = _trunk(pointer, branch, start, end, ideal, node_on[c], on_from[c], on_to[c], source_node, source_v, source_on[c], order, parent, via, group, v)
        if count < 0:
            status[c] = MESHED
            continue
        _open_ends(count, order, pointer, branch, start, end, z, half, ratio, ideal, node_on[c], on_from[c], on_to[c], shunt)
        if not _settle(count, order, parent, via, start, z, half, ratio, ideal, shunt, injections, injection, power, law, factor[c], v, current, tolerance, limit):
            status[c] = DIVERGED
            continue
        status[c] = SOLVED
        for k in range(count):
            i = order[k]
            voltage[c, i] = v[i]
        _powers(count, order, group, start, end, z, half, ratio, ideal, pointer, branch, node_on[c], on_from[c], on_to[c], v, s_from[c], s_to[c])


@njit(cache=True, nogil=True, error_model="numpy")
def _powers(count, order, group, start, end, z, half, ratio, ideal, pointer, branch, node_on, on_from, on_to, v, s_from, s_to):
    for k in range(count):
        i = order[k]
        for p in range(pointer[i], pointer[i + 1]):
            b = branch[p]
            if ideal[b]:
                continue
            f, t = start[b], end[b]
            head, foot = on_from[b] and node_on[f], on_to[b] and node_on[t]
            y = 1.0 / z[b]
            if head and foot:
                if f == i:
                    a = v[f] / ratio[b]
                    s_from[b] = a * (y * (a - v[t]) + half[b] * a).conjugate()
                    s_to[b] = v[t] * (y * (v[t] - a) + half[b] * v[t]).conjugate()
            elif half[b] != 0.0:
                seen = half[b] + y * half[b] / (y + half[b])
                if head and f == i:
                    a = v[f] / ratio[b]
                    s_from[b] = a * (seen * a).conjugate()
                elif foot and t == i:
                    s_to[b] = v[t] * (seen * v[t]).conjugate()
