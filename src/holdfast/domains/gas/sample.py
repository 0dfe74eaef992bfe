"""The gas network of the reference city: gate stations, medium-pressure mains with rings, block regulators, low-pressure pipes, devices."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import pyarrow as pa
import shapely

from holdfast.engines.layout.route import JUNCTION, Corridor, Paths, joined, street_paths
from holdfast.engines.layout.rows import always, asset_ids, chosen, texts, wkb
from holdfast.model.delivery import Batch

from . import sample_mains as design
from .sample_mains import Mains
from .sample_valves import cut_behind, valved

if TYPE_CHECKING:
    from holdfast.engines.layout.plan import CityPlan

TEMPERATURE = 288.15  # of the ground [K] [proposal]
BESIDE_LINE = 0.8  # low-pressure pipes run this far inside their block [m]; at least 0.7 from buildings, which stand 3 m back (standards.md 5.2)
SENSOR_EVERY, DETECTOR_EVERY = 10, 8
LOW_ALARM, HIGH_ALARM = 0.0125, 0.025  # 25 and 50 %LEL of methane, GB/T 50493-2019 5.5.2 [found]


def sample(plan: CityPlan) -> list[Batch]:
    """Rows of all gas kinds."""
    mains = design.design(plan)
    medium, low = design.corridors(plan)
    stations = plan.facilities["gas_station"]
    yard = np.column_stack([plan.building_x[stations], plan.building_y[stations], plan.building_z[stations] - medium.cover])
    node = medium.nodes(plan, mains.tree)
    outlet = _outlets(plan, mains, node)
    front = _fronts(plan, mains, low)
    pipes, valves, cut = _pipes(plan, mains, medium, low, node, outlet, front, yard)
    return [
        Batch("gas.station", _stations(plan, stations, mains, yard, medium)), Batch("gas.junction", _junctions(plan, mains, node, outlet, front, yard, cut, medium)),
        Batch("gas.source", _sources(mains, yard)), Batch("gas.pipe", pipes), Batch("gas.valve", valves), Batch("gas.regulator", _regulators(plan, mains, outlet)),
        Batch("gas.sink", _sinks(plan, mains)), Batch("gas.detector", _detectors(plan, mains, node, yard, medium)),
        Batch("gas.pressure_sensor", _sensors(mains, outlet, yard, medium)),
    ]


def _node(prefix: str, index: np.ndarray) -> pa.Array:
    return asset_ids("gas.junction", prefix, index)


def _outlets(plan: CityPlan, mains: Mains, node: np.ndarray) -> np.ndarray:
    """(r, 3) where low pressure begins: beside the crossing, at the corner of the block that is served."""
    at = mains.reg_crossing
    centre = shapely.get_coordinates(shapely.centroid(plan.block_polygon[mains.reg_block]))
    toward = centre - np.column_stack([plan.junction_x[at], plan.junction_y[at]])
    toward /= np.maximum(np.hypot(*toward.T), 1.0)[:, None]
    reach = plan.street_width[mains.reg_street] * 0.72 + 2.0
    x, y = plan.junction_x[at] + toward[:, 0] * reach, plan.junction_y[at] + toward[:, 1] * reach
    return np.round(np.column_stack([x, y, plan.ground(x, y) - 0.9]), 3)


def _fronts(plan: CityPlan, mains: Mains, low: Corridor) -> np.ndarray:
    """(g, 3) where a service begins: at the building line before the heaviest building of the group."""
    at = mains.group_building
    street, side = plan.building_street[at], plan.building_side[at]
    x, y = plan.along(street, plan.building_offset[at] - 1.5, side * (plan.street_width[street] / 2 + 1.6))
    return low.level(plan, x, y)


def _junctions(plan: CityPlan, mains: Mains, node: np.ndarray, outlet: np.ndarray, front: np.ndarray, yard: np.ndarray, cut: np.ndarray, medium: Corridor) -> pa.Table:
    """Mains (M), behind valves (V), stations (G), regulator outlets (L) and service points (U)."""
    parts = [("M", node, 0), ("V", cut, 0), ("G", yard, 0), ("L", outlet, 1), ("U", front, 1)]
    xyz = np.concatenate([part[1] for part in parts])
    size = [len(part[1]) for part in parts]
    low = np.repeat([part[2] for part in parts], size)
    ground = plan.ground(xyz[:, 0], xyz[:, 1])
    count = len(xyz)
    return pa.table({
        "id": pa.concat_arrays([_node(prefix, np.arange(n)) for (prefix, *_), n in zip(parts, size, strict=True)]), "geometry": wkb(shapely.points(xyz)),
        "lifecycle": always("in_service", count), "ground_elevation": np.round(ground, 3), "depth": np.round(ground - xyz[:, 2], 3), "elevation": xyz[:, 2],
        "nominal_pressure": np.where(low == 1, 2_000.0, design.MEDIUM), "pressure_class": chosen(("MP-A", "LP"), low), "temperature": always(TEMPERATURE, count),
        "status": always("0", count), "in_service": always(True, count),
    })


def _stations(plan: CityPlan, at: np.ndarray, mains: Mains, yard: np.ndarray, medium: Corridor) -> pa.Table:
    count = len(at)
    stem = np.char.rstrip(plan.street_name[plan.building_street[at]], "大道路街巷")
    return pa.table({
        "id": asset_ids("gas.station", "G", np.arange(count)), "geometry": wkb(shapely.points(yard + np.array([0.0, 0.0, medium.cover]))),
        "name": texts(np.char.add(stem, "燃气门站")),
        "lifecycle": always("in_service", count), "station_type": always("gate", count), "inlet_pressure": always(1.6e6, count), "outlet_pressure": always(design.MEDIUM, count),
        "capacity": np.round(mains.flow[:count] * design.DENSITY * 1.5, 4), "ground_elevation": plan.building_z[at], "backup_hours": always(24.0, count),
        "road": texts(plan.street_name[plan.building_street[at]]), "status": always("0", count), "in_service": always(True, count),
    })


def _sources(mains: Mains, yard: np.ndarray) -> pa.Table:
    count = len(yard)
    return pa.table({
        "id": asset_ids("gas.source", "G", np.arange(count)), "geometry": wkb(shapely.points(yard)), "lifecycle": always("in_service", count),
        "junction_id": _node("G", np.arange(count)), "control": always("pt", count), "pressure": always(design.MEDIUM, count), "temperature": always(TEMPERATURE, count),
        "fluid": always("natural gas", count), "station_id": asset_ids("gas.station", "G", np.arange(count)), "in_service": always(True, count),
    })


def _pipes(plan: CityPlan, mains: Mains, medium: Corridor, low: Corridor, node: np.ndarray, outlet: np.ndarray, front: np.ndarray,
           yard: np.ndarray) -> tuple[pa.Table, pa.Table, np.ndarray]:
    """Mains (T), ring pipes (O), station outlets (G) and low-pressure pipes (U); valves and the nodes behind them."""
    tree, k, g, o = mains.tree, np.arange(len(yard)), np.arange(len(front)), np.arange(len(mains.ring_street))
    child, lines = medium.courses(plan, tree, node)
    origin = np.concatenate([tree.parent[child], mains.ring_from])
    both, made, cut = cut_behind(np.concatenate([lines, _ring_lines(plan, mains, medium, node)]), np.concatenate(valved(plan, mains)))
    lines, ring = both[: len(child)], both[len(child) :]
    tail = _node("M", origin).to_numpy(zero_copy_only=False).astype(object)
    tail[made] = _node("V", np.arange(len(cut))).to_numpy(zero_copy_only=False)
    paths = street_paths(plan, (mains.reg_street[mains.group_reg], mains.reg_at[mains.group_reg]),
                         (plan.building_street[mains.group_building], plan.building_offset[mains.group_building] - 1.5), plan.block_zone[mains.reg_block][mains.group_reg])
    service = paths.courses(plan, low, outlet[mains.group_reg], front, _own_side(plan, mains, paths))
    stub = shapely.linestrings(np.stack([yard, node[:len(yard)]], axis=1))
    table = pa.concat_tables([
        _pipe_table(plan, "T", child, lines, pa.array(tail[: len(child)], pa.string()), _node("M", child), mains.size[child], tree.street[child], 0),
        _pipe_table(plan, "O", o, ring, pa.array(tail[len(child) :], pa.string()), _node("M", mains.ring_to), mains.ring_size, mains.ring_street, 0),
        _pipe_table(plan, "G", k, stub, _node("G", k), _node("M", k), design.pipe_size(mains.flow[k], design.MEDIUM, design.MEDIUM_SPEED), tree.street[k], 0),
        _pipe_table(plan, "U", g, service, _node("L", mains.group_reg), _node("U", g), design.low_size(mains.group_flow, shapely.length(service)),
                    plan.building_street[mains.group_building], 1),
    ])
    size, street = np.concatenate([mains.size[child], mains.ring_size])[made], np.concatenate([tree.street[child], mains.ring_street])[made]
    return table, _valves(plan, origin[made], size, street, cut), cut


def _own_side(plan: CityPlan, mains: Mains, paths: Paths) -> np.ndarray:
    """(step,) offset of low-pressure pipes: along the building line of their own block."""
    block = mains.reg_block[np.repeat(mains.group_reg, np.diff(paths.first))]
    centre = shapely.get_coordinates(shapely.centroid(plan.block_polygon[block]))
    a, b = plan.street_from[paths.street], plan.street_to[paths.street]
    ax, ay = plan.junction_x[a], plan.junction_y[a]
    left = (plan.junction_x[b] - ax) * (centre[:, 1] - ay) - (plan.junction_y[b] - ay) * (centre[:, 0] - ax) > 0
    return np.where(left, 1.0, -1.0) * (plan.street_width[paths.street] / 2 + BESIDE_LINE)


def _ring_lines(plan: CityPlan, mains: Mains, medium: Corridor, node: np.ndarray) -> np.ndarray:
    street, length = mains.ring_street, plan.street_length[mains.ring_street]
    trim = np.minimum(7.0, 0.35 * length)
    first, last = (medium.level(plan, *medium.point(plan, street, at)) for at in (trim, length - trim))
    every = np.ones(len(street), bool)
    return joined([node[mains.ring_from], first, last, node[mains.ring_to]], [every] * 4)


def _pipe_table(plan: CityPlan, prefix: str, index: np.ndarray, lines: np.ndarray, tail: pa.Array, head: pa.Array, size: np.ndarray, street: np.ndarray, low: int) -> pa.Table:
    count = len(index)
    start, end = (shapely.get_coordinates(shapely.get_point(lines, i), include_z=True) for i in (0, -1))
    ground = [np.round(plan.ground(p[:, 0], p[:, 1]) - p[:, 2], 3) for p in (start, end)]
    steel = size >= 8
    return pa.table({
        "id": asset_ids("gas.pipe", prefix, index), "geometry": wkb(lines), "lifecycle": always("in_service", count), "from_id": tail, "to_id": head,
        "category": always("TR03", count), "feature_code": always("53031000", count), "material": chosen(("PE", "G"), steel), "laying": always("ZM", count),
        "status": always("0", count), "from_elevation": start[:, 2], "to_elevation": end[:, 2], "from_depth": ground[0], "to_depth": ground[1],
        "road": texts(plan.street_name[street]), "diameter": design.PIPES[size, 1], "outer_diameter": design.PIPES[size, 0], "pressure_class": always(("MP-A", "LP")[low], count),
        "design_pressure": always((0.4e6, 10e3)[low], count), "length": np.maximum(np.round(shapely.length(lines), 2), 0.5), "roughness": always(design.ROUGHNESS, count),
        "loss_coefficient": always(0.0, count), "pipe_type": chosen(("PE100 SDR11", "L245 3PE"), steel), "in_service": always(True, count),
    })


def _valves(plan: CityPlan, origin: np.ndarray, size: np.ndarray, street: np.ndarray, cut: np.ndarray) -> pa.Table:
    """Section valves from tree nodes `origin` (v,) to the places `cut` (v, 3) where pipes begin."""
    count = len(origin)
    ground = plan.ground(cut[:, 0], cut[:, 1])
    return pa.table({
        "id": asset_ids("gas.valve", "V", np.arange(count)), "geometry": wkb(shapely.points(cut)), "lifecycle": always("in_service", count),
        "from_id": _node("M", origin), "to_id": _node("V", np.arange(count)), "valve_type": always("section", count), "opened": always(True, count),
        "diameter": design.PIPES[size, 1], "loss_coefficient": always(0.3, count), "pressure_class": always("MP-A", count),
        "remote": size >= 6, "depth": np.round(ground - cut[:, 2], 3), "road": texts(plan.street_name[street]), "in_service": always(True, count),
    })


def _regulators(plan: CityPlan, mains: Mains, outlet: np.ndarray) -> pa.Table:
    count = len(mains.reg_block)
    r = np.arange(count)
    flow = np.bincount(mains.group_reg, weights=mains.group_flow, minlength=count)
    return pa.table({
        "id": asset_ids("gas.regulator", "R", r), "geometry": wkb(shapely.points(outlet + np.array([0.0, 0.6, 0.9]))), "lifecycle": always("in_service", count),
        "from_id": _node("M", mains.node_of[mains.reg_crossing]), "to_id": _node("L", r), "outlet_pressure": always(design.LOW, count),
        "controlled_junction_id": _node("L", r), "diameter": design.PIPES[design.pipe_size(flow, design.LOW, 15.0), 1], "loss_coefficient": always(0.0, count),
        "capacity": np.round(flow * design.DENSITY * 1.3, 6), "active": always(True, count), "in_service": always(True, count),
    })


def _sinks(plan: CityPlan, mains: Mains) -> pa.Table:
    """One consumer per group, at its heaviest building."""
    at, count = mains.group_building, len(mains.group_building)
    homes = plan.building_use[at] == "residential"
    return pa.table({
        "id": asset_ids("gas.sink", "U", np.arange(count)), "geometry": wkb(shapely.points(plan.building_x[at], plan.building_y[at], plan.building_z[at])),
        "lifecycle": always("in_service", count), "junction_id": _node("U", np.arange(count)), "mass_flow": np.round(mains.group_flow * design.DENSITY, 9),
        "scaling": always(1.0, count), "sink_type": texts(plan.building_use[at]), "customers": np.where(homes, np.maximum(1, np.rint(mains.group_people / design.HOUSEHOLD)), 1.0),
        "building_id": asset_ids("buildings.building", "B", at), "min_pressure": always(1_500.0, count), "in_service": always(True, count),
    })


def _detectors(plan: CityPlan, mains: Mains, node: np.ndarray, yard: np.ndarray, medium: Corridor) -> pa.Table:
    """Two in every station, and one beside every few crossings of the mains."""
    watched = np.flatnonzero((mains.tree.kind == JUNCTION) & (plan.street_class[mains.tree.street] <= 1))[::DETECTOR_EVERY]
    k = np.repeat(np.arange(len(yard)), 2)
    number = np.arange(len(k))
    xyz = np.concatenate([yard[k] + np.column_stack([2.0 - 4.0 * (number % 2), np.full(len(k), 2.0), np.full(len(k), medium.cover)]), node[watched] + np.array([0.8, 0.0, 0.4])])
    count = len(xyz)
    return pa.table({
        "id": pa.concat_arrays([asset_ids("gas.detector", "G", number), asset_ids("gas.detector", "M", watched)]), "geometry": wkb(shapely.points(np.round(xyz, 3))),
        "host_id": pa.concat_arrays([asset_ids("gas.station", "G", k), _node("M", watched)]), "lifecycle": always("in_service", count),
        "place": chosen(("station", "valve well"), np.arange(count) >= len(k)), "low_alarm": always(LOW_ALARM, count), "high_alarm": always(HIGH_ALARM, count),
    })


def _sensors(mains: Mains, outlet: np.ndarray, yard: np.ndarray, medium: Corridor) -> pa.Table:
    k, r = np.arange(len(yard)), np.arange(len(outlet))[::SENSOR_EVERY]
    xyz = np.concatenate([yard + np.array([0.0, -2.0, medium.cover]), outlet[r] + np.array([0.5, 0.6, 0.9])])
    count = len(xyz)
    return pa.table({
        "id": pa.concat_arrays([asset_ids("gas.pressure_sensor", "G", k), asset_ids("gas.pressure_sensor", "R", r)]), "geometry": wkb(shapely.points(np.round(xyz, 3))),
        "host_id": pa.concat_arrays([asset_ids("gas.station", "G", k), asset_ids("gas.regulator", "R", r)]), "lifecycle": always("in_service", count),
        "place": chosen(("outlet of the station", "outlet of the regulator"), np.arange(count) >= len(k)), "range_max": np.where(np.arange(count) < len(k), 0.6e6, 10e3),
    })
