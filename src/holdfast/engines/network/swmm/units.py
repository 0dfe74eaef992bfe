"""What the flow unit of a SWMM model means in SI."""

from __future__ import annotations

FOOT, INCH, GALLON, ACRE, DAY = 0.3048, 0.0254, 0.003785411784, 4046.8564224, 86400.0

FLOW: dict[str, float] = {"CFS": FOOT**3, "GPM": GALLON / 60, "MGD": GALLON * 1e6 / DAY, "CMS": 1.0, "LPS": 1e-3, "MLD": 1e3 / DAY}
"""Flow unit -> m3/s."""
US = frozenset({"CFS", "GPM", "MGD"})


def flow(unit: str) -> float:
    """m3/s in one unit of flow; the engine takes CFS where a model names none that it knows."""
    return FLOW.get(unit.upper(), FLOW["CFS"])


def length(unit: str) -> float:
    """m in one unit of length of a model with that flow unit."""
    return FOOT if unit.upper() in US or unit.upper() not in FLOW else 1.0


def rain_depth(unit: str) -> float:
    """m in one unit of rain: inches or millimetres."""
    return INCH if length(unit) == FOOT else 1e-3


def plan_area(unit: str) -> float:
    """m2 in one unit of subcatchment area: acres or hectares."""
    return ACRE if length(unit) == FOOT else 1e4
