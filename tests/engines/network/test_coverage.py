import numpy as np
import pytest

from holdfast.engines.network.coverage import overlaps, stood_in


def test_who_stands_in_for_whom():
    xy = np.array([[0.0, 0.0], [0.0, 0.0], [100.0, 0.0], [10_000.0, 0.0], [np.nan, 0.0], [0.0, 0.0]])
    cover = overlaps(xy, np.array([100.0, 300.0, 100.0, 100.0, 100.0, 0.0]))
    working = np.array([[False, True, False, False, True, True], [False, False, True, True, True, True], [False] * 6])
    share = stood_in(cover, working)
    assert share.shape == (3, 6) and share[0, 0] == 1.0  # the larger circle holds the smaller one
    lens = (2 * np.arccos(0.5) - 2 * 0.5 * np.sqrt(0.75)) / np.pi  # two equal circles one radius apart
    assert share[1, 0] == pytest.approx(lens, abs=0.05)
    assert share[0, 1] == 0.0 and 0.05 < share[1, 1] < 1 / 9 + 0.05
    assert (share[:, 3:] == 0).all() and (share[2] == 0).all()


def test_more_working_stations_never_cover_less():
    rng = np.random.default_rng(2)
    xy, radius = rng.uniform(0, 1000, (40, 2)), rng.uniform(50, 300, 40)
    cover = overlaps(xy, radius)
    few = rng.random((20, 40)) < 0.3
    more = few | (rng.random((20, 40)) < 0.3)
    assert (stood_in(cover, few) <= stood_in(cover, more)).all()
    assert ((stood_in(cover, more) >= 0) & (stood_in(cover, more) <= 1)).all()


def test_alone_or_absent():
    assert stood_in(overlaps(np.empty((0, 2)), np.empty(0)), np.ones((2, 0), bool)).shape == (2, 0)
    assert stood_in(overlaps(np.zeros((1, 2)), np.ones(1)), np.ones((1, 1), bool)).tolist() == [[0.0]]
