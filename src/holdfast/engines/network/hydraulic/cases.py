"""What happens to one lane between iterations: a case is put in, its results are written, its clock moves on."""

from __future__ import annotations

import math

from holdfast.engines.network.compiled import kernel
from holdfast.engines.network.hydraulic.arrays import (
    CFS,
    CLOSED,
    FOOT,
    LEAK_FLOW,
    LEAK_LAW,
    LEVEL,
    NO_FLOW,
    OPEN,
    SHARE,
    TAIL_FLOW,
)
from holdfast.engines.network.hydraulic.controls import ask_demands, set_demands, set_patterns, simple_controls
from holdfast.engines.network.hydraulic.tanks import volume_at
from holdfast.engines.network.lanes import at, cell

_PUMP, _GPV = 2, 8
_NORMAL, _SHUT, _WIDE = 0, 1, 2


@kernel
def _row(array, case):
    """Row of a case in an array that may hold one row for all."""
    return case if array.shape[0] > 1 else 0


@kernel
def _place_links(network, devices, batch, case, lanes, lane):
    """States, settings, locks and starting flows."""
    state, setting = batch.state[_row(batch.state, case)], batch.setting[_row(batch.setting, case)]
    command = batch.command[_row(batch.command, case)]
    for k in range(network.links):
        now, order = state[k], command[k]
        lanes.locked[k, lane] = order != _NORMAL
        if k >= network.pipes:
            s = k - network.pipes
            value = setting[s]
            kind = devices.kind[s]
            if order == _SHUT:
                now, value = CLOSED, 0.0 if kind == _PUMP else value if kind == _GPV else math.nan
            elif order == _NORMAL and kind == _PUMP and now <= CLOSED:
                value = 0.0  # a stopped pump has no speed, so that any speed a control or rule orders starts it
            elif order == _WIDE:
                now, value = OPEN, (value if value > 0.0 else 1.0) if kind == _PUMP else value if kind == _GPV else math.nan
            lanes.setting[s, lane] = value
            start = value * devices.design[s] if kind == _PUMP else network.begin[k]
        else:
            now = CLOSED if order == _SHUT else OPEN if order == _WIDE else now
            start = network.begin[k]
        lanes.state[k, lane] = now
        lanes.flow[k, lane] = NO_FLOW if now <= CLOSED else start
    if batch.flow.shape[0]:
        flow = batch.flow[_row(batch.flow, case)]
        for k in range(network.links):
            if lanes.state[k, lane] > CLOSED:
                lanes.flow[k, lane] = flow[k]


@kernel
def _place_leaks(network, laws, batch, case, lanes, lane):
    """Emitters of the model, then leaks of the case: at nodes, or on the way of pipes."""
    count = len(batch.always_node)
    for slot in range(lanes.leak_node.shape[0]):
        lanes.leak_node[slot, lane] = -1
        if slot < count:
            lanes.leak_node[slot, lane] = batch.always_node[slot]
            lanes.leak_law[slot, lane] = batch.always_law[slot]
            lanes.leak_flow[slot, lane] = 1.0
    for slot in range(lanes.broken.shape[0]):
        lanes.broken[slot, lane] = -1
    broken = 0
    for a in range(batch.leak_start[case], batch.leak_start[case + 1]):
        place, share = batch.leak_place[a], batch.leak_share[a]
        if math.isnan(share):
            lanes.leak_node[count, lane], lanes.leak_law[count, lane], lanes.leak_flow[count, lane] = place, batch.leak_law[a], 1.0
            count += 1
        else:
            lanes.broken[broken, lane] = place
            part = lanes.part[broken]
            i, j = network.head[place], network.tail[place]
            part[SHARE, lane], part[LEAK_LAW, lane] = share, batch.leak_law[a]
            part[LEVEL, lane] = laws.elevation[i] + share * (laws.elevation[j] - laws.elevation[i])
            part[TAIL_FLOW, lane], part[LEAK_FLOW, lane] = lanes.flow[place, lane], 1.0
            broken += 1


@kernel
def place_case(network, laws, devices, fixed, schedule, limits, batch, case, lanes, lane):
    """Put a case into a lane, ready for its first solution."""
    _place_links(network, devices, batch, case, lanes, lane)
    _place_leaks(network, laws, batch, case, lanes, lane)
    head = batch.head[_row(batch.head, case)]
    for f in range(len(fixed.tank)):
        lanes.head[network.junctions + f, lane] = head[f]
        lanes.volume[f, lane] = volume_at(fixed, f, head[f]) if fixed.tank[f] else 0.0
        lanes.inflow[f, lane] = 0.0
    for j in range(network.junctions):
        lanes.cut[j, lane] = 0
    for j in network.stranded:
        lanes.cut[j, lane] = 1
    lanes.period[0, lane] = -1.0
    resume = batch.ratio.shape[0] > 0
    if resume:
        ratio = batch.ratio[_row(batch.ratio, case)]
        for r in range(len(laws.demand_node)):
            lanes.wanted[r, lane], lanes.taken[r, lane] = 1.0, ratio[r]
    else:
        for r in range(len(laws.demand_node)):
            lanes.wanted[r, lane] = -1.0  # whatever is asked for is new
    begin_step(network, laws, devices, fixed, schedule, limits, batch, case, batch.begin[case], resume, lanes, lane)


@kernel
def begin_step(network, laws, devices, fixed, schedule, limits, batch, case, now, resume, lanes, lane):
    """Demands, patterns and simple controls at `now` [s]."""
    period = (now + limits.pattern_start) // limits.pattern_step
    set_demands(laws, schedule, period, batch.factor[_row(batch.factor, case)], lanes, lane)
    ask_demands(laws, batch.drawn[case], lanes, lane, resume)
    set_patterns(network, devices, fixed, schedule, period, lanes, lane)
    simple_controls(network, devices, fixed, schedule, now, limits.clock, lanes, lane)
    lanes.relax[0, lane] = 1.0


@kernel
def write_report(network, laws, lanes, lane, case, step, out):
    """Results of one report time."""
    if out.head.shape[0]:
        head = out.head[case, step]
        for n in range(network.nodes):
            head[n] = lanes.head[n, lane] * FOOT
        for n in range(network.junctions):
            if lanes.cut[n, lane]:
                head[n] = math.nan
    if out.supply.shape[0]:
        _write_supply(network, laws, lanes, lane, out.wanted[case, step], out.supply[case, step])
    if out.leak.shape[0]:
        _write_leaks(network, lanes, lane, out.leak[case, step])
    if out.flow.shape[0]:
        flow = out.flow[case, step]
        for k in range(network.links):
            flow[k] = lanes.flow[k, lane] * CFS if lanes.state[k, lane] > CLOSED else 0.0
    if out.state.shape[0]:
        state = out.state[case, step]
        for k in range(network.links):
            state[k] = lanes.state[k, lane]


@kernel
def _write_supply(network, laws, lanes, lane, wanted, supply):
    """Demand and supply of the customers, and what is drawn whatever the pressure."""
    for n in range(network.nodes):
        wanted[n] = 0.0
        supply[n] = 0.0
    for r in range(len(laws.demand_node)):
        n = laws.demand_node[r]
        wanted[n] = lanes.due[r, lane] * CFS
        supply[n] = 0.0 if lanes.cut[n, lane] else lanes.taken[r, lane] * CFS
    for d in range(len(lanes.drawn_node)):
        wanted[lanes.drawn_node[d]] += lanes.drawn[d, lane] * CFS
        supply[lanes.drawn_node[d]] += lanes.drawn[d, lane] * CFS


@kernel
def _write_leaks(network, lanes, lane, leak):
    """What emitters let out at junctions, and what pipes lose on their way, booked at the node where the pipe starts."""
    for n in range(network.nodes):
        leak[n] = 0.0
    for slot in range(lanes.leak_node.shape[0]):
        n = lanes.leak_node[slot, lane]
        if n >= 0 and not lanes.cut[n, lane]:
            leak[n] += lanes.leak_flow[slot, lane] * CFS
    for slot in range(lanes.broken.shape[0]):
        if lanes.broken[slot, lane] >= 0 and lanes.state[lanes.broken[slot, lane], lane] > CLOSED:
            leak[network.head[lanes.broken[slot, lane]]] += lanes.part[slot, LEAK_FLOW, lane] * CFS


@kernel
def add_up(network, laws, lanes, lane, case, seconds, out):
    """Sums over the period: what was asked for and not delivered in the next `seconds`, and the lowest pressures so far."""
    head, cut, node = lanes.head, lanes.cut, laws.demand_node
    if out.lowest.shape[0]:
        lowest, elevation = out.lowest[case], laws.elevation
        for n in range(network.junctions):
            pressure = (cell(head, n, lane) - at(elevation, n)) * FOOT
            if cell(cut, n, lane):
                pressure = min(pressure, 0.0)
            lowest[n] = min(lowest[n], pressure)
    if out.deficit.shape[0]:
        deficit, asked, due, taken = out.deficit[case], out.due[case], lanes.due, lanes.taken
        volume = CFS * seconds
        for r in range(len(node)):
            n = at(node, r)
            wants = max(cell(due, r, lane), 0.0)
            got = 0.0 if cell(cut, n, lane) else cell(taken, r, lane)
            asked[n] += wants * volume
            deficit[n] += max(wants - got, 0.0) * volume


@kernel
def write_end(network, laws, lanes, lane, case, out):
    """The state in which a case ends."""
    if out.level.shape[0]:
        for f in range(network.nodes - network.junctions):
            out.level[case, f] = lanes.head[network.junctions + f, lane] * FOOT
    if out.last_flow.shape[0]:
        for k in range(network.links):
            out.last_flow[case, k] = lanes.flow[k, lane]
            out.last_state[case, k] = lanes.state[k, lane]
        for s in range(lanes.setting.shape[0]):
            out.last_setting[case, s] = lanes.setting[s, lane]
        for r in range(len(laws.demand_node)):
            wanted = lanes.wanted[r, lane]
            out.last_ratio[case, r] = lanes.taken[r, lane] / wanted if wanted > 0.0 else 1.0


