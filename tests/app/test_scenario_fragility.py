"""Fragility files that a scenario brings along: laws by function or by an attribute, and wrong entries named."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pyarrow as pa
import pytest

from holdfast import catalog
from holdfast.app.definition import define
from holdfast.app.scenario_fragility import with_fragility
from holdfast.engines.scenario.damage_law import choose
from holdfast.model.errors import Invalid, NotFound
from holdfast.model.spec import DamageCurve, DamageTable, Kind, Source

NRML = """<nrml xmlns="http://openquake.org/xmlns/nrml/0.5"><fragilityModel id="x"><limitStates>light heavy</limitStates>
<fragilityFunction id="Wood" format="discrete"><imls imt="PGA" noDamageLimit="0.05">0.0 0.4 0.8</imls>
<poes ls="light">0.0 0.4 0.8</poes><poes ls="heavy">0.0 0.1 0.3</poes></fragilityFunction>
<fragilityFunction id="Brick" format="continuous" shape="logncdf"><imls imt="PGA" noDamageLimit="0.05" minIML="0.1" maxIML="1"/>
<params ls="light" mean="0.2" stddev="0.1"/><params ls="heavy" mean="0.5" stddev="0.2"/></fragilityFunction></fragilityModel></nrml>"""
LOSSES = "risk_id,consequence,loss_type,light,heavy\nWood,losses,structural,0.1,0.9\nBrick,losses,structural,0.2,0.8\n"
SCENARIO = 'hazard = "quake"\n[fragility."buildings.building"]\n{}\n'
OWN = DamageCurve("pga", ("out",), (1.0,), (0.5,), Source("test"))
SLIDE = DamageCurve("pgd", ("out",), (1.0,), (0.5,), Source("test"))
KIND = Kind("t.house", "node", "house", "屋", damage=(OWN, SLIDE))


@pytest.fixture
def files(tmp_path):
    (tmp_path / "f.xml").write_text(NRML, encoding="utf-8")
    (tmp_path / "c.csv").write_text(LOSSES, encoding="utf-8")
    return tmp_path


def test_functions_go_by_an_attribute_and_the_rest_keeps_its_own(files):
    entry = {"file": str(files / "f.xml"), "consequences": str(files / "c.csv"), "field": "structure", "values": {"Brick": "M|MC"}, "works": 1, "days": [2, 60]}
    (kind,) = with_fragility((KIND,), {"t.house": entry})
    wood, brick = kind.damage[:2]
    assert isinstance(wood, DamageTable) and wood.when == (("structure", "Wood"),) and brick.when == (("structure", "M|MC"),) and kind.damage[2:] == (OWN, SLIDE)
    assert [c.loss for c in brick.consequences] == [0.2, 0.8] and [c.works for c in wood.consequences] == [True, False] and wood.consequences[1].repair_hours == 1440.0
    table = choose([kind], np.zeros(3, int), {"t.house": pa.table({"structure": ["Wood", "MC", "steel"]})})
    states = [[int(table.states[i]) for i in table.laws[table.start[a] : table.start[a + 1]]] for a in range(3)]
    assert states == [[2, 1], [2, 1], [1, 1]]  # the file's law or its own, and always the one for sliding


def test_one_function_for_all(files):
    entry = {"file": str(files / "f.xml"), "loss": [0.05, 0.7], "function": "Wood"}
    other = replace(KIND, name="t.hut")
    kind, untouched = with_fragility((KIND, other), {"t.house": entry})
    assert len(kind.damage) == 3 and kind.damage[0].when == () and [c.loss for c in kind.damage[0].consequences] == [0.05, 0.7] and untouched is other


def test_files_lie_beside_the_scenario(files):
    (files / "s.toml").write_text(SCENARIO.format('file = "f.xml"\nfunction = "Wood"\nconsequences = "c.csv"') + '[parameters]\nrupture_file = "r.xml"\n', encoding="utf-8")
    found = define(catalog.load(), str(files / "s.toml"))
    assert found.fragility["buildings.building"]["file"] == str(files / "f.xml") and found.parameters["rupture_file"] == str(files / "r.xml")
    assert "fragility" in found.as_json() and "fragility" not in replace(found, fragility={}).as_json()


@pytest.mark.parametrize(
    ("text", "match"),
    [('function = "Wood"', "no fragility file"), ('file = "f.xml"\nloss = [0.1, 1.0]', "not clear"), ('file = "f.xml"\nfunction = "Wood"', "cost"), ("file = 3", "no str"),
     ('file = "f.xml"\ncolour = 1', "colour")],
)  # fmt: skip
def test_wrong_entries_are_named(files, text, match):
    path = files / "s.toml"
    path.write_text(SCENARIO.format(text), encoding="utf-8")
    with pytest.raises(Invalid, match=match) as raised:
        define(catalog.load(), str(path))
    assert str(raised.value.where["field"]).startswith("fragility.buildings.building") and raised.value.fix
    path.write_text('hazard = "quake"\n[fragility."t.x"]\nfile = "f.xml"\n', encoding="utf-8")
    with pytest.raises(Invalid, match=r"t\.x"):
        define(catalog.load(), str(path))


@pytest.mark.parametrize(
    ("change", "match"),
    [({"function": "Steel"}, "Steel"), ({"consequences": "short.csv"}, "Brick"), ({"values": {"Mud": "x"}}, "Mud"), ({"loss": [0.1]}, "heavy"), ({"days": [1.0]}, "repair times")],
)
def test_files_that_do_not_fit(files, change, match):
    (files / "short.csv").write_text(LOSSES.partition("Brick")[0], encoding="utf-8")
    entry = {"file": str(files / "f.xml"), **change}
    if "function" not in change:
        entry["field"] = "structure"
    if "consequences" not in change:
        entry.setdefault("loss", [0.1, 0.5])
    if "consequences" in change:
        entry["consequences"] = str(files / change["consequences"])
    with pytest.raises(Invalid, match=match):
        with_fragility((KIND,), {"t.house": entry})
    with pytest.raises(NotFound):
        with_fragility((KIND,), {"t.house": {**entry, "file": str(files / "none.xml")}})
