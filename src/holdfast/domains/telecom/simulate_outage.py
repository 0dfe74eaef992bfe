"""Simulate an outage: telecom hour by hour after the power fails, as one battery after the other runs out."""

from __future__ import annotations

from typing import Annotated

from holdfast.model.city import City
from holdfast.model.delivery import Answer, Plot
from holdfast.model.errors import Invalid, NotFound
from holdfast.model.spec import Param

from .assess_coverage import FACILITIES


def simulate_outage(
    city: City,
    hours: Annotated[float, Param("hours without power", "停电小时数")] = 24.0,
    down: Annotated[list[str] | None, Param("facilities that are out from the start", "一开始就中断的设施", assets=FACILITIES)] = None,
) -> Answer:
    """Mobile service of people and fixed customers at every hour of a power failure of the whole city.

    hours     1 to 720
    down      ids of telecom assets that are out from the start
    returns   table `hours`: facilities whose battery is empty, people with full, reduced and no mobile service, customers without
    raises    NotFound if the city has no telecom or no such asset; Invalid for hours out of range
    source    batteries: each facility's own hours, else YD/T 1051 and practice [recalled-low]
    """
    import numpy as np
    import pyarrow as pa

    from holdfast.model.lifeline import ComponentState

    from .coverage import customers_of, mobile_service, without_battery
    from .lifeline import build

    if not 1 <= hours <= 720:
        raise Invalid("an outage of 1 to 720 hours can be simulated", fix="Give hours from 1 to 720", field="hours")
    line = build(city)
    if line is None:
        raise NotFound("the city has no telecom", fix="Import exchanges, sites, cabinets or fibres")
    index = {name: i for i, name in enumerate(line.component_id.to_pylist())}
    unknown = [name for name in down or [] if name not in index]
    if unknown:
        raise NotFound("the city has no such telecom asset", fix="Check the id", id=unknown[0], field="down")
    grid = np.arange(int(hours) + 1)
    available = np.ones((len(grid) + 1, len(index)), bool)  # the first case is the undisturbed city
    available[1:, [index[name] for name in down or []]] = False
    empty = []
    for case, hour in enumerate(grid.tolist(), 1):
        names = without_battery(city, float(hour))
        empty.append(len(names))
        available[case, [index[name] for name in names]] = False
    served = line.serve(ComponentState(available))
    joined = served.detail["joined"]
    customers = np.nan_to_num(customers_of(city, line.outlet_id))
    lost = (customers * np.where(joined[0] > 0, 1 - joined[1:], 0.0)).sum(axis=1)
    people = mobile_service(city, line, available)[1:]
    table = pa.table({
        "hour": grid, "batteries_empty": empty, **{name: [row[name] for row in people] for name in ("full", "reduced", "none")}, "customers_without": lost,
    })  # fmt: skip
    half = np.flatnonzero(table["none"].to_numpy() > 0.5 * people[0]["people"])
    summary = {
        "engine": served.engine, "hours": int(hours), "people": people[0]["people"], "people_without_at_end": people[-1]["none"], "customers": float(customers.sum()),
        "customers_without_at_end": round(float(lost[-1]), 3), "hour_when_half_the_people_are_without": int(grid[half[0]]) if len(half) else None,
    }  # fmt: skip
    plots = (Plot("Mobile service after the power failed", "停电后移动通信", "hours", "hour", ("full", "reduced", "none"), "step", x_label="h", y_label="persons"),)
    return Answer(summary, {"hours": table}, plots=plots)
