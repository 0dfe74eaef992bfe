"""Compressed links: givers, shared sets of givers, consumers; the same as plain dictionaries."""

from __future__ import annotations

from collections import defaultdict

import numpy as np
import pyarrow as pa
from hypothesis import given, settings
from hypothesis import strategies as st

from holdfast.engines.scenario.cascade import settle
from holdfast.engines.scenario.rules import Rules
from holdfast.engines.scenario.wiring import rows_of, wire
from toy_worlds import SERVICES, Reach, chain_world, make_damage, make_world


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


def test_an_outlet_gives_a_further_service_where_its_kind_does():
    """A hydrant is an outlet of the water network and gives fire flow there, the level of the network; one that is none gives while it works."""
    line = Reach("water", "water", pa.array(["w:main", "h:hydrant"]), pa.array(["w:main", "h:hydrant"]), ((0, 1),), (0,))
    line.further = ("telecom",)
    world = make_world(["w:main", "h:hydrant", "h:well", "c:a", "c:b"], uses=[("c:a", "telecom"), ("c:b", "telecom"), ("c:a", "water")], lifelines=(line,),
                       links=[("h:hydrant", "c:a", "telecom"), ("h:well", "c:b", "telecom"), ("w:main", "c:a", "water")])  # fmt: skip
    wiring = wire(world, Rules())
    assert sorted(zip(wiring.giver_service.tolist(), wiring.giver_line.tolist(), strict=True)) == [(1, 0), (2, -1), (2, 0)]
    settled = settle(world, make_damage(world, ("w:main",), ("h:well",)), np.zeros((2, 5), bool), np.zeros((2, 5, 4), np.float32), np.zeros(2))
    assert settled.level[:, 3, 2].tolist() == [0, 1] and settled.level[:, 4, 2].tolist() == [1, 0]
