"""Columns as delivered turned into columns of a field: numbers in SI, codes, dates, truth values, text.

Every function works on whole Arrow columns; Python sees only distinct values, and only for codes and dates.
"""

from __future__ import annotations

import base64
import json
import re
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from holdfast.model.spec import Dictionary

NO_NUMBER = ("", "null", "<null>", "nan", "n/a", "na", "none", "-", "--", "—", "——", "/", "\\", "*", "无", "不详", "未知", "#n/a")
_NUMBER = r"^[+-]?(\d+\.?\d*|\.\d+)([eE][+-]?\d+)?$"
_TRUE = frozenset({"1", "true", "t", "yes", "y", "on", "是", "有", "真"})
_FALSE = frozenset({"0", "false", "f", "no", "n", "off", "否", "无", "假"})
_DAY = re.compile(r"^(\d{4})\s*[-/.年]\s*(\d{1,2})\s*[-/.月]\s*(\d{1,2})\s*日?(?:[T\s].*)?$")
_MONTH = re.compile(r"^(\d{4})\s*[-/.年]\s*(\d{1,2})\s*月?$")
_YEAR = re.compile(r"^(\d{4})\s*年?(?:代)?$")


@dataclass(frozen=True, slots=True)
class Converted:
    """A converted column, and which rows held something that could not be converted (they are null)."""

    column: pa.ChunkedArray
    bad: np.ndarray | None = None


def chunked(column: pa.Array | pa.ChunkedArray) -> pa.ChunkedArray:
    """The column as a ChunkedArray with dictionary and view types resolved."""
    column = column if isinstance(column, pa.ChunkedArray) else pa.chunked_array([column])
    if isinstance(column.type, pa.BaseExtensionType):
        column = pa.chunked_array([chunk.storage for chunk in column.chunks], column.type.storage_type)
    if pa.types.is_dictionary(column.type):
        column = column.cast(column.type.value_type)
    if pa.types.is_large_string(column.type) or pa.types.is_string_view(column.type):
        column = column.cast(pa.string())
    return column


def is_text(kind: pa.DataType) -> bool:
    """True for every Arrow text type."""
    return pa.types.is_string(kind) or pa.types.is_large_string(kind) or pa.types.is_string_view(kind)


def is_numeric(kind: pa.DataType) -> bool:
    """True for whole, floating and decimal types."""
    return pa.types.is_integer(kind) or pa.types.is_floating(kind) or pa.types.is_decimal(kind)


def to_text(column: pa.Array | pa.ChunkedArray) -> pa.ChunkedArray:
    """Any column as text: whole numbers without a decimal point, dates as ISO-8601, bytes as base64, nested values as JSON."""
    column = chunked(column)
    kind = column.type
    if pa.types.is_string(kind):
        return column
    if pa.types.is_floating(kind):
        return _float_text(column.cast(pa.float64()))
    if pa.types.is_integer(kind) or pa.types.is_boolean(kind) or pa.types.is_date(kind) or pa.types.is_null(kind) or pa.types.is_time(kind):
        return column.cast(pa.string())
    if pa.types.is_decimal(kind):
        return _float_text(column.cast(pa.float64()))
    if pa.types.is_timestamp(kind):
        return pc.replace_substring(column.cast(pa.timestamp("ms", kind.tz)).cast(pa.string()), " ", "T")
    if pa.types.is_binary(kind) or pa.types.is_large_binary(kind) or pa.types.is_fixed_size_binary(kind):
        return pa.chunked_array([pa.array([None if v is None else base64.b64encode(v).decode() for v in column.to_pylist()], pa.string())])
    texts = [None if v is None else json.dumps(v, ensure_ascii=False, default=str) for v in column.to_pylist()]
    return pa.chunked_array([pa.array(texts, pa.string())])


def _float_text(column: pa.ChunkedArray) -> pa.ChunkedArray:
    finite = pc.if_else(pc.is_finite(column), column, pa.scalar(None, pa.float64()))
    whole = pc.and_(pc.equal(pc.floor(finite), finite), pc.less(pc.abs(finite), 2.0**53))
    integers = pc.if_else(whole, finite, pa.scalar(None, pa.float64())).cast(pa.int64()).cast(pa.string())
    return pc.coalesce(integers, finite.cast(pa.string()))


def blank(column: pa.ChunkedArray, missing: tuple[str, ...]) -> pa.ChunkedArray:
    """The column with the values that a mapping calls missing made null."""
    if not missing:
        return column
    hit = pc.is_in(to_text(column), pa.array(missing, pa.string()))
    return pc.if_else(pc.fill_null(hit, False), pa.scalar(None, column.type), column)


def to_number(column: pa.Array | pa.ChunkedArray, *, decimal: str = ".") -> Converted:
    """Numbers as float64; NaN and words for "none" become null; other words and infinities are bad."""
    column = chunked(column)
    kind = column.type
    if pa.types.is_null(kind):
        return Converted(column.cast(pa.float64()))
    if pa.types.is_floating(kind) or pa.types.is_integer(kind) or pa.types.is_decimal(kind) or pa.types.is_boolean(kind):
        numbers = column.cast(pa.int8() if pa.types.is_boolean(kind) else kind).cast(pa.float64(), safe=False)
        return _finite(numbers)
    text = pc.utf8_trim_whitespace(to_text(column))
    if not pc.all(pc.fill_null(pc.string_is_ascii(text), True)).as_py():
        text = pc.utf8_normalize(text, form="NFKC")
    if decimal != ".":
        text = pc.replace_substring(text, decimal, ".")
    good = pc.fill_null(pc.match_substring_regex(text, _NUMBER), False)
    none = pc.or_(pc.is_null(text), pc.is_in(pc.utf8_lower(text), pa.array(NO_NUMBER)))
    bad = pc.invert(pc.or_(good, none)).to_numpy()
    numbers = _finite(pc.if_else(good, text, pa.scalar(None, pa.string())).cast(pa.float64()))
    bad = bad if numbers.bad is None else bad | numbers.bad
    return Converted(numbers.column, bad if bad.any() else None)


def _finite(column: pa.ChunkedArray) -> Converted:
    if pc.all(pc.fill_null(pc.is_finite(column), True)).as_py() in {True, None}:
        return Converted(column)
    infinite = pc.fill_null(pc.is_inf(column), False).to_numpy()
    kept = pc.if_else(pc.is_finite(column), column, pa.scalar(None, pa.float64()))
    return Converted(kept, infinite if infinite.any() else None)


def to_integer(column: pa.Array | pa.ChunkedArray, *, decimal: str = ".") -> Converted:
    """Whole numbers as int64; anything else is bad."""
    column = chunked(column)
    if pa.types.is_integer(column.type) and not pa.types.is_uint64(column.type):
        return Converted(column.cast(pa.int64()))
    numbers = to_number(column, decimal=decimal)
    values = numbers.column
    whole = pc.fill_null(pc.and_(pc.equal(pc.floor(values), values), pc.less(pc.abs(values), 2.0**53)), True)
    kept = pc.if_else(whole, values, pa.scalar(None, pa.float64())).cast(pa.int64())
    bad = pc.invert(whole).to_numpy()
    bad = bad if numbers.bad is None else bad | numbers.bad
    return Converted(kept, bad if bad.any() else None)


def to_boolean(column: pa.Array | pa.ChunkedArray) -> Converted:
    """Truth values from booleans, 0 and 1, and words for yes and no in English and Chinese."""
    column = chunked(column)
    if pa.types.is_boolean(column.type):
        return Converted(column)

    def read(text: str) -> bool | None:
        key = text.strip().casefold()
        return True if key in _TRUE else False if key in _FALSE else None

    return _by_value(to_text(column), read, pa.bool_())


def to_date(column: pa.Array | pa.ChunkedArray, pattern: str | None = None) -> Converted:
    """Dates from dates, instants, text and numbers such as 2015, 201506 or 20150601; a year means its first day.

    pattern   strptime format when the text is in another order
    """
    column = chunked(column)
    if pa.types.is_date(column.type) or pa.types.is_timestamp(column.type):
        return Converted(column.cast(pa.date32(), safe=False))

    def read(text: str) -> date | None:
        if pattern is not None:
            try:
                return datetime.strptime(text.strip(), pattern).date()
            except ValueError:
                return None
        return read_date(text)

    return _by_value(to_text(column), read, pa.date32())


def read_date(text: str) -> date | None:
    """A date from ISO, slashed, dotted, Chinese or compact writing; None when it is none of them."""
    text = text.strip()
    match = _DAY.match(text) or _MONTH.match(text) or _YEAR.match(text)
    parts = [int(part) for part in match.groups()] if match else []
    if not parts and text.isascii() and text.isdigit() and len(text) in {6, 8}:
        parts = [int(text[:4]), int(text[4:6]), *([int(text[6:])] if len(text) == 8 else [])]
    if not parts:
        return None
    try:
        return date(*[*parts, 1, 1][:3])
    except ValueError:
        return None


def _by_value(column: pa.ChunkedArray, read: Any, kind: pa.DataType) -> Converted:
    """Apply a function of one text to every distinct value; words for "none" are null, None from the function is bad."""
    coded = pc.dictionary_encode(column).combine_chunks()
    if isinstance(coded, pa.ChunkedArray):  # no rows
        return Converted(pa.chunked_array([pa.nulls(len(column), kind)]))
    words = coded.dictionary.to_pylist()
    found = [None if word is None else read(word) for word in words]
    blanks = [word is None or word.strip().casefold() in NO_NUMBER for word in words]
    wrong = np.array([value is None and not none for value, none in zip(found, blanks, strict=True)], bool)
    column = pa.chunked_array([pc.take(pa.array(found, kind), coded.indices)])
    if not wrong.any():
        return Converted(column)
    index = coded.indices.fill_null(-1).to_numpy(zero_copy_only=False)
    return Converted(column, np.where(index >= 0, wrong[index], False))


@dataclass(frozen=True, slots=True)
class Coded:
    """A code column: known spellings replaced by their code, unknown values left as they are and named with their rows."""

    column: pa.ChunkedArray
    unknown: dict[str, np.ndarray]


def to_code(column: pa.Array | pa.ChunkedArray, dictionary: Dictionary | None, codes: Mapping[str, Any]) -> Coded:
    """Codes of a dictionary from codes, aliases and titles.

    codes    the person's own translations, which go first
    """
    spellings = code_spellings(dictionary)
    own = {str(key).strip(): str(value) for key, value in codes.items()}
    text = to_text(column)
    coded = pc.dictionary_encode(text).combine_chunks()
    if isinstance(coded, pa.ChunkedArray):
        return Coded(text, {})
    words, found, unknown = coded.dictionary.to_pylist(), [], []
    for place, word in enumerate(words):
        key = (word or "").strip()
        code = own.get(key) or spellings.get(key) or spellings.get(key.casefold())
        if code is None and key and dictionary is not None:
            unknown.append(place)
        found.append(code or key or None)
    result = pa.chunked_array([pc.take(pa.array(found, pa.string()), coded.indices)])
    if not unknown:
        return Coded(result, {})
    index = coded.indices.fill_null(-1).to_numpy(zero_copy_only=False)
    return Coded(result, {words[place]: np.flatnonzero(index == place) for place in unknown[:1000]})


def code_spellings(dictionary: Dictionary | None) -> dict[str, str]:
    """Every spelling of every code of a dictionary -> the code; codes win over aliases, aliases over titles."""
    spellings: dict[str, str] = {}
    if dictionary is None:
        return spellings
    for names in (lambda c: (c.value,), lambda c: c.aliases, lambda c: (c.title, c.title_zh)):
        for code in dictionary.codes:
            for name in names(code):
                spellings.setdefault(name, code.value)
                spellings.setdefault(name.casefold(), code.value)
    return spellings


def plain(column: pa.Array | pa.ChunkedArray) -> pa.ChunkedArray:
    """A column kept without a declared field: numbers, text and truth values as they are, everything else as text."""
    column = chunked(column)
    kind = column.type
    if pa.types.is_floating(kind):
        return _finite(column.cast(pa.float64())).column
    if pa.types.is_integer(kind) or pa.types.is_boolean(kind) or pa.types.is_string(kind):
        return column
    return to_text(column)
