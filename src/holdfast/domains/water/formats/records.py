"""Patterns, curves, controls, options and kept text of an EPANET file."""

from __future__ import annotations

import json
from collections.abc import Iterable

from holdfast.io.sectioned import Line, number

from . import statements
from .context import Reading
from .links import pipe_coefficient
from .nodes import tank_coefficient
from .units import FLOW, Units, headloss_of

PATTERN, CURVE, CONTROL, OPTION = "water.pattern", "water.curve", "water.control", "water.option"

KEYED = ("OPTIONS", "TIMES", "REPORT", "ENERGY", "REACTIONS")
KEPT = ("TITLE", "ROUGHNESS", "LEAKAGE", "LABELS", "BACKDROP")
_PAIRS = frozenset(
    """SPECIFIC GRAVITY|DEMAND MULTIPLIER|DEMAND MODEL|EMITTER EXPONENT|EMITTER BACKFLOW|MINIMUM PRESSURE|REQUIRED PRESSURE|PRESSURE EXPONENT|BACKFLOW ALLOWED
    |HYDRAULIC TIMESTEP|QUALITY TIMESTEP|RULE TIMESTEP|PATTERN TIMESTEP|PATTERN START|REPORT TIMESTEP|REPORT START|START CLOCKTIME|GLOBAL EFFICIENCY|GLOBAL EFFIC
    |GLOBAL PRICE|GLOBAL PATTERN|DEMAND CHARGE|ORDER BULK|ORDER WALL|ORDER TANK|GLOBAL BULK|GLOBAL WALL|LIMITING POTENTIAL|ROUGHNESS CORRELATION""".replace("\n", "")
    .replace("    ", "")
    .split("|")
)
_WORDS = {
    section: frozenset(words.split())
    for section, words in (
        ("OPTIONS", "UNIT PRES HEAD HYDR QUAL MAP VERI UNBA PATT VISC SPEC TRIA ACCU TOLE SEGM DIFF DAMP EMIT CHEC MAXC DEMA MINI REQU FLOW BACK"),
        ("TIMES", "DURA HYDR QUAL RULE PATT REPO STAR STAT MINI"),
        ("ENERGY", "GLOB DEMA PUMP"),
        ("REACTIONS", "ORDE GLOB LIMI ROUG BULK WALL TANK"),
    )
}
"""First four letters of the words the engine takes in a section."""
_SI_OPTIONS = {"MINIMUM PRESSURE": "pressure", "REQUIRED PRESSURE": "pressure", "HEADERROR": "length", "FLOWCHANGE": "flow"}
_USES = {"PUMP": "PUMP", "EFFI": "EFFICIENCY", "VOLU": "VOLUME", "HEAD": "HEADLOSS", "VALV": "VALVE"}


def keyword_of(line: Line) -> tuple[str, str]:
    """(option in upper case, rest of the line)."""
    pair = " ".join(line.tokens[:2]).upper()
    count = 2 if pair in _PAIRS else 1
    return " ".join(line.tokens[:count]).upper(), " ".join(line.tokens[count:])


def option_factor(keyword: str, units: Units) -> float | None:
    """Factor file -> SI of an option that has a unit, else None."""
    name = _SI_OPTIONS.get(keyword)
    return None if name is None else float(getattr(units, name))


def read_options(reading: Reading) -> None:
    """Rows for options and kept text; complains about words the engine would not know."""
    for section in KEYED:
        for line in reading.sections.of(section):
            keyword, value = keyword_of(line)
            if section in {"ENERGY", "REACTIONS"} and _of_element(reading, section, line, keyword):
                continue
            if not _known(section, keyword):
                reading.wrong("bad_option", line, f"{line.text!r} is nothing the engine knows in [{section}]; kept as a comment", "Correct the line", kind=OPTION,
                              value=line.text)  # fmt: skip
                _option(reading, section, "comment", line, text=line.text)
                continue
            factor = option_factor(keyword, reading.units) if section == "OPTIONS" else None
            if factor is not None and (found := number(value)) is not None:
                value = repr(found * factor)
            _option(reading, section, keyword, line, keyword=keyword, value=value)
    for section in KEPT:
        for place, line in enumerate(reading.sections.of(section), 1):
            _option(reading, section, str(place), line, text=line.text)
    for section, lines in reading.sections.unknown.items():
        for place, line in enumerate(lines, 1):
            _option(reading, section, str(place), line, text=f"{line.text} ;{line.comment}" if line.comment else line.text)
    if (unit := reading.options.get("UNITS")) and unit.split(maxsplit=1)[0].upper() not in FLOW:
        _bad_option(reading, "UNITS", unit, ", ".join(FLOW), "GPM")
    if (formula := reading.options.get("HEADLOSS")) and headloss_of(formula) is None:
        _bad_option(reading, "HEADLOSS", formula, "H-W, D-W, C-M", "H-W")


def _known(section: str, keyword: str) -> bool:
    """Whether the engine would take a keyword in a section; it knows words by their first four letters."""
    first = _WORDS.get(section)
    if first is None:
        return True
    if section == "REACTIONS" and keyword.split(maxsplit=1)[0] in {"ORDER", "GLOBAL"}:
        return len(keyword.split()) == 2
    return keyword[:4].strip() in first


def _option(reading: Reading, section: str, name: str, line: Line, **cells: str) -> None:
    base = f"{section}.{name}".replace(" ", "_")
    same = reading.taken[base]
    reading.taken[base] += 1
    reading.add(OPTION, f"{base}~{same + 1}" if same else base, line, section=section, **cells)


def _bad_option(reading: Reading, keyword: str, value: str, known: str, default: str) -> None:
    line = next(line for line in reading.sections.of("OPTIONS") if keyword_of(line)[0] == keyword)
    reading.wrong("unknown_code", line, f"{value!r} is no {keyword}; read as {default}", f"Use one of {known}", kind=OPTION, value=value)


def _of_element(reading: Reading, section: str, line: Line, keyword: str) -> bool:
    """Take a line about one pump, pipe or tank; False if it is about the whole model."""
    tokens = line.tokens
    if section == "ENERGY":
        return keyword == "PUMP" and _pump_energy(reading, line)
    if keyword not in {"BULK", "WALL", "TANK"} or len(tokens) < 3 or not _first_order(reading, keyword):
        return False
    rows = reading.nodes if keyword == "TANK" else reading.links
    if len(tokens) > 3:
        chosen, at = reading.in_range(rows, tokens[1], tokens[2]), 3
    else:
        row = (reading.node_row if keyword == "TANK" else reading.link_row)(line, tokens[1], section)
        chosen, at = [] if row is None else [row], 2
    for row in chosen:
        kind = row["id"].partition(":")[0]
        if keyword == "TANK" and kind == "water.tank":
            tank_coefficient(reading, line, row, at)
        elif keyword != "TANK" and kind == "water.pipe":
            pipe_coefficient(reading, line, row, at, wall=keyword == "WALL")
    return True


def _first_order(reading: Reading, keyword: str) -> bool:
    """Coefficients of other orders have other units and stay text."""
    for line in reading.sections.of("REACTIONS"):
        name, value = keyword_of(line)
        if name == f"ORDER {keyword}" and number(value) != 1.0:
            return False
    return True


def _pump_energy(reading: Reading, line: Line) -> bool:
    if not reading.enough(line, 4, "ENERGY", "water.pump"):
        return True
    row = reading.link_row(line, line.tokens[1], "ENERGY")
    if row is None:
        return True
    word, value = line.tokens[2].upper(), line.tokens[3]
    if word.startswith("PRIC"):
        row["energy_price"] = reading.value(line, 3, "energy_price", row["id"])
    elif word.startswith("PATT"):
        row["price_pattern"] = f"{PATTERN}:{value}"
    elif word.startswith("EFFI"):
        row["efficiency_curve"] = f"{CURVE}:{value}"
    else:
        return False
    return True


def read_patterns(reading: Reading) -> None:
    """Time patterns, their multipliers gathered over lines."""
    found: dict[str, tuple[Line, list[float]]] = {}
    for line in reading.sections.of("PATTERNS"):
        _, values = found.setdefault(line.tokens[0], (line, []))
        for at in range(1, len(line.tokens)):
            value = reading.value(line, at, "multipliers", f"{PATTERN}:{line.tokens[0]}")
            values.append(1.0 if value is None else value)
    for name, (line, values) in found.items():
        row = reading.add(PATTERN, name, line, multipliers=json.dumps(values))
        row["comment"] = line.note or None


def curve_factors(use: str, units: Units) -> tuple[float, float]:
    """Factors file -> SI of abscissa and ordinate."""
    return {
        "PUMP": (units.flow, units.length), "EFFICIENCY": (units.flow, 1.0), "VOLUME": (units.length, units.volume), "HEADLOSS": (units.flow, units.length),
    }.get(use, (1.0, 1.0))  # fmt: skip


def read_curves(reading: Reading) -> None:
    """Curves, in SI by what uses them; those that nothing uses by the comment the editor wrote, or unconverted."""
    uses = _uses(reading)
    found: dict[str, tuple[Line, list[tuple[float, float]]]] = {}
    for line in reading.sections.of("CURVES"):
        if not reading.enough(line, 3, "CURVES", CURVE):
            continue
        _, pairs = found.setdefault(line.tokens[0], (line, []))
        row_id = f"{CURVE}:{line.tokens[0]}"
        x, y = reading.value(line, 1, "x", row_id), reading.value(line, 2, "y", row_id)
        if x is not None and y is not None:
            pairs.append((x, y))
    for name, (line, pairs) in found.items():
        use = uses.get(f"{CURVE}:{name}") or _USES.get(line.note[:4].upper(), "GENERIC")
        fx, fy = curve_factors(use, reading.units)
        row = reading.add(CURVE, name, line, use=use, x=json.dumps([x * fx for x, _ in pairs]), y=json.dumps([y * fy for _, y in pairs]))
        row["comment"] = line.note or None


def _uses(reading: Reading) -> dict[str, str]:
    uses: dict[str, str] = {}

    def claim(rows: Iterable[dict], column: str, use: str) -> None:
        for row in rows:
            curve = row.get(column)
            if curve and uses.setdefault(curve, use) != use:
                reading.wrong("curve_use", row["row"], f"curve {curve.partition(':')[2]} is used as {uses[curve]} and as {use}; read as the former",
                              "Give each use its own curve", "warning", kind=row["id"].partition(":")[0], column=column, id=row["id"])  # fmt: skip

    claim(reading.kinds.get("water.pump", ()), "head_curve", "PUMP")
    claim(reading.kinds.get("water.tank", ()), "volume_curve", "VOLUME")
    valves = reading.kinds.get("water.valve", ())
    claim([row for row in valves if row["type"] == "GPV"], "curve", "HEADLOSS")
    claim([row for row in valves if row["type"] == "PCV"], "curve", "VALVE")
    claim(reading.kinds.get("water.pump", ()), "efficiency_curve", "EFFICIENCY")
    return uses


def read_statements(reading: Reading) -> None:
    """Controls and rules with their numbers in SI."""
    types = {name: row.get("type", "") for name, row in reading.links.items()}
    levels = frozenset(name for name, row in reading.nodes.items() if not row["id"].startswith("water.junction"))
    for place, line in enumerate(reading.sections.of("CONTROLS"), 1):
        text = statements.convert_control(line.text, reading.units, statements.to_si, types, levels)
        if text is None:
            _bad_statement(reading, line)
            text = line.text
        reading.add(CONTROL, f"CONTROL-{place}", line, type="SIMPLE", text=text)
    rules: list[list[Line]] = []
    for line in reading.sections.of("RULES"):
        if line.tokens[0].upper() == "RULE" or not rules:
            rules.append([])
        rules[-1].append(line)
    for place, lines in enumerate(rules, 1):
        out, odd = statements.convert_rule([line.text for line in lines], reading.units, statements.to_si, types)
        for at in odd:
            _bad_statement(reading, lines[at])
        reading.add(CONTROL, f"RULE-{place}", lines[0], type="RULE", text="\n".join(out))


def _bad_statement(reading: Reading, line: Line) -> None:
    reading.wrong("bad_control", line, "the line is no control or rule clause that EPANET knows; kept as it is", "Correct the statement", kind=CONTROL, value=line.text)


def read_tags(reading: Reading) -> None:
    """Tags of nodes and links."""
    for line in reading.sections.of("TAGS"):
        if reading.enough(line, 3, "TAGS", OPTION):
            node = line.tokens[0].upper().startswith("N")
            row = (reading.node_row if node else reading.link_row)(line, line.tokens[1], "TAGS")
            if row is not None:
                row["tag"] = " ".join(line.tokens[2:])
