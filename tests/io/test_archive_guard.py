"""Archives of strangers are unpacked within bounds and within their folder."""

from __future__ import annotations

import zipfile
from pathlib import Path

import pytest

from holdfast.io import archive_guard
from holdfast.model.errors import Invalid


def pack(path: Path, files: dict[str, bytes], how: int = zipfile.ZIP_DEFLATED) -> Path:
    with zipfile.ZipFile(path, "w", how) as archive:
        for name, body in files.items():
            archive.writestr(name, body)
    return path


def test_files_are_unpacked_with_their_folders(tmp_path: Path) -> None:
    path = pack(tmp_path / "a.zip", {"x/b.txt": b"b", "c.txt": b"c"})
    got = archive_guard.extract(path, tmp_path / "out")
    assert {p.relative_to(tmp_path / "out").as_posix(): p.read_bytes() for p in got} == {"x/b.txt": b"b", "c.txt": b"c"}
    only = archive_guard.extract(path, tmp_path / "some", lambda name: name.startswith("c"))
    assert [p.name for p in only] == ["c.txt"]


@pytest.mark.parametrize("name", ["../evil", "/etc/evil", "a/../../evil", "C:\\evil", "..\\evil"])
def test_names_that_lead_outside_are_refused(name: str, tmp_path: Path) -> None:
    with pytest.raises(Invalid, match="unsafe name"):
        archive_guard.extract(pack(tmp_path / "a.zip", {name: b"x"}), tmp_path / "out")
    assert not (tmp_path / "evil").exists()


def test_bombs_are_refused_before_anything_is_unpacked(tmp_path: Path) -> None:
    path = pack(tmp_path / "a.zip", {"a": b"\0" * (20 << 20)})
    with pytest.raises(Invalid, match="bomb"):
        archive_guard.extract(path, tmp_path / "out")
    assert not (tmp_path / "out").exists()


def test_small_files_may_pack_well(tmp_path: Path) -> None:
    assert len(archive_guard.extract(pack(tmp_path / "a.zip", {"a": b"\0" * (1 << 20)}), tmp_path / "out")) == 1


@pytest.mark.parametrize(("limit", "value", "words"), [("TOTAL_BYTES", 1 << 10, "GiB"), ("MEMBERS", 2, "more than 2")])
def test_too_much_is_refused(limit: str, value: int, words: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(archive_guard, limit, value)
    with pytest.raises(Invalid, match=words):
        archive_guard.members(pack(tmp_path / "a.zip", {str(i): b"x" * 1000 for i in range(5)}))


def test_a_member_larger_than_it_says_is_stopped(tmp_path: Path) -> None:
    path = pack(tmp_path / "a.zip", {"a": b"x" * 5000}, zipfile.ZIP_STORED)
    raw = path.read_bytes()
    size = (5000).to_bytes(4, "little")
    place = raw.rindex(b"PK\x01\x02") + 24  # uncompressed size in the central directory
    assert raw[place : place + 4] == size
    path.write_bytes(raw[:place] + (10).to_bytes(4, "little") + raw[place + 4 :])
    with pytest.raises(Invalid, match=r"larger than it says|damaged"):
        archive_guard.extract(path, tmp_path / "out")


def test_damage_and_passwords(tmp_path: Path) -> None:
    path = tmp_path / "a.zip"
    path.write_bytes(b"PK\x03\x04 nothing")
    with pytest.raises(Invalid, match="cannot be read"):
        archive_guard.members(path)
    whole = pack(path, {"a": b"some text, long enough to be packed, some text, some text"}).read_bytes()
    path.write_bytes(whole[:40] + bytes([whole[40] ^ 255]) + whole[41:])
    with pytest.raises(Invalid, match="damaged"):
        archive_guard.extract(path, tmp_path / "out")
    locked = bytearray(whole)
    locked[6] |= 1
    locked[whole.rindex(b"PK\x01\x02") + 8] |= 1
    path.write_bytes(locked)
    with pytest.raises(Invalid, match="password"):
        archive_guard.members(path)


def test_names_packed_on_chinese_windows() -> None:
    info = zipfile.ZipInfo("给水.shp".encode("gbk").decode("cp437"))
    assert archive_guard.readable_name(info) == "给水.shp"
    info.flag_bits |= 0x800
    assert archive_guard.readable_name(info) == info.filename
    assert archive_guard.readable_name(zipfile.ZipInfo("a.shp")) == "a.shp"
