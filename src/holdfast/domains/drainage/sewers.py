"""The sewers of a city as arrays: which way water runs, what each carries when full, and what is meant to enter and arrive where."""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from holdfast.engines.network.topology import Graph, hops, trace
from holdfast.model.network import NetworkArrays

from .full_flow import capacity, number
from .reach_kernel import downstream_first, gathered
from .storm import Formula

NETWORK, OUTFALL, CONDUIT, PUMP, GATE = "drainage", "drainage.outfall", "drainage.conduit", "drainage.pump", "drainage.gate"
_NOT_BUILT, _GONE = ("planned", "designed", "retired"), ("1", "2")
_CHAIN = 32  # subcatchments that drain to subcatchments, at most so many in a row


@dataclass(slots=True)
class Sewers:
    """One city's drainage network.

    net       nodes and edges as the city has them
    graph     its edges in the way water runs; edges that would close a circle, lead nowhere or are not built have no ends
    order     nodes, each after all to which its edges lead
    capacity  (edge,) full-flow capacity of conduits and pumps [m3/s], inf where there is no limit or none is known
    inflow    (node,) design inflow at the node itself [m3/s]
    flow      (node,) design flow that arrives from everywhere upstream, and its own [m3/s]
    outfall   (node,) bool
    idle      (node + edge,) bool: not built, retired or abandoned
    """

    net: NetworkArrays
    graph: Graph
    order: np.ndarray
    capacity: np.ndarray
    inflow: np.ndarray
    flow: np.ndarray
    outfall: np.ndarray
    idle: np.ndarray


def load(city: Any, return_period: float | None = None) -> Sewers | None:
    """The sewers of a city, or None where it has no drainage nodes. return_period: of the design storm [a], default the setting"""
    net: NetworkArrays = city.network(NETWORK)
    if net.nodes == 0:
        return None
    kind = np.array(net.spec.node_kinds, object)[net.node_kind]
    outfall = kind == OUTFALL
    idle = _idle(city, (*net.spec.node_kinds, *net.spec.edge_kinds))
    graph, order = _running(net, outfall, idle)
    carries, seconds = _capacities(city, net, idle)
    years = float(city.settings["drainage.return_period"]) if return_period is None else return_period
    area, steady = _local(city, net.node_id)
    formula, inlet = Formula.of(city), float(city.settings["drainage.inlet_time"])
    rows = (order, graph.start, graph.split, graph.neighbour, graph.edge, carries, seconds, area, steady, inlet)
    total, base, time = gathered(*rows)
    inflow = steady + area * formula.intensity(years, inlet)
    return Sewers(net, graph, order, carries, inflow, base + total * formula.intensity(years, time), outfall, idle)


def _running(net: NetworkArrays, outfall: np.ndarray, idle: np.ndarray) -> tuple[Graph, np.ndarray]:
    """Edges as they are drawn; where that leads to no outfall, towards the nearest one. Circles are opened where they lead away from it."""
    tail, head = net.edge_from.astype(np.int64), net.edge_to.astype(np.int64)
    lost = idle[net.nodes :] | (tail == head) | (tail < 0) | (head < 0)
    tail[lost] = head[lost] = -1
    drawn = Graph.of(net.nodes, tail, head)
    drains = trace(drawn, outfall, "upstream")[0]
    far = hops(drawn, outfall)
    far = np.where(far < 0, net.nodes + 1, far)
    turn = ~lost & ~drains[head] & (far[tail] < far[head])
    tail[turn], head[turn] = head[turn], tail[turn]
    turned = Graph.of(net.nodes, tail, head)
    steps = hops(turned, outfall, direction="upstream")
    steps = np.where(steps < 0, net.nodes + 1, steps)
    circle = _circles(turned)
    back = ~lost & (circle[tail] == circle[head]) & ((steps[tail] < steps[head]) | ((steps[tail] == steps[head]) & (tail < head)))
    tail[back] = head[back] = -1
    graph = Graph.of(net.nodes, tail, head)
    return graph, downstream_first(graph.start, graph.split, graph.neighbour)


def _circles(graph: Graph) -> np.ndarray:
    """(node,) the same label for nodes that lead to each other."""
    from scipy.sparse import coo_array
    from scipy.sparse.csgraph import connected_components

    whole = graph.whole
    ends = (graph.edge_from[whole], graph.edge_to[whole])
    return connected_components(coo_array((np.ones(int(whole.sum()), np.int8), ends), shape=(graph.nodes, graph.nodes)).tocsr(), connection="strong")[1]


def _capacities(city: Any, net: NetworkArrays, idle: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Capacity [m3/s] and travel time [s] of each edge."""
    limit, seconds = np.full(net.edges, np.inf), np.zeros(net.edges)
    settings = city.settings
    names = list(net.spec.edge_kinds)
    mine = net.edge_kind == names.index(CONDUIT)
    if mine.any():
        columns = ["manning_n", "length", "shape_length", "material", "shape", "diameter", "width", "section_parameters", "barrels", "from_elevation", "to_elevation",
                   "from_offset", "to_offset"]  # fmt: skip
        table = city.table(CONDUIT, columns=columns)
        carries, _ = capacity(table, _fall(city, net, table, np.flatnonzero(mine)), settings["drainage.manning_by_material"],
                              float(settings["drainage.default_manning"]), float(settings["drainage.least_slope"]))  # fmt: skip
        limit[mine] = np.where(carries > 0, carries, np.inf)
        seconds[mine] = np.nan_to_num(number(table, "length")) / float(settings["drainage.travel_speed"])
    mine = net.edge_kind == names.index(PUMP)
    if mine.any():
        limit[mine] = _pumps(city)
    return limit, seconds


def _fall(city: Any, net: NetworkArrays, table: pa.Table, at: np.ndarray) -> np.ndarray:
    """(conduit,) fall from start to end invert [m], by the levels of the conduit, else those of its nodes and its offsets."""
    levels = np.concatenate([number(city.table(kind, columns=["elevation"]), "elevation") for kind in net.spec.node_kinds])
    levels = np.append(levels, np.nan)  # of the node that does not exist
    ends = []
    for side, nodes in (("from", net.edge_from[at]), ("to", net.edge_to[at])):
        own, offset = number(table, f"{side}_elevation"), number(table, f"{side}_offset")
        ends.append(np.where(np.isfinite(own), own, levels[nodes] + np.nan_to_num(offset)))
    return ends[0] - ends[1]


def _pumps(city: Any) -> np.ndarray:
    """(pump,) rated flow, else the largest of the curve [m3/s]; inf where neither is known."""
    table = city.table(PUMP, columns=["rated_flow", "curve"])
    flow = number(table, "rated_flow")
    curves = city.table("drainage.curve", columns=["id", "y"])
    largest = {i: max(json.loads(y), default=0.0) for i, y in zip(curves["id"].to_pylist(), curves["y"].to_pylist(), strict=True) if y}
    flow = np.where(flow > 0, flow, [largest.get(name or "", np.inf) for name in table["curve"].to_pylist()])
    return np.where(flow > 0, flow, np.inf)


def _local(city: Any, node_id: pa.Array) -> tuple[np.ndarray, np.ndarray]:
    """Runoff area [m2] (area times runoff coefficient) and peak of the sewage [m3/s] that enter at each node."""
    settings, count = city.settings, len(node_id)
    parts = []
    for kind in city.catalog.networks[NETWORK].node_kinds:
        table = city.table(kind, columns=["dry_weather_flow", "inflow_baseline"])
        parts.append(float(settings["drainage.sewage_peak"]) * np.nan_to_num(number(table, "dry_weather_flow")) + np.nan_to_num(number(table, "inflow_baseline")))
    table = city.table("drainage.subcatchment", columns=["id", "outlet", "area", "impervious_share"])
    if table.num_rows == 0:
        return np.zeros(count), np.concatenate(parts)
    sealed = np.nan_to_num(number(table, "impervious_share"))
    share = sealed * float(settings["drainage.runoff_impervious"]) + (1 - sealed) * float(settings["drainage.runoff_pervious"])
    outlet = table["outlet"].combine_chunks()
    for _ in range(_CHAIN):
        other = positions(outlet, table["id"].combine_chunks())
        if (other < 0).all():
            break
        further = outlet.take(pa.array(np.maximum(other, 0)))
        outlet = pc.if_else(pa.array(other >= 0), further, outlet)
    node = positions(outlet, node_id)
    known = node >= 0
    return np.bincount(node[known], weights=(share * np.nan_to_num(number(table, "area")))[known], minlength=count), np.concatenate(parts)


def positions(ids: pa.Array | pa.ChunkedArray, index: pa.Array) -> np.ndarray:
    """(n,) position of each id in an index, -1 where it is not there or null."""
    if len(ids) == 0:
        return np.empty(0, np.int64)
    return np.asarray(pc.fill_null(pc.index_in(ids, value_set=index, skip_nulls=True), -1).to_numpy(zero_copy_only=False), np.int64)


def _idle(city: Any, kinds: tuple[str, ...]) -> np.ndarray:
    """(row of all kinds,) bool: not built yet, retired or abandoned."""
    parts = []
    for kind in kinds:
        fields = ["lifecycle", "status"] if city.kind(kind).field("status") is not None else ["lifecycle"]
        table = city.table(kind, columns=fields)
        gone = pc.fill_null(pc.is_in(table["lifecycle"], value_set=pa.array(_NOT_BUILT)), False)
        if len(fields) == 2:
            gone = pc.or_(gone, pc.fill_null(pc.is_in(table["status"], value_set=pa.array(_GONE)), False))
        parts.append(np.asarray(gone.to_numpy(), bool) if table.num_rows else np.empty(0, bool))
    return np.concatenate(parts)


__all__ = ["Sewers", "load", "positions"]
