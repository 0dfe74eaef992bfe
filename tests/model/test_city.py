"""A city in Python: facts, time, networks, settings."""

from __future__ import annotations

from pathlib import Path

import geopandas
import numpy as np
import pytest
import shapely

import holdfast
from holdfast.model.city import City
from holdfast.model.errors import Conflict, Invalid, NotFound
from small_catalog import PIPE, junctions, make_city, pipes


@pytest.fixture
def city(tmp_path: Path) -> City:
    made = make_city(tmp_path / "city")
    made.append("pipework.junction", junctions(5), valid_from="2020-01-01")
    made.append("pipework.pipe", pipes(4), valid_from="2020-01-01")
    return made


def test_assets_are_a_geodataframe_in_the_city_crs(city: City) -> None:
    frame = city.assets("pipework.pipe", bbox=(399_999, 3_299_999, 400_009, 3_300_001))
    assert isinstance(frame, geopandas.GeoDataFrame)
    assert frame.crs.to_epsg() == 4547
    assert frame["id"].tolist() == ["pipework.pipe:0"]
    assert frame["shape_length"].tolist() == [10.0]
    assert frame.geometry[0].equals(shapely.LineString([(400_000, 3_300_000), (400_010, 3_300_000)]))


def test_columns_ids_and_limit_choose_rows(city: City) -> None:
    assert city.table("pipework.pipe", columns=["id", "diameter"], ids=["pipework.pipe:2"]).to_pylist() == [{"id": "pipework.pipe:2", "diameter": 0.2}]
    assert city.table("pipework.pipe", limit=2).num_rows == 2
    with pytest.raises(Invalid, match="no column 'weight'"):
        city.table("pipework.pipe", columns=["weight"])


def test_an_unknown_kind_names_its_neighbours(city: City) -> None:
    with pytest.raises(NotFound, match=r"Did you mean pipework\.pipe"):
        city.table("pipework.pip")


def test_a_geodataframe_can_be_appended(city: City) -> None:
    frame = geopandas.GeoDataFrame({"id": ["pipework.junction:x"], "elevation": [9.0]}, geometry=[shapely.Point(1, 2)], crs=4547)
    assert city.append("pipework.junction", frame) == 1
    assert city.table("pipework.junction", ids=["pipework.junction:x"])["elevation"].to_pylist() == [9.0]


def test_the_past_is_what_held_and_what_was_known(city: City) -> None:
    with city.repository.write() as writer:
        writer.close(PIPE, ["pipework.pipe:1"], np.datetime64("2024-06-01", "ms"))
    assert city.counts()["pipework.pipe"] == 3
    assert city.as_of("2023-01-01").counts()["pipework.pipe"] == 4
    assert city.as_of("2024-07-01").counts()["pipework.pipe"] == 3
    assert city.as_of("2019-01-01").counts() == {}
    assert city.as_of("2024-07-01", known="2020-01-01").counts() == {}, "nothing was known before the import"
    versions = city.history("pipework.pipe:1")
    assert versions.num_rows == 2
    assert versions["valid_to"].to_pylist()[-1].year == 2024
    with pytest.raises(Conflict):
        city.as_of("2023-01-01").append("pipework.junction", junctions(1, "late"))


def test_history_of_what_never_was(city: City) -> None:
    with pytest.raises(NotFound, match="never had"):
        city.history("pipework.pipe:99")


def test_settings_have_defaults_versions_and_authors(city: City) -> None:
    assert city.settings["pipework.limit"] == 3.5
    assert city.settings.set("pipework.limit", 4.0, author="duty engineer", standard="city rule") == 1
    assert city.settings.set("pipework.limit", 4.5, author="duty engineer") == 2
    assert city.settings["pipework.limit"] == 4.5
    assert city.settings.versions("pipework.limit")["author"].to_pylist() == ["duty engineer"] * 2
    assert city.as_of(known="2020-01-01").settings["pipework.limit"] == 3.5
    with pytest.raises(Invalid, match="is a number"):
        city.settings.set("pipework.limit", "high", author="duty engineer")
    with pytest.raises(NotFound, match="no setting"):
        city.settings.set("pipework.other", 1, author="duty engineer")


def test_opening_where_there_is_no_city(tmp_path: Path) -> None:
    with pytest.raises(NotFound, match="no city"):
        holdfast.open(str(tmp_path / "nowhere"))


def test_opening_what_is_no_city(tmp_path: Path) -> None:
    (tmp_path / "city.gpkg").write_bytes(b"this is not a database at all" * 100)
    with pytest.raises(Invalid, match="cannot be read"):
        holdfast.open(str(tmp_path))
