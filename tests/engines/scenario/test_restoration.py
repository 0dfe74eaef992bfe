"""Restoration order: optimum by brute force, Smith's rule, bound below every order, determinism, road access, several cases."""

from __future__ import annotations

from dataclasses import replace
from itertools import permutations
from math import hypot

import numpy as np
import pyarrow as pa
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from holdfast.engines.scenario.access import plan_repairs
from holdfast.engines.scenario.cascade import Cascade
from holdfast.engines.scenario.relaxation import lower_bound
from holdfast.engines.scenario.repair import crews_of
from holdfast.engines.scenario.restoration import best_order
from holdfast.engines.scenario.rules import Rules
from holdfast.engines.scenario.timeline import run
from holdfast.model.errors import Invalid
from toy_worlds import Moody, Reach, chain_world, make_damage, make_world

RULES = Rules(mobilisation_hours={"default": 1.0}, shift_hours={"default": 24.0}, service_weight={"electricity": 1.0, "water": 1.0}, critical_weight=50.0)


def star(hours, people, services=None, xy=None):
    """One provider for each group of people, at xy if given; nothing depends on anything else."""
    names = [f"power:{i}" for i in range(len(hours))]
    houses = [f"city:{i}" for i in range(len(hours))]
    service = services or ["electricity"] * len(hours)
    world = make_world(
        [*names, *houses], uses=list(zip(houses, service, strict=True)), links=list(zip(names, houses, service, strict=True)), people=dict(zip(houses, people, strict=True)),
        xy=None if xy is None else [*xy, *xy],
    )  # fmt: skip
    return world, make_damage(world, tuple(names), hours=dict(zip(names, hours, strict=True)))


def brute(world, damage, cascade, crews, horizon):
    """Least and mean of all orders, in weighted person-hours, from the published numbers of timelines."""
    task = np.flatnonzero(damage.repair_hours[0])
    orders = np.array(list(permutations(task)))
    rank = np.zeros((len(orders), world.assets))
    rank[np.arange(len(orders))[:, None], orders] = np.arange(len(task))
    tiled = damage.rows(np.zeros(len(orders), np.int64))
    timeline = run(world, tiled, hours=(0.0, horizon), crews=crews, order=rank, travel=no_way(crews, world), cascade=cascade, exact=True)
    weight = np.array([RULES.service_weight.get(s, 0.3) for s in world.services])
    values = timeline.person_hours @ weight + RULES.critical_weight * timeline.critical_hours.sum(axis=1)
    return float(values.min()), float(values.mean())


def no_way(crews, world):
    return np.zeros((len(crews.depot), world.assets))


def test_one_crew_and_separate_groups_follow_smiths_rule_and_the_bound_is_tight():
    world, damage = star([4.0, 1.0, 6.0, 2.0, 3.0], [100, 10, 300, 90, 20])
    crews = crews_of(world, RULES, count={"power": 1})
    found = best_order(world, damage, crews=crews, travel=no_way(crews, world), rules=RULES)
    assert found.order.tolist() == [2, 3, 0, 1, 4]  # people for each hour: 50, 45, 25, 10, 6.7
    assert found.objective == pytest.approx(300 * 7 + 90 * 9 + 100 * 13 + 10 * 14 + 20 * 17)
    assert found.proven and found.gap == pytest.approx(0.0, abs=1e-4)
    assert found.method == "all orders" and found.evaluations == 120
    assert found.compared["greedy"] == pytest.approx(found.objective) == found.compared["programme"]
    assert found.compared["random"] > found.objective
    table = found.table(world).to_pylist()
    assert table[0] == {"rank": 1, "id": "power:2", "team": "power", "done_hour": 7.0}


HOURS, PEOPLE = [4.0, 1.0, 6.0, 2.0, 3.0, 2.0], [100, 20, 300, 90, 60, 110]
PLACES = [(0.0, 0.0), (90e3, 0.0), (100e3, 10e3), (50e3, 60e3), (10e3, 5e3), (80e3, 40e3)]


def lost_in(order, depots):
    """Person-hours with one crew at each depot, in plain Python: who is free first takes the next task, the nearer of two that are free."""
    free, lost = [0.0] * len(depots), 0.0
    for task in order:
        way = [hypot(x - PLACES[task][0], y - PLACES[task][1]) * RULES.detour / RULES.crew_speed / 3600.0 for x, y in depots]
        now = min(free)
        crew = min((c for c in range(len(depots)) if free[c] == now), key=lambda c: way[c])
        free[crew] = now + way[crew] + HOURS[task]
        lost += PEOPLE[task] * (1.0 + free[crew])
    return lost


@pytest.mark.parametrize("enumerate_all", [True, False])
@pytest.mark.parametrize("depots", [[(0.0, 0.0), (100e3, 0.0)], [(-30e3, 0.0)]], ids=["two depots", "one far away"])
def test_from_given_depots_the_best_order_of_all_is_found_and_it_is_not_that_without_ways(depots, enumerate_all):
    world, damage = star(HOURS, PEOPLE, xy=PLACES)
    crews = crews_of(world, RULES, count={"power": len(depots)}, depots={"power": np.array(depots)})
    assert crews.depot[crews.crew_depot[crews.crew_team == crews.team.index("power")]].tolist() == [list(depot) for depot in depots]
    found = best_order(world, damage, crews=crews, rules=RULES, enumerate_all=enumerate_all)
    every = {order: lost_in(order, depots) for order in permutations(range(len(HOURS)))}
    least = min(every.values())
    assert found.objective == pytest.approx(least, rel=1e-6) == every[tuple(found.order.tolist())]
    assert 0.0 < found.bound <= least * (1.0 + 1e-6)
    without = best_order(world, damage, crews=crews, travel=no_way(crews, world), rules=RULES)
    assert without.order.tolist() != found.order.tolist() and every[tuple(without.order.tolist())] > least * 1.005


def test_ways_from_depots_of_other_teams_neither_loosen_the_bound_nor_count_as_near():
    """A power depot beside the mains brings no water crew any nearer."""
    names, houses = ["water:a", "water:b"], ["city:a", "city:b"]
    world = make_world([*names, "power:line", *houses], uses=[(house, "water") for house in houses], links=[("water:a", "city:a", "water"), ("water:b", "city:b", "water")],
                       people={"city:a": 10, "city:b": 20}, xy=[(0, 0), (60e3, 0), (0, 0), (0, 0), (60e3, 0)])  # fmt: skip
    damage = make_damage(world, tuple(names), hours=2.0)
    alone, beside = (
        best_order(world, damage, crews=crews_of(world, RULES, count={"water": 1, "power": power}, depots={"water": np.array([[90e3, 0.0]])}), rules=RULES) for power in (0, 1)
    )
    assert alone.bound == beside.bound and alone.objective == beside.objective == pytest.approx(20 * (1 + 2 + 1.4) + 10 * (1 + 4 + 1.4 + 4.2))
    crews = crews_of(world, RULES, count={"water": 1, "power": 1}, depots={"water": np.array([[90e3, 0.0]])})
    done = plan_repairs(Cascade(world, RULES), damage, crews, "nearest", np.array([0.0, 24.0]))
    assert done[0, 1] < done[0, 0]


def tangled():
    """Two lines in a row, a redundant pair, a pump that needs power, a critical hospital: six broken parts and three teams."""
    grid = Reach("power", "electricity", pa.array(["power:plant", "power:a", "power:b", "power:c", "power:d", "power:bus"]), pa.array(["power:bus", "power:b"]),
                 ((0, 1), (1, 2), (0, 3), (0, 4), (3, 5), (4, 5)), (0,))  # fmt: skip
    names = ["power:plant", "power:a", "power:b", "power:c", "power:d", "power:bus", "water:pump", "telecom:mast", "city:hospital", "city:north", "city:south"]
    world = make_world(
        names, needs=[("water:pump", "electricity", 0.0), ("telecom:mast", "electricity", 6.0), ("city:hospital", "electricity", 12.0), ("city:hospital", "water", 0.0)],
        uses=[("city:north", "electricity"), ("city:south", "electricity"), ("city:north", "water"), ("city:south", "telecom")],
        links=[("power:b", to, "electricity") for to in ("city:north", "telecom:mast")] + [("telecom:mast", "city:south", "telecom")]
        + [("power:bus", to, "electricity") for to in ("city:south", "water:pump", "city:hospital")] + [("water:pump", to, "water") for to in ("city:hospital", "city:north")],
        lifelines=(grid,), people={"city:north": 120, "city:south": 80}, critical=("city:hospital",),
    )  # fmt: skip
    hours = {"power:a": 3.0, "power:b": 5.0, "power:c": 6.0, "power:d": 4.0, "water:pump": 7.0, "telecom:mast": 2.0}
    return world, make_damage(world, tuple(hours), hours=hours)


@pytest.mark.parametrize("enumerate_all", [True, False])
@pytest.mark.parametrize("crews_of_power", [1, 2])
def test_the_best_order_of_a_tangled_city_is_that_of_brute_force(enumerate_all, crews_of_power):
    world, damage = tangled()
    cascade = Cascade(world, RULES)
    crews = crews_of(world, RULES, count={"power": crews_of_power})
    found = best_order(world, damage, crews=crews, travel=no_way(crews, world), cascade=cascade, enumerate_all=enumerate_all, evaluations=400)
    least, mean = brute(world, damage, cascade, crews, found.horizon)
    assert found.objective == pytest.approx(least)
    assert 0.0 < found.bound <= least + 1e-6
    assert found.gap == pytest.approx((found.objective - found.bound) / found.objective)
    assert all(found.objective <= value + 1e-9 for value in found.compared.values())
    assert found.compared["random"] == pytest.approx(mean, rel=0.35)


def test_the_search_is_the_same_each_time_and_stops_at_its_budget():
    rng = np.random.Generator(np.random.Philox(3))
    world, damage = star(rng.uniform(1, 9, 14).round(1).tolist(), rng.integers(1, 200, 14).tolist())
    crews = crews_of(world, RULES, count={"power": 2})
    first, second = (best_order(world, damage, crews=crews, travel=no_way(crews, world), rules=RULES, evaluations=300, seed=4) for _ in range(2))
    assert first.order.tolist() == second.order.tolist() and first.objective == second.objective and first.compared == second.compared
    assert first.method == "search" and first.evaluations <= 300 + 32
    assert first.bound <= first.objective and first.gap < 0.15
    assert first.objective < first.compared["random"]


def test_more_broken_than_is_searched_over_is_appended_by_importance():
    world, damage = star([2.0] * 9, [10, 90, 30, 80, 50, 70, 60, 40, 20])
    crews = crews_of(world, RULES, count={"power": 1})
    found = best_order(world, damage, crews=crews, travel=no_way(crews, world), rules=RULES, limit=4, evaluations=100)
    assert found.order.tolist() == [1, 3, 5, 6, 4, 7, 2, 8, 0]


def test_on_a_grid_of_hours_the_bound_still_holds():
    world, damage = tangled()
    crews = crews_of(world, RULES, count={"power": 1})
    exact = best_order(world, damage, crews=crews, travel=no_way(crews, world), rules=RULES)
    grid = best_order(world, damage, crews=crews, travel=no_way(crews, world), rules=RULES, exact=False)
    assert grid.bound <= exact.objective <= grid.objective


def test_the_mean_over_several_cases_weighs_them():
    world, damage = star([3.0, 3.0, 3.0], [10, 20, 30])
    both = make_damage(world, ("power:0", "power:1"), ("power:1", "power:2"), hours=3.0)
    crews = crews_of(world, RULES, count={"power": 1})
    often = best_order(world, both, crews=crews, travel=no_way(crews, world), rules=RULES, weight=[0.9, 0.1])
    place = {asset: i for i, asset in enumerate(often.order.tolist())}
    assert place[1] < place[0] and place[2] < place[1]
    parts = [20 * 4 + 10 * 7, 30 * 4 + 20 * 7]
    assert often.objective == pytest.approx(0.9 * parts[0] + 0.1 * parts[1])
    assert often.bound == pytest.approx(often.objective, rel=1e-5)
    assert often.done_hour.shape == (2, 3)
    assert damage.cases == 1


def test_what_cannot_be_mended_is_lost_in_the_bound_too():
    world, damage = star([3.0, 2.0], [10, 20])
    stuck = replace(damage, repair_hours=np.where(np.arange(4) == 1, 0.0, damage.repair_hours).astype(np.float32))
    crews = crews_of(world, RULES, count={"power": 1})
    found = best_order(world, stuck, crews=crews, travel=no_way(crews, world), rules=RULES)
    assert found.objective == pytest.approx(10 * 4 + 20 * found.horizon)
    assert found.bound == pytest.approx(found.objective, rel=1e-5)


def test_shifts_are_in_the_bound():
    world, damage = star([6.0, 6.0, 6.0], [10, 10, 10])
    rules = replace(RULES, shift_hours={"default": 8.0})
    crews = crews_of(world, rules, count={"power": 1})
    found = best_order(world, damage, crews=crews, travel=no_way(crews, world), rules=rules)
    assert found.objective == pytest.approx(10 * (7 + 29 + 51))
    assert 0.7 * found.objective < found.bound <= found.objective


def test_roads_come_before_what_waits_for_them():
    parts, ends = ["roads:depot", "roads:x", "roads:y", "roads:xe", "roads:ye"], ["roads:xe", "roads:ye"]
    roads = Reach("roads", "road_access", pa.array(parts), pa.array(ends), ((0, 1), (0, 2), (1, 3), (2, 4)), (0,))
    world = make_world(
        [*parts, "power:x", "power:y", "city:x", "city:y"],
        needs=[("power:x", "road_access", 999.0), ("power:y", "road_access", 999.0)], uses=[("city:x", "electricity"), ("city:y", "electricity")],
        links=[("roads:xe", "power:x", "road_access"), ("roads:ye", "power:y", "road_access"), ("power:x", "city:x", "electricity"), ("power:y", "city:y", "electricity")],
        lifelines=(roads,), people={"city:x": 10, "city:y": 500},
    )  # fmt: skip
    damage = make_damage(world, ("roads:x", "roads:y", "power:x", "power:y"), hours=8.0)
    crews = crews_of(world, RULES, count={"roads": 1, "power": 1})
    found = best_order(world, damage, crews=crews, travel=no_way(crews, world), rules=RULES)
    order = [world.asset_id[i].as_py() for i in found.order]
    assert order.index("roads:y") < order.index("roads:x") and order.index("power:y") < order.index("power:x")
    assert found.bound <= found.objective


def test_nothing_to_mend_and_networks_that_fail_are_said():
    world = chain_world()
    with pytest.raises(Invalid, match="nothing is to mend"):
        best_order(world, make_damage(world, ()), rules=RULES)
    power, water = world.lifelines
    bad = chain_world(lifelines=(Moody(power, "status"), water))
    with pytest.raises(Invalid, match="cannot be solved"):
        best_order(bad, make_damage(bad, ("power:plant",)), rules=RULES)


@settings(max_examples=25, deadline=None, derandomize=True)
@given(
    st.lists(st.tuples(st.integers(1, 12), st.integers(0, 200)), min_size=2, max_size=5), st.integers(1, 2), st.sampled_from([24.0, 8.0]),
    st.lists(st.tuples(st.integers(0, 4), st.integers(0, 4), st.sampled_from([0.0, 3.0, 20.0])), max_size=4),
)  # fmt: skip
def test_no_order_beats_the_bound(tasks, count, shift, needs):
    """Random towns in which providers also need each other, some with back-up."""
    names, houses = [f"power:{i}" for i in range(len(tasks))], [f"city:{i}" for i in range(len(tasks))]
    pairs = {(a % len(tasks), b % len(tasks)): hours for a, b, hours in needs if a % len(tasks) != b % len(tasks)}
    world = make_world(
        [*names, *houses], needs=[(names[b], "telecom", hours) for (_, b), hours in pairs.items()], uses=[(house, "electricity") for house in houses],
        links=[(n, h, "electricity") for n, h in zip(names, houses, strict=True)] + [(names[a], names[b], "telecom") for a, b in pairs],
        people=dict(zip(houses, (people for _, people in tasks), strict=True)),
    )  # fmt: skip
    rules = replace(RULES, shift_hours={"default": shift})
    crews = crews_of(world, rules, count={"power": count})
    damage = make_damage(world, tuple(names), hours={n: float(h) for n, (h, _) in zip(names, tasks, strict=True)})
    cascade = Cascade(world, rules)
    found = best_order(world, damage, crews=crews, travel=no_way(crews, world), cascade=cascade, randoms=2)
    least, _ = brute(world, damage, cascade, crews, found.horizon)
    assert found.objective == pytest.approx(least)
    assert found.bound <= least * (1 + 1e-6) + 1e-6
    alone = lower_bound(cascade, damage, np.arange(len(tasks)), crews, no_way(crews, world), found.horizon)
    assert alone.value == pytest.approx(found.bound)
