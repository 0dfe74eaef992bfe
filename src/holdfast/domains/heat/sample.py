"""The heat networks of the reference city: a district round every plant, supply and return side by side along the streets."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
import pyarrow as pa
import shapely

from holdfast.engines.layout.route import TEE, Corridor, StreetTree, street_tree
from holdfast.engines.layout.rows import always, asset_ids, chosen, texts, wkb
from holdfast.model.delivery import Batch

if TYPE_CHECKING:
    from holdfast.engines.layout.plan import CityPlan

SHARE, LEAST = 0.06, 12  # of the buildings are heated by a district network [proposal]
HEATED = ("residential", "commercial", "office", "public", "school", "hospital", "clinic", "police", "fire_station")
PER_FLOOR = 45.0  # design heat demand [W/m2], CJJ 34 range for insulated dwellings 40-45 [recalled]
SUPPLY, RETURN = 368.15, 328.15  # [K] 95/55 degC [proposal]
CAPACITY, DENSITY, VISCOSITY = 4190.0, 972.0, 3.7e-4  # of water at about 80 degC: heat [J/kg/K], density [kg/m3], dynamic viscosity [Pa s]
ROUGHNESS, GRADIENT, SPEED = 0.5e-3, 120.0, 2.2  # steel in service [m], design loss [Pa/m], design speed [m/s]; CJJ 34 [recalled]
CONSUMER_DROP, CONSUMER_LOSS = 50e3, 1.1  # over a heat exchanger [Pa]; allowance for fittings [proposal]
COVER = (1.1, 1.7)  # to the top of the insulation of supply and return [m], so that they can cross; at least 0.7 / 1.0, standards.md 5.4 [recalled]
# Steel pipes: inner diameter, outer diameter of the insulation [m]; GB/T 29047 [recalled]
PIPES = np.array([[.037, .125], [.043, .125], [.0545, .140], [.070, .160], [.082, .180], [.107, .225], [.132, .250], [.160, .280], [.210, .355], [.263, .420], [.313, .500],
                  [.359, .560], [.408, .600], [.514, .700], [.612, .800], [.703, .920], [.802, 1.020]])
VALVE_LENGTH = 0.8
CIRCUITS = ("supply", "return")


@dataclass(slots=True)
class District:
    """Heated buildings (b), the tree that reaches them, and what flows where.

    heat [W], flow [kg/s] by building; through (n,) [kg/s] and size (n,) of the edge to each tree node; lift [Pa] by plant
    """

    plant: np.ndarray
    building: np.ndarray
    heat: np.ndarray
    flow: np.ndarray
    tree: StreetTree
    tee: np.ndarray
    through: np.ndarray
    size: np.ndarray
    service_size: np.ndarray
    lift: np.ndarray


def corridors(plan: CityPlan) -> tuple[Corridor, Corridor]:
    """Supply and return on the left of the axis, at least 2.0 m from the power duct (standards.md 5.2)."""
    half = plan.street_width / 2
    return Corridor(half - 3.7, (6.0, 6.5), COVER[0]), Corridor(half - 4.5, (5.0, 5.5), COVER[1])


def design(plan: CityPlan) -> District:
    """Which buildings are heated, by which plant, and how wide the pipes are."""
    plant = plan.facilities["heat_plant"]
    near = np.full(len(plan.building_x), np.inf)
    for at in plant:
        near = np.minimum(near, np.hypot(plan.building_x - plan.building_x[at], plan.building_y - plan.building_y[at]))
    near[~np.isin(plan.building_use, HEATED)] = np.inf
    near[plant] = np.inf
    wanted = min(max(LEAST, round(SHARE * len(near))), int(np.isfinite(near).sum()))
    building = np.sort(np.argsort(near, kind="stable")[:wanted])
    heat = np.round(shapely.area(plan.building_polygon[building]) * plan.building_storeys[building] * PER_FLOOR, -2)
    flow = heat / (CAPACITY * (SUPPLY - RETURN))
    street = plan.building_street[building]
    tree = street_tree(plan, (plan.building_street[plant], plan.building_offset[plant]), tees=(street, _apart(plan, building)))
    tee = tree.of(TEE)
    load = np.zeros(len(tree))
    load[tee] = flow
    through = tree.downstream(load)
    size = pipe_size(through)
    return District(plant, building, heat, flow, tree, tee, through, size, pipe_size(flow), _lift(tree, through, size, tee, flow))


def _apart(plan: CityPlan, building: np.ndarray) -> np.ndarray:
    """Places of tees on the street, at least a metre from each other and from the crossings."""
    street = plan.building_street[building]
    at = np.clip(plan.building_offset[building], 8.0, np.maximum(plan.street_length[street] - 8.0, 8.1))
    order = np.lexsort((building, at, street))
    rank = np.arange(len(order)) - np.searchsorted(street[order], street[order])
    span = 1e6 * street[order]  # keeps streets apart while sweeping
    pushed = np.maximum.accumulate(span + at[order] - rank) + rank - span
    result = np.empty(len(at))
    result[order] = np.round(pushed, 2)
    return result


def pipe_size(flow: np.ndarray) -> np.ndarray:
    """Index into PIPES of the narrowest pipe that keeps the design speed and the design loss per metre."""
    inner = PIPES[:, 0]
    limit = np.minimum(SPEED, np.sqrt(2 * GRADIENT * inner / (DENSITY * 0.11 * (ROUGHNESS / inner) ** 0.25)))  # Shifrinson's friction factor
    return np.minimum(np.searchsorted(limit * np.pi / 4 * inner**2 * DENSITY, flow), len(PIPES) - 1)


def loss(flow: np.ndarray, inner: np.ndarray, length: np.ndarray) -> np.ndarray:
    """Pressure loss [Pa] of full pipes of rough steel, fittings included."""
    speed = flow / (DENSITY * np.pi / 4 * inner**2)
    return 0.11 * (ROUGHNESS / inner) ** 0.25 * length / inner * DENSITY * speed**2 / 2 * CONSUMER_LOSS


def _lift(tree: StreetTree, through: np.ndarray, size: np.ndarray, tee: np.ndarray, flow: np.ndarray) -> np.ndarray:
    """Pressure each plant's pumps must give: both ways to the farthest consumer, its exchanger and service, and a tenth more."""
    drop = loss(through, PIPES[size, 0], tree.length + 30.0 * (tree.parent < 0))
    for node in range(len(tree)):
        if tree.parent[node] >= 0:
            drop[node] += drop[tree.parent[node]]
    need = 2 * (drop[tee] + loss(flow, PIPES[pipe_size(flow), 0], np.full(len(flow), 80.0))) + CONSUMER_DROP
    lift = np.full(int(tree.root.max()) + 1, CONSUMER_DROP)
    np.maximum.at(lift, tree.root[tee], need)
    return np.round(lift * 1.1, -3)


def sample(plan: CityPlan) -> list[Batch]:
    """Rows of all heat kinds."""
    district = design(plan)
    lanes = corridors(plan)
    nodes = [lane.nodes(plan, district.tree) for lane in lanes]
    at, plant = district.building, district.plant
    entry = [_level(plan, plan.building_x[at] + shift, plan.building_y[at], cover) for shift, cover in zip((-0.6, 0.6), COVER, strict=True)]
    yard = [_level(plan, plan.building_x[plant] + shift, plan.building_y[plant], cover) for shift, cover in zip((-1.5, 1.5), COVER, strict=True)]
    gate = [place + np.array([0.0, VALVE_LENGTH, 0.0]) for place in yard]
    return [
        Batch("heat.plant", _plants(plan, district, yard)), Batch("heat.junction", _junctions(plan, nodes, entry, yard, gate)),
        Batch("heat.pipe", _pipes(plan, district, lanes, nodes, entry, gate)), Batch("heat.consumer", _consumers(plan, district)),
        Batch("heat.pump", _pumps(district, yard)), Batch("heat.valve", _valves(district, yard)), Batch("heat.sensor", _sensors(plan, district, yard)),
    ]


def _level(plan: CityPlan, x: np.ndarray, y: np.ndarray, cover: float) -> np.ndarray:
    return np.round(np.column_stack([x, y, plan.ground(x, y) - cover]), 3)


def _node(group: str, circuit: int, index: np.ndarray) -> pa.Array:
    return asset_ids("heat.junction", f"{group}{'SR'[circuit]}", index)


def _junctions(plan: CityPlan, *groups: list[np.ndarray]) -> pa.Table:
    """Street nodes (T), building entries (B), pumps (P) and plant outlets (G), each for supply (S) and return (R)."""
    parts = [(name, circuit, places[circuit]) for name, places in zip("TBPG", groups, strict=True) for circuit in (0, 1)]
    xyz = np.concatenate([part[2] for part in parts])
    circuit = np.repeat([part[1] for part in parts], [len(part[2]) for part in parts])
    ground = plan.ground(xyz[:, 0], xyz[:, 1])
    count = len(xyz)
    return pa.table({
        "id": pa.concat_arrays([_node(name, c, np.arange(len(places))) for name, c, places in parts]), "geometry": wkb(shapely.points(xyz)),
        "lifecycle": always("in_service", count), "ground_elevation": np.round(ground, 3), "depth": np.round(ground - xyz[:, 2], 3), "elevation": xyz[:, 2],
        "circuit": chosen(CIRCUITS, circuit), "nominal_pressure": always(1.6e6, count), "temperature": np.where(circuit == 0, SUPPLY, RETURN),
        "status": always("0", count), "in_service": always(True, count),
    })


def _plants(plan: CityPlan, district: District, yard: list[np.ndarray]) -> pa.Table:
    at, count = district.plant, len(district.plant)
    k = np.arange(count)
    stem = np.char.rstrip(plan.street_name[plan.building_street[at]], "大道路街巷")
    heat = np.bincount(district.tree.root[district.tee], weights=district.heat, minlength=count)
    return pa.table({
        "id": asset_ids("heat.plant", "H", k), "geometry": wkb(shapely.points(plan.building_x[at], plan.building_y[at], plan.building_z[at])),
        "name": texts(np.char.add(stem, "热源厂")), "lifecycle": always("in_service", count), "junction_id": _node("P", 0, k), "return_junction_id": _node("P", 1, k),
        "fuel": always("gas", count), "capacity": np.round(heat * 1.2, -3), "supply_temperature": always(SUPPLY, count), "return_temperature": always(RETURN, count),
        "control": always("pt", count), "ground_elevation": plan.building_z[at], "backup_hours": always(0.5, count), "gas_backup_hours": always(0.0, count),
        "in_service": always(True, count),
    })


def _pipes(plan: CityPlan, district: District, lanes: tuple[Corridor, Corridor], nodes: list[np.ndarray], entry: list[np.ndarray], gate: list[np.ndarray]) -> pa.Table:
    """Street pipes (T), services (B) and plant outlets (G); flow is away from the plant in supply pipes and towards it in return pipes."""
    tree, k, b = district.tree, np.arange(len(district.plant)), np.arange(len(district.building))
    tables = []
    for circuit in (0, 1):
        child, lines = lanes[circuit].courses(plan, tree, nodes[circuit])
        service = shapely.linestrings(np.stack([nodes[circuit][district.tee], entry[circuit]], axis=1))
        outlet = shapely.linestrings(np.stack([gate[circuit], nodes[circuit][: len(k)]], axis=1))
        tables += [
            _pipe_table(plan, "T", circuit, child, lines, _node("T", circuit, tree.parent[child]), _node("T", circuit, child), district.size[child], tree.street[child]),
            _pipe_table(plan, "B", circuit, b, service, _node("T", circuit, district.tee), _node("B", circuit, b), district.service_size, tree.street[district.tee]),
            _pipe_table(plan, "G", circuit, k, outlet, _node("G", circuit, k), _node("T", circuit, k), district.size[: len(k)], tree.street[: len(k)]),
        ]
    return pa.concat_tables(tables)


def _pipe_table(plan: CityPlan, group: str, circuit: int, index: np.ndarray, lines: np.ndarray, near: pa.Array, far: pa.Array, size: np.ndarray, street: np.ndarray) -> pa.Table:
    """Pipes drawn from `near` to `far` of the plant; return pipes are turned round."""
    count = len(index)
    if circuit == 1:
        lines, near, far = shapely.reverse(lines), far, near
    start, end = (shapely.get_coordinates(shapely.get_point(lines, i), include_z=True) for i in (0, -1))
    depth = [np.round(plan.ground(p[:, 0], p[:, 1]) - p[:, 2], 3) for p in (start, end)]
    return pa.table({
        "id": asset_ids("heat.pipe", f"{group}{'SR'[circuit]}", index), "geometry": wkb(lines), "lifecycle": always("in_service", count), "from_id": near, "to_id": far,
        "category": always("RS01", count), "feature_code": always("54011000", count), "material": always("G", count), "laying": always("ZM", count), "status": always("0", count),
        "from_elevation": start[:, 2], "to_elevation": end[:, 2], "from_depth": depth[0], "to_depth": depth[1], "road": texts(plan.street_name[street]),
        "circuit": always(CIRCUITS[circuit], count), "diameter": PIPES[size, 0], "outer_diameter": PIPES[size, 1],
        "insulation_thickness": np.round((PIPES[size, 1] - PIPES[size, 0]) / 2 - 0.005, 3),
        "length": np.maximum(np.round(shapely.length(lines), 2), 0.5), "roughness": always(ROUGHNESS, count), "loss_coefficient": always(0.0, count),
        "heat_transfer": always(0.9, count), "ambient_temperature": always(283.15, count), "pipe_type": always("预制直埋保温管", count), "in_service": always(True, count),
    })


def _consumers(plan: CityPlan, district: District) -> pa.Table:
    at, count = district.building, len(district.building)
    b = np.arange(count)
    return pa.table({
        "id": asset_ids("heat.consumer", "B", b), "geometry": wkb(shapely.points(plan.building_x[at], plan.building_y[at], plan.building_z[at])),
        "lifecycle": always("in_service", count), "from_id": _node("B", 0, b), "to_id": _node("B", 1, b), "heat_demand": district.heat, "mass_flow": np.round(district.flow, 6),
        "temperature_drop": always(SUPPLY - RETURN, count), "return_temperature": always(RETURN, count), "diameter": PIPES[district.service_size, 0],
        "heated_area": np.round(district.heat / PER_FLOOR, 1), "customers": np.maximum(1.0, np.rint(plan.building_people[at] / 2.62)),
        "building_id": asset_ids("buildings.building", "B", at), "in_service": always(True, count),
    })


def _pumps(district: District, yard: list[np.ndarray]) -> pa.Table:
    count = len(district.plant)
    k = np.arange(count)
    return pa.table({
        "id": asset_ids("heat.pump", "H", k), "geometry": wkb(shapely.points((yard[0] + yard[1]) / 2)), "lifecycle": always("in_service", count), "from_id": _node("P", 1, k),
        "to_id": _node("P", 0, k), "control": always("pt", count), "supply_pressure": 0.3e6 + district.lift, "lift": district.lift, "supply_temperature": always(SUPPLY, count),
        "mass_flow": np.round(district.through[:count], 4), "plant_id": asset_ids("heat.plant", "H", k), "in_service": always(True, count),
    })


def _valves(district: District, yard: list[np.ndarray]) -> pa.Table:
    """Between the pumps and the network, one each in supply and return."""
    k = np.arange(len(district.plant))
    count = 2 * len(k)
    middle = np.concatenate(yard) + np.array([0.0, VALVE_LENGTH / 2, 0.0])
    return pa.table({
        "id": pa.concat_arrays([asset_ids("heat.valve", f"G{'SR'[c]}", k) for c in (0, 1)]), "geometry": wkb(shapely.points(middle)),
        "lifecycle": always("in_service", count), "from_id": pa.concat_arrays([_node("P", 0, k), _node("G", 1, k)]),
        "to_id": pa.concat_arrays([_node("G", 0, k), _node("P", 1, k)]),
        "opened": always(True, count), "diameter": np.tile(PIPES[district.size[: len(k)], 0], 2), "loss_coefficient": always(0.3, count),
        "circuit": pa.array(np.repeat(CIRCUITS, len(k)), pa.string()), "depth": np.repeat(COVER, len(k)), "in_service": always(True, count),
    })


def _sensors(plan: CityPlan, district: District, yard: list[np.ndarray]) -> pa.Table:
    """One at each plant and at every tenth consumer."""
    k, b = np.arange(len(district.plant)), np.arange(len(district.building))[::10]
    at = district.building[b]
    xyz = np.concatenate([yard[0] + np.array([0.0, -1.5, COVER[0]]), np.column_stack([plan.building_x[at], plan.building_y[at] + 1.0, plan.building_z[at]])])
    count = len(xyz)
    return pa.table({
        "id": pa.concat_arrays([asset_ids("heat.sensor", "H", k), asset_ids("heat.sensor", "B", b)]), "geometry": wkb(shapely.points(np.round(xyz, 3))),
        "host_id": pa.concat_arrays([asset_ids("heat.plant", "H", k), asset_ids("heat.consumer", "B", b)]), "lifecycle": always("in_service", count),
        "place": chosen(("plant", "heat exchanger"), np.arange(count) >= len(k)),
    })
