"""Editable numbers of the survey checks, and tables of limits from the standards as data rows."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from holdfast.model.control import MAX_RESIDUAL
from holdfast.model.spec import Setting, Source

CJJ61_CHECKS = Source("CJJ 61-2017", "data-quality checks used in practice", "2017", "found", "standards.md 5.1 (S4)")
DEFAULT = Source("Holdfast default", mark="proposal")
GB50014 = Source("GB 50014-2021", "5.2, 5.3", "2021", "found", "standards.md 5.4 (S2)")
GB50289 = Source("GB 50289-2016", "4.1.1", "2016", "recalled", "standards.md 5.4")
HIDDEN_PIPE = Source("CJJ 61-2017", "survey tolerance of hidden pipes", "2017", "recalled", "standards.md 5.1")


def _length(key: str, default: float, title: str, title_zh: str, source: Source = DEFAULT) -> Setting:
    return Setting(f"survey.{key}", default, title, title_zh, source, "length")


def _years(key: str, default: float, title: str, title_zh: str) -> Setting:
    return Setting(f"survey.{key}", default, title, title_zh, DEFAULT, "factor")


SETTINGS: tuple[Setting, ...] = (
    MAX_RESIDUAL,
    _length("max_depth", 30.0, "largest believable depth", "最大埋深", Source("CJJ 61-2017", "depth <= configured maximum", "2017", "proposal", "standards.md 5.1")),
    _length("level_tolerance", 0.05, "tolerance of ground = depth + pipe level", "地面高程与埋深校核容差", DEFAULT),
    _length("end_tolerance", 0.10, "largest gap between a line end and its point", "线端与管点最大偏差", DEFAULT),
    _length("same_point", 0.001, "points closer than this are the same", "重合点距离", DEFAULT),
    _length("reverse_slope_tolerance", 0.005, "rise along a gravity line that is still measuring noise", "逆坡容差", DEFAULT),
    _length("crossing_level", 0.30, "levels closer than this at a crossing meet", "交叉高差", DEFAULT),
    _length("match_tolerance", 0.50, "re-delivered geometry closer than this is the same asset", "几何匹配容差", DEFAULT),
    Setting("survey.min_year", 1850, "earliest believable year", "最早年份", DEFAULT),
    _years("stale_years_line", 5.0, "years after which the survey of a line is stale", "管线测量时效(年)"),
    _years("stale_years_point", 5.0, "years after which the survey of a point is stale", "管点测量时效(年)"),
    _years("stale_years_area", 10.0, "years after which the survey of an area is stale", "面状设施测量时效(年)"),
    _years("stale_years_device", 1.0, "years after which the check of a device is stale", "设备检查时效(年)"),
    Setting("survey.stale_years_by_kind", {}, "years after which a survey is stale, by kind; wins over the others", "按类别的测量时效(年)", DEFAULT),
)


def values(settings: Mapping[str, Any] | None) -> dict[str, Any]:
    """Every survey setting: the given values over the declared defaults."""
    out = {s.key: s.default for s in SETTINGS}
    if settings is not None:
        out |= {key: settings[key] for key in out if key in settings}
    return out


def of_city(city: Any) -> dict[str, Any]:
    """Every survey setting as the city has it."""
    known = set(city.settings.keys())
    return {s.key: city.settings[s.key] if s.key in known else s.default for s in SETTINGS}


@dataclass(frozen=True, slots=True)
class CoverRow:
    """Least cover to the top of the pipe [m]. laying: codes the row is for; empty means any buried."""

    category: str
    laying: tuple[str, ...]
    sidewalk: float
    carriageway: float
    source: Source


_FOUND_GAS = Source("GB 50028", "burial depth", "2006", "found", "standards.md 5.4 (S61)")
_FOUND_CABLE = Source("GB 50217", "burial depth of cables", "2018", "found", "standards.md 5.4 (S62)")
_FOUND_SEWER = Source("GB 50014-2021", "5.3.7, 5.3.8", "2021", "found", "standards.md 5.4 (S2)")

COVER: tuple[CoverRow, ...] = (
    CoverRow("JS", (), 0.60, 0.70, GB50289),
    CoverRow("PS", (), 0.60, 0.70, _FOUND_SEWER),
    CoverRow("RQ", (), 0.60, 0.90, _FOUND_GAS),
    CoverRow("DL", ("GM", "GK"), 0.50, 0.50, GB50289),
    CoverRow("DL", (), 0.70, 1.00, _FOUND_CABLE),
    CoverRow("TX", (), 0.60, 0.90, GB50289),
    CoverRow("RL", (), 0.70, 1.00, GB50289),
)
"""The first row that names the category and laying mode applies."""


@dataclass(frozen=True, slots=True)
class SlopeRow:
    """Least slope of gravity sewers up to a diameter [m], by material codes (empty: any)."""

    diameter: float
    materials: tuple[str, ...]
    slope: float
    source: Source = GB50014


MIN_SLOPE: tuple[SlopeRow, ...] = (
    SlopeRow(0.20, (), 0.01),
    SlopeRow(0.30, ("PE", "PVC", "BLG"), 0.002),
    SlopeRow(0.30, (), 0.003),
)
"""The first row whose diameter is at least the pipe's and whose material fits applies; wider pipes have no row."""


@dataclass(frozen=True, slots=True)
class SpacingRow:
    """Largest distance between manholes [m] for diameters up to `diameter` [m]."""

    diameter: float
    spacing: float
    source: Source = GB50014


MANHOLE_SPACING: tuple[SpacingRow, ...] = (SpacingRow(0.6, 75.0), SpacingRow(1.0, 100.0), SpacingRow(1.5, 150.0), SpacingRow(2.0, 200.0))
MIN_SEWER_DIAMETER = 0.20  # gully connectors; storm and sewage mains 0.30 (GB 50014-2021)
SEWER_SIZES: tuple[float, ...] = (
    0.2, 0.3, 0.4, 0.5, 0.6, 0.7, 0.8, 0.9, 1.0, 1.1, 1.2, 1.35, 1.5, 1.65, 1.8, 2.0, 2.2, 2.4, 2.6, 2.8, 3.0,
)  # fmt: skip
"""Nominal sizes by which "two sizes" of reduction is counted (recalled)."""
