"""A model inside the toolkit: every number read back from EPANET is the model's, in any of its units; what it refuses is said."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from epanet import toolkit as en

from holdfast.engines.network.hydraulic.epanet_build import Scale, doubles, open_project, quiet, restore, run_pump
from holdfast.engines.network.hydraulic.model import Action, Control, ControlType, LinkType, Premise, Rule, Status
from holdfast.model.errors import Invalid
from small_water import pipe, pump, tank, valve, water

UNITS = {"CFS": 0.0283168, "GPM": 6.30902e-5, "MGD": 0.0438126, "IMGD": 0.0526168, "AFD": 0.0142764, "LPS": 1e-3, "LPM": 1 / 60e3, "MLD": 1e3 / 86400, "CMH": 1 / 3600,
         "CMD": 1 / 86400, "CMS": 1.0}  # fmt: skip


def model(unit: str = "LPS", **options):
    """A junction of every use and a link of every type, with controls and a rule."""
    links = [pipe(0, 1, length=120.0, diameter=0.3, minor_loss=2.5), pipe(1, 2, LinkType.CVPIPE), pump(4, 0, pump_curve=0, pump_pattern=1), pump(4, 0, pump_power=2500.0),
             valve(1, 2, LinkType.PRV, 25.0), valve(1, 3, LinkType.PSV, 12.0), valve(0, 2, LinkType.PBV, 3.0), valve(0, 3, LinkType.FCV, 0.004), valve(2, 3, LinkType.TCV, 7.0),
             valve(0, 1, LinkType.GPV, np.nan, valve_curve=1, initial_status=int(Status.OPEN)), pipe(3, 5), pump(0, 1, initial_status=int(Status.CLOSED))]
    controls = (Control(ControlType.LOW_LEVEL, 2, Status.OPEN, None, 5, 1.5), Control(ControlType.HIGH_LEVEL, 4, None, 20.0, 1, 40.0),
                Control(ControlType.TIMER, 7, None, 0.002, -1, 7200.0), Control(ControlType.TIME_OF_DAY, 0, Status.CLOSED, None, -1, 3600.0))
    rules = (Rule("r", (Premise("IF", "node", 5, "LEVEL", ">", 4.0), Premise("AND", "system", -1, "CLOCKTIME", ">=", 7200.0), Premise("OR", "link", 7, "FLOW", "<", 0.003)),
                  (Action(2, Status.CLOSED, None), Action(4, None, 15.0)), (Action(8, Status.OPEN, None),), 3.0),)
    made = water([5.0, 4.0, 3.0, 2.0], [0.002, 0.003, 0.0, 0.001], [12.0, 30.0], links, tanks={1: tank(3.0, 1.0, 6.0, 50.0)}, head_pattern=np.array([-1, -1, -1, -1, 0, -1]),
                 emitter=np.array([0.0, 2e-3, 0.0, 0.0, 0.0, 0.0]), patterns=(np.array([1.0, 1.2]), np.array([1.0, 0.8, 0.6])), demand_pattern=np.array([0, -1, 1, 0]),
                 curves=(np.array([[0.02, 30.0]]), np.array([[0.0, 0.0], [0.05, 9.0]])),
                 controls=controls, rules=rules, options={"demand_multiplier": 1.1, "damp_limit": 0.02} | options)  # fmt: skip
    return replace(made, options=replace(made.options, extra={"UNITS": unit}))


@pytest.fixture(params=["LPS", "GPM", "CMH"])
def built(request):
    made = model(request.param)
    project = open_project(made)
    yield made, project, Scale(made)
    en.deleteproject(project)


def of_links(project, code, at):
    return [en.getlinkvalue(project, k + 1, code) for k in at]


@pytest.mark.parametrize("unit", UNITS)
def test_flows_are_scaled_to_what_a_file_in_that_unit_gives(unit):
    """1 CMS of the project is so many of EPANET's cubic feet a second; scaled flows are as many as a file's flows times its rounded factor."""
    scale = Scale(model(unit))
    assert scale.flow == pytest.approx(1.0, abs=2e-4)
    per_cfs = {"CFS": 1.0, "GPM": 448.831, "MGD": 0.64632, "IMGD": 0.5382, "AFD": 1.9837, "LPS": 28.317, "LPM": 1699.0, "MLD": 2.4466, "CMH": 101.94, "CMD": 2446.6,
               "CMS": 0.028317}  # fmt: skip
    of_file = 5.0 / UNITS[unit] / per_cfs[unit]  # [cfs] inside the engine, of 5 m3/s
    assert 5.0 * scale.flow / per_cfs["CMS"] == pytest.approx(of_file, rel=2e-6)
    assert scale.setting(LinkType.FCV) == scale.flow and scale.setting(LinkType.PRV) == 1.0 and scale.setting(LinkType.PCV) == 100.0 and scale.setting(LinkType.PUMP) == 1.0


def test_an_unknown_unit_counts_as_epanets_default():
    assert Scale(model("furlongs")).flow == Scale(model("GPM")).flow
    assert Scale(replace(model(), options=replace(model().options, extra={}))).flow == Scale(model("LPS")).flow


def test_pressures_follow_the_specific_gravity():
    dense = model(specific_gravity=1.2)
    scale = Scale(dense)
    assert scale.setting(LinkType.PRV) == 1.2 and scale.emitter(0.5) == pytest.approx(scale.flow / 1.2**0.5)
    project = open_project(dense)
    assert en.getlinkvalue(project, 5, en.INITSETTING) == pytest.approx(25.0 * 1.2)
    en.deleteproject(project)


def test_nodes_are_the_models(built):
    made, project, scale = built
    assert [en.getnodetype(project, n + 1) for n in range(made.nodes)] == made.node_type.tolist()
    assert [en.getnodevalue(project, n + 1, en.ELEVATION) for n in range(6)] == pytest.approx(made.elevation.tolist())
    assert [en.getbasedemand(project, n + 1, 1) / scale.flow for n in range(4)] == pytest.approx(made.demand_base.tolist())
    assert [en.getdemandpattern(project, n + 1, 1) - 1 for n in range(4)] == made.demand_pattern.tolist()
    assert en.getnodevalue(project, 2, en.EMITTER) / scale.flow == pytest.approx(2e-3)
    assert en.getnodevalue(project, 5, en.PATTERN) == 1.0
    assert [en.getnodevalue(project, 6, code) for code in (en.TANKLEVEL, en.MINLEVEL, en.MAXLEVEL)] == pytest.approx([3.0, 1.0, 6.0])
    assert np.pi / 4 * en.getnodevalue(project, 6, en.TANKDIAM) ** 2 == pytest.approx(50.0)


def test_links_are_the_models(built):
    made, project, scale = built
    assert [en.getlinktype(project, k + 1) for k in range(made.links)] == made.link_type.tolist()
    assert [tuple(v - 1 for v in en.getlinknodes(project, k + 1)) for k in range(made.links)] == list(zip(made.link_from.tolist(), made.link_to.tolist(), strict=True))
    assert of_links(project, en.DIAMETER, [0, 1, 4]) == pytest.approx([300.0, 200.0, 200.0])
    assert of_links(project, en.LENGTH, [0, 1]) == pytest.approx([120.0, 100.0]) and of_links(project, en.MINORLOSS, [0]) == pytest.approx([2.5])
    assert of_links(project, en.INITSETTING, [4, 5, 6, 8]) == pytest.approx([25.0, 12.0, 3.0, 7.0])
    assert of_links(project, en.INITSETTING, [7])[0] / scale.flow == pytest.approx(0.004)
    assert of_links(project, en.INITSTATUS, [2, 11]) == [1.0, 0.0] and of_links(project, en.LINKPATTERN, [2, 3]) == [2.0, 0.0]
    assert of_links(project, en.PUMP_POWER, [3])[0] == pytest.approx(2.5, rel=3e-4)
    assert en.getheadcurveindex(project, 3) == 1 and en.getlinkvalue(project, 10, en.GPV_CURVE) == 2.0
    points = [en.getcurvevalue(project, 2, n) for n in (1, 2)]
    assert [x / scale.flow for x, _ in points] == pytest.approx([0.0, 0.05]) and [y for _, y in points] == [0.0, 9.0]


def test_options_and_times_are_the_models(built):
    made, project, _ = built
    assert en.getoption(project, en.DEMANDMULT) == pytest.approx(1.1) and en.getoption(project, en.DAMPLIMIT) == pytest.approx(0.02)
    assert en.getoption(project, en.ACCURACY) == pytest.approx(made.options.accuracy) and en.getoption(project, en.TRIALS) == made.options.trials
    assert en.gettimeparam(project, en.PATTERNSTEP) == 3600 and en.getdemandmodel(project)[0] == en.DDA
    assert [en.getpatternvalue(project, 2, n) for n in (1, 2, 3)] == pytest.approx([1.0, 0.8, 0.6])


def test_controls_and_rules_are_the_models(built):
    _, project, scale = built
    assert en.getcount(project, en.CONTROLCOUNT) == 4 and en.getcount(project, en.RULECOUNT) == 1
    found = [en.getcontrol(project, n) for n in range(1, 5)]
    assert [(int(kind), link - 1, node - 1) for kind, link, _, node, _ in found] == [(0, 2, 5), (1, 4, 1), (2, 7, -1), (3, 0, -1)]
    assert [level for *_, level in found] == pytest.approx([1.5, 40.0, 7200.0, 3600.0])
    assert found[1][2] == pytest.approx(20.0) and found[2][2] / scale.flow == pytest.approx(0.002)
    assert tuple(en.getrule(project, 1)) == (3, 2, 1, 3.0)
    value = [en.getpremise(project, 1, n)[-1] for n in (1, 2, 3)]
    assert value[:2] == pytest.approx([4.0, 7200.0]) and value[2] / scale.flow == pytest.approx(0.003)
    assert en.getthenaction(project, 1, 2)[-1] == pytest.approx(15.0)


def test_what_was_changed_is_restored(built):
    made, project, scale = built
    before = of_links(project, en.INITSETTING, range(12)), of_links(project, en.INITSTATUS, range(12)), of_links(project, en.LINKPATTERN, [2, 3, 11])
    run_pump(project, 3, 0.0)
    en.setlinkvalue(project, 5, en.INITSETTING, 3.0)
    en.setlinkvalue(project, 1, en.INITSTATUS, 0.0)
    assert (of_links(project, en.INITSETTING, range(12)), of_links(project, en.INITSTATUS, range(12))) != before[:2]
    for k in range(made.links):
        restore(project, made, k, scale)
    assert (of_links(project, en.INITSETTING, range(12)), of_links(project, en.INITSTATUS, range(12)), of_links(project, en.LINKPATTERN, [2, 3, 11])) == before


@pytest.mark.parametrize(("changes", "words"), [
    ({"length": np.zeros(12)}, "EPANET does not take the network.*211"),
    ({"diameter": np.full(12, np.nan)}, "diameter of l0, l1, l10 is nan"), ({"tank_minimum": np.full(6, 9.0)}, "EPANET does not take the network"),
    ({"curves": (np.array([[0.02, 30.0], [0.01, 20.0]]), np.array([[0.0, 0.0], [0.05, 9.0]]))}, "23[03]"),
])  # fmt: skip
def test_what_cannot_be_built_is_refused_and_said(changes, words):
    """Zero lengths, numbers that are none, a tank upside down, a curve that runs backwards."""
    with pytest.raises(Invalid, match=words):
        open_project(replace(model(), **changes))


def test_a_c_array_holds_the_numbers_and_is_never_empty():
    array = doubles(np.array([1.5, -2.0]))
    assert (array[0], array[1]) == (1.5, -2.0)
    assert doubles(np.zeros(0)) is not None


def test_quiet_lets_errors_pass_and_warnings_not():
    import warnings

    with warnings.catch_warnings(record=True) as heard:
        warnings.simplefilter("always")
        with quiet():
            warnings.warn("negative pressures", stacklevel=1)
    assert not heard
    with pytest.raises(ValueError, match="x"), quiet():
        raise ValueError("x")
