"""The least that can be lost, from the hours at which tasks are done, where each consumer waits for single tasks: sharp for few tasks."""

from __future__ import annotations

import numpy as np
from scipy.optimize import linprog
from scipy.sparse import coo_array, csr_array, vstack

from .repair import Crews

_ROUNDS, _CUTS = 80, 6  # times the programme is solved; violated sets added for each team and time


class CompletionProgramme:
    """Variables: working hours at which each task is done, clock hours of the same, hours lost of each class of consumers.

    The hours at which m crews can have done their tasks obey sum p(j) done(j) >= p(A)^2 / 2m + sum p(j)^2 / 2 for every set A of tasks
    (Queyranne 1993 for one machine, Schulz 1996 for m; recalled); of these exponentially many inequalities the violated ones are added until
    none is. Shifts only postpone.

    hours, team  (task,) crew hours with the shortest way, and who works
    start, weight  (task, class) hour from which a class is without for as long as the task is open, inf for never; (class,)
    """

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
