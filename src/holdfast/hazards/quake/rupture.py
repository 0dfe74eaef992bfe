"""The earthquake as a rectangle in the ground, and the distances from it.

source    rupture area from magnitude: Wells and Coppersmith 1994, all mechanisms, lg A = -3.49 + 0.91 M [km2] (recalled); aspect ratio 1
          until the seismogenic depth limits the width (proposal)
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from holdfast.model.errors import Invalid

from .panels import across, nearest

MECHANISMS = {"strike_slip": (90.0, 0.0), "normal": (60.0, -90.0), "reverse": (45.0, 90.0)}
"""Name -> usual dip and rake [degrees]."""

STYLES = {"unknown": 0, "strike_slip": 1, "normal": 2, "reverse": 3}


@dataclass(frozen=True, slots=True)
class Rupture:
    """A rectangle, or panels read from a file; all in km and degrees, x east and y north in the city's plan.

    x, y       epicentre               depth  of the hypocentre, in the middle of the plane
    top        depth of the upper edge [km]         length, width  along strike and down dip
    strike     clockwise from north; the plane dips to the right of it
    mechanism  0 unknown, 1 strike slip, 2 normal, 3 reverse
    panels     (panel, 4, 3) corners of a rupture that is no rectangle about its hypocentre: two above along strike, two below; x, y, depth
    """

    magnitude: float
    x: float
    y: float
    depth: float
    strike: float
    dip: float
    mechanism: int
    length: float
    width: float
    top: float
    panels: np.ndarray | None = None


@dataclass(frozen=True, slots=True)
class Distances:
    """(site,) [km]: to the rupture, to its surface projection, across strike from the upper edge; along and across from the epicentre."""

    rrup: np.ndarray
    rjb: np.ndarray
    rx: np.ndarray
    u: np.ndarray
    v: np.ndarray


def style_of(rake: float) -> str:
    """The mechanism that a rake [degrees] belongs to."""
    rake = (rake + 180.0) % 360.0 - 180.0
    if -150.0 < rake < -30.0:
        return "normal"
    return "reverse" if 30.0 < rake < 150.0 else "strike_slip"


def name_of(mechanism: int) -> str:
    """The name of a mechanism's number."""
    return next(name for name, number in STYLES.items() if number == mechanism)


def make_rupture(magnitude: float, x: float, y: float, depth: float, strike: float, dip: float, style: str, *, point: bool = False, bottom: float = 20.0) -> Rupture:
    """A rupture about a hypocentre; all lengths in km.

    point     no extent: distances are from the hypocentre and the epicentre
    bottom    depth of the seismogenic zone, or of the hypocentre if that is deeper
    raises    Invalid naming the parameter
    """
    if not 3.0 <= magnitude <= 9.0:
        raise Invalid(f"a magnitude of {magnitude} is outside 3 to 9", fix="Give a moment magnitude", field="magnitude")
    if not 0.0 < dip <= 90.0:
        raise Invalid(f"a dip of {dip} is outside 0 to 90 degrees", fix="Give the angle below the horizontal", field="dip")
    if not 0.0 < depth <= 200.0:
        raise Invalid(f"a depth of {depth:g} km is outside 0 to 200", fix="Give the depth of the hypocentre in metres", field="depth")
    if point:
        return Rupture(magnitude, x, y, depth, strike, dip, STYLES[style], 0.0, 0.0, depth)
    area, sine = 10.0 ** (-3.49 + 0.91 * magnitude), np.sin(np.radians(dip))
    width = min(np.sqrt(area), max(bottom, depth) / sine)
    top = depth - 0.5 * width * sine
    top = max(0.0, min(top, max(bottom, depth) - width * sine))
    return Rupture(magnitude, x, y, depth, strike, dip, STYLES[style], area / width, width, top)


def distances(rupture: Rupture, x: np.ndarray, y: np.ndarray) -> Distances:
    """From a rupture to sites at x, y (site,) [km] on the surface."""
    angle, dip = np.radians(rupture.strike), np.radians(rupture.dip)
    dx, dy = x - rupture.x, y - rupture.y
    u, v = dx * np.sin(angle) + dy * np.cos(angle), dx * np.cos(angle) - dy * np.sin(angle)
    upper = -(rupture.depth - rupture.top) / np.tan(dip) if rupture.dip < 90.0 else 0.0  # of the upper edge, across strike from the epicentre
    if rupture.panels is not None:
        rrup, rjb = np.empty(len(x)), np.empty(len(x))
        nearest(rupture.panels, x, y, rrup)
        nearest(rupture.panels * np.array([1.0, 1.0, 0.0]), x, y, rjb)
        return Distances(rrup, rjb, across(rupture.panels, rupture.strike, x, y), u, v)
    beyond = np.maximum(np.abs(u) - 0.5 * rupture.length, 0.0)
    off = v - upper
    reach = rupture.width * np.cos(dip)
    outside = np.maximum(np.maximum(-off, off - reach), 0.0)
    t = np.clip(off * np.cos(dip) - rupture.top * np.sin(dip), 0.0, rupture.width)  # down dip to the nearest point of the plane
    section = np.hypot(off - t * np.cos(dip), rupture.top + t * np.sin(dip))
    return Distances(np.hypot(section, beyond), np.hypot(outside, beyond), off, u, v)
