"""What crews can have done hour by hour: the clock, and values against schedules that are known to be best."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from holdfast.engines.scenario.lost_together import Sets
from holdfast.engines.scenario.repair import Crews
from holdfast.engines.scenario.repair_kernel import to_clock, to_work
from holdfast.engines.scenario.time_programme import TimeProgramme, clock, worked


def crews(count, first=0.0, shift=24.0):
    return Crews(("power",), np.zeros(9, np.int16), np.zeros(count, int), np.zeros(count, int), np.zeros((1, 2)), np.array([first]), np.array([shift]))


@pytest.mark.parametrize("shift", [24.0, 10.0])
def test_clock_and_worked_hours_are_those_of_the_schedule(shift):
    work = np.array([0.5, 9.0, 10.0, 10.5, 71.0])
    assert clock(work, np.full(5, 2.0), np.full(5, shift)) == pytest.approx([to_clock(w, 2.0, shift) for w in work])
    for hour in (1.0, 7.0, 13.5, 26.0, 80.0):
        steps = (np.arange(20_000) + 0.5) * hour / 20_000
        assert worked(hour, 2.0, shift) == pytest.approx(np.mean([to_work(s, 2.0, shift) for s in steps]) * hour, rel=1e-3, abs=1e-6)


def value(open_, start, hours, people, count, **how):
    sets = Sets(np.array(open_, bool), np.array(start, np.float32))
    programme = TimeProgramme(np.array(hours, float), np.zeros(len(hours), int), crews(count, **how), np.array(people, float))
    return programme.solve(sets)


def test_one_task_is_waited_for_until_it_can_be_done_and_two_until_the_first_is():
    assert value([[1]], [[0.0]], [5.0], [10.0], 1).lost.sum() == pytest.approx(50.0)
    assert value([[1]], [[2.0]], [5.0], [10.0], 1, first=1.0).lost.sum() == pytest.approx(40.0)
    assert value([[1, 1]], [[0.0]], [5.0, 8.0], [10.0], 1).lost.sum() == pytest.approx(50.0, rel=0.15)
    assert value([[1, 1]], [[0.0]], [5.0, 8.0], [10.0], 1).lost.sum() <= 50.0 + 1e-6
    assert value([[1, 0], [0, 1]], [[0.0], [0.0]], [5.0, 8.0], [10.0], 2).lost.sum() == pytest.approx(80.0)


def test_who_waits_for_nothing_loses_nothing_and_counts_as_served():
    answer = value([[1]], [[0.0, np.inf]], [5.0], [10.0, 99.0], 1)
    assert answer.lost.sum() == pytest.approx(50.0) and (answer.served[:, 1] == 1.0).all()
    assert answer.early() == pytest.approx([5.0])


@settings(max_examples=30, deadline=None, derandomize=True)
@given(st.lists(st.tuples(st.integers(1, 9), st.integers(1, 50)), min_size=1, max_size=7))
def test_one_crew_and_separate_people_cannot_do_better_than_smiths_rule(tasks):
    hours, people = zip(*tasks, strict=True)
    count = len(tasks)
    bound = value(np.eye(count), np.where(np.eye(count), 0.0, np.inf), hours, people, 1).lost.sum()
    best, now = 0.0, 0.0
    for h, p in sorted(tasks, key=lambda t: t[0] / t[1]):
        now += h
        best += p * now
    assert 0.45 * best <= bound <= best * (1 + 1e-6)
