"""Sectioned text: columns, comments, numbers that survive a change of units, files written whole."""

from __future__ import annotations

import math
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from holdfast.io import sectioned
from holdfast.model.errors import Invalid
from holdfast.model.finding import Findings

KNOWN = {"NODE": "NODES", "END": "END"}


def cut(tmp_path: Path, text: str | bytes, **more) -> tuple[sectioned.Sections, Findings]:
    path, findings = tmp_path / "model.inp", Findings()
    path.write_bytes(text if isinstance(text, bytes) else text.encode())
    return sectioned.read_sections(path, KNOWN, findings, **more), findings


def test_lines_keep_number_comment_and_note(tmp_path) -> None:
    sections, findings = cut(tmp_path, '[nodes]\n;;heading\n;first one\nA 1 "x y" ; remark\n\nB,2\n[END]\n[NODES]\nC 3\n', separators=",")
    a, b = sections.of("NODES")
    assert (a.number, a.tokens, a.comment, a.note, a.text) == (4, ["A", "1", "x y"], "remark", "first one", 'A 1 "x y"')
    assert b.tokens == ["B", "2"] and b.note == "" and sections.ended and len(findings) == 0


def test_line_ends_of_all_kinds(tmp_path) -> None:
    for end in ("\n", "\r\n", "\r"):
        sections, _ = cut(tmp_path, end.join(["[NODES]", "A 1", "B 2", "[END]", ""]))
        assert [line.number for line in sections.of("NODES")] == [2, 3]


def test_stray_lines_and_unknown_sections_are_findings(tmp_path) -> None:
    sections, findings = cut(tmp_path, "A 1\n[THINGS]\nx\n[NODES]\nB 2\n")
    assert findings.by_rule() == {"import.stray_line": 1, "import.unknown_section": 1}
    assert [line.text for line in sections.unknown["THINGS"]] == ["x"] and not sections.ended and sections.last == "NODES"


def test_mixed_encodings_are_read_line_by_line(tmp_path) -> None:
    sections, findings = cut(tmp_path, b"[NODES]\n" + "给水节点一号井 1\n".encode("gbk") + "阀门井 2\n".encode())
    assert [line.tokens[0] for line in sections.of("NODES")] == ["给水节点一号井", "阀门井"] and findings.by_rule() == {"import.encoding": 1}


@given(st.floats(min_value=1e-9, max_value=1e12), st.sampled_from([0.3048, 0.0254, 0.003785411784 / 60, 1 / 3600, 0.3048 / 0.4333, 745.6998715822702]))
def test_numbers_survive_a_change_of_units(value: float, factor: float) -> None:
    text = f"{value:.12g}"
    assert float(sectioned.plain(float(text) * factor / factor)) == float(text)
    assert math.isclose(float(sectioned.plain(value * factor / factor)), value, rel_tol=1e-14)


def test_only_plain_numbers_are_numbers() -> None:
    assert [sectioned.number(word) for word in ("1", "-.5", "1.E3", "1_0", "nan", "inf", "", "1,5")] == [1.0, -0.5, 1000.0, None, None, None, None, None]


def test_words_are_quoted_when_they_must_be() -> None:
    assert [sectioned.quoted(word) for word in ("a", "", "a b", "a;b")] == ["a", '""', '"a b"', '"a;b"']
    assert sectioned.split('a "b c" "" d') == ["a", "b c", "", "d"]


def test_a_file_is_replaced_whole_or_not_at_all(tmp_path) -> None:
    path = tmp_path / "城市.inp"
    sectioned.replace_file(path, b"one")
    sectioned.replace_file(path, b"two")
    assert path.read_bytes() == b"two" and [p.name for p in tmp_path.iterdir()] == ["城市.inp"]
    with pytest.raises(Invalid, match="cannot be written"):
        sectioned.replace_file(tmp_path, b"x")
    assert [p.name for p in tmp_path.iterdir()] == ["城市.inp"]
