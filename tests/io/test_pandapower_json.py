"""The container of saved nets: what it is read into, and what stops the call."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from holdfast.io import pandapower_json
from holdfast.io.pandapower_json import Frame, carries, looks_like, number, plain, read_net, text_of, texts
from holdfast.model.errors import HoldfastError, Invalid, NotFound
from net_files import frame, save_net


@pytest.fixture
def saved(tmp_path: Path) -> Path:
    return save_net(tmp_path / "网 net.json", "pandapowerNet", {"bus": [{"name": "a", "vn_kv": 10.0}, {"name": "b"}]}, indices={"bus": [7, 9]}, f_hz=50.0)


def test_tables_become_columns_with_labels_and_row_numbers(saved):
    net = read_net(saved, "pandapowerNet")
    bus = net.table("bus")
    assert bus.index == [7, 9]
    assert bus.rows.tolist() == [1, 2]
    assert bus.data == {"name": ["a", "b"], "vn_kv": [10.0, None]}
    assert np.isnan(bus.numbers("vn_kv")[1]) and bus.numbers("vn_kv", 1.0).tolist() == [10.0, 1.0]
    assert net.values["f_hz"] == 50.0
    assert len(net.table("line")) == 0


def test_a_nested_object_may_be_a_value_or_text(tmp_path, saved):
    document = json.loads(saved.read_text(encoding="utf-8"))
    document["_object"] = json.dumps(document["_object"])
    again = tmp_path / "again.json"
    again.write_text(json.dumps(document), encoding="utf-8")
    assert read_net(again, "pandapowerNet").table("bus").index == [7, 9]


def test_a_byte_order_mark_is_no_obstacle(tmp_path, saved):
    marked = tmp_path / "bom.json"
    marked.write_bytes(b"\xef\xbb\xbf" + saved.read_bytes())
    assert len(read_net(marked, "pandapowerNet").table("bus")) == 2


@pytest.mark.parametrize(
    ("content", "words"),
    [
        (b"", "broken or cut off"),
        (b'{"_module": "pandapower.auxiliary", "_class": "pandapowerNet", "_object": {"bus": ', "broken or cut off"),
        (b"[1, 2]", "not a saved net"),
        (b'{"bus": {}}', "not a saved net"),
        (b'{"_class": "pandapipesNet", "_object": {}}', "is a pandapipesNet"),
        (b'{"_class": "pandapowerNet", "_object": 3}', "no tables"),
        (b'{"_class": "pandapowerNet", "_object": "{"}', "nested JSON"),
        (b'{"_class": "pandapowerNet", "_object": {"bus": {"_class": "DataFrame", "_object": "{\\"columns\\":"}}}', "nested JSON"),
        (b'{"_class": "pandapowerNet", "_object": {"bus": {"_class": "DataFrame", "_object": 5}}}', "no content"),
        (b'{"_class": "pandapowerNet", "_object": {"bus": {"_class": "DataFrame", "_object": {"name": {"0": 1}}}}}', "split form"),
        (b'{"_class": "pandapowerNet", "_object": {"bus": {"_class": "DataFrame", "_object": {"columns": ["a"], "index": [0], "data": [[1, 2]]}}}}', "different length"),
        (b'{"_class": "pandapowerNet", "_object": {"bus": {"_class": "DataFrame", "_object": {"columns": "ab", "index": [0], "data": [[1]]}}}}', "split form"),
        ("名".encode("gbk"), "not UTF-8"),
        (b"[" * 200_000, "nested too deeply"),
    ],
)
def test_broken_containers_stop_with_file_and_fix(tmp_path, content, words):
    path = tmp_path / "net.json"
    path.write_bytes(content)
    with pytest.raises(Invalid, match=words) as caught:
        read_net(path, "pandapowerNet")
    assert caught.value.fix and caught.value.where["file"] == str(path)


def test_a_missing_file_is_not_found(tmp_path):
    with pytest.raises(NotFound):
        read_net(tmp_path / "none.json", "pandapowerNet")


def test_a_file_beyond_the_limit_is_refused_unread(saved, monkeypatch):
    monkeypatch.setattr(pandapower_json, "MAX_BYTES", 10)
    with pytest.raises(Invalid, match="larger than"):
        read_net(saved, "pandapowerNet")


@pytest.mark.parametrize("cut", [10, 60, 90, -1, -30])
def test_a_file_cut_off_anywhere_is_refused(tmp_path, saved, cut):
    path = tmp_path / "cut.json"
    path.write_bytes(saved.read_bytes()[:cut])
    with pytest.raises(Invalid):
        read_net(path, "pandapowerNet")


@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(at=st.integers(0, 400), byte=st.integers(0, 255))
def test_no_single_wrong_byte_makes_the_reader_fail_otherwise(tmp_path, saved, at, byte):
    content = bytearray(saved.read_bytes())
    content[at % len(content)] = byte
    path = tmp_path / "fuzz.json"
    path.write_bytes(bytes(content))
    try:
        read_net(path, "pandapowerNet")
    except HoldfastError as error:
        assert error.fix


def test_container_layers_are_removed():
    array = {"_module": "numpy", "_class": "array", "_object": [1, 2], "dtype": "float64"}
    pump = {"_module": "x", "_class": "PumpStdType", "_object": json.dumps({"name": "P1", "reg_par": array})}
    assert plain({"pump": pump, "n": 3}) == {"pump": {"class": "PumpStdType", "content": {"name": "P1", "reg_par": [1, 2]}}, "n": 3}
    assert plain({"_class": "Odd", "_object": "{no json"}) == {"class": "Odd", "content": "{no json"}
    table = plain(frame([{"time": "01.01.2016 00:00", "a": 0.5}]))
    assert table["content"]["columns"] == ["time", "a"]


@pytest.mark.parametrize(("cell", "value"), [(3, 3.0), ("2.5", 2.5), (True, 1.0), (10**400, np.nan), ("x", np.nan), (" ", np.nan), (None, np.nan), ([1], np.nan)])
def test_cells_as_numbers(cell, value):
    assert number(cell) == value or (np.isnan(value) and np.isnan(number(cell)))


@pytest.mark.parametrize(("cell", "text"), [(None, None), (float("nan"), None), (3.0, "3"), (3.5, "3.5"), (" a ", "a"), ("", None), ({"a": 1}, '{"a": 1}')])
def test_cells_as_text(cell, text):
    assert text_of(cell) == text


def test_labels_that_are_no_numbers_are_minus_one():
    rows = Frame([0, 1, 2], {"bus": [4, None, "x"]}, np.arange(1, 4))
    assert rows.labels("bus").tolist() == [4, -1, -1]
    assert rows.take(np.array([True, False, True])).index == [0, 2]
    assert texts(rows, "none") == [None, None, None]


def test_the_class_is_recognised_from_the_head(saved):
    head = saved.read_bytes()[:200]
    assert looks_like(head, "pandapowerNet") and not looks_like(head, "pandapipesNet")
    assert not looks_like(b'{"type": "FeatureCollection", "features": []}', "pandapowerNet")


@pytest.mark.parametrize(("said", "gas", "liquid"), [
    (b'\\"is_gas\\": true', 0.95, 0.05), (b'\\"is_gas\\": false', 0.05, 0.95), (b'"fluid_type": "gas"', 0.95, 0.05), (b'"fluid_type": "liquid"', 0.05, 0.95), (b"", 0.5, 0.5),
])  # fmt: skip
def test_a_pipe_net_tells_its_fluid(said, gas, liquid):
    head = b'{"_module": "pandapipes.pandapipes_net", "_class": "pandapipesNet", "_object": {' + said
    assert (carries(head, gas=True), carries(head, gas=False)) == (gas, liquid)
    assert carries(head.replace(b"pandapipesNet", b"pandapowerNet"), gas=True) == 0.0
