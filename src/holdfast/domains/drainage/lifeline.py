"""Drainage as a lifeline: what share of the water that is meant to enter at a manhole still finds a way to an outfall."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
import pyarrow as pa

from holdfast.engines.network.topology import Graph
from holdfast.model.lifeline import CaseStatus, Command, ComponentState, Served

from . import sewers
from .reach_kernel import drained
from .sewers import GATE, NETWORK, PUMP, positions

ENGINE = "holdfast gravity reach 0.1 (full-flow capacities by Manning; no dynamic wave)"
STATION, PLANT = "drainage.pump_station", "drainage.treatment_plant"
_CONTROLLED = (PUMP, GATE, "drainage.orifice", "drainage.weir", "drainage.outlet")


@dataclass(slots=True)
class Drainage:
    """Manholes, outfalls, wells, dividers (nodes), sewers, pumps, orifices, weirs, outlets, gates (edges), pump stations and sewage works.

    This answers blocks of hundreds of cases in milliseconds and is no simulation of water: SWMM is (`drainage.simulate_storm`). A manhole's
    share is what the narrowest place on its way to an outfall can carry when it runs full (Manning), over the design flow that arrives there
    from upstream (storm of the return period set, and peak sewage). Several ways on add up, but never beyond the best of them. Its level is
    that share over the share in the undamaged network, so that a sewer that is too small on a good day counts as serving; where nothing is
    known to enter, only whether a way is left counts. Backwater, storage, surcharge and tides are left out; what is lost never makes
    anything better.

    A pump works while it and its station do. Sewage runs untreated past works that are out; where the setting drainage.works_bypass says that it
    cannot, their outfall is closed. A gate that is out of service stays as
    it stands (they stand open); only a command shuts it. Level 0 where no way led to an outfall in the undamaged network.

    component_id  nodes, edges, stations, works, in this order
    pump_station  (edge,) position of the station among stations, -1 none      works_node  (works,) node that is closed with it, -1 none
    share         (node,) share in the undamaged network
    """

    component_id: pa.Array
    outlet_id: pa.Array
    outlet_demand: np.ndarray
    graph: Graph
    order: np.ndarray
    capacity: np.ndarray
    flow: np.ndarray
    outfall: np.ndarray
    idle: np.ndarray
    gate: np.ndarray
    controlled: np.ndarray
    pump_station: np.ndarray
    stations: int
    works_node: np.ndarray
    outlet: np.ndarray
    share: np.ndarray
    name: str = NETWORK
    service: str = "drainage"
    engine: str = ENGINE
    monotone: bool = True

    def serve(self, state: ComponentState) -> Served:
        """Levels of all cases; equal cases are solved once. detail "capacity" (case, outlet): the share itself, not over the undamaged one."""
        usable, opened = self.passable(state)
        both = np.packbits(np.concatenate([usable, opened], axis=1), axis=1)
        _, first, back = np.unique(both.view(np.dtype((np.void, both.shape[1]))).ravel(), return_index=True, return_inverse=True)
        share = self.shares(usable[first], opened[first])
        with np.errstate(divide="ignore", invalid="ignore"):
            level = np.where(self.share > 0, share / self.share, 0.0).astype(np.float32)
        level, share = (np.minimum(part, 1.0)[back.ravel()][:, self.outlet] for part in (level, share))
        return Served(level, np.full(state.cases, CaseStatus.SOLVED, np.int8), self.engine, {"capacity": share})

    def shares(self, usable: np.ndarray, opened: np.ndarray) -> np.ndarray:
        """(case, node) float32 share of each node's design flow that gets to an outfall."""
        g = self.graph
        return drained(self.order, g.start, g.split, g.neighbour, g.edge, self.capacity, self.flow, self.outfall, opened, usable)

    def passable(self, state: ComponentState) -> tuple[np.ndarray, np.ndarray]:
        """(case, node) and (case, edge) bool: what water can pass."""
        nodes, edges = self.graph.nodes, self.graph.edges
        available = np.asarray(state.available, bool)
        usable = available[:, :nodes] & ~self.idle[:nodes]
        opened = (available[:, nodes : nodes + edges] | self.gate) & ~self.idle[nodes:]
        held = np.flatnonzero(self.pump_station >= 0)
        opened[:, held] &= available[:, nodes + edges + self.pump_station[held]]
        works = np.flatnonzero(self.works_node >= 0)
        for at in works:  # a handful; two may share a node
            usable[:, self.works_node[at]] &= available[:, nodes + edges + self.stations + at]
        if state.command is not None:
            opened &= ~(self.controlled & (np.asarray(state.command)[:, nodes : nodes + edges] == Command.CLOSED))
        return usable, opened


def build(city: Any) -> Drainage | None:
    """The lifeline of a city's drainage, or None where it has none."""
    made = sewers.load(city)
    if made is None:
        return None
    net = made.net
    kind, edge_kind = (np.array(names, object)[of] for names, of in ((net.spec.node_kinds, net.node_kind), (net.spec.edge_kinds, net.edge_kind)))
    stations, works = city.table(STATION, columns=["id", "node_id"]), city.table(PLANT, columns=["id", "node_id"])
    ids = pa.concat_arrays([net.node_id, net.edge_id, *(t["id"].combine_chunks().cast(pa.string()) for t in (stations, works))])
    closed = np.full(works.num_rows, -1) if city.settings["drainage.works_bypass"] else positions(works["node_id"], net.node_id)
    provides = [name for name in net.spec.node_kinds if "drainage" in city.kind(name).provides]
    outlet = np.flatnonzero(np.isin(kind, provides))
    line = Drainage(
        ids, net.node_id.take(pa.array(outlet)), made.inflow[outlet], made.graph, made.order, made.capacity, made.flow, made.outfall, made.idle,
        edge_kind == GATE, np.isin(edge_kind, _CONTROLLED), _held(city, net, edge_kind, stations), stations.num_rows, closed, outlet, np.empty(0),
    )  # fmt: skip
    whole = line.passable(ComponentState(np.ones((1, len(ids)), bool)))
    line.share = line.shares(*whole)[0].astype(np.float64)
    return line


def _held(city: Any, net: Any, edge_kind: np.ndarray, stations: pa.Table) -> np.ndarray:
    """(edge,) station of each pump: the one it names, else the one whose wet well it draws from."""
    held = np.full(net.edges, -1)
    mine = np.flatnonzero(edge_kind == PUMP)
    if len(mine) == 0 or stations.num_rows == 0:
        return held
    named = positions(city.table(PUMP, columns=["station"])["station"], stations["id"].combine_chunks())
    well = positions(stations["node_id"], net.node_id)
    by_node = np.full(net.nodes + 1, -1)
    by_node[well[well >= 0]] = np.flatnonzero(well >= 0)
    held[mine] = np.where(named >= 0, named, by_node[net.edge_from[mine]])
    return held


__all__ = ["ENGINE", "Drainage", "build"]
