"""Running a capability: its parameters from the signature, its run and results kept."""

from __future__ import annotations

import io
import json
from dataclasses import replace
from pathlib import Path
from typing import Annotated, Literal

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from holdfast.app.running import bind, find_named, hazard_parameters, parameters_of, run_capability
from holdfast.catalog import load
from holdfast.model.city import City
from holdfast.model.delivery import Answer
from holdfast.model.errors import Conflict, Invalid, NotFound
from holdfast.model.finding import Findings
from holdfast.model.spec import Capability, Param
from small_catalog import CATALOG, junctions, make_city


def assess_levels(
    city: City,
    above: Annotated[float, Param("level above which junctions count", "高于此值", "elevation")],
    kinds: list[str] | None = None,
    mode: Literal["fast", "full"] = "fast",
    quiet: bool = False,
    seed: int | None = None,
) -> Answer:
    """Count junctions above a level."""
    table = city.table("pipework.junction", columns=["id", "elevation"])
    high = table.filter(pa.compute.greater(table["elevation"], above))
    findings = Findings()
    findings.add_rows("pipework.high", "info", "high", kind="pipework.junction", ids=high["id"])
    events = ({"type": "decision", "subject": "pipework.junction:0", "payload": {"count": high.num_rows}},)
    return Answer({"count": high.num_rows, "mode": mode, "kinds": kinds}, {"high": high}, findings, events)


ASSESS = Capability("pipework.assess_levels", "Junctions above a level", "高程评估", assess_levels, ("1a",))


@pytest.fixture
def city(tmp_path: Path) -> City:
    made = make_city(tmp_path / "city")
    made.append("pipework.junction", junctions(5))
    made.catalog = replace(CATALOG, capabilities={ASSESS.name: ASSESS})
    return made


def test_parameters_come_from_the_signature() -> None:
    found = {p.name: p for p in parameters_of(ASSESS)}
    assert [(p.name, p.type, p.many, p.required) for p in found.values()] == [
        ("above", float, False, True), ("kinds", str, True, False), ("mode", str, False, False), ("quiet", bool, False, False), ("seed", int, False, False),
    ]
    assert found["above"].as_json()["unit"] == "m"
    assert (found["above"].title_zh, found["mode"].default) == ("高于此值", "fast")


def test_text_from_command_line_or_http_is_converted() -> None:
    assert bind(ASSESS, {"above": "2.5", "kinds": ["a"], "quiet": "true", "seed": "3"}) == {"above": 2.5, "kinds": ["a"], "quiet": True, "seed": 3}


@pytest.mark.parametrize(
    ("given", "message"),
    [({}, "needs above"), ({"above": "high"}, "is no float"), ({"above": 1, "colour": 2}, "no parameter 'colour'"), ({"above": 1, "quiet": "perhaps"}, "is no bool")],
)
def test_wrong_parameters_name_the_one_at_fault(given: dict[str, object], message: str) -> None:
    with pytest.raises(Invalid, match=message):
        bind(ASSESS, given)


def test_a_run_is_kept_with_its_tables_findings_and_events(city: City) -> None:
    done = run_capability(city, ASSESS.name, {"above": 1.5}, actor="planner")
    assert done.answer.summary["count"] == 3
    row = city.runs().to_pylist()[-1]
    assert (row["id"], row["capability"], row["actor"], json.loads(row["parameters"])) == (done.run, ASSESS.name, "planner", {"above": 1.5})
    kept = pq.read_table(io.BytesIO(city.repository.get_file(f"results/{done.run}/high.parquet")))
    assert kept["elevation"].to_pylist() == [2.0, 3.0, 4.0]
    assert city.repository.files() == [f"results/{done.run}/findings.parquet", f"results/{done.run}/high.parquet"]
    event = city.events(type="decision").to_pylist()[0]
    assert (event["actor"], event["cause"]) == ("planner", done.run)


def test_looking_only_leaves_no_trace(city: City) -> None:
    run_capability(city, ASSESS.name, {"above": 1.5}, keep=False)
    assert (city.runs().num_rows, city.repository.files()) == (0, [])
    past = city.as_of("2020-01-01")
    assert run_capability(past, ASSESS.name, {"above": 1.5}, keep=False).answer.summary["count"] == 0
    with pytest.raises(Conflict):
        run_capability(past, ASSESS.name, {"above": 1.5})


def test_an_unknown_capability_lists_those_there_are(city: City) -> None:
    with pytest.raises(NotFound, match=r"pipework\.assess_levels"):
        find_named(city.catalog, "pipework.guess")


def test_the_input_digest_tells_states_of_the_city_apart(city: City) -> None:
    run_capability(city, ASSESS.name, {"above": 1.5})
    city.append("pipework.junction", junctions(1, "x"))
    run_capability(city, ASSESS.name, {"above": 1.5})
    assert len(set(city.runs()["input_digest"].to_pylist())) == 2


def test_what_a_form_offers_of_a_hazard_is_declared_with_its_models_parameters():
    for hazard in load().hazards:
        found = {p.name: p for p in hazard_parameters(hazard)}
        assert found and all(p.title and p.title_zh for p in found.values())
        for _, given in hazard.presets:
            for name, value in given:
                if name in found and found[name].choices:
                    assert value in {choice.value for choice in found[name].choices}
    quake = next(h for h in load().hazards if h.name == "quake")
    magnitude, mechanism = (next(p for p in hazard_parameters(quake) if p.name == name) for name in ("magnitude", "mechanism"))
    assert (magnitude.type, magnitude.default, magnitude.many) == (float, 6.5, False) and mechanism.default in {c.value for c in mechanism.choices}
    assert "city" not in {p.name for p in hazard_parameters(quake)} and "gmm" not in {p.name for p in hazard_parameters(quake)}
