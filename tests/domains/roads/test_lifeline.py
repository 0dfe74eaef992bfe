"""Road access: levels, bridges, crossings, signals, monotony, crews on damaged roads."""

from __future__ import annotations

import pickle
from pathlib import Path

import numpy as np
import pytest

from holdfast.domains.roads.lifeline import build, distinct, travel_hours
from holdfast.model.errors import Invalid, NotFound
from holdfast.model.lifeline import CaseStatus, ComponentState, Lifeline
from road_town import SPUR, town
from small_city import small_city


@pytest.fixture(scope="module")
def line(tmp_path_factory):
    with town(tmp_path_factory.mktemp("roads") / "city") as city:
        city.settings.set("roads.entries", ["roads.junction:3"], author="test")
        return build(city)


def serve(line, *down, count=1):
    """Levels by outlet when these components are out."""
    available = np.ones((count, len(line.component_id)), bool)
    available[-1, [line.component_id.to_pylist().index(d) for d in down]] = False
    served = line.serve(ComponentState(available))
    assert (served.status == CaseStatus.SOLVED).all() and served.level.dtype == np.float32
    return dict(zip(line.outlet_id.to_pylist(), served.level[-1].tolist(), strict=True))


@pytest.mark.clause("1k")
def test_an_intact_network_serves_everybody(line):
    assert isinstance(line, Lifeline) and line.service == "road_access" and line.monotone
    assert set(serve(line).values()) == {1.0}
    assert line.starts == {"facilities": 1, "refuges": 1, "entries": 1} and len(line.outlet_demand) == len(line.outlet_id)
    assert {i.partition(":")[0] for i in line.component_id.to_pylist()} == {"roads.street", "roads.bridge", "roads.junction", "roads.signal"}


@pytest.mark.parametrize("down", [SPUR, "roads.bridge:B"])
def test_the_only_way_out_decides(line, down):
    level = serve(line, down)
    assert level[SPUR] == 0 and level["roads.junction:east"] == 0 and level["roads.bridge:B"] == 0
    assert all(v == 1 for k, v in level.items() if k not in (SPUR, "roads.junction:east", "roads.bridge:B"))


def test_a_detour_lowers_the_level_by_the_ratio_of_response_times(line):
    level = serve(line, "roads.street:1-5", "roads.street:4-5", "roads.street:5-9")
    times = {k: round(float(v), 3) for k, v in zip(line.outlet_id.to_pylist(), line.base, strict=True)}
    step = 20 / 0.7
    assert times["roads.junction:5"] == pytest.approx(2 * step, abs=0.01) and times["roads.junction:0"] == 0
    assert level["roads.junction:5"] == pytest.approx((60 + 2 * step) / (60 + 3 * step), rel=1e-4)  # from the way out at 3
    assert level["roads.junction:0"] == 1 and level["roads.street:1-5"] == 0


def test_a_crossing_that_is_out_cannot_be_passed_and_a_dark_signal_slows(line):
    level = serve(line, "roads.junction:5")
    assert level["roads.junction:5"] == 0 and level["roads.junction:6"] == 1  # from the way out at 3
    assert level["roads.street:4-5"] == 1 and 0 < level["roads.street:5-6"] <= 1  # reached from their other ends
    dark = serve(line, "roads.signal:5")
    assert 0 < dark["roads.junction:5"] < 1 and dark["roads.junction:1"] == 1 and dark["roads.street:0-1"] == 1


def test_help_without_a_hospital_or_a_way_out_is_no_access(line):
    """The fire station's corner is cut off from everything else: its engines still drive there, the level is 0."""
    level = serve(line, "roads.street:1-2", "roads.street:1-5", "roads.street:4-5", "roads.street:4-8")
    assert all(level[f"roads.junction:{j}"] == 0 for j in (0, 1, 4)) and level["roads.junction:2"] == 1


def test_all_is_lost(line):
    none = line.serve(ComponentState(np.zeros((3, len(line.component_id)), bool)))
    assert (none.level == 0).all() and np.isinf(none.detail["time"]).all() and (none.status == CaseStatus.SOLVED).all()


def test_less_never_gives_more_and_equal_cases_are_equal(line):
    rng = np.random.default_rng(4)
    more = rng.random((200, len(line.component_id))) > 0.15
    less = more & (rng.random(more.shape) > 0.1)
    best, worst = (line.serve(ComponentState(a)).level for a in (more, less))
    assert (worst <= best + 1e-6).all() and (worst >= 0).all() and (best <= 1).all()
    shuffled = rng.integers(0, 200, 300)
    assert np.array_equal(line.serve(ComponentState(more[shuffled])).level, best[shuffled])
    again = pickle.loads(pickle.dumps(line))
    assert np.array_equal(again.serve(ComponentState(more[:5])).level, best[:5])


def test_distinct_rows():
    rows = np.random.default_rng(0).random((50, 3)) > 0.5
    first, back = distinct(rows)
    assert np.array_equal(rows[first][back], rows) and len(first) <= 8
    assert distinct(np.ones((4, 0), bool))[1].tolist() == [0, 0, 0, 0]


@pytest.mark.clause("2d")
def test_crews_take_longer_on_damaged_roads(line):
    intact = np.ones((2, len(line.component_id)), bool)
    intact[1, line.component_id.to_pylist().index("roads.bridge:B")] = False
    target = np.array([[200.0, 0.0], [800.0, 200.0]])
    hours = travel_hours(line, intact, np.array([[0.0, 0.0]]), target)
    assert hours.shape == (2, 2) and hours[0, 0] == pytest.approx(20 / 0.7 / 3600, rel=1e-3)
    assert hours[0, 1] == pytest.approx(5 * 20 / 0.7 / 3600, rel=1e-3) and np.isinf(hours[1, 1])
    gone = travel_hours(line, np.zeros((1, intact.shape[1]), bool), np.array([[0.0, 0.0]]), target)
    assert np.isinf(gone).all()
    with pytest.raises(Invalid):
        travel_hours(line, intact, np.array([[np.nan, 0.0]]), target)
    with pytest.raises(Invalid):
        travel_hours(line, intact, ["roads.junction:0"], target)


def test_crews_start_at_assets_of_the_city(tmp_path: Path):
    with town(tmp_path / "city") as city:
        line = build(city)
        intact = np.ones((1, len(line.component_id)), bool)
        hours = travel_hours(city, intact, ["buildings.fire_station:F"], np.array([[200.0, 0.0]]))
        assert np.allclose(hours, travel_hours(line, intact, np.array([[0.0, 0.0]]), np.array([[200.0, 0.0]])))
        with pytest.raises(NotFound):
            travel_hours(city, intact, ["buildings.fire_station:none"], np.zeros((1, 2)))


def test_entries_are_found_at_the_edge(tmp_path: Path):
    with town(tmp_path / "city", stations=False) as city:
        line = build(city)
        assert line.starts == {"facilities": 0, "refuges": 0, "entries": 10} and set(serve(line).values()) == {1.0}  # all but the three inner crossings
        city.settings.set("roads.entries", ["roads.junction:none"], author="test")
        with pytest.raises(NotFound):
            build(city)


def test_a_part_that_no_street_joins_has_no_access(tmp_path: Path):
    with town(tmp_path / "city", from_id={SPUR: None}) as city:
        city.settings.set("roads.entries", ["roads.junction:3"], author="test")
        level = serve(build(city))
    assert level[SPUR] == 0 and level["roads.junction:east"] == 0 and level["roads.junction:0"] == 1
    assert level["roads.bridge:B"] == 0  # it carries that street


def test_without_streets_there_is_no_lifeline(tmp_path: Path):
    from holdfast.domains.roads import DOMAIN

    with small_city(tmp_path / "city", DOMAIN) as city:
        assert build(city) is None
        with pytest.raises(NotFound):
            travel_hours(city, np.ones((1, 0), bool), np.zeros((1, 2)), np.zeros((1, 2)))
