"""Damage laws of the power network: HAZUS chapter 8.5, anchored or standard components."""

from __future__ import annotations

from holdfast.engines.scenario.hazus import cables, effects, hazus, shaking
from holdfast.model.spec import Source

_STATION = effects(1, (1.0, 3.0, 7.0, 30.0), (0.05, 0.11, 0.55, 1.0))
_PLANT = effects(1, (0.5, 3.6, 22.0, 65.0), (0.08, 0.35, 0.72, 1.0))
FITTED = Source("HAZUS-MH earthquake model technical manual", "8.5 EDC2, standard circuits", "2.1", "proposal",
                "one lognormal curve through the expected share of circuits down: 4, 12, 50, 80 % of them in the four states (recalled)")
CABLE = Source("Holdfast default", "buried cables break at 0.3 of the rate of brittle pipes where the ground fails", mark="proposal")

SUBSTATION = (
    shaking((0.15, 0.25, 0.35, 0.70), (0.60, 0.50, 0.40, 0.40), _STATION, hazus("8.5 ESS3, medium voltage, anchored"), (("nominal_voltage", "150e3.."),)),
    shaking((0.15, 0.29, 0.45, 0.90), (0.70, 0.55, 0.45, 0.45), _STATION, hazus("8.5 ESS1, low voltage, anchored")),
)
TRANSFORMER = (shaking((0.75,), (0.70,), effects(0, (1.0,), (0.5,), ("failed",)), hazus("appendix 8B, anchored transformer of a low-voltage substation", "recalled-low")),)
LINE = (
    shaking((0.7362,), (0.490,), effects(0, (0.25,), (0.2,), ("down",)), FITTED, (("line_type", "ol"),)),
    shaking((0.7362,), (0.490,), effects(0, (0.25,), (0.2,), ("down",)), FITTED, (("laying", "JK"),)),
    cables(0.3, CABLE),
)
GENERATOR = (
    shaking((0.80,), (0.60,), effects(0, (2.0,), (0.5,), ("failed",)), hazus("8A, back-up electric power of a plant, anchored", "recalled-low", "repair time and loss: proposal"),
            (("backup", "true"),)),
    shaking((0.10, 0.21, 0.48, 0.78), (0.55, 0.55, 0.50, 0.50), _PLANT, hazus("8.5 EPP1, small plant, anchored")),
)
