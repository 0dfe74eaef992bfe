"""Close a road: flows, times, detours and cut-off zones before and after."""

from __future__ import annotations

import json
from typing import Annotated

from holdfast.model.city import City
from holdfast.model.delivery import Answer, Plot
from holdfast.model.errors import Invalid, NotFound
from holdfast.model.spec import Param


def close_road(
    city: City,
    closed: Annotated[list[str], Param("streets, bridges or crossings to close", "封闭的道路、桥梁或路口", assets=("roads.street", "roads.bridge", "roads.junction"))],
    capacity_left: Annotated[float, Param("share of capacity that is left", "剩余通行能力比例", "ratio")] = 0.0,
    hour: Annotated[int | None, Param("hour of the day; the busiest when left out", "时段(小时)")] = None,
    gap: Annotated[float, Param("relative gap to reach", "相对间隙")] = 1e-5,
) -> Answer:
    """Traffic at user equilibrium with and without the closure; the second run starts from the paths of the first.

    closed         ids of streets, bridges (closing the streets on them) or crossings (closing all streets at them)
    capacity_left  0 closes, 0.5 leaves half of the lanes
    returns        tables `streets` (flow and time before and after, largest change first), `pairs` (trips that take longer or cannot be made),
                   `detours` (the way around each closed street when the roads are empty), `isolated` (zones without an open road to any
                   hospital or way out of the city). Extra vehicle-hours are those of the trips that can still be made, and may be below zero where
                   trips that cannot be made leave room for them
    raises         NotFound for an unknown id or a city without streets; Invalid for numbers out of range
    """
    import numpy as np

    from holdfast.engines.network.roads.assignment import assign

    from .closing import closed_by, narrowed
    from .demand import travel
    from .lifeline import ENGINE
    from .network import load

    if not 0 <= capacity_left < 1:
        raise Invalid("the share of capacity left lies from 0 to below 1", fix="Give 0 to close, 0.5 for half", field="capacity_left")
    if not closed:
        raise Invalid("nothing is closed", fix="Name streets, bridges or crossings", field="closed")
    roads = load(city)
    if roads is None:
        raise NotFound("the city has no streets", fix="Import roads")
    trips = travel(city, roads, roads.findings)
    chosen = int(np.argmax(trips.shares)) if hour is None else hour
    if not 0 <= chosen <= 23:
        raise Invalid("an hour lies from 0 to 23", fix="Give the hour in which to look", field="hour")
    street, _ = closed_by(roads, closed)
    graph, links = roads.car_graph()
    before = assign(graph, links, trips.at(chosen), gap=gap)
    reduced, usable = narrowed(graph, links, street, capacity_left)
    after = assign(graph, reduced, trips.at(chosen), usable=usable, gap=gap, start=before)
    pairs, lost = _pairs(roads, before, after)
    detours = _detours(roads, street if capacity_left == 0 else np.zeros_like(street))
    isolated = _isolated(city, closed if capacity_left == 0 else [])
    made = before.unserved == 0
    kept = made & (after.unserved == 0)
    served_before = float(before.demand.trips[kept] @ before.shortest[kept])
    summary = {
        "engine": ENGINE, "closed_streets": int(street.sum()), "hour": chosen, "capacity_left": capacity_left, "trips_per_hour": round(float(before.demand.trips.sum()) * 3600, 3),
        "vehicle_hours_before": round(before.total_time, 3), "vehicle_hours_after": round(after.total_time, 3),
        "extra_vehicle_hours": round(after.total_time - served_before, 3), "unserved_trips": round(lost, 3), "isolated_zones": isolated.num_rows,
        "isolated_people": round(float(np.sum(isolated["people"].to_numpy())), 1), "demand": trips.source, "assumptions": trips.assumptions,
        "gap": max(before.gap, after.gap), "findings": roads.findings.counts(),
    }  # fmt: skip
    tables = {"streets": _streets(roads, graph, before, after), "pairs": pairs, "detours": detours, "isolated": isolated}
    plots = (Plot("Streets that change most", "变化最大的道路", "streets", "id", ("flow_before", "flow_after"), "barh", x_label="vehicles/h"),)
    return Answer(summary, tables, roads.findings, status="done" if before.converged and after.converged else "diverged", plots=plots)


def _streets(roads, graph, before, after):  # type: ignore[no-untyped-def]
    """Both ways of a street together, largest change of flow first."""
    import numpy as np
    import pyarrow as pa

    sums = [np.bincount(graph.edge, weights=e.flow * 3600.0, minlength=roads.streets) for e in (before, after)]
    delays = [np.bincount(graph.edge, weights=np.where(e.flow > 0, e.flow * np.where(np.isfinite(e.time), e.time, 0.0), 0.0), minlength=roads.streets) for e in (before, after)]
    order = np.argsort(-np.abs(sums[1] - sums[0]), kind="stable")
    order = order[np.maximum(*sums)[order] > 0]
    pick = pa.array(order)
    return pa.table({
        "id": roads.street_id.take(pick), "name": roads.street_name.take(pick), "flow_before": sums[0][order], "flow_after": sums[1][order],
        "change": (sums[1] - sums[0])[order], "vehicle_hours_before": delays[0][order], "vehicle_hours_after": delays[1][order],
    })  # fmt: skip


def _pairs(roads, before, after):  # type: ignore[no-untyped-def]
    """Pairs of zones that lose at least a second or cannot travel any more, and the trips per hour that cannot be made."""
    import numpy as np
    import pyarrow as pa

    cut = np.isfinite(before.shortest) & ~np.isfinite(after.shortest)
    longer = np.where(cut, np.inf, np.nan_to_num(after.shortest - before.shortest, nan=0.0))
    rows = np.flatnonzero(cut | (longer >= 1.0))
    rows = rows[np.lexsort((-np.where(cut[rows], before.demand.trips[rows], before.demand.trips[rows] * np.where(cut[rows], 1.0, longer[rows])), ~cut[rows]))]
    table = pa.table({
        "origin": roads.node_id.take(pa.array(before.demand.origin_of[rows])), "destination": roads.node_id.take(pa.array(before.demand.target[rows])),
        "trips_per_hour": before.demand.trips[rows] * 3600.0, "time_before": before.shortest[rows],
        "time_after": pa.array(np.where(cut[rows], np.nan, after.shortest[rows]), from_pandas=True), "cut_off": cut[rows],
    })  # fmt: skip
    return table, float(before.demand.trips[cut].sum() * 3600.0)


def _detours(roads, street):  # type: ignore[no-untyped-def]
    """The fastest way between the ends of each closed street when the roads are empty."""
    import numpy as np
    import pyarrow as pa

    from holdfast.engines.network.roads.paths import grow

    graph, links = roads.car_graph()
    cost = np.where(street[graph.edge], np.inf, links.free)
    rows = []
    for row in np.flatnonzero(street & roads.usable).tolist():
        start, end = int(roads.tail[row]), int(roads.head[row])
        tree = grow(graph, cost, [np.array([start], np.int32)])
        found = np.isfinite(tree.time[0, end])
        way = graph.edge[tree.route(0, end)] if found else np.empty(0, int)
        rows.append({
            "id": roads.street_id[row].as_py(), "time": float(roads.free[row]), "detour_time": float(tree.time[0, end]) if found else None,
            "length": float(roads.length[row]), "detour_length": float(roads.length[way].sum()) if found else None,
            "streets": json.dumps(roads.street_id.take(pa.array(way)).to_pylist()),
        })  # fmt: skip
    schema = pa.schema([("id", pa.string()), *((n, pa.float64()) for n in ("time", "detour_time", "length", "detour_length")), ("streets", pa.string())])
    return pa.Table.from_pylist(rows, schema=schema)


def _isolated(city, closed):  # type: ignore[no-untyped-def]
    """Zones that had an open road to a hospital or out of the city and have none now."""
    import numpy as np
    import pyarrow as pa

    from .demand import zones_of
    from .lifeline import build
    from .reach import availability

    empty = pa.table({"id": pa.array([], pa.string()), "people": pa.array([], pa.float64())})
    line = build(city)
    if line is None or not closed:
        return empty
    zones = zones_of(city, line.roads)
    placed = np.flatnonzero(zones.node >= 0)
    time = line.node_times(np.concatenate([np.ones((1, len(line.component_id)), bool), availability(line, closed)]))[:, 1]
    cut = placed[np.isfinite(time[0, zones.node[placed]]) & ~np.isfinite(time[1, zones.node[placed]])]
    return pa.table({"id": zones.id.take(pa.array(cut)), "people": zones.people[cut]}) if len(cut) else empty
