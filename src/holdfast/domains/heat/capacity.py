"""Plants that can give no more heat than their capacity: their water leaves colder, until what goes into the network is what they can give."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

from holdfast.engines.network.columns import places
from holdfast.engines.network.heat.solve import HeatResult
from holdfast.engines.network.heat.water import heat_capacity
from holdfast.model.finding import Findings

from .network import HeatNetwork

TURNS, CLOSE = 60, 1e-3  # times the network is solved again in an hour, and share of the capacity at which that ends
_STILL = 1e-6  # flow below which nothing is given [kg/s]
_LATER = 1e-6  # share of the capacity beyond which more is called for


@dataclass(frozen=True, slots=True)
class Outlets:
    """Where plants warm the water.

    row, node, plant  (outlet,) row of `HeatNetwork.feeder`, node where the water leaves, position of the plant, each node once
    back              (outlet,) node from which the water comes, -1 where the record does not say
    capacity          (plant,) [W], inf where the record gives none       fallback  return temperature where `back` is -1 [K]
    """

    network: HeatNetwork
    row: np.ndarray
    node: np.ndarray
    plant: np.ndarray
    back: np.ndarray
    capacity: np.ndarray
    fallback: float

    def heat(self, result: HeatResult) -> tuple[np.ndarray, np.ndarray]:
        """(outlet,) heat given [W] and (outlet,) flow times heat capacity [W/K] in the first case of a solution.

        Water that other pipes bring to the outlet is warmed from their temperature, what the pump lifts from that of the return.
        """
        model, flow = self.network.model, result.flow[0]
        near, far = np.where(flow >= 0, model.link_from, model.link_to), np.where(flow >= 0, model.link_to, model.link_from)
        amount, brought = np.abs(flow), np.nan_to_num(result.outlet[0])
        nodes = model.nodes
        leaves, comes = np.bincount(near, amount, nodes)[self.node], np.bincount(far, amount, nodes)[self.node]
        arriving = np.bincount(far, amount * brought, nodes)[self.node]
        hot = result.temperature[0, self.node]
        cold = np.where(self.back >= 0, result.temperature[0, self.back], self.fallback)
        cold = np.where(np.isfinite(cold), cold, self.fallback)
        lifted = np.maximum(leaves - comes, 0.0)
        entry = (lifted * cold + arriving) / np.maximum(lifted + comes, _STILL)
        rate = np.where(lifted + comes > _STILL, (lifted + comes) * heat_capacity((hot + entry) / 2), 0.0)
        return np.where(np.isfinite(hot), rate * (hot - entry), 0.0), rate

    def of_plants(self, heat: np.ndarray) -> np.ndarray:
        """(plant,) sum over the outlets of each."""
        return np.bincount(self.plant, heat, len(self.capacity))


def outlets(network: HeatNetwork, fallback: float) -> Outlets:
    """The outlets of all plants of a network. fallback: return temperature where the record names no return junction [K]"""
    plant, junction = network.table["heat.plant"], network.junction_id
    capacity = plant.numbers("capacity")
    unknown = ~(capacity > 0.0)
    if unknown.any():
        names = plant.id.to_numpy(zero_copy_only=False)[unknown].tolist()
        network.findings.add_rows("heat.no_capacity", "info", "its capacity is not recorded; as much heat as is called for was taken", kind="heat.plant", ids=names,
                                  column="capacity", fix="Give the heat the plant can give")  # fmt: skip
    feeder = network.feeder
    mine = np.flatnonzero((feeder[:, 2] >= 0) & (feeder[:, 3] == 0) & np.isfinite(network.feeder_temperature))
    mine = mine[np.unique(feeder[mine, 0], return_index=True)[1]]
    stated = places(plant.texts("return_junction_id"), junction)
    lifted_from = places(network.table["heat.pump"].texts("from_id"), junction)
    pump = feeder[mine, 1]
    back = np.where(pump >= 0, np.append(lifted_from, -1)[pump], stated[feeder[mine, 2]])
    return Outlets(network, mine, feeder[mine, 0], feeder[mine, 2], back, np.where(unknown, np.inf, capacity), fallback)


@dataclass(frozen=True, slots=True)
class Hour:
    """One hour of the plants: solution, (feeder,) temperatures given [K], (plant,) heat called for and given [W], and whether the search for them ended."""

    result: HeatResult
    temperature: np.ndarray
    called: np.ndarray
    given: np.ndarray
    ended: bool


def within_capacity(at: Outlets, aimed: np.ndarray, dead: np.ndarray, solve: Callable[[np.ndarray], HeatResult]) -> Hour:
    """Solve an hour with plants that give no more than they can.

    aimed    (feeder,) temperatures that plants aim at [K]      dead   (feeder,) bool: gives no heat, whatever its temperature
    solve    temperatures (feeder,) -> solution

    A plant beyond its capacity lowers its temperature by the excess over flow times heat capacity. What consumers take falls by at most as much as that
    for each kelvin, so this comes down to the capacity from above, step by step; where other plants' water is drawn in meanwhile it may rise again.
    """
    result = solve(aimed)
    works = ~dead[at.row]
    heat, rate = at.heat(result)
    called = given = at.of_plants(np.where(works, heat, 0.0))
    bound = called > at.capacity * (1.0 + _LATER)
    temperature = aimed.copy()
    for _ in range(TURNS):
        excess = np.where(bound, given - at.capacity, 0.0)
        lowered = np.bincount(at.plant, temperature[at.row] < aimed[at.row] - 1e-6, len(at.capacity)) > 0
        settled = (np.abs(excess) <= CLOSE * at.capacity) | (~lowered & (excess <= 0.0))  # what is as warm as it aims at may give less than it can
        if settled.all() or result.status[0] != 0:
            return Hour(result, temperature, called, given, True)
        total = at.of_plants(np.where(works, rate, 0.0))
        step = (excess / np.maximum(total, 1e-9))[at.plant]
        moves = works & bound[at.plant]
        temperature[at.row[moves]] = np.minimum(temperature[at.row] - step, aimed[at.row])[moves]
        result = solve(temperature)
        heat, rate = at.heat(result)
        given = at.of_plants(np.where(works, heat, 0.0))
        bound |= given > at.capacity * (1.0 + _LATER)
    return Hour(result, temperature, called, given, False)


def report_capacity(findings: Findings, at: Outlets, called: np.ndarray, given: np.ndarray) -> np.ndarray:
    """Say for each plant that was called on for more than its capacity in how many hours, and the worst of them. called, given (hour, plant) [W]

    returns   (plant,) hours in which it was at its capacity
    """
    over = called > at.capacity * (1.0 + _LATER)
    ids = at.network.table["heat.plant"].id
    for h in np.flatnonzero(over.any(axis=0)):
        worst = int(np.argmax(called[:, h]))
        text = (f"wanted {called[worst, h] / 1e6:.3g} MW in hour {worst}, capacity {at.capacity[h] / 1e6:.3g} MW; its supply temperature falls short "
                f"in {int(over[:, h].sum())} hours, in which it gives {given[over[:, h], h].sum() / called[over[:, h], h].sum():.1%} of what is wanted")  # fmt: skip
        findings.add("heat.plant_capacity", "warning", text, kind="heat.plant", id=ids[int(h)].as_py(), column="capacity",
                     fix="Add capacity, shed load, or bring heat from another plant")  # fmt: skip
    return over.sum(axis=0)


__all__ = ["Hour", "Outlets", "outlets", "report_capacity", "within_capacity"]
