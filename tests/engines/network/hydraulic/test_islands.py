"""Junctions cut off, against SciPy's connected components."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from scipy.sparse import coo_array
from scipy.sparse.csgraph import connected_components

from holdfast.engines.network.hydraulic.answers import Cases
from holdfast.engines.network.hydraulic.model import Control, ControlType, LinkType, Status
from holdfast.engines.network.hydraulic.solve import Solver
from small_water import pipe, valve, water


def _reached(model, open_: np.ndarray) -> np.ndarray:
    ends = model.link_from[open_], model.link_to[open_]
    _, label = connected_components(coo_array((np.ones(len(ends[0])), ends), shape=(model.nodes, model.nodes)), directed=False)
    return np.isin(label, label[model.junctions:])


@pytest.fixture(scope="module")
def web():
    """40 junctions, two sources, 70 pipes anywhere: parallel pipes and loops among them, some parts without any way to a source."""
    rng = np.random.default_rng(3)
    ends = rng.integers(0, 42, (70, 2))
    ends = ends[ends[:, 0] != ends[:, 1]]
    return water([0.0] * 40, [1e-4] * 40, [40.0, 41.0], [pipe(int(a), int(b)) for a, b in ends])


@pytest.mark.parametrize("driven", ["DDA", "PDA"])
def test_cut_off_is_what_no_open_link_joins_to_a_source(web, driven):
    model = replace(web, options=replace(web.options, demand_model=driven, required_pressure=10.0))
    rng = np.random.default_rng(7)
    status = np.where(rng.random((30, model.links)) < np.linspace(0.0, 1.0, 30)[:, None], 0, -1).astype(np.int8)
    found = Solver(model).snapshot(Cases(30, status=status))
    assert found.solved.all()
    for case in range(30):
        reached = _reached(model, status[case] != 0)
        np.testing.assert_array_equal(np.isfinite(found.head[case]), reached)
        np.testing.assert_allclose(found.delivered[case, :40], np.where(reached[:40], 1e-4, 0.0), atol=1e-8)


def test_a_way_that_closes_by_itself_cuts_off_too():
    """A check valve against the flow, and a reducing valve that shuts: nobody closed them, and yet behind them there is nothing."""
    against = water([0.0, 0.0], [0.001, 0.001], [30.0], [pipe(2, 0), pipe(1, 0, LinkType.CVPIPE)])
    found = Solver(against).snapshot()
    assert found.solved.all() and np.isnan(found.head[0, 1]) and found.delivered[0, 1] == 0.0
    assert found.open[0].tolist() == [True, False]
    fed = water([0.0, 0.0, 0.0], [0.001, 0.001, 0.001], [30.0], [pipe(3, 0), pipe(0, 1), valve(1, 2, LinkType.PRV, 20.0)])
    found = Solver(fed).snapshot(Cases(2, status=np.array([[-1, -1, -1], [-1, 0, -1]], np.int8)))
    assert found.solved.all() and np.isfinite(found.head[0]).all()
    assert np.isnan(found.head[1]).tolist() == [False, True, True, False]


def test_islands_that_come_and_go_in_time():
    """What is closed by a control for some hours has no head then and the same head as before afterwards."""
    controls = (Control(ControlType.TIMER, 1, Status.CLOSED, None, -1, 7200.0), Control(ControlType.TIMER, 1, Status.OPEN, None, -1, 14400.0))
    model = water([0.0, 0.0], [0.001, 0.002], [30.0], [pipe(2, 0), pipe(0, 1)], controls=controls)
    found = Solver(model).extended(hours=6.0)
    there = np.isfinite(found.head[0, :, 1])
    assert there.tolist() == [True, True, False, False, True, True, True]
    assert found.delivered[0, :, 1] == pytest.approx(np.where(there, 0.002, 0.0), abs=1e-8)
    assert found.head[0, there, 1] == pytest.approx(found.head[0, 0, 1], abs=1e-4)
