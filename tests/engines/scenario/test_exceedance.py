"""Losses by return period, by hand-computed numbers and against the frequencies of a long sample."""

from __future__ import annotations

from dataclasses import fields

import numpy as np
import pytest

from holdfast.engines.scenario.exceedance import RETURN_PERIODS, exceedance, exceeded, yearly
from holdfast.engines.scenario.impact import Frame, Impact

LOSS = np.array([0.0, 10.0, 30.0, 20.0])


def test_each_case_stands_for_its_share_of_the_rate():
    """One event in ten years: 30 is reached every 40 years, 20 every 20, 10 every 13.3; nothing is reached oftener than the events."""
    found = exceeded(LOSS, np.ones(4), 0.1, np.array([5.0, 10.0, 13.0, 14.0, 20.0, 39.0, 40.0, 41.0]))
    assert found[:-1].tolist() == [0.0, 0.0, 0.0, 10.0, 20.0, 20.0, 30.0] and np.isnan(found[-1])


def test_weights_count():
    assert exceeded(LOSS, np.array([1.0, 1.0, 0.0, 2.0]), 1.0, np.array([2.0])).tolist() == [20.0]


def test_a_long_catalogue_gives_the_law_it_was_drawn_from():
    loss = np.random.Generator(np.random.Philox(4)).exponential(size=200_000)
    found = exceeded(loss, np.ones(len(loss)), 0.5, np.array([10.0, 100.0, 475.0]))
    assert found == pytest.approx(np.log(0.5 * np.array([10.0, 100.0, 475.0])), rel=0.02)


def test_the_table_leaves_out_unsolved_cases_and_services_nobody_loses():
    people = np.array([[[100.0, 0.0], [50.0, 0.0]], [[0.0, 0.0], [0.0, 0.0]], [[np.nan, np.nan], [np.nan, np.nan]]])
    given = {"frame": Frame(np.array([0.0, 24.0]), ("water", "gas"), (), (), ()), "people": people, "status": np.array([0, 0, 1], np.int8), "weight": np.ones(3),
             "person_hours": np.array([[1200.0, 0.0], [0.0, 0.0], [np.nan, np.nan]]), "direct": np.array([[7.0], [3.0], [np.nan]])}  # fmt: skip
    impact = Impact(**{f.name: given.get(f.name) for f in fields(Impact)})
    table = exceedance(impact, 0.1)
    assert table.column_names == ["return_period", "people_water", "person_hours", "direct_loss"] and table["return_period"].to_pylist() == list(RETURN_PERIODS)
    assert table["people_water"].to_pylist()[:3] == [0.0, None, None] and table["direct_loss"].to_pylist()[:2] == [3.0, None]
    assert yearly(impact, 0.1) == pytest.approx({"person_hours": 60.0, "direct_loss": 0.5})
