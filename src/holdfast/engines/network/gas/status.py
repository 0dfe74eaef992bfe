"""States of regulators and compressors, and which nodes a source reaches, case by case."""

from __future__ import annotations

from numba import njit

RESISTIVE, REGULATOR, COMPRESSOR = 0, 1, 2
CLOSED, OPEN, ACTIVE = 0, 1, 2
FREE, HELD, DEAD = 0, 1, 2  # a node's pressure is unknown, given, or there is no gas
MOST_CHANGES = 6  # of one link in one solve; then it stays, so that opposed regulators cannot go on for ever


@njit(cache=True, nogil=True, error_model="numpy")
def reach(start, other, edge, kind, begins, open_, held, lane, state, queue):
    """Nodes that gas from a pressure-holding source can reach through open links; the others are DEAD.

    start, other, edge  links of each node as compressed rows      kind, begins  type and first node of each link
    open_  (link, 8) bool     held  (node, 8) potential or NaN
    state  (node, 8) int8, written      queue  (node,) int32 scratch
    Regulators and compressors pass gas in their own direction alone.
    """
    nodes = len(start) - 1
    last = 0
    for node in range(nodes):
        if held[node, lane] == held[node, lane]:
            state[node, lane] = HELD
            queue[last] = node
            last += 1
        else:
            state[node, lane] = DEAD
    first = 0
    while first < last:
        node = queue[first]
        first += 1
        for entry in range(start[node], start[node + 1]):
            link, far = edge[entry], other[entry]
            if not open_[link, lane] or state[far, lane] != DEAD:
                continue
            if kind[link] != RESISTIVE and begins[link] != node:
                continue
            state[far, lane] = FREE
            queue[last] = far
            last += 1


@njit(cache=True, nogil=True, error_model="numpy")
def change(kind, now, flow, before, behind, target, open_loss, small_flow, small, fixed_behind):
    """Next status of a regulator or compressor.

    before, behind  potentials at both ends       target  potential that it is to hold behind it
    open_loss       loss of potential at this flow were it wide open
    fixed_behind    a source holds the pressure behind it, so it cannot
    source          the rules of EPANET's pressure-reducing valve, with a compressor as its mirror image
    """
    if now != CLOSED and flow < -small_flow:
        return CLOSED
    if kind == REGULATOR:
        if now == ACTIVE:
            if fixed_behind or before - open_loss < target - small:
                return OPEN
            return CLOSED if behind > target + small else ACTIVE
        if now == OPEN:
            return ACTIVE if behind >= target + small and not fixed_behind else OPEN
        if before >= target + small and behind < target - small:
            return OPEN if fixed_behind else ACTIVE
        return OPEN if before < target - small and before > behind + small else CLOSED
    if now == ACTIVE:
        if fixed_behind or before > target + small:
            return OPEN
        return CLOSED if behind > target + small else ACTIVE
    if now == OPEN:
        return ACTIVE if before < target - small and not fixed_behind else OPEN
    if behind < target - small and not fixed_behind:
        return ACTIVE
    return OPEN if before > behind + small else CLOSED
