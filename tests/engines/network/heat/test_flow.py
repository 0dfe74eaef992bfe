"""Flow and pressure of hot water: the laws and their slopes, balances on random networks, numbers that no law takes."""

from __future__ import annotations

import numpy as np
import pytest

from holdfast.engines.network.gas.fluid import GRAVITY, ambient_pressure
from holdfast.engines.network.heat import flow
from holdfast.engines.network.heat.model import HeatModel, LinkType, model
from holdfast.engines.network.heat.solve import HeatCases, HeatSolver
from holdfast.engines.network.heat.water import density
from holdfast.model.errors import Invalid

COUNT = 12  # nodes of the supply; the return mirrors them


def random_town(seed: int, **given) -> HeatModel:
    """A supply tree with rings, the same as return, a consumer between each pair of nodes, a plant that holds both at node 0."""
    rng = np.random.default_rng(seed)
    ends = [(int(rng.integers(0, n)), n) for n in range(1, COUNT)] + [(2, 9), (4, 11)]
    start, stop = np.array(ends).T
    users = np.arange(1, COUNT)
    kinds = np.repeat([0, 0, LinkType.CONSUMER], [len(start), len(start), len(users)])
    pipes = rng.uniform(30, 400, len(start))
    wanted = np.where(kinds == LinkType.CONSUMER, rng.uniform(0.1, 0.4, len(kinds)), np.nan)
    held, supplied = np.full(2 * COUNT, np.nan), np.full(2 * COUNT, np.nan)
    held[0], held[COUNT], supplied[0] = 7e5, 3e5, 363.15
    columns = {"link_type": kinds, "length": np.concatenate([pipes, pipes, 0 * users]), "diameter": 0.08, "minor": rng.choice([0.0, 1.5], len(kinds)), "held": held,
               "supplied": supplied, "flow": wanted, "heat": wanted * 1e5, "transfer": 1.0, "elevation": np.tile(rng.uniform(0, 15, COUNT), 2)}  # fmt: skip
    return model(2 * COUNT, (np.concatenate([start, stop + COUNT, users]), np.concatenate([stop, start + COUNT, users + COUNT])), **columns | given)


@pytest.mark.parametrize("share", [-0.3, 0.0, 0.2, 0.999, 1.001, 2.0])
def test_a_consumer_takes_what_it_wants_and_its_slope_is_the_derivative(share):
    """A square law up to the wanted flow, walls before and behind; both meet."""
    m, wanted, needed = share * 0.5, 0.5, 5e3
    loss, slope = flow.consumer_loss(m, wanted, needed)
    step = 1e-8
    numeric = (flow.consumer_loss(m + step, wanted, needed)[0] - flow.consumer_loss(m - step, wanted, needed)[0]) / (2 * step)
    if share != 0.0:
        assert slope == pytest.approx(numeric, rel=1e-4)
    if 0.0 <= share <= 1.0:
        assert loss == pytest.approx(needed * share**2)
    else:
        assert abs(loss) > 1e6 * abs(share - (share > 1))


@pytest.mark.parametrize("lost", [-1e-4, 1e-7, 0.01, 2.0])
def test_a_hole_leaks_by_the_root_of_the_pressure(lost):
    area = 1e-4
    loss, slope = flow.leak_loss(lost, area)
    step = 1e-6 * abs(lost)
    numeric = (flow.leak_loss(lost + step, area)[0] - flow.leak_loss(lost - step, area)[0]) / (2 * step)
    assert slope == pytest.approx(numeric, rel=1e-4)
    if loss >= flow.TRICKLE:
        assert lost == pytest.approx(area * np.sqrt(2 * 980.0 * loss))
    if lost < 0.0:
        assert loss == pytest.approx(flow.SUCTION * lost)


@pytest.mark.parametrize("seed", [1, 2])
def test_mass_and_pressures_hold(seed):
    network = random_town(seed)
    rng = np.random.default_rng(seed)
    open_ = rng.random((9, network.links)) > 0.08
    open_[0] = True
    leak = np.where(rng.random((9, 2 * COUNT)) < 0.04, 2e-5, 0.0)
    leak[:, [0, COUNT]] = 0.0
    found = HeatSolver(network).solve(HeatCases(9, open=open_, leak=leak))
    assert (found.status == 0).all()
    net = np.zeros((9, 2 * COUNT))
    for k in range(network.links):
        net[:, network.link_to[k]] += found.flow[:, k]
        net[:, network.link_from[k]] -= found.flow[:, k]
    free = found.served & np.isnan(network.held)
    assert np.abs(net - found.lost)[free].max() < 2e-5
    assert np.abs(found.flow[~open_]).max() == 0.0
    pipe = network.link_type == LinkType.RESISTIVE
    rho = density(np.array([330.0]))[0]
    area = np.pi / 4 * network.diameter**2
    rough = 0.25 / np.log10(network.roughness / (3.71 * network.diameter)) ** 2
    at = pipe & open_[0]
    drop = found.pressure[0, network.link_from] - found.pressure[0, network.link_to]
    m = found.flow[0]
    friction = (rough * network.length / network.diameter + network.minor) * m * np.abs(m) / (2 * rho * area**2)
    height = rho * GRAVITY * (network.elevation[network.link_to] - network.elevation[network.link_from])
    np.testing.assert_allclose(drop[at], (friction + height)[at], rtol=0.06, atol=1500.0)  # density and laminar part by temperature


def test_consumers_get_no_more_than_they_want_and_together_what_the_plant_gives():
    network = random_town(4)
    found = HeatSolver(network).solve(HeatCases(1))
    users = network.link_type == LinkType.CONSUMER
    assert found.status[0] == 0
    assert (found.flow[0, users] <= network.flow[users] * (1 + 1e-4)).all() and (found.flow[0, users] >= -1e-6).all()
    given = found.flow[0, (network.link_from == 0)].sum() - found.flow[0, network.link_to == 0].sum()
    assert given == pytest.approx(found.flow[0, users].sum(), rel=1e-5)


def test_parts_that_nobody_holds_are_at_the_pressure_of_the_air():
    network = random_town(4)
    open_ = np.ones((1, network.links), bool)
    open_[0, (network.link_from == 5) | (network.link_to == 5) | (network.link_from == COUNT + 5) | (network.link_to == COUNT + 5)] = False
    found = HeatSolver(network).solve(HeatCases(1, open=open_))
    assert found.status[0] == 0 and not found.served[0, [5, COUNT + 5]].any()
    np.testing.assert_allclose(found.pressure[0, [5, COUNT + 5]], ambient_pressure(network.elevation[[5, 5]]))
    assert found.temperature[0, 5] == network.stagnant and np.isinf(found.age[0, 5])


@pytest.mark.parametrize(("given", "words"), [
    ({"diameter": np.nan}, "diameter of link 0"), ({"diameter": -0.1}, "must be above 0"), ({"length": -1.0}, "length of link 0"), ({"roughness": np.nan}, "roughness"),
    ({"transfer": np.nan}, "transfer"), ({"held": 0.0}, "absolute pressure held of node 0"), ({"elevation": np.nan}, "elevation"),
])  # fmt: skip
def test_networks_with_numbers_that_no_law_takes_are_refused(given, words):
    with pytest.raises(Invalid, match=words):
        HeatSolver(random_town(1, **given))
