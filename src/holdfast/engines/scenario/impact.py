"""What a disaster means: people without service, losses, resilience, fairness between zones; by case, merged over blocks, summed up with quantiles."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, fields
from typing import Any

import numpy as np
import pyarrow as pa

from holdfast.model.errors import Invalid
from holdfast.model.lifeline import CaseStatus

from .equity import fairness
from .rules import Rules
from .timeline import Timeline
from .world import Damage, World

QUANTILES = (0.05, 0.5, 0.95)


@dataclass(frozen=True, slots=True)
class Frame:
    """Names and sizes that all blocks of a run share."""

    hours: np.ndarray
    services: tuple[str, ...]
    kinds: tuple[str, ...]
    zones: tuple[str, ...]
    critical: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Impact:
    """Outcome of some cases. Rows are cases; NaN where the status says that the case must not be used.

    people, share      (case, hour, service) people without; share of the people's normal service that arrives
    critical_down      (case, hour)                       critical_hours  (case, critical) hours that each facility was down
    person_hours       (case, service) people times hours without
    triangle           (case, service) hours: integral of 1 - share, the resilience triangle
    direct             (case, kind) CNY: replacement cost times loss          indirect  (case, service) CNY
    failed             (case, kind) assets out of service by their own damage
    worst_to_best, gini  (case, service) service time of the worst-off fifth over that of the best-off; Gini of hours without; NaN without zones
    weight             (case,) probability weight
    zone_share         (hour, zone, service), lost_hours (feed,) and feed_without (hour, feed): weighted sums over good cases, of `mass` in all;
                       feed_without over mass is the probability of being without
    engines, seconds   rows answered by lifeline and engine, see `Cascade.engines`; seconds by stage
    """

    frame: Frame
    case: np.ndarray
    status: np.ndarray
    weight: np.ndarray
    people: np.ndarray
    share: np.ndarray
    critical_down: np.ndarray
    critical_hours: np.ndarray
    person_hours: np.ndarray
    triangle: np.ndarray
    direct: np.ndarray
    indirect: np.ndarray
    failed: np.ndarray
    worst_to_best: np.ndarray
    gini: np.ndarray
    zone_share: np.ndarray
    lost_hours: np.ndarray
    feed_without: np.ndarray
    mass: float
    engines: dict[str, dict[str, int]]
    seconds: dict[str, float]

    @property
    def good(self) -> np.ndarray:
        """(case,) bool: may be used."""
        return self.status == CaseStatus.SOLVED


_ROWS = ("people", "share", "critical_down", "critical_hours", "person_hours", "triangle", "direct", "indirect", "failed", "worst_to_best", "gini")


def assess(
    world: World, damage: Damage, timeline: Timeline, rules: Rules, *, case: np.ndarray | None = None, weight: np.ndarray | None = None
) -> Impact:  # fmt: skip
    """Impact of the cases of one block.

    case    (case,) numbers of the cases in the run; 0, 1, ... when left out
    weight  (case,) probability weights; equal when left out
    """
    frame = Frame(
        timeline.hours, world.services, tuple(k.name for k in world.kinds), world.zone_id,
        tuple(world.asset_id.take(pa.array(timeline.population.critical)).to_pylist()),
    )  # fmt: skip
    weight = np.ones(damage.cases) if weight is None else np.asarray(weight, np.float64)
    good = timeline.status == CaseStatus.SOLVED
    direct = _by_kind(world, damage)
    direct[~good] = np.nan
    price = np.array([rules.indirect_loss.get(service, 0.0) for service in world.services])
    worst_to_best, gini = fairness(timeline.zone_hours, timeline.population.zone_total, float(timeline.hours[-1]))
    return Impact(
        frame, np.arange(damage.cases) if case is None else np.asarray(case, np.int64), timeline.status, weight, timeline.people, timeline.share,
        timeline.critical_down, timeline.critical_hours, timeline.person_hours, timeline.lost_share_hours, direct, timeline.person_hours * price,
        timeline.failed, worst_to_best, gini, np.einsum("k,khzs->hzs", weight[good], timeline.zone_share[good]), weight[good] @ timeline.lost_hours[good],
        np.stack([weight @ dark for dark in timeline.feed_without.swapaxes(0, 1)]), float(weight[good].sum()), timeline.engines, timeline.seconds,
    )  # fmt: skip


def _by_kind(world: World, damage: Damage) -> np.ndarray:
    """(case, kind) CNY."""
    out = np.zeros((damage.cases, len(world.kinds)))
    for number in range(len(world.kinds)):
        mine = np.flatnonzero((world.asset_kind == number) & (world.value > 0.0))
        out[:, number] = damage.loss[:, mine].astype(np.float64) @ world.value[mine]
    return out


def merge(parts: Iterable[Impact]) -> Impact:
    """Impacts of several blocks of one run as one, in the order of the cases. raises Invalid if they are of different runs"""
    parts = list(parts)
    if not parts:
        raise Invalid("there is nothing to merge", fix="Give at least one block")
    first = parts[0]
    for part in parts[1:]:
        if part.frame.services != first.frame.services or part.people.shape[1:] != first.people.shape[1:] or part.lost_hours.shape != first.lost_hours.shape:
            raise Invalid("blocks of different runs cannot be merged", fix="Give blocks of one city, grid and hazard")
    order = np.argsort(np.concatenate([p.case for p in parts]), kind="stable")
    rows = {name: np.concatenate([getattr(p, name) for p in parts])[order] for name in ("case", "status", "weight", *_ROWS)}
    seconds: Counter[str] = Counter()
    engines: dict[str, Counter[str]] = {}
    for part in parts:
        seconds.update(part.seconds)
        for name, used in part.engines.items():
            engines.setdefault(name, Counter()).update(used)
    return Impact(
        frame=first.frame, zone_share=np.sum([p.zone_share for p in parts], axis=0), lost_hours=np.sum([p.lost_hours for p in parts], axis=0),
        feed_without=np.sum([p.feed_without for p in parts], axis=0), mass=sum(p.mass for p in parts),
        engines={name: dict(used) for name, used in engines.items()}, seconds=dict(seconds), **rows,
    )  # fmt: skip


# as tables, for keeping blocks


def to_tables(impact: Impact) -> dict[str, pa.Table]:
    """"cases": one row a case, arrays as lists; "sums": one row for the block. `from_tables` reads both back."""
    columns: dict[str, Any] = {"case": pa.array(impact.case), "status": pa.array(impact.status, pa.int8()), "weight": pa.array(impact.weight)}
    for name in _ROWS:
        flat = np.ascontiguousarray(getattr(impact, name), np.float32 if name in ("people", "share") else np.float64).reshape(len(impact.case), -1)
        columns[name] = pa.FixedSizeListArray.from_arrays(pa.array(flat.reshape(-1)), flat.shape[1]) if flat.shape[1] else pa.nulls(len(flat), pa.list_(pa.float64(), 0))
    sums = {
        "mass": [impact.mass], "zone_share": [impact.zone_share.reshape(-1)], "lost_hours": [impact.lost_hours],
        "feed_without": [impact.feed_without.reshape(-1)],
        "engines": [[(name, engine, count) for name, used in impact.engines.items() for engine, count in used.items()]],
        "seconds": [list(impact.seconds.items())],
    }  # fmt: skip
    engine = pa.struct([("lifeline", pa.string()), ("engine", pa.string()), ("rows", pa.int64())])
    stage = pa.struct([("stage", pa.string()), ("seconds", pa.float64())])
    types = {"mass": pa.float64(), **dict.fromkeys(("zone_share", "lost_hours", "feed_without"), pa.list_(pa.float64())),
             "engines": pa.list_(engine), "seconds": pa.list_(stage)}  # fmt: skip
    rows = {name: pa.array([_structs(sums[name][0], types[name].value_type)] if name in ("engines", "seconds") else sums[name], types[name]) for name in types}
    return {"cases": pa.table(columns), "sums": pa.table(rows)}


def _structs(rows: Sequence[tuple[Any, ...]], kind: pa.StructType) -> list[dict[str, Any]]:
    return [dict(zip([f.name for f in kind], row, strict=True)) for row in rows]


def from_tables(frame: Frame, tables: dict[str, pa.Table]) -> Impact:
    """The impact that `to_tables` wrote; blocks may have been concatenated."""
    cases, sums = tables["cases"], tables["sums"]
    hours, services, kinds, zones = len(frame.hours), len(frame.services), len(frame.kinds), len(frame.zones)
    shape = {
        "people": (hours, services), "share": (hours, services), "critical_down": (hours,), "critical_hours": (len(frame.critical),), "person_hours": (services,),
        "triangle": (services,), "direct": (kinds,), "indirect": (services,), "failed": (kinds,), "worst_to_best": (services,), "gini": (services,),
    }  # fmt: skip
    order = np.argsort(cases["case"].to_numpy(), kind="stable")
    rows = {name: _matrix(cases[name], shape[name])[order] for name in _ROWS}
    seconds: Counter[str] = Counter()
    engines: dict[str, Counter[str]] = {}
    for row in sums.select(["engines", "seconds"]).to_pylist():
        seconds.update({stage["stage"]: stage["seconds"] for stage in row["seconds"]})
        for used in row["engines"]:
            engines.setdefault(used["lifeline"], Counter())[used["engine"]] += used["rows"]
    return Impact(
        frame=frame, case=cases["case"].to_numpy()[order], status=cases["status"].to_numpy()[order], weight=cases["weight"].to_numpy()[order], **rows,
        zone_share=_total(sums["zone_share"]).reshape(hours, zones, services),
        lost_hours=_total(sums["lost_hours"]), feed_without=_total(sums["feed_without"]).reshape(hours, -1), mass=float(sums["mass"].to_numpy().sum()),
        engines={name: dict(used) for name, used in engines.items()}, seconds=dict(seconds),
    )  # fmt: skip


def _total(column: pa.ChunkedArray) -> np.ndarray:
    """Sum of the rows of a list column whose lists are equally long."""
    return column.combine_chunks().flatten().to_numpy(zero_copy_only=False).reshape(len(column), -1).sum(axis=0)


def _matrix(column: pa.ChunkedArray, shape: tuple[int, ...]) -> np.ndarray:
    """(row, *shape) of a list column; cases that were lost before they had numbers are NaN."""
    out = np.full((len(column), int(np.prod(shape))), np.nan)
    held = np.asarray(column.is_valid().to_numpy(), bool)
    if out.shape[1]:
        out[held] = column.drop_null().combine_chunks().flatten().to_numpy(zero_copy_only=False).reshape(int(held.sum()), -1)
    return out.reshape(len(column), *shape)


# summing up


def spread(values: np.ndarray, weight: np.ndarray) -> dict[str, Any]:
    """Mean and quantiles over cases (axis 0) as lists: {"mean": .., "p5": .., "p50": .., "p95": ..}; None where there is no number."""
    values = np.asarray(values, np.float64)
    if not len(values):
        return {}
    out = {"mean": _plain(np.average(values, axis=0, weights=weight))}
    equal = bool((weight == weight[0]).all())
    for q in QUANTILES:
        held = np.quantile(values, q, axis=0) if equal else np.quantile(values, q, axis=0, weights=weight, method="inverted_cdf")
        out[f"p{round(q * 100)}"] = _plain(held)
    return out


def _plain(value: Any) -> Any:
    if isinstance(value, np.ndarray) and value.ndim:
        return [_plain(v) for v in value]
    return round(float(value), 6) if np.isfinite(value) else None


def summarise(impact: Impact, rules: Rules) -> dict[str, Any]:
    """The whole outcome as one JSON-able object; only good cases count, all are in `status`. Probability weights are respected."""
    good, frame = impact.good, impact.frame
    weight = impact.weight[good]
    rows = {f.name: getattr(impact, f.name)[good] for f in fields(Impact) if f.name in _ROWS}
    horizon = float(frame.hours[-1])
    used = [number for number in range(len(frame.services)) if np.isfinite(rows["share"][:, 0, number]).any()]
    importance = np.array([rules.service_weight.get(frame.services[n], 0.3) for n in used])
    resilience = 1.0 - rows["triangle"][:, used] / horizon
    services = {
        frame.services[n]: {
            "people_without": spread(rows["people"][:, :, n], weight), "share": spread(rows["share"][:, :, n], weight),
            "person_hours": spread(rows["person_hours"][:, n], weight), "resilience": spread(1.0 - rows["triangle"][:, n] / horizon, weight),
            "triangle_hours": spread(rows["triangle"][:, n], weight), "indirect_loss": spread(rows["indirect"][:, n], weight),
            "worst_to_best_fifth": spread(rows["worst_to_best"][:, n], weight), "gini": spread(rows["gini"][:, n], weight),
        } for n in used
    }  # fmt: skip
    return {
        "hours": frame.hours.tolist(), "cases": len(impact.case), "used": int(good.sum()),
        "status": {CaseStatus(code).name.lower(): int(count) for code, count in zip(*np.unique(impact.status, return_counts=True), strict=True)},
        "services": services,
        "services_without_people": [s for n, s in enumerate(frame.services) if n not in used],
        "resilience": spread(resilience @ importance / importance.sum(), weight) if used else {},
        "critical_down": spread(rows["critical_down"], weight),
        "critical_facilities": {name: spread(rows["critical_hours"][:, i], weight).get("mean") for i, name in enumerate(frame.critical)},
        "components_failed": spread(rows["failed"].sum(axis=1), weight) | {
            "by_kind": {kind: spread(rows["failed"][:, i], weight) for i, kind in enumerate(frame.kinds) if len(weight) and rows["failed"][:, i].any()}},
        "direct_loss": spread(rows["direct"].sum(axis=1), weight) | {
            "by_kind": {kind: spread(rows["direct"][:, i], weight) for i, kind in enumerate(frame.kinds) if len(weight) and rows["direct"][:, i].any()}},
        "indirect_loss": spread(rows["indirect"].sum(axis=1), weight),
        "engines": impact.engines, "seconds": {stage: round(value, 3) for stage, value in impact.seconds.items()},
    }  # fmt: skip
