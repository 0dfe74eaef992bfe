"""Newton-Raphson with voltage-controlled generators."""

from __future__ import annotations

import numpy as np
import pytest

from holdfast.engines.network.power.model import BASE, base_cases
from holdfast.engines.network.power.newton import admittances, solve
from holdfast.engines.network.power.parts import live_nodes
from holdfast.model.lifeline import CaseStatus
from power_nets import model


def held_line(p=2e6, v=1.02):
    return model(2, [(0, 1, 0.5 + 1.0j)], {1: 1e6 + 0.4e6j}, held_node=np.array([1], np.int32), held_v=np.array([v]), held_p=np.array([p]), held_on=np.array([True]))


def test_a_held_node_has_its_voltage_and_its_power():
    net = held_line()
    status, voltage, s_from, s_to = solve(net, base_cases(net), np.ones((1, 2), bool))
    assert status[0] == CaseStatus.SOLVED and abs(voltage[0, 1]) == pytest.approx(1.02, abs=1e-10)
    assert s_to[0, 0].real == pytest.approx(1e6, abs=0.05), "2 MW made, 1 MW used: the rest goes into the line"
    assert (s_from + s_to)[0, 0].real > 0 and s_to[0, 0].imag > -0.4e6, "it gives the reactive power that holds the voltage"


def test_the_answer_obeys_the_admittances():
    net = held_line()
    case = base_cases(net)
    _, voltage, s_from, s_to = solve(net, case, live_nodes(net, case))
    ff, ft, tf, tt = admittances(net, case.on_from[0], case.on_to[0])
    v = voltage[0]
    assert s_from[0, 0] / BASE == pytest.approx(v[0] * np.conj(ff[0] * v[0] + ft[0] * v[1]))
    assert s_to[0, 0] / BASE == pytest.approx(v[1] * np.conj(tf[0] * v[0] + tt[0] * v[1]))


def test_power_that_cannot_flow_diverges():
    net = held_line(p=300e6)
    status, voltage, *_ = solve(net, base_cases(net), np.ones((1, 2), bool))
    assert status[0] in (CaseStatus.DIVERGED, CaseStatus.SINGULAR) and np.isnan(voltage).all()


def test_phase_shifts_of_whole_levels_do_not_disturb_the_start():
    net = model(4, [(0, 1, 0.1 + 0.5j), (1, 2, 0.1 + 0.5j), (2, 3, 0.1 + 0.5j)], {3: 1e6}, branch_ratio=np.exp(1j * np.radians([150.0, 150.0, -30.0])))
    status, voltage, *_ = solve(net, base_cases(net), np.ones((1, 4), bool))
    assert status[0] == 0 and abs(voltage[0, 3]) > 0.97
    assert np.degrees(np.angle(voltage[0, 3])) == pytest.approx(-270.0 + 360.0, abs=2.0)


def test_couplers_join_nodes_and_dead_nodes_stay_out():
    net = model(4, [(0, 1, 0j), (1, 2, 0.1 + 0.1j), (2, 3, 0.1j)], {2: 1e6, 3: 1e6})
    case = base_cases(net)
    case.node[0, 3] = False
    status, voltage, s_from, _ = solve(net, case, live_nodes(net, case))
    assert status[0] == 0 and voltage[0, 0] == voltage[0, 1] == 1.0 and np.isnan(voltage[0, 3]) and s_from[0, 2] == 0
