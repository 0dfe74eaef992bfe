"""Forward migrations of `city.gpkg`, one function per schema version, run in one transaction."""

from __future__ import annotations

import sqlite3
from collections.abc import Callable

from . import sqlite_schema as schema


def _to_2(db: sqlite3.Connection) -> str:
    """Version 1 had no index of kept files and no back-up hours on links."""
    db.execute("ALTER TABLE link ADD COLUMN backup_hours REAL")
    db.execute(
        "CREATE TABLE file (fid INTEGER PRIMARY KEY, name TEXT UNIQUE NOT NULL, sha256 TEXT NOT NULL, size INTEGER NOT NULL, recorded_at DATETIME NOT NULL)"
    )
    db.execute("INSERT INTO gpkg_contents (table_name, data_type, identifier) VALUES ('file', 'attributes', 'file')")
    return "2: files kept with the city are indexed; links carry back-up hours"


STEPS: dict[int, Callable[[sqlite3.Connection], str]] = {2: _to_2}


def upgrade(db: sqlite3.Connection, version: int) -> list[str]:
    """Run every step after `version`; all or nothing. Returns what was done."""
    done = []
    db.execute("BEGIN IMMEDIATE")
    try:
        for target in range(version + 1, schema.SCHEMA_VERSION + 1):
            done.append(STEPS[target](db))
        db.execute("UPDATE meta SET value = ? WHERE key = 'schema_version'", (str(schema.SCHEMA_VERSION),))
        db.execute("COMMIT")
    except BaseException:
        db.execute("ROLLBACK")
        raise
    return done
