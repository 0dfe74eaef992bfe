"""The bad files of real life, imported into a city: each gets a finding or a clear error, and nothing is half-written."""

from __future__ import annotations

import json
import zipfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import shapely

from holdfast.app.cities import create_city
from holdfast.app.importing import ImportOptions, import_files
from holdfast.model.city import City
from holdfast.model.errors import HoldfastError, Invalid
from memory_city import MemoryCity, pipes


@pytest.fixture
def city(tmp_path: Path) -> Iterator[City]:
    with create_city(str(tmp_path / "city")) as made:
        yield made


def load(city: City, path: Path, **options: Any) -> list[dict[str, Any]]:
    """Import one file and return the findings."""
    return import_files(city, [path], ImportOptions(**options)).findings.table().to_pylist()


def csv(path: Path, body: str, encoding: str = "utf-8") -> Path:
    path.write_bytes(body.encode(encoding))
    return path


def geojson(path: Path, shapes: list[Any], crs: str | None = "EPSG::4547", **properties: Any) -> Path:
    features = [{"type": "Feature", "properties": {"id": str(i), **properties}, "geometry": None if s is None else shapely.geometry.mapping(s)} for i, s in enumerate(shapes)]
    body: dict[str, Any] = {"type": "FeatureCollection", "features": features}
    if crs:
        body["crs"] = {"type": "name", "properties": {"name": f"urn:ogc:def:crs:{crs}"}}
    path.write_text(json.dumps(body), "utf-8")
    return path


def refused(city: City, path: Path, **options: Any) -> HoldfastError:
    """The error of an import that must fail, after checking that it says where and what to do, and that the city is empty."""
    with pytest.raises(HoldfastError) as caught:
        load(city, path, **options)
    assert caught.value.fix
    assert path.name in str(caught.value.where.get("file"))
    assert city.counts() == {}
    assert city.runs().num_rows == 0
    return caught.value


@pytest.mark.clause("1a")
def test_no_crs(city: City, tmp_path: Path) -> None:
    error = refused(city, csv(tmp_path / "water.junction.csv", "id,x,y\na,500000,3400000\n"))
    assert "--crs" in error.fix


@pytest.mark.parametrize(
    ("x", "y", "words"),
    [(3_400_000, 500_000, "x and y exchanged"), (114.1, 30.7, "degrees"), (500_000 / 0.3048, 3_400_000 / 0.3048, "feet"), (38_500_000, 3_400_000, "zone")],
)
def test_coordinates_that_cannot_be_in_the_stated_crs(city: City, x: float, y: float, words: str, tmp_path: Path) -> None:
    path = csv(tmp_path / "water.junction.csv", f"id,x,y\na,{x},{y}\nb,{x + 1e-4},{y}\n")
    assert words in refused(city, path, crs="EPSG:4547").message


def test_swapped_axes_are_mended_by_a_mapping(city: City, tmp_path: Path) -> None:
    path = csv(tmp_path / "water.junction.csv", "id,x,y\na,3400000,500000\n")
    load(city, path, mapping={"crs": "EPSG:4547", "layer": {"water.junction": {"kind": "water.junction", "swap_xy": True}}})
    assert shapely.from_wkb(city.table("water.junction")["geometry"][0].as_py()).wkt == "POINT (500000 3400000)"


def test_mixed_encodings(city: City, tmp_path: Path) -> None:
    path = tmp_path / "water.junction.csv"
    path.write_bytes("id,x,y,道路\na,500000,3400000,人民路与解放路\n".encode("gbk") + "b,500001,3400000,中山路与解放路\n".encode())
    found = load(city, path, crs="EPSG:4547")
    assert {(f["rule"], f["row"]) for f in found} >= {("import.mixed_encoding", 3)}
    extra = [json.loads(e) for e in city.table("water.junction")["extra"].to_pylist()]
    assert [e["道路"] for e in extra] == ["人民路与解放路", "中山路与解放路"]


def test_missing_nan_and_crossing_geometry(city: City, tmp_path: Path) -> None:
    bow = shapely.Polygon([(500_000, 3_400_000), (500_010, 3_400_010), (500_010, 3_400_000), (500_000, 3_400_010)])
    good = shapely.box(500_020, 3_400_000, 500_030, 3_400_010)
    found = load(city, geojson(tmp_path / "buildings.building.geojson", [bow, good, None]))
    assert {(f["rule"], f["row"]) for f in found if f["rule"].startswith("import.") and f["row"]} == {("import.geometry_self_crossing", 1), ("import.no_geometry", 3)}
    assert city.counts()["buildings.building"] == 3
    nan = csv(tmp_path / "water.junction.csv", "id,x,y\na,NaN,3400000\nb,500000,3400000\nc,inf,3400000\n")
    found = load(city, nan, crs="EPSG:4547")
    assert {(f["rule"], f["row"]) for f in found} >= {("import.no_geometry", 2), ("import.not_a_number", 4)}


def test_units_in_feet(city: City, tmp_path: Path) -> None:
    path = csv(tmp_path / "water.junction.csv", "id,x,y,elevation [ft]\na,500000,3400000,100\n")
    load(city, path, crs="EPSG:4547")
    assert city.table("water.junction")["elevation"].to_pylist() == pytest.approx([30.48])


def test_a_local_grid_in_feet(tmp_path: Path) -> None:
    with create_city(str(tmp_path / "local"), crs="local") as city:
        load(city, csv(tmp_path / "water.junction.csv", "id,x,y\na,1000,2000\n"), crs="local:ft")
        assert shapely.from_wkb(city.table("water.junction")["geometry"][0].as_py()).x == pytest.approx(304.8)


def test_duplicate_ids(city: City, tmp_path: Path) -> None:
    path = csv(tmp_path / "water.junction.csv", "id,x,y\na,500000,3400000\na,500001,3400000\nb,500002,3400000\n")
    found = [f for f in load(city, path, crs="EPSG:4547") if f["rule"] == "import.duplicate_id"]
    assert [(f["row"], f["id"], f["file"]) for f in found] == [(3, "water.junction:a", path.name)]
    assert city.counts() == {"water.junction": 2}


@pytest.mark.parametrize("ending", [".gpkg", ".fgb", ".geojson", ".geojsonl", ".parquet", ".shp", ".dxf", ".csv", ".zip"])
def test_truncated_files_leave_the_city_as_it_was(city: City, ending: str, tmp_path: Path) -> None:
    form = next(f for f in city.catalog.formats if (f.write is not None and ending == (f.suffixes or ("",))[0]) or (ending == ".zip" and f.name == "shapefile"))
    path = tmp_path / f"water_pipe{ending}"
    assert form.write is not None
    form.write(MemoryCity({"water.pipe": pipes(300)}, catalog=city.catalog), path, None, None)
    path.write_bytes(path.read_bytes()[: int(path.stat().st_size * 0.7)])
    refused(city, path, crs="EPSG:4547")


def test_a_zip_bomb(city: City, tmp_path: Path) -> None:
    path = tmp_path / "a.zip"
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("a.shp", b"\0" * (40 << 20))
    assert "bomb" in refused(city, path).message


def test_a_path_with_chinese_characters_and_spaces(city: City, tmp_path: Path) -> None:
    folder = tmp_path / "某市 普查 (2024)"
    folder.mkdir()
    load(city, csv(folder / "water.junction.csv", "id,x,y\n管点1,500000,3400000\n"), crs="EPSG:4547")
    assert city.table("water.junction")["id"].to_pylist() == ["water.junction:管点1"]


def test_an_empty_file_a_folder_and_an_unknown_one(city: City, tmp_path: Path) -> None:
    (tmp_path / "a.geojson").write_bytes(b"")
    refused(city, tmp_path / "a.geojson")
    (tmp_path / "folder").mkdir()
    refused(city, tmp_path / "folder")
    (tmp_path / "a.xyz").write_bytes(b"\0\1\2\3")
    refused(city, tmp_path / "a.xyz")


def test_a_wrong_ending(city: City, tmp_path: Path) -> None:
    path = geojson(tmp_path / "water_pipe.gpkg", [shapely.LineString([(500_000, 3_400_000), (500_010, 3_400_000)])])
    assert "JSON" in refused(city, path).message
    load(city, path, format="geojson")
    assert city.counts() == {"water.pipe": 1}


def test_a_mapping_with_a_mistake(city: City, tmp_path: Path) -> None:
    path = csv(tmp_path / "water.junction.csv", "id,x,y\na,500000,3400000\n")
    with pytest.raises(Invalid, match="unknown key 'colums'") as caught:
        load(city, path, crs="EPSG:4547", mapping={"layer": {"water.junction": {"kind": "water.junction", "colums": {}}}})
    assert caught.value.where["key"] == 'layer."water.junction".colums'
    assert city.counts() == {}


def test_what_is_exported_is_imported_as_the_same_city(city: City, tmp_path: Path) -> None:
    from holdfast.app.exporting import export_file

    path = tmp_path / "water_pipe.gpkg"
    rows = pipes(50)
    next(f for f in city.catalog.formats if f.name == "geopackage").write(MemoryCity({"water.pipe": rows}, catalog=city.catalog), path, None, None)  # type: ignore[misc]
    load(city, path)
    for ending in (".gpkg", ".parquet", ".csv", ".dxf", ".fgb"):
        out = tmp_path / f"out{ending}"
        export_file(city, out, kinds=["water.pipe"])
        with create_city(str(tmp_path / f"again{ending}")) as again:
            load(again, out, **({"crs": "EPSG:4547"} if ending == ".dxf" else {}))
            before, after = (c.table("water.pipe").sort_by("id") for c in (city, again))
            for name in before.column_names:
                if name in {"geometry", "valid_from", "valid_to", "recorded_at", "superseded_at"}:
                    continue
                assert before[name].to_pylist() == after[name].to_pylist(), (ending, name)
            ends = [shapely.get_coordinates(shapely.from_wkb(t["geometry"].to_numpy()), include_z=True) for t in (before, after)]
            np.testing.assert_allclose(ends[1], ends[0], atol=1e-9)
