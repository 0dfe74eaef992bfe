"""The model's vocabulary is EPANET's, and numbers without meaning are refused before any engine sees them."""

from __future__ import annotations

import os
from dataclasses import replace

import numpy as np
import pytest
from epanet import toolkit as en

from holdfast.engines.network.hydraulic.epanet import EpanetEngine
from holdfast.engines.network.hydraulic.model import ControlType, LinkType, NodeType, Options
from holdfast.engines.network.hydraulic.solve import Solver
from holdfast.model.errors import Invalid
from holdfast.model.lifeline import CaseStatus
from small_water import pipe, tank, water


def line(**changes):
    """Reservoir - n0 - n1, the first pipe as given."""
    return water([0.0, 0.0], [0.01, 0.005], [30.0], [pipe(2, 0, **changes), pipe(0, 1)])


def test_kinds_have_epanets_numbers():
    assert {kind.name: int(kind) for kind in LinkType} == {kind.name: getattr(en, kind.name) for kind in LinkType}
    assert {kind.name: int(kind) for kind in NodeType} == {kind.name: getattr(en, kind.name) for kind in NodeType}
    names = {"LOW_LEVEL": "LOWLEVEL", "HIGH_LEVEL": "HILEVEL", "TIMER": "TIMER", "TIME_OF_DAY": "TIMEOFDAY"}
    assert {kind.name: int(kind) for kind in ControlType} == {kind: getattr(en, name) for kind, name in names.items()}


def test_defaults_are_those_of_a_new_epanet_project():
    project, own = en.createproject(), Options()
    en.init(project, os.devnull, "", en.CMS, en.HW)
    codes = {"accuracy": en.ACCURACY, "trials": en.TRIALS, "unbalanced": en.UNBALANCED, "emitter_exponent": en.EMITEXPON, "demand_multiplier": en.DEMANDMULT,
             "check_frequency": en.CHECKFREQ, "max_check": en.MAXCHECK, "damp_limit": en.DAMPLIMIT, "head_error": en.HEADERROR, "flow_change": en.FLOWCHANGE,
             "specific_gravity": en.SP_GRAVITY, "emitter_backflow": en.EMITBACKFLOW}  # fmt: skip
    times = {"hydraulic_step": en.HYDSTEP, "pattern_step": en.PATTERNSTEP, "pattern_start": en.PATTERNSTART, "report_step": en.REPORTSTEP,
             "report_start": en.REPORTSTART, "rule_step": en.RULESTEP, "start_time": en.STARTTIME, "duration": en.DURATION}  # fmt: skip
    found = {name: en.getoption(project, code) for name, code in codes.items()} | {name: en.gettimeparam(project, code) for name, code in times.items()}
    model, minimum, required, exponent = en.getdemandmodel(project)
    en.deleteproject(project)
    assert {name: getattr(own, name) for name in found} == pytest.approx(found)
    assert (model, minimum, exponent) == (en.DDA, own.minimum_pressure, own.pressure_exponent)
    psi = 0.3048 / 0.4333  # [m]
    assert own.required_pressure == pytest.approx(required * psi, rel=0.01)  # a tenth of the pressure unit


def test_counts():
    model = water([0.0, 1.0, 2.0], [0.0] * 3, [30.0, 20.0], [pipe(3, 0), pipe(0, 1), pipe(1, 4)], tanks={1: tank()})
    assert (model.nodes, model.links, model.junctions) == (5, 3, 3)


@pytest.mark.parametrize(("field", "value"), [
    ("diameter", np.nan), ("diameter", -0.2), ("diameter", 0.0), ("diameter", np.inf), ("length", np.nan), ("length", -5.0), ("roughness", 0.0), ("roughness", np.nan),
])  # fmt: skip
def test_a_pipe_with_a_number_that_no_law_takes_is_refused_by_both_engines(field, value):
    """Not answered: a NaN in its resistance makes a pipe without any friction of it."""
    model = line(**{field: value})
    with pytest.raises(Invalid, match=f"{field} of l0 is {value:g}") as told:
        Solver(model).snapshot()
    assert told.value.where["field"] == field
    found = EpanetEngine(model).snapshot()
    assert found.status.tolist() == [CaseStatus.FAILED] and f"{field} of l0" in found.notes[0]


@pytest.mark.parametrize(("changes", "words"), [
    ({"elevation": np.array([0.0, np.nan, 30.0])}, "elevation of n1 is nan"), ({"elevation": np.array([0.0, 0.0, np.nan])}, "elevation of n2"),
    ({"demand_base": np.array([np.inf, 0.0])}, "demand of n0 is inf"), ({"emitter": np.array([0.0, -1.0, 0.0])}, "emitter of n1 is -1"),
])  # fmt: skip
def test_nodes_with_such_numbers_are_refused(changes, words):
    with pytest.raises(Invalid, match=words):
        replace(line(), **changes).require_numbers()


def test_only_what_a_law_uses_is_asked_for():
    model = line()
    model.require_numbers()
    pump_like = replace(model, link_type=np.array([LinkType.PUMP, LinkType.PIPE], np.int8), diameter=np.array([np.nan, 0.2]))
    pump_like.require_numbers()
    smooth = replace(model, roughness=np.zeros(2), options=Options(headloss="D-W"))
    smooth.require_numbers()
    many = replace(line(), diameter=np.full(2, np.nan), link_id=model.link_id)
    with pytest.raises(Invalid, match="diameter of l0, l1 is nan"):
        many.require_numbers()
