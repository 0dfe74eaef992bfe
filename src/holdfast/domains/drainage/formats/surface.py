"""Rain gauges and subcatchments of a SWMM file."""

from __future__ import annotations

import json
from typing import Any

from holdfast.io.sectioned import Line

from ..dictionaries import INFILTRATION
from .context import AREA, GAUGE, SERIES, Reading, reference, token


def read_surface(reading: Reading) -> None:
    """Rows of rain gauges and subcatchments."""
    for line in reading.sections.of("RAINGAGES"):
        _gauge(reading, line)
    for line in reading.sections.of("SUBCATCHMENTS"):
        _area(reading, line)
    for line in reading.sections.of("SUBCATCHMENTS"):
        row = reading.areas.get(reading.key(line.tokens[0]))
        if row is not None and row["row"] == line.number:
            row["outlet"] = _outlet(reading, line, row)
    for line in reading.sections.of("SUBAREAS"):
        row = _of_area(reading, line, 6, "SUBAREAS")
        if row is not None:
            _subarea(reading, line, row)
    for line in reading.sections.of("INFILTRATION"):
        row = _of_area(reading, line, 2, "INFILTRATION")
        if row is not None:
            words = line.tokens[1:]
            if words and words[-1].upper() in INFILTRATION.values():
                row["infiltration"] = words.pop().upper()
            row["infiltration_parameters"] = json.dumps(words)


def _gauge(reading: Reading, line: Line) -> None:
    if not reading.enough(line, 6, "RAINGAGES", GAUGE) or not reading.is_new(reading.gauges, line, line.tokens[0], GAUGE):
        return
    row = reading.described(GAUGE, line)
    reading.gauges[reading.key(line.tokens[0])] = row
    row["format"], row["interval"] = line.tokens[1].upper(), line.tokens[2]
    row["snow_factor"] = reading.value(line, 3, "snow_factor", row["id"])
    if line.tokens[4].upper() == "FILE":
        row["file"], row["station"], row["rain_unit"] = line.tokens[5], token(line, 6), token(line, 7)
        row["start_date"] = token(line, 8)
    else:
        row["series"] = reference(SERIES, line.tokens[5])


def _area(reading: Reading, line: Line) -> None:
    if not reading.enough(line, 8, "SUBCATCHMENTS", AREA) or not reading.is_new(reading.areas, line, line.tokens[0], AREA):
        return
    row, length = reading.described(AREA, line), reading.units.length
    reading.areas[reading.key(line.tokens[0])] = row
    gauge = reading.gauges.get(reading.key(line.tokens[1]))
    if gauge is None and line.tokens[1] != "*":
        reading.wrong("missing_gauge", line, f"rain gauge {line.tokens[1]} is not in the file", "Add the gauge or correct the name", kind=AREA, column="rain_gauge",
                      id=row["id"], value=line.tokens[1])  # fmt: skip
    row["rain_gauge"] = None if gauge is None else gauge["id"]
    for at, name, factor in (
        (3, "area", reading.units.plan_area), (4, "impervious_share", 0.01), (5, "width", length), (6, "slope", 0.01), (7, "curb_length", length),
    ):  # fmt: skip
        row[name] = reading.value(line, at, name, row["id"], factor)
    row["snow_pack"] = token(line, 8)


def _outlet(reading: Reading, line: Line, row: dict[str, Any]) -> str | None:
    name = reading.key(line.tokens[2])
    found = reading.nodes.get(name) or reading.areas.get(name)
    if found is not None:
        return found["id"]
    reading.wrong("missing_node", line, f"outlet {line.tokens[2]} is neither a node nor a subcatchment of the file", "Add it or correct the name", kind=AREA,
                  column="outlet", id=row["id"], value=line.tokens[2])  # fmt: skip
    return None


def _of_area(reading: Reading, line: Line, columns: int, section: str) -> dict[str, Any] | None:
    if not reading.enough(line, columns, section, AREA):
        return None
    row = reading.areas.get(reading.key(line.tokens[0]))
    if row is None:
        reading.wrong("missing_area", line, f"[{section}] names subcatchment {line.tokens[0]}, which is not in the file", "Add it or remove the line", kind=AREA,
                      value=line.tokens[0])  # fmt: skip
    return row


def _subarea(reading: Reading, line: Line, row: dict[str, Any]) -> None:
    depth = reading.units.rain_depth
    for at, name, factor in (
        (1, "impervious_n", 1.0), (2, "pervious_n", 1.0), (3, "impervious_storage", depth), (4, "pervious_storage", depth), (5, "zero_storage_share", 0.01),
    ):  # fmt: skip
        row[name] = reading.value(line, at, name, row["id"], factor)
    word = (token(line, 6) or "").upper()
    row["route_to"] = {"OUT": "OUTLET", "IMP": "IMPERVIOUS", "PER": "PERVIOUS"}.get(word[:3])
    row["routed_share"] = reading.value(line, 7, "routed_share", row["id"], 0.01)
