"""Simulate an outage: take components out and see who loses power, what is overloaded, and what can be fed from another side."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated, Any

from holdfast.model.city import City
from holdfast.model.delivery import Answer, Plot
from holdfast.model.spec import Param

if TYPE_CHECKING:
    import numpy as np
    import pyarrow as pa

    from holdfast.engines.network.power.model import Flow

    from .study import Study


COMPONENTS = (
    "power.line", "power.transformer", "power.switch", "power.bus", "power.substation", "power.external_grid", "power.generator", "power.battery", "power.load",
)  # fmt: skip
_CONNECTIVITY = "holdfast connectivity (no bus is live, so there is no flow to solve)"


def simulate_outage(
    city: City,
    components: Annotated[list[str], Param("components out of service", "停运设备", assets=COMPONENTS)],
    backfeed: Annotated[bool, Param("close normally-open switches to feed from another side", "合联络开关转供")] = True,
    islands: Annotated[bool, Param("let parts run on their own generation", "允许孤网运行")] = True,
) -> Answer:
    """Take components or whole substations out: loads and people without power, voltages, overloads, and hours on own sources.

    components  ids of lines, transformers, switches, buses, external grids, generators, substations ...
    backfeed    close switches that are open today, one for each dead part, those with most capacity first
    islands     parts without an external grid run on their own firm generation where it carries their load
    returns     tables `without_power` (load), `voltages` (buses out of limits), `overloads`, `switching` (what was closed), `own_sources`;
                the summary names the engine of the flow, or says that nothing was live and connectivity alone answers (`flow` none);
                status "diverged" when the flow has no solution
    raises      NotFound without a power network, Invalid for an id that is none
    source      islanding on the graph, then power flow, see `holdfast.engines.network.power`
    """
    import numpy as np

    from holdfast.engines.network.power.backfeed import close_ties
    from holdfast.engines.network.power.parts import island

    from .study import Study

    study = Study(city)
    out = study.components(list(components), "components")
    available = study.without(out)
    before = study.grid.cases(available)
    cases, closed = before, np.zeros((1, len(study.ties)), bool)
    if backfeed:
        cases, closed = close_ties(study.grid.model, cases, study.ties.end, study.ties.ready(available), study.ties.spare)
    feed = np.zeros((1, study.grid.model.nodes), np.int8)
    if islands:
        cases, parts = island(study.grid.model, cases)
        feed = parts.feed
    first, flow = study.solver.solve(before), study.solver.solve(cases)
    level, first_level = study.level(available, flow), study.level(available, first)
    lost, at_once = study.lost(level), study.lost(first_level)
    dark = _dark(study, level, available)
    tables = {"without_power": dark, "voltages": _voltages(study, flow), "overloads": _overloads(study, flow),
              "switching": _switching(study, closed[0]), "own_sources": _own(dark)}
    summary = _summary(study, components, lost, at_once, flow, closed, feed, tables)
    plots = (Plot("Loads without power", "失电负荷", "without_power", "x", ("y",), kind="map", colour="power", x_label="x [m]", y_label="y [m]"),)
    return Answer(summary, tables, study.grid.findings, status="done" if flow.status[0] == 0 else "diverged", plots=plots)


def _summary(study: Study, components: list[str], lost: dict[str, np.ndarray], at_once: dict[str, np.ndarray], flow: Flow, closed: np.ndarray,
             feed: np.ndarray, tables: dict[str, pa.Table]) -> dict[str, Any]:
    import numpy as np

    from holdfast.engines.network.power.model import ENGINES
    from holdfast.model.lifeline import CaseStatus

    live = flow.magnitude[0][flow.live[0]]
    status = CaseStatus(int(flow.status[0]))
    dark, solved = status == CaseStatus.SOLVED and not len(live), status == CaseStatus.SOLVED and len(live) > 0
    return {
        "out": list(components), "engine": _CONNECTIVITY if dark else ENGINES[flow.engine[0]], "flow": "none" if dark else status.name.lower(),
        "people_basis": study.consumers.basis, "people_without_power": round(float(lost["people"][0])), "people_at_once": round(float(at_once["people"][0])),
        "critical_without_power": int(lost["critical"][0]), "critical_at_once": int(at_once["critical"][0]), "loads_without_power": int(lost["loads"][0]),
        "loads_at_once": int(at_once["loads"][0]), "power_not_supplied_w": round(float(lost["power"][0]), 1),
        "lowest_voltage_pu": round(float(np.nanmin(live)), 5) if solved else None, "losses_w": round(float(flow.loss[0]), 1) if solved else None,
        "overloaded": tables["overloads"].num_rows, "buses_out_of_limits": tables["voltages"].num_rows, "switches_closed": int(closed.sum()),
        "buses_on_islands": int((feed == 2).sum()),
    }


def _dark(study: Study, level: np.ndarray, available: np.ndarray) -> pa.Table:
    import numpy as np
    import pyarrow as pa

    from holdfast.engines.network.power.holdup import hold_up
    from holdfast.model.network import xyz

    table = study.city.table("power.load", columns=["id", "name", "load_class", "customers", "geometry"])
    units, component = study.units
    power = study.loads.power.real
    own = hold_up(power, units.take(available[0, component]))
    rows = np.flatnonzero(level[0, : study.outlets.loads] < 0.5)
    place = xyz(table["geometry"])[rows]
    picked = table.select(["id", "name", "load_class", "customers"]).take(pa.array(rows))
    columns = {"power": power[rows], "own_hours": own.hours[rows], "own_share": own.share[rows], "gap_s": own.gap[rows] * 3600.0, "x": place[:, 0], "y": place[:, 1]}
    for name, values in columns.items():
        picked = picked.append_column(name, pa.array(np.asarray(values, np.float64)))
    return picked


def _own(dark: pa.Table) -> pa.Table:
    """Loads without supply that own sources carry, longest first."""
    import pyarrow.compute as pc

    held = dark.filter(pc.greater(dark["own_hours"], 0.0)).select(["id", "load_class", "power", "own_share", "own_hours", "gap_s"])
    return held.sort_by([("own_hours", "descending")])


def _voltages(study: Study, flow: Flow) -> pa.Table:
    import numpy as np
    import pyarrow as pa

    from .study import LOW_VOLTAGE

    m, buses = study.grid.model, study.grid.span("bus").stop
    v = flow.magnitude[0, :buses]
    low = np.where(np.isfinite(m.node_low[:buses]), m.node_low[:buses], LOW_VOLTAGE)
    high = np.where(np.isfinite(m.node_high[:buses]), m.node_high[:buses], 1.10)
    before = study.base.magnitude[0, :buses]
    rows = np.flatnonzero((v < low - 1e-9) | (v > high + 1e-9))
    rows = rows[np.argsort(v[rows], kind="stable")]
    columns = {"voltage_pu": v[rows], "before_pu": before[rows], "low_pu": low[rows], "high_pu": high[rows]}
    return pa.table({"id": study.grid.component_id.take(pa.array(rows)), **{name: pa.array(values) for name, values in columns.items()}})


def _overloads(study: Study, flow: Flow) -> pa.Table:
    import numpy as np
    import pyarrow as pa

    m = study.grid.model
    after, before = (np.nan_to_num(f.loading(m)[0]) for f in (flow, study.base))
    rows = np.flatnonzero(after > 1.0 + 1e-9)
    rows = rows[np.argsort(-after[rows], kind="stable")]
    power = np.maximum(np.abs(flow.s_from[0]), np.abs(flow.s_to[0]))
    return pa.table({"id": study.grid.component_id.take(pa.array(study.grid.branch_component[rows])), "loading": pa.array(after[rows]), "before": pa.array(before[rows]),
                     "power_va": pa.array(power[rows])})


def _switching(study: Study, closed: np.ndarray) -> pa.Table:
    import numpy as np
    import pyarrow as pa

    ends, component = study.ties.end[closed], study.ties.component[closed]
    branch = study.grid.branch_component[ends % max(study.grid.model.branches, 1)]
    names = study.grid.component_id
    return pa.table({"switch": names.take(pa.array(component)), "of": names.take(pa.array(branch)), "action": pa.array(np.full(len(component), "close"), pa.string())})
