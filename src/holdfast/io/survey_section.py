"""Sections as surveys write them: DN300, Φ300, 300, 800X600, 2Φ100."""

from __future__ import annotations

import re
from dataclasses import dataclass

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from . import values

_ROUND = re.compile(r"^(?:dn|de|d|ø|φ|ф|∅|diameter)?\s*[=:]?\s*(\d+(?:\.\d+)?)\s*(mm|cm|m)?$", re.IGNORECASE)
_BOX = re.compile(r"^(?:b|w|□)?\s*[=:]?\s*(\d+(?:\.\d+)?)\s*(?:mm|m)?\s*[x×*✕＊]\s*(?:h)?\s*[=:]?\s*(\d+(?:\.\d+)?)\s*(mm|cm|m)?$", re.IGNORECASE)
_FACTORS = {"mm": 1e-3, "cm": 1e-2, "m": 1.0}
_MILLIMETRES_FROM = 20.0  # a pipe of 20 m does not exist, one of 20 mm does


@dataclass(frozen=True, slots=True)
class Sections:
    """Sections in metres. shape: CIRCULAR or RECT_CLOSED; bad: rows that are neither; note: what was assumed about the unit."""

    diameter: pa.Array
    width: pa.Array
    height: pa.Array
    shape: pa.Array
    bad: np.ndarray
    note: str | None = None


def parse_sections(column: pa.ChunkedArray, unit: str | None) -> Sections:
    """Diameters and boxes (width by height) of a text column.

    unit   of the heading; without one, millimetres unless all values are so small that only metres make sense
    """
    coded = pc.dictionary_encode(column).combine_chunks()
    if isinstance(coded, pa.ChunkedArray):
        empty = pa.nulls(0, pa.float64())
        return Sections(empty, empty, empty, pa.nulls(0, pa.string()), np.zeros(0, bool))
    words = [(word or "").strip() for word in coded.dictionary.to_pylist()]
    found = [_parse(word) for word in words]
    sizes = [size for item in found if item is not None for size in item[0]]
    stated = (unit or "").lower()
    note = None
    if stated not in _FACTORS:
        stated = "mm" if not sizes or float(np.median(sizes)) >= _MILLIMETRES_FROM else "m"
        if stated == "m":
            note = "the sections carry no unit and are so small that they were read as metres"
    index = coded.indices

    def spread(numbers: list[float | None]) -> pa.Array:
        return pc.take(pa.array(numbers, pa.float64()), index)

    def metres(item: tuple[tuple[float, ...], str | None], place: int) -> float:
        return item[0][place] * _FACTORS[(item[1] or stated).lower()]

    round_ = [metres(item, 0) if item and len(item[0]) == 1 else None for item in found]
    boxes = [(metres(item, 0), metres(item, 1)) if item and len(item[0]) == 2 else (None, None) for item in found]
    shapes = [None if item is None else "CIRCULAR" if len(item[0]) == 1 else "RECT_CLOSED" for item in found]
    wrong = np.array([item is None and word.casefold() not in values.NO_NUMBER for item, word in zip(found, words, strict=True)], bool)
    places = index.fill_null(-1).to_numpy(zero_copy_only=False)
    bad = np.where(places >= 0, wrong[places], False) if len(wrong) else np.zeros(len(places), bool)
    return Sections(
        spread(round_), spread([w for w, _ in boxes]), spread([h for _, h in boxes]), pc.take(pa.array(shapes, pa.string()), index), bad, note
    )  # fmt: skip


def _parse(word: str) -> tuple[tuple[float, ...], str | None] | None:
    """Sizes and the unit written beside them; a size of zero is none."""
    match = _BOX.match(word)
    if match:
        sizes: tuple[float, ...] = (float(match[1]), float(match[2]))
        return (sizes, match[3]) if min(sizes) > 0 else None
    match = _ROUND.match(word)
    return ((float(match[1]),), match[2]) if match and float(match[1]) > 0 else None
