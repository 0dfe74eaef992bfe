"""GeoParquet, read row group by row group and written with its metadata; plain Parquet with a WKB column is taken too."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa

from holdfast.model.crs import parse_crs
from holdfast.model.delivery import Batch, Delivery, Format, ReadRequest
from holdfast.model.errors import HoldfastError, Invalid
from holdfast.model.geometry import bounds

from . import text
from .geofile_write import one_table
from .layers import GEOMETRY, LayerReader, Source, choose
from .opening import AGAIN, reading, replacing, require_magic
from .peek import ROWS, Peek
from .rules import parse
from .shapes import wkb_types
from .sidecar import find_sidecar

_WKB_NAMES = (GEOMETRY, "geom", "wkb_geometry", "wkb", "the_geom", "shape")
_TYPE_NAMES = {1: "Point", 2: "LineString", 3: "Polygon", 4: "MultiPoint", 5: "MultiLineString", 6: "MultiPolygon", 7: "GeometryCollection"}
_NATIVE = {"point": 0, "linestring": 1, "polygon": 2, "multipoint": 1, "multilinestring": 2, "multipolygon": 3}  # encoding -> list levels
ROW_GROUP = 100_000


def read(path: Path, request: ReadRequest) -> Delivery:
    """Rows of a GeoParquet file. The kind comes from the mapping, the file's name, or a column `kind`."""
    require_magic(path, (b"PAR1",), "Parquet file", size=12)
    with path.open("rb") as stream:
        stream.seek(-4, 2)
        if stream.read(4) not in {b"PAR1", b"PARE"}:
            raise Invalid("the file is cut short: its end is missing", fix=AGAIN, file=str(path))
    with reading(path, "Parquet file"):
        import pyarrow.parquet as pq

        file = pq.ParquetFile(path, memory_map=False)
        schema = file.schema_arrow
    rules = parse(request.mapping, request.catalog)
    if not request.mapping:
        rules = find_sidecar(path, request.catalog) or rules
    delivery = Delivery("geoparquet", ())
    meta = _geo(schema, path)
    place = _geometry_column(schema, meta, path)
    spec = (meta.get("columns") or {}).get(place, {}) if place else {}
    skip = _covering(spec)
    columns = tuple(name for name in schema.names if name != place and name not in skip)
    reader = choose(Source(path.name, path.stem, columns, place is not None), rules, request, delivery)
    if reader is None:
        raise Invalid("nothing says of which kind the rows are", fix="Give --kind, a mapping (--map), or a column `kind`", file=str(path))
    stated = reader.rules[0].crs or rules.crs
    delivery.crs = parse_crs(stated).code if stated else _crs(spec, meta, path, delivery)
    delivery.facts["rows"] = file.metadata.num_rows
    delivery.batches = _batches(file, reader, place, str(spec.get("encoding") or "WKB"), columns, path, request, delivery)
    return delivery


def peek(path: Path, request: ReadRequest) -> list[Peek]:
    """The first rows of a GeoParquet file."""
    require_magic(path, (b"PAR1",), "Parquet file", size=12)
    with reading(path, "Parquet file"):
        import pyarrow.parquet as pq

        with pq.ParquetFile(path) as file:
            schema = file.schema_arrow
            meta = _geo(schema, path)
            place = _geometry_column(schema, meta, path)
            spec = (meta.get("columns") or {}).get(place, {}) if place else {}
            columns = tuple(name for name in schema.names if name != place and name not in _covering(spec))
            batch = next(file.iter_batches(batch_size=ROWS, columns=[*columns, *([place] if place else [])]), None)
            delivery = Delivery("geoparquet", ())
            if batch is None:
                return []
            table = _table(batch, columns, place, str(spec.get("encoding") or "WKB"), 1, path.name, delivery)
            return [Peek(path.stem, table, _crs(spec, meta, path, delivery), file=path.name)]


def _geo(schema: pa.Schema, path: Path) -> dict[str, Any]:
    raw = (schema.metadata or {}).get(b"geo")
    if raw is None:
        return {}
    try:
        meta = json.loads(raw)
    except ValueError as error:
        raise Invalid("the geo metadata is no JSON", fix="Write the file again with a GeoParquet writer", file=str(path)) from error
    if not isinstance(meta, dict) or not isinstance(meta.get("columns", {}), dict):
        raise Invalid("the geo metadata has no columns", fix="Write the file again with a GeoParquet writer", file=str(path))
    return meta


def _geometry_column(schema: pa.Schema, meta: Mapping[str, Any], path: Path) -> str | None:
    name = meta.get("primary_column")
    if name is not None:
        if name not in schema.names:
            raise Invalid(f"the geometry column {name!r} is not in the file", fix="Write the file again with a GeoParquet writer", file=str(path))
        return str(name)
    lower = {n.casefold(): n for n in schema.names}
    for candidate in _WKB_NAMES:
        found = lower.get(candidate)
        if found and _is_binary(_storage(schema.field(found).type)):
            return found
    return None


def _storage(kind: pa.DataType) -> pa.DataType:
    return kind.storage_type if isinstance(kind, pa.BaseExtensionType) else kind


def _is_binary(kind: pa.DataType) -> bool:
    return pa.types.is_binary(kind) or pa.types.is_large_binary(kind)


def _covering(spec: Mapping[str, Any]) -> set[str]:
    """Columns that only repeat the bounds of the geometry."""
    box = (spec.get("covering") or {}).get("bbox") if isinstance(spec.get("covering"), dict) else None
    return {str(part[0]) for part in box.values() if isinstance(part, list) and part} if isinstance(box, dict) else set()


def _crs(spec: Mapping[str, Any], meta: Mapping[str, Any], path: Path, delivery: Delivery) -> str | None:
    """The CRS the metadata state: PROJJSON, WGS 84 when a GeoParquet file says nothing, none when it says null or is plain Parquet."""
    if not meta:
        return None
    if "crs" not in spec:
        return "EPSG:4326"
    stated = spec["crs"]
    if stated is None:
        return None
    identity = stated.get("id") if isinstance(stated, dict) else None
    if isinstance(identity, dict) and identity.get("authority") == "EPSG":
        stated = f"EPSG:{identity.get('code')}"
    elif isinstance(identity, dict) and identity.get("authority") == "OGC" and identity.get("code") == "CRS84":
        return "EPSG:4326"
    try:
        crs = parse_crs(json.dumps(stated) if isinstance(stated, dict) else str(stated))
    except HoldfastError as error:
        delivery.findings.add("import.unknown_crs", "warning", f"the CRS the file states is not understood: {error.message}", file=path.name,
                              fix="State it with --crs EPSG:n")  # fmt: skip
        return None
    return None if crs.local else crs.code


def _batches(
    file: Any, reader: LayerReader, place: str | None, encoding: str, columns: tuple[str, ...], path: Path, request: ReadRequest, delivery: Delivery
) -> Iterator[Batch]:
    wanted = [*columns, *([place] if place else [])]
    row = 1
    with file:
        pieces = file.iter_batches(batch_size=request.chunk_rows, columns=wanted)
        while True:
            with reading(path, "Parquet file", row=row):
                batch = next(pieces, None)
                if batch is None:
                    return
                table = _table(batch, columns, place, encoding, row, reader.source.file, delivery)
            yield from reader.batches(table, row)
            row += batch.num_rows


def _table(batch: pa.RecordBatch, columns: tuple[str, ...], place: str | None, encoding: str, row: int, shown: str, delivery: Delivery) -> pa.Table:
    arrays: dict[str, Any] = {}
    for name in columns:
        column = pa.chunked_array([batch.column(name)])
        if pa.types.is_string(column.type) or pa.types.is_large_string(column.type):
            column, odd = text.repair_column(column)
            if len(odd):
                delivery.findings.add_rows(
                    "import.mixed_encoding", "warning", "the text is not UTF-8; it was read as GB18030", kind="", ids=[None] * len(odd), column=name,
                    file=shown, rows=odd + row, fix="Write the file in UTF-8",
                )  # fmt: skip
        arrays[name] = column
    if place is not None:
        arrays[GEOMETRY] = to_wkb(batch.column(place), encoding)
    return pa.table(arrays) if arrays else pa.table({})


def to_wkb(column: pa.Array, encoding: str) -> pa.Array:
    """A geometry column as WKB: as it is, or built from the native encodings of GeoParquet 1.1. raises Invalid for an unknown encoding"""
    if isinstance(column.type, pa.BaseExtensionType):
        column = column.storage
    if _is_binary(column.type):
        return column
    if encoding.lower() == "wkt" or pa.types.is_string(column.type):
        import shapely

        return pa.array(shapely.to_wkb(shapely.from_wkt(column.to_numpy(zero_copy_only=False), on_invalid="ignore"), flavor="iso"), pa.binary())
    levels = _NATIVE.get(encoding.lower())
    if levels is None:
        raise Invalid(f"the geometry encoding {encoding!r} is not known", fix="Write the file with WKB geometry", field=GEOMETRY)
    return _from_native(column, encoding.lower(), levels)


def _from_native(column: pa.Array, encoding: str, levels: int) -> pa.Array:
    import shapely

    valid = column.is_valid().to_numpy(zero_copy_only=False)
    inner, offsets = column.drop_null(), []
    for _ in range(levels):
        offsets.append(inner.offsets.to_numpy() - inner.offsets[0].as_py())
        inner = inner.flatten()
    if pa.types.is_struct(inner.type):
        axes = [inner.field(a).to_numpy(zero_copy_only=False) for a in ("x", "y", "z") if inner.type.get_field_index(a) >= 0]
        values = np.column_stack(axes)
    else:
        values = inner.flatten().to_numpy(zero_copy_only=False).reshape(-1, inner.type.list_size)[:, :3]
    number = {name: code for code, name in _TYPE_NAMES.items()}
    kind = next(name for name in number if name.lower() == encoding)
    ids = {"Point": 0, "LineString": 1, "Polygon": 3, "MultiPoint": 4, "MultiLineString": 5, "MultiPolygon": 6}
    shapes = np.full(len(column), None, object)
    shapes[valid] = shapely.from_ragged_array(shapely.GeometryType(ids[kind]), np.ascontiguousarray(values, float), tuple(reversed(offsets)) or None)
    return pa.array(shapely.to_wkb(shapes, flavor="iso"), pa.binary())


# writing


def write(city: Any, path: Path, kinds: Sequence[str] | None, as_of: Any) -> dict[str, Any]:
    """GeoParquet 1.1 with WKB geometry in the city's CRS and a column `kind`."""
    import pyarrow.parquet as pq

    facts, counts = one_table(city, kinds, as_of)
    if GEOMETRY in facts.column_names:
        facts = facts.replace_schema_metadata({b"geo": json.dumps(_metadata(facts[GEOMETRY], city.crs)).encode()})
    with replacing(path) as target, reading(path, "GeoParquet output"):
        pq.write_table(facts, target, compression="zstd", row_group_size=ROW_GROUP)
    return {"kinds": counts, "crs": city.crs}


def _metadata(column: pa.ChunkedArray, crs: str) -> dict[str, Any]:
    import pyproj

    types = {int(code) for chunk in column.chunks for code in np.unique(wkb_types(chunk)) if code}
    box = bounds(column)
    known = np.isfinite(box).all(axis=1)
    spec: dict[str, Any] = {"encoding": "WKB", "geometry_types": [], "crs": None if crs == "local" else pyproj.CRS.from_user_input(crs).to_json_dict()}
    if len(types) == 1 and types <= set(_TYPE_NAMES):
        name = _TYPE_NAMES[types.pop()]
        spec["geometry_types"] = [name, f"{name} Z"]
    if known.any():
        spec["bbox"] = [*box[known, :2].min(axis=0).tolist(), *box[known, 2:].max(axis=0).tolist()]
    return {"version": "1.1.0", "primary_column": GEOMETRY, "columns": {GEOMETRY: spec}}


def sniff(path: Path, head: bytes) -> float:
    """Magic number of Parquet."""
    return 1.0 if head.startswith(b"PAR1") else 0.3 if path.suffix.lower() in {".parquet", ".geoparquet"} else 0.0


FORMATS: tuple[Format, ...] = (Format("geoparquet", "GeoParquet", "GeoParquet 列存", (".parquet", ".geoparquet", ".pq"), sniff, read, write),)
