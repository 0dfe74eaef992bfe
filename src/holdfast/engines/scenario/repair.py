"""Who mends what when: crews of each domain take the most urgent damage that they can reach, one crew to a task, one task after the other.

A crew goes out from its depot for every task, works in shifts from the hour it is mobilised, and is free when the task is done. Where several
crews are free the nearest goes. An asset that cannot be reached waits; the crews do the next one meanwhile.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import pyarrow as pa

from holdfast.model.errors import Invalid

from . import random
from . import repair_kernel as kernel
from .rules import PRIORITIES, Rules
from .world import Damage, World


@dataclass(frozen=True, slots=True)
class Crews:
    """Repair crews of a city.

    team       names, one for each domain that has crews
    team_of    (asset,) int16 team that mends it, -1 nobody
    crew_team, crew_depot  (crew,) int64, sorted by team
    depot      (depot, 2) [m]
    first      (team,) hours until the first crew leaves           shift  (team,) hours a day
    """

    team: tuple[str, ...]
    team_of: np.ndarray
    crew_team: np.ndarray
    crew_depot: np.ndarray
    depot: np.ndarray
    first: np.ndarray
    shift: np.ndarray

    @property
    def crew_ptr(self) -> np.ndarray:
        """(team + 1,) first crew of each team."""
        return np.searchsorted(self.crew_team, np.arange(len(self.team) + 1))

    def count(self) -> dict[str, int]:
        """Crews by team."""
        return dict(zip(self.team, np.diff(self.crew_ptr).tolist(), strict=True))


def crews_of(world: World, rules: Rules, *, count: dict[str, int] | None = None, depots: dict[str, np.ndarray] | None = None) -> Crews:
    """Crews for a world: by the rules for its population, at the middle of what they look after.

    count    team -> number of crews, instead of the rules; a domain given 0 mends nothing
    depots   team -> (n, 2) depot places [m]; the crews of a team are dealt to its depots in turn
    """
    domain = np.array([kind.domain for kind in world.kinds], object)[world.asset_kind] if world.assets else np.empty(0, object)
    team = tuple(dict.fromkeys(kind.domain for kind in world.kinds))
    hundred_thousands = world.people.sum() / 1e5
    crew_team: list[int] = []
    crew_depot: list[int] = []
    places: list[np.ndarray] = []
    team_of = np.full(world.assets, -1, np.int16)
    for number, name in enumerate(team):
        rate = rules.crews.get(name, rules.crews.get("default", 1.0))
        crews = (count or {}).get(name, max(rules.minimum_crews, round(rate * hundred_thousands)) if rate > 0.0 else 0)
        if crews < 0:
            raise Invalid("a team cannot have fewer than no crews", fix="Give a count of 0 or more", field=f"crews.{name}")
        mine = domain == name
        if crews:
            team_of[mine] = number
        own = np.atleast_2d(np.asarray((depots or {}).get(name, _middle(world.xyz[mine])), np.float64))
        if crews and (own.shape[1] < 2 or not len(own) or not np.isfinite(own[:, :2]).all()):
            raise Invalid("crews need a depot to start from", fix="Give its x and y in the city's coordinates, or leave the depots out", field=f"depots.{name}")
        crew_team += [number] * crews
        crew_depot += [len(places) + i % len(own) for i in range(crews)]
        places += list(own[:, :2])
    return Crews(
        team, team_of, np.array(crew_team, np.int64), np.array(crew_depot, np.int64), np.array(places).reshape(-1, 2),
        np.array([rules.mobilisation(t) for t in team]), np.array([rules.shift(t) for t in team]),
    )  # fmt: skip


def _middle(xyz: np.ndarray) -> np.ndarray:
    placed = xyz[np.isfinite(xyz[:, :2]).all(axis=1), :2]
    return np.median(placed, axis=0) if len(placed) else np.zeros(2)


def tasks_of(damage: Damage) -> np.ndarray:
    """(t,) assets with something to mend in any case."""
    return np.flatnonzero((damage.repair_hours > 0.0).any(axis=0))


def straight_travel(world: World, crews: Crews, rules: Rules, task: np.ndarray | None = None) -> np.ndarray:
    """(1, depot, asset) float32 hours along detours of straight lines, on undamaged roads; 0 where a place is unknown. task: only these assets"""
    xyz = world.xyz if task is None else world.xyz[task]
    distance = np.hypot(*(xyz[None, :, axis] - crews.depot[:, axis, None] for axis in (0, 1)))
    return np.nan_to_num(distance * (rules.detour / rules.crew_speed / 3600.0)).astype(np.float32)[None]


def own_ways(crews: Crews, travel: np.ndarray, task: np.ndarray) -> np.ndarray:
    """travel (1 or case, depot, t) from the depots of the team that mends each of the tasks (t,) assets; inf from all others."""
    mine = np.zeros((len(crews.depot), len(crews.team) + 1), bool)  # the last column is nobody's, which -1 finds
    mine[crews.crew_depot, crews.crew_team] = True
    return np.where(mine[:, crews.team_of[task]] & np.isfinite(travel), travel, np.inf)


def priorities(world: World, damage: Damage, rule: str, *, travel: np.ndarray | None = None, seed: int = 0, task: np.ndarray | None = None) -> np.ndarray:
    """(1 or case, asset) float64, less is more urgent.

    rule    importance: what serves critical facilities and the most people directly first, then short tasks; shortest: least crew hours;
            nearest: least travel from a depot of its team; random: the same for an asset whatever else there is, by seed
    travel  (1 or case, depot, asset) hours, which `nearest` needs, inf from depots that no crew comes from; see `own_ways`
    task    only these assets; `travel` is then along them too
    """
    columns = np.arange(world.assets) if task is None else task
    if rule == "random":
        return random.uniform(seed, "repair.order", np.zeros(1, np.int64), random.keys(world.asset_id.take(pa.array(columns))))
    hours = damage.repair_hours[:, columns].astype(np.float64)
    if rule == "shortest":
        return hours
    if rule == "nearest" and travel is not None:
        return travel.min(axis=1).astype(np.float64)
    if rule != "importance":
        raise Invalid(f"{rule!r} is no order of repair", fix=f"Use one of: {', '.join(PRIORITIES)}; nearest needs travel times")
    known = (world.link_from >= 0) & (world.link_to >= 0)
    people = world.people + 1e4 * world.critical
    weight = np.bincount(world.link_from[known], people[world.link_to[known]], minlength=world.assets) + people
    return -weight[columns][None] + hours / (1.0 + hours)


def schedule(
    world: World, damage: Damage, crews: Crews, priority: np.ndarray | Sequence[float], travel: np.ndarray, ready: np.ndarray | None = None,
    *, task: np.ndarray | None = None,
) -> np.ndarray:  # fmt: skip
    """done_hour (case, asset) float32: hours after the event at which each asset is mended; 0 where nothing was to do, inf where never.

    What is broken or leaks but takes no crew hours is never mended. What is under foreign command obeys from the hour `damage.regained`: no crew
    ends that sooner, also where it mends a break of the same asset.

    priority  (asset,) or (case, asset), less is more urgent; equals in the order of the assets
    travel    (depot, asset) or (1 or case, depot, asset) hours from each depot on the roads as they are; inf where no road leads
    ready     (asset,) or (case, asset) hours from which an asset can be reached; default from the beginning
    task      assets that the last axis of these arrays stands for; must hold all of `tasks_of(damage)`; default all assets
    """
    cases, columns = damage.cases, np.arange(world.assets) if task is None else task
    rank = np.atleast_2d(np.asarray(priority, np.float64))
    way = np.asarray(travel, np.float32)
    way = way[None] if way.ndim == 2 else way
    when = np.zeros((1, len(columns))) if ready is None else np.atleast_2d(np.asarray(ready, np.float64))
    for name, array, shape in (("priority", rank, (len(columns),)), ("travel", way, (len(crews.depot), len(columns))), ("ready", when, (len(columns),))):
        if array.shape[1:] != shape or array.shape[0] not in (1, cases):
            raise Invalid(f"{name} has the shape {array.shape}", fix=f"It is 1 or {cases} times {shape}", field=name)
    done = np.zeros((cases, world.assets), np.float32)
    busy = np.flatnonzero((damage.repair_hours[:, columns] > 0.0).any(axis=0))
    asset, part = columns[busy], np.empty((cases, len(busy)), np.float32)
    kernel.list_schedule(
        np.ascontiguousarray(damage.repair_hours[:, asset], np.float32), np.argsort(rank[:, busy], axis=1, kind="stable"), np.ascontiguousarray(when[:, busy]),
        crews.team_of[asset], np.ascontiguousarray(way[:, :, busy]), crews.crew_depot, crews.crew_ptr, crews.first, crews.shift, part,
    )  # fmt: skip
    done[:, asset] = part
    done[(~damage.works | (damage.opening > 0.0)) & (damage.repair_hours <= 0.0)] = np.inf
    if damage.command is not None:
        case, at = np.nonzero(damage.command)
        done[case, at] = np.maximum(done[case, at], np.inf if damage.regained is None else damage.regained[case])
    return done
