"""From batches to rows that can be stored: nothing is lost, everything wrong is a row."""

from __future__ import annotations

import json

import numpy as np
import pyarrow as pa
import pytest
import shapely

from holdfast.app.id_set import IdSet
from holdfast.app.import_rows import RowContext, prepare
from holdfast.model import geometry
from holdfast.model.finding import Findings
from small_catalog import NOTE, PIPE, pipes


@pytest.fixture
def context() -> RowContext:
    return RowContext("lines.geojson", "lines", Findings(), None)


def test_good_rows_come_out_in_the_schema(context: RowContext) -> None:
    table, rows = prepare(PIPE, pipes(3), None, context)
    assert table.column_names[:2] == ["id", "geometry"]
    assert rows.tolist() == [1, 2, 3]
    assert len(context.findings) == 0


def test_ids_are_prefixed_and_missing_ones_named_after_the_row(context: RowContext) -> None:
    given = pipes(3).set_column(0, "id", pa.array(["A", None, "pipework.pipe:C"]))
    table, _ = prepare(PIPE, given, [11, 12, 13], context)
    assert table["id"].to_pylist() == ["pipework.pipe:A", "pipework.pipe:lines-12", "pipework.pipe:C"]
    assert context.findings.by_rule() == {"import.no_id": 1}
    table, _ = prepare(PIPE, pipes(2).drop_columns("id"), None, context)
    assert table["id"].to_pylist() == ["pipework.pipe:lines-4", "pipework.pipe:lines-5"], "rows go on counting over batches"


def test_the_first_row_of_an_id_is_kept_across_batches(context: RowContext) -> None:
    twice = pa.concat_tables([pipes(2), pipes(1)])
    table, rows = prepare(PIPE, twice, None, context)
    assert (table.num_rows, rows.tolist()) == (2, [1, 2])
    table, _ = prepare(PIPE, pipes(3), None, context)
    assert table["id"].to_pylist() == ["pipework.pipe:2"]
    assert context.findings.by_rule() == {"import.duplicate_id": 3}
    assert context.findings.table()["row"].to_pylist() == [3, 4, 5]


def test_what_the_city_has_is_not_taken_again(context: RowContext) -> None:
    context.stored["pipework.pipe"] = IdSet()
    context.stored["pipework.pipe"].add(pa.array(["pipework.pipe:1"]))
    table, _ = prepare(PIPE, pipes(3), None, context)
    assert table["id"].to_pylist() == ["pipework.pipe:0", "pipework.pipe:2"]
    assert context.findings.by_rule() == {"import.exists": 1}


def test_values_are_cast_and_those_that_do_not_fit_stay_in_extra(context: RowContext) -> None:
    given = pipes(4).set_column(4, "diameter", pa.array(["0.3", "wide", None, " 0.5 "]))
    given = given.append_column("build_date", pa.array(["1998", "2001-05-06", "long ago", None]))
    given = given.append_column("count", pa.array(["1", "2.5", "3", ""])).append_column("lined", pa.array(["是", "no", "perhaps", None]))
    table, _ = prepare(PIPE, given, None, context)
    assert table["diameter"].to_pylist() == [0.3, None, None, 0.5]
    assert [None if d is None else d.isoformat() for d in table["build_date"].to_pylist()] == ["1998-01-01", "2001-05-06", None, None]
    assert table["count"].to_pylist() == [1, None, 3, None]
    assert table["lined"].to_pylist() == [True, False, None, None]
    assert [None if e is None else json.loads(e) for e in table["extra"].to_pylist()] == [
        None, {"diameter": "wide", "count": "2.5"}, {"build_date": "long ago", "lined": "perhaps"}, None,
    ]
    assert {r["column"]: r["value"] for r in context.findings.table().to_pylist()} == {
        "diameter": "wide", "build_date": "long ago", "count": "2.5", "lined": "perhaps",
    }


def test_undeclared_columns_go_to_extra(context: RowContext) -> None:
    given = pipes(2).append_column("施工单位", pa.array(["一公司", None])).append_column("extra", pa.array(['{"a": 1}', None]))
    table, _ = prepare(PIPE, given, None, context)
    assert [None if e is None else json.loads(e) for e in table["extra"].to_pylist()] == [{"a": 1, "施工单位": "一公司"}, None]


@pytest.mark.filterwarnings("ignore:invalid value:RuntimeWarning")
def test_rows_without_a_usable_place_are_left_out_with_a_reason(context: RowContext) -> None:
    shapes = np.array([shapely.LineString([(0, 0), (1, 1)]), shapely.LineString([(0, 0), (np.nan, 1)]), shapely.Point(1, 1), None,
                       shapely.LineString([(5, 5), (5, 5)])], object)
    given = pa.table({"id": list("abcde"), "geometry": geometry.encode(shapes), "diameter": [0.1] * 5})
    table, rows = prepare(PIPE, given, None, context)
    assert table["id"].to_pylist() == ["pipework.pipe:a", "pipework.pipe:c", "pipework.pipe:d", "pipework.pipe:e"]
    assert rows.tolist() == [1, 3, 4, 5]
    assert table["geometry"].is_valid().to_pylist() == [True, False, False, True]
    assert json.loads(table["extra"][1].as_py()) == {"geometry": "POINT (1 1)"}
    assert context.findings.by_rule() == {"import.geometry_nan": 1, "import.geometry_type": 1, "import.geometry_zero_length": 1, "import.no_geometry": 1}


def test_a_record_needs_no_place(context: RowContext) -> None:
    table, _ = prepare(NOTE, pa.table({"id": ["n1"], "text": ["见图"]}), None, context)
    assert table.num_rows == 1
    assert len(context.findings) == 0


def test_coordinates_pass_through_the_transform(context: RowContext) -> None:
    context.transform = lambda x, y: (x + 100.0, y - 100.0)
    table, _ = prepare(PIPE, pipes(1), None, context)
    assert geometry.bounds(table["geometry"])[0].tolist() == [400_100.0, 3_299_900.0, 400_110.0, 3_299_900.0]
