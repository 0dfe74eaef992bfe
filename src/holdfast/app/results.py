"""Results that are kept: runs, their tables, and reports made from them again."""

from __future__ import annotations

import io
import json
from dataclasses import dataclass
from pathlib import PurePosixPath
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq

from holdfast.model.city import City
from holdfast.model.delivery import Answer, Plot
from holdfast.model.errors import NotFound

from .running import PLOTS


@dataclass(frozen=True, slots=True)
class Kept:
    """A kept run: its record, and what it answered."""

    record: dict[str, Any]
    answer: Answer


def titles(city: City, capability: str, hazard: str, title: str) -> tuple[str, str]:
    """What a run's report is called, in English and Chinese.

    hazard, title   of a scenario: it is called by its own title, in Chinese with its hazard's name; empty for others
    """
    declared = city.catalog.capabilities.get(capability)
    if declared is not None:
        return declared.title, declared.title_zh
    found = next((h for h in city.catalog.hazards if h.name == hazard), None)
    title = title or capability
    return title, "" if found is None else title.replace(found.title, found.title_zh) if found.title in title else found.title_zh


def titles_of(city: City, found: Kept) -> tuple[str, str]:
    """`titles` of a kept run."""
    return titles(city, found.record["capability"], str(found.record["parameters"].get("hazard", "")), str(found.answer.summary.get("title", "")))


def runs(city: City, capability: str | None = None) -> list[dict[str, Any]]:
    """Records of the runs, the newest first; parameters and summary as objects."""
    rows = [_record(row) for row in city.runs().to_pylist()]
    return [row for row in reversed(rows) if capability is None or row["capability"] == capability]


def kept(city: City, run: str) -> Kept:
    """One run with all it answered. raises NotFound"""
    rows = city.repository.runs(run).to_pylist()
    if not rows:
        raise NotFound("there is no such run", fix="`holdfast run CITY` makes one; /api/runs lists them", run=run)
    record = _record(rows[0])
    folder = f"results/{run}/"
    tables: dict[str, pa.Table] = {}
    plots: tuple[Plot, ...] = ()
    for name in city.repository.files():
        if not name.startswith(folder):
            continue
        inner = PurePosixPath(name.removeprefix(folder))
        if inner.suffix == ".parquet" and len(inner.parts) == 1:
            tables[inner.stem] = pq.read_table(io.BytesIO(city.repository.get_file(name)))
        elif inner.name == PLOTS:
            plots = tuple(_plot(entry) for entry in json.loads(city.repository.get_file(name)))
    return Kept(record, Answer(record["summary"], tables, status="diverged" if record["status"] == "diverged" else "done", plots=plots))


def table(city: City, run: str, name: str) -> pa.Table:
    """One table of a run, without reading the others. raises NotFound"""
    folder = f"results/{run}/"
    path = f"{folder}{name}.parquet"
    held = city.repository.files()
    if path not in held:
        if not city.repository.runs(run).num_rows:
            raise NotFound("there is no such run", fix="`holdfast run CITY` makes one; /api/runs lists them", run=run)
        names = sorted(PurePosixPath(f).stem for f in held if f.startswith(folder) and f.endswith(".parquet"))
        raise NotFound(f"the run has no table {name!r}", fix=f"Its tables are: {', '.join(names) or 'none'}", run=run)
    return pq.read_table(io.BytesIO(city.repository.get_file(path)))


def meta(city: City, record: dict[str, Any]) -> dict[str, Any]:
    """What identifies a run in the head of its report."""
    return {"city": city.name, "run": record["id"], "time": str(record["started_at"])[:19] + "Z", "input": record["input_digest"][:12], "seed": record["seed"]}


def _record(row: dict[str, Any]) -> dict[str, Any]:
    return {**row, "parameters": json.loads(row["parameters"] or "{}"), "summary": json.loads(row["summary"] or "{}")}


def _plot(entry: dict[str, Any]) -> Plot:
    return Plot(**{**entry, "y": tuple(entry["y"]), "band": tuple(tuple(pair) for pair in entry["band"])})
