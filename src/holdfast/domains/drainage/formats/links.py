"""Conduits, pumps, orifices, weirs and outlets of a SWMM file, their cross-sections and losses."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any

from holdfast.io.sectioned import Line, number

from ..dictionaries import SHAPE
from .context import CURVE, Reading, reference, token

_SHAPES = frozenset(SHAPE.values())
_NAMED = frozenset({"IRREGULAR", "STREET"})  # the section is a transect or street; no dimensions


def read_links(reading: Reading) -> None:
    """Rows of the five link kinds."""
    for section, kind, columns, fill in (
        ("CONDUITS", "drainage.conduit", 5, _conduit), ("PUMPS", "drainage.pump", 4, _pump), ("ORIFICES", "drainage.orifice", 4, _orifice),
        ("WEIRS", "drainage.weir", 4, _weir), ("OUTLETS", "drainage.outlet", 5, _outlet),
    ):  # fmt: skip
        for line in reading.sections.of(section):
            _link(reading, section, kind, columns, line, fill)
    read_sections_of_links(reading)
    read_losses(reading)


def _link(reading: Reading, section: str, kind: str, columns: int, line: Line, fill: Callable[[Reading, Line, dict[str, Any]], None]) -> None:
    if not reading.enough(line, columns, section, kind) or not reading.is_new(reading.links, line, line.tokens[0], kind):
        return
    row = reading.described(kind, line)
    row["from_id"] = reading.node_id(line, line.tokens[1], "from_id", row["id"])
    row["to_id"] = reading.node_id(line, line.tokens[2], "to_id", row["id"])
    reading.links[reading.key(line.tokens[0])] = row
    fill(reading, line, row)


def _offset(reading: Reading, line: Line, at: int, row: dict[str, Any], end: str) -> None:
    """A height above a node, or a level; both are kept, so that either can be written exactly as it was."""
    node = reading.nodes.get(reading.key(line.tokens[1 if end == "from" else 2]))
    base = 0.0 if node is None else node["elevation"] or 0.0
    given = reading.value(line, at, f"{end}_offset", row["id"], reading.units.length)
    if given is None:
        row[f"{end}_offset"], row[f"{end}_elevation"] = 0.0, base
    elif reading.units.elevations:
        row[f"{end}_offset"], row[f"{end}_elevation"] = given - base, given
    else:
        row[f"{end}_offset"], row[f"{end}_elevation"] = given, base + given


def _conduit(reading: Reading, line: Line, row: dict[str, Any]) -> None:
    units = reading.units
    row["length"] = reading.value(line, 3, "length", row["id"], units.length)
    row["manning_n"] = reading.value(line, 4, "manning_n", row["id"])
    _offset(reading, line, 5, row, "from")
    _offset(reading, line, 6, row, "to")
    row["initial_flow"] = reading.value(line, 7, "initial_flow", row["id"], units.flow)
    row["maximum_flow"] = reading.value(line, 8, "maximum_flow", row["id"], units.flow)


def _pump(reading: Reading, line: Line, row: dict[str, Any]) -> None:
    row["curve"] = reference(CURVE, token(line, 3))
    row["initial_status"] = (token(line, 4) or "ON").upper()
    row["startup_depth"] = reading.value(line, 5, "startup_depth", row["id"], reading.units.length)
    row["shutoff_depth"] = reading.value(line, 6, "shutoff_depth", row["id"], reading.units.length)


def _orifice(reading: Reading, line: Line, row: dict[str, Any]) -> None:
    row["type"] = line.tokens[3].upper()
    _offset(reading, line, 4, row, "from")
    row["discharge_coefficient"] = reading.value(line, 5, "discharge_coefficient", row["id"])
    row["flap_gate"] = bool(reading.flag(line, 6))
    row["closing_time"] = reading.value(line, 7, "closing_time", row["id"], 3600.0)


def _weir(reading: Reading, line: Line, row: dict[str, Any]) -> None:
    row["type"] = line.tokens[3].upper()
    _offset(reading, line, 4, row, "from")
    row["discharge_coefficient"] = reading.value(line, 5, "discharge_coefficient", row["id"], reading.units.weir)
    row["flap_gate"] = reading.flag(line, 6)
    row["model_row"] = json.dumps(line.tokens[7:]) if len(line.tokens) > 7 else None


def _outlet(reading: Reading, line: Line, row: dict[str, Any]) -> None:
    row["type"] = line.tokens[4].upper()
    _offset(reading, line, 3, row, "from")
    at = 6
    if row["type"].startswith("FUNC"):
        a, b = reading.value(line, 5, "coefficients", row["id"], 1.0, 0.0), reading.value(line, 6, "coefficients", row["id"], 1.0, 0.0)
        row["coefficients"] = json.dumps([a * outlet_factor(reading.units, b), b])  # type: ignore[operator,arg-type]
        at = 7
    else:
        row["curve"] = reference(CURVE, token(line, 5))
    row["flap_gate"] = bool(reading.flag(line, at))


def outlet_factor(units: Any, exponent: float) -> float:
    """Factor of the coefficient of flow = a * depth ** exponent."""
    return units.flow / units.length**exponent


def read_sections_of_links(reading: Reading) -> None:
    """[XSECTIONS]."""
    for line in reading.sections.of("XSECTIONS"):
        if not reading.enough(line, 3, "XSECTIONS", "drainage.conduit"):
            continue
        row = reading.link_row(line, line.tokens[0], "XSECTIONS")
        if row is not None:
            _section(reading, line, row)


def _section(reading: Reading, line: Line, row: dict[str, Any]) -> None:
    shape, length = line.tokens[1].upper(), reading.units.length
    row["shape"] = shape
    if shape not in _SHAPES:
        reading.wrong("unknown_code", line, f"{line.tokens[1]!r} is no section shape", "Use a shape that SWMM knows", kind=row["id"].partition(":")[0], column="shape",
                      id=row["id"], value=line.tokens[1])  # fmt: skip
    if shape in _NAMED:
        row["section_curve"] = line.tokens[2]
        row["section_parameters"] = json.dumps(line.tokens[3:6])
    else:
        row["diameter"] = reading.value(line, 2, "diameter", row["id"], length)
        if shape == "CUSTOM":
            row["section_curve"] = token(line, 3)
            row["section_parameters"] = json.dumps(line.tokens[4:6])
        elif shape == "FORCE_MAIN":  # the second parameter is a roughness
            row["section_parameters"] = json.dumps(line.tokens[3:6])
        else:
            row["width"] = reading.value(line, 3, "width", row["id"], length)
            row["section_parameters"] = json.dumps(line.tokens[4:6])
    barrels = number(line.tokens[6]) if len(line.tokens) > 6 else None
    row["barrels"] = None if barrels is None else int(barrels)
    row["culvert"] = token(line, 7)


def read_losses(reading: Reading) -> None:
    """[LOSSES] link entry exit average (flap gate, seepage rate)."""
    for line in reading.sections.of("LOSSES"):
        if not reading.enough(line, 4, "LOSSES", "drainage.conduit"):
            continue
        row = reading.link_row(line, line.tokens[0], "LOSSES")
        if row is None:
            continue
        for at, name in enumerate(("entry_loss", "exit_loss", "average_loss"), 1):
            row[name] = reading.value(line, at, name, row["id"])
        row["flap_gate"] = bool(reading.flag(line, 4))
        row["seepage_rate"] = reading.value(line, 5, "seepage_rate", row["id"], reading.units.rain_rate)
