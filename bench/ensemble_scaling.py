"""One ensemble on one process and on two: the same cases, wall time against wall time, in the same run."""

from __future__ import annotations

import statistics
import tempfile
import time
from pathlib import Path
from typing import Any

CASES, BLOCK, REPEATS = 512, 32, 3


def run() -> dict[str, Any]:
    """Median over repeats; starting the processes is timed apart, because long runs do not feel it."""
    from holdfast.app.definition import define
    from holdfast.app.sample_city import create_sample_city
    from holdfast.app.scenario import prepare
    from holdfast.engines.scenario import case_block, ensemble

    with tempfile.TemporaryDirectory() as folder, create_sample_city(str(Path(folder) / "city"), assets=10_000) as city:
        task, _, _ = prepare(city, define(city.catalog, "quake-m6.5", samples=CASES))
        case_block.prepared(task)
        wall: dict[int, list[float]] = {1: [], 2: []}
        for repeat in range(REPEATS):
            for workers in (1, 2):
                wall[workers].append(_timed(ensemble, case_block, task, workers, Path(folder) / f"{repeat}-{workers}"))
    one, two = (statistics.median(wall[w]) for w in (1, 2))
    return {"name": "ensemble_scaling", "ours": two, "peer": one, "unit": "s after the first blocks", "ratio": one / two,
            "detail": {"cases": CASES, "one process": [round(v, 2) for v in wall[1]], "two processes": [round(v, 2) for v in wall[2]]}}  # fmt: skip


def _timed(ensemble: Any, case_block: Any, task: Any, workers: int, folder: Path) -> float:
    """Seconds from when every worker has given its first block, per case of the rest, times all cases."""
    marks: list[tuple[float, int]] = []

    def watch(done: int, total: int, latest: Any) -> bool:
        marks.append((time.perf_counter(), done))
        return True

    case_block._ready.clear()  # what was solved before must not help the next turn
    ensemble.run(ensemble.Job(case_block.evaluate, task, CASES, f"{workers}-{folder.name}", BLOCK), folder, workers=workers, watch=watch)
    (start, before), (end, after) = marks[2 * workers - 1], marks[-1]
    return (end - start) / (after - before) * CASES
