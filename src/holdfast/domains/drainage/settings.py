"""Editable numbers of the drainage domain, each with its source."""

from __future__ import annotations

from typing import Any

from holdfast.model.spec import Setting, Source

OWN = Source("Holdfast default", mark="proposal")
FORMULA = Source("storm intensity formula of the city", "q = 167 A (1 + C lg P) / (t + b)^n", "", "proposal", "standards.md 8.4; put your city's published numbers here")
GB50014 = Source("GB 50014-2021", "design return periods", "2021", "found", "standards.md 8.3")
CHICAGO = Source("Chicago hyetograph", "r 0.35-0.45, 120-180 min, 5 min", "", "recalled", "standards.md 8.4")
RUNOFF = Source("GB 50014-2021", "runoff coefficients", "2021", "recalled", "standards.md 8.4")
MANNING = Source("GB 50014-2021", "Manning coefficients", "2021", "recalled", "standards.md 8.4")
SWMM = Source("SWMM 5 practice", "continuity errors above 10 % make results doubtful", "", "recalled")


def _setting(key: str, default: Any, title: str, title_zh: str, source: Source = OWN, quantity: str | None = None) -> Setting:
    return Setting(f"drainage.{key}", default, title, title_zh, source, quantity)


SETTINGS: tuple[Setting, ...] = (
    _setting("storm_a", 21.6, "A of the storm formula, rain of one minute [mm/min]", "暴雨强度公式 A1", FORMULA, "factor"),
    _setting("storm_c", 0.76, "C of the storm formula", "暴雨强度公式 C", FORMULA, "factor"),
    _setting("storm_b", 14.0, "b of the storm formula [min]", "暴雨强度公式 b", FORMULA, "factor"),
    _setting("storm_n", 0.84, "n of the storm formula", "暴雨强度公式 n", FORMULA, "factor"),
    _setting("return_period", 3.0, "return period of design storms [a]", "设计重现期", GB50014, "factor"),
    _setting("storm_duration", 7200.0, "duration of design storms", "设计降雨历时", CHICAGO, "duration"),
    _setting("storm_peak", 0.4, "share of a design storm before its peak", "雨峰系数", CHICAGO, "ratio"),
    _setting("storm_step", 300.0, "time step of design storms", "降雨时间步长", CHICAGO, "duration"),
    _setting("inlet_time", 600.0, "time until rain enters the sewer", "地面集水时间", Source("GB 50014-2021", "t1 5-15 min", "2021", "recalled", "standards.md 8.4"), "duration"),
    _setting("travel_speed", 1.2, "speed of water in sewers when design flows are estimated", "管内设计流速", OWN, "velocity"),
    _setting("runoff_impervious", 0.9, "runoff coefficient of sealed ground", "不透水面径流系数", RUNOFF, "ratio"),
    _setting("runoff_pervious", 0.15, "runoff coefficient of green", "透水面径流系数", RUNOFF, "ratio"),
    _setting("sewage_peak", 1.9, "peak of dry-weather flow over its mean", "污水变化系数", OWN, "factor"),
    _setting("manning_by_material", {"PE": 0.010, "PVC": 0.010, "BLG": 0.010, "T": 0.013, "QM": 0.013, "ZT": 0.013, "G": 0.012, "ZS": 0.015, "Z": 0.015},
             "Manning coefficient of sewers without one, by material", "按管材的缺省曼宁系数", MANNING, "manning_n"),
    _setting("default_manning", 0.013, "Manning coefficient of sewers without one", "缺省曼宁系数", MANNING, "manning_n"),
    _setting("least_slope", 0.0005, "slope at which full-flow capacity is taken where a sewer falls less", "计算过流能力的最小坡度", OWN, "slope"),
    _setting("works_bypass", True, "sewage runs past works that are out, untreated, and drains go on working", "污水厂停运时超越排放"),
    _setting("continuity_limit", 10.0, "continuity error from which a SWMM run is doubtful [%]", "连续性误差限值", SWMM, "factor"),
    _setting("swmm_timeout", 1800.0, "longest time one SWMM run may take", "单次 SWMM 计算时限", OWN, "duration"),
)  # fmt: skip
