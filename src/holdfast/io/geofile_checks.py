"""Geo files: whether they are whole where GDAL would not say so, and what a file of unknown ending is."""

from __future__ import annotations

import json
import struct
from pathlib import Path

from holdfast.model.delivery import Delivery
from holdfast.model.errors import Invalid

from .opening import AGAIN

_SEPARATOR = b"\x1e"
_BLOCK = 1 << 24


def require_whole_sqlite(path: Path, head: bytes) -> None:
    """Compare the pages an SQLite head counts with the size of the file. raises Invalid when some are missing"""
    page = struct.unpack(">H", head[16:18])[0]
    page = 65536 if page == 1 else page
    changes, pages, valid_for = struct.unpack(">I", head[24:28])[0], struct.unpack(">I", head[28:32])[0], struct.unpack(">I", head[92:96])[0]
    size = path.stat().st_size
    if changes == valid_for and pages * page > size:  # the count is only kept by writers that also keep `valid_for`
        raise Invalid(f"the file is cut short: {size} of {pages * page} bytes", fix=AGAIN, file=str(path))


def count_records(path: Path) -> int:
    """Features a newline-delimited file should have: its record separators, or its lines that are not blank."""
    lines = separators = 0
    pending = False  # the current line has something on it
    with path.open("rb") as stream:
        while block := stream.read(_BLOCK):
            separators += block.count(_SEPARATOR)
            pieces = block.split(b"\n")
            for number, piece in enumerate(pieces):
                pending = pending or bool(piece.strip(b" \t\r"))
                if number < len(pieces) - 1:
                    lines += pending
                    pending = False
    return separators or lines + pending


def explain_missing(path: Path, have: int, expected: int, delivery: Delivery, shown: str) -> None:
    """Say which records were lost: bad lines of a text file as findings, the last one or any of a binary file as Invalid."""
    if path.suffix.lower() == ".fgb":
        raise Invalid(f"the file is cut short: {have} of {expected} features", fix=AGAIN, file=shown, row=have + 1)
    last = None
    with path.open("rb") as stream:
        for number, line in enumerate(stream, 1):
            body = line.strip(b" \t\r\n\x1e")
            if not body:
                continue
            if last is not None:
                delivery.findings.add("import.bad_row", "error", "the line is no GeoJSON feature; it was left out", file=shown, row=last, fix="Correct the line")
                last = None
            try:
                json.loads(body)
            except ValueError:
                last = number
    if last is not None:
        raise Invalid("the last line is no whole GeoJSON feature; the file is cut short", fix=AGAIN, file=shown, row=last)


# what a file is


def sniff_nothing(path: Path, head: bytes) -> float:
    """For formats that are only written."""
    return 0.0


def sniff_geopackage(path: Path, head: bytes) -> float:
    """Application id of GeoPackage, or the ending on an SQLite file."""
    if not head.startswith(b"SQLite format 3\x00"):
        return 0.3 if path.suffix.lower() == ".gpkg" else 0.0
    return 1.0 if head[68:72] in {b"GPKG", b"GP10", b"GP11"} else 0.6


def sniff_shapefile(path: Path, head: bytes) -> float:
    """Magic number of .shp, or a ZIP or folder that holds one."""
    try:
        if path.is_dir():
            return 0.8 if any(child.suffix.lower() == ".shp" for child in path.iterdir()) else 0.0
        if head.startswith(b"PK"):
            import zipfile

            with zipfile.ZipFile(path) as archive:
                return 0.9 if any(name.lower().endswith(".shp") for name in archive.namelist()) else 0.0
    except Exception:
        return 0.0
    if head.startswith(b"\x00\x00\x27\x0a"):
        return 1.0
    return 0.3 if path.suffix.lower() == ".shp" else 0.0


def sniff_geojson(path: Path, head: bytes) -> float:
    """A JSON object that names a GeoJSON type and is no CityJSON."""
    body = head.removeprefix(b"\xef\xbb\xbf").lstrip()
    if not body.startswith(b"{") or b"CityJSON" in body[:4096]:
        return 0.3 if path.suffix.lower() == ".geojson" else 0.0
    if any(word in body for word in (b'"FeatureCollection"', b'"Feature"')):
        return 0.95 if b'"FeatureCollection"' in body else 0.8
    return 0.4 if path.suffix.lower() == ".geojson" else 0.0


def sniff_geojson_lines(path: Path, head: bytes) -> float:
    """A feature on the first line."""
    first = head.lstrip(b"\xef\xbb\xbf\x1e \r\n\t").split(b"\n", 1)[0].strip()
    if first.startswith(b"{") and b'"Feature"' in first and first.endswith(b"}"):
        return 0.9
    return 0.3 if path.suffix.lower() in {".geojsonl", ".geojsons", ".ndjson"} else 0.0


def sniff_flatgeobuf(path: Path, head: bytes) -> float:
    """Magic number of FlatGeobuf."""
    return 1.0 if head.startswith(b"fgb") else 0.3 if path.suffix.lower() == ".fgb" else 0.0
