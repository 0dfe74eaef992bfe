"""The electrical design of the reference city: loads, distribution rooms, open rings and substations, as arrays.

Every size follows from the load: cables by current and voltage drop, transformers by loading, rings by capacity.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
import shapely

if TYPE_CHECKING:
    from holdfast.engines.layout.plan import CityPlan

# Coincident demand by floor area [W/m2] [proposal]
DENSITY = {
    "residential": 12.0, "commercial": 45.0, "office": 38.0, "public": 28.0, "school": 18.0, "hospital": 45.0, "clinic": 35.0, "industrial": 30.0, "warehouse": 8.0,
    "utility": 30.0, "telecom": 80.0, "data_centre": 250.0, "fire_station": 25.0, "police": 30.0,
}
POWER_FACTOR = 0.95  # after compensation [proposal]
SPECIAL = ("hospital", "data_centre", "telecom", "utility", "fire_station", "police", "clinic")  # on a feeder of their own
GROUP = 10  # most buildings on one low-voltage feeder
RING_POWER, RING_ROOMS = 7.5e6, 12  # most load [VA] and rooms on an open ring; either half can take over the other
# Dry-type transformers 10/0.4 kV, series 10: rating [VA], load loss [W], no-load loss [W]; GB/T 10228 [recalled]
ROOM_UNITS = np.array([[400e3, 3990, 880], [630e3, 5880, 1180], [800e3, 6960, 1330], [1000e3, 8130, 1550], [1250e3, 9690, 1830], [1600e3, 11730, 2140], [2000e3, 14450, 2900]])
# Oil transformers 110/10.5 kV: rating, load loss, no-load loss; GB/T 6451 [recalled]
STATION_UNITS = np.array([[20e6, 93.6e3, 17.6e3], [31.5e6, 133e3, 24.6e3], [40e6, 156e3, 29.4e3], [50e6, 194e3, 35.2e3], [63e6, 234e3, 41.6e3]])
ROOM_LOADING, STATION_LOADING = 0.70, 0.65
# Cables: resistance, reactance [ohm/m], capacitance [F/m], rated current [A]; copper, typical maker's values [recalled-low]
LOW = (0.091e-3, 0.072e-3, 0.9e-9, 400.0)  # 0.6/1 kV 4x240
MEDIUM = (0.079e-3, 0.090e-3, 0.40e-9, 520.0)  # 8.7/15 kV 3x300
HIGH = (0.036e-3, 0.115e-3, 0.19e-9, 760.0)  # 64/110 kV 1x630
LOW_DROP, LOW_LOADING = 0.03, 0.75
PER_INFEED = 4  # substations behind one infeed from the transmission grid


@dataclass(slots=True)
class Grid:
    """Rooms (r), low-voltage groups (g), substations (k), rings (o) and 110 kV links.

    group_building  heaviest building of each group; group_load [VA]; group_people; group_special
    room_*          street place, load [VA], units and rating index, station
    ring_*          station of each ring; order: rooms in sequence; first: start of each ring in `order`; tie: segment left open
    """

    demand: np.ndarray
    group_building: np.ndarray
    group_room: np.ndarray
    group_load: np.ndarray
    group_people: np.ndarray
    group_class: np.ndarray
    building_group: np.ndarray
    room_street: np.ndarray
    room_at: np.ndarray
    room_side: np.ndarray
    room_block: np.ndarray
    room_load: np.ndarray
    room_unit: np.ndarray
    room_units: np.ndarray
    room_station: np.ndarray
    station_building: np.ndarray
    station_unit: np.ndarray
    station_units: np.ndarray
    ring_station: np.ndarray
    order: np.ndarray
    first: np.ndarray
    tie: np.ndarray
    infeed: np.ndarray  # (k,) substation it is fed from at 110 kV; itself where the transmission grid comes in


def design(plan: CityPlan) -> Grid:
    """Everything that has to be decided before tables can be written."""
    floor = shapely.area(plan.building_polygon) * plan.building_storeys
    watts = np.select([plan.building_use == use for use in DENSITY], list(DENSITY.values()), 20.0)
    demand = np.maximum(floor * watts, 2_000.0) / POWER_FACTOR
    blocks, room_of = np.unique(plan.building_block, return_inverse=True)
    building_group, group_room = _groups(plan, room_of)
    groups = len(group_room)
    load = np.bincount(building_group, weights=demand, minlength=groups)
    heaviest = _argmax_by(building_group, demand, groups)
    room_load = np.bincount(group_room, weights=load, minlength=len(blocks))
    main = _argmax_by(room_of, demand, len(blocks))
    at = _beside(plan, main)
    unit, units = _units(room_load, ROOM_UNITS[:, 0], ROOM_LOADING)
    stations = plan.facilities["substation"]
    x, y = plan.along(plan.building_street[main], at)
    station = _assign(x, y, plan.building_x[stations], plan.building_y[stations], room_load)
    kept, station = np.unique(station, return_inverse=True)  # a substation without load is left out
    stations = stations[kept]
    station_load = np.bincount(station, weights=room_load, minlength=len(stations))
    station_unit, station_units = _units(station_load / 2, STATION_UNITS[:, 0], STATION_LOADING)
    ring_station, order, first, tie = _rings(x, y, plan.building_x[stations], plan.building_y[stations], station, room_load)
    importance = np.select([np.isin(plan.building_use, ("hospital", "data_centre")), np.isin(plan.building_use, ("telecom", "utility", "fire_station", "police", "clinic")),
                            (plan.building_storeys >= 16) | np.isin(plan.building_use, ("school", "public"))], [0, 1, 2], 3)
    group_class = np.full(groups, 3)
    np.minimum.at(group_class, building_group, importance)
    return Grid(
        demand, heaviest, group_room, load, np.bincount(building_group, weights=plan.building_people, minlength=groups).astype(np.int64), group_class, building_group,
        plan.building_street[main], at, plan.building_side[main], blocks, room_load, unit, units, station, stations, station_unit, station_units, ring_station, order,
        first, tie, _infeeds(plan, stations),
    )


def _groups(plan: CityPlan, room_of: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Low-voltage groups: special buildings alone, the others of a block shared out evenly along its streets."""
    special = np.isin(plan.building_use, SPECIAL)
    order = np.lexsort((plan.building_offset, plan.building_side, plan.building_street, special, room_of))
    key = room_of[order] * 2 + special[order]
    start = np.concatenate([[0], np.flatnonzero(np.diff(key)) + 1])
    size = np.diff(np.append(start, len(order)))
    rank = np.arange(len(order)) - np.repeat(start, size)
    share = np.where(special[order[start]], 1, np.ceil(size / np.ceil(size / GROUP))).astype(np.int64)
    part = rank // np.repeat(share, size)
    fresh = np.ones(len(order), bool)
    fresh[1:] = (np.diff(key) != 0) | (np.diff(part) != 0)
    number = np.cumsum(fresh) - 1
    group = np.empty(len(order), np.int64)
    group[order] = number
    return group, room_of[order][fresh]


def _argmax_by(owner: np.ndarray, value: np.ndarray, count: int) -> np.ndarray:
    order = np.lexsort((np.arange(len(owner)), -value, owner))
    return order[np.searchsorted(owner[order], np.arange(count))]


def _beside(plan: CityPlan, building: np.ndarray) -> np.ndarray:
    """Places of rooms on the street: six metres from the front of a building, within the street."""
    length = plan.street_length[plan.building_street[building]]
    at = plan.building_offset[building]
    moved = np.where(at + 16.0 < length, at + 6.0, at - 6.0)
    return np.round(np.clip(moved, 0.1 * length, 0.9 * length), 2)


def _units(load: np.ndarray, ratings: np.ndarray, loading: float) -> tuple[np.ndarray, np.ndarray]:
    """Index of the rating and number of equal units that carry a load at the wished loading."""
    need = load / loading
    units = np.maximum(1, np.ceil(need / ratings[-1])).astype(np.int64)
    return np.searchsorted(ratings, need / units), units


def _assign(x: np.ndarray, y: np.ndarray, sx: np.ndarray, sy: np.ndarray, load: np.ndarray) -> np.ndarray:
    """Nearest substation, with the distance to crowded ones counted longer until loads are about even."""
    from scipy.spatial import cKDTree

    near = min(len(sx), 6)
    distance, candidate = cKDTree(np.column_stack([sx, sy])).query(np.column_stack([x, y]), k=near)
    distance, candidate = distance.reshape(len(x), near), candidate.reshape(len(x), near)
    weight = np.ones(len(sx))
    for _ in range(30):
        chosen = candidate[np.arange(len(x)), np.argmin(distance * weight[candidate], axis=1)]
        share = np.bincount(chosen, weights=load, minlength=len(sx)) / load.sum() * len(sx)
        weight *= np.clip(share, 0.5, 2.0) ** 0.15
    return chosen


def _rings(x: np.ndarray, y: np.ndarray, sx: np.ndarray, sy: np.ndarray, station: np.ndarray, load: np.ndarray) -> tuple[np.ndarray, np.ndarray, np.ndarray, np.ndarray]:
    """Petals round each substation: rooms by bearing, cut by load and number; out along one half of a petal, back along the other."""
    dx, dy = x - sx[station], y - sy[station]
    order = np.lexsort((np.arctan2(dy, dx), station))
    rings: list[np.ndarray] = []
    begin, power = 0, 0.0
    for i in range(len(order) + 1):
        over = i == len(order) or (i > begin and (station[order[i]] != station[order[begin]] or power + load[order[i]] > RING_POWER or i - begin >= RING_ROOMS))
        if over:
            wedge, far = order[begin:i], np.hypot(dx[order[begin:i]], dy[order[begin:i]])
            half = (len(wedge) + 1) // 2
            out, back = np.argsort(far[:half], kind="stable"), np.argsort(-far[half:], kind="stable")
            rings.append(np.concatenate([wedge[:half][out], wedge[half:][back]]))
            begin, power = i, 0.0
        if i < len(order):
            power += load[order[i]]
    first = np.concatenate([[0], np.cumsum([len(ring) for ring in rings])])
    tie = np.array([int(np.argmin(np.abs(np.cumsum(load[ring]) - load[ring].sum() / 2))) + 1 for ring in rings])
    return np.array([station[ring[0]] for ring in rings]), np.concatenate(rings), first, tie


def _infeeds(plan: CityPlan, stations: np.ndarray) -> np.ndarray:
    """For each substation the one it is fed from: by bearing in groups; the outermost of a group has the infeed."""
    dx, dy = plan.building_x[stations] - plan.origin[0], plan.building_y[stations] - plan.origin[1]
    order = np.argsort(np.arctan2(dy, dx), kind="stable")
    feed = np.empty(len(stations), np.int64)
    for begin in range(0, len(order), PER_INFEED):
        group = order[begin : begin + PER_INFEED]
        feed[group] = group[np.argmax(np.hypot(dx, dy)[group])]
    return feed
