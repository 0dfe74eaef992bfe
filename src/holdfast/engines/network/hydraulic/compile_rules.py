"""From the controls and rules of a `HydraulicModel` to what the kernels compare and do: units, tolerances, lists."""

from __future__ import annotations

import math

import numpy as np

from holdfast.engines.network.hydraulic.arrays import ACTIVE, CFS, CLOSED, FOOT, OPEN, Rules
from holdfast.engines.network.hydraulic.model import HydraulicModel, LinkType, Status
from holdfast.engines.network.hydraulic.rules import ATTRIBUTES, RELATIONS
from holdfast.engines.network.hydraulic.units import PER_CFS, PSI_PER_FOOT, US, flow_unit

_PREMISE = 1e-3  # tolerance of premises of rules


def control_target(kind: int, status: int | None, setting: float | None) -> tuple[int, float]:
    """State and setting (internal units) a control gives to a link of a kind; setting NaN where it leaves the valve without one."""
    if setting is not None:
        factor = FOOT if kind in {3, 4, 5} else CFS if kind == 6 else 1.0
        value = setting / factor
        if kind == LinkType.PUMP or kind <= LinkType.PIPE:
            return (CLOSED if value == 0.0 else OPEN), value
        return ACTIVE, value
    if kind == LinkType.PUMP:
        return (OPEN, 1.0) if status else (CLOSED, 0.0)
    return (OPEN if status else CLOSED), math.nan


def _premise_value(model: HydraulicModel, premise) -> float:
    what, value = premise.attribute, premise.value
    if what in {"HEAD", "GRADE", "LEVEL", "PRESSURE"}:
        return value / FOOT
    if what in {"DEMAND", "FLOW"}:
        return value / CFS
    if what == "SETTING":
        kind = model.link_type[premise.index]
        return value / (FOOT if kind in {3, 4, 5} else CFS if kind == 6 else 1.0)
    return value


def _premise_tolerance(model: HydraulicModel, premise) -> float:
    """EPANET compares within a thousandth of the file's own unit."""
    what, unit = premise.attribute, flow_unit(model.options)
    american = unit in US
    pressure = 1.0 / PSI_PER_FOOT / model.options.specific_gravity if american else 1.0 / FOOT / model.options.specific_gravity
    kind = model.link_type[premise.index] if what == "SETTING" else -1
    if what == "PRESSURE" or kind in {3, 4, 5}:
        return _PREMISE * pressure
    if what in {"DEMAND", "FLOW"} or kind == LinkType.FCV:
        return _PREMISE / PER_CFS[unit]
    return _PREMISE * (1.0 if american or what not in {"HEAD", "GRADE", "LEVEL"} else 1.0 / FOOT)


def compile_rules(model: HydraulicModel, place: np.ndarray) -> Rules:
    """Rules as flat lists. place: (link,) kernel's position of each link."""
    premises, actions, premise_start, then_start, else_start = [], [], [0], [], []
    for rule in model.rules:
        for p in rule.premises:
            index = place[p.index] if p.object == "link" else p.index
            kind = {"node": 0, "link": 1, "system": 2}[p.object]
            premises.append((int(p.joined == "OR"), kind, index, ATTRIBUTES.index(p.attribute), RELATIONS[p.relation], _premise_value(model, p), _premise_tolerance(model, p)))
        premise_start.append(len(premises))
        then_start.append(len(actions))
        actions += [(place[a.link], *_action(model, a)) for a in rule.then]
        else_start.append(len(actions))
        actions += [(place[a.link], *_action(model, a)) for a in rule.otherwise]
    then_start.append(len(actions))
    columns = list(zip(*premises, strict=True)) or [()] * 7
    done = list(zip(*actions, strict=True)) or [()] * 3
    return Rules(
        np.array(premise_start), *(np.array(column, np.int64) for column in columns[:5]), np.array(columns[5], float), np.array(columns[6], float), np.array(then_start),
        np.array(else_start, np.int64), np.array(done[0], np.int64), np.array(done[1], np.int64), np.array(done[2], float),
        np.array([r.priority for r in model.rules], float),
    )


def _action(model: HydraulicModel, action) -> tuple[int, float]:
    if action.setting is None:
        return (int(action.status) if action.status in (Status.CLOSED, Status.OPEN) else -1), math.nan
    kind = model.link_type[action.link]
    if kind <= LinkType.PIPE:
        return int(action.setting != 0.0), math.nan
    return -1, control_target(int(kind), None, action.setting)[1]
