"""From when each asset can be reached: roads are mended first, the rest waits until a road leads there."""

from __future__ import annotations

from typing import Any

import numpy as np

from holdfast.model.errors import Invalid

from . import cascade_kernel as kernel
from .cascade import Cascade
from .repair import Crews, own_ways, priorities, schedule, straight_travel, tasks_of
from .world import Damage

ROADS = "road_access"


def road_lines(cascade: Cascade) -> list[int]:
    """Lifelines that give road access."""
    return [number for number, line in enumerate(cascade.world.lifelines) if line.service == ROADS]


def reachable_from(cascade: Cascade, damage: Damage, done: np.ndarray, hours: np.ndarray) -> np.ndarray:
    """(case, asset) float32: first hour of the grid at which a road leads to each asset that uses road access; 0 for the others, inf for never.

    Roads are taken as they are after their own damage and repair; what they need from other lifelines does not count.

    done   (case, asset) hours at which assets are mended, of which those of the road networks are looked at        hours  (hour,) ascending
    """
    ready = np.zeros(done.shape, np.float32)
    lines, world = road_lines(cascade), cascade.world
    if not lines:
        return ready
    wiring, graph = cascade.wiring, cascade.graph
    users = np.flatnonzero(wiring.slot_service == world.services.index(ROADS))
    assets, feeds = graph.slot_asset[users], wiring.slot_feed[users]
    block = cascade.block(damage)
    forever = np.full(block.clock.shape, -np.inf, np.float32)  # nothing fails for want of a service
    rows = np.arange(block.cases)  # cases with assets that no road has reached so far
    ready[:, assets] = np.inf
    for hour in hours:
        block.mended[rows] = done[rows] <= hour
        block.sound[rows] = damage.works[rows] | block.mended[rows]
        block.given[rows], block.works[rows] = cascade.base_given, block.sound[rows]
        for number in lines:
            block.given[rows[:, None], cascade.givers[number]] = cascade.answer(number, block, rows, np.full(block.cases, hour))
        kernel.spread(graph, rows, block.sound, block.given, block.works, block.level, forever)
        open_ = block.level[rows[:, None], feeds] >= graph.threshold[feeds]
        so_far = ready[rows[:, None], assets]
        so_far = np.where(open_, np.minimum(so_far, np.float32(hour)), so_far)
        ready[rows[:, None], assets] = so_far
        rows = rows[np.isinf(so_far).any(axis=1)]
        if not len(rows):
            break
    return ready


def road_travel(cascade: Cascade, damage: Damage, crews: Crews, task: np.ndarray) -> np.ndarray:
    """(1 or case, depot, task) float32 hours from the depots on the roads as the disaster leaves them.

    Asked of a road lifeline that knows ways, by its `travel_hours(available, origin, target)`. Where no way is left now, as in the undisturbed
    city: whether an asset must wait is said by `reachable_from`. Without such a lifeline, along detours of straight lines.
    """
    straight = straight_travel(cascade.world, crews, cascade.rules, task)
    number = next((n for n in road_lines(cascade) if hasattr(cascade.world.lifelines[n], "travel_hours")), None)
    target = cascade.world.xyz[task][:, :2]
    placed = np.isfinite(target).all(axis=1)
    cascade.crew_travel = "detours of straight lines"
    if number is None or not placed.any():
        return straight
    line: Any = cascade.world.lifelines[number]
    component = cascade.world.component[number]
    available = np.concatenate((np.ones((1, len(component)), bool), damage.works[:, np.maximum(component, 0)] | (component < 0)))
    out = np.repeat(straight, damage.cases, axis=0)
    try:
        for depot in np.unique(crews.crew_depot):
            mine = np.flatnonzero(placed & np.isin(crews.team_of[task], crews.crew_team[crews.crew_depot == depot]))
            if not len(mine):
                continue
            hours = line.travel_hours(available, crews.depot[depot][None], target[mine])
            normal = np.where(np.isfinite(hours[0]), hours[0], straight[0, depot, mine])
            out[:, depot, mine] = np.where(np.isfinite(hours[1:]), hours[1:], normal)
    except Invalid:  # roads without positions know no ways; `Cascade.facts` says so
        return straight
    cascade.crew_travel = "damaged roads"
    return out


def plan_repairs(
    cascade: Cascade, damage: Damage, crews: Crews, order: str | np.ndarray, hours: np.ndarray, *, travel: np.ndarray | None = None, seed: int = 0
) -> np.ndarray:  # fmt: skip
    """done_hour (case, asset) float32 with road access respected.

    order    a rule of `repair.priorities`, or (asset,) or (case, asset) ranks, less is more urgent
    hours    grid on which reachability is looked at
    travel   hours from depots, see `repair.schedule`; on the damaged roads when left out, see `road_travel`
    """
    world, task = cascade.world, tasks_of(damage)
    if travel is None:
        way = road_travel(cascade, damage, crews, task)
    else:
        way = np.asarray(travel)[..., task]
        way = way if way.ndim == 3 else way[None]
    rank = priorities(world, damage, order, travel=own_ways(crews, way, task), seed=seed, task=task) if isinstance(order, str) else np.atleast_2d(np.asarray(order))[:, task]
    done = schedule(world, damage, crews, rank, way, task=task)
    if not road_lines(cascade):
        return done
    ready = reachable_from(cascade, damage, done, hours)
    if ready.any():  # roads themselves are worked at from where the crews can drive
        for number in road_lines(cascade):
            part = world.component[number]
            ready[:, part[part >= 0]] = 0.0
        done = schedule(world, damage, crews, rank, way, ready[:, task], task=task)
    return done
