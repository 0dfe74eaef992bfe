"""Times in EPANET's words, and options of stored records."""

from __future__ import annotations

import pytest

from holdfast.domains.water.hydraulic_options import clock
from holdfast.domains.water.hydraulics import hydraulic_model
from holdfast.model.finding import Findings
from water_files import city_of_rows, city_of_text


@pytest.mark.parametrize(("words", "seconds"), [
    ("2:30", 9000), ("7.5", 27000), ("90 MIN", 5400), ("1:00:30", 3630), ("3 days", 259200), ("30 sec", 30), ("8 AM", 28800), ("12 AM", 0), ("12 PM", 43200),
    ("1:15 PM", 47700), ("13 PM", None), ("soon", None), ("1:2:3:4", None), ("5 weeks", None), ("", None),
])  # fmt: skip
def test_times(words: str, seconds: float | None) -> None:
    assert clock(words.split()) == seconds


FILE = """[JUNCTIONS]\n a 10 5\n[RESERVOIRS]\n r 60\n[PIPES]\n p r a 100 200 0.5 0\n[OPTIONS]\n UNITS LPS\n HEADLOSS D-W\n PRESSURE KPA\n VISCOSITY 1.3e-6
 UNBALANCED CONTINUE 5\n DEMAND MODEL PDA\n REQUIRED PRESSURE 137.9\n EMITTER BACKFLOW NO\n QUALITY Trace r\n ACCURACY 1e-9\n SPECIFIC GRAVITY 1
[TIMES]\n DURATION 48\n HYDRAULIC TIMESTEP 2:00\n PATTERN TIMESTEP 0:30\n START CLOCKTIME 6 AM\n REPORT START 50\n STATISTIC NONE\n[END]\n"""


def test_options_of_a_file(tmp_path) -> None:
    found = hydraulic_model(city_of_text(FILE, tmp_path)).options
    assert (found.headloss, found.demand_model, found.unbalanced, found.emitter_backflow, found.quality) == ("D-W", "PDA", 5, False, "TRACE")
    assert found.viscosity == 1.3e-6 and found.accuracy == 1e-5, "EPANET's own limit"
    assert found.required_pressure == pytest.approx(137.9 / 6.895 / 0.4333 * 0.3048)
    assert (found.duration, found.hydraulic_step, found.pattern_step, found.report_step, found.rule_step) == (172800, 1800, 1800, 1800, 180)
    assert (found.start_time, found.report_start) == (21600, 0), "a report cannot start after the end"
    assert found.extra["TIMES STATISTIC"] == "NONE" and found.extra["UNITS"] == "LPS"


def test_a_time_that_is_none_is_reported_and_the_default_taken(tmp_path) -> None:
    findings = Findings()
    model = hydraulic_model(city_of_text(FILE.replace("DURATION 48", "DURATION long"), tmp_path), findings=findings)
    assert model.options.duration == 0.0 and findings.by_rule() == {"hydraulics.bad_time": 1}


def test_a_city_without_options_runs_a_day_with_the_formula_its_pipes_have() -> None:
    city = city_of_rows(junction=[{"id": "a", "elevation": 0.0}], reservoir=[{"id": "r", "head": 30.0}],
                        pipe=[{"id": "1", "from_id": "water.reservoir:r", "to_id": "a", "length": 9.0, "diameter": 0.1, "roughness": 0.0002}])  # fmt: skip
    found = hydraulic_model(city).options
    assert (found.headloss, found.duration, found.required_pressure, found.demand_model) == ("D-W", 86400.0, 14.0, "DDA")
