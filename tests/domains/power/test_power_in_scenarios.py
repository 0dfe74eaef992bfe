"""The grid inside the cascade: what switching, islands, shedding by importance, own sources and substations mean for those who hang on it, hour by hour."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pyarrow as pa
import pytest

from anlan import anlan
from holdfast.domains.power.lifeline import build
from holdfast.engines.scenario.cascade import Cascade
from holdfast.engines.scenario.rules import Rules
from holdfast.engines.scenario.timeline import run
from holdfast.model.lifeline import CaseStatus, Command
from toy_worlds import make_damage, make_world

UNIT = {"hv_bus": 0, "sn_mva": 1.06, "vn_hv_kv": 110.0, "vn_lv_kv": 10.0, "vk_percent": 6.0, "vkr_percent": 1.0, "pfe_kw": 1.0, "i0_percent": 0.1, "in_service": True}
NET = {"bus": [{"name": "h", "vn_kv": 110.0}, {"name": "a", "vn_kv": 10.0}, {"name": "b", "vn_kv": 10.0}], "ext_grid": [{"bus": 0, "vm_pu": 1.0, "name": "grid"}],
       "trafo": [{"name": "T1", "lv_bus": 1, **UNIT}, {"name": "T2", "lv_bus": 2, **UNIT}],
       "switch": [{"bus": 1, "element": 2, "et": "b", "closed": True, "name": "k"}]}  # fmt: skip
LOADS = [(bus, size, rank) for bus in "ab" for size, rank in ((3, "1"), (2, "3"), (1, "2"))]
AT_ONCE = Rules(mobilisation_hours={"default": 0.0}, shift_hours={"default": 24.0})
HOURS = (0, 4, 8, 12)


@pytest.fixture
def two_units(built):
    """`two_units(rule)`: two transformers with a coupler between their busbars, 1.2 MVA on 2.12; 10 people on each load, a hospital with six hours of diesel on a3."""
    city = built(NET)
    city.append("power.load", pa.Table.from_pylist(
        [{"id": f"power.load:{bus}{size}", "bus_id": f"power.bus:{bus}", "p": size * 1e5, "load_class": rank, "lifecycle": "in_service"} for bus, size, rank in LOADS]))

    def world(rule):
        line = build(city, rule)
        people = {f"city:{bus}{size}": 10 for bus, size, _ in LOADS}
        links = [(f"power.load:{home.partition(':')[2]}", home, "electricity") for home in people] + [("power.load:a3", "city:hospital", "electricity")]
        names = list(dict.fromkeys([*line.component_id.to_pylist(), *line.outlet_id.to_pylist(), *people, "city:hospital"]))
        return make_world(names, uses=[(home, "electricity") for home in people], needs=[("city:hospital", "electricity", 6.0)], links=links, lifelines=(line,), people=people,
                          critical=("city:hospital",))  # fmt: skip

    return world


def test_least_important_loads_are_shed_while_a_transformer_is_down(two_units):
    by_rule = {}
    for rule in ("connected", "voltage", "shed"):
        world = two_units(rule)
        timeline = run(world, make_damage(world, ("power.transformer:T1",), hours=10.0), rules=AT_ONCE, hours=HOURS)
        assert (timeline.status == CaseStatus.SOLVED).all() and timeline.critical_down.max() == 0
        by_rule[rule] = timeline.people[0, :, 0].tolist()
    assert by_rule == {"connected": [0] * 4, "voltage": [0] * 4, "shed": [10, 10, 10, 0]}, "1.2 MVA on 1.06: one load of third class waits for the repair"


def test_an_opened_coupler_makes_an_island_and_own_sources_last_their_hours(two_units):
    world = two_units("shed")
    names = world.asset_id.to_pylist()
    damage = make_damage(world, ("power.transformer:T1",), hours=10.0)
    command = np.zeros(damage.works.shape, np.int8)
    command[0, names.index("power.switch:k")] = Command.CLOSED  # interrupts; nobody takes the command back
    timeline = run(world, replace(damage, command=command), rules=AT_ONCE, hours=HOURS)
    assert timeline.people[0, :, 0].tolist() == [30, 30, 30, 0]
    assert timeline.critical_down[0].tolist() == [0, 0, 1, 0] and timeline.critical_hours[0, 0] == pytest.approx(4.0)  # from 6 to between 8 and 12
    assert not Cascade(world, AT_ONCE).loss_only


def test_a_source_that_is_lost_darkens_all_and_no_load_needs_to_go(two_units):
    for rule in ("connected", "shed"):
        world = two_units(rule)
        timeline = run(world, make_damage(world, ("power.external_grid:grid",), hours=3.0), rules=AT_ONCE, hours=HOURS)
        assert timeline.people[0, :, 0].tolist() == [60, 0, 0, 0] and timeline.status[0] == CaseStatus.SOLVED


def test_in_a_radial_grid_flow_and_shedding_say_what_connectivity_says(tmp_path):
    """Losses only relieve what remains of the reference city's grid: no case diverges, and the sweep answers."""
    city = anlan(tmp_path / "c")
    seen, rng = {}, np.random.default_rng(5)
    for rule in ("connected", "voltage", "shed"):
        line = build(city, rule)
        ids, outlets = line.component_id.to_pylist(), line.outlet_id.to_pylist()
        names = list(dict.fromkeys([*ids, *outlets, *(f"city:{i}" for i in range(len(outlets)))]))
        world = make_world(names, uses=[(f"city:{i}", "electricity") for i in range(len(outlets))], links=[(o, f"city:{i}", "electricity") for i, o in enumerate(outlets)],
                           lifelines=(line,), people={f"city:{i}": 1 for i in range(len(outlets))})  # fmt: skip
        hit = seen.setdefault("hit", [tuple(np.array(ids)[rng.random(len(ids)) < 0.02]) for _ in range(24)])
        timeline = run(world, make_damage(world, *hit, hours=20.0), rules=AT_ONCE, hours=(0, 24, 48, 96))
        assert (timeline.status == CaseStatus.SOLVED).all()
        seen[rule] = timeline.people[:, :, 0]
        assert rule == "connected" or "holdfast sweep" in timeline.engines["power"]
    assert seen["connected"].max() > 0
    np.testing.assert_array_equal(seen["connected"], seen["voltage"])
    np.testing.assert_array_equal(seen["connected"], seen["shed"])
