"""Campbell and Bozorgnia (2014): ground motion of shallow crustal earthquakes, with hanging wall and hypocentral depth.

source    Earthquake Spectra 30(3), 1087 (found: table of pygmm 0.8.0, which also gave the reference figures of the tests). Depth to
          2.5 km/s follows from Vs30 by the model's own relation for California
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from numba import njit


class Row(NamedTuple):
    """Coefficients of one measure. PGA and SA in g, PGV in cm/s."""

    c0: float
    c1: float
    c2: float
    c3: float
    c4: float
    c5: float
    c6: float
    c7: float
    c8: float
    c9: float
    c10: float
    c11: float
    c14: float
    c16: float
    c17: float
    c18: float
    c19: float
    k1: float
    k2: float
    k3: float
    a2: float
    h1: float
    h2: float
    h3: float
    h5: float
    h6: float
    c20: float
    dc20: float
    tau1: float
    tau2: float
    phi1: float
    phi2: float
    rho: float


TABLE: dict[str, Row] = {
    "pga": Row(-4.416, 0.984, 0.537, -1.499, -0.496, -2.773, 0.248, 6.768, 0.0, -0.212, 0.72, 1.09, -0.0064, 0.393, 0.0977, 0.0333, 0.00757, 865.0, -1.186,
               1.839, 0.167, 0.241, 1.474, -0.715, -0.337, -0.27, -0.0055, 0.0036, 0.409, 0.322, 0.734, 0.492, 1.0),
    "pgv": Row(-2.895, 1.51, 0.27, -1.299, -0.453, -2.466, 0.204, 5.837, 0.0, -0.168, 0.305, 1.713, 0.106, 0.585, 0.0517, 0.0327, 0.00613, 400.0, -1.955,
               1.929, 0.596, 0.117, 1.616, -0.733, -0.128, -0.756, -0.0017, 0.0017, 0.317, 0.297, 0.655, 0.494, 0.684),
    "sa03": Row(-6.403, 1.528, 0.193, -1.77, -0.321, -2.376, 0.195, 6.99, 0.0, -0.131, 0.737, 2.306, 0.1597, 0.528, 0.0323, 0.0508, 0.00458, 587.0, -2.518,
                1.865, 0.164, 0.21, 1.586, -0.795, -0.447, -0.121, -0.0049, 0.0031, 0.34, 0.3, 0.727, 0.568, 0.819),
    "sa10": Row(-11.011, 2.18, -0.069, -1.707, -0.527, -2.158, 0.169, 5.65, 0.0, -0.105, 0.556, 1.447, 0.2593, 0.771, -0.0131, 0.0426, 0.00409, 400.0, -1.955,
                1.929, 0.596, 0.117, 1.616, -0.733, -0.128, -0.756, -0.0006, 0.0006, 0.47, 0.353, 0.579, 0.628, 0.467),
}  # fmt: skip
_C, _N, _AF = 1.88, 1.18, 0.3


@njit(cache=True, nogil=True, error_model="numpy")
def _source(c, magnitude, mechanism, dip, depth):
    """Terms that all sites share: magnitude, style of faulting, hypocentral depth [km], dip [degrees]."""
    m = magnitude
    out = c.c0 + c.c1 * m + c.c2 * max(m - 4.5, 0.0) + c.c3 * max(m - 5.5, 0.0) + c.c4 * max(m - 6.5, 0.0)
    style = c.c8 if mechanism == 3 else (c.c9 if mechanism == 2 else 0.0)
    out += style * min(max(m - 4.5, 0.0), 1.0)
    out += min(max(depth - 7.0, 0.0), 13.0) * (c.c17 + (c.c18 - c.c17) * min(max(m - 5.5, 0.0), 1.0))
    return out + c.c19 * dip * min(max(5.5 - m, 0.0), 1.0)


@njit(cache=True, nogil=True, error_model="numpy")
def _hanging(c, magnitude, dip, top, width, rrup, rjb, rx):
    if rx < 0.0 or magnitude <= 5.5 or dip >= 90.0 or top > 16.66:
        return 0.0
    r1, r2 = width * np.cos(np.radians(dip)), 62.0 * magnitude - 350.0
    if rx <= r1 and r1 > 0.0:
        ratio = rx / r1
        by_x = c.h1 + c.h2 * ratio + c.h3 * ratio * ratio
    else:
        ratio = (rx - r1) / (r2 - r1)
        by_x = max(0.0, 1.0 + c.h5 * ratio + c.h6 * ratio * ratio)
    by_r = 1.0 if rrup == 0.0 else (rrup - rjb) / rrup
    by_m = min(magnitude - 5.5, 1.0) * (1.0 + c.a2 * (magnitude - 6.5))
    return c.c10 * by_x * by_r * by_m * (1.0 - 0.06 * top) * (90.0 - dip) / 45.0


@njit(cache=True, nogil=True, error_model="numpy")
def _path(c, magnitude, china, dip, top, width, rrup, rjb, rx):
    out = (c.c5 + c.c6 * magnitude) * np.log(np.sqrt(rrup * rrup + c.c7 * c.c7)) + (c.c20 + china * c.dc20) * max(rrup - 80.0, 0.0)
    return out + _hanging(c, magnitude, dip, top, width, rrup, rjb, rx)


@njit(cache=True, nogil=True, error_model="numpy")
def _site(c, v, rock):
    """Site and basin terms; a rock of 0 or less means the reference velocity itself, where the response is linear."""
    ratio = v / c.k1
    if v <= c.k1:
        out = c.c11 * np.log(ratio) + c.k2 * (np.log(rock + _C * ratio**_N) - np.log(rock + _C))
    else:
        out = (c.c11 + c.k2 * _N) * np.log(ratio)
    z = np.exp(7.089 - 1.144 * np.log(v))
    if z <= 1.0:
        out += c.c14 * (z - 1.0)
    elif z > 3.0:
        out += c.c16 * c.k3 * np.exp(-0.75) * (1.0 - np.exp(-0.25 * (z - 3.0)))
    return out


@njit(cache=True, nogil=True, error_model="numpy")
def evaluate(c, pga, magnitude, mechanism, china, dip, top, width, depth, rrup, rjb, rx, vs30, mean, between, within):
    """Fill mean, between and within (site,): ln of the median and both standard deviations.

    mechanism   0 or 1 strike slip, 2 normal, 3 reverse      dip [degrees]; top, width, depth of the hypocentre [km]
    rrup, rjb, rx  (site,) [km]: to the rupture, to its surface projection, across strike from its upper edge (positive on the dip side)
    """
    step = min(max(5.5 - magnitude, 0.0), 1.0)
    tau, tau_pga = c.tau2 + (c.tau1 - c.tau2) * step, pga.tau2 + (pga.tau1 - pga.tau2) * step
    phi, phi_pga = c.phi2 + (c.phi1 - c.phi2) * step, pga.phi2 + (pga.phi1 - pga.phi2) * step
    rock_phi, rock_pga = np.sqrt(phi * phi - _AF * _AF), np.sqrt(phi_pga * phi_pga - _AF * _AF)
    source, source_pga = _source(c, magnitude, mechanism, dip, depth), _source(pga, magnitude, mechanism, dip, depth)
    for i in range(rrup.size):
        v = vs30[i]
        rock = np.exp(source_pga + _path(pga, magnitude, china, dip, top, width, rrup[i], rjb[i], rx[i]) + _site(pga, 1100.0, 0.0))
        mean[i] = source + _path(c, magnitude, china, dip, top, width, rrup[i], rjb[i], rx[i]) + _site(c, v, rock)
        alpha = 0.0
        if v < c.k1:
            alpha = c.k2 * rock * (1.0 / (rock + _C * (v / c.k1) ** _N) - 1.0 / (rock + _C))
        between[i] = np.sqrt(tau * tau + alpha * alpha * tau_pga * tau_pga + 2.0 * alpha * c.rho * tau * tau_pga)
        within[i] = np.sqrt(rock_phi * rock_phi + _AF * _AF + alpha * alpha * rock_pga * rock_pga + 2.0 * alpha * c.rho * rock_phi * rock_pga)
