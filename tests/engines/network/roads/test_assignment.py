"""User equilibrium: analytical cases, the published networks, closures, and input that no traffic model should have."""

import re

import numpy as np
import pytest

from holdfast.engines.network.roads import law
from holdfast.engines.network.roads.assignment import Links, assign, demand_of
from holdfast.engines.network.roads.graph import build_graph
from holdfast.model.errors import Invalid

BEST = {"SiouxFalls": 4231335.287107, "Anaheim": 1286032.171096}  # Beckmann objectives published with the networks


def linear(free, slope):
    """Links whose time is free + slope * flow."""
    free, slope = np.array(free, float), np.array(slope, float)
    return Links(np.full(len(free), 1e-9), np.ones(len(free)), slope * 1e9, np.ones(len(free)), extra=free)


@pytest.fixture
def published(shared_data):
    """Graph, laws, demand and best-known flows of one of the published networks."""

    def read(name):
        folder = shared_data(f"roads/tntp/{name}")
        net = (folder / f"{name}_net.tntp").read_text()
        nodes, first = (int(re.search(rf"<{what}>\s*(\d+)", net).group(1)) for what in ("NUMBER OF NODES", "FIRST THRU NODE"))
        rows = np.array([[float(c) for c in line.replace(";", "").split()[:7]] for line in net.splitlines() if re.match(r"\s+\d", line)])
        origin, trips = 0, []
        for line in (folder / f"{name}_trips.tntp").read_text().splitlines():
            if line.startswith("Origin"):
                origin = int(line.split()[1])
            elif origin:
                trips += [(origin - 1, int(target) - 1, float(value)) for target, value in re.findall(r"(\d+)\s*:\s*([\d.]+)", line)]
        graph, order = build_graph(nodes, rows[:, 0].astype(int) - 1, rows[:, 1].astype(int) - 1, through=np.arange(nodes) >= first - 1)
        best = {tuple(map(int, line.split()[:2])): float(line.split()[2]) for line in (folder / f"{name}_flow.tntp").read_text().splitlines()[1:] if len(line.split()) > 3}
        flows = np.array([best[a + 1, b + 1] for a, b in zip(graph.tail, graph.head, strict=True)])
        return graph, Links(*rows[order][:, [4, 2, 5, 6]].T), demand_of(*np.array(trips).T), flows

    return read


@pytest.mark.clause("1k", "2f")
@pytest.mark.parametrize("name", BEST)
def test_published_networks(published, name):
    graph, links, demand, flows = published(name)
    usual = assign(graph, links, demand, gap=1e-6)
    assert usual.converged and usual.gap <= 1e-6 and usual.objective == pytest.approx(BEST[name], rel=1e-6)
    exact = assign(graph, links, demand, gap=1e-11)
    assert exact.converged and exact.objective == pytest.approx(BEST[name], rel=1e-9)
    assert np.abs(exact.flow - flows).max() < 0.01
    assert exact.total_time == pytest.approx(exact.pair_time, rel=1e-9)


def conserved(graph, state):
    """What leaves and enters each node fits the trips."""
    out = np.bincount(graph.tail, weights=state.flow, minlength=graph.nodes) - np.bincount(graph.head, weights=state.flow, minlength=graph.nodes)
    made = state.demand.trips - state.unserved
    wanted = np.bincount(state.demand.origin_of, weights=made, minlength=graph.nodes) - np.bincount(state.demand.target, weights=made, minlength=graph.nodes)
    assert np.allclose(out, wanted, atol=1e-9)


def test_two_routes_share_by_their_slopes():
    graph, order = build_graph(2, [0, 0], [1, 1])
    state = assign(graph, linear([10, 15], [1, 1]), demand_of([0], [1], [25]), gap=1e-12)
    assert state.flow.tolist() == pytest.approx([15, 10]) and state.shortest[0] == pytest.approx(25) and order.tolist() == [0, 1]


def test_braess_network_gets_worse_with_its_bridge():
    graph, order = build_graph(4, [0, 0, 1, 2, 1], [1, 2, 3, 3, 2])
    links = linear(*np.array([[0, 50, 50, 0, 10], [10, 1, 1, 10, 1]])[:, order])
    demand, bridge = demand_of([0], [3], [6]), (graph.tail == 1) & (graph.head == 2)
    with_it = assign(graph, links, demand, gap=1e-12)
    without = assign(graph, links, demand, usable=~bridge, gap=1e-12, start=with_it)
    assert with_it.shortest[0] == pytest.approx(92) and without.shortest[0] == pytest.approx(83)
    assert with_it.flow[bridge] == pytest.approx(2) and without.flow[bridge] == 0
    conserved(graph, with_it)
    conserved(graph, without)


@pytest.mark.clause("1k")
def test_a_closure_starts_from_the_paths_before_and_ends_where_a_fresh_run_does(published):
    graph, links, demand, _ = published("SiouxFalls")
    before = assign(graph, links, demand, gap=1e-9)
    usable = np.ones(graph.arcs, bool)
    usable[[10, 40]] = False
    warm, cold = (assign(graph, links, demand, usable=usable, gap=1e-9, start=start) for start in (before, None))
    assert warm.objective == pytest.approx(cold.objective, rel=1e-9) and warm.objective > before.objective
    assert np.abs(warm.flow - cold.flow).max() < 1.0 and (warm.flow[~usable] == 0).all() and warm.searches <= cold.searches
    conserved(graph, warm)
    reopened = assign(graph, links, demand, gap=1e-9, start=warm)
    assert reopened.objective == pytest.approx(before.objective, rel=1e-9)
    fewer = assign(graph, links, demand.scaled(0.5), gap=1e-9, start=before)
    assert fewer.objective == pytest.approx(assign(graph, links, demand.scaled(0.5), gap=1e-9).objective, rel=1e-9)
    conserved(graph, fewer)
    assert np.array_equal(before.flow, assign(graph, links, demand, gap=1e-9).flow)  # a start is not changed by what starts from it


def test_trips_between_places_that_are_not_joined_are_reported():
    graph, _ = build_graph(5, [0, 1, 3], [1, 0, 4])
    links = Links(np.full(3, 60.0), np.ones(3), np.full(3, 0.15), np.full(3, 4.0))
    state = assign(graph, links, demand_of([0, 0, 3, 2], [1, 4, 4, 0], [0.5, 0.2, 0.1, 0.3]))
    lost = dict(zip(zip(state.demand.origin_of.tolist(), state.demand.target.tolist(), strict=True), state.unserved.tolist(), strict=True))
    assert lost == {(0, 1): 0.0, (0, 4): 0.2, (2, 0): 0.3, (3, 4): 0.0} and state.converged and state.searches < 10
    assert np.isinf(state.shortest).sum() == 2
    conserved(graph, state)
    shut = assign(graph, links, state.demand, usable=np.zeros(3, bool), start=state)
    assert shut.unserved.sum() == pytest.approx(1.1) and shut.flow.sum() == 0 and shut.converged


def test_zones_are_not_passed_through():
    through = np.array([False, False, True])
    graph, _ = build_graph(3, [0, 1, 0, 2], [1, 2, 2, 1], through=through)  # 0-1, 0-2, 1-2, 2-1
    links = Links(np.array([1.0, 100.0, 1.0, 1.0]), np.full(4, 10.0), np.full(4, 0.15), np.full(4, 4.0))
    state = assign(graph, links, demand_of([0, 1], [2, 2], [1, 1]), gap=1e-9)
    assert state.flow.tolist() == pytest.approx([0, 1, 1, 0])  # 0 to 2 not over zone 1, which starts its own trips


def test_free_and_constant_links_take_whole_flows():
    graph, _ = build_graph(3, [0, 0, 1], [1, 2, 2])
    codes = np.array([law.CONSTANT, law.CONSTANT, law.BPR], np.int8)
    state = assign(graph, Links(np.array([0.0, 30.0, 10.0]), np.array([1.0, 1.0, 100.0]), np.zeros(3), np.zeros(3), code=codes), demand_of([0], [2], [5.0]), gap=1e-9)
    assert state.flow.tolist() == [5.0, 0.0, 5.0] and state.shortest[0] == 10.0


@pytest.mark.parametrize("code", ["bpr", "conical", "akcelik"])
def test_every_law_reaches_equal_times(code):
    graph, _ = build_graph(4, [0, 0, 1, 2, 1], [1, 2, 3, 3, 2])
    a, b = {"bpr": (0.15, 4.0), "conical": (5.0, 0.0), "akcelik": (0.4, 3600.0)}[code]
    links = Links(np.array([60.0, 80.0, 30.0, 70.0, 50.0]), np.full(5, 0.4), np.full(5, a), np.full(5, b), code=np.full(5, law.NAMES[code], np.int8))
    state = assign(graph, links, demand_of([0], [3], [0.9]), gap=1e-10)
    assert state.converged
    routes = [[(0, 1), (1, 3)], [(0, 2), (2, 3)], [(0, 1), (1, 2), (2, 3)]]
    arc = {(a, b): i for i, (a, b) in enumerate(zip(graph.tail.tolist(), graph.head.tolist(), strict=True))}
    times = [sum(state.time[arc[step]] for step in route) for route in routes]
    used = [min(state.flow[arc[step]] for step in route) > 1e-6 for route in routes]
    assert sum(used) >= 2 and min(times) == pytest.approx(state.shortest[0])
    assert [t for t, hit in zip(times, used, strict=True) if hit] == pytest.approx([min(times)] * sum(used), rel=1e-6)
    assert np.allclose(links.time(state.flow), state.time)
    conserved(graph, state)


def test_nobody_travels():
    graph, _ = build_graph(2, [0], [1])
    links = Links(np.array([1.0]), np.array([1.0]), np.array([0.15]), np.array([4.0]))
    for demand in (demand_of([], [], []), demand_of([0, 0], [0, 1], [5, 0])):
        state = assign(graph, links, demand)
        assert state.converged and state.gap == 0 and state.flow.tolist() == [0.0] and state.objective == 0


def test_equal_pairs_are_added_and_sorted():
    demand = demand_of([3, 0, 3], [1, 2, 1], [1.0, 2.0, 3.0])
    assert demand.origins.tolist() == [0, 3] and demand.target.tolist() == [2, 1] and demand.trips.tolist() == [2.0, 4.0] and demand.origin_of.tolist() == [0, 3]


def test_a_full_store_is_enlarged():
    side = 8
    index = np.arange(side * side).reshape(side, side)
    a, b = np.concatenate([index[:, :-1].ravel(), index[:-1].ravel()]), np.concatenate([index[:, 1:].ravel(), index[1:].ravel()])
    graph, _ = build_graph(side * side, np.concatenate([a, b]), np.concatenate([b, a]))
    rng = np.random.default_rng(0)
    links = Links(rng.uniform(10, 20, graph.arcs), np.full(graph.arcs, 0.05), np.full(graph.arcs, 0.15), np.full(graph.arcs, 4.0))
    demand = demand_of(np.repeat(np.arange(4), 4), np.tile(np.arange(60, 64), 4), np.full(16, 0.06))
    state = assign(graph, links, demand, gap=1e-9)
    assert state.converged and state.paths.used[0] > 3 * 16 + 64  # more than there was room for at first
    conserved(graph, state)


def test_far_too_much_traffic_still_comes_to_rest():
    side = 7
    index = np.arange(side * side).reshape(side, side)
    a, b = np.concatenate([index[:, :-1].ravel(), index[:-1].ravel()]), np.concatenate([index[:, 1:].ravel(), index[1:].ravel()])
    graph, _ = build_graph(side * side, np.concatenate([a, b]), np.concatenate([b, a]))
    rng = np.random.default_rng(5)
    links = Links(rng.uniform(10, 20, graph.arcs), np.full(graph.arcs, 0.1), np.full(graph.arcs, 0.15), np.full(graph.arcs, 4.0))
    zones = rng.choice(side * side, 12, replace=False)
    demand = demand_of(np.repeat(zones, 12), np.tile(zones, 12), rng.uniform(0, 0.25, 144))
    state = assign(graph, links, demand, gap=1e-7)
    assert state.converged and (state.flow / 0.1).max() > 3
    conserved(graph, state)
    finer = assign(graph, links, demand, gap=1e-9, start=state)
    assert finer.converged and finer.objective == pytest.approx(state.objective, rel=1e-7) and finer.objective <= state.objective * (1 + 1e-12)
    conserved(graph, finer)


@pytest.mark.parametrize(
    ("numbers", "field"),
    [({"free": -1.0}, "free"), ({"capacity": 0.0}, "capacity"), ({"a": np.nan}, "a"), ({"b": -4.0}, "b"), ({"free": np.inf}, "free"), ({"extra": np.array([-1.0])}, "extra")],
)
def test_laws_that_cannot_be_are_refused(numbers, field):
    graph, _ = build_graph(2, [0], [1])
    columns = {name: np.array([1.0]) for name in ("free", "capacity", "a", "b")} | {k: np.atleast_1d(v) for k, v in numbers.items()}
    with pytest.raises(Invalid) as caught:
        assign(graph, Links(**columns), demand_of([0], [1], [1]))
    assert caught.value.where["field"] == field


def test_other_wrong_input_is_refused():
    graph, _ = build_graph(2, [0], [1])
    links = Links(*4 * [np.array([1.0])])
    for trips in ([-1.0], [np.nan], [np.inf]):
        with pytest.raises(Invalid):
            demand_of([0], [1], trips)
    with pytest.raises(Invalid, match="conical"):
        assign(graph, Links(*4 * [np.array([1.0])], code=np.array([law.CONICAL])), demand_of([0], [1], [1]))
    start = assign(graph, links, demand_of([0], [1], [1]))
    with pytest.raises(Invalid, match="other pairs"):
        assign(graph, links, demand_of([1], [0], [1]), start=start)
