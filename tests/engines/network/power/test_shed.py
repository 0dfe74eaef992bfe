"""Shedding: least important first, only what relieves, and an honest end."""

from __future__ import annotations

import numpy as np
import pytest

from holdfast.engines.network.power.model import base_cases
from holdfast.engines.network.power.shed import Limits, Loads, limits, shed, violations
from holdfast.engines.network.power.solve import Solver
from holdfast.model.lifeline import CaseStatus
from power_nets import feeder, model


def loads_of(net, level):
    return Loads(net.inject_node, net.inject_s, np.asarray(level), np.arange(len(net.inject_node)))


def two_feeders(limit=70.0):
    """Two feeders of three loads; only the first is loaded too much."""
    branches = [(0, 1, 0.1 + 0.1j), (1, 2, 0.1 + 0.1j), (2, 3, 0.1 + 0.1j), (0, 4, 0.1 + 0.1j), (4, 5, 0.1 + 0.1j), (5, 6, 0.1 + 0.1j)]
    return model(7, branches, {1: 0.5e6, 2: 0.5e6, 3: 0.6e6, 4: 0.2e6, 5: 0.2e6, 6: 0.2e6}, limit=limit)


def test_the_least_important_load_behind_the_overload_goes():
    net = two_feeders()
    done = shed(Solver(net), base_cases(net), loads_of(net, [0, 3, 1, 3, 3, 3]), limits(net, 0.8))
    assert done.status[0] == 0 and done.kept[0].tolist() == [True, False, True, True, True, True]
    assert done.flow.loading(net).max() <= 1.0
    assert done.rounds[0] == 1


def test_important_loads_go_only_when_nothing_else_is_left():
    net = two_feeders(limit=36.0)
    done = shed(Solver(net), base_cases(net), loads_of(net, [0, 3, 1, 3, 3, 3]), limits(net, 0.8))
    assert done.kept[0].tolist()[:3] == [True, False, False], "the critical load alone stays on the first feeder"
    assert done.kept[0, 3:].all() and done.status[0] == 0


def test_low_voltage_is_lifted_by_the_loads_that_pull_it_down():
    net = feeder(6, 1.5e6 + 0.5e6j, z=0.5 + 0.4j)
    solver = Solver(net)
    limit = limits(net, 0.95)
    assert violations(net, solver.base, limit)[1].max() > 0
    done = shed(solver, base_cases(net), loads_of(net, [3] * 5), limit)
    assert done.status[0] == 0 and done.flow.magnitude[0].min() >= 0.95 - 1e-9
    assert done.kept[0].tolist()[3:] == [False, False] and done.kept[0].any(), "the farthest loads help most"


def test_a_network_without_solution_sheds_until_it_has_one():
    net = feeder(4, 30e6 + 10e6j, z=0.8 + 0.8j)
    assert Solver(net).base.status[0] == CaseStatus.DIVERGED
    done = shed(Solver(net), base_cases(net), loads_of(net, [1, 2, 3]), limits(net, 0.5))
    assert done.flow.status[0] == 0 and done.status[0] == 0 and not done.kept[0, 2] and done.rounds[0] >= 1


def test_limits_that_cannot_be_met_end_as_diverged():
    net = two_feeders()
    everything = Loads(net.inject_node, net.inject_s, np.zeros(6, int), np.full(6, -1))  # nothing can be switched
    done = shed(Solver(net), base_cases(net), everything, limits(net, 0.8), rounds=5)
    assert done.status[0] == CaseStatus.DIVERGED and done.flow.status[0] == 0
    high = shed(Solver(net), base_cases(net), loads_of(net, [3] * 6), Limits(np.full(6, 1.0), np.full(7, 1.2)))
    assert high.status[0] == CaseStatus.DIVERGED, "no load shedding lifts a voltage above the source"


def test_overload_by_charging_takes_no_load_off():
    net = feeder(2, 1e4, limit=60.0, branch_y=np.array([4e-2j]))
    done = shed(Solver(net), base_cases(net), loads_of(net, [3]), limits(net, 0.8))
    assert done.kept.all() and done.status[0] == CaseStatus.DIVERGED


def test_each_case_is_judged_by_itself():
    net = two_feeders()
    cases = base_cases(net, 3)
    cases.on_from[1, 1] = False
    cases.source[2] = False
    done = shed(Solver(net), cases, loads_of(net, [0, 3, 1, 3, 3, 3]), limits(net, 0.8))
    assert done.kept.all(axis=1).tolist() == [False, True, True] and done.rounds.tolist() == [1, 0, 0] and (done.status == 0).all()


def test_what_is_tolerated_today_stays_permitted():
    net = two_feeders()
    today = Solver(net).base
    limit = limits(net, 0.8, today=today)
    assert limit.loading[0] == pytest.approx(today.loading(net)[0, 0] * 1.001) and limit.loading[3] == 1.0
    assert not violations(net, today, limit)[0].any()
    own = limits(feeder(3, node_low=np.array([np.nan, 0.97, 0.93])), 0.9, own_low=True)
    assert own.low.tolist() == [0.9, 0.97, 0.93]
