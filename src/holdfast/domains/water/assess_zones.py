"""Assess zones: the parts of the network between pumps, pressure valves and closed links, what feeds each, and its pressures."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated, Any

from holdfast.model.city import City
from holdfast.model.delivery import Answer, Plot
from holdfast.model.errors import Invalid
from holdfast.model.spec import Param

if TYPE_CHECKING:
    import numpy as np
    import pyarrow as pa

    from holdfast.engines.network.hydraulic.answers import Solution

    from .study import Study


def assess_zones(city: City, *, hour: Annotated[float, Param("hour of the day", "时刻")] = 8.0) -> Answer:
    """Divide the network at its pumps, at valves that hold a pressure or a flow, and at closed links, and solve it at one hour.

    returns   tables `zones` (largest first: nodes, junctions, length of pipes, demand, people, tanks and reservoirs in it, lowest, mean and highest
              pressure, points of use below the required pressure), `borders` (each pump, valve or closed link between two zones: from, to, flow, open),
              and `nodes` (id, zone, pressure); findings: zones without any source, and zones below the required pressure
    raises    Invalid without a network or for an hour that makes no sense
    source    pressure zones as parts between pressure-controlling elements; required pressure: setting water.required_pressure
    """
    import numpy as np

    from holdfast.engines.network.hydraulic.answers import Cases
    from holdfast.engines.network.topology import Graph, zones

    from .settings import chosen
    from .solving import demand_driven, engine_for
    from .study import Study, node_table

    if not 0 <= hour <= 8784:
        raise Invalid(f"{hour:g} is no hour of the simulation", fix="Give 0 to 8784", field="hour")
    study = Study(city)
    model = study.model
    border = borders(study)
    zone, of_link = zones(Graph.of(model.nodes, model.link_from, model.link_to), border)
    engine = engine_for(demand_driven(model))
    found = engine.snapshot(Cases(1), hour)
    pressure = np.where(study.junction & found.solved[0], found.head[0] - model.elevation, np.nan)
    required = float(chosen(city, "required_pressure"))
    table = _zones(study, zone, of_link, pressure, required)
    between = _borders(study, border, zone, found)
    lowest = {row["zone"]: row for row in table.to_pylist()}
    fed = {row["to_zone"] for row in between.to_pylist() if row["open"]} | {row["from_zone"] for row in between.to_pylist() if row["open"]}
    dry = [number for number, row in lowest.items() if not row["sources"] and number not in fed and row["demand_m3s"] > 0]
    low = [number for number, row in lowest.items() if row["points_below_required"] and number not in dry]
    ids = model.node_id.to_pylist()
    first = {int(z): ids[int(at)] for at, z in reversed(list(enumerate(zone.tolist())))}
    study.findings.add_rows("water.zone_without_source", "error", "nothing feeds the zone", kind="water.junction", ids=[first[n] for n in dry],
                            values=[f"zone {n}" for n in dry], fix="Open a link to it, or import its source")  # fmt: skip
    study.findings.add_rows("water.zone_pressure", "warning", f"points of use lie below {required:g} m", kind="water.junction", ids=[first[n] for n in low],
                            values=[f"zone {n}: {lowest[n]['points_below_required']} points" for n in low], fix="See table zones")  # fmt: skip
    pipes = np.asarray(table["pipe_length_m"])
    summary: dict[str, Any] = {
        "engine": found.engine, "hour": hour, "zones": table.num_rows, "borders": between.num_rows, "zones_without_source": len(dry), "zones_below_required": len(low),
        "required_pressure_m": required, "largest_share_of_pipes": round(float(pipes[0] / max(pipes.sum(), 1e-9)), 4), "findings": study.findings.counts(),
    }  # fmt: skip
    nodes = node_table(study, np.arange(model.nodes), zone=zone.astype(np.int64), pressure_m=pressure)
    return Answer(summary, {"zones": table, "borders": between, "nodes": nodes}, study.findings, status="done" if found.status[0] == 0 else "diverged", plots=(
        Plot("Pressure zones", "压力分区", "nodes", "x", ("y",), kind="map", colour="zone"),
        Plot("Pressure by zone", "各分区压力", "zones", "zone", ("lowest_pressure_m", "mean_pressure_m", "highest_pressure_m"), kind="bar", x_label="zone", y_label="m")))


def borders(study: Study) -> np.ndarray:
    """(link,) bool: pumps, valves that hold a pressure or a flow, and links that are closed at the start."""
    import numpy as np

    from holdfast.engines.network.hydraulic.model import LinkType, Status

    model = study.model
    holds = np.isin(model.link_type, (LinkType.PRV, LinkType.PSV, LinkType.PBV, LinkType.FCV))
    return (model.link_type == LinkType.PUMP) | holds | (model.initial_status == Status.CLOSED)


def _zones(study: Study, zone: np.ndarray, of_link: np.ndarray, pressure: np.ndarray, required: float) -> pa.Table:
    import numpy as np
    import pyarrow as pa

    from holdfast.engines.network.hydraulic.model import LinkType

    from .study import nullable

    model, count = study.model, int(zone.max(initial=-1)) + 1
    pipe = (model.link_type <= LinkType.PIPE) & (of_link >= 0)
    demand, known = study.demand(), np.isfinite(pressure)
    low, high, total = np.full(count, np.inf), np.full(count, -np.inf), np.zeros(count)
    np.minimum.at(low, zone[known], pressure[known])
    np.maximum.at(high, zone[known], pressure[known])
    np.add.at(total, zone[known], pressure[known])
    heads = np.bincount(zone[known], minlength=count)

    def per(mask: np.ndarray, weight: np.ndarray | None = None) -> np.ndarray:
        return np.bincount(zone[mask], None if weight is None else weight[mask], minlength=count)

    use = study.junction & (demand > 0)
    return pa.table({
        "zone": np.arange(count), "nodes": per(np.ones(model.nodes, bool)), "junctions": per(study.junction), "sources": per(~study.junction),
        "pipe_length_m": np.bincount(of_link[pipe], model.length[pipe], minlength=count), "demand_m3s": per(study.junction, demand),
        "people": per(study.junction, study.people()), "lowest_pressure_m": nullable(np.where(heads > 0, low, np.nan)),
        "mean_pressure_m": nullable(np.where(heads > 0, total / np.maximum(heads, 1), np.nan)), "highest_pressure_m": nullable(np.where(heads > 0, high, np.nan)),
        "points_of_use": per(use), "points_below_required": per(use & ~(pressure >= required)),
    })  # fmt: skip


def _borders(study: Study, border: np.ndarray, zone: np.ndarray, found: Solution) -> pa.Table:
    import numpy as np
    import pyarrow as pa

    from holdfast.engines.network.hydraulic.model import LinkType

    from .study import link_table

    model, at = study.model, np.flatnonzero(border)
    names = pa.array([LinkType(kind).name.lower() for kind in model.link_type[at].tolist()], pa.string())
    return link_table(study, at, element=names, from_zone=zone[model.link_from[at]].astype(np.int64), to_zone=zone[model.link_to[at]].astype(np.int64),
                      flow_m3s=found.flow[0, at], open=pa.array(found.open[0, at]))  # fmt: skip
