"""Rank streets and bridges by what their closure costs: extra time, trips that cannot be made, people cut off."""

from __future__ import annotations

from typing import Annotated

from holdfast.model.city import City
from holdfast.model.delivery import Answer, Plot
from holdfast.model.errors import Invalid, NotFound
from holdfast.model.spec import Param


def rank_criticality(
    city: City,
    most: Annotated[int, Param("streets to try, the fullest first; 0 for all", "评估道路数")] = 200,
    bridges: Annotated[bool, Param("try all bridges too", "包含全部桥梁")] = True,
    hour: Annotated[int | None, Param("hour of the day; the busiest when left out", "时段(小时)")] = None,
    gap: Annotated[float, Param("relative gap to reach", "相对间隙")] = 1e-4,
) -> Answer:
    """Close one street or bridge after the other; each assignment starts from the paths of the undisturbed one.

    most      candidates among streets by flow, and as many by the people that they would cut off
    returns   table `ranking`: id, flow, extra vehicle-hours per hour, trips per hour that cannot be made, people without an open road to any
              hospital or way out of the city, and `person_hours` lost in one hour, by which it is ordered (delay times occupancy, an hour for each
              traveller who cannot travel and each person cut off)
    raises    NotFound if there are no streets; Invalid if there is neither demand nor people
    """
    import numpy as np
    import pyarrow as pa

    from holdfast.engines.network.roads.assignment import assign

    from .closing import narrowed
    from .demand import travel, zones_of
    from .lifeline import build

    if most < 0:
        raise Invalid("the number of candidates is below zero", fix="Give 0 for all", field="most")
    line = build(city)
    if line is None:
        raise NotFound("the city has no streets", fix="Import roads")
    roads = line.roads
    trips = travel(city, roads, roads.findings)
    chosen = int(np.argmax(trips.shares)) if hour is None else hour
    if not 0 <= chosen <= 23:
        raise Invalid("an hour lies from 0 to 23", fix="Give the hour in which to look", field="hour")
    graph, links = roads.car_graph()
    before = assign(graph, links, trips.at(chosen), gap=gap)
    carried = np.bincount(graph.edge, weights=before.flow * 3600.0, minlength=roads.streets)
    zones = zones_of(city, roads)
    names, groups = _candidates(line, zones, carried, most, bridges)
    cut = _people_cut_off(line, zones, groups)
    occupancy = float(city.settings["roads.car_occupancy"])
    rows, diverged = [], 0
    for (name, kind), group, people in zip(names, groups, cut.tolist(), strict=True):
        flow = float(carried[group].sum())
        mask = np.zeros(roads.streets, bool)
        mask[group] = True
        usable = narrowed(graph, links, mask, 0.0)[1]
        after = before if flow == 0 else assign(graph, links, trips.at(chosen), usable=usable, gap=gap, start=before)
        diverged += not after.converged
        extra, lost = (0.0, 0.0) if flow == 0 else _cost(before, after)
        rows.append({"id": name, "kind": kind, "flow_per_hour": flow, "extra_vehicle_hours": extra, "unserved_trips": lost, "isolated_people": people,
                     "person_hours": occupancy * (extra + lost) + people})  # fmt: skip
    rows.sort(key=lambda r: (-r["person_hours"], -r["flow_per_hour"], r["id"]))
    table = pa.Table.from_pylist(rows, schema=_schema())
    table = table.add_column(0, "rank", pa.array(np.arange(1, len(rows) + 1)))
    summary = {
        "engine": line.engine,
        "candidates": len(rows), "streets": roads.streets, "hour": chosen, "most_critical": rows[0]["id"] if rows else None, "vehicle_hours": round(before.total_time, 3),
        "cutting_people_off": int((cut > 0).sum()), "demand": trips.source, "assumptions": trips.assumptions, "gap": before.gap, "not_converged": diverged,
        "findings": roads.findings.counts(),
    }  # fmt: skip
    plots = (Plot("Most critical streets and bridges", "最关键道路与桥梁", "ranking", "id", ("person_hours",), "barh", x_label="person-hours lost in an hour"),)
    return Answer(summary, {"ranking": table}, roads.findings, status="done" if before.converged and not diverged else "diverged", plots=plots)


def _cost(before, after):  # type: ignore[no-untyped-def]
    """Extra vehicle-hours per hour of the trips that are still made (below zero where lost trips leave room for them), and trips per hour that are not."""
    import numpy as np

    kept = np.isfinite(before.shortest) & np.isfinite(after.shortest)
    lost = float(after.unserved.sum() - before.unserved.sum()) * 3600.0
    return after.total_time - float(before.demand.trips[kept] @ before.shortest[kept]), lost


def _schema():  # type: ignore[no-untyped-def]
    import pyarrow as pa

    numbers = ("flow_per_hour", "extra_vehicle_hours", "unserved_trips", "isolated_people", "person_hours")
    return pa.schema([("id", pa.string()), ("kind", pa.string()), *((name, pa.float64()) for name in numbers)])


def _candidates(line, zones, carried, most, bridges):  # type: ignore[no-untyped-def]
    """Names with kinds, and the streets that each closes: the fullest streets, those whose loss cuts most people off, and all bridges."""
    import numpy as np

    from holdfast.engines.network.bridges import bridges as separating
    from holdfast.engines.network.topology import Graph

    roads = line.roads
    use = roads.usable & ~roads.walking() & (roads.road_class != "centroid")
    order = np.argsort(-carried, kind="stable")
    picked = order[use[order]]
    if most:
        joined = roads.usable
        lone = np.flatnonzero(separating(Graph.of(roads.nodes, np.where(joined, roads.tail, -1), np.where(joined, roads.head, -1))) & use)
        people = _people_cut_off(line, zones, [np.array([i]) for i in lone])
        lone = lone[np.argsort(-people, kind="stable")][: min(most, int((people > 0).sum()))]
        picked = np.unique(np.concatenate([picked[:most], lone]))
    names = [(roads.street_id[int(i)].as_py(), "roads.street") for i in picked]
    groups = [np.array([i]) for i in picked]
    if bridges:
        for i, name in enumerate(roads.bridge_id.to_pylist()):
            names.append((name, "roads.bridge"))
            groups.append(roads.bridge_street[roads.bridge_of == i])
    return names, groups


def _people_cut_off(line, zones, groups):  # type: ignore[no-untyped-def]
    """(candidate,) people who lose their last open road to a hospital or out of the city."""
    import numpy as np

    available = np.ones((len(groups) + 1, len(line.component_id)), bool)
    for i, group in enumerate(groups):
        available[i + 1, group] = False  # streets are the first components
    placed = np.flatnonzero(zones.node >= 0)
    found = np.zeros(len(groups))
    for at in range(0, len(groups), 512):
        rows = np.concatenate([available[:1], available[at + 1 : at + 513]])
        reached = np.isfinite(line.node_times(rows)[:, 1][:, zones.node[placed]])
        found[at : at + 512] = (reached[0] & ~reached[1:]) @ zones.people[placed]
    return found
