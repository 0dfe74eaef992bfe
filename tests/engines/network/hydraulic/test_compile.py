"""From model to kernel arrays: every link in its place, curves as EPANET takes them, steps as EPANET adjusts them."""

from __future__ import annotations

import math
import os
from dataclasses import replace

import numpy as np
import pytest
from epanet import toolkit as en

from holdfast.engines.network.hydraulic.arrays import CFS, CLOSED, CONSTANT_POWER, CURVE, FOOT, OPEN, POWER_LAW
from holdfast.engines.network.hydraulic.compile import compile_model, control_target, emitter_law, grouped, pump_law, start_heads
from holdfast.engines.network.hydraulic.epanet import EpanetEngine
from holdfast.engines.network.hydraulic.model import LinkType, Status
from holdfast.engines.network.hydraulic.solve import Solver
from holdfast.model.lifeline import CaseStatus
from small_water import pipe, pump, tank, valve, water


def test_grouped_is_a_stable_sort_without_negative_keys():
    start, order = grouped(np.array([2, 0, -1, 2, 0, 4]), 5)
    assert start.tolist() == [0, 2, 2, 4, 4, 5] and order.tolist() == [1, 4, 0, 3, 5]
    start, order = grouped(np.zeros(0, np.int64), 2)
    assert start.tolist() == [0, 0, 0] and len(order) == 0


@pytest.fixture(scope="module")
def mixed():
    """Two parallel pipes, a loop onto itself, an island, a pump, a valve, minor losses, a reservoir and a tank."""
    links = [pipe(0, 1), valve(1, 2, LinkType.TCV, 5.0), pipe(1, 0, minor_loss=3.0), pump(6, 0, pump_curve=0), pipe(2, 3), pipe(3, 3), pipe(4, 5), pipe(2, 7)]
    return water([0.0] * 6, [0.001] * 6, [20.0, 30.0], links, tanks={1: tank()}, curves=(np.array([[0.02, 15.0]]),))


def test_links_are_sorted_by_law_and_found_again(mixed):
    c = compile_model(mixed)
    np.testing.assert_array_equal(c.order[c.place], np.arange(mixed.links))
    sorted_kind, minor = mixed.link_type[c.order], mixed.minor_loss[c.order]
    assert (sorted_kind[: c.network.pipes] <= LinkType.PIPE).all() and (sorted_kind[c.network.pipes:] > LinkType.PIPE).all()
    assert (minor[: c.network.plain] == 0.0).all() and (minor[c.network.plain : c.network.pipes] > 0.0).all()
    np.testing.assert_array_equal(c.network.head, mixed.link_from[c.order])
    np.testing.assert_array_equal(c.network.tail, mixed.link_to[c.order])


def test_every_link_enters_the_equations_once(mixed):
    """Rows hold each end of a link at a junction once with its sign; entries of the matrix hold each link between two junctions once; a loop none."""
    n = compile_model(mixed).network
    balance = np.zeros((n.junctions, n.links))
    for r, node in enumerate(n.row):
        at = slice(n.row_start[r], n.row_start[r + 1])
        np.add.at(balance[node], n.row_link[at], n.row_sign[at])
    expected = np.zeros((n.nodes, n.links))
    for k, (i, j) in enumerate(zip(n.head, n.tail, strict=True)):
        expected[i, k] += 1.0
        expected[j, k] -= 1.0
    np.testing.assert_array_equal(balance, expected[: n.junctions])
    inner = np.flatnonzero((n.head < n.junctions) & (n.tail < n.junctions) & (n.head != n.tail))
    assert sorted([*n.single_link.tolist(), *n.double_link.tolist()]) == inner.tolist()
    parallel = n.double_link[n.double_start[0] : n.double_start[1]]
    assert {tuple(sorted((int(n.head[k]), int(n.tail[k])))) for k in parallel} == {(0, 1)} and len(parallel) == 2
    assert sorted(n.fixed_junction.tolist()) == [0, 2]


def test_what_no_chain_of_links_joins_to_a_source_is_stranded(mixed):
    assert compile_model(mixed).network.stranded.tolist() == [4, 5]


def test_hazen_williams_manning_and_emitters_by_hand():
    hazen, manning = 10.667 * (0.03 / 110.0) ** 1.852 / 0.2**4.871 * 100.0, 10.29 * (0.03 * 0.012) ** 2 / 0.2**5.333 * 100.0
    for form, rough, expected in (("H-W", 110.0, hazen), ("C-M", 0.012, manning)):
        laws = compile_model(water([0.0], [0.01], [30.0], [pipe(1, 0, roughness=rough)], options={"headloss": form})).laws
        loss = laws.slope[0] / laws.power * (0.03 / CFS) ** laws.power * FOOT
        assert loss == pytest.approx(expected, rel=6e-3)  # EPANET rounds a cube root of 3.28 to 1.49
    model = water([0.0], [0.0], [30.0], [pipe(1, 0)], options={"emitter_exponent": 0.6})
    flow = 0.002 * 17.0**0.6  # [m3/s] at 17 m
    assert emitter_law(model, np.array([0.002]))[0] * (flow / CFS) ** (1 / 0.6) * FOOT == pytest.approx(17.0)


def test_a_pump_curve_of_one_point_is_epanets_parabola():
    kind, shutoff, resistance, power, top, design = pump_law(np.array([[2.0, 90.0]]), 0.0)
    assert kind == POWER_LAW and power == pytest.approx(2.0, abs=1e-3)
    assert -shutoff == top == pytest.approx(120.0, rel=1e-4) and design == 2.0
    assert top - resistance * 2.0**power == pytest.approx(90.0) and top - resistance * 4.0**power == pytest.approx(0.0, abs=1e-9)


def test_a_pump_curve_of_three_points_passes_through_them():
    points = np.array([[0.0, 60.0], [3.0, 50.0], [5.0, 31.0]])
    kind, shutoff, resistance, power, top, _ = pump_law(points, 0.0)
    assert kind == POWER_LAW and top == -shutoff == 60.0
    np.testing.assert_allclose(top - resistance * points[:, 0] ** power, points[:, 1])


def test_other_curves_are_taken_piece_by_piece_and_power_as_horsepower():
    assert pump_law(np.array([[1.0, 60.0], [3.0, 50.0], [5.0, 31.0]]), 0.0)[::4] == (CURVE, 60.0)  # three points, but none at rest
    assert pump_law(np.array([[0.0, 60.0], [3.0, 50.0]]), 0.0)[0] == CURVE
    kind, _, resistance, *_ = pump_law(None, 7457.0)
    assert kind == CONSTANT_POWER and -resistance == pytest.approx(10 * 8.814)  # head = 8.814 hp / flow


@pytest.mark.parametrize("points", [
    [[0.0, 50.0]], [[-1.0, 50.0]], [[2.0, 0.0]], [[0.0, 50.0], [1.0, 50.0]], [[1.0, 50.0], [1.0, 40.0]], [[0.0, 50.0], [2.0, 60.0], [4.0, 40.0]],
    [[0.0, 50.0], [2.0, 49.9999999], [4.0, 0.0]], [[0.0, 50.0], [2.0, 40.0], [4.0, 30.0], [3.0, 20.0]], [],
])  # fmt: skip
def test_curves_without_falling_head_are_refused(points):
    """Which sends the network to EPANET and its own words, see `Solver.features`."""
    with pytest.raises(ValueError, match=r"head does not fall|power law"):
        pump_law(np.array(points, float).reshape(-1, 2), 0.0)


@pytest.mark.parametrize("steps", [
    {}, {"pattern_step": 900.0}, {"report_step": 600.0}, {"hydraulic_step": 7200.0}, {"hydraulic_step": 0.0}, {"rule_step": 7200.0}, {"rule_step": 0.0},
    {"hydraulic_step": 300.0, "rule_step": 60.0}, {"report_step": 5400.0, "pattern_step": 7200.0, "hydraulic_step": 7200.0},
])  # fmt: skip
def test_steps_are_adjusted_as_epanet_does_on_reading_a_file(steps, tmp_path):
    model = water([0.0], [0.001], [30.0], [pipe(1, 0)], options=steps)
    o, ours = model.options, compile_model(model).limits
    text = "[JUNCTIONS]\nA 0 1\n[RESERVOIRS]\nR 30\n[PIPES]\np R A 100 200 110 0 Open\n[OPTIONS]\nUnits LPS\n[TIMES]\n"
    for name in ("hydraulic_step", "pattern_step", "report_step", "rule_step"):
        text += f"{name.split('_')[0]} Timestep {getattr(o, name):g} SEC\n"
    (tmp_path / "a.inp").write_text(text.replace("hydraulic", "Hydraulic").replace("pattern", "Pattern").replace("report T", "Report T").replace("rule", "Rule") + "[END]\n")
    project = en.createproject()
    en.open(project, str(tmp_path / "a.inp"), os.devnull, "")
    codes = {"hydraulic_step": en.HYDSTEP, "pattern_step": en.PATTERNSTEP, "report_step": en.REPORTSTEP, "rule_step": en.RULESTEP}
    theirs = {name: en.gettimeparam(project, code) for name, code in codes.items()}
    en.close(project)
    en.deleteproject(project)
    assert {name: getattr(ours, name) for name in theirs} == theirs


def test_where_links_and_tanks_start(mixed):
    c = compile_model(mixed)
    assert (c.state == OPEN).all()  # a throttle valve follows no head: it is open with a loss
    np.testing.assert_allclose(start_heads(mixed) * FOOT, [20.0, 33.0])
    np.testing.assert_allclose(c.fixed.lowest * FOOT, [20.0, 30.0])
    np.testing.assert_allclose(c.fixed.highest * FOOT, [20.0, 36.0])
    assert (c.fixed.most - c.fixed.least)[1] * CFS == pytest.approx(300.0)


@pytest.mark.parametrize(("kind", "status", "setting", "state", "value"), [
    (LinkType.PIPE, Status.CLOSED, None, CLOSED, math.nan), (LinkType.PIPE, Status.OPEN, None, OPEN, math.nan), (LinkType.PIPE, None, 0.0, CLOSED, 0.0),
    (LinkType.PUMP, Status.CLOSED, None, CLOSED, 0.0), (LinkType.PUMP, Status.OPEN, None, OPEN, 1.0), (LinkType.PUMP, None, 0.0, CLOSED, 0.0),
    (LinkType.PUMP, None, 0.7, OPEN, 0.7),
    (LinkType.PRV, Status.OPEN, None, OPEN, math.nan), (LinkType.PRV, None, 30.48, 4, 100.0), (LinkType.FCV, None, CFS, 4, 1.0), (LinkType.TCV, None, 8.0, 4, 8.0),
])  # fmt: skip
def test_what_a_control_makes_of_a_link(kind, status, setting, state, value):
    got = control_target(int(kind), status, setting)
    assert got[0] == state and got[1] == pytest.approx(value, nan_ok=True)


def test_loops_and_islands_are_answered_where_epanet_gives_up(mixed):
    """The loop carries nothing, the island gets nothing; joined by that link instead, all of it is EPANET's."""
    assert EpanetEngine(mixed).snapshot().status.tolist() == [CaseStatus.SINGULAR]
    found = Solver(mixed).snapshot()
    assert found.solved.all() and np.flatnonzero(np.isnan(found.head[0])).tolist() == [4, 5] and abs(found.flow[0, 5]) < 1e-6
    joined = replace(mixed, link_to=np.where(np.arange(mixed.links) == 5, 4, mixed.link_to))
    ours, theirs = Solver(joined).snapshot(), EpanetEngine(joined).snapshot()
    assert ours.solved.all() and theirs.solved.all()
    np.testing.assert_allclose(ours.head, theirs.head, atol=1e-3)
    np.testing.assert_allclose(ours.flow, theirs.flow, atol=2e-6)
