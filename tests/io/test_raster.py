from pathlib import Path

import numpy as np
import pytest
import rasterio
import shapely
from rasterio.transform import from_origin

from holdfast.app.cities import create_city
from holdfast.app.importing import import_files
from holdfast.io.raster import FORMATS, sample_raster, sniff
from holdfast.model.errors import Invalid
from io_catalog import read

GEOTIFF = FORMATS[0]


def saved(path: Path, levels: np.ndarray, crs: str | None = "EPSG:4547", **more) -> Path:
    profile = {"driver": "GTiff", "width": levels.shape[1], "height": levels.shape[0], "count": 1, "dtype": levels.dtype, "crs": crs, "nodata": -9999.0,
               "transform": from_origin(500_000.0, 3_500_100.0, 10.0, 10.0)} | more
    with rasterio.open(path, "w", **profile) as raster:
        raster.write(levels, 1)
    return path


@pytest.fixture
def plane(tmp_path: Path) -> Path:
    """10 x 10 cells of 10 m; level = 100 + column + 2 * row, one cell without a value."""
    levels = (100.0 + np.arange(10)[None, :] + 2.0 * np.arange(10)[:, None]).astype("float32")
    levels[9, 9] = -9999.0
    return saved(tmp_path / "地形.tif", levels)


def test_a_raster_gives_a_record_with_its_place_and_statistics(plane):
    tables, delivery = read(GEOTIFF, plane)
    row, = tables["base.terrain"].to_pylist()
    assert delivery.rasters == [plane] and delivery.crs == "EPSG:4547"
    assert (row["file"], row["resolution"], row["columns"], row["rows"]) == ("地形.tif", 10.0, 10, 10)
    assert (row["min_elevation"], row["max_elevation"], row["missing_share"]) == (100.0, 126.0, pytest.approx(0.01))
    assert shapely.from_wkb(row["geometry"]).equals(shapely.box(500_000, 3_500_000, 500_100, 3_500_100))


def test_levels_are_interpolated_between_cell_centres(plane):
    x = np.array([500_005.0, 500_010.0, 500_007.5, 500_001.0, 499_000.0, 500_095.0])
    y = np.array([3_500_095.0, 3_500_090.0, 3_500_095.0, 3_500_099.0, 3_500_050.0, 3_500_005.0])
    level = sample_raster(plane, x, y)
    assert level[:4].tolist() == pytest.approx([100.0, 101.5, 100.25, 100.0])
    assert np.isnan(level[4:]).all()  # outside, and the cell without a value


def test_points_in_another_crs_are_brought_to_the_raster(plane):
    from holdfast.model.crs import to_lonlat

    lon, lat = to_lonlat("EPSG:4547", np.array([500_005.0]), np.array([3_500_095.0]))
    assert sample_raster(plane, lon, lat, crs="EPSG:4490").tolist() == pytest.approx([100.0], abs=0.01)


def test_the_terrain_of_a_real_city(shared_data):
    path = shared_data("roads/porto_alegre/poa_elevation.tif")
    assert sniff(path, path.read_bytes()[:64]) > 0.5
    tables, delivery = read(GEOTIFF, path)
    row, = tables["base.terrain"].to_pylist()
    assert delivery.crs == "EPSG:4326" and (row["columns"], row["rows"]) == (413, 403)
    assert row["resolution"] == pytest.approx(28.7, abs=0.5) and (row["min_elevation"], row["max_elevation"]) == (0.0, 255.0)
    assert 0 < sample_raster(path, np.array([-51.2]), np.array([-30.05]))[0] < 255


def test_the_raster_itself_is_kept_with_the_city(plane, tmp_path):
    with create_city(str(tmp_path / "city"), crs="EPSG:4547") as city:
        import_files(city, [plane])
        assert city.table("base.terrain")["file"].to_pylist() == ["地形.tif"]
        assert city.repository.get_file("rasters/地形.tif") == plane.read_bytes()


@pytest.mark.parametrize("keep", [0, 10, 200, 300])
def test_a_truncated_raster_is_refused(plane, tmp_path, keep):
    cut = tmp_path / "cut.tif"
    cut.write_bytes(plane.read_bytes()[:keep])
    with pytest.raises(Invalid) as caught:
        read(GEOTIFF, cut)
    assert caught.value.where["file"] == "cut.tif" and caught.value.fix


@pytest.mark.filterwarnings("ignore::rasterio.errors.NotGeoreferencedWarning")
def test_a_raster_without_a_place_is_refused(tmp_path):
    path = saved(tmp_path / "x.tif", np.ones((3, 3), "float32"), crs=None, transform=rasterio.Affine.identity())
    with pytest.raises(Invalid, match="where it lies"):
        read(GEOTIFF, path)


def test_a_raster_without_any_value_is_a_finding(tmp_path):
    tables, delivery = read(GEOTIFF, saved(tmp_path / "x.tif", np.full((3, 3), -9999.0, "float32")))
    assert delivery.findings.by_rule() == {"import.no_values": 1}
    assert tables["base.terrain"]["min_elevation"].to_pylist() == [None]


def test_feet_are_turned_into_metres_and_an_unsaid_unit_is_reported(tmp_path):
    path = saved(tmp_path / "x.tif", np.full((3, 3), 100.0, "float32"), crs="EPSG:3547", transform=from_origin(5_000_000, 3_800_000, 10, 10))
    tables, delivery = read(GEOTIFF, path)
    assert delivery.findings.by_rule() == {"import.assumed_unit": 1} and tables["base.terrain"]["max_elevation"].to_pylist() == [100.0]
    assert tables["base.terrain"]["resolution"].to_pylist() == [3.048]
    tables, delivery = read(GEOTIFF, path, parameters={"unit": "ft"})
    assert len(delivery.findings) == 0 and tables["base.terrain"]["max_elevation"].to_pylist() == [pytest.approx(30.48)]
