"""Outages on the reference city and on SimBench's urban grid."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest

from anlan import anlan
from holdfast.domains.power.simulate_outage import simulate_outage
from holdfast.model.errors import Invalid, NotFound

MV = "power/simbench/1-MV-urban--0-sw.json"
ANSWERS = json.loads((Path(__file__).parents[2] / "peers" / "pandapower_answers.json").read_text(encoding="utf-8"))["nets"]


@pytest.fixture(scope="module")
def sample(tmp_path_factory):
    return anlan(tmp_path_factory.mktemp("outage") / "c")


def first(city, kind, prefix):
    return next(name for name in city.table(kind, columns=["id"])["id"].to_pylist() if name.startswith(f"{kind}:{prefix}"))


@pytest.mark.clause("1d", "1k")
def test_a_ring_cable_is_fed_from_the_other_side(sample):
    cable = first(sample, "power.line", "R")
    answer, alone = simulate_outage(sample, [cable]), simulate_outage(sample, [cable], backfeed=False)
    assert answer.status == "done" and answer.summary["flow"] == "solved"
    assert answer.summary["people_at_once"] == alone.summary["people_without_power"] > 0
    assert answer.summary["people_without_power"] == 0 and answer.summary["switches_closed"] == 1
    assert answer.tables["switching"].to_pylist()[0]["action"] == "close" and answer.tables["switching"]["switch"][0].as_py().startswith("power.switch:Z")
    assert answer.tables["without_power"].num_rows == 0 < alone.tables["without_power"].num_rows == alone.summary["loads_without_power"]
    assert answer.summary["lowest_voltage_pu"] > 0.93 and answer.summary["overloaded"] == 0


def test_a_substation_darkens_its_district_and_own_sources_carry_hospitals(sample):
    stations = sample.table("power.substation", columns=["id"])["id"].to_pylist()
    answer = simulate_outage(sample, stations)
    dark = answer.tables["without_power"]
    assert dark.num_rows == answer.summary["loads_without_power"] == sample.counts()["power.load"]
    assert answer.summary["power_not_supplied_w"] == pytest.approx(np.sum(sample.table("power.load", columns=["p"])["p"].to_numpy()), rel=1e-9)
    assert answer.summary["lowest_voltage_pu"] is None and answer.summary["engine"].startswith("holdfast connectivity (no bus is live") and answer.summary["flow"] == "none"
    own = answer.tables["own_sources"]
    assert own.num_rows > 0 and own["own_hours"][0].as_py() >= own["own_hours"][own.num_rows - 1].as_py() > 0
    assert set(own["id"].to_pylist()) <= set(dark["id"].to_pylist()) and max(own["own_share"].to_pylist()) <= 1.0
    assert answer.summary["critical_without_power"] > 0 and answer.summary["people_basis"].startswith("population")


def test_a_transformer_hands_over_to_its_neighbour_and_the_overload_is_said(sample):
    unit = first(sample, "power.transformer", "T")
    answer = simulate_outage(sample, [unit])
    assert answer.summary["people_without_power"] == 0 < answer.summary["people_at_once"]
    loaded = answer.tables["overloads"].to_pylist()
    assert all(row["loading"] > 1.0 and row["before"] < 1.0 for row in loaded) and len(loaded) == answer.summary["overloaded"]


def test_simbench_ring(net_city):
    city = net_city(MV)
    answer = simulate_outage(city, ["power.line:MV3.101 Line 4"], backfeed=False)
    assert answer.summary["losses_w"] == pytest.approx(280302.2, abs=1.0), "pandapower 3.5.6: 0.280302212 MW"
    assert answer.summary["loads_without_power"] == 9 and answer.summary["power_not_supplied_w"] == 3228000.0
    back = simulate_outage(city, ["power.line:MV3.101 Line 4"])
    assert back.summary["loads_without_power"] == 0 and back.summary["switches_closed"] == 1


def island_net(power):
    """A battery of so many MW behind a line, with a load of 1 MW."""
    line = {"length_km": 1.0, "r_ohm_per_km": 0.2, "x_ohm_per_km": 0.1, "max_i_ka": 0.3, "in_service": True}
    return {"bus": [{"name": "a", "vn_kv": 10.0}, {"name": "b", "vn_kv": 10.0}], "line": [{"name": "L", "from_bus": 0, "to_bus": 1, **line}],
            "ext_grid": [{"bus": 0, "vm_pu": 1.0}], "load": [{"name": "w", "bus": 1, "p_mw": 1.0, "q_mvar": 0.2}],
            "storage": [{"name": "s", "bus": 1, "p_mw": 0.0, "sn_mva": power, "max_e_mwh": 2.0, "min_e_mwh": 0.5, "soc_percent": 100.0, "in_service": True}]}


def test_an_island_runs_on_its_battery_if_that_is_strong_enough(built):
    strong, weak = (simulate_outage(built(island_net(power), name=f"n{i}"), ["power.line:L"]) for i, power in enumerate((1.2, 0.6)))
    assert strong.summary["loads_without_power"] == 0 and strong.summary["buses_on_islands"] == 1
    dark = weak.tables["without_power"].to_pylist()[0]
    assert weak.summary["loads_without_power"] == 1 and dark["own_share"] == pytest.approx(0.6) and dark["own_hours"] == pytest.approx(1.5 / 0.6)
    never = simulate_outage(built(island_net(1.2), name="n2"), ["power.line:L"], islands=False)
    assert never.summary["loads_without_power"] == 1 and never.tables["without_power"]["own_hours"][0].as_py() == pytest.approx(1.5)


def test_questions_that_make_no_sense(sample, tmp_path):
    from holdfast.app.cities import create_city

    with pytest.raises(Invalid, match=r"power\.line:nowhere") as caught:
        simulate_outage(sample, ["power.line:nowhere"])
    assert caught.value.where["field"] == "components" and caught.value.fix
    with pytest.raises(NotFound, match="no power network"):
        simulate_outage(create_city(str(tmp_path / "e"), crs="local"), ["power.line:a"])


@pytest.mark.parametrize("name", ["mv_urban", "case33bw"])
def test_single_lines_out_lose_what_pandapower_says(net_city, name):
    """Losses, lowest voltage and who is dark, with normally-open switches left open."""
    answer = ANSWERS[name]
    city = net_city(answer["file"])
    buses = city.table("power.bus", columns=["id"])["id"].to_pylist()
    loads = city.table("power.load", columns=["id", "bus_id"]).to_pylist()
    for label, one in answer["outages"].items():
        found = simulate_outage(city, [f"power.line:{label}"], backfeed=False)
        dead = {bus for bus, voltage in zip(buses, one["voltage"], strict=True) if voltage is None}
        assert found.status == "done" and found.summary["losses_w"] == pytest.approx(one["loss_mw"] * 1e6, rel=1e-5, abs=0.1)
        assert found.summary["lowest_voltage_pu"] == pytest.approx(min(v for v in one["voltage"] if v is not None), abs=6e-6)
        assert {row["id"] for row in found.tables["without_power"].to_pylist()} == {load["id"] for load in loads if load["bus_id"] in dead}
        assert len(dead) == one["dead"]


def test_a_flow_without_solution_is_said_and_connectivity_stands(net_city):
    city = net_city("power/pandapower/case118.json")
    generators = city.table("power.generator", columns=["id"])["id"].to_pylist()
    answer = simulate_outage(city, generators)
    assert answer.status == "diverged" and answer.summary["flow"] == "diverged" and answer.summary["lowest_voltage_pu"] is None
    assert answer.summary["loads_without_power"] == 0
