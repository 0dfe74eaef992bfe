"""Valve segments, the valves to close, and who is cut off."""

import numpy as np
import pytest

from holdfast.engines.network.isolation import Sections, isolate, segments
from holdfast.engines.network.topology import Graph, connected
from holdfast.model.errors import Invalid

# a line 0 -> 1 -> 2 -> 3 -> 4 fed at 0, and a branch 2 -> 5
LINE = Graph.of(6, [0, 1, 2, 3, 2], [1, 2, 3, 4, 5])
EDGE, NODE = np.array([0, 1, 2, 4]), np.array([1, 2, 3, 2])  # 0: edge 0 at 1; 1: edge 1 at 2; 2: edge 2 at 3; 3: edge 4 at 2


def test_segments_of_a_line_with_valves_beside_nodes():
    made = segments(LINE, EDGE, NODE)
    assert made.count == 5
    same = lambda a, b: a == b  # noqa: E731
    assert same(made.node[0], made.edge[0]) and same(made.node[1], made.edge[1])
    assert same(made.node[2], made.edge[2]) and same(made.node[3], made.edge[3]) and same(made.node[4], made.edge[3])
    assert made.valve[:, 0].tolist() == made.node[NODE].tolist() and made.valve[:, 1].tolist() == made.edge[EDGE].tolist()
    assert np.bincount(np.concatenate([made.node, made.edge])).tolist() == sorted(np.bincount(np.concatenate([made.node, made.edge])).tolist(), reverse=True)


def test_a_break_closes_its_segment_and_cuts_off_what_lies_beyond():
    found = isolate(LINE, [1], EDGE, NODE, sources=[0])
    assert found.valves.tolist() == [0, 1] and found.instead.tolist() == [] and not found.source_inside
    assert np.flatnonzero(found.segment_nodes).tolist() == [1] and np.flatnonzero(found.segment_edges).tolist() == [1]
    assert np.flatnonzero(found.cut_off_nodes).tolist() == [2, 3, 4, 5] and np.flatnonzero(found.cut_off_edges).tolist() == [2, 3, 4]


def test_a_second_source_keeps_the_far_side_supplied():
    found = isolate(LINE, [1], EDGE, NODE, sources=[0, 4])
    assert not found.cut_off_nodes.any()
    assert isolate(LINE, [0], EDGE, NODE, sources=[0]).source_inside


def test_the_next_valves_are_closed_where_one_is_stuck():
    found = isolate(LINE, [1], EDGE, NODE, stuck=[1], sources=[0])
    assert found.valves.tolist() == [0, 2, 3] and found.instead.tolist() == [2, 3] and found.stuck.tolist() == [1]
    assert np.flatnonzero(found.segment_edges).tolist() == [1, 2]
    assert np.flatnonzero(found.cut_off_nodes).tolist() == [3, 4, 5]
    every = isolate(LINE, [1], EDGE, NODE, stuck=np.ones(4, bool), sources=[0])
    assert every.valves.tolist() == [] and every.segment_nodes.all() and every.source_inside


def test_several_breaks_close_only_the_outer_valves():
    found = isolate(LINE, [1, 2], EDGE, NODE, sources=[0])
    assert found.valves.tolist() == [0, 2, 3]
    assert np.flatnonzero(found.segment_edges).tolist() == [1, 2]


def test_valves_that_are_edges():
    # 0 =pipe= 1 =valve= 2 =pipe= 3 =valve= 4
    graph = Graph.of(5, [0, 1, 2, 3], [1, 2, 3, 4])
    made = segments(graph, [1, 3])
    assert made.count == 3 and made.edge.tolist()[1] == -1 and made.edge.tolist()[3] == -1
    found = isolate(graph, [2], [1, 3], sources=[0])
    assert found.valves.tolist() == [0, 1] and np.flatnonzero(found.segment_nodes).tolist() == [2, 3] and np.flatnonzero(found.cut_off_nodes).tolist() == [4]
    itself = isolate(graph, [1], [1, 3], sources=[0])  # the valve bursts: it closes nothing
    assert itself.valves.tolist() == [1] and itself.source_inside and itself.stuck.tolist() == []


def test_closed_edges_separate_already():
    ring = Graph.of(4, [0, 1, 2, 3], [1, 2, 3, 0])
    opened = np.array([True, True, True, False])
    found = isolate(ring, [1], [0, 2, 3], [1, 2, -1], sources=[0], open=opened)
    assert found.valves.tolist() == [0, 1] and np.flatnonzero(found.cut_off_nodes).tolist() == [3]
    assert segments(ring, [3], open=opened).valve.tolist() == [[-1, -1]]


def test_closing_the_valves_really_separates_the_break_from_every_source():
    for seed in range(15):
        rng = np.random.default_rng(seed)
        graph = Graph.of(40, rng.integers(0, 40, 60), rng.integers(-1, 40, 60))
        at = rng.integers(0, 60, 30)
        node = np.where(rng.random(30) < 0.7, np.where(rng.random(30) < 0.5, graph.edge_from[at], graph.edge_to[at]), -1)
        sources, broken = [0, 7], [int(rng.integers(0, 60))]
        found = isolate(graph, broken, at, node, sources=sources, stuck=rng.random(30) < 0.2)
        tail, head = split(graph)
        links = [(tail[e], graph.nodes + 2 * e) for e in range(60)] + [(head[e], graph.nodes + 2 * e) for e in range(60)]
        closed = set()
        for v in found.valves:
            e = at[v]
            if node[v] in (-1, graph.edge_from[e]):
                closed.add(e)
            if node[v] == -1 or node[v] != graph.edge_from[e]:
                closed.add(60 + e)
        kept = [pair for i, pair in enumerate(links) if i not in closed and pair[0] >= 0]
        fine = Graph.of(graph.nodes + 120, *np.array(kept).T)
        wet = connected(fine, [graph.nodes + 2 * b for b in broken])
        assert np.array_equal(wet[:40], found.segment_nodes)
        assert np.array_equal(wet[graph.nodes :: 2] & ~np.isin(np.arange(60), at[found.valves][node[found.valves] == -1]), found.segment_edges)
        fed = connected(fine, sources)[:40]
        if not found.source_inside:
            assert not (fed & (found.segment_nodes | found.cut_off_nodes)).any()
        before = connected(graph, sources)
        assert np.array_equal(before & ~fed & ~found.segment_nodes, found.cut_off_nodes) or found.source_inside


def split(graph: Graph) -> tuple[np.ndarray, np.ndarray]:
    return graph.edge_from, graph.edge_to


def test_wrong_input_is_named():
    with pytest.raises(Invalid, match="no broken edge"):
        isolate(LINE, [], EDGE, NODE)
    with pytest.raises(Invalid, match="does not end"):
        isolate(LINE, [0], [0], [4])
    with pytest.raises(Invalid, match="do not pair"):
        segments(LINE, EDGE, NODE[:2])
    assert isolate(LINE, [0], [-1, 0], [3, 1]).valves.tolist() == [1]
    assert segments(Graph.of(0, [], []), [], []).count == 0


def test_sections_close_together_only_between_near_valves():
    """A line of five pipes with a valve in the middle, and a sixth pipe between two valves."""
    graph = Graph.of(7, np.arange(6), np.arange(1, 7))
    made = segments(graph, [2, 5, 5], [2, 5, 6])
    sections = Sections.of(made, 3)
    assert sections.label[[0, 1]].tolist() == [sections.label[0]] * 2 and sections.label[2] == sections.label[4] != sections.label[0] != sections.label[5]
    off = np.zeros((4, 6), bool)
    off[1, 0] = off[2, 3] = off[3, 5] = off[3, 1] = True
    assert sections.closed(off).astype(int).tolist() == [[0] * 6, [1, 1, 0, 0, 0, 0], [0, 0, 1, 1, 1, 0], [1, 1, 0, 0, 0, 1]]
    few = Sections.of(made, 2)
    assert (few.label[2:5] == -1).all() and few.closed(off)[2].tolist() == off[2].tolist()
    assert Sections(np.full(6, -1, np.int32)).closed(off) is off
