"""Demands, patterns, simple controls and the length of the next step, one lane at a time.

source: time logic of EPANET 2.2 (manual, section 12.1.8): a step ends at the next pattern period, report time, tank event or control event.
"""

from __future__ import annotations

import math

from holdfast.engines.network.compiled import kernel
from holdfast.engines.network.hydraulic.arrays import CLOSED, CONSTANT_POWER, NO_FLOW, OPEN
from holdfast.engines.network.hydraulic.model import ControlType
from holdfast.engines.network.hydraulic.status import same
from holdfast.engines.network.hydraulic.tanks import time_to_event, volume_at
from holdfast.engines.network.lanes import at, cell

_LOW, _HIGH, _TIMER, _DAYTIME = (int(kind) for kind in ControlType)
_DAY = 86400


@kernel
def _multiplier(schedule, pattern, period):
    start, stop = schedule.pattern_start[pattern], schedule.pattern_start[pattern + 1]
    return schedule.pattern_value[start + period % (stop - start)]


@kernel
def set_demands(laws, schedule, period, factor, lanes, lane):
    """Demand of every outlet in a pattern period. factor: (1,) or (outlet,) multiplier of the case."""
    if lanes.period[0, lane] == period:
        return
    lanes.period[0, lane] = period
    multiplier, due = lanes.multiplier, lanes.due
    count = len(schedule.pattern_start) - 1
    multiplier[count, lane] = 1.0
    for p in range(count):
        multiplier[p, lane] = _multiplier(schedule, p, period)
    start, base, pattern = schedule.category_start, schedule.category_base, schedule.category_pattern
    each = len(factor) > 1
    scale = factor[0]
    c = 0
    for r in range(len(laws.demand_node)):
        total = 0.0
        stop = at(start, r + 1)
        while c < stop:
            total += at(base, c) * cell(multiplier, at(pattern, c), lane)
            c += 1
        if each:
            scale = at(factor, r)
        due[r, lane] = total * scale


@kernel
def ask_demands(laws, drawn, lanes, lane, resume):
    """What can be asked for: nothing where the junction is cut off. Supplies start full, or from their last share with `resume`.

    A pressure-driven demand is asked for even there, as EPANET does: it goes to nothing by itself, and the iterations stop at the same trial.
    """
    for d in range(len(lanes.drawn_node)):
        lanes.drawn[d, lane] = 0.0 if lanes.cut[lanes.drawn_node[d], lane] else drawn[d]
    node, cut, due, wanted, taken, bend = laws.demand_node, lanes.cut, lanes.due, lanes.wanted, lanes.taken, lanes.bend
    power, scale = laws.demand_power, laws.demand_power * laws.span
    for r in range(len(node)):
        total = cell(due, r, lane)
        if cell(cut, at(node, r), lane) and not laws.pressure_driven:
            total = 0.0
        before = cell(wanted, r, lane)
        share = 1.0
        if resume and before > 0.0 and total > 0.0:
            share = min(max(cell(taken, r, lane) / before, 0.0), 1.0)
        taken[r, lane] = total * share
        if total != before:
            wanted[r, lane] = total
            if laws.pressure_driven:
                below = total * total if power == 2.0 else max(total, 0.0) ** power
                bend[r, lane] = scale / below if total > 0.0 else 0.0


@kernel
def set_patterns(network, devices, fixed, schedule, period, lanes, lane):
    """Heads of reservoirs and speeds of pumps that follow patterns."""
    for f in range(len(fixed.tank)):
        if fixed.pattern[f] >= 0:
            lanes.head[network.junctions + f, lane] = fixed.bottom[f] * _multiplier(schedule, fixed.pattern[f], period)
    for p in range(len(schedule.speed_link)):
        if not lanes.locked[schedule.speed_link[p], lane]:
            set_setting(network, devices, lanes, schedule.speed_link[p], _multiplier(schedule, schedule.speed_pattern[p], period), lane)


@kernel
def restart(network, devices, lanes, k, lane):
    """A constant-power pump that is opened again starts from its design flow."""
    s = k - network.pipes
    if devices.law[s] == CONSTANT_POWER:
        lanes.flow[k, lane] = devices.design[s]


@kernel
def set_setting(network, devices, lanes, k, value, lane):
    """Give a pump a speed or a valve a setting, with what follows for its state."""
    s = k - network.pipes
    state = lanes.state[k, lane]
    if devices.kind[s] == 2:
        if value > 0.0 and state <= CLOSED:
            restart(network, devices, lanes, k, lane)
            lanes.state[k, lane] = OPEN
        if value == 0.0 and state > CLOSED:
            lanes.state[k, lane] = CLOSED
    elif devices.kind[s] == 6:
        lanes.state[k, lane] = 4
    elif math.isnan(lanes.setting[s, lane]) and state <= CLOSED:
        lanes.state[k, lane] = OPEN
    lanes.setting[s, lane] = value


@kernel
def set_state(network, devices, lanes, k, is_open, lane):
    """Open or close a link; a pump gets speed 1 or 0, a valve is no longer controlled by its setting."""
    if k >= network.pipes:
        s = k - network.pipes
        if devices.kind[s] == 2:
            if is_open and lanes.state[k, lane] == CLOSED:
                restart(network, devices, lanes, k, lane)
            lanes.setting[s, lane] = 1.0 if is_open else 0.0
        elif devices.kind[s] != 8:
            lanes.setting[s, lane] = math.nan
    lanes.state[k, lane] = OPEN if is_open else CLOSED


@kernel
def simple_controls(network, devices, fixed, schedule, now, clock, lanes, lane):
    """Carry out the simple controls that hold at `now` [s]: by tank level, time, or time of day (`clock`: time of day at time 0)."""
    first = network.junctions
    for c in range(len(schedule.control_type)):
        kind, k, n = schedule.control_type[c], schedule.control_link[c], schedule.control_node[c]
        if lanes.locked[k, lane]:
            continue
        acts = False
        if n >= first:
            f = n - first
            reserve = abs(lanes.inflow[f, lane])
            here = volume_at(fixed, f, lanes.head[n, lane])
            there = volume_at(fixed, f, schedule.control_value[c])
            acts = (kind == _LOW and here <= there + reserve) or (kind == _HIGH and here >= there - reserve)
        elif kind == _TIMER:
            acts = int(schedule.control_value[c]) == now
        elif kind == _DAYTIME:
            acts = int(schedule.control_value[c]) == (now + clock) % _DAY
        if not acts:
            continue
        state = schedule.control_state[c]
        before = CLOSED if lanes.state[k, lane] <= CLOSED else OPEN
        if k >= network.pipes:
            s = k - network.pipes
            if devices.kind[s] == 2 and before == CLOSED and state == OPEN:
                restart(network, devices, lanes, k, lane)
            if before != state or not same(lanes.setting[s, lane], schedule.control_setting[c]):
                lanes.setting[s, lane] = schedule.control_setting[c]
                lanes.state[k, lane] = state
        elif before != state:
            lanes.state[k, lane] = state


@kernel
def _time_to_control(network, fixed, schedule, now, clock, lanes, lane, step):
    """The step [s], shortened to the first simple control that will change something."""
    first = network.junctions
    for c in range(len(schedule.control_type)):
        kind, k, n = schedule.control_type[c], schedule.control_link[c], schedule.control_node[c]
        wait = 0
        if 0 <= n < first:
            continue
        if n >= first:
            f = n - first
            q, h, goal = lanes.inflow[f, lane], lanes.head[n, lane], schedule.control_value[c]
            if abs(q) <= NO_FLOW:
                continue
            if (h < goal and kind == _HIGH and q > 0.0) or (h > goal and kind == _LOW and q < 0.0):
                seconds = (volume_at(fixed, f, goal) - lanes.volume[f, lane]) / q
                wait = int(seconds + 0.5) if seconds < 1e9 else 0
        elif kind == _TIMER:
            wait = max(0, int(schedule.control_value[c]) - now)
        elif kind == _DAYTIME:
            wait = (int(schedule.control_value[c]) - (now + clock) % _DAY) % _DAY
        if 0 < wait < step and not lanes.locked[k, lane]:
            differs = lanes.state[k, lane] != schedule.control_state[c]
            if k >= network.pipes and not same(lanes.setting[k - network.pipes, lane], schedule.control_setting[c]):
                differs = True
            if differs:
                step = wait
    return step


@kernel
def next_step(network, fixed, schedule, limits, now, report, lanes, lane):
    """Seconds to the next event after `now`, rules not counted; report: the next report time [s]."""
    step = limits.hydraulic_step
    wait = ((now + limits.pattern_start) // limits.pattern_step + 1) * limits.pattern_step - now
    if 0 < wait < step:
        step = wait
    if 0 < report - now < step:
        step = report - now
    step = time_to_event(network, fixed, lanes, lane, step)
    return _time_to_control(network, fixed, schedule, now, limits.clock, lanes, lane, step)
