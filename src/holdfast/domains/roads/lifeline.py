"""Road access as a lifeline: who is still reached by help, how much later, when streets, bridges, crossings or signals fail."""

from __future__ import annotations

from dataclasses import dataclass, field
from itertools import pairwise
from typing import Any

import numpy as np
import pyarrow as pa

from holdfast.engines.network.roads.graph import RoadGraph
from holdfast.engines.network.roads.paths import CLOSED, SLOW, Trees, damaged_times, grow
from holdfast.model import geometry
from holdfast.model.errors import Invalid, NotFound
from holdfast.model.gauge import Gauge
from holdfast.model.lifeline import CaseStatus, ComponentState, Served

from .network import Roads, load

ENGINE = "holdfast roads 0.1"
APPROACH = 4.0  # [m/s] between a street and a place beside it [proposal]
_CELLS = 20_000_000  # arcs times cases that are in memory at once
_EDGE_SHARE = 0.03  # of the city's extent: crossings that near to its hull are at its edge [proposal]
_RANK = {"expressway": 4, "trunk": 3, "main": 2, "branch": 1}


@dataclass(slots=True)
class RoadAccess:
    """Streets, bridges, crossings and signals; see `holdfast.model.lifeline.Lifeline`.

    Help starts at fire stations, hospitals and the ways out of the city. The level at an outlet is the normal response time over the
    response time now, turnout included, and 0 where no open road leads to any hospital or way out of the city. A street, bridge or
    crossing that is out of service has level 0; a crossing that is out cannot be passed, its streets are reached from their other ends; a
    signal that is out slows its crossing.

    detail  "time" (case, outlet) [s] from the nearest start of help, without turnout; inf where cut off
    """

    component_id: pa.Array
    outlet_id: pa.Array
    outlet_demand: np.ndarray
    roads: Roads
    graph: RoadGraph
    slow: np.ndarray
    trees: Trees
    turnout: float
    base: np.ndarray
    starts: dict[str, int] = field(default_factory=dict)
    name: str = "roads"
    service: str = "road_access"
    engine: str = ENGINE
    monotone: bool = True

    @property
    def parts(self) -> tuple[slice, slice, slice, slice]:
        """Places of streets, bridges, crossings and signals among the components."""
        r = self.roads
        ends = np.cumsum([0, r.streets, len(r.bridge_id), r.nodes, len(r.signal_id)])
        return tuple(slice(int(a), int(b)) for a, b in pairwise(ends))  # type: ignore[return-value]

    @property
    def gauges(self) -> tuple[Gauge, ...]:
        """The time that help takes to each outlet."""
        return (Gauge("time", "duration", 1.0, self.outlet_id),)

    def serve(self, state: ComponentState) -> Served:
        """Levels of all cases; equal cases are solved once."""
        available = np.ascontiguousarray(state.available, bool)
        first, back = distinct(available)
        chosen = available[first]
        time, open_ = np.empty((len(chosen), len(self.outlet_id)), np.float32), np.empty((len(chosen), len(self.outlet_id)), bool)
        step = max(1, _CELLS // max(self.graph.arcs, 1))
        for at in range(0, len(chosen), step):
            block = slice(at, at + step)
            time[block], open_[block] = self._outlets(chosen[block])
        time[~open_] = np.inf
        usual = np.where(np.isfinite(self.base), self.base + self.turnout, 0.0)  # what nobody reaches in the intact network has no access
        level = np.clip(usual / (time + max(self.turnout, 1e-9)), 0.0, 1.0).astype(np.float32)
        return Served(level[back], np.full(len(available), CaseStatus.SOLVED, np.int8), self.engine, {"time": time[back]})

    def node_times(self, available: np.ndarray, trees: Trees | None = None) -> np.ndarray:
        """(case, tree, node) float32 [s]: time to each node on the damaged network; inf at nodes that are out of service."""
        street, down, dark = self.closed(available)
        graph, chosen = self.graph, self.trees if trees is None else trees
        arcs = np.where(dark[:, graph.head], SLOW, 0).astype(np.uint8)
        arcs[street[:, graph.edge] | down[:, graph.tail] | down[:, graph.head]] = CLOSED
        time = damaged_times(chosen, arcs, self.slow)
        time[np.broadcast_to(down[:, None, :], time.shape)] = np.inf
        return time

    def closed(self, available: np.ndarray) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
        """(case, street) closed, (case, node) out of service, (case, node) signals out."""
        street, bridge, node, signal = (~available[:, part] for part in self.parts)
        roads = self.roads
        for carrier, way in zip(roads.bridge_of.tolist(), roads.bridge_street.tolist(), strict=True):
            street[:, way] |= bridge[:, carrier]
        dark = np.zeros((len(available), roads.nodes), bool)
        for i, at in enumerate(roads.signal_node.tolist()):
            if at >= 0:
                dark[:, at] |= signal[:, i]
        return street, node, dark

    def _outlets(self, available: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        """Times to the outlets (streets, bridges, crossings) and whether a way to a refuge is open."""
        roads = self.roads
        street_closed, _, _ = self.closed(available)
        both = [self.of_streets(nodes, street_closed) for nodes in np.moveaxis(self.node_times(available), 1, 0)]
        bridges = np.full((2, len(available), len(roads.bridge_id)), np.inf, np.float32)
        own = np.setdiff1d(np.arange(len(roads.bridge_id)), roads.bridge_of)
        bridges[:, :, own] = 0.0  # a bridge that carries no known street stands for itself
        for carrier, way in zip(roads.bridge_of.tolist(), roads.bridge_street.tolist(), strict=True):
            for out, (streets, _) in zip(bridges, both, strict=True):
                out[:, carrier] = np.minimum(out[:, carrier], streets[:, way])
        for out in bridges:
            out[~available[:, self.parts[1]]] = np.inf
        time, refuge = (np.concatenate([streets, out, nodes], axis=1) for out, (streets, nodes) in zip(bridges, both, strict=True))
        return time, np.isfinite(refuge)

    def of_streets(self, nodes: np.ndarray, closed: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        """Times to the middle of each street from its nearer end, and to the nodes."""
        roads = self.roads
        time = np.full((len(nodes), roads.streets), np.inf, np.float32)
        rows = np.flatnonzero(roads.usable)
        middle = (self.street_times()[rows] / 2).astype(np.float32)
        time[:, rows] = np.minimum(nodes[:, roads.tail[rows]], nodes[:, roads.head[rows]]) + middle
        time[closed] = np.inf
        return time, nodes

    def street_times(self) -> np.ndarray:
        """(street,) [s] emergency vehicles take from end to end on the intact network; 0 where no way uses it."""
        whole = np.zeros(self.roads.streets)
        whole[self.graph.edge] = self.trees.cost
        return whole

    def travel_hours(self, available: np.ndarray, origin: np.ndarray, target: np.ndarray) -> np.ndarray:
        """How long crews take from the nearest of their places to each target, on the damaged network.

        available  (case, component) bool
        origin     (o, 2) places of crews [m]          target  (t, 2) [m]
        returns    (case, t) [h]; inf where no way is left
        """
        first, back = distinct(np.ascontiguousarray(available, bool))
        near, lead, _ = self.nearest(origin)
        trees = grow(self.graph, self.trees.cost, [near.ravel()], [lead.ravel()])
        ends, last, street = self.nearest(target)
        out = np.empty((len(first), len(street)), np.float32)
        step = max(1, _CELLS // max(self.graph.arcs, 1))
        for at in range(0, len(first), step):
            block = available[first[at : at + step]]
            time = self.node_times(block, trees)[:, 0]
            out[at : at + step] = (time[:, ends] + self.last_street(last, self.closed(block)[0][:, street])).min(axis=2) / 3600.0
        return out[back]

    def nearest(self, xy: np.ndarray) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
        """The street at which each place lies.

        xy       (n, 2) [m]
        returns  (n, 2) nodes at its ends, (n, 2) [s] from these to the place, (n,) the street
        raises   Invalid where a place is unknown
        """
        import shapely

        xy = np.asarray(xy, np.float64).reshape(-1, np.shape(xy)[-1])[:, :2]
        if not np.isfinite(xy).all():
            raise Invalid("a place has no coordinates", fix="Give x and y in city coordinates", field="xy")
        roads = self.roads
        rows = np.flatnonzero(roads.usable)
        rows = rows[roads.through[roads.tail[rows]] & roads.through[roads.head[rows]]]
        chords = np.stack([roads.xy[roads.tail[rows]], roads.xy[roads.head[rows]]], axis=1)
        drawn = np.isfinite(chords).all(axis=(1, 2))
        if not drawn.any():
            raise Invalid("no street of the road network has a position", fix="Import the positions of the crossings")
        rows, lines = rows[drawn], shapely.linestrings(chords[drawn])
        points = shapely.points(xy)
        hit = shapely.STRtree(lines).nearest(points)
        along = shapely.line_locate_point(lines[hit], points, normalized=True)
        street = rows[hit]
        beside = shapely.distance(lines[hit], points) / APPROACH
        last = np.stack([along, 1.0 - along], axis=1) * self.street_times()[street, None] + beside[:, None]
        return np.stack([roads.tail[street], roads.head[street]], axis=1).astype(np.int32), last, street

    @staticmethod
    def last_street(last: np.ndarray, closed: np.ndarray) -> np.ndarray:
        """(case, n, 2) times along the last street; a closed one is only entered from its nearer end. closed: (case, n) bool"""
        farther = last > last.min(axis=1, keepdims=True)
        return np.where(closed[:, :, None] & farther[None], np.inf, last[None]).astype(np.float32)


def distinct(available: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """First row of each different case, and for every case which of them it equals."""
    packed = np.packbits(available, axis=1)
    key = np.ascontiguousarray(packed).view(np.dtype((np.void, max(packed.shape[1], 1)))).ravel() if packed.shape[1] else np.zeros(len(available), "V1")
    _, first, back = np.unique(key, return_index=True, return_inverse=True)
    return first, back.ravel()


def build(city: Any) -> RoadAccess | None:
    """The lifeline of a city's roads, or None where it has no streets that join crossings."""
    roads = load(city)
    if roads is None or not roads.usable.any():
        return None
    settings = city.settings
    graph, cost = roads.access_graph(float(settings["roads.emergency_speed_share"]), against=bool(settings["roads.against_one_way"]))
    help_, refuge, starts = _starts(city, roads, graph)
    signals = np.zeros(roads.nodes, bool)
    signals[roads.signal_node[roads.signal_node >= 0]] = True
    slow = cost + np.where(signals[graph.head], float(settings["roads.dark_signal_delay"]), 0.0)
    trees = grow(graph, cost, [help_, refuge])
    ids = [roads.street_id, roads.bridge_id, roads.node_id]
    outlets = pa.concat_arrays(ids)
    line = RoadAccess(
        pa.concat_arrays([*ids, roads.signal_id]), outlets, np.ones(len(outlets)), roads, graph, slow, trees, float(settings["roads.turnout_time"]),
        np.empty(0), starts,
    )  # fmt: skip
    line.base = line._outlets(np.ones((1, len(line.component_id)), bool))[0][0]
    return line


def _starts(city: Any, roads: Roads, graph: RoadGraph) -> tuple[np.ndarray, np.ndarray, dict[str, int]]:
    """Nodes from which help comes, nodes to which a way must be open, and how many of each."""
    helpers, refuges = (places(city, city.settings[f"roads.{name}"]) for name in ("facility_kinds", "refuge_kinds"))
    out = entries(city, roads, graph)
    from_, to = (_nearest_nodes(roads, graph, xy) for xy in (helpers, refuges))
    counts = {"facilities": len(helpers), "refuges": len(refuges), "entries": len(out)}
    return np.unique(np.concatenate([from_, to, out])).astype(np.int32), np.unique(np.concatenate([to, out])).astype(np.int32), counts


def places(city: Any, kinds: list[str]) -> np.ndarray:
    """(n, 2) positions of all assets of some kinds; kinds that are not installed or not present count for nothing."""
    present = city.counts()
    found = [geometry.centre(city.table(kind, columns=["id", "geometry"])["geometry"]) for kind in kinds if kind in city.catalog.kinds and present.get(kind)]
    xy = np.concatenate(found) if found else np.empty((0, 2))
    return xy[np.isfinite(xy).all(axis=1)]


def _nearest_nodes(roads: Roads, graph: RoadGraph, xy: np.ndarray) -> np.ndarray:
    from scipy.spatial import cKDTree

    good = np.flatnonzero(np.isfinite(roads.xy).all(axis=1) & roads.through & (np.diff(graph.start) > 0))
    if not len(xy) or not len(good):
        return np.empty(0, np.int32)
    return good[cKDTree(roads.xy[good]).query(xy)[1]].astype(np.int32)


def entries(city: Any, roads: Roads, graph: RoadGraph) -> np.ndarray:
    """Crossings where roads leave the city: the setting `roads.entries`, else those at its edge where the largest of its streets end.

    raises  NotFound for a crossing that the city does not have
    """
    named = list(city.settings["roads.entries"])
    if named:
        index = {name: i for i, name in enumerate(roads.node_id.to_pylist())}
        unknown = [name for name in named if name not in index]
        if unknown:
            raise NotFound("the city has no such crossing", fix="Correct the setting roads.entries", id=unknown[0])
        return np.array([index[name] for name in named], np.int32)
    import shapely

    used = np.flatnonzero(np.isfinite(roads.xy).all(axis=1) & (np.diff(graph.start) > 0))
    if not len(used):
        return np.empty(0, np.int32)
    points = shapely.points(roads.xy[used])
    hull = shapely.convex_hull(shapely.multipoints(points))
    reach = _EDGE_SHARE * float(np.max(np.ptp(roads.xy[used], axis=0)))
    rim = used[shapely.distance(shapely.boundary(hull) if hull.geom_type == "Polygon" else hull, points) <= reach]
    rank = np.array([_RANK.get(c, 0) for c in roads.road_class])[graph.edge]
    best = np.zeros(roads.nodes, np.int64)
    np.maximum.at(best, graph.tail, rank)
    return rim[best[rim] == best[rim].max()].astype(np.int32)


def travel_hours(source: Any, available: np.ndarray, origins: Any, target: np.ndarray) -> np.ndarray:
    """Hours from the nearest of some places to each target on the damaged roads.

    source     a city, or its `RoadAccess`
    available  (case, component) bool, components of the lifeline
    origins    ids of assets (with a city) or (o, 2) coordinates [m]
    target     (t, 2) [m]
    returns    (case, t) float32; inf where no way is left
    raises     NotFound if the city has no roads or no such asset
    """
    line = source if isinstance(source, RoadAccess) else build(source)
    if line is None:
        raise NotFound("the city has no streets", fix="Import roads")
    if len(origins) and isinstance(origins[0], str):
        if source is line:
            raise Invalid("ids are looked up in a city", fix="Give coordinates, or the city", field="origins")
        found = []
        for name in origins:
            rows = source.table(name.partition(":")[0], ids=[name], columns=["id", "geometry"])
            if not rows.num_rows:
                raise NotFound("the city has no such asset", fix="Check the id", id=name)
            found.append(geometry.centre(rows["geometry"])[0])
        origins = np.array(found)
    return line.travel_hours(available, np.asarray(origins, np.float64), np.asarray(target, np.float64))
