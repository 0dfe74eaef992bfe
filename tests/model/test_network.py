"""Networks as arrays."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pyarrow as pa
import shapely

from holdfast.model import geometry
from holdfast.model.network import xyz
from small_catalog import junctions, make_city, pipes


def test_ends_become_positions_and_unknown_ends_minus_one(tmp_path: Path) -> None:
    city = make_city(tmp_path / "city")
    city.append("pipework.junction", junctions(5))
    lines = pipes(6)  # the last two name nodes that do not exist
    city.append("pipework.pipe", lines)
    network = city.network("pipework")
    assert (network.nodes, network.edges) == (5, 6)
    assert network.edge_from.tolist() == [0, 1, 2, 3, 4, -1]
    assert network.edge_to.tolist() == [1, 2, 3, 4, -1, -1]
    assert network.edge_length.tolist() == [10.0] * 6
    assert network.node_xyz[3].tolist() == [400_030.0, 3_300_000.0, 3.0]


def test_components_are_numbered_by_size(tmp_path: Path) -> None:
    city = make_city(tmp_path / "city")
    city.append("pipework.junction", junctions(6))
    lines = pipes(5).take(pa.array([0, 1, 4]))
    city.append("pipework.pipe", lines)
    assert city.network("pipework").components().tolist() == [0, 0, 0, 2, 1, 1]


def test_an_empty_city_has_an_empty_network(tmp_path: Path) -> None:
    network = make_city(tmp_path / "city").network("pipework")
    assert (network.nodes, network.edges) == (0, 0)


def test_coordinates_of_mixed_geometries() -> None:
    shapes = np.array([shapely.Point(1, 2), None, shapely.Point(3, 4, 5), shapely.box(0, 0, 2, 4)], object)
    found = xyz(geometry.encode(shapes))
    np.testing.assert_array_equal(found, [[1, 2, np.nan], [np.nan] * 3, [3, 4, 5], [1, 2, np.nan]])
