"""One iteration of the global gradient algorithm for eight lanes: laws, equations, solution, new flows.

source: Todini & Pilati 1988; damping and limits of the flow change as in EPANET 2.2.
"""

from __future__ import annotations

from holdfast.engines.network.compiled import kernel
from holdfast.engines.network.hydraulic import breaks, devices, law
from holdfast.engines.network.hydraulic.arrays import BIG, CONSTANT_POWER
from holdfast.engines.network.lanes import absolute, at, largest_of, load, smallest_of, splat, store, where_at_most
from holdfast.engines.network.sparse import eliminate_grounded

_MOST_DEMAND = 0.4  # largest change of a pressure-driven demand in one iteration, as share of the demand


@kernel
def link_laws(network, laws, device, lanes):
    """Conductance and excess of all links."""
    if len(laws.rough):
        law.rough_pipes(laws, network.pipes, lanes.flow, lanes.state, lanes.conductance, lanes.excess)
    else:
        law.plain_pipes(laws, network.plain, lanes.flow, lanes.state, lanes.conductance, lanes.excess)
        law.minor_pipes(laws, network.plain, network.pipes, lanes.flow, lanes.state, lanes.conductance, lanes.excess)
    devices.device_laws(network, device, lanes.flow, lanes.state, lanes.setting, lanes.conductance, lanes.excess)
    for slot in range(lanes.broken.shape[0]):  # a broken pipe enters by its pieces
        for lane in range(8):
            if lanes.broken[slot, lane] >= 0:
                lanes.conductance[lanes.broken[slot, lane], lane] = 0.0
                lanes.excess[lanes.broken[slot, lane], lane] = 0.0


@kernel
def gather(network, conductance, excess, head, ground, right, off):
    """The equations of the links: every row and every entry is written once, from the links that belong to it.

    Of the diagonal only the ground is kept, what exceeds the couplings between junctions: links to fixed heads here, outlets later.
    """
    row, row_start, row_link, row_sign = network.row, network.row_start, network.row_link, network.row_sign
    a = 0
    for r in range(len(row)):
        rest = splat(0.0)
        stop = at(row_start, r + 1)
        while a < stop:
            rest = rest + load(excess, at(row_link, a)) * at(row_sign, a)
            a += 1
        j = at(row, r)
        store(ground, j, splat(0.0))
        store(right, j, rest)
    fill = network.fill
    for e in range(len(fill)):
        store(off, at(fill, e), splat(0.0))
    single, single_link = network.single, network.single_link
    for e in range(len(single)):
        store(off, at(single, e), -load(conductance, at(single_link, e)))
    double, double_start, double_link = network.double, network.double_start, network.double_link
    for e in range(len(double)):
        total = splat(0.0)
        for a in range(at(double_start, e), at(double_start, e + 1)):
            total = total - load(conductance, at(double_link, a))
        store(off, at(double, e), total)
    for a in range(len(network.fixed_link)):
        j = at(network.fixed_junction, a)
        p = load(conductance, at(network.fixed_link, a))
        store(ground, j, load(ground, j) + p)
        store(right, j, load(right, j) + p * load(head, at(network.fixed_node, a)))


@kernel
def fixed_demand(laws, taken, right):
    """Demands that are met whatever the pressure."""
    for r in range(len(laws.demand_node)):
        j = laws.demand_node[r]
        store(right, j, load(right, j) - load(taken, r))


@kernel
def pipe_flows(network, lanes):
    """New flows of the pipes, with the sums of flow and of change per lane."""
    relax = load(lanes.relax, 0)
    total, change, largest = splat(0.0), splat(0.0), splat(0.0)
    flow, head, conductance, excess = lanes.flow, lanes.head, lanes.conductance, lanes.excess
    start, end = network.head, network.tail
    for k in range(network.pipes):
        q = load(flow, k)
        drop = load(head, at(start, k)) - load(head, at(end, k))
        step = (q - (load(conductance, k) * drop - load(excess, k))) * relax
        step = where_at_most(relax, 0.0, splat(0.0), step)
        q = q - step
        store(flow, k, q)
        size = absolute(step)
        total = total + absolute(q)
        change = change + size
        largest = largest_of(size, largest)
    store(lanes.total, 0, total)
    store(lanes.change, 0, change)
    store(lanes.largest, 0, largest)


@kernel
def device_flows(network, device, lanes):
    """New flows of pumps and valves; the flow of a constant-power pump is kept from reversing."""
    for s in range(len(device.kind)):
        k = network.pipes + s
        i, j = network.head[k], network.tail[k]
        for lane in range(8):
            if lanes.relax[0, lane] <= 0.0:
                continue
            q = lanes.flow[k, lane]
            drop = lanes.head[i, lane] - lanes.head[j, lane]
            step = (q - (lanes.conductance[k, lane] * drop - lanes.excess[k, lane])) * lanes.relax[0, lane]
            if device.law[s] == CONSTANT_POWER and step > q:
                step = 0.5 * q
            q -= step
            lanes.flow[k, lane] = q
            lanes.total[0, lane] += abs(q)
            lanes.change[0, lane] += abs(step)
            lanes.largest[0, lane] = max(lanes.largest[0, lane], abs(step))


@kernel
def demand_flows(laws, lanes):
    """New pressure-driven supplies, and whether they fit the pressures; junctions without a positive demand keep theirs and do not count."""
    relax = load(lanes.relax, 0)
    total, change, largest, worst = load(lanes.total, 0), load(lanes.change, 0), load(lanes.largest, 0), splat(0.0)
    node, elevation, low, power = laws.demand_node, laws.elevation, laws.low, laws.demand_power
    wanted, taken, answer, ask, bend, head = lanes.wanted, lanes.taken, lanes.answer, lanes.ask, lanes.bend, lanes.head
    for r in range(len(node)):
        j = at(node, r)
        full = load(wanted, r)
        d = load(taken, r)
        above = load(head, j) - (at(elevation, j) + low)
        most = full * _MOST_DEMAND
        step = largest_of(smallest_of((load(answer, r) - load(ask, r) * above) * relax, most), -most)
        step = where_at_most(full, 0.0, splat(0.0), where_at_most(relax, 0.0, splat(0.0), step))
        d = d - step
        store(taken, r, d)
        worst = worst + law.misfit(power, above * power, d, full, load(bend, r))
        size = absolute(step)
        total = total + where_at_most(full, 0.0, splat(0.0), absolute(d))
        change = change + size
        largest = largest_of(size, largest)
    store(lanes.total, 0, total)
    store(lanes.change, 0, change)
    store(lanes.largest, 0, largest)
    store(lanes.misfit, 0, worst)


@kernel
def equations(network, factor, laws, device, lanes):
    """Set up and solve the equations for the heads; `lanes.bad` tells where that failed."""
    link_laws(network, laws, device, lanes)
    gather(network, lanes.conductance, lanes.excess, lanes.head, lanes.ground, lanes.right, lanes.off)
    if laws.pressure_driven:
        law.pressure_demand(laws, lanes.wanted, lanes.taken, lanes.bend, lanes.ask, lanes.answer, lanes.ground, lanes.right)
    else:
        fixed_demand(laws, lanes.taken, lanes.right)
    for d in range(len(lanes.drawn_node)):
        j = lanes.drawn_node[d]
        store(lanes.right, j, load(lanes.right, j) - load(lanes.drawn, d))
    for j in network.stranded:  # a weak tie to the ground keeps the equations of an island solvable
        store(lanes.ground, j, load(lanes.ground, j) + 1.0 / BIG)
        store(lanes.right, j, load(lanes.right, j) + laws.elevation[j] / BIG)
    breaks.leak_laws(laws, lanes)
    breaks.break_laws(network, laws, lanes)
    devices.regulate(network, laws, device, lanes)
    eliminate_grounded(factor, lanes.ground, lanes.off, lanes.right, lanes.bad)


@kernel
def new_flows(network, laws, device, lanes):
    """Flows from the heads, for the lanes whose relaxation is above 0."""
    pipe_flows(network, lanes)
    device_flows(network, device, lanes)
    if laws.pressure_driven:
        demand_flows(laws, lanes)
    breaks.leak_flows(laws, lanes)
    breaks.break_flows(network, lanes)
