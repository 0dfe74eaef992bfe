"""What a reader hands over: batches of assets in one CRS, links, and what was wrong with the file.

Readers convert units to SI and never raise for a bad row; they add a finding and go on. They stream: `batches` may be a
generator, and `links` and `findings` are complete only after it is exhausted.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Literal

import pyarrow as pa

from .finding import Findings
from .spec import Catalog


@dataclass(slots=True)
class Batch:
    """Rows of one kind.

    table   columns named as in `tables.asset_schema(kind)`; absent ones are null; others go to `extra`
    rows    1-based row numbers in the file, one per table row, for findings
    """

    kind: str
    table: pa.Table
    rows: Any = None


@dataclass(slots=True)
class ReadRequest:
    """How to read one file.

    catalog    declarations to read towards
    crs        what the person said the file's coordinates are ("EPSG:n", "local:m", "local:ft"), or None
    mapping    the parsed TOML mapping, or None
    encoding   forced text encoding, or None to detect
    only       read only these kinds, or None for all
    """

    catalog: Catalog
    crs: str | None = None
    mapping: Mapping[str, Any] | None = None
    encoding: str | None = None
    only: frozenset[str] | None = None
    chunk_rows: int = 100_000
    parameters: dict[str, Any] = field(default_factory=dict)


LINK_PLACE = pa.schema([("row", pa.int64()), ("from_field", pa.string()), ("to_field", pa.string())])
"""Where a delivered link stands in its file, for findings about its ends: row as in `finding.FINDING_SCHEMA`, and the headings of its two ends."""


@dataclass(slots=True)
class Delivery:
    """One file as read.

    crs      CRS found in the file, or None; the person's `--crs` wins over it with a finding when they differ
             coordinates are x east, y north: readers swap axes themselves when the format says so
    links    columns of `tables.LINK`, and of `LINK_PLACE` where the reader knows them; filled while batches are read
    facts    things about the file worth showing (version, options, counts)
    """

    format: str
    batches: Iterable[Batch]
    crs: str | None = None
    links: list[pa.Table] = field(default_factory=list)
    findings: Findings = field(default_factory=Findings)
    facts: dict[str, Any] = field(default_factory=dict)
    rasters: list[Path] = field(default_factory=list)


@dataclass(frozen=True, slots=True)
class Format:
    """A file format that can be read, written or both.

    name        short name for `--as`, e.g. "epanet"
    suffixes    file name endings in lower case, e.g. (".inp",)
    sniff       f(path, head bytes) -> score 0..1; settles endings that several formats share; must not raise
    read        f(path, request) -> Delivery
    write       f(city, path, kinds, as_of) -> facts; writes to a temporary name and renames
    domain      the sector whose format it is, set by the catalog; empty for shared formats
    """

    name: str
    title: str
    title_zh: str
    suffixes: tuple[str, ...]
    sniff: Callable[[Path, bytes], float]
    read: Callable[[Path, ReadRequest], Delivery] | None = None
    write: Callable[..., dict[str, Any]] | None = None
    domain: str = ""


@dataclass(frozen=True, slots=True)
class Plot:
    """A figure of a report, drawn from one of the answer's tables.

    kind     "line", "step", "bar", "barh" or "map" (x and y are coordinates, `colour` a column)
    x, y     columns; several y make several lines
    band     pairs of columns (low, high) shaded behind the lines, e.g. (("p05", "p95"),)
    by       column whose values make separate lines
    x_label, y_label  with unit
    """

    title: str
    title_zh: str
    table: str
    x: str
    y: tuple[str, ...]
    kind: Literal["line", "step", "bar", "barh", "map"] = "line"
    band: tuple[tuple[str, str], ...] = ()
    by: str = ""
    colour: str = ""
    x_label: str = ""
    y_label: str = ""


@dataclass(frozen=True, slots=True)
class Answer:
    """What a capability returns: JSON-able summary, tables by name, findings, events to append, and plots for the report."""

    summary: dict[str, Any]
    tables: dict[str, pa.Table] = field(default_factory=dict)
    findings: Findings | None = None
    events: tuple[dict[str, Any], ...] = ()
    status: Literal["done", "diverged"] = "done"
    plots: tuple[Plot, ...] = ()


def single(kind: str, table: pa.Table, rows: Any = None) -> Iterator[Batch]:
    """An iterator of one batch, for readers of small files."""
    yield Batch(kind, table, rows)
