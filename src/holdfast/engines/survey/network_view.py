"""One network as arrays with everything the survey says about its points and lines."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from holdfast.model import geometry
from holdfast.model.finding import Findings
from holdfast.model.network import xyz
from holdfast.model.spec import Kind, Network

from .sink import Sink

NODE_NUMBERS = ("ground_elevation", "depth", "elevation")
NODE_TEXTS = ("feature", "attachment", "map_number")
EDGE_NUMBERS = ("from_elevation", "to_elevation", "from_depth", "to_depth", "from_offset", "to_offset", "diameter", "width", "height", "shape_length")
_CLOSED = ("CIRCULAR", "FORCE_MAIN", "FILLED_CIRCULAR", "RECT_CLOSED", "HORIZ_ELLIPSE", "VERT_ELLIPSE", "ARCH", "EGG", "HORSESHOE", "RECT_TRIANGULAR",
           "RECT_ROUND", "MODBASKETHANDLE", "MOD_BASKET", "GOTHIC", "CATENARY", "SEMIELLIPTICAL", "BASKETHANDLE", "SEMICIRCULAR")
EDGE_TEXTS = ("material", "laying", "shape")


def is_line(kind: Kind) -> bool:
    """True for pipes, cables and streets; False for pumps, valves and other equipment that a network draws as an edge."""
    code = kind.symbol.feature_code if kind.symbol else ""
    return kind.trait == "edge" and kind.geometry == "LineString" and (len(code) != 8 or code[4] == "1")


@dataclass(slots=True)
class NetworkView:
    """Points and lines of one network.

    node_kinds, edge_kinds   declarations
    node_id, edge_id         Arrow string arrays
    node_kind, edge_kind     (n,), (m,) index into the declarations
    xyz                      (n, 3); z NaN where unknown
    node, edge               number columns by name, NaN where missing
    node_text, edge_text     text columns by name
    start, end               (m,) node positions of from_id and to_id; -1 where they name nothing
    start_id, end_id         Arrow string arrays as delivered
    first, last              (m, 3) ends of the geometry
    shape                    Arrow WKB array of the lines
    line                     (m,) bool, see `is_line`
    """

    spec: Network
    node_kinds: tuple[Kind, ...]
    edge_kinds: tuple[Kind, ...]
    node_id: pa.Array
    node_kind: np.ndarray
    xyz: np.ndarray
    node: dict[str, np.ndarray]
    node_text: dict[str, pa.Array]
    edge_id: pa.Array
    edge_kind: np.ndarray
    edge: dict[str, np.ndarray]
    edge_text: dict[str, pa.Array]
    start: np.ndarray
    end: np.ndarray
    start_id: pa.Array
    end_id: pa.Array
    first: np.ndarray
    last: np.ndarray
    shape: pa.Array
    line: np.ndarray
    findings: Findings = field(default_factory=Findings)
    wanted: frozenset[str] | None = None

    @property
    def nodes(self) -> int:
        return len(self.node_id)

    @property
    def edges(self) -> int:
        return len(self.edge_id)

    def flag_nodes(self, name: str, at: np.ndarray, **more: Any) -> None:
        """Report points; arguments as for `Sink.flag`, over all points of the network."""
        self._flag(name, at, self.node_kinds, self.node_kind, self.node_id, lambda i: self.xyz[i, :2], more)

    def flag_edges(self, name: str, at: np.ndarray, *, place: np.ndarray | None = None, **more: Any) -> None:
        """Report lines; `place` (m, 2) shows where on the line, default its middle."""
        middle = (self.first[:, :2] + self.last[:, :2]) / 2 if place is None else place
        self._flag(name, at, self.edge_kinds, self.edge_kind, self.edge_id, lambda i: middle[i], more)

    def _flag(
        self, name: str, at: np.ndarray, kinds: tuple[Kind, ...], of: np.ndarray, ids: pa.Array, xy: Callable[[np.ndarray], np.ndarray], more: Mapping[str, Any]
    ) -> None:
        index = np.flatnonzero(at) if at.dtype == bool else np.asarray(at)
        for position in np.unique(of[index]).tolist():
            Sink(self.findings, kinds[position].name, ids, xy, wanted=self.wanted).flag(name, index[of[index] == position], **more)

    def wants(self, *names: str) -> bool:
        """Whether any of these checks was asked for."""
        return self.wanted is None or not self.wanted.isdisjoint(names)

    def buried(self) -> np.ndarray:
        """(m,) lines under the ground: laid so, or pipes of which the laying is unknown; cables may hang and channels lie open."""
        laying = self.edge_text["laying"]
        above = np.asarray(pc.fill_null(pc.is_in(laying, value_set=pa.array(["JK", "DM", "SJ"])), False).to_numpy(zero_copy_only=False), bool)
        unknown = np.asarray(laying.is_null().to_numpy(zero_copy_only=False), bool)
        cable = np.array([(k.symbol.feature_code[1:2] if k.symbol else "") in ("5", "6", "") for k in self.edge_kinds], bool)
        return self.line & ~above & ~(unknown & cable[self.edge_kind]) & self.closed()

    def closed(self) -> np.ndarray:
        """(m,) pipes, as against channels; an unknown shape is a pipe."""
        shape = self.edge_text["shape"]
        return np.asarray(pc.fill_null(pc.is_in(shape, value_set=pa.array([*_CLOSED, None], pa.string())), True).to_numpy(zero_copy_only=False), bool)


def build(spec: Network, kinds: Mapping[str, Kind], tables: Mapping[str, pa.Table], findings: Findings, wanted: frozenset[str] | None = None) -> NetworkView:
    """Join the tables of a network's kinds; kinds without a table are empty."""
    node_kinds = tuple(kinds[n] for n in spec.node_kinds if n in kinds and n in tables)
    edge_kinds = tuple(kinds[n] for n in spec.edge_kinds if n in kinds and n in tables)
    nodes, edges = [tables[k.name] for k in node_kinds], [tables[k.name] for k in edge_kinds]
    node_id = _text(nodes, "id")
    start_id, end_id = _text(edges, "from_id"), _text(edges, "to_id")
    shape = _joined([t["geometry"].combine_chunks() if isinstance(t["geometry"], pa.ChunkedArray) else t["geometry"] for t in edges], pa.binary())
    first, last = geometry.ends(shape) if len(shape) else (np.empty((0, 3)), np.empty((0, 3)))
    places = [xyz(_plain(t["geometry"])) for t in nodes]
    return NetworkView(
        spec=spec,
        node_kinds=node_kinds,
        edge_kinds=edge_kinds,
        node_id=node_id,
        node_kind=_owner(nodes),
        xyz=np.concatenate(places) if places else np.empty((0, 3)),
        node={name: _number(nodes, name) for name in NODE_NUMBERS},
        node_text={name: _text(nodes, name) for name in NODE_TEXTS},
        edge_id=_text(edges, "id"),
        edge_kind=_owner(edges),
        edge={name: _number(edges, name) for name in EDGE_NUMBERS},
        edge_text={name: _text(edges, name) for name in EDGE_TEXTS},
        start=_position(start_id, node_id),
        end=_position(end_id, node_id),
        start_id=start_id,
        end_id=end_id,
        first=first,
        last=last,
        shape=shape,
        line=np.repeat([is_line(k) for k in edge_kinds], [t.num_rows for t in edges]).astype(bool),
        findings=findings,
        wanted=wanted,
    )


def _plain(column: pa.Array | pa.ChunkedArray) -> pa.Array:
    return column.combine_chunks() if isinstance(column, pa.ChunkedArray) else column


def _joined(parts: list[pa.Array], kind: pa.DataType) -> pa.Array:
    return pa.concat_arrays([p.cast(kind) for p in parts]) if parts else pa.array([], kind)


def _text(tables: list[pa.Table], name: str) -> pa.Array:
    return _joined([_plain(t[name]) if name in t.column_names else pa.nulls(t.num_rows, pa.string()) for t in tables], pa.string())


def _number(tables: list[pa.Table], name: str) -> np.ndarray:
    parts = [t[name].to_numpy().astype(np.float64, copy=False) if name in t.column_names else np.full(t.num_rows, np.nan) for t in tables]
    return np.concatenate(parts) if parts else np.empty(0)


def _owner(tables: list[pa.Table]) -> np.ndarray:
    return np.repeat(np.arange(len(tables), dtype=np.int64), [t.num_rows for t in tables])


def _position(ids: pa.Array, index: pa.Array) -> np.ndarray:
    if len(ids) == 0:
        return np.empty(0, np.int64)
    return np.asarray(pc.fill_null(pc.index_in(ids, value_set=index), -1).to_numpy(zero_copy_only=False), np.int64)
