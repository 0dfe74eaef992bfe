"""Every example in the manual works as printed: files are saved, commands run, Python executed, page by page in order."""

from __future__ import annotations

import os
import re
import shlex
import subprocess
import sys
from pathlib import Path

import pytest
from typer.testing import CliRunner

from docs.manual import ROOT, RUNNABLE, Example, examples, pages
from holdfast.cli.main import app

LANGUAGES = {"python", "console", "sh", "toml", "csv", "json", "text", "ini", "xml"}


def environment() -> dict[str, str]:
    """The reader's shell: this environment's commands first, wide enough not to wrap."""
    return {**os.environ, "PATH": f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}", "COLUMNS": "200", "PYTHONPATH": str(ROOT / "src")}


def execute(example: Example, folder: Path, space: dict) -> None:
    """Do what one block says."""
    place = f"{example.page}:{example.line}"
    if example.file is not None:
        assert re.fullmatch(r"[\w.-]+", example.file), f"{place}: a file name only"
        (folder / example.file).write_text(example.body, encoding="utf-8")
    elif example.lang == "python":
        exec(compile("\n" * example.line + example.body, place, "exec"), space)
    elif example.lang == "console":
        for command, code in example.commands():
            ended, said = run_here(command) if is_plain(command) and example.page != "README.md" else run_in_shell(command, folder)
            assert ended == code, f"{place}: {command}\nended with {ended}\n{said[-4000:]}"


def is_plain(command: str) -> bool:
    """True for a `holdfast` command without anything that only a shell understands."""
    return command.startswith("holdfast ") and not set(command) & set("|><;&$*`")


def run_here(command: str) -> tuple[int, str]:
    """The command in this process, which saves starting Python for each of them; the README's are run in a shell."""
    result = CliRunner().invoke(app, shlex.split(command)[1:], prog_name="holdfast")
    if result.exception is not None and not isinstance(result.exception, SystemExit):
        raise result.exception
    return result.exit_code, result.output


def run_in_shell(command: str, folder: Path) -> tuple[int, str]:
    done = subprocess.run(["bash", "-c", command], cwd=folder, env=environment(), capture_output=True, text=True, check=False, timeout=300)
    return done.returncode, done.stdout + done.stderr


@pytest.mark.slow
@pytest.mark.parametrize("page", [p for p in pages() if any(e.lang in RUNNABLE for e in examples(p))], ids=lambda p: p.stem)
def test_examples_work_as_printed(page: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    space: dict = {"__name__": "__main__"}
    for example in examples(page):
        execute(example, tmp_path, space)


def test_every_block_says_what_it_is() -> None:
    unknown = [f"{e.page}:{e.line} {e.lang!r}" for p in pages() for e in examples(p) if e.lang not in LANGUAGES]
    assert unknown == []


def test_console_blocks_contain_commands() -> None:
    empty = [f"{e.page}:{e.line}" for p in pages() for e in examples(p) if e.lang == "console" and not e.commands()]
    assert empty == []


def test_make_targets_in_the_manual_exist() -> None:
    targets = set(re.findall(r"^([a-z]+):", (ROOT / "Makefile").read_text(encoding="utf-8"), re.MULTILINE))
    named = {name for p in pages() for name in re.findall(r"(?:^|[`$ ])make ([a-z]+)", "\n".join(e.body for e in examples(p) if e.lang == "sh"))}
    assert {"demo", "test"} <= named <= targets


def test_a_wrong_example_is_noticed(tmp_path: Path) -> None:
    with pytest.raises(AssertionError, match="ended with 3"):
        execute(Example("x.md", 1, "console", None, "$ exit 3\n"), tmp_path, {})
    with pytest.raises(ZeroDivisionError):
        execute(Example("x.md", 1, "python", None, "1 / 0\n"), tmp_path, {})
    execute(Example("x.md", 1, "console", None, "$ exit 1  # exit 1\n"), tmp_path, {})
