"""Declarations, rows and openers that the tests of the stores share, also with the processes they start."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import shapely

from holdfast.model.repository import Repository
from holdfast.model.spec import Catalog, Field, Kind
from holdfast.model.time import parse_instant

FIELDS = (
    Field("diameter", "Diameter", "管径", quantity="diameter"),
    Field("count", "Count", "数量", type="integer"),
    Field("note", "Note", "备注", type="text"),
    Field("laid", "Laid on", "敷设日期", type="date"),
    Field("live", "Live", "带电", type="boolean"),
)
PIPE = Kind("demo.pipe", "edge", "Pipe", "管线", fields=FIELDS, geometry="LineString")
NODE = Kind("demo.node", "node", "Node", "节点", fields=(Field("elevation", "Elevation", "高程", quantity="length"),), geometry="Point")
HOUSE = Kind("demo.house", "area", "House", "房屋", geometry="Polygon")
SENSOR = Kind("demo.sensor", "device", "Sensor", "传感器", geometry="Point")
NOTE = Kind("demo.note", "record", "Note", "记录", fields=(Field("text", "Text", "文本", type="text"),))
KINDS = {kind.name: kind for kind in (PIPE, NODE, HOUSE, SENSOR, NOTE)}
CATALOG = Catalog(kinds=KINDS)

EAST, NORTH = 455_000.25, 3_384_000.75  # a place in the grid of EPSG:4547
MONDAY = parse_instant("2026-01-05T00:00:00Z")


def day(number: float) -> np.datetime64:
    """The instant `number` days after MONDAY."""
    return MONDAY + np.timedelta64(int(number * 86_400_000), "ms")


def pipes(names: Sequence[str], *, east: Sequence[float] | None = None, **columns: Any) -> pa.Table:
    """Pipes of 10 m with heights, one every 100 m to the east unless `east` says where."""
    x = EAST + (np.arange(len(names)) * 100.0 if east is None else np.asarray(east, float))
    start = np.column_stack((x, np.full(len(x), NORTH), np.full(len(x), 12.5)))
    lines = shapely.linestrings(np.stack((start, start + np.array([6.0, 8.0, -0.5])), axis=1)) if len(names) else []
    table = {
        "id": pa.array([f"demo.pipe:{name}" for name in names], pa.string()),
        "geometry": pa.array(shapely.to_wkb(lines, flavor="iso") if len(names) else [], pa.binary()),
        "from_id": pa.array([f"demo.node:{name}a" for name in names], pa.string()),
        "to_id": pa.array([f"demo.node:{name}b" for name in names], pa.string()),
    }
    return pa.table(table | {name: value if isinstance(value, pa.Array) else pa.array(value) for name, value in columns.items()})


def notes(texts: dict[str, str | None]) -> pa.Table:
    """Records without a place."""
    return pa.table({"id": [f"demo.note:{name}" for name in texts], "text": pa.array(list(texts.values()), pa.string())})


def create_store(location: str, crs: str = "EPSG:4547", meta: dict[str, str] | None = None) -> Repository:
    """An empty city at a folder or a database URL."""
    if location.startswith("postgresql://"):
        from holdfast.store import postgis

        return postgis.create(location, CATALOG, crs, meta)
    from holdfast.store import sqlite_gpkg, sqlite_schema

    srs = sqlite_schema.Srs(-1)
    if crs != "local":
        from pyproj import CRS

        found = CRS.from_user_input(crs)
        srs = sqlite_schema.Srs(found.to_epsg() or 0, found.name, found.to_wkt("WKT1_GDAL"))
    return sqlite_gpkg.create(Path(location), srs, {"crs": crs, **(meta or {})})


def make_from_meta(location: str, meta: dict[str, str]) -> Repository:
    """As `create_store`, with the arguments that a restore gives."""
    return create_store(location, meta["crs"], meta)


def open_store(location: str, *, read_only: bool = False) -> Repository:
    """The city at a folder or a database URL."""
    if location.startswith("postgresql://"):
        from holdfast.store import postgis

        return postgis.open_repository(location, CATALOG, read_only)
    from holdfast.store.sqlite_gpkg import SqliteRepository

    return SqliteRepository(Path(location), read_only=read_only)
