"""Rows for model files: names the engine takes, order of the file, what is left out."""

from __future__ import annotations

import pytest

from holdfast.io.model_tables import clean, unique_names


def test_names_are_one_column_and_short_enough() -> None:
    assert clean("a b;c\"d,e[f]", 31) == "a_b_c_d_e_f_"
    long = clean("长" * 20, 31)
    assert len(long.encode()) <= 31 and long.startswith("长") and clean("长" * 21, 31) != long
    assert clean("", 31) == "_"


def test_names_differ_where_kinds_share_an_ending() -> None:
    names = unique_names(["water.junction:1", "water.tank:1", "water.tank:tank-1", "water.reservoir:1"], 31)
    assert names["water.junction:1"] == "1" and len(set(names.values())) == 4


@pytest.mark.parametrize("count", [3])
def test_very_long_names_stay_different(count: int) -> None:
    names = unique_names([f"water.junction:{'x' * 50}{i}" for i in range(count)], 31)
    assert len(set(names.values())) == count and all(len(name) <= 31 for name in names.values())
