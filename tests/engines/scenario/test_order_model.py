"""The quick judge: exact where it knows all sets, never above the truth."""

from __future__ import annotations

from itertools import permutations

import numpy as np
import pytest

from holdfast.engines.scenario.lost_together import Sets
from holdfast.engines.scenario.order_model import OrderModel
from holdfast.engines.scenario.repair import Crews

HOURS = np.array([[0.0, 3.0, 2.0, 5.0]], np.float32)
TASK = np.array([3, 1, 2])  # orders number these


def model(cases=1):
    crews = Crews(("power",), np.zeros(4, np.int16), np.zeros(1, int), np.zeros(1, int), np.zeros((1, 2)), np.zeros(1), np.array([24.0]))
    return OrderModel(np.repeat(HOURS, cases, axis=0), TASK, crews, np.zeros((1, 1, 4), np.float32), np.full(cases, 1.0 / cases))


def test_who_waits_for_one_task_and_for_the_first_of_two():
    judge = model()
    judge.learn(0, np.array([1, 2, 3]), Sets(np.array([[1, 0, 0], [0, 1, 1]], bool), np.array([[0.0, np.inf], [np.inf, 4.0]], np.float32)), np.array([10.0, 100.0]))
    orders = np.array(list(permutations(range(3))))
    hours = HOURS[0, TASK]
    for order, value in zip(orders, judge(orders), strict=True):
        done = dict(zip(TASK[order].tolist(), np.cumsum(hours[order]).tolist(), strict=True))
        assert value == pytest.approx(10 * done[1] + 100 * max(min(done[2], done[3]) - 4.0, 0.0))
    assert len(judge.known) == 6


def test_several_cases_are_weighed_and_what_was_known_is_replaced():
    judge = model(2)
    one = Sets(np.array([[1, 0, 0]], bool), np.zeros((1, 1), np.float32))
    for case in (0, 1):
        judge.learn(case, np.array([1, 2, 3]), one, np.array([10.0]))
    order = np.array([[1, 2, 0]])
    assert judge(order) == pytest.approx([30.0])
    judge.learn(1, np.array([1, 2, 3]), one, np.array([50.0]))
    assert judge(order) == pytest.approx([0.5 * 30 + 0.5 * 150]) and judge.done(order, 0).tolist() == [[10.0, 3.0, 5.0]]
