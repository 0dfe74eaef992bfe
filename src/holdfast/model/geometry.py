"""Columns of geometries: WKB in Arrow outside, coordinate arrays inside, Shapely 2 where a shape must be understood.

Columns of only points or only lines, which is nearly all of a city's lifelines, are read and written as arrays without
building a single object; anything else goes through Shapely. Heights are kept.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, TypeAlias

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

Column: TypeAlias = pa.Array | pa.ChunkedArray
PlanTransform = Callable[[np.ndarray, np.ndarray], tuple[np.ndarray, np.ndarray]]

_SIMPLE: dict[int, tuple[int, int]] = {  # WKB code -> bytes before the coordinates, dimensions
    1: (5, 2), 1001: (5, 3), 0x80000001: (5, 3),
    2: (9, 2), 1002: (9, 3), 0x80000002: (9, 3),
}  # fmt: skip


@dataclass(slots=True)
class Coordinates:
    """Coordinates of a column of points or of lines.

    values    (m, 2) or (m, 3) float64
    offsets   (n + 1,) int64; row i owns values[offsets[i]:offsets[i + 1]]; null rows own none
    lines     True for lines, False for points
    """

    values: np.ndarray
    offsets: np.ndarray
    lines: bool

    @property
    def counts(self) -> np.ndarray:
        """(n,) coordinates per row."""
        return np.diff(self.offsets)

    def rows(self) -> np.ndarray:
        """(m,) row of each coordinate."""
        return np.repeat(np.arange(len(self.offsets) - 1), self.counts)


def _chunk(column: Column) -> pa.Array:
    if isinstance(column, pa.ChunkedArray):
        column = column.chunk(0) if column.num_chunks == 1 else column.combine_chunks()
        if isinstance(column, pa.ChunkedArray):  # more than 2 GiB of WKB, or no chunk at all
            column = pa.concat_arrays([c.cast(pa.large_binary()) for c in column.chunks]) if column.num_chunks else pa.array([], pa.binary())
    return column


def _buffers(array: pa.Array) -> tuple[np.ndarray, np.ndarray]:
    """Bytes and (n + 1,) offsets of a binary array without nulls, starting at zero."""
    width = np.int64 if pa.types.is_large_binary(array.type) else np.int32
    offsets = np.frombuffer(array.buffers()[1], width)[array.offset : array.offset + len(array) + 1].astype(np.int64)
    raw = array.buffers()[2]
    data = np.frombuffer(raw, np.uint8) if raw is not None else np.empty(0, np.uint8)
    return data[offsets[0] : offsets[-1]], offsets - offsets[0]


def _layout(data: np.ndarray, offsets: np.ndarray) -> tuple[int, int, np.ndarray, np.ndarray | None] | None:
    """Header bytes, dimensions, coordinates per row and payload mask (None when rows are equally long); None if not simple."""
    size, start = np.diff(offsets), offsets[:-1]
    if len(size) == 0 or size.min() < 9 or (data[start] != 1).any():
        return None
    code = _unsigned(data, start + 1)
    if code[0] not in _SIMPLE or (code != code[0]).any():
        return None
    header, dimensions = _SIMPLE[int(code[0])]
    count, rest = np.divmod(size - header, 8 * dimensions)
    stated = _unsigned(data, start + 5) if header == 9 else 1
    if rest.any() or (count != stated).any():
        return None
    if (size == size[0]).all():
        return header, dimensions, count, None
    mask = np.ones(len(data), bool)
    for byte in range(header):
        mask[start + byte] = False
    return header, dimensions, count, mask


def _unsigned(data: np.ndarray, at: np.ndarray) -> np.ndarray:
    word = data[at].astype(np.int64)
    for byte in (1, 2, 3):
        word |= data[at + byte].astype(np.int64) << (8 * byte)
    return word


def coordinates(column: Column) -> Coordinates | None:
    """Coordinates of a column whose rows are all points or all lines (or null); None when it holds anything else."""
    array = _chunk(column)
    present = array.drop_null() if array.null_count else array
    if len(present) == 0:
        return None
    data, offsets = _buffers(present)
    layout = _layout(data, offsets)
    if layout is None:
        return None
    header, dimensions, count, mask = layout
    if mask is None:
        payload = np.ascontiguousarray(data.reshape(len(present), -1)[:, header:])
    else:
        payload = data[mask]
    values = payload.reshape(-1).view("<f8").reshape(-1, dimensions)
    per_row = count
    if array.null_count:
        per_row = np.zeros(len(array), np.int64)
        per_row[array.is_valid().to_numpy(zero_copy_only=False)] = count
    return Coordinates(values, np.concatenate(([0], np.cumsum(per_row))), header == 9)


def decode(column: Column) -> np.ndarray:
    """(n,) Shapely geometries; None for null rows and for bytes that are no WKB."""
    import shapely

    with np.errstate(invalid="ignore"):  # GEOS raises the flag for NaN coordinates, which `problems` reports
        return shapely.from_wkb(_chunk(column).to_numpy(zero_copy_only=False), on_invalid="ignore")


def encode(geometries: Any) -> pa.Array:
    """Shapely geometries (n,), None allowed, as a column of ISO WKB; 3D where they have heights."""
    import shapely

    return pa.array(shapely.to_wkb(np.asarray(geometries, object), flavor="iso", byte_order=1), pa.binary())


def points(x: np.ndarray, y: np.ndarray, z: np.ndarray | None = None) -> pa.Array:
    """A column of points from coordinates (n,); rows with NaN in x or y become null."""
    values = np.column_stack((x, y) if z is None else (x, y, z)).astype("<f8")
    column = _assemble(values, np.arange(len(values) + 1), lines=False)
    lost = np.isnan(values[:, :2]).any(axis=1)
    return pc.if_else(pa.array(~lost), column, pa.scalar(None, pa.binary())) if lost.any() else column


def lines(values: np.ndarray, offsets: np.ndarray | None = None) -> pa.Array:
    """A column of lines.

    values    (m, 2) or (m, 3) coordinates of all lines one after another, or (n, 2, 2 or 3) for two-point lines
    offsets   (n + 1,) where each line starts; not for two-point lines. A line without coordinates becomes null
    """
    values = np.asarray(values, "<f8")
    if values.ndim == 3:
        offsets = np.arange(len(values) + 1) * values.shape[1]
        values = values.reshape(-1, values.shape[2])
    if offsets is None:
        raise ValueError("offsets are needed unless values is (n, k, d)")
    column = _assemble(values, np.asarray(offsets, np.int64), lines=True)
    lost = np.diff(offsets) == 0
    return pc.if_else(pa.array(~lost), column, pa.scalar(None, pa.binary())) if lost.any() else column


def _assemble(values: np.ndarray, offsets: np.ndarray, *, lines: bool) -> pa.Array:
    dimensions, header = values.shape[1], 9 if lines else 5
    code = (1002 if lines else 1001) if dimensions == 3 else (2 if lines else 1)
    count = np.diff(offsets)
    ends = np.concatenate(([0], np.cumsum(header + count * 8 * dimensions)))
    data, mask, start = np.empty(int(ends[-1]), np.uint8), np.ones(int(ends[-1]), bool), ends[:-1]
    prefix = [1, *int(code).to_bytes(4, "little")]
    for byte, content in enumerate(prefix):
        data[start + byte] = content
        mask[start + byte] = False
    for byte in range(header - 5):
        data[start + 5 + byte] = (count >> (8 * byte)) & 255
        mask[start + 5 + byte] = False
    data[mask] = np.ascontiguousarray(values, "<f8").reshape(-1).view(np.uint8)
    return _wrap(data, ends)


def _wrap(data: np.ndarray, offsets: np.ndarray) -> pa.Array:
    large = int(offsets[-1]) >= 2**31
    kind, width = (pa.large_binary(), np.int64) if large else (pa.binary(), np.int32)
    return pa.Array.from_buffers(kind, len(offsets) - 1, [None, pa.py_buffer(offsets.astype(width)), pa.py_buffer(data)])


def transform(column: Column, call: PlanTransform, height: float = 1.0) -> pa.Array:
    """The column with plan coordinates passed through `call(x, y)` and heights multiplied by `height`.

    Rows whose bytes are no WKB become null: look for them with `problems` first. All rows go through one call.
    """
    array = _chunk(column)
    simple = coordinates(array)
    if simple is None:
        return _transform_shapes(array, call, height)
    present = array.drop_null() if array.null_count else array
    data, offsets = _buffers(present)
    layout = _layout(data, offsets)
    assert layout is not None
    header, dimensions, _, mask = layout
    moved = np.empty(simple.values.shape, "<f8")
    moved[:, 0], moved[:, 1] = call(np.ascontiguousarray(simple.values[:, 0]), np.ascontiguousarray(simple.values[:, 1]))
    if dimensions == 3:
        moved[:, 2] = simple.values[:, 2] * height
    fresh = data.copy()
    if mask is None:
        fresh.reshape(len(present), -1)[:, header:] = moved.view(np.uint8).reshape(len(present), -1)
    else:
        fresh[mask] = moved.reshape(-1).view(np.uint8)
    return _spread(_wrap(fresh, offsets), array)


def _spread(present: pa.Array, array: pa.Array) -> pa.Array:
    """The non-null rows put back between the nulls of `array`."""
    if not array.null_count:
        return present
    valid = array.is_valid()
    index = pc.subtract(pc.cumulative_sum(valid.cast(pa.int64())), 1)
    return present.take(pc.if_else(valid, index, pa.scalar(None, pa.int64())))


def _transform_shapes(array: pa.Array, call: PlanTransform, height: float) -> pa.Array:
    import shapely

    shapes = decode(array)
    tall = shapely.has_z(shapes)
    values, owner = shapely.get_coordinates(shapes, include_z=True, return_index=True)
    if len(values) == 0:
        return encode(shapes)
    x, y = call(np.ascontiguousarray(values[:, 0]), np.ascontiguousarray(values[:, 1]))
    moved = np.column_stack((x, y, values[:, 2] * height))
    for deep in (False, True):
        wanted = tall == deep
        if wanted.any():
            mine = wanted[owner]
            part = shapes[wanted]
            shapes[wanted] = shapely.set_coordinates(part, moved[mine] if deep else moved[mine, :2])
    return encode(shapes)


def bounds(column: Column | Coordinates) -> np.ndarray:
    """(n, 4) min x, min y, max x, max y; NaN for rows without a geometry."""
    simple = column if isinstance(column, Coordinates) else coordinates(column)
    if simple is None:
        assert not isinstance(column, Coordinates)
        import shapely

        return shapely.bounds(decode(column))
    out = np.full((len(simple.offsets) - 1, 4), np.nan)
    filled = simple.counts > 0
    start = simple.offsets[:-1][filled]
    if filled.all() and (simple.counts == simple.counts[0]).all():
        block = simple.values.reshape(len(start), -1, simple.values.shape[1])[:, :, :2]
        low, high = block[:, 0].copy(), block[:, 0].copy()
        for vertex in range(1, block.shape[1]):
            np.minimum(low, block[:, vertex], out=low)
            np.maximum(high, block[:, vertex], out=high)
        return np.column_stack((low, high))
    for axis in (0, 1):
        out[filled, axis] = np.minimum.reduceat(simple.values[:, axis], start)
        out[filled, axis + 2] = np.maximum.reduceat(simple.values[:, axis], start)
    return out


def length(column: Column | Coordinates) -> np.ndarray:
    """(n,) plan length in units of the coordinates; 0 for points, NaN for rows without a geometry."""
    simple = column if isinstance(column, Coordinates) else coordinates(column)
    if simple is None:
        assert not isinstance(column, Coordinates)
        import shapely

        return shapely.length(decode(column))
    count = simple.counts
    out = np.where(count > 0, 0.0, np.nan)
    if simple.lines and len(simple.values) > 1:
        step = np.zeros(len(simple.values))  # from each vertex to the next one of the same line
        np.hypot(np.diff(simple.values[:, 0]), np.diff(simple.values[:, 1]), out=step[:-1])
        filled = count > 0
        step[simple.offsets[1:][filled] - 1] = 0.0
        out[filled] = np.add.reduceat(step, simple.offsets[:-1][filled])
    return out


def ends(column: Column | Coordinates) -> tuple[np.ndarray, np.ndarray]:
    """(n, 3) first and last coordinate of each line; z is NaN where there is none, all NaN where there is no line."""
    simple = column if isinstance(column, Coordinates) else coordinates(column)
    if simple is None:
        assert not isinstance(column, Coordinates)
        return _shape_ends(decode(column))
    first, last = (np.full((len(simple.offsets) - 1, 3), np.nan) for _ in range(2))
    filled, width = simple.counts > 0, simple.values.shape[1]
    first[filled, :width] = simple.values[simple.offsets[:-1][filled]]
    last[filled, :width] = simple.values[simple.offsets[1:][filled] - 1]
    return first, last


def _shape_ends(shapes: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    import shapely

    kind = shapely.get_type_id(shapes)
    parts = np.where(np.isin(kind, (4, 5, 6, 7)), shapely.get_num_geometries(shapes), 1)
    first = np.where(parts > 0, shapely.get_geometry(shapes, 0), None)
    last = np.where(parts > 0, shapely.get_geometry(shapes, -1), None)
    out = []
    for part, index in ((first, 0), (last, -1)):
        vertex = np.where(shapely.get_type_id(part) == 0, part, shapely.get_point(part, index))
        out.append(np.column_stack((shapely.get_x(vertex), shapely.get_y(vertex), shapely.get_z(vertex))))
    return out[0], out[1]


def centre(column: Column | Coordinates) -> np.ndarray:
    """(n, 2) a point that stands for each row in lists and findings: the middle of its bounds."""
    box = bounds(column)
    return (box[:, :2] + box[:, 2:]) / 2
