"""Whole columns equal what row by row reading gives, whatever is in them."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pyarrow as pa
import pytest
import shapely

from holdfast.model import geometry
from small_catalog import junctions, make_city, pipes


def rows_of(city, kind: str, columns: list[str]) -> list[dict]:
    """The same columns by way of a box over everything or of ids, which reads rows."""
    ids = city.table(kind)["id"].to_pylist()
    return city.table(kind, columns=columns, ids=ids).sort_by("id").to_pylist()


@pytest.mark.parametrize("columns", [["id"], ["id", "geometry"], ["geometry", "id", "elevation"], ["id", "valid_from", "valid_to", "extra"]])
def test_points_with_ids(tmp_path: Path, columns: list[str]) -> None:
    city = make_city(tmp_path / "city")
    city.append("pipework.junction", junctions(300))
    assert city.table("pipework.junction", columns=columns).sort_by("id").to_pylist() == rows_of(city, "pipework.junction", columns)


def test_points_some_of_which_have_no_height_or_no_place(tmp_path: Path) -> None:
    city = make_city(tmp_path / "city")
    shapes = np.array([shapely.Point(1, 2), shapely.Point(3, 4, 5), None], object)
    city.append("pipework.junction", pa.table({"id": ["pipework.junction:a", "pipework.junction:b", "pipework.junction:c"], "geometry": geometry.encode(shapes)}))
    found = city.table("pipework.junction", columns=["id", "geometry"])
    assert [None if s is None else s.wkt for s in geometry.decode(found["geometry"])] == ["POINT (1 2)", "POINT Z (3 4 5)", None]


def test_missing_ends_stay_missing(tmp_path: Path) -> None:
    city = make_city(tmp_path / "city")
    table = pipes(3).set_column(2, "from_id", pa.array(["pipework.junction:0", None, ""]))
    city.append("pipework.pipe", table)
    assert city.table("pipework.pipe", columns=["id", "from_id"])["from_id"].to_pylist() == ["pipework.junction:0", None, ""]


def test_an_empty_kind_has_empty_columns(tmp_path: Path) -> None:
    city = make_city(tmp_path / "city")
    assert city.table("pipework.junction", columns=["id", "geometry"]).num_rows == 0
    city.append("pipework.junction", junctions(1))
    with city.repository.write() as writer:
        writer.close(city.kind("pipework.junction"), ["pipework.junction:0"], np.datetime64("2030-01-01", "ms"))
    assert city.table("pipework.junction", columns=["id", "geometry"]).num_rows == 0
    assert city.as_of("2029-01-01").table("pipework.junction", columns=["id", "geometry"]).num_rows == 1
