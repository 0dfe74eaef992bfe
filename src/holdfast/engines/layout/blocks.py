"""Blocks between streets: their shape, what the land is used for, and the room left for buildings."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import shapely

from .random import stream
from .streets import Streets, industrial, old_town
from .terrain import CENTRE, Terrain

# GB 50137-2011 land-use codes: R2 housing, B1 commerce, B2 offices, A1 administration, A33 schools, A5 hospitals, M2 industry, W1 storage,
# U1 supply works, U2 waste water, G1 park, G3 square
PEOPLE_PER_SCHOOL, PEOPLE_PER_HOSPITAL = 14_000, 60_000


@dataclass(slots=True)
class Blocks:
    """Blocks of the city.

    polygon   (B,) between street axes
    quad      (B, 4, 2) room for buildings, counter-clockwise, first side nearest to west-east [m]
    open      (B,) whether the quad is usable
    use, zone (B,)
    """

    polygon: np.ndarray
    quad: np.ndarray
    open: np.ndarray
    use: np.ndarray
    zone: np.ndarray


def ragged_polygons(xy: np.ndarray, first: np.ndarray) -> np.ndarray:
    """Polygons from rings given without their closing point; ring i is xy[first[i]:first[i+1]]."""
    count = np.diff(first)
    ring = np.repeat(np.arange(len(count)), count + 1)
    start = np.concatenate([[0], np.cumsum(count + 1)])
    step = np.arange(start[-1]) - start[ring]
    index = first[ring] + np.where(step == count[ring], 0, step)
    return shapely.polygons(shapely.linearrings(xy[index], indices=ring))


def _inset(streets: Streets) -> tuple[np.ndarray, np.ndarray]:
    """Move the four sides of each block inwards past half the street, the setback and any inward bend of the side."""
    xy = streets.node_xy
    corner = xy[streets.corner]
    chord = np.roll(corner, -1, axis=1) - corner
    size = np.hypot(chord[..., 0], chord[..., 1])
    normal = np.stack([-chord[..., 1], chord[..., 0]], axis=-1) / np.maximum(size, 1e-9)[..., None]
    owner = np.repeat(np.arange(len(corner)), np.diff(streets.first))
    side = streets.ring_side
    rise = ((xy[streets.ring_node] - corner[owner, side]) * normal[owner, side]).sum(axis=1)
    need = np.maximum(rise, 0.0)
    bend, half = np.zeros(size.shape), np.zeros(size.shape)
    np.maximum.at(bend, (owner, side), need)
    np.maximum.at(half, (owner, side), streets.width[streets.ring_street] / 2)
    setback = np.where(half > 15.0, 7.0, np.where(half > 10.0, 5.0, 3.0))
    offset = (corner * normal).sum(axis=-1) + half + setback + bend
    before_n, before_o = np.roll(normal, 1, axis=1), np.roll(offset, 1, axis=1)
    det = before_n[..., 0] * normal[..., 1] - before_n[..., 1] * normal[..., 0]
    safe = np.where(np.abs(det) < 1e-3, 1.0, det)
    x = (before_o * normal[..., 1] - offset * before_n[..., 1]) / safe
    y = (before_n[..., 0] * offset - normal[..., 0] * before_o) / safe
    quad = np.stack([x, y], axis=-1)
    inner = np.roll(quad, -1, axis=1) - quad
    cross = inner[..., 0] * np.roll(inner, -1, axis=1)[..., 1] - inner[..., 1] * np.roll(inner, -1, axis=1)[..., 0]
    fine = (np.abs(det) > 0.15).all(axis=1) & ((inner * chord).sum(axis=-1) > 12.0 * size).all(axis=1) & (cross > 0).all(axis=1)
    return quad, fine


def spread(xy: np.ndarray, weight: np.ndarray, count: int) -> list[np.ndarray]:
    """Divide points into `count` compact groups of about equal weight by cutting across the longer extent; index arrays."""
    groups = [(np.arange(len(xy)), min(count, len(xy)))]
    done: list[np.ndarray] = []
    while groups:
        index, share = groups.pop()
        if share <= 1:
            done.append(index)
            continue
        axis = int(np.argmax(np.ptp(xy[index], axis=0)))
        order = index[np.argsort(xy[index, axis], kind="stable")]
        left = share // 2
        mass = np.cumsum(weight[order])
        cut = int(np.clip(np.searchsorted(mass, mass[-1] * left / share), left, len(order) - (share - left)))
        groups += [(order[cut:], share - left), (order[:cut], left)]
    return done


def pick(xy: np.ndarray, weight: np.ndarray, allowed: np.ndarray, count: int, order: np.ndarray | None = None) -> np.ndarray:
    """Choose `count` of the allowed points so that each serves an about equal share of the weight.

    order   smaller is better among points of one share, added to the squared distance from the share's middle
    """
    chosen = []
    free = allowed.copy()
    for index in spread(xy, weight, count):
        middle = np.average(xy[index], axis=0, weights=np.maximum(weight[index], 1e-9))
        pool = index[free[index]]
        if not len(pool):
            pool = np.flatnonzero(free)
        if not len(pool):
            break
        cost = ((xy[pool] - middle) ** 2).sum(axis=1) + (0.0 if order is None else order[pool])
        best = pool[int(np.argmin(cost))]
        free[best] = False
        chosen.append(best)
    return np.sort(np.array(chosen, dtype=np.int64))


def _uses(terrain: Terrain, streets: Streets, centre: np.ndarray, area: np.ndarray, usable: np.ndarray, seed: int) -> np.ndarray:
    rng = stream(seed, "layout.uses")
    radius = terrain.radius
    x, y = (centre - np.array(CENTRE)).T
    far, near = np.hypot(x, y) / radius, old_town(x, y, radius)
    draw = rng.random(len(x))
    business = np.exp(-((x + 0.16 * radius) ** 2 + (y + 0.15 * radius) ** 2) / (0.13 * radius) ** 2)  # new centre on the south bank
    use = np.where(draw < 0.05 + 0.5 * business + 0.16 * near + 0.05 * (far < 0.5), "B1", "R2").astype("U3")
    use[(draw > 0.915 - 0.3 * business) & (far < 0.75)] = "B2"
    use[(draw > 0.88) & (draw < 0.915)] = "A1"
    use[(draw > 0.935 - 0.03 * far) & (far > 0.2)] = "G1"
    works = industrial(x, y, radius)
    use[works] = np.where(draw[works] < 0.66, "M2", np.where(draw[works] < 0.86, "W1", np.where(draw[works] < 0.92, "G1", "R2")))
    homes = usable & (use == "R2")
    people = area * 0.018 * homes  # about 18,000 persons per km2 of housing land
    quota = np.where(homes, 0.0, 1e18)
    small = (np.sqrt(area) * 60.0) ** 1.0
    total = people.sum()
    schools = pick(centre, people + 1e-6, homes, max(1, round(total / PEOPLE_PER_SCHOOL)), quota + small)
    use[schools] = "A33"
    hospitals = pick(centre, people + 1e-6, homes & (use == "R2"), max(1, round(total / PEOPLE_PER_HOSPITAL)), quota)
    use[hospitals] = "A5"
    away = np.abs(y - terrain.river_offset(x))
    upstream = np.argmin(np.where(usable & np.isin(use, ("R2", "G1", "B1")), x + 2.0 * np.abs(away - 0.12 * radius), np.inf))
    use[upstream] = "U1"
    downstream = np.argmax(np.where(usable & (use != "U1") & ~np.isin(use, ("A5", "A33")) & (y < terrain.river_offset(x)), x - 3.0 * away, -np.inf))
    use[downstream] = "U2"
    park = np.argmin(np.where(np.isin(use, ("R2", "B1", "G1")), (x + 0.08 * radius) ** 2 + (y - 0.33 * radius) ** 2, np.inf))
    green = np.hypot(*(centre - centre[park]).T) < 0.055 * radius
    use[green & np.isin(use, ("R2", "B1", "B2", "A1"))] = "G1"
    use[park] = "G1"
    use[~usable] = "G1"
    return use


def make_blocks(terrain: Terrain, streets: Streets, seed: int) -> Blocks:
    """Shape and use of every block."""
    polygon = ragged_polygons(streets.node_xy[streets.ring_node], streets.first)
    quad, usable = _inset(streets)
    area = shapely.area(polygon)
    centre = streets.node_xy[streets.corner].mean(axis=1)
    use = _uses(terrain, streets, centre, area, usable, seed)
    edge = np.roll(quad, -1, axis=1) - quad
    flatness = np.abs(edge[..., 0]) / np.maximum(np.hypot(edge[..., 0], edge[..., 1]), 1e-9)
    turn = (flatness[:, 1] + flatness[:, 3] > flatness[:, 0] + flatness[:, 2]).astype(int)
    roll = (np.arange(4)[None, :] + turn[:, None]) % 4
    quad = quad[np.arange(len(quad))[:, None], roll]
    return Blocks(polygon, quad, usable, use, streets.zone)
