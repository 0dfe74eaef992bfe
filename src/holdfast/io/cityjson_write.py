"""Writing CityJSON 2.0: full geometry where the city keeps it, blocks from outline and height where it does not."""

from __future__ import annotations

import json
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa

from holdfast.model import geometry
from holdfast.model.crs import parse_crs, transformer
from holdfast.model.errors import Invalid

from .cityjson_geometry import block, renumber, sheet
from .opening import replacing

TYPES = {"buildings.building": "Building", "buildings.part": "BuildingPart", "roads.bridge": "Bridge", "roads.surface": "Road", "base.land_use": "LandUse"}
ATTRIBUTES = {"storeys": "storeysAboveGround", "underground_storeys": "storeysBelowGround", "height": "measuredHeight", "build_year": "yearOfConstruction"}
_PRIVATE = frozenset({"id", "geometry", "solid", "extra", "cityjson_type", "building_id", "valid_from", "valid_to", "recorded_at", "superseded_at"})
SCALE = 0.001
STOREY = 3.0  # height of a storey where no height is known [m]


class _Model:
    """A CityJSON document while it is filled."""

    def __init__(self, crs: str) -> None:
        self.crs = crs
        self.objects: dict[str, dict[str, Any]] = {}
        self.parts: list[np.ndarray] = []
        self.count = 0
        self.assumed = 0
        self.whole: set[str | None] = set()  # buildings whose parts are written and say their shape

    def add_vertices(self, xyz: np.ndarray) -> dict[int, int]:
        first = self.count
        self.parts.append(xyz)
        self.count += len(xyz)
        return {i: first + i for i in range(len(xyz))}


def write(city: Any, path: Path, kinds: Sequence[str] | None, as_of: Any) -> dict[str, Any]:
    """Write the city's buildings, bridges, road surfaces and land cover.

    kinds     which of those, or None for all of them
    raises    Invalid if a kind cannot be written as CityJSON or there is nothing to write
    """
    known = [k for k in TYPES if k in city.catalog.kinds]
    foreign = [k for k in kinds or () if k not in known]
    if foreign:
        raise Invalid(f"CityJSON has no place for {foreign[0]}", fix=f"Choose among {', '.join(known)}")
    model = _Model(city.crs)
    chosen = known if kinds is None else [k for k in known if k in kinds]
    tables = {kind: city.table(kind) if as_of is None else city.table(kind, as_of=as_of) for kind in chosen}
    parts = tables.get("buildings.part")
    model.whole = set() if parts is None else set(parts["building_id"].to_pylist())
    for kind, table in tables.items():
        _add_kind(model, kind, table)
    if not model.objects:
        raise Invalid("there is nothing to write: the city has no buildings, bridges, road surfaces or land cover", fix="Check with `holdfast summary`")
    document = _document(model)
    with replacing(path) as temporary:
        Path(temporary).write_text(json.dumps(document, ensure_ascii=False, separators=(",", ":"), allow_nan=False), encoding="utf-8")
    return {"objects": len(model.objects), "vertices": len(document["vertices"]), "assumed_heights": model.assumed}


def _add_kind(model: _Model, kind: str, table: pa.Table) -> None:
    shapes = geometry.decode(table["geometry"]) if table.num_rows else []
    names = [n for n in table.column_names if n not in _PRIVATE]
    for row, shape in zip(table.select([n for n in table.column_names if n != "geometry"]).to_pylist(), shapes, strict=True):
        extra = json.loads(row.get("extra") or "{}")
        thing: dict[str, Any] = {"type": row.get("cityjson_type") or extra.get("cityjson_type") or TYPES[kind]}
        solid = row.get("solid") or extra.get("solid")
        found = _kept(model, solid) if solid else [] if row["id"] in model.whole else _made(model, kind, row, shape)
        if found:
            thing["geometry"] = found
        attributes = {ATTRIBUTES.get(n, n): _plain(row[n]) for n in names if row[n] is not None}
        attributes |= {key.removeprefix("attribute_"): value for key, value in extra.items() if key not in _PRIVATE}
        if attributes:
            thing["attributes"] = attributes
        name = _name(model, row["id"])
        model.objects[name] = thing
        if kind == "buildings.part" and row.get("building_id"):
            parent = row["building_id"].partition(":")[2]
            if parent in model.objects:
                thing["parents"] = [parent]
                model.objects[parent].setdefault("children", []).append(name)


def _name(model: _Model, asset_id: str) -> str:
    short = asset_id.partition(":")[2]
    return asset_id if short in model.objects else short


def _plain(value: Any) -> Any:
    return value if isinstance(value, str | int | float | bool) else str(value)


def _kept(model: _Model, text: str) -> list[dict[str, Any]]:
    """Geometry as it was delivered, in the city's CRS."""
    solid = json.loads(text)
    xyz = np.array(solid["vertices"], float).reshape(-1, 3)
    if solid.get("crs") and len(xyz) and parse_crs(solid["crs"]) != parse_crs(model.crs):
        way = transformer(solid["crs"], model.crs)
        x, y = way(xyz[:, 0], xyz[:, 1])
        xyz = np.column_stack([x, y, xyz[:, 2] * way.height])
    new = model.add_vertices(xyz)
    return [{**shape, "boundaries": renumber(shape["boundaries"], new)} for shape in solid["geometry"]]


def _made(model: _Model, kind: str, row: dict[str, Any], shape: Any) -> list[dict[str, Any]]:
    """A block or sheet on the outline."""
    if shape is None or shape.is_empty or shape.geom_type not in ("Polygon", "MultiPolygon"):
        return []
    low = float(row.get("ground_elevation") or row.get("deck_elevation") or 0.0)
    if kind in ("buildings.building", "buildings.part"):
        high = row.get("height") or STOREY * (row.get("storeys") or 1)
        model.assumed += not row.get("height")
        vertices, boundaries = block(shape, low, low + float(high))
        made, type_ = "1", "Solid"
    else:
        vertices, boundaries = sheet(shape, low)
        made, type_ = "0", "MultiSurface"
    new = model.add_vertices(np.array(vertices, float))
    return [{"type": type_, "lod": made, "boundaries": renumber(boundaries, new)}]


def _document(model: _Model) -> dict[str, Any]:
    """The whole document with shared vertices and whole-number coordinates."""
    xyz = np.concatenate(model.parts) if model.parts else np.empty((0, 3))
    low = np.floor(xyz.min(axis=0)) if len(xyz) else np.zeros(3)
    steps, where = np.unique(np.rint((xyz - low) / SCALE).astype(np.int64), axis=0, return_inverse=True) if len(xyz) else (np.empty((0, 3), np.int64), [])
    new = dict(enumerate(np.asarray(where).ravel().tolist()))
    for thing in model.objects.values():
        for shape in thing.get("geometry", ()):
            shape["boundaries"] = renumber(shape["boundaries"], new)
            shape["lod"] = str(shape.get("lod", "1"))
    metadata: dict[str, Any] = {}
    if len(xyz):
        metadata["geographicalExtent"] = [*xyz.min(axis=0).round(3).tolist(), *xyz.max(axis=0).round(3).tolist()]
    code = model.crs.partition(":")[2]
    if model.crs.startswith("EPSG:"):
        metadata["referenceSystem"] = f"https://www.opengis.net/def/crs/EPSG/0/{code}"
    return {
        "type": "CityJSON", "version": "2.0", "metadata": metadata, "transform": {"scale": [SCALE] * 3, "translate": low.tolist()},
        "CityObjects": model.objects,
        "vertices": steps.tolist(),
    }
