"""Earthquakes that could happen: magnitudes by Gutenberg and Richter, places in a disc or along a fault."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from holdfast.engines.scenario.random import uniform
from holdfast.model.errors import Invalid

from .rupture import Rupture, make_rupture


@dataclass(frozen=True, slots=True)
class Catalogue:
    """A stochastic catalogue; event k of a seed is always the same.

    a, b           lg of the number of events a year at or above magnitude M is a - b M
    low, high      magnitudes considered
    x, y, radius   disc [km] in which epicentres lie evenly; or
    fault          (2, 2) ends of a fault trace [km], along which they do
    depth          of hypocentres [km]       dip, style  of all ruptures; strikes are random in a disc
    """

    a: float
    b: float
    low: float
    high: float
    x: float
    y: float
    radius: float
    fault: np.ndarray | None
    depth: float
    dip: float
    style: str

    def rate(self) -> float:
        """Events a year."""
        return 10.0 ** (self.a - self.b * self.low) - 10.0 ** (self.a - self.b * self.high)

    def events(self, seed: int, cases: np.ndarray) -> list[Rupture]:
        """The ruptures of these cases."""
        u = uniform(seed, "quake.catalogue", np.asarray(cases, np.int64), np.arange(4))
        beta = self.b * np.log(10.0)
        magnitude = self.low - np.log(1.0 - u[:, 0] * (1.0 - np.exp(-beta * (self.high - self.low)))) / beta
        if self.fault is not None:
            (x0, y0), (x1, y1) = self.fault
            x, y = x0 + u[:, 1] * (x1 - x0), y0 + u[:, 1] * (y1 - y0)
            strike = np.full(len(x), np.degrees(np.arctan2(x1 - x0, y1 - y0)) % 360.0)
        else:
            r, angle = self.radius * np.sqrt(u[:, 1]), 2.0 * np.pi * u[:, 2]
            x, y, strike = self.x + r * np.cos(angle), self.y + r * np.sin(angle), 360.0 * u[:, 3]
        return [make_rupture(float(m), float(e), float(n), self.depth, float(s), self.dip, self.style) for m, e, n, s in zip(magnitude, x, y, strike, strict=True)]


def check(a: float, b: float, low: float, high: float, radius: float, years: float | None) -> None:
    """raises Invalid naming the parameter"""
    if not 0.3 <= b <= 3.0:
        raise Invalid(f"a b-value of {b} is outside 0.3 to 3", fix="Usual is 0.7 to 1.2", field="b")
    if not 4.0 <= low < high <= 9.0:
        raise Invalid("min_magnitude must be at least 4, and below max_magnitude, which is at most 9", fix="Give for example 5 and 7.5", field="min_magnitude")
    if not -2.0 <= a <= 10.0:
        raise Invalid(f"an a-value of {a} is outside -2 to 10", fix="Give lg of the events a year at or above magnitude 0, for the whole source", field="a")
    if not radius > 0.0:
        raise Invalid("the radius must be above 0", fix="Give the radius of the source in metres", field="radius")
    if years is not None and not years > 0.0:
        raise Invalid("years must be above 0", fix="Give the length of the catalogue", field="years")
