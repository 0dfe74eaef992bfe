"""Liquefaction and the permanent deformation of the ground that follows from it.

source    HAZUS-MH earthquake model technical manual 2.1, 4.2.2: probability given PGA by susceptibility, corrections for magnitude and
          ground-water depth, share of the mapped unit that is susceptible; settlement and lateral spreading (recalled). Susceptibility
          from Vs30 where nothing better is known: proposal
"""

from __future__ import annotations

import numpy as np

from holdfast.engines.network.compiled import kernel
from holdfast.engines.scenario.random import case_keys, stream_key, uniform_at
from holdfast.model.errors import Invalid

CATEGORIES = ("none", "very_low", "low", "moderate", "high", "very_high")
_SLOPE = np.array([0.0, 4.16, 5.57, 6.67, 7.67, 9.09])
_SHIFT = np.array([0.0, 1.08, 1.18, 1.00, 0.92, 0.82])
_SHARE = np.array([0.0, 0.02, 0.05, 0.10, 0.20, 0.25])
_ONSET = np.array([9.0, 0.26, 0.21, 0.15, 0.12, 0.09])  # g
_SETTLE = np.array([0.0, 0.0, 1.0, 2.0, 6.0, 12.0]) * 0.0254  # m
_FOOT, _INCH, _G = 0.3048, 0.0254, 9.80665
_BOUNDS = ((180.0, 4), (240.0, 3), (300.0, 2), (360.0, 1))  # m/s below which Vs30 means this category
CELL = 200.0  # m: the ground fails or holds together in cells of this size


def categories(what: str, vs30: np.ndarray) -> np.ndarray:
    """(site,) int64 index into CATEGORIES. what: a category for everywhere, or "vs30". raises Invalid"""
    if what == "vs30":
        out = np.zeros(len(vs30), np.int64)
        for bound, category in reversed(_BOUNDS):
            out[vs30 < bound] = category
        return out
    if what not in CATEGORIES:
        raise Invalid(f"there is no susceptibility {what!r}", fix=f"Write vs30 or one of {', '.join(CATEGORIES)}", field="liquefaction")
    return np.full(len(vs30), CATEGORIES.index(what))


def cells(x: np.ndarray, y: np.ndarray) -> np.ndarray:
    """(site,) uint64 number of the ground cell, from coordinates [m]."""
    with np.errstate(over="ignore"):
        i, j = (np.floor(c / CELL).astype(np.int64).astype(np.uint64) for c in (x, y))
        return i * np.uint64(0x9E3779B97F4A7C15) + j


@kernel
def probability(category, pga, magnitude, water):
    """That a place liquefies. pga [m/s2], depth of the ground water [m]"""
    if category == 0:
        return 0.0
    given = min(max(_SLOPE[category] * pga / _G - _SHIFT[category], 0.0), 1.0)
    by_magnitude = 0.0027 * magnitude**3 - 0.0267 * magnitude**2 - 0.2055 * magnitude + 2.9188
    by_water = 0.022 * water / _FOOT + 0.93
    return min(given / (by_magnitude * by_water) * _SHARE[category], 1.0)


@kernel
def displacement(category, pga, magnitude):
    """Expected deformation [m] where the ground liquefies: the larger of settlement and lateral spreading."""
    ratio = pga / _G / _ONSET[category]
    spread = 0.0
    if ratio > 1.0:
        if ratio <= 2.0:
            spread = 12.0 * ratio - 12.0
        elif ratio <= 3.0:
            spread = 18.0 * ratio - 24.0
        else:
            spread = 70.0 * min(ratio, 4.0) - 180.0
        spread *= _INCH * (0.0086 * magnitude**3 - 0.0914 * magnitude**2 + 0.4698 * magnitude - 0.9835)
    return max(_SETTLE[category], spread)


@kernel
def _fill(stream, cases, cell, category, magnitude, water, pga, out):
    for k in range(cases.size):
        first, second = case_keys(stream, cases[k])
        for i in range(cell.size):
            out[k, i] = 0.0
            if category[i] > 0:
                p = probability(category[i], pga[k, i], magnitude[k], water)
                if p > 0.0 and uniform_at(first, second, cell[i]) < p:
                    factor = 0.5 * 4.0 ** uniform_at(second, first, cell[i])  # a factor of two to either side
                    out[k, i] = factor * displacement(category[i], pga[k, i], magnitude[k])


def deform(seed: int, cases: np.ndarray, cell: np.ndarray, category: np.ndarray, magnitude: np.ndarray, water: float, pga: np.ndarray) -> np.ndarray:
    """Permanent ground deformation (case, site) float32 [m], 0 where the ground holds.

    cell, category  (site,) from `cells` and `categories`      magnitude  (case,)      pga  (case, site) [m/s2]
    """
    out = np.empty(pga.shape, np.float32)
    _fill(stream_key(seed, "quake.liquefaction"), np.asarray(cases, np.int64), cell, category, np.asarray(magnitude, np.float64), float(water), pga, out)
    return out
