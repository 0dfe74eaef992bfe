"""What GDAL does not say about a Shapefile."""

from __future__ import annotations

import struct
from pathlib import Path

import numpy as np
import pyarrow as pa
import pytest
from pyogrio.raw import write_arrow

from holdfast.io import shapefile
from holdfast.model import geometry
from holdfast.model.errors import Invalid
from holdfast.model.finding import Findings


def make(path: Path, texts: list[str], encoding: str = "UTF-8", column: str = "T") -> Path:
    line = np.array([[[0.0, 0.0], [1.0, 1.0]]] * len(texts))
    table = pa.table({column: texts, "geometry": geometry.lines(line)})
    write_arrow(table, str(path), driver="ESRI Shapefile", geometry_name="geometry", geometry_type="LineString", crs="EPSG:4547", encoding=encoding)
    return path


def test_parts_are_found_in_any_case(tmp_path: Path) -> None:
    path = make(tmp_path / "a.shp", ["x"])
    (tmp_path / "a.dbf").rename(tmp_path / "A.DBF")
    found = shapefile.part(path, ".dbf")
    assert found is not None
    assert found.name == "A.DBF"
    assert shapefile.part(path, ".qix") is None


def test_a_whole_file_passes(tmp_path: Path) -> None:
    findings = Findings()
    shapefile.require_whole(make(tmp_path / "a.shp", ["x"] * 10), findings)
    assert len(findings) == 0


@pytest.mark.parametrize(("ending", "left", "words"), [(".shp", 120, "cut short"), (".shp", 50, "cut short"), (".dbf", 20, "cut short"), (".dbf", 300, "cut short: 2 of 10 rows")])
def test_parts_that_are_cut_short(ending: str, left: int, words: str, tmp_path: Path) -> None:
    path = make(tmp_path / "a.shp", ["x" * 80] * 10)
    part = path.with_suffix(ending)
    part.write_bytes(part.read_bytes()[:left])
    with pytest.raises(Invalid, match=words):
        shapefile.require_whole(path, Findings())


def test_a_table_without_a_head(tmp_path: Path) -> None:
    path = make(tmp_path / "a.shp", ["x"])
    path.with_suffix(".dbf").write_bytes(b"\x03" + b"\0" * 3 + struct.pack("<IHH", 5, 0, 0) + b"\0" * 40)
    with pytest.raises(Invalid, match="no valid head"):
        shapefile.require_whole(path, Findings())


@pytest.mark.parametrize(
    ("texts", "encoding", "column", "cpg", "hint", "name", "mixed"),
    [
        (["a", "b"], "UTF-8", "T", "keep", None, "utf-8", False),
        (["铸铁管道给水"], "UTF-8", "T", "keep", None, "utf-8", False),
        (["铸铁管道给水"], "UTF-8", "T", "drop", None, "utf-8", False),
        (["铸铁管道给水"], "GBK", "T", "keep", None, "gb18030", False),
        (["铸铁管道给水"], "GBK", "T", "drop", None, "gb18030", False),
        (["铸铁管道给水"], "GBK", "T", "UTF-8", None, "gb18030", False),
        (["木头"], "GBK", "T", "keep", None, "gb18030", False),
        (["木头"], "GBK", "T", "drop", "gbk", "gb18030", False),
        (["x"], "GBK", "材质", "drop", None, "gb18030", False),
        (["铸铁管道给水"], "GBK", "T", "klingon", None, "gb18030", False),
    ],
)
def test_encodings_of_the_table(texts: list[str], encoding: str, column: str, cpg: str, hint: str | None, name: str, mixed: bool, tmp_path: Path) -> None:
    path = make(tmp_path / "a.shp", texts, encoding, column)
    if cpg == "drop":
        path.with_suffix(".cpg").unlink()
    elif cpg != "keep":
        path.with_suffix(".cpg").write_text(cpg)
    found = shapefile.table_encoding(path, hint)
    assert (found.name, found.mixed) == (name, mixed if cpg != "UTF-8" else found.mixed)


def test_without_a_table_nothing_has_to_be_decoded(tmp_path: Path) -> None:
    path = make(tmp_path / "a.shp", ["x"])
    path.with_suffix(".dbf").unlink()
    assert shapefile.table_encoding(path, None).clean
