"""Component states of the water network become service at its outlets."""

from __future__ import annotations

import pickle

import numpy as np
import pytest

from ceilings import check_ceiling
from holdfast.domains.water.hydraulic_tables import WaterTables
from holdfast.domains.water.lifeline import WaterLifeline, build, sections_of
from holdfast.domains.water.sample import sample
from holdfast.domains.water.snapshots import Remembered
from holdfast.engines.layout.plan import make_plan
from holdfast.model.finding import Findings
from holdfast.model.lifeline import CaseStatus, Command, ComponentState, Lifeline
from table_city import TableCity
from water_files import CATALOG, city_of, city_of_rows

LINE = {"junction": [{"id": "a", "elevation": 0.0, "demand": 0.01}, {"id": "b", "elevation": 0.0, "demand": 0.01}, {"id": "c", "elevation": 0.0}],
        "reservoir": [{"id": "r", "head": 30.0}],
        "pipe": [{"id": "1", "from_id": "water.reservoir:r", "to_id": "a", "length": 100.0, "diameter": 0.2, "hazen_williams_c": 120.0},
                 {"id": "2", "from_id": "a", "to_id": "b", "length": 500.0, "diameter": 0.2, "hazen_williams_c": 120.0}],
        "pump": [{"id": "p", "from_id": "b", "to_id": "c", "head_curve": "water.curve:c", "station": "water.secondary_supply:s"}],
        "curve": [{"id": "c", "use": "PUMP", "x": "[0.01]", "y": "[20]"}],
        "secondary_supply": [{"id": "s", "node_id": "b"}], "treatment_plant": [{"id": "w", "node_id": "water.reservoir:r"}]}  # fmt: skip


@pytest.fixture(scope="module")
def line() -> WaterLifeline:
    return build(city_of_rows(**LINE))


def states(line: WaterLifeline, *down: tuple[str, ...]) -> ComponentState:
    ids = line.component_id.to_pylist()
    available = np.ones((len(down), len(ids)), bool)
    for case, names in enumerate(down):
        for name in names:
            available[case, ids.index(name)] = False
    return ComponentState(available)


def level(line: WaterLifeline, served, outlet: str) -> list[float]:
    return served.level[:, line.outlet_id.to_pylist().index(outlet)].tolist()


def test_it_is_a_lifeline_of_all_that_matters(line) -> None:
    assert isinstance(line, Lifeline) and line.service == "water"
    assert set(line.component_id.to_pylist()) == {"water.pipe:1", "water.pipe:2", "water.pump:p", "water.reservoir:r", "water.treatment_plant:w", "water.secondary_supply:s"}
    assert line.outlet_id.to_pylist()[-1] == "water.secondary_supply:s"
    assert line.outlet_demand.tolist() == pytest.approx([0.01, 0.01, 0.0, 0.0])


@pytest.mark.clause("1b", "1k")
def test_what_is_down_serves_nobody_behind_it(line) -> None:
    found = line.serve(states(line, (), ("water.pipe:2",), ("water.pump:p",), ("water.reservoir:r",), ("water.treatment_plant:w",), ("water.secondary_supply:s",)))
    assert found.status.tolist() == [CaseStatus.SOLVED] * 6
    assert level(line, found, "water.junction:a") == pytest.approx([1, 1, 1, 0, 0, 1])
    assert level(line, found, "water.junction:b") == pytest.approx([1, 0, 1, 0, 0, 1])
    assert level(line, found, "water.secondary_supply:s") == pytest.approx([1, 0, 0, 0, 0, 0])
    assert found.detail["supplied"].tolist() == pytest.approx([1, 0.5, 1, 0, 0, 1], abs=1e-6)
    assert "EPANET" in found.engine or "holdfast" in found.engine


def test_with_every_source_shut_nothing_arrives_as_the_solver_says_that_then_is_not_asked(line, monkeypatch) -> None:
    state = states(line, ("water.reservoir:r",), ("water.pipe:1",), ("water.pipe:2",))
    cases = line.cases_of(state)
    assert line._fed(cases).tolist() == [False, False, True]
    solved = line._engine(False).snapshot(cases)
    asked, snapshot = [], line._engine(False).snapshot
    monkeypatch.setattr(line, "_snapshots", Remembered(line._solve))
    monkeypatch.setattr(line._engine(False), "snapshot", lambda some, *rest, **more: (asked.append(some.count), snapshot(some, *rest, **more))[1])
    found = line.serve(state)
    assert asked == [1] and found.status.tolist() == solved.status.tolist() == [CaseStatus.SOLVED] * 3
    assert solved.delivered[:2].max() == 0.0 and found.level[:2].max() == 0.0 and found.detail["leak"][:2].max() == 0.0
    assert np.isnan(solved.head[:2, 0]).all() and np.isnan(found.detail["pressure"][:2]).all()


def test_a_break_spills_and_takes_pressure_until_it_is_shut_off() -> None:
    """Intact, leaking but carrying, broken and spilling, shut off; behind a long main."""
    line = build(city_of_rows(**{**LINE, "pipe": [{**LINE["pipe"][0], "length": 2000.0}, {**LINE["pipe"][1], "length": 50.0}]}))
    state = states(line, (), (), ("water.pipe:2",), ("water.pipe:2",))
    opening = np.zeros(state.available.shape, np.float32)
    opening[1:3, line.component_id.to_pylist().index("water.pipe:2")] = 0.0003, 0.0314
    found = line.serve(ComponentState(state.available, opening))
    leak, near, behind = found.detail["leak"], level(line, found, "water.junction:a"), level(line, found, "water.junction:b")
    assert leak[0] == 0 and leak[3] == 0 and leak[2] > 10 * leak[1] > 0
    assert behind[1] > 0.9 and behind[2] < 0.5 and behind[3] == 0
    assert near[2] < 0.6 * near[3] and near[3] == pytest.approx(1.0)


def test_valves_that_are_recorded_close_off_their_section_and_a_pipe_between_far_ones_is_plugged() -> None:
    rows = {**LINE, "pump": [], "curve": [], "secondary_supply": [],
            "pipe": [*LINE["pipe"], {"id": "3", "from_id": "b", "to_id": "c", "length": 100.0, "diameter": 0.2, "hazen_williams_c": 120.0}]}  # fmt: skip
    valves = [{"id": "v", "pipe_id": "water.pipe:1", "node_id": "water.reservoir:r"}, {"id": "w", "pipe_id": "water.pipe:2", "node_id": "a"}]
    plain, valved = build(city_of_rows(**rows)), build(city_of_rows(**rows, isolation_valve=valves))
    assert plain.sections.label.max() == -1 and valved.sections.label.tolist()[1] == valved.sections.label.tolist()[2] != valved.sections.label.tolist()[0]
    state = states(valved, ("water.pipe:3",), ("water.pipe:1",))
    assert level(plain, plain.serve(state), "water.junction:b") == pytest.approx([1, 0])
    found = valved.serve(state)
    assert level(valved, found, "water.junction:b") == [0, 0] and level(valved, found, "water.junction:a") == pytest.approx([1, 0])
    command = np.zeros(state.available.shape, np.int8)
    command[0, valved.component_id.to_pylist().index("water.pipe:3")] = Command.CLOSED  # by its own valves
    assert level(valved, valved.serve(ComponentState(state.available, command=command)), "water.junction:b") == pytest.approx([1, 0])
    few = WaterLifeline(valved.model, valved.sites, valved.orifice, sections_of(WaterTables(city_of_rows(**rows, isolation_valve=valves), Findings()), valved.model, 1),
                         valved.hydrants)
    assert level(few, few.serve(state), "water.junction:b") == pytest.approx([1, 0])


def test_the_leak_is_that_of_an_orifice(line) -> None:
    """A small hole hardly changes the heads, so its flow follows by hand."""
    state = states(line, ())
    opening = np.zeros(state.available.shape, np.float32)
    opening[0, line.component_id.to_pylist().index("water.pipe:2")] = 1e-5
    found = line.serve(ComponentState(state.available, opening))
    assert found.detail["leak"][0] == pytest.approx(0.6 * 1e-5 * np.sqrt(2 * 9.80665 * 29.7), rel=0.02)


def test_a_leak_in_a_pipe_that_is_shut_at_one_end_is_fed_from_the_other(line) -> None:
    """Pipe 2 leads from a, which the reservoir feeds, to b, which nothing else does."""
    state = states(line, *[("water.pipe:2",)] * 3)
    pipe = line.component_id.to_pylist().index("water.pipe:2")
    opening, command = np.zeros(state.available.shape, np.float32), np.zeros(state.available.shape, np.int8)
    opening[:, pipe], command[:, pipe] = 1e-5, (Command.CLOSED, Command.CLOSED_AT_START, Command.CLOSED_AT_END)
    found = line.serve(ComponentState(state.available, opening, command))
    assert found.detail["leak"] == pytest.approx([0.0, 0.0, 0.6 * 1e-5 * np.sqrt(2 * 9.80665 * 29.7)], rel=0.02)
    assert level(line, found, "water.junction:b") == [0, 0, 0] and level(line, found, "water.junction:a") == pytest.approx([1, 1, 1])


def test_commands_win_over_controls_and_lose_against_damage(line) -> None:
    state = states(line, (), (), ("water.pump:p",))
    command = np.zeros(state.available.shape, np.int8)
    pump = line.component_id.to_pylist().index("water.pump:p")
    command[:, pump] = Command.CLOSED, Command.FROZEN, Command.OPEN
    found = line.serve(ComponentState(state.available, command=command))
    assert level(line, found, "water.secondary_supply:s") == pytest.approx([0, 1, 0])


def test_the_hour_follows_the_pattern() -> None:
    line = build(city_of_rows(**{**LINE, "junction": [{**LINE["junction"][0], "demand": 0.03, "demand_pattern": "water.pattern:d"}, *LINE["junction"][1:]],
                                 "pattern": [{"id": "d", "multipliers": "[0.0, 20.0]"}]}))  # fmt: skip
    state = states(line, (), ())
    found = line.serve(ComponentState(state.available, hour=np.array([0.0, 1.0])))
    assert level(line, found, "water.junction:a")[0] == 1 and level(line, found, "water.junction:a")[1] < 0.8
    assert line.outlet_demand[0] == pytest.approx(0.3)


def test_a_pickled_lifeline_answers_the_same(line) -> None:
    state = states(line, ("water.pipe:2",))
    np.testing.assert_array_equal(pickle.loads(pickle.dumps(line)).serve(state).level, line.serve(state).level)


def test_without_a_source_nobody_is_served_and_without_a_network_there_is_no_lifeline() -> None:
    line = build(city_of_rows(junction=LINE["junction"], pipe=LINE["pipe"][1:]))
    found = line.serve(states(line, (), ()))
    assert found.status.tolist() == [CaseStatus.SOLVED] * 2 and found.level.max() == 0
    assert build(city_of_rows(junction=[])) is None


@pytest.mark.parametrize("name", ["Net3", "L-TOWN", "ky10"])
def test_real_networks_are_whole_when_nothing_is_wrong(shared_data, name: str) -> None:
    line = build(city_of(shared_data(f"water/literature/{name}.inp")))
    found = line.serve(states(line, ()))
    assert found.status[0] == CaseStatus.SOLVED
    assert found.level[0][line.outlet_demand > 0].min() > 0.99


def test_the_reference_city_loses_its_high_floors_with_their_pumps() -> None:
    city = TableCity(CATALOG, sample(make_plan(2_000, 7)))
    line = build(city)
    supply = next(name for name in line.component_id.to_pylist() if name.startswith("water.secondary_supply:"))
    station = "water.pump_station:1"
    found = line.serve(states(line, (), (supply,), (station,)))
    assert found.level[0].min() == pytest.approx(1.0, abs=1e-3)
    assert level(line, found, supply)[1] == 0 and (found.level[1] > 0.99).sum() >= len(line.outlet_id) - 2
    assert (found.level[2] < 0.5).sum() > 5


def test_tanks_of_high_floors_give_nothing_back_to_a_dead_street() -> None:
    """They are filled through an air gap: what is in them is for the high floors alone, as long as their own pumps run."""
    city = TableCity(CATALOG, sample(make_plan(10_000, 1)))
    lifeline = build(city)
    ids, pumps = lifeline.component_id.to_pylist(), city.rows("water.pump")
    inlets = {row["to_id"]: name for name, row in city.rows("water.pipe").items() if name.startswith("F")}
    behind = {row["from_id"]: row for name, row in city.rows("water.pipe").items() if row["from_id"] in inlets}
    assert len(inlets) == 10 and set(behind) == set(inlets) and all(row["to_id"].startswith("water.tank:Z") for row in behind.values())
    command = np.zeros((3, len(ids)), np.int8)
    command[1, [ids.index(f"water.pump:{name}") for name in pumps]] = Command.CLOSED
    command[2, [ids.index(f"water.pump:{name}") for name, row in pumps.items() if row["station"].startswith("water.pump_station")]] = Command.CLOSED
    state = ComponentState(np.ones((3, len(ids)), bool), command=command)
    links = lifeline.model.link_id.to_pylist()
    at = [links.index(f"water.pipe:{name}") for name in inlets.values()]
    for hour in (None, 3.0, 19.0):
        flow = lifeline._engine(hour is not None).snapshot(lifeline.cases_of(state), hour or 0.0).flow[:, at]
        assert (flow[0] > 1e-5).all(), "all are filled while the street has pressure"
        assert np.abs(flow[1:]).max() < 1e-7, "nothing passes either way when it has none"
    served, outlets = lifeline.serve(state), lifeline.outlet_id.to_pylist()
    street = [at for at, name in enumerate(outlets) if name.startswith("water.junction:B") and lifeline.outlet_demand[at] > 0]
    floors = [outlets.index(end.replace(":E", ":H")) for end in inlets]
    assert len(street) > 50 and (served.level[0, street] > 0.999).all() and served.level[1:, street].max() == 0.0
    np.testing.assert_allclose(served.level[:, floors], np.repeat([[1.0], [0.0], [1.0]], len(floors), axis=1), atol=1e-6)


def test_no_level_is_above_the_ceiling_in_a_real_network(shared_data) -> None:
    line = build(city_of(shared_data("water/literature/Net3.inp")))
    check_ceiling(line, np.array([i.startswith("water.pipe:") for i in line.component_id.to_pylist()]))


def test_hydrants_are_of_use_from_their_residual_pressure_on() -> None:
    """30 m at the source; near it 0.10 MPa is left, far up the hill it never is, and nothing is left behind a closed pipe."""
    rows = {**LINE, "junction": [*LINE["junction"][:2], {"id": "c", "elevation": 25.0}], "pipe": [*LINE["pipe"], {**LINE["pipe"][1], "id": "3", "from_id": "b", "to_id": "c"}],
            "pump": [], "curve": [], "secondary_supply": [],
            "hydrant": [{"id": "near", "node_id": "a"}, {"id": "far", "node_id": "b"}, {"id": "hill", "node_id": "c"}, {"id": "lost", "node_id": "nowhere"}]}  # fmt: skip
    line = build(city_of_rows(**rows))
    assert line.hydrants.id.to_pylist() == ["water.hydrant:far", "water.hydrant:hill", "water.hydrant:near"] and line.further == ("fire_flow",)
    state = states(line, (), ("water.pipe:2",), ("water.reservoir:r",))
    found = line.serve(state)
    assert [level(line, found, f"water.hydrant:{name}") for name in ("near", "far", "hill")] == [[1, 1, 0], [1, 0, 0], [0, 0, 0]]
    assert (found.level <= line.ceiling(state)).all()
    assert pickle.loads(pickle.dumps(line)).outlet_id == line.outlet_id


def test_the_ceiling_knows_that_water_does_not_rise_without_its_pump(line) -> None:
    """Behind the pump that lifts from b to c nobody is served once it stands still, and a source below the pipes serves nobody without one."""
    low = build(city_of_rows(**{**LINE, "junction": [{**row, "elevation": 40.0} for row in LINE["junction"]]}))
    assert low.ceiling(states(low, ()))[0].max() == 1.0  # the pump may lift from b
    assert low.ceiling(states(low, ("water.pump:p",)))[0].max() == 0.0
    assert line.ceiling(states(line, ("water.pump:p",)))[0].max() == 1.0
    check_ceiling(build(sample_line()), None)


def sample_line():
    return city_of_rows(**{**LINE, "junction": [{**row, "elevation": 12.0} for row in LINE["junction"]]})
