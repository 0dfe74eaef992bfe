"""Ties in the lifeline: a dead part hangs on another side, whatever is broken, and never where nobody may switch."""

from __future__ import annotations

import numpy as np
import pytest

from holdfast.domains.power.grid import build_grid
from holdfast.domains.power.lifeline import RULES, build
from holdfast.domains.power.ties import Ties
from holdfast.model.lifeline import Command, ComponentState

LINE = {"length_km": 1.0, "r_ohm_per_km": 0.2, "x_ohm_per_km": 0.1, "max_i_ka": 0.4, "c_nf_per_km": 0.0, "in_service": True}


@pytest.fixture
def ring(built):
    """Two feeders from one source, 0 - 1 - 2 and 0 - 3 - 4, with an open switch at the far end of the line between 2 and 4."""
    ends = [(0, 1), (1, 2), (0, 3), (3, 4), (2, 4)]
    return built({
        "bus": [{"vn_kv": 10.0}] * 5, "ext_grid": [{"bus": 0, "vm_pu": 1.0, "in_service": True}], "load": [{"bus": b, "p_mw": 0.5, "q_mvar": 0.1} for b in (1, 2, 3, 4)],
        "line": [LINE | {"from_bus": a, "to_bus": b} for a, b in ends], "switch": [{"bus": 4, "element": 4, "et": "l", "closed": False}],
    })  # fmt: skip


def case(line, *out: str, command: dict[str, Command] | None = None) -> ComponentState:
    ids = line.component_id.to_pylist()
    available, orders = np.ones((1, len(ids)), bool), np.zeros((1, len(ids)), np.int8)
    available[0, [ids.index(name) for name in out]] = False
    for name, order in (command or {}).items():
        orders[0, ids.index(name)] = order
    return ComponentState(available, command=orders if command else None)


def dark(line, state) -> int:
    return int((line.serve(state).level[0, : line.outlets.loads] < 0.5).sum())


def test_the_open_switch_of_a_ring_is_a_tie(ring):
    ties = Ties.of(build_grid(ring))
    assert len(ties) == 1 and ties.spare[0] == pytest.approx(np.sqrt(3) * 10e3 * 400.0)


@pytest.mark.parametrize("rule", RULES)
def test_a_broken_line_is_fed_from_the_other_side(ring, rule):
    tied, alone = build(ring, rule, with_ties=True), build(ring, rule)
    first, second = "power.line:0", "power.line:2"
    assert dark(alone, case(alone, first)) == 2 and dark(tied, case(tied, first)) == 0
    assert dark(tied, case(tied, first, second)) == 4, "both feeders are dead, no tie helps"
    assert dark(tied, case(tied, first, "power.switch:0")) == 2, "the tie itself is broken"
    assert dark(tied, case(tied, "power.line:1", "power.line:4")) == 1, "its line is broken"


def test_nobody_closes_ties_while_the_controls_are_commanded(ring):
    tied = build(ring, with_ties=True)
    assert dark(tied, case(tied, "power.line:0", command={"power.switch:0": Command.FROZEN})) == 2


def test_less_available_never_gives_more(ring):
    tied = build(ring, with_ties=True)
    rng = np.random.default_rng(5)
    some = rng.random((200, len(tied.component_id))) < 0.85
    fewer = some & (rng.random(some.shape) < 0.85)
    assert tied.monotone and (tied.serve(ComponentState(fewer)).level <= tied.serve(ComponentState(some)).level).all()


def test_the_setting_decides(ring):
    network = ring.catalog.networks["power"]
    assert network.lifeline(ring).ties is not None
    ring.settings.set("power.close_ties", False, author="test")
    assert network.lifeline(ring).ties is None
