"""What replacing the assets of drainage costs: orders of magnitude, for direct losses until the city sets its own numbers."""

from __future__ import annotations

from holdfast.model.spec import Cost, Source

_OWN = Source("Holdfast default", "order of magnitude of construction costs in Chinese cities about 2020 to 2025", mark="proposal")

COSTS: dict[str, Cost] = {
    "drainage.conduit": Cost(2_500.0, "metre", _OWN),
    "drainage.manhole": Cost(8_000.0, "item", _OWN),
    "drainage.pump": Cost(300_000.0, "item", _OWN),
    "drainage.pump_station": Cost(15_000_000.0, "item", _OWN),
    "drainage.gate": Cost(500_000.0, "item", _OWN),
    "drainage.treatment_plant": Cost(200_000_000.0, "item", _OWN),
    "drainage.outfall": Cost(100_000.0, "item", _OWN),
    "drainage.storage": Cost(5_000_000.0, "item", _OWN),
}
"""CNY by kind; `scenario.unit_cost` overrides them."""
