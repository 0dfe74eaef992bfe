"""CityJSON 1.0, 1.1 and 2.0 (.city.json, .json, zipped): buildings and their parts, bridges, road surfaces, land cover.

The outline on the ground and the height become geometry and fields; the full geometry is kept as JSON with its own vertices,
so that writing gives back what was read.
"""

from __future__ import annotations

import json
import re
import zipfile
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa

from holdfast.model import geometry
from holdfast.model.delivery import Batch, Delivery, Format, ReadRequest
from holdfast.model.errors import Invalid
from holdfast.model.finding import Findings
from holdfast.model.tables import RESERVED

from .archive_guard import members, readable_name
from .cityjson_geometry import SURFACES, Outlines, indices, nested_as, renumber
from .cityjson_write import write
from .values import code_spellings

VERSIONS = ("1.0", "1.1", "2.0")
KINDS = {
    "Building": "buildings.building", "BuildingPart": "buildings.part", "Bridge": "roads.bridge", "Road": "roads.surface", "TransportSquare": "roads.surface",
    "LandUse": "base.land_use", "PlantCover": "base.land_use", "WaterBody": "base.land_use",
}
LAND = {"PlantCover": "G", "WaterBody": "E1"}
FIELDS = {"storeysAboveGround": "storeys", "storeysBelowGround": "underground_storeys", "measuredHeight": "height"}
LARGEST_TEXT = 1 << 30
Row = dict[str, Any]


@dataclass(slots=True)
class _Kind:
    """Rows of one kind while they are collected; owners[i] numbers row i among all objects."""

    rows: list[Row] = field(default_factory=list)
    owners: list[int] = field(default_factory=list)


def sniff(path: Path, head: bytes) -> float:
    """CityJSON names itself or its objects; an archive holds a file called *.city.json."""
    name = path.name.lower()
    if head[:2] == b"PK":
        try:
            with zipfile.ZipFile(path) as archive:
                return 0.9 if any(n.lower().endswith((".city.json", ".cityjson")) for n in archive.namelist()) else 0.0
        except (zipfile.BadZipFile, OSError, ValueError):
            return 0.0
    if not head.lstrip(b"\xef\xbb\xbf \t\r\n").startswith(b"{"):
        return 0.0
    if b'"CityJSON"' in head or b'"CityObjects"' in head:
        return 1.0
    return 0.5 if name.endswith((".city.json", ".cityjson")) else 0.0


def read(path: Path, request: ReadRequest) -> Delivery:
    """Read a file. raises Invalid if it is damaged, no CityJSON, or of an unknown version"""
    text = _text(path)
    try:
        document = json.loads(text)
    except (ValueError, RecursionError) as error:
        raise Invalid(f"the file is no complete JSON: {error}", fix="Deliver it again", file=path.name) from error
    objects, vertices = _checked(document, path.name)
    delivery = Delivery("cityjson", (), crs=_crs(document), findings=Findings())
    types = Counter(str(thing.get("type")) for thing in objects.values() if isinstance(thing, dict))
    delivery.facts = {"version": document["version"], "objects": len(objects), "vertices": len(vertices), "types": dict(sorted(types.items()))}
    delivery.batches = _batches(path.name, objects, vertices, request, delivery)
    return delivery


def _text(path: Path) -> bytes:
    if not zipfile.is_zipfile(path):
        return path.read_bytes()
    inside = [info for info in members(path) if readable_name(info).lower().endswith((".json", ".cityjson"))]
    if len(inside) != 1:
        raise Invalid(f"the archive holds {len(inside)} JSON files, one is needed", fix="Pack one CityJSON file, or unpack it and import the files",
        file=path.name)
    if inside[0].file_size > LARGEST_TEXT:
        raise Invalid("the CityJSON file in the archive is too large to be read at once", fix="Cut it into tiles", file=path.name)
    try:
        with zipfile.ZipFile(path) as archive:
            return archive.read(inside[0])
    except Exception as error:  # zlib, lzma and zipfile each have their own
        raise Invalid(f"the archive is damaged: {error}", fix="Pack it again", file=path.name) from error


def _checked(document: Any, file: str) -> tuple[dict[str, Any], np.ndarray]:
    """Objects and real-world vertices of a document."""
    if not isinstance(document, dict) or document.get("type") != "CityJSON" or not isinstance(document.get("CityObjects"), dict):
        raise Invalid("the file is no CityJSON document", fix='It must have "type": "CityJSON" and "CityObjects"', file=file)
    version = str(document.get("version", ""))
    if not version.startswith(VERSIONS):
        raise Invalid(f"CityJSON version {version!r} is not known", fix=f"Convert it to one of {', '.join(VERSIONS)}, e.g. with cjio upgrade", file=file)
    try:
        vertices = np.array(document.get("vertices", []), float).reshape(-1, 3)
        move = document.get("transform") or {}
        scale, translate = np.array(move.get("scale", (1, 1, 1)), float), np.array(move.get("translate", (0, 0, 0)), float)
        return document["CityObjects"], np.round(vertices * scale.reshape(3) + translate.reshape(3), 6)
    except (ValueError, TypeError, AttributeError) as error:
        raise Invalid(f"the vertices are not rows of three numbers: {error}", fix="Deliver the file again", file=file) from error


def _crs(document: dict[str, Any]) -> str | None:
    metadata = document.get("metadata")
    name = str(metadata.get("referenceSystem", "")) if isinstance(metadata, dict) else ""
    found = re.search(r"EPSG(?:/[\d.]+/|::|:)(\d{4,6})$", name.strip())
    return f"EPSG:{found.group(1)}" if found else None


def _batches(file: str, objects: dict[str, Any], vertices: np.ndarray, request: ReadRequest, delivery: Delivery) -> Iterator[Batch]:
    findings = delivery.findings
    finite = np.isfinite(vertices).all(axis=1) if len(vertices) else np.empty(0, bool)
    kinds: dict[str, _Kind] = {}
    outlines, extents = Outlines.empty(), np.full((len(objects), 2), np.nan)
    left: Counter[str] = Counter()
    dropped = {"appearance": 0}
    number_of: dict[str, int] = {}
    for number, (name, thing) in enumerate(objects.items()):
        number_of[name] = number
        kind = KINDS.get(str(thing.get("type"))) if isinstance(thing, dict) else None
        if kind is None or kind not in request.catalog.kinds or (request.only is not None and kind not in request.only):
            left[str(thing.get("type")) if isinstance(thing, dict) else "?"] += 1
            continue
        problem, shapes = _shapes(thing, vertices, finite, dropped)
        if problem:
            findings.add("import.bad_geometry", "error", problem, kind=kind, id=f"{kind}:{name}", column="geometry", file=file, row=number + 1,
                         fix="Repair the object's boundaries")
            continue
        group = kinds.setdefault(kind, _Kind())
        group.rows.append(_row(kind, name, thing, shapes, vertices, delivery.crs, request))
        group.owners.append(number)
        used = [np.fromiter(indices(s["boundaries"]), np.int64) for s in shapes]
        if used and sum(map(len, used)):
            z = vertices[np.concatenate(used), 2]
            extents[number] = z.min(), z.max()
        for shape in _best(shapes):
            outlines.add(number, shape, vertices)
    for kind, count in sorted(left.items()):
        findings.add("import.left_out", "info", f"{count} objects of type {kind} have no kind to go to and were left out", file=file, value=kind)
    if dropped["appearance"]:
        findings.add("import.appearance_left_out", "info", f"textures and materials of {dropped['appearance']} geometries were left out", file=file)
    shapes_of = outlines.outlines(len(objects))
    _lift_parts(kinds, number_of, shapes_of, extents)
    for kind, group in kinds.items():
        yield Batch(kind, _table(kind, group, shapes_of, extents, request), np.array(group.owners, np.int64) + 1)


def _shapes(thing: dict[str, Any], vertices: np.ndarray, finite: np.ndarray, dropped: dict[str, int]) -> tuple[str | None, list[dict[str, Any]]]:
    """Geometries that can be kept, or what is wrong with them."""
    shapes = []
    listed = thing.get("geometry") or []
    if not isinstance(listed, list):
        return "the geometry is no list", []
    for shape in listed:
        if not isinstance(shape, dict) or shape.get("type") not in SURFACES:
            return f"geometry of type {shape.get('type') if isinstance(shape, dict) else shape!r} is not supported", []
        if not nested_as(shape):
            return "the boundaries are not nested lists of vertex numbers", []
        try:
            used = np.fromiter(indices(shape["boundaries"]), np.int64)
        except OverflowError:
            return "a vertex number is not in the file", []
        if len(used) and (used.min() < 0 or used.max() >= len(vertices)):
            return f"vertex {int(used.max())} is not in the file", []
        if not finite[used].all():
            return "a vertex is not a number", []
        dropped["appearance"] += "texture" in shape or "material" in shape
        shapes.append({key: value for key, value in shape.items() if key not in ("texture", "material")})
    return None, shapes


def _best(shapes: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """The geometries that tell the outline: level 0 where there is one, else the most detailed."""
    if not shapes:
        return []
    levels = [str(s.get("lod", "")) for s in shapes]
    flat = [s for s, level in zip(shapes, levels, strict=True) if level.startswith("0")]
    return flat or [s for s, level in zip(shapes, levels, strict=True) if level == max(levels)]


def _row(kind: str, name: str, thing: dict[str, Any], shapes: list[dict[str, Any]], vertices: np.ndarray, crs: str | None, request: ReadRequest) -> Row:
    row: Row = {"id": f"{kind}:{name}", "cityjson_type": thing["type"], "solid": _solid(shapes, vertices, crs)}
    parents = thing.get("parents") if isinstance(thing.get("parents"), list) else []
    attributes = thing.get("attributes") if isinstance(thing.get("attributes"), dict) else {}
    if kind == "buildings.part":
        row["building_id"] = f"buildings.building:{parents[0]}" if parents else None
    if kind == "base.land_use":
        row["code"] = LAND.get(thing["type"])
    declared = request.catalog.kinds[kind]
    for key, value in attributes.items():
        target = FIELDS.get(key)
        if target and declared.field(target) and _is_number(value):
            row[target] = float(value) if target == "height" else round(value)
        elif key == "yearOfConstruction" and declared.field("build_year") and str(value)[:4].isdigit():
            row["build_year"] = int(str(value)[:4])
        elif key in RESERVED or declared.field(key) or key in row:
            row[f"attribute_{key}"] = value
        else:
            row[key] = value
    if kind == "buildings.building":
        uses = code_spellings(declared.field("use").dictionary)  # type: ignore[union-attr]
        said = next((str(attributes[key]) for key in ("function", "usage", "class") if attributes.get(key)), "")
        row["use"] = uses.get(said) or uses.get(said.casefold()) or None
    return row


def _is_number(value: Any) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool) and abs(value) < 1e15


def _solid(shapes: list[dict[str, Any]], vertices: np.ndarray, crs: str | None) -> str | None:
    """Geometries with vertices of their own, as JSON text."""
    if not shapes:
        return None
    used = sorted({i for shape in shapes for i in indices(shape["boundaries"])})
    new = {old: place for place, old in enumerate(used)}
    own = [{**shape, "boundaries": renumber(shape["boundaries"], new)} for shape in shapes]
    return json.dumps({"crs": crs, "vertices": vertices[used].tolist() if used else [], "geometry": own}, separators=(",", ":"), ensure_ascii=False)


def _lift_parts(kinds: dict[str, _Kind], number_of: dict[str, int], shapes: np.ndarray, extents: np.ndarray) -> None:
    """A building without geometry gets the outline and height of its parts."""
    import shapely

    parts = kinds.get("buildings.part")
    if parts is None:
        return
    children: dict[int, list[int]] = {}
    for row, owner in zip(parts.rows, parts.owners, strict=True):
        parent = number_of.get((row["building_id"] or "").partition(":")[2])
        if parent is not None:
            children.setdefault(parent, []).append(owner)
    for parent, own in children.items():
        outlines = [shapes[i] for i in own if shapes[i] is not None]
        if shapes[parent] is None and outlines:
            shapes[parent] = shapely.union_all(outlines, grid_size=0.001)
        known = extents[[*own, parent]]
        if np.isnan(extents[parent]).any() and np.isfinite(known).any():
            extents[parent] = np.nanmin(known[:, 0]), np.nanmax(known[:, 1])


def _table(kind: str, group: _Kind, shapes: np.ndarray, extents: np.ndarray, request: ReadRequest) -> pa.Table:
    import shapely

    own, span = shapes[group.owners], extents[group.owners]
    names = list(dict.fromkeys(name for row in group.rows for name in row))
    columns = {name: _column([row.get(name) for row in group.rows]) for name in names}
    columns["geometry"] = geometry.encode(own)
    declared = request.catalog.kinds[kind]
    if declared.field("ground_elevation"):
        columns["ground_elevation"] = pa.array(span[:, 0], from_pandas=True)
    if declared.field("footprint_area"):
        columns["footprint_area"] = pa.array(np.round(shapely.area(own), 2), from_pandas=True)
    if declared.field("height"):
        said = np.array([np.nan if row.get("height") is None else row["height"] for row in group.rows], float)
        columns["height"] = pa.array(np.round(np.where(np.isnan(said), span[:, 1] - span[:, 0], said), 3), from_pandas=True)
    return pa.table(columns)


def _column(values: list[Any]) -> pa.Array:
    """A column of one type; values of mixed types or nested ones become JSON text."""
    kinds = {type(v) for v in values if v is not None}
    if kinds <= {str} or kinds <= {bool} or kinds <= {int}:
        try:
            return pa.array(values)
        except (OverflowError, pa.ArrowInvalid):
            return pa.array([None if v is None else str(v) for v in values], pa.string())
    if kinds <= {int, float}:
        return pa.array(values, pa.float64())
    return pa.array([v if v is None or isinstance(v, str) else json.dumps(v, ensure_ascii=False) for v in values], pa.string())


FORMATS: tuple[Format, ...] = (
    Format("cityjson", "CityJSON", "CityJSON 三维城市模型", (".city.json", ".cityjson", ".json", ".city.json.zip", ".zip"), sniff, read, write),
)
