"""Fastest ways against scipy, and repaired trees against fresh searches."""

import numpy as np
import pytest
from scipy.sparse import csr_matrix
from scipy.sparse.csgraph import dijkstra

from holdfast.engines.network.roads.graph import build_graph
from holdfast.engines.network.roads.paths import CLOSED, SLOW, damaged_times, grow, travel_times
from holdfast.model.errors import Invalid


def random_graph(seed, nodes=60, arcs=200, zeros=0.0):
    """Without parallel arcs, so that scipy sees the same graph."""
    rng = np.random.default_rng(seed)
    pairs = np.unique(rng.integers(0, nodes, (arcs, 2)), axis=0)
    pairs = pairs[pairs[:, 0] != pairs[:, 1]]
    graph, _ = build_graph(nodes, pairs[:, 0], pairs[:, 1])
    cost = rng.uniform(1, 10, graph.arcs)
    cost[rng.random(graph.arcs) < zeros] = 0.0
    return graph, cost, rng


def by_scipy(graph, cost, sources):
    used = np.isfinite(cost)
    matrix = csr_matrix((np.maximum(cost[used], 1e-300), (graph.tail[used], graph.head[used])), shape=(graph.nodes, graph.nodes))
    return dijkstra(matrix, indices=sources)


@pytest.mark.parametrize("seed", range(5))
def test_times_agree_with_scipy(seed):
    graph, cost, rng = random_graph(seed)
    cost[rng.random(graph.arcs) < 0.1] = np.inf
    sources = np.arange(0, 60, 7)
    assert np.allclose(travel_times(graph, cost, sources), by_scipy(graph, cost, sources))
    trees = grow(graph, cost, [sources, sources[:1]])
    assert np.allclose(trees.time[0], by_scipy(graph, cost, sources).min(axis=0)) and np.allclose(trees.time[1], by_scipy(graph, cost, sources[0]))


def test_routes_lead_from_the_nearest_start():
    graph, cost, _ = random_graph(9, arcs=300)
    trees = grow(graph, cost, [np.array([0, 30])])
    starts = trees.start_of(0)
    for node in np.flatnonzero(np.isfinite(trees.time[0])):
        arcs = trees.route(0, node)
        assert cost[arcs].sum() == pytest.approx(trees.time[0, node])
        assert (graph.head[arcs[:-1]] == graph.tail[arcs[1:]]).all()
        assert starts[node] == (graph.tail[arcs[0]] if len(arcs) else node) and starts[node] in (0, 30)
    assert (starts[~np.isfinite(trees.time[0])] == -1).all()


def test_starts_may_begin_late():
    graph, _ = build_graph(3, [0, 2], [1, 1])
    trees = grow(graph, np.array([5.0, 1.0]), [np.array([0, 2])], [np.array([0.0, 10.0])])
    assert trees.time[0].tolist() == [0.0, 5.0, 10.0] and trees.start_of(0).tolist() == [0, 0, 2]


def test_nodes_that_must_not_be_passed_are_reached_and_left():
    graph, _ = build_graph(4, [0, 1, 0, 3], [1, 2, 3, 2], through=np.array([True, False, True, True]))
    cost = np.array([1.0, 9.0, 1.0, 9.0])  # sorted by tail: 0-1, 0-3, 1-2, 3-2
    trees = grow(graph, cost, [np.array([0]), np.array([1])])
    assert trees.time[0].tolist() == [0.0, 1.0, 18.0, 9.0]  # round by 3 although 1 is nearer
    assert trees.time[1, 2] == 1.0 and np.isinf(trees.time[1, 0])  # trips may begin there


@pytest.mark.parametrize("zeros", [0.0, 0.3])
@pytest.mark.parametrize("share", [0.0, 0.02, 0.2, 1.0])
def test_repaired_trees_are_those_of_a_fresh_search(share, zeros):
    graph, cost, rng = random_graph(3, arcs=260, zeros=zeros)
    trees = grow(graph, cost, [np.array([0, 5]), np.array([40]), np.empty(0, int)])
    slow = cost + rng.uniform(0, 5, graph.arcs)
    draw = rng.random((80, graph.arcs))
    state = np.where(draw < share / 2, CLOSED, np.where(draw < share, SLOW, 0)).astype(np.uint8)
    times = damaged_times(trees, state, slow, np.float64)
    for row, found in zip(state, times, strict=True):
        now = np.where(row == CLOSED, np.inf, np.where(row == SLOW, slow, cost))
        assert np.array_equal(found, grow(graph, now, [np.array([0, 5]), np.array([40]), np.empty(0, int)]).time)
    assert np.isinf(times[:, 2]).all()  # nobody starts, nobody arrives


def test_repair_keeps_to_the_nodes_that_may_be_passed():
    rng = np.random.default_rng(1)
    pairs = rng.integers(0, 40, (200, 2))
    pairs = pairs[pairs[:, 0] != pairs[:, 1]]
    graph, _ = build_graph(40, pairs[:, 0], pairs[:, 1], through=rng.random(40) > 0.3)
    cost = rng.uniform(1, 5, graph.arcs)
    groups = [np.array([int(np.flatnonzero(~graph.through)[0])]), np.array([3])]
    trees = grow(graph, cost, groups)
    state = np.where(rng.random((60, graph.arcs)) < 0.15, CLOSED, 0).astype(np.uint8)
    for row, found in zip(state, damaged_times(trees, state, dtype=np.float64), strict=True):
        assert np.array_equal(found, grow(graph, np.where(row == CLOSED, np.inf, cost), groups).time)


def test_parallel_streets_count_by_the_faster_one():
    graph, _ = build_graph(2, [0, 0], [1, 1])
    trees = grow(graph, np.array([5.0, 3.0]), [np.array([0])])
    assert trees.time[0, 1] == 3.0
    assert damaged_times(trees, np.array([[0, CLOSED], [CLOSED, CLOSED]], np.uint8))[:, 0, 1].tolist() == [5.0, np.inf]


def test_wrong_numbers_are_refused():
    graph, cost, _ = random_graph(0)
    with pytest.raises(Invalid, match="negative"):
        grow(graph, cost - 5, [np.array([0])])
    with pytest.raises(Invalid):
        travel_times(graph, cost[1:], np.array([0]))
    with pytest.raises(Invalid):
        grow(graph, cost, [np.array([99])])
    with pytest.raises(Invalid):
        grow(graph, cost, [np.array([0])], [np.array([-1.0])])
    trees = grow(graph, cost, [np.array([0])])
    with pytest.raises(Invalid, match="faster"):
        damaged_times(trees, np.zeros((1, graph.arcs), np.uint8), cost * 0.5)
    with pytest.raises(Invalid):
        damaged_times(trees, np.zeros((1, 3), np.uint8))
    cut = np.flatnonzero(~np.isfinite(grow(graph, np.full(graph.arcs, np.inf), [np.array([0])]).time[0]))
    with pytest.raises(Invalid, match="no way"):
        grow(graph, np.full(graph.arcs, np.nan), [np.array([0])]).route(0, int(cut[0]))
