"""Kernel of the damage sampler: one pass over (case, asset); every draw depends on seed, case and asset alone."""

from __future__ import annotations

import numpy as np
from numba import njit, uint64

from .random import case_keys, normal_quantile, uniform_at

_STEP = np.uint64(0xD6E8FEB86659FD93)  # between the draws of one asset
_EACH = 64  # repairs along one edge that are drawn one by one; the rest by their expectation
_NORMAL = 60.0  # mean above which a Poisson number is taken as normal


@njit(cache=True, nogil=True, error_model="numpy")
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


@njit(cache=True, nogil=True, error_model="numpy")
def _lognormal(first, second, item, median, beta):
    if median <= 0.0 or beta <= 0.0:
        return median
    return median * np.exp(beta * normal_quantile(uniform_at(first, second, item)))


@njit(cache=True, nogil=True, error_model="numpy")
def curve_state(level, u, law, position, spread, states):
    """Largest state reached: level is the ln of the intensity, u the asset's uniform number."""
    best = -1e30
    for s in range(states):
        best = max(best, (level - position[law, s]) / spread[law, s])
    if best < -2.5 and u > 0.01:  # the chance of any damage is below 0.62 %: the quantile need not be computed
        return 0
    z = normal_quantile(u)
    for s in range(states - 1, -1, -1):
        if level > position[law, s] + spread[law, s] * z:
            return s + 1
    return 0


@njit(cache=True, nogil=True, error_model="numpy")
def _repairs(first, second, item, number, law, position, states, hours, beta, loss, opening):
    """Worst state, hours, loss and opening of that many repairs."""
    worst, total, lost, hole = 0, 0.0, 0.0, 0.0
    for _ in range(min(number, _EACH)):
        item = item + _STEP
        u = uniform_at(first, second, item)
        s = 0
        while s < states - 1 and u > position[law, s]:
            s += 1
        worst = max(worst, s + 1)
        item = item + _STEP
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


@njit(cache=True, nogil=True, error_model="numpy")
def sample_block(
    stream, cases, keys, site, intensity, hit, has_hit, length, section, rate_scale, hours_scale,
    measure, given, curve, states, position, spread, factor, exponent, works_of, hours, beta, loss_of, opening_of, start, laws, forced,
    state, works, opening, repair, loss,
):  # fmt: skip
    """Fill state, works, opening, repair and loss, all (case, asset).

    intensity (measure, case, site) float32; hit (case, site) int8; law arrays as in `LawTable`
    """
    for k in range(cases.size):
        first, second = case_keys(stream, cases[k])
        for i in range(keys.size):
            s = site[i]
            worst, runs, hole, mend, lost, by_curve = 0, True, 0.0, 0.0, 0.0, -1
            if s >= 0:
                item = keys[i]
                for p in range(start[i], start[i + 1]):
                    law = laws[p]
                    item = item + _STEP
                    x = intensity[measure[law], k, s]
                    if not x > 0.0 or (given[law] >= 0 and not intensity[given[law], k, s] > 0.0):
                        continue
                    u = uniform_at(first, second, item)
                    if curve[law]:
                        reached = curve_state(np.log(x), u, law, position, spread, states[law])
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
                    mend += _lognormal(first, second, uint64(keys[i]) ^ _STEP, hours[by_curve, c], beta[by_curve, c])
                    hole += opening_of[by_curve, c]
                if has_hit and hit[k, s] > 0:
                    law = forced[i]
                    reached = max(1, min((hit[k, s] * states[law] + 3) // 4, states[law]))
                    runs = runs and works_of[law, reached - 1]
                    lost = max(lost, loss_of[law, reached - 1])
                    if reached > worst or mend == 0.0:
                        mend = max(mend, _lognormal(first, second, uint64(keys[i]) + second, hours[law, reached - 1], beta[law, reached - 1]))
                    hole = max(hole, opening_of[law, reached - 1])
                    worst = max(worst, reached)
            state[k, i] = worst
            works[k, i] = runs
            opening[k, i] = hole * section[i] if hole > 0.0 else 0.0
            repair[k, i] = mend * hours_scale
            loss[k, i] = min(lost, 1.0)
