"""Sets of tasks that cut consumers off together: found small, and with the hour from which they do."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pyarrow as pa
import pytest

from holdfast.engines.scenario.cascade import Cascade
from holdfast.engines.scenario.lost_together import Losses, Sets
from holdfast.engines.scenario.rules import Rules
from holdfast.engines.scenario.world import harmful
from holdfast.model.lifeline import Command
from toy_worlds import Reach, chain_world, make_damage, make_world

RULES = Rules()


def ladder(rungs):
    """A source and people, joined by as many parallel ways of two parts each."""
    parts = ["power:source", *(f"power:{i}{end}" for i in range(rungs) for end in "ab"), "power:end"]
    last = len(parts) - 1
    edges = [pair for i in range(rungs) for pair in ((0, 1 + 2 * i), (1 + 2 * i, 2 + 2 * i), (2 + 2 * i, last))]
    grid = Reach("grid", "electricity", pa.array(parts), pa.array(["power:end"]), tuple(edges), (0,))
    world = make_world([*parts, "city:x"], uses=[("city:x", "electricity")], links=[("power:end", "city:x", "electricity")], lifelines=(grid,), people={"city:x": 7})
    damage = make_damage(world, tuple(parts[1:-1]))
    return Losses(Cascade(world, RULES), damage, np.flatnonzero(damage.repair_hours[0]), 100.0)


@pytest.mark.parametrize("rungs", [1, 3, 6])
def test_shrinking_leaves_one_part_of_each_way(rungs):
    losses = ladder(rungs)
    count = 2 * rungs
    rng = np.random.Generator(np.random.Philox(1))
    found = losses.shrink(np.ones((4, count), bool), np.zeros(4, int), rng.random((4, count)))
    assert 1 <= len(found) <= 4
    for row in found:
        assert row.reshape(rungs, 2).sum(axis=1).tolist() == [1] * rungs
    assert losses.lost(found).all() and not losses.lost(np.eye(count, dtype=bool) & (rungs > 1)).any()


def test_sets_that_stay_large_are_left_out():
    losses = ladder(17)
    assert losses.shrink(np.ones((1, 34), bool), np.zeros(1, int), np.zeros((1, 34))).shape == (0, 34)


def test_back_up_puts_the_hour_off_and_what_is_lost_anyway_is_certain():
    world = chain_world()
    damage = make_damage(world, ("power:line", "telecom:tower"))
    losses = Losses(Cascade(world, RULES), damage, np.array([1]), 50.0)  # nobody mends the tower
    assert losses.certain == pytest.approx(50.0 * 200 * 0.5)
    start = losses.sets(np.array([[True]])).start[0]
    assert sorted(set(start[np.isfinite(start)].tolist())) == [0.0]
    whole = Losses(Cascade(world, RULES), make_damage(world, ("power:line",)), np.array([1]), 50.0)
    assert 8.0 in np.round(whole.sets(np.array([[True]])).start[0], 3).tolist() and whole.certain == 0.0


def test_a_break_that_is_shut_off_counts_from_then_on_unless_it_cut_off_before():
    world = chain_world()
    damage = make_damage(world, ("water:main",), leak=0.01)
    running = replace(damage, works=np.ones_like(damage.works), isolated=np.where(damage.opening > 0, 6.0, np.inf).astype(np.float32))
    losses = Losses(Cascade(world, RULES), running, np.array([4]), 50.0)
    start = losses.sets(np.array([[True]])).start[0]
    assert set(np.round(start[np.isfinite(start)], 3).tolist()) == {6.0}  # a leak takes 0.3 of it, the shut valves take all
    broken = Losses(Cascade(world, RULES), replace(running, works=damage.works), np.array([4]), 50.0)
    start = broken.sets(np.array([[True]])).start[0]
    assert set(start[np.isfinite(start)].tolist()) == {0.0}


class Obeying(Reach):
    """Reach in which a component that is commanded shut lets nothing through."""

    def serve(self, state):
        return super().serve(state if state.command is None else replace(state, available=state.available & (state.command != Command.CLOSED)))


def test_control_that_is_regained_counts_as_never_lost_and_one_that_never_is_as_lost_in_any_order():
    water = Obeying("water", "water", pa.array(["water:pump", "water:main"]), pa.array(["water:main"]), ((0, 1),), (0,))
    world = chain_world(lifelines=(chain_world().lifelines[0], water))
    damage = make_damage(world, ("power:line",))
    command = np.zeros(damage.works.shape, np.int8)
    command[0, world.asset_id.to_pylist().index("water:main")] = Command.CLOSED
    never, later = (Losses(Cascade(world, RULES), replace(damage, command=command, regained=np.array([hours])), np.array([1]), 50.0) for hours in (np.inf, 24.0))
    water_alone = 50.0 * (200 * RULES.service_weight["water"] + RULES.critical_weight)
    assert never.certain == pytest.approx(water_alone) and later.certain == 0.0


def test_harm_and_joining():
    world = chain_world()
    damage = make_damage(world, ("power:line",))
    slight = replace(damage, works=np.ones_like(damage.works))
    assert harmful(damage).sum() == 1 and not harmful(slight).any()
    assert harmful(replace(slight, command=np.eye(1, world.assets, dtype=np.int8))).sum() == 1
    one, two = (Sets(np.array([row]), np.zeros((1, 1), np.float32)) for row in ([True, False], [False, True]))
    assert len(one.and_more(two)) == 2 and len(one.and_more(one)) == 1
