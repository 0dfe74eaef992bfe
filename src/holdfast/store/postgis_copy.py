"""Arrow tables through PostgreSQL's binary COPY, whole columns at a time in both directions."""

from __future__ import annotations

from collections.abc import Generator, Iterable, Iterator
from typing import Any

import numpy as np
import psycopg
import pyarrow as pa
import pyarrow.compute as pc
from psycopg import sql

from .fact_rows import geometry_codes
from .row_bytes import EPOCH_DATE, EPOCH_MICROSECONDS, join_rows, length_bytes, one_chunk, packed, value_bytes

CHUNK = 50_000
_CHUNK_BYTES = 256 << 20  # however many rows that is: Arrow counts bytes of one array in 32 bits
_HEADER = b"PGCOPY\n\xff\r\n\0" + bytes(8)
_TRAILER = b"\xff\xff"


def copy_in(cursor: psycopg.Cursor[Any], table: sql.Identifier, rows: pa.Table, srid: int) -> int:
    """Append rows to a table that has the same column names.

    rows      (row,) columns of the types of `holdfast.model.tables`; `geometry` is little-endian ISO WKB
    srid      stamped on every geometry
    """
    names = sql.SQL(", ").join(map(sql.Identifier, rows.column_names))
    with cursor.copy(sql.SQL("COPY {} ({}) FROM STDIN (FORMAT binary)").format(table, names)) as copy:
        copy.write(_HEADER)
        step = max(1, min(CHUNK, _CHUNK_BYTES * rows.num_rows // max(rows.nbytes, 1)))
        for start in range(0, rows.num_rows, step):
            copy.write(_encode(rows.slice(start, step), srid))
        copy.write(_TRAILER)
    return rows.num_rows


def _encode(rows: pa.Table, srid: int) -> bytes:
    parts: list[pa.Array | pa.Scalar] = [pa.scalar(len(rows.column_names).to_bytes(2, "big"), pa.binary())]
    for name in rows.column_names:
        column = one_chunk(rows[name])
        values = with_srid(column, srid) if name == "geometry" else value_bytes(column)
        parts += [length_bytes(values), values]
    return b"".join(memoryview(buffer) for buffer in _data(join_rows(parts)))


def _data(joined: pa.Array | pa.ChunkedArray) -> Iterator[memoryview]:
    for array in joined.chunks if isinstance(joined, pa.ChunkedArray) else [joined]:
        width = np.int64 if pa.types.is_large_binary(array.type) else np.int32
        offsets = np.frombuffer(array.buffers()[1], width)[array.offset : array.offset + len(array) + 1]
        yield memoryview(array.buffers()[2])[offsets[0] : offsets[-1]]


def with_srid(wkb: pa.Array, srid: int) -> pa.Array:
    """Extended WKB that carries an SRID, from little-endian ISO WKB; parts of collections may stay as they are."""
    present = wkb.drop_null()
    if not len(present):
        return wkb.cast(pa.binary())
    starts, codes = geometry_codes(present)
    heads = np.empty(len(codes), [("order", "u1"), ("code", "<u4"), ("srid", "<i4")])
    heads["order"], heads["srid"] = 1, srid
    dimensions, shape = np.divmod(codes, 1000)  # 0: plan, 1: z, 2: m, 3: both
    heads["code"] = shape | np.array([0x20000000, 0xA0000000, 0x60000000, 0xE0000000], np.uint32)[dimensions]
    offsets = np.column_stack((starts, starts + 5)).ravel()
    last = np.frombuffer(present.buffers()[1], np.int32)[present.offset + len(present)]
    halves = pa.BinaryArray.from_buffers(pa.binary(), 2 * len(present), [None, pa.py_buffer(np.append(offsets, last).astype(np.int32)), present.buffers()[2]])
    joined = join_rows([packed(heads), halves.take(pa.array(np.arange(1, 2 * len(present), 2)))])
    valid = wkb.is_valid().to_numpy(zero_copy_only=False)
    return joined if valid.all() else joined.take(pa.array(np.cumsum(valid) - 1, mask=~valid))


def copy_out(cursor: psycopg.Cursor[Any], query: sql.Composable, values: Iterable[Any], schema: pa.Schema, rows: int = CHUNK) -> Generator[pa.Table, None, None]:
    """Result rows of a query as Arrow tables of at most `rows` rows.

    schema    the query's columns, in order; `geometry` must come as bytes
    """
    statement = sql.SQL("COPY ({}) TO STDOUT (FORMAT binary)").format(query)
    with cursor.copy(statement, list(values)) as copy:
        messages: list[bytes] = []
        size, skip = 0, len(_HEADER)
        for message in copy:  # the server sends one message per row, the header in front of the first
            row = bytes(message[skip:])
            skip = 0
            if row != _TRAILER:
                messages.append(row)
                size += len(row)
            if len(messages) == rows or size > _CHUNK_BYTES:
                yield _decode(messages, schema)
                messages, size = [], 0
        if messages:
            yield _decode(messages, schema)


def _decode(messages: list[bytes], schema: pa.Schema) -> pa.Table:
    """One table from COPY rows: every column is gathered at the positions where its values start."""
    buffer = b"".join(messages) + bytes(8)
    sizes = np.fromiter(map(len, messages), np.int64, len(messages))
    position = np.cumsum(sizes) - sizes + 2
    lengths_at = np.ndarray((len(buffer) - 3,), ">i4", buffer, strides=(1,))
    arrays = []
    for column in schema:
        lengths = lengths_at[position].astype(np.int64)
        position += 4
        arrays.append(_gather(buffer, position, lengths, column.type))
        position += np.maximum(lengths, 0)
    return pa.table(arrays, schema=schema)


def _gather(buffer: bytes, start: np.ndarray, lengths: np.ndarray, kind: pa.DataType) -> pa.Array:
    null = lengths < 0
    if pa.types.is_string(kind) or pa.types.is_binary(kind):
        offsets = np.empty(2 * len(start) + 1, np.int32)
        offsets[0:-1:2], offsets[1::2], offsets[-1] = start, start + np.maximum(lengths, 0), len(buffer)
        pieces = pa.BinaryArray.from_buffers(pa.binary(), 2 * len(start), [None, pa.py_buffer(offsets), pa.py_buffer(buffer)])
        taken = pieces.take(pa.array(np.arange(0, 2 * len(start), 2), mask=null))
        return taken.cast(kind) if pa.types.is_string(kind) else taken
    return _numbers(buffer, np.where(null, 0, start), null, kind)


def _numbers(buffer: bytes, start: np.ndarray, null: np.ndarray, kind: pa.DataType) -> pa.Array:
    layout = {pa.float64(): ">f8", pa.bool_(): "u1", pa.date32(): ">i4"}.get(kind, ">i8")
    width = np.dtype(layout).itemsize
    values = np.ndarray((len(buffer) - width + 1,), layout, buffer, strides=(1,))[start].astype(np.dtype(layout).newbyteorder("="))
    if pa.types.is_timestamp(kind):
        return pa.array((values + EPOCH_MICROSECONDS) // 1000, pa.int64(), mask=null).cast(kind)
    if pa.types.is_date32(kind):
        return pa.array((values + np.int32(EPOCH_DATE)).astype(np.int32), pa.int32(), mask=null).cast(kind)
    if pa.types.is_boolean(kind):
        return pa.array(values.astype(bool), kind, mask=null)
    return pa.array(values, kind, mask=null)


def nan_to_null(rows: pa.Table) -> pa.Table:
    """Missing numbers as null, which is what every store keeps of NaN."""
    for index, column in enumerate(rows.schema):
        if pa.types.is_floating(column.type):
            values = rows[column.name]
            rows = rows.set_column(index, column.name, pc.if_else(pc.fill_null(pc.is_nan(values), False), pa.scalar(None, column.type), values))
    return rows
