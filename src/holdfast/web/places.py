"""Coordinates at the edge: the city's metres to longitude and latitude for the map, and back for what it asks."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np

from holdfast.model.city import City
from holdfast.model.crs import parse_crs, proj_crs, transformer
from holdfast.model.errors import Invalid, NotSupported
from holdfast.model.repository import BBox

WGS84 = "EPSG:4326"
Way = Callable[[np.ndarray, np.ndarray], tuple[np.ndarray, np.ndarray]]
METRES_PER_DEGREE = 111_319.490793  # on the equator of WGS 84


@dataclass(frozen=True, slots=True)
class Places:
    """Both ways between city coordinates and longitude, latitude [deg].

    georeferenced   False for a city in a local grid: its metres are laid out around longitude 0, latitude 0, where a
                    degree is the same length in both directions, so that a map keeps its shapes
    datum           "WGS 84", or the city's own datum where no shift of known accuracy leads to WGS 84
    """

    crs: str
    title: str
    georeferenced: bool
    datum: str
    out: Way
    back: Way

    @classmethod
    def of(cls, city: City, centre: tuple[float, float] | None = None) -> Places:
        """The ways of one city. centre: a point in the middle of its assets [m], which settles the datum shift."""
        crs = parse_crs(city.crs)
        if crs.local:
            return cls(crs.code, crs.title, False, "none", lambda x, y: (x / METRES_PER_DEGREE, y / METRES_PER_DEGREE), lambda x, y: (x * METRES_PER_DEGREE, y * METRES_PER_DEGREE))
        own = proj_crs(crs.code).geodetic_crs
        try:
            out, back = transformer(crs, WGS84), transformer(WGS84, crs)
            datum = "WGS 84"
        except NotSupported:
            out, back = transformer(crs, own.to_wkt()), transformer(own.to_wkt(), crs)
            datum = own.name
        if centre is not None:
            x, y = np.atleast_1d(centre[0]), np.atleast_1d(centre[1])
            out.settle(x, y)
            back.settle(*out(x, y))
        return cls(crs.code, crs.title, True, datum, out, back)

    def lonlat(self, x: Any, y: Any) -> tuple[np.ndarray, np.ndarray]:
        """City coordinates (n,) [m] to longitude and latitude [deg], rounded to 1e-7 deg (1 cm)."""
        lon, lat = self.out(np.asarray(x, float), np.asarray(y, float))
        return np.round(lon, 7), np.round(lat, 7)

    def city_box(self, west: float, south: float, east: float, north: float) -> BBox:
        """The box of city coordinates [m] that holds a box of longitude and latitude [deg].

        raises    Invalid if the box lies where the projection has no answer
        """
        steps = np.linspace(0.0, 1.0, 9)
        lon = np.concatenate([west + steps * (east - west)] * 2 + [np.full(9, west), np.full(9, east)])
        lat = np.concatenate([np.full(9, south), np.full(9, north)] + [south + steps * (north - south)] * 2)
        x, y = self.back(lon, lat)
        good = np.isfinite(x) & np.isfinite(y)
        if not good.any():
            raise Invalid("the box lies outside the area of the city's coordinate system", fix="Ask for a box near the city", field="bbox")
        return (float(x[good].min()), float(y[good].min()), float(x[good].max()), float(y[good].max()))
