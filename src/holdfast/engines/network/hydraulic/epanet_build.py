"""A hydraulic model inside the EPANET toolkit, built through its functions and never through a file.

Projects are in cubic metres per second and metres. EPANET rounds its unit factors, each unit differently; flows are scaled so that the numbers inside
the engine are those that a file in the model's own unit would give.
"""

from __future__ import annotations

import os
import warnings
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import numpy as np
from epanet import toolkit as en

from holdfast.model.errors import Invalid

from .model import Control, HydraulicModel, LinkType, NodeType, Premise, Rule, Status
from .units import PER_CFS, US, flow_unit

_SI = {"CFS": 0.3048**3, "GPM": 0.003785411784 / 60, "MGD": 3785.411784 / 86400, "IMGD": 4546.09 / 86400, "AFD": 43560 * 0.3048**3 / 86400, "LPS": 1e-3,
       "LPM": 1e-3 / 60, "MLD": 1e3 / 86400, "CMH": 1 / 3600, "CMD": 1 / 86400, "CMS": 1.0}  # fmt: skip
_KW_PER_HP, _TRUE_KW_PER_HP = 0.7457, 0.745699871582
_VISCOSITY = 1.1e-5 * 0.3048**2
_LOSS = {"H-W": en.HW, "D-W": en.DW, "C-M": en.CM}
_NODE = {NodeType.JUNCTION: en.JUNCTION, NodeType.RESERVOIR: en.RESERVOIR, NodeType.TANK: en.TANK}
_PRESSURE_VALVES = (LinkType.PRV, LinkType.PSV, LinkType.PBV)


class Scale:
    """Factors SI -> project. flow; power [kW per W]; pressure: metres of head -> the project's metres, by specific gravity."""

    def __init__(self, model: HydraulicModel) -> None:
        unit = flow_unit(model.options)
        self.flow = PER_CFS["CMS"] / (PER_CFS[unit] * _SI[unit])
        self.power = 1e-3 * (_KW_PER_HP / _TRUE_KW_PER_HP if unit in US else 1.0)
        self.pressure = model.options.specific_gravity

    def setting(self, link_type: int) -> float:
        """Factor of a link's setting."""
        if link_type in _PRESSURE_VALVES:
            return self.pressure
        return self.flow if link_type == LinkType.FCV else 100.0 if link_type == LinkType.PCV else 1.0

    def emitter(self, exponent: float) -> float:
        """Factor of an emitter coefficient."""
        return self.flow / self.pressure**exponent


@contextmanager
def quiet() -> Iterator[None]:
    """The toolkit's warnings become what the caller reads from its statistics."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        yield


def doubles(values: np.ndarray) -> Any:
    """A C array of the toolkit."""
    array = en.doubleArray(max(len(values), 1))
    for at, value in enumerate(np.asarray(values, np.float64).tolist()):
        array[at] = value
    return array


def open_project(model: HydraulicModel) -> int:
    """A project with the whole model; node and link positions are the toolkit's indices less one, in the model's order.

    raises    Invalid for numbers that no law can take, which EPANET lets pass where they are not numbers; with EPANET's words where it refuses the model
    """
    model.require_numbers()
    project = en.createproject()
    try:
        with quiet():
            en.init(project, os.devnull, "", en.CMS, _LOSS[model.options.headloss])
            _fill(project, model, Scale(model))
    except Exception as error:
        en.deleteproject(project)
        raise Invalid(f"EPANET does not take the network: {error}", fix="Correct what the findings of the water model name") from error
    return project


def _fill(project: int, model: HydraulicModel, scale: Scale) -> None:
    en.setoption(project, en.PRESS_UNITS, en.METERS)
    en.setoption(project, en.SP_GRAVITY, model.options.specific_gravity)
    for at, values in enumerate(model.patterns):
        en.addpattern(project, f"P{at}")
        en.setpattern(project, at + 1, doubles(values), len(values))
    _curves(project, model, scale)
    _nodes(project, model, scale)
    _links(project, model, scale)
    set_options(project, model)
    for control in model.controls:
        _control(project, model, control, scale)
    for at, rule in enumerate(model.rules):
        en.addrule(project, _rule(rule, at, model, scale))


def _curves(project: int, model: HydraulicModel, scale: Scale) -> None:
    """Curves in the project's units by what uses them; a curve of the wrong kind cannot occur, each has one use."""
    by_flow = {int(c) for c in model.pump_curve if c >= 0} | {int(c) for c in model.valve_curve[model.link_type == LinkType.GPV] if c >= 0}
    shares = {int(c) for c in model.valve_curve[model.link_type == LinkType.PCV] if c >= 0}
    for at, points in enumerate(model.curves):
        en.addcurve(project, f"C{at}")
        if len(points):
            x = points[:, 0] * (scale.flow if at in by_flow else 100.0 if at in shares else 1.0)
            y = points[:, 1] * (100.0 if at in shares else 1.0)
            en.setcurve(project, at + 1, doubles(x), doubles(y), len(points))


def _nodes(project: int, model: HydraulicModel, scale: Scale) -> None:
    for at, (kind, level) in enumerate(zip(model.node_type.tolist(), model.elevation.tolist(), strict=True)):
        index = en.addnode(project, f"N{at}", _NODE[NodeType(kind)])
        if kind != NodeType.TANK:
            en.setnodevalue(project, index, en.ELEVATION, level)
        if kind == NodeType.RESERVOIR and model.head_pattern[at] >= 0:
            en.setnodevalue(project, index, en.PATTERN, float(model.head_pattern[at] + 1))
        if kind == NodeType.TANK:
            curve = "" if model.tank_curve[at] < 0 else f"C{model.tank_curve[at]}"
            diameter = float(np.sqrt(4 * model.tank_area[at] / np.pi))
            levels = (float(model.tank_initial[at]), float(model.tank_minimum[at]), float(model.tank_maximum[at]))
            en.settankdata(project, index, level, *levels, diameter, float(model.tank_minimum_volume[at]), curve)
            en.setnodevalue(project, index, en.CANOVERFLOW, float(model.tank_overflow[at]))
    factor = scale.emitter(model.options.emitter_exponent)
    for at in np.flatnonzero(model.emitter > 0).tolist():
        en.setnodevalue(project, at + 1, en.EMITTER, float(model.emitter[at]) * factor)
    seen: set[int] = set()
    for node, base, pattern in zip(model.demand_node.tolist(), model.demand_base.tolist(), model.demand_pattern.tolist(), strict=True):
        name = "" if pattern < 0 else f"P{pattern}"
        if node in seen:
            en.adddemand(project, node + 1, base * scale.flow, name, "")
        else:
            seen.add(node)
            en.setbasedemand(project, node + 1, 1, base * scale.flow)
            en.setdemandpattern(project, node + 1, 1, pattern + 1)


def _links(project: int, model: HydraulicModel, scale: Scale) -> None:
    rough = 1000.0 if model.options.headloss == "D-W" else 1.0
    for at, kind in enumerate(model.link_type.tolist()):
        index = en.addlink(project, f"L{at}", kind, f"N{model.link_from[at]}", f"N{model.link_to[at]}")
        if kind in {LinkType.PIPE, LinkType.CVPIPE}:
            en.setpipedata(project, index, float(model.length[at]), float(model.diameter[at]) * 1000, float(model.roughness[at]) * rough, float(model.minor_loss[at]))
        elif kind == LinkType.PUMP:
            _pump(project, model, at, scale)
        else:
            en.setlinkvalue(project, index, en.DIAMETER, float(model.diameter[at]) * 1000)
            en.setlinkvalue(project, index, en.MINORLOSS, float(model.minor_loss[at]))
            if model.valve_curve[at] >= 0:
                en.setlinkvalue(project, index, en.GPV_CURVE if kind == LinkType.GPV else en.PCV_CURVE, float(model.valve_curve[at] + 1))
        restore(project, model, at, scale)


def _pump(project: int, model: HydraulicModel, at: int, scale: Scale) -> None:
    """A pump without curve and power stands still; the engine wants a power all the same."""
    if model.pump_curve[at] >= 0:
        en.setheadcurveindex(project, at + 1, int(model.pump_curve[at] + 1))
    else:
        power = float(model.pump_power[at])
        en.setlinkvalue(project, at + 1, en.PUMP_POWER, power * scale.power if power > 0 else 1.0)


def restore(project: int, model: HydraulicModel, at: int, scale: Scale) -> None:
    """Give a link its initial status, setting and speed pattern."""
    kind, state, index = int(model.link_type[at]), int(model.initial_status[at]), at + 1
    if kind == LinkType.CVPIPE:
        return
    if kind == LinkType.PUMP:
        en.setlinkvalue(project, index, en.LINKPATTERN, float(model.pump_pattern[at] + 1))
        run_pump(project, index, float(model.initial_setting[at]) if state != Status.CLOSED else 0.0)
        return
    if kind not in {LinkType.PIPE, LinkType.GPV} and np.isfinite(model.initial_setting[at]):
        en.setlinkvalue(project, index, en.INITSETTING, float(model.initial_setting[at]) * scale.setting(kind))
    if state != Status.ACTIVE or kind == LinkType.GPV:
        en.setlinkvalue(project, index, en.INITSTATUS, float(state != Status.CLOSED))


def run_pump(project: int, index: int, speed: float) -> None:
    """Start a pump at a speed, or stop it with none; the toolkit keeps status and speed apart."""
    en.setlinkvalue(project, index, en.INITSTATUS, float(speed > 0))
    en.setlinkvalue(project, index, en.INITSETTING, speed)


def set_options(project: int, model: HydraulicModel) -> None:
    """Options and times; times that bound others first."""
    options = model.options
    for code, value in (
        (en.TRIALS, options.trials), (en.ACCURACY, options.accuracy), (en.UNBALANCED, options.unbalanced), (en.EMITEXPON, options.emitter_exponent),
        (en.DEMANDMULT, options.demand_multiplier), (en.CHECKFREQ, options.check_frequency), (en.MAXCHECK, options.max_check), (en.DAMPLIMIT, options.damp_limit),
        (en.HEADERROR, options.head_error), (en.FLOWCHANGE, options.flow_change), (en.SP_VISCOS, options.viscosity / _VISCOSITY),
        (en.EMITBACKFLOW, options.emitter_backflow),
    ):  # fmt: skip
        en.setoption(project, code, float(value))
    pressure = options.specific_gravity
    required = max(options.required_pressure, options.minimum_pressure + 0.1)  # EPANET wants at least that much between them
    en.setdemandmodel(project, en.PDA if options.demand_model == "PDA" else en.DDA, options.minimum_pressure * pressure, required * pressure, options.pressure_exponent)
    for code, value in (
        (en.DURATION, options.duration), (en.PATTERNSTEP, options.pattern_step), (en.REPORTSTEP, options.report_step), (en.HYDSTEP, options.hydraulic_step),
        (en.PATTERNSTART, options.pattern_start), (en.REPORTSTART, options.report_start), (en.RULESTEP, options.rule_step), (en.STARTTIME, options.start_time),
    ):  # fmt: skip
        en.settimeparam(project, code, round(value))


def _control(project: int, model: HydraulicModel, control: Control, scale: Scale) -> None:
    kind = int(model.link_type[control.link])
    if control.setting is not None:
        setting = control.setting * scale.setting(kind)
    elif kind in {LinkType.PIPE, LinkType.PUMP, LinkType.GPV}:
        setting = float(control.status != Status.CLOSED)
    else:
        setting = en.SET_CLOSED if control.status == Status.CLOSED else en.SET_OPEN
    level = control.threshold
    if control.node >= 0 and model.node_type[control.node] == NodeType.JUNCTION:
        level *= scale.pressure
    en.addcontrol(project, int(control.type), control.link + 1, setting, control.node + 1, level)


_STATES = {Status.CLOSED: "CLOSED", Status.OPEN: "OPEN", Status.ACTIVE: "ACTIVE"}
_CONDITION = {"DEMAND": "flow", "FLOW": "flow", "PRESSURE": "pressure", "POWER": "power"}


def _rule(rule: Rule, at: int, model: HydraulicModel, scale: Scale) -> str:
    """The rule in EPANET's words and the project's units."""
    lines = [f"RULE R{at}", *(_premise(premise, model, scale) for premise in rule.premises)]
    for first, actions in (("THEN", rule.then), ("ELSE", rule.otherwise)):
        for place, action in enumerate(actions):
            value = f"SETTING IS {action.setting * scale.setting(int(model.link_type[action.link]))!r}" if action.setting is not None else (
                f"STATUS IS {_STATES[Status(action.status or 0)]}")  # fmt: skip
            lines.append(f"{'AND' if place else first} LINK L{action.link} {value}")
    return "\n".join([*lines, f"PRIORITY {rule.priority!r}"])


def _premise(premise: Premise, model: HydraulicModel, scale: Scale) -> str:
    thing = "SYSTEM" if premise.object == "system" else f"{premise.object.upper()} {'N' if premise.object == 'node' else 'L'}{premise.index}"
    if premise.attribute == "STATUS":
        return f"{premise.joined} {thing} STATUS {'NOT' if premise.relation == '<>' else 'IS'} {_STATES[Status(int(premise.value))]}"
    value = premise.value
    if premise.attribute in {"TIME", "CLOCKTIME", "FILLTIME", "DRAINTIME"}:
        value /= 3600.0
    elif premise.attribute == "SETTING":
        value *= scale.setting(int(model.link_type[premise.index]))
    elif premise.attribute in _CONDITION:
        value *= getattr(scale, _CONDITION[premise.attribute])
    return f"{premise.joined} {thing} {premise.attribute} {premise.relation} {value!r}"
