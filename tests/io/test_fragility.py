"""Fragility files of OpenQuake and IN-CORE: published values, moments, damaged files."""

from __future__ import annotations

import json

import numpy as np
import pytest

from holdfast.engines.scenario.damage_law import probabilities
from holdfast.io.fragility import G, read_incore, read_losses, read_nrml, with_losses
from holdfast.model.errors import Invalid, NotFound
from holdfast.model.spec import DamageCurve, DamageTable

NRML = """<nrml xmlns="http://openquake.org/xmlns/nrml/0.5"><fragilityModel id="x"><limitStates>light heavy</limitStates>{}</fragilityModel></nrml>"""
CONTINUOUS = """<fragilityFunction id="A" format="continuous" shape="logncdf"><imls imt="PGA" noDamageLimit="0.05" minIML="0.1" maxIML="1"/>
<params ls="light" mean="0.2" stddev="0.1"/><params ls="heavy" mean="0.5" stddev="0.2"/></fragilityFunction>"""

DISCRETE = """<fragilityFunction id="D" format="discrete"><imls imt="PGA">0.1 0.2 0.4</imls>
<poes ls="light">0.2 0.4 0.8</poes><poes ls="heavy">0.0 0.1 0.3</poes></fragilityFunction>"""


def test_published_probability_of_incore(shared_data):
    # IN-CORE's own test expects 0.9905435183 at 4 g
    curve = read_incore(shared_data("coupled/incore/fragility_curves/PeriodStandardFragilityCurve_refactored.json"))
    assert curve.measure == "sa02" and curve.states[0] == "Moderate"
    assert 1.0 - probabilities(curve, np.array(4.0 * G))[0] == pytest.approx(0.9905435183, abs=1e-9)


def test_other_lognormal_sets_of_incore(shared_data):
    wind = read_incore(shared_data("coupled/incore/fragility_curves/fragility_archetype_6.json"))
    assert wind.measure == "gust" and np.log(wind.medians) == pytest.approx([3.625, 3.895, 4.075]) and wind.betas == (0.11, 0.11, 0.21)
    wave = read_incore(shared_data("coupled/incore/fragility_curves/StandardFragilityCurve_refactored.json"))
    assert np.array(wave.medians) / 0.3048**3 == pytest.approx([1170.0, 3259.0, 5347.0])
    with pytest.raises(Invalid, match="lognormal"):
        read_incore(shared_data("coupled/incore/fragility_curve.json"))


def test_nepal_tables(shared_data):
    found = read_nrml(shared_data("earthquake/openquake_scenario_damage/structural_fragility_model.xml"))
    assert set(found) == {"Concrete", "Unreinforced-Brick-Masonry", "Wood", "Adobe", "Stone-Masonry"}
    wood = found["Wood"]
    assert isinstance(wood, DamageTable) and wood.states == ("slight", "moderate", "extreme", "complete") and wood.onset == pytest.approx(0.05 * G)
    at = probabilities(wood, np.array([0.04, 0.3, 1.4]) * G)
    assert at[0].tolist() == [1.0, 0.0, 0.0, 0.0, 0.0]
    assert at[1] == pytest.approx(-np.diff([1.0, (0.5 + 0.861) / 2, (0.204 + 0.6) / 2, (0.041 + 0.255) / 2, (0.007 + 0.088) / 2, 0.0]))


def test_a_table_that_begins_with_damage_says_nothing_below(tmp_path):
    path = tmp_path / "f.xml"
    path.write_text(NRML.format(DISCRETE), encoding="utf-8")
    law = read_nrml(path)["D"]
    assert law.onset == pytest.approx(0.1 * G) and probabilities(law, np.array([0.09, 0.11]) * G)[:, 0] == pytest.approx([1.0, 0.78])


def test_losses_by_state(shared_data, tmp_path):
    found = read_losses(shared_data("earthquake/openquake_scenario_damage/consequences.csv"))
    assert len(found) == 5 and found["Wood"] == {"slight": 0.04, "moderate": 0.31, "extreme": 0.6, "complete": 1.0}
    law = read_nrml(shared_data("earthquake/openquake_scenario_damage/structural_fragility_model.xml"))["Wood"]
    full = with_losses(law, found["Wood"], works=1, days=(1.0, 10.0, 50.0, 100.0))
    assert [c.loss for c in full.consequences] == [0.04, 0.31, 0.6, 1.0] and [c.works for c in full.consequences] == [True, False, False, False]
    assert full.consequences[3].repair_hours == 2400.0 and full.levels == law.levels
    for bad, match in (({"losses": {"slight": 0.1}}, "moderate"), ({"losses": found["Wood"], "days": (1.0,)}, "repair times")):
        with pytest.raises(Invalid, match=match):
            with_losses(law, **bad)
    path = tmp_path / "c.csv"
    for text, match in (("a,b\n1,2\n", "columns"), ("risk_id,consequence,slight\nA,losses,x\n", "no number"), ("risk_id,consequence,slight\nA,losses,3\n", "outside"),
                        ("risk_id,consequence,slight\nA,fatalities,0.1\n", "no consequence")):  # fmt: skip
        path.write_text(text, encoding="utf-8")
        with pytest.raises(Invalid, match=match):
            read_losses(path)
    with pytest.raises(NotFound):
        read_losses(tmp_path / "none.csv")


def test_continuous_functions_keep_mean_and_deviation(tmp_path):
    path = tmp_path / "f.xml"
    path.write_text(NRML.format(CONTINUOUS), encoding="utf-8")
    law = read_nrml(path)["A"]
    assert isinstance(law, DamageCurve)
    mean = np.array(law.medians) * np.exp(0.5 * np.array(law.betas) ** 2) / G
    assert mean == pytest.approx([0.2, 0.5]) and mean * np.sqrt(np.expm1(np.array(law.betas) ** 2)) == pytest.approx([0.1, 0.2])


@pytest.mark.parametrize(
    ("text", "match"),
    [("<nrml", "XML"), (NRML.format(""), "no fragility"), (NRML.format('<fragilityFunction id="B" format="discrete"/>'), "'B' is incomplete"),
     (NRML.format(DISCRETE.replace("0.8", "1.8")), "from 0 to 1"), (NRML.format(DISCRETE.replace("0.8", "0.3")), "must not fall"),
     (NRML.format(DISCRETE.replace("0.1 0.2 0.4", "0.1 0.1 0.4")), "rise"), (NRML.format(DISCRETE.replace("0.4 0.8", "0.8")), "one chance for each"),
     (NRML.format(CONTINUOUS.replace("PGA", "MMI")), "'A' is incomplete"), (NRML.format(CONTINUOUS.replace('ls="heavy"', 'ls="x"')), "'A' is incomplete")],
)
def test_damaged_nrml(tmp_path, text, match):
    path = tmp_path / "f.xml"
    path.write_text(text, encoding="utf-8")
    with pytest.raises(Invalid, match=match):
        read_nrml(path)
    with pytest.raises(NotFound):
        read_nrml(tmp_path / "none.xml")


def test_damaged_incore(tmp_path):
    path = tmp_path / "f.json"
    for text, match in (("{", "JSON"), ("{}", "demand"), (json.dumps({"fragilityCurves": [{"rules": []}]}), "lognormal")):
        path.write_text(text, encoding="utf-8")
        with pytest.raises(Invalid, match=match):
            read_incore(path)
    with pytest.raises(NotFound):
        read_incore(tmp_path / "none.json")
