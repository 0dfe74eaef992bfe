"""Many cases of a gas network: prepare once, solve in blocks of eight, start from the undisturbed state."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from holdfast.engines.network.blocks import WIDTH, blocks, in_lanes, neighbours
from holdfast.engines.network.required import require
from holdfast.engines.network.sparse import Symbolic, analyse

from . import kernel
from .fluid import GRAVITY
from .law import rough_factor
from .model import Friction, GasModel, LinkType, Status

ENGINE = "holdfast gas 0.1"
MOST, TOLERANCE = 80, 1e-7
SMALL_LOSS = 1e-6  # of the highest potential per kg/s: resistance of links that have none, such as open valves
UNBALANCED = 1e-5  # a case whose worst node misses more of the total flow than this is not solved


@dataclass(frozen=True, slots=True)
class GasCases:
    """What differs between cases; None stands for the undisturbed network.

    open     (case, link) bool: passes gas unless the network itself has it closed
    driven   (case, link) bool: False for regulators and compressors that do not control, such as a compressor without power, and let pass
    held     (case, node) absolute pressure held [Pa], NaN where none
    demand   (case, node) [kg/s]
    feed     (case, node) [kg/s]
    leak     (case, node) discharge coefficient times area of holes at the node [m2]
    """

    count: int
    open: np.ndarray | None = None
    held: np.ndarray | None = None
    demand: np.ndarray | None = None
    feed: np.ndarray | None = None
    leak: np.ndarray | None = None
    driven: np.ndarray | None = None


@dataclass(frozen=True, slots=True)
class GasResult:
    """Solutions, one row per case.

    pressure    (case, node) absolute [Pa]; air pressure where no gas comes
    supply      (case, node) what consumers get [kg/s]
    lost        (case, node) what escapes [kg/s]
    flow        (case, link) [kg/s], positive from `link_from`
    link_status (case, link) int8 `Status` of regulators and compressors, OPEN or CLOSED of others
    served      (case, node) bool: a source reaches the node
    status      (case,) int8 `CaseStatus`
    iterations  (case,)      imbalance (case,) worst node's missing flow over the total flow
    """

    pressure: np.ndarray
    supply: np.ndarray
    lost: np.ndarray
    flow: np.ndarray
    link_status: np.ndarray
    served: np.ndarray
    status: np.ndarray
    iterations: np.ndarray
    imbalance: np.ndarray


class GasSolver:
    """A network ready to be solved. Picklable; keeps the undisturbed solution for warm starts."""

    def __init__(self, network: GasModel) -> None:
        self.network = network
        self.symbolic: Symbolic = analyse(network.nodes, network.link_from, network.link_to)
        top = np.nanmax(network.held) if np.isfinite(network.held).any() else 1e5
        self.top = float(top) ** 2
        self.net = prepare(network, self.top)
        self.base: kernel.State | None = None

    def solve(self, cases: GasCases, *, warm: bool = True) -> GasResult:
        """Solve all cases; one that fails gets its status and the others are not touched."""
        result = _empty(cases.count, self.network)
        if warm and self.base is None:
            self._solve_base()
        for rows in blocks(cases.count):
            self._block(cases, rows, result, self.base if warm else None)
        return result

    def _solve_base(self) -> None:
        """Solve the undisturbed network and keep it where it settles."""
        state = self._cold()
        status, _, missing = self._run(self._case(GasCases(1), np.zeros(1, int)), state)
        if status[0] == kernel.SOLVED and missing[0] <= UNBALANCED:
            self.base = state

    def _cold(self) -> kernel.State:
        network = self.network
        shape = (network.nodes, WIDTH)
        supply = np.repeat(network.demand[:, None] * 0.5, WIDTH, axis=1)
        speed = 2.0 * np.pi / 4 * network.diameter**2 * np.sqrt(self.top) / (network.gas.specific_constant * network.link_temperature)
        active = np.where(network.link_type == LinkType.RESISTIVE, kernel.OPEN, kernel.ACTIVE).astype(np.int8)
        return kernel.State(np.full(shape, self.top), supply, np.zeros(shape), np.repeat(speed[:, None], WIDTH, axis=1), np.repeat(active[:, None], WIDTH, axis=1),
                            np.zeros(shape, np.int8))

    def _case(self, cases: GasCases, rows: np.ndarray) -> kernel.Case:
        network, every = self.network, np.ones(self.network.links, np.bool_)
        held, feed, demand = (in_lanes(getattr(cases, name), getattr(network, name), rows) for name in ("held", "feed", "demand"))
        open_ = in_lanes(cases.open, every, rows) & ~network.closed[:, None]
        return kernel.Case(open_, in_lanes(cases.driven, every, rows), held**2, feed, demand, in_lanes(cases.leak, np.zeros(network.nodes), rows))

    def _run(self, case: kernel.Case, state: kernel.State) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
        whole = max(float(self.network.demand.sum()), 1e-3)
        scale = np.array([1e-9 * whole, 1e-8 * self.top, whole])
        return kernel.solve_block(self.symbolic.factor, self.symbolic.position, self.symbolic.entries, self.net, case, state, MOST, TOLERANCE, scale)

    def _block(self, cases: GasCases, rows: np.ndarray, result: GasResult, base: kernel.State | None) -> None:
        case = self._case(cases, rows)
        state = self._cold() if base is None else kernel.State(*(part.copy() for part in base))
        status, steps, missing = self._run(case, state)
        failed = (status != kernel.SOLVED) | ~(missing <= UNBALANCED)
        if base is not None and failed[: len(rows)].any():
            again = rows[failed[: len(rows)]]
            self._block(cases, again, result, None)
        keep = np.flatnonzero(~failed[: len(rows)]) if base is not None else np.arange(len(rows))
        at = rows[keep]
        result.pressure[at] = np.sqrt(np.maximum(state.potential[:, keep].T, 0.0))
        result.supply[at], result.lost[at], result.flow[at] = state.supply[:, keep].T, np.maximum(state.lost[:, keep].T, 0.0), state.flow[:, keep].T
        result.link_status[at] = np.where(case.open[:, keep].T, state.status[:, keep].T, Status.CLOSED)
        result.served[at] = (state.node[:, keep] != kernel.DEAD).T
        result.status[at] = np.where(failed[keep] & (status[keep] == kernel.SOLVED), kernel.DIVERGED, status[keep])
        result.iterations[at], result.imbalance[at] = steps[keep], missing[keep]


def _empty(count: int, network: GasModel) -> GasResult:
    nodes, links = (count, network.nodes), (count, network.links)
    return GasResult(np.full(nodes, np.nan), np.zeros(nodes), np.zeros(nodes), np.zeros(links), np.zeros(links, np.int8), np.zeros(nodes, bool),
                     np.zeros(count, np.int8), np.zeros(count, np.int32), np.zeros(count))


def prepare(network: GasModel, top: float) -> kernel.Net:
    """Coefficients of all links and the adjacency. top: highest potential held [Pa2]. raises Invalid for numbers that no law can take"""
    for name in ("length", "roughness", "minor"):
        require(name, getattr(network, name), least=0.0)
    require("diameter", network.diameter, above=0.0)
    require("absolute pressure held", network.held, above=0.0, where=~np.isnan(network.held), row="node")
    require("temperature", network.temperature, above=0.0, row="node")
    require("elevation", network.elevation, row="node")
    gas, temperature = network.gas, network.link_temperature
    area = np.pi / 4 * network.diameter**2
    viscosity = gas.at("viscosity", temperature)
    unit = gas.specific_constant * temperature / area**2
    slender = network.length / network.diameter
    pipe = (network.length > 0) & (network.link_type == LinkType.RESISTIVE)
    relative = np.maximum(network.roughness, 1e-9) / network.diameter
    per_factor = np.where(pipe, unit * slender, 0.0)
    to_reynolds = network.diameter / (viscosity * area)
    quadratic, linear = unit * network.minor, np.zeros(network.links)
    if network.friction == Friction.NIKURADSE:
        quadratic = quadratic + per_factor * np.array([rough_factor(r) for r in relative])
        linear = per_factor * 64.0 / to_reynolds
    linear = np.where(pipe, linear, SMALL_LOSS * top)
    weight = GRAVITY * (network.elevation[network.link_from] - network.elevation[network.link_to]) / (gas.specific_constant * temperature)
    ambient = network.ambient
    span = network.wanted**2 - np.maximum(network.least, ambient) ** 2
    return kernel.Net(
        network.link_type, network.link_from, network.link_to, network.controlled, linear, quadratic, per_factor, relative, to_reynolds, network.constant, weight,
        network.target**2, network.ratio, ambient, network.temperature, np.maximum(network.least, ambient) ** 2, np.maximum(span, 0.0),
        *neighbours(network.nodes, network.link_from, network.link_to), int(network.friction),
        float(gas.compressibility[0]), float(gas.compressibility[1]), float(gas.specific_constant), float(gas.gamma))
