"""Cooling pipes, exchangers and mixing, each by its formula."""

from __future__ import annotations

import math

import numpy as np
import pytest

from holdfast.engines.network.heat.model import model
from holdfast.engines.network.heat.solve import HeatCases, HeatSolver
from holdfast.engines.network.heat.warmth import FLOW_DROP, FLOW_HEAT, FLOW_RETURN, consumer_outlet, pipe_outlet
from holdfast.engines.network.heat.water import CAPACITY, at


def test_a_pipe_cools_exponentially_and_gives_off_extra_heat():
    outlet = pipe_outlet(350.0, 0.5, 400.0, 280.0, 0.0)
    stream = 0.5 * (at(CAPACITY, 350.0) + at(CAPACITY, outlet)) * 0.5
    assert outlet == pytest.approx(280.0 + 70.0 * math.exp(-400.0 / stream), abs=1e-6)
    assert pipe_outlet(350.0, 0.5, 400.0, 280.0, 5e3) == pytest.approx(outlet - 5e3 / stream, abs=0.01)
    assert pipe_outlet(350.0, 0.5, 0.0, 280.0, 0.0) == pytest.approx(350.0) and pipe_outlet(350.0, 1e-4, 400.0, 280.0, 0.0) == pytest.approx(280.0, abs=1e-3)


def test_consumers_take_what_they_fix_and_no_more_than_they_can():
    outlet, heat = consumer_outlet(FLOW_HEAT, 350.0, 1.0, 100e3, 0.0, 0.0, math.inf, 293.15)
    assert heat == 100e3 and outlet == pytest.approx(350.0 - 100e3 / 4190.0, abs=0.1)
    outlet, heat = consumer_outlet(FLOW_DROP, 350.0, 1.0, 0.0, 20.0, 0.0, math.inf, 293.15)
    assert outlet == pytest.approx(330.0, abs=1e-3) and heat == pytest.approx(20 * 4190, rel=2e-3)
    outlet, heat = consumer_outlet(FLOW_RETURN, 350.0, 1.0, 0.0, 0.0, 320.0, math.inf, 293.15)
    assert outlet == pytest.approx(320.0, abs=1e-3)
    outlet, heat = consumer_outlet(FLOW_HEAT, 320.0, 1.0, 100e3, 0.0, 0.0, 0.5, 293.15)
    assert heat == pytest.approx(0.5 * at(CAPACITY, 320.0) * 26.85) and outlet > 293.15
    assert consumer_outlet(FLOW_HEAT, 290.0, 1.0, 100e3, 0.0, 0.0, 0.5, 293.15)[1] == 0.0


def test_two_streams_mix_by_mass_and_ages_too():
    """Plants at 0 (360 K) and 1 (340 K) feed node 2 through pipes of one and two kilometres; water leaves there."""
    network = model(3, ([0, 1], [2, 2]), held=[6e5, 6e5, np.nan], supplied=[360.0, 340.0, np.nan], demand=[0, 0, 2.0], length=[1000.0, 2000.0])
    result = HeatSolver(network).solve(HeatCases(1))
    first, second = result.flow[0]
    assert first > second > 0 and first + second == pytest.approx(2.0, rel=1e-6)
    assert result.temperature[0, 2] == pytest.approx((first * 360 + second * 340) / 2.0, abs=0.05)
    ages = [length * np.pi / 4 * 0.01 * rho / flow for length, rho, flow in ((1000.0, 967.3, first), (2000.0, 979.4, second))]
    assert result.age[0, 2] == pytest.approx((first * ages[0] + second * ages[1]) / 2.0, rel=1e-3)


def test_water_that_goes_round_in_a_circle_settles():
    """A booster drives water round 1 - 2 - 1 while a plant at 0 feeds a consumer at 2: temperatures still come out."""
    network = model(3, ([0, 1, 2], [1, 2, 1]), held=[5e5, np.nan, np.nan], supplied=[350.0, np.nan, np.nan], demand=[0, 0, 1.0], length=[500.0, 500.0, 500.0],
                    lift=[0, 0, 60e3], transfer=5.0)
    result = HeatSolver(network).solve(HeatCases(1))
    assert result.status[0] == 0 and result.flow[0, 2] > 0.1
    assert 283.15 < result.temperature[0, 2] < result.temperature[0, 1] < 350.0
