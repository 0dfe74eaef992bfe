"""Scenarios, kept runs and what-if through HTTP: what the page uses."""

from __future__ import annotations

import io
import time

import pyarrow.parquet as pq
import pytest
from fastapi.testclient import TestClient

from anlan import anlan
from holdfast.web.server import create_app
from scenario_jobs import wait_for_job

pytestmark = pytest.mark.slow


@pytest.fixture(scope="module")
def client(tmp_path_factory):
    with anlan(tmp_path_factory.mktemp("rehearse") / "city") as city, TestClient(create_app(city)) as made:
        yield made


@pytest.fixture(scope="module")
def finished(client):
    started = client.post("/api/scenarios/quake-m6.0", json={"samples": 16, "seed": 2, "workers": 1})
    assert started.status_code == 202 and started.json()["status"] == "running"
    assert client.post("/api/scenarios/quake-m6.0", json={}).status_code == 409
    return wait_for_job(client, started.json()["name"])


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
    values = [f["properties"]["hours_without"] for f in points]
    assert values == sorted(values, reverse=True) and all(113 < f["geometry"]["coordinates"][0] < 115 for f in points)
    assert client.get(f"{base}/tables/none").status_code == 404 and client.get(f"{base}/tables/impact?f=xml").status_code == 422
    assert client.get(f"{base}/points/impact?value=people").status_code == 404


def test_the_probability_of_being_without_by_hour_is_put_on_the_map(client, finished):
    base = f"/api/runs/{finished['run']}"
    table = pq.read_table(io.BytesIO(client.get(f"{base}/tables/outage?f=parquet&service=water").content))
    hours = [name for name in table.column_names if name.startswith("h")]
    assert set(table["service"].to_pylist()) == {"water"} and {"h0", "h24", "h720"} <= set(hours)
    found = client.get(f"{base}/points/outage?value={','.join(hours)}&service=water").json()["features"]
    assert len(found) == table.num_rows and {"id", "people", *hours} <= set(found[0]["properties"])
    given = {row["id"]: row["h24"] for row in table.to_pylist()}
    assert {f["properties"]["id"]: f["properties"]["h24"] for f in found} == pytest.approx(given)
    highest = [max(f["properties"][hour] for hour in hours) for f in found]
    assert highest == sorted(highest, reverse=True)
    assert client.get(f"{base}/points/outage?value=h5&service=water").status_code == 404


def test_rows_about_assets_get_the_shapes_of_the_assets(client, finished):
    base = f"/api/runs/{finished['run']}"
    zones = client.get(f"{base}/shapes/zones?service=electricity&areas=true").json()
    assert zones["numberReturned"] == zones["numberMatched"] > 0
    assert {f["geometry"]["type"] for f in zones["features"]} <= {"Polygon", "MultiPolygon"}
    damaged = client.get(f"{base}/shapes/assets?value=fails&limit=500").json()["features"]
    kinds = {f["properties"]["kind"]: f["geometry"]["type"] for f in damaged}
    assert kinds["buildings.building"] == "Point" and "LineString" in kinds.values()
    assert all(0 < f["properties"]["fails"] <= 1 for f in damaged)
    order = client.get(f"{base}/shapes/order").json()["features"]
    assert [f["properties"]["rank"] for f in order] == list(range(1, len(order) + 1))
    assert client.get(f"{base}/shapes/impact").status_code == 404, "services are no assets"


def test_its_report_is_a_page(client, finished):
    page = client.get(f"/api/runs/{finished['run']}/report")
    assert page.headers["content-type"].startswith("text/html") and "<svg" in page.text and "<h1>Earthquake m6.0" in page.text and "地震 m6.0" in page.text
    assert client.get("/api/runs/none/report").status_code == 404


def test_a_wrong_scenario_is_refused_at_once(client):
    assert client.post("/api/scenarios/quake-m99", json={}).status_code == 404
    for wish, field in (
        ({"samples": 0}, "samples"), ({"samples": "many"}, "samples"), ({"seed": -1}, "seed"), ({"workers": 0}, "workers"), ({"crews": {"water": -2}}, "crews.water"),
    ):  # fmt: skip
        refused = client.post("/api/scenarios/quake-m6.0", json=wish)
        assert refused.status_code == 422 and refused.json()["field"] == field and refused.json()["fix"], wish
    assert client.get("/api/scenarios/jobs/77").status_code == 404


def test_a_cancelled_scenario_keeps_what_is_finished_and_is_gone_on_with(client, finished):
    wish = {"samples": 320, "workers": 1, "crews": {"water": 5}}
    started = client.post("/api/scenarios/quake-m6.5", json=wish).json()
    deadline, stages = time.monotonic() + 120, []
    while (now := client.get(f"/api/scenarios/jobs/{started['name']}").json())["done"] == 0 and time.monotonic() < deadline:
        stages += [] if now["stage"] in stages else [now["stage"]]
        time.sleep(0.02)
    assert stages == [stage for stage in ("gather", "prepare", "cases") if stage in stages] and now["stage"] == "cases"
    assert now["total"] == 320 and now["cases"] == {"solved": now["done"]} and now["rest"] > 0 and now["seconds"] > 0 and now["hour"] == 24
    assert now["people"]["water"]["p5"] <= now["people"]["water"]["p50"] <= now["people"]["water"]["p95"]
    assert client.delete(f"/api/scenarios/jobs/{started['name']}").json()["stopping"] is True
    ended = wait_for_job(client, started["name"])
    assert ended["status"] == "cancelled" and ended["stage"] == "ended" and 0 < ended["done"] < 320
    summary = client.get(f"/api/runs/{ended['run']}").json()["summary"]
    assert summary["cases"]["total"] == ended["done"] and summary["crews"]["water"] == 5
    again = wait_for_job(client, client.post("/api/scenarios/quake-m6.5", json={**wish, "resume": True}).json()["name"])
    assert again["status"] == "done" and (again["done"], again["resumed"]) == (320, ended["done"]) and again["cases"] == {"solved": 320}


def test_what_if_over_http(client):
    grid = client.get("/api/assets/power.external_grid?columns=id").json()["rows"][0]["id"]
    opened = client.post("/api/what-if", json=[{"id": grid, "action": "fail"}]).json()
    assert opened["people"]["electricity"] > 0 and opened["status"] == "solved"
    name = opened["overlay"]
    marks = client.get(f"/api/what-if/{name}/map").json()
    states = {f["properties"]["id"]: f["properties"]["state"] for f in marks["features"]}
    assert len(states) == marks["numberReturned"] and states[grid] == "changed" and set(states.values()) >= {"changed", "stopped", "reading"}
    assert {a["id"] for a in opened["assets"]} - {grid} <= {i for i, state in states.items() if state == "stopped"}
    assert opened["counts"] == {key: len(opened[key]) for key in ("assets", "services", "readings")}
    assert client.post(f"/api/what-if/{name}/undo").json()["people"]["electricity"] == 0
    assert client.get(f"/api/what-if/{name}/map").json()["features"] == []
    assert client.post(f"/api/what-if/{name}/redo").json()["people"] == opened["people"]
    pipe = client.get("/api/assets/water.pipe?columns=id&limit=1").json()["rows"][0]["id"]
    assert len(client.post(f"/api/what-if/{name}/changes", json=[{"id": pipe, "action": "isolate"}]).json()["changes"]) == 2
    assert client.get(f"/api/what-if/{name}").json()["changes"][0]["id"] == grid
    assert client.post(f"/api/what-if/{name}/sideways").status_code == 422
    assert client.post(f"/api/what-if/{name}/changes", json=[{"id": "x"}]).status_code == 422
    assert client.delete(f"/api/what-if/{name}").status_code == 200 and client.get(f"/api/what-if/{name}").status_code == 404
    assert set(client.get("/api/what-if/actions").json()) == {"fail", "isolate", "connect", "burst"}
