"""Who goes without water: cut off, given nothing, short, or fed at a negative pressure; when, how many, who is worst."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from holdfast.domains.water.shortage import hours_of, people_of, report, shortage, spans, worst
from holdfast.domains.water.simulate_day import simulate_day
from holdfast.domains.water.solving import period_of
from holdfast.domains.water.study import Study
from holdfast.engines.network.hydraulic.answers import Cases, Period
from water_files import ROW, city_of_rows

CLOSED = {"control": [{"id": "1", "type": "CONTROL", "text": "LINK 3 CLOSED AT TIME 4\nLINK 3 OPEN AT TIME 9"}]}
"""In a row r-a-b-c-d pipe 3 joins b and c: c and d, each of 100 people and 10 l/s, are cut off for five hours."""
WIDE = {"pipe": [row | {"diameter": 0.4} for row in ROW["pipe"]]}  # nobody loses pressure on the way


def _day(**changes) -> tuple[Study, Period]:
    study = Study(city_of_rows(**ROW | WIDE | changes))
    study.model = replace(study.model, options=replace(study.model.options, duration=86400.0))
    return study, period_of(study.model, Cases(1))


def test_who_is_cut_off_is_dry_for_just_those_hours() -> None:
    study, found = _day(**CLOSED)
    lack = shortage(study, found)
    assert lack.use.tolist() == [True] * 4
    assert np.flatnonzero(lack.dry.any(axis=1)).tolist() == [4, 5, 6, 7, 8]
    assert lack.dry[4].tolist() == [False, False, True, True] and (lack.short == lack.dry).all() and not lack.below.any()
    assert spans(found, lack.dry.any(axis=1)) == "4 to 9 h"
    np.testing.assert_allclose(hours_of(found, lack.dry), [0, 0, 4.8, 4.8])  # 5 of 25 report times


def test_findings_and_summary_count_points_hours_people_and_water() -> None:
    study, found = _day(**CLOSED)
    summary = report(study, found, shortage(study, found), people_of(study))
    assert summary == {"points_without_water": 2, "hours_without_water": 4.8, "people_without_water": 200, "points_short_of_water": 2,
                       "missing_m3": pytest.approx(2 * 0.01 * 4.8 * 3600)}  # fmt: skip
    (row,) = [row for row in study.findings.table().to_pylist() if row["rule"] == "water.without_water"]
    assert row["message"] == "2 of 4 points of use, of 200 people, get no water at 4 to 9 h; they miss 345.6 of the 3456 m3 that the network is asked for in all"
    assert row["id"] in {"water.junction:c", "water.junction:d"} and row["value"] == "4.8 h" and row["fix"]


def test_a_day_with_all_its_water_says_nothing() -> None:
    study, found = _day()
    summary = report(study, found, shortage(study, found), people_of(study))
    assert not any(summary.values()) and not any(rule.startswith("water.") for rule in study.findings.by_rule())
    assert worst(study, found, shortage(study, found), people_of(study)).num_rows == 0


def test_the_worst_are_named_first() -> None:
    """d is cut off longer than c."""
    twice = {"control": [{"id": "1", "type": "CONTROL", "text": "LINK 3 CLOSED AT TIME 4\nLINK 3 OPEN AT TIME 9\nLINK 4 CLOSED AT TIME 12\nLINK 4 OPEN AT TIME 13"}]}
    study, found = _day(**twice)
    lack = shortage(study, found)
    rows = worst(study, found, lack, people_of(study)).to_pylist()
    assert [row["id"] for row in rows] == ["water.junction:d", "water.junction:c"]
    assert (rows[0]["first_hour"], rows[0]["last_hour"], rows[1]["last_hour"], rows[0]["people"]) == (4.0, 12.0, 8.0, 100.0)
    assert rows[0]["hours_without_water"] == pytest.approx(6 * 0.96) and rows[0]["missing_m3"] == pytest.approx(0.01 * 6 * 0.96 * 3600)
    assert spans(found, lack.dry[:, 3]) == "4 to 9 h, 12 to 13 h"


def test_who_is_partly_supplied_is_short_and_who_draws_at_negative_pressure_is_told() -> None:
    """The last junction lies above the reservoir: by pressure it gets nothing, else it draws below zero; the one before lies so high that it gets a part."""
    high = {"junction": [row | {"elevation": {"c": 33.0, "d": 41.0}.get(row["id"], 0.0)} for row in ROW["junction"]]}
    city = city_of_rows(**ROW | WIDE | high)
    driven, fixed = simulate_day(city, pressure_driven=True), simulate_day(city)
    assert (driven.summary["points_without_water"], driven.summary["points_short_of_water"], driven.summary["hours_without_water"]) == (1, 2, 24.0)
    assert driven.findings.by_rule()["water.without_water"] == driven.findings.by_rule()["water.short_supply"] == 1
    assert driven.summary["missing_m3"] == pytest.approx(driven.summary["demand_m3"] - driven.summary["delivered_m3"], rel=1e-4)
    assert fixed.findings.by_rule()["water.negative_pressure"] == 1 and fixed.summary["points_without_water"] == 0
    assert "without_water" not in " ".join(fixed.findings.by_rule())


def test_people_whom_nobody_counts_are_unknown_and_not_none() -> None:
    nobody = {"junction": [{name: value for name, value in row.items() if name != "population"} for row in ROW["junction"]]}
    answer = simulate_day(city_of_rows(**ROW | WIDE | CLOSED | nobody))
    assert answer.summary["points_without_water"] == 2 and answer.summary["people_without_water"] is None
    assert answer.tables["worst"]["people"].null_count == 2
    assert "people" not in answer.findings.table().filter(answer.findings.table()["rule"].to_numpy(zero_copy_only=False) == "water.without_water")["message"][0].as_py()


def test_many_spans_are_counted_and_not_listed() -> None:
    _, found = _day()
    assert spans(found, np.arange(25) % 2 == 0) == "0 to 1 h, 2 to 3 h, 4 to 5 h, 6 to 7 h, 8 to 9 h and 8 more times"
    assert spans(found, np.arange(25) == 24) == "24 h"
