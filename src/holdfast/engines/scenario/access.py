"""From when each asset can be reached: roads are mended first, the rest waits until a road leads there."""

from __future__ import annotations

import numpy as np

from . import cascade_kernel as kernel
from .cascade import Cascade
from .repair import Crews, priorities, schedule, straight_travel
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
    rows = np.arange(block.cases)
    ready[:, assets] = np.inf
    for hour in hours:
        block.mended = done <= hour
        block.sound = damage.works | block.mended
        block.given[rows], block.works = cascade.base_given, block.sound.copy()
        for number in lines:
            block.given[rows[:, None], cascade.givers[number]] = cascade.answer(number, block, rows, np.full(block.cases, hour))
        kernel.spread(graph, rows, block.sound, block.given, block.works, block.level, forever)
        open_ = block.level[:, feeds] >= graph.threshold[feeds]
        ready[:, assets] = np.where(open_, np.minimum(ready[:, assets], np.float32(hour)), ready[:, assets])
        if not np.isinf(ready[:, assets]).any():
            break
    return ready


def plan_repairs(
    cascade: Cascade, damage: Damage, crews: Crews, order: str | np.ndarray, hours: np.ndarray, *, travel: np.ndarray | None = None, seed: int = 0
) -> np.ndarray:  # fmt: skip
    """done_hour (case, asset) float32 with road access respected.

    order    a rule of `repair.priorities`, or (asset,) or (case, asset) ranks, less is more urgent
    hours    grid on which reachability is looked at
    travel   hours from depots, see `repair.schedule`; along detours of straight lines when left out
    """
    world = cascade.world
    way = straight_travel(world, crews, cascade.rules) if travel is None else np.asarray(travel)
    rank = priorities(world, damage, order, travel=way if way.ndim == 3 else way[None], seed=seed) if isinstance(order, str) else order
    done = schedule(world, damage, crews, rank, way)
    if not road_lines(cascade):
        return done
    ready = reachable_from(cascade, damage, done, hours)
    if ready.any():  # roads themselves are worked at from where the crews can drive
        for number in road_lines(cascade):
            part = world.component[number]
            ready[:, part[part >= 0]] = 0.0
        done = schedule(world, damage, crews, rank, way, ready)
    return done
