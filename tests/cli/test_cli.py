"""The command line: outputs for people and machines, exit codes, errors."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import pytest
from typer.testing import CliRunner

import holdfast
from holdfast.cli.main import app

INP = """[TITLE]
 two pipes
[JUNCTIONS]
 J1 10 5
 J2 12 5
[RESERVOIRS]
 R1 50
[PIPES]
 P1 R1 J1 100 300 100 0 Open
 P2 J1 J2 100 200 100 0 Open
[COORDINATES]
 J1 100 0
 J2 200 0
 R1 0 0
[OPTIONS]
 Units LPS
 Headloss H-W
[TIMES]
 Duration 0
[END]
"""


def call(*arguments: str, code: int = 0) -> str:
    result = CliRunner().invoke(app, list(arguments))
    assert result.exit_code == code, (result.output, result.exception)
    return result.stdout


def call_json(*arguments: str, code: int = 0) -> dict:
    return json.loads(call(*arguments, "--json", code=code))


@pytest.fixture
def town(tmp_path: Path) -> str:
    city = str(tmp_path / "小镇 town")
    call("init", city, "--crs", "local", "--name", "小镇")
    (tmp_path / "net.inp").write_text(INP)
    call("import", city, str(tmp_path / "net.inp"), "--crs", "local:m")
    return city


def test_help_lists_the_stable_commands() -> None:
    text = call("--help")
    for name in ("init", "import", "check", "export", "diff", "history", "summary", "backup", "restore", "upgrade", "doctor", "policy", "run", "serve"):
        assert f" {name} " in text
    assert call("--version").startswith(f"holdfast {holdfast.__version__}")


def test_init_says_what_it_made(tmp_path: Path) -> None:
    made = call_json("init", str(tmp_path / "a"), "--crs", "EPSG:4547")
    assert (made["crs"], made["assets"]) == ("EPSG:4547", 0)
    assert call_json("init", str(tmp_path / "a"), code=5)["error"]["title"] == "Conflict"
    assert "degrees" in json.dumps(call_json("init", str(tmp_path / "b"), "--crs", "EPSG:4326", code=4))


def test_import_summary_and_export(town: str, tmp_path: Path) -> None:
    found = call_json("summary", town)
    assert found["kinds"]["water.pipe"] == 2
    assert set(found["findings"]) == {"error", "warning", "info"}
    assert isinstance(found["unmet_needs"], list)
    assert "小镇" in call("summary", town)
    facts = call_json("export", town, str(tmp_path / "out.inp"))
    assert facts["format"] == "epanet"
    assert "[PIPES]" in (tmp_path / "out.inp").read_text()


def test_import_reports_and_dry_runs(town: str, tmp_path: Path) -> None:
    again = call_json("import", town, str(tmp_path / "net.inp"), "--crs", "local:m", "--dry-run")
    assert again["dry_run"]
    assert again["rules"]["import.exists"] >= 5
    assert "Dry run" in call("import", town, str(tmp_path / "net.inp"), "--crs", "local:m", "--dry-run", "--findings", str(tmp_path / "f.csv"))
    assert "import.exists" in (tmp_path / "f.csv").read_text()


def test_update_closes_and_appends_and_diff_shows_it(town: str, tmp_path: Path) -> None:
    newer = tmp_path / "newer.inp"
    newer.write_text(INP.replace(" P2 J1 J2 100 200", " P2 J1 J2 100 400").replace("two pipes", "wider"))
    report = call_json("import", town, str(newer), "--crs", "local:m", "--update", "--valid-from", "2030-01-01")
    assert report["changes"]["changed"] >= 1
    log = call_json("history", town, "water.pipe:P2")["changes"]
    assert any((c["field"], c["old"], c["new"]) == ("diameter", "0.2", "0.4") for c in log)
    shown = call_json("diff", town, "--from", "2029-01-01", "--to", "2031-01-01", "--kind", "water.pipe")
    assert {(c["id"], c["field"]) for c in shown["changes"]} == {("water.pipe:P2", "diameter")}


def test_check_sets_the_exit_code_and_writes_files(town: str, tmp_path: Path) -> None:
    csv, points = tmp_path / "found.csv", tmp_path / "found.geojson"
    found = call_json("check", town, "--fail-on", "never", "--csv", str(csv), "--geojson", str(points))
    assert set(found["findings"]) == {"error", "warning", "info"}
    assert csv.read_text().startswith('"kind","column","id","rule"')
    assert json.loads(points.read_text())["type"] == "FeatureCollection"
    total = sum(found["findings"].values())
    partly = call_json("check", town, "--fail-on", "never", "--kind", "water.reservoir")
    assert partly["findings"] != found["findings"]
    assert call_json("summary", town)["findings"] == found["findings"], "a check of some kinds says nothing about the city"
    call("check", town, "--fail-on", "info", code=1 if total else 0)
    call("check", town, "--fail-on", "dreadful", code=4)


def test_backup_and_restore(town: str, tmp_path: Path) -> None:
    call("backup", town, str(tmp_path / "town.tar"))
    call("restore", str(tmp_path / "town.tar"), str(tmp_path / "again"))
    assert call_json("summary", str(tmp_path / "again"))["kinds"] == call_json("summary", town)["kinds"]
    call("restore", str(tmp_path / "town.tar"), town, code=5)
    assert call_json("upgrade", town) == {"steps": []}


def test_run_lists_and_runs_capabilities(town: str) -> None:
    names = [c["name"] for c in call_json("run", town)["capabilities"]]
    assert "base.assess_survey" in names
    done = call_json("run", town, "base.assess_survey")
    assert done["status"] == "done"
    assert "--kinds" in call("run", town, "base.assess_survey", "--help")
    call("run", town, "base.assess_everything", code=3)
    call("run", town, "base.assess_survey", "--no-such-option", code=2)


def test_errors_have_exit_codes_and_problem_details(tmp_path: Path) -> None:
    problem = call_json("summary", str(tmp_path / "nowhere"), code=3)["error"]
    assert (problem["type"], problem["status"]) == ("urn:holdfast:error:notfound", 404)
    assert problem["fix"]


def test_doctor_and_policy(tmp_path: Path) -> None:
    checks = call_json("doctor")["checks"]
    assert {c["status"] for c in checks} <= {"ok", "warn"}
    clauses = call_json("policy")
    assert any(c["clause"] == "1a" and c["capabilities"] for c in clauses["clauses"])


def test_json_goes_to_standard_output_and_messages_to_standard_error(tmp_path: Path) -> None:
    done = subprocess.run([sys.executable, "-c", "from holdfast.cli import main; main()", "summary", str(tmp_path), "--json"], capture_output=True, text=True, check=False)
    assert done.returncode == 3
    assert json.loads(done.stdout)["error"]["status"] == 404
    assert "no city" in done.stderr


def test_progress_is_drawn_on_a_terminal_only(tmp_path: Path) -> None:
    import os
    import pty

    (tmp_path / "net.inp").write_text(INP)
    call("init", str(tmp_path / "city"), "--crs", "local")
    leader, follower = pty.openpty()
    command = ["import", str(tmp_path / "city"), str(tmp_path / "net.inp"), "--crs", "local:m"]
    done = subprocess.Popen([sys.executable, "-c", "from holdfast.cli import main; main()", *command], stdout=subprocess.PIPE, stderr=follower)
    os.close(follower)
    drawn = b""
    try:
        while piece := os.read(leader, 65536):
            drawn += piece
    except OSError:  # the other end of a terminal that is gone
        pass
    os.close(leader)
    assert done.stdout is not None
    assert "By kind" in done.stdout.read().decode()
    done.stdout.close()
    assert done.wait() == 0
    assert b"net.inp" in drawn and b"rows" in drawn
