"""The gas lifeline: levels of consumers, regulators and stations when things fail."""

from __future__ import annotations

import pickle
from dataclasses import replace

import numpy as np
import pytest

from ceilings import check_ceiling
from holdfast.domains.gas import DOMAIN
from holdfast.domains.gas.lifeline import build
from holdfast.engines.network.isolation import Sections
from holdfast.model.lifeline import CaseStatus, Command, ComponentState, Lifeline
from small_city import small_city


@pytest.fixture(scope="module")
def lifeline(anlan):
    return build(anlan)


def intact(lifeline, cases=1, **more):
    return ComponentState(np.ones((cases, len(lifeline.component_id)), bool), **more)


def component(lifeline, asset):
    return lifeline.component_id.index(asset).as_py()


def outlets(lifeline, kind):
    return np.array([i.startswith(kind + ":") for i in lifeline.outlet_id.to_pylist()])


def test_it_is_a_lifeline_and_serves_all_when_intact(lifeline):
    assert isinstance(lifeline, Lifeline) and DOMAIN.networks[0].lifeline is not None
    served = lifeline.serve(intact(lifeline, 3))
    assert served.level.shape == (3, len(lifeline.outlet_id)) and served.level.dtype == np.float32
    assert (served.status == CaseStatus.SOLVED).all() and served.level.min() == 1.0 and not served.detail["lost"].any()
    assert served.detail["supplied"][0] == pytest.approx(lifeline.network.sink_demand.sum())
    assert lifeline.outlet_demand.min() >= 0 and len(lifeline.outlet_demand) == len(lifeline.outlet_id)


def test_no_gas_no_lifeline(tmp_path):
    assert build(small_city(tmp_path / "c", DOMAIN)) is None


def test_a_station_takes_its_source_with_it(lifeline):
    state = intact(lifeline, 2)
    stations = np.array([i.startswith("gas.station:") for i in lifeline.component_id.to_pylist()])
    state.available[1, stations] = False
    served = lifeline.serve(state)
    assert served.level[0].min() == 1.0 and served.level[1].max() == 0.0 and served.status[1] == CaseStatus.SOLVED


def test_a_regulator_takes_its_block_only(lifeline):
    regulators = np.flatnonzero([i.startswith("gas.regulator:") for i in lifeline.component_id.to_pylist()])
    state = intact(lifeline, len(regulators))
    state.available[np.arange(len(regulators)), regulators] = False
    served = lifeline.serve(state)
    lost = (served.level == 0) & outlets(lifeline, "gas.sink")
    assert (lost.sum(axis=1) >= 1).all() and lost.sum() == outlets(lifeline, "gas.sink").sum(), "every consumer hangs on one regulator"
    assert not ((served.level > 0) & (served.level < 1)).any()


def test_a_closed_valve_and_a_dead_consumer(lifeline):
    sink = next(i for i in lifeline.component_id.to_pylist() if i.startswith("gas.sink:"))
    state = intact(lifeline, 2, command=np.zeros((2, len(lifeline.component_id)), np.int8))
    state.available[0, component(lifeline, sink)] = False
    state.command[1, component(lifeline, "gas.regulator:R0")] = Command.CLOSED
    served = lifeline.serve(state)
    assert served.level[0, lifeline.outlet_id.index(sink).as_py()] == 0.0 and served.level[0].sum() == len(lifeline.outlet_id) - 1
    assert 0 < (served.level[1] == 0).sum() < len(lifeline.outlet_id)


def test_leaks_take_pressure_and_the_worst_pipe_takes_everybody(lifeline):
    ids = lifeline.component_id.to_pylist()
    first = next(i for i, name in enumerate(ids) if name.startswith("gas.pipe:G"))
    opening = np.zeros((3, len(ids)), np.float32)
    opening[1, first], opening[2, first] = 1e-4, 0.5
    served = lifeline.serve(intact(lifeline, 3, opening=opening))
    assert (served.status == CaseStatus.SOLVED).all()
    lost, total = served.detail["lost"], served.level.sum(axis=1)
    assert 0 == lost[0] < lost[1] < lost[2] and lost[1] == pytest.approx(4e5 * 1e-4 * 0.85 * 0.00173, rel=0.1)
    assert total[0] >= total[1] > total[2]


def test_demand_follows_the_hour(lifeline):
    served = lifeline.serve(intact(lifeline, 2, hour=np.array([3.0, 11.0])))
    supplied = served.detail["supplied"]
    assert supplied[0] / supplied[1] == pytest.approx(0.22, rel=1e-3)


def test_a_case_does_not_depend_on_its_neighbours(lifeline):
    rng = np.random.default_rng(1)
    state = ComponentState(rng.random((20, len(lifeline.component_id))) > 0.03)
    together = lifeline.serve(state)
    alone = lifeline.serve(state.rows(np.array([13])))
    assert np.array_equal(alone.level[0], together.level[13])
    assert np.array_equal(pickle.loads(pickle.dumps(lifeline)).serve(state).level, together.level)
    assert (together.status == CaseStatus.SOLVED).all() and np.isfinite(together.level).all()


@pytest.mark.parametrize("share", [0.02, 0.1, 0.4])
def test_damage_of_any_weight_is_solved(lifeline, share):
    rng, cases, pipes = np.random.default_rng(3), 96, lifeline.parts["gas.pipe"]
    opening = np.zeros((cases, len(lifeline.component_id)), np.float32)
    hit = rng.random((cases, pipes.stop - pipes.start)) < share
    opening[:, pipes] = np.where(hit, rng.choice([1e-5, 1e-4, 1e-3, 1e-2], hit.shape), 0.0)
    served = lifeline.serve(ComponentState(rng.random((cases, len(lifeline.component_id))) > share, opening))
    assert (served.status == CaseStatus.SOLVED).all()
    assert ((served.level >= 0) & (served.level <= 1)).all() and served.detail["lost"].min() >= 0


def test_a_pipe_that_is_shut_off_takes_its_section_and_spills_no_more(lifeline):
    """Pipes between valves are shut off together; where no section is known, a pipe is shut off alone."""
    links, known = lifeline.network.link_rows("gas.pipe"), lifeline.sections.label
    section = np.flatnonzero(np.bincount(known[known >= 0]) > 1)[0]
    label = np.where(known == section, known, -1)
    lifeline = replace(lifeline, sections=Sections(label))
    inside, outside = links[label[links] == section], links[label[links] < 0][:1]
    at = [component(lifeline, lifeline.network.link_id[int(link)].as_py()) for link in (inside[0], outside[0])]
    state = intact(lifeline, 3, opening=np.zeros((3, len(lifeline.component_id)), np.float32))
    state.available[0, at[0]] = state.available[1, at[0]] = state.available[2, at[1]] = False
    state.opening[0, at[0]] = 1e-4
    closed = ~lifeline.cases(state).open
    assert closed[1, inside].all() and closed[1].sum() == len(np.flatnonzero(label == section)) > 1
    assert closed[0].sum() == closed[2].sum() == 1
    served = lifeline.serve(state)
    assert served.detail["lost"][0] > 0 and served.detail["lost"][1:].max() == 0


def test_no_level_is_above_the_ceiling(lifeline):
    check_ceiling(lifeline, np.array([i.startswith("gas.pipe:") for i in lifeline.component_id.to_pylist()]))
