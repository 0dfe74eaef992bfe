"""Text files of [SECTIONS] with columns, as EPANET and SWMM use: reading with line numbers, exact numbers, safe writing."""

from __future__ import annotations

import math
import os
from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa

from holdfast.model.delivery import Batch
from holdfast.model.errors import Invalid, NotFound
from holdfast.model.finding import Findings
from holdfast.model.spec import Kind
from holdfast.model.tables import asset_schema

from . import text as encodings

_BINARY = b"\x00"


@dataclass(slots=True)
class Line:
    """One data line.

    number   1-based line of the file
    tokens   columns, quotes removed
    comment  what followed the semicolon
    text     the line as written, without comment and surrounding blanks
    note     full-line comment directly above
    """

    number: int
    tokens: list[str]
    comment: str
    text: str
    note: str = ""


@dataclass(slots=True)
class Sections:
    """A file cut into sections.

    lines    data lines by canonical section name; sections that occur twice are joined
    unknown  data lines of sections that nobody knows, by name as written
    ended    True when the file has an [END] mark
    last     canonical name of the last section, or None
    cut      True when the file does not end with a line end
    """

    path: Path
    lines: dict[str, list[Line]] = field(default_factory=dict)
    unknown: dict[str, list[Line]] = field(default_factory=dict)
    encoding: str = "utf-8"
    ended: bool = False
    last: str | None = None
    cut: bool = False
    count: int = 0

    def of(self, name: str) -> list[Line]:
        return self.lines.get(name, [])


def read_sections(
    path: Path, known: Mapping[str, str], findings: Findings, *, encoding: str | None = None, separators: str = "", kind: str = ""
) -> Sections:
    """Cut a file into sections.

    known       beginning of a section name in upper case, without bracket -> canonical name
    separators  characters other than blank and tab that separate columns
    raises      NotFound, Invalid if the file cannot be such a text file
    """
    content, codec = _decoded(path, encoding, findings, kind)
    out = Sections(path, encoding=codec, cut=bool(content) and not content.endswith(("\n", "\r")))
    target: list[Line] | None = None
    note = ""
    for number, raw in enumerate(content.replace("\r\n", "\n").replace("\r", "\n").split("\n"), 1):
        line = raw.strip(" \t\x1a\f")
        out.count = number
        if not line:
            note = ""
            continue
        if line[0] == ";":
            note = "" if line.startswith(";;") or line[1:4].upper().strip() == "ID" else line[1:].strip()  # editors write headings so
            continue
        if line[0] == "[":
            title = line[1:].partition("]")[0].strip()
            name = canonical(title, known)
            if name == "END":
                out.ended = True
            if out.ended and name is not None:  # engines stop here; only what they do not know may follow
                target, note = [], ""
                continue
            if name is None:
                findings.add(
                    "import.unknown_section", "warning", f"section [{title}] is unknown; its lines are kept as they are", kind=kind, value=title,
                    fix="Correct the name of the section if it is misspelt", file=path.name, row=number,
                )  # fmt: skip
            target = out.lines.setdefault(name, []) if name else out.unknown.setdefault(title, [])
            out.last, note = name, ""
            continue
        if target is None:
            findings.add("import.stray_line", "warning", "a line stands before the first section", kind=kind, value=line,
                         fix="Move it into a section or make it a comment", file=path.name, row=number)  # fmt: skip
            continue
        target.append(_line(number, line, separators, note))
        note = ""
    if not out.lines and not out.unknown:
        raise Invalid("the file has no [SECTION]", fix="Check that it is a model file and complete", file=path.name)
    return out


def headings(path: Path, head: bytes, limit: int = 1 << 24) -> set[str]:
    """Names in brackets, upper case, in `head` and, where that is not the whole file, up to `limit` bytes of it; never raises."""
    try:
        with Path(path).open("rb") as stream:
            head = stream.read(limit)
    except OSError:
        pass
    found = set()
    for line in head.splitlines():
        bare = line.strip()
        if bare.startswith(b"[") and b"]" in bare:
            found.add(bare[1 : bare.index(b"]")].decode("latin-1").strip().upper())
    return found


def canonical(title: str, known: Mapping[str, str]) -> str | None:
    """The canonical name of a section as written, by its beginning."""
    upper = title.upper()
    return next((name for beginning, name in known.items() if upper.startswith(beginning)), None)


def _line(number: int, line: str, separators: str, note: str) -> Line:
    comment = ""
    if ";" in line:
        place = _comment_at(line)
        if place >= 0:
            comment = line[place + 1 :].strip("; \t")
            line = line[:place].rstrip()
    return Line(number, split(line, separators), comment, line, note)


def _comment_at(line: str) -> int:
    quoted = False
    for place, character in enumerate(line):
        if character == '"':
            quoted = not quoted
        elif character == ";" and not quoted:
            return place
    return line.find(";") if quoted else -1


def split(line: str, separators: str = "") -> list[str]:
    """Columns of a line; text in double quotes is one column."""
    if '"' not in line:
        for character in separators:
            line = line.replace(character, " ")
        return line.split()
    tokens: list[str] = []
    for place, part in enumerate(line.split('"')):
        if place % 2:
            tokens.append(part)
        else:
            for character in separators:
                part = part.replace(character, " ")
            tokens += part.split()
    return tokens


def quoted(token: str) -> str:
    """A column as it must be written: in quotes when it is empty or holds a blank or semicolon."""
    return f'"{token}"' if not token or any(c in token for c in ' \t;,"') else token


def _decoded(path: Path, encoding: str | None, findings: Findings, kind: str) -> tuple[str, str]:
    try:
        raw = path.read_bytes()
    except FileNotFoundError:
        raise NotFound("there is no such file", file=path.name) from None
    except OSError as error:
        raise Invalid(f"the file cannot be read: {error.strerror}", file=path.name) from error
    if raw.startswith((b"\xff\xfe", b"\xfe\xff")):
        return raw.decode("utf-16", errors="replace"), "utf-16"
    if _BINARY in raw[:65536]:
        raise Invalid("the file is not text", fix="Give the model file itself, not a result or archive", file=path.name)
    if raw.startswith(b"\xef\xbb\xbf"):
        raw = raw[3:]
    try:
        return raw.decode("utf-8"), "utf-8"
    except UnicodeDecodeError:
        found = encodings.detect(path, encoding)
    lines = []
    for line in raw.splitlines(keepends=True):
        lines.append(encodings.decode(line, found.name)[0])
    findings.add("import.encoding", "info", f"text read as {found.name}{' and UTF-8' if found.mixed else ''}", kind=kind, value=found.name,
                 fix="Name the encoding if letters look wrong", file=path.name, row=found.line)  # fmt: skip
    return "".join(lines), found.name


def batch(kind: Kind, rows: list[dict[str, Any]]) -> Batch:
    """Rows of one kind from dictionaries; key "row" is the line of the file, other undeclared keys become further columns."""
    declared = {f.name: f.type for f in asset_schema(kind)}
    names = dict.fromkeys(name for row in rows for name in row if name != "row")
    arrays = {}
    for name in names:
        values = [row.get(name) for row in rows]
        if declared.get(name) == pa.int64() and any(isinstance(v, int) and not -(2**63) <= v < 2**63 for v in values):
            arrays[f"delivered_{name}"] = pa.array([None if v is None else str(v) for v in values], pa.string())  # kept beside: no such number can be meant
            values = [v if v is None or -(2**63) <= v < 2**63 else None for v in values]
        arrays[name] = pa.array(values, declared[name]) if name in declared else pa.array([None if v is None else str(v) for v in values], pa.string())
    return Batch(kind.name, pa.table(arrays), np.array([row["row"] for row in rows], np.int64))


def batches(found: Mapping[str, list[dict[str, Any]]], kinds: Mapping[str, Kind], shapes: Mapping[str, pa.Array], only: Collection[str] | None) -> list[Batch]:
    """A batch of each kind that is wanted: found  rows by kind; shapes  geometry of those kinds that have any; only  names of kinds, None for all."""
    made = []
    for name, rows in found.items():
        if only is None or name in only:
            made.append(batch(kinds[name], rows))
            if name in shapes:
                made[-1].table = made[-1].table.append_column("geometry", shapes[name])
    return made


def number(token: str) -> float | None:
    """The finite number a column holds, or None."""
    try:
        value = float(token)
    except ValueError:
        return None
    return value if math.isfinite(value) and "_" not in token else None


def plain(value: float) -> str:
    """The shortest decimal within two rounding steps of `value`: undoes what converting units there and back adds."""
    short = f"{value:.15g}"
    if abs(float(short) - value) <= 2 * math.ulp(value):
        return short
    return repr(float(value))


def columns(rows: Iterable[Iterable[str]]) -> list[str]:
    """Lines of aligned columns."""
    kept = [list(row) for row in rows]
    if not kept:
        return []
    count = max(len(row) for row in kept)
    width = [max((len(row[at]) for row in kept if at < len(row)), default=0) for at in range(count)]
    return [" ".join(cell.ljust(width[at]) for at, cell in enumerate(row)).rstrip() for row in kept]


def replace_file(path: Path, content: bytes) -> None:
    """Write a file whole or not at all: to a hidden sibling, then renamed."""
    path = Path(path)
    sibling = path.with_name(f".{path.name}.{os.getpid()}.part")
    try:
        with sibling.open("wb") as stream:
            stream.write(content)
            stream.flush()
            os.fsync(stream.fileno())
        os.replace(sibling, path)
    except OSError as error:
        sibling.unlink(missing_ok=True)
        raise Invalid(f"the file cannot be written: {error.strerror}", fix="Check the folder and its permissions", file=path.name) from error
