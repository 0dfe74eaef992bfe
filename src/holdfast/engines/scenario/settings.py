"""Editable numbers of the scenario engine."""

from __future__ import annotations

from holdfast.model.spec import Setting, Source

_OWN = Source("Holdfast default", mark="proposal")

SETTINGS: tuple[Setting, ...] = (
    Setting("scenario.critical_services", ["care", "shelter", "supplies"], "kinds that provide one of these are critical facilities", "提供这些服务的设施为关键设施", _OWN),
    Setting("scenario.critical_kinds", [], "further kinds that count as critical facilities", "其他关键设施类别", _OWN),
    Setting("scenario.unit_cost", {}, "replacement cost by kind where it differs from the declared one", "各类资产重置单价(覆盖默认值)", _OWN, "money"),
)
