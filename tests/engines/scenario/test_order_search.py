"""Building and improving orders of repair."""

from __future__ import annotations

from itertools import permutations as plain

import numpy as np
import pytest

from holdfast.engines.scenario.cascade import Cascade
from holdfast.engines.scenario.order_search import greedy, improve, permutations
from holdfast.engines.scenario.rules import Rules
from toy_worlds import chain_world, make_damage


def test_greedy_takes_what_wins_most_for_each_hour():
    """The line brings power and with it water; the tower alone brings little; the main wins nothing before the line is mended."""
    world = chain_world()
    hours = {"power:line": 4.0, "water:main": 4.0, "telecom:tower": 4.0}
    damage = make_damage(world, tuple(hours), hours=hours)
    names = world.asset_id.to_pylist()
    task = np.array([names.index(n) for n in hours])
    cascade = Cascade(world, Rules(critical_weight=10.0))
    order = greedy(cascade, damage, task, np.zeros((1, 1, world.assets)), np.ones(1), 9)
    assert [names[i] for i in task[order]] == ["power:line", "water:main", "telecom:tower"]
    short = make_damage(world, tuple(hours), hours=hours | {"telecom:tower": 0.5})
    assert task[greedy(cascade, short, task, np.zeros((1, 1, world.assets)), np.ones(1), 9)[0]] == names.index("power:line")  # no mast without power


def test_two_broken_in_a_row_are_taken_although_neither_wins_alone():
    world = chain_world()
    hours = {"telecom:tower": 3.0, "power:plant": 2.0, "power:line": 2.0}
    damage = make_damage(world, tuple(hours), hours=hours)
    names = world.asset_id.to_pylist()
    task = np.array([names.index(n) for n in hours])
    order = greedy(Cascade(world), damage, task, np.zeros((1, 1, world.assets)), np.ones(1), 9)
    assert {names[i] for i in task[order[:2]]} == {"power:plant", "power:line"}


class Tour:
    """Sum of weight times place: known optimum."""

    def __init__(self, weight):
        self.weight, self.known = weight, {}

    def __call__(self, orders):
        values = (self.weight[orders] * np.arange(1, orders.shape[1] + 1)).sum(axis=1)
        self.known.update(zip((o.tobytes() for o in orders), values.tolist(), strict=True))
        return values


def test_improving_finds_the_optimum_of_a_simple_sum_and_stops_at_its_budget():
    weight = np.array([3.0, 9.0, 1.0, 7.0, 5.0, 8.0, 2.0])
    judge = Tour(weight)
    found = improve(judge, np.arange(7), 7, np.zeros(7, int), 4000, np.random.Generator(np.random.Philox(1)))
    assert weight[found].tolist() == sorted(weight, reverse=True)
    few = Tour(weight)
    improve(few, np.arange(7), 7, np.zeros(7, int), 40, np.random.Generator(np.random.Philox(1)))
    assert len(few.known) <= 40 + 32


def test_moves_stay_within_the_head_and_within_teams():
    team = np.array([0, 1, 0, 1, 0, 0])
    judge = Tour(np.arange(6.0))
    found = improve(judge, np.arange(6), 4, team, 500, np.random.Generator(np.random.Philox(2)))
    assert found[4:].tolist() == [4, 5]
    assert team[found].tolist() == team.tolist()


def test_all_orders_are_those_within_teams():
    assert len(permutations(np.array([0, 0, 1, 1, 1]))) == 12
    assert all(sorted(order) == [0, 1, 2, 3] for order in permutations(np.array([0, 1, 0, -1])).tolist())
    assert {tuple(o) for o in permutations(np.zeros(4, int)).tolist()} == set(plain(range(4)))


@pytest.mark.parametrize("teams", [[0], [0, 1]])
def test_nothing_to_exchange_leaves_the_order(teams):
    judge = Tour(np.ones(len(teams)))
    assert improve(judge, np.arange(len(teams)), 5, np.array(teams), 50, np.random.Generator(np.random.Philox(3))).tolist() == list(range(len(teams)))
