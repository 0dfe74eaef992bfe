"""Junctions, outfalls, dividers and storage units of a SWMM file, and the flows that enter at nodes."""

from __future__ import annotations

import json
from typing import Any

from holdfast.io.sectioned import Line

from .context import CURVE, PATTERN, SERIES, Reading, reference, token

_SHAPES = frozenset({"FUNCTIONAL", "CYLINDRICAL", "CONICAL", "PARABOLOID", "PARABOLIC", "PYRAMIDAL"})


def read_nodes(reading: Reading) -> None:
    """Rows of the four node kinds, in the order of the file within each."""
    for section, kind, columns, fill in (
        ("JUNCTIONS", "drainage.manhole", 2, _manhole), ("OUTFALLS", "drainage.outfall", 3, _outfall),
        ("DIVIDERS", "drainage.divider", 4, _divider), ("STORAGE", "drainage.storage", 6, _storage),
    ):  # fmt: skip
        for line in reading.sections.of(section):
            if not reading.enough(line, columns, section, kind) or not reading.is_new(reading.nodes, line, line.tokens[0], kind):
                continue
            row = reading.described(kind, line)
            row["elevation"] = reading.value(line, 1, "elevation", row["id"], reading.units.length, 0.0)
            reading.nodes[reading.key(line.tokens[0])] = row
            fill(reading, line, row)


def _depths(reading: Reading, line: Line, row: dict[str, Any], at: int) -> None:
    names = ("maximum_depth", "initial_depth", "surcharge_depth")
    for place, name in enumerate(names, at):
        row[name] = reading.value(line, place, name, row["id"], reading.units.length, 0.0)
    row["ponded_area"] = reading.value(line, at + 3, "ponded_area", row["id"], reading.units.area, 0.0)


def _manhole(reading: Reading, line: Line, row: dict[str, Any]) -> None:
    _depths(reading, line, row, 2)
    if row["maximum_depth"]:
        row["ground_elevation"] = row["elevation"] + row["maximum_depth"]


def _outfall(reading: Reading, line: Line, row: dict[str, Any]) -> None:
    row["type"] = line.tokens[2].upper()
    at = 3
    if row["type"] == "FIXED":
        row["stage"] = reading.value(line, 3, "stage", row["id"], reading.units.length)
        at = 4
    elif row["type"] in {"TIDAL", "TIMESERIES"}:
        row["stage_curve"] = reference(CURVE if row["type"] == "TIDAL" else SERIES, token(line, 3))
        at = 4
    elif row["type"] not in {"FREE", "NORMAL"}:
        _unknown(reading, line, row, "type", line.tokens[2], "FREE, NORMAL, FIXED, TIDAL or TIMESERIES")
    row["flap_gate"] = bool(reading.flag(line, at))
    row["route_to"] = token(line, at + 1)


def _divider(reading: Reading, line: Line, row: dict[str, Any]) -> None:
    row["diverted_link"], row["type"] = token(line, 2), line.tokens[3].upper()
    flow, length = reading.units.flow, reading.units.length
    at = 4
    if row["type"] == "CUTOFF":
        row["cutoff_flow"] = reading.value(line, 4, "cutoff_flow", row["id"], flow)
        at = 5
    elif row["type"] == "TABULAR":
        row["curve"] = reference(CURVE, token(line, 4))
        at = 5
    elif row["type"] == "WEIR":
        row["cutoff_flow"] = reading.value(line, 4, "cutoff_flow", row["id"], flow)
        row["weir_height"] = reading.value(line, 5, "weir_height", row["id"], length)
        row["weir_coefficient"] = reading.value(line, 6, "weir_coefficient", row["id"], reading.units.weir)
        at = 7
    elif row["type"] != "OVERFLOW":
        _unknown(reading, line, row, "type", line.tokens[3], "OVERFLOW, CUTOFF, TABULAR or WEIR")
    _depths(reading, line, row, at)


def _storage(reading: Reading, line: Line, row: dict[str, Any]) -> None:
    length = reading.units.length
    row["maximum_depth"] = reading.value(line, 2, "maximum_depth", row["id"], length, 0.0)
    row["initial_depth"] = reading.value(line, 3, "initial_depth", row["id"], length, 0.0)
    row["shape"] = line.tokens[4].upper()
    if row["shape"] in _SHAPES:
        row["shape_parameters"] = json.dumps(line.tokens[5:8])
        at = 8
        if row["shape"] == "FUNCTIONAL" and reading.value(line, 5, "shape_parameters", row["id"]) == 0.0:
            row["area"] = reading.value(line, 7, "area", row["id"], reading.units.area)
    else:
        if row["shape"] != "TABULAR":
            _unknown(reading, line, row, "shape", line.tokens[4], "TABULAR, FUNCTIONAL, CYLINDRICAL, CONICAL, PARABOLOID or PYRAMIDAL")
        row["area_curve"] = reference(CURVE, token(line, 5))
        at = 6
    row["surcharge_depth"] = reading.value(line, at, "surcharge_depth", row["id"], length, 0.0)
    row["evaporation_share"] = reading.value(line, at + 1, "evaporation_share", row["id"], 1.0, 0.0)
    row["seepage"] = json.dumps(line.tokens[at + 2 :]) if len(line.tokens) > at + 2 else None


def _unknown(reading: Reading, line: Line, row: dict[str, Any], column: str, word: str, known: str) -> None:
    reading.wrong("unknown_code", line, f"{word!r} is no {column} the engine knows", f"Use {known}", kind=row["id"].partition(":")[0], column=column, id=row["id"], value=word)


def read_inflows(reading: Reading) -> None:
    """[INFLOWS] and [DWF] of water; those of pollutants stay lines."""
    for line in reading.sections.of("INFLOWS"):
        row = reading.nodes.get(reading.key(line.tokens[0])) if line.tokens else None
        if row is None or len(line.tokens) < 3 or line.tokens[1].upper() != "FLOW" or "inflow_scale" in row:
            reading.keep("INFLOWS", line)
            continue
        row["inflow_series"] = reference(SERIES, line.tokens[2])
        row["inflow_scale"] = reading.value(line, 5, "inflow_scale", row["id"], 1.0, 1.0)
        row["inflow_baseline"] = reading.value(line, 6, "inflow_baseline", row["id"], reading.units.flow)
        row["inflow_pattern"] = reference(PATTERN, token(line, 7))
    for line in reading.sections.of("DWF"):
        row = reading.nodes.get(reading.key(line.tokens[0])) if line.tokens else None
        if row is None or len(line.tokens) < 3 or line.tokens[1].upper() != "FLOW" or "dry_weather_flow" in row:
            reading.keep("DWF", line)
            continue
        row["dry_weather_flow"] = reading.value(line, 2, "dry_weather_flow", row["id"], reading.units.flow)
        patterns = [reference(PATTERN, name) for name in line.tokens[3:]]
        row["dry_weather_patterns"] = json.dumps(patterns) if patterns else None
