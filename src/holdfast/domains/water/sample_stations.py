"""Pumps, tanks and stations of the reference city's water network, and the supply of tall buildings."""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
import pyarrow as pa

from holdfast.engines.layout.rows import always, asset_ids, chosen, texts
from holdfast.model import geometry
from holdfast.model.delivery import Batch

from . import sample_design as design
from .sample_design import COVER, Design

if TYPE_CHECKING:
    from holdfast.engines.layout.plan import CityPlan

DUTY, STANDBY = 3, 1  # pumps of a station
GROUND_TANK, ROOM_TANK = 5.0, 3.0  # depth [m]
STORED, ROOM_STORED = 8 * 3600.0, 10 * 3600.0  # of mean demand; at most 24 h in secondary supply [recalled, standards.md 6.2]
ROOM_RISE, FLOW_STEP, HEAD_STEP = 1.08, 1.3, 4.0  # pumps of tall buildings come in steps
INTO_ROOM = 4.0  # from the building line to the middle of a pump room [m]
EFFICIENCY, WATER = 0.72, 9806.65
_FULL, _REFILL = 0.9, 0.75  # of the tank depth
Curve = tuple[str, float, float, float]
"""Name, duty flow [m3/s], duty head [m], shut-off over duty head."""


@dataclass(frozen=True, slots=True)
class HighFloors:
    """Tall buildings of an estate, fed by pumps of their own. estate: (h,) of the design's estates; tank: those of them fed from a tank.

    node   (h,) points of supply at the top floor, z its level
    flow, head   (h,) duty of the pump [m3/s], [m]
    """

    plan: CityPlan
    made: Design
    estate: np.ndarray
    tank: np.ndarray
    node: np.ndarray
    room: np.ndarray
    flow: np.ndarray
    head: np.ndarray

    def inlets(self) -> tuple[Any, ...]:
        """Pipes F from the gate to the tank's room, which float valves shut."""
        at = self.estate[self.tank]
        block = self.made.estates.block[at]
        course = np.stack([_gate(self.plan, self.made, at), self.mouth()], axis=1)
        return asset_ids("water.pipe", "F", block), asset_ids("water.junction", "B", block), asset_ids("water.junction", "E", block), course, self._bore(), {}

    def gaps(self) -> tuple[Any, ...]:
        """Nozzles N from each inlet into its tank, throttled to about `FILL` times the mean demand at 20 m of head.

        Through the air gap behind them nothing comes back. A pipe with a check valve takes no controls, so F has them.
        """
        at = self.estate[self.tank]
        block = self.made.estates.block[at]
        loss = 20.0 * 19.62 / (design.FILL * self.made.high[at] / (np.pi / 4 * self._bore() ** 2)) ** 2
        course = np.stack([self.mouth(), self.room[self.tank] - np.array([0.0, 0.0, COVER])], axis=1)
        more = {"minor_loss": loss, "check_valve": True}
        return asset_ids("water.pipe", "N", block), asset_ids("water.junction", "E", block), asset_ids("water.tank", "Z", block), course, self._bore(), more

    def mouth(self) -> np.ndarray:
        """(t, 3) where inlets end, just before the tanks."""
        return _beside_street(self.plan, self.made, self.estate[self.tank], INTO_ROOM - 0.6)

    def _bore(self) -> np.ndarray:
        return np.maximum(0.1, design.pick(design.FILL * self.made.high[self.estate[self.tank]], 1.0))


def _gate(plan: CityPlan, made: Design, at: np.ndarray) -> np.ndarray:
    return _beside_street(plan, made, at, 1.2)


def _beside_street(plan: CityPlan, made: Design, at: np.ndarray, inward: float) -> np.ndarray:
    """(n, 3) points in the ground by the gates of estates `at`, so far [m] inside the building line."""
    gates = made.estates
    xy = np.column_stack(plan.along(gates.street[at], gates.at[at], gates.side[at] * (plan.street_width[gates.street[at]] / 2 + inward)))
    return np.round(np.column_stack([xy, plan.ground(xy[:, 0], xy[:, 1]) - COVER]), 3)


def high_floors(plan: CityPlan, made: Design, places: dict[str, np.ndarray]) -> HighFloors:
    """Where tall buildings are supplied and what their pumps must do."""
    estate = np.flatnonzero(made.boosted)
    gates = made.estates
    gate = places["B"][estate]
    ground = gate[:, 2] + COVER
    inward = np.column_stack(plan.along(gates.street[estate], gates.at[estate], gates.side[estate] * (plan.street_width[gates.street[estate]] / 2 + INTO_ROOM)))
    top = np.round(ground + design.STOREY * (gates.storeys[estate] - 1) + 1.0, 3)
    node = np.column_stack([np.round(inward, 3) + np.array([0.6, 0.6]), top])
    room = np.round(np.column_stack([inward, plan.ground(*inward.T)]), 3)
    tanked = made.tanked[estate]
    root = made.districts.root[gates.crossing[estate]]
    before = np.where(tanked, ground + 0.5, made.head[root] - made.loss[gates.crossing[estate]] - 2.5)
    head = np.maximum(top + design.LEAST_PRESSURE - before, 10.0)
    flow = np.maximum(made.high[estate] * design.PEAK, 5e-4)
    step = np.ceil(np.log(flow / 5e-4) / np.log(FLOW_STEP) - 1e-9)
    return HighFloors(plan, made, estate, tanked, node, room, 5e-4 * FLOW_STEP**step, np.ceil(head / HEAD_STEP) * HEAD_STEP)


def _duty(plan: CityPlan, made: Design) -> tuple[np.ndarray, np.ndarray]:
    """Flow and head of one duty pump of each station."""
    return made.mean * design.PEAK * 1.05 / DUTY, made.head - plan.building_z[made.station] + 1.0


def pumps(plan: CityPlan, made: Design, places: dict[str, np.ndarray], high: HighFloors) -> tuple[pa.Table, list[Curve]]:
    """Rows of all pumps and the curves they need."""
    count = len(made.station)
    flow, head = _duty(plan, made)
    each = DUTY + STANDBY
    k = np.repeat(np.arange(count), each)
    number = np.tile(np.arange(each), count)
    source = pa.concat_arrays([asset_ids("water.reservoir", "W", np.zeros(each)), asset_ids("water.tank", "K", k[each:])])
    curve = [(f"K{i}", float(flow[i]), float(head[i]), float(made.rise[i])) for i in range(count)]
    sites = yard(plan, made)
    groups = [_pump_rows(k * 10 + number, "K", source, asset_ids("water.junction", "P", k), np.stack([sites[k], places["P"][k]], axis=1), k, number,
                         [f"K{i}" for i in k], k)]  # fmt: skip
    if count > 1:
        total = float(1.25 * made.mean[1:].sum() / DUTY)
        curve.append(("Q", total, made.trunk_head - float(plan.building_z[made.station[0]]), 1.12))
        number = np.arange(each)
        none = np.zeros(each, np.int64)
        groups.append(_pump_rows(number, "Q", asset_ids("water.reservoir", "W", none), asset_ids("water.junction", "Q", none),
                                 np.stack([sites[none], places["Q"][none]], axis=1), none, number, ["Q"] * each, none))  # fmt: skip
    block = made.estates.block[high.estate]
    names = [f"H{q:.4g}-{h:.0f}" for q, h in zip((high.flow * 1e3).tolist(), high.head.tolist(), strict=True)]
    curve += [(name, q, h, ROOM_RISE) for name, (q, h) in dict(zip(names, zip(high.flow.tolist(), high.head.tolist(), strict=True), strict=True)).items()]
    tank, gate = asset_ids("water.tank", "Z", block), asset_ids("water.junction", "B", block)
    start = np.where(high.tank[:, None], high.room, places["B"][high.estate])
    tail = pa.array(np.where(high.tank, np.asarray(tank.to_pylist(), object), np.asarray(gate.to_pylist(), object)), pa.string())
    if len(block):
        groups.append(_pump_rows(block, "H", tail, asset_ids("water.junction", "H", block), np.stack([start, high.node], axis=1), block, np.zeros(len(block), int), names, None))
    return pa.concat_tables(groups), curve


def yard(plan: CityPlan, made: Design) -> np.ndarray:
    """(k, 3) where each station draws: the clear-water tank of the works, the ground tanks of the others."""
    site = made.station
    xy = np.column_stack([plan.building_x[site], plan.building_y[site]])
    xy[0, 1] -= 10.0
    xy[1:] += np.array([-8.0, -6.0])
    return np.round(np.column_stack([xy, plan.ground(*xy.T)]), 3)


def _pump_rows(
    index: np.ndarray, prefix: str, tail: pa.Array, head: pa.Array, course: np.ndarray, number: np.ndarray, rank: np.ndarray, curve: list[str], station: np.ndarray | None
) -> pa.Table:
    count = len(index)
    of = asset_ids("water.secondary_supply", "", number) if station is None else asset_ids("water.pump_station", "", station)
    return pa.table({
        "id": asset_ids("water.pump", prefix, index), "from_id": tail, "to_id": head, "geometry": geometry.lines(course),
        "lifecycle": always("in_service", count), "head_curve": texts([f"water.curve:{name}" for name in curve]), "speed": always(1.0, count),
        "initial_status": chosen(("OPEN", "CLOSED"), rank >= DUTY), "station": of,
    })  # fmt: skip


def curves(keys: list[Curve]) -> pa.Table:
    """Head curves through shut-off, duty and one and a half times the duty flow, falling by the square of the flow."""
    rows = []
    for name, flow, head, rise in keys:
        fall = (rise - 1.0) * head
        x = [0.0, round(flow, 7), round(1.5 * flow, 7)]
        y = [round(head + fall, 4), round(head, 4), round(head + fall - 2.25 * fall, 4)]
        rows.append({"id": f"water.curve:{name}", "use": "PUMP", "x": json.dumps(x), "y": json.dumps(y)})
    return pa.Table.from_pylist(rows)


def tanks(plan: CityPlan, made: Design, high: HighFloors) -> pa.Table:
    """Ground tanks of stations K and tanks of pump rooms Z."""
    sites = yard(plan, made)[1:]
    room, block = high.room[high.tank], made.estates.block[high.estate[high.tank]]
    xyz = np.concatenate([sites, room])
    count, stations_ = len(xyz), len(sites)
    depth = np.concatenate([np.full(stations_, GROUND_TANK), np.full(len(room), ROOM_TANK)])
    volume = np.concatenate([made.mean[1:] * STORED, made.high[high.estate[high.tank]] * ROOM_STORED])
    ids = pa.concat_arrays([asset_ids("water.tank", "K", np.arange(1, len(made.station))), asset_ids("water.tank", "Z", block)])
    return pa.table({
        "id": ids, "geometry": geometry.points(xyz[:, 0], xyz[:, 1], xyz[:, 2]), "lifecycle": always("in_service", count), "ground_elevation": xyz[:, 2],
        "elevation": xyz[:, 2], "initial_level": 0.75 * depth, "minimum_level": 0.1 * depth, "maximum_level": 0.95 * depth,
        "diameter": np.round(np.sqrt(4 * np.maximum(volume, 5.0) / (np.pi * depth)), 2), "minimum_volume": np.zeros(count),
    })  # fmt: skip


def controls(made: Design, high: HighFloors) -> pa.Table:
    """Inlets of tanks close when the tank is full and open when it is three quarters full."""
    block = made.estates.block[high.estate[high.tank]].tolist()
    rows = [(f"Z{b}", f"LINK F{b} CLOSED IF NODE Z{b} ABOVE {_FULL * ROOM_TANK:g}", f"LINK F{b} OPEN IF NODE Z{b} BELOW {_REFILL * ROOM_TANK:g}") for b in block]
    for k, flow in enumerate(_inflow(made).tolist(), 1):
        full, refill = _FULL * GROUND_TANK, _REFILL * GROUND_TANK
        rows.append((f"K{k}", f"LINK V{k} CLOSED IF NODE K{k} ABOVE {full:g}", f"LINK V{k} {flow!r} IF NODE K{k} BELOW {refill:g}"))
    return pa.table({
        "id": pa.array([f"water.control:{name}" for name, *_ in rows], pa.string()), "type": always("SIMPLE", len(rows)),
        "text": pa.array([f"{shut}\n{open_}" for _, shut, open_ in rows], pa.string()),
    })  # fmt: skip


def _inflow(made: Design) -> np.ndarray:
    """(k - 1,) setting of the valves that fill the ground tanks [m3/s]."""
    return np.round(1.15 * made.mean[1:], 6)


def stations(plan: CityPlan, made: Design, places: dict[str, np.ndarray], high: HighFloors) -> list[Batch]:
    """Works, pump stations and secondary supplies as sites, and the valves that fill the ground tanks."""
    site, count = made.station, len(made.station)
    x, y, z = plan.building_x[site], plan.building_y[site], plan.building_z[site]
    works = pa.table({
        "id": ["water.treatment_plant:0"], "geometry": geometry.points(x[:1], y[:1], z[:1]), "name": ["第一水厂"], "lifecycle": ["in_service"],
        "ground_elevation": z[:1], "node_id": ["water.junction:P0"], "capacity": [round(float(made.mean.sum() * design.PEAK * 1.1), 3)],
        "clear_water_volume": [round(float(made.mean.sum() * 4 * 3600.0))], "status": ["0"],
    })  # fmt: skip
    rooms = pa.table({
        "id": asset_ids("water.pump_station", "", np.arange(count)), "geometry": geometry.points(x + 2.0, y, z),
        "name": texts([f"{i}号加压泵站" if i else "水厂送水泵房" for i in range(count)]), "lifecycle": always("in_service", count), "ground_elevation": z,
        "node_id": asset_ids("water.junction", "P", np.arange(count)), "capacity": np.round(made.mean * design.PEAK * 1.05, 4),
        "pump_count": np.full(count, float(DUTY + STANDBY)), "status": always("0", count),
    })  # fmt: skip
    return [Batch("water.treatment_plant", works), Batch("water.pump_station", rooms), *_valves(plan, made, places), Batch("water.secondary_supply", _secondary(made, high))]


def _valves(plan: CityPlan, made: Design, places: dict[str, np.ndarray]) -> list[Batch]:
    """Flow-control valves from the transmission mains into the ground tanks, set a little above the mean demand."""
    count = len(made.station) - 1
    if count == 0:
        return []
    used = np.flatnonzero(made.trunk_used)
    crossing = made.crossing[1:]
    course = np.stack([places["T"][np.searchsorted(used, crossing)], places["V"]], axis=1)
    setting = _inflow(made)
    table = pa.table({
        "id": asset_ids("water.valve", "V", np.arange(1, count + 1)), "from_id": asset_ids("water.junction", "T", crossing),
        "to_id": asset_ids("water.junction", "V", np.arange(1, count + 1)), "geometry": geometry.lines(course), "lifecycle": always("in_service", count),
        "type": always("FCV", count), "diameter": np.maximum(0.3, design.pick(setting, 1.5)), "setting_flow": setting, "minor_loss": always(0.0, count),
        "initial_status": always("ACTIVE", count),
    })  # fmt: skip
    return [Batch("water.valve", table)]


def _secondary(made: Design, high: HighFloors) -> pa.Table:
    at, count = high.estate, len(high.estate)
    gates = made.estates
    volume = np.where(high.tank, np.round(made.high[at] * ROOM_STORED, 1), np.nan)
    return pa.table({
        "id": asset_ids("water.secondary_supply", "", gates.block[at]), "geometry": geometry.points(high.room[:, 0], high.room[:, 1], high.room[:, 2]),
        "lifecycle": always("in_service", count), "ground_elevation": high.room[:, 2], "node_id": asset_ids("water.junction", "B", gates.block[at]),
        "building": texts([f"block {b}" for b in gates.block[at]]), "storeys": pa.array(gates.storeys[at].astype(np.int64)),
        "population": gates.high[at] + gates.high_others[at], "tank_volume": pa.array(volume, from_pandas=True), "pump_head": high.head, "pump_flow": np.round(high.flow, 6),
        "pump_power": np.round(high.flow * high.head * WATER / EFFICIENCY), "pump_count": np.full(count, 2.0), "status": always("0", count),
    })  # fmt: skip
