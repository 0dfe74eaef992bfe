"""The sweep against a hand calculation and against power-grid-model."""

from __future__ import annotations

import numpy as np
import pytest

from holdfast.engines.network.power.kernel import MESHED
from holdfast.engines.network.power.model import Law, base_cases
from holdfast.engines.network.power.radial import solve
from holdfast.engines.network.power.solve import Solver
from holdfast.model.lifeline import CaseStatus
from power_nets import feeder, model, random_tree


def test_two_nodes_by_hand():
    net = model(2, [(0, 1, 1.0 + 0.5j)], {1: 2e6 + 0.5e6j})
    status, voltage, s_from, s_to = solve(net, base_cases(net))
    # |V2|^4 + (2 (P R + Q X) - |V1|^2) |V2|^2 + |S|^2 |Z|^2 = 0, for the voltages between phases
    b, c = 2 * (2e6 * 1.0 + 0.5e6 * 0.5) - 1e8, (2e6**2 + 0.5e6**2) * 1.25
    expected = np.sqrt((-b + np.sqrt(b * b - 4 * c)) / 2)
    assert status[0] == CaseStatus.SOLVED
    assert abs(voltage[0, 1]) * 10e3 == pytest.approx(expected, rel=1e-10)
    assert s_to[0, 0] == pytest.approx(-(2e6 + 0.5e6j), rel=1e-9)
    assert (s_from + s_to)[0, 0].real == pytest.approx((2e6**2 + 0.5e6**2) / expected**2 * 1.0, rel=1e-9)


@pytest.mark.parametrize("seed", [1, 2, 3])
def test_agrees_with_power_grid_model_to_a_millionth(seed):
    net = random_tree(60, seed)
    rng = np.random.default_rng(seed)
    cases = base_cases(net, 20)
    lines = ~net.ideal  # couplers that differ between cases are branches of 1e-8 pu in power-grid-model: tested apart
    cases.on_from[1:, lines] &= rng.random((19, lines.sum())) > 0.03
    cases.on_to[1:, lines] &= rng.random((19, lines.sum())) > 0.03
    own, peer = Solver(net, "sweep").solve(cases), Solver(net, "power-grid-model").solve(cases)
    assert (own.status == 0).all() and (peer.status == 0).all()
    assert (np.isnan(own.voltage) == np.isnan(peer.voltage)).all()
    assert np.nanmax(np.abs(own.voltage - peer.voltage)) < 1e-6
    assert np.nanmax(np.abs(own.s_from - peer.s_from)) < 1.0, "VA"


def test_couplers_that_open_agree_too():
    net = random_tree(60, 5)
    cases = base_cases(net, 12)
    for case, coupler in enumerate(np.flatnonzero(net.ideal)[:11], 1):
        cases.on_from[case, coupler] = False
    own, peer = Solver(net, "sweep").solve(cases), Solver(net, "power-grid-model").solve(cases)
    assert np.nanmax(np.abs(own.voltage - peer.voltage)) < 1e-6 and (np.isnan(own.voltage) == np.isnan(peer.voltage)).all()


def test_loops_are_told_apart_from_loops_of_couplers():
    ring = model(3, [(0, 1, 0.1j), (1, 2, 0.1j), (2, 0, 0.1j)], {1: 1e5})
    busbar = model(3, [(0, 1, 0j), (1, 2, 0j), (2, 0, 0j)], {1: 1e5})
    assert solve(ring, base_cases(ring))[0][0] == MESHED
    status, voltage, *_ = solve(busbar, base_cases(busbar))
    assert status[0] == 0 and np.allclose(voltage, 1.0)
    bridged = model(3, [(0, 1, 0.1j), (0, 2, 0.2j), (1, 2, 0j)], {2: 1e5})
    assert solve(bridged, base_cases(bridged))[0][0] == MESHED, "a coupler that joins two branches makes a loop"


def test_two_sources_that_meet_are_no_tree_unless_they_hold_the_same():
    met = model(3, [(0, 1, 0.1j), (1, 2, 0.1j)], {1: 1e5}, sources=(0, 2))
    assert solve(met, base_cases(met))[0][0] == MESHED
    same = model(3, [(0, 1, 0.1j), (0, 2, 0j)], {1: 1e5}, sources=(0, 2))
    assert solve(same, base_cases(same))[0][0] == 0


@pytest.mark.parametrize(("law", "power"), [(Law.POWER, 1.0), (Law.CURRENT, 0.97), (Law.IMPEDANCE, 0.97**2)])
def test_laws_of_loads(law, power):
    net = model(1, [], {0: 1e6}, source_v=np.array([0.97 + 0j]))
    end = feeder(2, 1e6, inject_law=np.array([law], np.int8), source_v=np.array([0.97 + 0j]), z=1e-6 + 1e-6j)
    s_from = solve(end, base_cases(end))[2]
    assert abs(s_from[0, 0]) == pytest.approx(1e6 * power, rel=1e-4)
    assert solve(net, base_cases(net))[1][0, 0] == 0.97


def test_a_load_beyond_the_limit_of_stability_diverges_and_the_others_stand():
    net = feeder(3)
    cases = base_cases(net, 3)
    cases.factor[1] = 1e3
    status, voltage, *_ = solve(net, cases)
    assert status.tolist() == [CaseStatus.SOLVED, CaseStatus.DIVERGED, CaseStatus.SOLVED]
    assert np.isnan(voltage[1]).all() and np.isfinite(voltage[[0, 2]]).all()


def test_what_is_cut_off_is_dark_and_an_open_end_still_charges():
    net = feeder(3, branch_y=np.array([0, 1e-4j]))
    cases = base_cases(net, 2)
    cases.on_to[0, 1] = False
    cases.node[1, 1] = False
    status, voltage, s_from, s_to = solve(net, cases)
    assert (status == 0).all()
    assert np.isnan(voltage[0, 2]) and np.isnan(voltage[1, 1:]).all()
    assert s_from[0, 1].imag == pytest.approx(-abs(voltage[0, 1]) ** 2 * 1e8 * 1e-4, rel=1e-3) and s_to[0, 1] == 0
    assert (s_from[1] == 0).all()
