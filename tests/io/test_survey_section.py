"""Sections as surveys write them."""

from __future__ import annotations

import numpy as np
import pyarrow as pa
import pytest

from holdfast.io.survey_section import parse_sections


def one(word: str | None, unit: str | None = "mm") -> tuple[float | None, float | None, float | None, bool]:
    found = parse_sections(pa.chunked_array([[word, "100"]]), unit)
    return found.diameter[0].as_py(), found.width[0].as_py(), found.height[0].as_py(), bool(found.bad[0])


@pytest.mark.parametrize("word", ["300", "DN300", "dn 300", "Φ300", "φ300mm", "D300", "De300", "30cm", "0.3m", "300.0"])
def test_round_sections(word: str) -> None:
    assert one(word)[0] == pytest.approx(0.3)


@pytest.mark.parametrize("word", ["800X600", "800x600", "800*600", "800×600", "B800×H600", "0.8x0.6m", "800mm×600mm"])
def test_boxes_are_width_by_height(word: str) -> None:
    assert one(word)[1:3] == pytest.approx((0.8, 0.6))


@pytest.mark.parametrize(("word", "bad"), [("6孔", True), ("big", True), ("0", True), ("0x600", True), (None, False), ("", False), ("不详", False)])
def test_what_is_no_section(word: str | None, bad: bool) -> None:
    assert one(word) == (None, None, None, bad)


def test_units_of_the_heading_or_by_size() -> None:
    assert one("0.3", "m")[0] == 0.3
    guessed = parse_sections(pa.chunked_array([["0.3", "0.6"]]), None)
    assert guessed.diameter.to_pylist() == [0.3, 0.6]
    assert guessed.note is not None
    assert parse_sections(pa.chunked_array([["300", "20"]]), None).diameter.to_pylist() == [0.3, 0.02]
    assert parse_sections(pa.chunked_array([["300"]]), "furlong").diameter.to_pylist() == [0.3]


def test_no_rows() -> None:
    found = parse_sections(pa.chunked_array([], pa.string()), None)
    assert len(found.diameter) == 0
    assert not np.any(found.bad)
