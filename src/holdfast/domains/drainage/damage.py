"""Damage laws of drainage: HAZUS chapter 8.2, anchored equipment; sewers as pipes that lose nothing under pressure."""

from __future__ import annotations

from holdfast.engines.scenario.hazus import effects, hazus, pipes, shaking

_MGD = 0.0438126  # m3/s in a million US gallons a day
_PLANT = effects(2, (1.5, 3.6, 55.0, 160.0), (0.10, 0.37, 0.65, 1.0))
_LIFT = effects(2, (1.3, 3.0, 21.0, 65.0), (0.10, 0.40, 0.75, 1.0))

CONDUIT = pipes(leak_hole=0.0, source=hazus("8.2.8 sewers as pipelines"))
PUMP_STATION = (shaking((0.15, 0.36, 0.66, 1.50), (0.70, 0.65, 0.65, 0.80), _LIFT, hazus("8.2 WLS1, lift station")),)
TREATMENT_PLANT = (
    shaking((0.33, 0.49, 0.70, 1.23), (0.40, 0.40, 0.45, 0.55), _PLANT, hazus("8.2 WWT3, medium plant"), (("capacity", f"{50 * _MGD:.3f}.."),)),
    shaking((0.23, 0.35, 0.48, 0.80), (0.40, 0.40, 0.50, 0.55), _PLANT, hazus("8.2 WWT1, small plant")),
)
