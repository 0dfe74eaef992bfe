"""Boxes of assets: complete where they fit, the largest first where they do not, valid GeoJSON."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pyarrow as pa
import pytest
import shapely

from holdfast.model import geometry
from holdfast.model.city import City
from holdfast.model.errors import Invalid
from holdfast.web.layers import LayerIndex, choose, feature_collection, rows
from holdfast.web.places import Places
from small_catalog import junctions, make_city, pipes


@pytest.fixture
def city(tmp_path: Path) -> City:
    made = make_city(tmp_path / "city")
    made.append("pipework.junction", junctions(50), valid_from="2020-01-01")
    start = np.column_stack((400_000 + 10.0 * np.arange(50), np.full(50, 3_300_000.0)))
    end = start + np.column_stack((np.zeros(50), 1.0 + np.arange(50)))  # pipe i is i + 1 m long
    table = pipes(50).set_column(1, "geometry", geometry.lines(np.stack((start, end), axis=1)))
    made.append("pipework.pipe", table, valid_from="2020-01-01")
    return made


def test_a_box_that_fits_is_complete(city: City) -> None:
    found = choose(city, LayerIndex(city), "pipework.pipe", (400_000, 3_300_000, 400_091, 3_300_002), 100, ["id", "geometry"])
    assert found.matched == found.table.num_rows == 10


def test_a_box_that_does_not_fit_gives_the_largest(city: City) -> None:
    found = choose(city, LayerIndex(city), "pipework.pipe", None, 5, ["id", "geometry"])
    assert found.matched == 50
    assert sorted(found.table["id"].to_pylist()) == [f"pipework.pipe:{i}" for i in range(45, 50)]
    inside = choose(city, LayerIndex(city), "pipework.pipe", (400_000, 3_300_000, 400_195, 3_300_100), 5, ["id"])
    assert inside.matched == 20 and set(inside.table["id"].to_pylist()) == {f"pipework.pipe:{i}" for i in range(15, 20)}


def test_points_that_do_not_fit_are_spread_over_the_box(city: City) -> None:
    found = choose(city, LayerIndex(city), "pipework.junction", None, 5, ["id", "elevation"])
    assert found.matched == 50 and sorted(found.table["elevation"].to_pylist()) == [0, 12, 24, 36, 49]


def test_a_view_of_the_past_says_how_many_there_were(city: City) -> None:
    found = choose(city.as_of("2021-01-01"), LayerIndex(city), "pipework.pipe", None, 5, ["id"])
    assert found.table.num_rows == 5 and found.matched == 50
    assert choose(city.as_of("2019-01-01"), LayerIndex(city), "pipework.pipe", None, 5, ["id"]).matched == 0


@pytest.mark.parametrize("limit", [0, -1, 10_000_000])
def test_impossible_limits_are_refused(city: City, limit: int) -> None:
    with pytest.raises(Invalid, match="limit"):
        choose(city, LayerIndex(city), "pipework.pipe", None, limit, None)


def test_geojson_is_in_longitude_and_latitude(city: City) -> None:
    found = choose(city, LayerIndex(city), "pipework.pipe", None, 100, ["id", "diameter", "geometry"])
    places = Places.of(city, (400_000.0, 3_300_000.0))
    collection = json.loads(feature_collection(found, places))
    assert collection["numberMatched"] == collection["numberReturned"] == len(collection["features"]) == 50
    feature = next(f for f in collection["features"] if f["id"] == "pipework.pipe:7")
    assert feature["properties"] == {"id": "pipework.pipe:7", "diameter": 0.2}
    lon, lat = places.lonlat([400_070.0], [3_300_000.0])
    assert feature["geometry"]["type"] == "LineString" and feature["geometry"]["coordinates"][0] == pytest.approx([lon[0], lat[0]], abs=1e-7)
    assert len(feature["geometry"]["coordinates"][0]) == 2
    assert shapely.from_geojson(json.dumps(collection)).is_valid


def test_the_city_box_ignores_stray_coordinates(city: City) -> None:
    box = LayerIndex(city).city_bounds()
    assert box == pytest.approx((400_000, 3_300_000, 400_490, 3_300_050))
    x = np.append(400_000 + np.arange(5000) * 0.1, 9e6)
    strays = pa.table({"id": [f"pipework.gauge:{i}" for i in range(5001)], "geometry": geometry.points(x, np.full(5001, 3_300_000.0))})
    city.append("pipework.gauge", strays, valid_from="2020-01-01")
    assert LayerIndex(city).city_bounds()[2] < 401_000


def test_an_empty_city_has_no_box(tmp_path: Path) -> None:
    index = LayerIndex(make_city(tmp_path / "empty"))
    assert index.city_bounds() is None and index.coverage() == {}


def test_rows_are_json_able(city: City) -> None:
    listed = rows(city.table("pipework.junction", limit=1))
    json.dumps(listed)
    assert listed[0]["valid_from"].startswith("2020-01-01T00:00:00") and listed[0]["valid_from"].endswith("Z")
    assert rows(pa.table({"a": [float("nan"), 1.0], "extra": ['{"x": 1}', None]})) == [{"a": None, "extra": {"x": 1}}, {"a": 1.0, "extra": None}]
