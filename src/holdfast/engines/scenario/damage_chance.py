"""Fragility laid out for sampling: the probability of reaching each state, looked up by the bits of the intensity.

The bits of a positive 32-bit float grow with its logarithm, evenly within each octave. Cut off at some length they are the number of a
cell, so that a chance is found without a logarithm or a normal distribution. A lognormal curve has 64 or more cells to one standard
deviation, which gives its chances to 1e-5, and none at all below 1e-9; a table keeps its own levels and is exact. Rows hold the chances of
four states, where reaching a state is at least as likely as reaching any worse one.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np

from holdfast.engines.network.compiled import kernel
from holdfast.model.spec import DamageCurve, DamageTable, RepairRate

STATES = 4
_REACH = 6.0  # standard deviations to either side of the medians
_CELLS = 64.0  # to one standard deviation
_COARSE, _FINE = 22, 9  # bits that are cut off, at most and at least


class Chances(NamedTuple):
    """Laws side by side, for kernels.

    first   (law,) first row of each law                last   (law,) number of its last row, counted from the first
    shift   (law,) bits cut off; -1 for a table         base   (law,) the cut bits of its first cell
    floor   (law,) intensity below which nothing is damaged
    level   (row,) intensity of a row of a table        step   (row,) 1 / distance to the next, 0 for the last
    reach   (row, 4) chances
    """

    first: np.ndarray
    last: np.ndarray
    shift: np.ndarray
    base: np.ndarray
    floor: np.ndarray
    level: np.ndarray
    step: np.ndarray
    reach: np.ndarray


def lay_out(laws: Sequence[DamageCurve | DamageTable | RepairRate]) -> Chances:
    """Chances of all laws; a repair rate has none."""
    first, last, shift, base = (np.zeros(len(laws), np.int64) for _ in range(4))
    floor = np.full(len(laws), np.inf, np.float32)
    levels, steps, reaches, rows = [], [], [], 0
    for at, law in enumerate(laws):
        if isinstance(law, RepairRate):
            continue
        first[at] = rows
        if isinstance(law, DamageTable):
            level, shift[at] = np.asarray(law.levels, float), -1
            floor[at] = max(law.onset, np.finfo(np.float32).tiny)
            reach = np.asarray(law.chances, float).T
        else:
            level, shift[at], base[at] = _cells(law)
            floor[at] = level[0]
            reach = curve_reach(law, level)
        last[at] = len(level) - 1
        wide = np.zeros((len(level) + 1, STATES), np.float32)  # the last row twice, so that what lies beyond stays level
        wide[:-1, : reach.shape[1]] = worst_first(reach)
        wide[-1] = wide[-2]
        levels.append(np.append(level, np.inf))
        steps.append(np.concatenate((1.0 / np.diff(level), np.zeros(2))))
        reaches.append(wide)
        rows += len(wide)
    if not levels:
        return Chances(first, last, shift, base, floor, np.zeros(0), np.zeros(0), np.zeros((0, STATES), np.float32))
    return Chances(first, last, shift, base, floor, np.concatenate(levels), np.concatenate(steps), np.concatenate(reaches))


def curve_reach(law: DamageCurve, intensity: np.ndarray) -> np.ndarray:
    """Probability of reaching each state (..., state) of a lognormal curve at intensities (...)."""
    from scipy.special import ndtr

    with np.errstate(divide="ignore"):
        level = np.log(np.asarray(intensity, float))[..., None]
    return ndtr((level - np.log(law.medians)) / np.asarray(law.betas))


def worst_first(reach: np.ndarray) -> np.ndarray:
    """Chances (..., state) made to fall from each state to the next worse one."""
    return np.flip(np.maximum.accumulate(np.flip(reach, -1), -1), -1)


def _cells(law: DamageCurve) -> tuple[np.ndarray, int, int]:
    """Levels at the edges of a curve's cells, bits cut off, and the cut bits of the first."""
    medians, betas = np.asarray(law.medians, float), np.asarray(law.betas, float)
    shift = int(np.clip(np.floor(23.0 + np.log2(betas.min() * np.log(2.0) / _CELLS)), _FINE, _COARSE))
    ends = np.array([(medians * np.exp(-_REACH * betas)).min(), (medians * np.exp(_REACH * betas)).max()])
    low, high = np.clip(ends, 1e-30, 1e30).astype(np.float32).view(np.int32).astype(np.int64) >> shift
    bits = (np.arange(low, high + 2) << shift).astype(np.int32)
    return bits.view(np.float32).astype(float), shift, int(low)


@kernel(inline="always")
def find(x, bits, law, chances):
    """Row of the level at or below the intensity x, and how far x is on the way to the next; bits are those of x as float32."""
    cut, level = chances.shift[law], chances.level
    first, end = chances.first[law], chances.first[law] + chances.last[law]
    if cut >= 0:
        cell = min((bits >> cut) - chances.base[law], chances.last[law])  # the row after the last repeats it
        return first + cell, (bits & np.int32((1 << cut) - 1)) * np.float64(1.0 / (1 << cut))
    inside, row = min(max(x, level[first]), level[end]), first
    for r in range(first + 1, end + 1):  # all are counted: a branch that leaves early is guessed wrong too often
        row += inside >= level[r]
    return row, (inside - level[row]) * chances.step[row]


@kernel(inline="always")
def worst_state(u, row, share, reach):
    """Worst state reached at the quantile u in (0, 1): as many as have a chance above u."""
    out = 0
    for s in range(STATES):
        low = reach[row, s]
        if u < low + share * (reach[row + 1, s] - low):
            out = s + 1
    return out
