"""A pressurised water network as arrays, in the vocabulary of EPANET and in SI units.

One value serves the batched solver and the EPANET engine. It is made from a city by `holdfast.domains.water.hydraulics`.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from enum import IntEnum

import numpy as np
import pyarrow as pa

from holdfast.engines.network.required import require


class NodeType(IntEnum):
    """EPANET's node types, with its numbers."""

    JUNCTION = 0
    RESERVOIR = 1
    TANK = 2


class LinkType(IntEnum):
    """EPANET's link types, with its numbers."""

    CVPIPE = 0
    PIPE = 1
    PUMP = 2
    PRV = 3
    PSV = 4
    PBV = 5
    FCV = 6
    TCV = 7
    GPV = 8
    PCV = 9


class Status(IntEnum):
    """What a link is told to do. ACTIVE: a valve that follows its setting."""

    CLOSED = 0
    OPEN = 1
    ACTIVE = 2


class ControlType(IntEnum):
    """When a simple control acts: EPANET's types, with its numbers."""

    LOW_LEVEL = 0
    HIGH_LEVEL = 1
    TIMER = 2
    TIME_OF_DAY = 3


@dataclass(frozen=True, slots=True)
class Control:
    """A simple control: set a link when a node's level [m above its elevation] or a time [s] is reached.

    status, setting   what the link gets; setting is speed, pressure [m], flow [m3/s] or loss coefficient, None leaves it
    node              position of the node, -1 for times
    threshold         [m] of pressure or level, or [s]
    """

    type: ControlType
    link: int
    status: int | None
    setting: float | None
    node: int
    threshold: float


@dataclass(frozen=True, slots=True)
class Rule:
    """A rule-based control. clauses in SI: see `Premise` and `Action`."""

    name: str
    premises: tuple[Premise, ...]
    then: tuple[Action, ...]
    otherwise: tuple[Action, ...] = ()
    priority: float = 0.0


@dataclass(frozen=True, slots=True)
class Premise:
    """One test: `joined` IF, AND or OR; object "node", "link" or "system"; attribute and relation in EPANET's words in upper case."""

    joined: str
    object: str
    index: int
    attribute: str
    relation: str
    value: float


@dataclass(frozen=True, slots=True)
class Action:
    """What a rule does to a link: a `Status`, or a setting in SI (a speed above 0 starts a pump, 0 stops it); never both."""

    link: int
    status: int | None
    setting: float | None


@dataclass(frozen=True, slots=True)
class Options:
    """Hydraulic options and times, EPANET's names, SI. Defaults are EPANET's."""

    headloss: str = "H-W"  # H-W, D-W or C-M
    viscosity: float = 1.0219e-6  # kinematic [m2/s]; EPANET's 1.1e-5 ft2/s
    specific_gravity: float = 1.0
    demand_model: str = "DDA"  # DDA or PDA
    minimum_pressure: float = 0.0  # [m]
    required_pressure: float = 0.07  # [m]; EPANET's 0.1 psi
    pressure_exponent: float = 0.5
    emitter_exponent: float = 0.5  # flow = coefficient * pressure ** exponent
    emitter_backflow: bool = True
    demand_multiplier: float = 1.0
    accuracy: float = 1e-3
    trials: int = 200
    unbalanced: int = -1  # -1 stop, n >= 0 continue with n more trials
    check_frequency: int = 2
    max_check: int = 10
    damp_limit: float = 0.0
    head_error: float = 0.0
    flow_change: float = 0.0
    duration: float = 0.0  # times in [s]
    hydraulic_step: float = 3600.0
    pattern_step: float = 3600.0
    pattern_start: float = 0.0
    report_step: float = 3600.0
    report_start: float = 0.0
    rule_step: float = 360.0
    start_time: float = 0.0  # of day
    quality: str = "NONE"  # NONE, CHEMICAL, AGE or TRACE
    extra: dict[str, str] = field(default_factory=dict)  # further options of the source file, as delivered


@dataclass(frozen=True, slots=True)
class HydraulicModel:
    """The network. Junctions come first, then reservoirs, then tanks; all numbers SI, NaN or -1 where they do not apply.

    node_id          (node,) asset ids                 node_type     (node,) int8 `NodeType`
    elevation        (node,) [m]; for reservoirs the head
    head_pattern     (node,) pattern of a reservoir's head, -1 none
    emitter          (node,) [m3/s at 1 m], 0 none
    tank_initial, tank_minimum, tank_maximum  (node,) levels above the bottom [m]
    tank_area        (node,) [m2]                      tank_minimum_volume (node,) [m3]
    tank_curve       (node,) volume curve, -1 none     tank_overflow (node,) bool
    demand_node, demand_base, demand_pattern  (demand,) categories [m3/s]; pattern -1 is constant
    link_id          (link,) asset ids                 link_type     (link,) int8 `LinkType`
    link_from, link_to  (link,) node positions
    length, diameter (link,) [m]
    roughness        (link,) Hazen-Williams C, wall roughness [m] or Manning n as `options.headloss` says
    minor_loss       (link,) coefficient
    initial_status   (link,) int8 `Status`             initial_setting (link,) pump speed; PRV, PSV, PBV [m]; FCV [m3/s]; TCV loss; PCV opening
    pump_curve       (link,) head curve, -1 none       pump_power    (link,) constant power [W], NaN none
    pump_pattern     (link,) speed pattern, -1 none    valve_curve   (link,) loss curve of a GPV, opening curve of a PCV, -1 none
    patterns         multipliers, one array per pattern
    curves           (points, 2) arrays: flow [m3/s] against head [m], level [m] against volume [m3], opening against share
    controls, rules  what changes links in time
    """

    node_id: pa.Array
    node_type: np.ndarray
    node_xy: np.ndarray
    elevation: np.ndarray
    head_pattern: np.ndarray
    emitter: np.ndarray
    tank_initial: np.ndarray
    tank_minimum: np.ndarray
    tank_maximum: np.ndarray
    tank_area: np.ndarray
    tank_minimum_volume: np.ndarray
    tank_curve: np.ndarray
    tank_overflow: np.ndarray
    demand_node: np.ndarray
    demand_base: np.ndarray
    demand_pattern: np.ndarray
    link_id: pa.Array
    link_type: np.ndarray
    link_from: np.ndarray
    link_to: np.ndarray
    length: np.ndarray
    diameter: np.ndarray
    roughness: np.ndarray
    minor_loss: np.ndarray
    initial_status: np.ndarray
    initial_setting: np.ndarray
    pump_curve: np.ndarray
    pump_power: np.ndarray
    pump_pattern: np.ndarray
    valve_curve: np.ndarray
    patterns: tuple[np.ndarray, ...] = ()
    pattern_id: tuple[str, ...] = ()
    curves: tuple[np.ndarray, ...] = ()
    curve_id: tuple[str, ...] = ()
    controls: tuple[Control, ...] = ()
    rules: tuple[Rule, ...] = ()
    options: Options = Options()

    @property
    def nodes(self) -> int:
        return len(self.node_id)

    @property
    def links(self) -> int:
        return len(self.link_id)

    @property
    def junctions(self) -> int:
        return int(np.count_nonzero(self.node_type == NodeType.JUNCTION))

    def require_numbers(self) -> None:
        """Refuse numbers that no hydraulic law can take. raises Invalid naming the field and the first few assets"""
        pipe, demand_id = self.link_type <= LinkType.PIPE, self.node_id.take(pa.array(self.demand_node))
        require("elevation", self.elevation, ids=self.node_id)
        require("emitter", self.emitter, least=0.0, ids=self.node_id)
        require("demand", self.demand_base, ids=demand_id)
        require("diameter", self.diameter, above=0.0, where=pipe, ids=self.link_id)
        require("length", self.length, least=0.0, where=pipe, ids=self.link_id)
        if self.options.headloss == "D-W":  # a wall without roughness is a wall
            require("roughness", self.roughness, least=0.0, where=pipe, ids=self.link_id)
        else:
            require("roughness", self.roughness, above=0.0, where=pipe, ids=self.link_id)
