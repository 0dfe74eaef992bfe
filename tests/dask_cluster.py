"""A Dask scheduler with workers, each a process of its own on a free loopback port, as a user starts them."""

from __future__ import annotations

import os
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path


@contextmanager
def dask_cluster(folder: Path, workers: int) -> Iterator[str]:
    """Its address, once all workers are there; `folder` takes the scheduler's file."""
    where = folder / "scheduler.json"
    environment = {**os.environ, "PYTHONPATH": os.pathsep.join(p for p in sys.path if p), "DASK_DISTRIBUTED__DASHBOARD__LINK": ""}
    options = {"env": environment, "stdout": subprocess.DEVNULL, "stderr": subprocess.DEVNULL, "start_new_session": True}
    command = [sys.executable, "-m", "distributed.cli.dask_scheduler", "--host", "127.0.0.1", "--port", "0", "--no-dashboard", "--scheduler-file", str(where)]
    processes = [subprocess.Popen(command, **options)]
    try:
        for _ in range(workers):
            worker = [sys.executable, "-m", "distributed.cli.dask_worker", "--scheduler-file", str(where), "--nthreads", "1", "--no-dashboard", "--no-nanny"]
            processes.append(subprocess.Popen(worker, **options))
        yield _address(where, workers)
    finally:
        for process in processes:
            process.kill()
            process.wait()


def _address(where: Path, workers: int) -> str:
    from distributed import Client

    deadline = time.monotonic() + 60
    while not where.exists() and time.monotonic() < deadline:
        time.sleep(0.1)
    with Client(scheduler_file=str(where), timeout="30s", set_as_default=False) as client:
        client.wait_for_workers(workers, timeout=60)
        return client.scheduler.address
