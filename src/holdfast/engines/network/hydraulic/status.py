"""States of links that the solver itself changes: regulating valves, check valves, pumps against too much head, links at full or empty tanks.

One lane at a time. source: EPANET 2.2 manual, section 12.1 (status rules) and the behaviour of the toolkit.
"""

from __future__ import annotations

import math

from numba import njit

from holdfast.engines.network.hydraulic.arrays import (
    ACTIVE,
    CLOSED,
    FLOW_TOLERANCE,
    HEAD_TOLERANCE,
    OPEN,
    TEMPCLOSED,
    XFCV,
    XHEAD,
    XPRESSURE,
)
from holdfast.engines.network.hydraulic.model import ControlType, LinkType

_KERNEL = {"cache": True, "nogil": True, "error_model": "numpy"}
_PUMP, _PRV, _FCV = int(LinkType.PUMP), int(LinkType.PRV), int(LinkType.FCV)
_LOW, _HIGH = int(ControlType.LOW_LEVEL), int(ControlType.HIGH_LEVEL)


@njit(**_KERNEL)
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


@njit(**_KERNEL)
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


@njit(**_KERNEL)
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


@njit(**_KERNEL)
def _one_way(state, drop, q):
    """Next state of a check valve."""
    if q < -FLOW_TOLERANCE or drop < -HEAD_TOLERANCE:
        return CLOSED
    return OPEN if drop > HEAD_TOLERANCE else state


@njit(**_KERNEL)
def _between_tanks(fixed, f, g, h, other):
    """Whether the link from fixed-head node f to g must rest: f is full and would gain, or empty and would lose."""
    if not fixed.tank[f]:
        return False
    if h >= fixed.highest[f] - HEAD_TOLERANCE and not fixed.overflow[f] and other >= h:
        return True
    return h <= fixed.lowest[f] + HEAD_TOLERANCE and h >= other


@njit(**_KERNEL)
def _rests(network, devices, fixed, lanes, k, lane):
    """Whether an open link at a tank must be closed for now, because the tank is full or empty."""
    i, j = network.head[k], network.tail[k]
    first = network.junctions
    hi, hj = lanes.head[i, lane], lanes.head[j, lane]
    if i >= first and j >= first:
        return _between_tanks(fixed, i - first, j - first, hi, hj) or _between_tanks(fixed, j - first, i - first, hj, hi)
    pump = k >= network.pipes and devices.kind[k - network.pipes] == _PUMP
    if i >= first:
        f, drop, q = i - first, hi - hj, lanes.flow[k, lane]
    else:
        f, drop, q = j - first, hj - hi, -lanes.flow[k, lane]
    if not fixed.tank[f]:
        return False
    level = lanes.head[first + f, lane]
    if level >= fixed.highest[f] - HEAD_TOLERANCE and not fixed.overflow[f]:
        if pump:
            if j >= first:
                return True
        elif _one_way(OPEN, drop, q) == CLOSED:
            return True
    if level <= fixed.lowest[f] + HEAD_TOLERANCE:
        if pump:
            return i >= first
        return _one_way(CLOSED, drop, q) == OPEN
    return False


@njit(**_KERNEL)
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
                if -drop > setting * setting * devices.top[s] + HEAD_TOLERANCE:
                    new = XHEAD
            elif devices.kind[s] == _FCV and not math.isnan(setting):
                new = old
                if drop < -HEAD_TOLERANCE or q < -FLOW_TOLERANCE:
                    new = XFCV
                elif old == XFCV and q >= setting:
                    new = ACTIVE
        if new > CLOSED and (i >= network.junctions or j >= network.junctions):
            if _rests(network, devices, fixed, lanes, k, lane):
                new = TEMPCLOSED
        if new != old:
            lanes.state[k, lane] = new
            changed = True
    return changed


@njit(**_KERNEL)
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


@njit(**_KERNEL)
def same(one, other):
    """Equal, or both missing."""
    return one == other or (math.isnan(one) and math.isnan(other))


@njit(**_KERNEL)
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
