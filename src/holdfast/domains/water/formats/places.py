"""Coordinates of an EPANET file: geometries, and what the coordinates seem to be in."""

from __future__ import annotations

import json
from typing import Any

import numpy as np
import pyarrow as pa

from holdfast.io.model_rows import coordinates_seem
from holdfast.io.sectioned import number
from holdfast.model import geometry

from .context import LINK_KINDS, NODE_KINDS, Reading

_FAR = 20.0  # vertices that lie this many network extents away are in other coordinates than the nodes


def read_places(reading: Reading) -> tuple[dict[str, pa.Array], str]:
    """Geometry column of each kind, and what the coordinates seem to be in."""
    xy = _node_coordinates(reading)
    vertices = _vertices(reading)
    names = list(reading.nodes)
    at = np.array([xy.get(name, (np.nan, np.nan)) for name in names], np.float64).reshape(-1, 2)
    place = {reading.nodes[name]["id"]: row for row, name in enumerate(names)}
    _report_missing(reading, names, at)
    _drop_far(reading, at, vertices)
    columns: dict[str, pa.Array] = {}
    for kind in NODE_KINDS:
        rows = [place[row["id"]] for row in reading.kinds.get(kind, ())]
        columns[kind] = geometry.points(at[rows, 0], at[rows, 1])
    for kind in LINK_KINDS:
        columns[kind] = _lines(reading.kinds.get(kind, []), place, at, vertices)
    stated = np.array([row.get("length") or np.nan for row in reading.kinds.get("water.pipe", ())], np.float64)
    drawn = geometry.length(columns["water.pipe"]) if len(stated) else np.empty(0)
    return columns, coordinates_seem(at, stated, drawn)


def _node_coordinates(reading: Reading) -> dict[str, tuple[float, float]]:
    out: dict[str, tuple[float, float]] = {}
    for line in reading.sections.of("COORDINATES"):
        if not reading.enough(line, 3, "COORDINATES", "water.junction") or reading.node_row(line, line.tokens[0], "COORDINATES") is None:
            continue
        x, y = number(line.tokens[1]), number(line.tokens[2])
        if x is None or y is None:
            reading.wrong("bad_number", line, "a coordinate is not a number", "Write plain numbers", kind="water.junction", column="geometry", value=line.text)
        else:
            out[line.tokens[0]] = (x, y)
    return out


def _vertices(reading: Reading) -> dict[str, list[tuple[float, float]]]:
    out: dict[str, list[tuple[float, float]]] = {}
    for line in reading.sections.of("VERTICES"):
        if not reading.enough(line, 3, "VERTICES", "water.pipe"):
            continue
        row = reading.link_row(line, line.tokens[0], "VERTICES")
        x, y = number(line.tokens[1]), number(line.tokens[2])
        if row is not None and x is not None and y is not None:
            out.setdefault(row["id"], []).append((x, y))
    return out


def _report_missing(reading: Reading, names: list[str], at: np.ndarray) -> None:
    lost = np.flatnonzero(np.isnan(at[:, 0]))
    if len(lost):
        rows = [reading.nodes[names[i]] for i in lost]
        reading.findings.add_rows(
            "import.no_coordinates", "warning", "the node has no coordinates; it is kept without a place", kind="water.junction", ids=[r["id"] for r in rows],
            column="geometry", fix="Add it to [COORDINATES]", file=reading.file, rows=np.array([r["row"] for r in rows], np.int64),
        )  # fmt: skip


def _drop_far(reading: Reading, at: np.ndarray, vertices: dict[str, list[tuple[float, float]]]) -> None:
    """Vertices in other coordinates than the nodes would draw nonsense; they are set aside as a column of the link."""
    known = at[~np.isnan(at[:, 0])]
    if len(known) < 2 or not vertices:
        return
    centre, extent = known.mean(axis=0), max(float(np.ptp(known, axis=0).max()), 1e-9)
    far = [name for name, points in vertices.items() if np.abs(np.array(points) - centre).max() > _FAR * extent]
    rows: dict[str, dict[str, Any]] = {row["id"]: row for row in reading.links.values()}
    for name in far:
        rows[name]["vertices"] = json.dumps(vertices.pop(name))
    if far:
        reading.findings.add_rows(
            "import.vertices_elsewhere", "warning", "the vertices lie far outside the network: nodes and vertices are in different coordinates; drawn straight",
            kind="water.pipe", ids=far, column="geometry", fix="Write nodes and vertices in the same coordinates", file=reading.file,
            rows=np.array([rows[name]["row"] for name in far], np.int64),
        )  # fmt: skip


def _lines(rows: list[dict[str, Any]], place: dict[str, int], at: np.ndarray, vertices: dict[str, list[tuple[float, float]]]) -> pa.Array:
    points: list[tuple[float, float]] = []
    offsets = [0]
    for row in rows:
        ends = [at[place[row[end]]] if row[end] is not None else (np.nan, np.nan) for end in ("from_id", "to_id")]
        if not np.isnan([ends[0][0], ends[1][0]]).any():
            points += [tuple(ends[0]), *vertices.get(row["id"], ()), tuple(ends[1])]
        offsets.append(len(points))
    return geometry.lines(np.array(points, np.float64).reshape(-1, 2), np.array(offsets))
