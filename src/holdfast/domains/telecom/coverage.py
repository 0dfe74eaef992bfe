"""Who has telecom: people under working base stations, customers behind cabinets, batteries that last."""

from __future__ import annotations

from typing import Any

import numpy as np
import pyarrow as pa

from holdfast.model import geometry

from .lifeline import NETWORK, Telecom, radii

BUILDING = "buildings.building"


def without_battery(city: Any, hours: float) -> list[str]:
    """Ids of telecom assets that need electricity and whose battery lasts shorter than that."""
    if hours <= 0:
        return []
    found = []
    counts = city.counts()
    for kind in city.catalog.networks["telecom"].node_kinds:
        need = next((n for n in city.kind(kind).needs if n.service == "electricity"), None)
        if need is None or not counts.get(kind):
            continue
        column = need.backup_field
        table = city.table(kind, columns=["id", *([column] if column else [])])
        own = np.asarray(table[column].cast(pa.float64()).to_numpy(), np.float64) if column else np.full(table.num_rows, np.nan)
        lasts = np.where(np.isfinite(own), own, need.backup_hours)
        found += table["id"].filter(pa.array(lasts < hours)).to_pylist()
    return found


def customers_of(city: Any, names: pa.Array) -> np.ndarray:
    """(outlet,) customers of cabinets; NaN for others, so that none is counted at exchange and cabinet both."""
    known: dict[str, float] = {}
    if city.counts().get("telecom.cabinet"):
        table = city.table("telecom.cabinet", columns=["id", "customers"])
        known = dict(zip(table["id"].to_pylist(), np.asarray(table["customers"].cast(pa.float64()).to_numpy(), np.float64).tolist(), strict=True))
    return np.array([known.get(name, np.nan) for name in names.to_pylist()], np.float64)


def mobile_service(city: Any, line: Telecom, available: np.ndarray) -> list[dict[str, float]]:
    """People with full, reduced and no mobile service in each case; the first case is what is normal.

    available  (case, component) bool
    """
    from scipy.spatial import cKDTree

    xy, people = _people(city)
    total = float(people.sum())
    site_xy, radius = city.network(NETWORK).node_xyz[line.site, :2], radii(city)
    working = line.joined(available & ~line.idle)[:, line.site] >= 1.0
    placed = np.flatnonzero(np.isfinite(site_xy).all(axis=1) & (radius > 0))
    if not len(placed) or not len(xy):
        return [{"people": total, "full": 0.0, "reduced": 0.0, "none": total} for _ in available]
    tree = cKDTree(xy)
    best, home = np.full(len(xy), np.inf), np.full(len(xy), -1)
    reached = np.zeros((len(available), len(xy)), bool)
    for site in placed.tolist():
        near = np.array(tree.query_ball_point(site_xy[site], radius[site]), np.int64)
        gap = np.hypot(*(xy[near] - site_xy[site]).T)
        if working[0, site]:
            closer = gap < best[near]
            best[near[closer]], home[near[closer]] = gap[closer], site
        reached[np.ix_(working[:, site], near)] = True
    found = []
    for case, covered in enumerate(reached):
        full = covered & (home >= 0) & working[case, np.maximum(home, 0)]
        sums = [float(people[mask].sum()) for mask in (full, covered & ~full, ~covered)]
        found.append({"people": total, "full": sums[0], "reduced": sums[1], "none": sums[2]})
    return found


def _people(city: Any) -> tuple[np.ndarray, np.ndarray]:
    """Places and people: populated buildings, else zones."""
    counts = city.counts()
    for kind in (BUILDING, "base.zone"):
        if kind in city.catalog.kinds and counts.get(kind):
            table = city.table(kind, columns=["id", "geometry", "population"])
            people = np.nan_to_num(np.asarray(table["population"].cast(pa.float64()).to_numpy(), np.float64))
            xy = geometry.centre(table["geometry"])
            keep = np.isfinite(xy).all(axis=1) & (people > 0)
            if keep.any():
                return xy[keep], people[keep]
    return np.empty((0, 2)), np.empty(0)
