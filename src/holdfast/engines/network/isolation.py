"""Closing a broken pipe off: segments between isolation valves, which valves to close, and who is cut off beyond.

Nodes and edges are the parts of a network; a pipe hangs on the node at either end unless a valve stands between. A segment is what hangs
together when every valve is closed, so a break empties exactly its segment (Walski's segments and unintended isolation).
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from numba import njit

from holdfast.model.errors import Invalid

from .topology import Graph, connected, edge_values, largest_first, positions


@dataclass(frozen=True, slots=True)
class Segments:
    """Parts that hang together when all working valves are closed; 0 is the one with most nodes and edges.

    node    (node,) int32 segment
    edge    (edge,) int32 segment; -1 for edges that are valves themselves, and for closed edges
    valve   (valve, 2) int32 segments on the two sides; for a valve at the end of a pipe the node's side, then the pipe's.
            -1 where a side does not exist; both the same where the valve does not work or is passed round
    count   number of segments
    """

    node: np.ndarray
    edge: np.ndarray
    valve: np.ndarray
    count: int


@dataclass(frozen=True, slots=True)
class Isolation:
    """How to close off broken edges.

    valves         (v,) positions of the valves to close
    instead        (i,) those of them that are only needed because others are stuck
    stuck          (s,) stuck valves that would have had to be closed
    segment_nodes, segment_edges    (node,), (edge,) bool: what is closed off with the break
    cut_off_nodes, cut_off_edges    (node,), (edge,) bool: what had a source before, is not closed off, and has none any more
    source_inside  True when a source stands in the segment: it must be shut down too
    """

    valves: np.ndarray
    instead: np.ndarray
    stuck: np.ndarray
    segment_nodes: np.ndarray
    segment_edges: np.ndarray
    cut_off_nodes: np.ndarray
    cut_off_edges: np.ndarray
    source_inside: bool


@dataclass(frozen=True, slots=True)
class Sections:
    """What is closed off together with each edge, for many cases at once.

    label   (edge,) int32 section, -1 for edges that are closed alone
    """

    label: np.ndarray

    @classmethod
    def of(cls, made: Segments, most: int) -> Sections:
        """Sections of segments. A segment of more than `most` edges is no section: no valve near the break is known, and the pipe itself is plugged."""
        size = np.bincount(made.edge[made.edge >= 0], minlength=made.count)
        known = (made.edge >= 0) & (size[np.maximum(made.edge, 0)] <= most) if made.count else np.zeros(len(made.edge), bool)
        return cls(np.where(known, made.edge, -1).astype(np.int32))

    def closed(self, off: np.ndarray) -> np.ndarray:
        """(case, edge) bool: edges that are closed when edges `off` (case, edge) are closed off."""
        case, edge = np.nonzero(off & (self.label >= 0))
        if not len(case):
            return off
        hit = np.zeros((len(off), int(self.label.max()) + 2), bool)  # the last column stands for no section
        hit[case, self.label[edge]] = True
        return off | hit[:, self.label]


def segments(graph: Graph, valve_edge: Any, valve_node: Any = None, *, stuck: Any = (), open: np.ndarray | None = None) -> Segments:
    """Segments of a network.

    valve_edge  (valve,) edge on which each valve sits; a valve whose edge is -1 is none
    valve_node  (valve,) node at whose end of the edge it sits, or -1 where the whole edge is the valve; None: all edges are valves
    stuck       positions of valves that cannot be closed, or (valve,) bool
    open        (edge,) bool; closed edges separate and need no closing
    raises      Invalid for a valve at a node where its edge does not end
    """
    at, end = _places(graph, valve_edge, valve_node)
    working = at >= 0
    working[positions(stuck, len(at))] = False
    shut = np.zeros((graph.edges, 2), bool)  # (edge, end): a working valve stands there
    single = working & (end < 2)
    shut[at[single], end[single]] = True
    shut[at[working & (end == 2)]] = True
    closed = np.zeros(graph.edges, bool) if open is None else ~edge_values(graph, open, bool)
    shut[closed] = True
    root = _unite(graph.nodes, graph.edge_from, graph.edge_to, shut)
    none = np.zeros(graph.edges, bool)
    none[at[working & (end == 2)]] = True
    root[graph.nodes :][none | closed] = -1
    label, count = _numbered(root)
    label = largest_first(label, count)
    node, edge = label[: graph.nodes], label[graph.nodes :]
    sides = _sides(graph, node, edge, at, end)
    sides[(at >= 0) & (end == 2) & np.append(closed, False)[at]] = -1  # closed already
    return Segments(node, edge, sides, count)


def isolate(
    graph: Graph, broken_edges: Any, valve_edge: Any, valve_node: Any = None, *, stuck: Any = (), sources: Any = (), open: np.ndarray | None = None
) -> Isolation:
    """The valves that close off one or several broken edges, what is closed off with them, and who loses every source beyond.

    A valve that is itself the broken edge cannot be closed. Valves that are stuck are passed by going on to the next ones.

    broken_edges  edge positions or (edge,) bool
    sources       node positions or (node,) bool; without any, nobody counts as cut off
    others        as for `segments`
    raises        Invalid if no edge is named
    """
    broken = positions(broken_edges, graph.edges)
    if len(broken) == 0:
        raise Invalid("no broken edge is named", fix="Give positions of edges of the network", field="broken_edges")
    at, end = _places(graph, valve_edge, valve_node)
    out = np.zeros(len(at), bool)
    out[(end == 2) & np.isin(at, broken)] = True
    opened = np.ones(graph.edges, bool) if open is None else edge_values(graph, open, bool).copy()
    opened[broken] = True  # a closed pipe that breaks is full of water all the same
    without = out.copy()
    without[positions(stuck, len(at))] = True
    ideal = _boundary(segments(graph, valve_edge, valve_node, stuck=out, open=opened), broken, at)
    made = segments(graph, valve_edge, valve_node, stuck=without, open=opened)
    valves = _boundary(made, broken, at)
    inside = np.zeros(made.count, bool)
    inside[made.edge[broken]] = True
    whole = np.where(end == 2, at, -1)
    feeding = np.unique(made.node[positions(sources, graph.nodes)])
    lost = _lost(made, at, inside, feeding)
    return Isolation(
        valves=valves, instead=np.setdiff1d(valves, ideal), stuck=np.intersect1d(ideal, np.flatnonzero(without & ~out)),
        segment_nodes=_of(inside, made.node), segment_edges=_edges_of(inside, made, whole), cut_off_nodes=_of(lost, made.node), cut_off_edges=_edges_of(lost, made, whole),
        source_inside=bool(inside[feeding].any()),
    )  # fmt: skip


def _places(graph: Graph, valve_edge: Any, valve_node: Any) -> tuple[np.ndarray, np.ndarray]:
    """Edge of each valve and its end: 0 from, 1 to, 2 the whole edge."""
    edge = np.asarray(valve_edge, np.int64).ravel()
    edge = np.where((edge >= 0) & (edge < graph.edges), edge, -1)
    if valve_node is None:
        return edge, np.full(len(edge), 2)
    node = np.asarray(valve_node, np.int64).ravel()
    if node.shape != edge.shape:
        raise Invalid(f"{len(edge)} edges and {len(node)} nodes of valves do not pair", fix="Give an edge and a node (or -1) for each valve", field="valve_node")
    known = np.where(edge >= 0, edge, 0)
    if graph.edges == 0:
        return edge, np.full(len(edge), 2)
    end = np.where(node < 0, 2, np.where(graph.edge_from[known] == node, 0, np.where(graph.edge_to[known] == node, 1, 3)))
    astray = np.flatnonzero((end == 3) & (edge >= 0))
    if len(astray):
        raise Invalid(f"{len(astray)} valves sit at a node where their edge does not end, the first is valve {astray[0]}",
                      fix="Give the node at one end of the valve's edge, or -1 where the edge is the valve", field="valve_node")  # fmt: skip
    return edge, np.where(end == 3, 2, end)


def _sides(graph: Graph, node: np.ndarray, edge: np.ndarray, at: np.ndarray, end: np.ndarray) -> np.ndarray:
    sides = np.full((len(at), 2), -1, np.int32)
    for i, ends in enumerate((graph.edge_from, graph.edge_to)):
        here = (at >= 0) & (end == i)
        sides[here, 0] = _at(node, ends[at[here]])
        sides[here, 1] = edge[at[here]]
        whole = (at >= 0) & (end == 2)
        sides[whole, i] = _at(node, ends[at[whole]])
    return sides


def _at(values: np.ndarray, index: np.ndarray) -> np.ndarray:
    found = np.full(len(index), -1, np.int32)
    found[index >= 0] = values[index[index >= 0]]
    return found


def _boundary(made: Segments, broken: np.ndarray, at: np.ndarray) -> np.ndarray:
    """Valves with the break on one side only."""
    inside = np.zeros(made.count + 1, bool)  # the last stands for no segment
    inside[made.edge[broken]] = True
    one, other = made.valve.T
    return np.flatnonzero((inside[one] != inside[other]) & (one >= 0) & (other >= 0) & (at >= 0))


def _lost(made: Segments, at: np.ndarray, inside: np.ndarray, feeding: np.ndarray) -> np.ndarray:
    """(segment,) bool: fed over open valves before, and not any more once what is `inside` is closed off."""
    one, other = made.valve.T
    joined = (at >= 0) & (one >= 0) & (other >= 0)
    net = Graph.of(made.count, one[joined], other[joined])
    before = connected(net, feeding)
    usable = ~(inside[one[joined]] | inside[other[joined]])
    after = connected(net, feeding[~inside[feeding]], usable)
    return before & ~after & ~inside


def _of(flags: np.ndarray, label: np.ndarray) -> np.ndarray:
    return np.append(flags, False)[label]


def _edges_of(flags: np.ndarray, made: Segments, at: np.ndarray) -> np.ndarray:
    """(edge,) bool: edges of the flagged segments, and valves that are edges and stay open between two of them."""
    found = _of(flags, made.edge)
    one, other = made.valve.T
    own = (at >= 0) & ((one >= 0) | (other >= 0))
    own &= made.edge[np.where(own, at, 0)] < 0 if len(made.edge) else False
    both = np.append(flags, True)  # a side that does not exist takes nothing away
    found[at[own & both[one] & both[other]]] = True
    return found


@njit(cache=True, nogil=True, error_model="numpy")
def _unite(nodes, tail, head, shut):  # type: ignore[no-untyped-def]
    """Roots (node + edge,) of the parts that hang together: an edge joins each of its ends unless that end is shut."""
    root = np.arange(nodes + len(tail))
    for e in range(len(tail)):
        for side in range(2):
            n = tail[e] if side == 0 else head[e]
            if n >= 0 and not shut[e, side]:
                a, b = _find(root, n), _find(root, nodes + e)
                if a < b:
                    root[b] = a
                else:
                    root[a] = b
    for i in range(len(root)):
        root[i] = _find(root, i)
    return root


@njit(cache=True, nogil=True, error_model="numpy")
def _numbered(root):  # type: ignore[no-untyped-def]
    """Roots as labels 0 .. count - 1 in the order in which they occur; -1 stays."""
    number = np.full(len(root), -1, np.int32)
    label = np.empty(len(root), np.int32)
    count = 0
    for i in range(len(root)):
        r = root[i]
        if r >= 0 and number[r] < 0:
            number[r] = count
            count += 1
        label[i] = number[r] if r >= 0 else -1
    return label, count


@njit(cache=True, nogil=True, error_model="numpy")
def _find(root, i):  # type: ignore[no-untyped-def]
    while root[i] != i:
        root[i] = root[root[i]]
        i = root[i]
    return i


__all__ = ["Isolation", "Segments", "isolate", "segments"]
