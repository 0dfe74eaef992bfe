"""City -> arrays of the heat solver, and the heat lifeline: levels of consumers and plants when things fail."""

from __future__ import annotations

import pickle
from pathlib import Path

import numpy as np
import pyarrow as pa
import pytest

from ceilings import check_ceiling
from holdfast.domains.heat import DOMAIN
from holdfast.domains.heat.lifeline import build
from holdfast.domains.heat.network import load
from holdfast.engines.network.heat.model import Mode
from holdfast.engines.network.heat.solve import HeatCases, HeatSolver
from holdfast.model.lifeline import CaseStatus, Command, ComponentState, Lifeline
from small_city import small_city

FIGURES = Path(__file__).parents[2] / "engines/network/heat/sw_heat.npz"


@pytest.fixture(scope="module")
def lifeline(anlan):
    return build(anlan)


def intact(lifeline, cases=1, **more):
    return ComponentState(np.ones((cases, len(lifeline.component_id)), bool), **more)


def of_kind(ids, kind):
    return np.array([i.startswith(kind + ":") for i in ids.to_pylist()])


def test_sw_heat_through_the_store_is_that_of_pandapipes(schutterwald):
    city = schutterwald
    network = load(city)
    assert network.findings.counts()["error"] == 0
    result = HeatSolver(network.model).solve(HeatCases(1))
    assert result.status[0] == CaseStatus.SOLVED
    figures = np.load(FIGURES)
    row = network.junction_id.to_pylist()
    labels = city.table("heat.junction", columns=["id", "source_index"])
    label = dict(zip(labels["id"].to_pylist(), labels["source_index"].to_pylist(), strict=True))
    at = {n: i for i, n in enumerate(figures["junction"].tolist())}
    place = np.array([at[label[i]] for i in row])
    warm = figures["temperature_bidirectional"][place] > 262  # what stands still takes the ground's temperature, there the air's
    assert np.abs(result.temperature[0, : len(row)] - figures["temperature_bidirectional"][place])[warm].max() < 1e-3
    gauge = result.pressure[0] - np.array(101_325.0 * (1 - network.model.elevation * 0.0065 / 288.15) ** 5.255)
    assert np.abs(gauge[: len(row)] / figures["pressure_bidirectional"][place] - 1).max() < 1e-5
    lifeline = build(city)
    assert lifeline.serve(intact(lifeline)).level.min() > 0.999


def test_it_is_a_lifeline_and_serves_all_when_intact(lifeline):
    assert isinstance(lifeline, Lifeline) and DOMAIN.networks[0].lifeline is not None
    served = lifeline.serve(intact(lifeline, 2))
    assert served.level.dtype == np.float32 and (served.status == CaseStatus.SOLVED).all()
    assert served.level.min() > 0.999 and served.detail["lost"].max() == 0
    assert served.detail["heat"][0] == pytest.approx(lifeline.network.wanted.sum(), rel=1e-3)


def test_no_heat_no_lifeline(tmp_path):
    assert build(small_city(tmp_path / "c", DOMAIN)) is None


@pytest.mark.parametrize("kind", ["heat.plant", "heat.pump"])
def test_a_plant_or_its_pump_takes_its_district_with_it(lifeline, kind):
    parts = np.flatnonzero(of_kind(lifeline.component_id, kind))
    state = intact(lifeline, len(parts))
    state.available[np.arange(len(parts)), parts] = False
    served = lifeline.serve(state)
    consumers = of_kind(lifeline.outlet_id, "heat.consumer")
    assert (served.status == CaseStatus.SOLVED).all()
    assert (served.level[:, consumers] == 0).sum() == consumers.sum(), "every consumer hangs on one plant"
    assert np.array_equal(served.level[:, ~consumers], 1 - np.eye(len(parts)))


def test_closed_valves_and_consumers(lifeline):
    state = intact(lifeline, 3, command=np.zeros((3, len(lifeline.component_id)), np.int8))
    state.command[1, of_kind(lifeline.component_id, "heat.valve")] = Command.CLOSED
    consumer = lifeline.outlet_id[0].as_py()
    state.available[2, lifeline.component_id.index(consumer).as_py()] = False
    level = lifeline.serve(state).level[:, of_kind(lifeline.outlet_id, "heat.consumer")]
    assert level[0].min() > 0.999 and level[1].max() == 0 and level[2, 0] == 0 and level[2, 1:].min() > 0.95  # less flow cools more on its way


def test_leaks_take_water_and_heat(lifeline):
    ids = lifeline.component_id.to_pylist()
    first = next(i for i, name in enumerate(ids) if name.startswith("heat.pipe:TS"))
    opening = np.zeros((3, len(ids)), np.float32)
    opening[1, first], opening[2, first] = 1e-4, 2e-2
    served = lifeline.serve(intact(lifeline, 3, opening=opening))
    assert (served.status == CaseStatus.SOLVED).all()
    assert 0 == served.detail["lost"][0] < served.detail["lost"][1] < served.detail["lost"][2]
    assert served.detail["heat"][2] < 0.99 * served.detail["heat"][0]


def test_a_case_does_not_depend_on_its_neighbours(lifeline):
    state = ComponentState(np.random.default_rng(2).random((12, len(lifeline.component_id))) > 0.01)
    together = lifeline.serve(state)
    assert (together.status == CaseStatus.SOLVED).all() and np.isfinite(together.level).all()
    assert np.array_equal(lifeline.serve(state.rows(np.array([9]))).level[0], together.level[9])
    assert np.array_equal(pickle.loads(pickle.dumps(lifeline)).serve(state).level, together.level)


def test_mistakes_are_reported_and_the_rest_is_solved(tmp_path):
    city = small_city(tmp_path / "c", DOMAIN)
    names = [f"heat.junction:{n}" for n in "ABCD"]
    city.append("heat.junction", pa.table({"id": names, "elevation": [0.0, None, 1.0, 1.0]}))
    city.append("heat.pipe", pa.table({"id": [f"heat.pipe:{i}" for i in range(3)], "from_id": [names[0], names[2], names[1]], "to_id": [names[1], names[3], "heat.junction:X"],
                                       "length": [100.0, 0.0, 5.0], "diameter": [0.05, 0.0, 0.05]}))
    city.append("heat.consumer", pa.table({"id": ["heat.consumer:1", "heat.consumer:2"], "from_id": [names[1]] * 2, "to_id": [names[2]] * 2, "heat_demand": [50e3, None]}))
    city.append("heat.pump", pa.table({"id": ["heat.pump:1"], "from_id": [names[3]], "to_id": [names[0]], "supply_pressure": [5e5]}))
    network = load(city)
    assert set(network.findings.by_rule()) == {"heat.dangling", "heat.no_diameter", "heat.no_demand", "heat.assumed_lift"}
    assert network.model.mode[network.link_rows("heat.consumer")].tolist() == [Mode.HEAT_DROP, Mode.FLOW_HEAT]
    lifeline = build(city)
    served = lifeline.serve(intact(lifeline))
    assert served.status[0] == CaseStatus.SOLVED and served.level[0, 0] == pytest.approx(1.0, abs=1e-4)


def test_a_network_without_a_pump_stands_still(tmp_path):
    city = small_city(tmp_path / "c", DOMAIN)
    names = ["heat.junction:A", "heat.junction:B"]
    city.append("heat.junction", pa.table({"id": names}))
    city.append("heat.consumer", pa.table({"id": ["heat.consumer:1"], "from_id": names[:1], "to_id": names[1:], "heat_demand": [50e3]}))
    lifeline = build(city)
    served = lifeline.serve(intact(lifeline, 2))
    assert (served.level == 0).all() and (served.status == CaseStatus.SOLVED).all()


@pytest.mark.parametrize("share", [0.02, 0.1, 0.4])
def test_damage_of_any_weight_is_solved(lifeline, share):
    rng, cases, pipes = np.random.default_rng(3), 96, lifeline.parts["heat.pipe"]
    opening = np.zeros((cases, len(lifeline.component_id)), np.float32)
    hit = rng.random((cases, pipes.stop - pipes.start)) < share
    opening[:, pipes] = np.where(hit, rng.choice([1e-5, 1e-4, 1e-3, 1e-2], hit.shape), 0.0)
    served = lifeline.serve(ComponentState(rng.random((cases, len(lifeline.component_id))) > share, opening))
    assert (served.status == CaseStatus.SOLVED).all()
    assert ((served.level >= 0) & (served.level <= 1)).all() and served.detail["lost"].min() >= 0


def test_no_level_is_above_the_ceiling(lifeline):
    check_ceiling(lifeline, of_kind(lifeline.component_id, "heat.pipe"))
