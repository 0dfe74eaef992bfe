"""What GDAL does not say about a Shapefile: whether its parts are whole, and in which encoding its table is."""

from __future__ import annotations

import codecs
import struct
from pathlib import Path

from holdfast.model.errors import Invalid
from holdfast.model.finding import Findings

from . import text
from .opening import AGAIN, require_file, require_magic

MAGIC = b"\x00\x00\x27\x0a"
_SAMPLE_ROWS = 20_000


def part(path: Path, ending: str) -> Path | None:
    """The sibling of a .shp with another ending, in any case; None when there is none."""
    for candidate in (path.with_suffix(ending), path.with_suffix(ending.upper())):
        if candidate.exists():
            return candidate
    wanted = path.stem.casefold() + ending
    return next((sibling for sibling in path.parent.iterdir() if sibling.name.casefold() == wanted), None)


def require_whole(path: Path, findings: Findings) -> None:
    """Check the lengths that the headers state against the files. raises Invalid naming the part that is missing or cut short"""
    head = require_magic(path, (MAGIC,), "Shapefile", size=100)
    stated = struct.unpack(">i", head[24:28])[0] * 2
    if path.stat().st_size < stated:
        raise Invalid(f"the file is cut short: {path.stat().st_size} of {stated} bytes", fix=AGAIN, file=str(path))
    table = part(path, ".dbf")
    if table is None:
        findings.add("import.no_attributes", "warning", "the .dbf part is missing: the shapes have no attributes", file=path.name, fix="Deliver .shp, .shx, .dbf and .prj together")
    else:
        _require_whole_table(table)
    if part(path, ".shx") is None:
        raise Invalid("the .shx part is missing", fix="Deliver .shp, .shx, .dbf and .prj together", file=str(path))


def _require_whole_table(path: Path) -> None:
    head = require_file(path)
    if path.stat().st_size < 33:
        raise Invalid("the attribute table is cut short", fix=AGAIN, file=str(path))
    records, header, width = struct.unpack("<IHH", head[4:12])
    need = header + records * width
    if header < 33 or (width < 1 and records):
        raise Invalid("the attribute table has no valid head", fix=AGAIN, file=str(path))
    if path.stat().st_size < need:
        have = max(0, (path.stat().st_size - header) // max(width, 1))
        raise Invalid(f"the attribute table is cut short: {have} of {records} rows", fix=AGAIN, file=str(path), row=have + 1)


def table_encoding(path: Path, hint: str | None) -> text.Encoding:
    """The encoding of a .dbf: what is said, else its .cpg, and what the bytes themselves show.

    hint    what the person said; goes before the .cpg
    """
    table = part(path, ".dbf")
    if table is None:
        return text.Encoding("utf-8")
    stated = hint or _code_page(path)
    names, rows = _texts(table)
    whole = names + rows
    told = text.codec(stated, file=path) if stated else None
    odd = [value for value in whole if not _is_utf8(value)]
    utf8 = any(_is_utf8(value) and text.plainly_utf8(value) for value in whole)
    if not odd and (told in {None, "utf-8"} or utf8):
        return text.Encoding("utf-8")
    name = told or text.guess(b"\n".join(odd))
    if name == "utf-8":  # said to be UTF-8, and is not
        name, utf8 = text.guess(b"\n".join(odd)), True
    return text.Encoding(name, mixed=utf8 and bool(odd))


def _code_page(path: Path) -> str | None:
    sibling = part(path, ".cpg")
    if sibling is None:
        return None
    name = sibling.read_text("latin-1").strip()[:40]
    try:
        return text.codec(name)
    except Invalid:
        return None


def _is_utf8(value: bytes) -> bool:
    try:
        codecs.utf_8_decode(value, "strict", False)  # not final: a value of fixed width may end inside a character
    except UnicodeDecodeError:
        return False
    return True


def _texts(path: Path) -> tuple[list[bytes], list[bytes]]:
    """Field names and the text beyond ASCII of a sample of rows spread over a .dbf."""
    with path.open("rb") as stream:
        head = stream.read(32)
        records, header, width = struct.unpack("<IHH", head[4:12])
        fields = stream.read(max(0, header - 32))
        names, spans, place = [], [], 1
        for start in range(0, len(fields) - 31, 32):
            if fields[start] == 0x0D:
                break
            names.append(fields[start : start + 11].split(b"\x00")[0])
            size = fields[start + 16]
            if fields[start + 11 : start + 12] == b"C":
                spans.append((place, place + size))
            place += size
        values: set[bytes] = set()
        step = max(1, records // _SAMPLE_ROWS)
        for block in range(0, records, 1000 * step):
            stream.seek(header + block * width)
            piece = stream.read(1000 * width)
            if piece.isascii():
                continue
            for row in range(0, len(piece) - width + 1, width):
                line = piece[row : row + width]
                if not line.isascii():
                    values.update(v for a, b in spans if not (v := line[a:b].strip(b" \x00")).isascii())
    return [name for name in names if not name.isascii()], list(values)
