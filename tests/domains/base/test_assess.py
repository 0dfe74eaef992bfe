"""The three assessments of the base domain, run as capabilities."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date
from pathlib import Path

import pyarrow as pa
import pytest

from holdfast.app.lifecycle import Decision, advance
from holdfast.app.running import run_capability
from holdfast.domains.base import DOMAIN as BASE
from holdfast.domains.water import DOMAIN as WATER
from holdfast.model.city import City
from holdfast.model.errors import Invalid, NotFound
from holdfast.model.tables import asset_schema
from small_city import small_city
from survey_town import DOMAIN as TOWN
from survey_town import KINDS, put, town


@pytest.fixture
def city(tmp_path: Path) -> Iterator[City]:
    with small_city(tmp_path / "city", BASE, TOWN, WATER) as made:
        yield made


@pytest.mark.clause("1a", "1l")
def test_survey(city: City) -> None:
    tables = put(put(town(), "town.pipe", 0, diameter=-1.0), "town.pipe", 1, material="铸铁")
    for name, table in tables.items():
        city.append(name, table.select(asset_schema(KINDS[name]).names))
    done = run_capability(city, "base.assess_survey", actor="test")
    summary = done.answer.summary
    assert summary["findings"] == {"error": 1, "warning": 0, "info": 1} and summary["rules"] == {"survey.code_alias": 1, "survey.nonpositive_size": 1}
    assert (summary["assets"], summary["assets_with_findings"], summary["faultless_share"]) == (22, 2, pytest.approx(20 / 22, abs=1e-6))
    rules = done.answer.tables["rules"].to_pylist()
    assert next((r["rule"], r["count"], r["title_zh"]) for r in rules) == ("survey.nonpositive_size", 1, "管径必须为正")
    assert all(r["standard"] and r["mark"] for r in rules)
    assert f"results/{done.run}/findings.parquet" in city.repository.files()
    only = run_capability(city, "base.assess_survey", {"kinds": ["town.sewer"], "checks": ["nonpositive_size"]}, keep=False).answer
    assert only.summary["assets"] == 5 and sum(only.summary["findings"].values()) == 0
    with pytest.raises(NotFound):
        run_capability(city, "base.assess_survey", {"checks": ["nothing"]}, keep=False)


def test_survey_of_an_empty_city(city: City) -> None:
    summary = run_capability(city, "base.assess_survey", keep=False).answer.summary
    assert summary["assets"] == 0 and summary["faultless_share"] is None


@pytest.mark.clause("1a", "4c")
def test_staleness(city: City) -> None:
    dates = pa.array([date(2010, 1, 1), date(2025, 1, 1), None], pa.date32())
    city.append("town.pipe", pa.table({"id": [f"town.pipe:{i}" for i in range(3)], "survey_date": dates}))
    answer = run_capability(city, "base.assess_staleness", {"day": "2026-06-01"}, keep=False).answer
    assert answer.summary["stale"] == 1 and answer.summary["undated"] == 1 and answer.summary["stale_share_of_dated"] == 0.5
    assert answer.summary["kinds"]["town.pipe"]["limit_years"] == 5.0
    assert answer.tables["stale"]["id"].to_pylist() == ["town.pipe:0"]
    with pytest.raises(Invalid):
        run_capability(city, "base.assess_staleness", {"day": "someday"}, keep=False)


@pytest.mark.clause("1j")
def test_readiness(city: City) -> None:
    hosts = pa.table({"id": [f"water.pump_station:{i}" for i in range(3)], "lifecycle": ["in_service", "accepted", "accepted"]})
    city.append("water.pump_station", hosts, valid_from="2026-01-01")
    advance(city, "water.pump_station:1", "in_service", "Wang", decision=Decision("Chen", "flood season", "2099-01-01"))
    answer = run_capability(city, "base.assess_readiness", keep=False).answer
    assert answer.summary == {"hosts": 3, "ready": 0, "not_ready": 3, "in_service_without_devices": 2, "exceptions": 1,
                              "findings": {"error": 2, "warning": 2, "info": 0}}  # fmt: skip
    rows = {(r["id"], r["value"]): r["rule"] for r in answer.findings.table().to_pylist()}  # type: ignore[union-attr]
    assert rows["water.pump_station:0", "water.flow_meter"] == "readiness.no_accepted_device"
    assert rows["water.pump_station:1", "water.flow_meter"] == "readiness.exception"
    assert answer.tables["exceptions"]["actor"].to_pylist() == ["Chen"]


def test_readiness_without_hosts(city: City) -> None:
    assert run_capability(city, "base.assess_readiness", keep=False).answer.summary["hosts"] == 0
