"""A million-pipe network: who is still connected in 64 cases at once, traces, shortest paths, bridges; against SciPy's compiled graph routines.

With HOLDFAST_PEER_NETWORKX naming a Python interpreter that has networkx, the same trace and shortest paths are timed there too. All take turns.
"""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import numpy as np
from scipy.sparse import coo_array
from scipy.sparse.csgraph import breadth_first_order, connected_components, dijkstra

from bench.turns import Contestant, Program, cpu, in_turns, ratio
from holdfast.engines.network.bridges import bridges
from holdfast.engines.network.isolation import isolate
from holdfast.engines.network.paths import shortest
from holdfast.engines.network.topology import Graph, reached, trace

SIDE = 708  # of a square street grid: 1,001,112 edges
CASES, PEER_CASES = 64, 4

def grid(side: int, seed: int = 1) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Edges of a square grid from low to high numbers, and their lengths [m]."""
    index = np.arange(side * side).reshape(side, side)
    start = np.concatenate((index[:, :-1].ravel(), index[:-1].ravel()))
    end = np.concatenate((index[:, 1:].ravel(), index[1:].ravel()))
    return start, end, np.random.Generator(np.random.Philox(seed)).random(len(start)) * 80 + 20


def run(side: int = SIDE, turns: int = 5) -> dict[str, Any]:
    """Median CPU seconds; the ratio is SciPy's connected components of one case over ours of one of 64 cases."""
    start, end, length = grid(side)
    nodes = side * side
    graph = Graph.of(nodes, start, end)
    matrix = coo_array((length, (start, end)), shape=(nodes, nodes)).tocsr()
    opened = np.random.Generator(np.random.Philox(2)).random((CASES, len(start)), np.float32) < 0.95
    broken = [len(start) // 2]
    valves = np.arange(0, len(start), 3)
    calls = {
        "build": lambda: Graph.of(nodes, start, end),
        "trace": lambda: trace(graph, [0], "downstream"),
        "paths": lambda: shortest(graph, [0], length),
        "bridges": lambda: bridges(graph),
        "isolate": lambda: isolate(graph, broken, valves, start[valves], sources=[0]),
        "scipy_trace": lambda: breadth_first_order(matrix, 0, directed=True, return_predecessors=False),
        "scipy_paths": lambda: dijkstra(matrix, directed=False, indices=[0], min_only=True, return_predecessors=True),
    }
    for call in calls.values():
        call()  # compiles, as the comparisons below do
    far = shortest(graph, [0], length).distance
    assert np.allclose(far, dijkstra(matrix, directed=False, indices=[0], min_only=True)) and trace(graph, [0])[0].all()
    assert np.array_equal(reached(graph, opened[:PEER_CASES], [0]), _scipy_reach(start, end, opened[:PEER_CASES], nodes))
    contestants = {name: cpu(call) for name, call in calls.items()}
    contestants["reach_case"] = lambda: cpu(lambda: reached(graph, opened, [0]))() / CASES
    contestants["scipy_reach_case"] = lambda: cpu(lambda: _scipy_reach(start, end, opened[:PEER_CASES], nodes))() / PEER_CASES
    with _networkx(side) as other:
        if other is not None:
            contestants |= other.contestants()
        taken = in_turns(turns, **contestants)
    ours, peer = taken["reach_case"], taken["scipy_reach_case"]
    detail = {
        "edges": len(start), "turns": turns, "peer": "scipy.sparse.csgraph.connected_components, one case at a time",
        "scipy_trace_ratio": round(ratio(taken["scipy_trace"], taken["trace"]), 2), "scipy_paths_ratio": round(ratio(taken["scipy_paths"], taken["paths"]), 2),
        "scipy": "dijkstra with predecessors; breadth_first_order on a matrix built beforehand, which names no edges",
        "networkx": "not measured: HOLDFAST_PEER_NETWORKX names no interpreter", "seconds": {name: seconds.told() for name, seconds in taken.items()},
    }  # fmt: skip
    if other is not None:
        assert abs(other.said["far"] - far.max()) < 1e-6 * far.max()
        detail |= {"networkx": other.said["version"], **{f"networkx_{name}_ratio": round(ratio(taken[f"networkx_{name}"], taken[name]), 1) for name in ("trace", "paths")}}
    return {"name": "trace", "ours": round(ours.median, 5), "peer": round(peer.median, 5), "unit": "s per case", "ratio": round(ratio(peer, ours), 1), "detail": detail}


def _scipy_reach(start: np.ndarray, end: np.ndarray, opened: np.ndarray, nodes: int) -> np.ndarray:
    found = np.empty((len(opened), nodes), bool)
    for case, row in enumerate(opened):
        graph = coo_array((np.ones(row.sum(), np.int8), (start[row], end[row])), shape=(nodes, nodes)).tocsr()
        label = connected_components(graph, directed=False)[1]
        found[case] = label == label[0]
    return found


class Networkx:
    """networkx on the same grid, where an interpreter that has it is named."""

    def __init__(self, program: Program) -> None:
        self._program, self.said = program, {}

    def contestants(self) -> dict[str, Contestant]:
        """A trace and a search; one question times both, so the second only tells what was said."""

        def trace_turn() -> float:
            self.said = self._program.ask()
            return self.said["trace"]

        return {"networkx_trace": trace_turn, "networkx_paths": lambda: self.said["paths"]}


@contextmanager
def _networkx(side: int) -> Iterator[Networkx | None]:
    python = os.environ.get("HOLDFAST_PEER_NETWORKX")
    if not python:
        yield None
        return
    with Program(python, str(Path(__file__).parent / "peers" / "networkx_grid.py"), str(side), "1") as program:
        yield Networkx(program)
