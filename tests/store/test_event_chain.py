from __future__ import annotations

import numpy as np
import pyarrow as pa
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from holdfast.model.errors import Invalid
from holdfast.model.tables import EVENT
from holdfast.store.event_chain import FIRST_HASH, event_hash, event_row, verify

STAMP = np.datetime64("2026-01-05T08:00:00.123", "ms")


def chain(*rows):
    """A table of linked events."""
    done, previous = [], FIRST_HASH
    for number, row in enumerate(rows, 1):
        full = event_row(row, number, previous, STAMP)
        previous = full["hash"]
        done.append(full)
    columns = {name: [row[name] for row in done] for name in EVENT.names}
    columns["time"] = [value.astype("datetime64[ms]").astype(int) for value in columns["time"]]
    return pa.table({name: pa.array(values, pa.int64() if name == "time" else EVENT.field(name).type) for name, values in columns.items()}).cast(EVENT)


def test_the_hash_does_not_depend_on_how_the_payload_is_spelled():
    one = event_row({"type": "alarm", "payload": '{"a": 1, "b": [true, null]}'}, 1, FIRST_HASH, STAMP)
    two = event_row({"type": "alarm", "payload": {"b": [True, None], "a": 1}}, 1, FIRST_HASH, STAMP)
    assert one["hash"] == two["hash"] and len(one["hash"]) == 64


@pytest.mark.parametrize("name", ["time", "type", "subject", "actor", "cause", "payload"])
def test_every_column_counts(name):
    row = {"time": STAMP, "type": "a", "subject": "b", "actor": "c", "cause": "d", "payload": '{"x": 1}'}
    other = {"time": STAMP + 1, "payload": '{"x": 2}'}.get(name, "different")
    assert event_row(row, 1, FIRST_HASH, STAMP)["hash"] != event_row(row | {name: other}, 1, FIRST_HASH, STAMP)["hash"]


def test_number_and_predecessor_count():
    row = {"type": "a"}
    assert len({event_row(row, n, p, STAMP)["hash"] for n in (1, 2) for p in (FIRST_HASH, "f" * 64)}) == 4


def test_a_whole_chain_holds_in_any_order_of_rows():
    events = chain(*({"type": f"t{i}", "payload": {"i": i}} for i in range(9)))
    assert verify(events) == [] and verify(events.take([5, 3, 8, 0, 1, 2, 4, 7, 6])) == []
    assert verify(EVENT.empty_table()) == []


def test_dropping_the_newest_events_cannot_be_seen_but_dropping_others_can():
    events = chain(*({"type": f"t{i}"} for i in range(5)))
    assert verify(events.slice(0, 4)) == []
    assert verify(events.slice(1))[0] == (2, "event 1 is missing")
    assert (4, "event 3 is missing") in verify(pa.concat_tables([events.slice(0, 2), events.slice(3)]))


def test_a_number_used_twice_is_found():
    events = chain({"type": "a"}, {"type": "b"})
    assert any(reason == "number is used twice" for _, reason in verify(pa.concat_tables([events, events.slice(1)])))


@settings(max_examples=20, deadline=None, derandomize=True)
@given(row=st.integers(0, 4), name=st.sampled_from(["type", "subject", "actor", "cause", "payload", "hash", "previous_hash"]), text=st.text(max_size=8))
def test_any_change_of_any_text_is_found(row, name, text):
    events = chain(*({"type": f"t{i}", "subject": "s", "actor": "a", "cause": "c", "payload": {"i": i}} for i in range(5)))
    values = events[name].to_pylist()
    if values[row] == text:
        return
    values[row] = text
    changed = events.set_column(EVENT.get_field_index(name), name, pa.array(values, pa.string()))
    assert verify(changed)[0][0] in (row + 1, row + 2)


@pytest.mark.parametrize(
    "row", [{}, {"type": ""}, {"type": "a", "hash": "x"}, {"type": "a", "payload": "{"}, {"type": "a", "payload": '{"x": NaN}'}, {"type": "a", "time": "soon"}]
)
def test_nonsense_is_refused(row):
    with pytest.raises(Invalid):
        event_row(row, 1, FIRST_HASH, STAMP)


def test_the_hash_is_over_canonical_json():
    row = {**dict.fromkeys(("type", "subject", "actor", "cause", "payload")), "number": 1, "time": STAMP, "previous_hash": FIRST_HASH}
    assert event_hash(row) == event_hash(dict(reversed(row.items())))
