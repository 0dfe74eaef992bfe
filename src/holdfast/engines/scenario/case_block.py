"""One block of cases from strike to recovery, as tables that an ensemble keeps, and the arrays that come back from them."""

from __future__ import annotations

from dataclasses import dataclass
from time import perf_counter

import numpy as np
import pyarrow as pa

from holdfast.model.hazard import HazardModel
from holdfast.model.lifeline import CaseStatus

from .cascade import Cascade
from .damage import Sampler
from .repair import crews_of
from .rules import Rules
from .timeline import Timeline, run
from .world import Damage, World


@dataclass(frozen=True, slots=True)
class Task:
    """What the cases of one scenario share. key: digest of all that determines the answer; order: rule of repairs."""

    key: str
    world: World
    model: HazardModel
    rules: Rules
    hours: tuple[float, ...]
    crews: dict[str, int]
    seed: int
    order: str = "importance"


class Prepared:
    """A task made ready in one process: the undisturbed city solved, damage laws chosen, crews placed."""

    def __init__(self, task: Task) -> None:
        self.task = task
        self.cascade = Cascade(task.world, task.rules)
        self.sampler = Sampler(task.world)
        self.crews = crews_of(task.world, task.rules, count=task.crews)

    def damage(self, cases: np.ndarray) -> Damage:
        """Damage of some cases."""
        return self.sampler.sample(self.task.model.strike(cases, self.task.seed), cases, self.task.seed)

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
    """All tables of one block; see `Cases` for their meaning."""
    ready = prepared(task)
    start = perf_counter()
    strike = task.model.strike(cases, task.seed)
    struck = perf_counter()
    damage = ready.sampler.sample(strike, cases, task.seed)
    sampled = perf_counter()
    timeline = ready.follow(damage)
    seconds = {"hazard": struck - start, "damage": sampled - struck, **timeline.seconds}
    return {
        "cases": _case_table(task, cases, damage, timeline, strike.label),
        "feeds": _sums("feed", _solved_sum(timeline, timeline.lost_hours)),
        "assets": _sums("asset", (~damage.works).sum(axis=0).astype(np.float64)),
        "seconds": pa.table({"stage": list(seconds), "seconds": list(seconds.values())}),
        "engines": _engines(timeline),
    }


def _case_table(task: Task, cases: np.ndarray, damage: Damage, timeline: Timeline, label: pa.Array | None) -> pa.Table:
    count = len(cases)
    columns = {
        "case": pa.array(cases), "status": pa.array(timeline.status),
        "label": pa.nulls(count, pa.string()) if label is None else label,
        "failed": pa.array((~damage.works).sum(axis=1).astype(np.int32)),
        "direct_loss": pa.array(damage.loss.astype(np.float64) @ task.world.value),
        "people": _lists(timeline.people), "share": _lists(timeline.share), "critical_down": _lists(timeline.critical_down),
        "person_hours": _lists(timeline.person_hours), "lost_share_hours": _lists(timeline.lost_share_hours), "zone_hours": _lists(timeline.zone_hours),
        "critical_hours": _lists(timeline.critical_hours), "failed_by_kind": _lists(timeline.failed),
    }  # fmt: skip
    return pa.table(columns)


def _lists(values: np.ndarray) -> pa.Array:
    """One list a case, all of one length."""
    width = int(np.prod(values.shape[1:]))
    if not width:
        return pa.nulls(len(values), pa.list_(pa.float32(), 1))
    return pa.FixedSizeListArray.from_arrays(pa.array(np.ascontiguousarray(values, np.float32).reshape(-1)), width)


def _solved_sum(timeline: Timeline, values: np.ndarray) -> np.ndarray:
    return values[timeline.status == CaseStatus.SOLVED].sum(axis=0, dtype=np.float64)


def _sums(name: str, values: np.ndarray) -> pa.Table:
    """The entries above zero."""
    at = np.flatnonzero(values > 0.0)
    return pa.table({name: pa.array(at.astype(np.int32)), "sum": pa.array(values[at])})


def _engines(timeline: Timeline) -> pa.Table:
    rows = [(line, engine, number) for line, engines in timeline.engines.items() for engine, number in engines.items()]
    line, engine, number = zip(*rows, strict=True) if rows else ((), (), ())
    return pa.table({"network": pa.array(line, pa.string()), "engine": pa.array(engine, pa.string()), "solved": pa.array(number, pa.int64())})


@dataclass(frozen=True, slots=True)
class Cases:
    """All finished cases of a scenario as arrays; NaN in cases that were not solved.

    case, status, label, failed, direct_loss   (case,)
    people, share        (case, hour, service)     critical_down  (case, hour)
    person_hours, lost_share_hours  (case, service)  zone_hours   (case, zone, service)
    critical_hours       (case, critical)          failed_by_kind (case, kind)
    """

    case: np.ndarray
    status: np.ndarray
    label: list[str | None]
    failed: np.ndarray
    direct_loss: np.ndarray
    people: np.ndarray
    share: np.ndarray
    critical_down: np.ndarray
    person_hours: np.ndarray
    lost_share_hours: np.ndarray
    zone_hours: np.ndarray
    critical_hours: np.ndarray
    failed_by_kind: np.ndarray

    @property
    def solved(self) -> np.ndarray:
        return self.status == CaseStatus.SOLVED

    @classmethod
    def of(cls, table: pa.Table, task: Task) -> Cases:
        """From the `cases` table of an ensemble of that task."""
        world, hours, services = task.world, len(task.hours), len(task.world.services)
        shapes = {"people": (hours, services), "share": (hours, services), "critical_down": (hours,), "person_hours": (services,), "lost_share_hours": (services,),
                  "zone_hours": (len(world.zone_id), services), "critical_hours": (int(world.critical.sum()),), "failed_by_kind": (len(world.kinds),)}  # fmt: skip
        lists = {name: _array(table[name], shape) for name, shape in shapes.items()}
        numbers = {name: table[name].to_numpy() for name in ("case", "status", "failed", "direct_loss")}
        return cls(label=table["label"].to_pylist(), **numbers, **lists)


def _array(column: pa.ChunkedArray, shape: tuple[int, ...]) -> np.ndarray:
    """(case, *shape) float32; NaN rows where a failed case left nothing."""
    out = np.full((len(column), *shape), np.nan, np.float32)
    known = np.flatnonzero(column.is_valid().to_numpy())
    if len(known) and out[0].size:
        values = np.concatenate([chunk.drop_null().flatten().to_numpy() for chunk in column.chunks])
        out[known] = values.reshape(len(known), *shape)
    return out
