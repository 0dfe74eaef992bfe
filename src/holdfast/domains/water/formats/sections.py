"""Lines of each EPANET section from a city's rows."""

from __future__ import annotations

import json
from typing import Any

from holdfast.io.sectioned import columns, plain

from .context import LINK_KINDS, NODE_KINDS
from .export import Export
from .nodes import mass_factor, quality_field
from .records import curve_factors
from .units import DAY

_MATERIAL_C = {"PE": 140.0, "PVC": 140.0, "QM": 130.0, "ZT": 100.0, "G": 120.0, "T": 120.0, "SM": 130.0, "BLG": 145.0}
"""Hazen-Williams coefficients by material where a pipe has none. [proposal]"""
_ROUGHNESS = {"hazen_williams_c": 120.0, "roughness": 0.0003, "manning_n": 0.012}


def _note(row: dict[str, Any]) -> str:
    return f";{row['comment']}" if row.get("comment") else ";"


def junctions(export: Export) -> list[str]:
    """Lines of [JUNCTIONS]."""
    units, kind, out = export.units, "water.junction", []
    for row in export.rows(kind):
        level = row.get("elevation")
        if level is None:
            level = _level(export, kind, row)
        several = row.get("demands") is not None
        demand = 0.0 if several else (row.get("demand") or 0.0) / units.flow
        pattern = "" if several else export.optional(row.get("demand_pattern"))
        out.append([f" {export.names[row['id']]}", plain(level / units.length), plain(demand), pattern, _note(row)])
    return columns(out)


def _level(export: Export, kind: str, row: dict[str, Any]) -> float:
    """Level of a node without one: ground less depth, else the height of its geometry; counted."""
    export.assumed[f"{kind}.elevation"] += 1
    if row.get("ground_elevation") is not None:
        return row["ground_elevation"] - (row.get("depth") or 0.0)
    points = export.points(kind, row)
    return float(points[0, 2]) if len(points) and points.shape[1] == 3 else 0.0


def reservoirs(export: Export) -> list[str]:
    """Lines of [RESERVOIRS]."""
    kind = "water.reservoir"
    return columns(
        [f" {export.names[row['id']]}", plain(export.number(row, kind, "head", export.units.length)), export.optional(row.get("head_pattern")), _note(row)]
        for row in export.rows(kind)
    )


def tanks(export: Export) -> list[str]:
    """Lines of [TANKS]."""
    units, kind, out = export.units, "water.tank", []
    for row in export.rows(kind):
        cells = [f" {export.names[row['id']]}"]
        cells += [plain(export.number(row, kind, field, units.length)) for field in ("elevation", "initial_level", "minimum_level", "maximum_level", "diameter")]
        cells += [plain((row.get("minimum_volume") or 0.0) / units.volume), export.name(row.get("volume_curve")) or "*"]
        if row.get("overflow") is not None:
            cells.append("YES" if row["overflow"] else "NO")
        elif cells[-1] == "*":
            cells[-1] = ""
        out.append([*cells, _note(row)])
    return columns(out)


def pipes(export: Export) -> list[str]:
    """Lines of [PIPES]."""
    units, kind, out = export.units, "water.pipe", []
    field, factor = units.roughness_field
    shut = {row["pipe_id"] for row in export.rows("water.isolation_valve") if row.get("normal_status") == "CLOSED"}
    for row in export.links[kind]:
        length = row.get("length")
        if length is None:
            length = row.get("shape_length")
        if not length:
            export.assumed[f"{kind}.length"] += 1
            length = 0.1
        rough = row.get(field)
        if rough is None:
            export.assumed[f"{kind}.{field}"] += 1
            rough = _MATERIAL_C.get(row.get("material") or "", 120.0) if field == "hazen_williams_c" else _ROUGHNESS[field]
        state = "CV" if row.get("check_valve") else "Closed" if row.get("initial_status") == "CLOSED" or row["id"] in shut else "Open"
        out.append([
            f" {export.names[row['id']]}", export.name(row["from_id"]), export.name(row["to_id"]), plain(length / units.length),
            plain(export.number(row, kind, "diameter", units.diameter, 0.1)), plain(rough / factor), plain(row.get("minor_loss") or 0.0), state, _note(row),
        ])  # fmt: skip
    return columns(out)


def pumps(export: Export) -> list[str]:
    """Lines of [PUMPS]."""
    units, kind, out = export.units, "water.pump", []
    for row in export.links[kind]:
        cells = [f" {export.names[row['id']]}", export.name(row["from_id"]), export.name(row["to_id"])]
        if row.get("head_curve"):
            cells.append(f"HEAD {export.name(row['head_curve'])}")
        else:
            cells.append(f"POWER {plain(export.number(row, kind, 'power', units.power, 1000.0))}")
        if row.get("speed") is not None and row["speed"] != 1.0:
            cells.append(f"SPEED {plain(row['speed'])}")
        if pattern := export.optional(row.get("speed_pattern")):
            cells.append(f"PATTERN {pattern}")
        out.append([*cells, _note(row)])
    return columns(out)


def valves(export: Export) -> list[str]:
    """Lines of [VALVES]."""
    units, kind, out = export.units, "water.valve", []
    for row in export.links[kind]:
        setting = units.setting(row.get("type") or "")
        value = export.name(row.get("curve")) if setting is None else plain((row.get(setting[0]) or 0.0) / setting[1])
        cells = [f" {export.names[row['id']]}", export.name(row["from_id"]), export.name(row["to_id"]),
                 plain(export.number(row, kind, "diameter", units.diameter, 0.1)), row.get("type") or "TCV", value, plain(row.get("minor_loss") or 0.0)]  # fmt: skip
        if row.get("type") == "PCV" and row.get("curve"):
            cells.append(export.name(row["curve"]))
        out.append([*cells, _note(row)])
    return columns(out)


def tags(export: Export) -> list[str]:
    """Lines of [TAGS]."""
    nodes = [["NODE", export.names[row["id"]], row["tag"]] for kind in NODE_KINDS for row in export.rows(kind) if row.get("tag")]
    links = [["LINK", export.names[row["id"]], row["tag"]] for kind in LINK_KINDS for row in export.links[kind] if row.get("tag")]
    return columns([*nodes, *links])


def demands(export: Export) -> list[str]:
    """Lines of [DEMANDS]."""
    out = []
    for row in export.rows("water.junction"):
        for entry in json.loads(row["demands"]) if row.get("demands") else ():
            note = f";{entry['category']}" if entry.get("category") else ""
            out.append([f" {export.names[row['id']]}", plain(entry["demand"] / export.units.flow), export.optional(entry.get("pattern")), note])
    return columns(out)


def status(export: Export) -> list[str]:
    """Lines of [STATUS]."""
    out = [[f" {export.names[row['id']]}", "Closed"] for row in export.links["water.pump"] if row.get("initial_status") == "CLOSED"]
    out += [[f" {export.names[row['id']]}", row["initial_status"].capitalize()] for row in export.links["water.valve"] if row.get("initial_status") in {"OPEN", "CLOSED"}]
    return columns(out)


def patterns(export: Export) -> list[str]:
    """Lines of [PATTERNS]."""
    out = []
    for row in export.rows("water.pattern"):
        if row.get("comment"):
            out.append(f";{row['comment']}")
        values = json.loads(row["multipliers"])
        for start in range(0, len(values), 6):
            out.append(" ".join([f" {export.names[row['id']]}", *(plain(v) for v in values[start : start + 6])]))
    return out


def curves(export: Export) -> list[str]:
    """Lines of [CURVES]."""
    out = []
    for row in export.rows("water.curve"):
        fx, fy = curve_factors(row.get("use") or "GENERIC", export.units)
        if row.get("comment"):
            out.append(f";{row['comment']}")
        for x, y in zip(json.loads(row["x"]), json.loads(row["y"]), strict=True):
            out.append(f" {export.names[row['id']]} {plain(x / fx)} {plain(y / fy)}")
    return out


def coordinates(export: Export) -> list[str]:
    """Lines of [COORDINATES]."""
    out = []
    for kind in NODE_KINDS:
        for row in export.rows(kind):
            points = export.points(kind, row)
            if len(points):
                out.append([f" {export.names[row['id']]}", plain(float(points[0, 0])), plain(float(points[0, 1]))])
    return columns(out)


def vertices(export: Export) -> list[str]:
    """Lines of [VERTICES]."""
    out = []
    for kind in LINK_KINDS:
        for row in export.links[kind]:
            inner = [(float(p[0]), float(p[1])) for p in export.points(kind, row)[1:-1]]
            out += [[f" {export.names[row['id']]}", plain(x), plain(y)] for x, y in inner or _set_aside(row)]
    return columns(out)


def _set_aside(row: dict[str, Any]) -> list[list[float]]:
    """Vertices the reader kept as text because they are in other coordinates than the nodes."""
    value = json.loads(row["extra"]).get("vertices") if row.get("extra") else None
    return json.loads(value) if isinstance(value, str) else value or []


def element_lines(export: Export, quality: str) -> dict[str, list[str]]:
    """Sections that hold one property of some nodes and links each."""
    units, names = export.units, export.names
    out: dict[str, list[str]] = {name: [] for name in ("EMITTERS", "QUALITY", "SOURCES", "REACTIONS", "MIXING", "ENERGY")}
    field, factor = quality_field(quality)
    mass = mass_factor(quality)
    for kind in NODE_KINDS:
        for row in export.rows(kind):
            name = names[row["id"]]
            if row.get("emitter_coefficient") is not None:
                out["EMITTERS"].append(f" {name} {plain(row['emitter_coefficient'] / units.emitter)}")
            if row.get(field) is not None:
                out["QUALITY"].append(f" {name} {plain(row[field] / factor)}")
            if row.get("source_type"):
                strength = (row.get("source_mass_flow") or 0.0) / (mass * 1e-3 / 60) if row["source_type"] == "MASS" else (row.get("source_concentration") or 0.0) / mass
                out["SOURCES"].append(f" {name} {row['source_type']} {plain(strength)} {export.optional(row.get('source_pattern'))}".rstrip())
            if row.get("bulk_coefficient") is not None:
                out["REACTIONS"].append(f" TANK {name} {plain(row['bulk_coefficient'] * DAY)}")
            if row.get("mixing"):
                share = "" if row.get("mixing_fraction") is None else plain(row["mixing_fraction"])
                out["MIXING"].append(f" {name} {row['mixing']} {share}".rstrip())
    for row in export.links["water.pipe"]:
        if row.get("bulk_coefficient") is not None:
            out["REACTIONS"].append(f" BULK {names[row['id']]} {plain(row['bulk_coefficient'] * DAY)}")
        if row.get("wall_coefficient") is not None:
            out["REACTIONS"].append(f" WALL {names[row['id']]} {plain(row['wall_coefficient'] / units.wall)}")
    for row in export.links["water.pump"]:
        name = names[row["id"]]
        for word, value in (("EFFICIENCY", export.name(row.get("efficiency_curve"))), ("PATTERN", export.optional(row.get("price_pattern")))):
            if value:
                out["ENERGY"].append(f" PUMP {name} {word} {value}")
        if row.get("energy_price") is not None:
            out["ENERGY"].append(f" PUMP {name} PRICE {plain(row['energy_price'])}")
    return out
