"""A lower bound on what any repair order can lose, from a linear programme in the hours at which tasks are done (solved by HiGHS).

Why it is a bound. Where less never gives more, a consumer that is lost while task j alone is open (everything else intact from the beginning) is lost
in every order at least from the hour s at which that case loses it until j is done: in the real course no fewer things are broken, so nothing
fails later or comes back earlier. Hence hours lost >= done(j) - s for each such j. The hours at which m crews can have done their tasks obey
sum p(j) done(j) >= p(A)^2 / 2m + sum p(j)^2 / 2 for every set A of tasks (Queyranne 1993 for one machine, Schulz 1996 for m; recalled), with p the
crew hours and the shortest way; of these exponentially many inequalities the violated ones are added until none is. Shifts only postpone.
A consumer with redundant supply, lost only while several tasks are open together, adds nothing: there the bound is weak, not wrong.
With load shedding less may give more, and the number is an estimate.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from scipy.optimize import linprog
from scipy.sparse import coo_array, csr_array, vstack

from .cascade import Cascade
from .population import population
from .repair import Crews
from .rules import Rules
from .timeline import run
from .world import Damage

_ROUNDS, _CUTS = 80, 6  # times the programme is solved; violated sets added for each team and time
_ROWS = 64


@dataclass(frozen=True, slots=True)
class Bound:
    """value in weighted person-hours; done (task,) hours at which the programme has each task done; rounds of adding inequalities."""

    value: float
    done: np.ndarray
    rounds: int


def weights_of(cascade: Cascade, rules: Rules) -> tuple[np.ndarray, float]:
    """Weighted person-hours for an hour without of each set of providers (feed,), and for an hour of a critical facility."""
    weight = np.array([rules.service_weight.get(service, 0.3) for service in cascade.world.services])
    return population(cascade).feed_people * weight[cascade.wiring.feed_service], rules.critical_weight


def lower_bound(cascade: Cascade, damage: Damage, task: np.ndarray, crews: Crews, travel: np.ndarray, horizon: float) -> Bound:
    """Bound for one case.

    damage   of one case                         task     (t,) assets to mend
    travel   (depot, asset) hours                horizon  hours that are followed; everything is done by then
    """
    shortest = np.min(np.where(np.isfinite(travel[:, task]), travel[:, task], np.inf), axis=0, initial=np.inf)
    able = np.isfinite(shortest) & (crews.team_of[task] >= 0)
    start, weight, certain = _consumers(cascade, damage, task[able], horizon)
    done = np.full(len(task), np.inf)
    if not able.any() or not start.size:
        return Bound(certain, done, 0)
    programme = _Programme((damage.repair_hours[0, task] + shortest)[able], crews.team_of[task[able]], crews, start, weight)
    value, done[able], rounds = programme.solve()
    return Bound(certain + value * (1.0 - 1e-7), done, rounds)


def _consumers(cascade: Cascade, damage: Damage, task: np.ndarray, horizon: float) -> tuple[np.ndarray, np.ndarray, float]:
    """Hour from which each class of consumers is lost with one task open, (t, class), inf for never; weight of each class; what is lost in any order.

    What is broken but cannot be mended is open in all of them, so the loss that this alone causes is lost in any order.
    """
    cases = len(task) + 1  # the last one has nothing but what cannot be mended
    harmless = damage.works[0] & (damage.opening[0] <= 0.0)
    if damage.command is not None:
        harmless &= damage.command[0] == 0
    harmless[task] = True
    lost = []
    for first in range(0, cases, _ROWS):
        rows = np.arange(first, min(first + _ROWS, cases))
        done = np.where(harmless, 0.0, np.inf)[None].repeat(len(rows), axis=0)
        done[rows < len(task), task[rows[rows < len(task)]]] = np.inf
        timeline = run(cascade.world, damage.rows(np.zeros(len(rows), np.int64)), hours=(0.0, horizon), done_hour=done, cascade=cascade)
        lost.append(np.nan_to_num(np.concatenate((timeline.lost_hours, timeline.critical_hours), axis=1)))  # a case that was not solved proves nothing
    hours = np.concatenate(lost)
    feed, critical = weights_of(cascade, cascade.rules)
    weight = np.concatenate((feed, np.full(hours.shape[1] - len(feed), critical)))
    certain = hours[-1]  # of consumers that are lost anyway no more than that is counted
    counted = (hours[:-1] > 0.0).any(axis=0) & (weight > 0.0) & (certain <= 0.0)
    start = np.where(hours[:-1, counted] > 0.0, horizon - hours[:-1, counted], np.inf)
    classes, of = np.unique(start, axis=1, return_inverse=True) if counted.any() else (start, np.empty(0, np.int64))
    return classes, np.bincount(of.reshape(-1), weight[counted], minlength=classes.shape[1]), float(weight @ certain)


class _Programme:
    """Variables: working hours at which each task is done, clock hours of the same, hours lost of each class."""

    def __init__(self, hours: np.ndarray, team: np.ndarray, crews: Crews, start: np.ndarray, weight: np.ndarray) -> None:
        self.hours = hours
        count, classes = len(hours), len(weight)
        size = np.diff(crews.crew_ptr)
        self.teams = [(np.flatnonzero(team == number), int(size[number])) for number in np.unique(team)]
        first, shift = crews.first[team], crews.shift[team]
        j, c = np.nonzero(np.isfinite(start))
        late = len(j)
        rows = np.arange(late)
        lost = coo_array((np.concatenate((np.ones(late), -np.ones(late))), (np.tile(rows, 2), np.concatenate((count + j, 2 * count + c)))), shape=(late, 2 * count + classes))
        task = np.arange(count)
        blocks, limits = [lost], [start[j, c]]
        for slope, offset in ((np.ones(count), first), (24.0 / shift, first - (24.0 - shift))):  # the clock runs at least as fast as either line
            blocks.append(coo_array((np.concatenate((slope, -np.ones(count))), (np.tile(task, 2), np.concatenate((task, count + task)))), shape=(count, lost.shape[1])))
            limits.append(-offset)
        self.matrix, self.limit = vstack(blocks).tocsr(), np.concatenate(limits)
        self.cost = np.concatenate((np.zeros(2 * count), weight))
        self.bounds = np.column_stack((np.concatenate((self.hours, np.zeros(count + classes))), np.full(2 * count + classes, np.inf)))

    def solve(self) -> tuple[float, np.ndarray, int]:
        """Optimum with the inequalities added so far; any of them is a bound, the last the best."""
        value, count = 0.0, len(self.hours)
        done = self.hours
        for attempt in range(1, _ROUNDS + 1):
            result = linprog(self.cost, A_ub=self.matrix, b_ub=self.limit, bounds=self.bounds, method="highs")
            if result.status != 0:
                return value, done, attempt
            value, done = float(result.fun), result.x[:count]
            cuts = [cut for members, crews in self.teams for cut in self._violated(members, crews, done)]
            if not cuts:
                return value, done, attempt
            members, ends = np.concatenate([c for c, _ in cuts]), np.cumsum([0] + [len(c) for c, _ in cuts])
            matrix = csr_array((-self.hours[members], members, ends), shape=(len(cuts), self.matrix.shape[1]))
            self.matrix, self.limit = vstack((self.matrix, matrix)).tocsr(), np.concatenate((self.limit, [-least for _, least in cuts]))
        return value, done, _ROUNDS

    def _violated(self, members: np.ndarray, crews: int, done: np.ndarray) -> list[tuple[np.ndarray, float]]:
        """Sets of a team's tasks that cannot all be done that early; the worst are always the earliest tasks."""
        order = members[np.argsort(done[members], kind="stable")]
        hours = self.hours[order]
        least = np.cumsum(hours) ** 2 / (2.0 * crews) + np.cumsum(hours**2) / 2.0
        short = least - np.cumsum(hours * done[order])
        worst = np.argsort(-short, kind="stable")[:_CUTS]
        return [(order[: n + 1], float(least[n])) for n in worst if short[n] > 1e-7 * (1.0 + least[n])]
