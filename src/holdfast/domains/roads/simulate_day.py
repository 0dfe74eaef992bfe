"""Simulate a day: car traffic hour by hour at user equilibrium."""

from __future__ import annotations

from typing import Annotated

from holdfast.model.city import City
from holdfast.model.delivery import Answer, Plot
from holdfast.model.errors import Invalid, NotFound
from holdfast.model.spec import Param


def simulate_day(
    city: City,
    hours: Annotated[float, Param("hours of the day to simulate, from midnight", "从零点起模拟的小时数")] = 24.0,
    gap: Annotated[float, Param("relative gap to reach", "相对间隙")] = 1e-4,
) -> Answer:
    """Assign each hour's trips to the network, each hour starting from the paths of the one before.

    hours     1 to 24, whole hours
    gap       (total time - trips times fastest times) / total time
    returns   table `hours` (trips, vehicle-hours, delay, speed by hour) and `streets` (volume, busiest hour, use of capacity, delay);
              findings on unusable streets and demand; status "diverged" if an hour did not reach the gap
    raises    NotFound if there are no streets; Invalid if there is neither demand nor people
    source    user equilibrium: Wardrop's first principle; delay law as given by each street, else BPR
    """
    import numpy as np
    import pyarrow as pa

    from holdfast.engines.network.roads.assignment import assign

    from .demand import travel
    from .lifeline import ENGINE
    from .network import load

    if not 1 <= hours <= 24:
        raise Invalid("a day has 1 to 24 hours", fix="Give hours from 1 to 24", field="hours")
    if not 0 < gap < 1:
        raise Invalid("the gap lies between 0 and 1", fix="Give for example 1e-4", field="gap")
    roads = load(city)
    if roads is None:
        raise NotFound("the city has no streets", fix="Import roads")
    trips = travel(city, roads, roads.findings)
    graph, links = roads.car_graph()
    rows, state, count = [], None, int(hours)
    flow, time = np.zeros((count, graph.arcs)), np.zeros((count, graph.arcs))
    for hour in range(count):
        state = assign(graph, links, trips.at(hour), gap=gap, start=state)
        flow[hour], time[hour] = state.flow, state.time
        rows.append(_hour(hour, roads, graph, links, state))
    if state is not None and state.unserved.any():
        missing = int((state.unserved > 0).sum())
        roads.findings.add("roads.disconnected", "warning", f"{missing} pairs of zones are not joined by any street; their trips are not made", kind="roads.demand",
                           fix="Check the network between them")  # fmt: skip
    table = pa.Table.from_pylist(rows)
    moved = {name: float(np.sum(table[name].to_numpy())) for name in ("trips", "unserved_trips", "vehicle_hours", "delay_hours")}
    summary = {
        "engine": ENGINE, "hours": count, **{k: round(v, 3) for k, v in moved.items()}, "busiest_hour": int(np.argmax(table["vehicle_hours"].to_numpy())),
        "demand": trips.source, "assumptions": trips.assumptions, "assumed_columns": roads.assumed, "worst_gap": float(np.max(table["gap"].to_numpy())),
        "findings": roads.findings.counts(),
    }  # fmt: skip
    plots = (Plot("Traffic by hour", "分时交通", "hours", "hour", ("vehicle_hours", "delay_hours"), "step", x_label="hour", y_label="vehicle-hours"),)
    done = all(r["converged"] for r in rows)
    return Answer(summary, {"hours": table, "streets": _streets(roads, graph, links, flow, time)}, roads.findings, status="done" if done else "diverged", plots=plots)


def _hour(hour, roads, graph, links, state):  # type: ignore[no-untyped-def]
    """One row of `hours`."""
    import numpy as np

    served = state.demand.trips - state.unserved
    distance = float(state.flow @ roads.length[graph.edge]) * 3600.0
    total, free = state.total_time, float(state.flow @ links.free)
    return {
        "hour": hour, "trips": float(served.sum() * 3600.0), "unserved_trips": float(state.unserved.sum() * 3600.0), "vehicle_hours": total, "delay_hours": total - free,
        "vehicle_km": distance / 1000.0, "mean_speed": distance / (total * 3600.0) if total > 0 else None,
        "largest_use": float(np.max(state.flow / links.capacity, initial=0.0)), "gap": state.gap, "searches": state.searches, "converged": state.converged,
    }  # fmt: skip


def _streets(roads, graph, links, flow, time):  # type: ignore[no-untyped-def]
    """Table `streets`: both ways of a street together, its fuller way for the use of capacity."""
    import numpy as np
    import pyarrow as pa

    count = roads.streets
    volume = np.bincount(graph.edge, weights=flow.sum(axis=0) * 3600.0, minlength=count)
    by_hour = np.stack([np.bincount(graph.edge, weights=row, minlength=count) for row in flow])
    delay = np.bincount(graph.edge, weights=(flow * np.where(np.isfinite(time), time - links.free, 0.0)).sum(axis=0), minlength=count)
    use = np.zeros(count)
    np.maximum.at(use, graph.edge, (flow / links.capacity).max(axis=0))
    open_ = np.zeros(count, bool)
    open_[graph.edge] = True
    return pa.table({
        "id": roads.street_id, "name": roads.street_name, "volume": volume, "busiest_hour": np.argmax(by_hour, axis=0), "peak_flow_per_hour": by_hour.max(axis=0) * 3600.0,
        "use_of_capacity": use, "delay_hours": delay, "open_to_cars": open_,
    }).filter(pa.array(open_))  # fmt: skip
