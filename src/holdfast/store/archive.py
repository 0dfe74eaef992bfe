"""Backup and restore: a city as one tar file of Parquet tables and kept files, checked by digest on both ways.

A backup is taken from one snapshot while others read and write. It can be restored into either store: each table carries a
digest of its content that is the same whatever the order of rows and whichever store holds them.
"""

from __future__ import annotations

import hashlib
import io
import json
import os
import shutil
import tarfile
import tempfile
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq

from holdfast.model import tables
from holdfast.model.errors import Conflict, Invalid, Unavailable
from holdfast.model.repository import Repository
from holdfast.model.spec import Catalog
from holdfast.model.time import now, to_text

from .archive_reader import FORMAT, MANIFEST, VERSION, ArchiveReader
from .row_bytes import ContentDigest, content_digest

Manifest = dict[str, Any]
DERIVED = frozenset(field.name for field in tables.DERIVED_EDGE)
_OF_THE_STORE = ("schema_version", "srs_id")  # facts that each store sets for itself


def backup(repository: Repository, path: Path) -> Manifest:
    """Write the whole city into one file, which appears only when it is complete.

    returns   the list of contents: format, version, created_at, schema_version, crs, meta, and per table and file its member,
              bytes and SHA-256; tables also have rows and a content digest
    raises    Unavailable if the file cannot be written
    """
    try:
        with tempfile.TemporaryDirectory(dir=path.parent, prefix=f".{path.name}.") as folder:
            partial = Path(folder, "archive")
            with tarfile.open(partial, "w", format=tarfile.PAX_FORMAT) as tar:
                manifest = _write(repository, tar, Path(folder, "table"))
            with partial.open("rb") as written:
                os.fsync(written.fileno())
            partial.replace(path)
    except OSError as error:
        raise Unavailable(f"the backup cannot be written: {error}", fix="Choose a folder with enough room", file=str(path)) from error
    return manifest


def _write(repository: Repository, tar: tarfile.TarFile, spool: Path) -> Manifest:
    entries = []
    for number, (name, pieces) in enumerate(repository.dump()):
        content = _spool(pieces, spool)
        if content.rows:
            member = f"tables/{number:04}-{name.rpartition('/')[2]}.parquet"
            with spool.open("rb") as stream:
                entry = _add(tar, member, stream, spool.stat().st_size)
            entries.append({"name": name, **entry, "rows": content.rows, "content": content.hexdigest()})
    files = []
    for name in repository.files():  # after the tables, so that every file a run names is there
        body = repository.get_file(name)
        files.append({"name": name, **_add(tar, f"files/{name}", io.BytesIO(body), len(body))})
    meta = repository.meta()  # after the tables too: the last stamp is then not older than any row
    manifest = {
        "format": FORMAT,
        "version": VERSION,
        "created_at": to_text(now()),
        "schema_version": int(meta["schema_version"]),
        "crs": meta["crs"],
        "meta": {key: value for key, value in meta.items() if key not in _OF_THE_STORE},
        "tables": entries,
        "files": files,
    }
    text = json.dumps(manifest, ensure_ascii=False, indent=1).encode()
    _add(tar, MANIFEST, io.BytesIO(text), len(text))
    return manifest


def _spool(pieces: Iterable[pa.Table], spool: Path) -> ContentDigest:
    """Write pieces into a Parquet file as they come, one row group each."""
    content = ContentDigest(DERIVED)
    writer: pq.ParquetWriter | None = None
    try:
        for piece in pieces:
            if writer is None:
                writer = pq.ParquetWriter(spool, piece.schema, compression="zstd")
            writer.write_table(piece)
            content.add(piece)
    finally:
        if writer is not None:
            writer.close()
    return content


def _add(tar: tarfile.TarFile, member: str, stream: Any, size: int) -> dict[str, Any]:
    """Add one member and return its place in the list of contents."""
    digest = hashlib.file_digest(stream, "sha256").hexdigest()
    stream.seek(0)
    info = tarfile.TarInfo(member)
    info.size = size
    info.mode = 0o644
    tar.addfile(info, stream)
    return {"member": member, "bytes": size, "sha256": digest}


def verify(path: Path) -> Manifest:
    """Read a backup from end to end and compare every digest. raises Invalid naming the member that is wrong"""
    with ArchiveReader(path) as archive:
        archive.verify()
        return archive.manifest


def restore(path: Path, location: str, catalog: Catalog, create: Callable[[str, dict[str, str]], Repository]) -> Manifest:
    """Make a city from a backup at a place where there is none, in either store.

    location   folder, or postgresql:// URL
    create     makes an empty city from a location and the facts about it, such as `holdfast.app.cities.create_repository`
    raises     Invalid for a damaged backup, before anything is written; Conflict if something is at the place already
    """
    with ArchiveReader(path) as archive:
        archive.verify()
        with _staged(location) as staged:
            repository = create(staged, dict(archive.manifest["meta"]))
            try:
                _fill(repository, archive, catalog)
                _compare(repository, archive.manifest, str(path))
            finally:
                repository.close()
        return archive.manifest


def _fill(repository: Repository, archive: ArchiveReader, catalog: Catalog) -> None:
    for entry in archive.manifest["tables"]:
        kind = catalog.kinds.get(entry["name"].removeprefix("asset/"))
        repository.load(entry["name"], archive.pieces(entry), kind)
    for entry in archive.manifest["files"]:
        with repository.write() as writer:
            writer.put_file(entry["name"], archive.file(entry))


def _compare(repository: Repository, manifest: Manifest, path: str) -> None:
    """Read the new city back and compare it with the list of contents."""
    found = {name: content_digest(pieces, DERIVED) for name, pieces in repository.dump()}
    for entry in manifest["tables"]:
        if found.get(entry["name"]) != (entry["rows"], entry["content"]):
            message = f"the table {entry['name']} came out different from what was backed up"
            raise Invalid(message, fix="Nothing was kept. Check the disk and try again", file=path, member=entry["member"])
    for entry in manifest["files"]:
        if hashlib.sha256(repository.get_file(entry["name"])).hexdigest() != entry["sha256"]:
            message = f"the file {entry['name']} came out different from what was backed up"
            raise Invalid(message, fix="Nothing was kept. Check the disk and try again", file=path, member=entry["member"])


@contextmanager
def _staged(location: str) -> Iterator[str]:
    """A place beside the wanted one; what is made there takes its name on success and vanishes otherwise."""
    with _staged_schema(location) if location.startswith(("postgresql://", "postgres://")) else _staged_folder(Path(location)) as place:
        yield place


@contextmanager
def _staged_schema(location: str) -> Iterator[str]:
    from .postgis_cities import city_exists, drop_city, rename_city
    from .postgis_session import at_city, parse_url

    name = parse_url(location).schema
    if city_exists(location):
        raise Conflict("there is a city here already", fix="Restore under another name with ?city=", city=name)
    staging = at_city(location, f"{name.encode()[:40].decode(errors='ignore')}_restoring_{os.getpid()}")
    try:
        yield staging
        rename_city(staging, name)
    except BaseException:
        drop_city(staging)
        raise


@contextmanager
def _staged_folder(folder: Path) -> Iterator[str]:
    if folder.exists() and (not folder.is_dir() or any(folder.iterdir())):
        raise Conflict("there is something here already", fix="Restore into a new or empty folder", folder=str(folder))
    staging = folder.absolute().with_name(f".{folder.absolute().name}.restoring-{os.getpid()}")
    try:
        yield str(staging)
        if folder.exists():
            folder.rmdir()
        staging.rename(folder)
    except BaseException:
        shutil.rmtree(staging, ignore_errors=True)
        raise
