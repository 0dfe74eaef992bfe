"""What makes a table of fragility whole."""

from __future__ import annotations

from .spec import DamageTable


def fault_of(law: DamageTable) -> str:
    """What is wrong with a table, in words; empty where nothing is."""
    if len(law.levels) < 2 or list(law.levels) != sorted(set(law.levels)) or not 0.0 <= law.levels[0] <= law.levels[-1] < float("inf"):
        return "levels must be two or more and rise, none below 0"
    if len(law.chances) != len(law.states) or any(len(row) != len(law.levels) for row in law.chances):
        return "every state needs one chance for each level"
    if any(not 0.0 <= chance <= 1.0 for row in law.chances for chance in row):
        return "chances must be from 0 to 1"
    if any(list(row) != sorted(row) for row in law.chances):
        return "chances must not fall as the intensity rises"
    return ""
