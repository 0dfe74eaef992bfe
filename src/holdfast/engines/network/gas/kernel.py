"""Newton's method for eight gas networks at once: flows and squared pressures together, one sparse solve per step.

The method is the global gradient algorithm of water networks with squares of absolute pressure for heads. What depends on pressure only
weakly (compressibility, weight of the gas) is taken from the step before and settles along with the rest.
"""

from __future__ import annotations

import math
from typing import NamedTuple

import numpy as np
from numba import njit

from holdfast.engines.network.blocks import WIDTH
from holdfast.engines.network.sparse import Factor, eliminate

from .law import leak_flow, pipe_loss, supply_loss
from .status import ACTIVE, DEAD, FREE, HELD, MOST_CHANGES, OPEN, RESISTIVE, change, reach

SOLVED, DIVERGED, SINGULAR = 0, 1, 2
SHUT_RESISTANCE = 1e16  # [Pa2 s/kg] of a regulator that its status has closed: keeps the matrix definite, passes less than a milligram


class Net(NamedTuple):
    """Constants of a network; see `solve.prepare`. Squares of pressure are potentials [Pa2]."""

    kind: np.ndarray
    first: np.ndarray
    second: np.ndarray
    controlled: np.ndarray
    linear: np.ndarray
    quadratic: np.ndarray
    per_factor: np.ndarray
    relative: np.ndarray
    to_reynolds: np.ndarray
    constant: np.ndarray
    weight: np.ndarray
    target: np.ndarray
    ratio: np.ndarray
    ambient: np.ndarray
    temperature: np.ndarray
    least: np.ndarray
    span: np.ndarray
    start: np.ndarray
    other: np.ndarray
    edge: np.ndarray
    law: int
    slope: float
    offset: float
    gas_constant: float
    gamma: float


class Case(NamedTuple):
    """What differs between eight cases: open and driven (link, 8) bool, held potential or NaN, feed, demand and leak area (node, 8)."""

    open: np.ndarray
    driven: np.ndarray
    held: np.ndarray
    feed: np.ndarray
    demand: np.ndarray
    leak: np.ndarray


class State(NamedTuple):
    """What is solved for; a warm start comes in the same arrays. potential, supply, lost (node, 8); flow (link, 8); status (link, 8) int8; node (node, 8) int8."""

    potential: np.ndarray
    supply: np.ndarray
    lost: np.ndarray
    flow: np.ndarray
    status: np.ndarray
    node: np.ndarray


@njit(cache=True, nogil=True, error_model="numpy")
def link_terms(law, flow, p1, p2, linear, quadratic, per_factor, relative, to_reynolds, constant, weight, slope, offset, small):
    """Loss of potential over an open link, less what height gives, and its derivative by flow. p1, p2: absolute pressures at its ends; the rest as in `Net`"""
    both = p1 + p2
    compress = offset + slope * (2.0 / 3.0) * (both - p1 * p2 / both)
    loss, rise = pipe_loss(law, flow, linear, quadratic, per_factor, relative, to_reynolds)
    loss, rise = loss * compress, rise * compress
    if constant > 0.0:
        root = math.sqrt(flow * flow + small * small)
        loss += both * constant * flow / root
        rise += both * constant * small * small / root**3
    if weight != 0.0:
        loss -= 0.5 * both * weight * (p1 / (offset + slope * p1) + p2 / (offset + slope * p2))
    return loss, rise


@njit(cache=True, nogil=True, error_model="numpy")
def held_potentials(net, case, state, shift, holders, done):
    """Mark nodes that active regulators and compressors hold, with the potential held; sources keep theirs."""
    kind, second, held, node = net.kind, net.second, case.held, state.node
    for link in range(len(kind)):
        if kind[link] == RESISTIVE:
            continue
        to = second[link]
        for lane in range(WIDTH):
            if not done[lane]:
                holders[to, lane] = 0
                if node[to, lane] == HELD and math.isnan(held[to, lane]):
                    node[to, lane] = FREE
    for link in range(len(kind)):
        if kind[link] == RESISTIVE:
            continue
        to, ratio = second[link], net.ratio[link]
        for lane in range(WIDTH):
            if done[lane] or not case.open[link, lane] or state.status[link, lane] != ACTIVE or node[to, lane] == DEAD or not math.isnan(held[to, lane]):
                continue
            aim = net.target[link] if math.isnan(ratio) else ratio**2 * state.potential[net.first[link], lane]
            aim += shift[link, lane]
            state.potential[to, lane] = aim if holders[to, lane] == 0 else max(aim, state.potential[to, lane])
            node[to, lane] = HELD
            holders[to, lane] += 1


@njit(cache=True, nogil=True, error_model="numpy")
def leak_at(area, potential, ambient, gamma, constant, temperature):
    """Flow that escapes at a node and its derivative by potential; a straight line from just above the pressure of the air downwards keeps both finite."""
    pressure = math.sqrt(max(potential, 1.0))
    if pressure < ambient * (1.0 + 1e-6):
        lost, slope = leak_flow(area, ambient * (1.0 + 1e-6), ambient, gamma, constant, temperature)
        slope = lost / (2e-6 * ambient * ambient)
        return slope * (potential - ambient * ambient), slope
    lost, slope = leak_flow(area, pressure, ambient, gamma, constant, temperature)
    return lost, slope / (2.0 * pressure)


@njit(cache=True, nogil=True, error_model="numpy")
def node_rows(net, case, state, diagonal, right, root):
    """Right-hand sides and diagonals from what leaves at the nodes; `root` (node, 8) gets absolute pressures."""
    ambient, node, potential, supply = net.ambient, state.node, state.potential, state.supply
    demands, feed, leak = case.demand, case.feed, case.leak
    for n in range(len(ambient)):
        span, least = net.span[n], net.least[n]
        for lane in range(WIDTH):
            here = node[n, lane]
            if here == DEAD:
                potential[n, lane] = ambient[n] ** 2
            root[n, lane] = math.sqrt(max(potential[n, lane], 1.0))
            if here != FREE:
                diagonal[n, lane] = 1.0
                right[n, lane] = potential[n, lane]
                continue
            total, push = 1e-30, feed[n, lane]
            demand = demands[n, lane]
            if demand > 0.0:
                if span > 0.0:
                    loss, slope = supply_loss(supply[n, lane], demand, span)
                    total += 1.0 / slope
                    push -= supply[n, lane] - (loss + least) / slope
                else:
                    push -= demand
            if leak[n, lane] > 0.0:
                lost, slope = leak_at(leak[n, lane], potential[n, lane], ambient[n], net.gamma, net.gas_constant, net.temperature[n])
                total += slope
                push -= lost - slope * potential[n, lane]
            diagonal[n, lane] = total
            right[n, lane] = push


@njit(cache=True, nogil=True, error_model="numpy")
def link_rows(net, case, state, root, position, diagonal, off, right, conductance, push, holders, small):
    """Add the links to the system; `conductance` and `push` (link, 8) say how flow follows: flow = push + conductance * difference of potentials."""
    kinds, first, second, open_, node, flows, potential = net.kind, net.first, net.second, case.open, state.node, state.flow, state.potential
    law, slope, offset = net.law, net.slope, net.offset
    off[:] = 0.0
    for link in range(len(kinds)):
        a, b, at, kind = first[link], second[link], position[link], kinds[link]
        linear, quadratic, per_factor, relative = net.linear[link], net.quadratic[link], net.per_factor[link], net.relative[link]
        to_reynolds, constant, weight = net.to_reynolds[link], net.constant[link], net.weight[link]
        for lane in range(WIDTH):
            conductance[link, lane], push[link, lane] = 0.0, 0.0
            if not open_[link, lane]:
                continue
            flow, na, nb = flows[link, lane], node[a, lane], node[b, lane]
            if kind != RESISTIVE and state.status[link, lane] != OPEN:
                if state.status[link, lane] == ACTIVE and holders[b, lane] > 0:
                    if na == FREE:
                        right[a, lane] -= flow
                    continue
                g, s = 1.0 / SHUT_RESISTANCE, 0.0
            else:
                loss, rise = link_terms(law, flow, root[a, lane], root[b, lane], linear, quadratic, per_factor, relative, to_reynolds, constant, weight, slope, offset,
                                        small)
                g = 1.0 / rise
                s = flow - loss * g
            conductance[link, lane], push[link, lane] = g, s
            if na == FREE:
                diagonal[a, lane] += g
                right[a, lane] -= s if nb == FREE else s - g * potential[b, lane]
            if nb == FREE:
                diagonal[b, lane] += g
                right[b, lane] += s if na == FREE else s + g * potential[a, lane]
                if na == FREE and at >= 0:
                    off[at, lane] -= g


@njit(cache=True, nogil=True, error_model="numpy")
def update_links(net, case, state, right, conductance, push, relax, done, moved, total):
    """New flows from new potentials."""
    first, second, flows = net.first, net.second, state.flow
    for link in range(len(first)):
        a, b = first[link], second[link]
        for lane in range(WIDTH):
            if done[lane] or (conductance[link, lane] == 0.0 and case.open[link, lane]):
                continue
            old = flows[link, lane]
            step = (push[link, lane] + conductance[link, lane] * (right[a, lane] - right[b, lane]) - old) * relax
            flows[link, lane] = old + step
            moved[0, lane] += abs(step)
            total[lane] += abs(old + step)


@njit(cache=True, nogil=True, error_model="numpy")
def update_nodes(net, case, state, right, relax, done, moved):
    """New supply, leaks and potentials; `moved` (2, 8) gathers changes of flow and the largest relative change of potential."""
    supplies, lost, potential, demands, leaks, node = state.supply, state.lost, state.potential, case.demand, case.leak, state.node
    for n in range(len(net.ambient)):
        span, least, ambient, temperature = net.span[n], net.least[n], net.ambient[n], net.temperature[n]
        for lane in range(WIDTH):
            if done[lane]:
                continue
            new, old, here = right[n, lane], potential[n, lane], node[n, lane]
            leak, demand = leaks[n, lane], demands[n, lane]
            potential[n, lane] = new
            if here == DEAD:
                supplies[n, lane], lost[n, lane] = 0.0, 0.0
                continue
            moved[1, lane] = max(moved[1, lane], abs(new - old) / max(abs(new), 1.0))
            if leak > 0.0:
                escaping, slope = leak_at(leak, old, ambient, net.gamma, net.gas_constant, temperature)
                lost[n, lane] = escaping + slope * (new - old)
            if demand <= 0.0 or span <= 0.0:
                supplies[n, lane] = demand
            elif here == FREE:
                loss, slope = supply_loss(supplies[n, lane], demand, span)
                step = (new - least - loss) / slope * relax
                supplies[n, lane] += step
                moved[0, lane] += abs(step)
            else:
                supplies[n, lane] = math.sqrt(min(max((new - least) / span, 0.0), 1.0)) * demand


@njit(cache=True, nogil=True, error_model="numpy")
def outflows(net, case, state, holders, balance):
    """`balance` (node, 8): what leaves a node less what comes in, without what active regulators and compressors bring to the node that they hold."""
    kind, first, second, flows = net.kind, net.first, net.second, state.flow
    for n in range(len(net.ambient)):
        for lane in range(WIDTH):
            balance[n, lane] = state.supply[n, lane] + state.lost[n, lane] - case.feed[n, lane]
    for link in range(len(kind)):
        a, b = first[link], second[link]
        for lane in range(WIDTH):
            flow = flows[link, lane]
            balance[a, lane] += flow
            if kind[link] == RESISTIVE or state.status[link, lane] != ACTIVE or holders[b, lane] == 0 or not case.open[link, lane]:
                balance[b, lane] -= flow


@njit(cache=True, nogil=True, error_model="numpy")
def carry(net, case, state, balance, holders, done, moved):
    """Let active regulators and compressors pass what the node they hold needs, shared where several hold one node."""
    for link in range(len(net.kind)):
        if net.kind[link] == RESISTIVE:
            continue
        b = net.second[link]
        for lane in range(WIDTH):
            if done[lane] or not case.open[link, lane] or state.status[link, lane] != ACTIVE or holders[b, lane] == 0:
                continue
            new = balance[b, lane] / holders[b, lane]
            moved[0, lane] += abs(new - state.flow[link, lane])
            state.flow[link, lane] = new


@njit(cache=True, nogil=True, error_model="numpy")
def change_statuses(net, case, state, changes, shift, changed, done, small_flow, small):
    """Apply the status rules; `changed` (8,) counts links that changed or whose remote target still moves."""
    for link in range(len(net.kind)):
        kind = net.kind[link]
        if kind == RESISTIVE:
            continue
        a, b, far, ratio = net.first[link], net.second[link], net.controlled[link], net.ratio[link]
        for lane in range(WIDTH):
            if done[lane] or not case.open[link, lane] or not case.driven[link, lane]:
                continue
            now, flow, before, behind = state.status[link, lane], state.flow[link, lane], state.potential[a, lane], state.potential[b, lane]
            loss = (net.linear[link] + net.quadratic[link] * abs(flow)) * flow
            aim = (net.target[link] if math.isnan(ratio) else ratio**2 * before) + shift[link, lane]
            new = change(kind, now, flow, before, behind, aim, loss, small_flow, small, not math.isnan(case.held[b, lane]))
            if new != now and changes[link, lane] < MOST_CHANGES:
                state.status[link, lane] = new
                changes[link, lane] += 1
                changed[lane] += 1
            if far != b and state.status[link, lane] == ACTIVE and state.node[far, lane] != DEAD:
                error = net.target[link] - state.potential[far, lane]
                shift[link, lane] += error
                changed[lane] += abs(error) > 1e-8 * net.target[link]


@njit(cache=True, nogil=True, error_model="numpy")
def begin(net, case, state):
    """Which nodes have gas; potentials of sources; links from nodes without gas are shut, regulators and compressors that are not driven stay open."""
    queue = np.empty(len(net.ambient), np.int32)
    for lane in range(WIDTH):
        reach(net.start, net.other, net.edge, net.kind, net.first, case.open, case.held, lane, state.node, queue)
        for n in range(len(net.ambient)):
            if state.node[n, lane] == HELD:
                state.potential[n, lane] = case.held[n, lane]
        for link in range(len(net.kind)):
            if state.node[net.first[link], lane] == DEAD:
                case.open[link, lane] = False
            if not case.driven[link, lane]:
                state.status[link, lane] = OPEN


@njit(cache=True, nogil=True, error_model="numpy")
def imbalance(net, case, state, balance, holders, usual):
    """(8,) largest |outflow - inflow| of a free node over all flow that leaves the network; infinite where a pressure fell below zero."""
    worst, leaving = np.zeros(WIDTH), np.full(WIDTH, 0.01 * usual)
    outflows(net, case, state, holders, balance)
    for n in range(len(net.ambient)):
        for lane in range(WIDTH):
            leaving[lane] += state.supply[n, lane] + state.lost[n, lane]
            if state.node[n, lane] == FREE:
                worst[lane] = max(worst[lane], abs(balance[n, lane]))
            if state.potential[n, lane] <= 0.0:
                worst[lane] = np.inf
    return worst / leaving


@njit(cache=True, nogil=True, error_model="numpy")
def solve_block(factor: Factor, position, entries, net: Net, case: Case, state: State, most, tolerance, scale):
    """Solve eight cases in place.

    most       iterations
    tolerance  relative change of flows at which a case is solved; potentials must settle a hundred times better
    scale      (3,) a small flow [kg/s] and a small potential [Pa2] for statuses; a usual flow [kg/s], so that a network at rest settles too
    returns    (8,) status, (8,) iterations, (8,) largest imbalance of a free node over the total flow
    """
    nodes, links = len(net.ambient), len(net.kind)
    diagonal, right, off = np.empty((nodes, WIDTH)), np.empty((nodes, WIDTH)), np.empty((entries, WIDTH))
    root, balance = np.empty((nodes, WIDTH)), np.empty((nodes, WIDTH))
    conductance, push, shift = np.empty((links, WIDTH)), np.empty((links, WIDTH)), np.zeros((links, WIDTH))
    holders, changes = np.zeros((nodes, WIDTH), np.int32), np.zeros((links, WIDTH), np.int8)
    moved, bad, changed = np.zeros((2, WIDTH)), np.zeros((1, WIDTH)), np.zeros(WIDTH, np.int64)
    done, status, steps = np.zeros(WIDTH, np.bool_), np.full(WIDTH, DIVERGED), np.full(WIDTH, most)
    begin(net, case, state)
    for step in range(most):
        relax = 1.0 if step < 20 else 0.6
        held_potentials(net, case, state, shift, holders, done)
        node_rows(net, case, state, diagonal, right, root)
        link_rows(net, case, state, root, position, diagonal, off, right, conductance, push, holders, scale[0])
        eliminate(factor, diagonal, off, right, bad)
        moved[:] = 0.0
        changed[:] = step == 0
        total = np.full(WIDTH, 1e-12)
        update_links(net, case, state, right, conductance, push, relax, done, moved, total)
        update_nodes(net, case, state, right, relax, done, moved)
        outflows(net, case, state, holders, balance)
        carry(net, case, state, balance, holders, done, moved)
        if step > 0:
            change_statuses(net, case, state, changes, shift, changed, done, scale[0], scale[1])
        for lane in range(WIDTH):
            if done[lane]:
                continue
            if bad[0, lane] > 0.0 or math.isnan(moved[0, lane]) or math.isnan(moved[1, lane]):
                status[lane], steps[lane], done[lane] = SINGULAR, step + 1, True
            elif changed[lane] == 0 and moved[0, lane] < tolerance * (total[lane] + scale[2]) and moved[1, lane] < 0.01 * tolerance:
                status[lane], steps[lane], done[lane] = SOLVED, step + 1, True
        if done.all():
            break
    return status, steps, imbalance(net, case, state, balance, holders, scale[2])
