"""Ties close only between live and dead, one for each part, the strong ones first."""

from __future__ import annotations

import numpy as np

from holdfast.engines.network.power.backfeed import close_ties
from holdfast.engines.network.power.model import base_cases
from holdfast.engines.network.power.parts import live_nodes
from power_nets import model


def open_ring():
    """Source 0 feeds 1-2 and 4-3; branch 4 joins 2 and 3 and is open at its first end; branch 5 is an open coupler of 1 and 4."""
    net = model(5, [(0, 1, 0.1j), (1, 2, 0.1j), (0, 4, 0.1j), (4, 3, 0.1j), (2, 3, 0.1j), (1, 4, 0j)], {1: 1e5, 2: 1e5, 3: 1e5, 4: 1e5})
    cases = base_cases(net, 3)
    cases.on_from[:, 4] = False
    cases.on_from[:, 5] = cases.on_to[:, 5] = False
    return net, cases


def test_a_dead_part_gets_one_tie():
    net, cases = open_ring()
    cases.on_from[1, 0] = False  # 1 and 2 are dead
    cases.on_from[2, [0, 1]] = False  # 1 and 2 are dead each by itself
    ends, ready = np.array([4, 5]), np.ones((3, 2), bool)
    after, closed = close_ties(net, cases, ends, ready, np.array([1.0, 2.0]))
    assert closed.tolist() == [[False, False], [False, True], [True, True]]
    assert live_nodes(net, after).all()
    weak, other = close_ties(net, cases, ends, ready, np.array([2.0, 1.0]))
    assert other[1].tolist() == [True, False] and live_nodes(net, weak).all()
    assert not cases.on_from[1, 5], "the cases given are left as they are"


def test_a_tie_that_is_broken_or_whose_other_end_is_open_does_not_close():
    net, cases = open_ring()
    cases.on_from[:, 0] = False
    cases.on_to[1, 4] = False
    ready = np.array([[False, False], [True, False], [True, False]])
    after, closed = close_ties(net, cases, np.array([4, 5]), ready, np.ones(2))
    assert closed.tolist() == [[False, False], [False, False], [True, False]]
    assert live_nodes(net, after)[:, 2].tolist() == [False, False, True]
