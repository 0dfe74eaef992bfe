"""Ruptures from magnitude, and distances by brute force."""

from __future__ import annotations

import numpy as np
import pytest

from holdfast.hazards.quake.rupture import distances, make_rupture, style_of
from holdfast.model.errors import Invalid


def points_on(rupture, n=160):
    """Points of the plane in plan coordinates (n * n, 3), z down, and the middle of it at the hypocentre."""
    angle, dip = np.radians(rupture.strike), np.radians(rupture.dip)
    a, t = np.meshgrid(np.linspace(-0.5, 0.5, n) * rupture.length, np.linspace(0.0, 1.0, n) * rupture.width)
    upper = -(rupture.depth - rupture.top) / np.tan(dip) if rupture.dip < 90.0 else 0.0
    across, z = upper + t * np.cos(dip), rupture.top + t * np.sin(dip)
    x = rupture.x + a * np.sin(angle) + across * np.cos(angle)
    y = rupture.y + a * np.cos(angle) - across * np.sin(angle)
    return np.stack((x, y, z), axis=-1).reshape(-1, 3)


@pytest.mark.parametrize(("strike", "dip"), [(0.0, 90.0), (45.0, 60.0), (200.0, 30.0), (310.0, 45.0)])
def test_distances_by_brute_force(strike, dip):
    rupture = make_rupture(6.8, 3.0, -2.0, 12.0, strike, dip, "reverse")
    plane = points_on(rupture)
    rng = np.random.default_rng(1)
    x, y = rng.uniform(-60, 60, 40), rng.uniform(-60, 60, 40)
    found = distances(rupture, x, y)
    site = np.stack((x, y), axis=-1)[:, None, :]
    flat = np.hypot(*np.moveaxis(plane[None, :, :2] - site, -1, 0))
    assert np.allclose(found.rjb, flat.min(axis=1), atol=0.25)
    assert np.allclose(found.rrup, np.hypot(flat, plane[:, 2]).min(axis=1), atol=0.25)
    assert (found.rrup >= found.rjb - 1e-9).all() and (found.rrup >= rupture.top - 1e-9).all()
    assert np.allclose(np.hypot(found.u, found.v), np.hypot(x - 3.0, y + 2.0))


def test_rupture_holds_its_hypocentre_and_stays_below_the_ground():
    for magnitude in (5.0, 6.5, 7.5, 8.0):
        for depth in (2.0, 10.0, 35.0):
            rupture = make_rupture(magnitude, 0.0, 0.0, depth, 0.0, 60.0, "normal")
            low = rupture.top + rupture.width * np.sin(np.radians(60.0))
            assert -1e-9 <= rupture.top <= depth <= low + 1e-9 and low <= max(20.0, depth) + 1e-9
            assert rupture.length * rupture.width == pytest.approx(10 ** (-3.49 + 0.91 * magnitude))


def test_a_point_source_is_as_far_as_its_hypocentre():
    found = distances(make_rupture(6.0, 0.0, 0.0, 9.0, 0.0, 90.0, "strike_slip", point=True), np.array([12.0]), np.array([0.0]))
    assert found.rrup[0] == pytest.approx(15.0) and found.rjb[0] == pytest.approx(12.0)


@pytest.mark.parametrize(("rake", "style"), [(0, "strike_slip"), (180, "strike_slip"), (90, "reverse"), (-90, "normal"), (270, "normal"), (-170, "strike_slip")])
def test_styles(rake, style):
    assert style_of(rake) == style


@pytest.mark.parametrize(("given", "field"), [((2.0, 10.0, 90.0), "magnitude"), ((6.0, 10.0, 0.0), "dip"), ((6.0, -1.0, 90.0), "depth")])
def test_bad_sources_are_named(given, field):
    with pytest.raises(Invalid, match=field):
        make_rupture(given[0], 0.0, 0.0, given[1], 0.0, given[2], "unknown")
