"""Valves around a break, who loses water, and what a stuck valve changes."""

from __future__ import annotations

import pytest

from anlan import anlan
from holdfast.domains.water.isolate_break import isolate_break
from holdfast.model.errors import NotFound
from water_files import ROW, city_of, city_of_rows


def asked(*ids: str, table) -> list[str]:
    return [row["id"].partition(":")[2] for row in table.to_pylist() if row["reason"] in (ids or ("close", "instead of a stuck one"))]


@pytest.mark.clause("1b", "1k")
def test_a_break_is_closed_off_and_those_beyond_are_cut_off() -> None:
    answer = isolate_break(city_of_rows(**ROW), pipe="3")
    assert sorted(asked(table=answer.tables["valves"])) == ["v2", "v4"]
    states = {row["id"].partition(":")[2]: row["state"] for row in answer.tables["nodes"].to_pylist()}
    assert states == {"b": "emptied", "c": "emptied", "d": "cut off"}
    assert answer.summary["demand_lost_m3s"] == pytest.approx(0.03) and answer.summary["people_without_water"] == 300
    assert answer.summary["customers"] == {"water.hydrant": 1} and answer.summary["emptied_length_m"] == 200
    assert answer.findings.by_rule() == {"hydraulics.valve_without_pipe": 1}


def test_a_stuck_valve_is_passed_by_and_said() -> None:
    answer = isolate_break(city_of_rows(**ROW), pipe="3", stuck=["v2"])
    assert sorted(asked(table=answer.tables["valves"])) == ["v1", "v4"]
    assert asked("stuck", table=answer.tables["valves"]) == ["v2"] and asked("instead of a stuck one", table=answer.tables["valves"]) == ["v1"]
    assert answer.summary["people_without_water"] == 400


def test_without_a_valve_the_source_is_inside_and_it_says_so() -> None:
    answer = isolate_break(city_of_rows(**{**ROW, "isolation_valve": []}), pipe="3")
    assert answer.summary["source_inside"] and answer.summary["valves_to_close"] == 0
    assert answer.findings.by_rule() == {"water.no_valves": 1, "water.source_inside": 1}


def test_pumps_and_check_valves_close_too(shared_data) -> None:
    answer = isolate_break(city_of(shared_data("water/literature/Net3.inp")), pipe="60")
    assert "water.pump:335" in answer.tables["valves"]["id"].to_pylist()


def test_the_reference_city_names_who_is_without_water(tmp_path) -> None:
    city = anlan(tmp_path / "c")
    ends = {row["to_id"]: row["id"] for row in city.table("water.pipe").to_pylist()}
    links = city.links(relation="serves").to_pylist()
    fed = next(row["from_id"] for row in links if row["service"] == "water" and row["to_id"].startswith("buildings.building:") and row["from_id"] in ends)
    service = ends[fed]
    answer = isolate_break(city, pipe=service)
    served = answer.tables["customers"].to_pylist()
    assert any(row["kind"] == "buildings.building" and row["fed_by"] == fed for row in served)
    assert answer.summary["people_without_water"] > 0 and answer.summary["valves_to_close"] >= 1


@pytest.mark.parametrize(("given", "near"), [({"pipe": "33"}, "pipe"), ({"pipe": "3", "stuck": ["v3"]}, "valve")])
def test_unknown_names_are_named(given: dict, near: str) -> None:
    with pytest.raises(NotFound, match=near) as caught:
        isolate_break(city_of_rows(**ROW), **given)
    assert caught.value.fix
