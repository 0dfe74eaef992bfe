"""What the bound of an order of repairs means: certain or not, never said to be better than it is."""

from __future__ import annotations

import pytest

from holdfast.app.order_words import bound_in_words

FOUND = {"cases": [3, 7, 9], "weighted_person_hours": 12000.4, "lower_bound": 9000.7, "likely_bound": 9000.7, "bound_proven": True, "gap": 0.25}


def test_a_proven_bound_is_called_proven_in_both_languages():
    ((english, chinese),) = bound_in_words(FOUND)
    assert english == (
        "No order of repairs can, on average over the 3 cases searched, lose less than 9,000 weighted person-hours (proven). "
        "The one found loses 12,000: the best possible would save at most 25.0 % of that."
    )
    assert "已证明" in chinese and "9,000" in chinese and "25.0 %" in chinese and "未" not in chinese


def test_one_case_is_no_average():
    assert "average" not in bound_in_words(FOUND | {"cases": [3]})[0][0] and "平均" not in bound_in_words(FOUND | {"cases": [3]})[0][1]


def test_what_is_not_proven_is_never_called_so():
    for found in (FOUND | {"bound_proven": False}, FOUND | {"bound_proven": False, "lower_bound": 12000.4}):
        english, chinese = bound_in_words(found)[0]
        assert "not proven" in english and "(proven)" not in english and "未获证明" in chinese and "已证明" not in chinese


def test_the_likely_bound_is_a_sentence_of_its_own_where_it_is_higher():
    _, (english, chinese) = bound_in_words(FOUND | {"likely_bound": 11400.9})
    assert "probably no order loses less than 11,400 (not proven)" in english and "at most 5.0 %" in english and "未证明" in chinese
    _, (english, _) = bound_in_words(FOUND | {"likely_bound": 13000.0})
    assert "does not hold here" in english


@pytest.mark.parametrize(("bound", "share"), [(11999.9, "0.1 %"), (6000.0, "50.1 %"), (50.0, "99.6 %")])
def test_shares_are_rounded_up_and_bounds_down(bound, share):
    assert f"at most {share}" in bound_in_words(FOUND | {"lower_bound": bound, "likely_bound": bound})[0][0]
    assert "less than 0.12 weighted" in bound_in_words(FOUND | {"lower_bound": 0.129, "likely_bound": 0.129})[0][0]


def test_the_best_there_is_and_nothing_known():
    assert "lose less than the one found, 12,000 weighted person-hours (proven)" in bound_in_words(FOUND | {"lower_bound": 12000.4, "likely_bound": 12000.4})[0][0]
    assert "not known" in bound_in_words(FOUND | {"lower_bound": 0.0, "likely_bound": 0.0})[0][0]


def test_a_search_that_was_left_out_has_no_bound():
    assert bound_in_words({"left_out": "nothing is to mend"}) == [] and bound_in_words({}) == []
