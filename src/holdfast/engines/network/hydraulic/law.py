"""Laws of pipes and of pressure-driven demand for eight lanes at a time, in packed registers.

For every link the kernels give the conductance p (1 / slope of head loss at the present flow) and the excess e (head loss / slope - flow),
so that the next flow is p * (head at start - head at end) - e.

source: Todini & Pilati 1988; forms near zero flow and barriers as in EPANET 2.2 (Rossman et al. 2020, section 12).
"""

from __future__ import annotations

import math

from holdfast.engines.network.compiled import kernel
from holdfast.engines.network.hydraulic.arrays import BIG, CLOSED, FLAT
from holdfast.engines.network.lanes import (
    absolute,
    at,
    exp2,
    inverse_root,
    largest_of,
    load,
    log2,
    reciprocal,
    splat,
    store,
    where_at_most,
    where_closed,
    where_less,
)

_SMALLEST = 1e-30  # flow below which the logarithm is not taken; every law is linear long before
_STEEP = 1e9  # slope of a barrier [ft/cfs]
_FAR = 1e3  # argument at which a barrier is over
PDA_TOLERANCE = 1e-4  # [cfs] largest misfit of a converged pressure-driven demand

# Darcy-Weisbach: limits of the laminar and turbulent ranges and constants of the formulas of Swamee & Jain and of Dunlop
_LAMINAR, _TURBULENT = 500.0 * math.pi, 1000.0 * math.pi
_SWAMEE = 5.74 * (math.pi / 4.0) ** 0.9
_DECADE = -2.0 / math.log(10.0)
_EDGE = 5.74 / 4000.0**0.9
_EDGE_SLOPE = -2.0 * 0.9 * 2.0 / math.log(10.0) * _EDGE
_LN2 = math.log(2.0)


@kernel
def plain_pipes(law, count, flow, state, conductance, excess):
    """Power-law pipes without minor loss: neither a division nor a second power is needed."""
    power = law.power
    share = 1.0 / power - 1.0
    for k in range(count):
        q = load(flow, k)
        p = exp2(log2(largest_of(absolute(q), _SMALLEST)) * (1.0 - power)) * law.inverse[k]
        e = where_closed(state, k, CLOSED, 0.0, where_at_most(p, 1.0 / FLAT, q * share, splat(0.0)))
        p = where_closed(state, k, CLOSED, 1.0 / BIG, where_at_most(p, 1.0 / FLAT, p, splat(power / FLAT)))
        store(conductance, k, p)
        store(excess, k, e)


@kernel
def minor_pipes(law, first, count, flow, state, conductance, excess):
    """Power-law pipes with a minor loss."""
    power = law.power
    for k in range(first, count):
        q = load(flow, k)
        size = absolute(q)
        slope = exp2(log2(largest_of(size, _SMALLEST)) * (power - 1.0)) * law.slope[k]
        slope = where_less(slope, FLAT, splat(FLAT / power), slope)
        friction = where_at_most(slope, FLAT / power, slope, slope * (1.0 / power))
        minor = size * law.minor[k]
        total = slope + 2.0 * minor
        p = reciprocal(total)
        e = q * ((friction + minor) * p - 1.0)
        store(conductance, k, where_closed(state, k, CLOSED, 1.0 / BIG, p))
        store(excess, k, where_closed(state, k, CLOSED, 0.0, e))


@kernel
def _friction(w, rough):
    """Friction factor and its slope times flow: Swamee & Jain above Reynolds number 4000, Dunlop's cubic below."""
    y1 = exp2(log2(w) * -0.9) * _SWAMEE
    y2 = y1 + rough / 3.7
    y3 = log2(y2) * (_DECADE * _LN2)
    full = 1.0 / (y3 * y3)
    full_slope = 1.8 * full * y1 * _DECADE / (y2 * y3)
    edge = splat(rough / 3.7 + _EDGE)
    y3 = log2(edge) * (_DECADE * _LN2)
    fa = 1.0 / (y3 * y3)
    fb = (2.0 + _EDGE_SLOPE / (edge * y3)) * fa
    r = w * (1.0 / _LAMINAR)
    x1, x2 = 7.0 * fa - fb, 0.128 - 17.0 * fa + 2.5 * fb
    x3, x4 = 13.0 * fa - 2.0 * fb - 0.128, 0.032 - 3.0 * fa + 0.5 * fb
    part = x1 + r * (x2 + r * (x3 + r * x4))
    part_slope = r * (x2 + r * (2.0 * x3 + 3.0 * r * x4))
    return where_less(w, _TURBULENT, part, full), where_less(w, _TURBULENT, part_slope, full_slope)


@kernel
def rough_pipes(law, count, flow, state, conductance, excess):
    """Darcy-Weisbach pipes: Hagen-Poiseuille up to Reynolds number 2000, then a friction factor."""
    for k in range(count):
        q = load(flow, k)
        size = absolute(q)
        thick = law.thick[k]
        w = size * (1.0 / thick)
        resistance = law.slope[k]
        factor, factor_slope = _friction(largest_of(w, _LAMINAR), law.rough[k])
        minor = law.minor[k]
        creeping = splat(16.0 * math.pi * thick * resistance) + size * minor
        turbulent = (factor * resistance + minor) * size
        slope = where_at_most(w, _LAMINAR, creeping + size * minor, 2.0 * turbulent + factor_slope * resistance * size)
        loss = where_at_most(w, _LAMINAR, creeping, turbulent)
        p = where_less(slope, 1e-12, splat(1.0 / FLAT), 1.0 / largest_of(slope, 1e-12))
        e = where_less(slope, 1e-12, splat(0.0), q * (loss * p - 1.0))
        store(conductance, k, where_closed(state, k, CLOSED, 1.0 / BIG, p))
        store(excess, k, where_closed(state, k, CLOSED, 0.0, e))


@kernel
def pressure_demand(law, wanted, taken, bend, ask, answer, ground, right):
    """Pressure-driven demand as a link to the ground, entered in the equations of the heads.

    The head loss is bend * supply ** power, with a barrier below no supply and one above all of the demand; only the nearer one is felt.
    """
    power = law.demand_power
    node, elevation, low = law.demand_node, law.elevation, law.low
    for r in range(len(node)):
        d = load(taken, r)
        full = load(wanted, r)
        size = absolute(d)
        j = at(node, r)
        if power == 2.0:
            slope = size * load(bend, r)
        else:
            slope = exp2(log2(largest_of(size, _SMALLEST)) * (power - 1.0)) * load(bend, r)
        loss = slope * d * (1.0 / power)
        above = where_less(d + d, full, splat(-1.0), splat(1.0))
        a = largest_of(where_less(d + d, full, -d, d - full) * _STEEP, -_FAR)
        square = a * a + 1e-6
        root = inverse_root(square)
        loss = loss + above * (0.5 * (a + square * root))
        slope = slope + 0.5 * _STEEP * (1.0 + a * root)
        p = where_at_most(full, 0.0, splat(0.0), reciprocal(slope))
        y = loss * p
        store(ask, r, p)
        store(answer, r, y)
        store(ground, j, load(ground, j) + p)
        store(right, j, load(right, j) - d + y + p * (at(elevation, j) + low))


@kernel
def misfit(power, high, d, full, bend):
    """Above 0 in lanes where a supply differs from what the pressure allows by more than EPANET's tolerance.

    high  head above the lowest at which anything comes, times the law's power: bend * supply ** power where the supply is a part of the demand
    """
    least, most = d - PDA_TOLERANCE, d + PDA_TOLERANCE
    if power == 2.0:
        least_high, most_high = least * least * bend, most * most * bend
    else:
        least_high = exp2(log2(largest_of(least, _SMALLEST)) * power) * bend
        most_high = exp2(log2(largest_of(most, _SMALLEST)) * power) * bend
    one, none = splat(1.0), splat(0.0)
    short = where_at_most(least, 0.0, none, where_less(high, least_high, one, where_less(full, least, one, none)))
    over = where_less(most, full, where_less(most_high, high, one, where_less(most, 0.0, one, none)), none)
    return where_at_most(full, 0.0, none, short + over)
