"""A city's water network as one hydraulic model in SI, ready for the batched solver and for EPANET."""

from __future__ import annotations

from typing import Any

import numpy as np
import pyarrow as pa

from holdfast.engines.network.hydraulic.model import HydraulicModel, LinkType, NodeType
from holdfast.model.errors import Invalid
from holdfast.model.finding import Findings

from . import hydraulic_options as option_records
from .hydraulic_controls import Names, statements
from .hydraulic_elements import links, nodes
from .hydraulic_records import demand_categories, records
from .hydraulic_tables import WaterTables, names

_COEFFICIENTS = (("H-W", "hazen_williams_c"), ("D-W", "roughness"), ("C-M", "manning_n"))
_CONTROLLING = (LinkType.PRV, LinkType.PSV, LinkType.FCV)


def hydraulic_model(city: Any, *, findings: Findings | None = None) -> HydraulicModel:
    """The water network of a city.

    A network that came from an EPANET file gives EPANET's numbers. Others get the defaults that `settings` declares.
    city      anything with `table(kind)`
    findings  gets what is wrong and what was assumed
    raises    Invalid if the city has no water nodes
    """
    tables = WaterTables(city, Findings() if findings is None else findings)
    stated = option_records.rows(tables)
    counts = {formula: int(np.isfinite(tables.numbers("water.pipe", field)).sum()) for formula, field in _COEFFICIENTS}
    options = option_records.options(tables, counts)
    made = records(tables, stated.get("OPTIONS", {}).get("PATTERN", "1"))
    node_arrays = nodes(tables, made)
    if len(node_arrays["node_id"]) == 0:
        raise Invalid("the city has no water network", fix="Import one first, e.g. an EPANET file")
    link_arrays = links(tables, made, node_arrays["node_id"], options.headloss)
    demand_node, demand_base, demand_pattern = demand_categories(tables, made)
    named = Names(_index(node_arrays["node_id"]), _index(link_arrays["link_id"]), link_arrays["link_type"].tolist())
    controls, rules = statements(tables, named)
    model = HydraulicModel(
        **node_arrays, **link_arrays, demand_node=demand_node, demand_base=demand_base, demand_pattern=demand_pattern, patterns=tuple(made.patterns),
        pattern_id=tuple(names(made.pattern_id)), curves=tuple(made.curves), curve_id=tuple(names(made.curve_id)), controls=controls, rules=rules, options=options,
    )  # fmt: skip
    check(model, tables.findings)
    if any(section == "LEAKAGE" for section in tables.texts("water.option", "section")):
        tables.findings.add("hydraulics.leakage", "warning", "leakage by pipe area is kept as text and not simulated", fix="Give emitters at junctions", kind="water.option")
    return model


def check(model: HydraulicModel, findings: Findings) -> None:
    """Report networks without a source, nodes that no source reaches, and valves where no engine can take them."""
    fixed = model.node_type != NodeType.JUNCTION
    if not fixed.any():
        findings.add("hydraulics.no_source", "error", "the network has no reservoir and no tank; nothing is delivered", fix="Add a source", kind="water.reservoir")
    reached = reachable(model, np.ones(model.links, bool))
    alone = ~reached & ~fixed
    if fixed.any() and alone.any():
        findings.add_rows("hydraulics.island", "warning", "no source reaches the node", kind="water.junction", ids=model.node_id.filter(pa.array(alone)).to_pylist(),
                          fix="Join it to the network", x=model.node_xy[alone, 0], y=model.node_xy[alone, 1])  # fmt: skip
    at_source = np.isin(model.link_type, _CONTROLLING) & (fixed[model.link_from] | fixed[model.link_to])
    if at_source.any():
        findings.add_rows("hydraulics.valve_at_source", "warning", "a pressure or flow valve sits directly at a reservoir or tank, where EPANET refuses it",
                          kind="water.valve", ids=model.link_id.filter(pa.array(at_source)).to_pylist(), fix="Put a short pipe between them")  # fmt: skip


def reachable(model: HydraulicModel, usable: np.ndarray) -> np.ndarray:
    """(node,) whether a reservoir or tank is connected through `usable` (link,) links, ignoring direction and status."""
    from scipy.sparse import coo_array
    from scipy.sparse.csgraph import connected_components

    ends = (model.link_from[usable], model.link_to[usable])
    graph = coo_array((np.ones(len(ends[0]), np.int8), ends), shape=(model.nodes, model.nodes)).tocsr()
    count, label = connected_components(graph, directed=False)
    fed = np.zeros(count, bool)
    fed[label[model.node_type != NodeType.JUNCTION]] = True
    return fed[label]


def _index(ids: pa.Array) -> dict[str, int]:
    """Name in the file -> position; where kinds share a name the first one has it, as in the writer."""
    out: dict[str, int] = {}
    for at, name in enumerate(names(ids)):
        out.setdefault(name, at)
    return out
