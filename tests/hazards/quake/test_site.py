"""Vs30 from terrain, classes and numbers."""

from __future__ import annotations

import numpy as np
import pytest

from holdfast.hazards.quake.site import CLASSES, from_slope, ground
from holdfast.model.errors import Invalid


def test_slope_classes_of_wald_and_allen():
    found = from_slope(np.array([0.0, 1e-4, 2.2e-3, 6.3e-3, 0.018, 0.05, 0.10, 0.138, 0.5]))
    assert found.tolist() == pytest.approx([180, 180, 240, 300, 360, 490, 620, 760, 760])
    assert (np.diff(from_slope(np.geomspace(1e-5, 1.0, 200))) >= 0).all()


def test_terrain_of_the_reference_city(anlan, anlan_sites):
    x, y = anlan_sites.xyz[:, 0], anlan_sites.xyz[:, 1]
    vs30, how = ground(anlan, anlan.crs, x, y, "auto", "II")
    assert "slope" in how and vs30.min() >= 180.0 and vs30.max() <= 760.0 and np.ptp(vs30) > 1.0
    far, how = ground(anlan, anlan.crs, np.append(x[:9], 0.0), np.append(y[:9], 0.0), "auto", "II")
    assert far[-1] == CLASSES["II"] and "10% of the sites" in how


def test_numbers_and_classes(anlan):
    x = np.zeros(3)
    assert ground(anlan, "local", x, x, 500, "II")[0].tolist() == [500.0] * 3
    assert ground(anlan, "local", x, x, "III", "II")[0].tolist() == [CLASSES["III"]] * 3
    assert "class IV" in ground(anlan, anlan.crs, x, x, "auto", "IV")[1]
    for bad, match in (("soft", "soft"), (5.0, "outside"), ("slope", "no terrain")):
        with pytest.raises(Invalid, match=match):
            ground(anlan, anlan.crs, x, x, bad, "II")
