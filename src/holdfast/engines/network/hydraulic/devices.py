"""Laws of pumps and valves, one at a time: they are few and each has its own branches.

Each law gives conductance and excess as in `law`. source: EPANET 2.2 manual, sections 3.1 and 12.
"""

from __future__ import annotations

import math

from holdfast.engines.network.compiled import kernel
from holdfast.engines.network.hydraulic.arrays import ACTIVE, BIG, CLOSED, CONSTANT_POWER, CURVE, FLAT, POWER_LAW, SMALL, TAIL_FLOW
from holdfast.engines.network.hydraulic.model import LinkType
from holdfast.engines.network.lanes import absolute, exp2, largest_of, load, log2, store

_PUMP, _PRV, _PSV, _PBV, _FCV, _TCV, _GPV = (int(kind) for kind in (
    LinkType.PUMP, LinkType.PRV, LinkType.PSV, LinkType.PBV, LinkType.FCV, LinkType.TCV, LinkType.GPV))
_FLATTEST = 1e-6  # least slope of a curve's segment
_LEAST_FLOW = 1e-12  # [cfs] below which a pump's law is a straight line: the power of less need not be a normal number


@kernel
def segment(start, stop, x, y, at):
    """Slope and intercept of the piece of a curve around `at`; the end pieces go on beyond the curve."""
    high = start
    while high < stop and x[high] < at:
        high += 1
    if high == start:
        high += 1
    elif high == stop:
        high -= 1
    slope = (y[high] - y[high - 1]) / (x[high] - x[high - 1])
    return slope, y[high - 1] - slope * x[high - 1]


@kernel
def open_valve(minor, q):
    """A valve that only has a minor loss, or none."""
    if minor <= 0.0:
        return 1.0 / SMALL, 0.0
    slope = 2.0 * minor * abs(q)
    if slope < FLAT:
        return 2.0 / FLAT, 0.0
    return 1.0 / slope, -0.5 * q


@kernel
def pump(devices, s, q, speed, risen):
    """An open pump at a speed above zero. risen: |q| ** (power - 1) where the law is a power law"""
    kind = devices.law[s]
    if kind == CURVE:
        start, stop = devices.curve_start[s], devices.curve_start[s + 1]
        slope, top = segment(start, stop, devices.curve_flow, devices.curve_head, abs(q) / speed)
        slope = -slope * speed
        return 1.0 / slope, -top * speed * speed / slope
    if kind == CONSTANT_POWER:
        power = -devices.resistance[s] * speed**3.0
        slope = power / max(q * q, 1e-30)
        if slope > BIG:
            return 1.0 / BIG, 0.0
        if slope < SMALL:
            return 1.0 / SMALL, 0.0
        return 1.0 / slope, -2.0 * q
    power = devices.power[s]
    top = speed * speed * devices.shutoff[s]
    resistance = devices.resistance[s]
    if speed != 1.0:  # nearly all pumps run at speed 1, and powers take most of this law's time
        resistance *= speed ** (2.0 - power)
    if abs(power - 1.0) < 1e-6:
        return 1.0 / resistance, top / resistance
    slope = power * resistance * risen
    if slope < FLAT:
        return 1.0 / FLAT, top / FLAT
    return 1.0 / slope, top / slope + q / power - q


@kernel
def valve(devices, s, q, setting, state):
    """A valve of any kind but an active regulating one."""
    kind = devices.kind[s]
    minor = devices.minor[s]
    if state <= CLOSED:
        return 1.0 / BIG, 0.0
    given = not math.isnan(setting)
    if kind == _TCV and given:
        minor = setting * devices.area2[s]
    if kind == _PBV and given and setting != 0.0 and minor * q * q <= setting:
        return BIG, setting * BIG - q
    if kind == _GPV:
        start, stop = devices.curve_start[s], devices.curve_start[s + 1]
        slope, loss = segment(start, stop, devices.curve_flow, devices.curve_head, max(abs(q), _FLATTEST))
        slope = max(slope, _FLATTEST)
        return 1.0 / slope, math.copysign(loss / slope + max(abs(q), _FLATTEST), -1.0 if q < 0.0 else 1.0) - q
    return open_valve(minor, q)


@kernel
def device_laws(network, devices, flow, state, setting, conductance, excess):
    """Conductance and excess of every device in every lane; active PRV and PSV get none, their equations follow in `regulate`."""
    first = network.pipes
    for s in range(len(devices.kind)):
        k = first + s
        kind = devices.kind[s]
        if devices.law[s] == POWER_LAW:  # one power for all lanes
            store(excess, k, exp2(log2(largest_of(absolute(load(flow, k)), _LEAST_FLOW)) * (devices.power[s] - 1.0)))
        for lane in range(8):
            q = flow[k, lane]
            now = state[k, lane]
            value = setting[s, lane]
            if kind == _PUMP:
                if now <= CLOSED or value == 0.0:
                    p, e = 1.0 / BIG, 0.0
                else:
                    p, e = pump(devices, s, q, value, excess[k, lane])
            elif now == ACTIVE and kind in (_PRV, _PSV) and not math.isnan(value):
                p, e = 0.0, 0.0
            elif now == ACTIVE and kind == _FCV and not math.isnan(value):
                p, e = 1.0 / BIG, -value
            else:
                p, e = valve(devices, s, q, value, now)
            conductance[k, lane] = p
            excess[k, lane] = e


@kernel
def _surplus(network, devices, lanes, v, lane):
    """Flow into the node whose balance a regulating valve closes, less what leaves it; other regulated valves do not count, as in EPANET."""
    own = network.pipes + devices.regulating[v]
    total = 0.0
    for a in range(devices.near_start[v], devices.near_start[v + 1]):
        k, sign = devices.near_link[a], devices.near_sign[a]
        if k >= network.pipes:
            s = k - network.pipes
            kind = devices.kind[s]
            if (kind in (_PRV, _PSV, _FCV)) and not math.isnan(lanes.setting[s, lane]):
                if kind == _FCV and k < own and lanes.state[k, lane] == ACTIVE:
                    total += sign * lanes.setting[s, lane]
                continue
        total += sign * lanes.flow[k, lane]
    node = devices.near_node[v]
    if devices.near_outlet[v] >= 0:
        total -= lanes.taken[devices.near_outlet[v], lane]
    for d in range(len(lanes.drawn_node)):
        if lanes.drawn_node[d] == node:
            total -= lanes.drawn[d, lane]
    for slot in range(lanes.leak_node.shape[0]):
        if lanes.leak_node[slot, lane] == node:
            total -= lanes.leak_flow[slot, lane]
    for slot in range(lanes.broken.shape[0]):
        k = lanes.broken[slot, lane]
        if k >= 0 and network.tail[k] == node:  # `flow` is what enters the pipe; the rest of it is lost on the way
            total += lanes.part[slot, TAIL_FLOW, lane] - lanes.flow[k, lane]
    return total


@kernel
def regulate(network, laws, devices, lanes):
    """Active PRV and PSV: hold the head on one side, and let the flow be what the balance of that node leaves."""
    off, ground, right = lanes.off, lanes.ground, lanes.right
    for v in range(len(devices.regulating)):
        s = devices.regulating[v]
        k = network.pipes + s
        reducing = devices.kind[s] == _PRV
        node = devices.near_node[v]
        other = network.head[k] if reducing else network.tail[k]
        for lane in range(8):
            setting = lanes.setting[s, lane]
            if lanes.state[k, lane] != ACTIVE or math.isnan(setting):
                continue
            surplus = _surplus(network, devices, lanes, v, lane)
            right[node, lane] += (laws.elevation[node] + setting) * BIG
            ground[node, lane] += BIG
            if reducing:
                lanes.excess[k, lane] = surplus
                if surplus < 0.0:
                    right[other, lane] += surplus
            else:
                lanes.excess[k, lane] = -surplus
                if surplus > 0.0:
                    right[other, lane] += surplus
                off[network.entry_of[k], lane] -= 1.0 / BIG
