"""Valves, hydrants and devices along the reference city's water mains."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
import pyarrow as pa

from holdfast.engines.layout.rows import always, asset_ids, texts
from holdfast.model import geometry
from holdfast.model.delivery import Batch

from .sample_design import COVER, Design

if TYPE_CHECKING:
    from holdfast.engines.layout.plan import CityPlan

HYDRANT_SPACING = 108.0  # aimed at along the street, so that with the way round a corner 120 m is kept [found, GB 50974, standards.md 1.5]
FROM_CROSSING = 5.0
FROM_LINE = 1.8  # hydrants stand this far inside the building line [m]
VALVED_BRANCH = 150.0  # branch mains from this length have a valve [m] [proposal]
PEOPLE_PER_QUALITY_POINT, AREA_PER_PRESSURE_POINT, LEAST_PRESSURE_POINTS = 20_000, 10e6, 3  # [found, CJJ 58, standards.md 1.5]


def isolation_valves(plan: CityPlan, made: Design, offset: np.ndarray) -> pa.Table:
    """One near the start of every trunk and main pipe, of long branches and of every closed boundary."""
    street = np.flatnonzero((plan.street_class < 2) | (plan.street_length >= VALVED_BRANCH) | made.closed)
    at = np.minimum(9.0, 0.4 * plan.street_length[street])
    x, y = plan.along(street, at, offset[street])
    ground = np.round(plan.ground(x, y), 3)
    count = len(street)
    return pa.table({
        "id": asset_ids("water.isolation_valve", "", street), "geometry": geometry.points(np.round(x, 3), np.round(y, 3), np.round(ground - COVER, 3)),
        "lifecycle": always("in_service", count), "feature_code": always("51042200", count), "attachment": always("阀门井", count), "ground_elevation": ground,
        "depth": always(COVER, count), "pipe_id": asset_ids("water.pipe", "M", street), "node_id": asset_ids("water.junction", "C", plan.street_from[street]),
        "diameter": made.diameter[street], "normal_status": pa.array(np.where(made.closed[street], "CLOSED", "OPEN").astype(object), pa.string()),
        "road": texts(plan.street_name[street]), "status": always("0", count),
    })  # fmt: skip


def hydrants(plan: CityPlan, offset: np.ndarray) -> pa.Table:
    """One beside every crossing and evenly between them."""
    streets = np.arange(len(plan.street_from))
    between = np.maximum(np.ceil(plan.street_length / HYDRANT_SPACING).astype(int) - 1, 0)
    street = np.repeat(streets, between)
    rank = np.arange(len(street)) - np.repeat(np.cumsum(between) - between, between) + 1
    at = plan.street_length[street] * rank / (between[street] + 1)
    first, corner, corner_at = _corners(plan)
    street, at = np.concatenate([first, street]), np.concatenate([corner_at, at])
    nearer = np.where(at > plan.street_length[street] / 2, plan.street_to[street], plan.street_from[street])
    node = np.concatenate([corner, nearer[len(corner) :]])
    x, y = plan.along(street, at, -(plan.street_width[street] / 2 - FROM_LINE))
    z = np.round(plan.ground(x, y), 3)
    count = len(street)
    return pa.table({
        "id": asset_ids("water.hydrant", "", np.arange(count)), "geometry": geometry.points(np.round(x, 3), np.round(y, 3), z),
        "lifecycle": always("in_service", count), "feature_code": always("51042202", count), "attachment": always("消防栓", count), "ground_elevation": z,
        "depth": always(0.0, count), "node_id": asset_ids("water.junction", "C", node), "pipe_id": asset_ids("water.pipe", "M", street),
        "diameter": always(0.1, count), "rated_flow": always(0.015, count), "road": texts(plan.street_name[street]), "status": always("0", count),
    })  # fmt: skip


def _corners(plan: CityPlan) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """For every crossing a street that ends there and the place of its hydrant on it."""
    streets = np.arange(len(plan.street_from))
    ends = np.concatenate([plan.street_from, plan.street_to])
    both = np.concatenate([streets, streets])
    crossing, first = np.unique(ends, return_index=True)
    street = both[first]
    length = plan.street_length[street]
    off = np.minimum(FROM_CROSSING, 0.3 * length)
    return street, crossing, np.where(plan.street_from[street] == crossing, off, length - off)


def sensors(plan: CityPlan, made: Design, places: dict[str, np.ndarray], high: Any) -> list[Batch]:
    """Pressure, flow and quality devices: at every site that must have them, and spread over the network."""
    count, crossings = len(made.station), len(plan.junction_x)
    k = np.arange(count)
    minx, miny, maxx, maxy = plan.extent
    points = max(LEAST_PRESSURE_POINTS, round((maxx - minx) * (maxy - miny) / AREA_PER_PRESSURE_POINT))
    spread = _spread(plan, points)
    block = made.estates.block[high.estate]
    pressure = [
        ("S", k, asset_ids("water.pump_station", "", k), asset_ids("water.junction", "P", k), places["P"]),
        ("H", block, asset_ids("water.secondary_supply", "", block), asset_ids("water.junction", "H", block), high.room),
        ("C", spread, asset_ids("water.junction", "C", spread), asset_ids("water.junction", "C", spread), places["C"][spread]),
    ]
    people = made.estates.low.sum() + made.estates.high.sum()  # residents
    quality = _spread(plan, min(crossings, max(1, round(people / PEOPLE_PER_QUALITY_POINT))))
    works = np.zeros(1, np.int64)
    turbid = [
        ("W", works, asset_ids("water.treatment_plant", "", works), asset_ids("water.junction", "P", works), places["P"][:1]),
        ("C", quality, asset_ids("water.junction", "C", quality), asset_ids("water.junction", "C", quality), places["C"][quality]),
    ]
    flow_xyz, flow_host = np.concatenate([places["P"], places["P"][:1]]), pa.concat_arrays([asset_ids("water.pump_station", "", k), asset_ids("water.treatment_plant", "", works)])
    flows = pa.table({
        "id": asset_ids("water.flow_meter", "", np.arange(count + 1)), "geometry": geometry.points(*flow_xyz.T), "lifecycle": always("in_service", count + 1),
        "host_id": flow_host, "link_id": asset_ids("water.pipe", "X", np.append(k, 0)),
    })  # fmt: skip
    return [Batch("water.pressure_sensor", _devices("water.pressure_sensor", pressure)), Batch("water.flow_meter", flows),
            Batch("water.quality_sensor", _devices("water.quality_sensor", turbid))]  # fmt: skip


def _spread(plan: CityPlan, count: int) -> np.ndarray:
    """Crossings evenly through the list, which runs through the city."""
    return np.unique(np.linspace(0, len(plan.junction_x) - 1, count + 2)[1:-1].astype(np.int64))


def _devices(kind: str, parts: list[tuple[str, np.ndarray, pa.Array, pa.Array, np.ndarray]]) -> pa.Table:
    xyz = np.concatenate([part[4] for part in parts])
    return pa.table({
        "id": pa.concat_arrays([asset_ids(kind, prefix, index) for prefix, index, *_ in parts]), "geometry": geometry.points(*xyz.T),
        "lifecycle": always("in_service", len(xyz)), "host_id": pa.concat_arrays([part[2] for part in parts]), "node_id": pa.concat_arrays([part[3] for part in parts]),
    })  # fmt: skip
