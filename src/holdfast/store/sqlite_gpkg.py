"""The embedded store: one folder with `city.gpkg`, a valid GeoPackage in WAL mode, and the files it indexes.

Each kind is a layer holding the open facts, so that QGIS shows the city as it is now; closed and superseded facts are in
`<layer>_past` with the same columns. Any number of readers, one writer; a writer that dies leaves the last commit.
"""

from __future__ import annotations

import fcntl
import hashlib
import os
import sqlite3
import threading
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa

from holdfast.model import tables
from holdfast.model.errors import Conflict, Forbidden, Invalid, NotFound, Unavailable
from holdfast.model.repository import AsOf, BBox
from holdfast.model.spec import Kind
from holdfast.model.time import now, parse_instant

from . import sqlite_schema as schema
from .fact_rows import STORED, undeclared_kind
from .sqlite_columns import read_columns
from .sqlite_rows import collect, fetch, has_table, select_list, stamp_text, with_ids
from .sqlite_writer import SqliteWriter, stored_name

FILE_NAME = "city.gpkg"
_FEW_COLUMNS = 8  # up to here whole columns are quicker than rows


def create(folder: Path, srs: schema.Srs, meta: dict[str, str]) -> SqliteRepository:
    """Make an empty city in a folder that has none. raises Conflict if there is one already."""
    path = folder / FILE_NAME
    if path.exists():
        raise Conflict("there is a city here already", fix="Choose another folder, or remove this one", folder=str(folder))
    try:
        folder.mkdir(parents=True, exist_ok=True)
        temporary = folder / f".{FILE_NAME}.new"
        temporary.unlink(missing_ok=True)
        connection = sqlite3.connect(temporary, isolation_level=None)
    except (OSError, sqlite3.Error) as error:
        raise Unavailable(f"the folder cannot be written: {error}", fix="Choose a folder you may write to", folder=str(folder)) from error
    connection.execute(f"PRAGMA application_id = {schema.APPLICATION_ID}")
    connection.execute(f"PRAGMA user_version = {schema.GPKG_VERSION}")
    connection.execute("BEGIN")
    schema.create(connection, srs)
    rows = {"schema_version": str(schema.SCHEMA_VERSION), "srs_id": str(srs.srs_id), **meta}
    connection.executemany("INSERT INTO meta VALUES (?, ?)", rows.items())
    connection.execute("COMMIT")
    connection.close()
    temporary.replace(path)
    return SqliteRepository(folder)


class SqliteRepository:
    """See `holdfast.model.repository.Repository`."""

    def __init__(self, folder: Path, *, read_only: bool = False) -> None:
        self._folder = folder
        self._path = folder / FILE_NAME
        self._read_only = read_only
        self._local = threading.local()
        self._connections: list[sqlite3.Connection] = []
        self._guard = threading.Lock()
        if not self._path.exists():
            raise NotFound("there is no city here", fix="Make one with `holdfast init`", folder=str(folder))
        try:
            meta = self.meta()
        except sqlite3.DatabaseError as error:
            raise Invalid(f"city.gpkg cannot be read: {error}", fix="Restore it from a backup with `holdfast restore`", file=str(self._path)) from error
        version = int(meta.get("schema_version", "0"))
        if version > schema.SCHEMA_VERSION:
            raise Invalid(
                f"the city has schema {version}, this Holdfast knows up to {schema.SCHEMA_VERSION}", fix="Install a newer Holdfast", file=str(self._path)
            )
        self.schema_version = version
        self._srs_id = int(meta["srs_id"])

    @property
    def url(self) -> str:
        return str(self._folder)

    # connections

    def _db(self) -> sqlite3.Connection:
        """This thread's reading connection."""
        connection: sqlite3.Connection | None = getattr(self._local, "connection", None)
        if connection is None:
            mode = "ro" if self._read_only else "rw"
            connection = sqlite3.connect(f"{self._path.absolute().as_uri()}?mode={mode}", uri=True, isolation_level=None, check_same_thread=False)
            if not self._read_only:
                connection.execute("PRAGMA journal_mode = WAL")
            connection.execute("PRAGMA mmap_size = 2147483648")
            connection.execute("PRAGMA temp_store = MEMORY")
            self._local.connection = connection
            with self._guard:
                self._connections.append(connection)
        return connection

    def close(self) -> None:
        with self._guard:
            for connection in self._connections:
                connection.close()
            self._connections.clear()
        self._local = threading.local()

    @contextmanager
    def write(self) -> Iterator[SqliteWriter]:
        if self._read_only:
            raise Forbidden("the city was opened read-only", fix="Open it without read_only", folder=str(self._folder))
        if self.schema_version < schema.SCHEMA_VERSION:
            raise Conflict(
                f"the city has the older schema {self.schema_version}", fix=f"Run `holdfast upgrade {self._folder}` first", folder=str(self._folder)
            )
        with self._lock(), self._writing_connection() as db:
            db.execute("BEGIN IMMEDIATE")
            last = dict(db.execute("SELECT key, value FROM meta WHERE key = 'last_stamp'")).get("last_stamp")
            stamp = now()
            if last is not None:
                stamp = max(stamp, parse_instant(last) + np.timedelta64(1, "ms"))
            writer = SqliteWriter(db, self._folder, self._srs_id, stamp)
            try:
                yield writer
                writer.finish()
                db.execute("COMMIT")
            except BaseException as error:
                if db.in_transaction:
                    db.execute("ROLLBACK")
                writer.discard_files()
                if isinstance(error, sqlite3.OperationalError):
                    raise Unavailable(f"writing to the city failed: {error}", fix="Free disk space and try again; nothing was changed") from error
                raise

    @contextmanager
    def _writing_connection(self) -> Iterator[sqlite3.Connection]:
        db = sqlite3.connect(self._path, isolation_level=None, check_same_thread=False, cached_statements=256)
        try:
            for pragma in ("journal_mode = WAL", "synchronous = FULL", "cache_size = -262144", "temp_store = MEMORY", "wal_autocheckpoint = 20000"):
                db.execute(f"PRAGMA {pragma}")
            yield db
        finally:
            db.close()

    @contextmanager
    def _lock(self) -> Iterator[None]:
        """Hold the writer's lock; the kernel frees it when the process dies."""
        handle = os.open(self._folder / "city.lock", os.O_RDWR | os.O_CREAT, 0o644)
        try:
            try:
                fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
            except BlockingIOError as error:
                holder = os.read(handle, 64).decode(errors="replace").strip() or "unknown"
                raise Conflict(f"another writer is at work on this city (process {holder})", fix="Wait until it ends, then try again") from error
            os.ftruncate(handle, 0)
            os.pwrite(handle, str(os.getpid()).encode(), 0)
            yield
        finally:
            os.close(handle)

    # reading

    def meta(self) -> dict[str, str]:
        return dict(self._db().execute("SELECT key, value FROM meta"))

    def kinds(self) -> list[str]:
        return [row[0] for row in self._db().execute("SELECT name FROM kind ORDER BY name")]

    def counts(self, as_of: AsOf | None = None) -> dict[str, int]:
        db, result = self._db(), {}
        for name in self.kinds():
            layer = tables.layer_name(name)
            if as_of is None:
                total = db.execute(f'SELECT count(*) FROM "{layer}"').fetchone()[0]
            else:
                where, values = _as_of_where(as_of)
                total = sum(db.execute(f'SELECT count(*) FROM "{t}" WHERE {where}', values).fetchone()[0] for t in (layer, schema.past_layer(layer)))
            if total:
                result[name] = int(total)
        return result

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
        if bbox is None and ids is None and limit is None and len(wanted) <= _FEW_COLUMNS:
            pieces = self._whole_columns(kind, wanted, as_of)
            if pieces is not None:
                return collect(pieces, wanted)
        return collect(self._select(kind, wanted, bbox, ids, as_of, limit), wanted)

    def read_batches(self, kind: Kind, *, columns: Sequence[str] | None = None, as_of: AsOf | None = None, rows: int = 100_000) -> Iterator[pa.Table]:
        yield from self._select(kind, _schema_of(kind, columns), None, None, as_of, None, chunk=rows)

    def _whole_columns(self, kind: Kind, wanted: pa.Schema, as_of: AsOf | None) -> list[pa.Table] | None:
        """All rows by whole columns, from one snapshot; None if the layer does not have them all."""
        layer = tables.layer_name(kind.name)
        where, bound = ("", []) if as_of is None else _as_of_where(as_of)
        with self._snapshot() as db:
            if not set(wanted.names) <= {row[1] for row in db.execute(f'PRAGMA table_info("{layer}")')}:
                return None
            names = (layer,) if as_of is None else (layer, schema.past_layer(layer))
            return [piece for table in names for piece in read_columns(db, table, wanted, where, bound)]

    @contextmanager
    def _snapshot(self) -> Iterator[sqlite3.Connection]:
        """This thread's connection inside one reading transaction."""
        db = self._db()
        own = not db.in_transaction
        if own:
            db.execute("BEGIN")
        try:
            yield db
        finally:
            if own:
                db.execute("COMMIT")

    def _select(
        self, kind: Kind, wanted: pa.Schema, bbox: BBox | None, ids: Sequence[str] | None, as_of: AsOf | None, limit: int | None, chunk: int = 50_000
    ) -> Iterator[pa.Table]:
        db = self._db()
        layer = tables.layer_name(kind.name)
        if not has_table(db, layer):
            return
        names = select_list(db, layer, wanted)
        parts, values = [], []
        for table in (layer,) if as_of is None else (layer, schema.past_layer(layer)):
            conditions = []
            if as_of is not None:
                text, bound = _as_of_where(as_of)
                conditions.append(text)
                values += bound
            if bbox is not None:
                if not kind.geometry:
                    raise Invalid(f"{kind.name} has no place, so it cannot be asked for by box", fix="Leave the box out")
                conditions.append(f'fid IN (SELECT id FROM "{schema.rtree_name(table)}" WHERE maxx >= ? AND minx <= ? AND maxy >= ? AND miny <= ?)')
                values += [bbox[0], bbox[2], bbox[1], bbox[3]]
            if ids is not None:
                conditions.append(f"id IN ({with_ids(db, ids)})")
            parts.append(f'SELECT {names} FROM "{table}"' + (f" WHERE {' AND '.join(conditions)}" if conditions else ""))
        sql = " UNION ALL ".join(parts) + (f" LIMIT {int(limit)}" if limit is not None else "")
        yield from fetch(db.execute(sql, values), wanted, chunk=chunk)

    def bounds(self, kind: Kind) -> tuple[pa.Array, Any]:
        layer = tables.layer_name(kind.name)
        if kind.name not in self.kinds() or not kind.geometry:
            return pa.array([], pa.string()), np.empty((0, 4))
        sql = f'SELECT t.id, r.minx, r.miny, r.maxx, r.maxy FROM "{schema.rtree_name(layer)}" r JOIN "{layer}" t ON t.fid = r.id ORDER BY t.fid'
        rows = self._db().execute(sql).fetchall()
        return pa.array([row[0] for row in rows], pa.string()), np.array([row[1:] for row in rows], np.float64).reshape(-1, 4)

    def history(self, kind: Kind, asset_id: str) -> pa.Table:
        wanted = _schema_of(kind, None)
        layer = tables.layer_name(kind.name)
        if kind.name not in self.kinds():
            return wanted.empty_table()
        names = select_list(self._db(), layer, wanted)
        sql = " UNION ALL ".join(f'SELECT {names} FROM "{t}" WHERE id = :id' for t in (layer, schema.past_layer(layer)))
        return collect(fetch(self._db().execute(f"SELECT * FROM ({sql}) ORDER BY recorded_at, valid_from", {"id": asset_id}), wanted), wanted)

    def links(
        self, *, from_ids: Sequence[str] | None = None, to_ids: Sequence[str] | None = None, relation: str | None = None, as_of: AsOf | None = None
    ) -> pa.Table:
        where, values = _as_of_where(as_of) if as_of else ("superseded_at IS NULL AND valid_to IS NULL", [])
        for column, ids in (("from_id", from_ids), ("to_id", to_ids)):
            if ids is not None:
                where += f" AND {column} IN ({with_ids(self._db(), ids, f'wanted_{column}')})"
        if relation is not None:
            where += " AND relation = ?"
            values.append(relation)
        return self._query("link", STORED["link"], where, values, "fid")

    def settings(self, key: str | None = None) -> pa.Table:
        return self._query("setting", tables.SETTING, "? IS NULL OR key = ?", [key, key], "key, version")

    def events(self, *, subject: str | None = None, type: str | None = None) -> pa.Table:
        return self._query("event", tables.EVENT, "(? IS NULL OR subject = ?) AND (? IS NULL OR type = ?)", [subject, subject, type, type], "number")

    def runs(self, run_id: str | None = None) -> pa.Table:
        return self._query("run", tables.RUN, "? IS NULL OR id = ?", [run_id, run_id], "fid")

    def results(self, run_id: str) -> pa.Table:
        return self._query("result", tables.RESULT, "run = ?", [run_id], "fid")

    def _query(self, table: str, wanted: pa.Schema, where: str, values: list[Any], order: str) -> pa.Table:
        sql = f"SELECT {select_list(self._db(), table, wanted)} FROM {table} WHERE {where} ORDER BY {order}"
        return collect(fetch(self._db().execute(sql, values), wanted), wanted)

    def get_file(self, name: str) -> bytes:
        row = self._db().execute("SELECT sha256 FROM file WHERE name = ?", (name,)).fetchone() if has_table(self._db(), "file") else None
        if row is None:
            raise NotFound("the city keeps no such file", fix="`holdfast summary` lists what there is", file=name)
        path = self._folder / stored_name(name, row[0])
        try:
            content = path.read_bytes()
        except OSError as error:
            raise Unavailable(f"a file of the city cannot be read: {error}", fix="Restore it from a backup", file=name) from error
        if hashlib.sha256(content).hexdigest() != row[0]:
            raise Invalid("a file of the city was changed from outside", fix="Restore it from a backup", file=name)
        return content

    def files(self) -> list[str]:
        if not has_table(self._db(), "file"):
            return []  # an older city has no such table yet
        return [row[0] for row in self._db().execute("SELECT name FROM file ORDER BY name")]

    # backup and upgrade

    def dump(self) -> Iterator[tuple[str, Iterable[pa.Table]]]:
        from .sqlite_dump import dump

        yield from dump(self._db(), self.kinds())

    def load(self, name: str, pieces: Iterable[pa.Table], kind: Kind | None) -> None:
        with self.write() as writer:
            for piece in pieces:
                if name.startswith("asset/"):
                    writer.load_versions(kind or undeclared_kind(name.removeprefix("asset/"), piece.schema), piece)
                else:
                    writer.load_rows(name, piece)

    def upgrade(self) -> list[str]:
        from .sqlite_upgrade import upgrade

        with self._lock(), self._writing_connection() as db:
            steps = upgrade(db, self.schema_version)
        self.schema_version = schema.SCHEMA_VERSION
        return steps


def _schema_of(kind: Kind, columns: Sequence[str] | None) -> pa.Schema:
    full = tables.asset_schema(kind, derived=True, times=True)
    full = pa.schema([f.with_nullable(True) for f in full])
    if columns is None:
        return full
    unknown = [c for c in columns if full.get_field_index(c) < 0]
    if unknown:
        raise Invalid(f"{kind.name} has no column {unknown[0]!r}", fix=f"Its columns are: {', '.join(full.names)}")
    return pa.schema([full.field(c) for c in columns])


def _as_of_where(as_of: AsOf) -> tuple[str, list[Any]]:
    known, valid = stamp_text(as_of.known), stamp_text(as_of.valid)
    text = "recorded_at <= ? AND (superseded_at IS NULL OR superseded_at > ?) AND valid_from <= ? AND (valid_to IS NULL OR valid_to > ?)"
    return text, [known, known, valid, valid]
