"""Figures and engines of every installed capability, asked of the reference city."""

from __future__ import annotations

from typing import Any

import pyarrow as pa
import pytest

from anlan import anlan
from holdfast import catalog
from holdfast.app.figures import figures, svg
from holdfast.app.running import run_capability
from holdfast.model.city import City
from holdfast.model.delivery import Plot

GIVEN: dict[str, dict[str, Any]] = {
    "drainage.rank_criticality": {"limit": 1, "hours": 1.0, "workers": 1},
    "drainage.simulate_storm": {"hours": 1.0},
    "gas.isolate_gas_leak": {"pipe": "gas.pipe"},
    "gas.simulate_day": {"hours": 2},
    "heat.simulate_cold_day": {"hours": 2},
    "power.simulate_day": {"hours": 2},
    "power.simulate_outage": {"components": ["power.substation"]},
    "roads.close_road": {"closed": ["roads.street"]},
    "roads.reach_incident": {"at": "buildings.school"},
    "roads.simulate_day": {"hours": 2},
    "telecom.simulate_outage": {"hours": 2},
    "water.isolate_break": {"pipe": "water.pipe"},
    "water.locate_leak": {"readings": ["water.junction=300000", "water.tank=10000"]},
    "water.plan_flushing": {"pipes": ["water.pipe"]},
    "water.simulate_day": {"hours": 2},
    "water.trace_contamination": {"node": "water.reservoir", "hours": 2.0},
}
"""What is asked where the answer needs something named, or would take long; a kind stands for the first asset of it."""


@pytest.fixture(scope="module")
def city(tmp_path_factory: pytest.TempPathFactory) -> City:
    return anlan(tmp_path_factory.mktemp("figures") / "city")


def asked(city: City, value: Any) -> Any:
    """A value with kinds replaced by the first asset of them."""
    if isinstance(value, list):
        return [asked(city, part) for part in value]
    kind, equals, rest = str(value).partition("=")
    return f"{city.table(kind, columns=['id'])['id'][0].as_py()}{equals}{rest}" if kind in city.catalog.kinds else value


def test_a_map_by_words_has_a_colour_and_a_name_for_each() -> None:
    table = pa.table({"x": [0.0, 1.0, 2.0], "y": [0.0, 1.0, 0.0], "state": ["emptied", "cut_off", "emptied"]})
    drawn = svg(Plot("Emptied", "停水范围", "pipes", "x", ("y",), kind="map", colour="state"), table)
    assert ">emptied<" in drawn and ">cut off<" in drawn
    assert ">emptied<" in svg(Plot("Emptied", "停水范围", "pipes", "x", ("y",), kind="map", colour="state"), table.slice(2)), "one word is named too"


@pytest.mark.parametrize("name", sorted(catalog.load().capabilities))
def test_every_capability_names_what_answered_and_draws_a_figure(city: City, name: str) -> None:
    given = {key: asked(city, value) for key, value in GIVEN.get(name, {}).items()}
    answer = run_capability(city, name, given, keep=False).answer
    assert answer.summary.get("engine") or name.startswith("base."), "what reads the record alone has no engine"
    drawn = figures(answer)
    assert drawn and all(plot.table in answer.tables and plot.title and plot.title_zh for plot in answer.plots)
    assert all(text.startswith("<svg") for _, text in drawn)
