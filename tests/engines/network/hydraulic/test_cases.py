"""What a case does to a lane: commands, starts, reports and sums, each against the same said in the model itself."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from holdfast.engines.network.hydraulic.answers import Cases
from holdfast.engines.network.hydraulic.model import LinkType, Status
from holdfast.engines.network.hydraulic.solve import Solver
from small_water import pipe, pump, tank, valve, water


@pytest.fixture(scope="module")
def town():
    """A pump from a reservoir, a ring with a reducing valve, a check valve and a tank; two-hourly demands."""
    links = [pump(5, 0, pump_curve=0), pipe(0, 1), pipe(1, 2), pipe(2, 3, LinkType.CVPIPE), pipe(3, 0), valve(2, 4, LinkType.PRV, 20.0), pipe(3, 6, length=400.0)]
    return water([2.0, 3.0, 4.0, 1.0, 0.0], [0.002, 0.004, 0.001, 0.003, 0.002], [10.0, 30.0], links, tanks={1: tank(3.0, 0.5, 6.0, 40.0)},
                 curves=(np.array([[0.012, 30.0]]),), patterns=(np.array([1.0, 1.4, 0.6]),), demand_pattern=np.zeros(5, int),
                 options={"pattern_step": 7200.0, "duration": 6 * 3600.0})  # fmt: skip


def _same(one, other, case=0, tolerance=2e-4):
    np.testing.assert_allclose(one.head[case], other.head[0], atol=tolerance)
    np.testing.assert_allclose(one.flow[case], other.flow[0], atol=2e-7)


def test_a_command_is_the_same_as_that_state_in_the_model(town):
    """Shut and open of each link in turn; what a command shuts stays shut whatever a check valve or a pump would do."""
    solver = Solver(town)
    count = 2 * town.links
    status = np.full((count, town.links), -1, np.int8)
    status[np.arange(town.links), np.arange(town.links)] = Status.CLOSED
    status[town.links + np.arange(town.links), np.arange(town.links)] = Status.OPEN
    found = solver.snapshot(Cases(count, status=status))
    for k in range(town.links):
        if town.link_type[k] == LinkType.CVPIPE:
            assert not found.open[k, k]
            continue
        shut = replace(town, initial_status=np.where(np.arange(town.links) == k, Status.CLOSED, town.initial_status).astype(np.int8))
        _same(found, Solver(shut).snapshot(), k)
    _same(found, solver.snapshot(), town.links + 1)  # an open pipe told to be open


def test_factors_demands_and_emitters_are_those_of_a_changed_model(town):
    solver, rng = Solver(town), np.random.default_rng(1)
    whole, by_node = rng.uniform(0.5, 1.5, 3), rng.uniform(0.5, 1.5, (3, town.nodes))
    found, single = solver.snapshot(Cases(3, factor=by_node)), solver.snapshot(Cases(3, factor=whole))
    emitter, drawn = np.zeros((1, town.nodes)), np.zeros((1, town.nodes))
    emitter[0, 3], drawn[0, 1] = 5e-4, 0.003
    for case in range(3):
        _same(found, Solver(replace(town, demand_base=town.demand_base * by_node[case, :5])).snapshot(), case)
        _same(single, Solver(replace(town, demand_base=town.demand_base * whole[case])).snapshot(), case)
    _same(solver.snapshot(Cases(1, emitter=emitter)), Solver(replace(town, emitter=emitter[0])).snapshot())
    added = replace(town, demand_node=np.append(town.demand_node, 1), demand_base=np.append(town.demand_base, 0.003), demand_pattern=np.append(town.demand_pattern, -1))
    extra, theirs = solver.extended(Cases(1, demand=drawn), hours=4.0), Solver(added).extended(hours=4.0)
    np.testing.assert_allclose(extra.head, theirs.head, atol=2e-4)
    np.testing.assert_allclose(extra.delivered, theirs.delivered, atol=1e-7)


def test_periods_report_demands_of_their_hour_and_tanks_that_hold_the_balance(town):
    found = Solver(town).extended(keep=("head", "supply", "flow"))
    assert found.time.tolist() == [3600.0 * h for h in range(7)]
    np.testing.assert_allclose(found.wanted[0, :, 1], 0.004 * np.array([1.0, 1.0, 1.4, 1.4, 0.6, 0.6, 1.0]), rtol=1e-5)
    np.testing.assert_allclose(found.delivered[0].sum(1), found.flow[0, :, 0] - found.flow[0, :, 6], atol=2e-6)
    rise = np.diff(found.head[0, :, 6])
    np.testing.assert_allclose(rise, found.flow[0, :-1, 6] * 3600.0 / 40.0, atol=5e-3)  # flows hold from one report to the next when no status changes


def test_only_what_is_asked_for_is_kept(town):
    only = Solver(town).extended(hours=2.0, keep=("head",))
    assert only.head.shape == (1, 3, 7) and only.flow.shape[0] == only.delivered.shape[0] == only.open.shape[0] == 0
    full = Solver(town).extended(hours=2.0)
    np.testing.assert_array_equal(only.head, full.head)


def test_a_period_that_begins_later_has_the_patterns_of_its_hours(town):
    later = Solver(town).extended(hours=2.0, begin=2.0)
    np.testing.assert_allclose(later.wanted[0, :, 1], 0.004 * np.array([1.4, 1.4, 0.6]), rtol=1e-5)
    assert later.head[0, 0, 6] == pytest.approx(33.0, abs=1e-4)


def test_sums_are_the_integrals_and_lowest_pressures_of_the_period(town):
    status = np.full((2, town.links), -1, np.int8)
    status[1, 5] = Status.CLOSED  # the junction behind the reducing valve is cut off
    cases = Cases(2, status=status)
    sums, period = Solver(town).ensemble(cases, hours=6.0), Solver(town).extended(cases, hours=6.0)
    steps = 3600.0 * period.wanted[:, :-1]
    np.testing.assert_allclose(sums.wanted, steps.sum(1), rtol=1e-5, atol=1e-9)
    np.testing.assert_allclose(sums.deficit[1, 4], steps[1, :, 4].sum(), rtol=1e-5)
    assert sums.deficit[0].sum() == pytest.approx(0.0, abs=1e-6) and sums.lowest[1, 4] <= 0.0
    np.testing.assert_allclose(sums.lowest[0, :5], (period.head[0, :, :5] - town.elevation[:5]).min(0), atol=0.05)


def test_a_case_with_a_number_that_is_none_fails_alone(town):
    found = Solver(town).snapshot(Cases(9, factor=np.array([1.0, np.nan, 1.0, 1.0, np.inf, 1.0, 1.0, 1.0, 1.0])))
    assert found.solved.tolist() == [True, False, True, True, False, True, True, True, True]
    assert np.isnan(found.head[[1, 4]]).all() and set(found.notes) == {1, 4}
    np.testing.assert_array_equal(found.head[8], found.head[0])
