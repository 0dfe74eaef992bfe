"""Attenuation relation behind the Chinese zonation map GB 18306-2015: elliptical, by region, over epicentral distance.

lg Y = A + B M + C lg(R + D exp(E M)), one set of A, B up to M 6.5 and one above, along the long and the short axis of the isolines;
Y is the effective peak acceleration [cm/s2] or velocity [cm/s], which stand for PGA and PGV.

source    Yu Yanxiang et al. 2013, tables 4 and 5 (found as a transcription in a public repository; every row is continuous at M 6.5 within
          0.02, but for the long axis of Tibet, whose A of 2.387 was taken as a slip for 2.287, with which it is).
          The magnitude is Ms; it is taken equal to Mw. Standard deviation 0.245 (lg): recalled-low, parted 1:3 between events and
          sites: proposal. Site factors of GB 18306-2015 table E.1: recalled; rock is class I1: proposal
"""

from __future__ import annotations

import numpy as np

Row = tuple[float, float, float, float, float, float, float]

REGIONS = ("east", "moderate", "xinjiang", "tibet")
TABLE: dict[str, dict[str, tuple[Row, Row]]] = {
    "pga": {
        "east": ((1.979, 0.671, 3.533, 0.432, -2.315, 2.088, 0.399), (1.176, 0.660, 2.753, 0.418, -2.004, 0.944, 0.447)),
        "moderate": ((2.417, 0.498, 3.706, 0.298, -2.079, 2.802, 0.295), (1.715, 0.471, 2.690, 0.321, -1.723, 1.295, 0.331)),
        "xinjiang": ((1.791, 0.720, 3.403, 0.472, -2.389, 1.772, 0.424), (0.983, 0.713, 2.610, 0.463, -2.118, 0.825, 0.465)),
        "tibet": ((2.287, 0.645, 3.807, 0.411, -2.416, 2.647, 0.366), (1.003, 0.609, 2.457, 0.388, -1.854, 0.612, 0.457)),
    },
    "pgv": {
        "east": ((-0.363, 0.791, 1.437, 0.513, -2.103, 2.088, 0.399), (-1.147, 0.788, 0.712, 0.502, -1.825, 0.944, 0.447)),
        "moderate": ((0.093, 0.621, 1.640, 0.382, -1.889, 2.802, 0.295), (-0.589, 0.601, 0.671, 0.407, -1.559, 1.295, 0.331)),
        "xinjiang": ((-0.547, 0.840, 1.310, 0.554, -2.181, 1.772, 0.424), (-1.351, 0.843, 0.569, 0.549, -1.945, 0.825, 0.465)),
        "tibet": ((-0.064, 0.766, 1.714, 0.491, -2.205, 2.647, 0.366), (-1.301, 0.741, 0.443, 0.474, -1.696, 0.612, 0.457)),
    },
}
SIGMA = 0.245 * np.log(10.0)
BETWEEN, WITHIN = SIGMA * np.sqrt(0.25), SIGMA * np.sqrt(0.75)

_LEVELS = np.array([0.05, 0.10, 0.15, 0.20, 0.30, 0.40])  # g, class II
_FACTORS = {
    "I0": (0.72, 0.74, 0.75, 0.76, 0.85, 0.90), "I1": (0.80, 0.82, 0.83, 0.85, 0.95, 1.00), "II": (1.0,) * 6,
    "III": (1.30, 1.25, 1.15, 1.00, 1.00, 1.00), "IV": (1.25, 1.20, 1.10, 1.00, 0.95, 0.90),
}  # fmt: skip
_BOUNDS = {"I0": 800.0, "I1": 510.0, "II": 260.0, "III": 150.0, "IV": 0.0}


def along(row: Row, magnitude: float, distance: np.ndarray) -> np.ndarray:
    """lg of the median along one axis; distance [km] from the epicentre."""
    a_low, b_low, a_high, b_high, c, d, e = row
    a, b = (a_low, b_low) if magnitude <= 6.5 else (a_high, b_high)
    return a + b * magnitude + c * np.log10(distance + d * np.exp(e * magnitude))


def _reach(row: Row, magnitude: float, level: np.ndarray) -> np.ndarray:
    """Distance [km] at which the axis has this lg; 0 where it never does."""
    a_low, b_low, a_high, b_high, c, d, e = row
    a, b = (a_low, b_low) if magnitude <= 6.5 else (a_high, b_high)
    return np.maximum(10.0 ** ((level - a - b * magnitude) / c) - d * np.exp(e * magnitude), 1e-9)


def median(measure: str, region: str, magnitude: float, u: np.ndarray, v: np.ndarray) -> np.ndarray:
    """ln of the median on rock (site,), in g or cm/s: the isoline that passes through the site is an ellipse.

    u, v      (site,) [km] from the epicentre along the strike (long axis) and across
    """
    long, short = TABLE[measure][region]
    u, v = np.abs(u), np.abs(v)
    r = np.hypot(u, v)
    low, high = np.minimum(along(short, magnitude, r), along(long, magnitude, r)) - 0.01, np.maximum(along(long, magnitude, r), along(short, magnitude, r)) + 0.01
    for _ in range(40):  # the level falls outwards, so halving finds it
        middle = 0.5 * (low + high)
        outside = (u / _reach(long, magnitude, middle)) ** 2 + (v / _reach(short, magnitude, middle)) ** 2 > 1.0
        low, high = np.where(outside, low, middle), np.where(outside, middle, high)
    lg = 0.5 * (low + high)
    return lg * np.log(10.0) - (np.log(980.665) if measure == "pga" else 0.0)


def amplify(rock: np.ndarray, vs30: np.ndarray) -> np.ndarray:
    """ln of the site factor (site,) over rock, by class from Vs30; rock is the median PGA on rock [g]."""
    wanted = np.empty(len(vs30))
    reference = rock / np.interp(rock, _LEVELS, _FACTORS["I1"])
    for name in ("IV", "III", "II", "I1", "I0"):
        here = vs30 >= _BOUNDS[name]
        wanted[here] = np.interp(reference[here], _LEVELS, _FACTORS[name])
    return np.log(wanted / np.interp(reference, _LEVELS, _FACTORS["I1"]))
