"""Repair schedules worked out by hand: crews, shifts, travel, reachability, priorities."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from holdfast.engines.scenario import repair_kernel
from holdfast.engines.scenario.repair import Crews, crews_of, priorities, schedule, straight_travel
from holdfast.engines.scenario.rules import Rules
from holdfast.model.errors import Invalid
from toy_worlds import chain_world, make_damage, make_world


def four():
    return make_world(["water:a", "water:b", "water:c", "power:d"])


def crews(world, water=1, power=1, first=0.0, shift=24.0, depots=1):
    places = {"water": np.zeros((depots, 2))}
    return crews_of(world, Rules(mobilisation_hours={"default": first}, shift_hours={"default": shift}), count={"water": water, "power": power}, depots=places)


def plan(world, hours, team, priority=(0, 1, 2, 3), travel=None, ready=None):
    damage = make_damage(world, tuple(hours), hours=hours)
    way = np.zeros((len(team.depot), world.assets)) if travel is None else np.asarray(travel, float)
    return schedule(world, damage, team, priority, way, ready)[0].tolist()


def test_one_crew_works_down_its_list_and_another_team_beside_it():
    world = four()
    hours = {"water:a": 4.0, "water:b": 2.0, "water:c": 1.0, "power:d": 5.0}
    assert plan(world, hours, crews(world)) == [4.0, 6.0, 7.0, 5.0]
    assert plan(world, hours, crews(world), priority=(3, 1, 2, 0)) == [7.0, 2.0, 3.0, 5.0]


def test_two_crews_share_the_list():
    world = four()
    assert plan(world, {"water:a": 4.0, "water:b": 2.0, "water:c": 1.0}, crews(world, water=2)) == [4.0, 2.0, 3.0, 0.0]


def test_travel_is_part_of_every_task_and_the_nearest_free_crew_goes():
    world = four()
    team = crews(world, water=2, depots=2)
    way = [[1.0, 5.0, 5.0, 0.0], [3.0, 0.5, 5.0, 0.0], [0.0] * 4]
    assert plan(world, {"water:a": 4.0, "water:b": 4.0}, team, travel=way)[:2] == [5.0, 4.5]
    swapped = [[3.0, 0.5, 5.0, 0.0], [1.0, 5.0, 5.0, 0.0], [0.0] * 4]
    assert plan(world, {"water:a": 4.0, "water:b": 4.0}, team, travel=swapped)[:2] == [5.0, 4.5]


def test_crews_start_when_mobilised_and_rest_between_shifts():
    world = four()
    team = crews(world, first=3.0, shift=8.0)
    done = plan(world, {"water:a": 5.0, "water:b": 3.0, "water:c": 1.0}, team)
    assert done[:3] == [8.0, 11.0, 28.0]  # the third begins on the second day, 27 h after the event
    assert plan(world, {"water:a": 20.0}, team)[0] == 3.0 + 2 * 24.0 + 4.0


def test_an_asset_out_of_reach_waits_while_the_next_is_done():
    world = four()
    hours = {"water:a": 2.0, "water:b": 3.0, "water:c": 1.0}
    assert plan(world, hours, crews(world), ready=[4.0, 0.0, 0.0, 0.0])[:3] == [6.0, 3.0, 4.0]
    assert plan(world, hours, crews(world), ready=[9.0, 0.0, np.inf, 0.0])[:3] == [11.0, 3.0, np.inf]
    nobody_gets_there = np.zeros((2, 4))
    nobody_gets_there[0, 1] = np.inf
    assert plan(world, hours, crews(world), travel=nobody_gets_there)[:3] == [2.0, np.inf, 3.0]


def test_a_crew_that_cannot_get_there_leaves_the_task_to_one_that_can():
    world = four()
    team = crews(world, water=2, depots=2)
    way = [[np.inf, 0.0, 0.0, 0.0], [0.0, 0.0, 0.0, 0.0], [0.0] * 4]
    assert plan(world, {"water:a": 2.0, "water:b": 1.0, "water:c": 1.0}, team, travel=way)[:3] == [2.0, 1.0, 2.0]


def test_nobody_mends_what_has_no_crew():
    world = four()
    assert plan(world, {"water:a": 1.0, "power:d": 1.0}, crews(world, power=0))[3] == np.inf


def test_seized_controls_obey_from_the_hour_they_are_regained_and_no_crew_comes():
    world = four()
    damage = make_damage(world, ("water:a", "water:b"), (), hours={"water:a": 5.0, "water:b": 0.0})
    command = np.zeros(damage.works.shape, np.int8)
    command[:, :3] = 1
    seized = replace(damage, command=command, regained=np.array([24.0, np.inf]))
    done = schedule(world, seized, crews(world), (0, 1, 2, 3), np.zeros((2, 4)))
    assert done.tolist() == [[24.0, np.inf, 24.0, 0.0], [np.inf, np.inf, np.inf, 0.0]]  # mended at 5 and obeys at 24, broken for good, obeys again
    assert schedule(world, replace(seized, regained=np.array([3.0, 3.0])), crews(world), (0, 1, 2, 3), np.zeros((2, 4)))[0, 0] == 5.0  # obeys at 3, mended at 5
    assert schedule(world, replace(seized, regained=None), crews(world), (0, 1, 2, 3), np.zeros((2, 4)))[0, 2] == np.inf
    assert seized.rows(np.array([1])).regained.tolist() == [np.inf]


def test_crews_come_from_the_population_and_sit_amid_their_assets():
    world = make_world(["water:a", "water:b", "telecom:c"], xy=[(0, 0), (100, 0), (7, 9)], people={"water:a": 400_000})
    team = crews_of(world, Rules())
    assert team.count() == {"water": 48, "telecom": 40}
    assert team.depot.tolist() == [[50.0, 0.0], [7.0, 9.0]]
    assert crews_of(four(), Rules()).count() == {"water": 3, "power": 3}
    with pytest.raises(Invalid, match="fewer than no crews"):
        crews_of(world, Rules(), count={"water": -1})
    travel = straight_travel(world, team, Rules(crew_speed=10.0, detour=2.0))
    assert travel[0, 0, 0] == pytest.approx(50.0 * 2.0 / 10.0 / 3600.0)


def test_priorities_by_rule():
    world = chain_world()
    hours = {"power:line": 3.0, "power:station": 5.0, "water:main": 8.0, "telecom:tower": 1.0}
    damage = make_damage(world, tuple(hours), hours=hours)
    names = world.asset_id.to_pylist()

    def first(rule, **options):
        rank = priorities(world, damage, rule, **options)
        hit = np.flatnonzero(damage.state[0])
        return [names[i] for i in hit[np.argsort(rank[0, hit], kind="stable")]]

    assert first("importance")[0] == "power:station"
    assert first("shortest") == ["telecom:tower", "power:line", "power:station", "water:main"]
    assert sorted(first("random", seed=1)) == sorted(first("random", seed=2))
    way = np.zeros((1, 1, world.assets))
    way[0, 0, names.index("power:line")] = 5.0
    assert first("nearest", travel=way)[-1] == "power:line"
    with pytest.raises(Invalid, match="no order of repair"):
        first("by mood")


def test_a_random_order_belongs_to_the_assets_and_the_seed():
    few, many = make_world(["water:b", "water:c"]), make_world(["power:z", "water:a", "water:b", "water:c"])
    drawn = [priorities(world, make_damage(world, ()), "random", seed=5)[0].tolist() for world in (few, many)]
    assert drawn[0] == drawn[1][2:] and len(set(drawn[1])) == 4
    assert priorities(many, make_damage(many, ()), "random", seed=5, task=np.array([3, 1]))[0].tolist() == [drawn[1][3], drawn[1][1]]
    assert priorities(few, make_damage(few, ()), "random", seed=6)[0].tolist() != drawn[0]


def test_arrays_of_the_wrong_shape_are_named():
    world = four()
    with pytest.raises(Invalid, match="priority"):
        plan(world, {"water:a": 1.0}, crews(world), priority=(1, 2))
    with pytest.raises(Invalid, match="travel"):
        plan(world, {"water:a": 1.0}, crews(world), travel=np.zeros((5, 4)))


def test_cases_have_their_own_order_and_do_not_disturb_each_other():
    world = four()
    hours = {"water:a": 4.0, "water:b": 2.0, "water:c": 1.0}
    damage = make_damage(world, ("water:a", "water:b"), ("water:b",), ("water:a", "water:c"), hours=hours)
    rank = np.array([[0, 1, 2, 3], [0, 1, 2, 3], [3, 2, 1, 0]], float)
    done = schedule(world, damage, crews(world), rank, np.zeros((2, 4)))
    assert done[:, :3].tolist() == [[4.0, 6.0, 0.0], [0.0, 2.0, 0.0], [5.0, 0.0, 1.0]]


@given(st.floats(0.0, 500.0), st.floats(0.0, 48.0), st.sampled_from([6.0, 8.0, 16.0, 24.0]))
@settings(max_examples=200, deadline=None, derandomize=True)
def test_hours_worked_and_hours_of_the_clock_agree(work, first, shift):
    hour = repair_kernel.to_clock(work, first, shift)
    assert hour >= first + work - 1e-6
    assert repair_kernel.to_work(hour, first, shift) == pytest.approx(work, abs=1e-6)


@settings(max_examples=60, deadline=None, derandomize=True)
@given(st.lists(st.floats(0.5, 9.0), min_size=1, max_size=9), st.integers(1, 3), st.randoms(use_true_random=False))
def test_no_crew_is_idle_or_in_two_places(hours, count, random):
    """As a list schedule with a heap in plain Python."""
    names = [f"water:{i}" for i in range(len(hours))]
    world = make_world(names)
    rank = random.sample(range(len(hours)), len(hours))
    team = Crews(("water",), np.zeros(len(hours), np.int16), np.zeros(count, np.int64), np.zeros(count, np.int64), np.zeros((1, 2)), np.zeros(1), np.full(1, 24.0))
    got = schedule(world, make_damage(world, tuple(names), hours=dict(zip(names, hours, strict=True))), team, rank, np.zeros((1, len(hours))))[0]
    free = [0.0] * count
    for task in np.argsort(rank):
        crew = free.index(min(free))
        free[crew] += np.float32(hours[task])
        assert got[task] == pytest.approx(free[crew], rel=1e-5)
