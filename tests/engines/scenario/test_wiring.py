"""Compressed links: givers, shared sets of givers, consumers; the same as plain dictionaries."""

from __future__ import annotations

from collections import defaultdict

import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st

from holdfast.engines.scenario.rules import Rules
from holdfast.engines.scenario.wiring import rows_of, wire
from toy_worlds import SERVICES, chain_world, make_world


def test_consumers_with_the_same_providers_share_a_feed():
    wiring = wire(chain_world(), Rules())
    assert wiring.givers == 3 and wiring.feeds == 3  # station, main, tower
    assert len(wiring.slot_feed) == 5 + 3 + 2
    assert wiring.giver_line.tolist() == [0, 1, -1] and wiring.giver_outlet.tolist() == [0, 0, -1]
    assert wiring.graph.giver_gated.tolist() == [False, False, True]  # what networks solve for gives what they say


def test_rows_keep_the_order_of_their_values():
    start, value = rows_of(np.array([2, 0, 2, 0]), np.array([10, 11, 12, 13]), 4)
    assert start.tolist() == [0, 2, 2, 4, 4] and value.tolist() == [11, 13, 10, 12]


@settings(max_examples=80, deadline=None, derandomize=True)
@given(st.lists(st.tuples(st.integers(-1, 6), st.integers(0, 6), st.sampled_from(SERVICES)), max_size=40), st.sets(st.tuples(st.integers(0, 6), st.sampled_from(SERVICES))))
def test_every_link_is_kept_once(links, uses):
    """Links may come twice, in any order, and from unknown providers."""
    names = [f"k:{i}" for i in range(7)]
    world = make_world(names, uses=[(names[a], s) for a, s in uses], links=[(names[a] if a >= 0 else "k:unknown", names[b], s) for a, b, s in links])
    wiring = wire(world, Rules())
    graph = wiring.graph
    want = defaultdict(set)
    for giver, taker, service in links:
        if giver >= 0:
            want[taker, service].add(giver)
    got = {}
    for slot, feed in enumerate(wiring.slot_feed.tolist()):
        givers = graph.feed_giver[graph.feed_ptr[feed] : graph.feed_ptr[feed + 1]]
        assert (wiring.giver_service[givers] == wiring.slot_service[slot]).all()
        got[int(graph.slot_asset[slot]), SERVICES[wiring.slot_service[slot]]] = set(graph.giver_asset[givers].tolist())
    assert got == dict(want)
    alone = {(a, s) for a, s in uses} - set(want)
    assert {(a, SERVICES[s]) for a, s in np.argwhere(wiring.outside).tolist()} == alone
    assert len({(*sorted(v), s) for (_, s), v in want.items()}) == wiring.feeds
    nobody = wire(world, Rules(missing_provider="nobody"))
    assert len(nobody.slot_feed) == len(want) + len(alone)
