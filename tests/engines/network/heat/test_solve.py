"""The batched heat solver against figures of pandapipes, closed formulas and bad input."""

from __future__ import annotations

import pickle
from pathlib import Path

import numpy as np
import pytest

from holdfast.engines.network.gas.fluid import ambient_pressure
from holdfast.engines.network.heat.model import HeatModel, LinkType, Mode, model
from holdfast.engines.network.heat.solve import HeatCases, HeatSolver
from holdfast.engines.network.heat.water import density, heat_capacity
from holdfast.io.pandapower_json import read_net
from holdfast.model.lifeline import CaseStatus

HERE = Path(__file__).parent
NAN = np.nan


def town(path: Path) -> tuple[HeatModel, int, int]:
    """The published heat net of Schutterwald straight from its file, its pipes and its consumers."""
    net = read_net(path, "pandapipesNet")
    junction, pipe, valve, consumer, pump = (net.table(name) for name in ("junction", "pipe", "valve", "heat_consumer", "circ_pump_pressure"))
    row = {label: i for i, label in enumerate(junction.index)}

    def at(frame, name: str) -> np.ndarray:
        return np.array([row[int(label)] for label in frame.numbers(name)])

    sizes = (len(pipe), len(valve), len(consumer))

    def each(*values) -> np.ndarray:
        return np.concatenate([np.broadcast_to(value, (size,)) for value, size in zip(values, sizes, strict=True)])

    height = junction.numbers("height_m")
    held, supplied = np.full(len(height), NAN), np.full(len(height), NAN)
    back, out, ambient = at(pump, "return_junction"), at(pump, "flow_junction"), ambient_pressure(height)
    held[out] = pump.numbers("p_flow_bar") * 1e5 + ambient[out]
    held[back] = (pump.numbers("p_flow_bar") - pump.numbers("plift_bar")) * 1e5 + ambient[back]
    supplied[out] = pump.numbers("t_flow_k")
    ends = [np.concatenate([at(frame, f"{end}_junction") for frame in (pipe, valve, consumer)]) for end in ("from", "to")]
    made = model(
        len(height), ends, stagnant=261.15, elevation=height, held=held, supplied=supplied, link_type=each(0, 0, LinkType.CONSUMER),
        diameter=each(pipe.numbers("diameter_m"), 0.2, 0.1),
        length=each(pipe.numbers("length_km") * 1e3, 0, 0), roughness=each(pipe.numbers("k_mm") * 1e-3, 1e-3, 1e-4), transfer=each(pipe.numbers("alpha_w_per_m2k"), 0, 0),
        surroundings=each(pipe.numbers("text_k"), 293, 293), heat=each(NAN, NAN, consumer.numbers("qext_w")), flow=each(NAN, NAN, consumer.numbers("controlled_mdot_kg_per_s")))
    return made, len(pipe), len(consumer)


@pytest.mark.clause("1f")
def test_every_pressure_and_temperature_of_sw_heat_is_that_of_pandapipes(shared_data):
    figures = np.load(HERE / "sw_heat.npz")
    network, pipes, _ = town(shared_data("gas_heat/pandapipes/sw_heat.json"))
    result = HeatSolver(network).solve(HeatCases(1))
    assert result.status[0] == CaseStatus.SOLVED
    gauge = result.pressure[0] - ambient_pressure(network.elevation)
    assert np.abs(gauge / figures["pressure_bidirectional"] - 1).max() < 1e-5
    assert np.abs(gauge / figures["pressure_sequential"] - 1).max() < 1e-3  # there density is that of the cold net
    assert np.abs(result.temperature[0] - figures["temperature_bidirectional"]).max() < 1e-3
    assert np.abs(result.outlet[0, :pipes] - figures["outlet_bidirectional"]).max() < 0.01
    assert np.abs(result.flow[0, :pipes] - figures["flow_bidirectional"]).max() < 1e-3
    drop = network.heat[pipes + 4 :] / (result.flow[0, pipes + 4 :] * 4190)
    assert np.allclose(drop, figures["drop_bidirectional"], rtol=5e-3)


def ring() -> HeatModel:
    """The small net of `tests/peers/pandapipes_figures.py`: a loop, and consumers that fix different things."""
    pipes = ((0, 1, 400.0), (1, 2, 300.0), (2, 3, 200.0), (3, 4, 300.0), (4, 1, 250.0))
    start = [a + 5 * side for side in (0, 1) for a, _, _ in pipes] + [1, 2, 3, 4]
    stop = [b + 5 * side for side in (0, 1) for _, b, _ in pipes] + [6, 7, 8, 9]
    height = np.tile(2.0 * np.arange(5), 2)
    air = ambient_pressure(height)
    held, supplied = np.full(10, NAN), np.full(10, NAN)
    held[0], held[5], supplied[0] = 6e5 + air[0], 3.5e5 + air[5], 363.15
    none = [NAN] * 10
    return model(10, (start, stop), elevation=height, held=held, supplied=supplied, link_type=[0] * 10 + [1] * 4, length=[p[2] for p in pipes] * 2 + [0] * 4, diameter=0.08,
                 roughness=2e-4, minor=[1.5] * 10 + [0] * 4, transfer=4.0, surroundings=278.15, heat=[*none, 60e3, 80e3, 50e3, NAN], flow=[*none, 0.6, NAN, NAN, 0.5],
                 drop=[*none, NAN, 25.0, NAN, 20.0], back=[*none, NAN, NAN, 318.15, NAN],
                 mode=[0] * 10 + [Mode.FLOW_HEAT, Mode.HEAT_DROP, Mode.HEAT_RETURN, Mode.FLOW_DROP])


def test_consumers_that_fix_different_things_in_a_loop_as_in_pandapipes():
    figures = np.load(HERE / "small.npz")
    network = ring()
    result = HeatSolver(network).solve(HeatCases(1))
    assert result.status[0] == CaseStatus.SOLVED
    assert np.abs((result.pressure[0] - ambient_pressure(network.elevation)) / figures["pressure"] - 1).max() < 1e-3
    assert np.abs(result.temperature[0] - figures["temperature"]).max() < 0.05
    assert np.abs(result.flow[0, :10] - figures["flow"]).max() < 2e-3
    assert np.allclose(result.flow[0, 10:], figures["taken"], rtol=2e-3) and np.allclose(result.heat[0, 10:], figures["heat"], rtol=2e-3)


def pair(**given) -> HeatModel:
    """Plant between 0 (supply) and 3 (return), pipes 0-1 and 2-3, consumer 1-2."""
    values = {"held": [6e5, NAN, NAN, 4e5], "supplied": [353.15, NAN, NAN, NAN], "link_type": [0, 0, 1], "length": [1000.0, 1000.0, 0.0], "transfer": [2.0, 2.0, 0.0],
              "heat": [NAN, NAN, 100e3], "flow": [NAN, NAN, 1.0], "needed": 20e3, "effect": 0.9} | given
    return model(4, ([0, 2, 1], [1, 3, 2]), **values)


def test_cooling_along_a_pipe_is_exponential_and_energy_is_kept():
    network = pair(effect=np.inf)
    result = HeatSolver(network).solve(HeatCases(1))
    supply = result.temperature[0, 1]
    capacity = float(heat_capacity(np.array([(353.15 + supply) / 2]))[0])
    assert supply == pytest.approx(283.15 + 70 * np.exp(-2.0 * np.pi * 0.1 * 1000 / (capacity * result.flow[0, 0])), abs=0.01)
    assert result.flow[0, 2] == pytest.approx(1.0, rel=1e-5) and result.heat[0, 2] == 100e3
    assert result.temperature[0, 2] == pytest.approx(supply - 100e3 / capacity, abs=0.05)
    volume = np.pi / 4 * 0.01 * 1000
    assert result.age[0, 1] == pytest.approx(volume * float(density(np.array([353.15]))[0]), rel=1e-4)


def test_heat_falls_with_temperature_flow_and_pressure():
    network = pair()
    supplied = np.array([[t, NAN, NAN, NAN] for t in (353.15, 318.0, 303.0, 290.0)])
    result = HeatSolver(network).solve(HeatCases(4, supplied=supplied))
    assert (result.status == CaseStatus.SOLVED).all()
    heat = result.heat[:, 2]
    assert heat[0] == 100e3 and heat[0] > heat[1] > heat[2] > heat[3] == 0.0
    entry = result.temperature[1, 1]
    assert heat[1] == pytest.approx(0.9 * float(heat_capacity(np.array([entry]))[0]) * result.flow[1, 2] * (entry - network.room), rel=1e-3)
    held = np.array([[p, NAN, NAN, 4e5] for p in (6e5, 4.3e5, 4.05e5, 4e5)])
    weak = HeatSolver(network).solve(HeatCases(4, held=held))
    assert (weak.status == CaseStatus.SOLVED).all()
    assert (np.diff(weak.flow[:, 2]) < 0).all() and weak.flow[3, 2] == pytest.approx(0.0, abs=1e-4)
    assert (np.diff(weak.heat[:, 2]) <= 0).all() and weak.heat[3, 2] == pytest.approx(0.0, abs=50.0)


def test_a_leak_and_a_closed_pipe():
    network = pair()
    opened = np.ones((3, 3), bool)
    opened[1, 0] = False
    leak = np.zeros((3, 4))
    leak[2, 1] = 2e-4
    result = HeatSolver(network).solve(HeatCases(3, open=opened, leak=leak))
    assert (result.status == CaseStatus.SOLVED).all()
    assert result.heat[1, 2] == pytest.approx(0.0, abs=1.0) and result.temperature[1, 1] == network.stagnant
    head = result.pressure[2, 1] - ambient_pressure(np.zeros(1))[0]
    assert result.lost[2, 1] == pytest.approx(2e-4 * np.sqrt(2 * 980.0 * head), rel=1e-3)
    assert result.flow[2, 0] == pytest.approx(result.flow[2, 2] + result.lost[2, 1], rel=1e-5)


def test_without_a_pump_nothing_flows_and_nobody_is_warm():
    network = pair(held=NAN)
    result = HeatSolver(network).solve(HeatCases(2))
    assert (result.status == CaseStatus.SOLVED).all() and not result.served.any() and result.heat.sum() == 0 and np.abs(result.flow).max() == 0
    assert np.isinf(result.age).all() and (result.temperature == network.stagnant).all()


def test_a_pipe_without_length_and_a_case_without_a_solution():
    network = pair(length=[0.0, 1000.0, 0.0])
    demand = np.zeros((3, 4))
    demand[1, 1] = NAN
    result = HeatSolver(network).solve(HeatCases(3, demand=demand))
    assert result.status[0] == result.status[2] == CaseStatus.SOLVED and result.status[1] != CaseStatus.SOLVED
    assert result.temperature[0, 1] == pytest.approx(353.15) and np.array_equal(result.flow[0], result.flow[2])


def test_cases_are_independent_and_the_solver_pickles(shared_data):
    network, _, _ = town(shared_data("gas_heat/pandapipes/sw_heat.json"))
    solver = HeatSolver(network)
    heat = np.linspace(0.3, 1.2, 10)[:, None] * np.nan_to_num(network.heat)
    together = solver.solve(HeatCases(10, heat=heat))
    assert (together.status == CaseStatus.SOLVED).all()
    alone = pickle.loads(pickle.dumps(solver)).solve(HeatCases(1, heat=heat[6:7]))
    assert np.array_equal(alone.temperature[0], together.temperature[6])


def test_a_colder_room_takes_more_from_the_same_water():
    network = pair(heat=[NAN, NAN, 1e9], effect=0.5, most=1.0)
    room = np.full((2, 3), [[293.15], [283.15]])
    result = HeatSolver(network).solve(HeatCases(2, room=room))
    above = result.temperature[:, 1] - room[:, 0]
    assert result.heat[1, 2] > result.heat[0, 2] == HeatSolver(network).solve(HeatCases(1)).heat[0, 2]
    assert result.heat[1, 2] / result.heat[0, 2] == pytest.approx(above[1] * result.flow[1, 2] / (above[0] * result.flow[0, 2]), rel=1e-3)
