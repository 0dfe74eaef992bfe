"""Tables of a survey in memory: which they are, their known columns, and the numbers and text in them."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from holdfast.model.delivery import Delivery, ReadRequest
from holdfast.model.errors import Invalid

from . import values
from .delimited import open_table
from .opening import AGAIN
from .rules import Rules
from .survey_words import BOTH_COLUMNS, LINE_COLUMNS, POINT_COLUMNS, find_columns


@dataclass(slots=True)
class Sheet:
    """One table in memory. what: "point" or "line"; group: its name without the word for point or line; rows: (n,) rows of the file."""

    path: Path
    what: str
    group: str
    table: pa.Table
    columns: dict[str, str]
    rows: np.ndarray

    @property
    def count(self) -> int:
        return self.table.num_rows

    def text(self, name: str) -> pa.ChunkedArray:
        """A known column, trimmed, empty text as null; all null when the table lacks it."""
        if name not in self.columns:
            return pa.chunked_array([pa.nulls(self.count, pa.string())])
        column = pc.utf8_trim_whitespace(self.table[self.columns[name]])
        return pc.if_else(pc.equal(column, ""), pa.scalar(None, pa.string()), column)

    def number(self, name: str) -> np.ndarray:
        """A known column as numbers, NaN where there is none."""
        return values.to_number(self.text(name)).column.to_numpy()


def table_files(path: Path) -> list[Path]:
    """The text tables of a folder, or the one file."""
    if path.is_file():
        return [path]
    return sorted(p for p in path.iterdir() if p.is_file() and p.suffix.lower() in {".csv", ".tsv", ".txt"} and not p.name.startswith("."))


def open_sheet(path: Path, request: ReadRequest, rules: Rules, delivery: Delivery) -> Sheet | None:
    """A table as text, or None when its headings are not those of a survey."""
    table = open_table(path, encoding=request.encoding or rules.encoding)
    what, columns = classify(table.columns)
    if what is None:
        return None
    if not table.encoding.clean:
        word = "partly UTF-8, partly " if table.encoding.mixed else ""
        delivery.findings.add("import.encoding", "warning" if word else "info", f"the file is {word}{table.encoding.name}; it was converted", file=path.name,
                              row=table.encoding.line, value=table.encoding.name, fix="Save it in UTF-8")  # fmt: skip
    pieces = list(table.pieces(delivery.findings))
    if not pieces:
        raise Invalid("the table has a heading and no rows", fix=AGAIN, file=str(path))
    return Sheet(path, what, group_of(path.stem), pa.concat_tables([piece for piece, _ in pieces]), columns, np.concatenate([rows for _, rows in pieces]))


def classify(headings: list[str]) -> tuple[str | None, dict[str, str]]:
    """Whether headings are those of a "point" or "line" table, and which heading is which known column."""
    line = find_columns(headings, LINE_COLUMNS | BOTH_COLUMNS)
    if {"start", "end"} <= set(line):
        return "line", line
    point = find_columns(headings, POINT_COLUMNS | BOTH_COLUMNS)
    if {"x", "y"} <= set(point) and {"map_number", "field_number"} & set(point):
        return "point", point
    return None, {}


def group_of(stem: str) -> str:
    """What is left of a file name without the words for point and line tables: the delivery both belong to."""
    for word in ("管点表", "管线表", "点表", "线表", "管点", "管线", "点", "线", "points", "lines", "point", "line", "表"):
        stem = stem.replace(word, "").replace(word.upper(), "").replace(word.capitalize(), "")
    return stem.strip(" _-").casefold()


def sniff(path: Path, head: bytes) -> float:
    """Headings of a point or line table; a folder that holds one."""
    try:
        if path.is_dir():
            return max((0.85 * bool(sniff(p, p.open("rb").read(4096))) for p in table_files(path)[:20]), default=0.0)
        if path.suffix.lower() not in {".csv", ".tsv", ".txt"} or not head.strip():
            return 0.0
        what, columns = classify(open_table(path).columns)
    except Exception:
        return 0.0
    words = {"feature", "attachment", "ground_elevation", "field_number", "from_depth", "to_depth", "from_elevation", "section", "laying"} & set(columns)
    return 0.9 if what and len(words) >= 2 and not "".join(columns.values()).isascii() else 0.6 if what and len(words) >= 3 else 0.0
