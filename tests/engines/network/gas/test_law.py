"""Laws of gas flow: derivatives against differences, limits against formulas."""

from __future__ import annotations

import math

import numpy as np
import pytest

from holdfast.engines.network.gas.law import ALTSHUL, COLEBROOK, NIKURADSE, SWAMEE_JAIN, friction, pipe_loss, rough_factor, supply_loss

LAWS = (NIKURADSE, COLEBROOK, SWAMEE_JAIN, ALTSHUL)


@pytest.mark.parametrize("law", LAWS)
@pytest.mark.parametrize("reynolds", [50.0, 1_900.0, 2_050.0, 2_600.0, 3_300.0, 3_600.0, 5_000.0, 1e5, 1e7])
def test_derivative_by_reynolds(law, reynolds):
    factor, slope = friction(law, 1e-3, reynolds)
    step = 1e-5
    ahead, behind = (friction(law, 1e-3, reynolds * math.exp(s))[0] for s in (step, -step))
    assert slope == pytest.approx((ahead - behind) / (2 * step), rel=1e-4, abs=1e-9) and factor > 0


def test_colebrook_solves_its_equation_and_the_others_are_near():
    for reynolds in (5e3, 1e5, 1e7):
        factor, _ = friction(COLEBROOK, 1e-3, reynolds)
        assert 1 / math.sqrt(factor) == pytest.approx(-2 * math.log10(1e-3 / 3.71 + 2.51 / (reynolds * math.sqrt(factor))), rel=1e-12)
        assert friction(SWAMEE_JAIN, 1e-3, reynolds)[0] == pytest.approx(factor, rel=0.03)
        assert friction(ALTSHUL, 1e-3, reynolds)[0] == pytest.approx(factor, rel=0.06)
    assert friction(NIKURADSE, 1e-3, 1e9)[0] == pytest.approx(friction(COLEBROOK, 1e-3, 1e9)[0], rel=0.01)


@pytest.mark.parametrize("law", LAWS)
def test_laminar_flow_is_64_over_re(law):
    assert friction(law, 1e-3, 500.0)[0] == pytest.approx(64 / 500 + (rough_factor(1e-3) if law == NIKURADSE else 0.0))


@pytest.mark.parametrize("law", [COLEBROOK, SWAMEE_JAIN, ALTSHUL])
def test_friction_has_no_jumps(law):
    reynolds = np.geomspace(500, 1e5, 4001)
    factors = np.array([friction(law, 2e-3, r)[0] for r in reynolds])
    assert np.abs(np.diff(factors) / factors[:-1]).max() < 0.07  # the Chinese formula jumps a little where its critical range begins


@pytest.mark.parametrize("law", [NIKURADSE, SWAMEE_JAIN])
@pytest.mark.parametrize("flow", [-2.0, -1e-3, 1e-3, 0.5, 3.0])
def test_loss_is_odd_and_its_derivative_right(law, flow):
    args = (10.0, 5.0, 400.0, 1e-3, 1e5)
    loss, slope = pipe_loss(law, flow, *args)
    step = 1e-6 * abs(flow)
    assert slope == pytest.approx((pipe_loss(law, flow + step, *args)[0] - pipe_loss(law, flow - step, *args)[0]) / (2 * step), rel=1e-4)
    assert pipe_loss(law, -flow, *args)[0] == pytest.approx(-loss)


def test_supply_keeps_between_nothing_and_what_is_wanted():
    loss, _ = supply_loss(0.5, 1.0, 100.0)
    assert loss == 25.0 and supply_loss(1.0, 1.0, 100.0)[0] == 100.0 and supply_loss(-1e-6, 1.0, 100.0)[0] < -1.0 and supply_loss(1.0 + 1e-6, 1.0, 100.0)[0] > 101.0
    values = [supply_loss(q, 1.0, 100.0)[0] for q in np.linspace(-0.1, 1.1, 61)]
    assert (np.diff(values) > 0).all() and all(supply_loss(q, 1.0, 100.0)[1] > 0 for q in np.linspace(-0.1, 1.1, 61))
