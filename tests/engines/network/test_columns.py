"""Columns of tables: what exists, defaults, positions."""

from __future__ import annotations

from types import SimpleNamespace

import numpy as np
import pyarrow as pa

from holdfast.engines.network.columns import Columns, columns, elevations, ends_of, places

TABLE = pa.table({"id": ["a", "b", "c", "d"], "lifecycle": ["in_service", "planned", None, "out_of_service"], "status": ["0", "0", "1", None], "length": [1.0, 2.0, 3.0, None],
                  "in_service": [True, True, True, None]})


def test_only_what_exists_counts():
    rows = Columns(TABLE)
    assert rows.id.to_pylist() == ["a", "d"] and len(rows) == 2 and rows.works().tolist() == [True, False]


def test_defaults_stand_in_for_nulls_and_absent_columns():
    rows = Columns(TABLE)
    assert np.isnan(rows.numbers("length")[1]) and rows.numbers("length", 9.0).tolist() == [1.0, 9.0] and rows.numbers("none", 5.0).tolist() == [5.0, 5.0]
    assert rows.flags("in_service").tolist() == [True, True] and rows.flags("none", False).tolist() == [False, False]
    assert rows.texts("none").to_pylist() == [None, None] and rows.texts("status").to_pylist() == ["0", None]


def test_a_kind_that_is_not_installed_has_no_rows():
    city = SimpleNamespace(catalog=SimpleNamespace(kinds={"x.pipe": 1}), table=lambda kind: TABLE)
    assert len(columns(city, "y.pipe")) == 0 and len(columns(city, "x.pipe")) == 2
    assert len(Columns(pa.table({"id": pa.array([], pa.string())})).numbers("length")) == 0


def test_places():
    found = places(pa.array(["b", None, "x", "a"]), pa.array(["a", "b"]))
    assert found.tolist() == [1, -1, -1, 0] and found.dtype == np.int32
    assert places(pa.array([None], pa.string()), pa.array(["a", None])).tolist() == [-1]


def test_levels_of_nodes_that_lack_one():
    table = pa.table({"id": ["a", "b", "c", "d"], "elevation": [10.0, None, None, 20.0], "ground_elevation": [99.0, 12.0, None, None]})
    np.testing.assert_array_equal(elevations(Columns(table)), [10.0, 12.0, 15.0, 20.0])  # the middle of those known for the one that nobody levelled
    np.testing.assert_array_equal(elevations(Columns(table.select(["id"]))), [0.0] * 4)


def test_a_valve_before_a_pipe_makes_an_inner_node():
    junction = pa.array(["j1", "j2"])
    pipes = pa.table({"id": ["p1", "p2"], "from_id": ["j1", "j1"], "to_id": ["j2", "gone"]})
    table = {"valve": Columns(pa.table({"id": ["v"], "from_id": ["j2"], "to_id": ["p1"]})), "pipe": Columns(pipes)}
    start, stop, split = ends_of(table, ("valve", "pipe"), junction, "valve", "pipe")
    assert split.tolist() == [1] and start["valve"].tolist() == [1] and stop["valve"].tolist() == [2]
    assert start["pipe"].tolist() == [0, 0] and stop["pipe"].tolist() == [2, -1]  # the far end of p1 moves behind the valve; a junction that is not there is -1
