"""A small town of streets for tests: a 4 x 3 grid of crossings 200 m apart, a spur to the east, stations, zones and a bridge."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import shapely

from holdfast.domains.base import DOMAIN as BASE
from holdfast.domains.buildings import DOMAIN as BUILDINGS
from holdfast.domains.roads import DOMAIN as ROADS
from holdfast.model.city import City
from small_city import small_city

COLUMNS, ROWS, STEP = 4, 3, 200.0
SPUR = "roads.street:spur"  # the only way to the crossing roads.junction:east, over roads.bridge:B


def junctions() -> tuple[list[str], np.ndarray]:
    """Ids and places; the spur's end comes last."""
    xy = [(STEP * c, STEP * r) for r in range(ROWS) for c in range(COLUMNS)]
    return [f"roads.junction:{i}" for i in range(len(xy))] + ["roads.junction:east"], np.array([*xy, (STEP * COLUMNS, STEP)])


def streets(**columns: Any) -> pa.Table:
    """Streets of 10 m/s between neighbouring crossings; columns override all values, or some by {id: value}."""
    ids, xy = junctions()
    pairs = [(r * COLUMNS + c, r * COLUMNS + c + 1) for r in range(ROWS) for c in range(COLUMNS - 1)]
    pairs += [(r * COLUMNS + c, (r + 1) * COLUMNS + c) for r in range(ROWS - 1) for c in range(COLUMNS)]
    names = [f"roads.street:{a}-{b}" for a, b in pairs] + [SPUR]
    pairs.append((2 * COLUMNS - 1, len(ids) - 1))
    shapes = [shapely.LineString(xy[list(pair)]) for pair in pairs]
    rows: dict[str, Any] = {
        "id": names, "geometry": [shapely.to_wkb(s) for s in shapes], "from_id": [ids[a] for a, _ in pairs], "to_id": [ids[b] for _, b in pairs],
        "class": ["main"] * len(pairs), "one_way": [False] * len(pairs), "speed_limit": [10.0] * len(pairs), "length": [STEP] * len(pairs),
        "capacity": [0.5] * len(pairs), "free_flow_time": [20.0] * len(pairs), "delay_factor": [0.15] * len(pairs), "delay_power": [4.0] * len(pairs),
    }  # fmt: skip
    for name, value in columns.items():
        held = rows.get(name, [None] * len(pairs))
        rows[name] = [value.get(i, h) for i, h in zip(names, held, strict=True)] if isinstance(value, dict) else [value] * len(pairs)
    return pa.table(rows)


def town(path: Path, *, demand: bool = True, people: bool = True, bridge: bool = True, stations: bool = True, **columns: Any) -> City:
    """The town in a store; `columns` go to `streets`."""
    city = small_city(path, BASE, BUILDINGS, ROADS)
    ids, xy = junctions()
    wkb = [shapely.to_wkb(p) for p in shapely.points(xy)]
    city.append("roads.junction", pa.table({"id": ids, "geometry": wkb}))
    city.append("roads.street", streets(**columns))
    if bridge:
        deck = shapely.box(STEP * (COLUMNS - 1) + 40, STEP - 5, STEP * COLUMNS - 40, STEP + 5)
        city.append("roads.bridge", pa.table({"id": ["roads.bridge:B"], "geometry": [shapely.to_wkb(deck)]}))
    city.append("roads.signal", pa.table({"id": ["roads.signal:5"], "geometry": [wkb[5]], "junction_id": [ids[5]]}))
    if stations:
        city.append("buildings.fire_station", pa.table({"id": ["buildings.fire_station:F"], "name": ["First"], "geometry": [shapely.to_wkb(shapely.Point(0, 0))]}))
        city.append("buildings.hospital", pa.table({"id": ["buildings.hospital:H"], "geometry": [shapely.to_wkb(shapely.Point(0, 2 * STEP))]}))
    if people:
        zones = [shapely.Point(0, 0).buffer(50), shapely.Point(3 * STEP, 2 * STEP).buffer(50), shapely.Point(COLUMNS * STEP, STEP).buffer(50)]
        city.append("base.zone", pa.table({"id": [f"base.zone:{i}" for i in range(3)], "geometry": [shapely.to_wkb(z) for z in zones], "population": [4000, 2000, 900]}))
    if demand:
        rows = [(ids[0], ids[11], 900.0), (ids[11], ids[0], 400.0), (ids[0], ids[12], 100.0), (ids[3], ids[8], 300.0)]
        city.append("roads.demand", pa.table({
            "id": [f"roads.demand:{i}" for i in range(len(rows))], "origin_id": [r[0] for r in rows], "destination_id": [r[1] for r in rows], "trips": [r[2] for r in rows],
            "period": [3600.0] * len(rows),
        }))  # fmt: skip
    return city
