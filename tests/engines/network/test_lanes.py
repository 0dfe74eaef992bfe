"""Eight numbers in a register: operators and functions against NumPy."""

import numpy as np
import pytest
from numba import njit

from holdfast.engines.network import lanes
from holdfast.engines.network.lanes import (
    absolute,
    aligned_rows,
    at,
    cell,
    exp2,
    inverse_root,
    largest_of,
    load,
    log2,
    pick,
    reciprocal,
    smallest_of,
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


@pytest.mark.parametrize("estimates", [True, False], ids=["from the processor's estimates", "from the bits"])
def test_reciprocals_are_right_to_the_last_digits(monkeypatch, estimates):
    if estimates and not lanes._has_estimates():
        pytest.skip("this processor has no estimates of 14 bits")
    monkeypatch.setattr(lanes, "_has_estimates", lambda: estimates)

    @njit(error_model="numpy")
    def both(a, inverse, root):
        for i in range(a.shape[0]):
            store(inverse, i, reciprocal(load(a, i)))
            store(root, i, inverse_root(absolute(load(a, i))))

    rng = np.random.default_rng(1)
    a = 10 ** rng.uniform(-250, 250, (200, 8)) * rng.choice((-1, 1), (200, 8))
    inverse, root = np.zeros_like(a), np.zeros_like(a)
    both(a, inverse, root)
    np.testing.assert_allclose(inverse, 1 / a, rtol=4e-16)
    np.testing.assert_allclose(root, np.abs(a) ** -0.5, rtol=8e-16)


def test_powers_over_the_whole_range_of_flows():
    @njit(error_model="numpy")
    def power(a, out):
        for i in range(a.shape[0]):
            store(out, i, exp2(log2(load(a, i)) * -0.852))

    a = np.geomspace(1e-30, 1e6, 8000).reshape(-1, 8)
    out = np.zeros_like(a)
    power(a, out)
    np.testing.assert_allclose(out, a**-0.852, rtol=1e-10)


def test_single_elements_without_checks():
    @njit
    def some(numbers, places, rows, flags, out):
        for i in range(len(places)):
            out[i] = at(numbers, at(places, i)) + cell(rows, at(places, i), i) + 10.0 * cell(flags, at(places, i), i)

    rng = np.random.default_rng(2)
    numbers, rows, flags = rng.random(9), rng.random((9, 8)), rng.integers(-3, 3, (9, 8)).astype(np.int8)
    places = np.array([8, 0, 3, 3, 7], np.int32)
    out = np.zeros(5)
    some(numbers, places, rows, flags, out)
    each = np.arange(5)
    np.testing.assert_array_equal(out, numbers[places] + rows[places, each] + 10.0 * flags[places, each])


def test_smaller_and_larger_take_the_second_where_one_is_no_number():
    @njit
    def both(a, b, out):
        store(out, 0, smallest_of(load(a, 0), load(b, 0)))
        store(out, 1, largest_of(load(a, 0), load(b, 0)))

    a, b, out = np.full((1, 8), 2.0), np.full((1, 8), 3.0), np.zeros((2, 8))
    a[0, 1] = b[0, 2] = np.nan
    both(a, b, out)
    np.testing.assert_array_equal(out[0], [2, 3, np.nan, 2, 2, 2, 2, 2])
    np.testing.assert_array_equal(out[1], [3, 3, np.nan, 3, 3, 3, 3, 3])
