"""DXF drawings: layers to kinds, shapes, attributes, encodings, damage, and the way back."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import ezdxf
import numpy as np
import pytest
import shapely

from holdfast.io import dxf, dxf_write
from holdfast.model import geometry
from holdfast.model.delivery import Delivery, ReadRequest
from holdfast.model.errors import Invalid, NotSupported
from memory_city import assert_same_facts, delivered, make_catalog, small_city

CATALOG = make_catalog()
R12_UNITS = "ignore:.*INSUNITS.*"


def read(path: Path, **request: Any) -> Delivery:
    return dxf.read(path, ReadRequest(CATALOG, **request))


def drawing(path: Path, draw: Callable[[Any], None], *, version: str = "R2010", unit: int = 6, encoding: str | None = None) -> Path:
    document = ezdxf.new(version)
    document.header["$INSUNITS"] = unit
    if encoding:
        document.encoding = encoding
    draw(document)
    document.saveas(path)
    return path


def shapes(table: Any) -> list[shapely.Geometry]:
    return list(geometry.decode(table["geometry"]))


def test_layers_by_category_symbol_and_kind_name(tmp_path: Path) -> None:
    def draw(document: Any) -> None:
        space = document.modelspace()
        space.add_line((0, 0, 1), (10, 0, 2), dxfattribs={"layer": "JSLINE"})
        space.add_lwpolyline([(0, 0), (5, 5), (9, 5)], dxfattribs={"layer": "雨水管线"})
        space.add_point((3, 4, 5), dxfattribs={"layer": "JSPOINT"})
        space.add_line((0, 0), (1, 1), dxfattribs={"layer": "gas_pipe"})
        space.add_line((0, 0), (1, 1), dxfattribs={"layer": "FRAME"})
        space.add_text("label")

    delivery = read(drawing(tmp_path / "管 线.dxf", draw))
    got = delivered(delivery)
    assert set(got) == {"water.pipe", "water.junction", "drainage.conduit", "gas.pipe"}
    assert got["drainage.conduit"]["category"].to_pylist() == ["YS01"]
    assert shapes(got["water.pipe"])[0].wkt == "LINESTRING Z (0 0 1, 10 0 2)"
    assert shapes(got["drainage.conduit"])[0].wkt == "LINESTRING (0 0, 5 5, 9 5)"
    assert shapes(got["water.junction"])[0].wkt == "POINT Z (3 4 5)"
    assert delivery.crs is None
    assert delivery.facts["unit"] == "metres"
    assert delivery.findings.by_rule() == {"import.layer_skipped": 1, "import.skipped_entities": 1}


def test_blocks_are_points_with_their_attributes(tmp_path: Path) -> None:
    def draw(document: Any) -> None:
        document.blocks.new("井")
        block = document.modelspace().add_blockref("井", (5, 6, 7), dxfattribs={"layer": "WSPOINT"})
        block.add_attrib("编号", "W12", (0, 0))
        block.add_attrib("DEPTH", "1.5", (0, 0))

    mapping = {"layer": {"WS*": {"kind": "drainage.manhole", "columns": {"id": "编号", "depth": "DEPTH"}}}}
    row = delivered(read(drawing(tmp_path / "a.dxf", draw), mapping=mapping))["drainage.manhole"].to_pylist()[0]
    assert (row["id"], row["depth"], row["block"]) == ("drainage.manhole:W12", 1.5, "井")
    assert shapely.from_wkb(row["geometry"]).wkt == "POINT Z (5 6 7)"


def test_one_layer_of_lines_and_points_serves_two_kinds(tmp_path: Path) -> None:
    def draw(document: Any) -> None:
        document.modelspace().add_line((0, 0), (1, 1), dxfattribs={"layer": "W"})
        document.modelspace().add_point((0, 0), dxfattribs={"layer": "W"})

    mapping = {"layer": {"W": [{"kind": "water.pipe"}, {"kind": "water.junction"}]}}
    got = delivered(read(drawing(tmp_path / "a.dxf", draw), mapping=mapping))
    assert {kind: table.num_rows for kind, table in got.items()} == {"water.pipe": 1, "water.junction": 1}


def test_curves_closed_lines_and_outlines(tmp_path: Path) -> None:
    def draw(document: Any) -> None:
        space = document.modelspace()
        space.add_arc((0, 0), 10, 0, 90, dxfattribs={"layer": "JSLINE"})
        space.add_lwpolyline([(0, 0, 0, 0, 1), (10, 0, 0, 0, 0)], format="xyseb", dxfattribs={"layer": "JSLINE"})
        space.add_circle((0, 0), 5, dxfattribs={"layer": "JSLINE"})
        space.add_lwpolyline([(0, 0), (4, 0), (4, 4)], close=True, dxfattribs={"layer": "buildings_building"})
        space.add_polyline3d([(0, 0, 1), (5, 0, 2)], dxfattribs={"layer": "JSLINE"})
        space.add_spline([(0, 0), (1, 2), (3, 1)], dxfattribs={"layer": "JSLINE"})

    got = delivered(read(drawing(tmp_path / "a.dxf", draw)))
    lines = shapes(got["water.pipe"])
    assert all(line.geom_type == "LineString" for line in lines)
    lengths = sorted(line.length for line in lines)
    assert lengths[-1] == pytest.approx(2 * np.pi * 5, rel=1e-2)
    assert lengths[-2] == pytest.approx(np.pi * 5, rel=1e-2)
    assert any(length == pytest.approx(np.pi * 5, rel=1e-2) for length in lengths)
    assert shapes(got["buildings.building"])[0].area == 8


def test_feet_in_the_head_are_said_and_not_acted_on(tmp_path: Path) -> None:
    path = drawing(tmp_path / "a.dxf", lambda d: d.modelspace().add_line((0, 0), (1, 0), dxfattribs={"layer": "JSLINE"}), unit=2)
    delivery = read(path)
    assert delivered(delivery)["water.pipe"].num_rows == 1
    found = delivery.findings.table().to_pylist()
    assert found[0]["rule"] == "import.drawing_unit"
    assert "feet" in found[0]["message"]
    assert "local:ft" in found[0]["fix"]


@pytest.mark.filterwarnings(R12_UNITS)
def test_old_drawings_in_gbk_with_and_without_saying_so(tmp_path: Path) -> None:
    path = drawing(tmp_path / "a.dxf", lambda d: d.modelspace().add_line((0, 0), (1, 0), dxfattribs={"layer": "给水管线"}), version="R2000", encoding="gbk")
    assert set(delivered(read(path))) == {"water.pipe"}
    lying = path.read_bytes().replace(b"ANSI_936", b"ANSI_1252")
    path.write_bytes(lying)
    delivery = read(path)
    assert delivered(delivery)["water.pipe"]["layer"].to_pylist() == ["给水管线"]
    assert "import.encoding" in delivery.findings.by_rule()


@pytest.mark.parametrize("share", [0.999, 0.9, 0.5, 0.1, 0.01])
def test_a_truncated_drawing_is_refused(share: float, tmp_path: Path) -> None:
    path = drawing(tmp_path / "a.dxf", lambda d: d.modelspace().add_line((0, 0), (1, 0), dxfattribs={"layer": "JSLINE"}))
    path.write_bytes(path.read_bytes()[: int(path.stat().st_size * share)])
    with pytest.raises(Invalid) as caught:
        read(path)
    assert str(path) in str(caught.value)


@pytest.mark.parametrize(
    ("head", "words"),
    [(b"AC1027" + b"\0" * 40, "DWG"), (b"{" + b" " * 40, "JSON"), (b"PK\x03\x04" + b"\0" * 40, "ZIP"), (b"hello world, hello world", "cannot be read")],
)
def test_what_is_no_dxf(head: bytes, words: str, tmp_path: Path) -> None:
    path = tmp_path / "a.dxf"
    path.write_bytes(head)
    with pytest.raises(Invalid, match=words):
        read(path)


def test_a_drawing_of_no_known_kind_is_refused(tmp_path: Path) -> None:
    path = drawing(tmp_path / "a.dxf", lambda d: d.modelspace().add_line((0, 0), (1, 0), dxfattribs={"layer": "0"}))
    with pytest.raises(Invalid, match="known kind"):
        read(path)
    assert delivered(read(path, parameters={"kind": "water.pipe"}))["water.pipe"].num_rows == 1


def test_huge_drawings_are_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(dxf, "_LARGEST", 100)
    path = drawing(tmp_path / "a.dxf", lambda d: None)
    with pytest.raises(NotSupported, match="1 GiB"):
        read(path)


def test_data_of_other_programs_is_kept(tmp_path: Path) -> None:
    def draw(document: Any) -> None:
        document.appids.add("SOUTH")
        line = document.modelspace().add_line((0, 0), (1, 0), dxfattribs={"layer": "JSLINE"})
        line.set_xdata("SOUTH", [(1000, "5110"), (1040, 2.5)])

    assert delivered(read(drawing(tmp_path / "a.dxf", draw)))["water.pipe"]["xdata_SOUTH"].to_pylist() == ["5110; 2.5"]


def test_what_is_drawn_comes_back_as_the_same_facts(tmp_path: Path) -> None:
    city = small_city()
    facts = dxf_write.write(city, tmp_path / "图.dxf", None, None)
    assert facts["left_out"] == ["water.pattern"]
    assert facts["simplified"] == 2
    got = delivered(read(tmp_path / "图.dxf"))
    for kind in ("water.pipe", "water.junction"):
        assert_same_facts(city.tables[kind], got[kind])
        assert not {"handle", "layer", "entity"} & set(got[kind].column_names)
    document = ezdxf.readfile(tmp_path / "图.dxf")
    assert document.layers.get("water_pipe").rgb == (0, 255, 255)
    assert document.header["$INSUNITS"] == 6


def test_records_cannot_be_drawn(tmp_path: Path) -> None:
    with pytest.raises(NotSupported):
        dxf_write.write(small_city(), tmp_path / "a.dxf", ["water.pattern"], None)
    assert not list(tmp_path.iterdir())
