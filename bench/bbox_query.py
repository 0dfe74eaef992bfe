"""Boxes of about 1,000 pipes out of a million as GeoDataFrames, current and as-of, against pyogrio reading the same GeoPackage."""

from __future__ import annotations

import shutil
import tempfile
from pathlib import Path
from time import perf_counter

import numpy as np

from bench import pipe_files
from holdfast.app.cities import create_city

COUNT, REPEATS = 1_000_000, 60


def run() -> dict:
    """95th percentile in milliseconds; the ratio is the peer's over ours."""
    import pyogrio

    folder = Path(tempfile.mkdtemp(prefix="holdfast-bench-"))
    try:
        city = create_city(str(folder / "city"), crs=pipe_files.CRS)
        table, _ = pipe_files.pipes(COUNT)
        city.append("water.pipe", table, valid_from="2020-01-01")
        rng = np.random.Generator(np.random.Philox(5))
        low, high = 400_500, 400_000 + 40 * int(np.sqrt(COUNT / 2)) - 1500
        corners = rng.uniform(0, high - low, (REPEATS, 2)) + np.array((low, 3_300_500))
        boxes = [(x, y, x + 860, y + 860) for x, y in corners]
        then = city.as_of("2026-01-01")
        times: dict[str, list[float]] = {"current": [], "as_of": [], "peer": []}
        found = []
        for box in boxes:
            start = perf_counter()
            found.append(len(city.assets("water.pipe", bbox=box)))
            times["current"].append(perf_counter() - start)
            start = perf_counter()
            then.assets("water.pipe", bbox=box)
            times["as_of"].append(perf_counter() - start)
            start = perf_counter()
            pyogrio.read_dataframe(folder / "city" / "city.gpkg", layer="water_pipe", bbox=box)
            times["peer"].append(perf_counter() - start)
        city.close()
    finally:
        shutil.rmtree(folder)
    p95 = {name: float(np.percentile(values, 95)) * 1e3 for name, values in times.items()}
    median = {name: float(np.median(values)) * 1e3 for name, values in times.items()}
    return {
        "name": "bbox_query", "ours": round(p95["current"], 2), "peer": round(p95["peer"], 2), "unit": "ms p95", "ratio": round(p95["peer"] / p95["current"], 3),
        "detail": {"rows": float(np.median(found)), "median_ms": {k: round(v, 2) for k, v in median.items()},
                   "as_of_over_current": round(median["as_of"] / median["current"], 3), "peer": "pyogrio.read_dataframe(bbox) on the same city.gpkg"},
    }
