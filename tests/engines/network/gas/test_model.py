"""Networks from what is known of them."""

from __future__ import annotations

import numpy as np
import pytest

from holdfast.engines.network.gas.model import Friction, model


def test_what_is_not_given_is_neutral():
    network = model(3, ([0, 1], [1, 2]), demand=[0, 0, 1.0], length=50.0, friction=Friction.COLEBROOK)
    assert (network.nodes, network.links) == (3, 2) and network.length.tolist() == [50.0, 50.0] and not network.closed.any()
    assert np.isnan(network.held).all() and network.controlled.tolist() == [1, 2] and network.friction is Friction.COLEBROOK
    assert network.ambient == pytest.approx([101_325.0] * 3) and network.link_temperature.tolist() == [288.15, 288.15]


def test_a_field_that_does_not_exist_or_fit_is_refused():
    with pytest.raises(TypeError):
        model(2, ([0], [1]), colour=1.0)
    with pytest.raises(ValueError, match="broadcast"):
        model(2, ([0], [1]), demand=[1.0, 2.0, 3.0])
