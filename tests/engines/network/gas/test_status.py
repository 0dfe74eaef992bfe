"""Regulators and compressors decide, and gas finds its way, on numbers that can be followed by eye."""

from __future__ import annotations

import numpy as np
import pytest

from holdfast.engines.network.gas.status import ACTIVE, CLOSED, COMPRESSOR, DEAD, FREE, HELD, OPEN, REGULATOR, change, reach

SMALL = (1e-9, 1e-3)


@pytest.mark.parametrize(("now", "flow", "before", "behind", "fixed", "then"), [
    (ACTIVE, 1.0, 9.0, 4.0, False, ACTIVE), (ACTIVE, 1.0, 3.0, 4.0, False, OPEN), (ACTIVE, -1.0, 9.0, 4.0, False, CLOSED), (ACTIVE, 1.0, 9.0, 5.0, False, CLOSED),
    (ACTIVE, 1.0, 9.0, 4.0, True, OPEN), (OPEN, 1.0, 9.0, 5.0, False, ACTIVE), (OPEN, 1.0, 3.9, 3.5, False, OPEN), (OPEN, -1.0, 3.0, 3.5, False, CLOSED),
    (CLOSED, 0.0, 9.0, 3.0, False, ACTIVE), (CLOSED, 0.0, 3.5, 3.0, False, OPEN), (CLOSED, 0.0, 9.0, 6.0, False, CLOSED), (CLOSED, 0.0, 9.0, 3.0, True, OPEN)])
def test_a_regulator_that_holds_four(now, flow, before, behind, fixed, then):
    assert change(REGULATOR, now, flow, before, behind, 4.0, 0.0, *SMALL, fixed) == then


@pytest.mark.parametrize(("now", "flow", "before", "behind", "fixed", "then"), [
    (ACTIVE, 1.0, 3.0, 4.0, False, ACTIVE), (ACTIVE, 1.0, 5.0, 4.0, False, OPEN), (ACTIVE, 1.0, 3.0, 5.0, False, CLOSED), (ACTIVE, -1.0, 3.0, 4.0, False, CLOSED),
    (OPEN, 1.0, 3.0, 2.9, False, ACTIVE), (OPEN, 1.0, 5.0, 4.9, False, OPEN), (CLOSED, 0.0, 3.0, 2.0, False, ACTIVE), (CLOSED, 0.0, 6.0, 5.0, False, OPEN),
    (CLOSED, 0.0, 3.0, 5.0, False, CLOSED), (ACTIVE, 1.0, 3.0, 4.0, True, OPEN)])
def test_a_compressor_that_holds_four(now, flow, before, behind, fixed, then):
    assert change(COMPRESSOR, now, flow, before, behind, 4.0, 0.0, *SMALL, fixed) == then


def test_gas_passes_regulators_one_way_only():
    """0 - 1 => 2 - 3, and 4 => 0: a source at 0 reaches all but 4; one at 3 reaches 2 alone."""
    first, second = np.array([0, 1, 2, 4], np.int32), np.array([1, 2, 3, 0], np.int32)
    kind = np.array([0, REGULATOR, 0, REGULATOR], np.int8)
    start = np.array([0, 2, 4, 6, 7, 8])
    other, edge = np.array([1, 4, 0, 2, 1, 3, 2, 0], np.int32), np.array([0, 3, 0, 1, 1, 2, 2, 3], np.int32)
    held = np.full((5, 8), np.nan)
    held[0, 0] = held[3, 1] = held[0, 2] = 1.0
    open_ = np.ones((4, 8), bool)
    open_[1, 2] = False
    state = np.zeros((5, 8), np.int8)
    for lane in range(4):
        reach(start, other, edge, kind, first, open_, held, lane, state, np.empty(5, np.int32))
    assert second.tolist() == [1, 2, 3, 0]
    assert state[:, 0].tolist() == [HELD, FREE, FREE, FREE, DEAD] and state[:, 1].tolist() == [DEAD, DEAD, FREE, HELD, DEAD]
    assert state[:, 2].tolist() == [HELD, FREE, DEAD, DEAD, DEAD] and state[:, 3].tolist() == [DEAD] * 5
