"""Scenarios, kept runs and what-if through HTTP: what the page uses."""

from __future__ import annotations

import io
import time

import pyarrow.parquet as pq
import pytest
from fastapi.testclient import TestClient

from anlan import anlan
from holdfast.web.server import create_app

pytestmark = pytest.mark.slow


@pytest.fixture(scope="module")
def client(tmp_path_factory):
    with anlan(tmp_path_factory.mktemp("rehearse") / "city") as city, TestClient(create_app(city)) as made:
        yield made


def wait(client: TestClient, job: str) -> dict:
    deadline = time.monotonic() + 150
    while time.monotonic() < deadline:
        found = client.get(f"/api/scenarios/jobs/{job}").json()
        if found["status"] != "running":
            return found
        time.sleep(0.1)
    raise AssertionError("the scenario did not end")


@pytest.fixture(scope="module")
def finished(client):
    started = client.post("/api/scenarios/quake-m6.0", json={"samples": 16, "seed": 2, "workers": 1})
    assert started.status_code == 202 and started.json()["status"] == "running"
    assert client.post("/api/scenarios/quake-m6.0", json={}).status_code == 409
    return wait(client, started.json()["name"])


def test_presets_are_listed(client):
    names = {preset["name"] for preset in client.get("/api/scenarios").json()["presets"]}
    assert {"quake-m6.5", "outage-water-pipes"} <= names


def test_a_scenario_runs_in_the_background_and_is_kept(client, finished):
    assert finished["status"] == "done" and (finished["done"], finished["total"]) == (16, 16), finished["error"]
    record = client.get(f"/api/runs/{finished['run']}").json()
    assert record["capability"] == "scenario" and record["summary"]["cases"]["total"] == 16 and record["parameters"]["samples"] == 16
    assert [r["id"] for r in client.get("/api/runs?capability=scenario").json()] == [finished["run"]]
    assert {"impact", "curves", "assets", "components"} <= set(record["tables"])


def test_its_tables_as_json_parquet_and_points(client, finished):
    base = f"/api/runs/{finished['run']}"
    impact = client.get(f"{base}/tables/impact").json()
    assert impact["numberMatched"] == len(impact["rows"]) > 3
    table = pq.read_table(io.BytesIO(client.get(f"{base}/tables/impact?f=parquet").content))
    assert table.num_rows == len(impact["rows"])
    points = client.get(f"{base}/points/assets?value=hours_without").json()["features"]
    values = [f["properties"]["value"] for f in points]
    assert values == sorted(values, reverse=True) and all(113 < f["geometry"]["coordinates"][0] < 115 for f in points)
    assert client.get(f"{base}/tables/none").status_code == 404 and client.get(f"{base}/tables/impact?f=xml").status_code == 422
    assert client.get(f"{base}/points/impact?value=people").status_code == 404


def test_its_report_is_a_page(client, finished):
    page = client.get(f"/api/runs/{finished['run']}/report")
    assert page.headers["content-type"].startswith("text/html") and "<svg" in page.text
    assert client.get("/api/runs/none/report").status_code == 404


def test_a_wrong_scenario_is_refused_at_once(client):
    assert client.post("/api/scenarios/quake-m99", json={}).status_code == 404
    assert client.post("/api/scenarios/quake-m6.0", json={"samples": 0}).status_code == 422
    assert client.get("/api/scenarios/jobs/77").status_code == 404


def test_a_cancelled_scenario_keeps_what_is_finished(client, finished):
    started = client.post("/api/scenarios/quake-m6.5", json={"samples": 6400, "workers": 1}).json()
    deadline = time.monotonic() + 120
    while client.get(f"/api/scenarios/jobs/{started['name']}").json()["done"] == 0 and time.monotonic() < deadline:
        time.sleep(0.05)
    client.delete(f"/api/scenarios/jobs/{started['name']}")
    ended = wait(client, started["name"])
    assert ended["status"] == "cancelled" and 0 < ended["done"] < 6400
    assert client.get(f"/api/runs/{ended['run']}").json()["summary"]["cases"]["total"] == ended["done"]


def test_what_if_over_http(client):
    grid = client.get("/api/assets/power.external_grid?columns=id").json()["rows"][0]["id"]
    opened = client.post("/api/what-if", json=[{"id": grid, "action": "fail"}]).json()
    assert opened["people"]["electricity"] > 0 and opened["status"] == "solved"
    name = opened["overlay"]
    assert client.post(f"/api/what-if/{name}/undo").json()["people"]["electricity"] == 0
    assert client.post(f"/api/what-if/{name}/redo").json()["people"] == opened["people"]
    pipe = client.get("/api/assets/water.pipe?columns=id&limit=1").json()["rows"][0]["id"]
    assert len(client.post(f"/api/what-if/{name}/changes", json=[{"id": pipe, "action": "isolate"}]).json()["changes"]) == 2
    assert client.get(f"/api/what-if/{name}").json()["changes"][0]["id"] == grid
    assert client.post(f"/api/what-if/{name}/sideways").status_code == 422
    assert client.post(f"/api/what-if/{name}/changes", json=[{"id": "x"}]).status_code == 422
    assert client.delete(f"/api/what-if/{name}").status_code == 200 and client.get(f"/api/what-if/{name}").status_code == 404
    assert set(client.get("/api/what-if/actions").json()) == {"fail", "isolate", "connect", "burst"}
