"""The power model's derived columns, its cases, and loadings of a flow."""

from __future__ import annotations

import pickle

import numpy as np
import pytest

from holdfast.engines.network.power.model import BASE, base_cases
from holdfast.engines.network.power.solve import Solver
from power_nets import feeder, model, random_tree


def test_branches_and_injections_are_listed_at_their_nodes():
    net = random_tree(30, 3)
    start, branch = net.incidence
    for node in range(net.nodes):
        expected = sorted(np.flatnonzero((net.branch_from == node) | (net.branch_to == node)).tolist())
        assert sorted(branch[start[node] : start[node + 1]].tolist()) == expected
    start, injection = net.injections_at
    assert [int(net.inject_node[injection[k]]) for k in range(len(injection))] == sorted(net.inject_node.tolist())
    assert start[-1] == len(net.inject_node)


def test_per_unit_is_of_the_far_end():
    net = model(2, [(0, 1, 0.4 + 0.2j)], {1: 1e5}, node_rated=np.array([20e3, 10e3]))
    net.branch_y[0] = 2e-5j
    assert net.z_pu[0] == pytest.approx((0.4 + 0.2j) * BASE / 1e8) and net.half_y_pu[0] == pytest.approx(1e-5j * 1e8 / BASE)
    assert not net.ideal.any() and model(2, [(0, 1, 0j)], {}).ideal.all()


def test_what_is_derived_is_not_pickled_but_made_again():
    net = feeder()
    before = net.incidence
    again = pickle.loads(pickle.dumps(net))
    assert "incidence" in net.__dict__ and "incidence" not in again.__dict__
    assert all(np.array_equal(a, b) for a, b in zip(again.incidence, before, strict=True))


def test_cases_are_copies_and_rows_keep_what_belongs_together():
    net = feeder(nodes=4)
    cases = base_cases(net, 3)
    cases.on_from[1, 0] = False
    cases.factor[2] = 0.5
    assert net.branch_on_from.all() and cases.on_from[0].all() and cases.count == 3
    picked = cases.rows(np.array([2, 1]))
    assert picked.count == 2 and (picked.factor[0] == 0.5).all() and not picked.on_from[1, 0]
    assert (cases.with_factor(np.zeros((3, 3))).factor == 0).all() and (cases.factor[2] == 0.5).all()


def test_emergency_sources_are_off_until_they_are_needed():
    net = model(3, [(0, 1, 0.1j), (1, 2, 0.1j)], {1: 1e5}, sources=(0, 2), forming_source=np.array([1]), forming_power=np.array([2e5]), forming_inject=np.array([-1]),
                forming_held=np.array([-1]))
    assert base_cases(net, 2).source.tolist() == [[True, False]] * 2


def test_losses_and_loadings_of_a_flow():
    net = feeder(nodes=3, load=1e6 + 0j, limit=100.0)
    flow = Solver(net).solve(base_cases(net, 2))
    z = 0.2 + 0.15j
    current = np.abs(flow.s_to[0] / (np.sqrt(3) * flow.magnitude[0, net.branch_to] * 10e3))  # [A]
    assert flow.loss[0] == pytest.approx(3 * (current**2).sum() * z.real, rel=1e-6)
    np.testing.assert_allclose(flow.loading(net)[0], current / 100.0, rtol=1e-4)
    assert flow.rows(np.array([1])).status.tolist() == [0]
