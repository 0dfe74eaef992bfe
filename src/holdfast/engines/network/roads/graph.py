"""Directed road graphs as arrays: arcs sorted by their tail, with the reverse star beside."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from holdfast.model.errors import Invalid


@dataclass(frozen=True, slots=True)
class RoadGraph:
    """A directed graph. Arcs are sorted by tail node; parallel arcs are allowed, loops are not.

    tail, head   (arc,) int32 node positions
    start        (node + 1,) int32: arcs leaving node n are start[n] .. start[n + 1]
    back         (arc,) int32 arc numbers sorted by head
    back_start   (node + 1,) int32: arcs entering node n are back[back_start[n]] .. back[back_start[n + 1]]
    edge         (arc,) int32 position of the street that the arc runs on
    through      (node,) bool: False where trips may start or end but not pass (zone centroids, TNTP's first thru node)
    """

    tail: np.ndarray
    head: np.ndarray
    start: np.ndarray
    back: np.ndarray
    back_start: np.ndarray
    edge: np.ndarray
    through: np.ndarray

    @property
    def nodes(self) -> int:
        return len(self.start) - 1

    @property
    def arcs(self) -> int:
        return len(self.tail)

    def arcs_of(self, edges: np.ndarray) -> np.ndarray:
        """(arc,) bool: runs on one of these streets (positions)."""
        chosen = np.zeros(int(self.edge.max(initial=-1)) + 1, bool)
        chosen[edges] = True
        return chosen[self.edge]


def build_graph(
    nodes: int, tail: np.ndarray, head: np.ndarray, *, edge: np.ndarray | None = None, through: np.ndarray | None = None
) -> tuple[RoadGraph, np.ndarray]:
    """Sort arcs into a graph.

    nodes       number of nodes
    tail, head  (arc,) node positions
    edge        (arc,) street of each arc; default: its own number
    through     (node,) bool, default all True
    returns     the graph, and (arc,) the input position of each of its arcs
    raises      Invalid if an end is not a node, or an arc is a loop
    """
    tail, head = np.asarray(tail, np.int32), np.asarray(head, np.int32)
    if len(tail) and (min(tail.min(), head.min()) < 0 or max(tail.max(), head.max()) >= nodes):
        raise Invalid("a street ends at a node that does not exist", fix="Leave out streets without both ends", field="tail")
    if (tail == head).any():
        raise Invalid("a street ends where it begins", fix="Leave out loops: no shortest way uses them", field="head")
    order = np.argsort(tail, kind="stable")
    tail, head = np.ascontiguousarray(tail[order]), np.ascontiguousarray(head[order])
    back = np.argsort(head, kind="stable").astype(np.int32)
    own = (np.arange(len(tail)) if edge is None else np.asarray(edge))[order].astype(np.int32)
    passing = np.ones(nodes, bool) if through is None else np.asarray(through, bool).copy()
    return RoadGraph(tail, head, _starts(tail, nodes), back, _starts(head, nodes), own, passing), order


def _starts(ends: np.ndarray, nodes: int) -> np.ndarray:
    return np.concatenate([[0], np.cumsum(np.bincount(ends, minlength=nodes))]).astype(np.int32)
