"""Links whose ends carry no kind are found among what is imported and what the city has."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pyarrow as pa
import pytest

from holdfast.app.cities import create_city
from holdfast.app.id_set import IdSet
from holdfast.app.import_links import settle_links
from holdfast.app.importing import import_files
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


def test_links_with_kinds_pass_untouched(city: City) -> None:
    table = links(("power.load:M1", "water.pump:later"))
    assert settle_links(city, table, {}, Findings(), "d.csv") is table


@pytest.mark.slow
def test_micropolis_depends_as_published(tmp_path: Path, shared_data: Callable[[str], Path]) -> None:
    city = create_city(str(tmp_path / "city"), crs="local")
    from holdfast.app.importing import ImportOptions

    files = ["coupled/micropolis/water/high/water.inp", "coupled/micropolis/power/high/power.json", "coupled/micropolis/dependencies.csv"]
    report = import_files(city, [shared_data(name) for name in files], ImportOptions(crs="local:ft"))
    depends = city.links(relation="depends")
    assert depends.num_rows == 8
    assert set(depends["from_id"].to_pylist()) == {"power.load:P_MP1", "power.load:P_MP2", "power.load:P_MP3"}
    assert all(end.startswith("water.pump:W_WP") for end in depends["to_id"].to_pylist())
    assert report.links >= 8
