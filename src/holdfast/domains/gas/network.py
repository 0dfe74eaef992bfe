"""A city's gas network as arrays for the solver, with the ids of everything in it and what had to be assumed."""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import Any

import numpy as np
import pyarrow as pa

from holdfast.engines.network.columns import Columns, columns, elevations, ends_of, places
from holdfast.engines.network.gas.fluid import Gas, ambient_pressure, from_tables, named
from holdfast.engines.network.gas.model import Friction, GasModel, LinkType, model
from holdfast.model.errors import Invalid
from holdfast.model.finding import Findings

EDGES = ("gas.pipe", "gas.valve", "gas.regulator", "gas.compressor", "gas.resistor")
NODES = ("gas.source", "gas.sink", "gas.station")
KINDS = (*EDGES, *NODES)
LEAST_DIAMETER = 0.005  # [m]; anything narrower is a mistake in the record


@dataclass(slots=True)
class GasNetwork:
    """The model and where everything of the city is in it.

    junction_id  (junction,) ids of the first nodes of the model; nodes beyond are inner ends of pipes that begin at a valve
    link_id      (link,) ids of edges, kind by kind in the order of EDGES; `link_kind` (link,) index into EDGES
    table        rows of every kind in KINDS that exist
    source_node, sink_node  (source,), (sink,) nodes, -1 where the junction is not known
    source_held  (source,) absolute pressure that each source holds [Pa], NaN for sources that feed a flow
    source_feed  (source,) [kg/s]       sink_demand (sink,) [kg/s]
    station_of   link or source -> station: (link,), (source,) position of the station they stand in, -1 for none
    findings     what was wrong in the record and what was taken instead
    """

    model: GasModel
    junction_id: pa.Array
    link_id: pa.Array
    link_kind: np.ndarray
    table: dict[str, Columns]
    source_node: np.ndarray
    source_held: np.ndarray
    source_feed: np.ndarray
    sink_node: np.ndarray
    sink_demand: np.ndarray
    link_station: np.ndarray
    source_station: np.ndarray
    findings: Findings

    def link_rows(self, kind: str) -> np.ndarray:
        """Links of a kind, in the order of its table."""
        return np.flatnonzero(self.link_kind == EDGES.index(kind))


def load(city: Any) -> GasNetwork | None:
    """The gas network of a city; None where it has no gas junction."""
    junction = columns(city, "gas.junction")
    if len(junction) == 0:
        return None
    findings = Findings()
    table = {kind: columns(city, kind) for kind in KINDS}
    elevation = elevations(junction)
    temperature = junction.numbers("temperature", 288.15)
    start, stop, split = _ends(table, junction.id, findings)
    elevation, temperature = np.concatenate([elevation, elevation[split]]), np.concatenate([temperature, temperature[split]])
    ambient = ambient_pressure(elevation)
    nominal = junction.numbers("nominal_pressure")
    nominal = np.concatenate([nominal, nominal[split]])
    links = _links(city, table, ambient, start, stop, junction, findings)
    source_node, source_held, source_feed = _sources(city, table["gas.source"], junction.id, nominal, ambient, findings)
    sink_node, sink_demand, wanted = _sinks(city, table["gas.sink"], junction.id, nominal, ambient, findings)
    nodes = len(elevation)
    known = source_node >= 0
    held = _highest(source_node[known], source_held[known], nodes)
    feed = np.bincount(source_node[known], weights=source_feed[known], minlength=nodes)
    at = sink_node >= 0
    demand = np.bincount(sink_node[at], weights=sink_demand[at], minlength=nodes)
    friction = _friction(city)
    made = model(nodes, (start, stop), _gas(city, table["gas.source"]), elevation=elevation, temperature=temperature, held=held, feed=feed, demand=demand, least=ambient,
                 wanted=np.maximum(wanted, ambient), friction=friction, **links)
    kind = np.repeat(np.arange(len(EDGES), dtype=np.int8), [len(table[name]) for name in EDGES])
    station = table["gas.station"].id
    return GasNetwork(made, junction.id, pa.concat_arrays([table[name].id for name in EDGES]), kind, table, source_node, source_held, source_feed, sink_node, sink_demand,
                      np.concatenate([places(table[name].texts("station_id"), station) for name in EDGES]), places(table["gas.source"].texts("station_id"), station), findings)


def _friction(city: Any) -> Friction:
    name = str(city.settings["gas.friction"]).upper()
    if name not in Friction.__members__:
        raise Invalid(f"{name.lower()!r} is no friction law", fix=f"Use one of: {', '.join(f.name.lower() for f in Friction)}", field="gas.friction")
    return Friction[name]


def _gas(city: Any, source: Columns) -> Gas:
    """The gas that the imported file describes, else the one that the sources name."""
    record = columns(city, "gas.record")
    for kind, content in zip(record.texts("source_table").to_pylist(), record.texts("content").to_pylist(), strict=True):
        if kind == "fluid" and content:
            try:
                described = json.loads(content)
            except json.JSONDecodeError:
                continue
            inner = described.get("content") if isinstance(described, dict) else None
            found = from_tables(inner) if isinstance(inner, dict) else None
            if found is not None:
                return found
    return named(next((name for name in source.texts("fluid").to_pylist() if name), None))


def _ends(table: dict[str, Columns], junction: pa.Array, findings: Findings) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """From and to node of every link. A valve may stand between a junction and a pipe: the pipe then begins at an inner node behind it.

    returns   starts, stops (link,), and the junction that each inner node lies at
    """
    start, stop, split = ends_of(table, EDGES, junction, "gas.valve", "gas.pipe")
    for kind in EDGES:
        lost = (start[kind] < 0) | (stop[kind] < 0)
        _report(findings, "dangling", "error", kind, table[kind].id, lost, "an end names a junction that does not exist; it carries nothing", "Correct from_id and to_id")
        start[kind][lost] = stop[kind][lost] = 0
        loop = ~lost & (start[kind] == stop[kind])
        _report(findings, "self_loop", "warning", kind, table[kind].id, loop, "begins and ends at the same junction; it carries nothing", "Correct from_id and to_id")
    return np.concatenate([start[kind] for kind in EDGES]), np.concatenate([stop[kind] for kind in EDGES]), split


def _report(findings: Findings, rule: str, severity: str, kind: str, ids: pa.Array, mask: np.ndarray, message: str, fix: str, column: str | None = None) -> None:
    if mask.any():
        findings.add_rows(f"gas.{rule}", severity, message, kind=kind, ids=ids.filter(pa.array(mask)).to_pylist(), column=column, fix=fix)


def _links(city: Any, table: dict[str, Columns], ambient: np.ndarray, start: np.ndarray, stop: np.ndarray, junction: Columns, findings: Findings) -> dict[str, np.ndarray]:
    """Everything that the model wants to know of links."""
    counts = [len(table[kind]) for kind in EDGES]
    pipe = table["gas.pipe"]
    length = pipe.numbers("length")
    length = np.where(length > 0, length, np.nan_to_num(pipe.numbers("shape_length")))
    _report(findings, "no_length", "warning", "gas.pipe", pipe.id, length <= 0, "has no length; it passes gas without loss", "Give the length", "length")
    diameter = np.concatenate([table[kind].numbers("diameter") for kind in EDGES])
    bad = ~(diameter >= LEAST_DIAMETER)
    _report(findings, "no_diameter", "warning", "gas.pipe", pipe.id, bad[: counts[0]], f"diameter is missing or below {LEAST_DIAMETER} m; a default was taken",
            "Give the inner diameter", "diameter")
    roughness = pipe.numbers("roughness")
    regulator, compressor = table["gas.regulator"], table["gas.compressor"]
    kind = np.repeat([0, 0, LinkType.REGULATOR, LinkType.COMPRESSOR, 0], counts).astype(np.int8)
    outlet = _outlet_pressure(regulator, junction, kind == LinkType.RESISTIVE, start, stop, findings)
    inactive = np.concatenate([np.zeros(counts[0] + counts[1], bool), ~regulator.flags("active") | ~np.isfinite(outlet), ~np.isfinite(compressor.numbers("pressure_ratio")),
                               np.zeros(counts[4], bool)])
    kind[inactive] = LinkType.RESISTIVE
    target, ratio = np.full(len(kind), np.nan), np.full(len(kind), np.nan)
    at = slice(sum(counts[:2]), sum(counts[:3]))
    held = places(regulator.texts("controlled_junction_id"), junction.id)
    held = np.where(held >= 0, held, stop[at])
    target[at] = outlet + ambient[held]
    controlled = stop.copy()
    controlled[at] = held
    ratio[sum(counts[:3]) : sum(counts[:4])] = compressor.numbers("pressure_ratio")
    constant = np.zeros(len(kind))
    constant[at] = np.nan_to_num(regulator.numbers("inlet_loss")) + np.nan_to_num(regulator.numbers("outlet_loss"))
    constant[sum(counts[:4]) :] = np.nan_to_num(table["gas.resistor"].numbers("pressure_loss"))
    opened = np.concatenate([pipe.works(), table["gas.valve"].works() & table["gas.valve"].flags("opened"), *(table[k].works() for k in EDGES[2:])])
    return {
        "link_type": kind, "length": np.concatenate([np.maximum(length, 0.0), np.zeros(sum(counts[1:]))]),
        "diameter": np.where(bad, float(city.settings["gas.default_diameter"]), diameter),
        "roughness": np.concatenate([np.where(roughness > 0, roughness, float(city.settings["gas.default_roughness"])), np.full(sum(counts[1:]), 1e-4)]),
        "minor": np.nan_to_num(np.concatenate([table[k].numbers("loss_coefficient") for k in EDGES])), "constant": constant, "target": target, "ratio": ratio,
        "controlled": controlled, "closed": ~opened | (start == stop),
    }


def _outlet_pressure(regulator: Columns, junction: Columns, resistive: np.ndarray, start: np.ndarray, stop: np.ndarray, findings: Findings) -> np.ndarray:
    """(regulator,) gauge pressure that each holds; where the record says nothing, the lowest limit of the junctions in the part behind it."""
    outlet = regulator.numbers("outlet_pressure")
    unknown = ~np.isfinite(outlet) & regulator.flags("active")
    if not unknown.any():
        return outlet
    from scipy.sparse import coo_array
    from scipy.sparse.csgraph import connected_components

    nodes = max(int(start.max(initial=0)), int(stop.max(initial=0)), len(junction) - 1) + 1
    links = np.flatnonzero(resistive)
    count, part = connected_components(coo_array((np.ones(len(links)), (start[links], stop[links])), shape=(nodes, nodes)), directed=False)
    limit = np.full(count, np.inf)
    np.fmin.at(limit, part[: len(junction)], junction.numbers("max_pressure", np.inf))
    found = limit[part[stop[np.flatnonzero(~resistive)[: len(regulator)]]]]  # regulators are the first links that are not resistive
    taken = unknown & np.isfinite(found)
    _report(findings, "assumed_pressure", "warning", "gas.regulator", regulator.id, taken, "has no outlet pressure; it was taken to hold the lowest limit behind it",
            "Give the outlet pressure", "outlet_pressure")
    return np.where(taken, found, outlet)


def _sources(city: Any, source: Columns, junction: pa.Array, nominal: np.ndarray, ambient: np.ndarray, findings: Findings) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Node, held pressure and fed flow of each source. Where none holds a pressure the largest one does: a network needs one that gives way."""
    node = places(source.texts("junction_id"), junction)
    _report(findings, "dangling", "error", "gas.source", source.id, node < 0, "stands at a junction that does not exist; it feeds nothing", "Correct junction_id", "junction_id")
    control = source.texts("control").to_numpy(zero_copy_only=False).astype(str)
    stated = source.numbers("pressure")
    feeds = (control == "m") | (~np.isfinite(stated) & np.isfinite(source.numbers("mass_flow")))
    fallback = np.where(np.isfinite(nominal[np.maximum(node, 0)]), nominal[np.maximum(node, 0)], float(city.settings["gas.default_pressure"])) if len(source) else stated
    limits = 0.4 * source.numbers("min_pressure") + 0.6 * source.numbers("max_pressure")
    pressure = np.where(np.isfinite(stated), stated, np.where(np.isfinite(limits), limits, fallback))
    flow = np.nan_to_num(source.numbers("mass_flow")) * source.numbers("scaling", 1.0)
    works = source.works() & (node >= 0)
    if works.any() and (feeds | ~works).all():
        first = int(np.flatnonzero(works)[np.argmax(flow[works])])
        feeds[first] = False
        mask = np.arange(len(source)) == first
        _report(findings, "reference_pressure", "info", "gas.source", source.id, mask,
                f"no source holds a pressure; this one was taken to hold {pressure[first] / 1e5:.3f} bar and to give what the others do not", "Give the pressure of a source")
    assumed = works & ~feeds & ~np.isfinite(stated)
    _report(findings, "assumed_pressure", "warning", "gas.source", source.id, assumed, "has no pressure; one between its limits or the nominal one was taken",
            "Give the pressure", "pressure")
    held = np.where(works & ~feeds, pressure + ambient[np.maximum(node, 0)] if len(source) else pressure, np.nan)
    return node, held, np.where(works & feeds, flow, 0.0)


def _sinks(city: Any, sink: Columns, junction: pa.Array, nominal: np.ndarray, ambient: np.ndarray, findings: Findings) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Node and demand of each sink, and (node,) absolute pressure at which consumers are served in full."""
    node = places(sink.texts("junction_id"), junction)
    _report(findings, "dangling", "error", "gas.sink", sink.id, node < 0, "hangs on a junction that does not exist; it gets nothing", "Correct junction_id", "junction_id")
    demand = np.where(sink.works(), np.maximum(np.nan_to_num(sink.numbers("mass_flow")) * sink.numbers("scaling", 1.0), 0.0), 0.0)
    share = float(city.settings["gas.wanted_share"])
    wanted = ambient + share * np.nan_to_num(nominal)
    least = sink.numbers("min_pressure")
    stated = (node >= 0) & np.isfinite(least)
    own = _highest(node[stated], least[stated] + ambient[node[stated]], len(ambient))
    return node, demand, np.where(np.isfinite(own), own, wanted)


def _highest(node: np.ndarray, value: np.ndarray, nodes: int) -> np.ndarray:
    """(node,) highest value at each node, NaN where there is none."""
    result = np.full(nodes, -np.inf)
    known = np.isfinite(value)
    np.maximum.at(result, node[known], value[known])
    return np.where(np.isfinite(result), result, np.nan)
