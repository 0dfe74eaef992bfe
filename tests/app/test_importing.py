"""Import: all files or none, good rows kept, every problem a row, nothing half-written."""

from __future__ import annotations

import io
import json
import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import numpy as np
import pyarrow.parquet as pq
import pytest

import holdfast
from holdfast.app.cities import create_city
from holdfast.app.importing import ImportOptions, import_files
from holdfast.model.city import City
from holdfast.model.errors import Conflict, Invalid, NotFound, NotSupported


def write_points(path: Path, points: list[tuple[str, float, float]], crs: str | None = "EPSG:4547", **more: object) -> Path:
    """A GeoJSON of junctions in the old form that names its CRS."""
    features = [{"type": "Feature", "properties": {"id": name, "elevation": 12.0, **more}, "geometry": {"type": "Point", "coordinates": [x, y]}} for name, x, y in points]
    body: dict[str, object] = {"type": "FeatureCollection", "name": "water.junction", "features": features}
    if crs is not None:
        body["crs"] = {"type": "name", "properties": {"name": f"urn:ogc:def:crs:{crs.replace(':', '::')}"}}
    path.write_text(json.dumps(body, ensure_ascii=False), encoding="utf-8")
    return path


@pytest.fixture
def city(tmp_path: Path) -> City:
    return create_city(str(tmp_path / "city"))


GOOD = [("a", 500_000.0, 3_300_000.0), ("b", 500_010.0, 3_300_000.0)]


@pytest.mark.clause("1a")
def test_a_file_becomes_facts_run_event_and_report(city: City, tmp_path: Path) -> None:
    report = import_files(city, [write_points(tmp_path / "water.junction.geojson", GOOD)], ImportOptions(valid_from="2024-05-01", actor="surveyor"))
    assert report.kinds == {"water.junction": 2}
    assert city.table("water.junction")["id"].to_pylist() == ["water.junction:a", "water.junction:b"]
    assert city.as_of("2024-04-30").counts() == {}
    assert city.as_of("2024-05-02").counts() == {"water.junction": 2}
    run = city.runs().to_pylist()[-1]
    assert (run["capability"], run["actor"], run["status"]) == ("import", "surveyor", "done")
    assert json.loads(run["summary"])["kinds"] == {"water.junction": 2}
    event = city.events(type="import").to_pylist()[-1]
    assert (event["cause"], event["subject"]) == (report.run, "water.junction.geojson")


def test_a_dry_run_reports_the_same_and_keeps_nothing(city: City, tmp_path: Path) -> None:
    file = write_points(tmp_path / "water.junction.geojson", [*GOOD, ("a", 1.0, 2.0)])
    dry = import_files(city, [file], ImportOptions(dry_run=True, crs="EPSG:4547"))
    assert (city.counts(), city.runs().num_rows) == ({}, 0)
    real = import_files(city, [file], ImportOptions(crs="EPSG:4547"))
    assert dry.kinds == real.kinds
    assert dry.findings.by_rule() == real.findings.by_rule()
    assert "import.duplicate_id" in real.findings.by_rule()


def test_findings_are_kept_with_the_run(city: City, tmp_path: Path) -> None:
    report = import_files(city, [write_points(tmp_path / "water.junction.geojson", [*GOOD, ("b", 500_020.0, 3_300_000.0)])])
    kept = pq.read_table(io.BytesIO(city.repository.get_file(f"results/{report.run}/findings.parquet")))
    assert "import.duplicate_id" in kept["rule"].to_pylist()


def test_strict_refuses_everything(city: City, tmp_path: Path) -> None:
    with pytest.raises(Invalid, match="nothing was imported"):
        import_files(city, [write_points(tmp_path / "water.junction.geojson", [*GOOD, GOOD[0]])], ImportOptions(strict=True))
    assert city.counts() == {}


def test_two_files_are_taken_together_or_not_at_all(city: City, tmp_path: Path) -> None:
    good = write_points(tmp_path / "water.junction.geojson", GOOD)
    bad = tmp_path / "second.geojson"
    bad.write_text('{"type": "FeatureCollection", "features": [{"type"')
    with pytest.raises(Invalid) as caught:
        import_files(city, [good, bad])
    assert "second.geojson" in str(caught.value)
    assert city.counts() == {}


def test_a_file_of_another_zone_is_transformed(city: City, tmp_path: Path) -> None:
    import pyproj

    x, y = pyproj.Transformer.from_crs(4490, 4546, always_xy=True).transform(112.52, 30.0)  # just outside the zone of 111 E
    import_files(city, [write_points(tmp_path / "water.junction.geojson", [("a", x, y)], "EPSG:4546")])
    point = city.assets("water.junction").to_crs(4490).geometry[0]
    np.testing.assert_allclose((point.x, point.y), (112.52, 30.0), atol=1e-8)


def test_coordinates_that_cannot_be_in_the_stated_crs_are_refused(city: City, tmp_path: Path) -> None:
    with pytest.raises(Invalid, match="area of use"):
        import_files(city, [write_points(tmp_path / "water.junction.geojson", [("a", 790_051.0, 3_303_778.0)], "EPSG:4546")])
    assert city.counts() == {}


def test_a_file_that_states_no_crs_is_refused_with_the_way_out(tmp_path: Path) -> None:
    city = create_city(str(tmp_path / "local"), crs="local")
    inp = tmp_path / "net.inp"
    inp.write_text("[JUNCTIONS]\n J1 10\n J2 10\n[RESERVOIRS]\n R1 50\n[PIPES]\n P1 R1 J1 100 300 100 0 Open\n P2 J1 J2 100 300 100 0 Open\n"
                   "[COORDINATES]\n J1 10 0\n J2 20 0\n R1 0 0\n[OPTIONS]\n Units LPS\n Headloss H-W\n[END]\n")
    with pytest.raises(Invalid, match="does not say") as caught:
        import_files(city, [inp])
    assert "--crs" in caught.value.fix
    report = import_files(city, [inp], ImportOptions(crs="local:ft"))
    assert report.kinds["water.pipe"] == 2
    assert city.assets("water.junction", ids=["water.junction:J2"]).geometry.x[0] == pytest.approx(20 * 0.3048)


def test_a_datum_shift_that_can_only_be_guessed_is_refused(city: City, tmp_path: Path) -> None:
    with pytest.raises(NotSupported, match="--fit"):
        import_files(city, [write_points(tmp_path / "water.junction.geojson", GOOD, "EPSG:2435")])  # Beijing 1954 / 3-degree CM 114E


def test_control_points_tie_a_local_grid_to_the_city(city: City, tmp_path: Path) -> None:
    fit = tmp_path / "points.csv"
    fit.write_text("source_x,source_y,target_x,target_y\n0,0,500000,3300000\n1000,0,501000,3300000\n0,1000,500000,3301000\n1000,1000,501000,3301000\n")
    import_files(city, [write_points(tmp_path / "water.junction.geojson", [("a", 10.0, 20.0)], None)], ImportOptions(fit=fit))
    point = city.assets("water.junction").geometry[0]
    assert (point.x, point.y) == pytest.approx((500_010.0, 3_300_020.0), abs=1e-6)


def test_what_is_there_already_needs_update(city: City, tmp_path: Path) -> None:
    file = write_points(tmp_path / "water.junction.geojson", GOOD)
    import_files(city, [file])
    again = import_files(city, [file])
    assert again.kinds == {}
    assert again.findings.by_rule()["import.exists"] == 2


def test_missing_empty_and_unknown_files(city: City, tmp_path: Path) -> None:
    with pytest.raises(NotFound, match="no such file"):
        import_files(city, [tmp_path / "nothing.geojson"])
    (tmp_path / "empty.geojson").touch()
    with pytest.raises(Invalid, match="empty"):
        import_files(city, [tmp_path / "empty.geojson"])
    (tmp_path / "what.xyz").write_bytes(b"\x00\x01\x02 nothing we know")
    with pytest.raises(Invalid, match="not known"):
        import_files(city, [tmp_path / "what.xyz"])


def test_a_second_writer_is_told_who_is_writing(city: City, tmp_path: Path) -> None:
    other = holdfast.open(str(tmp_path / "city"))
    with city.repository.write(), pytest.raises(Conflict, match=f"process {os.getpid()}"):
        import_files(other, [write_points(tmp_path / "water.junction.geojson", GOOD)])


_SLOW_IMPORT = """
import sys, time
import holdfast
from holdfast.app.importing import ImportOptions, import_files
print("started", flush=True)
import_files(holdfast.open(sys.argv[1]), [sys.argv[2]], ImportOptions(kind="water.junction"), progress=lambda file, rows: (print("rows", flush=True), time.sleep(30)))
"""


@pytest.mark.slow
def test_an_import_that_is_killed_leaves_the_city_as_before(city: City, tmp_path: Path) -> None:
    import_files(city, [write_points(tmp_path / "water.junction.geojson", GOOD)])
    before = city.counts(), city.runs().num_rows, city.events().num_rows
    more = write_points(tmp_path / "more.geojson", [(f"k{i}", 500_000.0 + i, 3_300_100.0) for i in range(2000)])
    child = subprocess.Popen([sys.executable, "-c", _SLOW_IMPORT, str(tmp_path / "city"), str(more)], stdout=subprocess.PIPE, text=True)
    assert child.stdout is not None
    assert child.stdout.readline() == "started\n"
    assert child.stdout.readline() == "rows\n", "rows were read, the transaction is open"
    time.sleep(0.2)
    child.send_signal(signal.SIGKILL)
    child.wait()
    child.stdout.close()
    reopened = holdfast.open(str(tmp_path / "city"))
    assert (reopened.counts(), reopened.runs().num_rows, reopened.events().num_rows) == before
    assert import_files(reopened, [more], ImportOptions(kind="water.junction")).kinds == {"water.junction": 2000}, "and the lock is free again"
