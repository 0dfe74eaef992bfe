"""Survey point and line tables: pairs, folders, categories, axes, missing points, the way back out."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest
import shapely

from holdfast.io import survey_sheets, survey_table
from holdfast.model import geometry
from holdfast.model.delivery import Delivery, ReadRequest
from holdfast.model.errors import Conflict, Invalid, NotFound, NotSupported
from memory_city import MemoryCity, delivered, junctions, make_catalog, pipes, small_city

CATALOG = make_catalog()
POINTS = """图上点号,外业点号,特征,附属物,X(m),Y(m),地面高程(m),埋深(m),权属单位,所在道路
JS1,WT1,三通,,3400100.5,500200.25,12.5,1.2,自来水公司,人民路
JS2,WT2,,阀门井,3400150.5,500200.25,12.4,1.3,自来水公司,人民路
JS3,WT3,,消防栓,3400200.5,500210.25,12.3,1.1,自来水公司,人民路
"""
LINES = """起点号,终点号,起点埋深,终点埋深,管径/断面(mm),材质,埋设方式,建设年代,权属单位,备注2
WT1,WT2,1.2,1.3,DN300,铸铁,直埋,1998,自来水公司,a
WT2,WT3,1.3,1.1,400x300,球墨铸铁,直埋,2005年,自来水公司,b
"""


def survey(folder: Path, points: str = POINTS, lines: str = LINES, name: str = "给水", encoding: str = "utf-8") -> Path:
    folder.mkdir(exist_ok=True)
    (folder / f"{name}点表.csv").write_text(points, encoding)
    (folder / f"{name}线表.csv").write_text(lines, encoding)
    return folder


def read(path: Path, **request: Any) -> Delivery:
    return survey_table.read(path, ReadRequest(CATALOG, **request))


def said(delivery: Delivery, rule: str) -> list[dict[str, Any]]:
    return [row for row in delivery.findings.table().to_pylist() if row["rule"] == rule]


@pytest.mark.clause("1a")
@pytest.mark.parametrize("encoding", ["utf-8", "gbk", "utf-8-sig"])
def test_a_folder_gives_points_and_lines(encoding: str, tmp_path: Path) -> None:
    delivery = read(survey(tmp_path / "普查 成果", encoding=encoding))
    got = delivered(delivery)
    assert {kind: table.num_rows for kind, table in got.items()} == {"water.junction": 1, "water.isolation_valve": 1, "water.hydrant": 1, "water.pipe": 2}
    first, second = got["water.pipe"].to_pylist()
    assert (first["id"], first["from_id"], first["to_id"]) == ("water.pipe:WT1-WT2", "water.junction:WT1", "water.isolation_valve:WT2")
    assert (first["diameter"], first["material"], first["laying"], str(first["build_date"]), first["from_depth"]) == (0.3, "ZT", "ZM", "1998-01-01", 1.2)
    assert (second["material"], second["备注2"]) == ("QM", "b")
    line = shapely.from_wkb(first["geometry"])
    np.testing.assert_allclose(np.array(line.coords), [(500200.25, 3400100.5, 11.3), (500200.25, 3400150.5, 11.1)])
    point = got["water.hydrant"].to_pylist()[0]
    assert (point["attachment"], point["ground_elevation"], point["map_number"], point["road"]) == ("消防栓", 12.3, "JS3", "人民路")
    assert delivery.crs is None


def test_each_table_gives_its_own_so_that_both_may_be_imported(tmp_path: Path) -> None:
    folder = survey(tmp_path / "s")
    lines = delivered(read(folder / "给水线表.csv"))
    points = delivered(read(folder / "给水点表.csv"))
    assert set(lines) == {"water.pipe"}
    assert set(points) == {"water.junction", "water.isolation_valve", "water.hydrant"}
    assert lines["water.pipe"]["geometry"].null_count == 0


def test_lines_without_points_are_refused(tmp_path: Path) -> None:
    path = survey(tmp_path / "s") / "给水线表.csv"
    (tmp_path / "s" / "给水点表.csv").unlink()
    with pytest.raises(Invalid, match="no point table beside"):
        read(path)


def test_lines_may_carry_their_own_places(tmp_path: Path) -> None:
    path = tmp_path / "给水线表.csv"
    path.write_text("起点号,终点号,起点X,起点Y,终点X,终点Y,管径\nA,B,3400000,500000,3400010,500000,100\n", "utf-8")
    got = delivered(read(path))["water.pipe"]
    assert geometry.bounds(got["geometry"])[0].tolist() == [500000, 3400000, 500000, 3400010]


def test_a_missing_point_is_said_with_its_row(tmp_path: Path) -> None:
    delivery = read(survey(tmp_path / "s", lines=LINES + "WT3,WT9,1,1,100,钢,直埋,2001,x,y\n"))
    got = delivered(delivery)["water.pipe"].to_pylist()[-1]
    assert (got["to_id"], got["geometry"]) == ("WT9", None)
    missing = said(delivery, "import.missing_point")
    assert [(row["row"], row["value"], row["severity"]) for row in missing] == [(4, "WT9", "error")]


def test_x_is_north_and_it_is_said(tmp_path: Path) -> None:
    delivery = read(survey(tmp_path / "s"))
    delivered(delivery)
    assert [row["severity"] for row in said(delivery, "import.axes")] == ["info"]


def test_tables_with_x_east_are_noticed_where_only_that_makes_sense(tmp_path: Path) -> None:
    swapped = POINTS.replace("X(m),Y(m)", "Y(m),X(m)")
    delivery = read(survey(tmp_path / "s", points=swapped))
    got = delivered(delivery)["water.hydrant"]
    assert geometry.bounds(got["geometry"])[0, :2].tolist() == [500210.25, 3400200.5]
    assert [row["severity"] for row in said(delivery, "import.axes")] == ["warning"]


def test_a_mapping_may_exchange_axes_and_name_the_crs(tmp_path: Path) -> None:
    local = POINTS.replace("3400", "400").replace("500200.25", "20.25")
    mapping = {"crs": "EPSG:4547", "layer": {"给水点表": {"kind": "water.junction", "swap_xy": True}}}
    delivery = read(survey(tmp_path / "s", points=local), mapping=mapping)
    assert delivery.crs == "EPSG:4547"
    assert geometry.bounds(delivered(delivery)["water.junction"]["geometry"])[0, :2].tolist() == [400100.5, 20.25]


@pytest.mark.parametrize(
    ("word", "kind", "minor"),
    [("JS", "water.pipe", None), ("雨水", "drainage.conduit", "YS01"), ("WS", "drainage.conduit", "WS02"), ("污水管线", "drainage.conduit", "WS02"),
     ("TR03", "gas.pipe", "TR03"), ("燃气", "gas.pipe", None), ("51041000", "water.pipe", "JP04"), ("电力", "power.line", None)],
)  # fmt: skip
def test_the_category_may_stand_in_a_column(word: str, kind: str, minor: str | None, tmp_path: Path) -> None:
    lines = LINES.replace("备注2", "管线类别").replace(",a\n", f",{word}\n").replace(",b\n", f",{word}\n")
    delivery = read(survey(tmp_path / "s", points=POINTS.replace("WT", "P"), lines=lines.replace("WT", "P"), name="a"))
    got = delivered(delivery)
    assert got[kind]["category"].to_pylist() == [minor] * 2
    assert len(said(delivery, "import.unknown_category")) == 3  # points named P1 in a file named "a" are of no category


def test_the_category_may_stand_in_the_number(tmp_path: Path) -> None:
    lines = LINES.replace("WT1", "WS1").replace("WT2", "WS2").replace("WT3", "YS3")
    points = POINTS.replace("WT1", "WS1").replace("WT2", "WS2").replace("WT3", "YS3").replace("消防栓", "雨水篦").replace("阀门井", "窨井")
    got = delivered(read(survey(tmp_path / "s", points=points, lines=lines, name="综合")))
    assert set(got) == {"drainage.manhole", "drainage.inlet", "drainage.conduit"}
    assert got["drainage.conduit"]["category"].to_pylist() == ["WS02", "WS02"]


def test_numbers_of_two_categories_do_not_collide(tmp_path: Path) -> None:
    folder = survey(tmp_path / "s", POINTS.replace("WT", "1"), LINES.replace("WT", "1"), name="给水")
    survey(folder, POINTS.replace("WT", "1").replace("500", "600").replace("消防栓", "").replace("阀门井", ""), LINES.replace("WT", "1"), name="燃气")
    got = delivered(read(folder))
    assert got["gas.pipe"]["from_id"].to_pylist() == ["gas.junction:11", "gas.junction:12"]
    assert got["water.pipe"]["from_id"].to_pylist() == ["water.junction:11", "water.isolation_valve:12"]


def test_the_number_that_lines_speak_of_is_found(tmp_path: Path) -> None:
    got = delivered(read(survey(tmp_path / "s", lines=LINES.replace("WT", "JS"))))
    assert got["water.pipe"]["from_id"].to_pylist() == ["water.junction:JS1", "water.isolation_valve:JS2"]


def test_two_lines_of_the_same_points_keep_both(tmp_path: Path) -> None:
    got = delivered(read(survey(tmp_path / "s", lines=LINES + "WT1,WT2,1,1,100,钢,直埋,2001,x,y\n")))
    assert got["water.pipe"]["id"].to_pylist() == ["water.pipe:WT1-WT2", "water.pipe:WT1-WT2-2", "water.pipe:WT2-WT3"]


def test_boxes_voltages_and_bad_sections(tmp_path: Path) -> None:
    lines = "起点号,终点号,管径,电压\nWT1,WT2,800X600,10KV\nWT2,WT3,big,0.4\n"
    plain = POINTS.replace("消防栓", "").replace("阀门井", "")
    sewers = delivered(read(survey(tmp_path / "s", plain, lines, name="雨水")))["drainage.conduit"]
    assert sewers.select(["width", "height", "diameter"]).to_pylist()[0] == {"width": 0.8, "height": 0.6, "diameter": None}
    delivery = read(survey(tmp_path / "t", plain, lines, name="电力"))
    assert delivered(delivery)["power.line"]["nominal_voltage"].to_pylist() == [10_000.0, 400.0]
    bad = said(delivery, "import.bad_section")
    assert [(row["row"], row["value"]) for row in bad] == [(3, "big")]
    assert delivered(read(tmp_path / "t"))["power.line"]["管径"].to_pylist() == [None, "big"]


def test_a_point_without_coordinates_is_said(tmp_path: Path) -> None:
    delivery = read(survey(tmp_path / "s", points=POINTS + "JS4,WT4,弯头,,,,1,1,x,y\n"))
    assert delivered(delivery)["water.junction"].num_rows == 2
    assert [row["row"] for row in said(delivery, "import.no_geometry")] == [5]


def test_what_is_no_survey(tmp_path: Path) -> None:
    (tmp_path / "a.csv").write_text("a,b\n1,2\n")
    with pytest.raises(Invalid, match="neither a point table nor a line table"):
        read(tmp_path / "a.csv")
    with pytest.raises(Invalid, match="no point or line table"):
        read(tmp_path)
    with pytest.raises(NotFound):
        read(tmp_path / "gone")
    (tmp_path / "b点表.csv").write_text(POINTS.splitlines()[0] + "\n", "utf-8")
    with pytest.raises(Invalid, match="no rows"):
        read(tmp_path / "b点表.csv")


def test_tables_and_folders_are_recognised(tmp_path: Path) -> None:
    folder = survey(tmp_path / "s", encoding="gbk")
    assert survey_sheets.sniff(folder, b"") == 0.85
    for file in folder.iterdir():
        assert survey_sheets.sniff(file, file.read_bytes()[:4096]) == 0.9
    other = tmp_path / "a.csv"
    other.write_text("id,from,to\n1,2,3\n")
    assert survey_sheets.sniff(other, b"id,from,to\n") == 0.0
    assert survey_sheets.sniff(tmp_path / "gone", b"x") == 0.0


def test_written_tables_are_read_as_the_same_pipelines(tmp_path: Path) -> None:
    tables = {"water.pipe": pipes(20), "water.junction": junctions(21)}
    facts = survey_table.write(MemoryCity(tables), tmp_path / "成果.survey", None, None)
    assert facts["files"] == ["JS点表.csv", "JS线表.csv"]
    delivery = read(tmp_path / "成果.survey")
    got = delivered(delivery)
    assert delivery.findings.counts()["error"] == 0
    for kind, columns in (("water.pipe", ["id", "from_id", "to_id", "diameter", "material", "from_depth", "build_date", "comment", "survey_date"]),
                          ("water.junction", ["id", "ground_elevation", "depth", "attachment"])):  # fmt: skip
        assert got[kind].select(columns).to_pylist() == tables[kind].sort_by("id").select(columns).to_pylist()
    before, after = (geometry.bounds(t["water.junction"].sort_by("id")["geometry"]) for t in (tables, got))
    np.testing.assert_allclose(after, before, atol=1e-9)


def test_writing_refuses_what_is_no_pipeline_and_folders_that_exist(tmp_path: Path) -> None:
    with pytest.raises(NotSupported, match="pipelines"):
        survey_table.write(small_city(), tmp_path / "a.survey", ["buildings.building"], None)
    (tmp_path / "b.survey").mkdir()
    with pytest.raises(Conflict):
        survey_table.write(small_city(), tmp_path / "b.survey", None, None)
    assert [p.name for p in tmp_path.iterdir()] == ["b.survey"]
