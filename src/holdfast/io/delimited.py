"""Delimited text of unknown encoding and separator, streamed as Arrow tables of text columns."""

from __future__ import annotations

import codecs
import csv
import io
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa

from holdfast.model.errors import Invalid
from holdfast.model.finding import Findings

from . import text
from .opening import AGAIN, looks_like, reading, require_file

_SAMPLE = 1 << 16
_BLOCK = 1 << 18  # small, because the reader works some dozens of blocks ahead
_VALUE = 1 << 22  # room for one quoted value of several lines
_PIECE = 1 << 16
_ROWS = 20_000
_DELIMITERS = (",", "\t", ";", "|")


@dataclass(slots=True)
class Table:
    """An open table: headings, and rows as they are asked for.

    bad     file rows that have too many or too few values, with how many they should have and have
    open    the last of them in which a quotation mark is not closed
    """

    path: Path
    encoding: text.Encoding
    delimiter: str
    skip: int
    columns: list[str]
    headings: list[str]
    bad: list[tuple[int, int, int]] = field(default_factory=list)
    open: int = 0
    rows: int = 0

    def pieces(self, findings: Findings) -> Iterator[tuple[pa.Table, np.ndarray]]:
        """Tables of text columns, each with the numbers of its rows in the file (the heading is row 1)."""
        from pyarrow import csv as arrow_csv

        clean = self.encoding.clean
        quoted, block = self._layout()
        name = "utf8" if clean else self.encoding.name if self.encoding.name == "utf-16" else text.RAW
        read = arrow_csv.ReadOptions(
            use_threads=False, block_size=block, skip_rows=self.skip + 1, column_names=self.headings, encoding=name
        )  # fmt: skip
        parse_options = arrow_csv.ParseOptions(delimiter=self.delimiter, newlines_in_values=quoted, invalid_row_handler=self._invalid)
        convert = arrow_csv.ConvertOptions(
            column_types={n: pa.string() for n in self.headings}, strings_can_be_null=True, null_values=[""], quoted_strings_can_be_null=False,
            check_utf8=clean,
        )  # fmt: skip
        first = self.skip + 2
        last, at = b"", 0
        try:
            with self._reading(first):
                stream = arrow_csv.open_csv(self.path, read, parse_options, convert)
        except Invalid as error:
            if "Empty CSV file" in error.message:
                return
            raise
        while True:
            with self._reading(first + self.rows):
                blocks = _some(stream)
                if not blocks:
                    break
                rows = self._numbers(first, sum(block.num_rows for block in blocks))
                table = self._named(pa.Table.from_batches(blocks), findings, rows)
            if table.num_rows:
                last, at = (table.column(-1)[-1].as_py() or "").encode(), int(rows[-1])
                yield table, rows
            self.rows += table.num_rows
        if _has_break(last) and not _ends_quoted(self.path):  # the value took in all lines to the end
            raise self._not_closed(at)
        self._report(findings)

    @contextmanager
    def _reading(self, row: int) -> Iterator[None]:
        """As `reading`; a value without end is named as what it is."""
        try:
            with reading(self.path, "table", row=row):
                yield
        except Invalid as error:
            if "straddling" not in error.message:
                raise
            raise self._not_closed(row, f", or a value of several lines is longer than {_VALUE >> 20} MiB") from error

    def _not_closed(self, row: int, other: str = "") -> Invalid:
        return Invalid(f"a quotation mark from here on is not closed{other}", fix="Close it, or write it twice if it is part of the value", file=str(self.path), row=row)

    def _numbers(self, first: int, count: int) -> np.ndarray:
        """File rows of the next `count` good rows; bad ones before and between them are counted too, as they are met ahead."""
        place = np.arange(self.rows, self.rows + count)
        bad = np.array(sorted({row for row, _, _ in self.bad}), np.int64)
        return first + place + np.searchsorted(bad - first - np.arange(len(bad)), place, side="right")

    def _named(self, table: pa.Table, findings: Findings, rows: np.ndarray) -> pa.Table:
        arrays = []
        for name, chunked in zip(self.columns, table.columns, strict=True):
            if not self.encoding.clean and self.encoding.name != "utf-16":
                chunked, met = text.decode_column(chunked, self.encoding.name)
                if self.encoding.mixed and "utf-8" in met:
                    at = met["utf-8"]
                    findings.add_rows(
                        "import.mixed_encoding", "warning", f"the value is UTF-8 in a file that is otherwise {self.encoding.name}; it was decoded on its own",
                        kind="", ids=[None] * len(at), column=name, values=chunked.take(pa.array(at)).to_pylist(), file=self.path.name,
                        rows=rows[at], fix="Save the whole file in UTF-8",
                    )  # fmt: skip
            arrays.append(chunked)
        return pa.table(arrays, names=self.columns)

    def _layout(self) -> tuple[bool, int]:
        """Whether any value is quoted, and the size of blocks in bytes: a row may reach into the next block, not beyond it.

        Blocks hold the longest line, and the longest value of several lines up to `_VALUE`; no more, because a mark of
        inches or one that is not closed looks like the begin of such a value.
        """
        quoted, inside = False, 0
        line = value = longest_line = longest_value = 0  # in pieces without a line end, and without one outside quotes
        wide = codecs.getincrementaldecoder("utf-16")("replace") if self.encoding.name == "utf-16" else None
        with self.path.open("rb") as stream:
            while piece := stream.read(_PIECE):
                parts = (wide.decode(piece).encode("utf-8", "replace") if wide else piece).split(b'"')
                value = 0 if any(map(_has_break, parts[inside::2])) else value + 1
                line = 0 if value == 0 or any(map(_has_break, parts)) else line + 1
                longest_line, longest_value = max(longest_line, line), max(longest_value, value)
                quoted, inside = quoted or len(parts) > 1, inside ^ (len(parts) - 1) & 1
        widened = 1 if self.encoding.clean else 2  # a byte of another encoding may take two as UTF-8
        line, value = ((longest + 2) * _PIECE * widened for longest in (longest_line, longest_value))
        return quoted, max(_BLOCK, line, min(value, _VALUE))

    def _invalid(self, row: Any) -> str:
        self.bad.append((int(row.number or 0), row.expected_columns, row.actual_columns))
        if row.text.count('"') % 2 and _has_break(row.text.encode().strip()):
            self.open = self.bad[-1][0]
        return "skip"

    def _report(self, findings: Findings) -> None:
        """Say which rows did not have as many values as the heading; when it is the last, the file is cut short."""
        bad = sorted(set(self.bad))
        if not bad:
            return
        last, expected, actual = bad[-1]
        is_end = last >= self.skip + 1 + self.rows + len(bad)
        if is_end and last == self.open:
            raise self._not_closed(last)
        if is_end and actual < expected and not _ends_line(self.path):
            raise Invalid(f"the last row has {actual} of {expected} values; the file is cut short", fix=AGAIN, file=str(self.path), row=last)
        findings.add_rows(
            "import.bad_row", "error", "the row does not have as many values as the heading; it was left out", kind="", ids=[None] * len(bad), file=self.path.name,
            rows=np.array([row for row, _, _ in bad]), values=[f"{actual} values, heading has {expected}" for _, expected, actual in bad],
            fix="Put values that hold the separator into quotes",
        )  # fmt: skip


def _some(stream: Any) -> list[pa.RecordBatch]:
    """The next blocks of a stream, enough for a piece worth working on; none at the end."""
    blocks: list[pa.RecordBatch] = []
    rows = 0
    while rows < _ROWS:
        try:
            blocks.append(stream.read_next_batch())
        except StopIteration:
            break
        rows += blocks[-1].num_rows
    return blocks


def _has_break(value: bytes) -> bool:
    return b"\n" in value or b"\r" in value


def _ends_line(path: Path) -> bool:
    with path.open("rb") as stream:
        stream.seek(-1, 2)
        return stream.read(1) in b"\r\n"


def _ends_quoted(path: Path) -> bool:
    """Whether the last value of a file, if it is quoted, is closed."""
    with path.open("rb") as stream:
        stream.seek(-min(_PIECE, path.stat().st_size), 2)
        return stream.read().rstrip(b" \t\r\n\x00").endswith(b'"')


def open_table(path: Path, *, encoding: str | None = None, delimiter: str | None = None, skip: int = 0) -> Table:
    """Look at a table: encoding, separator and headings.

    raises    Invalid if it is empty, binary, or has no heading
    """
    head = require_file(path)
    found = text.detect(path, encoding)
    if b"\x00" in head and found.name != "utf-16":
        looks = looks_like(head)
        raise Invalid(f"this is no text table{f'; it looks like {looks}' if looks else ''}", fix="Save it as CSV, or name the format with --as", file=str(path))
    sample = _sample(path, found, skip)
    chosen = delimiter or detect_delimiter(sample)
    try:
        headings = next(csv.reader(io.StringIO(sample), delimiter=chosen), [])
    except (csv.Error, TypeError) as error:
        raise Invalid(f"the heading cannot be read: {error}", fix="Check the separator; state it with delimiter in a mapping", file=str(path), row=skip + 1) from error
    if not any(heading.strip() for heading in headings):
        raise Invalid("the table has no heading", fix="Put the column names into the first row", file=str(path), row=skip + 1)
    columns, seen = [], set()
    for place, heading in enumerate(headings, 1):
        name, number = heading.strip() or f"column_{place}", 2
        while name in seen:
            name, number = f"{heading.strip()}_{number}", number + 1
        seen.add(name)
        columns.append(name)
    return Table(path, found, chosen, skip, columns, [f"c{i}" for i in range(len(columns))])


def _sample(path: Path, found: text.Encoding, skip: int) -> str:
    with path.open("rb") as stream:
        raw = stream.read(_SAMPLE)
    if found.name == "utf-16":
        body = raw.decode("utf-16", "ignore")
    elif found.clean:
        body = raw.decode("utf-8-sig", "ignore")
    else:
        body = "".join(text.decode(line, found.name)[0] for line in raw.splitlines(keepends=True))
    rows = body.splitlines(keepends=True)
    return "".join(rows[skip:])


def detect_delimiter(sample: str) -> str:
    """The separator that splits most rows of a sample into the same number of values."""
    best, score = ",", 0.0
    for candidate in _DELIMITERS:
        try:
            widths = [len(row) for row, _ in zip(csv.reader(io.StringIO(sample), delimiter=candidate), range(200), strict=False) if row]
        except csv.Error:
            continue
        if not widths or widths[0] < 2:
            continue
        agreement = sum(width == widths[0] for width in widths) / len(widths)
        if agreement * min(widths[0], 30) > score:
            best, score = candidate, agreement * min(widths[0], 30)
    return best
