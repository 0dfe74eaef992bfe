"""Which limit binds when heat is short, one case for each."""

from __future__ import annotations

import numpy as np
import pyarrow as pa
import pytest

from holdfast.domains.heat.shortfall import Limit, limits, report
from holdfast.model.finding import Findings

CASES = [
    ((100.0, 100.0, 100.0, 1.0), (False, True, False), Limit.NONE),
    ((99.5, 100.0, 100.0, 1.0), (False, True, False), Limit.NONE),
    ((0.0, 100.0, 100.0, 0.0), (True, False, False), Limit.OUTAGE),
    ((0.0, 100.0, 100.0, 0.0), (False, True, False), Limit.NO_WATER),
    ((60.0, 100.0, 100.0, 0.6), (False, False, False), Limit.FLOW),
    ((83.0, 100.0, 100.0, 1.0), (False, True, False), Limit.SUPPLY),
    ((83.0, 100.0, 100.0, 1.0), (False, True, True), Limit.CAPACITY),
    ((90.0, 110.0, 90.0, 1.0), (False, False, True), Limit.CAPACITY),
    ((100.0, 100.0, 100.0, 1.0), (False, False, True), Limit.NONE),
    ((90.0, 110.0, 90.0, 1.0), (False, False, False), Limit.REHEAT),
    ((90.0, 100.0, 100.0, 1.0), (False, False, False), Limit.LATE),
]


@pytest.mark.parametrize(("heat", "state", "expected"), CASES)
def test_each_limit(heat, state, expected):
    assert limits(*(np.array([value]) for value in heat), *state[:2], np.array(state[2:])).tolist() == [expected]


def test_findings_name_the_limit_the_worst_consumer_and_the_share():
    limit = np.array([[Limit.NONE, Limit.SUPPLY], [Limit.SUPPLY, Limit.SUPPLY], [Limit.OUTAGE, Limit.NONE]])
    got, wanted = np.array([[100.0, 80.0], [90.0, 70.0], [0.0, 100.0]]), np.full((3, 2), 100.0)
    findings = Findings()
    report(findings, limit, got, wanted, pa.array(["heat.consumer:a", "heat.consumer:b"]))
    (row,) = findings.table().to_pylist()
    assert row["rule"] == "heat.short_supply" and row["id"] == "heat.consumer:b" and "2 of 2 consumers" in row["message"]
    assert "in 2 hours" in row["message"] and "85.0%" in row["message"]
