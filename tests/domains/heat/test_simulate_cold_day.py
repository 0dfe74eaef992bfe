"""Cold days in the reference city: in order, with plants out, and against closed formulas."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from holdfast.domains.heat import DOMAIN
from holdfast.domains.heat.cold_day import room_after, supply_curve
from holdfast.domains.heat.simulate_cold_day import simulate_cold_day
from holdfast.engines.network.heat.water import density, heat_capacity
from holdfast.model.errors import Invalid, NotFound
from small_city import small_city

FIGURES = Path(__file__).parents[2] / "engines/network/heat/sw_heat.npz"
"""Flows and temperatures of pandapipes; tests/peers/pandapipes_figures.py makes them."""


@pytest.fixture(scope="module")
def plants(anlan):
    return anlan.table("heat.plant", columns=["id"])["id"].to_pylist()


@pytest.mark.clause("1f", "1k")
def test_a_cold_day_in_order_keeps_rooms_warm(anlan):
    answer = simulate_cold_day(anlan)
    assert answer.status == "done" and answer.summary["unsolved"] == 0 and answer.summary["most_people_below_18"] == 0
    hours = answer.tables["hours"]
    outdoor = hours["outdoor"].to_numpy()
    assert hours.num_rows == 48 and outdoor[6] == outdoor.min() == pytest.approx(264.15) and outdoor[18] == pytest.approx(270.15)
    assert hours["coldest_room"].to_numpy().min() > 292.0 and hours["supply"].to_numpy().max() == pytest.approx(368.15, abs=0.01)
    assert answer.summary["heat_delivered_j"] == pytest.approx(answer.summary["heat_wanted_j"], rel=0.02)
    for plot in answer.plots:
        assert {plot.x, *plot.y} <= set(answer.tables[plot.table].column_names)
    assert 0 < answer.summary["longest_delay_minutes"] < 24 * 60


def ages(city, figures, numbers):
    """(junction number -> [s]) time since water left the plant, by the flows and temperatures of pandapipes: mixed ages and what each pipe holds, solved at once."""
    temperature = dict(zip(figures["junction"].tolist(), figures["temperature_bidirectional"].tolist(), strict=True))
    flows = dict(zip(figures["pipe"].tolist(), figures["flow_bidirectional"].tolist(), strict=True))
    place = {number: i for i, number in enumerate(temperature)}
    matrix, held = np.zeros((len(place), len(place))), np.zeros(len(place))
    for row in city.table("heat.pipe", columns=["source_index", "from_id", "to_id", "diameter", "length"]).to_pylist():
        flow = flows[row["source_index"]]
        start, stop = (numbers[row[end]] for end in (("from_id", "to_id") if flow >= 0 else ("to_id", "from_id")))
        matrix[place[start], place[start]] += abs(flow)  # what comes from a valve at the plant has no age, so a node mixes over what leaves it
        matrix[place[stop], place[start]] -= abs(flow)
        held[place[stop]] += np.pi / 4 * row["diameter"] ** 2 * row["length"] * float(density(np.array([(temperature[start] + temperature[stop]) / 2]))[0])
    for row in city.table("heat.consumer", columns=["from_id", "mass_flow"]).to_pylist():
        matrix[place[numbers[row["from_id"]]], place[numbers[row["from_id"]]]] += row["mass_flow"]
    idle = np.diag(matrix) < 1e-9
    matrix[idle, idle], held[idle] = 1.0, 0.0
    return dict(zip(place, np.linalg.solve(matrix, held).tolist(), strict=True))


@pytest.mark.clause("1f", "1k")
def test_the_design_hour_of_a_real_town_is_that_of_pandapipes(schutterwald):
    """At the design temperature consumers take what the file says; the plant gives what pandapipes's flows and temperatures say, and water is as long on its way."""
    figures = np.load(FIGURES)
    answer = simulate_cold_day(schutterwald, hours=2.0, swing=0.0)
    numbers = dict(zip(*schutterwald.table("heat.junction", columns=["id", "source_index"]).to_pydict().values(), strict=True))
    temperature = dict(zip(figures["junction"].tolist(), figures["temperature_bidirectional"].tolist(), strict=True))
    consumers = schutterwald.table("heat.consumer", columns=["id", "from_id", "to_id", "heat_demand", "mass_flow"]).to_pylist()
    first = answer.tables["hours"].to_pylist()[0]
    assert answer.status == "done" and first["supply"] == pytest.approx(343.15) and first["outdoor"] == 264.15
    assert first["delivered"] == pytest.approx(sum(row["heat_demand"] for row in consumers), rel=1e-6)
    back = temperature[numbers["heat.junction:return_K1289"]]
    flow = sum(row["mass_flow"] for row in consumers)
    heat = flow * float(heat_capacity(np.array([(343.15 + back) / 2]))[0]) * (343.15 - back)
    assert answer.tables["plants"]["given"][0].as_py() == pytest.approx(heat, rel=1e-4)
    age = ages(schutterwald, figures, numbers)
    expected = {row["id"]: age[numbers[row["from_id"]]] / 60 for row in consumers}
    delay = {row["id"]: row["delay_minutes"] for row in answer.tables["buildings"].to_pylist()}
    assert delay == pytest.approx(expected, rel=5e-3) and len(delay) == 44 and max(delay.values()) > 4000


@pytest.mark.clause("1f", "1k")
def test_without_heat_rooms_decay_as_the_formula_says(anlan, plants):
    answer = simulate_cold_day(anlan, hours=24.0, outdoor=263.15, swing=0.0, plants=plants, fails_at=0.0, lasts=48.0)
    room = answer.tables["hours"]["mean_room"].to_numpy()
    assert np.allclose(room, 263.15 + 30.0 * np.exp(-np.arange(1, 25) / 50.0), atol=1e-6)
    below = answer.tables["hours"]["people_below_16"].to_numpy()
    assert answer.summary["most_people_below_16"] == answer.summary["people"] > 0 and below[0] == 0 and (np.diff(below) >= 0).all()
    buildings = answer.tables["buildings"]
    assert (buildings["hours_below_16"].to_numpy() <= buildings["hours_below_18"].to_numpy()).all() and buildings["hours_below_16"].to_numpy().min() > 10
    assert answer.tables["hours"]["delivered"].to_numpy().max() == 0


def test_the_published_decay(anlan):
    """-10 degC outside, time constant 50 h: 20 to 12 degC in 15.5 h (hazards.md 3)."""
    assert room_after(np.array([293.15]), 263.15, np.zeros(1), np.ones(1), np.array([50.0]), 15.5)[0] == pytest.approx(285.15, abs=0.02)


def test_rooms_recover_after_the_outage_and_pumps_that_run_soften_it(anlan, plants):
    still = simulate_cold_day(anlan, hours=40.0, plants=plants, fails_at=6.0, lasts=12.0)
    running = simulate_cold_day(anlan, hours=40.0, plants=plants, fails_at=6.0, lasts=12.0, pumps_run=True)
    rooms = [a.tables["hours"]["mean_room"].to_numpy() for a in (still, running)]
    assert rooms[0].argmin() in (17, 18, 19) and rooms[0][-1] > rooms[0].min() + 2.0
    assert rooms[1].min() > rooms[0].min(), "what the water holds still reaches the rooms"
    assert (rooms[0][:6] > 292.5).all()


def test_one_plant_of_several_leaves_the_others_warm(anlan, plants):
    answer = simulate_cold_day(anlan, plants=plants[:1], fails_at=0.0, lasts=48.0)
    lowest = answer.tables["buildings"]["lowest_room"].to_numpy()
    assert lowest.min() < 285.0
    assert len(plants) == 1 or lowest.max() > 290.0


def test_hours_colder_than_the_design_are_short_of_heat_and_a_finding_says_why(anlan):
    answer = simulate_cold_day(anlan, hours=24.0, outdoor=258.15)
    hours = answer.tables["hours"]
    wanted, delivered, outdoor = (hours[name].to_numpy() for name in ("wanted", "delivered", "outdoor"))
    colder = outdoor < 264.15 - 1e-6
    assert (delivered[colder] < wanted[colder]).all() and delivered[~colder] == pytest.approx(wanted[~colder], rel=0.25)
    rows = {row["rule"]: row for row in answer.findings.table().to_pylist()}
    assert "design outdoor temperature" in rows["heat.short_supply"]["message"] and rows["heat.short_supply"]["severity"] == "warning"
    assert "heat.short_flow" not in rows and "heat.short_no_water" not in rows


def test_a_cold_day_of_the_design_has_no_finding_about_heat(anlan):
    rules = simulate_cold_day(anlan).findings.table()["rule"].to_pylist()
    assert not [rule for rule in rules if rule.startswith("heat.short")]


def test_the_supply_curve_meets_its_design_and_room_temperature():
    curve = supply_curve(368.15, np.array([264.15, 278.65, 293.15, 300.0, 250.0]), 264.15, 293.15, 328.15)
    assert curve[0] == pytest.approx(368.15) and curve[2] == curve[3] == 293.15 and 293.15 < curve[1] < 368.15 and curve[4] == curve[0]


def test_bad_requests(anlan, tmp_path):
    with pytest.raises(NotFound, match="heat network"):
        simulate_cold_day(small_city(tmp_path / "c", DOMAIN))
    with pytest.raises(NotFound, match="plant:none"):
        simulate_cold_day(anlan, plants=["heat.plant:none"])
    for wrong in ({"hours": 0.0}, {"outdoor": 10.0}, {"swing": -1.0}, {"fails_at": -1.0}, {"lasts": -1.0}):
        with pytest.raises(Invalid):
            simulate_cold_day(anlan, **wrong)
