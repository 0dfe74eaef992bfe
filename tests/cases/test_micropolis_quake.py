"""Micropolis from its published files under an earthquake: every lifeline it has, one command, nothing prepared by hand."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from typer.testing import CliRunner

import holdfast
from holdfast.app.what_if import Change, Resident
from holdfast.cli.main import app

pytestmark = pytest.mark.slow
MAPPING = Path(__file__).parent / "micropolis" / "gis.toml"
NETWORKS = ("transportation/high/transpo_net.tntp", "water/high/water.inp", "power/high/power.json")


def call(*arguments: object) -> str:
    result = CliRunner().invoke(app, [str(a) for a in arguments])
    assert result.exit_code == 0, result.output
    return result.stdout


@pytest.fixture(scope="module")
def city(shared_data, tmp_path_factory) -> Path:
    data, folder = shared_data("coupled/micropolis"), tmp_path_factory.mktemp("micropolis") / "city"
    call("init", folder, "--crs", "local", "--name", "Micropolis")
    call("import", folder, *(data / f"gis/{name}.shp" for name in ("buildings_v1", "lots_v1")), "--crs", "local:ft", "--map", MAPPING)
    call("import", folder, *(data / name for name in NETWORKS), "--crs", "local:ft")
    call("import", folder, data / "dependencies.csv")
    return folder


@pytest.fixture(scope="module")
def summary(city, tmp_path_factory) -> dict:
    out = tmp_path_factory.mktemp("out") / "quake"
    answer = json.loads(call("scenario", city, "quake-m6.5", "--samples", 48, "--seed", 1, "--workers", 1, "--out", out, "--json"))
    assert answer["status"] == "done" and Path(answer["report"]).read_text().startswith("<!doctype html>")
    return answer["summary"]


def test_water_power_and_roads_are_solved(summary):
    assert {"water", "power"} <= set(summary["engines"])
    assert {f"cpu:lifeline:{name}" for name in ("water", "power", "roads")} <= set(summary["seconds"])
    assert summary["people"] == 8_723


def test_nearly_every_case_is_solved_and_the_others_are_counted(summary):
    cases = summary["cases"]
    assert cases["total"] == 48 == sum(v for k, v in cases.items() if k != "total")
    assert cases["solved"] >= 0.95 * cases["total"], cases


def test_people_lose_water_and_power_and_get_them_back(summary):
    for service in ("electricity", "water"):
        hours = summary["people_without"][service]
        assert hours["0"]["p5"] <= hours["0"]["p50"] <= hours["0"]["p95"] <= 8_723
        assert hours["720"]["mean"] < hours["24"]["mean"]
    assert summary["people_without"]["electricity"]["24"]["mean"] > 0.2 * 8_723


def test_pumps_fail_with_their_power(city):
    """The dependency table links eight pumps to three motors; without the grid they stand still, and people lose water."""
    with holdfast.open(str(city)) as opened:
        grid = opened.table("power.external_grid", columns=["id"])["id"].to_pylist()
        effect = Resident(opened).overlay().apply(*(Change(name, "fail") for name in grid))
    assert effect.status == "solved" and effect.assets["kind"].to_pylist().count("water.pump") == 8
    assert effect.people["electricity"] > 0.9 * 8_723


def test_an_order_of_repairs_with_a_bound(summary):
    found = summary["restoration"]
    assert 0.0 <= found["lower_bound"] <= found["weighted_person_hours"] and found["orders_judged"] >= 10
    assert found["bound_proven"] and found["better_than_random"] > 0.3 and found["better_than_importance"] > 0.2
