"""Chances looked up by the bits of an intensity, against the curves and tables that they stand for."""

from __future__ import annotations

import numpy as np
import pytest

from holdfast.engines.scenario.damage_chance import STATES, find, lay_out, worst_state
from holdfast.engines.scenario.damage_law import probabilities
from holdfast.model.spec import DamageCurve, DamageTable, RepairRate, Source

SOURCE = Source("test")
NAMES = ("slight", "moderate", "extensive", "complete")
CURVES = (
    DamageCurve("pga", NAMES, (1.5, 2.9, 4.5, 9.0), (0.7, 0.55, 0.45, 0.45), SOURCE), DamageCurve("pgv", ("out",), (0.4,), (0.05,), SOURCE),
    DamageCurve("pgd", ("a", "b"), (1.0, 1.1), (0.2, 1.0), SOURCE), DamageCurve("gust", ("a", "b"), (33.0, 50.0), (3.0, 0.01), SOURCE),
)  # fmt: skip
TABLE = DamageTable("pga", ("a", "b"), (0.1, 0.2, 0.5, 2.0), ((0.05, 0.4, 0.9, 1.0), (0.0, 0.1, 0.3, 0.35)), SOURCE, onset=0.07)
RATE = RepairRate("pgv", 1.0, 1.0, ("leak",), (1.0,), SOURCE)


def reached(chances, law, x):
    """(x, state) chance of reaching each state."""
    out = np.zeros((len(x), STATES))
    for i, value in enumerate(np.asarray(x, np.float32)):
        if value >= chances.floor[law]:
            row, share = find(value, value.view(np.int32), law, chances)
            out[i] = chances.reach[row] + share * (chances.reach[row + 1] - chances.reach[row])
    return out


@pytest.mark.parametrize("law", range(len(CURVES)))
def test_curves_to_one_in_a_hundred_thousand(law):
    x = np.geomspace(1e-6, 1e6, 20_001).astype(np.float32)
    chances = lay_out((RATE, *CURVES, TABLE))
    expected = 1.0 - np.cumsum(probabilities(CURVES[law], x.astype(float)), axis=1)[:, :-1]
    found = reached(chances, law + 1, x)
    assert np.abs(found[:, : expected.shape[1]] - expected).max() < 1e-5
    assert (found[:, expected.shape[1] :] == 0.0).all() and (np.diff(found, axis=1) <= 0.0).all()
    small = (expected[:, 0] > 1e-7) & (expected[:, 0] < 1e-3)
    assert small.any() and found[small, 0] == pytest.approx(expected[small, 0], rel=2e-3)  # tails keep their proportions


def test_tables_are_themselves():
    x = np.array([0.05, 0.0699, 0.0701, 0.1, 0.15, 0.2, 0.3, 0.5, 1.9, 2.0, 50.0, np.nan, -1.0, np.inf], np.float32)
    found = reached(lay_out((*CURVES, TABLE)), len(CURVES), x)
    assert found[:2].max() == 0.0 and found[-3:-1].max() == 0.0 and found[-1, :2].tolist() == pytest.approx([1.0, 0.35])
    assert found[2:5, 0] == pytest.approx([0.05, 0.05, 0.225], abs=1e-6)
    assert found[2:-3, 1] == pytest.approx(np.interp(x[2:-3], TABLE.levels, TABLE.chances[1]), abs=1e-6)


def test_state_by_quantile():
    chances = lay_out((TABLE,))
    value = np.float32(0.5)
    row, share = find(value, value.view(np.int32), 0, chances)
    assert [worst_state(u, row, share, chances.reach) for u in (0.01, 0.29, 0.31, 0.89, 0.91)] == [2, 2, 1, 1, 0]


def test_nothing_to_lay_out():
    assert lay_out((RATE,)).reach.shape == (0, STATES)
