"""Comparing two deliveries: recognised by id or place, told field by field."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import pyarrow as pa
import pytest

from holdfast.engines.survey.changes import CHANGE_SCHEMA, compare, diff_table, merged
from holdfast.engines.survey.matching import match_rows
from holdfast.model import geometry
from holdfast.model.spec import Field, Kind
from holdfast.model.tables import asset_schema, conform

PIPE = Kind(
    "test.pipe", "edge", "pipe", "管", geometry="LineString",
    fields=(Field("diameter", "diameter", "管径", quantity="diameter"), Field("material", "material", "材质", "text")),
)  # fmt: skip
NODE = Kind("test.node", "node", "node", "点", geometry="Point", fields=(Field("depth", "depth", "埋深", quantity="depth"),))


def pipes(count: int = 60, seed: int = 1) -> pa.Table:
    rng = np.random.default_rng(seed)
    start = rng.uniform(0, 2000, (count, 2))
    shape = np.stack((start, start + rng.uniform(5, 50, (count, 2))), axis=1)
    return conform(
        pa.table({
            "id": [f"test.pipe:{i}" for i in range(count)], "geometry": geometry.lines(shape), "from_id": [f"test.node:{i}" for i in range(count)],
            "to_id": [f"test.node:{i + 1}" for i in range(count)], "diameter": rng.choice([0.1, 0.2, 0.3], count), "material": ["PE"] * count,
        }),
        asset_schema(PIPE),
    )  # fmt: skip


def put(table: pa.Table, name: str, change: Callable[[list], list]) -> pa.Table:
    at = table.column_names.index(name)
    return table.set_column(at, name, pa.array(change(table[name].to_pylist()), table.schema.field(name).type))


def renamed(table: pa.Table) -> pa.Table:
    return put(table, "id", lambda ids: [f"test.pipe:X{i}" for i in range(len(ids))])


def test_nothing_changed() -> None:
    table = pipes()
    found = compare(PIPE, table, table.take(pa.array(np.random.default_rng(2).permutation(60))))
    assert found.counts() == {"added": 0, "changed": 0, "closed": 0, "unchanged": 60}
    assert diff_table([found]).num_rows == 0 and diff_table([]).schema == CHANGE_SCHEMA


def test_added_changed_closed_by_id() -> None:
    old = pipes()
    new = put(put(old.slice(2), "diameter", lambda v: [0.5, *v[1:]]), "material", lambda v: [*v[:-1], None])
    new = pa.concat_tables([new, renamed(pipes(1, seed=9))])
    found = compare(PIPE, old, new)
    assert found.counts() == {"added": 1, "changed": 2, "closed": 2, "unchanged": 56}
    rows = diff_table([found]).to_pylist()
    assert {(r["id"], r["change"], r["field"], r["new"]) for r in rows} == {
        ("test.pipe:2", "changed", "diameter", "0.5"), ("test.pipe:59", "changed", "material", None), ("test.pipe:X0", "added", None, None),
        ("test.pipe:0", "closed", None, None), ("test.pipe:1", "closed", None, None)}  # fmt: skip


def test_columns_not_delivered_say_nothing() -> None:
    old = pipes()
    new = put(put(old, "material", lambda v: [None] * len(v)), "diameter", lambda v: [0.9, *v[1:]])
    found = compare(PIPE, old, new)
    assert found.counts()["changed"] == 1 and list(found.fields) == ["diameter"]
    assert merged(found).to_pylist()[0]["material"] == "PE"
    assert compare(PIPE, old, new, partial=False).counts()["changed"] == 60


@pytest.mark.parametrize("noise", [0.0, 0.2])
@pytest.mark.parametrize("reverse", [False, True])
def test_fresh_ids_are_recognised_by_geometry(noise: float, reverse: bool) -> None:
    old = pipes()
    values = geometry.coordinates(old["geometry"]).values.reshape(-1, 2, 2)  # type: ignore[union-attr]
    moved = (values[:, ::-1] if reverse else values) + np.random.default_rng(3).uniform(-noise, noise, values.shape)
    order = np.random.default_rng(4).permutation(60)
    new = renamed(old.set_column(1, "geometry", geometry.lines(moved)).take(pa.array(order)))
    found = compare(PIPE, old, new)
    assert found.counts()["added"] == found.counts()["closed"] == 0
    names = found.renamed()
    assert len(names) == 60 and all(names[f"test.pipe:X{i}"] == f"test.pipe:{order[i]}" for i in range(60))
    if not noise and not reverse:
        assert found.counts()["unchanged"] == 60
    assert compare(PIPE, old, new, "id").counts()["added"] == 60


def test_renumbering_that_reuses_ids_is_seen_through() -> None:
    """The same numbers on other pipes: ids lie, geometry decides."""
    old = pipes()
    new = put(old, "id", lambda ids: [*ids[7:], *ids[:7]])
    found = compare(PIPE, old, new)
    assert found.counts()["unchanged"] == 60 and found.renamed()["test.pipe:7"] == "test.pipe:0"
    assert compare(PIPE, old, new, "id").counts()["changed"] == 60


def test_a_few_moved_pipes_keep_their_ids() -> None:
    old = pipes()
    values = geometry.coordinates(old["geometry"]).values.reshape(-1, 2, 2).copy()  # type: ignore[union-attr]
    values[:20] += 30.0
    found = compare(PIPE, old, old.set_column(1, "geometry", geometry.lines(values)))
    assert found.counts() == {"added": 0, "changed": 20, "closed": 0, "unchanged": 40} and list(found.fields) == ["geometry"]


def test_twins_are_matched_one_to_one() -> None:
    one = pipes(1)
    twins = pa.concat_tables([put(one, "id", lambda _, i=i: [f"test.pipe:{i}"]) for i in range(3)])
    left, right = match_rows(twins, renamed(twins), "geometry", 0.1)
    assert left.tolist() == right.tolist() == [0, 1, 2]
    left, right = match_rows(twins.slice(0, 2), renamed(twins), "geometry", 0.1)
    assert len(left) == 2 and len(set(right.tolist())) == 2


def test_points_are_matched_to_the_nearest() -> None:
    def table(prefix: str, x: list[float | None]) -> pa.Table:
        place = geometry.points(np.array(x, float), np.zeros(len(x)))
        return conform(pa.table({"id": [f"test.node:{prefix}{i}" for i in range(len(x))], "geometry": place}), asset_schema(NODE))

    old, new = table("a", [0.0, 0.4, 10.0, np.nan]), table("b", [0.35, 0.05, 20.0, np.nan])
    left, right = match_rows(old, new, "auto", 0.5)
    assert list(zip(left.tolist(), right.tolist(), strict=True)) == [(0, 1), (1, 0)]


def test_height_alone_is_a_change() -> None:
    flat = np.array([[[0.0, 0.0, 1.0], [9.0, 0.0, 1.0]]])
    old = pipes(1).set_column(1, "geometry", geometry.lines(flat))
    raised = old.set_column(1, "geometry", geometry.lines(flat + np.array([0.0, 0.0, 0.5])))
    noise = old.set_column(1, "geometry", geometry.lines(flat + 0.0004))
    assert compare(PIPE, old, raised).counts()["changed"] == 1
    assert compare(PIPE, old, noise).counts()["unchanged"] == 1
    assert compare(PIPE, old, old.set_column(1, "geometry", geometry.lines(flat[:, :, :2]))).counts()["changed"] == 1


def test_empty_sides() -> None:
    table, none = pipes(3), pipes(3).slice(0, 0)
    assert compare(PIPE, none, table).counts() == {"added": 3, "changed": 0, "closed": 0, "unchanged": 0}
    assert compare(PIPE, table, none).counts() == {"added": 0, "changed": 0, "closed": 3, "unchanged": 0}
    assert compare(PIPE, none, none).counts()["added"] == 0
