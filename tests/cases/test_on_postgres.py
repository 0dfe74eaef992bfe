"""The same commands on a city in PostgreSQL: import, check, update, export and backup give what a folder gives."""

from __future__ import annotations

from pathlib import Path

import pytest

from holdfast.app.checking import check_city
from holdfast.app.cities import create_city, open_city
from holdfast.app.exporting import export_file
from holdfast.app.importing import ImportOptions, import_files
from holdfast.app.keeping import backup_city, restore_city
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
