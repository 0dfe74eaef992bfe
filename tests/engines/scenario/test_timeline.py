"""Recovery worked out by hand: backup clocks, repairs on and between hours of the grid, integrals, bad cases."""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np
import pyarrow as pa
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from holdfast.engines.scenario.cascade import Cascade
from holdfast.engines.scenario.repair import crews_of
from holdfast.engines.scenario.rules import Rules
from holdfast.engines.scenario.timeline import GRID, run
from holdfast.model.errors import Invalid
from holdfast.model.lifeline import CaseStatus, Command
from toy_worlds import Moody, Reach, Shedding, chain_world, make_damage, make_world

AT_ONCE = Rules(mobilisation_hours={"default": 0.0}, shift_hours={"default": 24.0})
ELECTRICITY, WATER, TELECOM = 0, 1, 2


def test_a_broken_line_hour_by_hour():
    world = chain_world()
    timeline = run(world, make_damage(world, ("power:line",), hours=10.0), rules=AT_ONCE)
    assert timeline.done_hour[0, 1] == 10.0
    assert timeline.hours.tolist() == list(GRID)
    assert timeline.people[0, :7, ELECTRICITY].tolist() == [200, 200, 200, 200, 200, 0, 0]  # mended at 10, seen at 12
    assert timeline.people[0, :7, WATER].tolist() == [200, 200, 200, 200, 200, 0, 0]
    assert timeline.people[0, :7, TELECOM].tolist() == [0, 0, 0, 0, 200, 0, 0]  # eight hours of battery
    assert timeline.critical_down[0, :7].tolist() == [1, 1, 1, 1, 1, 0, 0]
    assert timeline.down[0, :7].tolist() == [3, 3, 3, 3, 4, 0, 0]
    assert timeline.share[0, 0, :3].tolist() == [0.0, 0.0, 1.0]
    assert timeline.person_hours[0].tolist() == [2000.0, 2000.0, 400.0, 0.0]  # back between 8 and 12: counted from 10
    assert timeline.lost_share_hours[0].tolist() == [10.0, 10.0, 2.0, 0.0]
    assert timeline.critical_hours.tolist() == [[10.0]]
    assert timeline.zone_hours[0].tolist() == [[1000.0, 1000.0, 200.0, 0.0]] * 2
    assert timeline.failed.tolist() == [[1, 0, 0, 0]]  # kinds power, water, telecom, city


def test_late_counts_every_hour_until_the_return_is_seen():
    world = chain_world()
    damage = make_damage(world, ("power:line",), hours=9.0)
    late = run(world, damage, rules=AT_ONCE, late=True)
    assert late.person_hours[0].tolist() == [2400.0, 2400.0, 800.0, 0.0] and late.critical_hours[0, 0] == 12.0
    assert late.lost_share_hours[0].tolist() == [12.0, 12.0, 4.0, 0.0]
    exact, middle = (run(world, damage, rules=AT_ONCE, exact=flag) for flag in (True, False))
    assert exact.person_hours[0].tolist() == [1800.0, 1800.0, 200.0, 0.0]
    assert (middle.person_hours <= late.person_hours).all()


def test_exact_repairs_take_effect_at_once():
    world = chain_world()
    timeline = run(world, make_damage(world, ("power:line",), ("telecom:tower",), hours=10.0), rules=AT_ONCE, exact=True)
    assert timeline.person_hours.tolist() == [[2000.0, 2000.0, 400.0, 0.0], [0.0, 0.0, 2000.0, 0.0]]
    assert timeline.critical_hours[:, 0].tolist() == [10.0, 0.0]


@pytest.mark.parametrize("hours", [(0, 100), (0, 8.5, 100), (0, 12, 24, 100), GRID])
def test_one_repair_is_counted_to_the_hour_on_any_grid(hours):
    world = chain_world()
    damage = make_damage(world, ("power:line",), hours=9.0)
    exact, middle = (run(world, damage, rules=AT_ONCE, hours=hours, exact=flag) for flag in (True, False))
    assert middle.person_hours == pytest.approx(exact.person_hours) and exact.person_hours[0].tolist() == [1800.0, 1800.0, 200.0, 0.0]
    assert middle.lost_share_hours == pytest.approx(exact.lost_share_hours) and middle.critical_hours[0, 0] == pytest.approx(9.0)


@dataclass
class Obeying(Reach):
    """Reach through what is not closed by command."""

    def serve(self, state):
        closed = np.zeros_like(state.available) if state.command is None else state.command == Command.CLOSED
        return super().serve(replace(state, available=state.available & ~closed))


@pytest.mark.parametrize("hours", [(0, 12, 100), (0, 12, 24, 100), (0, 100)])
def test_control_is_regained_at_its_hour_on_any_grid(hours):
    line = Obeying("power", "electricity", pa.array(["power:plant", "power:switch"]), pa.array(["power:switch"]), ((0, 1),), (0,))
    world = make_world(["power:plant", "power:switch", "city:house"], uses=[("city:house", "electricity")], people={"city:house": 10}, lifelines=(line,),
                       links=[("power:switch", "city:house", "electricity")])  # fmt: skip
    damage = make_damage(world, ())
    command = np.array([[0, Command.CLOSED, 0]], np.int8)
    timeline = run(world, replace(damage, command=command, regained=np.array([13.0])), rules=AT_ONCE, hours=hours)
    assert timeline.person_hours[0, ELECTRICITY] == pytest.approx(130.0) and timeline.people[0, -1, ELECTRICITY] == 0.0


def test_back_up_that_runs_out_between_two_hours_of_the_grid_counts_from_then():
    world = chain_world()
    timeline = run(world, make_damage(world, ("power:line",), hours=30.0), hours=(0, 6, 24), rules=AT_ONCE)
    assert timeline.people[0, :, TELECOM].tolist() == [0, 0, 200]
    assert timeline.person_hours[0, TELECOM] == 200 * 16.0
    feed_people, service = timeline.population.feed_people, timeline.population.wiring.feed_service
    assert (timeline.feed_without[0] @ (feed_people * (service == TELECOM))).tolist() == timeline.people[0, :, TELECOM].tolist()
    assert timeline.asset_hours()[7].tolist()[:3] == [24.0, 24.0, 16.0]
    assert np.isnan(timeline.asset_hours()[0]).all()


def test_back_up_is_full_again_when_the_service_has_returned():
    """Two lines in a row fail one after the other: the second outage is short enough for the battery, although both together are not."""
    world = make_world(
        ["p:a", "p:b", "t:tower", "c:house"], needs=[("p:b", "water", 12.0), ("t:tower", "electricity", 8.0)], uses=[("c:house", "telecom")],
        links=[("p:a", "p:b", "water"), ("p:b", "t:tower", "electricity"), ("t:tower", "c:house", "telecom")], people={"c:house": 10},
    )  # fmt: skip
    damage = make_damage(world, ("p:a", "p:b"))
    done = np.array([[18.0, 6.0, 0.0, 0.0]])  # b is mended at 6, fails at 12 for want of a, and comes back at 18
    timeline = run(world, damage, hours=np.arange(0.0, 25.0), done_hour=done, rules=AT_ONCE, late=True)
    assert timeline.person_hours[0].tolist() == [0.0, 0.0, 0.0, 0.0]
    assert timeline.lost_hours[0].sum() == pytest.approx(6 + 6 + 18)  # the tower twice without electricity, b 18 hours without water
    late = run(world, damage, hours=np.arange(0.0, 25.0), done_hour=np.array([[21.0, 6.0, 0.0, 0.0]]), rules=AT_ONCE, late=True)
    assert late.person_hours[0, 2] == 10 * 1.0


def test_what_is_never_mended_stays_lost_to_the_end():
    world = chain_world()
    damage = make_damage(world, ("power:line",), hours=0.0)  # broken, but no crew can do anything
    timeline = run(world, damage, rules=AT_ONCE)
    assert np.isinf(timeline.done_hour[0, 1])
    assert timeline.person_hours[0, ELECTRICITY] == 200 * 720.0
    assert timeline.people[0, -1].tolist() == [200, 200, 200, 0]
    assert timeline.person_hours[0, TELECOM] == 200 * 712.0


def test_a_case_ends_early_when_everything_is_as_before():
    world = chain_world()
    cascade = Cascade(world)
    rows = []
    settle = cascade.settle
    cascade.settle = lambda block, some, hour, **more: (rows.append(len(some)), settle(block, some, hour, **more))[1]
    run(world, make_damage(world, (), ("power:line",), hours=10.0), cascade=cascade, crews=crews_of(world, AT_ONCE))
    assert rows[0] == 2 and rows[1:] == [1] * 5  # the second case alone at 1, 2, 4, 8 and 12 hours


def test_what_nobody_misses_is_still_counted_until_it_is_mended():
    world = make_world(["p:a", "p:spare", "c:house"], uses=[("c:house", "water")], links=[("p:a", "c:house", "water")], people={"c:house": 1})
    timeline = run(world, make_damage(world, ("p:spare",), hours=30.0), rules=AT_ONCE, hours=(0, 12, 24, 48))
    assert timeline.down[0].tolist() == [1, 1, 1, 0] and timeline.people.max() == 0


def test_cases_do_not_depend_on_their_neighbours_or_on_the_order():
    world = chain_world()
    groups = [("power:line",), (), ("water:main", "telecom:tower"), ("power:plant", "water:pump"), ("power:line", "water:main")]
    whole = run(world, make_damage(world, *groups, hours=7.0), rules=AT_ONCE)
    turned = run(world, make_damage(world, *groups[::-1], hours=7.0), rules=AT_ONCE)
    for name in ("people", "share", "person_hours", "zone_hours", "critical_hours", "lost_hours", "feed_without", "done_hour"):
        assert np.array_equal(getattr(whole, name), getattr(turned, name)[::-1], equal_nan=True), name
    again = run(world, make_damage(world, *groups, hours=7.0), rules=AT_ONCE)
    assert np.array_equal(whole.person_hours, again.person_hours)


def test_a_bad_case_is_marked_and_has_no_numbers():
    plain = chain_world()
    power, water = plain.lifelines
    world = chain_world(lifelines=(Moody(power, "status"), water))
    timeline = run(world, make_damage(world, ("power:plant",), ("power:line",), hours=10.0), rules=AT_ONCE)
    assert timeline.status.tolist() == [CaseStatus.SINGULAR, CaseStatus.SOLVED]
    assert np.isnan(timeline.people[0]).all() and np.isnan(timeline.person_hours[0]).all()
    assert timeline.person_hours[1].tolist() == [2000.0, 2000.0, 400.0, 0.0]
    assert timeline.asset_hours()[7, ELECTRICITY] == 10.0  # of the good case alone


def test_a_diverged_case_keeps_its_last_two_states():
    line = Shedding(pa.array(["power:pump", "power:spare"]), pa.array(["power:bus"]))
    names, link = ["power:pump", "power:spare", "power:bus"], ("power:bus", "power:pump", "electricity")
    world = make_world(names, needs=[("power:pump", "electricity", 0.0)], links=[link], lifelines=(line,))
    timeline = run(world, make_damage(world, ("power:spare",), ()), rules=AT_ONCE)
    assert timeline.status.tolist() == [CaseStatus.DIVERGED, CaseStatus.SOLVED]
    assert timeline.last_two[0].shape == (2, 3)


def test_seconds_and_engines_are_those_of_the_run():
    world = chain_world()
    power, water = world.lifelines
    cascade = Cascade(world, AT_ONCE)
    first = run(world, make_damage(world, ("power:line",)), cascade=cascade)
    assert set(first.engines) == {"power", "water"} and all(used["toy reach"] > 0 for used in first.engines.values())
    asked = power.rows, water.rows
    second = run(world, make_damage(world, ("power:line",)), cascade=cascade)
    assert second.engines == first.engines and asked == (power.rows, water.rows)  # known states count as what they are: answered by the engine that solved them
    untouched = run(world, make_damage(world, ("city:a",)), cascade=cascade)
    assert all(used["toy reach"] > 0 for used in untouched.engines.values())  # a network that nothing hit is named too
    assert set(first.seconds) == {"lifeline:power", "lifeline:water", "cascade", "repair", "timeline"}
    assert all(value >= 0.0 for value in first.seconds.values())


def test_a_grid_that_does_not_rise_from_zero_is_refused():
    world = chain_world()
    for hours in ((1.0, 2.0), (0.0,), (0.0, 2.0, 2.0)):
        with pytest.raises(Invalid, match="rise from 0"):
            run(world, make_damage(world, ()), hours=hours)


def test_a_block_of_cases_is_mended_as_each_case_alone():
    world = chain_world()
    hours = {"power:line": 3.0, "water:main": 90.0, "water:pump": 2.0, "telecom:tower": 5.0}
    damage = make_damage(world, ("power:line", "water:pump"), tuple(hours), hours=hours)
    whole = run(world, damage, rules=AT_ONCE).done_hour
    for case in range(2):
        assert (run(world, damage.rows(np.array([case])), rules=AT_ONCE).done_hour[0] == whole[case]).all()


def test_foreign_command_without_crew_hours_stays():
    world = chain_world()
    damage = make_damage(world, ())
    object.__setattr__(damage, "command", np.zeros((1, world.assets), np.int8))
    damage.command[0, 3] = 1
    done = run(world, damage, rules=AT_ONCE).done_hour
    assert np.isinf(done[0, 3]) and (np.delete(done[0], 3) == 0.0).all()


def test_worlds_without_links_services_or_lifelines_are_followed_too():
    lonely = make_world(["a:1", "a:2"], people={"a:1": 5})
    timeline = run(lonely, make_damage(lonely, ("a:1",)), rules=AT_ONCE)
    assert timeline.down[0, 0] == 1 and timeline.down[0, -1] == 0 and np.isnan(timeline.share).all()
    bare = make_world(["a:1"], services=())
    assert run(bare, make_damage(bare, ("a:1",)), rules=AT_ONCE).people.shape == (1, len(GRID), 0)


def test_lifelines_are_asked_for_the_hour_where_demand_follows_the_day():
    world = chain_world()
    hours = []
    line = world.lifelines[0]
    serve = line.serve
    line.serve = lambda state: (hours.append(None if state.hour is None else state.hour.tolist()), serve(state))[1]
    rules = Rules(mobilisation_hours={"default": 0.0}, shift_hours={"default": 24.0}, follow_day=True)
    run(world, make_damage(world, ("power:line",), hours=3.0), rules=rules, hours=(0, 2, 4, 6))
    assert hours == [None, [0.0], [2.0], [4.0]]  # the undisturbed city, then each hour anew


@settings(max_examples=30, deadline=None, derandomize=True)
@given(st.sets(st.integers(0, 5)), st.sets(st.integers(0, 5)), st.sampled_from([3.0, 10.0, 60.0]), st.booleans())
def test_more_damage_never_costs_fewer_hours(first, more, hours, exact):
    world = chain_world()
    names = world.asset_id.to_pylist()
    groups = [{names[i] for i in first}, {names[i] for i in first | more}]
    crews = crews_of(world, AT_ONCE, count={"power": 9, "water": 9, "telecom": 9})  # nobody waits for a crew
    timeline = run(world, make_damage(world, *groups, hours=hours), rules=AT_ONCE, crews=crews, exact=exact)
    assert (timeline.person_hours[0] <= timeline.person_hours[1] + 1e-3).all()
    assert (timeline.critical_hours[0] <= timeline.critical_hours[1] + 1e-3).all()
    assert (timeline.share[0] >= timeline.share[1] - 1e-6)[..., :3].all()
    assert np.allclose(timeline.person_hours[:, :3], 200.0 * timeline.lost_share_hours[:, :3], atol=1e-2)  # all or nothing arrives in this town
