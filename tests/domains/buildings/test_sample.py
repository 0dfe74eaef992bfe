from functools import cache

import numpy as np
import pyarrow as pa
import pytest
import shapely

from holdfast.domains.buildings import DOMAIN
from holdfast.domains.buildings.sample import sample
from holdfast.engines.layout.plan import make_plan
from holdfast.model.tables import asset_schema, conform

KINDS = {kind.name: kind for kind in DOMAIN.kinds}
SAMPLED = sorted(set(KINDS) - {"buildings.part"})


@cache
def plan():
    return make_plan(2_000, 7)


@cache
def tables() -> dict[str, pa.Table]:
    return {batch.kind: batch.table for batch in sample(plan())}


@pytest.mark.parametrize("kind", SAMPLED)
def test_every_kind_is_there_in_its_declared_columns(kind):
    schema = asset_schema(KINDS[kind])
    assert set(tables()[kind].column_names) <= set(schema.names)
    table = conform(tables()[kind], schema)
    assert table.num_rows == len(set(table["id"].to_pylist())) > 0
    for field in KINDS[kind].fields:
        if field.type == "code":
            assert set(table[field.name].drop_null().to_pylist()) <= set(field.dictionary.values()), field.name


def test_facilities_are_in_a_building_that_exists():
    buildings = tables()["buildings.building"]
    shape = dict(zip(buildings["id"].to_pylist(), shapely.from_wkb(buildings["geometry"].to_pylist()), strict=True))
    for kind in ("hospital", "school", "fire_station", "police", "warehouse", "garage"):
        table = tables()[f"buildings.{kind}"]
        for owner, point in zip(table["building_id"].to_pylist(), shapely.from_wkb(table["geometry"].to_pylist()), strict=True):
            assert shapely.contains(shape[owner], point), kind


def test_addresses_are_unique():
    addresses = tables()["buildings.building"]["address"].to_pylist()
    assert len(set(addresses)) == len(addresses)
    assert all(a.endswith("号") for a in addresses)


def test_every_garage_has_an_accepted_water_gauge():
    gauges = tables()["buildings.water_gauge"]
    assert set(tables()["buildings.garage"]["id"].to_pylist()) == set(gauges["host_id"].to_pylist())
    assert set(gauges["lifecycle"].to_pylist()) == {"in_service"}


def test_shelters_hold_what_their_area_allows():
    table = tables()["buildings.shelter"]
    per = {"emergency": 0.5, "short": 2.0, "medium": 3.0, "long": 4.5}
    for row in table.to_pylist():
        assert row["capacity"] == int(row["effective_area"] / per[row["type"]])


def test_years_structures_and_heights_hang_together():
    table = tables()["buildings.building"].to_pandas()
    assert table.build_year.between(1952, 2024).all()
    assert (table[table.storeys >= 19].structure == "shear_wall").all()
    assert (table.height > table.storeys * 2.5).all()
    assert np.allclose(table.floor_area, table.footprint_area * table.storeys, rtol=0.01)
