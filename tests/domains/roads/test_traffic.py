"""Simulate a day, close a road, rank streets: run as capabilities on a small town."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest

from holdfast.app.running import run_capability
from holdfast.model.errors import Invalid, NotFound
from road_town import SPUR, town
from small_city import small_city


@pytest.fixture(scope="module")
def city(tmp_path_factory):
    with town(tmp_path_factory.mktemp("roads") / "city") as made:
        made.settings.set("roads.entries", ["roads.junction:3"], author="test")
        yield made


def run(city, name, **given):
    return run_capability(city, f"roads.{name}", given, keep=False).answer


@pytest.mark.clause("1k", "2f")
def test_a_day_of_traffic(city):
    answer = run(city, "simulate_day")
    hours, streets = answer.tables["hours"].to_pandas(), answer.tables["streets"].to_pandas().set_index("id")
    assert answer.status == "done" and len(hours) == 24 and answer.summary["demand"] == "given" and answer.summary["busiest_hour"] == int(hours["vehicle_hours"].argmax())
    shares = np.array(city.settings["roads.hour_shares"])
    assert hours["trips"].to_numpy() == pytest.approx(1700 * shares / shares.max(), rel=1e-6) and (hours["gap"] <= 1e-4).all()
    assert (hours["delay_hours"] >= -1e-9).all() and hours["mean_speed"].max() == pytest.approx(10, rel=1e-3) and hours["mean_speed"].min() < 10
    assert streets.loc[SPUR, "volume"] == pytest.approx(100 * (shares / shares.max()).sum(), rel=1e-6)
    assert answer.summary["trips"] == pytest.approx(hours["trips"].sum(), abs=0.01) and answer.plots[0].table == "hours"
    one = run(city, "simulate_day", hours=1).tables["hours"]
    assert one.num_rows == 1


def test_a_day_of_a_town_without_demand_says_where_its_trips_come_from(tmp_path: Path):
    with town(tmp_path / "city", demand=False) as city:
        answer = run(city, "simulate_day", hours=9)
    assert answer.summary["demand"] == "gravity model" and answer.summary["assumptions"]["method"] == "doubly constrained gravity model" and answer.summary["trips"] > 0


def test_trips_to_a_place_that_is_cut_off_are_counted(tmp_path: Path):
    with town(tmp_path / "city", capacity={SPUR: 0.0}) as city:
        answer = run(city, "simulate_day", hours=8)
    assert answer.summary["unserved_trips"] > 0 and answer.findings.by_rule() == {"roads.no_capacity": 1, "roads.disconnected": 1} and answer.status == "done"


@pytest.mark.clause("1k", "1p", "2f")
def test_closing_a_street_moves_its_traffic(city):
    answer = run(city, "close_road", closed=["roads.street:0-1"])
    streets = answer.tables["streets"].to_pandas().set_index("id")
    assert streets.loc["roads.street:0-1", "flow_before"] > 0 and streets.loc["roads.street:0-1", "flow_after"] == 0
    assert streets.loc["roads.street:0-4", "flow_after"] == pytest.approx(1400) and answer.summary["unserved_trips"] == 0  # all trips of that corner
    assert answer.summary["extra_vehicle_hours"] > 0 and answer.summary["extra_vehicle_hours"] == pytest.approx(
        answer.summary["vehicle_hours_after"] - answer.summary["vehicle_hours_before"], abs=0.003)  # fmt: skip
    (detour,) = answer.tables["detours"].to_pylist()
    assert detour["detour_length"] == 600 and detour["detour_time"] == 60 and json.loads(detour["streets"])[0] == "roads.street:0-4"
    pairs = run(city, "close_road", closed=["roads.street:0-1", "roads.street:4-5", "roads.street:8-9"]).tables["pairs"].to_pylist()
    assert all(p["cut_off"] for p in pairs) and len(pairs) == 4
    pairs = run(city, "close_road", closed=["roads.street:1-2", "roads.street:5-6"]).tables["pairs"].to_pylist()
    assert pairs and all(p["time_after"] > p["time_before"] and not p["cut_off"] for p in pairs) and answer.tables["isolated"].num_rows == 0


@pytest.mark.clause("1p")
def test_closing_the_only_bridge_cuts_a_zone_off(city):
    answer = run(city, "close_road", closed=["roads.bridge:B"])
    assert answer.summary["unserved_trips"] == pytest.approx(100) and answer.summary["closed_streets"] == 1
    assert answer.tables["isolated"].to_pylist() == [{"id": "base.zone:2", "people": 900.0}] and answer.summary["isolated_people"] == 900
    cut = [p for p in answer.tables["pairs"].to_pylist() if p["cut_off"]]
    assert [(p["destination"], p["time_after"]) for p in cut] == [("roads.junction:east", None)]
    assert answer.tables["detours"]["detour_time"].to_pylist() == [None]


def test_lanes_may_be_left(city):
    half = run(city, "close_road", closed=["roads.street:0-1"], capacity_left=0.5)
    full = run(city, "close_road", closed=["roads.street:0-1"])
    assert 0 < half.summary["extra_vehicle_hours"] < full.summary["extra_vehicle_hours"] and half.tables["detours"].num_rows == 0
    crossing = run(city, "close_road", closed=["roads.junction:5"])
    assert crossing.summary["closed_streets"] == 4
    night = run(city, "close_road", closed=["roads.street:0-1"], hour=3)
    assert night.summary["trips_per_hour"] < 200 and night.summary["hour"] == 3


@pytest.mark.parametrize(
    ("given", "error"),
    [({"closed": ["roads.street:none"]}, NotFound), ({"closed": ["water.pipe:1"]}, Invalid), ({"closed": []}, Invalid), ({"closed": [SPUR], "capacity_left": 1.5}, Invalid),
     ({"closed": [SPUR], "hour": 24}, Invalid)],
)  # fmt: skip
def test_closures_that_cannot_be(city, given, error):
    with pytest.raises(error) as caught:
        run(city, "close_road", **given)
    assert caught.value.fix


@pytest.mark.clause("1k", "1p", "7d")
def test_ranking_finds_the_bridge_and_the_corner(city):
    answer = run(city, "rank_criticality", most=0)
    table = answer.tables["ranking"].to_pandas()
    assert len(table) == 19 and table["rank"].tolist() == list(range(1, 20)) and table["person_hours"].is_monotonic_decreasing and answer.status == "done"
    bridge = table.set_index("id").loc[["roads.bridge:B", SPUR]]
    assert (bridge["isolated_people"] == 900).all() and bridge["unserved_trips"].tolist() == pytest.approx([100, 100])
    assert (table["extra_vehicle_hours"] > -0.01).all() and answer.summary["cutting_people_off"] == 2 and set(table["id"][:2]) == {"roads.bridge:B", SPUR}
    one = table.set_index("id").loc["roads.street:0-1"]
    alone = run(city, "close_road", closed=["roads.street:0-1"]).summary["extra_vehicle_hours"]
    assert one["extra_vehicle_hours"] == pytest.approx(alone, abs=0.005)
    few = run(city, "rank_criticality", most=2, bridges=False).tables["ranking"]
    assert 2 <= few.num_rows <= 4 and SPUR in few["id"].to_pylist()


def test_without_streets_or_sense(tmp_path: Path, city):
    from holdfast.domains.roads import DOMAIN

    with small_city(tmp_path / "city", DOMAIN) as empty:
        at = {"x": 0.0, "y": 0.0}
        for name, given in (("simulate_day", {}), ("rank_criticality", {}), ("close_road", {"closed": [SPUR]}), ("reach_incident", at), ("assess_reach", {})):
            with pytest.raises(NotFound):
                run(empty, name, **given)
    for name, given in (("simulate_day", {"hours": 25}), ("simulate_day", {"gap": 0.0}), ("rank_criticality", {"most": -1}), ("rank_criticality", {"hour": -1})):
        with pytest.raises(Invalid):
            run(city, name, **given)
