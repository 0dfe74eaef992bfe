"""Laws of pumps and valves: head, slope and symmetry against plain formulas; what a case of settings does, against EPANET."""

from __future__ import annotations

from types import SimpleNamespace

import numpy as np
import pytest

from holdfast.engines.network.hydraulic import devices
from holdfast.engines.network.hydraulic.answers import Cases
from holdfast.engines.network.hydraulic.arrays import BIG, CFS, CLOSED, CONSTANT_POWER, CURVE, FOOT, OPEN, POWER_LAW, SMALL
from holdfast.engines.network.hydraulic.epanet import EpanetEngine
from holdfast.engines.network.hydraulic.model import LinkType, Status
from holdfast.engines.network.hydraulic.solve import Solver
from small_water import pipe, pump, valve, water

X, Y = np.array([0.0, 1.0, 3.0, 6.0]), np.array([60.0, 55.0, 40.0, 10.0])


def law_of(kind: int, **numbers: float):
    """A single device as the kernels see it."""
    given = {"shutoff": 0.0, "resistance": 0.0, "power": 1.0, "minor": 0.0, "area2": 1.0} | numbers
    return SimpleNamespace(law=[kind], kind=[int(numbers.get("valve", LinkType.PUMP))], curve_start=[0, len(X)], curve_flow=X, curve_head=Y,
                           **{name: [np.float64(value)] for name, value in given.items() if name != "valve"})


def loss(law: tuple[float, float], q: float) -> float:
    """Head loss at the flow for which conductance and excess were made."""
    conductance, excess = law
    return (excess + q) / conductance


@pytest.mark.parametrize("at", [-1.0, 0.0, 0.5, 1.0, 2.9, 3.0, 6.0, 9.0])
def test_segments_interpolate_and_go_on_beyond_the_ends(at):
    slope, top = devices.segment(0, len(X), X, Y, at)
    inside = min(max(at, 0.0), 6.0)
    past = (at - inside) * (-5.0 if at < 0 else -10.0)
    assert slope * at + top == pytest.approx(np.interp(inside, X, Y) + past)


@pytest.mark.parametrize("speed", [0.7, 1.0, 1.2])
@pytest.mark.parametrize(("kind", "numbers", "head"), [
    (POWER_LAW, {"shutoff": -60.0, "resistance": 1.5, "power": 2.0}, lambda q, n: 60 * n**2 - 1.5 * q**2),
    (POWER_LAW, {"shutoff": -60.0, "resistance": 1.5, "power": 1.4}, lambda q, n: 60 * n**2 - 1.5 * n**0.6 * q**1.4),
    (POWER_LAW, {"shutoff": -60.0, "resistance": 8.0, "power": 1.0}, lambda q, n: 60 * n**2 - 8 * n * q),
    (CURVE, {}, lambda q, n: n**2 * np.interp(q / n, X, Y)),
    (CONSTANT_POWER, {"resistance": -80.0}, lambda q, n: n**3 * 80 / q),
])  # fmt: skip
def test_pumps_follow_the_affinity_laws(kind, numbers, head, speed):
    law, q, step = law_of(kind, **numbers), 2.0, 1e-5
    got = devices.pump.py_func(law, 0, q, speed, q ** (law.power[0] - 1.0))
    assert -loss(got, q) == pytest.approx(head(q, speed), rel=1e-9)
    slope = -(head(q + step, speed) - head(q - step, speed)) / (2 * step)
    assert 1.0 / got[0] == pytest.approx(slope, rel=1e-5)


def test_a_pump_of_constant_power_stays_within_bounds_without_flow():
    for q in (0.0, 1e-9, 1e9):
        conductance, excess = devices.pump.py_func(law_of(CONSTANT_POWER, resistance=-80.0), 0, q, 1.0, 1.0)
        assert 1.0 / BIG <= conductance <= 1.0 / SMALL and np.isfinite(excess)


def test_open_valves_lose_their_minor_loss_and_closed_ones_bar_the_way():
    for q in (-2.0, 0.3):
        assert loss(devices.open_valve(4.0, q), q) == pytest.approx(4.0 * q * abs(q))
        assert loss(devices.valve.py_func(law_of(-1, valve=LinkType.TCV, area2=0.5), 0, q, 6.0, OPEN), q) == pytest.approx(3.0 * q * abs(q))
        assert loss(devices.valve.py_func(law_of(-1, valve=LinkType.PBV), 0, q, 7.0, OPEN), q) == pytest.approx(7.0, abs=1e-6)  # breaks so much either way
    assert devices.open_valve(0.0, 1.0) == (1.0 / SMALL, 0.0) and devices.open_valve(4.0, 0.0) == (2.0 / 1e-7, 0.0)
    assert devices.valve.py_func(law_of(-1, valve=LinkType.TCV), 0, 1.0, 6.0, CLOSED) == (1.0 / BIG, 0.0)


def test_the_curve_of_a_general_valve_is_the_same_both_ways():
    law = law_of(-1, valve=LinkType.GPV)
    law.curve_head = Y[::-1].copy()
    law.curve_flow = X
    for q in (0.5, 2.0, 5.0):
        there, back = (loss(devices.valve.py_func(law, 0, sign * q, 1.0, OPEN), sign * q) for sign in (1.0, -1.0))
        assert there == pytest.approx(np.interp(q, X, law.curve_head), abs=1e-4) and back == pytest.approx(-there)


@pytest.fixture(scope="module")
def plant():
    """A pump beside another, then one valve of each kind, all but the reducing one with a pipe to a common end."""
    kinds = (LinkType.PRV, LinkType.PSV, LinkType.PBV, LinkType.FCV, LinkType.TCV)
    settings = (18.0, 14.0, 3.0, 0.003, 30.0)
    links = [pump(8, 0, pump_curve=0), pump(8, 0, pump_power=3000.0), pipe(0, 1, length=300.0)]
    for n, (kind, setting) in enumerate(zip(kinds, settings, strict=True), 2):
        links += [valve(1, n, kind, setting)] + [pipe(n, 7, length=400.0, diameter=0.1)] * (kind != LinkType.PRV)
    links += [valve(1, 7, LinkType.GPV, np.nan, valve_curve=1, initial_status=int(Status.OPEN))]
    curves = (np.array([[0.02, 30.0]]), np.array([[0.0, 0.0], [0.01, 3.0], [0.03, 14.0]]))
    demands = [0.002, 0.002, 0.0, 0.002, 0.002, 0.002, 0.002, 0.002]  # none behind the reducing valve: EPANET goes on serving what is cut off
    return water([0.0] * 8, demands, [5.0], links, curves=curves)


def test_settings_and_states_of_cases_are_epanets(plant):
    """Each device in turn at another setting, shut and wide open: 8 devices, 24 cases in one batch."""
    devices_at = np.flatnonzero(plant.link_type > LinkType.PIPE)
    count = 3 * len(devices_at)
    status, setting = np.full((count, plant.links), -1, np.int8), np.full((count, plant.links), np.nan)
    for n, k in enumerate(devices_at):
        status[3 * n, k], status[3 * n + 1, k] = Status.CLOSED, Status.OPEN
        setting[3 * n + 2, k] = plant.initial_setting[k] * 0.8
    cases = Cases(count, status=status, setting=setting)
    ours, theirs = Solver(plant).snapshot(cases), EpanetEngine(plant).snapshot(cases)
    both = ours.solved & theirs.solved
    assert both.mean() > 0.9
    np.testing.assert_allclose(ours.head[both], theirs.head[both], atol=5e-3)
    np.testing.assert_allclose(ours.flow[both], theirs.flow[both], atol=5e-6)


def test_regulating_valves_hold_what_they_are_set_to(plant):
    found = Solver(plant).snapshot()
    assert found.solved.all()
    at = {LinkType(kind): k for k, kind in enumerate(plant.link_type.tolist())}
    reduced, flow = at[LinkType.PRV], at[LinkType.FCV]
    upstream = found.head[0, 1]
    assert found.head[0, plant.link_to[reduced]] == pytest.approx(min(18.0, upstream), abs=0.01)
    assert found.flow[0, flow] == pytest.approx(0.003, rel=1e-3)
    breaker = at[LinkType.PBV]
    assert upstream - found.head[0, plant.link_to[breaker]] == pytest.approx(3.0, abs=1e-3)
    throttled = at[LinkType.TCV]
    velocity = found.flow[0, throttled] / (np.pi * 0.2**2 / 4)
    assert upstream - found.head[0, plant.link_to[throttled]] == pytest.approx(30.0 * velocity**2 / (2 * 9.81), rel=5e-3)
    curve = at[LinkType.GPV]
    assert upstream - found.head[0, 7] == pytest.approx(np.interp(found.flow[0, curve], *plant.curves[1].T), rel=1e-3)
    assert CFS == FOOT**3
