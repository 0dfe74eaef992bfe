"""Generated pipe networks as files: a bent grid of streets with one pipe per side, and its junctions."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq

from holdfast.model import geometry

CRS = "EPSG:4547"


def junctions(side: int) -> tuple[np.ndarray, pa.Table]:
    """Points (side * side, 3) of a bent grid, and their table."""
    column, row = np.meshgrid(np.arange(side), np.arange(side))
    x = 400_000 + column * 40.0 + 12 * np.sin(row * 0.37)
    y = 3_300_000 + row * 40.0 + 12 * np.sin(column * 0.23)
    xyz = np.column_stack((x.ravel(), y.ravel(), 20 + 5 * np.sin(x.ravel() / 900)))
    table = pa.table({
        "id": _names("water.junction", side * side),
        "geometry": geometry.points(*xyz.T),
        "elevation": xyz[:, 2] - 1.2,
        "ground_elevation": xyz[:, 2],
    })
    return xyz, table


def pipes(count: int, seed: int = 1) -> tuple[pa.Table, pa.Table]:
    """About `count` pipes between neighbouring grid points, exactly `count` rows, and their junctions."""
    side = int(np.ceil((1 + np.sqrt(1 + 2 * count)) / 2)) + 1
    xyz, nodes = junctions(side)
    index = np.arange(side * side).reshape(side, side)
    start = np.concatenate((index[:, :-1].ravel(), index[:-1].ravel()))[:count]
    end = np.concatenate((index[:, 1:].ravel(), index[1:].ravel()))[:count]
    rng = np.random.Generator(np.random.Philox(seed))
    depth = 1.0 + rng.random(count) * 0.5
    ends = np.stack((xyz[start], xyz[end]), axis=1)
    ends[:, :, 2] -= depth[:, None]
    table = pa.table({
        "id": _names("water.pipe", count),
        "geometry": geometry.lines(ends),
        "from_id": nodes["id"].take(pa.array(start)),
        "to_id": nodes["id"].take(pa.array(end)),
        "diameter": rng.choice([0.1, 0.15, 0.2, 0.3, 0.6], count),
        "material": pa.DictionaryArray.from_arrays(pa.array(rng.integers(0, 4, count), pa.int8()), ["QM", "PE", "G", "ZT"]).cast(pa.string()),
        "build_date": pa.array(rng.integers(0, 20_000, count), pa.int32()).cast(pa.date32()),
        "from_elevation": ends[:, 0, 2],
        "to_elevation": ends[:, 1, 2],
        "from_depth": depth,
        "to_depth": depth,
        "owner": pa.repeat("Anlan Water", count),
    })
    return table, nodes


def write_geoparquet(table: pa.Table, path: Path) -> None:
    """Write a GeoParquet 1.1 file in the bench's CRS."""
    import pyproj

    geo = {"version": "1.1.0", "primary_column": "geometry",
           "columns": {"geometry": {"encoding": "WKB", "geometry_types": [], "crs": json.loads(pyproj.CRS(CRS).to_json())}}}
    pq.write_table(table.replace_schema_metadata({"geo": json.dumps(geo)}), path, compression="zstd", row_group_size=100_000)


def write_flatgeobuf(table: pa.Table, path: Path) -> None:
    """Write the same rows as FlatGeobuf, which GDAL's own tools read without plugins."""
    from pyogrio.raw import write_arrow

    write_arrow(table, path, driver="FlatGeobuf", layer=path.stem, geometry_name="geometry", geometry_type="LineString Z", crs=CRS, SPATIAL_INDEX="NO")


def _names(kind: str, count: int) -> pa.Array:
    import pyarrow.compute as pc

    return pc.binary_join_element_wise(f"{kind}:", pa.array(np.arange(count)).cast(pa.string()), "")
