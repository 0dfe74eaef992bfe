"""What is read from a project comes back in SI and in the model's order, whatever the unit, and says what no source reaches."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from epanet import toolkit as en

from holdfast.engines.network.hydraulic.answers import Cases
from holdfast.engines.network.hydraulic.epanet import EpanetEngine
from holdfast.engines.network.hydraulic.epanet_build import Scale, open_project
from holdfast.engines.network.hydraulic.epanet_read import Buffer, Reader, connected
from holdfast.engines.network.hydraulic.model import Status
from small_water import pipe, tank, water


def town(unit: str = "LPS", **options):
    made = water([10.0, 0.0, 5.0], [0.004, 0.002, 0.003], [40.0, 30.0], [pipe(3, 0), pipe(0, 1), pipe(2, 4), pipe(1, 2)], tanks={1: tank()},
                 emitter=np.array([0.0, 1e-3, 0.0, 0.0, 0.0]), options=options)  # fmt: skip
    return replace(made, options=replace(made.options, extra={"UNITS": unit}))


def test_a_buffer_and_its_view_are_the_same_memory():
    buffer = Buffer(3)
    buffer.array[1] = 4.5
    assert buffer.view[1] == 4.5 and buffer.view.shape == (3,)
    buffer.view[2] = -1.0
    assert buffer.array[2] == -1.0


@pytest.mark.parametrize("unit", ["LPS", "GPM", "MGD", "CMD"])
def test_answers_are_si_whatever_the_unit(unit):
    found, usual = EpanetEngine(town(unit)).snapshot(), EpanetEngine(town()).snapshot()
    np.testing.assert_allclose(found.head, usual.head, atol=1e-3)
    np.testing.assert_allclose(found.flow, usual.flow, rtol=1e-4, atol=1e-7)
    np.testing.assert_allclose(found.wanted[0, :3], [0.004, 0.002, 0.003], rtol=1e-6)
    pressure = found.head[0, 1] - 0.0
    assert found.leak[0, 1] == pytest.approx(1e-3 * np.sqrt(pressure), rel=1e-3)  # 1 L/s at 1 m
    net = found.flow[0] @ (np.eye(5)[town().link_to] - np.eye(5)[town().link_from])
    np.testing.assert_allclose(net[:3], (found.delivered + found.leak)[0, :3], atol=1e-7)


def test_a_fresh_reading_is_nan_and_shut():
    out = Reader.empty((2, 3), town())
    assert out["head"].shape == (2, 3, 5) and np.isnan(out["head"]).all() and out["flow"].shape == (2, 3, 4) and not out["open"].any()


def test_values_are_copies_and_a_model_without_links_has_none():
    made = town()
    project = open_project(made)
    reader = Reader(project, made, Scale(made))
    first = reader.node(en.ELEVATION)
    reader.node(en.TANKLEVEL)
    np.testing.assert_allclose(first, made.elevation)
    en.deleteproject(project)
    bare = replace(made, **{name: getattr(made, name)[:0] for name in ("link_type", "link_from", "link_to")}, link_id=made.link_id.slice(0, 0))
    assert len(Reader(0, bare, Scale(made)).link(en.FLOW)) == 0


def test_what_is_connected():
    made = town()
    all_open = np.ones(4, bool)
    assert connected(made, all_open).all()
    assert connected(made, np.array([False, True, True, False])).tolist() == [False, False, True, True, True]
    assert connected(made, np.zeros(4, bool)).tolist() == [False, False, False, True, True]
    dry = replace(made, node_type=np.zeros(5, np.int8))
    assert not connected(dry, all_open).any()


@pytest.mark.parametrize("driven", ["DDA", "PDA"])
def test_what_is_cut_off_has_no_head_and_gets_nothing_although_epanet_says_so(driven):
    """Demand-driven EPANET serves what is behind closed pipes through their tiny conductance, with heads of minus millions."""
    status = np.array([[Status.CLOSED, -1, -1, Status.CLOSED]], np.int8)
    found = EpanetEngine(town(demand_model=driven, required_pressure=10.0)).snapshot(Cases(1, status=status))
    assert np.isnan(found.head[0]).tolist() == [True, True, False, False, False]
    assert found.delivered[0, :2].tolist() == [0.0, 0.0] and found.leak[0].sum() == 0.0
    assert found.delivered[0, 2] == pytest.approx(0.003, rel=1e-4) and found.wanted[0, 0] == pytest.approx(0.004, rel=1e-4)
