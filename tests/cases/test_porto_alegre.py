"""Porto Alegre: streets, timetables, terrain and people of a real city from five files, each imported with one call."""

from __future__ import annotations

import json

import numpy as np
import pyarrow.compute as pc
import pytest
import shapely

from holdfast.app.cities import create_city
from holdfast.app.importing import import_files
from holdfast.io.raster import sample_raster

FILES = ("poa_osm.pbf", "poa_eptc.zip", "poa_trensurb.zip", "poa_elevation.tif", "poa_hexgrid.csv")


@pytest.fixture(scope="module")
def city(shared_data, tmp_path_factory):
    paths = [shared_data(f"roads/porto_alegre/{name}") for name in FILES]
    with create_city(str(tmp_path_factory.mktemp("poa") / "city"), crs="EPSG:31982") as made:
        report = import_files(made, paths)
        yield made, report


def test_formats_are_recognised_and_counts_are_as_published(city):
    made, report = city
    assert [f["format"] for f in report.files] == ["osm", "gtfs", "gtfs", "geotiff", "h3"]
    assert report.files[0]["facts"]["highways"] == 15_886
    counts = made.counts()
    assert counts["roads.transit_line"] == 204 and counts["base.zone"] == 1_227 and counts["base.terrain"] == 1 and counts["roads.street"] == 28_750
    assert pc.sum(made.table("base.zone")["population"]).as_py() == 812_935


def test_no_row_was_lost_and_nothing_is_an_error(city):
    _, report = city
    assert report.findings.counts()["error"] == 0
    assert sum(f["assets"] for f in report.files) == sum(report.kinds.values())


def test_hexagons_streets_and_stops_lie_on_each_other_in_metres(city):
    made, _ = city
    zones = shapely.from_wkb(made.table("base.zone")["geometry"].to_pylist())
    area = shapely.area(zones)
    assert 85_000 < np.median(area) < 130_000 and shapely.area(shapely.union_all(zones)) == pytest.approx(area.sum(), rel=1e-3)
    hull = shapely.union_all(zones).convex_hull
    crossings = shapely.from_wkb(made.table("roads.junction")["geometry"].to_pylist())
    assert shapely.contains(hull, crossings).mean() > 0.85
    streets = shapely.STRtree(shapely.from_wkb(made.table("roads.street")["geometry"].to_pylist()))
    stops = shapely.from_wkb(made.table("roads.stop", columns=["id", "geometry"])["geometry"].to_pylist())
    inside = stops[shapely.contains(hull, stops)]
    _, gap = streets.query_nearest(inside, return_distance=True, all_matches=False)
    assert np.median(gap) < 15


def test_lines_name_stops_of_the_city(city):
    made, _ = city
    known = set(made.table("roads.stop")["id"].to_pylist())
    lines = made.table("roads.transit_line").to_pylist()
    assert all(set(json.loads(line["stops"])) <= known for line in lines)


def test_the_kept_terrain_gives_levels_in_the_citys_own_coordinates(city, tmp_path):
    made, _ = city
    record, = made.table("base.terrain").to_pylist()
    path = tmp_path / record["file"]
    path.write_bytes(made.repository.get_file(f"rasters/{record['file']}"))
    xy = shapely.get_coordinates(shapely.from_wkb(made.table("roads.junction")["geometry"].to_pylist()))
    level = sample_raster(path, *xy.T, crs=made.crs)
    known = np.isfinite(level)
    assert known.mean() > 0.9 and level[known].min() >= 0 and level[known].max() <= 255
