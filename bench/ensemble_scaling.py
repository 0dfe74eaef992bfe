"""One ensemble on one process and on two: the same cases, wall time against wall time, in turns."""

from __future__ import annotations

import tempfile
import time
from itertools import count
from pathlib import Path
from typing import Any

from bench.turns import cpu, in_turns, ratio

CASES, BLOCK, TURNS = 1024, 32, 3


def run() -> dict[str, Any]:
    """Median over the turns; starting the processes is timed apart, because long runs do not feel it."""
    from holdfast.app.definition import define
    from holdfast.app.sample_city import create_sample_city
    from holdfast.app.scenario import prepare
    from holdfast.engines.scenario import case_block, ensemble

    with tempfile.TemporaryDirectory() as folder, create_sample_city(str(Path(folder) / "city"), assets=10_000) as city:
        task, _, _ = prepare(city, define(city.catalog, "quake-m6.5", samples=CASES))
        case_block.prepared(task)
        turn, spent = count(), cpu(lambda: _timed(ensemble, case_block, task, 1, Path(folder) / f"{next(turn)}-cpu"))
        taken = in_turns(TURNS, **{name: lambda workers=workers: _timed(ensemble, case_block, task, workers, Path(folder) / f"{next(turn)}-{workers}")
                                   for name, workers in (("one", 1), ("two", 2))})  # fmt: skip
        used = spent()
    one, two = taken["one"], taken["two"]
    return {"name": "ensemble_scaling", "ours": round(two.median, 3), "peer": round(one.median, 3), "unit": "s after the first blocks", "ratio": round(ratio(one, two), 3),
            "detail": {"cases": CASES, "turns": TURNS, "one process": one.told(), "two processes": two.told(), "CPU s of one process": round(used, 2)}}  # fmt: skip


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
