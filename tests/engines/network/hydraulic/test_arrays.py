"""The kernels' tables: what is written must reach the caller's arrays, and every number must have its declared place."""

from __future__ import annotations

from typing import get_type_hints

import numpy as np
import pytest
from numba import njit

from holdfast.engines.network.hydraulic import arrays
from holdfast.engines.network.hydraulic.answers import Cases
from holdfast.engines.network.hydraulic.compile import compile_model
from holdfast.engines.network.hydraulic.solve import Solver
from holdfast.engines.network.pack import pack
from small_water import pipe, pump, tank, water

PACKS = (arrays.Network, arrays.Laws, arrays.Devices, arrays.Fixed, arrays.Schedule, arrays.Rules, arrays.Limits, arrays.Lanes, arrays.Batch, arrays.Output)


@pytest.fixture(scope="module")
def solver():
    links = [pump(3, 0, pump_curve=0), pipe(0, 1), pipe(1, 2), pipe(2, 4)]
    return Solver(water([0.0] * 3, [0.001] * 3, [10.0, 30.0], links, tanks={1: tank()}, curves=(np.array([[0.01, 30.0]]),)))


@pytest.mark.parametrize("keep", [("head", "supply", "flow"), ("sums",), ("end",)])
def test_working_and_result_arrays_are_handed_over_and_not_copied(solver, keep):
    """A copy would be filled and thrown away."""
    batch = solver._batch(Cases(3), np.zeros(3, np.int64))
    for value in (solver._lanes(batch), solver._output(3, 2, keep)):
        _, kept = pack(value)
        given = [item for item in value if isinstance(item, np.ndarray)]
        assert len(given) == len(kept)
        for name, mine, theirs in zip(value._fields, given, kept, strict=True):
            assert theirs is mine or (theirs.ctypes.data == mine.ctypes.data and theirs.shape == mine.shape), name


def test_the_equations_share_their_right_side_with_the_heads(solver):
    lanes = solver._lanes(solver._batch(Cases(1), np.zeros(1, np.int64)))
    assert lanes.right.ctypes.data == lanes.head.ctypes.data and lanes.right.shape == (3, 8) and lanes.head.shape == (5, 8)
    assert lanes.flow.ctypes.data % 64 == 0  # packed registers are loaded from cache lines


def test_a_table_of_every_kind_can_be_made_and_has_the_declared_fields(solver):
    c = compile_model(solver.model)
    batch = solver._batch(Cases(2), np.zeros(2, np.int64))
    made = (c.network, c.laws, c.devices, c.fixed, c.schedule, c.rules, c.limits, solver._lanes(batch), batch, solver._output(2, 1, ("head",)))
    for kind, value in zip(PACKS, made, strict=True):
        assert isinstance(value, kind) and len(value) == len(get_type_hints(kind))
        table, _ = pack(value)
        assert table.dtype == np.int64 and len(table) == 4 * len(value)


@njit
def _read(limits, laws, batch):
    a, b, c = arrays.open_limits(limits), arrays.open_laws(laws), arrays.open_batch(batch)
    return a.accuracy, a.trials, a.clock, b.power, b.pressure_driven, b.span, len(c.begin), c.begin[1], c.resume


def test_compiled_code_reads_what_was_packed(solver):
    c = compile_model(solver.model)
    batch = solver._batch(Cases(2), np.array([5, 3600]))
    packed = [pack(part) for part in (c.limits, c.laws, batch)]
    found = _read(*(table for table, _ in packed))
    assert found == (c.limits.accuracy, c.limits.trials, c.limits.clock, 1.852, False, pytest.approx(0.07 / 0.3048, abs=1e-6), 2, 3600, False)


def test_states_and_constants_are_epanets():
    """Its source, types.h and enumstxt.h: what is at most CLOSED lets nothing through; a flow of 1e-6 cfs stands for none."""
    assert (arrays.XHEAD, arrays.TEMPCLOSED, arrays.CLOSED, arrays.OPEN, arrays.ACTIVE, arrays.XFLOW, arrays.XFCV, arrays.XPRESSURE) == (0, 1, 2, 3, 4, 5, 6, 7)
    assert np.isclose(arrays.CFS, 0.028316846592)
    assert (arrays.BIG, arrays.SMALL, arrays.FLAT, arrays.HEAD_TOLERANCE, arrays.FLOW_TOLERANCE, arrays.NO_FLOW) == (1e8, 1e-6, 1e-7, 5e-4, 1e-4, 1e-6)
    numbers = [arrays.SHARE, arrays.LEAK_LAW, arrays.LEVEL, arrays.TAIL_FLOW, arrays.LEAK_FLOW, arrays.P1, arrays.E1, arrays.P2, arrays.E2, arrays.P3, arrays.E3]
    assert sorted(numbers) == list(range(11))


def test_an_array_of_another_rank_is_refused(solver):
    laws = compile_model(solver.model).laws
    with pytest.raises(ValueError, match=r"Laws.slope has 2 dimensions"):
        pack(laws._replace(slope=np.zeros((2, 2))))
