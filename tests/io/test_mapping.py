"""Mappings are read, proposed for any tabular file, and what is proposed can be edited and used."""

from __future__ import annotations

import tomllib
from collections.abc import Callable
from pathlib import Path

import ezdxf
import numpy as np
import pytest

from holdfast import catalog
from holdfast.io import geofile, mapping
from holdfast.model.delivery import ReadRequest
from holdfast.model.errors import Invalid, NotFound
from memory_city import delivered, make_catalog, small_city

CATALOG = make_catalog()
KY4 = """
[layer.ky4_junctions]
kind = "water.junction"
[layer.ky4_junctions.columns]
id = "name"
demand = "base_demand"
[layer.ky4_pipes]
kind = "water.pipe"
[layer.ky4_pipes.columns]
id = "name"
from_id = { from = "start_node_name", kinds = { "T-" = "water.tank", "R-" = "water.reservoir", "" = "water.junction" } }
to_id = { from = "end_node_name", kinds = { "T-" = "water.tank", "R-" = "water.reservoir", "" = "water.junction" } }
hazen_williams_c = "roughness"
"""


def test_a_mapping_is_checked_when_it_is_read(tmp_path: Path) -> None:
    path = tmp_path / "m.toml"
    with pytest.raises(NotFound):
        mapping.load(path, CATALOG)
    path.write_text("[layer.a]\nkind = 'water.pipe'", "utf-8-sig")
    assert mapping.load(path, CATALOG) == {"layer": {"a": {"kind": "water.pipe"}}}
    path.write_text("[layer", "utf-8")
    with pytest.raises(Invalid, match="no TOML") as caught:
        mapping.load(path, CATALOG)
    assert caught.value.where["file"] == str(path)
    path.write_text("[layer.a]\nkind = 'x'", "utf-8")
    with pytest.raises(Invalid, match="not a kind") as caught:
        mapping.load(path, CATALOG)
    assert caught.value.where == {"file": str(path), "key": 'layer."a".kind'}


@pytest.mark.parametrize("ending", [".gpkg", ".geojson", ".fgb", ".parquet", ".csv", ".dxf", ".shp", ".zip", ".geojsonl"])
def test_every_tabular_format_can_be_guessed_and_the_guess_imports(ending: str, tmp_path: Path) -> None:
    formats = {suffix: f for f in catalog.load().formats if f.name in {*geofile.FINDERS, "geoparquet", "csv", "dxf"} for suffix in f.suffixes}
    chosen = formats[ending]
    path = tmp_path / f"water_pipe{ending}"
    assert chosen.write is not None
    assert chosen.read is not None
    chosen.write(small_city(), path, ["water.pipe"], None)
    for extra in tmp_path.glob("*.mapping.toml"):
        extra.unlink()
    proposal, text = mapping.guess(path, CATALOG)
    assert tomllib.loads(text) == proposal
    assert proposal["layer"]["water_pipe"]["kind"] == "water.pipe"
    assert text.count("# ") > 3
    delivery = chosen.read(path, ReadRequest(CATALOG, mapping=proposal))
    got = delivered(delivery)["water.pipe"]
    assert got.num_rows == 40
    if ending != ".dxf":  # whose fields are read from extended data of each entity
        np.testing.assert_allclose(sorted(got["diameter"].to_pylist()), sorted(small_city().tables["water.pipe"]["diameter"].to_pylist()))


def test_a_survey_drawing_is_guessed_by_layer(tmp_path: Path) -> None:
    document = ezdxf.new()
    document.modelspace().add_line((0, 0), (1, 0), dxfattribs={"layer": "JSLINE"})
    document.modelspace().add_point((0, 0), dxfattribs={"layer": "WSPOINT"})
    document.modelspace().add_point((0, 0), dxfattribs={"layer": "frame 'x'"})
    document.saveas(tmp_path / "a.dxf")
    proposal, text = mapping.guess(tmp_path / "a.dxf", CATALOG)
    assert {name: body.get("kind") for name, body in proposal["layer"].items()} == {"JSLINE": "water.pipe", "WSPOINT": "drainage.manhole", "frame 'x'": None}
    assert tomllib.loads(text) == proposal


def test_files_that_need_no_mapping_or_have_no_rows(tmp_path: Path) -> None:
    path = tmp_path / "a.bin"
    path.write_bytes(b"\0\1\2")
    with pytest.raises(Invalid, match="mappings are for"):
        mapping.guess(path, CATALOG)
    (tmp_path / "a.csv").write_text("a,b\n")
    with pytest.raises(Invalid, match="no rows"):
        mapping.guess(tmp_path / "a.csv", CATALOG)


def test_headings_with_quotes_and_line_ends_stay_toml(tmp_path: Path) -> None:
    path = tmp_path / "water_pipe.csv"
    path.write_text('"id","dia""meter [mm]","材\n质","GC = #"\n"a",100,x,y\n', "utf-8")
    proposal, text = mapping.guess(path, CATALOG)
    assert tomllib.loads(text) == proposal


def test_ky4_layers_are_guessed_as_the_network_they_are(shared_data: Callable[[str], Path]) -> None:
    whole = catalog.load()
    proposal, text = mapping.guess(shared_data("water/ky4_gis/ky4_pipes.geojson"), whole)
    body = proposal["layer"]["ky4_pipes"]
    assert body["kind"] == "water.pipe"
    assert body["columns"]["id"] == "name"
    assert body["columns"]["diameter"] == "diameter"
    assert body["columns"]["length"] == "length"  # in metres, though the coordinates are in feet
    assert body["columns"]["hazen_williams_c"] == "roughness"
    assert body["columns"]["from_id"] == {"from": "start_node_name", "kind": "water.junction"}
    assert "# the file says EPSG:3547" in text


def test_ky4_layers_with_a_mapping_give_the_edges_of_the_model(shared_data: Callable[[str], Path]) -> None:
    whole = catalog.load()
    rules = tomllib.loads(KY4)
    pipes = delivered(geofile.read_geojson(shared_data("water/ky4_gis/ky4_pipes.geojson"), ReadRequest(whole, mapping=rules)))["water.pipe"]
    nodes = delivered(geofile.read_geojson(shared_data("water/ky4_gis/ky4_junctions.geojson"), ReadRequest(whole, mapping=rules)))["water.junction"]
    assert (pipes.num_rows, nodes.num_rows) == (1156, 959)
    ends = set(pipes["from_id"].to_pylist()) | set(pipes["to_id"].to_pylist())
    assert {end.partition(":")[0] for end in ends} == {"water.junction", "water.tank", "water.reservoir"}
    assert {end for end in ends if end.startswith("water.junction:")} <= set(nodes["id"].to_pylist())
    assert pipes["hazen_williams_c"].null_count == 0
