"""Damage laws of roads: HAZUS chapter 7.1. Bridges over spectral acceleration at 1 s, without the factors for skew and 3D arching."""

from __future__ import annotations

from holdfast.engines.scenario.hazus import When, effects, hazus, shaking, sliding
from holdfast.model.spec import DamageCurve

_STREET = effects(1, (0.9, 2.2, 21.0), (0.05, 0.20, 0.70), ("slight", "moderate", "extensive"))
_BRIDGE = effects(2, (0.6, 2.5, 75.0, 230.0), (0.03, 0.08, 0.25, 1.0))
_SEISMIC = ("build_year", "1990..")  # JTJ 004-89 came into force: proposal for "seismic design" of the HAZUS classes

STREET = (sliding((6.0, 12.0, 24.0), (0.70, 0.70, 0.70), _STREET, hazus("7.1 HRD2, urban road")),)


def _class(name: str, medians: tuple[float, ...], when: When = ()) -> DamageCurve:
    return shaking(medians, (0.60,) * 4, _BRIDGE, hazus(f"7.1 {name}", reference="choice of class by length, spans, structure and year: proposal"), when, "sa10")


BRIDGE = (
    _class("HWB2, major, seismic", (0.60, 0.90, 1.10, 1.70), (("length", "150.."), _SEISMIC)),
    _class("HWB1, major, conventional", (0.40, 0.50, 0.70, 0.90), (("length", "150.."),)),
    _class("HWB3 and HWB4, single span", (0.80, 1.00, 1.20, 1.70), (("spans", "..2"),)),
    _class("HWB11, continuous, seismic", (0.90, 0.90, 1.10, 1.50), (("structure", "frame|arch|truss"), _SEISMIC)),
    _class("HWB10, continuous, conventional", (0.60, 0.90, 1.10, 1.50), (("structure", "frame|arch|truss"),)),
    _class("HWB7, multi-column bent, seismic", (0.50, 0.80, 1.10, 1.70), (_SEISMIC,)),
    _class("HWB5, multi-column bent, conventional", (0.25, 0.35, 0.45, 0.70)),
    sliding((3.9, 3.9, 3.9, 13.8), (0.20,) * 4, _BRIDGE, hazus("7.1.6 bridges, ground failure")),
)
