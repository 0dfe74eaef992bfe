"""Which loads go: the tree from the sources, the choice by importance and size, and what relieves a branch or a node."""

from __future__ import annotations

import numpy as np
import pytest

from holdfast.engines.network.power.model import base_cases
from holdfast.engines.network.power.shed_kernel import SLACK, _take, relieve_branch, relieve_node, spanning
from holdfast.engines.network.power.solve import Solver
from power_nets import model, random_tree


def rank_of(level: np.ndarray) -> np.ndarray:
    """Level by level, least important first."""
    return np.argsort(-level, kind="stable").astype(np.int64)


@pytest.mark.parametrize("seed", range(30))
def test_enough_goes_and_no_level_before_the_less_important_is_used_up(seed):
    rng = np.random.default_rng(seed)
    count = 12
    level, effect, need = rng.integers(0, 4, count), np.where(rng.random(count) < 0.2, 0.0, rng.uniform(0.1, 3.0, count)), rng.uniform(0.5, 12.0)
    kept = rng.random(count) < 0.9
    before = kept.copy()
    taken = _take(need, effect, level, rank_of(level), kept)
    gone = before & ~kept
    assert gone.sum() == taken and not (kept & ~before).any() and (effect[gone] > 0).all()
    enough = effect[gone].sum() >= need * (1 - SLACK) - 1e-12
    assert enough or (kept & (effect > 0)).sum() == 0
    if gone.any():
        worst = level[gone].min()
        assert not (kept & (effect > 0) & (level > worst)).any()
        last = effect[gone & (level == worst)].max()
        assert effect[gone].sum() - last < need  # one of the last level was needed


def test_nothing_goes_where_nothing_is_needed_or_nothing_helps():
    kept = np.ones(3, bool)
    assert _take(0.0, np.ones(3), np.zeros(3, np.int64), np.arange(3), kept) == 0
    assert _take(2.0, np.zeros(3), np.zeros(3, np.int64), np.arange(3), kept) == 0 and kept.all()


def test_one_load_that_just_fits_goes_rather_than_many_small_ones():
    kept, effect = np.ones(4, bool), np.array([1.0, 2.9, 1.5, 4.0])
    assert _take(3.0, effect, np.full(4, 2), np.arange(4), kept) == 2
    assert kept.tolist() == [False, False, True, True]  # 2.9 fits best, then the smallest that makes up the rest


@pytest.mark.parametrize("seed", range(3))
def test_the_tree_from_the_sources_spans_what_is_live(seed):
    net = random_tree(30, seed)
    cases = base_cases(net, 1)
    cases.on_from[0, ::7] = False
    pointer, branch = net.incidence
    order, parent, via = (np.empty(net.nodes, np.int32) for _ in range(3))
    count = spanning(pointer, branch, net.branch_from, net.branch_to, cases.node[0], cases.on_from[0], cases.on_to[0], net.source_node, cases.source[0], order, parent, via)
    reached = order[:count].tolist()
    assert len(set(reached)) == count and reached[0] == 0 and (parent[reached[1:]] >= 0).all()
    for node in reached[1:]:
        b = via[node]
        assert {int(net.branch_from[b]), int(net.branch_to[b])} == {node, int(parent[node])} and cases.on_from[0, b]
        assert reached.index(parent[node]) < reached.index(node)
    outside = np.setdiff1d(np.arange(net.nodes), reached)
    assert (parent[outside] == -1).all() and (via[outside] == -1).all()


def fork():
    """Source 0 - 1, from there to 2 and 3; loads of 1, 2 and 3 MW at 1, 2 and 3."""
    net = model(4, [(0, 1, 0.1 + 0.1j), (1, 2, 0.2 + 0.1j), (3, 1, 0.2 + 0.1j)], {1: 1e6, 2: 2e6, 3: 3e6})
    return net, Solver(net).solve(base_cases(net))


@pytest.mark.parametrize(("branch", "fed"), [(0, [1, 2, 3]), (1, [2]), (2, [3])])
def test_only_loads_that_a_branch_feeds_relieve_it(branch, fed):
    """Whichever way the branch is drawn."""
    net, flow = fork()
    pointer, at = net.incidence
    on = np.ones(net.branches, bool)
    kept, power = np.ones(3, bool), net.inject_s.real
    taken = relieve_branch(branch, 50.0, 1.0, pointer, at, net.branch_from, net.branch_to, net.ideal, on, on, flow.s_from[0], flow.s_to[0], net.inject_node, power, 0 * power,
                           np.zeros(3, np.int64), np.arange(3), np.ones(3, bool), kept)
    assert taken == len(fed) and net.inject_node[~kept].tolist() == fed


def test_what_went_in_this_round_already_counts():
    net, flow = fork()
    pointer, at = net.incidence
    on, power = np.ones(net.branches, bool), net.inject_s.real
    kept = np.array([True, False, True])
    taken = relieve_branch(0, 1.4, 1.0, pointer, at, net.branch_from, net.branch_to, net.ideal, on, on, flow.s_from[0], flow.s_to[0], net.inject_node, power, 0 * power,
                           np.zeros(3, np.int64), np.arange(3), np.ones(3, bool), kept)
    assert taken == 0 and kept.tolist() == [True, False, True]  # of 6 MW 1.7 must go and 2 are gone


def test_voltage_is_lifted_by_the_load_that_shares_most_of_the_way():
    net, _ = fork()
    pointer, branch = net.incidence
    order, parent, via = (np.empty(net.nodes, np.int32) for _ in range(3))
    on = np.ones(net.branches, bool)
    count = spanning(pointer, branch, net.branch_from, net.branch_to, np.ones(4, bool), on, on, net.source_node, np.ones(1, bool), order, parent, via)
    p, q, kept = np.full(3, 0.02), np.zeros(3), np.ones(3, bool)
    whole = (0.3 * 1e6 / 1e8) * 0.02  # node 2 lies behind 0.1 and 0.2 ohm: what its own load pulls it down by
    assert relieve_node(2, 0.99 * whole, count, order, parent, via, net.z_pu, net.inject_node, p, q, np.zeros(3, np.int64), np.arange(3), kept) == 1 or not kept[1]
    assert not kept[1] or kept.sum() < 3
