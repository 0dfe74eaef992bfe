"""Unpacking archives that strangers made: bounded in size and ratio, and never outside the folder they are unpacked into."""

from __future__ import annotations

import shutil
import zipfile
from collections.abc import Callable
from pathlib import Path, PurePosixPath

from holdfast.model.errors import Invalid

TOTAL_BYTES = 2 << 30
RATIO = 200  # uncompressed to compressed; text of a city packs 5 to 20 times
SMALL = 16 << 20  # below this the ratio does not matter
MEMBERS = 20_000


def members(path: Path) -> list[zipfile.ZipInfo]:
    """The files in a ZIP archive, with readable names, after checking that unpacking them is safe.

    raises    Invalid for a damaged archive, one with a password, a bomb, or names that lead outside
    """
    try:
        with zipfile.ZipFile(path) as archive:
            found = [info for info in archive.infolist() if not info.is_dir()]
    except (zipfile.BadZipFile, OSError, ValueError, NotImplementedError, EOFError, IndexError) as error:
        raise Invalid(f"the archive cannot be read: {error}", fix="Pack it again as ZIP", file=str(path)) from error
    total, packed = sum(info.file_size for info in found), sum(info.compress_size for info in found)
    if len(found) > MEMBERS:
        raise Invalid(f"the archive holds {len(found)} files, more than {MEMBERS}", fix="Pack only the files that are wanted", file=str(path))
    if total > TOTAL_BYTES:
        raise Invalid(f"the archive unpacks to {total / 2**30:.1f} GiB, more than {TOTAL_BYTES >> 30} GiB", fix="Unpack it yourself and import the files", file=str(path))
    if total > SMALL and total > RATIO * max(packed, 1):
        raise Invalid(f"the archive unpacks to {total / max(packed, 1):.0f} times its size; it looks like a bomb", fix="Unpack it yourself if you trust it", file=str(path))
    for info in found:
        if info.flag_bits & 1:
            raise Invalid("the archive has a password", fix="Unpack it yourself and import the files", file=str(path), row=None)
        info_name = readable_name(info)
        parts = PurePosixPath(info_name.replace("\\", "/")).parts
        if not parts or info_name.startswith(("/", "\\")) or ".." in parts or ":" in parts[0]:
            raise Invalid(f"a file in the archive has the unsafe name {info_name!r}", fix="Do not import this archive", file=str(path))
    return found


def readable_name(info: zipfile.ZipInfo) -> str:
    """A member's name; names that Chinese Windows packed in GBK are decoded as such."""
    if info.flag_bits & 0x800 or info.filename.isascii():
        return info.filename
    try:
        raw = info.filename.encode("cp437")
    except UnicodeEncodeError:
        return info.filename
    for codec in ("utf-8", "gb18030"):
        try:
            return raw.decode(codec)
        except UnicodeDecodeError:
            continue
    return info.filename


def extract(path: Path, folder: Path, wanted: Callable[[str], bool] = lambda name: True) -> list[Path]:
    """Unpack a ZIP archive into a folder and return the files.

    wanted    chooses by name
    raises    Invalid as `members`, and when a member is larger than it says or damaged
    """
    result = []
    found = members(path)
    left = TOTAL_BYTES
    with zipfile.ZipFile(path) as archive:
        for info in found:
            name = readable_name(info).replace("\\", "/")
            if not wanted(name):
                continue
            target = folder.joinpath(*PurePosixPath(name).parts)
            target.parent.mkdir(parents=True, exist_ok=True)
            try:
                with archive.open(info) as source, target.open("wb") as sink:
                    shutil.copyfileobj(_Limited(source, min(left, info.file_size + 1), path), sink, 1 << 20)
            except Invalid:
                raise
            except Exception as error:  # zlib, lzma and zipfile each have their own
                raise Invalid(f"{name} in the archive is damaged: {error}", fix="Pack it again as ZIP", file=str(path)) from error
            left -= target.stat().st_size
            result.append(target)
    return result


class _Limited:
    """A stream that refuses to give more than it may."""

    def __init__(self, source: object, limit: int, path: Path) -> None:
        self.source, self.left, self.path = source, limit, path

    def read(self, size: int = -1) -> bytes:
        block = self.source.read(size)  # type: ignore[attr-defined]
        self.left -= len(block)
        if self.left < 0:
            raise Invalid("a file in the archive is larger than it says", fix="Do not import this archive", file=str(self.path))
        return block
