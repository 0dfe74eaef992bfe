"""Leaks put into L-TOWN and found again from the pressures of its 33 sensors."""

from __future__ import annotations

import numpy as np
import pytest

from holdfast.domains.water.leak_location import pipe_shares, refined, search_centre, sensitivity
from holdfast.domains.water.locate_leak import locate_leak
from holdfast.domains.water.solving import PASCAL_PER_METRE, demand_driven, engine_for
from holdfast.domains.water.study import Study
from holdfast.engines.network.hydraulic.answers import Breaks, Cases
from holdfast.engines.network.hydraulic.epanet import EpanetEngine
from holdfast.model.errors import Invalid, NotFound
from water_files import ROW, city_of, city_of_rows, give_up_on_the_last

# pressure sensors of the BattLeDIM 2020 competition
SENSORS = [f"n{k}" for k in (1, 4, 31, 54, 105, 114, 163, 188, 215, 229, 288, 296, 332, 342, 410, 415, 429, 458, 469, 495, 506, 516, 519, 549, 613, 636, 644, 679, 722,
                            726, 740, 752, 769)]  # fmt: skip
HOURS = np.array([2.0, 3.0, 4.0])
RADIUS = 300.0  # m, the competition's rule


@pytest.fixture(scope="module")
def ltown(shared_data):
    """The study, the solver, the sensors and their sensitivity."""
    study = Study(city_of(shared_data("water/literature/L-TOWN.inp")))
    engine = engine_for(demand_driven(study.model))
    sensors = study.nodes(SENSORS, "readings")
    return study, engine, sensors, sensitivity(engine, sensors, HOURS, np.flatnonzero(study.junction), 2e-3)


def simulated(study: Study, sensors: np.ndarray, pipes: np.ndarray, flow: float) -> np.ndarray:
    """(pipe, hour, sensor) heads with a leak of about `flow` in the middle of each pipe, by EPANET: not by the solver that is tested."""
    engine = EpanetEngine(demand_driven(study.model))
    size = flow / np.sqrt(45.0)  # at about the mean pressure
    breaks = Breaks(np.arange(len(pipes)), pipes, np.full(len(pipes), 0.5), np.full(len(pipes), size))
    return np.stack([engine.snapshot(Cases(len(pipes), breaks=breaks), float(hour)).head[:, sensors] for hour in HOURS], axis=1)


def found(ltown, heads: np.ndarray, noise: float) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Pipes by likelihood, their shares, and middles of all links."""
    study, engine, _, known = ltown
    score, _, _ = refined(engine, known, heads, noise)
    pipes, share = pipe_shares(engine, known, score)
    order = np.argsort(-share, kind="stable")
    return pipes[order], share[order], (study.model.node_xy[study.model.link_from] + study.model.node_xy[study.model.link_to]) / 2


@pytest.mark.clause("1b", "1k")
def test_most_leaks_of_l_town_are_found_within_300_m(ltown) -> None:
    """Twenty leaks of 6 L/s, sensors with errors of 5 cm: rank of the pipe, and distance from where the crew is sent first."""
    study, _, sensors, _ = ltown
    random = np.random.default_rng(3)
    pipes = random.choice(np.flatnonzero(study.model.link_type <= 1), 20, replace=False)
    heads = simulated(study, sensors, pipes, 6e-3)
    heads += random.normal(0.0, 0.05, heads.shape)
    ranks, distances = [], []
    for pipe, head in zip(pipes, heads, strict=True):
        order, share, middle = found(ltown, head, 0.05)
        centre, _ = search_centre(order, share, middle, RADIUS)
        ranks.append(int(np.flatnonzero(order == pipe)[0]) + 1)
        distances.append(float(np.hypot(*(middle[centre] - middle[pipe]))))
    assert np.mean(np.array(distances) <= RADIUS) >= 0.8
    assert np.median(ranks) <= 0.04 * len(study.model.link_id)


def test_without_errors_the_pipe_is_among_the_first(ltown) -> None:
    study, _, sensors, _ = ltown
    pipes = np.flatnonzero(study.model.link_type <= 1)[[50, 250, 450, 650]]
    heads = simulated(study, sensors, pipes, 3e-3)
    for pipe, head in zip(pipes, heads, strict=True):
        order, share, middle = found(ltown, head, 0.02)
        assert np.hypot(*(middle[order[0]] - middle[pipe])) <= RADIUS and pipe in order[:30]
        assert share.sum() == pytest.approx(1.0)


def test_the_sensitivity_is_that_of_epanet(ltown) -> None:
    study, _, sensors, known = ltown
    nodes = known.node[::150]
    other = sensitivity(EpanetEngine(demand_driven(study.model)), sensors, HOURS[:1], nodes, 2e-3)
    np.testing.assert_allclose(other.drop[0], known.drop[0, ::150], atol=0.3)  # m per m3/s, of up to thousands


def test_the_capability_reads_pressures_and_answers_with_probabilities(ltown, shared_data) -> None:
    study, _, sensors, _ = ltown
    pipe = int(np.flatnonzero(study.model.link_type <= 1)[300])
    heads = simulated(study, sensors, np.array([pipe]), 8e-3)[0]
    breaks = Breaks(np.array([0]), np.array([pipe]), np.array([0.5]), np.array([8e-3 / np.sqrt(45.0)]))
    leak = EpanetEngine(demand_driven(study.model)).snapshot(Cases(1, breaks=breaks), 3.0).leak.sum()
    elevation = study.model.elevation[sensors]
    readings = [f"{name}@{hour:g}={(heads[k, s] - elevation[s]) * PASCAL_PER_METRE:.0f}" for k, hour in enumerate(HOURS) for s, name in enumerate(SENSORS)]
    answer = locate_leak(city_of(shared_data("water/literature/L-TOWN.inp")), readings=readings, noise=300.0)
    rows = answer.tables["pipes"].to_pylist()
    assert study.model.link_id[pipe].as_py() in [row["id"] for row in rows[:20]]
    assert answer.summary["readings"] == 99 and answer.summary["probability_within_radius"] > 0.5
    assert answer.summary["leak_m3s"] == pytest.approx(leak, rel=0.25) and answer.tables["sensors"].num_rows == 99


@pytest.mark.parametrize(("readings", "error"), [(["a=1"], Invalid), (["a", "b=1"], Invalid), (["a=high", "b=1"], Invalid), (["x=1", "b=1"], NotFound)])
def test_readings_that_cannot_be_used_are_named(readings: list[str], error: type) -> None:
    with pytest.raises(error) as caught:
        locate_leak(city_of_rows(**ROW), readings=readings)
    assert caught.value.fix


def test_a_rise_of_pressure_is_no_leak() -> None:
    answer = locate_leak(city_of_rows(**ROW), readings=["a=420000", "b=420000", "d=420000"])
    assert answer.findings.by_rule()["water.no_leak"] == 1


def test_where_epanet_answers_for_some_leaks_the_answer_names_both(monkeypatch) -> None:
    readings = ["a=330000", "b=310000", "d=280000"]
    alone = locate_leak(city_of_rows(**ROW), readings=readings)
    give_up_on_the_last(monkeypatch)
    both = locate_leak(city_of_rows(**ROW), readings=readings)
    assert alone.summary["engine"] == "holdfast hydraulic" and both.summary["engine"].startswith("holdfast hydraulic / holdfast hydraulic + EPANET")
    assert both.tables["pipes"]["probability"].to_pylist() == pytest.approx(alone.tables["pipes"]["probability"].to_pylist(), abs=1e-3)
