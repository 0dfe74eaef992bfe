"""Counter-based draws: reproducible whatever the block, uniform, normal, independent along every axis."""

from __future__ import annotations

import numpy as np
import pyarrow as pa
import pytest
from scipy import stats

from holdfast.engines.scenario import random

CASES, ITEMS = np.arange(400), np.arange(500)


def test_a_value_does_not_depend_on_what_else_is_drawn():
    whole = random.uniform(7, "damage", CASES, ITEMS)
    part = random.uniform(7, "damage", CASES[[399, 3]], ITEMS[100:120])
    assert np.array_equal(part, whole[[399, 3], 100:120])
    assert np.array_equal(random.normal(7, "a", np.array([5]), ITEMS), random.normal(7, "a", CASES, ITEMS)[5:6])


def test_seed_stream_case_and_item_each_matter():
    base = random.uniform(1, "a", CASES[:5], ITEMS[:5])
    for other in (random.uniform(2, "a", CASES[:5], ITEMS[:5]), random.uniform(1, "b", CASES[:5], ITEMS[:5]), random.uniform(1, 3, CASES[:5], ITEMS[:5])):
        assert not np.any(other == base)
    assert np.unique(random.uniform(1, "a", CASES, ITEMS)).size == CASES.size * ITEMS.size


@pytest.mark.parametrize("seed", [0, 1, -1, 2**63])
def test_uniform_by_chi_square_and_kolmogorov(seed):
    values = random.uniform(seed, "x", CASES, ITEMS)
    assert values.min() > 0.0 and values.max() < 1.0
    counts = np.histogram(values, bins=1000, range=(0, 1))[0]
    assert stats.chisquare(counts).pvalue > 1e-4
    assert stats.kstest(values[0], "uniform").pvalue > 1e-4
    assert stats.kstest(values[:, 0], "uniform").pvalue > 1e-4


def test_neighbours_are_independent_along_cases_items_seeds_and_streams():
    first = random.uniform(3, "x", CASES, ITEMS)
    pairs = [(first[1:], first[:-1]), (first[:, 1:], first[:, :-1]), (first, random.uniform(4, "x", CASES, ITEMS)), (first, random.uniform(3, "y", CASES, ITEMS))]
    for one, other in pairs:
        grid = np.histogram2d(one.ravel(), other.ravel(), bins=20, range=((0, 1), (0, 1)))[0]
        assert stats.chisquare(grid.ravel()).pvalue > 1e-4
        assert abs(np.corrcoef(one.ravel(), other.ravel())[0, 1]) < 4.5 / np.sqrt(one.size)


def test_single_bits_are_fair():
    values = (random.uniform(11, "bits", CASES, ITEMS) * 2**32).astype(np.uint64)
    for bit in range(32):
        share = ((values >> np.uint64(bit)) & np.uint64(1)).mean()
        assert abs(share - 0.5) < 4.5 * 0.5 / np.sqrt(values.size)


def test_normal_quantile_against_scipy():
    p = np.concatenate([np.logspace(-16, -1, 200), np.linspace(0.01, 0.99, 500), 1 - np.logspace(-12, -1, 100)])
    ours = np.array([random.normal_quantile(x) for x in p])
    assert np.allclose(ours, stats.norm.ppf(p), rtol=2e-13, atol=1e-14)


def test_quick_quantile_is_close():
    p = np.concatenate([np.linspace(1e-6, 1 - 1e-6, 3001), [1 / 64, 63 / 64, 0.5]])
    quick = np.array([random.normal_quick(x) for x in p])
    assert np.abs(quick - stats.norm.ppf(p)).max() < 1.1e-5
    values = random.normal_fields(5, "n", CASES, ITEMS)
    assert values.dtype == np.float32 and np.abs(values - random.normal(5, "n", CASES, ITEMS)).max() < 2e-5


def test_normal_moments():
    values = random.normal(5, "n", CASES, ITEMS)
    assert stats.kstest(values.ravel()[:50_000], "norm").pvalue > 1e-4
    assert abs(values.mean()) < 4.5 / np.sqrt(values.size) and abs(values.std() - 1) < 0.01


def test_keys_follow_the_id_and_not_the_row():
    ids = pa.array([f"water.pipe:{i}" for i in range(20_000)])
    keys = random.keys(ids)
    assert np.unique(keys).size == len(ids)
    assert np.array_equal(random.keys(ids.slice(50, 10)), keys[50:60])
    assert np.array_equal(random.keys(pa.chunked_array([ids.slice(0, 3), ids.slice(3, 3)])), keys[:6])
    assert random.keys(pa.array([], pa.string())).size == 0
