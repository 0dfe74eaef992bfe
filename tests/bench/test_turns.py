"""Contestants in turns: the order, the medians, and programs that answer or die."""

from __future__ import annotations

import sys

import pytest

from bench.turns import Program, Taken, cpu, in_turns, ratio

ECHO = """
import json, sys
print("a greeting")
for line in sys.stdin:
    asked = json.loads(line)
    if asked["double"] < 0:
        raise ValueError("not below zero")
    print(json.dumps({"seconds": 2.0 * asked["double"]}), flush=True)
"""


def test_everyone_has_a_turn_before_anyone_has_the_next():
    order = []

    def contestant(name, seconds):
        def turn():
            order.append(name)
            return next(seconds)

        return turn

    found = in_turns(3, ours=contestant("ours", iter((1.0, 4.0, 2.0))), peer=contestant("peer", iter((10.0, 12.0, 30.0))))
    assert order == ["ours", "peer"] * 3
    assert found["ours"].median == 2.0 and found["peer"].seconds == (10.0, 12.0, 30.0)
    assert ratio(found["peer"], found["ours"]) == 10.0  # of 10, 3 and 15: pairs of one turn, not the ratio of the medians
    assert found["ours"].told(1e3) == "2000 (1000 to 4000)"


def test_turns_that_do_not_pair_are_refused():
    with pytest.raises(ValueError):
        ratio(Taken((1.0, 2.0)), Taken((1.0,)))


def test_cpu_seconds_are_of_one_call():
    calls = []
    assert cpu(lambda: calls.append(sum(range(20_000))), 5)() < 0.1 and len(calls) == 5


def test_a_program_answers_until_it_ends():
    with Program(sys.executable, "-c", ECHO) as program:
        assert program.ask(double=1.5) == {"seconds": 3.0}
        assert program.ask(double=2.0) == {"seconds": 4.0}
        with pytest.raises(RuntimeError, match="not below zero"):
            program.ask(double=-1.0)
