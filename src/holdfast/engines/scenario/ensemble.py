"""Runs a job of many cases in blocks, here, on a process pool or on a Dask cluster, and keeps every finished block as Parquet.

A block is finished when its `cases` file is there. So a run that was killed, cancelled or stopped by a full disk goes on where it was, and
a worker that dies costs only the blocks it had in hand.
"""

from __future__ import annotations

import json
import multiprocessing
import multiprocessing.connection
import multiprocessing.resource_tracker
import os
import pickle
import signal
import threading
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Protocol

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq

from holdfast.model.errors import Conflict, HoldfastError, Invalid, Unavailable
from holdfast.model.file import write_whole
from holdfast.model.lifeline import CaseStatus

from .cluster import ask

Tables = dict[str, pa.Table]
Evaluate = Callable[[Any, np.ndarray], Tables]

_MANIFEST, _CASES, _JOB = "job.json", "cases", "job.pickle"
_DEATHS = 3  # how often in a row workers may die without finishing a block
ANOTHER, ANOTHER_FIX = "the folder holds another run: city, hazard, seed, samples or version differ", "Give another --out, or run without --resume into an empty folder"
_POLL = 0.25  # s between looks at the cancel switch
_FULL = "Make room and run again with --resume: finished blocks are kept"


@dataclass(frozen=True, slots=True)
class Job:
    """Cases 0 .. cases-1 of one task.

    evaluate  importable function f(task, cases (n,) int64) -> tables by name; "cases" has columns `case` and `status`, one row a case
    task      whatever `evaluate` needs; picklable
    key       digest of everything that determines the answer; a folder holds the blocks of one key
    block     cases evaluated at once
    """

    evaluate: Evaluate
    task: Any
    cases: int
    key: str
    block: int = 64

    def blocks(self) -> list[tuple[int, int]]:
        """First case and end of each block."""
        return [(first, min(first + self.block, self.cases)) for first in range(0, self.cases, self.block)]


class Watcher(Protocol):
    """Is told of progress and may stop the run."""

    def __call__(self, done: int, total: int, latest: Tables, /) -> bool:
        """done cases of total, and the tables of the block that has just finished; False cancels the rest."""
        ...


@dataclass(frozen=True, slots=True)
class Outcome:
    """How an ensemble ended. status: "done", or "cancelled" with the finished blocks kept."""

    folder: Path
    status: str
    done: int
    resumed: int
    deaths: int

    def table(self, name: str) -> pa.Table:
        """One of the job's tables over all finished blocks, in the order of the cases."""
        return read(self.folder, name)


def read(folder: Path, name: str) -> pa.Table:
    """A table over all finished blocks; those whose `cases` file is missing do not count."""
    files = [folder / f.name.replace(f"{_CASES}-", f"{name}-") for f in sorted(folder.glob(f"{_CASES}-*.parquet"))]
    pieces = [pq.read_table(f) for f in files if f.exists()]
    return pa.concat_tables(pieces) if pieces else pa.table({})


def run(job: Job, folder: Path, *, workers: int = 1, cluster: str | None = None, resume: bool = False, watch: Watcher | None = None) -> Outcome:
    """Evaluate all cases and keep them in `folder`.

    workers  processes; 1 works in this process
    cluster  address of a Dask scheduler, used instead of processes
    resume   go on with what the folder has; without it a folder that holds blocks is refused
    raises   Invalid for a wrong cluster address; Conflict if the folder holds another job or resume is not given; Unavailable when the disk is full or the
             folder cannot be written, the cluster cannot be reached, or workers keep dying. What is finished stays.
    """
    check_request(folder, workers=workers, cluster=cluster, resume=resume)
    todo, resumed = _prepare(job, folder, resume)
    done, deaths, status = resumed, 0, "done"
    runner: AbstractContextManager[Any] = _Cluster(job, cluster) if cluster else _Pool(job, folder, min(workers, len(todo))) if workers > 1 and len(todo) > 1 else _Here(job)
    if not todo:
        return Outcome(folder, status, done, resumed, deaths)
    with runner as source:
        for (first, end), tables in source.run(todo):
            _keep(folder, first, end, tables)
            done += end - first
            if watch is not None and not watch(done, job.cases, tables):
                status = "cancelled"
                break
        deaths = source.deaths
    return Outcome(folder, status if done < job.cases else "done", done, resumed, deaths)


def check_request(folder: Path, *, workers: int = 1, cluster: str | None = None, resume: bool = False) -> None:
    """What can be said of a request of `run` before its job is known. raises as `run`"""
    if workers < 1:
        raise Invalid("an ensemble needs at least one worker", fix="Give --workers 1 or more", field="workers")
    if not resume and (folder / _MANIFEST).exists() and any(folder.glob(f"{_CASES}-*.parquet")):
        raise Conflict("the folder holds results already", fix="Give --resume to go on with them, or another --out", folder=folder)
    if cluster is not None:
        ask(cluster)


def evaluate_block(job: Job, first: int, end: int) -> Tables:
    """One block; a case that breaks the evaluation is found by trying each alone, and reported as failed while the others are kept."""
    cases = np.arange(first, end, dtype=np.int64)
    try:
        return job.evaluate(job.task, cases)
    except (HoldfastError, ArithmeticError, ValueError, IndexError, np.linalg.LinAlgError):
        if len(cases) == 1:
            raise
    pieces: list[Tables] = []
    failed: list[int] = []
    for case in cases:
        try:
            pieces.append(job.evaluate(job.task, np.array([case])))
        except (HoldfastError, ArithmeticError, ValueError, IndexError, np.linalg.LinAlgError):
            failed.append(int(case))
    if not pieces:
        return job.evaluate(job.task, cases)  # nothing works: let the error be seen
    tables = {name: pa.concat_tables([p[name] for p in pieces]) for name in pieces[0]}
    lost = pa.table({"case": pa.array(failed, pa.int64()), "status": pa.array([int(CaseStatus.FAILED)] * len(failed), pa.int8())})
    tables[_CASES] = pa.concat_tables([tables[_CASES], lost], promote_options="permissive").sort_by("case")
    return tables


# folder


def _prepare(job: Job, folder: Path, resume: bool) -> tuple[list[tuple[int, int]], int]:
    """Blocks still to do, and the number of cases already there."""
    manifest = {"key": job.key, "cases": job.cases, "block": job.block}
    path = folder / _MANIFEST
    if resume and path.exists() and json.loads(path.read_text()) != manifest:
        raise Conflict(ANOTHER, fix=ANOTHER_FIX, folder=folder)
    try:
        folder.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise Unavailable(f"results cannot be written there: {error.strerror or error}", fix="Give another folder, or check permissions", folder=folder) from error
    for leftover in (*folder.glob("*.part"), *folder.glob(_JOB)):
        leftover.unlink()
    write_whole(path, json.dumps(manifest).encode(), fix=_FULL)
    blocks = job.blocks()
    todo = [b for b in blocks if not _file(folder, _CASES, *b).exists()]
    return todo, sum(end - first for first, end in blocks) - sum(end - first for first, end in todo)


def _file(folder: Path, name: str, first: int, end: int) -> Path:
    return folder / f"{name}-{first:08d}-{end:08d}.parquet"


def _keep(folder: Path, first: int, end: int, tables: Tables) -> None:
    """Write a block; `cases` comes last, so its presence says that all is there."""
    for name in sorted(tables, key=lambda n: n == _CASES):
        sink = pa.BufferOutputStream()
        pq.write_table(tables[name], sink, compression="zstd")
        write_whole(_file(folder, name, first, end), sink.getvalue(), fix=_FULL)


# where the work is done


class _Here:
    """In this process, one block after the other."""

    deaths = 0

    def __init__(self, job: Job) -> None:
        self._job = job

    def __enter__(self) -> _Here:
        return self

    def __exit__(self, *_: object) -> None: ...

    def run(self, todo: list[tuple[int, int]]) -> Iterator[tuple[tuple[int, int], Tables]]:
        for block in todo:
            yield block, evaluate_block(self._job, *block)


_job: Job | None = None  # the job of a worker process


def _start_worker(path: str) -> None:
    global _job  # noqa: PLW0603  a worker process serves one job
    threading.Thread(target=_end_with_parent, daemon=True).start()
    with open(path, "rb") as file:
        _job = pickle.load(file)


def _end_with_parent() -> None:
    """A pool's workers wait for work for ever when the process that gave it was killed."""
    parent = multiprocessing.parent_process()
    if parent is not None:
        multiprocessing.connection.wait([parent.sentinel])
        os._exit(1)


def _work(first: int, end: int) -> Tables:
    assert _job is not None
    return evaluate_block(_job, first, end)


class _Pool:
    """A pool of processes; when one dies the pool is made anew and its blocks are done again."""

    def __init__(self, job: Job, folder: Path, workers: int) -> None:
        self._job, self._workers, self._path = job, workers, folder / _JOB
        self._pool: Any = None
        self.deaths = 0

    def __enter__(self) -> _Pool:
        write_whole(self._path, pickle.dumps(self._job, protocol=pickle.HIGHEST_PROTOCOL), fix=_FULL)
        return self

    def __exit__(self, *_: object) -> None:
        self._stop()
        self._path.unlink(missing_ok=True)

    def _start(self) -> Any:
        from concurrent.futures import ProcessPoolExecutor

        context = multiprocessing.get_context("spawn")  # fork would copy threads of Arrow and Numba in an unknown state
        return ProcessPoolExecutor(self._workers, mp_context=context, initializer=_start_worker, initargs=(str(self._path),))

    def _submit(self, block: tuple[int, int]) -> Any:
        """Hand out a block. A worker that this starts inherits that Ctrl+C is blocked: a terminal sends it to all, and only this process is to answer it."""
        multiprocessing.resource_tracker.ensure_running()  # or it starts with the first worker, and lets the signal through again
        before = signal.pthread_sigmask(signal.SIG_BLOCK, {signal.SIGINT})
        try:
            return self._pool.submit(_work, *block)
        finally:
            signal.pthread_sigmask(signal.SIG_SETMASK, before)

    def _stop(self) -> None:
        if self._pool is not None:
            processes = list((self._pool._processes or {}).values())
            self._pool.shutdown(wait=False, cancel_futures=True)
            for process in processes:
                process.terminate()
            for process in processes:
                process.join()
            self._pool = None

    def run(self, todo: list[tuple[int, int]]) -> Iterator[tuple[tuple[int, int], Tables]]:
        from concurrent.futures import FIRST_COMPLETED, wait
        from concurrent.futures.process import BrokenProcessPool

        waiting, in_row = list(reversed(todo)), 0
        while waiting:
            self._pool = self._start()
            running: dict[Any, tuple[int, int]] = {}
            try:
                while waiting or running:
                    while waiting and len(running) < 2 * self._workers:
                        block = waiting.pop()
                        running[self._submit(block)] = block
                    for future in wait(running, timeout=_POLL, return_when=FIRST_COMPLETED).done:
                        tables = future.result()
                        in_row = 0
                        yield running.pop(future), tables
            except BrokenProcessPool as error:
                self.deaths += 1
                in_row += 1
                waiting += running.values()
                if in_row >= _DEATHS:
                    raise Unavailable("worker processes keep dying; finished blocks are kept", fix="Probably memory: use fewer --workers, then --resume") from error
            finally:
                self._stop()


class _Cluster:
    """A Dask cluster; it does the blocks of a lost worker again by itself."""

    deaths = 0

    def __init__(self, job: Job, address: str) -> None:
        self._job, self._address = job, address
        self._client: Any = None

    def __enter__(self) -> _Cluster:
        from distributed import Client

        try:
            self._client = Client(self._address, timeout="10s", set_as_default=False)
        except (OSError, TimeoutError, ValueError) as error:
            raise Unavailable(f"no Dask scheduler answers at {self._address}", fix="Start one with `dask scheduler`, or leave --cluster out", cluster=self._address) from error
        return self

    def __exit__(self, *_: object) -> None:
        if self._client is not None:
            self._client.close()

    def run(self, todo: list[tuple[int, int]]) -> Iterator[tuple[tuple[int, int], Tables]]:
        from distributed import as_completed

        job = self._client.scatter(self._job, broadcast=True, hash=False)
        futures = {self._client.submit(evaluate_block, job, *block, pure=False, retries=2): block for block in todo}
        for future, tables in as_completed(list(futures), with_results=True, loop=self._client.loop):
            yield futures[future], tables
            future.release()
