"""Every number of a model made from a city is the one that EPANET's own getters give for the file it came from."""

from __future__ import annotations

import os
import warnings

import numpy as np
import pytest
from epanet import toolkit as en

from holdfast.domains.water.formats.units import FLOW, units_of
from holdfast.domains.water.hydraulics import hydraulic_model, reachable
from holdfast.engines.network.hydraulic.model import LinkType, NodeType, Status
from holdfast.model.errors import Invalid
from holdfast.model.finding import Findings
from water_files import LITERATURE, city_of, city_of_rows, order

FILES = [f"water/literature/{name}.inp" for name in LITERATURE] + ["water/ky4_gis/coastal_ky4.inp", "coupled/micropolis/water/high/water.inp"]


@pytest.fixture(params=FILES)
def opened(request, shared_data):
    """(model, project, units) of one file."""
    path = shared_data(request.param)
    city = city_of(path)
    options = {row["keyword"]: row["value"] for row in city.table("water.option").to_pylist() if row["section"] == "OPTIONS"}
    project = en.createproject()
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        en.open(project, str(path), os.devnull, "")
    yield hydraulic_model(city), project, units_of(options)
    en.close(project)
    en.deleteproject(project)


def _values(get, project: int, index: list[int], code: int) -> np.ndarray:
    return np.array([get(project, at, code) for at in index])


@pytest.mark.clause("1b")
def test_nodes_are_those_of_the_file(opened) -> None:
    model, project, units = opened
    names = [en.getnodeid(project, at + 1) for at in range(en.getcount(project, en.NODECOUNT))]
    mine = order(names, model.node_id)
    assert len(names) == model.nodes
    every = [at + 1 for at in range(len(names))]
    np.testing.assert_array_equal([en.getnodetype(project, at) for at in every], model.node_type[mine])
    np.testing.assert_allclose(_values(en.getnodevalue, project, every, en.ELEVATION) * units.length, model.elevation[mine], atol=1e-9)
    for kind, fields in (
        (NodeType.JUNCTION, ((en.EMITTER, model.emitter, units.emitter),)),
        (NodeType.TANK, ((en.TANKLEVEL, model.tank_initial, units.length), (en.MINLEVEL, model.tank_minimum, units.length), (en.MAXLEVEL, model.tank_maximum, units.length),
                         (en.MINVOLUME, model.tank_minimum_volume, units.volume), (en.CANOVERFLOW, model.tank_overflow, 1.0))),
    ):  # fmt: skip
        index = [at for at in every if model.node_type[mine[at - 1]] == kind]
        for code, values, factor in fields:
            np.testing.assert_allclose(_values(en.getnodevalue, project, index, code) * factor, values[[mine[at - 1] for at in index]], rtol=1e-6, atol=1e-9)


def test_demands_sum_to_those_of_the_file_with_their_patterns(opened) -> None:
    model, project, units = opened
    total: dict[tuple[str, str], float] = {}
    default = int(en.getoption(project, en.DEMANDPATTERN))
    for at in range(1, en.getcount(project, en.NODECOUNT) + 1):
        if en.getnodetype(project, at) == en.JUNCTION:
            for number in range(1, en.getnumdemands(project, at) + 1):
                pattern = en.getdemandpattern(project, at, number) or default
                key = en.getnodeid(project, at), en.getpatternid(project, pattern) if pattern else ""
                total[key] = total.get(key, 0.0) + en.getbasedemand(project, at, number) * units.flow
    mine: dict[tuple[str, str], float] = {}
    for node, base, pattern in zip(model.demand_node, model.demand_base, model.demand_pattern, strict=True):
        key = model.node_id[int(node)].as_py().partition(":")[2], model.pattern_id[pattern] if pattern >= 0 else ""
        mine[key] = mine.get(key, 0.0) + base
    stated = {key: value for key, value in total.items() if value != 0}
    assert set(mine) == set(stated) and all(mine[key] == pytest.approx(value, rel=1e-9) for key, value in stated.items())
    for name, values in zip(model.pattern_id, model.patterns, strict=True):
        index = en.getpatternindex(project, name)
        assert [en.getpatternvalue(project, index, k + 1) for k in range(en.getpatternlen(project, index))] == pytest.approx(values.tolist())


def test_links_are_those_of_the_file(opened) -> None:
    model, project, units = opened
    names = [en.getlinkid(project, at + 1) for at in range(en.getcount(project, en.LINKCOUNT))]
    mine = np.array(order(names, model.link_id))
    every = np.arange(1, len(names) + 1)
    kinds = np.array([en.getlinktype(project, at) for at in every.tolist()])
    np.testing.assert_array_equal(kinds, model.link_type[mine])
    ends = np.array([en.getlinknodes(project, at) for at in every.tolist()])
    node = np.array(order([en.getnodeid(project, at + 1) for at in range(model.nodes)], model.node_id))
    np.testing.assert_array_equal(node[ends - 1], np.column_stack([model.link_from[mine], model.link_to[mine]]))
    pipes = every[kinds <= en.PIPE].tolist()
    rough = 1.0 if units.headloss != "D-W" else units.roughness
    for code, values, factor in ((en.LENGTH, model.length, units.length), (en.DIAMETER, model.diameter, units.diameter), (en.ROUGHNESS, model.roughness, rough),
                                 (en.MINORLOSS, model.minor_loss, 1.0), (en.INITSTATUS, model.initial_status, 1.0)):  # fmt: skip
        np.testing.assert_allclose(_values(en.getlinkvalue, project, pipes, code) * factor, values[mine[np.array(pipes, int) - 1]], rtol=1e-6, atol=1e-9)
    for at in every[kinds > en.PIPE].tolist():
        _machine(model, int(mine[at - 1]), project, at, units)


def _machine(model, mine: int, project: int, at: int, units) -> None:
    """A pump or valve."""
    assert (model.initial_status[mine] != Status.CLOSED) == bool(en.getlinkvalue(project, at, en.INITSTATUS))
    setting = en.getlinkvalue(project, at, en.INITSETTING)
    if model.link_type[mine] == LinkType.PUMP:
        if model.initial_status[mine] == Status.OPEN:
            assert model.initial_setting[mine] == pytest.approx(setting)
        assert model.pump_pattern[mine] + 1 == en.getlinkvalue(project, at, en.LINKPATTERN)
        if en.getpumptype(project, at) != en.CONST_HP:
            curve = int(en.getlinkvalue(project, at, en.PUMP_HCURVE))
            points = [en.getcurvevalue(project, curve, k + 1) for k in range(en.getcurvelen(project, curve))]
            np.testing.assert_allclose(np.array(points) * (units.flow, units.length), model.curves[model.pump_curve[mine]])
        else:
            assert model.pump_power[mine] == pytest.approx(en.getlinkvalue(project, at, en.PUMP_POWER) * units.power, rel=1e-6)
    elif model.initial_status[mine] == Status.ACTIVE and (kind := units.setting(LinkType(model.link_type[mine]).name)):
        assert model.initial_setting[mine] == pytest.approx(setting * kind[1], rel=1e-6)


def test_controls_and_options_are_those_of_the_file(opened) -> None:
    model, project, units = opened
    assert len(model.controls) == en.getcount(project, en.CONTROLCOUNT) and len(model.rules) == en.getcount(project, en.RULECOUNT)
    for mine, at in zip(model.controls, range(1, len(model.controls) + 1), strict=True):
        kind, link, _, node, level = en.getcontrol(project, at)
        assert mine.type == kind and model.link_id[mine.link].as_py().partition(":")[2] == en.getlinkid(project, link)
        if node:
            factor = units.pressure if en.getnodetype(project, node) == en.JUNCTION else units.length
            assert mine.threshold == pytest.approx(level * factor, abs=1e-6)
        else:
            assert mine.threshold == level
    for code, value in ((en.TRIALS, model.options.trials), (en.ACCURACY, model.options.accuracy), (en.EMITEXPON, model.options.emitter_exponent),
                        (en.DEMANDMULT, model.options.demand_multiplier), (en.UNBALANCED, model.options.unbalanced), (en.CHECKFREQ, model.options.check_frequency),
                        (en.MAXCHECK, model.options.max_check), (en.SP_GRAVITY, model.options.specific_gravity),
                        (en.SP_VISCOS, model.options.viscosity / (1.1e-5 * 0.3048**2))):  # fmt: skip
        assert en.getoption(project, code) == pytest.approx(value, rel=1e-6), code
    for code, value in ((en.DURATION, model.options.duration), (en.HYDSTEP, model.options.hydraulic_step), (en.PATTERNSTEP, model.options.pattern_step),
                        (en.PATTERNSTART, model.options.pattern_start), (en.REPORTSTEP, model.options.report_step), (en.RULESTEP, model.options.rule_step),
                        (en.STARTTIME, model.options.start_time)):  # fmt: skip
        assert en.gettimeparam(project, code) == value, code
    assert units.flow_unit in FLOW


# what is wrong with a city


def _line(**more) -> dict:
    return {"junction": [{"id": "a", "elevation": 10.0, "demand": 0.01}, {"id": "b", "elevation": 5.0}],
            "reservoir": [{"id": "r", "head": 50.0}],
            "pipe": [{"id": "1", "from_id": "water.reservoir:r", "to_id": "a", "length": 100.0, "diameter": 0.2, "hazen_williams_c": 120.0},
                     {"id": "2", "from_id": "a", "to_id": "b", "length": 100.0, "diameter": 0.2, "hazen_williams_c": 120.0}], **more}  # fmt: skip


def _rules(**kinds) -> tuple:
    findings = Findings()
    model = hydraulic_model(city_of_rows(**kinds), findings=findings)
    return model, findings.by_rule()


def test_a_sound_city_has_no_findings() -> None:
    model, found = _rules(**_line())
    assert found == {} and (model.nodes, model.links, model.junctions) == (3, 2, 2)
    assert model.options.headloss == "H-W" and model.options.duration == 86400.0


def test_an_empty_city_is_refused() -> None:
    with pytest.raises(Invalid, match="no water network"):
        hydraulic_model(city_of_rows(junction=[]))


def test_a_network_without_source_and_a_part_without_one_are_named() -> None:
    kinds = _line()
    _, found = _rules(junction=kinds["junction"], pipe=kinds["pipe"][1:])
    assert found == {"hydraulics.no_source": 1}
    model, found = _rules(**_line(pipe=kinds["pipe"][:1]))
    assert found == {"hydraulics.island": 1}
    np.testing.assert_array_equal(reachable(model, np.ones(model.links, bool)), [True, False, True])


def test_links_without_two_ends_are_left_out_and_lengths_assumed() -> None:
    kinds = _line()
    bad = [{"id": "3", "from_id": "a", "to_id": "a", "length": 1.0, "diameter": 0.1, "hazen_williams_c": 100.0},
           {"id": "4", "from_id": "a", "to_id": "nowhere", "length": 1.0, "diameter": 0.1, "hazen_williams_c": 100.0},
           {"id": "5", "from_id": "a", "to_id": "b", "length": 0.0, "diameter": None, "hazen_williams_c": None}]  # fmt: skip
    model, found = _rules(**_line(pipe=kinds["pipe"] + bad))
    assert found == {"hydraulics.assumed": 2, "hydraulics.loop": 1, "hydraulics.missing_node": 1, "hydraulics.zero_length": 1}
    assert model.links == 3 and model.length[2] == 0.1 and model.diameter[2] == 0.1 and model.roughness[2] == 120.0


def test_planned_things_are_not_there_and_closed_valves_shut_their_pipe() -> None:
    kinds = _line()
    kinds["pipe"][1]["lifecycle"] = "planned"
    assert _rules(**kinds)[0].links == 1
    kinds["pipe"][1]["lifecycle"] = "out_of_service"
    model, found = _rules(**kinds)
    assert model.initial_status.tolist() == [Status.OPEN, Status.CLOSED] and found == {"hydraulics.out_of_service": 1}
    model, _ = _rules(**_line(isolation_valve=[{"id": "v", "pipe_id": "water.pipe:2", "normal_status": "CLOSED"}]))
    assert model.initial_status.tolist() == [Status.OPEN, Status.CLOSED]


def test_levels_come_from_the_ground_where_missing() -> None:
    kinds = _line(junction=[{"id": "a", "ground_elevation": 12.0, "depth": 1.5}, {"id": "b", "elevation": 5.0}])
    model, found = _rules(**kinds)
    assert model.elevation.tolist() == [10.5, 5.0, 50.0] and found == {"hydraulics.assumed": 1}


def test_coefficients_by_material_where_missing() -> None:
    kinds = _line()
    for pipe, material in zip(kinds["pipe"], ("PE", "ZT"), strict=True):
        pipe.update(hazen_williams_c=None, material=material)
    model, found = _rules(**kinds)
    assert model.roughness.tolist() == [140.0, 100.0] and found == {"hydraulics.assumed": 2}


def test_a_tank_with_wrong_levels_is_named_and_widened() -> None:
    tank = {"id": "t", "elevation": 20.0, "initial_level": 5.0, "minimum_level": 4.0, "maximum_level": 3.0, "diameter": 10.0}
    model, found = _rules(**_line(tank=[tank]))
    assert found == {"hydraulics.tank_levels": 1}
    assert (model.tank_minimum[-1], model.tank_initial[-1], model.tank_maximum[-1]) == (3.0, 5.0, 5.0)
    assert model.tank_area[-1] == pytest.approx(78.5398, rel=1e-5)


def test_a_tank_by_its_volume_curve_or_not() -> None:
    tank = {"id": "t", "elevation": 20.0, "initial_level": 2.0, "minimum_level": 1.0, "maximum_level": 3.0, "diameter": 10.0, "volume_curve": "water.curve:v"}
    curve = {"id": "v", "use": "VOLUME", "x": "[0, 4]", "y": "[0, 80]"}
    model, found = _rules(**_line(tank=[tank], curve=[curve]))
    assert found == {} and model.tank_area[-1] == 20.0 and model.tank_minimum_volume[-1] == 20.0 and model.tank_curve[-1] == 0
    model, found = _rules(**_line(tank=[tank], curve=[{**curve, "x": "[0, 2]"}]))
    assert found == {"hydraulics.tank_levels": 1} and model.tank_curve[-1] == -1
    model, found = _rules(**_line(tank=[tank], curve=[{**curve, "x": "[4]", "y": "[80]"}]))
    assert found == {"hydraulics.bad_curve": 1} and model.tank_curve[-1] == -1


@pytest.mark.parametrize(("x", "y"), [("[0.0]", "[30.0]"), ("[]", "[]"), ("[0.0, 0.1]", "[30.0, 31.0]"), ("[0.1, 0.1]", "[30.0, 20.0]"), ("[0.1]", "[1, 2]"), ("oops", "[1]")])
def test_a_pump_with_a_useless_curve_stands_still(x: str, y: str) -> None:
    pump = {"id": "p", "from_id": "a", "to_id": "b", "head_curve": "water.curve:c"}
    model, found = _rules(**_line(pump=[pump], curve=[{"id": "c", "use": "PUMP", "x": x, "y": y}]))
    assert found == {"hydraulics.bad_curve": 1, "hydraulics.pump_without_curve": 1}
    assert model.initial_status[-1] == Status.CLOSED


def test_pumps_without_anything_and_valves_without_curve_get_declared_defaults() -> None:
    model, found = _rules(**_line(pump=[{"id": "p", "from_id": "a", "to_id": "b"}, {"id": "q", "from_id": "a", "to_id": "b", "head_curve": "water.curve:gone"}],
                                  valve=[{"id": "v", "from_id": "a", "to_id": "b", "type": "GPV", "diameter": 0.1}]))  # fmt: skip
    assert found == {"hydraulics.assumed": 1, "hydraulics.missing_curve": 1, "hydraulics.pump_without_curve": 1, "hydraulics.valve_without_curve": 1}
    assert model.pump_power[-3] == 10_000.0 and model.initial_status[-2] == Status.CLOSED and model.link_type[-1] == LinkType.TCV


def test_pressure_valves_at_sources_and_lost_patterns_are_named() -> None:
    valve = {"id": "v", "from_id": "water.reservoir:r", "to_id": "b", "type": "PRV", "diameter": 0.1, "setting_head": 20.0}
    junctions = [{"id": "a", "elevation": 1.0, "demand": 0.1, "demand_pattern": "water.pattern:gone"}, {"id": "b", "elevation": 1.0}]
    _, found = _rules(**_line(valve=[valve], junction=junctions))
    assert found == {"hydraulics.missing_pattern": 1, "hydraulics.valve_at_source": 1}
