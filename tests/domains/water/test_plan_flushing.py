"""Ways to flush a pipe: the flow it takes, what must be shut, and when there is none."""

from __future__ import annotations

import numpy as np
import pytest

from anlan import anlan
from holdfast.domains.water.hydraulics import hydraulic_model
from holdfast.domains.water.plan_flushing import plan_flushing
from holdfast.domains.water.solving import demand_driven
from holdfast.engines.network.hydraulic.answers import Cases
from holdfast.engines.network.hydraulic.epanet import EpanetEngine
from holdfast.model.errors import Invalid, NotFound
from water_files import city_of, city_of_rows, give_up_on_the_last, pipe

RING = {"junction": [{"id": n, "elevation": 0.0, "demand": 0.0001} for n in "abcd"], "reservoir": [{"id": "r", "head": 60.0}],
        "pipe": [pipe("0", "water.reservoir:r", "a", 50.0, 0.4), pipe("1", "a", "b", diameter=0.1), pipe("2", "b", "c", diameter=0.1), pipe("3", "a", "d", diameter=0.1),
                 pipe("4", "d", "c", diameter=0.1)],
        "hydrant": [{"id": "h", "node_id": "c"}]}  # fmt: skip
AREA = np.pi / 4 * 0.1**2


@pytest.mark.clause("1o")
def test_in_a_ring_either_more_water_is_let_out_or_the_other_way_is_shut() -> None:
    (row,) = plan_flushing(city_of_rows(**RING), pipes=["1"]).tables["steps"].to_pylist()
    assert row["feasible"] and row["hydrants"] == "water.hydrant:h" and row["close"] == "", "opening alone will do"
    assert row["velocity_ms"] == pytest.approx(1.53, abs=0.05) and row["flow_m3s"] == pytest.approx(2 * AREA * 1.53, rel=0.05)
    assert row["water_m3"] == pytest.approx(3 * 200 * AREA) and row["minutes"] == pytest.approx(row["water_m3"] / row["flow_m3s"] / 60)


def test_where_one_hydrant_does_not_let_out_enough_the_side_is_shut() -> None:
    (row,) = plan_flushing(city_of_rows(**RING), pipes=["1"], velocity=3.0, keep=10_000.0).tables["steps"].to_pylist()
    assert row["feasible"] and "water.pipe:4" in row["close"] and row["velocity_ms"] == pytest.approx(3.0, rel=0.05)
    assert row["flow_m3s"] <= 0.03


def test_what_cannot_be_flushed_says_why() -> None:
    high = plan_flushing(city_of_rows(**RING), pipes=["1"], velocity=6.0)
    assert high.tables["steps"]["why_not"].to_pylist() != [""] and high.summary["feasible"] == 0 and high.findings.by_rule() == {"water.not_flushed": 1}
    (row,) = plan_flushing(city_of_rows(**{**RING, "hydrant": [{"id": "h", "node_id": "a"}], "pipe": RING["pipe"][:2]}), pipes=["1"]).tables["steps"].to_pylist()
    assert not row["feasible"]


def test_where_epanet_answers_for_some_ways_the_answer_names_both(monkeypatch) -> None:
    alone = plan_flushing(city_of_rows(**RING), pipes=["1", "3"])
    give_up_on_the_last(monkeypatch)
    both = plan_flushing(city_of_rows(**RING), pipes=["1", "3"])
    assert alone.summary["engine"] == "holdfast hydraulic" and both.summary["engine"].startswith("holdfast hydraulic + EPANET")
    for name in ("velocity_ms", "flow_m3s", "lowest_pressure_m"):
        assert both.tables["steps"][name].to_pylist() == pytest.approx(alone.tables["steps"][name].to_pylist(), rel=1e-3)


def test_a_plan_put_into_epanet_runs_as_fast_as_it_says(shared_data) -> None:
    city = city_of(shared_data("water/literature/L-TOWN.inp"))
    rows = plan_flushing(city, pipes=["p20", "p100", "p300"], points="junctions", velocity=1.0).tables["steps"].to_pylist()
    model = demand_driven(hydraulic_model(city))
    nodes, links = model.node_id.to_pylist(), model.link_id.to_pylist()
    for row in rows:
        assert row["feasible"]
        status, demand = np.full((1, model.links), -1, np.int8), np.zeros((1, model.nodes))
        for name in filter(None, row["close"].split(", ")):
            status[0, links.index(name)] = 0
        outlets = row["hydrants"].split(", ")
        demand[0, [nodes.index(name) for name in outlets]] = row["flow_m3s"] / len(outlets)
        at = links.index(row["pipe"])
        flow = EpanetEngine(model).snapshot(Cases(1, status=status, demand=demand), 2.0).flow[0, at]
        assert abs(flow) / (np.pi / 4 * model.diameter[at] ** 2) == pytest.approx(row["velocity_ms"], rel=0.01) and row["velocity_ms"] >= 0.99


def test_small_mains_of_the_reference_city(tmp_path) -> None:
    city = anlan(tmp_path / "c")
    mains = [row["id"] for row in city.table("water.pipe").to_pylist() if row["id"].startswith("water.pipe:M") and row["initial_status"] == "OPEN"][:6]
    answer = plan_flushing(city, pipes=mains, velocity=0.3)
    assert answer.summary["pipes"] == len(mains) and answer.summary["feasible"] >= 1
    assert all(row["velocity_ms"] >= 0.29 for row in answer.tables["steps"].to_pylist() if row["feasible"])


@pytest.mark.parametrize(("given", "error"), [
    ({"pipes": []}, Invalid), ({"pipes": ["9"]}, NotFound), ({"pipes": ["1"], "velocity": 0.0}, Invalid), ({"pipes": ["1"], "points": "taps"}, Invalid),
])  # fmt: skip
def test_bad_parameters_are_named(given: dict, error: type) -> None:
    with pytest.raises(error) as caught:
        plan_flushing(city_of_rows(**RING), **given)
    assert caught.value.fix
