"""The log of one asset, and one day against another."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from chain_city import SPRING, chain_city, delivery, update
from holdfast.app.change_log import diff_city, field_changes
from holdfast.app.update import apply_update, plan_update
from holdfast.model.city import City


@pytest.fixture
def city(tmp_path: Path) -> Iterator[City]:
    with chain_city(tmp_path / "city") as made:
        yield made


@pytest.mark.clause("1a")
def test_diff_between_two_days(city: City) -> None:
    _, pipes = delivery(city, 7, diameter=0.3)
    update(city, [("water.pipe", pipes.slice(1))])
    rows = diff_city(city, "2024-06-01", "2025-12-01").to_pylist()
    assert {(r["id"], r["change"]) for r in rows} == {("water.pipe:0", "closed"), ("water.pipe:6", "added"), *((f"water.pipe:{i}", "changed") for i in range(1, 6))}
    assert {r["field"] for r in rows if r["change"] == "changed"} == {"diameter"}
    assert diff_city(city, "2024-06-01", "2025-01-01").num_rows == 0
    assert diff_city(city, "2024-06-01", "2025-12-01", ["water.junction"]).num_rows == 0
    assert {r["change"] for r in diff_city(city, "2024-01-01", "2024-06-01").to_pylist()} == {"added"}
    assert diff_city(city, "2024-06-01").num_rows == len(rows)
    assert diff_city(city, "2024-02-01", "2024-06-01", known=True).num_rows == 0, "nothing had been recorded by then"


def test_a_correction_shows_in_the_log(city: City) -> None:
    """Facts replaced from the same day on were never true, but the log still tells what was believed."""
    _, pipes = delivery(city, 6, diameter=0.35)
    plan = plan_update(city, [("water.pipe", pipes)], SPRING)
    with city.repository.write() as writer:
        apply_update(writer, plan, SPRING)
    log = field_changes(city.history("water.pipe:1")).to_pylist()
    assert [(r["change"], r["new"]) for r in log] == [("created", None), ("changed", "0.35")]
    assert log[0]["valid_from"] == log[1]["valid_from"] and log[0]["recorded_at"] < log[1]["recorded_at"]
    assert set(city.as_of("2024-06-01").table("water.pipe")["diameter"].to_pylist()) == {0.35}
