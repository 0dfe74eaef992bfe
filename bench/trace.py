"""A million-pipe network: who is still connected in 64 cases at once, traces, shortest paths, bridges; against SciPy's compiled graph routines.

With HOLDFAST_PEER_NETWORKX naming a Python interpreter that has networkx, the same trace and shortest paths are timed there too.
"""

from __future__ import annotations

import json
import os
import subprocess
from collections.abc import Callable
from time import process_time
from typing import Any

import numpy as np
from scipy.sparse import coo_array
from scipy.sparse.csgraph import breadth_first_order, connected_components, dijkstra

from holdfast.engines.network.bridges import bridges
from holdfast.engines.network.isolation import isolate
from holdfast.engines.network.paths import shortest
from holdfast.engines.network.topology import Graph, reached, trace

SIDE = 708  # of a square street grid: 1,001,112 edges
CASES, PEER_CASES = 64, 4

_NETWORKX = """
import json, sys
from time import process_time
import networkx as nx, numpy as np
side, seed = int(sys.argv[1]), int(sys.argv[2])
index = np.arange(side * side).reshape(side, side)
start = np.concatenate((index[:, :-1].ravel(), index[:-1].ravel())); end = np.concatenate((index[:, 1:].ravel(), index[1:].ravel()))
length = np.random.Generator(np.random.Philox(seed)).random(len(start)) * 80 + 20
graph = nx.DiGraph()
graph.add_weighted_edges_from(zip(start.tolist(), end.tolist(), length.tolist()))
both = graph.to_undirected()
out = {"version": nx.__version__}
at = process_time(); found = len(nx.descendants(graph, 0)); out["trace"] = process_time() - at
at = process_time(); far = nx.single_source_dijkstra_path_length(both, 0); out["paths"] = process_time() - at
out["far"] = max(far.values()); out["found"] = found
print(json.dumps(out))
"""


def grid(side: int, seed: int = 1) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Edges of a square grid from low to high numbers, and their lengths [m]."""
    index = np.arange(side * side).reshape(side, side)
    start = np.concatenate((index[:, :-1].ravel(), index[:-1].ravel()))
    end = np.concatenate((index[:, 1:].ravel(), index[1:].ravel()))
    return start, end, np.random.Generator(np.random.Philox(seed)).random(len(start)) * 80 + 20


def run(side: int = SIDE, repeats: int = 3) -> dict[str, Any]:
    """CPU seconds, least of the repeats; the ratio is SciPy's connected components of one case over ours of one of 64 cases."""
    start, end, length = grid(side)
    nodes = side * side
    graph = Graph.of(nodes, start, end)
    matrix = coo_array((length, (start, end)), shape=(nodes, nodes)).tocsr()
    opened = np.random.Generator(np.random.Philox(2)).random((CASES, len(start)), np.float32) < 0.95
    broken = [len(start) // 2]
    valves = np.arange(0, len(start), 3)
    ours = {
        "build": lambda: Graph.of(nodes, start, end),
        "trace": lambda: trace(graph, [0], "downstream"),
        "paths": lambda: shortest(graph, [0], length),
        "bridges": lambda: bridges(graph),
        "isolate": lambda: isolate(graph, broken, valves, start[valves], sources=[0]),
        "reach_64": lambda: reached(graph, opened, [0]),
    }
    peer = {
        "trace": lambda: breadth_first_order(matrix, 0, directed=True, return_predecessors=False),
        "paths": lambda: dijkstra(matrix, directed=False, indices=[0], min_only=True, return_predecessors=True),
        "reach_case": lambda: _scipy_reach(start, end, opened[:PEER_CASES], nodes),
    }
    for f in ours.values():
        f()  # compile
    took = {name: _cpu(f, repeats) for name, f in ours.items()}
    theirs = {name: _cpu(f, repeats) for name, f in peer.items()}
    far = shortest(graph, [0], length).distance
    assert np.allclose(far, dijkstra(matrix, directed=False, indices=[0], min_only=True)) and trace(graph, [0])[0].all()
    assert np.array_equal(reached(graph, opened[:PEER_CASES], [0]), _scipy_reach(start, end, opened[:PEER_CASES], nodes))
    detail = {f"{name}_s": round(value, 4) for name, value in took.items()}
    ours_case, peer_case = took["reach_64"] / CASES, theirs["reach_case"] / PEER_CASES
    detail |= {
        "edges": len(start), "peer": "scipy.sparse.csgraph.connected_components, one case at a time", "scipy_paths_ratio": round(theirs["paths"] / took["paths"], 2),
        "scipy_trace_ratio": round(theirs["trace"] / took["trace"], 2),
        "scipy": "dijkstra with predecessors; breadth_first_order on a matrix built beforehand, which names no edges",
    }  # fmt: skip
    detail |= _networkx(side, took, far)
    return {"name": "trace", "ours": round(ours_case, 5), "peer": round(peer_case, 5), "unit": "s per case", "ratio": round(peer_case / ours_case, 1), "detail": detail}


def _scipy_reach(start: np.ndarray, end: np.ndarray, opened: np.ndarray, nodes: int) -> np.ndarray:
    found = np.empty((len(opened), nodes), bool)
    for case, row in enumerate(opened):
        graph = coo_array((np.ones(row.sum(), np.int8), (start[row], end[row])), shape=(nodes, nodes)).tocsr()
        label = connected_components(graph, directed=False)[1]
        found[case] = label == label[0]
    return found


def _cpu(f: Callable[[], Any], repeats: int) -> float:
    best = np.inf
    for _ in range(repeats):
        at = process_time()
        f()
        best = min(best, process_time() - at)
    return best


def _networkx(side: int, took: dict[str, float], far: np.ndarray) -> dict[str, Any]:
    """Times of networkx on the same network, where an interpreter that has it is named."""
    python = os.environ.get("HOLDFAST_PEER_NETWORKX")
    if not python:
        return {"networkx": "not measured: HOLDFAST_PEER_NETWORKX names no interpreter"}
    done = subprocess.run([python, "-c", _NETWORKX, str(side), "1"], capture_output=True, text=True, check=True)
    other = json.loads(done.stdout.splitlines()[-1])
    assert abs(other["far"] - far.max()) < 1e-6 * far.max()
    return {"networkx": other["version"], "networkx_trace_ratio": round(other["trace"] / took["trace"], 1), "networkx_paths_ratio": round(other["paths"] / took["paths"], 1)}
