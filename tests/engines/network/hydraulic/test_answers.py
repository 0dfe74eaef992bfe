"""Cases and breaks taken apart and put in another order keep what belongs to each."""

from __future__ import annotations

import numpy as np

from holdfast.engines.network.hydraulic.answers import Breaks, Cases, Solution


def _breaks() -> Breaks:
    return Breaks(np.array([0, 2, 2, 3]), np.array([5, 6, 7, 8]), np.array([0.1, 0.2, 0.3, 0.4]), np.array([1.0, 2.0, 3.0, 4.0]))


def test_leaks_follow_their_cases():
    got = _breaks().rows(np.array([2, 1, 3, 2]))
    assert got.case.tolist() == [0, 0, 2, 3, 3]
    assert got.link.tolist() == [6, 7, 8, 6, 7]
    np.testing.assert_array_equal(got.share, [0.2, 0.3, 0.4, 0.2, 0.3])
    np.testing.assert_array_equal(got.emitter, [2.0, 3.0, 4.0, 2.0, 3.0])


def test_cases_without_leaks_give_none():
    got = _breaks().rows(np.array([1], np.int64))
    assert len(got.case) == len(got.link) == len(got.share) == len(got.emitter) == 0
    assert len(_breaks().rows(np.zeros(0, np.int64)).case) == 0


def test_rows_of_every_part():
    rng = np.random.default_rng(0)
    parts = {name: rng.random((4, 2)) for name in ("setting", "emitter", "demand")} | {"status": rng.integers(-1, 2, (4, 3)).astype(np.int8), "factor": rng.random(4)}
    index = np.array([3, 0])
    got = Cases(4, **parts, breaks=_breaks()).rows(index)
    assert got.count == 2
    for name, whole in parts.items():
        np.testing.assert_array_equal(getattr(got, name), whole[index])
    assert got.breaks is not None and got.breaks.case.tolist() == [0, 1]
    bare = Cases(4).rows(index)
    assert bare.count == 2 and all(getattr(bare, name) is None for name in (*parts, "breaks"))


def test_only_status_zero_is_solved():
    empty = np.zeros((3, 0))
    found = Solution(empty, empty, empty, empty, empty, empty.astype(bool), np.array([0, 1, 2], np.int8), np.zeros(3, np.int32), "none")
    assert found.solved.tolist() == [True, False, False]
