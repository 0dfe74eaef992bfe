"""What is exported to a geo format and imported again is the same facts."""

from __future__ import annotations

import json
import zipfile
from pathlib import Path

import numpy as np
import pyarrow as pa
import pytest
import shapely

from holdfast.io import geofile, geoparquet, table
from holdfast.io.geofile_write import geometry_type, short_names, tables_of
from holdfast.model import geometry
from holdfast.model.crs import transformer
from holdfast.model.delivery import ReadRequest
from holdfast.model.errors import Invalid, NotSupported
from memory_city import MemoryCity, assert_same_facts, buildings, delivered, junctions, make_catalog, pipes, small_city

FORMATS = {f.name: f for f in (*geofile.FORMATS, *geoparquet.FORMATS, *table.FORMATS)}
CASES = [("geopackage", ".gpkg", None), ("geoparquet", ".parquet", None), ("csv", ".csv", None), ("csv", ".tsv", None), ("geojson-city", ".geojson", "geojson")]


def read_back(name: str, path: Path) -> dict[str, pa.Table]:
    read = FORMATS[name].read
    assert read is not None
    delivery = read(path, ReadRequest(make_catalog()))
    got = delivered(delivery)
    assert delivery.findings.counts()["error"] == 0, delivery.findings.table().to_pylist()
    return got


@pytest.mark.parametrize(("name", "ending", "reader"), CASES)
@pytest.mark.parametrize("crs", ["EPSG:4547", "local"])
def test_lossless_formats_give_the_same_facts(name: str, ending: str, reader: str | None, crs: str, tmp_path: Path) -> None:
    city = small_city(crs)
    path = tmp_path / f"导出 一{ending}"
    facts = FORMATS[name].write(city, path, None, None)
    assert facts["kinds"] == city.counts()
    got = read_back(reader or name, path)
    assert set(got) == set(city.tables)
    for kind, before in city.tables.items():
        assert_same_facts(before, got[kind], places=1e-9)


@pytest.mark.parametrize(("name", "ending"), [("geojson", ".geojson"), ("geojsonl", ".geojsonl")])
def test_geojson_is_in_degrees_and_comes_back_to_the_millimetre(name: str, ending: str, tmp_path: Path) -> None:
    city, path = small_city(), tmp_path / f"a{ending}"
    facts = FORMATS[name].write(city, path, None, None)
    assert facts["crs"] == "EPSG:4326"
    assert any("one datum" in note for note in facts["notes"])
    got = read_back(name, path)
    back = transformer("EPSG:4326", "EPSG:4547")
    for kind, before in city.tables.items():
        after = got[kind]
        if "geometry" in after.column_names:
            moved = geometry.transform(after["geometry"], back)
            after = after.set_column(after.column_names.index("geometry"), "geometry", moved)
        assert_same_facts(before, after, places=1e-3)


def test_rfc_7946_has_no_crs_member_and_the_city_form_has(tmp_path: Path) -> None:
    city = small_city()
    FORMATS["geojson"].write(city, tmp_path / "a.geojson", ["water.junction"], None)
    FORMATS["geojson-city"].write(city, tmp_path / "b.geojson", ["water.junction"], None)
    degrees, metres = (json.loads((tmp_path / name).read_text("utf-8")) for name in ("a.geojson", "b.geojson"))
    assert "crs" not in degrees
    assert metres["crs"]["properties"]["name"].endswith("4547")
    assert 113 < degrees["features"][0]["geometry"]["coordinates"][0] < 115
    assert degrees["features"][0]["properties"]["kind"] == "water.junction"


def test_a_local_city_has_no_geojson_in_degrees(tmp_path: Path) -> None:
    with pytest.raises(NotSupported, match="local grid"):
        FORMATS["geojson"].write(small_city("local"), tmp_path / "a.geojson", None, None)
    assert not list(tmp_path.iterdir())


@pytest.mark.parametrize("kind", ["water.pipe", "water.junction", "buildings.building"])
def test_flatgeobuf_holds_one_shape_type_with_heights(kind: str, tmp_path: Path) -> None:
    city, path = small_city(), tmp_path / "a.fgb"
    FORMATS["flatgeobuf"].write(city, path, [kind], None)
    assert_same_facts(city.tables[kind], read_back("flatgeobuf", path)[kind])


def test_flatgeobuf_refuses_to_lose_heights(tmp_path: Path) -> None:
    with pytest.raises(NotSupported, match="several types"):
        FORMATS["flatgeobuf"].write(small_city(), tmp_path / "a.fgb", None, None)
    assert not list(tmp_path.iterdir())


def test_flatgeobuf_without_heights_mixes_types(tmp_path: Path) -> None:
    flat = {"water.pipe": pipes(10, tall=False), "buildings.building": buildings()}
    FORMATS["flatgeobuf"].write(MemoryCity(flat), tmp_path / "a.fgb", None, None)
    got = read_back("flatgeobuf", tmp_path / "a.fgb")
    for kind, before in flat.items():
        assert_same_facts(before, got[kind])


@pytest.mark.parametrize("kind", ["water.pipe", "water.junction", "buildings.building"])
def test_a_shapefile_keeps_long_names_through_the_mapping_beside_it(kind: str, tmp_path: Path) -> None:
    city, path = small_city(), tmp_path / "管线 图.shp"
    facts = FORMATS["shapefile"].write(city, path, [kind], None)
    assert facts["lost"] == []
    names = {p.name for p in tmp_path.iterdir()}
    assert {"管线 图.shp", "管线 图.dbf", "管线 图.shx", "管线 图.prj", "管线 图.cpg", "管线 图.shp.mapping.toml"} <= names
    assert_same_facts(city.tables[kind], read_back("shapefile", path)[kind], digits=1e-12)


def test_shapefiles_of_several_kinds_travel_in_one_zip(tmp_path: Path) -> None:
    city, path = small_city(), tmp_path / "a.zip"
    facts = FORMATS["shapefile"].write(city, path, None, None)
    assert facts["left_out"] == ["water.pattern"]
    got = read_back("shapefile", path)
    for kind in ("water.pipe", "water.junction", "buildings.building"):
        assert_same_facts(city.tables[kind], got[kind], digits=1e-12)
    assert "water_pipe.shp" in zipfile.ZipFile(path).namelist()


def test_several_kinds_do_not_fit_one_shapefile(tmp_path: Path) -> None:
    with pytest.raises(Invalid, match="one kind"):
        FORMATS["shapefile"].write(small_city(), tmp_path / "a.shp", None, None)


def test_a_shapefile_says_what_it_cuts(tmp_path: Path) -> None:
    rows = junctions(3)
    rows = rows.set_column(rows.column_names.index("depth"), "depth", pa.array([1.23456789e-9, 1.0, 2.0]))
    facts = FORMATS["shapefile"].write(MemoryCity({"water.junction": rows}), tmp_path / "a.shp", ["water.junction"], None)
    assert facts["lost"] == ["small values of water.junction.depth were rounded to 15 decimals"]
    long = pipes(2)
    long = long.set_column(long.column_names.index("comment"), "comment", pa.array(["长" * 200, "短"]))
    facts = FORMATS["shapefile"].write(MemoryCity({"water.pipe": long}), tmp_path / "b.shp", None, None)
    assert facts["lost"] == ["1 values of water.pipe.comment are longer than 254 bytes and were cut"]
    assert read_back("shapefile", tmp_path / "b.shp")["water.pipe"]["comment"].to_pylist()[0].startswith("长长")


def test_short_names_stay_distinct() -> None:
    names = short_names(["from_elevation", "from_elev", "from_elevated", "to_elevation", "From_Eleva"])
    assert len(set(map(str.casefold, names.values()))) == 5
    assert all(len(name) <= 10 for name in names.values())


def test_nothing_to_write_is_said_and_leaves_no_file(tmp_path: Path) -> None:
    empty = MemoryCity({"water.pipe": pipes(5).slice(0, 0)})
    for form in FORMATS.values():
        if form.write is not None:
            with pytest.raises(Invalid, match="nothing to write"):
                form.write(empty, tmp_path / f"a{(form.suffixes or ('.x',))[0]}", None, None)
    assert not list(tmp_path.iterdir())


def test_a_failed_write_leaves_the_old_file(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = tmp_path / "a.gpkg"
    path.write_bytes(b"old")
    monkeypatch.setattr("pyogrio.raw.write_arrow", lambda *a, **k: (_ for _ in ()).throw(RuntimeError("disk full")))
    with pytest.raises(Invalid, match="disk full"):
        FORMATS["geopackage"].write(small_city(), path, None, None)
    assert path.read_bytes() == b"old"
    assert [p.name for p in tmp_path.iterdir()] == ["a.gpkg"]


def test_null_geometries_and_mixed_heights_survive(tmp_path: Path) -> None:
    tall, flat = pipes(4), pipes(4, tall=False)
    mixed = tall.set_column(1, "geometry", pa.chunked_array([pa.concat_arrays([tall["geometry"].chunk(0)[:2], flat["geometry"].chunk(0)[2:3], pa.nulls(1, pa.binary())])]))
    city = MemoryCity({"water.pipe": mixed})
    for name, ending in (("geopackage", ".gpkg"), ("geoparquet", ".parquet"), ("csv", ".csv")):
        FORMATS[name].write(city, tmp_path / f"a{ending}", None, None)
        got = read_back(name, tmp_path / f"a{ending}")["water.pipe"]
        assert [g is None for g in geometry.decode(got["geometry"])] == [False, False, False, True]
        assert shapely.has_z(geometry.decode(got["geometry"])).tolist() == [True, True, False, False]


def test_geometry_types_are_named_as_gdal_names_them() -> None:
    assert geometry_type(pipes(2)) == "LineString Z"
    assert geometry_type(pipes(2, tall=False)) == "LineString"
    assert geometry_type(buildings()) == "Unknown"
    assert geometry_type(pa.table({"id": ["a"]})) is None


def test_columns_that_are_all_null_and_derived_ones_are_not_written() -> None:
    rows = pipes(3).append_column("owner", pa.nulls(3, pa.string())).append_column("shape_length", pa.array(np.ones(3)))
    (_, facts), = tables_of(MemoryCity({"water.pipe": rows}), None, None)
    assert "owner" not in facts.column_names
    assert "shape_length" not in facts.column_names
