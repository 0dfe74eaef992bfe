"""The one writer of an embedded city: appends and closes facts inside a single SQLite transaction."""

from __future__ import annotations

import hashlib
import os
import sqlite3
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa

from holdfast.model import geometry, tables
from holdfast.model.errors import Conflict, Invalid
from holdfast.model.spec import Kind
from holdfast.model.time import Instant, to_text

from . import event_chain, fact_rows, gpkg_blob, rtree_bulk
from . import sqlite_schema as schema
from .fact_rows import STORED
from .sqlite_rows import Same, insert, stamp_text, to_python, with_ids

_REBUILD_FROM = 5_000  # below this many new boxes, row-wise R*Tree inserts are quicker than packing the whole tree


class SqliteWriter:
    """See `holdfast.model.repository.Writer`."""

    def __init__(self, connection: sqlite3.Connection, folder: Path, srs_id: int, stamp: Instant) -> None:
        self.stamp = stamp
        self._db = connection
        self._folder = folder
        self._srs_id = srs_id
        self._stamp = stamp_text(stamp)
        self._touched: set[str] = set()
        self._pending: dict[str, list[tuple[np.ndarray, np.ndarray]]] = {}
        self._unindexed: set[str] = set()
        self._new_files: list[Path] = []

    # facts

    def append(self, kind: Kind, table: pa.Table, valid_from: Instant) -> int:
        layer = self._layer(kind)
        if table.num_rows == 0:
            return 0
        start = self._next_fid(layer)
        if start == 1 and layer not in self._unindexed:
            self._db.execute(f'DROP INDEX "{layer}_id"')  # sorted once at the end instead of row by row
            self._unindexed.add(layer)
        times = {"valid_from": Same(fact_rows.moment(valid_from, "valid_from")), "recorded_at": Same(self._stamp)}
        self._db.execute("SAVEPOINT append_step")  # a refused call leaves none of its rows, whatever the caller does next
        try:
            self._insert(layer, kind, table, start, times)
        except BaseException as error:
            self._db.execute("ROLLBACK TO append_step")
            if isinstance(error, sqlite3.IntegrityError):
                raise self._duplicate(kind, layer, table["id"]) from error
            raise
        finally:
            self._db.execute("RELEASE append_step")
        return table.num_rows

    def close(self, kind: Kind, ids: Sequence[str], valid_to: Instant) -> int:
        layer = self._layer(kind)
        past = schema.past_layer(layer)
        self._flush(layer)
        wanted = with_ids(self._db, ids)
        start = self._next_fid(past)
        names = [f.name for f in tables.asset_schema(kind, derived=True, times=True)]
        quoted = ", ".join(f'"{n}"' for n in names)
        kept = ", ".join(f'"{n}"' for n in names if n not in tables.TIME_AXES)
        self._db.execute(
            f'INSERT INTO "{past}" ({quoted}) SELECT {kept}, valid_from, valid_to, recorded_at, ? FROM "{layer}" WHERE id IN ({wanted})', (self._stamp,)
        )
        until = fact_rows.moment(valid_to, "valid_to")
        self._db.execute(
            f'INSERT INTO "{past}" ({quoted}) SELECT {kept}, valid_from, ?, ?, NULL FROM "{layer}" WHERE id IN ({wanted}) AND valid_from < ?',
            (until, self._stamp, until),
        )
        if kind.geometry:
            self._db.execute(f'DELETE FROM "{schema.rtree_name(layer)}" WHERE id IN (SELECT fid FROM "{layer}" WHERE id IN ({wanted}))')
            rows = self._db.execute(f'SELECT fid, geometry FROM "{past}" WHERE fid >= ? AND geometry NOT NULL', (start,)).fetchall()
            if rows:
                boxes = geometry.bounds(gpkg_blob.to_wkb(pa.array([r[1] for r in rows], pa.binary())))
                self._pending.setdefault(past, []).append((np.array([r[0] for r in rows], np.int64), rtree_bulk.outward(boxes)))
        return self._db.execute(f'DELETE FROM "{layer}" WHERE id IN ({wanted})').rowcount

    def load_versions(self, kind: Kind, table: pa.Table) -> None:
        """Append rows that bring their own time columns, as a backup has them: open facts to the layer, others to the past."""
        layer = self._layer(kind)
        is_open = np.asarray(table["superseded_at"].is_null()) & np.asarray(table["valid_to"].is_null())
        for target, mask in ((layer, is_open), (schema.past_layer(layer), ~is_open)):
            part = table.filter(pa.array(mask))
            if part.num_rows:
                self._insert(target, kind, part, self._next_fid(target), {name: to_python(part[name]) for name in tables.TIME_AXES})

    def load_rows(self, table: str, rows: pa.Table) -> None:
        """Append rows of one of the city's own tables as a backup has them. raises Invalid if there is no such table"""
        if table not in STORED:
            raise Invalid(f"a city has no table {table!r}", fix=f"Its tables are: {', '.join(STORED)}")
        fitting = tables.conform(rows, STORED[table])
        insert(self._db, table, {name: to_python(fitting[name]) for name in fitting.column_names}, fitting.num_rows)

    def _insert(self, target: str, kind: Kind, table: pa.Table, start: int, times: dict[str, Any]) -> None:
        count = table.num_rows
        rows = fact_rows.prepare(kind, table)
        columns: dict[str, Any] = {"fid": range(start, start + count)}
        for name in rows.column_names:
            if rows[name].null_count < count and name != "geometry":
                columns[name] = to_python(rows[name])
        wkb = rows["geometry"]
        placeless = wkb.null_count == count
        if not placeless:
            columns["geometry"] = to_python(gpkg_blob.from_wkb(wkb, self._srs_id))
        if kind.trait == "edge":
            columns["shape_length"] = geometry.length(wkb).tolist()
        insert(self._db, target, columns | times, count)
        if not placeless:
            boxes = geometry.bounds(wkb)
            placed = ~np.isnan(boxes[:, 0])
            self._pending.setdefault(target, []).append((np.arange(start, start + count, dtype=np.int64)[placed], rtree_bulk.outward(boxes[placed])))

    # other tables

    def append_links(self, table: pa.Table, valid_from: Instant) -> int:
        rows = tables.conform(table, tables.LINK)
        columns: dict[str, Any] = {name: to_python(rows[name]) for name in rows.column_names}
        columns |= {"valid_from": Same(fact_rows.moment(valid_from, "valid_from")), "recorded_at": Same(self._stamp)}
        insert(self._db, "link", columns, rows.num_rows)
        return rows.num_rows

    def close_links(self, ids: Sequence[str], valid_to: Instant, relation: str | None = None) -> int:
        wanted = with_ids(self._db, ids)
        where = f"superseded_at IS NULL AND valid_to IS NULL AND (from_id IN ({wanted}) OR to_id IN ({wanted})) AND (? IS NULL OR relation = ?)"
        until = fact_rows.moment(valid_to, "valid_to")
        closing = self._db.execute(f"SELECT fid FROM link WHERE {where}", (relation, relation)).fetchall()
        self._db.executemany(
            "INSERT INTO link (from_id, to_id, relation, service, backup_hours, source, valid_from, valid_to, recorded_at) "
            "SELECT from_id, to_id, relation, service, backup_hours, source, valid_from, ?, ? FROM link WHERE fid = ? AND valid_from < ?",
            ((until, self._stamp, fid, until) for (fid,) in closing),
        )
        self._db.executemany("UPDATE link SET superseded_at = ? WHERE fid = ?", ((self._stamp, fid) for (fid,) in closing))
        return len(closing)

    def put_setting(self, row: dict[str, Any]) -> int:
        version = self._db.execute("SELECT coalesce(max(version), 0) + 1 FROM setting WHERE key = ?", (row["key"],)).fetchone()[0]
        names = [f.name for f in tables.SETTING]
        values = row | {"version": version, "recorded_at": self._stamp}
        self._db.execute(f"INSERT INTO setting ({', '.join(names)}) VALUES ({', '.join('?' * len(names))})", [values.get(n) for n in names])
        return int(version)

    def append_event(self, row: dict[str, Any]) -> str:
        last = self._db.execute("SELECT number, hash FROM event ORDER BY number DESC LIMIT 1").fetchone() or (0, event_chain.FIRST_HASH)
        event = event_chain.event_row(row, last[0] + 1, last[1], self.stamp)
        self._insert_row("event", event | {"time": to_text(event["time"])})
        return str(event["hash"])

    def append_run(self, row: dict[str, Any]) -> None:
        names = [f.name for f in tables.RUN]
        values = {n: row.get(n) for n in names}
        for name in ("started_at", "ended_at"):
            values[name] = to_text(values[name])
        self._insert_row("run", values)

    def append_results(self, table: pa.Table) -> int:
        rows = tables.conform(table, tables.RESULT)
        insert(self._db, "result", {name: to_python(rows[name]) for name in rows.column_names}, rows.num_rows)
        return rows.num_rows

    def put_file(self, name: str, content: bytes) -> None:
        path = self._folder / fact_rows.plain_name(name)
        path.parent.mkdir(parents=True, exist_ok=True)
        digest = hashlib.sha256(content).hexdigest()
        target = self._folder / stored_name(name, digest)  # a rolled back transaction must not have replaced the old content
        if not target.exists():
            self._new_files.append(target)
            temporary = target.with_name(f"{target.name}.part")
            with temporary.open("wb") as out:
                out.write(content)
                out.flush()
                os.fsync(out.fileno())
            temporary.replace(target)
        self._db.execute(
            "INSERT INTO file (name, sha256, size, recorded_at) VALUES (?, ?, ?, ?) "
            "ON CONFLICT (name) DO UPDATE SET sha256 = excluded.sha256, size = excluded.size, recorded_at = excluded.recorded_at",
            (name, digest, len(content), self._stamp),
        )

    def set_meta(self, key: str, value: str) -> None:
        self._db.execute("INSERT INTO meta VALUES (?, ?) ON CONFLICT (key) DO UPDATE SET value = excluded.value", (key, value))

    @contextmanager
    def savepoint(self) -> Iterator[None]:
        for layer in list(self._pending):
            self._flush(layer)
        self._db.execute("SAVEPOINT inner_step")
        before = (set(self._touched), set(self._unindexed))
        try:
            yield
        except BaseException:
            self._db.execute("ROLLBACK TO inner_step")
            self._db.execute("RELEASE inner_step")
            self._pending.clear()
            self._touched, self._unindexed = before
            raise
        self._db.execute("RELEASE inner_step")

    # end of transaction

    def finish(self) -> None:
        """Bring indexes, triggers and GeoPackage extents up to date; called just before commit."""
        for layer in list(self._pending):
            self._flush(layer)
        for layer in sorted(self._unindexed):
            try:
                self._db.execute(f'CREATE UNIQUE INDEX "{layer}_id" ON "{layer}"(id)')
            except sqlite3.IntegrityError as error:
                raise self._duplicate_in(layer) from error
        for table in sorted(self._touched):
            if self._db.execute("SELECT 1 FROM gpkg_geometry_columns WHERE table_name = ?", (table,)).fetchone():
                schema.create_triggers(self._db, table)
                box = self._db.execute(f'SELECT min(minx), min(miny), max(maxx), max(maxy) FROM "{schema.rtree_name(table)}"').fetchone()
                self._db.execute("UPDATE gpkg_contents SET min_x=?, min_y=?, max_x=?, max_y=? WHERE table_name=?", (*box, table))
            self._db.execute("UPDATE gpkg_contents SET last_change = ? WHERE table_name = ?", (self._stamp, table))
        self.set_meta("last_stamp", self._stamp)

    def discard_files(self) -> None:
        """Remove files that a rolled back transaction wrote."""
        for path in self._new_files:
            path.unlink(missing_ok=True)

    def _layer(self, kind: Kind) -> str:
        layer = tables.layer_name(kind.name)
        if layer in self._touched:
            return layer
        if self._db.execute("SELECT 1 FROM kind WHERE name = ?", (kind.name,)).fetchone():
            schema.add_missing_columns(self._db, kind)
        else:
            schema.create_layer(self._db, kind, self._srs_id)
        for table in (layer, schema.past_layer(layer)):
            schema.drop_triggers(self._db, table)
            self._touched.add(table)
        return layer

    def _next_fid(self, table: str) -> int:
        return int(self._db.execute(f'SELECT coalesce(max(fid), 0) + 1 FROM "{table}"').fetchone()[0])

    def _flush(self, table: str) -> None:
        """Write pending boxes into the table's R*Tree, by packing the whole tree when there are many."""
        pending = self._pending.pop(table, [])
        if not pending:
            return
        name = schema.rtree_name(table)
        ids = np.concatenate([p[0] for p in pending])
        boxes = np.concatenate([p[1] for p in pending])
        if len(ids) < _REBUILD_FROM:
            rows = np.column_stack((boxes[:, 0], boxes[:, 2], boxes[:, 1], boxes[:, 3])).tolist()
            self._db.executemany(f'INSERT INTO "{name}" VALUES (?, ?, ?, ?, ?)', ((i, *row) for i, row in zip(ids.tolist(), rows, strict=True)))
            return
        del pending
        old = np.array(self._db.execute(f'SELECT id, minx, miny, maxx, maxy FROM "{name}"').fetchall(), np.float64).reshape(-1, 5)
        if len(old):
            ids = np.concatenate((old[:, 0].astype(np.int64), ids))
            boxes = np.concatenate((old[:, 1:].astype(np.float32), boxes))  # exact: the tree holds 32-bit floats
        rtree_bulk.rebuild(self._db, name, ids, boxes)

    def _insert_row(self, table: str, row: dict[str, Any]) -> None:
        names = ", ".join(row)
        try:
            self._db.execute(f"INSERT INTO {table} ({names}) VALUES ({', '.join('?' * len(row))})", list(row.values()))
        except sqlite3.IntegrityError as error:
            raise Conflict(f"{table} row exists already: {error}", fix="Use a new id") from error

    def _duplicate(self, kind: Kind, layer: str, ids: Any) -> Conflict:
        wanted = with_ids(self._db, ids.to_pylist())
        known = self._db.execute(f'SELECT id FROM "{layer}" WHERE id IN ({wanted}) LIMIT 1').fetchone()
        name = known[0] if known else ids[0].as_py()
        return Conflict("an open fact with this id exists already", fix="Import with --update, or give the rows other ids", kind=kind.name, id=name)

    def _duplicate_in(self, layer: str) -> Conflict:
        name = self._db.execute(f'SELECT id FROM "{layer}" GROUP BY id HAVING count(*) > 1 LIMIT 1').fetchone()[0]
        return Conflict("the same id is given to two open facts", fix="Give every row its own id", layer=layer, id=name)


def stored_name(name: str, digest: str) -> str:
    """Where a kept file lies inside the city's folder: its digest is part of the name, its ending stays."""
    path = Path(name)
    return str(path.with_name(f"{path.stem}.{digest[:12]}{path.suffix}"))
