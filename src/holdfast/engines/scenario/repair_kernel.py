"""Kernel of the repair schedule: in each case the crews of each team take the next task of their list."""

from __future__ import annotations

import numpy as np

from holdfast.engines.network.compiled import kernel

_TINY = 1e-9


@kernel
def to_work(hour, first, shift):
    """Hours worked by `hour` since the event by a crew that starts at `first` and works `shift` hours of every 24."""
    gone = hour - first
    if gone <= 0.0:
        return 0.0
    days = np.floor(gone / 24.0)
    return days * shift + min(gone - 24.0 * days, shift)


@kernel
def to_clock(work, first, shift):
    """Hours since the event at which `work` hours are done; the end of a shift, not the beginning of the next."""
    if work <= 0.0:
        return first
    days = max(np.ceil(work / shift - _TINY) - 1.0, 0.0)
    return first + days * 24.0 + (work - days * shift)


@kernel
def _next_moment(free, tasks, after, ready, moment):  # next time after `moment` at which a crew or a task becomes free
    best = np.inf
    for c in range(free.size):
        if moment + _TINY < free[c] < best:
            best = free[c]
    i = after[0]
    while i > 0:
        if moment + _TINY < ready[tasks[i - 1]] < best:
            best = ready[tasks[i - 1]]
        i = after[i]
    return best


@kernel
def _work_off(tasks, hours, ready, travel, depot, first, shift, done):
    """One team in one case: list scheduling. tasks in order; ready (asset,) in working hours; depot (crew,)"""
    free = np.zeros(depot.size)
    after = np.arange(1, tasks.size + 2)  # a chain of the tasks left; 0 is its head
    after[tasks.size] = 0
    moment = 0.0
    while after[0] > 0:
        before, i, crew = 0, after[0], -1
        while i > 0 and crew < 0:
            task = tasks[i - 1]
            if ready[task] <= moment + _TINY:
                for c in range(depot.size):
                    way = travel[depot[c], task]
                    if free[c] <= moment + _TINY and np.isfinite(way) and (crew < 0 or way < travel[depot[crew], task]):
                        crew = c
            if crew < 0:
                before, i = i, after[i]
        if crew < 0:
            moment = _next_moment(free, tasks, after, ready, moment)
            if not np.isfinite(moment):
                return
            continue
        task = tasks[i - 1]
        free[crew] = moment + travel[depot[crew], task] + hours[task]
        done[task] = to_clock(free[crew], first, shift)
        after[before] = after[i]
        moment = free.min()


@kernel
def list_schedule(hours, order, ready, team_of, travel, crew_depot, crew_ptr, first, shift, done):
    """When each asset of each case is mended; done (case, asset) is written: 0 where nothing is to do, inf where nobody gets there.

    hours    (case, asset) crew hours        order   (1 or case, asset) assets from urgent to not
    ready    (1 or case, asset) hour from which the asset can be reached                     team_of  (asset,) -1 nobody
    travel   (1 or case, depot, asset) h     crew_depot (crew,) by team, crew_ptr (team + 1,)   first, shift  (team,) h
    """
    teams, assets = crew_ptr.size - 1, hours.shape[1]
    work_ready = np.empty(assets)
    tasks = np.empty((teams, assets), np.int64)
    count = np.empty(teams, np.int64)
    for k in range(hours.shape[0]):
        count[:] = 0
        row, when = order[k % order.shape[0]], ready[k % ready.shape[0]]
        for asset in row:
            done[k, asset] = 0.0
            if hours[k, asset] > 0.0:
                done[k, asset] = np.inf
                team = team_of[asset]
                if team >= 0:
                    tasks[team, count[team]] = asset
                    count[team] += 1
                    work_ready[asset] = to_work(when[asset], first[team], shift[team]) if np.isfinite(when[asset]) else np.inf
        for team in range(teams):
            crews = crew_depot[crew_ptr[team] : crew_ptr[team + 1]]
            if crews.size and count[team]:
                _work_off(tasks[team, : count[team]], hours[k], work_ready, travel[k % travel.shape[0]], crews, first[team], shift[team], done[k])
