"""Geo files as they come: whole or cut short, named well or not, in any encoding, with or without a CRS."""

from __future__ import annotations

import json
import os
import shutil
import struct
import subprocess
import sys
import textwrap
import zipfile
from pathlib import Path

import numpy as np
import pyarrow as pa
import pytest
from pyogrio.raw import write_arrow

from holdfast.io import geofile, geofile_write
from holdfast.model import geometry
from holdfast.model.delivery import Delivery, Format, ReadRequest
from holdfast.model.errors import Invalid, NotFound, Unavailable
from memory_city import MemoryCity, delivered, junctions, make_catalog, pipes

CATALOG = make_catalog()
FORMATS: dict[str, Format] = {f.name: f for f in geofile.FORMATS}
READABLE = {"geopackage": ".gpkg", "shapefile": ".shp", "geojson": ".geojson", "geojsonl": ".geojsonl", "flatgeobuf": ".fgb"}


def read(name: str, path: Path, **request: object) -> Delivery:
    reader = FORMATS[name].read
    assert reader is not None
    return reader(path, ReadRequest(CATALOG, **request))  # type: ignore[arg-type]


def rules_of(delivery: Delivery) -> dict[str, int]:
    return delivery.findings.by_rule()


def write_sample(name: str, folder: Path, rows: int = 200) -> Path:
    path = folder / f"water_pipe{READABLE[name]}"
    write = FORMATS[name].write
    assert write is not None
    write(MemoryCity({"water.pipe": pipes(rows)}), path, None, None)
    return path


def shapefile(path: Path, columns: dict[str, object], crs: str | None = "EPSG:4547", encoding: str = "UTF-8") -> Path:
    count = len(next(iter(columns.values())))  # type: ignore[arg-type]
    line = np.array([[[500_000.0, 3_400_000.0], [500_010.0, 3_400_000.0]]] * count)
    table = pa.table({**columns, "geometry": geometry.lines(line)})
    write_arrow(table, str(path), driver="ESRI Shapefile", geometry_name="geometry", geometry_type="LineString", crs=crs, encoding=encoding)
    return path


# what a layer is


def test_a_layer_named_after_a_kind_needs_no_mapping(tmp_path: Path) -> None:
    path = write_sample("geopackage", tmp_path)
    delivery = read("geopackage", path)
    assert delivery.crs == "EPSG:4547"
    assert delivered(delivery)["water.pipe"].num_rows == 200
    assert delivery.facts["layers"]["water_pipe"]["water.pipe"]["extra"] == []


def test_other_layers_are_left_out_and_said(tmp_path: Path) -> None:
    path = write_sample("geopackage", tmp_path)
    write_arrow(pipes(3).select(["id", "geometry"]), str(path), driver="GPKG", layer="gossip", geometry_name="geometry", geometry_type="LineString Z", crs="EPSG:4547")
    delivery = read("geopackage", path)
    assert list(delivered(delivery)) == ["water.pipe"]
    skipped = [row for row in delivery.findings.table().to_pylist() if row["rule"] == "import.layer_skipped"]
    assert skipped[0]["value"] == "gossip"


def test_a_file_of_no_known_kind_is_refused_with_the_way_out(tmp_path: Path) -> None:
    path = shapefile(tmp_path / "lines.shp", {"a": ["1"]})
    with pytest.raises(Invalid, match="no layer of the file is of a known kind") as caught:
        read("shapefile", path)
    assert "--guess" in caught.value.fix


def test_the_kind_of_all_rows_may_be_said(tmp_path: Path) -> None:
    path = shapefile(tmp_path / "lines.shp", {"DIAMETER": [0.3], "GC": ["x"]})
    table = delivered(read("shapefile", path, parameters={"kind": "water.pipe"}))["water.pipe"]
    assert table["diameter"].to_pylist() == [0.3]
    assert table["GC"].to_pylist() == ["x"]
    assert table["id"].to_pylist() == ["water.pipe:lines-1"]


def test_a_mapping_names_kind_columns_units_and_codes(tmp_path: Path) -> None:
    path = shapefile(tmp_path / "管线.shp", {"DN": [300, 100], "GC": ["铸铁", "PE"], "BH": ["a", "b"]})
    mapping = {"layer": {"管线": {"kind": "water.pipe", "columns": {"id": "BH", "diameter": {"from": "DN", "unit": "mm"}, "material": "GC"}}}}
    table = delivered(read("shapefile", path, mapping=mapping))["water.pipe"]
    assert table["diameter"].to_pylist() == [0.3, 0.1]
    assert table["material"].to_pylist() == ["ZT", "PE"]
    assert table["id"].to_pylist() == ["water.pipe:a", "water.pipe:b"]


def test_only_some_kinds_may_be_wanted(tmp_path: Path) -> None:
    path = tmp_path / "a.gpkg"
    geofile_write.write_geopackage(MemoryCity({"water.pipe": pipes(5), "water.junction": junctions(5)}), path, None, None)
    assert list(delivered(read("geopackage", path, only=frozenset({"water.junction"})))) == ["water.junction"]


# CRS


def test_without_a_prj_the_delivery_has_no_crs(tmp_path: Path) -> None:
    assert read("shapefile", shapefile(tmp_path / "water_pipe.shp", {"a": ["1"]}, crs=None)).crs is None


def test_geojson_is_wgs_84_unless_it_says_otherwise(tmp_path: Path) -> None:
    feature = {"type": "Feature", "properties": {"id": "a"}, "geometry": {"type": "Point", "coordinates": [114.0, 30.0]}}
    path = tmp_path / "water_junction.geojson"
    path.write_text(json.dumps({"type": "FeatureCollection", "features": [feature]}), "utf-8")
    assert read("geojson", path).crs == "EPSG:4326"


def test_layers_in_another_crs_are_left_out_with_an_error(tmp_path: Path) -> None:
    path = write_sample("geopackage", tmp_path)
    rows = junctions(3).select(["id", "geometry"])
    write_arrow(rows, str(path), driver="GPKG", layer="water_junction", geometry_name="geometry", geometry_type="Point Z", crs="EPSG:4548")
    delivery = read("geopackage", path)
    assert list(delivered(delivery)) == ["water.pipe"]
    assert rules_of(delivery) == {"import.mixed_crs": 1}


def test_the_crs_of_a_mapping_goes_before_the_files(tmp_path: Path) -> None:
    path = write_sample("geopackage", tmp_path)
    delivery = read("geopackage", path, mapping={"crs": "EPSG:4548", "layer": {"water_pipe": {"kind": "water.pipe"}}})
    assert delivery.crs == "EPSG:4548"
    assert rules_of(delivery) == {"import.crs_overruled": 1}


def test_axes_may_be_exchanged_by_a_mapping(tmp_path: Path) -> None:
    path = shapefile(tmp_path / "a.shp", {"id": ["1"]})
    table = delivered(read("shapefile", path, mapping={"layer": {"a": {"kind": "water.pipe", "swap_xy": True}}}))["water.pipe"]
    assert geometry.bounds(table["geometry"])[0].tolist() == [3_400_000.0, 500_000.0, 3_400_000.0, 500_010.0]


# encodings


@pytest.mark.parametrize("stated", [True, False])
def test_gbk_names_and_values_with_and_without_cpg(tmp_path: Path, stated: bool) -> None:
    path = shapefile(tmp_path / "water_pipe.shp", {"材质": ["铸铁", "球墨铸铁"], "备注": ["木头", "联通"]}, encoding="GBK")
    if not stated:
        path.with_suffix(".cpg").unlink()
    table = delivered(read("shapefile", path))["water.pipe"]
    assert table["材质"].to_pylist() == ["铸铁", "球墨铸铁"]
    assert table["备注"].to_pylist() == ["木头", "联通"]


def test_a_table_that_is_partly_gbk_is_decoded_value_by_value(tmp_path: Path) -> None:
    path = shapefile(tmp_path / "water_pipe.shp", {"name": ["解放路给水管线", "x" * 30]})
    table = path.with_suffix(".dbf")
    table.write_bytes(table.read_bytes().replace(b"x" * 30, "人民路给水".encode("gbk").ljust(30)))
    delivery = read("shapefile", path)
    assert delivered(delivery)["water.pipe"]["name"].to_pylist() == ["解放路给水管线", "人民路给水"]
    assert rules_of(delivery)["import.mixed_encoding"] == 1


def test_geojson_in_gbk_is_converted_and_said(tmp_path: Path) -> None:
    feature = {"type": "Feature", "properties": {"id": "a", "name": "人民路供水管道"}, "geometry": {"type": "Point", "coordinates": [114.0, 30.0]}}
    path = tmp_path / "water_junction.geojson"
    path.write_text(json.dumps({"type": "FeatureCollection", "features": [feature]}, ensure_ascii=False), "gbk")
    delivery = read("geojson", path)
    assert delivered(delivery)["water.junction"]["name"].to_pylist() == ["人民路供水管道"]
    assert rules_of(delivery)["import.encoding"] == 1


# damaged, empty, misnamed


@pytest.mark.parametrize("name", READABLE)
@pytest.mark.parametrize("share", [0.999, 0.9, 0.5, 0.1, 0.02])
def test_a_truncated_file_is_refused(name: str, share: float, tmp_path: Path) -> None:
    path = write_sample(name, tmp_path)
    whole = path.read_bytes()
    path.write_bytes(whole[: int(len(whole) * share)])
    with pytest.raises(Invalid) as caught:
        delivered(read(name, path))
    assert "water_pipe" in str(caught.value)
    assert caught.value.fix


def test_a_truncated_attribute_table_names_the_row(tmp_path: Path) -> None:
    path = write_sample("shapefile", tmp_path)
    table = path.with_suffix(".dbf")
    table.write_bytes(table.read_bytes()[:-3000])
    with pytest.raises(Invalid, match="cut short") as caught:
        read("shapefile", path)
    assert 1 < int(str(caught.value.where["row"])) < 200


def test_a_bad_line_of_a_geojson_sequence_is_a_finding(tmp_path: Path) -> None:
    path = write_sample("geojsonl", tmp_path, 10)
    lines = path.read_text("utf-8").splitlines()
    lines[4] = lines[4][:-20]
    path.write_text("\n".join(lines) + "\n", "utf-8")
    delivery = read("geojsonl", path)
    assert delivered(delivery)["water.pipe"].num_rows == 9
    bad = [row for row in delivery.findings.table().to_pylist() if row["rule"] == "import.bad_row"]
    assert bad[0]["row"] == 5


@pytest.mark.parametrize("name", READABLE)
def test_an_empty_file_a_folder_and_nothing(name: str, tmp_path: Path) -> None:
    path = tmp_path / f"water_pipe{READABLE[name]}"
    with pytest.raises(NotFound):
        read(name, path)
    path.write_bytes(b"")
    with pytest.raises(Invalid, match="empty"):
        read(name, path)
    path.unlink()
    path.mkdir()
    with pytest.raises(Invalid, match=r"folder|no \.shp"):
        read(name, path)


@pytest.mark.parametrize("name", READABLE)
def test_a_wrong_ending_is_explained(name: str, tmp_path: Path) -> None:
    other = "flatgeobuf" if name == "geopackage" else "geopackage"
    source = write_sample(other, tmp_path)
    path = source.rename(tmp_path / f"water_pipe_{READABLE[name]}".replace("_.", "."))
    with pytest.raises(Invalid) as caught:
        delivered(read(name, path))
    if name in {"geopackage", "flatgeobuf", "shapefile"}:
        assert "looks like" in caught.value.message


def test_a_file_without_permission(tmp_path: Path) -> None:
    path = write_sample("flatgeobuf", tmp_path)
    code = textwrap.dedent(f"""
        import os, sys
        sys.path[:0] = {[str(Path(geofile.__file__).parents[2]), str(Path(__file__).parents[1])]!r}
        import pyogrio.raw
        from pathlib import Path
        from holdfast.io import geofile
        from holdfast.model.delivery import ReadRequest
        from holdfast.model.errors import Unavailable
        from memory_city import make_catalog
        path = Path("water_pipe.fgb")
        if os.geteuid() == 0:
            os.setgid(65534); os.setuid(65534)
        try:
            geofile.read_flatgeobuf(path, ReadRequest(make_catalog()))
        except Unavailable as error:
            print("refused:", error.message)
    """)
    path.chmod(0)
    done = subprocess.run([sys.executable, "-c", code], cwd=tmp_path, capture_output=True, text=True, timeout=60, check=False)
    assert "refused: the file may not be read" in done.stdout, done.stderr


def test_a_missing_shx_or_dbf(tmp_path: Path) -> None:
    path = write_sample("shapefile", tmp_path)
    sidecar = path.with_name("water_pipe.shp.mapping.toml")
    sidecar.unlink()
    path.with_suffix(".dbf").unlink()
    delivery = read("shapefile", path)
    assert delivered(delivery)["water.pipe"].num_rows == 200
    assert "import.no_attributes" in rules_of(delivery)
    path.with_suffix(".shx").unlink()
    with pytest.raises(Invalid, match=r"\.shx part is missing"):
        read("shapefile", path)


# hostile


def test_a_geojson_cannot_choose_a_driver_that_runs_commands(tmp_path: Path) -> None:
    secret = write_sample("geopackage", tmp_path)
    path = tmp_path / "water_junction.geojson"
    path.write_text(json.dumps({"type": "gdal_streamed_alg", "command_line": f"gdal vector pipeline ! read {secret} ! limit 1"}), "utf-8")
    with pytest.raises(Invalid):
        delivered(read("geojson", path))


def test_a_virtual_dataset_is_no_geojson(tmp_path: Path) -> None:
    path = tmp_path / "water_junction.geojson"
    path.write_text('<OGRVRTDataSource><OGRVRTLayer name="a"><SrcDataSource>/etc/passwd</SrcDataSource></OGRVRTLayer></OGRVRTDataSource>', "utf-8")
    with pytest.raises(Invalid):
        delivered(read("geojson", path))


def test_a_zip_bomb_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "a.zip"
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("a.shp", b"\0" * (40 << 20))
    with pytest.raises(Invalid, match="bomb"):
        read("shapefile", path)


def test_a_zip_of_chinese_windows(tmp_path: Path) -> None:
    source = tmp_path / "in"
    source.mkdir()
    shapefile(source / "water_pipe.shp", {"材质": ["铸铁"]}, encoding="GBK")
    path = tmp_path / "给水 数据.zip"
    with zipfile.ZipFile(path, "w") as archive:
        for file in source.iterdir():
            info = zipfile.ZipInfo("数据/".encode("gbk").decode("cp437") + file.name)
            info.flag_bits &= ~0x800
            archive.writestr(info, file.read_bytes())
    delivery = read("shapefile", path)
    assert delivered(delivery)["water.pipe"]["材质"].to_pylist() == ["铸铁"]


@pytest.mark.parametrize("folder", ["管 线!甲?", "a#b%20c", "数据;v2"])
@pytest.mark.parametrize("name", READABLE)
def test_paths_with_chinese_spaces_and_signs(name: str, folder: str, tmp_path: Path) -> None:
    where = tmp_path / folder
    where.mkdir()
    path = write_sample(name, tmp_path, 5)
    for file in tmp_path.glob("water_pipe*"):
        shutil.move(file, where / file.name)
    assert delivered(read(name, where / path.name))["water.pipe"].num_rows == 5


def test_a_folder_of_shapefiles_is_read_layer_by_layer(tmp_path: Path) -> None:
    shapefile(tmp_path / "water_pipe.shp", {"id": ["1"]})
    shapefile(tmp_path / "gas_pipe.shp", {"id": ["1"]})
    assert set(delivered(read("shapefile", tmp_path))) == {"water.pipe", "gas.pipe"}
    assert FORMATS["shapefile"].sniff(tmp_path, b"") > 0.5


# geometry


def test_bad_geometry_is_passed_on_for_the_import_to_judge(tmp_path: Path) -> None:
    path = tmp_path / "a.gpkg"
    rows = junctions(4).set_column(1, "geometry", pa.array([geometry.points(np.array([1.0]), np.array([2.0]))[0].as_py(), None,
                                                           struct.pack("<BIdd", 1, 1, np.nan, np.nan), struct.pack("<BIdd", 1, 1, np.inf, 1.0)], pa.binary()))  # fmt: skip
    geofile_write.write_geopackage(MemoryCity({"water.junction": rows}), path, None, None)
    table = delivered(read("geopackage", path))["water.junction"]
    assert table.num_rows == 4


def test_areas_of_point_kinds_become_points_and_keep_the_shape_beside(tmp_path: Path) -> None:
    import shapely

    path = tmp_path / "a.geojson"
    box = {"type": "Polygon", "coordinates": [[[114, 30], [114.001, 30], [114.001, 30.001], [114, 30]]]}
    path.write_text(json.dumps({"type": "FeatureCollection", "features": [{"type": "Feature", "properties": {"id": "t"}, "geometry": box}]}), "utf-8")
    delivery = read("geojson", path, parameters={"kind": "water.tank"})
    table = delivered(delivery)["water.tank"]
    assert shapely.from_wkb(table["geometry"][0].as_py()).geom_type == "Point"
    assert table["delivered_geometry"][0].as_py().startswith("POLYGON")
    assert rules_of(delivery)["import.geometry_type"] == 1


# memory and speed


READ = """
    from pathlib import Path
    from holdfast.io import geofile, table
    from holdfast.model.delivery import ReadRequest
    from memory_city import make_catalog

    read = {".geojson": geofile.read_geojson, ".csv": table.read}[ENDING]
    for name in ("small", "large"):
        for batch in read(Path(name + ENDING), ReadRequest(make_catalog(), chunk_rows=5_000, parameters={"kind": "water.pipe"})).batches:
            pass
        print(next(int(line.split()[1]) for line in open("/proc/self/status") if line.startswith("VmHWM")))
"""


def _repeat(path: Path, target: Path, size: int) -> None:
    """A file with the rows of a text file again and again."""
    lines = path.read_bytes().splitlines(keepends=True)
    head, body, tail = lines[:1], lines[1:], []
    if path.suffix != ".csv":
        first = next(number for number, line in enumerate(lines) if line.startswith(b'"features"')) + 1
        head, tail = lines[:first], [lines[-3].rstrip().rstrip(b",") + b"\n", *lines[-2:]]
        body = [line.rstrip().rstrip(b",") + b",\n" for line in lines[first:-2]]
    rows = b"".join(body)
    with target.open("wb") as sink:
        sink.writelines(head)
        for _ in range(size // len(rows) + 1):
            sink.write(rows)
        sink.writelines(tail)


@pytest.mark.slow
@pytest.mark.parametrize(("ending", "most"), [(".geojson", 80_000), (".csv", 40_000)])
def test_a_large_file_takes_little_memory(ending: str, most: int, tmp_path: Path) -> None:
    """80 MB of text cost few kB of memory more than 40 do: less than the text itself, or, as objects of JSON, than a third of what they take when held whole."""
    from holdfast.io import table

    write = {".geojson": geofile_write.write_geojson_city, ".csv": table.write}[ending]
    write(MemoryCity({"water.pipe": pipes(2000)}), tmp_path / f"rows{ending}", None, None)
    for name, size in (("small", 40 << 20), ("large", 80 << 20)):
        _repeat(tmp_path / f"rows{ending}", tmp_path / f"{name}{ending}", size)
    root = [str(Path(geofile.__file__).parents[2]), str(Path(__file__).parents[1])]
    code = f"import sys; sys.path[:0] = {root!r}; ENDING = {ending!r}\n{textwrap.dedent(READ)}"
    done = subprocess.run([sys.executable, "-c", code], cwd=tmp_path, capture_output=True, text=True, timeout=120, check=False)
    assert done.returncode == 0, done.stderr
    small, large = map(int, done.stdout.split())
    assert large - small < most, done.stdout


def test_read_errors_inside_the_stream_are_named(tmp_path: Path) -> None:
    path = write_sample("geopackage", tmp_path, 3000)
    raw = bytearray(path.read_bytes())
    middle = len(raw) // 2 // 4096 * 4096
    raw[middle : middle + 4096] = os.urandom(4096)
    path.write_bytes(raw)
    try:
        table = delivered(read("geopackage", path))["water.pipe"]
    except Invalid as error:
        assert str(path) in str(error)
    else:
        assert table.num_rows <= 3000


def test_resources_of_an_abandoned_delivery_are_released(tmp_path: Path) -> None:
    source = tmp_path / "x"
    source.mkdir()
    shapefile(source / "water_pipe.shp", {"id": ["1"] * 50})
    path = tmp_path / "a.zip"
    with zipfile.ZipFile(path, "w") as archive:
        for file in source.iterdir():
            archive.write(file, file.name)
    before = len(os.listdir("/proc/self/fd"))
    delivery = read("shapefile", path, chunk_rows=10)
    batches = iter(delivery.batches)
    next(batches)
    batches.close()  # type: ignore[attr-defined]
    assert len(os.listdir("/proc/self/fd")) <= before


def test_unavailable_is_not_hidden(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = write_sample("flatgeobuf", tmp_path, 3)
    monkeypatch.setattr(Path, "open", lambda *a, **k: (_ for _ in ()).throw(PermissionError(13, "no")))
    with pytest.raises(Unavailable):
        read("flatgeobuf", path)


