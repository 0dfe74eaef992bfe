"""CSV as assets: coordinates by column, WKT, two ends, mappings, and real tables."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from holdfast.io import table
from holdfast.model import geometry
from holdfast.model.delivery import Delivery, ReadRequest
from holdfast.model.errors import Invalid
from memory_city import MemoryCity, delivered, make_catalog, small_city

CATALOG = make_catalog()


def read(path: Path, **request: Any) -> Delivery:
    return table.read(path, ReadRequest(CATALOG, **request))


def write(path: Path, body: str) -> Path:
    path.write_text(body, "utf-8")
    return path


def xy(delivery: Delivery, kind: str) -> list[list[float]]:
    return geometry.bounds(delivered(delivery)[kind]["geometry"])[:, :2].tolist()


@pytest.mark.parametrize("heading", ["x,y", "lon,lat", "Longitude,Latitude", "easting,northing", "经度,纬度", "E,N"])
def test_usual_names_of_coordinates(heading: str, tmp_path: Path) -> None:
    path = write(tmp_path / "water_junction.csv", f"id,{heading}\na,114.1,30.2\nb,114.3,30.4\n")
    delivery = read(path)
    assert delivery.crs is None
    assert xy(delivery, "water.junction") == [[114.1, 30.2], [114.3, 30.4]]


def test_coordinates_and_crs_by_mapping(tmp_path: Path) -> None:
    path = write(tmp_path / "taps.csv", "no;RW;HW;Z\n1;500000,5;3400000,5;7\n")
    mapping = {"layer": {"taps": {"kind": "water.junction", "x": "RW", "y": "HW", "z": "Z", "delimiter": ";", "decimal": ",", "crs": "EPSG:31467", "columns": {"id": "no"}}}}
    delivery = read(path, mapping=mapping)
    assert delivery.crs == "EPSG:31467"
    got = delivered(delivery)["water.junction"]
    assert geometry.coordinates(got["geometry"]).values.tolist() == [[500000.5, 3400000.5, 7.0]]  # type: ignore[union-attr]
    assert set(got.column_names) == {"id", "geometry"}


def test_lines_by_two_ends(tmp_path: Path) -> None:
    path = write(tmp_path / "water_pipe.csv", "id,x1,y1,x2,y2\na,0,1,2,3\nb,0,1,,3\n")
    delivery = read(path)
    got = delivered(delivery)["water.pipe"]
    assert geometry.bounds(got["geometry"])[0].tolist() == [0, 1, 2, 3]
    assert got["geometry"][1].as_py() is None


def test_wkt(tmp_path: Path) -> None:
    path = write(tmp_path / "water_pipe.csv", 'id,WKT\na,"LINESTRING (0 0, 1 1)"\nb,LINESTRING(0\nc,\n')
    delivery = read(path)
    assert [g is None for g in delivered(delivery)["water.pipe"]["geometry"].to_pylist()] == [False, True, True]
    assert delivery.findings.table().select(["rule", "row", "value"]).to_pylist() == [{"rule": "import.bad_geometry", "row": 3, "value": "LINESTRING(0"}]


def test_coordinates_that_are_no_numbers_are_said(tmp_path: Path) -> None:
    delivery = read(write(tmp_path / "water_junction.csv", "id,x,y\na,east,3\nb,1,2\n"))
    assert delivered(delivery)["water.junction"]["geometry"][0].as_py() is None
    assert delivery.findings.table().select(["rule", "row", "value"]).to_pylist() == [{"rule": "import.not_a_number", "row": 2, "value": "east"}]


def test_a_declared_field_is_no_coordinate() -> None:
    assert table.usual_places(["id", "x", "y", "z"], {"z"}) == {"x": "x", "y": "y"}
    assert table.usual_places(["id", "x"], set()) == {}


def test_units_in_feet_and_inches(tmp_path: Path) -> None:
    row = delivered(read(write(tmp_path / "water_pipe.csv", "id,diameter [in],from_depth [ft]\na,12,3\n")))["water.pipe"].to_pylist()[0]
    assert row["diameter"] == pytest.approx(0.3048)
    assert row["from_depth"] == pytest.approx(0.9144)


def test_the_kind_must_be_known(tmp_path: Path) -> None:
    with pytest.raises(Invalid, match="of which kind") as caught:
        read(write(tmp_path / "a.csv", "x,y\n1,2\n"))
    assert "--guess" in caught.value.fix


def test_rows_are_lines_of_the_file(tmp_path: Path) -> None:
    (batch,) = read(write(tmp_path / "water_junction.csv", "id\na\nb\n")).batches
    assert batch.rows.tolist() == [2, 3]


def test_headings_carry_units_only_where_all_kinds_agree(tmp_path: Path) -> None:
    city = small_city()
    units = table.shared_units([city.catalog.kinds[k] for k in ("water.pipe", "drainage.conduit")])
    assert units["diameter"] == "diameter [m]"
    assert "material" not in units
    assert "hazen_williams_c" not in units  # a number without a unit
    table.write(MemoryCity({"water.pipe": city.tables["water.pipe"]}, crs="local"), tmp_path / "a.csv", None, None)
    assert not any("crs" in line for line in (tmp_path / "a.csv.mapping.toml").read_text().splitlines())


def test_the_hydrants_of_a_real_town(shared_data: Callable[[str], Path]) -> None:
    mapping = {"layer": {"hydranten": {"kind": "water.hydrant", "x": "longitude", "y": "latitude", "crs": "EPSG:4326", "columns": {"id": "name"}}}}
    delivery = read(shared_data("operations/hydrants/hydranten.csv"), mapping=mapping)
    got = delivered(delivery)["water.hydrant"]
    assert got.num_rows == 159
    box = geometry.bounds(got["geometry"])
    assert np.allclose([box[:, 0].min(), box[:, 1].min()], [16.8, 47.9], atol=0.2)
    assert "nenndurchmesser" in got.column_names


def test_what_a_table_looks_like(tmp_path: Path) -> None:
    assert table.sniff(Path("a.csv"), b"a,b\n") == 0.5
    assert table.sniff(Path("a.txt"), b"a\tb\n") == 0.2
    assert table.sniff(Path("a.csv"), b"PK\0\0") == 0.0
    assert table.sniff(tmp_path, b"") == 0.0
    assert table.sniff(Path("a.txt"), b"") == 0.0
