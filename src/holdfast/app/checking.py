"""Checking a city's survey, and writing findings to files."""

from __future__ import annotations

import json
import os
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.csv as pacsv

from holdfast.model.city import City
from holdfast.model.errors import Invalid, Unavailable
from holdfast.model.finding import SEVERITIES, grouped

from .running import run_capability
from .summary import CHECK


@dataclass(frozen=True, slots=True)
class CheckReport:
    """summary: counts by severity and by rule; findings: every row; failed: whether the exit code is 1."""

    summary: dict[str, Any]
    findings: pa.Table
    failed: bool


def check_city(city: City, kinds: Sequence[str] | None = None, fail_on: str = "error") -> CheckReport:
    """Run the survey checks, keep them as a run, and judge them.

    fail_on   error, warning or info: the mildest severity that fails; never: none does
    raises    NotFound for an unknown kind
    """
    if fail_on not in (*SEVERITIES, "never"):
        raise Invalid(f"{fail_on!r} is no severity", fix=f"Use one of: {', '.join(SEVERITIES)}, never", field="fail_on")
    done = run_capability(city, CHECK, {"kinds": list(kinds)} if kinds else {}, actor="check")
    assert done.answer.findings is not None
    findings = done.answer.findings
    counts = findings.counts()
    table = findings.table()
    rules = [{k: row[k] for k in ("kind", "rule", "severity", "count", "message", "fix")} for row in grouped(table)]
    failing = () if fail_on == "never" else SEVERITIES[: SEVERITIES.index(fail_on) + 1]
    return CheckReport({"run": done.run, "findings": counts, "rules": rules}, table, any(counts[s] for s in failing))


def write_findings(findings: pa.Table, path: str | Path, crs: str) -> None:
    """Write findings as CSV, or as GeoJSON points in WGS 84 when the name ends so.

    crs       of x and y; findings without a place have a null geometry
    raises    Unavailable if the file cannot be written
    """
    target = Path(path)
    temporary = target.with_name(f".{target.name}.part")
    try:
        if target.suffix.lower() in (".geojson", ".json"):
            temporary.write_text(_geojson(findings, crs), encoding="utf-8")
        else:
            pacsv.write_csv(findings, temporary)
        os.replace(temporary, target)
    except OSError as error:
        raise Unavailable(f"the findings cannot be written: {error.strerror}", fix="Check folder and permissions", file=str(target)) from error


def _geojson(findings: pa.Table, crs: str) -> str:
    rows = findings.to_pylist()
    if crs != "local" and rows:
        from holdfast.model.crs import to_lonlat

        x, y = to_lonlat(crs, findings["x"].to_numpy(), findings["y"].to_numpy())
    else:
        x, y = findings["x"].to_numpy(), findings["y"].to_numpy()
    features = [
        {"type": "Feature", "geometry": None if row["x"] is None else {"type": "Point", "coordinates": [round(float(east), 8), round(float(north), 8)]},
         "properties": {k: v for k, v in row.items() if k not in ("x", "y")}}
        for row, east, north in zip(rows, x, y, strict=True)
    ]
    return json.dumps({"type": "FeatureCollection", "features": features}, ensure_ascii=False)
