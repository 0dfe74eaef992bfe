"""Fairness between zones, by hand and against pairs of people."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from holdfast.engines.scenario.equity import fairness


def test_fairness_by_hand():
    people = np.array([[20.0], [60.0], [20.0]])
    even = np.array([[[200.0], [600.0], [200.0]]])
    ratio, gini = fairness(even, people, 100.0)
    assert ratio[0, 0] == pytest.approx(1.0) and gini[0, 0] == pytest.approx(0.0)
    one_zone = np.array([[[1000.0], [0.0], [0.0]]])  # 20 people without for 50 of 100 hours
    ratio, gini = fairness(one_zone, people, 100.0)
    assert ratio[0, 0] == pytest.approx(0.5) and gini[0, 0] == pytest.approx(0.8)
    nobody = fairness(np.zeros((1, 2, 1)), np.full((2, 1), np.nan), 100.0)
    assert np.isnan(nobody[0]).all() and np.isnan(nobody[1]).all()
    none = fairness(np.zeros((2, 0, 1)), np.zeros((0, 1)), 100.0)
    assert np.isnan(none[0]).all()


@settings(max_examples=60, deadline=None, derandomize=True)
@given(st.lists(st.tuples(st.integers(1, 50), st.floats(0.0, 100.0)), min_size=2, max_size=8))
def test_gini_is_that_of_the_pairs_of_people(zones):
    people = np.array([float(n) for n, _ in zones])
    hours = np.array([h for _, h in zones])
    ratio, gini = fairness((people * hours)[None, :, None], people[:, None], 100.0)
    each = np.repeat(hours, people.astype(int))
    mean = each.mean()
    want = np.abs(each[:, None] - each[None]).mean() / (2.0 * mean) if mean > 0.0 else 0.0
    assert gini[0, 0] == pytest.approx(want, abs=1e-9)
    assert 0.0 <= ratio[0, 0] <= 1.0 + 1e-9


def test_where_nobody_had_service_rounding_makes_no_zone_better_off():
    people = np.array([[7.0], [11.0], [13.0]])
    hours = np.float32(719.99994)
    dark = (people * hours).astype(np.float32)[None]
    dark[0, 1, 0] = np.float32(11.0 * 719.9998)
    ratio, gini = fairness(dark, people, 720.0)
    assert ratio[0, 0] == 1.0 and gini[0, 0] == pytest.approx(0.0, abs=1e-6)
