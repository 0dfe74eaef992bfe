"""networkx beside bench/trace.py: one trace and one search of shortest paths on the same square grid, once for each line that is read.

Run by the interpreter named by HOLDFAST_PEER_NETWORKX: SIDE and SEED of the grid.
"""

from __future__ import annotations

import json
import sys
from time import process_time

import networkx as nx
import numpy as np


def grid(side: int, seed: int) -> nx.DiGraph:
    """The grid of the benchmark."""
    index = np.arange(side * side).reshape(side, side)
    start, end = np.concatenate((index[:, :-1].ravel(), index[:-1].ravel())), np.concatenate((index[:, 1:].ravel(), index[1:].ravel()))
    length = np.random.Generator(np.random.Philox(seed)).random(len(start)) * 80 + 20
    graph = nx.DiGraph()
    graph.add_weighted_edges_from(zip(start.tolist(), end.tolist(), length.tolist(), strict=True))
    return graph


def main(side: int, seed: int) -> None:
    """Answer until there are no more questions."""
    graph = grid(side, seed)
    both = graph.to_undirected()
    for _ in sys.stdin:
        start = process_time()
        found = len(nx.descendants(graph, 0))
        trace = process_time() - start
        start = process_time()
        far = nx.single_source_dijkstra_path_length(both, 0)
        paths = process_time() - start
        print(json.dumps({"trace": trace, "paths": paths, "found": found, "far": max(far.values()), "version": nx.__version__}), flush=True)


if __name__ == "__main__":
    main(int(sys.argv[1]), int(sys.argv[2]))
