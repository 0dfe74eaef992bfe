"""Crossings without a point: by arithmetic for straight lines, by shape for others, and judged by level."""

from __future__ import annotations

import numpy as np
import pytest
import shapely

from holdfast.engines.survey.crossings import crossing_pairs
from holdfast.model import geometry
from survey_town import STEP, add, found, judge, put, town

ACROSS = [[1.5 * STEP, -20.0, 18.0], [1.5 * STEP, 5.0, 18.0]]


def crossing(level: float | None) -> set[tuple[str, str]]:
    tables = add(town(), "town.point", 0, id="town.point:n", map_number="n", geometry=(1.5 * STEP, -20.0, 18.0), ground_elevation=None, depth=None, elevation=None)
    tables = add(tables, "town.point", 0, id="town.point:s", map_number="s", geometry=(1.5 * STEP, 5.0, 18.0), ground_elevation=None, depth=None, elevation=None)
    z = 0.0 if level is None else level
    shape = [[*p[:2], z] for p in ACROSS]
    tables = add(tables, "town.pipe", 0, id="town.pipe:across", from_id="town.point:n", to_id="town.point:s", geometry=shape, from_elevation=level, to_elevation=level,
                 from_depth=None, to_depth=None)  # fmt: skip
    return {row for row in found(tables) if row[0].startswith("crossing")}


def test_same_level() -> None:
    assert crossing(17.7) == {("crossing_without_point", "town.pipe:1")}


def test_passing_over_or_under_is_fine() -> None:
    assert crossing(16.0) == set() and crossing(19.0) == set()


def test_unknown_level_is_only_noted() -> None:
    assert crossing(None) == {("crossing_unknown_level", "town.pipe:1")}


def test_reported_at_the_crossing_with_the_other_line() -> None:
    tables = town()
    for i, x in enumerate((1.2, 1.5, 1.8)):  # three lines across the same pipe
        shape = [[x * STEP, -20.0, 17.6], [x * STEP, 5.0, 17.6]]
        tables = add(tables, "town.pipe", 0, id=f"town.pipe:a{i}", from_id=None, to_id=None, geometry=shape, from_elevation=17.6, to_elevation=17.6,
                     from_depth=None, to_depth=None)  # fmt: skip
    rows = [r for r in judge(tables).table().to_pylist() if r["rule"] == "survey.crossing_without_point"]
    assert sorted((r["id"], r["value"], round(r["x"] / STEP, 3), r["y"]) for r in rows) == [
        ("town.pipe:1", "town.pipe:a0", 1.2, 0.0), ("town.pipe:1", "town.pipe:a1", 1.5, 0.0), ("town.pipe:1", "town.pipe:a2", 1.8, 0.0)]  # fmt: skip


def test_lines_that_share_a_point_or_belong_to_other_networks_do_not_count() -> None:
    tables = put(town(), "town.sewer", 0, geometry=[[0.0, 10.0, 18.0], [STEP, -10.0, 17.2]])
    assert not {rule for rule, _ in found(tables) if rule.startswith("crossing")}


@pytest.mark.parametrize("bent", [False, True])
def test_pairs_agree_with_shapely(bent: bool) -> None:
    rng = np.random.default_rng(7)
    count = 300
    offsets = np.concatenate(([0], np.cumsum(rng.integers(2, 5, count) if bent else np.full(count, 2))))
    start = np.repeat(rng.uniform(0, 100, (count, 2)), np.diff(offsets), axis=0)
    column = geometry.lines(start + rng.uniform(-15, 15, start.shape), offsets)
    shapes = geometry.decode(column)
    a, b, x, y, ta, tb = crossing_pairs(column)
    i, j = np.triu_indices(count, 1)
    crossed = shapely.crosses(shapes[i], shapes[j])
    assert set(zip(a.tolist(), b.tolist(), strict=True)) == set(zip(i[crossed].tolist(), j[crossed].tolist(), strict=True))
    for share, line in ((ta, a), (tb, b)):
        on_line = shapely.line_interpolate_point(shapes[line], share, normalized=True)
        assert np.allclose(shapely.distance(on_line, shapely.points(x, y)), 0.0, atol=1e-6)


def test_nothing_to_cross() -> None:
    assert all(len(part) == 0 for part in crossing_pairs(geometry.lines(np.array([[[0.0, 0.0], [1.0, 1.0]], [[5.0, 5.0], [6.0, 6.0]]]))))
