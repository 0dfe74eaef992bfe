"""Layout of a city in PostgreSQL: one schema with the city's tables and, for each kind, open and past facts.

As in the embedded store, `water_pipe` holds the open facts and `water_pipe_past` the closed and superseded ones, so that
QGIS and `psql` show the city as it is now. Columns come from `holdfast.model.tables`.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator

import psycopg
import pyarrow as pa
from psycopg import sql

from holdfast.model import tables
from holdfast.model.errors import Forbidden, Invalid, NotSupported, Unavailable

from .fact_rows import STORED
from .postgis_session import Connection, Place

SCHEMA_VERSION = 2
FILE_PART = 16 << 20

_COUNTER = "fid bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY"
_FILE = (
    "CREATE TABLE file (name text NOT NULL, part integer NOT NULL, content bytea NOT NULL, recorded_at timestamptz NOT NULL, PRIMARY KEY (name, part))",
    "ALTER TABLE file ALTER COLUMN content SET STORAGE EXTERNAL",  # rasters and Parquet are compressed already
)
_CITY: tuple[str, ...] = (
    "CREATE TABLE meta (key text PRIMARY KEY, value text NOT NULL)",
    "CREATE TABLE kind (name text PRIMARY KEY, layer text UNIQUE NOT NULL)",
    f"CREATE TABLE link ({_COUNTER}, from_id text NOT NULL, to_id text NOT NULL, relation text NOT NULL, service text, backup_hours double precision, "
    "source text, valid_from timestamptz NOT NULL, valid_to timestamptz, recorded_at timestamptz NOT NULL, superseded_at timestamptz)",
    "CREATE INDEX link_from ON link (from_id)",
    "CREATE INDEX link_to ON link (to_id)",
    "CREATE TABLE setting (key text NOT NULL, version bigint NOT NULL, value text NOT NULL, author text, standard text, clause text, edition text, "
    "mark text, recorded_at timestamptz NOT NULL, PRIMARY KEY (key, version))",
    "CREATE TABLE event (number bigint PRIMARY KEY, time timestamptz NOT NULL, type text NOT NULL, subject text, actor text, cause text, "
    "payload text, previous_hash text NOT NULL, hash text UNIQUE NOT NULL)",
    "CREATE INDEX event_subject ON event (subject)",
    f"CREATE TABLE run ({_COUNTER}, id text UNIQUE NOT NULL, capability text NOT NULL, code_version text, input_digest text, parameters text, seed bigint, "
    "status text NOT NULL, actor text, started_at timestamptz, ended_at timestamptz, summary text)",
    f"CREATE TABLE result ({_COUNTER}, run text NOT NULL, asset text, quantity text NOT NULL, time timestamptz, scenario bigint, value double precision)",
    "CREATE INDEX result_run ON result (run)",
    *_FILE,
)

_SQL_TYPES: dict[pa.DataType, str] = {
    pa.string(): "text",
    pa.float64(): "double precision",
    pa.int64(): "bigint",
    pa.bool_(): "boolean",
    pa.date32(): "date",
    tables.INSTANT: "timestamp with time zone",
    pa.binary(): "geometry",
}
_ARROW_TYPES: dict[str, pa.DataType] = {name: kind for kind, name in _SQL_TYPES.items()}


def srid_of(crs: str) -> int:
    """PostGIS's number for a city's CRS; 0 for a local grid."""
    authority, _, code = crs.partition(":")
    return int(code) if authority.upper() == "EPSG" and code.isdigit() else 0


def create(connection: Connection, place: Place, meta: dict[str, str]) -> None:
    """Lay out an empty city in a schema of its own, inside the current transaction."""
    connection.execute(sql.SQL("CREATE SCHEMA IF NOT EXISTS {}").format(sql.Identifier(place.schema)))
    for statement in _CITY:
        connection.execute(statement)
    with connection.cursor() as cursor:
        cursor.executemany("INSERT INTO meta VALUES (%s, %s)", list({"schema_version": str(SCHEMA_VERSION), **meta}.items()))


def require_postgis(connection: Connection) -> None:
    """Switch PostGIS on in the database. raises Unavailable or Forbidden with what to ask the administrator for"""
    if connection.execute("SELECT 1 FROM pg_extension WHERE extname = 'postgis'").fetchone():
        return
    try:
        connection.execute("CREATE EXTENSION IF NOT EXISTS postgis")
    except psycopg.errors.InsufficientPrivilege as error:
        raise Forbidden("the database has no PostGIS and this account may not add it", fix="Ask an administrator for CREATE EXTENSION postgis") from error
    except psycopg.errors.UniqueViolation:
        return  # somebody else switched it on at the same moment
    except (psycopg.errors.UndefinedFile, psycopg.errors.FeatureNotSupported) as error:
        raise Unavailable("the database server has no PostGIS", fix="Install it, e.g. the Debian package postgresql-15-postgis-3") from error


def exists(connection: Connection, place: Place) -> bool:
    """Whether the schema holds anything: an empty one, made by an administrator, may still become a city."""
    return (
        connection.execute(
            "SELECT 1 FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace WHERE n.nspname = %s LIMIT 1",
            (place.schema,),
        ).fetchone()
        is not None
    )


def past_layer(layer: str) -> str:
    """Table of a kind's closed and superseded facts."""
    return f"{layer}_past"


def columns_of(connection: Connection, place: Place, layer: str) -> dict[str, str]:
    """Column names of a table with their SQL types, less the row counter; empty if there is no such table."""
    rows = connection.execute(
        "SELECT a.attname, format_type(a.atttypid, NULL) FROM pg_attribute a JOIN pg_class c ON c.oid = a.attrelid "
        "JOIN pg_namespace n ON n.oid = c.relnamespace WHERE n.nspname = %s AND c.relname = %s AND a.attnum > 0 AND NOT a.attisdropped ORDER BY a.attnum",
        (place.schema, layer),
    ).fetchall()
    return {name: kind.rpartition(".")[2] if "geometry" in kind else kind for name, kind in rows if name != "fid"}


def create_layer(connection: Connection, name: str, columns: pa.Schema, srid: int) -> None:
    """Create a kind's open and past tables. The spatial indexes follow when the transaction ends: see `index_layer`."""
    layer = tables.layer_name(name)
    if len(past_layer(layer).encode()) > 63:
        raise NotSupported(f"the name {name} is too long for PostgreSQL", fix="Use a kind name of at most 58 bytes", kind=name)
    connection.execute("INSERT INTO kind VALUES (%s, %s)", (name, layer))
    for table in (layer, past_layer(layer)):
        parts = [sql.SQL("{} {}").format(sql.Identifier(c.name), sql.SQL(_SQL_TYPES[c.type])) for c in columns]
        if "geometry" in columns.names:
            parts.append(sql.SQL("CONSTRAINT enforce_srid_geometry CHECK (st_srid(geometry) = {})").format(sql.Literal(srid)))
        key = "PRIMARY KEY (id)" if table == layer else _COUNTER
        required = ", ".join(f"CHECK ({c} IS NOT NULL)" for c in ("id", "valid_from", "recorded_at"))
        statement = sql.SQL("CREATE TABLE {} ({}, {}, {})")
        connection.execute(statement.format(sql.Identifier(table), sql.SQL(", ").join(parts), sql.SQL(required), sql.SQL(key)))
    connection.execute(sql.SQL("CREATE INDEX ON {} (id)").format(sql.Identifier(past_layer(layer))))


def index_layer(connection: Connection, layer: str) -> None:
    """Give a new layer its two-dimensional spatial indexes, which are far quicker to build over rows than row by row."""
    for table in (layer, past_layer(layer)):
        connection.execute(sql.SQL("CREATE INDEX ON {} USING gist (geometry)").format(sql.Identifier(table)))


def changed(have: dict[str, str], wanted: pa.Schema, layer: str) -> bool:
    """Whether a kind has gained fields since its layer was made. raises Invalid if a field changed its type"""
    for column in wanted:
        stored = have.get(column.name, _SQL_TYPES[column.type])
        if stored != _SQL_TYPES[column.type]:
            message = f"{layer}.{column.name} is stored as {stored}, but its declaration now says {_SQL_TYPES[column.type]}"
            raise Invalid(message, fix="Give the changed field a new name", field=column.name)
    return not set(wanted.names) <= set(have)


def add_missing_columns(connection: Connection, layer: str, have: dict[str, str], wanted: pa.Schema) -> None:
    """Give an existing layer the fields that its kind has gained."""
    for column in wanted:
        if column.name not in have:
            for table in (layer, past_layer(layer)):
                statement = sql.SQL("ALTER TABLE {} ADD COLUMN IF NOT EXISTS {} {}")
                connection.execute(statement.format(sql.Identifier(table), sql.Identifier(column.name), sql.SQL(_SQL_TYPES[column.type])))


def nullable(columns: pa.Schema) -> pa.Schema:
    """The columns as queries return them."""
    return pa.schema([column.with_nullable(True) for column in columns])


def arrow_schema(columns: dict[str, str]) -> pa.Schema:
    """The Arrow columns of a table as it is stored."""
    return pa.schema([(name, _ARROW_TYPES[kind]) for name, kind in columns.items()])


def select_list(columns: pa.Schema, have: dict[str, str]) -> sql.Composable:
    """Columns as they are queried: geometry as ISO WKB, null where the table lacks one."""
    return sql.SQL(", ").join(_selected(column, have) for column in columns)


def _selected(column: pa.Field, have: dict[str, str]) -> sql.Composable:
    name = sql.Identifier(column.name)
    if column.name not in have:
        kind = "bytea" if column.name == "geometry" else _SQL_TYPES[column.type]
        return sql.SQL("NULL::{} AS {}").format(sql.SQL(kind), name)
    if have[column.name] == "geometry":
        return sql.SQL("ST_AsBinary({}, 'NDR') AS {}").format(name, name)
    return name


def everything(connection: Connection, place: Place) -> Iterator[tuple[str, sql.Composable, pa.Schema]]:
    """Name, query and columns of every table with every version; asset tables are named `asset/<kind>`."""
    for (name,) in connection.execute('SELECT name FROM kind ORDER BY name COLLATE "C"').fetchall():
        layer = tables.layer_name(name)
        have = columns_of(connection, place, layer)
        columns = arrow_schema(have)
        names = select_list(columns, have)
        parts = [sql.SQL("SELECT {} FROM {}").format(names, sql.Identifier(table)) for table in (layer, past_layer(layer))]
        yield f"asset/{name}", sql.SQL(" UNION ALL ").join(parts), columns
    for table, columns in STORED.items():
        names = select_list(columns, columns_of(connection, place, table))  # an older city may lack some
        yield table, sql.SQL("SELECT {} FROM {}").format(names, sql.Identifier(table)), columns


def _to_2(connection: Connection) -> str:
    """Version 1 kept no files with the city and no back-up hours on links."""
    connection.execute("ALTER TABLE link ADD COLUMN backup_hours double precision")
    for statement in _FILE:
        connection.execute(statement)
    return "2: files are kept with the city; links carry back-up hours"


STEPS: dict[int, Callable[[Connection], str]] = {2: _to_2}


def upgrade(connection: Connection, version: int) -> list[str]:
    """Run every step after `version` inside the current transaction. Returns what was done."""
    done = [STEPS[target](connection) for target in range(version + 1, SCHEMA_VERSION + 1)]
    connection.execute("UPDATE meta SET value = %s WHERE key = 'schema_version'", (str(SCHEMA_VERSION),))
    return done
