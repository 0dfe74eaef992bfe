"""Parts of a switched network against SciPy, and islands on their own generation."""

from __future__ import annotations

import numpy as np
from scipy.sparse import coo_array
from scipy.sparse.csgraph import connected_components

from holdfast.engines.network.power.model import base_cases
from holdfast.engines.network.power.parts import island, labels, live_nodes
from power_nets import feeder, model, random_tree


def random_cases(net, count, seed=4):
    rng = np.random.default_rng(seed)
    cases = base_cases(net, count)
    cases.on_from[:] &= rng.random(cases.on_from.shape) > 0.1
    cases.node[:] &= rng.random(cases.node.shape) > 0.02
    return cases


def test_parts_are_those_of_scipy():
    net = random_tree(80, 9)
    cases = random_cases(net, 25)
    found, live = labels(net, cases), live_nodes(net, cases)
    for c in range(cases.count):
        on = cases.on_from[c] & cases.on_to[c] & cases.node[c, net.branch_from] & cases.node[c, net.branch_to]
        graph = coo_array((np.ones(on.sum()), (net.branch_from[on], net.branch_to[on])), shape=(net.nodes, net.nodes))
        _, expected = connected_components(graph.tocsr(), directed=False)
        nodes = np.flatnonzero(cases.node[c])
        pairs = np.unique(np.stack([found[c, nodes], expected[nodes]]), axis=1)
        assert len(pairs[0]) == len(np.unique(pairs[0])) == len(np.unique(pairs[1])), "one to one"
        assert (found[c][~cases.node[c]] == -1).all()
        assert (live[c] == (cases.node[c] & (expected == expected[0]) & cases.node[c, 0])).all()


def test_a_source_that_is_off_feeds_nothing():
    net = feeder(4)
    cases = base_cases(net, 2)
    cases.source[0] = False
    assert live_nodes(net, cases).sum(axis=1).tolist() == [0, 4]


def with_unit(power: float):
    """A feeder of four nodes with a unit of that power at the third; it is an injection while the grid is there."""
    return model(4, [(i, i + 1, 0.1 + 0.1j) for i in range(3)], {1: 3e5, 2: -1e5, 3: 2e5}, sources=(0, 2), source_on=np.array([True, False]),
                 forming_source=np.array([1]), forming_power=np.array([power]), forming_inject=np.array([1]), forming_held=np.array([-1]))


def test_an_island_runs_on_a_unit_that_carries_its_load():
    net = with_unit(3e5)
    cases = base_cases(net, 2)
    cases.on_from[1, 1] = False
    alone, parts = island(net, cases)
    assert parts.feed.tolist() == [[1, 1, 1, 1], [1, 1, 2, 2]]
    assert alone.source[1].tolist() == [True, True] and alone.factor[1].tolist() == [1.0, 0.0, 1.0], "the unit balances and injects nothing besides"
    assert (cases.factor == 1).all(), "the cases given are left as they are"
    assert live_nodes(net, alone)[1].all()


def test_an_island_with_too_much_load_or_a_broken_unit_is_dead():
    small, cases = with_unit(1.9e5), None
    cases = base_cases(small, 1)
    cases.on_from[0, 1] = False
    assert island(small, cases)[1].feed[0].tolist() == [1, 1, 0, 0]
    net = with_unit(3e5)
    broken = base_cases(net, 1)
    broken.on_from[0, 1] = False
    broken.factor[0, 1] = 0.0
    assert island(net, broken)[1].feed[0].tolist() == [1, 1, 0, 0]
    assert island(net, cases, reserve=0.5)[1].feed[0, 2] == 0
