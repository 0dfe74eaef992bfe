"""Hours on batteries and own generators."""

from __future__ import annotations

import numpy as np
import pytest

from holdfast.engines.network.power.holdup import Units, hold_up


def units(*rows):
    return Units(*(np.array(column, float if i else int) for i, column in enumerate(zip(*rows, strict=True))))


def test_battery_and_generator():
    inf = np.inf
    found = hold_up(np.array([100e3, 100e3, 100e3, 0.0]), units(
        (0, 200e3, 3.6e8, inf, 0.0),  # 100 kWh
        (1, 100e3, inf, 8.0, 0.25), (1, 50e3, 3.6e7, inf, 0.0),  # diesel for 8 h, a battery of 10 kWh for half the load
        (2, 25e3, inf, 4.0, 0.5), (-1, 1e6, inf, 9.0, 0.0), (3, 1e3, 3.6e6, inf, 0.0)))
    assert found.hours[0] == pytest.approx(1.0) and found.share[0] == 1.0 and found.gap[0] == 0.0
    assert found.hours[1] == pytest.approx(8.0 + 0.2) and found.gap[1] == pytest.approx(0.25 - 0.2)
    assert found.share[2] == 0.25 and found.hours[2] == pytest.approx(4.0) and found.gap[2] == 0.5
    assert found.share[3] == 0.0 and found.hours[3] == 0.0, "nothing to carry"


def test_part_load_stretches_the_fuel():
    found = hold_up(np.array([50e3]), units((0, 100e3, np.inf, 6.0, 0.0)))
    assert found.hours[0] == pytest.approx(12.0)


def test_nothing_stands_by():
    found = hold_up(np.array([1e3, 2e3]), Units(np.zeros(0, int), *(np.zeros(0) for _ in range(4))))
    assert (found.hours == 0).all() and (found.share == 0).all() and (found.gap == 0).all()
    kept = units((0, 1e3, 3.6e6, np.inf, 0.0), (0, 1e3, 3.6e6, np.inf, 0.0)).take(np.array([True, False]))
    assert hold_up(np.array([1e3]), kept).hours[0] == pytest.approx(1.0)
