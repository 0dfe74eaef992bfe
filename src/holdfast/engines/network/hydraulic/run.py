"""The loop over iterations: eight lanes at work, each with a case, a clock and a count of its own.

Whenever a lane has found a solution it writes its results, moves its clock and goes on in the next iteration with its next time step or,
at the end, with the next case of the queue. No lane ever waits for another, so all eight stay full until the queue is empty.

source: convergence, status checks and trials as in EPANET 2.2 (manual, section 12.1).
"""

from __future__ import annotations

import math

import numpy as np

from holdfast.engines.network.compiled import kernel
from holdfast.engines.network.hydraulic.arrays import (
    CLOSED,
    open_batch,
    open_devices,
    open_factor,
    open_fixed,
    open_lanes,
    open_laws,
    open_limits,
    open_network,
    open_output,
    open_rules,
    open_schedule,
)
from holdfast.engines.network.hydraulic.cases import add_up, begin_step, place_case, write_end, write_report
from holdfast.engines.network.hydraulic.controls import ask_demands, next_step
from holdfast.engines.network.hydraulic.islands import find_islands, forget_islands
from holdfast.engines.network.hydraulic.iterate import equations, link_laws, new_flows
from holdfast.engines.network.hydraulic.rules import step_with_rules
from holdfast.engines.network.hydraulic.status import pressure_controls, regulating_valves, release, watched_links
from holdfast.engines.network.hydraulic.tanks import fill, net_inflow

_SOLVED, _DIVERGED, _SINGULAR = 0, 1, 2
_PATIENCE = 40  # trials after which steps are halved, and small changes of flow count as none
_MORE = 20  # trials beyond EPANET's for steps that are halved
_STILL, _NEARLY = 3.5e-4, 3.5e-3  # largest change of a flow [cfs] that counts as none: 0.01 L/s, and 0.1 L/s after three times the patience
_MOST_ISLANDS = 4  # times a solution is sought again because junctions were cut off or joined
_CASE, _NOW, _END, _REPORT, _STEP, _TRIAL, _CHECK, _ISLANDS, _TOTAL = range(9)  # rows of `clock`


@kernel
def _relative_error(lanes, limits, lane):
    total, change = lanes.total[0, lane], lanes.change[0, lane]
    return change / total if total > limits.accuracy else change


@kernel
def _head_misfit(network, lanes, lane):
    """Largest difference between a link's head loss and the heads at its ends, by the laws at the new flows [ft]."""
    worst = 0.0
    for k in range(network.links):
        p = lanes.conductance[k, lane]
        if lanes.state[k, lane] > CLOSED and p != 0.0:
            drop = lanes.head[network.head[k], lane] - lanes.head[network.tail[k], lane]
            worst = max(worst, abs(drop - (lanes.excess[k, lane] + lanes.flow[k, lane]) / p))
    return worst


@kernel
def _converged(network, laws, limits, lanes, lane):
    """Whether the flows have settled; `lanes.misfit` is up to date."""
    if not _relative_error(lanes, limits, lane) <= limits.accuracy:
        return False
    if limits.head_error > 0.0 and _head_misfit(network, lanes, lane) > limits.head_error:
        return False
    if limits.flow_change > 0.0 and lanes.largest[0, lane] > limits.flow_change:
        return False
    return not (laws.pressure_driven and lanes.misfit[0, lane] > 0.0)


@kernel
def _still(lanes, lane, trial):
    """Whether nothing moves any more. A network that has run dry has next to no flow, so a change relative to the flow never becomes small."""
    return trial > _PATIENCE and lanes.largest[0, lane] <= (_STILL if trial <= 3 * _PATIENCE else _NEARLY)


@kernel
def _after_trial(network, laws, devices, fixed, schedule, limits, lanes, lane, clock):
    """Status checks after an iteration; True when the lane's solution is found or its trials are over."""
    error = _relative_error(lanes, limits, lane)
    lanes.relax[0, lane] = 1.0
    changed = False
    if limits.damping <= 0.0:
        changed = regulating_valves(network, laws, devices, lanes, lane)
    elif error <= limits.damping:
        lanes.relax[0, lane] = 0.6
        changed = regulating_valves(network, laws, devices, lanes, lane)
    trial = clock[_TRIAL, lane]
    if trial > _PATIENCE:
        lanes.relax[0, lane] = 0.5
    clock[_TOTAL, lane] += 1
    if _converged(network, laws, limits, lanes, lane) or _still(lanes, lane, trial):
        if trial > limits.trials:
            return True
        if watched_links(network, devices, fixed, schedule, lanes, lane):
            changed = True
        if schedule.pressure_controls and pressure_controls(network, schedule, lanes, lane):
            changed = True
        if not changed:
            return True
        clock[_CHECK, lane] = trial + limits.check_every
    elif trial <= limits.check_until and trial == clock[_CHECK, lane]:
        watched_links(network, devices, fixed, schedule, lanes, lane)
        clock[_CHECK, lane] += limits.check_every
    clock[_TRIAL, lane] = trial + 1
    return trial + 1 > limits.trials + max(limits.extra, 0) + (_MORE if limits.trials > _PATIENCE else 0)


@kernel
def _restart_trials(limits, lane, clock):
    clock[_TRIAL, lane] = 1
    clock[_CHECK, lane] = limits.check_every


@kernel
def _seek_again(network, laws, schedule, batch, lanes, lane, clock, zones, stack):
    """Look for junctions that are cut off, if links opened or closed; True if the solution must be sought again with other demands."""
    if not find_islands(network, schedule, lanes, lane, zones, stack):
        return False
    clock[_ISLANDS, lane] += 1
    again = False
    for r in range(len(laws.demand_node)):
        is_cut = lanes.cut[laws.demand_node[r], lane]
        if is_cut:  # a pressure-driven demand has gone to nothing there by itself
            again |= lanes.wanted[r, lane] != 0.0 and not laws.pressure_driven
        else:
            again |= lanes.wanted[r, lane] != lanes.due[r, lane]
    for d in range(len(lanes.drawn_node)):
        again |= (lanes.drawn[d, lane] == 0.0) != (lanes.cut[lanes.drawn_node[d], lane] or batch.drawn[clock[_CASE, lane], d] == 0.0)
    if not again or clock[_ISLANDS, lane] > _MOST_ISLANDS:
        return False
    ask_demands(laws, batch.drawn[clock[_CASE, lane]], lanes, lane, True)
    return True


@kernel
def _advance(network, laws, devices, fixed, schedule, rules, limits, batch, lanes, lane, clock, zones, out):
    """Write the solution, and go to the next time; False if the case is over."""
    case, now = clock[_CASE, lane], clock[_NOW, lane]
    net_inflow(network, lanes, lane)
    if now == clock[_REPORT, lane]:
        write_report(network, laws, lanes, lane, case, clock[_STEP, lane], out)
        clock[_STEP, lane] += 1
        clock[_REPORT, lane] += limits.report_step
    out.solutions[case] += 1
    if now >= clock[_END, lane]:
        add_up(network, laws, lanes, lane, case, 0.0, out)
        return False
    step = next_step(network, fixed, schedule, limits, now, clock[_REPORT, lane], lanes, lane)
    if len(rules.priority):
        step = step_with_rules(network, laws, devices, fixed, rules, limits, lanes, now, step, lane)
    else:
        fill(network, fixed, lanes, lane, step)
    add_up(network, laws, lanes, lane, case, float(step), out)
    clock[_NOW, lane] = now + step
    if not laws.pressure_driven:  # what was cut off is asked for anew, so that a valve that shut it off sees it wanted and may open, as in EPANET
        forget_islands(network, lanes, lane, zones[lane])
    begin_step(network, laws, devices, fixed, schedule, limits, batch, case, now + step, batch.resume, lanes, lane)
    clock[_ISLANDS, lane] = 0
    _restart_trials(limits, lane, clock)
    return True


@kernel
def _take(network, laws, devices, fixed, schedule, limits, batch, lanes, lane, clock, zones, queue):
    """Put the next case of the queue into a lane; the queue's new position."""
    if queue[0] >= queue[1]:
        clock[_CASE, lane] = -1
        lanes.relax[0, lane] = 0.0
        return
    case = queue[0]
    queue[0] += 1
    place_case(network, laws, devices, fixed, schedule, limits, batch, case, lanes, lane)
    begin = batch.begin[case]
    clock[_CASE, lane], clock[_NOW, lane], clock[_END, lane] = case, begin, begin + limits.duration
    clock[_REPORT, lane], clock[_STEP, lane], clock[_ISLANDS, lane], clock[_TOTAL, lane] = begin, 0, 0, 0
    zones[lane] = 0
    _restart_trials(limits, lane, clock)


@kernel
def _solution(network, laws, devices, fixed, schedule, rules, limits, batch, lanes, lane, clock, zones, stack, out):
    """A lane's iterations ended; True if its case goes on."""
    case = clock[_CASE, lane]
    settled = _relative_error(lanes, limits, lane) <= limits.accuracy or _still(lanes, lane, clock[_TRIAL, lane])
    if settled and _seek_again(network, laws, schedule, batch, lanes, lane, clock, zones, stack):
        _restart_trials(limits, lane, clock)
        return True
    if not settled or clock[_TRIAL, lane] > limits.trials:
        out.unbalanced[case] += 1
    if not settled:
        out.status[case] = _DIVERGED
        if limits.extra < 0:
            return False
    return _advance(network, laws, devices, fixed, schedule, rules, limits, batch, lanes, lane, clock, zones, out)


@kernel
def _failed(network, factor, devices, lanes, lane, clock, out):
    """Equations without a solution: release a valve and try again, or give the case up (True)."""
    node = factor.order[int(lanes.bad[0, lane]) - 1]
    lanes.relax[0, lane] = 0.0
    if release(network, devices, lanes, node, lane):
        return False
    out.status[clock[_CASE, lane]] = _SINGULAR
    return True


@kernel
def _laws_again(network, laws, devices, limits, lanes):
    """The laws at the new flows, which a limit of the head error is about, once for all lanes if one of them may have converged."""
    close = False
    for lane in range(8):
        close = close or _relative_error(lanes, limits, lane) <= limits.accuracy
    if close:
        link_laws(network, laws, devices, lanes)


@kernel
def run(tables, first, last):
    """Solve the cases first .. last - 1.

    tables  packed Network, Factor, Laws, Devices, Fixed, Schedule, Rules, Limits, Batch, Lanes and Output; results go to the last
    """
    network, factor, laws, devices = open_network(tables[0]), open_factor(tables[1]), open_laws(tables[2]), open_devices(tables[3])
    fixed, schedule, rules, limits = open_fixed(tables[4]), open_schedule(tables[5]), open_rules(tables[6]), open_limits(tables[7])
    batch, lanes, out = open_batch(tables[8]), open_lanes(tables[9]), open_output(tables[10])
    clock = np.zeros((9, 8), np.int64)
    zones = np.zeros(8, np.int64)
    stack = np.empty(network.junctions + 1, np.int64)
    queue = np.array((first, last))
    for lane in range(8):
        _take(network, laws, devices, fixed, schedule, limits, batch, lanes, lane, clock, zones, queue)
    while clock[_CASE].max() >= 0:
        equations(network, factor, laws, devices, lanes)
        for lane in range(8):
            if clock[_CASE, lane] >= 0 and lanes.bad[0, lane] > 0.0 and _failed(network, factor, devices, lanes, lane, clock, out):
                lanes.relax[0, lane] = -1.0
        new_flows(network, laws, devices, lanes)
        if limits.head_error > 0.0:
            _laws_again(network, laws, devices, limits, lanes)
        for lane in range(8):
            case = clock[_CASE, lane]
            if case < 0:
                continue
            if lanes.relax[0, lane] == 0.0:
                lanes.relax[0, lane] = 1.0
                continue
            over = lanes.relax[0, lane] < 0.0
            if not over and math.isnan(lanes.total[0, lane] + lanes.change[0, lane]):
                out.status[case] = _SINGULAR
                over = True
            if not over and _after_trial(network, laws, devices, fixed, schedule, limits, lanes, lane, clock):
                over = not _solution(network, laws, devices, fixed, schedule, rules, limits, batch, lanes, lane, clock, zones, stack, out)
            if over:
                out.iterations[case] = clock[_TOTAL, lane]
                write_end(network, laws, lanes, lane, case, out)
                _take(network, laws, devices, fixed, schedule, limits, batch, lanes, lane, clock, zones, queue)
