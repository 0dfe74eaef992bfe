"""One writer, many readers: nothing half-written, whatever happens to the writer, on both stores."""

from __future__ import annotations

import os
import signal
import threading
import time

import pytest

from holdfast.model.errors import Conflict, Forbidden, NotFound
from store_kinds import MONDAY, NOTE, PIPE, SENSOR, notes, pipes

WRITING = """
import sys
city = open_store(place)
with city.write() as writer:
    writer.append(PIPE, pipes([f"late-{i}" for i in range(6000)]), MONDAY)
    writer.append(NOTE, notes({"late": "x"}), MONDAY)
    writer.close(PIPE, ["demo.pipe:A"], day(1))
    writer.append_event({"type": "late"})
    writer.put_file("late/file", b"x" * 100_000)
    writer.set_meta("name", "late")
    print("writing", flush=True)
    sys.stdin.readline()
print("written", flush=True)
"""


def fill(city):
    with city.write() as writer:
        writer.append(PIPE, pipes(["A", "B"]), MONDAY)
        writer.append_event({"type": "start"})
        writer.set_meta("name", "before")


def untouched(city):
    assert sorted(city.read(PIPE)["id"].to_pylist()) == ["demo.pipe:A", "demo.pipe:B"]
    assert city.read(PIPE, bbox=(0, 0, 1e7, 1e7)).num_rows == 2
    assert city.history(PIPE, "demo.pipe:A").num_rows == 1
    assert city.kinds() == ["demo.pipe"] and city.counts() == {"demo.pipe": 2}
    assert city.events()["type"].to_pylist() == ["start"]
    assert city.files() == [] and city.meta()["name"] == "before"


def test_an_exception_undoes_everything(city):
    fill(city)
    with pytest.raises(RuntimeError, match="on purpose"), city.write() as writer:
        writer.append(PIPE, pipes(["C"]), MONDAY)
        writer.append(NOTE, notes({"1": "x"}), MONDAY)
        writer.close(PIPE, ["demo.pipe:A"], MONDAY)
        writer.append_event({"type": "never"})
        writer.put_file("never/file", b"x")
        writer.set_meta("name", "never")
        raise RuntimeError("on purpose")
    untouched(city)
    with city.write() as writer:
        writer.append(PIPE, pipes(["C"]), MONDAY)
    assert city.counts() == {"demo.pipe": 3}


def test_a_savepoint_undoes_its_part_only(city):
    fill(city)
    with city.write() as writer:
        writer.append(PIPE, pipes(["C"]), MONDAY)
        with pytest.raises(RuntimeError), writer.savepoint():
            writer.append(PIPE, pipes([f"D{i}" for i in range(7000)]), MONDAY)
            writer.append(SENSOR, pipes(["S"]).select(["id"]), MONDAY)
            writer.close(PIPE, ["demo.pipe:A"], MONDAY)
            raise RuntimeError
        with writer.savepoint():
            writer.append(NOTE, notes({"1": "kept"}), MONDAY)
            with pytest.raises(Conflict), writer.savepoint():
                writer.append(NOTE, notes({"2": "gone"}), MONDAY)
                writer.append(PIPE, pipes(["B"]), MONDAY)
        writer.append(SENSOR, pipes(["S"]).select(["id"]), MONDAY)
    assert city.counts() == {"demo.note": 1, "demo.pipe": 3, "demo.sensor": 1}
    assert sorted(city.read(PIPE, bbox=(0, 0, 1e7, 1e7))["id"].to_pylist()) == ["demo.pipe:A", "demo.pipe:B", "demo.pipe:C"]


def test_readers_see_the_last_commit_while_somebody_writes(place):
    city = place.create()
    fill(city)
    reader = place.open(read_only=True)
    with city.write() as writer:
        writer.append(PIPE, pipes([f"C{i}" for i in range(50)]), MONDAY)
        writer.append(NOTE, notes({"1": "x"}), MONDAY)
        untouched(reader)
        untouched(city)
    assert reader.counts() == {"demo.note": 1, "demo.pipe": 52}


def test_a_stream_keeps_its_snapshot_while_somebody_commits(place):
    city = place.create()
    with city.write() as writer:
        writer.append(PIPE, pipes([f"{i:05}" for i in range(3000)]), MONDAY)
    stream = place.open().read_batches(PIPE, rows=1000)
    seen = next(stream)["id"].to_pylist()
    with city.write() as writer:
        writer.close(PIPE, [f"demo.pipe:{i:05}" for i in range(3000)], MONDAY)
    for piece in stream:
        seen += piece["id"].to_pylist()
    assert len(set(seen)) == 3000
    assert city.counts() == {}


def test_a_second_writer_in_this_process_is_refused_at_once(place):
    city = place.create()
    other = place.open()
    with city.write() as writer:
        writer.append(NOTE, notes({"1": "x"}), MONDAY)
        for second in (other, city):
            with pytest.raises(Conflict, match="another writer"), second.write():  # would wait for ever, were it not refused: this thread holds the other
                pytest.fail("two writers")
        writer.append(NOTE, notes({"2": "x"}), MONDAY)
    with other.write() as writer:
        writer.append(NOTE, notes({"3": "x"}), MONDAY)
    assert city.counts() == {"demo.note": 3}


@pytest.mark.slow
def test_a_writer_in_another_process_is_named_and_its_death_leaves_the_city_as_before(place):
    city = place.create()
    fill(city)
    child = place.process(WRITING)
    assert child.stdout.readline() == "writing\n"
    with pytest.raises(Conflict, match=rf"another writer .*process {child.pid}"), city.write():
        pytest.fail("two writers")
    untouched(city)
    os.kill(child.pid, signal.SIGKILL)
    child.wait()
    untouched(city)
    again = place.open()
    untouched(again)
    deadline = time.monotonic() + 10
    while True:  # a server needs a moment to notice that the writer is gone
        try:
            with again.write() as writer:
                writer.append(PIPE, pipes(["late-1"]), MONDAY)
            break
        except Conflict:
            assert time.monotonic() < deadline, "the dead writer's lock is still held"
            time.sleep(0.05)
    assert again.counts() == {"demo.pipe": 3}


def test_many_threads_may_read_at_once(city):
    with city.write() as writer:
        writer.append(PIPE, pipes([f"{i}" for i in range(2000)]), MONDAY)
    found = []

    def read(number):
        for index in range(10):
            found.append(city.read(PIPE, ids=[f"demo.pipe:{number * 100 + index}"])["id"].to_pylist() == [f"demo.pipe:{number * 100 + index}"])

    threads = [threading.Thread(target=read, args=(number,)) for number in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(found) == 80 and all(found)


def test_a_city_opened_read_only_cannot_be_written(place):
    fill(place.create())
    reader = place.open(read_only=True)
    with pytest.raises((Forbidden, Conflict), match="read-only"), reader.write():
        pytest.fail("written")
    untouched(reader)


def test_there_is_one_city_at_a_place(place):
    with pytest.raises(NotFound):
        place.open()
    fill(place.create())
    with pytest.raises(Conflict):
        place.create()
    untouched(place.open())


def test_a_city_may_be_closed_twice(city):
    fill(city)
    city.close()
    city.close()
