"""The model's builder: neutral values, what consumers fix, and fields that do not exist."""

from __future__ import annotations

import numpy as np
import pytest

from holdfast.engines.network.heat.model import LinkType, Mode, model
from holdfast.engines.network.heat.solve import HeatCases, HeatSolver


def test_values_are_spread_and_the_rest_is_neutral():
    made = model(3, ([0, 1], [1, 2]), diameter=[0.1, 0.2], stagnant=280.0)
    assert (made.nodes, made.links, made.stagnant, made.room) == (3, 2, 280.0, 293.15)
    assert made.outer.tolist() == [0.1, 0.2] and made.link_type.dtype == np.int8 and np.isnan(made.held).all() and np.isinf(made.most).all()
    made.length[0] = 5.0  # every model owns its arrays
    assert model(3, ([0, 1], [1, 2])).length.tolist() == [100.0, 100.0]


def test_what_is_no_field_or_does_not_fit_is_refused():
    with pytest.raises(TypeError, match="no colour, taste"):
        model(2, ([0], [1]), colour=1, taste=2)
    with pytest.raises(ValueError, match="broadcast"):
        model(2, ([0], [1]), length=[1.0, 2.0])


@pytest.mark.parametrize(("mode", "given"), [
    (Mode.FLOW_HEAT, {"flow": 0.5, "heat": 60e3}), (Mode.FLOW_DROP, {"flow": 0.5, "drop": 28.6}), (Mode.FLOW_RETURN, {"flow": 0.5, "back": 324.5}),
    (Mode.HEAT_DROP, {"heat": 60e3, "drop": 28.6}), (Mode.HEAT_RETURN, {"heat": 60e3, "back": 324.5}),
])  # fmt: skip
def test_each_pair_that_a_consumer_may_fix_describes_the_same_consumer(mode, given):
    """0.5 kg/s cooled by 28.6 K from 353.15 K is 60 kW, whichever two of these are named."""
    columns = {name: [np.nan, np.nan, value] for name, value in given.items()}
    network = model(4, ([0, 2, 1], [1, 3, 2]), link_type=[0, 0, LinkType.CONSUMER], mode=[0, 0, mode], length=[10.0, 10.0, 0.0], held=[6e5, np.nan, np.nan, 4e5],
                    supplied=[353.15, np.nan, np.nan, np.nan], **columns)
    found = HeatSolver(network).solve(HeatCases(1))
    assert found.status[0] == 0
    assert found.flow[0, 2] == pytest.approx(0.5, rel=0.01) and found.heat[0, 2] == pytest.approx(60e3, rel=0.01)
    assert found.temperature[0, 1] - found.outlet[0, 2] == pytest.approx(28.6, rel=0.01)
