"""Rows about assets, put on the map: the geometry of each asset joined to its row by id."""

from __future__ import annotations

import json
from collections.abc import Sequence
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
import shapely

from holdfast.model import geometry
from holdfast.model.city import City
from holdfast.model.errors import NotFound

from .layers import rows
from .places import Places

_DIGITS = 7  # of a degree: 1 cm


def select(table: pa.Table, values: Sequence[str], service: str | None, limit: int) -> pa.Table:
    """The rows of a service in which one of the values is above zero, the highest first; without values all rows as they stand.

    raises    NotFound if the table has not these columns
    """
    wanted = [*values, "id", *(["service"] if service else [])]
    missing = [name for name in wanted if name not in table.column_names]
    if missing:
        raise NotFound(f"the table has no column {missing[0]!r}", fix=f"Its columns are: {', '.join(table.column_names)}", field="value" if values else "table")
    if service:
        table = table.filter(pc.equal(table["service"], service))
    if values:
        highest = np.nan_to_num(np.column_stack([table[name].to_numpy() for name in values])).max(axis=1)
        order = np.argsort(-highest, kind="stable")
        table = table.take(pa.array(order[: int((highest > 0.0).sum())]))
    return table.slice(0, limit)


def collection(city: City, places: Places, table: pa.Table, *, areas: bool) -> bytes:
    """GeoJSON of the rows of a table with a column `id`: longitude, latitude [deg], the other columns as properties.

    areas     polygons as they are; otherwise as a point inside them
    Assets that the city no longer has, or that have no geometry, are left out; `numberMatched` counts the rows, `numberReturned` the features.
    """
    shapes = _texts(city, places, table["id"].to_pylist(), areas)
    features = [f'{{"type":"Feature","properties":{json.dumps(row, ensure_ascii=False)},"geometry":{shapes[row["id"]]}}}' for row in rows(table) if row["id"] in shapes]
    head = f'{{"type":"FeatureCollection","numberMatched":{table.num_rows},"numberReturned":{len(features)},"features":['
    return f"{head}{','.join(features)}]}}".encode()


def _texts(city: City, places: Places, ids: list[str], areas: bool) -> dict[str, str]:
    """Id -> GeoJSON geometry."""
    by_kind: dict[str, list[str]] = {}
    for name in dict.fromkeys(ids):
        by_kind.setdefault(name.partition(":")[0], []).append(name)
    found: dict[str, str] = {}
    for kind, names in by_kind.items():
        if kind not in city.catalog.kinds or city.kind(kind).geometry is None:
            continue
        table = city.table(kind, ids=names, columns=["id", "geometry"])
        shapes: Any = shapely.force_2d(geometry.decode(geometry.transform(table["geometry"], places.lonlat)))
        if not areas:
            flat = shapely.get_dimensions(shapes) == 2
            shapes[flat] = shapely.point_on_surface(shapes[flat])
        texts = shapely.to_geojson(shapely.set_precision(shapes, 10.0**-_DIGITS, mode="pointwise"))
        found |= {name: text for name, text in zip(table["id"].to_pylist(), texts, strict=True) if text is not None}
    return found
