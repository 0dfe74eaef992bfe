"""What every store demands of facts before it keeps them, checked on whole columns: ids, types, and geometry as ISO WKB."""

from __future__ import annotations

import re

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from holdfast.model import geometry, tables
from holdfast.model.errors import Invalid
from holdfast.model.spec import Field, Kind, Trait
from holdfast.model.time import Instant, to_text

ID_COLUMNS = frozenset(("id", "from_id", "to_id", "host_id"))
STORED: dict[str, pa.Schema] = {
    name: pa.schema([column.with_nullable(True) for column in columns])
    for name, columns in (
        ("link", (*tables.LINK, *tables.TIME_FIELDS)),
        ("setting", tables.SETTING),
        ("event", tables.EVENT),
        ("run", tables.RUN),
        ("result", tables.RESULT),
    )
}
"""A city's own tables in the order in which they are dumped, with their columns as queries return them."""
_EXTENDED_FLAGS = 0xE0000000  # of a type code: has z, has m, has SRID


def prepare(kind: Kind, table: pa.Table) -> pa.Table:
    """The rows with exactly the columns of `asset_schema(kind)`, geometry as little-endian ISO WKB, none for kinds without a place.

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
        kept = iso_wkb(shapes, kind.name) if kind.geometry else pa.nulls(len(shapes), pa.binary())
        rows = rows.set_column(rows.schema.get_field_index("geometry"), "geometry", kept)
    return rows


def moment(instant: Instant, field: str) -> str:
    """The text of an instant that must be there. raises Invalid if it is not"""
    text = to_text(instant)
    if text is None:
        raise Invalid("a time is missing", fix=f"Give {field}", field=field)
    return text


def plain_name(name: str) -> str:
    """The name of a file kept with a city. raises Invalid if it is no plain relative path"""
    parts = name.split("/")
    if any(part in ("", ".", "..") for part in parts) or re.search(r"[\x00-\x1f\\]", name):
        raise Invalid("a file name inside the city must be a plain relative path", fix="Use names such as results/<run>/x.parquet", file=repr(name))
    return name


def undeclared_kind(name: str, columns: pa.Schema) -> Kind:
    """A declaration that fits stored columns, for facts of a kind that nobody declares here any more. raises Invalid if the names cannot be names"""
    strange = [text for text in (*name.split("."), *columns.names) if not text.isidentifier()]
    if strange or name.count(".") != 1:
        raise Invalid(f"{name!r} with column {strange[:1]} cannot be a kind", fix="Declare it, or leave it out", kind=name)
    types = {pa.float64(): "number", pa.int64(): "integer", pa.bool_(): "boolean", pa.date32(): "date"}
    fields = tuple(Field(c.name, c.name, c.name, type=types.get(c.type, "text")) for c in columns if c.name not in tables.RESERVED)  # type: ignore[arg-type]
    trait: Trait = "edge" if "shape_length" in columns.names else "device" if "host_id" in columns.names else "node"
    return Kind(name, trait, name, name, fields=fields, geometry="Polygon")  # stores take any geometry where an area is declared


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
