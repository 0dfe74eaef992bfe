"""Tanks run dry at the hour that volume over flow gives, fill again, and never make a settling go round in circles."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pyarrow as pa
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from holdfast.engines.scenario.cascade import Cascade
from holdfast.engines.scenario.rules import Rules
from holdfast.engines.scenario.stocks import Stocks, exhaust
from holdfast.engines.scenario.timeline import run
from holdfast.model.lifeline import Lifeline, Served, Stocked
from toy_worlds import Reach, make_damage, make_world

AT_ONCE = Rules(mobilisation_hours={"default": 0.0}, shift_hours={"default": 24.0})
NAMES = ["w:pump", "w:tank", "w:main", "t:tower", "c:house"]


@dataclass
class Pumped:
    """Pumps each fill a tank of their own, which serves an outlet of its own; without its pump a tank gives `use` an hour until it is empty.

    An empty tank hands on nothing. With `shared` an outlet whose tank is empty draws on the next tank.
    """

    component_id: pa.Array
    outlet_id: pa.Array
    stock_id: pa.Array
    stock: np.ndarray
    stock_full: np.ndarray
    use: float = 5.0
    fill: float = 1.0
    shared: bool = False
    name: str = "water"
    service: str = "water"
    engine: str = "toy tanks"
    monotone: bool = True

    @property
    def outlet_demand(self):
        return np.full(len(self.outlet_id), self.use)

    def serve(self, state):
        tanks = len(self.stock_id)
        pump, tank = state.available[:, :tanks], state.available[:, tanks : 2 * tanks]
        spent = np.zeros(tank.shape, bool) if state.spent is None else state.spent
        gives = tank & (pump | ~spent)
        draw = np.where(tank, np.where(pump, -self.fill, self.use), 0.0)
        level = gives.astype(np.float32)
        if self.shared:
            for at in range(1, tanks):
                asked = ~gives[:, at - 1] & gives[:, at] & tank[:, at]
                draw[:, at] += np.where(asked, self.use, 0.0)
                level[:, at - 1] = np.maximum(level[:, at - 1], asked & ~spent[:, at])
        return Served(level, np.zeros(state.cases, np.int8), self.engine, draw=draw.astype(np.float32))


def one_tank(stock=30.0, full=40.0, *, tower=20.0, **changes):
    line = Pumped(pa.array(["w:pump", "w:tank"]), pa.array(["w:main"]), pa.array(["w:tank"]), np.array([stock]), np.array([full]), **changes)
    return make_world(
        NAMES, needs=[("w:pump", "telecom", tower)], uses=[("c:house", "water")], people={"c:house": 100}, lifelines=(line,),
        links=[("w:main", "c:house", "water"), ("t:tower", "w:pump", "telecom")],
    )  # fmt: skip


def test_only_lifelines_with_stocks_are_stocked():
    line = one_tank().lifelines[0]
    assert isinstance(line, Stocked) and isinstance(line, Lifeline)
    assert not isinstance(Reach("a", "water", pa.array(["x:a"]), pa.array(["x:a"]), (), (0,)), Stocked)


@pytest.mark.clause("1b", "1k")
def test_the_tank_lasts_for_its_volume_over_the_flow_and_people_are_lost_from_then():
    world = one_tank()
    timeline = run(world, make_damage(world, ("w:pump",), ("w:tank",), (), hours=10.0), rules=AT_ONCE, hours=(0, 4, 8, 12, 24))
    assert timeline.dry_hour[:, 0] == pytest.approx([6.0, np.inf, np.inf], abs=1e-3)
    assert timeline.people[0, :, 1].tolist() == [0, 0, 100, 0, 0]
    assert timeline.person_hours[:, 1] == pytest.approx([100 * 4.0, 100 * 10.0, 0.0], rel=1e-3)  # mended at 10, between 8 and 12
    assert timeline.down[0].tolist() == [1, 1, 1, 0, 0]  # the pump; a dry tank is whole
    assert timeline.failed.tolist() == [[1, 0, 0], [1, 0, 0], [0, 0, 0]]
    for_ever = run(world, make_damage(world, ("w:pump",), hours=10.0), rules=AT_ONCE, hours=(0, 4, 8, 12, 24), stocks=False)
    assert for_ever.person_hours[0, 1] == 0.0 and for_ever.dry_hour.shape == (1, 0)


def test_it_fills_again_and_what_it_has_by_then_bridges_the_next_outage():
    """Dry from 6 to 10; filled at 1 an hour until the pump's own back-up is over at 20; 10 left last for two hours; the tower is mended at 40."""
    world = one_tank()
    damage = make_damage(world, ("w:pump", "t:tower"), hours={"w:pump": 10.0, "t:tower": 40.0})
    timeline = run(world, damage, rules=AT_ONCE, hours=np.arange(0.0, 49.0, 2.0), exact=True)
    assert timeline.person_hours[0, 1] == pytest.approx(100 * (4.0 + 18.0), rel=1e-3)
    assert timeline.dry_hour[0, 0] == pytest.approx(6.0, abs=1e-3)
    fast = one_tank(fill=10.0)  # no more than full
    assert run(fast, damage, rules=AT_ONCE, hours=np.arange(0.0, 49.0, 2.0), exact=True).person_hours[0, 1] == pytest.approx(100 * (4.0 + 12.0), rel=1e-3)


def test_a_city_that_lacks_nothing_yet_is_followed_until_its_tank_is_dry():
    world = one_tank(stock=500.0, full=500.0)
    timeline = run(world, make_damage(world, ("w:pump",), hours=0.0), rules=AT_ONCE)
    assert timeline.dry_hour[0, 0] == pytest.approx(100.0, abs=1e-2) and timeline.person_hours[0, 1] == pytest.approx(100 * 620.0, rel=1e-3)
    assert timeline.people[0, :, 1].tolist() == [0.0] * 9 + [100.0] * 6


def test_two_tanks_that_empty_each_other_take_one_settling_more_each():
    names = ["w:p0", "w:p1", "w:k0", "w:k1", "w:m0", "w:m1", "c:a", "c:b"]
    line = Pumped(pa.array(names[:4]), pa.array(names[4:6]), pa.array(names[2:4]), np.array([10.0, 10.0]), np.array([10.0, 10.0]), shared=True)
    world = make_world(names, uses=[("c:a", "water"), ("c:b", "water")], people={"c:a": 10, "c:b": 20}, lifelines=(line,),
                       links=[("w:m0", "c:a", "water"), ("w:m1", "c:b", "water")])  # fmt: skip
    damage = make_damage(world, ("w:p0", "w:p1"), ("w:p0",), hours=0.0)
    timeline = run(world, damage, rules=AT_ONCE, hours=(0, 1, 3, 24))
    assert timeline.dry_hour == pytest.approx(np.array([[2.0, 2.0], [2.0, 4.5]]), abs=5e-3)  # the other pump fills 1 an hour, 5 leave
    assert timeline.people[:, :, 1].tolist() == [[0, 0, 30, 30], [0, 0, 0, 10]]
    cascade = Cascade(world)
    block = cascade.block(damage)
    exhaust(cascade, block, np.arange(2), np.zeros(2))
    assert block.spent.tolist() == [[True, True], [True, True]]


@settings(max_examples=40, deadline=None)
@given(
    stock=st.lists(st.floats(0.0, 50.0), min_size=3, max_size=3), done=st.lists(st.floats(0.5, 60.0), min_size=3, max_size=3), fill=st.floats(-2.0, 8.0), shared=st.booleans(),
)  # fmt: skip
def test_less_in_stock_never_gives_more_and_every_moment_ends(stock, done, fill, shared):
    names = [f"w:{kind}{i}" for kind in "pkm" for i in range(3)] + [f"c:{i}" for i in range(3)]

    def follow(amounts, stocks=True):
        line = Pumped(pa.array(names[:6]), pa.array(names[6:9]), pa.array(names[3:6]), np.array(amounts), np.full(3, 60.0), fill=fill, shared=shared)
        world = make_world(names, uses=[(f"c:{i}", "water") for i in range(3)], people={f"c:{i}": 10 for i in range(3)}, lifelines=(line,),
                           links=[(f"w:m{i}", f"c:{i}", "water") for i in range(3)])  # fmt: skip
        damage = make_damage(world, tuple(names[:3]), hours=dict(zip(names[:3], done, strict=True)))
        cascade, calls = Cascade(world, AT_ONCE), [0]
        settle = cascade.settle
        cascade.settle = lambda *a, **k: (calls.__setitem__(0, calls[0] + 1), settle(*a, **k))[1]
        timeline = run(world, damage, cascade=cascade, hours=np.arange(0.0, 80.0, 8.0), exact=True)
        most = run(world, damage, cascade=Cascade(world, AT_ONCE), hours=np.arange(0.0, 80.0, 8.0), exact=True, stocks=False)
        return timeline, most, calls[0]

    timeline, most, calls = follow(stock)
    assert (timeline.people >= most.people).all() and (timeline.status == 0).all()
    assert calls <= 10 * 4 + 3 * 10 * 4  # hours, and stops at stocks that run out, times stocks and one
    if not shared:
        richer, _, _ = follow([amount + 5.0 for amount in stock])
        assert (richer.person_hours <= timeline.person_hours + 1e-3).all()


def test_amounts_stay_between_empty_and_full():
    world = one_tank()
    cascade = Cascade(world)
    block = cascade.block(make_damage(world, ("w:pump",), ()))
    stocks, rows = Stocks(cascade, block), np.arange(2)
    cascade.settle(block, rows, np.zeros(2))
    assert stocks.lasts(rows).tolist() == [6.0, np.inf]
    stocks.flow(rows, np.array([20.0, 20.0]))
    assert stocks.left[:, 0].tolist() == [0.0, 40.0]
    assert stocks.run_dry(rows, np.zeros(2)).tolist() == [0] and block.spent[:, 0].tolist() == [True, False]
    assert stocks.run_dry(rows, np.zeros(2)).tolist() == []
