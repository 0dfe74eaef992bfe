"""The telecom network of the reference city: exchanges, fibre in ducts along the streets, cabinets, base stations on roofs, data centres."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
import pyarrow as pa
import shapely

from holdfast.engines.layout.route import ROOT, TEE, Corridor, StreetTree, street_paths, street_tree
from holdfast.engines.layout.rows import always, asset_ids, chosen, texts, wkb
from holdfast.model.delivery import Batch

if TYPE_CHECKING:
    from holdfast.engines.layout.plan import CityPlan

COVER = 0.9  # to the top of the duct under carriageways; standards.md 5.4 [recalled]
BLOCKS_PER_CABINET = 4
CELL = 480.0  # spacing of macro cells in built-up areas [m] [proposal]
HOUSEHOLD = 2.62  # persons, census of 2020 [recalled]
SPLIT = 32  # households behind one fibre of a passive network [proposal]
CORES = np.array([12, 24, 48, 96, 144, 288, 432, 576])
SITE_POWER, EXCHANGE_POWER, CENTRE_POWER = 4.5e3, 60e3, 3.0e6  # electric power [W] [proposal]
SITE_HOURS, EXCHANGE_HOURS, CENTRE_HOURS = 3.0, 8.0, 12.0  # on batteries or fuel; first two [recalled-low], data centres GB 50174-2017 [recalled]


@dataclass(slots=True)
class Design:
    """Places of cabinets (c), base stations (b) and data centres (d), and the tree that joins them to the exchanges.

    tee       tree nodes of cabinets, then base stations, then data centres, then exchanges' own manholes are the roots
    fibres    (n,) fibres in the cable to each node
    """

    exchange: np.ndarray
    cabinet: np.ndarray
    site: np.ndarray
    centre: np.ndarray
    households: np.ndarray
    tree: StreetTree
    tee: np.ndarray
    fibres: np.ndarray


def corridor(plan: CityPlan) -> Corridor:
    """On the right of the axis, next to the building line."""
    return Corridor(-(plan.street_width / 2 - 1.0), (-3.0, 3.5), COVER)


def design(plan: CityPlan) -> Design:
    """Where cabinets and base stations stand, and how many fibres run where."""
    from scipy.spatial import cKDTree

    exchange, centre = plan.facilities["exchange"], plan.facilities["data_centre"]
    cabinet, site = _cabinets(plan), _sites(plan)
    _, nearest = cKDTree(np.column_stack([plan.building_x[cabinet], plan.building_y[cabinet]])).query(np.column_stack([plan.building_x, plan.building_y]))
    households = np.bincount(nearest, weights=np.where(plan.building_use == "residential", plan.building_people / HOUSEHOLD, 1.0), minlength=len(cabinet))
    building = np.concatenate([cabinet, site, centre])
    shift = np.repeat([3.0, -2.0, 1.0], [len(cabinet), len(site), len(centre)])  # a cabinet and a mast at one building keep apart
    street = plan.building_street[building]
    at = np.clip(plan.building_offset[building] + shift, 5.0, np.maximum(plan.street_length[street] - 5.0, 5.1))
    tree = street_tree(plan, (plan.building_street[exchange], plan.building_offset[exchange]), tees=(street, _apart(street, at)))
    tee = tree.of(TEE)
    need = np.zeros(len(tree))
    need[tee] = np.concatenate([np.ceil(households / SPLIT) + 4, np.full(len(site), 6), np.full(len(centre), 48)])
    return Design(exchange, cabinet, site, centre, np.rint(households).astype(np.int64), tree, tee, tree.downstream(need))


def _apart(street: np.ndarray, at: np.ndarray) -> np.ndarray:
    """The places, moved to be at least two metres apart on each street."""
    order = np.lexsort((np.arange(len(at)), at, street))
    rank = 2.0 * (np.arange(len(order)) - np.searchsorted(street[order], street[order]))
    span = 1e6 * street[order]
    result = np.empty(len(at))
    result[order] = np.round(np.maximum.accumulate(span + at[order] - rank) + rank - span, 2)
    return result


def _cabinets(plan: CityPlan) -> np.ndarray:
    """A building in every few neighbouring blocks."""
    blocks, first = np.unique(plan.building_block, return_index=True)
    x, y = plan.building_x[first], plan.building_y[first]
    order = np.lexsort((np.arctan2(y - plan.origin[1], x - plan.origin[0]), plan.block_zone[blocks]))
    chosen_blocks = blocks[order][BLOCKS_PER_CABINET // 2 :: BLOCKS_PER_CABINET]
    inside = np.flatnonzero(np.isin(plan.building_block, chosen_blocks))
    rank = np.lexsort((inside, -plan.building_people[inside], plan.building_block[inside]))
    return np.sort(inside[rank][np.unique(plan.building_block[inside[rank]], return_index=True)[1]])


def _sites(plan: CityPlan) -> np.ndarray:
    """The tallest building in every cell of a grid."""
    cell = np.floor((plan.building_x - plan.extent[0]) / CELL) * 100_000 + np.floor((plan.building_y - plan.extent[1]) / CELL)
    order = np.lexsort((np.arange(len(cell)), -plan.building_height, cell))
    return np.sort(order[np.unique(cell[order], return_index=True)[1]])


def sample(plan: CityPlan) -> list[Batch]:
    """Rows of all telecom kinds."""
    plan_of = design(plan)
    lane = corridor(plan)
    node = lane.nodes(plan, plan_of.tree)
    owner = _owners(plan_of)
    return [
        Batch("telecom.exchange", _exchanges(plan, plan_of)), Batch("telecom.cabinet", _cabinet_table(plan, plan_of, node, owner)),
        Batch("telecom.site", _site_table(plan, plan_of, owner)), Batch("telecom.data_centre", _centres(plan, plan_of, owner)),
        Batch("telecom.manhole", _manholes(plan, plan_of, node, owner)), Batch("telecom.fibre", _fibres(plan, plan_of, lane, node, owner)),
    ]


def _owners(plan_of: Design) -> np.ndarray:
    """(n,) id of the asset that each tree node is: cabinets stand at their node, all others are manholes."""
    ids = asset_ids("telecom.manhole", "M", np.arange(len(plan_of.tree))).to_numpy(zero_copy_only=False).astype(object)
    ids[plan_of.tee[: len(plan_of.cabinet)]] = asset_ids("telecom.cabinet", "C", np.arange(len(plan_of.cabinet))).to_numpy(zero_copy_only=False)
    return ids


def _at(plan: CityPlan, building: np.ndarray, *, roof: bool = False) -> pa.Array:
    height = plan.building_height[building] if roof else 0.0
    return wkb(shapely.points(plan.building_x[building], plan.building_y[building], np.round(plan.building_z[building] + height, 2)))


def _exchanges(plan: CityPlan, plan_of: Design) -> pa.Table:
    at, count = plan_of.exchange, len(plan_of.exchange)
    stem = np.char.rstrip(plan.street_name[plan.building_street[at]], "大道路街巷")
    served = np.bincount(plan_of.tree.root[plan_of.tee[: len(plan_of.cabinet)]], weights=plan_of.households, minlength=count)
    return pa.table({
        "id": asset_ids("telecom.exchange", "X", np.arange(count)), "geometry": _at(plan, at), "name": texts(np.char.add(stem, "通信机房")),
        "lifecycle": always("in_service", count), "exchange_type": chosen(("core", "aggregation"), np.arange(count) > 1), "customers": served,
        "building_id": asset_ids("buildings.building", "B", at),
        "bandwidth": always(400e9, count), "power_demand": always(EXCHANGE_POWER, count), "backup_hours": always(EXCHANGE_HOURS, count), "ground_elevation": plan.building_z[at],
        "road": texts(plan.street_name[plan.building_street[at]]), "status": always("0", count), "in_service": always(True, count),
    })


def _upstream(plan_of: Design, owner: np.ndarray, node: np.ndarray) -> pa.Array:
    return pa.array(owner[plan_of.tree.parent[node]], pa.string())


def _cabinet_table(plan: CityPlan, plan_of: Design, node: np.ndarray, owner: np.ndarray) -> pa.Table:
    count = len(plan_of.cabinet)
    tee = plan_of.tee[:count]
    used = np.ceil(plan_of.households / SPLIT)
    ground = plan.ground(node[tee, 0], node[tee, 1])
    return pa.table({
        "id": asset_ids("telecom.cabinet", "C", np.arange(count)), "geometry": wkb(shapely.points(node[tee, 0], node[tee, 1], np.round(ground, 3))),
        "lifecycle": always("in_service", count), "node_id": _upstream(plan_of, owner, tee), "capacity": CORES[np.searchsorted(CORES, np.minimum(2 * used, 576))].astype(float),
        "used": used, "customers": plan_of.households.astype(float), "passive": always(True, count), "ground_elevation": np.round(ground, 3),
        "road": texts(plan.street_name[plan_of.tree.street[tee]]), "status": always("0", count), "in_service": always(True, count),
    })


def _site_table(plan: CityPlan, plan_of: Design, owner: np.ndarray) -> pa.Table:
    at, count = plan_of.site, len(plan_of.site)
    tee = plan_of.tee[len(plan_of.cabinet) : len(plan_of.cabinet) + count]
    return pa.table({
        "id": asset_ids("telecom.site", "B", np.arange(count)), "geometry": _at(plan, at, roof=True), "lifecycle": always("in_service", count),
        "node_id": pa.array(owner[tee], pa.string()), "site_type": always("macro", count), "generation": always("4G+5G", count),
        "antenna_height": np.round(plan.building_height[at] + 4.0, 2), "radius": always(0.75 * CELL, count), "frequency": always(3.5e9, count),
        "power_demand": always(SITE_POWER, count), "building_id": asset_ids("buildings.building", "B", at), "backup_hours": always(SITE_HOURS, count),
        "ground_elevation": plan.building_z[at], "status": always("0", count), "in_service": always(True, count),
    })


def _centres(plan: CityPlan, plan_of: Design, owner: np.ndarray) -> pa.Table:
    at, count = plan_of.centre, len(plan_of.centre)
    stem = np.char.rstrip(plan.street_name[plan.building_street[at]], "大道路街巷")
    return pa.table({
        "id": asset_ids("telecom.data_centre", "D", np.arange(count)), "geometry": _at(plan, at), "name": texts(np.char.add(stem, "数据中心")),
        "lifecycle": always("in_service", count), "node_id": pa.array(owner[plan_of.tee[-count:]], pa.string()), "building_id": asset_ids("buildings.building", "B", at),
        "tier": always("A", count), "racks": always(500, count), "power_demand": always(CENTRE_POWER, count), "backup_hours": always(CENTRE_HOURS, count),
        "cooling_backup_hours": always(CENTRE_HOURS, count), "ground_elevation": plan.building_z[at], "status": always("0", count), "in_service": always(True, count),
    })


def _manholes(plan: CityPlan, plan_of: Design, node: np.ndarray, owner: np.ndarray) -> pa.Table:
    """At crossings, before exchanges, and where drops leave the duct."""
    rows = np.setdiff1d(np.arange(len(node)), plan_of.tee[: len(plan_of.cabinet)])
    ground = plan.ground(node[rows, 0], node[rows, 1])
    kind = plan_of.tree.kind[rows]
    return pa.table({
        "id": pa.array(owner[rows], pa.string()), "geometry": wkb(shapely.points(node[rows])), "lifecycle": always("in_service", len(rows)),
        "manhole_type": chosen(("manhole", "handhole"), kind == TEE), "cover_size": always("0.75", len(rows)), "attachment": chosen(("人孔", "手孔"), kind == TEE),
        "ground_elevation": np.round(ground, 3), "depth": np.round(ground - node[rows, 2], 3), "well_bottom_depth": np.where(kind == TEE, 1.4, 1.9),
        "road": texts(plan.street_name[plan_of.tree.street[rows]]), "status": always("0", len(rows)),
    })


def _fibres(plan: CityPlan, plan_of: Design, lane: Corridor, node: np.ndarray, owner: np.ndarray) -> pa.Table:
    """Feeders (F) of the tree, drops (E exchange, B base station, D data centre), and trunks (T) from exchange to exchange."""
    tree = plan_of.tree
    child, lines = lane.courses(plan, tree, node)
    level = np.where(plan.street_class[tree.street[child]] <= 1, 1, 2)
    tables = [_fibre_table(plan, "F", child, lines, owner[tree.parent[child]], owner[child], plan_of.fibres[child], level, tree.street[child], ducts=6)]
    skip = len(plan_of.cabinet)
    spots = [("E", plan_of.exchange, tree.of(ROOT), "exchange", "X", 288), ("B", plan_of.site, plan_of.tee[skip : skip + len(plan_of.site)], "site", "B", 6),
             ("D", plan_of.centre, plan_of.tee[skip + len(plan_of.site) :], "data_centre", "D", 48)]
    for prefix, building, at, kind, letter, need in spots:
        number = np.arange(len(building))
        z = plan.building_z[building] - COVER
        drop = shapely.linestrings(np.stack([node[at], np.column_stack([plan.building_x[building], plan.building_y[building], np.round(z, 3)])], axis=1))
        target = asset_ids(f"telecom.{kind}", letter, number).to_numpy(zero_copy_only=False)
        tables.append(_fibre_table(plan, prefix, number, drop, owner[at], target, np.full(len(number), need), np.full(len(number), 3), tree.street[at], ducts=2))
    if len(plan_of.exchange) > 1:
        tables.append(_trunks(plan, plan_of, lane, node, owner))
    return pa.concat_tables(tables)


def _trunks(plan: CityPlan, plan_of: Design, lane: Corridor, node: np.ndarray, owner: np.ndarray) -> pa.Table:
    """A ring of trunk cables between the exchanges' manholes, by bearing from the middle of the city."""
    bearing = np.arctan2(plan.building_y[plan_of.exchange] - plan.origin[1], plan.building_x[plan_of.exchange] - plan.origin[0])
    tail = np.argsort(bearing, kind="stable")
    head = np.roll(tail, -1)
    if len(tail) == 2:
        tail, head = tail[:1], head[:1]
    root, tree = plan_of.tree.of(ROOT), plan_of.tree
    a, b = root[tail], root[head]
    paths = street_paths(plan, (tree.street[a], tree.at[a]), (tree.street[b], tree.at[b]), np.arange(len(tail)))
    lines = paths.courses(plan, lane, node[a], node[b])
    return _fibre_table(plan, "T", np.arange(len(tail)), lines, owner[a], owner[b], np.full(len(tail), 144), np.zeros(len(tail), int), tree.street[a], ducts=6)


def _fibre_table(plan: CityPlan, prefix: str, index: np.ndarray, lines: np.ndarray, tail: np.ndarray, head: np.ndarray, need: np.ndarray, level: np.ndarray,
                 street: np.ndarray, *, ducts: int) -> pa.Table:
    count = len(index)
    start, end = (shapely.get_coordinates(shapely.get_point(lines, i), include_z=True) for i in (0, -1))
    depth = [np.round(np.maximum(plan.ground(p[:, 0], p[:, 1]) - p[:, 2], 0.0), 3) for p in (start, end)]
    return pa.table({
        "id": asset_ids("telecom.fibre", prefix, index), "geometry": wkb(lines), "lifecycle": always("in_service", count), "from_id": pa.array(tail, pa.string()),
        "to_id": pa.array(head, pa.string()), "category": always("XX03", count), "feature_code": always("56031000", count), "material": always("GX", count),
        "laying": always("GK", count), "status": always("0", count), "from_elevation": start[:, 2], "to_elevation": end[:, 2], "from_depth": depth[0], "to_depth": depth[1],
        "road": texts(plan.street_name[street]), "fibre_type": chosen(("trunk", "feeder", "distribution", "drop"), level),
        "cores": CORES[np.minimum(np.searchsorted(CORES, need), len(CORES) - 1)], "cores_used": np.minimum(need, CORES[-1]).astype(np.int64), "ducts": always(ducts, count),
        "ducts_used": always(max(1, ducts // 2), count), "duct_width": always(0.36 if ducts > 2 else 0.11, count), "duct_height": always(0.24 if ducts > 2 else 0.11, count),
        "length": np.round(shapely.length(lines) * 1.03, 2), "in_service": always(True, count),
    })
