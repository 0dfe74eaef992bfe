"""The roads of the reference city: streets and crossings, bridges, signals, bus lines with stops, traffic zones and demand."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import pyarrow as pa
import shapely

from holdfast.engines.layout.rows import always, asset_ids, chosen, texts, wkb
from holdfast.model.delivery import Batch

from .sample_transit import transit

if TYPE_CHECKING:
    from holdfast.engines.layout.plan import CityPlan

CLASSES = ("trunk", "main", "branch", "centroid")
LANES, SPEED = np.array([8, 4, 2, 2]), np.array([60.0, 50.0, 30.0, 30.0]) / 3.6  # [m/s]
LANE_CAPACITY = np.array([900.0, 700.0, 500.0, 5000.0]) / 3600.0  # [vehicles/s], signals included [recalled-low]
CARRIAGEWAY = np.array([28.0, 15.0, 8.0, 8.0])  # [m]
EVACUATION = ("救灾干道", "疏散主通道", "疏散次通道")  # effective width at least 15, 7, 4 m, GB/T 51327-2018 [recalled]
CAR_TRIPS_PER_HEAD = 0.12  # in the peak hour [proposal]
NEAREST_ZONES = 15


def sample(plan: CityPlan) -> list[Batch]:
    """Rows of all road kinds."""
    control = _controls(plan)
    centre = _zone_centres(plan)
    return [
        Batch("roads.junction", _junctions(plan, control)), Batch("roads.zone_centroid", _centroids(plan, centre)), Batch("roads.street", _streets(plan,
        centre)),
        Batch("roads.bridge", _bridges(plan)), Batch("roads.signal", _signals(plan, np.flatnonzero(control == 1))), *transit(plan), Batch("roads.demand",
        _demand(plan, centre)),
    ]


def _controls(plan: CityPlan) -> np.ndarray:
    """0 none, 1 signals: where a main street meets another street, but not at bends or small turnings."""
    ends = np.concatenate([plan.street_from, plan.street_to])
    level = np.concatenate([plan.street_class, plan.street_class])
    degree = np.bincount(ends, minlength=len(plan.junction_x))
    large = np.bincount(ends, weights=level <= 1, minlength=len(plan.junction_x))
    return np.where((large >= 3) | ((large >= 2) & (degree >= 4)), 1, 0)


def _junctions(plan: CityPlan, control: np.ndarray) -> pa.Table:
    count = len(plan.junction_x)
    return pa.table({
        "id": asset_ids("roads.junction", "J", np.arange(count)), "geometry": wkb(shapely.points(np.column_stack([plan.junction_x, plan.junction_y,
        plan.junction_z]))),
        "ground_elevation": plan.junction_z, "control": chosen(("none", "signal"), control), "number": texts(np.arange(count).astype(str)),
        "lifecycle": always("in_service", count),
    })


def _zone_centres(plan: CityPlan) -> np.ndarray:
    """The crossing in each zone that is nearest to where its people are."""
    zone_of = plan.block_zone[plan.building_block]
    count = len(plan.zone_polygon)
    weight = plan.building_people + 0.1
    total = np.maximum(np.bincount(zone_of, weights=weight, minlength=count), 1e-9)
    middle = shapely.get_coordinates(shapely.centroid(plan.zone_polygon))
    settled = np.bincount(zone_of, minlength=count) > 0
    for axis, place in enumerate((plan.building_x, plan.building_y)):
        middle[settled, axis] = (np.bincount(zone_of, weights=weight * place, minlength=count) / total)[settled]
    tree = shapely.STRtree(shapely.points(plan.junction_x, plan.junction_y))
    return tree.nearest(shapely.points(middle))


def _centroids(plan: CityPlan, junction: np.ndarray) -> pa.Table:
    count = len(junction)
    x, y = plan.junction_x[junction] + 12.0, plan.junction_y[junction] + 12.0
    return pa.table({
        "id": asset_ids("roads.zone_centroid", "Z", np.arange(count)), "geometry": wkb(shapely.points(x, y)),
        "number": texts((np.arange(count) + 1).astype(str)),
        "zone_id": asset_ids("base.zone", "Z", np.arange(count)), "population": plan.zone_population.astype(np.int64), "through": always(False, count),
        "lifecycle": always("in_service", count),
    })


def _streets(plan: CityPlan, centre: np.ndarray) -> pa.Table:
    """Streets, and a connector from every zone centroid to its crossing."""
    a, b = plan.street_from, plan.street_to
    streets, zones = len(a), len(centre)
    level = np.concatenate([plan.street_class, np.full(zones, 3)])
    ends = np.stack([plan.junction_x[a], plan.junction_y[a], plan.junction_z[a], plan.junction_x[b], plan.junction_y[b], plan.junction_z[b]],
    axis=1).reshape(-1, 2, 3)
    x, y, z = plan.junction_x[centre], plan.junction_y[centre], plan.junction_z[centre]
    links = np.stack([x + 12.0, y + 12.0, z, x, y, z], axis=1).reshape(-1, 2, 3)
    length = np.concatenate([plan.street_length, np.full(zones, 12.0 * np.sqrt(2))])
    year = plan.rng("roads.year").integers(1985, 2023, streets)
    built = pa.array((year - 1970).astype("datetime64[Y]").astype("datetime64[D]"))
    kind, junction = "roads.street", "roads.junction"
    return pa.table({
        "id": pa.concat_arrays([asset_ids(kind, "S", np.arange(streets)), asset_ids(kind, "Z", np.arange(zones))]),
        "geometry": wkb(shapely.linestrings(np.concatenate([ends, links]))), "name": pa.concat_arrays([texts(plan.street_name), pa.nulls(zones,
        pa.string())]),
        "from_id": pa.concat_arrays([asset_ids(junction, "J", a), asset_ids("roads.zone_centroid", "Z", np.arange(zones))]),
        "to_id": asset_ids(junction, "J", np.concatenate([b, centre])), "class": chosen(CLASSES, level), "width": np.concatenate([plan.street_width,
        np.full(zones, 8.0)]),
        "carriageway_width": CARRIAGEWAY[level], "lanes": LANES[level], "one_way": always(False, streets + zones), "speed_limit": np.round(SPEED[level], 6),
        "length": np.round(length, 3), "capacity": LANE_CAPACITY[level] * LANES[level] / 2.0, "free_flow_time": np.round(length / SPEED[level], 4),
        "delay_factor": always(0.15, streets + zones), "delay_power": always(4.0, streets + zones),
        "surface": chosen(("asphalt", "concrete"), np.where(level == 2, plan.rng("roads.surface").random(streets + zones) < 0.25, 0)),
        "bridge": np.concatenate([plan.street_bridge, np.zeros(zones, bool)]), "tunnel": always(False, streets + zones),
        "evacuation": pa.concat_arrays([chosen(EVACUATION, plan.street_class), pa.nulls(zones, pa.string())]),
        "from_elevation": np.concatenate([plan.junction_z[a], z]),
        "to_elevation": np.concatenate([plan.junction_z[b], z]), "build_date": pa.concat_arrays([built, pa.nulls(zones, built.type)]),
        "lifecycle": always("in_service", streets + zones),
    })


def _bridges(plan: CityPlan) -> pa.Table:
    at = np.flatnonzero(plan.street_bridge)
    a, b = plan.street_from[at], plan.street_to[at]
    ends = np.stack([plan.junction_x[a], plan.junction_y[a], plan.junction_x[b], plan.junction_y[b]], axis=1).reshape(-1, 2, 2)
    length, width = plan.street_length[at], plan.street_width[at] * 0.8
    deck = (plan.junction_z[a] + plan.junction_z[b]) / 2
    long = length > 150
    return pa.table({
        "id": asset_ids("roads.bridge", "S", at), "geometry": wkb(shapely.buffer(shapely.linestrings(ends), width / 2, cap_style="flat")),
        "name": texts(np.char.add(np.char.rstrip(plan.street_name[at], "大道路街巷"), "大桥")), "street_id": asset_ids("roads.street", "S", at),
        "structure": chosen(("beam", "cable_stayed"), long), "spans": np.maximum(1, np.rint(length / np.where(long, 120.0, 30.0))).astype(np.int64),
        "length": np.round(length, 2),
        "width": width, "deck_elevation": np.round(deck, 3), "clear_height": np.round(deck - 24.0, 2),
        "build_year": plan.rng("roads.bridges").integers(1988, 2021, len(at)),
        "crosses": always("river", len(at)), "lifecycle": always("in_service", len(at)),
    })


def _signals(plan: CityPlan, at: np.ndarray) -> pa.Table:
    draw = plan.rng("roads.signals").random((len(at), 2))
    return pa.table({
        "id": asset_ids("roads.signal", "J", at), "geometry": wkb(shapely.points(plan.junction_x[at] + 6.0, plan.junction_y[at] + 6.0)),
        "junction_id": asset_ids("roads.junction", "J", at), "cycle": 60.0 + 30.0 * np.floor(draw[:, 0] * 4), "backup_hours": np.where(draw[:, 1] < 0.4,
        4.0, 0.0),
        "lifecycle": always("in_service", len(at)),
    })


def _demand(plan: CityPlan, centre: np.ndarray) -> pa.Table:
    """Morning peak by a gravity model: residents to jobs, a few nearest large destinations per zone."""
    count = len(centre)
    zone_of = plan.block_zone[plan.building_block]
    jobs = np.bincount(zone_of, weights=np.where(plan.building_use != "residential", plan.building_people, 0), minlength=count) + 0.05 * plan.zone_population
    x, y = plan.junction_x[centre], plan.junction_y[centre]
    reach = 0.35 * (plan.extent[2] - plan.extent[0])
    pull = jobs[None, :] * np.exp(-np.hypot(x[:, None] - x[None, :], y[:, None] - y[None, :]) / reach)
    np.fill_diagonal(pull, 0.0)
    keep = min(NEAREST_ZONES, count - 1)
    target = np.sort(np.argsort(-pull, axis=1, kind="stable")[:, :keep], axis=1)
    share = np.take_along_axis(pull, target, axis=1)
    share /= np.maximum(share.sum(axis=1, keepdims=True), 1e-9)
    trips = np.rint(CAR_TRIPS_PER_HEAD * plan.zone_population[:, None] * share).ravel()
    origin, target = np.repeat(np.arange(count), keep)[trips > 0], target.ravel()[trips > 0]
    trips = trips[trips > 0]
    total = len(trips)
    pair = pa.array(np.char.add(np.char.add(origin.astype("U7"), "-"), target.astype("U7")).tolist(), pa.string())
    return pa.table({
        "id": pa.array([f"roads.demand:{p}" for p in pair.to_pylist()], pa.string()), "origin_id": asset_ids("roads.zone_centroid", "Z", origin),
        "destination_id": asset_ids("roads.zone_centroid", "Z", target), "trips": trips, "period": always(3600.0, total), "mode": always("car", total),
    })
