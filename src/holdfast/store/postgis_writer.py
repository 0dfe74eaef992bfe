"""The one writer of a city in PostgreSQL: appends and closes facts inside a single transaction."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import Any

import numpy as np
import psycopg
import pyarrow as pa
from psycopg import sql

from holdfast.model import geometry, tables
from holdfast.model.errors import Conflict, Invalid
from holdfast.model.spec import Kind
from holdfast.model.time import Instant, to_text

from . import event_chain, fact_rows
from . import postgis_schema as schema
from .fact_rows import STORED
from .postgis_copy import copy_in, nan_to_null
from .postgis_session import Connection, Place, connect

_BULK = 10_000  # from this many rows on, the planner gets new statistics at once


class PostgisWriter:
    """See `holdfast.model.repository.Writer`."""

    def __init__(self, connection: Connection, place: Place, srid: int, stamp: Instant) -> None:
        self.stamp = stamp
        self._db = connection
        self._place = place
        self._srid = srid
        self._known: set[str] = set()  # layers whose tables are as declared
        self._fresh: set[str] = set()  # layers made in this transaction, without spatial index yet
        self._bulk: set[str] = set()

    # facts

    def append(self, kind: Kind, table: pa.Table, valid_from: Instant) -> int:
        layer = self._layer(kind)
        if table.num_rows == 0:
            return 0
        count = table.num_rows
        rows = self._conform(kind, table)
        times = {"valid_from": _instants(valid_from, count), "recorded_at": _instants(self.stamp, count)}
        for name, column in times.items():
            rows = rows.append_column(name, column)
        self._copy(layer, rows, kind.name)
        return count

    def load_versions(self, kind: Kind, table: pa.Table) -> None:
        """Append rows that bring their own time columns, as a backup has them: open facts to the layer, others to the past."""
        layer = self._layer(kind)
        rows = self._conform(kind, table)
        for name in tables.TIME_AXES:
            rows = rows.append_column(name, table[name].cast(tables.INSTANT))
        self._load(layer, rows, kind.name)

    def load_rows(self, table: str, rows: pa.Table) -> None:
        """Append rows of one of the city's own tables as a backup has them. raises Invalid if there is no such table"""
        if table not in STORED:
            raise Invalid(f"a city has no table {table!r}", fix=f"Its tables are: {', '.join(STORED)}")
        self._append(table, tables.conform(rows, STORED[table]))

    def _load(self, layer: str, rows: pa.Table, kind: str) -> None:
        is_open = np.asarray(rows["superseded_at"].is_null()) & np.asarray(rows["valid_to"].is_null())
        for target, mask in ((layer, is_open), (schema.past_layer(layer), ~is_open)):
            if mask.any():
                self._copy(target, rows.filter(pa.array(mask)), kind)

    def _conform(self, kind: Kind, table: pa.Table) -> pa.Table:
        """The rows as they are stored, with what is derived from them, without columns that are all null."""
        rows = fact_rows.prepare(kind, table)
        if kind.trait == "edge":
            rows = rows.append_column("shape_length", pa.array(geometry.length(rows["geometry"]), pa.float64(), from_pandas=True))
        empty = [name for name in rows.column_names if rows[name].null_count == rows.num_rows]
        return nan_to_null(rows.drop_columns(empty))

    def _copy(self, target: str, rows: pa.Table, kind: str) -> None:
        if rows.num_rows >= _BULK:
            self._bulk.add(target)
        try:
            with self._db.transaction(), self._db.cursor() as cursor:
                copy_in(cursor, sql.Identifier(target), rows, self._srid)
        except psycopg.errors.UniqueViolation as error:
            found = re.search(r"\)=\((.*)\)", error.diag.message_detail or "", re.DOTALL)
            name = found.group(1) if found else None
            raise Conflict("an open fact with this id exists already", fix="Import with --update, or give the rows other ids", kind=kind, id=name) from error

    def close(self, kind: Kind, ids: Sequence[str], valid_to: Instant) -> int:
        layer = self._layer(kind)
        have = schema.columns_of(self._db, self._place, layer)
        kept = sql.SQL(", ").join(sql.Identifier(n) for n in have if n not in tables.TIME_AXES)
        statement = sql.SQL(
            "WITH gone AS (DELETE FROM {open} o USING (SELECT DISTINCT unnest(%(ids)s::text[]) AS id) w WHERE o.id = w.id RETURNING o.*), "
            "superseded AS (INSERT INTO {past} ({kept}, valid_from, valid_to, recorded_at, superseded_at) "
            "SELECT {kept}, valid_from, valid_to, recorded_at, %(stamp)s::timestamptz FROM gone), "
            "truncated AS (INSERT INTO {past} ({kept}, valid_from, valid_to, recorded_at) "
            "SELECT {kept}, valid_from, %(until)s::timestamptz, %(stamp)s::timestamptz FROM gone WHERE valid_from < %(until)s::timestamptz) SELECT count(*) FROM gone"
        ).format(open=sql.Identifier(layer), past=sql.Identifier(schema.past_layer(layer)), kept=kept)
        values = {"ids": _texts(ids), "stamp": _moment(self.stamp), "until": fact_rows.moment(valid_to, "valid_to")}
        row = self._db.execute(statement, values).fetchone()
        return int(row[0]) if row else 0

    # other tables

    def append_links(self, table: pa.Table, valid_from: Instant) -> int:
        rows = nan_to_null(tables.conform(table, tables.LINK))
        if any(rows[name].null_count for name in ("from_id", "to_id", "relation")):
            raise Invalid("a link lacks an end or a relation", fix="Give from_id, to_id and relation")
        rows = rows.append_column("valid_from", _instants(valid_from, rows.num_rows)).append_column("recorded_at", _instants(self.stamp, rows.num_rows))
        return self._append("link", rows)

    def close_links(self, ids: Sequence[str], valid_to: Instant, relation: str | None = None) -> int:
        row = self._db.execute(
            "WITH gone AS (UPDATE link SET superseded_at = %(stamp)s WHERE superseded_at IS NULL AND valid_to IS NULL "
            "AND (from_id = ANY(%(ids)s) OR to_id = ANY(%(ids)s)) AND (%(relation)s::text IS NULL OR relation = %(relation)s) RETURNING *), "
            "truncated AS (INSERT INTO link (from_id, to_id, relation, service, backup_hours, source, valid_from, valid_to, recorded_at) "
            "SELECT from_id, to_id, relation, service, backup_hours, source, valid_from, %(until)s::timestamptz, %(stamp)s::timestamptz FROM gone "
            "WHERE valid_from < %(until)s::timestamptz) "
            "SELECT count(*) FROM gone",
            {"ids": _texts(ids), "stamp": _moment(self.stamp), "until": fact_rows.moment(valid_to, "valid_to"), "relation": relation},
        ).fetchone()
        return int(row[0]) if row else 0

    def put_setting(self, row: dict[str, Any]) -> int:
        found = self._db.execute("SELECT coalesce(max(version), 0) + 1 FROM setting WHERE key = %s", (row["key"],)).fetchone()
        version = int(found[0]) if found else 1
        self._insert("setting", tables.SETTING, {**row, "version": version, "recorded_at": self.stamp})
        return version

    def append_event(self, row: dict[str, Any]) -> str:
        last = self._db.execute("SELECT number, hash FROM event ORDER BY number DESC LIMIT 1").fetchone() or (0, event_chain.FIRST_HASH)
        event = event_chain.event_row(row, last[0] + 1, last[1], self.stamp)
        self._insert("event", tables.EVENT, event)
        return str(event["hash"])

    def append_run(self, row: dict[str, Any]) -> None:
        self._insert("run", tables.RUN, row)

    def append_results(self, table: pa.Table) -> int:
        return self._append("result", nan_to_null(tables.conform(table, tables.RESULT)))

    def put_file(self, name: str, content: bytes) -> None:
        fact_rows.plain_name(name)
        self._db.execute("DELETE FROM file WHERE name = %s", (name,))
        view = memoryview(content)
        for part, start in enumerate(range(0, max(len(content), 1), schema.FILE_PART)):
            piece = view[start : start + schema.FILE_PART]
            self._db.execute("INSERT INTO file VALUES (%s, %s, %b, %s)", (name, part, piece, _moment(self.stamp)))

    def set_meta(self, key: str, value: str) -> None:
        self._db.execute("INSERT INTO meta VALUES (%s, %s) ON CONFLICT (key) DO UPDATE SET value = excluded.value", (key, value))

    @contextmanager
    def savepoint(self) -> Iterator[None]:
        before = (set(self._known), set(self._fresh), set(self._bulk))
        try:
            with self._db.transaction():
                yield
        except BaseException:
            self._known, self._fresh, self._bulk = before
            raise

    def finish(self) -> None:
        """Build the spatial indexes of new layers and refresh the planner's statistics; called just before commit."""
        for layer in sorted(self._fresh):
            schema.index_layer(self._db, layer)
        for table in sorted(self._bulk):
            self._db.execute(sql.SQL("ANALYZE {}").format(sql.Identifier(table)))
        self.set_meta("last_stamp", str(to_text(self.stamp)))

    def _layer(self, kind: Kind) -> str:
        """The kind's layer, made or brought up to its declaration."""
        layer = tables.layer_name(kind.name)
        if layer in self._known:
            return layer
        wanted = tables.asset_schema(kind, derived=True, times=True)
        have = schema.columns_of(self._db, self._place, layer)
        if not have:
            schema.create_layer(self._db, kind.name, wanted, self._srid)
            self._fresh.add(layer)
        elif schema.changed(have, wanted, layer):
            # a session of its own: this lock on the table must not last as long as the import, and an empty column harms nobody
            with connect(self._place) as other:
                other.execute("SET lock_timeout = '20s'")
                schema.add_missing_columns(other, layer, have, wanted)
        self._known.add(layer)
        return layer

    def _append(self, table: str, rows: pa.Table) -> int:
        if rows.num_rows:
            with self._db.transaction(), self._db.cursor() as cursor:
                copy_in(cursor, sql.Identifier(table), rows, self._srid)
        return rows.num_rows

    def _insert(self, table: str, columns: pa.Schema, row: dict[str, Any]) -> None:
        values = [_moment(v) if isinstance(v, np.datetime64) else v for v in (row.get(name) for name in columns.names)]
        names = sql.SQL(", ").join(map(sql.Identifier, columns.names))
        marks = sql.SQL(", ").join(sql.Placeholder() * len(values))
        try:
            with self._db.transaction():
                self._db.execute(sql.SQL("INSERT INTO {} ({}) VALUES ({})").format(sql.Identifier(table), names, marks), values)
        except psycopg.errors.UniqueViolation as error:
            raise Conflict(f"this {table} exists already", fix="Use a new id", id=row.get("id")) from error


def _moment(instant: Instant | None) -> str | None:
    """An instant as the database reads it, in UTC."""
    return to_text(instant)


def _texts(ids: Sequence[str] | pa.Array | pa.ChunkedArray) -> list[str]:
    return ids.to_pylist() if isinstance(ids, pa.Array | pa.ChunkedArray) else list(ids)


def _instants(instant: Instant, count: int) -> pa.Array:
    fact_rows.moment(instant, "valid_from")
    return pa.repeat(pa.scalar(instant.astype("datetime64[ms]").astype(np.int64), pa.int64()), count).cast(tables.INSTANT)

