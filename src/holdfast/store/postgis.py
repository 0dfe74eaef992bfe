"""The store for more than one machine: a city in a schema of its own in PostgreSQL with PostGIS.

Readers always see the last commit; the one writer holds an advisory lock that the server frees when the writer dies.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from contextlib import closing, contextmanager
from typing import Any

import numpy as np
import psycopg
import pyarrow as pa
from psycopg import sql

from holdfast.model import tables
from holdfast.model.errors import Conflict, Forbidden, Invalid, NotFound
from holdfast.model.repository import AsOf, BBox
from holdfast.model.spec import Catalog, Kind
from holdfast.model.time import now, parse_instant, to_text

from . import postgis_schema as schema
from .fact_rows import STORED, undeclared_kind
from .postgis_copy import CHUNK, copy_out
from .postgis_session import Connection, Place, Sessions, connect, lock, parse_url, translated
from .postgis_writer import PostgisWriter

_AS_OF = sql.SQL("recorded_at <= %s AND (superseded_at IS NULL OR superseded_at > %s) AND valid_from <= %s AND (valid_to IS NULL OR valid_to > %s)")
_OPEN = sql.SQL("superseded_at IS NULL AND valid_to IS NULL")
_IN_BOX = sql.SQL(  # the index works on boxes rounded outward to float32, so the exact box is asked for as well
    "geometry && ST_MakeEnvelope(%s, %s, %s, %s, {srid}) "
    "AND ST_XMax(geometry) >= %s AND ST_YMax(geometry) >= %s AND ST_XMin(geometry) <= %s AND ST_YMin(geometry) <= %s"
)
_BOUNDS = pa.schema([("id", pa.string()), *((name, pa.float64()) for name in ("min_x", "min_y", "max_x", "max_y"))])


def create(location: str, catalog: Catalog, crs: str, meta: dict[str, str] | None = None) -> PostgisRepository:
    """Make an empty city in a database that exists.

    location   postgresql://user@host:port/database?city=name; the name becomes a schema, "holdfast" if left out
    crs        "EPSG:n" or "local"
    raises     Conflict if there is a city of that name, Forbidden or Unavailable if the database cannot hold one
    """
    place = parse_url(location)
    with translated(), connect(place) as connection, connection.transaction():
        schema.require_postgis(connection)
        lock(connection, place)
        if schema.exists(connection, place):
            raise Conflict("there is a city here already", fix="Choose another name with ?city=", city=place.schema)
        schema.create(connection, place, {"crs": crs, "created_at": str(to_text(now())), **(meta or {})})
    return open_repository(location, catalog)


def open_repository(location: str, catalog: Catalog, read_only: bool = False) -> PostgisRepository:
    """Open a city. raises NotFound if there is none, Invalid if a newer Holdfast made it"""
    return PostgisRepository(parse_url(location), catalog, read_only=read_only)


class PostgisRepository:
    """See `holdfast.model.repository.Repository`."""

    def __init__(self, place: Place, catalog: Catalog, *, read_only: bool = False) -> None:
        self.url = place.url
        self.catalog = catalog
        self._place = place
        self._read_only = read_only
        self._sessions = Sessions(place, read_only=read_only)
        self._columns: dict[str, dict[str, str]] = {}
        try:
            meta = self.meta()
        except psycopg.errors.UndefinedTable:
            raise NotFound("there is no city here", fix="Make one with `holdfast init`", city=place.schema) from None
        self.schema_version = int(meta["schema_version"])
        if self.schema_version > schema.SCHEMA_VERSION:
            message = f"the city has schema {self.schema_version}, this Holdfast knows up to {schema.SCHEMA_VERSION}"
            raise Invalid(message, fix="Install a newer Holdfast", city=place.schema)
        self._srid = schema.srid_of(meta["crs"])

    def close(self) -> None:
        self._sessions.close()

    @contextmanager
    def write(self) -> Iterator[PostgisWriter]:
        if self._read_only:
            raise Forbidden("the city was opened read-only", fix="Open it without read_only", city=self._place.schema)
        if self.schema_version < schema.SCHEMA_VERSION:
            message = f"the city has the older schema {self.schema_version}"
            raise Conflict(message, fix=f"Run `holdfast upgrade {self.url}` first", city=self._place.schema)
        with self._sessions.take() as connection, connection.transaction():
            lock(connection, self._place)
            last = connection.execute("SELECT value FROM meta WHERE key = 'last_stamp'").fetchone()
            stamp = now() if last is None else max(now(), parse_instant(last[0]) + np.timedelta64(1, "ms"))
            writer = PostgisWriter(connection, self._place, self._srid, stamp)
            yield writer
            writer.finish()

    # reading

    def meta(self) -> dict[str, str]:
        with self._sessions.take() as connection:
            return dict(connection.execute(sql.SQL("SELECT key, value FROM {}.meta").format(sql.Identifier(self._place.schema))).fetchall())

    def kinds(self) -> list[str]:
        with self._sessions.take() as connection:
            return [row[0] for row in connection.execute("SELECT name FROM kind ORDER BY name COLLATE \"C\"")]

    def counts(self, as_of: AsOf | None = None) -> dict[str, int]:
        kinds = self.kinds()
        parts: list[sql.Composable] = []
        values: list[Any] = []
        for name in kinds:
            layer = tables.layer_name(name)
            for table in (layer,) if as_of is None else (layer, schema.past_layer(layer)):
                parts.append(sql.SQL("SELECT {} AS name, count(*) AS n FROM {} WHERE {}").format(name, sql.Identifier(table), _AS_OF if as_of else sql.SQL("true")))
                values += _as_of_values(as_of)
        if not parts:
            return {}
        query = sql.SQL("SELECT name, sum(n)::bigint FROM ({}) t GROUP BY name HAVING sum(n) > 0 ORDER BY name COLLATE \"C\"")
        with self._sessions.take() as connection:
            return dict(connection.execute(query.format(sql.SQL(" UNION ALL ").join(parts)), values).fetchall())

    def read(
        self,
        kind: Kind,
        *,
        columns: Sequence[str] | None = None,
        bbox: BBox | None = None,
        ids: Sequence[str] | None = None,
        as_of: AsOf | None = None,
        limit: int | None = None,
    ) -> pa.Table:
        wanted = _schema_of(kind, columns)
        return _collect(self._select(kind, wanted, bbox, ids, as_of, limit, CHUNK), wanted)

    def read_batches(self, kind: Kind, *, columns: Sequence[str] | None = None, as_of: AsOf | None = None, rows: int = 100_000) -> Iterator[pa.Table]:
        yield from self._select(kind, _schema_of(kind, columns), None, None, as_of, None, rows)

    def _select(
        self, kind: Kind, wanted: pa.Schema, bbox: BBox | None, ids: Sequence[str] | None, as_of: AsOf | None, limit: int | None, chunk: int
    ) -> Iterator[pa.Table]:
        layer = tables.layer_name(kind.name)
        conditions: list[sql.Composable] = []
        values: list[Any] = []
        if as_of is not None:
            conditions.append(_AS_OF)
            values += _as_of_values(as_of)
        if bbox is not None:
            conditions.append(_IN_BOX.format(srid=self._srid))
            values += [*_box(kind, bbox), *bbox]
        if ids is not None:
            conditions.append(sql.SQL("id = ANY(%s)"))
            values.append(ids.to_pylist() if isinstance(ids, pa.Array | pa.ChunkedArray) else list(ids))
        where = sql.SQL(" AND ").join(conditions) if conditions else sql.SQL("true")
        sources = (layer,) if as_of is None else (layer, schema.past_layer(layer))
        with self._sessions.take() as connection, connection.cursor() as cursor:
            have = self._have(connection, layer, wanted)
            if not have:
                return
            names = schema.select_list(wanted, have)
            parts = [sql.SQL("SELECT {} FROM {} WHERE {}").format(names, sql.Identifier(table), where) for table in sources]
            query = sql.SQL(" UNION ALL ").join(parts)
            if limit is not None:
                query = sql.SQL("{} LIMIT {}").format(query, int(limit))
            yield from copy_out(cursor, query, values * len(sources), wanted, chunk)

    def _have(self, connection: Connection, layer: str, wanted: pa.Schema) -> dict[str, str]:
        """Stored columns of a layer; asked again when something wanted is not among those seen before."""
        have = self._columns.get(layer, {})
        if not set(wanted.names) <= set(have):
            have = self._columns[layer] = schema.columns_of(connection, self._place, layer)
        return have

    def bounds(self, kind: Kind) -> tuple[pa.Array, Any]:
        layer = tables.layer_name(kind.name)
        query = sql.SQL(
            "SELECT id, ST_XMin(geometry), ST_YMin(geometry), ST_XMax(geometry), ST_YMax(geometry) FROM {} WHERE geometry IS NOT NULL AND NOT ST_IsEmpty(geometry)"
        ).format(sql.Identifier(layer))
        with self._sessions.take() as connection, connection.cursor() as cursor:
            found = self._have(connection, layer, _BOUNDS.empty_table().select(["id"]).schema)
            table = _collect(copy_out(cursor, query, (), _BOUNDS), _BOUNDS) if found else _BOUNDS.empty_table()
        boxes = np.column_stack([table[name].to_numpy() for name in _BOUNDS.names[1:]])
        return table["id"].combine_chunks(), boxes

    def history(self, kind: Kind, asset_id: str) -> pa.Table:
        wanted = _schema_of(kind, None)
        layer = tables.layer_name(kind.name)
        with self._sessions.take() as connection, connection.cursor() as cursor:
            have = self._have(connection, layer, wanted)
            if not have:
                return wanted.empty_table()
            names = schema.select_list(wanted, have)
            parts = [sql.SQL("SELECT {} FROM {} WHERE id = %s").format(names, sql.Identifier(t)) for t in (layer, schema.past_layer(layer))]
            query = sql.SQL("SELECT * FROM ({}) t ORDER BY recorded_at, valid_from").format(sql.SQL(" UNION ALL ").join(parts))
            return _collect(copy_out(cursor, query, (asset_id, asset_id), wanted), wanted)

    def links(
        self, *, from_ids: Sequence[str] | None = None, to_ids: Sequence[str] | None = None, relation: str | None = None, as_of: AsOf | None = None
    ) -> pa.Table:
        conditions: list[sql.Composable] = [_AS_OF if as_of else _OPEN]
        values = _as_of_values(as_of)
        for column, ids in (("from_id", from_ids), ("to_id", to_ids)):
            if ids is not None:
                conditions.append(sql.SQL("{} = ANY(%s)").format(sql.Identifier(column)))
                values.append(list(ids))
        if relation is not None:
            conditions.append(sql.SQL("relation = %s"))
            values.append(relation)
        return self._rows("link", sql.SQL(" AND ").join(conditions), values, "fid")

    def settings(self, key: str | None = None) -> pa.Table:
        return self._rows("setting", sql.SQL("(%s::text IS NULL OR key = %s)"), [key, key], "key", "version")

    def events(self, *, subject: str | None = None, type: str | None = None) -> pa.Table:
        condition = sql.SQL("(%s::text IS NULL OR subject = %s) AND (%s::text IS NULL OR type = %s)")
        return self._rows("event", condition, [subject, subject, type, type], "number")

    def runs(self, run_id: str | None = None) -> pa.Table:
        return self._rows("run", sql.SQL("(%s::text IS NULL OR id = %s)"), [run_id, run_id], "fid")

    def results(self, run_id: str) -> pa.Table:
        return self._rows("result", sql.SQL("run = %s"), [run_id], "fid")

    def _rows(self, table: str, condition: sql.Composable, values: list[Any], *order: str) -> pa.Table:
        wanted = STORED[table]
        by = sql.SQL(", ").join(map(sql.Identifier, order))
        with self._sessions.take() as connection, connection.cursor() as cursor:
            names = schema.select_list(wanted, self._have(connection, table, wanted))
            query = sql.SQL("SELECT {} FROM {} WHERE {} ORDER BY {}").format(names, sql.Identifier(table), condition, by)
            return _collect(copy_out(cursor, query, values, wanted), wanted)

    def get_file(self, name: str) -> bytes:
        if name not in self.files():
            raise NotFound("the city keeps no such file", fix="`holdfast summary` lists what there is", file=name)
        with self._sessions.take() as connection, connection.cursor(binary=True) as cursor:
            parts = [row[0] for row in cursor.execute("SELECT content FROM file WHERE name = %s ORDER BY part", (name,))]
        return b"".join(parts)

    def files(self) -> list[str]:
        with self._sessions.take() as connection:
            if not schema.columns_of(connection, self._place, "file"):
                return []  # an older city has no such table yet
            return [row[0] for row in connection.execute('SELECT DISTINCT name COLLATE "C" AS name FROM file ORDER BY name')]

    # backup and upgrade

    def dump(self) -> Iterator[tuple[str, Iterable[pa.Table]]]:
        with self._sessions.take() as connection, connection.transaction(), connection.cursor() as cursor:
            connection.execute("SET TRANSACTION ISOLATION LEVEL REPEATABLE READ, READ ONLY")
            for name, query, columns in schema.everything(connection, self._place):
                with closing(copy_out(cursor, query, (), columns)) as pieces:  # a stream left early would keep the connection busy
                    yield name, pieces

    def load(self, name: str, pieces: Iterable[pa.Table], kind: Kind | None) -> None:
        with self.write() as writer:
            for piece in pieces:
                if name.startswith("asset/"):
                    writer.load_versions(kind or undeclared_kind(name.removeprefix("asset/"), piece.schema), piece)
                else:
                    writer.load_rows(name, piece)

    def upgrade(self) -> list[str]:
        if self._read_only:
            raise Forbidden("the city was opened read-only", fix="Open it without read_only", city=self._place.schema)
        with self._sessions.take() as connection, connection.transaction():
            lock(connection, self._place)
            found = connection.execute("SELECT value FROM meta WHERE key = 'schema_version'").fetchone()
            steps = schema.upgrade(connection, int(found[0]) if found else self.schema_version)
        self.schema_version = schema.SCHEMA_VERSION
        return steps


def _schema_of(kind: Kind, columns: Sequence[str] | None) -> pa.Schema:
    full = schema.nullable(tables.asset_schema(kind, derived=True, times=True))
    if columns is None:
        return full
    unknown = [name for name in columns if full.get_field_index(name) < 0]
    if unknown:
        raise Invalid(f"{kind.name} has no column {unknown[0]!r}", fix=f"Its columns are: {', '.join(full.names)}")
    return pa.schema([full.field(name) for name in columns])


def _as_of_values(as_of: AsOf | None) -> list[Any]:
    if as_of is None:
        return []
    known, valid = to_text(as_of.known), to_text(as_of.valid)
    return [known, known, valid, valid]


def _box(kind: Kind, bbox: BBox) -> BBox:
    if not kind.geometry:
        raise Invalid(f"{kind.name} has no place, so it cannot be asked for by box", fix="Leave the box out")
    if not np.isfinite(bbox).all() or bbox[0] > bbox[2] or bbox[1] > bbox[3]:
        raise Invalid(f"{tuple(bbox)} is no box", fix="Give min x, min y, max x, max y", field="bbox")
    return bbox


def _collect(pieces: Iterable[pa.Table], columns: pa.Schema) -> pa.Table:
    tables_ = list(pieces)
    return pa.concat_tables(tables_) if tables_ else columns.empty_table()
