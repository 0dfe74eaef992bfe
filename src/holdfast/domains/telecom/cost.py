"""What replacing the assets of telecommunication costs: orders of magnitude, for direct losses until the city sets its own numbers."""

from __future__ import annotations

from holdfast.model.spec import Cost, Source

_OWN = Source("Holdfast default", "order of magnitude of construction costs in Chinese cities about 2020 to 2025", mark="proposal")

COSTS: dict[str, Cost] = {
    "telecom.exchange": Cost(10_000_000.0, "item", _OWN),
    "telecom.site": Cost(300_000.0, "item", _OWN),
    "telecom.cabinet": Cost(30_000.0, "item", _OWN),
    "telecom.fibre": Cost(60.0, "metre", _OWN),
    "telecom.data_centre": Cost(100_000_000.0, "item", _OWN),
}
"""CNY by kind; `scenario.unit_cost` overrides them."""
