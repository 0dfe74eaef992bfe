"""Road traffic to a relative gap of 1e-6: Anaheim, and a made-up network of the size of Chicago Sketch, against AequilibraE on one core.

The networks: Anaheim (416 nodes, 914 links, 38 zones) where the real data are beside the checkout; a grid with diagonals and
connectors made here with 933 nodes, 2,950 links, 387 zones and 93,136 pairs (the size of Chicago Sketch, whose file is not at
hand). The peer runs in the environment whose Python is named by HOLDFAST_PEER_AEQUILIBRAE, with bi-conjugate Frank-Wolfe; without
it the peer is Frank-Wolfe with exact line search on scipy's Dijkstra, stopped at a wider gap, and the detail says so. Both assign in turns.
"""

from __future__ import annotations

import os
import re
import tempfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager, nullcontext
from pathlib import Path
from time import process_time
from typing import Any

import numpy as np

from bench.turns import Program, cpu, in_turns, ratio
from holdfast.engines.network.roads import law
from holdfast.engines.network.roads.assignment import Demand, Equilibrium, Links, assign, demand_of
from holdfast.engines.network.roads.graph import RoadGraph, build_graph

DATA = Path(__file__).resolve().parents[2] / "shared" / "data" / "roads" / "tntp"
ROWS, COLUMNS, ZONES, LINKS, PAIRS = 26, 21, 387, 2950, 93_136  # trips are symmetric, so pairs come in twos
GAP, WIDE_GAP, MOST, TURNS = 1e-6, 1e-3, 1000, 3


def generated(seed: int = 3) -> dict[str, Any]:
    """A network of the size of Chicago Sketch with gravity demand; its busiest links carry a little more than their capacity."""
    rng = np.random.Generator(np.random.Philox(seed))
    count = ROWS * COLUMNS
    row, column = np.divmod(np.arange(count), COLUMNS)
    x, y = column + rng.normal(0, 0.15, count), row + rng.normal(0, 0.15, count)
    right, up = np.flatnonzero(column < COLUMNS - 1), np.flatnonzero(row < ROWS - 1)
    diagonals = (LINKS - 2 * ZONES) // 2 - len(right) - len(up)
    inner = rng.choice(np.flatnonzero((column < COLUMNS - 1) & (row < ROWS - 1)), diagonals, replace=False)
    a, b = np.concatenate([right, up, inner]), np.concatenate([right + 1, up + COLUMNS, inner + COLUMNS + 1])
    home = rng.choice(count, ZONES, replace=False)
    length = np.hypot(x[a] - x[b], y[a] - y[b])
    lanes = np.where(rng.random(len(a)) < 0.25, 3, 1)
    free = np.concatenate([length / np.where(lanes == 3, 1.2, 0.7), np.full(ZONES, 0.3)])
    capacity = np.concatenate([900.0 * lanes, np.full(ZONES, 1e5)])
    power = np.concatenate([np.full(len(a), 0.15), np.zeros(ZONES)])
    tail, head = np.concatenate([a + ZONES, home + ZONES]), np.concatenate([b + ZONES, np.arange(ZONES)])
    mass = rng.lognormal(0, 0.7, ZONES)
    trips = mass[:, None] * mass[None, :] * np.exp(-np.hypot(x[home][:, None] - x[home], y[home][:, None] - y[home]) / 6)
    np.fill_diagonal(trips, 0.0)
    trips[trips < np.sort(trips.ravel())[-PAIRS]] = 0.0
    both = lambda first, second: np.concatenate([first, second])  # noqa: E731
    return {"tail": both(tail, head) + 1, "head": both(head, tail) + 1, "free": both(free, free), "capacity": both(capacity, capacity), "a": both(power, power),
            "b": np.full(2 * len(tail), 4.0), "matrix": trips * (150_000.0 / trips.sum()), "zones": ZONES, "blocked": True}


def anaheim() -> dict[str, Any] | None:
    """The real network as arrays, or None where the data are absent."""
    folder = DATA / "Anaheim"
    if not folder.exists():
        return None
    text = (folder / "Anaheim_net.tntp").read_text()
    rows = np.array([[float(c) for c in line.replace(";", "").split()[:7]] for line in text.splitlines() if re.match(r"\s+\d", line)])
    zones = int(re.search(r"NUMBER OF ZONES>\s*(\d+)", text).group(1))  # type: ignore[union-attr]
    matrix, origin = np.zeros((zones, zones)), 0
    for line in (folder / "Anaheim_trips.tntp").read_text().splitlines():
        if line.startswith("Origin"):
            origin = int(line.split()[1])
        elif origin:
            for target, value in re.findall(r"(\d+)\s*:\s*([\d.]+)", line):
                matrix[origin - 1, int(target) - 1] = float(value)
    return {"tail": rows[:, 0].astype(int), "head": rows[:, 1].astype(int), "capacity": rows[:, 2], "free": rows[:, 4], "a": rows[:, 5], "b": rows[:, 6],
            "matrix": matrix, "zones": zones, "blocked": True}


def prepared(network: dict[str, Any]) -> tuple[RoadGraph, Links, Demand, np.ndarray]:
    """Ours: graph, laws, demand, and the network's link of each arc."""
    nodes = int(max(network["tail"].max(), network["head"].max()))
    through = np.arange(nodes) >= (network["zones"] if network["blocked"] else 0)
    graph, order = build_graph(nodes, network["tail"] - 1, network["head"] - 1, through=through)
    links = Links(*(network[name][order] for name in ("free", "capacity", "a", "b")))
    origin, target = np.nonzero(network["matrix"])
    return graph, links, demand_of(origin, target, network["matrix"][origin, target]), order


@contextmanager
def aequilibrae(python: str, network: dict[str, Any], gap: float) -> Iterator[Callable[[], dict[str, Any]]]:
    """The peer with the network before it: each call assigns once."""
    with tempfile.TemporaryDirectory(prefix="holdfast-bench-") as folder:
        path = Path(folder) / "network.npz"
        np.savez(path, **network)
        script = Path(__file__).parent / "peers" / "aequilibrae_assignment.py"
        with Program(python, str(script), str(path), str(gap), str(MOST), "bfw", env={**os.environ, "AEQ_SHOW_PROGRESS": "FALSE"}) as program:
            yield program.ask


def frank_wolfe(network: dict[str, Any], gap: float) -> dict[str, Any]:
    """Frank-Wolfe with bisection on scipy's Dijkstra; centroids are split so that nothing passes through them."""
    from scipy.sparse import csr_matrix
    from scipy.sparse.csgraph import dijkstra

    zones, nodes = network["zones"], int(network["tail"].max())
    tail = np.where(network["tail"] <= zones, network["tail"] + nodes - 1, network["tail"] - 1)  # trips leave from twins of the centroids
    head = network["head"] - 1
    sources, size = np.arange(zones) + nodes, nodes + zones
    order = np.lexsort((head, tail))
    place = csr_matrix((np.arange(len(tail)) + 1, (tail, head)), shape=(size, size))

    def time(flow: np.ndarray) -> np.ndarray:
        return network["free"] * (1 + network["a"] * (flow / network["capacity"]) ** network["b"])

    def load(cost: np.ndarray) -> tuple[np.ndarray, float]:
        graph = csr_matrix((cost[order], (tail[order], head[order])), shape=(size, size))
        distance, before = dijkstra(graph, indices=sources, return_predecessors=True)
        flow = np.zeros(len(tail))
        for zone in range(zones):
            carried = np.zeros(size)
            carried[:zones] = network["matrix"][zone]
            for node in np.argsort(-np.where(np.isfinite(distance[zone]), distance[zone], -1)):
                if before[zone, node] >= 0 and carried[node]:
                    flow[place[before[zone, node], node] - 1] += carried[node]
                    carried[before[zone, node]] += carried[node]
        return flow, float((network["matrix"] * distance[:, :zones]).sum())

    start = process_time()
    flow, _ = load(time(np.zeros(len(tail))))
    reached = np.inf
    turn = 0
    for turn in range(1, MOST):  # noqa: B007 - reported below
        cost = time(flow)
        other, least = load(cost)
        reached = (flow @ cost - least) / (flow @ cost)
        if reached <= gap:
            break
        low, high = 0.0, 1.0
        for _ in range(30):
            middle = (low + high) / 2
            low, high = (middle, high) if (other - flow) @ time(flow + middle * (other - flow)) < 0 else (low, middle)
        flow = flow + low * (other - flow)
    return {"version": "Frank-Wolfe on scipy", "seconds": process_time() - start, "iterations": turn, "gap": float(reached), "flow": flow.tolist()}


def compared(network: dict[str, Any], python: str | None, turns: int = 1) -> dict[str, Any]:
    """Both on one network in turns: CPU seconds, iterations, gaps, and how far apart the flows and objectives are."""
    gap = GAP if python else WIDE_GAP
    graph, links, demand, order = prepared(network)
    assign(graph, links, demand, gap=1e-1)  # compiles
    found: list[Equilibrium] = []
    said: list[dict[str, Any]] = []
    with aequilibrae(python, network, gap) if python else nullcontext(lambda: frank_wolfe(network, gap)) as peer:

        def theirs() -> float:
            said.append(peer())
            return said[-1]["seconds"]

        taken = in_turns(turns, ours=cpu(lambda: found.append(assign(graph, links, demand, gap=gap))), peer=theirs)
    answer, mine = said[-1], found[-1]
    flow = np.array(answer.pop("flow"))[order]
    objective = float(law.objective(*links.columns(), np.ones(graph.arcs, bool), flow))
    del answer["seconds"]
    return {"nodes": graph.nodes, "links": graph.arcs, "pairs": len(demand.trips), "turns": turns, "ours_cpu_s": round(taken["ours"].median, 4),
            "peer_cpu_s": round(taken["peer"].median, 3), "ratio": round(ratio(taken["peer"], taken["ours"]), 2), "ours_span_s": taken["ours"].told(),
            "peer_span_s": taken["peer"].told(), "searches": mine.searches, "ours_gap": mine.gap, "ours_objective": mine.objective, "peer_objective": objective,
            "largest_flow_difference": float(np.abs(flow - mine.flow).max()), **{f"peer_{name}": value for name, value in answer.items()}}


def run() -> dict[str, Any]:
    """CPU seconds on the larger network; the ratio is the peer's over ours at the same gap."""
    python = os.environ.get("HOLDFAST_PEER_AEQUILIBRAE")
    real = anaheim()
    detail = {"generated, size of Chicago Sketch": compared(generated(), python, TURNS)}
    if real is not None:
        detail["Anaheim"] = compared(real, python, TURNS)
    large = detail["generated, size of Chicago Sketch"]
    who = f"AequilibraE {large['peer_version']}, bi-conjugate Frank-Wolfe, one core" if python else "Frank-Wolfe on scipy at a gap of 1e-3 (AequilibraE is not set up)"
    return {"name": "assignment", "ours": large["ours_cpu_s"], "peer": large["peer_cpu_s"], "unit": "s CPU to the same relative gap",
            "ratio": large["ratio"], "detail": {"peer": who, "gap": GAP if python else WIDE_GAP, **detail}}
