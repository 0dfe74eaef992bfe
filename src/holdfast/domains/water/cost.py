"""What replacing the assets of water supply costs: orders of magnitude, for direct losses until the city sets its own numbers."""

from __future__ import annotations

from holdfast.model.spec import Cost, Source

_OWN = Source("Holdfast default", "order of magnitude of construction costs in Chinese cities about 2020 to 2025", mark="proposal")

COSTS: dict[str, Cost] = {
    "water.pipe": Cost(1_500.0, "metre", _OWN),
    "water.pump": Cost(200_000.0, "item", _OWN),
    "water.valve": Cost(20_000.0, "item", _OWN),
    "water.tank": Cost(3_000_000.0, "item", _OWN),
    "water.hydrant": Cost(8_000.0, "item", _OWN),
    "water.isolation_valve": Cost(10_000.0, "item", _OWN),
    "water.pump_station": Cost(8_000_000.0, "item", _OWN),
    "water.treatment_plant": Cost(150_000_000.0, "item", _OWN),
    "water.secondary_supply": Cost(600_000.0, "item", _OWN),
}
"""CNY by kind; `scenario.unit_cost` overrides them."""
