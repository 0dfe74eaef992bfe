"""Reports: what a run answered, as one HTML file that needs nothing else, or as JSON."""

from __future__ import annotations

import json
import math
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from holdfast import __version__
from holdfast.model.city import City
from holdfast.model.delivery import Answer
from holdfast.model.file import write_whole

from .figures import figures
from .order_words import bound_in_words
from .outputs import check_file
from .words import WORDS, chinese, english

_MOST_ROWS = 50


_DETAILS = ("hazard", "people_without", "services", "engines", "seconds", "resumed_cases", "worker_deaths", "restoration", "critical_facilities", "crews",
            "depots", "repair_rule")  # fmt: skip
"""Parts of a summary that say how it was computed, or more than the reader of the first page asks; they come after the tables."""

Names = Mapping[str, tuple[str, str]]
"""What is called otherwise than by its key: kind or other key -> title, Chinese title."""


def as_html(title: str, title_zh: str, answer: Answer, meta: Mapping[str, Any], names: Names | None = None) -> str:
    """One page with summary, figures, the head of each table, and how it was computed, in English and Chinese; no request to anywhere. Prints on A4.

    meta    what identifies the run: city, run, seed, engine ...
    names   titles of kinds, see `names_of`
    """
    from jinja2 import Environment

    titles, chinese_titles = {key: pair[0] for key, pair in (names or {}).items()}, {key: pair[1] for key, pair in (names or {}).items()}
    environment = Environment(autoescape=True, trim_blocks=True, lstrip_blocks=True)
    environment.filters |= {
        "plain": _plain, "depth": _depth, "inner_keys": _inner_keys, "words": lambda key: english(key, titles), "zh": lambda key: chinese(key, chinese_titles),
        "named": lambda value: value in titles or value in WORDS,
    }  # fmt: skip
    template = environment.from_string(Path(__file__).with_name("report.html.j2").read_text(encoding="utf-8"))
    tables = {name: _head(table) for name, table in answer.tables.items() if table.num_rows}
    facts = {**meta, "status": answer.status, "Holdfast": __version__}
    said = {key: value for key, value in answer.summary.items() if value is not None and value not in ({}, [], "") and key not in ("title", "run")}
    parts = [{key: value for key, value in said.items() if (key in _DETAILS) is later} for later in (False, True)]
    if not parts[0]:
        parts = [said, {}]
    bound = bound_in_words(answer.summary.get("restoration") or {})
    return template.render(title=title, title_zh=title_zh, meta=facts, summary=parts[0], details=parts[1], bound=bound, figures=figures(answer), tables=tables, most=_MOST_ROWS)


def names_of(city: City) -> Names:
    """Titles of all kinds of an installation."""
    return {name: (kind.title, kind.title_zh) for name, kind in city.catalog.kinds.items()}


def _head(table: Any) -> dict[str, Any]:
    """The first rows; coordinates are for maps, and an id says its kind."""
    held = set(table.column_names)
    columns = [name for name in table.column_names if not (name in ("x", "y") and "id" in held)]
    return {"rows": table.num_rows, "columns": columns, "head": table.select(columns).slice(0, _MOST_ROWS).to_pylist()}


def as_json(title: str, answer: Answer, meta: Mapping[str, Any]) -> str:
    """Summary and all tables, rows as objects."""
    body = {"title": title, **meta, "status": answer.status, "summary": answer.summary, "tables": {name: table.to_pylist() for name, table in answer.tables.items()}}
    return json.dumps(_finite(body), ensure_ascii=False, default=str, indent=1)


def write(path: Path, title: str, title_zh: str, answer: Answer, meta: Mapping[str, Any], names: Names | None = None) -> None:
    """Write a report in the format that the file name's ending says.

    raises    Invalid for another ending than .html or .json; Unavailable if the file cannot be written
    """
    check_file(path, (".html", ".json"), "a report is HTML or JSON")
    text = as_html(title, title_zh, answer, meta, names) if path.suffix == ".html" else as_json(title, answer, meta)
    write_whole(path, text.encode())


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
