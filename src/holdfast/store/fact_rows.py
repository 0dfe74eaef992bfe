"""What every store demands of facts before it keeps them, checked on whole columns: ids, types, and geometry as ISO WKB."""

from __future__ import annotations

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from holdfast.model import geometry, tables
from holdfast.model.errors import Invalid
from holdfast.model.spec import Kind

ID_COLUMNS = frozenset(("id", "from_id", "to_id", "host_id"))
_EXTENDED_FLAGS = 0xE0000000  # of a type code: has z, has m, has SRID


def prepare(kind: Kind, table: pa.Table) -> pa.Table:
    """The rows with exactly the columns of `asset_schema(kind)`, geometry as little-endian ISO WKB.

    raises    Invalid, with the kind and the field, for values that do not fit, ids that are missing or unprintable, bytes that are no WKB
    """
    try:
        rows = tables.conform(table, tables.asset_schema(kind))
    except (pa.ArrowInvalid, pa.ArrowNotImplementedError) as error:
        raise Invalid(f"a column does not fit its declaration: {error}", fix="Convert the values before appending", kind=kind.name) from error
    if rows["id"].null_count:
        raise Invalid("a fact has no id", fix="Give every row an id", kind=kind.name, field="id")
    for name in ID_COLUMNS.intersection(rows.column_names):
        bad = pc.filter(rows[name], pc.match_substring_regex(rows[name], r"[\x00-\x1f]"))
        if len(bad):
            raise Invalid("an id holds a control character", fix="Use printable characters", kind=kind.name, field=name, id=repr(bad[0].as_py()))
    shapes = rows["geometry"]
    if shapes.null_count < len(shapes):
        place = rows.schema.get_field_index("geometry")
        rows = rows.set_column(place, "geometry", iso_wkb(shapes, kind.name))
    return rows


def iso_wkb(column: pa.ChunkedArray | pa.Array, kind: str = "") -> pa.ChunkedArray:
    """The geometries as little-endian ISO WKB, which is what a GeoPackage must hold; as they are where they are that already.

    raises    Invalid if bytes are no WKB
    """
    pieces = column.chunks if isinstance(column, pa.ChunkedArray) else [column]
    return pa.chunked_array([_iso(piece, kind) for piece in pieces], pa.binary())


def _iso(piece: pa.Array, kind: str) -> pa.Array:
    simple = geometry.coordinates(piece) is not None
    if simple and not _extended(piece):
        return piece
    shapes = geometry.decode(piece)
    lost = piece.is_valid().to_numpy(zero_copy_only=False) & np.array([shape is None for shape in shapes], bool)
    if lost.any():
        message = f"the geometry of row {int(lost.argmax()) + 1} is no WKB"
        raise Invalid(message, fix="Repair or drop it before appending", kind=kind or None, field="geometry")
    return geometry.encode(shapes)


def _extended(piece: pa.Array) -> bool:
    """Whether the first type code of any row has the flags of the extended flavour."""
    return bool((geometry_codes(piece.drop_null())[1] & _EXTENDED_FLAGS).any())


def geometry_codes(wkb: pa.Array) -> tuple[np.ndarray, np.ndarray]:
    """Where each value starts in the column's data, and its type code.

    wkb    (row,)  little-endian WKB without nulls
    """
    if not len(wkb):
        return np.empty(0, np.int64), np.empty(0, np.uint32)
    starts = np.frombuffer(wkb.buffers()[1], np.int32)[wkb.offset : wkb.offset + len(wkb)].astype(np.int64)
    data = wkb.buffers()[2]
    return starts, np.ndarray((data.size - 3,), "<u4", data, strides=(1,))[starts + 1]
