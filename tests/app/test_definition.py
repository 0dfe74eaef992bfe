"""Scenarios by name and from TOML; wrong ones name file, field and fix."""

from __future__ import annotations

import json
import tomllib

import pytest

from holdfast import catalog
from holdfast.app.definition import HOURS, Definition, define, hazard_named, presets
from holdfast.app.sample_city import create_sample_city
from holdfast.engines.scenario.gather import gather
from holdfast.model.errors import Invalid, NotFound
from holdfast.model.hazard import Sites

GOOD = """
title = "Every main out"
hazard = "outage"
samples = 20
seed = 9
hours = [0, 6, 24]
restoration = 50

[parameters]
kinds = ["water.pipe"]
sweep = "n-1"

[crews]
water = 3
"""


@pytest.fixture(scope="module")
def small(tmp_path_factory):
    """The reference city small, and its sites."""
    with create_sample_city(str(tmp_path_factory.mktemp("small") / "city"), assets=2_000) as city:
        world, _ = gather(city)
        yield city, Sites(world.asset_id, world.asset_kind, world.kinds, world.xyz, world.crs, world.people, world.tables)


@pytest.fixture(scope="module")
def installed():
    return catalog.load()


def test_every_preset_can_be_defined(installed):
    found = presets(installed)
    assert {"outage-water-pipes"} <= set(found)
    for name in found:
        definition = define(installed, name)
        assert definition.name == name and definition.hours == HOURS and definition.samples is None


def test_a_file_says_everything(installed, tmp_path):
    path = tmp_path / "mains.toml"
    path.write_text(GOOD)
    found = define(installed, str(path))
    assert found == Definition("mains", "outage", {"kinds": ["water.pipe"], "sweep": "n-1"}, "Every main out", 20, 9, (0.0, 6.0, 24.0), {"water": 3}, 50)
    assert found.as_json()["hours"] == [0.0, 6.0, 24.0]


def test_the_caller_overrides(installed, tmp_path):
    (tmp_path / "a.toml").write_text(GOOD)
    found = define(installed, str(tmp_path / "a.toml"), samples=5, seed=None)
    assert (found.samples, found.seed) == (5, 9)


def test_near_names_are_proposed(installed):
    with pytest.raises(NotFound, match="outage-water-pipes"):
        define(installed, "outage-water-pipe")
    with pytest.raises(NotFound, match="no such scenario file"):
        define(installed, "missing.toml")
    with pytest.raises(NotFound, match="no hazard 'volcano'"):
        hazard_named(installed, "volcano")


@pytest.mark.parametrize(
    ("change", "error", "says"),
    [
        ('title = "Every main out"', "", "no TOML"),
        ('hazard = "outage"', "", "names no hazard"),
        ('hazard = "outage"', 'hazard = "volcano"', "no hazard 'volcano'"),
        ("samples = 20", "samples = 0", "at least one sample"),
        ("samples = 20", 'samples = "many"', "no whole number.*samples = 200"),
        ("hours = [0, 6, 24]", 'hours = ["six"]', "hour is no number"),
        ("hours = [0, 6, 24]", "hours = [0, inf]", "hour is no number"),
        ("restoration = 50", "restoration = -2", "restoration = 0"),
        ("seed = 9", "sead = 9", "no field 'sead'"),
        ("hours = [0, 6, 24]", "hours = [1, 6]", "rise from 0"),
        ("hours = [0, 6, 24]", "hours = [0, 6, 6]", "rise from 0"),
        ('sweep = "n-1"', 'sweeep = "n-1"', "no parameter 'sweeep'"),
        ("seed = 9", 'name = "../up"', "cannot name a folder"),
        ("seed = 9", "order = 3", 'no text.*order = "importance"'),
        ("water = 3", "watter = 3", "crews of 'watter'"),
        ("water = 3", "water = -1", "crews of 'water'"),
    ],
)  # fmt: skip
def test_what_is_wrong_is_named(installed, tmp_path, change, error, says):
    path = tmp_path / "bad.toml"
    path.write_text(GOOD.replace(change, error or 'title = "unclosed' if change.startswith("title") else error))
    with pytest.raises((Invalid, NotFound), match=says) as raised:
        define(installed, str(path))
    assert raised.value.fix


@pytest.mark.parametrize(
    ("hazard", "line", "field"),
    [("quake", 'magnitude = "six"', "magnitude"), ("outage", 'k = "two"', "k"), ("quake", "vs30 = [1]", "vs30"),
     ("quake", 'fault = [1, "a"]', "fault"), ("quake", "magnitude = true", "magnitude"), ("outage", 'kinds = [1]', "kinds"), ("outage", "where = 3", "where")],
)  # fmt: skip
def test_values_of_another_type_name_the_field(installed, tmp_path, hazard, line, field):
    path = tmp_path / "wrong.toml"
    path.write_text(f'hazard = "{hazard}"\n[parameters]\n{line}\n')
    with pytest.raises(Invalid) as error:
        define(installed, str(path))
    assert error.value.where["field"] == f"parameters.{field}" and error.value.fix.startswith(f"Write for example {field} = ")
    tomllib.loads(error.value.fix.removeprefix("Write for example "))


@pytest.mark.parametrize(
    ("hazard", "lines", "field", "says"),
    [("quake", "magnitude = 12.0", "magnitude", "outside 3 to 9"), ("cyber", "share = 2.0", "share", "at most 1"), ("cyber", 'action = "explode"', "action", "explode"),
     ("cyber", "duration = -1.0", "duration", "more than 0 hours"), ("outage", 'ids = ["water.pipe:none"]', "ids", "water.pipe:none"),
     ("outage", 'kinds = ["water.nothing"]', "kinds", "water.nothing"), ("cyber", 'where = {station = "nowhere"}', "where", "no control fits"),
     ("outage", 'kinds = ["water.pipe"]\nwhere = {diameter = "0.3..x"}', "where", "0.3..x"), ("outage", 'kinds = ["water.pipe"]\nwhere = {material = "1..2"}', "where", "range")],
)  # fmt: skip
def test_what_the_city_shows_to_be_wrong_names_file_and_field(installed, small, tmp_path, hazard, lines, field, says):
    path = tmp_path / "wrong.toml"
    path.write_text(f'hazard = "{hazard}"\n[parameters]\n{lines}\n')
    city, sites = small
    with pytest.raises((Invalid, NotFound), match=says) as error:
        define(installed, str(path)).model(installed, city, sites)
    assert error.value.where["file"] == str(path) and error.value.where["field"] == f"parameters.{field}" and error.value.fix


def test_whole_numbers_are_numbers_and_texts_are_classes(installed, tmp_path):
    path = tmp_path / "right.toml"
    path.write_text('hazard = "quake"\n[parameters]\nmagnitude = 7\nvs30 = "II"\ncorrelation = 5000\nfault = [0, 0, 1000, 2e3]\na = 2\n')
    assert define(installed, str(path)).parameters["magnitude"] == 7


def test_a_mapping_says_what_a_file_says_and_a_definition_reads_back(installed, tmp_path):
    path = tmp_path / "mains.toml"
    path.write_text(GOOD)
    found = define(installed, str(path))
    assert define(installed, {"name": "mains", **tomllib.loads(GOOD)}) == found == define(installed, {**found.as_json(), "title": found.title})
    assert define(installed, found, seed=4).seed == 4
    assert define(installed, {"hazard": "quake", "samples": None}).name == "quake"
    for preset in presets(installed).values():
        assert define(installed, {**preset.as_json(), "title": preset.title}) == define(installed, preset.name)
        assert define(installed, {**preset.as_json(), "seed": 7, "crews": {"water": 1}}).seed == 7
        with pytest.raises(Invalid, match="is a preset, and this is another") as raised:
            define(installed, {**preset.as_json(), "restoration": 0})
        assert raised.value.where == {"field": "name"}


@pytest.mark.parametrize(
    ("change", "field"),
    [
        ({"seed": "nine"}, "seed"), ({"hours": [0]}, "hours"), ({"sead": 1}, "sead"), ({"parameters": {"magnitude": "six"}}, "parameters.magnitude"),
        ({"crews": {"water": True}}, "crews.water"), ({"order": "by mood"}, "order"), ({"name": "a/b"}, "name"), ({"hazard": "volcano"}, "hazard"),
        ({"fragility": {"buildings.building": {"file": "a", "k": 1}}}, "fragility.buildings.building.k"),
    ],
)  # fmt: skip
def test_what_is_wrong_in_a_mapping_is_named_without_a_file(installed, change, field):
    with pytest.raises((Invalid, NotFound)) as raised:
        define(installed, {"hazard": "quake", **change})
    assert raised.value.where == {"field": field} and raised.value.fix


def test_files_that_a_mapping_names_lie_in_the_folder_given_and_nowhere_else(installed, tmp_path):
    home = tmp_path / "home"
    home.mkdir()
    (tmp_path / "secret.xml").write_text("x")
    (home / "link.xml").symlink_to(tmp_path / "secret.xml")
    wish = {"hazard": "quake", "fragility": {"buildings.building": {"file": "f.xml", "function": "Wood", "loss": [0.1]}}, "parameters": {"rupture_file": "sub/r.xml"}}
    found = define(installed, wish, folder=home)
    assert found.fragility["buildings.building"]["file"] == str(home / "f.xml") and found.parameters["rupture_file"] == str(home / "sub/r.xml")
    assert define(installed, found.as_json(), folder=home) == found
    assert wish["parameters"] == {"rupture_file": "sub/r.xml"}, "what was given stays as it was"
    assert define(installed, wish).parameters["rupture_file"] == "sub/r.xml"
    for name in ("../secret.xml", str(tmp_path / "secret.xml"), "link.xml", "a\0b"):
        with pytest.raises(Invalid, match="outside of the folder home") as raised:
            define(installed, {"hazard": "quake", "parameters": {"rupture_file": name}}, folder=home)
        assert raised.value.where["field"] == "parameters.rupture_file"
        with pytest.raises(Invalid, match="outside of the folder home") as raised:
            define(installed, {"hazard": "quake", "fragility": {"buildings.building": {"file": name}}}, folder=home)
        assert raised.value.where["field"] == "fragility.buildings.building.file"


def test_a_number_written_whole_or_not_is_one_scenario(installed):
    for name, preset in presets(installed).items():
        again = define(installed, json.loads(json.dumps(preset.as_json()).replace(".0,", ",").replace(".0}", "}").replace(".0]", "]")))
        assert json.dumps(again.as_json()) == json.dumps(define(installed, name).as_json())
