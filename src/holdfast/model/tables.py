"""The seven tables as Arrow schemas, and how a kind's declaration becomes columns.

Every store lays out the same columns under the same names; only the SQL around them differs.
"""

from __future__ import annotations

import pyarrow as pa

from .spec import Field, Kind

INSTANT = pa.timestamp("ms", tz="UTC")

TIME_AXES: tuple[str, ...] = ("valid_from", "valid_to", "recorded_at", "superseded_at")
"""When the fact holds in the world, and when the city knew it. Null in an end column means open."""

ASSET_COMMON: tuple[pa.Field, ...] = (
    pa.field("id", pa.string(), nullable=False),
    pa.field("geometry", pa.binary()),  # WKB in the city's CRS, z up [m]
    pa.field("name", pa.string()),
    pa.field("owner", pa.string()),
    pa.field("source", pa.string()),  # delivery the row came from
    pa.field("survey_date", pa.date32()),
    pa.field("accuracy", pa.float64()),  # plan position, 1 sigma [m]
    pa.field("secrecy", pa.string()),
    pa.field("lifecycle", pa.string()),
)

EDGE_COLUMNS: tuple[pa.Field, ...] = (
    pa.field("from_id", pa.string()),
    pa.field("to_id", pa.string()),
)

DERIVED_EDGE: tuple[pa.Field, ...] = (pa.field("shape_length", pa.float64()),)  # plan length of the geometry [m]

DEVICE_COLUMNS: tuple[pa.Field, ...] = (pa.field("host_id", pa.string()),)

ASSET_TAIL: tuple[pa.Field, ...] = (pa.field("extra", pa.string()),)  # JSON object of delivered columns without a declared field

TIME_FIELDS: tuple[pa.Field, ...] = tuple(pa.field(name, INSTANT) for name in TIME_AXES)

RELATIONS: tuple[str, ...] = ("flows", "contains", "serves", "depends", "located_on")

LINK = pa.schema(
    [
        pa.field("from_id", pa.string(), nullable=False),
        pa.field("to_id", pa.string(), nullable=False),
        pa.field("relation", pa.string(), nullable=False),
        pa.field("service", pa.string()),
        pa.field("backup_hours", pa.float64()),
        pa.field("source", pa.string()),
    ]
)
"""`serves` and `depends` run from the provider to the one that needs; `contains` from whole to part."""

READING = pa.schema([("series", pa.string()), ("time", INSTANT), ("value", pa.float64()), ("quality", pa.int8())])

SETTING = pa.schema(
    [
        ("key", pa.string()),
        ("version", pa.int64()),
        ("value", pa.string()),  # JSON
        ("author", pa.string()),
        ("standard", pa.string()),
        ("clause", pa.string()),
        ("edition", pa.string()),
        ("mark", pa.string()),
        ("recorded_at", INSTANT),
    ]
)

EVENT = pa.schema(
    [
        ("number", pa.int64()),
        ("time", INSTANT),
        ("type", pa.string()),
        ("subject", pa.string()),
        ("actor", pa.string()),
        ("cause", pa.string()),
        ("payload", pa.string()),  # JSON
        ("previous_hash", pa.string()),
        ("hash", pa.string()),
    ]
)

RUN = pa.schema(
    [
        ("id", pa.string()),
        ("capability", pa.string()),
        ("code_version", pa.string()),
        ("input_digest", pa.string()),
        ("parameters", pa.string()),  # JSON
        ("seed", pa.int64()),
        ("status", pa.string()),  # done, failed, cancelled, diverged
        ("actor", pa.string()),
        ("started_at", INSTANT),
        ("ended_at", INSTANT),
        ("summary", pa.string()),  # JSON
    ]
)

RESULT = pa.schema(
    [
        ("run", pa.string()),
        ("asset", pa.string()),
        ("quantity", pa.string()),
        ("time", INSTANT),
        ("scenario", pa.int64()),
        ("value", pa.float64()),
    ]
)

ARROW_TYPES: dict[str, pa.DataType] = {
    "number": pa.float64(),
    "integer": pa.int64(),
    "text": pa.string(),
    "code": pa.string(),
    "date": pa.date32(),
    "boolean": pa.bool_(),
    "id": pa.string(),
    "json": pa.string(),
}


def column_of(field: Field) -> pa.Field:
    """The Arrow column of a declared field."""
    return pa.field(field.name, ARROW_TYPES[field.type])


def asset_schema(kind: Kind, *, derived: bool = False, times: bool = False) -> pa.Schema:
    """Columns of one kind's asset table.

    derived   include columns the store computes (`shape_length` of edges)
    times     include the four time columns
    """
    columns = list(ASSET_COMMON)
    if kind.trait == "edge":
        columns += EDGE_COLUMNS
        if derived:
            columns += DERIVED_EDGE
    if kind.trait == "device":
        columns += DEVICE_COLUMNS
    columns += [column_of(f) for f in kind.fields]
    columns += ASSET_TAIL
    if times:
        columns += TIME_FIELDS
    return pa.schema(columns)


RESERVED: frozenset[str] = frozenset(
    f.name for f in (*ASSET_COMMON, *EDGE_COLUMNS, *DERIVED_EDGE, *DEVICE_COLUMNS, *ASSET_TAIL, *TIME_FIELDS)
) | {"fid"}
"""Column names a declared field may not take."""


def conform(table: pa.Table, schema: pa.Schema) -> pa.Table:
    """The table with exactly the schema's columns, in order: absent ones null, others cast.

    raises    pyarrow.ArrowInvalid if a value does not fit its column
    """
    count = table.num_rows
    have = set(table.column_names)
    arrays = [table[f.name].cast(f.type) if f.name in have else pa.nulls(count, f.type) for f in schema]
    return pa.table(arrays, schema=pa.schema([f.with_nullable(True) for f in schema]))


def layer_name(kind: str) -> str:
    """Table name of a kind in every store: dots become underscores."""
    return kind.replace(".", "_")
