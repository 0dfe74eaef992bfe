"""Leaks in the reference city and in a small net where everything can be counted by hand."""

from __future__ import annotations

import shutil
from collections import defaultdict
from pathlib import Path

import numpy as np
import pyarrow as pa
import pytest

import holdfast
from holdfast.domains.gas import DOMAIN
from holdfast.domains.gas.isolate_gas_leak import isolate_gas_leak
from holdfast.engines.network.gas.fluid import ambient_pressure
from holdfast.model.errors import Invalid, NotFound
from small_city import small_city

FIGURES = Path(__file__).parents[2] / "engines/network/gas/schutterwald.npz"
"""Pressures of pandapipes; tests/peers/pandapipes_figures.py makes them."""


@pytest.fixture(scope="module")
def street(tmp_path_factory):
    """A - v1 - B - p1 - C - v2 - D - p2 - E, a branch C - p3 - F; consumers at C, E (with a hospital) and F."""
    city = small_city(tmp_path_factory.mktemp("street") / "c", DOMAIN)
    names = {n: f"gas.junction:{n}" for n in "ABCDEF"}
    city.append("gas.junction", pa.table({"id": list(names.values()), "nominal_pressure": [1e5] * 6, "elevation": [0.0] * 6}))
    city.append("gas.source", pa.table({"id": ["gas.source:1"], "junction_id": [names["A"]], "control": ["p"], "pressure": [1e5]}))
    city.append("gas.pipe", pa.table({"id": ["gas.pipe:1", "gas.pipe:2", "gas.pipe:3"], "from_id": [names["B"], names["D"], names["C"]],
                                      "to_id": [names["C"], names["E"], names["F"]], "length": [200.0, 100.0, 50.0], "diameter": [0.2, 0.1, 0.1], "roughness": [1e-4] * 3}))
    city.append("gas.valve", pa.table({"id": ["gas.valve:1", "gas.valve:2"], "from_id": [names["A"], names["C"]], "to_id": [names["B"], names["D"]], "opened": [True, True],
                                       "remote": [True, False], "diameter": [0.2, 0.1]}))
    city.append("gas.sink", pa.table({"id": [f"gas.sink:{n}" for n in "CEF"], "junction_id": [names[n] for n in "CEF"], "mass_flow": [0.01, 0.02, 0.01],
                                      "customers": [30.0, 1.0, 12.0]}))
    links = pa.table({"from_id": ["gas.sink:E", "gas.sink:E"], "to_id": ["buildings.building:7", "buildings.hospital:1"], "relation": ["serves"] * 2, "service": ["gas"] * 2,
                      "backup_hours": [0.0, 4.0], "source": ["test"] * 2})
    with city.repository.write() as writer:
        writer.append_links(links, writer.stamp)
    return city


@pytest.mark.clause("1e", "1n")
def test_valves_customers_and_the_hospital(street):
    answer = isolate_gas_leak(street, "gas.pipe:1")
    assert answer.tables["valves"]["id"].to_pylist() == ["gas.valve:1", "gas.valve:2"]
    assert answer.tables["valves"]["remote"].to_pylist() == [True, False]
    assert answer.tables["valves"]["feeds"].to_pylist() == [True, False], "beyond the second valve there is no other source"
    cut = answer.tables["affected"]
    assert set(cut["id"].to_pylist()) == {"gas.sink:C", "gas.sink:E", "gas.sink:F"} and set(cut["state"].to_pylist()) == {"cut off"}
    assert answer.summary["customers_cut_off"] == 43 and answer.summary["hospitals"] == ["buildings.hospital:1"]
    assert answer.tables["served"]["id"].to_pylist() == ["buildings.hospital:1", "buildings.building:7"] and answer.tables["served"]["backup_hours"][0].as_py() == 4.0
    assert answer.summary["pipes_shut"] == 2 and not answer.summary["source_inside"]


def test_beyond_the_second_valve_only_one_consumer_loses_gas(street):
    answer = isolate_gas_leak(street, "gas.pipe:2", hole=0.02, minutes=10.0)
    assert answer.tables["valves"]["id"].to_pylist() == ["gas.valve:2"]
    assert answer.tables["affected"]["id"].to_pylist() == ["gas.sink:E"] and answer.summary["consumers_cut_off"] == 1
    row = answer.tables["valves"].to_pylist()[0]
    assert row["if_stuck_close"] == "gas.valve:1" and row["if_stuck_more_cut_off"] == 2
    stuck = isolate_gas_leak(street, "gas.pipe:2", hole=0.02, stuck=["gas.valve:2"])
    assert stuck.tables["valves"]["id"].to_pylist() == ["gas.valve:1"] and stuck.tables["valves"]["instead_of_stuck"].to_pylist() == [True]
    assert stuck.summary["consumers_cut_off"] == 3 and stuck.summary["stuck"] == ["gas.valve:2"]


def test_when_every_valve_is_stuck_the_source_must_be_shut(street):
    answer = isolate_gas_leak(street, "gas.pipe:1", stuck=["gas.valve:1", "gas.valve:2"])
    assert answer.tables["valves"].num_rows == 0 and answer.summary["source_inside"] and answer.summary["consumers_cut_off"] == 3
    assert answer.summary["sources_to_shut"] == ["gas.source:1"]


def test_rate_mass_and_time_by_hand(street):
    answer = isolate_gas_leak(street, "gas.pipe:2", hole=0.01, minutes=20.0)
    said = answer.summary
    # nearly 2.0 bar absolute at the hole: choked, m = Cd A p sqrt(gamma / (R T) (2 / (gamma + 1)) ** ((gamma + 1) / (gamma - 1)))
    pressure = said["pressure_at_leak_pa"] + 101_325.0
    expected = 0.85 * np.pi / 4 * 1e-4 * pressure * np.sqrt(1.31 / (506.3 * 288.15) * (2 / 2.31) ** (2.31 / 0.31))
    assert said["choked"] and said["leak_rate_kg_s"] == pytest.approx(expected, rel=5e-3)
    assert said["escaped_until_closed_kg"] == pytest.approx(said["leak_rate_kg_s"] * 1200, rel=1e-3)
    volume = np.pi / 4 * 0.01 * 100
    assert said["shut_volume_m3"] == pytest.approx(volume, abs=1e-3) and said["gas_in_shut_part_kg"] == pytest.approx(volume * pressure / (506.3 * 288.15), rel=0.02)
    table = answer.tables["release"]
    minute, rate, escaped = (table[name].to_numpy() for name in ("minute", "rate", "escaped"))
    assert (np.diff(minute) >= 0).all() and (np.diff(escaped) >= -1e-9).all() and (np.diff(rate) <= 1e-12).all()
    assert minute[-1] == pytest.approx(20.0 + said["minutes_to_vent_after_closing"], abs=0.1)
    assert escaped[-1] - escaped[1] == pytest.approx(said["gas_in_shut_part_kg"] * (1 - 101_525.0 / pressure), rel=0.02)
    assert 0.5 < said["flammable_distance_m"] < 5.0


def test_a_pipe_broken_apart_gives_no_more_than_the_network_can(street):
    small, whole = (isolate_gas_leak(street, "gas.pipe:2", hole=size).summary["leak_rate_kg_s"] for size in (0.01, 2.0))
    orifice = 0.85 * np.pi / 4 * 0.1**2 / (0.85 * np.pi / 4 * 1e-4)
    assert small < whole < orifice * small


@pytest.mark.clause("1e", "1n")
def test_every_main_of_anlan_can_be_isolated(anlan):
    for pipe in [i for i in anlan.table("gas.pipe", columns=["id"])["id"].to_pylist() if ":T" in i][::9]:
        answer = isolate_gas_leak(anlan, pipe)
        assert answer.summary["solved"] and answer.summary["leak_rate_kg_s"] > 0
        assert answer.tables["valves"].num_rows > 0 or answer.summary["source_inside"]
        assert np.isfinite(answer.tables["valves"]["x"].to_numpy(zero_copy_only=False).astype(float)).all()


def test_a_leak_at_the_station_shuts_the_source_and_no_regulator(anlan):
    source = anlan.table("gas.source", columns=["id"])["id"].to_pylist()
    answer = isolate_gas_leak(anlan, "gas.pipe:G0")
    assert answer.summary["source_inside"] and answer.summary["sources_to_shut"] == source[:1]
    assert answer.tables["valves"].num_rows > 0 and set(answer.tables["valves"]["kind"].to_pylist()) == {"gas.valve"}
    assert not any(answer.tables["valves"]["feeds"].to_pylist()), "there is no other source"


def test_a_regulator_is_closed_only_where_gas_comes_in_through_it(anlan):
    low = next(i for i in anlan.table("gas.pipe", columns=["id"])["id"].to_pylist() if ":U" in i)
    rows = isolate_gas_leak(anlan, low).tables["valves"].to_pylist()
    assert [(row["kind"], row["feeds"]) for row in rows] == [("gas.regulator", True)]


def test_a_leak_in_anlan_cuts_off_few(anlan):
    """Section valves keep a leak local: half of the mains lose no more than a fifth of the consumers, none but those next to the station all."""
    sinks = anlan.table("gas.sink", columns=["id"]).num_rows
    mains = [i for i in anlan.table("gas.pipe", columns=["id"])["id"].to_pylist() if ":T" in i]
    found = [isolate_gas_leak(anlan, pipe).summary for pipe in mains[::5]]
    assert np.median([one["consumers_cut_off"] for one in found]) <= 0.2 * sinks
    assert max(one["consumers_cut_off"] for one in found if not one["source_inside"]) < sinks
    assert max(one["valves_to_close"] for one in found) <= 8


@pytest.fixture(scope="module")
def valved(schutterwald, tmp_path_factory):
    """Schutterwald with valves at an end of every eighth pipe, drawn: the published net has none. The city, and (pipe, junction) by valve."""
    folder = tmp_path_factory.mktemp("valved") / "c"
    shutil.copytree(schutterwald.repository.url, folder)
    city = holdfast.open(str(folder))
    pipes = city.table("gas.pipe", columns=["id", "from_id", "to_id"]).to_pylist()
    rng = np.random.default_rng(5)
    chosen = {f"gas.valve:{i}": (pipes[i]["id"], pipes[i]["from_id" if first else "to_id"])
              for i, first in zip(rng.choice(len(pipes), len(pipes) // 8, replace=False).tolist(), rng.random(len(pipes)) < 0.5, strict=False)}  # fmt: skip
    city.append("gas.valve", pa.table({"id": list(chosen), "from_id": [junction for _, junction in chosen.values()], "to_id": [pipe for pipe, _ in chosen.values()],
                                       "opened": [True] * len(chosen), "diameter": [0.1] * len(chosen)}))  # fmt: skip
    return city, chosen


def spread(ends, start, shut):
    """Pipes and junctions that hang together with `start`, step by step; ends: pipe -> its junctions, shut: set of (pipe, junction) between which nothing passes."""
    beside = defaultdict(set)
    for pipe, junctions in ends.items():
        for junction in junctions:
            if (pipe, junction) not in shut:
                beside[pipe].add(junction)
                beside[junction].add(pipe)
    seen, queue = {start}, [start]
    while queue:
        new = beside[queue.pop()] - seen
        seen |= new
        queue += new
    return seen


@pytest.mark.clause("1e", "1n")
def test_valves_and_consumers_of_a_real_town_are_those_of_a_search_step_by_step(valved):
    city, valves = valved
    ends = {row["id"]: (row["from_id"], row["to_id"]) for row in city.table("gas.pipe", columns=["id", "from_id", "to_id"]).to_pylist()}
    sinks = {row["id"]: row["junction_id"] for row in city.table("gas.sink", columns=["id", "junction_id"]).to_pylist()}
    source = city.table("gas.source", columns=["junction_id"])["junction_id"][0].as_py()
    found = []
    for pipe in list(ends)[7::520]:
        lost = spread(ends, pipe, set(valves.values()))
        close = {name for name, (on, junction) in valves.items() if (on in lost) != (junction in lost)}
        alive = spread(ends, source, {valves[name] for name in close}) if source not in lost else set()
        assert spread(ends, pipe, {valves[name] for name in close}) == lost, "these will do"
        assert all(len(spread(ends, pipe, {valves[name] for name in close - {one}})) > len(lost) for one in close), "and none can be left open"
        answer = isolate_gas_leak(city, pipe, hole=0.002)
        assert set(answer.tables["valves"]["id"].to_pylist()) == close and answer.summary["source_inside"] == (source in lost)
        assert answer.summary["pipes_shut"] == len(lost & set(ends))
        cut = {row["id"] for row in answer.tables["affected"].to_pylist() if row["state"] == "cut off"}
        assert cut == {name for name, junction in sinks.items() if junction not in alive}
        found.append((len(close), len(cut)))
    assert len(found) == 5 and max(found)[0] >= 2 and len(set(found)) >= 3, "leaks of different kinds"


@pytest.mark.clause("1e")
def test_a_leak_in_a_real_town_gives_what_its_pressure_by_pandapipes_gives(schutterwald):
    """A hole of 1 mm hardly lowers the pressure: choked outflow at the pressure that pandapipes finds at the ends of the pipe; without valves the source is to be shut."""
    figures = np.load(FIGURES)
    pressure = dict(zip(figures["junction"].tolist(), figures["pressure_nikuradse"].tolist(), strict=True))
    number = dict(zip(*schutterwald.table("gas.junction", columns=["id", "source_index"]).to_pydict().values(), strict=True))
    pipe = schutterwald.table("gas.pipe", columns=["id", "from_id", "to_id"]).to_pylist()[1200]
    said = isolate_gas_leak(schutterwald, pipe["id"], hole=0.001).summary
    gauge = np.mean([pressure[number[pipe["from_id"]]], pressure[number[pipe["to_id"]]]])
    assert said["pressure_at_leak_pa"] == pytest.approx(gauge, rel=2e-3) and said["choked"]
    rate = 0.85 * np.pi / 4 * 1e-6 * (gauge + ambient_pressure(np.array(150.0))) * np.sqrt(1.31 / (8.314463 / 16.534465e-3 * 283.15) * (2 / 2.31) ** (2.31 / 0.31))
    assert said["leak_rate_kg_s"] == pytest.approx(rate, rel=5e-3)
    assert said["source_inside"] and said["sources_to_shut"] == ["gas.source:0"] and said["consumers_cut_off"] == 1506 and said["pipes_shut"] == 2559


def test_bad_requests(street, tmp_path):
    with pytest.raises(NotFound, match="pipe:99"):
        isolate_gas_leak(street, "gas.pipe:99")
    with pytest.raises(NotFound, match="valve:9"):
        isolate_gas_leak(street, "gas.pipe:1", stuck=["gas.valve:9"])
    with pytest.raises(NotFound, match="network"):
        isolate_gas_leak(small_city(tmp_path / "c", DOMAIN), "gas.pipe:1")
    for wrong in ({"hole": 0.0}, {"minutes": -1.0}):
        with pytest.raises(Invalid):
            isolate_gas_leak(street, "gas.pipe:1", **wrong)
