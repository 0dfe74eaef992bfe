"""What replacing the assets of roads costs: orders of magnitude, for direct losses until the city sets its own numbers."""

from __future__ import annotations

from holdfast.model.spec import Cost, Source

_OWN = Source("Holdfast default", "order of magnitude of construction costs in Chinese cities about 2020 to 2025", mark="proposal")

COSTS: dict[str, Cost] = {
    "roads.street": Cost(3_000.0, "metre", _OWN),
    "roads.bridge": Cost(8_000.0, "area", _OWN),
    "roads.signal": Cost(150_000.0, "item", _OWN),
}
"""CNY by kind; `scenario.unit_cost` overrides them."""
