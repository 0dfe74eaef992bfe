"""A `HydraulicModel` read from an EPANET file through the EPANET toolkit's own getters: a second road to the model, beside the importers."""

from __future__ import annotations

import ctypes
from dataclasses import replace
from pathlib import Path

import numpy as np
import pyarrow as pa
from epanet import toolkit as en

from holdfast.engines.network.hydraulic.model import Action, Control, ControlType, HydraulicModel, LinkType, Options, Premise, Rule, Status

FOOT = 0.3048
CFS = 0.028316846592
PER_CFS = [1.0, 448.831, 0.64632, 0.5382, 1.9837, 28.317, 1699.0, 2.4466, 101.94, 2446.6, 0.028317]  # EPANET's own factors
_VARIABLE = ["DEMAND", "HEAD", "GRADE", "LEVEL", "PRESSURE", "FLOW", "STATUS", "SETTING", "POWER", "TIME", "CLOCKTIME", "FILLTIME", "DRAINTIME"]
_RELATION = ["=", "<>", "<=", ">=", "<", ">", "IS", "NOT", "BELOW", "ABOVE"]
_NODE, _LINK = 6, 7


class Units:
    """Factors from a project's units to SI."""

    def __init__(self, project: int) -> None:
        code = en.getflowunits(project)
        self.si = code >= en.LPS
        self.flow = CFS / PER_CFS[code]
        self.length = 1.0 if self.si else FOOT
        self.diameter = 1e-3 if self.si else FOOT / 12
        self.roughness = 1e-3 if self.si else FOOT * 1e-3
        gravity = en.getoption(project, en.SP_GRAVITY)
        pressure = int(en.getoption(project, en.PRESS_UNITS))
        per_foot = {0: 0.4333 * gravity, 1: 0.4333 * gravity * 6.895, 2: FOOT * gravity}.get(pressure, 0.4333 * gravity)
        self.pressure = FOOT / per_foot
        self.power = 1000.0 if self.si else 745.7


def values(project: int, get, code: int, count: int) -> np.ndarray:
    """All values of one property, in the project's units."""
    array = en.doubleArray(count)
    get(project, code, array)
    return np.ctypeslib.as_array(ctypes.cast(int(array.cast()), ctypes.POINTER(ctypes.c_double)), (count,)).copy()


def open_project(path: Path, folder: Path | str = "/tmp") -> int:
    """An EPANET project of the file; quality is switched off."""
    project = en.createproject()
    en.open(project, str(path), str(Path(folder) / f"{path.stem}.rpt"), "")
    en.setqualtype(project, en.NONE, "", "", "")
    return project


def node_order(project: int) -> np.ndarray:
    """Toolkit's position (from 0) of every node of the model: junctions, then reservoirs, then tanks."""
    kinds = np.array([en.getnodetype(project, i + 1) for i in range(en.getcount(project, en.NODECOUNT))])
    return np.argsort(kinds, kind="stable")


def model_of(path: Path, **options) -> HydraulicModel:
    """The model of an EPANET file, with `options` replacing what the file says."""
    project = open_project(path)
    try:
        units = Units(project)
        parts = {**_nodes(project, units), **_links(project, units, path), **_tables(project, units)}
        place = np.argsort(node_order(project))
        model = HydraulicModel(**parts, controls=_controls(project, units, place), rules=_rules(project, units, place), options=_options(project, units))
    finally:
        en.close(project)
        en.deleteproject(project)
    return replace(model, options=replace(model.options, **options))


def _nodes(project: int, u: Units) -> dict:
    order = node_order(project)
    count = len(order)

    def of(code: int) -> np.ndarray:
        return np.array([en.getnodevalue(project, int(i) + 1, code) for i in order])

    kind = np.array([en.getnodetype(project, int(i) + 1) for i in order], np.int8)
    tank, junction = kind == 2, kind == 0
    exponent = en.getoption(project, en.EMITEXPON)
    place = np.argsort(order)
    demands = []
    for i in range(count):
        if kind[place[i]] == 0:
            for k in range(en.getnumdemands(project, i + 1)):
                base, pattern = en.getbasedemand(project, i + 1, k + 1), en.getdemandpattern(project, i + 1, k + 1)
                demands.append((place[i], base * u.flow, pattern - 1 if pattern else int(en.getoption(project, en.DEMANDPATTERN)) - 1))
    node, base, pattern = (np.array(column) for column in zip(*demands, strict=True)) if demands else (np.zeros(0),) * 3
    nan = np.full(count, np.nan)
    emitter = np.array([en.getnodevalue(project, int(i) + 1, en.EMITTER) if k == 0 else 0.0 for i, k in zip(order, kind, strict=True)])

    def tanks(code: int, factor: float) -> np.ndarray:
        return np.array([en.getnodevalue(project, int(i) + 1, code) * factor if k == 2 else np.nan for i, k in zip(order, kind, strict=True)])

    curve = tanks(en.VOLCURVE, 1.0)
    return {
        "node_id": pa.array([en.getnodeid(project, int(i) + 1) for i in order]), "node_type": kind, "node_xy": np.zeros((count, 2)),
        "elevation": of(en.ELEVATION) * u.length,
        "head_pattern": np.where(kind == 1, [en.getnodevalue(project, int(i) + 1, en.PATTERN) if k == 1 else 0 for i, k in zip(order, kind, strict=True)], 0).astype(int) - 1,
        "emitter": np.where(junction, emitter * u.flow / u.pressure**exponent, 0.0),
        "tank_initial": tanks(en.TANKLEVEL, u.length), "tank_minimum": tanks(en.MINLEVEL, u.length), "tank_maximum": tanks(en.MAXLEVEL, u.length),
        "tank_area": tanks(en.TANKDIAM, u.length) ** 2 * np.pi / 4, "tank_minimum_volume": tanks(en.MINVOLUME, u.length**3),
        "tank_curve": np.where(tank, np.nan_to_num(curve), 0).astype(int) - 1, "tank_overflow": np.nan_to_num(tanks(en.CANOVERFLOW, 1.0)) > 0,
        "demand_node": node.astype(int), "demand_base": base.astype(float), "demand_pattern": pattern.astype(int),
    } if len(nan) else {}


def _fixed_valves(path: Path) -> dict[str, str]:
    """Links which the file's [STATUS] section opens or closes."""
    section, found = "", {}
    for line in path.read_text(encoding="latin-1").splitlines():
        text = line.split(";")[0].split()
        if text and text[0].startswith("["):
            section = text[0].upper()
        elif len(text) == 2 and section == "[STATUS]" and text[1].upper() in {"OPEN", "CLOSED"}:
            found[text[0]] = text[1].upper()
    return found


def _links(project: int, u: Units, path: Path) -> dict:
    count = en.getcount(project, en.LINKCOUNT)
    place = np.argsort(node_order(project))

    def of(code: int) -> np.ndarray:
        return values(project, en.getlinkvalues, code, count) if count else np.zeros(0)

    def single(code: int, wanted: np.ndarray, default: float) -> np.ndarray:
        return np.array([en.getlinkvalue(project, i + 1, code) if wanted[i] else default for i in range(count)])

    kind = np.array([en.getlinktype(project, i + 1) for i in range(count)], np.int8)
    ends = np.array([en.getlinknodes(project, i + 1) for i in range(count)]).reshape(count, -1)[:, -2:]
    ids = [en.getlinkid(project, i + 1) for i in range(count)]
    fixed = _fixed_valves(path)
    status = of(en.INITSTATUS).astype(np.int8)
    setting = of(en.INITSETTING)
    valve = kind >= LinkType.PRV
    status[valve] = [{"OPEN": Status.OPEN, "CLOSED": Status.CLOSED}.get(fixed.get(ids[i], ""), Status.ACTIVE) for i in np.flatnonzero(valve)]
    setting[np.isin(kind, (3, 4, 5))] *= u.pressure
    setting[kind == 6] *= u.flow
    pump, pipe = kind == 2, kind <= 1
    curve = np.array([en.getheadcurveindex(project, i + 1) if pump[i] else 0 for i in range(count)])
    power = single(en.PUMP_POWER, pump, np.nan) * u.power
    gpv = kind == LinkType.GPV
    form = int(en.getoption(project, en.HEADLOSSFORM))
    return {
        "link_id": pa.array(ids), "link_type": kind, "link_from": place[ends[:, 0] - 1], "link_to": place[ends[:, 1] - 1],
        "length": np.where(pipe, single(en.LENGTH, pipe, 0.0) * u.length, 0.0), "diameter": np.where(pump, np.nan, single(en.DIAMETER, ~pump, 0.0) * u.diameter),
        "roughness": single(en.ROUGHNESS, pipe, np.nan) * (u.roughness if form == 1 else 1.0), "minor_loss": single(en.MINORLOSS, ~pump, 0.0),
        "initial_status": status, "initial_setting": setting, "pump_curve": curve - 1, "pump_power": np.where(pump & (curve == 0), power, np.nan),
        "pump_pattern": single(en.LINKPATTERN, pump, 0).astype(int) - 1, "valve_curve": np.where(gpv, setting, 0).astype(int) - 1,
    }


def _tables(project: int, u: Units) -> dict:
    patterns = range(1, en.getcount(project, en.PATCOUNT) + 1)
    curves = range(1, en.getcount(project, en.CURVECOUNT) + 1)
    tank = {int(en.getnodevalue(project, i + 1, en.VOLCURVE)) for i in range(en.getcount(project, en.NODECOUNT)) if en.getnodetype(project, i + 1) == 2}
    points = []
    for c in curves:
        xy = np.array([en.getcurvevalue(project, c, k + 1)[-2:] for k in range(en.getcurvelen(project, c))])
        points.append(xy * ((u.length, u.length**3) if c in tank else (u.flow, u.length)))
    return {
        "patterns": tuple(np.array([en.getpatternvalue(project, p, k + 1) for k in range(en.getpatternlen(project, p))]) for p in patterns),
        "pattern_id": tuple(en.getpatternid(project, p) for p in patterns), "curves": tuple(points), "curve_id": tuple(en.getcurveid(project, c) for c in curves),
    }


def _setting(project: int, u: Units, link: int, value: float) -> float:
    kind = en.getlinktype(project, link)
    return value * (u.pressure if kind in {3, 4, 5} else u.flow if kind == 6 else 1.0)


def _controls(project: int, u: Units, place: np.ndarray) -> tuple[Control, ...]:
    found = []
    for k in range(en.getcount(project, en.CONTROLCOUNT)):
        kind, link, setting, node, level = en.getcontrol(project, k + 1)
        pipe, pump = en.getlinktype(project, link) <= 1, en.getlinktype(project, link) == 2
        status = None
        if abs(setting) > 1e9:
            status, setting = (Status.OPEN if setting > 0 else Status.CLOSED), None
        elif pipe or (pump and setting in {0.0, 1.0}):
            status, setting = (Status.OPEN if setting else Status.CLOSED), None
        else:
            setting = _setting(project, u, link, setting)
        factor = 1.0 if kind >= 2 else u.length if en.getnodetype(project, node) else u.pressure
        found.append(Control(ControlType(kind), link - 1, status, setting, int(place[node - 1]) if node else -1, level * factor))
    return tuple(found)


def _rules(project: int, u: Units, place: np.ndarray) -> tuple[Rule, ...]:
    found = []
    for r in range(1, en.getcount(project, en.RULECOUNT) + 1):
        counts = en.getrule(project, r)
        premises = []
        for k in range(counts[0]):
            joined, obj, index, variable, relation, status, value = en.getpremise(project, r, k + 1)
            name = _VARIABLE[variable]
            if status:
                value = {1: 1.0, 2: 0.0, 3: 2.0}[status]
                name = "STATUS"
            factor = {"DEMAND": u.flow, "FLOW": u.flow, "HEAD": u.length, "GRADE": u.length, "LEVEL": u.length, "PRESSURE": u.pressure}.get(name, 1.0)
            if name == "SETTING":
                value = _setting(project, u, index, value)
            kind, position = ("node", int(place[index - 1])) if obj == _NODE else ("link", index - 1) if obj == _LINK else ("system", -1)
            premises.append(Premise("IF" if k == 0 else {2: "AND", 3: "OR"}[joined], kind, position, name, _RELATION[relation], value * factor))

        def actions(get, number: int, rule: int = r) -> tuple[Action, ...]:
            out = []
            for k in range(number):
                link, status, setting = get(project, rule, k + 1)
                known = {1: Status.OPEN, 2: Status.CLOSED, 3: Status.ACTIVE}.get(status)
                out.append(Action(link - 1, known, None if known is not None else _setting(project, u, link, setting)))
            return tuple(out)

        found.append(Rule(en.getruleID(project, r), tuple(premises), actions(en.getthenaction, counts[1]), actions(en.getelseaction, counts[2]), counts[3]))
    return tuple(found)


def _options(project: int, u: Units) -> Options:
    def option(code: int) -> float:
        return en.getoption(project, code)

    def time(code: int) -> float:
        return float(en.gettimeparam(project, code))

    kind, low, required, exponent = en.getdemandmodel(project)
    return Options(
        headloss=("H-W", "D-W", "C-M")[int(option(en.HEADLOSSFORM))], viscosity=1.0219e-6 * option(en.SP_VISCOS), specific_gravity=option(en.SP_GRAVITY),
        demand_model=("DDA", "PDA")[kind], minimum_pressure=low * u.pressure, required_pressure=max(required * u.pressure, 0.1 * FOOT / 0.4333),
        pressure_exponent=exponent,
        emitter_exponent=option(en.EMITEXPON), emitter_backflow=option(en.EMITBACKFLOW) != 0, demand_multiplier=option(en.DEMANDMULT),
        accuracy=option(en.ACCURACY), trials=int(option(en.TRIALS)), unbalanced=int(option(en.UNBALANCED)), check_frequency=int(option(en.CHECKFREQ)),
        max_check=int(option(en.MAXCHECK)), damp_limit=option(en.DAMPLIMIT), head_error=option(en.HEADERROR) * u.length, flow_change=option(en.FLOWCHANGE) * u.flow,
        duration=time(en.DURATION), hydraulic_step=time(en.HYDSTEP), pattern_step=time(en.PATTERNSTEP), pattern_start=time(en.PATTERNSTART),
        report_step=time(en.REPORTSTEP), report_start=time(en.REPORTSTART), rule_step=time(en.RULESTEP), start_time=time(en.STARTTIME),
    )
