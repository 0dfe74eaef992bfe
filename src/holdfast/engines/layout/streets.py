"""The street network: rings and arterials, districts split into uneven blocks, a river crossed only by bridges."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from scipy.sparse import coo_matrix
from scipy.sparse.csgraph import connected_components

from .cells import SHIFT, Cells, Lines, join, lattice, split
from .names import street_names
from .random import scatter, stream
from .terrain import CENTRE, Terrain

WIDTH = (40.0, 28.0, 16.0)  # between building lines: trunk, main, branch [m]
LARGEST_STEPS = 40


@dataclass(slots=True)
class Streets:
    """Streets and the cells between them in true coordinates.

    node_xy     (J, 2) crossings [m];  source, target (S,) crossing indices;  level, width, name, bridge (S,)
    cells       kept cells; `ring_*` walk round each: for cell i entries first[i]:first[i+1] of
    ring_node   crossing at the start of each stretch, ring_street its street, ring_side which of the four sides (0..3)
    zone_cell   cells as they were when they had zone size, with the walk round each
    """

    node_xy: np.ndarray
    source: np.ndarray
    target: np.ndarray
    level: np.ndarray
    width: np.ndarray
    name: np.ndarray
    bridge: np.ndarray
    cells: Cells
    first: np.ndarray
    ring_node: np.ndarray
    ring_street: np.ndarray
    ring_side: np.ndarray
    corner: np.ndarray
    ward: np.ndarray
    zone: np.ndarray
    zone_first: np.ndarray
    zone_node: np.ndarray


def industrial(x: np.ndarray, y: np.ndarray, radius: float) -> np.ndarray:
    """Whether a place relative to the centre lies in the industrial quarter: downstream on the south side."""
    return (x > 0.22 * radius) & (y < -0.16 * radius) & (x - y > 0.72 * radius)


def old_town(x: np.ndarray, y: np.ndarray, radius: float) -> np.ndarray:
    """Closeness 0..1 to the old town north of the river."""
    return np.exp(-((x - 0.02 * radius) ** 2 + (y - 0.16 * radius) ** 2) / (0.19 * radius) ** 2)


def _coordinates(terrain: Terrain, seed: int) -> tuple[np.ndarray, np.ndarray]:
    rng = stream(seed, "layout.lattice")
    radius = terrain.radius
    bank = (terrain.river_width / 2.0 + 26.0) / 0.66
    count = int(np.clip(round(radius / 1700.0) + 1, 2, 7))
    ring = (np.arange(1, count + 1) / count) ** 0.92
    u = np.concatenate([-ring[::-1], ring]) * radius
    v = np.concatenate([-ring[::-1], ring]) * radius
    for axis in (u, v):
        axis[1:-1] *= 1.0 + rng.uniform(-0.08, 0.08, len(axis) - 2)
    v = v[np.abs(v) > bank + 170.0]
    v = np.sort(np.concatenate([v, [-bank, bank]]))
    return u, v


def _sides(lines: Lines, cells: Cells) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    xy = np.concatenate(lines.xy)[cells.corner]
    length = np.hypot(*np.moveaxis(np.roll(xy, -1, axis=1) - xy, 2, 0))
    return (length[:, 0] + length[:, 2]) / 2, (length[:, 1] + length[:, 3]) / 2, xy.mean(axis=1)


def _subdivide(lines: Lines, cells: Cells, terrain: Terrain, seed: int) -> tuple[Cells, Cells]:
    """Split until blocks have the size their place asks for; returns the blocks and the cells of zone size."""
    radius = terrain.radius
    main_size, zone_size = float(np.clip(radius * 0.8, 320.0, 950.0)), float(np.clip(radius * 0.75, 560.0, 1000.0))
    leaves, zones, number = [], [], 0
    for step in range(LARGEST_STEPS):
        if not len(cells):
            break
        rng = stream(seed, f"layout.split.{step}")
        draw = rng.random((len(cells), 6))
        across, up, centre = _sides(lines, cells)
        cells = cells.turned(up > across * (0.9 + 0.2 * draw[:, 0]))
        across, up = np.maximum(across, up), np.minimum(across, up)
        fresh = np.flatnonzero((cells.zone < 0) & (across <= zone_size))
        cells.zone[fresh] = number + np.arange(len(fresh))
        number += len(fresh)
        zones.append(cells.take(fresh))
        x, y = centre.T
        near, far = old_town(x, y, radius), np.hypot(x, y) / radius
        want = (170.0 + 130.0 * np.clip(far, 0, 1.2)) * (1.0 - 0.30 * near) * np.where(industrial(x, y, radius), 1.35, 1.0)
        want *= 0.8 + 0.5 * scatter(cells.corner[:, 0], cells.corner[:, 2], seed)
        go = across > want
        leaves.append(cells.take(np.flatnonzero(~go)))
        cells, draw, across, near = cells.take(np.flatnonzero(go)), draw[go], across[go], near[go]
        spread = 0.15 + 0.09 * near
        level = np.where(across > main_size, 1, 2)
        one, two, able = split(lines, cells, 0.5 + spread * (draw[:, 1] - 0.5) * 2, (draw[:, 2] - 0.5) * (0.16 + 0.12 * near), level)
        leaves.append(cells.take(np.flatnonzero(~able)))
        cells = join([one, two])
    return join(leaves), join(zones)


def ranges(lower: np.ndarray, upper: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """All integers of many ranges one after another: owner row and value. Each range runs lower..upper-1."""
    size = upper - lower
    owner = np.repeat(np.arange(len(size)), size)
    start = np.cumsum(size) - size
    return owner, np.arange(size.sum()) - start[owner] + lower[owner]


def _walk(lines: Lines, cells: Cells) -> tuple[np.ndarray, np.ndarray, np.ndarray, np.ndarray]:
    """Walk round every cell: owner, side, key index of the stretch, and key index of the crossing it starts from."""
    line = cells.line.ravel().astype(np.int64) << SHIFT
    low = np.searchsorted(lines.keys, line | np.minimum(cells.a, cells.b).ravel())
    high = np.searchsorted(lines.keys, line | np.maximum(cells.a, cells.b).ravel())
    owner, at = ranges(low, high)
    back = (cells.a > cells.b).ravel()[owner]
    mirrored = low[owner] + high[owner] - 1 - at
    stretch = np.where(back, mirrored, at)
    return owner // 4, owner % 4, stretch, np.where(back, stretch + 1, stretch)


def _outline(xy: np.ndarray, radius: float, seed: int) -> np.ndarray:
    """Whether places lie inside the ragged outline of the built-up area."""
    phase = stream(seed, "layout.outline").uniform(0, 2 * np.pi, 4)
    angle, far = np.arctan2(xy[:, 1], xy[:, 0]), np.hypot(xy[:, 0], xy[:, 1]) / radius
    waves = ((2, 0.08), (3, 0.06), (5, 0.05), (11, 0.03))
    return far < 0.88 + sum(a * np.sin(n * angle + p) for (n, a), p in zip(waves, phase, strict=True))


def _connected(source: np.ndarray, target: np.ndarray, total: int) -> np.ndarray:
    """Nodes of the largest connected part."""
    graph = coo_matrix((np.ones(len(source)), (source, target)), shape=(total, total))
    _, label = connected_components(graph, directed=False)
    size = np.bincount(label[source], minlength=label.max() + 1)
    return label == np.argmax(size)


def make_streets(terrain: Terrain, seed: int) -> Streets:
    """Lay out all streets of a city with that terrain."""
    u, v = _coordinates(terrain, seed)
    south = int(np.searchsorted(v, 0.0)) - 1
    lines, top = lattice(u, v, (south, south + 1))
    cells, zones = _subdivide(lines, top, terrain, seed)
    flat = np.concatenate(lines.xy)
    node_xy = np.round(np.column_stack(terrain.bend(*flat.T)), 3)

    middle = node_xy[cells.corner].mean(axis=1)
    cells = cells.take(np.flatnonzero(_outline(middle, terrain.radius, seed)))
    owner, side, stretch, begin = _walk(lines, cells)

    source, target = lines.nodes[:-1], lines.nodes[1:]
    line = lines.keys[:-1] >> SHIFT
    same = line == (lines.keys[1:] >> SHIFT)
    used = np.zeros(len(source), bool)
    used[stretch] = True
    touched = np.zeros(len(flat), bool)
    touched[source[used]] = touched[target[used]] = True
    bank_line = np.abs(flat[:, 1]) <= v[south + 1] + 1e-6
    bridge = same & bank_line[source] & bank_line[target] & (np.sign(flat[source, 1]) != np.sign(flat[target, 1]))
    used |= bridge & touched[source] & touched[target]
    live = _connected(source[used], target[used], len(flat))
    used &= live[source]
    good = live[cells.corner[:, 0]]
    keep = good[owner]
    owner, side, stretch, begin = (np.cumsum(good) - 1)[owner[keep]], side[keep], stretch[keep], begin[keep]
    cells = cells.take(np.flatnonzero(good))

    node_index, street_index = np.cumsum(live) - 1, np.cumsum(used) - 1
    line = line[used]
    group_kind = _group_kind(lines, flat, v[south + 1], terrain.radius)
    level_of_group = np.zeros(int(lines.group.max()) + 1, np.int64)
    level_of_group[lines.group] = lines.level
    names = street_names(level_of_group, group_kind, seed)
    zone, zone_first, zone_node = _zones(lines, zones, cells)
    level = lines.level[line]
    return Streets(
        node_xy=node_xy[live] + np.array(CENTRE), source=node_index[source[used]], target=node_index[target[used]], level=level,
        width=np.array(WIDTH)[level], name=names[lines.group[line]], bridge=bridge[used], cells=cells,
        first=np.searchsorted(owner, np.arange(len(cells) + 1)), ring_node=node_index[lines.nodes[begin]], ring_street=street_index[stretch],
        ring_side=side, corner=node_index[cells.corner], ward=cells.ward, zone=zone, zone_first=zone_first,
        zone_node=node_xy[zone_node] + np.array(CENTRE),
    )


def _group_kind(lines: Lines, flat: np.ndarray, bank: float, radius: float) -> np.ndarray:
    """Name style of each group: old-town lane, north or south bank, ordinary."""
    kind = np.zeros(int(lines.group.max()) + 1, np.int64)
    x, y = ((lines.start + lines.end) / 2).T
    kind[lines.group[old_town(x, y, radius) > 0.6]] = 1
    level = np.abs(lines.start[:, 1] - lines.end[:, 1]) < 1e-6
    kind[lines.group[level & (np.abs(lines.start[:, 1] - bank) < 1e-6)]] = 2
    kind[lines.group[level & (np.abs(lines.start[:, 1] + bank) < 1e-6)]] = 3
    return kind


def _zones(lines: Lines, zones: Cells, cells: Cells) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Renumber zones that still hold blocks; returns zone per block and the walk (original crossings) round each zone."""
    alive = np.unique(cells.zone)
    zones = zones.take(alive)
    owner, _, _, begin = _walk(lines, zones)
    return np.searchsorted(alive, cells.zone), np.searchsorted(owner, np.arange(len(alive) + 1)), lines.nodes[begin]
