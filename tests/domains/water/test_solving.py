"""Which engine answers, and the demands and pressures that the capabilities share."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from holdfast.domains.water.hydraulics import hydraulic_model
from holdfast.domains.water.solving import (
    Answering,
    at_mean,
    delivered_share,
    demand_at,
    demand_driven,
    engine_for,
    mean_demand,
    peak_time,
    period_of,
    pressure_driven,
)
from holdfast.engines.network.hydraulic.answers import Cases
from holdfast.engines.network.hydraulic.epanet import EpanetEngine
from holdfast.model.lifeline import CaseStatus
from water_files import ROW, city_of, city_of_rows

DAY = {**ROW, "junction": [{"id": "a", "elevation": 0.0, "demand": 0.01, "demand_pattern": "water.pattern:p"}, *ROW["junction"][1:]],
       "pattern": [{"id": "p", "multipliers": "[0.5, 1.0, 4.5, 2.0]"}]}  # fmt: skip


def test_the_batched_solver_answers_and_agrees_with_epanet(shared_data) -> None:
    city = city_of(shared_data("water/literature/Net3.inp"))
    model = at_mean(pressure_driven(hydraulic_model(city), city))
    status = np.full((6, model.links), -1, np.int8)
    status[np.arange(1, 6), np.arange(20, 25)] = 0
    engine = engine_for(model)
    found, other = engine.snapshot(Cases(6, status=status), warm=True), EpanetEngine(model).snapshot(Cases(6, status=status))
    assert found.engine == "holdfast hydraulic" and found.solved.all()
    np.testing.assert_allclose(found.head, other.head, atol=0.01)
    np.testing.assert_allclose(found.delivered, other.delivered, atol=1e-5)


def test_epanet_answers_what_the_solver_cannot_and_says_so() -> None:
    valve = {"id": "v", "from_id": "c", "to_id": "d", "type": "PCV", "diameter": 0.2, "opening": 0.5}
    engine = engine_for(demand_driven(hydraulic_model(city_of_rows(**{**ROW, "pipe": ROW["pipe"][:3], "valve": [valve]}))))
    assert isinstance(engine, Answering) and engine.missing == ["positional control valves (PCV)"]
    assert engine.engine.startswith("EPANET") and engine.snapshot().engine.startswith("EPANET")


def test_cases_that_do_not_settle_are_asked_of_epanet(monkeypatch) -> None:
    """A solver that gives up on one case of three: the other engine's numbers stand in, and the answer names both."""
    engine = Answering(demand_driven(hydraulic_model(city_of_rows(**ROW))))
    real = engine.solver.snapshot

    def gives_up(cases, hour, *, warm):
        found = real(cases, hour, warm=warm)
        found.status[1], found.head[1] = CaseStatus.DIVERGED, np.nan
        found.notes[1] = "the iterations did not settle"
        return found

    monkeypatch.setattr(engine.solver, "snapshot", gives_up)
    found = engine.snapshot(Cases(3, factor=np.array([1.0, 2.0, 3.0])))
    assert found.solved.all() and set(found.notes) == {1} and np.isfinite(found.head).all()
    assert found.engine.startswith("holdfast hydraulic + EPANET") and sum("answered by EPANET" in note for note in found.notes.values()) == 1
    assert found.head[0, 3] > found.head[1, 3] > found.head[2, 3]


def test_demands_by_hour_and_mean() -> None:
    model = hydraulic_model(city_of_rows(**DAY))
    assert mean_demand(model)[:2] == pytest.approx([0.02, 0.01]) and demand_at(model, 7200.0)[0] == pytest.approx(0.045)
    assert peak_time(model) == 7200.0
    assert engine_for(at_mean(demand_driven(model))).snapshot().wanted[0, 0] == pytest.approx(0.02)


def test_the_share_by_pressure_is_the_law() -> None:
    model = pressure_driven(hydraulic_model(city_of_rows(**ROW)), city_of_rows(**ROW))
    assert model.options.required_pressure == 14.0 and not model.options.emitter_backflow
    head = np.array([[0.0, 3.5, 14.0, 50.0, np.nan]])
    assert delivered_share(model, head)[0].tolist() == pytest.approx([0, 0.5, 1, 1, 0])


def test_own_pressure_driven_options_of_a_file_are_kept() -> None:
    model = hydraulic_model(city_of_rows(**ROW))
    own = replace(model, options=replace(model.options, demand_model="PDA", required_pressure=30.0))
    assert pressure_driven(own, city_of_rows(**ROW)).options.required_pressure == 30.0


def test_a_period_by_either_engine(shared_data) -> None:
    model = hydraulic_model(city_of(shared_data("water/literature/Net1.inp")))
    batched, epanet = period_of(model, Cases(1)), EpanetEngine(model).extended()
    assert batched.engine == "holdfast hydraulic" and batched.time.tolist() == epanet.time.tolist()
    np.testing.assert_allclose(batched.head, epanet.head, atol=0.01)
