"""The whole check run over a stored city, and its settings and declarations."""

from __future__ import annotations

from pathlib import Path

import pytest

from holdfast.engines.survey import SETTINGS
from holdfast.engines.survey.checks import run_checks
from holdfast.engines.survey.declared import CHECKS
from holdfast.engines.survey.settings import COVER, MANHOLE_SPACING, MIN_SLOPE
from holdfast.model.city import City
from holdfast.model.errors import NotFound
from holdfast.model.finding import SEVERITIES
from holdfast.model.tables import asset_schema
from small_city import small_city
from survey_town import DOMAIN, KINDS, Tables, add, put, town


def stored(path: Path, tables: Tables) -> City:
    city = small_city(path / "city", DOMAIN)
    for name, table in tables.items():
        if table.num_rows:
            city.append(name, table.select(asset_schema(KINDS[name]).names))
    return city


FAULTY = put(put(add(town(), "town.point", 0, id="town.point:x", geometry=(900.0, 0.0, 1.0), map_number="x"), "town.pipe", 0, diameter=-1.0),
             "town.sewer", 2, to_elevation=19.0, to_depth=None, geometry=None)  # fmt: skip


@pytest.mark.clause("1a", "1l")
def test_a_faultless_city_passes(tmp_path: Path) -> None:
    with stored(tmp_path, town()) as city:
        assert run_checks(city).table().to_pylist() == []


def test_everything_is_found_with_its_place(tmp_path: Path) -> None:
    with stored(tmp_path, FAULTY) as city:
        findings = run_checks(city)
        rules = findings.by_rule()
        assert rules["survey.orphan_point"] == rules["survey.nonpositive_size"] == rules["survey.reverse_slope"] == 1
        assert rules["survey.geometry"] == 1
        lone = next(r for r in findings.table().to_pylist() if r["rule"] == "survey.orphan_point")
        assert (lone["x"], lone["y"]) == (900.0, 0.0)


def test_kinds_and_checks_can_be_chosen(tmp_path: Path) -> None:
    with stored(tmp_path, FAULTY) as city:
        assert run_checks(city, ["town.point"]).by_rule() == {"survey.orphan_point": 1}
        assert run_checks(city, checks=["nonpositive_size", "survey.orphan_point"]).by_rule() == {"survey.nonpositive_size": 1, "survey.orphan_point": 1}
        rows = run_checks(city, ["town.sewer"], ["reverse_slope"]).table().to_pylist()
        assert [(r["id"], r["severity"], r["column"]) for r in rows] == [("town.sewer:2", "warning", "to_elevation")] and "rises" in rows[0]["message"]
        for bad in ({"kinds": ["town.road"]}, {"checks": ["nothing"]}):
            with pytest.raises(NotFound):
                run_checks(city, **bad)


def test_settings_of_the_city_are_used(tmp_path: Path) -> None:
    with stored(tmp_path, put(town(), "town.sewer", 1, from_depth=2.2)) as city:
        assert "survey.line_level_sum" in run_checks(city).by_rule()
        city.settings.set("survey.level_tolerance", 0.5, author="Sun")
        assert "survey.line_level_sum" not in run_checks(city).by_rule()


def test_an_empty_city_has_nothing_to_find(tmp_path: Path) -> None:
    with stored(tmp_path, {}) as city:
        assert len(run_checks(city)) == 0


def test_every_check_is_fully_declared() -> None:
    for check in CHECKS.values():
        assert check.name.startswith("survey.") and check.severity in SEVERITIES and check.title and check.title_zh and check.fix and check.source.standard
    keys = [s.key for s in SETTINGS]
    assert len(set(keys)) == len(keys) and all(s.title and s.title_zh and s.source.standard for s in SETTINGS)
    assert all(row.source.mark in ("found", "recalled") and row.source.reference for row in (*COVER, *MIN_SLOPE, *MANHOLE_SPACING))


@pytest.mark.clause("1a")
def test_the_practice_list_is_complete() -> None:
    """Standards digest 5.1, data-quality checks used in practice: each item has its rule."""
    items = {
        "map number = field number": "number_mismatch", "duplicate point ids with differing attributes": "duplicate_number",
        "characteristic and attachment mutually exclusive": "feature_and_attachment", "duplicate x, y, z": "duplicate_position",
        "code matches name": "feature_code_mismatch", "line start != end": "start_is_end", "duplicate lines": "duplicate_line",
        "reversed duplicate lines": "reversed_duplicate", "depth <= configured maximum": "too_deep", "same elevation and depth in all lines": "point_level_differs",
        "same material in all lines": "material_changes", "same section in all lines": "section_changes", "missing points": "missing_point",
        "orphan points": "orphan_point", "ground = depth + pipe elevation": "line_level_sum",
    }  # fmt: skip
    assert {f"survey.{rule}" for rule in items.values()} <= set(CHECKS)
