"""Damage laws of buildings: HAZUS curves over peak ground acceleration, chosen by structure, storeys and build year.

Code levels stand for Chinese design codes (proposal): pre-code before TJ 11-78, low code until GBJ 11-89, moderate code since; a seismic
retrofit counts as moderate code. Hospitals and fire stations are a level above (fortification category B of GB 50223).
"""

from __future__ import annotations

from holdfast.engines.scenario.hazus import When, effects, shaking
from holdfast.model.spec import DamageCurve, Source

_DAMAGE = effects(2, (5.0, 30.0, 90.0, 180.0), (0.02, 0.10, 0.50, 1.0))
_BETAS = (0.65,) * 4
_YEARS = {"PC": "..1978", "LC": "1978..1990", "MC": ""}
_HEIGHT = {"L": "..4", "M": "4..8", "H": ""}

# medians [g] of slight, moderate, extensive, complete
_TABLE: dict[str, tuple[float, float, float, float]] = {
    "C1L.MC": (0.16, 0.23, 0.41, 0.77), "C1L.LC": (0.12, 0.15, 0.27, 0.45), "C1L.PC": (0.10, 0.12, 0.21, 0.36),
    "C1M.MC": (0.13, 0.21, 0.49, 0.89), "C1M.LC": (0.12, 0.17, 0.32, 0.54), "C1M.PC": (0.09, 0.13, 0.26, 0.43),
    "C1H.MC": (0.11, 0.18, 0.41, 0.74), "C1H.LC": (0.10, 0.15, 0.27, 0.44), "C1H.PC": (0.08, 0.12, 0.21, 0.35),
    "C2L.MC": (0.18, 0.30, 0.49, 0.87), "C2L.LC": (0.14, 0.19, 0.30, 0.52), "C2L.PC": (0.11, 0.15, 0.24, 0.42),
    "C2M.MC": (0.15, 0.26, 0.55, 1.02), "C2M.LC": (0.12, 0.19, 0.38, 0.63), "C2M.PC": (0.10, 0.15, 0.30, 0.50),
    "C2H.MC": (0.12, 0.23, 0.57, 1.07), "C2H.LC": (0.11, 0.19, 0.38, 0.65), "C2H.PC": (0.09, 0.15, 0.31, 0.52),
    "S1L.MC": (0.15, 0.22, 0.42, 0.80), "S1L.LC": (0.12, 0.17, 0.30, 0.48), "S1L.PC": (0.09, 0.13, 0.22, 0.38),
    "S1M.MC": (0.13, 0.21, 0.44, 0.82), "S1M.LC": (0.12, 0.18, 0.29, 0.49), "S1M.PC": (0.09, 0.14, 0.23, 0.39),
    "S1H.MC": (0.10, 0.18, 0.39, 0.78), "S1H.LC": (0.10, 0.15, 0.28, 0.48), "S1H.PC": (0.08, 0.12, 0.22, 0.38),
    "C3L.LC": (0.12, 0.17, 0.26, 0.44), "C3L.PC": (0.10, 0.14, 0.21, 0.35), "C3M.LC": (0.11, 0.17, 0.32, 0.51), "C3M.PC": (0.09, 0.14, 0.25, 0.41),
    "URML.LC": (0.14, 0.20, 0.32, 0.46), "URML.PC": (0.13, 0.17, 0.26, 0.37), "URMM.LC": (0.10, 0.16, 0.27, 0.46), "URMM.PC": (0.09, 0.13, 0.21, 0.38),
    "W1.MC": (0.24, 0.43, 0.91, 1.34), "W1.LC": (0.20, 0.34, 0.61, 0.95), "W1.PC": (0.18, 0.29, 0.51, 0.77), "C2M.HC": (0.17, 0.36, 0.87, 1.95),
}  # fmt: skip


def _curve(name: str, *when: tuple[str, str]) -> DamageCurve:
    source = Source("HAZUS-MH earthquake model technical manual", f"5.4.4, equivalent-PGA curves, {name}", "2.1", "found",
                    "shared/data earthquake/hazus (pelicun 3.1); which building takes which curve: proposal")
    return shaking(_TABLE[name], _BETAS, _DAMAGE, source, tuple(w for w in when if w[1]))


def _family(structures: str, letters: str) -> tuple[DamageCurve, ...]:
    """All heights and code levels of one HAZUS family; retrofitted ones first."""
    where = ("structure", structures)
    new = tuple(_curve(f"{letters}{height}.MC", where, ("retrofitted", "true"), ("storeys", storeys)) for height, storeys in _HEIGHT.items())
    return new + tuple(_curve(f"{letters}{height}.{code}", where, ("storeys", storeys), ("build_year", years))
                       for code, years in _YEARS.items() for height, storeys in _HEIGHT.items())


def _old(structures: str, low: str, high: str) -> tuple[DamageCurve, ...]:
    """Families without a moderate code level."""
    where: When = (("structure", structures),)
    return tuple(_curve(f"{name}.{code}", *where, ("storeys", storeys), ("build_year", years))
                 for code, years in (("PC", "..1978"), ("LC", "")) for name, storeys in ((low, "..4"), (high, "")))


BUILDING = (
    *_family("frame", "C1"), *_family("shear_wall|frame_wall", "C2"), *_family("steel", "S1"), *_old("masonry", "URML", "URMM"),
    *_old("bottom_frame|mixed", "C3L", "C3M"), _curve("URML.PC", ("structure", "adobe")), _curve("W1.PC", ("structure", "timber"), ("build_year", "..1978")),
    _curve("W1.LC", ("structure", "timber"), ("build_year", "..1990")), _curve("W1.MC", ("structure", "timber")), *_old("", "C3L", "C3M"),
)
ESSENTIAL = (_curve("C2M.HC"),)
ORDINARY = (_curve("C2M.MC"),)
INDOOR = (_curve("C2M.MC", ("indoor", "true")),)
