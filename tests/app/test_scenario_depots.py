"""Depots and the rule of repairs of a scenario: from a file to the crews, and what is wrong named."""

from __future__ import annotations

import numpy as np
import pyarrow as pa
import pytest

from anlan import anlan
from holdfast.app.definition import define
from holdfast.app.scenario import prepare
from holdfast.app.scenario_depots import listed, places
from holdfast.engines.scenario import case_block
from holdfast.engines.scenario.rules import PRIORITIES
from holdfast.model.errors import Invalid, NotFound
from holdfast.model.network import xyz

QUAKE = {"hazard": "quake", "samples": 4, "parameters": {"magnitude": 6.5}, "hours": [0, 12, 24, 72, 168], "restoration": 0}
TOML = """
hazard = "quake"
{}
[parameters]
magnitude = 6.5
[crews]
water = 3
[depots]
{}
"""


@pytest.fixture(scope="module")
def city(tmp_path_factory):
    with anlan(tmp_path_factory.mktemp("depots") / "city") as made:
        yield made


def place(city, asset):
    return xyz(city.table(asset.partition(":")[0], columns=["id", "geometry"], ids=[asset])["geometry"].combine_chunks())[0, :2].tolist()


def written(path, depots, line=""):
    path.write_text(TOML.format(line, depots), encoding="utf-8")
    return str(path)


def test_one_id_is_a_list_of_one():
    assert listed({"power": "a:1", "water": ["b:1", "b:2"]}) == {"power": ["a:1"], "water": ["b:1", "b:2"]}


def test_crews_of_a_file_start_at_its_depots_in_turn_and_others_amid_what_they_look_after(city, tmp_path):
    pumps = ["water.pump_station:0", "water.pump_station:1"]
    given = define(city.catalog, written(tmp_path / "a.toml", f'water = ["{pumps[0]}", "{pumps[1]}"]\ngas = "buildings.fire_station:F0"'))
    assert given.depots == {"water": pumps, "gas": ["buildings.fire_station:F0"]} == given.as_json()["depots"]
    task, _, _ = prepare(city, given)
    crews = case_block.Prepared(task).crews
    first, second = (place(city, pump) for pump in pumps)
    assert first != second
    starts = {name: crews.depot[crews.crew_depot[crews.crew_team == team]].tolist() for team, name in enumerate(crews.team)}
    assert starts["water"] == [first, second, first]
    assert starts["gas"] == [place(city, "buildings.fire_station:F0")] * len(starts["gas"])
    power = np.array([kind.domain == "power" for kind in task.world.kinds])[task.world.asset_kind]
    middle = np.nanmedian(task.world.xyz[power, :2], axis=0)
    assert starts["power"] == [middle.tolist()] * len(starts["power"])


def test_from_elsewhere_repairs_take_another_time_and_the_blocks_are_not_mixed_up(city):
    given = [define(city.catalog, {**QUAKE, "crews": {"power": 1, "water": 1}, "depots": depots}) for depots in ({}, {"power": "roads.junction:J0", "water": "roads.junction:J0"})]
    tasks = [prepare(city, one)[0] for one in given]
    assert tasks[0].key != tasks[1].key
    here, there = (case_block.Prepared(task) for task in tasks)
    cases = np.arange(4)
    done = [ready.follow(ready.damage(cases)).done_hour for ready in (here, there)]
    lines = tasks[0].world.asset_kind == [kind.name for kind in tasks[0].world.kinds].index("power.line")
    mended = (done[0][:, lines] > 0) & np.isfinite(done[0][:, lines])
    assert mended.any() and (done[0][:, lines][mended] != done[1][:, lines][mended]).mean() > 0.9


@pytest.mark.parametrize(
    ("depots", "error", "says", "field"),
    [
        ('water = "water.pump_station:none"', NotFound, "no asset 'water.pump_station:none'", "water"), ('water = ["water.shed:1"]', NotFound, "water.shed:1", "water"),
        ('gas = "nothing"', NotFound, "nothing", "gas"), ('gas = "water.pattern:1"', Invalid, "has no place", "gas"),
        ("water = 3", Invalid, "names no depot", "water"), ("water = []", Invalid, "names no depot", "water"), ("water = [1]", Invalid, "names no depot", "water"),
        ('watter = "water.pump_station:0"', Invalid, "no domain 'watter'", "watter"),
    ],
)  # fmt: skip
def test_what_is_no_depot_names_file_field_and_fix(city, tmp_path, depots, error, says, field):
    path = written(tmp_path / "wrong.toml", depots)
    with pytest.raises(error, match=says) as raised:
        given = define(city.catalog, path)
        places(city, given.depots, **given.where)
    assert {key: str(value) for key, value in raised.value.where.items()} == {"file": path, "field": f"depots.{field}"} and raised.value.fix


def test_an_asset_without_geometry_is_no_depot(tmp_path):
    class Bare:
        def __init__(self, city):
            self.catalog, self.city = city.catalog, city

        def table(self, kind, *, columns, ids):
            found = self.city.table(kind, columns=columns, ids=ids)
            return found.set_column(1, "geometry", pa.nulls(found.num_rows, pa.binary()))

    with anlan(tmp_path / "city") as city, pytest.raises(Invalid, match="has no place") as raised:
        places(Bare(city), {"water": ["water.pump_station:0"]})
    assert raised.value.where["field"] == "depots.water"


def test_each_rule_mends_in_another_order_and_loses_something_else(city):
    lost, keys = {}, set()
    for rule in PRIORITIES:
        task, _, cases = prepare(city, define(city.catalog, {**QUAKE, "crews": {"power": 1, "water": 1}}, order=rule))
        assert task.order == rule and cases == 4
        keys.add(task.key)
        lost[rule] = round(sum(sum(row) for row in case_block.evaluate(task, np.arange(cases))["cases"]["person_hours"].to_pylist()), 1)
    assert len(set(lost.values())) == len(keys) == len(PRIORITIES), lost
    assert lost["importance"] < lost["random"]


def test_an_unknown_rule_is_refused_with_those_there_are(city, tmp_path):
    path = written(tmp_path / "a.toml", "", 'order = "by mood"')
    with pytest.raises(Invalid, match="'by mood' is no rule of repairs") as raised:
        define(city.catalog, path)
    assert raised.value.where == {"file": path, "field": "order"} and raised.value.fix == "Rules are: importance, shortest, nearest, random"
    assert define(city.catalog, written(tmp_path / "b.toml", "", 'order = "nearest"')).order == "nearest"
    assert define(city.catalog, "quake-m6.5").order == "importance"
