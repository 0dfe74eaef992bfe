"""ShakeMap files: a small grid.xml with and without uncertainty, arrays, damaged files, and the model made from one."""

from __future__ import annotations

import numpy as np
import pytest

from holdfast.hazards.quake import model
from holdfast.hazards.quake.shakemap import USUAL_SIGMA, G, read_shakemap
from holdfast.model.crs import transformer
from holdfast.model.errors import Invalid, NotFound

HEAD = """<?xml version="1.0" encoding="UTF-8"?>
<shakemap_grid xmlns="http://earthquake.usgs.gov/eqcenter/shakemap" event_id="test1" shakemap_version="1">
<event event_id="test1" magnitude="6.8" depth="11" lat="{lat}" lon="{lon}" event_timestamp="2024-01-01T00:00:00UTC" event_description="made for the test"/>
<grid_specification lon_min="{lon}" lat_min="{lat}" nlon="5" nlat="4"/>
"""


def grid_xml(path, fields, rows, lon=113.0, lat=27.0):
    head = HEAD.format(lon=lon, lat=lat) + "".join(f'<grid_field index="{i + 1}" name="{name}" units="x"/>\n' for i, name in enumerate(fields))
    body = "\n".join(" ".join(f"{v:.4f}" for v in row) for row in rows)
    path.write_text(f"{head}<grid_data>\n{body}\n</grid_data>\n</shakemap_grid>\n", encoding="utf-8")
    return str(path)


def points(lon=113.0, lat=27.0, step=0.1):
    return [(lon + step * i, lat + step * j) for j in reversed(range(4)) for i in range(5)]  # from the north, as the service writes them


def test_grid_and_uncertainty(tmp_path):
    rows = [(x, y, 100 * (x - 112.0), 20 * (y - 26.0), 30.0, 400.0) for x, y in points()]
    path = grid_xml(tmp_path / "grid.xml", ("LON", "LAT", "PGA", "PGV", "PSA10", "SVEL"), rows)
    found = read_shakemap(path)
    assert found.event == "test1" and found.magnitude == 6.8 and found.lon.tolist() == pytest.approx([113.0, 113.1, 113.2, 113.3, 113.4])
    assert set(found.median) == {"pga", "pgv", "sa10"} and (found.sigma["pga"] == USUAL_SIGMA).all() and (found.vs30 == 400.0).all()
    at = found.at(np.array([113.25, 113.0, 120.0]), np.array([27.15, 27.3, 27.0]), found.median["pga"])
    assert at[:2].tolist() == pytest.approx([1.25 * G, 1.0 * G]) and np.isnan(at[2])
    assert found.median["pgv"][0, 0] == pytest.approx(0.2)
    spread = grid_xml(tmp_path / "uncertainty.xml", ("LON", "LAT", "STDPGA", "STDPGV"), [(x, y, 0.4, 0.5) for x, y in points()])
    assert (read_shakemap(path, spread).sigma["pga"] == 0.4).all() and (read_shakemap(path, spread).sigma["pgv"] == 0.5).all()


def test_array_of_openquake(tmp_path):
    inner = [("PGA", float), ("SA(0.3)", float)]
    table = np.zeros(20, [("lon", float), ("lat", float), ("vs30", float), ("val", inner), ("std", inner)])
    table["lon"], table["lat"] = np.array(points()).T
    table["val"]["PGA"], table["std"]["PGA"] = 25.0, 0.3
    np.save(tmp_path / "map.npy", table)
    found = read_shakemap(str(tmp_path / "map.npy"))
    assert found.median["pga"] == pytest.approx(np.full((4, 5), 0.25 * G)) and (found.sigma["pga"] == 0.3).all() and "sa03" in found.median


@pytest.mark.parametrize(
    ("content", "match"),
    [("<shakemap_grid", "XML"), ("<shakemap_grid/>", "grid_field"),
     ('<g><grid_field index="1" name="LON"/><grid_field index="2" name="LAT"/><grid_data>1 2 3</grid_data></g>', "2 numbers"),
     ('<g><grid_field index="1" name="A"/><grid_data>1 2 3</grid_data></g>', "LON"),
     ('<g><grid_field index="1" name="LON"/><grid_field index="2" name="LAT"/><grid_data>1 2 3 4</grid_data></g>', "2 by 2|none of")],
)
def test_damaged_files(tmp_path, content, match):
    path = tmp_path / "grid.xml"
    path.write_text(content, encoding="utf-8")
    with pytest.raises(Invalid, match=match):
        read_shakemap(str(path))
    with pytest.raises(NotFound):
        read_shakemap(str(tmp_path / "none.xml"))
    (tmp_path / "x.npy").write_bytes(b"no array")
    with pytest.raises(Invalid, match="cannot be read"):
        read_shakemap(str(tmp_path / "x.npy"))


def test_a_map_over_the_city(anlan, anlan_sites, tmp_path):
    lon, lat = transformer(anlan.crs, "EPSG:4326")(anlan_sites.xyz[:, 0], anlan_sites.xyz[:, 1])
    west, south = float(lon.min()) - 0.15, float(lat.min()) - 0.15
    places = points(round(west, 2), round(south, 2))
    path = grid_xml(tmp_path / "grid.xml", ("LON", "LAT", "PGA", "PGV", "STDPGA", "STDPGV"), [(x, y, 30.0, 25.0, 0.2, 0.3) for x, y in places])
    hazard = model(anlan, anlan_sites, shakemap=path, correlation="none", liquefaction="none", truncation=0.0)
    strike = hazard.strike(np.arange(300), 1)
    logs = np.log(strike.intensity["pga"])
    assert hazard.summary["magnitude"] == 6.8 and hazard.summary["covered_share"] == 1.0
    assert logs.mean() == pytest.approx(np.log(0.3 * G), abs=0.01) and logs.std() == pytest.approx(0.2, abs=0.005)
    assert strike.label[0].as_py() == "ShakeMap test1" and set(strike.intensity) == {"pga", "pgv"}
    with pytest.raises(Invalid, match="does not reach"):
        model(anlan, anlan_sites, shakemap=grid_xml(tmp_path / "far.xml", ("LON", "LAT", "PGA"), [(x, y, 30.0) for x, y in points(10.0, 50.0)], 10.0, 50.0))
