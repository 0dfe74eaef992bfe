"""Ends, orphans, doubles and islands: one fault at a time, and nothing else is reported."""

from __future__ import annotations

import numpy as np
import pytest

from holdfast.model import geometry
from survey_town import STEP, add, drop, found, judge, put, town


@pytest.mark.clause("1a", "1l")
def test_a_faultless_town_has_no_findings() -> None:
    assert judge(town()).table().to_pylist() == []


def test_dangling_end() -> None:
    faulty = put(town(), "town.pipe", 4, to_id="town.point:99")
    assert found(faulty) == {("dangling_end", "town.pipe:4"), ("orphan_point", "town.point:5")}
    row = next(r for r in judge(faulty).table().to_pylist() if r["rule"] == "survey.dangling_end")
    assert (row["column"], row["value"], row["x"], row["y"], row["severity"]) == ("to_id", "town.point:99", 5 * STEP, 0.0, "error")


def test_missing_and_unconnected_point() -> None:
    unnamed = put(town(), "town.pipe", 4, to_id=None)
    assert found(unnamed) == {("unconnected_end", "town.pipe:4"), ("unnamed_end", "town.pipe:4"), ("orphan_point", "town.point:5")}
    hint = next(r for r in judge(unnamed).table().to_pylist() if r["rule"] == "survey.unconnected_end")
    assert hint["value"] == "town.point:5"
    assert found(drop(unnamed, "town.point", 4)) == {("missing_point", "town.pipe:4"), ("unnamed_end", "town.pipe:4")}


def test_end_off_its_point() -> None:
    faulty = put(town(), "town.point", 4, geometry=(5 * STEP + 0.3, 0.0, 14.8))
    assert ("end_off_point", "town.pipe:4") in found(faulty)
    assert found(faulty, end_tolerance=0.5) == set()


def test_line_drawn_backwards_is_only_noted() -> None:
    tables = town()
    first, last = geometry.ends(tables["town.pipe"]["geometry"])
    faulty = put(tables, "town.pipe", 2, geometry=np.stack((last[2], first[2])))
    assert found(faulty) == {("reversed_geometry", "town.pipe:2")}


def test_orphan_point() -> None:
    faulty = add(town(), "town.point", 0, id="town.point:lone", geometry=(0.0, 500.0, 1.0), map_number="lone")
    assert found(faulty) == {("orphan_point", "town.point:lone")}


def test_duplicate_position_needs_the_same_height() -> None:
    same = add(town(), "town.point", 0, id="town.point:again", map_number="again")
    assert ("duplicate_position", "town.point:again") in found(same)
    above = add(town(), "town.point", 0, id="town.point:again", map_number="again", geometry=(STEP, 0.0, 99.0))
    assert found(above) == {("orphan_point", "town.point:again")}


def test_same_number_with_other_attributes() -> None:
    faulty = put(town(), "town.point", 3, map_number="town.pipe1")
    assert found(faulty) == {("duplicate_number", "town.point:4")}
    same = add(town(), "town.point", 0, id="town.point:again")
    assert not {rule for rule, _ in found(same)} & {"duplicate_number"}


@pytest.mark.parametrize("reverse", [False, True])
def test_duplicate_lines(reverse: bool) -> None:
    tables = town()
    line = tables["town.pipe"].slice(2, 1).to_pylist()[0]
    cells: dict = {"id": "town.pipe:again"}
    if reverse:
        first, last = geometry.ends(tables["town.pipe"]["geometry"])
        cells |= {"geometry": np.stack((last[2], first[2])), "from_id": line["to_id"], "to_id": line["from_id"], "from_elevation": line["to_elevation"],
                  "to_elevation": line["from_elevation"], "from_depth": line["to_depth"], "to_depth": line["from_depth"]}  # fmt: skip
    rule = "reversed_duplicate" if reverse else "duplicate_line"
    faulty = add(tables, "town.pipe", 2, **cells)
    assert found(faulty) == {(rule, "town.pipe:again")}
    assert judge(faulty).table()["value"].to_pylist() == ["town.pipe:2"]


def test_parallel_pumps_and_other_shapes_are_no_duplicates() -> None:
    tables = town()
    bent = np.array([[2 * STEP, 0.0, 18.0], [2.5 * STEP, 5.0, 18.0], [3 * STEP, 0.0, 17.6]])
    line = tables["town.pipe"].slice(2, 1)
    ends = geometry.lines(bent[None])
    other = add(tables, "town.pipe", 2, id="town.pipe:bent")
    other["town.pipe"] = other["town.pipe"].set_column(
        1, "geometry", geometry.encode([*geometry.decode(tables["town.pipe"]["geometry"]), geometry.decode(ends)[0]]))  # fmt: skip
    assert not {rule for rule, _ in found(other)} & {"duplicate_line", "reversed_duplicate"}
    assert line.num_rows == 1


def test_island() -> None:
    """Taking one pipe out cuts the far points off their source; the part is reported once."""
    faulty = drop(town(), "town.pipe", 1)
    rows = judge(faulty).table().to_pylist()
    assert [(r["rule"], r["message"]) for r in rows] == [("survey.island", "a part with 4 points and 3 lines reaches no source")]
    assert rows[0]["id"] == "town.point:2" and rows[0]["x"] == 2 * STEP


def test_no_names_at_all_is_said_once() -> None:
    tables = town()
    for row in range(5):
        tables = put(tables, "town.pipe", row, from_id=None, to_id=None)
    rules = judge(tables).by_rule()
    assert rules == {"survey.unconnected_end": 10, "survey.unnamed_end": 1}
