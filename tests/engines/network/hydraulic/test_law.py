"""The vector laws: values against plain formulas, and packed registers in the machine code."""

from __future__ import annotations

import numpy as np
import pytest
from numba import njit

from holdfast.engines.network.hydraulic import iterate, law
from holdfast.engines.network.hydraulic.arrays import Laws, open_laws
from holdfast.engines.network.lanes import aligned_rows
from holdfast.engines.network.pack import pack
from holdfast.engines.network.sparse import eliminate_grounded


def _laws(**changes) -> Laws:
    count = 5
    slope = np.array([1.0, 10.0, 1e3, 1e-12, 0.0])
    with np.errstate(divide="ignore"):
        inverse = np.minimum(1 / slope, 1e300)
    plain = {"power": 1.852, "slope": slope, "inverse": inverse, "minor": np.array([0.0, 2.0, 0.5, 0.0, 0.0]), "rough": np.zeros(0), "thick": np.zeros(0),
             "elevation": np.zeros(count), "demand_node": np.arange(count), "pressure_driven": True, "low": 0.0, "span": 50.0, "demand_power": 2.0,
             "emitter_power": 2.0, "backflow": True}
    return Laws(**plain | changes)


@njit
def _call(kernel_number, table, flow, state, p, e):
    laws = open_laws(table)
    if kernel_number == 0:
        law.plain_pipes(laws, 5, flow, state, p, e)
    elif kernel_number == 1:
        law.minor_pipes(laws, 0, 5, flow, state, p, e)
    else:
        law.rough_pipes(laws, 5, flow, state, p, e)


def _flows() -> tuple[np.ndarray, ...]:
    flow = aligned_rows(5)
    flow[:] = np.array([-2.0, -0.01, 0.0, 1e-9, 1e-3, 0.3, 5.0, 40.0])
    state = aligned_rows(5, np.int8)
    state[:] = 3
    return flow, state, aligned_rows(5), aligned_rows(5)


@pytest.mark.parametrize("which", [0, 1])
def test_power_law(which):
    laws = _laws()
    flow, state, p, e = _flows()
    state[1, 3] = 2
    table, kept = pack(laws)
    _call(which, table, flow, state, p, e)
    size = np.abs(flow)
    slope = laws.slope[:, None] * size**0.852
    flat = slope < 1e-7
    slope = np.where(flat, 1e-7 / 1.852, slope)
    loss = np.where(flat, slope, slope / 1.852) * flow
    if which == 1:
        loss += laws.minor[:, None] * flow * size
        slope = slope + 2 * laws.minor[:, None] * size
    closed = state <= 2
    np.testing.assert_allclose(p, np.where(closed, 1e-8, 1 / slope), rtol=1e-9)
    np.testing.assert_allclose(e, np.where(closed, 0, loss / slope - flow), rtol=1e-8, atol=1e-12)
    del kept


def test_darcy_weisbach_is_smooth_and_rises():
    laws = _laws(power=2.0, slope=np.full(5, 3.0), rough=np.full(5, 1e-3), thick=np.full(5, 1e-5))
    flow, state, p, e = _flows()
    row = np.linspace(0.001, 0.06, 8)  # Reynolds numbers from 130 through the transition to turbulent flow
    flow[:] = row
    table, kept = pack(laws)
    _call(2, table, flow, state, p, e)
    loss = (e + flow) / p
    assert (np.diff(loss[0]) > 0).all()
    laminar = 16 * np.pi * 1e-5 * 3.0
    assert 1 / p[0, 0] == pytest.approx(laminar, rel=1e-6)
    step = 1e-7
    flow2 = flow.copy()
    flow2[:] = row + step
    p2, e2 = aligned_rows(5), aligned_rows(5)
    _call(2, table, flow2, state, p2, e2)
    np.testing.assert_allclose(((e2 + flow2) / p2 - loss) / step, 1 / p, rtol=2e-2)
    del kept


@njit(nogil=True, error_model="numpy")
def _laws_only(table, flow, state, p, e):
    law.plain_pipes(open_laws(table), 5, flow, state, p, e)


@njit(nogil=True, error_model="numpy")
def _demand_only(table, a, b, c, d, e, f, g):
    law.pressure_demand(open_laws(table), a, b, c, d, e, f, g)


def test_the_laws_work_in_packed_registers():
    table, kept = pack(_laws())
    flow, state, p, e = _flows()
    _laws_only(table, flow, state, p, e)
    rows = [aligned_rows(5) for _ in range(7)]
    _demand_only(table, *rows)
    for function in (_laws_only, _demand_only):
        text = "".join(function.inspect_asm().values())
        packed = text.count("zmm") + text.count("ymm")
        assert packed > 40, function
        assert text.count("vmulsd") + text.count("vdivsd") + text.count("mulsd") < packed / 10
        assert "pow" not in text
    del kept


def test_the_kernels_are_kept_on_disk():
    for function in (iterate.equations, eliminate_grounded, law.plain_pipes):
        assert function._cache is not None
