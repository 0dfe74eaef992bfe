"""Section valves of the reference city: where they have to stand, and pipes that begin behind them."""

from __future__ import annotations

import numpy as np
import pytest
import shapely

from holdfast.domains.gas import sample_mains
from holdfast.domains.gas.sample_valves import cut_behind, valved
from holdfast.engines.layout.route import ROOT
from sampled import plan, tables

LINES = shapely.from_wkt([
    "LINESTRING Z (0 0 -1, 10 0 -1, 50 0 -1, 60 5 -1)", "LINESTRING Z (0 0 -1, 0 100 -2)", "LINESTRING Z (0 0 -1, -10 -10 -1, -50 -10 -1)", "LINESTRING Z (-30 -20 -1, -30 20 -1)",
])  # fmt: skip


def test_pipes_begin_at_the_first_bend_or_a_little_along() -> None:
    lines, made, places = cut_behind(LINES, np.array([True, True, True, False]))
    assert made.tolist() == [True, True, False, False], "the third would pass over the fourth without a node in common"
    assert places.tolist() == [[10, 0, -1], [0, 30, -1.3]]
    assert shapely.get_coordinates(lines[0])[0].tolist() == [10, 0] and shapely.get_num_points(lines[0]) == 3
    assert shapely.get_coordinates(lines[1]).tolist() == [[0, 30], [0, 100]]
    assert (lines[2:] == LINES[2:]).all()


@pytest.mark.parametrize("size", [(2_000, 7), (10_000, 7)])
def test_stations_and_branches_begin_behind_a_valve(size) -> None:
    city = plan(*size)
    mains = sample_mains.design(city)
    tree, (child, ring) = mains.tree, valved(city, mains)
    nodes = np.flatnonzero(tree.parent >= 0)
    main = city.street_class[tree.street] <= 1
    leaves = ~main[nodes] & main[tree.parent[nodes]] & (tree.kind[tree.parent[nodes]] != ROOT)
    assert child[leaves].all() and child[tree.kind[tree.parent[nodes]] == ROOT].all() and ring.all()
    assert not child[~main[nodes] & ~main[tree.parent[nodes]] & (tree.kind[tree.parent[nodes]] != ROOT)].any(), "further branches have none"
    kept = tables("gas", *size)["gas.valve"].num_rows
    assert kept >= 0.7 * (child.sum() + ring.sum()), "few are left out because pipes would pass over each other"
