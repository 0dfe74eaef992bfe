"""Residence times of tanks: by hand, of a file, of the reference city."""

from __future__ import annotations

import pytest

from anlan import anlan
from holdfast.domains.water.assess_storage import assess_storage
from holdfast.model.errors import Invalid
from water_files import city_of, city_of_rows, pipe

SUPPLY = {"junction": [{"id": "a", "elevation": 0.0}, {"id": "b", "elevation": 0.0, "demand": 0.001}], "reservoir": [{"id": "r", "head": 40.0}],
          "pipe": [pipe("1", "water.reservoir:r", "a"), pipe("2", "a", "b")],
          "secondary_supply": [{"id": "s", "node_id": "b", "tank_volume": 36.0}, {"id": "big", "node_id": "b", "tank_volume": 360.0},
                               {"id": "dry", "node_id": "a", "tank_volume": 5.0}, {"id": "none", "node_id": "b"}]}  # fmt: skip


@pytest.mark.clause("1o")
def test_a_tank_of_a_supply_holds_what_it_holds_over_what_is_drawn() -> None:
    answer = assess_storage(city_of_rows(**SUPPLY))
    rows = {row["id"].partition(":")[2]: row for row in answer.tables["storage"].to_pylist()}
    assert rows["s"]["residence_h"] == pytest.approx(10.0) and rows["s"]["within_target"]
    assert rows["big"]["residence_h"] == pytest.approx(100.0) and not rows["big"]["within_limit"]
    assert rows["dry"]["residence_h"] is None and not rows["dry"]["within_limit"], "nothing leaves it"
    assert "none" not in rows and answer.summary["above_limit"] == 2 and answer.findings.by_rule() == {"water.storage_time": 2}


def test_tanks_of_the_model_are_simulated(shared_data) -> None:
    answer = assess_storage(city_of(shared_data("water/literature/Net1.inp")), days=1.0)
    (row,) = answer.tables["storage"].to_pylist()
    assert row["basis"] == "simulated" and row["residence_h"] == pytest.approx(row["volume_m3"] / row["outflow_m3s"] / 3600) and row["residence_h"] > 5


@pytest.mark.clause("1o")
def test_the_reference_city_keeps_the_limit(tmp_path) -> None:
    answer = assess_storage(anlan(tmp_path / "c"), days=1.0)
    assert answer.summary["tanks"] >= 2 and answer.summary["above_limit"] == 0
    assert any((row["supply"] or "").startswith("water.secondary_supply:") for row in answer.tables["storage"].to_pylist())


def test_days_that_make_no_sense_are_refused() -> None:
    with pytest.raises(Invalid, match="days"):
        assess_storage(city_of_rows(**SUPPLY), days=0.0)
