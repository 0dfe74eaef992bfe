"""Chiou and Youngs (2008): ground motion of shallow crustal earthquakes, with hanging wall, depth to the top of the rupture, and sediments.

source    Earthquake Spectra 24(1), 173 (equations recalled); coefficients found: table of the USGS hazard codes (public domain), which carries
          those of the paper; figures of the tests by OpenQuake's hazardlib 3.26.2. For main shocks
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from numba import njit


class Row(NamedTuple):
    """Coefficients of one measure. PGA and SA in g, PGV in cm/s."""

    c1: float
    c1a: float
    c1b: float
    c5: float
    c6: float
    c7: float
    c9: float
    c9a: float
    cg1: float
    cg2: float
    cn: float
    cm: float
    phi1: float
    phi2: float
    phi3: float
    phi4: float
    phi5: float
    phi6: float
    phi7: float
    phi8: float
    tau1: float
    tau2: float
    s1: float
    s2: float
    s3: float


TABLE: dict[str, Row] = {
    "pga": Row(-1.2687, 0.1, -0.255, 6.16, 0.4893, 0.0512, 0.79, 1.5005, -0.00804, -0.00785, 2.996, 4.184, -0.4417, -0.1417, -0.00701, 0.102151, 0.2289,
               0.014996, 580.0, 0.07, 0.3437, 0.2637, 0.4458, 0.3459, 0.8),
    "pgv": Row(2.2884, 0.1094, -0.0626, 5.17, 0.4407, 0.0207, 0.3079, 2.669, -0.00275, -0.00625, 1.648, 4.2979, -0.7861, -0.0699, -0.008444, 5.41, 0.2899,
               0.006718, 459.0, 0.1138, 0.2539, 0.2381, 0.4496, 0.3554, 0.7504),
    "sa03": Row(-0.9278, 0.0999, -0.2313, 5.6527, 0.4665, 0.0458, 0.859, 2.2005, -0.00612, -0.00598, 2.505, 4.3844, -0.6444, -0.2405, -0.006704, 0.207277, 0.2674,
                0.014639, 560.5, -0.0756, 0.3438, 0.3005, 0.4801, 0.3981, 0.7997),
    "sa10": Row(-2.2453, 0.0766, -0.14, 5.248, 0.4517, 0.035, 0.6196, 2.669, -0.00246, -0.00241, 1.648, 4.882, -0.799, -0.0699, -0.008444, 0.058595, 0.4629,
                0.005749, 391.8, -0.0412, 0.3577, 0.3419, 0.4581, 0.4213, 0.7504),
}  # fmt: skip
_C2, _C3, _C4, _C4A, _RB, _HM, _G3 = 1.06, 3.45, -2.1, -0.5, 50.0, 3.0, 4.0
_REFERENCE = 1130.0  # m/s
MEASURED = 0.7
"""What stands in place of the coefficient s3 where Vs30 was measured, here and in `cy14`."""


def usual_sediments(vs30: np.ndarray) -> np.ndarray:
    """Usual depth to 1 km/s [m] for Vs30 (site,) [m/s]."""
    return np.exp(28.5 - 3.82 / 8.0 * np.log(vs30**8 + 378.7**8))


@njit(cache=True, nogil=True, error_model="numpy")
def evaluate(c, magnitude, mechanism, dip, top, rrup, rjb, rx, vs30, z1, measured, mean, between, within):
    """Fill mean, between and within (site,): ln of the median and both standard deviations. Arguments as in `cb14.evaluate`.

    z1   (site,) depth to 1 km/s [m]       measured   Vs30 was measured at the sites
    """
    m, slope = magnitude, np.cos(np.radians(dip))
    source = c.c1 + c.c7 * (top - 4.0) + _C2 * (m - 6.0) + (_C2 - _C3) / c.cn * np.log(1.0 + np.exp(c.cn * (c.cm - m)))
    source += c.c1a if mechanism == 3 else (c.c1b if mechanism == 2 else 0.0)
    near = c.c5 * np.cosh(c.c6 * max(m - _HM, 0.0))
    anelastic = c.cg1 + c.cg2 / np.cosh(max(m - _G3, 0.0))
    large = 0.5 * (min(max(m, 5.0), 7.0) - 5.0)
    tau, sigma = c.tau1 + (c.tau2 - c.tau1) * large, c.s1 + (c.s2 - c.s1) * large
    for i in range(rrup.size):
        r, v = rrup[i], vs30[i]
        y = source + _C4 * np.log(r + near) + (_C4A - _C4) * np.log(np.sqrt(r * r + _RB * _RB)) + anelastic * r
        if rx[i] >= 0.0:
            y += c.c9 * np.tanh(rx[i] * slope * slope / c.c9a) * (1.0 - np.sqrt(rjb[i] ** 2 + top * top) / (r + 0.001))
        rock = np.exp(y)
        soft = c.phi2 * (np.exp(c.phi3 * (min(v, _REFERENCE) - 360.0)) - np.exp(c.phi3 * (_REFERENCE - 360.0)))
        basin = c.phi5 * (1.0 - 1.0 / np.cosh(c.phi6 * max(z1[i] - c.phi7, 0.0))) + c.phi8 / np.cosh(0.15 * max(z1[i] - 15.0, 0.0))
        mean[i] = y + c.phi1 * min(np.log(v / _REFERENCE), 0.0) + soft * np.log((rock + c.phi4) / c.phi4) + basin
        bend = 1.0 + soft * rock / (rock + c.phi4)
        between[i] = tau * bend
        within[i] = sigma * np.sqrt((MEASURED if measured else c.s3) + bend * bend)
