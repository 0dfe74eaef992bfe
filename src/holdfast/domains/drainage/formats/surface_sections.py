"""Lines of each SWMM section from a city's rows: rain, subcatchments, curves, series, patterns and kept lines."""

from __future__ import annotations

import json
from typing import Any

from holdfast.io.sectioned import columns, plain, quoted

from .context import AREA, CURVE, GAUGE, LINK_KINDS, NODE_KINDS, PATTERN, SECTION, SERIES
from .export import Export
from .external import renamed
from .sections import described

DRY = "no-rain"
_INFILTRATION = {"HORTON": ["76", "13", "4", "7", "0"], "MODIFIED_HORTON": ["76", "13", "4", "7", "0"], "GREEN_AMPT": ["110", "3", "0.3"],
                 "MODIFIED_GREEN_AMPT": ["110", "3", "0.3"], "CURVE_NUMBER": ["80", "0.5", "7"]}  # fmt: skip
"""Infiltration parameters in mm and h where a subcatchment has none. [proposal]"""


def gauges(export: Export, files: dict[str, str]) -> list[str]:
    """Lines of [RAINGAGES]."""
    def cells(row: dict[str, Any]) -> list[str]:
        line = [export.word(row["id"]), row.get("format") or "INTENSITY", row.get("interval") or "0:05", plain(1.0 if row.get("snow_factor") is None else row["snow_factor"])]
        if row.get("file"):
            name = files.get(row["file"], row["file"])
            return [*line, "FILE", f'"{name}"', row.get("station") or "*", row.get("rain_unit") or "MM", *([row["start_date"]] if row.get("start_date") else [])]
        return [*line, "TIMESERIES", export.word(row.get("series"))]

    lines = described(export, ((row, cells(row)) for row in export.rows(GAUGE) if row.get("series") or row.get("file")))
    if needs_dry_gauge(export):
        lines.append(f"{DRY} INTENSITY 1:00 1 TIMESERIES {DRY}")
    return lines


def usable_gauges(export: Export) -> set[str]:
    """Ids of gauges that have rain."""
    return {row["id"] for row in export.rows(GAUGE) if row.get("series") or row.get("file")}


def needs_dry_gauge(export: Export) -> bool:
    """Whether a subcatchment has no gauge with rain; the engine takes none without, so it gets one that stays dry."""
    usable = usable_gauges(export)
    return any(row.get("rain_gauge") not in usable for row in export.rows(AREA))


def subcatchments(export: Export) -> list[str]:
    """Lines of [SUBCATCHMENTS]."""
    length = export.units.length
    usable = usable_gauges(export)

    def cells(row: dict[str, Any]) -> list[str]:
        dry = row.get("rain_gauge") not in usable
        if dry:
            export.assumed[f"{AREA}.rain_gauge"] += 1
        gauge = DRY if dry else export.word(row["rain_gauge"])
        line = [export.word(row["id"]), gauge, export.word(row["outlet"]) if row.get("outlet") else "*", plain(export.number(row, AREA, "area", export.units.plan_area)),
                export.si(row.get("impervious_share"), 0.01), export.si(row.get("width"), length), export.si(row.get("slope"), 0.01),
                export.si(row.get("curb_length"), length)]  # fmt: skip
        return [*line, quoted(row["snow_pack"])] if row.get("snow_pack") else line

    return described(export, ((row, cells(row)) for row in export.rows(AREA)))


def subareas(export: Export) -> list[str]:
    """Lines of [SUBAREAS]."""
    depth, out = export.units.rain_depth, []
    for row in export.rows(AREA):
        line = [export.word(row["id"]), plain(export.number(row, AREA, "impervious_n", 1.0, 0.015)), plain(export.number(row, AREA, "pervious_n", 1.0, 0.2)),
                export.si(row.get("impervious_storage"), depth), export.si(row.get("pervious_storage"), depth), export.si(row.get("zero_storage_share"), 0.01),
                row.get("route_to") or "OUTLET"]  # fmt: skip
        out.append([*line, export.si(row["routed_share"], 0.01)] if row.get("routed_share") is not None else line)
    return columns(out)


def infiltration(export: Export, method: str) -> list[str]:
    """Lines of [INFILTRATION]."""
    out = []
    for row in export.rows(AREA):
        words = [str(word) for word in json.loads(row["infiltration_parameters"])] if row.get("infiltration_parameters") else None
        if words is None:
            export.assumed[f"{AREA}.infiltration_parameters"] += 1
            words = _INFILTRATION.get((row.get("infiltration") or method).upper(), _INFILTRATION["HORTON"])
        out.append([export.word(row["id"]), *words, *([row["infiltration"]] if row.get("infiltration") else [])])
    return columns(out)


def curves(export: Export) -> list[str]:
    """Lines of [CURVES]."""
    out: list[str] = []
    for row in export.rows(CURVE):
        fx, fy = export.units.curve(row.get("type") or "")
        points = zip(json.loads(row["x"]), json.loads(row["y"]), strict=True)
        lines = [[export.word(row["id"]), row.get("type") or "" if at == 0 else "", plain(x / fx), plain(y / fy)] for at, (x, y) in enumerate(points)]
        out += ([f";{row['comment']}"] if row.get("comment") else []) + columns(lines)
    return out


def series(export: Export, files: dict[str, str]) -> list[str]:
    """Lines of [TIMESERIES]."""
    out: list[str] = []
    for row in export.rows(SERIES):
        name = export.word(row["id"])
        if row.get("comment"):
            out.append(f";{row['comment']}")
        if row.get("file"):
            out.append(f'{name} FILE "{files.get(row["file"], row["file"])}"')
            continue
        factor = export.units.series(row.get("use") or "OTHER")
        out += [f"{name} {time} {plain(value / factor)}" for time, value in zip(json.loads(row["times"]), json.loads(row["values"]), strict=True)]
    if needs_dry_gauge(export):
        out.append(f"{DRY} 0:00 0")
    return out


def patterns(export: Export) -> list[str]:
    """Lines of [PATTERNS]."""
    out: list[str] = []
    for row in export.rows(PATTERN):
        values = json.loads(row["multipliers"])
        if row.get("comment"):
            out.append(f";{row['comment']}")
        for start in range(0, len(values), 6):
            head = [export.word(row["id"]), (row.get("type") or "MONTHLY") if start == 0 else ""]
            out.append(" ".join([*head, *(plain(value) for value in values[start : start + 6])]))
    return out


def tags(export: Export) -> list[str]:
    """Lines of [TAGS]."""
    groups = [("Node", kind, export.rows(kind)) for kind in NODE_KINDS] + [("Link", kind, export.links[kind]) for kind in LINK_KINDS]
    groups += [("Subcatch", AREA, export.rows(AREA)), ("Gage", GAUGE, export.rows(GAUGE))]
    return columns([word, export.word(row["id"]), row["tag"]] for word, _, rows in groups for row in rows if row.get("tag"))


def polygons(export: Export) -> list[str]:
    """Lines of [POLYGONS]."""
    out = []
    for asset_id, ring in export.rings().items():
        if asset_id in export.names:
            out += [[export.word(asset_id), plain(float(x)), plain(float(y))] for x, y in ring]
    return columns(out)


def kept(export: Export, files: dict[str, str]) -> dict[str, list[str]]:
    """Kept lines by section, with the files they name renamed to those written beside the model."""
    out: dict[str, list[str]] = {}
    for row in export.rows(SECTION):
        lines = out.setdefault(row["section"], [])
        if row.get("comment"):
            lines.append(f";{row['comment']}")
        lines.append(renamed(row["text"] or "", files))
    return out
