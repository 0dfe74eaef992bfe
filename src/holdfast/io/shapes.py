"""Delivered shapes brought to the type a kind is drawn as, where that can be done without loss; the rest is judged by the import."""

from __future__ import annotations

import numpy as np
import pyarrow as pa

from holdfast.model.finding import Findings
from holdfast.model.geometry import decode, encode
from holdfast.model.geometry_validity import settle_type
from holdfast.model.spec import Kind

_POINT, _LINE, _POLYGON, _MULTI = 1, 2, 3, (4, 5, 6, 7)
_NAMES = {1: "point", 2: "line", 3: "area", 4: "points", 5: "line in several parts", 6: "areas", 7: "collection"}


def wkb_types(column: pa.Array) -> np.ndarray:
    """(n,) WKB type without dimension: 1 point, 2 line, 3 polygon, 4 to 7 multi; 0 for null rows and bytes that are no WKB."""
    types = np.zeros(len(column), np.int64)
    _, offset_buffer, data_buffer = column.buffers()
    if offset_buffer is None or data_buffer is None or len(column) == 0:
        return types
    width = np.int64 if pa.types.is_large_binary(column.type) else np.int32
    offsets = np.frombuffer(offset_buffer, width)[column.offset : column.offset + len(column) + 1].astype(np.int64)
    data = np.frombuffer(data_buffer, np.uint8)
    rows = np.flatnonzero((np.diff(offsets) >= 5) & column.is_valid().to_numpy(zero_copy_only=False))
    start = offsets[rows]
    word = data[start[:, None] + np.arange(1, 5)]
    little = data[start] == 1
    code = np.where(little, np.ascontiguousarray(word).view("<u4")[:, 0], np.ascontiguousarray(word).view(">u4")[:, 0])
    code = np.where(code >= 1 << 29, code & 0xFF, code % 1000)  # EWKB flags above, ISO thousands below
    types[rows] = np.where(code <= 7, code, 0)
    return types


def fit(
    column: pa.ChunkedArray, kind: Kind, findings: Findings, *, ids: pa.ChunkedArray, rows: np.ndarray, file: str
) -> tuple[pa.Array, pa.Array | None]:
    """The geometry column of a kind.

    One-part multis become single and joined lines one. An area or line of a point kind becomes a point on it; a point of a
    line kind is taken out, as its ends say where it is. Both are said, and kept as delivered beside.
    returns   the column, and the WKT as delivered of rows whose type was changed, or None when there are none
    """
    array = column.combine_chunks() if column.num_chunks != 1 else column.chunk(0)
    if isinstance(array, pa.ChunkedArray):
        array = pa.concat_arrays([chunk.cast(pa.large_binary()) for chunk in array.chunks]) if array.num_chunks else pa.array([], pa.binary())
    if kind.geometry is None:
        return array, None
    types = wkb_types(array)
    if np.isin(types, _MULTI).any():
        array = settle_type(array, kind.geometry)
        types = wkb_types(array)
    if kind.geometry == "Point":
        changed, message = types > _POINT, f"{kind.name} is a point; a point on the delivered shape stands for it"
    elif kind.geometry == "LineString":
        changed, message = types == _POINT, f"{kind.name} runs between two nodes; the delivered point was taken out of the geometry"
    else:
        return array, None
    return (array, None) if not changed.any() else _change(array, changed, types, kind, findings, ids, rows, file, message)


def _change(
    array: pa.Array, changed: np.ndarray, types: np.ndarray, kind: Kind, findings: Findings, ids: pa.ChunkedArray, rows: np.ndarray, file: str, message: str
) -> tuple[pa.Array, pa.Array | None]:
    import shapely

    at = np.flatnonzero(changed)
    given = decode(array.take(pa.array(at)))
    usable = ~shapely.is_missing(given) & ~shapely.is_empty(given) & np.isfinite(shapely.bounds(given)).all(axis=1)
    at, given = at[usable], given[usable]
    if len(at) == 0:
        return array, None
    findings.add_rows(
        "import.geometry_type", "info", message, kind=kind.name, ids=ids.take(pa.array(at)).to_pylist(), column="geometry", file=file, rows=rows[at],
        values=[_NAMES[int(t)] for t in types[at]], fix=f"Deliver {kind.geometry} geometry, or choose another kind",
    )  # fmt: skip
    new = encode(shapely.point_on_surface(given)) if kind.geometry == "Point" else pa.nulls(len(at), pa.binary())
    where = np.full(len(array), -1, np.int64)
    where[at] = np.arange(len(at))
    result = np.array(array.to_numpy(zero_copy_only=False), object)
    result[at] = new.to_numpy(zero_copy_only=False)
    texts = np.full(len(array), None, object)
    texts[at] = shapely.to_wkt(given, rounding_precision=-1)
    return pa.array(result, pa.binary()), pa.array(texts, pa.string())
