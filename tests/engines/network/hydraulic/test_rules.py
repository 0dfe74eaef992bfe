"""Rules: premises joined by AND and OR, ELSE, priorities, times and clock, beside EPANET; the tolerance of a file's own unit."""

from __future__ import annotations

import numpy as np
import pytest

from epanet_kept_open import same_day
from holdfast.engines.network.hydraulic.compile import compile_model
from holdfast.engines.network.hydraulic.compile_rules import compile_rules
from hydraulic_model_of import model_of

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
p6 C E 300 100 110 0 Open
[PUMPS]
u1 A B HEAD three
u2 A B HEAD three
[VALVES]
v1 D E 150 {valve} 0
[EMITTERS]
E 0.4
[PATTERNS]
D 0.6 0.8 1.3 1.5 1.0 0.7
[CURVES]
three 0 60
three 30 50
three 60 20
[RULES]
{rules}
[TIMES]
Duration 24:00
Hydraulic Timestep 1:00
Pattern Timestep 2:00
Report Timestep 0:10
Rule Timestep {step}
Start ClockTime {clock}
[OPTIONS]
Units {unit}
Headloss H-W
Accuracy 0.000001
Trials 200
Unbalanced Continue 10
[END]
"""
PLAIN = {"valve": "TCV 3", "step": "0:06", "clock": "0:00", "unit": "LPS"}
TWO = "RULE a\nIF TANK T LEVEL ABOVE 5\nTHEN PUMP u1 STATUS IS CLOSED\nRULE b\nIF TANK T LEVEL BELOW 2\nTHEN PUMP u1 STATUS IS OPEN"
CASES = {
    "levels": {"rules": TWO},
    "levels each minute": {"rules": TWO, "step": "0:01"},
    "and": {"rules": """RULE a
IF TANK T LEVEL > 3.2
AND SYSTEM TIME >= 6
THEN PUMP u2 STATUS IS CLOSED
ELSE PUMP u2 STATUS IS OPEN"""},
    "or": {"rules": """RULE a
IF TANK T LEVEL > 4.5
OR SYSTEM TIME < 3
THEN PUMP u2 STATUS IS CLOSED
ELSE PUMP u2 STATUS IS OPEN"""},
    "or after a false and": {"rules": """RULE a
IF SYSTEM TIME > 30
AND TANK T LEVEL > 3
OR SYSTEM TIME > 2
THEN PUMP u2 STATUS IS CLOSED"""},
    "and after or": {"rules": """RULE a
IF SYSTEM TIME > 2
OR TANK T LEVEL > 3
AND TANK T LEVEL < 4
THEN PUMP u2 STATUS IS CLOSED
ELSE PUMP u2 STATUS IS OPEN"""},
    "priorities": {"rules": """RULE a
IF TANK T LEVEL > 1
THEN PUMP u2 STATUS IS OPEN
PRIORITY 1
RULE b
IF TANK T LEVEL > 3.4
THEN PUMP u2 STATUS IS CLOSED
PRIORITY 2"""},
    "equal priorities": {"rules": """RULE a
IF TANK T LEVEL > 1
THEN PUMP u2 STATUS IS OPEN
RULE b
IF TANK T LEVEL > 3.4
THEN PUMP u2 STATUS IS CLOSED"""},
    "clock over midnight": {"clock": "9 PM", "rules": """RULE a
IF SYSTEM CLOCKTIME >= 10 PM
OR SYSTEM CLOCKTIME < 4 AM
THEN PUMP u2 STATUS IS CLOSED
ELSE PUMP u2 STATUS IS OPEN"""},
    "a moment": {"clock": "11 PM", "rules": """RULE a
IF SYSTEM CLOCKTIME = 12:03 AM
THEN PUMP u2 STATUS IS CLOSED
RULE b
IF SYSTEM TIME = 7:31
THEN PUMP u2 SETTING IS 0.9"""},
    "not a moment": {"rules": """RULE a
IF SYSTEM TIME <> 5
THEN PIPE p5 STATUS IS CLOSED
ELSE PIPE p5 STATUS IS OPEN"""},
    "pressure": {"rules": """RULE a
IF JUNCTION D PRESSURE < 57
THEN PUMP u1 SETTING IS 1.1
ELSE PUMP u1 SETTING IS 0.95"""},
    "head": {"rules": """RULE a
IF NODE C HEAD >= 62
THEN PIPE p5 STATUS IS CLOSED
RULE b
IF NODE T GRADE <= 47
THEN PIPE p5 STATUS IS OPEN"""},
    "demand with an emitter": {"rules": """RULE a
IF JUNCTION E DEMAND > 7.5
THEN PIPE p5 STATUS IS CLOSED
ELSE PIPE p5 STATUS IS OPEN"""},
    "demand of all": {"rules": """RULE a
IF SYSTEM DEMAND > 30
THEN PUMP u2 STATUS IS OPEN
ELSE PUMP u2 STATUS IS CLOSED"""},
    "tank's inflow": {"rules": """RULE a
IF TANK T DEMAND > 5
THEN PUMP u2 STATUS IS CLOSED"""},
    "flow and status": {"rules": """RULE a
IF LINK p3 FLOW > 12
AND PUMP u2 STATUS IS OPEN
THEN PIPE p5 STATUS IS CLOSED
RULE b
IF PIPE p5 STATUS IS CLOSED
AND SYSTEM TIME > 12
THEN PIPE p5 STATUS IS OPEN"""},
    "filling and draining times": {"rules": """RULE a
IF TANK T FILLTIME BELOW 1.5
THEN PUMP u1 STATUS IS CLOSED
RULE b
IF TANK T DRAINTIME BELOW 2
THEN PUMP u1 STATUS IS OPEN"""},
    "setting of a valve": {"rules": """RULE a
IF SYSTEM TIME >= 6
THEN VALVE v1 SETTING IS 3000
RULE b
IF VALVE v1 SETTING > 2000
AND SYSTEM TIME >= 12
THEN VALVE v1 STATUS IS CLOSED"""},
    "speed looked at": {"rules": """RULE a
IF SYSTEM TIME >= 4
THEN PUMP u1 SETTING IS 0.9
RULE b
IF PUMP u1 SETTING = 0.9
THEN PUMP u2 SETTING IS 0.95"""},
}
IDLE = {"or after a false and", "equal priorities"}  # AND after what is false ends a rule; of equal priorities the first rule wins


@pytest.mark.parametrize("name", CASES)
def test_a_day_is_epanets_every_ten_minutes(tmp_path, name):
    path = tmp_path / "rules.inp"
    path.write_text(FILE.format(**PLAIN | CASES[name]))
    _, ours, truth = same_day(path)
    free = tmp_path / "free.inp"
    free.write_text(FILE.format(**PLAIN | CASES[name] | {"rules": ""}))
    _, without, _ = same_day(free)
    assert (np.abs(ours.flow[0] - without.flow[0]).max() > 1e-4) == (name not in IDLE)
    assert len(truth.time) >= len(ours.time)


@pytest.mark.parametrize(("unit", "length", "flow"), [("LPS", 1 / 0.3048, 1 / 28.317), ("CMH", 1 / 0.3048, 1 / 101.94), ("GPM", 1.0, 1 / 448.831), ("MGD", 1.0, 1 / 0.64632)])
def test_premises_hold_within_a_thousandth_of_the_files_unit(tmp_path, unit, length, flow):
    """In feet and cfs, in which the kernels compare; a pressure in psi is 1 / 0.4333 feet, the setting of a pressure valve is a pressure."""
    rules = ("RULE a\nIF TANK T LEVEL > 3\nAND SYSTEM DEMAND > 3\nAND LINK p3 FLOW > 1\nAND NODE D PRESSURE > 40\nAND VALVE v1 SETTING > 20\nAND PUMP u1 SETTING > 0.5\n"
             "AND TANK T FILLTIME > 1\nTHEN PUMP u2 STATUS IS CLOSED")  # fmt: skip
    path = tmp_path / "rules.inp"
    path.write_text(FILE.format(**PLAIN | {"unit": unit, "valve": "PRV 40", "rules": rules}))
    model = model_of(path, extra={"UNITS": unit})
    found = compile_rules(model, compile_model(model).place)
    pressure = length if length > 1.0 else 1 / 0.4333
    np.testing.assert_allclose(found.tolerance * 1e3, [length, flow, flow, pressure, pressure, 1.0, 1.0])
