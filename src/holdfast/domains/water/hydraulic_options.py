"""Options and times of a water model from the city's option records."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from holdfast.engines.network.hydraulic.model import Options
from holdfast.io.sectioned import number

from .formats.units import FLOW, US, first, headloss_of
from .hydraulic_tables import WaterTables
from .settings import chosen

EPANET_VISCOSITY = 1.1e-5 * 0.3048**2  # m2/s, the engine's water
_TIMES = {
    "DURATION": "duration", "HYDRAULIC TIMESTEP": "hydraulic_step", "PATTERN TIMESTEP": "pattern_step", "PATTERN START": "pattern_start",
    "REPORT TIMESTEP": "report_step", "REPORT START": "report_start", "RULE TIMESTEP": "rule_step", "START CLOCKTIME": "start_time",
}  # fmt: skip
_NUMBERS: dict[str, tuple[str, Callable[[float], Any]]] = {
    "SPECIFIC GRAVITY": ("specific_gravity", float), "DEMAND MULTIPLIER": ("demand_multiplier", float), "TRIALS": ("trials", int),
    "ACCURACY": ("accuracy", lambda v: min(max(v, 1e-5), 1e-1)),  # the engine's own limits
    "EMITTER EXPONENT": ("emitter_exponent", float), "CHECKFREQ": ("check_frequency", int), "MAXCHECK": ("max_check", int), "DAMPLIMIT": ("damp_limit", float),
    "MINIMUM PRESSURE": ("minimum_pressure", float), "REQUIRED PRESSURE": ("required_pressure", float), "PRESSURE EXPONENT": ("pressure_exponent", float),
    "HEADERROR": ("head_error", float), "FLOWCHANGE": ("flow_change", float),
}  # fmt: skip


def clock(words: list[str]) -> float | None:
    """Seconds of a time in EPANET's words: "2:30", "7.5", "90 MIN", "8 AM"; None if it is none."""
    parts = [number(part) for part in words[0].split(":")] if words else []
    if not parts or len(parts) > 3 or any(part is None for part in parts):
        return None
    hours = sum(float(part or 0.0) / 60**rank for rank, part in enumerate(parts))
    unit = words[1].upper() if len(words) > 1 else ""
    if not unit:
        return float(round(3600 * hours))
    if len(parts) == 1:
        for start, factor in (("SEC", 1 / 3600), ("MIN", 1 / 60), ("HOU", 1.0), ("DAY", 24.0)):
            if unit.startswith(start):
                return float(round(3600 * hours * factor))
    if not unit.startswith(("AM", "PM")) or hours >= 13:
        return None
    hours = hours % 12 + (12 if unit.startswith("PM") else 0)
    return float(round(3600 * hours))


def rows(tables: WaterTables) -> dict[str, dict[str, str]]:
    """Section -> keyword -> value of all option records, the last one winning as in the engine."""
    out: dict[str, dict[str, str]] = {}
    table = tables.table("water.option")
    for section, keyword, value in zip(*(table[name].to_pylist() for name in ("section", "keyword", "value")), strict=True):
        if section and keyword:
            out.setdefault(section, {})[keyword.upper()] = value or ""
    return out


def options(tables: WaterTables, counts: Mapping[str, int]) -> Options:
    """The options of the model; those of a city that never was an EPANET file are a day in hours.

    counts   headloss formula -> pipes that have its coefficient, for cities that name no formula
    """
    records = rows(tables)
    stated, times = records.get("OPTIONS", {}), records.get("TIMES", {})
    if not stated and not times:
        formula = max(counts, key=lambda name: counts[name]) if any(counts.values()) else "H-W"
        return Options(headloss=formula, accuracy=1e-4, unbalanced=10, duration=86400.0, required_pressure=float(chosen(tables.city, "required_pressure")),
                       minimum_pressure=float(chosen(tables.city, "minimum_pressure")))  # fmt: skip
    found: dict[str, Any] = {"headloss": headloss_of(first(stated.get("HEADLOSS", "H-W"))) or "H-W"}
    for keyword, (name, convert) in _NUMBERS.items():
        value = number(first(stated.get(keyword, "")))
        if value is not None:
            found[name] = convert(value)
    found["viscosity"] = _viscosity(stated)
    found["demand_model"] = "PDA" if first(stated.get("DEMAND MODEL", "")).upper().startswith("PDA") else "DDA"
    found["emitter_backflow"] = not first(stated.get("EMITTER BACKFLOW", stated.get("BACKFLOW ALLOWED", "YES"))).upper().startswith("NO")
    found["unbalanced"] = _unbalanced(stated.get("UNBALANCED", "STOP"))
    found["quality"] = _quality(stated.get("QUALITY", "NONE"))
    found |= _times(tables, times)
    used = {"HEADLOSS", "DEMAND MODEL", *_NUMBERS}
    extra = {keyword: value for keyword, value in stated.items() if keyword not in used}
    extra |= {f"{section} {keyword}": value for section in ("TIMES", "REACTIONS", "ENERGY") for keyword, value in records.get(section, {}).items()
              if section != "TIMES" or keyword not in _TIMES}  # fmt: skip
    return Options(**found, extra=extra)


def _viscosity(stated: Mapping[str, str]) -> float:
    """Kinematic viscosity [m2/s]: large numbers are multiples of the engine's water, small ones are in the file's unit."""
    value = number(first(stated.get("VISCOSITY", "")))
    if not value or value < 0:
        return EPANET_VISCOSITY
    if value > 1e-3:
        return value * EPANET_VISCOSITY
    unit = first(stated.get("UNITS", "GPM")).upper()
    return value * (0.3048**2 if (unit if unit in FLOW else "GPM") in US else 1.0)


def _unbalanced(value: str) -> int:
    words = value.upper().split()
    if not words or not words[0].startswith("CONT"):
        return -1
    more = number(words[1]) if len(words) > 1 else None
    return int(more or 0)


def _quality(value: str) -> str:
    word = first(value).upper()
    return "NONE" if not word or word.startswith("NONE") else "AGE" if word.startswith("AGE") else "TRACE" if word.startswith("TRAC") else "CHEMICAL"


def _times(tables: WaterTables, times: Mapping[str, str]) -> dict[str, float]:
    """Times in seconds with the engine's adjustments: no step is longer than the pattern and report steps."""
    found = {"duration": 0.0, "hydraulic_step": 3600.0, "pattern_step": 3600.0, "pattern_start": 0.0, "report_step": 0.0, "report_start": 0.0,
             "rule_step": 0.0, "start_time": 0.0}  # fmt: skip
    for keyword, name in _TIMES.items():
        if keyword not in times:
            continue
        value = clock(times[keyword].split())
        if value is None:
            tables.findings.add("hydraulics.bad_time", "error", f"{keyword} {times[keyword]!r} is no time; the default was taken", fix="Write hours or h:mm",
                                kind="water.option", value=times[keyword])  # fmt: skip
        else:
            found[name] = value
    for name in ("pattern_step", "hydraulic_step"):
        found[name] = found[name] if found[name] > 0 else 3600.0
    found["report_step"] = found["report_step"] or found["pattern_step"]
    found["hydraulic_step"] = min(found["hydraulic_step"], found["pattern_step"], found["report_step"])
    found["rule_step"] = min(found["rule_step"] or found["hydraulic_step"] / 10, found["hydraulic_step"])
    found["start_time"] %= 86400.0
    if found["report_start"] > found["duration"]:
        found["report_start"] = 0.0
    return found
