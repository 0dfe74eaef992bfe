"""Eight numbers in a register: operators and functions against NumPy."""

import numpy as np
from numba import njit

from holdfast.engines.network.lanes import (
    absolute,
    aligned_rows,
    exp2,
    inverse_root,
    largest_of,
    load,
    log2,
    pick,
    reciprocal,
    splat,
    store,
    where_at_most,
    where_closed,
    where_less,
)


@njit(error_model="numpy")
def _all(a, b, s, out):
    for i in range(a.shape[0]):
        x, y = load(a, i), load(b, i)
        store(out[0], i, (x + y) * 2.0 - x / y)
        store(out[1], i, -absolute(y) + 1.0)
        store(out[2], i, exp2(log2(absolute(x)) * 0.852))
        store(out[3], i, inverse_root(absolute(x)))
        store(out[4], i, reciprocal(x))
        store(out[5], i, largest_of(x, y))
        store(out[6], i, where_less(x, y, 1.0, y))
        store(out[7], i, where_at_most(x, x, splat(3.0), y))
        store(out[8], i, where_closed(s, i, 2, x, 0.0))
        out[9, i, 0] = pick(x, 5)


def test_against_numpy():
    rng = np.random.default_rng(0)
    a, b, s = aligned_rows(50), aligned_rows(50), aligned_rows(50, np.int8)
    a[:] = 10 ** rng.uniform(-12, 9, a.shape) * rng.choice((-1, 1), a.shape)
    b[:] = rng.normal(size=b.shape)
    s[:] = rng.integers(0, 8, s.shape)
    out = np.zeros((10, 50, 8))
    _all(a, b, s, out)
    expected = [(a + b) * 2 - a / b, 1 - np.abs(b), np.abs(a) ** 0.852, np.abs(a) ** -0.5, 1 / a, np.maximum(a, b), np.where(a < b, 1.0, b), np.full(a.shape, 3.0),
                np.where(s <= 2, a, 0.0)]
    for found, wanted in zip(out, expected, strict=False):
        np.testing.assert_allclose(found, wanted, rtol=2e-10)
    np.testing.assert_array_equal(out[9, :, 0], a[:, 5])


def test_rows_begin_on_cache_lines():
    for count in (1, 7, 1000):
        rows = aligned_rows(count)
        assert rows.shape == (count, 8) and rows.ctypes.data % 64 == 0 and rows.flags.c_contiguous
