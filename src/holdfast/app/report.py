"""Reports: what a run answered, as one HTML file that needs nothing else, or as JSON."""

from __future__ import annotations

import json
import math
import os
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from holdfast import __version__
from holdfast.model.delivery import Answer
from holdfast.model.errors import Invalid

from .figures import figures

_MOST_ROWS = 50


def as_html(title: str, title_zh: str, answer: Answer, meta: Mapping[str, Any]) -> str:
    """One page with summary, figures and the head of each table; no request to anywhere.

    meta    what identifies the run: city, run, seed, engine ...
    """
    from jinja2 import Environment

    environment = Environment(autoescape=True, trim_blocks=True, lstrip_blocks=True)
    environment.filters |= {"plain": _plain, "words": lambda name: str(name).replace("_", " "), "depth": _depth, "inner_keys": _inner_keys}
    template = environment.from_string(Path(__file__).with_name("report.html.j2").read_text(encoding="utf-8"))
    tables = {name: {"rows": table.num_rows, "head": table.slice(0, _MOST_ROWS).to_pylist()} for name, table in answer.tables.items() if table.num_rows}
    facts = {**meta, "status": answer.status, "Holdfast": __version__}
    return template.render(title=title, title_zh=title_zh, meta=facts, summary=answer.summary, figures=figures(answer), tables=tables, most=_MOST_ROWS)


def as_json(title: str, answer: Answer, meta: Mapping[str, Any]) -> str:
    """Summary and all tables, rows as objects."""
    body = {"title": title, **meta, "status": answer.status, "summary": answer.summary, "tables": {name: table.to_pylist() for name, table in answer.tables.items()}}
    return json.dumps(_finite(body), ensure_ascii=False, default=str, indent=1)


def write(path: Path, title: str, title_zh: str, answer: Answer, meta: Mapping[str, Any]) -> None:
    """Write a report in the format that the file name's ending says.

    raises    Invalid for another ending than .html or .json
    """
    if path.suffix not in (".html", ".json"):
        raise Invalid("a report is HTML or JSON", fix="End the file name in .html or .json", file=path)
    text = as_html(title, title_zh, answer, meta) if path.suffix == ".html" else as_json(title, answer, meta)
    part = path.with_name(path.name + ".part")
    part.write_text(text, encoding="utf-8")
    os.replace(part, path)


def _plain(value: Any) -> str:
    if value is None or (isinstance(value, float) and math.isnan(value)):
        return "–"
    if isinstance(value, bool):
        return "yes" if value else "no"
    if isinstance(value, float):
        return f"{value:,.0f}" if abs(value) >= 1000 else f"{value:.4g}"
    return f"{value:,}" if isinstance(value, int) else str(value)


def _depth(value: Any) -> int:
    """1 for a mapping of plain values, 2 for a mapping of such mappings ..., 0 for anything else; a mix counts as 1."""
    if not isinstance(value, Mapping):
        return 0
    inner = [_depth(v) for v in value.values()]
    return 1 + (min(inner) if inner and all(inner) else 0)


def _inner_keys(value: Mapping[str, Mapping[str, Any]]) -> list[str]:
    return list(dict.fromkeys(key for row in value.values() for key in row))


def _finite(value: Any) -> Any:
    """JSON has no NaN: such numbers become null."""
    if isinstance(value, Mapping):
        return {str(k): _finite(v) for k, v in value.items()}
    if isinstance(value, list | tuple):
        return [_finite(v) for v in value]
    return None if isinstance(value, float) and not math.isfinite(value) else value
