"""Ensembles: the same numbers however they are spread, and nothing lost when something dies."""

from __future__ import annotations

import errno
import os
import subprocess
import sys
import textwrap
import time
from pathlib import Path

import numpy as np
import pytest

import toy_job
from dask_cluster import dask_cluster
from holdfast.engines.scenario import ensemble
from holdfast.model.errors import Conflict, Invalid, Unavailable

CASES, BLOCK = 24, 4


def job(**task: object) -> ensemble.Job:
    return ensemble.Job(toy_job.draw, {"seed": 3, **task}, CASES, key="toy 3", block=BLOCK)


def values(folder: Path) -> np.ndarray:
    return ensemble.read(folder, "values")["value"].to_numpy()


@pytest.fixture(scope="module")
def reference(tmp_path_factory: pytest.TempPathFactory) -> np.ndarray:
    folder = tmp_path_factory.mktemp("reference")
    assert ensemble.run(job(), folder).done == CASES
    return values(folder)


def test_blocks_cover_all_cases_once():
    blocks = ensemble.Job(toy_job.draw, {}, 10, "k", 4).blocks()
    assert blocks == [(0, 4), (4, 8), (8, 10)]


def test_block_size_does_not_change_a_case(tmp_path, reference):
    ensemble.run(ensemble.Job(toy_job.draw, {"seed": 3}, CASES, "toy 3", 7), tmp_path)
    assert np.array_equal(values(tmp_path), reference)


def test_processes_give_the_same_numbers(tmp_path, reference):
    outcome = ensemble.run(job(), tmp_path, workers=2)
    assert (outcome.status, outcome.done, outcome.deaths) == ("done", CASES, 0)
    assert np.array_equal(values(tmp_path), reference)
    assert not (tmp_path / "job.pickle").exists()


def test_a_killed_worker_loses_nothing(tmp_path, reference):
    outcome = ensemble.run(job(kill=str(tmp_path / "killed")), tmp_path / "out", workers=2)
    assert (outcome.status, outcome.done) == ("done", CASES) and outcome.deaths == 1
    assert np.array_equal(values(tmp_path / "out"), reference)


def test_workers_that_keep_dying_end_the_run(tmp_path):
    with pytest.raises(Unavailable, match="keep dying"):
        ensemble.run(job(always_kill=True), tmp_path, workers=2)


def test_one_bad_case_is_reported_and_the_others_kept(tmp_path, reference):
    ensemble.run(job(fails=6), tmp_path)
    cases = ensemble.read(tmp_path, "cases")
    assert cases["case"].to_pylist() == list(range(CASES))
    assert [c for c, s in zip(cases["case"].to_pylist(), cases["status"].to_pylist(), strict=True) if s] == [6]
    assert np.array_equal(values(tmp_path), np.delete(reference.reshape(CASES, 2), 6, axis=0).ravel())


def test_cancel_and_resume(tmp_path, reference):
    seen = []

    def stop_at_ten(done: int, total: int, latest: dict) -> bool:
        seen.append((done, total, latest["cases"].num_rows))
        return done < 10

    first = ensemble.run(job(), tmp_path, watch=stop_at_ten)
    assert first.status == "cancelled" and first.done == 12 and seen == [(4, CASES, 4), (8, CASES, 4), (12, CASES, 4)]
    with pytest.raises(Conflict, match="holds results"):
        ensemble.run(job(), tmp_path)
    with pytest.raises(Conflict, match="another run"):
        ensemble.run(ensemble.Job(toy_job.draw, {"seed": 4}, CASES, "toy 4", BLOCK), tmp_path, resume=True)
    second = ensemble.run(job(), tmp_path, resume=True)
    assert (second.status, second.done, second.resumed) == ("done", CASES, 12)
    assert np.array_equal(values(tmp_path), reference)
    assert ensemble.run(job(), tmp_path, resume=True).resumed == CASES


def test_resume_after_the_whole_run_was_killed(tmp_path, reference):
    script = textwrap.dedent(f"""
        import sys; sys.path[:0] = {[str(Path(toy_job.__file__).parent)]!r}
        import toy_job; from pathlib import Path; from holdfast.engines.scenario import ensemble
        if __name__ == "__main__":
            ensemble.run(ensemble.Job(toy_job.draw, {{"seed": 3, "sleep": 0.05}}, {CASES}, "toy 3", {BLOCK}), Path({str(tmp_path)!r}), workers=2)
    """)
    (tmp_path / "main.py").write_text(script)
    process = subprocess.Popen([sys.executable, str(tmp_path / "main.py")], start_new_session=True)
    deadline = time.monotonic() + 60
    while len(list(tmp_path.glob("cases-*.parquet"))) < 2 and time.monotonic() < deadline and process.poll() is None:
        time.sleep(0.02)
    workers = [int(pid) for pid in Path(f"/proc/{process.pid}/task/{process.pid}/children").read_text().split()]
    process.kill()
    process.wait()
    while any(Path(f"/proc/{pid}").exists() for pid in workers) and time.monotonic() < deadline:
        time.sleep(0.05)
    assert workers and not any(Path(f"/proc/{pid}").exists() for pid in workers), "workers end with the process that gave them work"
    (tmp_path / "values-00000000-00000004.parquet.part").write_bytes(b"half")
    outcome = ensemble.run(job(), tmp_path, resume=True)
    assert 0 < outcome.resumed <= CASES and outcome.done == CASES
    assert np.array_equal(values(tmp_path), reference)
    assert not list(tmp_path.glob("*.part"))


def test_a_full_disk_says_so_and_keeps_what_is_finished(tmp_path, monkeypatch, reference):
    real, written = os.fsync, []

    def full(handle: int) -> None:
        written.append(handle)
        if len(written) > 5:  # the manifest and two blocks of two files fit
            raise OSError(errno.ENOSPC, "no space left on device")
        real(handle)

    monkeypatch.setattr(os, "fsync", full)
    with pytest.raises(Unavailable, match="disk is full"):
        ensemble.run(job(), tmp_path)
    monkeypatch.undo()
    assert len(list(tmp_path.glob("cases-*.parquet"))) == 2 and not list(tmp_path.glob("*.part"))
    ensemble.run(job(), tmp_path, resume=True)
    assert np.array_equal(values(tmp_path), reference)


def test_a_real_full_disk(tmp_path):
    mount = tmp_path / "small"
    mount.mkdir()
    if subprocess.run(["mount", "-t", "tmpfs", "-o", "size=16k", "none", str(mount)], capture_output=True, check=False).returncode:
        pytest.skip("mounting a small file system needs root")
    try:
        with pytest.raises(Unavailable, match="disk is full"):
            ensemble.run(job(), mount)
    finally:
        subprocess.run(["umount", "-l", str(mount)], check=True)


def test_no_workers_is_refused(tmp_path):
    with pytest.raises(Invalid, match="at least one worker"):
        ensemble.run(job(), tmp_path, workers=0)


def test_an_unreachable_cluster_is_said(tmp_path):
    with pytest.raises(Unavailable, match="no Dask scheduler answers"):
        ensemble.run(job(), tmp_path, cluster="tcp://127.0.0.1:9")


@pytest.mark.slow
def test_a_dask_cluster_gives_the_same_numbers_though_a_worker_is_killed(tmp_path, reference):
    with dask_cluster(tmp_path, workers=2) as address:
        outcome = ensemble.run(job(sleep=0.05, kill=str(tmp_path / "killed")), tmp_path / "out", cluster=address)
    assert (outcome.status, outcome.done) == ("done", CASES)
    assert (tmp_path / "killed").exists()
    assert np.array_equal(values(tmp_path / "out"), reference)  # blocks are read in the order of the cases, whoever finished first
