"""Electrical data of lines and transformers as pi sections with an ideal transformer at the first end.

source    pi and T circuits as in pandapower's documentation of lines, trafo and trafo3w (found); the T circuit with its impedance
          halved on both sides is turned into the pi circuit that behaves the same
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np


@dataclass(frozen=True, slots=True)
class Section:
    """Columns of `PowerModel`: z [ohm] and y [S] seen from the second end, ratio [pu], permitted currents [A]."""

    z: np.ndarray
    y: np.ndarray
    ratio: np.ndarray
    limit_from: np.ndarray
    limit_to: np.ndarray


def line(length: np.ndarray, r: np.ndarray, x: np.ndarray, c: np.ndarray, g: np.ndarray, current: np.ndarray, parallel: np.ndarray, frequency: float) -> Section:
    """Lines from their data per length.

    length [m]; r, x [ohm/m]; c [F/m]; g [S/m]; current permitted in one system [A], NaN or 0 none; parallel systems
    """
    z = (r + 1j * x) * length / parallel
    y = (g + 2j * np.pi * frequency * c) * length * parallel
    limit = _limit(current * parallel)
    return Section(z, y, np.ones(len(z), complex), limit, limit)


def transformer(
    power: np.ndarray, high: np.ndarray, low: np.ndarray, short: np.ndarray, short_real: np.ndarray, iron: np.ndarray, idle: np.ndarray,
    parallel: np.ndarray, shift: np.ndarray, rated_from: np.ndarray, rated_to: np.ndarray, loading: np.ndarray,
    nominal_high: np.ndarray, nominal_low: np.ndarray,
) -> Section:
    """Two-winding transformers; the first end is the high side.

    power       rated [VA] of one unit;  high, low  rated voltages with the tap changer at work [V]
    short, short_real  short-circuit voltage and its resistive part;  iron [W];  idle  no-load current, as shares; where it is
                negative the transformer stands for a line with charging, and its circuit is a pi
    nominal_high, nominal_low  rated voltages at the neutral tap, for the permitted currents [V]
    shift       low side behind high side [rad];  rated_from, rated_to  nominal voltages of the nodes [V]
    loading     permitted share of the rated power times the derating factor
    """
    size = power * parallel
    z = (short_real + 1j * np.sqrt(np.maximum(short**2 - short_real**2, 0.0)) * np.where(short < 0, -1.0, 1.0)) * low**2 / size
    magnetising = np.sqrt(np.maximum((idle * power) ** 2 - iron**2, 0.0)) * np.sign(idle)
    shunt = (iron - 1j * magnetising) * parallel / low**2
    tee_z, tee_y = tee(z, shunt)
    z, y = np.where(idle < 0, z, tee_z), np.where(idle < 0, shunt, tee_y)
    ratio = high / rated_from * rated_to / low * np.exp(1j * shift)
    permitted = size * loading / np.sqrt(3.0)
    return Section(z, y, ratio, _limit(permitted / nominal_high), _limit(permitted / nominal_low))


def star(power: np.ndarray, short: np.ndarray, short_real: np.ndarray) -> np.ndarray:
    """Three windings as a star: (n, 3) complex impedances of high, medium and low winding on one base of 1 VA at 1 V.

    power       (n, 3) rated [VA];  short, short_real  (n, 3) of the pairs high-medium, medium-low, high-low, each on the smaller power of its pair
    """
    pairs = np.stack([np.minimum(power[:, 0], power[:, 1]), np.minimum(power[:, 1], power[:, 2]), np.minimum(power[:, 0], power[:, 2])], axis=1)
    z = (short_real + 1j * np.sqrt(np.maximum(short**2 - short_real**2, 0.0)) * np.where(short < 0, -1.0, 1.0)) / pairs
    return 0.5 * np.stack([z[:, 0] + z[:, 2] - z[:, 1], z[:, 1] + z[:, 0] - z[:, 2], z[:, 1] + z[:, 2] - z[:, 0]], axis=1)


def tee(z: np.ndarray, y: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Series impedance and total shunt admittance of the pi circuit that equals a T circuit of z/2, y, z/2."""
    shared = 1.0 + z * y / 4.0
    return z * shared, y / shared


def _limit(current: np.ndarray) -> np.ndarray:
    return np.where(np.isfinite(current) & (current > 0.0), current, np.inf)
