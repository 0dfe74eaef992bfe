"""Editable numbers of the heat domain, each with its source."""

from __future__ import annotations

from typing import Any

from holdfast.model.spec import Setting, Source

OWN = Source("Holdfast default", mark="proposal")
CJJ34 = Source("CJJ 34-2010", "available pressure at a user's connection, 50 kPa and more", "2010", "recalled")
GB50736 = Source("GB 50736-2012", "indoor design temperature in winter 18 to 24 degC", "2012", "recalled")
ROOM = Source("heat supply regulations of northern cities", "room temperature at least 18 degC", "", "found", "standards.md 1.5 (S27)")
DECAY = Source("RC decay of indoor temperature", "time constant 20 to 120 h", "", "recalled", "hazards.md 1.3")


def _setting(key: str, default: Any, title: str, title_zh: str, source: Source = OWN, quantity: str | None = None) -> Setting:
    return Setting(f"heat.{key}", default, title, title_zh, source, quantity)


SETTINGS: tuple[Setting, ...] = (
    _setting("default_roughness", 5e-4, "wall roughness of pipes without one", "缺省管壁粗糙度", Source("CJJ 34-2010", "steel in hot water", "2010", "recalled"), "roughness"),
    _setting("default_diameter", 0.1, "inner diameter of pipes without one", "缺省管径", quantity="diameter"),
    _setting("default_lift", 0.2e6, "pressure that a circulation pump adds when the record says nothing", "缺省循环泵扬压", quantity="pressure"),
    _setting("needed_pressure", 30e3, "pressure difference a consumer needs for its full flow", "用户所需压差", CJJ34, "pressure"),
    _setting("supply_temperature", 363.15, "supply temperature of plants that state none", "缺省供水温度", quantity="temperature"),
    _setting("return_temperature", 323.15, "design temperature of return water", "设计回水温度", quantity="temperature"),
    _setting("ground_temperature", 283.15, "temperature where nothing flows, and around pipes that state none", "土壤温度", quantity="temperature"),
    _setting("room_temperature", 293.15, "room temperature of the design", "设计室温", GB50736, "temperature"),
    _setting("least_room_temperature", 291.15, "room temperature that must be kept", "最低室温", ROOM, "temperature"),
    _setting("design_outdoor_temperature", 264.15, "outdoor temperature of the design", "供暖室外计算温度", quantity="temperature"),
    _setting("time_constant", 50.0, "hours in which a building loses 63 % of its warmth", "建筑热时间常数", DECAY, "factor"),
    _setting("leak_coefficient", 0.6, "discharge coefficient of holes in pipes", "泄漏孔口流量系数", Source("orifice equation, sharp-edged hole", "Cd", mark="recalled"), "factor"),
)
