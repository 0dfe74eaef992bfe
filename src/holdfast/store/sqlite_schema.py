"""Layout of `city.gpkg`: GeoPackage tables, the city's own tables, and one layer per kind."""

from __future__ import annotations

import sqlite3
from dataclasses import dataclass

import pyarrow as pa

from holdfast.model import tables
from holdfast.model.spec import Kind

from .fact_rows import STORED

SCHEMA_VERSION = 2
APPLICATION_ID = 0x47504B47  # "GPKG"
GPKG_VERSION = 10300

_CORE = """
CREATE TABLE gpkg_spatial_ref_sys (
  srs_name TEXT NOT NULL, srs_id INTEGER PRIMARY KEY, organization TEXT NOT NULL, organization_coordsys_id INTEGER NOT NULL,
  definition TEXT NOT NULL, description TEXT);
CREATE TABLE gpkg_contents (
  table_name TEXT NOT NULL PRIMARY KEY, data_type TEXT NOT NULL, identifier TEXT UNIQUE, description TEXT DEFAULT '',
  last_change DATETIME NOT NULL DEFAULT (strftime('%Y-%m-%dT%H:%M:%fZ','now')), min_x DOUBLE, min_y DOUBLE, max_x DOUBLE, max_y DOUBLE,
  srs_id INTEGER, CONSTRAINT fk_gc_r_srs_id FOREIGN KEY (srs_id) REFERENCES gpkg_spatial_ref_sys(srs_id));
CREATE TABLE gpkg_geometry_columns (
  table_name TEXT NOT NULL, column_name TEXT NOT NULL, geometry_type_name TEXT NOT NULL, srs_id INTEGER NOT NULL, z TINYINT NOT NULL, m TINYINT NOT NULL,
  CONSTRAINT pk_geom_cols PRIMARY KEY (table_name, column_name), CONSTRAINT uk_gc_table_name UNIQUE (table_name),
  CONSTRAINT fk_gc_tn FOREIGN KEY (table_name) REFERENCES gpkg_contents(table_name),
  CONSTRAINT fk_gc_srs FOREIGN KEY (srs_id) REFERENCES gpkg_spatial_ref_sys(srs_id));
CREATE TABLE gpkg_extensions (
  table_name TEXT, column_name TEXT, extension_name TEXT NOT NULL, definition TEXT NOT NULL, scope TEXT NOT NULL,
  CONSTRAINT ge_tce UNIQUE (table_name, column_name, extension_name));
INSERT INTO gpkg_spatial_ref_sys VALUES ('Undefined Cartesian SRS', -1, 'NONE', -1, 'undefined', 'undefined Cartesian coordinate reference system');
INSERT INTO gpkg_spatial_ref_sys VALUES ('Undefined geographic SRS', 0, 'NONE', 0, 'undefined', 'undefined geographic coordinate reference system');
INSERT INTO gpkg_spatial_ref_sys VALUES ('WGS 84 geodetic', 4326, 'EPSG', 4326, 'GEOGCS["WGS 84",DATUM["WGS_1984",SPHEROID["WGS 84",6378137,298.257223563,
AUTHORITY["EPSG","7030"]],AUTHORITY["EPSG","6326"]],PRIMEM["Greenwich",0,AUTHORITY["EPSG","8901"]],UNIT["degree",0.0174532925199433,
AUTHORITY["EPSG","9122"]],AUTHORITY["EPSG","4326"]]', 'longitude and latitude on the WGS 84 spheroid');
"""

_CITY = """
CREATE TABLE meta (key TEXT PRIMARY KEY, value TEXT NOT NULL);
CREATE TABLE kind (name TEXT PRIMARY KEY, layer TEXT UNIQUE NOT NULL);
CREATE TABLE link (fid INTEGER PRIMARY KEY, from_id TEXT NOT NULL, to_id TEXT NOT NULL, relation TEXT NOT NULL, service TEXT, backup_hours REAL,
  source TEXT, valid_from DATETIME NOT NULL, valid_to DATETIME, recorded_at DATETIME NOT NULL, superseded_at DATETIME);
CREATE INDEX link_from ON link(from_id);
CREATE INDEX link_to ON link(to_id);
CREATE TABLE setting (fid INTEGER PRIMARY KEY, key TEXT NOT NULL, version INTEGER NOT NULL, value TEXT NOT NULL, author TEXT, standard TEXT, clause TEXT,
  edition TEXT, mark TEXT, recorded_at DATETIME NOT NULL, UNIQUE (key, version));
CREATE TABLE event (number INTEGER PRIMARY KEY, time DATETIME NOT NULL, type TEXT NOT NULL, subject TEXT, actor TEXT, cause TEXT, payload TEXT,
  previous_hash TEXT NOT NULL, hash TEXT NOT NULL UNIQUE);
CREATE INDEX event_subject ON event(subject);
CREATE TABLE run (fid INTEGER PRIMARY KEY, id TEXT UNIQUE NOT NULL, capability TEXT NOT NULL, code_version TEXT, input_digest TEXT, parameters TEXT,
  seed INTEGER, status TEXT NOT NULL, actor TEXT, started_at DATETIME, ended_at DATETIME, summary TEXT);
CREATE TABLE result (fid INTEGER PRIMARY KEY, run TEXT NOT NULL, asset TEXT, quantity TEXT NOT NULL, time DATETIME, scenario INTEGER, value REAL);
CREATE INDEX result_run ON result(run);
CREATE TABLE file (fid INTEGER PRIMARY KEY, name TEXT UNIQUE NOT NULL, sha256 TEXT NOT NULL, size INTEGER NOT NULL, recorded_at DATETIME NOT NULL);
"""

CITY_TABLES = (*STORED, "file")

_SQL_TYPES: dict[pa.DataType, str] = {
    pa.string(): "TEXT",
    pa.float64(): "REAL",
    pa.int64(): "INTEGER",
    pa.bool_(): "BOOLEAN",
    pa.date32(): "DATE",
    tables.INSTANT: "DATETIME",
    pa.binary(): "BLOB",
}


@dataclass(frozen=True, slots=True)
class Srs:
    """The city's reference system as GeoPackage wants it; -1 is the undefined Cartesian one of local grids."""

    srs_id: int
    name: str = ""
    definition: str = ""


def create(connection: sqlite3.Connection, srs: Srs) -> None:
    """Lay out an empty city inside the current transaction."""
    for statement in (_CORE + _CITY).split(";\n"):
        if statement.strip():
            connection.execute(statement)
    if srs.srs_id not in (-1, 0, 4326):
        connection.execute("INSERT INTO gpkg_spatial_ref_sys VALUES (?, ?, 'EPSG', ?, ?, NULL)", (srs.name, srs.srs_id, srs.srs_id, srs.definition))
    for table in ("meta", "kind", *CITY_TABLES):
        connection.execute("INSERT INTO gpkg_contents (table_name, data_type, identifier) VALUES (?, 'attributes', ?)", (table, table))


def rtree_name(layer: str) -> str:
    """Name of a table's R*Tree, as GeoPackage prescribes."""
    return f"rtree_{layer}_geometry"


def past_layer(layer: str) -> str:
    """Table of a kind's closed and superseded facts."""
    return f"{layer}_past"


def create_layer(connection: sqlite3.Connection, kind: Kind, srs_id: int) -> None:
    """Create a kind's open and past layers with R*Tree, registered as GeoPackage features (attributes if it has no place)."""
    layer = tables.layer_name(kind.name)
    connection.execute("INSERT INTO kind VALUES (?, ?)", (kind.name, layer))
    for table, title in ((layer, kind.title), (past_layer(layer), f"{kind.title} (past)")):
        columns = ["fid INTEGER PRIMARY KEY AUTOINCREMENT NOT NULL"]
        for column in tables.asset_schema(kind, derived=True, times=True):
            if column.name == "geometry":
                columns.append(f"geometry {_geometry_type(kind)}")
            else:
                columns.append(f'"{column.name}" {_SQL_TYPES[column.type]}')
        connection.execute(f'CREATE TABLE "{table}" ({", ".join(columns)})')
        data_type = "features" if kind.geometry else "attributes"
        connection.execute(
            "INSERT INTO gpkg_contents (table_name, data_type, identifier, description, srs_id) VALUES (?, ?, ?, ?, ?)",
            (table, data_type, table, title, srs_id if kind.geometry else None),
        )
        if kind.geometry:
            connection.execute("INSERT INTO gpkg_geometry_columns VALUES (?, 'geometry', ?, ?, 2, 0)", (table, _geometry_type(kind), srs_id))
            connection.execute(f'CREATE VIRTUAL TABLE "{rtree_name(table)}" USING rtree(id, minx, maxx, miny, maxy)')
            connection.execute(
                "INSERT INTO gpkg_extensions VALUES (?, 'geometry', 'gpkg_rtree_index', 'http://www.geopackage.org/spec120/#extension_rtree', 'write-only')",
                (table,),
            )
            create_triggers(connection, table)
    connection.execute(f'CREATE UNIQUE INDEX "{layer}_id" ON "{layer}"(id)')
    connection.execute(f'CREATE INDEX "{past_layer(layer)}_id" ON "{past_layer(layer)}"(id)')


def _geometry_type(kind: Kind) -> str:
    """Type of a layer's geometries; areas may be single or in several parts."""
    return "GEOMETRY" if kind.geometry is None or "Polygon" in kind.geometry else kind.geometry.upper()


def add_missing_columns(connection: sqlite3.Connection, kind: Kind) -> None:
    """Give an existing layer the fields that its kind has gained since it was created."""
    layer = tables.layer_name(kind.name)
    have = {row[1] for row in connection.execute(f'PRAGMA table_info("{layer}")')}
    for column in tables.asset_schema(kind, derived=True, times=True):
        if column.name not in have:
            for table in (layer, past_layer(layer)):
                connection.execute(f'ALTER TABLE "{table}" ADD COLUMN "{column.name}" {_SQL_TYPES[column.type]}')


_TRIGGERS = {
    "insert": """CREATE TRIGGER "{r}_insert" AFTER INSERT ON "{t}" WHEN (NEW.geometry NOT NULL AND NOT ST_IsEmpty(NEW.geometry)) BEGIN
INSERT OR REPLACE INTO "{r}" VALUES (NEW.fid, ST_MinX(NEW.geometry), ST_MaxX(NEW.geometry), ST_MinY(NEW.geometry), ST_MaxY(NEW.geometry)); END""",
    "update6": """CREATE TRIGGER "{r}_update6" AFTER UPDATE OF geometry ON "{t}" WHEN OLD.fid = NEW.fid AND
(NEW.geometry NOTNULL AND NOT ST_IsEmpty(NEW.geometry)) AND (OLD.geometry NOTNULL AND NOT ST_IsEmpty(OLD.geometry)) BEGIN
UPDATE "{r}" SET minx = ST_MinX(NEW.geometry), maxx = ST_MaxX(NEW.geometry), miny = ST_MinY(NEW.geometry), maxy = ST_MaxY(NEW.geometry)
WHERE id = NEW.fid; END""",
    "update7": """CREATE TRIGGER "{r}_update7" AFTER UPDATE OF geometry ON "{t}" WHEN OLD.fid = NEW.fid AND
(NEW.geometry NOTNULL AND NOT ST_IsEmpty(NEW.geometry)) AND (OLD.geometry ISNULL OR ST_IsEmpty(OLD.geometry)) BEGIN
INSERT INTO "{r}" VALUES (NEW.fid, ST_MinX(NEW.geometry), ST_MaxX(NEW.geometry), ST_MinY(NEW.geometry), ST_MaxY(NEW.geometry)); END""",
    "update2": """CREATE TRIGGER "{r}_update2" AFTER UPDATE OF geometry ON "{t}" WHEN OLD.fid = NEW.fid AND
(NEW.geometry ISNULL OR ST_IsEmpty(NEW.geometry)) BEGIN DELETE FROM "{r}" WHERE id = OLD.fid; END""",
    "update5": """CREATE TRIGGER "{r}_update5" AFTER UPDATE ON "{t}" WHEN OLD.fid != NEW.fid AND (NEW.geometry NOTNULL AND NOT ST_IsEmpty(NEW.geometry)) BEGIN
DELETE FROM "{r}" WHERE id = OLD.fid;
INSERT OR REPLACE INTO "{r}" VALUES (NEW.fid, ST_MinX(NEW.geometry), ST_MaxX(NEW.geometry), ST_MinY(NEW.geometry), ST_MaxY(NEW.geometry)); END""",
    "update4": """CREATE TRIGGER "{r}_update4" AFTER UPDATE ON "{t}" WHEN OLD.fid != NEW.fid AND (NEW.geometry ISNULL OR ST_IsEmpty(NEW.geometry)) BEGIN
DELETE FROM "{r}" WHERE id IN (OLD.fid, NEW.fid); END""",
    "delete": """CREATE TRIGGER "{r}_delete" AFTER DELETE ON "{t}" WHEN OLD.geometry NOT NULL BEGIN DELETE FROM "{r}" WHERE id = OLD.fid; END""",
}


def create_triggers(connection: sqlite3.Connection, table: str) -> None:
    """The R*Tree triggers that GeoPackage requires for other programs. They use functions this process does not have,
    so the writer drops them for the length of its transaction. source: GeoPackage 1.4, extension gpkg_rtree_index."""
    for text in _TRIGGERS.values():
        connection.execute(text.format(r=rtree_name(table), t=table))


def drop_triggers(connection: sqlite3.Connection, table: str) -> None:
    """Take the R*Tree triggers away until `create_triggers` puts them back."""
    for suffix in _TRIGGERS:
        connection.execute(f'DROP TRIGGER IF EXISTS "{rtree_name(table)}_{suffix}"')
