"""Pi sections of lines and transformers."""

from __future__ import annotations

import numpy as np
import pytest

from holdfast.engines.network.power import sections


def one(*values):
    return tuple(np.array([float(v)]) for v in values)


def test_parallel_lines_share_current():
    section = sections.line(*one(2000, 2e-4, 1e-4, 3e-10, 1e-9, 250, 2), frequency=50.0)
    assert section.z[0] == pytest.approx((0.4 + 0.2j) / 2)
    assert section.y[0] == pytest.approx((2e-6 + 2j * np.pi * 50 * 6e-7) * 2)
    assert section.limit_from[0] == 500.0
    assert sections.line(*one(1, 1, 1, 0, 0, np.nan, 1), frequency=50.0).limit_to[0] == np.inf


def transformer(idle):
    return sections.transformer(*one(1e6, 10e3, 400, 0.06, 0.01, 1500, idle, 1, np.radians(330), 10e3, 400, 1.0, 10e3, 400))


def tee(z, y, v1, v2):
    """Currents into both ends of a T circuit z/2, y, z/2."""
    middle = (2 * v1 / z + 2 * v2 / z) / (4 / z + y)
    return 2 * (v1 - middle) / z, 2 * (v2 - middle) / z


def test_a_transformer_behaves_as_its_t_circuit():
    section = transformer(0.01)
    z = (0.01 + 1j * np.sqrt(0.06**2 - 0.01**2)) * 400**2 / 1e6
    y = (1500 - 1j * np.sqrt(1e4**2 - 1500**2)) / 400**2
    v1, v2 = 400.0, 390.0 * np.exp(-0.05j)
    pi = ((v1 - v2) / section.z[0] + section.y[0] / 2 * v1, (v2 - v1) / section.z[0] + section.y[0] / 2 * v2)
    assert np.allclose(pi, tee(z, y, v1, v2), rtol=1e-10)
    assert section.ratio[0] == pytest.approx(np.exp(1j * np.radians(330)))
    assert section.limit_from[0] == pytest.approx(1e6 / np.sqrt(3) / 10e3) and section.limit_to[0] == pytest.approx(1e6 / np.sqrt(3) / 400)


def test_a_negative_no_load_current_is_charging_of_a_line():
    section = transformer(-0.01)
    assert section.y[0].imag > 0 and section.z[0] == pytest.approx((0.01 + 1j * np.sqrt(0.06**2 - 0.01**2)) * 400**2 / 1e6)


def test_three_windings_make_a_star_that_gives_the_pairs_back():
    power, short, real = np.array([[63e6, 40e6, 20e6]]), np.array([[0.105, 0.065, 0.18]]), np.array([[0.003, 0.003, 0.004]])
    star = sections.star(power, short, real)
    for pair, (a, b), size in ((0, (0, 1), 40e6), (1, (1, 2), 20e6), (2, (0, 2), 20e6)):
        assert abs(star[0, a] + star[0, b]) * size == pytest.approx(short[0, pair])
