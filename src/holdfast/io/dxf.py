"""DXF drawings: lines, polylines and points of a layer as assets; a block that is inserted is a point with its attributes.

Layers become kinds by a mapping, by a kind's name, or by the category symbol their name begins with (JSLINE, WS-L, 给水).
A drawing states no CRS; its unit of length, where its header has one, is said and not acted on.
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa

from holdfast.model.delivery import Batch, Delivery, Format, ReadRequest
from holdfast.model.errors import Invalid, NotSupported
from holdfast.model.finding import Findings

from . import text
from .dxf_write import APPLICATION, write
from .layers import GEOMETRY, LayerReader, Source, kind_of_layer
from .opening import AGAIN, looks_like, reading, require_file
from .peek import ROWS, Peek
from .rules import LayerRule, Rules, parse
from .survey_categories import Categories

_UNITS = {1: "inches", 2: "feet", 3: "miles", 4: "millimetres", 5: "centimetres", 6: "metres", 7: "kilometres", 10: "yards", 14: "decimetres", 21: "US survey feet"}
_LARGEST = 1 << 30
_TOLERANCE = 0.01  # largest distance of a chord from its arc [drawing units]
_BINARY = b"AutoCAD Binary DXF"
_CURVES = frozenset({"ARC", "CIRCLE", "ELLIPSE", "SPLINE"})


def read(path: Path, request: ReadRequest) -> Delivery:
    """Entities of the model space whose layers are of a known kind."""
    head = require_file(path)
    if head.startswith(b"AC10"):
        raise Invalid("this is a DWG drawing", fix="Save it as DXF", file=str(path))
    if path.stat().st_size > _LARGEST:
        raise NotSupported("drawings of more than 1 GiB cannot be read", fix="Split it, or export it as GeoPackage", file=str(path))
    if not head.startswith(_BINARY) and (looks := looks_like(head)):
        raise Invalid(f"this is no DXF drawing; it looks like {looks}", fix="Name the format with --as", file=str(path))
    rules = parse(request.mapping, request.catalog)
    delivery = Delivery("dxf", ())
    drawing = _load(path, request.encoding or rules.encoding, head, delivery.findings)
    delivery.crs = rules.crs
    unit = int(drawing.header.get("$INSUNITS", 0) or 0)
    delivery.facts |= {"version": drawing.acad_release, "unit": _UNITS.get(unit, "none"), "encoding": drawing.encoding}
    if unit not in {0, 6}:
        delivery.findings.add(
            "import.drawing_unit", "warning", f"the drawing says its unit is {_UNITS.get(unit, unit)}; coordinates were taken as they are", file=path.name,
            value=str(unit), fix="Say --crs local:ft for feet, or tie the drawing with control points (--fit)",
        )  # fmt: skip
    with reading(path, "drawing"):
        layers = _collect(drawing, path, delivery.findings)
    readers = _readers(layers, rules, request, delivery, path)
    delivery.batches = _batches(readers)
    return delivery


def _load(path: Path, hint: str | None, head: bytes, findings: Findings) -> Any:
    """The drawing; text is decoded as the header says unless the bytes show that it is Chinese."""
    encoding = None
    if not head.startswith(_BINARY):
        found = text.detect(path, hint)
        if not found.clean and found.name == "gb18030":
            encoding = found.name
    with reading(path, "DXF drawing"):
        import ezdxf

        drawing = ezdxf.readfile(path, encoding=encoding, errors="surrogateescape")
    if not head.startswith(_BINARY) and not _ended(path):
        raise Invalid("the drawing is cut short: its end is missing", fix=AGAIN, file=str(path))
    if encoding is not None and drawing.encoding not in {"gbk", "gb18030", "cp936"}:
        findings.add("import.encoding", "info", "the drawing's text was read as GB18030, other than its header says", file=path.name, value=encoding,
                     fix="Save the drawing in version 2007 or later, which uses UTF-8")  # fmt: skip
    return drawing


def _ended(path: Path) -> bool:
    with path.open("rb") as stream:
        stream.seek(max(0, path.stat().st_size - 64))
        return stream.read().rstrip(b" \r\n\t\x00\x1a").endswith(b"EOF")


def _collect(drawing: Any, path: Path, findings: Findings) -> dict[tuple[str, str], list[dict[str, Any]]]:
    """Records of entities by layer and shape ("point", "line" or "area")."""
    layers: dict[tuple[str, str], list[dict[str, Any]]] = {}
    other: dict[str, int] = {}
    for number, entity in enumerate(drawing.modelspace(), 1):
        kind = entity.dxftype()
        try:
            vertices, closed = _vertices(entity, kind)
        except (ValueError, TypeError, ZeroDivisionError, OverflowError, ArithmeticError, AttributeError) as error:
            findings.add("import.bad_entity", "error", _clean(f"the {kind} cannot be read: {error}"), file=path.name, row=number, value=_clean(entity.dxf.handle),
                         fix="Check the drawing with AUDIT")  # fmt: skip
            continue
        if vertices is None:
            other[_clean(kind)] = other.get(_clean(kind), 0) + 1
            continue
        record: dict[str, Any] = {"handle": _clean(entity.dxf.handle), "layer": _clean(entity.dxf.layer), "entity": kind, "__row": number, "__vertices": vertices}
        if kind == "INSERT":
            record["block"] = _clean(entity.dxf.name)
            record |= {_clean(a.dxf.tag): _clean(a.dxf.text) for a in entity.attribs if a.dxf.tag}
        record |= _extended(entity)
        shape = "point" if len(vertices) == 1 else "area" if closed else "line"
        layers.setdefault((record["layer"], shape), []).append(record)
    for kind, count in other.items():
        findings.add("import.skipped_entities", "info", f"{count} {kind} entities are no lines or points and were left out", file=path.name, value=kind)
    return layers


def _vertices(entity: Any, kind: str) -> tuple[np.ndarray | None, bool]:
    """(n, 3) world coordinates of an entity and whether it is a closed outline; None for entities that are no lines or points."""
    if kind == "LINE":
        return _array([entity.dxf.start, entity.dxf.end]), False
    if kind == "POINT":
        return _array([entity.dxf.location]), False
    if kind == "INSERT":
        return _array([entity.ocs().to_wcs(entity.dxf.insert)]), False
    if kind in {"LWPOLYLINE", "POLYLINE"}:
        if kind == "POLYLINE" and not (entity.is_2d_polyline or entity.is_3d_polyline):
            return None, False
        closed = bool(entity.closed if kind == "LWPOLYLINE" else entity.is_closed)
        vertices = _array(_flat(entity) if entity.has_arc else list(entity.vertices_in_wcs() if kind == "LWPOLYLINE" else entity.points_in_wcs()))
        if len(vertices) == 0:
            return None, False
        if closed and len(vertices) > 2 and not np.array_equal(vertices[0], vertices[-1]):
            vertices = np.vstack((vertices, vertices[:1]))
        return vertices, closed and len(vertices) > 3
    if kind in _CURVES:
        vertices = _array(_flat(entity))
        return vertices, len(vertices) > 3 and bool(np.allclose(vertices[0], vertices[-1]))
    return None, False


def _flat(entity: Any) -> list[Any]:
    from ezdxf.path import make_path

    return list(make_path(entity).flattening(_TOLERANCE))


def _array(vertices: list[Any]) -> np.ndarray:
    return np.array([(v.x, v.y, v.z) for v in map(_vec3, vertices)], float).reshape(-1, 3)


def _vec3(vertex: Any) -> Any:
    from ezdxf.math import Vec3

    return Vec3(vertex)


def _clean(value: Any) -> str:
    """Text in which undecodable bytes, kept as surrogates, are decoded as GB18030."""
    word = str(value)
    try:
        word.encode("utf-8")
    except UnicodeEncodeError:
        try:
            return text.decode(word.encode("utf-8", "surrogateescape"), "gb18030")[0]
        except UnicodeEncodeError:  # half of a pair, from a damaged escape
            return word.encode("utf-8", "replace").decode("utf-8")
    return word


def _extended(entity: Any) -> dict[str, Any]:
    """Extended data: our own as fields, that of other programs as text by application."""
    if not entity.has_extension_dict and entity.xdata is None:
        return {}
    found: dict[str, Any] = {}
    for application, tags in (entity.xdata.data if entity.xdata is not None else {}).items():
        words = [_clean(tag.value) for tag in tags if tag.code in {1000, 1005, 1040, 1070, 1071}]
        if application == APPLICATION:
            try:
                own = json.loads("".join(words))
                found |= {_clean(key): _clean(value) if isinstance(value, str) else value for key, value in own.items() if isinstance(value, str | int | float | bool)}
            except (ValueError, AttributeError):
                continue
        elif words:
            found[f"xdata_{_clean(application)}"] = "; ".join(words)
    return found


def _readers(
    layers: dict[tuple[str, str], list[dict[str, Any]]], rules: Rules, request: ReadRequest, delivery: Delivery, path: Path
) -> list[tuple[LayerReader, list[dict[str, Any]], str]]:
    categories = Categories(request.catalog)
    chosen = []
    for (layer, shape), records in layers.items():
        mine: dict[str | None, list[dict[str, Any]]] = {}
        for record in records:
            mine.setdefault(str(record["kind"]) if record.get("kind") in request.catalog.kinds else None, []).append(record)
        for own, part in mine.items():
            found = (LayerRule(layer, own, ignore=("kind", "handle", "layer", "entity")),) if own else _rules_for(layer, shape, rules, request, categories)
            if not found:
                delivery.findings.add(
                    "import.layer_skipped", "warning", f"the layer {layer!r} ({len(part)} of shape {shape}) is of no known kind and was left out", file=path.name,
                    value=layer, fix="Say what it is in a mapping (--map); --guess proposes one",
                )  # fmt: skip
                continue
            columns = tuple(dict.fromkeys(key for record in part for key in record if not key.startswith("__")))
            rule = tuple(_with_handle(r, columns) for r in found)
            if shape == "area" and all(request.catalog.kinds[k].geometry == "LineString" for r in rule for k in r.kinds()):
                shape = "line"  # a closed line of a kind that is lines
            chosen.append((LayerReader(Source(path.name, layer, columns), rule, request, delivery), part, shape))
    if not chosen:
        raise Invalid("no layer of the drawing is of a known kind", file=str(path), layers=", ".join(sorted({layer for layer, _ in layers})[:20]),
                      fix="Say what the layers are in a mapping (--map FILE.toml; --guess proposes one)")  # fmt: skip
    return chosen


def _with_handle(rule: LayerRule, columns: tuple[str, ...]) -> LayerRule:
    """A rule under which the entity's handle is the id where nothing else is."""
    from dataclasses import replace

    from .rules import ColumnRule

    if any(column.target == "id" for column in rule.columns) or any(column.casefold() == "id" for column in columns):
        return rule
    return replace(rule, columns=(*rule.columns, ColumnRule("id", ("handle",))))


def _rules_for(layer: str, shape: str, rules: Rules, request: ReadRequest, categories: Categories) -> tuple[LayerRule, ...]:
    fits = {"point": {"Point"}, "line": {"LineString"}, "area": {"Polygon", "MultiPolygon", "LineString"}}[shape]
    found = tuple(
        rule for rule in rules.of_layer(layer)
        if not rule.skip and (rule.kind is None or request.catalog.kinds[rule.kind].geometry in fits or not _other_fits(rule, rules, layer, request, fits))
    )  # fmt: skip
    if found or rules.of_layer(layer):
        return found
    if name := request.parameters.get("kind"):
        return (LayerRule(layer, name),) if name in request.catalog.kinds else ()
    kind = kind_of_layer(layer, request.catalog.kinds)
    if kind is None and (category := categories.of_name(layer)) is not None and category[0] in categories.lines:
        kind = categories.points.get(category[0]) if shape == "point" else categories.lines[category[0]]
        minor = category[1]
        if kind is not None and minor is not None and kind.field("category") is not None:
            from .rules import ColumnRule

            return (LayerRule(layer, kind.name, columns=(ColumnRule("category", value=minor),)),)
    return (LayerRule(layer, kind.name),) if kind is not None else ()


def _other_fits(rule: LayerRule, rules: Rules, layer: str, request: ReadRequest, fits: set[str]) -> bool:
    """Whether another rule for the layer suits the shape better."""
    return any(r is not rule and r.kind is not None and request.catalog.kinds[r.kind].geometry in fits for r in rules.of_layer(layer))


def _batches(readers: list[tuple[LayerReader, list[dict[str, Any]], str]]) -> Iterator[Batch]:
    for reader, records, shape in readers:
        columns = {name: _column([record.get(name) for record in records]) for name in reader.source.columns}
        table = pa.table(columns).append_column(GEOMETRY, _shapes([record["__vertices"] for record in records], shape))
        yield from reader.batches(table, np.array([record["__row"] for record in records], np.int64))


def _column(cells: list[Any]) -> pa.Array:
    try:
        return pa.array(cells)
    except (pa.ArrowInvalid, pa.ArrowTypeError):
        return pa.array([None if cell is None else str(cell) for cell in cells], pa.string())


def _shapes(vertices: list[np.ndarray], shape: str) -> pa.Array:
    """WKB of entities, 3D when any vertex has a height."""
    from holdfast.model.geometry import encode, lines, points

    joined = np.concatenate(vertices)
    width = 3 if (joined[:, 2] != 0).any() else 2
    if shape == "point":
        return points(joined[:, 0], joined[:, 1], joined[:, 2] if width == 3 else None)
    offsets = np.concatenate(([0], np.cumsum([len(v) for v in vertices])))
    if shape == "line":
        return lines(joined[:, :width], offsets)
    import shapely

    with np.errstate(invalid="ignore"):
        return encode([shapely.Polygon(v[:, :width]) for v in vertices])


def peek(path: Path, request: ReadRequest) -> list[Peek]:
    """The first entities of every layer and shape of a drawing; shapes of one layer are told apart by `where` on entity."""
    head = require_file(path)
    findings = Findings()
    drawing = _load(path, request.encoding, head, findings)
    with reading(path, "drawing"):
        layers = _collect(drawing, path, findings)
    found: dict[str, Peek] = {}
    for (layer, shape), records in sorted(layers.items(), key=lambda item: -len(item[1])):
        part = records[:ROWS]
        names = list(dict.fromkeys(key for record in part for key in record if not key.startswith("__")))
        columns = {name: _column([record.get(name) for record in part]) for name in names}
        rows = pa.table(columns).append_column(GEOMETRY, _shapes([record["__vertices"] for record in part], shape))
        found.setdefault(layer, Peek(layer, rows, None, file=path.name))
    return list(found.values())


def sniff(path: Path, head: bytes) -> float:
    """A section at the start, or the mark of binary DXF."""
    if head.startswith((_BINARY, b"AC10")):
        return 1.0
    body = head.removeprefix(b"\xef\xbb\xbf").lstrip()
    if b"SECTION" in body[:4096] and (body.startswith((b"0\n", b"0\r", b"0 ", b"999"))):
        return 0.95
    return 0.3 if path.suffix.lower() == ".dxf" else 0.0


FORMATS: tuple[Format, ...] = (Format("dxf", "DXF drawing", "DXF 图形", (".dxf",), sniff, read, write),)
