"""What follows from shutting a leaking gas pipe off: valves with their stand-ins, consumers, whom they serve, and gas that escapes."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from holdfast.engines.network.gas.leak import content, critical_ratio, jet_length, leak_rate, vent_time
from holdfast.engines.network.gas.model import LinkType
from holdfast.engines.network.gas.solve import GasCases
from holdfast.engines.network.isolation import Isolation
from holdfast.model import geometry
from holdfast.model.city import City
from holdfast.model.lifeline import ComponentState

from .leak_scene import Scene

SHORT = 0.98  # a consumer that gets less than this share counts as short [proposal]
_STEPS = 60  # rows of the release over time
NOTE = ("The distance holds for a jet in the open. Under pavement, wet or frozen soil gas travels 3 to 4 times farther than through dry open soil and enters sewers, ducts "
        "and cellars: measure in manholes and buildings around before anyone calls the place safe.")


@dataclass(slots=True)
class Release:
    """Gas that escapes: table minute, phase, rate [kg/s], pressure [Pa gauge], escaped [kg], and its summary."""

    table: pa.Table
    summary: dict[str, Any]


def valves(city: City, scene: Scene, found: Isolation, stuck: list[int]) -> pa.Table:
    """The valves to close, those first through which gas still comes from beyond. For each: where it is, and what follows when it is stuck.

    Regulators that only lead out of the shut part are none of them: no gas comes back through them, and what is behind loses its gas either way.
    """
    network = scene.lifeline.network
    rows = []
    before = _cut_sinks(scene, found)
    for valve in to_close(scene, found).tolist():
        name = scene.shut_id[valve]
        again = scene.isolate([*stuck, valve])
        extra = [scene.shut_id[i] for i in to_close(scene, again).tolist() if i not in set(found.valves.tolist())]
        x, y = _place(city, name)
        row = {"id": name, "kind": name.partition(":")[0], "feeds": _feeds(scene, found, int(scene.shuts[valve])), "instead_of_stuck": valve in set(found.instead.tolist())}
        row |= {"x": x, "y": y, "remote": _remote(network, name), "if_stuck_close": ", ".join(extra), "if_stuck_source_inside": again.source_inside}
        rows.append(row | {"if_stuck_more_cut_off": int((_cut_sinks(scene, again) & ~before).sum())})
    schema = pa.schema([
        ("id", pa.string()), ("kind", pa.string()), ("feeds", pa.bool_()), ("instead_of_stuck", pa.bool_()), ("x", pa.float64()), ("y", pa.float64()), ("remote", pa.bool_()),
        ("if_stuck_close", pa.string()), ("if_stuck_more_cut_off", pa.int64()), ("if_stuck_source_inside", pa.bool_())])
    return pa.Table.from_pylist(sorted(rows, key=lambda row: not row["feeds"]), schema=schema)


def to_close(scene: Scene, found: Isolation) -> np.ndarray:
    """Positions of the valves among `found.valves` that need closing: all but regulators that lead out of the shut part."""
    return found.valves[[not _leads_out(scene, found, int(scene.shuts[valve])) for valve in found.valves.tolist()]] if len(found.valves) else found.valves


def _leads_out(scene: Scene, found: Isolation, link: int) -> bool:
    """Whether a link passes gas only out of the shut part."""
    model = scene.lifeline.network.model
    return model.link_type[link] != LinkType.RESISTIVE and bool(found.segment_nodes[model.link_from[link]])


def _feeds(scene: Scene, found: Isolation, link: int) -> bool:
    """Whether gas can come in through a valve: its far side keeps a source, and it passes gas that way."""
    model = scene.lifeline.network.model
    inside = found.segment_nodes[[model.link_from[link], model.link_to[link]]]
    far = model.link_to[link] if inside[0] else model.link_from[link]
    return not _leads_out(scene, found, link) and not bool(found.cut_off_nodes[far])


def sources_inside(scene: Scene, found: Isolation) -> list[str]:
    """Ids of the sources that stand in the shut part and have to be shut themselves."""
    network = scene.lifeline.network
    inside = (network.source_node >= 0) & found.segment_nodes[np.maximum(network.source_node, 0)]
    return network.table["gas.source"].id.filter(pa.array(inside)).to_pylist()


def _cut_sinks(scene: Scene, found: Isolation) -> np.ndarray:
    """(sink,) bool: shut off with the leak or without a source beyond it."""
    node = scene.lifeline.network.sink_node
    gone = found.segment_nodes | found.cut_off_nodes
    return (node >= 0) & gone[np.maximum(node, 0)]


def _place(city: City, name: str) -> tuple[float | None, float | None]:
    table = city.table(name.partition(":")[0], columns=["id", "geometry"], ids=[name])
    if table.num_rows == 0 or table["geometry"][0].as_py() is None:
        return None, None
    x, y = geometry.centre(table["geometry"].combine_chunks())[0][:2]
    return round(float(x), 3), round(float(y), 3)


def _remote(network: Any, name: str) -> bool:
    table = network.table[name.partition(":")[0]]
    return bool(table.flags("remote", False)[table.id.index(name).as_py()])


def affected(scene: Scene, found: Isolation) -> pa.Table:
    """Consumers that get nothing or too little once the valves are closed, worst first: id, state, share of the wanted gas, customers, wanted [kg/s]."""
    lifeline = scene.lifeline
    state = ComponentState(np.ones((1, len(lifeline.component_id)), bool))
    inputs = lifeline.cases(state)
    open_ = inputs.open.copy()  # type: ignore[union-attr]
    open_[:, scene.shuts[found.valves]] = False
    open_[:, found.segment_edges] = False
    result = lifeline.solver.solve(GasCases(1, open_, _without(inputs.held, found), inputs.demand, inputs.feed, None, inputs.driven))
    network, node = lifeline.network, np.maximum(lifeline.network.sink_node, 0)
    share = np.where(inputs.demand[0] > 0, result.supply[0] / np.maximum(inputs.demand[0], 1e-12), result.served[0])[node]  # type: ignore[index]
    share = np.clip(np.where(_cut_sinks(scene, found) | (network.sink_node < 0), 0.0, share), 0.0, 1.0)
    customers = network.table["gas.sink"].numbers("customers", 1.0)
    hit = np.flatnonzero((share < SHORT) & (network.sink_node >= 0))
    hit = hit[np.argsort(share[hit], kind="stable")]
    return pa.table({
        "id": network.table["gas.sink"].id.take(pa.array(hit)), "state": pa.array(np.where(share[hit] <= 0.0, "cut off", "short").tolist(), pa.string()),
        "share": np.round(share[hit], 4), "customers": customers[hit].astype(np.int64), "wanted": network.sink_demand[hit],
    })


def _without(held: np.ndarray | None, found: Isolation) -> np.ndarray | None:
    """Sources inside the shut part are shut down too."""
    if held is None:
        return None
    held = held.copy()
    held[:, found.segment_nodes] = np.nan
    return held


def served(city: City, hit: pa.Table) -> pa.Table:
    """Whom the affected consumers serve, critical ones first: id, kind, hours it lasts without gas, consumer, state."""
    schema = pa.schema([("id", pa.string()), ("kind", pa.string()), ("backup_hours", pa.float64()), ("consumer", pa.string()), ("state", pa.string())])
    links = city.links(from_ids=hit["id"].to_pylist(), relation="serves") if hit.num_rows else None
    if links is None or links.num_rows == 0:
        return schema.empty_table()
    state = dict(zip(hit["id"].to_pylist(), hit["state"].to_pylist(), strict=True))
    rows = [{"id": row["to_id"], "kind": row["to_id"].partition(":")[0], "backup_hours": row["backup_hours"], "consumer": row["from_id"], "state": state[row["from_id"]]}
            for row in links.select(["from_id", "to_id", "backup_hours", "service"]).to_pylist() if row["service"] in (None, "gas")]
    table = pa.Table.from_pylist(rows, schema=schema)
    order = pc.sort_indices(pa.table({"plain": pc.equal(table["kind"], "buildings.building"), "kind": table["kind"], "id": table["id"]}),
                            sort_keys=[("plain", "ascending"), ("kind", "ascending"), ("id", "ascending")])
    return table.take(order)


def release(city: City, scene: Scene, found: Isolation, hole: float, until_closed: float) -> Release:
    """Gas that escapes: fed by the network until the valves are closed, then from what the shut part holds."""
    lifeline, model = scene.lifeline, scene.lifeline.network.model
    gas, pipe = model.gas, scene.pipe
    area = lifeline.coefficient * np.pi / 4 * min(hole, float(model.diameter[pipe])) ** 2
    leak = np.zeros((1, model.nodes))
    for node in (model.link_from[pipe], model.link_to[pipe]):
        leak[0, node] += area / 2
    fed = lifeline.solver.solve(GasCases(1, leak=leak))
    ambient = float(model.ambient[[model.link_from[pipe], model.link_to[pipe]]].mean())
    inside = found.segment_edges & (model.length > 0)
    volume = np.pi / 4 * model.diameter**2 * model.length * inside
    mean = (fed.pressure[0, model.link_from] + fed.pressure[0, model.link_to]) / 2
    temperature = float(model.link_temperature[pipe])
    held = float(content(gas, volume, mean, model.link_temperature).sum())
    start = float((volume * mean).sum() / volume.sum()) if volume.sum() > 0 else float(mean[pipe])
    vented = float(city.settings["gas.vented_pressure"])
    seconds = vent_time(gas, float(volume.sum()), area, start, ambient + vented, ambient, temperature)
    rate = float(fed.lost[0].sum())
    steps = np.unique(np.concatenate([np.geomspace(max(start, ambient + 2 * vented) - ambient, vented, _STEPS) + ambient]))[::-1]
    after = np.array([vent_time(gas, float(volume.sum()), area, start, p, ambient, temperature) for p in steps])
    rates = leak_rate(gas, area, steps, ambient, temperature)
    escaped = rate * until_closed + np.maximum(volume.sum() * (start - steps) / (gas.specific_constant * temperature), 0.0)
    fed_at = float(mean[pipe])
    table = pa.table({
        "minute": np.concatenate([[0.0, until_closed / 60.0], (until_closed + after) / 60.0]), "phase": pa.array(["fed", "fed", *(["shut"] * len(steps))], pa.string()),
        "rate": np.concatenate([[rate, rate], rates]), "pressure": np.concatenate([[fed_at - ambient] * 2, steps - ambient]),
        "escaped": np.concatenate([[0.0, rate * until_closed], escaped])})
    summary = {
        "solved": bool(fed.status[0] == 0), "leak_rate_kg_s": round(rate, 6), "choked": bool(fed_at >= critical_ratio(gas) * ambient),
        "formula": "m = Cd A p sqrt(gamma/(RT) (2/(gamma+1))^((gamma+1)/(gamma-1))) when choked, else isentropic orifice; pressure from the network with the leak in it",
        "pressure_at_leak_pa": round(fed_at - ambient, 1), "escaped_until_closed_kg": round(rate * until_closed, 3), "gas_in_shut_part_kg": round(held, 3),
        "shut_volume_m3": round(float(volume.sum()), 3), "minutes_to_vent_after_closing": None if not np.isfinite(seconds) else round(seconds / 60.0, 2),
        "vented_below_pa": vented, "flammable_distance_m": round(jet_length(gas, area, fed_at, ambient), 2),
        "note": NOTE,
    }
    return Release(table, summary)
