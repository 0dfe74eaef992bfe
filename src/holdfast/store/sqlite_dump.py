"""Every table of an embedded city with every version, read inside one snapshot, for backup."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterable, Iterator
from contextlib import suppress

import pyarrow as pa

from holdfast.model import tables

from . import sqlite_schema as schema
from .fact_rows import STORED
from .sqlite_rows import fetch, select_list

_ARROW_OF = {"TEXT": pa.string(), "REAL": pa.float64(), "INTEGER": pa.int64(), "BOOLEAN": pa.bool_(), "DATE": pa.date32(), "DATETIME": tables.INSTANT}


def dump(db: sqlite3.Connection, kinds: list[str]) -> Iterator[tuple[str, Iterable[pa.Table]]]:
    """Yield (table name, pieces); asset tables are named `asset/<kind>`, the others by themselves."""
    db.execute("BEGIN")
    try:
        for kind in kinds:
            layer = tables.layer_name(kind)
            columns = _columns(db, layer)
            names = ", ".join(f'"{n}"' for n in columns.names)
            sql = " UNION ALL ".join(f'SELECT {names} FROM "{t}"' for t in (layer, schema.past_layer(layer)))
            yield f"asset/{kind}", fetch(db.execute(sql), columns)
        for name, columns in STORED.items():
            yield name, fetch(db.execute(f"SELECT {select_list(db, name, columns)} FROM {name}"), columns)
    finally:
        with suppress(sqlite3.ProgrammingError):  # the city may have been closed before an abandoned dump is
            db.execute("COMMIT")


def _columns(db: sqlite3.Connection, table: str) -> pa.Schema:
    rows = [(row[1], row[2]) for row in db.execute(f'PRAGMA table_info("{table}")') if row[1] != "fid"]
    return pa.schema([(name, _ARROW_OF.get(sql, pa.binary())) for name, sql in rows])
