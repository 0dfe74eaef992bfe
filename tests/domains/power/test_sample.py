"""The power grid of the reference city: sound, radial when run, meshed when needed, and electrically feasible."""

from __future__ import annotations

import numpy as np
import pyarrow as pa
import pytest
from scipy.sparse import coo_array
from scipy.sparse.csgraph import connected_components

from domains.power.rebuild import column, solve_pgm
from holdfast.domains.power import sample_grid
from holdfast.model.tables import asset_schema
from sampled import check_covered, check_sound, kinds, plan, shapes, tables

SIZES = [(2_000, 7), (2_000, 1), (10_000, 7)]


def read(assets: int, seed: int, change=None):
    """A reader of tables for the solver; kinds the sample has none of are empty."""
    found = dict(tables("power", assets, seed)) | (change or {})
    return lambda kind: found.get(kind, asset_schema(kinds("power")[kind]).empty_table())


@pytest.mark.parametrize(("assets", "seed"), SIZES)
def test_it_is_sound(assets, seed):
    check_sound("power", assets, seed)
    check_covered(tables("power", assets, seed)["power.line"], 0.5, plan(assets, seed).ground)


@pytest.mark.parametrize(("assets", "seed"), SIZES)
def test_power_flows_within_limits(assets, seed):
    answer = solve_pgm(read(assets, seed))
    assert not np.isnan(answer["voltage"]).any(), "every bus is supplied"
    assert answer["voltage"].min() >= 0.93 and answer["voltage"].max() <= 1.07
    assert answer["line_loading"].max() < 1.0 and answer["transformer_loading"].max() < 1.0
    load = column(tables("power", assets, seed)["power.load"], "p").sum()
    assert answer["line_loss"].sum() + answer["transformer_loss"].sum() < 0.05 * load


def test_the_same_arguments_give_the_same_grid():
    from holdfast.domains.power.sample import sample
    from holdfast.engines.layout.plan import make_plan

    again = {batch.kind: batch.table for batch in sample(make_plan(2_000, 7))}
    for kind, table in tables("power").items():
        assert again[kind].equals(table.select(again[kind].column_names)), kind


def components(assets: int, seed: int, *, ties: bool) -> int:
    """Pieces of the grid with or without its open switches."""
    found = tables("power", assets, seed)
    ids = {asset: i for i, asset in enumerate(found["power.bus"]["id"].to_pylist())}
    start, end = [], []
    for kind in ("power.line", "power.transformer"):
        for row in found[kind].select(["from_id", "to_id", "from_closed", "to_closed"]).to_pylist():
            if ties or (row["from_closed"] and row["to_closed"]):
                start.append(ids[row["from_id"]])
                end.append(ids[row["to_id"]])
    return connected_components(coo_array((np.ones(len(start)), (start, end)), shape=(len(ids), len(ids))), directed=False)[0]


def test_rings_are_open_at_one_tie_each():
    switches = tables("power", 10_000)["power.switch"].to_pylist()
    lines = {row["id"]: row for row in tables("power", 10_000)["power.line"].to_pylist()}
    ties = [row for row in switches if row["id"].startswith("power.switch:Z")]
    breakers = [row for row in switches if row["id"].startswith("power.switch:F")]
    assert len(breakers) == 2 * len(ties) > 0
    for row in ties:
        line = lines[row["to_id"]]
        assert not row["closed"] and row["normally_open"] and row["element_type"] == "line"
        assert line["from_id"] == row["from_id"] and line["from_closed"] is False
    assert all(row["closed"] for row in breakers)
    opened = [row for row in lines.values() if not row["from_closed"]]
    assert len(opened) == len(ties), "only ties are open"
    assert components(10_000, 7, ties=True) <= components(10_000, 7, ties=False)


def test_a_feeder_that_fails_is_fed_from_the_other_end():
    """The breaker of a ring opens, its tie closes: still nobody is without power and nothing is overloaded."""
    found = tables("power", 10_000)
    switches, lines = found["power.switch"].to_pylist(), found["power.line"]
    ids = lines["id"].to_pylist()
    for number in (0, 3, 7):
        breaker = next(row for row in switches if row["id"] == f"power.switch:F{2 * number}")
        tie = next(row for row in switches if row["id"] == f"power.switch:Z{number}")
        closed = lines["from_closed"].to_pylist()
        closed[ids.index(tie["to_id"])] = True
        closed[ids.index(breaker["to_id"])] = False
        changed = lines.set_column(lines.column_names.index("from_closed"), "from_closed", pa.array(closed))
        answer = solve_pgm(read(10_000, 7, {"power.line": changed}))
        assert not np.isnan(answer["voltage"]).any()
        assert answer["voltage"].min() > 0.90 and answer["line_loading"].max() <= 1.0


def test_every_building_is_in_a_group_and_the_demand_adds_up():
    city = plan(10_000)
    grid = sample_grid.design(city)
    load = tables("power", 10_000)["power.load"]
    assert np.bincount(grid.building_group, minlength=len(grid.group_building)).min() >= 1
    assert column(load, "p").sum() == pytest.approx(grid.demand.sum() * sample_grid.POWER_FACTOR, rel=1e-6)
    per_head = column(load, "p").sum() / city.zone_population.sum()
    assert 500.0 < per_head < 2500.0, "watts per resident at the peak"


@pytest.mark.clause("1j")
def test_every_transformer_has_the_terminal_it_must_have():
    found = tables("power", 10_000)
    assert set(found["power.meter"]["host_id"].to_pylist()) == set(found["power.transformer"]["id"].to_pylist())


def test_hospitals_and_data_centres_have_their_own_sources():
    city, found = plan(10_000), tables("power", 10_000)
    own = set(found["power.generator"]["building_id"].to_pylist())
    wanted = {f"buildings.building:B{i}" for i in np.flatnonzero(np.isin(city.building_use, ("hospital", "data_centre")))}
    assert wanted <= own
    first = {row["building_id"] for row in found["power.load"].to_pylist() if row["load_class"] == "1+"}
    assert wanted <= first, "they stand alone on their feeder"
    assert all(row["p"] == 0.0 and row["backup"] and row["endurance"] >= 12 * 3600 for row in found["power.generator"].to_pylist())
    assert set(found["power.battery"]["state_of_charge"].to_pylist()) == {1.0}


def test_cables_follow_the_streets_beside_the_axis():
    city, lines = plan(), tables("power")["power.line"]
    import shapely

    axis = shapely.multilinestrings([shapely.linestrings([[city.junction_x[a], city.junction_y[a]], [city.junction_x[b], city.junction_y[b]]])
                                     for a, b in zip(city.street_from, city.street_to, strict=True)])
    inner = shapely.get_coordinates(shapes(lines))
    assert np.percentile(shapely.distance(shapely.points(inner), axis), 95) < 25.0


@pytest.mark.slow
def test_a_hundred_thousand_assets_are_laid_and_still_work():
    city = plan(100_000)
    rows = sum(table.num_rows for table in tables("power", 100_000).values())
    assert 0.9 * len(city.building_x) < rows < 1.6 * len(city.building_x)
    answer = solve_pgm(read(100_000, 7))
    assert answer["voltage"].min() >= 0.93 and answer["voltage"].max() <= 1.07 and answer["line_loading"].max() < 1.0 and answer["transformer_loading"].max() < 1.0
