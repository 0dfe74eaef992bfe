"""States of links that the solver itself changes: regulating valves, check valves, pumps against too much head, links at full or empty tanks.

One lane at a time. source: EPANET 2.2 manual, section 12.1 (status rules) and the behaviour of the toolkit.
"""

from __future__ import annotations

import math

from holdfast.engines.network.compiled import kernel
from holdfast.engines.network.hydraulic.arrays import (
    ACTIVE,
    CLOSED,
    CONSTANT_POWER,
    FLOW_TOLERANCE,
    HEAD_TOLERANCE,
    NO_FLOW,
    OPEN,
    TEMPCLOSED,
    XFCV,
    XHEAD,
    XPRESSURE,
)
from holdfast.engines.network.hydraulic.model import ControlType, LinkType

_PUMP, _PRV, _FCV = int(LinkType.PUMP), int(LinkType.PRV), int(LinkType.FCV)
_LOW, _HIGH = int(ControlType.LOW_LEVEL), int(ControlType.HIGH_LEVEL)


@kernel
def _reducing(state, q, minor, goal, before, after):
    """Next state of a pressure reducing valve."""
    if state == XPRESSURE:
        return CLOSED if q < -FLOW_TOLERANCE else state
    if state == CLOSED:
        if before >= goal + HEAD_TOLERANCE and after < goal - HEAD_TOLERANCE:
            return ACTIVE
        return OPEN if before < goal - HEAD_TOLERANCE and before > after + HEAD_TOLERANCE else CLOSED
    if q < -FLOW_TOLERANCE:
        return CLOSED
    if state == ACTIVE:
        return OPEN if before - minor * q * q < goal - HEAD_TOLERANCE else ACTIVE
    return ACTIVE if after >= goal + HEAD_TOLERANCE else OPEN


@kernel
def _sustaining(state, q, minor, goal, before, after):
    """Next state of a pressure sustaining valve."""
    if state == XPRESSURE:
        return CLOSED if q < -FLOW_TOLERANCE else state
    if state == CLOSED:
        if after > goal + HEAD_TOLERANCE and before > after + HEAD_TOLERANCE:
            return OPEN
        return ACTIVE if before >= goal + HEAD_TOLERANCE and before > after + HEAD_TOLERANCE else CLOSED
    if q < -FLOW_TOLERANCE:
        return CLOSED
    if state == ACTIVE:
        return OPEN if after + minor * q * q > goal + HEAD_TOLERANCE else ACTIVE
    return ACTIVE if before < goal - HEAD_TOLERANCE else OPEN


@kernel
def regulating_valves(network, laws, devices, lanes, lane):
    """Update PRV and PSV; True if one changed."""
    changed = False
    for v in range(len(devices.regulating)):
        s = devices.regulating[v]
        setting = lanes.setting[s, lane]
        if math.isnan(setting):
            continue
        k = network.pipes + s
        i, j = network.head[k], network.tail[k]
        old = lanes.state[k, lane]
        q, before, after = lanes.flow[k, lane], lanes.head[i, lane], lanes.head[j, lane]
        if devices.kind[s] == _PRV:
            new = _reducing(old, q, devices.minor[s], laws.elevation[j] + setting, before, after)
        else:
            new = _sustaining(old, q, devices.minor[s], laws.elevation[i] + setting, before, after)
        if new != old:
            lanes.state[k, lane] = new
            changed = True
    return changed


@kernel
def _one_way(state, drop, q):
    """Next state of a check valve."""
    if q < -FLOW_TOLERANCE or drop < -HEAD_TOLERANCE:
        return CLOSED
    return OPEN if drop > HEAD_TOLERANCE else state


@kernel
def _rests(network, fixed, lanes, n, q, lane):
    """Whether an open link must be closed for now because it would fill a full tank or drain an empty one. q: flow out of node n."""
    f = n - network.junctions
    if f < 0 or not fixed.tank[f]:
        return False
    volume = lanes.volume[f, lane]
    return (volume >= fixed.most[f] and not fixed.overflow[f] and q < 0.0) or (volume <= fixed.least[f] and q > 0.0)


@kernel
def watched_links(network, devices, fixed, schedule, lanes, lane):
    """Update check valves, pumps, flow control valves and links at tanks; True if one changed."""
    changed = False
    for w in range(len(schedule.watched)):
        k = schedule.watched[w]
        old = lanes.state[k, lane]
        new = OPEN if old in (XHEAD, TEMPCLOSED) else old
        i, j = network.head[k], network.tail[k]
        drop = lanes.head[i, lane] - lanes.head[j, lane]
        q = lanes.flow[k, lane]
        if k < network.pipes:
            if schedule.one_way[w] and not lanes.locked[k, lane]:
                new = _one_way(new, drop, q)
        else:
            s = k - network.pipes
            setting = lanes.setting[s, lane]
            if devices.kind[s] == _PUMP and new >= OPEN and setting > 0.0:
                if devices.law[s] == CONSTANT_POWER and q < NO_FLOW:
                    new = TEMPCLOSED
                elif -drop > setting * setting * devices.top[s] + HEAD_TOLERANCE:
                    new = XHEAD
            elif devices.kind[s] == _FCV and not math.isnan(setting):
                new = old
                if drop < -HEAD_TOLERANCE or q < -FLOW_TOLERANCE:
                    new = XFCV
                elif old == XFCV and q >= setting:
                    new = ACTIVE
                elif old == ACTIVE and drop < devices.minor[s] * q * q:  # even wide open it would lose more
                    new = XFCV
        if new > CLOSED and (_rests(network, fixed, lanes, i, q, lane) or _rests(network, fixed, lanes, j, -q, lane)):
            new = TEMPCLOSED
        if new != old:
            lanes.state[k, lane] = new
            changed = True
    return changed


@kernel
def pressure_controls(network, schedule, lanes, lane):
    """Simple controls that follow the pressure at a junction, checked once a solution is found; True if one acted."""
    changed = False
    for c in range(len(schedule.control_type)):
        n, k = schedule.control_node[c], schedule.control_link[c]
        if n < 0 or n >= network.junctions or lanes.locked[k, lane]:
            continue
        kind, h = schedule.control_type[c], lanes.head[n, lane]
        low = kind == _LOW and h <= schedule.control_value[c] + HEAD_TOLERANCE
        high = kind == _HIGH and h >= schedule.control_value[c] - HEAD_TOLERANCE
        if not (low or high):
            continue
        state, setting = schedule.control_state[c], schedule.control_setting[c]
        if k < network.pipes:
            acts = lanes.state[k, lane] != state
        else:
            now = lanes.setting[k - network.pipes, lane]
            acts = not same(now, setting)
            if schedule.control_valve[c] and math.isnan(now) and math.isnan(setting):
                acts = lanes.state[k, lane] != state
        if acts:
            lanes.state[k, lane] = state
            if k >= network.pipes:
                lanes.setting[k - network.pipes, lane] = setting
            changed = True
    return changed


@kernel
def same(one, other):
    """Equal, or both missing."""
    return one == other or (math.isnan(one) and math.isnan(other))


@kernel
def release(network, devices, lanes, node, lane):
    """An active regulating valve at a node whose equation has no solution is set aside, as EPANET does; False if there is none."""
    for s in range(len(devices.kind)):
        k = network.pipes + s
        if devices.kind[s] < _PRV or (network.head[k] != node and network.tail[k] != node):
            continue
        if lanes.state[k, lane] == ACTIVE and (devices.kind[s] == _FCV or devices.kind[s] in (_PRV, _PRV + 1)):
            lanes.state[k, lane] = XFCV if devices.kind[s] == _FCV else XPRESSURE
            return True
        return False
    return False
