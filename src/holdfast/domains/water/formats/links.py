"""Pipes, pumps and valves of an EPANET file, and the sections that add to them."""

from __future__ import annotations

import json
from typing import Any

from holdfast.io.sectioned import Line, number

from .context import Reading, reference, token
from .units import DAY

PATTERN, CURVE = "water.pattern", "water.curve"
_STATUS = {"OPEN": "OPEN", "CLOS": "CLOSED", "ACTI": "ACTIVE"}
VALVE_TYPES = ("PRV", "PSV", "PBV", "FCV", "TCV", "GPV", "PCV")


def read_links(reading: Reading) -> None:
    """Rows of the three link kinds."""
    for line in reading.sections.of("PIPES"):
        _pipe(reading, line)
    for line in reading.sections.of("PUMPS"):
        _pump(reading, line)
    for line in reading.sections.of("VALVES"):
        _valve(reading, line)
    read_status(reading)


def status_of(word: str) -> str | None:
    """The status code of a word of the file, or None."""
    return _STATUS.get(word[:4].upper())


def _new(reading: Reading, kind: str, section: str, columns: int, line: Line) -> dict[str, Any] | None:
    if not reading.enough(line, columns, section, kind):
        return None
    name = line.tokens[0]
    if not reading.is_new(reading.links, line, name, kind):
        return None
    row = reading.add(kind, name, line)
    row["from_id"] = reading.node_id(line, line.tokens[1], "from_id", row["id"])
    row["to_id"] = reading.node_id(line, line.tokens[2], "to_id", row["id"])
    reading.links[name] = row
    return row


def _pipe(reading: Reading, line: Line) -> None:
    row = _new(reading, "water.pipe", "PIPES", 6, line)
    if row is None:
        return
    units = reading.units
    row["length"] = reading.value(line, 3, "length", row["id"], units.length)
    row["diameter"] = reading.value(line, 4, "diameter", row["id"], units.diameter)
    field, factor = units.roughness_field
    row[field] = reading.value(line, 5, field, row["id"], factor)
    row["minor_loss"], row["initial_status"], row["check_valve"] = 0.0, "OPEN", False
    for at in (6, 7):
        word = token(line, at)
        if word is None:
            continue
        if word.upper() == "CV":
            row["check_valve"] = True
        elif status_of(word):
            row["initial_status"] = status_of(word)
        else:
            row["minor_loss"] = reading.value(line, at, "minor_loss", row["id"], 1.0, 0.0)


def _pump(reading: Reading, line: Line) -> None:
    row = _new(reading, "water.pump", "PUMPS", 4, line)
    if row is None:
        return
    row["initial_status"], row["speed"] = "OPEN", 1.0
    if number(line.tokens[3]) is not None:
        _old_pump(reading, line, row)
        return
    for at in range(3, len(line.tokens) - 1, 2):
        word = line.tokens[at].upper()
        if word.startswith("POWE"):
            row["power"] = reading.value(line, at + 1, "power", row["id"], reading.units.power)
        elif word.startswith("HEAD"):
            row["head_curve"] = reference(CURVE, line.tokens[at + 1])
        elif word.startswith("PATT"):
            row["speed_pattern"] = reference(PATTERN, line.tokens[at + 1])
        elif word.startswith("SPEE"):
            row["speed"] = reading.value(line, at + 1, "speed", row["id"], 1.0, 1.0)
        else:
            reading.wrong("unknown_code", line, f"{line.tokens[at]!r} is no property of a pump", "Use HEAD, POWER, SPEED or PATTERN", kind="water.pump",
                          id=row["id"], value=line.tokens[at])  # fmt: skip


def _old_pump(reading: Reading, line: Line, row: dict[str, Any]) -> None:
    """Pumps of the first EPANET version: a power, or head and flow, or cut-off head and two points."""
    units = reading.units
    values = [reading.value(line, at, "head_curve", row["id"]) or 0.0 for at in range(3, len(line.tokens))]
    if len(values) == 1:
        row["power"] = values[0] * units.power
        return
    pairs = [(values[1], values[0])] if len(values) < 5 else [(0.0, values[0]), (values[2], values[1]), (values[4], values[3])]
    name = f"PUMP-{line.tokens[0]}"
    x, y = [q * units.flow for q, _ in pairs], [h * units.length for _, h in pairs]
    reading.add(CURVE, name, line, use="PUMP", x=json.dumps(x), y=json.dumps(y))
    row["head_curve"] = f"{CURVE}:{name}"


def _valve(reading: Reading, line: Line) -> None:
    row = _new(reading, "water.valve", "VALVES", 5, line)
    if row is None:
        return
    kind = line.tokens[4].upper()[:3]
    row["diameter"] = reading.value(line, 3, "diameter", row["id"], reading.units.diameter)
    row["type"], row["initial_status"] = kind, "ACTIVE"
    row["minor_loss"] = reading.value(line, 6, "minor_loss", row["id"], 1.0, 0.0)
    if kind not in VALVE_TYPES:
        reading.wrong("unknown_code", line, f"{line.tokens[4]!r} is no valve type", f"Use one of {', '.join(VALVE_TYPES)}", kind="water.valve", column="type",
                      id=row["id"], value=line.tokens[4])  # fmt: skip
        return
    setting = reading.units.setting(kind)
    if setting is None:
        row["curve"] = reference(CURVE, token(line, 5))
        return
    row[setting[0]] = reading.value(line, 5, setting[0], row["id"], setting[1], 0.0)
    if kind == "PCV":
        row["curve"] = reference(CURVE, token(line, 7))


def read_status(reading: Reading) -> None:
    """[STATUS]: open or closed, or a number that is the setting of a pump or valve; two ids give a range."""
    for line in reading.sections.of("STATUS"):
        if not reading.enough(line, 2, "STATUS", "water.pipe"):
            continue
        word = line.tokens[-1]
        if len(line.tokens) > 2:
            rows = reading.in_range(reading.links, line.tokens[0], line.tokens[1])
        else:
            row = reading.link_row(line, line.tokens[0], "STATUS")
            rows = [] if row is None else [row]
        for row in rows:
            _apply_status(reading, line, row, word)


def _apply_status(reading: Reading, line: Line, row: dict[str, Any], word: str) -> None:
    kind, state, at = row["id"].partition(":")[0], status_of(word), len(line.tokens) - 1
    if kind == "water.pipe" and row.get("check_valve"):
        return
    if state is not None:
        row["initial_status"] = state
        if kind == "water.pump" and state == "OPEN":  # the engine then forgets a speed given before
            row["speed"] = 1.0
    elif number(word) is None:
        reading.wrong("unknown_code", line, f"{word!r} is no status", "Use OPEN, CLOSED or a number", kind=kind, column="initial_status", id=row["id"], value=word)
    elif kind == "water.pump":
        row["speed"] = reading.value(line, at, "speed", row["id"])
        row["initial_status"] = "CLOSED" if row["speed"] == 0 else "OPEN"
    elif kind == "water.pipe":
        row["initial_status"] = "CLOSED" if number(word) == 0 else "OPEN"
    else:
        setting = reading.units.setting(row["type"])
        if setting is not None:
            row[setting[0]] = reading.value(line, at, setting[0], row["id"], setting[1])
        row["initial_status"] = "ACTIVE"


def pipe_coefficient(reading: Reading, line: Line, row: dict[str, Any], at: int, wall: bool) -> None:
    """[REACTIONS] BULK or WALL id value, of first order."""
    field, factor = ("wall_coefficient", reading.units.wall) if wall else ("bulk_coefficient", 1 / DAY)
    row[field] = reading.value(line, at, field, row["id"], factor)
