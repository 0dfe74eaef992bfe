"""Tables of arrays opened in compiled code."""

from typing import NamedTuple

import numpy as np
import pytest
from numba import njit

from holdfast.engines.network.pack import ByteRows, Flags, Reals, Rows, Shorts, declare, opener, pack


class _Parts(NamedTuple):
    count: int
    scale: float
    on: bool
    index: Shorts
    value: Reals
    rows: Rows
    state: ByteRows
    flag: Flags


_open = opener(declare(_Parts))


@njit
def _use(table):
    parts = _open(table)
    total = 0.0
    for i in range(parts.count):
        total += parts.value[parts.index[i]] * parts.scale
    parts.rows[1, 2] = total if parts.on and parts.flag[1] else -1.0
    parts.state[0, 1] = 7
    return total, parts.rows.shape, len(parts.value)


def _parts(**changes) -> _Parts:
    plain = {"count": 2, "scale": 1.5, "on": True, "index": np.array([2, 0]), "value": np.array([1.0, 2.0, 4.0]), "rows": np.zeros((3, 4)),
             "state": np.zeros((2, 2), np.int8), "flag": np.array([False, True])}
    return _Parts(**plain | changes)


def test_compiled_code_sees_and_changes_the_arrays():
    parts = _parts()
    table, kept = pack(parts)
    total, shape, length = _use(table)
    assert (total, shape, length) == (7.5, (3, 4), 3)
    assert parts.rows[1, 2] == 7.5
    assert parts.state[0, 1] == 7
    assert len(kept) == 5


def test_empty_arrays_have_no_length():
    table, kept = pack(_parts(count=0, value=np.zeros(0)))
    assert _use(table)[2] == 0
    del kept


def test_wrong_dimensions_are_refused():
    with pytest.raises(ValueError, match=r"_Parts\.rows has 1 dimensions, not 2"):
        pack(_parts(rows=np.zeros(3)))
