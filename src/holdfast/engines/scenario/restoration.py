"""The best order of repair: built greedily, improved by moving single tasks, judged by the timeline with many candidate orders side by side as cases.

Objective: person-hours without each service, weighted, plus the hours of critical facilities, weighted (settings). With few tasks all orders
are tried. The result says what a linear programme proves to be lost in any order, and what usual orders lose.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from math import factorial
from time import perf_counter

import numpy as np
import pyarrow as pa

from holdfast.model.errors import Invalid

from .access import plan_repairs, road_lines, road_travel
from .cascade import Cascade
from .order_search import greedy, improve, permutations
from .relaxation import lower_bound, weights_of
from .repair import Crews, crews_of, priorities, tasks_of
from .repair_kernel import to_clock
from .rules import Rules
from .timeline import GRID, run
from .world import Damage, World

_ROWS = 96  # cases evaluated side by side
_LONGEST = float(np.diff(GRID).max())  # h between two hours of the grid
_EXACT = 40  # up to so many tasks every repair is followed by the hour


@dataclass(frozen=True, slots=True)
class Restoration:
    """The order found.

    order       (task,) asset positions, most urgent first        objective   weighted person-hours lost with it
    bound       lower bound on the objective of any order; `proven` says whether it is one or only an estimate
    gap         (objective - bound) / objective, 0 where nothing is lost
    compared    order -> objective: importance, random (mean), random_best, greedy, programme (order of the linear programme)
    done_hour   (case, task) hours at which each is mended         team   (task,) who mends it
    method      "all orders" or "search"                           evaluations  different orders that were judged
    horizon     hours that were followed
    """

    order: np.ndarray
    objective: float
    bound: float
    proven: bool
    gap: float
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
        grid = np.array([0.0, self.hours[-1]]) if self.exact else self.hours
        timeline = run(self.cascade.world, tiled, hours=grid, done_hour=done, cascade=self.cascade, exact=self.exact, late=True)
        feed, critical = weights_of(self.cascade, self.cascade.rules)
        lost = timeline.lost_hours.astype(np.float64) @ feed + critical * timeline.critical_hours.sum(axis=1, dtype=np.float64)
        return np.where(np.isfinite(lost), lost, np.inf).reshape(len(orders), -1) @ self.weight


def best_order(
    world: World, damage: Damage, *, crews: Crews | None = None, travel: np.ndarray | None = None, weight: np.ndarray | None = None,
    rules: Rules | None = None, cascade: Cascade | None = None, evaluations: int = 1500, limit: int = 60, randoms: int = 8, seed: int = 0,
    enumerate_all: bool = True, exact: bool | None = None,
) -> Restoration:  # fmt: skip
    """The best order of repair found for a damage, or for the weighted mean over a few representative cases of it.

    travel       (depot, asset) or (1 or case, depot, asset) hours      weight  (case,)
    evaluations  orders that may be judged; the search ends there and gives the same order whenever it is run with the same seed
    limit        tasks that are searched over; where more is broken the most important ones by rule, the others after them
    exact        follow every repair by the hour; default where there are at most 40 tasks, else on a grid of 33 hours and more
    raises       Invalid where nothing is to mend, or a case cannot be solved
    """
    begin = perf_counter()
    cascade = cascade or Cascade(world, rules)
    crews = crews or crews_of(world, cascade.rules)
    every = _by_importance(world, damage)
    way = _ways(cascade, damage, crews, every, travel)
    if not len(every):
        raise Invalid("nothing is to mend", fix="Order repairs for a case with damage")
    head = len(every) if len(every) <= limit else limit
    share = np.full(damage.cases, 1.0 / damage.cases) if weight is None else np.asarray(weight, np.float64) / np.sum(weight)
    horizon = _makespan(damage, crews, way, bool(road_lines(cascade)))
    exact = len(every) <= _EXACT if exact is None else exact
    oracle = Oracle(cascade, damage, every, crews, way, _grid(horizon), exact, share)
    rng = np.random.Generator(np.random.Philox(seed))
    starts, compared, bound = _starts(oracle, head, horizon, randoms, rng)
    values = oracle(starts)
    if not np.isfinite(values).any():
        raise Invalid("the networks cannot be solved for this case, so orders of repair cannot be compared", fix="Look at the status of the case")
    best, method = starts[int(np.argmin(values))], "search"
    if enumerate_all and head == len(every) and _orders(crews.team_of[every]) <= min(evaluations, 5040):
        everything = permutations(crews.team_of[every])
        best, method = everything[int(np.argmin(oracle(everything)))], "all orders"
    else:
        best = improve(oracle, best, head, crews.team_of[every], evaluations, rng)
    objective = float(oracle(best[None])[0])
    done = oracle.plan(best[None])[1][:, every[best]]
    return Restoration(
        every[best], objective, bound, cascade.loss_only, (objective - bound) / objective if objective > 0.0 else 0.0, compared, done,
        tuple(crews.team[t] if t >= 0 else "" for t in crews.team_of[every[best]]), method, len(oracle.known), horizon, perf_counter() - begin,
    )  # fmt: skip


def _starts(oracle: Oracle, head: int, horizon: float, randoms: int, rng: np.random.Generator) -> tuple[np.ndarray, dict[str, float], float]:
    """Orders to begin with, what they lose, and the bound."""
    count = len(oracle.task)
    bounds = [
        lower_bound(oracle.cascade, oracle.damage.rows(np.array([case])), oracle.task[oracle.damage.repair_hours[case, oracle.task] > 0.0], oracle.crews,
                    oracle.travel[case % oracle.travel.shape[0]], horizon) for case in range(oracle.damage.cases)
    ]  # fmt: skip
    early = np.zeros(count)
    for case, bound in enumerate(bounds):
        early[oracle.damage.repair_hours[case, oracle.task] > 0.0] += oracle.weight[case] * np.minimum(bound.done, horizon)
    programme = np.argsort(early, kind="stable")
    built = greedy(oracle.cascade, oracle.damage, oracle.task, oracle.travel, oracle.weight, head)
    importance = np.arange(count)
    thrown = np.stack([rng.permutation(count) for _ in range(randoms)]) if randoms else np.empty((0, count), np.int64)
    orders = np.concatenate((np.stack((importance, built, programme)), thrown))
    values = oracle(orders)
    compared = {"importance": float(values[0]), "greedy": float(values[1]), "programme": float(values[2])}
    if randoms:
        compared |= {"random": float(values[3:].mean()), "random_best": float(values[3:].min())}
    return orders, compared, float(sum(w * b.value for w, b in zip(oracle.weight, bounds, strict=True)))


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
