"""A quick judge of repair orders: consumers are without until each set of tasks that alone cuts them off has one done.

It is never worse than the truth where less never gives more, and as good as the sets that are known; thousands of orders are judged in a second.
"""

from __future__ import annotations

import numpy as np

from holdfast.engines.network.compiled import kernel

from .lost_together import Sets
from .repair import Crews
from .repair_kernel import list_schedule


@kernel
def _waited(done, set_ptr, set_task, class_ptr, class_set, class_start, weight, out):
    """Weighted hours that classes of consumers wait, added to out (n,).

    done       (n, task) hours                     set_ptr, set_task      tasks of each set
    class_ptr, class_set, class_start  sets of each class with the hour from which they cut it off         weight  (class,)
    """
    sets = set_ptr.size - 1
    first = np.empty(sets)
    for i in range(done.shape[0]):
        for s in range(sets):
            soonest = np.inf
            for k in range(set_ptr[s], set_ptr[s + 1]):
                soonest = min(soonest, done[i, set_task[k]])
            first[s] = soonest
        for c in range(weight.size):
            without = 0.0
            for k in range(class_ptr[c], class_ptr[c + 1]):
                without = max(without, first[class_set[k]] - class_start[k])
            out[i] += weight[c] * without


class OrderModel:
    """Orders of one team's tasks in several cases.

    task     (t,) assets, which orders number             travel  (1 or case, depot, asset)
    known    judged so far, for those who count
    """

    def __init__(self, repair_hours: np.ndarray, task: np.ndarray, crews: Crews, travel: np.ndarray, weight: np.ndarray) -> None:
        self.task, self.crews, self.weight = task, crews, weight
        self.hours = np.ascontiguousarray(repair_hours[:, task], np.float32)
        self.travel = np.ascontiguousarray(travel[:, :, task], np.float32)
        self.team = np.ascontiguousarray(crews.team_of[task])
        self.known: dict[bytes, float] = {}
        self._cases: list[tuple[np.ndarray, ...]] = []

    def learn(self, case: int, task: np.ndarray, sets: Sets, weight: np.ndarray) -> None:
        """Take over what is known of a case. task (s,) assets of its sets; weight (consumer,)"""
        place = np.full(int(max(self.task.max(initial=0), task.max(initial=0))) + 1, -1)
        place[self.task] = np.arange(len(self.task))
        counted = np.isfinite(sets.start).any(axis=0)
        start, of = np.unique(sets.start[:, counted], axis=1, return_inverse=True)
        total = np.bincount(of.reshape(-1), weight[counted], minlength=start.shape[1])
        which, members = np.nonzero(sets.open)
        cls, cut = np.nonzero(np.isfinite(start.T))
        made = (
            _starts(which, len(sets)), place[task[members]], _starts(cls, start.shape[1]), cut, start.T[cls, cut].astype(np.float64), total.astype(np.float64),
        )  # fmt: skip
        self._cases[case : case + 1] = [made]
        self.known = {}

    def done(self, orders: np.ndarray, case: int) -> np.ndarray:
        """(n, task) hours at which each task is done, 0 where nothing is to do."""
        crews, out = self.crews, np.empty((len(orders), len(self.task)), np.float32)
        hours, way = np.repeat(self.hours[case][None], len(orders), axis=0), self.travel[case % len(self.travel)][None]
        now = np.zeros((1, len(self.task)))
        list_schedule(hours, np.ascontiguousarray(orders), now, self.team, way, crews.crew_depot, crews.crew_ptr, crews.first, crews.shift, out)
        return out

    def __call__(self, orders: np.ndarray) -> np.ndarray:
        """(n,) weighted person-hours of orders (n, task), less what is lost in any of them."""
        value = np.zeros(len(orders))
        for case, parts in enumerate(self._cases):
            out = np.zeros(len(orders))
            _waited(self.done(orders, case).astype(np.float64), *parts, out)
            value += self.weight[case] * out
        self.known.update((order.tobytes(), 0.0) for order in orders)
        return value


def _starts(row: np.ndarray, rows: int) -> np.ndarray:
    return np.concatenate(([0], np.cumsum(np.bincount(row, minlength=rows)))).astype(np.int64)
