"""Published road networks through import, assignment, closure, ranking, reach and lifeline."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pyarrow as pa
import pytest
import shapely
from scipy.sparse import csr_array
from scipy.sparse.csgraph import connected_components, dijkstra

from holdfast.app.cities import create_city
from holdfast.app.importing import ImportOptions, import_files
from holdfast.app.running import run_capability
from holdfast.domains.roads.lifeline import build
from holdfast.model.lifeline import ComponentState


@pytest.fixture
def imported(shared_data, tmp_path: Path):
    def run(name: str, crs: str, said: str | None = None):
        city = create_city(str(tmp_path / "city"), crs=crs)
        import_files(city, [shared_data(name)], ImportOptions(crs=said))
        return city

    return run


@pytest.mark.clause("1k", "2f")
@pytest.mark.parametrize(("name", "links"), [("in2/transportation", 22), *((f"micropolis/transportation/{level}", None) for level in ("high", "med", "low"))])
def test_coupled_towns_run(imported, name, links):
    city = imported(f"coupled/{name}", "local", "local:ft")
    answer = run_capability(city, "roads.simulate_day", {"hours": 9}, keep=False).answer
    assert answer.status == "done" and answer.summary["trips"] > 0 and answer.summary["demand"] == "given"
    assert links is None or answer.tables["streets"].num_rows == links
    line = build(city)
    assert (line.serve(ComponentState(np.ones((1, len(line.component_id)), bool))).level[0, : line.roads.streets] == 1).mean() > 0.95
    busiest = answer.tables["streets"].to_pandas().sort_values("volume").iloc[-1]["id"]
    closed = run_capability(city, "roads.close_road", {"closed": [busiest]}, keep=False).answer
    assert closed.status == "done" and closed.summary["extra_vehicle_hours"] + closed.summary["unserved_trips"] > 0  # lost trips leave room for others


@pytest.mark.clause("1k", "2f")
@pytest.mark.parametrize(("name", "objective", "zone"), [("SiouxFalls", 4231335.287107, "EPSG:32614"), ("Anaheim", 1286032.171096, "EPSG:32611")])
def test_published_objectives_hold_after_an_import(imported, name, objective, zone):
    from holdfast.domains.roads.demand import travel
    from holdfast.domains.roads.network import load
    from holdfast.engines.network.roads.assignment import assign
    from holdfast.model.finding import Findings

    city = imported(f"roads/tntp/{name}", zone)
    roads = load(city)
    graph, links = roads.car_graph()
    found = assign(graph, links, travel(city, roads, Findings()).demand, gap=1e-8)
    assert found.objective / 60 * 3600 == pytest.approx(objective, rel=1e-6)  # vehicle-seconds per second -> vehicle-minutes per hour


@pytest.mark.slow
def test_damaged_networks_of_a_district(imported):
    """Futian: every answer for 300 damaged networks agrees with a rebuilt intact network of what is left."""
    city = imported("roads/shenzhen/drive.graphml", "EPSG:4547")
    line = build(city)
    assert line.roads.nodes == 1751
    rng = np.random.default_rng(1)
    available = np.ones((300, len(line.component_id)), bool)
    available[:, : line.roads.streets] = rng.random((300, line.roads.streets)) > 0.02
    served = line.serve(ComponentState(available))
    assert (served.level[:, : line.roads.streets][~available[:, : line.roads.streets]] == 0).all() and 0.7 < served.level.mean() < 1
    from holdfast.engines.network.roads.paths import grow

    for case in (0, 150, 299):
        cost = np.where(available[case, line.graph.edge], line.trees.cost, np.inf)
        fresh = grow(line.graph, cost, [line.trees.order[0, :1]])  # from one start of help
        assert np.isfinite(fresh.time).sum() > 1500
        nodes = line.node_times(available[[case]])[0, 0]
        assert (nodes <= fresh.time[0] * (1 + 1e-5) + 1e-3).all()  # the nearest of all starts is never farther


class Streets:
    """The stored streets of a city as arrays: ids, ends (positions of crossings) and one column after the other."""

    def __init__(self, city) -> None:
        rows = city.table("roads.street").drop_columns("geometry").to_pylist()
        self.node = {row["id"]: i for i, row in enumerate(city.table("roads.junction", columns=["id"]).to_pylist())}
        self.id = [row["id"] for row in rows]
        self.tail, self.head = (np.array([self.node[row[end]] for row in rows]) for end in ("from_id", "to_id"))
        self.rows = rows

    def column(self, name: str) -> np.ndarray:
        return np.array([np.nan if row[name] is None else row[name] for row in self.rows], float)

    def times(self, cost: np.ndarray, use: np.ndarray, *, both: bool) -> np.ndarray:
        """(node, node) least sum of `cost` over the streets in use, by SciPy's Dijkstra; parallel streets count by the cheaper one."""
        tail, head, cost = self.tail[use], self.head[use], cost[use]
        if both:
            tail, head, cost = np.concatenate([tail, head]), np.concatenate([head, tail]), np.tile(cost, 2)
        order = np.lexsort((cost, head, tail))
        first = np.ones(len(order), bool)
        first[1:] = (np.diff(tail[order]) != 0) | (np.diff(head[order]) != 0)
        pick = order[first]
        return dijkstra(csr_array((cost[pick], (tail[pick], head[pick])), shape=(len(self.node),) * 2))


@pytest.mark.clause("1k", "1p", "7d")
def test_ranked_streets_of_sioux_falls_leave_an_equilibrium(imported):
    """For six streets from first to last: flows are conserved, nobody has a faster way (Dijkstra on the travel times of these flows), and the extra time is the ranked one."""
    city = imported("roads/tntp/SiouxFalls", "EPSG:32614")
    ranking = run_capability(city, "roads.rank_criticality", {"most": 0, "gap": 1e-5}, keep=False).answer.tables["ranking"].to_pylist()
    streets = Streets(city)
    free, capacity, factor, power = (streets.column(name) for name in ("free_flow_time", "capacity", "delay_factor", "delay_power"))
    trips = np.zeros((24, 24))
    for row in city.table("roads.demand").to_pylist():
        trips[streets.node[row["origin_id"]], streets.node[row["destination_id"]]] += row["trips"] / row["period"]

    def check(flow: np.ndarray, closed: str) -> float:
        """Total time [vehicle-hours per hour] of flows [1/s], which are an equilibrium."""
        out, into = (np.bincount(end, weights=flow, minlength=24) for end in (streets.tail, streets.head))
        assert out - into == pytest.approx(trips.sum(axis=1) - trips.sum(axis=0), abs=1e-6)
        time = free * (1 + factor * (flow / capacity) ** power)
        open_ = np.array([name != closed for name in streets.id])
        assert flow[~open_].sum() == 0
        total, fastest = float(flow @ time), float((trips * streets.times(time, open_, both=False)).sum())
        assert -1e-9 < 1 - fastest / total < 2e-5
        return total

    assert len(ranking) == 76 and [row["rank"] for row in ranking] == list(range(1, 77))
    assert np.all(np.diff([row["person_hours"] for row in ranking]) <= 0)
    place = {name: i for i, name in enumerate(streets.id)}
    for row in ranking[::15]:
        table = run_capability(city, "roads.close_road", {"closed": [row["id"]], "gap": 1e-6}, keep=False).answer.tables["streets"].to_pylist()
        before, after = np.zeros(76), np.zeros(76)
        for one in table:
            before[place[one["id"]]], after[place[one["id"]]] = one["flow_before"] / 3600, one["flow_after"] / 3600
        undisturbed = check(before, "")
        assert undisturbed / 60 * 3600 == pytest.approx(7_480_225, rel=2e-4), "vehicle-minutes per hour of the best-known flows [recalled]"
        assert row["extra_vehicle_hours"] == pytest.approx(check(after, row["id"]) - undisturbed, rel=5e-3)
        assert row["flow_per_hour"] == pytest.approx(before[place[row["id"]]] * 3600, rel=5e-3) and row["unserved_trips"] == 0


@pytest.fixture
def futian(imported):
    """A district of Shenzhen, with four fire stations, twelve zones, half of them at dead ends, and a way out at crossings that are drawn."""
    city = imported("roads/shenzhen/drive.graphml", "EPSG:4547")
    streets = Streets(city)
    driven = np.array([row["class"] != "path" for row in streets.rows])
    dead_end = np.flatnonzero(np.bincount(np.concatenate([streets.tail, streets.head]), weights=np.tile(np.where(driven, 1, 2), 2)) == 1)
    crossings = city.table("roads.junction", columns=["id", "geometry"])
    xy = shapely.get_coordinates(shapely.from_wkb(crossings["geometry"].to_pylist()))
    ids, drawn = crossings["id"].to_pylist(), np.random.default_rng(12).choice(np.setdiff1d(np.arange(len(xy)), dead_end), 17, replace=False)
    drawn[10:16] = np.random.default_rng(13).choice(dead_end, 6, replace=False)
    city.append("buildings.fire_station", pa.table({"id": [f"buildings.fire_station:{i}" for i in range(4)], "geometry": shapely.to_wkb(shapely.points(xy[drawn[:4]]))}))
    around = shapely.to_wkb(shapely.buffer(shapely.points(xy[drawn[4:16]]), 0.5, quad_segs=1))
    city.append("base.zone", pa.table({"id": [f"base.zone:{i}" for i in range(12)], "geometry": around, "population": [1000 + 100 * i for i in range(12)]}))
    city.settings.set("roads.entries", [ids[drawn[16]]], author="test")
    return city, {"stations": [ids[i] for i in drawn[:4]], "zones": [ids[i] for i in drawn[4:16]], "entry": ids[drawn[16]]}


@pytest.mark.clause("2d", "8a")
def test_ways_to_incidents_in_a_district_are_those_of_dijkstra(futian):
    """Every station to five crossings, as it is and with the first way's longest street closed: times by SciPy on the stored streets, and ways that take as long."""
    city, drawn = futian
    streets = Streets(city)
    speeds = city.settings["roads.speed"]
    speed = np.array([row["speed_limit"] or speeds[row["class"]] for row in streets.rows])
    cost = streets.column("length") / (speed * city.settings["roads.emergency_speed_share"])
    place = {name: i for i, name in enumerate(streets.id)}
    checked = 0
    for incident in drawn["zones"][:5]:
        closed: list[str] = []
        for _ in range(2):
            use = ~np.isin(np.arange(len(cost)), [place[name] for name in closed])
            times = streets.times(cost, use, both=True)[[streets.node[name] for name in drawn["stations"]], streets.node[incident]]
            routes = run_capability(city, "roads.reach_incident", {"at": incident, "closed": closed, "most": 4}, keep=False).answer.tables["routes"].to_pylist()
            assert [row["station"] for row in routes] == [f"buildings.fire_station:{i}" for i in np.argsort(times, kind="stable")]
            assert [row["travel_time"] for row in routes] == pytest.approx(sorted(times.tolist()), rel=1e-5)
            for row in routes:
                way = [place[name] for name in json.loads(row["streets"])]
                assert cost[way].sum() == pytest.approx(row["travel_time"], rel=1e-5) and use[way].all()
                assert row["length"] == pytest.approx(streets.column("length")[way].sum(), rel=1e-6)
            checked += len(routes)
            first = [place[name] for name in json.loads(routes[0]["streets"])]
            closed = [streets.id[max(first, key=lambda i: cost[i])]]
    assert checked == 40
    # every street: turnout, and the nearest station's time to its nearer end and half of it
    times = streets.times(cost, np.ones(len(cost), bool), both=True)[[streets.node[name] for name in drawn["stations"]]].min(axis=0)
    expected = city.settings["roads.turnout_time"] + np.minimum(times[streets.tail], times[streets.head]) + cost / 2
    found = {row["id"]: row["response_time"] for row in run_capability(city, "roads.assess_reach", {}, keep=False).answer.tables["streets"].to_pylist()}
    usable = streets.tail != streets.head
    assert [found[name] or np.inf for name, use in zip(streets.id, usable.tolist(), strict=True) if use] == pytest.approx(expected[usable].tolist(), rel=1e-5)


@pytest.mark.clause("1k", "1p", "7d")
def test_people_cut_off_in_a_district_are_those_of_its_connected_parts(futian):
    """Ranking of a district: for every candidate the people whose crossing no longer hangs together with the way out, by SciPy's connected components."""
    city, drawn = futian
    streets = Streets(city)
    answer = run_capability(city, "roads.rank_criticality", {"most": 15, "gap": 1e-3}, keep=False).answer
    place = {name: i for i, name in enumerate(streets.id)}
    carriers = {row["id"]: row["street_id"] for row in city.table("roads.bridge", columns=["id", "street_id"]).to_pylist()}
    people = dict(zip(drawn["zones"], (1000 + 100 * i for i in range(12)), strict=True))
    rows = answer.tables["ranking"].to_pylist()
    for row in rows:
        use = np.arange(len(streets.id)) != place[carriers.get(row["id"], row["id"])]
        label = connected_components(csr_array((np.ones(use.sum()), (streets.tail[use], streets.head[use])), shape=(len(streets.node),) * 2), directed=False)[1]
        lost = sum(count for name, count in people.items() if label[streets.node[name]] != label[streets.node[drawn["entry"]]])
        assert row["isolated_people"] == lost, row["id"]
    assert len(rows) >= 15 and sum(row["isolated_people"] > 0 for row in rows) >= 2
