"""Correlated fields: variance, correlation by distance, reproducibility."""

from __future__ import annotations

import numpy as np
import pytest

from holdfast.hazards.quake.fields import between_measures, make_field, range_of
from holdfast.model.errors import Invalid

RNG = np.random.default_rng(3)
X, Y = RNG.uniform(0, 9_000, 150), RNG.uniform(0, 6_000, 150)


@pytest.mark.parametrize("length", [8_500.0, 25_700.0, 40_700.0])
def test_correlation_is_that_of_the_model(length):
    values = make_field(X, Y, length).draw(1, "a", np.arange(6_000))
    assert abs(values.std() - 1.0) < 0.05
    distance = np.hypot(X[:, None] - X, Y[:, None] - Y)
    error = np.corrcoef(values.T) - np.exp(-3.0 * distance / length)
    assert np.abs(error).max() < 0.1
    for low, high in ((0, 1_000), (1_000, 3_000), (3_000, 10_000)):
        assert abs(error[(distance > low) & (distance <= high)].mean()) < 0.04


def test_a_case_does_not_depend_on_its_block():
    field = make_field(X, Y, 10_000.0)
    whole = field.draw(7, "a", np.arange(40))
    assert np.array_equal(field.draw(7, "a", np.array([31, 2, 30])), whole[[31, 2, 30]])
    assert not np.allclose(field.draw(8, "a", np.arange(40)), whole) and not np.allclose(field.draw(7, "b", np.arange(40)), whole)
    assert abs(np.corrcoef(whole[0], whole[1])[0, 1]) < 0.9  # both halves of one transform differ


def test_the_same_place_gets_the_same_value():
    both = make_field(np.array([0.0, 1_234.5, 1_234.5, 8_000.0]), np.array([0.0, 700.0, 700.0, 100.0]), 9_000.0).draw(1, "a", np.arange(10))
    assert np.array_equal(both[:, 1], both[:, 2])


def test_one_site_and_a_whole_province():
    assert make_field(np.zeros(1), np.zeros(1), 5_000.0).draw(1, "a", np.arange(3)).shape == (3, 1)
    wide = make_field(np.linspace(0, 900_000, 50), np.linspace(0, 700_000, 50), 8_500.0)
    assert wide.root.size < 700**2 and wide.draw(1, "a", np.arange(2)).std() > 0.5


def test_lengths_and_measures():
    assert range_of("pga", "clustered") == 40_700.0 and range_of("pga", "varied") == 8_500.0 and range_of("sa10", "varied") == pytest.approx(25_700.0)
    with pytest.raises(Invalid, match="sometimes"):
        range_of("pga", "sometimes")
    full = between_measures(("pga", "pgv", "sa03", "sa10"))
    assert np.allclose(full, full.T) and np.linalg.eigvalsh(full).min() > 0.0
