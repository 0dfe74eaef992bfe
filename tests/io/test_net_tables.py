"""Tables of a net as batches: ids, references, units, and where the nodes lie."""

from __future__ import annotations

import json

import numpy as np
import pyarrow as pa
import pytest
import shapely

from holdfast.io.net_tables import Reading, arrow_columns, asset_ids, fluid, names_usable, records, unique_rows
from holdfast.io.pandapower_json import Frame, read_net
from holdfast.model.finding import Findings
from holdfast.model.spec import Code, Dictionary, Field, Kind, Source
from net_files import point, save_net

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


def reading(tmp_path, buses, lines, crs=None, indices=None, **tables):
    path = save_net(tmp_path / "n.json", "pandapowerNet", {"bus": buses, "line": lines, **tables}, indices=indices)
    result = Reading(read_net(path, "pandapowerNet"), "bus", Findings())
    result.prepare({"bus": "test.thing", "line": "test.line"})
    length = result.net.table("line").numbers("length_km") * 1e3
    return result, result.place("line", ("from_bus", "to_bus"), length, crs, "test.thing")


TOWN = [(7.8760, 48.4619), (7.8767, 48.4617), (7.8770, 48.4622)]
ROADS = [{"from_bus": 0, "to_bus": 1, "length_km": 0.0563}, {"from_bus": 1, "to_bus": 2, "length_km": 0.0596}]


def test_geojson_points_are_degrees(tmp_path):
    found, crs = reading(tmp_path, [{"geo": point(*p)} for p in TOWN], ROADS)
    assert crs == "EPSG:4326"
    assert found.places.scale == pytest.approx(1.0, abs=0.02)
    assert found.points(np.array([2, -1])).to_pylist()[1] is None
    assert shapely.from_wkb(found.points(np.array([2])).to_pylist()[0]).equals(shapely.Point(7.8770, 48.4622))


def test_latitude_first_is_seen_from_the_lengths_and_turned(tmp_path):
    found, crs = reading(tmp_path, [{"geo": point(y, x)} for x, y in TOWN], ROADS)
    assert crs == "EPSG:4326"
    assert found.places.x.tolist() == [p[0] for p in TOWN]
    assert found.findings.by_rule() == {"import.axes_swapped": 1}


def test_rounded_coordinates_are_not_mistaken_for_swapped_ones(tmp_path):
    found, _ = reading(tmp_path, [{"geo": point(round(x, 3), round(y, 3))} for x, y in TOWN], ROADS)
    assert not found.places.swapped


def test_a_drawing_is_left_out_unless_somebody_says_what_it_is(tmp_path):
    drawing = [{"geo": point(0.5 * i, -1.0 * i)} for i in range(3)]
    found, crs = reading(tmp_path, drawing, ROADS)
    assert crs is None and np.isnan(found.places.x).all()
    assert found.findings.by_rule() == {"import.schematic_coordinates": 1}
    kept, crs = reading(tmp_path, drawing, ROADS, crs="local:m")
    assert crs is None and kept.places.x.tolist() == [0.0, 0.5, 1.0]


def test_a_geodata_table_states_no_crs_and_its_scale_shows_feet(tmp_path):
    places = [{"x": 0.0, "y": 0.0}, {"x": 100.0, "y": 0.0}, {"x": 100.0, "y": 50.0}]
    roads = [{"from_bus": 0, "to_bus": 1, "length_km": 0.03048}, {"from_bus": 1, "to_bus": 2, "length_km": 0.01524}]
    found, crs = reading(tmp_path, [{"vn_kv": 1.0}] * 3, roads, bus_geodata=places)
    assert crs is None and found.places.scale == pytest.approx(3.281, abs=0.001)


def test_nodes_without_geo_are_placed_by_their_geodata(tmp_path):
    metres = [(20.0 * i, 15.0 * (i % 3)) for i in range(9)]
    degrees = [(7.9 + x / 74_000, 48.4 + y / 111_200) for x, y in metres]
    buses = [{"vn_kv": 1.0, "geo": point(*p) if i != 4 else None} for i, p in enumerate(degrees)]
    lines = [{"from_bus": i, "to_bus": i + 1, "length_km": float(np.hypot(metres[i + 1][0] - metres[i][0], metres[i + 1][1] - metres[i][1])) / 1e3} for i in range(8)]
    found, _ = reading(tmp_path, buses, lines, bus_geodata=[{"x": x, "y": y} for x, y in metres])
    assert (found.places.x[4], found.places.y[4]) == pytest.approx(degrees[4], abs=1e-9)
    assert found.findings.by_rule() == {"import.placed_by_fit": 1}
    preferred, crs = reading(tmp_path, buses, lines, crs="EPSG:25832", bus_geodata=[{"x": x, "y": y} for x, y in metres])
    assert crs is None and preferred.places.x.tolist() == [x for x, _ in metres], "a projected CRS means the geodata table"


def test_courses_are_delivered_or_straight_or_nothing(tmp_path):
    bent = json.dumps({"type": "LineString", "coordinates": [TOWN[0], [7.8765, 48.4620], TOWN[1]]})
    roads = [{**ROADS[0], "geo": bent}, ROADS[1], {"from_bus": 2, "to_bus": 2, "length_km": 0.01}]
    found, _ = reading(tmp_path, [{"geo": point(*p)} for p in TOWN], roads)
    rows, (start, end) = found.attached("line", "test.line", "from_bus", "to_bus")
    lines = shapely.from_wkb(found.lines("line", rows, start, end).to_pylist())
    assert [None if line is None else shapely.get_num_coordinates(line) for line in lines] == [3, 2, None]


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
