import json
from functools import cache

import numpy as np
import pyarrow as pa
import pytest
import shapely

from holdfast.domains.roads import DOMAIN
from holdfast.domains.roads.sample import sample
from holdfast.engines.layout.plan import make_plan
from holdfast.model.tables import asset_schema, conform

KINDS = {kind.name: kind for kind in DOMAIN.kinds}


@cache
def plan():
    return make_plan(2_000, 7)


@cache
def tables() -> dict[str, pa.Table]:
    return {batch.kind: batch.table for batch in sample(plan())}


@pytest.mark.parametrize("kind", sorted(set(KINDS) - {"roads.surface"}))
def test_every_kind_is_there_in_its_declared_columns(kind):
    schema = asset_schema(KINDS[kind])
    assert set(tables()[kind].column_names) <= set(schema.names)
    table = conform(tables()[kind], schema)
    assert table.num_rows == len(set(table["id"].to_pylist())) > 0
    for field in KINDS[kind].fields:
        if field.type == "code":
            assert set(table[field.name].drop_null().to_pylist()) <= set(field.dictionary.values()), field.name


def test_streets_start_and_end_exactly_at_their_nodes():
    where = {}
    for kind in ("roads.junction", "roads.zone_centroid"):
        table = tables()[kind]
        where |= dict(zip(table["id"].to_pylist(), shapely.get_coordinates(shapely.from_wkb(table["geometry"].to_pylist())).tolist(), strict=True))
    streets = tables()["roads.street"]
    lines = shapely.from_wkb(streets["geometry"].to_pylist())
    for column, end in (("from_id", 0), ("to_id", -1)):
        point = shapely.get_coordinates(shapely.get_point(lines, end))
        assert np.allclose(point, [where[i] for i in streets[column].to_pylist()], atol=1e-6)


def test_travel_times_follow_from_length_and_speed():
    table = tables()["roads.street"]
    time, length, speed = (table[name].to_numpy() for name in ("free_flow_time", "length", "speed_limit"))
    assert np.allclose(time, length / speed, rtol=1e-3, atol=1e-3)


def test_bridges_carry_the_streets_over_the_river():
    table = tables()["roads.bridge"]
    deck = shapely.from_wkb(table["geometry"].to_pylist())
    assert shapely.intersects(deck, plan().river).all()
    assert set(table["street_id"].to_pylist()) <= set(tables()["roads.street"]["id"].to_pylist())


def test_bus_lines_name_stops_that_exist_near_their_way():
    stops = tables()["roads.stop"]
    where = dict(zip(stops["id"].to_pylist(), shapely.from_wkb(stops["geometry"].to_pylist()), strict=True))
    for line in tables()["roads.transit_line"].to_pylist():
        order = json.loads(line["stops"])
        assert len(order) >= 2
        assert shapely.distance(shapely.from_wkb(line["geometry"]), [where[s] for s in order]).max() < 25


def test_demand_goes_between_centroids_and_is_plausible():
    demand, zones = tables()["roads.demand"], tables()["roads.zone_centroid"]
    known = set(zones["id"].to_pylist())
    assert set(demand["origin_id"].to_pylist()) | set(demand["destination_id"].to_pylist()) <= known
    assert all(row["origin_id"] != row["destination_id"] for row in demand.to_pylist())
    total = demand["trips"].to_numpy().sum()
    assert 0.08 < total / plan().zone_population.sum() < 0.16
