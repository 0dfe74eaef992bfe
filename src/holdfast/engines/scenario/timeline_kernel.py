"""Kernels of the timeline: mending, measuring and letting time pass, for some rows of a block."""

from __future__ import annotations

import numpy as np

from holdfast.engines.network.compiled import kernel

from .cascade_kernel import SLACK


@kernel
def mend(rows, now, last, done, own, harmful, mended, sound, next_done, ago, count):
    """What is mended by now.

    now, last  (case,) hour and length of the last step        done, own, harmful  (case, asset) hour; whether it works in spite of its damage; `world.harmful`
    written   mended, sound (case, asset); next_done (n,); ago, count (n,) hours since what has been mended in the last step was, in all, and how many these are
    """
    for i in range(rows.size):
        k = rows[i]
        soon = np.inf
        ago[i] = count[i] = 0.0
        for asset in range(done.shape[1]):
            over = done[k, asset] <= now[k] + SLACK
            if over and harmful[k, asset] and not mended[k, asset]:
                ago[i] += min(max(now[k] - done[k, asset], 0.0), last[k])
                count[i] += 1.0
            mended[k, asset] = over
            sound[k, asset] = over or own[k, asset]
            if not over and done[k, asset] < soon:
                soon = done[k, asset]
        next_done[i] = soon


@kernel
def shut_off(rows, now, last, column, opening, isolated, mended, sound, left, next_done, next_shut, ago, count):
    """Which leaks are shut off by now, after `mend`.

    column    (s,) assets that leak in any case                opening, isolated  (case, s) area, and hour from which it is shut off
    mended    (case, asset)                                    sound  (case, asset), False where shut off; left (case, asset) area that still leaks: written
    next_done, next_shut  (n,) next hour at which anything changes, lowered, and next hour at which a leak is shut off
    ago, count  (n,) as in `mend`, which they are added to
    """
    for i in range(rows.size):
        k = rows[i]
        soon = np.inf
        for j in range(column.size):
            asset = column[j]
            if opening[k, j] <= 0.0 or mended[k, asset]:
                left[k, asset] = 0.0
            elif isolated[k, j] <= now[k] + SLACK:
                if left[k, asset] > 0.0:
                    ago[i] += min(max(now[k] - isolated[k, j], 0.0), last[k])
                    count[i] += 1.0
                left[k, asset] = 0.0
                sound[k, asset] = False
            else:
                left[k, asset] = opening[k, j]
                soon = min(soon, isolated[k, j])
        next_shut[i] = soon
        next_done[i] = min(next_done[i], soon)


@kernel
def measure(
    rows, level, works, threshold, normal, service, people, zone_ptr, zone, zone_people, critical, without, got, zone_got, down, critical_down, dark
):  # fmt: skip
    """Sums over a city in each row.

    level     (case, feed)                  works         (case, asset)            critical  (c,) assets
    threshold, normal, service, people  (feed,); consumers of feeds below threshold 0 have no people here
    zone_ptr, zone, zone_people   people of each feed by zone
    written   without, got (n, service) people below the threshold, and people times share; zone_got (n, zone, service); down (n,) assets;
              critical_down (n, c); dark (n, feed) bool, below the threshold
    """
    for i in range(rows.size):
        k = rows[i]
        without[i, :] = 0.0
        got[i, :] = 0.0
        zone_got[i, :, :] = 0.0
        for feed in range(threshold.size):
            dark[i, feed] = level[k, feed] < threshold[feed]
            if people[feed] <= 0.0:
                continue
            share = min(level[k, feed] / normal[feed], 1.0) if normal[feed] > 0.0 else 0.0
            got[i, service[feed]] += people[feed] * share
            if dark[i, feed]:
                without[i, service[feed]] += people[feed]
            for j in range(zone_ptr[feed], zone_ptr[feed + 1]):
                zone_got[i, zone[j], service[feed]] += zone_people[j] * share
        count = 0
        for asset in range(works.shape[1]):
            if not works[k, asset]:
                count += 1
        down[i] = count
        for j in range(critical.size):
            critical_down[i, j] = not works[k, critical[j]]


@kernel
def advance(rows, step, level, threshold, clock, lost):
    """Let step (n,) hours pass: clock and lost (case, feed) hours without, in a row and in all."""
    for i in range(rows.size):
        k = rows[i]
        for feed in range(threshold.size):
            if level[k, feed] < threshold[feed]:
                clock[k, feed] += step[i]
                lost[k, feed] += step[i]
            else:
                clock[k, feed] = 0.0


@kernel
def restored(rows, level, normal, threshold, critical_down, out):
    """Whether every feed that is served in the undisturbed city is as it was, and all critical facilities work; out (n,) bool is written."""
    for i in range(rows.size):
        good = not critical_down[i].any()
        for feed in range(threshold.size):
            if good and threshold[feed] > 0.0 and level[rows[i], feed] < normal[feed] * 0.999:
                good = False
        out[i] = good


@kernel
def credit(rows, back, level, threshold, clock, lost):
    """Give back (n,) hours to feeds that were without all through the last step and are served at its end."""
    for i in range(rows.size):
        k = rows[i]
        for feed in range(threshold.size):
            if clock[k, feed] > 0.0 and level[k, feed] >= threshold[feed]:
                lost[k, feed] -= back[i]
