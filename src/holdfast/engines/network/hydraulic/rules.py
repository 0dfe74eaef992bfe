"""Rule-based controls, one lane at a time: IF premises THEN actions ELSE actions, with priorities.

source: EPANET 2.2 manual, section 3.2.9 ([RULES]); premises are read from left to right, AND after a false one ends the rule.
"""

from __future__ import annotations

import math

import numpy as np

from holdfast.engines.network.compiled import kernel
from holdfast.engines.network.hydraulic.arrays import ACTIVE, CLOSED, NO_FLOW
from holdfast.engines.network.hydraulic.controls import set_setting, set_state
from holdfast.engines.network.hydraulic.tanks import fill

_DAY = 86400
ATTRIBUTES = ("DEMAND", "HEAD", "GRADE", "LEVEL", "PRESSURE", "FLOW", "STATUS", "SETTING", "TIME", "CLOCKTIME", "FILLTIME", "DRAINTIME")
(_DEMAND, _HEAD, _GRADE, _LEVEL, _PRESSURE, _FLOW, _STATUS, _SETTING, _TIME, _CLOCK, _FILL, _DRAIN) = range(len(ATTRIBUTES))
RELATIONS = {"=": 0, "<>": 1, "<=": 2, ">=": 3, "<": 4, ">": 5, "IS": 0, "NOT": 1, "BELOW": 4, "ABOVE": 5}
_NODE, _LINK, _SYSTEM = range(3)
_SAME_SETTING = 1e-3  # change of a setting [-], [ft], [cfs] that counts as none


@kernel
def _time_holds(relation, value, begin, end):
    """A premise on time: inequalities look at the end of the interval, equality at the whole of it."""
    if relation == 4:
        return end < value
    if relation == 2:
        return end <= value
    if relation == 5:
        return end > value
    if relation == 3:
        return end >= value
    if end < begin:
        inside = value >= begin or value <= end
    else:
        inside = begin <= value <= end
    return inside if relation == 0 else not inside


@kernel
def _compares(relation, x, value, tolerance):
    if relation == 0:
        return abs(x - value) <= tolerance
    if relation == 1:
        return abs(x - value) >= tolerance
    if relation == 4:
        return x <= value + tolerance
    if relation == 2:
        return x <= value - tolerance
    if relation == 5:
        return x >= value - tolerance
    return x >= value + tolerance


@kernel
def _outflow(laws, lanes, n, lane):
    """All that leaves the network at a junction: demand, what is drawn, leaks."""
    total = 0.0
    for r in range(len(laws.demand_node)):
        if laws.demand_node[r] == n:
            total += lanes.taken[r, lane]
    for d in range(len(lanes.drawn_node)):
        if lanes.drawn_node[d] == n:
            total += lanes.drawn[d, lane]
    for slot in range(lanes.leak_node.shape[0]):
        if lanes.leak_node[slot, lane] == n:
            total += lanes.leak_flow[slot, lane]
    return total


@kernel
def _node_value(network, laws, fixed, lanes, what, n, lane):
    """What a premise on a node looks at; NaN makes it false."""
    h = lanes.head[n, lane]
    if what in (_HEAD, _GRADE):
        return h
    if what in (_LEVEL, _PRESSURE):
        return h - (laws.elevation[n] if n < network.junctions else fixed.bottom[n - network.junctions])
    f = n - network.junctions
    if what == _DEMAND:
        if f >= 0:
            return lanes.inflow[f, lane]
        return _outflow(laws, lanes, n, lane)
    if f < 0 or not fixed.tank[f]:
        return math.nan
    q = lanes.inflow[f, lane]
    if what == _FILL and q > NO_FLOW:
        return (fixed.most[f] - lanes.volume[f, lane]) / q
    if what == _DRAIN and q < -NO_FLOW:
        return (fixed.least[f] - lanes.volume[f, lane]) / q
    return math.nan


@kernel
def _holds(network, laws, fixed, rules, lanes, p, now, step, clock, lane):
    """Whether one premise is true."""
    what, relation, value = rules.what[p], rules.relation[p], rules.value[p]
    if what == _TIME:
        return _time_holds(relation, value, now - step + 1, now)
    if what == _CLOCK:
        return _time_holds(relation, value, (now - step + 1 + clock) % _DAY, (now + clock) % _DAY)
    n = rules.index[p]
    if what == _STATUS:
        state = lanes.state[n, lane]
        is_now = 0 if state <= CLOSED else 2 if state == ACTIVE else 1
        return (is_now == int(value)) == (relation == 0) and relation <= 1
    if rules.object[p] == _NODE:
        x = _node_value(network, laws, fixed, lanes, what, n, lane)
    elif rules.object[p] == _SYSTEM:
        x = 0.0
        for r in range(lanes.due.shape[0]):
            x += max(lanes.due[r, lane], 0.0)
    elif what == _FLOW:
        x = abs(lanes.flow[n, lane])
    elif n >= network.pipes:
        x = lanes.setting[n - network.pipes, lane]
    else:
        return False
    return not math.isnan(x) and _compares(relation, x, value, rules.tolerance[p])


@kernel
def _true(network, laws, fixed, rules, lanes, r, now, step, clock, lane):
    """Whether the premises of a rule are true together."""
    result = True
    for p in range(rules.premise_start[r], rules.premise_start[r + 1]):
        if rules.join[p] == 1:
            if not result:
                result = _holds(network, laws, fixed, rules, lanes, p, now, step, clock, lane)
        else:
            if not result:
                return False
            result = _holds(network, laws, fixed, rules, lanes, p, now, step, clock, lane)
    return result


@kernel
def _act(network, devices, lanes, k, state, setting, lane):
    """Carry out an action; True if it changed the link."""
    now = lanes.state[k, lane]
    if state == 1 and now <= CLOSED:
        set_state(network, devices, lanes, k, True, lane)
        return True
    if state == 0 and now > CLOSED:
        set_state(network, devices, lanes, k, False, lane)
        return True
    if k >= network.pipes and not math.isnan(setting):
        old = lanes.setting[k - network.pipes, lane]
        if math.isnan(old) or abs(setting - old) > _SAME_SETTING:
            set_setting(network, devices, lanes, k, setting, lane)
            return True
    return False


@kernel
def fire(network, laws, devices, fixed, rules, lanes, now, step, clock, lane):
    """Evaluate all rules at `now`, `step` seconds after the last time, and carry out the actions; how many changed a link."""
    chosen = np.empty(len(rules.action_link), np.int64)
    by = np.empty(len(rules.action_link), np.int64)
    count = 0
    for r in range(len(rules.priority)):
        if _true(network, laws, fixed, rules, lanes, r, now, step, clock, lane):
            start, stop = rules.then_start[r], rules.else_start[r]
        else:
            start, stop = rules.else_start[r], rules.then_start[r + 1]
        for a in range(start, stop):
            known = False
            for c in range(count):
                if rules.action_link[chosen[c]] == rules.action_link[a]:
                    known = True
                    if rules.priority[r] > rules.priority[by[c]]:
                        chosen[c], by[c] = a, r
            if not known:
                chosen[count], by[count] = a, r
                count += 1
    acted = 0
    for c in range(count):
        a = chosen[c]
        k = rules.action_link[a]
        if not lanes.locked[k, lane] and _act(network, devices, lanes, k, rules.action_state[a], rules.action_setting[a], lane):
            acted += 1
    return acted


@kernel
def step_with_rules(network, laws, devices, fixed, rules, limits, lanes, now, step, lane):
    """Fill the tanks over `step` seconds in rule steps until a rule acts; the seconds that passed."""
    end = now + step
    each = limits.rule_step
    ahead = min(each - now % each, step)
    each = min(each, step)
    time = now
    while True:
        time += ahead
        fill(network, fixed, lanes, lane, ahead)
        if fire(network, laws, devices, fixed, rules, lanes, time, ahead, limits.clock, lane):
            break
        each = min(each, end - time)
        ahead = each
        if each <= 0:
            break
    return time - now
