"""Dumps that fill another store, and schemas that grow, on both stores."""

from __future__ import annotations

import sqlite3
from dataclasses import replace
from pathlib import Path

import psycopg
import pyarrow as pa
import pytest

from holdfast.model import tables
from holdfast.model.errors import Conflict, Invalid, NotFound
from holdfast.model.repository import AsOf
from holdfast.model.spec import Field
from holdfast.store import event_chain
from store_kinds import KINDS, MONDAY, NOTE, PIPE, day, notes, pipes


def fill(city):
    with city.write() as writer:
        writer.append(PIPE, pipes(["A", "B", "C"], diameter=[0.1, None, 0.3], note=["", None, "中"]), day(0))
        writer.append(NOTE, notes({"1": "x"}), day(0))
        writer.append_links(pa.table({"from_id": ["a"], "to_id": ["b"], "relation": ["serves"]}), day(0))
        writer.append_event({"type": "first", "payload": '{"号": 1}'})
        writer.put_setting({"key": "k", "value": "1", "author": "a"})
        writer.append_run({"id": "r", "capability": "c", "status": "done"})
        writer.append_results(pa.table({"run": ["r"], "asset": ["a"], "quantity": ["q"], "value": [1.5]}))
    with city.write() as writer:
        writer.close(PIPE, ["demo.pipe:A"], day(3))
        writer.append(PIPE, pipes(["A"], diameter=[0.2]), day(3))
        writer.append_event({"type": "second"})
        return writer.stamp


def same(one, two, kinds=(PIPE, NOTE)):
    for kind in kinds:
        assert one.read(kind).sort_by("id").equals(two.read(kind).sort_by("id"))
        for name in one.read(kind)["id"].to_pylist():
            assert one.history(kind, name).equals(two.history(kind, name))
    for table in ("links", "events", "settings", "runs"):
        assert getattr(one, table)().equals(getattr(two, table)()), table
    assert one.results("r").equals(two.results("r"))
    assert event_chain.verify(two.events()) == []


def load(city, dump):
    for name, pieces in dump:
        if name not in ("meta", "file"):
            city.load(name, pieces, KINDS.get(name.removeprefix("asset/")))


def test_a_dump_has_every_table_with_every_version(city):
    fill(city)
    found = {name: pa.concat_tables(list(pieces)) if name == "asset/demo.pipe" else list(pieces) for name, pieces in city.dump()}
    assert {"asset/demo.pipe", "asset/demo.note", "link", "setting", "event", "run", "result"} <= set(found)
    rows = found["asset/demo.pipe"]
    assert sorted(rows["id"].to_pylist()) == ["demo.pipe:A"] * 3 + ["demo.pipe:B", "demo.pipe:C"]
    assert set(tables.asset_schema(PIPE, times=True).names) <= set(rows.column_names)


def test_a_dump_fills_another_city(city, second_place):
    stamp = fill(city)
    two = second_place().create()
    load(two, city.dump())
    same(city, two)
    at = AsOf(day(1), stamp)
    assert two.read(PIPE, as_of=at, bbox=(0, 0, 1e7, 1e7)).sort_by("id").equals(city.read(PIPE, as_of=at).sort_by("id"))
    with two.write() as writer:
        with pytest.raises(Conflict):
            writer.append(PIPE, pipes(["B"]), day(4))
        assert writer.close(PIPE, ["demo.pipe:B"], day(4)) == 1


def test_a_dump_is_one_snapshot(city):
    fill(city)
    dump = city.dump()
    first = next(dump)[0]
    with city.write() as writer:
        writer.append(PIPE, pipes(["late"]), day(5))
        writer.append_event({"type": "late"})
    seen = {name: sum(piece.num_rows for piece in pieces) for name, pieces in dump}
    assert first == "asset/demo.note" and seen["asset/demo.pipe"] == 5 and seen["event"] == 2


def test_an_abandoned_dump_leaves_the_city_usable(city):
    fill(city)
    dump = city.dump()
    name, pieces = next(dump)
    next(iter(pieces))
    dump.close()
    assert name.startswith("asset/")
    with city.write() as writer:
        writer.append(PIPE, pipes(["late"]), day(5))
    assert city.counts()["demo.pipe"] == 4


def test_a_kind_that_nobody_declares_any_more_is_dumped_and_loaded_whole(city, second_place):
    grown = replace(PIPE, name="gone.pipe", fields=(*PIPE.fields, Field("wall", "Wall", "壁厚", quantity="thickness")))
    with city.write() as writer:
        writer.append(grown, pipes(["A"], wall=[0.02]), MONDAY)
    two = second_place().create()
    load(two, city.dump())
    assert two.kinds() == ["gone.pipe"]
    assert two.read(grown)["wall"].to_pylist() == [0.02]
    assert two.read(grown).equals(city.read(grown))


def run_sql(place, *statements):
    """Change a closed city's tables directly."""
    if place.engine == "embedded":
        database = sqlite3.connect(Path(place.location) / "city.gpkg", isolation_level=None)
        for statement in statements:
            database.execute(statement)
        database.close()
    else:
        url, _, schema = place.location.partition("?city=")
        with psycopg.connect(url, autocommit=True, options=f"-csearch_path={schema},public") as database:
            for statement in statements:
                database.execute(statement)


def make_version_1(place):
    """Take a city back to the first schema: no kept files, links without back-up hours."""
    more = ["DELETE FROM gpkg_contents WHERE table_name = 'file'"] if place.engine == "embedded" else []
    statements = ["DROP TABLE file", "ALTER TABLE link DROP COLUMN backup_hours", "UPDATE meta SET value = '1' WHERE key = 'schema_version'"]
    run_sql(place, *more, *statements)


def test_an_older_city_is_not_written_until_it_is_upgraded(place):
    city = place.create()
    fill(city)
    before = city.read(PIPE).sort_by("id")
    city.close()
    make_version_1(place)
    old = place.open()
    assert old.meta()["schema_version"] == "1"
    with pytest.raises(Conflict, match="holdfast upgrade"), old.write():
        pytest.fail("written")
    assert old.read(PIPE).sort_by("id").equals(before), "reading needs no upgrade, nor does a backup"
    assert old.links()["backup_hours"].to_pylist() == [None] and old.files() == []
    with pytest.raises(NotFound):
        old.get_file("a/b")
    assert {name: sum(piece.num_rows for piece in pieces) for name, pieces in old.dump()}["link"] == 1
    steps = old.upgrade()
    assert len(steps) == 1 and steps[0].startswith("2:")
    assert old.meta()["schema_version"] == "2"
    assert old.upgrade() == []
    assert old.read(PIPE).sort_by("id").equals(before)
    assert old.links()["backup_hours"].to_pylist() == [None] and old.links()["from_id"].to_pylist() == ["a"]
    with old.write() as writer:
        writer.put_file("a/b", b"x")
        writer.append_links(pa.table({"from_id": ["c"], "to_id": ["d"], "relation": ["serves"], "backup_hours": [8.0]}), MONDAY)
    assert place.open().links(from_ids=["c"])["backup_hours"].to_pylist() == [8.0]
    assert event_chain.verify(old.events()) == []


def test_a_newer_city_is_refused(place):
    place.create().close()
    run_sql(place, "UPDATE meta SET value = '99' WHERE key = 'schema_version'")
    with pytest.raises(Invalid, match="99"):
        place.open()
