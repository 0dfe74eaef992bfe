"""What the gas kernels settle on obeys the laws on random networks, and each piece of them its formula; numbers that no law takes are refused."""

from __future__ import annotations

import numpy as np
import pytest

from holdfast.engines.network.gas import kernel
from holdfast.engines.network.gas.fluid import GASES
from holdfast.engines.network.gas.law import leak_flow, supply_loss
from holdfast.engines.network.gas.model import Friction, GasModel, LinkType, model
from holdfast.engines.network.gas.solve import GasCases, GasSolver, prepare
from holdfast.model.errors import Invalid

COUNT = 40
AIR = 101_325.0


def random_net(seed: int, **given) -> GasModel:
    """A tree of 40 nodes with 20 more pipes across it on hilly ground, two sources, demands that fall with pressure."""
    rng = np.random.default_rng(seed)
    ends = [(int(rng.integers(0, n)), n) for n in range(1, COUNT)] + [tuple(int(v) for v in rng.choice(COUNT, 2, replace=False)) for _ in range(20)]
    start, stop = np.array(ends).T
    held = np.full(COUNT, np.nan)
    held[[0, 17]] = 4.0e5, 3.9e5
    columns = {"length": rng.uniform(20, 900, len(start)), "diameter": rng.choice([0.05, 0.1, 0.2], len(start)), "minor": rng.choice([0.0, 2.0], len(start)), "held": held,
               "demand": rng.uniform(0, 0.01, COUNT), "elevation": rng.uniform(0, 60, COUNT), "least": AIR, "wanted": 2e5}  # fmt: skip
    return model(COUNT, (start, stop), **columns | given)


@pytest.mark.parametrize("friction", list(Friction))
def test_mass_is_kept_and_potentials_fall_by_the_law(friction):
    network = random_net(3, friction=friction)
    rng = np.random.default_rng(0)
    open_ = rng.random((11, network.links)) > 0.1
    leak = np.where(rng.random((11, COUNT)) < 0.05, 1e-5, 0.0)
    found = GasSolver(network).solve(GasCases(11, open=open_, leak=leak))
    assert (found.status == 0).all() and found.imbalance.max() < 1e-6
    net = np.zeros((11, COUNT))
    for k in range(network.links):
        net[:, network.link_to[k]] += found.flow[:, k]
        net[:, network.link_from[k]] -= found.flow[:, k]
    free = found.served & np.isnan(network.held)
    assert np.abs(net - found.supply - found.lost)[free].max() < 1e-6
    assert np.abs(found.flow[~open_]).max() == 0.0 and found.supply[~found.served].max(initial=0.0) == 0.0
    made, law = prepare(network, np.nanmax(network.held) ** 2), int(friction)
    for case in (0, 5, 10):
        for k in np.flatnonzero(open_[case] & found.served[case, network.link_from]):
            p1, p2 = found.pressure[case, network.link_from[k]], found.pressure[case, network.link_to[k]]
            loss, _ = kernel.link_terms(law, found.flow[case, k], p1, p2, made.linear[k], made.quadratic[k], made.per_factor[k], made.relative[k], made.to_reynolds[k],
                                        made.constant[k], made.weight[k], *network.gas.compressibility, 1e-9)
            assert p1**2 - p2**2 == pytest.approx(loss, rel=1e-6, abs=1e3)


def test_the_slope_of_a_link_is_its_derivative():
    numbers = {"p1": 4e5, "p2": 3.5e5, "linear": 1e9, "quadratic": 3e10, "per_factor": 2e11, "relative": 1e-3, "to_reynolds": 1e7, "constant": 5e3, "weight": 1e-3,
               "slope": -2e-8, "offset": 1.0, "small": 1e-6}  # fmt: skip
    for friction in Friction:
        for flow in (-0.2, -1e-3, 0.004, 0.3):
            step = 1e-6 * abs(flow)
            low, high = (kernel.link_terms(int(friction), flow + side * step, *numbers.values())[0] for side in (-1, 1))
            assert kernel.link_terms(int(friction), flow, *numbers.values())[1] == pytest.approx((high - low) / (2 * step), rel=2e-4)


def test_holes_leak_as_they_should_above_the_air_and_take_nothing_below():
    gas = GASES["hgas"]
    gamma, constant = float(gas.gamma), float(gas.specific_constant)
    for pressure in (1.2 * AIR, 3e5, 1e6):  # below and above the critical ratio
        lost, slope = kernel.leak_at(1e-5, pressure**2, AIR, gamma, constant, 288.15)
        assert lost == pytest.approx(leak_flow(1e-5, pressure, AIR, gamma, constant, 288.15)[0])
        higher, _ = kernel.leak_at(1e-5, pressure**2 * (1 + 1e-7), AIR, gamma, constant, 288.15)
        assert slope == pytest.approx((higher - lost) / (1e-7 * pressure**2), rel=1e-3)
    none, slope = kernel.leak_at(1e-5, AIR**2, AIR, gamma, constant, 288.15)
    assert none == pytest.approx(0.0, abs=1e-12) and 0.0 < slope < np.inf
    assert kernel.leak_at(1e-5, -5.0, AIR, gamma, constant, 288.15)[0] < 0.0  # a line: Newton's steps may pass there, the answer may not


def test_supply_falls_with_the_root_of_the_potential():
    span = 3e10
    for share in (0.2, 0.5, 0.9):
        loss, slope = supply_loss(share * 0.02, 0.02, span)
        assert loss == pytest.approx(share**2 * span, rel=1e-6)
        assert slope == pytest.approx(2 * share * span / 0.02, rel=1e-3)


def test_reach_goes_through_a_regulator_one_way_only():
    for source, reached in ((0, [True, True, True]), (2, [False, False, True])):
        held = np.full(3, np.nan)
        held[source] = 4e5
        network = model(3, ([0, 1], [1, 2]), held=held, link_type=[0, LinkType.REGULATOR], length=[100.0, 0.0], target=[np.nan, 2e5])
        assert GasSolver(network).solve(GasCases(1)).served[0].tolist() == reached


@pytest.mark.parametrize(("given", "words"), [
    ({"diameter": np.nan}, "diameter of link 0, link 1, link 2"), ({"diameter": -0.1}, "must be above 0"), ({"length": np.nan}, "length of link 0"),
    ({"length": -5.0}, "must be 0 or more"), ({"temperature": np.nan}, "temperature of node 0"),
    ({"roughness": -1e-4}, "roughness"), ({"held": -5e5}, "absolute pressure held of node 0"),
    ({"held": 0.0}, "must be above 0"), ({"elevation": np.inf}, "elevation of node 0"),
])  # fmt: skip
def test_networks_with_numbers_that_no_law_takes_are_refused(given, words):
    """A length below nothing made a pipe without loss of them, a pressure below nothing its square."""
    with pytest.raises(Invalid, match=words):
        GasSolver(random_net(1, **given))


def test_a_case_with_such_numbers_fails_alone():
    network = random_net(1)
    demand = np.repeat(network.demand[None], 9, axis=0)
    demand[4, 7] = np.nan
    found = GasSolver(network).solve(GasCases(9, demand=demand))
    assert np.flatnonzero(found.status).tolist() == [4]
    np.testing.assert_allclose(found.pressure[8], found.pressure[0], rtol=1e-12)
