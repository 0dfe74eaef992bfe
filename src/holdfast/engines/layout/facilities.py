"""Which buildings serve the city: hospitals, fire stations, shelters, and the sites of every utility."""

from __future__ import annotations

import numpy as np
import shapely

from .blocks import Blocks, pick
from .buildings import Buildings
from .random import stream
from .terrain import CENTRE, Terrain

# purpose: persons per site, uses it may take, use it becomes ("" keeps)
SITES: dict[str, tuple[int, tuple[str, ...], str]] = {
    "fire_station": (45_000, ("public", "commercial", "office", "residential"), "fire_station"),
    "police": (40_000, ("public", "office", "commercial", "residential"), "police"),
    "clinic": (15_000, ("commercial", "residential"), "clinic"),
    "substation": (22_000, ("utility", "commercial", "residential", "office"), "utility"),
    "exchange": (30_000, ("office", "commercial", "public", "residential"), "telecom"),
    "pump_station": (60_000, ("commercial", "residential", "public"), "utility"),
    "gas_station": (120_000, ("industrial", "warehouse", "commercial", "residential"), "utility"),
    "heat_plant": (250_000, ("industrial", "warehouse", "commercial", "residential"), "utility"),
    "warehouse": (80_000, ("warehouse", "industrial", "commercial"), "warehouse"),
    "data_centre": (600_000, ("office", "industrial", "commercial"), "data_centre"),
    "shelter": (6_000, ("public", "school", "commercial"), ""),
}


def _largest(index: np.ndarray, block: np.ndarray, area: np.ndarray) -> np.ndarray:
    """The largest building of every block among those of `index`."""
    order = index[np.lexsort((-area[index], block[index]))]
    return np.sort(order[np.unique(block[order], return_index=True)[1]])


def choose_facilities(terrain: Terrain, blocks: Blocks, buildings: Buildings, seed: int) -> dict[str, np.ndarray]:
    """Building indices by purpose, at least one each; changes `buildings.use` where a site replaces another use."""
    xy, area = buildings.xy, shapely.area(buildings.polygon)
    people = buildings.people * (buildings.use == "residential") + 0.01
    total = people.sum()
    found: dict[str, np.ndarray] = {}
    for purpose, use in (("hospital", "A5"), ("school", "A33"), ("waterworks", "U1"), ("sewage_works", "U2")):
        sites = np.flatnonzero(blocks.use[buildings.block] == use)
        found[purpose] = _largest(sites if len(sites) else np.array([int(np.argmax(area))]), buildings.block, area)
    found["treatment_plant"] = np.array([found["waterworks"][0], found["sewage_works"][0]])
    taken = np.zeros(len(xy), bool)
    for sites in found.values():
        taken[sites] = True
    jitter = stream(seed, "layout.sites").random(len(xy)) * 100.0
    for purpose, (share, uses, becomes) in SITES.items():
        fit = np.array([next((rank for rank, use in enumerate(uses) if use == value), 99) for value in np.unique(buildings.use)])
        rank = fit[np.searchsorted(np.unique(buildings.use), buildings.use)]
        cost = jitter + rank * 250.0**2 - np.minimum(area, 2500.0) * 20.0
        allowed = (rank < 99) & (~taken | (purpose == "shelter"))
        if not allowed.any():
            allowed = ~taken
        count = max(1, round(total / share))
        found[purpose] = _sites(terrain, purpose, xy, people, allowed, count, cost)
        if becomes:
            taken[found[purpose]] = True
            buildings.use[found[purpose]] = becomes
    return found


def _sites(terrain: Terrain, purpose: str, xy: np.ndarray, people: np.ndarray, allowed: np.ndarray, count: int, cost: np.ndarray) -> np.ndarray:
    if purpose in ("gas_station", "heat_plant"):  # where land and gas mains are: the works in the south-east first
        x, y = (xy - np.array(CENTRE)).T
        cost = cost - 0.02 * terrain.radius * (x - y)
    return pick(xy, people, allowed, count, cost)
