"""A lower bound on what any repair order can lose, and the order that it suggests.

Why it is a bound. Let less never give more, and let S be a set of tasks whose work, undone, leaves consumer c without service although everything
else is intact from the beginning. In the real course at least as much is broken at every hour for as long as no task of S is done: nothing fails
later there, and nothing comes back earlier. So c is without from the hour s(S, c) at which that case loses it for good until the first of S is
done. Two linear programmes bound what crews can do about that, and the higher value counts: `time_programme` for sets of any size, hour by hour, and
`completion_programme` for sets of one task. Travel counts by the shortest way, roads that are closed at first are left out, and so is all damage that
harms nobody: each of these only takes crew hours off. Tanks count as full for ever: with more broken one may last longer than with less (who is cut
off draws nothing), but in no course does anybody lose less for a tank that runs dry.

Sets of one task are tried one by one. Larger ones are found where they are missing (logic-based Benders decomposition, Hooker and Ottosson 2003;
recalled): the programme of an interval says which tasks it would have done by then; if with just these done somebody is still without whom it counts
as served, the tasks left over are such a set, and are left out in turn as long as it still is one. It ends when no interval gains much, or when
enough states were asked for.

Where less may give more (load shedding, pressures that interact) the argument holds for the city of `outer`, which no real one ever beats. There the
bound is proven whatever the networks do; asked of the networks themselves it is an estimate, as a rule a sharper one. Hours count to 4 s.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from .cascade import Cascade
from .completion_programme import CompletionProgramme
from .lost_together import Losses, Sets, weights_of
from .repair import Crews, own_ways
from .time_programme import TimeProgramme
from .world import Damage, harmful

_ROUNDS, _SHRUNK, _ENOUGH = 4, 16, 1e-2  # times sets are added; sets at a time; share of the value that a further round must promise
_MOMENTS = 24  # in the course of an order at which it is compared with the sets
_FEW = 60  # tasks up to which the programme in hours of completion is solved too
_OFF = 1e-7  # share taken off for what the solver of the programmes may be wrong by


@dataclass(frozen=True, slots=True)
class Bound:
    """value in weighted person-hours; done (task,) hours at which the programme has each task done, inf for what nobody mends or what harms nobody.

    task, sets  (t,) assets and the sets of them that were found      losses  who was asked      rows  states asked for
    """

    value: float
    done: np.ndarray
    task: np.ndarray
    sets: Sets
    losses: Losses
    rows: int


def lower_bound(
    cascade: Cascade, damage: Damage, task: np.ndarray, crews: Crews, travel: np.ndarray, horizon: float, *, states: int = 4000, known: np.ndarray | None = None
) -> Bound:  # fmt: skip
    """Bound for one case.

    damage   of one case, with the hours at which leaks are shut off if they are
    task     (t,) assets to mend                     travel   (depot, asset) hours
    horizon  hours that are followed; everything is done by then
    states   of the city that are looked at, about; the more, the higher the bound where supply is redundant
    known    (n, asset) bool sets of open assets worth trying, such as those found in another cascade
    """
    shortest = np.min(own_ways(crews, travel[:, task], task), axis=0, initial=np.inf)
    able = np.isfinite(shortest) & (crews.team_of[task] >= 0) & harmful(damage)[0, task]
    mine, done = task[able], np.full(len(task), np.inf)
    losses = Losses(cascade, damage, mine, horizon)
    alone = losses.sets(np.eye(len(mine), dtype=bool))
    if not len(mine) or not len(losses.weight):
        return Bound(losses.certain, done, mine, alone, losses, losses.rows)
    hours = (damage.repair_hours[0, task] + shortest)[able].astype(np.float64)
    sets = _telling(alone)
    if known is not None and len(known):
        sets = sets.and_more(_telling(losses.sets(np.unique(known[:, mine], axis=0))))
    programme = TimeProgramme(hours, crews.team_of[mine], crews, losses.weight)
    answer = programme.solve(sets)
    for _ in range(_ROUNDS):
        if losses.rows >= states:
            break
        more = missing(losses, sets, answer.done <= 1e-6, answer.served, answer.hours, _ENOUGH * float(answer.lost.sum()))
        if not len(more):
            break
        sets = sets.and_more(more)
        answer = programme.solve(sets)
    done[able] = answer.early()
    value = float(answer.lost.sum())
    if len(mine) <= _FEW:
        sharp, early = _by_completion(losses, sets, hours, crews.team_of[mine], crews)
        if sharp >= value:
            value, done[able] = sharp, early
    return Bound(losses.certain + value * (1.0 - _OFF), done, mine, sets, losses, losses.rows)


def _telling(sets: Sets) -> Sets:
    """Those that cut anybody off."""
    tells = np.isfinite(sets.start).any(axis=1)
    return Sets(sets.open[tells], sets.start[tells])


def missing(losses: Losses, sets: Sets, left: np.ndarray, served: np.ndarray, hours: np.ndarray, enough: float) -> Sets:
    """Sets that say what is not known yet: who is without although those that are known let everybody be served.

    left    (n, task) bool, tasks that are not done         served  (n, consumer) share of the time that the known sets let be served
    hours   (n,) how long it stays so                       enough  weighted hours below which nothing is looked for
    """
    lost = losses.lost(left)
    gain = lost * served * losses.weight * hours[:, None]
    if gain.sum() <= enough:
        return Sets(sets.open[:0], sets.start[:0])
    _, example, of = np.unique(np.concatenate((np.isfinite(sets.start), lost), axis=0), axis=1, return_index=True, return_inverse=True)
    by_class = np.zeros((len(left), len(example)))
    for row, values in zip(by_class, gain, strict=True):
        row += np.bincount(of.reshape(-1), values, minlength=len(example))
    order = np.argsort(-by_class, axis=1, kind="stable")[:, :3]
    state = np.repeat(np.arange(len(left)), order.shape[1])
    chosen, promise = order.reshape(-1), np.take_along_axis(by_class, order, axis=1).reshape(-1)
    best = np.argsort(-promise, kind="stable")[:_SHRUNK]
    best = best[promise[best] > 0.0]
    return _telling(losses.sets(losses.shrink(left[state[best]], example[chosen[best]], _from_afar(losses, left[state[best]], len(sets)))))


def _from_afar(losses: Losses, left: np.ndarray, seed: int) -> np.ndarray:
    """(n, task) less for what lies farther from one of the tasks that are left, drawn for each row: sets that are small lie close together."""
    rng = np.random.Generator(np.random.Philox(seed))
    place = np.nan_to_num(losses.cascade.world.xyz[losses.task, :2])
    middle = np.array([rng.choice(np.flatnonzero(row)) for row in left])
    return -np.hypot(*(place[None] - place[middle][:, None]).transpose(2, 0, 1))


def after_order(losses: Losses, sets: Sets, done: np.ndarray) -> Sets:
    """Sets that an order teaches, from who is still without in its course although all known sets have a task done. done (task,) hours"""
    hour = np.unique(np.quantile(done, np.arange(_MOMENTS) / _MOMENTS, method="lower"))
    first = np.where(sets.open, done[None], np.inf).min(axis=1, initial=np.inf)
    served = np.stack([~((first[:, None] > h) & (sets.start <= h)).any(axis=0) for h in hour])
    return missing(losses, sets, done[None] > hour[:, None], served, np.diff(hour, append=done.max()), 0.0)


def _by_completion(losses: Losses, sets: Sets, hours: np.ndarray, team: np.ndarray, crews: Crews) -> tuple[float, np.ndarray]:
    """Value of the programme in hours of completion and its hours (task,), from the sets of one task."""
    alone = np.flatnonzero(sets.open.sum(axis=1) == 1)
    start = np.full((len(hours), len(losses.weight)), np.inf)
    start[sets.open[alone].argmax(axis=1)] = sets.start[alone]
    counted = np.isfinite(start).any(axis=0)
    if not counted.any():
        return 0.0, hours
    classes, of = np.unique(start[:, counted], axis=1, return_inverse=True)
    weight = np.bincount(of.reshape(-1), losses.weight[counted], minlength=classes.shape[1])
    return CompletionProgramme(hours, team, crews, classes, weight).solve()[:2]


__all__ = ["Bound", "after_order", "lower_bound", "missing", "weights_of"]
