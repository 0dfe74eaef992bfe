"""Damage laws of water supply: HAZUS chapter 8.1, anchored equipment."""

from __future__ import annotations

from holdfast.engines.scenario.hazus import effects, hazus, pipes, shaking

_MGD = 0.0438126  # m3/s in a million US gallons a day
_PLANT = effects(2, (0.9, 1.9, 32.0, 95.0), (0.08, 0.40, 0.77, 1.0))
_PUMPS = effects(2, (0.9, 3.1, 13.5, 35.0), (0.08, 0.38, 0.80, 1.0))
_STORE = effects(2, (1.2, 3.1, 93.0, 155.0), (0.20, 0.40, 0.80, 1.0))

PIPE = pipes(leak_hole=0.02)
TREATMENT_PLANT = (
    shaking((0.44, 0.58, 0.87, 1.57), (0.40, 0.40, 0.45, 0.45), _PLANT, hazus("8.1 PWT5, large plant"), (("capacity", f"{200 * _MGD:.3f}.."),)),
    shaking((0.37, 0.52, 0.73, 1.28), (0.40, 0.40, 0.50, 0.50), _PLANT, hazus("8.1 PWT3, medium plant"), (("capacity", f"{50 * _MGD:.3f}.."),)),
    shaking((0.25, 0.38, 0.53, 0.83), (0.50, 0.50, 0.60, 0.60), _PLANT, hazus("8.1 PWT1, small plant")),
)
PUMP_STATION = (
    shaking((0.15, 0.36, 0.77, 1.50), (0.75, 0.65, 0.65, 0.80), _PUMPS, hazus("8.1 PPP3, medium or large"), (("capacity", f"{10 * _MGD:.3f}.."),)),
    shaking((0.15, 0.36, 0.66, 1.50), (0.70, 0.65, 0.65, 0.80), _PUMPS, hazus("8.1 PPP1, small")),
)
PUMP = (shaking((0.15, 0.36, 0.66, 1.50), (0.70, 0.65, 0.65, 0.80), _PUMPS, hazus("8.1 PPP1, small"), (("station", ""),)),)
SECONDARY_SUPPLY = (
    shaking((0.15, 0.36, 0.66, 1.50), (0.70, 0.65, 0.65, 0.80), effects(2, (0.2, 0.5, 2.0, 7.0), (0.08, 0.38, 0.80, 1.0)),
            hazus("8.1 PPP1, small", reference="repair times of a unit in a basement: proposal")),
)
TANK = (shaking((0.25, 0.52, 0.95, 1.64), (0.55, 0.70, 0.60, 0.70), _STORE, hazus("8.1 PST1, anchored concrete tank on ground")),)
