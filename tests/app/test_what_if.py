"""Live what-if on the reference city: one change runs through all networks, is undone exactly, and is answered at once."""

from __future__ import annotations

import numpy as np
import pytest

from anlan import anlan
from holdfast.app.what_if import STATES, Change, Resident, Residents
from holdfast.domains.water.isolate_break import isolate_break
from holdfast.model.errors import Invalid, NotFound

pytestmark = pytest.mark.slow


@pytest.fixture(scope="module")
def city(tmp_path_factory):
    with anlan(tmp_path_factory.mktemp("what_if") / "city") as made:
        yield made


@pytest.fixture(scope="module")
def resident(city):
    return Resident(city)


def main_feed(city) -> str:
    return city.table("power.external_grid", columns=["id"])["id"][0].as_py()


def test_nothing_changed_nothing_lost(resident):
    effect = resident.overlay().effect()
    assert effect.status == "solved" and effect.assets.num_rows == 0 and effect.services.num_rows == 0 and sum(effect.people.values()) == 0


def test_losing_the_grid_is_felt_in_every_network(city, resident):
    overlay = resident.overlay()
    effect = overlay.apply(Change(main_feed(city), "fail"))
    assert effect.people["electricity"] > 0.9 * resident.world.people.sum()
    assert effect.people["water"] > 0 and effect.people["telecom"] > 0
    kinds = set(effect.assets["kind"].to_pylist())
    assert "water.pump" in kinds and "power.external_grid" in kinds
    undone = overlay.undo()
    assert undone.assets.num_rows == 0 and sum(undone.people.values()) == 0
    redone = overlay.redo()
    assert redone.people == effect.people and redone.assets.equals(effect.assets)
    assert overlay.reset().changes == ()


def test_a_burst_main_lowers_the_water(city, resident):
    table = city.table("water.pipe", columns=["id", "diameter"])
    widest = table["id"][int(np.argmax(table["diameter"].to_numpy()))].as_py()
    effect = resident.overlay().apply(Change(widest, "burst"))
    assert effect.status == "solved" and "water" in set(effect.services["service"].to_pylist())
    small = resident.overlay().apply(Change(widest, "burst", opening=1e-5))
    assert small.people["water"] <= effect.people["water"]


@pytest.mark.parametrize(("kind", "service"), [("power.switch", "electricity"), ("gas.valve", "gas"), ("heat.valve", "heat"), ("drainage.gate", "drainage")])
def test_an_opened_breaker_and_a_closed_valve_cut_off_what_is_behind(kind, service, city, resident):
    effects = {name: resident.overlay().apply(Change(name, "isolate")) for name in city.table(kind, columns=["id"])["id"].to_pylist()[:20]}
    assert all(effect.status == "solved" for effect in effects.values())
    name = max(effects, key=lambda each: effects[each].people[service])
    assert effects[name].people[service] > 0
    assert resident.overlay().apply(Change(name, "isolate"), Change(name, "connect")).people[service] == 0


def valve_rows(city) -> list[dict]:
    return city.table("water.isolation_valve", columns=["id", "pipe_id", "node_id", "normal_status"]).to_pylist()


def test_the_valves_around_a_burst_stop_the_leak_and_cut_off_whom_the_isolation_names(city, resident):
    compared = 0
    for row in valve_rows(city)[:40]:
        answer = isolate_break(city, pipe=row["pipe_id"])
        customers, valves = answer.tables["customers"]["kind"].to_pylist(), answer.tables["valves"]["id"].to_pylist()
        if not 0 < answer.summary["people_without_water"] < 1000 or "water.secondary_supply" in customers:  # behind those a tank lasts, which a what-if takes as used up
            continue
        burst, isolate = Change(row["pipe_id"], "burst"), [Change(valve, "isolate") for valve in valves]
        leaking, one, all_ = (resident.overlay().apply(burst, *some) for some in ([], isolate[:1], isolate))
        assert leaking.people["water"] > all_.people["water"] == answer.summary["people_without_water"]
        assert one.people["water"] > all_.people["water"], "one valve leaves the leak its other way"
        marks = dict(zip(all_.marks["id"].to_pylist(), all_.marks["state"].to_pylist(), strict=True))
        assert {marks[valve] for valve in valves} == {"changed"} and all_.marks.num_rows == len(marks)
        compared += 1
    assert compared >= 3


def test_a_closed_valve_shuts_its_pipe_and_one_that_is_closed_already_is_opened(city, resident):
    row = next(row for row in valve_rows(city) if row["normal_status"] == "OPEN")
    effect = resident.overlay().apply(Change(row["id"], "isolate"))
    assert row["pipe_id"] in effect.assets["id"].to_pylist()
    assert effect.readings.equals(resident.overlay().apply(Change(row["pipe_id"], "isolate")).readings)
    assert resident.overlay().apply(Change(row["id"], "isolate"), Change(row["id"], "connect")).assets.num_rows == 0
    shut = next(row for row in valve_rows(city) if row["normal_status"] == "CLOSED")
    opened = resident.overlay().apply(Change(shut["id"], "connect"))
    assert opened.readings.num_rows > 0 and opened.assets.num_rows == 0
    for action in ("fail", "burst"):
        with pytest.raises(Invalid, match="closed or opened"):
            resident.overlay().apply(Change(shut["id"], action))


def test_readings_say_what_moved_in_the_networks(city, resident):
    table = city.table("water.pipe", columns=["id", "diameter"])
    widest = table["id"][int(np.argmax(table["diameter"].to_numpy()))].as_py()
    overlay = resident.overlay()
    effect = overlay.apply(Change(widest, "burst"))
    rows = {(row["id"], row["quantity"]): row for row in effect.readings.to_pylist()}
    pressures = [row for (_, quantity), row in rows.items() if quantity == "pressure"]
    assert pressures and all(row["before"] is None or 5e4 < row["before"] < 1e6 for row in pressures), "water pressures before are those of a city"
    assert min(row["after"] for row in pressures if row["after"] is not None) < 1e5 < max(row["before"] for row in pressures if row["before"] is not None)
    assert overlay.undo().readings.num_rows == 0, "what was read before is read again"
    assert overlay.redo().readings.equals(effect.readings)


def test_each_touched_asset_is_marked_once_with_its_worst_state(city, resident):
    effect = resident.overlay().apply(Change(main_feed(city), "fail"))
    states = dict(zip(effect.marks["id"].to_pylist(), effect.marks["state"].to_pylist(), strict=True))
    assert len(states) == effect.marks.num_rows and states[main_feed(city)] == "changed"
    stopped = set(effect.assets["id"].to_pylist()) - {main_feed(city)}
    assert {i for i, state in states.items() if state == "stopped"} == stopped
    for row in effect.services.to_pylist():
        if row["level"] < row["before"] and row["id"] not in stopped | {main_feed(city)}:
            assert states[row["id"]] in ("none", "part")
    assert set(effect.readings["id"].to_pylist()) <= set(states)
    order = [STATES.index(state) for state in effect.marks["state"].to_pylist()]
    assert order == sorted(order, reverse=True)
    assert sum(row["people"] for row in effect.services.to_pylist() if row["service"] == "electricity") == pytest.approx(effect.people["electricity"])


def test_an_answer_in_json_is_cut_off_but_counted(city, resident):
    body = resident.overlay().apply(Change(main_feed(city), "fail")).as_json(most=3)
    assert [len(body[name]) for name in ("assets", "services", "readings")] == [3, 3, 3] and min(body["counts"].values()) > 3
    levels = [row["level"] for row in body["services"]]
    assert levels == sorted(levels), "the least first"


def test_overlays_do_not_see_each_other(city, resident):
    first, second = resident.overlay(), resident.overlay()
    first.apply(Change(main_feed(city), "fail"))
    assert second.effect().assets.num_rows == 0


def test_wrong_changes_are_refused_and_leave_the_overlay_as_it_was(city, resident):
    overlay = resident.overlay()
    for change, error, says in (
        (Change("water.pipe:none", "fail"), NotFound, "no network or service"),
        (Change(main_feed(city), "explode"), Invalid, "is no action"),
        (Change(main_feed(city), "burst"), Invalid, "no cross-section"),
        (Change(main_feed(city), "isolate"), Invalid, "way through"),
        (Change(main_feed(city), "burst", -1.0), Invalid, "above zero"),
    ):
        with pytest.raises(error, match=says):
            overlay.apply(change)
    assert overlay.changes == []
    for step in (overlay.undo, overlay.redo):
        with pytest.raises(Invalid, match="no change"):
            step()


def test_a_changed_city_gets_a_new_resident(city):
    residents = Residents(city)
    name, overlay = residents.open()
    overlay.apply(Change(main_feed(city), "fail"))
    before = residents.get()
    with city.repository.write() as writer:
        writer.append_event({"type": "note", "subject": "test", "actor": "test", "payload": {}})
    assert residents.get() is not before
    assert residents.overlay(name).effect().people["electricity"] > 0  # changes are carried over
    residents.close(name)
    with pytest.raises(NotFound, match="no such overlay"):
        residents.overlay(name)
