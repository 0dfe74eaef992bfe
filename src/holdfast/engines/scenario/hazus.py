"""How the damage tables of HAZUS are written down: medians in g and inches, restoration in days, pipes by material.

HAZUS gives normally distributed days until a facility is back; their means are taken as median crew hours, with one crew at work day
and night. The figures are recalled from the manual and are marked so, except where a file with them was at hand.
"""

from __future__ import annotations

from holdfast.model.spec import Consequence, DamageCurve, Mark, RepairRate, Source

G, INCH, DAY = 9.80665, 0.0254, 24.0
FOUR = ("slight", "moderate", "extensive", "complete")
When = tuple[tuple[str, str], ...]

BRITTLE, DUCTILE, POLYETHYLENE = 1.0, 0.3, 0.1
"""Factors on the repair rate: cast iron, asbestos cement, concrete; steel, ductile iron, PVC (both HAZUS); polyethylene (proposal)."""

_DUCTILE_CODES = "G|QM|PVC|BLG|TZ"
_WAVE = 0.0001 * 100.0**2.25 / 1000.0  # repairs/km at cm/s -> repairs/m at m/s
_GROUND = (1.0 / INCH) ** 0.56 / 1000.0  # repairs/km at inches -> repairs/m at m


def hazus(clause: str, mark: Mark = "recalled", reference: str = "") -> Source:
    """The HAZUS earthquake model technical manual."""
    return Source("HAZUS-MH earthquake model technical manual", clause, "2.1", mark, reference)


def effects(works: int, days: tuple[float, ...], loss: tuple[float, ...], states: tuple[str, ...] = FOUR, beta: float = 0.5) -> tuple[Consequence, ...]:
    """Consequences state by state.

    works   number of states, from the lightest, in which the asset still works
    days    median days of work by one crew            loss  shares of the replacement cost
    """
    return tuple(Consequence(s, i < works, d * DAY, beta, x) for i, (s, d, x) in enumerate(zip(states, days, loss, strict=True)))


def shaking(medians: tuple[float, ...], betas: tuple[float, ...], what: tuple[Consequence, ...], source: Source, when: When = (), measure: str = "pga") -> DamageCurve:
    """A curve over ground motion with medians in g."""
    return DamageCurve(measure, tuple(c.state for c in what), tuple(round(m * G, 6) for m in medians), betas, source, when, what)


def sliding(medians: tuple[float, ...], betas: tuple[float, ...], what: tuple[Consequence, ...], source: Source, when: When = ()) -> DamageCurve:
    """A curve over permanent ground deformation with medians in inches."""
    return DamageCurve("pgd", tuple(c.state for c in what), tuple(round(m * INCH, 6) for m in medians), betas, source, when, what)


def pipes(*, leak_hole: float, leak_works: bool = True, factor: float = 1.0, source: Source | None = None) -> tuple[RepairRate, ...]:
    """Repair rates of buried pipes by material and size, from waves (80 % leaks) and ground failure (80 % breaks).

    leak_hole   share of the cross-section through which a leak escapes; a break is open altogether
    factor      on all rates, e.g. for pipes in a trench

    source      HAZUS 8.1.8: 0.0001 PGV^2.25 per km (cm/s), PGD^0.56 per km (inches), ductile 0.3; a worker mends 0.5 breaks or 1 leak a
                day up to 500 mm, 0.33 or 0.66 above; crews of four, 16 hours a day
    """
    given = source or hazus("8.1.8 pipelines; crew times of table 8.1.b", reference="0.33 breaks and 0.66 leaks a day: also in the IN-CORE pipe restoration set")
    laws = []
    for size, hours in (((("diameter", "0.5.."),), (6.0, 12.0)), ((), (4.0, 8.0))):
        what = (Consequence("leak", leak_works, hours[0], 0.4, 0.02, leak_hole), Consequence("break", False, hours[1], 0.4, 0.1, 1.0 if leak_hole else 0.0))
        for codes, scale in (("PE", POLYETHYLENE), (_DUCTILE_CODES, DUCTILE), ("", BRITTLE)):
            when = (*((("material", codes),) if codes else ()), *size)
            rate = factor * scale
            laws.append(RepairRate("pgv", _WAVE * rate, 2.25, ("leak", "break"), (0.8, 0.2), given, when, what))
            laws.append(RepairRate("pgd", _GROUND * rate, 0.56, ("leak", "break"), (0.2, 0.8), given, when, what))
    return tuple(laws)


def cables(rate: float, source: Source, when: When = ()) -> RepairRate:
    """Buried cables: breaks where the ground fails, as a share of the rate of brittle pipes."""
    what = (Consequence("break", False, 12.0, 0.5, 0.1),)
    return RepairRate("pgd", _GROUND * rate, 0.56, ("break",), (1.0,), source, when, what)
