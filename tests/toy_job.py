"""Small jobs for tests of ensembles; importable by worker processes."""

from __future__ import annotations

import os
import signal
import time
from pathlib import Path

import numpy as np
import pyarrow as pa

from holdfast.engines.scenario.random import uniform


def draw(task: dict, cases: np.ndarray) -> dict[str, pa.Table]:
    """Two random numbers a case; may sleep, fail at a case, or kill its own process once."""
    if "sleep" in task:
        time.sleep(task["sleep"] * len(cases))
    if task.get("fails") in cases:
        raise ValueError("this case cannot be solved")
    marker = Path(task["kill"]) if "kill" in task else None
    if marker is not None and 5 in cases and not marker.exists():
        marker.touch()
        os.kill(os.getpid(), signal.SIGKILL)
    if task.get("always_kill"):
        os.kill(os.getpid(), signal.SIGKILL)
    values = uniform(task["seed"], "toy", cases, np.arange(2))
    ones = pa.array(np.zeros(len(cases), np.int8))
    return {
        "cases": pa.table({"case": cases, "status": ones}),
        "values": pa.table({"case": np.repeat(cases, 2), "value": np.asarray(values, np.float64).ravel()}),
    }
