"""The commands simulate, report and scenario."""

from __future__ import annotations

import json

import pyarrow.parquet as pq
import pytest
from typer.testing import CliRunner

from anlan import anlan
from holdfast.cli.main import app

pytestmark = pytest.mark.slow


@pytest.fixture(scope="module")
def city(tmp_path_factory) -> str:
    folder = tmp_path_factory.mktemp("cli") / "city"
    anlan(folder).close()
    return str(folder)


def call(*arguments: str, code: int = 0) -> str:
    result = CliRunner().invoke(app, list(arguments))
    assert result.exit_code == code, result.output
    return result.stdout


def test_simulate_says_which_engine_answered_and_writes_parquet(city, tmp_path):
    said = json.loads(call("simulate", city, "water", "--hours", "2", "--out", str(tmp_path / "water.parquet"), "--json"))
    assert "engine" in json.dumps(said["summary"]) and said["files"]
    assert all(pq.read_table(path).num_rows for path in said["files"])
    page = tmp_path / "water.html"
    assert "written" in call("report", city, said["run"], str(page)) and page.read_text().startswith("<!doctype html>")


def test_simulate_of_something_else(city):
    call("simulate", city, "steam", code=3)
    call("report", city, "none", "r.html", code=3)


def test_scenarios_are_listed(city):
    assert "quake-m6.5" in call("scenario", city)
    assert json.loads(call("scenario", city, "--json"))["quake-m6.5"]["hazard"] == "quake"


def test_a_scenario_answers_in_words_and_json(city, tmp_path):
    said = call("scenario", city, "quake-m6.0", "--samples", "8", "--workers", "1", "--out", str(tmp_path / "a"))
    for text in ("People without service", "Components failed", "cases:", "engines:", "seconds:", "report:"):
        assert text in said
    body = json.loads(call("scenario", city, "quake-m6.0", "--samples", "8", "--workers", "1", "--out", str(tmp_path / "b"), "--json"))
    summary = body["summary"]
    assert body["progress"]["stage"] == "ended" and body["progress"]["cases"] == {"solved": 8} and body["progress"]["done"] == body["progress"]["total"] == 8
    assert body["status"] == "done" and summary["cases"]["total"] == 8 and {"people_without", "components_failed", "engines", "seconds", "losses"} <= set(summary)
    water = summary["people_without"]["water"]["24"]
    assert water["p5"] <= water["p50"] <= water["p95"]


def test_progress_with_json_is_json_lines_on_standard_error(city, tmp_path):
    result = CliRunner().invoke(app, ["scenario", city, "outage-substations", "--workers", "1", "--out", str(tmp_path / "p"), "--json"])
    assert result.exit_code == 0 and json.loads(result.stdout)["status"] == "done"
    told = [json.loads(line)["progress"] for line in result.stderr.splitlines() if line.startswith("{")]
    assert [now["stage"] for now in told] == ["gather", "prepare", "cases", "order", "keep", "ended"] and told[-1]["done"] == told[-1]["total"] > 0
    assert {"stage", "done", "total", "resumed", "cases", "seconds", "rest", "hour", "people"} == set(told[0])


def test_an_occupied_folder_is_refused(city, tmp_path):
    call("scenario", city, "outage-substations", "--out", str(tmp_path / "o"), "--workers", "1")
    call("scenario", city, "outage-substations", "--out", str(tmp_path / "o"), "--workers", "1", code=5)
    call("scenario", city, "nothing", code=3)
    call("scenario", city, "quake-m6.0", "--cluster", "tcp://127.0.0.1:9", "--out", str(tmp_path / "c"), code=8)
