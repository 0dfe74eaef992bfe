"""Micropolis: buildings, roads, water, power and the dependency table of one virtual city land in one place."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pyarrow.compute as pc
import pytest
import shapely

from holdfast.app.cities import create_city
from holdfast.app.importing import ImportOptions, import_files

MAPPING = Path(__file__).parent / "micropolis" / "gis.toml"
FILES = ("transportation/high/transpo_net.tntp", "water/high/water.inp", "power/high/power.json")


@pytest.fixture(scope="module")
def city(shared_data, tmp_path_factory):
    folder = shared_data("coupled/micropolis")
    with create_city(str(tmp_path_factory.mktemp("micropolis") / "city"), crs="local") as made:
        import_files(made, [folder / f"gis/{name}.shp" for name in ("buildings_v1", "lots_v1")], ImportOptions(crs="local:ft", mapping=MAPPING))
        import_files(made, [folder / name for name in FILES], ImportOptions(crs="local:ft"))
        import_files(made, [folder / "dependencies.csv"])
        yield made


def shapes(city, kind: str) -> np.ndarray:
    return shapely.from_wkb(city.table(kind)["geometry"].drop_null().to_pylist())


def test_every_sector_has_its_known_size(city):
    counts = city.counts()
    expected = {"buildings.building": 868, "base.land_use": 695, "roads.junction": 68, "roads.street": 210, "roads.demand": 1_333, "water.junction": 1_574,
                "water.pipe": 1_621, "water.pump": 8, "power.bus": 1_225}
    assert {kind: counts.get(kind) for kind in expected} == expected


def test_feet_became_metres_and_all_sectors_cover_one_town(city):
    town = shapely.union_all(shapes(city, "base.land_use")).convex_hull.buffer(350)
    for kind in ("buildings.building", "water.junction", "power.bus"):
        inside = shapely.contains(town, shapely.centroid(shapes(city, kind)))
        assert inside.mean() > 0.97, kind
    width = np.ptp(shapely.total_bounds(shapes(city, "buildings.building"))[[0, 2]])
    assert width == pytest.approx((7217.0 - 1601.7) * 0.3048, abs=1)


def test_most_buildings_have_water_and_power_near_by(city):
    homes = shapely.centroid(shapes(city, "buildings.building"))
    for kind, reach in (("water.junction", 60.0), ("power.bus", 120.0)):
        tree = shapely.STRtree(shapes(city, kind))
        _, gap = tree.query_nearest(homes, return_distance=True, all_matches=False)
        assert np.median(gap) < reach, kind


def test_buildings_have_use_height_and_people(city):
    table = city.table("buildings.building")
    assert pc.sum(table["population"]).as_py() == 8_723 and table["use"].null_count == 0
    assert pc.max(table["height"]).as_py() == pytest.approx(40 * 0.3048)
    area = shapely.area(shapes(city, "buildings.building"))
    assert np.allclose(area, table["footprint_area"].to_numpy(), rtol=1e-4)


def test_every_pump_is_driven_by_a_motor_of_the_power_model(city):
    links = city.links()
    assert links.num_rows == 8
    rows = links.to_pylist()
    assert {row["to_id"].rpartition(":")[2] for row in rows} == {f"W_WP{n}" for n in range(1, 9)}
    assert {row["from_id"].rpartition(":")[2] for row in rows} == {"P_MP1", "P_MP2", "P_MP3"}
    assert {row["service"] for row in rows} == {"electricity"}
