"""Rows of manholes and sewers of the reference city."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import pyarrow as pa

from holdfast.engines.layout.mains import along_course
from holdfast.engines.layout.rows import always, chosen, texts
from holdfast.model import geometry

if TYPE_CHECKING:
    from holdfast.engines.layout.plan import CityPlan

CODE = ("YS01", "WS02")  # storm and foul
BEHIND = (1.2, 0.4)  # manhole behind the pumps of a lift from the wet well, east and north [m]
MATERIALS, MANNING = ("PE", "T"), np.array([0.010, 0.013])
FIRST_YEAR, LAST_YEAR = 1985, 2012  # older than the first survey of the sample


def manhole_table(ids: pa.Array, xy: np.ndarray, level: np.ndarray, ground: np.ndarray, system: str, flow: np.ndarray) -> pa.Table:
    """Manholes at plan places, from invert and cover levels."""
    count = len(xy)
    depth = np.maximum(np.round(ground - level, 3), 0.3)
    return pa.table({
        "id": ids, "geometry": geometry.points(np.round(xy[:, 0], 3), np.round(xy[:, 1], 3), np.round(ground, 3)), "lifecycle": always("in_service", count),
        "feature_code": always("52012201" if system == CODE[0] else "52022201", count), "attachment": always("窨井", count), "ground_elevation": ground,
        "depth": depth, "well_bottom_depth": depth, "elevation": np.round(level, 3), "maximum_depth": depth, "system": always(system, count),
        "dry_weather_flow": pa.array(np.round(flow, 8), mask=flow <= 0), "dry_weather_patterns": where(flow > 0, '["drainage.pattern:domestic"]'),
        "status": always("0", count),
    })  # fmt: skip


def where(present: np.ndarray, value: str) -> pa.Array:
    """A text column with `value` where present, null elsewhere."""
    return pa.array([value], pa.string()).take(pa.array(np.zeros(len(present), np.int64), mask=~present))


def pieces_of(course: np.ndarray, row: np.ndarray, first: np.ndarray, last: np.ndarray, top: np.ndarray, bottom: np.ndarray) -> pa.Array:
    """Lines along courses between two shares, with the bends between them and levels falling evenly."""
    step = np.hypot(*np.moveaxis(np.diff(course, axis=1), 2, 0))
    reach = np.cumsum(step, axis=1) / np.maximum(step.sum(axis=1), 1e-9)[:, None]
    bend = [(reach[row, k], course[row, k + 1]) for k in range(course.shape[1] - 2)]
    parts = [(first, along_course(course, first, row)), *bend, (last, along_course(course, last, row))]
    keep = [np.ones(len(row), bool), *[(at > first + 1e-6) & (at < last - 1e-6) for at, _ in bend], np.ones(len(row), bool)]
    share = np.stack([at for at, _ in parts], axis=1)
    z = top[:, None] + (bottom - top)[:, None] * (share - first[:, None]) / (last - first)[:, None]
    xyz = np.concatenate([np.stack([xy for _, xy in parts], axis=1), z[..., None]], axis=2)
    mask = np.stack(keep, axis=1)
    return geometry.lines(np.round(xyz[mask], 3), np.concatenate([[0], np.cumsum(mask.sum(axis=1))]))


def conduit_table(
    plan: CityPlan, ids: pa.Array, tail: pa.Array, head: pa.Array, shapes: pa.Array, code: str, size: np.ndarray, length: np.ndarray,
    top: np.ndarray, bottom: np.ndarray, to_offset: np.ndarray, street: np.ndarray,
) -> pa.Table:
    """Rows of round sewers; street -1 where none."""
    count = len(ids)
    ends_ = geometry.ends(shapes)
    depth = [np.round(plan.ground(xyz[:, 0], xyz[:, 1]) - level, 3) for xyz, level in zip(ends_, (top, bottom), strict=True)]
    year = plan.rng(f"drainage.years.{code}.{count}").integers(FIRST_YEAR, LAST_YEAR + 1, count)
    concrete = (size > 0.4).astype(int)
    bridge = np.where(street >= 0, plan.street_bridge[street], False)
    dates = np.array([f"{y}-07-01" for y in range(FIRST_YEAR, LAST_YEAR + 1)], "datetime64[D]")
    return pa.table({
        "id": ids, "from_id": tail, "to_id": head, "geometry": shapes, "lifecycle": always("in_service", count), "category": always(code, count),
        "feature_code": always("52011000" if code == CODE[0] else "52021000", count), "material": chosen(MATERIALS, concrete),
        "laying": chosen(("ZM", "SX"), bridge), "status": always("0", count), "build_date": pa.array(dates[year - FIRST_YEAR]),
        "from_elevation": np.round(top, 3), "to_elevation": np.round(bottom, 3), "from_depth": depth[0], "to_depth": depth[1],
        "road": texts(np.where(street >= 0, plan.street_name[street], "")), "shape": always("CIRCULAR", count), "diameter": size,
        "from_offset": np.zeros(count), "to_offset": np.maximum(np.round(to_offset, 3), 0.0), "length": np.round(np.maximum(length, 1.0), 3),
        "manning_n": MANNING[concrete],
    })  # fmt: skip
