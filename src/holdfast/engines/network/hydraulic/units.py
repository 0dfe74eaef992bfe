"""The flow units of EPANET files: what its rounded factors and tolerances, which are numbers in a file's own units, mean elsewhere."""

from __future__ import annotations

from holdfast.engines.network.hydraulic.model import Options

PER_CFS = {"CFS": 1.0, "GPM": 448.831, "MGD": 0.64632, "IMGD": 0.5382, "AFD": 1.9837, "LPS": 28.317, "LPM": 1699.0, "MLD": 2.4466, "CMH": 101.94,
           "CMD": 2446.6, "CMS": 0.028317}  # fmt: skip
US = frozenset({"CFS", "GPM", "MGD", "IMGD", "AFD"})
PSI_PER_FOOT = 0.4333


def flow_unit(options: Options) -> str:
    """Flow unit of the file a model comes from; without any word of it L/s, and GPM for a word EPANET does not know."""
    unit = str(options.extra.get("UNITS", "LPS")).upper().strip()
    return unit if unit in PER_CFS else "GPM"
