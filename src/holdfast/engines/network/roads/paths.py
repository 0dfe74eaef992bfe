"""Fastest ways on a road graph: trees from stations and depots, travel-time matrices, and the same on thousands of damaged networks.

A damaged network differs from the intact one in few streets. Its fastest ways are found by repairing the intact trees: only nodes
whose way used a street that is now closed or slower are searched again.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from holdfast.model.errors import Invalid

from . import path_kernel as kernel
from .graph import RoadGraph

AS_BEFORE, SLOW, CLOSED = 0, 1, 2
"""States of an arc in a damaged network."""


@dataclass(frozen=True, slots=True)
class Trees:
    """Fastest ways from groups of nodes, one tree for each group.

    time    (tree, node) from the nearest node of the group; inf where no way leads
    parent  (tree, node) int32 arc by which the node is reached; -1 at the group's nodes and where no way leads
    order   (tree, node) int32 nodes as they were reached; the first `reached` of each row count
    """

    graph: RoadGraph
    cost: np.ndarray
    time: np.ndarray
    parent: np.ndarray
    order: np.ndarray
    reached: np.ndarray

    def route(self, tree: int, node: int) -> np.ndarray:
        """Arcs from the group to a node, in order; empty at the group's own nodes. raises Invalid where no way leads"""
        if not np.isfinite(self.time[tree, node]):
            raise Invalid("no way leads there", fix="Check `time` for inf first", field="node")
        arcs = []
        while (arc := self.parent[tree, node]) >= 0:
            arcs.append(arc)
            node = self.graph.tail[arc]
        return np.array(arcs[::-1], np.int32)

    def start_of(self, tree: int) -> np.ndarray:
        """(node,) int32 node of the group from which each node is reached, -1 where no way leads."""
        order, parent = self.order[tree, : self.reached[tree]], self.parent[tree]
        found = np.full(self.graph.nodes, -1, np.int32)
        for node in order.tolist():  # parents come first
            found[node] = node if parent[node] < 0 else found[self.graph.tail[parent[node]]]
        return found


def grow(graph: RoadGraph, cost: np.ndarray, groups: Sequence[np.ndarray], first: Sequence[np.ndarray] | None = None) -> Trees:
    """Fastest ways from each group of nodes to all nodes.

    cost      (arc,) time of each arc; inf or NaN is closed
    groups    node positions of each group; an empty group reaches nothing
    first     times at which each node of the groups is left, default 0
    raises    Invalid for negative times or nodes that do not exist
    """
    cost = checked(graph, cost)
    n, count = graph.nodes, len(groups)
    time, parent, order = np.full((count, n), np.inf), np.full((count, n), -1, np.int32), np.zeros((count, n), np.int32)
    reached = np.zeros(count, np.int64)
    key, item, place = np.empty(n), np.empty(n, np.int32), np.empty(n, np.int32)
    for i, group in enumerate(groups):
        nodes = _nodes(graph, group)
        starts = np.zeros(len(nodes)) if first is None else np.ascontiguousarray(first[i], np.float64)
        if not (starts >= 0).all():
            raise Invalid("a start time is below zero or no number", fix="Give times of zero or more", field="first")
        reached[i] = kernel.search(graph.start, graph.head, cost, graph.through, nodes, starts, time[i], parent[i], order[i], key, item, place)
    return Trees(graph, cost, time, parent, order, reached)


def travel_times(graph: RoadGraph, cost: np.ndarray, sources: np.ndarray) -> np.ndarray:
    """(source, node) fastest times from each of some nodes; arguments as for `grow`."""
    cost, nodes = checked(graph, cost), _nodes(graph, sources)
    time, parent = np.empty((len(nodes), graph.nodes)), np.empty((len(nodes), graph.nodes), np.int32)
    kernel.search_many(graph.start, graph.head, cost, graph.through, nodes, time, parent)
    return time


def damaged_times(trees: Trees, state: np.ndarray, slow: np.ndarray | None = None, dtype: type = np.float32) -> np.ndarray:
    """Fastest times of many damaged networks.

    trees     on the intact network
    state     (case, arc) uint8: AS_BEFORE, SLOW or CLOSED
    slow      (arc,) time of a slow arc, not less than before; needed if any is slow
    returns   (case, tree, node) of `dtype`, inf where no way is left
    """
    graph = trees.graph
    state = np.ascontiguousarray(state, np.uint8)
    if state.ndim != 2 or state.shape[1] != graph.arcs:
        raise Invalid(f"states have the shape {state.shape}", fix=f"Give (case, {graph.arcs})", field="state")
    slower = trees.cost if slow is None else checked(graph, slow)
    if (slower < trees.cost).any():
        raise Invalid("a slow street is faster than before", fix="Give times not less than on the intact network", field="slow")
    out = np.empty((len(state), len(trees.time), graph.nodes), dtype)
    kernel.repair_cases(graph.start, graph.head, graph.back, graph.back_start, graph.tail, state, trees.cost, slower, graph.through, trees.order, trees.reached,
                        trees.time, trees.parent, out)  # fmt: skip
    return out


def checked(graph: RoadGraph, cost: np.ndarray) -> np.ndarray:
    """Times as the compiled searches take them: NaN becomes inf. raises Invalid for negative times or a wrong number of them"""
    cost = np.ascontiguousarray(np.where(np.isnan(cost), np.inf, cost), np.float64)
    if cost.shape != (graph.arcs,):
        raise Invalid(f"times have the shape {cost.shape}", fix=f"Give one for each of the {graph.arcs} arcs", field="cost")
    if (cost < 0).any():
        raise Invalid(f"{int((cost < 0).sum())} arcs have a negative travel time", fix="Give times of zero or more", field="cost")
    return cost


def _nodes(graph: RoadGraph, nodes: np.ndarray) -> np.ndarray:
    nodes = np.ascontiguousarray(nodes, np.int32).ravel()
    if len(nodes) and (nodes.min() < 0 or nodes.max() >= graph.nodes):
        raise Invalid("a start is no node of the graph", fix=f"Give positions from 0 to {graph.nodes - 1}", field="sources")
    return nodes
