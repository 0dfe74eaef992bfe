"""City -> power model: reference answers, outages as the assets mean them, and bad data."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pyarrow as pa
import pytest

from holdfast.domains.power.grid import build_grid
from holdfast.engines.network.power.model import ENGINES, BranchKind
from holdfast.engines.network.power.solve import Solver
from holdfast.model.lifeline import CaseStatus, Command
from net_files import point

ANSWERS = json.loads((Path(__file__).parents[2] / "peers" / "pandapower_answers.json").read_text(encoding="utf-8"))["nets"]
"""Figures of pandapower 3.5.6; tests/peers/pandapower_answers.py makes them."""


def expected(answer):
    return np.array([np.nan if v is None else v for v in answer["voltage"]])


def permitted(city, grid):
    """(branch,) loading that lines and transformers are permitted: the reference counts from the rating, ours from what is permitted of it."""
    tables = [city.table(kind, columns=["id", "max_loading"]) for kind in ("power.line", "power.transformer")]
    share = {row["id"]: row["max_loading"] or 1.0 for table in tables for row in table.to_pylist()}
    return np.array([share.get(name, 1.0) for name in grid.component_id.take(pa.array(grid.branch_component)).to_pylist()])


@pytest.mark.clause("1d", "1k")
@pytest.mark.parametrize("name", sorted(ANSWERS))
def test_voltages_and_losses_are_those_of_pandapower(net_city, name):
    answer = ANSWERS[name]
    city = net_city(answer["file"])
    grid = build_grid(city)
    flow = Solver(grid.model).base
    buses = grid.span("bus").stop
    assert flow.status[0] == CaseStatus.SOLVED and len(grid.findings) == 0
    voltage = flow.magnitude[0, :buses]
    assert len(voltage) == len(answer["voltage"]) and np.abs(voltage - expected(answer)).max() < 1e-7
    assert np.nanmax(flow.loading(grid.model)[0] * permitted(city, grid)) * 100 == pytest.approx(answer["max_loading"], rel=1e-7, abs=1e-6)
    assert flow.loss[0] / 1e6 == pytest.approx(answer["loss_mw"], rel=1e-6)
    lines = grid.model.branch_kind == BranchKind.LINE
    assert (flow.s_from[0] + flow.s_to[0])[lines].real.sum() / 1e6 == pytest.approx(answer["line_loss_mw"], rel=1e-6)
    assert ENGINES[flow.engine[0]] == {"case118": "holdfast newton", "schutterwald": "power-grid-model", "micropolis": "power-grid-model"}.get(name, "holdfast sweep")


@pytest.mark.parametrize("name", ["mv_urban", "case33bw", "case118"])
def test_single_lines_out_are_those_of_pandapower(net_city, name):
    answer = ANSWERS[name]
    grid = build_grid(net_city(answer["file"]))
    outages = list(answer["outages"].items())
    available = grid.base(len(outages))
    for case, (label, _) in enumerate(outages):
        available[case, grid.find([f"power.line:{label}"])[0]] = False
    flow = Solver(grid.model).solve(grid.cases(available))
    for case, (_, one) in enumerate(outages):
        voltage, wanted = flow.magnitude[case, : grid.span("bus").stop], expected(one)
        assert (np.isnan(voltage) == np.isnan(wanted)).all() and np.isnan(voltage).sum() == one["dead"]
        assert np.nanmax(np.abs(voltage - wanted)) < 1e-6
        assert flow.loss[case] / 1e6 == pytest.approx(one["loss_mw"], rel=1e-5)


@pytest.mark.parametrize(("name", "low", "high", "loading"), [("mv_urban", 0.9662, 1.0250, 71.9), ("lv_urban6", 0.9813, 1.0250, None),
                                                              ("schutterwald", 0.86899, 0.96500, None)])  # fmt: skip
def test_extremes_are_those_known_of_the_nets(net_city, name, low, high, loading):
    """The digits that are known of these nets: lowest and highest voltage, and the highest loading of a line or transformer in % of its rating."""
    city = net_city(ANSWERS[name]["file"])
    grid = build_grid(city)
    flow = Solver(grid.model).base
    voltage = flow.magnitude[0, : grid.span("bus").stop]
    digits = 5 if name == "schutterwald" else 4
    assert (round(voltage.min(), digits), round(voltage.max(), digits)) == (low, high)
    assert loading is None or round(np.nanmax(flow.loading(grid.model)[0] * permitted(city, grid)) * 100, 1) == loading


def test_published_answers(net_city):
    """Baran and Wu's feeder loses 202.68 kW; the 118-bus case loses 132.863 MW [recalled]."""
    for file, loss in (("power/pandapower/case33bw.json", 202.68e3), ("power/pandapower/case118.json", 132.863e6)):
        assert Solver(build_grid(net_city(file)).model).base.loss[0] == pytest.approx(loss, rel=1e-4)


BUSES = [{"name": "h", "vn_kv": 110.0, "geo": point(11.0, 53.0)}, {"name": "m", "vn_kv": 10.0, "geo": point(11.001, 53.0), "substation": "S"},
         {"name": "a", "vn_kv": 10.0, "geo": point(11.002, 53.0)}, {"name": "b", "vn_kv": 10.0, "geo": point(11.003, 53.0)}]
UNIT = {"name": "T", "hv_bus": 0, "lv_bus": 1, "sn_mva": 25.0, "vn_hv_kv": 110.0, "vn_lv_kv": 10.0, "vk_percent": 12.0, "vkr_percent": 0.4, "pfe_kw": 14.0, "i0_percent": 0.07,
        "shift_degree": 150.0, "in_service": True}
CABLE = {"name": "A", "from_bus": 1, "to_bus": 2, "length_km": 1.0, "r_ohm_per_km": 0.2, "x_ohm_per_km": 0.1, "c_nf_per_km": 300.0, "max_i_ka": 0.3, "in_service": True}
NET = {"bus": BUSES, "trafo": [UNIT], "line": [CABLE, {**CABLE, "name": "B", "from_bus": 2, "to_bus": 3}, {**CABLE, "name": "C", "from_bus": 3, "to_bus": 1}],
       "load": [{"name": "a", "bus": 2, "p_mw": 1.0, "q_mvar": 0.3}, {"name": "b", "bus": 3, "p_mw": 2.0}], "ext_grid": [{"bus": 0, "vm_pu": 1.0}],
       "substation": [{"name": "S"}],
       "switch": [{"bus": 1, "element": 2, "et": "l", "closed": False, "name": "tie"}, {"bus": 1, "element": 0, "et": "l", "closed": True, "name": "cb"}]}


def out(grid, *ids):
    available = grid.base()
    available[0, grid.find(list(ids))] = False
    return available


def dark(grid, available, **more):
    """Names of buses without power."""
    flow = Solver(grid.model).solve(grid.cases(available, **more))
    return {name.partition(":")[2] for name, v in zip(grid.component_id.to_pylist(), flow.magnitude[0, : grid.span("bus").stop], strict=False) if np.isnan(v)}


def test_what_the_loss_of_an_asset_means(built):
    grid = build_grid(built(NET))
    assert len(grid.findings) == 0 and dark(grid, grid.base()) == set()
    assert dark(grid, out(grid, "power.line:A")) == {"a", "b"}, "the tie at C is open"
    assert dark(grid, out(grid, "power.switch:cb")) == {"a", "b"}, "a broken breaker is an open one"
    assert dark(grid, out(grid, "power.bus:a")) == {"a", "b"}
    assert dark(grid, out(grid, "power.transformer:T")) == {"m", "a", "b"}
    assert dark(grid, out(grid, "power.substation:S")) == {"m", "a", "b"}
    assert dark(grid, out(grid, "power.external_grid:0")) == {"h", "m", "a", "b"}
    flow = Solver(grid.model).solve(grid.cases(out(grid, "power.load:b")))
    assert -flow.s_to[0, 0].real == pytest.approx(1e6, rel=1e-2), "one load is left on A"


def test_switches_that_move(built):
    grid = build_grid(built(NET))
    lost, tie, breaker = grid.base(), int(grid.find(["power.switch:tie"])[0]), int(grid.find(["power.switch:cb"])[0])
    lost[0, grid.find(["power.line:A"])] = False
    assert dark(grid, lost, moved={tie: True}) == set()
    command = np.zeros((1, grid.components), np.int8)
    command[0, breaker] = Command.CLOSED
    assert dark(grid, grid.base(), command=command) == {"a", "b"}, "told to interrupt"
    command[0, [breaker, tie]] = Command.OPEN
    assert dark(grid, lost, command=command) == set(), "told to conduct"
    command[0, [breaker, tie]] = Command.FROZEN
    assert dark(grid, grid.base(), command=command) == set()


def test_a_bus_coupler_and_an_element_switch_with_its_end_already_open(built):
    couplers = [{"bus": 1, "element": 2, "et": "b", "closed": True, "name": "k"}]
    grid = build_grid(built({**NET, "line": NET["line"][1:2], "switch": couplers, "substation": [], "bus": [{k: v for k, v in bus.items() if k != "substation"} for bus in BUSES]}))
    assert dark(grid, grid.base()) == set() and dark(grid, out(grid, "power.switch:k")) == {"a", "b"}


def rules(city):
    grid = build_grid(city)
    return grid, grid.findings.by_rule()


def test_bad_data_becomes_findings_and_the_rest_is_solved(built):
    tables = {**NET, "line": [*NET["line"], {**CABLE, "name": "zero", "from_bus": 1, "to_bus": 2, "r_ohm_per_km": 0.0, "x_ohm_per_km": 0.0},
                              {**CABLE, "name": "odd", "from_bus": 0, "to_bus": 2}, {"name": "bare", "from_bus": 2, "to_bus": 3, "in_service": True}],
              "trafo": [UNIT, {**UNIT, "name": "bad", "vk_percent": 0.0}, {**UNIT, "name": "small", "sn_mva": -1.0}, {**UNIT, "name": "wrong", "vn_lv_kv": 0.4}]}
    grid, found = rules(built(tables))
    assert found == {"power.zero_impedance": 1, "power.voltage_mismatch": 1, "power.no_impedance": 1, "power.transformer_data": 3}
    flow = Solver(grid.model).base
    assert flow.status[0] == 0 and np.isfinite(flow.voltage).all()
    assert all(row["fix"] and row["severity"] in ("error", "warning") for row in grid.findings.table().to_pylist())
    a, b = grid.find(["power.bus:m", "power.bus:a"])
    assert flow.voltage[0, a] == flow.voltage[0, b], "a line without impedance joins its ends"


def test_a_net_without_source_and_an_island_are_dark_and_solved(built):
    grid, found = rules(built({**NET, "ext_grid": []}))
    flow = Solver(grid.model).base
    assert found == {} and flow.status[0] == 0 and np.isnan(flow.voltage).all() and ENGINES[flow.engine[0]] == "none"
    island = build_grid(built({**NET, "line": NET["line"][1:2]}, name="island"))
    assert dark(island, island.base()) == {"a", "b"}


def test_a_bus_without_voltage_takes_that_of_its_neighbours(built):
    buses = [*BUSES[:3], {"name": "b", "geo": point(11.003, 53.0)}, {"name": "lonely", "geo": point(11.01, 53.0)}]
    grid, found = rules(built({**NET, "bus": buses}))
    assert grid.model.node_rated[3] == 10e3 and found == {"power.no_voltage": 1}
    assert dark(grid, grid.base()) == {"lonely"}


def test_three_windings(built):
    three = {"name": "W", "hv_bus": 0, "mv_bus": 1, "lv_bus": 4, "sn_hv_mva": 63.0, "sn_mv_mva": 40.0, "sn_lv_mva": 20.0, "vn_hv_kv": 110.0, "vn_mv_kv": 10.0, "vn_lv_kv": 0.4,
             "vk_hv_percent": 10.5, "vk_mv_percent": 6.5, "vk_lv_percent": 18.0, "vkr_hv_percent": 0.3, "vkr_mv_percent": 0.3, "vkr_lv_percent": 0.4, "pfe_kw": 30.0,
             "i0_percent": 0.1, "in_service": True}
    buses = [*BUSES, {"name": "l", "vn_kv": 0.4, "geo": point(11.0, 53.0)}]
    grid, found = rules(built({**NET, "bus": buses, "trafo": [], "trafo3w": [three], "load": [*NET["load"], {"bus": 4, "p_mw": 5.0, "q_mvar": 1.0}]}))
    flow = Solver(grid.model).base
    assert found == {} and flow.status[0] == 0 and flow.live.all()
    # pandapower 3.5.6, runpp with trafo3w_losses="hv" (its default), the same net: voltages, and loadings of A, B and the transformer in %
    assert np.abs(flow.magnitude[0, :5] - [1.0, 0.9933034, 0.98691897, 0.98286095, 0.98703716]).max() < 2e-8
    loading = flow.loading(grid.model)[0] * 100
    assert np.allclose(loading[:2], [58.92608297, 39.16264376], rtol=1e-7)
    assert loading[grid.model.branch_kind == BranchKind.WINDING].max() == pytest.approx(25.829926798, rel=1e-7)
    assert dark(grid, out(grid, "power.transformer3:W")) == {"m", "a", "b", "l"}
