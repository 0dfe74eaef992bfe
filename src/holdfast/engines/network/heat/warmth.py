"""Temperatures carried along with the flow: exact exponential cooling in pipes, mixing at nodes, heat taken by consumers."""

from __future__ import annotations

import math

import numpy as np
from numba import njit

from .flow import CONSUMER, DEAD, WIDTH
from .water import CAPACITY, DENSITY, VISCOSITY, at

STILL = 1e-5  # [kg/s] below this nothing flows: a hundred times the rounding of flows, a watt or two of heat
FLOW_HEAT, FLOW_DROP, FLOW_RETURN, HEAT_DROP, HEAT_RETURN = 0, 1, 2, 3, 4


@njit(cache=True, nogil=True, error_model="numpy")
def pipe_outlet(entry, flow, loss_per_metre, surroundings, extracted):
    """Temperature at the end of a pipe, with the heat capacity between both ends; loss_per_metre is that of the whole pipe [W/K]."""
    outlet = entry
    for _ in range(4):
        stream = 0.5 * (at(CAPACITY, entry) + at(CAPACITY, outlet)) * flow
        outlet = surroundings + (entry - surroundings) * math.exp(-loss_per_metre / stream) - extracted / stream
    return outlet


@njit(cache=True, nogil=True, error_model="numpy")
def consumer_outlet(mode, entry, flow, heat, drop, back, effect, room):
    """Temperature behind a consumer and heat that it gets [W].

    effect   share of the heat above `room` that its exchanger can take: water that is too cold or too little gives less than is wanted
    """
    if mode == FLOW_DROP:
        heat = 0.5 * (at(CAPACITY, entry) + at(CAPACITY, entry - drop)) * flow * drop
    elif mode == FLOW_RETURN:
        heat = 0.5 * (at(CAPACITY, entry) + at(CAPACITY, back)) * flow * max(entry - back, 0.0)
    limit = effect * at(CAPACITY, entry) * flow * max(entry - room, 0.0)
    heat = min(heat, limit) if effect < 1e30 else heat
    outlet = entry
    for _ in range(4):
        outlet = entry - heat / (0.5 * (at(CAPACITY, entry) + at(CAPACITY, outlet)) * flow)
    return outlet, heat


@njit(cache=True, nogil=True, error_model="numpy")
def order_nodes(net, flow, lane, waiting, queue):
    """Nodes in the order in which water passes them. returns how many have a place; those after it lie on circles. waiting, queue: (node,) scratch and result"""
    nodes = len(net.ambient)
    waiting[:] = 0
    for link in range(len(net.kind)):
        m = flow[link, lane]
        if m > STILL:
            waiting[net.second[link]] += 1
        elif m < -STILL:
            waiting[net.first[link]] += 1
    last = 0
    for n in range(nodes):
        if waiting[n] == 0:
            queue[last] = n
            last += 1
    first = 0
    while first < last:
        n = queue[first]
        first += 1
        for entry in range(net.start[n], net.start[n + 1]):
            link, far = net.edge[entry], net.other[entry]
            m = flow[link, lane] if net.first[link] == n else -flow[link, lane]
            if m > STILL:
                waiting[far] -= 1
                if waiting[far] == 0:
                    queue[last] = far
                    last += 1
    ordered = last
    for n in range(nodes):
        if waiting[n] > 0:
            queue[last] = n
            last += 1
    return ordered


@njit(cache=True, nogil=True, error_model="numpy")
def link_outlet(net, case, state, link, entry, lane):
    """Write outlet temperature and heat of a link that water enters at this temperature, return the time it needs to pass [s]."""
    m = abs(state.flow[link, lane])
    if net.kind[link] == CONSUMER:
        state.outlet[link, lane], state.taken[link, lane] = consumer_outlet(
            net.mode[link], entry, m, case.heat[link, lane], net.drop[link], net.back[link], net.effect[link], case.room[link, lane])
        return 0.0
    state.outlet[link, lane] = pipe_outlet(entry, m, net.loss_per_metre[link], net.surroundings[link], net.extracted[link])
    return net.volume[link] * at(DENSITY, entry) / m


@njit(cache=True, nogil=True, error_model="numpy")
def mix(net, case, state, n, lane):
    """Temperature and age of the water at a node from what flows in."""
    if not math.isnan(case.supplied[n, lane]):
        state.temperature[n, lane], state.age[n, lane] = case.supplied[n, lane], 0.0
        return
    guess, weight, heat, mass, aged = state.temperature[n, lane], 0.0, 0.0, 0.0, 0.0
    for entry in range(net.start[n], net.start[n + 1]):
        link, far = net.edge[entry], net.other[entry]
        m = -state.flow[link, lane] if net.first[link] == n else state.flow[link, lane]
        if m <= STILL:
            continue
        duration = link_outlet(net, case, state, link, state.temperature[far, lane], lane)
        outlet = state.outlet[link, lane]
        stream = 0.5 * (at(CAPACITY, outlet) + at(CAPACITY, guess)) * m
        weight += stream
        heat += stream * outlet
        mass += m
        aged += m * (state.age[far, lane] + duration)
    if mass > 0.0:
        state.temperature[n, lane], state.age[n, lane] = heat / weight, aged / mass
    else:
        state.temperature[n, lane], state.age[n, lane] = net.stagnant, math.inf


@njit(cache=True, nogil=True, error_model="numpy")
def carry_heat(net, case, state, done):
    """Temperatures of all nodes and links of the lanes that are not done. returns (8,) largest change of a node's temperature [K]"""
    nodes = len(net.ambient)
    waiting, queue = np.empty(nodes, np.int32), np.empty(nodes, np.int32)
    moved = np.zeros(WIDTH)
    for lane in range(WIDTH):
        if done[lane]:
            continue
        ordered = order_nodes(net, state.flow, lane, waiting, queue)
        for link in range(len(net.kind)):
            if abs(state.flow[link, lane]) <= STILL:
                state.outlet[link, lane], state.taken[link, lane] = net.stagnant, 0.0
        for sweep in range(1 if ordered == nodes else 60):
            worst = 0.0
            for place in range(0 if sweep == 0 else ordered, nodes):
                n = queue[place]
                old = state.temperature[n, lane]
                mix(net, case, state, n, lane)
                if state.node[n, lane] == DEAD:
                    state.temperature[n, lane], state.age[n, lane] = net.stagnant, math.inf
                worst = max(worst, abs(state.temperature[n, lane] - old))
            moved[lane] = worst if sweep == 0 else max(moved[lane], worst)
            if worst < 1e-6:
                break
    return moved


@njit(cache=True, nogil=True, error_model="numpy")
def refresh(net, case, state, density, viscosity, done, part):
    """Densities, viscosities and wanted flows from temperatures; densities go `part` of the way, 1 at first."""
    for link in range(len(net.kind)):
        a, b, kind = net.first[link], net.second[link], net.kind[link]
        for lane in range(WIDTH):
            if done[lane]:
                continue
            entry = state.temperature[a if state.flow[link, lane] >= 0.0 else b, lane]
            outlet = state.outlet[link, lane]
            density[link, lane] += part * (0.5 * (at(DENSITY, entry) + at(DENSITY, outlet)) - density[link, lane])
            viscosity[link, lane] = at(VISCOSITY, 0.5 * (entry + outlet))
            if kind == CONSUMER:
                entry = state.temperature[a, lane]
                wanted, mode, heat = net.flow[link], net.mode[link], case.heat[link, lane]
                if mode == HEAT_DROP:
                    wanted = heat / (0.5 * (at(CAPACITY, entry) + at(CAPACITY, entry - net.drop[link])) * net.drop[link])
                elif mode == HEAT_RETURN:
                    gap = entry - net.back[link]
                    wanted = heat / (0.5 * (at(CAPACITY, entry) + at(CAPACITY, net.back[link])) * gap) if gap > 0.5 else net.most[link]
                    if state.wanted[link, lane] > 0.0 and wanted < 1e30:  # cooler water makes it want more, more flow makes it warmer: go a part of the way
                        wanted = state.wanted[link, lane] + 0.65 * (wanted - state.wanted[link, lane])
                state.wanted[link, lane] = min(wanted, net.most[link])
