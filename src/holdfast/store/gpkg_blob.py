"""GeoPackage geometry blobs: a small header in front of ISO WKB, converted for whole columns at once."""

from __future__ import annotations

import struct

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

_LITTLE_ENDIAN_NO_ENVELOPE = 0x01
_HEADER_BYTES = 8
_ENVELOPE_BYTES = (0, 32, 48, 48, 64)


def header(srs_id: int) -> bytes:
    """The 8-byte header of a non-empty geometry without envelope. source: GeoPackage 1.3, clause 2.1.3."""
    return b"GP" + bytes((0, _LITTLE_ENDIAN_NO_ENVELOPE)) + struct.pack("<i", srs_id)


def from_wkb(wkb: pa.Array | pa.ChunkedArray, srs_id: int) -> pa.Array | pa.ChunkedArray:
    """Blobs of a WKB column; nulls stay null."""
    return pc.binary_join_element_wise(pa.scalar(header(srs_id), pa.binary()), wkb, pa.scalar(b"", pa.binary()))


def to_wkb(blobs: pa.Array) -> pa.Array:
    """WKB of a blob column. Headers written by other programs may carry an envelope; those columns take the slow path."""
    if len(blobs) == 0 or blobs.null_count == len(blobs):
        return blobs
    valid, offset_buffer, data_buffer = blobs.buffers()
    offsets = np.frombuffer(offset_buffer, np.int32)[blobs.offset : blobs.offset + len(blobs) + 1]
    data = np.frombuffer(data_buffer, np.uint8)
    starts = offsets[:-1][np.diff(offsets) > 0]
    if not np.all(data[starts + 3] == _LITTLE_ENDIAN_NO_ENVELOPE):
        return pa.array([None if blob is None else _strip(blob) for blob in blobs.to_pylist()], pa.binary())
    keep = np.ones(len(data), bool)
    keep[starts[:, None] + np.arange(_HEADER_BYTES)] = False
    keep[: offsets[0]] = keep[offsets[-1] :] = False
    filled = np.concatenate(([0], np.cumsum(np.diff(offsets) > 0, dtype=np.int32)))
    shifted = (offsets - offsets[0] - _HEADER_BYTES * filled).astype(np.int32)
    if blobs.offset:  # the validity bitmap starts at the slice's offset
        return pa.array([None if blob is None else blob[_HEADER_BYTES:] for blob in blobs.to_pylist()], pa.binary())
    return pa.Array.from_buffers(pa.binary(), len(blobs), [valid, pa.py_buffer(shifted), pa.py_buffer(data[keep])], blobs.null_count)


def _strip(blob: bytes) -> bytes | None:
    flags = blob[3]
    if flags & 0x10:
        return None  # empty geometry: a fact without a place
    return blob[8 + _ENVELOPE_BYTES[(flags >> 1) & 7] :]
