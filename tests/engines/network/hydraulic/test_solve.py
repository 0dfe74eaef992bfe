"""The batched solver's interface: cases side by side, breaks, islands, odd networks, warm starts, pickling, refusals."""

from __future__ import annotations

import pickle
from dataclasses import replace

import numpy as np
import pytest

from holdfast.engines.network.hydraulic.answers import Breaks, Cases
from holdfast.engines.network.hydraulic.model import HydraulicModel, LinkType
from holdfast.engines.network.hydraulic.solve import Solver
from hydraulic_model_of import model_of

SPLIT = """[JUNCTIONS]
A 10 5
B 12 8
C 9 6
{middle}
[RESERVOIRS]
R 60
[PIPES]
p1 R A 500 250 110 0 Open
{pipe}
p3 B C 300 150 110 0 Open
p4 C A 600 150 110 0 Open
[EMITTERS]
{emitter}
[OPTIONS]
Units LPS
Headloss {form}
Accuracy 0.00001
[END]
"""


@pytest.fixture(scope="module")
def town(shared_session) -> HydraulicModel:
    return model_of(shared_session("water/literature/Net3.inp"), demand_model="PDA", required_pressure=25.0, minimum_pressure=0.0)


@pytest.fixture(scope="module")
def shared_session():
    from conftest import SHARED

    def find(name: str):
        path = SHARED / name
        if not path.exists():
            pytest.skip(f"real data not present: {name}")
        return path

    return find


def _small(tmp_path, name: str, form: str = "H-W", **parts: str) -> HydraulicModel:
    path = tmp_path / f"{name}.inp"
    given = {"middle": "", "pipe": "p2 A B 400 200 110 0 Open", "emitter": "", "form": form} | parts
    text = SPLIT.format(**given)
    path.write_text(text.replace(" 110 ", " 0.25 ") if form == "D-W" else text)
    return model_of(path)


@pytest.mark.parametrize("form", ["H-W", "D-W"])
@pytest.mark.parametrize("share", [0.25, 0.6])
def test_a_pipe_broken_on_its_way_equals_a_pipe_split_there(tmp_path, share, form):
    whole = _small(tmp_path, "whole", form)
    level = 10 + share * 2
    split = _small(tmp_path, "split", form, middle=f"M {level} 0", emitter="M 2.0",
                   pipe=f"p2 A M {400 * share} 200 110 0 Open\np2b M B {400 * (1 - share)} 200 110 0 Open")
    coefficient = split.emitter.max()
    pipe = np.array([1])
    broken = Solver(whole).snapshot(Cases(1, breaks=Breaks(np.array([0]), pipe, np.array([share]), np.array([coefficient]))))
    reference = Solver(split).snapshot()
    places = [split.node_id.to_pylist().index(name) for name in ("A", "B", "C")]
    np.testing.assert_allclose(broken.head[0, :3], reference.head[0, places], atol=2e-3)
    assert broken.leak.sum() == pytest.approx(reference.leak.sum(), rel=1e-3)
    assert broken.flow[0, 1] == pytest.approx(reference.flow[0, 1], rel=1e-3)


def test_a_leak_at_a_node_is_an_emitter_there(tmp_path):
    own = _small(tmp_path, "own", emitter="C 1.5")
    none = _small(tmp_path, "none")
    added = Solver(none).snapshot(Cases(1, emitter=own.emitter[None]))
    np.testing.assert_allclose(added.head, Solver(own).snapshot().head, atol=1e-4)
    assert added.leak[0, 2] > 0


def test_breaks_must_lie_on_pipes(town):
    pump = int(np.flatnonzero(town.link_type == LinkType.PUMP)[0])
    with pytest.raises(ValueError, match="breaks must lie on pipes"):
        Solver(town).snapshot(Cases(1, breaks=Breaks(np.array([0]), np.array([pump]), np.array([0.5]), np.array([0.01]))))


def test_cases_do_not_touch_each_other(town):
    """27 cases of all sorts in one batch, a hopeless one among them, give what each gives alone."""
    solver = Solver(town)
    rng = np.random.default_rng(4)
    count = 27
    status = np.full((count, town.links), -1, np.int8)
    status[np.arange(20), rng.choice(117, 20, replace=False)] = 0
    factor = rng.uniform(0.5, 2.0, count)
    factor[5] = 1e9
    emitter = np.zeros((count, town.nodes))
    emitter[21, 10] = 0.05
    demand = np.zeros((count, town.nodes))
    demand[22, 12] = 0.02
    cases = Cases(count, status=status, factor=factor, emitter=emitter, demand=demand)
    together = solver.snapshot(cases)
    for case in range(count):
        alone = solver.snapshot(cases.rows(np.array([case])))
        np.testing.assert_array_equal(together.head[case], alone.head[0])
        assert together.iterations[case] == alone.iterations[0]
    assert together.solved[[i for i in range(count) if i != 5]].all()


def test_threads_give_the_same(town):
    status = np.full((40, town.links), -1, np.int8)
    status[np.arange(40), np.arange(40)] = 0
    cases = Cases(40, status=status)
    np.testing.assert_array_equal(Solver(town, threads=2).snapshot(cases).head, Solver(town).snapshot(cases).head)


@pytest.mark.parametrize("driven", ["DDA", "PDA"])
def test_what_is_cut_off_gets_nothing_and_has_no_head(tmp_path, driven):
    model = _small(tmp_path, "cut")
    model = replace(model, options=replace(model.options, demand_model=driven, required_pressure=20.0))
    status = np.full((3, 4), -1, np.int8)
    status[1, [1, 3]] = 0  # B and C
    status[2, 0] = 0  # all
    found = Solver(model).snapshot(Cases(3, status=status))
    assert found.solved.all()
    assert np.isfinite(found.head[0]).all()
    assert np.isnan(found.head[1, [1, 2]]).all() and np.isfinite(found.head[1, [0, 3]]).all()
    np.testing.assert_allclose(found.delivered[1], [0.005, 0, 0, 0], atol=1e-7)
    assert found.flow[1, 0] == pytest.approx(0.005, rel=1e-4)  # nothing flows on to what is cut off
    assert np.isnan(found.head[2, :3]).all()
    assert found.delivered[2].sum() == 0
    np.testing.assert_allclose(found.wanted[2, :3], [0.005, 0.008, 0.006], rtol=1e-5)  # litres in EPANET's cubic feet are rounded


def test_a_network_without_a_source_delivers_nothing(tmp_path):
    model = _small(tmp_path, "dry")
    keep = model.link_from != 3
    dry = replace(model, **{name: getattr(model, name)[:3] for name in (
        "node_id", "node_type", "node_xy", "elevation", "head_pattern", "emitter", "tank_initial", "tank_minimum", "tank_maximum", "tank_area",
        "tank_minimum_volume", "tank_curve", "tank_overflow")}, **{name: getattr(model, name)[keep] for name in (
            "link_type", "link_from", "link_to", "length", "diameter", "roughness", "minor_loss", "initial_status", "initial_setting", "pump_curve",
            "pump_power", "pump_pattern", "valve_curve")}, link_id=model.link_id.slice(1))
    found = Solver(dry).snapshot()
    assert found.status[0] == 0
    assert np.isnan(found.head).all()
    assert found.delivered.sum() == 0


def test_a_part_that_no_link_joins_to_a_source(tmp_path):
    model = _small(tmp_path, "stranded", middle="X 5 2\nY 5 3", pipe="p2 A B 400 200 110 0 Open\nx X Y 100 100 110 0 Open")
    found = Solver(model).snapshot()
    assert found.status[0] == 0
    lost = [model.node_id.to_pylist().index(name) for name in ("X", "Y")]
    assert np.isnan(found.head[0, lost]).all()
    assert found.delivered[0, lost].sum() == 0
    assert np.isfinite(found.head[0]).sum() == model.nodes - 2


def test_zero_length_and_zero_demand_give_numbers(tmp_path):
    model = _small(tmp_path, "zero")
    model = replace(model, length=np.array([500.0, 0.0, 300.0, 600.0]), demand_base=np.zeros(len(model.demand_base)))
    found = Solver(model).snapshot()
    assert found.solved.all()
    np.testing.assert_allclose(found.head[0, :3], 60.0, atol=1e-3)


def test_warm_starts_find_the_same_in_fewer_iterations(town):
    status = np.full((60, town.links), -1, np.int8)
    status[np.arange(60), np.arange(60)] = 0
    solver, cases = Solver(town), Cases(60, status=status)
    cold, warm = solver.snapshot(cases), solver.snapshot(cases, warm=True)
    assert warm.iterations.mean() < 0.9 * cold.iterations.mean()
    both = np.isfinite(cold.head) & np.isfinite(warm.head)
    assert np.quantile(np.abs(cold.head - warm.head)[both], 0.99) < 0.05


def test_a_live_question_goes_on_from_the_last_answer(shared_session):
    model = model_of(shared_session("water/literature/ky4.inp"), demand_model="PDA", required_pressure=20.0)
    solver = Solver(model)
    assert solver.snapshot(warm=True).iterations.max() < solver.snapshot().iterations.max()


def test_sums_of_an_ensemble_are_those_of_the_period(town):
    status = np.full((10, town.links), -1, np.int8)
    status[np.arange(10), np.arange(10, 20)] = 0
    cases, solver = Cases(10, status=status, factor=np.full(10, 1.5)), Solver(town)
    sums, period = solver.ensemble(cases, hours=6), solver.extended(cases, hours=6)
    assert (sums.status == 0).all()
    assert (sums.deficit <= sums.wanted + 1e-9).all()
    fed = np.isfinite(period.head).all(1)
    lowest = (period.head - town.elevation).min(1)
    junction = town.node_type == 0
    assert (sums.lowest[:, junction][fed[:, junction]] <= lowest[:, junction][fed[:, junction]] + 1e-3).all()
    rough = np.maximum(period.wanted - period.delivered, 0)[:, :-1].sum(1) * 3600.0
    np.testing.assert_allclose(sums.deficit.sum(), rough.sum(), rtol=0.1, atol=1.0)


def test_hours_follow_the_patterns(town):
    found = Solver(town).snapshot(Cases(3), hour=np.array([0.0, 5.0, 12.0]))
    wanted = found.wanted.sum(1)
    assert len(set(np.round(wanted, 6))) == 3


def test_pickled_solvers_solve(town):
    solver = Solver(town)
    before = solver.snapshot()
    again = pickle.loads(pickle.dumps(solver))
    np.testing.assert_array_equal(again.snapshot().head, before.head)
    assert before.engine == "holdfast hydraulic"


def test_what_cannot_be_solved_is_named_and_refused(town):
    kinds = town.link_type.copy()
    kinds[0] = LinkType.PCV
    solver = Solver(replace(town, link_type=kinds))
    assert solver.features() == ["positional control valves (PCV)"]
    with pytest.raises(NotImplementedError, match="PCV"):
        solver.snapshot()
    power = town.pump_curve.copy()
    power[:] = -1
    assert any("without a curve or power" in word for word in Solver(replace(town, pump_curve=power)).features())
    assert Solver(town).features() == []
