"""The base of the reference city: zones with people, land use, unit grid, terrain."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import pyarrow as pa
import shapely

from holdfast.engines.layout.rows import always, asset_ids, texts, wkb
from holdfast.model.delivery import Batch

from .grid_code import reading_order, split_codes, unit_grid_codes

if TYPE_CHECKING:
    from holdfast.engines.layout.plan import CityPlan

ADMIN = "990100"  # no real division starts with 99
HOUSEHOLD = 2.62  # persons, census of 2020 [recalled]
BANK = 50.0  # green along the river reaches at most this far beyond 0.45 of its width [m]
RASTER_CELLS = 1200  # along the longer side
RASTER_NAME = "anlan_terrain.tif"


def sample(plan: CityPlan) -> list[Batch]:
    """Rows of all base kinds."""
    return [Batch("base.zone", _zones(plan)), Batch("base.land_use", _land_use(plan)), Batch("base.grid_cell", _grid(plan)), Batch("base.terrain",
    _terrain(plan))]


def rasters(plan: CityPlan) -> list[tuple[str, bytes]]:
    """The terrain as a GeoTIFF, by file name."""
    from rasterio.io import MemoryFile
    from rasterio.transform import from_origin

    level, size = _levels(plan)
    profile = {
        "driver": "GTiff", "width": level.shape[1], "height": level.shape[0], "count": 1, "dtype": "float32", "crs": plan.crs,
        "transform": from_origin(plan.extent[0], plan.extent[3], size, size), "compress": "deflate", "predictor": 3, "tiled": True, "nodata": -9999.0,
    }
    with MemoryFile() as memory:
        with memory.open(**profile) as target:
            target.write(level, 1)
        return [(RASTER_NAME, bytes(memory.getbuffer()))]


def _levels(plan: CityPlan) -> tuple[np.ndarray, float]:
    """Ground levels at cell centres, north row first, and the cell size [m]."""
    minx, miny, maxx, maxy = plan.extent
    size = float(max(2.0, np.ceil(max(maxx - minx, maxy - miny) / RASTER_CELLS)))
    columns, rows = int(np.ceil((maxx - minx) / size)), int(np.ceil((maxy - miny) / size))
    x = minx + (np.arange(columns) + 0.5) * size
    y = maxy - (np.arange(rows) + 0.5) * size
    return np.round(plan.ground(x[None, :], y[:, None]), 3).astype(np.float32), size


def _zones(plan: CityPlan) -> pa.Table:
    count = len(plan.zone_polygon)
    zone_of = plan.block_zone[plan.building_block]
    jobs = np.bincount(zone_of, weights=np.where(plan.building_use != "residential", plan.building_people, 0), minlength=count)

    def number(purpose: str) -> np.ndarray:
        return np.bincount(zone_of[plan.facilities[purpose]], minlength=count)

    return pa.table({
        "id": asset_ids("base.zone", "Z", np.arange(count)), "geometry": wkb(plan.zone_polygon), "name": texts(_community_names(plan)),
        "population": plan.zone_population.astype(np.int64), "households": np.rint(plan.zone_population / HOUSEHOLD).astype(np.int64),
        "jobs": jobs.astype(np.int64),
        "schools": number("school"), "healthcare": number("hospital") + number("clinic"), "lifecycle": always("in_service", count),
    })


def _community_names(plan: CityPlan) -> np.ndarray:
    """Communities take the name of a street that borders them."""
    count = len(plan.zone_polygon)
    first = np.zeros(count, np.int64)
    zone_of = plan.block_zone[plan.building_block]
    first[zone_of[::-1]] = plan.building_street[::-1]
    stem = np.char.rstrip(plan.street_name[first], "大道路街巷")
    stems, member = np.unique(stem, return_inverse=True)
    rank = reading_order(member, np.arange(count), np.zeros(count))
    repeated = np.bincount(member, minlength=len(stems))[member] > 1
    return np.char.add(np.where(repeated, np.char.add(stem, np.char.add("第", rank.astype("U4"))), stem), "社区")


def _land_use(plan: CityPlan) -> pa.Table:
    """Blocks with their use, the river, and the green between the river and its bank streets."""
    area = shapely.area(plan.block_polygon)
    floors = np.bincount(plan.building_block, weights=shapely.area(plan.building_polygon) * plan.building_storeys, minlength=len(area))
    water, banks = _river(plan)
    shapes = np.concatenate([plan.block_polygon, [water], banks])
    blocks, count = len(area), len(shapes)
    more = np.array(["E1", *["G1"] * len(banks)])
    size = shapely.area(shapes)
    return pa.table({
        "id": pa.concat_arrays([asset_ids("base.land_use", "P", np.arange(blocks)), pa.array(["base.land_use:river"]), asset_ids("base.land_use", "bank", np.arange(len(banks)))]),
        "geometry": wkb(shapes), "name": pa.array([None] * blocks + ["安澜江"] + ["滨江公园"] * len(banks), pa.string()), "code": texts(np.append(plan.block_use, more)),
        "floor_area_ratio": np.round(np.append(floors / area, np.zeros(1 + len(banks))), 3), "area": np.round(size, 1),
        "zone_id": asset_ids("base.zone", "Z", np.append(plan.block_zone, np.full(1 + len(banks), -1))), "lifecycle": always("in_service", count),
    })


def _river(plan: CityPlan) -> tuple[shapely.Geometry, np.ndarray]:
    """The water inside the extent, and the green strips between it and the blocks along it."""
    water = shapely.intersection(plan.river.buffer(plan.river_width / 2, cap_style="flat"), shapely.box(*plan.extent))
    strip = plan.river.buffer(plan.river_width * 0.95 + BANK, cap_style="flat")
    near = plan.block_polygon[shapely.intersects(plan.block_polygon, strip)]
    low, _, high, _ = shapely.total_bounds(near)
    a, b = plan.street_from, plan.street_to
    ends = np.stack([plan.junction_x[a], plan.junction_y[a], plan.junction_x[b], plan.junction_y[b]], axis=1).reshape(-1, 2, 2)
    bridges = shapely.buffer(shapely.linestrings(ends[plan.street_bridge]), 20.0, cap_style="flat")
    taken = shapely.union_all([water, *near, *bridges])
    parts = shapely.get_parts(shapely.difference(shapely.intersection(strip, shapely.box(low, plan.extent[1], high, plan.extent[3])), taken))
    return water, parts[shapely.area(parts) > 500.0]


def _grid(plan: CityPlan) -> pa.Table:
    """Every block is a cell of the unit grid; top-level cells of the plan are street offices, zones are communities."""
    middle = shapely.get_coordinates(shapely.centroid(plan.block_polygon))
    _, street = np.unique(plan.block_ward, return_inverse=True)
    zones = len(plan.zone_polygon)
    zone_street = np.zeros(zones, np.int64)
    zone_street[plan.block_zone] = street
    zone_middle = shapely.get_coordinates(shapely.centroid(plan.zone_polygon))
    community = reading_order(zone_street, *zone_middle.T)
    codes = unit_grid_codes(ADMIN, street + 1, community[plan.block_zone], *middle.T)
    parts = split_codes(codes)
    return pa.table({
        "id": pa.array(np.char.add("base.grid_cell:", codes).tolist(), pa.string()), "geometry": wkb(plan.block_polygon), "code": texts(codes),
        "admin": texts(parts["admin"]), "street": texts(parts["street"]), "community": texts(parts["community"]), "sequence": parts["sequence"],
        "area": np.round(shapely.area(plan.block_polygon), 1), "lifecycle": always("in_service", len(codes)),
    })


def _terrain(plan: CityPlan) -> pa.Table:
    level, size = _levels(plan)
    minx, _, _, maxy = plan.extent
    frame = shapely.box(minx, maxy - level.shape[0] * size, minx + level.shape[1] * size, maxy)
    return pa.table({
        "id": ["base.terrain:anlan"], "geometry": wkb([frame]), "name": ["安澜市地形"], "file": [RASTER_NAME], "resolution": [size],
        "columns": [level.shape[1]],
        "rows": [level.shape[0]], "min_elevation": [round(float(level.min()), 3)], "max_elevation": [round(float(level.max()), 3)],
        "mean_elevation": [round(float(level.mean(dtype=np.float64)), 3)], "missing_share": [0.0], "vertical_datum": ["1985国家高程基准"],
        "raster_crs": [plan.crs],
        "lifecycle": ["in_service"],
    })
