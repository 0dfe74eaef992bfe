"""A network as arrays: nodes and edges with integer ends, ready for graph algorithms and solvers."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Protocol

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from .spec import Kind, Network

_POINT_2D, _POINT_Z = 21, 29  # bytes of a WKB point


class Facts(Protocol):
    """What loading a network needs of a city."""

    def kind(self, name: str) -> Kind:
        """The declaration of a kind."""

    def table(self, kind: str, *, columns: list[str]) -> pa.Table:
        """Columns of all facts of a kind."""


@dataclass(frozen=True, slots=True)
class NetworkArrays:
    """One network at one time.

    node_id     (node,) ids
    node_kind   (node,) index into `spec.node_kinds`
    node_xyz    (node, 3) coordinates [m]; z NaN where the survey gives none
    edge_id     (edge,) ids
    edge_kind   (edge,) index into `spec.edge_kinds`
    edge_from, edge_to  (edge,) node positions; -1 where the named node does not exist
    edge_length (edge,) plan length of the geometry [m]
    """

    spec: Network
    node_id: pa.Array
    node_kind: np.ndarray
    node_xyz: np.ndarray
    edge_id: pa.Array
    edge_kind: np.ndarray
    edge_from: np.ndarray
    edge_to: np.ndarray
    edge_length: np.ndarray

    @property
    def nodes(self) -> int:
        return len(self.node_id)

    @property
    def edges(self) -> int:
        return len(self.edge_id)

    def components(self) -> np.ndarray:
        """(node,) label of the connected component of each node, ignoring direction; 0 is the largest."""
        from scipy.sparse import coo_array
        from scipy.sparse.csgraph import connected_components

        whole = (self.edge_from >= 0) & (self.edge_to >= 0)
        ends = (self.edge_from[whole], self.edge_to[whole])
        graph = coo_array((np.ones(whole.sum(), np.int8), ends), shape=(self.nodes, self.nodes))
        count, label = connected_components(graph.tocsr(), directed=False)
        rank = np.argsort(np.argsort(-np.bincount(label, minlength=count), kind="stable"), kind="stable")
        return rank[label]


def load(city: Facts, spec: Network) -> NetworkArrays:
    """Read one network of a city. Kinds that the city has no rows of are simply empty."""
    nodes = [_nodes(city, city.kind(name)) for name in spec.node_kinds]
    edges = [city.table(name, columns=["id", "from_id", "to_id", "shape_length"]) for name in spec.edge_kinds]
    node_id = _concat([ids for ids, _ in nodes])
    joined = pa.concat_tables(edges) if edges else pa.table({"id": [], "from_id": [], "to_id": [], "shape_length": []})
    return NetworkArrays(
        spec=spec,
        node_id=node_id,
        node_kind=_repeat([len(ids) for ids, _ in nodes]),
        node_xyz=np.concatenate([xyz for _, xyz in nodes]) if nodes else np.empty((0, 3)),
        edge_id=_concat([joined["id"].combine_chunks()]),
        edge_kind=_repeat([t.num_rows for t in edges]),
        edge_from=_positions(joined["from_id"], node_id),
        edge_to=_positions(joined["to_id"], node_id),
        edge_length=np.asarray(joined["shape_length"].to_numpy(), np.float64),
    )


def _nodes(city: Facts, kind: Kind) -> tuple[pa.Array, np.ndarray]:
    table = city.table(kind.name, columns=["id", "geometry"])
    return table["id"].combine_chunks(), xyz(table["geometry"].combine_chunks())


def xyz(wkb: pa.Array) -> np.ndarray:
    """(n, 3) coordinates of a WKB column: points as they are, other geometries by their centroid; NaN where null."""
    result = np.full((len(wkb), 3), np.nan)
    if len(wkb) == 0:
        return result
    if isinstance(wkb, pa.ChunkedArray):
        wkb = wkb.combine_chunks()
    offsets = np.frombuffer(wkb.buffers()[1], np.int32)[wkb.offset : wkb.offset + len(wkb) + 1]
    data = np.frombuffer(wkb.buffers()[2], np.uint8) if wkb.buffers()[2] is not None else np.empty(0, np.uint8)
    sizes = np.diff(offsets)
    known = np.zeros(len(wkb), bool)
    for size, width in ((_POINT_2D, 2), (_POINT_Z, 3)):
        rows = np.flatnonzero(sizes == size)
        if len(rows):
            body = data[offsets[rows][:, None] + np.arange(size)[None, :]]
            little_point = (body[:, 0] == 1) & (body[:, 1] % 8 == 1)
            rows, body = rows[little_point], body[little_point]
            result[rows, :width] = np.ascontiguousarray(body[:, 5:]).view("<f8")
            known[rows] = True
    others = np.flatnonzero(~known & (sizes > 0))
    if len(others):
        import shapely

        shapes = shapely.from_wkb(wkb.take(pa.array(others)).to_numpy(zero_copy_only=False))
        centres = shapely.centroid(shapes)
        result[others, 0], result[others, 1] = shapely.get_x(centres), shapely.get_y(centres)
    return result


def _positions(ids: Any, index: pa.Array) -> np.ndarray:
    found = pc.fill_null(pc.index_in(ids, value_set=index), -1)
    return np.asarray(found.to_numpy(), np.int32) if len(found) else np.empty(0, np.int32)


def _repeat(counts: list[int]) -> np.ndarray:
    return np.repeat(np.arange(len(counts), dtype=np.int16), counts)


def _concat(parts: list[pa.Array]) -> pa.Array:
    return pa.concat_arrays([p.cast(pa.string()) if not isinstance(p, pa.ChunkedArray) else p.combine_chunks() for p in parts]) if parts else pa.array([], pa.string())
