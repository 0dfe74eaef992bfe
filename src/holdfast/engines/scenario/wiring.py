"""Turns a world's links into compressed rows: givers, feeds (sets of givers that consumers share) and the consumers of each feed.

Consumers with the same givers always see the same level and the same clock, so both are kept by feed instead of by asset.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from . import cascade_kernel as kernel
from .cascade_kernel import Graph
from .rules import Rules
from .world import World


@dataclass(frozen=True, slots=True)
class Wiring:
    """Who serves whom in a world.

    graph          compressed rows; its clock columns are the feeds
    giver_service, giver_line, giver_outlet  (giver,) service; lifeline that feeds it, -1 for none; outlet there
    feed_service   (feed,)
    slot_service, slot_feed  (slot,) in the order of the graph's consumers
    outside        (asset, service) bool: used, but nobody in the city gives it
    """

    graph: Graph
    giver_service: np.ndarray
    giver_line: np.ndarray
    giver_outlet: np.ndarray
    feed_service: np.ndarray
    slot_service: np.ndarray
    slot_feed: np.ndarray
    outside: np.ndarray

    @property
    def feeds(self) -> int:
        return len(self.feed_service)

    @property
    def givers(self) -> int:
        return len(self.giver_service)


def wire(world: World, rules: Rules) -> Wiring:
    """Compress a world's links.

    A link without a known provider, consumer or service is left out. A provider that is no outlet of a network of that service gives it while
    it works. An outlet that is no component of its network gives the network's level while it works; one that is a component gives what the network says.
    """
    services, assets = len(world.services), world.assets
    known = (world.link_from >= 0) & (world.link_to >= 0) & (world.link_service >= 0)
    source, target, service = (column[known].astype(np.int64) for column in (world.link_from, world.link_to, world.link_service))
    giver_key, link_giver = _compact(source * services + service, assets * services)
    consumer = (world.use | world.need).reshape(-1).copy()
    consumer[target * services + service] = True
    slot_key = np.flatnonzero(consumer)
    place = np.cumsum(consumer, dtype=np.int64) - 1
    pair = np.sort(place[target * services + service] * max(len(giver_key), 1) + link_giver, kind="stable")  # mostly sorted already
    pair = pair[np.diff(pair, prepend=-1) > 0]
    slot_of_pair, giver_of_pair = np.divmod(pair, max(len(giver_key), 1))
    slot_feed, feed_ptr, feed_giver = _feeds(slot_of_pair, giver_of_pair, len(slot_key), len(giver_key))
    giver_service = (giver_key % services).astype(np.int32)
    feed_service = giver_service[feed_giver[feed_ptr[:-1]]]
    lonely = slot_feed < 0
    outside = np.zeros((assets, services), bool)
    outside.reshape(-1)[slot_key[lonely]] = True
    if rules.missing_provider == "nobody":  # one feed of each service in which nobody gives
        slot_feed[lonely] = len(feed_service) + slot_key[lonely] % services
        feed_ptr = np.concatenate((feed_ptr, np.full(services, feed_ptr[-1])))
        feed_service = np.concatenate((feed_service, np.arange(services, dtype=np.int32)))
    else:
        slot_key, slot_feed = slot_key[~lonely], slot_feed[~lonely]
    line, outlet, gated = _sources(world, giver_key // services, giver_service)
    return _wiring(world, rules, giver_key, giver_service, line, outlet, gated, feed_ptr, feed_giver, feed_service, slot_key, slot_feed, outside)


def _wiring(
    world: World, rules: Rules, giver_key: np.ndarray, giver_service: np.ndarray, line: np.ndarray, outlet: np.ndarray, gated: np.ndarray,
    feed_ptr: np.ndarray, feed_giver: np.ndarray, feed_service: np.ndarray, slot_key: np.ndarray, slot_feed: np.ndarray, outside: np.ndarray,
) -> Wiring:  # fmt: skip
    services = len(world.services)
    slot_ptr, order = rows_of(slot_feed, np.arange(len(slot_feed)), len(feed_service))
    slot_key, slot_feed = slot_key[order], slot_feed[order]
    giver_asset = giver_key // services
    held = np.flatnonzero(gated)
    asset_ptr, asset_giver = rows_of(giver_asset[held], held, world.assets)
    giver_ptr, giver_feed = rows_of(feed_giver, np.repeat(np.arange(len(feed_ptr) - 1), np.diff(feed_ptr)), len(giver_key))
    graph = Graph(
        giver_asset.astype(np.int32), gated, feed_ptr.astype(np.int32), feed_giver.astype(np.int32), giver_ptr, giver_feed, asset_ptr, asset_giver,
        slot_ptr, (slot_key // services).astype(np.int32), world.backup.reshape(-1)[slot_key].astype(np.float32),
        world.need.reshape(-1)[slot_key], slot_feed.astype(np.int64), np.full(len(feed_service), rules.served_from, np.float32),
    )  # fmt: skip
    return Wiring(graph, giver_service, line, outlet, feed_service, (slot_key % services).astype(np.int32), slot_feed.astype(np.int32), outside)


def _compact(key: np.ndarray, size: int) -> tuple[np.ndarray, np.ndarray]:
    """Sorted distinct keys below `size`, and the place of each key among them; linear where np.unique would sort."""
    seen = np.zeros(size, bool)
    seen[key] = True
    return np.flatnonzero(seen), (np.cumsum(seen, dtype=np.int64) - 1)[key]


def _feeds(slot: np.ndarray, giver: np.ndarray, slots: int, givers: int) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Distinct sets of givers.

    slot, giver  (pair,) sorted by slot, then giver, each pair once
    returns      (slot,) feed of each slot, -1 for none; feed_ptr, feed_giver
    """
    count = np.bincount(slot, minlength=slots)
    first = np.concatenate(([0], np.cumsum(count)))
    feed, ptr, members, made = np.full(slots, -1, np.int64), [np.zeros(1, np.int64)], [np.empty(0, np.int64)], 0
    for size in np.flatnonzero(np.bincount(count))[int((count == 0).any()) :]:
        rows = np.flatnonzero(count == size)
        matrix = giver[first[rows][:, None] + np.arange(size)]
        code = matrix[:, 0]
        for column in range(1, size):  # exact: each step names the distinct prefixes
            _, code = np.unique(code, return_inverse=True)
            code = code * givers + matrix[:, column]
        _, example, code = np.unique(code, return_index=True, return_inverse=True)
        feed[rows] = made + code
        members.append(matrix[example].reshape(-1))
        ptr.append(ptr[-1][-1] + size * np.arange(1, len(example) + 1))
        made += len(example)
    return feed, np.concatenate(ptr), np.concatenate(members)


def _sources(world: World, giver_asset: np.ndarray, giver_service: np.ndarray) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Lifeline and outlet that feed each giver, -1 for none, and whether it must work itself to give."""
    line, outlet = np.full(len(giver_asset), -1, np.int32), np.full(len(giver_asset), -1, np.int32)
    gated = np.ones(len(giver_asset), bool)
    for number, lifeline in enumerate(world.lifelines):
        at = np.full(world.assets, -1, np.int32)
        known = world.outlet[number] >= 0
        at[world.outlet[number][known]] = np.flatnonzero(known)
        given = [world.services.index(service) for service in (lifeline.service, *getattr(lifeline, "further", ()))]
        mine = np.flatnonzero(np.isin(giver_service, given) & (at[giver_asset] >= 0) & (line < 0))
        line[mine], outlet[mine] = number, at[giver_asset[mine]]
        part = np.zeros(world.assets, bool)
        part[world.component[number][world.component[number] >= 0]] = True
        gated[mine] = ~part[giver_asset[mine]]
    return line, outlet, gated


def rows_of(row: np.ndarray, value: np.ndarray, rows: int) -> tuple[np.ndarray, np.ndarray]:
    """Compressed rows: (rows + 1,) starts and the values ordered by row, both int32."""
    start = np.concatenate(([0], np.cumsum(np.bincount(row, minlength=rows)))).astype(np.int32)
    out = np.empty(len(row), np.int32)
    kernel.deal(row.astype(np.int64), value.astype(np.int64), start[:-1].copy(), out)
    return start, out
