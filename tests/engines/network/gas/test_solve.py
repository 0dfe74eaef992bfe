"""The batched gas solver against figures of pandapipes, hand calculation and bad input."""

from __future__ import annotations

import pickle
from pathlib import Path

import numpy as np
import pytest

from holdfast.engines.network.gas.fluid import GASES, ambient_pressure, from_tables
from holdfast.engines.network.gas.law import rough_factor
from holdfast.engines.network.gas.model import Friction, GasModel, LinkType, Status, model
from holdfast.engines.network.gas.solve import GasCases, GasSolver
from holdfast.io.pandapower_json import read_net
from holdfast.model.lifeline import CaseStatus

HERE = Path(__file__).parent
ATMOSPHERE = 101_325.0


def schutterwald(path: Path, friction: Friction = Friction.NIKURADSE, times: float = 1.0) -> GasModel:
    """The published net of Schutterwald, straight from its file."""
    net = read_net(path, "pandapipesNet")
    junction, pipe, sink, feed = (net.table(name) for name in ("junction", "pipe", "sink", "ext_grid"))
    height = junction.numbers("height_m")
    demand = np.bincount(sink.numbers("junction").astype(int), weights=sink.numbers("mdot_kg_per_s"), minlength=len(height)) * times
    held = np.full(len(height), np.nan)
    at = feed.numbers("junction").astype(int)
    held[at] = feed.numbers("p_bar") * 1e5 + ambient_pressure(height[at])
    ends = (pipe.numbers("from_junction").astype(int), pipe.numbers("to_junction").astype(int))
    gas = from_tables(net.values["fluid"]["content"])
    assert gas is not None
    return model(len(height), ends, gas, elevation=height, temperature=283.15, held=held, demand=demand, length=pipe.numbers("length_km") * 1e3,
                 diameter=pipe.numbers("diameter_m"), roughness=pipe.numbers("k_mm") * 1e-3, friction=friction)


@pytest.fixture(scope="module")
def town(shared_data) -> GasSolver:
    return GasSolver(schutterwald(shared_data("gas_heat/pandapipes/gas_net_schutterwald_1bar.json")))


@pytest.mark.clause("1e")
@pytest.mark.parametrize(("name", "friction", "times", "within", "flow_within"), [
    ("nikuradse", Friction.NIKURADSE, 1.0, 1e-8, 1e-8), ("five", Friction.NIKURADSE, 5.0, 1e-8, None), ("colebrook", Friction.COLEBROOK, 1.0, 1e-5, 2e-4),
    ("swamee-jain", Friction.SWAMEE_JAIN, 1.0, 1e-5, 2e-4)])
def test_every_pressure_of_schutterwald_is_that_of_pandapipes(shared_data, name, friction, times, within, flow_within):
    # pandapipes takes the turbulent law at any Reynolds number, here flow is laminar below 2000: hence the wider limit of those two
    figures = np.load(HERE / "schutterwald.npz")
    network = schutterwald(shared_data("gas_heat/pandapipes/gas_net_schutterwald_1bar.json"), friction, times)
    result = GasSolver(network).solve(GasCases(1))
    assert result.status[0] == CaseStatus.SOLVED and result.imbalance[0] < 1e-8
    gauge = result.pressure[0] - network.ambient
    assert np.abs(gauge / figures[f"pressure_{name}"] - 1).max() < within
    assert flow_within is None or np.abs(result.flow[0] - figures[f"flow_{name}"]).max() < flow_within  # kg/s


def test_cases_do_not_touch_each_other(town):
    factor = np.linspace(0.2, 3.0, 13)[:, None]
    together = town.solve(GasCases(13, demand=factor * town.network.demand))
    assert (together.status == CaseStatus.SOLVED).all() and together.iterations.max() <= 8
    for case in (0, 7, 12):
        alone = town.solve(GasCases(1, demand=factor[case : case + 1] * town.network.demand))
        assert np.allclose(alone.pressure[0], together.pressure[case], rtol=1e-9)
    cold = town.solve(GasCases(13, demand=factor * town.network.demand), warm=False)
    assert np.allclose(cold.pressure, together.pressure, rtol=1e-7)
    assert np.all(np.diff(together.pressure.min(axis=1)) < 0)


def test_a_case_without_a_solution_leaves_the_others_alone(town):
    demand = np.repeat(town.network.demand[None, :], 3, axis=0)
    demand[1] *= 60.0  # more than the pipes can carry at any pressure above vacuum
    result = town.solve(GasCases(3, demand=demand))
    assert result.status.tolist() == [CaseStatus.SOLVED, CaseStatus.DIVERGED, CaseStatus.SOLVED]
    assert np.array_equal(result.pressure[0], result.pressure[2])


def test_pickles_with_its_base(town):
    town.solve(GasCases(1))
    again = pickle.loads(pickle.dumps(town))
    assert np.array_equal(again.solve(GasCases(1)).pressure, town.solve(GasCases(1)).pressure)


def mixed() -> GasModel:
    """The small net of `tests/peers/pandapipes_figures.py`: height, a compressor, a regulator, a valve, a feeding source."""
    height = np.array([0.0, 40.0, 40.0, 120.0, 120.0, 100.0, 60.0, 60.0])
    pipes = np.array([(0, 1, 12e3, 0.3), (2, 3, 25e3, 0.25), (4, 5, 3e3, 0.15), (5, 6, 2e3, 0.1), (4, 6, 4e3, 0.1)])
    start = np.concatenate([pipes[:, 0], [1, 3, 6]]).astype(int)
    stop = np.concatenate([pipes[:, 1], [2, 4, 7]]).astype(int)
    held, demand, feed = np.full(8, np.nan), np.zeros(8), np.zeros(8)
    held[0] = 20e5 + ambient_pressure(np.zeros(1))[0]
    demand[[3, 5, 7]], feed[2] = (3.0, 0.4, 0.25), 0.5
    none = [np.nan] * 5
    return model(8, (start, stop), elevation=height, held=held, demand=demand, feed=feed, roughness=0.05e-3, link_type=[0] * 5 + [LinkType.COMPRESSOR, LinkType.REGULATOR, 0],
                 length=np.concatenate([pipes[:, 2], [0, 0, 0]]), diameter=np.concatenate([pipes[:, 3], [0.1] * 3]), minor=[0] * 7 + [3.0],
                 target=[*none, np.nan, 4e5 + ambient_pressure(np.array([120.0]))[0], np.nan], ratio=[*none, 1.4, np.nan, np.nan])


def test_compressor_regulator_valve_and_height_as_in_pandapipes():
    figures = np.load(HERE / "mixed.npz")
    network = mixed()
    result = GasSolver(network).solve(GasCases(1))
    assert result.status[0] == CaseStatus.SOLVED and result.imbalance[0] < 1e-6
    assert np.abs((result.pressure[0] - network.ambient) / figures["pressure"] - 1).max() < 1e-5
    assert np.allclose(result.flow[0, :5], figures["flow"], rtol=1e-5)
    assert result.link_status[0, 5:7].tolist() == [Status.ACTIVE, Status.ACTIVE]


def test_one_pipe_by_hand():
    gas = GASES["methane"]
    network = model(2, ([0], [1]), gas, held=[5e5, np.nan], demand=[0.0, 0.5], length=1000.0, diameter=0.1, roughness=1e-4, temperature=288.15)
    pressure = GasSolver(network).solve(GasCases(1)).pressure[0]
    area = np.pi / 4 * 0.1**2
    reynolds = 0.5 * 0.1 / (float(gas.at("viscosity", np.array(288.15))) * area)
    factor = 64 / reynolds + rough_factor(1e-3)
    for _ in range(50):
        end = np.sqrt(5e5**2 - factor * 1000 / 0.1 * (0.5 / area) ** 2 * gas.specific_constant * 288.15 * (1 - 0.0022e-5 * mean(5e5, pressure[1])))
    assert pressure[1] == pytest.approx(end, rel=1e-9) and 3e5 < end < 4.9e5


def mean(p1: float, p2: float) -> float:
    return 2 / 3 * (p1**3 - p2**3) / (p1**2 - p2**2)


def station(target: float = 3e5, upstream: float = 6e5, **given) -> GasModel:
    """Source 0 -pipe- 1 -regulator- 2 -pipe- 3, where gas is taken."""
    return model(4, ([0, 1, 2], [1, 2, 3]), link_type=[0, LinkType.REGULATOR, 0], length=[500.0, 0.0, 500.0], held=[upstream, np.nan, np.nan, np.nan], demand=[0, 0, 0, 0.2],
                 target=[np.nan, target, np.nan], **given)


def test_regulator_holds_opens_and_closes():
    solver = GasSolver(station())
    held = np.array([[6e5, np.nan, np.nan, np.nan], [2.5e5, np.nan, np.nan, np.nan], [6e5, np.nan, np.nan, 4e5]])
    result = solver.solve(GasCases(3, held=held))
    assert (result.status == CaseStatus.SOLVED).all()
    assert result.link_status[:, 1].tolist() == [Status.ACTIVE, Status.OPEN, Status.CLOSED]
    assert result.pressure[0, 2] == pytest.approx(3e5) and result.flow[0, 1] == pytest.approx(0.2)
    assert result.pressure[1, 2] < result.pressure[1, 1] < 2.5e5  # it never raises the pressure
    assert result.flow[2, 1] == pytest.approx(0.0, abs=1e-4)  # a second source behind it holds more than it would


def test_regulator_that_holds_a_node_further_on():
    network = station()
    solver = GasSolver(model(4, ([0, 1, 2], [1, 2, 3]), link_type=network.link_type, length=network.length, held=network.held, demand=network.demand, target=network.target,
                             controlled=[1, 3, 3]))
    result = solver.solve(GasCases(1))
    assert result.status[0] == CaseStatus.SOLVED and result.pressure[0, 3] == pytest.approx(3e5, rel=1e-6) and result.pressure[0, 2] > 3e5


def test_two_regulators_share_what_one_node_needs():
    network = model(3, ([0, 0, 1], [1, 1, 2]), link_type=[1, 1, 0], length=[0, 0, 200.0], held=[6e5, np.nan, np.nan], demand=[0, 0, 0.3], target=[2e5, 2e5, np.nan])
    result = GasSolver(network).solve(GasCases(1))
    assert result.status[0] == CaseStatus.SOLVED and np.allclose(result.flow[0], [0.15, 0.15, 0.3])


def test_regulators_that_feed_each_other_end():
    network = model(4, ([0, 1, 2, 2], [1, 2, 1, 3]), link_type=[0, 1, 1, 0], length=[500.0, 0, 0, 500.0], held=[5e5, np.nan, np.nan, np.nan], demand=[0, 0, 0, 0.1],
                    target=[np.nan, 3e5, 4.5e5, np.nan])
    result = GasSolver(network).solve(GasCases(1))
    assert result.status[0] in (CaseStatus.SOLVED, CaseStatus.DIVERGED)
    if result.status[0] == CaseStatus.SOLVED:
        assert result.imbalance[0] < 1e-5


def test_supply_falls_with_pressure_and_never_below_nothing():
    network = station(least=[0, 0, 0, 1.2e5], wanted=[0, 0, 0, 2.0e5])
    upstream = np.array([6e5, 1.8e5, 1.3e5, 1.1e5])
    held = np.full((4, 4), np.nan)
    held[:, 0] = upstream
    result = GasSolver(network).solve(GasCases(4, held=held))
    assert (result.status == CaseStatus.SOLVED).all()
    supply = result.supply[:, 3]
    assert supply[0] == pytest.approx(0.2) and 0.2 > supply[1] > supply[2] > 0 and supply[3] == pytest.approx(0.0, abs=1e-7)
    share = np.sqrt((result.pressure[1, 3] ** 2 - 1.2e5**2) / (2e5**2 - 1.2e5**2))
    assert supply[1] == pytest.approx(0.2 * share, rel=1e-4)
    assert np.allclose(result.flow[:, 0], supply, atol=1e-7)


def test_a_leak_takes_gas_and_pressure():
    network = model(3, ([0, 1], [1, 2]), held=[3e5, np.nan, np.nan], demand=[0, 0, 0.05], length=[300.0, 300.0], least=ATMOSPHERE, wanted=[0, 0, 1.5e5], diameter=0.05)
    leak = np.zeros((4, 3))
    leak[1:, 1] = (1e-5, 2e-4, 5e-2)
    result = GasSolver(network).solve(GasCases(4, leak=leak))
    assert (result.status == CaseStatus.SOLVED).all() and result.imbalance.max() < 1e-5
    assert result.lost[0].sum() == 0 and (np.diff(result.lost[:, 1]) > 0).all()
    assert (np.diff(result.pressure[:, 1]) < 0).all() and result.pressure[3, 1] == pytest.approx(ATMOSPHERE, rel=1e-2)
    assert result.supply[3, 2] < 0.01


def test_parts_without_a_source_get_nothing():
    network = model(5, ([0, 1, 3], [1, 2, 4]), held=[3e5] + [np.nan] * 4, demand=[0, 0.01, 0.01, 0.01, 0.01])
    opened = np.array([[True, True, True], [True, False, True], [False, True, True]])
    result = GasSolver(network).solve(GasCases(3, open=opened))
    assert (result.status == CaseStatus.SOLVED).all()
    assert result.served.tolist() == [[True, True, True, False, False], [True, True, False, False, False], [True, False, False, False, False]]
    assert np.allclose(result.supply, np.where(result.served, network.demand, 0.0)) and np.allclose(result.pressure[~result.served], ATMOSPHERE)


def test_no_source_at_all():
    result = GasSolver(model(3, ([0, 1], [1, 2]), demand=[0, 0, 0.1])).solve(GasCases(2))
    assert (result.status == CaseStatus.SOLVED).all() and not result.served.any() and result.supply.sum() == 0


def test_links_without_length_or_resistance_pass_freely():
    network = model(4, ([0, 1, 2], [1, 2, 3]), held=[2e5] + [np.nan] * 3, demand=[0, 0, 0, 0.1], length=[100.0, 0.0, 0.0])
    pressure = GasSolver(network).solve(GasCases(1)).pressure[0]
    assert pressure[1] - pressure[3] < 1.0 < pressure[0] - pressure[1]


def test_compressor_lifts_to_a_set_pressure_and_lets_pass_what_is_higher():
    network = model(3, ([0, 1], [1, 2]), link_type=[LinkType.COMPRESSOR, 0], length=[0.0, 1000.0], held=[4e5, np.nan, np.nan], demand=[0, 0, 0.1], target=[6e5, np.nan])
    held = np.array([[4e5, np.nan, np.nan], [7e5, np.nan, np.nan]])
    result = GasSolver(network).solve(GasCases(2, held=held))
    assert (result.status == CaseStatus.SOLVED).all()
    assert np.allclose(result.pressure[:, 1], [6e5, 7e5], rtol=1e-4) and result.link_status[:, 0].tolist() == [Status.ACTIVE, Status.OPEN]
