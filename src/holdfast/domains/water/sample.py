"""The water network of the reference city: works, transmission, districts with looped mains, secondary supply, hydrants, devices."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from holdfast.engines.layout.mains import spot, street_courses
from holdfast.engines.layout.rows import always, asset_ids, chosen, texts
from holdfast.model import geometry
from holdfast.model.delivery import Batch
from holdfast.model.tables import LINK

from . import sample_design as design
from .sample_design import COVER, TRUNK_COVER, Design
from .sample_points import hydrants, isolation_valves, sensors
from .sample_stations import controls, curves, high_floors, pumps, stations, tanks, yard

if TYPE_CHECKING:
    from holdfast.engines.layout.plan import CityPlan

SPOT, TRUNK_SPOT = (-3.5, -3.0), (-5.0, -4.5)  # of nodes beside the middle of crossings, east and north [m]
FROM_BUILDING_LINE, TRUNK_FROM_LINE = 5.0, 6.5  # right of the axis; telecom and gas lie outside, storm and sewage inside
MATERIALS, C_FACTORS = ("PE", "QM", "G"), np.array([140.0, 130.0, 125.0])
FIRST_YEAR, LAST_YEAR = 1985, 2012  # older than the first survey of the sample


def sample(plan: CityPlan) -> list[Batch]:
    """Rows of all water kinds."""
    made = design.design(plan)
    places = node_places(plan, made)
    high = high_floors(plan, made, places)
    pipes = _pipes(plan, made, places, high)
    pump_table, curve_keys = pumps(plan, made, places, high)
    patterns = pa.table({"id": ["water.pattern:domestic"], "multipliers": [json.dumps(design.pattern().tolist())], "name": ["domestic demand over a day"]})
    return [
        Batch("water.junction", _junctions(plan, made, places, high)), Batch("water.reservoir", _reservoir(plan, made)),
        Batch("water.tank", tanks(plan, made, high)), Batch("water.pipe", pipes), Batch("water.pump", pump_table), Batch("water.curve", curves(curve_keys)),
        Batch("water.pattern", patterns), Batch("water.control", controls(made, high)), *stations(plan, made, places, high),
        Batch("water.isolation_valve", isolation_valves(plan, made, offset(plan))), Batch("water.hydrant", hydrants(plan, offset(plan))),
        *sensors(plan, made, places, high),
    ]  # fmt: skip


def links(plan: CityPlan) -> pa.Table:
    """Who draws where: low buildings at the gate of their estate, tall ones behind their pumps. The demand of these nodes is made of the same people."""
    made = design.design(plan)
    gates, count = made.estates, len(plan.building_x)
    block, tall = gates.block[gates.of], gates.tall & made.boosted[gates.of]
    gate, pumped = asset_ids("water.junction", "B", block), asset_ids("water.secondary_supply", "", block)
    return pa.table([
        pc.if_else(pa.array(tall), pumped, gate), asset_ids("buildings.building", "B", np.arange(count)), always("serves", count), always("water", count),
        always(0.0, count), always("reference city", count),
    ], schema=LINK)  # fmt: skip


def offset(plan: CityPlan) -> np.ndarray:
    """(S,) of mains from the street axis."""
    return -(plan.street_width / 2 - FROM_BUILDING_LINE)


def node_places(plan: CityPlan, made: Design) -> dict[str, np.ndarray]:
    """(n, 3) coordinates of nodes by prefix, z at the pipe: crossings C, gates B, station outlets P, transmission crossings T, works Q, tank valves V."""
    every, gates = np.arange(len(plan.junction_x)), made.estates
    half = plan.street_width[gates.street] / 2
    site = made.station
    site_xy = np.column_stack([plan.building_x[site], plan.building_y[site]])
    flat = {
        "C": np.column_stack(spot(plan, every, SPOT)),
        "B": np.column_stack(plan.along(gates.street, gates.at, gates.side * (half + 1.2))),
        "P": site_xy + np.array([6.0, 2.0]),
        "T": np.column_stack(spot(plan, np.flatnonzero(made.trunk_used), TRUNK_SPOT)),
        "Q": site_xy[:1] + np.array([6.0, -6.0]),  # transmission pumps of the works
        "V": site_xy[1:] + np.array([-4.0, -9.0]),  # behind the valves that fill the ground tanks
    }
    cover = dict.fromkeys("TQV", TRUNK_COVER)
    return {name: np.round(np.column_stack([xy, plan.ground(xy[:, 0], xy[:, 1]) - cover.get(name, COVER)]), 3) for name, xy in flat.items()}


def _junctions(plan: CityPlan, made: Design, places: dict[str, np.ndarray], high: Any) -> pa.Table:
    parts = [("C", np.arange(len(plan.junction_x))), ("B", made.estates.block), ("P", np.arange(len(made.station)))]
    if len(made.station) > 1:
        parts += [("T", np.flatnonzero(made.trunk_used)), ("Q", np.zeros(1, np.int64)), ("V", np.arange(1, len(made.station)))]
    parts += [("E", made.estates.block[high.estate[high.tank]]), ("H", made.estates.block[high.estate])]
    places = {**places, "E": high.mouth(), "H": high.node}
    xyz = np.concatenate([places[name] for name, _ in parts])
    ids = pa.concat_arrays([asset_ids("water.junction", name, index) for name, index in parts])
    count, first = len(xyz), len(plan.junction_x)
    demand, people = np.zeros(count), np.zeros(count)
    gates = slice(first, first + len(made.estates))
    demand[gates], people[gates] = made.low, made.estates.low + made.estates.low_others
    demand[count - len(high.estate) :], people[count - len(high.estate) :] = made.high[high.estate], (made.estates.high + made.estates.high_others)[high.estate]
    ground = np.round(plan.ground(xyz[:, 0], xyz[:, 1]), 3)
    drawn = demand > 0
    return pa.table({
        "id": ids, "geometry": geometry.points(xyz[:, 0], xyz[:, 1], xyz[:, 2]), "lifecycle": always("in_service", count), "ground_elevation": ground,
        "depth": np.maximum(np.round(ground - xyz[:, 2], 3), 0.0), "elevation": xyz[:, 2], "demand": np.round(demand, 8),
        "demand_pattern": _where(drawn),
        "population": pa.array(people, mask=people <= 0), "status": always("0", count),
    })  # fmt: skip


def _where(drawn: np.ndarray) -> pa.Array:
    return pa.array(["water.pattern:domestic"], pa.string()).take(pa.array(np.zeros(len(drawn), np.int64), mask=~drawn))


def _reservoir(plan: CityPlan, made: Design) -> pa.Table:
    site = made.station[:1]
    x, y, z = plan.building_x[site], plan.building_y[site] - 10.0, plan.building_z[site]
    return pa.table({
        "id": ["water.reservoir:W0"], "geometry": geometry.points(x, y, z), "name": ["清水池"], "lifecycle": ["in_service"], "head": z, "ground_elevation": z,
    })  # fmt: skip


def _pipes(plan: CityPlan, made: Design, places: dict[str, np.ndarray], high: Any) -> pa.Table:
    """Street mains M, service pipes S, station outlets X, transmission mains T, tank inlets Y and F, and the ends N of the latter."""
    parts = [_mains(plan, made), _services(plan, made, places), _outlets(made, places), _transmission(plan, made, places), _tank_inlets(plan, made, places),
             high.inlets(), high.gaps()]  # fmt: skip
    tables = [_pipe_table(plan, *part) for part in parts if len(part[0])]
    return pa.concat_tables(tables)


def _course(plan: CityPlan, xy: np.ndarray, cover: float = COVER) -> np.ndarray:
    """(n, k, 3) lines whose top lies so far under the ground."""
    z = plan.ground(xy[..., 0].ravel(), xy[..., 1].ravel()).reshape(xy.shape[:2]) - cover
    return np.round(np.concatenate([xy, z[..., None]], axis=2), 3)


def _mains(plan: CityPlan, made: Design) -> tuple[Any, ...]:
    street = np.arange(len(plan.street_from))
    course = _course(plan, street_courses(plan, street, np.zeros(len(street), bool), offset(plan), SPOT))
    ends = [asset_ids("water.junction", "C", part) for part in (plan.street_from, plan.street_to)]
    return asset_ids("water.pipe", "M", street), *ends, course, made.diameter, {"closed": made.closed, "street": street}


def _services(plan: CityPlan, made: Design, places: dict[str, np.ndarray]) -> tuple[Any, ...]:
    gates = made.estates
    length = plan.street_length[gates.street]
    at_end = gates.crossing == plan.street_to[gates.street]
    trim = np.minimum(np.minimum(7.0, 0.35 * length), np.where(at_end, length - gates.at, gates.at))
    start = np.where(at_end, length - trim, trim)
    row = offset(plan)[gates.street]
    xy = np.stack([
        places["C"][gates.crossing][:, :2], np.column_stack(plan.along(gates.street, start, row)), np.column_stack(plan.along(gates.street, gates.at, row)), places["B"][:, :2],
    ], axis=1)  # fmt: skip
    ends = asset_ids("water.junction", "C", gates.crossing), asset_ids("water.junction", "B", gates.block)
    return asset_ids("water.pipe", "S", gates.block), *ends, _course(plan, xy), made.service, {"street": gates.street}


def _outlets(made: Design, places: dict[str, np.ndarray]) -> tuple[Any, ...]:
    """From each station's pumps to the street, and from the transmission pumps of the works."""
    count = len(made.station)
    k = np.arange(count)
    course = np.stack([places["P"], places["C"][made.crossing]], axis=1)
    diameter = np.maximum(0.3, design.pick(made.mean * design.PEAK, 1.3))
    ids, tail, head = asset_ids("water.pipe", "X", k), asset_ids("water.junction", "P", k), asset_ids("water.junction", "C", made.crossing)
    if count == 1:
        return ids, tail, head, course, diameter, {"street": np.full(count, -1)}
    used = np.flatnonzero(made.trunk_used)
    root = int(np.searchsorted(used, made.crossing[0]))
    course = np.concatenate([course, np.stack([places["Q"], places["T"][root : root + 1]], axis=1)])
    diameter = np.append(diameter, max(0.3, float(design.pick(np.array([1.25 * made.mean[1:].sum()]), 1.2)[0])))
    extra = [asset_ids("water.pipe", "XQ", np.zeros(1)), asset_ids("water.junction", "Q", np.zeros(1)), asset_ids("water.junction", "T", made.crossing[:1])]
    joined = [pa.concat_arrays([a, b]) for a, b in zip((ids, tail, head), extra, strict=True)]
    return *joined, course, diameter, {"street": np.full(count + 1, -1)}


def _transmission(plan: CityPlan, made: Design, places: dict[str, np.ndarray]) -> tuple[Any, ...]:
    node = np.flatnonzero(made.trunk_used & (made.trunk.parent >= 0)) if len(made.station) > 1 else np.zeros(0, np.int64)
    parent, street = made.trunk.parent[node], made.trunk.street[node]
    row = -(plan.street_width / 2 - TRUNK_FROM_LINE)
    course = _course(plan, street_courses(plan, street, plan.street_to[street] == parent, row, TRUNK_SPOT), TRUNK_COVER)
    ends = asset_ids("water.junction", "T", parent), asset_ids("water.junction", "T", node)
    return asset_ids("water.pipe", "T", node), *ends, course, made.trunk_diameter[node], {"street": street, "transmission": True}


def _tank_inlets(plan: CityPlan, made: Design, places: dict[str, np.ndarray]) -> tuple[Any, ...]:
    k = np.arange(1, len(made.station))
    course = _course(plan, np.stack([places["V"], yard(plan, made)[1:]], axis=1)[..., :2], TRUNK_COVER)
    ends = asset_ids("water.junction", "V", k), asset_ids("water.tank", "K", k)
    return asset_ids("water.pipe", "Y", k), *ends, course, np.maximum(0.3, design.pick(1.15 * made.mean[1:], 1.5)), {"transmission": True}


def _pipe_table(plan: CityPlan, ids: pa.Array, tail: pa.Array, head: pa.Array, course: np.ndarray, diameter: np.ndarray, more: dict[str, Any]) -> pa.Table:
    """Rows of one group of pipes; `more` may hold street, closed, transmission, minor_loss, check_valve."""
    count = len(ids)
    street = more.get("street", np.full(count, -1))
    prefix = ids[0].as_py().partition(":")[2][:2]
    year = plan.rng(f"water.years.{prefix}").integers(FIRST_YEAR, LAST_YEAR + 1, count)
    material = np.where(diameter <= 0.2, 0, np.where(diameter >= 1.0, 2, 1))
    length = np.hypot(*np.moveaxis(np.diff(course[..., :2], axis=1), 2, 0)).sum(axis=1)
    ground = plan.ground(course[:, [0, -1], 0], course[:, [0, -1], 1])
    depth = np.round(ground - course[:, [0, -1], 2], 3)
    bridge = np.where(street >= 0, plan.street_bridge[street], False)
    return pa.table({
        "id": ids, "from_id": tail, "to_id": head, "geometry": geometry.lines(course), "lifecycle": always("in_service", count),
        "category": always("SS02" if more.get("transmission") else "JP04", count),
        "feature_code": always("51021000" if more.get("transmission") else "51041000", count), "material": chosen(MATERIALS, material),
        "laying": chosen(("ZM", "SX"), bridge), "status": always("0", count), "build_date": _dates(year), "from_elevation": course[:, 0, 2],
        "to_elevation": course[:, -1, 2], "from_depth": depth[:, 0], "to_depth": depth[:, 1],
        "road": texts(np.where(street >= 0, plan.street_name[street], "")), "diameter": diameter, "length": np.round(np.maximum(length, 0.5), 3),
        "hazen_williams_c": C_FACTORS[material], "minor_loss": np.round(more.get("minor_loss", np.zeros(count)), 3),
        "initial_status": chosen(("OPEN", "CLOSED"), more.get("closed", np.zeros(count, bool))), "check_valve": always(more.get("check_valve", False), count),
    })  # fmt: skip


def _dates(year: np.ndarray) -> pa.Array:
    """The first of July of each year."""
    return pa.array(np.array([f"{y}-07-01" for y in range(FIRST_YEAR, LAST_YEAR + 1)], "datetime64[D]")[year - FIRST_YEAR])
