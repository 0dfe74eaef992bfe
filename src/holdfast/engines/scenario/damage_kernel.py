"""Kernel of the damage sampler: one pass over (case, asset); every draw depends on seed, case and asset alone."""

from __future__ import annotations

import numpy as np
from numba import njit

from .random import case_keys, normal_quantile, normal_quick, uniform_at

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
    return median * np.exp(beta * normal_quick(uniform_at(first, second, item)))


@njit(cache=True, nogil=True, error_model="numpy")
def curve_state(level, u, law, position, inverse, states):
    """Largest state reached: level is the ln of the intensity, u the asset's uniform number, inverse 1 / spread."""
    best = -1e30
    for s in range(states):
        best = max(best, (level - position[law, s]) * inverse[law, s])
    if best < -2.5 and u > 0.01:  # the chance of any damage is below 0.62 %: the quantile need not be computed
        return 0
    z = normal_quick(u)
    for s in range(states - 1, -1, -1):
        if (level - position[law, s]) * inverse[law, s] > z:
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
def sample_single(
    stream, cases, which, law_of, keys, site, intensity, hours_scale, measure, states, position, inverse, works_of, hours, beta, loss_of, opening_of, section,
    state, works, opening, repair, loss,
):  # fmt: skip
    """Assets at positions `which`, sorted by `law_of`, that have one law, a curve: the same numbers as `sample_block`, twice as fast."""
    for k in range(cases.size):
        first, second = case_keys(stream, cases[k])
        law, count = -1, 0
        p0 = p1 = p2 = p3 = i0 = i1 = i2 = i3 = 0.0
        for j in range(which.size):
            if law_of[j] != law:  # parameters of the law stay in registers
                law = law_of[j]
                count = states[law]
                i0, i1, i2, i3 = inverse[law, 0], inverse[law, 1], inverse[law, 2], inverse[law, 3]
                p0 = position[law, 0]
                p1 = position[law, 1] if count > 1 else 1e9
                p2 = position[law, 2] if count > 2 else 1e9
                p3 = position[law, 3] if count > 3 else 1e9
            i, reached = which[j], 0
            s = site[i]
            x = intensity[measure[law], k, s] if s >= 0 else np.float32(0.0)
            if x > 0.0:
                level = np.log(x)
                u = uniform_at(first, second, keys[i] + _STEP)
                t0, t1, t2, t3 = (level - p0) * i0, (level - p1) * i1, (level - p2) * i2, (level - p3) * i3
                if max(t0, t1, t2, t3) > -2.5 or u <= 0.01:
                    z = normal_quick(u)
                    reached = 1 if t0 > z else 0
                    reached = 2 if t1 > z else reached
                    reached = 3 if t2 > z else reached
                    reached = 4 if t3 > z else reached
            state[k, i] = reached
            if reached > 0:
                c = reached - 1
                works[k, i] = works_of[law, c]
                loss[k, i] = min(loss_of[law, c], 1.0)
                opening[k, i] = opening_of[law, c] * section[i]
                repair[k, i] = hours_scale * _lognormal(first, second, keys[i] ^ _STEP, hours[law, c], beta[law, c])
            else:
                works[k, i] = True
                loss[k, i] = 0.0
                opening[k, i] = 0.0
                repair[k, i] = 0.0


@njit(cache=True, nogil=True, error_model="numpy")
def sample_block(
    stream, cases, which, keys, site, intensity, hit, has_hit, length, section, rate_scale, hours_scale,
    measure, given, curve, states, position, inverse, factor, exponent, works_of, hours, beta, loss_of, opening_of, start, laws, forced,
    state, works, opening, repair, loss,
):  # fmt: skip
    """Fill state, works, opening, repair and loss, all (case, asset), for the assets at positions `which`.

    intensity (measure, case, site) float32; hit (case, site) int8; law arrays as in `LawTable`
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
                    item = item + _STEP
                    x = intensity[measure[law], k, s]
                    if not x > 0.0 or (given[law] >= 0 and not intensity[given[law], k, s] > 0.0):
                        continue
                    u = uniform_at(first, second, item)
                    if curve[law]:
                        reached = curve_state(np.log(x), u, law, position, inverse, states[law])
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
                    mend += _lognormal(first, second, keys[i] ^ _STEP, hours[by_curve, c], beta[by_curve, c])
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
