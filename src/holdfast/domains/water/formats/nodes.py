"""Junctions, reservoirs and tanks of an EPANET file, and the sections that add to them."""

from __future__ import annotations

import json
from typing import Any

from holdfast.io.sectioned import Line, number

from .context import Reading, reference, token
from .units import DAY

PATTERN, CURVE = "water.pattern", "water.curve"
_MIXING = {"MIXED": "MIXED", "2COMP": "2COMP", "2-COMP": "2COMP", "FIFO": "FIFO", "LIFO": "LIFO"}
_SOURCES = {"CONC": "CONCEN", "MASS": "MASS", "FLOW": "FLOWPACED", "SETP": "SETPOINT"}


def read_nodes(reading: Reading) -> None:
    """Rows of the three node kinds."""
    for line in reading.sections.of("JUNCTIONS"):
        _junction(reading, line)
    for line in reading.sections.of("RESERVOIRS"):
        _reservoir(reading, line)
    for line in reading.sections.of("TANKS"):
        if len(line.tokens) <= 3:  # the engine takes a tank without levels for a reservoir
            _reservoir(reading, line)
        else:
            _tank(reading, line)
    read_demands(reading)
    read_emitters(reading)
    read_quality(reading)
    read_sources(reading)
    read_mixing(reading)


def _new(reading: Reading, kind: str, line: Line, **cells: Any) -> None:
    name = line.tokens[0]
    if reading.is_new(reading.nodes, line, name, kind):
        reading.nodes[name] = reading.add(kind, name, line, **cells)


def _junction(reading: Reading, line: Line) -> None:
    kind = "water.junction"
    row_id = f"{kind}:{line.tokens[0]}"
    _new(
        reading, kind, line,
        elevation=reading.value(line, 1, "elevation", row_id, reading.units.length, 0.0),
        demand=reading.value(line, 2, "demand", row_id, reading.units.flow, 0.0),
        demand_pattern=reference(PATTERN, token(line, 3)),
    )  # fmt: skip


def _reservoir(reading: Reading, line: Line) -> None:
    kind = "water.reservoir"
    row_id = f"{kind}:{line.tokens[0]}"
    if not reading.enough(line, 2, "RESERVOIRS", kind):
        return
    _new(reading, kind, line, head=reading.value(line, 1, "head", row_id, reading.units.length), head_pattern=reference(PATTERN, token(line, 2)))


def _tank(reading: Reading, line: Line) -> None:
    kind = "water.tank"
    row_id = f"{kind}:{line.tokens[0]}"
    if not reading.enough(line, 6, "TANKS", kind):
        return
    length = reading.units.length
    names = ("elevation", "initial_level", "minimum_level", "maximum_level", "diameter")
    cells: dict[str, Any] = {name: reading.value(line, at, name, row_id, length) for at, name in enumerate(names, 1)}
    cells["minimum_volume"] = reading.value(line, 6, "minimum_volume", row_id, reading.units.volume, 0.0)
    cells["volume_curve"] = reference(CURVE, token(line, 7))
    overflow = token(line, 8)
    cells["overflow"] = None if overflow is None else overflow.upper().startswith("Y")
    _new(reading, kind, line, **cells)


def read_demands(reading: Reading) -> None:
    """[DEMANDS]: replaces the demand of [JUNCTIONS]; several lines of one junction are categories."""
    found: dict[str, list[dict[str, Any]]] = {}
    for line in reading.sections.of("DEMANDS"):
        if not reading.enough(line, 2, "DEMANDS", "water.junction"):
            continue
        row = reading.node_row(line, line.tokens[0], "DEMANDS")
        if row is None:
            continue
        entry = {"demand": reading.value(line, 1, "demand", row["id"], reading.units.flow, 0.0)}
        if pattern := reference(PATTERN, token(line, 2)):
            entry["pattern"] = pattern
        if line.comment:
            entry["category"] = line.comment
        found.setdefault(line.tokens[0], []).append(entry)
    for name, entries in found.items():
        row = reading.nodes[name]
        row["demand"] = sum(entry["demand"] for entry in entries)
        row["demand_pattern"] = entries[0].get("pattern")
        row["demands"] = json.dumps(entries, ensure_ascii=False) if len(entries) > 1 or "category" in entries[0] else None


def read_emitters(reading: Reading) -> None:
    """Emitter coefficients of junctions."""
    for line in reading.sections.of("EMITTERS"):
        if reading.enough(line, 2, "EMITTERS", "water.junction"):
            row = reading.node_row(line, line.tokens[0], "EMITTERS")
            if row is not None:
                row["emitter_coefficient"] = reading.value(line, 1, "emitter_coefficient", row["id"], reading.units.emitter)


def read_quality(reading: Reading) -> None:
    """[QUALITY]: initial concentration, age or share, by what the model computes; two ids give a range."""
    field, factor = quality_field(reading.options.get("QUALITY", ""))
    for line in reading.sections.of("QUALITY"):
        if not reading.enough(line, 2, "QUALITY", "water.junction"):
            continue
        if len(line.tokens) > 2 and number(line.tokens[2]) is not None:
            rows = reading.in_range(reading.nodes, line.tokens[0], line.tokens[1])
        else:
            row = reading.node_row(line, line.tokens[0], "QUALITY")
            rows = [] if row is None else [row]
        at = 2 if len(line.tokens) > 2 else 1
        for row in rows:
            row[field] = reading.value(line, at, field, row["id"], factor)


def quality_field(option: str) -> tuple[str, float]:
    """Field that holds the initial quality, and its factor, for a QUALITY option such as "Chlorine mg/L"."""
    words = option.upper().split()
    if words and words[0].startswith("AGE"):
        return "initial_age", 3600.0
    if words and words[0].startswith("TRAC"):
        return "initial_trace", 0.01
    return "initial_quality", mass_factor(option)


def mass_factor(option: str) -> float:
    """kg per unit of mass times 1000 litres: concentration file -> kg/m3."""
    return 1e-6 if "UG/" in option.upper() else 1e-3


def read_sources(reading: Reading) -> None:
    """[SOURCES] node [type] strength [pattern]."""
    factor = mass_factor(reading.options.get("QUALITY", ""))
    for line in reading.sections.of("SOURCES"):
        if not reading.enough(line, 2, "SOURCES", "water.junction"):
            continue
        row = reading.node_row(line, line.tokens[0], "SOURCES")
        if row is None:
            continue
        kind = _SOURCES.get(line.tokens[1][:4].upper())
        at = 1 if kind is None else 2
        row["source_type"] = kind or "CONCEN"
        if kind == "MASS":  # mass per minute
            row["source_mass_flow"] = reading.value(line, at, "source_mass_flow", row["id"], factor * 1e-3 / 60)
        else:
            row["source_concentration"] = reading.value(line, at, "source_concentration", row["id"], factor)
        row["source_pattern"] = reference(PATTERN, token(line, at + 1))


def read_mixing(reading: Reading) -> None:
    """Mixing models of tanks."""
    for line in reading.sections.of("MIXING"):
        if not reading.enough(line, 2, "MIXING", "water.tank"):
            continue
        row = reading.node_row(line, line.tokens[0], "MIXING")
        if row is None:
            continue
        row["mixing"] = _MIXING.get(line.tokens[1].upper())
        if row["mixing"] is None:
            reading.wrong("unknown_code", line, f"{line.tokens[1]!r} is no mixing model", "Use MIXED, 2COMP, FIFO or LIFO", kind="water.tank", column="mixing",
                          id=row["id"], value=line.tokens[1])  # fmt: skip
        row["mixing_fraction"] = reading.value(line, 2, "mixing_fraction", row["id"])


def tank_coefficient(reading: Reading, line: Line, row: dict[str, Any], at: int) -> None:
    """[REACTIONS] TANK id value, of first order."""
    row["bulk_coefficient"] = reading.value(line, at, "bulk_coefficient", row["id"], 1 / DAY)
