"""Reach an incident, and the reach of stations: times, ways, what is closed."""

from __future__ import annotations

import json

import pyarrow as pa
import pytest
import shapely

from holdfast.app.running import run_capability
from holdfast.model.errors import Invalid, NotFound
from road_town import SPUR, town

STEP = 20 / 0.7  # seconds along one street


@pytest.fixture(scope="module")
def city(tmp_path_factory):
    with town(tmp_path_factory.mktemp("roads") / "city") as made:
        made.settings.set("roads.entries", ["roads.junction:3"], author="test")
        second = pa.table({"id": ["buildings.fire_station:G"], "geometry": [shapely.to_wkb(shapely.Point(600, 400))]})
        made.append("buildings.fire_station", second)
        yield made


def run(city, name, **given):
    return run_capability(city, f"roads.{name}", given, keep=False).answer


@pytest.mark.clause("2d", "8a")
def test_the_nearest_station_comes_first_by_the_open_way(city):
    answer = run(city, "reach_incident", x=250.0, y=0.0)
    routes = answer.tables["routes"].to_pylist()
    assert [r["station"] for r in routes] == ["buildings.fire_station:F", "buildings.fire_station:G"] and answer.summary["first"] == "buildings.fire_station:F"
    assert routes[0]["travel_time"] == pytest.approx(1.25 * STEP) and routes[0]["response_time"] == pytest.approx(60 + 1.25 * STEP) and routes[0]["in_time"]
    way = shapely.from_wkb(routes[0]["geometry"])
    assert way.coords[0] == (0, 0) and way.coords[-1] == (250, 0) and way.length == pytest.approx(250)
    assert json.loads(routes[0]["streets"]) == ["roads.street:0-1", "roads.street:1-2"]
    round_about = run(city, "reach_incident", x=250.0, y=0.0, closed=["roads.street:0-1"]).tables["routes"].to_pylist()
    assert round_about[0]["travel_time"] == pytest.approx(3.25 * STEP) and round_about[0]["length"] == pytest.approx(650)
    assert json.loads(round_about[0]["streets"]) == [f"roads.street:{s}" for s in ("0-4", "4-5", "1-5", "1-2")]
    assert shapely.from_wkb(round_about[0]["geometry"]).length == pytest.approx(650)
    dark = run(city, "reach_incident", x=250.0, y=0.0, closed=["roads.street:0-1", "roads.signal:5"])
    assert dark.tables["routes"]["travel_time"][0].as_py() > round_about[0]["travel_time"]


def test_late_and_not_at_all(city):
    city.settings.set("roads.reach_time", 70.0, author="test")
    late = run(city, "reach_incident", x=250.0, y=0.0)
    assert late.findings.by_rule() == {"roads.late": 1} and not late.tables["routes"]["in_time"][0].as_py()
    city.settings.set("roads.reach_time", 300.0, author="test")
    cut = run(city, "reach_incident", at="roads.junction:east", closed=["roads.bridge:B"])
    assert cut.findings.by_rule() == {"roads.not_reached": 1} and cut.summary["first"] is None and cut.summary["stations_with_a_way"] == 0
    assert cut.tables["routes"].num_rows == 2 and cut.tables["routes"]["response_time"].null_count == 2
    one = run(city, "reach_incident", at="base.zone:0", kinds=["buildings.hospital"], most=1)
    assert one.tables["routes"]["station"].to_pylist() == ["buildings.hospital:H"]


@pytest.mark.parametrize(
    ("given", "error"),
    [({}, Invalid), ({"x": 1.0}, Invalid), ({"at": "base.zone:none"}, NotFound), ({"x": 0.0, "y": 0.0, "closed": ["roads.street:none"]}, NotFound),
     ({"x": 0.0, "y": 0.0, "kinds": ["buildings.police"]}, NotFound), ({"x": 0.0, "y": 0.0, "kinds": ["nothing.here"]}, NotFound), ({"x": 0.0, "y": 0.0, "most": 0}, Invalid)],
)  # fmt: skip
def test_incidents_that_cannot_be(city, given, error):
    with pytest.raises(error) as caught:
        run(city, "reach_incident", **given)
    assert caught.value.fix


@pytest.mark.parametrize("at", ["nowhere", "nowhere:1"])
def test_a_place_that_is_no_asset_is_called_so(city, at):
    with pytest.raises(NotFound, match=f"'{at}' is no id of an asset") as caught:
        run(city, "reach_incident", at=at)
    assert caught.value.where["field"] == "at" and "x and y" in caught.value.fix


@pytest.mark.clause("3f", "8a")
def test_the_reach_of_stations(city):
    answer = run(city, "assess_reach")
    assert answer.summary["people_in_time_share"] == 1 and answer.summary["street_length_in_time_share"] == 1 and len(answer.findings) == 0
    zones = {z["id"]: z for z in answer.tables["zones"].to_pylist()}
    assert zones["base.zone:0"]["response_time"] == pytest.approx(60) and zones["base.zone:2"]["response_time"] == pytest.approx(60 + 2 * STEP, rel=1e-5)
    assert answer.tables["stations"]["people"].to_pylist() == [4000, 2900] and sum(answer.tables["stations"]["streets"].to_pylist()) == 18
    tight = run(city, "assess_reach", within=61.0)
    assert tight.summary["people_in_time_share"] == pytest.approx(6000 / 6900, abs=1e-6) and tight.findings.by_rule() == {"roads.late": 1}
    cut = run(city, "assess_reach", closed=["roads.bridge:B"])
    assert cut.summary["people_cut_off"] == 900 and cut.findings.by_rule() == {"roads.cut_off": 1}
    times = dict(zip(cut.tables["streets"]["id"].to_pylist(), cut.tables["streets"]["response_time"].to_pylist(), strict=True))
    assert times[SPUR] is None and times["roads.street:0-1"] == pytest.approx(60 + STEP / 2, rel=1e-5)
    with pytest.raises(Invalid):
        run(city, "assess_reach", within=0.0)
