"""Sets of tasks that keep consumers without service as long as none of them is done, found by asking the cascade which of them alone still cut somebody off."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from .cascade import Cascade
from .cascade_kernel import SLACK
from .population import population
from .rules import Rules
from .timeline import run
from .world import Damage, harmful

_ROWS = 96  # cases settled side by side
_ARMS = 8  # parts into which a list is cut at each step of shrinking
_MOST = 16  # tasks in a set; larger ones say little
_NEVER = np.float32(np.inf)


def weights_of(cascade: Cascade, rules: Rules) -> tuple[np.ndarray, float]:
    """Weighted person-hours for an hour without of each set of providers (feed,), and for an hour of a critical facility."""
    weight = np.array([rules.service_weight.get(service, 0.3) for service in cascade.world.services])
    return population(cascade).feed_people * weight[cascade.wiring.feed_service], rules.critical_weight


def _obeying_again(damage: Damage) -> np.ndarray:
    """(case, asset) bool: whole, and under foreign command for some hours only. As if it never were, which takes losses off and so keeps a bound."""
    if damage.command is None or damage.regained is None:
        return np.zeros(damage.works.shape, bool)
    return (damage.command != 0) & np.isfinite(damage.regained)[:, None] & damage.works & (damage.opening <= 0.0)


@dataclass(frozen=True, slots=True)
class Sets:
    """Sets of tasks.

    open   (set, task) bool           start  (set, consumer) float32: hour from which the consumer is without for as long as all of the set is open; inf for never
    """

    open: np.ndarray
    start: np.ndarray

    def __len__(self) -> int:
        return len(self.open)

    def and_more(self, other: Sets) -> Sets:
        """Both, those that are already known once."""
        known = {row.tobytes() for row in self.open}
        new = [i for i, row in enumerate(other.open) if row.tobytes() not in known]
        return Sets(np.concatenate((self.open, other.open[new])), np.concatenate((self.start, other.start[new])))


class Losses:
    """Who is without service while some tasks of one case are open and everything else is as new. Tanks last for ever: a dry one only loses more.

    task      (t,) assets to mend; whatever else is broken stays so for ever
    weight    (consumer,) of an hour without: sets of providers with people behind them, then critical facilities
    certain   weighted hours that are lost in any order, by consumers that then count no more
    rows      states that the cascade was asked for
    """

    def __init__(self, cascade: Cascade, damage: Damage, task: np.ndarray, horizon: float) -> None:
        self.cascade, self.damage, self.task, self.horizon, self.rows = cascade, damage, task, horizon, 0
        self._mendable = ~harmful(damage)[0] | _obeying_again(damage)[0]
        self._mendable[task] = True
        leaks = damage.isolated is not None and (damage.opening[0] > 0.0)
        late = damage.isolated[0][leaks & np.isfinite(damage.isolated[0])] if damage.isolated is not None else np.empty(0)
        self._shut = min(float(late.max(initial=0.0)), horizon)  # from then on nothing is shut off any more
        feed, critical = weights_of(cascade, cascade.rules)
        weight = np.concatenate((feed, np.full(len(population(cascade).critical), critical)))
        lost = self._timeline(np.zeros((1, len(task)), bool), horizon)[0]
        self.certain = float(weight @ lost)
        self._kept = np.flatnonzero((weight > 0.0) & (lost <= 0.0))
        self.weight = weight[self._kept]

    def lost(self, open_: np.ndarray) -> np.ndarray:
        """(n, consumer) bool: without in the end, with all back-up used up, while the tasks of each row of open_ (n, task) are open."""
        return np.concatenate([self._settled(open_[first : first + _ROWS]) for first in range(0, len(open_), _ROWS)]) if len(open_) else np.empty((0, len(self.weight)), bool)

    def sets(self, open_: np.ndarray) -> Sets:
        """What is known of these sets (n, task) of tasks."""
        start = [self._start(open_[first : first + _ROWS]) for first in range(0, len(open_), _ROWS)]
        return Sets(open_, np.concatenate(start) if start else np.empty((0, len(self.weight)), np.float32))

    def _settled(self, open_: np.ndarray) -> np.ndarray:
        cascade, count = self.cascade, len(open_)
        block = cascade.block(self.damage.rows(np.zeros(count, np.int64)))
        block.mended[:] = self._mendable
        block.mended[:, self.task] = ~open_
        block.sound |= block.mended
        block.clock[:] = np.inf
        block.shut_off(np.full(count, np.inf))
        cascade.settle(block, np.arange(count), np.zeros(count))
        self.rows += count
        without = np.concatenate((block.level < cascade.graph.threshold, ~block.works[:, population(cascade).critical]), axis=1)
        return without[:, self._kept] & (block.status == 0)[:, None]

    def _start(self, open_: np.ndarray) -> np.ndarray:
        """Once nothing is shut off any more nobody comes back, so the hours without in the rest of the time are its end."""
        lost = self._timeline(open_, self.horizon)[:, self._kept]
        before = np.zeros_like(lost)
        if self._shut > 0.0:
            before = self._timeline(open_, self._shut)[:, self._kept]
            before[before >= self._shut - SLACK] = 0.0  # without from the beginning
        after = lost - before
        return np.where(after > 2.0 * SLACK, self.horizon - after, _NEVER).astype(np.float32)

    def _timeline(self, open_: np.ndarray, until: float) -> np.ndarray:
        """(n, all consumers) hours without by an hour; 0 where a case could not be solved, which proves nothing."""
        done = np.where(self._mendable, 0.0, np.inf)[None].repeat(len(open_), axis=0)
        done[:, self.task] = np.where(open_, np.inf, 0.0)
        found = run(self.cascade.world, self.damage.rows(np.zeros(len(open_), np.int64)), hours=(0.0, until), done_hour=done, cascade=self.cascade, exact=True, stocks=False)
        self.rows += len(open_)
        return np.nan_to_num(np.concatenate((found.lost_hours, found.critical_hours), axis=1).astype(np.float64))

    def shrink(self, open_: np.ndarray, consumer: np.ndarray, first: np.ndarray) -> np.ndarray:
        """Smaller sets that still cut a consumer off, from which no task can be left out; rows are shrunk side by side.

        open_     (n, task) bool sets that cut off consumer (n,)      first  (n, task) tasks with less are left out first
        returns   (m, task) bool, at most n: without those that stay larger than is of use
        """
        rows = [_Row(np.flatnonzero(o)[np.argsort(f[o], kind="stable")]) for o, f in zip(open_, first, strict=True)]
        while True:
            asked = [(row, at) for row, one in enumerate(rows) if not one.over for at in one.asks()]
            if not asked:
                break
            states = np.zeros((len(asked), open_.shape[1]), bool)
            for state, (row, at) in zip(states, asked, strict=True):
                state[rows[row].kept + rows[row].left[at:].tolist()] = True
            who = np.array([row for row, _ in asked])
            still = self.lost(states)[np.arange(len(asked)), consumer[who]]
            for row, one in enumerate(rows):
                if not one.over:
                    one.tell([at for r, at in asked if r == row], still[who == row])
        out = np.zeros((len(rows), open_.shape[1]), bool)
        for state, one in zip(out, rows, strict=True):
            state[one.kept] = True
        return np.unique(out[[len(one.kept) <= _MOST and one.over for one in rows]], axis=0)


class _Row:
    """Search for the tasks of one set that cannot be left out: how many from the front of the list can be is found by cutting it in parts."""

    def __init__(self, left: np.ndarray) -> None:
        self.left, self.kept, self.over = left, [], False
        self.low, self.high = 0, len(left) + 1  # leaving out `low` still cuts off, `high` not; not known at first

    def asks(self) -> list[int]:
        """How many to leave out, next."""
        if self.high > len(self.left):
            return [len(self.left)]
        return sorted({self.low + (self.high - self.low) * i // _ARMS for i in range(1, _ARMS)} - {self.low})

    def tell(self, asked: list[int], still: np.ndarray) -> None:
        """Take the answers: whether leaving out that many still cuts off."""
        for at, cuts in zip(asked, still.tolist(), strict=True):
            if cuts:
                self.low = max(self.low, at)
            else:
                self.high = min(self.high, at)
        if self.low >= len(self.left):
            self.over = True
        elif self.high - self.low <= 1:  # also where less gives more, and the answers contradict each other
            self.kept.append(int(self.left[self.high - 1]))
            self.left, self.low = self.left[self.high :], 0
            self.high = len(self.left) + 1
            self.over = len(self.kept) > _MOST or not len(self.left)
