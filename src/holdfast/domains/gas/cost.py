"""What replacing the assets of gas costs: orders of magnitude, for direct losses until the city sets its own numbers."""

from __future__ import annotations

from holdfast.model.spec import Cost, Source

_OWN = Source("Holdfast default", "order of magnitude of construction costs in Chinese cities about 2020 to 2025", mark="proposal")

COSTS: dict[str, Cost] = {
    "gas.pipe": Cost(1_200.0, "metre", _OWN),
    "gas.regulator": Cost(150_000.0, "item", _OWN),
    "gas.station": Cost(10_000_000.0, "item", _OWN),
    "gas.valve": Cost(20_000.0, "item", _OWN),
    "gas.compressor": Cost(5_000_000.0, "item", _OWN),
}
"""CNY by kind; `scenario.unit_cost` overrides them."""
