"""Cities and cases in which nothing goes as planned: each ends with a clear answer or a clear refusal."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from holdfast.app.cities import create_city
from holdfast.app.definition import define
from holdfast.app.scenario import prepare
from holdfast.engines.scenario.gather import gather
from holdfast.engines.scenario.repair import crews_of
from holdfast.engines.scenario.rules import Rules
from holdfast.engines.scenario.timeline import run
from holdfast.model.errors import Invalid
from toy_worlds import chain_world, make_damage, make_world

AT_ONCE = Rules(mobilisation_hours={"default": 0.0}, shift_hours={"default": 24.0})


def test_a_city_without_crews_stays_as_it_is_struck():
    world = chain_world()
    nobody = crews_of(world, AT_ONCE, count=dict.fromkeys(("power", "water", "telecom", "city"), 0))
    assert (nobody.team_of == -1).all() and nobody.count() == {"power": 0, "water": 0, "telecom": 0, "city": 0}
    timeline = run(world, make_damage(world, ("power:line",), hours=10.0, leak=0.1), rules=AT_ONCE, crews=nobody)
    assert np.isinf(timeline.done_hour[0, 1]) and timeline.status[0] == 0
    assert timeline.people[0, :, 0].tolist() == [200] * 15 and timeline.person_hours[0, 0] == 200 * 720.0
    assert timeline.down[0, -1] == timeline.down[0].max() > 0


def test_a_city_whose_assets_have_no_place_has_depots_all_the_same():
    world = chain_world()
    world = replace(world, xyz=np.full((world.assets, 3), np.nan))
    timeline = run(world, make_damage(world, ("power:line",), hours=10.0), rules=AT_ONCE)
    assert timeline.done_hour[0, 1] == 10.0, "nobody knows how far it is"


@pytest.mark.parametrize("depots", [np.empty((0, 2)), np.array([[np.nan, 1.0]]), np.array([3.0])])
def test_crews_without_a_depot_are_refused_where_depots_are_named(depots):
    world = chain_world()
    with pytest.raises(Invalid, match="depot") as caught:
        crews_of(world, AT_ONCE, depots={"power": depots})
    assert caught.value.where["field"] == "depots.power" and caught.value.fix
    assert crews_of(world, AT_ONCE, count={"power": 0}, depots={"power": np.empty((0, 2))}).count()["power"] == 0


@pytest.mark.parametrize("leak", [0.0, 0.2])
def test_a_city_of_which_nothing_stands_comes_back(leak):
    world = chain_world()
    timeline = run(world, make_damage(world, tuple(world.asset_id.to_pylist()), hours=5.0, leak=leak), rules=AT_ONCE)
    assert timeline.down[0, 0] == world.assets and timeline.people[0, 0, :3].tolist() == [200, 200, 200]
    assert np.isfinite(timeline.done_hour).all() and timeline.people[0, -1].tolist() == [0, 0, 0, 0] and timeline.down[0, -1] == 0


def test_a_loop_of_needs_with_a_missing_target_starts_again_by_itself():
    """Power needs water and water needs power; both also name a plant that the city does not have."""
    names = ["power:a", "water:b", "city:home"]
    world = make_world(names, needs=[("power:a", "water", 0.0), ("water:b", "electricity", 0.0)], uses=[("city:home", "electricity")], people={"city:home": 10},
                       links=[("power:a", "water:b", "electricity"), ("water:b", "power:a", "water"), ("power:a", "city:home", "electricity"),
                              ("plant:gone", "power:a", "water"), ("plant:gone", "city:home", "electricity")])  # fmt: skip
    timeline = run(world, make_damage(world, ("water:b",), (), hours=6.0), rules=AT_ONCE, hours=(0, 4, 8))
    assert timeline.people[:, :, 0].tolist() == [[10, 10, 0], [0, 0, 0]] and (timeline.status == 0).all()


def test_an_empty_city_is_refused_in_words(tmp_path):
    with create_city(str(tmp_path / "c"), crs="local") as city:
        world, _ = gather(city)
        assert world.assets == 0
        with pytest.raises(Invalid, match="nothing that a disaster could hit"):
            prepare(city, define(city.catalog, "quake-m6.5", samples=2))
