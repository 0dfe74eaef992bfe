"""GeoParquet: metadata of any age, native encodings, plain Parquet, damage, speed."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pyproj
import pytest
import shapely

from holdfast.io import geoparquet
from holdfast.model import geometry
from holdfast.model.delivery import Delivery, ReadRequest
from holdfast.model.errors import Invalid
from memory_city import MemoryCity, assert_same_facts, delivered, make_catalog, pipes
from python_calls import python_calls

CATALOG = make_catalog()


def read(path: Path, **request: Any) -> Delivery:
    return geoparquet.read(path, ReadRequest(CATALOG, **request))


def save(path: Path, columns: dict[str, Any], spec: dict[str, Any] | None, primary: str = "geometry") -> Path:
    table = pa.table(columns)
    if spec is not None:
        table = table.replace_schema_metadata({"geo": json.dumps({"version": "1.1.0", "primary_column": primary, "columns": {primary: spec}})})
    pq.write_table(table, path)
    return path


def line_column(count: int = 2) -> pa.Array:
    return geometry.lines(np.array([[[0.0, 0.0], [1.0, 1.0]]] * count))


def test_what_we_write_states_crs_types_and_bounds(tmp_path: Path) -> None:
    rows = pipes(20)
    geoparquet.write(MemoryCity({"water.pipe": rows}), tmp_path / "a.parquet", None, None)
    meta = json.loads(pq.read_schema(tmp_path / "a.parquet").metadata[b"geo"])
    spec = meta["columns"]["geometry"]
    assert meta["version"] == "1.1.0"
    assert pyproj.CRS.from_json_dict(spec["crs"]).to_epsg() == 4547
    assert spec["bbox"] == pytest.approx([*geometry.bounds(rows["geometry"])[:, :2].min(axis=0), *geometry.bounds(rows["geometry"])[:, 2:].max(axis=0)])
    import geopandas

    assert len(geopandas.read_parquet(tmp_path / "a.parquet")) == 20


@pytest.mark.parametrize(
    ("spec", "crs"),
    [
        ({"encoding": "WKB"}, "EPSG:4326"),
        ({"encoding": "WKB", "crs": None}, None),
        ({"encoding": "WKB", "crs": pyproj.CRS("EPSG:31467").to_json_dict()}, "EPSG:31467"),
        ({"encoding": "WKB", "crs": {"id": {"authority": "OGC", "code": "CRS84"}}}, "EPSG:4326"),
        ({"encoding": "WKB", "crs": {"type": "nonsense"}}, None),
        (None, None),
    ],
)
def test_the_crs_a_file_states(spec: dict[str, Any] | None, crs: str | None, tmp_path: Path) -> None:
    delivery = read(save(tmp_path / "water_pipe.parquet", {"id": ["a", "b"], "geometry": line_column()}, spec))
    assert delivery.crs == crs
    assert delivered(delivery)["water.pipe"].num_rows == 2
    assert ("import.unknown_crs" in delivery.findings.by_rule()) == (spec is not None and spec.get("crs") == {"type": "nonsense"})


def test_covering_columns_are_not_attributes(tmp_path: Path) -> None:
    box = pa.array([{"xmin": 0.0, "ymin": 0.0, "xmax": 1.0, "ymax": 1.0}] * 2)
    covering = {"bbox": {k: ["bbox", k] for k in ("xmin", "ymin", "xmax", "ymax")}}
    spec = {"encoding": "WKB", "crs": None, "covering": covering}
    table = delivered(read(save(tmp_path / "water_pipe.parquet", {"id": ["a", "b"], "bbox": box, "geom": line_column()}, spec, "geom")))["water.pipe"]
    assert table.column_names == ["id", "geometry"]


@pytest.mark.parametrize("separated", [True, False])
@pytest.mark.parametrize("shape", [shapely.Point(1, 2), shapely.LineString([(0, 0), (1, 2), (3, 4)]), shapely.box(0, 0, 2, 1).difference(shapely.box(0.5, 0.2, 1, 0.5)),
                                   shapely.MultiPolygon([shapely.box(0, 0, 1, 1), shapely.box(5, 5, 6, 6)])])  # fmt: skip
def test_native_encodings(shape: shapely.Geometry, separated: bool) -> None:
    shapes = np.array([shape, None, shape], object)
    _, coordinates, offsets = shapely.to_ragged_array(shapes[[0, 2]])
    if separated:
        inner: pa.Array = pa.StructArray.from_arrays([coordinates[:, 0], coordinates[:, 1]], ["x", "y"])
    else:
        inner = pa.FixedSizeListArray.from_arrays(pa.array(coordinates.ravel()), 2)
    for level in offsets:
        inner = pa.ListArray.from_arrays(pa.array(level, pa.int32()), inner)
    column = inner.take(pa.array([0, None, 1]))
    back = geometry.decode(geoparquet.to_wkb(column, shape.geom_type.lower()))
    assert back[1] is None
    assert back[0].equals(shape)
    assert back[2].equals(shape)


def test_wkt_and_unknown_encodings() -> None:
    assert geometry.decode(geoparquet.to_wkb(pa.array(["POINT (1 2)", None]), "WKT"))[0].equals(shapely.Point(1, 2))
    with pytest.raises(Invalid, match="not known"):
        geoparquet.to_wkb(pa.array([[1.0]]), "spaghetti")


def test_a_kind_is_needed(tmp_path: Path) -> None:
    path = save(tmp_path / "a.parquet", {"id": ["a", "b"], "geometry": line_column()}, None)
    with pytest.raises(Invalid, match="of which kind"):
        read(path)
    assert delivered(read(path, parameters={"kind": "water.pipe"}))["water.pipe"].num_rows == 2


@pytest.mark.parametrize("share", [0.99, 0.5, 0.01])
def test_a_truncated_file_is_refused(share: float, tmp_path: Path) -> None:
    path = tmp_path / "water_pipe.parquet"
    geoparquet.write(MemoryCity({"water.pipe": pipes(500)}), path, None, None)
    path.write_bytes(path.read_bytes()[: int(path.stat().st_size * share)])
    with pytest.raises(Invalid, match="cut short"):
        read(path)


@pytest.mark.parametrize("geo", ["not json", "[]", '{"primary_column": "gone"}', '{"columns": 3}'])
def test_broken_metadata_are_refused(geo: str, tmp_path: Path) -> None:
    path = tmp_path / "water_pipe.parquet"
    pq.write_table(pa.table({"id": ["a"]}).replace_schema_metadata({"geo": geo}), path)
    with pytest.raises(Invalid) as caught:
        read(path)
    assert caught.value.where["file"] == str(path)


def test_wrong_ending(tmp_path: Path) -> None:
    path = tmp_path / "water_pipe.parquet"
    path.write_bytes(b"PK\x03\x04" + b"x" * 40)
    with pytest.raises(Invalid, match="ZIP archive"):
        read(path)


def test_it_is_read_in_pieces_with_their_rows(tmp_path: Path) -> None:
    rows = pipes(250)
    geoparquet.write(MemoryCity({"water.pipe": rows}), tmp_path / "a.parquet", None, None)
    batches = list(read(tmp_path / "a.parquet", chunk_rows=100).batches)
    assert [b.table.num_rows for b in batches] == [100, 100, 50]
    assert batches[2].rows[0] == 201
    assert_same_facts(rows, delivered(read(tmp_path / "a.parquet", chunk_rows=100))["water.pipe"])


def many_pipes(path: Path, count: int) -> Path:
    place = np.column_stack((500_000 + np.arange(count) % 1000 * 10.0, 3_400_000 + np.arange(count) // 1000 * 10.0))
    index = pa.array(np.arange(count)).cast(pa.string())
    shapes = geometry.lines(np.stack((place, place + 5), 1))
    table = {"id": index, "from_id": index, "to_id": index, "diameter": np.full(count, 0.3), "material": pa.array(["ZT"] * count), "geometry": shapes}
    path.mkdir()
    return save(path / "water_pipe.parquet", table, {"encoding": "WKB", "crs": None})


def test_rows_are_read_together(tmp_path: Path) -> None:
    few, many = many_pipes(tmp_path / "few", 20), many_pipes(tmp_path / "many", 20_000)
    rows = []

    def work(path: Path) -> None:
        rows.append(sum(batch.table.num_rows for batch in read(path).batches))

    work(few)
    calls = [python_calls(lambda: work(few)), python_calls(lambda: work(many))]
    assert rows == [20, 20, 20_000]
    assert calls[1] < calls[0] + 200
