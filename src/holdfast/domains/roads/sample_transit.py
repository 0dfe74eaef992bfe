"""Bus lines of the reference city: shortest ways on larger streets between far zones, with stops beside the street."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

import numpy as np
import pyarrow as pa
import shapely
from scipy.sparse import coo_matrix
from scipy.sparse.csgraph import dijkstra

from holdfast.engines.layout.rows import always, asset_ids, texts, wkb
from holdfast.model.delivery import Batch

if TYPE_CHECKING:
    from holdfast.engines.layout.plan import CityPlan

PEOPLE_PER_LINE, FEWEST, MOST = 25_000, 3, 60
SPACING = 450.0  # between stops [m]
DETOUR = np.array([0.7, 1.0, 2.2])  # how much buses dislike trunk, main and branch streets


def transit(plan: CityPlan) -> list[Batch]:
    """Stops and bus lines; each line has one row per direction of travel out, its stops in order."""
    ways = _ways(plan)
    streets = np.unique(np.concatenate([way for _, way in ways]))
    stop_of, stops = _stops(plan, streets)
    return [Batch("roads.stop", stops), Batch("roads.transit_line", _lines(plan, ways, stop_of))]


def _ways(plan: CityPlan) -> list[tuple[np.ndarray, np.ndarray]]:
    """Crossings and streets along each line."""
    count = int(np.clip(plan.zone_population.sum() / PEOPLE_PER_LINE, FEWEST, MOST))
    nodes = len(plan.junction_x)
    a, b = plan.street_from, plan.street_to
    graph = coo_matrix((plan.street_length * DETOUR[plan.street_class], (a, b)), shape=(nodes, nodes)).tocsr()
    rng = plan.rng("roads.bus")
    angle = (np.arange(count) + rng.uniform(0, 0.6, count)) / count * np.pi
    xy = np.column_stack([plan.junction_x, plan.junction_y]) - np.array(plan.origin)
    used = np.bincount(np.concatenate([a, b]), weights=np.tile(plan.street_class <= 1, 2), minlength=nodes) > 0
    key = np.minimum(a, b).astype(np.int64) * nodes + np.maximum(a, b)
    order = np.argsort(key, kind="stable")
    ways, seen = [], set()
    for turn, reach in zip(angle, rng.uniform(0.55, 0.95, count), strict=True):
        along = xy @ np.array([np.cos(turn), np.sin(turn)])
        side = np.abs(xy @ np.array([-np.sin(turn), np.cos(turn)]))
        score = np.where(used, along * reach - side, -np.inf)
        back = np.where(used, -along * reach - side, -np.inf)
        start, end = int(np.argmax(score)), int(np.argmax(back))
        if start == end or (start, end) in seen:
            continue
        seen.add((start, end))
        _, parent = dijkstra(graph, directed=False, indices=start, return_predecessors=True)
        path = [end]
        while path[-1] != start:
            path.append(int(parent[path[-1]]))
        walk = np.array(path[::-1])
        pair = np.minimum(walk[:-1], walk[1:]) * nodes + np.maximum(walk[:-1], walk[1:])
        ways.append((walk, order[np.searchsorted(key[order], pair)]))
    return ways


def _stops(plan: CityPlan, streets: np.ndarray) -> tuple[dict[int, list[int]], pa.Table]:
    """Stops on the right-hand kerb of the served streets, one per SPACING; returns stop numbers by street."""
    streets = streets[~plan.street_bridge[streets] & (plan.street_length[streets] > 90.0)]
    number = np.maximum(1, np.rint(plan.street_length[streets] / SPACING)).astype(np.int64)
    street = np.repeat(streets, number)
    place = (np.arange(len(street)) - np.repeat(np.cumsum(number) - number, number) + 0.5) / np.repeat(number, number)
    x, y = plan.along(street, place * plan.street_length[street], -plan.street_width[street] / 2 + 2.5)
    count = len(street)
    by_street: dict[int, list[int]] = {}
    for stop, line in enumerate(street.tolist()):
        by_street.setdefault(line, []).append(stop)
    name = np.char.add(np.char.add(plan.street_name[street], (np.arange(count) + 1).astype("U6")), "站")
    return by_street, pa.table({
        "id": asset_ids("roads.stop", "T", np.arange(count)), "geometry": wkb(shapely.points(x, y)), "name": texts(name), "mode": always("3", count),
        "code": texts(np.char.zfill((np.arange(count) + 1).astype("U6"), 5)), "location_type": always("stop", count), "wheelchair": always(True, count),
        "lifecycle": always("in_service", count),
    })


def _lines(plan: CityPlan, ways: list[tuple[np.ndarray, np.ndarray]], stop_of: dict[int, list[int]]) -> pa.Table:
    shapes, served = [], []
    for walk, streets in ways:
        shapes.append(shapely.linestrings(np.column_stack([plan.junction_x[walk], plan.junction_y[walk]])))
        order: list[str] = []
        for node, street in zip(walk.tolist(), streets.tolist(), strict=False):
            stops = stop_of.get(street, [])
            order += [f"roads.stop:T{s}" for s in (stops if plan.street_from[street] == node else stops[::-1])]
        served.append(json.dumps(order))
    count = len(ways)
    headway = plan.rng("roads.headway").choice([300.0, 480.0, 600.0, 900.0], count)
    number = (np.arange(count) + 1).astype("U4")
    return pa.table({
        "id": asset_ids("roads.transit_line", "L", np.arange(count) + 1), "geometry": wkb(np.array(shapes, object)), "name": texts(np.char.add(number,
        "路")), "mode": always("3", count),
        "number": texts(number), "operator": always("安澜公交", count), "stops": served, "headway": headway, "trips": np.floor(16 * 3600 / headway),
        "lifecycle": always("in_service", count),
    })
