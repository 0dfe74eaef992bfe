"""People are counted once, where they end up."""

from __future__ import annotations

import numpy as np
import pyarrow as pa
import pytest

from anlan import anlan
from holdfast.domains.heat.cold_day import people_of
from holdfast.domains.heat.network import load
from holdfast.domains.power.study import Study as PowerStudy
from holdfast.domains.water.study import Study as WaterStudy
from holdfast.engines.scenario.gather import gather
from holdfast.engines.scenario.world import World
from holdfast.model.city import City
from holdfast.model.people import holds_people, people_at, people_served


@pytest.fixture(scope="module")
def city(tmp_path_factory: pytest.TempPathFactory) -> City:
    return anlan(tmp_path_factory.mktemp("people") / "city")


@pytest.fixture(scope="module")
def world(city: City) -> World:
    return gather(city)[0]


def with_service(world: World, service: str) -> float:
    """People of the scenario whose service somebody in the city gives."""
    served = np.unique(world.link_to[world.link_service == world.services.index(service)])
    return float(world.people[served].sum())


def test_people_stand_in_buildings_and_nowhere_else(city: City) -> None:
    assert [name for name, kind in city.catalog.kinds.items() if holds_people(kind)] == ["buildings.building"]
    table = city.table("buildings.building", columns=["id", "population"])
    supply = city.table("water.secondary_supply", columns=["id", "population"])
    assert supply.num_rows and sum(supply["population"].to_pylist()) > 0
    found = people_at(city, pa.concat_arrays([table["id"].combine_chunks(), supply["id"].combine_chunks(), pa.array([None, "buildings.building:none"])]))
    assert found[: table.num_rows].tolist() == table["population"].to_pylist() and np.isnan(found[table.num_rows :]).all()


def test_whoever_has_two_providers_counts_once(city: City) -> None:
    building = city.table("buildings.building", columns=["id", "population"], limit=1)
    links = city.links(to_ids=building["id"].to_pylist(), relation="serves")
    one = links.filter(pa.array([s == "water" for s in links["service"].to_pylist()]))["from_id"].to_pylist()[0]
    people = building["population"][0].as_py()

    class Twice:
        catalog, table = city.catalog, staticmethod(city.table)

        def links(self, relation: str) -> pa.Table:
            return pa.table({"from_id": [one, "water.junction:other"], "to_id": building["id"].to_pylist() * 2, "service": ["water", "water"]})

    assert people_served(Twice(), "water", pa.array([one, "water.junction:other", "water.junction:third"])).tolist() == [people / 2, people / 2, 0.0]
    assert people_served(Twice(), "gas", pa.array([one])) is None


def test_scenarios_and_capabilities_count_the_same_people(city: City, world: World) -> None:
    everybody = sum(city.table("buildings.building", columns=["id", "population"])["population"].to_pylist())
    assert world.people.sum() == everybody
    assert WaterStudy(city).people().sum() == pytest.approx(everybody) == with_service(world, "water")
    assert PowerStudy(city).consumers.people.sum() == everybody == with_service(world, "electricity")
    heated = people_of(city, load(city)).sum()
    assert 0 < heated < everybody and heated == with_service(world, "heat")
