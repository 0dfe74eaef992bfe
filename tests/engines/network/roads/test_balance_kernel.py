"""Pieces of the path-based equilibrium: shifts, chains of paths, restriction and compaction, each checked by counting what is carried."""

from __future__ import annotations

import numpy as np
import pytest

from holdfast.engines.network.roads import balance_kernel as kernel
from holdfast.engines.network.roads.law import BPR

COUNT = 4  # parallel roads between one pair, each an arc of its own


def laws(t0, slope):
    """Times t0 + slope * flow: BPR with capacity 1 and power 1."""
    t0, slope = np.asarray(t0, float), np.asarray(slope, float)
    return np.full(len(t0), BPR, np.int8), t0, np.ones(len(t0)), slope / t0, np.ones(len(t0)), np.zeros(len(t0))


def state(carried):
    """Store of one pair whose paths are single arcs."""
    count = len(carried)
    first, after = np.array([0]), np.append(np.arange(1, count), -1)
    begin, size, pool = np.arange(count), np.ones(count, np.int64), np.arange(count)
    return first, after, begin, size, pool, np.array(carried, float)


def followed(first, after, pair=0):
    path, found = first[pair], []
    while path >= 0:
        found.append(int(path))
        path = after[path]
    return found


def settle(carried, t0, slope, rounds=200):
    first, after, begin, size, pool, carried = state(carried)
    law = laws(t0, slope)
    flow = carried.copy()
    time, rise = law[1] + np.asarray(slope) * flow, np.asarray(slope, float).copy()
    on_best, on_path, marks = np.zeros(len(flow), np.int64), np.zeros(len(flow), np.int64), np.zeros(2, np.int64)
    excess = [kernel.settle(first, after, begin, size, pool, carried, law, flow, time, rise, on_best, on_path, marks) for _ in range(rounds)]
    return carried, flow, time, followed(first, after), excess


def test_parallel_roads_share_as_their_lines_say():
    """Times t0 + s f are equal on all that are used: solved here as linear equations."""
    t0, slope, trips = np.array([1.0, 2.0, 3.0, 50.0]), np.array([0.1, 0.2, 0.05, 0.1]), 100.0
    carried, flow, time, paths, excess = settle([trips - 3.0, 1.0, 1.0, 1.0], t0, slope)
    used = slice(0, 3)
    common = (trips + (t0[used] / slope[used]).sum()) / (1.0 / slope[used]).sum()
    np.testing.assert_allclose(carried[used], (common - t0[used]) / slope[used], rtol=1e-6)
    np.testing.assert_allclose(flow, carried, atol=1e-9)
    np.testing.assert_allclose(time[used], common)
    assert carried[3] == 0.0 and sorted(paths) == [0, 1, 2] and excess[-1] < 1e-8 * excess[0]  # the dear one was left and dropped


@pytest.mark.parametrize("seed", range(5))
def test_shifts_lose_nobody(seed):
    rng = np.random.default_rng(seed)
    trips = rng.uniform(0, 50, COUNT)
    carried, flow, *_ = settle(trips, rng.uniform(1, 5, COUNT), rng.uniform(0.01, 1, COUNT), rounds=3)
    assert carried.sum() == pytest.approx(trips.sum()) and (carried >= 0).all()
    np.testing.assert_allclose(flow, carried, atol=1e-12)


def pairs_of_two():
    """Two pairs: paths 0 and 1 of the first over arcs (0, 1) and (2), paths 2 and 3 of the second over (1) and (2, 3)."""
    chain = np.array([0, 2]), np.array([1, -1, 3, -1])
    store = np.array([0, 2, 3, 4]), np.array([2, 1, 1, 2]), np.array([5.0, 3.0, 2.0, 4.0]), np.array([0, 1, 2, 1, 2, 3])
    return chain, store


def test_arc_flows_are_the_sum_of_paths():
    chain, store = pairs_of_two()
    flow = np.full(4, 99.0)
    kernel.total_flow(chain, store, flow)
    assert flow.tolist() == [5.0, 7.0, 7.0, 4.0]


@pytest.mark.parametrize(("closed", "demand", "left", "assigned"), [
    ([], [8.0, 6.0], [[0, 1], [2, 3]], [8.0, 6.0]), ([0], [8.0, 6.0], [[1], [2, 3]], [3.0, 6.0]), ([2], [8.0, 6.0], [[0], [2]], [5.0, 2.0]),
    ([1, 2], [8.0, 6.0], [[], []], [0.0, 0.0]), ([], [4.0, 0.0], [[0, 1], []], [4.0, 0.0]), ([3], [16.0, 1.0], [[0, 1], [2]], [8.0, 1.0]),
])  # fmt: skip
def test_closed_arcs_take_their_paths_along_and_less_demand_its_share(closed, demand, left, assigned):
    chain, store = pairs_of_two()
    usable, out = np.ones(4, bool), np.empty(2)
    usable[closed] = False
    kernel.restrict(usable, np.array(demand), out, chain, store)
    assert [followed(*chain, pair) for pair in (0, 1)] == left and out.tolist() == assigned
    for pair in (0, 1):
        assert sum(store[2][path] for path in left[pair]) == pytest.approx(assigned[pair])


def test_only_paths_in_use_are_copied():
    chain, store = pairs_of_two()
    chain[0][0] = 1  # path 0 was dropped
    new_chain = np.full(2, -7), np.full(4, -7)
    new_store = np.zeros(4, np.int64), np.zeros(4, np.int64), np.zeros(4), np.zeros(6, np.int64)
    assert kernel.compact(chain, store, new_chain, new_store) == (3, 4)
    assert [followed(*new_chain, pair) for pair in (0, 1)] == [[0], [1, 2]]
    assert new_store[2][:3].tolist() == [3.0, 2.0, 4.0] and new_store[3][:4].tolist() == [2, 1, 2, 3]
    before, after = np.zeros(4), np.zeros(4)
    kernel.total_flow(chain, store, before)
    kernel.total_flow(new_chain, new_store, after)
    assert before.tolist() == after.tolist()


def test_going_on_keeps_the_trips_of_each_pair_and_stops_at_nothing():
    chain, store = pairs_of_two()
    before, out = np.array([6.0, 2.0, 2.5, 3.5]), np.zeros(4)
    kernel.prolong(3.0, chain, before, store[2], out)
    assert out.tolist() == [2.0, 6.0, 0.5, 5.5]
    kernel.prolong(100.0, chain, before, store[2], out)
    assert out.tolist() == [0.0, 8.0, 0.0, 6.0]
    kernel.prolong(3.0, chain, np.array([9.0, 2.0, 2.5, 3.5]), store[2], out)  # a path of the first pair was dropped meanwhile
    assert out[:2].tolist() == [5.0, 3.0]
