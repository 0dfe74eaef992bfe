"""Summaries by hand-computed numbers."""

from __future__ import annotations

import numpy as np

from holdfast.engines.scenario import summary

HOURS = np.array([0.0, 1.0, 4.0, 24.0, 48.0])
PEOPLE = np.array([[[100.0, 0], [100, 0], [50, 0], [5, 0], [0, 0]], [[200, 0], [200, 0], [200, 0], [200, 0], [200, 0]]])  # (case, hour, service)


def test_person_hours_hold_until_the_next_hour():
    assert summary.person_hours(HOURS, PEOPLE).tolist() == [[100 + 300 + 1000 + 120, 0], [200 * 48, 0]]


def test_restored_when_nine_tenths_have_it_again():
    assert summary.restored_after(HOURS, PEOPLE).tolist() == [[24.0, 0.0], [48.0, 0.0]]


def test_curves_leave_out_what_nobody_loses():
    table = summary.curves(("water", "gas"), HOURS, PEOPLE)
    assert set(table["service"].to_pylist()) == {"water"} and table["hour"].to_pylist() == HOURS.tolist()
    assert table["p50"].to_pylist()[0] == 150.0 and table["mean"].to_pylist()[-1] == 100.0


def test_unsolved_cases_do_not_count():
    people = np.concatenate((PEOPLE, np.full((1, 5, 2), np.nan)))
    assert summary.curves(("water", "gas"), HOURS, people).equals(summary.curves(("water", "gas"), HOURS, PEOPLE))
    assert np.isnan(summary.spread(np.full((2, 3), np.nan))["p50"]).all()


def test_impact_has_one_row_a_service():
    table = summary.impact(("water", "gas"), HOURS, PEOPLE, np.array([300.0, 10.0])).to_pylist()
    assert table[0]["service"] == "water" and table[0]["people"] == 300 and table[0]["worst_p50"] == 150.0 and table[0]["at_24h_p50"] == 102.5
    assert table[0]["restored_p50"] == 36.0 and table[1]["person_hours"] == 0.0
