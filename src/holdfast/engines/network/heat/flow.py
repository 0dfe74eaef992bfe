"""Flow and pressure of hot water in eight cases at once: Newton on flows and pressures, one sparse solve per step."""

from __future__ import annotations

import math
from typing import NamedTuple

import numpy as np
from numba import njit

from holdfast.engines.network.blocks import WIDTH
from holdfast.engines.network.sparse import Factor, eliminate

SOLVED, DIVERGED, SINGULAR = 0, 1, 2
RESISTIVE, CONSUMER = 0, 1
FREE, HELD, DEAD = 0, 1, 2
SMALL_LOSS = 1e-3  # [Pa s/kg] of every link: pressures are exact to 1e-10 Pa, so less resistance would drown flows in rounding
STEEP = 1e7  # how much steeper the walls are that keep a consumer's flow between nothing and what it wants
SUCTION = 1e7  # [Pa s/kg] against water that would come in through a hole
TRICKLE = 50.0  # [Pa] below this pressure a leak is taken as proportional to it, which keeps its derivative away from zero
UNSETTLED = 100.0  # [Pa] pressures may still move by this when flows have settled: behind the walls they are hardly determined


class Net(NamedTuple):
    """Constants of a network; see `solve.prepare`. laminar and rough are without density and viscosity: loss = (laminar eta m + rough m|m|) / rho."""

    kind: np.ndarray
    first: np.ndarray
    second: np.ndarray
    laminar: np.ndarray
    rough: np.ndarray
    lift: np.ndarray
    weight: np.ndarray
    needed: np.ndarray
    loss_per_metre: np.ndarray
    surroundings: np.ndarray
    extracted: np.ndarray
    volume: np.ndarray
    mode: np.ndarray
    flow: np.ndarray
    drop: np.ndarray
    back: np.ndarray
    most: np.ndarray
    effect: np.ndarray
    ambient: np.ndarray
    start: np.ndarray
    other: np.ndarray
    edge: np.ndarray
    stagnant: float


class Case(NamedTuple):
    """What differs between eight cases: open (link, 8), held pressure or NaN, temperature held or NaN, water taken, leak area (node, 8), heat wanted and
    temperature on the other side of exchangers (link, 8)."""

    open: np.ndarray
    held: np.ndarray
    supplied: np.ndarray
    demand: np.ndarray
    leak: np.ndarray
    heat: np.ndarray
    room: np.ndarray


class State(NamedTuple):
    """What is solved for; a warm start comes in the same arrays. (node, 8) pressure, lost, temperature, age; (link, 8) flow, wanted, outlet temperature, heat taken."""

    pressure: np.ndarray
    lost: np.ndarray
    temperature: np.ndarray
    age: np.ndarray
    flow: np.ndarray
    wanted: np.ndarray
    outlet: np.ndarray
    taken: np.ndarray
    node: np.ndarray


@njit(cache=True, nogil=True, error_model="numpy")
def consumer_loss(flow, wanted, needed):
    """Pressure a consumer's valve and exchanger take at a flow, and the derivative: a square law up to the wanted flow, walls beyond and below nothing."""
    share = flow / wanted
    steep = STEEP * needed / wanted
    if share <= 0.0:
        return steep * flow, steep
    if share >= 1.0:
        return needed + steep * (flow - wanted), steep
    return needed * share * share, max(2.0 * needed * share / wanted, 1e-6 * needed / wanted)


@njit(cache=True, nogil=True, error_model="numpy")
def leak_loss(lost, area):
    """Pressure above the air's at which this flow leaves a hole, and the derivative: lost = area sqrt(2 rho dp), never inwards. area: discharge coefficient times area"""
    per = 1.0 / (2.0 * 980.0 * area * area)
    if lost <= 0.0:
        return SUCTION * lost, SUCTION
    small = math.sqrt(TRICKLE / per)
    if lost < small:
        return TRICKLE * lost / small, TRICKLE / small
    return per * lost * lost, 2.0 * per * lost


@njit(cache=True, nogil=True, error_model="numpy")
def reach(net, case, node, queue, lane):
    """Nodes that hang together with one whose pressure is held; the others are DEAD."""
    last = 0
    for n in range(len(net.ambient)):
        node[n, lane] = DEAD
        if not math.isnan(case.held[n, lane]):
            node[n, lane] = HELD
            queue[last] = n
            last += 1
    first = 0
    while first < last:
        n = queue[first]
        first += 1
        for entry in range(net.start[n], net.start[n + 1]):
            far = net.other[entry]
            if case.open[net.edge[entry], lane] and node[far, lane] == DEAD:
                node[far, lane] = FREE
                queue[last] = far
                last += 1


@njit(cache=True, nogil=True, error_model="numpy")
def rows(net, case, state, density, viscosity, position, diagonal, off, right, conductance, push):
    """The linear system of one step; flow = push + conductance * (p1 - p2)."""
    node, pressure, flows, open_ = state.node, state.pressure, state.flow, case.open
    off[:] = 0.0
    for n in range(len(net.ambient)):
        for lane in range(WIDTH):
            diagonal[n, lane], right[n, lane] = 1.0, pressure[n, lane]
            if node[n, lane] == FREE:
                diagonal[n, lane], right[n, lane] = 1e-30, -case.demand[n, lane]
                area = case.leak[n, lane]
                if area > 0.0:
                    loss, slope = leak_loss(state.lost[n, lane], area)
                    diagonal[n, lane] += 1.0 / slope
                    right[n, lane] -= state.lost[n, lane] - (loss + net.ambient[n]) / slope
    for link in range(len(net.kind)):
        a, b, at = net.first[link], net.second[link], position[link]
        kind, laminar, rough, lift, weight, needed = net.kind[link], net.laminar[link], net.rough[link], net.lift[link], net.weight[link], net.needed[link]
        for lane in range(WIDTH):
            conductance[link, lane], push[link, lane] = 0.0, 0.0
            if not open_[link, lane] or node[a, lane] == DEAD:
                continue
            flow, rho = flows[link, lane], density[link, lane]
            if kind == CONSUMER:
                if state.wanted[link, lane] <= 0.0:
                    continue
                loss, rise = consumer_loss(flow, state.wanted[link, lane], needed)
            else:
                linear, square = laminar * viscosity[link, lane] / rho + SMALL_LOSS, rough / rho
                loss = (linear + square * abs(flow)) * flow
                rise = linear + 2.0 * square * abs(flow)
            loss -= lift + weight * rho
            g = 1.0 / rise
            s = flow - loss * g
            conductance[link, lane], push[link, lane] = g, s
            if node[a, lane] == FREE:
                diagonal[a, lane] += g
                right[a, lane] -= s if node[b, lane] == FREE else s - g * pressure[b, lane]
            if node[b, lane] == FREE:
                diagonal[b, lane] += g
                right[b, lane] += s if node[a, lane] == FREE else s + g * pressure[a, lane]
                if node[a, lane] == FREE and at >= 0:
                    off[at, lane] -= g


@njit(cache=True, nogil=True, error_model="numpy")
def update(net, case, state, right, conductance, push, relax, done, moved):
    """New pressures, leaks and flows; moved (3, 8): changes of flow, all flow, largest change of pressure [Pa]."""
    for link in range(len(net.kind)):
        a, b = net.first[link], net.second[link]
        for lane in range(WIDTH):
            if done[lane]:
                continue
            old = state.flow[link, lane]
            new = push[link, lane] + conductance[link, lane] * (right[a, lane] - right[b, lane])
            step = (new - old) * relax if conductance[link, lane] > 0.0 else -old
            state.flow[link, lane] = old + step
            moved[0, lane] += abs(step)
            moved[1, lane] += abs(old + step)
    for n in range(len(net.ambient)):
        for lane in range(WIDTH):
            if done[lane]:
                continue
            new, area = right[n, lane], case.leak[n, lane]
            if area > 0.0 and state.node[n, lane] != DEAD:
                loss, slope = leak_loss(state.lost[n, lane], area)
                step = (new - net.ambient[n] - loss) / slope * relax
                state.lost[n, lane] += step
                moved[0, lane] += abs(step)
            else:
                state.lost[n, lane] = 0.0
            moved[2, lane] = max(moved[2, lane], abs(new - state.pressure[n, lane]))
            state.pressure[n, lane] = new


@njit(cache=True, nogil=True, error_model="numpy")
def solve_flow(factor: Factor, position, entries, net: Net, case: Case, state: State, density, viscosity, most, tolerance, skip):
    """Settle flows and pressures at given densities and viscosities (link, 8), except in the lanes to skip. returns (8,) status, (8,) iterations"""
    nodes, links = len(net.ambient), len(net.kind)
    diagonal, right, off = np.empty((nodes, WIDTH)), np.empty((nodes, WIDTH)), np.empty((entries, WIDTH))
    conductance, push = np.empty((links, WIDTH)), np.empty((links, WIDTH))
    moved, bad = np.zeros((3, WIDTH)), np.zeros((1, WIDTH))
    done, status, steps = skip.copy(), np.where(skip, SOLVED, DIVERGED), np.full(WIDTH, most)
    for step in range(most):
        rows(net, case, state, density, viscosity, position, diagonal, off, right, conductance, push)
        eliminate(factor, diagonal, off, right, bad)
        moved[:] = 0.0
        update(net, case, state, right, conductance, push, 1.0 if step < 20 else 0.6 if step < 50 else 0.3, done, moved)
        for lane in range(WIDTH):
            if done[lane]:
                continue
            if bad[0, lane] > 0.0 or math.isnan(moved[0, lane]) or math.isnan(moved[2, lane]):
                status[lane], steps[lane], done[lane] = SINGULAR, step + 1, True
            elif moved[0, lane] <= tolerance * (moved[1, lane] + links) and moved[2, lane] < UNSETTLED:
                status[lane], steps[lane], done[lane] = SOLVED, step + 1, True
        if done.all():
            break
    return status, steps
