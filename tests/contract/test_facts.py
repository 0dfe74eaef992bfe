"""Facts: what goes in comes out, by column, box, id and number, on both stores."""

from __future__ import annotations

from dataclasses import replace
from datetime import date

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
import pytest
import shapely

from holdfast.model import tables
from holdfast.model.errors import Conflict, Invalid
from holdfast.model.spec import Field
from store_kinds import EAST, HOUSE, MONDAY, NODE, NORTH, NOTE, PIPE, SENSOR, day, notes, pipes


def append(city, kind, table, valid_from=MONDAY):
    with city.write() as writer:
        return writer.append(kind, table, valid_from)


def ids(table):
    return sorted(table["id"].to_pylist())


def test_every_type_comes_back_as_it_went_in(city):
    table = pipes(
        ["A", "B"],
        diameter=pa.array([0.1 + 0.2, None], pa.float64()),
        count=pa.array([2**53 + 1, None], pa.int64()),
        note=["", None],
        laid=pa.array([date(1968, 2, 29), None], pa.date32()),
        live=pa.array([True, None]),
        name=["东湖路给水管 \N{WATER WAVE}", 'quote " comma , line\nbreak \\ tab\t'],
        survey_date=pa.array([None, date(2025, 12, 31)], pa.date32()),
        accuracy=[0.05, None],
        extra=['{"备注": "混合"}', None],
    )
    assert append(city, PIPE, table, day(-3000)) == 2
    found = city.read(PIPE).sort_by("id")
    assert found.schema.names == tables.asset_schema(PIPE, derived=True, times=True).names
    for column in tables.asset_schema(PIPE):
        assert found.schema.field(column.name).type == column.type, column.name
        expected = table[column.name].to_pylist() if column.name in table.column_names else [None, None]
        if column.name != "geometry":
            assert found[column.name].to_pylist() == expected, column.name
    assert [v is None for v in found["note"].to_pylist()] == [False, True], "empty text is not the same as none"


def test_geometry_keeps_heights_and_is_iso_wkb(city):
    table = pipes(["A"])
    append(city, PIPE, table)
    wkb = city.read(PIPE, columns=["geometry"])["geometry"][0].as_py()
    assert wkb == table["geometry"][0].as_py()
    assert shapely.get_coordinates(shapely.from_wkb(wkb), include_z=True).tolist() == [[EAST, NORTH, 12.5], [EAST + 6.0, NORTH + 8.0, 12.0]]


def test_geometry_in_the_extended_flavour_is_stored_as_iso(city):
    shape = shapely.Point(EAST, NORTH, 3.0)
    append(city, NODE, pa.table({"id": ["demo.node:1"], "geometry": pa.array([shapely.to_wkb(shape)], pa.binary())}))
    assert city.read(NODE)["geometry"][0].as_py() == shapely.to_wkb(shape, flavor="iso")


def test_points_lines_and_multipolygons_and_none_live_in_one_layer(city):
    square = shapely.box(EAST, NORTH, EAST + 10, NORTH + 20)
    shapes = [square, shapely.MultiPolygon([square, shapely.box(EAST + 50, NORTH, EAST + 60, NORTH + 5)]), None]
    wkb = pa.array([None if s is None else shapely.to_wkb(s, flavor="iso") for s in shapes], pa.binary())
    append(city, HOUSE, pa.table({"id": ["demo.house:1", "demo.house:2", "demo.house:3"], "geometry": wkb}))
    found = city.read(HOUSE).sort_by("id")
    assert [None if w is None else shapely.from_wkb(w) for w in found["geometry"].to_pylist()] == shapes
    assert ids(city.read(HOUSE, bbox=(EAST + 55, NORTH, EAST + 56, NORTH + 1))) == ["demo.house:2"]


def test_plan_length_is_derived(city):
    append(city, PIPE, pipes(["A"]))
    assert city.read(PIPE, columns=["shape_length"])["shape_length"].to_pylist() == [10.0]


def test_nan_is_kept_as_missing(city):
    append(city, PIPE, pipes(["A"], diameter=[float("nan")]))
    assert city.read(PIPE)["diameter"].to_pylist() == [None]


def test_numbers_are_exact(city):
    values = [5e-324, 1.7976931348623157e308, -0.1, 1 / 3, 3_384_000.123456789, float("inf")]
    append(city, PIPE, pipes([str(i) for i in range(len(values))], diameter=values))
    assert city.read(PIPE).sort_by("id")["diameter"].to_pylist() == values


def test_only_the_columns_asked_for_in_that_order(city):
    append(city, PIPE, pipes(["A"], diameter=[0.3]))
    found = city.read(PIPE, columns=["diameter", "id", "recorded_at"])
    assert found.column_names == ["diameter", "id", "recorded_at"]
    assert found["diameter"].to_pylist() == [0.3]


def test_an_unknown_column_is_refused_by_name(city):
    with pytest.raises(Invalid, match="colour"):
        city.read(PIPE, columns=["id", "colour"])


def test_box_finds_what_touches_it_and_nothing_else(city):
    append(city, PIPE, pipes([str(i) for i in range(50)]))
    found = city.read(PIPE, bbox=(EAST + 206.0, NORTH + 8.0, EAST + 299.0, NORTH + 100.0), columns=["id"])
    assert ids(found) == ["demo.pipe:2"], "the box touches the end of pipe 2 and stops a metre short of pipe 3"
    assert city.read(PIPE, bbox=(EAST - 10, NORTH - 10, EAST - 1, NORTH - 1)).num_rows == 0
    assert city.read(PIPE, bbox=(EAST - 10, NORTH - 10, EAST + 5000, NORTH + 10)).num_rows == 50


def test_box_of_a_kind_without_place_is_refused(city):
    append(city, NOTE, notes({"1": "x"}))
    with pytest.raises(Invalid, match=r"demo\.note"):
        city.read(NOTE, bbox=(0, 0, 1, 1))


def test_ids_limit_and_no_ids(city):
    append(city, PIPE, pipes([str(i) for i in range(2000)]))
    wanted = [f"demo.pipe:{i}" for i in range(0, 2000, 2)]
    assert ids(city.read(PIPE, ids=[*wanted, "demo.pipe:none", wanted[0]], columns=["id"])) == sorted(wanted)
    assert city.read(PIPE, ids=[]).num_rows == 0
    assert city.read(PIPE, limit=7).num_rows == 7
    assert city.read(PIPE, limit=0).num_rows == 0


def test_strange_ids_do_no_harm(city):
    names = ["'; DROP TABLE demo_pipe; --", "%s", '"', "\\", "管-1", " ", "a b"]
    append(city, PIPE, pipes(names))
    for name in names:
        assert ids(city.read(PIPE, ids=[f"demo.pipe:{name}"])) == [f"demo.pipe:{name}"]
        assert city.history(PIPE, f"demo.pipe:{name}").num_rows == 1


def test_a_kind_that_was_never_stored_is_empty(city):
    assert city.read(SENSOR).num_rows == 0
    assert city.read(SENSOR).schema.names == tables.asset_schema(SENSOR, times=True).names
    assert list(city.read_batches(SENSOR)) == []
    assert city.history(SENSOR, "demo.sensor:1").num_rows == 0
    names, boxes = city.bounds(SENSOR)
    assert len(names) == 0 and boxes.shape == (0, 4)
    assert city.kinds() == [] and city.counts() == {}


def test_no_rows_make_a_kind_without_facts(city):
    assert append(city, PIPE, pipes([])) == 0
    assert city.kinds() == ["demo.pipe"]
    assert city.counts() == {}
    assert city.read(PIPE).num_rows == 0


def test_kinds_and_counts(city):
    append(city, PIPE, pipes(["A", "B", "C"]))
    append(city, NOTE, notes({"1": "x"}))
    assert city.kinds() == ["demo.note", "demo.pipe"]
    assert city.counts() == {"demo.note": 1, "demo.pipe": 3}


def test_an_open_id_is_refused_and_named_and_the_rest_of_the_transaction_lives(city):
    append(city, PIPE, pipes(["A"]))
    with city.write() as writer:
        with pytest.raises(Conflict, match=r"demo\.pipe:A"):
            writer.append(PIPE, pipes(["B", "A"]), MONDAY)
        writer.append(NOTE, notes({"1": "kept"}), MONDAY)
    assert ids(city.read(PIPE)) == ["demo.pipe:A"], "the refused call leaves none of its rows"
    assert city.read(NOTE)["text"].to_pylist() == ["kept"]


def test_the_same_id_twice_in_a_new_layer_leaves_nothing(city):
    with pytest.raises(Conflict, match=r"demo\.pipe:A"):
        append(city, PIPE, pipes(["A", "B", "A"]))
    assert city.read(PIPE).num_rows == 0


def test_a_missing_id_is_refused(city):
    with pytest.raises(Invalid, match="id"):
        append(city, PIPE, pipes(["A"]).set_column(0, "id", pa.array([None], pa.string())))


def test_a_value_of_the_wrong_type_is_refused(city):
    with pytest.raises(Invalid):
        append(city, PIPE, pipes(["A"], diameter=["thick"]))
    assert city.read(PIPE).num_rows == 0


def test_bytes_that_are_no_geometry_are_refused(city):
    with pytest.raises(Invalid, match="geometry"):
        append(city, PIPE, pipes(["A"]).set_column(1, "geometry", pa.array([b"\x01\x02\x00"], pa.binary())))
    assert city.read(PIPE).num_rows == 0


def test_bounds_contain_each_geometry(city):
    table = pipes(["A", "B"])
    empty = pa.table({"id": ["demo.pipe:C"], "geometry": pa.nulls(1, pa.binary())})
    append(city, PIPE, pa.concat_tables([table, empty], promote_options="default"))
    names, boxes = city.bounds(PIPE)
    order = np.argsort(names.to_pylist())
    assert [names[int(i)].as_py() for i in order] == ["demo.pipe:A", "demo.pipe:B"]
    exact = np.array([[EAST, NORTH, EAST + 6, NORTH + 8], [EAST + 100, NORTH, EAST + 106, NORTH + 8]])
    assert boxes.dtype == np.float64 and np.allclose(boxes[order], exact, atol=1e-9)


def test_streaming_gives_the_same_rows_in_pieces(city):
    append(city, PIPE, pipes([f"{i:05}" for i in range(2500)], note=pa.array([f"n{i}" if i % 3 else None for i in range(2500)])))
    pieces = list(city.read_batches(PIPE, rows=1000))
    assert [piece.num_rows for piece in pieces] == [1000, 1000, 500]
    assert pa.concat_tables(pieces).sort_by("id").equals(city.read(PIPE).sort_by("id"))


def test_a_stream_may_be_left_early_and_others_run_beside_it(city):
    append(city, PIPE, pipes([f"{i}" for i in range(300)]))
    stream = city.read_batches(PIPE, rows=100, columns=["id"])
    first = next(stream)
    assert city.counts() == {"demo.pipe": 300}
    stream.close()
    assert first.num_rows == 100
    assert city.read(PIPE, columns=["id"]).num_rows == 300


def test_a_field_declared_later_is_added_and_null_before(city):
    append(city, PIPE, pipes(["A"], diameter=[0.2]))
    grown = replace(PIPE, fields=(*PIPE.fields, Field("wall", "Wall", "壁厚", quantity="thickness")))
    assert city.read(grown, columns=["id", "wall"])["wall"].to_pylist() == [None], "reading needs no new column"
    append(city, grown, pipes(["B"], wall=[0.01]))
    assert city.read(grown).sort_by("id")["wall"].to_pylist() == [None, 0.01]
    assert city.read(PIPE).sort_by("id")["diameter"].to_pylist() == [0.2, None]
    assert city.history(grown, "demo.pipe:A")["wall"].to_pylist() == [None]


def test_devices_keep_their_host(city):
    append(city, SENSOR, pa.table({"id": ["demo.sensor:1"], "host_id": ["demo.pipe:A"]}))
    assert city.read(SENSOR)["host_id"].to_pylist() == ["demo.pipe:A"]


def test_reopened_city_has_everything(place):
    first = place.create(meta={"name": "安澜"})
    append(first, PIPE, pipes(["A"]))
    first.close()
    again = place.open()
    assert again.meta()["name"] == "安澜" and again.meta()["crs"] == "EPSG:4547"
    assert ids(again.read(PIPE)) == ["demo.pipe:A"]


def test_a_local_grid_needs_no_place_on_earth(place):
    city = place.create(crs="local")
    append(city, PIPE, pipes(["A"]))
    assert ids(city.read(PIPE, bbox=(EAST, NORTH, EAST + 1, NORTH + 1))) == ["demo.pipe:A"]
    assert city.meta()["crs"] == "local"


def test_many_rows_at_once_and_again(city):
    count = 8_000
    names = [f"{i:06}" for i in range(2 * count)]
    append(city, PIPE, pipes(names[:count]))
    append(city, PIPE, pipes(names[count:], east=np.arange(count, 2 * count) * 100.0))
    assert city.counts() == {"demo.pipe": 2 * count}
    middle = city.read(PIPE, bbox=(EAST + 100.0 * (count - 2), NORTH, EAST + 100.0 * (count + 2) + 6, NORTH + 1), columns=["id"])
    assert ids(middle) == [f"demo.pipe:{i:06}" for i in range(count - 2, count + 3)]
    assert pc.count_distinct(city.read(PIPE, columns=["id"])["id"]).as_py() == 2 * count
