"""Both time axes: closing, correcting, asking what held when and who knew it then, on both stores."""

from __future__ import annotations

import time
from dataclasses import dataclass, replace
from itertools import pairwise

import numpy as np
import pyarrow as pa
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from holdfast.model.errors import Invalid
from holdfast.model.repository import AsOf
from holdfast.model.time import now
from store_kinds import MONDAY, NOTE, PIPE, day, notes, pipes

FOREVER = np.datetime64("9999-01-01", "ms")


def texts(table):
    return dict(sorted(zip(table["id"].to_pylist(), table["text"].to_pylist(), strict=True)))


@pytest.mark.clause("1a")
def test_a_closed_fact_leaves_the_present_and_stays_in_the_past(city):
    with city.write() as writer:
        writer.append(NOTE, notes({"1": "old"}), day(0))
        first = writer.stamp
    with city.write() as writer:
        assert writer.close(NOTE, ["demo.note:1", "demo.note:never"], day(10)) == 1
        writer.append(NOTE, notes({"1": "new"}), day(10))
        second = writer.stamp
    assert texts(city.read(NOTE)) == {"demo.note:1": "new"}
    assert city.counts() == {"demo.note": 1}

    def seen(valid, known):
        return texts(city.read(NOTE, as_of=AsOf(valid, known)))

    assert seen(day(5), second) == {"demo.note:1": "old"}
    assert seen(day(10), second) == {"demo.note:1": "new"}, "an end is not part of the span it ends"
    assert seen(day(20), second) == {"demo.note:1": "new"}
    assert seen(day(20), first) == {"demo.note:1": "old"}, "before the second record the end was not known"
    assert seen(day(-1), second) == {}
    assert seen(day(5), first - np.timedelta64(1, "ms")) == {}
    assert city.counts(AsOf(day(5), second)) == {"demo.note": 1}
    assert city.counts(AsOf(day(-1), second)) == {}


def test_history_lists_every_version_oldest_record_first(city):
    with city.write() as writer:
        writer.append(NOTE, notes({"1": "old", "2": "other"}), day(0))
        first = writer.stamp
    with city.write() as writer:
        writer.close(NOTE, ["demo.note:1"], day(10))
        writer.append(NOTE, notes({"1": "new"}), day(10))
        second = writer.stamp
    rows = city.history(NOTE, "demo.note:1")
    stamp = [np.datetime64(v.replace(tzinfo=None), "ms") if v else None for v in rows["recorded_at"].to_pylist()]
    ended = [np.datetime64(v.replace(tzinfo=None), "ms") if v else None for v in rows["superseded_at"].to_pylist()]
    until = [np.datetime64(v.replace(tzinfo=None), "ms") if v else None for v in rows["valid_to"].to_pylist()]
    assert rows["text"].to_pylist() == ["old", "old", "new"]
    assert stamp == [first, second, second]
    assert ended == [second, None, None]
    assert until == [None, day(10), None]


def test_a_correction_removes_a_fact_that_never_held(city):
    with city.write() as writer:
        writer.append(NOTE, notes({"1": "wrong"}), day(0))
        first = writer.stamp
    with city.write() as writer:
        assert writer.close(NOTE, ["demo.note:1"], day(0)) == 1
        writer.append(NOTE, notes({"1": "right"}), day(0))
        second = writer.stamp
    assert texts(city.read(NOTE)) == {"demo.note:1": "right"}
    assert texts(city.read(NOTE, as_of=AsOf(day(3), second))) == {"demo.note:1": "right"}
    assert texts(city.read(NOTE, as_of=AsOf(day(3), first))) == {"demo.note:1": "wrong"}
    assert city.history(NOTE, "demo.note:1")["text"].to_pylist() == ["wrong", "right"]


def test_closing_keeps_geometry_and_every_column(city):
    with city.write() as writer:
        writer.append(PIPE, pipes(["A", "B"], diameter=[0.3, 0.4], note=["", None], live=[True, False]), day(0))
    before = city.read(PIPE, ids=["demo.pipe:A"])
    box = (455_000, 3_384_000, 455_010, 3_384_010)
    with city.write() as writer:
        writer.close(PIPE, ["demo.pipe:A"], day(4))
        stamp = writer.stamp
    after = city.read(PIPE, as_of=AsOf(day(2), stamp), bbox=box)
    same = [name for name in before.column_names if name not in ("valid_to", "recorded_at", "superseded_at")]
    assert after.select(same).equals(before.select(same))
    assert city.read(PIPE, bbox=box).num_rows == 0
    assert city.read(PIPE, as_of=AsOf(day(5), stamp), bbox=box).num_rows == 0
    assert city.read(PIPE, as_of=AsOf(day(2), stamp), ids=["demo.pipe:A"]).num_rows == 1
    assert city.read(PIPE, as_of=AsOf(day(2), stamp), limit=1).num_rows == 1
    assert sum(piece.num_rows for piece in city.read_batches(PIPE, as_of=AsOf(day(2), stamp), rows=1)) == 2


def test_closing_thousands_keeps_both_indexes_right(city):
    names = [f"{i:05}" for i in range(8000)]
    with city.write() as writer:
        writer.append(PIPE, pipes(names), day(0))
    gone = [f"demo.pipe:{name}" for name in names[:6000]]
    with city.write() as writer:
        assert writer.close(PIPE, gone, day(1)) == 6000
        stamp = writer.stamp
    assert city.counts() == {"demo.pipe": 2000}
    strip = (455_000.0 + 100 * 5990, 3_384_000, 455_000.0 + 100 * 6009 + 50, 3_384_010)
    assert city.read(PIPE, bbox=strip, columns=["id"]).num_rows == 10
    assert city.read(PIPE, bbox=strip, columns=["id"], as_of=AsOf(day(0.5), stamp)).num_rows == 20


def test_closing_in_the_future_takes_the_fact_out_of_the_open_ones(city):
    with city.write() as writer:
        writer.append(NOTE, notes({"1": "x"}), day(0))
        writer.close(NOTE, ["demo.note:1"], FOREVER)
        stamp = writer.stamp
    assert city.read(NOTE).num_rows == 0
    assert texts(city.read(NOTE, as_of=AsOf(now(), stamp))) == {"demo.note:1": "x"}


def test_closing_nothing(city):
    with city.write() as writer:
        writer.append(NOTE, notes({"1": "x"}), day(0))
        assert writer.close(NOTE, [], day(1)) == 0
        assert writer.close(PIPE, ["demo.pipe:none"], day(1)) == 0
    assert city.read(NOTE).num_rows == 1


def test_a_fact_without_a_start_is_refused(city):
    with pytest.raises(Invalid, match="valid_from"), city.write() as writer:
        writer.append(NOTE, notes({"1": "x"}), np.datetime64("NaT", "ms"))
    with pytest.raises(Invalid, match="valid_to"), city.write() as writer:
        writer.append(NOTE, notes({"1": "x"}), day(0))
        writer.close(NOTE, ["demo.note:1"], np.datetime64("NaT", "ms"))
    assert city.read(NOTE).num_rows == 0


def test_stamps_rise_strictly_even_within_a_millisecond_and_after_reopening(place):
    city = place.create()
    stamps = []
    for index in range(12):
        if index == 6:
            city.close()
            city = place.open()
        with city.write() as writer:
            writer.append(NOTE, notes({str(index): "x"}), MONDAY)
            stamps.append(writer.stamp)
    assert all(later > earlier for earlier, later in pairwise(stamps))
    assert abs(stamps[-1] - now()) < np.timedelta64(60, "s")


def test_recorded_time_is_when_it_was_written(city):
    before = now()
    time.sleep(0.002)
    with city.write() as writer:
        writer.append(NOTE, notes({"1": "x"}), day(0))
    recorded = np.datetime64(city.read(NOTE)["recorded_at"][0].as_py().replace(tzinfo=None), "ms")
    assert before < recorded <= now() + np.timedelta64(50, "ms")


# a naive model of the same semantics, and random histories compared with it


@dataclass(frozen=True)
class Version:
    id: str
    text: str
    valid_from: int
    valid_to: int | None
    recorded_at: int
    superseded_at: int | None


@dataclass(frozen=True)
class Naive:
    rows: tuple[Version, ...] = ()

    def append(self, name, text, start, stamp):
        if any(r.id == name and r.valid_to is None and r.superseded_at is None for r in self.rows):
            return None
        return Naive((*self.rows, Version(name, text, start, None, stamp, None)))

    def close(self, name, end, stamp):
        rows = []
        for row in self.rows:
            if row.id == name and row.valid_to is None and row.superseded_at is None:
                rows.append(replace(row, superseded_at=stamp))
                if end > row.valid_from:
                    rows.append(replace(row, valid_to=end, recorded_at=stamp))
            else:
                rows.append(row)
        return Naive(tuple(rows))

    def as_of(self, valid, known):
        return sorted(
            (r.id, r.text)
            for r in self.rows
            if r.recorded_at <= known
            and (r.superseded_at is None or r.superseded_at > known)
            and r.valid_from <= valid
            and (r.valid_to is None or r.valid_to > valid)
        )

    def open(self):
        return sorted((r.id, r.text) for r in self.rows if r.valid_to is None and r.superseded_at is None)


STEP = st.tuples(st.sampled_from(["append", "close"]), st.sampled_from(["demo.note:a", "demo.note:b", "demo.note:c"]), st.integers(0, 6))
HISTORY = st.lists(st.lists(STEP, min_size=1, max_size=4), min_size=1, max_size=6)


def pairs(table):
    return sorted(zip(table["id"].to_pylist(), table["text"].to_pylist(), strict=True))


def replay(city, transactions):
    """Play the transactions into the store and the model; returns the model in days and the stamp of each transaction."""
    model, stamps = Naive(), []
    for number, steps in enumerate(transactions):
        with city.write() as writer:
            stamps.append(writer.stamp)
            for position, (action, name, moment) in enumerate(steps):
                if action == "close":
                    writer.close(NOTE, [name], day(moment))
                    model = model.close(name, moment, number)
                elif (grown := model.append(name, f"{number}.{position}", moment, number)) is not None:
                    writer.append(NOTE, pa.table({"id": [name], "text": [f"{number}.{position}"]}), day(moment))
                    model = grown
    return model, stamps


@settings(max_examples=15, deadline=None, derandomize=True, suppress_health_check=list(HealthCheck))
@given(transactions=HISTORY)
def test_random_histories_agree_with_a_naive_model(place, second_place, transactions):
    where = second_place()
    where.location = f"{where.location}_{len(place.opened._exit_callbacks)}"
    with where.opened:
        city = where.create()
        place.opened.callback(lambda: None)  # counts the examples, so that each has a place of its own
        model, stamps = replay(city, transactions)
        assert pairs(city.read(NOTE)) == model.open()
        for known, stamp in enumerate(stamps):
            for valid in (-1, 0, 1, 3, 5, 6, 7):
                at = AsOf(day(valid), stamp)
                assert pairs(city.read(NOTE, as_of=at)) == model.as_of(valid, known), (valid, known)
        for name in ("demo.note:a", "demo.note:b", "demo.note:c"):
            versions = city.history(NOTE, name)["text"].to_pylist()
            assert sorted(versions) == sorted(r.text for r in model.rows if r.id == name)
