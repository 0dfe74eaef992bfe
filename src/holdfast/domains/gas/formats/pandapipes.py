"""pandapipes JSON with a gas -> gas kinds."""

from __future__ import annotations

import re
from collections.abc import Iterator
from functools import partial
from pathlib import Path

import numpy as np
import pyarrow as pa

from holdfast.io.net_tables import Reading, Rules, facts, fluid, records
from holdfast.io.pandapower_json import carries, read_net, texts
from holdfast.model.delivery import Batch, Delivery, Format, ReadRequest
from holdfast.model.errors import Invalid
from holdfast.model.finding import Findings
from holdfast.model.spec import Kind

from .. import domain as d

CLASS = "pandapipesNet"
BAR, KILO, MILLI = 1e5, 1e3, 1e-3

_BOTH: Rules = {"in_service": "in_service", "diameter_m": "diameter", "inner_diameter_mm": ("diameter", MILLI), "loss_coefficient": "loss_coefficient"}
JUNCTION: Rules = {"pn_bar": ("nominal_pressure", BAR), "tfluid_k": "temperature", "height_m": "elevation", "in_service": "in_service", "type": "junction_type"}
PIPE: Rules = {
    **_BOTH, "std_type": "pipe_type", "length_km": ("length", KILO), "k_mm": ("roughness", MILLI), "alpha_w_per_m2k": "heat_transfer", "u_w_per_m2k": "heat_transfer",
    "text_k": "ambient_temperature", "qext_w": "external_heat", "sections": "sections", "outer_diameter_mm": ("outer_diameter", MILLI),
}
SOURCE: Rules = {"p_bar": ("pressure", BAR), "t_k": "temperature", "type": "control", "in_service": "in_service"}
FEED: Rules = {"mdot_kg_per_s": "mass_flow", "scaling": "scaling", "in_service": "in_service"}
SINK: Rules = {**FEED, "type": "sink_type", "profile_id": "profile", "demand_m3_per_a": "annual_volume"}
VALVE: Rules = {**_BOTH, "opened": "opened"}
REGULATOR: Rules = {**_BOTH, "controlled_p_bar": ("outlet_pressure", BAR), "control_active": "active", "controlled_mdot_kg_per_s": "max_flow"}
COMPRESSOR: Rules = {**_BOTH, "pressure_ratio": "pressure_ratio"}

NODES: tuple[tuple[str, Kind, Rules], ...] = (("ext_grid", d.SOURCE, SOURCE), ("source", d.SOURCE, FEED), ("sink", d.SINK, SINK))
EDGES: tuple[tuple[str, Kind, Rules], ...] = (
    ("compressor", d.COMPRESSOR, COMPRESSOR), ("pump", d.COMPRESSOR, COMPRESSOR), ("press_control", d.REGULATOR, REGULATOR), ("flow_control", d.REGULATOR, REGULATOR),
)
KINDS = {"junction": "gas.junction", "pipe": "gas.pipe", "valve": "gas.valve"} | {table: kind.name for table, kind, _ in (*NODES, *EDGES)}
PREFIXED = ("source", "pump", "flow_control")
CLASSES = ((0.01, "LP"), (0.2, "MP-B"), (0.4, "MP-A"), (0.8, "SHP-B"), (1.6, "SHP-A"), (np.inf, "HP"))  # upper bound [MPa], GB 50289-2016


def pressure_class(pressure: np.ndarray) -> pa.Array:
    """Class by nominal gauge pressure [Pa], null where unknown; low pressure is below its bound, the others up to it."""
    mega = pressure / 1e6
    edges = np.array([bound for bound, _ in CLASSES[1:]])
    index = np.where(mega < CLASSES[0][0], 0, 1 + np.searchsorted(edges, mega, side="left"))
    return pa.array([None if np.isnan(p) else CLASSES[i][1] for p, i in zip(mega, index, strict=True)], pa.string())


def read(path: Path, request: ReadRequest) -> Delivery:
    """Read a pandapipes net that carries a gas.

    raises    NotFound, Invalid if the file is no whole pandapipes net, carries a liquid, or has no junctions
    """
    net = read_net(path, CLASS)
    name, is_gas = fluid(net)
    if is_gas is False:
        raise Invalid(f"The net carries {name or 'a liquid'}, not a gas", file=str(path), field="fluid", fix="Import it as pandapipes-heat")
    if not len(net.table("junction")):
        raise Invalid("The net has no junctions", file=str(path), field="junction", fix="Save the net with its junction table")
    reading = Reading(net, "junction", Findings())
    reading.prepare(KINDS, PREFIXED)
    crs = reading.place("pipe", ("from_junction", "to_junction"), net.table("pipe").numbers("length_km") * KILO, request.crs, "gas.junction")
    wanted = (b for b in _batches(reading, name) if b.table.num_rows and (request.only is None or b.kind in request.only))
    return Delivery("pandapipes-gas", wanted, crs, findings=reading.findings, facts=facts(net, reading.places) | {"fluid": name})


def _batches(reading: Reading, gas: str) -> Iterator[Batch]:
    frame = reading.frame
    columns = reading.columns(frame, d.JUNCTION, JUNCTION)
    columns |= {"geometry": reading.points(np.arange(len(frame))), "pressure_class": pressure_class(frame.numbers("pn_bar") * BAR)}
    yield reading.batch(d.JUNCTION, "junction", frame, columns)
    makers = [("pipe", partial(_pipes, gas=gas)), ("valve", _valves)]
    makers += [(table, partial(_edges, table=table, kind=kind, rules=rules)) for table, kind, rules in EDGES]
    makers += [(table, partial(_nodes, table=table, kind=kind, rules=rules, gas=gas)) for table, kind, rules in NODES]
    for table, make in makers:
        if len(reading.net.table(table)):
            yield make(reading)
    whole = ("fluid", "std_type", "std_types", "component_list")
    yield Batch("gas.record", records(reading.net, "gas.record", {*KINDS, "junction_geodata", "pipe_geodata"}, whole))


def _category(gas: str) -> str | None:
    return "YH02" if re.search("propan|butan|lpg", gas) else "TR03" if re.search("gas|methan", gas) else None


def _pipes(reading: Reading, gas: str) -> Batch:
    frame, (start, end) = reading.attached("pipe", "gas.pipe", "from_junction", "to_junction")
    columns = reading.columns(frame, d.PIPE, PIPE, "from_junction", "to_junction")
    made = [f"{a or ''} {b or ''}" for a, b in zip(texts(frame, "std_type"), texts(frame, "stanet_std_type"), strict=True)]
    columns |= {
        "from_id": reading.node_ids(start), "to_id": reading.node_ids(end), "geometry": reading.lines("pipe", frame, start, end),
        "pressure_class": pressure_class(reading.frame.numbers("pn_bar")[start] * BAR), "category": pa.array([_category(gas)] * len(frame), pa.string()),
        "material": pa.array(["PE" if re.search(r"\bPE\b", text) else None for text in made], pa.string()),
    }
    return reading.batch(d.PIPE, "pipe", frame, columns)


def _valves(reading: Reading) -> Batch:
    frame, start, target = reading.valves("valve", "gas.valve", "pipe")
    columns = reading.columns(frame, d.VALVE, VALVE, "from_junction", "to_junction", "junction", "element")
    columns |= {"from_id": reading.node_ids(start), "to_id": target, "geometry": reading.points(start)}
    return reading.batch(d.VALVE, "valve", frame, columns)


def _edges(reading: Reading, table: str, kind: Kind, rules: Rules) -> Batch:
    frame, (start, end) = reading.attached(table, kind.name, "from_junction", "to_junction")
    columns = reading.columns(frame, kind, rules, "from_junction", "to_junction", "controlled_junction")
    columns |= {"from_id": reading.node_ids(start), "to_id": reading.node_ids(end), "geometry": reading.points(start)}
    if "controlled_junction" in frame.data:
        held = [reading.ids["junction"].get(label) for label in frame.labels("controlled_junction").tolist()]
        columns["controlled_junction_id"] = pa.array(held, pa.string())
    return reading.batch(kind, table, frame, columns)


def _nodes(reading: Reading, table: str, kind: Kind, rules: Rules, gas: str) -> Batch:
    frame, (at,) = reading.attached(table, kind.name, "junction")
    columns = reading.columns(frame, kind, rules, "junction")
    columns |= {"junction_id": reading.node_ids(at), "geometry": reading.points(at)}
    if kind is d.SOURCE:
        columns["fluid"] = pa.array([gas or None] * len(frame), pa.string())
        if table == "source":
            columns["control"] = pa.array(["m"] * len(frame), pa.string())
    return reading.batch(kind, table, frame, columns)


def _sniff(path: Path, head: bytes) -> float:
    return carries(head, gas=True)


FORMATS = (Format("pandapipes-gas", "pandapipes gas net", "pandapipes 燃气管网", (".json",), _sniff, read),)
