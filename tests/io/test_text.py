"""Encodings: found for a file, decided value by value where they change within it."""

from __future__ import annotations

from pathlib import Path

import pyarrow as pa
import pytest

from holdfast.io import text
from holdfast.model.errors import Invalid


def write(path: Path, *lines: bytes) -> Path:
    path.write_bytes(b"\n".join(lines) + b"\n")
    return path


CHINESE = "起点,终点,材质 铸铁 管径 三百"


@pytest.mark.parametrize(
    ("lines", "name", "mixed"),
    [
        ([b"a,b", b"1,2"], "utf-8", False),
        ([CHINESE.encode()], "utf-8", False),
        ([b"\xef\xbb\xbf" + CHINESE.encode()], "utf-8-sig", False),
        ([CHINESE.encode("gbk")], "gb18030", False),
        (["木头".encode("gbk"), CHINESE.encode("gbk")], "gb18030", False),
        ([CHINESE.encode("gbk"), CHINESE.encode()], "gb18030", True),
        ([CHINESE.encode("utf-16")], "utf-16", False),
    ],
)
def test_files_are_recognised(lines: list[bytes], name: str, mixed: bool, tmp_path: Path) -> None:
    found = text.detect(write(tmp_path / "a.csv", *lines))
    assert (found.name, found.mixed) == (name, mixed)
    assert found.clean == (name in {"utf-8", "utf-8-sig"})


def test_western_text_is_not_taken_for_chinese(tmp_path: Path) -> None:
    line = "Straße;Größe;Länge über Grund"
    found = text.detect(write(tmp_path / "a.csv", *[line.encode("cp1252")] * 5))
    assert line.encode("cp1252").decode(found.name) == line  # cp1250 and cp1252 agree on German
    assert not found.mixed


def test_mixed_files_say_where_it_changes(tmp_path: Path) -> None:
    assert text.detect(write(tmp_path / "a", b"ascii", CHINESE.encode("gbk"), b"x", CHINESE.encode())).line == 4


def test_what_is_said_is_believed_for_what_is_not_utf8(tmp_path: Path) -> None:
    path = write(tmp_path / "a", "繁體中文".encode("big5"))
    assert text.detect(path, "Big5").name == "big5"
    assert text.detect(write(tmp_path / "b", "木头".encode("gbk")), "GBK").name == "gb18030"
    assert text.detect(write(tmp_path / "c", CHINESE.encode()), "GBK").name == "utf-8"


@pytest.mark.parametrize(("written", "name"), [("GBK", "gb18030"), ("CP936", "gb18030"), ("936", "gb18030"), ("UTF8", "utf-8"), ("ANSI 1252", "cp1252"), ("1251", "cp1251")])
def test_names_as_people_write_them(written: str, name: str) -> None:
    assert text.codec(written) == name


@pytest.mark.parametrize("written", ["klingon", "hex", "\0", ""])
def test_names_that_are_none(written: str) -> None:
    with pytest.raises(Invalid, match="text encoding"):
        text.codec(written)


def test_values_are_decoded_each_on_its_own() -> None:
    assert text.decode(CHINESE.encode(), "gb18030") == (CHINESE, "utf-8")
    assert text.decode(CHINESE.encode("gbk"), "gb18030") == (CHINESE, "gb18030")
    assert text.decode("联通".encode("gbk"), "gb18030")[0] == "联通"
    assert text.decode("Größe".encode(), "cp1252") == ("Größe", "utf-8")
    assert text.decode("Größe".encode("cp1252"), "cp1252") == ("Größe", "cp1252")
    assert text.decode(b"\xff\xfe\xfa", "utf-8") == ("ÿþú", "latin-1")


def test_a_value_cut_inside_a_character_loses_only_that() -> None:
    assert text.decode("人民路给水".encode()[:-1], "gb18030") == ("人民路给", "utf-8")


def test_columns_read_byte_by_byte_are_decoded() -> None:
    raw = [None if v is None else v.decode("latin-1") for v in ("铸铁".encode("gbk"), None, b"PE", "钢管件".encode())]
    column, met = text.decode_column(pa.chunked_array([pa.array(raw)]), "gb18030")
    assert column.to_pylist() == ["铸铁", None, "PE", "钢管件"]
    assert {name: rows.tolist() for name, rows in met.items()} == {"gb18030": [0], "utf-8": [3]}
    assert text.decode_column(pa.chunked_array([pa.array(["a", None])]), "gb18030")[1] == {}


def test_columns_that_lie_about_utf8_are_mended() -> None:
    bad = pa.Array.from_buffers(pa.string(), 2, pa.array([b"ok", "铸铁".encode("gbk")], pa.binary()).buffers())
    column, rows = text.repair_column(pa.chunked_array([bad]))
    assert column.to_pylist() == ["ok", "铸铁"]
    assert rows.tolist() == [1]
    column.validate(full=True)
    good = pa.chunked_array([pa.array(["a", "中"])])
    assert text.repair_column(good)[0] is good
