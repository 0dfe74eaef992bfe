"""pandapipes JSON with water and heat consumers -> heat kinds."""

from __future__ import annotations

from collections.abc import Iterator
from functools import partial
from pathlib import Path

import numpy as np
import pyarrow as pa

from holdfast.io.net_places import point_wkb
from holdfast.io.net_tables import Reading, Rules, facts, fluid, records
from holdfast.io.pandapower_json import carries, read_net, texts
from holdfast.model.delivery import Batch, Delivery, Format, ReadRequest
from holdfast.model.errors import Invalid
from holdfast.model.finding import Findings
from holdfast.model.spec import Kind

from . import domain as d

CLASS = "pandapipesNet"
BAR, KILO, MILLI = 1e5, 1e3, 1e-3
HEAT_TABLES = ("heat_consumer", "heat_exchanger", "circ_pump_pressure", "circ_pump_mass")

_BOTH: Rules = {"in_service": "in_service", "diameter_m": "diameter", "inner_diameter_mm": ("diameter", MILLI), "loss_coefficient": "loss_coefficient"}
JUNCTION: Rules = {"pn_bar": ("nominal_pressure", BAR), "tfluid_k": "temperature", "height_m": "elevation", "in_service": "in_service", "type": "junction_type"}
PIPE: Rules = {
    **_BOTH, "std_type": "pipe_type", "length_km": ("length", KILO), "k_mm": ("roughness", MILLI), "alpha_w_per_m2k": "heat_transfer", "u_w_per_m2k": "heat_transfer",
    "text_k": "ambient_temperature", "qext_w": "external_heat", "sections": "sections", "outer_diameter_mm": ("outer_diameter", MILLI),
}
CONSUMER: Rules = {**_BOTH, "qext_w": "heat_demand", "controlled_mdot_kg_per_s": "mass_flow", "deltat_k": "temperature_drop", "treturn_k": "return_temperature"}
PUMP: Rules = {
    "in_service": "in_service", "p_flow_bar": ("supply_pressure", BAR), "plift_bar": ("lift", BAR), "t_flow_k": "supply_temperature", "mdot_flow_kg_per_s": "mass_flow",
    "type": "control", "std_type": "pump_type",
}
VALVE: Rules = {**_BOTH, "opened": "opened", "type": "valve_type", "controlled_p_bar": ("outlet_pressure", BAR), "controlled_mdot_kg_per_s": "mass_flow"}
PLANT: Rules = {"p_bar": ("pressure", BAR), "t_k": "supply_temperature", "type": "control", "in_service": "in_service"}
FLOW: Rules = {"mdot_kg_per_s": "mass_flow", "scaling": "scaling", "in_service": "in_service"}

EDGES: tuple[tuple[str, Kind, Rules], ...] = (
    ("heat_consumer", d.CONSUMER, CONSUMER), ("heat_exchanger", d.CONSUMER, CONSUMER), ("circ_pump_pressure", d.PUMP, PUMP), ("circ_pump_mass", d.PUMP, PUMP),
    ("pump", d.PUMP, {**PUMP, "type": "control"}), ("press_control", d.VALVE, VALVE), ("flow_control", d.VALVE, VALVE),
)
NODES: tuple[tuple[str, Kind, Rules], ...] = (("ext_grid", d.PLANT, PLANT), ("sink", d.SINK, FLOW), ("source", d.SINK, FLOW))
KINDS = {"junction": "heat.junction", "pipe": "heat.pipe", "valve": "heat.valve"} | {table: kind.name for table, kind, _ in (*EDGES, *NODES)}
PREFIXED = ("heat_exchanger", "circ_pump_mass", "pump", "press_control", "flow_control", "source", "substation")


def read(path: Path, request: ReadRequest) -> Delivery:
    """Read a pandapipes net that carries hot water.

    raises    NotFound, Invalid if the file is no whole pandapipes net, carries a gas, or serves no heat
    """
    net = read_net(path, CLASS)
    name, is_gas = fluid(net)
    if is_gas:
        raise Invalid(f"The net carries {name or 'a gas'}, not hot water", file=str(path), field="fluid", fix="Import it as pandapipes-gas")
    if not len(net.table("junction")):
        raise Invalid("The net has no junctions", file=str(path), field="junction", fix="Save the net with its junction table")
    if not any(len(net.table(table)) for table in HEAT_TABLES):
        raise Invalid("The net has no heat consumer, heat exchanger or circulation pump, so it is no heat network", file=str(path),
                      fix="A drinking-water net is imported from an EPANET .inp file")
    reading = Reading(net, "junction", Findings())
    reading.prepare(KINDS, PREFIXED)
    crs = reading.place("pipe", ("from_junction", "to_junction"), net.table("pipe").numbers("length_km") * KILO, request.crs, "heat.junction")
    wanted = (b for b in _batches(reading) if b.table.num_rows and (request.only is None or b.kind in request.only))
    return Delivery("pandapipes-heat", wanted, crs, findings=reading.findings, facts=facts(net, reading.places) | {"fluid": name})


def _batches(reading: Reading) -> Iterator[Batch]:
    circuit = _circuits(reading)
    frame = reading.frame
    columns = reading.columns(frame, d.JUNCTION, JUNCTION)
    columns |= {"geometry": reading.points(np.arange(len(frame))), "circuit": pa.array(circuit.tolist(), pa.string())}
    yield reading.batch(d.JUNCTION, "junction", frame, columns)
    makers = [("pipe", partial(_pipes, circuit=circuit)), ("valve", partial(_valves, circuit=circuit))]
    makers += [(table, partial(_edges, table=table, kind=kind, rules=rules)) for table, kind, rules in EDGES]
    makers += [(table, partial(_nodes, table=table, kind=kind, rules=rules)) for table, kind, rules in NODES]
    for table, make in makers:
        if len(reading.net.table(table)):
            yield make(reading)
    yield _plants(reading)
    whole = ("fluid", "std_type", "std_types", "component_list")
    yield Batch("heat.record", records(reading.net, "heat.record", {*KINDS, "junction_geodata", "pipe_geodata"}, whole))


def _pump_ends(reading: Reading, table: str) -> tuple[str, str]:
    return ("return_junction", "flow_junction") if "flow_junction" in reading.net.table(table).data else ("from_junction", "to_junction")


def _circuits(reading: Reading) -> np.ndarray:
    """(junction,) "supply", "return" or None: what pipes and valves connect to either side of the circulation pumps."""
    from scipy.sparse import coo_array
    from scipy.sparse.csgraph import connected_components

    net, count = reading.net, len(reading.frame)
    pairs = [[reading.rows_at(net.table(table).labels(column)) for column in ("from_junction", "to_junction")] for table in ("pipe", "valve", "pump", "press_control")]
    start, end = (np.concatenate([pair[i] for pair in pairs]) for i in (0, 1))
    known = (start >= 0) & (end >= 0)
    _, label = connected_components(coo_array((np.ones(known.sum()), (start[known], end[known])), shape=(count, count)), directed=False)
    result = np.full(count, None, dtype=object)
    for table in ("circ_pump_pressure", "circ_pump_mass"):
        for column, name in zip(_pump_ends(reading, table), ("return", "supply"), strict=True):
            rows = reading.rows_at(net.table(table).labels(column))
            result[np.isin(label, label[rows[rows >= 0]])] = name
    return result


def _pipes(reading: Reading, circuit: np.ndarray) -> Batch:
    frame, (start, end) = reading.attached("pipe", "heat.pipe", "from_junction", "to_junction")
    columns = reading.columns(frame, d.PIPE, PIPE, "from_junction", "to_junction")
    columns |= {
        "from_id": reading.node_ids(start), "to_id": reading.node_ids(end), "geometry": reading.lines("pipe", frame, start, end),
        "circuit": pa.array(circuit[start].tolist(), pa.string()), "category": pa.array(["RS01"] * len(frame), pa.string()),
    }
    return reading.batch(d.PIPE, "pipe", frame, columns)


def _valves(reading: Reading, circuit: np.ndarray) -> Batch:
    frame, start, target = reading.valves("valve", "heat.valve", "pipe")
    columns = reading.columns(frame, d.VALVE, VALVE, "from_junction", "to_junction", "junction", "element")
    columns |= {"from_id": reading.node_ids(start), "to_id": target, "geometry": reading.points(start), "circuit": pa.array(circuit[start].tolist(), pa.string())}
    return reading.batch(d.VALVE, "valve", frame, columns)


def _edges(reading: Reading, table: str, kind: Kind, rules: Rules) -> Batch:
    ends = _pump_ends(reading, table)
    frame, (start, end) = reading.attached(table, kind.name, *ends)
    columns = reading.columns(frame, kind, rules, *ends, "controlled_junction")
    columns |= {"from_id": reading.node_ids(start), "to_id": reading.node_ids(end), "geometry": reading.points(start)}
    nameless = "name" not in columns or columns["name"].null_count == len(frame)
    if kind is d.CONSUMER and nameless and len(reading.net.table("substation")):
        columns["name"] = _station_names(reading, start)
    return reading.batch(kind, table, frame, columns)


def _station_names(reading: Reading, rows: np.ndarray) -> pa.Array:
    """Names of the stations that the junctions at these rows belong to."""
    stations = reading.net.table("substation")
    names = dict(zip(stations.index, texts(stations, "name"), strict=True))
    return pa.array([names.get(label) for label in reading.frame.labels("substation")[rows].tolist()], pa.string())


def _nodes(reading: Reading, table: str, kind: Kind, rules: Rules) -> Batch:
    frame, (at,) = reading.attached(table, kind.name, "junction")
    columns = reading.columns(frame, kind, rules, "junction")
    columns |= {"junction_id": reading.node_ids(at), "geometry": reading.points(at)}
    if table == "source":
        columns["mass_flow"] = pa.array(-frame.numbers("mdot_kg_per_s"), from_pandas=True)
    return reading.batch(kind, table, frame, columns)


def _plants(reading: Reading) -> Batch:
    """Stations that generate heat, joined to the circulation pump of the same station."""
    stations = reading.net.table("substation")
    frame = stations.take(np.array([kind == "heat_generator" for kind in stations.cells("type")], dtype=bool))
    station = reading.frame.labels("substation")
    supply: list[int] = []
    back: list[int] = []
    for label in frame.index:
        here = [-1, -1]
        for table in ("circ_pump_pressure", "circ_pump_mass"):
            ends = [reading.rows_at(reading.net.table(table).labels(column)) for column in _pump_ends(reading, table)]
            for a, b in zip(*ends, strict=True):
                if len(frame) == 1 or label in (station[a], station[b]):
                    here = [int(b), int(a)]
        supply.append(here[0])
        back.append(here[1])
    reading.ids["substation"] = {label: f"heat.plant:{name or label}" for label, name in zip(frame.index, texts(frame, "name"), strict=True)}
    rows = np.array(supply, dtype=np.int64)
    ids = reading.ids["junction"]
    columns = reading.columns(frame, d.PLANT, {}, "type")
    columns |= {
        "geometry": point_wkb(*reading.xy(rows)),
        "junction_id": pa.array([ids[reading.frame.index[i]] if i >= 0 else None for i in supply], pa.string()),
        "return_junction_id": pa.array([ids[reading.frame.index[i]] if i >= 0 else None for i in back], pa.string()),
    }
    return reading.batch(d.PLANT, "substation", frame, columns)


def _sniff(path: Path, head: bytes) -> float:
    return carries(head, gas=False)


FORMATS = (Format("pandapipes-heat", "pandapipes heat net", "pandapipes 供热管网", (".json",), _sniff, read),)
