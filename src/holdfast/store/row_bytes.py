"""Rows of an Arrow table as bytes, whole columns at a time: big-endian numbers, UTF-8 text, one length before each value.

The layout of each value is that of PostgreSQL's binary COPY; the content digest of backups is built on the same bytes,
so that both stores and every archive agree on what a row is.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterable

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from .fact_rows import iso_wkb

EPOCH_DATE = np.datetime64("2000-01-01", "D").astype(np.int64)  # PostgreSQL counts days and microseconds from here
EPOCH_MICROSECONDS = np.datetime64("2000-01-01", "us").astype(np.int64)
_EMPTY = pa.scalar(b"", pa.binary())
_MODULUS = 1 << 256


def value_bytes(column: pa.Array) -> pa.Array:
    """A column's values as big-endian or UTF-8 bytes; nulls stay null.

    column   (row,)  float64, int64, int8, bool, date32, timestamp[ms], string or binary
    """
    kind = column.type
    if pa.types.is_string(kind) or pa.types.is_large_string(kind):
        return column.cast(pa.binary())
    if pa.types.is_binary(kind):
        return column
    if pa.types.is_null(kind):
        return column.cast(pa.binary())
    values = packed(_numbers(column))
    return pc.if_else(column.is_valid(), values, pa.scalar(None, pa.binary())) if column.null_count else values


def _numbers(column: pa.Array) -> np.ndarray:
    kind = column.type
    if pa.types.is_floating(kind):
        return pc.fill_null(column, 0.0).to_numpy(zero_copy_only=False).astype(">f8")
    if pa.types.is_boolean(kind):
        return pc.fill_null(column, False).to_numpy(zero_copy_only=False).astype(np.uint8)
    if pa.types.is_date32(kind):
        days = pc.fill_null(column.cast(pa.int32()), 0).to_numpy(zero_copy_only=False)
        return (days - EPOCH_DATE).astype(">i4")
    if pa.types.is_timestamp(kind):
        milliseconds = pc.fill_null(column.cast(pa.int64()), 0).to_numpy(zero_copy_only=False)
        return (milliseconds * 1000 - EPOCH_MICROSECONDS).astype(">i8")
    if pa.types.is_integer(kind):
        return pc.fill_null(column.cast(pa.int64()), 0).to_numpy(zero_copy_only=False).astype(">i8")
    raise TypeError(f"no byte layout for columns of {kind}")


def packed(numbers: np.ndarray) -> pa.Array:
    """The bytes of each element of a plain or structured array."""
    width = numbers.dtype.itemsize
    buffers = [None, pa.py_buffer(np.ascontiguousarray(numbers))]
    return pa.FixedSizeBinaryArray.from_buffers(pa.binary(width), len(numbers), buffers).cast(pa.binary())


def length_bytes(values: pa.Array) -> pa.Array:
    """The four bytes before each value: its length, or -1 for null."""
    return packed(pc.fill_null(pc.binary_length(values), -1).to_numpy(zero_copy_only=False).astype(">i4"))


def join_rows(parts: list[pa.Array | pa.Scalar]) -> pa.Array:
    """Concatenate the parts of each row; null parts vanish."""
    return pc.binary_join_element_wise(*parts, _EMPTY, null_handling="replace", null_replacement=b"")


def one_chunk(column: pa.ChunkedArray | pa.Array) -> pa.Array:
    """The column as one array."""
    if isinstance(column, pa.Array):
        return column
    joined = column.combine_chunks()
    return joined if isinstance(joined, pa.Array) else pa.concat_arrays(joined.chunks)


def _canonical(column: pa.Array, name: str) -> pa.Array:
    """Values whose bytes do not depend on the store: one WKB flavour, no negative zero."""
    if name == "geometry" and pa.types.is_binary(column.type):
        return one_chunk(iso_wkb(column))
    if pa.types.is_floating(column.type):
        return pc.add(column, 0.0)
    return column


class ContentDigest:
    """A digest of rows that does not depend on their order, on columns without values, or on the store they come from.

    It is the sum modulo 2^256 of the SHA-256 of every row; `rows` counts them. Columns in `skip`, such as derived ones, are left out.
    """

    def __init__(self, skip: frozenset[str] = frozenset()) -> None:
        self.rows = 0
        self._skip = skip
        self._total = 0

    def add(self, piece: pa.Table) -> None:
        """Take in more rows."""
        self.rows += piece.num_rows
        parts: list[pa.Array | pa.Scalar] = []
        for name in sorted(set(piece.column_names) - self._skip):
            column = one_chunk(piece[name])
            if column.null_count == len(column):
                continue  # a column without values says nothing, and may be absent elsewhere
            values = value_bytes(_canonical(column, name))
            tags = pc.if_else(values.is_valid(), pa.scalar(name.encode() + b"\0", pa.binary()), _EMPTY)
            lengths = pc.if_else(values.is_valid(), length_bytes(values), _EMPTY)
            parts += [tags, lengths, values]
        if parts:
            self._total += sum(int.from_bytes(hashlib.sha256(row).digest(), "big") for row in join_rows(parts).to_pylist())

    def hexdigest(self) -> str:
        return f"{self._total % _MODULUS:064x}"


def content_digest(pieces: Iterable[pa.Table], skip: frozenset[str] = frozenset()) -> tuple[int, str]:
    """Number of rows and `ContentDigest` of the tables that together are the content."""
    digest = ContentDigest(skip)
    for piece in pieces:
        digest.add(piece)
    return digest.rows, digest.hexdigest()
