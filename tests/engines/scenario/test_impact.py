"""Impact by hand: losses, triangles, fairness, quantiles, merging of blocks, tables and back."""

from __future__ import annotations

import json
from dataclasses import replace

import numpy as np
import pyarrow as pa
import pytest

from holdfast.engines.scenario.impact import assess, from_tables, merge, spread, summarise, to_tables
from holdfast.engines.scenario.rules import Rules
from holdfast.engines.scenario.timeline import run
from holdfast.model.errors import Invalid
from holdfast.model.lifeline import CaseStatus
from toy_worlds import Moody, chain_world, make_damage

AT_ONCE = Rules(mobilisation_hours={"default": 0.0}, shift_hours={"default": 24.0})


def impact_of(*broken, world=None, case=None, weight=None, hours=10.0):
    world = world or chain_world()
    damage = make_damage(world, *broken, hours=hours)
    timeline = run(world, damage, rules=AT_ONCE, hours=(0, 1, 2, 4, 8, 12, 24, 100))
    return assess(world, damage, timeline, AT_ONCE, case=case, weight=weight)


def test_losses_and_triangle_of_one_broken_line():
    impact = impact_of(("power:line",), ())
    assert impact.direct.tolist() == [[500.0, 0.0, 0.0, 0.0], [0.0] * 4]  # half of 1000
    assert impact.indirect[0].tolist() == [20000.0, 14000.0, 1200.0, 0.0]
    assert impact.triangle[0].tolist() == [10.0, 10.0, 2.0, 0.0]
    assert impact.critical_hours.tolist() == [[10.0], [0.0]]
    assert impact.frame.critical == ("city:hospital",)
    assert impact.zone_share[0, :, :3].tolist() == [[1.0, 1.0, 2.0]] * 2  # sums over both cases
    assert np.isnan(impact.zone_share[0, :, 3]).all()


def test_the_summary_is_json_with_means_and_quantiles():
    impact = impact_of(*[("power:line",)] * 3, *[()] * 7)
    told = summarise(impact, AT_ONCE)
    assert json.loads(json.dumps(told)) == told
    power = told["services"]["electricity"]
    assert power["people_without"]["mean"] == [60.0] * 5 + [0.0] * 3
    assert power["people_without"]["p95"][0] == 200.0 and power["people_without"]["p50"][0] == 0.0
    assert power["person_hours"]["mean"] == pytest.approx(600.0)
    assert power["resilience"]["p5"] == pytest.approx(0.9)
    assert told["services_without_people"] == ["road_access"]
    assert told["components_failed"]["mean"] == pytest.approx(0.3)
    assert list(told["components_failed"]["by_kind"]) == ["power"]
    assert told["direct_loss"]["mean"] == pytest.approx(150.0)
    assert told["indirect_loss"]["mean"] == pytest.approx(0.3 * 35200.0)
    assert told["critical_facilities"] == {"city:hospital": pytest.approx(3.0)}
    assert told["status"] == {"solved": 10} and told["used"] == 10
    assert told["resilience"]["mean"] == pytest.approx(1 - 0.3 * np.average([0.1, 0.1, 0.02], weights=[1.0, 1.0, 0.5]))


def test_bad_cases_are_counted_and_left_out():
    plain = chain_world()
    power, water = plain.lifelines
    world = chain_world(lifelines=(Moody(power, "status"), water))
    impact = impact_of(("power:plant",), ("power:line",), world=world)
    told = summarise(impact, AT_ONCE)
    assert told["status"] == {"solved": 1, "singular": 1} and told["cases"] == 2 and told["used"] == 1
    assert told["services"]["electricity"]["person_hours"]["mean"] == 2000.0
    assert np.isnan(impact.direct[0]).all() and impact.mass == 1.0
    none = impact_of(("power:plant",), world=world)
    assert summarise(none, AT_ONCE)["status"] == {"singular": 1}


def test_blocks_merged_in_any_order_are_as_one():
    groups = [("power:line",), (), ("telecom:tower",), ("water:main", "power:plant"), ("water:pump",)]
    whole = impact_of(*groups)
    parts = [impact_of(*groups[3:], case=[3, 4]), impact_of(*groups[:1], case=[0]), impact_of(*groups[1:3], case=[1, 2])]
    joined = merge(parts)
    first, second = summarise(whole, AT_ONCE), summarise(joined, AT_ONCE)
    for told in (first, second):
        told.pop("seconds")
    assert first["engines"].keys() == {"power", "water"}
    assert first == second  # engines too: what was remembered depends on the blocks, who answered does not
    assert np.allclose(whole.zone_share, joined.zone_share, equal_nan=True) and np.allclose(whole.lost_hours, joined.lost_hours)
    assert np.array_equal(whole.feed_without, joined.feed_without) and whole.feed_without.any()
    with pytest.raises(Invalid, match="nothing to merge"):
        merge([])
    with pytest.raises(Invalid, match="different runs"):
        merge([whole, replace(whole, lost_hours=whole.lost_hours[:-1])])


def test_tables_and_back():
    groups = [("power:line",), (), ("telecom:tower",)]
    blocks = [impact_of(*groups[:2], case=[0, 1]), impact_of(*groups[2:], case=[2])]
    tables = [to_tables(block) for block in blocks]
    held = {name: pa.concat_tables([t[name] for t in tables[::-1]]) for name in ("cases", "sums")}
    back, joined = from_tables(blocks[0].frame, held), merge(blocks)
    names = ("case", "status", "people", "share", "person_hours", "triangle", "direct", "failed", "critical_hours", "worst_to_best", "gini", "zone_share")
    for name in (*names, "lost_hours", "feed_without"):
        assert np.allclose(getattr(back, name), getattr(joined, name), equal_nan=True), name
    assert back.engines == joined.engines and back.mass == joined.mass
    lost = pa.table({"case": pa.array([7]), "status": pa.array([int(CaseStatus.FAILED)], pa.int8())})
    held["cases"] = pa.concat_tables([held["cases"], lost], promote_options="permissive")  # as the ensemble reports a case that broke
    more = from_tables(blocks[0].frame, held)
    assert more.status.tolist()[-1] == CaseStatus.FAILED and np.isnan(more.people[-1]).all()
    assert summarise(replace(more, weight=np.nan_to_num(more.weight)), AT_ONCE)["used"] == 3


def test_weights_move_means_and_quantiles():
    impact = impact_of(("power:line",), (), weight=[9.0, 1.0])
    told = summarise(impact, AT_ONCE)["services"]["electricity"]["person_hours"]
    assert told["mean"] == pytest.approx(1800.0) and told["p50"] == 2000.0 and told["p5"] == 0.0
    assert spread(np.empty((0, 3)), np.empty(0)) == {}
