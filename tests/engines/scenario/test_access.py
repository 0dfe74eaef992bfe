"""Road access in repairs: what waits for which road, and how long crews drive."""

from __future__ import annotations

import numpy as np
import pyarrow as pa

from holdfast.engines.scenario.access import plan_repairs, reachable_from, road_travel
from holdfast.engines.scenario.cascade import Cascade
from holdfast.engines.scenario.repair import crews_of, tasks_of
from holdfast.engines.scenario.rules import Rules
from holdfast.engines.scenario.timeline import GRID
from holdfast.model.errors import Invalid
from toy_worlds import Reach, chain_world, make_damage, make_world

AT_ONCE = Rules(mobilisation_hours={"default": 0.0}, shift_hours={"default": 24.0})


def road_world():
    """A street from the depot over a bridge to a pumping station that needs road access; the main beside it needs no road."""
    roads = Reach("roads", "road_access", pa.array(["roads:depot", "roads:bridge", "roads:end"]), pa.array(["roads:end"]), ((0, 1), (1, 2)), (0,))
    return make_world(
        ["roads:depot", "roads:bridge", "roads:end", "water:station", "water:main"], needs=[("water:station", "road_access", 72.0)],
        links=[("roads:end", "water:station", "road_access")], lifelines=(roads,), xy=[(0, 0)] * 5,
    )  # fmt: skip


def test_a_station_waits_for_the_bridge_and_a_main_does_not():
    world = road_world()
    cascade = Cascade(world, AT_ONCE)
    damage = make_damage(world, ("roads:bridge", "water:station", "water:main"), ("water:station",), hours={"roads:bridge": 20.0, "water:station": 5.0, "water:main": 3.0})
    done = plan_repairs(cascade, damage, crews_of(world, AT_ONCE), np.arange(5), np.array(GRID))
    assert done[0].tolist() == [0.0, 20.0, 0.0, 29.0, 3.0]  # the bridge is seen to be open at 24
    assert done[1, 3] == 5.0


def test_what_no_road_ever_reaches_is_never_mended():
    world = road_world()
    cascade = Cascade(world, AT_ONCE)
    damage = make_damage(world, ("roads:bridge", "water:station"), hours={"roads:bridge": 0.0, "water:station": 5.0})
    hours = np.array(GRID)
    done = plan_repairs(cascade, damage, crews_of(world, AT_ONCE), np.arange(5), hours)
    assert np.isinf(reachable_from(cascade, damage, done, hours)[0, 3]) and np.isinf(done[0, 3])


def test_crews_drive_on_the_damaged_roads_where_a_lifeline_knows_the_ways():
    world = road_world()
    line = world.lifelines[0]
    asked = []

    def travel_hours(available, origin, target):
        """An hour to everywhere, and nowhere to go for those behind the bridge when it is down."""
        asked.append((available.shape, origin.shape, target.shape))
        out = np.ones((len(available), len(target)), np.float32)
        out[~available[:, 1]] = np.inf
        return out

    line.travel_hours = travel_hours
    cascade = Cascade(world, AT_ONCE)
    damage = make_damage(world, ("water:main",), ("roads:bridge", "water:main"), hours=3.0)
    crews = crews_of(world, AT_ONCE)
    way = road_travel(cascade, damage, crews, tasks_of(damage))
    assert way.shape == (2, 2, 2) and way[:, 0, 0].tolist() == way[:, 1, 1].tolist() == [1.0, 1.0]  # where no way is left, as before the disaster
    assert asked == [((3, 3), (1, 2), (1, 2))] * 2  # each depot is asked about what its own crews mend
    assert cascade.facts()["crew_travel"] == "damaged roads"
    assert plan_repairs(cascade, damage, crews, "importance", np.array(GRID))[0, 4] == 4.0


def test_roads_that_know_no_places_leave_straight_lines():
    world = road_world()

    def travel_hours(available, origin, target):
        raise Invalid("no street of the road network has a position")

    world.lifelines[0].travel_hours = travel_hours
    cascade = Cascade(world, AT_ONCE)
    damage = make_damage(world, ("water:main",), hours=3.0)
    way = road_travel(cascade, damage, crews_of(world, AT_ONCE), tasks_of(damage))
    assert (way == 0.0).all() and cascade.facts()["crew_travel"] == "detours of straight lines"


def test_without_roads_everything_can_be_reached():
    world = chain_world()
    cascade = Cascade(world, AT_ONCE)
    damage = make_damage(world, ("power:line",))
    assert (reachable_from(cascade, damage, np.zeros((1, world.assets)), np.array(GRID)) == 0.0).all()
