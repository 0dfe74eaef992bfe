"""The sewers of the reference city: storm and foul systems, catchments, inlets, lifts, outfalls with gates, river, lake, devices."""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
import pyarrow as pa

from holdfast.engines.layout.mains import along_course
from holdfast.engines.layout.rows import always, asset_ids
from holdfast.model import geometry
from holdfast.model.delivery import Batch

from . import sample_design as design
from .sample_design import SPOTS, Design, System
from .sample_ends import Ends, end_rows, ends
from .sample_surface import gauges, inlets, series, subcatchments, waters
from .sample_tables import BEHIND, CODE, conduit_table, manhole_table, pieces_of, where

if TYPE_CHECKING:
    from holdfast.engines.layout.plan import CityPlan

PREFIX = ("R", "F")  # rain and foul
SUMP = 2.5  # depth of wet wells under the lowest sewer [m]
PATTERN = (0.55, 0.45, 0.40, 0.40, 0.45, 0.65, 1.00, 1.35, 1.45, 1.30, 1.20, 1.20, 1.20, 1.15, 1.05, 1.00, 1.05, 1.20, 1.35, 1.45, 1.40, 1.20, 0.90, 0.65)


def sample(plan: CityPlan) -> list[Batch]:
    """Rows of all drainage kinds."""
    made = design.design(plan)
    both = [lay(plan, made.storm, 0), lay(plan, made.sewage, 1)]
    out = ends(plan, made, both)
    pattern = pa.table({"id": ["drainage.pattern:domestic"], "type": ["HOURLY"], "multipliers": [json.dumps(np.round(np.array(PATTERN) / np.mean(PATTERN), 4).tolist())]})
    return [
        Batch("drainage.manhole", pa.concat_tables([_manholes(plan, made, laid) for laid in both] + [out.manholes])),
        Batch("drainage.conduit", pa.concat_tables([_conduits(plan, laid) for laid in both] + [out.conduits])),
        *_lifts(plan, made, both), *end_rows(out), Batch("drainage.inlet", inlets(plan, made, both[0])),
        Batch("drainage.subcatchment", subcatchments(plan, made)), Batch("drainage.rain_gauge", gauges(plan)), Batch("drainage.series", series()),
        Batch("drainage.pattern", pattern), *waters(plan),
    ]  # fmt: skip


@dataclass(frozen=True, slots=True)
class Laid:
    """One system laid out: sewers cut at manholes between crossings.

    kind     0 storm, 1 foul
    row      (n,) way (position among the system's ways) of each conduit, `first`, `last` its shares of the way 0..1
    top, bottom  (n,) inverts [m]
    course   (w, 4, 2) lines of the ways, from behind the pumps where they begin at a lift
    middle   (m,) ways of the manholes between crossings, `share` their place, `number` 1.. along the way
    """

    kind: int
    system: System
    ways: np.ndarray
    row: np.ndarray
    first: np.ndarray
    last: np.ndarray
    top: np.ndarray
    bottom: np.ndarray
    course: np.ndarray
    middle: np.ndarray
    share: np.ndarray
    number: np.ndarray

    @property
    def prefix(self) -> str:
        return PREFIX[self.kind]

    def node(self, crossing: np.ndarray) -> pa.Array:
        """Id of the node into which sewers run at crossings: a wet well where there is a lift."""
        well, hole = asset_ids("drainage.storage", self.prefix, crossing), asset_ids("drainage.manhole", self.prefix, crossing)
        return _either(self.system.lift[crossing], well, hole)

    def start(self, crossing: np.ndarray) -> pa.Array:
        """Id of the manhole from which the next sewer leaves: behind the pumps where there is a lift."""
        behind, hole = asset_ids("drainage.manhole", f"{self.prefix}L", crossing), asset_ids("drainage.manhole", self.prefix, crossing)
        return _either(self.system.lift[crossing], behind, hole)

    def middle_id(self, way: np.ndarray, number: np.ndarray) -> pa.Array:
        return asset_ids("drainage.manhole", f"{self.prefix}M", self.ways[way] * 10 + number)


def _either(choice: np.ndarray, yes: pa.Array, no: pa.Array) -> pa.Array:
    return pa.compute.if_else(pa.array(choice), yes, no)


def lay(plan: CityPlan, system: System, kind: int) -> Laid:
    """Cut every way at evenly spaced manholes, none under the river."""
    ways = np.flatnonzero(system.way)
    bridge = plan.street_bridge[system.tree.street[ways]]
    pieces = np.where(bridge, 1, np.maximum(np.ceil(system.length[ways] / design.spacing(system.size[ways])).astype(int), 1))
    row = np.repeat(np.arange(len(ways)), pieces)
    rank = np.arange(len(row)) - np.repeat(np.cumsum(pieces) - pieces, pieces)
    first, last = rank / pieces[row], (rank + 1) / pieces[row]
    top, fall = system.start[ways][row], (system.start - system.end)[ways][row]
    inner = rank > 0
    course = system.course.copy()
    course[:, 0] += np.where(system.lift[ways][:, None], np.array(BEHIND), 0.0)
    return Laid(kind, system, ways, row, first, last, top - fall * first, top - fall * last, course, row[inner], first[inner], rank[inner])


def _manholes(plan: CityPlan, made: Design, laid: Laid) -> pa.Table:
    """At crossings, behind lifts, and between crossings."""
    system = laid.system
    at = np.flatnonzero(system.used & ~system.lift)
    behind = np.flatnonzero(system.used & system.lift)
    spots = np.column_stack([plan.junction_x, plan.junction_y]) + np.array(SPOTS[laid.kind])
    between = along_course(laid.course, laid.share, laid.middle)
    xy = np.concatenate([spots[at], spots[behind] + np.array(BEHIND), between])
    inner = laid.first > 0
    level = np.concatenate([system.start[at], system.start[behind], laid.top[inner]])
    ground = np.round(plan.ground(xy[:, 0], xy[:, 1]), 3)
    ids = pa.concat_arrays([asset_ids("drainage.manhole", laid.prefix, at), asset_ids("drainage.manhole", f"{laid.prefix}L", behind), laid.middle_id(laid.middle, laid.number)])
    flow = np.concatenate([dry_weather(plan, made, laid)[at], np.zeros(len(behind) + len(laid.middle))])
    return manhole_table(ids, xy, level, ground, CODE[laid.kind], flow)


def dry_weather(plan: CityPlan, made: Design, laid: Laid) -> np.ndarray:
    """(J,) mean sewage that enters at each crossing [m3/s]; none in storm sewers."""
    if laid.kind == 0:
        return np.zeros(len(plan.junction_x))
    return np.bincount(made.estates.crossing, weights=made.sewage_mean, minlength=len(plan.junction_x))


def _conduits(plan: CityPlan, laid: Laid) -> pa.Table:
    system, ways, row = laid.system, laid.ways, laid.row
    up, down = ways[row], system.tree.parent[ways[row]]
    begins, finishes = laid.first == 0, laid.last == 1
    rank = np.rint(laid.first * np.bincount(row)[row]).astype(int)
    tail = _either(begins, laid.start(up), laid.middle_id(row, rank))
    head = _either(finishes, laid.node(down), laid.middle_id(row, rank + 1))
    well = system.lift[down] & finishes
    base = np.where(well, system.arrive[down] - SUMP, np.where(finishes, system.start[down], laid.bottom))
    street = system.tree.street[ways][row]
    ids = asset_ids("drainage.conduit", laid.prefix, up * 10 + rank)
    share = (laid.last - laid.first) * system.length[ways][row]
    shapes = pieces_of(laid.course, row, laid.first, laid.last, laid.top, laid.bottom)
    return conduit_table(plan, ids, tail, head, shapes, CODE[laid.kind], system.size[ways][row], share, laid.top, laid.bottom, laid.bottom - base, street)


def _lifts(plan: CityPlan, made: Design, both: list[Laid]) -> list[Batch]:
    """Wet wells, pumps whose flow follows the level, their curves, and the stations with their level gauges."""
    parts = [_lift_parts(plan, made, laid) for laid in both]
    tables = [pa.concat_tables([part[at] for part in parts]) for at in range(5)]
    kinds = ("drainage.storage", "drainage.pump", "drainage.curve", "drainage.pump_station", "drainage.level_gauge")
    return [Batch(kind, table) for kind, table in zip(kinds, tables, strict=True) if table.num_rows]


def _lift_parts(plan: CityPlan, made: Design, laid: Laid) -> tuple[pa.Table, ...]:
    system = laid.system
    at = np.flatnonzero(system.used & system.lift)
    count = len(at)
    spots = np.column_stack([plan.junction_x, plan.junction_y])[at] + np.array(SPOTS[laid.kind])
    ground, bottom = system.ground[at], np.round(system.arrive[at] - SUMP, 3)
    flow = np.maximum(system.flow[at] * (1.15 if laid.kind == 0 else 1.5), 0.01)
    entering = dry_weather(plan, made, laid)[at]
    behind = spots + np.array(BEHIND)
    course = np.stack([np.column_stack([spots, bottom + 0.5]), np.column_stack([behind, system.start[at]])], axis=1)
    wells = pa.table({
        "id": asset_ids("drainage.storage", laid.prefix, at), "geometry": geometry.points(*spots.T, ground), "lifecycle": always("in_service", count),
        "ground_elevation": ground, "depth": np.round(ground - bottom, 3), "elevation": bottom, "maximum_depth": np.round(ground - bottom, 3),
        "shape": always("FUNCTIONAL", count), "area": np.round(np.maximum(12.0, 40.0 * flow), 1), "system": always(CODE[laid.kind], count),
        "dry_weather_flow": pa.array(np.round(entering, 8), mask=entering <= 0), "dry_weather_patterns": where(entering > 0, '["drainage.pattern:domestic"]'),
        "status": always("0", count),
    })  # fmt: skip
    station = asset_ids("drainage.pump_station", laid.prefix, at)
    pump = pa.table({
        "id": asset_ids("drainage.pump", laid.prefix, at), "from_id": asset_ids("drainage.storage", laid.prefix, at),
        "to_id": asset_ids("drainage.manhole", f"{laid.prefix}L", at), "geometry": geometry.lines(np.round(course, 3)), "lifecycle": always("in_service", count),
        "curve": asset_ids("drainage.curve", laid.prefix, at), "initial_status": always("ON", count), "rated_flow": np.round(flow, 5), "station": station,
    })  # fmt: skip
    share = ((0.2, 0.0), (0.5, 0.1), (1.5, 0.6), (2.4, 1.0), (3.0, 1.15))
    curve = pa.table({
        "id": asset_ids("drainage.curve", laid.prefix, at), "type": always("PUMP4", count), "x": always(json.dumps([x for x, _ in share]), count),
        "y": pa.array([json.dumps([round(y * q, 6) for _, y in share]) for q in flow.tolist()], pa.string()),
    })  # fmt: skip
    site = pa.table({
        "id": station, "geometry": geometry.points(spots[:, 0] + 2.0, spots[:, 1] + 2.0, ground), "lifecycle": always("in_service", count), "ground_elevation": ground,
        "system": always(CODE[laid.kind], count), "node_id": asset_ids("drainage.storage", laid.prefix, at), "capacity": np.round(flow, 4),
        "pump_count": np.full(count, 3.0), "status": always("0", count),
    })  # fmt: skip
    gauge = pa.table({
        "id": asset_ids("drainage.level_gauge", laid.prefix, at), "geometry": geometry.points(spots[:, 0], spots[:, 1], bottom), "lifecycle": always("in_service", count),
        "host_id": station, "node_id": asset_ids("drainage.storage", laid.prefix, at), "zero_elevation": bottom,
    })  # fmt: skip
    return wells, pump, curve, site, gauge


__all__ = ["Ends", "Laid", "sample"]
