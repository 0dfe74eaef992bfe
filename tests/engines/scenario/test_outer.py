"""The city that no real one beats: limits instead of lifelines, and bounds that hold whatever the networks do."""

from __future__ import annotations

from dataclasses import dataclass, replace
from itertools import permutations

import numpy as np
import pyarrow as pa
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from holdfast.engines.scenario.cascade import Cascade
from holdfast.engines.scenario.lost_together import weights_of
from holdfast.engines.scenario.outer import Ceiling, outer
from holdfast.engines.scenario.relaxation import lower_bound
from holdfast.engines.scenario.repair import crews_of
from holdfast.engines.scenario.restoration import best_order
from holdfast.engines.scenario.rules import Rules
from holdfast.engines.scenario.timeline import run
from holdfast.model.lifeline import Served
from toy_worlds import Reach, chain_world, make_damage, make_world

RULES = Rules(mobilisation_hours={"default": 1.0}, shift_hours={"default": 24.0}, service_weight={"electricity": 1.0, "water": 1.0}, critical_weight=50.0)


@dataclass
class Shared(Reach):
    """What the source has is shared by all who are connected, so that whoever is cut off helps the others: service reaches `most` outlets at once."""

    monotone: bool = False
    most: int = 2

    def serve(self, state):
        reached = self.ceiling(state)
        count = reached.sum(axis=1, keepdims=True)
        return Served((reached * np.minimum(1.0, self.most / np.maximum(count, 1.0))).astype(np.float32), np.zeros(state.cases, np.int8), self.engine)

    def ceiling(self, state):
        return Reach.serve(self, replace(state, opening=None)).level


class Silent(Shared):
    """The same, without saying how good it can be at best."""

    ceiling = None

    def serve(self, state):
        return Shared.serve(_Speaking(**{name: getattr(self, name) for name in Shared.__dataclass_fields__}), state)


class _Speaking(Shared):
    ceiling = Shared.ceiling


def town(edges, most, hours, people, kind=Shared, backup=0.0):
    """A source and as many components as there are hours, each with people behind it; a pump at the last one gives water to the first people."""
    count = len(hours)
    parts = ["power:source", *(f"power:{i}" for i in range(count))]
    houses = [f"city:{i}" for i in range(count)]
    line = kind("grid", "electricity", pa.array(parts), pa.array(parts[1:]), tuple(edges), (0,), most=most)
    world = make_world(
        [*parts, "water:pump", *houses], needs=[("water:pump", "electricity", backup)], uses=[(h, "electricity") for h in houses] + [("city:0", "water")],
        links=[*((p, h, "electricity") for p, h in zip(parts[1:], houses, strict=True)), (parts[-1], "water:pump", "electricity"), ("water:pump", "city:0", "water")],
        lifelines=(line,), people=dict(zip(houses, people, strict=True)),
    )  # fmt: skip
    return world, make_damage(world, tuple(parts[1:]), hours=dict(zip(parts[1:], map(float, hours), strict=True)))


def least_of_all_orders(world, damage, cascade, crews, horizon):
    task = np.flatnonzero(damage.repair_hours[0])
    orders = np.array(list(permutations(task)))
    rank = np.zeros((len(orders), world.assets))
    rank[np.arange(len(orders))[:, None], orders] = np.arange(len(task))
    found = run(world, damage.rows(np.zeros(len(orders), np.int64)), hours=(0.0, horizon), crews=crews, order=rank, travel=no_way(crews, world), cascade=cascade, exact=True)
    feed, critical = weights_of(cascade, cascade.rules)
    return float(np.nanmin(found.lost_hours @ feed + critical * found.critical_hours.sum(axis=1)))


def no_way(crews, world):
    return np.zeros((len(crews.depot), world.assets))


def test_monotone_cities_are_their_own_limit_and_others_get_ceilings():
    cascade = Cascade(chain_world(), RULES)
    assert outer(cascade) is cascade
    world, _ = town(((0, 1), (1, 2)), 1, (1, 1), (1, 1))
    limit = outer(Cascade(world, RULES))
    assert isinstance(limit.world.lifelines[0], Ceiling) and limit.loss_only
    assert (limit.base_given == 1.0).all()


def test_who_is_not_served_anyway_is_left_alone_in_the_limit_too():
    world, _ = town(((0, 1), (0, 2), (0, 3), (0, 4), (0, 5)), 2, (1,) * 5, (1,) * 5)  # 0.4 each
    cascade = Cascade(world, RULES)
    assert cascade.unserved.any()
    assert (outer(cascade).graph.threshold == cascade.graph.threshold).all()


EDGES = st.lists(st.tuples(st.integers(0, 5), st.integers(1, 5)).filter(lambda e: e[0] != e[1]), min_size=3, max_size=9)


@pytest.mark.parametrize("kind", [Shared, Silent])
@settings(max_examples=25, deadline=None, derandomize=True)
@given(EDGES, st.integers(2, 5), st.lists(st.tuples(st.integers(1, 9), st.integers(0, 90)), min_size=5, max_size=5), st.integers(1, 2), st.sampled_from([0.0, 4.0]))
def test_no_order_beats_the_bound_where_less_gives_more(kind, edges, most, tasks, count, backup):
    world, damage = town(edges, most, [h for h, _ in tasks], [p for _, p in tasks], kind, backup)
    cascade = Cascade(world, RULES)
    crews = crews_of(world, RULES, count={"power": count})
    horizon = 1.0 + sum(h for h, _ in tasks) + 9.0
    bound = lower_bound(outer(cascade), damage, np.flatnonzero(damage.repair_hours[0]), crews, no_way(crews, world), horizon)
    assert bound.value <= least_of_all_orders(world, damage, cascade, crews, horizon) * (1 + 1e-6) + 1e-3


def test_the_answer_says_what_is_proven_and_what_is_likely():
    """Three in a row behind a source for two: in truth the last to come on halves them all."""
    world, damage = town(((0, 1), (1, 2), (2, 3)), 2, (3, 3, 3), (10, 20, 30))
    crews = crews_of(world, RULES, count={"power": 1})
    found = best_order(world, damage, crews=crews, travel=no_way(crews, world), rules=RULES)
    assert found.proven and 0.0 < found.bound <= found.estimate <= found.objective * (1 + 1e-6)
    foreign = replace(damage, command=np.where(damage.works, 0, 2).astype(np.int8))
    assert not best_order(world, foreign, crews=crews, travel=no_way(crews, world), rules=RULES).proven
