"""What flows: properties of gases as pandapipes tabulates them, so that results can be compared figure by figure."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np

NORMAL_PRESSURE, NORMAL_TEMPERATURE = 101_325.0, 273.15  # DIN 1343
GRAVITY = 9.81
LOWER_EXPLOSIVE = 0.05  # share of methane in air, standards.md 1.4: %LEL are 1/100 of 5 % by volume


@dataclass(frozen=True, slots=True)
class Gas:
    """One gas; tables over `temperature` [K] are interpolated and run on straight beyond their ends.

    density, viscosity, heat_capacity  (t,) at 1.01325 bar [kg/m3], dynamic [Pa s], isobaric [J/kg/K]
    compressibility                    slope [1/Pa] and offset of K(p absolute) = offset + slope p
    gamma                              ratio of heat capacities, for orifices
    """

    name: str
    molar_mass: float  # [kg/mol]
    temperature: tuple[float, ...]
    density: tuple[float, ...]
    viscosity: tuple[float, ...]
    heat_capacity: tuple[float, ...]
    compressibility: tuple[float, float] = (-0.0022e-5, 1.0)
    gamma: float = 1.31
    source: str = "pandapipes 0.16.0, properties folder of the gas (BSD)"

    @property
    def normal_density(self) -> float:
        """Density at 0 degC and 1.01325 bar [kg/m3]."""
        return float(self.at("density", np.array(NORMAL_TEMPERATURE)))

    @property
    def specific_constant(self) -> float:
        """p / (rho T) at normal conditions [J/kg/K]."""
        return NORMAL_PRESSURE / (NORMAL_TEMPERATURE * self.normal_density)

    def at(self, name: str, temperature: np.ndarray) -> np.ndarray:
        """A tabulated property at temperatures [K]."""
        return straight(np.asarray(self.temperature), np.asarray(getattr(self, name)), temperature)


def straight(x: np.ndarray, y: np.ndarray, at: np.ndarray) -> np.ndarray:
    """Linear interpolation that runs on straight beyond both ends, as pandapipes does."""
    at = np.asarray(at, float)
    cell = np.clip(np.searchsorted(x, at, side="right") - 1, 0, len(x) - 2)
    return y[cell] + (at - x[cell]) * (y[cell + 1] - y[cell]) / (x[cell + 1] - x[cell])


_GRID = (263.0, 273.0, 283.0, 293.0, 303.0, 313.0, 323.0, 333.0)

GASES: dict[str, Gas] = {gas.name: gas for gas in (
    Gas("hgas", 16.604497e-3, _GRID,
        (0.7614762591, 0.7333322774, 0.7072104923, 0.6828947601, 0.6602055116, 0.6389854856, 0.6190946329, 0.6004074589),
        (1.004711836e-5, 1.040217502e-5, 1.070486600e-5, 1.100740230e-5, 1.133700514e-5, 1.170765178e-5, 1.201033262e-5, 1.231274053e-5),
        (2111.743041, 2129.195258, 2148.575691, 2169.820481, 2192.811146, 2217.455354, 2243.679041, 2271.295613)),
    Gas("lgas", 18.1138902e-3, _GRID,
        (0.8306178052, 0.7999224007, 0.7714316639, 0.7449139709, 0.7201700961, 0.6970224553, 0.6753263217, 0.6549476238),
        (1.081980573e-5, 1.119181281e-5, 1.151829948e-5, 1.184375289e-5, 1.219016270e-5, 1.257297412e-5, 1.289620189e-5, 1.321848158e-5),
        (1912.650865, 1927.586054, 1944.107006, 1962.173428, 1981.691988, 2002.535408, 2024.704117, 2048.005872)),
    Gas("methane", 16.04e-3, _GRID,
        (0.735423, 0.7082593, 0.6830463, 0.65957345, 0.6376665, 0.6171823, 0.59797715, 0.57993365),
        (1.00397e-5, 1.03945e-5, 1.06945e-5, 1.09945e-5, 1.1326e-5, 1.16945e-5, 1.19945e-5, 1.22945e-5),
        (2164.303, 2181.133, 2199.963, 2220.73, 2243.297, 2267.6325, 2293.605, 2321.046)),
)}

DEFAULT = "hgas"  # natural gas of the H group: what a city network carries unless it says otherwise
ALIASES = {"natural gas": "hgas", "natural_gas": "hgas", "天然气": "hgas", "h-gas": "hgas", "l-gas": "lgas", "ch4": "methane"}


def named(name: str | None) -> Gas:
    """The built-in gas of that name; natural gas for a name that is not known."""
    key = (name or "").strip().lower()
    return GASES.get(ALIASES.get(key, key), GASES[DEFAULT])


def from_tables(content: Mapping[str, Any]) -> Gas | None:
    """A gas from the properties that a pandapipes file carries; None where it lacks one.

    content   the `content` of the file's fluid: `name` and `all_properties`
    """
    parts = {name: part.get("content", {}) for name, part in (content.get("all_properties") or {}).items() if isinstance(part, Mapping)}
    try:
        grid, density = (np.asarray(parts["density"][axis], float) for axis in ("x", "y"))
        others = [straight(np.asarray(parts[name]["x"], float), np.asarray(parts[name]["y"], float), grid) for name in ("viscosity", "heat_capacity")]
        slope, offset = (float(parts["compressibility"][name]) for name in ("slope", "offset"))
        molar = float(parts["molar_mass"]["value"]) * 1e-3
    except (KeyError, TypeError, ValueError, IndexError):
        return None
    if len(grid) < 2 or not (np.isfinite(density).all() and (density > 0).all() and molar > 0):
        return None
    tables = (tuple(float(v) for v in column) for column in (grid, density, *others))
    return Gas(str(content.get("name") or "gas"), molar, *tables, compressibility=(slope * 1e-5, offset), source="the imported file")


def ambient_pressure(elevation: np.ndarray) -> np.ndarray:
    """Air pressure [Pa] at a height above sea level [m]: international formula, 0.0065 K/m from 288.15 K."""
    return NORMAL_PRESSURE * np.maximum(1.0 - np.asarray(elevation) * 0.0065 / 288.15, 0.05) ** 5.255
