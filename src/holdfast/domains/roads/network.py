"""A city's streets as a road network for the engines: nodes, arcs, times, capacities, bridges and signals; what is wrong becomes findings."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from holdfast.engines.network.roads.assignment import Links
from holdfast.engines.network.roads.graph import RoadGraph, build_graph
from holdfast.model import geometry
from holdfast.model.finding import Findings

NODE_KINDS, STREET, BRIDGE, SIGNAL = ("roads.junction", "roads.zone_centroid"), "roads.street", "roads.bridge", "roads.signal"
_COLUMNS = ("id", "geometry", "name", "from_id", "to_id", "class", "lanes", "one_way", "speed_limit", "length", "capacity", "free_flow_time", "delay_factor",
            "delay_power", "bridge", "shape_length")  # fmt: skip
WALKING = "path"


@dataclass(frozen=True, slots=True)
class Roads:
    """The road network of a city.

    node_id    (node,)          xy        (node, 2) [m], NaN unknown      through  (node,) bool
    street_id  (street,)        tail, head (street,) node positions, -1 unknown
    usable     (street,) bool: has two different known ends
    one_way    (street,) bool   road_class (street,) text, "" unknown
    length     (street,) [m]    free      (street,) time when empty [s]
    capacity   (street,) [vehicles/s] each way, 0 where closed to cars
    factor, power  (street,) of the delay law
    bridge_id  (bridge,)        bridge_of, bridge_street  (pair,) bridge and street that it carries
    signal_id  (signal,)        signal_node  (signal,) node, -1 unknown
    assumed    how many streets got a default, by column
    """

    node_id: pa.Array
    xy: np.ndarray
    through: np.ndarray
    street_id: pa.Array
    street_name: pa.Array
    tail: np.ndarray
    head: np.ndarray
    usable: np.ndarray
    one_way: np.ndarray
    road_class: np.ndarray
    length: np.ndarray
    free: np.ndarray
    capacity: np.ndarray
    factor: np.ndarray
    power: np.ndarray
    bridge_id: pa.Array
    bridge_of: np.ndarray
    bridge_street: np.ndarray
    signal_id: pa.Array
    signal_node: np.ndarray
    findings: Findings
    assumed: dict[str, int] = field(default_factory=dict)

    @property
    def nodes(self) -> int:
        return len(self.node_id)

    @property
    def streets(self) -> int:
        return len(self.street_id)

    def walking(self) -> np.ndarray:
        """(street,) bool: a path for walking or cycling."""
        return self.road_class == WALKING

    def car_graph(self) -> tuple[RoadGraph, Links]:
        """Directed arcs that cars may use, with their link laws; `graph.edge` is the street."""
        rows = np.flatnonzero(self.usable & ~self.walking() & (self.capacity > 0))
        both = rows[~self.one_way[rows]]
        edge = np.concatenate([rows, both])
        tail, head = np.concatenate([self.tail[rows], self.head[both]]), np.concatenate([self.head[rows], self.tail[both]])
        graph, order = build_graph(self.nodes, tail, head, edge=edge, through=self.through)
        own = edge[order]
        return graph, Links(self.free[own], self.capacity[own], self.factor[own], self.power[own])

    def access_graph(self, speed_share: float = 1.0, *, against: bool = True) -> tuple[RoadGraph, np.ndarray]:
        """Arcs for emergency vehicles, paths included, both ways where they may drive against one-way streets; and their times [s]."""
        rows = np.flatnonzero(self.usable)
        both = rows if against else rows[~self.one_way[rows]]
        edge = np.concatenate([rows, both])
        graph, order = build_graph(
            self.nodes, np.concatenate([self.tail[rows], self.head[both]]), np.concatenate([self.head[rows], self.tail[both]]), edge=edge, through=self.through
        )
        return graph, self.free[edge[order]] / speed_share


def load(city: Any) -> Roads | None:
    """The roads of a city, or None where it has no streets."""
    counts = city.counts()
    if not counts.get(STREET):
        return None
    findings = Findings()
    streets = city.table(STREET, columns=list(_COLUMNS))
    node_id, xy, through = _nodes(city)
    tail, head = _positions(streets["from_id"], node_id), _positions(streets["to_id"], node_id)
    ids = streets["id"].combine_chunks()
    usable = _usable(tail, head, ids, findings)
    road_class = np.array([c or "" for c in streets["class"].to_pylist()], object)
    one_way = np.array([bool(v) for v in streets["one_way"].to_pylist()], bool)
    assumed: dict[str, int] = {}
    length, free = _times(city, streets, road_class, assumed, findings)
    capacity = _capacity(city, streets, road_class, one_way, assumed, findings)
    factor = _parameter(streets, "delay_factor", float(city.settings["roads.delay_factor"]), assumed, findings)
    power = _parameter(streets, "delay_power", float(city.settings["roads.delay_power"]), assumed, findings)
    bridge_id, bridge_of, bridge_street = _bridges(city, streets, findings) if counts.get(BRIDGE) else (pa.array([], pa.string()), *2 * [np.empty(0, np.int32)])
    signal_id, signal_node = _signals(city, node_id) if counts.get(SIGNAL) else (pa.array([], pa.string()), np.empty(0, np.int32))
    return Roads(node_id, xy, through, ids, streets["name"].combine_chunks(), tail, head, usable, one_way, road_class, length, free, capacity, factor, power,
                 bridge_id, bridge_of, bridge_street, signal_id, signal_node, findings, assumed)  # fmt: skip


def _nodes(city: Any) -> tuple[pa.Array, np.ndarray, np.ndarray]:
    tables = [city.table(kind, columns=["id", "geometry", *(["through"] if kind.endswith("centroid") else [])]) for kind in NODE_KINDS]
    xy = np.concatenate([geometry.centre(t["geometry"]) if t.num_rows else np.empty((0, 2)) for t in tables])
    through = np.ones(len(xy), bool)
    through[tables[0].num_rows :] = [bool(v) for v in tables[1]["through"].to_pylist()]
    return pa.concat_arrays([t["id"].combine_chunks() for t in tables]), xy, through


def _positions(column: Any, index: pa.Array) -> np.ndarray:
    found = pc.fill_null(pc.index_in(column, value_set=index, skip_nulls=True), -1)
    return np.asarray(found.to_numpy(), np.int32) if len(found) else np.empty(0, np.int32)


def _usable(tail: np.ndarray, head: np.ndarray, ids: pa.Array, findings: Findings) -> np.ndarray:
    lost, loop = (tail < 0) | (head < 0), (tail == head) & (tail >= 0)
    for mask, rule, severity, said, fix in (
        (lost, "roads.no_ends", "error", "the street has no two known ends and is left out", "Give from_id and to_id of crossings that exist"),
        (loop, "roads.loop", "info", "the street ends where it begins; no way uses it", "Cut it at a crossing if something lies on it"),
    ):
        findings.add_rows(rule, severity, said, kind=STREET, ids=ids.filter(pa.array(mask)).to_pylist(), fix=fix)
    return ~lost & ~loop


def _numbers(table: pa.Table, name: str) -> np.ndarray:
    return np.asarray(table[name].cast(pa.float64()).to_numpy(), np.float64)


def _by_class(values: dict[str, float], road_class: np.ndarray) -> np.ndarray:
    return np.array([values.get(c, values["branch"]) for c in road_class], np.float64)


def _times(city: Any, streets: pa.Table, road_class: np.ndarray, assumed: dict[str, int], findings: Findings) -> tuple[np.ndarray, np.ndarray]:
    """Length [m] and time when empty [s]: as given, else length over speed limit, else over the speed of the class."""
    ids = np.array(streets["id"].to_pylist(), object)
    length, drawn, limit, given = (_numbers(streets, n) for n in ("length", "shape_length", "speed_limit", "free_flow_time"))
    own = np.where(np.isfinite(length) & (length > 0), length, np.nan_to_num(drawn))
    for mask, column, rule, said in (
        (length < 0, "length", "roads.negative_length", "the length is below zero; the drawn length is used"),
        (given < 0, "free_flow_time", "roads.negative_time", "the travel time is below zero; length over speed is used"),
        (limit <= 0, "speed_limit", "roads.bad_speed", "the speed limit is not above zero; the speed of the class is used"),
    ):
        findings.add_rows(rule, "error", said, kind=STREET, ids=ids[mask], column=column, fix="Correct the number")
    classed = _by_class(city.settings["roads.speed"], road_class)
    speed = np.where(limit > 0, limit, classed)
    stated = np.isfinite(given) & (given >= 0)
    assumed["speed_limit"] = int((~stated & ~(limit > 0)).sum())
    assumed["free_flow_time"] = int((~stated).sum())
    free = np.where(stated, np.nan_to_num(given), own / speed)
    findings.add_rows("roads.zero_time", "info", "the street has no length and no travel time; passing it takes no time", kind=STREET, ids=ids[free == 0],
                      fix="Give a length or a geometry")  # fmt: skip
    return own, free


def _capacity(city: Any, streets: pa.Table, road_class: np.ndarray, one_way: np.ndarray, assumed: dict[str, int], findings: Findings) -> np.ndarray:
    """Each way [vehicles/s]: as given, else lanes times the capacity of a lane; 0 closes the street to cars."""
    ids = np.array(streets["id"].to_pylist(), object)
    given, lanes = _numbers(streets, "capacity"), _numbers(streets, "lanes")
    ways = np.where(one_way, 1.0, 2.0)
    usual = _by_class(city.settings["roads.lane_capacity"], road_class) * np.maximum(np.where(np.isfinite(lanes), lanes, ways) / ways, 1.0)
    findings.add_rows("roads.no_capacity", "warning", "the capacity is zero or less; cars are not sent there", kind=STREET, ids=ids[given <= 0], column="capacity",
                      fix="Give the capacity, or take the street out of service")  # fmt: skip
    assumed["capacity"] = int(np.isnan(given).sum())
    return np.where(np.isnan(given), usual, np.maximum(given, 0.0))


def _parameter(streets: pa.Table, name: str, default: float, assumed: dict[str, int], findings: Findings) -> np.ndarray:
    values = _numbers(streets, name)
    wrong = values < 0
    findings.add_rows("roads.bad_delay", "error", f"the {name.replace('_', ' ')} is below zero; the default is used", kind=STREET, column=name,
                      ids=np.array(streets["id"].to_pylist(), object)[wrong], fix="Correct the number")  # fmt: skip
    assumed[name] = int(np.isnan(values).sum())
    return np.where(np.isfinite(values) & ~wrong, values, default)


def _bridges(city: Any, streets: pa.Table, findings: Findings) -> tuple[pa.Array, np.ndarray, np.ndarray]:
    """Bridges and the streets that they carry: as named, else streets that run along at least half of the bridge or of themselves on it."""
    import shapely

    table = city.table(BRIDGE, columns=["id", "geometry", "street_id"])
    named = _positions(table["street_id"].combine_chunks(), streets["id"].combine_chunks())
    rows = np.flatnonzero(named < 0)
    bridge, street = [np.flatnonzero(named >= 0)], [named[named >= 0]]
    shapes = shapely.from_wkb(table["geometry"].to_numpy(zero_copy_only=False)[rows])
    drawn = np.array([s is not None for s in shapes], bool)
    rows, shapes = rows[drawn], shapes[drawn]
    if len(rows):
        lines = shapely.from_wkb(streets["geometry"].to_numpy(zero_copy_only=False))
        one, other = shapely.STRtree(lines).query(shapes, predicate="intersects")
        shared = shapely.length(shapely.intersection(shapes[one], lines[other]))
        box = shapely.minimum_rotated_rectangle(shapes[one])
        half = shapely.length(box) / 2
        side = (half + np.sqrt(np.maximum(half**2 - 4 * shapely.area(box), 0.0))) / 2  # the longer side of a rectangle of that perimeter and area
        carried = shared >= 0.5 * np.minimum(side, shapely.length(lines[other]))
        bridge.append(rows[one[carried]])
        street.append(other[carried])
    found, ways = np.concatenate(bridge).astype(np.int32), np.concatenate(street).astype(np.int32)
    lonely = np.setdiff1d(np.arange(table.num_rows), found)
    findings.add_rows("roads.bridge_alone", "warning", "no street runs on the bridge; its loss closes none", kind=BRIDGE, column="street_id",
                      ids=table["id"].take(pa.array(lonely)).to_pylist(), fix="Name the street in street_id")  # fmt: skip
    return table["id"].combine_chunks(), found, ways


def _signals(city: Any, node_id: pa.Array) -> tuple[pa.Array, np.ndarray]:
    table = city.table(SIGNAL, columns=["id", "junction_id"])
    return table["id"].combine_chunks(), _positions(table["junction_id"], node_id)
