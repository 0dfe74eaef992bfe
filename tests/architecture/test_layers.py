"""The import direction holds, the contracts would notice if it did not, and nothing is exempt."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
import tomllib
from pathlib import Path

import grimp
import pytest

from architecture.source_tree import ROOT, SOURCE

LINT = Path(sys.executable).with_name("lint-imports")


def settings() -> dict:
    return tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["tool"]["importlinter"]


def lint(folder: Path, source: Path) -> subprocess.CompletedProcess[str]:
    """Run the project's contracts on the package below `source`."""
    command = [str(LINT), "--no-cache", "--config", str(ROOT / "pyproject.toml")]
    return subprocess.run(command, cwd=folder, env={**os.environ, "PYTHONPATH": str(source)}, capture_output=True, text=True, check=False)


def test_contracts_are_kept():
    result = lint(ROOT, ROOT / "src")
    assert result.returncode == 0, result.stdout + result.stderr
    assert f"{len(settings()['contracts'])} kept, 0 broken" in result.stdout


def test_nothing_is_exempt():
    text = (ROOT / "pyproject.toml").read_text(encoding="utf-8")
    assert "ignore_imports" not in text and "exclude_type_checking_imports" not in text
    assert all(c.get("exhaustive") for c in settings()["contracts"] if c["type"] == "layers")


def test_every_package_has_its_layer():
    layers = next(c["layers"] for c in settings()["contracts"] if c["type"] == "layers")
    named = {name.strip() for layer in layers for name in layer.split("|")}
    present = {p.stem for p in SOURCE.iterdir() if (p.suffix == ".py" and p.stem != "__init__") or (p / "__init__.py").exists()}
    assert named == present


@pytest.fixture
def skeleton(tmp_path: Path) -> Path:
    """An empty package with the folders of Holdfast and two domains and hazards."""
    for path in SOURCE.iterdir():
        if (path / "__init__.py").exists():
            (tmp_path / "holdfast" / path.name).mkdir(parents=True)
            (tmp_path / "holdfast" / path.name / "__init__.py").touch()
        elif path.suffix == ".py":
            (tmp_path / "holdfast").mkdir(exist_ok=True)
            (tmp_path / "holdfast" / path.name).touch()
    for group in ("domains", "hazards"):
        for name in ("one", "two"):
            (tmp_path / "holdfast" / group / name).mkdir()
            (tmp_path / "holdfast" / group / name / "__init__.py").touch()
    return tmp_path


@pytest.mark.parametrize(
    ("file", "code"),
    [
        ("model/x.py", "import holdfast.store"),
        ("engines/x.py", "def f():\n    from holdfast.io import y"),
        ("io/x.py", "def f():\n    import holdfast.engines"),
        ("store/x.py", "from typing import TYPE_CHECKING\nif TYPE_CHECKING:\n    import holdfast.app"),
        ("domains/one/__init__.py", "from holdfast.domains import two"),
        ("hazards/two/__init__.py", "def f():\n    from holdfast.hazards.one import FIELD"),
        ("app/x.py", "def f():\n    import holdfast.web"),
        ("web/x.py", "import holdfast.store"),
        ("catalog.py", "def f():\n    import holdfast.app"),
    ],
)
def test_a_wrong_import_breaks_a_contract(skeleton, file, code):
    assert lint(skeleton, skeleton).returncode == 0
    (skeleton / "holdfast" / file).write_text(code + "\n", encoding="utf-8")
    (skeleton / "holdfast" / "io" / "y.py").touch()
    result = lint(skeleton, skeleton)
    assert result.returncode == 1 and "BROKEN" in result.stdout, result.stdout + result.stderr


def test_a_cycle_between_siblings_breaks_a_contract(skeleton):
    (skeleton / "holdfast" / "model" / "a.py").write_text("def f():\n    from holdfast.model import b\n", encoding="utf-8")
    (skeleton / "holdfast" / "model" / "b.py").write_text("from holdfast.model import a\n", encoding="utf-8")
    assert lint(skeleton, skeleton).returncode == 1


def test_a_package_without_a_layer_breaks_a_contract(skeleton):
    shutil.copytree(skeleton / "holdfast" / "model", skeleton / "holdfast" / "extra")
    assert lint(skeleton, skeleton).returncode == 1


def test_the_graph_counts_imports_inside_functions():
    graph = grimp.build_graph("holdfast", cache_dir=None)
    assert graph.direct_import_exists(importer="holdfast", imported="holdfast.app.cities"), "holdfast.open imports inside the function"
