"""Power flow with voltage-controlled generators by Newton-Raphson, case by case, with sparse matrices.

power-grid-model 1.12 knows no voltage-controlled generators. Limits of reactive power are not enforced.
source    Tinney and Hart 1967; partial derivatives as in MATPOWER's technical note 2 [recalled]
"""

from __future__ import annotations

import warnings

import numpy as np
from scipy.sparse import coo_array, csr_array, diags_array, hstack, vstack
from scipy.sparse.csgraph import connected_components
from scipy.sparse.linalg import MatrixRankWarning, splu

from holdfast.model.lifeline import CaseStatus

from .model import BASE, Cases, Law, PowerModel

TOLERANCE, LIMIT = 1e-8, 30  # largest mismatch [pu of 1 MVA]


def solve(model: PowerModel, cases: Cases, live: np.ndarray) -> tuple[np.ndarray, np.ndarray, np.ndarray, np.ndarray]:
    """Solve the cases one after the other.

    live      (case, node) bool nodes connected to a source
    returns   as `batch.BatchSolver.solve`
    """
    status, voltage = np.zeros(cases.count, np.int8), np.full((cases.count, model.nodes), np.nan + 0j)
    s_from, s_to = np.zeros((cases.count, model.branches), complex), np.zeros((cases.count, model.branches), complex)
    for c in range(cases.count):
        one = cases.rows(np.array([c]))
        status[c], voltage[c], s_from[c], s_to[c] = _one(model, one, live[c])
    return status, voltage, s_from, s_to


def admittances(model: PowerModel, on_from: np.ndarray, on_to: np.ndarray) -> tuple[np.ndarray, np.ndarray, np.ndarray, np.ndarray]:
    """(branch,) complex from-from, from-to, to-from, to-to terms [pu] of branches whose ends are connected or not; 0 for couplers."""
    with np.errstate(divide="ignore", invalid="ignore"):
        series, half, turns = np.where(model.ideal, 0.0, 1.0 / model.z_pu), model.half_y_pu, model.branch_ratio
        alone = np.where(half == 0, 0.0, half + series * half / (series + half))
    both = on_from & on_to
    ff = np.where(both, series + half, np.where(on_from, alone, 0.0)) / np.abs(turns) ** 2
    tt = np.where(both, series + half, np.where(on_to, alone, 0.0))
    ft, tf = np.where(both, -series / np.conj(turns), 0.0), np.where(both, -series / turns, 0.0)
    return tuple(np.where(model.ideal, 0.0, term) for term in (ff, ft, tf, tt))  # type: ignore[return-value]


def _one(model: PowerModel, case: Cases, live: np.ndarray) -> tuple[int, np.ndarray, np.ndarray, np.ndarray]:
    on_from, on_to = case.on_from[0] & live[model.branch_from], case.on_to[0] & live[model.branch_to]
    terms = admittances(model, on_from, on_to)
    closed = model.ideal & on_from & on_to
    joined = coo_array((np.ones(int(closed.sum()), np.int8), (model.branch_from[closed], model.branch_to[closed])), shape=(model.nodes, model.nodes))
    _, seat = connected_components(joined.tocsr(), directed=False)
    used, seat = np.unique(np.where(live, seat, -1), return_inverse=True)
    seat, size = (seat - 1, len(used) - 1) if used[0] == -1 else (seat, len(used))
    ends = (seat[model.branch_from], seat[model.branch_to])
    rows, columns = (np.concatenate([ends[i] for i in order]) for order in ((0, 0, 1, 1), (0, 1, 0, 1)))
    values = np.concatenate(terms)
    kept = values != 0
    y = csr_array(coo_array((values[kept], (rows[kept], columns[kept])), shape=(size, size)))
    power, held, slack, start = _wanted(model, case, live, seat, size)
    code, v = newton(y, power, held, slack, start)
    voltage = np.where(live, v[np.maximum(seat, 0)], np.nan)
    if code:
        return code, np.full(model.nodes, np.nan), np.full(model.branches, np.nan), np.full(model.branches, np.nan)
    a, b = np.nan_to_num(voltage[model.branch_from]), np.nan_to_num(voltage[model.branch_to])
    return 0, voltage, a * np.conj(terms[0] * a + terms[1] * b) * BASE, b * np.conj(terms[2] * a + terms[3] * b) * BASE


def _wanted(model: PowerModel, case: Cases, live: np.ndarray, seat: np.ndarray, size: int) -> tuple[np.ndarray, np.ndarray, np.ndarray, np.ndarray]:
    """(3, fused node) consumption by law [pu], held magnitude (NaN free), slack, and where to start."""
    power = np.zeros((len(Law), size), complex)
    there = live[model.inject_node]
    np.add.at(power, (model.inject_law[there], seat[model.inject_node[there]]), (model.inject_s * case.factor[0])[there] / BASE)
    held, start, slack = np.full(size, np.nan), np.ones(size, complex), np.zeros(size, bool)
    on = case.held[0] & live[model.held_node]
    held[seat[model.held_node[on]]] = model.held_v[on]
    np.add.at(power[Law.POWER], seat[model.held_node[on]], -model.held_p[on] / BASE)
    fed = case.source[0] & live[model.source_node]
    at = seat[model.source_node[fed]]
    slack[at] = True
    held[at] = np.abs(model.source_v[fed])
    turn = np.angle(model.source_v[fed])
    start *= np.where(np.isnan(held), 1.0, held) * np.exp(1j * (turn[0] if len(turn) else 0.0))
    start[at] = model.source_v[fed]
    return power, held, slack, start


def newton(y: csr_array, power: np.ndarray, held: np.ndarray, slack: np.ndarray, start: np.ndarray) -> tuple[int, np.ndarray]:
    """Newton-Raphson in polar form.

    y         (n, n) admittances [pu];  power  (3, n) complex consumption by `Law`
    held      (n,) magnitude of slack and voltage-controlled nodes, NaN for others;  slack  (n,) bool;  start  (n,) complex
    returns   `CaseStatus` and voltages
    """
    v = _linear_start(y, held, slack, start)
    turning, swelling = np.flatnonzero(~slack), np.flatnonzero(np.isnan(held))
    for _ in range(LIMIT):
        size, current = np.abs(v), y @ v
        wanted = power[0] + power[1] * size + power[2] * size**2
        miss = v * np.conj(current) + wanted
        residual = np.concatenate([miss.real[turning], miss.imag[swelling]])
        if len(residual) == 0 or np.abs(residual).max() < TOLERANCE:
            return CaseStatus.SOLVED, v
        if not np.isfinite(residual).all() or np.abs(v).max() > 1e3:
            return CaseStatus.DIVERGED, v
        d, unit = diags_array(v), v / size
        by_angle = 1j * d @ (diags_array(current) - y @ d).conj()
        by_size = d @ (y @ diags_array(unit)).conj() + diags_array(current.conj() * unit + power[1] + 2.0 * power[2] * size)
        a, m = by_angle.tocsr(), by_size.tocsr()
        jacobian = vstack([hstack([a.real[turning][:, turning], m.real[turning][:, swelling]]), hstack([a.imag[swelling][:, turning], m.imag[swelling][:, swelling]])])
        try:
            with warnings.catch_warnings():
                warnings.simplefilter("error", MatrixRankWarning)
                step = splu(jacobian.tocsc()).solve(-residual)
        except (RuntimeError, MatrixRankWarning):
            return CaseStatus.SINGULAR, v
        angle = np.angle(v)
        angle[turning] += step[: len(turning)]
        size[swelling] += step[len(turning) :]
        v = size * np.exp(1j * angle)
    return CaseStatus.DIVERGED, v


def _linear_start(y: csr_array, held: np.ndarray, slack: np.ndarray, start: np.ndarray) -> np.ndarray:
    """Angles of the network without load: phase-shifting transformers turn whole levels, from which a flat start would not settle."""
    free = np.flatnonzero(~slack)
    if len(free) == 0:
        return start
    fixed = np.flatnonzero(slack)
    try:
        idle = splu(y[free][:, free].tocsc()).solve(-(y[free][:, fixed] @ start[fixed]))
    except RuntimeError:
        return start
    v = start.copy()
    usable = np.isfinite(idle) & (np.abs(idle) > 0.1)
    v[free[usable]] = np.abs(start[free[usable]]) * np.exp(1j * np.angle(idle[usable]))
    return v
