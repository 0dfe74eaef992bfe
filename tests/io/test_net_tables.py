"""Tables of a net as batches: ids, references and units."""

from __future__ import annotations

import json

import numpy as np
import pyarrow as pa
import pytest

from holdfast.io.net_tables import arrow_columns, asset_ids, fluid, names_usable, records, unique_rows
from holdfast.io.pandapower_json import Frame, read_net
from holdfast.model.finding import Findings
from holdfast.model.spec import Code, Dictionary, Field, Kind, Source
from net_files import ROADS, TOWN, point, reading, save_net

COLOUR = Dictionary("colour", (Code("R", "red", "红", ("红", "red")),), Source("test"))
THING = Kind("test.thing", "node", "Thing", "物", geometry="Point", fields=(
    Field("voltage", "voltage", "电压", quantity="voltage"), Field("temperature", "temperature", "温度", quantity="temperature"), Field("count", "count", "数", "integer"),
    Field("on", "on", "开", "boolean"), Field("colour", "colour", "颜色", "code", dictionary=COLOUR), Field("note", "note", "注", "text"),
    Field("source_index", "row", "行", "integer")))
RULES = {"vn_kv": ("voltage", 1e3), "t_c": ("temperature", 1.0, 273.15), "n": "count", "on": "on", "colour": "colour", "remark": "note"}


def columns(data, findings=None):
    count = len(next(iter(data.values())))
    return arrow_columns(Frame(list(range(count)), data, np.arange(1, count + 1)), THING, RULES, findings if findings is not None else Findings(), "f.json")


def test_units_types_codes_and_what_passes_through():
    out = columns({"name": ["a", 3.0], "vn_kv": [0.4, None], "t_c": [10.0, "20"], "n": [2.0, None], "on": [True, "false"], "colour": ["红", "blue"], "remark": [1, None],
                   "voltage": ["raw", None], "subnet": ["x", None], "mixed": [1, "a"], "deep": [{"k": [1]}, None], "empty": [None, None]})
    assert out["name"].to_pylist() == ["a", "3"]
    assert out["voltage"].to_pylist() == [400.0, None]
    assert out["temperature"].to_pylist() == pytest.approx([283.15, 293.15])
    assert out["count"].to_pylist() == [2, None] and out["count"].type == pa.int64()
    assert out["on"].to_pylist() == [True, False]
    assert out["colour"].to_pylist() == ["R", "blue"]
    assert out["note"].to_pylist() == ["1", None]
    assert out["voltage_delivered"].to_pylist() == ["raw", None], "an undeclared column must not hide a declared field"
    assert out["subnet"].to_pylist() == ["x", None] and out["mixed"].to_pylist() == ["1", "a"] and out["deep"].to_pylist() == ['{"k": [1]}', None]
    assert "empty" not in out


def test_a_cell_that_is_no_number_is_null_and_a_finding():
    findings = Findings()
    out = columns({"vn_kv": [0.4, "high"]}, findings)
    assert out["voltage"].to_pylist() == [400.0, None]
    row = findings.table().to_pylist()[0]
    assert (row["rule"], row["column"], row["value"], row["row"], row["file"]) == ("import.not_a_number", "voltage", "high", 2, "f.json") and row["fix"]


def test_a_rule_for_a_field_that_is_not_declared_is_a_mistake_of_the_programmer():
    with pytest.raises(KeyError):
        arrow_columns(Frame([0], {"a": [1]}, np.array([1])), THING, {"a": "nothing"}, Findings(), "f")


def test_ids_are_names_only_where_all_are_there_and_different():
    rows = Frame([5, 6], {"name": ["x", "y"]}, np.array([1, 2]))
    assert asset_ids(rows, "test.thing").tolist() == ["test.thing:x", "test.thing:y"]
    assert asset_ids(Frame([5, 6], {"name": ["x", "x"]}, np.array([1, 2])), "test.thing", "gen-").tolist() == ["test.thing:gen-5", "test.thing:gen-6"]
    assert not names_usable(["a", None]) and not names_usable([])


def test_repeated_labels_are_left_out():
    findings = Findings()
    kept = unique_rows(Frame([1, 1, 2], {"a": [10, 11, 12]}, np.array([1, 2, 3])), "test.thing", findings, "f")
    assert kept.data["a"] == [10, 12]
    assert findings.by_rule() == {"import.duplicate_id": 1}


def test_references_to_nothing_and_missing_columns_are_findings(tmp_path):
    found, _ = reading(tmp_path, [{"geo": point(*p)} for p in TOWN], [*ROADS, {"from_bus": 0, "to_bus": 99, "length_km": 1.0}])
    rows, _ = found.attached("line", "test.line", "from_bus", "to_bus")
    assert len(rows) == 2
    row = found.findings.table().to_pylist()[0]
    assert (row["rule"], row["column"], row["value"], row["row"]) == ("import.dangling_reference", "to_bus", "99", 3) and row["fix"]
    assert len(found.attached("line", "test.line", "bus")[0]) == 0
    assert found.findings.by_rule()["import.missing_column"] == 1


def test_what_no_kind_takes_is_kept_as_records(tmp_path):
    path = save_net(tmp_path / "n.json", "pandapowerNet", {"bus": [{"a": 1}], "poly_cost": [{"cp1": 2.0}, {"cp1": 3.0}], "res_bus": [{"vm_pu": 1.0}], "gone": []},
        f_hz=50.0, library={"x": 1})
    table = records(read_net(path, "pandapowerNet"), "test.record", {"bus"}, ("library",))
    assert table["name"].to_pylist() == ["net", "library", "poly_cost/0", "poly_cost/1", "res_bus"]
    assert json.loads(table["content"][0].as_py()) == {"f_hz": 50.0}
    assert json.loads(table["content"][3].as_py()) == {"cp1": 3.0}
    assert json.loads(table["content"][4].as_py())["columns"] == {"vm_pu": [1.0]}


@pytest.mark.parametrize(("content", "expected"), [({"name": "lgas", "is_gas": True}, ("lgas", True)), ({"fluid_type": "liquid"}, ("", False)), ({"name": "x"},
    ("x", None)), (5, ("", None))])
def test_the_fluid_says_whether_it_is_a_gas(tmp_path, content, expected):
    value = {"_module": "p", "_class": "Fluid", "_object": json.dumps(content)}
    assert fluid(read_net(save_net(tmp_path / "n.json", "pandapipesNet", {}, fluid=value), "pandapipesNet")) == expected
