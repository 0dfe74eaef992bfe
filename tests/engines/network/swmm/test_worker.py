"""The worker's protocol, spoken by hand: one line in, one line out, whatever a model does to the engine."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest

from holdfast.engines.network.swmm import worker
from swmm_models import SMALL

PLAIN = SMALL.partition("[FILES]")[0]  # without the files it would save elsewhere


@pytest.fixture
def process() -> Iterator[subprocess.Popen[str]]:
    environment = {**os.environ, "PYTHONPATH": os.pathsep.join(part for part in sys.path if part)}
    started = subprocess.Popen([sys.executable, "-m", "holdfast.engines.network.swmm.worker"], stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True,
                               env=environment)  # fmt: skip
    yield started
    started.kill()
    started.wait()
    for stream in (started.stdin, started.stdout, started.stderr):
        stream.close()


def ask(process: subprocess.Popen[str], path: Path, series: bool = False) -> dict:
    request = {"input": str(path), "report": str(path.with_suffix(".rpt")), "output": str(path.with_suffix(".out")), "stats": str(path.with_suffix(".npz")), "series": series}
    assert process.stdin is not None and process.stdout is not None
    process.stdin.write(json.dumps(request) + "\n")
    process.stdin.flush()
    return json.loads(process.stdout.readline())


def test_models_good_and_bad_one_after_the_other_in_one_process(process, tmp_path: Path):
    good, bad, none = tmp_path / "good.inp", tmp_path / "bad.inp", tmp_path / "none.inp"
    good.write_text(PLAIN, encoding="utf-8")
    bad.write_text(PLAIN.replace("Main High River", "Main High Nowhere"), encoding="utf-8")
    first = ask(process, good, series=True)
    assert first["done"] and first["message"] == "" and first["version"] // 10_000 == 5 and len(first["balance"]) == 3 and first["seconds"] > 0
    failed = ask(process, bad)
    assert not failed["done"] and "209" in failed["message"] and "Nowhere" in failed["message"]  # the engine's words, from its report
    lost = ask(process, none)
    assert not lost["done"] and lost["message"]
    again = ask(process, good)
    assert again["done"] and again["balance"] == first["balance"]


def test_statistics_are_written_beside_the_answer(process, tmp_path: Path):
    path = tmp_path / "small.inp"
    path.write_text(PLAIN, encoding="utf-8")
    assert ask(process, path)["done"]
    stats = np.load(path.with_suffix(".npz"))
    assert stats["node"].tolist() == ["High", "Low", "River", "Sea", "Well"] and "Main" in stats["link"].tolist()
    assert len(stats["flooded_volume"]) == len(stats["node"]) and len(stats["peak_flow"]) == len(stats["link"])
    assert (stats["peak_depth"] >= 0).all() and stats["peak_depth"].max() > 0.1 and stats["surface"][0] > 0
    assert not path.with_suffix(".out").exists() or path.with_suffix(".out").stat().st_size < 100_000


def test_it_ends_when_its_input_ends(process):
    assert process.stdin is not None
    process.stdin.close()
    assert process.wait(20) == 0


def test_errors_are_found_in_the_report(tmp_path: Path):
    report = tmp_path / "a.rpt"
    assert worker._errors(report) == ""
    report.write_text("title\n  ERROR 209: undefined object Nowhere\n  at line 40 of input file:\n" + "  ERROR 1: x\n" * 9, encoding="utf-8")
    found = worker._errors(report)
    assert found.startswith("ERROR 209: undefined object Nowhere at line 40 of input file:") and found.count("ERROR") <= 10
