"""Kernel of the damage sampler: one pass over (case, asset); every draw depends on seed, case and asset alone."""

from __future__ import annotations

import numpy as np

from holdfast.engines.network.compiled import kernel

from .damage_chance import STATES, find, worst_state
from .random import EDGE, case_keys, normal_inner, normal_quantile, normal_quick, uniform_at, uniform_of

STEP = np.uint64(0xD6E8FEB86659FD93)  # between the draws of one asset
_EACH = 64  # repairs along one edge that are drawn one by one; the rest by their expectation
_NORMAL = 60.0  # mean above which a Poisson number is taken as normal
_TILE = 512  # assets in one pass, so that what is in between stays in the nearest cache


@kernel
def poisson(mean, u):
    """The Poisson number of the given mean at the quantile u in (0, 1)."""
    if u <= 1.0 - mean:  # exp(-mean) is larger
        return 0
    if mean > _NORMAL:
        value = mean + np.sqrt(mean) * normal_quantile(u) + (normal_quantile(u) ** 2 - 1.0) / 6.0  # Cornish-Fisher
        return max(0, int(value + 0.5))
    term = np.exp(-mean)
    total, count = term, 0
    while u > total and count < 1000:
        count += 1
        term *= mean / count
        total += term
        if term < 1e-18 and count > mean:
            break
    return count


@kernel(inline="always")
def exp_quick(y):
    """exp(y) to 3e-7 where it is within 1/500 and 500, exact beyond: the sixteenth power of a polynomial, without a call."""
    if abs(y) > 6.2:
        return np.exp(y)
    t = y * 0.0625
    p = 1.0 + t * (1.0 + t * (1 / 2 + t * (1 / 6 + t * (1 / 24 + t * (1 / 120 + t * (1 / 720 + t * (1 / 5040)))))))
    p *= p
    p *= p
    p *= p
    return p * p


@kernel
def _lognormal(first, second, item, median, beta):
    if median <= 0.0 or beta <= 0.0:
        return median
    return median * exp_quick(beta * normal_quick(uniform_at(first, second, item)))


@kernel
def _repairs(first, second, item, number, law, position, states, hours, beta, loss, opening):
    """Worst state, hours, loss and opening of that many repairs."""
    worst, total, lost, hole = 0, 0.0, 0.0, 0.0
    for _ in range(min(number, _EACH)):
        item = item + STEP
        u = uniform_at(first, second, item)
        s = 0
        while s < states - 1 and u > position[law, s]:
            s += 1
        worst = max(worst, s + 1)
        item = item + STEP
        total += _lognormal(first, second, item, hours[law, s], beta[law, s])
        lost += loss[law, s]
        hole += opening[law, s]
    rest = number - _EACH
    if rest > 0:
        before = 0.0
        for s in range(states):
            share = (position[law, s] - before) * rest
            before = position[law, s]
            total += share * hours[law, s] * np.exp(0.5 * beta[law, s] ** 2)
            lost += share * loss[law, s]
            hole += share * opening[law, s]
    return worst, total, lost, hole


@kernel
def _damaged(site, row, bits, u, cut, base, first, last, floor, reach, index, cell, share):
    """Which assets of a tile are damaged, by one lognormal law: their places, cells and shares; returns how many."""
    found, part = 0, np.float64(1.0 / (1 << cut))
    rest = np.int32((1 << cut) - 1)
    for j in range(site.size):
        s = site[j]
        bit = bits[s]
        c = min(max((bit >> cut) - base, 0), last)  # the row after the last repeats it
        f = (bit & rest) * part
        low = reach[first + c, 0]
        index[found], cell[found], share[found] = j, first + c, f
        found += (row[s] >= floor) & (u[j] < low + f * (reach[first + c + 1, 0] - low))
    return found


@kernel
def _damaged_by_table(site, row, u, law, chances, index, cell, share):
    """As `_damaged`, for a law that is a table."""
    found, reach = 0, chances.reach
    for j in range(site.size):
        x = row[site[j]]
        c, f = find(x, 0, law, chances)
        low = reach[c, 0]
        index[found], cell[found], share[found] = j, c, f
        found += (x >= chances.floor[law]) & (u[j] < low + f * (reach[c + 1, 0] - low))
    return found


@kernel
def _normals(found, first, second, salt, index, p, z):
    """Standard normal numbers of the damaged assets of a tile, as `normal_quick` gives them; in steps that the compiler does for several at once."""
    for n in range(found):
        p[n] = uniform_of(first + salt[index[n]], second)
    for n in range(found):
        z[n] = normal_inner(p[n])
    for n in range(found):
        if not EDGE <= p[n] <= 1.0 - EDGE:
            z[n] = normal_quantile(p[n])


@kernel
def sample_single(
    stream, cases, which, runs, law_of, salt, salt_repair, site, intensity, bits, hours_scale, chances, works_of, hours, beta, loss_of, opening_of, section,
    state, works, opening, repair, loss,
):  # fmt: skip
    """Assets at positions `which` that have one law, a curve or a table, in runs of the same law: the same numbers as `sample_block`, many times as fast.

    runs (run, 2) from and to positions in `which`, law_of (run,); salt and salt_repair of the draws, site, section: in the order of `which`
    intensity (case, site) float32 and the same memory as int32; outputs are those of assets without damage and only written where there is some
    """
    u, z, share = np.empty(_TILE), np.empty(_TILE), np.empty(_TILE)
    index, cell = np.empty(_TILE, np.uint32), np.empty(_TILE, np.uint32)
    reach = chances.reach
    for k in range(cases.size):
        first, second = case_keys(stream, cases[k])
        for r in range(law_of.size):
            law = law_of[r]
            cut = chances.shift[law]
            runs_on, share_lost, hole, time, spread = works_of[law], loss_of[law], opening_of[law], hours[law], beta[law]
            for begin in range(runs[r, 0], runs[r, 1], _TILE):
                end = min(begin + _TILE, runs[r, 1])
                here, place, width, draws = which[begin:end], site[begin:end], section[begin:end], salt[begin:end]
                for j in range(end - begin):
                    u[j] = uniform_of(first + draws[j], second)
                if cut >= 0:
                    found = _damaged(place, intensity[k], bits[k], u, cut, chances.base[law], chances.first[law], chances.last[law], chances.floor[law], reach,
                                     index, cell, share)  # fmt: skip
                else:
                    found = _damaged_by_table(place, intensity[k], u, law, chances, index, cell, share)
                for n in range(found):  # no branch to guess wrong: only damaged assets come here
                    j, c, f = index[n], cell[n], share[n]
                    v, s = u[j], np.uint8(0)
                    for t in range(1, STATES):
                        s += v < reach[c, t] + f * (reach[c + np.uint32(1), t] - reach[c, t])
                    i = here[j]
                    state[k, i] = s + 1
                    works[k, i] = runs_on[s]
                    loss[k, i] = min(share_lost[s], 1.0)
                    opening[k, i] = hole[s] * width[j]
                    share[n] = hours_scale * time[s]
                    cell[n] = s
                _normals(found, first, second, salt_repair[begin:end], index, u, z)
                for n in range(found):
                    repair[k, here[index[n]]] = share[n] * exp_quick(spread[cell[n]] * z[n])


@kernel
def sample_block(
    stream, cases, which, keys, site, intensity, bits, hit, has_hit, length, section, rate_scale, hours_scale, chances,
    measure, given, curve, states, position, factor, exponent, works_of, hours, beta, loss_of, opening_of, start, laws, forced,
    state, works, opening, repair, loss,
):  # fmt: skip
    """Fill state, works, opening, repair and loss, all (case, asset), for the assets at positions `which`.

    intensity (measure, case, site) float32 and the same memory as int32; hit (case, site) int8; law arrays as in `LawTable`
    """
    for k in range(cases.size):
        first, second = case_keys(stream, cases[k])
        for i in which:
            s = site[i]
            worst, runs, hole, mend, lost, by_curve = 0, True, 0.0, 0.0, 0.0, -1
            if s >= 0:
                item = keys[i]
                for p in range(start[i], start[i + 1]):
                    law = laws[p]
                    item = item + STEP
                    x = intensity[measure[law], k, s]
                    if not x > 0.0 or (given[law] >= 0 and not intensity[given[law], k, s] > 0.0):
                        continue
                    u = uniform_at(first, second, item)
                    if curve[law]:
                        if x < chances.floor[law]:
                            continue
                        cell, share = find(x, bits[measure[law], k, s], law, chances)
                        reached = worst_state(u, cell, share, chances.reach)
                        if reached == 0:
                            continue
                        runs = runs and works_of[law, reached - 1]
                        lost = max(lost, loss_of[law, reached - 1])
                        if reached > worst or by_curve < 0:
                            by_curve = law
                        worst = max(worst, reached)
                    else:
                        mean = rate_scale * factor[law] * x ** exponent[law] * length[i]
                        if not mean > 0.0:
                            continue
                        number = poisson(mean, u)
                        if number == 0:
                            continue
                        down, time, share, gap = _repairs(first, second, item ^ second, number, law, position, states[law], hours, beta, loss_of, opening_of)
                        runs = runs and works_of[law, down - 1]
                        worst = max(worst, down)
                        mend += time
                        hole += gap
                        lost = min(1.0, lost + share)
                if by_curve >= 0:
                    c = min(worst, states[by_curve]) - 1
                    mend += _lognormal(first, second, keys[i] ^ STEP, hours[by_curve, c], beta[by_curve, c])
                    hole += opening_of[by_curve, c]
                if has_hit and hit[k, s] > 0:
                    law = forced[i]
                    reached = max(1, min((hit[k, s] * states[law] + 3) // 4, states[law]))
                    runs = runs and works_of[law, reached - 1]
                    lost = max(lost, loss_of[law, reached - 1])
                    if reached > worst or mend == 0.0:
                        mend = max(mend, _lognormal(first, second, keys[i] + second, hours[law, reached - 1], beta[law, reached - 1]))
                    hole = max(hole, opening_of[law, reached - 1])
                    worst = max(worst, reached)
            state[k, i] = worst
            works[k, i] = runs
            opening[k, i] = hole * section[i] if hole > 0.0 else 0.0
            repair[k, i] = mend * hours_scale
            loss[k, i] = min(lost, 1.0)
