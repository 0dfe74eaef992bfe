"""Starting is quick because heavy libraries wait until they are needed. Counts of modules, not wall time."""

from __future__ import annotations

import subprocess
import sys

import pytest

HEAVY = {"pandas", "geopandas", "pyogrio", "rasterio", "numba", "ezdxf", "osmium", "fastapi", "uvicorn", "matplotlib", "psycopg"}


def loaded(code: str) -> set[str]:
    """Modules that Python loads while running a statement."""
    result = subprocess.run([sys.executable, "-X", "importtime", "-c", code], capture_output=True, text=True, check=True)
    return {line.rpartition("|")[2].strip() for line in result.stderr.splitlines() if line.startswith("import time:")}


def test_import_holdfast_loads_almost_nothing():
    modules = loaded("import holdfast")
    assert {m for m in modules if m.partition(".")[0] in HEAVY | {"numpy", "pyarrow", "shapely", "scipy"}} == set()
    assert len({m for m in modules if m.startswith("holdfast")}) <= 3
    assert len(modules - loaded("pass")) <= 60


@pytest.mark.parametrize(
    ("code", "loads"),
    [
        ("from holdfast import catalog; catalog.load()", "holdfast.model.spec"),
        ("import holdfast.cli", "typer"),
        ("import sys; sys.argv = ['holdfast', '--version']\nfrom holdfast.cli import main\ntry:\n main()\nexcept SystemExit:\n pass", "typer"),
    ],
)
def test_declarations_and_commands_load_without_heavy_libraries(code, loads):
    modules = loaded(code)
    assert loads in modules
    assert sorted({top for m in modules if (top := m.partition(".")[0]) in HEAVY}) == []
