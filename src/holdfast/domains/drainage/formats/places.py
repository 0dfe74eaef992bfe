"""Coordinates of a SWMM file as geometry columns."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

import numpy as np
import pyarrow as pa

from holdfast.io.model_rows import coordinates_seem
from holdfast.io.sectioned import Line, number
from holdfast.model import geometry

from .context import AREA, GAUGE, LINK_KINDS, NODE_KINDS, Reading

Point = tuple[float, float]


def read_places(reading: Reading) -> tuple[dict[str, pa.Array], str]:
    """Geometry column of each kind that has a place, and what the coordinates seem to be in."""
    nodes = {row["id"]: points[-1] for row, points in _points(reading, "COORDINATES", reading.nodes)}
    bends = {row["id"]: points for row, points in _points(reading, "VERTICES", reading.links)}
    gauges = {row["id"]: points[-1] for row, points in _points(reading, "SYMBOLS", reading.gauges)}
    rings = {row["id"]: points for row, points in _points(reading, "POLYGONS", reading.areas, keep=True)}
    lost = [row for row in reading.nodes.values() if row["id"] not in nodes]
    if lost:
        reading.findings.add_rows(
            "import.no_coordinates", "warning", "the node has no coordinates; it is kept without a place", kind=NODE_KINDS[0], ids=[row["id"] for row in lost],
            column="geometry", fix="Add it to [COORDINATES]", file=reading.file, rows=np.array([row["row"] for row in lost], np.int64),
        )  # fmt: skip
    columns = {kind: _point_column(reading.kinds.get(kind, ()), nodes) for kind in NODE_KINDS}
    columns[GAUGE] = _point_column(reading.kinds.get(GAUGE, ()), gauges)
    columns |= {kind: _line_column(reading.kinds.get(kind, ()), nodes, bends) for kind in LINK_KINDS}
    columns[AREA] = _ring_column(reading.kinds.get(AREA, ()), rings)
    stated = np.array([row.get("length") or np.nan for row in reading.kinds.get("drainage.conduit", ())], np.float64)
    drawn = geometry.length(columns["drainage.conduit"]) if len(stated) else np.empty(0)
    return columns, coordinates_seem(np.array([*nodes.values()], np.float64).reshape(-1, 2), stated, drawn)


def _points(reading: Reading, section: str, rows: dict[str, dict[str, Any]], keep: bool = False) -> Iterable[tuple[dict[str, Any], list[Point]]]:
    """Rows with the points that a section gives them, in order; `keep` lines of other objects."""
    found: dict[str, tuple[dict[str, Any], list[Point]]] = {}
    for line in reading.sections.of(section):
        row = rows.get(reading.key(line.tokens[0]))
        if row is None:
            _stray(reading, section, line, keep)
            continue
        x, y = (number(word) for word in (line.tokens[1:3] if len(line.tokens) > 2 else ("", "")))
        if x is None or y is None:
            reading.wrong("bad_number", line, "a coordinate is not a number", "Write plain numbers", kind=row["id"].partition(":")[0], column="geometry",
                          id=row["id"], value=line.text)  # fmt: skip
            continue
        found.setdefault(row["id"], (row, []))[1].append((x, y))
    return found.values()


def _stray(reading: Reading, section: str, line: Line, keep: bool) -> None:
    if keep and reading.key(line.tokens[0]) in reading.nodes:  # outlines of storage units
        reading.keep(section, line)
    else:
        reading.wrong("missing_node", line, f"[{section}] names {line.tokens[0]}, which is not in the file", "Add it or remove the line", "warning", value=line.tokens[0])


def _point_column(rows: Iterable[dict[str, Any]], at: dict[str, Point]) -> pa.Array:
    values = np.array([at.get(row["id"], (np.nan, np.nan)) for row in rows], np.float64).reshape(-1, 2)
    return geometry.points(values[:, 0], values[:, 1])


def _line_column(rows: Iterable[dict[str, Any]], nodes: dict[str, Point], bends: dict[str, list[Point]]) -> pa.Array:
    values: list[Point] = []
    offsets = [0]
    for row in rows:
        ends = nodes.get(row["from_id"]), nodes.get(row["to_id"])
        if ends[0] is not None and ends[1] is not None:
            values += [ends[0], *bends.get(row["id"], ()), ends[1]]
        offsets.append(len(values))
    return geometry.lines(np.array(values, np.float64).reshape(-1, 2), np.array(offsets))


def _ring_column(rows: Iterable[dict[str, Any]], rings: dict[str, list[Point]]) -> pa.Array:
    import shapely

    shapes = []
    for row in rows:
        ring = rings.get(row["id"], [])
        shapes.append(shapely.multipolygons([shapely.polygons(ring)]) if len(ring) > 2 else None)
    return geometry.encode(shapes) if shapes else pa.array([], pa.binary())
