"""Patterns and curves of a water model from the city's records."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

import numpy as np
import pyarrow as pa

from .hydraulic_tables import WaterTables, places


@dataclass(slots=True)
class Records:
    """Patterns and curves by position. bad: ids of curves that cannot be used."""

    patterns: list[np.ndarray]
    pattern_id: pa.Array
    curves: list[np.ndarray]
    curve_id: pa.Array
    use: list[str | None]
    bad: set[str] = field(default_factory=set)
    default_pattern: int = -1

    def pattern(self, tables: WaterTables, kind: str, column: str, ids: pa.Array | None = None) -> np.ndarray:
        """(row,) pattern positions of a column, -1 where there is none; names of no pattern are reported."""
        wanted = tables.texts(kind, column)
        found = places(wanted, self.pattern_id)
        lost = np.array([bool(name) for name in wanted], bool) & (found < 0)
        tables.report("missing_pattern", "error", kind, tables.ids(kind), lost, "the pattern it names is not in the city; constant instead", "Add the pattern", column)
        return found

    def curve(self, tables: WaterTables, kind: str, column: str) -> np.ndarray:
        """(row,) curve positions of a column, -1 where there is none or it cannot be used."""
        wanted = tables.texts(kind, column)
        found = places(wanted, self.curve_id)
        lost = np.array([bool(name) for name in wanted], bool) & (found < 0)
        tables.report("missing_curve", "error", kind, tables.ids(kind), lost, "the curve it names is not in the city", "Add the curve", column)
        bad = np.array([name in self.bad for name in wanted], bool)
        return np.where(bad, -1, found)


def records(tables: WaterTables, default_pattern: str) -> Records:
    """All patterns and curves. default_pattern: name of the pattern of demands that have none"""
    table = tables.table("water.pattern")
    patterns = [np.array(_list(text) or [1.0], np.float64) for text in table["multipliers"].to_pylist()]
    pattern_id = tables.ids("water.pattern")
    curve_id = tables.ids("water.curve")
    made = Records(patterns, pattern_id, [], curve_id, tables.texts("water.curve", "use"))
    made.default_pattern = int(places([f"water.pattern:{default_pattern}"], pattern_id)[0])
    curves = tables.table("water.curve")
    for asset, use, x, y in zip(*(curves[name].to_pylist() for name in ("id", "use", "x", "y")), strict=True):
        first, second = _list(x), _list(y)
        points = np.column_stack([first, second]) if len(first) == len(second) else np.empty((0, 2))
        wrong = _fault(points, use or "")
        if wrong:
            made.bad.add(asset)
            tables.findings.add("hydraulics.bad_curve", "error", f"the curve {wrong}; what uses it works without it", fix="Correct its points", kind="water.curve",
                                column="x", id=asset, value=x)  # fmt: skip
        made.curves.append(points / 100 if use == "VALVE" else points)  # shares instead of percent
    return made


def _list(text: str | None) -> list[float]:
    """Numbers of a JSON list; none for what is no such list, so that it is reported as a curve or pattern without points."""
    try:
        values: Any = json.loads(text or "[]")
        return [float(v) for v in values]
    except (ValueError, TypeError):
        return []


def _fault(points: np.ndarray, use: str) -> str:
    """What is wrong with a curve, or nothing."""
    if len(points) == 0:
        return "has no points, or not as many abscissae as ordinates"
    if not np.isfinite(points).all():
        return "has points that are no numbers"
    if use == "GENERIC":
        return ""
    if (np.diff(points[:, 0]) <= 0).any():
        return "does not rise along its abscissa"
    if use == "PUMP":
        return _pump_fault(points)
    if len(points) < 2 and use in {"VOLUME", "HEADLOSS", "VALVE"}:
        return "has one point only"
    if use == "VOLUME" and (np.diff(points[:, 1]) <= 0).any():
        return "does not rise in volume"
    return ""


def _pump_fault(points: np.ndarray) -> str:
    """A head curve of one point is flow and head at design; three from zero flow are fitted; others are taken as they are."""
    if len(points) == 1 and (points <= 0).any():
        return "has one point only, and its flow or head is not above zero"
    if len(points) > 1 and (np.diff(points[:, 1]) >= 0).any():
        return "does not fall in head"
    return ""


def demand_categories(tables: WaterTables, made: Records) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """(demand,) junction, base demand [m3/s], pattern of all categories that are not zero; demands without a pattern take the default one."""
    kind = "water.junction"
    several = tables.texts(kind, "demands")
    base = tables.numbers(kind, "demand", 0.0)
    pattern = made.pattern(tables, kind, "demand_pattern")
    simple = np.flatnonzero((base != 0) & np.array([text is None for text in several], bool))
    node, amount, chosen = [simple], [base[simple]], [pattern[simple]]
    index: Mapping[str, int] = {name: at for at, name in enumerate(made.pattern_id.to_pylist())}
    for row in [at for at, text in enumerate(several) if text is not None]:
        entries = [entry for entry in json.loads(several[row] or "[]") if entry.get("demand")]
        node.append(np.full(len(entries), row))
        amount.append(np.array([entry["demand"] for entry in entries], np.float64))
        chosen.append(np.array([index.get(entry.get("pattern") or "", -1) for entry in entries], np.int64))
    which = np.concatenate(chosen)
    order = np.argsort(np.concatenate(node), kind="stable")
    return np.concatenate(node)[order].astype(np.int64), np.concatenate(amount)[order], np.where(which < 0, made.default_pattern, which)[order]
