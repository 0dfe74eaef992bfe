"""Lost control on the reference city: shares, actions, reproducibility."""

from __future__ import annotations

import pickle

import numpy as np
import pytest

from holdfast.hazards.cyber import HAZARD, model
from holdfast.model.errors import Invalid, NotFound
from holdfast.model.hazard import Command


def controls(sites, *kinds):
    return np.array([str(i).partition(":")[0] in kinds for i in sites.id.to_pylist()])


@pytest.mark.clause("1k")
@pytest.mark.parametrize(("action", "command"), [("closed", Command.CLOSED), ("open", Command.OPEN), ("frozen", Command.FROZEN)])
def test_every_pump_is_seized(anlan, anlan_sites, action, command):
    hazard = model(anlan, anlan_sites, kinds="water.pump", share=1.0, action=action)
    strike = hazard.strike(np.array([0]), 1)
    pumps = controls(anlan_sites, "water.pump")
    assert hazard.cases == 1 and strike.hit is None and not strike.intensity
    assert set(strike.command[0, pumps].tolist()) == {command} and not strike.command[0, ~pumps].any()


def test_a_share_of_a_sector_is_drawn_in_each_case(anlan, anlan_sites):
    hazard = model(anlan, anlan_sites, domains=["water"], share=0.3)
    cases = np.arange(400)
    strike = hazard.strike(cases, 2)
    mine = controls(anlan_sites, "water.pump", "water.valve")
    seized = strike.command[:, mine] == Command.CLOSED
    assert hazard.cases is None and not strike.command[:, ~mine].any()
    assert abs(seized.mean() - 0.3) < 4.5 * np.sqrt(0.21 / seized.size)
    assert np.array_equal(pickle.loads(pickle.dumps(hazard)).strike(cases[[77]], 2).command, strike.command[[77]])
    assert strike.label[0].as_py() == f"{seized[0].sum()} of {mine.sum()} controls closed"


def test_named_controls_are_all_seized_and_others_by_a_share(anlan, anlan_sites):
    assert model(anlan, anlan_sites, kinds="water.pump").summary["share"] == 1.0
    assert model(anlan, anlan_sites, where={"closed": "true"}).summary["share"] == 1.0
    assert model(anlan, anlan_sites, domains="water").summary["share"] == model(anlan, anlan_sites).summary["share"] == 0.2
    assert model(anlan, anlan_sites, kinds="water.pump", share=0.5).summary["share"] == 0.5


def test_mixed_actions_are_even(anlan, anlan_sites):
    strike = model(anlan, anlan_sites, domains="water", share=1.0, action="mixed").strike(np.arange(300), 5)
    given = strike.command[:, controls(anlan_sites, "water.pump", "water.valve")]
    shares = [(given == c).mean() for c in (Command.CLOSED, Command.OPEN, Command.FROZEN)]
    assert np.allclose(shares, 1 / 3, atol=4.5 * 0.5 / np.sqrt(given.size))


def test_only_controls_with_some_value(anlan, anlan_sites):
    closed = anlan.table("power.switch")["closed"].to_pylist()
    hazard = model(anlan, anlan_sites, kinds=["power.switch"], where={"closed": "true"}, share=1.0)
    assert hazard.summary["controls"] == closed.count(True)


@pytest.mark.parametrize(
    ("given", "error", "match"),
    [({"action": "explode"}, Invalid, "explode"), ({"share": 0.0}, Invalid, "share"), ({"duration": 0.0}, Invalid, "duration"), ({"domains": "space"}, NotFound, "no such control"),
     ({"kinds": "water.pump", "where": {"model": "X"}}, NotFound, "no control fits")],
)
def test_bad_parameters_are_named(anlan, anlan_sites, given, error, match):
    with pytest.raises(error, match=match):
        model(anlan, anlan_sites, **given)


def test_control_is_regained_after_the_duration(anlan, anlan_sites):
    hazard = model(anlan, anlan_sites, kinds="water.pump", share=1.0)
    assert hazard.strike(np.arange(2), 1).regained.tolist() == [24.0, 24.0] and hazard.summary["duration_hours"] == 24.0
    never = model(anlan, anlan_sites, kinds="water.pump", share=1.0, duration=np.inf)
    assert np.isinf(never.strike(np.arange(1), 1).regained).all() and never.summary["duration_hours"] is None


def test_presets_name_known_parameters(anlan, anlan_sites):
    for name, given in HAZARD.presets:
        if name != "gates":
            assert model(anlan, anlan_sites, **dict(given)).summary["controls"] > 0
