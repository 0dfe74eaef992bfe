"""What the parts of the EPANET reader share: the file, its units, rows so far, and how to complain."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from holdfast.io.model_rows import ModelRows, reference, token

from .units import Units

NODE_KINDS = ("water.junction", "water.reservoir", "water.tank")
LINK_KINDS = ("water.pipe", "water.pump", "water.valve")

SECTIONS: dict[str, str] = {
    "TITL": "TITLE", "JUNC": "JUNCTIONS", "RESE": "RESERVOIRS", "TANK": "TANKS", "PIPE": "PIPES", "PUMP": "PUMPS", "VALV": "VALVES", "CONT": "CONTROLS",
    "RULE": "RULES", "DEMA": "DEMANDS", "SOUR": "SOURCES", "EMIT": "EMITTERS", "PATT": "PATTERNS", "CURV": "CURVES", "QUAL": "QUALITY", "STAT": "STATUS",
    "ROUG": "ROUGHNESS", "ENER": "ENERGY", "REAC": "REACTIONS", "MIXI": "MIXING", "LEAK": "LEAKAGE", "REPO": "REPORT", "TIME": "TIMES", "OPTI": "OPTIONS",
    "COOR": "COORDINATES", "VERT": "VERTICES", "LABE": "LABELS", "BACK": "BACKDROP", "TAGS": "TAGS", "END": "END",
}  # fmt: skip
"""Beginnings by which the engine knows a section -> full name."""


@dataclass(slots=True)
class Reading(ModelRows):
    """One EPANET file being read. options: [OPTIONS] by keyword."""

    units: Units = field(default_factory=Units)
    options: Mapping[str, str] = field(default_factory=dict)


__all__ = ["LINK_KINDS", "NODE_KINDS", "SECTIONS", "Reading", "reference", "token"]
