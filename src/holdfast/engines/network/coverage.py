"""How far stations on the plane stand in for each other: which part of one's circle the circles of others cover."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numba import njit

POINTS = 64  # samples of each circle, one bit each
_GOLDEN = np.pi * (3.0 - np.sqrt(5.0))


@dataclass(frozen=True, slots=True)
class Overlaps:
    """Pairs of stations with overlapping circles, sorted by the first.

    start      (station + 1,) int64: pairs of station i are start[i] .. start[i + 1]
    neighbour  (pair,) int32        mask  (pair,) uint64: samples of the first's circle that the neighbour covers
    """

    start: np.ndarray
    neighbour: np.ndarray
    mask: np.ndarray


def overlaps(xy: np.ndarray, radius: np.ndarray) -> Overlaps:
    """Which samples of each circle lie in which other circles.

    xy      (station, 2) [m]; stations without a position overlap nobody
    radius  (station,) [m]; 0 covers nothing
    """
    from scipy.spatial import cKDTree

    count = len(xy)
    placed = np.flatnonzero(np.isfinite(xy).all(axis=1) & (radius > 0))
    k = np.arange(POINTS)
    spiral = np.sqrt((k + 0.5) / POINTS)[:, None] * np.column_stack([np.cos(_GOLDEN * k), np.sin(_GOLDEN * k)])  # evenly over the unit circle
    first: list[np.ndarray] = [np.empty(0, np.int64)]
    other: list[np.ndarray] = [np.empty(0, np.int64)]
    if len(placed) > 1:
        tree = cKDTree(xy[placed])
        pairs = tree.query_pairs(2.0 * float(radius[placed].max()), output_type="ndarray")
        near = np.hypot(*(xy[placed[pairs[:, 0]]] - xy[placed[pairs[:, 1]]]).T) < radius[placed[pairs[:, 0]]] + radius[placed[pairs[:, 1]]]
        a, b = placed[pairs[near, 0]], placed[pairs[near, 1]]
        first, other = [a, b], [b, a]
    one, two = np.concatenate(first), np.concatenate(other)
    order = np.lexsort((two, one))
    one, two = one[order], two[order]
    mask = np.zeros(len(one), np.uint64)
    for i in range(POINTS):
        at = xy[one] + radius[one, None] * spiral[i]
        mask |= (np.hypot(*(at - xy[two]).T) <= radius[two]).astype(np.uint64) << np.uint64(i)
    start = np.concatenate([[0], np.cumsum(np.bincount(one, minlength=count))]).astype(np.int64)
    return Overlaps(start, two.astype(np.int32), mask)


def stood_in(cover: Overlaps, working: np.ndarray) -> np.ndarray:
    """(case, station) float32 share of each station's circle that working others cover. working: (case, station) bool"""
    out = np.zeros(working.shape, np.float32)
    _stood_in(cover.start, cover.neighbour, cover.mask, np.ascontiguousarray(working, bool), out)
    return out


@njit(cache=True, nogil=True, error_model="numpy")
def _stood_in(start, neighbour, mask, working, out):
    for case in range(working.shape[0]):
        for station in range(working.shape[1]):
            word = np.uint64(0)
            for pair in range(start[station], start[station + 1]):
                if working[case, neighbour[pair]]:
                    word |= mask[pair]
            bits = 0
            while word != np.uint64(0):
                word &= word - np.uint64(1)
                bits += 1
            out[case, station] = bits / 64.0
