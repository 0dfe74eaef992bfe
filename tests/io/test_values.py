"""Columns as delivered become columns of a field, and what does not fit is named."""

from __future__ import annotations

from datetime import date, datetime

import numpy as np
import pyarrow as pa
import pytest

from holdfast.engines.survey.cjj61 import MATERIAL
from holdfast.io import values


def bad(found: values.Converted) -> list[int]:
    return [] if found.bad is None else np.flatnonzero(found.bad).tolist()


@pytest.mark.parametrize(
    ("given", "numbers", "wrong"),
    [
        (["1", " 2.5 ", "-3e2", ".5", "+4", None, "", "N/A", "无", "x", "1,5", "１２"], [1, 2.5, -300, 0.5, 4, None, None, None, None, None, None, 12], [9, 10]),
        ([1.0, float("nan"), float("inf"), None], [1, None, None, None], [2]),
        ([1, 2, None], [1, 2, None], []),
        ([True, False, None], [1, 0, None], []),
        ([None, None], [None, None], []),
    ],
)
def test_numbers(given: list[object], numbers: list[float | None], wrong: list[int]) -> None:
    found = values.to_number(pa.array(given))
    assert found.column.to_pylist() == numbers
    assert found.column.type == pa.float64()
    assert bad(found) == wrong


def test_decimal_commas_where_the_mapping_says_so() -> None:
    assert values.to_number(pa.array(["1,5", "2"]), decimal=",").column.to_pylist() == [1.5, 2.0]


def test_whole_numbers() -> None:
    found = values.to_integer(pa.array(["3", "4.0", "4.5", "a", None, "1e30"]))
    assert found.column.to_pylist() == [3, 4, None, None, None, None]
    assert bad(found) == [2, 3, 5]
    assert values.to_integer(pa.array([1, 2], pa.int32())).column.type == pa.int64()


def test_truth_values_in_two_languages() -> None:
    found = values.to_boolean(pa.array(["是", "否", "Yes", "0", "maybe", None, ""]))
    assert found.column.to_pylist() == [True, False, True, False, None, None, None]
    assert bad(found) == [4]
    assert values.to_boolean(pa.array([1, 0])).column.to_pylist() == [True, False]


@pytest.mark.parametrize(
    ("word", "day"),
    [
        ("2015-06-01", date(2015, 6, 1)), ("2015/6/1", date(2015, 6, 1)), ("2015.06.01", date(2015, 6, 1)), ("2015年6月1日", date(2015, 6, 1)),
        ("2015年6月", date(2015, 6, 1)), ("2015", date(2015, 1, 1)), ("1998年", date(1998, 1, 1)), ("20150601", date(2015, 6, 1)), ("201506", date(2015, 6, 1)),
        ("2015-06-01T08:00:00", date(2015, 6, 1)), ("2015-13-01", None), ("2015-02-30", None), ("spring", None), ("01/06/2015", None),
    ],
)  # fmt: skip
def test_dates_as_they_are_written(word: str, day: date | None) -> None:
    assert values.read_date(word) == day


def test_date_columns() -> None:
    assert values.to_date(pa.array([2015, 1998, None])).column.to_pylist() == [date(2015, 1, 1), date(1998, 1, 1), None]
    assert values.to_date(pa.array([2015.0])).column.to_pylist() == [date(2015, 1, 1)]
    assert values.to_date(pa.array([datetime(2020, 5, 4, 12)])).column.to_pylist() == [date(2020, 5, 4)]
    assert values.to_date(pa.array(["4.5.2020", "x"]), "%d.%m.%Y").column.to_pylist() == [date(2020, 5, 4), None]
    assert bad(values.to_date(pa.array(["4.5.2020", "x", None]), "%d.%m.%Y")) == [1]
    assert values.to_date(pa.array([], pa.string())).column.to_pylist() == []


def test_codes_by_value_alias_and_title_in_any_case() -> None:
    coded = values.to_code(pa.array(["ZT", "铸铁", " 球墨 ", "hdpe", "DI", None, "", "木头", "木头"]), MATERIAL, {})
    assert coded.column.to_pylist() == ["ZT", "ZT", "QM", "PE", "QM", None, None, "木头", "木头"]
    assert {word: rows.tolist() for word, rows in coded.unknown.items()} == {"木头": [7, 8]}


def test_own_codes_go_first_and_empty_ones_are_not_filled_in_yet() -> None:
    coded = values.to_code(pa.array(["铸铁", "wood", 7 and "7"]), MATERIAL, {"铸铁": "QM", "wood": "", "7": "G"})
    assert coded.column.to_pylist() == ["QM", "wood", "G"]
    assert list(coded.unknown) == ["wood"]


def test_text_of_any_column() -> None:
    assert values.to_text(pa.array([5.0, 2.5, None])).to_pylist() == ["5", "2.5", None]
    assert values.to_text(pa.array([7])).to_pylist() == ["7"]
    assert values.to_text(pa.array([True])).to_pylist() == ["true"]
    assert values.to_text(pa.array([date(2020, 1, 2)])).to_pylist() == ["2020-01-02"]
    assert values.to_text(pa.array([b"\x01"])).to_pylist() == ["AQ=="]
    assert values.to_text(pa.array([{"a": [1]}])).to_pylist() == ['{"a": [1]}']
    assert values.to_text(pa.array(["x", "y"]).dictionary_encode()).to_pylist() == ["x", "y"]
    assert values.to_text(pa.array([datetime(2020, 1, 2, 3)])).to_pylist() == ["2020-01-02T03:00:00.000"]


def test_missing_words_of_a_mapping() -> None:
    assert values.blank(pa.chunked_array([["-999", "1", None]]), ("-999",)).to_pylist() == [None, "1", None]
    assert values.blank(pa.chunked_array([[-999.0, 1.0]]), ("-999",)).to_pylist() == [None, 1.0]


def test_columns_kept_as_they_are() -> None:
    assert values.plain(pa.array([1.5, float("nan")])).to_pylist() == [1.5, None]
    assert values.plain(pa.array([date(2020, 1, 2)])).to_pylist() == ["2020-01-02"]
    assert values.plain(pa.array([True])).type == pa.bool_()
