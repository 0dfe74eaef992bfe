"""Kernels of switched networks against SciPy's connected components, and the sweep against Kirchhoff's laws written down here."""

from __future__ import annotations

import numpy as np
import pytest
from scipy.sparse import coo_array
from scipy.sparse.csgraph import connected_components

from holdfast.engines.network.power import kernel
from holdfast.engines.network.power.model import Law, PowerModel, base_cases
from holdfast.engines.network.power.radial import solve
from power_nets import model, random_tree


def web(seed: int, nodes: int = 30, branches: int = 45) -> PowerModel:
    """Any ends, parallel branches and loops among them; three sources."""
    rng = np.random.default_rng(seed)
    ends = rng.integers(0, nodes, (branches, 2))
    return model(nodes, [(int(a), int(b), 0.1 + 0.1j) for a, b in ends if a != b], {1: 1e4}, sources=(0, 7, 12))


def random_cases(net: PowerModel, count: int, seed: int):
    rng, cases = np.random.default_rng(seed), base_cases(net, count)
    for part, chance in ((cases.node, 0.9), (cases.on_from, 0.8), (cases.on_to, 0.8), (cases.source, 0.5)):
        part &= rng.random(part.shape) < chance
    return cases


def peer_labels(net: PowerModel, cases, case: int) -> np.ndarray:
    node = cases.node[case]
    use = cases.on_from[case] & cases.on_to[case] & node[net.branch_from] & node[net.branch_to]
    ends = net.branch_from[use], net.branch_to[use]
    return connected_components(coo_array((np.ones(use.sum()), ends), shape=(net.nodes, net.nodes)), directed=False)[1]


@pytest.mark.parametrize("seed", range(4))
def test_parts_and_what_a_source_reaches(seed):
    net = web(seed)
    cases = random_cases(net, 25, seed)
    pointer, branch = net.incidence
    label, live = np.empty((25, net.nodes), np.int32), np.empty((25, net.nodes), bool)
    kernel.label_parts(pointer, branch, net.branch_from, net.branch_to, cases.node, cases.on_from, cases.on_to, label)
    kernel.flood(pointer, branch, net.branch_from, net.branch_to, cases.node, cases.on_from, cases.on_to, net.source_node, cases.source, live)
    for case in range(25):
        peer, on = peer_labels(net, cases, case), cases.node[case]
        assert (label[case] < 0).tolist() == (~on).tolist()
        pairs = {(a, b) for a, b in zip(label[case, on].tolist(), peer[on].tolist(), strict=True)}
        assert len(pairs) == len({a for a, _ in pairs}) == len({b for _, b in pairs}) and sorted({a for a, _ in pairs}) == list(range(len(pairs)))
        fed = net.source_node[cases.source[case] & on[net.source_node]]
        assert live[case].tolist() == (on & np.isin(peer, peer[fed])).tolist()


@pytest.mark.parametrize("seed", range(3))
def test_currents_balance_and_voltages_fall_by_ohm(seed):
    """At every node what comes in over branches and couplers is what its load takes; over every branch the pi section holds."""
    net = random_tree(40, seed + 20, couplers=0.0)
    status, voltage, s_from, s_to = solve(net, base_cases(net))
    assert status[0] == kernel.SOLVED
    v = voltage[0]
    y, half = 1.0 / net.z_pu, net.half_y_pu
    at_from, at_to = v[net.branch_from] / net.branch_ratio, v[net.branch_to]
    into_from = at_from * ((at_from - at_to) * y + half * at_from).conj() * 1e6
    into_to = at_to * ((at_to - at_from) * y + half * at_to).conj() * 1e6
    np.testing.assert_allclose(s_from[0], into_from, atol=1.0)
    np.testing.assert_allclose(s_to[0], into_to, atol=1.0)
    drawn = np.zeros(net.nodes, complex)
    size = np.abs(v[net.inject_node])
    np.add.at(drawn, net.inject_node, net.inject_s * np.select([net.inject_law == Law.CURRENT, net.inject_law == Law.IMPEDANCE], [size, size**2], 1.0))
    taken = np.zeros(net.nodes, complex)
    np.add.at(taken, net.branch_from, s_from[0])
    np.add.at(taken, net.branch_to, s_to[0])
    inner = np.arange(net.nodes) != 0
    np.testing.assert_allclose((taken + drawn)[inner], 0.0, atol=2.0)  # VA


@pytest.mark.parametrize("load", [complex(np.nan, 0.0), complex(np.inf, 0.0), 1e12 + 0j])
def test_a_load_that_is_no_number_or_beyond_all_bounds_diverges_alone(load):
    net = model(3, [(0, 1, 0.1 + 0.1j), (0, 2, 0.1 + 0.1j)], {1: 1e5, 2: 1e5})
    cases = base_cases(net, 3)
    cases.factor[1, 0] = (load / 1e5).real
    status, voltage, *_ = solve(net, cases)
    assert status.tolist() == [kernel.SOLVED, kernel.DIVERGED, kernel.SOLVED]
    assert np.isnan(voltage[1]).all() and np.array_equal(voltage[0], voltage[2])


def test_a_branch_without_impedance_that_is_no_coupler_does_not_pass_as_solved():
    net = model(2, [(0, 1, 0.1j)], {1: 1e5})
    net.branch_z[0] = np.nan
    assert solve(net, base_cases(net))[0][0] == kernel.DIVERGED


def test_without_a_source_everything_is_dark_and_that_is_an_answer():
    net = model(3, [(0, 1, 0.1j), (1, 2, 0.1j)], {1: 1e5})
    cases = base_cases(net, 2)
    cases.source[1] = False
    status, voltage, s_from, _ = solve(net, cases)
    assert status.tolist() == [0, 0] and np.isfinite(voltage[0]).all() and np.isnan(voltage[1]).all() and (s_from[1] == 0).all()
