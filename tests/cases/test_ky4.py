"""KY4 twice: from the EPANET model and from GIS layers, the same network."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from holdfast.app.cities import create_city
from holdfast.app.importing import ImportOptions, import_files
from holdfast.model.city import City

MAPPING = Path(__file__).parent / "ky4_gis.toml"
METRIC, FEET = "EPSG:3546", "EPSG:3547"  # Kentucky Single Zone in metres and in US feet
LAYERS = ("junctions", "tanks", "reservoirs", "pipes", "pumps")
COMPARED = {
    "water.junction": ("elevation", "demand"), "water.tank": ("elevation", "diameter", "initial_level", "minimum_level", "maximum_level"),
    "water.reservoir": ("head",), "water.pipe": ("length", "diameter", "hazen_williams_c", "minor_loss"), "water.pump": ("power", "speed"),
}


@pytest.fixture(scope="module")
def pair(shared_data, tmp_path_factory) -> tuple[City, City]:
    folder = tmp_path_factory.mktemp("ky4")
    model, layers = create_city(str(folder / "model"), crs=METRIC), create_city(str(folder / "layers"), crs=METRIC)
    import_files(model, [shared_data("water/literature/ky4.inp")], ImportOptions(crs=FEET))
    files = [shared_data(f"water/ky4_gis/ky4_{name}.geojson") for name in LAYERS]
    report = import_files(layers, files, ImportOptions(mapping=MAPPING))
    assert report.findings.by_rule().get("import.geometry_type") == 2, "the layer draws the two pumps as points"
    return model, layers


@pytest.mark.clause("1b")
def test_both_have_the_published_size(pair: tuple[City, City]) -> None:
    for city in pair:
        counts = city.counts()
        assert {k: counts[k] for k in COMPARED} == {"water.junction": 959, "water.tank": 4, "water.reservoir": 1, "water.pipe": 1156, "water.pump": 2}


@pytest.mark.parametrize("kind", COMPARED)
def test_attributes_agree(pair: tuple[City, City], kind: str) -> None:
    left, right = (city.table(kind).sort_by("id") for city in pair)
    assert left["id"].to_pylist() == right["id"].to_pylist()
    for name in COMPARED[kind]:
        np.testing.assert_allclose(left[name].to_numpy(), right[name].to_numpy(), rtol=1e-6, atol=1e-9, err_msg=name)
    if kind in ("water.pipe", "water.pump"):
        assert left.select(["from_id", "to_id", "initial_status"]).to_pylist() == right.select(["from_id", "to_id", "initial_status"]).to_pylist()


def test_the_networks_are_the_same_graph_in_the_same_place(pair: tuple[City, City]) -> None:
    left, right = (city.network("water") for city in pair)
    assert (left.nodes, left.edges) == (right.nodes, right.edges) == (964, 1158)
    assert (left.edge_from >= 0).all() and (right.edge_from >= 0).all()
    assert left.components().max() == right.components().max() == 0
    order = [np.argsort(net.node_id.to_numpy(zero_copy_only=False)) for net in (left, right)]
    np.testing.assert_allclose(left.node_xyz[order[0], :2], right.node_xyz[order[1], :2], atol=0.01)
