"""Many cases of a heat network: prepare once, solve flow and heat in turn in blocks of eight, start from the undisturbed state."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from holdfast.engines.network.blocks import WIDTH, blocks, in_lanes, neighbours
from holdfast.engines.network.gas.fluid import GRAVITY, ambient_pressure
from holdfast.engines.network.required import require
from holdfast.engines.network.sparse import Symbolic, analyse

from . import flow, warmth
from .model import HeatModel, LinkType, Mode

ENGINE = "holdfast heat 0.1"
MOST, TURNS, TOLERANCE, SETTLED = 100, 30, 1e-7, 1e-3


@dataclass(frozen=True, slots=True)
class HeatCases:
    """What differs between cases; None stands for the undisturbed network.

    open      (case, link) bool: lets water pass unless the network itself has it closed
    held      (case, node) absolute pressure held [Pa], NaN where none is
    supplied  (case, node) temperature held [K], NaN where none is
    demand    (case, node) water taken out [kg/s]
    leak      (case, node) discharge coefficient times area of holes [m2]
    heat      (case, link) heat that consumers want [W]
    room      (case, link) temperature on the other side of exchangers [K]
    """

    count: int
    open: np.ndarray | None = None
    held: np.ndarray | None = None
    supplied: np.ndarray | None = None
    demand: np.ndarray | None = None
    leak: np.ndarray | None = None
    heat: np.ndarray | None = None
    room: np.ndarray | None = None


@dataclass(frozen=True, slots=True)
class HeatResult:
    """Solutions, one row per case.

    pressure     (case, node) absolute [Pa]        temperature  (case, node) [K]
    age          (case, node) time since the water left a plant [s], mean of what is mixed; inf where nothing flows
    lost         (case, node) water that leaks out [kg/s]
    flow         (case, link) [kg/s]               outlet       (case, link) temperature at the end in flow direction [K]
    heat         (case, link) heat that consumers get [W], 0 for other links
    served       (case, node) bool: a pump or plant holds the pressure of its part
    status       (case,) int8 `CaseStatus`         turns        (case,) times that flow and heat were solved in turn
    """

    pressure: np.ndarray
    temperature: np.ndarray
    age: np.ndarray
    lost: np.ndarray
    flow: np.ndarray
    outlet: np.ndarray
    heat: np.ndarray
    served: np.ndarray
    status: np.ndarray
    turns: np.ndarray


class HeatSolver:
    """A network ready to be solved. Picklable; keeps the undisturbed solution for warm starts."""

    def __init__(self, network: HeatModel) -> None:
        self.network = network
        self.symbolic: Symbolic = analyse(network.nodes, network.link_from, network.link_to)
        self.net = prepare(network)
        self.base: flow.State | None = None

    def solve(self, cases: HeatCases, *, warm: bool = True) -> HeatResult:
        """Solve all cases; one that fails gets its status and the others are not touched."""
        nodes, links = (cases.count, self.network.nodes), (cases.count, self.network.links)
        result = HeatResult(np.full(nodes, np.nan), np.full(nodes, np.nan), np.full(nodes, np.inf), np.zeros(nodes), np.zeros(links), np.full(links, np.nan),
                            np.zeros(links), np.zeros(nodes, bool), np.zeros(cases.count, np.int8), np.zeros(cases.count, np.int32))
        if warm and self.base is None:
            state = self._cold()
            status, _ = self._run(self._case(HeatCases(1), np.zeros(1, int)), state)
            self.base = state if status[0] == flow.SOLVED else None
        for rows in blocks(cases.count):
            self._block(cases, rows, result, self.base if warm else None)
        return result

    def _cold(self) -> flow.State:
        network = self.network
        nodes, links = (network.nodes, WIDTH), (network.links, WIDTH)
        level = float(np.nanmean(network.held)) if np.isfinite(network.held).any() else 3e5
        warm = float(np.nanmean(network.supplied)) if np.isfinite(network.supplied).any() else network.stagnant
        speed = np.where(network.link_type == LinkType.CONSUMER, np.nan_to_num(network.flow, nan=0.1), 0.5 * np.pi / 4 * network.diameter**2 * 980.0)
        return flow.State(np.full(nodes, level), np.zeros(nodes), np.full(nodes, warm), np.zeros(nodes), np.repeat(speed[:, None], WIDTH, axis=1), np.zeros(links),
                          np.full(links, warm), np.zeros(links), np.zeros(nodes, np.int8))

    def _case(self, cases: HeatCases, rows: np.ndarray) -> flow.Case:
        network = self.network
        held, supplied, demand = (in_lanes(getattr(cases, name), getattr(network, name), rows) for name in ("held", "supplied", "demand"))
        open_ = in_lanes(cases.open, np.ones(network.links, np.bool_), rows) & ~network.closed[:, None]
        leak, heat = in_lanes(cases.leak, np.zeros(network.nodes), rows), in_lanes(cases.heat, np.nan_to_num(network.heat), rows)
        return flow.Case(open_, held, supplied, demand, leak, heat, in_lanes(cases.room, np.full(network.links, float(network.room)), rows))

    def _run(self, case: flow.Case, state: flow.State) -> tuple[np.ndarray, np.ndarray]:
        """Solve flow and heat in turn until temperatures stay."""
        net, links = self.net, (self.network.links, WIDTH)
        density, viscosity = np.zeros(links), np.empty(links)
        done, status, turns = np.zeros(WIDTH, bool), np.full(WIDTH, flow.DIVERGED), np.full(WIDTH, TURNS)
        start(net, case, state)
        warmth.refresh(net, case, state, density, viscosity, done, 1.0)
        for turn in range(TURNS):
            before = state.wanted.copy()
            found, _ = flow.solve_flow(self.symbolic.factor, self.symbolic.position, self.symbolic.entries, net, case, state, density, viscosity, MOST, TOLERANCE, done)
            moved = warmth.carry_heat(net, case, state, done)
            failed = ~done & ((found != flow.SOLVED) | np.isnan(moved))
            status[failed], turns[failed] = np.where(found[failed] == flow.SOLVED, flow.DIVERGED, found[failed]), turn + 1
            done |= failed
            # in parts that are nearly at rest water rises where it is warm, which cools it: such circles would go on for ever
            warmth.refresh(net, case, state, density, viscosity, done, 1.0 if turn < 6 else 0.5 if turn < 15 else 0.0)
            wants = np.abs(state.wanted - before).max(axis=0, initial=0.0) <= 1e-5 * (state.wanted.max(axis=0, initial=0.0) + 1e-9)
            settled = ~done & (moved < SETTLED) & wants & (turn > 0)
            status[settled], turns[settled] = flow.SOLVED, turn + 1
            done |= settled
            if done.all():
                break
        return status, turns

    def _block(self, cases: HeatCases, rows: np.ndarray, result: HeatResult, base: flow.State | None) -> None:
        case = self._case(cases, rows)
        state = self._cold() if base is None else flow.State(*(part.copy() for part in base))
        status, turns = self._run(case, state)
        failed = status[: len(rows)] != flow.SOLVED
        if base is not None and failed.any():
            self._block(cases, rows[failed], result, None)
        keep = np.flatnonzero(~failed) if base is not None else np.arange(len(rows))
        at = rows[keep]
        for name in ("pressure", "temperature", "age", "lost", "flow", "outlet"):
            getattr(result, name)[at] = getattr(state, name)[:, keep].T
        result.lost[at] = np.maximum(result.lost[at], 0.0)
        result.heat[at], result.served[at] = state.taken[:, keep].T, (state.node[:, keep] != flow.DEAD).T
        result.status[at], result.turns[at] = status[keep], turns[keep]


def start(net: flow.Net, case: flow.Case, state: flow.State) -> None:
    """Which nodes hang together with a held one; held pressures; air pressure in parts that nobody holds."""
    queue = np.empty(len(net.ambient), np.int32)
    for lane in range(WIDTH):
        flow.reach(net, case, state.node, queue, lane)
    held = state.node == flow.HELD
    state.pressure[held] = case.held[held]
    dead = state.node == flow.DEAD
    state.pressure[dead] = np.broadcast_to(net.ambient[:, None], dead.shape)[dead]


def prepare(network: HeatModel) -> flow.Net:
    """Coefficients of all links and the adjacency. raises Invalid for numbers that no law can take"""
    for name in ("length", "roughness", "minor", "transfer"):
        require(name, getattr(network, name), least=0.0)
    require("diameter", network.diameter, above=0.0)
    require("absolute pressure held", network.held, above=0.0, where=~np.isnan(network.held), row="node")
    require("elevation", network.elevation, row="node")
    area = np.pi / 4 * network.diameter**2
    rough = 0.25 / np.log10(np.maximum(network.roughness, 1e-9) / (3.71 * network.diameter)) ** 2  # Nikuradse's fully rough pipe, as pandapipes for liquids
    slender = network.length / network.diameter
    pipe = network.link_type == LinkType.RESISTIVE
    laminar = np.where(pipe, 32.0 * network.length / (area * network.diameter**2), 0.0)
    ambient = ambient_pressure(network.elevation)
    fall = network.elevation[network.link_from] - network.elevation[network.link_to]
    surface = network.transfer * np.pi * network.outer * network.length
    fixed = np.isin(network.mode, (Mode.FLOW_HEAT, Mode.FLOW_DROP, Mode.FLOW_RETURN))
    return flow.Net(
        network.link_type, network.link_from, network.link_to, laminar, (rough * slender + network.minor) / (2 * area**2),
        network.lift, GRAVITY * fall, network.needed, surface, network.surroundings, network.extracted, area * network.length, network.mode,
        np.where(fixed, np.nan_to_num(network.flow), 0.0), np.nan_to_num(network.drop), np.nan_to_num(network.back), network.most, network.effect, ambient,
        *neighbours(network.nodes, network.link_from, network.link_to), float(network.stagnant))
