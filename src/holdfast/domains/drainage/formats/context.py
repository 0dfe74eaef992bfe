"""What the parts of the SWMM reader share: section names, the file's units, rows so far."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from holdfast.io.model_rows import ModelRows, reference, token
from holdfast.io.sectioned import Line

from .units import Units

NODE_KINDS = ("drainage.manhole", "drainage.outfall", "drainage.divider", "drainage.storage")
LINK_KINDS = ("drainage.conduit", "drainage.pump", "drainage.orifice", "drainage.weir", "drainage.outlet")
AREA, GAUGE, SERIES, CURVE, PATTERN, FILE, SECTION = (
    "drainage.subcatchment", "drainage.rain_gauge", "drainage.series", "drainage.curve", "drainage.pattern", "drainage.file", "drainage.section",
)  # fmt: skip

SECTIONS: dict[str, str] = {
    "TITLE": "TITLE", "OPTION": "OPTIONS", "FILE": "FILES", "RAINGAGE": "RAINGAGES", "TEMPERATURE": "TEMPERATURE", "EVAP": "EVAPORATION",
    "SUBCATCHMENT": "SUBCATCHMENTS", "SUBAREA": "SUBAREAS", "INFIL": "INFILTRATION", "AQUIFER": "AQUIFERS", "GROUNDWATER": "GROUNDWATER",
    "SNOWPACK": "SNOWPACKS", "JUNC": "JUNCTIONS", "OUTFALL": "OUTFALLS", "STORAGE": "STORAGE", "DIVIDER": "DIVIDERS", "CONDUIT": "CONDUITS", "PUMP": "PUMPS",
    "ORIFICE": "ORIFICES", "WEIR": "WEIRS", "OUTLET": "OUTLETS", "XSECT": "XSECTIONS", "TRANSECT": "TRANSECTS", "LOSS": "LOSSES", "CONTROL": "CONTROLS",
    "POLLUT": "POLLUTANTS", "LANDUSE": "LANDUSES", "BUILDUP": "BUILDUP", "WASHOFF": "WASHOFF", "COVERAGE": "COVERAGES", "INFLOW": "INFLOWS", "DWF": "DWF",
    "PATTERN": "PATTERNS", "RDII": "RDII", "HYDROGRAPH": "HYDROGRAPHS", "LOADING": "LOADINGS", "TREATMENT": "TREATMENT", "CURVE": "CURVES",
    "TIMESERIES": "TIMESERIES", "REPORT": "REPORT", "COORDINATE": "COORDINATES", "VERTICES": "VERTICES", "POLYGON": "POLYGONS", "SYMBOL": "SYMBOLS",
    "LABEL": "LABELS", "BACKDROP": "BACKDROP", "TAG": "TAGS", "PROFILE": "PROFILES", "MAP": "MAP", "LID_CONTROL": "LID_CONTROLS", "LID_USAGE": "LID_USAGE",
    "GW": "GWF", "ADJUST": "ADJUSTMENTS", "EVENT": "EVENTS", "STREET": "STREETS", "INLET_USAGE": "INLET_USAGE", "INLET": "INLETS",
}  # fmt: skip
"""Beginnings by which the engine knows a section -> full name."""

KEPT: tuple[str, ...] = (
    "TITLE", "OPTIONS", "FILES", "EVAPORATION", "TEMPERATURE", "ADJUSTMENTS", "LID_CONTROLS", "LID_USAGE", "AQUIFERS", "GROUNDWATER", "GWF", "SNOWPACKS",
    "TRANSECTS", "STREETS", "INLETS", "INLET_USAGE", "CONTROLS", "EVENTS", "POLLUTANTS", "LANDUSES", "COVERAGES", "LOADINGS", "BUILDUP", "WASHOFF", "TREATMENT",
    "INFLOWS", "DWF", "HYDROGRAPHS", "RDII", "REPORT", "TAGS", "MAP", "POLYGONS", "LABELS", "BACKDROP", "PROFILES",
)  # fmt: skip
"""Sections with lines that no kind has fields for; some of their lines may have been taken as fields."""


@dataclass(slots=True)
class Reading(ModelRows):
    """One SWMM file being read.

    options  [OPTIONS] by keyword
    areas    subcatchment id in the file -> row
    gauges   rain gauge id in the file -> row
    records  kind -> id in the file -> row of curves, series and patterns
    kept     lines that became no fields, by section
    """

    units: Units = field(default_factory=Units)
    options: Mapping[str, str] = field(default_factory=dict)
    areas: dict[str, dict[str, Any]] = field(default_factory=dict)
    gauges: dict[str, dict[str, Any]] = field(default_factory=dict)
    kept: dict[str, list[Line]] = field(default_factory=dict)

    def keep(self, section: str, line: Line) -> None:
        self.kept.setdefault(section, []).append(line)

    def described(self, kind: str, line: Line, **cells: Any) -> dict[str, Any]:
        """Add a row whose description stands in the comment above it."""
        row = self.add(kind, line.tokens[0], line, **cells)
        row["comment"] = line.note or line.comment or None
        return row

    def flag(self, line: Line, at: int) -> bool | None:
        word = token(line, at)
        return None if word is None else word.upper() == "YES"


__all__ = ["AREA", "CURVE", "FILE", "GAUGE", "KEPT", "LINK_KINDS", "NODE_KINDS", "PATTERN", "SECTION", "SECTIONS", "SERIES", "Reading", "reference", "token"]
