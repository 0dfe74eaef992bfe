"""Every kind of element of the batched solver against EPANET on small networks, through a day with tanks, patterns, controls and rules."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from epanet import toolkit as en

from holdfast.engines.network.hydraulic.solve import Solver
from hydraulic_model_of import Units, model_of, node_order, open_project, values

pytestmark = pytest.mark.filterwarnings("ignore")

BASE = """[JUNCTIONS]
A 10 0
B 12 5 D
C 8 8 D
D 5 10 D
E 3 6 D
F 15 4
[RESERVOIRS]
R {reservoir}
[TANKS]
T 45 3 0.5 6 12 0 {volume_curve}
[PIPES]
p1 R A 500 300 {rough} {minor} Open
p2 B C 400 250 {rough} 0 Open
p3 C D 600 200 {rough} {minor} Open
p4 D E 300 200 {rough} 0 Open
p5 E B 700 150 {rough} 0 Open
p6 C T 900 200 {rough} 0 {tank_pipe}
p7 D F 300 100 {rough} 0 CV
[PUMPS]
{pumps}
[VALVES]
{valves}
[EMITTERS]
{emitters}
[STATUS]
{status}
[PATTERNS]
D 0.6 0.8 1.3 1.5 1.0 0.7
H 1.0 1.05 0.95
S 1.0 0.9 0.0 1.1
[CURVES]
three 0 60
three 30 50
three 60 20
many 0 60
many 20 55
many 40 45
many 70 10
one 30 45
loss 0 0
loss 10 1
loss 40 12
vol 0 0
vol 3 300
vol 7 1000
[CONTROLS]
{controls}
[RULES]
{rules}
[TIMES]
Duration 24:00
Hydraulic Timestep 1:00
Pattern Timestep 2:00
Report Timestep 1:00
[OPTIONS]
Units LPS
Headloss {headloss}
Accuracy 0.0001
Trials 100
Unbalanced Continue 10
Emitter Exponent 0.5
{options}
[END]
"""
PLAIN = {
    "reservoir": "30", "volume_curve": "", "rough": "110", "minor": "0", "tank_pipe": "Open", "pumps": "u1 A B HEAD three", "valves": "", "emitters": "",
    "status": "", "controls": "", "rules": "", "headloss": "H-W", "options": "",
}
PDA = "Demand Model PDA\nMinimum Pressure 0\nRequired Pressure 60\nPressure Exponent {}"
CASES = {
    "plain": {},
    "minor losses": {"minor": "8"},
    "Darcy-Weisbach": {"headloss": "D-W", "rough": "0.3", "minor": "2"},
    "Chezy-Manning": {"headloss": "C-M", "rough": "0.012"},
    "one-point pump": {"pumps": "u1 A B HEAD one"},
    "many-point pump": {"pumps": "u1 A B HEAD many SPEED 1.05"},
    "constant power": {"pumps": "u1 A B POWER 15"},
    "speed pattern and reservoir pattern": {"pumps": "u1 A B HEAD three PATTERN S", "reservoir": "30 H"},
    "pump beyond its head": {"pumps": "u1 A B HEAD three\nu2 A B HEAD one SPEED 0.7"},
    "volume curve": {"volume_curve": "vol"},
    "check valve at the tank": {"tank_pipe": "CV"},
    "reducing valve": {"valves": "v1 B F 150 PRV 35 0"},
    "reducing valve that opens": {"valves": "v1 B F 150 PRV 90 2"},
    "sustaining valve": {"valves": "v1 C F 100 PSV 52 1"},
    "flow valve": {"valves": "v1 B F 100 FCV 3 1", "pumps": "u1 A B HEAD three"},
    "throttle valve": {"valves": "v1 B F 100 TCV 40 0"},
    "breaker valve": {"valves": "v1 B F 100 PBV 5 0"},
    "general valve": {"valves": "v1 B F 100 GPV loss 0"},
    "valves fixed open and closed": {"valves": "v1 B F 150 PRV 35 4\nv2 C F 100 FCV 3 1", "status": "v1 Open\nv2 Closed"},
    "emitters": {"emitters": "C 1.5\nF 0.4"},
    "emitters without backflow": {"emitters": "C 1.5\nF 2", "options": "Backflow Allowed NO"},
    "pressure-driven": {"options": PDA.format(0.5)},
    "pressure-driven, other exponent": {"options": PDA.format(0.7), "emitters": "E 0.5"},
    "level controls": {"controls": "LINK u1 CLOSED IF NODE T ABOVE 5\nLINK u1 OPEN IF NODE T BELOW 2"},
    "time controls": {"controls": "LINK u1 0.8 AT TIME 5\nLINK p5 CLOSED AT CLOCKTIME 3 AM\nLINK u1 1.0 AT TIME 12:30\nLINK p5 OPEN AT CLOCKTIME 5 PM"},
    "pressure control": {"controls": "LINK p5 CLOSED IF NODE E ABOVE 62\nLINK p5 OPEN IF NODE E BELOW 55"},
    "valve controls": {"valves": "v1 B F 150 PRV 35 0", "controls": "LINK v1 25 AT TIME 4\nLINK v1 OPEN AT TIME 9\nLINK v1 30 AT TIME 15\nLINK v1 CLOSED AT TIME 20"},
    "rules": {"rules": """RULE 1
IF TANK T LEVEL ABOVE 4.5
THEN PUMP u1 STATUS IS CLOSED
PRIORITY 2
RULE 2
IF TANK T LEVEL BELOW 2
OR SYSTEM CLOCKTIME >= 10 PM
THEN PUMP u1 STATUS IS OPEN
AND PIPE p5 STATUS IS CLOSED
ELSE PIPE p5 STATUS IS OPEN
PRIORITY 3
RULE 3
IF SYSTEM TIME = 7:30
AND LINK p3 FLOW > 1
THEN PUMP u1 SETTING IS 0.9"""},
    "damping and error limits": {"minor": "3", "options": "Damplimit 0.05\nHeaderror 0.001\nFlowchange 0.01"},
}


def _compare(path: Path) -> None:
    model = model_of(path)
    solver = Solver(model)
    assert solver.features() == []
    ours = solver.extended()
    project = open_project(path)
    units, order = Units(project), node_order(project)
    en.openH(project)
    en.initH(project, en.INITFLOW)
    seen = 0
    while True:
        time = en.runH(project)
        if time % 3600 == 0:
            head = values(project, en.getnodevalues, en.HEAD, model.nodes)[order] * units.length
            flow = values(project, en.getlinkvalues, en.FLOW, model.links) * units.flow
            step = time // 3600
            fed = np.isfinite(ours.head[0, step])
            np.testing.assert_allclose(ours.head[0, step][fed], head[fed], atol=0.01, err_msg=f"heads at {step} h")
            np.testing.assert_allclose(ours.flow[0, step], flow, rtol=2e-3, atol=1e-5, err_msg=f"flows at {step} h")
            seen += 1
        if en.nextH(project) <= 0:
            break
    en.close(project)
    en.deleteproject(project)
    assert seen == 25
    assert ours.status[0] == 0


@pytest.mark.parametrize("name", CASES)
def test_a_day_is_epanets(tmp_path, name):
    path = tmp_path / "network.inp"
    path.write_text(BASE.format(**PLAIN | CASES[name]))
    _compare(path)
