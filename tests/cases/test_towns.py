"""Real files of real towns through the whole import: published counts, the right place, nothing lost."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
import shapely

from holdfast.app.cities import create_city
from holdfast.app.importing import ImportOptions, ImportReport, import_files
from holdfast.model.city import City


@pytest.fixture
def imported(shared_data, tmp_path: Path):
    """`imported("EPSG:n", {file: options})` makes a city and imports the files, one call each."""

    def run(crs: str, files: dict[str, ImportOptions]) -> tuple[City, list[ImportReport]]:
        city = create_city(str(tmp_path / "city"), crs=crs)
        return city, [import_files(city, [shared_data(name)], options) for name, options in files.items()]

    return run


def lonlat(city: City, kind: str) -> np.ndarray:
    """Bounds in degrees: west, south, east, north."""
    return city.assets(kind).to_crs(4326).total_bounds


@pytest.mark.clause("1d", "1e")
def test_schutterwald_has_power_and_gas_in_one_place(imported) -> None:
    city, _ = imported("EPSG:25832", {
        "power/pandapower/lv_schutterwald.json": ImportOptions(),
        "gas_heat/pandapipes/gas_net_schutterwald_1bar.json": ImportOptions(crs="EPSG:31467"),
    })
    counts = city.counts()
    assert (counts["power.bus"], counts["gas.junction"]) == (2940, 2559)
    power, gas = lonlat(city, "power.bus"), lonlat(city, "gas.junction")
    for box in (power, gas):
        assert box[0] > 7.86 and box[2] < 7.91 and box[1] > 48.44 and box[3] < 48.48
    overlap = shapely.box(*power).intersection(shapely.box(*gas)).area / shapely.box(*gas).area
    assert overlap > 0.8


def test_l_town(imported) -> None:
    city, (report,) = imported("local", {"water/literature/L-TOWN.inp": ImportOptions(crs="local:m")})
    counts = city.counts()
    assert (counts["water.junction"], counts["water.pipe"], counts["water.reservoir"], counts["water.tank"]) == (782, 905, 2, 1)
    assert report.findings.counts()["error"] == 0
    assert city.network("water").components().max() == 0


def test_simbench_and_the_ieee_cases(imported) -> None:
    city, _ = imported("EPSG:25832", {"power/simbench/1-MV-urban--0-sw.json": ImportOptions()})
    assert city.counts()["power.bus"] == 144


@pytest.mark.clause("2a", "2f")
def test_porto_alegre(imported) -> None:
    city, reports = imported("EPSG:31982", {
        "roads/porto_alegre/poa_osm.pbf": ImportOptions(),
        "roads/porto_alegre/poa_eptc.zip": ImportOptions(),
        "roads/porto_alegre/poa_trensurb.zip": ImportOptions(),
        "roads/porto_alegre/poa_elevation.tif": ImportOptions(),
    })
    counts = city.counts()
    assert reports[0].files[0]["facts"]["ways"] == 16_032, "15,886 of them are highways"
    assert counts["roads.street"] > 15_000 and counts["roads.stop"] > 1_000 and counts["roads.transit_line"] > 10
    assert counts["base.terrain"] == 1 and len([f for f in city.repository.files() if f.startswith("rasters/")]) == 1
    box = lonlat(city, "roads.street")
    assert -51.4 < box[0] < box[2] < -51.0 and -30.3 < box[1] < box[3] < -29.9


@pytest.mark.clause("7a")
def test_the_hague_and_delft(imported) -> None:
    city, _ = imported("EPSG:28992", {"buildings/denhaag/DenHaag_01.city.json.zip": ImportOptions(), "buildings/delft/delft.json": ImportOptions()})
    counts = city.counts()
    assert counts["buildings.building"] == 844 + 160
    assert counts["roads.surface"] == 143


def test_sioux_falls_and_anaheim(imported) -> None:
    city, _ = imported("EPSG:26914", {"roads/tntp/SiouxFalls/SiouxFalls_net.tntp": ImportOptions()})
    counts = city.counts()
    assert (counts["roads.junction"], counts["roads.street"], counts["roads.demand"]) == (24, 76, 528)


def test_anaheim(imported) -> None:
    city, _ = imported("EPSG:26911", {"roads/tntp/Anaheim/Anaheim_net.tntp": ImportOptions()})
    counts = city.counts()
    assert (counts["roads.junction"] + counts["roads.zone_centroid"], counts["roads.street"]) == (416, 914)


def test_futian(imported) -> None:
    city, _ = imported("EPSG:4547", {"roads/shenzhen/drive.graphml": ImportOptions()})
    assert city.counts()["roads.junction"] == 1_751
    box = lonlat(city, "roads.junction")
    assert 113.9 < box[0] < box[2] < 114.2 and 22.4 < box[1] < box[3] < 22.7


@pytest.mark.clause("1c")
def test_every_drainage_model_is_taken_without_an_error_in_the_file(shared_data, tmp_path: Path) -> None:
    files = sorted(shared_data("drainage").rglob("*.inp"))
    assert len(files) == 14
    for number, file in enumerate(files):
        city = create_city(str(tmp_path / str(number)), crs="local")
        report = import_files(city, [file], ImportOptions(crs="local:m"))
        refused = {rule for rule in report.findings.by_rule() if rule.startswith("import.") and rule not in ("import.no_geometry", "import.encoding")}
        assert refused <= {"import.geometry_self_crossing", "import.geometry_zero_length"}, file.name
        assert sum(report.kinds.values()) > 20
