"""The arrays the hydraulic kernels work on: what never changes while solving, and what every lane carries.

Lengths are in feet and flows in cubic feet per second, because EPANET's tolerances, barriers and small and large coefficients are
numbers in these units and its answers near zero flow depend on them. Conversion happens once on the way in (`compile`) and out.

Nodes keep the model's order: junctions, then nodes of fixed head. Links are sorted by law: plain pipes, pipes with a minor loss, then
pumps and valves, called devices. Arrays named `(..., 8)` hold eight scenarios, one per lane.
"""

from __future__ import annotations

from typing import NamedTuple

from holdfast.engines.network.pack import (
    Blocks,
    ByteBlocks,
    ByteRows,
    Bytes,
    Counts,
    Flags,
    IntRows,
    Ints,
    Reals,
    Rows,
    ShortRows,
    Shorts,
    SingleBlocks,
    Singles,
    declare,
    opener,
)
from holdfast.engines.network.sparse import Factor

FOOT = 0.3048  # [m]
CFS = FOOT**3  # [m3/s]
BIG, SMALL = 1e8, 1e-6  # conductance of what must not give way, resistance of what must not resist
FLAT = 1e-7  # slope of head loss [ft/cfs] below which laws become linear
HEAD_TOLERANCE, FLOW_TOLERANCE = 0.0005, 0.0001  # [ft], [cfs]
NO_FLOW = 1e-6  # [cfs]

# States of a link, with EPANET's numbers: all up to CLOSED let nothing through.
XHEAD, TEMPCLOSED, CLOSED, OPEN, ACTIVE, XFLOW, XFCV, XPRESSURE = range(8)
# Numbers of a pipe with a leak on its way, `Lanes.part`: what is given, the three flows, then conductances and excesses of this iteration.
SHARE, LEAK_LAW, LEVEL, TAIL_FLOW, LEAK_FLOW, P1, E1, P2, E2, P3, E3 = range(11)
# Kinds of pump law.
POWER_LAW, CONSTANT_POWER, CURVE = range(3)


class Network(NamedTuple):
    """Topology. Counts, then the lists from which the equations are gathered.

    junctions, nodes, links    counts; fixed-head nodes are junctions .. nodes - 1
    plain, pipes               links 0 .. plain - 1 have no minor loss, plain .. pipes - 1 have one, the rest are devices
    head, tail                 (link,) start and end node
    out_start, out_link, in_start, in_link  links that start and end at each junction
    row, row_start, row_link, row_sign  junctions sorted by number of links, so that loops over them keep their length; per junction its links,
                               +1 where they start there, -1 where they end
    single, single_link        off-diagonal entries that belong to one link, and that link
    double, double_start, double_link  entries of parallel links, and these
    fill                       entries that belong to none
    fixed_junction, fixed_link, fixed_node  links between a junction and a fixed head
    entry_of                   (link,) off-diagonal entry, -1 none
    end_start, end_link        links at each fixed-head node, those that end there first
    end_sign                   +1 where the link ends there, -1 where it starts
    begin                      (link,) flow of an open pipe or valve to start from
    stranded                   junctions that no link at all joins to a fixed head
    """

    junctions: int
    nodes: int
    links: int
    plain: int
    pipes: int
    head: Shorts
    tail: Shorts
    out_start: Shorts
    out_link: Shorts
    in_start: Shorts
    in_link: Shorts
    row: Shorts
    row_start: Shorts
    row_link: Shorts
    row_sign: Reals
    single: Shorts
    single_link: Shorts
    double: Shorts
    double_start: Shorts
    double_link: Shorts
    fill: Shorts
    fixed_junction: Shorts
    fixed_link: Shorts
    fixed_node: Shorts
    entry_of: Shorts
    end_start: Shorts
    end_link: Shorts
    end_sign: Reals
    begin: Reals
    stranded: Ints


class Laws(NamedTuple):
    """Pipe and demand laws.

    power          exponent of flow in the pipe law; 1.852 or 2
    slope          (pipe,) power * resistance
    inverse        (pipe,) 1 / slope
    minor          (pipe,) minor loss [ft/cfs2]
    rough, thick   (pipe,) Darcy-Weisbach only: relative roughness, viscosity * diameter; empty otherwise
    elevation      (node,) [ft]
    demand_node    (outlet,) junctions with a demand
    pressure_driven, low, span, demand_power  pressure-driven demand: off or on, minimum [ft], range [ft], 1 / exponent
    emitter_power, backflow  1 / exponent of emitters, whether they may flow in
    """

    power: float
    slope: Reals
    inverse: Reals
    minor: Reals
    rough: Reals
    thick: Reals
    elevation: Reals
    demand_node: Shorts
    pressure_driven: bool
    low: float
    span: float
    demand_power: float
    emitter_power: float
    backflow: bool


class Devices(NamedTuple):
    """Pumps and valves, in the order of their links.

    kind          (device,) EPANET's link type
    law           (device,) kind of pump law, -1 for valves
    shutoff, resistance, power  (device,) pump curve h = shutoff + resistance q^power, head gain negative
    top           (device,) largest head a pump gives at speed 1 [ft]
    design        (device,) flow to start from [cfs]
    minor         (device,) minor loss of the open valve [ft/cfs2]
    area2         (device,) 0.02517 / diameter^4: turns a loss coefficient into `minor`
    curve_start   (device + 1,) points of the curve of each
    curve_flow, curve_head  points [cfs], [ft]
    regulating    devices that are PRV or PSV, in link order
    near_node, near_outlet        per regulating valve: the node whose balance it closes, and its row among the outlets, -1 none
    near_start, near_link, near_sign  the other links there, +1 flowing in
    """

    kind: Bytes
    law: Bytes
    shutoff: Reals
    resistance: Reals
    power: Reals
    top: Reals
    design: Reals
    minor: Reals
    area2: Reals
    curve_start: Ints
    curve_flow: Reals
    curve_head: Reals
    regulating: Ints
    near_node: Ints
    near_outlet: Ints
    near_start: Ints
    near_link: Ints
    near_sign: Reals


class Fixed(NamedTuple):
    """Reservoirs and tanks, one row per fixed-head node.

    tank            bool
    lowest, highest, least, most  heads [ft] and volumes [ft3] of an empty and a full tank
    area            [ft2]
    overflow        bool
    curve_start, curve_level, curve_volume  points above the bottom [ft], [ft3]
    bottom          [ft]; for reservoirs the head
    pattern         pattern of a reservoir's head, -1 none
    """

    tank: Flags
    lowest: Reals
    highest: Reals
    least: Reals
    most: Reals
    area: Reals
    overflow: Flags
    curve_start: Ints
    curve_level: Reals
    curve_volume: Reals
    bottom: Reals
    pattern: Ints


class Schedule(NamedTuple):
    """What changes with time.

    category_start, category_base, category_pattern  (outlet + 1,), then per category: base demand [cfs], pattern; the number of patterns for none
    pattern_start, pattern_value  all patterns, one after the other
    speed_link, speed_pattern     pumps with a speed pattern
    control_*      simple controls in order: type, link, state, setting (NaN none), node (-1 none), head [ft] or time [s]
    control_valve  (control,) bool: the link is a valve
    watched, one_way   links whose state the solver itself may change: check valves, pumps, FCVs, links at tanks; whether it is a check valve
    pressure_controls  whether some control follows the pressure at a junction; movable, moves  links that may open or close in a case, (link,) whether they may
    """

    category_start: Ints
    category_base: Reals
    category_pattern: Ints
    pattern_start: Ints
    pattern_value: Reals
    speed_link: Ints
    speed_pattern: Ints
    control_type: Ints
    control_link: Ints
    control_state: Bytes
    control_setting: Reals
    control_node: Ints
    control_value: Reals
    control_valve: Flags
    watched: Ints
    one_way: Flags
    pressure_controls: bool
    movable: Ints
    moves: Flags


class Rules(NamedTuple):
    """Rule-based controls as flat lists.

    premise_start  (rule + 1,); per premise: join (0 and, 1 or), object (0 node, 1 link, 2 system), index, what, relation, value, tolerance
    then_start, else_start  (rule + 1,) into actions: link, state (-1 none), setting (NaN none)
    priority       (rule,)
    """

    premise_start: Ints
    join: Ints
    object: Ints
    index: Ints
    what: Ints
    relation: Ints
    value: Reals
    tolerance: Reals
    then_start: Ints
    else_start: Ints
    action_link: Ints
    action_state: Ints
    action_setting: Reals
    priority: Reals


class Limits(NamedTuple):
    """When to stop iterating, and times in whole seconds."""

    accuracy: float
    trials: int
    extra: int
    check_every: int
    check_until: int
    damping: float
    head_error: float
    flow_change: float
    duration: int
    hydraulic_step: int
    pattern_step: int
    pattern_start: int
    report_step: int
    rule_step: int
    clock: int


class Lanes(NamedTuple):
    """State of eight scenarios.

    flow, conductance, excess   (link, 8) flow; 1 / slope of head loss; head loss / slope - flow
    head                        (node, 8)
    ground, off                 (junction, 8), (entries, 8) the equations, see `sparse.eliminate_grounded`
    right                       (junction, 8) the rows of `head` that belong to junctions: the solution replaces the right-hand side
    state                       (link, 8) int8; setting (device, 8) NaN where none; locked (link, 8) int8: controls must not touch
    due                         (outlet, 8) demand of the customers
    wanted, taken, ask, answer, bend  (outlet, 8) demand that can be asked for, supply, conductance, head / slope, coefficient of the law
    drawn_node, drawn           (draw,) junctions, (draw, 8) what is drawn there whatever the pressure
    cut                         (junction, 8) int8: 1 where no open way leads to a fixed head; zone int32, fed int8 (junction, 8): see `islands`
    leak_node                   (leak, 8) int32 node of each emitter, -1 none; leak_law, leak_flow, leak_ask, leak_answer (leak, 8)
    broken                      (break, 8) int32 pipe with a leak on its way, -1 none; part (break, 11, 8) its numbers, see `breaks`
    volume, inflow              (fixed, 8)
    period, multiplier          (1, 8) pattern period of `due`; (pattern + 1, 8) multipliers in it, the last is 1
    total, change, largest, bad, relax, misfit  (1, 8) sums of flow and of its change, largest change, failed pivot, relaxation, PDA misfit
    """

    flow: Rows
    conductance: Rows
    excess: Rows
    head: Rows
    ground: Rows
    right: Rows
    off: Rows
    state: ByteRows
    setting: Rows
    locked: ByteRows
    due: Rows
    wanted: Rows
    taken: Rows
    ask: Rows
    answer: Rows
    bend: Rows
    drawn_node: Ints
    drawn: Rows
    cut: ByteRows
    zone: ShortRows
    fed: ByteRows
    leak_node: IntRows
    leak_law: Rows
    leak_flow: Rows
    leak_ask: Rows
    leak_answer: Rows
    broken: IntRows
    part: Blocks
    volume: Rows
    inflow: Rows
    period: Rows
    multiplier: Rows
    total: Rows
    change: Rows
    largest: Rows
    bad: Rows
    relax: Rows
    misfit: Rows


class Batch(NamedTuple):
    """What tells the cases apart; arrays with one row hold for all.

    begin       (case,) int64 time of the first solution [s]
    state, setting  (1 or case, link) int8, (1 or case, device): where links start
    command     (1 or case, link) int8 `Command`
    factor      (1 or case, 1 or outlet) multiplier of demand
    head        (1 or case, fixed) starting heads of tanks [ft]
    leak_start  (case + 1,); per leak: leak_place (pipe or node), leak_share along the pipe, NaN at a node, leak_law
    always_node, always_law  emitters of the model
    drawn_node, drawn  (draw,), (case, draw) demands whatever the pressure [cfs]
    flow, ratio  (0, 1 or case, link), (0, 1 or case, outlet) flows and shares of supply to start from; none starts as EPANET does
    resume      start supplies of a later step from the shares of the step before, instead of from full supply
    """

    begin: Ints
    state: ByteRows
    setting: Rows
    command: ByteRows
    factor: Rows
    head: Rows
    leak_start: Ints
    leak_place: Ints
    leak_share: Reals
    leak_law: Reals
    always_node: Ints
    always_law: Reals
    drawn_node: Ints
    drawn: Rows
    flow: Rows
    ratio: Rows
    resume: bool


class Output(NamedTuple):
    """Results; arrays of no cases are not wanted. SI, in the order of the kernel's links.

    head, wanted, supply   (case, step, node) float32 [m], [m3/s]: demand of the customers, and what they get
    leak           (case, step, node) float32 [m3/s] through emitters and leaks
    flow, state    (case, step, link) float32 [m3/s], int8
    deficit, due   (case, node) float64 [m3] not delivered, and asked for, over the period
    lowest         (case, node) float32 [m] lowest pressure
    level          (case, fixed) float64 heads of the fixed nodes at the end [m]
    last_flow, last_ratio  (case, link), (case, outlet) float64 flow [cfs] and share of supply at the end, to start others from
    last_state, last_setting  (case, link), (case, device)
    status         (case,) int8; iterations, solutions, unbalanced (case,) int32
    """

    head: SingleBlocks
    wanted: SingleBlocks
    supply: SingleBlocks
    leak: SingleBlocks
    flow: SingleBlocks
    state: ByteBlocks
    deficit: Rows
    due: Rows
    lowest: Singles
    level: Rows
    last_flow: Rows
    last_ratio: Rows
    last_state: ByteRows
    last_setting: Rows
    status: Bytes
    iterations: Counts
    solutions: Counts
    unbalanced: Counts


open_network, open_factor, open_laws, open_devices, open_fixed, open_schedule, open_rules, open_limits, open_batch, open_lanes, open_output = (
    opener(declare(kind)) for kind in (Network, Factor, Laws, Devices, Fixed, Schedule, Rules, Limits, Batch, Lanes, Output)
)
