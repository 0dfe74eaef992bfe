"""OpenStreetMap files (.osm.pbf, .osm, .osm.bz2, .osm.gz): streets with topology, buildings, facilities, stops, signals, land use.

The file is read once; ways are cut where they share a node. Coordinates are WGS 84 (EPSG:4326).
"""

from __future__ import annotations

import json
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

from . import osm_tags as tag
from .osm_network import Pieces, cut_ways
from .values import code_spellings

Row = dict[str, Any]


@dataclass(slots=True)
class _Content:
    """What one pass over a file leaves."""

    ways: list[tuple[int, dict[str, str]]] = field(default_factory=list)
    counts: list[int] = field(default_factory=list)
    refs: list[int] = field(default_factory=list)
    places: list[tuple[float, float]] = field(default_factory=list)
    points: list[tuple[int, dict[str, str], float, float]] = field(default_factory=list)
    areas: list[tuple[str, dict[str, str]]] = field(default_factory=list)
    shapes: list[str] = field(default_factory=list)
    objects: Counter[str] = field(default_factory=Counter)
    highways: int = 0


def sniff(path: Path, head: bytes) -> float:
    """PBF blocks name their header; XML names its root."""
    if b"OSMHeader" in head[:64]:
        return 1.0
    if head.lstrip()[:1] == b"<" and b"<osm" in head[:2000]:
        return 1.0
    return 0.6 if path.name.lower().endswith((".osm.bz2", ".osm.gz")) else 0.0


def read(path: Path, request: ReadRequest) -> Delivery:
    """Read a file. raises Invalid if it is damaged or no OSM file"""
    findings = Findings()
    content = _scan(path)
    delivery = Delivery("osm", (), crs="EPSG:4326", findings=findings, facts={
        "nodes": content.objects["n"], "ways": content.objects["w"], "relations": content.objects["r"], "highways": content.highways,
        "areas": len(content.areas),
    })  # fmt: skip
    delivery.batches = _batches(path, content, request, delivery)
    return delivery


def _scan(path: Path) -> _Content:
    import osmium

    content = _Content()
    keep = osmium.filter.KeyFilter(*tag.AREA_KEYS)
    try:
        for thing in osmium.FileProcessor(str(path)).with_locations().with_areas(keep):
            content.objects[thing.type_str()] += 1
            if thing.is_node():
                if thing.tags and thing.location.valid():
                    content.points.append((thing.id, dict(thing.tags), thing.location.lon, thing.location.lat))
            elif thing.is_way():
                if "highway" in thing.tags:
                    content.highways += 1
                    _add_way(content, thing)
            elif thing.is_area():
                _add_area(content, thing, osmium)
    except (RuntimeError, ValueError, osmium.InvalidLocationError) as error:
        raise Invalid(f"the OpenStreetMap file cannot be read: {error}", fix="Download or export it again", file=path.name) from error
    return content


def _add_way(content: _Content, way: Any) -> None:
    tags = dict(way.tags)
    if not tag.is_street(tags):
        return
    before = len(content.refs)
    for node in way.nodes:
        content.refs.append(node.ref)
        place = node.location
        content.places.append((place.lon, place.lat) if place.valid() else (np.nan, np.nan))
    content.ways.append((way.id, tags))
    content.counts.append(len(content.refs) - before)


def _add_area(content: _Content, area: Any, osmium: Any) -> None:
    try:
        shape = osmium.geom.WKBFactory().create_multipolygon(area)
    except (RuntimeError, osmium.InvalidLocationError):
        content.objects["bad_area"] += 1
        return
    content.areas.append((f"{'w' if area.from_way() else 'r'}{area.orig_id()}", dict(area.tags)))
    content.shapes.append(shape)


def _batches(path: Path, content: _Content, request: ReadRequest, delivery: Delivery) -> Iterator[Batch]:
    """All kinds that the catalog knows and the request wants."""
    if content.objects["bad_area"]:
        delivery.findings.add("import.area_not_closed", "warning", f"{content.objects['bad_area']} areas do not close and were left out", file=path.name,
                              fix="Correct the multipolygon relations")
    kinds = request.catalog.kinds

    def wanted(kind: str) -> bool:
        return kind in kinds and (request.only is None or kind in request.only)

    crossings: set[int] = set()
    if content.ways:
        pieces = _cut(path, content, delivery.findings)
        crossings = set(pieces.nodes.tolist())
        delivery.facts |= {"streets": len(pieces.way), "crossings": len(pieces.nodes)}
        for kind, table in (("roads.junction", _junctions(content, pieces)), ("roads.street", _streets(content, pieces, kinds))):
            if wanted(kind):
                yield Batch(kind, table)
    for kind, rows in _from_points(content, crossings).items():
        if wanted(kind):
            yield Batch(kind, _table(rows))
    for kind, rows in _from_areas(content, kinds).items():
        if wanted(kind):
            yield Batch(kind, _table(rows))


def _cut(path: Path, content: _Content, findings: Findings) -> Pieces:
    reverse = np.array([tag.direction(tags) == -1 for _, tags in content.ways], bool)
    pieces = cut_ways(np.array(content.refs, np.int64), np.array(content.places, float).reshape(-1, 2), np.array(content.counts, np.int64), reverse)
    lost = np.flatnonzero(pieces.lost)
    if len(lost):
        findings.add_rows(
            "import.missing_node", "warning", "the way runs over nodes that the file does not hold; it was drawn without them", kind="roads.street",
            ids=[f"roads.street:{content.ways[i][0]}" for i in lost.tolist()], column="geometry", values=[f"{n} nodes" for n in pieces.lost[lost].tolist()],
            fix="Cut the extract with complete ways", file=path.name,
        )  # fmt: skip
    return pieces


def _junctions(content: _Content, pieces: Pieces) -> pa.Table:
    tagged = {node: tags for node, tags, _, _ in content.points}
    control = {"traffic_signals": "signal", "stop": "stop", "give_way": "yield", "mini_roundabout": "roundabout", "turning_circle": "roundabout",
    "crossing": "crossing",
               "motorway_junction": "interchange"}
    own = [tagged.get(node, {}) for node in pieces.nodes.tolist()]
    return pa.table({
        "id": pa.array([f"roads.junction:{n}" for n in pieces.nodes.tolist()], pa.string()), "geometry": geometry.points(*pieces.xy.T),
        "name": pa.array([t.get("name") for t in own], pa.string()), "control": pa.array([control.get(t.get("highway", ""), "none") for t in own],
        pa.string()),
        "tags": pa.array([_json(t) for t in own], pa.string()),
    })


def _street_row(tags: dict[str, str], codes: dict[str, dict[str, str]]) -> Row:
    highway = tags["highway"]
    width = tag.length(tags.get("width") or tags.get("est_width"))
    return {
        "name": tags.get("name"), "class": codes["class"].get(highway, "branch"), "highway": highway, "carriageway_width": width,
        "lanes": tag.whole(tags.get("lanes")),
        "one_way": tag.direction(tags) != 0, "speed_limit": tag.speed(tags.get("maxspeed")), "surface": codes["surface"].get(tags.get("surface", "")) or None,
        "bridge": tags.get("bridge", "no") != "no", "tunnel": tags.get("tunnel", "no") != "no", "level": tag.whole(tags.get("layer")),
        "clear_height": tag.length(tags.get("maxheight")), "tags": _json(tags),
    }


def _streets(content: _Content, pieces: Pieces, kinds: Any) -> pa.Table:
    codes = {name: _spellings(kinds, "roads.street", name) for name in ("class", "surface")}
    types = {"carriageway_width": pa.float64(), "speed_limit": pa.float64(), "clear_height": pa.float64(), "lanes": pa.int64(), "level": pa.int64(),
             "one_way": pa.bool_(), "bridge": pa.bool_(), "tunnel": pa.bool_()}
    rows = [_street_row(tags, codes) for _, tags in content.ways]
    take = pa.array(pieces.way)
    columns = {name: pa.array([row[name] for row in rows], types.get(name, pa.string())).take(take) for name in rows[0]}
    ids = [content.ways[w][0] for w in pieces.way.tolist()]
    names = [f"roads.street:{i}" if n == 1 else f"roads.street:{i}-{k}" for i, k, n in zip(ids, pieces.number.tolist(), pieces.parts.tolist(), strict=True)]
    return pa.table({
        "id": pa.array(names, pa.string()), "geometry": pieces.shape,
        "from_id": pa.array([f"roads.junction:{n}" for n in pieces.start.tolist()], pa.string()),
        "to_id": pa.array([f"roads.junction:{n}" for n in pieces.end.tolist()], pa.string()), **columns, "source_way": pa.array([str(i) for i in ids],
        pa.string()),
    })


def _from_points(content: _Content, crossings: set[int]) -> dict[str, list[Row]]:
    found: dict[str, list[Row]] = {}
    for node, tags, x, y in content.points:
        row = {"geometry": (x, y), "name": tags.get("name"), "tags": _json(tags)}
        mode = tag.stop_mode(tags)
        site = tag.facility(tags)
        if tags.get("highway") == "traffic_signals":
            found.setdefault("roads.signal", []).append({"id": f"roads.signal:{node}",
            "junction_id": f"roads.junction:{node}" if node in crossings else None, **row})
        if mode is not None:
            found.setdefault("roads.stop", []).append({"id": f"roads.stop:n{node}", "mode": mode, "code": tags.get("ref"), **row})
        if site is not None:
            found.setdefault(site[0], []).append({"id": f"{site[0]}:n{node}", "address": tag.address(tags), **site[1], **row})
    return found


def _from_areas(content: _Content, kinds: Any) -> dict[str, list[Row]]:
    """Buildings, their parts, bridges, land use, and facilities that are drawn as areas."""
    import shapely

    found: dict[str, list[Row]] = {}
    shapes = shapely.from_wkb(np.array(content.shapes, object)) if content.shapes else np.empty(0, object)
    single = shapely.get_num_geometries(shapes) == 1
    shapes[single] = shapely.get_geometry(shapes[single], 0)
    inside = shapely.point_on_surface(shapes)
    uses = _spellings(kinds, "buildings.building", "use")
    for (name, tags), shape, point in zip(content.areas, shapes.tolist(), inside.tolist(), strict=True):
        built = tags.get("building", "no") != "no"
        row = {"geometry": shape, "name": tags.get("name"), "tags": _json(tags)}
        if built:
            found.setdefault("buildings.building", []).append({"id": f"buildings.building:{name}", **_building(tags, uses), **row})
        code = tag.land_use(tags)
        if code and not built:
            found.setdefault("base.land_use", []).append({"id": f"base.land_use:{name}", "code": code, **row})
        if tags.get("man_made") == "bridge":
            found.setdefault("roads.bridge", []).append({"id": f"roads.bridge:{name}", **row})
        site, mode = tag.facility(tags), tag.stop_mode(tags)
        if site is not None:
            owner = f"buildings.building:{name}" if built else None
            found.setdefault(site[0], []).append({"id": f"{site[0]}:{name}", "building_id": owner, "address": tag.address(tags), **site[1], **row,
            "geometry": point})
        if mode is not None:
            found.setdefault("roads.stop", []).append({"id": f"roads.stop:{name}", "mode": mode, "code": tags.get("ref"), **row, "geometry": point})
    return found


def _building(tags: dict[str, str], uses: dict[str, str]) -> Row:
    raw = tags["building"]
    amenity = tags.get("amenity", "")
    storeys, height = tag.whole(tags.get("building:levels")), tag.length(tags.get("height"))
    return {
        "use": uses.get(amenity) or uses.get(raw) or ("commercial" if "shop" in tags else "office" if "office" in tags else "other"), "osm_type": raw,
        "storeys": storeys,
        "underground_storeys": tag.whole(tags.get("building:levels:underground")), "height": height, "build_year": tag.build_year(tags),
        "address": tag.address(tags),
    }


def _spellings(kinds: Any, kind: str, name: str) -> dict[str, str]:
    found = kinds[kind].field(name) if kind in kinds else None
    return code_spellings(found.dictionary) if found is not None else {}


def _json(tags: dict[str, str]) -> str | None:
    return json.dumps(tags, ensure_ascii=False, sort_keys=True) if tags else None


def _table(rows: list[Row]) -> pa.Table:
    """Rows as a table; `geometry` is a pair of coordinates or a shape."""
    names = list(dict.fromkeys(name for row in rows for name in row if name != "geometry"))
    places = [row["geometry"] for row in rows]
    if any(isinstance(place, tuple) for place in places):
        import shapely

        places = [shapely.Point(place) if isinstance(place, tuple) else place for place in places]
    columns: dict[str, Any] = {"geometry": geometry.encode(places)}
    return pa.table({name: pa.array([row.get(name) for row in rows]) for name in names} | columns)


FORMATS: tuple[Format, ...] = (
    Format("osm", "OpenStreetMap", "开放街道地图", (".osm.pbf", ".pbf", ".osm", ".osm.bz2", ".osm.gz"), sniff, read),
)
