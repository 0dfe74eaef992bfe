"""The cascade: hand-made worlds with known answers, loops, missing providers, bad cases, and proofs that it ends."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pyarrow as pa
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from holdfast.engines.scenario.cascade import Cascade, settle
from holdfast.engines.scenario.rules import Rules
from holdfast.model.errors import Invalid
from holdfast.model.lifeline import CaseStatus
from toy_worlds import SERVICES, Moody, Reach, Shedding, chain_world, make_damage, make_world


def settled(world, damage, *, without=0.0, repaired=None, base=None, **options):
    shape = damage.works.shape
    hours = np.broadcast_to(np.asarray(without, np.float32), (*shape, len(world.services)))
    return settle(world, damage, np.zeros(shape, bool) if repaired is None else repaired, hours, np.zeros(shape[0]), base=base, **options)


def working(world, result, case=0):
    return {name for name, works in zip(world.asset_id.to_pylist(), result.works[case], strict=True) if works}


def test_nothing_happens_to_a_city_that_is_not_hit():
    world = chain_world()
    result = settled(world, make_damage(world, (), ()))
    assert result.works.all() and (result.rounds == 0).all() and (result.status == CaseStatus.SOLVED).all()
    assert np.nanmin(result.level) == 1.0


def test_a_broken_line_takes_power_then_water_and_back_up_holds_the_rest():
    world = chain_world()
    result = settled(world, make_damage(world, ("power:line",)))
    assert set(world.asset_id.to_pylist()) - working(world, result) == {"power:line", "water:pump", "city:hospital"}  # the hospital for want of water
    assert result.level[0, 7].tolist()[:3] == [0.0, 0.0, 1.0]
    assert np.isnan(result.level[0, 0]).all()
    assert result.rounds[0] == 1  # power is asked before water, which needs it


def test_back_up_ends_when_its_hours_are_used_up():
    world = chain_world()
    damage = make_damage(world, ("power:line",))
    early, late = settled(world, damage, without=7.9), settled(world, damage, without=8.0)
    assert "telecom:tower" in working(world, early) and "telecom:tower" not in working(world, late)
    assert late.level[0, 7, 2] == 0.0


def test_what_is_repaired_works_again_and_opens_no_leak():
    world = chain_world()
    damage = make_damage(world, ("power:line", "water:main"), leak=0.01)
    repaired = np.zeros_like(damage.works)
    repaired[:, [1, 4]] = True
    assert settled(world, damage, repaired=repaired).works.all()
    assert np.nanmin(settled(world, damage, repaired=repaired).level) == 1.0


def test_a_leak_lowers_the_level_without_stopping_the_asset():
    world = chain_world()
    damage = replace(make_damage(world, ("water:main",), leak=0.01), works=np.ones((1, world.assets), bool))
    result = settled(world, damage)
    assert result.level[0, 7, 1] == pytest.approx(0.7)
    assert result.works.all()  # 0.7 is enough to count as served
    assert not settled(world, damage, base=Cascade(world, Rules(served_from=0.8))).works.all()


def loop_world(backup=0.0):
    """power:station needs telecom, telecom:exchange needs power:station."""
    return make_world(
        ["power:station", "telecom:exchange", "city:house"], needs=[("power:station", "telecom", backup), ("telecom:exchange", "electricity", backup)],
        links=[("power:station", "telecom:exchange", "electricity"), ("telecom:exchange", "power:station", "telecom"), ("power:station", "city:house", "electricity")],
        uses=[("city:house", "electricity")], people={"city:house": 5},
    )  # fmt: skip


def test_a_loop_of_needs_holds_itself_up_until_one_member_is_hit():
    world = loop_world()
    damage = make_damage(world, (), ("power:station",), ("telecom:exchange",))
    result = settled(world, damage)
    assert result.works[0].all()
    assert result.works[1:, :2].sum() == 0
    mended = damage.works | np.array([[False] * 3, [True] * 3, [True] * 3])
    assert settled(world, damage, repaired=mended, without=100.0).works.all()  # once mended the loop can be started again


def test_the_best_provider_counts():
    world = make_world(["s:a", "s:b", "c:x"], needs=[("c:x", "water", 0.0)], links=[("s:a", "c:x", "water"), ("s:b", "c:x", "water")])
    result = settled(world, make_damage(world, ("s:a",), ("s:b",), ("s:a", "s:b")))
    assert result.works[:, 2].tolist() == [True, True, False]


def test_a_need_without_provider_is_met_from_outside_and_reported_or_never_met():
    world = make_world(["a:1", "b:1"], needs=[("a:1", "water", 0.0), ("b:1", "telecom", 4.0)], links=[("nowhere:9", "a:1", "water")])
    base = Cascade(world)
    result = settled(world, make_damage(world, ()), base=base)
    assert result.works.all() and result.level[0, 0, 1] == 1.0
    assert base.facts()["without_provider"] == {"water": 1, "telecom": 1}
    strict = Cascade(world, Rules(missing_provider="nobody"))
    assert working(world, settled(world, make_damage(world, ()), base=strict)) == {"b:1"}
    assert working(world, settled(world, make_damage(world, ()), base=strict, without=4.0)) == set()
    with pytest.raises(Invalid, match="cannot serve"):
        Rules(missing_provider="somebody")


def test_consumers_that_the_undisturbed_network_does_not_serve_are_left_alone_and_reported():
    line = Reach("water", "water", pa.array(["w:source", "w:island"]), pa.array(["w:island"]), (), (0,))
    world = make_world(["w:source", "w:island", "c:house"], needs=[("c:house", "water", 0.0)], links=[("w:island", "c:house", "water")], lifelines=(line,))
    base = Cascade(world)
    assert settled(world, make_damage(world, ("w:source",)), base=base).works[0, 2]
    assert base.facts()["unserved_undisturbed"] == {"water": 1}
    assert not settled(world, make_damage(world, ()), base=Cascade(world, Rules(missing_provider="nobody"))).works[0, 2]


def test_an_outlet_outside_its_network_gives_only_while_it_works():
    line = Reach("water", "water", pa.array(["w:source"]), pa.array(["w:source"]), (), (0,))
    line.outlet_id = pa.array(["w:tap"])
    line.serve = lambda state: type("S", (), {"level": state.available.astype(np.float32), "status": np.zeros(state.cases, np.int8), "engine": "toy"})()
    world = make_world(["w:source", "w:tap", "c:house"], needs=[("c:house", "water", 0.0)], links=[("w:tap", "c:house", "water")], lifelines=(line,))
    assert settled(world, make_damage(world, (), ("w:tap",), ("w:source",))).works[:, 2].tolist() == [True, False, False]


def test_only_changed_states_are_solved_and_equal_ones_once():
    world = chain_world()
    base = Cascade(world)
    power, water = world.lifelines
    assert power.rows == water.rows == 1  # the undisturbed city
    damage = make_damage(world, (), ("power:line",), ("power:line",), ("city:a",), ("water:main",))
    settled(world, damage, base=base)
    assert power.rows == 2 and water.rows == 3  # one broken line; pump stopped, main broken
    settled(world, damage, base=base, without=5.0)
    assert power.rows == 2 and water.rows == 3
    assert base.engines() == {name: {"toy reach": 1 + 5 + 5} for name in ("power", "water")}  # the undisturbed city and every case of both calls, solved, remembered or untouched


def test_a_small_cache_forgets_but_changes_nothing():
    world = chain_world()
    cases = [("power:line",), ("power:plant",), ("water:main",), ("water:pump", "power:station"), ()] * 3
    big, small = Cascade(world), Cascade(chain_world(), Rules(cache=1))
    assert (settled(world, make_damage(world, *cases), base=big).works == settled(world, make_damage(world, *cases), base=small).works).all()
    assert small.solutions[0]._room == 1


def test_cases_do_not_depend_on_each_other():
    world = chain_world()
    cases = [("power:line",), (), ("water:main", "city:a"), ("telecom:tower",), ("power:plant", "water:pump")]
    whole = settled(world, make_damage(world, *cases))
    turned = settled(world, make_damage(world, *cases[::-1]))
    assert (whole.works == turned.works[::-1]).all() and np.array_equal(whole.level, turned.level[::-1], equal_nan=True)
    for case, broken in enumerate(cases):
        alone = settled(world, make_damage(world, broken))
        assert (alone.works[0] == whole.works[case]).all()


@pytest.mark.parametrize(("mood", "status"), [("status", CaseStatus.SINGULAR), ("raise", CaseStatus.FAILED), ("nan", CaseStatus.FAILED)])
def test_a_case_that_breaks_a_lifeline_is_marked_and_the_others_go_on(mood, status):
    plain = chain_world()
    power, water = plain.lifelines
    world = chain_world(lifelines=(Moody(power, mood), water))
    base = Cascade(world)
    result = settled(world, make_damage(world, ("power:line",), ("power:plant",), ("water:main",)), base=base)
    assert result.status.tolist() == [CaseStatus.SOLVED, status, CaseStatus.SOLVED]
    good = settled(plain, make_damage(plain, ("power:line",), ("water:main",)))
    assert (result.works[[0, 2]] == good.works).all()
    assert bool(base.facts()["engine_errors"]) == (mood != "status")


def test_a_network_that_fails_even_undisturbed_is_named_and_does_not_stop_the_rest():
    plain = chain_world()
    power, water = plain.lifelines

    class Broken(Moody):
        def serve(self, state):
            raise ValueError("no source")

    base = Cascade(chain_world(lifelines=(Broken(power, "raise"), water)))
    assert base.facts()["unsolvable_undisturbed"] == ["power"]
    assert base.facts()["engine_errors"] == {"power": {"ValueError: no source": 1}}


def shedding_world():
    """Without the spare unit the pump overloads the bus that feeds it: pump on, no power; pump off, power."""
    line = Shedding(pa.array(["power:pump", "power:spare"]), pa.array(["power:bus"]))
    return make_world(
        ["power:pump", "power:spare", "power:bus", "city:house"], needs=[("power:pump", "electricity", 0.0)],
        links=[("power:bus", "power:pump", "electricity"), ("power:bus", "city:house", "electricity")], lifelines=(line,),
    )  # fmt: skip


def test_an_oscillating_shed_case_ends_as_diverged_with_its_last_two_states():
    world = shedding_world()
    damage = make_damage(world, ("power:spare",), (), ("city:house",))
    result = settled(world, damage, max_rounds=9)
    assert result.status.tolist() == [CaseStatus.DIVERGED, CaseStatus.SOLVED, CaseStatus.SOLVED]
    assert result.rounds.tolist() == [9, 0, 0]
    states = result.last_two[0]
    assert states.shape == (2, 4) and states[0, 0] != states[1, 0]  # the load is on in one and off in the other
    assert list(result.last_two) == [0]


def test_the_same_oscillation_ends_when_works_may_only_shrink():
    world = shedding_world()
    result = settled(world, make_damage(world, ("power:spare",)), base=Cascade(world, loss_only=True))
    assert result.status[0] == CaseStatus.SOLVED and not result.works[0, 0]


def test_a_monotone_lifeline_brings_nothing_back_because_a_neighbour_was_cut_off():
    world = shedding_world()
    world.lifelines[0].monotone = True
    result = settled(world, make_damage(world, ("power:spare",)), base=Cascade(world, loss_only=False))
    assert result.status[0] == CaseStatus.SOLVED and not result.works[0, 0]


@pytest.mark.parametrize("first", ["grid", "water"])
def test_a_monotone_lifeline_gives_again_what_another_one_brought_back(first):
    """The bus is dead until the load, whose main is broken, is off; then the pump runs again and the house has water."""
    grid = Shedding(pa.array(["power:load", "power:spare"]), pa.array(["power:bus"]))
    water = Reach("water", "water", pa.array(["water:pump", "water:a", "water:b"]), pa.array(["water:a", "water:b"]), ((0, 1), (0, 2)), (0,))
    world = make_world(
        ["power:load", "power:spare", "power:bus", "water:pump", "water:a", "water:b", "city:house"],
        needs=[("power:load", "water", 0.0), ("water:pump", "electricity", 0.0)], uses=[("city:house", "water")], lifelines=(grid, water),
        links=[("power:bus", "water:pump", "electricity"), ("water:a", "power:load", "water"), ("water:b", "city:house", "water")],
    )  # fmt: skip
    base = Cascade(world)
    base._order = sorted(base._order, key=lambda number: world.lifelines[number].name != first)
    result = settled(world, make_damage(world, ("power:spare", "water:a")), base=base)
    assert not base.loss_only and result.status[0] == CaseStatus.SOLVED
    assert dict(zip(world.asset_id.to_pylist(), result.works[0].tolist(), strict=True))["water:pump"] and result.level[0, 6, SERVICES.index("water")] == 1.0


def test_damage_of_another_world_is_refused():
    with pytest.raises(Invalid, match="9 assets"):
        settled(loop_world(), make_damage(chain_world(), ()))


# properties


@st.composite
def worlds(draw):
    """Random worlds: every link is possible, loops and needs of oneself's own consumers included, and one network over half of the assets."""
    count = draw(st.integers(2, 9))
    names = [f"k:{i}" for i in range(count)]
    asset = st.integers(0, count - 1)
    links = draw(st.lists(st.tuples(asset, asset, st.sampled_from(SERVICES)), max_size=24, unique=True))
    needs = draw(st.lists(st.tuples(asset, st.sampled_from(SERVICES), st.sampled_from([0.0, 2.0, 8.0])), max_size=16, unique_by=lambda n: n[:2]))
    part = names[: max(2, count // 2)]
    edges = draw(st.lists(st.tuples(st.integers(0, len(part) - 1), st.integers(0, len(part) - 1)), max_size=8))
    line = Reach("power", "electricity", pa.array(part), pa.array(part), tuple(edges), (0,))
    world = make_world(names, needs=[(names[a], s, h) for a, s, h in needs], links=[(names[a], names[b], s) for a, b, s in links], lifelines=(line,))
    broken = [draw(st.sets(st.sampled_from(names))) for _ in range(3)]
    return world, broken


@settings(max_examples=80, deadline=None, derandomize=True)
@given(worlds(), st.sampled_from([0.0, 2.0, 9.0]))
def test_losses_always_settle_and_more_damage_never_helps(made, without):
    world, broken = made
    broken = [*broken, broken[0] | broken[1]]
    base = Cascade(world)
    result = settled(world, make_damage(world, *broken), base=base, without=without)
    assert (result.rounds <= world.assets + 1).all()
    assert (result.status == CaseStatus.SOLVED).all()
    assert not (result.works[3] & ~result.works[0]).any() and not (result.works[3] & ~result.works[1]).any()
    assert (np.nan_to_num(result.level[3]) <= np.nan_to_num(result.level[0])).all()
    free = settled(world, make_damage(world, *broken), base=Cascade(world, loss_only=False), without=without)  # not forced, the same answer
    assert (free.works == result.works).all()


@settings(max_examples=60, deadline=None, derandomize=True)
@given(worlds())
def test_the_answer_is_a_fixed_point_and_the_largest_one(made):
    world, broken = made
    base = Cascade(world)
    result = settled(world, make_damage(world, *broken), base=base)
    for case, lost in enumerate(broken):
        assert (result.works[case] == _by_hand(world, base, lost)).all()


def _by_hand(world, base, lost):
    """Rounds over all assets with plain Python, from everything sound."""
    names = world.asset_id.to_pylist()
    works = np.array([name not in lost for name in names])
    links = list(zip(world.link_from.tolist(), world.link_to.tolist(), world.link_service.tolist(), strict=True))
    line = world.lifelines[0]
    electric = world.services.index("electricity")

    def level(giver, service, works):
        if service == electric and giver in world.outlet[0]:
            state = type("State", (), {"available": works[world.component[0]][None], "opening": None, "cases": 1})()
            return float(line.serve(state).level[0, world.outlet[0].tolist().index(giver)])
        return float(works[giver])

    every = np.ones(len(names), bool)
    normal = {(b, s): max(level(a, s, every) for a, c, t in links if (c, t) == (b, s)) for _, b, s in links}
    while True:
        left = works.copy()
        for asset, service in np.argwhere(world.need).tolist():
            givers = [a for a, b, s in links if (b, s) == (asset, service)]
            if givers and normal[(asset, service)] >= 0.5 and world.backup[asset, service] == 0 and max(level(a, service, works) for a in givers) < 0.5:
                left[asset] = False
        if (left == works).all():
            return works
        works = left


@settings(max_examples=40, deadline=None, derandomize=True)
@given(worlds(), st.integers(0, 2**31 - 1))
def test_even_a_network_that_gives_at_random_settles_when_works_may_only_shrink(made, seed):
    world, broken = made

    class Random(Moody):
        def serve(self, state):
            served = self.inner.serve(state)
            code = (state.available * (1 + np.arange(state.available.shape[1]))).sum(axis=1)
            rng = np.random.Generator(np.random.Philox(seed + int(code.sum()) % 7))
            served.level[:] = rng.uniform(size=served.level.shape)
            return served

    wild = replace(world, lifelines=(Random(world.lifelines[0], "wild"),))
    result = settled(wild, make_damage(wild, *broken), base=Cascade(wild, loss_only=True))
    assert (result.rounds <= world.assets + 1).all() and (result.status == CaseStatus.SOLVED).all()
