"""Progress of a scenario: stages, the rest by the speed so far, what the terminal says of it."""

from __future__ import annotations

from types import SimpleNamespace

import pytest

from holdfast.app.progress import Progress, Teller
from holdfast.cli.output import progress_line


def test_stages_are_told_and_an_answer_of_false_is_passed_on():
    seen: list[Progress] = []
    teller = Teller(lambda now: seen.append(now) or now.stage != "cases")
    assert teller.enter("gather") and teller.enter("prepare", total=200)
    assert not teller.enter("cases", done=64)
    assert [(now.stage, now.done, now.total) for now in seen] == [("gather", 0, 0), ("prepare", 0, 200), ("cases", 64, 200)]
    assert seen == sorted(seen, key=lambda now: now.seconds) and teller.now is seen[-1]
    assert Teller(None).enter("gather"), "nobody watches, nothing is cancelled"


def test_the_rest_follows_the_speed_of_the_later_half():
    teller = Teller(None)
    teller._marks = [(0.0, 0), (20.0, 64)]
    assert teller._rest(64) == pytest.approx(20.0)
    teller._marks = [(0.0, 0), *((100.0 + i, 10 * i) for i in range(1, 21))]  # slow at first, while workers start
    assert teller._rest(50) == pytest.approx(5.0)
    assert teller._rest(0) == 0.0


def test_its_json_is_plain_and_short():
    now = Progress("cases", 64, 200, 0, {"solved": 63, "diverged": 1}, 12.3456, 26.04, 24.0, {"water": {"p5": 0.0, "p50": 5.0, "p95": 9.0}})
    body = now.as_json()
    assert (body["seconds"], body["rest"], body["cases"]) == (12.3, 26.0, {"solved": 63, "diverged": 1})
    assert Progress().as_json()["rest"] is None


def test_the_line_of_the_terminal():
    people = {name: {"p5": 0.0, "p50": float(n), "p95": 9e9} for name, n in (("water", 8232), ("gas", 5), ("road_access", 120), ("heat", 1))}
    now = Progress("cases", 64, 200, 0, {"solved": 62, "diverged": 2}, 12.0, 26.0, 24.0, people)
    assert progress_line(now) == "26 s left, 2 not solved, median without at 24 h: water 8,232, road access 120, gas 5"
    assert progress_line(Progress("cases", rest=600.0)) == "10 min left"
    assert progress_line(SimpleNamespace(stage="order")) == "searching the order of repairs"
