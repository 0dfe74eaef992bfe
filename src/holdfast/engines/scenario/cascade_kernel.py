"""Kernels of the cascade: failures spread over who serves whom, one case after the other, by a queue of failed assets.

Rows of the (case, ...) arrays are independent; each kernel touches the rows that it is given and no others.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from numba import uint64

from holdfast.engines.network.compiled import kernel

from .random import mix

SLACK = 1e-3  # h; a backup that lasts less than 4 s longer is over
_GOLDEN, _SILVER = np.uint64(0x9E3779B97F4A7C15), np.uint64(0xD1342543DE82EF95)


class Graph(NamedTuple):
    """Who serves whom, as compressed rows. A giver is one asset giving one service; a feed is a set of givers that consumers share.

    giver_asset (giver,)    giver_gated (giver,) bool: gives nothing while its asset does not work
    feed_ptr, feed_giver    givers of each feed          giver_ptr, giver_feed    feeds of each giver
    asset_ptr, asset_giver  gated givers of each asset
    slot_ptr                consumers of each feed:      slot_asset, slot_backup [h], slot_vital bool, slot_clock column of the clock
    threshold (feed,)       level from which consumers are served
    """

    giver_asset: np.ndarray
    giver_gated: np.ndarray
    feed_ptr: np.ndarray
    feed_giver: np.ndarray
    giver_ptr: np.ndarray
    giver_feed: np.ndarray
    asset_ptr: np.ndarray
    asset_giver: np.ndarray
    slot_ptr: np.ndarray
    slot_asset: np.ndarray
    slot_backup: np.ndarray
    slot_vital: np.ndarray
    slot_clock: np.ndarray
    threshold: np.ndarray


@kernel
def _arriving(g, feed, given, works):  # best of the feed's givers in one case
    best = np.float32(0.0)
    for j in range(g.feed_ptr[feed], g.feed_ptr[feed + 1]):
        giver = g.feed_giver[j]
        if given[giver] > best and (not g.giver_gated[giver] or works[g.giver_asset[giver]]):
            best = given[giver]
    return best


@kernel
def _starve(g, feed, works, clock, stack, top):  # consumers of a feed that is no longer served
    for slot in range(g.slot_ptr[feed], g.slot_ptr[feed + 1]):
        asset = g.slot_asset[slot]
        if g.slot_vital[slot] and works[asset] and clock[g.slot_clock[slot]] >= g.slot_backup[slot] - SLACK:
            works[asset] = False
            stack[top] = asset
            top += 1
    return top


@kernel
def _touch(g, giver, given, works, level, clock, stack, top):  # what a giver gives has become less
    for j in range(g.giver_ptr[giver], g.giver_ptr[giver + 1]):
        feed = g.giver_feed[j]
        old = level[feed]
        new = _arriving(g, feed, given, works)
        if new < old:
            level[feed] = new
            if old >= g.threshold[feed] and new < g.threshold[feed]:
                top = _starve(g, feed, works, clock, stack, top)
    return top


@kernel
def _drain(g, given, works, level, clock, stack, top):  # follow failed assets until nothing more fails
    while top > 0:
        top -= 1
        asset = stack[top]
        for j in range(g.asset_ptr[asset], g.asset_ptr[asset + 1]):
            top = _touch(g, g.asset_giver[j], given, works, level, clock, stack, top)


@kernel
def spread(g, rows, sound, given, works, level, clock):
    """The largest set of working assets that needs nothing but what it gives itself and what lifelines give; from scratch.

    rows   (n,) cases                             sound  (case, asset) bool own damage mended or harmless
    given  (case, giver) float32 what each gives while its asset works        clock  (case, column) float32 hours without so far
    works  (case, asset) bool, level (case, feed) float32: written
    """
    stack = np.empty(works.shape[1], np.int32)
    for k in rows:
        works[k, :] = sound[k, :]
        for feed in range(g.threshold.size):
            level[k, feed] = _arriving(g, feed, given[k], works[k])
        top = 0
        for feed in range(g.threshold.size):
            if level[k, feed] < g.threshold[feed]:
                top = _starve(g, feed, works[k], clock[k], stack, top)
        _drain(g, given[k], works[k], level[k], clock[k], stack, top)


@kernel
def lower(g, rows, givers, answer, given, works, level, clock):
    """Take a lifeline's answer where it is less than before, and follow what fails; arguments as in `spread`.

    givers  (m,) givers that the lifeline feeds     answer  (n, m) float32 level there
    """
    stack = np.empty(works.shape[1], np.int32)
    for i in range(rows.size):
        k = rows[i]
        top = 0
        for j in range(givers.size):
            if answer[i, j] < given[k, givers[j]]:
                given[k, givers[j]] = answer[i, j]
                top = _touch(g, givers[j], given[k], works[k], level[k], clock[k], stack, top)
        _drain(g, given[k], works[k], level[k], clock[k], stack, top)


@kernel
def state_keys(rows, component, works, opening, command, mended, hour, spent, first_stock, end_stock, keys):
    """128-bit key of a lifeline's component state in each row; 0 where all is as undisturbed. keys (n, 2) uint64 is written.

    component  (c,) asset of each component, -1 for none
    opening    (case, asset) int32 bits of the float32 area, or (0, 0)      command  (case, asset) int8, or (0, 0)
    mended     (case, asset) bool: opening and command are over              hour     (case,) int64 part of the key, 0 where it does not matter
    spent      (case, stock) bool, of which the lifeline has those from first_stock to before end_stock
    """
    leaks, orders = opening.shape[0] > 0, command.shape[0] > 0
    for i in range(rows.size):
        k = rows[i]
        first, second = uint64(0), uint64(0)
        for c in range(component.size):
            asset = component[c]
            if asset < 0:
                continue
            word = uint64(0) if works[k, asset] else uint64(1)
            if not mended[k, asset]:
                if orders:
                    word |= uint64(command[k, asset]) << uint64(1)
                if leaks:
                    word |= uint64(opening[k, asset]) << uint64(8)
            if word != uint64(0):
                value = mix(word * _GOLDEN + uint64(c) * _SILVER + uint64(1))
                first += value
                second += mix(value ^ _GOLDEN)
        for s in range(first_stock, end_stock):
            if spent[k, s]:
                value = mix(mix(uint64(s - first_stock + 1)) + _SILVER)
                first += value
                second += mix(value ^ _GOLDEN)
        if hour[k] != 0:
            value = mix(uint64(hour[k]) * _SILVER)
            first += value
            second += mix(value ^ _GOLDEN)
        keys[i, 0], keys[i, 1] = first, second


@kernel
def next_expiry(g, rows, works, level, clock, out):
    """Hours until the next backup of a working asset runs out, inf where none will; out (n,) is written."""
    for i in range(rows.size):
        k = rows[i]
        best = np.inf
        for feed in range(g.threshold.size):
            if level[k, feed] >= g.threshold[feed]:
                continue
            for slot in range(g.slot_ptr[feed], g.slot_ptr[feed + 1]):
                if g.slot_vital[slot] and works[k, g.slot_asset[slot]]:
                    left = g.slot_backup[slot] - clock[k, g.slot_clock[slot]]
                    if SLACK < left < best:
                        best = left
        out[i] = best


@kernel
def deal(row, value, place, out):
    """Values (n,) sorted by row (n,), equal rows in their order; place (rows,) where each row begins, is used up; out (n,) is written."""
    for i in range(row.size):
        out[place[row[i]]] = value[i]
        place[row[i]] += 1
