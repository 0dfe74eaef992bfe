"""Claims about a CRS that the coordinates contradict."""

from __future__ import annotations

import numpy as np
import pytest

from holdfast.model.crs_diagnosis import area_bounds, diagnose


@pytest.mark.parametrize(
    ("source", "x", "y", "city", "problem"),
    [
        ("EPSG:4547", 520000.0, 3.3e6, None, None),
        ("EPSG:4547", 3.3e6, 520000.0, None, "swapped"),
        ("EPSG:4547", 38520000.0, 3.3e6, None, "zone"),
        ("EPSG:4526", 520000.0, 3.3e6, None, "zone"),
        ("EPSG:4547", 114.2, 30.5, None, "degrees"),
        ("EPSG:4547", 520000 / 0.3048, 3.3e6 / 0.3048, None, "feet"),
        ("EPSG:4547", 520000.0, 9.0e6, None, "outside"),
        ("EPSG:4326", 114.2, 30.5, "EPSG:4547", None),
        ("EPSG:4326", 30.5, 114.2, "EPSG:4547", "swapped"),
        ("EPSG:4326", 30.5, 114.2, None, "swapped"),
        ("EPSG:4326", 9.0, 48.0, "EPSG:4547", "outside"),
        ("local", 1e9, 1e9, "EPSG:4547", None),
    ],
)
def test_diagnose(source: str, x: float, y: float, city: str | None, problem: str | None) -> None:
    found = diagnose(source, np.array([x, x + 1, np.nan]), np.array([y, y + 1, 0.0]), city)
    assert (found.problem if found else None) == problem
    assert found is None or found.fix


def test_zone_advice_names_the_right_code() -> None:
    found = diagnose("EPSG:4547", np.array([38520000.0]), np.array([3.3e6]))
    assert found is not None and "EPSG:4526" in found.fix
    found = diagnose("EPSG:4526", np.array([520000.0]), np.array([3.3e6]))
    assert found is not None and "EPSG:4547" in found.fix


def test_one_wild_row_does_not_condemn_a_file() -> None:
    x, y = np.full(101, 520000.0), np.full(101, 3.3e6)
    x[0] = 1e12
    assert diagnose("EPSG:4547", x, y) is None


def test_area_bounds() -> None:
    box = area_bounds("EPSG:4547")
    assert box is not None
    assert box[0] < 300_000 and box[2] > 700_000 and box[1] < 2.4e6 and box[3] > 5.0e6
    assert area_bounds("local") is None
    assert area_bounds("EPSG:4326") == (-180.0, -90.0, 180.0, 90.0)
