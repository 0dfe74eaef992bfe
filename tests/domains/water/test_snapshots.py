"""Snapshots are solved once for each state of the components, for as long as they are remembered."""

from __future__ import annotations

import numpy as np

from holdfast.domains.water.snapshots import Remembered, Snapshots
from holdfast.model.lifeline import ComponentState


class Solver:
    """Answers with how many components are available, and counts what it is asked."""

    def __init__(self) -> None:
        self.asked = 0

    def __call__(self, state: ComponentState) -> Snapshots:
        self.asked += state.cases
        count = state.available.sum(axis=1).astype(float)
        leak = np.zeros(state.cases) if state.opening is None else state.opening.sum(axis=1).astype(float)
        level, status, engine = count[:, None].astype(np.float32), np.zeros(state.cases, np.int8), np.full(state.cases, "counting", "U80")
        return Snapshots(level, status, engine, {"leak": leak}, count[:, None], -count[:, None])


def test_equal_states_are_solved_once_whatever_is_spent() -> None:
    solver = Solver()
    memory = Remembered(solver)
    available = np.array([[True, True, True], [True, False, True], [True, False, True], [True, True, True]])
    found = memory.ask(ComponentState(available))
    assert solver.asked == 2 and found.level[:, 0].tolist() == [3, 2, 2, 3] and found.engine.tolist() == ["counting"] * 4
    again = memory.ask(ComponentState(available[[1, 0]], opening=np.zeros((2, 3), np.float32), spent=np.ones((2, 1), bool)))
    assert solver.asked == 2 and again.away[:, 0].tolist() == [2, 3] and again.beyond[:, 0].tolist() == [-2, -3]


def test_leaks_orders_and_hours_tell_states_apart() -> None:
    solver = Solver()
    memory, whole = Remembered(solver), np.ones((2, 2), bool)
    leak = memory.ask(ComponentState(whole, opening=np.array([[0.0, 0.5], [0.25, 0.0]], np.float32)))
    assert leak.detail["leak"].tolist() == [0.5, 0.25]
    memory.ask(ComponentState(whole, command=np.array([[1, 0], [0, 1]], np.int8)))
    memory.ask(ComponentState(whole, hour=np.array([1.0, 2.0])))
    assert solver.asked == 6


def test_what_is_changed_outside_is_not_remembered() -> None:
    memory, whole = Remembered(Solver()), np.ones((1, 2), bool)
    memory.ask(ComponentState(whole)).level[:] = 7.0
    assert memory.ask(ComponentState(whole)).level[0, 0] == 2.0


def test_the_oldest_used_are_forgotten_first() -> None:
    solver = Solver()
    states = [np.array([[True] * n + [False] * (4 - n)]) for n in range(4)]
    size = sum(part.nbytes for part in solver(ComponentState(states[0])).arrays())
    memory, solver.asked = Remembered(solver, room=2 * size), 0
    for number in (0, 1, 0, 2, 0, 1):
        memory.ask(ComponentState(states[number]))
    assert solver.asked == 4  # 1 was forgotten for 2
