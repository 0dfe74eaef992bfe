"""Telecom as a lifeline: what is still joined to an exchange by working cables, and what neighbouring base stations take over."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from holdfast.engines.network.coverage import Overlaps, overlaps, stood_in
from holdfast.engines.network.topology import Graph, connected, reached
from holdfast.model.lifeline import CaseStatus, ComponentState, Served

ENGINE = "holdfast telecom 0.1"
NETWORK, EXCHANGE, SITE, CENTRE = "telecom", "telecom.exchange", "telecom.site", "telecom.data_centre"


@dataclass(slots=True)
class Telecom:
    """Exchanges, base stations, cabinets, manholes, data centres (nodes) and fibres; see `holdfast.model.lifeline.Lifeline`.

    A point has level 1 while working cables and points join it to a core exchange, `local_share` while they join it only to an exchange
    that is cut off from the core. A base station that is lost has the share of its circle that working neighbours cover, times
    `neighbour_share`. Without any exchange data centres take its place. Points whose way to an exchange is not known (no cable and no
    `node_id`) depend on themselves alone.

    node_id    (node,) and fibre_id (fibre,): the components, in this order
    core       (node,) bool            source  (node,) bool: exchanges of any kind
    alone      (node,) bool: no way to an exchange is known
    idle       (component,) bool: not in service at all
    site       (site,) node positions of base stations; cover: which of them overlap
    extra      how many edges of the graph are no fibres but `node_id` references; they come last
    """

    component_id: pa.Array
    outlet_id: pa.Array
    outlet_demand: np.ndarray
    node_id: pa.Array
    fibre_id: pa.Array
    graph: Graph
    core: np.ndarray
    source: np.ndarray
    alone: np.ndarray
    idle: np.ndarray
    site: np.ndarray
    cover: Overlaps
    extra: int
    neighbour_share: float
    local_share: float
    outlet: np.ndarray
    name: str = "telecom"
    service: str = "telecom"
    engine: str = ENGINE
    monotone: bool = True

    def serve(self, state: ComponentState) -> Served:
        """Levels of all cases; equal cases are solved once. detail "joined" (case, outlet): own connection, without neighbours."""
        available = np.ascontiguousarray(state.available, bool) & ~self.idle
        packed = np.packbits(available, axis=1)
        key = packed.view(np.dtype((np.void, max(packed.shape[1], 1)))).ravel() if packed.size else np.zeros(len(available), "V1")
        _, first, back = np.unique(key, return_index=True, return_inverse=True)
        own = self.joined(available[first])
        level = own.copy()
        if len(self.site):
            at = own[:, self.site]
            level[:, self.site] = np.maximum(at, self.neighbour_share * stood_in(self.cover, at >= 1.0))
        back = back.ravel()
        status = np.full(len(available), CaseStatus.SOLVED, np.int8)
        return Served(level[back][:, self.outlet], status, self.engine, {"joined": own[back][:, self.outlet]})

    def joined(self, available: np.ndarray) -> np.ndarray:
        """(case, node) float32: 1 joined to a core exchange, `local_share` to another exchange only, 0 to none."""
        nodes = len(self.node_id)
        usable = np.ascontiguousarray(available[:, :nodes])
        open_ = np.concatenate([available[:, nodes:], np.ones((len(available), self.extra), bool)], axis=1)
        whole = reached(self.graph, open_, self.core, usable=usable)
        local = reached(self.graph, open_, self.source, usable=usable)
        level = np.where(whole, 1.0, np.where(local, self.local_share, 0.0)).astype(np.float32)
        return np.where(self.alone & usable, np.float32(1.0), level)


def build(city: Any) -> Telecom | None:
    """The lifeline of a city's telecom, or None where it has none."""
    net = city.network(NETWORK)
    if not net.nodes:
        return None
    kinds = net.spec.node_kinds
    kind = np.array(kinds, object)[net.node_kind]
    uplink = _uplinks(city, kinds, net.node_id)
    whole = (net.edge_from >= 0) & (net.edge_to >= 0)
    touched = np.bincount(np.concatenate([net.edge_from[whole], net.edge_to[whole]]), minlength=net.nodes) > 0
    named = np.flatnonzero(~touched & (uplink >= 0))
    graph = Graph.of(net.nodes, np.concatenate([net.edge_from, named]), np.concatenate([net.edge_to, uplink[named]]))
    source = kind == EXCHANGE
    if not source.any():
        source = kind == CENTRE
    core = _core(city, kind, source, graph)
    ids = pa.concat_arrays([net.node_id, net.edge_id])
    site = np.flatnonzero(kind == SITE)
    provides = {name for name in kinds if "telecom" in city.kind(name).provides}
    outlet = np.flatnonzero(np.isin(kind, list(provides)))
    alone = ~touched & (uplink < 0) & ~source
    return Telecom(
        ids, net.node_id.take(pa.array(outlet)), np.ones(len(outlet)), net.node_id, net.edge_id, graph, core, source, alone,
        _idle(city, (*kinds, *net.spec.edge_kinds), ids), site, overlaps(net.node_xyz[site, :2], radii(city)), len(named),
        float(city.settings["telecom.neighbour_share"]), float(city.settings["telecom.local_share"]), outlet,
    )  # fmt: skip


def radii(city: Any) -> np.ndarray:
    """(site,) coverage radius of base stations [m]: as given, else that of the type, else that of a macro cell."""
    table = city.table(SITE, columns=["id", "radius", "site_type"])
    usual: dict[str, float] = city.settings["telecom.site_radius"]
    own = np.asarray(table["radius"].cast(pa.float64()).to_numpy(), np.float64)
    typed = np.array([usual.get(t or "macro", usual["macro"]) for t in table["site_type"].to_pylist()], np.float64)
    return np.where(own > 0, own, typed)


def _uplinks(city: Any, kinds: tuple[str, ...], index: pa.Array) -> np.ndarray:
    """(node,) position of the point named in `node_id`, -1 where none is."""
    found = []
    for kind in kinds:
        has = city.kind(kind).field("node_id") is not None
        table = city.table(kind, columns=["id", "node_id"] if has else ["id"])
        names = table["node_id"] if has else pa.chunked_array([pa.nulls(table.num_rows, pa.string())])
        found.append(np.asarray(pc.fill_null(pc.index_in(names, value_set=index, skip_nulls=True), -1).to_numpy(), np.int64) if table.num_rows else np.empty(0, np.int64))
    return np.concatenate(found)


def _core(city: Any, kind: np.ndarray, source: np.ndarray, graph: Graph) -> np.ndarray:
    """(node,) bool: core exchanges, and exchanges that no known cable joins to one."""
    core = np.zeros(len(kind), bool)
    exchanges = np.flatnonzero(kind == EXCHANGE)
    if len(exchanges):
        core[exchanges] = [t == "core" for t in city.table(EXCHANGE, columns=["id", "exchange_type"])["exchange_type"].to_pylist()]
    return core | (source & ~connected(graph, core))


def _idle(city: Any, kinds: tuple[str, ...], ids: pa.Array) -> np.ndarray:
    """(component,) bool: said to be not in service."""
    flags = []
    for kind in kinds:
        has = city.kind(kind).field("in_service") is not None
        table = city.table(kind, columns=["id", "in_service"] if has else ["id"])
        flags += [v is False for v in table["in_service"].to_pylist()] if has else [False] * table.num_rows
    return np.array(flags, bool)
