"""Simulate a day: power flow hour by hour, by the loads' own profiles or a daily curve."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated

from holdfast.model.city import City
from holdfast.model.delivery import Answer, Plot
from holdfast.model.errors import Invalid
from holdfast.model.spec import Param

if TYPE_CHECKING:
    import numpy as np
    import pyarrow as pa

    from holdfast.engines.network.power.model import Flow

    from .study import Study


def simulate_day(
    city: City,
    hours: Annotated[float, Param("hours to simulate", "模拟小时数")] = 24.0,
    step: Annotated[float, Param("hours between two states", "时间步长(小时)")] = 1.0,
) -> Answer:
    """Solve the flow at every step of a day.

    hours     how long, at most a year;  step  between two states, at least a minute
    returns   tables `hours` (supply, demand, losses, lowest and highest voltage, highest loading), `buses` (lowest and highest voltage of each) and
              `branches` (highest loading of each); status "diverged" when any hour has no solution
    raises    NotFound without a power network, Invalid for hours or a step that make no sense
    source    profiles that came with the loads; else SimBench's mean day of an urban low-voltage grid, `daily_curve.CURVE_SOURCE`
    """
    from dataclasses import replace

    import numpy as np

    from holdfast.engines.network.power.model import ENGINES
    from holdfast.engines.network.power.solve import Solver

    from .daily_curve import CURVE_SOURCE, factors, split_power
    from .study import Study

    if not 1.0 / 60.0 <= step <= 24.0:
        raise Invalid(f"a step of {step} h makes no sense", fix="Give 1/60 to 24 hours", field="step")
    if not step <= hours <= 8784.0:
        raise Invalid(f"{hours} hours cannot be simulated", fix="Give at least one step, at most 8784 hours", field="hours")
    study = Study(city)
    grid = study.grid
    power, origin = split_power(grid)
    m = grid.model
    forming = np.full(len(m.forming_inject), -1)  # no unit forms an island here, so nothing may point at the split injections
    model = replace(m, inject_s=power, inject_node=m.inject_node[origin], inject_law=m.inject_law[origin], forming_inject=forming)
    clock = np.arange(0.0, hours - 1e-9, step)
    factor, profiled = factors(city, grid, clock)
    cases = grid.cases(grid.base(len(clock)))
    flow = Solver(model).solve(cases.with_factor(factor))
    tables = {"hours": _hours(study, flow, clock, power, factor, model.inject_node), "buses": _buses(study, flow), "branches": _branches(study, flow)}
    failed = int((flow.status != 0).sum())
    worst = tables["branches"]
    known = tables["hours"]["lowest_voltage_pu"].to_numpy(zero_copy_only=False).astype(float)
    used = sorted({ENGINES[code] for code in flow.engine.tolist()})
    summary = {
        "hours": hours, "states": len(clock), "unsolved": failed, "engine": ", ".join(used), "with_own_profile": profiled, "injections": len(m.inject_s),
        "curve": f"{CURVE_SOURCE.standard}, {CURVE_SOURCE.clause}" if profiled < len(m.inject_s) else "profiles of the loads",
        "energy_demand_j": float(np.nansum(tables["hours"]["demand"].to_numpy()) * step * 3600.0), "energy_lost_j": float(np.nansum(flow.loss) * step * 3600.0),
        "lowest_voltage_pu": round(float(np.nanmin(known)), 5) if np.isfinite(known).any() else None,
        "highest_loading": round(float(worst["loading"][0].as_py()), 5) if worst.num_rows else None, "findings": grid.findings.counts(),
    }
    plots = (Plot("Supply and demand", "供需", "hours", "hour", ("supply", "demand"), x_label="h", y_label="W"),
             Plot("Voltages", "电压", "hours", "hour", ("lowest_voltage_pu", "highest_voltage_pu"), x_label="h", y_label="pu"))
    return Answer(summary, tables, grid.findings, status="diverged" if failed else "done", plots=plots)


def _hours(study: Study, flow: Flow, clock: np.ndarray, power: np.ndarray, factor: np.ndarray, node: np.ndarray) -> pa.Table:
    import numpy as np
    import pyarrow as pa

    v = flow.magnitude
    bad = ~flow.live.any(axis=1) | (flow.status != 0)
    lowest, highest = (np.where(bad, np.nan, f(np.where(np.isnan(v), fill, v), axis=1)) for f, fill in ((np.min, np.inf), (np.max, -np.inf)))
    load = np.where(power.real > 0, power.real, 0.0)
    demand = ((factor * load) * flow.live[:, node]).sum(axis=1)
    made = ((factor * np.where(power.real < 0, -power.real, 0.0)) * flow.live[:, node]).sum(axis=1)
    held = study.grid.model.held_p.sum()
    supply = demand + flow.loss - made - held
    loading = np.nan_to_num(flow.loading(study.grid.model)).max(axis=1, initial=0.0)
    columns = {"hour": clock, "demand": demand, "generation": made + held, "supply": supply, "losses": flow.loss, "lowest_voltage_pu": lowest, "highest_voltage_pu": highest,
               "highest_loading": loading, "status": flow.status.astype(np.int64)}
    return pa.table({name: pa.array(values, from_pandas=True) for name, values in columns.items()})


def _buses(study: Study, flow: Flow) -> pa.Table:
    import numpy as np
    import pyarrow as pa

    v = flow.magnitude[:, : study.grid.span("bus").stop]
    known = ~np.isnan(v).all(axis=0)
    lowest, highest = np.full(v.shape[1], np.nan), np.full(v.shape[1], np.nan)
    lowest[known], highest[known] = np.nanmin(v[:, known], axis=0), np.nanmax(v[:, known], axis=0)
    return pa.table({"id": study.grid.component_id.slice(0, v.shape[1]), "lowest_pu": pa.array(lowest, from_pandas=True), "highest_pu": pa.array(highest, from_pandas=True)})


def _branches(study: Study, flow: Flow) -> pa.Table:
    import numpy as np
    import pyarrow as pa

    g = study.grid
    loading = np.nan_to_num(flow.loading(g.model))
    at = loading.argmax(axis=0) if len(loading) else np.zeros(g.model.branches, int)
    most = loading.max(axis=0, initial=0.0)
    rows = np.flatnonzero(~g.model.ideal)
    rows = rows[np.argsort(-most[rows], kind="stable")]
    return pa.table({"id": g.component_id.take(pa.array(g.branch_component[rows])), "loading": pa.array(most[rows]), "state": pa.array(at[rows])})
