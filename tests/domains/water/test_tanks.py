"""Tanks as stocks: how long they last, which links refill them, what an empty one still hands out; beside EPANET's extended period."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from holdfast.domains.water.lifeline import WaterLifeline, build
from holdfast.domains.water.sample import sample
from holdfast.domains.water.simulate_day import simulate_day
from holdfast.domains.water.tanks import Tanks, refilling, volume
from holdfast.engines.layout.plan import make_plan
from holdfast.engines.network.hydraulic.answers import Cases
from holdfast.engines.network.hydraulic.epanet import EpanetEngine
from holdfast.engines.network.hydraulic.model import Status
from holdfast.model.lifeline import CaseStatus, Command, ComponentState
from table_city import TableCity
from water_files import CATALOG, city_of, city_of_rows, pipe

FLOATING = {"junction": [{"id": "a", "elevation": 0.0, "demand": 0.01}], "reservoir": [{"id": "r", "head": 5.0}],
            "tank": [{"id": "t", "elevation": 40.0, "initial_level": 3.0, "minimum_level": 1.0, "maximum_level": 5.0, "diameter": 10.0}],
            "pump": [{"id": "p", "from_id": "water.reservoir:r", "to_id": "a", "head_curve": "water.curve:c"}], "curve": [{"id": "c", "use": "PUMP", "x": "[0.02]", "y": "[40]"}],
            "pipe": [pipe("1", "a", "water.tank:t")]}  # fmt: skip
GROUND = {"junction": [{"id": "a", "elevation": 0.0}, {"id": "b", "elevation": 0.0, "demand": 0.01}], "reservoir": [{"id": "r", "head": 50.0}],
          "tank": [{"id": "t", "elevation": 0.0, "initial_level": 3.0, "minimum_level": 0.0, "maximum_level": 4.0, "diameter": 10.0}],
          "pump": [{"id": "p", "from_id": "water.tank:t", "to_id": "b", "head_curve": "water.curve:c"}], "curve": [{"id": "c", "use": "PUMP", "x": "[0.02]", "y": "[40]"}],
          "pipe": [pipe("0", "water.reservoir:r", "a"), pipe("1", "a", "water.tank:t")]}  # fmt: skip


def states(line: WaterLifeline, *down: tuple[str, ...], spent: tuple[int, ...] = (), seized: dict[str, Command] | None = None) -> ComponentState:
    """One case for each of `down`; in those of `spent` every tank is empty."""
    ids = line.component_id.to_pylist()
    available = np.ones((len(down), len(ids)), bool)
    empty = np.zeros((len(down), len(line.tanks)), bool)
    for case, names in enumerate(down):
        available[case, [ids.index(name) for name in names]] = False
    empty[list(spent)] = True
    command = np.zeros(available.shape, np.int8)
    for name, what in (seized or {}).items():
        command[:, ids.index(name)] = what
    return ComponentState(available, command=command if seized else None, spent=empty if spent else None)


@pytest.mark.clause("1b")
def test_a_tank_gives_what_its_pump_no_longer_does() -> None:
    line = build(city_of_rows(**FLOATING))
    assert line.stock_id.to_pylist() == ["water.tank:t"]
    assert line.stock == pytest.approx([np.pi / 4 * 100 * 2]) and line.stock_full == pytest.approx([np.pi / 4 * 100 * 4])
    found = line.serve(states(line, (), ("water.pump:p",), ("water.pump:p",), ("water.tank:t",), (), spent=(2, 4)))
    assert found.level[:, 0] == pytest.approx([1, 1, 0, 1, 1]) and found.status.tolist() == [CaseStatus.SOLVED] * 5
    assert found.draw[0, 0] < 0 and found.draw[4, 0] == pytest.approx(found.draw[0, 0])  # filled, empty or not
    assert found.draw[1, 0] == pytest.approx(36.0, rel=0.01) and found.draw[2, 0] > 0 and found.draw[3, 0] == 0.0


def test_an_empty_ground_tank_hands_on_what_flows_in() -> None:
    """The valve lets 6 of the 10 l/s through: six tenths of the time there is water for everybody."""
    rows = {**GROUND, "junction": [*GROUND["junction"], {"id": "v", "elevation": 0.0}], "pipe": [GROUND["pipe"][0], pipe("1", "v", "water.tank:t")],
            "valve": [{"id": "f", "from_id": "a", "to_id": "v", "type": "FCV", "setting_flow": 0.006, "diameter": 0.2}]}  # fmt: skip
    line = build(city_of_rows(**rows))
    at = line.outlet_id.to_pylist().index("water.junction:b")
    # the tank gives 4 l/s even undisturbed, which the rest of the day must make good: only without the inlet it empties
    found = line.serve(states(line, (), ("water.pipe:1",), ("water.pipe:1",), (), spent=(2, 3)))
    assert found.draw[:, 0] == pytest.approx([0.0, 6e-3 * 3600, 6e-3 * 3600, 0.0], rel=0.01, abs=1e-3)
    assert found.level[:, at] == pytest.approx([1, 1, 0.4, 1], abs=0.01)
    controlled = build(city_of_rows(**{**rows, "valve": [{**rows["valve"][0], "setting_flow": 0.012}]}))
    leaking = states(controlled, (), (), spent=(1,))
    opening = np.zeros(leaking.available.shape, np.float32)
    opening[:, controlled.component_id.to_pylist().index("water.pipe:1")] = 0.0012  # the inlet loses more than what is to spare
    found = controlled.serve(replace(leaking, opening=opening))
    leak = found.detail["leak"][0]
    assert 0.002 < leak < 0.012 and found.draw[:, 0] == pytest.approx([(leak - 0.002) * 3600] * 2, rel=0.02)
    assert found.level[:, at] == pytest.approx([1, (0.012 - leak) / 0.01], abs=0.02)


def test_what_fills_a_dry_tank_only_by_turns_counts_that_much_for_the_next() -> None:
    """Two ground tanks in a row; the first is empty and gets nothing, so the second is on its own although it would be filled by the first."""
    more = {"junction": [*GROUND["junction"], {"id": "d", "elevation": 0.0, "demand": 0.005}], "reservoir": GROUND["reservoir"],
            "tank": [*GROUND["tank"], {**GROUND["tank"][0], "id": "u", "elevation": 10.0}], "curve": GROUND["curve"],
            "pump": [*GROUND["pump"], {**GROUND["pump"][0], "id": "q", "from_id": "water.tank:u", "to_id": "d"}],
            "pipe": [*GROUND["pipe"], {**pipe("2", "b", "water.tank:u"), "check_valve": True}]}  # fmt: skip
    line = build(city_of_rows(**more))
    b, d = (line.outlet_id.to_pylist().index(f"water.junction:{name}") for name in "bd")
    state = states(line, (), ("water.pipe:1",), ("water.pipe:1",))
    spent = np.zeros((3, 2), bool)
    spent[2, 0] = True
    found = line.serve(replace(state, spent=spent))
    assert found.draw[0, 1] < 0 and found.draw[1, 1] < 0 and found.draw[1, 0] > 50
    assert found.draw[2, 1] == pytest.approx(0.005 * 3600, rel=0.01)
    assert found.level[:, d] == pytest.approx([1, 1, 1]) and found.level[:, b] == pytest.approx([1, 1, 0], abs=0.03)


def test_a_pump_that_is_frozen_off_lets_its_tank_fall_and_its_control_would_not() -> None:
    rows = {**FLOATING, "pump": [{**FLOATING["pump"][0], "initial_status": "CLOSED"}],
            "control": [{"id": "1", "type": "SIMPLE", "text": "LINK p OPEN IF NODE t BELOW 2\nLINK p CLOSED IF NODE t ABOVE 4.5"}]}  # fmt: skip
    line = build(city_of_rows(**rows))
    obeys, frozen = line.serve(states(line, ())), line.serve(states(line, (), seized={"water.pump:p": Command.FROZEN}))
    assert obeys.draw[0, 0] < 0 and frozen.draw[0, 0] == pytest.approx(36.0, rel=0.01)
    assert obeys.level[0, 0] == pytest.approx(1) and frozen.level[0, 0] == pytest.approx(1)


def test_the_links_that_refill_are_those_that_low_tanks_open(shared_data) -> None:
    line = build(city_of(shared_data("water/literature/Net3.inp")))
    model, made = line.model, refilling(line.model)
    names = [name.partition(":")[2] for name in model.link_id.to_pylist()]
    changed = {names[at]: int(made.initial_status[at]) for at in np.flatnonzero(made.initial_status != model.initial_status)}
    assert made.initial_status[names.index("335")] == Status.OPEN and made.initial_status[names.index("330")] == Status.CLOSED
    assert set(changed) <= {"335", "330"} and len(made.controls) == 2 and len(model.controls) == 6


def test_what_protects_a_pump_from_running_dry_is_left_as_it_is() -> None:
    rows = {**GROUND, "control": [{"id": "1", "type": "SIMPLE", "text": "LINK p CLOSED IF NODE t BELOW 1\nLINK p OPEN IF NODE t ABOVE 2\nLINK 1 OPEN IF NODE t BELOW 3"}]}
    line = build(city_of_rows(**rows))
    made = refilling(line.model)
    assert (made.initial_status == Status.OPEN).all() and not made.controls
    rule = {"id": "2", "type": "RULE", "text": "RULE 2\nIF TANK t LEVEL < 1\nAND SYSTEM CLOCKTIME > 6 AM\nTHEN PUMP p STATUS IS OPEN"}
    ruled = build(city_of_rows(**{**FLOATING, "pump": [{**FLOATING["pump"][0], "initial_status": "CLOSED"}], "control": [rule]}))
    assert (refilling(ruled.model).initial_status == Status.OPEN).all()


def test_volumes_follow_their_curve() -> None:
    rows = {**FLOATING, "tank": [{**FLOATING["tank"][0], "volume_curve": "water.curve:v"}],
            "curve": [*FLOATING["curve"], {"id": "v", "use": "VOLUME", "x": "[0, 2, 6]", "y": "[0, 10, 110]"}]}  # fmt: skip
    line = build(city_of_rows(**rows))
    assert line.stock == pytest.approx([35.0 - 5.0]) and line.stock_full == pytest.approx([85.0 - 5.0])
    assert volume(line.model, line.tanks.node, np.array([[2.0], [6.0]])).tolist() == [[10.0], [110.0]]
    assert len(Tanks.of(build(city_of_rows(junction=FLOATING["junction"], reservoir=FLOATING["reservoir"], pipe=[pipe("1", "a", "water.reservoir:r")])).model)) == 0


@pytest.mark.clause("1b", "1k")
def test_time_until_dry_beside_epanet(shared_data) -> None:
    """Net1 with its pump off: 5 % at constant demand, where only the falling head is left out; within one step of the pattern over a real day."""
    city = city_of(shared_data("water/literature/Net1.inp"))
    line = build(city)
    found = line.serve(states(line, ("water.pump:9",)))
    hours = float(line.stock[0] / found.draw[0, 0])
    status = np.full((1, line.model.links), -1, np.int8)
    status[0, line.component_id.to_pylist().index("water.pump:9")] = Status.CLOSED
    steady = replace(line.model, patterns=tuple(np.array([v.mean()]) for v in line.model.patterns),
                     options=replace(line.model.options, duration=12 * 3600.0, report_step=60.0, hydraulic_step=60.0))  # fmt: skip
    period = EpanetEngine(steady).extended(Cases(1, status=status))
    level = period.head[0][:, line.tanks.node[0]] - line.model.elevation[line.tanks.node[0]]
    dry = period.time[np.argmax(level <= line.model.tank_minimum[line.tanks.node[0]] + 1e-3)] / 3600.0
    assert hours == pytest.approx(dry, rel=0.05)
    day = simulate_day(city, hours=12.0, closed=["water.pump:9"], pressure_driven=True).tables["tanks"].to_pandas()
    low = day[day.level_m <= day.level_m.min() + 1e-3].hour.min()
    assert abs(hours - low) < line.model.options.pattern_step / 3600.0


def test_the_tanks_of_the_reference_city_are_filled_undisturbed_and_empty_without_power_at_the_works() -> None:
    line = build(TableCity(CATALOG, sample(make_plan(20_000, 7))))
    assert len(line.tanks) > 1 and (line.stock > 0).all() and (line.stock < line.stock_full).all()
    pumps = tuple(name for name in line.component_id.to_pylist() if name.startswith("water.pump:Q"))
    found = line.serve(states(line, (), pumps))
    ground = np.array([name.startswith("water.tank:K") for name in line.stock_id.to_pylist()])
    assert (found.draw[0] <= 0).all() and ground.sum() == 2
    assert 2 < line.stock[ground].sum() / found.draw[1, ground].sum() < 48
