"""Damage draws per second of one core: our sampler against vectorised NumPy/SciPy, and against a loop over objects as in per-asset tools."""

from __future__ import annotations

from typing import Any

import numpy as np
import pyarrow as pa
from scipy import stats

from bench.turns import cpu, in_turns, ratio
from holdfast.engines.scenario.damage import Sampler
from holdfast.engines.scenario.world import World
from holdfast.model.hazard import Strike
from holdfast.model.spec import Consequence, DamageCurve, DamageTable, Kind, Source

ASSETS, CASES, OBJECTS, TURNS = 20_000, 200, 300, 5
MEDIANS, BETAS = np.array([1.5, 2.9, 4.5, 9.0]), np.array([0.7, 0.55, 0.45, 0.45])
LEVELS = np.array([0.0, 1.0, 2.0, 3.0, 4.5, 6.0, 9.0, 13.0])
HOURS, LOSS = np.array([0.0, 10.0, 40.0, 100.0, 400.0]), np.array([0.0, 0.05, 0.2, 0.6, 1.0])


def _world(*, by_points: bool = False) -> World:
    what = tuple(Consequence(f"s{i}", i < 3, HOURS[i], 0.4, LOSS[i]) for i in range(1, 5))
    names = tuple(c.state for c in what)
    law: DamageCurve | DamageTable = DamageCurve("pga", names, tuple(MEDIANS), tuple(BETAS), Source("bench"), consequences=what)
    if by_points:
        chances = stats.norm.cdf(np.log(np.maximum(LEVELS, 1e-9)[None] / MEDIANS[:, None]) / BETAS[:, None])
        law = DamageTable("pga", names, tuple(LEVELS), tuple(map(tuple, chances)), Source("bench"), consequences=what)
    kind, none, empty = Kind("bench.plant", "node", "plant", "厂", damage=(law,)), np.zeros(ASSETS), np.empty(0, np.int32)
    wide = np.zeros((ASSETS, 0))
    return World(
        crs="local", asset_id=pa.array([f"bench.plant:{i}" for i in range(ASSETS)]), asset_kind=np.zeros(ASSETS, np.int16), kinds=(kind,),
        xyz=np.zeros((ASSETS, 3)), length=none, section=none, people=none, critical=none.astype(bool), value=none, zone=empty, zone_id=(), services=(),
        use=wide.astype(bool), need=wide.astype(bool), backup=wide.astype(np.float32), link_from=empty, link_to=empty, link_service=empty, lifelines=(),
        component=(), outlet=(), local=wide.astype(bool), tables={},
    )  # fmt: skip


def _vectorised(pga: np.ndarray, rng: np.random.Generator) -> np.ndarray:
    """The same answer with whole-array calls: exceedance by the lognormal distribution, one uniform each, repair hours where damaged."""
    reach = stats.lognorm.cdf(pga[..., None], s=BETAS, scale=MEDIANS)
    state = (rng.random(pga.shape)[..., None] < reach).sum(axis=-1)
    hours = HOURS[state] * np.exp(0.4 * rng.standard_normal(pga.shape))
    return np.stack([state, state < 3, hours, LOSS[state]])


def _one_by_one(pga: np.ndarray, rng: np.random.Generator) -> list[tuple[int, float, float]]:
    """A Python loop over objects, each asking a distribution object, as tools do that handle one inventory item at a time."""
    out = []
    for x in pga:
        reach = [float(stats.norm.cdf((np.log(x) - np.log(m)) / b)) for m, b in zip(MEDIANS, BETAS, strict=True)]
        state = sum(rng.random() < p for p in reach)
        out.append((state, float(HOURS[state]), float(LOSS[state])))
    return out


def run() -> dict[str, Any]:
    """Million draws (case x asset, with state, works, repair hours and loss) per second of one core."""
    rng = np.random.default_rng(1)
    pga = rng.lognormal(np.log(2.0), 0.6, (CASES, ASSETS)).astype(np.float32)
    cases, strike, weak = np.arange(CASES), Strike({"pga": pga}), Strike({"pga": pga * 0.1})
    sampler, table, part = Sampler(_world()), Sampler(_world(by_points=True)), pga[: CASES // 20]
    for each in (sampler, table):
        each.sample(Strike({"pga": pga[:1]}), cases[:1], 1)  # compiles
    each_draw = {
        "ours": (pga.size, lambda: sampler.sample(strike, cases, 1)), "weak": (pga.size, lambda: sampler.sample(weak, cases, 1)),
        "points": (pga.size, lambda: table.sample(strike, cases, 1)), "vectorised": (part.size, lambda: _vectorised(part, rng)),
        "objects": (OBJECTS, lambda: _one_by_one(pga[0, :OBJECTS], rng)),
    }  # fmt: skip
    taken = in_turns(TURNS, **{name: lambda draws=draws, call=call: cpu(call)() / draws for name, (draws, call) in each_draw.items()})
    speed = {name: 1e-6 / seconds.median for name, seconds in taken.items()}
    return {
        "name": "damage", "ours": round(speed["ours"], 2), "peer": round(speed["vectorised"], 2), "unit": "million draws/s",
        "ratio": round(ratio(taken["vectorised"], taken["ours"]), 1),
        "detail": {"assets": ASSETS, "cases": CASES, "damaged_share": round(float((sampler.sample(strike, cases, 1).state > 0).mean()), 3), "turns": TURNS,
                   "ours_at_weak_shaking": round(speed["weak"], 2), "ours_by_points": round(speed["points"], 2), "peer": "NumPy and SciPy on whole arrays",
                   "loop_over_objects": round(speed["objects"], 4), "ratio_to_loop": round(ratio(taken["objects"], taken["ours"])),
                   "ns a draw": {name: seconds.told(1e9) for name, seconds in taken.items()}},
    }  # fmt: skip
