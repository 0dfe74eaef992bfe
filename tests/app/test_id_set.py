"""The compact set of ids answers like a plain one."""

from __future__ import annotations

import pyarrow as pa
from hypothesis import given, settings
from hypothesis import strategies as st

from holdfast.app.id_set import IdSet


@settings(max_examples=60, deadline=None, derandomize=True)
@given(st.lists(st.lists(st.text("abc:12水", max_size=4), min_size=1, max_size=30), max_size=12))
def test_it_reports_what_came_before(batches: list[list[str]]) -> None:
    ids, plain = IdSet(), set()
    for batch in batches:
        assert ids.has(pa.array(batch)).tolist() == [i in plain for i in batch]
        expected = []
        for i in batch:
            expected.append(i in plain)
            plain.add(i)
        assert ids.add(pa.array(batch)).tolist() == expected
    assert len(ids) == len(plain)


def test_many_batches_stay_few_sorted_runs() -> None:
    ids = IdSet()
    for start in range(0, 64_000, 1000):
        assert not ids.add(pa.array([str(i) for i in range(start, start + 1000)])).any()
    assert len(ids) == 64_000
    assert len(ids._runs) < 10
    assert ids.has(pa.array(["0", "63999", "64000"])).tolist() == [True, True, False]
