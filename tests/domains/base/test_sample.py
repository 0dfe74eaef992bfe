from functools import cache

import numpy as np
import pyarrow as pa
import pytest
import rasterio
import shapely
from rasterio.io import MemoryFile

from holdfast.domains.base import DOMAIN
from holdfast.domains.base.grid_code import malformed, split_codes
from holdfast.domains.base.sample import rasters, sample
from holdfast.engines.layout.plan import make_plan
from holdfast.model.tables import asset_schema, conform

KINDS = {kind.name: kind for kind in DOMAIN.kinds}


@cache
def plan():
    return make_plan(2_000, 7)


@cache
def tables() -> dict[str, pa.Table]:
    return {batch.kind: batch.table for batch in sample(plan())}


@pytest.mark.parametrize("kind", sorted(KINDS))
def test_every_kind_is_there_in_its_declared_columns(kind):
    schema = asset_schema(KINDS[kind])
    assert set(tables()[kind].column_names) <= set(schema.names)
    table = conform(tables()[kind], schema)
    assert table.num_rows == len(set(table["id"].to_pylist())) > 0
    assert shapely.is_valid(shapely.from_wkb(table["geometry"].to_pylist())).all()


def test_people_are_counted_once():
    assert sum(tables()["base.zone"]["population"].to_pylist()) == plan().zone_population.sum() > 1000


def test_community_names_are_unique():
    names = tables()["base.zone"]["name"].to_pylist()
    assert len(set(names)) == len(names)


def test_unit_grid_codes_are_well_formed_unique_and_agree_with_their_parts():
    table = tables()["base.grid_cell"]
    codes = table["code"]
    assert not malformed(codes).any()
    assert len(set(codes.to_pylist())) == table.num_rows
    parts = split_codes(np.array(codes.to_pylist()))
    assert table["community"].to_pylist() == parts["community"].tolist()
    assert table["sequence"].to_pylist() == parts["sequence"].tolist()


def test_land_use_codes_are_in_the_dictionary():
    field = KINDS["base.land_use"].field("code")
    assert set(tables()["base.land_use"]["code"].to_pylist()) <= set(field.dictionary.values())


def test_the_terrain_raster_agrees_with_the_plan_and_the_record():
    (name, content), = rasters(plan())
    record = tables()["base.terrain"].to_pylist()[0]
    assert record["file"] == name
    with MemoryFile(content) as memory, memory.open() as raster:
        assert raster.crs == rasterio.crs.CRS.from_epsg(4547)
        assert (raster.width, raster.height) == (record["columns"], record["rows"])
        x, y = plan().junction_x, plan().junction_y
        level = np.array([v[0] for v in raster.sample(zip(x, y, strict=True))])
        assert np.abs(level - plan().junction_z).max() < 0.5
        assert raster.read(1).max() == pytest.approx(record["max_elevation"], abs=1e-3)
