"""By what an attacker chooses: people, a field, or place in the network."""

from __future__ import annotations

from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from numba import njit

from holdfast.engines.scenario.random import uniform
from holdfast.model.errors import Invalid, NotFound
from holdfast.model.hazard import Sites

ORDERS = ("random", "degree", "betweenness", "people", "field:<name>")


def importance(city: Any, sites: Sites, chosen: np.ndarray, order: str) -> np.ndarray:
    """(c,) importance of the sites at columns `chosen`; larger is attacked first.

    order     degree, betweenness, people, or field:<name>
    source    betweenness by Brandes, J. Math. Sociology 25, 2001 (recalled), from a sample of source nodes on large networks
    """
    if order == "people":
        return np.asarray(sites.people, float)[chosen]
    if order.startswith("field:"):
        return _field(sites, chosen, order.partition(":")[2])
    if order not in ("degree", "betweenness"):
        raise Invalid(f"there is no order {order!r}", fix=f"Orders are: {', '.join(ORDERS)}", field="order")
    out = np.full(len(chosen), np.nan)
    names = sites.id.take(pa.array(chosen))
    kinds = {str(i).partition(":")[0] for i in names.to_pylist()}
    for name, network in city.catalog.networks.items():
        if not kinds & {*network.node_kinds, *network.edge_kinds}:
            continue
        arrays = city.network(name)
        node, edge = _measure(arrays, order, int(city.settings["outage.betweenness_sources"]))
        for ids, values in ((arrays.node_id, node), (arrays.edge_id, edge)):
            at = pc.index_in(names, value_set=ids.cast(names.type))
            here = np.asarray(at.is_valid().to_numpy(zero_copy_only=False))
            out[here] = values[np.asarray(at.filter(at.is_valid()).to_numpy(zero_copy_only=False), np.int64)]
    if np.isnan(out).all():
        raise NotFound(f"the selected components are part of no network, so they have no {order}", fix="Order by people or field:<name>", field="order")
    return np.nan_to_num(out, nan=-1.0)


def _field(sites: Sites, chosen: np.ndarray, name: str) -> np.ndarray:
    values = np.full(len(sites), np.nan)
    for number, kind in enumerate(sites.kinds):
        table = sites.tables.get(kind.name)
        if table is not None and name in table.column_names:
            values[sites.kind == number] = np.asarray(table[name].cast(pa.float64()).to_numpy(), float)
    if np.isnan(values[chosen]).all():
        raise NotFound(f"no selected component has a number {name!r}", fix="Name a field of numbers", field="order")
    return np.nan_to_num(values[chosen], nan=-np.inf)


def _measure(arrays: Any, order: str, most: int) -> tuple[np.ndarray, np.ndarray]:
    """(node,) and (edge,) values. The degree of an edge is the sum of those of its ends."""
    whole = (arrays.edge_from >= 0) & (arrays.edge_to >= 0)
    tail, head = np.where(whole, arrays.edge_from, 0).astype(np.int64), np.where(whole, arrays.edge_to, 0).astype(np.int64)
    if order == "degree":
        degree = np.bincount(np.concatenate((tail[whole], head[whole])), minlength=arrays.nodes).astype(float)
        return degree, np.where(whole, degree[tail] + degree[head], 0.0)
    edges = np.flatnonzero(whole)
    ends, other = np.concatenate((tail[whole], head[whole])), np.concatenate((head[whole], tail[whole]))
    by = np.argsort(ends, kind="stable")
    start = np.zeros(arrays.nodes + 1, np.int64)
    np.cumsum(np.bincount(ends, minlength=arrays.nodes), out=start[1:])
    sources = np.arange(arrays.nodes)
    if arrays.nodes > most:
        sources = np.argsort(uniform(0, "outage.sources", np.zeros(1), sources)[0])[:most]
    return betweenness(start, other[by], np.concatenate((edges, edges))[by], sources, arrays.nodes, arrays.edges)


@njit(cache=True, nogil=True, error_model="numpy")
def betweenness(start, neighbour, edge, sources, nodes, edges):
    """Shortest paths (by number of edges) through each node and edge, counted from `sources`; ways back and forth count once each.

    start (node + 1,), neighbour and edge (2 edges,): adjacency rows. Returns (node,), (edge,)
    """
    through, across = np.zeros(nodes), np.zeros(edges)
    depth, paths, debt = np.empty(nodes, np.int64), np.empty(nodes), np.empty(nodes)
    queue = np.empty(nodes, np.int64)
    for source in sources:
        depth[:] = -1
        paths[:] = 0.0
        debt[:] = 0.0
        depth[source], paths[source], queue[0] = 0, 1.0, source
        first, last = 0, 1
        while first < last:
            at = queue[first]
            first += 1
            for p in range(start[at], start[at + 1]):
                to = neighbour[p]
                if depth[to] < 0:
                    depth[to] = depth[at] + 1
                    queue[last] = to
                    last += 1
                if depth[to] == depth[at] + 1:
                    paths[to] += paths[at]
        for q in range(last - 1, 0, -1):
            at = queue[q]
            for p in range(start[at], start[at + 1]):
                to = neighbour[p]
                if depth[to] == depth[at] - 1:
                    part = paths[to] / paths[at] * (1.0 + debt[at])
                    debt[to] += part
                    across[edge[p]] += part
            through[at] += debt[at]
    return through, across
