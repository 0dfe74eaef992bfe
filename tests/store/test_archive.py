"""Backups: one consistent file, either store on either side, and nothing half-written from a bad one."""

from __future__ import annotations

import hashlib
import io
import json
import os
import tarfile

import numpy as np
import psycopg
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
import shapely

from holdfast.model.errors import Conflict, Invalid, NotFound, Unavailable
from holdfast.model.repository import AsOf
from holdfast.store import archive, event_chain, postgis_cities
from store_kinds import CATALOG, EAST, HOUSE, NORTH, NOTE, PIPE, create_store, day, make_from_meta, notes, open_store, pipes


def fill(city):
    square = shapely.box(EAST, NORTH, EAST + 10, NORTH + 20)
    with city.write() as writer:
        writer.append(PIPE, pipes(["A", "B", "C"], diameter=[0.1, None, -0.0], note=["", None, "中 \N{WATER WAVE}"], live=[True, None, False]), day(0))
        writer.append(NOTE, notes({"1": "x\ny", "2": None}), day(0))
        writer.append(HOUSE, pa.table({"id": ["demo.house:1"], "geometry": pa.array([shapely.to_wkb(shapely.MultiPolygon([square]))])}), day(0))
        writer.append_links(pa.table({"from_id": ["a"], "to_id": ["b"], "relation": ["serves"], "backup_hours": [8.0]}), day(0))
        writer.append_event({"type": "first", "payload": '{"号": 1}'})
        writer.put_setting({"key": "k", "value": "1", "author": "王"})
        writer.append_run({"id": "r", "capability": "c", "status": "done", "started_at": day(0)})
        writer.append_results(pa.table({"run": ["r"], "asset": ["a"], "quantity": ["q"], "value": [1 / 3]}))
        writer.put_file("results/r/表.parquet", bytes(range(256)))
        writer.put_file("empty", b"")
        writer.set_meta("name", "安澜")
    with city.write() as writer:
        writer.close(PIPE, ["demo.pipe:A"], day(3))
        writer.append(PIPE, pipes(["A"], diameter=[0.2]), day(3))
        writer.append_event({"type": "second"})
        return writer.stamp


def same(one, two, stamp):
    for kind in (PIPE, NOTE, HOUSE):
        assert one.read(kind).sort_by("id").equals(two.read(kind).sort_by("id"))
        at = AsOf(day(1), stamp)
        assert one.read(kind, as_of=at).sort_by("id").equals(two.read(kind, as_of=at).sort_by("id"))
    assert one.history(PIPE, "demo.pipe:A").equals(two.history(PIPE, "demo.pipe:A"))
    for table in ("links", "events", "settings", "runs"):
        assert getattr(one, table)().equals(getattr(two, table)()), table
    assert one.results("r").equals(two.results("r"))
    assert one.files() == two.files() and all(one.get_file(name) == two.get_file(name) for name in one.files())
    assert event_chain.verify(two.events()) == []
    assert two.meta()["name"] == "安澜" and two.meta()["crs"] == one.meta()["crs"]


def contents(manifest):
    return {entry["name"]: (entry["rows"], entry["content"]) for entry in manifest["tables"]}


@pytest.mark.postgres
def test_embedded_to_postgres_and_back_is_the_same_city(tmp_path, postgres_url):
    first = create_store(str(tmp_path / "城市"))
    stamp = fill(first)
    made = archive.backup(first, tmp_path / "one.holdfast")
    assert archive.restore(tmp_path / "one.holdfast", postgres_url, CATALOG, make_from_meta) == made
    second = open_store(postgres_url)
    same(first, second, stamp)
    again = archive.backup(second, tmp_path / "two.holdfast")
    assert contents(again) == contents(made)
    archive.restore(tmp_path / "two.holdfast", str(tmp_path / "back"), CATALOG, make_from_meta)
    third = open_store(str(tmp_path / "back"))
    same(first, third, stamp)
    assert contents(archive.backup(third, tmp_path / "three.holdfast")) == contents(made)
    with third.write() as writer:
        assert writer.stamp > stamp
        assert writer.close(PIPE, ["demo.pipe:B"], day(9)) == 1
        writer.append_event({"type": "third"})
    assert event_chain.verify(third.events()) == []
    for city in (first, second, third):
        city.close()


@pytest.fixture
def city(tmp_path):
    repository = create_store(str(tmp_path / "city"))
    fill(repository)
    yield repository
    repository.close()


@pytest.fixture
def saved(city, tmp_path):
    path = tmp_path / "city.holdfast"
    archive.backup(city, path)
    return path


def restore(path, target):
    return archive.restore(path, str(target), CATALOG, make_from_meta)


def test_the_list_of_contents_says_what_is_in_it(city, saved):
    manifest = archive.verify(saved)
    assert manifest["crs"] == "EPSG:4547" and manifest["schema_version"] == 2 and manifest["meta"]["name"] == "安澜"
    assert {entry["name"]: entry["rows"] for entry in manifest["tables"]} == {
        "asset/demo.house": 1, "asset/demo.note": 2, "asset/demo.pipe": 5, "link": 1, "setting": 1, "event": 2, "run": 1, "result": 1,
    }  # fmt: skip
    with tarfile.open(saved) as tar:
        for entry in (*manifest["tables"], *manifest["files"]):
            assert hashlib.sha256(tar.extractfile(entry["member"]).read()).hexdigest() == entry["sha256"]
        table = pq.read_table(io.BytesIO(tar.extractfile(manifest["tables"][2]["member"]).read()))
    assert sorted(set(table["id"].to_pylist())) == ["demo.pipe:A", "demo.pipe:B", "demo.pipe:C"], "any Parquet reader can read it"


def test_a_backup_is_taken_while_somebody_writes(city, tmp_path):
    with city.write() as writer:
        writer.append(NOTE, notes({"late": "x"}), day(1))
        manifest = archive.backup(city, tmp_path / "during.holdfast")
    assert contents(manifest)["asset/demo.note"][0] == 2


def test_an_empty_city_can_be_kept(tmp_path):
    empty = create_store(str(tmp_path / "empty"), crs="local")
    archive.backup(empty, tmp_path / "empty.holdfast")
    restore(tmp_path / "empty.holdfast", tmp_path / "again")
    again = open_store(str(tmp_path / "again"))
    assert again.counts() == {} and again.meta()["crs"] == "local"
    empty.close()
    again.close()


def test_restoring_over_something_is_refused(saved, city, tmp_path):
    target = tmp_path / "taken"
    target.mkdir()
    (target / "letter.txt").write_text("mine")
    with pytest.raises(Conflict):
        restore(saved, target)
    with pytest.raises(Conflict):
        restore(saved, tmp_path / "city")
    assert (target / "letter.txt").read_text() == "mine" and list(target.iterdir()) == [target / "letter.txt"]
    assert city.counts()["demo.pipe"] == 3


def test_restoring_into_an_empty_folder_works(saved, tmp_path):
    (tmp_path / "new").mkdir()
    restore(saved, tmp_path / "new")
    assert (tmp_path / "new" / "city.gpkg").exists()


@pytest.mark.postgres
def test_restoring_over_a_city_in_the_database_is_refused(saved, postgres_url):
    taken = create_store(postgres_url)
    with taken.write() as writer:
        writer.append(NOTE, notes({"mine": "x"}), day(0))
    with pytest.raises(Conflict):
        archive.restore(saved, postgres_url, CATALOG, make_from_meta)
    assert taken.counts() == {"demo.note": 1}
    taken.close()


def test_a_backup_that_fails_leaves_the_old_one(city, saved, tmp_path, monkeypatch):
    before = saved.read_bytes()
    with city.write() as writer:
        writer.put_file("more", b"x")
    monkeypatch.setattr(type(city), "get_file", lambda self, name: (_ for _ in ()).throw(OSError("disk error")))
    with pytest.raises(Unavailable, match="disk error"):
        archive.backup(city, saved)
    assert saved.read_bytes() == before
    assert sorted(path.name for path in tmp_path.iterdir()) == ["city", "city.holdfast"]


def test_a_folder_that_cannot_be_written_is_named(city, tmp_path):
    with pytest.raises(Unavailable, match="nowhere"):
        archive.backup(city, tmp_path / "nowhere" / "city.holdfast")


def nothing_left(tmp_path, before):
    assert sorted(path.name for path in tmp_path.iterdir()) == before


@pytest.mark.parametrize("share", [0.02, 0.3, 0.6, 0.9, 0.9999])
def test_a_truncated_backup_is_refused_and_names_the_place(saved, tmp_path, share):
    with tarfile.open(saved) as tar:
        end = max(member.offset_data + member.size for member in tar)
    saved.write_bytes(saved.read_bytes()[: int(end * share)])
    before = sorted(path.name for path in tmp_path.iterdir())
    with pytest.raises(Invalid) as caught:
        restore(saved, tmp_path / "new")
    assert caught.value.where["file"] == str(saved)
    assert "member" in caught.value.where or share < 0.1
    nothing_left(tmp_path, before)


def test_every_flipped_byte_of_content_is_found(saved, tmp_path):
    data = saved.read_bytes()
    with tarfile.open(saved) as tar:
        members = [(m.name, m.offset_data, m.size) for m in tar if m.size and m.name != "manifest.json"]
    for name, offset, size in members:
        saved.write_bytes(data[: offset + size // 2] + bytes([data[offset + size // 2] ^ 1]) + data[offset + size // 2 + 1 :])
        with pytest.raises(Invalid, match="changed after") as caught:
            restore(saved, tmp_path / "new")
        assert caught.value.where["member"] == name
    assert not (tmp_path / "new").exists()


def rebuild(path, change_members=lambda members: members, change_manifest=lambda manifest: manifest):
    """Write the backup anew with other members or another list of contents."""
    with tarfile.open(path) as tar:
        members = {m.name: tar.extractfile(m).read() for m in tar}
    manifest = json.loads(members.pop("manifest.json"))
    members = change_members(members)
    text = json.dumps(change_manifest(manifest)).encode()
    with tarfile.open(path, "w") as tar:
        for name, body in {**members, "manifest.json": text}.items():
            info = name if isinstance(name, tarfile.TarInfo) else tarfile.TarInfo(name)
            info.size = len(body)
            tar.addfile(info, io.BytesIO(body))


def test_a_changed_digest_in_the_list_is_found_after_writing_and_nothing_stays(saved, tmp_path):
    def other_content(manifest):
        manifest["tables"][0]["content"] = "0" * 64
        return manifest

    rebuild(saved, change_manifest=other_content)
    before = sorted(path.name for path in tmp_path.iterdir())
    with pytest.raises(Invalid, match="different from what was backed up"):
        restore(saved, tmp_path / "new")
    nothing_left(tmp_path, before)


@pytest.mark.postgres
def test_a_failed_restore_leaves_nothing_in_the_database(saved, postgres_url, postgres_server):
    def other_content(manifest):
        manifest["tables"][-1]["content"] = "0" * 64
        return manifest

    rebuild(saved, change_manifest=other_content)
    with pytest.raises(Invalid):
        archive.restore(saved, postgres_url, CATALOG, make_from_meta)
    assert not postgis_cities.city_exists(postgres_url)
    with psycopg.connect(postgres_server.url) as connection:
        assert connection.execute("SELECT count(*) FROM pg_namespace WHERE nspname LIKE '%restoring%'").fetchone() == (0,)


def member_list(change):
    def changed(members):
        change(members)
        return members

    return changed


def special(name, kind, target=""):
    info = tarfile.TarInfo(name)
    info.type = kind
    info.linkname = target
    return info


@pytest.mark.parametrize(
    ("member", "message"),
    [
        ("../outside", "leads elsewhere"),
        ("/etc/cron.d/x", "leads elsewhere"),
        ("files/../../x", "leads elsewhere"),
        ("files/a\\b", "leads elsewhere"),
        ("files/./x", "leads elsewhere"),
        (special("files/link", tarfile.SYMTYPE, "/etc/passwd"), "no plain file"),
        (special("files/hard", tarfile.LNKTYPE, "manifest.json"), "no plain file"),
        (special("files/device", tarfile.CHRTYPE), "no plain file"),
        (special("files", tarfile.DIRTYPE), "no plain file"),
        ("files/unlisted", "not in the list"),
    ],
)
def test_members_that_lead_elsewhere_are_refused(saved, tmp_path, member, message):
    rebuild(saved, member_list(lambda members: members.update({member: b"" if isinstance(member, tarfile.TarInfo) else b"x"})))
    with pytest.raises(Invalid, match=message):
        restore(saved, tmp_path / "new")
    assert not (tmp_path / "new").exists()


def test_a_missing_member_is_named(saved, tmp_path):
    rebuild(saved, member_list(lambda members: members.pop("files/empty")))
    with pytest.raises(Invalid, match="files/empty"):
        archive.verify(saved)


@pytest.mark.parametrize(
    "change",
    [
        lambda m: m | {"format": "other"},
        lambda m: m | {"tables": 3},
        lambda m: m | {"meta": {"crs": 4547}},
        lambda m: m | {"meta": {}},
        lambda m: {key: value for key, value in m.items() if key != "files"},
        lambda m: [m],
        lambda m: m | {"tables": [{**m["tables"][0], "rows": "5"}]},
    ],
)
def test_a_list_of_contents_that_makes_no_sense_is_refused(saved, change):
    rebuild(saved, change_manifest=change)
    with pytest.raises(Invalid, match=r"manifest\.json"):
        archive.verify(saved)


def test_a_backup_of_a_newer_holdfast_is_refused(saved):
    rebuild(saved, change_manifest=lambda m: m | {"version": 2})
    with pytest.raises(Invalid, match="newer Holdfast"):
        archive.verify(saved)


def listed(manifest, name, body, **more):
    """The list of contents with a table's member replaced."""
    for entry in manifest["tables"]:
        if entry["name"] == name:
            entry |= {"bytes": len(body), "sha256": hashlib.sha256(body).hexdigest(), **more}
    return manifest


def test_a_table_that_unpacks_to_far_more_than_its_size_is_refused(saved, tmp_path, monkeypatch):
    monkeypatch.setattr("holdfast.store.archive_reader._UNPACKED_FREE", 1 << 20)
    bomb = pa.table({"id": pa.array(["demo.note:1"]), "text": ["0" * 1_000_000]})
    stream = io.BytesIO()
    with pq.ParquetWriter(stream, bomb.schema, compression="zstd") as writer:
        for _ in range(12):
            writer.write_table(bomb)
    body = stream.getvalue()
    with tarfile.open(saved) as tar:
        member = next(m.name for m in tar if "demo.note" in m.name)
    rebuild(saved, member_list(lambda members: members.update({member: body})), lambda m: listed(m, "asset/demo.note", body, rows=12))
    assert len(body) < 11_000
    with pytest.raises(Invalid, match="far more than it should"):
        restore(saved, tmp_path / "new")
    assert not (tmp_path / "new").exists()


@pytest.mark.parametrize("body", [b"", b"PAR1", b"PAR1" + bytes(100) + b"PAR1", os.urandom(500)])
def test_a_member_that_is_no_parquet_is_refused(saved, tmp_path, body):
    with tarfile.open(saved) as tar:
        member = next(m.name for m in tar if "demo.note" in m.name)
    rebuild(saved, member_list(lambda members: members.update({member: body})), lambda m: listed(m, "asset/demo.note", body))
    with pytest.raises(Invalid, match=r"demo\.note"):
        restore(saved, tmp_path / "new")
    assert not (tmp_path / "new").exists()


@pytest.mark.parametrize("name", ["asset/x\"; DROP TABLE meta; --.y", "meta", "sqlite_master", "asset/nodot"])
def test_table_names_that_are_none_are_refused(saved, tmp_path, name):
    def renamed(manifest):
        manifest["tables"][1]["name"] = name
        return manifest

    rebuild(saved, change_manifest=renamed)
    with pytest.raises(Invalid):
        restore(saved, tmp_path / "new")
    assert not (tmp_path / "new").exists()


def test_what_is_no_backup_at_all(tmp_path):
    with pytest.raises(NotFound):
        archive.verify(tmp_path / "none")
    for content in (b"", b"hello", bytes(10_240), os.urandom(5000), b"\x1f\x8b" + os.urandom(100)):
        (tmp_path / "file").write_bytes(content)
        with pytest.raises(Invalid):
            archive.verify(tmp_path / "file")


def test_a_compressed_tar_is_not_unpacked(saved, tmp_path):
    packed = tmp_path / "packed"
    with tarfile.open(packed, "w:gz") as tar:
        tar.add(saved, "files/city")
    with pytest.raises(Invalid, match="no backup"):
        archive.verify(packed)


def test_an_older_backup_without_a_newer_column_is_taken(saved, tmp_path):
    """Back-up hours came with schema 2; a backup of a city of schema 1 does not have the column."""
    with tarfile.open(saved) as tar:
        member = next(m.name for m in tar if m.name.endswith("-link.parquet"))
        table = pq.read_table(io.BytesIO(tar.extractfile(member).read())).drop_columns("backup_hours")
    stream = io.BytesIO()
    pq.write_table(table, stream)
    body = stream.getvalue()
    rows, content = archive.content_digest([table])

    def older(manifest):
        return listed(manifest, "link", body, rows=rows, content=content) | {"schema_version": 1}

    rebuild(saved, member_list(lambda members: members.update({member: body})), older)
    restore(saved, tmp_path / "new")
    city = open_store(str(tmp_path / "new"))
    assert city.links()["from_id"].to_pylist() == ["a"] and city.links()["backup_hours"].to_pylist() == [None]
    city.close()


def test_many_rows_stream_through(tmp_path):
    city = create_store(str(tmp_path / "city"))
    count = 52_000  # more than one piece
    with city.write() as writer:
        writer.append(PIPE, pipes([f"{i:06}" for i in range(count)], diameter=np.arange(count) / 1000.0), day(0))
    made = archive.backup(city, tmp_path / "big.holdfast")
    restore(tmp_path / "big.holdfast", tmp_path / "new")
    new = open_store(str(tmp_path / "new"))
    assert new.counts() == {"demo.pipe": count}
    assert new.read(PIPE, bbox=(EAST, NORTH, EAST + 100, NORTH + 1), columns=["id"]).num_rows == 2
    assert [entry["rows"] for entry in made["tables"]] == [count]
    city.close()
    new.close()
