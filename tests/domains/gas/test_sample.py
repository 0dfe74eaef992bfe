"""The gas network of the reference city: sound, fed everywhere, with sensible speeds and pressures at the peak."""

from __future__ import annotations

import numpy as np
import pytest
import shapely

from domains.gas.pressure import arrays, solve, speed
from holdfast.domains.gas.sample_mains import ATMOSPHERE, LOW, MEDIUM, low_size, pipe_size
from sampled import check_covered, check_sound, plan, shapes, tables

SIZES = [(2_000, 7), (2_000, 1), (10_000, 7)]


@pytest.mark.parametrize(("assets", "seed"), SIZES)
def test_it_is_sound(assets, seed):
    check_sound("gas", assets, seed)
    check_covered(tables("gas", assets, seed)["gas.pipe"], 0.8, plan(assets, seed).ground)


def solved(assets: int, seed: int):
    """Nodes, pipes with flows, pressures: mains fed by the gate stations, each low-pressure island by its regulator."""
    found = tables("gas", assets, seed)
    ids = found["gas.junction"]["id"].to_pylist()
    index = {asset: i for i, asset in enumerate(ids)}
    low = np.array([c == "LP" for c in found["gas.junction"]["pressure_class"].to_pylist()])
    demand = np.zeros(len(ids))
    for row in found["gas.sink"].to_pylist():
        demand[index[row["junction_id"]]] += row["mass_flow"] * row["scaling"]
    pipes, valves = arrays(found["gas.pipe"], index), arrays(found["gas.valve"], index)
    both = {name: np.concatenate([pipes[name], valves[name]]) for name in pipes}
    regulators = found["gas.regulator"].to_pylist()
    inlet, outlet = (np.array([index[row[c]] for row in regulators]) for c in ("from_id", "to_id"))
    pressure, flow = np.full(len(ids), np.nan), np.zeros(len(both["start"]))
    below = low[both["start"]]
    assert (below == low[both["end"]]).all(), "no pipe joins two pressure levels"
    pressure_low, flow_low = part(both, below, low, demand, {int(o): LOW + ATMOSPHERE for o in outlet})
    through = np.zeros(len(ids))
    for node in outlet:
        through[node] = demand[node] + flow_low[both["start"][below] == node].sum() - flow_low[both["end"][below] == node].sum()
    upper = demand * ~low
    np.add.at(upper, inlet, through[outlet])
    sources = {index[row["junction_id"]]: row["pressure"] + ATMOSPHERE for row in found["gas.source"].to_pylist()}
    pressure_high, flow_high = part(both, ~below, ~low, upper, sources)
    pressure[low], pressure[~low] = pressure_low[low], pressure_high[~low]
    flow[below], flow[~below] = flow_low, flow_high
    return found, both, flow, pressure, low, demand


def part(pipes, chosen, nodes, demand, fixed):
    """Solve the pipes of one level; returns pressures over all nodes and flows of the chosen pipes."""
    local = np.full(len(nodes), -1)
    local[nodes] = np.arange(nodes.sum())
    sub = {name: values[chosen] for name, values in pipes.items()}
    sub["start"], sub["end"] = local[sub["start"]], local[sub["end"]]
    pressure, flow = solve(int(nodes.sum()), sub, demand[nodes], {int(local[n]): p for n, p in fixed.items()})
    result = np.full(len(nodes), np.nan)
    result[nodes] = pressure
    return result, flow


@pytest.mark.parametrize(("assets", "seed"), SIZES)
def test_pressures_and_speeds_at_the_peak(assets, seed):
    _, pipes, flow, pressure, low, demand = solved(assets, seed)
    gauge = pressure - ATMOSPHERE
    assert not np.isnan(gauge).any(), "every junction is fed"
    assert gauge[~low].min() > 0.5 * MEDIUM and gauge[~low].max() <= MEDIUM * (1 + 1e-9)
    assert gauge[low].min() > 1_500.0, "appliances need 0.75 of 2 kPa"
    assert speed(flow, pressure, pipes).max() < 20.0
    assert demand.sum() > 0


def test_mains_carry_what_consumers_take():
    found, pipes, flow, _, _low, demand = solved(2_000, 7)
    ids = found["gas.junction"]["id"].to_pylist()
    source = [ids.index(row["junction_id"]) for row in found["gas.source"].to_pylist()]
    fed = sum(flow[pipes["start"] == node].sum() - flow[pipes["end"] == node].sum() for node in source)
    assert fed == pytest.approx(demand.sum(), rel=1e-6)


def test_main_streets_have_rings():
    city, found = plan(10_000), tables("gas", 10_000)
    rings = [row for row in found["gas.pipe"].to_pylist() if row["id"].startswith("gas.pipe:O")]
    assert len(rings) >= 5
    assert all(row["diameter"] >= 0.13 for row in rings)
    assert (city.street_class <= 1).sum() > len(rings)


@pytest.mark.clause("1j")
def test_every_station_has_the_devices_it_must_have():
    found = tables("gas", 10_000)
    for kind in ("gas.detector", "gas.pressure_sensor"):
        assert set(found["gas.station"]["id"].to_pylist()) <= set(found[kind]["host_id"].to_pylist())
    alarms = found["gas.detector"]
    assert max(alarms["low_alarm"].to_pylist()) <= 0.25 * 0.05 and max(alarms["high_alarm"].to_pylist()) <= 0.5 * 0.05, "25 and 50 %LEL of methane"


def test_mains_keep_their_distance_from_the_axis_and_from_buildings():
    city, found = plan(), tables("gas")
    pipes = found["gas.pipe"]
    medium = np.array([c == "MP-A" for c in pipes["pressure_class"].to_pylist()]) & np.array([i[9] in "TO" for i in pipes["id"].to_pylist()])
    assert shapely.STRtree(city.building_polygon).query(shapes(pipes)[medium], predicate="dwithin", distance=1.5).size == 0, "medium pressure A, 1.5 m: standards.md 5.2"


@pytest.mark.parametrize(("flow", "size"), [(0.0, 0), (0.02, 0), (0.5, 3), (1e9, 10)])
def test_sizes_follow_the_speed(flow, size):
    assert pipe_size(np.array([flow]), MEDIUM, 11.0)[0] == size


def test_longer_low_pressure_pipes_are_wider():
    assert (np.diff(low_size(np.full(4, 0.01), np.array([10.0, 100.0, 400.0, 1500.0]))) >= 0).all()
    assert low_size(np.array([0.01]), np.array([1500.0]))[0] > low_size(np.array([0.01]), np.array([10.0]))[0]


@pytest.mark.slow
def test_a_hundred_thousand_assets_are_laid():
    city = plan(100_000)
    rows = sum(table.num_rows for table in tables("gas", 100_000).values())
    assert 0.5 * len(city.building_x) < rows < 1.3 * len(city.building_x)
