"""What must not be in the repository: places of one machine, package registries, leftovers, large files."""

from __future__ import annotations

import re

from architecture.source_tree import ROOT, tracked_files

MACHINE_PATH = re.compile(r"(^|[^a-zA-Z0-9_.])(/wor" + r"k/|/roo" + r"t/|/hom" + r"e/[a-z]+/|/Use" + r"rs/[A-Za-z]+/|[A-Z]:\\Use" + r"rs)")
REGISTRY = re.compile("|".join(("pypi" + r"\.org", "python" + "hosted", r"registry\.np" + "m", r"deb\.de" + "bian", "npm" + "mirror", "tuna" + r"\.", "artifact" + "ory")))
LEFTOVER = re.compile(r"\b(TO" + r"DO|FIX" + r"ME|XX" + r"X|HA" + r"CK)\b")
TEXT = {".py", ".ts", ".vue", ".md", ".toml", ".json", ".yml", ".yaml", ".sh", ".css", ".html", ".lock", ".txt", ".cfg", ".ini", ".service", ""}
MAX_BYTES = 500_000


def texts():
    for path in tracked_files():
        if path.suffix in TEXT:
            yield path.relative_to(ROOT).as_posix(), path.read_text(encoding="utf-8")


def search(pattern: re.Pattern[str], skip: tuple[str, ...] = ()) -> list[str]:
    return [f"{name}:{number}: {line.strip()[:120]}" for name, text in texts() if not name.startswith(skip or ("\0",))
            for number, line in enumerate(text.splitlines(), 1) if pattern.search(line)]


def test_files_are_found():
    names = {name for name, _ in texts()}
    assert {"pyproject.toml", "requirements.lock", "ui/package-lock.json", "src/holdfast/__init__.py"} <= names


def test_no_paths_of_one_machine():
    assert search(MACHINE_PATH) == []


def test_no_package_registries_lock_files_included():
    assert search(REGISTRY) == []


def test_no_leftovers():
    assert search(LEFTOVER, skip=("ui/package-lock.json",)) == []


def test_lock_files_pin_by_hash():
    lock = (ROOT / "requirements.lock").read_text(encoding="utf-8")
    pins = re.findall(r"^([A-Za-z0-9_.\-\[\]]+)==", lock, re.MULTILINE)
    blocks = re.split(r"^(?=[A-Za-z0-9])", lock, flags=re.MULTILINE)
    assert len(pins) > 50
    assert all("--hash=sha256:" in block for block in blocks if "==" in block.split("\n")[0])
    npm = (ROOT / "ui" / "package-lock.json").read_text(encoding="utf-8")
    assert '"integrity"' in npm and '"resolved"' not in npm


def test_no_large_files():
    large = {path.name: path.stat().st_size for path in tracked_files() if path.stat().st_size > MAX_BYTES}
    assert large == {}
