"""What leaks is shut off within hours: by whom, in which order, and what that means for those around it."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pyarrow as pa
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from holdfast.engines.scenario.cascade import Cascade, settle
from holdfast.engines.scenario.repair import crews_of
from holdfast.engines.scenario.rules import Rules
from holdfast.engines.scenario.spills import shut_off
from holdfast.engines.scenario.timeline import run
from holdfast.model.errors import Invalid
from toy_worlds import Reach, chain_world, make_damage, make_world

AT_ONCE = {"mobilisation_hours": {"default": 0.0}, "shift_hours": {"default": 24.0}}
WATER = 1


def mains(**more):
    """A source with two branches: water:near serves 100 people, water:far another 100. A leak anywhere takes a third of everybody's water."""
    names = ["water:source", "water:near", "water:far", "city:near", "city:far"]
    line = Reach("water", "water", pa.array(names[:3]), pa.array(names[1:3]), ((0, 1), (0, 2)), (0,))
    return make_world(names, uses=[("city:near", "water"), ("city:far", "water")], links=[("water:near", "city:near", "water"), ("water:far", "city:far", "water")],
                      lifelines=(line,), people={"city:near": 100, "city:far": 100}, **more)  # fmt: skip


def spilling(world, *broken, works=False, hours=10.0, leak=0.1):
    damage = make_damage(world, *broken, hours=hours, leak=leak)
    return replace(damage, works=np.ones_like(damage.works)) if works else damage


@pytest.mark.parametrize("exact", [True, False])
def test_a_break_spills_until_it_is_shut_off_and_is_closed_until_it_is_mended(exact):
    """With 80 % wanted, a spill is felt by everybody for two hours; then only those behind the break wait for the repair."""
    world = mains()
    rules = Rules(**AT_ONCE, served_from=0.8)
    timeline = run(world, spilling(world, ("water:far",)), rules=rules, hours=(0, 1, 2, 4, 8, 12), exact=exact, late=True)
    assert timeline.people[0, :, WATER].tolist() == [200, 200, 100, 100, 100, 0]
    assert timeline.share[0, :, WATER] == pytest.approx([0.35, 0.35, 0.5, 0.5, 0.5, 1.0])
    assert timeline.down[0].tolist() == [1, 1, 1, 1, 1, 0]
    assert timeline.person_hours[0, WATER] == (2 * 200 + 8 * 100 if exact else 2 * 200 + 10 * 100)


def test_without_isolation_it_spills_until_the_repair_and_that_is_worse():
    world = mains()
    lost = []
    for hours in ({}, {"water": 6.0}, {"water": 2.0}, {"water": 0.0}):
        rules = Rules(**AT_ONCE, served_from=0.8, isolation_hours=hours)
        lost.append(run(world, spilling(world, ("water:far",)), rules=rules, exact=True).person_hours[0, WATER])
    assert lost == [2000.0, 1600.0, 1200.0, 1000.0]


def test_what_leaks_but_carries_runs_on_unless_the_service_shuts_off_leaks_too():
    world, grid = mains(), (0, 1, 2, 4, 8, 12)
    leaking = spilling(world, ("water:far",), works=True)
    kept = run(world, leaking, rules=Rules(**AT_ONCE), hours=grid)
    assert kept.share[0, :, WATER] == pytest.approx([0.7] * 5 + [1.0]) and kept.people.max() == 0 and kept.down.max() == 0
    closed = run(world, leaking, rules=Rules(**AT_ONCE, isolate_leaking=["water"]), hours=grid)
    assert closed.share[0, :, WATER] == pytest.approx([0.7, 0.7, 0.5, 0.5, 0.5, 1.0])
    assert closed.people[0, :, WATER].tolist() == [0, 0, 100, 100, 100, 0]  # nobody was without before: the case must still be followed
    assert closed.down[0].tolist() == [0, 0, 1, 1, 1, 0]


def test_pairs_of_valve_hands_go_to_the_largest_leak_first_and_travel():
    world = mains(xy=[(0, 0)] * 2 + [(30_000.0 / 1.4, 0)] + [(0, 0)] * 2)  # an hour at 30 km/h
    cascade = Cascade(world, Rules(**AT_ONCE))
    damage = spilling(world, ("water:near", "water:far"), ("water:near", "water:far"), ("water:source",), ())
    damage.opening[1, 2] = 0.2
    one = shut_off(cascade, damage, crews_of(world, cascade.rules, count={"water": 1}, depots={"water": np.zeros((1, 2))})).isolated
    assert one[0, 1:3].tolist() == pytest.approx([2, 5]) and one[1, 1:3].tolist() == pytest.approx([5, 3])
    assert one[2, 0] == 2 and np.isinf(one[3]).all() and np.isinf(one[:, 3:]).all()
    two = shut_off(cascade, damage, crews_of(world, cascade.rules, count={"water": 2}, depots={"water": np.zeros((1, 2))})).isolated
    assert two[0, 1:3].tolist() == pytest.approx([2, 3])


def test_nobody_shuts_off_without_hands_except_from_afar():
    world = mains()
    damage = spilling(world, ("water:far",))
    for hours, expected in ((2.0, np.inf), (0.0, 0.0)):
        cascade = Cascade(world, Rules(**AT_ONCE, isolation_hours={"water": hours}))
        assert shut_off(cascade, damage, crews_of(world, cascade.rules, count={"water": 0})).isolated[0, 2] == expected
    with pytest.raises(Invalid, match="before it is there"):
        Rules(isolation_hours={"water": -1.0})


def test_a_repair_that_comes_first_is_the_end_of_it():
    world = mains()
    timeline = run(world, spilling(world, ("water:far",), hours=1.0), rules=Rules(**AT_ONCE), exact=True, hours=(0, 4))
    assert timeline.person_hours[0, WATER] == 100.0 and timeline.down[0, -1] == 0


def test_settling_once_looks_at_the_hour():
    world = mains()
    damage = replace(spilling(world, ("water:far",), ("water:far",)), isolated=np.full((2, world.assets), 3.0, np.float32))
    done, nothing = np.zeros((2, world.assets), bool), np.zeros((2, world.assets, 4), np.float32)
    settled = settle(world, damage, done, nothing, np.array([1.0, 3.0]))
    assert settled.level[:, 3:, WATER] == pytest.approx(np.array([[0.7, 0.0], [1.0, 0.0]]))
    done[:, 2] = True
    assert settle(world, damage, done, nothing, np.array([1.0, 3.0])).level[:, 3:, WATER].min() == 1.0


@settings(max_examples=40, deadline=None, derandomize=True)
@given(st.sets(st.integers(0, 5)), st.sets(st.integers(0, 5)), st.floats(0.0, 30.0), st.sets(st.sampled_from(["water", "electricity"])), st.booleans())
def test_loss_only_cases_end_and_more_damage_never_costs_less(first, more, hours, leaking, exact):
    """At any hour states only get worse while a case settles, whatever has been shut off by then."""
    world = chain_world()
    names = world.asset_id.to_pylist()
    damage = spilling(world, {names[i] for i in first}, {names[i] for i in first | more}, hours=12.0)
    rules = Rules(**AT_ONCE, isolation_hours={"water": hours, "electricity": 1.0}, isolate_leaking=sorted(leaking))
    cascade = Cascade(world, rules)
    crews = crews_of(world, rules, count={"power": 9, "water": 9, "telecom": 9})
    timeline = run(world, damage, crews=crews, cascade=cascade, exact=exact)
    assert cascade.loss_only and (timeline.status == 0).all() and (timeline.people[:, -1] == 0).all()
    assert (timeline.person_hours[0] <= timeline.person_hours[1] + 1e-3).all()
    damage = shut_off(cascade, damage, crews)
    block = cascade.block(damage)
    block.shut_off(np.full(2, np.inf))
    cascade.settle(block, np.arange(2), np.zeros(2))
    assert block.rounds.max() <= world.assets and (block.status == 0).all()
    assert not block.leak.size or not block.leak[np.isfinite(damage.isolated)].any()
