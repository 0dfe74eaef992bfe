"""Connections to a city in PostgreSQL: where it is, a small pool, the writer's lock, and errors in the seven terms."""

from __future__ import annotations

import getpass
import os
import re
import socket
from collections import deque
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from typing import Any
from urllib.parse import parse_qsl, urlencode, urlsplit, urlunsplit

import psycopg
from psycopg import errors, sql

from holdfast.model.errors import Conflict, Forbidden, Invalid, NotSupported, Unavailable

DEFAULT_SCHEMA = "holdfast"
LOCK_CLASS = 0x486F6C64  # "Hold": the first half of the advisory lock, the second is the city's schema
IDLE_CONNECTIONS = 4

Connection = psycopg.Connection[Any]


@dataclass(frozen=True, slots=True)
class Place:
    """Where a city is: the connection string without `city`, the schema that holds it, and the URL without a password."""

    conninfo: str
    schema: str
    url: str


def parse_url(location: str) -> Place:
    """The place that a URL such as postgresql://user@host:5432/database?city=name points to.

    raises    Invalid if it is no PostgreSQL URL, or the city's name cannot be a schema
    """
    parts = urlsplit(location)
    if parts.scheme not in ("postgresql", "postgres"):
        raise Invalid(f"{parts.scheme or location!r} is no PostgreSQL address", fix="Write postgresql://user@host:5432/database?city=name")
    query = parse_qsl(parts.query, keep_blank_values=True)
    schema = dict(query).get("city", DEFAULT_SCHEMA)
    reserved = schema.startswith("pg_") or schema in ("public", "information_schema", "topology", "tiger")
    if not schema or len(schema.encode()) > 63 or reserved or re.search(r'[\x00-\x1f"]', schema):
        raise Invalid(f"a city in PostgreSQL cannot be called {schema!r}", fix="Use a short name of letters, digits and underscores", field="city")
    rest = urlencode([(key, value) for key, value in query if key != "city"])
    host = parts.netloc.rpartition("@")[2]
    user = f"{parts.username}@" if parts.username else ""
    shown = urlunsplit((parts.scheme, user + host, parts.path, urlencode([*parse_qsl(rest), ("city", schema)]), ""))
    return Place(urlunsplit(("postgresql", parts.netloc, parts.path, rest, "")), schema, shown)


def at_city(location: str, name: str) -> str:
    """The address of another city in the same database."""
    parts = urlsplit(location)
    query = [(key, value) for key, value in parse_qsl(parts.query, keep_blank_values=True) if key != "city"]
    return urlunsplit((*parts[:3], urlencode([*query, ("city", name)]), ""))


@contextmanager
def translated() -> Iterator[None]:
    """Turn errors of the server into the seven of Holdfast; programming errors stay as they are."""
    try:
        yield
    except errors.ReadOnlySqlTransaction as error:
        raise Forbidden("the database does not allow writing", fix="Use the address of the primary server") from error
    except errors.InsufficientPrivilege as error:
        raise Forbidden(f"the database refused: {_text(error)}", fix="Ask for the right, or use another account") from error
    except errors.IntegrityError as error:
        raise Conflict(f"the database refused a row: {_text(error)}", fix="Check ids and required columns") from error
    except psycopg.DataError as error:
        raise Invalid(f"the database cannot store a value: {_text(error)}", fix="Remove NUL characters and check geometry and dates") from error
    except psycopg.OperationalError as error:
        raise Unavailable(f"the database does not answer: {_text(error)}", fix="Check that the server runs and the address is right") from error


def _text(error: psycopg.Error) -> str:
    return " ".join((error.diag.message_primary or str(error)).split())


class Sessions:
    """Connections to one city; each is used by one thread at a time and kept for the next."""

    def __init__(self, place: Place, *, read_only: bool = False) -> None:
        self.place = place
        self._read_only = read_only
        self._idle: deque[Connection] = deque()
        self._closed = False

    @contextmanager
    def take(self) -> Iterator[Connection]:
        """A connection in autocommit mode; errors come out translated, and a connection in doubt is thrown away."""
        with translated():
            connection = self._next()
            try:
                yield connection
            finally:
                settled = connection.info.transaction_status is psycopg.pq.TransactionStatus.IDLE
                if self._closed or not settled or len(self._idle) >= IDLE_CONNECTIONS:
                    connection.close()
                else:
                    self._idle.append(connection)

    def close(self) -> None:
        self._closed = True
        with suppress(IndexError):
            while True:
                self._idle.pop().close()

    def _next(self) -> Connection:
        if self._closed:
            raise Conflict("the city was closed", fix="Open it again")
        with suppress(IndexError):
            while True:
                connection = self._idle.pop()
                if _alive(connection):
                    return connection
                connection.close()
        return connect(self.place, read_only=self._read_only)


def _alive(connection: Connection) -> bool:
    """Whether an idle connection still works: a server that went away has left an end-of-file or an error to read."""
    try:
        connection.execute("SELECT 1")
    except psycopg.OperationalError:
        return False
    return True


def connect(place: Place, *, read_only: bool = False) -> Connection:
    """A new connection that sees the city's schema first, speaks UTC, and notices when its client has died."""
    name = f"holdfast {_user()}@{socket.gethostname()} process {os.getpid()}"
    connection: Connection = psycopg.connect(place.conninfo, autocommit=True, application_name=name[:63], connect_timeout=10)
    if connection.info.parameter_status("server_encoding") != "UTF8":
        connection.close()
        raise NotSupported("the database does not store UTF-8", fix="Create it with ENCODING 'UTF8'")
    postgis = connection.execute("SELECT n.nspname FROM pg_extension e JOIN pg_namespace n ON n.oid = e.extnamespace WHERE extname = 'postgis'").fetchone()
    path = [place.schema, *([postgis[0]] if postgis else []), "public"]
    connection.execute(sql.SQL("SET search_path = {}").format(sql.SQL(", ").join(map(sql.Identifier, dict.fromkeys(path)))))
    connection.execute("SET timezone = 'UTC'")
    connection.execute("SET client_connection_check_interval = '2s'")
    if read_only:
        connection.execute("SET default_transaction_read_only = on")
    return connection


def _user() -> str:
    try:
        return getpass.getuser()
    except (KeyError, OSError):
        return str(os.getuid())


def lock(connection: Connection, place: Place) -> None:
    """Become the city's only writer until the transaction ends. raises Conflict at once if somebody else is."""
    got = connection.execute("SELECT pg_try_advisory_xact_lock(%s, hashtext(%s))", (LOCK_CLASS, place.schema)).fetchone()
    if got and got[0]:
        return
    holder = connection.execute(
        "SELECT a.application_name, a.pid, a.client_addr::text, to_char(a.xact_start, 'YYYY-MM-DD HH24:MI:SS') FROM pg_locks l JOIN pg_stat_activity a USING (pid) "
        "WHERE l.locktype = 'advisory' AND l.granted AND l.classid::bigint = %s AND l.objid::bigint = (hashtext(%s)::bigint & 4294967295) "
        "AND l.objsubid = 2 AND l.database = (SELECT oid FROM pg_database WHERE datname = current_database())",
        (LOCK_CLASS, place.schema),
    ).fetchone()
    who = "" if holder is None else f": {holder[0] or 'unknown program'}, session {holder[1]}" + (f", since {holder[3]} UTC" if holder[3] else "")
    raise Conflict(f"another writer is at work on this city{who}", fix="Wait until it ends, then try again", city=place.schema)
