"""How travel time grows with flow: link laws as compiled functions of arrays of parameters, one code per arc.

Time of an arc at flow x: `extra + t(x)`, with
  0 constant   t = t0
  1 BPR        t = t0 (1 + a (x / c)^b)
  2 conical    t = t0 (2 + sqrt(a^2 (1 - x/c)^2 + k^2) - a (1 - x/c) - k), k = (2a - 1) / (2a - 2), a > 1
  3 Akcelik    t = t0 + b/4 (z + sqrt(z^2 + 8 a x / (c^2 b))), z = x/c - 1; a delay parameter, b analysed period

source  BPR: Bureau of Public Roads, Traffic Assignment Manual, 1964 [recalled]; conical: Spiess, Transportation Science 24, 1990 [recalled];
        Akcelik: Road Transport Research 0(3), 1991 [recalled]
"""

from __future__ import annotations

import math

from numba import njit

CONSTANT, BPR, CONICAL, AKCELIK = 0, 1, 2, 3
NAMES = {"constant": CONSTANT, "bpr": BPR, "conical": CONICAL, "akcelik": AKCELIK}
_OPTIONS = {"cache": True, "nogil": True, "error_model": "numpy"}


@njit(**_OPTIONS)
def time_and_slope(code, t0, c, a, b, extra, x):
    """Travel time at flow x and its derivative."""
    if code == 1:
        r = x / c
        if b == 4.0:
            cube = r * r * r
            return extra + t0 * (1.0 + a * cube * r), t0 * a * 4.0 / c * cube
        if r <= 0.0:
            return extra + t0 * (1.0 + a * 0.0**b), t0 * a / c if b == 1.0 else 0.0
        power = r**b
        return extra + t0 * (1.0 + a * power), t0 * a * b / c * power / r
    if code == 2:
        k = (2.0 * a - 1.0) / (2.0 * a - 2.0)
        u = a * (1.0 - x / c)
        root = math.sqrt(u * u + k * k)
        return extra + t0 * (2.0 + root - u - k), t0 * a / c * (1.0 - u / root)
    if code == 3:
        z, w = x / c - 1.0, 8.0 * a * x / (c * c * b)
        root = math.sqrt(z * z + w)
        if root == 0.0:
            return extra + t0, 0.0
        return extra + t0 + 0.25 * b * (z + root), 0.25 * b * (1.0 / c + (z / c + 4.0 * a / (c * c * b)) / root)
    return extra + t0, 0.0


@njit(**_OPTIONS)
def area(code, t0, c, a, b, extra, x):
    """Integral of travel time from no flow to x: the arc's part of Beckmann's objective."""
    if code == 1:
        return (extra + t0) * x + t0 * a * c / (b + 1.0) * (x / c) ** (b + 1.0) if x > 0.0 else 0.0
    if code == 2:
        k = (2.0 * a - 1.0) / (2.0 * a - 2.0)
        return (extra + t0 * (2.0 - k)) * x + t0 * c / a * (_half_root(a, k * k) - _half_root(a * (1.0 - x / c), k * k) - 0.5 * (a * a - (a * (1.0 - x / c)) ** 2))
    if code == 3:
        p = 8.0 * a / (c * b)  # z^2 + p (z + 1) is a square root over a parabola in y = z + p/2
        m = p - 0.25 * p * p
        z = x / c - 1.0
        return (extra + t0) * x + 0.25 * b * c * (0.5 * (z * z - 1.0) + _half_root(z + 0.5 * p, m) - _half_root(-1.0 + 0.5 * p, m))
    return (extra + t0) * x


@njit(**_OPTIONS)
def _half_root(y, m):
    """Antiderivative of sqrt(y^2 + m)."""
    root = math.sqrt(max(y * y + m, 0.0))
    inner = abs(y + root)
    return 0.5 * (y * root + (m * math.log(inner) if m != 0.0 and inner > 0.0 else 0.0))


@njit(**_OPTIONS)
def all_times(code, t0, c, a, b, extra, usable, flow, time, slope):
    """Fill time and slope of every arc at its flow; inf where not usable."""
    for arc in range(len(flow)):
        if usable[arc]:
            time[arc], slope[arc] = time_and_slope(code[arc], t0[arc], c[arc], a[arc], b[arc], extra[arc], flow[arc])
        else:
            time[arc], slope[arc] = math.inf, 0.0


@njit(**_OPTIONS)
def objective(code, t0, c, a, b, extra, usable, flow):
    """Beckmann's objective: sum of the areas under the arcs' laws."""
    total = 0.0
    for arc in range(len(flow)):
        if usable[arc]:
            total += area(code[arc], t0[arc], c[arc], a[arc], b[arc], extra[arc], flow[arc])
    return total
