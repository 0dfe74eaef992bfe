"""Reads SWMM .inp files into batches of drainage kinds, in SI."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from holdfast.io.sectioned import batches, headings, read_sections
from holdfast.model.delivery import Delivery, ReadRequest
from holdfast.model.errors import Invalid
from holdfast.model.finding import Findings

from ..kinds import KINDS
from . import records
from .context import SECTION, SECTIONS, Reading
from .external import read_files
from .links import read_links
from .nodes import read_inflows, read_nodes
from .places import read_places
from .surface import read_surface
from .units import units_of

_OWN = {"OUTFALLS", "CONDUITS", "SUBCATCHMENTS", "RAINGAGES", "XSECTIONS", "SUBAREAS", "INFILTRATION", "DWF", "INFLOWS", "EVAPORATION", "TIMESERIES", "STORAGE",
        "DIVIDERS", "ORIFICES", "WEIRS", "OUTLETS", "LOSSES", "TRANSECTS", "POLYGONS", "SYMBOLS", "HYDROGRAPHS", "RDII", "AQUIFERS"}  # fmt: skip
_OTHER = {"RESERVOIRS", "TANKS", "PIPES", "VALVES", "EMITTERS", "MIXING", "ENERGY", "REACTIONS", "QUALITY", "SOURCES", "DEMANDS", "TIMES", "RULES", "STATUS"}
_FIRST = frozenset({"TITLE", "OPTIONS", "EVAPORATION", "RAINGAGES", "SUBCATCHMENTS", "SUBAREAS", "INFILTRATION", "JUNCTIONS", "OUTFALLS", "STORAGE", "DIVIDERS",
                    "CONDUITS", "PUMPS", "ORIFICES", "WEIRS", "OUTLETS", "XSECTIONS"})  # fmt: skip


def sniff(path: Path, head: bytes) -> float:
    """How likely a file is a SWMM model, by its sections; EPANET uses the same ending."""
    found = headings(path, head)
    own, other = len(found & _OWN), len(found & _OTHER)
    return 0.95 * own / (own + other) if own else 0.0


def read(path: Path, request: ReadRequest) -> Delivery:
    """Read a SWMM file and the rain, climate and series files it uses.

    raises    NotFound; Invalid if the file is no text, has neither nodes nor subcatchments, or stops in the middle
    """
    path = Path(path)
    findings = Findings()
    sections = read_sections(path, SECTIONS, findings, encoding=request.encoding, kind=SECTION)
    reading = Reading(path.name, sections, findings, fold=True)
    reading.options = records.options_of(reading)
    reading.units = units_of(reading.options)
    records.check_options(reading)
    read_nodes(reading)
    read_links(reading)
    read_surface(reading)
    _require_whole(reading)
    read_inflows(reading)
    records.read_curves(reading)
    records.read_series(reading)
    records.read_patterns(reading)
    records.read_tags(reading)
    records.check_references(reading)
    shapes, coordinates = read_places(reading)
    records.keep_lines(reading)
    read_files(reading, path)
    made = batches(reading.kinds, {kind.name: kind for kind in KINDS}, shapes, request.only)
    return Delivery("swmm", made, findings=findings, facts={**_facts(reading), "coordinates": coordinates})


def _require_whole(reading: Reading) -> None:
    """A file has no end mark, but what it begins must be finished: links need nodes and sections, subcatchments need their parameters."""
    sections = reading.sections
    if not reading.nodes and not reading.areas:
        raise Invalid("the file has neither nodes nor subcatchments", fix="Check that it is a complete SWMM model", file=reading.file, row=sections.count)
    if sections.last not in _FIRST:
        return
    conduits = reading.kinds.get("drainage.conduit", ())
    missing = ""
    if not reading.links and not reading.areas:
        missing = "has neither links nor subcatchments"
    elif any(not row.get("shape") for row in conduits):
        missing = "has conduits without a cross-section"
    elif any("impervious_n" not in row or "infiltration_parameters" not in row for row in reading.areas.values()):
        missing = "has subcatchments without surface or infiltration parameters"
    elif any(row["outlet"] is None for row in reading.areas.values()):
        missing = "has subcatchments that drain to nothing in it"
    elif sections.cut and any(row["row"] == sections.count for row in reading.findings.table().to_pylist()):
        missing = "its last line is incomplete"
    elif reading.links and not any(row["id"].startswith(("drainage.outfall", "drainage.storage")) for row in reading.nodes.values()):
        missing = "has links but no outfall"
    if missing:
        raise Invalid(f"the file stops in section [{sections.last}] and {missing}", fix="Get a complete copy of the file", file=reading.file, row=sections.count)


def _facts(reading: Reading) -> dict[str, Any]:
    return {
        "title": " ".join(line.text for line in reading.sections.of("TITLE"))[:200],
        "flow_unit": reading.units.flow_unit,
        "offsets": "elevation" if reading.units.elevations else "depth",
        "routing": reading.options.get("FLOW_ROUTING", ""),
        "infiltration": reading.options.get("INFILTRATION", ""),
        "encoding": reading.sections.encoding,
        "rows": {kind: len(rows) for kind, rows in reading.kinds.items()},
    }
