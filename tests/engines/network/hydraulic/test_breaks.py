"""Leaks: the law of a hole, and a pipe broken on its way against heads and flows written down by hand."""

from __future__ import annotations

import numpy as np
import pytest

from holdfast.engines.network.hydraulic import breaks
from holdfast.engines.network.hydraulic.answers import Breaks, Cases
from holdfast.engines.network.hydraulic.model import LinkType, Status
from holdfast.engines.network.hydraulic.solve import Solver
from small_water import pipe, water


def one(case: int, link: int, share: float, size: float) -> Breaks:
    return Breaks(np.array([case]), np.array([link]), np.array([share]), np.array([size]))


def friction(q: float, length: float, diameter: float = 0.2, c: float = 110.0) -> float:
    """Hazen-Williams head loss [m]."""
    return 10.667 * c**-1.852 * diameter**-4.871 * length * np.sign(q) * abs(q) ** 1.852


@pytest.mark.parametrize("power", [2.0, 1.0 / 0.6, 1.0])
@pytest.mark.parametrize("q", [-0.7, -1e-4, 0.02, 3.0])
def test_the_law_of_a_hole_and_its_slope(q, power):
    conductance, answer = breaks.emitter(5.0, q, power, True)
    assert answer / conductance == pytest.approx(5.0 * np.sign(q) * abs(q) ** power, rel=1e-12)
    assert 1.0 / conductance == pytest.approx(5.0 * power * abs(q) ** (power - 1.0), rel=1e-12)


def test_near_no_flow_the_law_is_linear_and_never_without_slope():
    conductance, answer = breaks.emitter(5.0, 0.0, 2.0, True)
    assert np.isfinite(conductance) and conductance > 0.0 and answer == 0.0


def test_without_backflow_a_wall_stands_at_no_flow():
    """Flow in would need more head than there is anywhere; flow out is the same law."""
    inward, outward = breaks.emitter(5.0, -0.01, 2.0, False), breaks.emitter(5.0, 0.02, 2.0, False)
    assert inward[1] / inward[0] < -1e6
    assert outward[1] / outward[0] == pytest.approx(5.0 * 0.02**2, rel=1e-6)


@pytest.mark.parametrize("share", [0.1, 0.5, 0.9])
def test_a_broken_pipe_by_hand(share):
    """Reservoir at 40 m, 1,000 m of pipe rising from 0 to 10 m, 5 L/s at its end, a hole of 3 L/s at 1 m on the way."""
    model = water([10.0], [0.005], [40.0], [pipe(1, 0, length=1000.0)])
    model.elevation[1] = 40.0
    found = Solver(model).snapshot(Cases(1, breaks=one(0, 0, share, 0.003)))
    assert found.solved.all()
    inflow = float(found.flow[0, 0])
    leak = float(found.leak[0, 1])  # booked where the pipe starts
    assert inflow == pytest.approx(0.005 + leak, rel=1e-4)
    at_hole = 40.0 - friction(inflow, 1000.0 * share)
    level = 40.0 + share * (10.0 - 40.0)
    assert leak == pytest.approx(0.003 * np.sqrt(at_hole - level), rel=2e-3)
    assert found.head[0, 0] == pytest.approx(at_hole - friction(0.005, 1000.0 * (1.0 - share)), abs=5e-3)


def test_many_breaks_of_one_case_balance():
    """Three pipes of a ring broken at once: what the reservoir gives is what is delivered and what leaks; the same pipe may be broken in another case only."""
    model = water([5.0, 4.0, 6.0], [0.004, 0.003, 0.002], [45.0], [pipe(3, 0), pipe(0, 1), pipe(1, 2), pipe(2, 0)])
    leaks = Breaks(np.array([0, 0, 0, 2]), np.array([1, 2, 3, 1]), np.array([0.3, 0.5, 0.7, 0.5]), np.array([1e-3, 2e-3, 5e-4, 1e-9]))
    found = Solver(model).snapshot(Cases(3, breaks=leaks))
    assert found.solved.all()
    np.testing.assert_allclose(found.flow[:, 0], found.delivered.sum(1) + found.leak.sum(1), rtol=1e-4)
    assert (np.diff(found.leak.sum(1)[[1, 2, 0]]) > 0.0).all()
    np.testing.assert_allclose(found.head[2], found.head[1], atol=1e-4)  # a hole of nothing is no hole
    assert (found.head[0, :3] < found.head[1, :3]).all()


def test_a_closed_pipe_does_not_leak_and_a_hole_above_the_water_takes_nothing_in():
    model = water([0.0, 0.0], [0.001, 0.001], [30.0], [pipe(2, 0), pipe(0, 1)])
    status = np.array([[-1, Status.CLOSED]], np.int8)
    found = Solver(model).snapshot(Cases(1, status=status, breaks=one(0, 1, 0.5, 0.01)))
    assert found.solved.all() and found.leak.sum() == 0.0 and np.isnan(found.head[0, 1])
    dry = water([0.0, 50.0, 0.0], [0.0, 0.0, 0.001], [30.0], [pipe(3, 0), pipe(0, 1), pipe(1, 2)], options={"emitter_backflow": False})
    found = Solver(dry).snapshot(Cases(1, breaks=one(0, 1, 0.99, 0.01)))
    assert found.solved.all() and abs(found.leak.sum()) < 1e-6
    assert found.head[0, 1] - 50.0 < 0.0  # negative pressure at the crest is an answer


@pytest.mark.parametrize("share", [0.0, 1.0, -0.1, np.nan])
def test_a_hole_at_an_end_or_nowhere_is_refused(share):
    model = water([0.0], [0.001], [30.0], [pipe(1, 0, LinkType.CVPIPE)])
    with pytest.raises(ValueError, match="shares between 0 and 1"):
        Solver(model).snapshot(Cases(1, breaks=one(0, 0, share, 0.01)))


def test_a_broken_check_valve_pipe_still_lets_nothing_back():
    model = water([0.0, 0.0], [0.001, 0.0], [30.0, 40.0], [pipe(2, 0), pipe(0, 1), pipe(1, 3, LinkType.CVPIPE)])
    found = Solver(model).snapshot(Cases(1, breaks=one(0, 1, 0.5, 0.001)))
    assert found.solved.all() and found.flow[0, 2] == pytest.approx(0.0, abs=1e-6)
    assert found.flow[0, 0] == pytest.approx(0.001 + found.leak.sum(), rel=1e-4)
