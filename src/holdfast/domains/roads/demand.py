"""Who travels from where to where: the city's own demand, or a gravity model from its people and jobs."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from holdfast.engines.network.roads.assignment import Demand, demand_of
from holdfast.engines.network.roads.paths import travel_times
from holdfast.model import geometry
from holdfast.model.errors import Invalid
from holdfast.model.finding import Findings

from .network import Roads

DEMAND, CENTROID, ZONE, BUILDING = "roads.demand", "roads.zone_centroid", "base.zone", "buildings.building"
_CAR = {None, "", "car", "auto", "vehicle"}
_ROUNDS = 30  # of balancing rows and columns of the gravity model
_CELL = 500.0  # [m] buildings are gathered by squares of this size where there are no zones [proposal]
_DAY = 12 * 3600.0  # a period this long or longer is a day


@dataclass(frozen=True, slots=True)
class Travel:
    """Trips by car in the busiest hour.

    demand   [vehicles/s]
    source   "given" or "gravity model"; `assumptions` says with which numbers
    shares   (24,) share of a day's trips in each hour
    """

    demand: Demand
    source: str
    assumptions: dict[str, Any]
    shares: np.ndarray

    def at(self, hour: int) -> Demand:
        """Trips in the hour that begins `hour` hours after midnight."""
        return self.demand.scaled(float(self.shares[hour] / self.shares.max()))


@dataclass(frozen=True, slots=True)
class Zones:
    """Places with people: ids, nodes of the road network (-1 none), residents and jobs."""

    id: pa.Array
    node: np.ndarray
    people: np.ndarray
    jobs: np.ndarray
    source: str


def travel(city: Any, roads: Roads, findings: Findings) -> Travel:
    """The city's demand, or trips made up from its people. raises Invalid if it has neither"""
    shares = np.array(city.settings["roads.hour_shares"], np.float64)
    if shares.shape != (24,) or not (shares >= 0).all() or shares.sum() <= 0:
        raise Invalid("the hourly shares are not 24 numbers of zero or more", fix="Correct the setting", field="roads.hour_shares")
    shares = shares / shares.sum()
    if city.counts().get(DEMAND):
        return Travel(*_given(city, roads, shares, findings), shares)
    return Travel(*_gravity(city, roads, shares), shares)


def _given(city: Any, roads: Roads, shares: np.ndarray, findings: Findings) -> tuple[Demand, str, dict[str, Any]]:
    table = city.table(DEMAND, columns=["id", "origin_id", "destination_id", "trips", "period", "mode"])
    ids = np.array(table["id"].to_pylist(), object)
    origin, target = (_nodes(table[name], roads) for name in ("origin_id", "destination_id"))
    trips = np.asarray(table["trips"].cast(pa.float64()).to_numpy(), np.float64)
    period = np.nan_to_num(np.asarray(table["period"].cast(pa.float64()).to_numpy(), np.float64), nan=3600.0)
    car = np.array([(m.lower() if m else m) in _CAR for m in table["mode"].to_pylist()], bool)
    lost, wrong, span = (origin < 0) | (target < 0), ~(trips >= 0), period <= 0
    for mask, column, rule, said, fix in (
        (lost, "origin_id", "roads.demand_node", "trips go from or to a place that is not in the network", "Name zones or crossings that exist"),
        (wrong, "trips", "roads.demand_number", "the number of trips is missing or below zero", "Give a number of zero or more"),
        (span, "period", "roads.demand_period", "the period is not above zero", "Give the period in seconds"),
    ):
        findings.add_rows(rule, "error", said, kind=DEMAND, ids=ids[mask], column=column, fix=fix)
    keep = ~lost & ~wrong & ~span & car
    rate = np.where(period >= _DAY, trips * shares.max() * 86_400.0 / np.maximum(period, 1.0) / 3600.0, trips / np.maximum(period, 1e-9))
    facts = {"rows": len(ids), "left_out": int((~keep).sum()), "other_modes": int((~car).sum())}
    return demand_of(origin[keep], target[keep], rate[keep]), "given", facts


def _nodes(column: Any, roads: Roads) -> np.ndarray:
    return np.asarray(pc.fill_null(pc.index_in(column, value_set=roads.node_id, skip_nulls=True), -1).to_numpy(), np.int64)


def _gravity(city: Any, roads: Roads, shares: np.ndarray) -> tuple[Demand, str, dict[str, Any]]:
    """Trips between zones: residents to jobs and back, attraction falling exponentially with travel time."""
    settings = city.settings
    zones = zones_of(city, roads)
    people = np.bincount(np.maximum(zones.node, 0), weights=np.where(zones.node >= 0, zones.people, 0.0), minlength=roads.nodes)
    jobs = np.bincount(np.maximum(zones.node, 0), weights=np.where(zones.node >= 0, zones.jobs, 0.0), minlength=roads.nodes)
    nodes = np.flatnonzero((people > 0) | (jobs > 0))
    if len(nodes) < 2 or people.sum() <= 0:
        raise Invalid("the city has no travel demand and no zones or buildings with people", fix="Import roads.demand, or zones with a population")
    per_head = float(settings["roads.trip_rate"]) * float(settings["roads.car_share"]) / float(settings["roads.car_occupancy"])
    graph, links = roads.car_graph()
    time = travel_times(graph, links.free, nodes.astype(np.int32))[:, nodes]
    np.fill_diagonal(time, np.inf)
    np.fill_diagonal(time, time.min(axis=1) / 2)  # trips that stay in their zone: half the way to the next one
    pull = np.where(np.isfinite(time), np.exp(-np.where(np.isfinite(time), time, 0.0) / float(settings["roads.gravity_time"])), 0.0)
    out = people[nodes] * per_head
    matrix = _balanced(pull, out, jobs[nodes] * (out.sum() / max(jobs[nodes].sum(), 1e-9)))
    within = float(np.trace(matrix) / max(matrix.sum(), 1e-12))
    np.fill_diagonal(matrix, 0.0)
    hourly = (matrix + matrix.T) / 2 * shares.max() / 3600.0
    a, b = np.nonzero(hourly > hourly.max(initial=0.0) * 1e-6)
    facts = {
        "zones": len(nodes), "zones_from": zones.source, "people": float(people.sum()), "jobs": float(jobs.sum()),
        "car_trips_per_person_and_day": round(per_head, 4),
        "peak_share": float(shares.max()), "share_within_zones": round(within, 4),
        "impedance": f"exp(-t / {float(settings['roads.gravity_time']):g} s)", "method": "doubly constrained gravity model",
        "sources": "settings roads.trip_rate, car_share, car_occupancy, hour_shares [recalled-low]; gravity model NCHRP Report 716 [recalled-low]",
    }  # fmt: skip
    return demand_of(nodes[a], nodes[b], hourly[a, b]), "gravity model", facts


def _balanced(pull: np.ndarray, rows: np.ndarray, columns: np.ndarray) -> np.ndarray:
    """A matrix of that form with these sums of rows, and of columns as nearly as possible."""
    matrix = pull * rows[:, None]
    for _ in range(_ROUNDS):
        matrix *= (columns / np.maximum(matrix.sum(axis=0), 1e-12))[None, :]
        matrix *= (rows / np.maximum(matrix.sum(axis=1), 1e-12))[:, None]
    return matrix


def zones_of(city: Any, roads: Roads) -> Zones:
    """Zones with people: centroids of the traffic model, else zones of the city, else its buildings by squares."""
    counts, ratio = city.counts(), float(city.settings["roads.jobs_per_resident"])
    for kind in (CENTROID, ZONE):
        if kind not in city.catalog.kinds or not counts.get(kind):
            continue
        has_jobs = city.kind(kind).field("jobs") is not None
        table = city.table(kind, columns=["id", "geometry", "population", *(["jobs"] if has_jobs else [])])
        people = np.nan_to_num(np.asarray(table["population"].cast(pa.float64()).to_numpy(), np.float64))
        if people.sum() <= 0:
            continue
        jobs = np.asarray(table["jobs"].cast(pa.float64()).to_numpy(), np.float64) if has_jobs else np.full(len(people), np.nan)
        node = _nodes(table["id"], roads) if kind == CENTROID else nearest(roads, geometry.centre(table["geometry"]))
        return Zones(table["id"].combine_chunks(), node, people, np.where(np.isfinite(jobs), jobs, people * ratio), kind)
    if BUILDING in city.catalog.kinds and counts.get(BUILDING):
        return _from_buildings(city, roads, ratio)
    return Zones(pa.array([], pa.string()), np.empty(0, np.int64), np.empty(0), np.empty(0), "nothing")


def _from_buildings(city: Any, roads: Roads, ratio: float) -> Zones:
    table = city.table(BUILDING, columns=["id", "geometry", "population"])
    people = np.nan_to_num(np.asarray(table["population"].cast(pa.float64()).to_numpy(), np.float64))
    xy = geometry.centre(table["geometry"])
    keep = np.isfinite(xy).all(axis=1) & (people > 0)
    cell, inverse = np.unique(np.floor(xy[keep] / _CELL), axis=0, return_inverse=True)
    total = np.bincount(inverse.ravel(), weights=people[keep], minlength=len(cell))
    names = pa.array([f"square {int(a)} {int(b)}" for a, b in cell], pa.string())
    return Zones(names, nearest(roads, (cell + 0.5) * _CELL), total, total * ratio, BUILDING)


def nearest(roads: Roads, xy: np.ndarray) -> np.ndarray:
    """(n,) nearest crossing that a street for cars meets; -1 where the place is unknown or there is none."""
    from scipy.spatial import cKDTree

    rows = np.flatnonzero(roads.usable & ~roads.walking())
    used = np.unique(np.concatenate([roads.tail[rows], roads.head[rows]]))
    good = used[np.isfinite(roads.xy[used]).all(axis=1) & roads.through[used]]
    found, known = np.full(len(xy), -1, np.int64), np.isfinite(xy).all(axis=1)
    if len(good) and known.any():
        found[known] = good[cKDTree(roads.xy[good]).query(xy[known])[1]]
    return found
