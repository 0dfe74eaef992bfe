"""Units of a SWMM file: what its flow-unit option means in SI."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from holdfast.engines.network.swmm.units import ACRE, FLOW, FOOT, INCH, US


@dataclass(frozen=True, slots=True)
class Units:
    """Factors file -> SI of one file.

    flow_unit   name of the flow unit
    elevations  True when link offsets are given as levels (LINK_OFFSETS ELEVATION)
    """

    flow_unit: str = "CFS"
    elevations: bool = False

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
    def plan_area(self) -> float:
        """Of subcatchments: acres or hectares."""
        return ACRE if self.us else 1e4

    @property
    def area(self) -> float:
        return self.length**2

    @property
    def volume(self) -> float:
        return self.length**3

    @property
    def rain_depth(self) -> float:
        return INCH if self.us else 1e-3

    @property
    def rain_rate(self) -> float:
        return self.rain_depth / 3600

    @property
    def weir(self) -> float:
        """Of weir coefficients, which have the unit length ** 0.5 / s."""
        return self.length**0.5

    def curve(self, kind: str) -> tuple[float, float]:
        """Factors of abscissa and ordinate of a curve type."""
        return {
            "STORAGE": (self.length, self.area), "DIVERSION": (self.flow, self.flow), "TIDAL": (1.0, self.length), "PUMP1": (self.volume, self.flow),
            "PUMP2": (self.length, self.flow), "PUMP3": (self.length, self.flow), "PUMP4": (self.length, self.flow), "PUMP5": (self.length, self.flow),
            "RATING": (self.length, self.flow), "WEIR": (self.length, self.weir),
        }.get(kind, (1.0, 1.0))  # fmt: skip

    def series(self, use: str) -> float:
        """Factor of the values of a time series."""
        return {"INTENSITY": self.rain_rate, "VOLUME": self.rain_depth, "CUMULATIVE": self.rain_depth, "INFLOW": self.flow, "STAGE": self.length}.get(use, 1.0)


def units_of(options: Mapping[str, str]) -> Units:
    """Units from options by keyword; unknown ones fall back to the engine's defaults and are reported by `reader`."""
    flow_unit = options.get("FLOW_UNITS", "CFS").upper()
    return Units(flow_unit if flow_unit in FLOW else "CFS", options.get("LINK_OFFSETS", "").upper().startswith("ELEV"))
