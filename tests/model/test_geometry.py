"""Geometry columns: the array path and the Shapely path must agree, heights and nulls must survive."""

from __future__ import annotations

import struct

import numpy as np
import pyarrow as pa
import pytest
import shapely

from holdfast.model import geometry
from holdfast.model.crs import transformer
from python_calls import python_calls


def shift(x: np.ndarray, y: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    return x + 1000.0, y - 500.0


def some_lines(count: int = 500, depth: int = 2, seed: int = 1, fixed: bool = False) -> tuple[np.ndarray, np.ndarray]:
    rng = np.random.default_rng(seed)
    offsets = np.concatenate(([0], np.cumsum(np.full(count, 2) if fixed else rng.integers(2, 7, count))))
    return rng.uniform(0.0, 100.0, (offsets[-1], depth)), offsets


SHAPES = {
    "points": [shapely.Point(1, 2), None, shapely.Point(3, 4)],
    "points z": [shapely.Point(1, 2, 3), shapely.Point(3, 4, 5)],
    "lines": [shapely.LineString([(0, 0), (3, 4)]), shapely.LineString([(0, 0), (3, 4), (3, 10)]), None],
    "lines z": [shapely.LineString([(0, 0, 1), (3, 4, 2)]), None, None, shapely.LineString([(0, 0, 1), (3, 4, 2), (9, 9, 9)])],
    "polygons": [shapely.box(0, 0, 2, 3), shapely.box(5, 5, 9, 9), None],
    "mixed depth": [shapely.LineString([(0, 0, 1), (3, 4, 2)]), shapely.LineString([(0, 0), (3, 4)])],
    "mixed types": [shapely.Point(1, 2), shapely.MultiLineString([[(0, 0), (1, 1)], [(5, 5), (6, 8)]]), None],
}


@pytest.mark.parametrize("name", SHAPES)
@pytest.mark.parametrize("flavor", ["iso", "extended"])
@pytest.mark.parametrize("form", ["plain", "sliced", "chunked", "large"])
def test_agrees_with_shapely(name: str, flavor: str, form: str) -> None:
    shapes = np.array(SHAPES[name], object)
    column: pa.Array | pa.ChunkedArray = pa.array(shapely.to_wkb(shapes, flavor=flavor), pa.binary())
    if form == "sliced":
        column = pa.concat_arrays([column, column, column]).slice(len(shapes), len(shapes))
    if form == "chunked":
        column = pa.chunked_array([column.slice(0, 1), column.slice(1)])
    if form == "large":
        column = column.cast(pa.large_binary())
    assert np.array_equal(geometry.bounds(column), shapely.bounds(shapes), equal_nan=True)
    assert np.allclose(geometry.length(column), shapely.length(shapes), equal_nan=True)
    moved = geometry.decode(geometry.transform(column, shift, 2.0))
    before, after = (shapely.get_coordinates(s, include_z=True) for s in (shapes, moved))
    assert np.allclose(after, before * (1, 1, 2) + (1000, -500, 0), equal_nan=True)
    assert shapely.has_z(moved).tolist() == shapely.has_z(shapes).tolist()
    assert [s is None for s in moved] == [s is None for s in shapes]
    assert shapely.get_type_id(moved).tolist() == shapely.get_type_id(shapes).tolist()


@pytest.mark.parametrize("depth", [2, 3])
@pytest.mark.parametrize("fixed", [True, False])
def test_lines_built_from_arrays(depth: int, fixed: bool) -> None:
    values, offsets = some_lines(depth=depth, fixed=fixed)
    column = geometry.lines(values, offsets)
    shapes = geometry.decode(column)
    assert np.array_equal(shapely.get_coordinates(shapes, include_z=depth == 3), values)
    assert column.equals(geometry.encode(shapes))
    found = geometry.coordinates(column)
    assert found is not None and np.array_equal(found.values, values) and np.array_equal(found.offsets, offsets)
    assert np.allclose(geometry.length(column), shapely.length(shapes))
    assert np.allclose(geometry.bounds(found), shapely.bounds(shapes))
    first, last = geometry.ends(column)
    assert np.array_equal(first[:, :depth], values[offsets[:-1]]) and np.array_equal(last[:, :depth], values[offsets[1:] - 1])
    assert np.isnan(first[:, depth:]).all()


def test_two_point_lines_and_points() -> None:
    pairs = np.arange(24.0).reshape(4, 2, 3)
    assert geometry.length(geometry.lines(pairs)) == pytest.approx(np.hypot(3, 3))
    column = geometry.points(np.array([1.0, np.nan]), np.array([2.0, 3.0]), np.array([4.0, 5.0]))
    assert column.null_count == 1 and geometry.decode(column)[0] == shapely.Point(1, 2, 4)
    assert geometry.lines(np.zeros((2, 2)), np.array([0, 2, 2])).null_count == 1


def test_ends_of_other_shapes() -> None:
    column = geometry.encode([shapely.MultiLineString([[(0, 0), (1, 1)], [(5, 5), (6, 8)]]), shapely.Point(7, 7), None])
    first, last = geometry.ends(column)
    assert first[:2, :2].tolist() == [[0, 0], [7, 7]] and last[:2, :2].tolist() == [[6, 8], [7, 7]]
    assert np.isnan(first[2]).all()


SHORT = b"\x01\x02\x00\x00\x00\x05\x00\x00\x00" + b"\0" * 16


@pytest.mark.parametrize("bad", [b"", b"\x01", SHORT, struct.pack("<BIIdd", 1, 2, 2**31, 1.0, 2.0), b"\x07" * 50])
def test_bytes_that_are_no_geometry_become_null_not_a_crash(bad: bytes) -> None:
    column = pa.array([shapely.to_wkb(shapely.LineString([(0, 0), (1, 1)])), bad], pa.binary())
    assert geometry.coordinates(column) is None
    assert geometry.transform(column, shift).null_count == 1
    assert np.isfinite(geometry.length(column)).tolist() == [True, False]


def test_empty_column() -> None:
    for column in (pa.array([], pa.binary()), pa.chunked_array([], pa.binary()), pa.nulls(3, pa.binary())):
        assert len(geometry.transform(column, shift)) == len(column)
        assert geometry.bounds(column).shape == (len(column), 4)


def test_big_endian_is_read() -> None:
    column = pa.array([shapely.to_wkb(shapely.LineString([(0, 0), (3, 4)]), byte_order=0)], pa.binary())
    assert geometry.length(column).tolist() == [5.0]


def test_lines_move_together() -> None:
    """All points of a column reach the projection in as many calls as those of a few lines do."""
    rng = np.random.default_rng(0)
    way = transformer("EPSG:4547", "EPSG:4526")

    def column(count: int) -> pa.Array:
        start = np.column_stack((rng.uniform(4.8e5, 5.2e5, count), rng.uniform(2.5e6, 2.6e6, count)))
        return geometry.lines(np.stack((start, start + 30.0), axis=1))

    few, many = column(10), column(20_000)
    geometry.transform(few, way)
    assert python_calls(lambda: geometry.transform(many, way)) == python_calls(lambda: geometry.transform(few, way))
