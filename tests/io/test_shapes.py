"""Delivered shapes are brought to the type of their kind; what is changed is said and kept beside."""

from __future__ import annotations

import numpy as np
import pyarrow as pa
import pytest
import shapely

from holdfast.io.shapes import fit, wkb_types
from holdfast.model import geometry
from holdfast.model.finding import Findings
from memory_city import BUILDING, JUNCTION, PATTERN, PIPE

LINE = shapely.LineString([(0, 0), (1, 0)])
PARTS = shapely.MultiLineString([[(0, 0), (1, 0)], [(1, 0), (2, 0)]])
APART = shapely.MultiLineString([[(0, 0), (1, 0)], [(5, 0), (6, 0)]])
BOX = shapely.box(0, 0, 2, 2)


def run(shapes: list[object], kind: object) -> tuple[np.ndarray, list[str | None], Findings]:
    findings = Findings()
    column = pa.chunked_array([geometry.encode(shapes)])
    ids = pa.chunked_array([[f"x:{i}" for i in range(len(shapes))]])
    got, delivered = fit(column, kind, findings, ids=ids, rows=np.arange(10, 10 + len(shapes)), file="f")  # type: ignore[arg-type]
    return geometry.decode(got), [] if delivered is None else delivered.to_pylist(), findings


def test_types_are_read_from_the_head_of_the_bytes() -> None:
    shapes = [shapely.Point(1, 2), shapely.Point(1, 2, 3), LINE, BOX, PARTS, shapely.GeometryCollection([LINE]), None]
    assert wkb_types(geometry.encode(shapes)).tolist() == [1, 1, 2, 3, 5, 7, 0]
    big = [shapely.to_wkb(shapely.Point(1, 2), byte_order=0), shapely.to_wkb(shapely.set_srid(shapely.Point(1, 2, 3), 4326), include_srid=True), b"", b"ab"]
    assert wkb_types(pa.array(big, pa.binary())).tolist() == [1, 1, 0, 0]
    assert wkb_types(pa.array(big, pa.large_binary())[1:]).tolist() == [1, 0, 0]
    assert wkb_types(pa.array([], pa.binary())).tolist() == []


def test_shapes_that_fit_are_not_touched() -> None:
    got, delivered, findings = run([LINE, None], PIPE)
    assert got[0].equals(LINE)
    assert delivered == []
    assert len(findings) == 0


def test_one_part_multis_and_touching_parts_become_one_line() -> None:
    got, _, findings = run([shapely.MultiLineString([LINE]), PARTS, APART], PIPE)
    assert [g.geom_type for g in got] == ["LineString", "LineString", "MultiLineString"]
    assert got[1].length == 2
    assert len(findings) == 0


@pytest.mark.parametrize("shape", [BOX, LINE, shapely.MultiPoint([(0, 0), (1, 1)])])
def test_wider_shapes_of_a_point_kind_become_a_point_on_them(shape: shapely.Geometry) -> None:
    got, delivered, findings = run([shape, shapely.Point(3, 3)], JUNCTION)
    assert [g.geom_type for g in got] == ["Point", "Point"]
    assert shape.distance(got[0]) < 1e-9
    assert delivered[0] is not None
    assert shapely.from_wkt(delivered[0]).equals(shape)
    assert delivered[1] is None
    assert findings.table()["row"].to_pylist() == [10]


def test_a_point_of_a_line_kind_is_taken_out() -> None:
    got, delivered, findings = run([shapely.Point(1, 2), LINE], PIPE)
    assert got[0] is None
    assert delivered[0] == "POINT (1 2)"
    assert findings.by_rule() == {"import.geometry_type": 1}


def test_kinds_without_a_shape_and_areas_take_what_comes() -> None:
    assert run([BOX], PATTERN)[0][0].equals(BOX)
    assert run([BOX, shapely.MultiPolygon([BOX])], BUILDING)[2].by_rule() == {}


def test_broken_shapes_are_left_to_the_import() -> None:
    column = pa.chunked_array([pa.array([b"\x01\x03\x00\x00\x00\xff", shapely.to_wkb(shapely.Polygon())], pa.binary())])
    got, delivered = fit(column, JUNCTION, Findings(), ids=pa.chunked_array([["a", "b"]]), rows=np.arange(2), file="f")
    assert delivered is None
    assert got.to_pylist() == column.to_pylist()
