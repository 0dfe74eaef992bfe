"""Cases into lanes of eight, and the lists by which kernels walk a network."""

from __future__ import annotations

import numpy as np
import pytest

from holdfast.engines.network.blocks import WIDTH, blocks, in_lanes, neighbours


@pytest.mark.parametrize("count", [0, 1, 7, 8, 9, 24])
def test_every_case_is_in_one_block(count):
    made = list(blocks(count))
    np.testing.assert_array_equal(np.concatenate([*made, np.zeros(0, int)]), np.arange(count))
    assert all(0 < len(block) <= WIDTH for block in made) and len(made) == -(-count // WIDTH)


def test_lanes_left_over_repeat_the_last_case():
    given = np.arange(12.0).reshape(4, 3)
    lanes = in_lanes(given, np.zeros(3), np.array([1, 3]))
    assert lanes.shape == (3, 8) and lanes.flags.c_contiguous
    np.testing.assert_array_equal(lanes[:, 0], given[1])
    np.testing.assert_array_equal(lanes[:, 1:], np.repeat(given[3][:, None], 7, axis=1))


def test_without_values_of_its_own_a_case_is_the_undisturbed_network():
    normal = np.array([True, False])
    lanes = in_lanes(None, normal, np.array([5]))
    assert lanes.dtype == bool and lanes[0].all() and not lanes[1].any()
    lanes[0, 0] = False
    assert normal.tolist() == [True, False]  # a copy
    assert in_lanes(np.array([[1, 0]]), normal, np.array([0])).dtype == bool


def test_neighbours_list_each_link_at_both_ends():
    rng = np.random.default_rng(0)
    first, second = rng.integers(0, 30, 50).astype(np.int32), rng.integers(0, 30, 50).astype(np.int32)
    start, far, link = neighbours(31, first, second)
    assert start[0] == 0 and start[-1] == 100 and start.dtype == np.int64 and far.dtype == link.dtype == np.int32
    for node in range(31):
        at = slice(start[node], start[node + 1])
        expected = sorted([(int(b), k) for k, (a, b) in enumerate(zip(first, second, strict=True)) if a == node]
                          + [(int(a), k) for k, (a, b) in enumerate(zip(first, second, strict=True)) if b == node])
        assert sorted(zip(far[at].tolist(), link[at].tolist(), strict=True)) == expected


def test_a_network_without_links_has_no_neighbours():
    start, far, link = neighbours(3, np.zeros(0, np.int32), np.zeros(0, np.int32))
    assert start.tolist() == [0, 0, 0, 0] and len(far) == len(link) == 0
