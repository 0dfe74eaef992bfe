"""Checks on single rows: every rule on a row that breaks it, and silence on rows that do not."""

from __future__ import annotations

from datetime import date, timedelta
from typing import Any

import numpy as np
import pyarrow as pa
import pytest

from holdfast.engines.survey.attribute import check_batch
from holdfast.engines.survey.cjj61 import MATERIAL, STATUS
from holdfast.engines.survey.codes import meant, normalise_codes
from holdfast.model import geometry
from holdfast.model.finding import Findings
from holdfast.model.spec import Field, Kind
from holdfast.model.tables import asset_schema, conform
from python_calls import python_calls
from survey_town import PIPE, POINT, put, town


def broken(kind: str, row: int, **cells: Any) -> list[dict[str, Any]]:
    table = put(town(), kind, row, **cells)[kind]
    findings = Findings()
    check_batch({"town.pipe": PIPE, "town.point": POINT}[kind], table, findings, "线表.csv", np.arange(table.num_rows) + 2)
    return findings.table().to_pylist()


@pytest.mark.parametrize(
    ("kind", "cells", "rule", "severity"),
    [
        ("town.pipe", {"diameter": None}, "missing_value", "warning"),
        ("town.pipe", {"material": "  "}, "missing_value", "warning"),
        ("town.pipe", {"material": "铸鐵管"}, "unknown_code", "warning"),
        ("town.pipe", {"material": "铸铁"}, "code_alias", "info"),
        ("town.pipe", {"diameter": 50.0}, "implausible", "warning"),
        ("town.pipe", {"from_elevation": 1e5}, "implausible", "warning"),
        ("town.pipe", {"diameter": -0.1}, "nonpositive_size", "error"),
        ("town.pipe", {"diameter": 0.0}, "nonpositive_size", "error"),
        ("town.pipe", {"from_depth": float("nan")}, "not_finite", "warning"),
        ("town.pipe", {"from_depth": float("inf")}, "not_finite", "warning"),
        ("town.pipe", {"to_depth": 31.0}, "too_deep", "warning"),
        ("town.pipe", {"to_depth": -0.5}, "implausible", "warning"),
        ("town.pipe", {"to_id": "town.point:2"}, "start_is_end", "error"),
        ("town.pipe", {"to_id": None}, "unnamed_end", "warning"),
        ("town.pipe", {"id": None}, "missing_id", "error"),
        ("town.pipe", {"feature_code": "5104100"}, "feature_code_form", "warning"),
        ("town.pipe", {"feature_code": "52041000"}, "feature_code_mismatch", "warning"),
        ("town.pipe", {"feature_code": "51042000"}, "feature_code_mismatch", "warning"),
        ("town.pipe", {"feature_code": "51041000", "category": "SS02"}, "feature_code_mismatch", "warning"),
        ("town.pipe", {"build_date": date.today() + timedelta(days=30)}, "future_date", "warning"),
        ("town.pipe", {"survey_date": date(1066, 10, 14)}, "early_date", "warning"),
        ("town.pipe", {"survey_date": date(2001, 1, 1), "build_date": date(2005, 1, 1)}, "surveyed_before_built", "info"),
        ("town.pipe", {"lifecycle": "broken"}, "unknown_state", "warning"),
        ("town.pipe", {"secrecy": "hush"}, "unknown_state", "warning"),
        ("town.point", {"feature": "弯头", "attachment": "阀门"}, "feature_and_attachment", "warning"),
        ("town.point", {"field_number": "W9"}, "number_mismatch", "warning"),
        ("town.point", {"ground_elevation": 25.0}, "level_sum", "warning"),
        ("town.point", {"feature_code": "51042101", "attachment": "阀门"}, "feature_code_mismatch", "warning"),
    ],
)
@pytest.mark.clause("1a", "1l")
def test_each_rule(kind: str, cells: dict[str, Any], rule: str, severity: str) -> None:
    rows = broken(kind, 2, **cells)
    assert [(r["rule"], r["severity"]) for r in rows] == [(f"survey.{rule}", severity)]
    row = rows[0]
    assert (row["kind"], row["file"], row["row"]) == (kind, "线表.csv", 4)
    assert row["fix"] and row["message"] and row["x"] is not None
    assert row["id"] == (None if rule == "missing_id" else f"{kind}:{2 if kind == 'town.pipe' else 3}")


@pytest.mark.parametrize("cells", [{"feature_code": "51041000", "category": "JP04"}, {"diameter": 0.3}, {"status": "0"}, {"build_date": date(1990, 1, 1)},
                                   {"lifecycle": "in_service", "secrecy": "internal"}])  # fmt: skip
def test_right_values_are_silent(cells: dict[str, Any]) -> None:
    assert broken("town.pipe", 2, **cells) == []


def test_equipment_above_the_ground_has_no_depth() -> None:
    assert broken("town.point", 2, depth=0.0, elevation=40.0) == []
    assert [r["rule"] for r in broken("town.point", 2, depth=0.0, elevation=10.0)] == ["survey.level_sum"]


def test_a_column_nobody_filled_is_said_once() -> None:
    table = town()["town.pipe"]
    findings = Findings()
    check_batch(PIPE, table.drop_columns("material"), findings)
    check_batch(PIPE, conform(table.drop_columns("diameter"), asset_schema(PIPE)), findings)
    assert findings.by_rule() == {"survey.missing_column": 2}


def test_zero_for_a_second_size_is_said_once() -> None:
    kind = Kind("town.box", "edge", "Box", "管", (Field("width", "width", "宽", quantity="diameter"), Field("diameter", "diameter", "径", quantity="diameter")))
    findings = Findings()
    check_batch(kind, pa.table({"id": ["a", "b", "c"], "width": [0.0, 0.0, 0.4], "diameter": [0.3, -0.3, 0.3]}), findings)
    assert findings.by_rule() == {"survey.nonpositive_size": 1, "survey.zero_for_missing": 1}
    assert set(findings.table()["value"].to_pylist()) == {"2", "-0.3"}


def test_settings_and_choice_of_checks() -> None:
    table = put(put(town(), "town.pipe", 0, to_depth=31.0), "town.pipe", 1, diameter=-1.0)["town.pipe"]
    findings = Findings()
    check_batch(PIPE, table, findings, settings={"survey.max_depth": 35.0}, checks=frozenset({"survey.too_deep"}))
    assert len(findings) == 0


def test_lengths_in_feet_are_noticed() -> None:
    tables = town(40)["town.pipe"]
    drawn = geometry.length(tables["geometry"])
    for factor, said in ((1 / 0.3048, "lengths are in feet"), (0.3048, "coordinates are in feet")):
        findings = Findings()
        at = tables.column_names.index("length")
        check_batch(PIPE, tables.set_column(at, "length", pa.array(drawn * factor)), findings)
        assert findings.by_rule() == {"survey.length_units": 1} and said in findings.table()["message"][0].as_py()


@pytest.mark.parametrize(
    ("text", "code"),
    [("PE", "PE"), ("pe", "PE"), ("HDPE", "PE"), ("球墨铸铁", "QM"), ("Ductile Iron", "QM"), ("砼", "T"), (" 钢 ", "G"), ("upvc", "PVC"), ("granite", None), ("", None)],
)
def test_what_a_code_means(text: str, code: str | None) -> None:
    assert meant(MATERIAL, text) == code


def test_codes_delivered_as_numbers() -> None:
    assert meant(STATUS, "0.0") == "0" and meant(STATUS, "在用") == "0" and meant(STATUS, "7.0") is None


def test_aliases_are_replaced_and_the_rest_kept() -> None:
    table = put(put(put(town(), "town.pipe", 0, material="铸铁"), "town.pipe", 1, material="unknown stuff"), "town.pipe", 2, material=None)["town.pipe"]
    assert normalise_codes(PIPE, table)["material"].to_pylist() == ["ZT", "unknown stuff", None, "PE", "PE"]
    clean = town()["town.pipe"]
    assert normalise_codes(PIPE, clean) is clean


def test_unknown_codes_get_a_suggestion() -> None:
    row = broken("town.pipe", 2, laying="XTDD")[0]
    assert row["fix"].startswith("Did you mean XTD?")
    assert broken("town.pipe", 2, material="铸铁")[0]["fix"] == "Write ZT"


def test_a_hopeless_column_stays_cheap_and_counted() -> None:
    count = 20_000
    table = pa.table({"id": [f"town.pipe:{i}" for i in range(count)], "diameter": np.full(count, -1.0), "material": ["PE"] * count})
    findings = Findings(limit=100)
    check_batch(PIPE, table, findings)
    assert findings.counts()["error"] == count and findings.table().num_rows == 100


def test_rows_are_judged_together() -> None:
    base = town(5)["town.pipe"]
    few, many = (pa.concat_tables([base] * times).combine_chunks() for times in (2, 2_000))
    check_batch(PIPE, few, Findings())
    assert python_calls(lambda: check_batch(PIPE, many, Findings())) == python_calls(lambda: check_batch(PIPE, few, Findings()))
