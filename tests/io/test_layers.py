"""Rows of a layer become assets: kinds, fields, units, ids, references, and what is left over."""

from __future__ import annotations

from typing import Any

import numpy as np
import pyarrow as pa
import pytest

from holdfast.io import layers
from holdfast.io.rules import parse
from holdfast.model import geometry
from holdfast.model.delivery import Delivery, ReadRequest
from holdfast.model.errors import Invalid
from memory_city import delivered, make_catalog

CATALOG = make_catalog()


def run(columns: dict[str, Any], mapping: dict[str, Any] | None = None, layer: str = "water_pipe", **request: Any) -> tuple[dict[str, pa.Table], Delivery]:
    table = pa.table(columns)
    asked = ReadRequest(CATALOG, **request)
    delivery = Delivery("test", ())
    source = layers.Source("a.csv", layer, tuple(n for n in table.column_names if n != "geometry"))
    reader = layers.choose(source, parse(mapping, CATALOG), asked, delivery)
    if reader is None:
        return {}, delivery
    delivery.batches = list(reader.batches(table, 2))
    return delivered(delivery), delivery


def said(delivery: Delivery) -> list[tuple[str, str | None, int | None]]:
    return [(row["rule"], row["value"], row["row"]) for row in delivery.findings.table().to_pylist()]


def pipe_rule(**columns: Any) -> dict[str, Any]:
    return {"layer": {"water_pipe": {"kind": "water.pipe", "columns": columns}}}


@pytest.mark.parametrize("name", ["water.pipe", "water_pipe", "Water-Pipe", " WATER PIPE "])
def test_layers_named_after_a_kind(name: str) -> None:
    found = layers.kind_of_layer(name, CATALOG.kinds)
    assert found is not None
    assert found.name == "water.pipe"
    assert layers.kind_of_layer("pipes", CATALOG.kinds) is None


def test_headings_with_units() -> None:
    assert layers.split_heading("diameter [mm]") == ("diameter", "mm")
    assert layers.split_heading(" name ") == ("name", None)
    got, _ = run({"id": ["a"], "diameter [mm]": ["300"], "Length [ft]": ["10"]})
    row = got["water.pipe"].to_pylist()[0]
    assert row["diameter"] == 0.3
    assert row["length"] == pytest.approx(3.048)


def test_a_heading_with_a_foreign_unit_is_kept_as_it_is() -> None:
    got, _ = run({"id": ["a"], "diameter [kg]": ["300"]})
    assert got["water.pipe"]["diameter [kg]"].to_pylist() == ["300"]


def test_si_is_taken_where_nothing_is_said() -> None:
    got, _ = run({"id": ["a"], "DIAMETER": [0.3]})
    assert got["water.pipe"]["diameter"].to_pylist() == [0.3]


def test_ids_get_their_kind_once() -> None:
    got, delivery = run({"id": ["a", "water.pipe:b", " c ", "", None]})
    assert sorted(got["water.pipe"]["id"].to_pylist()) == ["water.pipe:a", "water.pipe:b", "water.pipe:c", "water.pipe:water_pipe-5", "water.pipe:water_pipe-6"]
    assert said(delivery) == [("import.missing_id", None, 5), ("import.missing_id", None, 6)]


def test_numeric_ids_have_no_decimal_point() -> None:
    assert run({"id": [5.0, 7.0]})[0]["water.pipe"]["id"].to_pylist() == ["water.pipe:5", "water.pipe:7"]


def test_ids_from_several_columns() -> None:
    got, _ = run({"A": ["x"], "B": [3]}, pipe_rule(id={"from": ["A", "B"], "join": "/"}))
    assert got["water.pipe"]["id"].to_pylist() == ["water.pipe:x/3"]


def test_without_an_id_column_rows_are_numbered_and_it_is_said() -> None:
    got, delivery = run({"x": [1]})
    assert got["water.pipe"]["id"].to_pylist() == ["water.pipe:water_pipe-2"]
    assert delivery.findings.by_rule() == {"import.no_id": 1}


def test_references_by_kind_prefix_or_as_delivered() -> None:
    columns = {"id": ["1", "2", "3"], "S": ["J-1", "T-1", ""], "E": ["J-2", "water.tank:T-9", None], "from_id": ["a", "b", "c"]}
    mapping = pipe_rule(from_id={"from": "S", "kinds": {"T-": "water.tank", "": "water.junction"}}, to_id={"from": "E", "kind": "water.junction"})
    table = run(columns, mapping)[0]["water.pipe"]
    assert table["from_id"].to_pylist() == ["water.junction:J-1", "water.tank:T-1", None]
    assert table["to_id"].to_pylist() == ["water.junction:J-2", "water.tank:T-9", None]
    assert table["delivered_from_id"].to_pylist() == ["a", "b", "c"]
    bare = run({"id": ["1"], "from_id": ["J-1"]})[0]["water.pipe"]
    assert bare["from_id"].to_pylist() == ["J-1"]


def test_bad_values_become_null_and_a_finding_with_row_and_value() -> None:
    columns = {"id": ["a", "b"], "diameter": ["0.3", "big"], "build_date": ["2015", "soon"], "check_valve": ["yes", "perhaps"], "position": ["1", "1.5"]}
    got, delivery = run(columns)
    assert got["water.pipe"].select(["diameter", "build_date", "check_valve", "position"]).to_pylist()[1] == dict.fromkeys(
        ["diameter", "build_date", "check_valve", "position"]
    )
    assert set(said(delivery)) == {
        ("import.not_a_number", "big", 3), ("import.not_date", "soon", 3), ("import.not_value", "perhaps", 3), ("import.not_whole", "1.5", 3),
    }  # fmt: skip


def test_unknown_codes_are_kept_and_said_once() -> None:
    got, delivery = run({"id": list("abc"), "material": ["铸铁", "木头", "木头"]})
    assert got["water.pipe"]["material"].to_pylist() == ["ZT", "木头", "木头"]
    assert said(delivery) == [("import.unknown_code", "木头", 3)]


def test_constants_missing_words_and_ignored_columns() -> None:
    mapping = {"layer": {"water_pipe": {"kind": "water.pipe", "missing": ["-999"], "ignore": ["SHAPE*"], "constants": {"owner": "W"}}}}
    got, _ = run({"id": ["a", "b"], "diameter": ["-999", "0.1"], "note": ["-999", "n"], "Shape_Leng": ["1", "2"]}, mapping)
    table = got["water.pipe"]
    assert table["diameter"].to_pylist() == [None, 0.1]
    assert table["note"].to_pylist() == [None, "n"]
    assert table["owner"].to_pylist() == ["W", "W"]
    assert "Shape_Leng" not in table.column_names


def test_derived_columns_of_an_export_are_not_taken_for_facts() -> None:
    got, _ = run({"id": ["a"], "shape_length": [3.0], "valid_from": ["2020-01-01"], "fid": [1], "length": [5.0]})
    assert set(got["water.pipe"].column_names) == {"id", "length"}


def test_where_chooses_rows_and_keeps_their_numbers() -> None:
    mapping = {"layer": {"water_pipe": {"kind": "water.pipe", "where": {"state": ["built", "7"]}, "columns": {"id": "id"}}}}
    got, delivery = run({"id": list("abcd"), "state": ["built", "x", "7", None]}, mapping)
    assert got["water.pipe"]["id"].to_pylist() == ["water.pipe:a", "water.pipe:c"]
    assert [b.rows.tolist() for b in delivery.batches] == [[2, 4]]  # type: ignore[union-attr]


def test_a_code_column_names_the_kind_of_each_row() -> None:
    mapping = {"layer": {"points": {"kind_from": {"from": "T", "codes": {"J": "water.junction", "H": "water.hydrant"}}}}}
    got, delivery = run({"id": list("abcd"), "T": ["J", "H", "X", None]}, mapping, layer="points")
    assert {kind: table["id"].to_pylist() for kind, table in got.items()} == {"water.junction": ["water.junction:a"], "water.hydrant": ["water.hydrant:b"]}
    assert said(delivery) == [("import.unknown_kind", "X", 4), ("import.unknown_kind", "", 5)]


def test_several_rules_for_one_layer() -> None:
    mapping = {"layer": {"p": [{"kind": "water.pipe", "where": {"T": "w"}, "columns": {"diameter": {"from": "D", "unit": "mm"}}},
                               {"kind": "gas.pipe", "where": {"T": "g"}, "columns": {"diameter": {"from": "D", "unit": "in"}}}]}}  # fmt: skip
    got, _ = run({"id": ["1", "2"], "T": ["w", "g"], "D": ["100", "10"]}, mapping, layer="p")
    assert got["water.pipe"]["diameter"].to_pylist() == [0.1]
    assert got["gas.pipe"]["diameter"].to_pylist() == [0.254]


def test_a_kind_column_of_our_own_exports_needs_no_mapping() -> None:
    got, _ = run({"kind": ["water.pipe", "gas.pipe"], "id": ["water.pipe:1", "gas.pipe:1"]}, layer="export")
    assert set(got) == {"water.pipe", "gas.pipe"}
    assert "kind" not in got["water.pipe"].column_names


def test_a_layer_of_no_known_kind_is_said() -> None:
    got, delivery = run({"id": ["a"]}, layer="gossip")
    assert got == {}
    assert delivery.findings.by_rule() == {"import.layer_skipped": 1}
    assert run({"id": ["a"]}, {"layer": {"gossip": {"skip": True}}}, layer="gossip")[1].findings.by_rule() == {}


def test_a_mapping_that_names_an_absent_column_is_refused() -> None:
    with pytest.raises(Invalid, match="no column 'DN'") as caught:
        run({"id": ["a"], "GJ": ["3"]}, pipe_rule(diameter={"from": "DN", "unit": "mm"}))
    assert caught.value.where == {"file": "a.csv", "layer": "water_pipe", "field": "DN"}
    assert "GJ" in caught.value.fix


def test_an_unknown_kind_for_the_whole_file_is_refused() -> None:
    with pytest.raises(Invalid, match="not a kind"):
        run({"id": ["a"]}, layer="x", parameters={"kind": "water.nothing"})


def test_scaling_with_factor_offset_and_unit() -> None:
    got, _ = run({"id": ["a"], "L": ["10"]}, pipe_rule(length={"from": "L", "unit": "km", "factor": 2, "offset": 1}))
    assert got["water.pipe"]["length"].to_pylist() == [21_000.0]


def test_axes_are_exchanged() -> None:
    column = pa.chunked_array([geometry.points(np.array([1.0]), np.array([2.0]))])
    assert geometry.bounds(layers.exchange_axes(column))[0].tolist() == [2.0, 1.0, 2.0, 1.0]
