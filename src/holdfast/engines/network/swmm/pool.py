"""Worker processes that run SWMM input files: renewed after some runs, replaced when they die, stopped when they take too long."""

from __future__ import annotations

import json
import os
import queue
import subprocess
import sys
import threading
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from time import monotonic
from typing import Any

from holdfast.model.lifeline import CaseStatus

POLL = 0.1  # seconds between looks at the clock and at a request to stop


@dataclass(frozen=True, slots=True)
class Job:
    """One input file to run. series: keep results over time beside it (.out)."""

    input: Path
    series: bool = False

    @property
    def report(self) -> Path:
        return self.input.with_suffix(".rpt")

    @property
    def output(self) -> Path:
        return self.input.with_suffix(".out")

    @property
    def stats(self) -> Path:
        return self.input.with_suffix(".npz")


@dataclass(frozen=True, slots=True)
class Done:
    """How a job ended. balance: (runoff, routing, quality) errors [%]; seconds: CPU time; attempts: 2 where its first worker was lost."""

    status: CaseStatus
    message: str = ""
    balance: tuple[float, float, float] = (float("nan"),) * 3
    seconds: float = float("nan")
    attempts: int = 1
    version: int = 0


class Lost(Exception):
    """A worker ended without an answer."""


class Stopped(Exception):
    """A worker was stopped: it took too long, or nobody wants the answer any more."""


class Worker:
    """One process. It ends with its parent, because its input does."""

    def __init__(self) -> None:
        environment = {**os.environ, "OMP_NUM_THREADS": "1", "PYTHONPATH": os.pathsep.join(p for p in sys.path if p)}
        command = [sys.executable, "-m", f"{__package__}.worker"]
        self.process = subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, env=environment, text=True, encoding="utf-8")
        self.runs = 0
        self._answers: queue.Queue[str | None] = queue.Queue()
        threading.Thread(target=self._listen, daemon=True).start()

    def _listen(self) -> None:
        assert self.process.stdout is not None
        for line in self.process.stdout:
            self._answers.put(line)
        self._answers.put(None)

    def ask(self, job: Job, timeout: float, cancelled: threading.Event) -> dict[str, Any]:
        """Run a job and wait. raises Lost if the process ends, Stopped after `timeout` seconds or when cancelled"""
        self.runs += 1
        request = {"input": str(job.input), "report": str(job.report), "output": str(job.output), "stats": str(job.stats), "series": job.series}
        assert self.process.stdin is not None
        try:
            self.process.stdin.write(json.dumps(request) + "\n")
            self.process.stdin.flush()
        except OSError as error:
            raise Lost(str(error)) from error
        end = monotonic() + timeout
        while True:
            if cancelled.is_set():
                raise Stopped("cancelled")
            if monotonic() > end:
                raise Stopped(f"it took longer than {timeout:g} s")
            try:
                line = self._answers.get(timeout=POLL)
            except queue.Empty:
                continue
            if line is None:
                raise Lost(f"the worker ended with code {self.process.wait()}")
            return json.loads(line)

    def close(self, *, now: bool = False) -> None:
        """End the process; `now` does not let it finish."""
        if now:
            self.process.kill()
        elif self.process.stdin is not None:
            try:
                self.process.stdin.close()
            except OSError:
                self.process.kill()
        try:
            self.process.wait(10)
        except subprocess.TimeoutExpired:
            self.process.kill()
            self.process.wait()
        for stream in (self.process.stdin, self.process.stdout):
            if stream is not None and not stream.closed:
                try:
                    stream.close()
                except OSError:
                    continue


@dataclass(slots=True)
class Pool:
    """Workers that share a list of jobs.

    workers   processes
    recycle   runs after which a process is renewed: the engine leaks handles and memory over thousands of runs
    timeout   seconds of one job
    """

    workers: int = 1
    recycle: int = 200
    timeout: float = 600.0
    _living: set[Worker] = field(default_factory=set)
    _lock: threading.Lock = field(default_factory=threading.Lock)

    def pids(self) -> list[int]:
        """Processes at work now."""
        with self._lock:
            return [worker.process.pid for worker in self._living]

    def run(self, jobs: Sequence[Job | Callable[[], Job]], cancelled: threading.Event | None = None, finished: Callable[[int, Done], None] | None = None) -> list[Done]:
        """Run jobs and return how each ended, in their order.

        jobs       files, or functions that write one when its turn comes
        cancelled  when set, running jobs are stopped and all that are left are CANCELLED
        finished   called with position and end of each job, from the thread that ran it; an exception in it ends the call
        """
        stop = cancelled or threading.Event()
        done = [Done(CaseStatus.CANCELLED, "cancelled") for _ in jobs]
        waiting: queue.SimpleQueue[int] = queue.SimpleQueue()
        for at in range(len(jobs)):
            waiting.put(at)
        failure: list[BaseException] = []

        def work() -> None:
            worker: Worker | None = None
            try:
                while not stop.is_set() and not failure:
                    at = waiting.get_nowait()
                    made = jobs[at]
                    job = made if isinstance(made, Job) else made()
                    done[at], worker = self._one(job, worker, stop)
                    if finished is not None:
                        finished(at, done[at])
            except queue.Empty:
                pass
            except BaseException as error:  # reaches the caller below
                failure.append(error)
            finally:
                self._end(worker, now=False)

        threads = [threading.Thread(target=work) for _ in range(max(1, min(self.workers, len(jobs))))]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        if failure:
            raise failure[0]
        return done

    def _one(self, job: Job, worker: Worker | None, stop: threading.Event) -> tuple[Done, Worker | None]:
        """One job, tried again once where its worker was lost; also the worker to go on with."""
        lost = ""
        for attempt in (1, 2):
            if worker is not None and worker.runs >= self.recycle:
                self._end(worker, now=False)
                worker = None
            if worker is None:
                worker = Worker()
                with self._lock:
                    self._living.add(worker)
            try:
                reply = worker.ask(job, self.timeout, stop)
            except Lost as error:
                lost = str(error)
                self._end(worker, now=True)
                worker = None
                continue
            except Stopped as error:
                self._end(worker, now=True)
                status = CaseStatus.CANCELLED if stop.is_set() else CaseStatus.FAILED
                return Done(status, str(error), attempts=attempt), None
            status = CaseStatus.SOLVED if reply["done"] else CaseStatus.FAILED
            balance = tuple(reply.get("balance", (float("nan"),) * 3))
            if not reply["done"]:  # what the engine left behind after an error is not trusted with another model
                self._end(worker, now=True)
                worker = None
            return Done(status, reply["message"], balance, reply["seconds"], attempt, reply["version"]), worker
        return Done(CaseStatus.FAILED, f"{lost}, twice", attempts=2), None

    def _end(self, worker: Worker | None, *, now: bool) -> None:
        if worker is not None:
            worker.close(now=now)
            with self._lock:
                self._living.discard(worker)


__all__ = ["Done", "Job", "Pool"]
