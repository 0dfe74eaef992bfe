"""Writing kinds of a city to GeoPackage, Shapefile, GeoJSON and FlatGeobuf, in SI under plain field names.

Reading an export again gives the same facts. Formats of one layer carry a column `kind`; Shapefile, whose names end after
ten characters, gets a mapping beside it.
"""

from __future__ import annotations

import tempfile
import zipfile
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from holdfast.model.crs import transformer
from holdfast.model.errors import Invalid, NotSupported
from holdfast.model.geometry import transform
from holdfast.model.tables import asset_schema, layer_name

from .layers import GEOMETRY
from .opening import reading, replacing
from .shapes import wkb_types
from .sidecar import sidecar_path, write_sidecar

_TYPE_NAMES = {1: "Point", 2: "LineString", 3: "Polygon", 4: "MultiPoint", 5: "MultiLineString", 6: "MultiPolygon"}
_TEXT_BYTES = 254


def tables_of(city: Any, kinds: Sequence[str] | None, as_of: Any) -> Iterator[tuple[str, pa.Table]]:
    """Name and facts of each kind that has any: declared columns that are not all null, geometry first.

    kinds     kinds wanted, or None for all
    raises    Invalid when there is nothing to write
    """
    names = list(kinds) if kinds is not None else sorted(city.counts())
    any_rows = False
    for name in names:
        facts = city.table(name) if as_of is None else city.table(name, as_of=as_of)
        if facts.num_rows == 0:
            continue
        any_rows = True
        columns = [c for c in asset_schema(city.catalog.kinds[name]).names if c in facts.column_names and facts[c].null_count < facts.num_rows]
        yield name, facts.select([*(c for c in columns if c != GEOMETRY), *(c for c in columns if c == GEOMETRY)])
    if not any_rows:
        raise Invalid("there is nothing to write: the city has no assets of these kinds", fix="Check the kinds with `holdfast summary`")


def one_table(city: Any, kinds: Sequence[str] | None, as_of: Any) -> tuple[pa.Table, dict[str, int]]:
    """All kinds in one table with a column `kind`, and the number of rows of each; columns of one name and two types become text."""
    parts, counts, types = [], {}, {}
    for name, facts in tables_of(city, kinds, as_of):
        counts[name] = facts.num_rows
        parts.append(facts.add_column(0, "kind", pa.array([name], pa.string()).take(pa.array(np.zeros(facts.num_rows, np.int64)))))
        for column in facts.schema:
            types.setdefault(column.name, set()).add(column.type)
    mixed = {name for name, met in types.items() if len(met) > 1}
    for place, part in enumerate(parts):
        fields = [pa.field(f.name, pa.string() if f.name in mixed else f.type) for f in part.schema]
        parts[place] = part.cast(pa.schema(fields)) if mixed else part
    joined = pa.concat_tables(parts, promote_options="default")
    order = [c for c in joined.column_names if c != GEOMETRY] + [c for c in joined.column_names if c == GEOMETRY]
    return joined.select(order), counts


def _file_crs(city: Any) -> str | None:
    return None if city.crs == "local" else city.crs


def geometry_type(facts: pa.Table) -> str | None:
    """The geometry type of a table as GDAL writes it, "Unknown" when it is mixed, None when there is no geometry."""
    if GEOMETRY not in facts.column_names:
        return None
    array = pa.concat_arrays(facts[GEOMETRY].chunks) if facts[GEOMETRY].num_chunks else pa.array([], pa.binary())
    types = set(np.unique(wkb_types(array)).tolist()) - {0}
    tall = np.unique(_has_z(array))
    if len(types) != 1 or len(tall) > 1:
        return "Unknown"
    name = _TYPE_NAMES.get(types.pop(), "Unknown")
    return f"{name} Z" if len(tall) and tall[0] and name != "Unknown" else name


def _has_z(array: pa.Array) -> np.ndarray:
    """Whether each geometry that is there has heights."""
    heads = pc.binary_slice(array.drop_null(), 1, 5)
    words = np.frombuffer(b"".join(pc.unique(heads).to_pylist()), "<u4")
    return (words // 1000 == 1) | (words >= 0x80000000)


def _write(path: Path, facts: pa.Table, driver: str, crs: str | None, layer: str, **options: Any) -> None:
    import warnings

    from pyogrio.raw import write_arrow

    kind = geometry_type(facts)
    with reading(path, f"{driver} output"), warnings.catch_warnings():
        warnings.filterwarnings("ignore", message="'crs' was not provided", category=UserWarning)  # a local grid has none
        warnings.filterwarnings("ignore", message=".*truncated to 254", category=RuntimeWarning)  # said in `lost`
        write_arrow(
            facts, str(path), layer=layer, driver=driver, crs=crs, geometry_name=GEOMETRY if kind else None, geometry_type=kind, **options,
        )  # fmt: skip


def write_geopackage(city: Any, path: Path, kinds: Sequence[str] | None, as_of: Any) -> dict[str, Any]:
    """One layer per kind, named as in the city's own store."""
    counts = {}
    with replacing(path) as target:
        for name, facts in tables_of(city, kinds, as_of):
            _write(target, facts, "GPKG", _file_crs(city), layer_name(name))
            counts[name] = facts.num_rows
    return {"kinds": counts, "crs": city.crs}


def write_flatgeobuf(city: Any, path: Path, kinds: Sequence[str] | None, as_of: Any) -> dict[str, Any]:
    """One layer with a column `kind`; indexed when every asset has a place."""
    facts, counts = one_table(city, kinds, as_of)
    if GEOMETRY not in facts.column_names:
        raise NotSupported("FlatGeobuf holds only things with a place", fix="Export records as CSV or GeoPackage")
    indexed = facts[GEOMETRY].null_count == 0
    if geometry_type(facts) == "Unknown" and _has_z(pa.concat_arrays(facts[GEOMETRY].chunks)).any():
        facts, _ = _same_shape(facts, ", ".join(counts))  # heights would be lost in a layer of mixed types
    with replacing(path) as target:
        _write(target, facts, "FlatGeobuf", _file_crs(city), path.stem, SPATIAL_INDEX="YES" if indexed else "NO")
    return {"kinds": counts, "crs": city.crs}


def write_geojson(city: Any, path: Path, kinds: Sequence[str] | None, as_of: Any) -> dict[str, Any]:
    """RFC 7946: longitude and latitude in WGS 84."""
    facts, counts, notes = _in_degrees(city, kinds, as_of)
    with replacing(path) as target:
        _write(target, facts, "GeoJSON", "EPSG:4326", path.stem, RFC7946="YES", COORDINATE_PRECISION="12")
    return {"kinds": counts, "crs": "EPSG:4326", "notes": notes}


def write_geojson_lines(city: Any, path: Path, kinds: Sequence[str] | None, as_of: Any) -> dict[str, Any]:
    """One feature per line, in WGS 84."""
    facts, counts, notes = _in_degrees(city, kinds, as_of)
    with replacing(path) as target:
        _write(target, facts, "GeoJSONSeq", "EPSG:4326", path.stem, COORDINATE_PRECISION="12")
    return {"kinds": counts, "crs": "EPSG:4326", "notes": notes}


def write_geojson_city(city: Any, path: Path, kinds: Sequence[str] | None, as_of: Any) -> dict[str, Any]:
    """In the city's own coordinates, with the `crs` member of the older GeoJSON."""
    facts, counts = one_table(city, kinds, as_of)
    with replacing(path) as target:
        _write(target, facts, "GeoJSON", _file_crs(city), path.stem, RFC7946="NO")
    return {"kinds": counts, "crs": city.crs}


def _in_degrees(city: Any, kinds: Sequence[str] | None, as_of: Any) -> tuple[pa.Table, dict[str, int], list[str]]:
    if city.crs == "local":
        raise NotSupported("a city in a local grid has no place on Earth", fix="Write its own coordinates with --as geojson-city, or another format")
    facts, counts = one_table(city, kinds, as_of)
    if GEOMETRY not in facts.column_names:
        return facts, counts, []
    way = transformer(city.crs, "EPSG:4326")
    moved = transform(facts[GEOMETRY], way)
    return facts.set_column(facts.column_names.index(GEOMETRY), GEOMETRY, moved), counts, list(way.notes)


# Shapefile


def write_shapefile(city: Any, path: Path, kinds: Sequence[str] | None, as_of: Any) -> dict[str, Any]:
    """One kind as .shp with its parts and a mapping beside it, or any number of kinds in a .zip of those."""
    found = list(tables_of(city, kinds, as_of))
    placed = [(name, facts) for name, facts in found if GEOMETRY in facts.column_names]
    left_out = [name for name, facts in found if GEOMETRY not in facts.column_names]
    if not placed:
        raise NotSupported("a Shapefile holds only things with a place", fix="Export records as CSV or GeoPackage")
    zipped = path.suffix.lower() == ".zip"
    if len(placed) > 1 and not zipped:
        raise Invalid("a Shapefile holds one kind", fix="Name one with --kind, or write a .zip that holds several", file=str(path))
    counts, lost = {}, []
    with tempfile.TemporaryDirectory(prefix=".holdfast-", dir=path.parent) as folder:
        for name, facts in placed:
            stem = layer_name(name) if zipped else path.stem
            lost += _write_one(Path(folder) / f"{stem}.shp", name, facts, _file_crs(city))
            counts[name] = facts.num_rows
        _move(Path(folder), path, zipped)
    return {"kinds": counts, "crs": city.crs, "left_out": left_out, "lost": lost}


def _move(folder: Path, path: Path, zipped: bool) -> None:
    parts = sorted(folder.iterdir())
    if not zipped:
        for part in (p for p in parts if p.suffix != ".shp"):
            part.replace(path.parent / part.name)
        (folder / f"{path.stem}.shp").replace(path)
        return
    with replacing(path) as target, zipfile.ZipFile(target, "w", zipfile.ZIP_DEFLATED) as archive:
        for part in parts:
            archive.write(part, part.name)


def _write_one(path: Path, kind: str, facts: pa.Table, crs: str | None) -> list[str]:
    """Write one .shp and its mapping; returns what the format could not hold, one sentence each."""
    shape = geometry_type(facts)
    if shape == "Unknown":
        facts, shape = _same_shape(facts, kind)
    lost = []
    names = short_names([n for n in facts.column_names if n != GEOMETRY])
    for name in names:
        if pa.types.is_string(facts[name].type):
            long = pc.sum(pc.greater(pc.binary_length(facts[name]), _TEXT_BYTES)).as_py() or 0
            if long:
                lost.append(f"{long} values of {kind}.{name} are longer than {_TEXT_BYTES} bytes and were cut")
    lost += [f"small values of {kind}.{name} were rounded to 15 decimals" for name in names if _loses_digits(facts[name])]
    short = facts.rename_columns([names.get(n, n) for n in facts.column_names])
    _write(path, short, "ESRI Shapefile", crs, path.stem, ENCODING="UTF-8")
    columns = dict(names)
    write_sidecar(path, {"title": f"Holdfast export of {kind}", "layer": {path.stem: {"kind": kind, "columns": columns}}})
    return lost


def _loses_digits(column: pa.ChunkedArray) -> bool:
    """Whether 15 decimals are too few for a column of numbers to 9 significant digits."""
    if not pa.types.is_floating(column.type):
        return False
    values = np.abs(column.drop_null().to_numpy())
    return bool(((values > 0) & (values < 1e-6) & (np.abs(np.round(values, 15) - values) > 1e-9 * values)).any())


def _same_shape(facts: pa.Table, kind: str) -> tuple[pa.Table, str]:
    """A table whose geometries differ only in parts or heights, made fit for one layer. raises NotSupported for points among lines and the like"""
    import shapely

    from holdfast.model.geometry import decode, encode

    shapes = decode(facts[GEOMETRY])
    types = set(np.unique(shapely.get_type_id(shapes)).tolist()) - {-1}
    base = next((name for name, members in (("Point", {0}), ("LineString", {1, 5}), ("Polygon", {3, 6})) if types <= members), None)
    if base is None:
        raise NotSupported(f"{kind} has geometries of several types, which one layer of this format cannot hold", fix="Export it as GeoPackage, or fewer kinds")
    tall = shapely.has_z(shapes)
    if tall.any():
        shapes = np.where(tall | shapely.is_missing(shapes), shapes, shapely.force_3d(shapes, np.nan))
    place = facts.column_names.index(GEOMETRY)
    return facts.set_column(place, GEOMETRY, encode(shapes)), f"{base} Z" if tall.any() else base


def short_names(names: Sequence[str], limit: int = 10) -> dict[str, str]:
    """Distinct names of at most `limit` characters, by the full name."""
    result: dict[str, str] = {}
    taken: set[str] = set()
    for name in names:
        candidate, number = name[:limit], 1
        while candidate.casefold() in taken:
            number += 1
            candidate = f"{name[: limit - len(str(number)) - 1]}_{number}"
        taken.add(candidate.casefold())
        result[name] = candidate
    return result


__all__ = ["geometry_type", "one_table", "short_names", "sidecar_path", "tables_of"]
