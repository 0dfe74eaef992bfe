"""EPANET controls and rules as text whose numbers are in SI, and back.

Only numbers that have a unit change: levels and heads [m], pressures [m of head], flows [m3/s], powers [W]. Ids, times,
statuses, pump speeds and loss coefficients stay as they are.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping

from holdfast.io.sectioned import number, plain, quoted, split

from .units import Units

Scale = Callable[[float, float], str]
"""f(value, factor file -> SI) -> the value in the other unit as text."""

PRESSURE_VALVES = frozenset({"PRV", "PSV", "PBV"})


def to_si(value: float, factor: float) -> str:
    """A number of the file in SI, as text that keeps every digit."""
    return repr(value * factor)


def from_si(value: float, factor: float) -> str:
    """An SI number in the unit of the file, as text."""
    return plain(value / factor)


def setting_factor(units: Units, link_type: str) -> float:
    """Factor of a link setting; `link_type` is a valve type, or anything else for pumps and pipes."""
    if link_type in PRESSURE_VALVES:
        return units.pressure
    return units.flow if link_type == "FCV" else 1.0


def convert_control(text: str, units: Units, scale: Scale, link_types: Mapping[str, str], levels: frozenset[str]) -> str | None:
    """One simple control with its numbers converted, or None if it is no control.

    link_types  link id -> valve type
    levels      ids of tanks and reservoirs, whose thresholds are levels; those of junctions are pressures
    """
    tokens = split(text, ",")
    if len(tokens) < 6 or tokens[3].upper() not in {"IF", "AT"}:
        return None
    tokens[2] = _scaled(tokens[2], setting_factor(units, link_types.get(tokens[1], "")), scale)
    if tokens[3].upper() == "IF":
        if len(tokens) < 8 or number(tokens[7]) is None:
            return None
        tokens[7] = _scaled(tokens[7], units.length if tokens[5] in levels else units.pressure, scale)
    return " ".join(quoted(token) for token in tokens)


def convert_rule(lines: list[str], units: Units, scale: Scale, link_types: Mapping[str, str]) -> tuple[list[str], list[int]]:
    """The lines of one rule with their numbers converted, and positions of lines that were not understood."""
    out, odd = [], []
    for place, line in enumerate(lines):
        tokens = split(line, ",")
        word = tokens[0].upper()
        if word in {"RULE", "PRIORITY"}:
            out.append(" ".join(tokens))
            continue
        clause = _clause(tokens, units, scale, link_types)
        if clause is None or word not in {"IF", "AND", "OR", "THEN", "ELSE"}:
            odd.append(place)
            out.append(line)
        else:
            out.append(" ".join(quoted(token) for token in clause))
    return out, odd


def _clause(tokens: list[str], units: Units, scale: Scale, link_types: Mapping[str, str]) -> list[str] | None:
    """[IF|AND|OR|THEN|ELSE] object id variable relation value, or [IF..] SYSTEM variable relation value."""
    system = len(tokens) > 1 and tokens[1].upper().startswith("SYST")
    at = 2 if system else 3  # position of the variable
    if len(tokens) < at + 3:
        return None
    variable, value = tokens[at].upper(), tokens[at + 2]
    if number(value) is None:
        return list(tokens)
    if variable.startswith(("DEMA", "FLOW")):
        factor = units.flow
    elif variable.startswith(("HEAD", "GRAD", "LEVE")):
        factor = units.length
    elif variable.startswith("PRES"):
        factor = units.pressure
    elif variable.startswith("POWE"):
        factor = units.power
    elif variable.startswith("SETT"):
        factor = setting_factor(units, link_types.get(tokens[2], ""))
    else:
        return list(tokens)
    converted = list(tokens)
    converted[at + 2] = _scaled(value, factor, scale)
    return converted


def _scaled(token: str, factor: float, scale: Scale) -> str:
    value = number(token)
    return token if value is None or factor == 1.0 else scale(value, factor)
