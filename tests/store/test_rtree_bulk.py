"""The packed R*Tree is one that SQLite itself accepts and that answers like a scan."""

from __future__ import annotations

import sqlite3

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from holdfast.store import rtree_bulk


def packed(ids: np.ndarray, boxes: np.ndarray) -> sqlite3.Connection:
    db = sqlite3.connect(":memory:")
    db.execute("CREATE VIRTUAL TABLE r USING rtree(id, minx, maxx, miny, maxy)")
    rtree_bulk.rebuild(db, "r", ids, boxes)
    return db


def random_boxes(count: int, seed: int = 1) -> np.ndarray:
    rng = np.random.Generator(np.random.Philox(seed))
    low = rng.uniform(5e5, 6e5, (count, 2))
    return np.hstack((low, low + rng.uniform(0, 80, (count, 2))))


@pytest.mark.parametrize("count", [0, 1, 51, 52, 51 * 51, 51 * 51 + 1, 20_000])
def test_sqlite_finds_the_tree_sound(count: int) -> None:
    db = packed(np.arange(count) + 7, random_boxes(count))
    assert db.execute("SELECT rtreecheck('r')").fetchone() == ("ok",)
    assert db.execute("SELECT count(*) FROM r").fetchone() == (count,)


@settings(max_examples=30, deadline=None, derandomize=True)
@given(st.integers(1, 400), st.integers(0, 10_000), st.floats(5e5, 6e5), st.floats(5e5, 6e5), st.floats(0, 5e4))
def test_no_box_that_touches_is_missed(count: int, seed: int, x: float, y: float, size: float) -> None:
    boxes = random_boxes(count, seed)
    ids = np.arange(count, dtype=np.int64)
    found = {r[0] for r in packed(ids, boxes).execute("SELECT id FROM r WHERE maxx >= ? AND minx <= ? AND maxy >= ? AND miny <= ?", (x, x + size, y, y + size))}
    touching = (boxes[:, 2] >= x) & (boxes[:, 0] <= x + size) & (boxes[:, 3] >= y) & (boxes[:, 1] <= y + size)
    assert set(ids[touching].tolist()) <= found


def test_rows_can_be_added_and_removed_afterwards() -> None:
    db = packed(np.arange(5000), random_boxes(5000))
    db.execute("INSERT INTO r VALUES (9000, 1, 2, 3, 4)")
    db.executemany("DELETE FROM r WHERE id = ?", ((i,) for i in range(0, 5000, 2)))
    assert db.execute("SELECT rtreecheck('r')").fetchone() == ("ok",)
    assert db.execute("SELECT count(*) FROM r").fetchone() == (2501,)


def test_rounding_to_float_never_shrinks_a_box() -> None:
    boxes = random_boxes(10_000) + 1e-7
    rounded = rtree_bulk.outward(boxes).astype(np.float64)
    assert (rounded[:, :2] <= boxes[:, :2]).all()
    assert (rounded[:, 2:] >= boxes[:, 2:]).all()
