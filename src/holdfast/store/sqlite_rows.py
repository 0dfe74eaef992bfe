"""Between Arrow columns and SQLite rows: fast both ways, and the SQL fragments that both reader and writer need."""

from __future__ import annotations

import gc
import sqlite3
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from itertools import repeat
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from holdfast.model.tables import INSTANT
from holdfast.model.time import to_text

from . import gpkg_blob


@contextmanager
def without_gc() -> Iterator[None]:
    """Hold the cycle collector: it would walk millions of fresh row tuples again and again, and none of them is a cycle."""
    was_on = gc.isenabled()
    gc.disable()
    try:
        yield
    finally:
        if was_on:
            gc.enable()


@dataclass(frozen=True, slots=True)
class Same:
    """A column that holds one text in every row: written into the statement instead of being bound row by row."""

    value: str

    def literal(self) -> str:
        """The text as SQL."""
        return "'" + self.value.replace("'", "''") + "'"


def to_python(column: pa.ChunkedArray | pa.Array) -> Iterable[Any] | Same:
    """A column as values that sqlite3 binds. NaN binds as NULL, as missing numbers should."""
    if column.null_count == len(column):
        return repeat(None, len(column))
    kind = column.type
    if pa.types.is_string(kind) and column.null_count == 0 and column[0] == column[-1] and pc.all(pc.equal(column, column[0])).as_py():
        text = column[0].as_py()
        if "\0" not in text:
            return Same(text)
    if pa.types.is_timestamp(kind):
        column = pc.strftime(pc.cast(column, INSTANT), format="%Y-%m-%dT%H:%M:%SZ")
    elif pa.types.is_date(kind):
        column = pc.cast(column, pa.string())
    elif pa.types.is_boolean(kind):
        column = pc.cast(column, pa.int64())
    array = column.combine_chunks() if isinstance(column, pa.ChunkedArray) else column
    if pa.types.is_integer(array.type) and array.null_count:
        return array.to_pylist()
    values: list[Any] = array.to_numpy(zero_copy_only=False).tolist()
    return values


def to_arrow(values: Sequence[Any], kind: pa.DataType, *, geometry: bool = False) -> pa.Array:
    """A column from what sqlite3 returned. values: a tuple, or another sequence with `count`"""
    if values.count(None) == len(values):  # most columns of a kind are empty in most cities
        return pa.nulls(len(values), kind)
    if geometry:
        return gpkg_blob.to_wkb(pa.array(values, pa.binary()))
    if pa.types.is_timestamp(kind):
        return _instants(values)
    if pa.types.is_date(kind):
        return pc.cast(pa.array(values, pa.string()), kind)
    if pa.types.is_boolean(kind):
        return pc.cast(pa.array(values, pa.int64()), kind)
    if pa.types.is_float64(kind):
        return pa.array(np.array(values, np.float64), kind, from_pandas=True)
    return pa.array(values, kind)


def _instants(values: Sequence[Any]) -> pa.Array:
    # few distinct stamps per column: parse each once
    texts = pa.array(values, pa.string()).dictionary_encode()
    parsed = pc.cast(pc.replace_substring(texts.dictionary, "Z", ""), pa.timestamp("ms"))
    return pc.take(pc.cast(parsed, INSTANT), texts.indices)


def fetch(cursor: sqlite3.Cursor, schema: pa.Schema, *, chunk: int = 50_000) -> Iterator[pa.Table]:
    """Result rows as Arrow tables of at most `chunk` rows; the cursor's columns are those of the schema, in order."""
    while True:
        with without_gc():
            rows = cursor.fetchmany(chunk)
            if not rows:
                return
            columns = list(zip(*rows, strict=True))
            arrays = [to_arrow(column, f.type, geometry=f.name == "geometry") for column, f in zip(columns, schema, strict=True)]
            del rows, columns
        yield pa.table(arrays, schema=schema)


def has_table(db: sqlite3.Connection, table: str) -> bool:
    """Whether there is a table of this name."""
    return db.execute("SELECT 1 FROM sqlite_master WHERE type = 'table' AND name = ?", (table,)).fetchone() is not None


def select_list(db: sqlite3.Connection, table: str, columns: pa.Schema) -> str:
    """Columns as they are queried: null where the table lacks one, as an older city's may."""
    have = {row[1] for row in db.execute(f'PRAGMA table_info("{table}")')}
    return ", ".join(f'"{name}"' if name in have else f'NULL AS "{name}"' for name in columns.names)


def collect(pieces: Iterable[pa.Table], schema: pa.Schema) -> pa.Table:
    """One table of all pieces, with the schema's columns when there is none."""
    tables = list(pieces)
    return pa.concat_tables(tables) if tables else schema.empty_table()


def insert(connection: sqlite3.Connection, table: str, columns: dict[str, Iterable[Any] | Same], count: int) -> None:
    """Insert `count` rows by columns. Columns that are all missing should be left out."""
    if all(isinstance(values, Same) for values in columns.values()):  # something must be bound, or there would be no rows
        name, only = next(iter(columns.items()))
        columns = {**columns, name: repeat(only.value, count) if isinstance(only, Same) else only}
    names = ", ".join(f'"{name}"' for name in columns)
    marks = ", ".join(values.literal() if isinstance(values, Same) else "?" for values in columns.values())
    varying = [values for values in columns.values() if not isinstance(values, Same)]
    with without_gc():
        connection.executemany(f'INSERT INTO "{table}" ({names}) VALUES ({marks})', zip(*varying, strict=True))


def with_ids(connection: sqlite3.Connection, ids: Sequence[str], name: str = "wanted") -> str:
    """Put ids into a temporary table and return SQL for a sub-select of them."""
    connection.execute(f"CREATE TEMP TABLE IF NOT EXISTS {name} (id TEXT PRIMARY KEY) WITHOUT ROWID")
    connection.execute(f"DELETE FROM temp.{name}")
    connection.executemany(f"INSERT OR IGNORE INTO temp.{name} VALUES (?)", ((i,) for i in ids))
    return f"SELECT id FROM temp.{name}"


def stamp_text(instant: Any) -> str:
    """The text form of an instant that is never null."""
    text = to_text(instant)
    assert text is not None
    return text


