"""Reads EPANET .inp files into batches of water kinds, in SI."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from holdfast.io.sectioned import batches, headings, read_sections
from holdfast.model.delivery import Delivery, ReadRequest
from holdfast.model.errors import Invalid
from holdfast.model.finding import Findings

from . import records
from .context import SECTIONS, Reading
from .links import read_links
from .nodes import read_nodes
from .places import read_places
from .units import units_of

_OWN = {"RESERVOIRS", "TANKS", "PIPES", "VALVES", "EMITTERS", "MIXING", "ENERGY", "REACTIONS", "QUALITY", "SOURCES", "DEMANDS", "TIMES", "STATUS", "RULES"}
_OTHER = {"OUTFALLS", "CONDUITS", "SUBCATCHMENTS", "RAINGAGES", "XSECTIONS", "SUBAREAS", "INFILTRATION", "DWF", "INFLOWS", "EVAPORATION", "TIMESERIES", "STORAGE"}
_LATE = ("OPTIONS", "TIMES", "COORDINATES")


def sniff(path: Path, head: bytes) -> float:
    """How likely a file is an EPANET model, by its sections; SWMM uses the same ending."""
    found = headings(path, head)
    own, other = len(found & _OWN), len(found & _OTHER)
    if own == 0:
        return 0.2 if "JUNCTIONS" in found and other == 0 else 0.0
    return 0.95 * own / (own + other)


def read(path: Path, request: ReadRequest) -> Delivery:
    """Read an EPANET file.

    raises    NotFound; Invalid if the file is no text, has no nodes, or stops before its options
    """
    path = Path(path)
    findings = Findings()
    sections = read_sections(path, SECTIONS, findings, encoding=request.encoding, separators=",", kind="water.option")
    reading = Reading(path.name, sections, findings)
    _require_whole(reading)
    reading.options = {records.keyword_of(line)[0]: records.keyword_of(line)[1] for line in sections.of("OPTIONS")}
    reading.units = units_of(reading.options)
    read_nodes(reading)
    if not reading.nodes:
        raise Invalid("the file has no nodes", fix="Check that it is an EPANET network", file=path.name)
    read_links(reading)
    records.read_tags(reading)
    records.read_options(reading)
    records.read_patterns(reading)
    records.read_curves(reading)
    records.read_statements(reading)
    _check_references(reading)
    shapes, hint = read_places(reading)
    return Delivery("epanet", batches(reading.kinds, request.catalog.kinds, shapes, request.only), findings=findings, facts=_facts(reading, hint))


def _require_whole(reading: Reading) -> None:
    """Everything in an EPANET file hangs on its options, which come late: without them and the end mark it was cut."""
    sections = reading.sections
    if sections.ended:
        return
    if not any(name in sections.lines for name in _LATE):
        where = f"[{sections.last}]" if sections.last else "an unknown section"
        raise Invalid(f"the file stops in section {where} and has neither options nor an end mark", fix="Get a complete copy of the file",
                      file=reading.file, row=sections.count)  # fmt: skip
    reading.wrong("no_end", sections.count, "the file has no [END]; it may have been cut", "Check that the file is complete", "warning")


def _check_references(reading: Reading) -> None:
    """Patterns and curves that rows name must exist."""
    known = {row["id"] for kind in ("water.pattern", "water.curve") for row in reading.kinds.get(kind, ())}
    for kind, rows in list(reading.kinds.items()):
        columns = [name for name in ("demand_pattern", "head_pattern", "source_pattern", "speed_pattern", "price_pattern", "head_curve", "volume_curve",
                                     "efficiency_curve", "curve") if any(name in row for row in rows)]  # fmt: skip
        for row in rows:
            for column in columns:
                name = row.get(column)
                if name and name not in known:
                    reading.wrong("missing_record", row["row"], f"{name.replace('water.', '').replace(':', ' ')} is not in the file", "Add it or correct the name",
                                  kind=kind, column=column, id=row["id"], value=name.partition(":")[2])  # fmt: skip


def _facts(reading: Reading, hint: str) -> dict[str, Any]:
    times = {records.keyword_of(line)[0]: records.keyword_of(line)[1] for line in reading.sections.of("TIMES")}
    return {
        "title": " ".join(line.text for line in reading.sections.of("TITLE"))[:200],
        "flow_unit": reading.units.flow_unit,
        "headloss": reading.units.headloss,
        "duration": times.get("DURATION", "0"),
        "encoding": reading.sections.encoding,
        "coordinates": hint,
        "rows": {kind: len(rows) for kind, rows in reading.kinds.items()},
    }
