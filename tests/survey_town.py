"""A small, faultless town of one water main and one sewer, for tests that put one fault into it at a time."""

from __future__ import annotations

from typing import Any

import numpy as np
import pyarrow as pa

from holdfast.engines.survey.checks import check_kind
from holdfast.engines.survey.cjj61 import line_fields, pipeline_symbol, point_fields
from holdfast.engines.survey.crossings import check_crossings
from holdfast.engines.survey.levels import check_levels
from holdfast.engines.survey.network_view import build
from holdfast.engines.survey.settings import values
from holdfast.engines.survey.topology import check_ends, check_islands, check_points
from holdfast.model import geometry
from holdfast.model.finding import Findings
from holdfast.model.spec import Domain, Field, Kind, Network
from holdfast.model.tables import asset_schema, conform

_DIAMETER = Field("diameter", "diameter", "管径", quantity="diameter", required=True)
_LEVEL = Field("elevation", "level", "高程", quantity="elevation")
POINT = Kind("town.point", "node", "Point", "管点", (*point_fields(), _LEVEL), "Point", symbol=pipeline_symbol("JS", 4, 2, 1))
SOURCE = Kind("town.source", "node", "Source", "水源", (*point_fields(), _LEVEL), "Point", symbol=pipeline_symbol("JS", 4, 2, 2))
PIPE = Kind("town.pipe", "edge", "Pipe", "给水管", (*line_fields("JS"), _DIAMETER, Field("length", "length", "长度", quantity="length")), "LineString",
            symbol=pipeline_symbol("JS", 4, 1))
PUMP = Kind("town.pump", "edge", "Pump", "水泵", (), "LineString", symbol=pipeline_symbol("JS", 4, 2, 2))
MANHOLE = Kind("town.manhole", "node", "Manhole", "检查井", (*point_fields(), _LEVEL), "Point", symbol=pipeline_symbol("PS", 1, 2, 2))
OUTFALL = Kind("town.outfall", "node", "Outfall", "排放口", (*point_fields(), _LEVEL), "Point", symbol=pipeline_symbol("PS", 1, 2, 2))
SEWER = Kind(
    "town.sewer", "edge", "Sewer", "排水管",
    (*line_fields("PS"), _DIAMETER, Field("shape", "shape", "断面", "text"), Field("from_offset", "offset", "偏移", quantity="height"),
     Field("to_offset", "offset", "偏移", quantity="height")),
    "LineString", symbol=pipeline_symbol("PS", 1, 1),
)  # fmt: skip
WATER = Network("town_water", "Water", "给水", ("town.point", "town.source"), ("town.pipe", "town.pump"), "potential_flow", "x", "water", sources=("town.source",))
STORM = Network("town_storm", "Storm", "雨水", ("town.manhole", "town.outfall"), ("town.sewer",), "routed_flow", "x", "drainage", True, ("town.outfall",))
DOMAIN = Domain("town", "Town", "镇", (POINT, SOURCE, PIPE, PUMP, MANHOLE, OUTFALL, SEWER), (WATER, STORM))
KINDS = {kind.name: kind for kind in DOMAIN.kinds}

Tables = dict[str, pa.Table]
STEP = 40.0  # distance between points [m]


def town(count: int = 5) -> Tables:
    """A water main along y = 0 from a source, and a sewer along y = 10 to an outfall, each of `count` lines."""
    return _run("town.point", "town.source", "town.pipe", count, 0.0, 1.2, 0.0, 0.2, False) | _run(
        "town.manhole", "town.outfall", "town.sewer", count, 10.0, 2.0, 0.02, 0.4, True
    )


def _run(point: str, end: str, line: str, count: int, y: float, depth: float, slope: float, diameter: float, end_last: bool) -> Tables:
    x = np.arange(count + 1) * STEP
    ground = 20.0 - 0.02 * x
    level = ground[0] - depth - slope * x if slope else ground - depth
    names = [f"{point}:{i}" for i in range(count + 1)]
    special = count if end_last else 0
    names[special] = f"{end}:{special}"
    nodes = pa.table({
        "id": names, "geometry": geometry.points(x, np.full(count + 1, y), level), "ground_elevation": ground, "depth": ground - level,
        "elevation": level, "map_number": [f"{line}{i}" for i in range(count + 1)], "attachment": ["well"] * (count + 1)})  # fmt: skip
    ends = np.stack([np.column_stack((x[i], np.full(count, y), level[i])) for i in (slice(0, -1), slice(1, None))], axis=1)
    lines = pa.table({
        "id": [f"{line}:{i}" for i in range(count)], "geometry": geometry.lines(ends), "from_id": names[:-1], "to_id": names[1:],
        "material": ["PE"] * count, "laying": ["ZM"] * count, "from_elevation": level[:-1], "to_elevation": level[1:],
        "from_depth": (ground - level)[:-1], "to_depth": (ground - level)[1:], "diameter": np.full(count, diameter)})  # fmt: skip
    mask = np.arange(count + 1) == special
    return {
        point: conform(nodes.filter(pa.array(~mask)), asset_schema(KINDS[point], derived=True)),
        end: conform(nodes.filter(pa.array(mask)), asset_schema(KINDS[end], derived=True)),
        line: _measured(conform(lines, asset_schema(KINDS[line], derived=True))),
    }


def _measured(lines: pa.Table) -> pa.Table:
    at = lines.column_names.index("shape_length")
    return lines.set_column(at, "shape_length", pa.array(geometry.length(lines["geometry"])))


def put(tables: Tables, kind: str, row: int, **cells: Any) -> Tables:
    """The tables with some cells of one row replaced; geometry is given as coordinates."""
    table = tables[kind]
    for name, value in cells.items():
        column = table[name].to_pylist()
        if name == "geometry" and value is not None:
            coordinates = np.asarray(value, float)
            value = (geometry.lines(coordinates[None]) if coordinates.ndim == 2 else geometry.points(*coordinates[:, None]))[0].as_py()
        column[row] = value
        table = table.set_column(table.column_names.index(name), name, pa.array(column, table.schema.field(name).type))
    return tables | {kind: _measured(table) if "geometry" in cells and "shape_length" in table.column_names else table}


def add(tables: Tables, kind: str, like: int, **cells: Any) -> Tables:
    """The tables with a copy of one row appended and some of its cells replaced."""
    table = tables[kind]
    grown = tables | {kind: pa.concat_tables([table, table.slice(like, 1)])}
    return put(grown, kind, table.num_rows, **cells)


def drop(tables: Tables, kind: str, row: int) -> Tables:
    """The tables without one row."""
    keep = np.arange(tables[kind].num_rows) != row
    return tables | {kind: tables[kind].filter(pa.array(keep))}


def judge(tables: Tables, **settings: Any) -> Findings:
    """Findings of every check on these tables."""
    findings = Findings()
    chosen = values({f"survey.{k}": v for k, v in settings.items()})
    for name, table in tables.items():
        check_kind(KINDS[name], table, findings, chosen)
    for network in (WATER, STORM):
        view = build(network, KINDS, tables, findings)
        check_ends(view, chosen)
        check_points(view, chosen)
        check_islands(view, {})
        check_levels(view, chosen)
        check_crossings(view, chosen)
    return findings


def found(tables: Tables, **settings: Any) -> set[tuple[str, str]]:
    """(rule without prefix, id) of every finding."""
    return {(r["rule"].removeprefix("survey."), r["id"] or r["kind"]) for r in judge(tables, **settings).table().to_pylist()}
