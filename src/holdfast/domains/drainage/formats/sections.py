"""Lines of each SWMM section from a city's rows: nodes, links and places."""

from __future__ import annotations

import json
from collections.abc import Iterable
from typing import Any

from holdfast.io.sectioned import columns, plain, quoted

from .context import GAUGE, LINK_KINDS, NODE_KINDS
from .export import MANNING, Export
from .links import outlet_factor


def described(export: Export, rows: Iterable[tuple[dict[str, Any], list[str]]]) -> list[str]:
    """Aligned lines, each under its description."""
    pairs = list(rows)
    out: list[str] = []
    for (row, _), line in zip(pairs, columns(cells for _, cells in pairs), strict=True):
        if row.get("comment"):
            out.append(f";{row['comment']}")
        out.append(line)
    return out


def _flag(value: bool | None) -> str:
    return "YES" if value else "NO"


def _list(row: dict[str, Any], field: str) -> list[str]:
    return [quoted(str(word)) for word in json.loads(row[field])] if row.get(field) else []


def _depths(export: Export, row: dict[str, Any]) -> list[str]:
    depth = row.get("maximum_depth")
    if depth is None and row.get("ground_elevation") is not None:
        depth = max(0.0, row["ground_elevation"] - export.levels[row["id"]])
    length = export.units.length
    return [export.si(depth, length), export.si(row.get("initial_depth"), length), export.si(row.get("surcharge_depth"), length),
            export.si(row.get("ponded_area"), export.units.area)]  # fmt: skip


def _head(export: Export, row: dict[str, Any]) -> list[str]:
    return [export.word(row["id"]), plain(export.levels[row["id"]] / export.units.length)]


def junctions(export: Export) -> list[str]:
    """Lines of [JUNCTIONS]."""
    return described(export, ((row, [*_head(export, row), *_depths(export, row)]) for row in export.rows("drainage.manhole")))


def outfalls(export: Export) -> list[str]:
    """Lines of [OUTFALLS]."""
    def cells(row: dict[str, Any]) -> list[str]:
        kind = row.get("type") or "FREE"
        data = export.si(row.get("stage"), export.units.length) if kind == "FIXED" else export.word(row["stage_curve"]) if row.get("stage_curve") else ""
        return [*_head(export, row), kind, data, _flag(row.get("flap_gate")), row.get("route_to") or ""]

    return described(export, ((row, cells(row)) for row in export.rows("drainage.outfall")))


def dividers(export: Export) -> list[str]:
    """Lines of [DIVIDERS]."""
    def cells(row: dict[str, Any]) -> list[str]:
        kind, units = row.get("type") or "OVERFLOW", export.units
        data = {
            "CUTOFF": [export.si(row.get("cutoff_flow"), units.flow)], "TABULAR": [export.word(row.get("curve"))],
            "WEIR": [export.si(row.get("cutoff_flow"), units.flow), export.si(row.get("weir_height"), units.length), export.si(row.get("weir_coefficient"), units.weir)],
        }.get(kind, [])  # fmt: skip
        return [*_head(export, row), quoted(row.get("diverted_link") or "*"), kind, *data, *_depths(export, row)]

    return described(export, ((row, cells(row)) for row in export.rows("drainage.divider")))


def storage(export: Export) -> list[str]:
    """Lines of [STORAGE]."""
    def cells(row: dict[str, Any]) -> list[str]:
        shape, length = row.get("shape") or "FUNCTIONAL", export.units.length
        if shape == "TABULAR":
            data = [export.word(row.get("area_curve"))]
        elif row.get("shape_parameters"):
            data = _list(row, "shape_parameters")
        else:
            data = ["0", "0", plain(export.number(row, "drainage.storage", "area", export.units.area, 10.0))]
        return [*_head(export, row), *_depths(export, row)[:2], shape, *data, export.si(row.get("surcharge_depth"), length),
                export.si(row.get("evaporation_share")), *_list(row, "seepage")]  # fmt: skip

    return described(export, ((row, cells(row)) for row in export.rows("drainage.storage")))


def _ends(export: Export, row: dict[str, Any]) -> list[str]:
    return [export.word(row["id"]), export.word(row["from_id"]), export.word(row["to_id"])]


def conduits(export: Export) -> list[str]:
    """Lines of [CONDUITS]."""
    kind = "drainage.conduit"

    def cells(row: dict[str, Any]) -> list[str]:
        length = row.get("length") or row.get("shape_length")
        if not length:
            export.assumed[f"{kind}.length"] += 1
            length = 1.0
        rough = row.get("manning_n")
        if rough is None:
            export.assumed[f"{kind}.manning_n"] += 1
            rough = MANNING.get(row.get("material") or "", 0.013)
        line = [*_ends(export, row), plain(length / export.units.length), plain(rough), export.offset(row, "from"), export.offset(row, "to"),
                export.si(row.get("initial_flow"), export.units.flow)]  # fmt: skip
        return [*line, export.si(row["maximum_flow"], export.units.flow)] if row.get("maximum_flow") is not None else line

    return described(export, ((row, cells(row)) for row in export.links[kind]))


def pumps(export: Export) -> list[str]:
    """Lines of [PUMPS]."""
    def cells(row: dict[str, Any]) -> list[str]:
        curve = export.word(row["curve"]) if row.get("curve") else "*"
        line = [*_ends(export, row), curve, row.get("initial_status") or "ON"]
        if row.get("startup_depth") is not None or row.get("shutoff_depth") is not None:
            line += [export.si(row.get("startup_depth"), export.units.length), export.si(row.get("shutoff_depth"), export.units.length)]
        return line

    return described(export, ((row, cells(row)) for row in export.links["drainage.pump"]))


def orifices(export: Export) -> list[str]:
    """Orifices, and gates as orifices in the side of a chamber: a shut gate has no flow, a flap lets none back."""

    def orifice(row: dict[str, Any]) -> list[str]:
        line = [*_ends(export, row), row.get("type") or "SIDE", export.offset(row, "from"), plain(row.get("discharge_coefficient") or 0.65), _flag(row.get("flap_gate"))]
        return [*line, export.si(row["closing_time"], 3600.0)] if row.get("closing_time") is not None else line

    def gate(row: dict[str, Any]) -> list[str]:
        share = 1.0 if row.get("opening") is None else row["opening"]
        coefficient = share * (row.get("discharge_coefficient") or 0.65)
        return [*_ends(export, row), "SIDE", export.offset(row, "from"), plain(coefficient), _flag(row.get("type") == "FLAP"), "0"]

    rows = [(row, orifice(row)) for row in export.links["drainage.orifice"]]
    return described(export, rows + [(row, gate(row)) for row in export.links["drainage.gate"]])


def weirs(export: Export) -> list[str]:
    """Lines of [WEIRS]."""
    def cells(row: dict[str, Any]) -> list[str]:
        line = [*_ends(export, row), row.get("type") or "TRANSVERSE", export.offset(row, "from"), export.si(row.get("discharge_coefficient"), export.units.weir)]
        further = _list(row, "model_row")
        return [*line, _flag(row.get("flap_gate")), *further] if further or row.get("flap_gate") is not None else line

    return described(export, ((row, cells(row)) for row in export.links["drainage.weir"]))


def outlets(export: Export) -> list[str]:
    """Lines of [OUTLETS]."""
    def cells(row: dict[str, Any]) -> list[str]:
        kind = row.get("type") or "FUNCTIONAL/DEPTH"
        if row.get("coefficients"):
            a, b = json.loads(row["coefficients"])
            data = [plain(a / outlet_factor(export.units, b)), plain(b)]
        else:
            data = [export.word(row.get("curve"))]
        return [*_ends(export, row), export.offset(row, "from"), kind, *data, _flag(row.get("flap_gate"))]

    return described(export, ((row, cells(row)) for row in export.links["drainage.outlet"]))


def xsections(export: Export) -> list[str]:
    """Lines of [XSECTIONS]."""
    out = []
    for kind in ("drainage.conduit", "drainage.orifice", "drainage.weir"):
        out += [[export.word(row["id"]), *_shape(export, kind, row)] for row in export.links[kind]]
    length = export.units.length
    for row in export.links["drainage.gate"]:
        height, width = (export.number(row, "drainage.gate", field, length, 1.0) for field in ("height", "width"))
        out.append([export.word(row["id"]), "RECT_CLOSED", plain(height), plain(width), "0", "0"])
    return columns(out)


def _shape(export: Export, kind: str, row: dict[str, Any]) -> list[str]:
    length = export.units.length
    shape = row.get("shape") or ("RECT_CLOSED" if row.get("width") else "CIRCULAR")
    further = _list(row, "section_parameters")
    if shape in {"IRREGULAR", "STREET"}:
        cells = [shape, quoted(row.get("section_curve") or ""), *(further or ["0", "0", "0"])]
    else:
        cells = [shape, plain(export.number(row, kind, "diameter", length, 0.3))]
        if shape == "CUSTOM":
            cells.append(quoted(row.get("section_curve") or ""))
        elif shape != "FORCE_MAIN":
            cells.append(export.si(row.get("width"), length))
        cells += further
    if kind == "drainage.conduit" or row.get("barrels") is not None:
        cells += ["0"] * (5 - len(cells))
        if row.get("barrels") is not None or row.get("culvert"):
            cells.append(str(row.get("barrels") or 1))
        if row.get("culvert"):
            cells.append(row["culvert"])
    return cells + ["0"] * (5 - len(cells))


def losses(export: Export) -> list[str]:
    """Lines of [LOSSES]."""
    out = []
    for row in export.links["drainage.conduit"]:
        if all(row.get(field) is None for field in ("entry_loss", "exit_loss", "average_loss", "seepage_rate")) and not row.get("flap_gate"):
            continue
        cells = [export.word(row["id"]), *(export.si(row.get(field)) for field in ("entry_loss", "exit_loss", "average_loss")), _flag(row.get("flap_gate"))]
        if row.get("seepage_rate") is not None:
            cells.append(export.si(row["seepage_rate"], export.units.rain_rate))
        out.append(cells)
    return columns(out)


def inflows(export: Export) -> list[str]:
    """Lines of [INFLOWS]."""
    out = []
    for kind in NODE_KINDS:
        for row in export.rows(kind):
            if row.get("inflow_series") or row.get("inflow_baseline") is not None or row.get("inflow_scale") is not None:
                scale = 1.0 if row.get("inflow_scale") is None else row["inflow_scale"]
                cells = [export.word(row["id"]), "FLOW", quoted(export.optional(row.get("inflow_series"))), "FLOW", "1.0", plain(scale)]
                if row.get("inflow_baseline") is not None:
                    cells.append(plain(row["inflow_baseline"] / export.units.flow))
                    cells += [quoted(pattern)] if (pattern := export.optional(row.get("inflow_pattern"))) else []
                out.append(cells)
    return columns(out)


def dry_weather(export: Export) -> list[str]:
    """Lines of [DWF]."""
    out = []
    for kind in NODE_KINDS:
        for row in export.rows(kind):
            if row.get("dry_weather_flow") is not None:
                names = json.loads(row["dry_weather_patterns"]) if row.get("dry_weather_patterns") else []
                out.append([export.word(row["id"]), "FLOW", plain(row["dry_weather_flow"] / export.units.flow), *(quoted(export.optional(name)) for name in names)])
    return columns(out)


def coordinates(export: Export) -> list[str]:
    """Lines of [COORDINATES]."""
    return columns(
        [export.word(row["id"]), plain(float(points[0, 0])), plain(float(points[0, 1]))]
        for kind in NODE_KINDS for row in export.rows(kind) if len(points := export.points(kind, row))
    )  # fmt: skip


def vertices(export: Export) -> list[str]:
    """Lines of [VERTICES]."""
    return columns(
        [export.word(row["id"]), plain(float(point[0])), plain(float(point[1]))]
        for kind in (*LINK_KINDS, "drainage.gate") for row in export.links[kind] for point in export.points(kind, row)[1:-1]
    )  # fmt: skip


def symbols(export: Export) -> list[str]:
    """Lines of [SYMBOLS]."""
    return columns(
        [export.word(row["id"]), plain(float(points[0, 0])), plain(float(points[0, 1]))] for row in export.rows(GAUGE) if len(points := export.points(GAUGE, row))
    )
