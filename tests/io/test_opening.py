"""What must be true before a reader looks inside a file."""

from __future__ import annotations

from pathlib import Path

import pytest

from holdfast.io import opening
from holdfast.model.errors import Conflict, Invalid, NotFound, Unavailable


def test_files_that_are_not_there_empty_short_or_folders(tmp_path: Path) -> None:
    path = tmp_path / "a"
    with pytest.raises(NotFound):
        opening.require_file(path)
    path.write_bytes(b"")
    with pytest.raises(Invalid, match="empty"):
        opening.require_file(path)
    path.write_bytes(b"abc")
    assert opening.require_file(path) == b"abc"
    with pytest.raises(Invalid, match="folder"):
        opening.require_file(tmp_path)


@pytest.mark.parametrize(
    ("head", "word"), [(b"PK\x03\x04", "ZIP"), (b"SQLite format 3\x00", "SQLite"), (b" \n{", "JSON"), (b"\xef\xbb\xbf<a>", "XML"), (b"PAR1", "Parquet"), (b"hello", None)]
)
def test_what_a_file_looks_like(head: bytes, word: str | None) -> None:
    looks = opening.looks_like(head)
    assert (looks is None) if word is None else (word in str(looks))


def test_a_wrong_beginning_is_explained(tmp_path: Path) -> None:
    path = tmp_path / "a"
    path.write_bytes(b"PK\x03\x04")
    with pytest.raises(Invalid, match="this is no Shapefile; it looks like a ZIP archive"):
        opening.require_magic(path, (b"\x00\x00",), "Shapefile", size=100)
    with pytest.raises(Invalid, match="cut short"):
        opening.require_magic(path, (b"x", b"PK"), "ZIP", size=100)
    assert opening.require_magic(path, (b"x", b"PK"), "ZIP") == b"PK\x03\x04"


def test_library_errors_become_invalid_and_ours_pass(tmp_path: Path) -> None:
    with pytest.raises(Invalid, match="the thing cannot be read: bad luck") as caught, opening.reading(tmp_path, "thing", row=3):
        raise RuntimeError("bad\n luck")
    assert caught.value.where["row"] == 3
    with pytest.raises(Conflict), opening.reading(tmp_path, "thing"):
        raise Conflict("x")
    with pytest.raises(MemoryError), opening.reading(tmp_path, "thing"):
        raise MemoryError
    with pytest.raises(Unavailable), opening.reading(tmp_path, "thing"):
        raise PermissionError


def test_files_are_replaced_whole_or_not_at_all(tmp_path: Path) -> None:
    path = tmp_path / "a.txt"
    path.write_text("old")
    with pytest.raises(RuntimeError), opening.replacing(path) as target:
        target.write_text("half")
        raise RuntimeError
    assert path.read_text() == "old"
    with opening.replacing(path) as target:
        target.write_text("new")
    assert path.read_text() == "new"
    assert [p.name for p in tmp_path.iterdir()] == ["a.txt"]
