"""What replacing the assets of buildings costs: orders of magnitude, for direct losses until the city sets its own numbers."""

from __future__ import annotations

from holdfast.model.spec import Cost, Source

_OWN = Source("Holdfast default", "order of magnitude of construction costs in Chinese cities about 2020 to 2025", mark="proposal")

COSTS: dict[str, Cost] = {
    "buildings.building": Cost(2_500.0, "floor", _OWN),
}
"""CNY by kind; `scenario.unit_cost` overrides them."""
