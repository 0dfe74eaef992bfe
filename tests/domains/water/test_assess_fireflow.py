"""Fire flow of hydrants against the rule, against the law of the pipe, and point by point against EPANET."""

from __future__ import annotations

import numpy as np
import pytest

from anlan import anlan
from holdfast.domains.water.assess_fireflow import assess_fireflow
from holdfast.domains.water.hydraulics import hydraulic_model
from holdfast.domains.water.solving import demand_driven
from holdfast.engines.network.hydraulic.answers import Cases
from holdfast.engines.network.hydraulic.epanet import EpanetEngine
from holdfast.model.errors import Invalid
from water_files import city_of, city_of_rows, give_up_on_the_last

LINE = {"junction": [{"id": "a", "elevation": 0.0}, {"id": "b", "elevation": 0.0, "demand": 0.001}], "reservoir": [{"id": "r", "head": 40.0}],
        "pipe": [{"id": "1", "from_id": "water.reservoir:r", "to_id": "a", "length": 1000.0, "diameter": 0.15, "hazen_williams_c": 120.0},
                 {"id": "2", "from_id": "a", "to_id": "b", "length": 10.0, "diameter": 0.15, "hazen_williams_c": 120.0}],
        "hydrant": [{"id": "h", "node_id": "a"}, {"id": "lost", "node_id": "nowhere"}, {"id": "high", "node_id": "a", "ground_elevation": 29.0}]}  # fmt: skip


@pytest.mark.clause("1g")
def test_the_flow_at_ten_metres_is_that_of_the_pipe_law() -> None:
    answer = assess_fireflow(city_of_rows(**LINE))
    rows = {row["id"].partition(":")[2]: row for row in answer.tables["points"].to_pylist()}
    left = 100_000 / 9806.65
    flow = ((40 - left) * 120**1.852 * 0.15**4.871 / (10.667 * 1000)) ** (1 / 1.852) - 0.001
    assert rows["h"]["available_flow_m3s"] == pytest.approx(flow, rel=0.005) and rows["h"]["settled"]
    assert rows["h"]["meets_rule"] == (flow >= 0.015) and rows["h"]["static_pressure_m"] == pytest.approx(40, abs=0.1)
    assert not rows["high"]["meets_rule"] and rows["high"]["available_flow_m3s"] < 0.01
    assert answer.tables["points"]["id"][0].as_py() == "water.hydrant:high", "worst first"
    assert answer.findings.by_rule() == {"hydraulics.hydrant_without_node": 1, "water.fire_flow": 1}


@pytest.mark.clause("1g", "1k")
def test_hydrants_of_the_reference_city_meet_the_rule(tmp_path) -> None:
    city = anlan(tmp_path / "c")
    answer = assess_fireflow(city)
    assert answer.summary["points"] == city.counts()["water.hydrant"] and answer.summary["fail"] == 0
    assert answer.summary["required_flow_m3s"] == 0.015 and answer.summary["lowest_static_pressure_pa"] > 140_000
    assert all(answer.tables["points"]["settled"].to_pylist())


def test_what_is_found_leaves_the_pressure_that_must_remain(shared_data) -> None:
    """The answer put back into EPANET: exactly the residual pressure remains."""
    city = city_of(shared_data("water/literature/Net3.inp"))
    answer = assess_fireflow(city, points="junctions", hour=12.0)
    model = demand_driven(hydraulic_model(city))
    rows = [row for row in answer.tables["points"].to_pylist() if row["settled"] and 0 < row["available_flow_m3s"] < 0.49][:10]
    ids = model.node_id.to_pylist()
    demand = np.zeros((len(rows), model.nodes))
    at = [ids.index(row["id"]) for row in rows]
    demand[np.arange(len(rows)), at] = [row["available_flow_m3s"] for row in rows]
    head = EpanetEngine(model).snapshot(Cases(len(rows), demand=demand), 12.0).head[np.arange(len(rows)), at]
    np.testing.assert_allclose(head - model.elevation[at], 100_000 / 9806.65, atol=0.15)


def test_where_epanet_answers_for_some_points_the_answer_names_both(shared_data, monkeypatch) -> None:
    city = city_of(shared_data("water/literature/Net1.inp"))
    alone = assess_fireflow(city, points="junctions", hour=12.0)
    give_up_on_the_last(monkeypatch)
    both = assess_fireflow(city, points="junctions", hour=12.0)
    assert alone.summary["engine"] == "holdfast hydraulic" and both.summary["engine"].startswith("holdfast hydraulic / holdfast hydraulic + EPANET")
    assert all(both.tables["points"]["settled"].to_pylist()) and both.tables["points"]["id"].to_pylist() == alone.tables["points"]["id"].to_pylist()
    flows = [np.array(answer.tables["points"]["available_flow_m3s"].to_pylist()) for answer in (alone, both)]
    np.testing.assert_allclose(flows[1], flows[0], rtol=0.01)


def test_a_harder_rule_fails_more(shared_data) -> None:
    city = city_of(shared_data("water/literature/ky4.inp"))
    easy, hard = (assess_fireflow(city_of(shared_data("water/literature/Net1.inp")), points="junctions", flow=flow).summary["fail"] for flow in (0.005, 0.3))
    assert hard > easy == 0
    with pytest.raises(Invalid, match="hydrants"):
        assess_fireflow(city)


@pytest.mark.parametrize("given", [{"points": "taps"}, {"flow": 0.0}, {"residual": -1.0}])
def test_bad_parameters_are_named(given: dict) -> None:
    with pytest.raises(Invalid) as caught:
        assess_fireflow(city_of_rows(**LINE), **given)
    assert caught.value.fix
