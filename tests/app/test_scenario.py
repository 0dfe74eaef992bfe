"""Scenarios on the reference city: kept runs, the same numbers however they are computed, cancel and resume, wrong input."""

from __future__ import annotations

import json

import pyarrow.compute as pc
import pyarrow.parquet as pq
import pytest

from anlan import anlan
from holdfast.app import results
from holdfast.app.progress import Progress
from holdfast.app.scenario import run_scenario
from holdfast.engines.scenario.gather import gather
from holdfast.model.errors import Conflict, Invalid, NotFound

pytestmark = pytest.mark.slow
TOML = """
title = "All mains, one by one"
hazard = "outage"
hours = [0, 1, 24, 72]
restoration = 0
[parameters]
kinds = ["water.pipe", "power.transformer"]
sweep = "n-1"
"""


@pytest.fixture(scope="module")
def city(tmp_path_factory):
    with anlan(tmp_path_factory.mktemp("scenario") / "city") as made:
        yield made


@pytest.fixture(scope="module")
def definition(tmp_path_factory):
    path = tmp_path_factory.mktemp("definition") / "mains.toml"
    path.write_text(TOML)
    return str(path)


@pytest.fixture(scope="module")
def done(city, definition, tmp_path_factory):
    return run_scenario(city, definition, workers=1, out=tmp_path_factory.mktemp("out") / "one", actor="test")


def test_each_case_takes_out_one_component(city, done):
    counts = city.counts()
    total = counts["water.pipe"] + counts["power.transformer"]
    assert done.status == "done" and done.answer.summary["cases"]["total"] == total
    ranking = done.answer.tables["ranking"]
    assert ranking.num_rows == total and len(set(ranking["taken_out"].to_pylist())) == total
    hours = ranking["person_hours"].to_pylist()
    assert hours == sorted(hours, reverse=True) and hours[0] > 0


def test_a_transformer_outage_is_felt_where_it_feeds(city, done):
    served = city.links(relation="serves").filter(pc.field("service") == "electricity")
    feeding = set(served["from_id"].to_pylist())
    worst = next(name for name in done.answer.tables["ranking"]["taken_out"].to_pylist() if name.startswith("power.transformer") and name in feeding)
    fed = served.filter(pc.field("from_id") == worst)["to_id"].to_pylist()
    lost = done.answer.tables["assets"]
    dark = lost.filter(pc.greater(lost["hours_without_electricity"], 0.0))["id"].to_pylist()
    assert fed and set(fed) <= set(dark)


def test_people_of_a_service_are_those_whom_the_city_provides_with_it(city, done):
    """Only some buildings hang on the heat network; the others are heated in some other way, and no case can take that from them."""
    people = dict(zip(*(done.answer.tables["impact"][name].to_pylist() for name in ("service", "people")), strict=True))
    heated = set(city.links(relation="serves").filter(pc.field("service") == "heat")["to_id"].to_pylist())
    lives = {row["id"]: row["population"] or 0.0 for row in city.table("buildings.building").select(["id", "population"]).to_pylist()}
    assert people["heat"] == pytest.approx(sum(lives[building] for building in heated if building in lives)) and 0.0 < people["heat"] < people["water"]


def test_the_outages_by_asset_and_zone_add_up_to_the_curves(city, done):
    """Probability times people, summed over the assets or the zones, is the mean of the people without."""
    tables = done.answer.tables
    hours = ["h0", "h1", "h24", "h72"]
    means = {(row["service"], f"h{row['hour']:g}"): row["mean"] for row in tables["curves"].to_pylist()}
    assert tables["outage"].column_names[-4:] == hours and tables["zones"].num_rows > 0
    for service in ("electricity", "water"):
        for name in ("outage", "zones"):
            rows = tables[name].filter(pc.field("service") == service)
            people = rows["people"].to_numpy()
            for hour in hours:
                share = rows[hour].to_numpy()
                assert (share >= 0).all() and (share <= 1).all()
                assert people @ share == pytest.approx(means[service, hour], rel=0.02, abs=2.0), (name, service, hour)
    kinds = set(tables["outage"]["kind"].to_pylist())
    assert "water.pump" in kinds, "what needs a service without having people is there too"


def test_the_run_is_kept_with_its_report(city, done):
    kept = results.kept(city, done.run)
    assert kept.record["capability"] == "scenario" and kept.record["parameters"]["hazard"] == "outage" and kept.record["actor"] == "test"
    assert kept.answer.tables["impact"].equals(done.answer.tables["impact"]) and kept.answer.plots
    assert done.report.read_text().startswith("<!doctype html>") and "All mains, one by one" in done.report.read_text()
    assert json.loads((done.folder / "summary.json").read_text())["cases"] == done.answer.summary["cases"]
    assert pq.read_table(done.folder / "impact.parquet").equals(done.answer.tables["impact"])


def test_a_cancelled_run_is_gone_on_with_on_other_workers(city, definition, tmp_path):
    seen = []

    def stop(now: Progress) -> bool:
        seen.append(now)
        return now.done == 0

    whole = run_scenario(city, definition, samples=130, workers=1, out=tmp_path / "whole")
    first = run_scenario(city, definition, samples=130, workers=2, out=tmp_path / "two", watch=stop, actor="test")
    done = first.progress.done
    assert first.status == "cancelled" and 0 < done == first.answer.summary["cases"]["total"] < 130
    assert [now.stage for now in seen] == ["gather", "prepare", "cases", "cases", "order", "keep", "ended"]
    block = seen[3]
    assert (block.done, block.total, block.resumed, block.cases, block.hour) == (done, whole.progress.total, 0, {"solved": done}, 24.0)
    assert block.rest > 0.0 and block.seconds >= seen[2].seconds and seen[4].rest is None
    curves = first.answer.tables["curves"].filter(pc.field("hour") == 24.0).to_pylist()
    assert {row["service"]: row["p50"] for row in curves if row["p95"] > 0} == {name: people["p50"] for name, people in block.people.items() if people["p95"] > 0}
    with pytest.raises(Conflict, match="holds results"):
        run_scenario(city, definition, samples=130, out=tmp_path / "two")
    with pytest.raises(Conflict, match="another run"):
        run_scenario(city, definition, seed=2, samples=130, out=tmp_path / "two", resume=True)
    second = run_scenario(city, definition, samples=130, workers=1, out=tmp_path / "two", resume=True)
    assert second.status == "done" and second.answer.summary["resumed_cases"] == done == second.progress.resumed
    assert second.progress.cases == {"solved": second.progress.total} == whole.progress.cases and second.progress.people == whole.progress.people
    assert second.answer.tables["curves"].equals(whole.answer.tables["curves"]) and second.answer.tables["ranking"].equals(whole.answer.tables["ranking"])


def test_the_same_city_and_seed_give_the_same_numbers(city, definition, done, tmp_path):
    again = run_scenario(city, definition, workers=2, out=tmp_path / "again")
    assert again.answer.tables["curves"].equals(done.answer.tables["curves"]) and again.answer.tables["ranking"].equals(done.answer.tables["ranking"])
    one, two = (found.answer.summary["engines"] for found in (done, again))
    assert {name: sum(used.values()) for name, used in one.items()} == {name: sum(used.values()) for name, used in two.items()}


def test_every_network_says_who_answered_also_where_nothing_was_hit(city, done):
    engines = done.answer.summary["engines"]
    assert set(engines) == {line.name for line in gather(city)[0].lifelines} >= {"water", "power", "gas", "heat", "drainage", "telecom", "roads"}
    assert all(used and min(used.values()) > 0 for used in engines.values())


def test_wrong_requests(city, tmp_path):
    with pytest.raises(NotFound, match="no scenario"):
        run_scenario(city, "quake-m99")
    (tmp_path / "a.toml").write_text(TOML.replace('"water.pipe", "power.transformer"', '"water.hose"'))
    with pytest.raises((NotFound, Invalid)):
        run_scenario(city, str(tmp_path / "a.toml"), out=tmp_path / "o")
