"""Weak points of a network: edges and nodes without which it falls apart."""

from __future__ import annotations

import numpy as np
from numba import njit

from .topology import Graph, edge_values


def bridges(graph: Graph, open: np.ndarray | None = None) -> np.ndarray:
    """(edge,) bool: edges whose loss separates their two ends. One of several edges between the same nodes is none."""
    return _lowlinks(graph, open)[0]


def articulation(graph: Graph, open: np.ndarray | None = None) -> np.ndarray:
    """(node,) bool: nodes whose loss separates some of their neighbours from each other."""
    return _lowlinks(graph, open)[1]


def _lowlinks(graph: Graph, open: np.ndarray | None) -> tuple[np.ndarray, np.ndarray]:
    return _tarjan(graph.start, graph.neighbour, graph.edge, graph.edges, edge_values(graph, open, bool))


@njit(cache=True, nogil=True, error_model="numpy")
def _tarjan(start, neighbour, edge, edges, opened):  # type: ignore[no-untyped-def]
    """Tarjan's depth-first search with its own stack: bridge (edge,), cut (node,)."""
    nodes = len(start) - 1
    bridge = np.zeros(edges, np.bool_)
    cut = np.zeros(nodes, np.bool_)
    order = np.full(nodes, -1, np.int32)
    low = np.empty(nodes, np.int32)
    via = np.full(nodes, -1, np.int32)
    parent = np.full(nodes, -1, np.int32)
    cursor = start[:nodes].copy()
    stack = np.empty(nodes, np.int32)
    clock = 0
    for root in range(nodes):
        if order[root] >= 0:
            continue
        order[root] = low[root] = clock
        clock += 1
        stack[0] = root
        depth, children = 1, 0
        while depth:
            n = stack[depth - 1]
            if cursor[n] < start[n + 1]:
                i = cursor[n]
                cursor[n] += 1
                m, e = neighbour[i], edge[i]
                if e == via[n] or m == n or (len(opened) and not opened[e]):
                    continue
                if order[m] >= 0:
                    low[n] = min(low[n], order[m])
                    continue
                order[m] = low[m] = clock
                clock += 1
                via[m] = e
                parent[m] = n
                stack[depth] = m
                depth += 1
                children += n == root
                continue
            depth -= 1
            p = parent[n]
            if p >= 0:
                low[p] = min(low[p], low[n])
                if low[n] > order[p]:
                    bridge[via[n]] = True
                if p != root and low[n] >= order[p]:
                    cut[p] = True
        cut[root] = children > 1
    return bridge, cut


__all__ = ["articulation", "bridges"]
