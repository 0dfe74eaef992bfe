"""What comes out of the iterations obeys the two laws it was sought by, on random networks: nothing is lost at a node, and heads fall by friction."""

from __future__ import annotations

import numpy as np
import pytest

from holdfast.engines.network.hydraulic.answers import Cases
from holdfast.engines.network.hydraulic.model import LinkType, Status
from holdfast.engines.network.hydraulic.solve import Solver
from small_water import pipe, water

COUNT = 60


def random_town(seed: int, **options):
    """A tree of 60 junctions and a reservoir with 30 more pipes across it, some parallel, of all sizes; minor losses and check valves among them."""
    rng = np.random.default_rng(seed)
    ends = [(int(rng.integers(0, n)) if n else COUNT, n) for n in range(COUNT)] + [tuple(int(v) for v in rng.choice(COUNT, 2, replace=False)) for _ in range(30)]
    rough = {"H-W": (80.0, 140.0), "D-W": (1e-5, 2e-3), "C-M": (0.009, 0.015)}[options.get("headloss", "H-W")]
    links = [pipe(a, b, LinkType.CVPIPE if k >= COUNT and rng.random() < 0.2 else LinkType.PIPE, length=float(rng.uniform(10, 800)), diameter=float(rng.choice([0.1, 0.15, 0.25])),
                  roughness=float(rng.uniform(*rough)), minor_loss=float(rng.choice([0.0, 3.0]))) for k, (a, b) in enumerate(ends)]
    links[0] |= {"diameter": 0.5}
    return water(rng.uniform(0, 20, COUNT).tolist(), (rng.random(COUNT) * 3e-4).tolist(), [60.0], links, options={"accuracy": 1e-6} | options)


def friction(model, flow: np.ndarray) -> np.ndarray:
    """Head loss of pipes [m] by the textbook's formulas."""
    length, d, rough, size = model.length, model.diameter, model.roughness, np.abs(flow)
    velocity = size / (np.pi * d**2 / 4)
    if model.options.headloss == "H-W":
        loss = 10.667 * (size / rough) ** 1.852 / d**4.871 * length
    elif model.options.headloss == "C-M":
        loss = 10.29 * (size * rough) ** 2 / d**5.333 * length
    else:
        reynolds = np.maximum(velocity * d / model.options.viscosity, 1e-9)
        factor = np.where(reynolds < 2000, 64 / reynolds, 0.25 / np.log10(rough / d / 3.7 + 5.74 / np.maximum(reynolds, 4000) ** 0.9) ** 2)
        loss = factor * length / d * velocity**2 / (2 * 9.81)
    return np.sign(flow) * (loss + model.minor_loss * velocity**2 / (2 * 9.81))


def balance(model, found) -> np.ndarray:
    """(case, junction) inflow less outflow, supply and leaks [m3/s]."""
    net = np.zeros(found.head.shape)
    flow = found.flow.astype(float)
    for k in range(model.links):
        net[:, model.link_to[k]] += flow[:, k]
        net[:, model.link_from[k]] -= flow[:, k]
    return (net - found.delivered - found.leak)[:, : model.junctions]


@pytest.mark.parametrize("form", ["H-W", "C-M", "D-W"])
@pytest.mark.parametrize("driven", ["DDA", "PDA"])
def test_mass_and_energy_hold(form, driven):
    model = random_town(11, headloss=form, demand_model=driven, required_pressure=50.0)
    rng = np.random.default_rng(2)
    status = np.where(rng.random((17, model.links)) < 0.05, Status.CLOSED, -1).astype(np.int8)
    status[:, 0] = -1
    emitter = np.where(rng.random((17, model.nodes)) < 0.03, 1e-4, 0.0)
    found = Solver(model).snapshot(Cases(17, status=status, emitter=emitter))
    assert found.solved.all()
    fed = np.isfinite(found.head[:, : model.junctions])
    assert np.abs(balance(model, found)[fed]).max() < 2e-6
    drop = found.head[:, model.link_from].astype(float) - found.head[:, model.link_to]
    expected = np.array([friction(model, flow) for flow in found.flow.astype(float)])
    velocity = np.abs(found.flow) / (np.pi * model.diameter**2 / 4)
    turbulent = (velocity * model.diameter / model.options.viscosity > 4000) | (form != "D-W")  # between, textbooks differ
    seen = found.open & np.isfinite(drop) & turbulent
    assert seen.mean() > 0.2
    np.testing.assert_allclose(drop[seen], expected[seen], rtol=8e-3, atol=5e-3)


def test_pressure_driven_supply_follows_wagner():
    model = random_town(5, demand_model="PDA", minimum_pressure=5.0, required_pressure=45.0, pressure_exponent=0.6)
    found = Solver(model).snapshot(Cases(2, factor=np.array([1.0, 60.0])))
    assert found.solved.all()
    pressure = found.head[:, :COUNT] - model.elevation[:COUNT]
    share = np.clip((pressure - 5.0) / 40.0, 0.0, 1.0) ** 0.6
    np.testing.assert_allclose(found.delivered[:, :COUNT], share * found.wanted[:, :COUNT], atol=5e-6)
    assert share.min() < 0.7 and share.max() == 1.0


def test_what_closes_by_itself_has_the_heads_to_prove_it():
    """Every check valve is open with flow forward, or shut with the higher head behind it."""
    model = random_town(23)
    found = Solver(model).snapshot(Cases(6, factor=np.linspace(0.2, 2.0, 6)))
    valves = np.flatnonzero(model.link_type == LinkType.CVPIPE)
    assert found.solved.all() and len(valves) > 2
    drop = (found.head[:, model.link_from] - found.head[:, model.link_to])[:, valves]
    is_open = found.open[:, valves]
    assert (found.flow[:, valves][is_open] > -1e-6).all() and (drop[~is_open] < 5e-4).all()
    assert not is_open.all() and is_open.any()


def test_lanes_are_filled_again_and_again_in_any_order():
    model = random_town(31)
    rng = np.random.default_rng(0)
    factor = rng.uniform(0.1, 3.0, 43)
    shuffled = rng.permutation(43)
    solver = Solver(model)
    one, other = solver.snapshot(Cases(43, factor=factor)), solver.snapshot(Cases(43, factor=factor[shuffled]))
    np.testing.assert_array_equal(other.head, one.head[shuffled])
    np.testing.assert_array_equal(other.iterations, one.iterations[shuffled])
