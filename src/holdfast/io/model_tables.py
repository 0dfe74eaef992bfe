"""A city's tables made ready for a model file: names, what is in service, and what had to be assumed."""

from __future__ import annotations

import hashlib
from collections import Counter
from collections.abc import Sequence
from typing import Any

import numpy as np
import pyarrow as pa

from holdfast.model import geometry

_NOT_BUILT = frozenset({"planned", "designed", "retired"})
_GONE = frozenset({"1", "2"})  # abandoned, empty
_TIMES = ("valid_from", "valid_to", "recorded_at", "superseded_at")


class ModelTables:
    """Tables of one export.

    nodes     ids of all nodes that are written
    links     rows of each link kind that are written
    names     asset id -> id in the file
    assumed   "<kind>.<field>" -> rows where a value was missing and assumed
    left_out  reason -> rows not written
    """

    def __init__(self, city: Any, node_kinds: Sequence[str], link_kinds: Sequence[str], others: Sequence[Sequence[str]] = (), name_bytes: int = 31) -> None:
        """others: further kinds whose names must differ within each group. name_bytes: longest id the engine takes."""
        self.city = city
        self.node_kinds, self.link_kinds, self.name_bytes = tuple(node_kinds), tuple(link_kinds), name_bytes
        self.assumed: Counter[str] = Counter()
        self.left_out: Counter[str] = Counter()
        self._rows: dict[str, list[dict[str, Any]]] = {}
        self._shapes: dict[str, geometry.Coordinates | None] = {}
        self.nodes = {row["id"] for kind in self.node_kinds for row in self.rows(kind)}
        self.links = {kind: [row for row in self.rows(kind) if self._joined(row)] for kind in self.link_kinds}
        self.names = self._named([row["id"] for kind in self.node_kinds for row in self.rows(kind)])
        self.names |= self._named([row["id"] for kind in self.link_kinds for row in self.links[kind]])
        for group in others:
            self.names |= self._named([row["id"] for kind in group for row in self.rows(kind)])

    def rows(self, kind: str) -> list[dict[str, Any]]:
        """Rows of a kind in the order of the file they came from, else by id; "at" is their place in the coordinates."""
        if kind not in self._rows:
            table = self.city.table(kind)
            self._shapes[kind] = geometry.coordinates(table["geometry"]) if table.num_rows else None
            order = _order(table)
            rows = table.drop_columns([c for c in ("geometry", *_TIMES) if c in table.column_names])
            taken = rows.take(pa.array(order))
            found = taken.append_column("at", pa.array(order)).to_pylist()
            self._rows[kind] = [row for row in found if self._exists(row)]
        return self._rows[kind]

    def points(self, kind: str, row: dict[str, Any]) -> np.ndarray:
        """(n, 2 or 3) coordinates of a row; n is 0 without a geometry."""
        shapes = self._shapes[kind]
        if shapes is None:
            return np.empty((0, 2))
        return shapes.values[shapes.offsets[row["at"]] : shapes.offsets[row["at"] + 1]]

    def name(self, asset_id: str | None) -> str:
        """Id in the file of a row that another row names; its own ending where the city has no such row, so that the engine reports it."""
        if not asset_id:
            return ""
        return self.names.get(asset_id) or clean(asset_id.partition(":")[2], self.name_bytes)

    def optional(self, asset_id: str | None) -> str:
        """As `name`, but empty and counted where the city has no such row: for patterns, without which a model still runs."""
        if not asset_id or asset_id in self.names:
            return self.names.get(asset_id or "", "")
        self.left_out[f"reference to a {asset_id.partition(':')[0].partition('.')[2]} that the city does not have"] += 1
        return ""

    def number(self, row: dict[str, Any], kind: str, field: str, factor: float, default: float | None = None) -> float:
        """A field in the file's units; `default` (SI) where it is missing, which is counted."""
        value = row.get(field)
        if value is None:
            self.assumed[f"{kind}.{field}"] += 1
            value = default if default is not None else 0.0
        return value / factor

    def _named(self, ids: list[str]) -> dict[str, str]:
        return unique_names(ids, self.name_bytes)

    def _exists(self, row: dict[str, Any]) -> bool:
        if row.get("lifecycle") in _NOT_BUILT:
            self.left_out["not built or retired"] += 1
            return False
        if row.get("status") in _GONE:
            self.left_out["abandoned or empty"] += 1
            return False
        return True

    def _joined(self, row: dict[str, Any]) -> bool:
        if row["from_id"] in self.nodes and row["to_id"] in self.nodes and row["from_id"] != row["to_id"]:
            return True
        self.left_out["link without two ends"] += 1
        return False


def _order(table: pa.Table) -> np.ndarray:
    """Rows by position in the file (those without come last), then by id."""
    if "position" not in table.column_names or table.num_rows == 0:
        return np.arange(table.num_rows)
    position = table["position"].combine_chunks().fill_null(2**62).to_numpy(zero_copy_only=False)
    ids = np.asarray(table["id"].to_pylist(), object)
    return np.lexsort((ids.astype(str), position))


def clean(name: str, longest: int) -> str:
    """A name the engine can take as one column: no blanks, quotes, commas, brackets or semicolons."""
    kept = "".join("_" if c.isspace() or c in '";,[]' else c for c in name) or "_"
    if len(kept.encode()) <= longest:
        return kept
    digest = hashlib.sha256(kept.encode()).hexdigest()[:8]
    return f"{kept.encode()[: longest - 9].decode('utf-8', 'ignore')}-{digest}"


def unique_names(ids: list[str], longest: int) -> dict[str, str]:
    """Asset id -> name in the file: what follows the colon, made different where two kinds share it."""
    out: dict[str, str] = {}
    taken: set[str] = set()
    for asset_id in ids:
        kind, _, rest = asset_id.partition(":")
        name = clean(rest, longest)
        if name in taken:
            name = clean(f"{kind.partition('.')[2]}-{rest}", longest)
        count = 1
        while name in taken:
            count += 1
            name = clean(f"{count}-{rest}", longest)
        taken.add(name)
        out[asset_id] = name
    return out
