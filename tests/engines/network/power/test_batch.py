"""power-grid-model in batches: models are used again, couplers may differ, open ends and laws are those of the sweep."""

from __future__ import annotations

import pickle

import numpy as np
import pytest

from holdfast.engines.network.power.batch import _KEPT, BatchSolver
from holdfast.engines.network.power.model import Law, base_cases
from holdfast.engines.network.power.radial import solve
from power_nets import feeder, model, random_tree


def test_models_are_built_once_and_the_oldest_goes():
    net = model(12, [(0, i, 0j) for i in range(1, 12)], dict.fromkeys(range(1, 12), 1e4))
    solver = BatchSolver(net)
    solver.solve(base_cases(net))
    built = next(iter(solver._models.values()))[0]
    solver.solve(base_cases(net, 3))
    assert next(iter(solver._models.values()))[0] is built and len(solver._models) == 1
    for coupler in range(11):
        cases = base_cases(net)
        cases.on_from[0, coupler] = False
        status, voltage, *_ = solver.solve(cases)
        assert status[0] == 0 and np.isnan(voltage[0]).sum() == 1
    assert len(solver._models) == _KEPT
    assert len(pickle.loads(pickle.dumps(solver))._models) == 0, "models are not taken along"


@pytest.mark.parametrize("law", list(Law))
def test_laws_and_charging_are_those_of_the_sweep(law):
    net = feeder(4, 0.8e6 + 0.3e6j, inject_law=np.full(3, law, np.int8), branch_y=np.full(3, 2e-4j), branch_ratio=np.array([1.0, 1.02 * np.exp(0.3j), 0.98]))
    cases = base_cases(net, 3)
    cases.on_from[1, 2] = False
    cases.on_to[2, 1] = False
    own, peer = solve(net, cases), BatchSolver(net).solve(cases)
    assert np.nanmax(np.abs(own[1] - peer[1])) < 1e-8
    assert np.abs(own[2] - peer[2]).max() < 0.1 and np.abs(own[3] - peer[3]).max() < 0.1, "VA"


def test_threads_give_the_same():
    net = random_tree(30, 8)
    cases = base_cases(net, 40)
    cases.factor[:] = np.random.default_rng(1).uniform(0.5, 1.5, cases.factor.shape)
    one, two = BatchSolver(net).solve(cases), BatchSolver(net, threads=2).solve(cases)
    assert np.array_equal(one[1], two[1])
