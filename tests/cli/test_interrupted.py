"""A real scenario that is killed, stopped or loses a worker, or is computed elsewhere: the answer is that of an uninterrupted run, byte by byte."""

from __future__ import annotations

import json
import multiprocessing
import os
import pty
import re
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest
from typer.testing import CliRunner

import holdfast
from anlan import anlan
from dask_cluster import dask_cluster
from holdfast.app.progress import Progress
from holdfast.app.scenario import run_scenario
from holdfast.cli.main import app
from holdfast.cli.output import CaseBar

pytestmark = pytest.mark.slow
TOML = 'hazard = "quake"\nsamples = 256\nseed = 3\nrestoration = 0\nhours = [0, 24, 720]\n[parameters]\nmagnitude = 6.5\n'
CASES, BLOCKS = 256, 4
OWN = ("run", "seconds", "resumed_cases", "worker_deaths")  # what a summary says of how it was computed
PROGRAM = [sys.executable, "-c", "from holdfast.cli import main; main()"]


@pytest.fixture(scope="module", autouse=True)
def compiled_once(tmp_path_factory):
    """Where Python keeps no compiled modules, the programs started here share them for the time of these tests."""
    with pytest.MonkeyPatch.context() as patch:
        if sys.dont_write_bytecode:
            patch.delenv("PYTHONDONTWRITEBYTECODE", raising=False)
            patch.setenv("PYTHONPYCACHEPREFIX", str(tmp_path_factory.mktemp("pycache")))
        yield


@pytest.fixture(scope="module")
def city(tmp_path_factory) -> str:
    folder = tmp_path_factory.mktemp("interrupted") / "city"
    anlan(folder).close()
    (folder.parent / "shaken.toml").write_text(TOML)
    return str(folder)


@pytest.fixture(scope="module")
def whole(city, tmp_path_factory) -> Path:
    """Folder of the run that nobody disturbed, in one process."""
    folder = tmp_path_factory.mktemp("whole") / "out"
    assert ended(city, folder, "--workers", "1")["resumed_cases"] == 0
    return folder


def arguments(city: str, out: Path, *more: str) -> list[str]:
    return ["scenario", city, str(Path(city).parent / "shaken.toml"), "--out", str(out), *more]


def ended(city: str, out: Path, *more: str) -> dict:
    """Summary of a run in this process that goes to its end."""
    result = CliRunner().invoke(app, [*arguments(city, out, *more), "--json"])
    assert result.exit_code == 0, result.output
    body = json.loads(result.stdout)
    assert body["status"] == "done" and body["summary"]["cases"] == {"total": CASES, "solved": CASES}
    return body["summary"]


def same(whole: Path, other: Path) -> None:
    """Tables, blocks and summary are equal to the last bit, but for times."""
    tables = sorted(path.relative_to(whole) for pattern in ("*.parquet", "blocks/cases-*.parquet", "blocks/assets-*.parquet") for path in whole.glob(pattern))
    assert len(tables) > 2 * BLOCKS + 5
    assert [str(name) for name in tables if (whole / name).read_bytes() != (other / name).read_bytes()] == []
    first, second = ({key: value for key, value in json.loads((folder / "summary.json").read_text()).items() if key not in OWN} for folder in (whole, other))
    assert first == second and first["people_without"]["water"]["24"]["p95"] > 0


def blocks_of(out: Path, process: subprocess.Popen[bytes], least: int = 1) -> int:
    """Number of finished blocks, once there are so many or the program has ended."""
    deadline = time.monotonic() + 150
    while (found := len(list((out / "blocks").glob("cases-*.parquet")))) < least and process.poll() is None and time.monotonic() < deadline:
        time.sleep(0.005)
    return found


def test_a_killed_program_is_gone_on_with(city, whole, tmp_path):
    out = tmp_path / "out"
    quiet = subprocess.DEVNULL
    process = subprocess.Popen([*PROGRAM, *arguments(city, out, "--workers", "2")], stdout=quiet, stderr=quiet, start_new_session=True)
    try:
        blocks_of(out, process)
    finally:
        os.killpg(process.pid, signal.SIGKILL)  # the program and its workers
    assert process.wait() == -signal.SIGKILL and not (out / "summary.json").exists()
    found = blocks_of(out, process)
    assert 0 < found < BLOCKS
    assert ended(city, out, "--workers", "1", "--resume")["resumed_cases"] == found * CASES // BLOCKS
    same(whole, out)


def on_a_terminal(command: list[str]) -> tuple[subprocess.Popen[bytes], int]:
    """A program that has a terminal of its own, which Ctrl+C reaches as all processes of the program; the other end of the terminal."""
    leader, follower = pty.openpty()
    process = subprocess.Popen(["setsid", "--ctty", *command], stdin=follower, stdout=subprocess.DEVNULL, stderr=follower)
    os.close(follower)
    return process, leader


def drawn_until_the_end(leader: int, mark: Path) -> str:
    """What a program draws; Ctrl+C is pressed once when the file is there."""
    drawn, pressed = b"", False
    try:
        while piece := os.read(leader, 65536):
            drawn += piece
            if not pressed and mark.exists():
                pressed = True
                os.write(leader, b"\x03")
    except OSError:  # the other end of a terminal that is gone
        pass
    os.close(leader)
    assert pressed
    return re.sub(r"\x1b\[[0-9;?]*[a-zA-Z]", "", drawn.decode(errors="replace"))


def test_ctrl_c_keeps_what_is_finished_and_says_how_to_go_on(city, whole, tmp_path):
    out = tmp_path / "out"
    process, leader = on_a_terminal([*PROGRAM, *arguments(city, out, "--workers", "2")])
    drawn = drawn_until_the_end(leader, out / "blocks" / "job.pickle")  # what workers read when they start
    assert process.wait() == 130
    assert re.search(rf"━{{24}} +0/{CASES} solving the undisturbed city", drawn)
    assert re.search(rf"[━╸╺]{{24}} +\d+/{CASES} stopping after the cases in hand", drawn), "text too long for 80 columns leaves the bar and its numbers"
    assert "Traceback" not in drawn, "workers leave Ctrl+C to the program"
    found = json.loads((out / "summary.json").read_text())["cases"]
    assert 0 < found["total"] == found["solved"] < CASES
    assert f"stopped after {found['total']} of {CASES} cases" in drawn and "--resume" in drawn
    assert ended(city, out, "--workers", "1", "--resume")["resumed_cases"] == found["total"]
    same(whole, out)


def test_ctrl_c_twice_ends_at_once_and_says_how_to_go_on(city, tmp_path, monkeypatch):
    def impatient(*_: object, watch: CaseBar, **__: object) -> None:
        signal.raise_signal(signal.SIGINT)
        assert watch(Progress(stage="cases")) is False
        signal.raise_signal(signal.SIGINT)
        pytest.fail("the second one did not end it")

    monkeypatch.setattr("holdfast.app.scenario.run_scenario", impatient)
    result = CliRunner().invoke(app, arguments(city, tmp_path / "out"))
    assert result.exit_code == 130 and "--resume" in result.stderr and signal.getsignal(signal.SIGINT) is signal.default_int_handler


def test_a_killed_worker_costs_nothing_but_time(city, whole, tmp_path):
    killed: list[int] = []

    def watch(progress: Progress) -> bool:
        if progress.done and not killed:
            killed.append(multiprocessing.active_children()[0].pid)
            os.kill(killed[0], signal.SIGKILL)
        return True

    with holdfast.open(city) as opened:
        done = run_scenario(opened, str(Path(city).parent / "shaken.toml"), workers=2, out=tmp_path / "out", watch=watch, actor="test")
    assert killed and done.status == "done" and done.answer.summary["worker_deaths"] == 1
    same(whole, tmp_path / "out")


def test_a_dask_cluster_gives_the_answer_of_the_pool(city, whole, tmp_path):
    with dask_cluster(tmp_path, workers=1) as address:
        assert ended(city, tmp_path / "out", "--cluster", address)["worker_deaths"] == 0
    same(whole, tmp_path / "out")
