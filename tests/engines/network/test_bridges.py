"""Bridges and cut nodes against taking each one out."""

import numpy as np

from holdfast.engines.network.bridges import articulation, bridges
from holdfast.engines.network.topology import Graph, components


def parts(graph: Graph, opened: np.ndarray) -> int:
    return int(components(graph, opened).max()) + 1


def test_they_are_what_splits_the_network_when_taken_out():
    for seed in range(12):
        rng = np.random.default_rng(seed)
        graph = Graph.of(30, rng.integers(-1, 30, 38), rng.integers(0, 30, 38))
        opened = rng.random(38) < 0.9
        before = parts(graph, opened)
        for e in range(graph.edges):
            without = opened.copy()
            without[e] = False
            assert bridges(graph, opened)[e] == (parts(graph, without) > before)
        for n in range(graph.nodes):
            without = opened & (graph.edge_from != n) & (graph.edge_to != n)
            alone = 1 - int(np.any(opened & graph.whole & (graph.edge_from != graph.edge_to) & ((graph.edge_from == n) | (graph.edge_to == n))))
            assert articulation(graph, opened)[n] == (parts(graph, without) - 1 > before - alone), (seed, n)


def test_parallel_edges_are_no_bridge_and_long_lines_need_no_deep_stack():
    assert bridges(Graph.of(3, [0, 0, 1], [1, 1, 2])).tolist() == [False, False, True]
    line = Graph.of(200_000, np.arange(199_999), np.arange(1, 200_000))
    assert bridges(line).all() and articulation(line).sum() == 199_998
    ring = Graph.of(5, np.arange(5), (np.arange(5) + 1) % 5)
    assert not bridges(ring).any() and not articulation(ring).any()
    assert bridges(Graph.of(0, [], [])).shape == (0,)
