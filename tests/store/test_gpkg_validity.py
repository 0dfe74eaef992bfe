"""The embedded city is a GeoPackage that other programs open, query and even edit as it is."""

from __future__ import annotations

import shutil
import sqlite3
import struct
import subprocess

import geopandas
import numpy as np
import pyarrow as pa
import pyogrio
import pytest
import shapely

from store_kinds import EAST, HOUSE, NODE, NORTH, NOTE, PIPE, SENSOR, create_store, day, notes, open_store, pipes

SQUARE = shapely.box(EAST, NORTH, EAST + 10, NORTH + 20)


def wkb(*shapes, flavour="iso"):
    return pa.array([None if shape is None else shapely.to_wkb(shape, flavor=flavour) for shape in shapes], pa.binary())


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    """A city with every kind of layer, a few facts closed again, and a layer loaded in bulk."""
    place = tmp_path_factory.mktemp("gpkg") / "城市"
    city = create_store(str(place))
    with city.write() as writer:
        writer.append(PIPE, pipes([f"{i:05}" for i in range(6000)], diameter=np.full(6000, 0.3), name=["东湖路"] * 6000), day(0))
        writer.append(NODE, pa.table({"id": ["n1", "n2"], "geometry": wkb(shapely.Point(EAST, NORTH, 5.0), None), "elevation": [5.0, 6.0]}), day(0))
        writer.append(HOUSE, pa.table({"id": ["h1", "h2"], "geometry": wkb(SQUARE, shapely.MultiPolygon([SQUARE]))}), day(0))
        writer.append(SENSOR, pa.table({"id": ["s1"], "geometry": wkb(shapely.Point(EAST, NORTH, 1.0), flavour="extended"), "host_id": ["n1"]}), day(0))
        writer.append(NOTE, notes({"1": "备注"}), day(0))
    with city.write() as writer:
        writer.close(PIPE, [f"demo.pipe:{i:05}" for i in range(10)], day(3))
        writer.append(PIPE, pipes(["new"], east=[-500.0]), day(3))
    city.close()
    return place


@pytest.fixture(scope="module")
def database(folder):
    connection = sqlite3.connect(f"{(folder / 'city.gpkg').as_uri()}?mode=ro", uri=True)
    yield connection
    connection.close()


def column(database, query, *values):
    return [row[0] for row in database.execute(query, values)]


def test_the_file_says_that_it_is_a_geopackage(folder, database):
    header = (folder / "city.gpkg").read_bytes()[:100]
    assert header[:16] == b"SQLite format 3\0"
    assert header[68:72] == b"GPKG"
    assert struct.unpack(">I", header[60:64])[0] == 10300
    assert database.execute("PRAGMA integrity_check").fetchone() == ("ok",)
    assert database.execute("PRAGMA foreign_key_check").fetchall() == []


def test_the_required_tables_and_rows_are_there(database):
    names = column(database, "SELECT name FROM sqlite_master WHERE type = 'table'")
    assert {"gpkg_spatial_ref_sys", "gpkg_contents", "gpkg_geometry_columns", "gpkg_extensions"} <= set(names)
    assert {-1, 0, 4326, 4547} <= set(column(database, "SELECT srs_id FROM gpkg_spatial_ref_sys")), "requirement 11 asks for -1, 0 and 4326"
    assert set(column(database, "SELECT DISTINCT data_type FROM gpkg_contents")) == {"features", "attributes"}
    assert set(column(database, "SELECT table_name FROM gpkg_contents")) <= set(names)
    missing = column(database, "SELECT table_name FROM gpkg_contents WHERE data_type = 'features' EXCEPT SELECT table_name FROM gpkg_geometry_columns")
    assert missing == []
    assert column(database, "SELECT srs_id FROM gpkg_contents WHERE data_type = 'features' AND srs_id IS NOT 4547") == []


def test_every_user_table_has_an_integer_key_and_known_types(database):
    known = {"BOOLEAN", "INTEGER", "REAL", "DOUBLE", "TEXT", "BLOB", "DATE", "DATETIME", "POINT", "LINESTRING", "POLYGON", "MULTIPOLYGON", "GEOMETRY"}
    for table in column(database, "SELECT table_name FROM gpkg_contents"):
        columns = database.execute(f'PRAGMA table_info("{table}")').fetchall()
        assert {row[2].upper() for row in columns} <= known, table
        keys = [row for row in columns if row[5]]
        assert len(keys) == 1, table
        if table not in ("meta", "kind"):
            assert keys[0][2].upper() == "INTEGER", table


def test_geometry_blobs_are_iso_wkb_behind_a_valid_header(database):
    for layer in ("demo_pipe", "demo_node", "demo_house", "demo_sensor", "demo_pipe_past"):
        for (blob,) in database.execute(f"SELECT geometry FROM {layer} WHERE geometry NOT NULL LIMIT 20"):
            assert blob[:3] == b"GP\0" and struct.unpack("<i", blob[4:8])[0] == 4547
            envelope = (0, 32, 48, 48, 64)[blob[3] >> 1 & 7]
            code = struct.unpack("<I", blob[8 + envelope + 1 : 8 + envelope + 5])[0]
            assert code < 4000, f"{layer} holds extended WKB"
            assert shapely.from_wkb(blob[8 + envelope :]).is_valid


def test_geometry_type_srs_and_dimension_are_declared(database):
    rows = {row[0]: row[1:] for row in database.execute("SELECT table_name, geometry_type_name, srs_id, z, m FROM gpkg_geometry_columns")}
    assert rows["demo_pipe"] == ("LINESTRING", 4547, 2, 0) and rows["demo_node"] == ("POINT", 4547, 2, 0)
    assert rows["demo_house"][0] in ("GEOMETRY", "MULTIPOLYGON")
    assert rows["demo_pipe_past"] == rows["demo_pipe"]
    assert "demo_note" not in rows


def test_each_layer_has_a_registered_tree_with_a_box_per_feature(database):
    layers = column(database, "SELECT table_name FROM gpkg_geometry_columns")
    registered = column(database, "SELECT table_name FROM gpkg_extensions WHERE extension_name = 'gpkg_rtree_index' AND column_name = 'geometry'")
    assert sorted(layers) == sorted(registered)
    for layer in layers:
        placed = database.execute(f'SELECT count(*) FROM "{layer}" WHERE geometry NOT NULL').fetchone()
        assert database.execute(f'SELECT count(*) FROM "rtree_{layer}_geometry"').fetchone() == placed, layer
        assert database.execute(f"SELECT rtreecheck('rtree_{layer}_geometry')").fetchone() == ("ok",)
        assert column(database, f'SELECT id FROM "rtree_{layer}_geometry" EXCEPT SELECT fid FROM "{layer}"') == []
    assert database.execute("SELECT count(*) FROM demo_pipe_past").fetchone() == (20,)


def test_contents_have_the_extent_of_their_layer(database):
    box = database.execute("SELECT min_x, min_y, max_x, max_y FROM gpkg_contents WHERE table_name = 'demo_pipe'").fetchone()
    assert np.allclose(box, (EAST - 500, NORTH, EAST + 599_906, NORTH + 8), atol=1.0)


def test_pyogrio_lists_and_reads_every_layer(folder):
    path = folder / "city.gpkg"
    listed = dict(pyogrio.list_layers(path))
    assert listed["demo_pipe"] in ("LineString Z", "LineString", "3D Line String") and listed["demo_node"].startswith("Point")
    assert listed["demo_note"] is None
    frame = geopandas.read_file(path, layer="demo_pipe")
    assert len(frame) == 5991 and frame.crs.to_epsg() == 4547
    assert frame["name"].iloc[100] == "东湖路" and frame["diameter"].iloc[100] == 0.3
    assert str(frame["valid_from"].dtype).startswith("datetime64") and frame.geometry.has_z.all()
    assert len(geopandas.read_file(path, layer="demo_house")) == 2
    assert pyogrio.read_dataframe(path, layer="demo_note")["text"].tolist() == ["备注"]


def test_other_programs_use_the_tree(folder):
    found = pyogrio.read_dataframe(folder / "city.gpkg", layer="demo_pipe", bbox=(EAST + 100_000, NORTH, EAST + 100_206, NORTH + 1))
    assert sorted(found["id"]) == ["demo.pipe:01000", "demo.pipe:01001", "demo.pipe:01002"]
    info = pyogrio.read_info(folder / "city.gpkg", layer="demo_pipe")
    assert info["features"] == 5991 and info["capabilities"]["fast_spatial_filter"] and info["fid_column"] == "fid"


@pytest.mark.skipif(shutil.which("ogrinfo") is None, reason="ogrinfo is not installed: apt-get install gdal-bin")
def test_ogrinfo_opens_it_without_a_warning(folder):
    def ogrinfo(*arguments):
        done = subprocess.run(["ogrinfo", "-ro", "-so", str(folder / "city.gpkg"), *arguments], capture_output=True, text=True, check=True)
        assert "ERROR" not in done.stderr and "Warning" not in done.stderr, done.stderr
        return done.stdout

    assert "demo_pipe (" in ogrinfo()
    layer = ogrinfo("demo_pipe")
    assert "Feature Count: 5991" in layer and "CGCS2000 / 3-degree Gauss-Kruger CM 114E" in layer and "FID Column = fid" in layer
    assert "Line String" in ogrinfo("demo_pipe_past")


@pytest.mark.skipif(shutil.which("ogr2ogr") is None, reason="ogr2ogr is not installed: apt-get install gdal-bin")
def test_another_program_may_edit_a_layer_and_the_city_reads_it(folder, tmp_path):
    shutil.copytree(folder, tmp_path / "edited")
    path = tmp_path / "edited" / "city.gpkg"
    shape = "GeomFromText('LINESTRING Z (455000 3394000 1, 455010 3394000 1)', 4547)"
    insert = f"INSERT INTO demo_pipe (id, valid_from, recorded_at, geometry) VALUES ('demo.pipe:qgis', '2026-01-05T00:00:00.000Z', '2026-01-05T00:00:00.000Z', {shape})"
    for statement in (insert, "DELETE FROM demo_pipe WHERE id = 'demo.pipe:new'"):
        done = subprocess.run(["ogrinfo", str(path), "-dialect", "SQLite", "-sql", statement], capture_output=True, text=True, check=True)
        assert "ERROR" not in done.stderr, done.stderr
    city = open_store(str(tmp_path / "edited"))
    assert city.read(PIPE, bbox=(454_990, 3_393_990, 455_020, 3_394_010))["id"].to_pylist() == ["demo.pipe:qgis"]
    assert city.read(PIPE, ids=["demo.pipe:new"]).num_rows == 0
    with city.write() as writer:
        assert writer.close(PIPE, ["demo.pipe:qgis"], day(100)) == 1
    city.close()


def test_a_local_grid_is_an_undefined_cartesian_plane(tmp_path):
    city = create_store(str(tmp_path / "local"), crs="local")
    with city.write() as writer:
        writer.append(PIPE, pipes(["A"]), day(0))
    city.close()
    frame = geopandas.read_file(tmp_path / "local" / "city.gpkg", layer="demo_pipe")
    assert len(frame) == 1 and (frame.crs is None or "undefined" in frame.crs.name.lower())


def test_a_reader_without_write_access_needs_no_other_files(folder, tmp_path):
    """After the last writer has closed, the city is complete in one file."""
    shutil.copy(folder / "city.gpkg", tmp_path / "alone.gpkg")
    assert len(geopandas.read_file(tmp_path / "alone.gpkg", layer="demo_pipe")) == 5991
