"""Boore and Atkinson (2008): ground motion of shallow crustal earthquakes, with its site term.

source    Earthquake Spectra 24(1), 99 (equations recalled); coefficients found: table of the USGS hazard codes (public domain), which carries
          those of the paper; figures of the tests by OpenQuake's hazardlib 3.26.2. Standard deviations are those for a known mechanism
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from numba import njit


class Row(NamedTuple):
    """Coefficients of one measure. PGA and SA in g, PGV in cm/s."""

    linear: float
    b1: float
    b2: float
    c1: float
    c2: float
    c3: float
    h: float
    e1: float
    e2: float
    e3: float
    e4: float
    e5: float
    e6: float
    e7: float
    mh: float
    phi: float
    tau: float


TABLE: dict[str, Row] = {
    "pga": Row(-0.36, -0.64, -0.14, -0.6605, 0.1197, -0.01151, 1.35, -0.53804, -0.5035, -0.75472, -0.5097, 0.28805, -0.10164, 0.0, 6.75, 0.502, 0.26),
    "pgv": Row(-0.6, -0.5, -0.06, -0.8737, 0.1006, -0.00334, 2.54, 5.00121, 5.04727, 4.63188, 5.0821, 0.18322, -0.12736, 0.0, 8.5, 0.5, 0.256),
    "sa03": Row(-0.44, -0.52, -0.14, -0.5543, 0.01955, -0.0075, 2.14, 0.43825, 0.44516, 0.25356, 0.5199, 0.64472, -0.15694, 0.10601, 6.75, 0.546, 0.269),
    "sa10": Row(-0.7, -0.44, 0.0, -0.8183, 0.1027, -0.00334, 2.54, -0.46896, -0.43443, -0.78465, -0.3933, 0.6788, -0.18257, 0.05393, 6.75, 0.573, 0.302),
}  # fmt: skip
_A1, _LOW, _A2 = 0.03, 0.06, 0.09  # g, where the response of the ground stops being linear
_V1, _V2, _REFERENCE = 180.0, 300.0, 760.0  # m/s


@njit(cache=True, nogil=True, error_model="numpy")
def _rock(c, magnitude, mechanism, rjb):
    """ln of the median on rock of 760 m/s. mechanism: 0 unknown, 1 strike slip, 2 normal, 3 reverse"""
    event = (c.e1, c.e2, c.e3, c.e4)[mechanism]
    above = magnitude - c.mh
    event += c.e5 * above + c.e6 * above * above if above <= 0.0 else c.e7 * above
    r = np.sqrt(rjb * rjb + c.h * c.h)
    return event + (c.c1 + c.c2 * (magnitude - 4.5)) * np.log(r) + c.c3 * (r - 1.0)


@njit(cache=True, nogil=True, error_model="numpy")
def _site(c, v, rock):
    """ln of the site factor over 760 m/s; rock is the median PGA there [g]."""
    if v <= _V1:
        bend = c.b1
    elif v <= _V2:
        bend = c.b2 + (c.b1 - c.b2) * np.log(v / _V2) / np.log(_V1 / _V2)
    elif v < _REFERENCE:
        bend = c.b2 * np.log(v / _REFERENCE) / np.log(_V2 / _REFERENCE)
    else:
        bend = 0.0
    out = c.linear * np.log(v / _REFERENCE)
    if rock > _A2:
        return out + bend * np.log(rock / 0.1)
    out += bend * np.log(_LOW / 0.1)
    if rock > _A1:  # a cubic that joins both lines smoothly
        x, step = np.log(rock / _A1), np.log(_A2 / _A1)
        rise = bend * np.log(_A2 / _LOW)
        out += (3.0 * rise - bend * step) / step**2 * x**2 - (2.0 * rise - bend * step) / step**3 * x**3
    return out


@njit(cache=True, nogil=True, error_model="numpy")
def evaluate(c, pga, magnitude, mechanism, rjb, vs30, mean, between, within):
    """Fill mean, between and within (site,): ln of the median and both standard deviations. Arguments as in `bssa14.evaluate`."""
    for i in range(rjb.size):
        rock = np.exp(_rock(pga, magnitude, mechanism, rjb[i]))
        mean[i] = _rock(c, magnitude, mechanism, rjb[i]) + _site(c, vs30[i], rock)
        between[i], within[i] = c.tau, c.phi
