"""What closing streets, bridges or crossings means for the network."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

import numpy as np

from holdfast.engines.network.roads.assignment import Links
from holdfast.engines.network.roads.graph import RoadGraph
from holdfast.model.errors import Invalid, NotFound

from .network import Roads


def closed_by(roads: Roads, ids: Sequence[str], *, field: str = "closed") -> tuple[np.ndarray, np.ndarray]:
    """Streets (street,) and nodes (node,) that are closed, as bool; a closed bridge closes the streets on it, a closed crossing all streets at it.

    raises  NotFound for an id that the city does not have; Invalid for one that is no street, bridge or crossing
    """
    street, node = np.zeros(roads.streets, bool), np.zeros(roads.nodes, bool)
    where = {name: (part, i) for part, names in enumerate((roads.street_id, roads.bridge_id, roads.node_id)) for i, name in enumerate(names.to_pylist())}
    for name in ids:
        if name not in where:
            if name.partition(":")[0] in ("roads.street", "roads.bridge", "roads.junction", "roads.zone_centroid"):
                raise NotFound("the city has no such street, bridge or crossing", fix="Check the id", id=name, field=field)
            raise Invalid(f"{name!r} is no street, bridge or crossing", fix="Give ids like roads.street:12", field=field)
        part, at = where[name]
        if part == 0:
            street[at] = True
        elif part == 1:
            street[roads.bridge_street[roads.bridge_of == at]] = True
        else:
            node[at] = True
    joined = roads.usable
    street[joined] |= node[roads.tail[joined]] | node[roads.head[joined]]
    return street, node


def narrowed(graph: RoadGraph, links: Links, street: np.ndarray, left: float) -> tuple[Links, np.ndarray]:
    """Link laws and usable arcs when streets keep only a share of their capacity; 0 closes them."""
    hit = street[graph.edge]
    if left > 0:
        return replace(links, capacity=np.where(hit, links.capacity * left, links.capacity)), np.ones(graph.arcs, bool)
    return links, ~hit
