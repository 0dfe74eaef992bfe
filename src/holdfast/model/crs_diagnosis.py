"""What coordinates look like when they cannot be in the CRS they are said to be in."""

from __future__ import annotations

import re
from dataclasses import dataclass

import numpy as np

from .crs import Crs, inside, parse_crs, plan_part, proj_crs, to_lonlat


@dataclass(frozen=True, slots=True)
class Diagnosis:
    """What is wrong with coordinates under a claimed CRS. problem: swapped, degrees, feet, zone, or outside."""

    problem: str
    message: str
    fix: str


def diagnose(source: str | Crs, x: np.ndarray, y: np.ndarray, city: str | Crs | None = None) -> Diagnosis | None:
    """Whether coordinates can be in the CRS they are said to be in, and if not, what they look like.

    x, y      (n,) as delivered, x east; judged by their median so that single bad rows do not matter
    city      also require that they fall near the area of use of the city's CRS
    returns   None when plausible or nothing can be said (local grids)
    """
    crs = parse_crs(source)
    known = np.isfinite(x) & np.isfinite(y)
    if crs.local or not known.any():
        return None
    east, north = float(np.median(x[known])), float(np.median(y[known]))
    areas = [a for a in (crs.area, parse_crs(city).area if city is not None else None) if a is not None]

    def fits(code: str, e: float, n: float) -> bool:
        lon, lat = to_lonlat(code, e, n)
        return all(inside(area, lon, lat) for area in areas)

    if fits(crs.code, east, north):
        return None
    place = f"the median coordinate ({east:.3f}, {north:.3f}) is not in the area of use of {crs.title}"
    if fits(crs.code, north, east):
        fix = "Exchange the axes (map x to the north column), or state the CRS the file is in"
        return Diagnosis("swapped", f"{place}, but would be with x and y exchanged", fix)
    if not crs.geographic and abs(east) <= 180 and abs(north) <= 90:
        return Diagnosis("degrees", f"{place}; it looks like degrees", "State a geographic CRS, for example --crs EPSG:4490 or --crs EPSG:4326")
    if crs.metre == 1.0 and fits(crs.code, east * 0.3048, north * 0.3048):
        return Diagnosis("feet", f"{place}, but would be if the numbers were feet", "State the CRS in feet the file is in")
    zoned = _zone_variant(crs, east)
    if zoned is not None and fits(zoned, east, north):
        return Diagnosis("zone", f"{place}; its easting {'carries' if east > 1e6 else 'lacks'} a zone number", f"Use --crs {zoned} ({parse_crs(zoned).title})")
    return Diagnosis("outside", place, "State the CRS the file is in with --crs")


def _zone_variant(crs: Crs, easting: float) -> str | None:
    """CGCS2000: the zone-prefixed twin of a central-meridian code when the easting carries a zone number, and back."""
    match = re.fullmatch(r"EPSG:(\d+)", crs.code)
    number = int(match.group(1)) if match else 0
    families = ((4513, 4533, 25, 4534), (4491, 4501, 13, 4502))  # zone-prefixed first and last code, first zone, first CM code
    for first, last, zone, meridian in families:
        if meridian <= number <= meridian + last - first and easting >= 1e6:
            prefix = int(easting // 1e6)
            return f"EPSG:{first + prefix - zone}" if zone <= prefix <= zone + last - first else None
        if first <= number <= last and 0 < easting < 1e6:
            return f"EPSG:{meridian + number - first}"
    return None


def area_bounds(crs: str | Crs, margin: float = 1.0) -> tuple[float, float, float, float] | None:
    """The area of use in the CRS's own units, widened by `margin` degrees: min x, min y, max x, max y; None when unknown."""
    known = parse_crs(crs)
    if known.local or known.area is None:
        return None
    west, south, east, north = known.area
    if west > east:
        return None
    box = (max(west - margin, -180.0), max(south - margin, -90.0), min(east + margin, 180.0), min(north + margin, 90.0))
    if known.geographic:
        return box
    import pyproj

    plane = proj_crs(known.code)
    turned = pyproj.Transformer.from_crs(plan_part(plane.geodetic_crs), plane, always_xy=True).transform_bounds(*box, densify_pts=11)
    return tuple(turned) if np.isfinite(turned).all() and turned[0] < turned[2] else None  # type: ignore[return-value]
