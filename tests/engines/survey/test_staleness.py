"""How old surveys are, against limits by trait and by kind."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date
from pathlib import Path

import numpy as np
import pyarrow as pa
import pytest

from holdfast.engines.survey.staleness import staleness
from holdfast.model.city import City
from holdfast.model.errors import NotFound
from small_city import small_city
from survey_town import DOMAIN

TODAY = np.datetime64("2026-06-01")


@pytest.fixture
def city(tmp_path: Path) -> Iterator[City]:
    with small_city(tmp_path / "city", DOMAIN) as made:
        dates = [date(2010, 1, 1), date(2020, 1, 1), date(2025, 1, 1), None]
        made.append("town.pipe", pa.table({"id": [f"town.pipe:{i}" for i in range(4)], "survey_date": pa.array(dates, pa.date32()), "owner": ["Water Co"] * 4}))
        made.append("town.point", pa.table({"id": ["town.point:0"], "survey_date": pa.array([date(2022, 1, 1)], pa.date32())}))
        yield made


@pytest.mark.clause("1a", "4c")
def test_stale_facilities_by_date_and_kind(city: City) -> None:
    stale, ages = staleness(city, at=TODAY)
    assert [(r["id"], r["owner"]) for r in stale.to_pylist()] == [("town.pipe:0", "Water Co"), ("town.pipe:1", "Water Co")]
    assert stale["years"].to_pylist() == pytest.approx([16.414, 6.415], abs=0.001)
    by_kind = {r["kind"]: r for r in ages.to_pylist()}
    pipes = by_kind["town.pipe"]
    assert (pipes["assets"], pipes["undated"], pipes["stale"], pipes["oldest"]) == (4, 1, 2, date(2010, 1, 1))
    assert by_kind["town.point"]["stale"] == 0


def test_limits_are_settings(city: City) -> None:
    city.settings.set("survey.stale_years_by_kind", {"town.pipe": 10}, author="Sun")
    city.settings.set("survey.stale_years_point", 3, author="Sun")
    stale, ages = staleness(city, at=TODAY)
    assert [r["id"] for r in stale.to_pylist()] == ["town.pipe:0", "town.point:0"]
    assert {r["kind"]: r["limit_years"] for r in ages.to_pylist()} == {"town.pipe": 10.0, "town.point": 3.0}


def test_undated_can_be_listed_and_kinds_chosen(city: City) -> None:
    stale, ages = staleness(city, ["town.pipe"], TODAY, undated=True)
    assert stale["id"].to_pylist() == ["town.pipe:0", "town.pipe:1", "town.pipe:3"] and ages.num_rows == 1
    with pytest.raises(NotFound):
        staleness(city, ["town.road"])


def test_an_empty_city(tmp_path: Path) -> None:
    with small_city(tmp_path / "empty", DOMAIN) as made:
        stale, ages = staleness(made)
    assert stale.num_rows == ages.num_rows == 0
