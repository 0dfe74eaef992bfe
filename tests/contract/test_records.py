"""Links, settings, events, runs, results and files, on both stores."""

from __future__ import annotations

import hashlib
import sqlite3
from pathlib import Path

import numpy as np
import psycopg
import pyarrow as pa
import pytest

from holdfast.model import tables
from holdfast.model.errors import Conflict, Invalid, NotFound
from holdfast.model.repository import AsOf
from holdfast.store import event_chain
from store_kinds import MONDAY, day


def links(*rows):
    names = ("from_id", "to_id", "relation", "service", "backup_hours")
    columns = {name: [row[i] if i < len(row) else None for row in rows] for i, name in enumerate(names)}
    return tables.conform(pa.table({k: pa.array(v, tables.LINK.field(k).type) for k, v in columns.items()}), tables.LINK)


def ends(table):
    return sorted(zip(table["from_id"].to_pylist(), table["to_id"].to_pylist(), table["relation"].to_pylist(), strict=True))


def test_links_by_end_and_relation(city):
    with city.write() as writer:
        count = writer.append_links(links(("a", "b", "serves", "water", 24.0), ("a", "c", "depends"), ("b", "c", "serves", "电力", None)), MONDAY)
        assert count == 3
        assert writer.append_links(links(), MONDAY) == 0
    assert ends(city.links()) == [("a", "b", "serves"), ("a", "c", "depends"), ("b", "c", "serves")]
    assert ends(city.links(from_ids=["a"])) == [("a", "b", "serves"), ("a", "c", "depends")]
    assert ends(city.links(from_ids=["a", "b"], to_ids=["c"])) == [("a", "c", "depends"), ("b", "c", "serves")]
    assert ends(city.links(to_ids=["c"], relation="serves")) == [("b", "c", "serves")]
    assert city.links(from_ids=[]).num_rows == 0
    found = city.links(from_ids=["a"], relation="serves")
    assert found.schema.names == [*tables.LINK.names, *tables.TIME_AXES]
    assert found["backup_hours"].to_pylist() == [24.0] and found["service"].to_pylist() == ["water"]


def test_links_by_thousands_of_ids(city):
    names = [f"n{i}" for i in range(34_000)]
    with city.write() as writer:
        writer.append_links(links(*((name, f"{name}x", "flows") for name in names)), MONDAY)
    assert city.links(from_ids=names, to_ids=[f"{name}x" for name in names[:33_000]]).num_rows == 33_000


def test_closed_links_stay_in_the_past(city):
    with city.write() as writer:
        writer.append_links(links(("a", "b", "serves"), ("c", "a", "depends"), ("c", "d", "serves")), day(0))
        first = writer.stamp
    with city.write() as writer:
        assert writer.close_links(["a"], day(5), relation="depends") == 1
        assert writer.close_links(["a", "nobody"], day(0)) == 1
        second = writer.stamp
    assert ends(city.links()) == [("c", "d", "serves")]
    assert ends(city.links(as_of=AsOf(day(3), second))) == [("c", "a", "depends"), ("c", "d", "serves")], "the other never held"
    assert len(ends(city.links(as_of=AsOf(day(3), first)))) == 3
    assert ends(city.links(as_of=AsOf(day(6), second), from_ids=["c"])) == [("c", "d", "serves")]


def test_settings_count_their_versions(city):
    row = {"key": "survey.depth", "value": "1.5", "author": "王工", "standard": "CJJ 61", "clause": "4.2", "edition": "2017", "mark": "found"}
    with city.write() as writer:
        assert writer.put_setting(row) == 1
        assert writer.put_setting({**row, "value": "2.0"}) == 2
        assert writer.put_setting({**row, "key": "other", "value": "true"}) == 1
        stamp = writer.stamp
    found = city.settings("survey.depth")
    assert found.schema.names == tables.SETTING.names
    assert found["version"].to_pylist() == [1, 2] and found["value"].to_pylist() == ["1.5", "2.0"]
    assert found["author"].to_pylist() == ["王工"] * 2
    assert np.datetime64(found["recorded_at"][0].as_py().replace(tzinfo=None), "ms") == stamp
    assert city.settings()["key"].to_pylist() == ["other", "survey.depth", "survey.depth"]
    assert city.settings("none").num_rows == 0


def event(**cells):
    return {"time": day(1), "type": "alarm", "subject": "demo.pipe:A", "actor": "rule", "cause": None, "payload": '{"值": [1, 2.5, null]}', **cells}


def test_events_form_a_chain_that_is_the_same_on_both_stores(city):
    with city.write() as writer:
        first = writer.append_event(event())
        second = writer.append_event(event(type="decision", subject="街道", payload=None))
    with city.write() as writer:
        third = writer.append_event(event(type="order", payload={"b": 1, "a": "x"}))
    found = city.events()
    assert found.schema.names == tables.EVENT.names
    assert found["number"].to_pylist() == [1, 2, 3]
    assert found["hash"].to_pylist() == [first, second, third]
    assert found["previous_hash"].to_pylist() == [event_chain.FIRST_HASH, first, second]
    assert event_chain.verify(found) == []
    canonical = (
        '{"actor":"rule","cause":null,"number":1,"payload":{"值":[1,2.5,null]},"previous_hash":"' + "0" * 64 + '",'
        '"subject":"demo.pipe:A","time":"2026-01-06T00:00:00.000Z","type":"alarm"}'
    )
    assert first == hashlib.sha256(canonical.encode()).hexdigest()
    assert city.events(subject="demo.pipe:A")["number"].to_pylist() == [1, 3]
    assert city.events(type="decision")["number"].to_pylist() == [2]
    assert city.events(subject="demo.pipe:A", type="order")["number"].to_pylist() == [3]


def test_an_event_that_is_undone_leaves_no_gap(city):
    with city.write() as writer:
        writer.append_event(event())
        with pytest.raises(RuntimeError), writer.savepoint():
            writer.append_event(event(type="undone"))
            raise RuntimeError
        writer.append_event(event(type="kept"))
    found = city.events()
    assert found["number"].to_pylist() == [1, 2] and found["type"].to_pylist() == ["alarm", "kept"]
    assert event_chain.verify(found) == []


def test_an_event_without_time_happens_when_it_is_written(city):
    with city.write() as writer:
        writer.append_event({"type": "note"})
        stamp = writer.stamp
    assert np.datetime64(city.events()["time"][0].as_py().replace(tzinfo=None), "ms") == stamp


@pytest.mark.parametrize("row", [{"subject": "x"}, {"type": "alarm", "payload": "{broken"}, {"type": "alarm", "colour": "red"}])
def test_events_that_make_no_sense_are_refused(city, row):
    with city.write() as writer, pytest.raises(Invalid):
        writer.append_event(row)
    assert city.events().num_rows == 0


def tamper(place, statement):
    """Change the store behind Holdfast's back, as somebody with access to the file or database could."""
    if place.engine == "embedded":
        database = sqlite3.connect(Path(place.location) / "city.gpkg", isolation_level=None)
        database.execute(statement)
        database.close()
    else:
        url, _, schema = place.location.partition("?city=")
        with psycopg.connect(url, autocommit=True, options=f"-csearch_path={schema}") as database:
            database.execute(statement)


@pytest.mark.parametrize(
    ("statement", "where"),
    [
        ("UPDATE event SET actor = 'somebody else' WHERE number = 2", 2),
        ("UPDATE event SET payload = '{}' WHERE number = 1", 1),
        ("DELETE FROM event WHERE number = 2", 3),
        ("UPDATE event SET number = 9 WHERE number = 1", 2),
    ],
)
def test_tampering_with_events_is_found(place, statement, where):
    city = place.create()
    with city.write() as writer:
        for index in range(4):
            writer.append_event(event(payload=f'{{"n": {index}}}'))
    assert event_chain.verify(city.events()) == []
    city.close()
    tamper(place, statement)
    wrong = event_chain.verify(place.open().events())
    assert wrong and wrong[0][0] == where


RUN = {
    "id": "run-1",
    "capability": "demo.simulate",
    "code_version": "0.1.0",
    "input_digest": "ab" * 32,
    "parameters": '{"深度": 1}',
    "seed": 2**40,
    "status": "done",
    "actor": "tester",
    "started_at": day(1),
    "ended_at": day(2),
    "summary": "{}",
}


def test_runs_and_results(city):
    rows = pa.table(
        {
            "run": ["run-1"] * 3,
            "asset": ["demo.pipe:A", "demo.pipe:B", None],
            "quantity": ["flow"] * 3,
            "time": pa.array([0, None, 86_400_000], tables.INSTANT),
            "scenario": pa.array([0, 1, None], pa.int64()),
            "value": [0.25, None, -1.5],
        }
    )
    with city.write() as writer:
        writer.append_run(RUN)
        assert writer.append_results(rows) == 3
        assert writer.append_results(rows.slice(0, 0)) == 0
        writer.append_run({**RUN, "id": "run-2", "ended_at": None, "seed": None})
    assert city.runs()["id"].to_pylist() == ["run-1", "run-2"]
    found = city.runs("run-1")
    assert found.schema.names == tables.RUN.names and found["seed"].to_pylist() == [2**40]
    assert city.runs("none").num_rows == 0
    assert city.runs("run-2")["ended_at"].to_pylist() == [None]
    assert city.results("run-1").equals(tables.conform(rows, tables.RESULT))
    assert city.results("run-2").num_rows == 0


def test_the_same_run_twice_is_refused(city):
    with city.write() as writer:
        writer.append_run(RUN)
        with pytest.raises(Conflict):
            writer.append_run(RUN)
    assert city.runs().num_rows == 1


def test_files_are_kept_and_replaced(city):
    content = bytes(range(256)) * 1000
    with city.write() as writer:
        writer.put_file("results/run-1/findings.parquet", content)
        writer.put_file("terrain/高程.tif", b"")
    assert city.files() == ["results/run-1/findings.parquet", "terrain/高程.tif"]
    assert city.get_file("results/run-1/findings.parquet") == content
    assert city.get_file("terrain/高程.tif") == b""
    with city.write() as writer:
        writer.put_file("results/run-1/findings.parquet", b"new")
    assert city.get_file("results/run-1/findings.parquet") == b"new"
    assert len(city.files()) == 2
    with pytest.raises(NotFound):
        city.get_file("results/none")


def test_a_large_file_is_kept_whole(city):
    content = np.random.default_rng(1).integers(0, 256, 40_000_000, np.uint8).tobytes()
    with city.write() as writer:
        writer.put_file("terrain/large.tif", content)
    assert city.get_file("terrain/large.tif") == content


@pytest.mark.parametrize("name", ["/etc/passwd", "../outside", "a/../../outside", "a\\b", "", "results/\0"])
def test_file_names_that_lead_elsewhere_are_refused(city, name):
    with pytest.raises(Invalid), city.write() as writer:
        writer.put_file(name, b"x")
    assert city.files() == []


def test_a_file_put_in_an_undone_transaction_is_not_there(city):
    with city.write() as writer:
        writer.put_file("a/kept", b"old")
    with pytest.raises(RuntimeError), city.write() as writer:
        writer.put_file("a/kept", b"new")
        writer.put_file("a/new", b"x")
        raise RuntimeError
    assert city.files() == ["a/kept"] and city.get_file("a/kept") == b"old"


def test_meta_is_kept_with_the_transaction(city):
    with city.write() as writer:
        writer.set_meta("name", "安澜")
        writer.set_meta("name", "安澜市")
    with pytest.raises(RuntimeError), city.write() as writer:
        writer.set_meta("name", "lost")
        raise RuntimeError
    assert city.meta()["name"] == "安澜市"
