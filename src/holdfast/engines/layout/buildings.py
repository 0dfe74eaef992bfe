"""Buildings: lots inside blocks, one rectangular building per lot, with storeys, use and people."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import shapely

from .blocks import Blocks
from .random import stream
from .streets import Streets, old_town, ranges
from .terrain import CENTRE, Terrain

# Per land use: lot along the first side [m], lot depth [m], building share of the lot along and across, chance of an empty lot
LOTS = {
    "R2": (44.0, 38.0, 0.84, 0.40, 0.07), "T2": (46.0, 46.0, 0.56, 0.48, 0.10), "O2": (25.0, 27.0, 0.82, 0.70, 0.10), "B1": (46.0, 44.0, 0.76, 0.72, 0.05),
    "B2": (56.0, 56.0, 0.60, 0.60, 0.05), "A1": (60.0, 52.0, 0.70, 0.45, 0.10), "A33": (72.0, 58.0, 0.72, 0.36, 0.25), "A5": (70.0, 56.0, 0.74, 0.46, 0.10),
    "M2": (96.0, 72.0, 0.74, 0.70, 0.10), "W1": (84.0, 60.0, 0.78, 0.72, 0.08), "U1": (80.0, 70.0, 0.50, 0.50, 0.20), "U2": (80.0, 70.0, 0.50, 0.50, 0.20),
}
STYLES = tuple(LOTS)
USE = {
    "R2": "residential", "T2": "residential", "O2": "residential", "B1": "commercial", "B2": "office", "A1": "public", "A33": "school", "A5": "hospital",
    "M2": "industrial", "W1": "warehouse", "U1": "utility", "U2": "utility",
}
STOREY_HEIGHT = {"residential": 3.0, "commercial": 4.5, "office": 4.0, "public": 3.9, "school": 3.9, "hospital": 4.2, "industrial": 6.5, "warehouse": 7.0,
"utility": 5.0}
FLOOR_PER_PERSON = {"residential": 40.0, "commercial": 30.0, "office": 18.0, "public": 25.0, "school": 9.0, "hospital": 28.0, "industrial": 60.0,
"warehouse": 180.0, "utility": 150.0}
MARGIN, SMALLEST = 2.0, 7.0


@dataclass(slots=True)
class Buildings:
    """Arrays of all buildings; see `CityPlan` for their meaning."""

    polygon: np.ndarray
    xy: np.ndarray
    storeys: np.ndarray
    underground: np.ndarray
    height: np.ndarray
    use: np.ndarray
    people: np.ndarray
    block: np.ndarray
    street: np.ndarray
    offset: np.ndarray
    side: np.ndarray


def _styles(blocks: Blocks, terrain: Terrain, seed: int) -> np.ndarray:
    """Lot style of each block, as index into STYLES, or -1 where nothing is built."""
    x, y = (blocks.quad.mean(axis=1) - np.array(CENTRE)).T
    draw = stream(seed, "layout.styles").random(len(x))
    near = old_town(x, y, terrain.radius)
    far = np.hypot(x, y) / terrain.radius
    style = blocks.use.copy()
    homes = style == "R2"
    style[homes & (draw < 0.55 * np.exp(-((far - 0.25) ** 2) / 0.05))] = "T2"
    style[homes & (near * (0.75 + 0.5 * draw) > 0.42)] = "O2"
    index = np.full(len(style), -1)
    for number, name in enumerate(STYLES):
        index[style == name] = number
    index[~blocks.open] = -1
    return index


def _lots(quad: np.ndarray, style: np.ndarray, scale: float) -> tuple[np.ndarray, np.ndarray]:
    """Cut each quad into rows of lots; returns owner quad and (lots, 4, 2) corners."""
    size = np.array([LOTS[name][:2] for name in STYLES]) * scale
    edge = np.roll(quad, -1, axis=1) - quad
    length = np.hypot(edge[..., 0], edge[..., 1])
    built = style >= 0
    wide = np.where(built, np.maximum(1, np.floor(0.25 + (length[:, 0] + length[:, 2]) / 2 / size[style, 0])), 0).astype(np.int64)
    deep = np.where(built, np.maximum(1, np.floor(0.25 + (length[:, 1] + length[:, 3]) / 2 / size[style, 1])), 0).astype(np.int64)
    owner, number = ranges(np.zeros(len(quad), np.int64), wide * deep)
    column, row = number % wide[owner], number // wide[owner]

    def at(s: np.ndarray, t: np.ndarray) -> np.ndarray:
        q = quad[owner]
        s, t = (s / wide[owner])[:, None], (t / deep[owner])[:, None]
        return (1 - s) * (1 - t) * q[:, 0] + s * (1 - t) * q[:, 1] + s * t * q[:, 2] + (1 - s) * t * q[:, 3]

    return owner, np.stack([at(column, row), at(column + 1, row), at(column + 1, row + 1), at(column, row + 1)], axis=1)


def _rectangles(lot: np.ndarray, along: np.ndarray, across: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """The largest rectangle of the wished proportions in each convex lot; corners and whether it is big enough.

    along, across   wished share of the lot's extent in its first direction and at right angles to it
    """
    centre = lot.mean(axis=1)
    axis = (lot[:, 1] + lot[:, 2] - lot[:, 0] - lot[:, 3]) / 2
    long = np.hypot(axis[:, 0], axis[:, 1])
    axis = axis / long[:, None]
    cross = np.column_stack([-axis[:, 1], axis[:, 0]])
    short = np.abs(((lot[:, 2] + lot[:, 3] - lot[:, 0] - lot[:, 1]) / 2 * cross).sum(axis=1))
    a, b = along * long / 2, across * short / 2
    edge = np.roll(lot, -1, axis=1) - lot
    normal = np.stack([-edge[..., 1], edge[..., 0]], axis=-1) / np.hypot(edge[..., 0], edge[..., 1])[..., None]
    room = ((centre[:, None] - lot) * normal).sum(axis=-1) - MARGIN
    reach = np.abs((normal * axis[:, None]).sum(-1)) * a[:, None] + np.abs((normal * cross[:, None]).sum(-1)) * b[:, None]
    factor = np.clip((room / reach).min(axis=1), 0.0, 1.0)
    a, b = a * factor, b * factor
    sign = np.array([[-1, -1], [1, -1], [1, 1], [-1, 1]])
    corner = centre[:, None] + sign[None, :, :1] * (a[:, None] * axis)[:, None] + sign[None, :, 1:] * (b[:, None] * cross)[:, None]
    return np.round(corner, 3), 2 * np.minimum(a, b) >= SMALLEST


def _storeys(style: np.ndarray, xy: np.ndarray, terrain: Terrain, rng: np.random.Generator) -> np.ndarray:
    """Storeys above ground: towers in and round the centre, slabs in estates, low old town and works."""
    x, y = (xy - np.array(CENTRE)).T
    far = np.hypot(x, y) / terrain.radius
    draw, late = rng.random(len(xy)), rng.random(len(xy))
    name = np.array(STYLES)[style]
    peak = np.exp(-(far**2) / 0.14)
    table = {
        "R2": 5 + np.floor(3 * draw) + 5 * (late < 0.18 + 0.2 * peak), "T2": 16 + np.floor(12 * draw + 8 * peak * late), "O2": 2 + np.floor(5 * draw),
        "B1": 3 + np.floor(4 * draw + 14 * peak * late), "B2": 8 + np.floor(14 * draw + 26 * peak * late**2), "A1": 4 + np.floor(7 * draw),
        "A33": 4 + np.floor(3 * draw), "A5": 5 + np.floor(12 * draw), "M2": 1 + np.floor(3 * draw**2), "W1": 1 + np.floor(2 * draw**2),
        "U1": 1 + np.floor(2 * draw), "U2": 1 + np.floor(2 * draw),
    }
    return np.select([name == key for key in table], list(table.values())).astype(np.int64)


def _front(streets: Streets, block: np.ndarray, xy: np.ndarray) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Nearest street of the building's own block: index, metres from its start, side (+1 left)."""
    owner, at = ranges(streets.first[block], streets.first[block + 1])
    street = streets.ring_street[at]
    a, b = streets.node_xy[streets.source[street]], streets.node_xy[streets.target[street]]
    d, p = b - a, xy[owner] - a
    length = np.hypot(d[:, 0], d[:, 1])
    along = np.clip((p * d).sum(axis=1) / length, 0.0, length)
    foot = a + d * (along / length)[:, None]
    gap = np.hypot(*(xy[owner] - foot).T)
    order = np.lexsort((street, np.round(gap, 6), owner))
    best = order[np.searchsorted(owner, np.arange(len(block)))]
    side = np.where(d[best, 0] * p[best, 1] - d[best, 1] * p[best, 0] >= 0, 1, -1)
    return street[best], np.floor(along[best] * 1000.0) / 1000.0, side


# Outlines in a unit square whose first side faces the lot's: rectangle, L, U; and a point inside, in the main wing
OUTLINES = (
    (((0, 0), (1, 0), (1, 1), (0, 1)), (0.5, 0.5)),
    (((0, 0), (1, 0), (1, 1), (0.66, 1), (0.66, 0.46), (0, 0.46)), (0.5, 0.23)),
    (((0, 0), (1, 0), (1, 1), (0.74, 1), (0.74, 0.4), (0.26, 0.4), (0.26, 1), (0, 1)), (0.5, 0.2)),
)
BENT = {"B1": (0.3, 0.12), "B2": (0.12, 0.0), "A1": (0.3, 0.3), "A33": (0.3, 0.4), "A5": (0.35, 0.35), "O2": (0.2, 0.12), "T2": (0.08, 0.0), "M2": (0.18, 0.0)}


def _outlines(corner: np.ndarray, kind: np.ndarray, draw: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Give some rectangles the outline of an L or a U; returns polygons and a point inside each."""
    chance = np.array([BENT.get(name, (0.0, 0.0)) for name in STYLES])[kind]
    wide = np.minimum(np.hypot(*(corner[:, 1] - corner[:, 0]).T), np.hypot(*(corner[:, 3] - corner[:, 0]).T)) > 17.0
    form = np.where(wide & (draw < chance[:, 0]), 1, np.where(wide & (draw < chance.sum(axis=1)), 2, 0))
    polygon, inside = np.empty(len(corner), object), np.empty((len(corner), 2))
    for number, (outline, point) in enumerate(OUTLINES):
        at = np.flatnonzero(form == number)
        origin, u, v = corner[at, 0], corner[at, 1] - corner[at, 0], corner[at, 3] - corner[at, 0]
        ring = np.array([*outline, outline[0]], float)
        polygon[at] = shapely.polygons(np.round(origin[:, None] + ring[None, :, :1] * u[:, None] + ring[None, :, 1:] * v[:, None], 3))
        inside[at] = np.round(origin + point[0] * u + point[1] * v, 3)
    return polygon, inside


def make_buildings(terrain: Terrain, streets: Streets, blocks: Blocks, count: int, seed: int) -> Buildings | int:
    """Exactly `count` buildings, or the number of lots when there are not enough of them."""
    rng = stream(seed, "layout.buildings")
    style = _styles(blocks, terrain, seed)
    share = np.array([LOTS[name][2:] for name in STYLES])
    owner, lot = _lots(blocks.quad, style, 1.0)
    kind = style[owner]
    wobble = rng.uniform(0.88, 1.06, (len(owner), 2))
    corner, fits = _rectangles(lot, share[kind, 0] * wobble[:, 0], share[kind, 1] * wobble[:, 1])
    priority = rng.random(len(owner)) + np.where(rng.random(len(owner)) < share[kind, 2], 1.0, 0.0)
    keep_one = np.isin(blocks.use[owner], ("A5", "A33", "U1", "U2"))
    priority = np.where(keep_one, priority - 1.5, priority)
    usable = np.flatnonzero(fits)
    if len(usable) < count:
        return len(usable)
    chosen = np.sort(usable[np.argsort(priority[usable], kind="stable")[:count]])
    corner, block, kind = corner[chosen], owner[chosen], kind[chosen]
    polygon, xy = _outlines(corner, kind, rng.random(count))
    storeys = _storeys(kind, xy, terrain, stream(seed, "layout.storeys"))
    use = np.array([USE[name] for name in STYLES], dtype="U16")[kind]
    street, offset, side = _front(streets, block, xy)
    deep = rng.random(count)
    underground = np.where(storeys >= 16, 1 + (deep < 0.6), np.where((storeys >= 8) & (deep < 0.8), 1, np.where((use == "commercial") & (deep < 0.4), 1, 0)))
    tall = np.select([use == key for key in STOREY_HEIGHT], list(STOREY_HEIGHT.values()))
    per = np.select([use == key for key in FLOOR_PER_PERSON], list(FLOOR_PER_PERSON.values()))
    people = np.maximum(1, np.rint(shapely.area(polygon) * storeys / per * rng.uniform(0.5, 0.95, count))).astype(np.int64)
    return Buildings(polygon, xy, storeys, underground.astype(np.int64), np.round(storeys * tall + 1.0, 2), use, people, block, street, offset, side)
