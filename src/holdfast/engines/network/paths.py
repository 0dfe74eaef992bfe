"""Shortest paths from one or several nodes over a network."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np

from holdfast.model.errors import Invalid

from . import topology_kernel as kernel
from .topology import WAYS, Direction, Graph, positions


@dataclass(frozen=True, slots=True)
class Paths:
    """Shortest paths from the nearest of some nodes.

    distance  (node,) in the unit of the lengths, inf where no path leads
    edge      (node,) int32 last edge of the path, -1 at the starts and where no path leads
    source    (node,) int32 position in `starts` of the nearest start, -1 where no path leads
    """

    graph: Graph
    distance: np.ndarray
    edge: np.ndarray
    source: np.ndarray

    def to(self, node: int) -> np.ndarray:
        """Edges of the path to a node, from its start on; empty at a start. raises Invalid where no path leads"""
        if not np.isfinite(self.distance[node]):
            raise Invalid(f"no path leads to node {node}", fix="Check `distance` for inf first", field="node")
        return kernel.walk(self.edge, self.graph.edge_from, self.graph.edge_to, node, self.source >= 0)[::-1]


def shortest(graph: Graph, starts: Any, length: np.ndarray, *, direction: Direction = "both", open: np.ndarray | None = None, limit: float = np.inf) -> Paths:
    """Dijkstra's shortest paths from the nearest of `starts`.

    starts     node positions or (node,) bool; of several in the same place the first counts
    length     (edge,) not negative; NaN is never passed
    direction  "downstream" along edges, "upstream" against them, "both" whichever way
    open       (edge,) bool, closed edges are not passed
    limit      nodes farther away are not reached
    raises     Invalid for a negative length or arrays that do not fit
    """
    cost = np.array(length, np.float64)
    if cost.shape != (graph.edges,) or (open is not None and np.shape(open) != (graph.edges,)):
        raise Invalid("lengths and open flags must be one for each edge", fix=f"Give {graph.edges} values", field="length")
    if (cost < 0).any():
        raise Invalid(f"{int((cost < 0).sum())} edges have a negative length", fix="Give lengths of zero or more", field="length")
    cost[np.isnan(cost)] = np.inf
    if open is not None:
        cost[~np.asarray(open, bool)] = np.inf
    seeds = positions(starts, graph.nodes)
    return Paths(graph, *kernel.nearest(graph.start, graph.split, graph.neighbour, graph.edge, seeds, cost, WAYS[direction], float(limit)))


__all__ = ["Paths", "shortest"]
