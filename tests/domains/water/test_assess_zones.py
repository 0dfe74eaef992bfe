"""Pressure zones: by hand, of files with pumps and pressure valves, of the reference city."""

from __future__ import annotations

import pytest

from anlan import anlan
from holdfast.domains.water.assess_zones import assess_zones
from holdfast.model.errors import Invalid
from water_files import city_of, city_of_rows, pipe

LINE = {
    "junction": [{"id": "a", "elevation": 0.0}, {"id": "b", "elevation": 0.0, "demand": 0.001}, {"id": "c", "elevation": 0.0, "demand": 0.001}],
    "reservoir": [{"id": "r", "head": 40.0}], "pipe": [pipe("1", "water.reservoir:r", "a"), pipe("2", "a", "b"), pipe("3", "b", "c") | {"initial_status": "CLOSED"}],
}  # fmt: skip


def test_a_closed_pipe_parts_a_zone_that_nothing_feeds() -> None:
    answer = assess_zones(city_of_rows(**LINE))
    large, small = answer.tables["zones"].to_pylist()
    assert (large["nodes"], large["sources"], small["nodes"], small["sources"]) == (3, 1, 1, 0)
    assert large["highest_pressure_m"] == pytest.approx(40.0, abs=0.5) and small["mean_pressure_m"] is None
    (border,) = answer.tables["borders"].to_pylist()
    assert border["id"] == "water.pipe:3" and not border["open"] and {border["from_zone"], border["to_zone"]} == {0, 1}
    assert answer.findings.by_rule() == {"water.zone_without_source": 1} and answer.summary["zones_without_source"] == 1


def test_every_node_is_in_one_zone_and_lengths_and_demands_add_up(shared_data) -> None:
    """ky4 has pumps and no pressure valve, L-TOWN pressure valves and one pump."""
    from holdfast.domains.water.study import Study

    for name, least in (("ky4", 2), ("L-TOWN", 3)):
        city = city_of(shared_data(f"water/literature/{name}.inp"))
        answer, study = assess_zones(city), Study(city)
        table = answer.tables["zones"].to_pydict()
        assert answer.summary["zones"] >= least, name
        assert sum(table["nodes"]) == study.model.nodes and sum(table["demand_m3s"]) == pytest.approx(study.demand()[study.junction].sum())
        inner = study.model.length[(study.model.link_type <= 1) & (study.model.initial_status != 0)]
        assert sum(table["pipe_length_m"]) == pytest.approx(inner.sum(), rel=1e-9)


def test_zones_of_the_reference_city_have_sources_and_pressure(tmp_path) -> None:
    answer = assess_zones(anlan(tmp_path / "c"))
    assert answer.status == "done" and answer.summary["zones_without_source"] == 0
    assert answer.summary["borders"] == answer.tables["borders"].num_rows >= 2


def test_an_hour_that_makes_no_sense_is_refused() -> None:
    with pytest.raises(Invalid, match="hour"):
        assess_zones(city_of_rows(**LINE), hour=-1.0)
