"""GeoPackage blobs of whole columns, our own and those of other programs."""

from __future__ import annotations

import struct

import numpy as np
import pyarrow as pa
import shapely

from holdfast.model import geometry
from holdfast.store import gpkg_blob


def wkb(*shapes: object) -> pa.Array:
    return geometry.encode(np.array(shapes, object))


def test_header_is_that_of_the_standard() -> None:
    assert gpkg_blob.header(4547) == b"GP\x00\x01" + struct.pack("<i", 4547)
    assert gpkg_blob.header(-1)[4:] == b"\xff\xff\xff\xff"


def test_round_trip_keeps_nulls_and_heights() -> None:
    given = wkb(shapely.Point(1, 2, 3), None, shapely.LineString([(0, 0), (5, 5)]), None)
    assert gpkg_blob.to_wkb(gpkg_blob.from_wkb(given, 4547)).to_pylist() == given.to_pylist()


def test_round_trip_of_a_slice_and_of_nothing() -> None:
    given = gpkg_blob.from_wkb(wkb(shapely.Point(1, 2), shapely.Point(3, 4), shapely.Point(5, 6)), 4547)
    assert geometry.decode(gpkg_blob.to_wkb(given.slice(1, 1)))[0].equals(shapely.Point(3, 4))
    assert gpkg_blob.to_wkb(pa.array([None, None], pa.binary())).null_count == 2
    assert len(gpkg_blob.to_wkb(pa.array([], pa.binary()))) == 0


def test_blobs_with_an_envelope_or_empty_are_read_too() -> None:
    body = shapely.to_wkb(shapely.LineString([(0, 0), (2, 3)]))
    with_envelope = b"GP\x00\x03" + struct.pack("<i4d", 4547, 0, 2, 0, 3) + body
    empty = b"GP\x00\x11" + struct.pack("<i", 4547) + shapely.to_wkb(shapely.LineString())
    plain = gpkg_blob.header(4547) + body
    assert gpkg_blob.to_wkb(pa.array([with_envelope, empty, plain, None], pa.binary())).to_pylist() == [body, None, body, None]
