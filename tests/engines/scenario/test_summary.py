"""Tables of an impact by hand-computed numbers."""

from __future__ import annotations

from dataclasses import fields

import numpy as np

from holdfast.engines.scenario import summary
from holdfast.engines.scenario.impact import Frame, Impact

HOURS = np.array([0.0, 1.0, 4.0, 24.0, 48.0])
PEOPLE = np.array([[[100.0, 0], [100, 0], [50, 0], [5, 0], [0, 0]], [[200, 0], [200, 0], [200, 0], [200, 0], [200, 0]]])  # (case, hour, service)


def impact(people: np.ndarray = PEOPLE, status: tuple[int, ...] = (0, 0)) -> Impact:
    cases = len(people)
    given = {
        "frame": Frame(HOURS, ("water", "gas"), (), (), ()), "people": people, "status": np.array(status, np.int8), "weight": np.ones(cases),
        "person_hours": np.full((cases, 2), [960.0, 0.0]), "triangle": np.full((cases, 2), [12.0, 0.0]),
    }  # fmt: skip
    return Impact(**{f.name: given.get(f.name) for f in fields(Impact)})


def test_restored_when_nine_tenths_have_it_again():
    assert summary.restored_after(HOURS, PEOPLE).tolist() == [[24.0, 0.0], [np.inf, 0.0]]


def test_curves_leave_out_what_nobody_loses():
    table = summary.curves(impact())
    assert set(table["service"].to_pylist()) == {"water"} and table["hour"].to_pylist() == HOURS.tolist()
    assert table["p50"].to_pylist()[0] == 150.0 and table["mean"].to_pylist()[-1] == 100.0


def test_unsolved_cases_do_not_count():
    people = np.concatenate((PEOPLE, np.full((1, 5, 2), np.nan)))
    assert summary.curves(impact(people, (0, 0, 1))).equals(summary.curves(impact()))


def test_one_row_a_service_that_people_use():
    table = summary.table_of(impact(), np.array([300.0, 10.0])).to_pylist()
    assert table[0]["service"] == "water" and table[0]["people"] == 300 and table[0]["worst_p50"] == 150.0 and table[0]["at_24h"] == 102.5
    assert table[0]["restored_p50"] == 24.0 and table[0]["restored_p95"] is None and table[0]["person_hours"] == 960.0 and table[0]["resilience"] == 0.75
    assert table[1]["worst_p95"] == 0.0 and len(summary.table_of(impact(), np.array([300.0, 0.0]))) == 1
