import numpy as np
import pytest

from holdfast.engines.network.roads.graph import build_graph
from holdfast.model.errors import Invalid


def test_arcs_are_sorted_by_tail_and_known_by_head():
    graph, order = build_graph(4, [2, 0, 0, 3], [1, 3, 1, 0], edge=np.array([7, 5, 5, 9]))
    assert graph.tail.tolist() == [0, 0, 2, 3] and graph.head.tolist() == [3, 1, 1, 0] and order.tolist() == [1, 2, 0, 3]
    assert graph.start.tolist() == [0, 2, 2, 3, 4] and graph.edge.tolist() == [5, 5, 7, 9]
    for node in range(4):
        entering = graph.back[graph.back_start[node] : graph.back_start[node + 1]]
        assert (graph.head[entering] == node).all()
    assert len(graph.back) == graph.arcs == 4 and graph.nodes == 4 and graph.through.all()
    assert graph.arcs_of(np.array([5])).tolist() == [True, True, False, False]


def test_graphs_without_arcs_exist():
    graph, order = build_graph(3, [], [])
    assert (graph.nodes, graph.arcs, len(order)) == (3, 0, 0) and graph.start.tolist() == [0, 0, 0, 0]


@pytest.mark.parametrize(("tail", "head", "field"), [([0], [3], "tail"), ([-1], [0], "tail"), ([1], [1], "head")])
def test_ends_that_cannot_be_are_refused(tail, head, field):
    with pytest.raises(Invalid) as caught:
        build_graph(3, tail, head)
    assert caught.value.where["field"] == field and caught.value.fix
