"""The same commands on a city in PostgreSQL: import, check, update, export, backup, simulate and scenario give what a folder gives."""

from __future__ import annotations

from pathlib import Path

import pytest

from anlan import anlan
from holdfast.app.checking import check_city
from holdfast.app.cities import create_city, open_city
from holdfast.app.exporting import export_file
from holdfast.app.importing import ImportOptions, import_files
from holdfast.app.keeping import backup_city, restore_city
from holdfast.app.results import kept
from holdfast.app.scenario import run_scenario
from holdfast.app.simulating import simulate
from holdfast.app.summary import summarise
from holdfast.model.tables import TIME_AXES

pytestmark = pytest.mark.postgres


def test_l_town_in_both_stores(shared_data, tmp_path: Path, postgres_url: str) -> None:
    model = shared_data("water/literature/L-TOWN.inp")
    folder = str(tmp_path / "folder")
    lines = model.read_text().splitlines()
    first = next(i for i, line in enumerate(lines) if line.startswith("[PIPES]")) + 1
    row = next(i for i in range(first, first + 10) if lines[i].strip() and not lines[i].strip().startswith(";"))
    cells = lines[row].split()
    lines[row] = "\t".join([*cells[:4], "999", *cells[5:]])
    (tmp_path / "newer.inp").write_text("\n".join(lines))

    cities = [create_city(location, crs="local", name="L-TOWN") for location in (folder, postgres_url)]
    results = []
    for number, city in enumerate(cities):
        imported = import_files(city, [model], ImportOptions(crs="local:m", valid_from="2024-01-01"))
        again = import_files(city, [model], ImportOptions(crs="local:m"))
        updated = import_files(city, [tmp_path / "newer.inp"], ImportOptions(crs="local:m", update=True, valid_from="2025-01-01"))
        assert updated.changes is not None
        export_file(city, tmp_path / f"out{number}.inp")
        report = check_city(city, fail_on="never")
        results.append({
            "kinds": imported.kinds, "again": again.findings.by_rule()["import.exists"], "changes": updated.changes.sort_by("id").to_pylist(),
            "checks": report.summary["rules"], "counts": summarise(city)["kinds"], "then": city.as_of("2024-06-01").counts(),
            "pipe": city.history(f"water.pipe:{cells[0]}").drop_columns([*TIME_AXES]).to_pylist(),
        })
    assert results[0] == results[1]
    assert len(results[0]["pipe"]) == 3, "as it was believed, as it ended, as it is"
    assert (tmp_path / "out0.inp").read_text() == (tmp_path / "out1.inp").read_text()

    backup_city(cities[1], tmp_path / "town.tar")
    restore_city(tmp_path / "town.tar", str(tmp_path / "moved"))
    assert summarise(open_city(tmp_path / "moved"))["kinds"] == results[1]["counts"]
    for city in cities:
        city.close()


@pytest.mark.slow
def test_a_scenario_and_a_simulation_in_both_stores(tmp_path: Path, postgres_url: str) -> None:
    with anlan(tmp_path / "folder") as city:
        backup_city(city, tmp_path / "anlan.tar")
    restore_city(tmp_path / "anlan.tar", postgres_url)
    definition = {"name": "shaken", "hazard": "quake", "samples": 24, "seed": 5, "restoration": 0, "hours": [0, 24, 720], "parameters": {"magnitude": 6.5}}
    found = []
    for number, location in enumerate((tmp_path / "folder", postgres_url)):
        with open_city(location) as city:
            done = run_scenario(city, definition, workers=1, out=tmp_path / f"out{number}", actor="test")
            day = simulate(city, "water", hours=2, actor="test")
            found.append((done, day, kept(city, done.run), kept(city, day.run)))
    (done, day, *records), (other, other_day, *other_records) = found
    assert done.status == other.status == "done"
    tables = sorted(path.relative_to(done.folder) for path in done.folder.rglob("*.parquet") if not path.name.startswith("sums-"))  # those have times
    assert len(tables) >= 10 and [str(name) for name in tables if (done.folder / name).read_bytes() != (other.folder / name).read_bytes()] == []
    assert done.answer.summary["people_without"] == other.answer.summary["people_without"] and done.answer.summary["people_without"]["water"]["24"]["p95"] > 0
    assert day.answer.summary == other_day.answer.summary and day.answer.tables.keys() == other_day.answer.tables.keys()
    assert [name for name, table in day.answer.tables.items() if not table.equals(other_day.answer.tables[name])] == []
    for one, two in zip(records, other_records, strict=True):
        assert one.record["parameters"] == two.record["parameters"] and one.answer.tables.keys() == two.answer.tables.keys() != set()
