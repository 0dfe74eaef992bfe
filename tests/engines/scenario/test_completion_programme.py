"""Hours of completion: exact for one crew, with shifts, and with people who wait for two tasks."""

from __future__ import annotations

import numpy as np
import pytest

from holdfast.engines.scenario.completion_programme import CompletionProgramme
from holdfast.engines.scenario.repair import Crews


def solve(hours, start, weight, count=1, shift=24.0):
    crews = Crews(("power",), np.zeros(9, np.int16), np.zeros(count, int), np.zeros(count, int), np.zeros((1, 2)), np.zeros(1), np.array([shift]))
    return CompletionProgramme(np.array(hours, float), np.zeros(len(hours), int), crews, np.array(start, float), np.array(weight, float)).solve()


def test_one_crew_follows_smiths_rule():
    value, done, _ = solve([4.0, 1.0, 6.0], np.where(np.eye(3), 0.0, np.inf), [100.0, 10.0, 300.0])
    assert value == pytest.approx(300 * 6 + 100 * 10 + 10 * 11) and done == pytest.approx([10.0, 11.0, 6.0])


def test_who_needs_both_waits_at_least_for_the_mean_and_hours_before_the_start_are_not_lost():
    assert solve([2.0, 3.0], [[0.0], [0.0]], [10.0])[0] == pytest.approx(10 * (5**2 + 2**2 + 3**2) / 2 / 5)  # in truth 50
    assert solve([2.0, 3.0], [[3.0], [3.0]], [10.0])[0] == pytest.approx(8.0)
    assert solve([2.0, 3.0], [[0.0], [0.0]], [10.0], count=2)[0] == pytest.approx(30.0)


def test_shifts_put_the_end_off():
    assert solve([12.0], [[0.0]], [1.0], shift=8.0)[0] == pytest.approx(3 * 12.0 - 16.0)
