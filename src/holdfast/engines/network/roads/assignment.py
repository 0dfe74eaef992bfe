"""User equilibrium: trips between zones spread over the network until nobody can save time by going another way."""

from __future__ import annotations

from dataclasses import dataclass, field

import numpy as np

from holdfast.model.errors import Invalid

from . import balance_kernel as kernel
from . import law
from .graph import RoadGraph

_ROUNDS = 12  # rounds over the known paths between two searches, at most
_FARTHEST = 64.0  # times the last move that rounds are prolonged, at most


@dataclass(frozen=True, slots=True)
class Links:
    """Link laws, one row per arc of a graph; see `holdfast.engines.network.roads.law`.

    free      (arc,) time when empty [s]
    capacity  (arc,) [vehicles/s]
    a, b      (arc,) parameters of the law
    code      (arc,) int8 law; default BPR
    extra     (arc,) fixed addition, such as a toll or a dark signal in seconds; default 0
    """

    free: np.ndarray
    capacity: np.ndarray
    a: np.ndarray
    b: np.ndarray
    code: np.ndarray | None = None
    extra: np.ndarray | None = None

    def columns(self) -> tuple[np.ndarray, ...]:
        """code, t0, c, a, b, extra as the compiled functions take them. raises Invalid for numbers that no law can have"""
        count = len(self.free)
        code = np.full(count, law.BPR, np.int8) if self.code is None else np.ascontiguousarray(self.code, np.int8)
        extra = np.zeros(count) if self.extra is None else np.ascontiguousarray(self.extra, np.float64)
        numbers = [np.ascontiguousarray(values, np.float64) for values in (self.free, self.capacity, self.a, self.b)]
        names = ("free", "capacity", "a", "b", "extra")
        for name, values in zip(names, (*numbers, extra), strict=True):
            if len(values) != count or not np.isfinite(values).all() or (values < 0).any():
                raise Invalid("link laws need finite numbers, none below zero", fix="Correct or leave out the links at fault", field=name)
        if ((code != law.CONSTANT) & (numbers[1] == 0)).any():
            raise Invalid("a link has no capacity", fix="Close it instead, or give it a constant time", field="capacity")
        if ((code == law.CONICAL) & (numbers[2] <= 1)).any():
            raise Invalid("the conical law needs a above 1", fix="Correct a", field="a")
        return (code, *numbers, extra)

    def time(self, flow: np.ndarray) -> np.ndarray:
        """(arc,) travel time [s] at these flows [vehicles/s]."""
        time, slope = np.empty(len(self.free)), np.empty(len(self.free))
        law.all_times(*self.columns(), np.ones(len(time), bool), np.ascontiguousarray(flow, np.float64), time, slope)
        return time


@dataclass(frozen=True, slots=True)
class Demand:
    """Trips between nodes [vehicles/s], sorted by origin.

    origins  (o,) int32 nodes       start  (o + 1,) pairs of origin i are start[i] .. start[i + 1]
    target   (pair,) int32 nodes    trips  (pair,)
    """

    origins: np.ndarray
    start: np.ndarray
    target: np.ndarray
    trips: np.ndarray

    @property
    def origin_of(self) -> np.ndarray:
        """(pair,) origin node."""
        return np.repeat(self.origins, np.diff(self.start))

    def scaled(self, factor: float) -> Demand:
        return Demand(self.origins, self.start, self.target, self.trips * factor)


def demand_of(origin: np.ndarray, target: np.ndarray, trips: np.ndarray) -> Demand:
    """Sort trips; those within a node or of nobody are left out, equal pairs are added up. raises Invalid for negative or unknown numbers"""
    origin, target, trips = np.asarray(origin, np.int64), np.asarray(target, np.int64), np.asarray(trips, np.float64)
    if not np.isfinite(trips).all() or (trips < 0).any():
        raise Invalid("trips must be finite numbers, none below zero", fix="Correct the demand", field="trips")
    keep = (origin != target) & (trips > 0)
    pairs, inverse = np.unique(np.column_stack([origin[keep], target[keep]]), axis=0, return_inverse=True)
    total = np.bincount(inverse.ravel(), weights=trips[keep], minlength=len(pairs))
    origins, counts = np.unique(pairs[:, 0], return_counts=True)
    start = np.concatenate([[0], np.cumsum(counts)]).astype(np.int64)
    return Demand(origins.astype(np.int32), start, pairs[:, 1].astype(np.int32), total)


@dataclass(slots=True)
class PathStore:
    """Paths in use; see `balance_kernel`."""

    first: np.ndarray
    after: np.ndarray
    begin: np.ndarray
    size: np.ndarray
    carried: np.ndarray
    pool: np.ndarray
    used: np.ndarray = field(default_factory=lambda: np.zeros(2, np.int64))

    @property
    def chain(self) -> tuple[np.ndarray, np.ndarray]:
        return self.first, self.after

    @property
    def store(self) -> tuple[np.ndarray, ...]:
        return self.begin, self.size, self.carried, self.pool

    def resized(self, spare: float) -> PathStore:
        """A copy without the paths that are no longer used, with room for `spare` times as many."""
        paths, entries = max(1024, int(self.used[0] * spare)), max(16_384, int(self.used[1] * spare))
        made = _empty_store(len(self.first), paths, entries)
        made.used[:] = kernel.compact(self.chain, self.store, made.chain, made.store)
        return made


def _empty_store(pairs: int, paths: int, entries: int) -> PathStore:
    none = np.full(pairs, -1, np.int32)
    return PathStore(none, np.empty(paths, np.int32), np.empty(paths, np.int64), np.empty(paths, np.int32), np.empty(paths), np.empty(entries, np.int32))


@dataclass(frozen=True, slots=True)
class Equilibrium:
    """Flows at which nobody gains by changing his way, and how nearly.

    flow        (arc,) [vehicles/s]           time     (arc,) [s], inf where closed
    shortest    (pair,) [s], inf where no way leads there
    unserved    (pair,) trips that have no way [vehicles/s]
    gap         (total time - trips times shortest times) / total time
    objective   Beckmann's: the sum of the integrals under the link laws
    searches    rounds of shortest-path searches       converged  whether the gap was reached
    """

    demand: Demand
    flow: np.ndarray
    time: np.ndarray
    shortest: np.ndarray
    unserved: np.ndarray
    gap: float
    objective: float
    searches: int
    converged: bool
    paths: PathStore

    @property
    def total_time(self) -> float:
        """Vehicle-seconds travelled per second: flow times time over all arcs."""
        used = self.flow > 0
        return float(self.flow[used] @ self.time[used])

    @property
    def pair_time(self) -> float:
        """Vehicle-seconds per second of the trips that arrive, by their shortest times."""
        served = np.isfinite(self.shortest)
        return float(self.demand.trips[served] @ self.shortest[served])


def assign(
    graph: RoadGraph,
    links: Links,
    demand: Demand,
    *,
    usable: np.ndarray | None = None,
    gap: float = 1e-6,
    most: int = 200,
    start: Equilibrium | None = None,
) -> Equilibrium:
    """User equilibrium by gradient projection on paths, pair by pair.

    usable    (arc,) bool: False is closed; capacities are reduced in `links`
    gap       relative gap to reach
    most      rounds of searches at most
    start     an equilibrium of the same pairs to start from: its paths that still exist are kept
    returns   trips between places that are not joined are counted as unserved
    source    see `balance_kernel`
    """
    laws = links.columns()
    state = _State(graph, laws, demand, np.ones(graph.arcs, bool) if usable is None else np.asarray(usable, bool))
    state.begin(start)
    searches, reached, shortest = 0, np.inf, np.empty(len(demand.trips))
    while searches < most:
        excess = state.search()
        searches += 1
        total = max(state.total_time(), 1e-300)
        if excess / total < 4 * gap or searches == most:
            for _ in range(2):
                state.refresh()
                best = state.shortest(shortest)
                total = state.total_time()
                reached = (total - best) / total if total > 0 else 0.0
                if reached <= gap or excess / max(total, 1e-300) > gap:
                    break
                state.even_out(0.0)
            if reached <= gap:
                break
        state.even_out(0.1 * excess)
    if not len(demand.trips):
        reached = 0.0
    unserved = np.where(np.isfinite(shortest), 0.0, demand.trips)
    value = float(law.objective(*laws, state.usable, state.flow))
    return Equilibrium(demand, state.flow, state.time, shortest, unserved, max(reached, 0.0), value, searches, reached <= gap, state.paths)


class _State:
    """Flows, times and paths while they are being evened out."""

    def __init__(self, graph: RoadGraph, laws: tuple[np.ndarray, ...], demand: Demand, usable: np.ndarray) -> None:
        nodes, arcs = graph.nodes, graph.arcs
        self.graph = (graph.tail, graph.head, graph.start, graph.through)
        self.laws, self.demand, self.usable = laws, demand, usable
        self.flow, self.time, self.slope = np.zeros(arcs), np.empty(arcs), np.empty(arcs)
        self.assigned = np.zeros(len(demand.trips))
        self.marks = np.zeros(2, np.int64)
        self.work = (
            np.empty(nodes), np.empty(nodes, np.int32), np.empty(nodes, np.int32), np.empty(nodes), np.empty(nodes, np.int32), np.empty(nodes, np.int32),
            np.zeros(arcs, np.int64), np.zeros(arcs, np.int64), np.empty(nodes + 1, np.int32),
        )  # fmt: skip

    def begin(self, start: Equilibrium | None) -> None:
        """No flow, or the paths of another equilibrium as far as they exist here."""
        pairs = len(self.demand.trips)
        if start is None:
            self.paths = _empty_store(pairs, 3 * pairs + 64, 64 * pairs + 16_384)
        else:
            if not (np.array_equal(start.demand.target, self.demand.target) and np.array_equal(start.demand.start, self.demand.start)):
                raise Invalid("the start is an equilibrium of other pairs of zones", fix="Start from one with the same origins and destinations", field="start")
            self.paths = start.paths.resized(1.5)
            kernel.restrict(self.usable, self.demand.trips, self.assigned, self.paths.chain, self.paths.store)
        self.refresh()

    def refresh(self) -> None:
        """Flows from paths, times from flows."""
        kernel.total_flow(self.paths.chain, self.paths.store, self.flow)
        law.all_times(*self.laws, self.usable, self.flow, self.time, self.slope)

    def search(self) -> float:
        """New cheapest paths for all pairs; returns trips times how much dearer they went."""
        excess, at = np.zeros(1), 0
        d, p = self.demand, self.paths
        while True:
            at = kernel.sweep(at, self.graph, d.origins, d.start, d.target, d.trips, self.assigned, p.chain, p.store, p.used, self.laws, self.flow, self.time,
                              self.slope, self.work, self.marks, excess)  # fmt: skip
            if at == kernel.DONE:
                return float(excess[0])
            p = self.paths = p.resized(2.0)

    def even_out(self, enough: float) -> None:
        """Rounds over the known paths until they are `enough` equal."""
        p, (*_, on_best, on_path, _) = self.paths, self.work
        for turn in range(_ROUNDS):
            before = p.carried[: p.used[0]].copy()
            left = kernel.settle(*p.chain, *p.store[:2], p.pool, p.carried, self.laws, self.flow, self.time, self.slope, on_best, on_path, self.marks)
            if left <= enough:
                break
            if turn % 2:
                self._prolong(before)

    def _prolong(self, before: np.ndarray) -> None:
        """Rounds that move the same way again and again are put together: go on in the direction of the last one while the objective falls."""
        p = self.paths
        start, best = p.carried.copy(), self._objective()
        kept, step = start, 1.0
        while step < _FARTHEST:
            trial = start.copy()
            kernel.prolong(step, p.chain, before, start, trial)
            p.carried[:] = trial
            kernel.total_flow(p.chain, p.store, self.flow)
            value = self._objective()
            if value >= best:
                break
            best, kept, step = value, trial, 2.0 * step
        p.carried[:] = kept
        self.refresh()

    def _objective(self) -> float:
        return float(law.objective(*self.laws, self.usable, self.flow))

    def shortest(self, out: np.ndarray) -> float:
        d = self.demand
        return float(kernel.shortest_total(self.graph, d.origins, d.start, d.target, d.trips, self.time, self.work, out))

    def total_time(self) -> float:
        used = self.flow > 0
        return float(self.flow[used] @ self.time[used])
