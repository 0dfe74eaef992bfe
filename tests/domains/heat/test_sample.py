"""The heat networks of the reference city: paired, balanced, within speeds, and with pumps that reach the last consumer."""

from __future__ import annotations

import numpy as np
import pytest

from holdfast.domains.heat import sample as heat
from sampled import check_covered, check_sound, plan, tables

SIZES = [(2_000, 7), (2_000, 1), (10_000, 7), (10_000, 3)]


@pytest.mark.parametrize(("assets", "seed"), SIZES)
def test_it_is_sound(assets, seed):
    check_sound("heat", assets, seed)
    check_covered(tables("heat", assets, seed)["heat.pipe"], 0.7, plan(assets, seed).ground)


def flows(found):
    """Mass flow of every pipe, from the consumers alone: each circuit is a tree, so it follows without solving anything."""
    pipes = {row["id"]: row for row in found["heat.pipe"].to_pylist()}
    valves = {row["id"]: row for row in found["heat.valve"].to_pylist()}
    result: dict[str, float] = {}
    for circuit, far, near in (("supply", "to_id", "from_id"), ("return", "from_id", "to_id")):
        edges = {i: row for i, row in (pipes | valves).items() if row["circuit"] == circuit}
        above = {row[far]: i for i, row in edges.items()}
        assert len(above) == len(edges), "a node is reached by one pipe only"
        taken = {row[{"supply": "from_id", "return": "to_id"}[circuit]]: row["mass_flow"] for row in found["heat.consumer"].to_pylist()}
        for node, amount in taken.items():
            while node in above:
                edge = above[node]
                result[edge] = result.get(edge, 0.0) + amount
                node = edges[edge][near]
    return pipes, result


@pytest.mark.parametrize(("assets", "seed"), SIZES)
def test_speeds_are_within_limits_and_the_pumps_reach_everybody(assets, seed):
    found = tables("heat", assets, seed)
    pipes, flow = flows(found)
    assert set(pipes) <= set(flow), "water flows in every pipe"
    inner = np.array([row["diameter"] for row in pipes.values()])
    through = np.array([flow[i] for i in pipes])
    speed = through / (heat.DENSITY * np.pi / 4 * inner**2)
    assert speed.max() <= 2.5
    drop = dict(zip(pipes, heat.loss(through, inner, np.array([row["length"] for row in pipes.values()])), strict=True))
    for circuit, far, near in (("supply", "to_id", "from_id"), ("return", "from_id", "to_id")):
        above = {row[far]: i for i, row in pipes.items() if row["circuit"] == circuit}
        for row in found["heat.consumer"].to_pylist():
            node, lost = row["from_id" if circuit == "supply" else "to_id"], 0.0
            while node in above:
                lost += drop[above[node]]
                node = pipes[above[node]][near]
            row[circuit] = lost
            plant = int(node.rpartition("G")[2][1:])
            lift = found["heat.pump"]["lift"][plant].as_py()
            assert lost < (lift - heat.CONSUMER_DROP) / 2 * 1.1, "less than its half of what the pump gives is lost"


@pytest.mark.parametrize(("assets", "seed"), SIZES[:2])
def test_every_supply_pipe_has_its_return_pipe(assets, seed):
    pipes = tables("heat", assets, seed)["heat.pipe"].to_pylist()
    supply = {row["id"].replace(":TS", ":").replace(":BS", ":b").replace(":GS", ":g"): row["diameter"] for row in pipes if row["circuit"] == "supply"}
    back = {row["id"].replace(":TR", ":").replace(":BR", ":b").replace(":GR", ":g"): row["diameter"] for row in pipes if row["circuit"] == "return"}
    assert supply == back


def test_heat_and_flow_belong_together():
    found = tables("heat", 10_000)
    heat_demand, flow = (found["heat.consumer"][c].to_numpy() for c in ("heat_demand", "mass_flow"))
    assert np.allclose(heat_demand, flow * heat.CAPACITY * found["heat.consumer"]["temperature_drop"].to_numpy(), rtol=1e-4)
    assert found["heat.plant"]["capacity"].to_numpy().sum() > heat_demand.sum()
    assert found["heat.pump"]["mass_flow"].to_numpy().sum() == pytest.approx(flow.sum(), rel=1e-4)


@pytest.mark.clause("1j")
def test_every_plant_has_the_sensor_it_must_have():
    found = tables("heat", 10_000)
    assert set(found["heat.plant"]["id"].to_pylist()) <= set(found["heat.sensor"]["host_id"].to_pylist())


def test_the_district_lies_round_its_plant():
    city = plan(10_000)
    district = heat.design(city)
    assert len(district.building) == round(heat.SHARE * len(city.building_x))
    near = np.hypot(city.building_x[district.building] - city.building_x[district.plant[0]], city.building_y[district.building] - city.building_y[district.plant[0]])
    assert near.max() < 1500.0
    assert np.isin(city.building_use[district.building], heat.HEATED).all()


@pytest.mark.parametrize(("flow", "size"), [(0.0, 0), (1.0, 2), (1e6, len(heat.PIPES) - 1)])
def test_sizes_follow_flow(flow, size):
    assert heat.pipe_size(np.array([flow]))[0] == size


def test_tees_keep_apart():
    city = plan(10_000)
    building = np.arange(len(city.building_x))
    at, street = heat._apart(city, building), city.building_street
    order = np.lexsort((at, street))
    same = np.diff(street[order]) == 0
    assert np.diff(at[order])[same].min() > 0.98
    assert np.abs(at - np.clip(city.building_offset, 8.0, None)).max() < 40.0
