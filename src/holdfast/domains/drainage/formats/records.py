"""Curves, time series, patterns, tags and kept lines of a SWMM file."""

from __future__ import annotations

import json
from typing import Any

from holdfast.io.sectioned import Line, number

from ..dictionaries import CURVE_TYPE
from .context import CURVE, KEPT, PATTERN, SECTION, SERIES, Reading, token
from .units import FLOW

_PATTERN_TYPES = frozenset({"MONTHLY", "DAILY", "HOURLY", "WEEKEND"})
_TAKEN = frozenset({"INFLOWS", "DWF", "TAGS", "POLYGONS"})  # lines that became fields are not kept


def options_of(reading: Reading) -> dict[str, str]:
    """Options of the file by upper-case name."""
    return {line.tokens[0].upper(): " ".join(line.tokens[1:]) for line in reading.sections.of("OPTIONS") if len(line.tokens) > 1}


def check_options(reading: Reading) -> None:
    """Report a flow unit that SWMM does not know."""
    unit = reading.options.get("FLOW_UNITS")
    if unit and unit.upper() not in FLOW:
        line = next(line for line in reading.sections.of("OPTIONS") if line.tokens[0].upper() == "FLOW_UNITS")
        reading.wrong("unknown_code", line, f"{unit!r} is no flow unit; read as CFS", f"Use one of {', '.join(FLOW)}", kind=SECTION, value=unit)


def read_curves(reading: Reading) -> None:
    """[CURVES]: the type stands on the first line only; a line may hold several points."""
    found: dict[str, dict[str, Any]] = {}
    points: dict[str, tuple[list[float], list[float]]] = {}
    for line in reading.sections.of("CURVES"):
        key, at = reading.key(line.tokens[0]), 1
        if len(line.tokens) > 1 and number(line.tokens[1]) is None:
            at = 2
        if key not in found:
            kind = line.tokens[1].upper() if at == 2 else None
            found[key] = reading.described(CURVE, line, type=kind)
            points[key] = ([], [])
            if kind not in CURVE_TYPE.values():
                reading.wrong("unknown_code", line, f"{kind!r} is no curve type", f"Use one of {', '.join(CURVE_TYPE.values())}", kind=CURVE, column="type",
                              id=found[key]["id"], value=kind)  # fmt: skip
        row = found[key]
        fx, fy = reading.units.curve(row["type"] or "")
        for place in range(at, len(line.tokens) - 1, 2):
            x, y = reading.value(line, place, "x", row["id"], fx), reading.value(line, place + 1, "y", row["id"], fy)
            if x is not None and y is not None:
                points[key][0].append(x)
                points[key][1].append(y)
    for key, row in found.items():
        row["x"], row["y"] = json.dumps(points[key][0]), json.dumps(points[key][1])


def read_series(reading: Reading) -> None:
    """[TIMESERIES]: values in SI by what uses them. Times stay as written, since they come as dates, hours or both."""
    uses = _uses(reading)
    found: dict[str, dict[str, Any]] = {}
    points: dict[str, tuple[list[str], list[float]]] = {}
    for line in reading.sections.of("TIMESERIES"):
        if not reading.enough(line, 3, "TIMESERIES", SERIES):
            continue
        key = reading.key(line.tokens[0])
        if key not in found:
            found[key] = reading.described(SERIES, line)
            found[key]["use"] = uses.get(found[key]["id"], "OTHER")
            points[key] = ([], [])
        if line.tokens[1].upper() == "FILE":
            found[key]["file"] = line.tokens[2]
            continue
        _points(reading, line, found[key], points[key])
    for key, row in found.items():
        if not row.get("file"):
            row["times"], row["values"] = json.dumps(points[key][0]), json.dumps(points[key][1])


def _points(reading: Reading, line: Line, row: dict[str, Any], points: tuple[list[str], list[float]]) -> None:
    """Pairs [date] time value; a date is a word with slashes or dashes."""
    factor = reading.units.series(row["use"])
    at, count = 1, len(line.tokens)
    while at < count:
        width = 2 if _is_date(line.tokens[at]) else 1
        if at + width >= count:
            reading.wrong("few_columns", line, "a time has no value", "Write [date] time value", kind=SERIES, id=row["id"], value=line.text)
            return
        value = reading.value(line, at + width, "values", row["id"], factor)
        if value is not None:
            points[0].append(" ".join(line.tokens[at : at + width]))
            points[1].append(value)
        at += width + 1


def _is_date(word: str) -> bool:
    return "/" in word or ("-" in word[1:] and ":" not in word and "e" not in word.lower())


def _uses(reading: Reading) -> dict[str, str]:
    uses: dict[str, str] = {}

    def claim(row: dict[str, Any], column: str, use: str) -> None:
        series = row.get(column)
        if series and uses.setdefault(series, use) != use:
            reading.wrong("series_use", row["row"], f"series {series.partition(':')[2]} is used as {uses[series]} and as {use}; read as the former",
                          "Give each use its own series", "warning", kind=row["id"].partition(":")[0], column=column, id=row["id"])  # fmt: skip

    for row in reading.gauges.values():
        claim(row, "series", row["format"])
    for row in reading.nodes.values():
        claim(row, "inflow_series", "INFLOW")
        if row.get("type") == "TIMESERIES":
            claim(row, "stage_curve", "STAGE")
    return uses


def read_patterns(reading: Reading) -> None:
    """Time patterns: type and multipliers, continued over lines."""
    found: dict[str, dict[str, Any]] = {}
    values: dict[str, list[float]] = {}
    for line in reading.sections.of("PATTERNS"):
        key, at = reading.key(line.tokens[0]), 1
        word = (token(line, 1) or "").upper()
        if word in _PATTERN_TYPES:
            at = 2
        if key not in found:
            found[key] = reading.described(PATTERN, line, type=word if at == 2 else "MONTHLY")
            values[key] = []
        for place in range(at, len(line.tokens)):
            value = reading.value(line, place, "multipliers", found[key]["id"])
            values[key].append(1.0 if value is None else value)
    for key, row in found.items():
        row["multipliers"] = json.dumps(values[key])


def read_tags(reading: Reading) -> None:
    """[TAGS] of nodes, links and subcatchments; other lines are kept."""
    tables = {"N": reading.nodes, "L": reading.links, "S": reading.areas, "G": reading.gauges}
    for line in reading.sections.of("TAGS"):
        rows = tables.get(line.tokens[0][:1].upper(), {})
        row = rows.get(reading.key(line.tokens[1])) if len(line.tokens) > 2 else None
        if row is None:
            reading.keep("TAGS", line)
        else:
            row["tag"] = " ".join(line.tokens[2:])


def keep_lines(reading: Reading) -> None:
    """Rows for every line that became no field, section by section, and for unknown sections."""
    for section in KEPT:
        if section not in _TAKEN:
            for line in reading.sections.of(section):
                reading.keep(section, line)
    for section, lines in reading.sections.unknown.items():
        for line in lines:
            reading.keep(section, line)
    for section, lines in reading.kept.items():
        for line in lines:
            reading.taken[section] += 1
            row = reading.add(SECTION, f"{section.replace(' ', '_')}.{reading.taken[section]}", line, section=section)
            row["text"] = f"{line.text} ;{line.comment}" if line.comment else line.text
            row["comment"] = line.note or None


def check_references(reading: Reading) -> None:
    """Curves, series and patterns that rows name must exist; names that differ in case are set right."""
    known = {row["id"].casefold(): row["id"] for kind in (CURVE, SERIES, PATTERN) for row in reading.kinds.get(kind, ())}
    columns = ("stage_curve", "area_curve", "curve", "inflow_series", "inflow_pattern", "series")
    for kind, rows in list(reading.kinds.items()):
        for row in rows:
            for column in columns:
                if row.get(column):
                    row[column] = _known(reading, known, row, kind, column, row[column])
            if row.get("dry_weather_patterns"):
                names = json.loads(row["dry_weather_patterns"])
                row["dry_weather_patterns"] = json.dumps([n and _known(reading, known, row, kind, "dry_weather_patterns", n) for n in names])


def _known(reading: Reading, known: dict[str, str], row: dict[str, Any], kind: str, column: str, name: str) -> str:
    found = known.get(name.casefold())
    if found is None:
        what = name.replace("drainage.", "").replace(":", " ")
        reading.wrong("missing_record", row["row"], f"{what} is not in the file", "Add it or correct the name", kind=kind, column=column, id=row["id"],
                      value=name.partition(":")[2])  # fmt: skip
        return name
    return found
