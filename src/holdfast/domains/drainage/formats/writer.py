"""Writes the drainage network of a city as a SWMM .inp file, in the units its options name, with the files it uses beside it."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path
from typing import Any

from holdfast.io.sectioned import replace_file, split
from holdfast.model.errors import Invalid

from . import sections, surface_sections
from .context import FILE, LINK_KINDS, NODE_KINDS, SECTION
from .export import Export
from .external import base_name, bytes_of
from .units import units_of

ORDER = (
    "TITLE", "OPTIONS", "FILES", "EVAPORATION", "TEMPERATURE", "ADJUSTMENTS", "RAINGAGES", "SUBCATCHMENTS", "SUBAREAS", "INFILTRATION", "LID_CONTROLS", "LID_USAGE",
    "AQUIFERS", "GROUNDWATER", "GWF", "SNOWPACKS", "JUNCTIONS", "OUTFALLS", "DIVIDERS", "STORAGE", "CONDUITS", "PUMPS", "ORIFICES", "WEIRS", "OUTLETS", "XSECTIONS",
    "TRANSECTS", "STREETS", "INLETS", "INLET_USAGE", "LOSSES", "CONTROLS", "EVENTS", "POLLUTANTS", "LANDUSES", "COVERAGES", "LOADINGS", "BUILDUP", "WASHOFF",
    "TREATMENT", "INFLOWS", "DWF", "HYDROGRAPHS", "RDII", "CURVES", "TIMESERIES", "PATTERNS", "REPORT", "TAGS", "MAP", "COORDINATES", "VERTICES", "POLYGONS",
    "SYMBOLS", "LABELS", "BACKDROP", "PROFILES",
)  # fmt: skip
_MODEL_KINDS = frozenset({*NODE_KINDS, *LINK_KINDS, "drainage.gate", "drainage.subcatchment"})
_DEFAULT_OPTIONS = (
    "FLOW_UNITS LPS", "INFILTRATION HORTON", "FLOW_ROUTING DYNWAVE", "LINK_OFFSETS DEPTH", "ALLOW_PONDING NO", "START_DATE 01/01/2025", "START_TIME 00:00:00",
    "REPORT_START_DATE 01/01/2025", "REPORT_START_TIME 00:00:00", "END_DATE 01/01/2025", "END_TIME 06:00:00", "REPORT_STEP 00:05:00", "WET_STEP 00:01:00",
    "DRY_STEP 01:00:00", "ROUTING_STEP 5", "VARIABLE_STEP 0.75", "INERTIAL_DAMPING PARTIAL", "NORMAL_FLOW_LIMITED BOTH", "FORCE_MAIN_EQUATION H-W",
)  # fmt: skip
_DEFAULT_REPORT = ("INPUT NO", "CONTROLS NO", "SUBCATCHMENTS ALL", "NODES ALL", "LINKS ALL")


def write(city: Any, path: Path, kinds: Iterable[str] | None = None, as_of: Any = None) -> dict[str, Any]:
    """Write the whole drainage network; a part of it would not be a model, so `kinds` must leave nodes and links together.

    city     anything with `table(kind) -> pyarrow.Table`
    returns  facts: rows written by section, files written beside it, what was assumed or left out, the units
    raises   Invalid if there is no network, or `kinds` names kinds that are no part of it
    """
    path = Path(path)
    chosen = None if not kinds else frozenset(kinds)
    if chosen is not None and not chosen & _MODEL_KINDS:
        raise Invalid("none of these kinds is part of a SWMM model", fix=f"Use one of {', '.join(sorted(_MODEL_KINDS))}, or none to write all")
    if as_of is not None:
        city = city.as_of(as_of)
    export = Export(city)
    if not export.nodes and not export.rows("drainage.subcatchment"):
        raise Invalid("the city has no drainage network", fix="Import one first", file=path.name)
    return write_export(export, path)


def write_export(export: Export, path: Path) -> dict[str, Any]:
    """Write tables that are ready; returns the facts that `write` returns."""
    names = _file_names(export, path)
    kept = surface_sections.kept(export, names)
    kept.setdefault("OPTIONS", list(_DEFAULT_OPTIONS))
    kept.setdefault("REPORT", list(_DEFAULT_REPORT))
    options = {words[0].upper(): " ".join(words[1:]) for line in kept["OPTIONS"] if (words := split(line.partition(";")[0]))}
    export.units = units_of(options)
    body = _body(export, names, options.get("INFILTRATION", "HORTON"))
    for section, lines in kept.items():
        body[section] = lines + body.get(section, [])
    lines = []
    for section in (*ORDER, *(name for name in body if name not in ORDER)):
        if body.get(section):
            lines += [f"[{section}]", *body[section], ""]
    for row in export.rows(FILE):
        replace_file(path.parent / names[row["reference"]], bytes_of(row))
    replace_file(path, "\n".join(lines).encode("utf-8"))
    counts = {section: len(rows) for section, rows in body.items() if rows}
    return {"sections": counts, "files": sorted(names.values()), "assumed": dict(export.assumed), "left_out": dict(export.left_out), "units": export.units.flow_unit}


def _file_names(export: Export, path: Path) -> dict[str, str]:
    """Name in the model -> name beside the exported model; never the model itself, never a path."""
    out: dict[str, str] = {}
    taken = {path.name.casefold()}
    for row in export.rows(FILE):
        name = base_name(row["reference"])
        count = 1
        while name.casefold() in taken:
            count += 1
            name = f"{count}-{base_name(row['reference'])}"
        taken.add(name.casefold())
        out[row["reference"]] = name
    return out


def _body(export: Export, names: dict[str, str], infiltration: str) -> dict[str, list[str]]:
    return {
        "RAINGAGES": surface_sections.gauges(export, names), "SUBCATCHMENTS": surface_sections.subcatchments(export),
        "SUBAREAS": surface_sections.subareas(export), "INFILTRATION": surface_sections.infiltration(export, infiltration),
        "JUNCTIONS": sections.junctions(export), "OUTFALLS": sections.outfalls(export), "DIVIDERS": sections.dividers(export), "STORAGE": sections.storage(export),
        "CONDUITS": sections.conduits(export), "PUMPS": sections.pumps(export), "ORIFICES": sections.orifices(export), "WEIRS": sections.weirs(export),
        "OUTLETS": sections.outlets(export), "XSECTIONS": sections.xsections(export), "LOSSES": sections.losses(export), "INFLOWS": sections.inflows(export),
        "DWF": sections.dry_weather(export), "CURVES": surface_sections.curves(export), "TIMESERIES": surface_sections.series(export, names),
        "PATTERNS": surface_sections.patterns(export), "TAGS": surface_sections.tags(export), "COORDINATES": sections.coordinates(export),
        "VERTICES": sections.vertices(export), "POLYGONS": surface_sections.polygons(export), "SYMBOLS": sections.symbols(export),
    }  # fmt: skip


__all__ = ["ORDER", "SECTION", "write", "write_export"]
