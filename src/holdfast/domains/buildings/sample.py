"""The buildings of the reference city, the critical facilities in them, garages and their devices."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import pyarrow as pa
import shapely

from holdfast.engines.layout.rows import always, asset_ids, chosen, texts, wkb
from holdfast.model.delivery import Batch

if TYPE_CHECKING:
    from holdfast.engines.layout.plan import CityPlan

HOUSEHOLD = 2.62  # persons, census of 2020 [recalled]
HIGH_RISE = 16  # storeys from which the sample has detectors
AREA_PER_PERSON = 2.0  # effective area of a short-term fixed shelter [m2], GB 51143-2015 [recalled]
SPACE = 35.0  # garage floor per car [m2] [proposal]


def sample(plan: CityPlan) -> list[Batch]:
    """Rows of all building kinds."""
    garages = np.flatnonzero(plan.building_underground > 0)
    tall = np.flatnonzero(plan.building_storeys >= HIGH_RISE)
    return [
        Batch("buildings.building", _buildings(plan)), Batch("buildings.hospital", _hospitals(plan)), Batch("buildings.school", _schools(plan)),
        Batch("buildings.shelter", _shelters(plan)), Batch("buildings.fire_station", _fire_stations(plan)), Batch("buildings.police", _police(plan)),
        Batch("buildings.warehouse", _warehouses(plan)), Batch("buildings.garage", _garages(plan, garages)),
        Batch("buildings.water_gauge", _gauges(plan, garages)), Batch("buildings.smoke_detector", _detectors(plan, tall)),
    ]


def _addresses(plan: CityPlan) -> np.ndarray:
    """Street name and house number: odd on the left, even on the right, rising along the street."""
    name = plan.street_name[plan.building_street]
    _, street = np.unique(name, return_inverse=True)
    group = street * 2 + (plan.building_side < 0)
    order = np.lexsort((plan.building_offset, plan.building_street, group))
    size = np.bincount(group, minlength=int(group.max()) + 1)
    rank = np.empty(len(group), np.int64)
    rank[order] = np.arange(len(group)) - (np.cumsum(size) - size)[group[order]]
    number = 2 * rank + np.where(plan.building_side > 0, 1, 2)
    return np.char.add(np.char.add(name, number.astype("U7")), "号")


def _built(plan: CityPlan) -> np.ndarray:
    """Build year: the old town is oldest, the edge newest, towers are recent."""
    far = np.hypot(plan.building_x - plan.origin[0], plan.building_y - plan.origin[1])
    far = far / far.max()
    year = 1978 + 40 * far + plan.rng("buildings.year").normal(0, 7, len(far)) + 8 * (plan.building_storeys >= 8)
    low = np.where(plan.building_storeys >= HIGH_RISE, 1998, 1952)
    return np.clip(np.rint(year), low, 2024).astype(np.int64)


def _buildings(plan: CityPlan) -> pa.Table:
    count = len(plan.building_x)
    year, storeys, use = _built(plan), plan.building_storeys, plan.building_use
    area = shapely.area(plan.building_polygon)
    works = np.isin(use, ("industrial", "warehouse"))
    structure = np.select([works & (area > 1500), storeys >= 19, storeys >= 8, (year < 1995) & (storeys <= 6)], [5, 3, 4, 0], 2)
    draw = plan.rng("buildings.state").random((count, 3))
    old = year < 1990
    grade = np.where(old & (draw[:, 0] < 0.03), 3, np.where(old & (draw[:, 0] < 0.12), 2, np.where((year < 2005) & (draw[:, 0] < 0.35), 1, 0)))
    homes = use == "residential"
    address = _addresses(plan)
    return pa.table({
        "id": asset_ids("buildings.building", "B", np.arange(count)), "geometry": wkb(plan.building_polygon), "name": texts(address),
        "lifecycle": always("in_service", count), "accuracy": always(0.25, count), "use": texts(use), "storeys": storeys,
        "underground_storeys": plan.building_underground,
        "height": plan.building_height, "ground_elevation": plan.building_z, "footprint_area": np.round(area, 1), "floor_area": np.round(area * storeys, 1),
        "population": plan.building_people, "households": np.where(homes, np.maximum(1, np.rint(plan.building_people / HOUSEHOLD)), 0).astype(np.int64),
        "build_year": year, "structure": chosen(("masonry", "bottom_frame", "frame", "shear_wall", "frame_wall", "steel"), structure),
        "danger_grade": chosen("ABCD", grade), "retrofitted": old & (draw[:, 1] < 0.25), "curtain_wall": np.isin(use,
        ("office", "commercial")) & (storeys >= 8),
        "self_built_business": homes & (storeys <= 4) & (draw[:, 2] < 0.1), "number": texts(np.char.add("F", np.char.zfill(np.arange(count).astype("U8"),
        7))),
        "address": texts(address), "street_id": asset_ids("roads.street", "S", plan.building_street),
        "zone_id": asset_ids("base.zone", "Z", plan.block_zone[plan.building_block]),
    })


def _site(plan: CityPlan, kind: str, prefix: str, at: np.ndarray, title: str) -> dict[str, object]:
    """Columns that every facility in a building has; named after its community's street."""
    stem = np.char.rstrip(plan.street_name[plan.building_street[at]], "大道路街巷")
    serial = np.char.add("第", (np.arange(len(at)) + 1).astype("U5"))
    return {
        "id": asset_ids(kind, prefix, np.arange(len(at))), "geometry": wkb(shapely.points(plan.building_x[at], plan.building_y[at])),
        "name": texts(np.char.add(np.char.add(stem, serial), title)), "building_id": asset_ids("buildings.building", "B", at),
        "lifecycle": always("in_service", len(at)),
    }


def _floor(plan: CityPlan, at: np.ndarray) -> np.ndarray:
    return shapely.area(plan.building_polygon[at]) * plan.building_storeys[at]


def _hospitals(plan: CityPlan) -> pa.Table:
    large, small = plan.facilities["hospital"], plan.facilities["clinic"]
    at = np.concatenate([large, small])
    whole = np.arange(len(at)) < len(large)
    floor = np.bincount(plan.building_block, weights=np.where(plan.building_use == "hospital", _floor(plan, np.arange(len(plan.building_x))), 0),
    minlength=len(plan.block_use))
    beds = np.where(whole, np.maximum(60, np.rint(floor[plan.building_block[at]] / 95.0)), 0).astype(np.int64)
    columns = _site(plan, "buildings.hospital", "H", at, "医院")
    names = columns["name"].to_pylist()  # type: ignore[attr-defined]
    columns["name"] = pa.array([n if w else n.replace("医院", "社区卫生服务中心") for n, w in zip(names, whole, strict=True)])
    return pa.table({
        **columns, "level": chosen("3210", np.where(~whole, 3, np.where(beds >= 500, 0, 1))), "beds": beds, "emergency": whole,
        "backup_hours": np.where(whole, 24.0, 4.0), "address": texts(_addresses(plan)[at]),
    })


def _schools(plan: CityPlan) -> pa.Table:
    at = plan.facilities["school"]
    level = np.arange(len(at)) % 3
    return pa.table({
        **_site(plan, "buildings.school", "E", at, "学校"), "level": chosen(("primary", "middle", "nine_year"), level),
        "pupils": np.maximum(120, plan.building_people[at]), "address": texts(_addresses(plan)[at]),
    })


def _shelters(plan: CityPlan) -> pa.Table:
    """Rooms in public buildings and schools, and every park of at least 2,000 m2."""
    at = plan.facilities["shelter"]
    area = shapely.area(plan.block_polygon)
    parks = np.flatnonzero((plan.block_use == "G1") & (area >= 4_000.0))
    columns = _site(plan, "buildings.shelter", "R", at, "避难场所")
    inside = shapely.point_on_surface(plan.block_polygon[parks])
    effective = np.round(np.concatenate([_floor(plan, at) * 0.5, area[parks] * 0.5]), 1)
    indoor = np.arange(len(effective)) < len(at)
    kind = np.where(effective >= 50_000, 3, np.where(effective >= 10_000, 2, np.where(effective >= 2_000, 1, 0)))
    per = np.array([0.5, AREA_PER_PERSON, 3.0, 4.5])[kind]
    count = len(effective)
    return pa.table({
        "id": asset_ids("buildings.shelter", "R", np.arange(count)), "geometry": pa.concat_arrays([columns["geometry"], wkb(inside)]),
        "name": pa.concat_arrays([columns["name"], texts([f"第{n + 1}公园避难场所" for n in range(len(parks))])]),
        "building_id": asset_ids("buildings.building", "B", np.concatenate([at, np.full(len(parks), -1)])),
        "type": chosen(("emergency", "short", "medium", "long"), kind), "level": always("county", count), "effective_area": effective,
        "capacity": np.floor(effective / per).astype(np.int64), "radius": np.array([500.0, 1000.0, 1500.0, 2500.0])[kind], "indoor": indoor,
        "entrances": np.where(kind == 3, 4, 2), "hazards": always("earthquake,flood,fire", count), "backup_hours": np.where(indoor, 8.0, 0.0),
        "lifecycle": always("in_service", count),
    })


def _fire_stations(plan: CityPlan) -> pa.Table:
    at = plan.facilities["fire_station"]
    first = np.arange(len(at)) % 3
    return pa.table({
        **_site(plan, "buildings.fire_station", "F", at, "消防救援站"), "class": chosen(("first", "second", "second"), first),
        "vehicles": np.where(first == 0, 6, 4), "crew": np.where(first == 0, 35, 22), "backup_hours": always(24.0, len(at)),
        "address": texts(_addresses(plan)[at]),
    })


def _police(plan: CityPlan) -> pa.Table:
    at = plan.facilities["police"]
    return pa.table({
        **_site(plan, "buildings.police", "C", at, "派出所"), "crew": plan.rng("buildings.police").integers(18, 60, len(at)), "backup_hours": always(8.0,
        len(at)),
        "address": texts(_addresses(plan)[at]),
    })


def _warehouses(plan: CityPlan) -> pa.Table:
    at = plan.facilities["warehouse"]
    floor = _floor(plan, at)
    return pa.table({
        **_site(plan, "buildings.warehouse", "W", at, "应急物资库"), "area": np.round(floor, 1), "persons": np.floor(floor * 4.0).astype(np.int64),
        "backup_hours": always(4.0, len(at)), "address": texts(_addresses(plan)[at]),
    })


def _garages(plan: CityPlan, at: np.ndarray) -> pa.Table:
    storeys = plan.building_underground[at]
    area = shapely.area(plan.building_polygon[at]) * storeys * 1.6  # garages reach under the yard
    draw = plan.rng("buildings.garage").random((len(at), 2))
    return pa.table({
        **_site(plan, "buildings.garage", "G", at, "地下车库"), "underground_storeys": storeys, "spaces": np.maximum(8,
        np.floor(area / SPACE)).astype(np.int64),
        "area": np.round(area, 1), "floor_elevation": np.round(plan.building_z[at] - 3.8 * storeys, 2),
        "entrance_elevation": np.round(plan.building_z[at] + np.where(draw[:, 0] < 0.75, 0.2, 0.05), 2), "entrances": np.where(area > 4000, 2, 1),
        "barrier_height": np.where(draw[:, 1] < 0.6, 0.6, 0.0), "pump_capacity": np.round(np.maximum(1, area / 4000.0) * 0.0111, 4),
        "chargers": np.floor(area / SPACE * 0.2).astype(np.int64),
    })


def _gauges(plan: CityPlan, at: np.ndarray) -> pa.Table:
    count = len(at)
    return pa.table({
        "id": asset_ids("buildings.water_gauge", "G", np.arange(count)), "geometry": wkb(shapely.points(plan.building_x[at], plan.building_y[at])),
        "host_id": asset_ids("buildings.garage", "G", np.arange(count)), "lifecycle": always("in_service", count),
        "elevation": np.round(plan.building_z[at] - 3.8 * plan.building_underground[at], 2), "model": always("UL-10", count),
    })


def _detectors(plan: CityPlan, at: np.ndarray) -> pa.Table:
    count = len(at)
    return pa.table({
        "id": asset_ids("buildings.smoke_detector", "B", at), "geometry": wkb(shapely.points(plan.building_x[at], plan.building_y[at])),
        "host_id": asset_ids("buildings.building", "B", at), "lifecycle": always("in_service", count), "storey": always(1, count), "model": always("JTY-GD",
        count),
    })
