"""Workers that share jobs: renewal, failures in what is told, jobs that are written when their turn comes."""

from __future__ import annotations

import threading
from pathlib import Path

import pytest

from holdfast.engines.network.swmm.pool import Done, Job, Pool, Worker
from holdfast.model.lifeline import CaseStatus
from swmm_models import SMALL

SHORT = SMALL.partition("[FILES]")[0].replace("END_TIME 02:00:00", "END_TIME 00:05:00")


def job(folder: Path, name: str, text: str = SHORT) -> Job:
    path = folder / f"{name}.inp"
    path.write_text(text, encoding="utf-8")
    return Job(path)


def test_files_of_a_job_lie_beside_its_input():
    paths = Job(Path("/a/b.inp"))
    assert (paths.report, paths.output, paths.stats) == (Path("/a/b.rpt"), Path("/a/b.out"), Path("/a/b.npz"))


def test_no_jobs_need_no_workers():
    pool = Pool(workers=4)
    assert pool.run([]) == [] and pool.pids() == []


def test_jobs_are_written_when_their_turn_comes_and_answers_keep_their_order(tmp_path: Path):
    made: list[int] = []

    def write(n: int):
        def make() -> Job:
            made.append(n)
            return job(tmp_path, f"j{n}", SHORT if n != 1 else SHORT.replace("Main High River", "Main High Nowhere"))

        return make

    told: dict[int, Done] = {}
    pool = Pool(workers=1)
    done = pool.run([write(n) for n in range(3)], finished=told.__setitem__)
    assert made == [0, 1, 2] and [one.status for one in done] == [CaseStatus.SOLVED, CaseStatus.FAILED, CaseStatus.SOLVED]
    assert told == dict(enumerate(done)) and "Nowhere" in done[1].message and done[0].balance == done[2].balance
    assert pool.pids() == []  # nothing is left behind


def test_a_worker_is_renewed_after_its_runs(tmp_path: Path, monkeypatch):
    started: list[Worker] = []
    original = Worker.__init__
    monkeypatch.setattr(Worker, "__init__", lambda self: (original(self), started.append(self))[0])
    done = Pool(workers=1, recycle=2).run([job(tmp_path, f"r{n}") for n in range(5)])
    assert [one.status for one in done] == [CaseStatus.SOLVED] * 5
    assert [worker.runs for worker in started] == [2, 2, 1] and all(worker.process.poll() is not None for worker in started)


def test_what_fails_in_the_callers_own_code_reaches_the_caller(tmp_path: Path):
    def angry(at: int, one: Done) -> None:
        raise RuntimeError("a full disk")

    pool = Pool(workers=2)
    with pytest.raises(RuntimeError, match="a full disk"):
        pool.run([job(tmp_path, f"f{n}") for n in range(4)], finished=angry)
    assert pool.pids() == []

    def unwritable() -> Job:
        raise OSError("no space left on device")

    with pytest.raises(OSError, match="no space left"):
        pool.run([unwritable])


def test_cancelled_before_it_began(tmp_path: Path):
    stop = threading.Event()
    stop.set()
    assert [one.status for one in Pool().run([job(tmp_path, "c")], stop)] == [CaseStatus.CANCELLED]
