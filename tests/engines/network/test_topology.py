"""Traces, parts and batched connectivity against plain loops and SciPy."""

import pickle

import numpy as np
import pytest
from scipy.sparse import coo_array
from scipy.sparse.csgraph import breadth_first_order, connected_components

from holdfast.engines.network.topology import Graph, components, connected, hops, reached, trace, zones
from holdfast.model.errors import Invalid


def random_graph(seed: int, nodes: int = 60, edges: int = 75) -> Graph:
    """With missing ends, self loops and doubles."""
    rng = np.random.default_rng(seed)
    return Graph.of(nodes, rng.integers(-1, nodes, edges), rng.integers(-1, nodes + 1, edges))


def plain_reach(graph: Graph, starts: list[int], direction: str, open_: np.ndarray, usable: np.ndarray | None = None) -> np.ndarray:
    """By going over all edges until nothing changes."""
    usable = np.ones(graph.nodes, bool) if usable is None else usable
    found = np.zeros(graph.nodes, bool)
    found[starts] = True
    found &= usable
    while True:
        before = found.sum()
        for e in np.flatnonzero(open_ & graph.whole):
            a, b = graph.edge_from[e], graph.edge_to[e]
            if direction != "upstream" and found[a] and usable[b]:
                found[b] = True
            if direction != "downstream" and found[b] and usable[a]:
                found[a] = True
        if found.sum() == before:
            return found


def test_rows_hold_every_whole_edge_from_both_ends():
    graph = random_graph(1)
    out = [(n, graph.neighbour[i], graph.edge[i]) for n in range(graph.nodes) for i in range(graph.start[n], graph.split[n])]
    back = [(graph.neighbour[i], n, graph.edge[i]) for n in range(graph.nodes) for i in range(graph.split[n], graph.start[n + 1])]
    whole = {(a, b, e) for e, (a, b) in enumerate(zip(graph.edge_from, graph.edge_to, strict=True)) if a >= 0 and b >= 0}
    assert set(out) == whole and len(out) == len(whole)
    assert set(back) == {x for x in whole if x[0] != x[1]}
    assert (graph.edge_to[np.asarray(graph.edge_to) >= graph.nodes].size) == 0
    assert graph.degree().sum() == len(out) + len(back)
    nodes, edges = graph.neighbours(int(np.argmax(graph.degree())))
    assert len(nodes) == len(edges) == graph.degree().max()
    again = pickle.loads(pickle.dumps(graph))
    assert np.array_equal(again.neighbour, graph.neighbour) and again.edges == graph.edges


@pytest.mark.parametrize("direction", ["downstream", "upstream", "both"])
def test_trace_is_the_plain_closure(direction: str):
    for seed in range(8):
        graph, rng = random_graph(seed), np.random.default_rng(seed)
        opened = rng.random(graph.edges) < 0.8
        starts = rng.integers(0, graph.nodes, 2)
        nodes, edges = trace(graph, starts, direction, opened)
        assert np.array_equal(nodes, plain_reach(graph, starts.tolist(), direction, opened))
        ends = {"downstream": nodes[graph.edge_from], "upstream": nodes[graph.edge_to], "both": nodes[graph.edge_from] | nodes[graph.edge_to]}[direction]
        assert np.array_equal(edges, ends & opened & graph.whole)


def test_a_barrier_is_reached_and_not_passed():
    line = Graph.of(5, [0, 1, 2, 3], [1, 2, 3, 4])
    nodes, edges = trace(line, [0], barrier=np.array([False, False, True, False, False]))
    assert nodes.tolist() == [True, True, True, False, False] and edges.tolist() == [True, True, False, False]


def test_a_trace_by_flow_follows_its_sign_and_leaves_out_what_stands():
    line = Graph.of(4, [0, 2, 2], [1, 1, 3])
    flow = np.array([2.0, -1.0, 0.0])
    assert trace(line, [0], flow=flow)[0].tolist() == [True, True, True, False]  # 0 -> 1 -> 2 against its drawing
    assert trace(line, [2], "upstream", flow=flow)[0].tolist() == [True, True, True, False]
    assert trace(line, [0], flow=np.full(3, np.nan))[0].tolist() == [True, False, False, False]


def test_hops_are_breadth_first_levels():
    graph = random_graph(3)
    keep = graph.whole
    matrix = coo_array((np.ones(keep.sum()), (graph.edge_from[keep], graph.edge_to[keep])), shape=(graph.nodes, graph.nodes)).tocsr()
    order, before = breadth_first_order(matrix, 5, directed=True)
    level = np.full(graph.nodes, -1)
    level[5] = 0
    for n in order[1:]:
        level[n] = level[before[n]] + 1
    assert np.array_equal(hops(graph, [5], direction="downstream"), level)
    assert np.array_equal(hops(graph, [5], 2, "downstream"), np.where(level <= 2, level, -1))


def test_components_agree_with_scipy_and_the_largest_is_first():
    for seed in range(5):
        graph, rng = random_graph(seed, 80, 60), np.random.default_rng(seed)
        opened = rng.random(graph.edges) < 0.9
        keep = graph.whole & opened
        matrix = coo_array((np.ones(keep.sum()), (graph.edge_from[keep], graph.edge_to[keep])), shape=(graph.nodes, graph.nodes))
        count, label = connected_components(matrix, directed=False)
        ours = components(graph, opened)
        assert ours.max() + 1 == count and len(set(zip(ours.tolist(), label.tolist(), strict=True))) == count
        assert (np.diff(np.bincount(ours)) <= 0).all()


def test_zones_lie_between_barriers():
    graph = Graph.of(6, [0, 1, 2, 3, 4, 5], [1, 2, 3, 4, 5, -1])
    node, edge = zones(graph, [2])
    assert node.tolist() == [0, 0, 0, 1, 1, 1] and edge.tolist() == [0, 0, -1, 1, 1, -1]
    node, edge = zones(graph, np.array([False, False, True, False, False, False]), open=np.array([True] * 4 + [False, True]))
    assert node.tolist() == [0, 0, 0, 1, 1, 2] and edge.tolist() == [0, 0, -1, 1, -1, -1]


@pytest.mark.parametrize("direction", ["downstream", "upstream", "both"])
def test_batched_reach_equals_one_case_at_a_time(direction: str):
    for cases in (1, 64, 131):
        graph, rng = random_graph(cases, 50, 70), np.random.default_rng(cases)
        opened = rng.random((cases, graph.edges)) < 0.7
        usable = rng.random((cases, graph.nodes)) < 0.9
        sources = np.array([3, 11, 12])
        with_nodes = reached(graph, opened, sources, direction, usable)
        without = reached(graph, opened, sources, direction)
        own = rng.random((cases, graph.nodes)) < 0.03
        by_case = reached(graph, opened, own, direction)
        for c in range(cases):
            assert np.array_equal(with_nodes[c], plain_reach(graph, sources.tolist(), direction, opened[c], usable[c]))
            assert np.array_equal(without[c], trace(graph, sources, direction, opened[c])[0])
            assert np.array_equal(by_case[c], trace(graph, own[c], direction, opened[c])[0])


def test_closing_more_never_reaches_more():
    graph, rng = random_graph(9, 300, 420), np.random.default_rng(9)
    opened = rng.random((64, graph.edges)) < 0.9
    fewer = opened & (rng.random(opened.shape) < 0.9)
    assert not (reached(graph, fewer, [0, 1]) & ~reached(graph, opened, [0, 1])).any()


def test_without_a_source_or_without_anything_nothing_is_reached():
    graph = random_graph(2)
    assert not connected(graph, []).any()
    assert not reached(graph, np.ones((3, graph.edges), bool), []).any()
    assert not reached(graph, np.ones((3, graph.edges), bool), [-1, graph.nodes]).any()
    nothing = Graph.of(0, [], [])
    assert components(nothing).shape == (0,) and reached(nothing, np.ones((2, 0), bool), []).shape == (2, 0)
    assert zones(nothing, [])[1].shape == (0,)
    assert trace(Graph.of(3, [], []), [1])[0].tolist() == [False, True, False]


@pytest.mark.parametrize(
    ("wrong", "said"),
    [
        (lambda g: Graph.of(3, [0, 1], [1]), "make no edges"),
        (lambda g: trace(g, [0], "sideways"), "no direction"),
        (lambda g: trace(g, [0], open=np.ones(3, bool)), "does not fit"),
        (lambda g: trace(g, np.ones(3, bool)), "mask"),
        (lambda g: reached(g, np.ones(g.edges, bool), [0]), "shape"),
        (lambda g: reached(g, np.ones((2, g.edges), bool), [0], usable=np.ones((1, g.nodes), bool)), "usable"),
    ],
)
def test_what_does_not_fit_is_refused(wrong, said: str):
    with pytest.raises(Invalid, match=said):
        wrong(random_graph(4))
