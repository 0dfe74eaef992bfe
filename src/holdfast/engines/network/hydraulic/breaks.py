"""Leaks: emitters at junctions, and pipes that leak somewhere on their way.

A pipe with a leak on its way has a node there which the matrix does not contain: its head is eliminated by hand in every iteration, so
that each lane may break other pipes while all share one sparsity. Few lanes have any, so this is scalar code.
"""

from __future__ import annotations

import math

from holdfast.engines.network.compiled import kernel
from holdfast.engines.network.hydraulic.arrays import BIG, CLOSED, E1, E2, E3, FLAT, LEAK_FLOW, LEAK_LAW, LEVEL, P1, P2, P3, SHARE, TAIL_FLOW


@kernel
def emitter(resistance, q, power, backflow):
    """Conductance and head loss / slope of an emitter with head loss resistance * flow ** power."""
    slope = power * resistance * abs(q) ** (power - 1.0)
    if slope < FLAT:
        slope = FLAT / power
        loss = slope * q
    else:
        loss = slope * q / power
    if not backflow:
        a = 1e9 * q
        b = (a * a + 1e-6) ** 0.5
        loss += 0.5 * (a - b)
        slope += 0.5e9 * (1.0 - a / b)
    return 1.0 / slope, loss / slope


@kernel
def leak_laws(laws, lanes):
    """Emitters at junctions, added to the equations."""
    for slot in range(lanes.leak_node.shape[0]):
        for lane in range(8):
            node = lanes.leak_node[slot, lane]
            if node < 0:
                continue
            q = lanes.leak_flow[slot, lane]
            p, y = emitter(lanes.leak_law[slot, lane], q, laws.emitter_power, laws.backflow)
            lanes.leak_ask[slot, lane] = p
            lanes.leak_answer[slot, lane] = y
            lanes.ground[node, lane] += p
            lanes.right[node, lane] += y + p * laws.elevation[node] - q


@kernel
def _piece(laws, pipe, share, q):
    """Conductance and excess of a part of a pipe; the minor loss is spread along it. Darcy-Weisbach: turbulent above Reynolds number 2000."""
    resistance, minor = laws.slope[pipe] * share, laws.minor[pipe] * share
    size = abs(q)
    if len(laws.rough):
        w = size / laws.thick[pipe]
        if w <= 500.0 * math.pi:
            slope, friction = 16.0 * math.pi * laws.thick[pipe] * resistance, 1.0
        else:
            root = -2.0 * math.log10(laws.rough[pipe] / 3.7 + 5.74 * (math.pi / 4.0) ** 0.9 / w**0.9)
            slope, friction = 2.0 * resistance * size / (root * root), 0.5
    else:
        slope = resistance * size ** (laws.power - 1.0)
        friction = 1.0 / laws.power
    if slope < FLAT:
        slope, friction = FLAT / laws.power, 1.0
    total = slope + 2.0 * minor * size
    return 1.0 / total, q * ((slope * friction + minor * size) / total - 1.0)


@kernel
def break_laws(network, laws, lanes):
    """Pipes that leak on their way: both pieces and the hole, with the node between them eliminated."""
    for slot in range(lanes.broken.shape[0]):
        for lane in range(8):
            k = lanes.broken[slot, lane]
            if k < 0:
                continue
            part = lanes.part[slot]
            if lanes.state[k, lane] <= CLOSED:
                part[P1, lane], part[E1, lane], part[P2, lane], part[E2, lane] = 1.0 / BIG, 0.0, 1.0 / BIG, 0.0
            else:
                part[P1, lane], part[E1, lane] = _piece(laws, k, part[SHARE, lane], lanes.flow[k, lane])
                part[P2, lane], part[E2, lane] = _piece(laws, k, 1.0 - part[SHARE, lane], part[TAIL_FLOW, lane])
            q = part[LEAK_FLOW, lane]
            p3, y = emitter(part[LEAK_LAW, lane], q, laws.emitter_power, laws.backflow)
            part[P3, lane], part[E3, lane] = p3, y - q
            p1, p2 = part[P1, lane], part[P2, lane]
            total = p1 + p2 + p3
            rest = (part[E2, lane] - part[E1, lane] + part[E3, lane] + p3 * part[LEVEL, lane]) / total
            lanes.excess[k, lane] = -lanes.flow[k, lane]  # the general update leaves this flow alone
            i, j = network.head[k], network.tail[k]
            through = p1 * p2 / total
            if i < network.junctions:
                lanes.ground[i, lane] += p1 * p3 / total
                lanes.right[i, lane] += p1 * rest + part[E1, lane]
                if j >= network.junctions:
                    lanes.ground[i, lane] += through
                    lanes.right[i, lane] += through * lanes.head[j, lane]
            if j < network.junctions:
                lanes.ground[j, lane] += p2 * p3 / total
                lanes.right[j, lane] += p2 * rest - part[E2, lane]
                if i >= network.junctions:
                    lanes.ground[j, lane] += through
                    lanes.right[j, lane] += through * lanes.head[i, lane]
            if network.entry_of[k] >= 0:
                lanes.off[network.entry_of[k], lane] -= through


@kernel
def leak_flows(laws, lanes):
    """New flows of emitters, and what they add to the sums of flow and of change."""
    for slot in range(lanes.leak_node.shape[0]):
        for lane in range(8):
            node = lanes.leak_node[slot, lane]
            if node < 0 or lanes.relax[0, lane] <= 0.0:
                continue
            step = lanes.leak_answer[slot, lane] - lanes.leak_ask[slot, lane] * (lanes.head[node, lane] - laws.elevation[node])
            _count(lanes, lanes.leak_flow[slot], lane, step)


@kernel
def _count(lanes, flow, lane, step):
    step *= lanes.relax[0, lane]
    flow[lane] -= step
    lanes.total[0, lane] += abs(flow[lane])
    lanes.change[0, lane] += abs(step)
    lanes.largest[0, lane] = max(lanes.largest[0, lane], abs(step))


@kernel
def break_flows(network, lanes):
    """New flows of the pieces of broken pipes and of their holes."""
    for slot in range(lanes.broken.shape[0]):
        for lane in range(8):
            k = lanes.broken[slot, lane]
            if k < 0 or lanes.relax[0, lane] <= 0.0:
                continue
            part = lanes.part[slot]
            p1, p2, p3 = part[P1, lane], part[P2, lane], part[P3, lane]
            start, end = lanes.head[network.head[k], lane], lanes.head[network.tail[k], lane]
            middle = (p1 * start + p2 * end - part[E1, lane] + part[E2, lane] + part[E3, lane] + p3 * part[LEVEL, lane]) / (p1 + p2 + p3)
            _count(lanes, lanes.flow[k], lane, lanes.flow[k, lane] - (p1 * (start - middle) - part[E1, lane]))
            _count(lanes, part[TAIL_FLOW], lane, part[TAIL_FLOW, lane] - (p2 * (middle - end) - part[E2, lane]))
            _count(lanes, part[LEAK_FLOW], lane, part[LEAK_FLOW, lane] - (p3 * (middle - part[LEVEL, lane]) - part[E3, lane]))
