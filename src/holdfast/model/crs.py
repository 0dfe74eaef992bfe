"""Coordinate reference systems: one metric CRS per city, and transformations into it that are never guessed.

A city's CRS is projected and in metres, or "local" (a metric plane without a place on Earth). Files come in any CRS; the
way into the city's is taken from PROJ only when its accuracy is known. Where PROJ could only guess (a "ballpark" shift
between datums, or an operation of unknown accuracy), the transformation is refused with the way out: control points, see
`holdfast.model.control`. Coordinates are always x east, y north, whatever order the CRS declares.
"""

from __future__ import annotations

import warnings
from collections.abc import Callable
from dataclasses import dataclass, field
from functools import lru_cache
from typing import Any

import numpy as np

from .errors import Invalid, NotSupported
from .spec import Source

LOCAL_UNITS: dict[str, float] = {"m": 1.0, "ft": 0.3048, "us-ft": 1200.0 / 3937.0}
CONTROL_POINTS = "Give control points with --fit FILE.csv (columns source_x, source_y, target_x, target_y)"

Arrays = tuple[np.ndarray, np.ndarray]
Area = tuple[float, float, float, float]  # west, south, east, north [deg]


@dataclass(frozen=True, slots=True)
class Crs:
    """A coordinate reference system as Holdfast uses it.

    code       "EPSG:n" where known, "local", "local:ft", "local:us-ft", else WKT2
    title      its name
    local      True for a plane without a place on Earth
    metre      metres per unit of x and y; 0 for degrees
    height     metres per unit of z
    vertical   name of the height system of a compound CRS
    area       where it is meant to be used: west, south, east, north [deg]
    """

    code: str
    title: str
    local: bool
    metre: float
    height: float = 1.0
    vertical: str | None = None
    area: Area | None = None

    def __str__(self) -> str:
        return self.code

    @property
    def geographic(self) -> bool:
        """True when coordinates are longitude and latitude in degrees."""
        return self.metre == 0.0


def parse_crs(text: str | Crs) -> Crs:
    """The CRS that a text names: "EPSG:n", a number, WKT, a PROJ string, an OGC URN, or "local[:m|:ft|:us-ft]".

    raises    Invalid if PROJ does not know it, or it is not a plan CRS (for example heights only)
    """
    return text if isinstance(text, Crs) else _parse(str(text).strip())


@lru_cache(maxsize=256)
def _parse(text: str) -> Crs:
    if text.lower().partition(":")[0] == "local":
        return _local(text)
    import pyproj

    try:
        found = pyproj.CRS.from_user_input(int(text) if text.isdigit() else text)
    except pyproj.exceptions.CRSError as error:
        raise Invalid(
            f"{text[:60]!r} is not a known coordinate reference system",
            fix="Write EPSG:n (for example EPSG:4547), WKT, or local:m, local:ft, local:us-ft for a local grid",
            field="crs",
        ) from error
    flat = plan_part(found)
    if flat.is_vertical or flat.is_geocentric or len(flat.axis_info) < 2:
        raise Invalid(f"{found.name} has no plan coordinates", fix="Name the horizontal CRS", field="crs")
    number = None if found.is_bound else found.to_epsg(min_confidence=70)
    if number:
        found = pyproj.CRS.from_epsg(number)  # a .prj names the same system without its area of use
        flat = plan_part(found)
    upward = [axis for axis in found.axis_info if axis.direction.lower() in {"up", "down"}]
    scale = 0.0 if flat.is_geographic else float(flat.axis_info[0].unit_conversion_factor)
    bounds = flat.area_of_use.bounds if flat.area_of_use else (found.area_of_use.bounds if found.area_of_use else None)
    return Crs(
        code=f"EPSG:{number}" if number else found.to_wkt(),
        title=found.name,
        local=found.is_engineering,
        metre=scale,
        height=float(upward[0].unit_conversion_factor) if upward else 1.0,
        vertical=found.sub_crs_list[-1].name if found.is_compound else None,
        area=bounds,
    )


def _local(text: str) -> Crs:
    unit = text.lower().partition(":")[2] or "m"
    if unit not in LOCAL_UNITS:
        raise Invalid(f"{text!r} names no unit of a local grid", fix="Use local:m, local:ft or local:us-ft", field="crs")
    code = "local" if unit == "m" else f"local:{unit}"
    return Crs(code, "local grid" if unit == "m" else f"local grid in {unit}", True, LOCAL_UNITS[unit], LOCAL_UNITS[unit])


@lru_cache(maxsize=256)
def proj_crs(code: str) -> Any:
    """The plan part of a CRS as a pyproj.CRS with two axes. code: as in `Crs.code`, not local."""
    import pyproj

    return plan_part(pyproj.CRS.from_user_input(code))


def plan_part(found: Any) -> Any:
    """The two-axis part of a pyproj.CRS: compound and 3D systems lose their height."""
    if found.is_compound:
        return plan_part(found.sub_crs_list[0])
    return found.to_2d() if len(found.axis_info) == 3 and not found.is_geocentric else found


def city_crs(text: str | Crs, longitude: float | None = None) -> Crs:
    """The CRS for a city: projected in metres, or local.

    longitude   of the city [deg], if known, so that the refusal can name the right zone
    raises      Invalid with the CRS to use instead, for degrees, feet, Web Mercator or a local grid not in metres
    """
    crs = parse_crs(text)
    if crs.local:
        if crs.metre != 1.0:
            raise Invalid(f"a city cannot be kept in {crs.title}", fix="Create the city with --crs local; import the files with --crs local:ft", field="crs")
        return Crs("local", "local grid", True, 1.0)
    if crs.geographic:
        raise Invalid(f"{crs.title} gives degrees; a city needs a projected CRS in metres", fix=_advice(longitude, crs), field="crs")
    if abs(crs.metre - 1.0) > 1e-9:
        raise Invalid(f"{crs.title} is not in metres ({crs.metre:.10g} m per unit)", fix=_advice(longitude, crs), field="crs")
    operation = getattr(proj_crs(crs.code).coordinate_operation, "method_name", "")
    if "Mercator" in operation and "Transverse" not in operation and "Oblique" not in operation:
        raise Invalid(f"{crs.title} stretches lengths with latitude; a city needs true metres", fix=_advice(longitude, crs), field="crs")
    return crs if crs.vertical is None else parse_crs(proj_crs(crs.code).to_wkt())


def _advice(longitude: float | None, crs: Crs) -> str:
    if longitude is None and crs.area is not None and 0 < crs.area[2] - crs.area[0] <= 6.0:
        longitude = (crs.area[0] + crs.area[2]) / 2
    if longitude is None:
        return (
            "Use a 3-degree Gauss-Kruger zone of CGCS2000, EPSG:4534 (central meridian 75E) to EPSG:4554 (135E), for example EPSG:4547 for 114E; "
            "or UTM, EPSG:32601 to EPSG:32660 north and EPSG:32701 to EPSG:32760 south; or local"
        )
    south = crs.area is not None and crs.area[3] <= 0
    return f"Use {suggest(longitude, -1.0 if south else 1.0)}"


def suggest(longitude: float, latitude: float = 1.0) -> str:
    """A metric CRS for a place: CGCS2000 3-degree Gauss-Kruger from 73.5E to 136.5E in the north, else UTM on WGS 84.

    source    EPSG:4534 is CM 75E and each next code is 3 degrees further east; EPSG:326zz and 327zz are UTM zones
    """
    if latitude >= 0 and 73.5 <= longitude < 136.5 and latitude < 55:
        return f"EPSG:{4534 + int((longitude + 1.5) // 3) - 25}"
    zone = int((longitude + 180.0) % 360.0 // 6.0) + 1
    return f"EPSG:{(32600 if latitude >= 0 else 32700) + zone}"


def to_lonlat(code: str, x: Any, y: Any) -> tuple[Any, Any]:
    """Longitude and latitude [deg] on the CRS's own datum; infinite where the projection has no answer."""
    return _to_geodetic(code).transform(x, y)


@lru_cache(maxsize=64)
def _to_geodetic(code: str) -> Any:
    import pyproj

    crs = proj_crs(code)
    return pyproj.Transformer.from_crs(crs, plan_part(crs.geodetic_crs), always_xy=True)


def inside(area: Area, lon: float, lat: float, margin: float = 1.0) -> bool:
    """Whether a place is in an area of use or within `margin` degrees of it; areas may cross the date line."""
    if not (np.isfinite(lon) and np.isfinite(lat)):
        return False
    west, south, east, north = area
    across = west - margin <= lon <= east + margin if west <= east else (lon >= west - margin or lon <= east + margin)
    return bool(across and south - margin <= lat <= north + margin)


def _require_place(source: Crs, target: Crs) -> None:
    """raises NotSupported when one CRS is local and the other is not, so that nothing but control points can connect them."""
    if source.local != target.local:
        here, there = ("a local grid", target.title) if source.local else (source.title, "a local grid")
        raise NotSupported(f"no transformation is known from {here} to {there}", fix=CONTROL_POINTS, field="crs")


@dataclass(frozen=True, slots=True)
class Equivalence:
    """Datums that are one for city purposes although the EPSG registry lists no operation between them."""

    geographic: frozenset[int]
    accuracy: float
    source: Source


EQUIVALENT: tuple[Equivalence, ...] = (
    Equivalence(
        frozenset({4326, 4490}),
        2.0,
        Source("WGS 84 and CGCS2000", "both realise ITRF; 2 m is the registered accuracy of the WGS 84 ensemble (EPSG:6326)", mark="recalled"),
    ),
)


@dataclass(slots=True)
class Transform:
    """A transformation of coordinates, called as `x, y = transform(x, y)` on arrays (n,).

    accuracy     of the operation [m]; 0 where it is exact; NaN until the first call when the choice waits for the data
    height       factor that turns z of the source into metres
    notes        what a person should know, one sentence each
    identity     True when coordinates pass through unchanged
    """

    source: Crs
    target: Crs
    accuracy: float
    operation: str
    height: float = 1.0
    identity: bool = False
    notes: list[str] = field(default_factory=list)
    _apply: Callable[[np.ndarray, np.ndarray], Arrays] | None = None
    _candidates: tuple[Any, ...] = ()

    def __call__(self, x: np.ndarray, y: np.ndarray) -> Arrays:
        """Target coordinates; NaN where the operation has no answer."""
        x, y = np.asarray(x, np.float64), np.asarray(y, np.float64)
        if self.identity:
            return x, y
        if self._apply is None:
            self.settle(x, y)
        assert self._apply is not None
        east, north = self._apply(x, y)
        lost = ~(np.isfinite(east) & np.isfinite(north))
        if lost.any():
            east, north = np.where(lost, np.nan, east), np.where(lost, np.nan, north)
        return east, north

    def settle(self, x: np.ndarray, y: np.ndarray) -> None:
        """Choose the most accurate operation valid where these coordinates lie, once for all later calls.

        raises    Invalid if no operation is valid there
        """
        if self._apply is not None or self.identity:
            return
        known = np.isfinite(x) & np.isfinite(y)
        if not known.any():
            raise Invalid("no finite coordinate to choose a transformation by", fix="Check the coordinate columns of the file", field="geometry")
        lon, lat = to_lonlat(self.source.code, float(np.median(x[known])), float(np.median(y[known])))
        fitting = [t for t in self._candidates if t.area_of_use is None or inside(t.area_of_use.bounds, lon, lat, 0.1)]
        if not fitting:
            raise Invalid(
                f"the coordinates (about {lon:.3f} E, {lat:.3f} N) lie outside every area for which a transformation from {self.source.title} "
                f"to {self.target.title} is known",
                fix="Check the CRS and the order of the axes",
                field="crs",
            )
        self._use(min(fitting, key=lambda t: t.accuracy))

    def _use(self, chosen: Any) -> None:
        self.accuracy, self.operation = max(0.0, float(chosen.accuracy)), chosen.description
        self._apply = _checked(chosen)
        if self.accuracy >= 0.5:
            self.notes.append(f"coordinates were shifted from {self.source.title} to {self.target.title} with an accuracy of {self.accuracy:g} m")


def transformer(source: str | Crs, target: str | Crs) -> Transform:
    """The way from one CRS to another.

    Where several operations of known accuracy exist, the one for the place is chosen at the first call, by the median of
    its coordinates, and kept.
    raises    NotSupported when PROJ could only guess (ballpark, unknown accuracy, missing grid) or one side is local
    """
    here, there = parse_crs(source), parse_crs(target)
    _require_place(here, there)
    if here.local:
        return _scaled(here, there)
    plain, plane = proj_crs(here.code), proj_crs(there.code)
    notes = []
    if here.vertical is not None:
        notes.append(f"heights stay in {here.vertical}; only plan coordinates are transformed")
    if plain == plane or plain.equals(plane, ignore_axis_order=True):
        return Transform(here, there, 0.0, "none", here.height, True, notes)
    candidates, missing = _operations(plain, plane)
    if not candidates:
        return _equivalent(here, there, notes, missing)
    way = Transform(here, there, float("nan"), "chosen at the first coordinates", here.height, False, notes, None, candidates)
    if len(candidates) == 1:
        way._use(candidates[0])
    if missing and min(t.accuracy for t in candidates) >= 0.5:
        more = f" and {len(missing) - 1} more" if len(missing) > 1 else ""
        notes.append(f"a more accurate way may need grid files that are not installed: {missing[0]}{more}")
    return way


def _scaled(here: Crs, there: Crs) -> Transform:
    factor = here.metre / there.metre
    if factor == 1.0:
        return Transform(here, there, 0.0, "none", here.height, True)
    return Transform(here, there, 0.0, f"scaled by {factor:.10g}", here.height, False, [], lambda x, y: (x * factor, y * factor))


def _operations(source: Any, target: Any) -> tuple[tuple[Any, ...], list[str]]:
    """Usable operations of known accuracy, and names of grid files that others would need."""
    from pyproj.transformer import TransformerGroup

    with warnings.catch_warnings():
        warnings.simplefilter("ignore", UserWarning)  # "best transformation is not available": reported through the notes instead
        group = TransformerGroup(source, target, always_xy=True, allow_ballpark=False)
    usable = tuple(t for t in group.transformers if t.accuracy >= 0 and "ballpark" not in t.description.lower())
    grids = [g.short_name for operation in group.unavailable_operations for g in operation.grids if not g.available]
    return usable, list(dict.fromkeys(grids))


def _equivalent(here: Crs, there: Crs, notes: list[str], missing: list[str]) -> Transform:
    import pyproj

    first, second = (plan_part(proj_crs(c.code).geodetic_crs) for c in (here, there))
    pair = {first.to_epsg(min_confidence=70), second.to_epsg(min_confidence=70)}
    row = next((e for e in EQUIVALENT if None not in pair and pair <= e.geographic), None)
    if row is None:
        why = f"the grid files it needs are not installed ({', '.join(missing)})" if missing else "its accuracy is unknown"
        raise NotSupported(
            f"the shift from {here.title} to {there.title} cannot be done reliably: {why}",
            fix=f"{CONTROL_POINTS}, or deliver the file in {there.title}",
            field="crs",
        )
    down = _checked(pyproj.Transformer.from_crs(proj_crs(here.code), first, always_xy=True))
    up = _checked(pyproj.Transformer.from_crs(second, proj_crs(there.code), always_xy=True))
    notes.append(f"{first.name} and {second.name} are taken as one datum; they agree to {row.accuracy:g} m")
    operation = f"{here.title} -> {first.name} = {second.name} -> {there.title}"
    return Transform(here, there, row.accuracy, operation, here.height, False, notes, lambda x, y: up(*down(x, y)))


def _checked(chosen: Any) -> Callable[[np.ndarray, np.ndarray], Arrays]:
    def apply(x: np.ndarray, y: np.ndarray) -> Arrays:
        return chosen.transform(x, y)

    return apply
