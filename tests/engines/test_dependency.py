"""Who serves whom: by reference, by nearness within reach, by capacity, and what stays unmet."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pyarrow as pa
import pytest

from holdfast.engines.dependency import resolve, serve, unmet
from holdfast.model import geometry
from holdfast.model.city import City
from holdfast.model.spec import Domain, Field, Kind, Need
from holdfast.model.tables import LINK
from small_city import small_city

HOME = Kind("town.home", "node", "Home", "住宅", (Field("people", "people", "人口", "integer", quantity="population"), Field("hours", "own power", "自备电源",
            quantity="factor")), "Point", needs=(Need("electricity", 2.0, "hours"), Need("shelter")))  # fmt: skip
SERVICE = Kind("town.service", "node", "Supply point", "用电点", (Field("building_id", "building", "建筑", "id"),), "Point", provides=("electricity",))
STATION = Kind("town.station", "node", "Substation", "变电站", (), "Point", provides=("electricity",), needs=(Need("telecom", 8.0),))
SHELTER = Kind("town.shelter", "node", "Shelter", "避难场所", (Field("capacity", "capacity", "容量", quantity="population"),), "Point", provides=("shelter",))
TOWN = Domain("town", "Town", "镇", (HOME, SERVICE, STATION, SHELTER))


@pytest.fixture
def city(tmp_path: Path) -> Iterator[City]:
    with small_city(tmp_path / "city", TOWN) as made:
        place(made, "town.home", [0.0, 100.0, 5000.0], people=[10, 10, 10], hours=[None, 24.0, None])
        place(made, "town.station", [50.0])
        place(made, "town.service", [90.0], building_id=["town.home:0"])
        place(made, "town.shelter", [10.0, 400.0], capacity=[10.0, 100.0])
        yield made


def place(city: City, kind: str, x: list[float], **cells: list) -> None:
    place_ = geometry.points(np.array(x), np.zeros(len(x)))
    city.append(kind, pa.table({"id": [f"{kind}:{i}" for i in range(len(x))], "geometry": place_, **cells}))


def links(table: pa.Table) -> dict[tuple[str, str], tuple[str, float, str]]:
    return {(r["to_id"][5:], r["service"]): (r["from_id"][5:], r["backup_hours"], r["source"]) for r in table.to_pylist()}


def test_references_come_before_nearness_and_reach_ends_it(city: City) -> None:
    found = links(serve(city))
    assert found["home:0", "electricity"] == ("service:0", 2.0, "reference"), "the supply point names this home"
    assert found["home:1", "electricity"] == ("service:0", 24.0, "nearest provider"), "its own hours count, not those of the kind"
    assert ("home:2", "electricity") not in found, "five kilometres are too far"
    assert all(row["relation"] == "serves" for row in serve(city).to_pylist())


def test_capacity_sends_the_second_to_the_next_provider(city: City) -> None:
    found = links(serve(city, ["town.home"]))
    assert (found["home:0", "shelter"][0], found["home:1", "shelter"][0]) == ("shelter:0", "shelter:1")
    assert found["home:2", "shelter"][0] == "shelter:1", "services without a limit reach everywhere"


def test_links_that_exist_are_left_alone(city: City) -> None:
    row = {"from_id": "town.station:0", "to_id": "town.home:1", "relation": "depends", "service": "electricity", "backup_hours": 1.0, "source": "table"}
    with city.repository.write() as writer:
        writer.append_links(pa.Table.from_pylist([row], schema=LINK), writer.stamp)
    assert ("home:1", "electricity") not in links(serve(city))


@pytest.mark.clause("7d")
def test_unmet_needs_are_counted_by_kind_and_service(city: City) -> None:
    def rows() -> dict[tuple[str, str], tuple[int, int, int]]:
        return {(r["kind"], r["service"]): (r["assets"], r["unmet"], r["providers"]) for r in unmet(city).to_pylist()}

    assert rows() == {("town.home", "electricity"): (3, 3, 2), ("town.home", "shelter"): (3, 3, 2), ("town.station", "telecom"): (1, 1, 0)}
    with city.repository.write() as writer:
        writer.append_links(serve(city), writer.stamp)
    assert rows() == {("town.home", "electricity"): (3, 1, 2), ("town.station", "telecom"): (1, 1, 0)}


def test_settings_set_the_reach(city: City) -> None:
    city.settings.set("dependency.max_distance", {"electricity": 20.0, "shelter": 50.0}, author="Sun")
    assert set(links(serve(city))) == {("home:0", "electricity"), ("home:1", "electricity"), ("home:0", "shelter")}


def test_resolve_is_the_nearest_within_reach() -> None:
    rng = np.random.default_rng(1)
    needs, providers = rng.uniform(0, 1000, (400, 2)), rng.uniform(0, 1000, (30, 2))
    index, gap = resolve(needs, providers, 120.0)
    every = np.hypot(*(needs[:, None] - providers[None]).transpose(2, 0, 1))
    best = every.min(axis=1)
    assert np.array_equal(index, np.where(best <= 120.0, every.argmin(axis=1), -1))
    assert np.allclose(gap[index >= 0], best[index >= 0]) and np.isinf(gap[index < 0]).all()


def test_resolve_never_overfills_while_others_near_have_room() -> None:
    rng = np.random.default_rng(2)
    needs, providers = rng.uniform(0, 100, (60, 2)), rng.uniform(0, 100, (8, 2))
    demand, capacity = rng.uniform(0.5, 1.5, 60), np.full(8, 12.0)
    index, _ = resolve(needs, providers, np.inf, capacity, demand)
    assert (index >= 0).all() and (np.bincount(index, demand, 8) <= 12.0).all()
    crowded, _ = resolve(needs, providers, np.inf, np.full(8, 2.0), demand)
    assert (crowded >= 0).all(), "when all are full the nearest carries the rest"


def test_resolve_without_places() -> None:
    nowhere = np.full((2, 2), np.nan)
    for needs, providers in ((nowhere, np.zeros((1, 2))), (np.zeros((2, 2)), nowhere), (np.zeros((2, 2)), np.empty((0, 2)))):
        assert resolve(needs, providers)[0].tolist() == [-1, -1]


def test_a_hundred_thousand_needs_find_room() -> None:
    rng = np.random.default_rng(3)
    needs, providers = rng.uniform(0, 1e4, (100_000, 2)), rng.uniform(0, 1e4, (20_000, 2))
    index, distance = resolve(needs, providers, 500.0, np.full(20_000, 6.0))
    np.testing.assert_allclose(distance, np.hypot(*(needs - providers[index]).T))
    assert distance.max() <= 500.0
    over = np.maximum(np.bincount(index) - 6, 0).sum()
    assert over < 5_000, "few find all near providers full"


def test_a_service_that_comes_into_the_house_reaches_only_the_houses_that_are_named(tmp_path: Path) -> None:
    home = Kind("town.home", "node", "Home", "住宅", (), "Point", needs=(Need("heat", vital=False), Need("electricity", vital=False)))
    fields = (Field("building_id", "building", "建筑", "id"),)
    kinds = (home, Kind("town.exchanger", "node", "Exchanger", "换热器", fields, "Point", provides=("heat",)), Kind("town.meter", "node", "Meter", "电表", fields, "Point",
             provides=("electricity",)))  # fmt: skip
    with small_city(tmp_path / "named", Domain("town", "Town", "镇", kinds)) as made:
        place(made, "town.home", [0.0, 30.0])
        place(made, "town.exchanger", [1.0], building_id=["town.home:0"])
        place(made, "town.meter", [1.0], building_id=["town.home:0"])
        assert set(links(serve(made))) == {("home:0", "heat"), ("home:0", "electricity"), ("home:1", "electricity")}
        made.settings.set("dependency.named_only", [], author="Sun")
        assert ("home:1", "heat") in links(serve(made))
    with small_city(tmp_path / "unnamed", Domain("town", "Town", "镇", kinds)) as made:
        place(made, "town.home", [0.0, 30.0])
        place(made, "town.exchanger", [1.0], building_id=[None])
        assert {("home:0", "heat"), ("home:1", "heat")} <= set(links(serve(made)))
