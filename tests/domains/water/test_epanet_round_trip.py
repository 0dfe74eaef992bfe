"""Real EPANET files through a city and back: the engine finds the same heads and flows."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pyarrow as pa
import pytest

import epanet_oracle as epanet
from holdfast.app.cities import create_city
from holdfast.app.exporting import export_file
from holdfast.app.importing import ImportOptions, import_files
from holdfast.domains.water.domain import DOMAIN
from holdfast.domains.water.formats.reader import read
from holdfast.domains.water.formats.writer import write
from holdfast.model.delivery import ReadRequest
from table_city import TableCity, catalog_of

CATALOG = catalog_of(DOMAIN)
FILES = {  # file -> what its coordinates are in
    "water/literature/Hanoi.inp": "schematic", "water/literature/L-TOWN.inp": "m", "water/literature/Net1.inp": "schematic",
    "water/literature/Net3.inp": "schematic", "water/literature/Net3-NH2CL.inp": "schematic", "water/literature/Richmond_standard.inp": "schematic",
    "water/literature/ky10.inp": "ft", "water/literature/ky4.inp": "ft", "water/ky4_gis/Net6.inp": "schematic", "water/ky4_gis/coastal_ky4.inp": "deg",
    "coupled/micropolis/water/high/water.inp": "ft", "coupled/micropolis/water/low/water.inp": "ft", "coupled/in2/water/water.inp": "schematic",
}  # fmt: skip
FLOW, HEAD_FEET = 1e-6, 0.01 / 0.3048


def city_of(path: Path) -> TableCity:
    return TableCity(CATALOG, read(path, ReadRequest(CATALOG)).batches)


@pytest.mark.parametrize("name", FILES)
@pytest.mark.clause("1b")
def test_same_hydraulics(shared_data, tmp_path, name: str) -> None:
    path, copy = shared_data(name), tmp_path / "copy.inp"
    facts = write(city_of(path), copy)
    assert facts["assumed"] == {} and facts["left_out"] == {}
    head, flow = epanet.deviation(epanet.solve(path, tmp_path), epanet.solve(copy, tmp_path))
    assert head <= (HEAD_FEET if facts["units"] == "GPM" else 0.01)
    assert flow <= FLOW


@pytest.mark.parametrize("name", FILES)
def test_coordinates_are_what_the_pipe_lengths_say(shared_data, name: str) -> None:
    assert read(shared_data(name), ReadRequest(CATALOG)).facts["coordinates"] == FILES[name]


def test_a_file_the_engine_refuses_is_repaired_by_the_finding(shared_data, tmp_path) -> None:
    """The medium mesh of Micropolis orders a reaction for a tank's name; EPANET stops at that line."""
    path = shared_data("coupled/micropolis/water/med/water.inp")
    with pytest.raises(AssertionError, match="W_T1"):
        epanet.solve(path, tmp_path)
    delivery = read(path, ReadRequest(CATALOG))
    (bad,) = delivery.findings.table().to_pylist()
    assert bad["rule"] == "import.bad_option" and bad["row"] == 3373 and "Order W_T1" in bad["value"]
    cleaned, copy = tmp_path / "cleaned.inp", tmp_path / "copy.inp"
    lines = path.read_text().split("\n")
    cleaned.write_text("\n".join(lines[:3372] + lines[3373:]))
    write(TableCity(CATALOG, delivery.batches), copy)
    assert epanet.deviation(epanet.solve(cleaned, tmp_path), epanet.solve(copy, tmp_path)) <= (HEAD_FEET, FLOW)
    assert ";Order W_T1" in copy.read_text()


@pytest.mark.parametrize("name", ["Net1", "Net3"])
def test_same_water_quality(shared_data, tmp_path, name: str) -> None:
    """Chlorine decay with reactions at walls and in bulk, and tracing of a source."""
    path, copy = shared_data(f"water/literature/{name}.inp"), tmp_path / "copy.inp"
    write(city_of(path), copy)
    first, second = (epanet.solve(file, tmp_path, quality=True)["quality"] for file in (path, copy))
    assert first.max() > 0
    np.testing.assert_allclose(first, second, rtol=1e-9)


@pytest.mark.parametrize(("name", "unit"), [
    ("water/literature/Net1", "LPS"), ("water/literature/Net3", "CMH"), ("water/literature/L-TOWN", "GPM"), ("water/literature/Hanoi", "MGD"),
    ("coupled/micropolis/water/high/water", "CMS"),
])  # fmt: skip
def test_other_units_give_the_same_heads(shared_data, tmp_path, name: str, unit: str) -> None:
    """What is stored is SI: written in another system of units the model behaves the same but for the engine's own rounded constants."""
    path, copy = shared_data(f"{name}.inp"), tmp_path / "copy.inp"
    city = city_of(path)
    options = city.table("water.option")
    units = ["" if keyword == "UNITS" else value for keyword, value in zip(options["keyword"].to_pylist(), options["value"].to_pylist(), strict=True)]
    city.tables["water.option"] = options.set_column(options.column_names.index("value"), "value", pa.array([unit if v == "" else v for v in units], pa.string()))
    assert write(city, copy)["units"] == unit
    first, second = epanet.solve(path, tmp_path), epanet.solve(copy, tmp_path)
    feet = {"GPM": 0.3048, "MGD": 0.3048}
    scale = [feet.get(u, 1.0) for u in (read(path, ReadRequest(CATALOG)).facts["flow_unit"], unit)]
    steps = min(len(first["time"]), 13, len(second["time"]))
    assert list(first["time"][:steps]) == list(second["time"][:steps])
    place = {node: i for i, node in enumerate(second["node"])}
    order = [place[node] for node in first["node"]]
    np.testing.assert_allclose(first["head"][:steps] * scale[0], second["head"][:steps, order] * scale[1], atol=0.05)


@pytest.mark.parametrize(
    ("name", "crs", "city_crs"),
    [("water/literature/Net3.inp", "local:m", "local"), ("water/literature/ky4.inp", "EPSG:3547", "EPSG:3546"), ("water/literature/L-TOWN.inp", "local:m", "local")],
)
@pytest.mark.clause("1b")
def test_through_a_stored_city(shared_data, tmp_path, name: str, crs: str, city_crs: str) -> None:
    path, copy = shared_data(name), tmp_path / "copy.inp"
    with create_city(str(tmp_path / "city"), crs=city_crs) as city:
        report = import_files(city, [path], ImportOptions(crs=crs))
        assert report.findings.counts()["error"] == 0
        facts = export_file(city, copy)
    assert facts["format"] == "epanet" and facts["left_out"] == {}
    assert epanet.deviation(epanet.solve(path, tmp_path), epanet.solve(copy, tmp_path)) <= (0.01, FLOW)


def test_written_twice_is_the_same_file(shared_data, tmp_path) -> None:
    first, second = tmp_path / "first.inp", tmp_path / "second.inp"
    write(city_of(shared_data("water/literature/Net3.inp")), first)
    write(city_of(first), second)
    assert first.read_text() == second.read_text()
