"""One block of cases from strike to recovery, as tables that an ensemble keeps."""

from __future__ import annotations

from dataclasses import dataclass, field
from time import perf_counter

import numpy as np
import pyarrow as pa

from holdfast.model.hazard import HazardModel, Strike

from .cascade import Cascade
from .damage import Sampler
from .impact import Frame, assess, to_tables
from .repair import crews_of
from .rules import Rules
from .spills import shut_off
from .timeline import Timeline, run
from .world import Damage, World


@dataclass(frozen=True, slots=True)
class Task:
    """What the cases of one scenario share.

    key     digest of all that determines the answer                order   rule of repairs, see `repair.priorities`
    depots  team -> (n, 2) places [m] that its crews start from, in place of the middle of what they look after
    """

    key: str
    world: World
    model: HazardModel
    rules: Rules
    hours: tuple[float, ...]
    crews: dict[str, int]
    seed: int
    order: str = "importance"
    depots: dict[str, np.ndarray] = field(default_factory=dict)


class Prepared:
    """A task made ready in one process: the undisturbed city solved, damage laws chosen, crews placed."""

    def __init__(self, task: Task) -> None:
        self.task = task
        self.cascade = Cascade(task.world, task.rules)
        self.sampler = Sampler(task.world, rate_scale=task.rules.repair_rate_scale, hours_scale=task.rules.repair_hours_scale)
        self.crews = crews_of(task.world, task.rules, count=task.crews, depots=task.depots)

    def damage(self, cases: np.ndarray) -> Damage:
        """Damage of some cases."""
        return self.struck(self.task.model.strike(cases, self.task.seed), cases)

    def struck(self, strike: Strike, cases: np.ndarray) -> Damage:
        """Damage of a strike, and when what leaks is shut off."""
        return shut_off(self.cascade, self.sampler.sample(strike, cases, self.task.seed), self.crews)

    def follow(self, damage: Damage, order: str | np.ndarray | None = None) -> Timeline:
        """The timeline of a damage, mended in an order."""
        task = self.task
        return run(task.world, damage, hours=task.hours, crews=self.crews, order=task.order if order is None else order, cascade=self.cascade, seed=task.seed)


_ready: dict[str, Prepared] = {}


def prepared(task: Task) -> Prepared:
    """The task made ready, once a process."""
    if task.key not in _ready:
        _ready.clear()  # a process works on one scenario at a time, and a prepared city is large
        _ready[task.key] = Prepared(task)
    return _ready[task.key]


def evaluate(task: Task, cases: np.ndarray) -> dict[str, pa.Table]:
    """One block: the tables of `impact.to_tables`, with the hazard's label of each case, and in "assets" in how many cases each asset fails."""
    ready = prepared(task)
    start = perf_counter()
    strike = task.model.strike(cases, task.seed)
    struck = perf_counter()
    damage = ready.struck(strike, cases)
    sampled = perf_counter()
    timeline = ready.follow(damage)
    timeline.seconds.update({"hazard": struck - start, "damage": sampled - struck})
    tables = to_tables(assess(task.world, damage, timeline, task.rules, case=cases, weight=strike.weight))
    label = pa.nulls(len(cases), pa.string()) if strike.label is None else strike.label.cast(pa.string())
    tables["cases"] = tables["cases"].append_column("label", label)
    failed = (~damage.works).sum(axis=0)
    at = np.flatnonzero(failed)
    tables["assets"] = pa.table({"asset": pa.array(at.astype(np.int32)), "failed": pa.array(failed[at].astype(np.int32))})
    return tables


def frame_of(task: Task) -> Frame:
    """Names and sizes of the task's impact, for reading blocks back."""
    world = task.world
    critical = tuple(world.asset_id.filter(pa.array(world.critical)).to_pylist())
    return Frame(np.asarray(task.hours), world.services, tuple(k.name for k in world.kinds), world.zone_id, critical)
