"""The in2 toy: one disruption of coupled water, power and roads, against what InfraRisk published for the same disruption; and the same with the pump's control lost.

Figures: coupled/in2/scenarios/test1 of the InfraRisk data (srijithbalakrishnan/dreaminsg-integrated-model, 2025-08-05), rows at 180 s.
"""

from __future__ import annotations

import csv
from dataclasses import replace

import numpy as np
import pytest

from holdfast.app.cities import create_city
from holdfast.app.importing import ImportOptions, import_files
from holdfast.engines.scenario.cascade import Cascade
from holdfast.engines.scenario.gather import gather
from holdfast.engines.scenario.repair import crews_of
from holdfast.engines.scenario.rules import Rules
from holdfast.engines.scenario.timeline import run
from holdfast.engines.scenario.world import Damage
from holdfast.hazards.cyber import HAZARD
from holdfast.model.hazard import Sites

KIND = {"W_P": "water.pipe", "W_W": "water.pump", "T_L": "roads.street", "P_L": "power.line"}
LOST_FOR = 24.0
RULES = Rules(mobilisation_hours={"default": 0.0}, shift_hours={"default": 24.0})


@pytest.fixture(scope="module")
def folder(shared_data):
    return shared_data("coupled/in2")


@pytest.fixture(scope="module")
def world(folder, tmp_path_factory):
    with create_city(str(tmp_path_factory.mktemp("in2") / "city"), crs="local") as city:
        for name in ("transportation/transpo_net.tntp", "water/water.inp", "power/power.json", "dependecies.csv"):
            import_files(city, [folder / name], ImportOptions(crs="local:m"))
        return gather(city)[0]


@pytest.fixture(scope="module")
def damage(world, folder):
    """The four components of the peer's disruption file: pipes leak through the given share of their section, the others are out."""
    return broken(world, folder / "scenarios/test1/disruption_file.csv")


def broken(world, path):
    names = world.asset_id.to_pylist()
    state, opening = np.zeros((1, world.assets), np.int8), np.zeros((1, world.assets), np.float32)
    for row in csv.DictReader(path.open()):
        at = names.index(f"{KIND[row['components'][:3]]}:{row['components']}")
        state[0, at] = 1
        if names[at].startswith("water.pipe"):
            opening[0, at] = float(row["fail_perc"]) / 100.0 * world.section[at]
    assert state.sum() == 4
    zero = np.zeros(state.shape, np.float32)
    return Damage(state, (state == 0) | (opening > 0.0), opening, np.where(state > 0, 2.0, 0.0).astype(np.float32), zero)


@pytest.fixture(scope="module")
def struck(world, damage):
    cascade = Cascade(world, RULES)
    block = cascade.block(damage)
    cascade.settle(block, np.arange(1), np.zeros(1))
    return cascade, block


def served(world, struck, name):
    """Outlet -> level of one lifeline after the strike."""
    cascade, block = struck
    number = [line.name for line in world.lifelines].index(name)
    line = world.lifelines[number]
    level = line.serve(cascade._state(number, block, np.arange(1), np.zeros(1))).level[0]
    return {asset.partition(":")[2]: float(value) for asset, value in zip(line.outlet_id.to_pylist(), level, strict=True)}


def published(folder, name, row):
    table = list(csv.DictReader((folder / "scenarios/test1/capacity" / name).open(), delimiter="\t"))
    return {key: float(value) for key, value in table[row].items() if key != "time"}


def test_all_three_networks_are_there(world):
    assert [line.name for line in world.lifelines] == ["power", "roads", "water"]
    assert world.assets == 77


def test_the_same_loads_lose_power_as_in_the_peer(world, struck, folder):
    peer = published(folder, "power_load_demand.csv", 1)
    ours = served(world, struck, "power")
    assert {name: ours[name] >= 0.5 for name in peer} == {name: value > 0.0 for name, value in peer.items()}


def test_the_pump_stops_and_the_tank_goes_on_serving_as_in_the_peer(world, struck, folder):
    _, block = struck
    assert not block.works[0, world.asset_id.to_pylist().index("water.pump:W_WP9")]
    before, after = (published(folder, "water_junc_demand.csv", row) for row in (0, 2))
    ours = served(world, struck, "water")
    for name in ours:
        if before[name] > 0.0:
            assert ours[name] == pytest.approx(after[name] / before[name], abs=0.05), name


def test_the_city_recovers_when_all_four_are_mended(world, damage):
    timeline = run(world, damage, rules=RULES, crews=crews_of(world, RULES), exact=True)
    assert timeline.status.tolist() == [0]
    assert np.isfinite(timeline.done_hour).all() and timeline.done_hour.max() < 12.0
    assert timeline.down[0, 0] == 3 and timeline.down[0, -1] == 0


@pytest.fixture(scope="module")
def seized(world, folder):
    """What the peer's file of cyber disruptions does: its components are the actuators of pumps (W_AWP9 of W_WP9), and one without function leaves its pump off."""
    rows = list(csv.DictReader((folder / "scenarios/cyber1/cyber_disruption_file.csv").open()))
    pumps = [row["cyber_component"].replace("W_A", "W_") for row in rows if row["function_status"] == "0"]
    assert pumps == ["W_WP9"] and world.tables["water.pump"]["id"].to_pylist() == ["water.pump:W_WP9"], "all pumps of the city are meant"
    sites = Sites(world.asset_id, world.asset_kind, world.kinds, world.xyz, world.crs, world.people, world.tables)
    return HAZARD.model(None, sites, kinds=["water.pump"], action="closed", duration=LOST_FOR).strike(np.arange(1), seed=1)


def test_a_pump_lost_to_control_stays_off_though_it_is_mended(world, folder, seized):
    """All four are mended within three hours; without its control the pump stands still for a day, and the tank that the broken main emptied is filled no sooner."""
    struck = broken(world, folder / "scenarios/cyber1/disruption_file.csv")
    nothing = Damage(np.zeros_like(struck.state), np.ones_like(struck.works), np.zeros_like(struck.opening), np.zeros_like(struck.loss), struck.loss)
    lost = {"command": seized.command, "regained": seized.regained}
    crews, hours = crews_of(world, RULES), (0.0, 2.0, 3.0, 12.0, 23.0, 24.0, 48.0)
    plain, both, only = (run(world, case, rules=RULES, crews=crews, exact=True, hours=hours) for case in (struck, replace(struck, **lost), replace(nothing, **lost)))
    names, services = world.asset_id.to_pylist(), list(world.services)
    pump, water, power = names.index("water.pump:W_WP9"), services.index("water"), services.index("electricity")

    def without(timeline):
        """Consumer -> hours without water."""
        found = timeline.population.by_asset(timeline.lost_hours[0])[:, water]
        return {names[i].partition(":")[2]: float(found[i]) for i in np.flatnonzero(found > 0.0)}

    dry = {name: float(timeline.dry_hour[0, 0]) for name, timeline in (("plain", plain), ("both", both), ("only", only))}
    assert plain.done_hour.max() < 3.0 and both.done_hour[0, pump] == only.done_hour[0, pump] == LOST_FOR
    assert np.array_equal(np.delete(plain.done_hour, pump, axis=1), np.delete(both.done_hour, pump, axis=1)), "the other three are mended when they were"
    assert plain.down[0].tolist() == [3, 3, 0, 0, 0, 0, 0] and both.down[0].tolist() == [3, 3, 1, 1, 1, 0, 0]
    assert dry["plain"] == dry["both"] < dry["only"] < 6.0, "the broken main empties the tank sooner than the junctions alone"
    fed = {name.partition(":")[2] for name in names if name.startswith("water.junction")}
    assert set(without(plain)) == set(without(both)) == set(without(only)) == fed and len(fed) == 9, "all junctions hang on tank and pump"
    for timeline, begin, end in ((plain, dry["plain"], plain.done_hour[0, pump]), (both, dry["both"], LOST_FOR), (only, dry["only"], LOST_FOR)):
        assert list(without(timeline).values()) == pytest.approx([end - begin] * 9, abs=1e-3)
    electricity = [np.nan_to_num(timeline.population.by_asset(timeline.lost_hours[0])[:, power]) for timeline in (plain, both, only)]
    assert np.array_equal(electricity[0], electricity[1]) and electricity[0].max() > 2.0 and electricity[2].max() == 0.0, "power is none the worse for it"
