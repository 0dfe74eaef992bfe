"""Who reaches whom on the streets that are open: stations to places, and back."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import pyarrow as pa

from holdfast.engines.network.roads.paths import Trees, grow
from holdfast.model import geometry
from holdfast.model.errors import Invalid, NotFound

from .lifeline import RoadAccess
from .network import Roads


@dataclass(frozen=True, slots=True)
class Stations:
    """Places from which help starts: ids, kinds, names and positions (n, 2) [m]."""

    id: pa.Array
    kind: pa.Array
    name: pa.Array
    xy: np.ndarray


def availability(line: RoadAccess, closed: Sequence[str]) -> np.ndarray:
    """(1, component) bool: these components are out of service. raises NotFound for ids that are none"""
    index = {name: i for i, name in enumerate(line.component_id.to_pylist())}
    row = np.ones((1, len(index)), bool)
    for name in closed:
        if name not in index:
            raise NotFound("the city has no such street, bridge, crossing or signal", fix="Check the id", id=name, field="closed")
        row[0, index[name]] = False
    return row


def stations(city: Any, kinds: Sequence[str]) -> Stations:
    """All assets of some kinds that have a place. raises NotFound for an unknown kind, or if there is none at all"""
    tables = []
    for kind in kinds:
        table = city.table(city.kind(kind).name, columns=["id", "name", "geometry"])
        tables.append(table.select(["id", "name", "geometry"]).append_column("kind", pa.repeat(pa.scalar(kind), table.num_rows)))
    joined = pa.concat_tables(tables) if tables else pa.table({"id": [], "name": [], "geometry": [], "kind": []})
    xy = geometry.centre(joined["geometry"]) if joined.num_rows else np.empty((0, 2))
    known = np.isfinite(xy).all(axis=1)
    if not known.any():
        raise NotFound("the city has no station of these kinds with a position", fix=f"Import {' or '.join(kinds) or 'stations'}", field="kinds")
    rows = joined.filter(pa.array(known))
    return Stations(*(rows[name].combine_chunks() for name in ("id", "kind", "name")), xy[known])


def from_each(line: RoadAccess, open_: np.ndarray, xy: np.ndarray) -> tuple[Trees, np.ndarray]:
    """Fastest ways from each place on the damaged network of one case, and the street of each place. open_: (1, component) bool"""
    street, down, dark = (part[0] for part in line.closed(open_))
    graph = line.graph
    cost = np.where(dark[graph.head], line.slow, line.trees.cost)
    cost = np.where(street[graph.edge] | down[graph.tail] | down[graph.head], np.inf, cost)
    near, last, own = line.nearest(xy)
    return grow(graph, cost, list(near), list(line.last_street(along_the_street(last), street[None, own])[0].astype(np.float64))), own


def along_the_street(last: np.ndarray) -> np.ndarray:
    """(n, 2) times from a place to the ends of its street, the farther one's longer by a millionth.

    Of two ways that take as long, one past the nearer end and one straight to the farther, the first is taken, because its streets are measured as they are drawn.
    """
    return np.where(last > last.min(axis=1, keepdims=True), last * (1.0 + 1e-6), last)


def place_of(city: Any, at: str, x: float | None, y: float | None) -> np.ndarray:
    """(2,) coordinates of an asset or of a point. raises NotFound, Invalid"""
    if at:
        kind = at.partition(":")[0]
        if kind == at or kind not in city.catalog.kinds:
            raise NotFound(f"{at!r} is no id of an asset", fix="Give an id with its kind, such as buildings.building:12, or x and y", field="at")
        table = city.table(kind, ids=[at], columns=["id", "geometry"])
        if not table.num_rows:
            raise NotFound("the city has no such asset", fix="Check the id, or give x and y", id=at, field="at")
        found = geometry.centre(table["geometry"])[0]
        if not np.isfinite(found).all():
            raise Invalid("the asset has no position", fix="Give x and y", field="at", id=at)
        return found
    if x is None or y is None or not np.isfinite([x, y]).all():
        raise Invalid("the incident has no place", fix="Give `at`, or x and y in city coordinates", field="at")
    return np.array([x, y], np.float64)


def route_line(roads: Roads, shapes: np.ndarray, trees: Trees, tree: int, node: int, ends: np.ndarray, own: tuple[int, int]) -> tuple[Any, float, list[int]]:
    """The way as one line, its length [m], and its streets in order.

    shapes  (street,) lines         ends  (2, 2) places at which it begins and ends
    own     streets on which these lie; they count where more than a metre of them is driven
    """
    import shapely

    graph = trees.graph
    arcs = trees.route(tree, node)
    stops = roads.xy[[graph.tail[arcs[0]] if len(arcs) else node, node]]
    lead = np.hypot(*(stops - ends).T)
    points = [ends[:1], stops[:1]]
    for arc in arcs.tolist():
        line = shapes[graph.edge[arc]]
        drawn = roads.xy[[graph.tail[arc], graph.head[arc]]]
        if line is not None:
            drawn, start = shapely.get_coordinates(line), drawn[0]
            if np.hypot(*(drawn[0] - start)) > np.hypot(*(drawn[-1] - start)):
                drawn = drawn[::-1]  # drawn the other way
        points.append(drawn)
    way = np.concatenate([*points, ends[1:]])
    way = way[np.isfinite(way).all(axis=1)]
    streets = graph.edge[arcs].tolist()
    if lead[0] > 1.0 and own[0] not in streets[:1]:
        streets = [own[0], *streets]
    if lead[1] > 1.0 and own[1] not in streets[-1:]:
        streets = [*streets, own[1]]
    return shapely.LineString(way), float(roads.length[graph.edge[arcs]].sum() + lead.sum()), streets
