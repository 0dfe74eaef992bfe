"""Writes the water network of a city as an EPANET .inp file, in the units its options name."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path
from typing import Any

from holdfast.io.sectioned import columns, number, plain, replace_file
from holdfast.model.errors import Invalid

from . import statements
from .export import Export
from .records import KEPT, KEYED, option_factor
from .sections import coordinates, curves, demands, element_lines, junctions, patterns, pipes, pumps, reservoirs, status, tags, tanks, valves, vertices
from .units import Units, units_of

ORDER = (
    "TITLE", "JUNCTIONS", "RESERVOIRS", "TANKS", "PIPES", "PUMPS", "VALVES", "TAGS", "DEMANDS", "STATUS", "PATTERNS", "CURVES", "CONTROLS", "RULES", "ENERGY",
    "EMITTERS", "LEAKAGE", "QUALITY", "SOURCES", "REACTIONS", "MIXING", "TIMES", "REPORT", "OPTIONS", "ROUGHNESS", "COORDINATES", "VERTICES", "LABELS", "BACKDROP",
)  # fmt: skip
_MODEL_KINDS = frozenset({"water.junction", "water.reservoir", "water.tank", "water.pipe", "water.pump", "water.valve"})
_DEFAULT_OPTIONS = (
    ("OPTIONS", "UNITS", "LPS"), ("OPTIONS", "HEADLOSS", ""), ("OPTIONS", "TRIALS", "100"), ("OPTIONS", "ACCURACY", "0.0001"),
    ("OPTIONS", "UNBALANCED", "CONTINUE 10"), ("TIMES", "DURATION", "24:00"), ("TIMES", "HYDRAULIC TIMESTEP", "1:00"), ("TIMES", "PATTERN TIMESTEP", "1:00"),
    ("TIMES", "REPORT TIMESTEP", "1:00"), ("REPORT", "STATUS", "No"), ("REPORT", "SUMMARY", "No"),
)  # fmt: skip


def write(city: Any, path: Path, kinds: Iterable[str] | None = None, as_of: Any = None) -> dict[str, Any]:
    """Write the whole water network; a part of it would not be a model, so `kinds` must leave nodes and links together.

    city     anything with `table(kind) -> pyarrow.Table`
    returns  facts: rows written by section, what was assumed or left out, the units
    raises   Invalid if there is no network, or `kinds` names kinds that are no part of it
    """
    chosen = None if not kinds else frozenset(kinds)
    if chosen is not None and not chosen & _MODEL_KINDS:
        raise Invalid("none of these kinds is part of an EPANET network", fix=f"Use one of {', '.join(sorted(_MODEL_KINDS))}, or none to write all")
    if as_of is not None:
        city = city.as_of(as_of)
    export = Export(city)
    if not export.nodes:
        raise Invalid("the city has no water network", fix="Import one first", file=Path(path).name)
    options = _options(export)
    export.units = units_of({row["keyword"]: row["value"] for row in options if row["section"] == "OPTIONS"})
    body = _body(export, options)
    lines: list[str] = []
    for section in ORDER:
        if body.get(section) or section in {"JUNCTIONS", "PIPES", "OPTIONS"}:
            lines += [f"[{section}]", *body.get(section, []), ""]
    lines.append("[END]")
    for section, kept in _unknown(options).items():
        lines += ["", f"[{section}]", *kept]
    replace_file(Path(path), ("\n".join(lines) + "\n").encode("utf-8"))
    counts = {section: len(rows) for section, rows in body.items() if rows}
    return {"sections": counts, "assumed": dict(export.assumed), "left_out": dict(export.left_out), "units": export.units.flow_unit, "headloss": export.units.headloss}


def _options(export: Export) -> list[dict[str, Any]]:
    """Option rows of the city in order; those that a network needs are added where it has none."""
    rows = export.rows("water.option")
    have = {(row["section"], row["keyword"]) for row in rows}
    if not any(section in {"OPTIONS", "TIMES"} for section, _ in have):
        for section, keyword, value in _DEFAULT_OPTIONS:
            if (section, keyword) not in have:
                rows.append({"section": section, "keyword": keyword, "value": value or _headloss(export), "text": None})
    return rows


def _headloss(export: Export) -> str:
    """The formula that most pipes have a coefficient for."""
    pipes = export.rows("water.pipe")
    counts = {name: sum(row.get(field) is not None for row in pipes) for name, field in (("H-W", "hazen_williams_c"), ("D-W", "roughness"), ("C-M", "manning_n"))}
    return max(counts, key=lambda name: counts[name])


def _body(export: Export, options: list[dict[str, Any]]) -> dict[str, list[str]]:
    body: dict[str, list[str]] = {
        "JUNCTIONS": junctions(export), "RESERVOIRS": reservoirs(export), "TANKS": tanks(export), "PIPES": pipes(export), "PUMPS": pumps(export),
        "VALVES": valves(export), "TAGS": tags(export), "DEMANDS": demands(export), "STATUS": status(export), "PATTERNS": patterns(export),
        "CURVES": curves(export), "COORDINATES": coordinates(export), "VERTICES": vertices(export),
    }  # fmt: skip
    body["CONTROLS"], body["RULES"] = _controls(export)
    for section, lines in element_lines(export, _text(options, "OPTIONS", "QUALITY")).items():
        body.setdefault(section, []).extend(lines)
    for section in KEYED:
        keyed = [(row["keyword"], _value(row, export.units)) for row in options if row["section"] == section and row["keyword"]]
        faulty = [f";{row['text']}" for row in options if row["section"] == section and not row["keyword"]]
        body[section] = columns([f" {key}", value] for key, value in keyed) + body.get(section, []) + faulty
    for section in KEPT:
        body[section] = [row["text"] for row in options if row["section"] == section]
    return body


def _text(options: list[dict[str, Any]], section: str, keyword: str) -> str:
    return next((row["value"] or "" for row in reversed(options) if row["section"] == section and row["keyword"] == keyword), "")


def _value(row: dict[str, Any], units: Units) -> str:
    value = row["value"] or ""
    factor = option_factor(row["keyword"], units) if row["section"] == "OPTIONS" else None
    found = number(value)
    return value if factor is None or found is None else plain(found / factor)


def _unknown(options: list[dict[str, Any]]) -> dict[str, list[str]]:
    out: dict[str, list[str]] = {}
    for row in options:
        if row["section"] not in KEYED and row["section"] not in KEPT:
            out.setdefault(row["section"], []).append(row["text"] or "")
    return out


def _controls(export: Export) -> tuple[list[str], list[str]]:
    """Controls and rules in the file's units. Their ids were names of the file they came from, so they name what was exported."""
    types = {export.names[row["id"]]: row["type"] or "" for row in export.links.get("water.valve", ())}
    levels = frozenset(export.names[row["id"]] for kind in ("water.reservoir", "water.tank") for row in export.rows(kind))
    simple, rules = [], []
    for row in export.rows("water.control"):
        if row["type"] == "RULE":
            out, _ = statements.convert_rule((row["text"] or "").split("\n"), export.units, statements.from_si, types)
            rules += [*out, ""]
        else:
            for text in (row["text"] or "").split("\n"):
                simple.append(statements.convert_control(text, export.units, statements.from_si, types, levels) or text)
    return simple, rules
