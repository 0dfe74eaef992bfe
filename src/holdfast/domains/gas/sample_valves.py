"""Section valves of the reference city's gas mains: where they stand, and the pipes that begin behind them."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import shapely

from holdfast.engines.layout.route import JUNCTION, ROOT

if TYPE_CHECKING:
    from holdfast.engines.layout.plan import CityPlan

    from .sample_mains import Mains

SECTION = 400.0
"""Longest way on a main without a valve, about [m] [proposal]."""

BEHIND = 0.3
"""Share of a straight pipe at which its valve stands [proposal]."""


def valved(plan: CityPlan, mains: Mains) -> tuple[np.ndarray, np.ndarray]:
    """(child,) and (ring,) bool: pipes that begin behind a valve.

    At the gate station, where mains part, where a branch leaves a main, every `SECTION` along mains, and at one end of every ring pipe.
    source  section valves on medium-pressure mains and a valve where a branch begins: GB 50028-2006 6.3.13 [recalled]
    """
    tree = mains.tree
    child = np.flatnonzero(tree.parent >= 0)
    parent = tree.parent[child]
    onward = np.bincount(np.concatenate([parent, mains.ring_from, mains.ring_to]), minlength=len(tree))
    main = plan.street_class[tree.street] <= 1
    start = tree.kind[parent] == ROOT
    crossing = tree.kind[parent] == JUNCTION
    mark = np.floor(tree.distance / SECTION)
    far = mark[parent] > np.where(tree.parent[parent] >= 0, mark[tree.parent[parent]], 0)
    on_main = main[child] & ((onward[parent] > 1) | far)
    return start | (crossing & (on_main | (~main[child] & main[parent]))), np.ones(len(mains.ring_street), bool)


def cut_behind(lines: np.ndarray, wanted: np.ndarray) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Pipes that begin at their valve: the first bend, or a little along a straight pipe.

    lines    (pipe,) LineString Z        wanted  (pipe,) bool
    returns  (pipe,) lines, (pipe,) bool that got a valve, and (valve, 3) places. A pipe that would pass over another one without sharing a node gets none
    """
    coordinates, owner = shapely.get_coordinates(lines, include_z=True, return_index=True)
    first = np.searchsorted(owner, np.arange(len(lines)))
    straight = np.bincount(owner, minlength=len(lines)) == 2
    begin = coordinates[first] + np.where(straight, BEHIND, 1.0)[:, None] * (coordinates[first + 1] - coordinates[first])
    keep = np.ones(len(owner), bool)
    keep[first[~straight]] = False
    moved = coordinates.copy()
    moved[first[straight]] = np.round(begin[straight], 3)
    behind = shapely.linestrings(moved[keep], indices=owner[keep])
    tree = shapely.STRtree(lines)
    over = np.zeros(len(lines), bool)
    at, other = tree.query(behind, predicate="intersects")
    at, other = at[at != other], other[at != other]
    over[at[_apart(lines, behind, at, other)]] = True
    made = wanted & ~over
    return np.where(made, behind, lines), made, np.round(begin[made], 3)


def _apart(lines: np.ndarray, behind: np.ndarray, at: np.ndarray, other: np.ndarray) -> np.ndarray:
    """(pair,) bool: a pipe behind its valve meets another one elsewhere than at its far end."""
    end = shapely.get_point(lines[at], -1)
    return shapely.distance(shapely.intersection(behind[at], lines[other]), end) > 0.01


__all__ = ["SECTION", "cut_behind", "valved"]
