"""Boore, Stewart, Seyhan and Atkinson (2014): ground motion of shallow crustal earthquakes, with its site term.

source    Earthquake Spectra 30(3), 1057; coefficients revised 2014-07-15 (found: table of pygmm 0.8.0, which also gave the reference
          figures of the tests). The basin term is left out: depth to 1 km/s follows from Vs30 as in the model's own default
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from numba import njit


class Row(NamedTuple):
    """Coefficients of one measure. PGA and SA in g, PGV in cm/s."""

    e0: float
    e1: float
    e2: float
    e3: float
    e4: float
    e5: float
    e6: float
    mh: float
    c1: float
    c2: float
    c3: float
    h: float
    dc3: float
    c: float
    vc: float
    f4: float
    f5: float
    r1: float
    r2: float
    dphi_r: float
    dphi_v: float
    phi1: float
    phi2: float
    tau1: float
    tau2: float


TABLE: dict[str, Row] = {
    "pga": Row(0.4473, 0.4856, 0.2459, 0.4539, 1.431, 0.05053, -0.1662, 5.5, -1.134, 0.1917, -0.008088, 4.5, 0.0028576, -0.6, 1500.0, -0.15, -0.00701,
               110.0, 270.0, 0.1, 0.07, 0.695, 0.495, 0.398, 0.348),
    "pgv": Row(5.037, 5.078, 4.849, 5.033, 1.073, -0.1536, 0.2252, 6.2, -1.243, 0.1489, -0.00344, 5.3, 0.004345, -0.84, 1300.0, -0.1, -0.00844,
               105.0, 272.0, 0.082, 0.08, 0.644, 0.552, 0.401, 0.346),
    "sa03": Row(1.2217, 1.2401, 1.0246, 1.2653, 0.95676, -0.1959, -0.092855, 6.14, -1.0948, 0.13388, -0.005475, 4.93, 0.0021958, -0.84165, 1308.47, -0.21912,
                -0.0067, 103.15, 268.59, 0.138, 0.05, 0.675, 0.561, 0.363, 0.229),
    "sa10": Row(0.3932, 0.4218, 0.207, 0.4124, 1.5004, -0.18983, 0.17895, 6.2, -1.193, 0.10248, -0.00121, 5.74, 0.0029211, -1.05, 1109.95, -0.10521,
                -0.00844, 116.39, 270.0, 0.098, 0.02, 0.553, 0.625, 0.498, 0.298),
}  # fmt: skip


@njit(cache=True, nogil=True, error_model="numpy")
def _rock(c, magnitude, mechanism, region, rjb):
    """ln of the median on rock of 760 m/s. mechanism: 0 unknown, 1 strike slip, 2 normal, 3 reverse"""
    event = (c.e0, c.e1, c.e2, c.e3)[mechanism]
    above = magnitude - c.mh
    event += c.e4 * above + c.e5 * above * above if above <= 0.0 else c.e6 * above
    r = np.sqrt(rjb * rjb + c.h * c.h)
    return event + (c.c1 + c.c2 * (magnitude - 4.5)) * np.log(r) + (c.c3 + region * c.dc3) * (r - 1.0)


@njit(cache=True, nogil=True, error_model="numpy")
def evaluate(c, pga, magnitude, mechanism, china, rjb, vs30, mean, between, within):
    """Fill mean, between and within (site,): ln of the median and both standard deviations.

    c, pga   coefficients of the measure and of PGA     china  1.0 for the anelastic term of China and Turkey, 0.0 global
    rjb      (site,) distance to the surface projection of the rupture [km]
    """
    tau = c.tau1 + (c.tau2 - c.tau1) * (min(max(magnitude, 4.5), 5.5) - 4.5)
    base = c.phi1 + (c.phi2 - c.phi1) * (min(max(magnitude, 4.5), 5.5) - 4.5)
    for i in range(rjb.size):
        v, r = vs30[i], rjb[i]
        rock = np.exp(_rock(pga, magnitude, mechanism, china, r))
        f2 = c.f4 * (np.exp(c.f5 * (min(v, 760.0) - 360.0)) - np.exp(c.f5 * 400.0))
        site = c.c * np.log(min(v, c.vc) / 760.0) + f2 * np.log((rock + 0.1) / 0.1)
        mean[i] = _rock(c, magnitude, mechanism, china, r) + site
        far = min(max(np.log(max(r, 0.1) / c.r1) / np.log(c.r2 / c.r1), 0.0), 1.0)
        soft = min(max(np.log(300.0 / v) / np.log(300.0 / 225.0), 0.0), 1.0)
        between[i] = tau
        within[i] = base + c.dphi_r * far - c.dphi_v * soft
