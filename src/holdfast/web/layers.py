"""Assets for the map and for programs: a box of one kind as GeoJSON or as a table.

Where a box holds more than asked for, the largest are given first, so that a view of the whole city shows mains and
blocks rather than an arbitrary corner.
"""

from __future__ import annotations

import json
import threading
from dataclasses import dataclass
from time import monotonic
from typing import Any

import numpy as np
import pyarrow as pa
import shapely

from holdfast.model import geometry
from holdfast.model.city import City
from holdfast.model.errors import Invalid
from holdfast.model.repository import BBox
from holdfast.model.time import to_text

from .places import Places

MAX_LIMIT = 50_000
INDEX_SECONDS = 30.0  # how long the outline of a large layer is kept before it is read again


@dataclass(frozen=True, slots=True)
class Chosen:
    """Assets of one box: the rows given and how many there are in all."""

    table: pa.Table
    matched: int


class LayerIndex:
    """Bounds of the large layers of one city, read once and kept for a while."""

    def __init__(self, city: City) -> None:
        self._city = city
        self._kept: dict[str, tuple[float, np.ndarray, np.ndarray]] = {}
        self._lock = threading.Lock()

    def bounds(self, kind: str) -> tuple[np.ndarray, np.ndarray]:
        """Ids (n,) and bounds (n, 4) [m] of the open facts of a kind that have a geometry."""
        with self._lock:
            kept = self._kept.get(kind)
            if kept is None or monotonic() - kept[0] > INDEX_SECONDS:
                ids, bounds = self._city.repository.bounds(self._city.kind(kind))
                kept = (monotonic(), np.asarray(ids.to_numpy(zero_copy_only=False), object), np.asarray(bounds, float).reshape(-1, 4))
                self._kept[kind] = kept
            return kept[1], kept[2]

    def city_bounds(self) -> BBox | None:
        """The box [m] of the city: of its five largest layers without the outermost 0.1 % of their assets."""
        counts = self._city.counts()
        placed = [name for name in sorted(counts, key=lambda n: -counts[n]) if self._city.kind(name).geometry is not None]
        boxes = [b[np.isfinite(b).all(axis=1)] for name in placed[:5] if len(b := self.bounds(name)[1])]
        boxes = [b for b in boxes if len(b)]
        if not boxes:
            return None
        low = np.min([np.quantile(b[:, :2], 0.001 if len(b) > 1000 else 0.0, axis=0) for b in boxes], axis=0)
        high = np.max([np.quantile(b[:, 2:], 0.999 if len(b) > 1000 else 1.0, axis=0) for b in boxes], axis=0)
        return (float(low[0]), float(low[1]), float(high[0]), float(high[1]))

    def coverage(self) -> dict[str, float]:
        """Share of the city's box that each area layer covers, roughly: by the boxes of its assets; above 1 where they overlap."""
        box = self.city_bounds()
        if box is None:
            return {}
        whole = max((box[2] - box[0]) * (box[3] - box[1]), 1.0)
        found = {}
        for name in self._city.counts():
            if self._city.kind(name).geometry in ("Polygon", "MultiPolygon"):
                b = self.bounds(name)[1]
                found[name] = round(float(np.nansum((b[:, 2] - b[:, 0]) * (b[:, 3] - b[:, 1]))) / whole, 3)
        return found


def choose(city: City, index: LayerIndex, kind: str, bbox: BBox | None, limit: int, columns: list[str] | None) -> Chosen:
    """At most `limit` assets whose box touches `bbox` [m], the largest first where there are more."""
    if not 1 <= limit <= MAX_LIMIT:
        raise Invalid(f"limit {limit} is not possible", fix=f"Ask for 1 to {MAX_LIMIT}", field="limit")
    table = city.table(kind, bbox=bbox, columns=columns, limit=limit + 1)
    if table.num_rows <= limit:
        return Chosen(table, table.num_rows)
    if city.at is not None:
        return Chosen(table.slice(0, limit), city.table(kind, bbox=bbox, columns=["id"]).num_rows)
    ids, bounds = index.bounds(kind)
    if bbox is not None:
        touching = (bounds[:, 0] <= bbox[2]) & (bounds[:, 2] >= bbox[0]) & (bounds[:, 1] <= bbox[3]) & (bounds[:, 3] >= bbox[1])
        ids, bounds = ids[touching], bounds[touching]
    if len(ids) <= limit:  # some have no geometry, or the layer shrank since its outline was read
        return Chosen(table.slice(0, limit), max(len(ids), table.num_rows))
    size = np.maximum(bounds[:, 2] - bounds[:, 0], bounds[:, 3] - bounds[:, 1])
    largest = np.argpartition(-size, limit)[:limit]
    picked = ids[np.sort(largest)] if size.any() else ids[np.linspace(0, len(ids) - 1, limit).astype(int)]
    return Chosen(city.table(kind, ids=picked.tolist(), columns=columns), len(ids))


def feature_collection(chosen: Chosen, places: Places) -> bytes:
    """RFC 7946 GeoJSON: longitude, latitude to 1e-7 deg, every column but geometry as a property."""
    shapes = to_geojson(chosen.table["geometry"], places)
    properties = rows(chosen.table.drop_columns("geometry"))
    features = ",".join(
        f'{{"type":"Feature","id":{_text(row.get("id"))},"properties":{_text(row)},"geometry":{shape}}}' for row, shape in zip(properties, shapes, strict=True)
    )
    head = f'{{"type":"FeatureCollection","numberMatched":{chosen.matched},"numberReturned":{chosen.table.num_rows},"features":['
    return f"{head}{features}]}}".encode()


def to_geojson(wkb: pa.ChunkedArray | pa.Array, places: Places) -> list[str]:
    """(n,) GeoJSON geometry texts in longitude and latitude; "null" where there is none. Heights are left out."""
    shapes = shapely.force_2d(geometry.decode(geometry.transform(wkb, places.lonlat)))
    return ["null" if text is None else text for text in shapely.to_geojson(shapes)]


def rows(table: pa.Table) -> list[dict[str, Any]]:
    """Rows as JSON-able dictionaries: NaN is null, instants and dates are ISO-8601 text, `extra` is opened."""
    columns: dict[str, list[Any]] = {}
    for name in table.column_names:
        column = table[name]
        if pa.types.is_timestamp(column.type):
            columns[name] = [None if v is None else to_text(np.datetime64(v.replace(tzinfo=None), "ms")) for v in column.to_pylist()]
        elif pa.types.is_floating(column.type):
            columns[name] = [None if v is None or not np.isfinite(v) else v for v in column.to_pylist()]
        elif pa.types.is_date(column.type):
            columns[name] = [None if v is None else v.isoformat() for v in column.to_pylist()]
        elif name == "extra":
            columns[name] = [None if v is None else json.loads(v) for v in column.to_pylist()]
        elif pa.types.is_binary(column.type):
            columns[name] = [None if v is None else v.hex() for v in column.to_pylist()]
        else:
            columns[name] = column.to_pylist()
    return [dict(zip(columns, values, strict=True)) for values in zip(*columns.values(), strict=True)]


def _text(value: Any) -> str:
    return json.dumps(value, ensure_ascii=False, separators=(",", ":"))
