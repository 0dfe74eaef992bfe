"""The road benchmarks: networks of the promised size, peers that give the same answer."""

from __future__ import annotations

import sys

import numpy as np
import pytest

from holdfast.engines.network.roads.graph import build_graph


@pytest.fixture
def bench(monkeypatch):
    import importlib

    from bench.test_runner import ROOT

    monkeypatch.syspath_prepend(str(ROOT))
    for name in [n for n in sys.modules if n == "bench" or n.startswith("bench.")]:
        monkeypatch.delitem(sys.modules, name)  # the tests' own folder has the same name
    yield lambda name: importlib.import_module(f"bench.{name}")
    for name in [n for n in sys.modules if n == "bench" or n.startswith("bench.")]:
        del sys.modules[name]


def test_the_made_up_network_has_the_size_of_chicago_sketch(bench):
    assignment = bench("assignment")
    network = assignment.generated()
    graph, _, demand, _ = assignment.prepared(network)
    assert (graph.nodes, graph.arcs, network["zones"], len(demand.trips)) == (933, 2950, 387, 93_136) and not graph.through[:387].any()


def test_frank_wolfe_and_ours_agree(bench):
    assignment = bench("assignment")
    rng = np.random.default_rng(0)
    inner = np.arange(16).reshape(4, 4) + 5
    a, b = np.concatenate([inner[:, :-1].ravel(), inner[:-1].ravel()]), np.concatenate([inner[:, 1:].ravel(), inner[1:].ravel()])
    zone, gate = np.arange(4) + 1, np.array([5, 8, 17, 20])
    tail, head = np.concatenate([a, b, zone, gate]), np.concatenate([b, a, gate, zone])
    size = len(tail)
    network = {
        "tail": tail, "head": head, "free": rng.uniform(1, 2, size), "capacity": np.full(size, 300.0), "a": np.full(size, 0.15), "b": np.full(size, 4.0),
        "matrix": np.where(np.eye(4, dtype=bool), 0.0, 200.0), "zones": 4, "blocked": True,
    }  # fmt: skip
    found = assignment.compared(network, None)
    assert found["ours_objective"] == pytest.approx(found["peer_objective"], rel=1e-3) and found["peer_gap"] <= 1e-3 and found["ratio"] > 0


def test_scipy_gives_the_same_times(bench):
    from holdfast.engines.network.roads.paths import travel_times

    paths = bench("paths")
    nodes, tail, head, length = paths.grid(12)
    graph, order = build_graph(nodes, tail, head)
    theirs = paths.scipy_times(graph, length[order], np.array([0, 70]), np.ones(graph.arcs, bool))
    assert np.allclose(theirs, travel_times(graph, length[order], np.array([0, 70])))
