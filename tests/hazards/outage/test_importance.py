"""Betweenness on graphs with known answers."""

from __future__ import annotations

import numpy as np

from holdfast.hazards.outage.importance import betweenness


def rows(nodes, edges):
    ends = np.array([e[0] for e in edges] + [e[1] for e in edges])
    other = np.array([e[1] for e in edges] + [e[0] for e in edges])
    by = np.argsort(ends, kind="stable")
    start = np.zeros(nodes + 1, np.int64)
    np.cumsum(np.bincount(ends, minlength=nodes), out=start[1:])
    return start, other[by], np.tile(np.arange(len(edges)), 2)[by], np.arange(nodes), nodes, len(edges)


def test_a_path_of_five():
    node, edge = betweenness(*rows(5, [(0, 1), (1, 2), (2, 3), (3, 4)]))
    assert node.tolist() == [0.0, 6.0, 8.0, 6.0, 0.0]  # ordered pairs, twice the undirected 3, 4, 3
    assert edge.tolist() == [8.0, 12.0, 12.0, 8.0]


def test_a_square_shares_its_paths():
    node, edge = betweenness(*rows(4, [(0, 1), (1, 2), (2, 3), (3, 0)]))
    assert np.allclose(node, 1.0) and np.allclose(edge, 4.0)


def test_parts_do_not_see_each_other():
    node, edge = betweenness(*rows(5, [(0, 1), (1, 2), (3, 4)]))
    assert node.tolist() == [0.0, 2.0, 0.0, 0.0, 0.0] and edge.tolist() == [4.0, 4.0, 2.0]
