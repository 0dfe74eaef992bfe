"""Damage laws of telecommunication: HAZUS chapter 8.6; base stations and data centres as central offices."""

from __future__ import annotations

from holdfast.engines.scenario.hazus import cables, effects, hazus, shaking
from holdfast.model.spec import Source

_OFFICE = effects(2, (0.5, 1.0, 7.0, 40.0), (0.09, 0.35, 0.73, 1.0))
CABLE = Source("Holdfast default", "buried cables break at 0.3 of the rate of brittle pipes where the ground fails", mark="proposal")

EXCHANGE = (shaking((0.15, 0.32, 0.60, 1.25), (0.75, 0.60, 0.62, 0.65), _OFFICE, hazus("8.6 CCO1, central office, anchored")),)
DATA_CENTRE = (shaking((0.15, 0.32, 0.60, 1.25), (0.75, 0.60, 0.62, 0.65), _OFFICE, hazus("8.6 CCO1, central office, anchored", "proposal")),)
SITE = (
    shaking((0.13, 0.26, 0.46, 1.03), (0.55, 0.50, 0.62, 0.64), effects(2, (0.2, 0.5, 2.0, 10.0), (0.09, 0.35, 0.73, 1.0)),
            hazus("8.6 CCO2, unanchored", "proposal", "broadcasting stations use the same curves; repair times of one site: proposal")),
)
FIBRE = (cables(0.3, CABLE),)
