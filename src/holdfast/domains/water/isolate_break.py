"""Isolate a broken pipe: which valves to close, what is emptied, who is cut off beyond, and what to do when a valve is stuck."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated, Any

from holdfast.model.city import City
from holdfast.model.delivery import Answer, Plot
from holdfast.model.spec import Param

if TYPE_CHECKING:
    import numpy as np
    import pyarrow as pa

    from holdfast.engines.network.hydraulic.model import HydraulicModel

    from .hydraulic_tables import WaterTables
    from .study import Study


ENGINE = "holdfast isolation (what hangs together; no flow is solved)"


def isolate_break(
    city: City,
    *,
    pipe: Annotated[str, Param("broken pipe", "破裂管段", assets=("water.pipe",))],
    stuck: Annotated[list[str] | None, Param("valves that cannot be closed", "无法关闭的阀门", assets=("water.isolation_valve", "water.valve", "water.pump"))] = None,
) -> Answer:
    """Find the valves around a break.

    Isolation valves, control valves, pumps and check valves can all be shut; a pipe that is closed separates already.
    returns   tables `valves` (to close, with what for), `pipes` (emptied or cut off), `nodes` (emptied or cut off), `customers` (who loses water: buildings,
              hospitals, hydrants)
    raises    NotFound for an unknown pipe or valve, Invalid without a network
    source    Walski (1993), segments between valves and unintended isolation
    """
    import numpy as np

    from holdfast.engines.network.isolation import isolate
    from holdfast.engines.network.topology import Graph

    from .study import Study

    study = Study(city)
    model = study.model
    broken = study.links(pipe, "pipe")
    valve_id, edge, node = valves(study)
    jammed = _stuck(valve_id, stuck or [])
    graph = Graph.of(model.nodes, model.link_from, model.link_to)
    found = isolate(graph, broken, edge, node, stuck=jammed, sources=np.flatnonzero(~study.junction), open=_open(study, set(edge[node < 0].tolist())))
    customers = lost_customers(study, found.segment_nodes, found.cut_off_nodes)
    tables = {"valves": _valve_table(study, valve_id, edge, found), "pipes": _link_table(study, found), "nodes": _node_table(study, found), "customers": customers}
    demand, length = study.demand(), np.nan_to_num(model.length)
    gone = found.segment_nodes | found.cut_off_nodes
    people = study.people()
    kinds = {name: customers["kind"].to_pylist().count(name) for name in sorted(set(customers["kind"].to_pylist()))}
    summary: dict[str, Any] = {
        "engine": ENGINE,
        "pipe": model.link_id[int(broken[0])].as_py(), "valves_to_close": len(found.valves), "instead_of_stuck": len(found.instead), "stuck_in_the_way": len(found.stuck),
        "emptied_pipes": int(found.segment_edges.sum()), "emptied_length_m": round(float(length[found.segment_edges].sum()), 2),
        "emptied_volume_m3": round(float((length * np.pi / 4 * np.nan_to_num(model.diameter) ** 2)[found.segment_edges].sum()), 3),
        "cut_off_nodes": int(found.cut_off_nodes.sum()), "demand_lost_m3s": round(float(demand[gone].sum()), 9),
        "share_of_demand_lost": round(float(demand[gone].sum() / demand.sum()), 6) if demand.sum() > 0 else 0.0, "people_without_water": round(float(people[gone].sum())),
        "customers": kinds, "source_inside": found.source_inside, "findings": study.findings.counts(),
    }  # fmt: skip
    if len(found.valves) == 0:
        study.findings.add("water.no_valves", "warning", "no valve closes the break off; the whole part of the network is emptied", fix="Record the isolation valves",
                           kind="water.isolation_valve", id=summary["pipe"])  # fmt: skip
    if found.source_inside:
        study.findings.add("water.source_inside", "warning", "a reservoir or tank stands inside the part to be emptied and must be shut down too", kind="water.pipe",
                           id=summary["pipe"], fix="Add a valve behind the source")  # fmt: skip
    plots = (Plot("Emptied and cut off", "停水范围", "pipes", "x", ("y",), kind="map", colour="state"),
             Plot("Valves to close", "应关阀门", "valves", "x", ("y",), kind="map", colour="reason"))  # fmt: skip
    return Answer(summary, tables, study.findings, plots=plots)


def valves(study: Study) -> tuple[list[str], np.ndarray, np.ndarray]:
    """Everything that can be shut: ids, the link on which each sits, and the node at whose end of it, -1 where the whole link is the valve."""
    model, tables, kind = study.model, study.tables, "water.isolation_valve"
    edge, node, machine = valve_places(tables, model)
    names = [*tables.ids(kind).to_pylist(), *(model.link_id[int(i)].as_py() for i in edge[machine])]
    tables.report("valve_without_pipe", "warning", kind, tables.ids(kind), edge[~machine] < 0, "it names no pipe of the network and closes nothing", "Name its pipe", "pipe_id")
    study.findings.extend(tables.findings)
    return names, edge, node


def valve_places(tables: WaterTables, model: HydraulicModel) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """(valve,) link, node at whose end of it or -1 where the whole link is the valve, and bool: isolation valves first, then all links that are no pipes."""
    import numpy as np

    from holdfast.engines.network.hydraulic.model import LinkType

    from .hydraulic_tables import places

    edge = places(tables.texts("water.isolation_valve", "pipe_id"), model.link_id)
    node = places(tables.texts("water.isolation_valve", "node_id"), model.node_id)
    known = np.where(edge >= 0, edge, 0)
    at_end = (node >= 0) & ((model.link_from[known] == node) | (model.link_to[known] == node)) if model.links else node >= 0
    machines = np.flatnonzero(model.link_type != LinkType.PIPE)
    return np.concatenate([edge, machines]), np.concatenate([np.where(at_end, node, -1), np.full(len(machines), -1)]), np.arange(len(edge) + len(machines)) >= len(edge)


def _open(study: Study, whole: set[int]) -> np.ndarray:
    """(link,) bool: pipes that are closed separate already; a link that is a valve itself counts as open, it may be shut again."""
    import numpy as np

    from holdfast.engines.network.hydraulic.model import LinkType, Status

    closed = (study.model.initial_status == Status.CLOSED) & (study.model.link_type == LinkType.PIPE)
    return ~(closed & ~np.isin(np.arange(study.model.links), list(whole)))


def _stuck(ids: list[str], names: list[str]) -> np.ndarray:
    """Positions of valves that cannot be closed. raises NotFound"""
    import difflib

    import numpy as np

    from holdfast.model.errors import NotFound

    index = {name: at for at, name in enumerate(ids)} | {name.partition(":")[2]: at for at, name in reversed(list(enumerate(ids)))}
    found = []
    for name in names:
        if name not in index:
            near = difflib.get_close_matches(name, ids, 3, 0.6)
            raise NotFound(f"{name!r} is no valve", fix=f"Did you mean {' or '.join(near)}?" if near else "Check the id", id=name, field="stuck")
        found.append(index[name])
    return np.array(found, np.int64)


def lost_customers(study: Study, emptied: np.ndarray, cut_off: np.ndarray) -> pa.Table:
    """Everything that hangs on nodes which are emptied or cut off, with its people."""
    import pyarrow as pa

    served = study.customers()
    gone = emptied | cut_off
    rows = [row for row in served.to_pylist() if gone[row["node"]]]
    known = {row["id"] for row in rows}
    for name, node in study.outlet_nodes().items():
        if name.startswith(("water.hydrant:", "water.secondary_supply:")) and gone[node] and name not in known:
            rows.append({"id": name, "kind": name.partition(":")[0], "node": node, "people": None, "from_id": study.model.node_id[node].as_py()})
    names = study.model.node_id.to_pylist()
    return pa.table({"id": pa.array([r["id"] for r in rows], pa.string()), "kind": pa.array([r["kind"] for r in rows], pa.string()),
                     "people": pa.array([r["people"] for r in rows], pa.float64()), "fed_by": pa.array([r["from_id"] for r in rows], pa.string()),
                     "node": pa.array([names[r["node"]] for r in rows], pa.string())})  # fmt: skip


def _valve_table(study: Study, ids: list[str], edge: np.ndarray, found: Any) -> pa.Table:
    """Valves to close, then stuck ones in the way."""
    import numpy as np
    import pyarrow as pa

    from .study import nullable

    instead = set(found.instead.tolist())
    at = np.concatenate([found.valves, found.stuck]).astype(np.int64)
    reason = ["instead of a stuck one" if v in instead else "close" for v in found.valves.tolist()] + ["stuck"] * len(found.stuck)
    model = study.model
    links = edge[at]
    middle = (model.node_xy[model.link_from[links]] + model.node_xy[model.link_to[links]]) / 2
    return pa.table({"id": pa.array([ids[i] for i in at.tolist()], pa.string()), "reason": pa.array(reason, pa.string()), "pipe": model.link_id.take(pa.array(links)),
                     "x": nullable(middle[:, 0]), "y": nullable(middle[:, 1])})  # fmt: skip


def _link_table(study: Study, found: Any) -> pa.Table:
    import numpy as np

    from .study import link_table

    at = np.flatnonzero(found.segment_edges | found.cut_off_edges)
    return link_table(study, at, state=np.where(found.segment_edges[at], "emptied", "cut off").tolist(), length_m=study.model.length[at])


def _node_table(study: Study, found: Any) -> pa.Table:
    import numpy as np

    from .study import node_table

    at = np.flatnonzero(found.segment_nodes | found.cut_off_nodes)
    return node_table(study, at, state=np.where(found.segment_nodes[at], "emptied", "cut off").tolist(), demand_m3s=study.demand()[at], people=study.people()[at])
