"""Liquefaction: probabilities by hand, shares by sampling, cells."""

from __future__ import annotations

import numpy as np
import pytest

from holdfast.hazards.quake.ground_failure import CATEGORIES, CELL, categories, cells, deform, displacement, probability
from holdfast.model.errors import Invalid

G = 9.80665


def test_probability_by_hand():
    # magnitude 7.5: 0.0027 * 421.875 - 0.0267 * 56.25 - 0.2055 * 7.5 + 2.9188 = 1.0148; water at 5 ft: 0.022 * 5 + 0.93 = 1.04
    by_hand = (7.67 * 0.25 - 0.92) / (1.014787 * 1.04) * 0.20
    assert probability(CATEGORIES.index("high"), 0.25 * G, 7.5, 5 * 0.3048) == pytest.approx(by_hand, rel=1e-4)
    assert probability(0, 5.0, 7.5, 1.0) == 0.0 and probability(1, 0.1 * G, 7.5, 1.0) == 0.0


def test_displacement_by_hand():
    # ratio 0.24 / 0.12 = 2: 12 inches; at magnitude 7 the factor is 0.0086 * 343 - 0.0914 * 49 + 0.4698 * 7 - 0.9835 = 0.7763
    assert displacement(CATEGORIES.index("high"), 0.24 * G, 7.0) == pytest.approx(12 * 0.0254 * 0.7763, rel=1e-3)
    assert displacement(CATEGORIES.index("high"), 0.05 * G, 7.0) == pytest.approx(6 * 0.0254)


def test_more_shaking_worse_ground_higher_water_never_help():
    pga = np.linspace(0.05, 1.0, 30) * G
    for category in range(1, 6):
        by_pga = [probability(category, x, 7.0, 3.0) for x in pga]
        assert by_pga == sorted(by_pga)
        assert probability(category, 0.4 * G, 7.0, 1.0) >= probability(category, 0.4 * G, 7.0, 10.0)
    by_category = [probability(c, 0.4 * G, 7.0, 3.0) for c in range(6)]
    assert by_category == sorted(by_category)


def test_shares_by_sampling_and_blocks():
    n, cases = 300, np.arange(400)
    category, cell = np.full(n, 5), np.arange(n).astype(np.uint64)
    pga = np.full((len(cases), n), 0.3 * G, np.float32)
    pgd = deform(1, cases, cell, category, np.full(len(cases), 7.0), 2.0, pga)
    p = probability(5, 0.3 * G, 7.0, 2.0)
    assert abs((pgd > 0).mean() - p) < 4.5 * np.sqrt(p * (1 - p) / pgd.size)
    factor = pgd[pgd > 0] / displacement(5, 0.3 * G, 7.0)
    assert factor.min() >= 0.499 and factor.max() <= 2.001 and abs(np.median(factor) - 1.0) < 0.05
    some = np.array([300, 3])
    assert np.array_equal(deform(1, some, cell, category, np.full(2, 7.0), 2.0, pga[:2]), pgd[some])


def test_neighbours_in_a_cell_share_their_fate():
    x = np.array([10.0, CELL - 10.0, CELL + 10.0, -10.0])
    cell = cells(x, np.zeros(4))
    assert cell[0] == cell[1] and len(set(cell.tolist())) == 3


def test_categories():
    assert [CATEGORIES[c] for c in categories("vs30", np.array([150.0, 200.0, 270.0, 330.0, 500.0]))] == ["high", "moderate", "low", "very_low", "none"]
    assert categories("moderate", np.zeros(2)).tolist() == [3, 3]
    with pytest.raises(Invalid, match="swampy"):
        categories("swampy", np.zeros(1))
