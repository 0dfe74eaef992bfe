"""The benchmark runner: every benchmark says what, and one run ends in one JSON object."""

from __future__ import annotations

import ast
import importlib.util
import json
import re
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]


def load_runner():
    spec = importlib.util.spec_from_file_location("bench_runner", ROOT / "bench" / "__main__.py")
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


runner = load_runner()


def test_the_promised_benchmarks_are_there():
    assert {
        "bulk_import", "bbox_query", "network_load", "startup", "sample_city", "water_ensemble", "coupled_disruption", "quake_micropolis", "cascade", "damage", "power_batch",
        "paths", "assignment", "ensemble_scaling", "trace", "gas_ensemble", "heat_ensemble", "what_if",
    } <= set(runner.names())  # fmt: skip


@pytest.mark.parametrize("name", runner.names())
def test_every_benchmark_names_its_peer_and_returns_all_keys(name):
    tree = ast.parse((ROOT / "bench" / f"{name}.py").read_text(encoding="utf-8"))
    assert re.search(r"\b(against|peer)\b", ast.get_docstring(tree) or ""), "the first line says what it is compared with"
    run = next(node for node in tree.body if isinstance(node, ast.FunctionDef) and node.name == "run")
    returned = {k.value for node in ast.walk(run) if isinstance(node, ast.Dict) for k in node.keys if isinstance(k, ast.Constant)}
    assert set(runner.KEYS) <= returned


def test_one_run_ends_in_one_json_object(tmp_path):
    folder = tmp_path / "bench"
    folder.mkdir()
    (folder / "__main__.py").write_text((ROOT / "bench" / "__main__.py").read_text(encoding="utf-8"), encoding="utf-8")
    body = '"""Sum, against a loop."""\n\n\ndef run():\n    return {"name": "sums", "ours": 1.0, "peer": 2.0, "unit": "s", "ratio": 2.0, "detail": {"n": 3}}\n'
    (folder / "sums.py").write_text(body, encoding="utf-8")
    (folder / "broken.py").write_text('"""Broken, against nothing."""\n\n\ndef run():\n    raise SystemExit("no")\n', encoding="utf-8")
    one = subprocess.run([sys.executable, "-m", "bench", "sums"], cwd=tmp_path, capture_output=True, text=True, check=True)
    assert json.loads(one.stdout.splitlines()[-1]) == {"name": "sums", "ours": 1.0, "peer": 2.0, "unit": "s", "ratio": 2.0, "detail": {"n": 3}}
    whole = subprocess.run([sys.executable, "-m", "bench"], cwd=tmp_path, capture_output=True, text=True, check=False)
    assert whole.returncode == 1
    assert "| sums | 1.0 | 2.0 | s | 2.0 | n 3 |" in (folder / "results" / "results.md").read_text(encoding="utf-8")
    kept = json.loads((folder / "results" / "results.json").read_text(encoding="utf-8"))
    assert kept["failed"] == ["broken"] and [row["name"] for row in kept["results"]] == ["sums"]
    unknown = subprocess.run([sys.executable, "-m", "bench", "nothing"], cwd=tmp_path, capture_output=True, text=True, check=False)
    assert unknown.returncode != 0 and "sums" in unknown.stderr
