"""Properties of water, and networks of hot water from what is known of them."""

from __future__ import annotations

import numpy as np
import pytest

from holdfast.engines.network.heat.model import model
from holdfast.engines.network.heat.water import CAPACITY, DENSITY, FIRST, LAST, VISCOSITY, at, density, heat_capacity


def test_tabulated_values_come_back_and_lines_run_between():
    assert at(DENSITY, 293.0) == pytest.approx(998.21) and at(DENSITY, 290.5) == pytest.approx((999.1 + 998.21) / 2)
    assert at(VISCOSITY, 343.0) == pytest.approx(0.404e-3) and at(CAPACITY, 348.0) == pytest.approx((4190.2 + 4196.9) / 2)
    assert density(np.array([368.0]))[0] == pytest.approx(961.89) and heat_capacity(np.array([283.0]))[0] == pytest.approx(4195.5)


def test_beyond_the_grid_its_ends_hold_and_nothing_turns_negative():
    assert at(DENSITY, 100.0) == DENSITY[0] and at(DENSITY, 900.0) == pytest.approx(DENSITY[-1], rel=1e-6)
    assert len(DENSITY) == LAST - FIRST + 1 and min(DENSITY.min(), VISCOSITY.min(), CAPACITY.min()) > 0


def test_a_network_with_neutral_values_and_a_field_that_does_not_exist():
    network = model(2, ([0], [1]), diameter=0.2)
    assert network.outer.tolist() == [0.2] and np.isnan(network.held).all() and network.transfer.tolist() == [0.0]
    with pytest.raises(TypeError, match="colour"):
        model(2, ([0], [1]), colour=1.0)
