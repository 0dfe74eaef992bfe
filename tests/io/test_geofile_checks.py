"""Completeness of geo files, and what a file of unknown ending is."""

from __future__ import annotations

import sqlite3
from pathlib import Path

import pytest

from holdfast.io import geofile_checks as checks
from holdfast.model.delivery import Delivery
from holdfast.model.errors import Invalid


def test_missing_pages_of_a_database(tmp_path: Path) -> None:
    path = tmp_path / "a.gpkg"
    with sqlite3.connect(path) as base:
        base.execute("create table t (x)")
        base.executemany("insert into t values (?)", [("x" * 500,) for _ in range(100)])
    base.close()
    raw = path.read_bytes()
    checks.require_whole_sqlite(path, raw[:4096])
    path.write_bytes(raw[:-4096])
    with pytest.raises(Invalid, match="cut short"):
        checks.require_whole_sqlite(path, raw[:4096])


@pytest.mark.parametrize(
    ("body", "count"),
    [(b"", 0), (b"{}\n{}\n", 2), (b"{}\n{}", 2), (b"\n \n{}\r\n\n", 1), (b"\x1e{}\n\x1e{\n}\n", 2), (b"{" + b" " * (1 << 24) + b"}\n{}", 2)],
)
def test_records_are_counted(body: bytes, count: int, tmp_path: Path) -> None:
    (tmp_path / "a").write_bytes(body)
    assert checks.count_records(tmp_path / "a") == count


def test_lost_records_are_explained(tmp_path: Path) -> None:
    path = tmp_path / "a.geojsonl"
    path.write_bytes(b"{}\n{bad\n\n{}\n")
    delivery = Delivery("x", ())
    checks.explain_missing(path, 2, 3, delivery, "a")
    assert delivery.findings.table()["row"].to_pylist() == [2]
    path.write_bytes(b"{}\n{bad")
    with pytest.raises(Invalid, match="last line") as caught:
        checks.explain_missing(path, 1, 2, delivery, "a")
    assert caught.value.where["row"] == 2
    with pytest.raises(Invalid, match="1 of 2 features"):
        checks.explain_missing(tmp_path / "a.fgb", 1, 2, delivery, "a")


@pytest.mark.parametrize(
    ("sniff", "name", "head", "score"),
    [
        (checks.sniff_geopackage, "a.db", b"SQLite format 3\x00" + b"\0" * 52 + b"GPKG", 1.0),
        (checks.sniff_geopackage, "a.db", b"SQLite format 3\x00" + b"\0" * 60, 0.6),
        (checks.sniff_geopackage, "a.gpkg", b"x", 0.3), (checks.sniff_geopackage, "a", b"x", 0.0),
        (checks.sniff_shapefile, "a.shp", b"\x00\x00\x27\x0a", 1.0), (checks.sniff_shapefile, "a.shp", b"x", 0.3),
        (checks.sniff_shapefile, "a.zip", b"PK\x03\x04", 0.0),
        (checks.sniff_geojson, "a.json", b' {"type": "FeatureCollection"', 0.95), (checks.sniff_geojson, "a.json", b'{"type":"Feature"', 0.8),
        (checks.sniff_geojson, "a.json", b'{"type":"CityJSON"', 0.0), (checks.sniff_geojson, "a.geojson", b"{", 0.4),
        (checks.sniff_geojson, "a.json", b"[", 0.0),
        (checks.sniff_geojson_lines, "a.jsonl", b'{"type":"Feature"}\n{', 0.9),
        (checks.sniff_geojson_lines, "a.ndjson", b"x", 0.3),
        (checks.sniff_geojson_lines, "a.json", b'{"type":\n"Feature"', 0.0),
        (checks.sniff_flatgeobuf, "a", b"fgb\x03", 1.0), (checks.sniff_flatgeobuf, "a.fgb", b"x", 0.3),
        (checks.sniff_flatgeobuf, "a", b"x", 0.0), (checks.sniff_nothing, "a", b"", 0.0),
    ],
)  # fmt: skip
def test_what_files_look_like(sniff: object, name: str, head: bytes, score: float) -> None:
    assert sniff(Path(name), head) == score  # type: ignore[operator]
