"""Problems of shapes, each found once and under its own name."""

from __future__ import annotations

import numpy as np
import pyarrow as pa
import pytest
import shapely

from holdfast.model import geometry
from holdfast.model.geometry_validity import PROBLEMS, problems, settle_type

LINE = shapely.LineString([(0, 0), (1, 1)])
BOWTIE = shapely.Polygon([(0, 0), (2, 2), (2, 0), (0, 2)])
KNOT = shapely.LineString([(0, 0), (2, 2), (2, 0), (0, 2)])
with np.errstate(invalid="ignore"):
    NAN_LINE = shapely.LineString([(0, 0), (np.nan, 1)])


def names(column: pa.Array, expected: str | None, area: tuple[float, float, float, float] | None = None) -> list[str]:
    found = problems(column, expected, area)  # type: ignore[arg-type]
    out = [""] * len(column)
    for name, mask in found.items():
        for i in np.flatnonzero(mask):
            out[i] += name
    return out


@pytest.mark.parametrize("extra", [[], [shapely.Point(5, 5)]])
def test_lines(extra: list[shapely.Geometry]) -> None:
    """With and without a foreign type in the column, so on the Shapely path and on the array path."""
    shapes = [LINE, None, NAN_LINE, shapely.LineString([(1, 1), (1, 1)]), KNOT, shapely.LineString([(50, 50), (99, 99)]), shapely.LineString(), *extra]
    got = names(geometry.encode(shapes), "LineString", (0, 0, 60, 60))
    assert got == ["", "missing", "nan", "zero_length", "self_crossing", "outside", "empty", *["type"] * len(extra)]


def test_closed_and_plain_lines_are_fine() -> None:
    shapes = [LINE, shapely.LineString([(0, 0), (1, 0), (1, 1), (0, 0)]), shapely.LineString([(0, 0), (1, 0), (2, 1), (3, 0)])]
    assert problems(geometry.encode(shapes), "LineString") == {}


def test_areas() -> None:
    shapes = [shapely.box(0, 0, 1, 1), BOWTIE, shapely.MultiPolygon([shapely.box(0, 0, 1, 1)]), LINE, shapely.Polygon()]
    assert names(geometry.encode(shapes), "Polygon") == ["", "self_crossing", "", "type", "empty"]


def test_points_and_unreadable() -> None:
    column = pa.array([shapely.to_wkb(shapely.Point(1, 1)), shapely.to_wkb(shapely.Point()), shapely.to_wkb(shapely.Point(np.nan, 3))], pa.binary())
    assert names(column, "Point") == ["", "empty", "nan"]
    assert names(pa.array([shapely.to_wkb(shapely.Point(1, 1)), b"\x01\x09"], pa.binary()), "Point") == ["", "unreadable"]
    assert names(geometry.encode([shapely.Point(1, 1)]), "LineString") == ["type"]


def test_kinds_without_a_place_need_none() -> None:
    assert problems(pa.nulls(2, pa.binary()), None) == {}
    assert list(problems(pa.nulls(2, pa.binary()), "Point")) == ["missing"]


def test_each_problem_has_a_meaning() -> None:
    assert all(text and text[0].islower() for text in PROBLEMS.values())


def test_settle_type() -> None:
    joined = shapely.MultiLineString([[(0, 0), (1, 1)], [(1, 1), (2, 0)]])
    apart = shapely.MultiLineString([[(0, 0), (1, 1)], [(5, 5), (6, 8)]])
    column = geometry.encode([LINE, shapely.MultiLineString([LINE]), joined, apart, None])
    kinds = shapely.get_type_id(geometry.decode(settle_type(column, "LineString")))
    assert kinds.tolist() == [1, 1, 1, 5, -1]
    assert settle_type(column, None).equals(column)
    broken = pa.array([shapely.to_wkb(shapely.MultiPoint([(0, 0)])), b"xx"], pa.binary())
    assert settle_type(broken, "Point").equals(broken)
