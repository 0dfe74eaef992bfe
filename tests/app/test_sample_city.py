"""The reference city: reproducible, complete, connected, and free of errors."""

from __future__ import annotations

from pathlib import Path

import pyarrow.compute as pc
import pytest

from holdfast.app.checking import check_city
from holdfast.app.sample_city import create_sample_city
from holdfast.app.summary import summarise
from holdfast.model.city import City
from holdfast.model.errors import Conflict, Invalid
from holdfast.model.tables import TIME_AXES


@pytest.fixture(scope="module")
def anlan(tmp_path_factory: pytest.TempPathFactory) -> City:
    return create_sample_city(str(tmp_path_factory.mktemp("anlan") / "city"), assets=5_000, seed=7)


def test_it_has_about_as_many_assets_as_asked_for_from_every_domain(anlan: City) -> None:
    counts = anlan.counts()
    assert sum(counts.values()) == pytest.approx(5_000, rel=0.1)
    assert {k.partition(".")[0] for k in counts} == {d.name for d in anlan.catalog.domains}


def test_the_same_seed_gives_the_same_city_and_another_seed_another(tmp_path: Path) -> None:
    def facts(name: str, seed: int) -> dict[str, list[dict]]:
        city = create_sample_city(str(tmp_path / name), assets=2_000, seed=seed)
        kept = {k: city.table(k).drop_columns(["recorded_at"]).sort_by("id").to_pylist() for k in city.counts()}
        kept["link"] = sorted(city.links().drop_columns(list(TIME_AXES)).to_pylist(), key=str)
        return kept

    first = facts("a", 3)
    assert facts("b", 3) == first
    assert facts("c", 4) != first


def test_every_need_is_met(anlan: City) -> None:
    found = summarise(anlan)
    assert found["unmet_needs"] == []
    assert found["findings"] == {"error": 0, "warning": 0, "info": 0}
    services = set(anlan.links(relation="serves")["service"].to_pylist())
    assert services >= {"electricity", "water", "drainage", "telecom"}


def test_a_hospital_needs_everything_and_lasts_a_while_without(anlan: City) -> None:
    hospital = anlan.table("buildings.hospital", limit=1)["id"][0].as_py()
    rows = anlan.links(to_ids=[hospital]).to_pylist()
    assert {r["service"] for r in rows} >= {"electricity", "water", "telecom", "road_access"}
    assert next(r["backup_hours"] for r in rows if r["service"] == "electricity") >= 8


@pytest.mark.clause("1a")
def test_the_survey_checks_find_no_error_in_it(anlan: City) -> None:
    report = check_city(anlan)
    errors = [r for r in report.summary["rules"] if r["severity"] == "error"]
    assert errors == []
    assert not report.failed


def test_networks_hang_together(anlan: City) -> None:
    for name in ("water", "gas", "roads"):  # a power switch may sit on a line instead of between two buses
        network = anlan.network(name)
        assert (network.edge_from >= 0).all() and (network.edge_to >= 0).all(), name
    assert anlan.network("roads").components().max() == 0


def test_things_were_surveyed_at_different_times_by_their_owners(anlan: City) -> None:
    pipes = anlan.table("water.pipe")
    assert pipes["survey_date"].null_count == pipes["accuracy"].null_count == pipes["owner"].null_count == 0
    assert len(pc.unique(anlan.table("buildings.building")["survey_date"])) > 1
    assert 2012 < pc.min(pipes["survey_date"]).as_py().year <= pc.max(pipes["survey_date"]).as_py().year < 2026


def test_its_terrain_is_kept_with_it(anlan: City) -> None:
    files = [f for f in anlan.repository.files() if f.startswith("rasters/")]
    assert len(files) == 1
    assert anlan.repository.get_file(files[0])[:2] in (b"II", b"MM"), "a TIFF"


def test_wrong_sizes_and_taken_places_are_refused(tmp_path: Path) -> None:
    with pytest.raises(Invalid, match="reference city has"):
        create_sample_city(str(tmp_path / "tiny"), assets=5)
    assert not (tmp_path / "tiny").exists()
    create_sample_city(str(tmp_path / "a"), assets=2_000)
    with pytest.raises(Conflict):
        create_sample_city(str(tmp_path / "a"), assets=2_000)
