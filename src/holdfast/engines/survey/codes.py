"""Dictionary codes and feature codes: unknown ones, other spellings, and codes that do not fit what they are given to."""

from __future__ import annotations

import difflib
import re
from functools import lru_cache

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from holdfast.model.spec import Dictionary, Field, Kind

from .cjj61 import CATEGORIES
from .sink import Sink

_SHAPES = {"edge": "1", "node": "2", "device": "2", "area": "3"}


@lru_cache(maxsize=256)
def _spellings(dictionary: Dictionary) -> dict[str, str]:
    """Every known spelling in lower case -> code, except spellings that two codes share."""
    known: dict[str, str | None] = {}
    for code in dictionary.codes:
        for text in {code.value, code.title, code.title_zh, *code.aliases}:
            key = _key(text)
            known[key] = code.value if known.get(key, code.value) == code.value else None
    for code in dictionary.codes:
        known[_key(code.value)] = code.value
    return {text: code for text, code in known.items() if code is not None and text}


def _key(text: str) -> str:
    return text.strip().casefold().replace(" ", "").replace("-", "").replace("_", "")


def meant(dictionary: Dictionary, text: str) -> str | None:
    """The code that a spelling stands for: exact, alias, title in either language, or with digits and zeros dropped; None if unclear."""
    values = dictionary.values()
    if text in values:
        return text
    found = _spellings(dictionary).get(_key(text))
    if found is None and re.fullmatch(r"\d+\.0+", text.strip()):
        whole = text.strip().partition(".")[0]
        found = whole if whole in values else None
    return found


def check_codes(sink: Sink, field: Field, column: pa.ChunkedArray) -> None:
    """Report codes that are not in the field's dictionary, with the code that was probably meant."""
    dictionary = field.dictionary
    assert dictionary is not None
    distinct = [v for v in pc.unique(column).to_pylist() if v is not None]
    known = set(dictionary.values())
    for text in (v for v in distinct if v not in known and v.strip()):
        rows = np.asarray(pc.fill_null(pc.equal(column, text), False).to_numpy(), bool)
        code = meant(dictionary, text)
        if code is not None:
            sink.flag("survey.code_alias", rows, column=field.name, values=column, fix=f"Write {code}")
            continue
        near = difflib.get_close_matches(text, sorted(known), 1, 0.6)
        hint = f"Did you mean {near[0]}? " if near else ""
        shown = ", ".join(sorted(known)[:20])
        sink.flag("survey.unknown_code", rows, column=field.name, values=column, message=f"{text!r} is no {field.title} code", fix=f"{hint}Use one of: {shown}")


def normalise_codes(kind: Kind, table: pa.Table) -> pa.Table:
    """The table with other spellings of codes replaced by the code itself; what is not understood stays as delivered."""
    for field in kind.fields:
        if field.type != "code" or field.dictionary is None or field.name not in table.column_names:
            continue
        column = table[field.name]
        known = set(field.dictionary.values())
        swaps = {v: meant(field.dictionary, v) for v in pc.unique(column).to_pylist() if v is not None and v not in known}
        swaps = {old: new for old, new in swaps.items() if new is not None}
        if swaps:
            position = pc.index_in(column, value_set=pa.array(list(swaps), pa.string()))
            fresh = pc.if_else(position.is_valid(), pa.array(list(swaps.values()), pa.string()).take(pc.fill_null(position, 0)), column)
            table = table.set_column(table.column_names.index(field.name), field.name, fresh)
    return table


def check_feature_codes(sink: Sink, kind: Kind, table: pa.Table) -> None:
    """Report feature codes of the wrong form, and codes that contradict the kind, its category or the role of the point."""
    if "feature_code" not in table.column_names or table["feature_code"].null_count == table.num_rows:
        return
    if not sink.wants("survey.feature_code_form", "survey.feature_code_mismatch"):
        return
    column = table["feature_code"]
    position = {name: table[name] for name in ("category", "feature", "attachment") if name in table.column_names}
    for code in (v for v in pc.unique(column).to_pylist() if v):
        rows = np.asarray(pc.fill_null(pc.equal(column, code), False).to_numpy(), bool)
        if not re.fullmatch(r"5\d{7}", code):
            sink.flag("survey.feature_code_form", rows, column="feature_code", values=column)
            continue
        said = _contradiction(kind, code)
        if said:
            sink.flag("survey.feature_code_mismatch", rows, column="feature_code", values=column, message=said)
            continue
        if "category" in position:
            minor = pc.utf8_slice_codeunits(position["category"], 2, 4)
            other = np.asarray(pc.fill_null(pc.and_(pc.not_equal(minor, code[2:4]), pc.equal(pc.utf8_length(position["category"]), 4)), False).to_numpy(), bool)
            sink.flag("survey.feature_code_mismatch", rows & other, column="feature_code", values=column, message=f"minor category {code[2:4]} is not that of the row")
        role = {"1": ("feature", "characteristic point"), "2": ("attachment", "attachment")}.get(code[5])
        wrong = {"1": "attachment", "2": "feature"}.get(code[5], "")
        if kind.trait == "node" and role and wrong in position:
            filled = np.asarray(position[wrong].is_valid().to_numpy(), bool) & ~np.asarray(position[role[0]].is_valid().to_numpy(), bool)
            sink.flag("survey.feature_code_mismatch", rows & filled, column="feature_code", values=column, message=f"the code says {role[1]}, the row says {wrong}")


def _contradiction(kind: Kind, code: str) -> str | None:
    """Why a well-formed code cannot be of this kind."""
    declared = kind.symbol.feature_code if kind.symbol else ""
    if declared and code[1] != declared[1]:
        titles = {str(c.digit): c.title.lower() for c in CATEGORIES.values()}
        return f"the code is of {titles.get(code[1], 'no category')}, the kind is of {titles.get(declared[1], 'another')}"
    shape = declared[4] if declared else _SHAPES.get(kind.trait, "")
    if shape and code[4] != shape and code[4] != _SHAPES.get(kind.trait):
        names = {"1": "line", "2": "point", "3": "area"}
        return f"the code is of a {names.get(code[4], 'unknown shape')}, the kind is a {names[shape]}"
    return None
