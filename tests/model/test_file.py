"""Files are written whole or not at all."""

from __future__ import annotations

import subprocess

import pytest

from holdfast.model.errors import Unavailable
from holdfast.model.file import write_whole


def test_what_was_there_is_replaced(tmp_path):
    path = tmp_path / "a.json"
    write_whole(path, b"one")
    write_whole(path, b"two")
    assert path.read_bytes() == b"two" and list(tmp_path.iterdir()) == [path]


def test_a_full_disk_keeps_the_old_file(tmp_path):
    mount = tmp_path / "small"
    mount.mkdir()
    if subprocess.run(["mount", "-t", "tmpfs", "-o", "size=16k", "none", str(mount)], capture_output=True, check=False).returncode:
        pytest.skip("mounting a small file system needs root")
    try:
        write_whole(mount / "a", b"old")
        with pytest.raises(Unavailable, match="disk is full") as error:
            write_whole(mount / "a", bytes(100_000), fix="Give another --out")
        assert error.value.fix == "Give another --out" and (mount / "a").read_bytes() == b"old" and [p.name for p in mount.iterdir()] == ["a"]
    finally:
        subprocess.run(["umount", "-l", str(mount)], check=True)


def test_a_place_that_cannot_be_written_is_said(tmp_path):
    with pytest.raises(Unavailable, match="cannot be written"):
        write_whole(tmp_path / "missing" / "a", b"")
