"""The power grid of the reference city: 110 kV infeeds, substations, open 10 kV rings, distribution rooms, services, own sources."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
import pyarrow as pa
import shapely

from holdfast.engines.layout.route import Corridor, Paths, street_paths
from holdfast.engines.layout.rows import always, asset_ids, chosen, texts, wkb
from holdfast.model.delivery import Batch

from . import sample_grid as design
from .sample_grid import Grid

if TYPE_CHECKING:
    from holdfast.engines.layout.plan import CityPlan

DEPTH = 0.70  # cover of cable ducts; at least 0.5 [recalled], buried cable 0.7 [found], standards.md 5.4
FROM_BUILDING_LINE = 1.0  # of the duct bank [m]
SPOT = (2.5, 4.0)
CLASSES = ("1+", "1", "2", "3")
HIGH_V, MEDIUM_V, LOW_V = 110e3, 10e3, 400.0


def sample(plan: CityPlan) -> list[Batch]:
    """Rows of all power kinds."""
    grid = design.design(plan)
    corridor = Corridor(plan.street_width / 2 - FROM_BUILDING_LINE, SPOT, DEPTH)
    room = _beside(plan, grid.room_street, grid.room_at, grid.room_side, 1.5)
    front = grid.group_building
    service = _beside(plan, plan.building_street[front], plan.building_offset[front], plan.building_side[front], 0.8)
    yard = np.column_stack([plan.building_x[grid.station_building], plan.building_y[grid.station_building], plan.building_z[grid.station_building]])
    spots = _spots(plan, room, service, yard)
    lines, switches = _lines(plan, grid, corridor, spots, yard)
    own, batteries = _own_sources(plan, grid)
    return [
        Batch("power.substation", _substations(plan, grid, yard)), Batch("power.bus", _buses(plan, grid, spots)),
        Batch("power.external_grid", _external_grids(grid, yard)), Batch("power.transformer", _transformers(grid, room, yard)), Batch("power.line", lines),
        Batch("power.switch", switches), Batch("power.load", _loads(plan, grid)), Batch("power.generator", own), Batch("power.battery", batteries),
        Batch("power.meter", _meters(grid, room, yard)),
    ]


def _beside(plan: CityPlan, street: np.ndarray, at: np.ndarray, side: np.ndarray, beyond: float) -> np.ndarray:
    """(n, 3) points just outside the building line on one side of the street, at ground level."""
    x, y = plan.along(street, at, side * (plan.street_width[street] / 2 + beyond))
    return np.round(np.column_stack([x, y, plan.ground(x, y)]), 3)


def _bus(prefix: str, index: np.ndarray) -> pa.Array:
    return asset_ids("power.bus", prefix, index)


def _shifted(xyz: np.ndarray, east: float, north: float = 0.0) -> np.ndarray:
    return xyz + np.array([east, north, 0.0])


def _spots(plan: CityPlan, room: np.ndarray, service: np.ndarray, yard: np.ndarray) -> dict[str, np.ndarray]:
    """(n, 3) at ground level, by bus prefix: per substation one 110 kV busbar (H) and two 10 kV sections (A, B); per room 10 kV (M) and 0.4 kV (L); per group one (S)."""
    spots = {"H": _shifted(yard, -6, 6), "A": _shifted(yard, 4, 3), "B": _shifted(yard, 4, -3), "M": room, "L": _shifted(room, 1.6), "S": service}
    return {bus: np.column_stack([xyz[:, :2], np.round(plan.ground(xyz[:, 0], xyz[:, 1]), 3)]) for bus, xyz in spots.items()}


def _buses(plan: CityPlan, grid: Grid, spots: dict[str, np.ndarray]) -> pa.Table:
    k, r, g = (np.arange(len(spots[bus])) for bus in "HMS")
    parts = [("H", k, HIGH_V, 0, "110kV母线"), ("A", k, MEDIUM_V, 0, "10kV I段母线"), ("B", k, MEDIUM_V, 0, "10kV II段母线"), ("M", r, MEDIUM_V, 0, "10kV环网柜"),
             ("L", r, LOW_V, 0, "低压母线"), ("S", g, LOW_V, 1, "低压分支箱")]
    xyz = np.concatenate([spots[p[0]] for p in parts])
    size = [len(p[1]) for p in parts]
    yards = plan.building_street[grid.station_building]
    street = np.concatenate([yards, yards, yards, grid.room_street, grid.room_street, plan.building_street[grid.group_building]])
    station = np.concatenate([k, k, k, np.full(2 * len(r) + len(g), -1)])
    return pa.table({
        "id": pa.concat_arrays([_bus(p[0], p[1]) for p in parts]), "geometry": wkb(shapely.points(xyz)), "lifecycle": always("in_service", len(xyz)),
        "name": texts(np.repeat([p[4] for p in parts], size)), "nominal_voltage": np.repeat([p[2] for p in parts], size),
        "bus_type": chosen(("db", "n"), np.repeat([p[3] for p in parts], size)), "ground_elevation": xyz[:, 2],
        "road": texts(plan.street_name[street]), "substation_id": asset_ids("power.substation", "K", station), "min_voltage": always(0.93, len(xyz)),
        "max_voltage": always(1.07, len(xyz)), "in_service": always(True, len(xyz)), "status": always("0", len(xyz)),
    })


def _substations(plan: CityPlan, grid: Grid, yard: np.ndarray) -> pa.Table:
    count, at = len(yard), grid.station_building
    stem = np.char.rstrip(plan.street_name[plan.building_street[at]], "大道路街巷")
    rating = design.STATION_UNITS[grid.station_unit, 0] * grid.station_units
    return pa.table({
        "id": asset_ids("power.substation", "K", np.arange(count)), "geometry": wkb(shapely.points(yard)), "name": texts(np.char.add(stem, "110kV变电站")),
        "lifecycle": always("in_service", count), "substation_type": always("primary", count), "nominal_voltage": always(HIGH_V, count), "rated_power": 2 * rating,
        "transformers": 2 * grid.station_units, "ground_elevation": yard[:, 2], "telecom_backup_hours": always(8.0, count), "in_service": always(True, count),
        "road": texts(plan.street_name[plan.building_street[at]]), "status": always("0", count),
    })


def _external_grids(grid: Grid, yard: np.ndarray) -> pa.Table:
    at = np.unique(grid.infeed)
    return pa.table({
        "id": asset_ids("power.external_grid", "X", np.arange(len(at))), "geometry": wkb(shapely.points(_shifted(yard[at], -9, 9))), "lifecycle": always("in_service", len(at)),
        "bus_id": _bus("H", at), "voltage_setpoint": always(1.02, len(at)), "voltage_angle": always(0.0, len(at)), "max_short_circuit_power": always(5e9, len(at)),
        "min_short_circuit_power": always(3e9, len(at)), "max_rx": always(0.1, len(at)), "min_rx": always(0.1, len(at)), "in_service": always(True, len(at)),
    })


def _transformers(grid: Grid, room: np.ndarray, yard: np.ndarray) -> pa.Table:
    """Two per substation (T: even numbers feed section A, odd B) and one row per room (D), with the number of equal units."""
    k, r = np.arange(len(yard)), np.arange(len(room))
    pair, section = np.repeat(k, 2), np.tile([0, 1], len(k))
    station, local = design.STATION_UNITS[grid.station_unit[pair]], design.ROOM_UNITS[grid.room_unit]
    at = np.concatenate([yard[pair] + np.column_stack([np.zeros(len(pair)), 3.0 - 6.0 * section, np.zeros(len(pair))]), _shifted(room, 0.8)])
    big = np.arange(len(at)) < len(pair)
    rating, load_loss, idle_loss = np.concatenate([station, local]).T
    feeds = np.where(section == 0, _bus("A", pair).to_numpy(zero_copy_only=False), _bus("B", pair).to_numpy(zero_copy_only=False))
    short = np.where(big, 0.105, np.where(rating <= 500e3, 0.04, 0.06))
    return pa.table({
        "id": pa.concat_arrays([asset_ids("power.transformer", "T", 2 * pair + section), asset_ids("power.transformer", "D", r)]), "geometry": wkb(shapely.points(at)),
        "lifecycle": always("in_service", len(at)), "from_id": pa.concat_arrays([_bus("H", pair), _bus("M", r)]),
        "to_id": pa.concat_arrays([pa.array(feeds, pa.string()), _bus("L", r)]), "rated_power": rating, "hv_voltage": np.where(big, HIGH_V, MEDIUM_V),
        "lv_voltage": np.where(big, 10.5e3, LOW_V), "short_circuit_voltage": short, "short_circuit_resistance": load_loss / rating, "iron_loss": idle_loss,
        "no_load_current": np.where(big, 0.004, 0.006), "phase_shift": always(np.radians(330.0), len(at)), "vector_group": chosen(("YNd11", "Dyn11"), ~big),
        "tap_side": always("hv", len(at)), "tap_changer": always("Ratio", len(at)), "tap_neutral": always(0.0, len(at)), "tap_min": np.where(big, -8.0, -2.0),
        "tap_max": np.where(big, 8.0, 2.0), "tap_position": always(0.0, len(at)), "tap_step": np.where(big, 0.0125, 0.025), "auto_tap": big,
        "parallel": np.concatenate([grid.station_units[pair], grid.room_units]), "derating": always(1.0, len(at)), "max_loading": always(1.0, len(at)),
        "model": texts(np.where(big, "SZ11-110/10.5", "SCB10-10/0.4")), "substation_id": asset_ids("power.substation", "K", np.append(pair, np.full(len(r), -1))),
        "from_closed": always(True, len(at)), "to_closed": always(True, len(at)), "in_service": always(True, len(at)),
    })


def _lines(plan: CityPlan, grid: Grid, corridor: Corridor, spots: dict[str, np.ndarray], yard: np.ndarray) -> tuple[pa.Table, pa.Table]:
    """Ring segments (R), services (V) and 110 kV cables (W), and the switches of rings and couplers."""
    segments = _ring_segments(grid)
    site = (plan.building_street[grid.station_building], plan.building_offset[grid.station_building])
    place = dict.fromkeys("HAB", site) | dict.fromkeys("ML", (grid.room_street, grid.room_at))
    place["S"] = (plan.building_street[grid.group_building], plan.building_offset[grid.group_building])
    down = np.array([0.0, 0.0, DEPTH])

    def course(tail: tuple[str, np.ndarray], head: tuple[str, np.ndarray], group: np.ndarray) -> tuple[Paths, np.ndarray]:
        (a, i), (b, j) = tail, head
        paths = street_paths(plan, (place[a][0][i], place[a][1][i]), (place[b][0][j], place[b][1][j]), group)
        return paths, paths.courses(plan, corridor, spots[a][i] - down, spots[b][j] - down)

    ring = _ring_courses(grid, segments, course)
    g = np.arange(len(spots["S"]))
    low = course(("L", grid.group_room), ("S", g), grid.room_station[grid.group_room])
    linked = np.flatnonzero(grid.infeed != np.arange(len(yard)))
    high = course(("H", grid.infeed[linked]), ("H", linked), np.arange(len(linked)))
    tables = [
        _ring_table(plan, grid, segments, ring),
        _line_table(plan, "V", g, low, pa.array(_bus("L", grid.group_room)), _bus("S", g), design.LOW, LOW_V, _low_cables(grid, shapely.length(low[1])), "YJV22-0.6/1-4x240"),
        _line_table(plan, "W", linked, high, _bus("H", grid.infeed[linked]), _bus("H", linked), design.HIGH, HIGH_V, np.full(len(linked), 2), "YJLW03-64/110-1x630"),
    ]
    return pa.concat_tables(tables), _switches(grid, segments, yard, spots["M"])


def _ring_segments(grid: Grid) -> dict[str, np.ndarray]:
    """All segments of all rings: ring, number in the ring, room before and after (-1 at the substation), whether it is the open one."""
    rooms = np.diff(grid.first)
    ring = np.repeat(np.arange(len(rooms)), rooms + 1)
    start = np.concatenate([[0], np.cumsum(rooms + 1)])[:-1]
    number = np.arange(len(ring)) - start[ring]
    before = np.where(number > 0, grid.order[np.maximum(grid.first[ring] + number - 1, 0)], -1)
    after = np.where(number < rooms[ring], grid.order[np.minimum(grid.first[ring] + number, len(grid.order) - 1)], -1)
    return {"ring": ring, "number": number, "before": before, "after": after, "open": number == grid.tie[ring]}


def _ring_courses(grid: Grid, segments: dict[str, np.ndarray], course: Any) -> tuple[np.ndarray, np.ndarray]:
    """Street of the start and course of every ring segment."""
    before, after = segments["before"], segments["after"]
    station = grid.ring_station[segments["ring"]]
    street, lines = np.zeros(len(before), np.int64), np.empty(len(before), object)
    cases = ((before < 0, ("A", station), ("M", after)), ((before >= 0) & (after >= 0), ("M", before), ("M", after)), (after < 0, ("M", before), ("B", station)))
    for mask, (a, i), (b, j) in cases:
        if mask.any():
            paths, lines[mask] = course((a, i[mask]), (b, j[mask]), station[mask])
            street[mask] = paths.street[paths.first[:-1]]
    return street, lines


def _ring_table(plan: CityPlan, grid: Grid, segments: dict[str, np.ndarray], ring: tuple[np.ndarray, np.ndarray]) -> pa.Table:
    station = grid.ring_station[segments["ring"]]
    a, b = _bus("A", station).to_numpy(zero_copy_only=False), _bus("B", station).to_numpy(zero_copy_only=False)
    tail = np.where(segments["before"] < 0, a, _bus("M", segments["before"]).to_numpy(zero_copy_only=False))
    head = np.where(segments["after"] < 0, b, _bus("M", segments["after"]).to_numpy(zero_copy_only=False))
    count = len(station)
    table = _line_table(plan, "R", np.arange(count), ring, pa.array(tail, pa.string()), pa.array(head, pa.string()), design.MEDIUM, MEDIUM_V,
                        _ring_cables(grid)[segments["ring"]], "YJV22-8.7/15-3x300")
    return table.set_column(table.column_names.index("from_closed"), "from_closed", pa.array(~segments["open"]))


def _ring_cables(grid: Grid) -> np.ndarray:
    """Cables side by side on each ring, so that either end can carry the whole of it."""
    load = np.add.reduceat(grid.room_load[grid.order], grid.first[:-1])
    return np.maximum(1, np.ceil(load / (np.sqrt(3) * MEDIUM_V * design.MEDIUM[3]) - 1e-9)).astype(np.int64)


def _low_cables(grid: Grid, length: np.ndarray) -> np.ndarray:
    """Cables side by side, by current and by voltage drop."""
    current = grid.group_load / (np.sqrt(3) * LOW_V)
    p, q = grid.group_load * design.POWER_FACTOR, grid.group_load * np.sqrt(1 - design.POWER_FACTOR**2)
    drop = (p * design.LOW[0] + q * design.LOW[1]) * length / LOW_V**2
    return np.maximum(np.ceil(current / (design.LOW[3] * design.LOW_LOADING)), np.ceil(drop / design.LOW_DROP)).astype(np.int64)


def _line_table(plan: CityPlan, prefix: str, index: np.ndarray, course: tuple[Any, np.ndarray], tail: pa.Array, head: pa.Array, cable: tuple[float, ...], voltage: float,
                parallel: np.ndarray, conductor: str) -> pa.Table:
    paths, lines = course
    street = paths.street[paths.first[:-1]] if isinstance(paths, Paths) else paths
    count = len(index)
    level = shapely.get_z(shapely.get_point(lines, 0)), shapely.get_z(shapely.get_point(lines, -1))
    resistance, reactance, capacitance, current = cable
    return pa.table({
        "id": asset_ids("power.line", prefix, index), "geometry": wkb(lines), "lifecycle": always("in_service", count), "from_id": tail, "to_id": head,
        "category": always("GD01", count), "feature_code": always("55011000", count), "material": always("TZ", count), "laying": always("GK", count), "status": always("0", count),
        "from_elevation": level[0], "to_elevation": level[1], "from_depth": always(DEPTH, count), "to_depth": always(DEPTH, count), "road": texts(plan.street_name[street]),
        "nominal_voltage": always(voltage, count), "line_type": always("cs", count), "conductor": always(conductor, count),
        "length": np.maximum(np.round(shapely.length(lines), 2), 1.0), "resistance": always(resistance, count), "reactance": always(reactance, count),
        "capacitance": always(capacitance, count), "conductance": always(0.0, count), "rated_current": always(current, count), "derating": always(1.0, count),
        "parallel": parallel.astype(np.int64), "max_loading": always(1.0, count), "from_closed": pa.array(np.ones(count, bool)), "to_closed": always(True, count),
        "in_service": always(True, count),
    })


def _switches(grid: Grid, segments: dict[str, np.ndarray], yard: np.ndarray, room: np.ndarray) -> pa.Table:
    """Breakers at both ends of each ring (F), the open tie of each ring (Z), and the open coupler between the sections (C)."""
    row = np.arange(len(segments["ring"]))
    leaving, coming, tie = row[segments["before"] < 0], row[segments["after"] < 0], row[segments["open"]]
    station = grid.ring_station[segments["ring"]]
    tie_room = segments["before"][tie]
    k, ring = np.arange(len(yard)), segments["ring"]

    def cable(rows: np.ndarray) -> pa.Array:
        return asset_ids("power.line", "R", rows)

    parts = [
        (asset_ids("power.switch", "F", 2 * ring[leaving]), _bus("A", station[leaving]), cable(leaving), _shifted(yard[station[leaving]], 7, 3), 0),
        (asset_ids("power.switch", "F", 2 * ring[coming] + 1), _bus("B", station[coming]), cable(coming), _shifted(yard[station[coming]], 7, -3), 0),
        (asset_ids("power.switch", "Z", ring[tie]), _bus("M", tie_room), cable(tie), _shifted(room[tie_room], -0.6), 1),
        (asset_ids("power.switch", "C", k), _bus("A", k), _bus("B", k), _shifted(yard, 4, 0), 2),
    ]
    kind = np.repeat([p[4] for p in parts], [len(p[0]) for p in parts])
    count = len(kind)
    place = np.where(kind == 1, -1, np.concatenate([station[leaving], station[coming], np.zeros(len(tie), int), k]))
    return pa.table({
        "id": pa.concat_arrays([p[0] for p in parts]), "geometry": wkb(shapely.points(np.concatenate([p[3] for p in parts]))), "lifecycle": always("in_service", count),
        "from_id": pa.concat_arrays([p[1] for p in parts]), "to_id": pa.concat_arrays([p[2] for p in parts]), "element_type": chosen(("line", "line", "bus"), kind),
        "closed": kind == 0, "normally_open": kind > 0, "switch_type": chosen(("CB", "LBS", "CB"), kind), "resistance": always(0.0, count),
        "rated_current": np.where(kind == 2, 3150.0, 630.0), "remote": always(True, count), "substation_id": asset_ids("power.substation", "K", place),
    })


def _loads(plan: CityPlan, grid: Grid) -> pa.Table:
    """One load per low-voltage group, at its heaviest building."""
    at, count = grid.group_building, len(grid.group_building)
    p = np.round(grid.group_load * design.POWER_FACTOR, 1)
    q = np.round(grid.group_load * np.sqrt(1 - design.POWER_FACTOR**2), 1)
    homes = plan.building_use[at] == "residential"
    return pa.table({
        "id": asset_ids("power.load", "P", np.arange(count)), "geometry": wkb(shapely.points(plan.building_x[at], plan.building_y[at], plan.building_z[at])),
        "lifecycle": always("in_service", count), "bus_id": _bus("S", np.arange(count)), "p": p, "q": q, "scaling": always(1.0, count),
        "rated_power": np.round(grid.group_load / 0.8, 0),
        "model": always("load", count), "load_type": texts(plan.building_use[at]), "load_class": chosen(CLASSES, grid.group_class),
        "customers": np.where(homes, np.maximum(1, np.rint(grid.group_people / 2.62)), 1.0), "building_id": asset_ids("buildings.building", "B", at),
        **{f"{part}_share_{letter}": always(0.0, count) for part in ("impedance", "current") for letter in "pq"}, "in_service": always(True, count),
    })


def _own_sources(plan: CityPlan, grid: Grid) -> tuple[pa.Table, pa.Table]:
    """Diesel sets at hospitals, data centres and exchanges; batteries of uninterruptible supplies at data centres and exchanges."""
    tables = []
    for kind, uses in (("G", ("hospital", "data_centre", "telecom")), ("U", ("data_centre", "telecom"))):
        at = np.flatnonzero(np.isin(plan.building_use, uses))
        count, group = len(at), grid.building_group[at]
        rating = np.round(grid.demand[at] * (1.1 if kind == "G" else 0.8), -3)
        east = 3.0 if kind == "G" else -3.0
        shared = {
            "geometry": wkb(shapely.points(plan.building_x[at] + east, plan.building_y[at], plan.building_z[at])), "lifecycle": always("in_service", count),
            "bus_id": _bus("S", group), "p": always(0.0, count), "q": always(0.0, count), "scaling": always(1.0, count), "rated_power": rating, "backup": always(True, count),
            "building_id": asset_ids("buildings.building", "B", at), "in_service": always(True, count),
        }
        if kind == "G":
            hours = np.where(plan.building_use[at] == "hospital", 24.0, 12.0)  # class A data centres 12 h, GB 50174-2017 [recalled]; hospitals 24 h [proposal]
            own = {"model": always("sgen", count), "generator_type": always("diesel set", count), "fuel": always("diesel", count), "endurance": hours * 3600,
                   "start_time": always(15.0, count)}
            tables.append(pa.table({"id": asset_ids("power.generator", kind, np.arange(count)), **shared, **own}))
        else:
            own = {"battery_type": always("uninterruptible supply", count), "max_energy": rating * 900.0, "min_energy": always(0.0, count), "state_of_charge": always(1.0, count)}
            tables.append(pa.table({"id": asset_ids("power.battery", kind, np.arange(count)), **shared, **own}))
    return tables[0], tables[1]


def _meters(grid: Grid, room: np.ndarray, yard: np.ndarray) -> pa.Table:
    """The terminal that every transformer must have."""
    pair = np.repeat(np.arange(len(yard)), 2)
    number, r = np.arange(len(pair)), np.arange(len(room))
    at = np.concatenate([yard[pair] + np.column_stack([np.full(len(pair), 1.0), 3.0 - 6.0 * (number % 2), np.zeros(len(pair))]), _shifted(room, 1.2)])
    return pa.table({
        "id": pa.concat_arrays([asset_ids("power.meter", "T", number), asset_ids("power.meter", "D", r)]), "geometry": wkb(shapely.points(at)),
        "lifecycle": always("in_service", len(at)), "measured": always("voltage, current, power", len(at)), "side": always("lv", len(at)),
        "host_id": pa.concat_arrays([asset_ids("power.transformer", "T", number), asset_ids("power.transformer", "D", r)]),
    })
