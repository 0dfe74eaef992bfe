"""Micropolis, all its lifelines, one earthquake of magnitude 6.5: cases per CPU second, against InfraRisk's published cost of one coupled disruption."""

from __future__ import annotations

import os
import resource
import sys
import tempfile
import time
from pathlib import Path
from typing import Any

import numpy as np

SHARED = Path(__file__).resolve().parents[2] / "shared" / "data" / "coupled" / "micropolis"
MAPPING = Path(__file__).resolve().parents[1] / "tests" / "cases" / "micropolis" / "gis.toml"
SAMPLES = int(os.environ.get("HOLDFAST_BENCH_SAMPLES", "1000"))
INFRARISK = 1.5  # CPU s for one disruption of an 11-node network, measured with InfraRisk's own example


def make_city(folder: Path) -> Any:
    """Micropolis from its published files."""
    from holdfast.app.cities import create_city
    from holdfast.app.importing import ImportOptions, import_files

    city = create_city(str(folder), crs="local", name="Micropolis")
    import_files(city, [SHARED / f"gis/{name}.shp" for name in ("buildings_v1", "lots_v1")], ImportOptions(crs="local:ft", mapping=MAPPING))
    networks = ("transportation/high/transpo_net.tntp", "water/high/water.inp", "power/high/power.json")
    import_files(city, [SHARED / name for name in networks], ImportOptions(crs="local:ft"))
    import_files(city, [SHARED / "dependencies.csv"])
    return city


def run() -> dict[str, Any]:
    """CPU seconds per case in this process, everything from strike to impact, and the wall time that 10,000 cases take on two cores."""
    if not SHARED.exists():
        return {"name": "quake_micropolis", "ours": None, "peer": None, "unit": "CPU s per case", "ratio": None, "detail": {"skipped": "shared data are absent"}}
    from holdfast.app.definition import define
    from holdfast.app.scenario import prepare
    from holdfast.engines.scenario.case_block import evaluate, prepared

    with tempfile.TemporaryDirectory() as folder, make_city(Path(folder) / "city") as city:
        task, _, _ = prepare(city, define(city.catalog, "quake-m6.5", samples=SAMPLES))
        prepared(task)
        evaluate(task, np.arange(SAMPLES, SAMPLES + 16))  # compiles, and fills no answer that the timed cases could reuse
        begin, start, solved = time.process_time(), time.perf_counter(), 0
        for first in range(0, SAMPLES, 64):
            tables = evaluate(task, np.arange(first, min(first + 64, SAMPLES)))
            solved += int((tables["cases"]["status"].to_numpy() == 0).sum())
        cpu, wall = (time.process_time() - begin) / SAMPLES, (time.perf_counter() - start) / SAMPLES
    memory = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1e6
    return {
        "name": "quake_micropolis", "ours": cpu, "peer": INFRARISK, "unit": "CPU s per case", "ratio": INFRARISK / cpu,
        "detail": {"samples": SAMPLES, "solved": solved, "wall s per case": round(wall, 5), "minutes of CPU for 10,000 cases": round(cpu * 10_000 / 60, 2),
                   "peak GB": round(memory, 2), "peer": "InfraRisk, published 11-node example, not the same network", "python": sys.version.split()[0]},
    }  # fmt: skip
