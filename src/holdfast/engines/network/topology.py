"""Networks as graphs: which parts hang together, what lies upstream and downstream, and who is still connected in each of many cases.

Works on positions alone, so that every lifeline can use it. Edges whose end is -1 belong to no node: they are never passed and never reached.
Self loops and several edges between the same nodes are allowed.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Literal

import numpy as np

from holdfast.model.errors import Invalid

from . import topology_kernel as kernel

Direction = Literal["downstream", "upstream", "both"]
WAYS: dict[str, int] = {"downstream": kernel.DOWN, "upstream": kernel.UP, "both": kernel.BOTH}
_ALL_BITS = np.uint64(0xFFFFFFFFFFFFFFFF)


@dataclass(frozen=True, slots=True)
class Graph:
    """A directed graph with its compressed rows, built once by `Graph.of` and picklable.

    nodes      number of nodes
    edge_from, edge_to  (edge,) int32 node positions, -1 where there is none
    start      (node + 1,) int64: entries of node n are start[n] .. start[n + 1]
    split      (node,) int64: from here on they are edges that arrive at n, before it edges that leave it
    neighbour, edge     (entry,) int32: node at the other end, and which edge
    """

    nodes: int
    edge_from: np.ndarray
    edge_to: np.ndarray
    start: np.ndarray
    split: np.ndarray
    neighbour: np.ndarray
    edge: np.ndarray

    @classmethod
    def of(cls, nodes: int, edge_from: Any, edge_to: Any) -> Graph:
        """A graph of `nodes` nodes; ends outside 0 .. nodes - 1 count as missing. raises Invalid if the ends do not pair"""
        tail, head = np.asarray(edge_from).astype(np.int64).ravel(), np.asarray(edge_to).astype(np.int64).ravel()
        if len(tail) != len(head):
            raise Invalid(f"{len(tail)} starts and {len(head)} ends make no edges", fix="Give one start and one end for each edge", field="edge_to")
        tail, head = (np.where((end >= 0) & (end < nodes), end, -1).astype(np.int32) for end in (tail, head))
        return cls(int(nodes), tail, head, *kernel.rows(int(nodes), tail, head))

    @property
    def edges(self) -> int:
        return len(self.edge_from)

    @property
    def whole(self) -> np.ndarray:
        """(edge,) True where both ends exist."""
        return (self.edge_from >= 0) & (self.edge_to >= 0)

    def degree(self) -> np.ndarray:
        """(node,) number of edges at each node; a self loop counts once."""
        return np.diff(self.start)

    def neighbours(self, node: int) -> tuple[np.ndarray, np.ndarray]:
        """Neighbouring nodes and the edges to them."""
        part = slice(self.start[node], self.start[node + 1])
        return self.neighbour[part], self.edge[part]


def trace(
    graph: Graph, starts: Any, direction: Direction = "downstream", open: np.ndarray | None = None, barrier: np.ndarray | None = None, flow: np.ndarray | None = None
) -> tuple[np.ndarray, np.ndarray]:
    """Everything that is reached from some nodes.

    starts     node positions or (node,) bool
    direction  "downstream" from edge_from to edge_to, "upstream" against it, "both" whichever way
    open       (edge,) bool, closed edges are not passed
    barrier    (node,) bool, nodes that are reached and not passed
    flow       (edge,) signed flow: where given, its sign decides which way is downstream, and edges without flow are not passed
    returns    (node,) bool reached, the starts with them, and (edge,) bool passed
    """
    found, used, _ = _search(graph, starts, direction, open, flow, barrier)
    return found, used


def hops(graph: Graph, starts: Any, most: int | None = None, direction: Direction = "both", open: np.ndarray | None = None) -> np.ndarray:
    """(node,) int32: least number of edges from any start, -1 where none leads there or more than `most`."""
    found = _search(graph, starts, direction, open)[2]
    return found if most is None else np.where(found <= most, found, -1).astype(np.int32)


def components(graph: Graph, open: np.ndarray | None = None) -> np.ndarray:
    """(node,) int32 label of the part that each node belongs to, whatever the direction of edges; 0 is the largest."""
    label, count = kernel.labels(graph.start, graph.neighbour, graph.edge, edge_values(graph, open, bool))
    return largest_first(label, count)


def largest_first(label: np.ndarray, count: int) -> np.ndarray:
    """Labels numbered anew by falling size; -1 stays."""
    size = np.bincount(label[label >= 0], minlength=count)
    rank = np.empty(count + 1, np.int32)
    rank[np.argsort(-size, kind="stable")] = np.arange(count)
    rank[count] = -1
    return rank[label]


def connected(graph: Graph, sources: Any, open: np.ndarray | None = None) -> np.ndarray:
    """(node,) bool: reached from a source over open edges, whatever their direction. Without a source nothing is."""
    return trace(graph, sources, "both", open)[0]


def zones(graph: Graph, barrier_edges: Any, open: np.ndarray | None = None) -> tuple[np.ndarray, np.ndarray]:
    """Parts between barriers such as pressure-reducing valves, pumps and closed valves.

    barrier_edges  edge positions or (edge,) bool
    returns        (node,) zone, 0 the largest, and (edge,) zone, -1 for barriers, closed edges and edges without both ends
    """
    passed = np.ones(graph.edges, bool) if open is None else edge_values(graph, open, bool).copy()
    passed[positions(barrier_edges, graph.edges)] = False
    label = components(graph, passed)
    inside = passed & graph.whole
    return label, np.where(inside, label[np.where(inside, graph.edge_from, 0)], -1).astype(np.int32) if graph.nodes else np.full(graph.edges, -1, np.int32)


def reached(graph: Graph, open: np.ndarray, sources: Any, direction: Direction = "both", usable: np.ndarray | None = None) -> np.ndarray:
    """Who is connected to a source, in many cases at once: 64 cases travel together as the bits of a word.

    open       (case, edge) bool, edges that can be passed in each case
    sources    node positions, (node,) bool, or (case, node) bool where they differ from case to case
    direction  "downstream" from sources along edges, "upstream" against them, "both" whichever way
    usable     (case, node) bool, nodes that can be reached and passed; a source that is not usable is none
    returns    (case, node) bool
    """
    open = np.ascontiguousarray(open, bool)
    if open.ndim != 2 or open.shape[1] != graph.edges:
        raise Invalid(f"`open` has the shape {open.shape}", fix=f"Give (case, edge) with {graph.edges} edges", field="open")
    cases = len(open)
    known = np.asarray(sources)
    if known.ndim == 2:
        words = kernel.pack(_cases(graph, known, cases, "sources"))
    else:
        words = np.zeros(((cases + 63) // 64, graph.nodes), np.uint64)
        words[:, positions(sources, graph.nodes)] = _ALL_BITS
    able = np.empty((0, 0), np.uint64) if usable is None else kernel.pack(_cases(graph, usable, cases, "usable"))
    kernel.spread(*_rows(graph), _way(direction), kernel.pack(open), able, words)
    return kernel.unpack(words, cases)


def positions(which: Any, count: int) -> np.ndarray:
    """int64 positions from positions or a mask; positions outside 0 .. count - 1 (such as -1, unknown) are dropped."""
    which = np.asarray(which)
    if which.dtype == bool:
        if which.shape != (count,):
            raise Invalid(f"a mask of shape {which.shape} does not fit {count} positions", fix=f"Give {count} flags, or positions")
        return np.flatnonzero(which)
    which = which.astype(np.int64).ravel()
    return which[(which >= 0) & (which < count)]


def _way(direction: str) -> int:
    if direction not in WAYS:
        raise Invalid(f"{direction!r} is no direction", fix=f"Use one of {', '.join(WAYS)}", field="direction")
    return WAYS[direction]


def _rows(graph: Graph) -> tuple[np.ndarray, ...]:
    return graph.start, graph.split, graph.neighbour, graph.edge


def _search(
    graph: Graph, starts: Any, direction: str, open: np.ndarray | None, flow: np.ndarray | None = None, barrier: np.ndarray | None = None
) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    ends = np.empty(0, bool) if barrier is None else _fitting(barrier, graph.nodes, bool, "node")
    seeds = positions(starts, graph.nodes)
    return kernel.search(*_rows(graph), graph.edges, seeds, _way(direction), edge_values(graph, open, bool), edge_values(graph, flow, np.float64), ends)


def edge_values(graph: Graph, values: np.ndarray | None, kind: Any) -> np.ndarray:
    """Values of edges as kernels take them: (edge,), or empty where there are none. raises Invalid where they do not fit"""
    return np.empty(0, kind) if values is None else _fitting(values, graph.edges, kind, "edge")


def _fitting(values: np.ndarray, count: int, kind: Any, what: str) -> np.ndarray:
    array = np.ascontiguousarray(values, kind)
    if array.shape != (count,):
        raise Invalid(f"an array of shape {array.shape} does not fit {count} {what}s", fix=f"Give one value for each {what}")
    return array


def _cases(graph: Graph, values: Any, cases: int, field: str) -> np.ndarray:
    array = np.ascontiguousarray(values, bool)
    if array.shape != (cases, graph.nodes):
        raise Invalid(f"`{field}` has the shape {array.shape}", fix=f"Give ({cases}, {graph.nodes}): cases and nodes", field=field)
    return array


__all__ = ["Direction", "Graph", "components", "connected", "edge_values", "hops", "largest_first", "positions", "reached", "trace", "zones"]
