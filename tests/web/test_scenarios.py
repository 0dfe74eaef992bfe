"""Scenarios that an HTTP body defines: the numbers of the same file, wrong fields named, kept over a restart of the server."""

from __future__ import annotations

import json
import shutil

import pyarrow.parquet as pq
import pytest
from fastapi.testclient import TestClient

from anlan import anlan
from holdfast.app.scenario import run_scenario
from holdfast.web.server import create_app
from scenario_jobs import wait_for_job

pytestmark = pytest.mark.slow
BODY = {
    "name": "north", "title": "Stronger", "hazard": "quake", "samples": 6, "seed": 4, "hours": [0, 6, 24, 72], "restoration": 0, "parameters": {"magnitude": 6.9, "depth": 8000.0},
    "crews": {"power": 1, "water": 1}, "depots": {"power": "roads.junction:J0", "water": ["water.pump_station:0"]}, "order": "nearest",
}  # fmt: skip
TOML = """
title = "Stronger"
hazard = "quake"
samples = 6
seed = 4
hours = [0, 6, 24, 72]
restoration = 0
order = "nearest"
[parameters]
magnitude = 6.9
depth = 8000.0
[crews]
power = 1
water = 1
[depots]
power = "roads.junction:J0"
water = ["water.pump_station:0"]
"""


@pytest.fixture(scope="module")
def city(tmp_path_factory):
    with anlan(tmp_path_factory.mktemp("scenarios") / "city") as made:
        yield made


@pytest.fixture(scope="module")
def client(city):
    with TestClient(create_app(city)) as made:
        yield made


def wait(client: TestClient, started) -> dict:
    assert started.status_code == 202, started.text
    return wait_for_job(client, started.json()["name"])


@pytest.fixture(scope="module")
def finished(client):
    return wait(client, client.post("/api/scenarios?workers=1", json=BODY))


def test_the_body_gives_the_numbers_of_the_same_file_in_python(client, city, finished, tmp_path):
    assert finished["status"] == "done" and finished["scenario"] == "north", finished["error"]
    (tmp_path / "north.toml").write_text(TOML, encoding="utf-8")
    done = run_scenario(city, str(tmp_path / "north.toml"), workers=1, out=tmp_path / "out")
    record = client.get(f"/api/runs/{finished['run']}").json()
    assert record["parameters"] == finished["definition"] == {**BODY, "depots": {name: [ids] if isinstance(ids, str) else ids for name, ids in BODY["depots"].items()}}
    assert record["summary"]["repair_rule"] == "nearest" and record["summary"]["depots"] == {"power": "roads.junction:J0", "water": "water.pump_station:0"}
    for name in ("impact", "curves", "components", "assets"):
        ours = client.get(f"/api/runs/{finished['run']}/tables/{name}?f=parquet").content
        (tmp_path / f"{name}.parquet").write_bytes(ours)
        assert pq.read_table(tmp_path / f"{name}.parquet").equals(done.answer.tables[name]), name
    assert record["summary"]["losses"] == json.loads(json.dumps(done.answer.summary["losses"]))


def test_another_magnitude_gives_another_answer(client, finished):
    curves = client.get(f"/api/runs/{finished['run']}/tables/curves").json()["rows"]
    weaker = wait(client, client.post("/api/scenarios?workers=1", json={**BODY, "parameters": {**BODY["parameters"], "magnitude": 5.5}}))
    assert client.get(f"/api/runs/{weaker['run']}/tables/curves").json()["rows"] != curves
    failed = [client.get(f"/api/runs/{run}").json()["summary"]["components_failed"] for run in (finished["run"], weaker["run"])]
    assert failed[0]["mean"] > failed[1]["mean"] > 0


def test_after_a_restart_of_the_server_the_kept_definition_is_gone_on_with(city, finished, client):
    record = client.get(f"/api/runs/{finished['run']}").json()
    with TestClient(create_app(city)) as again:
        assert again.get("/api/scenarios").json()["jobs"] == []
        assert finished["run"] in [run["id"] for run in again.get("/api/runs?capability=scenario").json()] and again.get(f"/api/runs/{finished['run']}").json() == record
        for body in (BODY, record["parameters"]):
            job = wait(again, again.post("/api/scenarios?workers=1&resume=true", json=body))
            assert job["status"] == "done" and (job["done"], job["resumed"]) == (6, 6) and job["definition"] == finished["definition"]
            assert again.get(f"/api/runs/{job['run']}").json()["parameters"] == record["parameters"]


def test_a_preset_as_it_is_listed_can_be_changed_and_sent(client):
    preset = next(p for p in client.get("/api/scenarios").json()["presets"] if p["name"] == "outage-substations")
    changed = {**preset, "hours": [0.0, 24.0]}
    refused = client.post("/api/scenarios", json=changed)
    assert refused.status_code == 422 and refused.json()["field"] == "name" and "another name" in refused.json()["fix"]
    job = wait(client, client.post("/api/scenarios?workers=1", json=changed | {"name": "one-day"}))
    assert job["status"] == "done" and job["definition"] == changed | {"name": "one-day"} and job["scenario"] == "one-day", job["error"]
    refused = client.post("/api/scenarios/outage-substations", json={"order": "by mood"})
    assert refused.status_code == 422 and refused.json()["field"] == "order" and "nearest" in refused.json()["fix"]


@pytest.mark.parametrize(
    ("change", "status", "field"),
    [
        ({"hazard": "volcano"}, 404, "hazard"), ({"magnitude": 7}, 422, "magnitude"), ({"parameters": {"magnitude": "strong"}}, 422, "parameters.magnitude"),
        ({"parameters": {"strength": 7}}, 422, "parameters.strength"), ({"hours": [6, 0]}, 422, "hours"), ({"samples": 0}, 422, "samples"), ({"samples": "many"}, 422, "samples"),
        ({"order": "by mood"}, 422, "order"), ({"restoration": -1}, 422, "restoration"), ({"crews": {"water": -2}}, 422, "crews.water"), ({"name": "../up"}, 422, "name"),
        ({"depots": {"power": "power.substation:none"}}, 404, "depots.power"), ({"depots": {"power": 3}}, 422, "depots.power"), ({"depots": {"magic": "a:b"}}, 422, "depots.magic"),
        ({"fragility": {"buildings.building": {"file": "/etc/hosts"}}}, 422, "fragility.buildings.building.file"),
        ({"parameters": {"rupture_file": "../outside.xml"}}, 422, "parameters.rupture_file"),
    ],
)  # fmt: skip
def test_a_wrong_field_is_refused_at_once_and_named(client, change, status, field):
    refused = client.post("/api/scenarios", json={**BODY, **change})
    assert refused.status_code == status and refused.json()["field"] == field and refused.json()["fix"], refused.text
    assert client.get("/api/scenarios").json()["jobs"] == [] or client.get("/api/scenarios").json()["jobs"][0]["status"] != "running"


def test_bodies_that_are_no_definition_are_refused(client):
    assert client.post("/api/scenarios", json=[1]).json()["status"] == 422
    assert client.post("/api/scenarios?workers=0", json=BODY).json()["field"] == "workers"
    assert client.post("/api/scenarios?workers=two", json=BODY).json()["field"] == "workers"
    nan = client.post("/api/scenarios", content='{"hazard": "quake", "parameters": {"fault": [0, NaN]}}', headers={"Content-Type": "application/json"})
    assert nan.status_code == 422 and nan.json()["field"] == "parameters.fault"


def test_what_only_the_city_shows_to_be_wrong_is_the_error_of_the_job(client):
    failed = wait(client, client.post("/api/scenarios", json={**BODY, "parameters": {"magnitude": 12.0}}))
    assert failed["status"] == "failed" and failed["error"]["status"] == 422 and failed["error"]["field"] == "parameters.magnitude" and failed["error"]["fix"]


def test_fragility_files_are_read_from_the_folder_of_the_city(client, city, shared_data):
    source = shared_data("earthquake/openquake_scenario_damage/structural_fragility_model.xml")
    shutil.copy(source, f"{city.repository.url}/fragility.xml")
    entry = {"file": "fragility.xml", "function": "none", "loss": [0.1, 0.3, 0.6, 1.0]}
    failed = wait(client, client.post("/api/scenarios", json={**BODY, "fragility": {"buildings.building": entry}}))
    assert failed["error"]["field"] == "fragility.buildings.building.function" and "Its functions are" in failed["error"]["fix"]
