"""Trees and paths on streets: shortest, in order, and drawn where the utility lies."""

from __future__ import annotations

import numpy as np
import pytest
import shapely
from scipy.sparse import coo_matrix
from scipy.sparse.csgraph import dijkstra

from holdfast.engines.layout.route import JUNCTION, ROOT, TEE, Corridor, joined, street_paths, street_tree
from sampled import plan


def streets(city):
    count = len(city.junction_x)
    return coo_matrix((city.street_length, (city.street_from, city.street_to)), shape=(count, count)).tocsr()


@pytest.fixture(scope="module")
def grown():
    city = plan(10_000)
    roots = city.facilities["exchange"]
    tees = np.arange(0, len(city.building_x), 7)
    at = np.clip(city.building_offset[tees], 1.0, city.street_length[city.building_street[tees]] - 1.0)
    tree = street_tree(city, (city.building_street[roots], city.building_offset[roots]), tees=(city.building_street[tees], at), crossings=np.array([3, 50]))
    return city, roots, tees, at, tree


def test_parents_come_first_and_lengths_add_up(grown):
    city, roots, _, _, tree = grown
    inner = tree.kind != ROOT
    assert (tree.parent[~inner] == -1).all() and (tree.parent[inner] >= 0).all()
    assert (tree.parent < np.arange(len(tree))).all()
    assert np.allclose(tree.distance[inner], tree.distance[tree.parent[inner]] + tree.length[inner])
    assert np.allclose(tree.length[inner], np.abs(tree.at - tree.start)[inner])
    assert (tree.at >= 0).all() and (tree.at <= city.street_length[tree.street] + 1e-6).all()
    assert set(tree.root.tolist()) == set(range(len(roots)))


def test_everything_wanted_is_there_once(grown):
    _, roots, tees, at, tree = grown
    assert tree.index[tree.of(ROOT)].tolist() == list(range(len(roots)))
    nodes = tree.of(TEE)
    assert tree.index[nodes].tolist() == list(range(len(tees)))
    assert np.allclose(tree.at[nodes], at)
    crossings = tree.index[tree.kind == JUNCTION]
    assert len(set(crossings.tolist())) == len(crossings) and {3, 50} <= set(crossings.tolist())


def test_ways_to_crossings_are_shortest(grown):
    city, roots, _, _, tree = grown
    graph = streets(city)
    best = np.full(len(city.junction_x), np.inf)
    for root in roots:
        street, offset = city.building_street[root], city.building_offset[root]
        for end, gap in ((city.street_from[street], offset), (city.street_to[street], city.street_length[street] - offset)):
            best = np.minimum(best, gap + dijkstra(graph, directed=False, indices=int(end)))
    nodes = np.flatnonzero(tree.kind == JUNCTION)
    assert np.allclose(tree.distance[nodes], best[tree.index[nodes]], atol=1e-6)


def test_no_stretch_of_street_is_laid_twice(grown):
    _, _, _, _, tree = grown
    child = np.flatnonzero(tree.parent >= 0)
    low, high = np.minimum(tree.start, tree.at)[child], np.maximum(tree.start, tree.at)[child]
    order = np.lexsort((low, tree.street[child]))
    same = np.diff(tree.street[child][order]) == 0
    assert (low[order][1:][same] >= high[order][:-1][same] - 1e-6).all()


def test_what_flows_down_arrives_at_the_roots(grown):
    _, _, _, _, tree = grown
    total = tree.downstream((tree.kind == TEE).astype(float))
    assert total[tree.kind == ROOT].sum() == (tree.kind == TEE).sum()
    assert (total >= 0).all()


def test_weights_send_ways_round(grown):
    city, roots, _, _, _tree = grown
    place = (city.building_street[roots], city.building_offset[roots])
    heavy = np.where(city.street_class == 2, 20.0, 1.0)
    main = street_tree(city, place, crossings=np.arange(len(city.junction_x)), weight=heavy)
    plain = street_tree(city, place, crossings=np.arange(len(city.junction_x)))
    assert (city.street_class[main.street] == 2).sum() < (city.street_class[plain.street] == 2).sum()


def test_courses_begin_and_end_at_the_nodes_and_stay_in_the_street(grown):
    city, _, _, _, tree = grown
    lane = Corridor(city.street_width / 2 - 1.0, (2.0, 3.0), 0.8)
    xyz = lane.nodes(city, tree)
    child, lines = lane.courses(city, tree, xyz)
    assert np.allclose(shapely.get_coordinates(shapely.get_point(lines, 0), include_z=True), xyz[tree.parent[child]])
    assert np.allclose(shapely.get_coordinates(shapely.get_point(lines, -1), include_z=True), xyz[child])
    every = shapely.get_coordinates(lines, include_z=True)
    assert np.allclose(every[:, 2], city.ground(every[:, 0], every[:, 1]) - 0.8, atol=0.002)
    axis = shapely.linestrings(np.stack([np.column_stack([city.junction_x[n], city.junction_y[n]]) for n in (city.street_from, city.street_to)], axis=1))
    assert shapely.distance(shapely.line_interpolate_point(lines, 0.5, normalized=True), axis[tree.street[child]]).max() < 21.0


def test_a_root_without_wishes_stays_alone():
    city = plan()
    tree = street_tree(city, (np.array([0]), np.array([5.0])))
    assert len(tree) == 1 and tree.kind.tolist() == [ROOT]


# paths


def test_paths_are_as_short_as_they_can_be():
    city = plan(10_000)
    pick = np.arange(0, len(city.building_x) - 40, 37)
    other = pick + 40
    place = [(city.building_street[i], city.building_offset[i]) for i in (pick, other)]
    paths = street_paths(city, place[0], place[1], np.arange(len(pick)) // 5)
    assert len(paths.first) == len(pick) + 1 and (np.diff(paths.first) >= 1).all()
    graph = streets(city)
    reach = dijkstra(graph, directed=False)
    for number, (a, b) in enumerate(zip(pick, other, strict=True)):
        (sa, da), (sb, db) = ((city.building_street[i], city.building_offset[i]) for i in (a, b))
        ways = [ga + reach[na, nb] + gb for na, ga in ((city.street_from[sa], da), (city.street_to[sa], city.street_length[sa] - da))
                for nb, gb in ((city.street_from[sb], db), (city.street_to[sb], city.street_length[sb] - db))]
        ways += [abs(da - db)] if sa == sb else []
        assert paths.length()[number] >= min(ways) - 1e-6
        assert paths.length()[number] <= min(ways) * 1.3 + 1e-6, "found within the surroundings of its group"
        steps = slice(paths.first[number], paths.first[number + 1])
        assert paths.street[steps][0] == sa and paths.start[steps][0] == da and paths.street[steps][-1] == sb and paths.end[steps][-1] == db


def test_paths_turn_corners_without_crossing_themselves():
    city = plan(10_000)
    pick = np.arange(0, len(city.building_x) - 20, 11)
    other = pick + 20
    paths = street_paths(city, (city.building_street[pick], city.building_offset[pick]), (city.building_street[other], city.building_offset[other]), np.arange(len(pick)) // 20)
    lane = Corridor(city.street_width / 2 - 1.0, (0.0, 0.0), 1.0)
    ends = [lane.level(city, *lane.point(city, city.building_street[i], city.building_offset[i])) for i in (pick, other)]
    lines = paths.courses(city, lane, *ends)
    assert shapely.is_simple(lines).mean() > 0.95
    assert np.allclose(shapely.get_coordinates(shapely.get_point(lines, -1), include_z=True), ends[1])
    assert (np.abs(shapely.length(lines) - paths.length()) < 60.0 + 0.25 * paths.length()).all()


def test_no_paths_is_no_trouble():
    city = plan()
    none = (np.zeros(0, np.int64), np.zeros(0))
    paths = street_paths(city, none, none, np.zeros(0, np.int64))
    assert len(paths.length()) == 0
    assert len(paths.courses(city, Corridor(city.street_width, (0, 0), 1.0), np.zeros((0, 3)), np.zeros((0, 3)))) == 0


def test_vertices_that_are_absent_are_skipped():
    a, b, c = (np.array([[float(i), 0.0, 0.0], [float(i), 1.0, 0.0]]) for i in range(3))
    lines = joined([a, b, c], [np.array([True, True]), np.array([True, False]), np.array([True, True])])
    assert shapely.get_num_coordinates(lines).tolist() == [3, 2]
