import json
import zipfile
from pathlib import Path

import numpy as np
import pytest
import shapely

from holdfast.app.cities import create_city
from holdfast.app.exporting import export_file
from holdfast.app.importing import import_files
from holdfast.io.cityjson import FORMATS, sniff
from holdfast.io.cityjson_geometry import Outlines, block, surfaces
from holdfast.model.errors import Invalid
from io_catalog import read

CITYJSON = FORMATS[0]
CUBE = [[[[0, 3, 2, 1]], [[4, 5, 6, 7]], [[0, 1, 5, 4]], [[1, 2, 6, 5]], [[2, 3, 7, 6]], [[3, 0, 4, 7]]]]


def document(**more) -> dict:
    corners = [[0, 0, 0], [10000, 0, 0], [10000, 8000, 0], [0, 8000, 0], [0, 0, 9000], [10000, 0, 9000], [10000, 8000, 9000], [0, 8000, 9000]]
    shape = {"type": "Solid", "lod": "1", "boundaries": CUBE}
    return {
        "type": "CityJSON", "version": "1.1", "transform": {"scale": [0.001] * 3, "translate": [500000.0, 3500000.0, 12.0]},
        "metadata": {"referenceSystem": "https://www.opengis.net/def/crs/EPSG/0/4547"},
        "CityObjects": {"甲": {"type": "Building", "geometry": [shape], "attributes": {"function": "school", "storeysAboveGround": 3, "yearOfConstruction": "1999", "owner": "x"}}},
        "vertices": corners, **more,
    }


def saved(folder: Path, content: object, name: str = "甲 楼.city.json") -> Path:
    path = folder / name
    path.write_text(content if isinstance(content, str) else json.dumps(content), encoding="utf-8")
    return path


def test_a_solid_gives_outline_height_and_fields(tmp_path):
    tables, delivery = read(CITYJSON, saved(tmp_path, document()))
    row, = tables["buildings.building"].to_pylist()
    assert delivery.crs == "EPSG:4547" and row["id"] == "buildings.building:甲"
    outline = shapely.from_wkb(row["geometry"])
    assert outline.equals(shapely.box(500000, 3500000, 500010, 3500008))
    assert (row["height"], row["ground_elevation"], row["storeys"], row["build_year"], row["use"]) == (9.0, 12.0, 3, 1999, "school")
    assert row["attribute_owner"] == "x"  # a name that the city uses for something else is kept apart
    solid = json.loads(row["solid"])
    assert solid["crs"] == "EPSG:4547" and len(solid["vertices"]) == 8


def test_ground_surfaces_win_over_everything_else(tmp_path):
    content = document()
    kinds = [{"type": t} for t in ("GroundSurface", "RoofSurface", "WallSurface")]
    shape = content["CityObjects"]["甲"]["geometry"][0]
    shape["boundaries"] = [[[[0, 3, 2, 1]], [[4, 5, 6, 7]], [[0, 1, 5, 4]]]]
    shape["semantics"] = {"surfaces": kinds, "values": [[0, 1, 2]]}
    assert [kind for _, kind in surfaces(shape)] == ["GroundSurface", "RoofSurface", "WallSurface"]
    tables, _ = read(CITYJSON, saved(tmp_path, content))
    assert tables["buildings.building"]["footprint_area"].to_pylist() == [80.0]


def test_a_building_without_geometry_takes_that_of_its_parts(tmp_path):
    content = document()
    content["CityObjects"]["乙"] = {"type": "Building", "children": ["甲"]}
    content["CityObjects"]["甲"] |= {"type": "BuildingPart", "parents": ["乙"]}
    tables, _ = read(CITYJSON, saved(tmp_path, content))
    whole, = tables["buildings.building"].to_pylist()
    part, = tables["buildings.part"].to_pylist()
    assert part["building_id"] == whole["id"] == "buildings.building:乙"
    assert whole["height"] == 9.0 and shapely.from_wkb(whole["geometry"]).area == pytest.approx(80.0)


@pytest.mark.parametrize(("name", "code"), [("urn:ogc:def:crs:EPSG::7415", "EPSG:7415"), ("https://www.opengis.net/def/crs/EPSG/0/28992", "EPSG:28992"), ("", None)])
def test_all_writings_of_the_crs_are_understood(tmp_path, name, code):
    _, delivery = read(CITYJSON, saved(tmp_path, document(metadata={"referenceSystem": name})))
    assert delivery.crs == code


@pytest.mark.parametrize(
    ("change", "word"),
    [({"version": "3.7"}, "version"), ({"type": "FeatureCollection"}, "CityJSON"), ({"vertices": [[1, 2]]}, "vertices"), ({"transform": "none"}, "vertices"),
     ({"CityObjects": []}, "CityJSON")],
)
def test_documents_that_cannot_be_read_are_refused_with_a_fix(tmp_path, change, word):
    with pytest.raises(Invalid, match=word) as caught:
        read(CITYJSON, saved(tmp_path, document(**change)))
    assert caught.value.fix and caught.value.where["file"].endswith(".city.json")


@pytest.mark.parametrize("text", ["", "{", json.dumps(document())[:300], "[" * 100_000])
def test_truncated_or_hostile_json_is_refused(tmp_path, text):
    with pytest.raises(Invalid):
        read(CITYJSON, saved(tmp_path, text))


@pytest.mark.parametrize(
    ("boundaries", "message"), [([[[[0, 1, 99]]]], "99"), ([[[["a", 1, 2]]]], "nested"), ([[[[0, 1, 8]]]], "not a number")]
)
def test_a_bad_object_is_a_finding_and_the_others_are_read(tmp_path, boundaries, message):
    content = document()
    content["vertices"].append([float("nan"), 0, 0])
    content["CityObjects"]["坏"] = {"type": "Building", "geometry": [{"type": "Solid", "lod": "1", "boundaries": boundaries}]}
    tables, delivery = read(CITYJSON, saved(tmp_path, content))
    assert tables["buildings.building"].num_rows == 1
    finding, = delivery.findings.table().to_pylist()
    assert finding["rule"] == "import.bad_geometry" and message in finding["message"] and finding["id"].endswith("坏") and finding["row"] == 2


def test_an_archive_that_unpacks_to_too_much_is_refused(tmp_path):
    path = tmp_path / "bomb.city.json.zip"
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("a.city.json", b" " * (40 << 20))
    assert sniff(path, path.read_bytes()[:100]) > 0
    with pytest.raises(Invalid, match="bomb"):
        read(CITYJSON, path)


def test_buildings_and_roads_of_a_real_town(shared_data):
    tables, delivery = read(CITYJSON, shared_data("buildings/delft/delft.json"))
    assert delivery.crs == "EPSG:7415"
    assert {k: t.num_rows for k, t in tables.items()} == {"buildings.building": 160, "roads.surface": 143, "roads.bridge": 3, "base.land_use": 210}
    heights = tables["buildings.building"]["height"].to_numpy()
    assert np.isfinite(heights).all() and 2 < np.median(heights) < 30
    outline = shapely.from_wkb(tables["buildings.building"]["geometry"].to_pylist())
    assert shapely.is_valid(outline).all() and 3_000 < shapely.area(outline).sum() < 40_000


def test_a_zipped_tile_of_a_large_city(shared_data):
    path = shared_data("buildings/denhaag/DenHaag_01.city.json.zip")
    assert sniff(path, path.read_bytes()[:4096]) > 0.5
    tables, delivery = read(CITYJSON, path)
    assert tables["buildings.building"].num_rows == 844 and tables["buildings.part"].num_rows == 1_653
    assert delivery.crs == "EPSG:7415"
    buildings = tables["buildings.building"].to_pylist()
    assert all(row["geometry"] is not None and row["height"] > 0 for row in buildings)
    roof = next(row for row in tables["buildings.part"].to_pylist() if row["id"].endswith("GUID_DBDABF53-7DD5-4C2F-BE7F-51F29A0CBA16_1"))
    assert roof["RelativeRidgeHeight"] == 3.133 and roof["roofType"] == "1000"


def surfaces_of(content: dict) -> dict[str, set]:
    """Every surface of every object as a set of rounded real-world rings."""
    scale, move = (np.array(content["transform"][k]) for k in ("scale", "translate"))
    xyz = (np.array(content["vertices"]) * scale + move).round(3)
    return {
        name: {(str(shape["lod"]), kind, tuple(tuple(map(tuple, xyz[ring].tolist())) for ring in rings)) for shape in thing.get("geometry", []) for rings, kind in surfaces(shape)}
        for name, thing in content["CityObjects"].items()
    }


@pytest.mark.parametrize("name", ["buildings/delft/delft.json", "buildings/denhaag/DenHaag_01.city.json.zip"])
def test_what_was_read_is_written_again(shared_data, tmp_path, name):
    source = shared_data(name)
    with create_city(str(tmp_path / "city"), crs="EPSG:28992") as city:
        report = import_files(city, [source])
        facts = export_file(city, tmp_path / "again.city.json")
    again = json.loads((tmp_path / "again.city.json").read_text())
    original = json.loads(zipfile.ZipFile(source).read("DenHaag_01.city.json") if source.suffix == ".zip" else source.read_bytes())
    kept = {k: v for k, v in original["CityObjects"].items() if v["type"] not in ("GenericCityObject", "TINRelief")}
    assert facts["objects"] == len(again["CityObjects"]) == len(kept) == sum(report.kinds.values())
    assert again["version"] == "2.0" and again["metadata"]["referenceSystem"].endswith("/28992")
    before, after = surfaces_of(original), surfaces_of(again)
    for key, thing in kept.items():
        copy = again["CityObjects"][key]
        assert copy["type"] == thing["type"] and after[key] == before[key], key
        assert set(copy.get("parents", [])) == set(thing.get("parents", [])) and set(copy.get("children", [])) == set(thing.get("children", []))
        for attribute, value in thing.get("attributes", {}).items():
            assert copy["attributes"][attribute] == value, (key, attribute)


def test_outlines_and_heights_become_blocks(tmp_path):
    with_yard = shapely.Polygon([(0, 0), (20, 0), (20, 20), (0, 20)], [[(5, 5), (15, 5), (15, 15), (5, 15)]])
    vertices, boundaries = block(with_yard, 3.0, 10.0)
    xyz = np.array(vertices)
    volume = 0.0
    for rings, _ in surfaces({"type": "Solid", "boundaries": boundaries}):
        for ring in rings:
            p = xyz[ring]
            volume += sum(np.dot(p[0], np.cross(p[i], p[i + 1])) for i in range(1, len(p) - 1)) / 6  # closed and outward: divergence theorem
    assert volume == pytest.approx(300.0 * 7.0)
    outlines = Outlines.empty()
    outlines.add(0, {"type": "Solid", "boundaries": boundaries}, xyz)
    assert outlines.outlines(1)[0].area == pytest.approx(300.0)
