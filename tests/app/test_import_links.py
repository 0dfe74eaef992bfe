"""Links whose ends carry no kind are found among what is imported and what the city has."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pyarrow as pa
import pytest

from holdfast.app.cities import create_city
from holdfast.app.id_set import IdSet
from holdfast.app.import_links import settle_links
from holdfast.app.importing import ImportOptions, import_files
from holdfast.model import geometry
from holdfast.model.city import City
from holdfast.model.finding import Findings
from holdfast.model.tables import LINK


def links(*pairs: tuple[str, str]) -> pa.Table:
    rows = [{"from_id": a, "to_id": b, "relation": "depends", "service": "electricity"} for a, b in pairs]
    return pa.Table.from_pylist(rows, LINK)


@pytest.fixture
def city(tmp_path: Path) -> City:
    made = create_city(str(tmp_path / "city"))
    place = geometry.points(pa.array([500_000.0]).to_numpy(), pa.array([3_300_000.0]).to_numpy())
    made.append("water.junction", pa.table({"id": ["water.junction:A"], "geometry": place}))
    made.append("power.bus", pa.table({"id": ["power.bus:A"], "geometry": place}))
    made.append("power.load", pa.table({"id": ["power.load:M1"], "geometry": place}))
    return made


def test_bare_ends_get_the_kind_of_the_one_asset_that_fits(city: City) -> None:
    met = IdSet()
    met.add(pa.array(["water.pump:P1"]))
    findings = Findings()
    settled = settle_links(city, links(("M1", "P1"), ("power.load:M1", "P1")), {"water.pump": met}, findings, "d.csv")
    assert settled["from_id"].to_pylist() == ["power.load:M1"] * 2
    assert settled["to_id"].to_pylist() == ["water.pump:P1"] * 2
    assert len(findings) == 0


def test_ends_that_none_or_several_fit_are_left_out_and_said(city: City) -> None:
    findings = Findings()
    settled = settle_links(city, links(("M1", "A"), ("M1", "nobody"), ("M1", "water.junction:A")), {}, findings, "d.csv")
    assert settled["to_id"].to_pylist() == ["water.junction:A"]
    said = findings.table().to_pylist()
    assert [row["value"] for row in said] == ["A", "nobody"]
    assert "power.bus:A, water.junction:A" in said[0]["message"]


def test_a_finding_says_where_the_end_stands_in_the_file(city: City, tmp_path: Path) -> None:
    file = tmp_path / "deps.csv"
    file.write_text("water_id,power_id\nA,M1\npower.load:M1,nobody\nnobody,P_G1\n", "utf-8")
    report = import_files(city, [file])
    said = [(row["file"], row["row"], row["column"], row["value"]) for row in report.findings.table().to_pylist() if row["rule"] == "import.unknown_asset"]
    assert set(said) == {("deps.csv", 2, "water_id", "A"), ("deps.csv", 3, "power_id", "nobody"), ("deps.csv", 4, "water_id", "nobody"), ("deps.csv", 4, "power_id", "P_G1")}
    assert len(said) == 4 and city.links().num_rows == 0


def test_links_with_kinds_pass_untouched(city: City) -> None:
    table = links(("power.load:M1", "water.pump:later"))
    assert settle_links(city, table, {}, Findings(), "d.csv").equals(table)


def test_in2_names_a_generator_that_its_power_model_has_not(tmp_path: Path, shared_data: Callable[[str], Path]) -> None:
    """The second row of its table needs P_G3; its power.json has no generator at all, only the external grid P_EG1. So one link of two can be made."""
    city = create_city(str(tmp_path / "city"), crs="local")
    report = import_files(city, [shared_data(f"coupled/in2/{name}") for name in ("water/water.inp", "power/power.json", "dependecies.csv")], ImportOptions(crs="local:m"))
    assert "power.generator" not in city.counts() and city.table("power.external_grid")["id"].to_pylist() == ["power.external_grid:P_EG1"]
    assert city.counts()["water.reservoir"] == 1  # W_R9, the other end, is there
    assert [(row["from_id"], row["to_id"]) for row in city.links().to_pylist()] == [("power.load:P_MP1", "water.pump:W_WP9")]
    (said,) = [row for row in report.findings.table().to_pylist() if row["kind"] == "link"]
    assert {name: said[name] for name in ("rule", "severity", "file", "row", "column", "value")} == {
        "rule": "import.unknown_asset", "severity": "error", "file": "dependecies.csv", "row": 3, "column": "power_id", "value": "P_G3",
    }  # fmt: skip
    assert "P_G3" in said["message"] and said["fix"]


@pytest.mark.slow
def test_micropolis_depends_as_published(tmp_path: Path, shared_data: Callable[[str], Path]) -> None:
    city = create_city(str(tmp_path / "city"), crs="local")
    files = ["coupled/micropolis/water/high/water.inp", "coupled/micropolis/power/high/power.json", "coupled/micropolis/dependencies.csv"]
    report = import_files(city, [shared_data(name) for name in files], ImportOptions(crs="local:ft"))
    depends = city.links(relation="depends")
    assert depends.num_rows == 8
    assert set(depends["from_id"].to_pylist()) == {"power.load:P_MP1", "power.load:P_MP2", "power.load:P_MP3"}
    assert all(end.startswith("water.pump:W_WP") for end in depends["to_id"].to_pylist())
    assert report.links >= 8
    rows = shared_data(files[-1]).read_text(encoding="utf-8").split()[1:]
    pairs = {(end.partition(":")[2], start.partition(":")[2]) for start, end in zip(depends["from_id"].to_pylist(), depends["to_id"].to_pylist(), strict=True)}
    assert pairs == {tuple(row.split(",")) for row in rows}  # none lost
    assert not [row for row in report.findings.table().to_pylist() if row["kind"] == "link"]
