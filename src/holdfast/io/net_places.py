"""Where the nodes and edges of a saved net lie: its `geo` column or its geodata table, whichever is believed, as WKB."""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import Any

import numpy as np
import pyarrow as pa

from holdfast.model.finding import Findings

from .pandapower_json import Frame, NetFile, number


@dataclass(slots=True)
class Places:
    """Where the nodes of a net lie.

    x, y     (n,)  coordinates as in the file, NaN where unknown
    crs      what the file says they are, or None
    geojson  whether they come from the `geo` column rather than from a geodata table
    swapped  whether `geo` holds latitude first
    fit      (3, 2) affine map from the geodata table to x, y where both are known, else None
    scale    median straight distance over stated length of the edges; about 1 in metres, 3.28 in feet; NaN if unknown
    """

    x: np.ndarray
    y: np.ndarray
    crs: str | None = None
    geojson: bool = False
    swapped: bool = False
    fit: np.ndarray | None = None
    scale: float = float("nan")


def node_places(net: NetFile, table: str, ends: tuple[np.ndarray, np.ndarray, np.ndarray], crs: str | None, kind: str, findings: Findings) -> Places:
    """Coordinates of a node table from its `geo` column or its geodata table.

    A `geo` column means longitude and latitude, yet nets are found with latitude first, and with drawings that
    are no places at all. The stated lengths of the edges tell these apart: distances on the ground cannot exceed them much.

    ends     start row, end row (e,) and length (e,) [m] of the edges between the nodes
    crs      what the person said, or None; a projected one prefers the geodata table
    returns  Places; without coordinates where they are a drawing and nobody said what they are
    """
    frame, file = net.table(table), str(net.path)
    table_x, table_y = _geodata(net, f"{table}_geodata", frame)
    has_table = bool(np.isfinite(table_x).any())
    pairs = [_pair(cell) for cell in frame.cells("geo")]
    geo_x, geo_y = (np.array([p[i] for p in pairs], dtype=np.float64).reshape(len(frame)) for i in (0, 1))
    degrees = crs is None or crs.upper() in ("EPSG:4326", "EPSG:4490", "EPSG:4979")
    if not np.isfinite(geo_x).any() or (has_table and not degrees):
        _fill(table_x, table_y, geo_x, geo_y, 1.0, kind, findings, file)
        return Places(table_x, table_y, scale=_middle(_ratios(table_x, table_y, ends, spherical=False)))
    straight, turned = (_ratios(a, b, ends, spherical=True) for a, b in ((geo_x, geo_y), (geo_y, geo_x)))
    swapped = _spread(turned) < 0.1 and _spread(straight) > 2 * _spread(turned)  # turned they fit within 10 %, as they stand they do not
    scale = _middle(turned if swapped else straight)
    if abs(np.log(scale)) > np.log(10.0):
        if crs is not None:
            return Places(geo_x, geo_y, None, True, scale=_middle(_ratios(geo_x, geo_y, ends, spherical=False)))
        findings.add("import.schematic_coordinates", "warning", "The coordinates are a drawing, they contradict the lengths; left out", kind=kind, column="geometry",
                     value=f"{scale:.3g} times the length", fix="To keep the drawing import with --crs local:m", file=file)
        nothing = np.full(len(frame), np.nan)
        return Places(nothing, nothing, None, True)
    if swapped:
        findings.add("import.axes_swapped", "warning", "The geo column holds latitude before longitude; the axes are swapped back", kind=kind, column="geometry",
                     value=f"{geo_x[np.isfinite(geo_x)][0]}, {geo_y[np.isfinite(geo_y)][0]}", fix="Write GeoJSON coordinates as longitude, latitude", file=file)
    x, y = (geo_y, geo_x) if swapped else (geo_x, geo_y)
    fit = _fill(x, y, table_x, table_y, 1e-5, kind, findings, file)
    return Places(x, y, "EPSG:4326", True, swapped, fit, scale)


def _fill(x: np.ndarray, y: np.ndarray, other_x: np.ndarray, other_y: np.ndarray, tolerance: float, kind: str, findings: Findings, file: str) -> np.ndarray | None:
    """Place nodes that have only the other coordinates by a fit to those that have both; changes x and y, returns the fit."""
    fit = _fit(other_x, other_y, x, y, tolerance)
    missing = ~np.isfinite(x) & np.isfinite(other_x)
    if fit is not None and missing.any():
        x[missing], y[missing] = (np.stack([other_x, other_y, np.ones(len(x))], 1)[missing] @ fit).T
        findings.add("import.placed_by_fit", "info", f"{missing.sum()} nodes were placed by their other coordinates, fitted to the rest", kind=kind, column="geometry", file=file)
    return fit


def _fit(from_x: np.ndarray, from_y: np.ndarray, to_x: np.ndarray, to_y: np.ndarray, tolerance: float) -> np.ndarray | None:
    """Affine map between plane coordinates and degrees of the same nodes, or None if it is off anywhere by more than the tolerance."""
    both = np.isfinite(from_x) & np.isfinite(to_x)
    if both.sum() < 6:
        return None
    centre = np.array([from_x[both].mean(), from_y[both].mean()])
    source = np.stack([from_x[both] - centre[0], from_y[both] - centre[1], np.ones(both.sum())], 1)
    target = np.stack([to_x[both], to_y[both]], 1)
    found, _, rank, _ = np.linalg.lstsq(source, target, rcond=None)
    if rank < 3 or np.abs(source @ found - target).max() > tolerance:
        return None
    found[2] -= centre @ found[:2]
    return found


def _geodata(net: NetFile, name: str, frame: Frame) -> tuple[np.ndarray, np.ndarray]:
    x, y = np.full(len(frame), np.nan), np.full(len(frame), np.nan)
    source = net.table(name)
    row = {label: i for i, label in enumerate(source.index)}
    found = np.array([row.get(label, -1) for label in frame.index], dtype=np.int64)
    for out, column in ((x, "x"), (y, "y")):
        values = source.numbers(column)
        out[found >= 0] = values[found[found >= 0]]
    return x, y


def _pair(cell: Any) -> tuple[float, float]:
    line = _coordinates(cell)
    return line[0] if len(line) == 1 else (np.nan, np.nan)


def _coordinates(cell: Any) -> list[tuple[float, float]]:
    if isinstance(cell, str):
        try:
            cell = json.loads(cell)
        except json.JSONDecodeError:
            return []
    if isinstance(cell, dict):
        cell = cell.get("coordinates")
    if not isinstance(cell, list) or not cell:
        return []
    points = [cell] if not isinstance(cell[0], list) else cell
    line = [(number(p[0]), number(p[1])) for p in points if isinstance(p, list) and len(p) >= 2]
    return [p for p in line if np.isfinite(p[0]) and np.isfinite(p[1])]


def _ratios(x: np.ndarray, y: np.ndarray, ends: tuple[np.ndarray, np.ndarray, np.ndarray], *, spherical: bool) -> np.ndarray:
    """Straight distance over stated length of the edges where both are known and positive."""
    start, end, length = ends
    dx, dy = x[end] - x[start], y[end] - y[start]
    if spherical:
        middle = np.radians(np.clip((y[start] + y[end]) / 2, -90.0, 90.0))
        dx, dy = dx * np.cos(middle) * 111_320.0, dy * 110_574.0  # metres per degree, good to 1 %
    with np.errstate(invalid="ignore", divide="ignore"):
        ratio = np.hypot(dx, dy) / length
    return ratio[np.isfinite(ratio) & (ratio > 0)]


def _middle(ratios: np.ndarray) -> float:
    return float(np.median(ratios)) if len(ratios) else float("nan")


def _spread(ratios: np.ndarray) -> float:
    """Median distance of the ratios from 1, in natural logarithms; 0 without edges to judge by."""
    return float(np.median(np.abs(np.log(ratios)))) if len(ratios) else 0.0


def point_wkb(x: np.ndarray, y: np.ndarray) -> pa.Array:
    """Points as WKB, null where a coordinate is missing."""
    import shapely

    good = np.isfinite(x) & np.isfinite(y)
    wkb = np.full(len(x), None, dtype=object)
    wkb[good] = shapely.to_wkb(shapely.points(x[good], y[good]))
    return pa.array(wkb, pa.binary())


def line_wkb(net: NetFile, table: str, frame: Frame, places: Places, start: np.ndarray, end: np.ndarray) -> pa.Array:
    """Lines as WKB: the delivered course, else straight from node to node; null where a node has no place or both are one.

    start, end  (n,)  rows of the node table
    """
    import shapely

    courses = net.table(f"{table}_geodata")
    row = {label: i for i, label in enumerate(courses.index)}
    delivered, geo = courses.cells("coords"), frame.cells("geo")
    lines: list[Any] = []
    for i, label in enumerate(frame.index):
        course = _coordinates(geo[i]) if places.geojson else []
        if places.swapped:
            course = [(b, a) for a, b in course]
        if not course and label in row and (not places.geojson or places.fit is not None):
            course = _coordinates(delivered[row[label]])
            if places.fit is not None:
                course = [(float(a), float(b)) for a, b in np.array([(*c, 1.0) for c in course]).reshape(-1, 3) @ places.fit]
        if len(course) < 2 or np.isnan(places.x).all():
            course = [(places.x[j], places.y[j]) for j in (start[i], end[i])]
        usable = np.isfinite(course).all() and len(set(course)) > 1
        lines.append(shapely.linestrings(course) if usable else None)
    return pa.array(shapely.to_wkb(np.array(lines, dtype=object)) if lines else [], pa.binary())
