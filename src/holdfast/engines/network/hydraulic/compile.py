"""From a `HydraulicModel` to the arrays of the kernels: sorting, units, curves, lists."""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np

from holdfast.engines.network.hydraulic.arrays import (
    ACTIVE,
    CFS,
    CLOSED,
    CONSTANT_POWER,
    CURVE,
    FOOT,
    OPEN,
    POWER_LAW,
    Devices,
    Fixed,
    Laws,
    Limits,
    Network,
    Rules,
    Schedule,
)
from holdfast.engines.network.hydraulic.compile_rules import compile_rules, control_target
from holdfast.engines.network.hydraulic.model import ControlType, HydraulicModel, LinkType, NodeType, Status
from holdfast.engines.network.sparse import Symbolic, analyse

_HORSEPOWER = 745.7  # [W] of EPANET
_STATE = {int(Status.CLOSED): CLOSED, int(Status.OPEN): OPEN, int(Status.ACTIVE): ACTIVE}
_LEAST_SPAN = 0.1  # [ft] smallest range of pressure-driven demand
_TINY = 1e-6


@dataclass(frozen=True, slots=True)
class Compiled:
    """Everything the kernels need of a model.

    order   (link,) model's position of each kernel link
    place   (link,) kernel's position of each model link
    state, setting  (link,), (device,) where links start
    outlet  (node,) row of a junction among the outlets, -1 none
    emitter_node, emitter_law  the model's emitters
    """

    network: Network
    symbolic: Symbolic
    laws: Laws
    devices: Devices
    fixed: Fixed
    schedule: Schedule
    rules: Rules
    limits: Limits
    order: np.ndarray
    place: np.ndarray
    state: np.ndarray
    setting: np.ndarray
    outlet: np.ndarray
    emitter_node: np.ndarray
    emitter_law: np.ndarray


def grouped(keys: np.ndarray, count: int) -> tuple[np.ndarray, np.ndarray]:
    """Positions of `keys` sorted by key: (count + 1,) starts and the positions, int32. Keys below 0 are left out."""
    keep = np.flatnonzero(keys >= 0)
    sequence = keep[np.argsort(keys[keep], kind="stable")]
    return np.searchsorted(keys[sequence], np.arange(count + 1)).astype(np.int32), sequence.astype(np.int32)


def compile_model(model: HydraulicModel) -> Compiled:
    """Prepare a model. `Solver.features` of it must be empty. raises Invalid for numbers that no law can take"""
    model.require_numbers()
    kind = model.link_type.astype(int)
    pipe = kind <= LinkType.PIPE
    minor = np.nan_to_num(model.minor_loss) > 0
    darcy = model.options.headloss == "D-W"
    rank = np.where(pipe, np.where(minor | darcy, 1, 0), 2)
    symbolic, entry = _pattern(model)
    order = np.lexsort((np.where(rank == 2, 0, entry), rank))  # pipes as the elimination comes upon them, so that it walks through memory; devices as given
    place = np.argsort(order)
    plain, pipes = int(np.count_nonzero(rank == 0)), int(np.count_nonzero(pipe))
    head, tail = model.link_from[order].astype(np.int32), model.link_to[order].astype(np.int32)
    junctions = model.junctions
    network = _topology(model, head, tail, plain, pipes, order, entry[order], symbolic.entries)
    outlet_node = np.unique(model.demand_node).astype(np.int32)
    outlet = np.full(model.nodes, -1, np.int64)
    outlet[outlet_node] = np.arange(len(outlet_node))
    laws = _laws(model, order[:pipes], outlet_node)
    devices, setting = _devices(model, network, order[pipes:], outlet)
    fixed = _fixed(model, junctions)
    state = np.array([_STATE[int(s)] for s in model.initial_status], np.int8)[order]
    given = np.isin(kind[order], (LinkType.PRV, LinkType.PSV, LinkType.FCV)) & (state == ACTIVE)
    state[(state == ACTIVE) & ~given] = OPEN
    emitter = np.flatnonzero(model.emitter[:junctions] > 0)
    rules = compile_rules(model, place)
    return Compiled(
        network, symbolic, laws, devices, fixed, _schedule(model, network, fixed, kind, order, place, outlet_node, outlet, rules), rules,
        _limits(model), order, place, state, setting, outlet, emitter.astype(np.int64), emitter_law(model, model.emitter[emitter]),
    )


def emitter_law(model: HydraulicModel, coefficient: np.ndarray) -> np.ndarray:
    """Head loss [ft] of an emitter at 1 cfs, from its flow [m3/s] at 1 m."""
    power = 1.0 / model.options.emitter_exponent
    return (CFS / np.asarray(coefficient, float)) ** power / FOOT


def _pattern(model: HydraulicModel) -> tuple[Symbolic, np.ndarray]:
    """Pattern of the equations, and each link's entry off the diagonal, -1 none."""
    inner = np.flatnonzero((model.link_from < model.junctions) & (model.link_to < model.junctions))
    symbolic = analyse(model.junctions, model.link_from[inner], model.link_to[inner])
    entry = np.full(len(model.link_from), -1, np.int64)
    entry[inner] = symbolic.position
    return symbolic, entry


def _topology(model, head, tail, plain, pipes, order, entry, entries) -> Network:
    links, junctions = len(head), model.junctions
    loop = head == tail
    out_start, out_link = grouped(np.where((head < junctions) & ~loop, head, -1), junctions)
    in_start, in_link = grouped(np.where((tail < junctions) & ~loop, tail, -1), junctions)
    from_fixed, to_fixed = np.flatnonzero((head >= junctions) & (tail < junctions)), np.flatnonzero((tail >= junctions) & (head < junctions))
    ends = np.concatenate([np.where(tail >= junctions, tail - junctions, -1), np.where(head >= junctions, head - junctions, -1)])
    end_start, end = grouped(ends, model.nodes - junctions)
    diameter = np.nan_to_num(model.diameter[order]) / FOOT
    return Network(
        junctions, model.nodes, links, plain, pipes, head, tail, out_start, out_link, in_start, in_link,
        *_rows(junctions, head, tail), *_entries(entry, entries),
        np.concatenate([tail[from_fixed], head[to_fixed]]).astype(np.int32), np.concatenate([from_fixed, to_fixed]).astype(np.int32),
        np.concatenate([head[from_fixed], tail[to_fixed]]).astype(np.int32), entry.astype(np.int32), end_start, (end % max(links, 1)).astype(np.int32),
        np.where(end < links, 1.0, -1.0), np.pi * diameter**2 / 4, _stranded(model.nodes, junctions, head, tail),
    )


def _rows(junctions: int, head: np.ndarray, tail: np.ndarray) -> tuple[np.ndarray, np.ndarray, np.ndarray, np.ndarray]:
    """Junctions sorted by number of links, and their links with directions."""
    loop = head == tail
    node = np.concatenate([np.where((head < junctions) & ~loop, head, -1), np.where((tail < junctions) & ~loop, tail, -1)])
    start, end = grouped(node, junctions)
    degree = np.diff(start)
    row = np.argsort(degree, kind="stable")
    sequence = np.concatenate([end[start[j] : start[j + 1]] for j in row]) if junctions else np.zeros(0, np.int64)
    sign = np.where(sequence < len(head), 1.0, -1.0)
    return row, np.concatenate([[0], np.cumsum(degree[row])]), sequence % max(len(head), 1), sign


def _entries(entry: np.ndarray, count: int) -> tuple[np.ndarray, np.ndarray, np.ndarray, np.ndarray, np.ndarray, np.ndarray]:
    """Off-diagonal entries of one link with it, of several with them, and of none."""
    start, link = grouped(entry, count)
    size = np.diff(start)
    single, double = np.flatnonzero(size == 1), np.flatnonzero(size > 1)
    several = np.concatenate([link[start[e] : start[e + 1]] for e in double]) if len(double) else np.zeros(0, np.int64)
    return single, link[start[:-1][single]], double, np.concatenate([[0], np.cumsum(size[double])]), several, np.flatnonzero(size == 0)


def _stranded(nodes: int, junctions: int, head: np.ndarray, tail: np.ndarray) -> np.ndarray:
    """Junctions which no chain of links joins to a fixed head, whatever is open."""
    from scipy.sparse import coo_array
    from scipy.sparse.csgraph import connected_components

    _, label = connected_components(coo_array((np.ones(len(head), np.int8), (head, tail)), shape=(nodes, nodes)), directed=False)
    fed = np.zeros(nodes, bool)
    fed[label[junctions:]] = True
    return np.flatnonzero(~fed[label[:junctions]])


def _laws(model: HydraulicModel, pipes: np.ndarray, outlet_node: np.ndarray) -> Laws:
    """Resistances in EPANET's units and with its rounded constants."""
    o = model.options
    length, diameter = model.length[pipes] / FOOT, model.diameter[pipes] / FOOT
    rough = model.roughness[pipes]
    power = 1.852 if o.headloss == "H-W" else 2.0
    with np.errstate(divide="ignore"):
        if o.headloss == "H-W":
            slope = power * 4.727 * length / rough**1.852 / diameter**4.871
        elif o.headloss == "D-W":
            slope = length / 2.0 / 32.2 / diameter / (np.pi * diameter**2 / 4) ** 2
        else:
            slope = power * (4.0 * rough / (1.49 * np.pi * diameter**2)) ** 2 * (diameter / 4.0) ** -1.333 * length
        inverse = 1.0 / slope
    darcy = o.headloss == "D-W"
    thick = o.viscosity / FOOT**2 * diameter if darcy else np.zeros(0)
    return Laws(
        power, slope, np.minimum(inverse, 1e300), 0.02517 * np.nan_to_num(model.minor_loss[pipes]) / diameter**4,
        rough / FOOT / diameter if darcy else np.zeros(0), thick, model.elevation / FOOT, outlet_node, o.demand_model == "PDA", o.minimum_pressure / FOOT,
        max((o.required_pressure - o.minimum_pressure) / FOOT, _LEAST_SPAN), 1.0 / o.pressure_exponent, 1.0 / o.emitter_exponent, bool(o.emitter_backflow),
    )


def pump_law(curve: np.ndarray | None, power: float) -> tuple[int, float, float, float, float, float]:
    """Kind, shutoff, resistance, exponent, top head and design flow of a pump, in feet and cfs.

    curve  (points, 2) [cfs], [ft], or None for constant power
    power  [W]
    raises ValueError for a curve without falling head
    """
    if curve is None:
        return CONSTANT_POWER, 0.0, -8.814 * power / _HORSEPOWER, -1.0, 1e300, 1.0
    x, y = curve[:, 0], curve[:, 1]
    if len(x) == 1 or (len(x) == 3 and x[0] == 0.0):
        h0, q1, h1, q2, h2 = (1.33334 * y[0], x[0], y[0], 2.0 * x[0], 0.0) if len(x) == 1 else (y[0], x[1], y[1], x[2], y[2])
        if h0 - h1 < _TINY or h1 - h2 < _TINY or q1 < _TINY or q2 - q1 < _TINY:
            raise ValueError("the head does not fall with the flow")
        exponent = math.log((h0 - h2) / (h0 - h1)) / math.log(q2 / q1)
        if not 0.0 < exponent <= 20.0:
            raise ValueError("no power law passes through the points")
        return POWER_LAW, -h0, (h0 - h1) / q1**exponent, exponent, h0, q1
    if len(x) < 2 or (np.diff(y) >= 0).any() or (np.diff(x) <= 0).any():
        raise ValueError("the head does not fall with the flow")
    return CURVE, 0.0, 0.0, 1.0, y[0], (x[0] + x[-1]) / 2.0


def _devices(model: HydraulicModel, network: Network, links: np.ndarray, outlet: np.ndarray) -> tuple[Devices, np.ndarray]:
    kind = model.link_type[links].astype(np.int8)
    count = len(links)
    numbers = np.zeros((5, count))
    law = np.full(count, -1, np.int8)
    points, start = [np.zeros((0, 2))], [0]
    for s, k in enumerate(links):
        curve = None
        index = model.pump_curve[k] if kind[s] == LinkType.PUMP else model.valve_curve[k] if kind[s] == LinkType.GPV else -1
        if index >= 0:
            curve = np.asarray(model.curves[index]) / (CFS, FOOT)
        if kind[s] == LinkType.PUMP:
            law[s], *numbers[:, s] = pump_law(curve, model.pump_power[k])
        if curve is not None:
            points.append(curve)
        start.append(start[-1] + (0 if curve is None else len(curve)))
    diameter = np.where(kind == LinkType.PUMP, 1.0, np.nan_to_num(model.diameter[links], nan=1.0)) / FOOT
    area2 = 0.02517 / np.maximum(diameter, 1e-6) ** 4
    table = np.concatenate(points)
    factor = np.select([np.isin(kind, (3, 4, 5)), kind == 6], [FOOT, CFS], 1.0)
    active = (model.initial_status[links] == Status.ACTIVE) | (kind == LinkType.PUMP) | (kind == LinkType.GPV)
    setting = np.where(active, model.initial_setting[links] / factor, np.nan)
    closed_pump = (kind == LinkType.PUMP) & (model.initial_status[links] == Status.CLOSED)
    setting[closed_pump & np.isnan(setting)] = 1.0
    regulating = np.flatnonzero(np.isin(kind, (LinkType.PRV, LinkType.PSV)))
    near = _near(network, kind, regulating)
    node = near[0]
    devices = Devices(
        kind, law, numbers[0].copy(), numbers[1].copy(), numbers[2].copy(), numbers[3].copy(), numbers[4].copy(),
        np.where(kind == LinkType.PUMP, 0.0, np.nan_to_num(model.minor_loss[links])) * area2, area2, np.array(start, np.int32),
        np.ascontiguousarray(table[:, 0]), np.ascontiguousarray(table[:, 1]), regulating.astype(np.int64), node,
        outlet[node].astype(np.int64) if len(node) else np.zeros(0, np.int64), *near[1:],
    )
    return devices, setting


def _near(network: Network, kind: np.ndarray, regulating: np.ndarray) -> tuple[np.ndarray, np.ndarray, np.ndarray, np.ndarray]:
    """Node whose balance each regulating valve closes, and the other links there with their direction."""
    node, start, link, sign = [], [0], [], []
    for s in regulating:
        k = network.pipes + s
        n = network.tail[k] if kind[s] == LinkType.PRV else network.head[k]
        for a in np.flatnonzero((network.head == n) | (network.tail == n)):
            if a != k:
                link.append(a)
                sign.append(1.0 if network.tail[a] == n else -1.0)
        node.append(n)
        start.append(len(link))
    return np.array(node, np.int64), np.array(start, np.int64), np.array(link, np.int64), np.array(sign, float)


def _fixed(model: HydraulicModel, junctions: int) -> Fixed:
    at = slice(junctions, None)
    tank = model.node_type[at] == NodeType.TANK
    bottom = model.elevation[at] / FOOT

    def of(array: np.ndarray, factor: float) -> np.ndarray:
        return np.where(tank, np.nan_to_num(array[at]) / factor, 0.0)

    low, high, area = of(model.tank_minimum, FOOT), of(model.tank_maximum, FOOT), of(model.tank_area, FOOT**2)
    least = of(model.tank_minimum_volume, FOOT**3)
    least = np.where(least > 0, least, area * low)
    most = least + area * (high - low)
    start, levels, volumes = [0], [np.zeros(0)], [np.zeros(0)]
    for f in range(len(tank)):
        if tank[f] and model.tank_curve[junctions + f] >= 0:
            curve = np.asarray(model.curves[model.tank_curve[junctions + f]])
            x, y = curve[:, 0] / FOOT, curve[:, 1] / FOOT**3
            least[f], most[f] = np.interp(low[f], x, y), np.interp(high[f], x, y)
            area[f] = (y[-1] - y[0]) / (x[-1] - x[0])
            levels.append(x)
            volumes.append(y)
        start.append(start[-1] + len(levels[-1]) * int(bool(tank[f] and model.tank_curve[junctions + f] >= 0)))
    return Fixed(
        tank, bottom + low, bottom + high, least, most, area, np.asarray(model.tank_overflow[at], bool), np.array(start, np.int64),
        np.concatenate(levels), np.concatenate(volumes), bottom, np.where(tank, -1, model.head_pattern[at]).astype(np.int64),
    )


def start_heads(model: HydraulicModel) -> np.ndarray:
    """Heads [ft] of the fixed nodes to start from: initial levels of tanks."""
    at = slice(model.junctions, None)
    level = np.where(model.node_type[at] == NodeType.TANK, np.nan_to_num(model.tank_initial[at]), 0.0)
    return (model.elevation[at] + level) / FOOT


def _flat(arrays, dtype=float) -> tuple[np.ndarray, np.ndarray]:
    start = np.concatenate([[0], np.cumsum([len(a) for a in arrays])]).astype(np.int64)
    return start, np.concatenate([np.asarray(a, dtype) for a in arrays]) if len(arrays) else np.zeros(0, dtype)


def _schedule(model, network, fixed, kind, order, place, outlet_node, outlet, rules) -> Schedule:
    row = outlet[model.demand_node]
    start, sequence = grouped(row, len(outlet_node))
    base = model.demand_base[sequence] * model.options.demand_multiplier / CFS
    pattern_start, pattern_value = _flat(model.patterns)
    speed = np.flatnonzero((kind == LinkType.PUMP) & (model.pump_pattern >= 0))
    controls = model.controls
    targets = [control_target(kind[c.link], c.status, c.setting) for c in controls]
    level = [c.type in (ControlType.LOW_LEVEL, ControlType.HIGH_LEVEL) for c in controls]
    value = [(model.elevation[c.node] + c.threshold) / FOOT if is_level else c.threshold for c, is_level in zip(controls, level, strict=True)]
    tank = np.zeros(model.nodes, bool)
    tank[model.junctions:] = fixed.tank
    sorted_kind = kind[order]
    watched = (sorted_kind == LinkType.CVPIPE) | np.isin(sorted_kind, (LinkType.PUMP, LinkType.FCV)) | tank[network.head] | tank[network.tail]
    watched = place[np.sort(order[watched])]
    control_link = np.array([place[c.link] for c in controls], np.int64)
    moves = np.arange(network.links) >= network.pipes
    for links in (watched, control_link, rules.action_link):
        moves[links] = True
    return Schedule(
        start.astype(np.int64), base, np.where(model.demand_pattern[sequence] < 0, len(model.patterns), model.demand_pattern[sequence]), pattern_start, pattern_value,
        place[speed].astype(np.int64), model.pump_pattern[speed].astype(np.int64), np.array([c.type for c in controls], np.int64),
        control_link, np.array([t[0] for t in targets], np.int8), np.array([t[1] for t in targets], float),
        np.array([c.node if is_level else -1 for c, is_level in zip(controls, level, strict=True)], np.int64), np.array(value, float),
        np.array([kind[c.link] >= LinkType.PRV for c in controls], bool), watched.astype(np.int64), sorted_kind[watched] == LinkType.CVPIPE,
        any(is_level and c.node < model.junctions for c, is_level in zip(controls, level, strict=True)), np.flatnonzero(moves), moves,
    )


def _limits(model: HydraulicModel) -> Limits:
    """Stopping rules; steps as EPANET adjusts them to each other."""
    o = model.options
    pattern = int(o.pattern_step) if o.pattern_step > 0 else 3600
    report = int(o.report_step) or pattern
    hydraulic = min(int(o.hydraulic_step) if o.hydraulic_step > 0 else 3600, pattern, report)
    rule = min(int(o.rule_step) or max(hydraulic // 10, 1), hydraulic)
    return Limits(
        o.accuracy, o.trials, o.unbalanced, o.check_frequency, o.max_check, o.damp_limit, o.head_error / FOOT, o.flow_change / CFS,
        int(o.duration), hydraulic, pattern, int(o.pattern_start), report, max(rule, 1), int(o.start_time) % 86400,
    )
