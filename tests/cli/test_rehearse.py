"""The commands simulate, report and scenario."""

from __future__ import annotations

import json
import subprocess

import pyarrow.parquet as pq
import pytest
from typer.testing import CliRunner

from anlan import anlan
from holdfast import catalog
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


ENGINES = {"water": "holdfast hydraulic", "drainage": "SWMM", "power": "holdfast sweep", "gas": "holdfast gas", "heat": "holdfast heat", "roads": "holdfast roads",
           "telecom": "holdfast telecom"}  # fmt: skip
"""How the name of what answers for the reference city begins."""


@pytest.mark.parametrize("network", [network.name for network in catalog.load().networks.values() if network.simulate])
def test_simulate_says_which_engine_answered(city, network):
    said = json.loads(call("simulate", city, network, "--hours", "1", "--json"))
    assert said["summary"]["engine"].startswith(ENGINES[network]) and said["status"] == "done"


def test_simulate_writes_parquet_and_its_report_is_a_page(city, tmp_path):
    said = json.loads(call("simulate", city, "water", "--hours", "2", "--out", str(tmp_path / "water.parquet"), "--json"))
    assert said["files"]
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
    for text in ("People without service", "Components failed", "cases:", "engines:", "seconds:", "report:", "No order of repairs can", "(proven)"):
        assert text in said
    body = json.loads(call("scenario", city, "quake-m6.0", "--samples", "8", "--workers", "1", "--out", str(tmp_path / "b"), "--json"))
    summary = body["summary"]
    assert body["progress"]["stage"] == "ended" and body["progress"]["cases"] == {"solved": 8} and body["progress"]["done"] == body["progress"]["total"] == 8
    assert body["status"] == "done" and summary["cases"]["total"] == 8 and {"people_without", "components_failed", "engines", "seconds", "losses"} <= set(summary)
    assert {"total", "solved"} <= set(summary["cases"]) and {"gather", "prepare", "ensemble", "restoration"} <= set(summary["seconds"])
    assert body["components"][0]["assets"] >= body["components"][0]["failed_p95"] >= body["components"][0]["failed_p5"]
    assert [row["rank"] for row in body["order"]] == list(range(1, summary["restoration"]["tasks"] + 1)) and {"id", "team", "done_hour"} <= set(body["order"][0])
    assert any("too few for a range" in note for note in summary["notes"])
    water = summary["people_without"]["water"]["24"]
    assert water["p5"] <= water["p50"] <= water["p95"]


def test_progress_with_json_is_json_lines_on_standard_error(city, tmp_path):
    result = CliRunner().invoke(app, ["scenario", city, "outage-substations", "--workers", "1", "--out", str(tmp_path / "p"), "--json"])
    assert result.exit_code == 0 and json.loads(result.stdout)["status"] == "done"
    told = [json.loads(line)["progress"] for line in result.stderr.splitlines() if line.startswith("{")]
    assert [now["stage"] for now in told] == ["gather", "prepare", "cases", "order", "keep", "ended"] and told[-1]["done"] == told[-1]["total"] > 0
    assert {"stage", "done", "total", "resumed", "cases", "seconds", "rest", "hour", "people"} == set(told[0])


def test_a_sweep_is_ranked_and_has_no_order_of_repairs(city, tmp_path):
    path = tmp_path / "sweep.toml"
    path.write_text('hazard = "outage"\n[parameters]\nkinds = ["power.transformer"]\nsweep = "n-1"\n')
    said = call("scenario", city, str(path), "--workers", "1", "--out", str(tmp_path / "s"))
    assert "What was taken out, by harm" in said and "order of repairs" not in said


def test_a_catalogue_answers_by_return_period(city, tmp_path):
    path = tmp_path / "catalogue.toml"
    path.write_text('hazard = "quake"\nsamples = 24\nrestoration = 0\n[parameters]\na = 3.0\nb = 1.0\nmin_magnitude = 5.5\nradius = 30000.0\n')
    body = json.loads(call("scenario", city, str(path), "--workers", "1", "--out", str(tmp_path / "c"), "--json"))
    rows, rate = body["exceedance"], body["summary"]["hazard"]["events_per_year"]
    known = [row["person_hours"] for row in rows if row["person_hours"] is not None]
    assert rate == pytest.approx(10**-2.5 - 10**-4.5) and known == sorted(known) and rows[-1]["return_period"] == 5000.0
    assert body["summary"]["average_year"]["events"] == rate and body["summary"]["average_year"]["direct_loss"] > 0


def test_results_that_do_not_fit_on_the_disk(city, tmp_path):
    mount = tmp_path / "small"
    mount.mkdir()
    if subprocess.run(["mount", "-t", "tmpfs", "-o", "size=300k", "none", str(mount)], capture_output=True, check=False).returncode:
        pytest.skip("mounting a small file system needs root")
    try:
        result = CliRunner().invoke(app, ["scenario", city, "quake-m6.0", "--samples", "4", "--workers", "1", "--out", str(mount / "o")])
        assert result.exit_code == 8 and "disk is full" in result.output and "--resume" in result.output
    finally:
        subprocess.run(["umount", "-l", str(mount)], check=True)


def test_no_workers_is_refused(city, tmp_path):
    call("scenario", city, "quake-m6.0", "--samples", "4", "--workers", "0", "--out", str(tmp_path / "w"), code=4)


def test_an_occupied_folder_is_refused(city, tmp_path):
    call("scenario", city, "outage-substations", "--out", str(tmp_path / "o"), "--workers", "1")
    call("scenario", city, "outage-substations", "--out", str(tmp_path / "o"), "--workers", "1", code=5)
    call("scenario", city, "nothing", code=3)
    call("scenario", city, "nothing", "--out", str(tmp_path / "n"), code=3)


def test_an_occupied_folder_and_a_wrong_resume_are_refused_before_anything_is_computed(city, tmp_path, monkeypatch):
    asked = ("scenario", city, "outage-substations", "--out", str(tmp_path / "o"), "--workers", "1")
    call(*asked)
    monkeypatch.setattr("holdfast.app.scenario.prepare", lambda *_: pytest.fail("the city was read"))
    call(*asked, code=5)
    call("scenario", city, "quake-m6.0", "--out", str(tmp_path / "o"), "--resume", code=5)
    call(*asked, "--resume", "--seed", "2", code=5)


@pytest.mark.parametrize(("out", "says"), [("/proc/x", "cannot be written there"), ("/dev/full", "no folder")])
def test_results_that_cannot_be_written_are_refused_before_anything_is_computed(city, monkeypatch, out, says):
    monkeypatch.setattr("holdfast.app.scenario.prepare", lambda *_: pytest.fail("the city was read"))
    result = CliRunner().invoke(app, ["scenario", city, "quake-m6.0", "--out", out])
    assert result.exit_code == 8 and says in result.output


@pytest.mark.parametrize(("address", "code"), [("nonsense", 4), ("127.0.0.1:8786", 4), ("tcp://127.0.0.1:9", 8)])
def test_a_wrong_cluster_leaves_no_folder_behind(city, tmp_path, monkeypatch, address, code):
    monkeypatch.setattr("holdfast.app.scenario.prepare", lambda *_: pytest.fail("the city was read"))
    monkeypatch.setattr("holdfast.engines.scenario.cluster.WAIT", 1.0)
    result = CliRunner().invoke(app, ["scenario", city, "quake-m6.0", "--cluster", address, "--out", str(tmp_path / "a" / "b")])
    assert result.exit_code == code and "tcp://127.0.0.1" in result.output and not (tmp_path / "a").exists()


@pytest.mark.parametrize(("out", "code"), [("x.pq", 4), ("missing/x.parquet", 8)])
def test_simulate_refuses_a_wrong_file_before_the_run(city, tmp_path, monkeypatch, out, code):
    monkeypatch.setattr("holdfast.app.simulating.simulate", lambda *_, **__: pytest.fail("the network was simulated"))
    call("simulate", city, "water", "--out", str(tmp_path / out), code=code)
