"""Fastest ways on damaged networks: 10,000 damaged road networks times 5 depots, and one search on a million edges, against scipy's Dijkstra.

The network is the drive graph of Futian in Shenzhen (1,751 nodes) where the real data are beside the checkout, else a street grid of
the same size. Every damaged network has lost a share of its streets at random; the peer solves a sample of the same networks. Both take turns.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any
from xml.etree import ElementTree

import numpy as np

from bench.turns import cpu, in_turns, ratio
from holdfast.engines.network.roads.graph import RoadGraph, build_graph
from holdfast.engines.network.roads.paths import CLOSED, damaged_times, grow

DATA = Path(__file__).resolve().parents[2] / "shared" / "data" / "roads" / "shenzhen" / "drive.graphml"
CASES, BLOCKS, DEPOTS, SAMPLE, SHARES, TURNS = 10_000, 10, 5, 100, (0.002, 0.01, 0.05), 5
SIDE = 500  # of the large grid: 998,000 directed edges


def futian() -> tuple[int, np.ndarray, np.ndarray, np.ndarray] | None:
    """Nodes, ends and lengths of the drive graph; of parallel streets the shortest; None where the data are absent."""
    if not DATA.exists():
        return None
    space = "{http://graphml.graphdrawing.org/xmlns}"
    root = ElementTree.parse(DATA).getroot()
    names = {key.get("id"): key.get("attr.name") for key in root.iter(f"{space}key")}
    index = {node.get("id"): i for i, node in enumerate(root.iter(f"{space}node"))}
    best: dict[tuple[int, int], float] = {}
    for edge in root.iter(f"{space}edge"):
        ends = index[edge.get("source")], index[edge.get("target")]
        length = next(float(d.text or 0) for d in edge if names[d.get("key")] == "length")
        if ends[0] != ends[1]:
            best[ends] = min(length, best.get(ends, np.inf))
    tail, head = np.array(list(best), int).T
    return len(index), tail, head, np.array(list(best.values()))


def grid(side: int, seed: int = 5) -> tuple[int, np.ndarray, np.ndarray, np.ndarray]:
    """A street grid with lengths from 20 to 100 m, both ways."""
    index = np.arange(side * side).reshape(side, side)
    a, b = np.concatenate([index[:, :-1].ravel(), index[:-1].ravel()]), np.concatenate([index[:, 1:].ravel(), index[1:].ravel()])
    length = np.random.Generator(np.random.Philox(seed)).uniform(20, 100, len(a))
    return side * side, np.concatenate([a, b]), np.concatenate([b, a]), np.concatenate([length, length])


def scipy_times(graph: RoadGraph, cost: np.ndarray, sources: np.ndarray, open_: np.ndarray) -> np.ndarray:
    """The peer's answer for one damaged network."""
    from scipy.sparse import csr_matrix
    from scipy.sparse.csgraph import dijkstra

    matrix = csr_matrix((cost[open_], (graph.tail[open_], graph.head[open_])), shape=(graph.nodes, graph.nodes))
    return dijkstra(matrix, indices=sources)


def damaged(nodes: int, tail: np.ndarray, head: np.ndarray, length: np.ndarray) -> dict[str, dict[str, Any]]:
    """CPU seconds for all cases by share of closed streets, ours and the peer's, and the largest relative difference of a time."""
    graph, order = build_graph(nodes, tail, head)
    cost = length[order] / 10.0
    rng = np.random.Generator(np.random.Philox(11))
    depots = rng.choice(nodes, DEPOTS, replace=False).astype(np.int32)
    trees = grow(graph, cost, [depots[i : i + 1] for i in range(DEPOTS)])
    damaged_times(trees, np.zeros((1, graph.arcs), np.uint8))  # compiles
    found = {}
    for share in SHARES:
        blocks = [np.where(rng.random((CASES // BLOCKS, graph.arcs)) < share, CLOSED, 0).astype(np.uint8) for _ in range(BLOCKS)]
        sample = blocks[0][:SAMPLE]

        def ours(blocks: list[np.ndarray] = blocks) -> None:
            for state in blocks:
                damaged_times(trees, state)

        def peer(sample: np.ndarray = sample) -> list[np.ndarray]:
            return [scipy_times(graph, cost, depots, row == 0) for row in sample]

        taken = in_turns(TURNS, ours=cpu(ours), peer=lambda peer=peer: cpu(peer)() * CASES / SAMPLE)
        worst = max(map(_apart, damaged_times(trees, sample), peer()))
        found[f"{share:.1%} closed"] = {"ours_cpu_s": round(taken["ours"].median, 3), "peer_cpu_s": round(taken["peer"].median, 3),
                                        "ratio": round(ratio(taken["peer"], taken["ours"]), 2), "ours_span_s": taken["ours"].told(),
                                        "peer_span_s": taken["peer"].told(), "largest_relative_difference": worst}  # fmt: skip
    return found


def _apart(ours: np.ndarray, theirs: np.ndarray) -> float:
    """Largest relative difference; raises AssertionError where others are reached."""
    both = np.isfinite(theirs)
    if not np.array_equal(both, np.isfinite(ours)):
        raise AssertionError("the peer reaches other nodes")
    return float(np.abs(ours[both] / np.maximum(theirs[both], 1e-9) - 1).max(initial=0.0, where=theirs[both] > 0))


def large() -> dict[str, Any]:
    """One search on a million edges, CPU seconds."""
    nodes, tail, head, length = grid(SIDE)
    graph, order = build_graph(nodes, tail, head)
    cost, source, all_open = length[order], np.array([0]), np.ones(graph.arcs, bool)
    difference = float(np.abs(grow(graph, cost, [source]).time[0] - scipy_times(graph, cost, source, all_open)[0]).max())
    taken = in_turns(TURNS, ours=cpu(lambda: grow(graph, cost, [source])), peer=cpu(lambda: scipy_times(graph, cost, source, all_open)))
    return {"edges": graph.arcs, "ours_cpu_s": round(taken["ours"].median, 4), "peer_cpu_s": round(taken["peer"].median, 4),
            "ratio": round(ratio(taken["peer"], taken["ours"]), 2), "ours_span_s": taken["ours"].told(), "peer_span_s": taken["peer"].told(),
            "largest_difference": difference}  # fmt: skip


def run() -> dict[str, Any]:
    """CPU seconds for 10,000 networks with 1 % of the streets closed and 5 depots; the ratio is the peer's over ours."""
    real = futian()
    by_share = damaged(*(real or grid(42)))
    main = by_share["1.0% closed"]
    return {"name": "paths", "ours": main["ours_cpu_s"], "peer": main["peer_cpu_s"], "unit": "s CPU for 10,000 damaged networks x 5 depots", "ratio": main["ratio"],
            "detail": {"turns": TURNS, "peer": f"scipy.sparse.csgraph.dijkstra on {SAMPLE} of the same networks, scaled",
                       "network": "Futian drive graph" if real else "grid of 42 x 42", "by_share": by_share, "one_search_on_a_million_edges": large()}}  # fmt: skip
