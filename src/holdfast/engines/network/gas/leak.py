"""What a leak does: rate through a hole, how long a shut part takes to empty, how far a jet stays flammable. Closed formulas, vectorised."""

from __future__ import annotations

import numpy as np

from .fluid import LOWER_EXPLOSIVE, Gas

AIR_MOLAR_MASS = 0.028965  # [kg/mol]
JET_DECAY = 4.9  # concentration on the axis of a round turbulent jet = JET_DECAY * diameter / distance * sqrt(air density / gas density); Birch et al. 1984 [recalled]


def critical_ratio(gas: Gas) -> float:
    """Pressure over air pressure from which the flow through a hole is choked: 1.84 for gamma 1.31."""
    return float(((gas.gamma + 1.0) / 2.0) ** (gas.gamma / (gas.gamma - 1.0)))


def leak_rate(gas: Gas, area: np.ndarray, pressure: np.ndarray, ambient: np.ndarray | float, temperature: np.ndarray | float = 288.15) -> np.ndarray:
    """Mass flow through a hole [kg/s].

    area       discharge coefficient times area [m2]
    pressure   absolute [Pa], upstream of the hole
    source     isentropic orifice, choked above `critical_ratio`; hazards.md 1.2, TNO Yellow Book CPR 14E [recalled]
    """
    pressure, g = np.asarray(pressure, float), gas.gamma
    ratio = np.clip(np.asarray(ambient) / np.maximum(pressure, 1.0), 1.0 / critical_ratio(gas), 1.0)
    inside = 2.0 * g / (g - 1.0) * (ratio ** (2.0 / g) - ratio ** ((g + 1.0) / g))
    return np.asarray(area) * pressure * np.sqrt(np.maximum(inside, 0.0) / (gas.specific_constant * np.asarray(temperature)))


def vent_time(gas: Gas, volume: float, area: float, pressure: float, until: float, ambient: float, temperature: float = 288.15) -> float:
    """Time a shut part takes to empty through a hole, from one absolute pressure down to another [s]; isothermal, ideal gas.

    volume   [m3]       area  discharge coefficient times area [m2]
    returns  0 where it is below already, inf where it never comes down
    """
    if pressure <= until:
        return 0.0
    if area <= 0 or until <= ambient:
        return float("inf")
    steps = np.geomspace(pressure - ambient, until - ambient, 2001) + ambient
    rate = leak_rate(gas, area, steps, ambient, temperature)
    seconds_per_pascal = volume / (gas.specific_constant * temperature) / rate
    return float(np.sum((steps[:-1] - steps[1:]) * (seconds_per_pascal[:-1] + seconds_per_pascal[1:]) / 2))


def jet_length(gas: Gas, area: float, pressure: float, ambient: float) -> float:
    """How far from a hole in the open a jet stays above the lower explosive limit [m].

    area    discharge coefficient times area [m2]; above the critical ratio the jet widens to its pseudo-diameter
    source  decay along the axis of a round jet, Birch et al. 1984 [recalled]; not for gas that comes up through soil
    """
    if pressure <= ambient or area <= 0:
        return 0.0
    g, choked = gas.gamma, pressure >= critical_ratio(gas) * ambient
    widened = area * (pressure / ambient * (2.0 / (g + 1.0)) ** (1.0 / (g - 1.0)) if choked else 1.0)
    return JET_DECAY * float(np.sqrt(4.0 * widened / np.pi)) * (AIR_MOLAR_MASS / gas.molar_mass) ** 0.5 / LOWER_EXPLOSIVE


def content(gas: Gas, volume: np.ndarray, pressure: np.ndarray, temperature: np.ndarray | float) -> np.ndarray:
    """Mass of gas in volumes [kg] at absolute pressures."""
    pressure = np.asarray(pressure, float)
    compress = gas.compressibility[1] + gas.compressibility[0] * pressure
    return np.asarray(volume) * pressure / (compress * gas.specific_constant * np.asarray(temperature))
