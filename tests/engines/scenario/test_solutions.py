"""Solutions remembered by state: each once, the oldest forgotten, broken blocks halved until the bad case is found."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pyarrow as pa

from holdfast.engines.scenario.solutions import Solutions
from holdfast.model.lifeline import CaseStatus, ComponentState, Served


class Line:
    """Gives the number of available components; breaks on a case with a marked number of them."""

    name, service, engine, monotone = "line", "water", "toy", True
    component_id = outlet_id = pa.array(["a", "b", "c", "d"])

    def __init__(self, breaks_at=-1):
        self.blocks, self.breaks_at = [], breaks_at

    def serve(self, state):
        self.blocks.append(state.cases)
        count = state.available.sum(axis=1)
        if (count == self.breaks_at).any():
            raise np.linalg.LinAlgError("singular")
        return Served(np.repeat(count[:, None], 4, axis=1) / 4.0, np.zeros(state.cases, np.int8), self.engine)


def ask(solutions, counts):
    """One row for each number of available components, the number being its key."""
    available = np.arange(4) < np.array(counts)[:, None]
    keys = np.column_stack((np.array(counts, np.uint64), np.ones(len(counts), np.uint64)))
    return solutions.answer(keys, lambda rows: ComponentState(available[rows]))


def test_equal_states_are_solved_once_within_a_call_and_between_calls():
    line = Line()
    solutions = Solutions(line, np.array([0, 3]), 10**6)
    level, status, draw = ask(solutions, [4, 2, 4, 2, 4])
    assert level[:, 0].tolist() == [1.0, 0.5, 1.0, 0.5, 1.0] and level.shape == (5, 2) and not status.any() and draw.shape == (5, 0)
    ask(solutions, [2, 3])
    assert line.blocks == [2, 1] and solutions.solved == 3 and solutions.reused == 4
    assert dict(solutions.engines) == {"toy": 7}  # answered, solved or not


def test_a_remembered_row_counts_under_the_engine_that_solved_it():
    class Fallback(Line):
        def serve(self, state):
            return replace(super().serve(state), engine="reference" if (state.available.sum(axis=1) < 3).any() else "quick")

    line = Fallback()
    solutions = Solutions(line, np.array([0]), 10**6)
    ask(solutions, [4])  # undisturbed
    ask(solutions, [2, 2])
    assert solutions.engines == {"quick": 1, "reference": 2}
    ask(solutions, [4, 2, 4, 3])
    assert solutions.engines == {"quick": 4, "reference": 3} and line.blocks == [1, 1, 1]
    solutions.untouched(5)
    assert solutions.engines == {"quick": 9, "reference": 3}


def test_the_solution_not_used_for_longest_is_forgotten_first():
    line = Line()
    solutions = Solutions(line, np.array([0]), 2 * (4 + 200))
    ask(solutions, [1])
    ask(solutions, [2])
    ask(solutions, [1])
    ask(solutions, [3])  # 2 goes
    ask(solutions, [1])
    assert len(line.blocks) == 3
    ask(solutions, [2])
    assert len(line.blocks) == 4


def test_more_states_than_room_in_one_call_are_all_answered():
    solutions = Solutions(Line(), np.array([0]), 1)
    assert ask(solutions, [1, 2, 3, 4, 1])[0][:, 0].tolist() == [0.25, 0.5, 0.75, 1.0, 0.25]


def test_a_broken_block_is_halved_until_the_bad_case_is_found():
    line = Line(breaks_at=3)
    solutions = Solutions(line, np.array([0]), 10**6)
    level, status, _ = ask(solutions, [0, 1, 2, 3, 4])
    assert status.tolist() == [0, 0, 0, CaseStatus.FAILED, 0]
    assert np.isnan(level[3]).all() and level[4, 0] == 1.0
    assert solutions.errors == {"LinAlgError: singular": 1}
    assert line.blocks[0] == 5 and 1 in line.blocks


class Tank(Line):
    """Draws as much from its stock as components are available."""

    stock_id, stock, stock_full, outlet_demand = pa.array(["a"]), np.ones(1), np.ones(1), np.ones(4)

    def serve(self, state):
        served = super().serve(state)
        return replace(served, draw=state.available.sum(axis=1, keepdims=True))


def test_what_stocks_draw_is_remembered_too_and_is_nothing_in_a_broken_case():
    line = Tank(breaks_at=3)
    solutions = Solutions(line, np.array([0]), 10**6)
    assert ask(solutions, [4, 2, 3, 4])[2].tolist() == [[4.0], [2.0], [0.0], [4.0]]
    calls = len(line.blocks)
    assert ask(solutions, [2, 4])[2].tolist() == [[2.0], [4.0]] and len(line.blocks) == calls


def test_large_blocks_are_cut():
    class Many(Line):
        component_id = outlet_id = pa.array([str(i) for i in range(600)])

        def serve(self, state):
            self.blocks.append(state.cases)
            return Served(state.available.astype(np.float32), np.zeros(state.cases, np.int8), self.engine)

    line = Many()
    keys = np.column_stack((np.arange(600, dtype=np.uint64), np.ones(600, np.uint64)))
    available = np.eye(600, dtype=bool)
    level, _, _ = Solutions(line, np.arange(600), 10**7).answer(keys, lambda rows: ComponentState(available[rows]))
    assert line.blocks == [256, 256, 88] and (level == available).all()
