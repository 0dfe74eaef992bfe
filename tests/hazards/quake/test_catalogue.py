"""Stochastic catalogues: magnitudes, places, rates."""

from __future__ import annotations

import numpy as np
import pytest

from holdfast.hazards.quake.catalogue import Catalogue, check
from holdfast.model.errors import Invalid


def made(fault=None):
    return Catalogue(4.0, 0.9, 5.0, 7.5, 10.0, -5.0, 80.0, fault, 12.0, 60.0, "normal")


def test_magnitudes_follow_the_truncated_law():
    events = made().events(3, np.arange(6_000))
    magnitude = np.array([e.magnitude for e in events])
    assert magnitude.min() >= 5.0 and magnitude.max() <= 7.5
    for m in (5.5, 6.0, 7.0):
        expected = (10 ** (-0.9 * m) - 10 ** (-0.9 * 7.5)) / (10 ** (-0.9 * 5.0) - 10 ** (-0.9 * 7.5))
        assert (magnitude >= m).mean() == pytest.approx(expected, abs=4.5 * np.sqrt(expected / 6_000))
    assert made().rate() == pytest.approx(10 ** (4 - 4.5) - 10 ** (4 - 6.75))


def test_places_are_even_in_the_disc_or_on_the_fault():
    events = made().events(3, np.arange(4_000))
    r = np.array([np.hypot(e.x - 10.0, e.y + 5.0) for e in events])
    assert r.max() <= 80.0 and (r < 40.0).mean() == pytest.approx(0.25, abs=0.03)
    on = made(np.array([[0.0, 0.0], [30.0, 30.0]])).events(3, np.arange(500))
    assert all(e.strike == pytest.approx(45.0) and e.x == pytest.approx(e.y) and 0 <= e.x <= 30 for e in on)


def test_an_event_is_the_same_in_any_block():
    whole = made().events(3, np.arange(20))
    assert made().events(3, np.array([17, 4])) == [whole[17], whole[4]]


@pytest.mark.parametrize(
    ("given", "field"),
    [((4.0, 5.0, 5.0, 7.0, 1.0, None), "b"), ((4.0, 1.0, 7.0, 6.0, 1.0, None), "min_magnitude"), ((99.0, 1.0, 5.0, 7.0, 1.0, None), "field a"),
     ((4.0, 1.0, 5.0, 7.0, 0.0, None), "radius"), ((4.0, 1.0, 5.0, 7.0, 1.0, -1.0), "years")],
)
def test_bad_parameters_are_named(given, field):
    with pytest.raises(Invalid, match=field):
        check(*given)
