"""A capability started over HTTP, and what is kept of it: record, tables, figures, report."""

from __future__ import annotations

from pathlib import Path

import pytest
from fastapi.testclient import TestClient

from anlan import anlan
from holdfast.web.server import create_app


@pytest.fixture(scope="module")
def client(tmp_path_factory: pytest.TempPathFactory):
    folder: Path = tmp_path_factory.mktemp("runs") / "city"
    with anlan(folder) as city:
        yield TestClient(create_app(city), raise_server_exceptions=False)


@pytest.fixture(scope="module")
def run(client: TestClient) -> str:
    answer = client.post("/api/run/water.assess_storage", json={"days": 1.0})
    assert answer.status_code == 200, answer.text
    return answer.json()["run"]


def test_a_run_is_listed_with_what_was_asked(client: TestClient, run: str) -> None:
    (listed,) = client.get("/api/runs?capability=water.assess_storage").json()
    assert listed["id"] == run and listed["parameters"] == {"days": 1.0} and listed["status"] == "done"


def test_a_run_says_which_figures_it_has_and_draws_them(client: TestClient, run: str) -> None:
    held = client.get(f"/api/runs/{run}").json()
    assert [(f["table"], f["kind"]) for f in held["figures"]] == [("storage", "barh")] and held["figures"][0]["title_zh"]
    drawn = client.get(f"/api/runs/{run}/figures/0")
    assert drawn.headers["content-type"] == "image/svg+xml" and drawn.text.startswith("<svg") and len(drawn.text) > 1000
    assert drawn.text in client.get(f"/api/runs/{run}/report").text, "the same figure as in the report"
    missing = client.get(f"/api/runs/{run}/figures/1")
    assert missing.status_code == 404 and "It has 1" in missing.json()["fix"]


def test_a_wrong_value_names_its_parameter_and_keeps_nothing(client: TestClient, run: str) -> None:
    refused = client.post("/api/run/water.isolate_break", json={"pipe": "water.pipe:NOPE"})
    assert refused.status_code == 404 and refused.json()["field"] == "pipe" and refused.json()["fix"]
    assert client.get("/api/runs?capability=water.isolate_break").json() == []
