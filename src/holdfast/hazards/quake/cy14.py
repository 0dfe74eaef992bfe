"""Chiou and Youngs (2014): ground motion of shallow crustal earthquakes, with hanging wall and depth to the top of the rupture.

source    Earthquake Spectra 30(3), 1117; coefficients of the NGA-West2 spreadsheet (found: table of pygmm 0.8.0, which also gave the
          reference figures of the tests). Without directivity and basin terms; Vs30 is taken as inferred
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from numba import njit


class Row(NamedTuple):
    """Coefficients of one measure. PGA and SA in g, PGV in cm/s."""

    c1: float
    c1b: float
    c3: float
    c5: float
    c6: float
    c7: float
    c7b: float
    c9: float
    c9a: float
    c9b: float
    c11b: float
    chm: float
    cm: float
    cn: float
    g1: float
    g2: float
    g3: float
    gc: float
    phi1: float
    phi2: float
    phi3: float
    phi4: float
    tau1: float
    tau2: float
    s1: float
    s2: float
    s3: float


TABLE: dict[str, Row] = {
    "pga": Row(-1.5065, -0.2550, 1.9636, 6.4551, 0.4908, 0.0352, 0.0462, 0.9228, 0.1202, 6.8607, -0.4536, 3.0956, 4.9993, 16.0875, -0.007146, -0.006758,
               4.2542, 0.7594, -0.5210, -0.1417, -0.007010, 0.102151, 0.4000, 0.2600, 0.4912, 0.3762, 0.8000),
    "pgv": Row(2.3549, -0.0626, 2.3152, 5.8096, 0.4407, 0.0324, 0.0097, 0.3079, 0.1000, 6.5, -0.3834, 3.0514, 5.4230, 3.3024, -0.001852, -0.007403, 4.3439,
               0.3350, -0.7936, -0.0699, -0.008444, 5.41, 0.3894, 0.2578, 0.4785, 0.3629, 0.7504),
    "sa03": Row(-1.0514, -0.2313, 2.3440, 7.5600, 0.4919, 0.0352, -0.0004, 0.8829, 0.1175, 6.8789, -0.2688, 3.6232, 5.1670, 9.1908, -0.008251, -0.001812,
                5.1954, 0.6362, -0.8501, -0.2405, -0.006704, 0.207277, 0.4363, 0.3119, 0.5395, 0.4338, 0.7997),
    "sa10": Row(-2.5365, -0.1400, 2.7474, 7.5814, 0.4522, 0.0352, -0.0559, 0.6196, 0.1000, 6.5, -0.1062, 3.8144, 5.5106, 3.3024, -0.004277, -0.001197, 4.1667,
                0.2003, -1.0941, -0.0699, -0.008444, 0.058595, 0.4484, 0.3291, 0.5105, 0.4594, 0.7504),
}  # fmt: skip
_C1A, _C2, _C4, _C4A, _RB = 0.165, 1.06, -2.1, -0.5, 50.0


@njit(cache=True, nogil=True, error_model="numpy")
def usual_top(magnitude, mechanism):
    """Mean depth to the top of the rupture [km]."""
    root = 2.704 - 1.226 * max(magnitude - 5.849, 0.0) if mechanism == 3 else 2.673 - 1.136 * max(magnitude - 4.970, 0.0)
    return max(root, 0.0) ** 2


@njit(cache=True, nogil=True, error_model="numpy")
def evaluate(c, magnitude, mechanism, china, dip, top, rrup, rjb, rx, vs30, mean, between, within):
    """Fill mean, between and within (site,): ln of the median and both standard deviations. Arguments as in `cb14.evaluate`."""
    m, cosh = magnitude, np.cosh(2.0 * max(magnitude - 4.5, 0.0))
    slope = np.cos(np.radians(dip))
    source = c.c1 + _C2 * (m - 6.0) + (_C2 - c.c3) / c.cn * np.log(1.0 + np.exp(c.cn * (c.cm - m)))
    if mechanism == 3:
        source += _C1A - _C1A / cosh
    elif mechanism == 2:
        source += c.c1b - c.c1b / cosh
    source += (c.c7 + c.c7b / cosh) * (top - usual_top(m, mechanism)) + c.c11b / cosh * slope * slope
    near = c.c5 * np.cosh(c.c6 * max(m - c.chm, 0.0))
    anelastic = (c.gc if china > 0.0 else 1.0) * (c.g1 + c.g2 / np.cosh(max(m - c.g3, 0.0)))
    large = min(max(m, 5.0), 6.5) - 5.0
    tau, sigma = c.tau1 + (c.tau2 - c.tau1) / 1.5 * large, c.s1 + (c.s2 - c.s1) / 1.5 * large
    for i in range(rrup.size):
        r, v = rrup[i], vs30[i]
        y = source + _C4 * np.log(r + near) + (_C4A - _C4) * np.log(np.sqrt(r * r + _RB * _RB)) + anelastic * r
        if rx[i] >= 0.0 and dip < 90.0:
            y += c.c9 * slope * (c.c9a + (1.0 - c.c9a) * np.tanh(rx[i] / c.c9b)) * (1.0 - np.sqrt(rjb[i] ** 2 + top * top) / (r + 1.0))
        rock = np.exp(y)
        soft = c.phi2 * (np.exp(c.phi3 * (min(v, 1130.0) - 360.0)) - np.exp(c.phi3 * 770.0))
        mean[i] = y + c.phi1 * min(np.log(v / 1130.0), 0.0) + soft * np.log((rock + c.phi4) / c.phi4)
        bend = 1.0 + soft * rock / (rock + c.phi4)
        between[i] = tau * bend
        within[i] = sigma * np.sqrt(c.s3 + bend * bend)
