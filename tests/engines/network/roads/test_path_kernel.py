"""The compiled search against SciPy, heaps and all, and repaired trees against fresh ones on graphs with ties, closures and zones."""

from __future__ import annotations

import numpy as np
import pytest
from scipy.sparse import csr_matrix
from scipy.sparse.csgraph import dijkstra

from holdfast.engines.network.roads.graph import build_graph
from holdfast.engines.network.roads.path_kernel import _down, _up, repair, search, search_many


def made(seed: int, nodes: int = 80, arcs: int = 320, whole: bool = False):
    rng = np.random.default_rng(seed)
    pairs = np.unique(rng.integers(0, nodes, (arcs, 2)), axis=0)
    pairs = pairs[pairs[:, 0] != pairs[:, 1]]
    graph, _ = build_graph(nodes, pairs[:, 0], pairs[:, 1])
    cost = rng.integers(1, 5, graph.arcs).astype(float) if whole else rng.uniform(1, 9, graph.arcs)  # whole numbers tie
    cost[rng.random(graph.arcs) < 0.1] = np.inf
    return graph, cost, rng


def run(graph, cost, sources, first=None, through=None):
    n = graph.nodes
    time, parent, order = np.empty(n), np.empty(n, np.int32), np.empty(n, np.int32)
    scratch = np.empty(n), np.empty(n, np.int32), np.empty(n, np.int32)
    sources = np.asarray(sources, np.int32)
    count = search(graph.start, graph.head, cost, graph.through if through is None else through, sources, np.zeros(len(sources)) if first is None else first, time, parent, order,
                   *scratch)  # fmt: skip
    return time, parent, order[:count]


def peer(graph, cost, sources):
    used = np.isfinite(cost)
    return dijkstra(csr_matrix((cost[used], (graph.tail[used], graph.head[used])), shape=(graph.nodes, graph.nodes)), indices=sources)


@pytest.mark.parametrize("whole", [False, True])
@pytest.mark.parametrize("seed", range(4))
def test_times_parents_and_order(seed, whole):
    graph, cost, rng = made(seed, whole=whole)
    sources, first = rng.choice(80, 3, replace=False), rng.uniform(0, 6, 3)
    time, parent, order = run(graph, cost, sources, first)
    expected = (peer(graph, cost, sources) + first[:, None]).min(axis=0)
    np.testing.assert_allclose(time, expected)
    reached = np.isfinite(time)
    assert sorted(order.tolist()) == np.flatnonzero(reached).tolist() and (np.diff(time[order]) >= 0).all()
    inner = np.flatnonzero(parent >= 0)
    np.testing.assert_allclose(time[graph.head[parent[inner]]], time[inner])
    np.testing.assert_allclose(time[graph.tail[parent[inner]]] + cost[parent[inner]], time[inner])
    assert (parent[~reached] == -1).all()


def test_zones_are_starts_and_ends_only():
    graph, _ = build_graph(4, np.array([0, 1, 0, 2]), np.array([1, 3, 2, 3]))
    cost = np.array([1.0, 1.0, 4.0, 4.0])
    by_tail = {(int(a), int(b)): k for k, (a, b) in enumerate(zip(graph.tail, graph.head, strict=True))}
    cost = np.array([{(0, 1): 1.0, (1, 3): 1.0, (0, 2): 4.0, (2, 3): 4.0}[pair] for pair in by_tail])
    closed_to_through = np.array([True, False, True, True])
    assert run(graph, cost, [0])[0].tolist() == [0.0, 1.0, 4.0, 2.0]
    assert run(graph, cost, [0], through=closed_to_through)[0].tolist() == [0.0, 1.0, 4.0, 8.0]  # node 1 may be an end, not a way
    assert run(graph, cost, [1], through=closed_to_through)[0].tolist() == [np.inf, 0.0, np.inf, 1.0]  # and a start


def test_many_sources_one_by_one():
    graph, cost, _ = made(5)
    sources = np.array([3, 3, 70], np.int32)
    time, parent = np.empty((3, 80)), np.empty((3, 80), np.int32)
    search_many(graph.start, graph.head, cost, graph.through, sources, time, parent)
    np.testing.assert_allclose(time, peer(graph, cost, sources))
    np.testing.assert_array_equal(time[0], time[1])


@pytest.mark.parametrize("seed", range(20))
def test_the_heap_gives_keys_in_order(seed):
    rng = np.random.default_rng(seed)
    count = int(rng.integers(1, 60))
    key, item, place = np.empty(count), np.empty(count, np.int32), np.full(count, -1, np.int32)
    values = rng.integers(0, 20, count).astype(float)
    for n in range(count):
        _up(key, item, place, n, values[n], n)
    for n in rng.permutation(count)[: count // 2]:  # make some cheaper where they are
        values[n] -= 5.0
        _up(key, item, place, place[n], values[n], n)
    assert (key[place] == values).all() and (item[place] == np.arange(count)).all()
    out, size = [], count
    while size:
        out.append(key[0])
        size -= 1
        if size:
            _down(key, item, place, size)
    assert out == sorted(values.tolist())


@pytest.mark.parametrize("seed", range(6))
def test_a_repaired_tree_is_a_fresh_one(seed):
    """Arcs slowed and closed, among them the only ways to whole parts; nodes that were never reached stay so."""
    graph, cost, rng = made(seed, whole=seed % 2 == 0)
    through = rng.random(80) < 0.95
    time, parent, order = run(graph, cost, [int(rng.integers(0, 80))], through=through)
    for share in (0.0, 0.05, 0.4, 1.0):
        now = np.where(rng.random(graph.arcs) < share, np.where(rng.random(graph.arcs) < 0.5, np.inf, 2 * cost), cost)
        fresh = run(graph, now, [int(order[0])], through=through)[0]
        n = graph.nodes
        again, place = np.empty(n), np.full(n, -1, np.int32)
        moved = repair(graph.start, graph.head, graph.back, graph.back_start, graph.tail, now, through, order, time, parent, now > cost, again, np.empty(n, np.int32), np.empty(n),
                       np.empty(n, np.int32), place)  # fmt: skip
        np.testing.assert_allclose(again, fresh)
        assert moved <= len(order) - 1 and (moved == 0) == (share == 0.0 or np.array_equal(now[parent[order[1:]]], cost[parent[order[1:]]]))
