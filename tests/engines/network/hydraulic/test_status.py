"""States the solver changes by itself: check valves, regulating valves, pumps against too much head, links at tanks, valves without a solution."""

from __future__ import annotations

import math

import numpy as np
import pytest

from epanet_kept_open import Oracle, same_day
from holdfast.engines.network.hydraulic.arrays import ACTIVE, CLOSED, OPEN, XPRESSURE
from holdfast.engines.network.hydraulic.solve import Solver
from holdfast.engines.network.hydraulic.status import _one_way, _reducing, _sustaining, same
from hydraulic_model_of import model_of

pytestmark = pytest.mark.filterwarnings("ignore")
FILE = """[JUNCTIONS]
A 10 0
B 12 5 D
C 8 8 D
D 5 10 D
E 3 6 D
F 4 2 D
[RESERVOIRS]
R {source} H
{second}
[TANKS]
T 45 3 0.5 6 9 0
[PIPES]
p1 R A 500 300 110 0 Open
p2 B C 400 250 110 0 Open
p3 C D 600 200 110 0 Open
p4 C T 900 200 110 0 {tank}
p5 D B 700 150 110 0 Open
p6 E F 200 150 110 0 Open
{more}
[PUMPS]
{pumps}
[VALVES]
{valves}
[PATTERNS]
D 0.3 0.8 1.3 1.9 1.0 0.4
H 1.0 1.2 0.9 1.3
[CURVES]
three 0 60
three 30 50
three 60 20
low 20 15
[TIMES]
Duration 24:00
Hydraulic Timestep 1:00
Pattern Timestep 2:00
Report Timestep 0:20
[OPTIONS]
Units LPS
Headloss H-W
Accuracy 0.000001
Trials 200
Unbalanced Continue 10
{options}
[END]
"""
PLAIN = {"source": 30, "second": "", "tank": "Open", "more": "", "pumps": "u1 A B HEAD three", "valves": "v1 D E 150 TCV 3 0", "options": ""}
CASES = {
    "check valve between two zones": {"more": "p7 E C 300 150 110 0 CV"},
    "check valve at the tank": {"tank": "CV"},
    "reducing, active and wide open": {"valves": "v1 D E 150 PRV 52 0"},
    "reducing, never reached": {"valves": "v1 D E 150 PRV 200 5"},
    "reducing against a second source": {"second": "S 58", "more": "p7 S F 800 100 110 0 Open", "valves": "v1 D E 150 PRV 50 0"},
    "reducing in series": {"more": "p7 F G2 200 150 110 0 Open", "valves": "v1 D E 150 PRV 50 0\nv2 D E 80 PRV 45 0", "second": "G2 20"},
    "sustaining": {"valves": "v1 D E 150 PSV 45 0"},
    "sustaining against a second source": {"second": "S 65", "more": "p7 S F 800 100 110 0 Open", "valves": "v1 D E 150 PSV 50 0"},
    "flow held and not reached": {"valves": "v1 D E 150 FCV 6 0", "second": "S 55", "more": "p7 S F 800 150 110 0 Open"},
    "breaker": {"valves": "v1 D E 150 PBV 8 0"},
    "pump beyond its head": {"pumps": "u1 A B HEAD three\nu2 A B HEAD low"},
    "pump of constant power": {"pumps": "u1 A B POWER 12"},
    "damped status checks": {"valves": "v1 D E 150 PRV 52 0", "options": "Damplimit 0.01\nCheckfreq 3\nMaxcheck 12"},
}


@pytest.mark.parametrize("name", CASES)
def test_a_day_is_epanets_every_twenty_minutes(tmp_path, name):
    path = tmp_path / "status.inp"
    path.write_text(FILE.format(**PLAIN | CASES[name]))
    same_day(path)


def test_a_check_valve_shuts_when_the_other_side_is_higher(tmp_path):
    path = tmp_path / "status.inp"
    path.write_text(FILE.format(**PLAIN | CASES["check valve at the tank"]))
    model, ours, _ = same_day(path)
    k = model.link_id.to_pylist().index("p4")
    assert (ours.flow[0, :, k] >= 0.0).all() and (ours.flow[0, :, k] > 0.0).any() and (~ours.open[0, :, k]).any()


def test_a_valve_that_shut_a_part_off_opens_when_it_can_again(tmp_path):
    """At first the pressure before the sustaining valve is too low, and what lies behind it is cut off; as the tank fills it opens, as in EPANET."""
    path = tmp_path / "status.inp"
    path.write_text(FILE.format(**PLAIN | {"valves": "v1 D E 150 PSV 55 0"}))
    model = model_of(path)
    oracle = Oracle(path, None, 86400)
    truth = oracle.run()
    oracle.close()
    ours = Solver(model).extended(hours=24)
    k, at = model.link_id.to_pylist().index("v1"), np.searchsorted(truth.time, ours.time)
    assert not ours.open[0, 0, k] and np.isnan(ours.head[0, 0]).sum() == 2
    np.testing.assert_array_equal(ours.open[0, :, k], truth.open[at, k])
    assert ours.open[0, 3:, k].all() and (ours.flow[0, 3:, k] > 1e-3).all()


@pytest.mark.parametrize(("state", "flow", "before", "after", "expected"), [
    (ACTIVE, -1.0, 200.0, 100.0, CLOSED), (ACTIVE, 1.0, 90.0, 90.0, OPEN), (ACTIVE, 1.0, 120.0, 100.0, ACTIVE), (OPEN, 1.0, 120.0, 110.0, ACTIVE),
    (OPEN, 1.0, 99.0, 98.0, OPEN), (OPEN, -1.0, 99.0, 98.0, CLOSED), (CLOSED, 0.0, 110.0, 90.0, ACTIVE), (CLOSED, 0.0, 95.0, 90.0, OPEN),
    (CLOSED, 0.0, 110.0, 105.0, CLOSED), (XPRESSURE, 1.0, 110.0, 90.0, XPRESSURE), (XPRESSURE, -1.0, 110.0, 90.0, CLOSED),
])
def test_reducing_valve_set_to_100_feet(state, flow, before, after, expected):
    assert _reducing(state, flow, 0.0, 100.0, before, after) == expected


@pytest.mark.parametrize(("state", "flow", "before", "after", "expected"), [
    (ACTIVE, -1.0, 100.0, 90.0, CLOSED), (ACTIVE, 1.0, 110.0, 105.0, OPEN), (ACTIVE, 1.0, 100.0, 80.0, ACTIVE), (OPEN, 1.0, 95.0, 90.0, ACTIVE),
    (OPEN, 1.0, 105.0, 104.0, OPEN), (CLOSED, 0.0, 120.0, 110.0, OPEN), (CLOSED, 0.0, 110.0, 90.0, ACTIVE), (CLOSED, 0.0, 90.0, 80.0, CLOSED),
])
def test_sustaining_valve_set_to_100_feet(state, flow, before, after, expected):
    assert _sustaining(state, flow, 0.0, 100.0, before, after) == expected


def test_a_check_valve_keeps_its_state_within_the_tolerances():
    assert _one_way(OPEN, 0.0, 0.0) == OPEN and _one_way(CLOSED, 0.0, 0.0) == CLOSED
    assert _one_way(OPEN, -0.001, 0.0) == CLOSED and _one_way(CLOSED, 0.001, 0.0) == OPEN and _one_way(OPEN, 0.001, -0.001) == CLOSED


def test_missing_settings_are_the_same_setting():
    assert same(math.nan, math.nan) and same(1.0, 1.0) and not same(math.nan, 1.0) and not same(np.inf, 1.0)
