"""Laws of gas flow for the kernels: friction factors, loss of pipes, supply that depends on pressure, flow through holes.

Squares of absolute pressure are the potentials: along a pipe p1^2 - p2^2 = K R T / A^2 (lambda L / d + zeta) m |m|.
"""

from __future__ import annotations

import math

from numba import njit

NIKURADSE, COLEBROOK, SWAMEE_JAIN, ALTSHUL = 0, 1, 2, 3
LAMINAR, TURBULENT = 2000.0, 4000.0


@njit(cache=True, nogil=True, error_model="numpy")
def rough_factor(relative: float) -> float:
    """Nikuradse's factor of fully rough pipes as pandapipes writes it for gases. relative: roughness over diameter"""
    return 1.0 / (1.14 - 2.0 * math.log10(relative)) ** 2


@njit(cache=True, nogil=True, error_model="numpy")
def turbulent(law: int, relative: float, reynolds: float) -> tuple[float, float]:
    """Friction factor above Re 4000, and its derivative by ln Re.

    source   Swamee and Jain 1976; Colebrook 1939 (three Newton steps from Swamee-Jain: exact to rounding)
    """
    term = 5.74 / reynolds**0.9
    base = relative / 3.7 + term
    log = math.log10(base)
    factor = 0.25 / log**2
    slope = 0.5 / log**3 * 0.9 * term / (base * math.log(10.0))
    if law == SWAMEE_JAIN:
        return factor, slope
    x = -2.0 * log  # 1 / sqrt(factor)
    rough, smooth = relative / 3.71, 2.51 / reynolds
    for _ in range(3):
        inner = rough + smooth * x
        x -= (x + 2.0 * math.log10(inner)) / (1.0 + 2.0 * smooth / (inner * math.log(10.0)))
    inner = rough + smooth * x
    part = 2.0 * smooth / (inner * math.log(10.0))
    return 1.0 / x**2, -2.0 / x**3 * (part * x) / (1.0 + part)


@njit(cache=True, nogil=True, error_model="numpy")
def friction(law: int, relative: float, reynolds: float) -> tuple[float, float]:
    """Friction factor and its derivative by ln Re, for Re > 0.

    Between laminar and turbulent flow the factor is joined by a straight line in ln Re, except where a law says how.
    """
    if law == NIKURADSE:
        laminar = 64.0 / reynolds
        return laminar + rough_factor(relative), -laminar
    if law == ALTSHUL:
        if reynolds <= 2100.0:
            return 64.0 / reynolds, -64.0 / reynolds
        base = relative + 68.0 / reynolds
        if reynolds >= 3500.0:
            factor = 0.11 * base**0.25
            return factor, -0.25 * factor / base * 68.0 / reynolds
        below = 65.0 * reynolds - 1e5
        return 0.03 + (reynolds - 2100.0) / below, reynolds * (below - 65.0 * (reynolds - 2100.0)) / below**2
    if reynolds <= LAMINAR:
        return 64.0 / reynolds, -64.0 / reynolds
    if reynolds >= TURBULENT:
        return turbulent(law, relative, reynolds)
    upper, _ = turbulent(law, relative, TURBULENT)
    slope = (upper - 64.0 / LAMINAR) / math.log(TURBULENT / LAMINAR)
    return 64.0 / LAMINAR + slope * math.log(reynolds / LAMINAR), slope


@njit(cache=True, nogil=True, error_model="numpy")
def pipe_loss(law: int, flow: float, linear: float, quadratic: float, per_factor: float, relative: float, to_reynolds: float) -> tuple[float, float]:
    """Loss of potential over K [Pa2] and its derivative by flow, for one resistive link.

    linear, quadratic  coefficients that do not depend on flow: with Nikuradse the whole law, otherwise only fittings
    per_factor         coefficient of the friction factor in the quadratic term
    to_reynolds        Re per kg/s
    """
    size = abs(flow)
    loss, slope = linear * flow + quadratic * flow * size, linear + 2.0 * quadratic * size
    if law == NIKURADSE or per_factor == 0.0:
        return loss, slope
    reynolds = max(size * to_reynolds, 1e-3)
    factor, change = friction(law, relative, reynolds)
    return loss + per_factor * factor * flow * size, slope + per_factor * max(size, 1e-3 / to_reynolds) * (2.0 * factor + change)


@njit(cache=True, nogil=True, error_model="numpy")
def supply_loss(flow: float, demand: float, span: float) -> tuple[float, float]:
    """Potential above the least one at which a consumer gets this flow, and its derivative: flow = demand * sqrt(potential / span).

    Outside 0..demand steep straight lines stand in, so that flow stays within to 1e-8 (as EPANET does for pressure-driven demands).
    """
    share = flow / demand
    steep = 1e8 * span / demand
    if share <= 0.0:
        return steep * flow, steep
    if share >= 1.0:
        return span + steep * (flow - demand), steep
    return span * share * share, max(2.0 * span * share / demand, 1e-6 * span / demand)


@njit(cache=True, nogil=True, error_model="numpy")
def leak_flow(area: float, pressure: float, ambient: float, gamma: float, constant: float, temperature: float) -> tuple[float, float]:
    """Mass flow [kg/s] through a hole, and its derivative by pressure.

    area       discharge coefficient times area [m2]
    pressure, ambient   absolute [Pa]
    constant   specific gas constant [J/kg/K]
    source     isentropic orifice: choked above the critical ratio (1.84 for gamma 1.31), TNO Yellow Book CPR 14E [recalled]; the
               unchoked branch meets it there and becomes sqrt(2 rho dp) for small differences
    """
    if pressure <= ambient:
        return 0.0, 0.0
    root = 1.0 / math.sqrt(constant * temperature)
    critical = ((gamma + 1.0) / 2.0) ** (gamma / (gamma - 1.0))
    if pressure >= critical * ambient:
        per_pascal = area * root * math.sqrt(gamma * (2.0 / (gamma + 1.0)) ** ((gamma + 1.0) / (gamma - 1.0)))
        return per_pascal * pressure, per_pascal
    ratio = ambient / pressure
    a, b = ratio ** (2.0 / gamma), ratio ** ((gamma + 1.0) / gamma)
    scale = 2.0 * gamma / (gamma - 1.0)
    inside = max(scale * (a - b), 0.0)
    flow = area * root * pressure * math.sqrt(inside)
    if inside <= 0.0:
        return 0.0, 0.0
    change = scale * (-2.0 / gamma * a + (gamma + 1.0) / gamma * b) / pressure
    return flow, flow / pressure + flow / (2.0 * inside) * change
