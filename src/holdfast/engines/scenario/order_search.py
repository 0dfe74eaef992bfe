"""Orders of repair: greedy by benefit for each crew hour, local search by moving single tasks, and all of them where they are few."""

from __future__ import annotations

from collections.abc import Callable
from itertools import permutations as _permutations
from itertools import product

import numpy as np

from .cascade import Cascade
from .population import population
from .relaxation import weights_of
from .stocks import exhaust
from .world import Damage

_ROWS, _BATCH, _PATIENCE = 96, 32, 12  # rows settled at once; candidates judged at once; batches without improvement before the search ends


def greedy(cascade: Cascade, damage: Damage, task: np.ndarray, travel: np.ndarray, weight: np.ndarray, head: int) -> np.ndarray:
    """(t,) task numbers: each time the one whose repair wins most for each crew hour, with all back-up used up.

    Tasks that win nothing alone (two broken lines in a row) are taken by what is lost if they alone are left out. So are all after the `head` tasks that
    lose most in that way, among which the search is.
    travel  (1 or case, depot, asset) h          weight  (case,)
    """
    finite = np.where(np.isfinite(travel), travel, np.nan)
    way = np.nan_to_num(np.nanmean(finite, axis=(0, 1))[task]) if finite.size else np.zeros(len(task))
    hours = np.maximum((damage.repair_hours[:, task] * (damage.repair_hours[:, task] > 0.0)).max(axis=0) + way, 1e-3)
    loss = _Loss(cascade, damage, task, weight)
    count = len(task)
    without = loss(~np.eye(count, dtype=bool)) - loss(np.ones((1, count), bool))
    ranked = np.lexsort((np.arange(count), -without / hours))
    searched = np.sort(ranked[:head])
    mended, order = np.zeros(count, bool), []
    left = list(searched)
    while left:
        trial = np.repeat(mended[None], len(left), axis=0)
        trial[np.arange(len(left)), left] = True
        gain = loss(mended[None]) - loss(trial)
        score = np.lexsort((left, -without[left] / hours[left], -gain / hours[left]))
        chosen = left.pop(int(score[0]))
        order.append(chosen)
        mended[chosen] = True
    return np.array([*order, *ranked[head:].tolist()], np.int64)


class _Loss:
    """Weighted people and facilities without, with some tasks done, all back-up used up and all tanks dry that empty."""

    def __init__(self, cascade: Cascade, damage: Damage, task: np.ndarray, weight: np.ndarray) -> None:
        self.cascade, self.damage, self.task, self.weight = cascade, damage, task, weight
        self.feed, self.critical = weights_of(cascade, cascade.rules)
        self.facility = population(cascade).critical

    def __call__(self, mended: np.ndarray) -> np.ndarray:
        """(n,) for sets of tasks (n, t) bool."""
        size = max(1, _ROWS // self.damage.cases)
        return np.concatenate([self._some(mended[first : first + size]) for first in range(0, len(mended), size)])

    def _some(self, mended: np.ndarray) -> np.ndarray:
        cases = self.damage.cases
        block = self.cascade.block(self.damage.rows(np.tile(np.arange(cases), len(mended))))
        block.mended[:, self.task] = np.repeat(mended, cases, axis=0)
        block.sound |= block.mended
        block.shut_off(np.full(block.cases, np.inf))  # long after, what leaks is shut off
        block.clock[:] = np.inf
        exhaust(self.cascade, block, np.arange(block.cases), np.zeros(block.cases))
        lost = (block.level < self.cascade.graph.threshold) @ self.feed + self.critical * (~block.works[:, self.facility]).sum(axis=1)
        return lost.reshape(len(mended), cases) @ self.weight


def improve(
    judge: Callable[[np.ndarray], np.ndarray], order: np.ndarray, head: int, team: np.ndarray, evaluations: int, rng: np.random.Generator
) -> np.ndarray:  # fmt: skip
    """Move or swap single tasks of one team among the first `head` of an order as long as that helps.

    judge        value (n,) of orders (n, t), less is better; its attribute `known` counts what was judged
    team         (t,) of each task number
    evaluations  orders that may be judged in all
    """
    best, value = order, float(judge(order[None])[0])
    idle = 0
    while idle < _PATIENCE and len(judge.known) < evaluations:  # type: ignore[attr-defined]
        candidates = np.stack([_moved(best, head, team, rng) for _ in range(_BATCH)])
        values = judge(candidates)
        at = int(np.argmin(values))
        if values[at] < value - 1e-9 * abs(value):
            best, value, idle = candidates[at], float(values[at]), 0
        else:
            idle += 1
    return best


def _moved(order: np.ndarray, head: int, team: np.ndarray, rng: np.random.Generator) -> np.ndarray:
    """A neighbour: one task of a team taken out and put elsewhere among its team's places, or two exchanged."""
    out = order.copy()
    picked = team[order[rng.integers(min(head, len(order)))]]
    places = np.flatnonzero(team[order[:head]] == picked)
    if len(places) < 2:
        return out
    a, b = rng.choice(len(places), 2, replace=False)
    row = order[places].copy()
    if rng.random() < 0.5:
        row[[a, b]] = row[[b, a]]
    else:
        row = np.insert(np.delete(row, a), b, row[a])
    out[places] = row
    return out


def permutations(team: np.ndarray) -> np.ndarray:
    """(n, t) every order that differs within a team."""
    groups = [np.flatnonzero(team == number) for number in np.unique(team)]
    return np.array([np.concatenate([np.array(part) for part in parts]) for parts in product(*(list(_permutations(group.tolist())) for group in groups))], np.int64)
