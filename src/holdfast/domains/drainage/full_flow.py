"""What a sewer carries when it runs full, by Manning."""

from __future__ import annotations

import json

import numpy as np
import pyarrow as pa

BY_HEIGHT: dict[str, tuple[float, float]] = {
    "CIRCULAR": (np.pi / 4, 0.25), "FORCE_MAIN": (np.pi / 4, 0.25), "EGG": (0.5105, 0.1931), "HORSESHOE": (0.8293, 0.2538), "GOTHIC": (0.6554, 0.2269),
    "CATENARY": (0.70277, 0.23172), "SEMIELLIPTICAL": (0.785, 0.242), "BASKETHANDLE": (0.7862, 0.2464), "SEMICIRCULAR": (1.2697, 0.2946),
}  # fmt: skip
"""Section shape -> area over the square of the height, and hydraulic radius over the height. source: SWMM 5 reference manual volume II, standard sections [recalled]"""
_ELLIPSES = ("HORIZ_ELLIPSE", "VERT_ELLIPSE", "ARCH")


def section(shape: np.ndarray, height: np.ndarray, width: np.ndarray, parameters: list[str | None]) -> tuple[np.ndarray, np.ndarray]:
    """Area [m2] and hydraulic radius [m] of full sections; NaN where the shape is another or its size is unknown.

    shape          (n,) names; empty is a box where a width is known, else a circle
    height, width  (n,) [m]
    parameters     (n,) third and fourth section parameter as JSON list, the side slopes of trapezoids
    """
    shape = np.where(shape == "", np.where(np.isfinite(width) & (width > 0), "RECT_CLOSED", "CIRCULAR"), shape)
    area, radius = np.full(len(shape), np.nan), np.full(len(shape), np.nan)
    with np.errstate(divide="ignore", invalid="ignore"):
        for name, (square, share) in BY_HEIGHT.items():
            mine = shape == name
            area[mine], radius[mine] = square * height[mine] ** 2, share * height[mine]
        mine = shape == "RECT_CLOSED"
        area[mine], radius[mine] = (width * height)[mine], (width * height / (2 * (width + height)))[mine]
        mine = shape == "RECT_OPEN"
        area[mine], radius[mine] = (width * height)[mine], (width * height / (width + 2 * height))[mine]
        mine = np.isin(shape, _ELLIPSES)  # of an ellipse: Ramanujan's perimeter
        a, b = height / 2, width / 2
        around = np.pi * (3 * (a + b) - np.sqrt((3 * a + b) * (a + 3 * b)))
        area[mine], radius[mine] = (np.pi * a * b)[mine], (np.pi * a * b / around)[mine]
        for i in np.flatnonzero((shape == "TRAPEZOIDAL") | (shape == "TRIANGULAR")):
            area[i], radius[i] = _sloped(shape[i], height[i], width[i], parameters[i])
    return area, radius


def _sloped(shape: str, height: float, width: float, parameters: str | None) -> tuple[float, float]:
    """A trapezoid by bottom width and side slopes (horizontal over vertical), a triangle by top width."""
    if shape == "TRIANGULAR":
        bottom, left = 0.0, width / 2 / height
        right = left
    else:
        slopes = [float(v) for v in json.loads(parameters)] if parameters else []
        bottom, (left, right) = width, ((*slopes, 0.0, 0.0)[:2])
    area = height * (bottom + height * (left + right) / 2)
    return area, area / (bottom + height * (np.hypot(1, left) + np.hypot(1, right)))


def capacity(table: pa.Table, fall: np.ndarray, materials: dict[str, float], default_n: float, least_slope: float) -> tuple[np.ndarray, np.ndarray]:
    """Full-flow capacity [m3/s] of each conduit, and speed [m/s]; NaN where section or length are unknown.

    table  rows of drainage.conduit
    fall   (n,) from the start to the end invert [m]
    """
    n, length = number(table, "manning_n"), number(table, "length")
    length = np.where(length > 0, length, number(table, "shape_length"))
    usual = np.array([materials.get(m or "", default_n) for m in table["material"].to_pylist()])
    n = np.where(n > 0, n, usual)
    shape = np.array([s or "" for s in table["shape"].to_pylist()], object).astype(str)
    area, radius = section(shape, number(table, "diameter"), number(table, "width"), table["section_parameters"].to_pylist())
    with np.errstate(divide="ignore", invalid="ignore"):
        slope = np.fmax(np.where(length > 0, fall / length, np.nan), least_slope)
        speed = radius ** (2 / 3) * np.sqrt(slope) / n
    barrels = np.fmax(number(table, "barrels"), 1.0)
    return speed * area * np.where(np.isfinite(barrels), barrels, 1.0), speed


def number(table: pa.Table, name: str) -> np.ndarray:
    """A number column as float64, NaN where missing."""
    return np.asarray(table[name].cast(pa.float64()).to_numpy(), np.float64)


__all__ = ["BY_HEIGHT", "capacity", "number", "section"]
