"""Properties of hot water on a grid of whole kelvins, so that kernels look them up without searching."""

from __future__ import annotations

import numpy as np
from numba import njit

FIRST, LAST = 250, 420  # [K]
# temperature [K], density [kg/m3], dynamic viscosity [Pa s], isobaric heat capacity [J/kg/K]
# source: pandapipes 0.16.0, properties of water (BSD); straight between the points and beyond, as there
_DENSITY = ((274, 999.9), (277, 999.97), (283, 999.7), (288, 999.1), (293, 998.21), (298, 997.05), (303, 995.65), (308, 994.03), (313, 992.22), (318, 990.21), (323, 988.04),
            (328, 985.69), (333, 983.2), (338, 980.55), (343, 977.77), (348, 974.84), (353, 971.79), (358, 968.61), (363, 965.31), (368, 961.89))
_VISCOSITY = ((273, 1.793e-3), (278, 1.519e-3), (283, 1.306e-3), (288, 1.138e-3), (293, 1.002e-3), (298, 0.890e-3), (303, 0.798e-3), (308, 0.720e-3), (313, 0.653e-3),
              (318, 0.596e-3), (323, 0.547e-3), (328, 0.504e-3), (333, 0.467e-3), (338, 0.433e-3), (343, 0.404e-3), (348, 0.378e-3), (353, 0.354e-3), (358, 0.333e-3),
              (363, 0.315e-3), (368, 0.297e-3))
_CAPACITY = ((283, 4195.5), (293, 4184.4), (298, 4181.6), (303, 4180.1), (313, 4179.6), (323, 4181.5), (333, 4185.1), (343, 4190.2), (353, 4196.9), (363, 4205.3))


def _grid(points: tuple[tuple[float, float], ...], least: float) -> np.ndarray:
    x, y = (np.array(column, float) for column in zip(*points, strict=True))
    at = np.arange(FIRST, LAST + 1, dtype=float)
    cell = np.clip(np.searchsorted(x, at, side="right") - 1, 0, len(x) - 2)
    return np.maximum(y[cell] + (at - x[cell]) * (y[cell + 1] - y[cell]) / (x[cell + 1] - x[cell]), least)


DENSITY, VISCOSITY, CAPACITY = _grid(_DENSITY, 800.0), _grid(_VISCOSITY, 1e-4), _grid(_CAPACITY, 4000.0)


@njit(cache=True, nogil=True, error_model="numpy")
def at(table, temperature):
    """A property at a temperature [K]; the ends of the grid hold beyond it."""
    place = min(max(temperature - FIRST, 0.0), LAST - FIRST - 1e-9)
    cell = int(place)
    return table[cell] + (place - cell) * (table[cell + 1] - table[cell])


def density(temperature: np.ndarray) -> np.ndarray:
    """[kg/m3] at temperatures [K]."""
    return np.interp(temperature, np.arange(FIRST, LAST + 1), DENSITY)


def heat_capacity(temperature: np.ndarray) -> np.ndarray:
    """[J/kg/K] at temperatures [K]."""
    return np.interp(temperature, np.arange(FIRST, LAST + 1), CAPACITY)
