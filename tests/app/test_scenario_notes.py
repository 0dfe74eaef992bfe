"""What a scenario says about its numbers."""

from __future__ import annotations

from types import SimpleNamespace

import numpy as np
import pyarrow.compute as pc
import pyarrow.parquet as pq
import pytest

from holdfast.app.cities import create_city
from holdfast.app.definition import Definition
from holdfast.app.importing import ImportOptions, import_files
from holdfast.app.scenario import run_scenario
from holdfast.app.scenario_notes import left_out, notes_of, of_findings
from holdfast.model.finding import Findings

FACTS = {"without_provider": {"heat": 1, "gas": 3}, "missing_provider": "outside", "unserved_undisturbed": {"water": 1, "gas": 2}, "unsolvable_undisturbed": ["heat"],
         "engine_errors": {"water": {"did not settle": 1}}}  # fmt: skip


def model(cases: int | None, **summary: object) -> SimpleNamespace:
    return SimpleNamespace(cases=cases, summary=summary)


@pytest.mark.parametrize(
    ("found", "samples", "says"),
    [(model(85, sweep="n-1"), 20, ["20 of 85 components were tried; leave --samples out to try all"]),
     (model(200, sweep="n-k"), 20, ["20 of 200 cases were tried; leave --samples out to try all"]),
     (model(85, sweep="n-1"), 85, []), (model(85, sweep="n-1"), 100, []), (model(85, sweep="n-1"), None, []), (model(None), 20, [])],
)  # fmt: skip
def test_a_sweep_that_is_cut_says_so(found, samples, says):
    assert left_out(found, samples) == says


@pytest.mark.parametrize(
    ("errors", "warnings", "says"),
    [(0, 0, []), (1, 0, ["1 error about the city's data, see the table findings"]), (0, 2, ["2 warnings about the city's data, see the table findings"]),
     (2, 1, ["2 errors and 1 warning about the city's data, see the table findings"])],
)  # fmt: skip
def test_findings_are_counted(errors, warnings, says):
    findings = Findings()
    for severity, count in (("error", errors), ("warning", warnings)):
        for number in range(count):
            findings.add("rule", severity, f"{severity} {number}")
    assert of_findings(findings) == says


def test_one_and_many():
    task = SimpleNamespace(model=model(None, notes=["the epicentre is far"]), world=SimpleNamespace(people=np.zeros(3)))
    impact = SimpleNamespace(case=np.arange(3), good=np.array([True, True, False]))
    notes = notes_of(Definition("a", "quake"), task, FACTS, Findings(), impact, compared=False)
    assert notes[0] == "the epicentre is far" and notes[1].startswith("no people are known")
    assert notes[2:] == [
        "1 use of heat has no provider in the city; it counts as served from outside", "3 uses of gas have no provider in the city; they count as served from outside",
        "1 consumer of water is not served even before the event and left out", "2 consumers of gas are not served even before the event and left out",
        "network heat cannot be solved even undisturbed; its providers count as serving while they work", "water: did not settle (1 time)",
        "3 cases are too few for a range: the 5 and 95 % are little but the least and the most", "1 case was not solved and does not count",
    ]  # fmt: skip


@pytest.mark.slow
def test_without_people_the_tables_still_say_what_went_without(shared_data, tmp_path):
    """A water network alone, as EPANET writes it: no buildings, no people."""
    with create_city(str(tmp_path / "net3"), crs="local") as city:
        import_files(city, [shared_data("water/literature/Net3.inp")], ImportOptions(crs="local:ft"))
        done = run_scenario(city, "cyber-water-pumps-off", out=tmp_path / "out")
    notes, tables = done.answer.summary["notes"], done.answer.tables
    assert any("no people are known" in note and "`population`" in note for note in notes) and "no people are known" in done.report.read_text()
    assert "impact" not in tables and (tables["outage"]["people"].to_numpy() == 0).all()
    lost = tables["assets"].filter(pc.greater(tables["assets"]["hours_without_water"], 0.0))
    assert lost.num_rows > 50 and set(lost["kind"].to_pylist()) == {"water.junction"}
    lacking = tables["lacking"].to_pylist()[0]
    assert (lacking["kind"], lacking["service"], lacking["assets"], lacking["h0"], lacking["h48"]) == ("water.junction", "water", 92, 0.0, 0.0)
    assert lacking["h12"] == lost.num_rows
    found = pq.read_table(done.folder / "findings.parquet")
    assert found["rule"].to_pylist() == ["scenario.people"] and "1 warning about" in " ".join(notes) and "scenario.people" in done.report.read_text()
