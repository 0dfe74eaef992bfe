"""A PostgreSQL server with PostGIS that the tests start themselves, on a free loopback port, and take away again.

Each test process has its own, started when the first test asks for it, so parallel workers never share one. The server
is a child that the kernel ends with its parent, so a killed test run leaves nothing running.
"""

from __future__ import annotations

import os
import shutil
import signal
import socket
import subprocess
import tempfile
import time
import zlib
from collections.abc import Iterator
from pathlib import Path

import psycopg
import pytest


class PostgresServer:
    """A running server. `url` lacks the `city` parameter."""

    def __init__(self, bin_folder: Path) -> None:
        self.folder = Path(tempfile.mkdtemp(prefix="holdfast-postgres-"))
        self._as_owner: list[str] = []
        if os.geteuid() == 0:  # the server refuses to run as root
            shutil.chown(self.folder, "postgres", "postgres")
            self._as_owner = ["--reuid", "postgres", "--regid", "postgres", "--init-groups"]
        self._bin = bin_folder
        data = self.folder / "data"
        self._run("initdb", "-D", str(data), "-U", "postgres", "-A", "trust", "-E", "UTF8", "--locale=C.UTF-8", "--no-sync")
        with socket.socket() as probe:
            probe.bind(("127.0.0.1", 0))
            self.port = probe.getsockname()[1]
        options = {"listen_addresses": "127.0.0.1", "unix_socket_directories": "", "fsync": "off", "max_connections": "60", "shared_buffers": "64MB"}
        settings = [part for key, value in options.items() for part in ("-c", f"{key}={value}")]
        self.log = self.folder / "log"
        with self.log.open("wb") as log:
            self.process = subprocess.Popen(self._command("postgres", "-D", str(data), "-p", str(self.port), *settings), stdout=log, stderr=log, cwd="/")
        self.url = f"postgresql://postgres@127.0.0.1:{self.port}/postgres"
        self._wait()

    def _command(self, program: str, *arguments: str) -> list[str]:
        return ["setpriv", *self._as_owner, "--pdeathsig", "INT", "--", str(self._bin / program), *arguments]

    def _run(self, program: str, *arguments: str) -> None:
        done = subprocess.run(self._command(program, *arguments), capture_output=True, text=True, check=False, cwd="/")
        if done.returncode:
            raise RuntimeError(f"{program} failed: {done.stderr}")

    def _wait(self) -> None:
        deadline = time.monotonic() + 60
        while True:
            try:
                psycopg.connect(self.url, connect_timeout=2).close()
                return
            except psycopg.OperationalError:
                if self.process.poll() is not None or time.monotonic() > deadline:
                    raise RuntimeError(f"the server did not start: {self.log.read_text()}") from None
                time.sleep(0.05)

    def stop(self) -> None:
        self.process.send_signal(signal.SIGINT)
        try:
            self.process.wait(20)
        except subprocess.TimeoutExpired:
            self.process.kill()
            self.process.wait()
        shutil.rmtree(self.folder, ignore_errors=True)


def server_binaries() -> Path | None:
    """Folder of the newest installed server that has PostGIS."""
    found = [
        control.parents[1].name
        for control in Path("/usr/share/postgresql").glob("*/extension/postgis.control")
        if Path("/usr/lib/postgresql", control.parents[1].name, "bin/initdb").exists()
    ]
    return Path("/usr/lib/postgresql", max(found, key=float), "bin") if found else None


@pytest.fixture(scope="session")
def postgres_server() -> Iterator[PostgresServer]:
    binaries = server_binaries()
    if binaries is None:
        pytest.skip("no PostgreSQL server with PostGIS: install the Debian packages postgresql-15 and postgresql-15-postgis-3")
    server = PostgresServer(binaries)
    with psycopg.connect(server.url, autocommit=True) as connection:
        connection.execute("CREATE EXTENSION postgis")
    yield server
    server.stop()


@pytest.fixture
def postgres_url(postgres_server: PostgresServer, request: pytest.FixtureRequest) -> Iterator[str]:
    """Address of a city that does not exist yet, in a schema of its own."""
    schema = f"test_{zlib.crc32(request.node.nodeid.encode()):08x}"
    yield f"{postgres_server.url}?city={schema}"
    with psycopg.connect(postgres_server.url, autocommit=True) as connection:
        left = connection.execute("SELECT nspname FROM pg_namespace WHERE starts_with(nspname, %s)", (schema,)).fetchall()
        for (name,) in left:
            connection.execute(psycopg.sql.SQL("DROP SCHEMA {} CASCADE").format(psycopg.sql.Identifier(name)))
