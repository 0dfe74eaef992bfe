"""The bound: never above the best schedule of parallel crews, equal to it for one crew, and zero where nothing is lost."""

from __future__ import annotations

from itertools import permutations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from holdfast.engines.scenario.cascade import Cascade
from holdfast.engines.scenario.relaxation import lower_bound, weights_of
from holdfast.engines.scenario.repair import crews_of
from holdfast.engines.scenario.rules import Rules
from toy_worlds import chain_world, make_damage, make_world

RULES = Rules(mobilisation_hours={"default": 0.0}, shift_hours={"default": 24.0})


def separate(tasks):
    """A world in which each task has its own people, and its damage."""
    names, houses = [f"power:{i}" for i in range(len(tasks))], [f"city:{i}" for i in range(len(tasks))]
    world = make_world(
        [*names, *houses], uses=[(h, "electricity") for h in houses], links=[(n, h, "electricity") for n, h in zip(names, houses, strict=True)],
        people=dict(zip(houses, (people for _, people in tasks), strict=True)),
    )  # fmt: skip
    return world, make_damage(world, tuple(names), hours=dict(zip(names, (float(h) for h, _ in tasks), strict=True)))


def best(tasks, count):
    """Least sum of people times hours until done over all list schedules; one of them is optimal for this objective."""
    least = np.inf
    for order in permutations(range(len(tasks))):
        free, lost = [0.0] * count, 0.0
        for task in order:
            crew = free.index(min(free))
            free[crew] += tasks[task][0]
            lost += tasks[task][1] * free[crew]
        least = min(least, lost)
    return least


@settings(max_examples=40, deadline=None, derandomize=True)
@given(st.lists(st.tuples(st.integers(1, 9), st.integers(0, 50)), min_size=1, max_size=6), st.integers(1, 3))
def test_parallel_crews_cannot_do_better(tasks, count):
    world, damage = separate(tasks)
    crews = crews_of(world, RULES, count={"power": count})
    bound = lower_bound(Cascade(world, RULES), damage, np.arange(len(tasks)), crews, np.zeros((len(crews.depot), world.assets)), 500.0)
    least = best(tasks, count)
    assert bound.value <= least * (1 + 1e-6) + 1e-6
    if count == 1:
        assert bound.value == pytest.approx(least, rel=1e-4, abs=1e-4)


def test_the_shortest_way_is_part_of_a_task():
    world, damage = separate([(2, 10)])
    crews = crews_of(world, RULES, count={"power": 2}, depots={"power": np.zeros((2, 2))})
    way = np.full((len(crews.depot), world.assets), 3.0)
    way[1], way[-1] = 1.5, 0.5  # the last depot is another team's
    assert lower_bound(Cascade(world, RULES), damage, np.arange(1), crews, way, 100.0).value == pytest.approx(35.0)
    way[:] = np.inf  # nobody gets there: lost to the end
    assert lower_bound(Cascade(world, RULES), damage, np.arange(1), crews, way, 100.0).value == pytest.approx(1000.0)


def test_back_up_is_taken_off():
    world = chain_world()
    damage = make_damage(world, ("power:line",), hours=10.0)
    task = np.array([1])
    crews = crews_of(world, RULES, count={"power": 1})
    cascade = Cascade(world, RULES)
    value = lower_bound(cascade, damage, task, crews, np.zeros((len(crews.depot), world.assets)), 100.0).value
    feed, critical = weights_of(cascade, RULES)
    assert critical == RULES.critical_weight and feed.sum() == pytest.approx(200 * (1.0 + 1.0 + 0.5))
    assert value == pytest.approx(200 * 10 + 200 * 10 + 0.5 * 200 * 2 + critical * 10, rel=1e-5)


def test_redundant_supply_waits_for_the_first_of_its_ways_and_nothing_lost_is_zero():
    world = make_world(["power:a", "power:b", "city:x"], uses=[("city:x", "electricity")], people={"city:x": 9},
                       links=[("power:a", "city:x", "electricity"), ("power:b", "city:x", "electricity")])  # fmt: skip
    crews = crews_of(world, RULES, count={"power": 1})
    damage = make_damage(world, ("power:a", "power:b"))
    assert lower_bound(Cascade(world, RULES), damage, np.arange(2), crews, np.zeros((len(crews.depot), 3)), 50.0).value == pytest.approx(90.0)
    assert lower_bound(Cascade(world, RULES), make_damage(world, ()), np.empty(0, int), crews, np.zeros((len(crews.depot), 3)), 50.0).value == 0.0
