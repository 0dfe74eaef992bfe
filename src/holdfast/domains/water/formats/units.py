"""Units of an EPANET file: what its flow-unit and pressure options mean in SI."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

FOOT, INCH, GALLON, IMPERIAL_GALLON, ACRE_FOOT, DAY = 0.3048, 0.0254, 0.003785411784, 0.00454609, 43560 * 0.3048**3, 86400.0

FLOW: dict[str, float] = {
    "CFS": FOOT**3, "GPM": GALLON / 60, "MGD": GALLON * 1e6 / DAY, "IMGD": IMPERIAL_GALLON * 1e6 / DAY, "AFD": ACRE_FOOT / DAY,
    "LPS": 1e-3, "LPM": 1e-3 / 60, "MLD": 1e3 / DAY, "CMH": 1 / 3600, "CMD": 1 / DAY, "CMS": 1.0,
}  # fmt: skip
"""Flow unit -> m3/s."""

US = frozenset({"CFS", "GPM", "MGD", "IMGD", "AFD"})
PSI_PER_FOOT, KPA_PER_PSI = 0.4333, 6.895  # the engine's own constants, so that pressures keep their meaning as heads


@dataclass(frozen=True, slots=True)
class Units:
    """Factors file -> SI of one file.

    flow_unit  name of the flow unit
    headloss   "H-W", "D-W" or "C-M"
    pressure   metres of head per unit of pressure
    exponent   emitter exponent
    """

    flow_unit: str = "GPM"
    headloss: str = "H-W"
    pressure: float = FOOT / PSI_PER_FOOT
    exponent: float = 0.5

    @property
    def us(self) -> bool:
        return self.flow_unit in US

    @property
    def flow(self) -> float:
        return FLOW[self.flow_unit]

    @property
    def length(self) -> float:
        return FOOT if self.us else 1.0

    @property
    def diameter(self) -> float:
        return INCH if self.us else 1e-3

    @property
    def roughness(self) -> float:
        """Of the Darcy-Weisbach formula; the other two have no unit."""
        return FOOT * 1e-3 if self.us else 1e-3

    @property
    def power(self) -> float:
        return 550 * FOOT * 4.4482216152605 if self.us else 1000.0

    @property
    def volume(self) -> float:
        return self.length**3

    @property
    def emitter(self) -> float:
        return self.flow / self.pressure**self.exponent

    @property
    def wall(self) -> float:
        """Of first-order wall coefficients."""
        return self.length / DAY

    @property
    def roughness_field(self) -> tuple[str, float]:
        """Field of the pipe that holds the coefficient of the headloss formula, and its factor."""
        return {"H-W": ("hazen_williams_c", 1.0), "D-W": ("roughness", self.roughness), "C-M": ("manning_n", 1.0)}[self.headloss]

    def setting(self, valve_type: str) -> tuple[str, float] | None:
        """Field of a valve that holds its setting, and the factor; None where the setting is a curve."""
        if valve_type in {"PRV", "PSV", "PBV"}:
            return "setting_head", self.pressure
        return {"FCV": ("setting_flow", self.flow), "TCV": ("setting_loss", 1.0), "PCV": ("opening", 0.01)}.get(valve_type)


def units_of(options: Mapping[str, str]) -> Units:
    """Units from options by keyword, e.g. {"UNITS": "LPS", "HEADLOSS": "D-W"}; defaults are the engine's.

    Unknown names fall back to the engine's defaults; `reader` reports them.
    """
    flow_unit = first(options.get("UNITS", "GPM")).upper()
    flow_unit = flow_unit if flow_unit in FLOW else "GPM"
    headloss = headloss_of(first(options.get("HEADLOSS", "H-W"))) or "H-W"
    gravity = real(options.get("SPECIFIC GRAVITY"), 1.0)
    named = first(options.get("PRESSURE", "")).upper()
    if named not in {"PSI", "KPA", "METERS", "FEET", "BAR"}:
        named = "PSI" if flow_unit in US else "METERS"
    per_foot = {"PSI": PSI_PER_FOOT, "KPA": KPA_PER_PSI * PSI_PER_FOOT, "METERS": FOOT, "FEET": 1.0, "BAR": KPA_PER_PSI * PSI_PER_FOOT / 100}
    return Units(flow_unit, headloss, FOOT / (per_foot[named] * gravity), real(options.get("EMITTER EXPONENT"), 0.5))


def headloss_of(word: str) -> str | None:
    """The formula an option names by its first letter, as the engine does; None if it names none."""
    return {"H": "H-W", "D": "D-W", "C": "C-M"}.get(word[:1].upper())


def first(value: str) -> str:
    """The first word, or nothing."""
    return value.split(maxsplit=1)[0] if value.split() else ""


def real(value: str | None, default: float) -> float:
    """The first word as a number; `default` where it is none or zero."""
    try:
        return float(first(value or "")) or default
    except ValueError:
        return default
