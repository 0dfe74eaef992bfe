"""The checks on networks of real towns, against counts made from the files by hand."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from holdfast.app.cities import create_city
from holdfast.app.importing import ImportOptions, import_files
from holdfast.engines.survey.checks import run_checks
from holdfast.model.finding import Findings

FOOT = 0.3048


def checked(path: Path, folder: Path, crs: str) -> Findings:
    with create_city(str(folder / "city"), crs="local") as city:
        import_files(city, [path], ImportOptions(crs=crs))
        return run_checks(city)


def sections(path: Path) -> dict[str, list[list[str]]]:
    out: dict[str, list[list[str]]] = {}
    for line in path.read_text(encoding="latin-1").splitlines():
        text = line.partition(";")[0].strip()
        if text.startswith("["):
            name = text.strip("[]").upper()
        elif text:
            out.setdefault(name, []).append(text.split())
    return out


@pytest.mark.clause("1a", "1c")
@pytest.mark.parametrize(
    ("name", "unit"), [("swmm_models/Session4_40_Subs_327_Links.inp", FOOT), ("swmm_models/Session18_GreenvilleSnowmelt.inp", FOOT)]
)
def test_adverse_sewers_are_those_whose_file_levels_rise(tmp_path: Path, shared_data: Callable[[str], Path], name: str, unit: float) -> None:
    path = shared_data(f"drainage/{name}")
    parts = sections(path)
    invert = {row[0]: float(row[1]) for part in ("JUNCTIONS", "OUTFALLS", "STORAGE", "DIVIDERS") for row in parts.get(part, [])}
    pressed = {row[0] for row in parts["XSECTIONS"] if row[1].upper() == "FORCE_MAIN"}
    absolute = any(row[:2] == ["LINK_OFFSETS", "ELEVATION"] for row in parts["OPTIONS"])

    def level(node: str, offset: str) -> float:
        return invert[node] if offset == "*" else float(offset) + (0.0 if absolute else invert[node])

    rising = {row[0] for row in parts["CONDUITS"] if row[0] not in pressed and (level(row[2], row[6]) - level(row[1], row[5])) * unit > 0.005}
    rows = [r for r in checked(path, tmp_path, "local:ft").table().to_pylist() if r["rule"] == "survey.reverse_slope"]
    assert {r["id"].partition(":")[2] for r in rows} == rising and len(rising) > 10


@pytest.mark.clause("1a", "1b")
def test_a_sound_water_network_has_no_errors(tmp_path: Path, shared_data: Callable[[str], Path]) -> None:
    findings = checked(shared_data("water/literature/L-TOWN.inp"), tmp_path, "local:m")
    assert findings.by_rule() == {"survey.missing_column": 1}


def test_an_outfall_that_serves_only_the_model_is_an_orphan(tmp_path: Path, shared_data: Callable[[str], Path]) -> None:
    rows = checked(shared_data("drainage/swmm_models/Session18_GreenvilleSnowmelt.inp"), tmp_path, "local:ft").table().to_pylist()
    assert [r["id"] for r in rows if r["rule"] == "survey.orphan_point"] == ["drainage.outfall:LIVE_CONTROLS"]
