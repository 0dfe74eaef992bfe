"""The least that can be lost between two hours, hour by hour, from what crews can have done by then: small linear programmes, one for each interval.

In an interval x(j) is the share of it in which task j is done, s(c) that in which consumer c is served. Averages over the interval of what holds at
each of its hours hold too, so that nothing is lost by rounding to a grid:

    s(c) <= sum of x(j) over any set S whose tasks alone cut c off (as long as none is done c is without), and the share before it is cut off
    sum of p(j) x(j) <= hours that the crews of a team have worked, in the mean        x(j) <= share in which a crew can have been at it for p(j) hours

The programmes know nothing of each other: that what is done stays done is left out, which can only lower the bound. Few of the many inequalities
between sets and consumers matter, so those that are violated are added until none is.
"""

from __future__ import annotations

from dataclasses import dataclass, field

import numpy as np
from scipy.optimize import linprog
from scipy.sparse import coo_array

from .lost_together import Sets
from .repair import Crews

_INTERVALS, _PASSES, _SLACK = 20, 12, 1e-6


def clock(work: np.ndarray, first: np.ndarray, shift: np.ndarray) -> np.ndarray:
    """Hours since the event at which a crew has worked that long; see `repair_kernel.to_clock`."""
    days = np.maximum(np.ceil(work / shift - 1e-9) - 1.0, 0.0)
    return first + days * 24.0 + (work - days * shift)


def worked(hour: float, first: np.ndarray, shift: np.ndarray) -> np.ndarray:
    """Integral from 0 to an hour of the hours that a crew has worked."""
    gone = np.maximum(hour - first, 0.0)
    days = np.floor(gone / 24.0)
    rest = gone - 24.0 * days
    whole = 12.0 * shift * days * (days - 1.0) + days * (0.5 * shift**2 + (24.0 - shift) * shift)
    return whole + days * shift * rest + 0.5 * np.minimum(rest, shift) ** 2 + np.maximum(rest - shift, 0.0) * shift


@dataclass(slots=True)
class Interval:
    """Hours from `begin` to `end`; crew hours of each team (team,), most that each task can be done (task,), and inequalities (set, consumer) in use."""

    begin: float
    end: float
    crew_hours: np.ndarray
    most: np.ndarray
    used: set[tuple[int, int]] = field(default_factory=set)


@dataclass(frozen=True, slots=True)
class Answer:
    """lost (interval,) weighted hours at least; done (interval, task) and served (interval, consumer) shares of an interval; hours (interval,) lengths."""

    lost: np.ndarray
    done: np.ndarray
    served: np.ndarray
    hours: np.ndarray

    def early(self) -> np.ndarray:
        """(task,) hours at which each task is done, in the mean."""
        return self.hours @ (1.0 - self.done)


class TimeProgramme:
    """hours, team (task,) crew hours with the shortest way, and who works; weight (consumer,)."""

    def __init__(self, hours: np.ndarray, team: np.ndarray, crews: Crews, weight: np.ndarray) -> None:
        teams, self._team = np.unique(team, return_inverse=True)
        self.hours, self.weight = hours, weight
        size, first, shift = np.diff(crews.crew_ptr)[teams].astype(float), crews.first[teams], crews.shift[teams]
        soonest = clock(hours, first[self._team], shift[self._team])
        all_done = clock(np.bincount(self._team, hours) / size, first, shift)
        latest = max(float(soonest.max()), float(all_done.max()))
        grid = np.unique(np.concatenate(([0.0], np.geomspace(max(float(soonest.min()), 1e-2), latest, _INTERVALS))))
        area = np.array([worked(hour, first, shift) for hour in grid])
        self.intervals = [
            Interval(a, b, size * mean / (b - a), np.clip((b - soonest) / (b - a), 0.0, 1.0))
            for a, b, mean in zip(grid[:-1], grid[1:], np.diff(area, axis=0), strict=True)
        ]  # fmt: skip

    def solve(self, sets: Sets) -> Answer:
        """The bound that follows from some sets of tasks."""
        alone = np.flatnonzero(sets.open.sum(axis=1) == 1)
        classes, example, of = np.unique(sets.start, axis=1, return_index=True, return_inverse=True)
        cut = np.isfinite(classes).any(axis=0)
        of = of.reshape(-1)
        weight = np.bincount(of, self.weight, minlength=len(cut)) * cut
        lost, done, served = [], [], []
        for interval in self.intervals:
            x, s = self._interval(interval, sets.open, classes, weight, alone, example, of)
            lost.append((interval.end - interval.begin) * float(weight @ (1.0 - s)))
            done.append(x)
            served.append(np.where(cut, s, 1.0)[of])
        return Answer(np.array(lost), np.array(done), np.array(served), np.array([i.end - i.begin for i in self.intervals]))

    def _interval(
        self, interval: Interval, open_: np.ndarray, start: np.ndarray, weight: np.ndarray, alone: np.ndarray, example: np.ndarray, of: np.ndarray
    ) -> tuple[np.ndarray, np.ndarray]:  # fmt: skip
        before = np.clip((start - interval.begin) / (interval.end - interval.begin), 0.0, 1.0)
        row, column = np.nonzero(before[alone] < 1.0)
        pairs = np.unique(np.array([*zip(alone[row], column, strict=True), *((s, of[c]) for s, c in interval.used)], np.int64).reshape(-1, 2), axis=0)
        together = np.setdiff1d(np.arange(len(open_)), alone)
        for _ in range(_PASSES):
            x, s = self._programme(interval, open_, before, weight, pairs)
            over = s[None] - open_[together].astype(float) @ x[:, None] - before[together]
            worst = over.argmax(axis=0) if len(together) else np.empty(0, np.int64)
            new = np.flatnonzero((over.max(axis=0, initial=0.0) > _SLACK) & (weight > 0.0))
            if not len(new):
                break
            pairs = np.concatenate((pairs, np.column_stack((together[worst[new]], new))))
            interval.used.update(zip(together[worst[new]].tolist(), example[new].tolist(), strict=True))
        return x, s

    def _programme(self, interval: Interval, open_: np.ndarray, before: np.ndarray, weight: np.ndarray, pairs: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        """x (task,) and s (class,) that serve most. raises RuntimeError where HiGHS finds no optimum, of which there always is one."""
        tasks, classes = len(self.hours), len(weight)
        at, task = np.nonzero(open_[pairs[:, 0]])
        rows = len(pairs)
        value = np.concatenate((np.full(len(at), -1.0), np.ones(rows), self.hours))
        where = np.concatenate((at, np.arange(rows), rows + self._team))
        which = np.concatenate((task, tasks + pairs[:, 1], np.arange(tasks)))
        matrix = coo_array((value, (where, which)), shape=(rows + len(interval.crew_hours), tasks + classes)).tocsr()
        limit = np.concatenate((before[pairs[:, 0], pairs[:, 1]], interval.crew_hours))
        bounds = np.column_stack((np.zeros(tasks + classes), np.concatenate((interval.most, np.ones(classes)))))
        found = linprog(np.concatenate((np.zeros(tasks), -weight)), A_ub=matrix, b_ub=limit, bounds=bounds, method="highs")
        if found.status != 0:
            raise RuntimeError(f"the programme of an interval has no optimum: {found.message}")
        return found.x[:tasks], found.x[tasks:]
