"""Where electricity comes out of a grid: loads, transformers and substations, and the nodes behind them."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
import pyarrow as pa

from holdfast.engines.network.power.shed import Loads

from .grid import Grid

LEVELS = {"1+": 0, "1": 1, "2": 2, "3": 3}
"""Importance by load class of GB 50052-2009 3.0.1 [recalled]; loads without a class count as third."""


@dataclass(frozen=True, slots=True)
class Outlets:
    """component (outlet,) of each outlet; row, node (pair,) its nodes; branch (outlet,) transformer's branch, -1 others; demand (outlet,) [W]; loads is how many come first."""

    component: np.ndarray
    row: np.ndarray
    node: np.ndarray
    branch: np.ndarray
    demand: np.ndarray
    loads: int

    def ids(self, grid: Grid) -> pa.Array:
        return grid.component_id.take(pa.array(self.component))

    def level(self, available: np.ndarray, good: np.ndarray) -> np.ndarray:
        """(case, outlet) float32 share of each outlet's nodes that are good, 0 where a load or substation itself is down.

        Of a transformer the busbar that it feeds counts: that may have power from elsewhere.

        available  (case, component) bool;  good  (case, node) bool live and within limits
        """
        count = len(self.component)
        level = np.zeros((len(good), count), np.float32)
        if len(self.row):
            starts = np.searchsorted(self.row, np.arange(count))
            size = np.bincount(self.row, minlength=count)
            summed = np.concatenate([np.zeros((len(good), 1)), np.cumsum(good[:, self.node], axis=1)], axis=1)
            level[:] = (summed[:, starts + size] - summed[:, starts]) / np.maximum(size, 1)
        return level * np.where(self.branch >= 0, True, available[:, self.component])


def loads_of(grid: Grid, city: Any) -> tuple[Loads, np.ndarray]:
    """All loads of a grid as things that can be shed, and (load,) bool that have a bus. Levels: 0 most important."""
    span = grid.span("load")
    count = span.stop - span.start
    own = grid.inject_component - span.start
    of = np.where((own >= 0) & (own < count), own, -1)
    power, node = np.zeros(count, complex), np.full(count, -1)
    mine = of >= 0
    np.add.at(power, of[mine], grid.model.inject_s[mine])
    node[of[mine]] = grid.model.inject_node[mine]
    table = city.table("power.load", columns=["bus_id", "load_class"])
    bus = grid.find(table["bus_id"].combine_chunks())
    node = np.where((bus >= 0) & (bus < grid.span("bus").stop), bus, node)
    level = np.array([LEVELS.get(name or "", 3) for name in table["load_class"].to_pylist()], np.int64)
    return Loads(np.maximum(node, 0), power, level, of), node >= 0


def outlets_of(grid: Grid, loads: Loads, placed: np.ndarray) -> Outlets:
    """Loads, then transformers at their second ends, then substations at their busbars of the lowest voltage."""
    m = grid.model
    span, units, stations = grid.span("load"), grid.span("transformer"), grid.span("substation")
    transformer = np.arange(units.start, units.stop)
    order = np.argsort(grid.branch_component, kind="stable")
    branch = order[np.searchsorted(grid.branch_component[order], transformer)] if len(transformer) else np.zeros(0, np.int64)
    below = np.concatenate([loads.power.real, np.zeros(len(transformer))])
    holder = grid.station_of[grid.node_component]
    station = np.arange(stations.start, stations.stop)
    inside = np.flatnonzero(holder >= 0)
    lowest = np.full(len(station), np.inf)
    np.minimum.at(lowest, holder[inside] - stations.start, m.node_rated[inside])
    inside = inside[m.node_rated[inside] <= lowest[holder[inside] - stations.start] * 1.001]
    housed = np.flatnonzero(grid.station_of[units] >= 0)
    bare = housed[~np.isfinite(lowest[grid.station_of[units][housed] - stations.start])]  # stations that only transformers name
    rows = [np.flatnonzero(placed), len(loads.node) + np.arange(len(transformer)), len(below) + holder[inside] - stations.start,
            len(below) + grid.station_of[units][bare] - stations.start]
    nodes = [loads.node[placed], m.branch_to[branch], inside, m.branch_to[branch[bare]]]
    row, node = np.concatenate(rows), np.concatenate(nodes)
    sort = np.argsort(row, kind="stable")
    component = np.concatenate([np.arange(span.start, span.stop), transformer, station])
    demand = np.maximum(np.concatenate([below, np.zeros(len(station))]), 0.0)
    through = np.concatenate([np.full(len(loads.node), -1), branch, np.full(len(station), -1)])
    return Outlets(component, row[sort], node[sort], through.astype(np.int64), demand, len(loads.node))


def with_flows(outlets: Outlets, s_to: np.ndarray, grid: Grid) -> Outlets:
    """Outlets whose demand is known from a flow: transformers what they give at their second end, substations the sum of their transformers.

    s_to      (branch,) complex power into the second end [VA]
    """
    demand = outlets.demand.copy()
    through = np.flatnonzero(outlets.branch >= 0)
    demand[through] = np.maximum(np.nan_to_num(-s_to.real[outlets.branch[through]]), 0.0)
    first = len(demand) - (grid.span("substation").stop - grid.span("substation").start)
    station = grid.station_of[outlets.component[through]]
    known = station >= 0
    np.add.at(demand, first + station[known] - grid.span("substation").start, demand[through[known]])
    return Outlets(outlets.component, outlets.row, outlets.node, outlets.branch, demand, outlets.loads)
