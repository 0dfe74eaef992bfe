"""The city's streets as arrays: defaults, bad numbers, bridges, signals."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pyarrow as pa
import pytest
import shapely

from holdfast.domains.roads.network import load
from road_town import SPUR, town


def rules(roads):
    return roads.findings.by_rule()


def test_a_sound_town_has_no_findings(tmp_path: Path):
    with town(tmp_path / "city") as city:
        roads = load(city)
    assert rules(roads) == {} and roads.streets == 18 and roads.nodes == 13 and roads.usable.all()
    assert (roads.free == 20).all() and (roads.capacity == 0.5).all() and set(roads.assumed.values()) == {0}
    graph, links = roads.car_graph()
    assert graph.arcs == 36 and (links.free == 20).all()
    assert roads.bridge_of.tolist() == [0] and roads.street_id[int(roads.bridge_street[0])].as_py() == SPUR  # found by its place
    assert roads.node_id[int(roads.signal_node[0])].as_py() == "roads.junction:5"


def test_no_streets_no_network(tmp_path: Path):
    with town(tmp_path / "city") as city:
        assert load(city.as_of("1990-01-01")) is None or load(city.as_of("1990-01-01")).streets == 0


def test_what_streets_do_not_say_is_taken_from_their_class(tmp_path: Path):
    columns = {"capacity": None, "free_flow_time": None, "delay_factor": None, "delay_power": None, "lanes": 4, "speed_limit": {"roads.street:0-1": None}}
    with town(tmp_path / "city", one_way={"roads.street:1-2": True}, **columns) as city:
        roads = load(city)
    ids = roads.street_id.to_pylist()
    first, second = ids.index("roads.street:0-1"), ids.index("roads.street:1-2")
    assert roads.free[first] == pytest.approx(200 / (50 / 3.6), rel=1e-4) and roads.free[second] == 20
    assert roads.capacity[first] * 3600 == pytest.approx(1400, rel=1e-4) and roads.capacity[second] * 3600 == pytest.approx(2800, rel=1e-4)
    assert (roads.factor == 0.15).all() and (roads.power == 4).all()
    assert roads.assumed == {"speed_limit": 1, "free_flow_time": 18, "capacity": 18, "delay_factor": 18, "delay_power": 18}
    assert roads.car_graph()[0].arcs == 35 and roads.access_graph()[0].arcs == 36 and roads.access_graph(against=False)[0].arcs == 35


def test_bad_numbers_are_findings_and_do_not_spread(tmp_path: Path):
    bad = {
        "free_flow_time": {"roads.street:0-1": -5.0, "roads.street:4-5": 0.0}, "length": {"roads.street:1-2": -1.0, "roads.street:4-5": 0.0},
        "capacity": {"roads.street:2-3": 0.0, "roads.street:5-6": -2.0}, "speed_limit": {"roads.street:0-1": 0.0}, "delay_factor": {"roads.street:6-7": -0.1},
        "from_id": {"roads.street:8-9": "roads.junction:none", "roads.street:9-10": None}, "to_id": {"roads.street:10-11": "roads.junction:10"},
    }  # fmt: skip
    with town(tmp_path / "city", **bad) as city:
        roads = load(city)
    assert rules(roads) == {
        "roads.negative_time": 1, "roads.negative_length": 1, "roads.no_capacity": 2, "roads.bad_speed": 1, "roads.bad_delay": 1, "roads.no_ends": 2, "roads.loop": 1,
        "roads.zero_time": 1,
    }  # fmt: skip
    ids = roads.street_id.to_pylist()
    assert roads.free[ids.index("roads.street:0-1")] == pytest.approx(200 / (50 / 3.6), rel=1e-4) and roads.free[ids.index("roads.street:4-5")] == 0
    assert roads.length[ids.index("roads.street:1-2")] == pytest.approx(200) and roads.factor[ids.index("roads.street:6-7")] == 0.15
    graph, links = roads.car_graph()
    assert graph.arcs == 2 * (18 - 3 - 2) and (links.capacity > 0).all() and np.isfinite(links.free).all()
    assert all(row["fix"] and row["id"] for row in roads.findings.table().to_pylist())


def test_bridges_by_name_by_place_and_alone(tmp_path: Path):
    with town(tmp_path / "city", bridge=False) as city:
        across = shapely.box(290, -20, 300, 20)  # a footbridge across street 1-2: most of it is beside the street
        wide = shapely.box(0, 190, 200, 210)
        city.append("roads.bridge", pa.table({
            "id": ["roads.bridge:named", "roads.bridge:across", "roads.bridge:along", "roads.bridge:drawn nowhere"], "street_id": ["roads.street:0-1", None, None, None],
            "geometry": [shapely.to_wkb(across), shapely.to_wkb(across), shapely.to_wkb(wide), None],
        }))  # fmt: skip
        roads = load(city)
    carried = {roads.bridge_id[int(b)].as_py(): roads.street_id[int(s)].as_py() for b, s in zip(roads.bridge_of, roads.bridge_street, strict=True)}
    assert carried == {"roads.bridge:named": "roads.street:0-1", "roads.bridge:along": "roads.street:4-5"}
    assert rules(roads) == {"roads.bridge_alone": 2}
