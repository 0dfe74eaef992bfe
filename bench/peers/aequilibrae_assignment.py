"""AequilibraE beside bench/assignment.py: assign the network of an .npz file on one core, once for each line that is read, and answer with JSON.

Run by the interpreter named by HOLDFAST_PEER_AEQUILIBRAE with the file of arrays tail, head (1-based), free, capacity, a, b, matrix (zone, zone),
zones, blocked; the gap; the most iterations; the algorithm.
"""

from __future__ import annotations

import json
import sys
from importlib.metadata import version
from time import process_time
from typing import Any

import numpy as np
import pandas as pd
from aequilibrae.matrix import AequilibraeMatrix
from aequilibrae.paths import Graph, TrafficAssignment, TrafficClass


def assign(path: str, gap: float, most: int, algorithm: str) -> dict[str, Any]:
    """CPU seconds without setting up, iterations, gap and flow of every link."""
    data = np.load(path)
    zones = int(data["zones"])
    centroids = np.arange(zones) + 1
    network = pd.DataFrame({
        "link_id": np.arange(len(data["tail"])) + 1, "a_node": data["tail"], "b_node": data["head"], "direction": 1, "capacity": data["capacity"],
        "free_flow_time": data["free"], "a": data["a"], "b": data["b"], "distance": 1.0, "id": np.arange(len(data["tail"])) + 1,
    })
    graph = Graph()
    graph.mode = "c"
    graph.network = network
    graph.prepare_graph(centroids)
    graph.set_graph("free_flow_time")
    graph.set_blocked_centroid_flows(bool(data["blocked"]))
    matrix = AequilibraeMatrix()
    matrix.create_empty(zones=zones, matrix_names=["car"], memory_only=True)
    matrix.index[:] = centroids
    matrix.matrices[:, :, 0] = data["matrix"]
    matrix.computational_view(["car"])
    run = TrafficAssignment()
    run.set_classes([TrafficClass("car", graph, matrix)])
    run.set_vdf("BPR")
    run.set_vdf_parameters({"alpha": "a", "beta": "b"})
    run.set_capacity_field("capacity")
    run.set_time_field("free_flow_time")
    run.set_algorithm(algorithm)
    run.set_cores(1)
    run.max_iter, run.rgap_target = most, gap
    start = process_time()
    run.execute(log_specification=False)
    seconds = process_time() - start
    report = run.report()
    results = run.results().sort_index()
    flow = np.zeros(len(network))
    flow[results.index.to_numpy() - 1] = results["matrix_ab"].to_numpy() if "matrix_ab" in results else results["PCE_AB"].to_numpy()
    return {"version": version("aequilibrae"), "seconds": seconds, "iterations": int(report["iteration"].iloc[-1]), "gap": float(report["rgap"].iloc[-1]),
            "flow": flow.tolist()}  # fmt: skip


if __name__ == "__main__":
    for _ in sys.stdin:
        print(json.dumps(assign(sys.argv[1], float(sys.argv[2]), int(sys.argv[3]), sys.argv[4])), flush=True)
