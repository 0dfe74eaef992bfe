"""Simulate a day: pressures and flows of the gas network hour by hour."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated

from holdfast.model.city import City
from holdfast.model.delivery import Answer, Plot
from holdfast.model.errors import Invalid, NotFound
from holdfast.model.spec import Param

if TYPE_CHECKING:
    import numpy as np
    import pyarrow as pa

    from holdfast.engines.network.gas.solve import GasResult

    from .lifeline import GasLifeline


def simulate_day(
    city: City,
    hours: Annotated[float, Param("hours to simulate", "模拟小时数")] = 24.0,
    start: Annotated[float, Param("hour of the day at which it begins", "起始时刻")] = 0.0,
    demand_factor: Annotated[float, Param("factor on all demands", "用气量系数", "factor")] = 1.0,
) -> Answer:
    """Solve the gas network at every hour of a day.

    hours           how long, 1 to 8760        start  0 to 24
    demand_factor   1 is the design demand; 1.5 a cold spell
    returns         tables `hours` (gas wanted and delivered [kg/s], lowest pressures, regulators not in control), `junctions` (lowest and
                    highest gauge pressure [Pa] and the hour of the lowest), `pipes` (highest flow [kg/s] and speed [m/s]), `consumers` (least share
                    of the wanted gas, worst first); status "diverged" when an hour has no solution
    raises          NotFound without a gas network, Invalid for hours or factors that make no sense
    source          shares by hour are the setting gas.day_profile, a proposal; the engine is Newton's method on squared pressures
    """
    import numpy as np

    from holdfast.model.lifeline import ComponentState

    from .lifeline import build

    if not 1.0 <= hours <= 8760.0:
        raise Invalid(f"{hours} hours cannot be simulated", fix="Give 1 to 8760 hours", field="hours")
    if not 0.0 <= start <= 24.0:
        raise Invalid(f"a day has no hour {start}", fix="Give 0 to 24", field="start")
    if not 0.0 < demand_factor <= 100.0:
        raise Invalid(f"a demand factor of {demand_factor} makes no sense", fix="Give a factor above 0, at most 100", field="demand_factor")
    lifeline = build(city)
    if lifeline is None:
        raise NotFound("the city has no gas network", fix="Import one first")
    clock = np.arange(0.0, hours - 1e-9, 1.0)
    state = ComponentState(np.ones((len(clock), len(lifeline.component_id)), bool), hour=start + clock)
    cases = lifeline.cases(state)
    cases.demand[:] *= demand_factor  # type: ignore[index]
    result = lifeline.solver.solve(cases)
    tables = {"hours": _hours(lifeline, clock + start, cases.demand, result), "junctions": _junctions(lifeline, clock + start, result), "pipes": _pipes(lifeline, result),
              "consumers": _consumers(lifeline, cases.demand, result)}
    return Answer(_summary(lifeline, tables, result, hours), tables, lifeline.network.findings, status="diverged" if result.status.any() else "done", plots=(
        Plot("Gas wanted and delivered", "用气与供气", "hours", "hour", ("wanted", "delivered"), x_label="h", y_label="kg/s"),
        Plot("Lowest pressure", "最低压力", "hours", "hour", ("lowest_share",), x_label="h", y_label="share of the wanted pressure")))


def _hours(lifeline: GasLifeline, clock: np.ndarray, demand: np.ndarray, result: GasResult) -> pa.Table:
    import numpy as np
    import pyarrow as pa

    from holdfast.engines.network.gas.model import LinkType, Status

    model = lifeline.network.model
    gauge = np.where(result.served, result.pressure - model.ambient, np.nan)
    at = np.unique(lifeline.network.sink_node[lifeline.network.sink_node >= 0])
    share = gauge[:, at] / np.maximum(model.wanted - model.ambient, 1.0)[at]
    regulator = model.link_type == LinkType.REGULATOR
    solved = result.status == 0
    return pa.table({
        "hour": clock, "wanted": demand.sum(axis=1), "delivered": _or_null(result.supply.sum(axis=1), solved), "lowest_pressure": _or_null(_least(gauge), solved),
        "lowest_share": _or_null(_least(share), solved), "regulators_open": (result.link_status[:, regulator] == Status.OPEN).sum(axis=1),
        "regulators_closed": (result.link_status[:, regulator] == Status.CLOSED).sum(axis=1), "status": result.status.astype(np.int64), "iterations": result.iterations})


def _least(values: np.ndarray) -> np.ndarray:
    """(case,) lowest of a row, NaN where there is none."""
    import numpy as np

    lowest = np.where(np.isnan(values), np.inf, values).min(axis=1, initial=np.inf)
    return np.where(np.isfinite(lowest), lowest, np.nan)


def _or_null(values: np.ndarray, known: np.ndarray) -> pa.Array:
    import numpy as np
    import pyarrow as pa

    return pa.array(np.where(known, values, np.nan), from_pandas=True)


def _junctions(lifeline: GasLifeline, clock: np.ndarray, result: GasResult) -> pa.Table:
    import numpy as np
    import pyarrow as pa

    ids = lifeline.network.junction_id
    solved = result.status == 0
    gauge = (result.pressure - lifeline.network.model.ambient)[solved][:, : len(ids)]
    if not len(gauge):
        return pa.table({"id": ids, "lowest": pa.nulls(len(ids), pa.float64()), "highest": pa.nulls(len(ids), pa.float64()), "hour": pa.nulls(len(ids), pa.float64())})
    return pa.table({"id": ids, "lowest": gauge.min(axis=0), "highest": gauge.max(axis=0), "hour": clock[np.flatnonzero(solved)[gauge.argmin(axis=0)]]})


def _pipes(lifeline: GasLifeline, result: GasResult) -> pa.Table:
    import numpy as np
    import pyarrow as pa

    model, rows = lifeline.network.model, lifeline.network.link_rows("gas.pipe")
    solved = result.status == 0
    flow = np.abs(result.flow[solved][:, rows])
    low = np.minimum(result.pressure[solved][:, model.link_from[rows]], result.pressure[solved][:, model.link_to[rows]])
    density = low / (model.gas.specific_constant * model.link_temperature[rows])
    speed = flow / (density * np.pi / 4 * model.diameter[rows] ** 2)
    table = pa.table({"id": lifeline.network.table["gas.pipe"].id, "flow": flow.max(axis=0, initial=0.0), "speed": speed.max(axis=0, initial=0.0)})
    return table.take(pa.array(np.argsort(-table["speed"].to_numpy(), kind="stable")))


def _consumers(lifeline: GasLifeline, demand: np.ndarray, result: GasResult) -> pa.Table:
    import numpy as np
    import pyarrow as pa

    network = lifeline.network
    node = np.maximum(network.sink_node, 0)
    solved = result.status == 0
    share = np.where(demand > 0, result.supply / np.maximum(demand, 1e-12), result.served)[solved][:, node]
    least = np.where(network.sink_node >= 0, np.clip(share, 0.0, 1.0).min(axis=0, initial=1.0), 0.0)
    order = np.argsort(least, kind="stable")
    return pa.table({"id": network.table["gas.sink"].id, "least_share": least, "wanted": network.sink_demand}).take(pa.array(order))


def _summary(lifeline: GasLifeline, tables: dict[str, pa.Table], result: GasResult, hours: float) -> dict[str, object]:
    import numpy as np
    import pyarrow.compute as pc

    table = tables["hours"]
    wanted, delivered = pc.sum(table["wanted"]).as_py(), pc.sum(table["delivered"]).as_py()
    lowest = pc.min(table["lowest_share"]).as_py()
    return {
        "hours": hours, "unsolved": int((result.status != 0).sum()), "engine": lifeline.engine, "gas": lifeline.network.model.gas.name,
        "friction": lifeline.network.model.friction.name.lower(), "mass_wanted_kg": round(float(wanted or 0.0) * 3600.0, 3),
        "mass_delivered_kg": round(float(delivered or 0.0) * 3600.0, 3), "lowest_share_of_wanted_pressure": None if lowest is None else round(lowest, 4),
        "consumers_short": int(np.count_nonzero(tables["consumers"]["least_share"].to_numpy() < 0.999)), "highest_speed": round(tables["pipes"]["speed"][0].as_py(), 3)
        if tables["pipes"].num_rows else None, "findings": lifeline.network.findings.counts(),
    }
