"""City metres to longitude and latitude and back."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from holdfast.model.errors import Invalid
from holdfast.web.places import Places
from small_catalog import make_city


def test_a_projected_city_goes_to_wgs84_and_back(tmp_path: Path) -> None:
    places = Places.of(make_city(tmp_path / "city"), (500_000.0, 3_300_000.0))
    lon, lat = places.lonlat([500_000.0, 600_000.0], [3_300_000.0, 3_300_000.0])
    assert lon[0] == pytest.approx(114.0, abs=1e-6) and 29.5 < lat[0] < 30.0 and lon[1] > lon[0]
    assert places.georeferenced and places.datum == "WGS 84"
    box = places.city_box(float(lon[0]), float(lat[0]) - 0.01, float(lon[0]) + 0.01, float(lat[0]))
    assert box[0] <= 500_000.01 and box[2] == pytest.approx(500_000 + 0.01 * 96_600, rel=0.01)
    assert box[3] >= 3_300_000 - 0.01 and box[1] == pytest.approx(3_300_000 - 1_108.6, abs=5)


def test_a_box_holds_everything_inside_it(tmp_path: Path) -> None:
    places = Places.of(make_city(tmp_path / "city"), (500_000.0, 3_300_000.0))
    rng = np.random.default_rng(1)
    x, y = rng.uniform(400_000, 600_000, 500), rng.uniform(3_200_000, 3_400_000, 500)
    lon, lat = places.lonlat(x, y)
    west, south, east, north = 113.5, 29.4, 114.4, 30.1
    inside = (lon >= west) & (lon <= east) & (lat >= south) & (lat <= north)
    box = places.city_box(west, south, east, north)
    assert inside.sum() > 50
    assert np.all((x[inside] >= box[0]) & (x[inside] <= box[2]) & (y[inside] >= box[1]) & (y[inside] <= box[3]))


def test_a_local_city_keeps_its_shapes(tmp_path: Path) -> None:
    places = Places.of(make_city(tmp_path / "city", "local"))
    assert not places.georeferenced
    lon, lat = places.lonlat([0.0, 1000.0, 0.0], [0.0, 0.0, 1000.0])
    assert lon[1] - lon[0] == pytest.approx(lat[2] - lat[0], abs=1e-7)
    assert places.city_box(0.0, 0.0, float(lon[1]), float(lat[2])) == pytest.approx((0, 0, 1000, 1000), abs=0.02)


def test_a_datum_without_a_known_shift_is_shown_on_itself(tmp_path: Path) -> None:
    places = Places.of(make_city(tmp_path / "city", "EPSG:2346"), (500_000.0, 3_300_000.0))  # Xian 1980 / Gauss-Kruger CM 123E
    lon, lat = places.lonlat([500_000.0], [3_300_000.0])
    assert places.georeferenced and places.datum == "Xian 1980"
    assert lon[0] == pytest.approx(123.0, abs=1e-6) and 29.5 < lat[0] < 30.0
    assert places.city_box(float(lon[0]), float(lat[0]), float(lon[0]) + 1e-4, float(lat[0]) + 1e-4)[0] == pytest.approx(500_000.0, abs=0.05)


def test_a_box_on_the_other_side_of_the_earth_is_refused_or_empty(tmp_path: Path) -> None:
    places = Places.of(make_city(tmp_path / "city"), (500_000.0, 3_300_000.0))
    try:
        box = places.city_box(-70.0, -40.0, -66.0, -38.0)
    except Invalid as error:
        assert error.fix
    else:
        assert not (box[0] <= 500_000 <= box[2] and box[1] <= 3_300_000 <= box[3])
