"""What is wrong with the shapes of a column: unreadable, empty, not a number, wrong type, crossing itself, out of place."""

from __future__ import annotations

import numpy as np
import pyarrow as pa

from .geometry import Column, _chunk, bounds, coordinates, decode, encode, length
from .spec import Geometry

_ACCEPTED: dict[str, tuple[int, ...]] = {"Point": (0,), "LineString": (1,), "Polygon": (3, 6), "MultiPolygon": (3, 6)}  # Shapely type ids

PROBLEMS: dict[str, str] = {
    "missing": "there is no geometry",
    "unreadable": "the geometry cannot be read",
    "empty": "the geometry is empty",
    "nan": "a coordinate is not a number",
    "type": "the geometry is of another type than its kind has",
    "zero_length": "the line has no length",
    "self_crossing": "the outline or line crosses itself",
    "outside": "the geometry lies outside the area of use of the coordinate system",
}
"""Problem names, in the order in which they hide one another, and what they mean."""


def problems(column: Column, expected: Geometry | None, area: tuple[float, float, float, float] | None = None) -> dict[str, np.ndarray]:
    """Rows with each problem.

    expected   type the kind has; None when any type, or none at all, will do
    area       min x, min y, max x, max y in the column's coordinates, from `crs_diagnosis.area_bounds`
    returns    problem name -> (n,) bool, only for problems that occur; a row has at most one problem
    """
    array = _chunk(column)
    missing = ~array.is_valid().to_numpy(zero_copy_only=False)
    found: dict[str, np.ndarray] = {"missing": missing if expected is not None else np.zeros(len(array), bool)}
    simple = coordinates(array)
    if simple is not None:
        wanted = 1 if simple.lines else 0
        good = np.isfinite(simple.values[:, :2]).all(axis=1)
        flawed = np.zeros(len(array), bool)
        if not good.all():
            flawed[simple.rows()[~good]] = True
        void = simple.lines & (simple.counts == 0) & ~missing
        point_void = np.zeros(len(array), bool)
        if not simple.lines and flawed.any():  # WKB writes an empty point as NaN
            point_void[~missing] = np.isnan(simple.values[:, :2]).all(axis=1)
        found |= {"empty": void | point_void, "nan": flawed & ~point_void}
        found["type"] = ~missing & (expected is not None and wanted not in _ACCEPTED[expected])
        if simple.lines:
            found["zero_length"] = ~missing & (length(simple) == 0.0)
            complex_rows = np.flatnonzero((simple.counts > 3) & ~flawed)
            found["self_crossing"] = _not_simple(array, complex_rows)
    else:
        found |= _shape_problems(decode(array), missing, expected)
    if area is not None:
        box = bounds(array if simple is None else simple)
        found["outside"] = (box[:, 0] < area[0]) | (box[:, 1] < area[1]) | (box[:, 2] > area[2]) | (box[:, 3] > area[3])
    return _first_only(found, len(array))


def _not_simple(array: pa.Array, rows: np.ndarray) -> np.ndarray:
    """Lines through a point twice; closed lines are fine."""
    import shapely

    out = np.zeros(len(array), bool)
    if len(rows):
        out[rows] = ~shapely.is_simple(decode(array.take(pa.array(rows))))
    return out


def _shape_problems(shapes: np.ndarray, missing: np.ndarray, expected: Geometry | None) -> dict[str, np.ndarray]:
    import shapely

    there = shapes != None  # noqa: E711 - element-wise
    kind = shapely.get_type_id(shapes)
    empty = there & shapely.is_empty(shapes)
    values, owner = shapely.get_coordinates(shapes, return_index=True)
    flawed = np.zeros(len(shapes), bool)
    flawed[owner[~np.isfinite(values).all(axis=1)]] = True
    whole = there & ~empty & ~flawed
    area = np.isin(kind, (3, 6)) & whole
    line = np.isin(kind, (1, 5)) & whole
    crossing = np.zeros(len(shapes), bool)
    crossing[area] = ~shapely.is_valid(shapes[area])
    crossing[line] = ~shapely.is_simple(shapes[line])
    return {
        "unreadable": ~there & ~missing,
        "empty": empty,
        "nan": flawed,
        "type": there & ~np.isin(kind, _ACCEPTED[expected]) if expected is not None else np.zeros(len(shapes), bool),
        "zero_length": line & (shapely.length(shapes) == 0.0),
        "self_crossing": crossing,
    }


def _first_only(found: dict[str, np.ndarray], count: int) -> dict[str, np.ndarray]:
    taken, out = np.zeros(count, bool), {}
    for name in PROBLEMS:
        mask = found.get(name)
        if mask is None:
            continue
        mask = np.broadcast_to(mask, (count,)) & ~taken
        taken |= mask
        if mask.any():
            out[name] = mask
    return out


def settle_type(column: Column, expected: Geometry | None) -> pa.Array:
    """The column with harmless differences of type removed: one-part multis become single, joined multi-lines one line.

    Rows that still differ are left as they are, for `problems` to report.
    """
    array = _chunk(column)
    if expected is None or coordinates(array) is not None:
        return array
    import shapely

    shapes = decode(array)
    kind = shapely.get_type_id(shapes)
    single = np.isin(kind, (4, 5, 6, 7)) & (shapely.get_num_geometries(shapes) == 1)
    joined = (kind == 5) & ~single if expected == "LineString" else np.zeros(len(shapes), bool)
    readable = shapes != None  # noqa: E711 - element-wise
    if not (single.any() or joined.any()) or not readable[array.is_valid().to_numpy(zero_copy_only=False)].all():
        return array
    shapes[single] = shapely.get_geometry(shapes[single], 0)
    if joined.any():
        merged = shapely.line_merge(shapes[joined])
        shapes[joined] = np.where(shapely.get_type_id(merged) == 1, merged, shapes[joined])
    return encode(shapes)
