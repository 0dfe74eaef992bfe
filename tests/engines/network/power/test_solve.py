"""Which engine answers, that equal cases are solved once, and that a bad case never harms the others."""

from __future__ import annotations

import pickle

import numpy as np
import pytest

from holdfast.engines.network.power.batch import _verdict
from holdfast.engines.network.power.model import ENGINES, base_cases
from holdfast.engines.network.power.parts import live_nodes
from holdfast.engines.network.power.solve import Solver, distinct
from holdfast.model.lifeline import CaseStatus
from power_nets import feeder, model, random_tree


def ring(load=0.4e6 + 0.1e6j, **more):
    return model(4, [(0, 1, 0.2 + 0.2j), (1, 2, 0.2 + 0.2j), (2, 3, 0.2 + 0.2j), (3, 0, 0.2 + 0.2j)], {1: load, 2: load, 3: load}, **more)


def test_the_engine_follows_the_case():
    net = ring()
    cases = base_cases(net, 3)
    cases.on_from[1, 3] = False
    cases.source[2] = False
    flow = Solver(net).solve(cases)
    assert [ENGINES[code] for code in flow.engine] == ["power-grid-model", "holdfast sweep", "none"]
    assert (flow.status == 0).all() and np.isnan(flow.voltage[2]).all() and not flow.live[2].any()
    assert np.isfinite(flow.voltage[:2]).all()


def test_all_three_engines_agree_on_a_ring():
    net = ring(branch_y=np.full(4, 3e-5j), branch_ratio=np.exp(1j * np.zeros(4)))
    peer, own = (Solver(net, name).solve(base_cases(net)) for name in ("power-grid-model", "newton"))
    assert np.abs(peer.voltage - own.voltage).max() < 1e-8
    assert np.abs(peer.s_from - own.s_from).max() < 0.5


def test_equal_cases_are_solved_once():
    net = random_tree(40, 3)
    cases = base_cases(net, 6)
    cases.on_from[[2, 4], 5] = False
    cases.factor[5, 3] = 0.5
    cases.on_to[3, 5] = False
    live = live_nodes(net, cases)
    index, back = distinct(net, cases, live)
    assert index.tolist() == [0, 2, 3, 5] or index.tolist() == [0, 2, 5], "an open end beyond what is live makes no difference"
    assert (back[[0, 1]] == back[0]).all() and back[2] == back[4] != back[0] and back[5] not in back[:5]
    flow = Solver(net).solve(cases)
    alone = [Solver(net).solve(cases.rows(np.array([c]))) for c in range(6)]
    assert np.allclose(flow.voltage, np.concatenate([f.voltage for f in alone]), equal_nan=True)


def test_a_case_without_solution_gets_its_status_and_the_others_their_numbers():
    net = ring()
    cases = base_cases(net, 4)
    cases.factor[1] = 500.0
    flow = Solver(net).solve(cases)
    assert flow.status.tolist() == [0, CaseStatus.DIVERGED, 0, 0]
    assert np.isnan(flow.voltage[1]).all() and np.isnan(flow.s_from[1]).all() and np.isnan(flow.loss[1])
    assert np.isfinite(flow.voltage[[0, 2, 3]]).all()


@pytest.mark.parametrize(("text", "status"), [("Iteration failed to converge after 20 iterations", CaseStatus.DIVERGED), ("Sparse matrix error: singular", CaseStatus.SINGULAR),
                                              ("something else", CaseStatus.FAILED)])
def test_messages_of_power_grid_model(text, status):
    assert _verdict(text) == status


def test_voltage_controlled_generators_hold_their_voltage():
    net = ring(held_node=np.array([2], np.int32), held_v=np.array([1.01]), held_p=np.array([0.5e6]), held_on=np.array([True]))
    cases = base_cases(net, 2)
    cases.held[1] = False
    flow = Solver(net).solve(cases)
    assert [ENGINES[code] for code in flow.engine] == ["holdfast newton", "power-grid-model"]
    assert flow.magnitude[0, 2] == pytest.approx(1.01, abs=1e-9) and flow.magnitude[1, 2] < 1.0


def test_a_held_generator_in_a_dead_part_changes_nothing():
    net = feeder(4, held_node=np.array([3], np.int32), held_v=np.array([1.0]), held_p=np.array([0.0]), held_on=np.array([True]))
    cases = base_cases(net)
    cases.on_from[0, 1] = False
    flow = Solver(net).solve(cases)
    assert ENGINES[flow.engine[0]] == "holdfast sweep" and np.isnan(flow.voltage[0, 2:]).all()


def test_newton_says_when_there_is_no_solution():
    net = ring(load=300e6)
    flow = Solver(net, "newton").solve(base_cases(net))
    assert flow.status[0] in (CaseStatus.DIVERGED, CaseStatus.SINGULAR) and np.isnan(flow.voltage).all()


def test_a_solver_travels_and_answers_the_same():
    solver = Solver(ring())
    before = solver.base
    again = pickle.loads(pickle.dumps(solver))
    assert np.array_equal(again.base.voltage, before.voltage) and again.engine == "auto"


def test_loading_is_the_current_of_the_worse_end_over_the_limit():
    net = feeder(2, 1e6, limit=100.0)
    flow = Solver(net).base
    current = 1e6 / (np.sqrt(3) * abs(flow.voltage[0, 1]) * 10e3)
    assert flow.loading(net)[0, 0] == pytest.approx(current / 100.0, rel=1e-6)
    assert Solver(feeder(2)).base.loading(feeder(2))[0, 0] == 0.0, "no limit is known"


def test_no_cases_and_no_branches():
    net = model(1, [], {0: 1e3})
    assert Solver(net).solve(base_cases(net, 0)).status.shape == (0,)
    assert Solver(net).base.voltage.tolist() == [[1.0 + 0j]]
