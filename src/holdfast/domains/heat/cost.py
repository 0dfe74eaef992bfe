"""What replacing the assets of heating costs: orders of magnitude, for direct losses until the city sets its own numbers."""

from __future__ import annotations

from holdfast.model.spec import Cost, Source

_OWN = Source("Holdfast default", "order of magnitude of construction costs in Chinese cities about 2020 to 2025", mark="proposal")

COSTS: dict[str, Cost] = {
    "heat.pipe": Cost(4_000.0, "metre", _OWN),
    "heat.plant": Cost(80_000_000.0, "item", _OWN),
    "heat.pump": Cost(300_000.0, "item", _OWN),
    "heat.consumer": Cost(250_000.0, "item", _OWN),
    "heat.valve": Cost(30_000.0, "item", _OWN),
}
"""CNY by kind; `scenario.unit_cost` overrides them."""
