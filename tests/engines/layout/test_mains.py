"""Estates, forests of ways and street courses."""

from __future__ import annotations

import numpy as np
import pytest

from holdfast.engines.layout import mains
from holdfast.engines.layout.plan import CityPlan, make_plan


@pytest.fixture(scope="module")
def plan() -> CityPlan:
    return make_plan(2_000, 5)


def test_estates_hold_everybody_once(plan) -> None:
    found = mains.estates(plan)
    assert (found.low + found.high).sum() == plan.building_people[plan.building_use == "residential"].sum()
    assert (found.low + found.low_others + found.high + found.high_others).sum() == plan.building_people.sum()
    assert (found.block[found.of] == plan.building_block).all() and (found.tall == (plan.building_storeys > mains.LOW_STOREYS)).all()
    assert (found.block == np.unique(plan.building_block)).all()
    assert ((found.crossing == plan.street_from[found.street]) | (found.crossing == plan.street_to[found.street])).all()
    assert (found.high[found.storeys <= mains.LOW_STOREYS] == 0).all()


def test_a_forest_reaches_every_crossing_by_the_shortest_way(plan) -> None:
    roots = np.array([0, len(plan.junction_x) - 1])
    found = mains.forest(plan, roots)
    assert (found.root >= 0).all() and (found.parent[roots] == -1).all() and (found.level[roots] == 0).all()
    node = np.flatnonzero(found.parent >= 0)
    street = found.street[node]
    ends = np.sort(np.column_stack([plan.street_from[street], plan.street_to[street]]), axis=1)
    assert (ends == np.sort(np.column_stack([node, found.parent[node]]), axis=1)).all()
    assert np.allclose(found.distance[node], found.distance[found.parent[node]] + plan.street_length[street])
    assert (found.root[node] == found.root[found.parent[node]]).all()
    load = np.ones(len(plan.junction_x))
    assert found.gathered(load)[roots].sum() == len(load)
    assert np.allclose(found.spread(np.where(found.parent >= 0, plan.street_length[found.street], 0)), found.distance)


def test_closed_streets_are_not_walked(plan) -> None:
    roots = np.array([0])
    shut = mains.forest(plan, roots).street
    weight = np.ones(len(plan.street_from))
    weight[shut[shut >= 0][:5]] = np.inf
    assert not np.isin(np.flatnonzero(np.isinf(weight)), mains.forest(plan, roots, weight).street).any()


def test_one_way_weights_hold_for_the_end_nearer_the_root(plan) -> None:
    weight = np.ones((2, len(plan.street_from)))
    weight[0] = np.inf  # streets may only be walked when their to-end is nearer the root
    found = mains.forest(plan, np.array([int(plan.street_to[0])]), weight)
    node = np.flatnonzero(found.parent >= 0)
    assert len(node) and (plan.street_to[found.street[node]] == found.parent[node]).all()


def test_courses_run_from_node_to_node(plan) -> None:
    street = np.arange(len(plan.street_from))
    offset = -0.1 * plan.street_width
    there = mains.street_courses(plan, street, np.zeros(len(street), bool), offset, (1.0, -2.0))
    back = mains.street_courses(plan, street, np.ones(len(street), bool), offset, (1.0, -2.0))
    assert np.allclose(there, back[:, ::-1])
    assert np.allclose(there[:, 0], np.column_stack(mains.spot(plan, plan.street_from, (1.0, -2.0))))
    half = mains.along_course(there, np.array([0.0, 0.5, 1.0]), np.array([3, 3, 3]))
    assert np.allclose(half[[0, 2]], there[3, [0, -1]]) and np.hypot(*(half[1] - half[0])) < mains.course_length(there)[3]
    assert np.allclose(mains.nearest_crossing(plan, plan.junction_x, plan.junction_y), np.arange(len(plan.junction_x)))
