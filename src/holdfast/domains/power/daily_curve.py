"""How demand follows the day: the profiles that came with the loads, else one cited curve."""

from __future__ import annotations

import json
from typing import Any

import numpy as np

from holdfast.model.spec import Source

from .grid import Grid

CURVE = np.array([0.464, 0.386, 0.364, 0.331, 0.335, 0.352, 0.548, 0.674, 0.828, 0.850, 0.910, 0.931,
                  0.880, 0.983, 0.912, 0.942, 0.959, 0.992, 1.000, 0.939, 0.871, 0.798, 0.682, 0.547])
"""Share of the highest hour, by hour of the day."""

CURVE_SOURCE = Source("SimBench 1-complete_data", "profile lv_urban6_pload, mean of seven days from 2016-01-01, highest hour as 1", "2020", "found", "shared/data/power SOURCE.txt")


def split_power(grid: Grid) -> tuple[np.ndarray, np.ndarray]:
    """Injections as active and reactive ones: (2 n,) complex power, first all active; and (2 n,) the injection each comes from."""
    s = grid.model.inject_s
    own = np.arange(len(s))
    return np.concatenate([s.real.astype(complex), 1j * s.imag]), np.concatenate([own, own])


def factors(city: Any, grid: Grid, hours: np.ndarray) -> tuple[np.ndarray, int]:
    """(hour, 2 injection) factors in the order of `split_power`, and how many injections have a profile of their own.

    hours     (hour,) since the start of the profiles, or since midnight for the curve
    source    `CURVE_SOURCE` for loads without a profile; generators, batteries and shunts without one stay as they are
    """
    series = _series(city)
    count = len(grid.model.inject_s)
    out = np.ones((len(hours), 2 * count))
    span = grid.span("load")
    loads = (grid.inject_component >= span.start) & (grid.inject_component < span.stop)
    out[:, np.concatenate([loads, loads])] = CURVE[np.floor(hours).astype(int) % 24][:, None]
    found = 0
    for kind in ("load", "generator"):
        names = city.table(f"power.{kind}", columns=["profile"])["profile"].to_pylist()
        first = grid.span(kind).start
        for i in np.flatnonzero((grid.inject_component >= first) & (grid.inject_component < grid.span(kind).stop)):
            name = names[grid.inject_component[i] - first]
            p = series.get(f"{name}_pload", series.get(name or ""))
            if name and p is not None:
                q = series.get(f"{name}_qload", p)
                out[:, i], out[:, count + i] = _at(p, hours), _at(q, hours)
                found += 1
    return out, found


def _series(city: Any) -> dict[str, tuple[float, np.ndarray]]:
    """name -> interval [h] and values."""
    if not city.counts().get("power.profile"):
        return {}
    table = city.table("power.profile", columns=["name", "interval", "values"])
    return {row["name"]: ((row["interval"] or 3600.0) / 3600.0, np.asarray(json.loads(row["values"]), np.float64)) for row in table.to_pylist() if row["name"] and row["values"]}


def _at(series: tuple[float, np.ndarray], hours: np.ndarray) -> np.ndarray:
    """The values that hold at the hours; the series repeats."""
    interval, values = series
    return np.nan_to_num(values[np.floor(hours / interval).astype(int) % len(values)])
