"""The best order of repair, and how far it can be from the best there is.

A quick judge, which knows who waits for which tasks, tries thousands of orders; the whole simulation, in which every repair is followed by the hour,
judges what it likes against the usual orders, and where few things are broken tries moves itself, or all orders.

Objective: person-hours without each service, weighted, plus the hours of critical facilities, weighted (settings). Damage that harms nobody is
mended last.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from math import factorial
from time import perf_counter

import numpy as np
import pyarrow as pa

from holdfast.model.errors import Invalid
from holdfast.model.lifeline import Command

from .access import plan_repairs, road_lines, road_travel
from .cascade import Cascade
from .lost_together import weights_of
from .order_model import OrderModel
from .order_search import greedy, improve, permutations
from .outer import outer
from .relaxation import Bound, after_order, lower_bound
from .repair import Crews, crews_of, priorities, tasks_of
from .repair_kernel import to_clock
from .rules import Rules
from .spills import shut_off
from .timeline import GRID, run
from .world import Damage, World, harmful

_ROWS = 96  # cases evaluated side by side
_LONGEST = float(np.diff(GRID).max())  # h between two hours of the grid
_LESSONS = 4  # times the quick judge is taught by the order that it likes


@dataclass(frozen=True, slots=True)
class Restoration:
    """The order found.

    order       (task,) asset positions, most urgent first        objective   weighted person-hours lost with it
    bound       lower bound on the objective of any order; `proven` is False where foreign commands open or hold something, which may even help
    gap         (objective - bound) / objective, 0 where nothing is lost
    estimate    the bound if less never gave more in the networks as they are: pressures count, but nothing is proven where they interact
    compared    order -> objective, inf where a case could not be solved: importance, random (mean of those that could), random_best, programme
                (order of the linear programmes), model (best by the quick judge), greedy (only where there are few tasks)
    done_hour   (case, task) hours at which each is mended         team   (task,) who mends it
    method      "all orders" or "search"                           evaluations  different orders that were judged
    horizon     hours that were followed
    """

    order: np.ndarray
    objective: float
    bound: float
    proven: bool
    gap: float
    estimate: float
    compared: dict[str, float]
    done_hour: np.ndarray
    team: tuple[str, ...]
    method: str
    evaluations: int
    horizon: float
    seconds: float

    def table(self, world: World) -> pa.Table:
        """Rank, asset, team and the hour at which it is mended (mean over the cases in which it is broken)."""
        hours = np.where(self.done_hour > 0.0, self.done_hour, np.nan)
        broken = np.isfinite(hours).any(axis=0)
        mean = np.full(hours.shape[1], np.nan)
        mean[broken] = np.nanmean(np.where(np.isfinite(hours), hours, np.nan)[:, broken], axis=0)
        return pa.table({
            "rank": pa.array(np.arange(1, len(self.order) + 1)), "id": world.asset_id.take(pa.array(self.order)), "team": pa.array(self.team),
            "done_hour": pa.array(mean, from_pandas=True),
        })  # fmt: skip


@dataclass(slots=True)
class Oracle:
    """Judges orders: rows of task numbers, most urgent first. Orders that differ only between teams are the same and judged once."""

    cascade: Cascade
    damage: Damage
    task: np.ndarray
    crews: Crews
    travel: np.ndarray
    hours: np.ndarray
    exact: bool
    weight: np.ndarray
    known: dict[bytes, float] = field(default_factory=dict)

    def __call__(self, orders: np.ndarray) -> np.ndarray:
        """(n,) weighted person-hours of orders (n, task); inf where a case could not be solved."""
        keys = [self._key(order) for order in orders]
        new = {key: row for row, key in reversed(list(enumerate(keys))) if key not in self.known}
        rows = np.fromiter(new.values(), np.int64, len(new))
        size = max(1, _ROWS // self.damage.cases)
        for first in range(0, len(rows), size):
            some = rows[first : first + size]
            self.known.update(zip([keys[r] for r in some], self._judge(orders[some]).tolist(), strict=True))
        return np.array([self.known[key] for key in keys])

    def important(self) -> np.ndarray:
        """The tasks by the rule of importance."""
        place = {asset: at for at, asset in enumerate(self.task.tolist())}
        return np.array([place[asset] for asset in _by_importance(self.cascade.world, self.damage).tolist()], np.int64)

    def _key(self, order: np.ndarray) -> bytes:
        return order[np.argsort(self.crews.team_of[self.task[order]], kind="stable")].astype(np.int32).tobytes()

    def plan(self, orders: np.ndarray) -> tuple[Damage, np.ndarray]:
        """The damage repeated for each order, and when all is mended: rows are orders, then cases."""
        cases = self.damage.cases
        rank = np.full((len(orders), self.cascade.world.assets), float(len(self.task)))
        rank[np.arange(len(orders))[:, None], self.task[orders]] = np.arange(len(self.task))
        tiled = self.damage.rows(np.tile(np.arange(cases), len(orders)))
        way = self.travel if self.travel.shape[0] == 1 else np.tile(self.travel, (len(orders), 1, 1))
        return tiled, plan_repairs(self.cascade, tiled, self.crews, np.repeat(rank, cases, axis=0), self.hours, travel=way)

    def _judge(self, orders: np.ndarray) -> np.ndarray:
        tiled, done = self.plan(orders)
        done = np.where(harmful(tiled), done, np.float32(0.0))  # when the rest is mended changes nothing, so nobody need look
        grid = np.array([0.0, self.hours[-1]]) if self.exact else self.hours
        timeline = run(self.cascade.world, tiled, hours=grid, done_hour=done, cascade=self.cascade, exact=self.exact, late=True)
        feed, critical = weights_of(self.cascade, self.cascade.rules)
        lost = timeline.lost_hours.astype(np.float64) @ feed + critical * timeline.critical_hours.sum(axis=1, dtype=np.float64)
        return np.where(np.isfinite(lost), lost, np.inf).reshape(len(orders), -1) @ self.weight


def best_order(
    world: World, damage: Damage, *, crews: Crews | None = None, travel: np.ndarray | None = None, weight: np.ndarray | None = None,
    rules: Rules | None = None, cascade: Cascade | None = None, evaluations: int = 1500, limit: int = 60, randoms: int = 8, seed: int = 0,
    enumerate_all: bool = True, exact: bool = True, states: int = 4000, model_orders: int = 4000,
) -> Restoration:  # fmt: skip
    """The best order of repair found for a damage, or for the weighted mean over a few representative cases of it.

    travel       (depot, asset) or (1 or case, depot, asset) hours      weight  (case,)
    evaluations  orders that may be judged; the search ends there and gives the same order whenever it is run with the same seed
    limit        tasks up to which greedy construction and moves are judged by the whole simulation; where more is broken that would take too long
    exact        follow every repair by the hour, else on a grid of 33 hours and more
    states       of the city that are looked at for the bound of each case, see `lower_bound`
    model_orders orders that the quick judge may try, see `order_model`
    raises       Invalid where nothing is to mend, or a case cannot be solved
    """
    begin = perf_counter()
    cascade = cascade or Cascade(world, rules)
    crews = crews or crews_of(world, cascade.rules)
    damage = shut_off(cascade, damage, crews) if damage.isolated is None and damage.opening.any() else damage
    every, head = _tasks(world, damage)
    way = _ways(cascade, damage, crews, every, travel)
    if not len(every):
        raise Invalid("nothing is to mend", fix="Order repairs for a case with damage")
    share = np.full(damage.cases, 1.0 / damage.cases) if weight is None else np.asarray(weight, np.float64) / np.sum(weight)
    horizon = _makespan(damage, crews, way, bool(road_lines(cascade)))
    oracle = Oracle(cascade, damage, every, crews, way, _grid(horizon), exact, share)
    rng = np.random.Generator(np.random.Philox(seed))
    search = _Search(oracle, head, horizon, states)
    learned = search.learn(rng, model_orders)
    starts, compared = _starts(oracle, search, learned, head, limit, randoms, rng)
    values = oracle(starts)
    if not np.isfinite(values).any():
        raise Invalid("the networks cannot be solved for this case, so orders of repair cannot be compared", fix="Look at the status of the case")
    best, method = starts[int(np.argmin(values))], "search"
    if enumerate_all and _orders(crews.team_of[every[:head]]) <= min(evaluations, 5040):
        everything = permutations(crews.team_of[every[:head]])
        everything = np.concatenate((everything, np.tile(np.arange(head, len(every)), (len(everything), 1))), axis=1)
        best, method = everything[int(np.argmin(oracle(everything)))], "all orders"
    elif head <= limit:
        best = improve(oracle, best, head, crews.team_of[every], evaluations, rng)
    objective = float(oracle(best[None])[0])
    done = oracle.plan(best[None])[1][:, every[best]]
    bound, estimate = search.bounds()
    return Restoration(
        every[best], objective, bound, _bounded(damage), _gap(objective, bound), estimate, compared, done,
        tuple(crews.team[t] if t >= 0 else "" for t in crews.team_of[every[best]]), method, len(oracle.known), horizon, perf_counter() - begin,
    )  # fmt: skip


def _gap(objective: float, bound: float) -> float:
    return (objective - bound) / objective if objective > 0.0 else 0.0


def _bounded(damage: Damage) -> bool:
    """Whether nothing gives more while it is broken: what a foreign command opens or holds may."""
    return damage.command is None or not np.isin(damage.command, (Command.OPEN, Command.FROZEN)).any()


def _tasks(world: World, damage: Damage) -> tuple[np.ndarray, int]:
    """Assets with something to mend in any case, by importance; first those whose damage matters, and how many these are."""
    every = _by_importance(world, damage)
    matters = (harmful(damage) & (damage.repair_hours > 0.0)).any(axis=0)[every]
    return np.concatenate((every[matters], every[~matters])), int(matters.sum())


class _Search:
    """What is learned about an oracle's cases: bounds, sets of tasks that cut consumers off together, and the quick judge that knows them."""

    def __init__(self, oracle: Oracle, head: int, horizon: float, states: int) -> None:
        self.oracle, self.head, self.horizon = oracle, head, horizon
        self.model = OrderModel(oracle.damage.repair_hours, oracle.task, oracle.crews, oracle.travel, oracle.weight)
        self.found = [self._bound(oracle.cascade, case, None, states) for case in range(oracle.damage.cases)]
        self.sets = [bound.sets for bound in self.found]
        for case, bound in enumerate(self.found):
            self.model.learn(case, bound.task, bound.sets, bound.losses.weight)

    def _bound(self, cascade: Cascade, case: int, known: np.ndarray | None, states: int = 0) -> Bound:
        o = self.oracle
        mine = o.task[: self.head][o.damage.repair_hours[case, o.task[: self.head]] > 0.0]
        way = o.travel[case % o.travel.shape[0]]
        return lower_bound(cascade, o.damage.rows(np.array([case])), mine, o.crews, way, self.horizon, states=states, known=known)

    def programme(self) -> np.ndarray:
        """Order in which the programmes have the tasks done, in the mean over the cases."""
        o, early = self.oracle, np.zeros(len(self.oracle.task))
        early[self.head :] = np.inf
        for case, bound in enumerate(self.found):
            mine = np.flatnonzero(o.damage.repair_hours[case, o.task[: self.head]] > 0.0)
            early[mine] += o.weight[case] * np.minimum(bound.done, self.horizon)
        return np.argsort(early, kind="stable")

    def learn(self, rng: np.random.Generator, orders: int) -> np.ndarray:
        """An order that the quick judge likes, once it has been taught by the course of the orders that it liked before. orders: that it may judge"""
        o, team = self.oracle, self.oracle.crews.team_of[self.oracle.task]
        best = self.programme()
        for lesson in range(_LESSONS + 1):
            pool = np.stack((best, self.programme(), o.important()))
            best = pool[int(np.argmin(self.model(pool)))]
            best = improve(self.model, best, self.head, team, orders // (_LESSONS + 1), rng)
            if lesson == _LESSONS or not sum([self._teach(case, best) for case in range(o.damage.cases)]):
                break
        return best

    def _teach(self, case: int, order: np.ndarray) -> int:
        """Sets that are new."""
        bound, sets = self.found[case], self.sets[case]
        if not len(bound.task) or not len(bound.losses.weight):
            return 0
        place = np.searchsorted(np.sort(self.oracle.task), bound.task)
        done = self.model.done(order[None], case)[0][np.argsort(self.oracle.task)[place]]
        more = sets.and_more(after_order(bound.losses, sets, done.astype(np.float64)))
        self.sets[case] = more
        self.model.learn(case, bound.task, more, bound.losses.weight)
        return len(more) - len(sets)

    def bounds(self) -> tuple[float, float]:
        """The proven bound, and what it would be if less never gave more in the networks as they are; the mean over the cases."""
        o, limit = self.oracle, outer(self.oracle.cascade)
        proven = estimate = 0.0
        for case, (bound, sets) in enumerate(zip(self.found, self.sets, strict=True)):
            known = np.zeros((len(sets), o.cascade.world.assets), bool)
            known[:, bound.task] = sets.open
            known = known[known.sum(axis=1) > 1]
            likely = bound.value if len(sets) == len(bound.sets) else max(bound.value, self._bound(o.cascade, case, known).value)
            proven += o.weight[case] * (likely if limit is o.cascade else self._bound(limit, case, known).value)
            estimate += o.weight[case] * likely
        return float(proven), float(max(proven, estimate))


def _starts(oracle: Oracle, search: _Search, learned: np.ndarray, head: int, limit: int, randoms: int, rng: np.random.Generator) -> tuple[np.ndarray, dict[str, float]]:
    """Orders to begin with, and what they lose."""
    count = len(oracle.task)
    orders = {"importance": oracle.important(), "programme": search.programme(), "model": learned}
    if head <= limit:
        orders["greedy"] = greedy(oracle.cascade, oracle.damage, oracle.task, oracle.travel, oracle.weight, head)
    thrown = np.stack([rng.permutation(count) for _ in range(randoms)]) if randoms else np.empty((0, count), np.int64)
    every = np.concatenate((np.stack(list(orders.values())), thrown))
    values = oracle(every)
    compared = dict(zip(orders, values[: len(orders)].tolist(), strict=True))
    if randoms:
        solved = values[len(orders) :][np.isfinite(values[len(orders) :])]
        compared |= {"random": float(solved.mean()), "random_best": float(solved.min())} if len(solved) else {"random": np.inf, "random_best": np.inf}
    return every, compared


def _ways(cascade: Cascade, damage: Damage, crews: Crews, task: np.ndarray, travel: np.ndarray | None) -> np.ndarray:
    """(1 or case, depot, asset) hours; on the damaged roads when not given."""
    if travel is not None:
        way = np.asarray(travel, np.float32)
        return way[None] if way.ndim == 2 else way
    found = road_travel(cascade, damage, crews, task)
    way = np.zeros((found.shape[0], len(crews.depot), cascade.world.assets), np.float32)
    way[:, :, task] = found
    return way


def _by_importance(world: World, damage: Damage) -> np.ndarray:
    """Assets with something to mend in any case, by the rule of importance over all cases."""
    task = tasks_of(damage)
    return task[np.argsort(priorities(world, damage, "importance", task=task).mean(axis=0), kind="stable")]


def _makespan(damage: Damage, crews: Crews, travel: np.ndarray, waits: bool) -> float:
    """Hours by which everything that can be mended is mended, in whatever order: no list schedule leaves a crew idle.

    waits  some work begins only when roads are open, which is seen at the next hour of the grid
    """
    latest = 24.0
    size = np.diff(crews.crew_ptr)
    farthest = np.where(np.isfinite(travel), travel, 0.0).max(axis=1, initial=0.0)
    for team in range(len(crews.team)):
        mine = crews.team_of == team
        if size[team] and mine.any():
            hours = np.where(damage.repair_hours[:, mine] > 0.0, damage.repair_hours[:, mine] + farthest[:, mine], 0.0)
            work = float((hours.sum(axis=1) / size[team] + hours.max(axis=1, initial=0.0)).max())
            latest = max(latest, float(to_clock(work, crews.first[team], crews.shift[team])))
    return float(np.ceil(2.0 * latest + _LONGEST if waits else latest))


def _grid(horizon: float) -> np.ndarray:
    """Hours at which reachability is looked at, and repairs where they are not followed one by one."""
    fine = np.concatenate((np.arange(0.0, 24.0, 2.0), np.arange(24.0, 72.0, 4.0), np.array(GRID), np.arange(GRID[-1], max(horizon, GRID[-1]), _LONGEST)))
    return np.append(np.unique(fine[fine < horizon]), horizon)


def _orders(team: np.ndarray) -> int:
    """Number of different orders: within teams only."""
    total = 1
    for size in np.unique(team, return_counts=True)[1]:
        total *= factorial(min(int(size), 12))
    return total
