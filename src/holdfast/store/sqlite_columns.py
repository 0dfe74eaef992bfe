"""Whole columns out of SQLite without a Python object per value.

Columns of ids are joined by SQLite itself into one string with a separator and cut up with NumPy, which is several times
quicker than fetching rows; so are geometries of one length, as points are. The other columns are fetched as rows. Used for
reading few columns of very many rows.
"""

from __future__ import annotations

import sqlite3
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from . import gpkg_blob
from .fact_rows import ID_COLUMNS
from .sqlite_rows import to_arrow, without_gc

_SEPARATOR, _NULL = 30, 31  # ASCII record and unit separators
_POINT_BLOBS = ((8 + 21,), (8 + 29,))  # GeoPackage header and WKB of a point in the plane or in space
_SPAN = 1_000_000  # row ids per query, far below SQLite's limit on the length of a string


def read_columns(db: sqlite3.Connection, table: str, schema: pa.Schema, where: str, values: list[Any]) -> list[pa.Table]:
    """Columns of a table in order of row id, in pieces; the caller holds a transaction, so that all see one snapshot."""
    top = db.execute(f'SELECT coalesce(max(fid), 0) FROM "{table}"').fetchone()[0]
    pieces = []
    for start in range(1, top + 1, _SPAN):
        condition = f"fid BETWEEN {start} AND {start + _SPAN - 1}" + (f" AND {where}" if where else "")
        pieces.append(_piece(db, table, schema, condition, values))
    return pieces


def _piece(db: sqlite3.Connection, table: str, schema: pa.Schema, condition: str, values: list[Any]) -> pa.Table:
    texts = [f for f in schema if f.name in ID_COLUMNS]
    others = [f for f in schema if f.name not in ID_COLUMNS]
    columns: dict[str, pa.Array] = {}
    shapes = _even_geometry(db, table, condition, values) if schema.get_field_index("geometry") >= 0 else None
    if shapes is not None:
        columns["geometry"] = shapes
        others = [f for f in others if f.name != "geometry"]
    count = 0
    if texts:
        inner = ", ".join(f'"{f.name}"' for f in texts)
        joined = ", ".join(f"CAST(group_concat(coalesce(\"{f.name}\", char({_NULL})), char({_SEPARATOR})) AS BLOB)" for f in texts)
        sql = f'SELECT count(*), {joined} FROM (SELECT {inner} FROM "{table}" WHERE {condition} ORDER BY fid)'
        count, *blobs = db.execute(sql, values).fetchone()
        columns |= {f.name: _split(blob, count) for f, blob in zip(texts, blobs, strict=True)}
    if others:
        names = ", ".join(f'"{f.name}"' for f in others)
        with without_gc():
            rows = db.execute(f'SELECT {names} FROM "{table}" WHERE {condition} ORDER BY fid', values).fetchall()
            fetched = list(zip(*rows, strict=True)) if rows else [()] * len(others)
            del rows
        columns |= {f.name: to_arrow(cells, f.type, geometry=f.name == "geometry") for f, cells in zip(others, fetched, strict=True)}
    return pa.table([columns[f.name] for f in schema], schema=schema)


def _even_geometry(db: sqlite3.Connection, table: str, condition: str, values: list[Any]) -> pa.Array | None:
    """WKB of all rows when their blobs are equally long and none is missing; None otherwise."""
    sql = (
        "SELECT count(*), count(geometry), min(length(geometry)), max(length(geometry)), CAST(group_concat(geometry, '') AS BLOB) "
        f'FROM (SELECT geometry FROM "{table}" WHERE {condition} ORDER BY fid)'
    )
    if db.execute(f'SELECT length(geometry) FROM "{table}" WHERE {condition} LIMIT 1', values).fetchone() not in _POINT_BLOBS:
        return None
    count, present, least, most, blob = db.execute(sql, values).fetchone()
    if present != count or least != most or len(blob) != count * least:
        return None
    offsets = np.arange(0, len(blob) + 1, least, dtype=np.int32)
    return gpkg_blob.to_wkb(pa.Array.from_buffers(pa.binary(), count, [None, pa.py_buffer(offsets), pa.py_buffer(blob)]))


def _split(blob: bytes | None, count: int) -> pa.Array:
    if not count or blob is None:
        return pa.array([], pa.string())
    data = np.frombuffer(blob, np.uint8)
    cuts = np.flatnonzero(data == _SEPARATOR)
    offsets = np.empty(count + 1, np.int32)
    offsets[0], offsets[-1] = 0, len(data) - len(cuts)
    offsets[1:-1] = cuts - np.arange(len(cuts))
    text = pa.Array.from_buffers(pa.string(), count, [None, pa.py_buffer(offsets), pa.py_buffer(data[data != _SEPARATOR])])
    if (data == _NULL).any():
        text = pc.if_else(pc.equal(text, chr(_NULL)), pa.scalar(None, pa.string()), text)
    return text
