"""The in2 toy: one disruption of coupled water, power and roads, against what InfraRisk published for the same disruption.

Figures: coupled/in2/scenarios/test1 of the InfraRisk data (srijithbalakrishnan/dreaminsg-integrated-model, 2025-08-05), rows at 180 s.
"""

from __future__ import annotations

import csv

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

KIND = {"W_P": "water.pipe", "W_W": "water.pump", "T_L": "roads.street", "P_L": "power.line"}
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
    names = world.asset_id.to_pylist()
    state, opening = np.zeros((1, world.assets), np.int8), np.zeros((1, world.assets), np.float32)
    for row in csv.DictReader((folder / "scenarios/test1/disruption_file.csv").open()):
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
