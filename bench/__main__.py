"""`python -m bench [NAME]`: run one benchmark and print one JSON object as the last line, or run all and write a table.

A benchmark is a module of this folder with `run() -> dict` of the keys in KEYS. ratio is how many times better ours is
than the named peer, in the same run on the same machine.
"""

from __future__ import annotations

import argparse
import ast
import importlib
import json
import os
import platform
import subprocess
import sys
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

HERE = Path(__file__).parent
RESULTS = HERE / "results"
KEYS = ("name", "ours", "peer", "unit", "ratio", "detail")


def names() -> list[str]:
    """Modules of this folder that define `run`."""
    found = []
    for path in sorted(HERE.glob("*.py")):
        body = ast.parse(path.read_text(encoding="utf-8")).body
        if path.stem != "__main__" and any(isinstance(node, ast.FunctionDef) and node.name == "run" for node in body):
            found.append(path.stem)
    return found


def run_one(name: str) -> dict[str, Any]:
    """Run one benchmark here. raises SystemExit for an unknown name or a result that lacks a key"""
    if name not in names():
        raise SystemExit(f"there is no benchmark {name!r}; there are: {', '.join(names())}")
    result = importlib.import_module(f"bench.{name}").run()
    missing = [key for key in KEYS if key not in result]
    if missing:
        raise SystemExit(f"benchmark {name} gave no {', '.join(missing)}")
    return {key: result[key] for key in KEYS}


def run_all() -> int:
    """Run every benchmark in a process of its own and write results.json and results.md; 1 if one failed."""
    RESULTS.mkdir(exist_ok=True)
    rows, failed = [], []
    for name in names():
        print(f"== {name}", flush=True)
        done = subprocess.run([sys.executable, "-m", "bench", name], cwd=HERE.parent, stdout=subprocess.PIPE, text=True, check=False)
        if done.returncode:
            failed.append(name)
            continue
        rows.append(json.loads(done.stdout.splitlines()[-1]))
        print(json.dumps(rows[-1]), flush=True)
    machine = f"{os.cpu_count()} cores, {platform.system()} {platform.machine()}, Python {platform.python_version()}"
    taken = datetime.now(UTC).isoformat(timespec="seconds")
    (RESULTS / "results.json").write_text(json.dumps({"at": taken, "machine": machine, "results": rows, "failed": failed}, indent=1), encoding="utf-8")
    text = table(rows) + f"\n\n{taken}, {machine}\n" + (f"\nFailed: {', '.join(failed)}\n" if failed else "")
    (RESULTS / "results.md").write_text(text, encoding="utf-8")
    print(f"\n{text}\nWritten to {RESULTS.relative_to(HERE.parent)}/")
    return 1 if failed else 0


def table(rows: list[dict[str, Any]]) -> str:
    """The results as a Markdown table."""
    lines = ["| benchmark | ours | peer | unit | ratio | detail |", "|---|---|---|---|---|---|"]
    for row in rows:
        detail = "; ".join(f"{key} {value}" for key, value in row["detail"].items()) if isinstance(row["detail"], dict) else str(row["detail"])
        lines.append(f"| {row['name']} | {row['ours']} | {row['peer']} | {row['unit']} | {row['ratio']} | {detail} |")
    return "\n".join(lines)


def main() -> int:
    """Entry point."""
    parser = argparse.ArgumentParser(prog="python -m bench", description="Measure Holdfast against a named peer.")
    parser.add_argument("name", nargs="?", help=f"one of: {', '.join(names())}; all when left out")
    chosen = parser.parse_args().name
    if chosen is None:
        return run_all()
    print(json.dumps(run_one(chosen), ensure_ascii=False))
    return 0


if __name__ == "__main__":
    raise SystemExit(main())
