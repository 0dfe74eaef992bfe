"""The power lifeline: blocks of cases, three rules, monotone where it says so."""

from __future__ import annotations

import pickle
from functools import cache

import numpy as np
import pytest

from anlan import anlan
from ceilings import check_ceiling
from holdfast.domains.power.lifeline import RULES, build
from holdfast.model.errors import Invalid
from holdfast.model.lifeline import CaseStatus, ComponentState, Lifeline

MV = "power/simbench/1-MV-urban--0-sw.json"
TOWN = "coupled/micropolis/power/high/power.json"


@pytest.fixture(scope="module")
def sample(tmp_path_factory):
    return anlan(tmp_path_factory.mktemp("power") / "c")


@cache
def plain_town(city):
    return build(city)


def state(lifeline, count, seed=1, lost=0.01):
    rng = np.random.default_rng(seed)
    available = rng.random((count, len(lifeline.component_id))) >= lost
    available[0] = True
    return ComponentState(available)


@pytest.mark.clause("1d", "1k")
@pytest.mark.parametrize("rule", RULES)
def test_the_reference_city_has_power_and_loses_it(sample, rule):
    lifeline = build(sample, rule)
    assert isinstance(lifeline, Lifeline) and lifeline.monotone == (rule == "connected")
    served = lifeline.serve(state(lifeline, 40))
    assert (served.status == CaseStatus.SOLVED).all() and served.level.dtype == np.float32
    assert (served.level[0] == 1).all() and ((served.level >= 0) & (served.level <= 1)).all() and served.level[1:].min() == 0
    assert len(lifeline.outlet_demand) == len(lifeline.outlet_id) == served.level.shape[1] and (lifeline.outlet_demand >= 0).all()
    kinds = {name.partition(":")[0] for name in lifeline.outlet_id.to_pylist()}
    assert kinds == {"power.load", "power.transformer", "power.substation"}
    if rule != "connected":
        assert np.nanmin(served.detail["voltage"]) > 0.8


def test_a_substation_takes_everything_with_it(sample):
    lifeline = build(sample)
    ids = lifeline.component_id.to_pylist()
    available = np.ones((2, len(ids)), bool)
    available[1, [i for i, name in enumerate(ids) if name.startswith("power.substation:")]] = False
    level = lifeline.serve(ComponentState(available)).level
    assert (level[0] == 1).all() and (level[1] == 0).all()


@pytest.mark.parametrize("name", [MV, TOWN])
def test_less_available_never_gives_more(net_city, name):
    lifeline = plain_town(net_city(name))
    rng = np.random.default_rng(3)
    more = rng.random((60, len(lifeline.component_id))) > 0.01
    less = more & (rng.random(more.shape) > 0.01)
    assert lifeline.monotone
    assert (lifeline.serve(ComponentState(less)).level <= lifeline.serve(ComponentState(more)).level).all()


def test_single_losses_that_pull_the_voltage_down_are_known_beforehand(net_city):
    """Micropolis: three components whose loss leaves all connected but some below the cut-off."""
    plain, exact = plain_town(net_city(TOWN)), build(net_city(TOWN), "voltage")
    assert len(plain.frail) == 3
    available = np.ones((3, len(plain.component_id)), bool)
    available[np.arange(3), plain.frail] = False
    state_ = ComponentState(available)
    found = exact.serve(state_)
    assert np.array_equal(plain.serve(state_).level, np.nan_to_num(found.level)), "one loss alone is judged as the flow says"
    assert sorted(found.status.tolist()) == [CaseStatus.SOLVED, CaseStatus.SOLVED, CaseStatus.DIVERGED], "one of them lets the voltage collapse"
    assert (plain.serve(state_).level == 0).any(axis=1).all() and plain.serve(state_).detail["live"].all()


def test_equal_cases_and_a_pickled_lifeline_answer_the_same(net_city):
    lifeline = build(net_city(MV), "voltage")
    block = state(lifeline, 12)
    twice = ComponentState(np.concatenate([block.available, block.available[::-1]]))
    level = lifeline.serve(twice).level
    assert np.array_equal(level[:12], level[12:][::-1])
    assert np.array_equal(pickle.loads(pickle.dumps(lifeline)).serve(block).level, level[:12])


def test_a_case_without_solution_is_nan_and_leaves_the_others(net_city):
    lifeline = build(net_city("power/pandapower/case118.json"), "voltage")
    ids = lifeline.component_id.to_pylist()
    available = np.ones((3, len(ids)), bool)
    available[1, [i for i, name in enumerate(ids) if name.startswith("power.generator:")]] = False
    served = lifeline.serve(ComponentState(available))
    assert served.status.tolist() == [0, CaseStatus.DIVERGED, 0]
    assert np.isnan(served.level[1]).all() and np.isfinite(served.level[[0, 2]]).all()


def test_the_settings_decide(sample):
    spec = sample.catalog.networks["power"]
    assert spec.lifeline(sample).rule == sample.settings["power.service_rule"] == "connected"
    with pytest.raises(Invalid, match="no rule"):
        build(sample, "guess")
    with pytest.raises(Invalid, match="drop out"):
        build(sample, cut_off=1.5)


def test_an_empty_city_has_none_and_one_without_source_serves_nothing(tmp_path, built):
    from holdfast.app.cities import create_city

    assert build(create_city(str(tmp_path / "empty"), crs="local")) is None
    lifeline = build(built({"bus": [{"vn_kv": 10.0}, {"vn_kv": 10.0}], "load": [{"bus": 1, "p_mw": 1.0}],
                            "line": [{"from_bus": 0, "to_bus": 1, "length_km": 1.0, "r_ohm_per_km": 0.1, "x_ohm_per_km": 0.1, "in_service": True}]}))
    served = lifeline.serve(ComponentState(np.ones((2, len(lifeline.component_id)), bool)))
    assert (served.level == 0).all() and (served.status == 0).all()


@pytest.mark.parametrize("rule", RULES)
def test_no_level_is_above_the_ceiling(sample, rule):
    check_ceiling(build(sample, rule))
