"""Rain, catchments, inlets, river and lake of the reference city."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import numpy as np
import pyarrow as pa

from holdfast.engines.layout.mains import along_course
from holdfast.engines.layout.rows import always, asset_ids, texts, wkb
from holdfast.model import geometry
from holdfast.model.delivery import Batch

from . import sample_design as design
from .sample_design import Design
from .storm import Formula

if TYPE_CHECKING:
    from holdfast.engines.layout.plan import CityPlan

STORM_MINUTES, PEAK_SHARE, STEP, STORM_YEARS = 120, 0.4, 5, 2.0  # design storm; r 0.35-0.45, 120-180 min, 5 min [recalled, standards.md 8.4]
IMPERVIOUS = {"R": 0.65, "A": 0.60, "B": 0.80, "M": 0.80, "W": 0.80, "U": 0.55, "S": 0.90, "G": 0.10, "E": 0.05}
AREA_PER_RAIN_GAUGE = 25e6
FEET_OF_LAKE = 30.0  # from the edge of its park [m]


def storm(years: float = STORM_YEARS) -> tuple[list[str], list[float]]:
    """Times and mean intensities [m/s] of a Chicago storm, integrated over each step. source: standards.md 8.4"""
    formula = Formula(design.STORM_A, design.STORM_C, design.STORM_B, design.STORM_N)
    hours, rate = formula.chicago(years, STORM_MINUTES * 60, PEAK_SHARE, STEP * 60)
    edges = np.round(hours * 60)
    names = [f"{int(at) // 60}:{int(at) % 60:02d}" for at in edges]
    return names, np.round(rate, 10).tolist()


def series() -> pa.Table:
    """The design storm."""
    times, values = storm()
    return pa.table({"id": ["drainage.series:design-storm"], "use": ["INTENSITY"], "times": [json.dumps(times)], "values": [json.dumps(values)],
                     "comment": [f"{STORM_YEARS:g}-year storm of {STORM_MINUTES} min"]})  # fmt: skip


def gauges(plan: CityPlan) -> pa.Table:
    """Rain gauges over the city; all record the design storm until there are readings."""
    xy = gauge_places(plan)
    count = len(xy)
    return pa.table({
        "id": asset_ids("drainage.rain_gauge", "", np.arange(count)), "geometry": geometry.points(xy[:, 0], xy[:, 1], np.round(plan.ground(*xy.T), 3)),
        "lifecycle": always("in_service", count), "format": always("INTENSITY", count), "interval": always("0:05", count), "snow_factor": always(1.0, count),
        "series": always("drainage.series:design-storm", count),
    })  # fmt: skip


def gauge_places(plan: CityPlan) -> np.ndarray:
    """(g, 2) crossings evenly through the list."""
    minx, miny, maxx, maxy = plan.extent
    count = max(1, round((maxx - minx) * (maxy - miny) / AREA_PER_RAIN_GAUGE))
    at = np.unique(np.linspace(0, len(plan.junction_x) - 1, count + 2)[1:-1].astype(int))
    return np.column_stack([plan.junction_x[at], plan.junction_y[at]]) + np.array([12.0, 12.0])


def subcatchments(plan: CityPlan, made: Design) -> pa.Table:
    """One for each block."""
    import shapely
    from scipy.spatial import cKDTree

    count = len(plan.block_polygon)
    share = np.array([IMPERVIOUS.get(use[:1], 0.4) for use in plan.block_use.tolist()])
    centre = shapely.get_coordinates(shapely.centroid(plan.block_polygon))
    gauge = cKDTree(gauge_places(plan)).query(centre)[1]
    lifted = made.storm.lift[made.block_crossing]
    outlet = pa.compute.if_else(pa.array(lifted), asset_ids("drainage.storage", "R", made.block_crossing), asset_ids("drainage.manhole", "R", made.block_crossing))
    return pa.table({
        "id": asset_ids("drainage.subcatchment", "", np.arange(count)), "geometry": wkb(shapely.multipolygons(plan.block_polygon[:, None], indices=None)),
        "lifecycle": always("in_service", count), "rain_gauge": asset_ids("drainage.rain_gauge", "", gauge), "outlet": outlet, "area": np.round(made.block_area, 1),
        "impervious_share": share, "width": np.round(np.sqrt(made.block_area), 1), "slope": np.full(count, 0.005), "impervious_n": np.full(count, 0.013),
        "pervious_n": np.full(count, 0.24), "impervious_storage": np.full(count, 0.0015), "pervious_storage": np.full(count, 0.005),
        "zero_storage_share": np.full(count, 0.25), "route_to": always("OUTLET", count), "infiltration": always("HORTON", count),
        "infiltration_parameters": always(json.dumps(["76", "7", "4", "7", "0"]), count),
    })  # fmt: skip


def inlets(plan: CityPlan, made: Design, laid: Any) -> pa.Table:
    """A pair of gullies is one row: beside every manhole between crossings and half way down every storm sewer."""
    system, ways = laid.system, laid.ways
    row = np.concatenate([np.arange(len(ways)), laid.middle])
    share = np.concatenate([np.full(len(ways), 0.5 / np.maximum(np.bincount(laid.row, minlength=len(ways)), 1)), laid.share])
    street = system.tree.street[ways][row]
    xy = along_course(laid.course, share, row)
    start = np.column_stack([plan.junction_x[plan.street_from[street]], plan.junction_y[plan.street_from[street]]])
    along = ((plan.junction_x[plan.street_to] - plan.junction_x[plan.street_from])[street], (plan.junction_y[plan.street_to] - plan.junction_y[plan.street_from])[street])
    distance = np.clip(((xy - start) * np.column_stack(along)).sum(axis=1) / plan.street_length[street], 0, plan.street_length[street])
    x, y = plan.along(street, distance, -0.27 * plan.street_width[street])
    z = np.round(plan.ground(x, y), 3)
    count = len(row)
    node = pa.concat_arrays([laid.start(ways), laid.middle_id(laid.middle, laid.number)])
    return pa.table({
        "id": asset_ids("drainage.inlet", "", np.arange(count)), "geometry": geometry.points(np.round(x, 3), np.round(y, 3), z), "lifecycle": always("in_service", count),
        "attachment": always("雨水口", count), "ground_elevation": z, "depth": always(1.0, count), "node_id": node, "diameter": always(0.2, count),
        "width": always(0.45, count), "length": always(0.75, count), "road": texts(plan.street_name[street]), "status": always("0", count),
    })  # fmt: skip


def waters(plan: CityPlan) -> list[Batch]:
    """The river and lakes in parks."""
    import shapely

    bank = float(np.median(plan.ground(*_bank(plan).T)))
    water = shapely.buffer(plan.river, plan.river_width / 2, cap_style="flat")
    river = pa.table({
        "id": ["drainage.river:0"], "geometry": wkb(np.array([water])), "name": ["安澜河"], "lifecycle": ["in_service"], "width": [round(plan.river_width, 1)],
        "bed_elevation": [round(bank - design.BED_LEVEL, 2)], "normal_level": [round(bank - design.NORMAL_LEVEL, 2)], "design_flood_level": [round(bank - 0.8, 2)],
    })  # fmt: skip
    parks = np.flatnonzero(np.char.startswith(plan.block_use.astype(str), "G"))
    if len(parks) == 0:
        return [Batch("drainage.river", river)]
    order = parks[np.argsort(-shapely.area(plan.block_polygon[parks]), kind="stable")][: max(1, len(parks) // 12)]
    lake = shapely.buffer(shapely.buffer(plan.block_polygon[order], -1.6 * FEET_OF_LAKE), 0.6 * FEET_OF_LAKE)
    fits = ~shapely.is_empty(lake) & (shapely.get_type_id(lake) == 3)
    order, lake = order[fits], lake[fits]
    middle = shapely.get_coordinates(shapely.centroid(lake)).reshape(-1, 2)
    level = np.round(plan.ground(middle[:, 0], middle[:, 1]) - 1.0, 2)
    lakes = pa.table({
        "id": asset_ids("drainage.reservoir", "", order), "geometry": wkb(lake), "name": texts([f"{block}号湖" for block in order]),
        "lifecycle": always("in_service", len(order)), "normal_level": level, "crest_level": level + 1.0, "volume": np.round(shapely.area(lake) * 1.8),
    })  # fmt: skip
    return [Batch("drainage.river", river), *([Batch("drainage.reservoir", lakes)] if len(order) else [])]


def _bank(plan: CityPlan) -> np.ndarray:
    """(n, 2) points just outside the water along the river inside the city."""
    x = np.linspace(plan.origin[0] - 0.8 * plan.terrain.radius, plan.origin[0] + 0.8 * plan.terrain.radius, 40)
    y = plan.origin[1] + plan.terrain.river_offset(x - plan.origin[0])
    return np.column_stack([x, y + plan.river_width / 2 + 2.0])

