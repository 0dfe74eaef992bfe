"""Leaks against figures by hand: rates, emptying, jets, contents."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from holdfast.engines.network.gas.fluid import GASES, NORMAL_TEMPERATURE
from holdfast.engines.network.gas.law import leak_flow
from holdfast.engines.network.gas.leak import content, critical_ratio, jet_length, leak_rate, vent_time

# methane with the gas constant 8.314 / 0.01604 at normal conditions, so that figures worked out with it can be compared
GAS = replace(GASES["methane"], temperature=(273.15, 373.15), density=(0.71594, 0.52408), viscosity=(1.04e-5, 1.3e-5), heat_capacity=(2180.0, 2400.0))
AIR = 101_325.0


def hole(diameter: float, coefficient: float) -> float:
    return coefficient * np.pi / 4 * diameter**2


def test_published_leak_rates():
    """10 mm, Cd 0.85, 4 bar gauge, 288 K: 0.0580 kg/s choked; 2 kPa, Cd 0.62: 2.54e-3 kg/s (hazards.md 3)."""
    assert critical_ratio(GAS) == pytest.approx(1.84, abs=0.005)
    assert leak_rate(GAS, hole(0.01, 0.85), 4e5 + AIR, AIR, 288.0) == pytest.approx(0.0580, rel=3e-3)
    assert leak_rate(GAS, hole(0.01, 0.62), 2e3 + AIR, AIR, 288.0) == pytest.approx(2.54e-3, rel=5e-3)


def test_the_kernel_and_the_columns_agree_and_both_branches_meet():
    pressure = np.linspace(0.9 * AIR, 4 * AIR, 301)
    rates = leak_rate(GAS, 1e-4, pressure, AIR, 288.0)
    kernel = np.array([leak_flow(1e-4, p, AIR, GAS.gamma, GAS.specific_constant, 288.0) for p in pressure])
    assert np.allclose(rates, kernel[:, 0], rtol=1e-12) and (np.diff(rates) >= 0).all() and rates[0] == 0
    slope = np.gradient(kernel[:, 0], pressure)
    inner = (pressure > 1.1 * AIR)[1:-1]
    assert np.allclose(slope[1:-1][inner], kernel[1:-1, 1][inner], rtol=2e-2)


def test_emptying_takes_as_long_as_the_exponential_says_while_choked():
    area, volume, temperature = 1e-4, 100.0, 288.0
    start, end = 5e5, 2.5e5
    rate = leak_rate(GAS, area, start, AIR, temperature)
    decay = volume * start / (GAS.specific_constant * temperature) / rate
    assert vent_time(GAS, volume, area, start, end, AIR, temperature) == pytest.approx(decay * np.log(start / end), rel=1e-4)
    assert vent_time(GAS, volume, area, 1.02 * AIR, 1.05 * AIR, AIR) == 0.0
    assert vent_time(GAS, volume, 0.0, start, end, AIR) == vent_time(GAS, volume, area, start, AIR, AIR) == float("inf")
    assert vent_time(GAS, volume, area, 1.02 * AIR, AIR + 200.0, AIR) > vent_time(GAS, volume, 2 * area, 1.02 * AIR, AIR + 200.0, AIR) > 0


def test_a_jet_reaches_farther_from_a_wider_hole_and_from_more_pressure():
    low = jet_length(GAS, hole(0.01, 0.62), AIR + 2e3, AIR)
    assert low == pytest.approx(4.9 * 0.01 * np.sqrt(0.62) * np.sqrt(28.965 / 16.04) / 0.05, rel=1e-6)
    assert jet_length(GAS, hole(0.02, 0.62), AIR + 2e3, AIR) == pytest.approx(2 * low)
    assert jet_length(GAS, hole(0.01, 0.62), AIR + 4e5, AIR) > low > jet_length(GAS, 0.0, AIR + 4e5, AIR) == jet_length(GAS, 1e-4, AIR, AIR) == 0


def test_content_is_density_times_volume():
    mass = content(GAS, np.array([2.0, 3.0]), np.array([AIR, 2 * AIR]), NORMAL_TEMPERATURE)
    assert mass[0] == pytest.approx(2 * GAS.normal_density, rel=3e-3) and mass[1] == pytest.approx(6 * GAS.normal_density, rel=1e-2)
