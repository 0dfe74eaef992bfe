"""Editable numbers of the gas domain, each with its source."""

from __future__ import annotations

from typing import Any

from holdfast.model.spec import Setting, Source

OWN = Source("Holdfast default", mark="proposal")
GB50028 = Source("GB 50028-2006 (2020 edition)", "10.2.2: appliances work from 0.75 of their nominal pressure", "2006", "recalled")
YELLOW_BOOK = Source("TNO Yellow Book CPR 14E", "2.5.2: discharge through orifices", "1997", "recalled", "hazards.md 1.2")


def _setting(key: str, default: Any, title: str, title_zh: str, source: Source = OWN, quantity: str | None = None) -> Setting:
    return Setting(f"gas.{key}", default, title, title_zh, source, quantity)


DAY = (0.30, 0.25, 0.22, 0.22, 0.28, 0.45, 0.75, 0.90, 0.80, 0.60, 0.75, 1.00, 0.95, 0.65, 0.50, 0.48, 0.60, 0.90, 1.00, 0.95, 0.75, 0.60, 0.50, 0.38)
"""Gas taken in each hour of the day as a share of the busiest hour: cooking at 7, 12 and 18 [proposal]."""

SETTINGS: tuple[Setting, ...] = (
    _setting("friction", "nikuradse", "friction law: nikuradse, colebrook, swamee_jain or altshul (GB 50028 low pressure)", "摩阻公式"),
    _setting("default_roughness", 1e-4, "wall roughness of pipes without one", "缺省管壁粗糙度", quantity="roughness"),
    _setting("default_diameter", 0.1, "inner diameter of pipes without one", "缺省管径", quantity="diameter"),
    _setting("default_pressure", 0.2e6, "gauge pressure that a source holds when the record says nothing", "缺省供气压力", quantity="pressure"),
    _setting("wanted_share", 0.75, "share of the nominal pressure from which consumers are served in full", "满足供气的压力占额定压力比例", GB50028, "ratio"),
    _setting("day_profile", list(DAY), "gas taken by hour of the day as a share of the busiest hour", "日用气曲线", quantity="ratio"),
    _setting("vented_pressure", 200.0, "gauge pressure below which a shut pipe counts as vented", "视为放空的压力", quantity="pressure"),
    _setting("section_limit", 20, "links that are shut off together at most; between valves farther apart a broken pipe is shut off alone", "关阀隔离管段数上限", quantity="count"),
    _setting("leak_coefficient", 0.85, "discharge coefficient of holes in pipes", "泄漏孔口流量系数", YELLOW_BOOK, "factor"),
)
