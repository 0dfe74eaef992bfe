from __future__ import annotations

import numpy as np
import pyarrow as pa
import pytest
import shapely

from holdfast.model import tables
from holdfast.model.errors import Invalid
from holdfast.store.fact_rows import geometry_codes, iso_wkb, moment, plain_name, prepare, undeclared_kind
from store_kinds import NODE, NOTE, PIPE, notes, pipes

POINT, LINE, AREA = shapely.Point(1, 2, 3), shapely.LineString([(0, 0), (1, 1)]), shapely.MultiPolygon([shapely.box(0, 0, 1, 1)])


def test_rows_get_exactly_the_declared_columns():
    table = pipes(["A"], diameter=pa.array([1], pa.int8()), other=["dropped by the caller"])
    rows = prepare(PIPE, table)
    assert rows.schema.names == tables.asset_schema(PIPE).names and rows["diameter"].to_pylist() == [1.0]


def test_a_kind_without_place_keeps_no_geometry():
    rows = prepare(NOTE, notes({"1": "x"}).append_column("geometry", pa.array([shapely.to_wkb(POINT)])))
    assert rows["geometry"].to_pylist() == [None]


@pytest.mark.parametrize("flavour", ["iso", "extended"])
@pytest.mark.parametrize("order", [0, 1])
@pytest.mark.parametrize("shapes", [[POINT], [LINE, None], [POINT, LINE, None, AREA], [None], [shapely.force_3d(AREA)], [shapely.Point()]])
def test_any_wkb_becomes_little_endian_iso(flavour, order, shapes):
    column = pa.array([None if s is None else shapely.to_wkb(s, flavor=flavour, byte_order=order) for s in shapes], pa.binary())
    expected = [None if s is None else shapely.to_wkb(s, flavor="iso", byte_order=1) for s in shapes]
    assert iso_wkb(column).to_pylist() == expected
    assert iso_wkb(pa.chunked_array([column, column.slice(0, 1)])).to_pylist() == expected + expected[:1]


@pytest.mark.parametrize("bad", [b"", b"\x01", b"\x01\x01\x00\x00\x00", b"hello world, this is no WKB", shapely.to_wkb(LINE)[:-3], shapely.to_wkb(AREA)[:-1]])
@pytest.mark.parametrize("before", [[], [LINE], [AREA, None]])
def test_bytes_that_are_no_wkb_are_refused_with_their_row(bad, before):
    column = pa.array([*(None if s is None else shapely.to_wkb(s, flavor="iso") for s in before), bad], pa.binary())
    with pytest.raises(Invalid, match=f"row {len(before) + 1} "):
        prepare(NODE, pa.table({"id": [f"n{i}" for i in range(len(column))], "geometry": column}))


@pytest.mark.parametrize("name", ["id", "from_id", "to_id"])
@pytest.mark.parametrize("text", ["a\nb", "\x1e", "\0"])
def test_control_characters_in_ids_are_refused(name, text):
    table = pipes(["A"])
    with pytest.raises(Invalid, match="control character") as caught:
        prepare(PIPE, table.set_column(table.schema.get_field_index(name), name, pa.array([text])))
    assert caught.value.where["field"] == name


def test_type_codes_are_read_where_each_value_starts():
    column = pa.array([shapely.to_wkb(s, flavor="iso") for s in (AREA, POINT, LINE)], pa.binary()).slice(1)
    starts, codes = geometry_codes(column)
    assert codes.tolist() == [1001, 2] and starts[1] - starts[0] == 29
    assert geometry_codes(column.slice(0, 0))[1].tolist() == []


@pytest.mark.parametrize("name", ["a", "results/r-1/表.parquet", "..a/b", "a b"])
def test_plain_names_pass(name):
    assert plain_name(name) == name


@pytest.mark.parametrize("name", ["", "/", "a/", "/a", "a//b", ".", "..", "a/../b", "a\\b", "a\nb"])
def test_other_names_do_not(name):
    with pytest.raises(Invalid):
        plain_name(name)


def test_a_moment_must_be_there():
    assert moment(np.datetime64("2026-01-05", "ms"), "x") == "2026-01-05T00:00:00.000Z"
    with pytest.raises(Invalid, match="x"):
        moment(np.datetime64("NaT", "ms"), "x")


def test_a_declaration_is_made_up_for_stored_columns():
    columns = tables.asset_schema(PIPE, derived=True, times=True)
    kind = undeclared_kind("gone.pipe", columns)
    assert sorted(tables.asset_schema(kind, derived=True, times=True), key=str) == sorted((c.with_nullable(c.name != "id") for c in columns), key=str)
    with pytest.raises(Invalid):
        undeclared_kind("gone", columns)
    with pytest.raises(Invalid):
        undeclared_kind("gone.pipe", pa.schema([('x"; --', pa.string())]))
