"""Levels, depths, slopes and sections: one fault at a time."""

from __future__ import annotations

import numpy as np
import pytest

from survey_town import STEP, Tables, add, found, judge, put, town


def rules(tables: Tables, **settings: float) -> set[str]:
    return {rule for rule, _ in found(tables, **settings)}


def test_ground_is_depth_plus_level() -> None:
    assert found(put(town(), "town.point", 3, ground_elevation=30.0)) == {
        ("level_sum", "town.point:4"), ("line_level_sum", "town.pipe:3"), ("line_level_sum", "town.pipe:4")}  # fmt: skip
    faulty = put(town(), "town.sewer", 1, from_depth=2.2)
    assert found(faulty) == {("line_level_sum", "town.sewer:1"), ("point_level_differs", "town.manhole:1")}
    assert found(faulty, level_tolerance=0.25) == set()


def test_same_level_in_all_lines_of_a_point() -> None:
    tables = town()
    level = tables["town.pipe"]["from_elevation"][2].as_py()
    faulty = put(tables, "town.pipe", 2, from_elevation=level - 0.4, from_depth=1.6)
    assert ("point_level_differs", "town.point:2") in found(faulty)


def test_a_drop_in_a_manhole_is_no_fault() -> None:
    tables = town()
    level, depth = (tables["town.sewer"][n][2].as_py() for n in ("from_elevation", "from_depth"))
    assert rules(put(tables, "town.sewer", 2, from_elevation=level - 0.3, from_depth=depth + 0.3)) == {"level_not_geometry"}


def test_above_ground_only_when_buried() -> None:
    faulty = put(town(), "town.pipe", 0, from_elevation=25.0, from_depth=None)
    assert ("level_above_ground", "town.pipe:0") in found(faulty)
    assert "level_above_ground" not in rules(put(faulty, "town.pipe", 0, laying="JK"))
    assert "level_above_ground" in rules(put(faulty, "town.pipe", 0, laying=None))
    channel = put(town(), "town.sewer", 0, from_elevation=21.0, from_depth=None)
    assert "level_above_ground" in rules(channel) and "level_above_ground" not in rules(put(channel, "town.sewer", 0, shape="TRAPEZOIDAL"))


def test_level_and_geometry() -> None:
    tables = town()
    ends = np.array([[0.0, 0.0, 18.8], [STEP, 0.0, 17.0]])
    assert found(put(tables, "town.pipe", 0, geometry=ends)) == {("level_not_geometry", "town.pipe:0")}
    assert found(put(tables, "town.pipe", 0, geometry=ends * (1, 1, 0))) == set(), "a drawing with heights of zero says nothing"


@pytest.mark.clause("1c")
def test_reverse_slope_only_in_gravity_networks() -> None:
    tables = town()
    end = tables["town.sewer"]["from_elevation"][2].as_py()
    faulty = put(tables, "town.sewer", 2, to_elevation=end + 0.1, to_depth=None, geometry=None)
    assert ("reverse_slope", "town.sewer:2") in found(faulty)
    row = next(r for r in judge(faulty).table().to_pylist() if r["rule"] == "survey.reverse_slope")
    assert row["message"] == "the line rises 0.100 m in its flow direction" and float(row["value"]) == pytest.approx(0.1)
    assert "reverse_slope" not in rules(faulty, reverse_slope_tolerance=0.2)
    assert "reverse_slope" not in rules(put(faulty, "town.sewer", 2, shape="FORCE_MAIN"))
    rising = put(tables, "town.pipe", 2, to_elevation=19.0, to_depth=None, geometry=None)
    assert "reverse_slope" not in rules(rising)


@pytest.mark.clause("1c")
def test_levels_come_from_the_points_where_lines_have_none() -> None:
    tables = put(town(), "town.sewer", 2, from_elevation=None, to_elevation=None, from_depth=None, to_depth=None, geometry=None)
    assert "reverse_slope" not in rules(tables)
    assert "reverse_slope" in rules(put(tables, "town.sewer", 2, to_offset=1.5))


@pytest.mark.parametrize(("diameter", "material", "slope", "flat"), [(0.3, "T", 0.0025, True), (0.3, "PE", 0.0025, False), (0.2, "PE", 0.005, True),
                                                                      (0.4, "T", 0.0005, False)])  # fmt: skip
def test_least_slope_by_diameter_and_material(diameter: float, material: str, slope: float, flat: bool) -> None:
    tables = town(1)
    level = tables["town.sewer"]["from_elevation"][0].as_py()
    tables = put(tables, "town.sewer", 0, to_elevation=level - slope * STEP, to_depth=None, diameter=diameter, material=material, shape="CIRCULAR")
    assert ("min_slope" in rules(tables)) is flat
    assert "min_slope" not in rules(put(tables, "town.sewer", 0, shape="TRAPEZOIDAL"))


def test_sewer_diameter_and_spacing() -> None:
    assert "min_diameter" in rules(put(town(), "town.sewer", 0, diameter=0.15))
    far = np.array([[0.0, 10.0, 18.0], [0.0, 90.0, 17.2]])
    assert "manhole_spacing" in rules(put(town(), "town.sewer", 0, geometry=far))
    assert "manhole_spacing" not in rules(put(town(), "town.sewer", 0, geometry=far, diameter=0.8))


@pytest.mark.clause("1c")
def test_diameter_reduction_downstream() -> None:
    faulty = put(town(), "town.sewer", 3, diameter=0.3)
    assert found(faulty) == {("diameter_reduction", "town.sewer:3")}
    assert "300 mm, the one before it 400 mm (1 size less" in judge(faulty).table()["message"][0].as_py()
    assert found(put(town(), "town.sewer", 3, diameter=0.5)) == {("diameter_reduction", "town.sewer:4")}
    parallel = add(faulty, "town.sewer", 3, id="town.sewer:wide", diameter=0.4, geometry=[[3 * STEP, 10, 15.6], [4 * STEP, 10.05, 14.8]])
    assert "diameter_reduction" not in rules(parallel), "another line leaves the point as wide"


@pytest.mark.parametrize(("kind", "cells", "shallow"), [
    ("town.pipe", {"from_depth": 0.5}, True), ("town.pipe", {"from_depth": 0.65}, False), ("town.pipe", {"from_depth": 0.5, "laying": "JK"}, False),
    ("town.sewer", {"from_depth": 0.9}, True), ("town.sewer", {"from_depth": 1.1}, False), ("town.pipe", {"from_depth": None, "from_elevation": 19.6}, True),
])  # fmt: skip
def test_cover(kind: str, cells: dict, shallow: bool) -> None:
    """Depths of pressure pipes are to the top, of sewers to the invert, so a sewer needs its diameter more."""
    assert ("cover" in rules(put(town(), kind, 0, **cells))) is shallow


def test_material_and_section_change_only_at_change_points() -> None:
    tables = put(town(), "town.point", 1, feature="直线点", attachment=None)
    assert found(tables) == set()
    assert found(put(tables, "town.pipe", 2, material="G")) == {("material_changes", "town.point:2")}
    assert found(put(tables, "town.pipe", 2, diameter=0.3)) == {("section_changes", "town.point:2")}
    assert found(put(put(tables, "town.point", 1, feature="变径"), "town.pipe", 2, diameter=0.3)) == set()
    assert found(put(put(tables, "town.point", 1, feature="变材"), "town.pipe", 2, material="G")) == set()
