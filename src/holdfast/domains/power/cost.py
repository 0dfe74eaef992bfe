"""What replacing the assets of power costs: orders of magnitude, for direct losses until the city sets its own numbers."""

from __future__ import annotations

from holdfast.model.spec import Cost, Source

_OWN = Source("Holdfast default", "order of magnitude of construction costs in Chinese cities about 2020 to 2025", mark="proposal")

COSTS: dict[str, Cost] = {
    "power.line": Cost(600.0, "metre", _OWN),
    "power.transformer": Cost(300_000.0, "item", _OWN),
    "power.substation": Cost(40_000_000.0, "item", _OWN),
    "power.switch": Cost(30_000.0, "item", _OWN),
    "power.generator": Cost(5_000_000.0, "item", _OWN),
    "power.battery": Cost(3_000_000.0, "item", _OWN),
}
"""CNY by kind; `scenario.unit_cost` overrides them."""
