"""Editable numbers of the water domain, each with its source."""

from __future__ import annotations

from typing import Any

from holdfast.model.spec import Setting, Source

GB50974 = Source("GB 50974-2014", "7", "2014", "found", "standards.md 1.5 (S29)")
RESIDENCE = Source("GB 17051 / CJJ 140 practice", "storage time in tanks", "", "recalled", "standards.md 6.2")
GB5749 = Source("GB 5749-2022", "end of network", "2022", "found", "standards.md 6.2 (S67)")
CJJ58 = Source("CJJ 58-2007", "3.1.3", "2007", "found", "standards.md 1.5 (S25): pressure at the end of the network")
OWN = Source("Holdfast default", "", mark="proposal")
ORIFICE = Source("orifice equation, sharp-edged hole", "Cd", mark="recalled")
FLUSHING = Source("unidirectional flushing practice", "velocity that lifts loose deposits", mark="recalled")
BATTLEDIM = Source("BattLeDIM 2020", "detection radius", "2020", "recalled")


def _setting(key: str, default: Any, title: str, title_zh: str, source: Source = OWN, quantity: str | None = None) -> Setting:
    return Setting(f"water.{key}", default, title, title_zh, source, quantity)


SETTINGS: tuple[Setting, ...] = (
    _setting("default_hazen_williams", 120.0, "Hazen-Williams coefficient of pipes without one", "缺省海曾-威廉系数", quantity="hazen_williams_c"),
    _setting(
        "hazen_williams_by_material", {"PE": 140.0, "PVC": 140.0, "QM": 130.0, "ZT": 100.0, "G": 120.0, "T": 120.0, "SM": 130.0, "BLG": 145.0},
        "Hazen-Williams coefficient of pipes without one, by material", "按管材的缺省海曾-威廉系数", quantity="hazen_williams_c",
    ),
    _setting("default_roughness", 0.0003, "wall roughness of pipes without one", "缺省粗糙度", quantity="roughness"),
    _setting("default_manning", 0.012, "Manning coefficient of pipes without one", "缺省曼宁系数", quantity="manning_n"),
    _setting("default_diameter", 0.1, "diameter of pipes and valves without one", "缺省管径", quantity="diameter"),
    _setting("least_length", 0.1, "length of pipes that have none", "最小管长", quantity="length"),
    _setting("default_pump_power", 10_000.0, "power of pumps without curve and power", "缺省水泵功率", quantity="active_power"),
    _setting("default_tank_depth", 4.0, "usable depth of tanks without levels", "缺省水池水深", quantity="depth"),
    _setting("default_tank_diameter", 10.0, "diameter of tanks without one", "缺省水池直径", quantity="length"),
    _setting("minimum_pressure", 0.0, "pressure head at which nothing is delivered", "最小服务水头", quantity="head"),
    _setting("required_pressure", 14.0, "pressure head at which the full demand is delivered", "所需服务水头",
             CJJ58, "head"),
    _setting("orifice_coefficient", 0.6, "discharge coefficient of openings in damaged pipes", "破损孔口流量系数", ORIFICE, "factor"),
    _setting("fire_flow", 0.015, "flow the worst hydrant must give", "最不利点消火栓出流量", GB50974, "discharge"),
    _setting("fire_residual", 100_000.0, "pressure that must remain at the hydrant", "最不利点消火栓动压", GB50974, "pressure"),
    _setting("storage_limit", 24 * 3600.0, "longest storage time in tanks of secondary supplies", "二次供水最长贮水时间", RESIDENCE, "duration"),
    _setting("storage_target", 12 * 3600.0, "storage time aimed at", "二次供水目标贮水时间", RESIDENCE, "duration"),
    _setting("age_limit", 24 * 3600.0, "water age from which points are listed", "水龄关注阈值", quantity="duration"),
    _setting("chlorine_limit", 5e-5, "free chlorine that must remain at the tap", "管网末梢余氯", GB5749, "concentration"),
    _setting("flushing_velocity", 1.5, "velocity that flushes a pipe", "冲洗流速", FLUSHING, "velocity"),
    _setting("flushing_volumes", 3.0, "pipe volumes let out per flush", "冲洗水量倍数", quantity="factor"),
    _setting("hydrant_limit", 0.03, "flow that one hydrant lets out", "单个消火栓最大放水量", quantity="discharge"),
    _setting("section_limit", 20, "pipes that are closed off together at most; between valves farther apart a broken pipe is plugged alone",
             "关阀隔离管段数上限,超过则单独封堵破损管", quantity="count"),
    _setting("leak_found_within", 300.0, "distance within which a located leak counts as found", "漏点定位命中距离", BATTLEDIM, "length"),
)  # fmt: skip
"""What `city.settings["water...."]` answers."""

DEFAULTS: dict[str, Any] = {setting.key: setting.default for setting in SETTINGS}


def chosen(city: Any, name: str) -> Any:
    """`water.<name>` of a city, or the declared default for tables without settings."""
    key = f"water.{name}"
    settings = getattr(city, "settings", None)
    return DEFAULTS[key] if settings is None else settings[key]
