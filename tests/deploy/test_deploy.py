"""What people run to set up and to serve: the scripts are sound, the demo ends, the unit starts what exists."""

from __future__ import annotations

import configparser
import os
import re
import shlex
import shutil
import subprocess
from pathlib import Path

import pytest
from typer.main import get_command

from holdfast.cli.main import app

ROOT = Path(__file__).resolve().parents[2]


@pytest.mark.parametrize("script", ["deploy/bootstrap.sh", "deploy/demo.sh", ".ci/run"])
def test_scripts_are_executable_and_parse(script: str) -> None:
    path = ROOT / script
    assert os.access(path, os.X_OK)
    assert path.read_text(encoding="utf-8").startswith("#!/usr/bin/env bash\n")
    assert "set -euo pipefail" in path.read_text(encoding="utf-8")
    subprocess.run(["bash", "-n", str(path)], check=True)


def test_ci_runs_what_a_developer_runs() -> None:
    assert (ROOT / ".ci" / "run").read_text(encoding="utf-8").rstrip().endswith("exec make test")


def test_make_knows_its_targets() -> None:
    for target in ("demo", "test", "lint", "bench", "docs"):
        subprocess.run(["make", "-n", target, "SERVE=0"], cwd=ROOT, check=True, capture_output=True)


def test_an_unknown_stage_is_refused() -> None:
    done = subprocess.run(["deploy/bootstrap.sh", "everything"], cwd=ROOT, capture_output=True, text=True, check=False)
    assert done.returncode == 1 and "unknown stage" in done.stderr


def test_the_service_unit_starts_an_existing_command() -> None:
    unit = configparser.ConfigParser(interpolation=None)
    unit.read(ROOT / "deploy" / "holdfast.service", encoding="utf-8")
    program, command, *arguments = shlex.split(unit["Service"]["ExecStart"])
    known = get_command(app).commands[command]
    options = {name for parameter in known.params for name in parameter.opts}
    assert program.endswith("/.venv/bin/holdfast")
    assert {a for a in arguments if a.startswith("--")} <= options


@pytest.fixture
def checkout(tmp_path: Path) -> Path:
    """A copy of the scripts with a `holdfast` that only records what it is asked."""
    shutil.copytree(ROOT / "deploy", tmp_path / "deploy")
    (tmp_path / ".venv" / "bin").mkdir(parents=True)
    fake = tmp_path / ".venv" / "bin" / "holdfast"
    fake.write_text('#!/usr/bin/env bash\necho "$@" >> calls\n[ "$1" = check ] && exit ${CHECK:-0}\n[ "$1" = init ] && mkdir "$2" && touch "$2/city.gpkg"\nexit 0\n')
    fake.chmod(0o755)
    return tmp_path


REHEARSAL = "scenario demo-city quake-m6.5 --samples 20 --seed 1 --out demo-city/rehearsal"


def demo(checkout: Path, serve: str, check: str = "0") -> tuple[int, list[str]]:
    command = ["deploy/demo.sh", "demo-city", "2000", "7", serve, "127.0.0.1", "8600", "20"]
    done = subprocess.run(command, cwd=checkout, env={**os.environ, "CHECK": check}, capture_output=True, text=True, check=False)
    calls = (checkout / "calls").read_text().split("\n")[:-1] if (checkout / "calls").exists() else []
    (checkout / "calls").unlink(missing_ok=True)
    return done.returncode, calls


def test_the_demo_builds_shows_checks_and_serves_in_this_order(checkout: Path) -> None:
    assert demo(checkout, "0") == (0, ["init demo-city --sample --assets 2000 --seed 7", "check demo-city", "summary demo-city", REHEARSAL])
    code, calls = demo(checkout, "1")
    assert code == 0 and re.fullmatch(r"serve demo-city --host 127.0.0.1 --port 8600", calls[-1])


def test_findings_do_not_stop_the_demo_but_failures_do(checkout: Path) -> None:
    assert demo(checkout, "0", check="1")[0] == 0
    assert demo(checkout, "0", check="4")[0] == 4


def test_the_demo_never_removes_what_is_no_city(checkout: Path) -> None:
    (checkout / "demo-city").mkdir()
    (checkout / "demo-city" / "thesis.txt").write_text("mine")
    code, calls = demo(checkout, "0")
    assert code == 1 and calls == [] and (checkout / "demo-city" / "thesis.txt").exists()
