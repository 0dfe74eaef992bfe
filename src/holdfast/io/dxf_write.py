"""Writing kinds of a city as a DXF drawing: a layer per kind in its CJJ 61 colour, every field in extended data."""

from __future__ import annotations

import json
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from holdfast.model.errors import NotSupported
from holdfast.model.geometry import decode
from holdfast.model.tables import layer_name

from .geofile_write import tables_of
from .layers import GEOMETRY
from .opening import reading, replacing

APPLICATION = "HOLDFAST"
_PIECE = 80  # characters per string of extended data, which holds 255 bytes


def write(city: Any, path: Path, kinds: Sequence[str] | None, as_of: Any) -> dict[str, Any]:
    """Points as POINT, lines as 3D polylines, outlines as closed polylines; holes and further parts as outlines of their own are not written.

    raises    NotSupported when none of the kinds has a place
    """
    import ezdxf

    drawing = ezdxf.new("R2010")
    drawing.header["$INSUNITS"] = 6
    drawing.appids.add(APPLICATION)
    space = drawing.modelspace()
    counts, left_out, simplified = {}, [], 0
    for name, facts in tables_of(city, kinds, as_of):
        if GEOMETRY not in facts.column_names:
            left_out.append(name)
            continue
        layer = layer_name(name)
        symbol = city.catalog.kinds[name].symbol
        drawing.layers.add(layer, true_color=ezdxf.rgb2int(symbol.colour) if symbol is not None else None)
        shapes = decode(facts[GEOMETRY])
        rows = facts.drop_columns(GEOMETRY).to_pylist()
        for shape, row in zip(shapes, rows, strict=True):
            if shape is None or shape.is_empty:
                simplified += 1
                continue
            entity, lost = _draw(space, shape, layer)
            simplified += lost
            own = {"kind": name, **{key: _plain(value) for key, value in row.items() if value is not None}}
            words = json.dumps(own, ensure_ascii=True)
            entity.set_xdata(APPLICATION, [(1000, words[i : i + _PIECE]) for i in range(0, len(words), _PIECE)])
        counts[name] = facts.num_rows
    if not counts:
        raise NotSupported("a drawing holds only things with a place", fix="Export records as CSV or GeoPackage")
    with replacing(path) as target, reading(path, "DXF output"):
        drawing.saveas(target)
    return {"kinds": counts, "crs": city.crs, "left_out": left_out, "simplified": simplified}


def _plain(value: Any) -> str | int | float | bool:
    return value if isinstance(value, str | int | float | bool) else value.isoformat() if hasattr(value, "isoformat") else str(value)


def _draw(space: Any, shape: Any, layer: str) -> tuple[Any, bool]:
    """Add one shape and return its entity, and whether holes or parts were lost."""
    lost = False
    if shape.geom_type.startswith("Multi") or shape.geom_type == "GeometryCollection":
        lost = len(shape.geoms) > 1
        shape = max(shape.geoms, key=lambda part: (part.area, part.length))
    attributes = {"layer": layer}
    if shape.geom_type == "Point":
        return space.add_point(tuple(shape.coords[0]), dxfattribs=attributes), lost
    if shape.geom_type == "Polygon":
        lost = lost or len(shape.interiors) > 0
        return space.add_polyline3d([_three(c) for c in shape.exterior.coords[:-1]], close=True, dxfattribs=attributes), lost
    return space.add_polyline3d([_three(c) for c in shape.coords], dxfattribs=attributes), lost


def _three(vertex: tuple[float, ...]) -> tuple[float, float, float]:
    return (vertex[0], vertex[1], vertex[2] if len(vertex) > 2 else 0.0)
