"""Simple controls: by level, pressure, time and time of day, beside EPANET; what they change and when they are looked at."""

from __future__ import annotations

import numpy as np
import pytest

from epanet_kept_open import same_day
from holdfast.engines.network.hydraulic.answers import Cases
from holdfast.engines.network.hydraulic.model import NodeType
from holdfast.engines.network.hydraulic.solve import Solver

pytestmark = pytest.mark.filterwarnings("ignore")
FILE = """[JUNCTIONS]
A 10 0
B 12 5 D
C 8 8 D
D 5 10 D
E 3 4 D
[RESERVOIRS]
R 30
[TANKS]
T 45 3 0.5 6 9 0
[PIPES]
p1 R A 500 300 110 0 Open
p2 B C 400 250 110 0 Open
p3 C D 600 200 110 0 Open
p4 C T 900 200 110 0 Open
p5 D B 700 150 110 0 Open
[PUMPS]
u1 A B HEAD three
{pumps}
[VALVES]
{valves}
[PATTERNS]
D 0.6 0.8 1.3 1.5 1.0 0.7
S 1 0.8 1 0 1 1
[CURVES]
three 0 60
three 30 50
three 60 20
[CONTROLS]
{controls}
[TIMES]
Duration 24:00
Hydraulic Timestep 1:00
Pattern Timestep 2:00
Report Timestep 0:10
Start ClockTime {clock}
[OPTIONS]
Units LPS
Headloss H-W
Accuracy 0.000001
Trials 200
Unbalanced Continue 10
{options}
[END]
"""
PLAIN = {"pumps": "", "valves": "v1 D E 150 TCV 3 0", "controls": "", "clock": "0:00", "options": ""}
LEVELS = "LINK u1 CLOSED IF NODE T ABOVE 5\nLINK u1 OPEN IF NODE T BELOW 2"
CASES = {
    "levels": {"controls": LEVELS},
    "levels at the limits of the tank": {"controls": "LINK u1 CLOSED IF NODE T ABOVE 6\nLINK u1 OPEN IF NODE T BELOW 0.5"},
    "two pumps by steps": {"pumps": "u2 A B HEAD three", "controls": LEVELS + "\nLINK u2 CLOSED IF NODE T ABOVE 3\nLINK u2 OPEN IF NODE T BELOW 2.5"},
    "speeds by level": {"controls": "LINK u1 0.85 IF NODE T ABOVE 4.5\nLINK u1 1.1 IF NODE T BELOW 2.5"},
    "pipe by level": {"controls": "LINK p5 CLOSED IF NODE T ABOVE 3.5\nLINK p5 OPEN IF NODE T BELOW 3.2"},
    "pressures": {"controls": "LINK p5 CLOSED IF NODE D ABOVE 62\nLINK p5 OPEN IF NODE D BELOW 55"},
    "pump by pressure": {"controls": "LINK u1 0.9 IF NODE D ABOVE 64\nLINK u1 1.0 IF NODE D BELOW 50"},
    "times": {"controls": "LINK u1 CLOSED AT TIME 5:23\nLINK p5 CLOSED AT TIME 7\nLINK u1 OPEN AT TIME 12:30:15\nLINK p5 OPEN AT TIME 20"},
    "times of day": {"controls": "LINK u1 CLOSED AT CLOCKTIME 3 AM\nLINK u1 OPEN AT CLOCKTIME 5:45 PM", "clock": "9:20 PM"},
    "valve settings": {"valves": "v1 D E 150 PRV 35 0", "controls": "LINK v1 25 AT TIME 4\nLINK v1 OPEN AT TIME 9\nLINK v1 30 AT TIME 15\nLINK v1 CLOSED AT TIME 20"},
    "flow valve": {"valves": "v1 D E 150 FCV 3 0", "controls": "LINK v1 2 AT TIME 4\nLINK v1 OPEN AT TIME 9\nLINK v1 3.5 AT TIME 15"},
    "throttle by level": {"controls": "LINK v1 200 IF NODE T ABOVE 4\nLINK v1 3 IF NODE T BELOW 3"},
    "the last of two at once": {"controls": "LINK u1 CLOSED AT TIME 6\nLINK u1 0.9 AT TIME 6\nLINK u1 OPEN AT TIME 8\nLINK u1 CLOSED AT TIME 8"},
    "against a speed pattern": {"pumps": "u2 A B HEAD three PATTERN S", "controls": "LINK u2 CLOSED AT TIME 5\nLINK u1 CLOSED IF NODE T ABOVE 4.5"},
    "pressure-driven": {"controls": LEVELS, "options": "Demand Model PDA\nRequired Pressure 60\nPressure Exponent 0.5"},
}


def _day(tmp_path, **parts):
    path = tmp_path / "controls.inp"
    path.write_text(FILE.format(**PLAIN | parts))
    return same_day(path)


@pytest.mark.parametrize("name", CASES)
def test_a_day_is_epanets_every_ten_minutes(tmp_path, name):
    model, ours, _ = _day(tmp_path, **CASES[name])
    if name != "pressures":  # there the pipe may stay as it is
        assert len(np.unique(ours.open[0], axis=0)) > 1 or np.ptp(ours.flow[0][:, model.link_id.to_pylist().index("u1")]) > 0.0


def test_a_pump_stops_at_the_level_and_not_at_the_next_step(tmp_path):
    """Hydraulic steps are an hour long; the level never passes the control's by more than a second of inflow."""
    model, ours, _ = _day(tmp_path, **CASES["levels"])
    tank = int(np.flatnonzero(model.node_type == NodeType.TANK)[0])
    level = ours.head[0][:, tank] - model.elevation[tank]
    second = np.abs(ours.flow[0][:, model.link_id.to_pylist().index("p4")]).max() / (np.pi * 4.5**2)
    assert level.max() <= 5.0 + second and level.min() >= 2.0 - second
    pump = ours.open[0][:, model.link_id.to_pylist().index("u1")]
    assert pump.any() and not pump.all()


def test_what_a_case_forces_no_control_touches(tmp_path):
    path = tmp_path / "forced.inp"
    path.write_text(FILE.format(**PLAIN | CASES["levels"]))
    model, _, _ = same_day(path)
    pump = model.link_id.to_pylist().index("u1")
    status = np.full((3, model.links), -1, np.int8)
    status[1, pump], status[2, pump] = 0, 1
    found = Solver(model).extended(Cases(3, status=status), hours=24)
    free, shut, running = (found.open[case, :, pump] for case in range(3))
    assert free.any() and not free.all() and not shut.any() and (found.flow[1, :, pump] == 0.0).all()
    assert running[found.head[2][:, model.node_type == NodeType.TANK].ravel() < 50.9].all()
