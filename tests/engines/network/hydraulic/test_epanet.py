"""EPANET on a hydraulic model: the numbers of the original file, one change at a time, and honest failures."""

from __future__ import annotations

import pickle
from dataclasses import replace

import numpy as np
import pytest

import epanet_oracle as oracle
from holdfast.domains.water.formats.units import FLOW, US
from holdfast.domains.water.hydraulics import hydraulic_model
from holdfast.engines.network.hydraulic.answers import Breaks, Cases
from holdfast.engines.network.hydraulic.epanet import EpanetEngine
from holdfast.engines.network.hydraulic.epanet_quality import Quality
from holdfast.engines.network.hydraulic.model import HydraulicModel, LinkType, Status
from holdfast.model.errors import Invalid
from holdfast.model.lifeline import CaseStatus
from water_files import city_of, city_of_rows, city_of_text, order

DAY = 86400.0
SAME = [("Hanoi", 1e-9, 1e-9), ("Net1", 1e-6, 1e-7), ("Net3", 1e-5, 1e-6), ("Net3-NH2CL", 1e-4, 1e-6), ("ky4", 1e-6, 1e-7), ("ky10", 1e-3, 1e-6), ("L-TOWN", 1e-4, 1e-5)]


def model_of(shared_data, name: str, **options) -> HydraulicModel:
    model = hydraulic_model(city_of(shared_data(f"water/literature/{name}.inp")))
    return replace(model, options=replace(model.options, **options)) if options else model


@pytest.mark.parametrize(("name", "head", "flow"), SAME)
@pytest.mark.clause("1b", "1k")
def test_a_day_is_that_of_the_original_file(shared_data, tmp_path, name: str, head: float, flow: float) -> None:
    """Heads [m] and flows relative to the largest, at every time at which EPANET stops; where no source reaches there is no head."""
    path = shared_data(f"water/literature/{name}.inp")
    expected = oracle.solve(path, tmp_path)
    model = model_of(shared_data, name)
    unit = str(model.options.extra.get("UNITS", "GPM")).upper()
    found = EpanetEngine(model).trajectory(min(model.options.duration, DAY) / 3600)
    day = expected["time"] <= DAY
    assert found.time.tolist() == expected["time"][day].tolist() and found.status.tolist() == [CaseStatus.SOLVED]
    nodes, links = order(expected["node"], model.node_id), order(expected["link"], model.link_id)
    gap = found.head[0][:, nodes] - expected["head"][day] * (0.3048 if unit in US else 1.0)
    assert np.nanmax(np.abs(gap)) <= head and np.isnan(gap).mean() < 0.01
    stated = expected["flow"][day] * FLOW[unit]
    assert np.abs(found.flow[0][:, links] - stated).max() <= flow * np.abs(stated).max()


def test_rules_of_micropolis_act_as_in_the_file(shared_data, tmp_path) -> None:
    path = shared_data("coupled/micropolis/water/high/water.inp")
    expected = oracle.solve(path, tmp_path)
    model = hydraulic_model(city_of(path))
    assert len(model.rules) == 7
    found = EpanetEngine(model).trajectory()
    assert found.time.tolist() == expected["time"].tolist()
    gap = found.head[0][:, order(expected["node"], model.node_id)] - expected["head"] * 0.3048
    assert np.nanmax(np.abs(gap)) < 1e-3


def test_snapshots_at_an_hour_have_the_demands_of_that_hour(shared_data) -> None:
    engine = EpanetEngine(model_of(shared_data, "Net3"))
    period = engine.extended(hours=6)
    for hour in (0, 5):
        snapshot = engine.snapshot(Cases(1), hour=hour)
        np.testing.assert_allclose(snapshot.wanted[0], period.wanted[0, hour], rtol=1e-9, atol=1e-12)


def test_each_case_is_its_own_and_leaves_nothing_behind(shared_data) -> None:
    """All sorts of changes, then the base again: exactly what it was."""
    model = model_of(shared_data, "Net3", demand_model="PDA", required_pressure=20.0)
    engine = EpanetEngine(model)
    base = engine.snapshot(Cases(1))
    status = np.full((6, model.links), -1, np.int8)
    pump, pipe = int(np.flatnonzero(model.link_type == LinkType.PUMP)[0]), 20
    status[0, pipe], status[1, pump], status[2, pump] = Status.CLOSED, Status.CLOSED, Status.OPEN
    emitter = np.zeros((6, model.nodes))
    emitter[3, 10] = 0.05
    found = engine.snapshot(Cases(6, status=status, emitter=emitter, factor=np.array([1, 1, 1, 1, 0.5, 1.0])))
    assert found.solved.all()
    assert abs(found.flow[0, pipe]) < 1e-6 and not found.open[0, pipe]
    assert abs(found.flow[1, pump]) < 1e-6 and found.flow[2, pump] > 0.01
    assert found.leak[3, 10] > 0.05 and found.leak[[0, 1, 2, 4, 5]].max() == 0
    np.testing.assert_allclose(found.wanted[4], base.wanted[0] / 2, rtol=1e-9, atol=1e-12)
    for name in ("head", "flow", "delivered"):
        np.testing.assert_array_equal(getattr(found, name)[5], getattr(base, name)[0])
    np.testing.assert_array_equal(engine.snapshot(Cases(1)).head, base.head)


def test_a_case_alone_answers_as_in_a_batch(shared_data) -> None:
    model = model_of(shared_data, "ky4", demand_model="PDA", required_pressure=20.0)
    engine = EpanetEngine(model)
    status = np.full((5, model.links), -1, np.int8)
    status[np.arange(5), np.arange(100, 105)] = Status.CLOSED
    whole = engine.snapshot(Cases(5, status=status))
    alone = pickle.loads(pickle.dumps(engine)).snapshot(Cases(5, status=status).rows(np.array([3])))
    np.testing.assert_array_equal(alone.head[0], whole.head[3])


LINE = {"junction": [{"id": "a", "elevation": 0.0, "demand": 0.01}, {"id": "b", "elevation": 0.0, "demand": 0.01}], "reservoir": [{"id": "r", "head": 30.0}],
        "pipe": [{"id": "1", "from_id": "water.reservoir:r", "to_id": "a", "length": 100.0, "diameter": 0.2, "hazen_williams_c": 120.0, "check_valve": True},
                 {"id": "2", "from_id": "a", "to_id": "b", "length": 500.0, "diameter": 0.2, "hazen_williams_c": 120.0}]}  # fmt: skip


def small(**options) -> EpanetEngine:
    model = hydraulic_model(city_of_rows(**LINE))
    return EpanetEngine(replace(model, options=replace(model.options, **options)))


def test_hazen_williams_by_hand() -> None:
    found = small().snapshot(Cases(1))
    loss = 10.667 * (0.02 / 120) ** 1.852 / 0.2**4.871 * 100
    assert found.head[0, 0] == pytest.approx(30 - loss, abs=1e-3)
    assert found.engine.startswith("EPANET 2.3")


def test_what_a_closed_pipe_cuts_off_gets_nothing_and_has_no_head() -> None:
    for options in ({}, {"demand_model": "PDA"}):
        found = small(**options).snapshot(Cases(1, status=np.array([[-1, Status.CLOSED]], np.int8)))
        assert found.status[0] == CaseStatus.SOLVED and np.isnan(found.head[0, 1])
        assert found.delivered[0, 1] == 0 and found.wanted[0, 1] == pytest.approx(0.01)
        assert found.delivered[0, 0] == pytest.approx(0.01, rel=1e-4)


def test_a_check_valve_can_be_closed_although_the_toolkit_cannot() -> None:
    engine = small(demand_model="PDA")
    found = engine.snapshot(Cases(1, status=np.array([[Status.CLOSED, -1]], np.int8)))
    assert np.abs(found.flow).max() < 1e-5 and found.delivered.max() < 1e-5
    assert engine.snapshot(Cases(1)).flow[0, 0] == pytest.approx(0.02, rel=1e-4)


def test_added_demand_is_drawn_on_top_whatever_the_multiplier() -> None:
    demand = np.zeros((2, 3))
    demand[0, 1] = 0.015
    found = small(demand_multiplier=2.0).snapshot(Cases(2, demand=demand, factor=np.array([0.5, 1.0])))
    assert found.flow[:, 0].tolist() == pytest.approx([0.035, 0.04], rel=1e-5)
    refused = small(demand_model="PDA").snapshot(Cases(2, demand=demand))
    assert refused.status.tolist() == [CaseStatus.FAILED, CaseStatus.SOLVED] and "DDA" in refused.notes[0]


def test_demand_factors_by_node() -> None:
    found = small().snapshot(Cases(2, factor=np.array([[1.0, 3.0, 1.0], [1.0, 1.0, 1.0]])))
    assert found.flow[:, 0].tolist() == pytest.approx([0.04, 0.02], rel=1e-5)


def test_a_network_without_source_fails_in_every_case_and_says_so() -> None:
    model = hydraulic_model(city_of_rows(junction=LINE["junction"], pipe=LINE["pipe"][1:]))
    found = EpanetEngine(model).snapshot(Cases(2))
    assert found.status.tolist() == [CaseStatus.FAILED] * 2 and "no reservoir" in found.notes[1] and np.isnan(found.head).all()


def test_what_epanet_refuses_is_said_in_its_words() -> None:
    valve = {"id": "v", "from_id": "water.reservoir:r", "to_id": "b", "type": "PRV", "diameter": 0.1, "setting_head": 20.0}
    engine = EpanetEngine(hydraulic_model(city_of_rows(**LINE, valve=[valve])))
    with pytest.raises(Invalid, match="219"):
        engine.project()
    assert engine.snapshot(Cases(1)).status.tolist() == [CaseStatus.FAILED]


def test_negative_pressures_are_answers_not_failures() -> None:
    found = small().snapshot(Cases(1, factor=np.array([20.0])))
    assert found.status[0] == CaseStatus.SOLVED and found.head[0, 1] < 0


ALL = """[JUNCTIONS]\n j1 10\n j2 8\n j3 6\n j4 5\n[RESERVOIRS]\n r 40 hp\n[TANKS]\n t 20 2 1 4 8 0 vol YES\n[PIPES]\n p1 r j1 100 300 130\n p2 j2 t 100 300 130
 p3 j3 j4 200 200 130 CV
[PUMPS]\n pu j1 j2 HEAD h SPEED 1.1 PATTERN sp\n po j1 j2 POWER 5\n[VALVES]\n prv j2 j3 200 PRV 15 0.5\n gpv j2 j4 200 GPV loss\n fcv j1 j3 150 FCV 4\n tcv j1 j4 150 TCV 8
 pcv j2 j4 100 PCV 40 0.2 open\n[DEMANDS]\n j3 5 dp\n j3 2 ;b\n j4 9 dp\n[STATUS]\n po CLOSED\n[PATTERNS]\n hp 1 1.1 1\n sp 1 0.9\n dp 0.5 1.5 1\n 1 1 2
[CURVES]\n h 20 25\n vol 0 0\n vol 5 300\n loss 0 0\n loss 30 6\n open 0 0\n open 50 20\n open 100 100\n[EMITTERS]\n j4 0.7
[CONTROLS]\n LINK po OPEN IF NODE t BELOW 1.9\n LINK fcv 6 AT TIME 5\n LINK tcv CLOSED AT CLOCKTIME 9 AM\n LINK prv 12 IF NODE j3 ABOVE 1
[RULES]\nRULE one\nIF TANK t LEVEL ABOVE 2.2\nAND SYSTEM CLOCKTIME >= 3 PM\nTHEN VALVE fcv SETTING = 2\nELSE VALVE fcv STATUS = OPEN\nPRIORITY 2
[OPTIONS]\n UNITS {unit}\n HEADLOSS H-W\n ACCURACY 0.00001\n EMITTER EXPONENT 0.6\n DEMAND MULTIPLIER 0.9\n[TIMES]\n DURATION 24\n START CLOCKTIME 6 AM\n[END]\n"""


@pytest.mark.parametrize("unit", ["LPS", "CMH", "LPM"])
def test_every_feature_at_once(tmp_path, unit: str) -> None:
    """Each type of link, curve, pattern and control, over a day, against EPANET on the file."""
    model = hydraulic_model(city_of_text(ALL.format(unit=unit), tmp_path))
    assert len(model.controls) == 4 and len(model.rules) == 1 and set(model.link_type.tolist()) >= {0, 1, 2, 3, 6, 7, 8, 9}
    expected = oracle.solve(tmp_path / "network.inp", tmp_path)
    found = EpanetEngine(model).trajectory()
    assert found.time.tolist() == expected["time"].tolist()
    np.testing.assert_allclose(found.head[0][:, order(expected["node"], model.node_id)], expected["head"], atol=2e-4)
    np.testing.assert_allclose(found.flow[0][:, order(expected["link"], model.link_id)], expected["flow"] * FLOW[unit], atol=2e-6)


def test_water_age_grows_along_the_pipe_by_its_travel_time() -> None:
    plain = [{**pipe, "check_valve": False} for pipe in LINE["pipe"]]  # EPANET lets nothing age in pipes with a check valve
    engine = EpanetEngine(hydraulic_model(city_of_rows(**{**LINE, "pipe": plain})))
    period = engine.extended(hours=6, quality=Quality("AGE", step=60.0))
    assert period.quality is not None
    travel = np.array([100 / (0.02 / 0.0314159), 100 / (0.02 / 0.0314159) + 500 / (0.01 / 0.0314159)])
    np.testing.assert_allclose(period.quality[0, -1, :2], travel, atol=120.0)


def test_a_traced_source_and_first_order_decay() -> None:
    plain = [{**pipe, "check_valve": False} for pipe in LINE["pipe"]]
    model = hydraulic_model(city_of_rows(**{**LINE, "pipe": plain}))
    engine = EpanetEngine(replace(model, options=replace(model.options, duration=12 * 3600.0)))
    trace = engine.extended(quality=Quality("TRACE", trace=2, step=60.0))
    np.testing.assert_allclose(trace.quality[0, -1], [1, 1, 1], atol=1e-3)
    rate = -1e-4
    initial = np.array([0.0, 0.0, 1e-3])
    decay = engine.extended(quality=Quality("CHEMICAL", initial=initial, bulk=np.full(2, rate), step=30.0))
    seconds = 100 / (0.02 / 0.0314159) + 500 / (0.01 / 0.0314159)
    assert decay.quality[0, -1, 1] == pytest.approx(1e-3 * np.exp(rate * seconds), rel=0.05)
    with pytest.raises(AssertionError):
        np.testing.assert_array_equal(decay.quality, trace.quality)


def test_a_leak_on_the_way_is_shared_between_the_ends() -> None:
    breaks = Breaks(np.array([1]), np.array([1]), np.array([0.25]), np.array([0.01]))
    found = small(demand_model="PDA").snapshot(Cases(2, breaks=breaks))
    assert found.leak[0].max() == 0
    np.testing.assert_allclose(found.leak[1], np.array([0.0075, 0.0025, 0]) * np.sqrt(np.maximum(found.head[1], 0)), rtol=1e-4)
