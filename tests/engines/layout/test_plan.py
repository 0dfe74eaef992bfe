"""The reference city's plan: deterministic, connected, inside its bounds, and nothing in anything else's way."""

from __future__ import annotations

from dataclasses import fields
from functools import cache

import numpy as np
import pytest
import shapely

from holdfast.engines.layout.plan import CityPlan, building_count, make_plan
from holdfast.model.errors import Invalid

CASES = [(2_000, 1), (2_000, 7), (10_000, 3)]


@cache
def plan_of(assets: int, seed: int) -> CityPlan:
    return make_plan(assets, seed)


def axes(plan: CityPlan) -> np.ndarray:
    a, b = plan.street_from, plan.street_to
    ends = np.stack([plan.junction_x[a], plan.junction_y[a], plan.junction_x[b], plan.junction_y[b]], axis=1)
    return shapely.linestrings(ends.reshape(-1, 2, 2))


def same(a: object, b: object) -> bool:
    if isinstance(a, np.ndarray):
        return bool(shapely.equals_exact(a, b).all()) if a.dtype == object else bool(np.array_equal(a, b))
    if isinstance(a, dict):
        return a.keys() == b.keys() and all(same(a[k], b[k]) for k in a)
    return True


def test_same_arguments_same_plan_to_the_bit():
    first, second = make_plan(2_000, 7), make_plan(2_000, 7)
    for field in fields(CityPlan):
        assert same(getattr(first, field.name), getattr(second, field.name)), field.name
    assert first.river.equals_exact(second.river, 0)


def test_another_seed_is_another_city():
    assert not np.array_equal(plan_of(2_000, 1).junction_x[:50], plan_of(2_000, 7).junction_x[:50])


def test_random_streams_depend_on_name_and_seed_only():
    plan = plan_of(2_000, 7)
    assert plan.rng("a").random() == plan.rng("a").random() != plan.rng("b").random()
    assert plan.rng("a").random() != plan_of(2_000, 1).rng("a").random()


@pytest.mark.parametrize(("assets", "seed"), CASES)
def test_number_of_buildings_follows_the_request(assets, seed):
    plan = plan_of(assets, seed)
    assert len(plan.building_x) == building_count(assets)
    lengths = {len(getattr(plan, f.name)) for f in fields(CityPlan) if f.name.startswith("building_")}
    assert lengths == {len(plan.building_x)}


def test_larger_requests_have_more_buildings_at_a_steady_rate():
    counts = [building_count(n) for n in (2_000, 20_000, 100_000, 1_000_000)]
    assert counts == sorted(counts) and counts[0] > 100
    assert 9.0 < 1_000_000 / counts[-1] < 9.5


@pytest.mark.parametrize(("assets", "seed"), CASES)
def test_everything_lies_inside_the_extent(assets, seed):
    plan = plan_of(assets, seed)
    frame = shapely.box(*plan.extent)
    for shapes in (plan.building_polygon, plan.block_polygon, plan.zone_polygon, axes(plan), [plan.river.buffer(plan.river_width / 2)]):
        assert shapely.contains(frame, shapes).all()


@pytest.mark.parametrize(("assets", "seed"), CASES)
def test_buildings_overlap_neither_each_other_nor_streets_nor_the_river(assets, seed):
    plan = plan_of(assets, seed)
    assert shapely.is_valid(plan.building_polygon).all()
    tree = shapely.STRtree(plan.building_polygon)
    first, second = tree.query(plan.building_polygon, predicate="intersects")
    assert (first == second).all()
    corridor = shapely.buffer(axes(plan), plan.street_width / 2, cap_style="flat")
    assert len(tree.query(corridor, predicate="intersects")[0]) == 0
    assert shapely.distance(plan.building_polygon, plan.river).min() > plan.river_width / 2


@pytest.mark.parametrize(("assets", "seed"), CASES)
def test_streets_meet_only_at_crossings_and_form_one_network(assets, seed):
    plan = plan_of(assets, seed)
    lines = axes(plan)
    assert shapely.STRtree(lines).query(lines, predicate="crosses").size == 0
    assert (plan.street_from != plan.street_to).all()
    pairs = np.sort(np.column_stack([plan.street_from, plan.street_to]), axis=1)
    assert len(np.unique(pairs, axis=0)) == len(pairs)
    parent, street = plan.tree(0)
    assert (parent >= 0).sum() == len(plan.junction_x) - 1
    reached = np.flatnonzero(parent >= 0)
    ends = np.sort(np.column_stack([plan.street_from[street[reached]], plan.street_to[street[reached]]]), axis=1)
    assert np.array_equal(ends, np.sort(np.column_stack([reached, parent[reached]]), axis=1))
    assert parent[0] == street[0] == -1
    assert plan.street_length.min() > 10


@pytest.mark.parametrize("seed", range(6))
def test_only_bridges_cross_the_river_and_there_is_more_than_one(seed):
    plan = plan_of(2_000, seed)
    lines, water = axes(plan), plan.river.buffer(plan.river_width / 2)
    assert plan.street_bridge.sum() >= 2
    assert not shapely.intersects(lines[~plan.street_bridge], water).any()
    assert shapely.crosses(lines[plan.street_bridge], plan.river).all()


@pytest.mark.parametrize(("assets", "seed"), CASES)
def test_every_building_has_a_street_of_its_block_beside_it(assets, seed):
    plan = plan_of(assets, seed)
    street, offset = plan.building_street, plan.building_offset
    assert ((offset >= 0) & (offset <= plan.street_length[street])).all()
    assert not plan.street_bridge[street].any()
    x, y = plan.along(street, offset)
    gap = np.hypot(plan.building_x - x, plan.building_y - y)
    assert gap.max() < 400 and np.median(gap) < 80
    left_x, left_y = plan.along(street, offset, plan.building_side * 1.0)
    assert (np.hypot(plan.building_x - left_x, plan.building_y - left_y) < gap).all()  # one metre towards the building is nearer
    assert shapely.contains_xy(plan.building_polygon, plan.building_x, plan.building_y).all()
    assert shapely.contains(plan.block_polygon[plan.building_block], plan.building_polygon).all()


@pytest.mark.parametrize(("assets", "seed"), CASES)
def test_blocks_tile_their_zones(assets, seed):
    plan = plan_of(assets, seed)
    assert shapely.is_valid(plan.block_polygon).all() and shapely.is_valid(plan.zone_polygon).all()
    first, second = shapely.STRtree(plan.block_polygon).query(plan.block_polygon, predicate="overlaps")
    assert shapely.area(shapely.intersection(plan.block_polygon[first], plan.block_polygon[second])).sum() < 0.01
    inside = shapely.area(shapely.intersection(plan.block_polygon, plan.zone_polygon[plan.block_zone]))
    assert np.allclose(inside, shapely.area(plan.block_polygon), rtol=1e-6)
    residents = plan.building_people[plan.building_use == "residential"].sum()
    assert plan.zone_population.sum() == residents


@pytest.mark.parametrize(("assets", "seed"), CASES)
def test_every_purpose_has_a_site(assets, seed):
    plan = plan_of(assets, seed)
    wanted = {"hospital", "school", "fire_station", "shelter", "exchange", "pump_station", "substation", "gas_station", "heat_plant", "treatment_plant"}
    assert wanted <= set(plan.facilities)
    for purpose, sites in plan.facilities.items():
        assert len(sites) >= 1 and len(np.unique(sites)) == len(sites), purpose
        assert sites.max() < len(plan.building_x)
    assert (plan.building_use[plan.facilities["hospital"]] == "hospital").all()


def test_the_centre_is_taller_and_denser_than_the_edge():
    plan = plan_of(10_000, 3)
    far = np.hypot(plan.building_x - plan.origin[0], plan.building_y - plan.origin[1])
    order = np.argsort(far)
    inner, outer = order[: len(order) // 4], order[-len(order) // 4 :]
    assert plan.building_storeys[inner].mean() > 1.4 * plan.building_storeys[outer].mean()
    assert far[inner].max() ** 2 < 0.25 * far.max() ** 2


def test_the_ground_falls_to_the_river_and_is_above_it_everywhere():
    plan = plan_of(10_000, 3)
    away = shapely.distance(shapely.points(plan.junction_x, plan.junction_y), plan.river)
    near = plan.junction_z[away < np.quantile(away, 0.2)].mean()
    far = plan.junction_z[away > np.quantile(away, 0.8)].mean()
    assert far > near + 2
    middle = shapely.get_coordinates(plan.river)[80]
    assert plan.ground(*middle) < plan.junction_z.min()
    slope = np.abs(plan.junction_z[plan.street_to] - plan.junction_z[plan.street_from]) / plan.street_length
    assert slope.max() < 0.08


def test_bending_never_folds_the_plan():
    for seed in range(8):
        terrain = plan_of(2_000, 7).terrain if seed == 7 else make_plan(2_000, seed).terrain
        grid = np.linspace(-terrain.radius, terrain.radius, 120)
        x, y = np.meshgrid(grid, grid)
        bx, by = terrain.bend(x, y)
        step = grid[1] - grid[0]
        area = np.gradient(bx, axis=1) * np.gradient(by, axis=0) - np.gradient(bx, axis=0) * np.gradient(by, axis=1)
        assert area[2:-2, 2:-2].min() / step**2 > 0.05


def test_street_names_are_unique_to_a_line_and_read_as_chinese_streets():
    plan = plan_of(10_000, 3)
    assert all(name[-1] in "道路街巷" for name in plan.street_name)
    assert "安澜大道" in plan.street_name
    assert len(np.unique(plan.street_name)) > len(plan.street_name) / 8


def test_a_hundred_thousand_assets():
    plan = make_plan(100_000, 7)
    assert len(plan.building_x) == building_count(100_000)


@pytest.mark.parametrize("assets", [10, 10_000_000])
def test_refuses_sizes_it_cannot_make(assets):
    with pytest.raises(Invalid, match="assets"):
        make_plan(assets, 1)
