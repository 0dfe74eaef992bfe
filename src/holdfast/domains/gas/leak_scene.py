"""The scene of a gas leak: the network as a graph, the leaking pipe, and everything that can be shut."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from holdfast.engines.network.isolation import Isolation, isolate
from holdfast.engines.network.topology import Graph
from holdfast.model.city import City
from holdfast.model.errors import Invalid, NotFound

from .lifeline import GasLifeline, build


@dataclass(slots=True)
class Scene:
    """What is known of the leak: the lifeline, the graph, the leaking link, and links and ids of everything that can be shut."""

    lifeline: GasLifeline
    graph: Graph
    pipe: int
    shuts: np.ndarray
    shut_id: list[str]
    sources: np.ndarray

    def isolate(self, stuck: list[int]) -> Isolation:
        """The valves to close when some are stuck."""
        return isolate(self.graph, [self.pipe], self.shuts, stuck=stuck, sources=self.sources, open=~self.lifeline.network.model.closed)


def scene_of(city: City, pipe: str, hole: float, stuck: list[str], minutes: float) -> tuple[Scene, list[int]]:
    """The scene of a leak in a city, and positions of the stuck valves. raises as `isolate_gas_leak` does"""
    if not 1e-4 <= hole <= 3.0:
        raise Invalid(f"a hole of {hole} m makes no sense", fix="Give 0.0001 to 3 m", field="hole")
    if not 0.0 <= minutes <= 10_080.0:
        raise Invalid(f"{minutes} minutes make no sense", fix="Give 0 to 10080", field="minutes")
    lifeline = build(city)
    if lifeline is None:
        raise NotFound("the city has no gas network", fix="Import one first")
    network = lifeline.network
    row = network.table["gas.pipe"].id.index(pipe).as_py()
    if row < 0:
        raise NotFound(f"there is no gas pipe {pipe!r}", fix="Give the id of a gas.pipe that exists", id=pipe)
    graph = Graph.of(network.model.nodes, network.model.link_from, network.model.link_to)
    shuts = np.concatenate([network.link_rows("gas.valve"), network.link_rows("gas.regulator")])
    shut_id = network.link_id.take(shuts).to_pylist()
    missing = [name for name in stuck if name not in shut_id]
    if missing:
        raise NotFound(f"there is no gas valve or regulator {missing[0]!r}", fix="Give ids of gas.valve or gas.regulator", field="stuck")
    fed = np.unique(network.source_node[(network.source_node >= 0) & (np.isfinite(network.source_held) | (network.source_feed > 0))])
    return Scene(lifeline, graph, row, shuts, shut_id, fed), [shut_id.index(name) for name in stuck]
