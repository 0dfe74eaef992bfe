"""Statements as typed values: what EPANET would do with the same words."""

from __future__ import annotations

import numpy as np
import pytest

from epanet_kept_open import Oracle
from holdfast.domains.water.hydraulic_controls import Names, control, rule
from holdfast.domains.water.hydraulics import hydraulic_model
from holdfast.engines.network.hydraulic.answers import Cases
from holdfast.engines.network.hydraulic.epanet import EpanetEngine
from holdfast.engines.network.hydraulic.model import ControlType, LinkType, Status
from holdfast.engines.network.hydraulic.solve import Solver
from water_files import city_of_text

NAMES = Names({"J": 0, "T": 1}, {"P": 0, "PU": 1, "V": 2, "CV": 3, "G": 4, "PC": 5},
              [LinkType.PIPE, LinkType.PUMP, LinkType.PRV, LinkType.CVPIPE, LinkType.GPV, LinkType.PCV])  # fmt: skip


@pytest.mark.parametrize(("text", "expected"), [
    ("LINK P CLOSED IF NODE T ABOVE 3.5", (ControlType.HIGH_LEVEL, 0, Status.CLOSED, None, 1, 3.5)),
    ("LINK P 1 IF NODE J BELOW 20", (ControlType.LOW_LEVEL, 0, Status.OPEN, None, 0, 20.0)),
    ("PUMP PU OPEN AT TIME 2:30", (ControlType.TIMER, 1, Status.OPEN, 1.0, -1, 9000.0)),
    ("PUMP PU 0.8 AT TIME 90 MIN", (ControlType.TIMER, 1, Status.OPEN, 0.8, -1, 5400.0)),
    ("PUMP PU 0 AT CLOCKTIME 10 PM", (ControlType.TIME_OF_DAY, 1, Status.CLOSED, 0.0, -1, 79200.0)),
    ("VALVE V 31.5 AT CLOCKTIME 12 AM", (ControlType.TIME_OF_DAY, 2, Status.ACTIVE, 31.5, -1, 0.0)),
    ("VALVE V CLOSED AT CLOCKTIME 12:30 PM", (ControlType.TIME_OF_DAY, 2, Status.CLOSED, None, -1, 45000.0)),
    ("VALVE PC 40 AT TIME 1", (ControlType.TIMER, 5, Status.ACTIVE, 0.4, -1, 3600.0)),
    ("VALVE G OPEN AT TIME 1", (ControlType.TIMER, 4, Status.OPEN, None, -1, 3600.0)),
])  # fmt: skip
def test_simple_controls(text: str, expected: tuple) -> None:
    made = control(text, NAMES)
    assert (made.type, made.link, made.status, made.setting, made.node, made.threshold) == expected


@pytest.mark.parametrize(("text", "wrong"), [
    ("LINK X OPEN AT TIME 1", "link X is not"), ("LINK P OPEN IF NODE X ABOVE 1", "node X is not"), ("LINK P OPEN", "no control"), ("LINK CV OPEN AT TIME 1", "check valve"),
    ("LINK P OPEN IF NODE T NEAR 1", "no threshold"), ("LINK P OPEN AT TIME soon", "no time"), ("LINK P ajar AT TIME 1", "neither a status"), ("LINK G 3 AT TIME 1", "no setting"),
    ("LINK P OPEN AT CLOCKTIME 14 PM", "no time"),
])  # fmt: skip
def test_what_is_no_control_says_why(text: str, wrong: str) -> None:
    with pytest.raises(ValueError, match=wrong):
        control(text, NAMES)


def test_a_rule_with_everything() -> None:
    lines = ["RULE fill", "IF TANK T LEVEL BELOW 2.5", "AND SYSTEM CLOCKTIME >= 8 AM", "OR LINK PU STATUS IS OPEN", "AND TANK T FILLTIME < 2",
             "THEN PUMP PU SETTING IS 0.9", "AND PIPE P STATUS = CLOSED", "ELSE VALVE V STATUS = OPEN", "PRIORITY 3"]  # fmt: skip
    made = rule(lines, NAMES, "RULE-1")
    assert (made.name, made.priority) == ("fill", 3.0)
    assert [(p.joined, p.object, p.index, p.attribute, p.relation, p.value) for p in made.premises] == [
        ("IF", "node", 1, "LEVEL", "<", 2.5), ("AND", "system", -1, "CLOCKTIME", ">=", 28800.0), ("OR", "link", 1, "STATUS", "=", float(Status.OPEN)),
        ("AND", "node", 1, "FILLTIME", "<", 7200.0)]  # fmt: skip
    assert [(a.link, a.status, a.setting) for a in made.then] == [(1, None, 0.9), (0, Status.CLOSED, None)]
    assert [(a.link, a.status, a.setting) for a in made.otherwise] == [(2, Status.OPEN, None)]


@pytest.mark.parametrize("lines", [
    ["RULE a", "IF TANK T LEVEL < 1"], ["RULE a", "THEN PIPE P STATUS = OPEN"], ["RULE a", "WHEN x"], ["RULE a", "IF TANK T WARMTH < 1", "THEN PIPE P STATUS = OPEN"],
    ["RULE a", "IF TANK T LEVEL < high", "THEN PIPE P STATUS = OPEN"], ["RULE a", "IF RIVER T LEVEL < 1", "THEN PIPE P STATUS = OPEN"],
    ["RULE a", "IF TANK T LEVEL < 1", "THEN PIPE CV STATUS = OPEN"], ["RULE a", "IF TANK T LEVEL < 1", "THEN TANK T STATUS = OPEN"],
])  # fmt: skip
def test_what_is_no_rule_is_refused(lines: list[str]) -> None:
    with pytest.raises(ValueError):
        rule(lines, NAMES, "RULE-1")


PUMPED = """[JUNCTIONS]
j 0 0
k 0 10
[RESERVOIRS]
r 10
s 12
[PIPES]
p j k 100 200 100 0 Open
q s k 900 200 100 0 Open
[PUMPS]
u r j HEAD c
[CURVES]
c 20 30
[STATUS]
u {state}
{orders}
[TIMES]
DURATION 6
[OPTIONS]
UNITS LPS
HEADLOSS H-W
ACCURACY 0.00001
[END]
"""
TOLD = ("OPEN", "1", "0.7", "0", "CLOSED")
ORDERS = {
    **{f"rule {word}": f"[RULES]\nRULE a\nIF SYSTEM TIME >= 2\nTHEN PUMP u {'STATUS' if word.isalpha() else 'SETTING'} IS {word}" for word in TOLD},
    **{f"time {word}": f"[CONTROLS]\nLINK u {word} AT TIME 2" for word in TOLD},
    **{f"pressure {word}": f"[CONTROLS]\nLINK u {word} IF NODE k {'BELOW 13' if word in {'OPEN', '1'} else 'ABOVE 3'}" for word in TOLD},
}  # fmt: skip


@pytest.mark.filterwarnings("ignore")
@pytest.mark.parametrize("state", ["Closed", "0", "0.8", "Open"])
@pytest.mark.parametrize("orders", ORDERS)
def test_a_pump_does_what_the_file_orders_as_in_epanet(tmp_path, orders: str, state: str) -> None:
    """By both engines. A rule's OPEN leaves a running pump its speed, a control's gives it speed 1; any speed above 0 starts a pump that stands still."""
    city = city_of_text(PUMPED.format(state=state, orders=ORDERS[orders]), tmp_path)
    oracle = Oracle(tmp_path / "network.inp", -1.0, 6 * 3600)
    truth, (_, links) = oracle.run(), oracle.ids()
    oracle.close()
    model = hydraulic_model(city)
    at = [links.index(name.partition(":")[2]) for name in model.link_id.to_pylist()]
    for found in (Solver(model).extended(Cases(1)), EpanetEngine(model).extended(Cases(1))):
        both = np.isin(truth.time, found.time)
        np.testing.assert_array_equal(truth.time[both], found.time)
        np.testing.assert_allclose(found.flow[0], truth.flow[both][:, at], atol=1e-5)
    pump = model.link_type == LinkType.PUMP
    if state in {"Closed", "0"}:
        assert (found.flow[0, -1, pump] > 0).all() == (orders.split()[1] in {"OPEN", "1", "0.7"})


def test_a_rule_that_opens_gives_no_speed() -> None:
    lines = ["RULE a", "IF SYSTEM TIME > 1", "THEN PUMP PU STATUS = OPEN", "AND VALVE V SETTING = 20", "AND PIPE P SETTING = 0", "ELSE PUMP PU SETTING = 0"]
    made = rule(lines, NAMES, "RULE-1")
    assert [(a.link, a.status, a.setting) for a in made.then] == [(1, Status.OPEN, None), (2, None, 20.0), (0, Status.CLOSED, None)]
    assert [(a.link, a.status, a.setting) for a in made.otherwise] == [(1, None, 0.0)]
