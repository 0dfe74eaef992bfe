"""One ensemble on one process and on two: the same cases, wall time against wall time, in turns.

Every turn has a program of its own, so that neither contestant works among what the benchmark or an earlier turn left in memory.
"""

from __future__ import annotations

import multiprocessing
import tempfile
import time
from concurrent.futures import ProcessPoolExecutor
from pathlib import Path
from typing import Any

from bench.turns import in_turns, ratio

CASES, BLOCK, TURNS = 1024, 32, 7


def run() -> dict[str, Any]:
    """Median over the turns; starting the processes is timed apart, because long runs do not feel it."""
    from holdfast.app.definition import define
    from holdfast.app.sample_city import create_sample_city
    from holdfast.app.scenario import prepare
    from holdfast.engines.scenario import case_block

    with tempfile.TemporaryDirectory() as folder, create_sample_city(str(Path(folder) / "city"), assets=10_000) as city:
        task, _, _ = prepare(city, define(city.catalog, "quake-m6.5", samples=CASES))
        case_block.prepared(task)
        taken = in_turns(TURNS, **{name: lambda workers=workers: _in_own_program(task, workers) for name, workers in (("one", 1), ("two", 2))})
    one, two = taken["one"], taken["two"]
    turns = [round(single / double, 2) for single, double in zip(one.seconds, two.seconds, strict=True)]
    return {"name": "ensemble_scaling", "ours": round(two.median, 3), "peer": round(one.median, 3), "unit": "s after the first blocks", "ratio": round(ratio(one, two), 3),
            "detail": {"cases": CASES, "turns": turns, "all turns of one over all of two": round(sum(one.seconds) / sum(two.seconds), 3),
                       "fastest over fastest": round(min(one.seconds) / min(two.seconds), 3), "one process": one.told(), "two processes": two.told()}}  # fmt: skip


def _in_own_program(task: Any, workers: int) -> float:
    """Seconds of one turn; see `_timed`."""
    with ProcessPoolExecutor(1, mp_context=multiprocessing.get_context("spawn")) as program:
        return program.submit(_timed, task, workers).result()


def _timed(task: Any, workers: int) -> float:
    """Seconds from when every worker has given its second block, per case of the rest, times all cases."""
    from holdfast.engines.scenario import case_block, ensemble

    marks: list[tuple[float, int]] = []

    def watch(done: int, total: int, latest: Any) -> bool:
        marks.append((time.perf_counter(), done))
        return True

    with tempfile.TemporaryDirectory() as folder:
        ensemble.run(ensemble.Job(case_block.evaluate, task, CASES, "scaling", BLOCK), Path(folder), workers=workers, watch=watch)
    (start, before), (end, after) = marks[2 * workers - 1], marks[-1]
    return (end - start) / (after - before) * CASES
