"""Words of SWMM lines."""

from __future__ import annotations

import pytest

from holdfast.engines.network.swmm.lines import held_open, join, split


@pytest.mark.parametrize(("line", "words"), [
    ("", []), ("   ;only a comment", []), ("J1\t12.5   3 ; depth", ["J1", "12.5", "3"]), ('FILE "my rain.dat" G1', ["FILE", "my rain.dat", "G1"]), ('"a" b', ["a", "b"]),
])  # fmt: skip
def test_words(line, words):
    assert split(line) == words


@pytest.mark.parametrize("words", [["J1", "two words", "3"], ["a", "tab\tbed"], ["one"]])
def test_what_is_joined_can_be_split_again(words):
    assert split(join(words)) == words


@pytest.mark.parametrize("line", ["IF PUMP P1 STATUS = ON", "THEN PUMP P1", "RULE P1", "THEN PUMP other STATUS = OFF", "THEN PUMP P1 SETTING > 0.5", "; THEN PUMP P1 STATUS = OFF"])
def test_what_is_no_action_on_a_held_link_stays(line):
    assert held_open(line, {"p1"}) == line


def test_a_curve_or_controller_is_replaced_whole():
    assert held_open("THEN ORIFICE Gate SETTING = PID 0.1 0.2 0.0 ; slowly", {"gate"}) == "THEN ORIFICE Gate SETTING = 1.0"
    assert held_open("AND WEIR Gate STATUS = CLOSED", {"gate"}) == "AND WEIR Gate STATUS = OPEN"
