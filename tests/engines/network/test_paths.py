"""Shortest paths against SciPy."""

import numpy as np
import pytest
from scipy.sparse import coo_array
from scipy.sparse.csgraph import dijkstra

from holdfast.engines.network.paths import shortest
from holdfast.engines.network.topology import Graph
from holdfast.model.errors import Invalid


def made(seed: int, nodes: int = 200, edges: int = 420) -> tuple[Graph, np.ndarray]:
    """A graph without doubles, which SciPy would add up, and lengths."""
    rng = np.random.default_rng(seed)
    pairs = np.unique(np.sort(rng.integers(0, nodes, (edges, 2)), axis=1), axis=0)
    return Graph.of(nodes, *pairs.T), rng.random(len(pairs)) + 0.01


@pytest.mark.parametrize(("direction", "directed"), [("both", False), ("downstream", True)])
def test_distances_agree_with_scipy(direction: str, directed: bool):
    for seed in range(6):
        graph, length = made(seed)
        matrix = coo_array((length, (graph.edge_from, graph.edge_to)), shape=(graph.nodes, graph.nodes)).tocsr()
        starts = np.array([4, 90, 150])
        theirs, _, source = dijkstra(matrix, directed=directed, indices=starts, min_only=True, return_predecessors=True)
        ours = shortest(graph, starts, length, direction=direction)
        np.testing.assert_allclose(ours.distance, theirs)
        known = np.isfinite(theirs)
        assert np.array_equal(starts[ours.source[known]], source[known]) and (ours.source[~known] == -1).all()
        for node in np.flatnonzero(known)[::17]:
            assert length[ours.to(node)].sum() == pytest.approx(theirs[node])


def test_a_path_names_its_edges_from_the_start_on():
    graph = Graph.of(5, [0, 1, 2, 0], [1, 2, 3, 3])
    paths = shortest(graph, [0], np.array([1.0, 1.0, 1.0, 5.0]))
    assert paths.to(3).tolist() == [0, 1, 2] and paths.to(0).tolist() == []
    assert shortest(graph, [3], np.array([1.0, 1.0, 1.0, 5.0]), direction="upstream").to(0).tolist() == [2, 1, 0]
    with pytest.raises(Invalid, match="no path"):
        paths.to(4)


def test_closed_and_unknown_edges_are_not_passed_and_a_limit_ends_the_search():
    graph = Graph.of(4, [0, 1, 0], [1, 2, 2])
    length = np.array([1.0, 1.0, 1.5])
    assert shortest(graph, [0], length, open=np.array([True, True, False])).distance[2] == 2.0
    assert shortest(graph, [0], np.array([1.0, 1.0, np.nan])).distance[2] == 2.0
    assert np.isinf(shortest(graph, [0], length, limit=1.2).distance[2])
    assert shortest(graph, [2, 0], np.array([0.9, 1.0, 1.5])).source.tolist() == [1, 1, 0, -1]
    assert np.isinf(shortest(graph, [], length).distance).all()


def test_wrong_lengths_are_refused():
    graph = Graph.of(2, [0], [1])
    with pytest.raises(Invalid, match="negative"):
        shortest(graph, [0], np.array([-1.0]))
    with pytest.raises(Invalid, match="one for each edge"):
        shortest(graph, [0], np.array([1.0, 2.0]))
