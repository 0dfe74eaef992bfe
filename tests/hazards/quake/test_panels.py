"""Distances from panels: against the closed form of a rectangle, and by brute force for a bent fault."""

from __future__ import annotations

import numpy as np
import pytest

from holdfast.hazards.quake.panels import nearest
from holdfast.hazards.quake.rupture import Rupture, distances, make_rupture

XY = np.random.default_rng(2).uniform(-70.0, 70.0, (300, 2))


def corners(rupture):
    """The rectangle as one panel."""
    angle, dip = np.radians(rupture.strike), np.radians(rupture.dip)
    upper = -(rupture.depth - rupture.top) / np.tan(dip) if rupture.dip < 90.0 else 0.0
    out = []
    for along, down in ((-0.5, 0.0), (0.5, 0.0), (0.5, 1.0), (-0.5, 1.0)):
        a, v = along * rupture.length, upper + down * rupture.width * np.cos(dip)
        out.append((rupture.x + a * np.sin(angle) + v * np.cos(angle), rupture.y + a * np.cos(angle) - v * np.sin(angle), rupture.top + down * rupture.width * np.sin(dip)))
    return np.array([out])


@pytest.mark.parametrize(("strike", "dip"), [(0.0, 90.0), (45.0, 60.0), (200.0, 30.0), (310.0, 45.0)])
def test_one_panel_is_the_rectangle(strike, dip):
    whole = make_rupture(6.8, 3.0, -2.0, 12.0, strike, dip, "reverse")
    same = Rupture(whole.magnitude, whole.x, whole.y, whole.depth, strike, dip, 3, whole.length, whole.width, whole.top, corners(whole))
    one, other = distances(whole, *XY.T), distances(same, *XY.T)
    for name in ("rrup", "rjb", "rx", "u", "v"):
        assert np.allclose(getattr(one, name), getattr(other, name), atol=1e-6), name


def test_a_bent_fault_by_brute_force():
    rng = np.random.default_rng(4)
    panels = np.array([[[-30, 0, 2], [0, 5, 2], [4, -5, 14], [-26, -10, 14]], [[0, 5, 2], [25, 20, 2], [29, 10, 14], [4, -5, 14]]], float)
    s, t = rng.random((2, 40_000))
    points = np.concatenate([p[0] + s[:, None] * (p[1] - p[0]) + t[:, None] * (p[3] - p[0]) for p in panels])
    x, y = 0.5 * XY[:60].T
    rrup, rjb = np.empty(60), np.empty(60)
    nearest(panels, x, y, rrup)
    nearest(panels * np.array([1.0, 1.0, 0.0]), x, y, rjb)
    flat = np.hypot(points[:, 0] - x[:, None], points[:, 1] - y[:, None])
    assert np.allclose(np.hypot(flat, points[:, 2]).min(axis=1), rrup, atol=0.3) and np.allclose(flat.min(axis=1), rjb, atol=0.4)
    assert (rjb <= rrup).all() and (rjb < 1e-6).any()
