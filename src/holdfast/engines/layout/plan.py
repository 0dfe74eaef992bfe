"""The reference city's plan: everything a sector needs to lay its own part along the streets, as plain arrays.

>>> from holdfast.engines.layout.plan import make_plan
>>> plan = make_plan(assets=2000, seed=7)
>>> len(plan.building_x) > 200
True
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
import shapely

from holdfast.model.errors import Invalid

from .blocks import make_blocks, ragged_polygons
from .buildings import Buildings, make_buildings
from .facilities import choose_facilities
from .random import stream
from .streets import make_streets
from .terrain import CENTRE, Terrain, make_terrain

LEAST, MOST = 2_000, 4_000_000
ASSETS_PER_BUILDING, EDGE_ASSETS, FIXED_ASSETS = 9.1, 35.7, 545.0  # rows of all sectors = 9.1 n + 35.7 sqrt(n) + 545 for n buildings, measured
GROSS_AREA = 5900.0  # first guess of city square per building, river and fields included [m2]


@dataclass(frozen=True, slots=True)
class CityPlan:
    """A city before its sectors are laid. Lengths in metres, coordinates in `crs`, z above sea.

    size            requested number of assets over all sectors
    extent          (minx, miny, maxx, maxy) around everything
    junction_*      (J,) street crossings
    street_*        (S,) straight streets between crossings; class 0 trunk, 1 main, 2 branch; width between building lines
    block_*         (B,) land between street axes; use is a GB 50137 code
    building_*      (N,) rectangles, L and U outlines; x, y is a point inside; people are residents, or staff and visitors where nobody lives; side +1 is left of the street
    zone_*          (Z,) groups of blocks; population counts residents only
    river           axis from upstream to downstream; the water is river_width wide
    facilities      building indices by purpose; every purpose has at least one
    """

    seed: int
    size: int
    crs: str
    origin: tuple[float, float]
    extent: tuple[float, float, float, float]
    junction_x: np.ndarray
    junction_y: np.ndarray
    junction_z: np.ndarray
    street_from: np.ndarray
    street_to: np.ndarray
    street_class: np.ndarray
    street_width: np.ndarray
    street_name: np.ndarray
    street_length: np.ndarray
    street_bridge: np.ndarray
    block_polygon: np.ndarray
    block_use: np.ndarray
    block_zone: np.ndarray
    block_ward: np.ndarray
    building_polygon: np.ndarray
    building_x: np.ndarray
    building_y: np.ndarray
    building_z: np.ndarray
    building_storeys: np.ndarray
    building_underground: np.ndarray
    building_height: np.ndarray
    building_use: np.ndarray
    building_people: np.ndarray
    building_block: np.ndarray
    building_street: np.ndarray
    building_offset: np.ndarray
    building_side: np.ndarray
    zone_polygon: np.ndarray
    zone_population: np.ndarray
    river: Any
    river_width: float
    facilities: dict[str, np.ndarray]
    terrain: Terrain

    def ground(self, x: np.ndarray, y: np.ndarray) -> np.ndarray:
        """Ground level [m above sea] at any points of the city."""
        return self.terrain.ground(x, y)

    def rng(self, name: str) -> np.random.Generator:
        """Random numbers fixed by the plan's seed and a purpose such as "water.materials"."""
        return stream(self.seed, name)

    def along(self, street: np.ndarray, distance: np.ndarray, offset: np.ndarray | float = 0.0) -> tuple[np.ndarray, np.ndarray]:
        """Points beside streets.

        street     street indices
        distance   [m] from the street's from-end
        offset     [m] to the left (+) or right (-) of the axis, looking from the from-end
        returns    x, y [m]
        """
        street = np.asarray(street)
        a, b = self.street_from[street], self.street_to[street]
        length = self.street_length[street]
        dx, dy = (self.junction_x[b] - self.junction_x[a]) / length, (self.junction_y[b] - self.junction_y[a]) / length
        return self.junction_x[a] + dx * distance - dy * offset, self.junction_y[a] + dy * distance + dx * offset

    def tree(self, root_junction: int) -> tuple[np.ndarray, np.ndarray]:
        """Shortest-path tree on the streets.

        root_junction   crossing from which everything is reached
        returns         parent crossing and street leading to it, per crossing; -1 at the root
        """
        from scipy.sparse import coo_matrix
        from scipy.sparse.csgraph import dijkstra

        count = len(self.junction_x)
        a, b = self.street_from, self.street_to
        graph = coo_matrix((self.street_length, (a, b)), shape=(count, count)).tocsr()
        _, parent = dijkstra(graph, directed=False, indices=int(root_junction), return_predecessors=True)
        parent = np.where(parent < 0, -1, parent).astype(np.int64)
        key = np.minimum(a, b).astype(np.int64) * count + np.maximum(a, b)
        order = np.argsort(key, kind="stable")
        node = np.arange(count)
        want = np.minimum(node, parent) * count + np.maximum(node, parent)
        at = np.minimum(np.searchsorted(key[order], want), len(order) - 1)
        return parent, np.where(parent < 0, -1, order[at])


def building_count(assets: int) -> int:
    """Number of buildings whose city has about that many assets over all sectors."""
    root = (np.sqrt(EDGE_ASSETS**2 + 4.0 * ASSETS_PER_BUILDING * (assets - FIXED_ASSETS)) - EDGE_ASSETS) / (2.0 * ASSETS_PER_BUILDING)
    return round(float(root) ** 2)


def make_plan(assets: int, seed: int) -> CityPlan:
    """Plan a city for about that many assets over all sectors; the same arguments always give the same plan.

    assets   2,000 to 4,000,000
    raises   Invalid if the number is out of range
    """
    if not LEAST <= assets <= MOST:
        raise Invalid(f"a reference city has {LEAST:,} to {MOST:,} assets, not {assets:,}", fix="Choose a number in that range", field="assets")
    count = building_count(assets)
    radius = 0.5 * np.sqrt(count * GROSS_AREA) + 110.0
    while True:
        terrain = make_terrain(float(radius), seed)
        streets = make_streets(terrain, seed)
        blocks = make_blocks(terrain, streets, seed)
        buildings = make_buildings(terrain, streets, blocks, count, seed)
        if isinstance(buildings, Buildings):
            break
        radius *= 1.02 * np.sqrt(count / max(buildings, 1))
    facilities = choose_facilities(terrain, blocks, buildings, seed)
    return _assemble(assets, seed, terrain, streets, blocks, buildings, facilities)


def _assemble(assets: int, seed: int, terrain: Terrain, streets: Any, blocks: Any, buildings: Buildings, facilities: dict[str, np.ndarray]) -> CityPlan:
    x, y = streets.node_xy.T
    a, b = streets.source, streets.target
    length = np.hypot(x[b] - x[a], y[b] - y[a])
    residents = np.where(buildings.use == "residential", buildings.people, 0)
    zones = len(streets.zone_first) - 1
    population = np.bincount(blocks.zone[buildings.block], weights=residents, minlength=zones).astype(np.int64)
    river = terrain.river()
    zone_polygon = ragged_polygons(streets.zone_node, streets.zone_first)
    bounds = shapely.total_bounds(np.concatenate([blocks.polygon, zone_polygon, [river.buffer(terrain.river_width / 2)]]))
    margin = 60.0
    extent = (float(np.floor(bounds[0] - margin)), float(np.floor(bounds[1] - margin)), float(np.ceil(bounds[2] + margin)),
    float(np.ceil(bounds[3] + margin)))
    bx, by = buildings.xy.T
    return CityPlan(
        seed=seed, size=assets, crs="EPSG:4547", origin=CENTRE, extent=extent, junction_x=x.copy(), junction_y=y.copy(), junction_z=np.round(_deck(terrain,
        streets), 3),
        street_from=a, street_to=b, street_class=streets.level, street_width=streets.width, street_name=streets.name, street_length=length,
        street_bridge=streets.bridge,
        block_polygon=blocks.polygon, block_use=blocks.use, block_zone=blocks.zone, block_ward=streets.ward, building_polygon=buildings.polygon,
        building_x=bx.copy(), building_y=by.copy(), building_z=np.round(terrain.ground(bx, by), 3), building_storeys=buildings.storeys,
        building_underground=buildings.underground, building_height=buildings.height, building_use=buildings.use, building_people=buildings.people,
        building_block=buildings.block, building_street=buildings.street, building_offset=buildings.offset, building_side=buildings.side,
        zone_polygon=zone_polygon, zone_population=population, river=river, river_width=terrain.river_width,
        facilities=facilities, terrain=terrain,
    )


def _deck(terrain: Terrain, streets: Any) -> np.ndarray:
    return terrain.ground(*streets.node_xy.T)
