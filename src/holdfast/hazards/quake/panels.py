"""Distances from ruptures that are no single rectangle: flat panels in the ground, each given by its corners."""

from __future__ import annotations

import numpy as np
from numba import njit


@njit(cache=True, nogil=True, error_model="numpy")
def _edge(x, y, z, a, b):
    """Squared distance from a point to the straight line between a and b."""
    ux, uy, uz = b[0] - a[0], b[1] - a[1], b[2] - a[2]
    long = ux * ux + uy * uy + uz * uz
    t = 0.0
    if long > 0.0:
        t = min(max(((x - a[0]) * ux + (y - a[1]) * uy + (z - a[2]) * uz) / long, 0.0), 1.0)
    dx, dy, dz = x - a[0] - t * ux, y - a[1] - t * uy, z - a[2] - t * uz
    return dx * dx + dy * dy + dz * dz


@njit(cache=True, nogil=True, error_model="numpy")
def _triangle(x, y, z, a, b, c):
    """Squared distance from a point to a triangle, which may be flat as a line."""
    ux, uy, uz = b[0] - a[0], b[1] - a[1], b[2] - a[2]
    vx, vy, vz = c[0] - a[0], c[1] - a[1], c[2] - a[2]
    wx, wy, wz = x - a[0], y - a[1], z - a[2]
    uu, uv, vv = ux * ux + uy * uy + uz * uz, ux * vx + uy * vy + uz * vz, vx * vx + vy * vy + vz * vz
    area = uu * vv - uv * uv
    if area > 1e-12 * uu * vv:
        wu, wv = wx * ux + wy * uy + wz * uz, wx * vx + wy * vy + wz * vz
        s, t = (vv * wu - uv * wv) / area, (uu * wv - uv * wu) / area
        if s >= 0.0 and t >= 0.0 and s + t <= 1.0:
            dx, dy, dz = wx - s * ux - t * vx, wy - s * uy - t * vy, wz - s * uz - t * vz
            return dx * dx + dy * dy + dz * dz
    return min(_edge(x, y, z, a, b), _edge(x, y, z, b, c), _edge(x, y, z, c, a))


@njit(cache=True, nogil=True, error_model="numpy")
def nearest(panels, x, y, out):
    """Fill out (site,) with the distance [km] from sites at x, y (site,) on the surface to the nearest of the panels.

    panels   (panel, 4, 3) corners round about: x, y, depth [km]; flat ones (depth 0 everywhere) give the distance to the projection
    """
    for i in range(x.size):
        best = np.inf
        for p in range(panels.shape[0]):
            q = panels[p]
            best = min(best, _triangle(x[i], y[i], 0.0, q[0], q[1], q[2]), _triangle(x[i], y[i], 0.0, q[0], q[2], q[3]))
        out[i] = np.sqrt(best)


def across(panels: np.ndarray, strike: float, x: np.ndarray, y: np.ndarray) -> np.ndarray:
    """(site,) distance [km] across strike [degrees] from the upper edge, positive on the side to which the panels dip.

    The upper edge is taken as straight through the middle of its corners, the first two of each panel.
    """
    angle = np.radians(strike)
    middle = panels[:, :2, :2].reshape(-1, 2).mean(axis=0)
    return (x - middle[0]) * np.cos(angle) - (y - middle[1]) * np.sin(angle)
