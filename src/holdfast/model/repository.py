"""The narrow interface that every store of city facts implements; one contract suite runs on all of them."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from contextlib import AbstractContextManager
from dataclasses import dataclass
from typing import Any, Protocol

import pyarrow as pa

from .spec import Kind
from .time import Instant

BBox = tuple[float, float, float, float]  # min x, min y, max x, max y in city coordinates [m]


@dataclass(frozen=True, slots=True)
class AsOf:
    """What held at `valid`, as the city knew it at `known`."""

    valid: Instant
    known: Instant


class Writer(Protocol):
    """One transaction. All rows written through it carry the same `recorded_at`."""

    stamp: Instant

    def append(self, kind: Kind, table: pa.Table, valid_from: Instant) -> int:
        """Append new facts (columns of `asset_schema(kind)`). raises Conflict if an id is open already."""

    def close(self, kind: Kind, ids: Sequence[str], valid_to: Instant) -> int:
        """End open facts at `valid_to`; where that is not after their start they never held (a correction)."""

    def append_links(self, table: pa.Table, valid_from: Instant) -> int: ...

    def close_links(self, ids: Sequence[str], valid_to: Instant, relation: str | None = None) -> int:
        """End open links from or to any of `ids`."""

    def put_setting(self, row: dict[str, Any]) -> int:
        """Append a version of a setting and return its number. Columns of SETTING less version and recorded_at."""

    def append_event(self, row: dict[str, Any]) -> str:
        """Append to the hash chain and return the new hash. Columns time, type, subject, actor, cause, payload."""

    def append_run(self, row: dict[str, Any]) -> None: ...

    def append_results(self, table: pa.Table) -> int: ...

    def put_file(self, name: str, content: bytes) -> None:
        """Keep a file (raster, run result) under a name such as "results/<run>/findings.parquet"."""

    def set_meta(self, key: str, value: str) -> None: ...

    def savepoint(self) -> AbstractContextManager[None]:
        """Everything inside is undone if it raises; the transaction goes on."""


class Repository(Protocol):
    """A city's store. Reads see a consistent snapshot of the last commit."""

    @property
    def url(self) -> str:
        """Where the city is: folder or database URL."""

    def write(self) -> AbstractContextManager[Writer]:
        """The only way to write: commit on leaving, nothing on an exception.

        raises    Conflict if another writer is at work
        """

    def close(self) -> None: ...

    def meta(self) -> dict[str, str]: ...

    def kinds(self) -> list[str]:
        """Names of kinds that have a table, whether or not rows are open."""

    def counts(self, as_of: AsOf | None = None) -> dict[str, int]:
        """Number of facts by kind, now or as of; kinds without any are absent."""

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
        """Facts of a kind: columns of `asset_schema(kind, derived=True, times=True)`, or those asked for."""

    def read_batches(self, kind: Kind, *, columns: Sequence[str] | None = None, as_of: AsOf | None = None, rows: int = 100_000) -> Iterator[pa.Table]:
        """As `read`, in pieces, for what does not fit into memory."""

    def bounds(self, kind: Kind) -> tuple[pa.Array, Any]:
        """Ids of open facts with a geometry, and their bounds (n, 4) as float64."""

    def history(self, kind: Kind, asset_id: str) -> pa.Table:
        """Every version of one asset, oldest record first, with the four time columns."""

    def links(
        self,
        *,
        from_ids: Sequence[str] | None = None,
        to_ids: Sequence[str] | None = None,
        relation: str | None = None,
        as_of: AsOf | None = None,
    ) -> pa.Table:
        """Links: LINK columns plus the four time columns."""

    def settings(self, key: str | None = None) -> pa.Table: ...

    def events(self, *, subject: str | None = None, type: str | None = None) -> pa.Table: ...

    def runs(self, run_id: str | None = None) -> pa.Table: ...

    def results(self, run_id: str) -> pa.Table: ...

    def get_file(self, name: str) -> bytes: ...

    def files(self) -> list[str]: ...

    def dump(self) -> Iterator[tuple[str, Iterable[pa.Table]]]:
        """Every table with every version, for backup: (table name, pieces) inside one snapshot."""

    def load(self, name: str, pieces: Iterable[pa.Table], kind: Kind | None) -> None:
        """Fill one table of an empty store from a dump."""

    def upgrade(self) -> list[str]:
        """Bring an older schema forward; names of the steps taken."""
