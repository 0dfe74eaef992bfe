"""Reading a backup that may be damaged or hostile: nothing is unpacked to disk, every member is checked before it is used."""

from __future__ import annotations

import hashlib
import json
import tarfile
from collections.abc import Iterator
from pathlib import Path
from types import TracebackType
from typing import IO, Any

import pyarrow as pa
import pyarrow.parquet as pq

from holdfast.model.errors import Invalid, NotFound

from .fact_rows import plain_name

FORMAT, VERSION, MANIFEST = "holdfast-backup", 1, "manifest.json"
_MANIFEST_BYTES = 64 << 20
_GROUP_ROWS, _GROUP_BYTES = 1_000_000, 4 << 30  # far above what `backup` writes into one row group
_UNPACKED_RATIO, _UNPACKED_FREE = 1000, 1 << 30
_BATCH = 20_000
_FIX = "Use another backup: this one is damaged or was not made by Holdfast"


class ArchiveReader:
    """An open backup. `manifest` is checked against the members; `verify` checks their content."""

    def __init__(self, path: Path) -> None:
        self.path = path
        if not path.is_file():
            raise NotFound("there is no such backup", fix="Check the path", file=str(path))
        try:
            self._tar = tarfile.open(path, "r:")  # noqa: SIM115 (closed in __exit__)
        except (tarfile.TarError, OSError) as error:
            raise Invalid(f"the file is no backup: {error}", fix=_FIX, file=str(path)) from error
        try:
            self._members = self._list()
            self.manifest = self._read_manifest()
            self._match()
        except BaseException:
            self._tar.close()
            raise

    def __enter__(self) -> ArchiveReader:
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None) -> None:
        self._tar.close()

    def _wrong(self, member: str, what: str) -> Invalid:
        return Invalid(f"{member} in the backup {what}", fix=_FIX, file=str(self.path), member=member)

    def _list(self) -> dict[str, tarfile.TarInfo]:
        """Members by name. Only plain files under plain relative names are accepted."""
        found: dict[str, tarfile.TarInfo] = {}
        size = self.path.stat().st_size
        last = "the beginning"
        while True:
            try:
                member = self._tar.next()
            except (tarfile.TarError, OSError, ValueError) as error:
                raise self._wrong(last, f"is the last member that can be read; the rest is cut off or damaged ({error})") from error
            if member is None:
                return found
            last = member.name
            if member.type not in (tarfile.REGTYPE, tarfile.AREGTYPE) or member.sparse is not None:
                raise self._wrong(last, "is no plain file")
            try:
                plain_name(last)
            except Invalid as error:
                raise self._wrong(repr(last), "has a name that leads elsewhere") from error
            if last in found:
                raise self._wrong(last, "is there twice")
            if member.offset_data + member.size > size:
                raise self._wrong(last, "is cut off")
            found[last] = member

    def _open(self, member: str) -> IO[bytes]:
        stream = self._tar.extractfile(self._members[member])
        assert stream is not None  # only directories and devices have no content
        return stream

    def _read_manifest(self) -> dict[str, Any]:
        member = self._members.get(MANIFEST)
        if member is None:
            raise self._wrong(MANIFEST, "is missing: the backup is incomplete")
        if member.size > _MANIFEST_BYTES:
            raise self._wrong(MANIFEST, "is far too large")
        try:
            manifest: dict[str, Any] = json.loads(self._open(MANIFEST).read())
            if manifest["format"] != FORMAT:
                raise ValueError(f"format {manifest['format']!r}")
            version, meta = int(manifest["version"]), manifest["meta"]
            if not all(isinstance(key, str) and isinstance(value, str) for key, value in meta.items()) or "crs" not in meta:
                raise ValueError("the facts about the city are not texts")
            for entry in (*manifest["tables"], *manifest["files"]):
                checked = {"name": str, "member": str, "bytes": int, "sha256": str} | ({"rows": int, "content": str} if "content" in entry else {})
                if any(type(entry[key]) is not kind for key, kind in checked.items()):
                    raise ValueError(f"the entry of {entry['member']!r} is malformed")
        except (ValueError, KeyError, TypeError, AttributeError, RecursionError) as error:
            raise self._wrong(MANIFEST, f"cannot be understood: {error}") from error
        if version > VERSION:
            raise Invalid(f"the backup has version {version}, this Holdfast knows up to {VERSION}", fix="Install a newer Holdfast", file=str(self.path))
        return manifest

    def _match(self) -> None:
        named = {MANIFEST}
        for entry in (*self.manifest["tables"], *self.manifest["files"]):
            member = self._members.get(entry["member"])
            if member is None:
                raise self._wrong(entry["member"], "is missing")
            if member.size != entry["bytes"]:
                raise self._wrong(entry["member"], f"has {member.size} bytes instead of {entry['bytes']}")
            named.add(entry["member"])
        for name in self._members:
            if name not in named:
                raise self._wrong(name, "is not in the list of contents")

    def verify(self) -> None:
        """Compare the SHA-256 of every member with the list of contents. raises Invalid naming the member that differs"""
        for entry in (*self.manifest["tables"], *self.manifest["files"]):
            digest = hashlib.sha256()
            try:
                with self._open(entry["member"]) as stream:
                    while block := stream.read(1 << 20):
                        digest.update(block)
            except (tarfile.TarError, OSError) as error:
                raise self._wrong(entry["member"], f"cannot be read: {error}") from error
            if digest.hexdigest() != entry["sha256"]:
                raise self._wrong(entry["member"], "was changed after the backup was made")

    def file(self, entry: dict[str, Any]) -> bytes:
        """The content of a kept file."""
        with self._open(entry["member"]) as stream:
            return stream.read()

    def pieces(self, entry: dict[str, Any]) -> Iterator[pa.Table]:
        """The rows of a table. raises Invalid if they are no Parquet, or unpack to far more than a table would"""
        member = entry["member"]
        unpacked, rows = 0, 0
        try:
            with self._open(member) as stream, pq.ParquetFile(stream) as parquet:
                self._check_groups(member, parquet.metadata)
                for batch in parquet.iter_batches(batch_size=_BATCH):
                    unpacked += batch.nbytes
                    rows += batch.num_rows
                    if unpacked > _UNPACKED_RATIO * entry["bytes"] + _UNPACKED_FREE or rows > entry["rows"]:
                        raise self._wrong(member, "unpacks to far more than it should")
                    yield pa.Table.from_batches([batch])
        except (pa.ArrowException, OSError, tarfile.TarError, MemoryError) as error:
            raise self._wrong(member, f"is no readable table: {error}") from error
        if rows != entry["rows"]:
            raise self._wrong(member, f"has {rows} rows instead of {entry['rows']}")

    def _check_groups(self, member: str, metadata: pq.FileMetaData) -> None:
        for index in range(metadata.num_row_groups):
            group = metadata.row_group(index)
            if group.num_rows > _GROUP_ROWS or not 0 <= group.total_byte_size <= _GROUP_BYTES:
                raise self._wrong(member, "unpacks to far more than it should")
