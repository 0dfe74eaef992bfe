"""Delimited text: separators, headings, rows that do not fit, and its own row numbers."""

from __future__ import annotations

from pathlib import Path

import pytest

from holdfast.io import delimited
from holdfast.model.errors import Invalid
from holdfast.model.finding import Findings


def rows(path: Path, **options: object) -> tuple[list[dict[str, str]], Findings]:
    findings = Findings()
    table = delimited.open_table(path, **options)  # type: ignore[arg-type]
    return [row for piece, _ in table.pieces(findings) for row in piece.to_pylist()], findings


def write(path: Path, body: str, encoding: str = "utf-8") -> Path:
    path.write_bytes(body.encode(encoding))
    return path


@pytest.mark.parametrize("mark", [",", ";", "\t", "|"])
def test_the_separator_is_found(mark: str, tmp_path: Path) -> None:
    body = mark.join(["编号", "a b", "c"]) + "\n" + mark.join(["007", "x,y" if mark != "," else "xy", "2"]) + "\n"
    got, _ = rows(write(tmp_path / "a.csv", body))
    assert got[0]["编号"] == "007"
    assert list(got[0]) == ["编号", "a b", "c"]


def test_a_comma_in_text_does_not_outvote_the_separator() -> None:
    assert delimited.detect_delimiter("a;b\n1,5;2,5\n3,5;4\n") == ";"
    assert delimited.detect_delimiter('a,b\n"1;2;3",4\n') == ","
    assert delimited.detect_delimiter("single\n1\n") == ","


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "gbk", "utf-16"])
def test_encodings(encoding: str, tmp_path: Path) -> None:
    got, _ = rows(write(tmp_path / "a.csv", "起点号,材质\nJS1,铸铁管道给水\nJS2,木头\n", encoding))
    assert got == [{"起点号": "JS1", "材质": "铸铁管道给水"}, {"起点号": "JS2", "材质": "木头"}]


def test_mixed_encodings_are_said_by_row(tmp_path: Path) -> None:
    path = tmp_path / "a.csv"
    path.write_bytes("起点号,名称\n1,人民路供水管道\n".encode("gbk") + "2,解放路供水管道\n".encode())
    got, findings = rows(path)
    assert [row["名称"] for row in got] == ["人民路供水管道", "解放路供水管道"]
    assert findings.table().select(["rule", "row"]).to_pylist() == [{"rule": "import.mixed_encoding", "row": 3}]


def test_empty_and_quoted_empty_differ(tmp_path: Path) -> None:
    got, _ = rows(write(tmp_path / "a.csv", 'a,b,c\n1,,""\n'))
    assert got == [{"a": "1", "b": None, "c": ""}]


def test_headings_are_trimmed_filled_and_made_distinct(tmp_path: Path) -> None:
    assert delimited.open_table(write(tmp_path / "a.csv", " a ,a,,b\n1,2,3,4\n")).columns == ["a", "a_2", "column_3", "b"]


def test_lines_above_the_heading_are_skipped(tmp_path: Path) -> None:
    path = write(tmp_path / "a.csv", "成果表\n2024年,,\na,b\n1,2\n")
    table = delimited.open_table(path, skip=2)
    assert table.columns == ["a", "b"]
    ((piece, numbers),) = table.pieces(Findings())
    assert (piece.num_rows, numbers.tolist()) == (1, [4])


def test_line_breaks_within_quotes(tmp_path: Path) -> None:
    got, _ = rows(write(tmp_path / "a.csv", 'a,b\n"two\nlines",2\n"x",3\n'))
    assert got[0]["a"] == "two\nlines"


@pytest.mark.parametrize("encoding", ["utf-8", "gbk", "utf-16"])
@pytest.mark.parametrize(("mark", "words"), [("", "x管"), ('"', "x管"), ('"', "管\n"), ("", "上Ċ")])
def test_rows_longer_than_a_block(mark: str, words: str, encoding: str, tmp_path: Path) -> None:
    """Also where a line end, or in UTF-16 one of its bytes, is part of a value."""
    if words == "上Ċ" and encoding == "gbk":
        words = "上a"
    values = [words * (length // 2) for length in (2, 300_000, 1_000_000, 4)] * 3
    got, findings = rows(write(tmp_path / "a.csv", "a,b\n" + "".join(f"{mark}{value}{mark},1\n" for value in values), encoding))
    assert [row["a"] for row in got] == values
    assert not len(findings)


@pytest.mark.parametrize("odd", ['3,"4', '"3,4'])
@pytest.mark.parametrize("after", [1, 20_000, 300_000, 3_000_000])
def test_a_quotation_mark_that_is_not_closed_is_named(odd: str, after: int, tmp_path: Path) -> None:
    """Whether the lines that it takes in are few or many; none is lost without a word."""
    path = write(tmp_path / "a.csv", "a,b\n" + "1,2\n" * 50_000 + f"{odd}\n" + "1,2\n" * after)
    with pytest.raises(Invalid, match="is not closed") as caught:
        rows(path)
    assert 2 <= int(str(caught.value.where["row"])) <= 50_002


@pytest.mark.parametrize("end", ["", "\n", "\r\n", " \n", "\n\n"])
@pytest.mark.parametrize("encoding", ["utf-8", "utf-16"])
def test_a_last_value_of_several_lines(end: str, encoding: str, tmp_path: Path) -> None:
    got, findings = rows(write(tmp_path / "a.csv", f'a,b\n1,2\n3,"4\n5"{end}', encoding))
    assert (len(got), got[-1]["b"].strip(), len(findings)) == (2, "4\n5", 0)


def test_other_breaks_need_no_quotes(tmp_path: Path) -> None:
    got, findings = rows(write(tmp_path / "a.csv", 'a,b\n"1",2\n3,4\u20285\x856\n'))
    assert (got[-1]["b"], len(findings)) == ("4\u20285\x856", 0)


def test_marks_of_inches_are_no_quotes(tmp_path: Path) -> None:
    got, findings = rows(write(tmp_path / "a.csv", "a,b\n" + '5" pipe,1\n' + "x,2\n" * 2_000_000 + '6" pipe,3\n5" pipe,4\n'))
    assert [row["a"] for row in got[:1] + got[-2:]] == ['5" pipe', '6" pipe', '5" pipe']
    assert (len(got), len(findings)) == (2_000_003, 0)


def test_rows_that_do_not_fit_are_left_out_and_numbered(tmp_path: Path) -> None:
    got, findings = rows(write(tmp_path / "a.csv", "a,b\n1,2\n3\n4,5,6\n7,8\n"))
    assert [row["a"] for row in got] == ["1", "7"]
    assert findings.table()["row"].to_pylist() == [3, 4]
    assert findings.by_rule() == {"import.bad_row": 2}


def test_good_rows_after_bad_ones_keep_their_numbers(tmp_path: Path) -> None:
    path = write(tmp_path / "a.csv", "title\na,b\n1,2\n3\n4,5\n6,7,8\n9\n10,11\n")
    findings = Findings()
    numbers = [n for _, piece in delimited.open_table(path, skip=1).pieces(findings) for n in piece.tolist()]
    assert numbers == [3, 5, 8]
    assert findings.table()["row"].to_pylist() == [4, 6, 7]


def test_a_last_row_that_is_cut_short_refuses_the_file(tmp_path: Path) -> None:
    with pytest.raises(Invalid, match="cut short") as caught:
        rows(write(tmp_path / "a.csv", "a,b,c\n1,2,3\n4,5"))
    assert caught.value.where["row"] == 3


def test_what_is_no_table(tmp_path: Path) -> None:
    with pytest.raises(Invalid, match="ZIP"):
        delimited.open_table(write(tmp_path / "a.csv", "PK\x03\x04\0\0\0"))
    with pytest.raises(Invalid, match="empty"):
        delimited.open_table(write(tmp_path / "b.csv", ""))
    with pytest.raises(Invalid, match="no heading"):
        delimited.open_table(write(tmp_path / "c.csv", ",,\n1,2,3\n"))
    assert rows(write(tmp_path / "d.csv", "a,b\n"))[0] == []
