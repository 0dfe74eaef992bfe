"""Opening files: what must be true before a reader looks inside, and one wording for what went wrong."""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from holdfast.model.errors import HoldfastError, Invalid, NotFound, Unavailable

AGAIN = "Deliver the file again, complete"


def require_file(path: Path) -> bytes:
    """The first 4 KiB of a file that exists, may be read and is not empty.

    raises    NotFound, Invalid or Unavailable, naming the file
    """
    try:
        if path.is_dir():
            raise Invalid("this is a folder, not a file", fix="Name the file in it", file=str(path))
        with path.open("rb") as stream:
            head = stream.read(4096)
    except FileNotFoundError as error:
        raise NotFound("there is no such file", fix="Check the path", file=str(path)) from error
    except PermissionError as error:
        raise Unavailable("the file may not be read", fix="Give this user permission to read it", file=str(path)) from error
    except OSError as error:
        raise Invalid(f"the file cannot be read: {error.strerror or error}", fix="Check the path and the disk", file=str(path)) from error
    if not head:
        raise Invalid("the file is empty", fix=AGAIN, file=str(path))
    return head


def require_magic(path: Path, magic: tuple[bytes, ...], title: str, *, size: int = 1) -> bytes:
    """The first 4 KiB of a file that begins as its format does. raises as `require_file`, and Invalid saying what it looks like instead"""
    head = require_file(path)
    if not head.startswith(magic):
        looks = looks_like(head)
        other = f"; it looks like {looks}" if looks else ""
        fix = "Name the format with --as, or give the file its proper ending" if looks else AGAIN
        raise Invalid(f"this is no {title}{other}", fix=fix, file=str(path))
    if path.stat().st_size < size:
        raise Invalid("the file is cut short", fix=AGAIN, file=str(path))
    return head


_LOOKS: tuple[tuple[bytes, str], ...] = (
    (b"SQLite format 3\x00", "GeoPackage or another SQLite file"), (b"fgb", "FlatGeobuf"), (b"\x00\x00\x27\x0a", "an ESRI Shapefile"), (b"PAR1", "Parquet"),
    (b"PK\x03\x04", "a ZIP archive"), (b"%PDF", "PDF"), (b"\x1f\x8b", "a gzip archive"), (b"II*\x00", "TIFF"), (b"MM\x00*", "TIFF"), (b"AC10", "DWG"),
    (b"\xd0\xcf\x11\xe0", "an old Office file"), (b"{", "JSON"), (b"<", "XML or HTML"),
)  # fmt: skip


def looks_like(head: bytes) -> str | None:
    """What the first bytes of a file are the beginning of, in words; None when nothing is known of them."""
    head = head.removeprefix(b"\xef\xbb\xbf")
    return next((title for magic, title in _LOOKS if head.lstrip().startswith(magic) or head.startswith(magic)), None)


@contextmanager
def reading(path: Path, title: str, **where: object) -> Iterator[None]:
    """Turn whatever a library raises while it reads `path` into Invalid; our own errors and memory or keyboard trouble pass."""
    try:
        yield
    except (HoldfastError, MemoryError):
        raise
    except PermissionError as error:
        raise Unavailable("the file may not be read", fix="Give this user permission to read it", file=str(path)) from error
    except Exception as error:
        message = " ".join(str(error).split())[:300] or type(error).__name__
        raise Invalid(f"the {title} cannot be read: {message}", fix=AGAIN, file=str(path), **where) from error


@contextmanager
def replacing(path: Path) -> Iterator[Path]:
    """A temporary sibling to write to; it takes the place of `path` when the block ends well and is removed otherwise."""
    temporary = path.with_name(f".{path.stem}.{os.getpid()}.part{path.suffix}")
    try:
        yield temporary
        os.replace(temporary, path)
    finally:
        temporary.unlink(missing_ok=True)
